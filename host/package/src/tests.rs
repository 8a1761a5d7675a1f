use super::*;

/// A component that imports `imports` (empty instances) and exports an empty `export`.
fn component(imports: &[&str], export: &str) -> Vec<u8> {
    let imports: String = imports.iter().map(|i| format!("(import \"{i}\" (instance))\n")).collect();
    wat::parse_str(format!(
        "(component {imports} (core module) (component $c) (instance $i (instantiate $c)) (export \"{export}\" (instance $i)))"
    ))
    .unwrap()
}

fn plain() -> Vec<u8> {
    component(&["linli:platform/types@0.1.0", "linli:platform/records@0.1.3"], "linli:platform/handler@0.1.0")
}

fn parts() -> Parts {
    Parts {
        manifest: "[plugin]\nid = \"民政\"\n".into(),
        schemas: [("schemas/decision.json".to_owned(), "{}".to_owned())].into(),
        locales: [("zh".to_owned(), "{}".to_owned()), ("en".to_owned(), "{}".to_owned())].into(),
    }
}

fn with_section(name: &str, data: &[u8]) -> Vec<u8> {
    let mut tail = wasm_encoder::Component::new();
    tail.section(&wasm_encoder::CustomSection { name: name.into(), data: data.into() });
    let mut bytes = embed(&plain(), &parts()).unwrap();
    bytes.extend(&tail.finish()[8..]);
    bytes
}

#[test]
fn what_is_embedded_comes_out_again() {
    let bytes = embed(&plain(), &parts()).unwrap();
    let package = open(&bytes).unwrap();
    assert_eq!(package.parts, parts());
    assert_eq!(package.digest, Digest::of(&bytes));
    assert_eq!(bytes, embed(&plain(), &parts()).unwrap());
}

#[test]
fn sections_of_others_are_left_alone() {
    assert_eq!(open(&with_section("producers-of-tea", b"\xff")).unwrap().parts, parts());
}

