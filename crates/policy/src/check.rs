//! What one part of the facts says of another: names that must be declared, and orders that must hold.
//!
//! Works on the spanned tree, not on the typed facts, so that a fault elsewhere hides none of these.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::law::{LawPack, record};
use crate::read::{Cx, Node, did_you_mean};

/// What a name refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Item,
    Purpose,
    Region,
    Category,
    Record,
    Pack,
    Calendar,
    Language,
}

/// Every place that names something: `*` stands for any key, `[]` for each element of a list.
const REFERENCES: &[(&str, Target)] = &[
    ("default_language", Target::Language),
    ("controller.region", Target::Region),
    ("controller.law.[]", Target::Pack),
    ("collection.partners.*.items.[]", Target::Item),
    ("collection.partners.*.region", Target::Region),
    ("usage.purposes.*.items.[]", Target::Item),
    ("usage.purposes.*.required.[]", Target::Item),
    ("usage.purposes.*.citation", Target::Record),
    ("usage.purposes.*.retention.statute", Target::Record),
    ("usage.purposes.*.retention.limit", Target::Record),
    ("cookies.categories.*.purpose", Target::Purpose),
    ("cookies.trackers.*.category", Target::Category),
    ("sharing.recipients.*.purposes.[]", Target::Purpose),
    ("sharing.recipients.*.items.[]", Target::Item),
    ("sharing.recipients.*.region", Target::Region),
    ("storage.statutory.*.items.[]", Target::Item),
    ("storage.statutory.*.statute", Target::Record),
    ("contact.calendar", Target::Calendar),
];

/// Tables whose keys are names, and the form those names have.
const NAMED: &[(&str, NameForm)] = &[
    ("collection.items", NameForm::Snake),
    ("collection.partners", NameForm::Snake),
    ("usage.purposes", NameForm::Snake),
    ("cookies.categories", NameForm::Snake),
    ("sharing.recipients", NameForm::Snake),
    ("storage.statutory", NameForm::Snake),
    ("storage.regions", NameForm::Region),
];

/// Names are interned to 16 bits; the last values stay free.
const MOST_NAMES: usize = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameForm {
    Snake,
    Region,
}

impl NameForm {
    fn fits(self, name: &str) -> bool {
        let most = if self == Self::Region { 8 } else { 64 };
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        starts
            && name.len() <= most
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || (b == b'_' && self == Self::Snake))
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Snake => "write lower-case letters, digits and _ only, a letter first, at most 64",
            Self::Region => "write at most eight lower-case letters or digits, a letter first, e.g. cn",
        }
    }
}

/// Pushes a fault for every name that is not declared, every name of another form, and every order that does
/// not hold. `broken` are the places of syntax errors: a name on such a line may be declared there.
pub(crate) fn check(root: &Node<'_>, text: &str, broken: &[Range<usize>], cx: &mut Cx<'_>) {
    let Some(table) = root.get_ref().as_table().filter(|_| !cx.is_full()) else {
        return;
    };
    names(table, cx);
    references(root, table, text, broken, cx);
    orders(root, cx);
}

fn names(root: &DeTable<'_>, cx: &mut Cx<'_>) {
    for (path, form) in NAMED {
        let Some(table) = at(root, path) else {
            continue;
        };
        for key in table.keys().filter(|key| !form.fits(key.get_ref())) {
            cx.fault(
                "bad-name",
                key.span(),
                format!("`{}` is no name for `{path}`", key.get_ref()),
                "cannot be a name here",
                form.advice().to_owned(),
            );
        }
        if table.len() > MOST_NAMES {
            let message = format!("`{path}` holds {} names", table.len());
            cx.fault("too-many-names", 0..0, message, "too many", format!("keep to {MOST_NAMES}"));
        }
    }
}

fn references(node: &Node<'_>, root: &DeTable<'_>, text: &str, broken: &[Range<usize>], cx: &mut Cx<'_>) {
    let unread: Vec<&str> = broken.iter().map(|span| line_around(text, span.start)).collect();
    for (pattern, target) in REFERENCES {
        let steps: Vec<&str> = pattern.split('.').collect();
        let known = declared(*target, root);
        for (path, found) in find(node, &steps, String::new()) {
            // A value of another type has its own fault; "all" is no name.
            let Some(name) = found.get_ref().as_str() else {
                continue;
            };
            let declared = match target {
                Target::Record => record(name).is_some(),
                _ => known.contains(name),
            };
            if declared || unread.iter().any(|line| line.contains(name)) {
                continue;
            }
            let (code, what, advice) = match target {
                Target::Item => ("unknown-item", "item", "declare it as [collection.items.NAME]"),
                Target::Purpose => ("unknown-purpose", "purpose", "declare it as [usage.purposes.NAME]"),
                Target::Region => ("unknown-region", "region", "declare it as [storage.regions.NAME]"),
                Target::Category => ("unknown-category", "cookie category", "declare it as [cookies.categories.NAME]"),
                Target::Record => (
                    "unknown-law-record",
                    "record of a law pack",
                    "write pack and record, e.g. \"cn-pipl.retention.network_log\"",
                ),
                Target::Pack => ("unknown-law-pack", "law pack", "write one that Avouch knows"),
                Target::Calendar => ("unknown-calendar", "calendar", "write \"cn\", \"eu\" or \"us-ca\""),
                Target::Language => ("unknown-language", "language of this policy", "add it to `languages`"),
            };
            let near = did_you_mean(name, known.iter().map(String::as_str));
            let example = name.to_ascii_lowercase();
            let or = if near.is_empty() { "" } else { "or " };
            let advice = format!("{near}{or}{}", advice.replace("NAME", &example));
            cx.fault(
                code,
                found.span(),
                format!("`{path}` names `{name}`, which is no {what}"),
                "not declared",
                advice,
            );
        }
    }
}

