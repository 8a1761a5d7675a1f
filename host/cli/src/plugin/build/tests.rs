use super::*;

#[test]
fn the_artifact_is_the_plugins_own() {
    let line =
        |manifest: &str, file: &str| format!(r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","filenames":["{file}"]}}"#);
    let manifest = Path::new("/p/Cargo.toml");
    assert_eq!(artifact(&line("/p/Cargo.toml", "/t/p.wasm"), manifest), Some("/t/p.wasm".into()));
    assert_eq!(artifact(&line("/p/Cargo.toml", "/t/p.rlib"), manifest), None);
    assert_eq!(artifact(&line("/q/Cargo.toml", "/t/q.wasm"), manifest), None);
    assert_eq!(artifact("not JSON", manifest), None);
}

#[test]
fn the_parts_are_those_of_the_folder() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let parts = parts(&plugins.join("elder-allowance")).unwrap();
    assert!(parts.manifest.contains("civil-affairs.elder-allowance"));
    assert!(parts.schemas.contains_key("schemas/decision.json"));
    assert!(patches_sdk(&plugins.join("elder-allowance")));
}

#[test]
fn a_folder_without_manifest_is_no_plugin() {
    let error = parts(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
    assert!(error.to_string().contains("linli plugin new"), "{error}");
}
