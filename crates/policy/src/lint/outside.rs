//! Cookies, recipients, the border. Held against promises 3.1 to 3.5, 4.1 to 4.4 and 5.4.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Cx, Severity};
use crate::crossing::EXEMPT_BELOW;
use crate::law::Measure;
use crate::model::{Abroad, Basis, Control, Mechanism, Recipient, Role};

pub(super) fn check(cx: &mut Cx<'_>) {
    cookies(cx);
    trackers(cx);
    let facts = cx.facts;
    for (name, recipient) in &facts.sharing.recipients {
        let path = format!("sharing.recipients.{name}");
        recipient_known(cx, &path, recipient);
        agreement(cx, &path, recipient);
        abroad(cx, &path, recipient);
    }
    border(cx);
    transfer_and_publication(cx);
}

fn cookies(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    let cookies = &facts.cookies;
    for (name, category) in cookies.categories.iter().filter(|(_, c)| !c.essential) {
        let path = format!("cookies.categories.{name}");
        match category.purpose.as_ref().and_then(|p| facts.usage.purposes.get(p)) {
            None => cx.error(
                "cookie-without-purpose",
                &path,
                "principle.purpose",
                format!("`{name}` trackers serve no purpose that people can refuse"),
                "write purpose = the purpose whose consent they need",
            ),
            Some(p) if !matches!(p.basis, Basis::Consent | Basis::SeparateConsent) => {
                cx.error(
                    "cookie-without-consent",
                    &path,
                    "cookies.consent|basis.consent",
                    format!("`{name}` trackers are not essential, yet their purpose rests on {}", p.basis),
                    "rest the purpose on consent",
                );
            }
            Some(_) => {}
        }
        if category.without.is_none() {
            cx.warn(
                "refusal-effect-missing",
                &path,
                "consent.effect",
                "people are not told what refusing does",
                "write without in every language",
            );
        }
    }
    if !cookies.categories.values().any(|c| !c.essential) {
        return;
    }
    if !cookies.control.contains(&Control::InPage) {
        cx.error(
            "browser-only-cookie-control",
            "cookies.control",
            "consent.withdrawal",
            "trackers cannot be refused on the pages themselves, only elsewhere",
            "write control = [\"in-page\", \"browser\"]",
        );
    }
    if !cookies.control.contains(&Control::Gpc) {
        cx.error(
            "signal-not-honoured",
            "cookies.control",
            "cookies.gpc",
            "the opt-out signal of browsers is not honoured",
            "add \"gpc\" to cookies.control",
        );
    }
    match cookies.ask_again {
        None => cx.warn(
            "ask-again-missing",
            "cookies",
            "consent.no_pestering|cookies.ask_again",
            "the policy does not say how long a refusal stands",
            "write cookies.ask_again",
        ),
        Some(period) => {
            if let Some(least) = cx.law("cookies.ask_again").and_then(|(_, r)| r.period())
                && period.at_least_hours() < least.at_least_hours()
            {
                cx.warn(
                    "ask-again-too-soon",
                    "cookies.ask_again",
                    "cookies.ask_again",
                    format!("people are asked again after {period}; {least} is the least"),
                    format!("write at least \"{least}\""),
                );
            }
        }
    }
}

fn trackers(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    for (name, tracker) in &facts.cookies.trackers {
        let path = format!("cookies.trackers.{name}");
        match tracker.lifetime {
            None => cx.error(
                "tracker-without-lifetime",
                &path,
                "notice.retention",
                format!("`{name}` does not say how long it stays"),
                "write lifetime",
            ),
            Some(lifetime) => {
                if let Some(most) = cx.law("cookies.lifetime").and_then(|(_, r)| r.period())
                    && lifetime.at_least_hours() > most.at_least_hours()
                {
                    cx.warn(
                        "tracker-lives-too-long",
                        &path,
                        "cookies.lifetime",
                        format!("`{name}` stays {lifetime}; {most} is the most"),
                        format!("write at most \"{most}\""),
                    );
                }
            }
        }
        if tracker.why.is_none() {
            cx.warn(
                "tracker-without-reason",
                &path,
                "notice.purposes",
                format!("people are not told what `{name}` is for"),
                "write why in every language",
            );
        }
        let declared =
            tracker.party == "first" || facts.sharing.recipients.values().any(|r| r.hosts.contains(&tracker.party));
        if !declared {
            cx.error(
                "tracker-party-undeclared",
                &format!("{path}.party"),
                "sharing.third_party",
                format!(
                    "`{}` sets `{name}`, but no recipient has that host: its own policy does not answer for ours",
                    tracker.party
                ),
                "declare it under [sharing.recipients] with its hosts",
            );
        }
    }
}