/// The names that may be meant by `target`.
fn declared(target: Target, root: &DeTable<'_>) -> BTreeSet<String> {
    let keys =
        |path: &str| at(root, path).map(|t| t.keys().map(|k| k.get_ref().to_string()).collect()).unwrap_or_default();
    match target {
        Target::Item => keys("collection.items"),
        Target::Purpose => keys("usage.purposes"),
        Target::Region => keys("storage.regions"),
        Target::Category => keys("cookies.categories"),
        Target::Pack => LawPack::all().map(|pack| pack.name.clone()).collect(),
        Target::Record => {
            LawPack::all().flat_map(|pack| pack.records().map(|r| format!("{}.{}", pack.name, r.id))).collect()
        }
        Target::Calendar => ["cn", "eu", "us-ca"].map(str::to_owned).into(),
        Target::Language => root
            .get("languages")
            .and_then(|n| n.get_ref().as_array())
            .map(|list| list.iter().filter_map(|n| n.get_ref().as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
    }
}

/// Orders between values of one table.
fn orders(root: &Node<'_>, cx: &mut Cx<'_>) {
    for (path, agreement) in find(root, &["sharing", "recipients", "*", "agreement"], String::new()) {
        let day = |key: &str| {
            child(agreement, key)
                .and_then(|n| Some((n.get_ref().as_str()?.parse::<jiff::civil::Date>().ok()?, n.span())))
        };
        if let (Some((signed, _)), Some((expires, span))) = (day("signed"), day("expires"))
            && expires <= signed
        {
            cx.fault(
                "dates-reversed",
                span,
                format!("`{path}` expires on {expires}, not after it was signed on {signed}"),
                "not after `signed`",
                "write a later day".to_owned(),
            );
        }
    }
    if let Some((_, minors)) = find(root, &["collection", "minors"], String::new()).pop() {
        let age = |key: &str| {
            child(minors, key).and_then(|n| Some((n.get_ref().as_integer()?.as_str().parse::<u32>().ok()?, n.span())))
        };
        if let (Some((guardian, _)), Some((marked, span))) = (age("guardian_under"), age("marked_under"))
            && marked < guardian
        {
            let advice = "write an age not below `guardian_under`".to_owned();
            cx.fault(
                "ages-reversed",
                span,
                format!("people under {guardian} need a guardian, but only those under {marked} are marked as minors"),
                "below `guardian_under`",
                advice,
            );
        }
    }
    if let Some((_, format)) = find(root, &["format"], String::new()).pop()
        && format.get_ref().as_integer().is_some_and(|n| n.as_str() != "1")
    {
        cx.fault(
            "unknown-format",
            format.span(),
            "this shape of the file is not known".to_owned(),
            "only 1 is known",
            "write format = 1, or use a newer Avouch".to_owned(),
        );
    }
    if let Some((_, list)) = find(root, &["languages"], String::new()).pop()
        && list.get_ref().as_array().is_some_and(|a| a.iter().next().is_none())
    {
        cx.fault(
            "no-language",
            list.span(),
            "the policy has no language".to_owned(),
            "an empty list",
            "write at least one, e.g. [\"en\"]".to_owned(),
        );
    }
    for (path, country) in find(root, &["storage", "regions", "*", "country"], String::new()) {
        if let Some(code) = country.get_ref().as_str()
            && !(code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()))
        {
            cx.fault(
                "bad-country",
                country.span(),
                format!("`{path}` is `{code}`, which is no country code"),
                "not two capital letters",
                "write the ISO 3166 code, e.g. \"CN\"".to_owned(),
            );
        }
    }
    for (path, empty) in find(root, &["usage", "purposes", "*", "party"], String::new()) {
        if empty.get_ref().as_array().is_some_and(|a| a.iter().next().is_none()) {
            cx.fault(
                "empty-list",
                empty.span(),
                format!("`{path}` names nobody"),
                "an empty list",
                "name who may claim the purpose: subject, service, operator, system".to_owned(),
            );
        }
    }
}

fn child<'n, 'i>(node: &'n Node<'i>, key: &str) -> Option<&'n Node<'i>> {
    node.get_ref().as_table()?.get(key)
}

fn at<'n, 'i>(root: &'n DeTable<'i>, path: &str) -> Option<&'n DeTable<'i>> {
    path.split('.').try_fold(root, |table, step| table.get(step)?.get_ref().as_table())
}

/// Every value under `node` that the steps lead to, with its path.
fn find<'n, 'i>(node: &'n Node<'i>, steps: &[&str], path: String) -> Vec<(String, &'n Node<'i>)> {
    let Some((step, rest)) = steps.split_first() else {
        return vec![(path, node)];
    };
    let under = |key: &str| {
        if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
    };
    match (node.get_ref(), *step) {
        (DeValue::Table(table), "*") => {
            table.iter().flat_map(|(key, value)| find(value, rest, under(key.get_ref()))).collect()
        }
        (DeValue::Array(list), "[]") => list.iter().flat_map(|value| find(value, rest, path.clone())).collect(),
        (DeValue::Table(table), key) => table.get(key).map(|value| find(value, rest, under(key))).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn line_around(text: &str, at: usize) -> &str {
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        if at < begin + line.len() {
            return line;
        }
        begin += line.len();
    }
    ""
}
