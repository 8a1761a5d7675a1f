//! Who asks for a page, and forms that they send.

use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use linli_scope::Actor;
use linli_view::html::{Flash, Viewer};
use linli_view::route;

use super::flash::{self, Kept};
use super::frame::{Seat, Trouble};
use super::login;
use crate::app::App;
use crate::auth::{self, SignedIn, Visitor};
use crate::break_glass;
use crate::precondition::IfMatch;
use crate::problem::Problem;

/// A signed-in person who looks at a page.
pub(super) struct Reader {
    pub signed_in: SignedIn,
    roles: Vec<String>,
    flash: Option<Kept>,
    seat: Seat,
    unreviewed: u64,
}

/// A person who may be signed in.
pub(super) struct Guest(pub Option<Reader>);

/// A form that a signed-in person sent from one of their pages.
pub(super) struct Posted {
    pub reader: Reader,
    pub fields: Fields,
}

/// A form's fields in order.
pub(super) struct Fields(pub Vec<(String, String)>);

impl Reader {
    /// Who the page is rendered for.
    pub fn viewer(&self) -> Viewer<'_> {
        let session = &self.signed_in.session;
        Viewer { name: &session.name, roles: &self.roles, csrf: &session.csrf, unreviewed: self.unreviewed }
    }

    /// What the person may do.
    pub fn actor(&self) -> &Actor {
        self.signed_in.actor()
    }

    /// The message to show over this page, once.
    pub fn flash(&self) -> Option<Flash<'_>> {
        let shown = self.flash.as_ref().map(Kept::flash)?;
        let _ = self.seat.flash_shown.set(());
        Some(shown)
    }
}

impl FromRequestParts<App> for Guest {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Trouble> {
        let Visitor(Some(signed_in)) = Visitor::from_request_parts(parts, app).await? else { return Ok(Self(None)) };
        let seat = parts.extensions.get::<Seat>().cloned().unwrap_or_default();
        let _ = seat.session.set(signed_in.session.clone());
        let flash = flash::find(&parts.headers, &signed_in.session.csrf);
        let unreviewed = break_glass::unreviewed(app, signed_in.actor()).await?.unwrap_or(0);
        Ok(Self(Some(Reader { roles: role_words(signed_in.actor()), signed_in, flash, seat, unreviewed })))
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Trouble> {
        let guest = Guest::from_request_parts(parts, app).await?;
        guest.0.ok_or_else(|| Problem::unauthorized("this page asks for a log-in").into())
    }
}

impl FromRequest<App> for Posted {
    type Rejection = Trouble;

    async fn from_request(request: Request, app: &App) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        login::check_origin(&parts.headers, &app.settings().public_url)?;
        let reader = Reader::from_request_parts(&mut parts, app).await?;
        let fields = Fields::from_request(Request::from_parts(parts, body), app).await?;
        auth::check_csrf(&reader.signed_in.session, fields.get(route::CSRF_FIELD))?;
        Ok(Self { reader, fields })
    }
}

impl Fields {
    /// A field's value; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A problem unless the form was made of the version of now.
    pub fn check_version(&self, what: &str, now: i64) -> Result<(), Problem> {
        IfMatch::named(self.get(route::VERSION_FIELD)).check(what, now)
    }
}

impl FromRequest<App> for Fields {
    type Rejection = Trouble;

    async fn from_request(request: Request, app: &App) -> Result<Self, Trouble> {
        match Form::<Vec<(String, String)>>::from_request(request, app).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => Err(Problem::new(rejection.status(), "form", "the form can't be read").into()),
        }
    }
}

/// A person's roles, as the pages take them.
pub(super) fn role_words(actor: &Actor) -> Vec<String> {
    actor.roles.iter().map(|role| role.as_str().to_owned()).collect()
}

/// A page.
pub(super) fn html(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}
