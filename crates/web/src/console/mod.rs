//! The console, for staff. Nothing personal is on these pages but where a name is checked or a case is worked on,
//! which is recorded: leaves hold none.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::fault::Fault;
use crate::frame::Account;
use crate::http::cookie;
use crate::shown::Shown;
use crate::state::Web;

pub mod access;
pub mod approvals;
pub mod border;
pub mod cases;
pub mod enter;
pub mod home;
pub mod leaves;
pub mod list;
pub mod names;
pub mod operators;
pub mod policy;
pub mod recipients;
pub mod reviews;
pub mod services;

/// The parts of the console: path and key of the title, in the order of the menu.
pub const PARTS: &[(&str, &str)] = &[
    ("/", "part-today"),
    ("/cases", "part-cases-staff"),
    ("/names", "part-names"),
    ("/reviews", "part-reviews"),
    ("/recipients", "part-recipients"),
    ("/border", "part-border"),
    ("/services", "part-services"),
    ("/policy", "part-policy"),
    ("/approvals", "part-approvals"),
    ("/operators", "part-operators"),
    ("/leaves", "part-leaves"),
];

/// The parts an account may open.
#[must_use]
pub fn parts(account: &Account) -> Vec<(&'static str, &'static str)> {
    PARTS.iter().copied().filter(|(path, _)| access::opens(account, path)).collect()
}

/// An operator who is signed in.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The role account.
    pub name: String,
    /// With its grants.
    pub staff: avouch::store::Operator,
    /// The session's secret, to end it.
    secret: String,
}

/// Middleware, outside the frame: looks the operator's session up once a request.
pub async fn know(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    if let Some(secret) = cookie::read(request.headers(), cookie::CONSOLE) {
        let secret = secret.to_owned();
        match web.app.operator(&secret).await {
            Ok(Some(staff)) => {
                let (name, roles) = (Shown::new(staff.name.clone()), staff.roles().collect());
                request.extensions_mut().insert(Account {
                    name,
                    passkey: false,
                    partners: Vec::new(),
                    erased_on: None,
                    roles,
                });
                request.extensions_mut().insert(Operator { name: staff.name.clone(), staff, secret });
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
