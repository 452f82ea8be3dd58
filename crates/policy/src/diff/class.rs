//! The class of a change: one row a kind of fact, the first that fits.

use std::collections::BTreeSet;

use super::{ChangeKind, Major, Raw};
use crate::model::Facts;
use crate::period::Period;

/// When a row counts as major.
#[derive(Debug, Clone, Copy)]
enum When {
    /// Whatever happens to the fact.
    Any,
    /// Only when something is added or turned another way; taking away asks less of people.
    More,
    /// Only when something is taken away.
    Less,
    /// Only when a period grows or is no longer stated.
    Longer,
}

use Major::{Control, Purpose, Rights, Sharing};
use When::{Any, Less, Longer, More};

/// `*` stands for any name; a row holds for everything below its path. `None`: not major.
const ROWS: &[(&str, When, Option<Major>)] = &[
    // ownership and control
    ("controller.name", Any, Some(Control)),
    ("controller.registration", Any, Some(Control)),
    ("controller.control", Any, Some(Control)),
    ("controller.region", Any, Some(Purpose)),
    ("controller.law", Any, Some(Rights)),
    ("controller", Any, None),
    // what is collected
    ("collection.items.*.label", Any, None),
    ("collection.items.*.clause", Any, None),
    ("collection.items.*.necessity", Any, None),
    ("collection.items.*.impact", Any, None),
    ("collection.items.*.assessment", Any, None),
    ("collection.items.*.contact", Any, None),
    ("collection.items.*.editable", Less, Some(Rights)),
    ("collection.items.*.deletable", Less, Some(Rights)),
    ("collection.items.*.sensitive", Any, Some(Purpose)),
    ("collection.items", More, Some(Purpose)),
    ("collection.partners.*.name", Any, None),
    ("collection.partners.*.hosts", Any, None),
    ("collection.partners.*.region", Any, None),
    ("collection.partners.*.policy", Any, None),
    ("collection.partners", More, Some(Purpose)),
    ("collection.minors", Any, Some(Rights)),
    // what for
    ("usage.purposes.*.label", Any, None),
    ("usage.purposes.*.clause", Any, None),
    ("usage.purposes.*.why", Any, None),
    ("usage.purposes.*.without", Any, None),
    ("usage.purposes.*.logic", Any, None),
    ("usage.purposes.*.evidence", Any, None),
    ("usage.purposes.*.smallest", Any, Some(Purpose)),
    ("usage.purposes.*.significant", Less, Some(Rights)),
    ("usage.purposes.*.citation", Any, None),
    ("usage.purposes.*.retention.statute", Any, None),
    ("usage.purposes.*.retention.keep", Longer, Some(Purpose)),
    ("usage.purposes.*.retention", Any, Some(Purpose)),
    ("usage.purposes.*.objectable", Less, Some(Rights)),
    ("usage.purposes.*.exceptional", Less, Some(Purpose)),
    ("usage.purposes", More, Some(Purpose)),
    // cookies
    ("cookies.control", Less, Some(Rights)),
    ("cookies.ask_again", Any, Some(Rights)),
    ("cookies.categories.*.label", Any, None),
    ("cookies.categories.*.why", Any, None),
    ("cookies.categories.*.without", Any, None),
    ("cookies.categories.*.clause", Any, None),
    ("cookies.categories.*.purpose", Any, Some(Purpose)),
    ("cookies.categories", More, Some(Purpose)),
    ("cookies.trackers.*.why", Any, None),
    ("cookies.trackers.*.lifetime", Longer, Some(Purpose)),
    ("cookies.trackers.*.party", Any, Some(Sharing)),
    ("cookies.trackers", More, Some(Purpose)),
    // sharing
    ("sharing.recipients.*.clause", Any, None),
    ("sharing.recipients.*.contact", Any, None),
    ("sharing.recipients.*.kind", Any, None),
    ("sharing.recipients.*.hosts", Any, None),
    ("sharing.recipients.*.policy", Any, None),
    ("sharing.recipients.*.agreement", Any, None),
    ("sharing.recipients.*.abroad", Any, Some(Sharing)),
    ("sharing.recipients", More, Some(Sharing)),
    ("sharing", Any, Some(Sharing)),
    // storage and security
    ("storage.cross_border", Any, Some(Sharing)),
    ("storage.regions.*.label", Any, None),
    ("storage.regions.*.suite", Any, None),
    ("storage.regions", More, Some(Purpose)),
    ("storage.statutory.*.statute", Any, None),
    ("storage.statutory.*.keep", Longer, Some(Purpose)),
    ("storage.statutory", More, Some(Purpose)),
    ("storage.backups.kept", Longer, Some(Purpose)),
    ("security", Any, None),
    // rights, and how they are exercised
    ("rights", Any, Some(Rights)),
    ("contact", Any, Some(Rights)),
    ("updates", Less, Some(Rights)),
];

/// The class of a change; `None` when it is not major.
pub(super) fn major(raw: &Raw) -> Option<Major> {
    let steps = raw.steps();
    let (_, when, class) = ROWS.iter().find(|(pattern, ..)| {
        let mut pattern = pattern.split('.').enumerate();
        pattern.all(|(i, want)| steps.get(i).is_some_and(|step| want == "*" || want == *step))
    })?;
    let is = match when {
        Any => true,
        More => raw.kind != ChangeKind::Removed,
        // A flag that is unsaid is false: both its leaving and its turning take something away.
        Less => raw.kind == ChangeKind::Removed || (raw.kind == ChangeKind::Changed && !raw.element),
        Longer => longer(raw),
    };
    class.filter(|_| is)
}

fn longer(raw: &Raw) -> bool {
    let hours =
        |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<Period>().ok()).map(Period::at_least_hours);
    match (hours(&raw.before), hours(&raw.after)) {
        (Some(before), Some(after)) => after > before,
        // No longer stated is no longer bounded; newly stated is a bound.
        (before, _) => before.is_some(),
    }
}

/// Adds the purposes whose consent no longer covers what they do.
pub(super) fn ask_again(raw: &Raw, major: Option<Major>, old: &Facts, new: &Facts, out: &mut BTreeSet<String>) {
    if !matches!(major, Some(Purpose | Sharing)) {
        return;
    }
    let asked = |facts: &Facts, purpose: &str| facts.usage.purposes.get(purpose).is_some_and(|p| p.basis.is_consent());
    let purposes: Vec<String> = match raw.steps().as_slice() {
        ["usage", "purposes", name, ..] => vec![(*name).to_owned()],
        ["collection", "items", item, ..] => {
            let uses = new.usage.purposes.iter().filter(|(_, p)| p.items.has(item));
            uses.map(|(name, _)| name.clone()).collect()
        }
        ["cookies", "categories", name, ..] => {
            new.cookies.categories.get(*name).and_then(|c| c.purpose.clone()).into_iter().collect()
        }
        ["cookies", "trackers", name, ..] => {
            let category = new.cookies.trackers.get(*name).and_then(|t| new.cookies.categories.get(&t.category));
            category.and_then(|c| c.purpose.clone()).into_iter().collect()
        }
        ["sharing", "recipients", name, ..] => {
            new.sharing.recipients.get(*name).map(|r| r.purposes.iter().cloned().collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    out.extend(purposes.into_iter().filter(|p| asked(old, p) && asked(new, p)));
}
