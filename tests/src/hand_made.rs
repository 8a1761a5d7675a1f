//! Plugins written in WebAssembly text, for what no Rust compiler would make.

use std::path::Path;

use linli_package::Parts;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const WIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/wit/0.1.0");

/// A package with one page `/`, whose handler is `body` in a module with `more`. The body must not come to its end.
pub fn hand_made(id: &str, more: &str, body: &str) -> Vec<u8> {
    let module = format!(
        r#"(module {more}
             (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
             (func (export "linli:platform/handler@0.1.0#handle") (param i32 i32 i32 i32 i32) (result i32)
               {body} unreachable))"#
    );
    packaged(id, &component(&wat::parse_str(module).unwrap()))
}

/// A component as it is, in a package with one page `/`.
pub fn packaged(id: &str, component: &[u8]) -> Vec<u8> {
    let manifest = format!(
        r#"[plugin]
id = "{id}"
version = "1.0.0"
platform = "0.1"
name = {{ zh = "手写插件", en = "Hand-made plugin" }}

[[purpose]]
id = "attack"
title = {{ zh = "测试", en = "Test" }}
legal-basis = "测试"

[[page]]
path = "/"
title = {{ zh = "测试", en = "Test" }}
purpose = "attack"
roles = ["worker"]
"#
    );
    linli_package::embed(component, &Parts { manifest, ..Parts::default() }).unwrap()
}

fn component(module: &[u8]) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(WIT)).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(&module).unwrap().encode().unwrap()
}
