//! How long data is kept, what protects it, and whether what is cited is in force. Held against promises 5.1 to 5.7.

use super::{Cx, Severity};
use crate::law::{Bound, Status, record};
use crate::model::{After, Basis, ItemSet, Party, Purpose, Retention, Then};
use crate::period::Period;

pub(super) fn check(cx: &mut Cx<'_>) {
    purposes(cx);
    statutory(cx);
    security(cx);
}

fn purposes(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    for (name, purpose) in &facts.usage.purposes {
        let path = format!("usage.purposes.{name}");
        if let Some(citation) = &purpose.citation {
            cited(cx, &format!("{path}.citation"), citation);
        }
        let Some(rule) = &purpose.retention else {
            cx.error(
                "retention-missing",
                &path,
                "notice.retention",
                format!("`{name}` does not say how long its data is kept"),
                "write retention = { after, keep, then }",
            );
            continue;
        };
        if rule.after == After::ConsentWithdrawn && !matches!(purpose.basis, Basis::Consent | Basis::SeparateConsent) {
            let message = format!("data of `{name}` is kept until a consent is withdrawn, but none is asked");
            cx.error(
                "retention-without-end",
                &format!("{path}.retention"),
                "principle.shortest",
                message,
                "write after = \"collected\" or \"account-cancelled\"",
            );
        }
        if let Some(statute) = &rule.statute {
            let place = format!("{path}.retention.statute");
            cited(cx, &place, statute);
            bound(cx, &format!("{path}.retention.keep"), statute, rule.keep, Bound::Least);
        }
        if let Some(limit) = &rule.limit {
            cited(cx, &format!("{path}.retention.limit"), limit);
            bound(cx, &format!("{path}.retention.keep"), limit, rule.keep, Bound::Most);
        }
        trigger(cx, &path, rule, purpose);
        duty_outlived(cx, &path, rule, purpose);
        anonymous(cx, &path, rule, purpose);
    }
}

/// What can start the period of this purpose's data.
fn trigger(cx: &mut Cx<'_>, path: &str, rule: &Retention, purpose: &Purpose) {
    let place = format!("{path}.retention");
    if rule.after == After::AccountCancelled && !rule.keep.is_zero() {
        cx.error(
            "retention-after-cancellation",
            &format!("{place}.keep"),
            "rights.delete",
            format!("data is kept {} beyond the account, but the account's end erases everything", rule.keep),
            "write \"0 days\"; what a law keeps longer stands in [storage.statutory]",
        );
    }
    if rule.after == After::ContractEnded && purpose.basis != Basis::Contract {
        cx.error(
            "retention-without-end",
            &place,
            "principle.shortest",
            "data is kept until a contract ends, but the purpose rests on none",
            "write after = \"purpose-ended\" or \"collected\"",
        );
    }
    let items = &cx.facts.collection.items;
    let sent = |item: &str| items.get(item).is_some_and(|i| i.signal.is_some());
    if rule.after == After::LastUsed && purpose.items.of(items.keys()).any(sent) {
        cx.error(
            "last-use-of-signals",
            &place,
            "principle.shortest",
            "what devices send is read in bulk and has no last use",
            "write after = \"collected\"",
        );
    }
}

/// What a law makes one keep is not swept before its time.
fn duty_outlived(cx: &mut Cx<'_>, path: &str, rule: &Retention, purpose: &Purpose) {
    let facts = cx.facts;
    if matches!(purpose.items, ItemSet::All) || rule.after != After::Collected || purpose.exceptional {
        return;
    }
    for duty in facts.storage.statutory.values() {
        for item in purpose.items.of(facts.collection.items.keys()).filter(|item| duty.items.contains(*item)) {
            if rule.keep.at_least_hours() < duty.keep.at_least_hours() {
                let message = format!("`{item}` goes after {}, but {} keeps it {}", rule.keep, duty.statute, duty.keep);
                cx.say(
                    "retention-below-duty",
                    Severity::Error,
                    &format!("{path}.retention.keep"),
                    record(&duty.statute),
                    message,
                    format!("write at least \"{}\", or take `{item}` out of the purpose", duty.keep),
                );
            }
        }
    }
}

