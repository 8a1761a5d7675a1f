//! What a component may import and must export.

use wasmparser::{ComponentExternalKind, ComponentTypeRef};

use crate::PackageError;

const PACKAGE: &str = "linli:platform";
const IMPORTS: [&str; 6] = ["types", "records", "context", "log", "clock", "random"];
const HANDLER: &str = "handler";

/// The allowed imports, for a message.
pub(crate) fn allowed() -> String {
    format!("{PACKAGE}/{{{}}}@0.1.x", IMPORTS.join(","))
}

/// A component's imports and exports, as far as they matter.
#[derive(Default)]
pub(crate) struct Surface {
    unknown: Vec<String>,
    handler: bool,
}

impl Surface {
    pub(crate) fn import(&mut self, name: &str, ty: ComponentTypeRef) {
        let known = interface(name).is_some_and(|i| IMPORTS.contains(&i));
        if !(known && matches!(ty, ComponentTypeRef::Instance(_))) {
            self.unknown.push(name.to_owned());
        }
    }

    pub(crate) fn export(&mut self, name: &str, kind: ComponentExternalKind) {
        self.handler |= interface(name) == Some(HANDLER) && kind == ComponentExternalKind::Instance;
    }

    pub(crate) fn check(self) -> Result<(), PackageError> {
        if !self.unknown.is_empty() {
            return Err(PackageError::UnknownImports { names: self.unknown });
        }
        if !self.handler {
            return Err(PackageError::NoHandler);
        }
        Ok(())
    }
}

/// The interface's name in `linli:platform/<interface>@0.1.<patch>`.
fn interface(name: &str) -> Option<&str> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.strip_prefix('/')?.split_once('@')?;
    let patch = version.strip_prefix("0.1.")?;
    let number = !patch.is_empty() && patch.len() <= 9 && patch.bytes().all(|b| b.is_ascii_digit());
    number.then_some(interface)
}

#[cfg(test)]
mod tests {
    use super::interface;

    #[test]
    fn only_patch_versions_of_0_1_belong_to_the_contract() {
        assert_eq!(interface("linli:platform/records@0.1.0"), Some("records"));
        assert_eq!(interface("linli:platform/records@0.1.17"), Some("records"));
        for other in [
            "linli:platform/records",
            "linli:platform/records@0.2.0",
            "linli:platform/records@0.1.",
            "linli:platform/records@0.1.0-rc1",
            "linli:platform2/records@0.1.0",
            "wasi:io/streams@0.1.0",
            "records",
        ] {
            assert_eq!(interface(other), None, "{other}");
        }
    }
}
