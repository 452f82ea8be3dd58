//! Items, purposes and bases. Held against promises 1.1 to 1.7 and 2.0 to 2.7.

use super::{Cx, Severity};
use crate::law::{Measure, record};
use crate::model::{Basis, ItemSet, Origin, Party, Purpose, Right};

pub(super) fn check(cx: &mut Cx<'_>) {
    items(cx);
    partners(cx);
    minors(cx);
    let facts = cx.facts;
    for (name, purpose) in &facts.usage.purposes {
        let path = format!("usage.purposes.{name}");
        necessity(cx, &path, purpose);
        basis(cx, &path, purpose);
        sensitive(cx, &path, purpose);
        permitted(cx, &path, purpose);
        choice(cx, &path, purpose);
    }
}

fn items(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    for (name, item) in &facts.collection.items {
        let path = format!("collection.items.{name}");
        let used = |p: &Purpose| matches!(&p.items, ItemSet::Named(names) if names.contains(name));
        if !facts.usage.purposes.values().any(used) {
            cx.error(
                "item-without-purpose",
                &path,
                "principle.purpose",
                format!("`{name}` is collected for no purpose"),
                "name it among the items of a purpose, or do not collect it",
            );
        }
        if !item.sensitive {
            continue;
        }
        if item.necessity.is_none() {
            cx.error(
                "sensitive-without-necessity",
                &path,
                "sensitive.notice",
                format!("`{name}` is sensitive, and people are not told why it is needed"),
                "write necessity in every language",
            );
        }
        if item.impact.is_none() {
            cx.error(
                "sensitive-without-impact",
                &path,
                "sensitive.notice",
                format!("`{name}` is sensitive, and people are not told what it can do to them"),
                "write impact in every language",
            );
        }
        match &item.assessment {
            None => cx.error(
                "sensitive-without-assessment",
                &path,
                "sensitive.assessment",
                format!("`{name}` is sensitive, and no impact assessment was approved"),
                "write assessment = { id, approved }",
            ),
            Some(made) if made.approved > cx.on => {
                cx.error(
                    "assessment-not-yet-approved",
                    &path,
                    "sensitive.assessment",
                    format!("the assessment of `{name}` is approved only on {}", made.approved),
                    "publish after that day",
                );
            }
            Some(_) => {}
        }
    }
}

/// Whoever sends something of a person is named with what it sends and where it is (1.7).
fn partners(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    for (name, partner) in &facts.collection.partners {
        let path = format!("collection.partners.{name}");
        if partner.hosts.is_empty() {
            cx.error(
                "partner-without-host",
                &path,
                "principle.purpose",
                format!("anybody could answer in the name of `{name}`"),
                "write hosts",
            );
        }
        if partner.items.is_empty() {
            cx.error(
                "partner-without-items",
                &path,
                "principle.purpose",
                format!("people are not told what `{name}` sends"),
                "write items",
            );
        }
        for item in &partner.items {
            if facts.collection.items.get(item).is_some_and(|i| i.source != Origin::ThirdParty) {
                cx.error(
                    "partner-item-not-received",
                    &format!("{path}.items"),
                    "principle.purpose",
                    format!("`{name}` sends `{item}`, which is said to come from elsewhere"),
                    "write source = \"third-party\" for the item, or leave it out here",
                );
            }
        }
        if partner.policy.is_none() {
            cx.warn(
                "partner-without-policy",
                &path,
                "sharing.third_party",
                format!("`{name}` decides for itself, and its own policy is not linked"),
                "write policy = its address",
            );
        }
    }
}

