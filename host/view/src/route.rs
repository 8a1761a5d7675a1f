//! Addresses of the HTML pages. Every link and every form's target is made here.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Home.
pub const HOME: &str = "/";
/// Log-in page and form.
pub const LOGIN: &str = "/login";
/// Log-out form, POST.
pub const LOGOUT: &str = "/logout";
/// A person's own password.
pub const PASSWORD: &str = "/password";
/// Entry form for a resident.
pub const ENTRY: &str = "/entry/resident";
/// Search for a resident, and what begins a resident's record.
pub const RECORDS: &str = "/records/resident";
/// Entity types whose records are listed, and what begins the address of a list.
pub const LISTS: &str = "/records";
/// A resident's own record.
pub const MY_RECORD: &str = "/me";
/// Who read a resident's record.
pub const MY_ACCESS: &str = "/me/access";
/// Plugins and grants. `{ADMIN}/{plugin}/approve` and `{ADMIN}/{plugin}/revoke` take its forms.
pub const ADMIN: &str = "/admin/plugins";
/// The auditor's page.
pub const AUDIT: &str = "/audit";
/// Emergencies. `{BREAK_GLASS}/{id}/end` and `{BREAK_GLASS}/{id}/review` take its forms.
pub const BREAK_GLASS: &str = "/break-glass";
/// Accounts, and what begins the address of one.
pub const ACCOUNTS: &str = "/admin/accounts";
/// The stylesheet.
pub const STYLESHEET: &str = "/assets/linli.css";
/// The icon.
pub const ICON: &str = "/assets/linli.svg";
/// Where browsers look for an icon when an answer, such as one of the API, names none.
pub const FAVICON: &str = "/favicon.ico";

/// Form field of the CSRF token. Fields that start with `_` are the host's own; a plugin's names never do.
pub const CSRF_FIELD: &str = "_csrf";
/// Form field of the version that a page showed of what its form changes.
pub const VERSION_FIELD: &str = "_version";
/// Form field of an action: the path and query of the plugin page that it was sent from.
pub const FROM_FIELD: &str = "_from";
/// Ends the form field of a `resident` input: `resident.id_number`. A plugin's names hold no dot.
pub const ID_NUMBER_SUFFIX: &str = ".id_number";

/// RFC 3986's unreserved characters stay as they are.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Query parameter that holds the cursor of the bound table at a block's index: `after.3`.
///
/// The host takes it out of the page's input and puts it into the query.
pub fn cursor_param(block: usize) -> String {
    format!("after.{block}")
}

/// `/pages/PLUGIN/PATH?…`
pub fn page<K: AsRef<str>, V: Display>(plugin: &str, path: &str, params: impl IntoIterator<Item = (K, V)>) -> String {
    let path: Vec<String> = path.trim_start_matches('/').split('/').map(component).collect();
    format!("/pages/{}/{}{}", component(plugin), path.join("/"), query(params))
}

/// `/actions/PLUGIN/NAME`
pub fn action(plugin: &str, name: &str) -> String {
    format!("/actions/{}/{}", component(plugin), component(name))
}

/// `/records/resident/ID`
pub fn record(id: &str) -> String {
    format!("{RECORDS}/{}", component(id))
}

/// `/records/ENTITY`: a list.
pub fn list(entity: &str) -> String {
    format!("{LISTS}/{}", component(entity))
}

/// `/records/ENTITY/ID`
pub fn record_of(entity: &str, id: &str) -> String {
    format!("{}/{}", list(entity), component(id))
}

/// `/records/ENTITY/ID/VERB`
pub(crate) fn verb_of(entity: &str, id: &str, verb: &str) -> String {
    format!("{}/{verb}", record_of(entity, id))
}

/// `/entry/ENTITY`: the form for a new record.
pub fn entry(entity: &str) -> String {
    format!("/entry/{}", component(entity))
}

/// `/admin/plugins/PLUGIN/VERB`
pub(crate) fn admin(plugin: &str, verb: &str) -> String {
    format!("{ADMIN}/{}/{verb}", component(plugin))
}

/// `/admin/accounts/LOGIN/VERB`; without a verb the page of one.
pub fn account(login: &str, verb: &str) -> String {
    let address = format!("{ACCOUNTS}/{}", component(login));
    if verb.is_empty() { address } else { format!("{address}/{verb}") }
}

/// `/break-glass/ID/VERB`
pub(crate) fn break_glass(id: i64, verb: &str) -> String {
    format!("{BREAK_GLASS}/{id}/{verb}")
}

/// `/admin/grants/ID`: what a grant would reveal.
pub fn grant(id: i64) -> String {
    format!("/admin/grants/{id}")
}

/// `/admin/grants/ID/narrow-to-used`
pub(crate) fn narrow_to_used(id: i64) -> String {
    format!("{}/narrow-to-used", grant(id))
}

/// `/admin/grants/ID/drop-unattended`
pub(crate) fn drop_unattended(id: i64) -> String {
    format!("{}/drop-unattended", grant(id))
}

/// `?name=value&…`, or nothing.
pub fn query<K: AsRef<str>, V: Display>(params: impl IntoIterator<Item = (K, V)>) -> String {
    let mut text = String::new();
    for (name, value) in params {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(&component(name.as_ref()));
        text.push('=');
        text.push_str(&component(&value.to_string()));
    }
    text
}

fn component(text: &str) -> String {
    match text {
        // A browser would take a segment of dots as a step up.
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        text => utf8_percent_encode(text, COMPONENT).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_encoded() {
        let address = page("a.b", "/x/y", [("q", "a&b=\"<邻>"), ("n", "1")]);
        assert_eq!(address, "/pages/a.b/x/y?q=a%26b%3D%22%3C%E9%82%BB%3E&n=1");
        assert_eq!(page("p", "/", std::iter::empty::<(&str, &str)>()), "/pages/p/");
        assert_eq!(action("../admin", "a/b?c#d"), "/actions/..%2Fadmin/a%2Fb%3Fc%23d");
        assert_eq!(record("../x"), "/records/resident/..%2Fx");
        assert_eq!(cursor_param(3), "after.3");
    }
}
