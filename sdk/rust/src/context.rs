//! Who calls, as far as a plugin needs to know. What the caller may do, the host decides.

use crate::bindings::linli::platform::context as host;

/// The caller's jurisdictions, codes of GB/T 2260 and 民政部's statistical division codes; empty on a public page.
pub fn regions() -> Vec<String> {
    host::regions()
}

/// The caller's roles.
pub fn roles() -> Vec<String> {
    host::roles()
}

/// Whether the caller has a role; for what a page shows. The manifest says who may open it.
pub fn has_role(role: &str) -> bool {
    host::roles().iter().any(|r| r == role)
}

/// The caller's language, `zh` or `en`. A [`Text`](crate::Text) with both needs no look at it.
pub fn locale() -> String {
    host::locale()
}
