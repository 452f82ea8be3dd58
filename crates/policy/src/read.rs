//! Reading typed facts from a spanned TOML tree, going on after every fault.
//!
//! serde stops at the first error; a person who writes a policy wants all of them. So each type reads itself
//! from a node, pushes what is wrong, and its parent goes on with the next key.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::fault::{Collector, line_starts};
use crate::period::Period;

/// A value with its place in the file.
pub(crate) type Node<'i> = Spanned<DeValue<'i>>;

/// What is carried along while reading one file.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    text: &'a str,
    out: Collector,
    path: Vec<String>,
    /// Path of a fact, e.g. `usage.purposes.marketing.items[1]`, to its bytes.
    pub(crate) spans: BTreeMap<String, Range<usize>>,
    /// The languages every text must have; empty when `languages` itself could not be read.
    pub(crate) languages: Vec<String>,
    /// Starts of the lines.
    lines: Vec<usize>,
    /// Starts of the `[sections]`.
    sections: Vec<usize>,
    /// Starts of the sections in which the file's syntax is broken: what is missing there may only be unread.
    broken: BTreeSet<usize>,
    /// Starts of the lines in which it is broken.
    broken_lines: BTreeSet<usize>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(name: &str, text: &'a str) -> Self {
        let lines = line_starts(text);
        let heads =
            |at: &usize| text.get(*at..).is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('['));
        Self {
            text,
            sections: lines.iter().copied().filter(heads).collect(),
            lines,
            out: Collector::new(name, text),
            path: Vec::new(),
            spans: BTreeMap::new(),
            languages: Vec::new(),
            broken: BTreeSet::new(),
            broken_lines: BTreeSet::new(),
        }
    }

    pub(crate) fn into_parts(self) -> (Collector, BTreeMap<String, Range<usize>>) {
        (self.out, self.spans)
    }

    /// Pushes a fault, unless its place touches a line on which the syntax is broken: what was read there is
    /// not what was meant.
    pub(crate) fn fault(&mut self, code: &'static str, at: Range<usize>, message: String, label: &str, advice: String) {
        if self.out.is_full() {
            return;
        }
        let lines = last_before(&self.lines, at.start)..at.end.max(at.start + 1);
        if !self.broken_lines.iter().any(|line| lines.contains(line)) {
            self.out.push(code, at, message, label, advice);
        }
    }

    /// Pushes a fault of syntax, and marks its line and section as broken.
    pub(crate) fn syntax_fault(&mut self, at: Range<usize>, message: String) {
        self.broken.insert(last_before(&self.sections, at.start));
        self.broken_lines.insert(last_before(&self.lines, at.start));
        let advice = "write TOML: key = value, texts in quotes, tables in [brackets]".to_owned();
        self.out.push("broken-toml", at, message, "the file cannot be read here", advice);
    }

    pub(crate) fn is_broken(&self, at: usize) -> bool {
        !self.broken.is_empty() && !self.is_full() && self.broken.contains(&last_before(&self.sections, at))
    }

    /// Whether no more faults are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.out.is_full()
    }

    /// Where the value under `key` of the table being read stands.
    pub(crate) fn span_of(&self, key: &str) -> Option<Range<usize>> {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        self.spans.get(&path.join(".")).cloned()
    }

    fn within<T>(&mut self, step: String, node: &Node<'_>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        self.spans.insert(self.path.join(".").replace(".[", "["), node.span());
        let out = read(self);
        self.path.pop();
        out
    }

    /// The table in `node`, with a fault for each key not in `keys`.
    pub(crate) fn table<'n, 'i>(&mut self, node: &'n Node<'i>, keys: &[&str]) -> Option<&'n DeTable<'i>> {
        let table = self.any_table(node)?;
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !keys.contains(&name) && !self.is_full() {
                let near = did_you_mean(name, keys.iter().copied());
                let advice = format!("{near}the keys here are: {}", keys.join(", "));
                let place =
                    if self.path.is_empty() { "the policy".to_owned() } else { format!("`{}`", self.path.join(".")) };
                self.fault(
                    "unknown-key",
                    key.span(),
                    format!("`{name}` is no key of {place}"),
                    "not known here",
                    advice,
                );
            }
        }
        Some(table)
    }

    pub(crate) fn any_table<'n, 'i>(&mut self, node: &'n Node<'i>) -> Option<&'n DeTable<'i>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(node, "a table", "{ … }");
        }
        table
    }

    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, wanted: &str, example: &str) {
        let found = node.get_ref().type_str();
        let key = self.path.last().cloned().unwrap_or_default();
        let advice = if key.starts_with('[') { format!("write {example}") } else { format!("write {key} = {example}") };
        self.fault(
            "wrong-type",
            node.span(),
            format!("`{}` must be {wanted}, not {}", self.path.join("."), article(found)),
            "wrong kind of value",
            advice,
        );
    }

    /// Reads `key` of `table`: the value, or what its absence stands for, or a fault.
    pub(crate) fn field<T: Read>(
        &mut self,
        parent: &Node<'_>,
        table: &DeTable<'_>,
        key: &str,
        default: Option<T>,
    ) -> Option<T> {
        if let Some(node) = table.get(key) {
            return self.within(key.to_owned(), node, |cx| T::read(node, cx));
        }
        if let Some(value) = default.or_else(T::absent) {
            return Some(value);
        }
        // A whole chapter may be missing only because its heading could not be read.
        let unread = if self.path.is_empty() { !self.broken.is_empty() } else { self.is_broken(parent.span().start) };
        if !unread {
            let place =
                if self.path.is_empty() { "the policy".to_owned() } else { format!("`{}`", self.path.join(".")) };
            let at =
                if self.path.is_empty() { 0..self.text.find('\n').unwrap_or(self.text.len()) } else { parent.span() };
            self.fault(
                "missing-key",
                at,
                format!("{place} lacks `{key}`"),
                "a key is missing here",
                format!("add {key} = {}", T::example()),
            );
        }
        None
    }
}

