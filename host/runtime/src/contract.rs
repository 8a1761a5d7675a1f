//! The plugin contract, generated from its WIT.

wasmtime::component::bindgen!({
    path: "../../schemas/wit/0.1.0",
    world: "plugin",
    imports: {
        "linli:platform/records.[method]cursor.next": async | trappable,
        "linli:platform/records.get": async | trappable,
        "linli:platform/records.check": async | trappable,
        "linli:platform/records.aggregate": async | trappable,
        "linli:platform/records.lookup": async | trappable,
        "linli:platform/records.apply": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "linli:platform/records.cursor": crate::imports::records::Cursor },
});

pub(crate) use exports::linli::platform::handler::{Kind, Request};
pub(crate) use linli::platform::types::Error;
