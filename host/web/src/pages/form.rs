//! A form's fields as a plugin's input, and the page that it was sent from.

use axum::extract::Query;
use axum::http::Uri;
use linli_view::route;
use serde_json::{Map, Value, json};

/// The input of an action. Fields of the host's own are left out; what was left empty is absent.
pub(super) fn input(fields: &[(String, String)]) -> Map<String, Value> {
    let theirs = fields.iter().filter(|(key, value)| !key.starts_with('_') && !value.is_empty());
    theirs
        .map(|(key, value)| match key.strip_suffix(route::ID_NUMBER_SUFFIX) {
            Some(resident) => (resident.to_owned(), json!({"id_number": id_number(value)})),
            // A browser sends line breaks as CR LF.
            None => (key.clone(), Value::String(value.replace("\r\n", "\n"))),
        })
        .collect()
}

/// The parameters of a page: what a form left empty is absent here, too.
pub(super) fn params(given: &[(String, String)]) -> Map<String, Value> {
    given.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
}

/// An ID number or a credit code as people type it: spaces do not matter, nor does a small x.
pub(super) fn id_number(typed: &str) -> String {
    typed.chars().filter(|sign| !sign.is_whitespace()).map(|sign| sign.to_ascii_uppercase()).collect()
}

/// A page of a plugin, with its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub page: String,
    pub params: Vec<(String, String)>,
}

impl Place {
    /// Reads the field that says from where a form was sent: a path within the plugin and a query. Whatever it holds,
    /// the address that is made of it is one of that plugin's pages.
    pub fn read(from: &str) -> Option<Self> {
        let uri: Uri = from.parse().ok().filter(|uri: &Uri| uri.authority().is_none() && uri.scheme().is_none())?;
        let page = uri
            .path()
            .strip_prefix('/')
            .filter(|path| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/')))?;
        let Query(params) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
        Some(Self { page: format!("/{page}"), params })
    }

    /// Its address.
    pub fn address(&self, plugin: &str) -> String {
        route::page(plugin, &self.page, self.params.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_becomes_an_input() {
        let form = fields(&[
            ("_csrf", "t"),
            ("_from", "/x"),
            ("resident.id_number", " 11010519491231002x"),
            ("kind", "residence"),
            ("note", "a\r\nb"),
            ("reason", ""),
        ]);
        assert_eq!(
            Value::Object(input(&form)),
            json!({"resident": {"id_number": "11010519491231002X"}, "kind": "residence", "note": "a\nb"})
        );
        assert!(input(&fields(&[("resident.id_number", "")])).is_empty());
        assert_eq!(
            Value::Object(params(&fields(&[("number", "1"), ("after.2", "c"), ("kind", "")]))),
            json!({"number": "1", "after.2": "c"})
        );
    }

    #[test]
    fn where_a_form_came_from_is_a_page_of_the_plugin() {
        let place = Place::read("/certificates?kind=a%26b&after.1=x").unwrap();
        assert_eq!(place.address("a.b"), "/pages/a.b/certificates?kind=a%26b&after.1=x");
        assert_eq!(Place::read("/").unwrap().address("a.b"), "/pages/a.b/");
        for bad in ["", "certificates", "https://evil.example/x", "javascript:alert(1)", "/..%2F..", "/a/../b", "/a\\b"] {
            assert_eq!(Place::read(bad), None, "{bad}");
        }
        for odd in ["//evil.example/x", "/a//b"] {
            assert!(Place::read(odd).is_none_or(|place| place.address("a.b").starts_with("/pages/a.b/")), "{odd}");
        }
    }
}