#[test]
fn a_package_that_is_not_stripped_is_refused_whatever_holds_the_sections() {
    let long = "x".repeat(100);
    let refused = |bytes: &[u8]| match open(bytes) {
        Err(PackageError::NotStripped { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let much = vec![0; MAX_UNREAD];
    assert_eq!(refused(&with_section(".debug_info", &much)), ".debug_info");
    assert_eq!(refused(&with_section(&long, &much)), "x".repeat(40));
    // Within a module, too, as compilers leave it.
    let module = |size: usize| {
        let mut module = wasm_encoder::Module::new();
        module.section(&wasm_encoder::CustomSection { name: "name".into(), data: vec![0; size].into() });
        let mut component = wasm_encoder::Component::new();
        component.section(&wasm_encoder::ModuleSection(&module));
        let mut bytes = plain();
        bytes.extend(&component.finish()[8..]);
        bytes
    };
    assert!(matches!(embed(&module(MAX_UNREAD), &parts()), Err(PackageError::NotStripped { .. })));
    assert_eq!(open(&embed(&module(MAX_UNREAD - 100), &parts()).unwrap()).unwrap().parts, parts());
}

#[test]
fn size_comes_before_everything() {
    let bytes = vec![0; MAX_PACKAGE + 1];
    assert_eq!(open(&bytes), Err(PackageError::TooLarge { size: MAX_PACKAGE + 1 }));
}

#[test]
fn a_core_module_is_told_apart_from_noise() {
    let module = wat::parse_str("(module)").unwrap();
    assert_eq!(open(&module), Err(PackageError::CoreModule));
    assert_eq!(embed(&module, &parts()), Err(PackageError::CoreModule));
    for noise in [&b""[..], b"\0asm", b"PK\x03\x04 an archive", b"\0asm\x63\0\x01\0"] {
        assert_eq!(open(noise), Err(PackageError::NotWasm));
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = embed(&plain(), &parts()).unwrap();
    for end in 0..bytes.len() {
        assert!(open(&bytes[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn proposals_that_the_host_does_not_run_are_refused() {
    for module in [
        "(module (memory 1 1 shared))",
        "(module (memory i64 1))",
        "(module (type (struct)))",
        "(module (tag))",
        "(module (func (drop (i32.const 0)) (call 9)))",
    ] {
        let bytes = wat::parse_str(format!("(component (core {}", &module[1..]) + ")").unwrap();
        assert!(matches!(open(&bytes), Err(PackageError::Invalid { .. })), "{module}");
    }
}

#[test]
fn every_unknown_import_is_named() {
    let bytes = component(
        &["linli:platform/types@0.1.0", "wasi:sockets/tcp@0.2.0", "linli:platform/records@0.2.0", "secret"],
        "linli:platform/handler@0.1.0",
    );
    let error = embed(&bytes, &parts()).unwrap_err();
    assert_eq!(
        error,
        PackageError::UnknownImports {
            names: vec!["wasi:sockets/tcp@0.2.0".into(), "linli:platform/records@0.2.0".into(), "secret".into()]
        }
    );
    assert!(error.to_string().contains("linli:platform/{types,records,context,log,clock,random}@0.1.x"));
}

#[test]
fn an_import_under_a_known_name_must_be_an_interface() {
    let bytes = wat::parse_str("(component (import \"linli:platform/log@0.1.0\" (component)))").unwrap();
    assert_eq!(open(&bytes), Err(PackageError::UnknownImports { names: vec!["linli:platform/log@0.1.0".into()] }));
}

#[test]
fn a_nested_component_answers_for_its_own_imports() {
    let bytes = wat::parse_str(
        "(component (component $c (import \"inner\" (instance))) (component $e) (instance $i (instantiate $e))
           (export \"linli:platform/handler@0.1.0\" (instance $i)))",
    )
    .unwrap();
    assert!(embed(&bytes, &parts()).is_ok());
}

#[test]
fn a_component_without_entry_point_is_refused() {
    assert_eq!(open(&component(&[], "linli:platform/handler@0.2.0")), Err(PackageError::NoHandler));
}

#[test]
fn sections_are_required_unique_known_and_bounded() {
    let missing = PackageError::MissingSection { name: "linli:manifest".into() };
    assert_eq!(open(&plain()), Err(missing));
    for name in ["linli:manifest", "linli:schema/schemas/decision.json", "linli:locale/zh"] {
        assert_eq!(open(&with_section(name, b"")), Err(PackageError::DuplicateSection { name: name.into() }));
    }
    for name in ["linli:signature", "linli:locale/zh/x"] {
        assert_eq!(open(&with_section(name, b"")), Err(PackageError::UnknownSection { name: name.into() }));
    }
    for name in ["linli:schema//etc/passwd", "linli:schema/../x", "linli:schema/", "linli:locale/z h"] {
        assert_eq!(open(&with_section(name, b"")), Err(PackageError::SectionName { name: name.into() }));
    }
    let name = "linli:schema/large.json".to_owned();
    assert_eq!(
        open(&with_section(&name, &vec![b' '; MAX_SECTION + 1])),
        Err(PackageError::SectionTooLarge { name, size: MAX_SECTION + 1, limit: MAX_SECTION })
    );
    let name = "linli:locale/fr".to_owned();
    assert_eq!(open(&with_section(&name, b"ab\xff")), Err(PackageError::NotUtf8 { name, offset: 2 }));
}

#[test]
fn the_number_of_sections_is_bounded() {
    let mut many = parts();
    many.schemas = (0..=MAX_SECTIONS).map(|n| (format!("s{n}.json"), String::new())).collect();
    assert!(matches!(embed(&plain(), &many), Err(PackageError::TooManySections { .. })));
}

#[test]
fn a_section_inside_a_nested_module_does_not_count() {
    let bytes = wat::parse_str(
        "(component (core module (@custom \"linli:manifest\" \"[plugin]\")) (component $e) (instance $i (instantiate $e))
           (export \"linli:platform/handler@0.1.0\" (instance $i)))",
    )
    .unwrap();
    assert!(matches!(open(&bytes), Err(PackageError::MissingSection { .. })));
    assert!(embed(&bytes, &parts()).is_ok());
}
