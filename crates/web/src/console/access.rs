//! Who of the staff may open which page of the console and do what on it: one table, from which the routes are built.
//!
//! Keeps promise 5.6 (ASVS 8.1.1, 8.2.1): what is not in the table is not served, and what is in it is answered to
//! those alone whose role it names.

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use avouch::store::StaffRole::{self, Administrator, Auditor, CustomerService, DataProtectionOfficer};

use super::{
    Operator, approvals, border, cases, enter, home, leaves, names, operators, policy, recipients, reviews, services,
};
use crate::fault::Fault;
use crate::frame::Account;
use crate::state::{Web, told};

/// Who may open a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever comes: the ways in.
    Anyone,
    /// Operators with one of these roles.
    Roles(&'static [StaffRole]),
}

/// One page, or one thing to be done on it.
#[derive(Debug)]
pub struct Entry {
    /// `GET` for a page, `POST` for a deed.
    pub method: &'static str,
    /// Its address, with its parameters in braces.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    handler: MethodRouter<Web>,
}

fn see<H: Handler<T, Web>, T: 'static>(path: &'static str, who: Who, handler: H) -> Entry {
    Entry { method: "GET", path, who, handler: get(handler) }
}

fn act<H: Handler<T, Web>, T: 'static>(path: &'static str, who: Who, handler: H) -> Entry {
    Entry { method: "POST", path, who, handler: post(handler) }
}

const ALL: Who = Who::Roles(&StaffRole::ALL);
const EVIDENCE: Who = Who::Roles(&[DataProtectionOfficer, Auditor]);
const ADMINISTRATOR: Who = Who::Roles(&[Administrator]);
const APPROVERS: Who = Who::Roles(&[DataProtectionOfficer, Administrator]);
const APPROVALS: Who = Who::Roles(&[DataProtectionOfficer, Administrator, Auditor]);
const OFFICER: Who = Who::Roles(&[DataProtectionOfficer]);
const SERVICES: Who = Who::Roles(&[DataProtectionOfficer, Administrator, Auditor]);
const CASES: Who = Who::Roles(&[DataProtectionOfficer, CustomerService]);
const NAMES: Who = Who::Roles(&[DataProtectionOfficer, CustomerService]);

/// Every page and deed of the console.
#[must_use]
pub fn table() -> Vec<Entry> {
    vec![
        see("/enter/{token}", Who::Anyone, enter::show),
        act("/enter", Who::Anyone, enter::send),
        act("/enrol", Who::Anyone, enter::enrol),
        see("/sign-in", Who::Anyone, enter::sign_in),
        act("/sign-in", Who::Anyone, enter::send_sign_in),
        act("/logout", ALL, enter::leave),
        see("/", ALL, home::show),
        see("/cases", CASES, cases::list),
        see("/cases.csv", CASES, cases::csv),
        see("/cases/{number}", CASES, cases::one),
        act("/cases/{number}", CASES, cases::send),
        act("/cases/{number}/reveal", CASES, cases::reveal),
        see("/names", NAMES, names::list),
        act("/names/{subject}", NAMES, names::open),
        act("/names/{subject}/decide", NAMES, names::decide),
        see("/reviews", OFFICER, reviews::list),
        act("/reviews/{subject}/{decision}", OFFICER, reviews::open),
        act("/reviews/{subject}/{decision}/answer", OFFICER, reviews::answer),
        see("/recipients", EVIDENCE, recipients::list),
        see("/recipients.csv", EVIDENCE, recipients::csv),
        see("/recipients/{name}", EVIDENCE, recipients::one),
        act("/recipients/{name}/check", OFFICER, recipients::check),
        act("/recipients/{name}/state", OFFICER, recipients::state),
        act("/recipients/{name}/confirmed/{notice}", OFFICER, recipients::confirmed),
        see("/recipients/{name}/documents/{document}", EVIDENCE, recipients::opened),
        act("/recipients/{name}/documents/{document}", OFFICER, recipients::file),
        see("/border", EVIDENCE, border::show),
        act("/border/settle", OFFICER, border::settle),
        see("/services", SERVICES, services::list),
        act("/services/{name}", ADMINISTRATOR, services::send),
        see("/policy", APPROVALS, policy::list),
        see("/policy/next", OFFICER, policy::look),
        act("/policy/next", OFFICER, policy::ask),
        see("/policy/asked/{id}", APPROVALS, policy::asked),
        act("/policy/{version}/call-off", OFFICER, policy::call_off),
        see("/approvals", APPROVALS, approvals::list),
        see("/approvals.csv", APPROVALS, approvals::csv),
        see("/approvals/{id}", APPROVALS, approvals::one),
        act("/approvals/{id}/answer", APPROVERS, approvals::answer),
        act("/approvals/{id}/carry-out", APPROVERS, approvals::carry_out),
        act("/approvals/{id}/review", APPROVERS, approvals::review),
        see("/operators", APPROVERS, operators::list),
        see("/operators.csv", APPROVERS, operators::csv),
        act("/operators", ADMINISTRATOR, operators::add),
        act("/operators/grant", APPROVERS, operators::grant),
        act("/operators/{name}/link", APPROVERS, operators::link),
        act("/operators/{name}/{change}", ADMINISTRATOR, operators::change),
        act("/operators/sessions/end", ADMINISTRATOR, operators::end_session),
        see("/leaves", EVIDENCE, leaves::list),
        see("/leaves/{log}/{index}", EVIDENCE, leaves::one),
    ]
}

/// The routes of the table, each behind its guard.
pub(crate) fn routes(web: &Web) -> Router {
    let guarded = |router: Router<Web>, entry: Entry| {
        let guard = from_fn_with_state((web.clone(), entry.who), guard);
        router.route(entry.path, entry.handler.route_layer(guard))
    };
    table().into_iter().fold(Router::new(), guarded).with_state(web.clone())
}

async fn guard(State((web, who)): State<(Web, Who)>, request: Request, next: Next) -> Response {
    if let Who::Roles(roles) = who {
        let Some(operator) = request.extensions().get::<Operator>().cloned() else {
            return Fault::SignIn.into_response();
        };
        if !operator.staff.may(roles) {
            return Fault::Forbidden.into_response();
        }
        if let Err(fault) = web.app.operator_uses(&operator.staff, roles).await {
            return told(&fault, "en").into_response();
        }
    }
    next.run(request).await
}

/// Whether an account may open a page of the console, by its address.
#[must_use]
pub fn opens(account: &Account, path: &str) -> bool {
    table().iter().any(|entry| {
        entry.method == "GET"
            && entry.path == path
            && match entry.who {
                Who::Anyone => true,
                Who::Roles(roles) => account.roles.iter().any(|role| roles.contains(role)),
            }
    })
}
