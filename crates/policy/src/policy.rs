//! A policy, read and whole. Keeps promise 0.1: what is shown and what is executed come from one source.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::check::check;
use crate::digest::Digest;
use crate::fault::{Collector, Fault, Faults};
use crate::model::Facts;
use crate::read::{Cx, Read};
use crate::rules::Rules;
use crate::slots::{SLOTS, slots};

/// A language tag as the policy writes it: `en`, `zh-CN`.
pub type Lang = String;

/// A file of the policy, already read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct File {
    /// Its name as faults show it, e.g. `policy/policy.toml`.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl File {
    /// A file from its name and text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// A file from its bytes.
    ///
    /// # Errors
    /// A fault that names the first byte that is not UTF-8.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Result<Self, Faults> {
        let name = name.into();
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text: text.to_owned() }),
            Err(why) => {
                let at = why.valid_up_to();
                let text = String::from_utf8_lossy(bytes);
                let mut out = Collector::new(&name, &text);
                let advice = "save the file as UTF-8".to_owned();
                // Everything before `at` is unchanged by the lossy reading, so the place holds there too.
                out.push(
                    "not-utf8",
                    at..at + '\u{fffd}'.len_utf8(),
                    format!("byte {at} is not UTF-8"),
                    "unreadable from here",
                    advice,
                );
                Err(Faults::new(out.faults))
            }
        }
    }
}

/// Everything a policy is written in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The facts, TOML.
    pub facts: File,
    /// The words, Markdown, one file a language.
    pub texts: Vec<(Lang, File)>,
}

/// A policy, read and whole.
#[derive(Debug, Clone)]
pub struct Policy {
    source: Source,
    facts: Facts,
    texts: BTreeMap<Lang, String>,
    spans: BTreeMap<String, Range<usize>>,
    rules: Rules,
    digest: Digest,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Every fault of every file, by file and place.
    pub fn load(source: &Source) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let (facts, spans) = read_facts(&source.facts, &mut faults);
        let texts = read_texts(source, facts.as_ref(), &mut faults);
        match facts {
            Some(facts) if faults.is_empty() => {
                let (rules, digest) = (Rules::compile(&facts), Digest::of(&facts, &texts));
                Ok(Self { source: source.clone(), facts, texts, spans, rules, digest })
            }
            _ => Err(Faults::new(faults)),
        }
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The time zone in which the first law in force counts days.
    #[must_use]
    pub fn zone(&self) -> jiff::tz::TimeZone {
        crate::rules::zone(&self.facts)
    }

    /// The rules, ready to decide on.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The digest that consents, decisions and leaves cite.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The words in `lang`, as written, with their slots.
    #[must_use]
    pub fn text(&self, lang: &str) -> Option<&str> {
        self.texts.get(lang).map(String::as_str)
    }

    /// The files it was read from.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The instant the policy takes effect: the begin of its day, as its first law counts days; nothing where it states
    /// no day.
    #[must_use]
    pub fn begins(&self) -> Option<jiff::Timestamp> {
        self.day_begins(self.facts.effective?)
    }

    /// The begin of a day, as the policy's first law counts days.
    #[must_use]
    pub fn day_begins(&self, day: jiff::civil::Date) -> Option<jiff::Timestamp> {
        crate::rules::Days::of(&self.facts).begin(day)
    }

    /// The policy's own version; `unversioned` when it states none.
    #[must_use]
    pub fn version(&self) -> &str {
        self.facts.version.as_deref().unwrap_or("unversioned")
    }

    /// Where the fact at `path` (e.g. `usage.purposes.marketing.items`) stands in the facts file.
    #[must_use]
    pub fn span(&self, path: &str) -> Option<Range<usize>> {
        self.spans.get(path).cloned()
    }
}

fn read_facts(file: &File, faults: &mut Vec<Fault>) -> (Option<Facts>, BTreeMap<String, Range<usize>>) {
    let (root, broken) = DeTable::parse_recoverable(&file.text);
    let mut cx = Cx::new(&file.name, &file.text);
    for error in &broken {
        if cx.is_full() {
            break;
        }
        let at = error.span().unwrap_or(0..0);
        cx.syntax_fault(at, error.message().to_owned());
    }
    let span = root.span();
    let root = Spanned::new(span, DeValue::Table(root.into_inner()));
    if let Some(list) = root.get_ref().as_table().and_then(|t| t.get("languages")).and_then(|n| n.get_ref().as_array())
    {
        cx.languages = list.iter().filter_map(|n| n.get_ref().as_str().map(str::to_owned)).collect();
    }
    let facts = Facts::read(&root, &mut cx);
    let places: Vec<_> = broken.iter().filter_map(toml::de::Error::span).collect();
    check(&root, &file.text, &places, &mut cx);
    let (out, spans) = cx.into_parts();
    faults.extend(out.faults);
    (facts, spans)
}

fn read_texts(source: &Source, facts: Option<&Facts>, faults: &mut Vec<Fault>) -> BTreeMap<Lang, String> {
    let mut texts = BTreeMap::new();
    for (lang, file) in &source.texts {
        let mut out = Collector::new(&file.name, &file.text);
        if let Some(facts) = facts.filter(|facts| !facts.languages.contains(lang)) {
            let advice =
                format!("name it after one of: {}; or add \"{lang}\" to `languages`", facts.languages.join(", "));
            out.push(
                "unknown-language",
                0..0,
                format!("`{lang}` is not a language of this policy"),
                "not in `languages`",
                advice,
            );
        }
        for slot in slots(&file.text) {
            if !slot.closed {
                out.push(
                    "open-slot",
                    slot.span,
                    "a slot is not closed".to_owned(),
                    "no }} on this line",
                    "write {{name}} on one line".to_owned(),
                );
            } else if !SLOTS.contains(&slot.name) {
                let near = crate::read::did_you_mean(slot.name, SLOTS.iter().copied());
                let advice = format!("{near}the slots are: {}", SLOTS.join(", "));
                out.push(
                    "unknown-slot",
                    slot.span,
                    format!("`{}` is no slot", slot.name),
                    "nothing fills this",
                    advice,
                );
            }
        }
        faults.extend(out.faults);
        texts.insert(lang.clone(), file.text.clone());
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_facts_load() {
        let source =
            Source { facts: File::new("policy.toml", include_str!("../../../policy/policy.toml")), texts: Vec::new() };
        let policy = Policy::load(&source).map_err(|faults| faults.report(false)).unwrap();
        assert!(policy.facts().usage.purposes.contains_key("marketing"));
        assert!(policy.span("usage.purposes.marketing.items").is_some());
    }
}