/// What stands behind a permission of the device is asked for, and what a device knows of others is asked for
/// separately (6.4).
fn permitted(cx: &mut Cx<'_>, path: &str, purpose: &Purpose) {
    let ItemSet::Named(names) = &purpose.items else { return };
    if matches!(purpose.basis, Basis::SeparateConsent | Basis::LegalDuty | Basis::Emergency) {
        return;
    }
    let facts = cx.facts;
    for name in names {
        let Some(item) = facts.collection.items.get(name) else { continue };
        if item.permission.is_some() && item.others {
            cx.error(
                "others-without-separate-consent",
                &format!("{path}.basis"),
                "basis.consent",
                format!("`{name}` is taken from the device and tells of other people"),
                "write basis = \"separate-consent\"",
            );
        } else if item.permission.is_some() && purpose.basis != Basis::Consent {
            cx.error(
                "permission-without-consent",
                &format!("{path}.basis"),
                "basis.consent",
                format!("`{name}` needs a permission of the device, but its purpose asks for no consent"),
                "write basis = \"consent\"",
            );
        }
    }
}

fn minors(cx: &mut Cx<'_>) {
    match &cx.facts.collection.minors {
        None => cx.error(
            "minors-rule-missing",
            "collection",
            "minor.rules",
            "there is no rule for children",
            "write [collection.minors] with guardian_under and marked_under",
        ),
        Some(rule) => {
            let Some(age) = cx.law("minor_age").and_then(|(_, r)| r.count()) else {
                return;
            };
            if rule.guardian_under < age {
                cx.error(
                    "minors-age-too-low",
                    "collection.minors.guardian_under",
                    "minor_age",
                    format!("children of {} consent by themselves; under {age} a guardian must", rule.guardian_under),
                    format!("write guardian_under = {age}"),
                );
            }
        }
    }
}

fn necessity(cx: &mut Cx<'_>, path: &str, purpose: &Purpose) {
    if matches!(&purpose.items, ItemSet::Named(names) if names.is_empty()) {
        cx.error(
            "purpose-without-items",
            &format!("{path}.items"),
            "notice.purposes",
            "the purpose uses no item",
            "name its items, or remove the purpose",
        );
    }
    for item in purpose.required.iter().filter(|item| !purpose.items.has(item)) {
        cx.error(
            "required-beyond-purpose",
            &format!("{path}.required"),
            "principle.minimum",
            format!("`{item}` is required but is not among the items of the purpose"),
            "name it among the items, or do not require it",
        );
    }
}

/// Whether a basis lets data be used without asking and beyond a contract.
const fn is_exception(basis: Basis) -> bool {
    matches!(
        basis,
        Basis::LegalDuty | Basis::Emergency | Basis::PublicInterest | Basis::SelfDisclosed | Basis::LegitimateInterests
    )
}

fn basis(cx: &mut Cx<'_>, path: &str, purpose: &Purpose) {
    let basis = purpose.basis;
    let place = format!("{path}.basis");
    let known = cx.records(Measure::Basis);
    let named = purpose.citation.as_deref().and_then(record);
    if !known.iter().any(|(_, r)| r.word() == Some(basis.as_str())) {
        let words: Vec<_> = known.iter().filter_map(|(_, r)| r.word()).collect();
        cx.error(
            "exception-wider-than-law",
            &place,
            "basis.citation|notice.purposes",
            format!("`{basis}` is no basis the law in force knows"),
            format!("rest the purpose on one of: {}; or give it up", words.join(", ")),
        );
        return;
    }
    if !is_exception(basis) || basis == Basis::LegitimateInterests {
        return;
    }
    match named {
        // Public interest is no free basis: the law must name the case.
        None if basis == Basis::PublicInterest => {
            cx.error(
                "exception-wider-than-law",
                &place,
                "basis.citation",
                "public interest is no basis by itself: the law must name the case",
                "write citation = the record of the law that names it, or give the purpose up",
            );
        }
        None => cx.error(
            "exception-without-citation",
            &place,
            "basis.citation",
            format!("`{basis}` is claimed without the provision that gives it"),
            "write citation = \"pack.record\"",
        ),
        Some((pack, cited)) => {
            let fits =
                cited.word() == Some(basis.as_str()) || (basis == Basis::LegalDuty && cited.unit != Measure::Basis);
            if !fits {
                let message = format!("`{basis}` is claimed, but {}.{} gives another basis", pack.name, cited.id);
                cx.error(
                    "citation-of-another-basis",
                    &format!("{path}.citation"),
                    "basis.citation",
                    message,
                    "cite the record of this basis",
                );
            }
        }
    }
    if basis != Basis::LegalDuty && !purpose.exceptional {
        cx.warn(
            "exception-not-registered",
            path,
            "basis.citation",
            format!("`{basis}` is used without an entry in the register of exceptions"),
            "write exceptional = true",
        );
    }
}