fn recipient_known(cx: &mut Cx<'_>, path: &str, recipient: &Recipient) {
    let facts = cx.facts;
    if recipient.contact.is_none() {
        cx.error(
            "recipient-without-contact",
            path,
            "sharing.separate_consent|sharing.third_party",
            "people cannot reach the recipient",
            "write contact",
        );
    }
    if recipient.purposes.is_empty() {
        cx.error(
            "recipient-without-purpose",
            path,
            "sharing.third_party",
            "the recipient serves no purpose",
            "name its purposes",
        );
    }
    let purposes = || recipient.purposes.iter().filter_map(|p| facts.usage.purposes.get(p));
    let beyond: BTreeSet<_> = recipient.items.iter().filter(|item| !purposes().any(|p| p.items.has(item))).collect();
    for item in beyond {
        cx.error(
            "recipient-beyond-purpose",
            &format!("{path}.items"),
            "principle.minimum",
            format!("`{item}` is sent, but none of the recipient's purposes uses it"),
            "remove the item, or name the purpose that uses it",
        );
    }
    if recipient.role == Role::Authority {
        if purposes().any(|p| !matches!(p.basis, Basis::LegalDuty | Basis::Emergency)) {
            cx.error(
                "authority-without-duty",
                &format!("{path}.purposes"),
                "sharing.authority",
                "an authority gets data for a purpose that no duty demands",
                "leave only purposes of legal duty or emergency",
            );
        }
        return;
    }
    if recipient.hosts.is_empty() {
        cx.warn(
            "recipient-without-host",
            path,
            "sharing.third_party",
            "data could be sent anywhere in the recipient's name",
            "write hosts",
        );
    }
    if matches!(recipient.role, Role::Controller | Role::Joint) && recipient.policy.is_none() {
        cx.warn(
            "recipient-without-policy",
            path,
            "sharing.third_party",
            "the recipient decides for itself, and its own policy is not linked",
            "write policy = its address",
        );
    }
}

fn agreement(cx: &mut Cx<'_>, path: &str, recipient: &Recipient) {
    if recipient.role == Role::Authority {
        return;
    }
    let place = format!("{path}.agreement");
    let law = "sharing.agreement";
    let on = cx.on;
    let Some(agreement) = &recipient.agreement else {
        return cx.error(
            "agreement-missing",
            &place,
            law,
            "no agreement binds the recipient",
            "write agreement = { id, signed, expires, next_check }",
        );
    };
    if on >= agreement.expires {
        cx.error(
            "agreement-expired",
            &place,
            law,
            format!("the agreement {} expired on {}", agreement.id, agreement.expires),
            "renew it, or remove the recipient",
        );
    }
    if on < agreement.signed {
        cx.error(
            "agreement-not-yet-signed",
            &place,
            law,
            format!("the agreement {} is signed only on {}", agreement.id, agreement.signed),
            "publish after that day",
        );
    }
    match agreement.next_check {
        None => cx.error(
            "agreement-without-supervision",
            &place,
            law,
            "no day is set on which the recipient is checked",
            "write next_check",
        ),
        Some(day) if day < on => cx.warn(
            "supervision-overdue",
            &place,
            law,
            format!("the check due on {day} has not been recorded"),
            "check the recipient and write the next day",
        ),
        Some(_) => {}
    }
}

const CONTRACT_FILING: &str = "cross_border.contract_filing";

fn abroad(cx: &mut Cx<'_>, path: &str, recipient: &Recipient) {
    let facts = cx.facts;
    if recipient.region == facts.controller.region {
        return;
    }
    let place = format!("{path}.abroad");
    if !facts.storage.cross_border.as_ref().is_some_and(|c| c.allowed) {
        cx.error(
            "recipient-abroad-not-allowed",
            &format!("{path}.region"),
            "cross_border.mechanism",
            "the recipient is abroad, but no data may cross the border",
            "write storage.cross_border.allowed = true, or find a recipient at home",
        );
    }
    let Some(way) = &recipient.abroad else {
        return cx.error(
            "recipient-abroad-without-mechanism",
            &place,
            "cross_border.mechanism",
            "the recipient is abroad, and nothing makes sending lawful",
            "write abroad = { mechanism, reference, rights, assessment }",
        );
    };
    if !cx.records(Measure::Mechanism).iter().any(|(_, r)| r.word() == Some(way.mechanism.as_str())) {
        cx.error(
            "mechanism-unknown-to-law",
            &place,
            "cross_border.mechanism",
            format!("`{}` is no way across that the law in force knows", way.mechanism),
            "use another mechanism",
        );
    }
    if way.mechanism == Mechanism::Exemption {
        let known = way.citation.as_deref().and_then(crate::law::record).is_some_and(|(pack, record)| {
            facts.controller.law.contains(&pack.name)
                && record.in_force(cx.on)
                && (record.word() == Some(way.mechanism.as_str()) || record.id == EXEMPT_BELOW)
        });
        if !known {
            cx.error(
                "exemption-without-citation",
                &place,
                "cross_border.exemption|cross_border.mechanism",
                "it is not told which exemption of the law this is",
                "write citation, e.g. \"cn-pipl.cross_border.exempt_below\"",
            );
        }
    }
    if way.mechanism == Mechanism::StandardContract
        && way.filing.is_none()
        && let Some((_, record)) = cx.law(CONTRACT_FILING)
    {
        let message = format!("no filing is entered; it is due {} working days after the contract", record.value);
        cx.warn("standard-contract-not-filed", &place, CONTRACT_FILING, message, "write filing = { id, filed }");
    }
    longest(cx, &place, way);
    if let Some(end) = way.valid_until.filter(|end| *end <= cx.on) {
        cx.error(
            "mechanism-expired",
            &place,
            "cross_border.mechanism",
            format!("the mechanism {} held until {end}", way.reference),
            "renew it, or stop sending",
        );
    }
    if way.method.is_none() {
        cx.error(
            "cross-border-without-method",
            &place,
            "cross_border.notice",
            "people are not told in what way their data is processed abroad",
            "write method in every language",
        );
    }
    if recipient.contact.is_none() {
        cx.error(
            "cross-border-without-contact",
            path,
            "cross_border.notice",
            "people are not told how to reach the recipient abroad",
            "write contact",
        );
    }
    if way.rights.is_none() {
        cx.error(
            "cross-border-without-details",
            &place,
            "cross_border.notice",
            "people are not told how they use their rights abroad",
            "write rights in every language",
        );
    }
    if way.assessment.is_none() {
        cx.error(
            "cross-border-without-assessment",
            &place,
            "cross_border.impact",
            "no impact assessment was approved",
            "write assessment = { id, approved }",
        );
    }
}

