//! Why the policy holds: for each promise the facts that keep it, for each item and purpose a plain description.
//!
//! Keeps promise 0.1: principles, methods and rights explained so that people can choose.

mod promises;

use serde::Serialize;

use crate::law::record;
use crate::model::{Facts, ItemSet, Purpose};
use crate::policy::Policy;
use crate::terms::{pick, value};

/// One fact, in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The fact, e.g. `usage.purposes.marketing`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// A promise and the facts that keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// Its number, chapter and place.
    pub id: &'static str,
    /// What is promised.
    pub title: &'static str,
    /// The facts that keep it; empty when the policy states none.
    pub facts: Vec<Line>,
}

/// Every promise 0.1 to 8.3 in order, with the facts that keep it, in `lang` (Chinese or else English).
#[must_use]
pub fn promises(policy: &Policy, lang: &str) -> Vec<Promise> {
    promises::all(policy, lang)
}

/// A plain description of an item or purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Its name in the facts.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The description, a line a fact.
    pub lines: Vec<Line>,
}

/// What is done with the item `name`; `None` when the policy has no such item.
#[must_use]
pub fn item(policy: &Policy, name: &str, lang: &str) -> Option<Description> {
    let facts = policy.facts();
    let item = facts.collection.items.get(name)?;
    let path = format!("collection.items.{name}");
    let mut out = Lines::default();
    let source = value(lang, item.source.as_str());
    out.say(&path, both(lang, format!("How it comes in: {source}."), format!("来源：{source}。")));
    if item.sensitive {
        let needs = item.necessity.as_ref().map(|w| w.in_lang(lang)).unwrap_or_default();
        let harm = item.impact.as_ref().map(|w| w.in_lang(lang)).unwrap_or_default();
        out.say(
            &path,
            both(
                lang,
                format!("Sensitive. Why it is needed: {needs} What it can do to you: {harm}"),
                format!("敏感个人信息。必要性：{needs}对您的影响：{harm}"),
            ),
        );
    }
    let uses = facts.usage.purposes.iter().filter(|(_, p)| p.items.has(name));
    for (purpose, p) in uses {
        out.say(&format!("usage.purposes.{purpose}"), use_of(p, lang));
    }
    for (to, recipient) in facts.sharing.recipients.iter().filter(|(_, r)| r.items.contains(name)) {
        let (who, role) = (recipient.name.in_lang(lang), value(lang, recipient.role.as_str()));
        out.say(
            &format!("sharing.recipients.{to}"),
            both(lang, format!("Goes to {who} ({role})."), format!("提供给{who}（{role}）。")),
        );
    }
    for (rule, kept) in facts.storage.statutory.iter().filter(|(_, s)| s.items.contains(name)) {
        let (keep, why) = (kept.keep.in_words(lang), citation(&kept.statute));
        out.say(
            &format!("storage.statutory.{rule}"),
            both(lang, format!("The law keeps it {keep} ({why})."), format!("依法留存{keep}（{why}）。")),
        );
    }
    for (can, en, zh) in [
        (item.editable, "You can change it in the settings.", "您可以在设置中修改。"),
        (item.deletable, "You can delete a single one.", "您可以单独删除。"),
    ] {
        if can {
            out.say(&path, pick(lang, en, zh).to_owned());
        }
    }
    Some(Description { name: name.to_owned(), label: item.label.in_lang(lang).to_owned(), lines: out.0 })
}

