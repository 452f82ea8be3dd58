//! Builds the [`Frame`] of each request: language, path, the forms' token; and sets the cookies they need.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::csrf::CsrfKey;
use super::request_id::RequestId;
use super::{Random, cookie};
use crate::fault::Fault;
use crate::frame::{Account, Face, Flash, Frame, Live, Popup};
use crate::lang::Lang;

/// What the frames of a face are built from.
#[derive(Clone, Debug)]
pub struct Frames {
    /// Names from the policy in force, and the change that is coming.
    pub live: Live,
    /// Which face.
    pub face: Face,
    /// The key of the forms' tokens.
    pub csrf: CsrfKey,
    /// Random bytes.
    pub random: Random,
}

impl Frames {
    /// The cookie that holds this face's login.
    #[must_use]
    pub const fn session_cookie(&self) -> &'static str {
        match self.face {
            Face::Site => cookie::SESSION,
            Face::Console => cookie::CONSOLE,
        }
    }

    /// The cookie that holds this face's forms' token.
    #[must_use]
    pub const fn csrf_cookie(&self) -> &'static str {
        match self.face {
            Face::Site => cookie::CSRF,
            Face::Console => cookie::CONSOLE_CSRF,
        }
    }

    /// The forms' token of a request: the one its cookie brings if it is valid for its session, else a
    /// fresh one. The flag says whether it is fresh and must be set.
    #[must_use]
    pub fn token(&self, headers: &HeaderMap) -> (String, bool) {
        let session = cookie::read(headers, self.session_cookie()).unwrap_or("");
        match cookie::read(headers, self.csrf_cookie()) {
            Some(token) if self.csrf.valid(session, token) => (token.to_owned(), false),
            _ => (self.csrf.issue(session, &self.random), true),
        }
    }
}

/// Middleware: puts the frame into the request, where handlers take it as an argument.
pub async fn build(State(frames): State<Frames>, mut request: Request, next: Next) -> Response {
    let current = frames.live.now();
    let (parameter, query) = split_lang(request.uri().query().unwrap_or(""));
    let headers = request.headers();
    let lang = Lang::choose(
        parameter.as_deref(),
        cookie::read(headers, cookie::LANG),
        headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()),
        current.names.default_lang,
    );
    let (token, fresh) = frames.token(headers);
    let mut frame = Frame::new(current.names, lang, frames.face, request.uri().path());
    // Announced to people; staff have a page for it.
    frame.coming = current.coming.filter(|_| frames.face == Face::Site);
    frame.popup = request.extensions().get::<Popup>().cloned();
    frame.flash = said(&query).map(|key| Flash { text: frame.t(key), good: true });
    frame.query = query;
    frame.csrf.clone_from(&token);
    frame.account = request.extensions().get::<Account>().cloned();
    frame.request = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    request.extensions_mut().insert(frame);

    let mut response = next.run(request).await;
    let html = response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let handled = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .any(|v| v.as_bytes().starts_with(frames.csrf_cookie().as_bytes()));
    if fresh && html && !handled {
        append(&mut response, cookie::set(frames.csrf_cookie(), &token, None));
    }
    if safe && parameter.as_deref().and_then(Lang::from_tag) == Some(lang) {
        append(&mut response, cookie::set(cookie::LANG, lang.tag(), Some(cookie::LANG_SECONDS)));
    }
    // One address, many languages: caches and browsers must not mix them.
    response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
    response
}

fn append(response: &mut Response, value: Option<HeaderValue>) {
    if let Some(value) = value {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// What an act says on the page it leads to, by the `said` parameter; no other words can be put there from outside.
const SAID: [&str; 5] = ["corrected", "cancelling-kept-again", "case-sent", "passkey-made", "passkey-removed"];

fn said(query: &str) -> Option<&'static str> {
    let (_, wanted) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "said")?;
    SAID.into_iter().find(|key| *key == wanted)
}

/// The `lang` parameter, and the query without it, encoded anew.
fn split_lang(query: &str) -> (Option<String>, String) {
    let mut lang = None;
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "lang" {
            lang = Some(value.into_owned());
        } else {
            rest.append_pair(&name, &value);
        }
    }
    (lang, rest.finish())
}

impl<S: Send + Sync> FromRequestParts<S> for Frame {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or(Fault::Internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_leaves_the_query_and_the_rest_stays() {
        assert_eq!(split_lang("days=30&lang=en&q=a%26b"), (Some("en".into()), "days=30&q=a%26b".into()));
        assert_eq!(split_lang(""), (None, String::new()));
    }

    #[test]
    fn only_our_own_words_are_said_after_an_act() {
        assert_eq!(said("page=2&said=corrected"), Some("corrected"));
        assert_eq!(said("said=You%20won"), None);
        assert_eq!(said("said=fault-internal"), None);
    }
}