/// A mechanism the law lets hold for so long is not entered for longer.
fn longest(cx: &mut Cx<'_>, place: &str, way: &Abroad) {
    let ids = match way.mechanism {
        Mechanism::SecurityAssessment => "cross_border.assessment_valid",
        Mechanism::Certification => "cross_border.certificate_valid",
        _ => return,
    };
    let Some(period) = cx.law(ids).and_then(|(_, record)| record.period()) else { return };
    let Some(from) = way.valid_from.or_else(|| way.assessment.as_ref().map(|a| a.approved)) else { return };
    let day = |date: Date| date.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let longest = day(from).map(|from| period.after(from));
    if way.valid_until.and_then(day).is_none_or(|until| Some(until) > longest) {
        cx.error(
            "mechanism-too-long",
            place,
            ids,
            "it is entered for longer than the law lets it hold",
            "write valid_from and valid_until as its document has them",
        );
    }
}

fn border(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    let Some(rule) = &facts.storage.cross_border else {
        return cx.warn(
            "cross-border-unsaid",
            "storage",
            "cross_border.notice",
            "the policy does not say whether data leaves its home",
            "write storage.cross_border.allowed",
        );
    };
    if !rule.allowed {
        return;
    }
    if !rule.separate_consent {
        cx.error(
            "cross-border-without-separate-consent",
            "storage.cross_border",
            "cross_border.separate_consent",
            "data leaves without a consent of its own",
            "write separate_consent = true",
        );
    }
    if facts.sharing.recipients.values().all(|r| r.region == facts.controller.region) {
        cx.error(
            "cross-border-without-details",
            "storage.cross_border",
            "cross_border.notice",
            "data may leave, but nobody abroad is named: no name, contact, purpose, way or kind",
            "name each recipient abroad, or write allowed = false",
        );
    }
}

fn transfer_and_publication(cx: &mut Cx<'_>) {
    let facts = cx.facts;
    match &facts.sharing.transfer {
        None => cx.error(
            "no-transfer-rule",
            "sharing",
            "sharing.transfer",
            "nothing is said of a change of hands",
            "write [sharing.transfer] with notify and ask_again",
        ),
        Some(rule) if !rule.notify || !rule.ask_again => {
            cx.error(
                "transfer-without-notice",
                "sharing.transfer",
                "sharing.transfer",
                "people are not told of a change of hands, or not asked again for what changes",
                "write notify = true and ask_again = true",
            );
        }
        Some(_) => {}
    }
    match &facts.sharing.publication {
        None => cx.error(
            "no-publication-rule",
            "sharing",
            "sharing.publication",
            "nothing is said of making data public",
            "write [sharing.publication] with basis",
        ),
        Some(rule) if !matches!(rule.basis, Basis::SeparateConsent | Basis::LegalDuty) => {
            cx.error(
                "publication-without-separate-consent",
                "sharing.publication",
                "sharing.publication",
                format!("data is made public on the basis {}", rule.basis),
                "write basis = \"separate-consent\"",
            );
        }
        Some(_) => {}
    }
    if facts.storage.regions.get(&facts.controller.region).is_none_or(|r| r.suite.is_none()) {
        cx.say(
            "home-region-without-store",
            Severity::Error,
            "controller.region",
            None,
            "nothing can be stored in the home region".into(),
            "write suite under [storage.regions] for it".into(),
        );
    }
}
