//! The console, for staff. Nothing personal is on these pages but where a name is checked, which is recorded:
//! leaves hold none.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::fault::Fault;
use crate::frame::Account;
use crate::http::cookie;
use crate::shown::Shown;
use crate::state::Web;

pub mod enter;
pub mod home;
pub mod leaves;
pub mod names;

/// The parts of the console: path and key of the title, in the order of the menu.
pub const PARTS: [(&str, &str); 3] = [("/", "part-today"), ("/names", "part-names"), ("/leaves", "part-leaves")];

/// An operator who is signed in.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The role account.
    pub name: String,
    /// The session's secret, to end it.
    secret: String,
}

/// Middleware, outside the frame: looks the operator's session up once a request.
pub async fn know(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    if let Some(secret) = cookie::read(request.headers(), cookie::CONSOLE) {
        let secret = secret.to_owned();
        match web.app.operator(&secret).await {
            Ok(Some(name)) => {
                request.extensions_mut().insert(Account {
                    name: Shown::new(name.clone()),
                    passkey: false,
                    erased_on: None,
                });
                request.extensions_mut().insert(Operator { name, secret });
            }
            Ok(None) => {}
            Err(fault) => tracing::error!(%fault, "an operator's session could not be looked up"),
        }
    }
    next.run(request).await
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or(Fault::SignIn)
    }
}
