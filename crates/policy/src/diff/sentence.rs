//! A change in a sentence that a person reads in a notice.

use super::{ChangeKind, Raw};
use crate::model::Facts;
use crate::terms::{chapter, key, thing, value};
use crate::words::Words;

/// The change in `lang`, full stop included.
pub(super) fn sentence(lang: &str, raw: &Raw, old: &Facts, new: &Facts) -> String {
    let steps = raw.steps();
    let label = |table: &str, name: &str| quote(&label(lang, table, name, old, new));
    let shown = |text: &Option<String>, words: &Option<Words>| match words {
        Some(words) => quote(words.in_lang(lang)),
        None => text.as_deref().map(|t| value_of(lang, &steps, t, &label)).unwrap_or_default(),
    };
    let (before, after) = (shown(&raw.before, &raw.words.0), shown(&raw.after, &raw.words.1));
    let zh = lang.starts_with("zh");
    if let ["text", of] = steps.as_slice() {
        return if zh { format!("{of}文本有修改。") } else { format!("The text in {of} has changed.") };
    }
    // A named thing as a whole.
    if let [chapter, table, name] = steps.as_slice()
        && let Some(what) = thing(lang, &format!("{chapter}.{table}"))
        && !raw.element
        && raw.kind != ChangeKind::Changed
    {
        let name = label(&format!("{chapter}.{table}"), name);
        return match (raw.kind, zh) {
            (ChangeKind::Removed, false) => format!("No longer a {what}: {name}."),
            (ChangeKind::Removed, true) => format!("不再有{what}{name}。"),
            (_, false) => format!("New {what}: {name}."),
            (_, true) => format!("新增{what}{name}。"),
        };
    }
    let gone = raw.kind == ChangeKind::Removed;
    let one = if gone { &before } else { &after };
    // Elements of the lists people care about.
    match steps.as_slice() {
        ["usage", "purposes", name, "items"] if raw.element => {
            let name = label("usage.purposes", name);
            return match (gone, zh) {
                (true, false) => format!("{name} no longer uses {one}."),
                (true, true) => format!("{name}不再使用{one}。"),
                (false, false) => format!("{name} now also uses {one}."),
                (false, true) => format!("{name}将新使用{one}。"),
            };
        }
        ["sharing", "recipients", name, "items"] if raw.element => {
            let name = label("sharing.recipients", name);
            return match (gone, zh) {
                (true, false) => format!("{name} no longer gets {one}."),
                (true, true) => format!("{name}不再获得{one}。"),
                (false, false) => format!("{name} now also gets {one}."),
                (false, true) => format!("{name}将新获得{one}。"),
            };
        }
        ["rights", "offered"] if raw.element => {
            return match (gone, zh) {
                (true, false) => format!("This right is no longer offered: {one}."),
                (true, true) => format!("不再提供此项权利：{one}。"),
                (false, false) => format!("New right: {one}."),
                (false, true) => format!("新增权利：{one}。"),
            };
        }
        _ => {}
    }
    let fact = key(lang, &steps);
    let of = match steps.as_slice() {
        [chapter, table, name, ..] if thing(lang, &format!("{chapter}.{table}")).is_some() => {
            label(&format!("{chapter}.{table}"), name)
        }
        [first, ..] => chapter(lang, first).to_owned(),
        [] => String::new(),
    };
    if raw.words.0.is_some() && before == after {
        return if zh {
            format!("{of}：{fact}的其他语言文本有修改。")
        } else {
            format!("{of}: {fact} is worded otherwise in another language.")
        };
    }
    match (raw.kind, zh) {
        (ChangeKind::Added, false) if raw.element => format!("{of}: {fact} now also includes {one}."),
        (ChangeKind::Added, true) if raw.element => format!("{of}：{fact}新增{one}。"),
        (ChangeKind::Removed, false) if raw.element => format!("{of}: {fact} no longer includes {one}."),
        (ChangeKind::Removed, true) if raw.element => format!("{of}：{fact}不再包括{one}。"),
        (ChangeKind::Added, false) => format!("{of}: {fact} is now {after}."),
        (ChangeKind::Added, true) => format!("{of}：{fact}现为{after}。"),
        (ChangeKind::Removed, false) => format!("{of}: {fact} is no longer {before}."),
        (ChangeKind::Removed, true) => format!("{of}：{fact}不再为{before}。"),
        (ChangeKind::Changed, false) => format!("{of}: {fact} changes from {before} to {after}."),
        (ChangeKind::Changed, true) => format!("{of}：{fact}由{before}改为{after}。"),
    }
}

fn quote(text: &str) -> String {
    format!("“{text}”")
}

/// A value in words: the label of a named thing where the list holds names, else the word for the value.
fn value_of(lang: &str, steps: &[&str], text: &str, label: &impl Fn(&str, &str) -> String) -> String {
    match steps.last() {
        Some(&("items" | "required")) if text != "all" => label("collection.items", text),
        Some(&("purposes" | "purpose")) => label("usage.purposes", text),
        Some(&"category") => label("cookies.categories", text),
        Some(&"region") => label("storage.regions", text),
        _ => {
            let said = value(lang, text);
            // A sentence inside a sentence is quoted, so that its stop is not ours.
            if said.ends_with(['.', '。']) { quote(&said) } else { said }
        }
    }
}

/// What people call the thing `name` of `table`, in the new policy, else in the old, else its name.
fn label(lang: &str, table: &str, name: &str, old: &Facts, new: &Facts) -> String {
    let of = |facts: &Facts| {
        let words = match table {
            "collection.items" => facts.collection.items.get(name).map(|x| &x.label),
            "usage.purposes" => facts.usage.purposes.get(name).map(|x| &x.label),
            "cookies.categories" => facts.cookies.categories.get(name).map(|x| &x.label),
            "sharing.recipients" => facts.sharing.recipients.get(name).map(|x| &x.name),
            "storage.regions" => facts.storage.regions.get(name).map(|x| &x.label),
            _ => None,
        };
        words.map(|words| words.in_lang(lang).to_owned())
    };
    of(new).or_else(|| of(old)).unwrap_or_else(|| name.to_owned())
}
