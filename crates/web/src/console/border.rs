//! `/border`: how many people's data went abroad this year, the thresholds, and what is to be seen to.
//!
//! Keeps promise 5.4. The counts name nobody.

use askama::Template;
use avouch::storage::border::{self, Border, Measured};
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{Timestamp, civil};
use serde::Deserialize;

use crate::console::Operator;
use crate::fault::Fault;
use crate::frame::Frame;
use crate::page::Page;
use crate::state::{Web, page_fault, say};
use crate::words;

/// One threshold with its count.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What is counted, in words.
    pub label: String,
    /// How many people.
    pub people: u32,
    /// From this number on it is warned.
    pub warn: u32,
    /// From this number on the law asks for more.
    pub threshold: u32,
    /// The provision.
    pub citation: String,
}

impl Bar {
    /// How much of the threshold, in hundredths, at most all of it.
    #[must_use]
    pub fn share(&self) -> u64 {
        (u64::from(self.people) * 100).checked_div(u64::from(self.threshold)).unwrap_or(100).min(100)
    }

    /// Where the warning lies, in hundredths.
    #[must_use]
    pub fn warned(&self) -> u64 {
        (u64::from(self.warn) * 100).checked_div(u64::from(self.threshold)).unwrap_or(100)
    }

    /// How many people, to be read.
    #[must_use]
    pub fn count(&self) -> String {
        grouped(self.people)
    }

    /// The threshold, to be read.
    #[must_use]
    pub fn limit(&self) -> String {
        grouped(self.threshold)
    }

    /// From when it is warned, to be read.
    #[must_use]
    pub fn from(&self) -> String {
        grouped(self.warn)
    }

    /// The key of how it stands.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        if self.people >= self.threshold {
            "border-reached"
        } else if self.people >= self.warn {
            "border-near"
        } else {
            "border-well"
        }
    }
}

/// A year's counts.
#[derive(Clone, Debug)]
pub struct Year {
    /// The year.
    pub year: String,
    /// Its thresholds.
    pub bars: Vec<Bar>,
}

/// Something to be seen to, or that was.
#[derive(Clone, Debug)]
pub struct Task {
    /// The year, to send on.
    pub year: i16,
    /// The law record, to send on.
    pub record: String,
    /// Whether the threshold was reached; else it came near.
    pub reached: bool,
    /// When.
    pub at: Timestamp,
    /// The number of people.
    pub people: u32,
    /// The last day to see to it.
    pub due: civil::Date,
    /// Whether that day may still change.
    pub provisional: bool,
    /// When it was done, by whom, and what.
    pub done: Option<(Timestamp, String, String)>,
}

impl Task {
    /// The number of people, to be read.
    #[must_use]
    pub fn count(&self) -> String {
        grouped(self.people)
    }
}

/// A number in groups of three digits, as both languages write it.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A recipient abroad and what makes sending there lawful.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub region: String,
    /// The mechanism and its reference, in words; none when there is none.
    pub mechanism: Option<(String, String)>,
    /// Whether it is in force.
    pub holds: bool,
    /// First day it no longer holds.
    pub until: Option<civil::Date>,
    /// Whether its people are counted.
    pub counted: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "console/border.html")]
pub struct BorderPage {
    /// The frame.
    pub f: Frame,
    /// The years, the current one first.
    pub years: Vec<Year>,
    /// What is to be seen to, the latest first.
    pub tasks: Vec<Task>,
    /// The recipients abroad.
    pub ways: Vec<Way>,
}

fn bar(f: &Frame, m: &Measured) -> Bar {
    Bar {
        label: f.t(if m.counted == "plain" { "border-plain" } else { "border-sensitive" }),
        people: m.people,
        warn: m.warn,
        threshold: m.threshold,
        citation: m.citation.clone(),
    }
}

fn ways(web: &Web, f: &Frame) -> Vec<Way> {
    let policy = web.policy();
    let (home, now) = (web.app.store.region(), web.app.store.now());
    let rules = policy.rules();
    let of = |name: &str| {
        let place = policy.recipient(name)?.index();
        rules.recipient_rules.get(usize::from(place))?.crossing
    };
    border::recipients(&policy, home.as_str())
        .map(|(name, fact)| Way {
            name: say(f, &fact.name),
            region: policy
                .facts()
                .storage
                .regions
                .get(&fact.region)
                .map_or_else(|| fact.region.clone(), |r| say(f, &r.label)),
            mechanism: fact
                .abroad
                .as_ref()
                .map(|way| (words::mechanism(f.texts, way.mechanism.as_str()), way.reference.clone())),
            holds: rules.abroad_allowed && of(name).is_some_and(|crossing| crossing.holds(now)),
            until: fact.abroad.as_ref().and_then(|way| way.valid_until),
            counted: of(name).is_none_or(|crossing| crossing.counted),
        })
        .collect()
}

/// `GET /border`
///
/// # Errors
/// [`Fault::SignIn`]; what keeps the store from answering.
pub async fn show(State(web): State<Web>, f: Frame, _: Operator) -> Result<Page<BorderPage>, Fault> {
    let border = web.app.border().await.map_err(page_fault(&f))?;
    let Border { years, tasks } = border.unwrap_or(Border { years: Vec::new(), tasks: Vec::new() });
    let years = years
        .iter()
        .map(|year| Year { year: year.year.to_string(), bars: year.thresholds.iter().map(|m| bar(&f, m)).collect() });
    let tasks = tasks.into_iter().map(|task| Task {
        year: task.mark.year,
        reached: task.mark.reached,
        at: task.mark.at,
        people: task.people,
        due: task.due,
        provisional: task.provisional,
        done: task.mark.done.map(|at| (at, task.mark.operator, task.mark.what)),
        record: task.mark.record,
    });
    Ok(Page(BorderPage { years: years.collect(), tasks: tasks.collect(), ways: ways(&web, &f), f }))
}

/// What the form of a task sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    year: i16,
    record: String,
    reached: bool,
    what: String,
}

/// `POST /border/settle`: enters what was done.
///
/// # Errors
/// [`Fault::NotFound`] for what is no task, or done already; what is wrong with the words.
pub async fn settle(
    State(web): State<Web>,
    f: Frame,
    operator: Operator,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let Sent { year, record, reached, what } = sent;
    let settled = web.app.settle_threshold(&operator.name, year, &record, reached, &what);
    settled.await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/border").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_groups_of_three() {
        let read = [0, 999, 1_000, 79_999, 1_000_000].map(grouped);
        assert_eq!(read, ["0", "999", "1,000", "79,999", "1,000,000"]);
    }

    #[test]
    fn promise_5_4_a_bar_tells_how_near_its_threshold_is() {
        let bar =
            |people| Bar { label: String::new(), people, warn: 80_000, threshold: 100_000, citation: String::new() };
        for (people, share, state) in [
            (0, 0, "border-well"),
            (79_999, 79, "border-well"),
            (80_000, 80, "border-near"),
            (99_999, 99, "border-near"),
            (100_000, 100, "border-reached"),
            (200_000, 100, "border-reached"),
        ] {
            let bar = bar(people);
            assert_eq!((bar.share(), bar.state(), bar.warned()), (share, state, 80), "{people}");
        }
    }
}
