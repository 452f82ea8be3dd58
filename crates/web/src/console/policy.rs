//! `/policy`: the policy that decides, the ones that are coming and were, and publishing the next one by two people.
//!
//! Keeps promises 7.1 and 7.2: what is looked at here, file by file and change by change, is exactly what a second
//! person is asked to allow.

use std::collections::BTreeSet;

use askama::Template;
use avouch::store::{ApprovalId, StaffRole};
use avouch::updates::publish::Proposal;
use avouch_policy::{Diff, Major, diff};
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;

use crate::console::{Operator, approvals};
use crate::fault::Fault;
use crate::form::{Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::policy::Change;
use crate::state::{Web, page_fault, say};

/// A release.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// From when it holds.
    pub at: Timestamp,
    /// When it was made public.
    pub released: Timestamp,
    /// Whether it decides now.
    pub current: bool,
    /// Whether it is still to come.
    pub coming: bool,
    /// Whether something in it is major.
    pub major: bool,
    /// Its digest in hex.
    pub digest: String,
    /// What it changed; nothing for the first.
    pub changes: Option<Vec<Change>>,
}

/// The list of releases.
#[derive(Debug, Template)]
#[template(path = "console/policy.html")]
pub struct Policies {
    /// The frame.
    pub f: Frame,
    /// The latest in force first.
    pub releases: Vec<Release>,
    /// Whether the reader may publish and call off.
    pub publishes: bool,
}

/// A policy that may follow.
#[derive(Clone, Debug)]
pub struct Next {
    /// Its version.
    pub version: String,
    /// The version it follows.
    pub follows: String,
    /// Its digest in hex.
    pub digest: String,
    /// From when it would hold.
    pub at: Timestamp,
    /// The classes of its major changes, in words.
    pub majors: String,
    /// What changes.
    pub changes: Vec<Change>,
    /// Labels of the purposes people are asked again for.
    pub again: Vec<String>,
    /// What a regulator might say.
    pub warnings: Vec<String>,
}

/// Looking at the next policy, and asking for its release.
#[derive(Debug, Template)]
#[template(path = "console/policy-next.html")]
pub struct NextPage {
    /// The frame.
    pub f: Frame,
    /// What was found; nothing where it cannot be released.
    pub next: Option<Next>,
    /// What stands against it.
    pub faults: Vec<String>,
    /// When it is to take effect; nothing on the page of a request.
    pub when: Option<Field>,
    /// Why, where the reader may ask.
    pub why: Option<Field>,
    /// What was typed for the moment.
    pub typed: String,
    /// The request this was asked in; empty for none.
    pub approval: String,
    /// What was wrong; empty when nothing was.
    pub error: String,
}

fn changes(f: &Frame, diff: Diff) -> Vec<Change> {
    let change =
        |c: avouch_policy::Change| Change { text: c.sentence.in_lang(f.tag()).to_owned(), major: c.major.is_some() };
    diff.changes.into_iter().map(change).collect()
}

fn majors(f: &Frame, majors: &BTreeSet<Major>) -> String {
    let key = |major: &Major| match major {
        Major::Purpose => "major-purpose",
        Major::Control => "major-control",
        Major::Rights => "major-rights",
        Major::Sharing => "major-sharing",
    };
    f.texts.list(&majors.iter().map(|major| f.t(key(major))).collect::<Vec<_>>())
}

/// `GET /policy`
///
/// # Errors
/// What keeps the store from answering.
pub async fn list(State(web): State<Web>, f: Frame, operator: Operator) -> Result<Page<Policies>, Fault> {
    let told = page_fault(&f);
    let all = web.app.releases().await.map_err(&told)?;
    let (now, current) = (web.app.store.now(), web.policy());
    let mut releases = Vec::with_capacity(all.len());
    for (at, release) in all.iter().enumerate() {
        let of = match all.get(at + 1) {
            None => None,
            Some(before) => {
                let before = web.app.released_policy(before).await.map_err(&told)?;
                Some(diff(&before, &*web.app.released_policy(release).await.map_err(&told)?))
            }
        };
        releases.push(Release {
            version: release.version.clone(),
            at: release.in_force,
            released: release.released,
            current: release.digest == *current.digest().as_bytes(),
            coming: release.in_force > now,
            major: release.major,
            digest: data_encoding::HEXLOWER.encode(&release.digest),
            changes: of.map(|diff| changes(&f, diff)),
        });
    }
    let publishes = operator.staff.may(&[StaffRole::DataProtectionOfficer]);
    Ok(Page(Policies { releases, publishes, f }))
}

fn next(f: &Frame, proposal: &Proposal) -> Next {
    let facts = proposal.policy.facts();
    let label = |name: &String| facts.usage.purposes.get(name).map_or_else(|| name.clone(), |p| say(f, &p.label));
    Next {
        version: proposal.policy.version().to_owned(),
        follows: proposal.follows.clone(),
        digest: proposal.policy.digest().to_string(),
        at: proposal.in_force,
        majors: majors(f, &proposal.diff.majors()),
        again: proposal.diff.ask_again.iter().map(label).collect(),
        warnings: proposal.warnings.iter().map(|w| format!("{}: {} {}", w.path, w.message, w.advice)).collect(),
        changes: changes(f, proposal.diff.clone()),
    }
}

