//! A request for a right in words, as its person or staff read it.
//!
//! Keeps promise 6.5.

use avouch::rights::request::{KINDS, citation};
use avouch::store::Request;
use avouch_policy::Policy;
use jiff::Timestamp;

use crate::frame::Frame;
use crate::state::say;

/// Why something was not, or not wholly, done.
#[derive(Clone, Debug)]
pub struct Why {
    /// The reason, in words.
    pub text: String,
    /// The law it rests on; empty where none does.
    pub citation: String,
}

/// Something that was stated of a person, and whether the same is held.
#[derive(Clone, Debug)]
pub struct Stated {
    /// The item's label.
    pub label: String,
    /// Whether what is held is the same.
    pub same: bool,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its number.
    pub number: String,
    /// What is asked, in words.
    pub kind: String,
    /// To what, in words; empty for everything.
    pub about: String,
    /// Who asks, in words.
    pub role: String,
    /// How far the check is of who asks, in words; empty where who asks is signed in.
    pub identity: String,
    /// Whether that is still to be decided.
    pub undecided: bool,
    /// How it stands, in words.
    pub state: String,
    /// When it came in.
    pub received: Timestamp,
    /// The last moment for an answer; nothing where none is owed any more.
    pub due: Option<Timestamp>,
    /// Why not, or not wholly.
    pub reasons: Vec<Why>,
    /// Whether its person appealed.
    pub appealed: bool,
    /// Until when a copy can be taken.
    pub released: Option<Timestamp>,
    /// Where it is recorded.
    pub receipt: String,
    /// The path of its case; empty where it was done at once.
    pub link: String,
}

/// The words for a coded thing of a request.
#[must_use]
pub fn coded(f: &Frame, kind: &str, code: &str) -> String {
    let key = format!("request-{kind}-{code}");
    if f.texts.has(&key) { f.t(&key) } else { code.to_owned() }
}

/// The label of an item or purpose.
#[must_use]
pub fn label(policy: &Policy, f: &Frame, name: &str) -> String {
    let facts = policy.facts();
    let item = facts.collection.items.get(name).map(|i| say(f, &i.label));
    let purpose = || facts.usage.purposes.get(name).map(|p| say(f, &p.label));
    item.or_else(purpose).unwrap_or_else(|| name.to_owned())
}

/// The reasons of an answer, with the law they rest on.
#[must_use]
pub fn reasons(policy: &Policy, f: &Frame, codes: &[String]) -> Vec<Why> {
    codes.iter().map(|code| Why { text: coded(f, "reason", code), citation: citation(policy, code) }).collect()
}

/// A request in words.
#[must_use]
pub fn asked(policy: &Policy, f: &Frame, request: &Request, now: Timestamp) -> Asked {
    let state = match (request.answered, request.outcome.as_str()) {
        (Some(at), "answered") if at == request.received => f.t("request-at-once"),
        (Some(_), outcome) => coded(f, "outcome", outcome),
        (None, _) if request.appealed.is_some() => f.t("request-appealed"),
        (None, _) => f.t("request-open"),
    };
    let at_once = request.answered == Some(request.received);
    Asked {
        number: request.number.clone(),
        kind: coded(f, "kind", &request.kind),
        about: if request.about.is_empty() { String::new() } else { label(policy, f, &request.about) },
        role: coded(f, "role", &request.role),
        identity: if request.identity == "account" { String::new() } else { coded(f, "identity", &request.identity) },
        undecided: request.identity == "stated" && request.answered.is_none(),
        state,
        received: request.received,
        due: request.due.filter(|_| request.answered.is_none()).map(|due| due - jiff::SignedDuration::from_secs(1)),
        reasons: reasons(policy, f, &request.reasons),
        appealed: request.appealed.is_some(),
        released: request.released.filter(|until| *until > now),
        receipt: format!("{}/{}", request.receipt.log, request.receipt.index),
        link: if at_once { String::new() } else { format!("/privacy/cases/{}", request.number) },
    }
}

/// What was stated of a person, for staff.
#[must_use]
pub fn stated(policy: &Policy, f: &Frame, request: &Request) -> Vec<Stated> {
    let one = |part: &str| {
        let (item, how) = part.split_once(':')?;
        Some(Stated { label: label(policy, f, item), same: how == "same" })
    };
    request.matched.split_whitespace().filter_map(one).collect()
}

/// Where a kind is done at once.
#[must_use]
pub fn place(kind: &str) -> &'static str {
    KINDS.iter().find(|(code, ..)| *code == kind).map_or("/privacy", |(_, _, path)| *path)
}