/// What is called anonymous has passed a test (5.2; PIPL 73(4)).
fn anonymous(cx: &mut Cx<'_>, path: &str, rule: &Retention, purpose: &Purpose) {
    let place = format!("{path}.retention");
    let Some(test) = rule.anonymous.as_ref().filter(|_| rule.then == Then::Anonymise) else {
        if rule.then == Then::Anonymise || rule.anonymous.is_some() {
            cx.error(
                "anonymous-untested",
                &place,
                "principle.shortest",
                "then = \"anonymise\" and the test that lets it be called so belong together",
                "write then = \"anonymise\", anonymous = { by, of, k, l }, or then = \"delete\"",
            );
        }
        return;
    };
    if rule.after != After::Collected || rule.keep.at_least_hours() < 48 {
        cx.error(
            "anonymous-too-soon",
            &place,
            "principle.shortest",
            "people are counted at the beginning of the day or month in which their values end, which needs an end \
             known two days before",
            "write after = \"collected\" and keep at least \"2 days\", or then = \"delete\"",
        );
    }
    if !purpose.party.contains(&Party::System) {
        cx.error(
            "anonymous-by-nobody",
            &format!("{path}.party"),
            "principle.shortest",
            "people are counted by Avouch itself, which may not claim this purpose",
            "add \"system\" to its party",
        );
    }
    for named in test.by.iter().chain(&test.of) {
        let (item, field) = named.split_once('.').map_or((named.as_str(), None), |(item, field)| (item, Some(field)));
        let fact = cx.facts.collection.items.get(item).filter(|_| purpose.items.has(item));
        let known = match (fact.map(|f| &f.signal), field) {
            (Some(Some(signal)), Some(field)) => signal.fields.iter().any(|f| f == field),
            (Some(None), None) => true,
            _ => false,
        };
        if !known {
            cx.error(
                "anonymous-unknown",
                &format!("{place}.anonymous"),
                "principle.shortest",
                format!("`{named}` is no item of this purpose, or no field of what devices send"),
                "write an item, or item and field, e.g. \"os.name\"",
            );
        }
    }
    if let Some((pack, law)) = cx.law("anonymous.group")
        && law.count().is_some_and(|least| test.k < least)
    {
        let least = law.count().unwrap_or_default();
        cx.say(
            "anonymous-small-groups",
            Severity::Warning,
            &format!("{place}.anonymous.k"),
            Some((pack, law)),
            format!("groups of {} can be told apart; {least} is usual", test.k),
            format!("write k = {least}"),
        );
    }
    if test.k < 2 || (test.of.is_some() && test.l < 2) {
        cx.error(
            "anonymous-untested",
            &format!("{place}.anonymous"),
            "principle.shortest",
            "a group of one, or one that says a single thing, tells of its people",
            "write k and l of at least 2",
        );
    }
}

fn statutory(cx: &mut Cx<'_>) {
    duties(cx);
    let facts = cx.facts;
    for (name, kept) in &facts.storage.statutory {
        let path = format!("storage.statutory.{name}");
        cited(cx, &format!("{path}.statute"), &kept.statute);
        bound(cx, &format!("{path}.keep"), &kept.statute, kept.keep, Bound::Least);
        if let Some(least) =
            record(&kept.statute).filter(|(_, r)| r.bound == Bound::Least).and_then(|(_, r)| r.period())
            && kept.keep.at_least_hours() > least.at_least_hours()
        {
            cx.warn(
                "retention-beyond-law",
                &format!("{path}.keep"),
                "principle.shortest",
                format!("`{name}` is kept {}, but the law it cites asks for {least}", kept.keep),
                format!("write \"{least}\", or cite the law that asks for more"),
            );
        }
    }
    if facts.storage.backups.is_none() {
        cx.warn(
            "backups-unsaid",
            "storage",
            "notice.retention",
            "the policy does not say how long backups are kept",
            "write storage.backups.kept",
        );
    }
}

/// A duty to keep covers what the law asks for, and what it makes one keep serves nothing else (1.5, 2.3).
fn duties(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    for (name, purpose) in &facts.usage.purposes {
        let path = format!("usage.purposes.{name}.items");
        let Some(statute) = purpose.retention.as_ref().and_then(|r| r.statute.as_ref()) else { continue };
        let mut kept = facts.storage.statutory.values().filter(|s| s.statute == *statute).peekable();
        if purpose.basis != Basis::LegalDuty || kept.peek().is_none() {
            continue;
        }
        let asked: Vec<&str> = kept.flat_map(|s| &s.items).map(String::as_str).collect();
        for item in purpose.items.of(facts.collection.items.keys()).filter(|item| !asked.contains(item)) {
            cx.error(
                "item-outside-duty",
                &path,
                "principle.minimum",
                format!(
                    "`{item}` is kept by the duty of `{name}`, but [storage.statutory] does not list it under {statute}"
                ),
                "give it a purpose of its own, or list it where the law asks for it",
            );
        }
    }
    for (name, item) in facts.collection.items.iter().filter(|(_, item)| item.signal.is_some()) {
        if !facts.storage.statutory.values().any(|s| s.items.contains(name)) {
            continue;
        }
        for (purpose, p) in &facts.usage.purposes {
            let named = matches!(&p.items, ItemSet::Named(names) if names.contains(name));
            if named && !matches!(p.basis, Basis::LegalDuty | Basis::Emergency) {
                cx.error(
                    "duty-log-reused",
                    &format!("usage.purposes.{purpose}.items"),
                    "principle.purpose",
                    format!(
                        "{} is kept because a law asks for it; `{purpose}` would use it for something else",
                        item.label.in_lang("en")
                    ),
                    format!("take `{name}` out; what a law makes one keep is for that duty alone"),
                );
            }
        }
    }
}