/// What stands against a policy, line by line; another fault is a page of its own.
fn against(f: &Frame, fault: avouch::Fault) -> Result<Vec<String>, Fault> {
    match fault {
        avouch::Fault::Invalid(faults) => Ok(faults.into_iter().map(|fault| fault.text).collect()),
        avouch::Fault::NotNow(text) => Ok(vec![text]),
        other => Err(page_fault(f)(other)),
    }
}

/// A moment as it is typed: of the controller's own clock.
fn moment(f: &Frame, typed: &str) -> Result<Option<Timestamp>, String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let at = typed.parse::<DateTime>().ok().and_then(|at| at.to_zoned_datetime(f.names.zone.clone()).ok());
    at.map(|at| Some(at.timestamp())).ok_or_else(|| f.t("console-policy-at-wrong"))
}

/// What the forms send.
#[derive(Debug, Default, Deserialize)]
pub struct Sent {
    #[serde(default)]
    at: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    why: String,
}

async fn looked(web: &Web, f: &Frame, typed: &str) -> Result<(Option<Proposal>, NextPage), Fault> {
    let mut field = Field::new("at", f.t("console-policy-at"), Input::Text).hint(f.t("console-policy-at-hint"));
    field.value = Shown::new(typed);
    let mut page = NextPage {
        next: None,
        faults: Vec::new(),
        when: None,
        why: None,
        typed: typed.to_owned(),
        approval: String::new(),
        error: String::new(),
        f: f.clone(),
    };
    let at = match moment(f, typed) {
        Ok(at) => at,
        Err(wrong) => {
            field.error = wrong;
            page.when = Some(field);
            return Ok((None, page));
        }
    };
    page.when = Some(field);
    let proposed = match web.app.policy_in_folder().await {
        Ok(source) => web.app.propose_policy(&source, at).await,
        Err(avouch::Fault::NotNow(_)) => {
            page.faults = vec![f.t("console-policy-no-folder")];
            return Ok((None, page));
        }
        Err(fault) => Err(fault),
    };
    match proposed {
        Ok(proposal) => {
            page.next = Some(next(f, &proposal));
            page.why = Some(Field::new("why", f.t("console-policy-why"), Input::Area).required());
            Ok((Some(proposal), page))
        }
        Err(fault) => {
            page.faults = against(f, fault)?;
            Ok((None, page))
        }
    }
}

/// `GET /policy/next`: the files of the configured folder, looked at.
///
/// # Errors
/// What keeps the store from answering.
pub async fn look(State(web): State<Web>, f: Frame, Query(sent): Query<Sent>) -> Result<Page<NextPage>, Fault> {
    Ok(Page(looked(&web, &f, &sent.at).await?.1))
}

/// `POST /policy/next`: asks a second person for exactly what was looked at.
///
/// # Errors
/// What keeps the store from answering.
pub async fn ask(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let (proposal, mut page) = looked(&web, &f, &sent.at).await?;
    let Some(proposal) = proposal else {
        return Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    if proposal.policy.digest().to_string() != sent.digest {
        page.error = f.t("console-policy-moved");
        return Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    match web.app.ask_publication(&operator.staff, &proposal, &sent.why).await {
        Ok(id) => Ok(Redirect::to(&format!("/approvals/{id}")).into_response()),
        Err(avouch::Fault::NotApproved(not)) => {
            page.error = approvals::why_not(&f, not);
            Ok(PageWith(StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(page_fault(&f)(other)),
    }
}

/// `GET /policy/asked/{id}`: what a second person is asked to allow.
///
/// # Errors
/// [`Fault::NotFound`] for another name.
pub async fn asked(State(web): State<Web>, f: Frame, Path(text): Path<String>) -> Result<Page<NextPage>, Fault> {
    let id: ApprovalId = text.parse().map_err(|_| Fault::NotFound)?;
    let mut page = NextPage {
        next: None,
        faults: Vec::new(),
        when: None,
        why: None,
        typed: String::new(),
        approval: id.to_string(),
        error: String::new(),
        f: f.clone(),
    };
    match web.app.proposal_of(id).await {
        Ok(proposal) => page.next = Some(next(&f, &proposal)),
        Err(fault) => page.faults = against(&f, fault)?,
    }
    Ok(Page(page))
}

/// `POST /policy/{version}/call-off`: takes back a release that is still to come.
///
/// # Errors
/// [`Fault::NotFound`] when it has come, or never was.
pub async fn call_off(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Path(version): Path<String>,
) -> Result<Response, Fault> {
    web.app.call_off_policy(&operator.staff, &version).await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/policy").into_response())
}
