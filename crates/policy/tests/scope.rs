//! What an answer to an earlier policy covers: everything it was given to, nothing it was not (7.2, PIPL 14(2)).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use avouch_policy::{
    Act, Age, AskNames, Code, File, Outdated, Party, Policy, Question, Source, Standing, Verdict, diff,
};

const FACTS: &str = include_str!("../../../policy/policy.toml");

fn policy(changes: &[(&str, &str)]) -> Policy {
    let mut facts = FACTS.to_owned();
    for (from, to) in changes {
        assert!(facts.contains(from), "{from}");
        facts = facts.replacen(from, to, 1);
    }
    let source = Source { facts: File::new("policy.toml", facts), texts: Vec::new() };
    Policy::load(&source).unwrap_or_else(|faults| panic!("{}", faults.report(false)))
}

/// What stands against an act under `now`, of somebody who agreed to everything under `given`.
fn against(given: &Policy, now: &Policy, act: Act, purpose: &str, item: &str, to: Option<&str>) -> Vec<Code> {
    let mut standing = Standing::new(now.region("cn").unwrap());
    standing.age = Age::Adult;
    let id = now.purpose(purpose).unwrap();
    standing.consents.insert(id.index());
    standing.separate.insert(id.index());
    if let Some(scope) = now.covered_purpose(given, purpose) {
        let scope = Arc::new(scope);
        standing.outdated.push(Outdated { question: Question::Consent(id), scope: Arc::clone(&scope) });
        standing.outdated.push(Outdated { question: Question::Separate(id), scope });
    }
    if let Some(to) = to {
        let id = now.recipient(to).unwrap();
        standing.recipients.insert(id.index());
        if let Some(scope) = now.covered_recipient(given, to) {
            standing.outdated.push(Outdated { question: Question::Recipient(id), scope: Arc::new(scope) });
        }
    }
    let at = "2026-12-10T00:00:00Z".parse().unwrap();
    let names = AskNames { act, party: Party::Service, purpose, items: &[item], recipient: to, region: "cn", at };
    match now.decide(&standing, &now.ask(names).unwrap()) {
        Verdict::Permitted(_) => Vec::new(),
        Verdict::Refused(refusal) => refusal.reasons.into_iter().map(|reason| reason.code).collect(),
    }
}

const MARKETING: &str = "items = [\"email\", \"nickname\", \"interests\"]\nparty = [\"service\"]";
const WIDER: &str = "items = [\"email\", \"nickname\", \"interests\", \"phone\"]\nparty = [\"service\"]";
const ADS: &str = "purposes = [\"recommendation\"]\nitems = [\"interests\"]";

#[test]
fn promise_7_2_a_new_item_is_not_covered_and_the_old_ones_stay() {
    let (old, new) = (policy(&[]), policy(&[(MARKETING, WIDER)]));
    assert_eq!(against(&old, &new, Act::Use, "marketing", "phone", None), [Code::ConsentOutdated]);
    assert_eq!(against(&old, &new, Act::Use, "marketing", "email", None), []);
    // An answer to the wider policy covers the narrower: given ahead, it counts until then too.
    assert_eq!(against(&new, &old, Act::Use, "marketing", "email", None), []);
    assert!(old.covered_purpose(&new, "marketing").is_none());
}

#[test]
fn promise_7_2_what_a_recipient_newly_gets_or_serves_is_not_covered() {
    let old = policy(&[]);
    let more = policy(&[(ADS, "purposes = [\"recommendation\"]\nitems = [\"interests\", \"function_used\"]")]);
    assert_eq!(against(&old, &more, Act::Share, "recommendation", "interests", Some("ads")), []);
    assert_eq!(
        against(&old, &more, Act::Share, "recommendation", "function_used", Some("ads")),
        [Code::ConsentOutdated]
    );
    let serves = policy(&[(ADS, "purposes = [\"recommendation\", \"marketing\"]\nitems = [\"interests\"]")]);
    assert_eq!(against(&old, &serves, Act::Share, "marketing", "interests", Some("ads")), [Code::ConsentOutdated]);
    assert_eq!(against(&old, &serves, Act::Use, "marketing", "interests", None), [], "use within is as it was");
}

#[test]
fn promise_7_2_another_way_of_processing_is_covered_in_nothing() {
    let (old, new) = (
        policy(&[]),
        policy(&[(
            "basis = \"consent\"\nchannel = \"email\"\nitems = [\"email\", \"nickname\", \"interests\"]",
            "basis = \"consent\"\nchannel = \"email\"\nautomated = true\nitems = [\"email\", \"nickname\", \"interests\"]",
        )]),
    );
    for item in ["email", "interests"] {
        assert_eq!(against(&old, &new, Act::Use, "marketing", item, None), [Code::ConsentOutdated]);
    }
}

#[test]
fn promise_7_2_what_asks_less_outdates_nothing() {
    let new = policy(&[]);
    for old in [
        policy(&[(MARKETING, WIDER)]),
        policy(&[(ADS, "purposes = [\"recommendation\", \"marketing\"]\nitems = [\"interests\"]")]),
        policy(&[(
            "why = { en = \"To send you offers that may interest you, by e-mail.\"",
            "why = { en = \"To send you offers.\"",
        )]),
    ] {
        for name in new.facts().usage.purposes.keys() {
            assert_eq!(new.covered_purpose(&old, name), None, "{name}");
        }
    }
}

#[test]
fn promise_7_2_whatever_outdates_a_consent_is_classed_as_to_be_asked_again() {
    let old = policy(&[]);
    for new in [
        policy(&[(MARKETING, WIDER)]),
        policy(&[(ADS, "purposes = [\"recommendation\", \"marketing\"]\nitems = [\"interests\"]")]),
        policy(&[(
            "items = [\"interests\", \"tastes\", \"function_used\"]\nparty = [\"subject\", \"service\"]\nretention = { after = \"consent-withdrawn\", keep = \"0 days\"",
            "items = [\"interests\", \"tastes\", \"function_used\"]\nparty = [\"subject\", \"service\"]\nretention = { after = \"consent-withdrawn\", keep = \"30 days\"",
        )]),
    ] {
        let again = diff(&old, &new).ask_again;
        let outdated = new
            .facts()
            .usage
            .purposes
            .iter()
            .filter(|(name, purpose)| purpose.basis.is_consent() && new.covered_purpose(&old, name).is_some());
        let outdated: Vec<&String> = outdated.map(|(name, _)| name).collect();
        assert!(!outdated.is_empty() && outdated.iter().all(|name| again.contains(*name)), "{outdated:?} {again:?}");
    }
}
