//! Slots of the text: `{{items}}` in a language's Markdown is filled from the facts, so that words and facts
//! cannot drift apart.

use std::ops::Range;

/// Every slot a text may hold. The renderer fills each.
pub const SLOTS: &[&str] = &[
    // tables
    "items",
    "sensitive",
    "purposes",
    "cookies.categories",
    "cookies",
    "recipients",
    "partners",
    "retention",
    "statutory",
    "regions",
    "rights",
    // the labels of what a clause names, in one line
    "items.1.1",
    "items.1.2",
    "items.1.3",
    "items.1.4",
    "items.1.5",
    "items.1.6",
    "items.1.7",
    "purposes.2.1",
    "purposes.2.2",
    "purposes.2.3",
    "purposes.2.4",
    "purposes.2.5",
    "purposes.2.6",
    "purposes.2.7",
    // the document
    "title",
    "version",
    "effective",
    // who answers
    "controller.name",
    "controller.registration",
    "controller.address",
    "controller.control",
    "controller.region",
    "officer.name",
    "officer.email",
    "minors.guardian_under",
    "minors.marked_under",
    // terms
    "cookies.ask_again",
    "storage.backups",
    "storage.inactive",
    "storage.inactive_notice",
    "cross_border",
    "security.encryption",
    "security.access_review",
    "security.assessment",
    "security.training",
    "security.incident_contact",
    "rights.cooling_off",
    "rights.complete_within",
    "rights.trash",
    "rights.link_expires",
    "rights.take_back",
    "updates.channels",
    "updates.notice",
    "contact.function",
    "contact.respond_within",
    "contact.calendar",
    "contact.email",
    "contact.regulator",
    "contact.regulator_url",
    "contact.court",
];

/// A slot as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot<'t> {
    /// Its name, without braces and blanks.
    pub name: &'t str,
    /// Its bytes, braces included.
    pub span: Range<usize>,
    /// Whether its closing braces stand.
    pub closed: bool,
}

/// The slots of `text` in order; a slot without closing braces on its line ends with the line.
#[must_use]
pub fn slots(text: &str) -> Vec<Slot<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")).map(|at| at + from) {
        let rest = text.get(open + 2..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let (inner, closed) = line.split_once("}}").map_or((line, false), |(inner, _)| (inner, true));
        let end = open + 2 + inner.len() + if closed { 2 } else { 0 };
        out.push(Slot { name: inner.trim(), span: open..end, closed });
        from = end;
    }
    out
}
