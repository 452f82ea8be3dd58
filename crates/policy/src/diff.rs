//! What changed between two policies: models, not texts.
//!
//! Keeps promise 7.2: every change is classed, and the four classes the policy names as major (purpose or way of
//! processing, ownership or control, the way rights are exercised, sharing) drive notices and renewed consent.

mod class;
mod sentence;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::digest::canonical;
use crate::policy::Policy;
use crate::terms;
use crate::words::Words;

/// The classes of a major change (7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Major {
    /// Purpose or way of processing.
    Purpose,
    /// Ownership or control.
    Control,
    /// How rights are exercised.
    Rights,
    /// Sharing and transfer.
    Sharing,
}

/// What happened to a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The fact, e.g. `usage.purposes.marketing.items`; `text.en` for words.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// The value before, or the element that left a list; named things by name.
    pub before: Option<String>,
    /// The value after, or the element that entered a list; named things by name.
    pub after: Option<String>,
    /// The class, when it is major.
    pub major: Option<Major>,
    /// The change in a sentence, `en` and `zh-CN`.
    pub sentence: Words,
}

/// Everything that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The changes by path.
    pub changes: Vec<Change>,
    /// Purposes resting on consent, before and after, whose consent no longer covers what they do (PIPL
    /// article 14): old answers hold for the old scope only.
    pub ask_again: BTreeSet<String>,
}

impl Diff {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The classes of the major changes.
    #[must_use]
    pub fn majors(&self) -> BTreeSet<Major> {
        self.changes.iter().filter_map(|change| change.major).collect()
    }

    /// Whether any change is major: people are told by pop-up, not by announcement alone.
    #[must_use]
    pub fn is_major(&self) -> bool {
        self.changes.iter().any(|change| change.major.is_some())
    }
}

/// A change before it is classed and put into words.
struct Raw {
    path: Vec<String>,
    kind: ChangeKind,
    before: Option<String>,
    after: Option<String>,
    /// Whether it is an element of a list.
    element: bool,
    /// The words before and after, when it is a text in several languages.
    words: (Option<Words>, Option<Words>),
}

impl Raw {
    fn new(path: &[String], kind: ChangeKind, before: Option<&Value>, after: Option<&Value>) -> Self {
        let words = |value: Option<&Value>| {
            let map = value?.as_object()?;
            Some(Words(map.iter().filter_map(|(lang, text)| Some((lang.clone(), text.as_str()?.to_owned()))).collect()))
        };
        Self {
            path: path.to_owned(),
            kind,
            before: before.map(show),
            after: after.map(show),
            element: false,
            words: (words(before), words(after)),
        }
    }
}

impl Raw {
    fn steps(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// What changed from `old` to `new`. `diff(a, a)` is empty; two policies with one digest have no difference.
#[must_use]
pub fn diff(old: &Policy, new: &Policy) -> Diff {
    let mut raws = Vec::new();
    let languages: BTreeSet<&str> =
        old.facts().languages.iter().chain(&new.facts().languages).map(String::as_str).collect();
    walk(&mut Vec::new(), &canonical(old.facts()), &canonical(new.facts()), &languages, &mut raws);
    let texts = |policy: &Policy| {
        policy.source().texts.iter().map(|(lang, file)| (lang.clone(), file.text.clone())).collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (texts(old), texts(new));
    for lang in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let kind = match (before.get(lang), after.get(lang)) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            (Some(a), Some(b)) if a != b => ChangeKind::Changed,
            _ => continue,
        };
        raws.push(Raw::new(&["text".to_owned(), lang.clone()], kind, None, None));
    }
    let mut out = Diff::default();
    for raw in raws {
        let major = class::major(&raw);
        class::ask_again(&raw, major, old.facts(), new.facts(), &mut out.ask_again);
        let say = |lang: &str| (lang.to_owned(), sentence::sentence(lang, &raw, old.facts(), new.facts()));
        let sentence = Words([say("en"), say("zh-CN")].into());
        let Raw { path, kind, before, after, .. } = raw;
        out.changes.push(Change { path: path.join("."), kind, before, after, major, sentence });
    }
    out.changes.sort_by(|a, b| (&a.path, a.kind, &a.before, &a.after).cmp(&(&b.path, b.kind, &b.before, &b.after)));
    out
}

fn walk(path: &mut Vec<String>, old: &Value, new: &Value, languages: &BTreeSet<&str>, out: &mut Vec<Raw>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(a), Value::Object(b)) if !is_words(old, languages) && !is_words(new, languages) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                path.push(key.clone());
                match (a.get(key), b.get(key)) {
                    (Some(x), Some(y)) => walk(path, x, y, languages, out),
                    (Some(x), None) => one_side(path, x, ChangeKind::Removed, languages, out),
                    (None, Some(y)) => one_side(path, y, ChangeKind::Added, languages, out),
                    (None, None) => {}
                }
                path.pop();
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut moved = true;
            for gone in a.iter().filter(|x| !b.contains(x)) {
                moved = false;
                out.push(Raw { element: true, ..Raw::new(path, ChangeKind::Removed, Some(gone), None) });
            }
            for come in b.iter().filter(|x| !a.contains(x)) {
                moved = false;
                out.push(Raw { element: true, ..Raw::new(path, ChangeKind::Added, None, Some(come)) });
            }
            if moved {
                out.push(Raw::new(path, ChangeKind::Changed, Some(old), Some(new)));
            }
        }
        _ => out.push(Raw::new(path, ChangeKind::Changed, Some(old), Some(new))),
    }
}

/// A fact that only one side states: one change for a named thing or a value, one for each inner fact of a table.
fn one_side(path: &mut Vec<String>, value: &Value, kind: ChangeKind, languages: &BTreeSet<&str>, out: &mut Vec<Raw>) {
    let named = path.len() == 3
        && terms::tables().any(|table| path.starts_with(&table.split('.').map(str::to_owned).collect::<Vec<_>>()));
    match value {
        Value::Object(map) if !named && !is_words(value, languages) && !map.is_empty() => {
            for (key, inner) in map {
                path.push(key.clone());
                one_side(path, inner, kind, languages, out);
                path.pop();
            }
        }
        _ => {
            let name = path.last().map(|name| Value::from(name.as_str())).filter(|_| named);
            let stated = name.as_ref().or(Some(value));
            let (before, after) = if kind == ChangeKind::Added { (None, stated) } else { (stated, None) };
            out.push(Raw::new(path, kind, before, after));
        }
    }
}

fn is_words(value: &Value, languages: &BTreeSet<&str>) -> bool {
    value.as_object().is_some_and(|map| !map.is_empty() && map.keys().all(|key| languages.contains(key.as_str())))
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(show).collect::<Vec<_>>().join(", "),
        Value::Object(map) => map.values().map(show).collect::<Vec<_>>().join(" / "),
        other => other.to_string(),
    }
}
