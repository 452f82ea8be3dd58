//! How long data is kept, what protects it, and whether what is cited is in force. Held against promises 5.1 to 5.7.

use super::{Cx, Severity};
use crate::law::{Status, record};
use crate::model::{After, Basis};
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
            minimum(cx, &format!("{path}.retention.keep"), statute, rule.keep);
        }
    }
}

fn statutory(cx: &mut Cx<'_>) {
    duties(cx);
    let facts = cx.facts;
    for (name, kept) in &facts.storage.statutory {
        let path = format!("storage.statutory.{name}");
        cited(cx, &format!("{path}.statute"), &kept.statute);
        minimum(cx, &format!("{path}.keep"), &kept.statute, kept.keep);
        if let Some(least) = record(&kept.statute).and_then(|(_, r)| r.period())
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
            let named = matches!(&p.items, crate::model::ItemSet::Named(names) if names.contains(name));
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

/// A period that cites a law must be as long as the law asks.
fn minimum(cx: &mut Cx<'_>, path: &str, statute: &str, keep: Period) {
    let Some((pack, law)) = record(statute) else {
        return;
    };
    match law.period() {
        Some(least) if keep.at_least_hours() < least.at_least_hours() => {
            let message = format!("kept {keep}, but {} is the least: {}", least, law.says.to_lowercase());
            cx.say(
                "retention-below-minimum",
                Severity::Error,
                path,
                Some((pack, law)),
                message,
                format!("write at least \"{least}\""),
            );
        }
        Some(_) => {}
        None => {
            let message = format!("{statute} sets no period");
            cx.say(
                "statute-without-period",
                Severity::Error,
                path,
                Some((pack, law)),
                message,
                "cite the record of a retention period".into(),
            );
        }
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
