//! `/cases/{number}/request`: what staff do with a request for a right beyond answering it: who asks, more time, and
//! what is done on an account whose person cannot.
//!
//! Keeps promise 6.5. What is held is shown to staff as the same or other, never itself; a copy leaves only with a
//! second officer's yes.

use avouch::rights::identity::OnBehalf;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::console::{Operator, cases};
use crate::fault::Fault;
use crate::frame::Frame;
use crate::state::Web;

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_debug_implementations, reason = "holds what is written to a person")]
pub struct Sent {
    deed: String,
    text: String,
}

/// `POST /cases/{number}/request`
///
/// # Errors
/// [`Fault::SignIn`]; [`Fault::NotFound`]; [`Fault::Malformed`] for a deed there is not; what it was refused for.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(number): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let (app, name) = (&web.app, operator.name.as_str());
    let done = match sent.deed.as_str() {
        "shown" => app.settle_identity(&number, name, true).await,
        "not-shown" => app.settle_identity(&number, name, false).await,
        "cancel" => app.act_on_request(&number, name, OnBehalf::Cancel).await,
        "restrict" => app.act_on_request(&number, name, OnBehalf::Restrict).await,
        "extend" => app.extend_request(&number, name, &sent.text).await.map(drop),
        "release" => match app.ask_copy_release(&operator.staff, &number).await {
            Ok(approval) => return Ok(Redirect::to(&format!("/approvals/{approval}")).into_response()),
            Err(fault) => Err(fault),
        },
        _ => return Err(Fault::Malformed),
    };
    cases::answer(&web, f, &operator, &number, done).await
}