/// A period that cites a law keeps to its bound: `wanted` is what the place is for, the least or the most.
fn bound(cx: &mut Cx<'_>, path: &str, name: &str, keep: Period, wanted: Bound) {
    let Some((pack, law)) = record(name) else {
        return;
    };
    let Some(value) = law.period().filter(|_| law.bound == wanted) else {
        let (code, message, advice) = match wanted {
            Bound::Least => (
                "statute-without-period",
                format!("{name} sets no least period"),
                "cite the record of a retention period",
            ),
            Bound::Most => {
                ("limit-without-period", format!("{name} sets no longest period"), "cite a record that caps a period")
            }
        };
        cx.say(code, Severity::Error, path, Some((pack, law)), message, advice.into());
        return;
    };
    let says = law.says.to_lowercase();
    match wanted {
        Bound::Least if keep.at_least_hours() < value.at_least_hours() => {
            let message = format!("kept {keep}, but {value} is the least: {says}");
            let advice = format!("write at least \"{value}\"");
            cx.say("retention-below-minimum", Severity::Error, path, Some((pack, law)), message, advice);
        }
        Bound::Most if keep.at_least_hours() > value.at_least_hours() => {
            let message = format!("kept {keep}, but {value} is the most: {says}");
            let advice = format!("write at most \"{value}\"");
            cx.say("retention-above-maximum", Severity::Error, path, Some((pack, law)), message, advice);
        }
        _ => {}
    }
}

/// What is cited must be in force, and of a law the controller is under.
fn cited(cx: &mut Cx<'_>, path: &str, name: &str) {
    let Some((pack, law)) = record(name) else {
        return;
    };
    if !cx.facts.controller.law.contains(&pack.name) {
        let message = format!("{name} belongs to a law that is not in force here");
        cx.say(
            "citation-outside-law",
            Severity::Warning,
            path,
            Some((pack, law)),
            message,
            format!("add \"{}\" to controller.law, or cite another record", pack.name),
        );
    }
    if !law.in_force(cx.on) {
        let why = if law.status == Status::Draft {
            "is a draft".to_owned()
        } else if cx.on < law.valid_from {
            format!("holds only from {}", law.valid_from)
        } else {
            format!("held until {}", law.valid_to.map_or_else(String::new, |d| d.to_string()))
        };
        let message = format!("{name} {why}");
        cx.say(
            "law-record-not-in-force",
            Severity::Error,
            path,
            Some((pack, law)),
            message,
            "cite a record in force".into(),
        );
    }
}

fn security(cx: &mut Cx<'_>) {
    let security = &cx.facts.security;
    if security.encryption.is_none() {
        cx.warn(
            "encryption-unsaid",
            "security",
            "security.measures",
            "the policy does not say how data is protected",
            "write security.encryption",
        );
    }
    for (period, key, law, what) in [
        (security.access_review, "access_review", "security.access", "access rights are reviewed"),
        (security.assessment, "assessment", "security.audit", "security is assessed"),
        (security.training, "training", "security.training", "staff are trained"),
    ] {
        if period.is_none() {
            cx.error(
                "review-period-missing",
                "security",
                law,
                format!("the policy does not say how often {what}"),
                format!("write security.{key}"),
            );
        }
    }
    if let (Some(every), Some(most)) =
        (security.access_review, cx.law("security.access_review").and_then(|(_, r)| r.period()))
        && every.at_least_hours() > most.at_least_hours()
    {
        cx.warn(
            "access-review-rare",
            "security.access_review",
            "security.access_review",
            format!("access rights are reviewed every {every}; every {most} is usual"),
            format!("write \"{most}\""),
        );
    }
    if security.incident_contact.is_none() {
        cx.error(
            "no-incident-contact",
            "security",
            "incident.notice",
            "nobody is named to whom a leak is reported",
            "write security.incident_contact",
        );
    }
}