fn article(type_name: &str) -> String {
    let an = type_name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {type_name}", if an { "an" } else { "a" })
}

/// The last of the sorted `starts` that is not after `at`.
fn last_before(starts: &[usize], at: usize) -> usize {
    starts.partition_point(|start| *start <= at).checked_sub(1).and_then(|i| starts.get(i)).copied().unwrap_or_default()
}

/// "did you mean `x`? " for the nearest of `known`, or nothing when none is near.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let reach = (name.chars().count() / 3).clamp(1, 3);
    known
        .map(|k| (distance(name, k), k))
        .filter(|(d, _)| *d <= reach)
        .min()
        .map(|(_, k)| format!("did you mean `{k}`? "))
        .unwrap_or_default()
}

/// Edit distance in characters (insert, delete, replace, swap of neighbours).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |r: &[usize], k: usize| r.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&row, j) + usize::from(ca != *cb)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if j > 0 && last == Some(*cb) && b.get(j - 1) == Some(&ca) {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        last = Some(ca);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

/// A type that reads itself from a node, pushing what is wrong.
pub(crate) trait Read: Sized {
    /// What to write for it, as an example.
    fn example() -> String;

    /// The value, or `None` after at least one fault was pushed.
    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self>;

    /// What it is when its key is not written; `None` makes the key required.
    fn absent() -> Option<Self> {
        None
    }
}

impl Read for String {
    fn example() -> String {
        "\"…\"".to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let text = node.get_ref().as_str();
        if text.is_none() {
            cx.wrong_type(node, "a text in quotes", "\"…\"");
        }
        text.map(str::to_owned)
    }
}

impl Read for bool {
    fn example() -> String {
        "true".to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let value = node.get_ref().as_bool();
        if value.is_none() {
            cx.wrong_type(node, "true or false", "true");
        }
        value
    }
}

impl Read for u32 {
    fn example() -> String {
        "1".to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let value = node.get_ref().as_integer().and_then(|n| Self::from_str_radix(n.as_str(), n.radix()).ok());
        if value.is_none() {
            cx.wrong_type(node, "a whole number, not negative", "1");
        }
        value
    }
}

impl Read for Date {
    fn example() -> String {
        "\"2026-12-01\"".to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let text = match node.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(at) if at.time.is_none() => at.to_string(),
            _ => {
                cx.wrong_type(node, "a date", "\"2026-12-01\"");
                return None;
            }
        };
        let date = (text.len() == 10).then(|| text.parse().ok()).flatten();
        if date.is_none() {
            cx.fault(
                "bad-date",
                node.span(),
                format!("`{text}` is no date"),
                "not a day of the calendar",
                "write year-month-day, e.g. \"2026-12-01\"".to_owned(),
            );
        }
        date
    }
}

