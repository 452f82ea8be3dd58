//! The decision against a slow, obvious interpreter of the same rules, on random policies and people.
//!
//! `AVOUCH_DECIDE_CASES` sets how many; a million by default.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    unreachable_pub,
    missing_debug_implementations,
    reason = "tests"
)]

mod reference;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use avouch_policy::model::Role;
use avouch_policy::{About, Act, Age, Basis, Code, Kind, RegionId, Rules, Standing, State, Stopped, Verdict};
use proptest::prelude::*;

use crate::reference::{Why, reference};
use crate::world::{Dice, PARTIES, Person, Question, World, ask, person, question, rules, standing, world, written};

fn decided(rules: &Rules, who: &Person, q: &Question) -> BTreeSet<Why> {
    match rules.decide(&standing(who), &ask(q)) {
        Verdict::Permitted(_) => BTreeSet::new(),
        Verdict::Refused(refusal) => {
            assert!(!refusal.reasons.is_empty(), "a refusal has reasons");
            let reasons: BTreeSet<Why> = refusal
                .reasons
                .iter()
                .map(|r| match r.about {
                    About::Item(id) => (r.code, Some(usize::from(id.index()))),
                    _ => (r.code, None),
                })
                .collect();
            assert_eq!(reasons.len(), refusal.reasons.len(), "no reason is told twice: {refusal:?}");
            reasons
        }
    }
}

