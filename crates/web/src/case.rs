//! A case of customer service in words: what happened in it, as its person or staff read it.
//!
//! Keeps promises 8.1 to 8.3.

use avouch::contact::attachment::{ENTRY, LARGEST, NOTE_ENTRY};
use avouch::contact::case::{Thread, Told};
use avouch::store::{Blob, CaseFile, Sink};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;

use crate::frame::Frame;
use crate::http::media;
use crate::shown::Shown;
use crate::site::privacy::uses::labels;
use crate::state::{Web, say};

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// Who, or what happened.
    pub head: String,
    /// The words; empty where there are none.
    pub text: Shown,
    /// The file that came with it; nothing where none did.
    pub file: Option<Saved>,
    /// Whether only staff see it.
    pub internal: bool,
}

/// A file to be saved.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Its address.
    pub href: String,
    /// What it is, and how large.
    pub words: String,
}

/// The head of a case.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its number.
    pub number: String,
    /// What it was said to be.
    pub category: String,
    /// Its state, and of a closed one how it ended.
    pub state: String,
    /// Whether it is closed.
    pub closed: bool,
    /// When it was opened.
    pub opened: Timestamp,
    /// The last day for an answer; nothing where no rule sets one, or it was given.
    pub due: Option<Timestamp>,
    /// Whether that day may still move.
    pub provisional: bool,
    /// Whether that day is over.
    pub overdue: bool,
    /// How much of the time was over at the last alarm, in per cent; 0 before the first.
    pub alarmed: u64,
    /// Who of the staff has it.
    pub operator: String,
    /// What triage proposes, in words.
    pub proposed: String,
}

/// The words of a coded thing of a case.
#[must_use]
pub fn coded(f: &Frame, kind: &str, code: &str) -> String {
    let key = format!("case-{kind}-{code}");
    if f.texts.has(&key) { f.t(&key) } else { code.to_owned() }
}

/// The instant a deadline is over, as the last moment before it: its own day is shown, not the next.
fn last_moment(due: Timestamp) -> Timestamp {
    due.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(due)
}

/// The head of a case.
#[must_use]
pub fn head(f: &Frame, file: &CaseFile, now: Timestamp) -> Head {
    let closed = file.closed.is_some();
    let proposed: Vec<String> = file.proposed.split_whitespace().map(|code| coded(f, "right", code)).collect();
    Head {
        number: file.number.clone(),
        category: coded(f, "category", &file.category),
        state: if closed { coded(f, "outcome", &file.outcome) } else { coded(f, "state", &file.state) },
        closed,
        opened: file.opened,
        due: file.due.filter(|_| !closed).map(last_moment),
        provisional: file.provisional,
        overdue: !closed && file.due.is_some_and(|due| due <= now),
        alarmed: if closed { 0 } else { file.alarmed },
        operator: file.operator.clone(),
        proposed: f.texts.list(&proposed),
    }
}

fn dated(f: &Frame, told: &str) -> (String, String) {
    let day = |text: &str| text.parse().map_or_else(|_| text.to_owned(), |day: jiff::civil::Date| f.date(&day));
    let (from, to) = told.split_once(' ').unwrap_or((told, ""));
    (day(from), day(to))
}

fn said(web: &Web, f: &Frame, told: &Told, staff: bool) -> Said {
    let entry = &told.entry;
    let head = match entry.kind.as_str() {
        "message" if staff => f.t("case-said-person"),
        "message" => f.t("case-said-you"),
        "reply" if staff => f.t1("case-said-operator", "operator", &*entry.operator),
        "reply" => f.t("case-said-service"),
        "note" => f.t1("case-said-note", "operator", &*entry.operator),
        "letter" => f.t("case-said-letter"),
        "reveal" => {
            let item = labels(web, f, std::slice::from_ref(&entry.told));
            f.t2("case-said-reveal", "item", item, "operator", &*entry.operator)
        }
        "assigned" if entry.told.is_empty() => f.t1("case-said-given-back", "operator", &*entry.operator),
        "assigned" => f.t1("case-said-taken", "operator", &*entry.told),
        "moved" => {
            let (from, to) = dated(f, &entry.told);
            f.t2("case-said-moved", "from", from, "to", to)
        }
        "alarm" => f.t1("case-said-alarm", "percent", &*entry.told),
        "closed" => coded(f, "outcome", &entry.told),
        _ => coded(f, "state", &entry.told),
    };
    let text = told.words.as_ref().map(|words| words.expose(Sink::Subject, |v| Shown::new(String::from_utf8_lossy(v))));
    Said {
        at: entry.at,
        head,
        text: text.unwrap_or_default(),
        file: None,
        internal: matches!(entry.kind.as_str(), "note" | "assigned" | "alarm"),
    }
}

/// What a file is, in words: by what it is saved as, and its size.
fn saved(f: &Frame, told: &Told, link: &str) -> Option<Saved> {
    let (kind, bytes) = told.entry.told.split_once(' ')?;
    let kilobytes = bytes.parse::<u64>().ok()?.div_ceil(1024);
    Some(Saved {
        href: format!("{link}/files/{}", told.entry.record?),
        words: f.t2("case-file", "kind", kind.to_uppercase(), "size", kilobytes),
    })
}

/// Everything that happened in a case whose path is `link`. A file belongs to the message it came with.
#[must_use]
pub fn thread(web: &Web, f: &Frame, thread: &Thread, link: &str, staff: bool) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for told in &thread.told {
        match all.last_mut() {
            Some(last) if matches!(told.entry.kind.as_str(), ENTRY | NOTE_ENTRY) => last.file = saved(f, told, link),
            _ => all.push(said(web, f, told, staff)),
        }
    }
    all
}

/// What is wrong with a file that came with a message, in the page's words.
#[must_use]
pub fn wrong_file(f: &Frame, code: &str) -> String {
    match code {
        "empty" => f.t("upload-empty"),
        "too-large" => f.t1("case-file-large", "size", LARGEST >> 20),
        "quota" => f.t("upload-quota"),
        "svg" => f.t("upload-svg"),
        "heic" => f.t("upload-heic"),
        "huge-picture" => f.t("upload-huge"),
        "bomb" => f.t("upload-bomb"),
        "broken-picture" | "broken-file" => f.t("upload-broken"),
        _ => f.t("case-file-unknown"),
    }
}

/// A file of a case as an answer: only ever to be saved.
pub(crate) fn file_answer(blob: Blob, sink: Sink, headers: &HeaderMap, number: &str) -> Response {
    let name = media::file_name(number, &blob.media);
    media::saved(blob, sink, headers, &name)
}

/// Regulator and court: where else one can turn (8.3).
#[derive(Clone, Debug)]
pub struct Relief {
    /// The regulator.
    pub regulator: String,
    /// Its address on the web.
    pub url: String,
    /// The court.
    pub court: String,
}

impl Relief {
    /// By the policy.
    #[must_use]
    pub fn of(web: &Web, f: &Frame) -> Self {
        let policy = web.policy();
        let contact = &policy.facts().contact;
        let regulator = contact.regulator.as_ref();
        Self {
            regulator: regulator.map(|r| say(f, &r.name)).unwrap_or_default(),
            url: regulator.and_then(|r| r.url.clone()).unwrap_or_default(),
            court: contact.court.as_ref().map(|c| say(f, c)).unwrap_or_default(),
        }
    }
}
