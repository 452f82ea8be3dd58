//! `/` of the console: is it well, how much is there, what happened last.

use askama::Template;
use avouch::store::StaffRole;
use avouch_policy::{Period, Unit};
use jiff::{Timestamp, civil};

use super::leaves::Row;
use crate::frame::Frame;
use avouch::store::{ClockCounts, RunningClock};
use axum::extract::State;

use crate::console::{Operator, leaves};
use crate::fault::Fault;
use crate::page::Page;
use crate::state::{Web, page_fault};

/// One thing that is looked after.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its name, in the reader's language.
    pub name: String,
    /// Whether it is well.
    pub good: bool,
    /// What is the case, and if it is not well what to do.
    pub text: String,
}

/// One number.
#[derive(Clone, Debug)]
pub struct Count {
    /// What is counted.
    pub label: String,
    /// How many.
    pub value: u64,
}

/// A deadline that runs.
#[derive(Clone, Debug)]
pub struct Urgent {
    /// What it is about, in words.
    pub about: String,
    /// Which one.
    pub matter: String,
    /// The page of that matter; empty where it has none.
    pub href: String,
    /// The last moment for it.
    pub due: Timestamp,
    /// Whether that is over.
    pub overdue: bool,
    /// Whether it may still move.
    pub provisional: bool,
    /// How much of the time was over at the last alarm, in per cent; 0 before the first.
    pub alarmed: u64,
}

/// The page of today.
#[derive(Debug, Template)]
#[template(path = "console/home.html")]
pub struct Today {
    /// The frame.
    pub f: Frame,
    /// When the numbers were taken.
    pub at: Timestamp,
    /// What is looked after.
    pub checks: Vec<Check>,
    /// Numbers.
    pub counts: Vec<Count>,
    /// How many deadlines run, and how urgent they are.
    pub clocks: ClockCounts,
    /// The most urgent of them.
    pub urgent: Vec<Urgent>,
    /// The latest leaves.
    pub rows: Vec<Row>,
    /// The policy's version in force.
    pub version: String,
    /// Since when.
    pub effective: civil::Date,
    /// Its digest, in hex.
    pub digest: String,
}

impl Today {
    /// How many deadlines run, are over, and end soon, in a sentence.
    #[must_use]
    pub fn running(&self) -> String {
        let ClockCounts { running, overdue, soon } = &self.clocks;
        self.f.texts.with("today-clocks-counts", &[("running", running), ("overdue", overdue), ("soon", soon)])
    }

    /// Whether everything is well.
    #[must_use]
    pub fn well(&self) -> bool {
        self.checks.iter().all(|check| check.good)
    }
}

/// Leaves on the page of today.
const LATEST: u32 = 10;
/// Deadlines on the page of today.
const URGENT: u32 = 20;
/// How near a deadline is near, in hours.
pub(super) const SOON: i64 = 72;

/// The words of what a deadline is about; those of an unknown kind are its own.
fn row(f: &Frame, clock: &RunningClock, now: Timestamp) -> Urgent {
    let of = &clock.matter;
    // A case that was opened again has clocks under its number and a count.
    let number = of.id.split('.').next().unwrap_or_default().to_owned();
    let (about, href, matter) = match of.about.as_str() {
        avouch::contact::case::ABOUT => (f.t("today-case"), format!("/cases/{number}"), number),
        avouch::store::REVIEW => (f.t("part-reviews"), "/reviews".to_owned(), number.chars().take(8).collect()),
        other => (other.to_owned(), String::new(), of.id.clone()),
    };
    Urgent {
        about,
        href,
        matter,
        due: clock.ends.due - jiff::SignedDuration::from_secs(1),
        overdue: clock.ends.due <= now,
        provisional: clock.ends.provisional,
        alarmed: clock.alarmed,
    }
}

/// A recipient's check or agreement is spoken of so many days before it ends.
const AHEAD: u32 = 30;

/// A check that is well while no name stands against it.
fn check(f: &Frame, name: &str, good: &str, bad: &str, names: &[String]) -> Check {
    let text = if names.is_empty() { f.t(good) } else { f.t1(bad, "names", names.join(", ")) };
    Check { name: f.t(name), good: names.is_empty(), text }
}