#[test]
fn promise_2_0_the_decision_is_that_of_the_reference() {
    let cases: u64 = std::env::var("AVOUCH_DECIDE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let mut dice = Dice::Seed(20_261_123);
    let mut hits: BTreeMap<Code, u64> = BTreeMap::new();
    let (mut permitted, mut shared, mut done) = (0, 0, 0);
    while done < cases {
        let world = world(&mut dice);
        let rules = rules(&world);
        for _ in 0..20 {
            let who = person(&mut dice, &world);
            for _ in 0..10 {
                let q = question(&mut dice, &world, &who);
                let expected = reference(&world, &who, &q);
                let got = decided(&rules, &who, &q);
                assert_eq!(got, expected, "case {done}\n{world:#?}\n{who:#?}\n{q:#?}");
                if expected.is_empty() {
                    permitted += 1;
                    shared += u64::from(q.act == Act::Share);
                }
                for (code, _) in expected {
                    *hits.entry(code).or_default() += 1;
                }
                done += 1;
            }
        }
    }
    if cases >= 100_000 {
        assert!(permitted > cases / 100, "permits are tried too: {permitted} of {cases}");
        assert!(shared > cases / 10_000, "shares are permitted too: {shared} of {cases}");
        // The store alone knows what a credential is bound to, where a call goes, and when a record ends.
        for code in
            Code::ALL.iter().filter(|c| !matches!(c, Code::ServiceNotBound | Code::UndeclaredHost | Code::Expired))
        {
            let hit = hits.get(code).copied().unwrap_or(0);
            assert!(hit > cases / 5_000, "{} was met only {hit} times", code.name());
        }
    }
}

#[test]
fn promise_2_0_a_written_policy_is_decided_as_it_reads() {
    let mut dice = Dice::Seed(5);
    for _ in 0..60 {
        let world = world(&mut dice);
        let policy = written(&world);
        for _ in 0..30 {
            let who = person(&mut dice, &world);
            for _ in 0..10 {
                let q = question(&mut dice, &world, &who);
                let expected = reference(&world, &who, &q);
                assert_eq!(decided(policy.rules(), &who, &q), expected, "{world:#?}\n{who:#?}\n{q:#?}");
            }
        }
    }
}

/// A world, a person in it and a question of it, all from one tape, so that a failing case shrinks to a small one.
fn cases() -> impl Strategy<Value = (World, Person, Question)> {
    prop::collection::vec(prop_oneof![3 => 0..100_u64, 1 => any::<u64>()], 0..160).prop_map(|tape| {
        let mut dice = Dice::Tape(tape.into_iter());
        let world = world(&mut dice);
        let who = person(&mut dice, &world);
        let q = question(&mut dice, &world, &who);
        (world, who, q)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

    #[test]
    fn promise_2_0_any_small_case_is_decided_as_the_reference_does((world, who, q) in cases()) {
        prop_assert_eq!(decided(&rules(&world), &who, &q), reference(&world, &who, &q));
    }

    #[test]
    fn promise_6_4_taking_consent_away_never_permits_more((world, who, q) in cases()) {
        let rules = rules(&world);
        let before = decided(&rules, &who, &q);
        let mut less = who.clone();
        less.consents.remove(&q.purpose);
        less.separate.remove(&q.purpose);
        less.recipients.clear();
        less.abroad.clear();
        less.instruments.remove(&q.purpose);
        prop_assert!(before.is_subset(&decided(&rules, &less, &q)), "what stood against it stands still");
    }

    #[test]
    fn promise_6_5_an_objection_or_a_restriction_only_ever_adds_reasons((world, who, q) in cases()) {
        let rules = rules(&world);
        let before = decided(&rules, &who, &q);
        let mut more = who.clone();
        more.objected.insert(q.purpose);
        more.restricted = true;
        let after = decided(&rules, &more, &q);
        prop_assert!(before.is_subset(&after));
        let duty = world.purposes.get(q.purpose).is_none_or(|p| p.basis == Basis::LegalDuty);
        prop_assert!(duty || q.act == Act::Keep || after.contains(&(Code::Restricted, None)));
    }

    #[test]
    fn promise_6_3_who_is_leaving_is_only_stored_or_served_by_duty((world, mut who, q) in cases()) {
        who.state = State::Cancelling;
        let duty = world.purposes.get(q.purpose).is_some_and(|p| p.basis == Basis::LegalDuty);
        if decided(&rules(&world), &who, &q).is_empty() {
            prop_assert!(duty || q.act == Act::Keep);
        }
    }

    #[test]
    fn promise_5_2_nothing_is_done_with_the_erased((world, mut who, q) in cases()) {
        who.state = State::Erased;
        prop_assert!(!decided(&rules(&world), &who, &q).is_empty());
    }

    #[test]
    fn promise_4_2_no_day_after_the_agreement_or_its_check_is_a_day_of_sharing((world, mut who, mut q) in cases()) {
        // What a check on record found counts before the day that was planned.
        who.check_holds = None;
        q.act = Act::Share;
        let Some(to) = q.recipient.and_then(|r| world.recipients.get(r)) else { return Ok(()) };
        prop_assume!(to.role != Role::Authority);
        for day in 0..60 {
            q.hour = 24 * day + 23;
            if decided(&rules(&world), &who, &q).is_empty() {
                let a = to.agreement.as_ref().expect("permitted, so bound");
                let planned = a.next_check.is_some_and(|check| day <= check);
                let checked = who.check_holds.map_or(planned, |hour| q.hour < hour);
                prop_assert!(day < a.expires && checked);
            }
        }
    }

    #[test]
    fn a_legal_hold_makes_no_use_lawful_or_unlawful((world, who, q) in cases()) {
        let mut held = who.clone();
        held.hold = !held.hold;
        prop_assert_eq!(decided(&rules(&world), &who, &q), decided(&rules(&world), &held, &q));
    }

    #[test]
    fn no_name_beyond_the_policy_is_ever_permitted((world, who, q) in cases(), far in 10_u16..) {
        let rules = rules(&world);
        for n in 0..4 {
            let mut ask = ask(&q);
            match n {
                0 => ask.purpose = avouch_policy::PurposeId::new(far),
                1 => ask.items.push(avouch_policy::ItemId::new(far)),
                2 => ask.recipient = Some(avouch_policy::RecipientId::new(far)),
                _ => ask.region = RegionId::new(far),
            }
            prop_assert!(matches!(rules.decide(&standing(&who), &ask), Verdict::Refused(_)));
        }
    }
}

/// One person, one purpose, one item, one recipient, all in order; each test spoils one thing.
fn sound() -> (World, Person, Question) {
    let mut dice = Dice::Tape(Vec::new().into_iter());
    let mut world = world(&mut dice);
    world.regions = 2;
    world.items = vec![world::Item { sensitive: false, approved: None }];
    world.purposes = vec![world::Purpose {
        basis: Basis::Consent,
        items: [0].into(),
        parties: PARTIES.into(),
        essential: false,
        exceptional: false,
    }];
    world.recipients = vec![world::Recipient {
        role: Role::Processor,
        purposes: [0].into(),
        items: [0].into(),
        region: 0,
        agreement: Some(world::Agreement { signed: 0, expires: 20, next_check: Some(10) }),
        abroad: Some(world::Mechanism { valid_until: Some(15), approved: Some(2), kind: world::Way::Certification }),
    }];
    world.crossing = true;
    let mut who = person(&mut dice, &world);
    (who.state, who.age, who.guardian, who.restricted, who.home) = (State::Active, Age::Adult, false, false, 0);
    (who.consents, who.separate, who.objected) = ([0].into(), [0].into(), BTreeSet::new());
    (who.recipients, who.abroad, who.instruments) = ([0].into(), [0].into(), BTreeSet::new());
    (who.crossed, who.frozen) = ((1, 1), BTreeSet::new());
    (who.stopped, who.check_holds) = (None, None);
    let q = Question {
        act: Act::Share,
        party: PARTIES[1],
        purpose: 0,
        items: [0].into(),
        recipient: Some(0),
        region: 0,
        hour: 24 * 5,
    };
    (world, who, q)
}

fn codes(world: &World, who: &Person, q: &Question) -> Vec<Code> {
    let by_rules = decided(&rules(world), who, q);
    assert_eq!(by_rules, decided(written(world).rules(), who, q), "built and written rules agree");
    by_rules.into_iter().map(|(code, _)| code).collect()
}

#[test]
fn promise_4_2_the_days_of_an_agreement_are_those_of_the_law_in_force() {
    let (mut world, who, mut q) = sound();
    assert_eq!(codes(&world, &who, &q), []);
    world.recipients[0].agreement = Some(world::Agreement { signed: 3, expires: 9, next_check: Some(30) });
    for (hour, expected) in [
        (24 * 3 - 1, vec![Code::NoAgreement]),
        (24 * 3, vec![]),
        (24 * 9 - 1, vec![]),
        // Midnight in China, eight hours before that of UTC.
        (24 * 9, vec![Code::NoAgreement]),
    ] {
        q.hour = hour;
        assert_eq!(codes(&world, &who, &q), expected, "hour {hour}");
    }
}

#[test]
fn promise_4_2_an_overdue_check_stops_sharing() {
    let (mut world, who, mut q) = sound();
    q.hour = 24 * 11 - 1;
    assert_eq!(codes(&world, &who, &q), []);
    q.hour = 24 * 11;
    assert_eq!(codes(&world, &who, &q), [Code::RecipientUnchecked]);
    world.recipients[0].agreement.as_mut().unwrap().next_check = None;
    q.hour = 24 * 5;
    assert_eq!(codes(&world, &who, &q), [Code::RecipientUnchecked]);
}

#[test]
fn promise_4_2_what_the_register_says_of_a_recipient_stops_sharing_and_its_check_counts_before_the_planned_one() {
    let (world, mut who, mut q) = sound();
    let said = [
        (Stopped::Suspended, Code::RecipientSuspended),
        (Stopped::Failed, Code::RecipientFailed),
        (Stopped::Ended, Code::RecipientEnded),
    ];
    for (stopped, code) in said {
        who.stopped = Some(stopped);
        assert_eq!(codes(&world, &who, &q), [code]);
    }
    who.stopped = None;
    who.check_holds = Some(24 * 5);
    assert_eq!(codes(&world, &who, &q), [Code::RecipientUnchecked], "found to be needed sooner than planned");
    (who.check_holds, q.hour) = (Some(24 * 15), 24 * 12);
    assert_eq!(codes(&world, &who, &q), [], "made since, and planned for later");
}

#[test]
fn promise_5_4_abroad_needs_a_mechanism_in_force_beside_the_consent() {
    let (mut world, who, mut q) = sound();
    world.recipients[0].region = 1;
    assert_eq!(codes(&world, &who, &q), []);
    q.hour = 24 * 2 - 1;
    assert_eq!(codes(&world, &who, &q), [Code::NoMechanism], "before its assessment was approved");
    q.hour = 24 * 15;
    world.recipients[0].agreement.as_mut().unwrap().next_check = Some(30);
    assert_eq!(codes(&world, &who, &q), [Code::NoMechanism], "after it ended");
    q.hour = 24 * 5;
    world.recipients[0].abroad = None;
    assert_eq!(codes(&world, &who, &q), [Code::NoMechanism], "without one");
    let (mut world, mut who, q) = sound();
    world.recipients[0].region = 1;
    world.crossing = false;
    who.abroad.clear();
    assert_eq!(codes(&world, &who, &q), [Code::NoMechanism, Code::NoAbroadConsent]);
}

#[test]
fn promise_5_4_a_mechanism_covers_so_many_people_and_not_one_more() {
    use world::Way;
    let (mut world, mut who, q) = sound();
    world.recipients[0].region = 1;
    let exceeded = vec![Code::MechanismExceeded];
    for (way, sensitive, people, expected) in [
        (Way::Small, false, 99_999, vec![]),
        (Way::Small, false, 100_000, exceeded.clone()),
        (Way::Small, true, 1, vec![Code::MechanismSensitive]),
        (Way::Contract, false, 999_999, vec![]),
        (Way::Contract, false, 1_000_000, exceeded.clone()),
        (Way::Contract, true, 9_999, vec![]),
        (Way::Contract, true, 10_000, exceeded.clone()),
        (Way::Certification, true, 10_000, exceeded.clone()),
        (Way::Assessment, false, 5_000_000, vec![]),
        (Way::Assessment, true, 5_000_000, vec![]),
        (Way::Named, false, 5_000_000, vec![]),
        (Way::Named, true, 5_000_000, vec![]),
        (Way::Unnamed, false, 1, vec![Code::NoMechanism]),
    ] {
        world.recipients[0].abroad.as_mut().unwrap().kind = way;
        world.items[0] = world::Item { sensitive, approved: sensitive.then_some(0) };
        // The other count is as high as can be and stands in nobody's way.
        who.crossed = if sensitive { (u32::MAX, people) } else { (people, u32::MAX) };
        assert_eq!(codes(&world, &who, &q), expected, "{way:?}, sensitive {sensitive}, {people}");
    }
}

#[test]
fn promise_1_2_an_assessment_counts_from_the_day_it_is_approved() {
    let (mut world, who, mut q) = sound();
    world.items[0] = world::Item { sensitive: true, approved: Some(4) };
    (q.act, q.recipient) = (Act::Use, None);
    q.hour = 24 * 4 - 1;
    assert_eq!(codes(&world, &who, &q), [Code::NoAssessment]);
    q.hour = 24 * 4;
    assert_eq!(codes(&world, &who, &q), []);
}

#[test]
fn promise_1_2_without_any_answer_both_consents_are_told() {
    let (mut world, mut who, mut q) = sound();
    world.items[0] = world::Item { sensitive: true, approved: Some(0) };
    (q.act, q.recipient) = (Act::Use, None);
    (who.consents, who.separate) = (BTreeSet::new(), BTreeSet::new());
    assert_eq!(codes(&world, &who, &q), [Code::NoConsent, Code::NoSeparateConsent]);
}

#[test]
fn promise_2_7_an_emergency_is_no_legal_duty() {
    let (mut world, mut who, mut q) = sound();
    world.purposes[0].basis = Basis::Emergency;
    world.purposes[0].exceptional = true;
    who.instruments = [0].into();
    (q.act, q.recipient, q.party) = (Act::Use, None, PARTIES[2]);
    assert_eq!(codes(&world, &who, &q), []);
    who.restricted = true;
    assert_eq!(codes(&world, &who, &q), [Code::Restricted]);
    (who.restricted, who.state) = (false, State::Cancelling);
    assert_eq!(codes(&world, &who, &q), [Code::Cancelling]);
    (who.state, q.act) = (State::Active, Act::Export);
    assert_eq!(codes(&world, &who, &q), [Code::ExportNotOwn]);
}

#[test]
fn promise_2_6_a_registered_duty_hands_out_what_is_asked_and_without_the_entry_nothing() {
    let (mut world, mut who, mut q) = sound();
    world.purposes[0].basis = Basis::LegalDuty;
    world.purposes[0].exceptional = true;
    (q.act, q.recipient, q.party) = (Act::Export, None, PARTIES[2]);
    assert_eq!(codes(&world, &who, &q), [Code::NoInstrument]);
    who.instruments = [0].into();
    assert_eq!(codes(&world, &who, &q), []);
}

#[test]
fn promise_4_3_a_successor_is_bound_by_an_agreement_and_what_it_changes_rests() {
    let (mut world, mut who, mut q) = sound();
    world.recipients[0].role = Role::Successor;
    world.purposes[0].parties = [PARTIES[1]].into();
    q.party = PARTIES[3];
    who.recipients.clear();
    assert_eq!(codes(&world, &who, &q), [], "no consent but the purpose's own, and the system's act");
    who.frozen = [0].into();
    assert_eq!(codes(&world, &who, &q), [Code::Frozen]);
    q.act = Act::Keep;
    q.recipient = None;
    assert_eq!(codes(&world, &who, &q), [Code::PartyNotAllowed], "storage goes on, by whom the purpose names");
    (q.act, q.recipient) = (Act::Share, Some(0));
    who.frozen.clear();
    world.recipients[0].agreement = None;
    assert_eq!(codes(&world, &who, &q), [Code::NoAgreement, Code::RecipientUnchecked]);
}

#[test]
fn promise_4_4_publication_is_by_separate_consent_or_law() {
    let (mut world, mut who, mut q) = sound();
    (q.act, q.recipient) = (Act::Publish, None);
    assert_eq!(codes(&world, &who, &q), []);
    who.separate.clear();
    assert_eq!(codes(&world, &who, &q), [Code::NoPublicationConsent]);
    world.purposes[0].basis = Basis::LegalDuty;
    assert_eq!(codes(&world, &who, &q), []);
}

#[test]
fn promise_2_0_what_the_policy_does_not_know_is_a_gap() {
    let rules = Rules::default();
    let who = Standing::new(RegionId::new(0));
    let mut dice = Dice::Seed(3);
    for _ in 0..1_000 {
        let q = Question {
            act: dice.pick(&Act::ALL),
            party: dice.pick(&PARTIES),
            purpose: dice.below(60_000),
            items: dice.some(5, 50),
            recipient: None,
            region: 0,
            hour: 0,
        };
        let Verdict::Refused(refusal) = rules.decide(&who, &ask(&q)) else { panic!("an empty policy permits nothing") };
        assert!(refusal.reasons.iter().all(|r| r.code.kind() == Kind::Gap));
    }
}
