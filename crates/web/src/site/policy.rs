//! `/policy`: the policy in force, its earlier versions, what changed, and a copy to keep.
//!
//! Keeps promise 0.1 and 7.1: prominent, dated, every version readable, every clause a place one can link to.

use askama::Template;
use jiff::civil;

use super::summary::Summary;
use crate::frame::Frame;
use avouch::store::PolicyRelease;
use avouch_policy::{Format, Policy, contents, diff, render};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::fault::Fault;
use crate::page::Page;
use crate::state::{Web, page_fault};

/// A chapter in the list of contents.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// The anchor, without `#`.
    pub anchor: String,
    /// The chapter's number.
    pub number: String,
    /// Its title.
    pub title: String,
}

/// One version of the policy.
#[derive(Clone, Debug)]
pub struct Version {
    /// The version.
    pub version: String,
    /// In force from.
    pub effective: civil::Date,
    /// Whether it is in force now.
    pub current: bool,
    /// Whether it is still to come.
    pub coming: bool,
    /// Whether this is the one on the page.
    pub shown: bool,
}

/// One change against the version before.
#[derive(Clone, Debug)]
pub struct Change {
    /// The change as a sentence, in the reader's language.
    pub text: String,
    /// Whether it is major (7.2).
    pub major: bool,
}

/// The policy page.
#[derive(Debug, Template)]
#[template(path = "site/policy.html")]
pub struct PolicyPage {
    /// The frame.
    pub f: Frame,
    /// The policy in short; on a past version's page there is none.
    pub summary: Option<Summary>,
    /// The version shown.
    pub version: String,
    /// In force from.
    pub effective: civil::Date,
    /// If it is a past version, until when it was in force.
    pub until: Option<civil::Date>,
    /// Whether it is still to come.
    pub coming: bool,
    /// The digest every consent and leaf cites, in hex.
    pub digest: String,
    /// The list of contents.
    pub chapters: Vec<Chapter>,
    /// The text as HTML, made by the policy's own renderer, which escapes what it is given.
    pub html: String,
    /// What changed since the version before.
    pub changes: Vec<Change>,
    /// Every version, newest first.
    pub versions: Vec<Version>,
}

async fn page(web: &Web, f: Frame, policy: &Policy, releases: &[PolicyRelease]) -> Result<PolicyPage, Fault> {
    let told = page_fault(&f);
    let now = web.app.store.now();
    let current = web.policy();
    let day = |at: jiff::Timestamp| at.to_zoned_datetime(f.names.zone.clone()).date();
    let version = |release: &PolicyRelease| Version {
        version: release.version.clone(),
        effective: day(release.in_force),
        current: release.digest == *current.digest().as_bytes(),
        coming: release.in_force > now,
        shown: release.digest == *policy.digest().as_bytes(),
    };
    let versions: Vec<Version> = releases.iter().map(version).collect();
    let at = versions.iter().position(|v| v.shown);
    let mut changes = Vec::new();
    if let Some(before) = at.and_then(|at| releases.get(at + 1)) {
        let before = web.app.released_policy(before).await.map_err(&told)?;
        for change in diff(&before, policy).changes {
            changes.push(Change { text: change.sentence.in_lang(f.tag()).to_owned(), major: change.major.is_some() });
        }
    }
    let shown = at.and_then(|at| versions.get(at));
    let next = at.and_then(|at| at.checked_sub(1)).and_then(|at| versions.get(at));
    let is_current = policy.digest() == current.digest();
    Ok(PolicyPage {
        summary: is_current.then(|| Summary::of(web, &f)),
        version: policy.version().to_owned(),
        effective: shown.map_or_else(|| policy.facts().effective.unwrap_or_default(), |v| v.effective),
        until: next.filter(|next| !next.coming).map(|next| next.effective),
        coming: shown.is_some_and(|v| v.coming),
        digest: policy.digest().to_string(),
        chapters: contents(policy, f.tag())
            .into_iter()
            .map(|(anchor, title)| Chapter { anchor, number: String::new(), title })
            .collect(),
        html: render(policy, f.tag(), Format::Html),
        changes,
        versions,
        f,
    })
}

/// `GET /policy`
///
/// # Errors
/// When the archive cannot be read.
pub async fn current(State(web): State<Web>, f: Frame) -> Result<Page<PolicyPage>, Fault> {
    let releases = web.app.releases().await.map_err(page_fault(&f))?;
    let policy = web.policy();
    Ok(Page(page(&web, f, &policy, &releases).await?))
}

/// `GET /policy/{version}`: also one that is coming.
///
/// # Errors
/// [`Fault::NotFound`] for a version that was never released here.
pub async fn past(State(web): State<Web>, f: Frame, Path(version): Path<String>) -> Result<Page<PolicyPage>, Fault> {
    let (_, policy) = web.app.policy_of_version(&version).await.map_err(page_fault(&f))?;
    let releases = web.app.releases().await.map_err(page_fault(&f))?;
    Ok(Page(page(&web, f, &policy, &releases).await?))
}

/// `GET /policy/{version}/{lang}.md`: the text to keep (PIPL 17).
///
/// # Errors
/// [`Fault::NotFound`] for a version or language that never held here.
pub async fn save(
    State(web): State<Web>,
    f: Frame,
    Path((version, file)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let lang = file.strip_suffix(".md").ok_or(Fault::NotFound)?;
    let (_, policy) = web.app.policy_of_version(&version).await.map_err(page_fault(&f))?;
    if !policy.facts().languages.iter().any(|l| l == lang) {
        return Err(Fault::NotFound);
    }
    let name = format!("attachment; filename=\"privacy-policy-{version}-{lang}.md\"");
    let headers =
        [(header::CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, render(&policy, lang, Format::Markdown)).into_response())
}