/// What the purpose `name` does; `None` when the policy has no such purpose.
#[must_use]
pub fn purpose(policy: &Policy, name: &str, lang: &str) -> Option<Description> {
    let facts = policy.facts();
    let purpose = facts.usage.purposes.get(name)?;
    let path = format!("usage.purposes.{name}");
    let mut out = Lines::default();
    out.say(&path, purpose.why.in_lang(lang).to_owned());
    out.say(&format!("{path}.basis"), basis(purpose, lang));
    let data = labels(facts, &purpose.items, lang);
    out.say(&format!("{path}.items"), both(lang, format!("Uses: {data}."), format!("使用：{data}。")));
    let who = purpose.party.iter().map(|p| value(lang, p.as_str())).collect::<Vec<_>>().join(pick(lang, ", ", "、"));
    out.say(&format!("{path}.party"), both(lang, format!("Used by: {who}."), format!("使用主体：{who}。")));
    if let Some(text) = kept(purpose, lang) {
        out.say(&format!("{path}.retention"), text);
    }
    if purpose.automated {
        out.say(
            &path,
            pick(lang, "Decides automatically; you can switch it off.", "属于自动化决策，您可以关闭。").to_owned(),
        );
    }
    if let Some(logic) = &purpose.logic {
        out.say(&format!("{path}.logic"), logic.in_lang(lang).to_owned());
    }
    if purpose.significant {
        out.say(
            &format!("{path}.significant"),
            pick(lang, "A human looks again when you ask.", "您可要求人工复核。").to_owned(),
        );
    }
    if purpose.exceptional {
        out.say(
            &path,
            pick(lang, "Each use is entered in the register of exceptions.", "每次使用均须在例外登记簿中登记。")
                .to_owned(),
        );
    }
    if let Some(without) = &purpose.without {
        let without = without.in_lang(lang);
        out.say(
            &format!("{path}.without"),
            both(lang, format!("If you refuse: {without}"), format!("如您拒绝：{without}")),
        );
    }
    for (to, r) in facts.sharing.recipients.iter().filter(|(_, r)| r.purposes.contains(name)) {
        let who = r.name.in_lang(lang);
        out.say(
            &format!("sharing.recipients.{to}"),
            both(lang, format!("Data goes to {who}."), format!("向{who}提供信息。")),
        );
    }
    Some(Description { name: name.to_owned(), label: purpose.label.in_lang(lang).to_owned(), lines: out.0 })
}

/// Lines being gathered.
#[derive(Debug, Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn say(&mut self, path: &str, text: String) {
        self.0.push(Line { path: path.to_owned(), text });
    }
}

fn both(lang: &str, en: String, zh: String) -> String {
    if lang.starts_with("zh") { zh } else { en }
}

/// The provision of a law record by its full name; the name itself if no pack knows it.
fn citation(name: &str) -> String {
    record(name).map_or_else(|| name.to_owned(), |(_, r)| r.citation.clone())
}

fn basis(purpose: &Purpose, lang: &str) -> String {
    let basis = value(lang, purpose.basis.as_str());
    match &purpose.citation {
        Some(name) => {
            let why = citation(name);
            both(lang, format!("Legal basis: {basis} ({why})."), format!("法律依据：{basis}（{why}）。"))
        }
        None => both(lang, format!("Legal basis: {basis}."), format!("法律依据：{basis}。")),
    }
}

fn use_of(purpose: &Purpose, lang: &str) -> String {
    let (label, basis) = (purpose.label.in_lang(lang), value(lang, purpose.basis.as_str()));
    let kept = kept(purpose, lang).unwrap_or_default();
    both(lang, format!("Used for {label}, by {basis}. {kept}"), format!("用于{label}，依据{basis}。{kept}"))
        .trim_end()
        .to_owned()
}

fn kept(purpose: &Purpose, lang: &str) -> Option<String> {
    let rule = purpose.retention.as_ref()?;
    let (keep, after, then) =
        (rule.keep.in_words(lang), value(lang, rule.after.as_str()), value(lang, rule.then.as_str()));
    let why = rule.statute.as_deref().map(citation);
    let (en_why, zh_why) = why.map(|w| (format!(" ({w})"), format!("（{w}）"))).unwrap_or_default();
    Some(both(
        lang,
        format!("Kept {keep} from {after}, then {then}{en_why}."),
        format!("自{after}起保存{keep}，之后{then}{zh_why}。"),
    ))
}

fn labels(facts: &Facts, items: &ItemSet, lang: &str) -> String {
    if *items == ItemSet::All {
        return value(lang, "all");
    }
    let labels = items.of(facts.collection.items.keys()).filter_map(|name| facts.collection.items.get(name));
    labels.map(|item| item.label.in_lang(lang)).collect::<Vec<_>>().join(pick(lang, ", ", "、"))
}
