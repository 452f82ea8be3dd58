//! A rendered page as an answer.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::fault::Fault;
use crate::http::assets::PASSKEYS;
use crate::http::headers::CSP_PASSKEYS;

/// A template on its way out. Rendering that fails becomes an error page that tells nothing of it.
#[derive(Debug)]
pub struct Page<T>(pub T);

/// A page with a status other than 200: a form shown again with what was wrong (422).
#[derive(Debug)]
pub struct PageWith<T>(pub StatusCode, pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        PageWith(StatusCode::OK, self.0).into_response()
    }
}

impl<T: Template> IntoResponse for PageWith<T> {
    fn into_response(self) -> Response {
        match self.1.render() {
            Ok(html) if html.contains(&PASSKEYS.path) => {
                let policy = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP_PASSKEYS))];
                (self.0, policy, Html(html)).into_response()
            }
            Ok(html) => (self.0, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page did not render");
                Fault::Internal.into_response()
            }
        }
    }
}
