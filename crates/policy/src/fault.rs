//! Faults found while a policy is read: all of them at once, each with its place and what to write instead.
//!
//! Two shapes: [`Faults::report`] for a person (the offending text underlined), serde for a program.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

/// Where something stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first byte in characters, from 1.
    pub column: usize,
}

impl Span {
    /// The place of `bytes` in `text`; bytes past the end are drawn back to it.
    #[must_use]
    pub fn of(text: &str, bytes: Range<usize>) -> Self {
        Self::among(text, &line_starts(text), bytes)
    }

    /// The same, with the starts of the lines already known.
    fn among(text: &str, lines: &[usize], bytes: Range<usize>) -> Self {
        let start = floor(text, bytes.start);
        let end = floor(text, bytes.end).max(start);
        let line = lines.partition_point(|at| *at <= start);
        let begin = line.checked_sub(1).and_then(|before| lines.get(before)).copied().unwrap_or_default();
        let column = text.get(begin..start).unwrap_or_default().chars().count() + 1;
        Self { start, end, line, column }
    }
}

/// The bytes at which the lines of `text` start.
pub(crate) fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One fault: what is wrong, where, and what to write instead.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// A stable name for the kind of fault, e.g. `unknown-key`.
    pub code: &'static str,
    /// The file it is in.
    pub file: String,
    /// Where in the file.
    #[serde(flatten)]
    pub span: Span,
    /// The offending text itself, shortened.
    pub found: String,
    /// What is wrong.
    pub message: String,
    /// The short remark under the underlined text.
    pub label: String,
    /// What to write instead.
    pub advice: String,
    #[serde(skip)]
    source: Arc<NamedSource<String>>,
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        (self.code, &self.file, self.span, &self.message) == (other.code, &other.file, other.span, &other.message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Diagnostic for Fault {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.advice))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.span.start..self.span.end;
        Some(Box::new(std::iter::once(LabeledSpan::at(span, self.label.clone()))))
    }
}

/// Collects the faults of one file.
#[derive(Debug)]
pub(crate) struct Collector {
    source: Arc<NamedSource<String>>,
    lines: Vec<usize>,
    pub(crate) faults: Vec<Fault>,
}

/// So many faults of one file are told; more would help nobody, and a hostile file could make them without end.
const MOST: usize = 1000;

impl Collector {
    /// Whether no more faults are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.faults.len() > MOST
    }

    pub(crate) fn new(name: &str, text: &str) -> Self {
        let source = Arc::new(NamedSource::new(name, text.to_owned()));
        Self { source, lines: line_starts(text), faults: Vec::new() }
    }

    pub(crate) fn push(
        &mut self,
        code: &'static str,
        bytes: Range<usize>,
        message: String,
        label: &str,
        advice: String,
    ) {
        if self.is_full() {
            return;
        }
        let text = self.source.inner();
        let span = Span::among(text, &self.lines, bytes);
        let found = text.get(span.start..span.end).unwrap_or_default().chars().take(80).collect();
        let file = self.source.name().to_owned();
        let source = Arc::clone(&self.source);
        let mut fault = Fault { code, file, span, found, message, label: label.to_owned(), advice, source };
        if self.faults.contains(&fault) {
            return;
        }
        if self.faults.len() == MOST {
            fault.code = "too-many-faults";
            fault.message = format!("there are more than {MOST} faults; the rest is not shown");
            "mend those above first".clone_into(&mut fault.advice);
        }
        self.faults.push(fault);
    }
}

/// Every fault of a policy; never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Faults {
    faults: Vec<Fault>,
}

impl Faults {
    pub(crate) fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by(|a, b| (&a.file, a.span).cmp(&(&b.file, b.span)));
        Self { faults }
    }

    /// The faults, by file and place.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.faults.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// All faults as text for a terminal, each with the offending text underlined; `colour` adds ANSI colours.
    #[must_use]
    pub fn report(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100);
        let mut out = String::new();
        for fault in &self.faults {
            // Writing to a String fails only when a Display does; what was written so far still helps.
            if handler.render_report(&mut out, fault).is_err() {
                out.push_str(&fault.message);
            }
            out.push('\n');
        }
        out
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.as_slice() {
            [one] => write!(f, "the policy has a fault: {one}"),
            many => write!(f, "the policy has {} faults", many.len()),
        }
    }
}

impl std::error::Error for Faults {}

impl Diagnostic for Faults {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.faults.iter().map(|fault| fault as &dyn Diagnostic)))
    }
}