impl Read for Period {
    fn example() -> String {
        "\"6 months\"".to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let text = String::read(node, cx)?;
        text.parse()
            .map_err(|why: crate::period::PeriodError| {
                cx.fault(
                    "bad-period",
                    node.span(),
                    format!("`{text}` is no period"),
                    "not a length of time",
                    why.to_string(),
                );
            })
            .ok()
    }
}

impl<T: Read> Read for Option<T> {
    fn example() -> String {
        T::example()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        T::read(node, cx).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn example() -> String {
        format!("[{}]", T::example())
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let Some(array) = node.get_ref().as_array() else {
            cx.wrong_type(node, "a list", &Self::example());
            return None;
        };
        let mut all = true;
        let mut out = Self::new();
        for (i, element) in array.iter().enumerate() {
            match cx.within(format!("[{i}]"), element, |cx| T::read(element, cx)) {
                Some(value) => out.push(value),
                None => all = false,
            }
        }
        all.then_some(out)
    }
}

impl<T: Read + Ord> Read for BTreeSet<T> {
    fn example() -> String {
        Vec::<T>::example()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let list = Vec::<T>::read(node, cx)?;
        let mut out = Self::new();
        for (i, value) in list.into_iter().enumerate() {
            if !out.insert(value) {
                let at = node.get_ref().as_array().and_then(|a| a.get(i)).map_or_else(|| node.span(), Spanned::span);
                cx.fault(
                    "said-twice",
                    at,
                    format!("`{}` names this twice", cx.path.join(".")),
                    "already in the list",
                    "remove one of the two".to_owned(),
                );
            }
        }
        Some(out)
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn example() -> String {
        format!("{{ name = {} }}", T::example())
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let table = cx.any_table(node)?;
        let mut all = true;
        let mut out = Self::new();
        for (key, element) in table {
            let name: &str = key.get_ref();
            match cx.within(name.to_owned(), element, |cx| T::read(element, cx)) {
                Some(value) => drop(out.insert(name.to_owned(), value)),
                None => all = false,
            }
        }
        all.then_some(out)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// Structs whose fields are keys of a TOML table. A field with `= value` may be left out.
macro_rules! facts {
    ($($(#[$m:meta])* pub struct $name:ident { $($(#[$fm:meta])* pub $field:ident : $ty:ty $(= $default:expr)?,)* })*) => {$(
        $(#[$m])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        pub struct $name { $($(#[$fm])* pub $field: $ty,)* }

        impl $crate::read::Read for $name {
            fn example() -> String {
                "{ … }".to_owned()
            }

            fn read(node: &$crate::read::Node<'_>, cx: &mut $crate::read::Cx<'_>) -> Option<Self> {
                let table = cx.table(node, &[$(stringify!($field)),*])?;
                $(let $field = cx.field::<$ty>(node, table, stringify!($field), $crate::read::facts!(@default $($default)?));)*
                Some(Self { $($field: $field?,)* })
            }
        }
    )*};
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

/// Enums whose variants are words of the policy file.
macro_rules! names {
    ($($(#[$m:meta])* pub enum $name:ident { $($(#[$vm:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$m])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum $name { $($(#[$vm])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every one, in the order of the declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word the policy file writes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::read::Read for $name {
            fn example() -> String {
                Self::ALL.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(" | ")
            }

            fn read(node: &$crate::read::Node<'_>, cx: &mut $crate::read::Cx<'_>) -> Option<Self> {
                let text = <String as $crate::read::Read>::read(node, cx)?;
                let found = Self::ALL.iter().copied().find(|v| v.as_str() == text);
                if found.is_none() {
                    let near = $crate::read::did_you_mean(&text, Self::ALL.iter().map(|v| v.as_str()));
                    let advice = format!("{near}write one of: {}", <Self as $crate::read::Read>::example());
                    cx.fault("unknown-value", node.span(), format!("`{text}` is not known here"), "none of the values that may stand here", advice);
                }
                found
            }
        }
    )*};
}

pub(crate) use {facts, names};
