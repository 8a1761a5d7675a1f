//! From a request to one of the plugin's functions, and back.

use serde::de::DeserializeOwned;

use crate::bindings::linli::platform::{log, types};
use crate::error::without_value;
use crate::{ActionResult, Error, Result, View};

pub use crate::bindings::exports::linli::platform::handler::{Guest, Kind, Request, Response};

/// Connects the pages and actions of `plugin.toml` to functions.
///
/// A page's function is `fn(I) -> Result<View>`, an action's `fn(I) -> Result<ActionResult>`, where `I` is a
/// struct of the plugin with `Deserialize`: the page's parameters, the action's inputs. A page without
/// parameters takes [`linli_sdk::NoInput`](crate::NoInput).
#[macro_export]
macro_rules! plugin {
    (
        pages: { $($path:literal => $page:path),* $(,)? }
        $(, actions: { $($name:literal => $action:path),* $(,)? })? $(,)?
    ) => {
        #[doc(hidden)]
        pub struct __LinliPlugin;

        impl $crate::entry::Guest for __LinliPlugin {
            fn handle(
                request: $crate::entry::Request,
            ) -> ::core::result::Result<$crate::entry::Response, $crate::entry::HostError> {
                $crate::entry::answer(match (request.kind, request.name.as_str()) {
                    $(($crate::entry::Kind::Page, $path) => $crate::entry::page($page, &request),)*
                    $($(($crate::entry::Kind::Action, $name) => $crate::entry::action($action, &request),)*)?
                    _ => $crate::entry::undeclared(&request),
                })
            }
        }

        // A developer's `cargo test` has nothing to export to.
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export!(__LinliPlugin with_types_in $crate::bindings);
    };
}

pub type HostError = types::Error;

/// The input of a page or action that needs none; takes anything.
#[derive(Debug, Default, Clone, Copy, serde::Deserialize)]
pub struct NoInput {}

pub fn page<I: DeserializeOwned>(page: impl FnOnce(I) -> Result<View>, request: &Request) -> Result<String> {
    report_panics();
    page(input(request)?).map(View::into_json)
}

pub fn action<I: DeserializeOwned>(action: impl FnOnce(I) -> Result<ActionResult>, request: &Request) -> Result<String> {
    report_panics();
    action(input(request)?).map(ActionResult::into_json)
}

pub fn answer(body: Result<String>) -> Result<Response, HostError> {
    Ok(Response { body: body? })
}

pub fn undeclared(request: &Request) -> Result<String> {
    Err(Error::not_found(concat("the plugin has no function for ", &request.name, "; see its `linli_sdk::plugin!`")))
}

fn input<I: DeserializeOwned>(request: &Request) -> Result<I> {
    serde_json::from_str(&request.input).map_err(|e| {
        let what = concat("the input of ", &request.name, " does not fit: ");
        Error::invalid(what + without_value(&e.to_string()))
    })
}

fn concat(before: &str, name: &str, after: &str) -> String {
    [before, name, after].concat()
}

/// A panic's message and place go to the plugin's log; then the instance traps.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| log::write(log::Level::Error, &panic.to_string())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Decide {
        resident: crate::Id,
    }

    fn request(input: &str) -> Request {
        Request { kind: Kind::Action, name: "decide".into(), input: input.into() }
    }

    #[test]
    fn an_input_becomes_the_plugins_struct() {
        let decide: Decide = input(&request(r#"{"resident":"r-1","more":1}"#)).unwrap();
        assert_eq!(decide.resident.as_str(), "r-1");
        assert!(input::<NoInput>(&request(r#"{"after":"x"}"#)).is_ok());
    }

    #[test]
    fn an_input_that_does_not_fit_says_which_and_why_but_not_what() {
        let error = input::<Decide>(&request("{}")).unwrap_err();
        assert!(error.is(crate::code::INVALID));
        assert_eq!(error.detail(), "the input of decide does not fit: missing field `resident` at line 1 column 2");
        let error = input::<Decide>(&request(r#"{"resident":440104194603011234}"#)).unwrap_err();
        assert!(!error.detail().contains("4401"), "{}", error.detail());
    }
}
