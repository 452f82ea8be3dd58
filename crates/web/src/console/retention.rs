//! `/retention`: what the next sweep deletes, what will end when, what was kept as anonymous, certificates.
//!
//! Keeps promises 5.1 and 5.2. Counts by item and rule; nothing of anybody.

use askama::Template;
use avouch::storage::forecast;
use avouch_policy::{End, Policy};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::console::Operator;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Web, page_fault, say};

/// Something that goes, by item and rule.
#[derive(Clone, Debug)]
pub struct Going {
    /// The item's label.
    pub item: String,
    /// What it is: stored, sent by devices, kept by law; in words.
    pub kind: String,
    /// The rule, in words.
    pub rule: String,
    /// What happens, in words.
    pub then: String,
    /// How many.
    pub count: u64,
}

/// What ends in a month.
#[derive(Clone, Debug)]
pub struct Month {
    /// The month.
    pub month: String,
    /// How many.
    pub total: u64,
}

/// A certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// When the sweep was.
    pub at: Timestamp,
    /// Its log.
    pub log: String,
    /// Its leaf's place.
    pub index: u64,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "console/retention.html")]
pub struct RetentionPage {
    /// The frame.
    pub f: Frame,
    /// What the next sweep deletes.
    pub going: Vec<Going>,
    /// What is past its end and held.
    pub held_back: u64,
    /// Unused accounts to be told, and to be closed.
    pub unused: (u64, u64),
    /// What will end.
    pub months: Vec<Month>,
    /// The same, drawn: made here, of numbers alone.
    pub plot: String,
    /// What was kept as anonymous, in words.
    pub cohorts: Vec<String>,
    /// The latest certificates.
    pub certificates: Vec<Certificate>,
}

/// Months the plot shows.
const MONTHS: u32 = 13;
/// Certificates listed.
const LATEST: u32 = 50;
/// Cohorts of anonymous counts listed.
const COHORTS: usize = 24;

/// A rule in words for staff.
fn rule(f: &Frame, policy: &Policy, code: &str) -> String {
    let Some(end) = End::read(code, None) else {
        return avouch_policy::law::record(code).map_or_else(|| code.to_owned(), |(_, law)| law.citation.clone());
    };
    let purpose = policy.facts().usage.purposes.get(&end.purpose);
    let purpose = purpose.map_or_else(|| end.purpose.clone(), |p| say(f, &p.label));
    let period = end.keep.in_words(f.tag());
    f.t2(&format!("rule-{}", end.after), "purpose", purpose, "period", period)
}

/// `GET /retention`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, _: Operator) -> Result<Page<RetentionPage>, Fault> {
    let told = page_fault(&f);
    let policy = web.policy();
    let sweep = web.app.sweep(true).await.map_err(&told)?;
    let item =
        |name: &str| policy.facts().collection.items.get(name).map_or_else(|| name.to_owned(), |i| say(&f, &i.label));
    let going = sweep
        .lines
        .iter()
        .map(|line| Going {
            item: item(&line.item),
            kind: f.t(&format!("retention-kind-{}", line.kind)),
            rule: rule(&f, &policy, &line.rule),
            then: f.t(&format!("retention-then-{}", line.then)),
            count: line.count,
        })
        .collect();
    let months = web.app.forecast(MONTHS).await.map_err(&told)?;
    let plot = forecast::plot(&months, &f.t("retention-plot"));
    let months = months.into_iter().map(|m| Month { month: m.month, total: m.total }).collect();
    let mut cohorts = Vec::new();
    for (name, fact) in &policy.facts().usage.purposes {
        for (set, _) in web.app.anonymous(name).await.map_err(&told)?.iter().take(COHORTS) {
            cohorts.push(f.texts.with(
                "retention-cohort",
                &[
                    ("purpose", &say(&f, &fact.label)),
                    ("cohort", &set.cohort),
                    ("passed", &set.passed),
                    ("refused", &set.refused),
                    ("k", &set.k),
                    ("l", &set.l),
                ],
            ));
        }
    }
    let certificates = web.app.sweeps(LATEST).await.map_err(&told)?;
    let certificates = certificates
        .into_iter()
        .map(|c| Certificate { at: c.at, log: c.receipt.log, index: c.receipt.index })
        .collect();
    let (held_back, unused) = (sweep.held_back, (sweep.noticed, sweep.unused));
    Ok(Page(RetentionPage { going, held_back, unused, months, plot, cohorts, certificates, f }))
}

/// `GET /retention.json`: the forecast with every item.
///
/// # Errors
/// As [`show`].
pub async fn json(State(web): State<Web>, f: Frame, _: Operator) -> Result<Response, Fault> {
    let months = web.app.forecast(MONTHS).await.map_err(page_fault(&f))?;
    Ok(saved("retention", Json(months)))
}

/// `GET /retention/{log}/{index}`: a certificate with its proof, to be handed on.
///
/// # Errors
/// [`Fault::NotFound`] for what is no sweep's leaf.
pub async fn certificate(
    State(web): State<Web>,
    f: Frame,
    _: Operator,
    Path((log, index)): Path<(String, u64)>,
) -> Result<Response, Fault> {
    let receipt = avouch::store::Receipt { log, index };
    let certificate = web.app.sweep_certificate(&receipt).await.map_err(page_fault(&f))?;
    Ok(saved("sweep", Json(certificate)))
}

fn saved(name: &str, body: impl IntoResponse) -> Response {
    let headers = [(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.json\""))];
    (headers, body).into_response()
}