/// `GET /`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, operator: Operator) -> Result<Page<Today>, Fault> {
    let told = page_fault(&f);
    let counts = web.app.store.counts().await.map_err(|e| told(e.into()))?;
    let overdue: u64 = web.app.sweep(true).await.map_err(&told)?.records.values().sum();
    let jobs = web.app.job_faults().await.map_err(&told)?;
    let evidence = operator.staff.may(&[StaffRole::DataProtectionOfficer, StaffRole::Auditor]);
    let latest = if evidence { web.app.latest_leaves(LATEST).await.map_err(&told)? } else { Vec::new() };
    let (asked, emergencies) = web.app.approvals_waiting().await.map_err(&told)?;
    let ledger = web.app.store.health().fault();
    let dead = web.app.dead_letters().await.map_err(&told)?;
    let ceilings = web.app.ceilings_reached().await.map_err(&told)?;
    let outside = web.app.recipients_to_look_at(Period::Of(AHEAD, Unit::Day)).await.map_err(&told)?;
    let outside: Vec<String> = outside.into_iter().map(|r| r.name).collect();
    let late =
        web.app.owed().await.map_err(&told)?.into_iter().filter(|o| o.late > 0).map(|o| o.name).collect::<Vec<_>>();
    let services = web.app.services().await.map_err(&told)?;
    let suspended: Vec<String> = services.into_iter().filter(|s| s.suspended).map(|s| s.name).collect();
    let checks = vec![
        Check {
            name: f.t("check-ledger"),
            good: ledger.is_none(),
            text: ledger.unwrap_or_else(|| f.t("check-ledger-good")),
        },
        Check {
            name: f.t("check-retention"),
            good: overdue == 0,
            text: if overdue == 0 {
                f.t("check-retention-good")
            } else {
                f.t1("check-retention-bad", "count", overdue)
            },
        },
        Check {
            name: f.t("check-messages"),
            good: dead == 0 && ceilings.is_empty(),
            text: match (dead, ceilings.is_empty()) {
                (0, true) => f.t("check-messages-good"),
                (0, false) => f.t1("check-messages-ceiling", "channels", ceilings.join(", ")),
                (count, _) => f.t1("check-messages-bad", "count", count),
            },
        },
        check(&f, "check-recipients", "check-recipients-good", "check-recipients-bad", &outside),
        check(&f, "check-readers", "check-readers-good", "check-readers-bad", &late),
        check(&f, "check-services", "check-services-good", "check-services-bad", &suspended),
        Check {
            name: f.t("part-approvals"),
            good: asked == 0 && emergencies == 0,
            text: match (asked, emergencies) {
                (0, 0) => f.t("check-approvals-good"),
                (asked, 0) => f.t1("check-approvals-waiting", "count", asked),
                (_, emergencies) => f.t1("check-approvals-emergency", "count", emergencies),
            },
        },
        Check {
            name: f.t("check-jobs"),
            good: jobs.is_empty(),
            text: jobs.first().map_or_else(|| f.t("check-jobs-good"), |(kind, fault)| format!("{kind}: {fault}")),
        },
    ];
    let count = |label: &str, key: &str| Count { label: f.t(label), value: counts.get(key).copied().unwrap_or(0) };
    let clocks = web.app.clock_counts(jiff::SignedDuration::from_hours(SOON)).await.map_err(&told)?;
    let urgent = web.app.urgent_clocks(Timestamp::UNIX_EPOCH, URGENT).await.map_err(&told)?;
    let now = web.app.store.now();
    let urgent = urgent.iter().map(|clock| row(&f, clock, now)).collect();
    let policy = web.policy();
    Ok(Page(Today {
        clocks,
        urgent,
        at: web.app.store.now(),
        checks,
        counts: vec![
            count("count-subjects", "subjects"),
            count("count-cancelling", "cancelling"),
            count("count-records", "records"),
            count("count-consents", "consents"),
            count("count-held", "held"),
            count("count-leaves", "leaves"),
        ],
        rows: latest.iter().map(|e| leaves::row(&f, e)).collect(),
        version: policy.version().to_owned(),
        effective: policy.facts().effective.unwrap_or_default(),
        digest: policy.digest().to_string(),
        f,
    }))
}
