//! What a regulator would say of a policy, with citations.
//!
//! Each rule asks the law packs in force for the record it rests on: where no pack has it, the law does not ask
//! for it and the rule is silent; where it is a standard only, the finding is a warning. So the rules hold no
//! legal number and no law. The one ambient fact, today's date, is a parameter.

mod collect;
mod keep;
mod outside;
mod text;
mod who;

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

use crate::fault::Span;
use crate::law::{LawPack, Measure, Record, Status};
use crate::model::Facts;
use crate::policy::Policy;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The policy must not be published so.
    Error,
    /// Better otherwise.
    Warning,
}

/// The provision a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Citation {
    /// The record's full name, e.g. `cn-pipl.notice.controller`.
    pub record: String,
    /// The provision, e.g. `PIPL art. 17(1)(1)`.
    pub text: String,
}

/// One thing a regulator would say.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// A stable name for the kind of finding, e.g. `controller-contact`.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The fact it is about, e.g. `usage.purposes.marketing`; `text.en` for words.
    pub path: String,
    /// The file it is in.
    pub file: String,
    /// Where in the file: the fact, or the nearest table when the fact is missing.
    #[serde(flatten)]
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// The provision; none for what follows from the policy alone.
    pub citation: Option<Citation>,
    /// What to do.
    pub advice: String,
    #[serde(skip)]
    source: Arc<NamedSource<String>>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Finding {}

impl Diagnostic for Finding {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(match &self.citation {
            Some(citation) => Box::new(format!("{} ({})", self.advice, citation.text)),
            None => Box::new(&self.advice),
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::at(self.span.start..self.span.end, self.path.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// All findings as text for a terminal; `colour` adds ANSI colours.
#[must_use]
pub fn report(findings: &[Finding], colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100);
    let mut out = String::new();
    for finding in findings {
        // Writing to a String fails only when a Display does; the message alone still helps.
        if handler.render_report(&mut out, finding).is_err() {
            out.push_str(&finding.message);
        }
        out.push('\n');
    }
    out
}

/// Everything a regulator would say of `policy` on the day `on`, by file, place and code.
#[must_use]
pub fn lint(policy: &Policy, on: Date) -> Vec<Finding> {
    let mut cx = Cx::new(policy, on);
    who::check(&mut cx);
    collect::check(&mut cx);
    outside::check(&mut cx);
    keep::check(&mut cx);
    text::check(&mut cx);
    let mut out = cx.out;
    out.sort_by(|a, b| (&a.file, a.span, a.code, &a.message).cmp(&(&b.file, b.span, b.code, &b.message)));
    out
}

/// What the rules share.
struct Cx<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    on: Date,
    packs: Vec<&'static LawPack>,
    source: Arc<NamedSource<String>>,
    out: Vec<Finding>,
}

impl<'a> Cx<'a> {
    fn new(policy: &'a Policy, on: Date) -> Self {
        let facts = policy.facts();
        let file = &policy.source().facts;
        Self {
            policy,
            facts,
            on,
            packs: facts.controller.law.iter().filter_map(|name| LawPack::named(name)).collect(),
            source: Arc::new(NamedSource::new(&file.name, file.text.clone())),
            out: Vec::new(),
        }
    }

    /// The first record among `ids` (alternatives split by `|`) that a pack in force has in force.
    fn law(&self, ids: &str) -> Option<(&'static LawPack, &'static Record)> {
        ids.split('|')
            .flat_map(|id| self.packs.iter().map(move |pack| (pack, id)))
            .find_map(|(pack, id)| Some((*pack, pack.get(id).filter(|r| r.in_force(self.on))?)))
    }

    /// Every record of `unit` in force, with its pack.
    fn records(&self, unit: Measure) -> Vec<(&'static LawPack, &'static Record)> {
        let of = |pack: &'static LawPack| pack.records().filter(move |r| r.unit == unit).map(move |r| (pack, r));
        self.packs.iter().flat_map(|pack| of(pack)).filter(|(_, r)| r.in_force(self.on)).collect()
    }

    /// An error, if a law in force asks for it.
    fn error(
        &mut self,
        code: &'static str,
        path: &str,
        law: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        if let Some(record) = self.law(law) {
            self.say(code, Severity::Error, path, Some(record), message.into(), advice.into());
        }
    }

    /// A warning, if a law in force asks for it.
    fn warn(
        &mut self,
        code: &'static str,
        path: &str,
        law: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        if let Some(record) = self.law(law) {
            self.say(code, Severity::Warning, path, Some(record), message.into(), advice.into());
        }
    }

    /// A finding about a fact. A standard is not a law: what only it asks for is a warning.
    fn say(
        &mut self,
        code: &'static str,
        severity: Severity,
        path: &str,
        record: Option<(&LawPack, &Record)>,
        message: String,
        advice: String,
    ) {
        let text = self.source.inner();
        let mut at = path;
        let bytes = loop {
            if let Some(bytes) = self.policy.span(at) {
                break bytes;
            }
            match at.rsplit_once('.') {
                Some((above, _)) => at = above,
                None => break 0..text.find('\n').unwrap_or(text.len()),
            }
        };
        let span = Span::of(text, bytes);
        let file = self.source.name().to_owned();
        let source = Arc::clone(&self.source);
        self.push(Place { file, span, source }, code, severity, path, record, message, advice);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a finding, each of its own")]
    fn push(
        &mut self,
        place: Place,
        code: &'static str,
        severity: Severity,
        path: &str,
        record: Option<(&LawPack, &Record)>,
        message: String,
        advice: String,
    ) {
        let standard = record.is_some_and(|(_, r)| r.status == Status::Standard);
        let severity = if standard { Severity::Warning } else { severity };
        let citation =
            record.map(|(pack, r)| Citation { record: format!("{}.{}", pack.name, r.id), text: r.citation.clone() });
        let Place { file, span, source } = place;
        self.out.push(Finding { code, severity, path: path.to_owned(), file, span, message, citation, advice, source });
    }
}

/// Where a finding stands.
struct Place {
    file: String,
    span: Span,
    source: Arc<NamedSource<String>>,
}