fn sensitive(cx: &mut Cx<'_>, path: &str, purpose: &Purpose) {
    let (code, why) = match purpose.basis {
        Basis::Contract => ("contract-with-sensitive", "a contract is no ground for it"),
        Basis::Consent => ("sensitive-without-separate-consent", "it needs a consent of its own"),
        Basis::LegitimateInterests => {
            ("sensitive-without-separate-consent", "interests of the controller are no ground for it")
        }
        _ => return,
    };
    let facts = cx.facts;
    let items = &facts.collection.items;
    for item in purpose.items.of(items.keys()).filter(|name| items.get(*name).is_some_and(|i| i.sensitive)) {
        cx.error(
            code,
            &format!("{path}.basis"),
            "sensitive.separate_consent",
            format!("`{item}` is sensitive: {why}"),
            "write basis = \"separate-consent\", or move the item to a purpose of its own",
        );
    }
}

fn choice(cx: &mut Cx<'_>, path: &str, purpose: &Purpose) {
    let asked = matches!(purpose.basis, Basis::Consent | Basis::SeparateConsent);
    if asked && purpose.essential {
        cx.error(
            "essential-consent",
            &format!("{path}.essential"),
            "consent.free",
            "a consent that cannot be refused is none",
            "write essential = false, or rest the purpose on the contract",
        );
    }
    if asked && purpose.without.is_none() {
        cx.warn(
            "refusal-effect-missing",
            path,
            "consent.effect",
            "people are not told what refusing does",
            "write without in every language",
        );
    }
    if asked && !cx.facts.rights.offered.contains(&Right::Withdraw) {
        cx.error(
            "consent-without-withdrawal",
            path,
            "consent.withdrawal",
            "this consent cannot be withdrawn as easily as it is given",
            "add \"withdraw\" to rights.offered",
        );
    }
    if purpose.automated && !asked && !purpose.objectable {
        cx.error(
            "automated-without-off-switch",
            path,
            "adm.off_switch",
            "the purpose decides automatically and cannot be switched off",
            "rest it on consent, or write objectable = true",
        );
    }
    if purpose.automated && purpose.logic.is_none() {
        cx.error(
            "automated-without-explanation",
            path,
            "adm.explain|adm.off_switch",
            "the purpose decides automatically, and people are not told how",
            "write logic in every language",
        );
    }
    if purpose.significant && !purpose.party.contains(&Party::Operator) {
        cx.error(
            "significant-without-review",
            &format!("{path}.party"),
            "adm.explain|adm.off_switch",
            "what it decides weighs on people, and no human may look at it again",
            "add \"operator\" to party",
        );
    }
    if purpose.channel.is_some() && purpose.basis != Basis::Consent {
        cx.error(
            "marketing-without-consent",
            &format!("{path}.basis"),
            "basis.consent",
            "offers are sent to nobody who did not ask for them on this channel",
            "write basis = \"consent\"",
        );
    }
    if purpose.basis == Basis::LegitimateInterests
        && !purpose.objectable
        && cx.law("basis.legitimate_interests").is_some()
    {
        cx.say(
            "interest-without-objection",
            Severity::Error,
            path,
            cx.law("basis.legitimate_interests"),
            "people cannot object to this purpose".into(),
            "write objectable = true".into(),
        );
    }
}
