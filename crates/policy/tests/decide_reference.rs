//! The decision against a slow, obvious interpreter of the same rules, on random policies and people.
//!
//! `AVOUCH_DECIDE_CASES` sets how many; a million by default.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};

use avouch_policy::model::Role;
use avouch_policy::rules::{ItemRule, Names, PurposeRule, RecipientRule, party_bit};
use avouch_policy::{
    Act, Age, Ask, Basis, Bits, Code, ItemId, Kind, Party, PurposeId, RecipientId, RegionId, Rules, Standing, State,
    Verdict,
};
use jiff::Timestamp;

/// SplitMix64: a fixed seed makes every run the same.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True `percent` of the time.
    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn some(&mut self, of: usize, percent: u64) -> BTreeSet<usize> {
        (0..of).filter(|_| self.chance(percent)).collect()
    }
}

#[derive(Clone, Debug)]
struct Purpose {
    basis: Basis,
    items: BTreeSet<usize>,
    parties: BTreeSet<Party>,
    essential: bool,
    exceptional: bool,
}

#[derive(Clone, Debug)]
struct Recipient {
    role: Role,
    purposes: BTreeSet<usize>,
    items: BTreeSet<usize>,
    region: Option<usize>,
    agreement: Option<(i64, i64)>,
}

/// A policy as plain sets, which the reference reads and the rules are built from.
#[derive(Clone, Debug)]
struct World {
    sensitive: Vec<bool>,
    assessed: Vec<bool>,
    purposes: Vec<Purpose>,
    recipients: Vec<Recipient>,
    regions: usize,
    abroad: bool,
}

#[derive(Clone, Debug)]
struct Person {
    state: State,
    age: Age,
    guardian: bool,
    restricted: bool,
    home: usize,
    consents: BTreeSet<usize>,
    separate: BTreeSet<usize>,
    objected: BTreeSet<usize>,
    recipients: BTreeSet<usize>,
    abroad: BTreeSet<usize>,
    instruments: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
struct Question {
    act: Act,
    party: Party,
    purpose: usize,
    items: BTreeSet<usize>,
    recipient: Option<usize>,
    region: usize,
    at: i64,
}

const PARTIES: [Party; 4] = [Party::Subject, Party::Service, Party::Operator, Party::System];
const BASES: [Basis; 8] = [
    Basis::Contract,
    Basis::Consent,
    Basis::SeparateConsent,
    Basis::LegalDuty,
    Basis::Emergency,
    Basis::PublicInterest,
    Basis::SelfDisclosed,
    Basis::LegitimateInterests,
];

fn world(dice: &mut Dice) -> World {
    let items = 1 + dice.below(9);
    let purposes = 1 + dice.below(7);
    let regions = 1 + dice.below(3);
    World {
        sensitive: (0..items).map(|_| dice.chance(25)).collect(),
        assessed: (0..items).map(|_| dice.chance(80)).collect(),
        purposes: (0..purposes)
            .map(|_| Purpose {
                basis: dice.pick(&BASES),
                items: dice.some(items, 80),
                parties: PARTIES.into_iter().filter(|_| dice.chance(80)).collect(),
                essential: dice.chance(50),
                exceptional: dice.chance(15),
            })
            .collect(),
        recipients: (0..dice.below(5))
            .map(|_| Recipient {
                role: dice.pick(&[Role::Processor, Role::Controller, Role::Joint, Role::Authority]),
                purposes: dice.some(purposes, 85),
                items: dice.some(items, 90),
                region: dice.chance(95).then(|| dice.below(regions)),
                agreement: dice.chance(85).then(|| (dice.below(40) as i64, 40 + dice.below(60) as i64)),
            })
            .collect(),
        regions,
        abroad: dice.chance(50),
    }
}

fn person(dice: &mut Dice, world: &World) -> Person {
    let (p, r) = (world.purposes.len(), world.recipients.len());
    Person {
        state: if dice.chance(85) { State::Active } else { dice.pick(&[State::Cancelling, State::Erased]) },
        age: dice.pick(&[Age::Unknown, Age::Adult, Age::Adult, Age::Teen, Age::Child]),
        guardian: dice.chance(50),
        restricted: dice.chance(8),
        home: dice.below(world.regions),
        consents: dice.some(p, 70),
        separate: dice.some(p, 70),
        objected: dice.some(p, 10),
        recipients: dice.some(r, 70),
        abroad: dice.some(r, 70),
        instruments: dice.some(p, 60),
    }
}

fn question(dice: &mut Dice, world: &World, person: &Person) -> Question {
    let act = dice.pick(&Act::ALL);
    let sharing = if act == Act::Share { 95 } else { 4 };
    // Now and then one beyond what the world knows.
    let beyond = |dice: &mut Dice, n: usize| if dice.chance(2) { n + dice.below(200) } else { dice.below(n.max(1)) };
    let purpose = beyond(dice, world.purposes.len());
    let mut items: BTreeSet<usize> = match world.purposes.get(purpose) {
        Some(p) if dice.chance(90) => p.items.iter().copied().filter(|_| dice.chance(50)).collect(),
        _ => BTreeSet::new(),
    };
    if dice.chance(20) {
        items.insert(beyond(dice, world.sensitive.len()));
    }
    Question {
        act,
        party: dice.pick(&PARTIES),
        purpose,
        items,
        recipient: dice.chance(sharing).then(|| beyond(dice, world.recipients.len())),
        region: if dice.chance(93) { person.home } else { beyond(dice, world.regions) },
        at: dice.below(110) as i64,
    }
}

/// The rules as they are written in words, one after another.
fn reference(world: &World, who: &Person, q: &Question) -> BTreeSet<(Code, Option<usize>)> {
    let mut no = BTreeSet::new();
    if q.purpose >= world.purposes.len() {
        return BTreeSet::from([(Code::UnknownPurpose, None)]);
    }
    let purpose = &world.purposes[q.purpose];
    let from_law = purpose.basis == Basis::LegalDuty || purpose.basis == Basis::Emergency;
    if !purpose.parties.contains(&q.party) {
        no.insert((Code::PartyNotAllowed, None));
    }
    if q.items.is_empty() {
        no.insert((Code::NoItems, None));
    }
    let known: BTreeSet<usize> = q.items.iter().copied().filter(|i| *i < world.sensitive.len()).collect();
    for item in &q.items {
        if !known.contains(item) {
            no.insert((Code::UnknownItem, Some(*item)));
        } else if !purpose.items.contains(item) {
            no.insert((Code::ItemNotInPurpose, Some(*item)));
        }
    }
    let sensitive: Vec<usize> = known.iter().copied().filter(|i| world.sensitive[*i]).collect();
    for item in &sensitive {
        if !world.assessed[*item] {
            no.insert((Code::NoAssessment, Some(*item)));
        }
    }
    if who.state == State::Erased {
        no.insert((Code::Erased, None));
    }
    if who.state == State::Cancelling && q.act != Act::Keep && !from_law {
        no.insert((Code::Cancelling, None));
    }
    if purpose.basis == Basis::Consent && !who.consents.contains(&q.purpose) {
        no.insert((Code::NoConsent, None));
    }
    let separate = who.separate.contains(&q.purpose);
    if purpose.basis == Basis::SeparateConsent && !separate {
        no.insert((Code::NoSeparateConsent, None));
    }
    let rests_on_agreement =
        purpose.basis == Basis::Contract || purpose.basis == Basis::Consent && who.consents.contains(&q.purpose);
    if rests_on_agreement && !sensitive.is_empty() && !separate {
        no.insert((Code::NoSeparateConsent, None));
    }
    if who.age == Age::Child && !who.guardian && !from_law {
        no.insert((Code::NoGuardian, None));
    }
    if who.restricted && q.act != Act::Keep && !from_law {
        no.insert((Code::Restricted, None));
    }
    let cannot_do_without = purpose.basis == Basis::Contract && purpose.essential;
    if who.objected.contains(&q.purpose) && !from_law && !cannot_do_without {
        no.insert((Code::Objected, None));
    }
    if purpose.exceptional && q.act != Act::Keep && !who.instruments.contains(&q.purpose) {
        no.insert((Code::NoInstrument, None));
    }
    if q.act == Act::Share {
        match q.recipient {
            None => {
                no.insert((Code::NoRecipient, None));
            }
            Some(r) if r >= world.recipients.len() => {
                no.insert((Code::UnknownRecipient, None));
            }
            Some(r) => {
                let to = &world.recipients[r];
                if !to.purposes.contains(&q.purpose) {
                    no.insert((Code::RecipientPurpose, None));
                }
                for item in q.items.difference(&to.items) {
                    no.insert((Code::RecipientItem, Some(*item)));
                }
                let in_force = to.agreement.is_some_and(|(signed, expires)| (signed..expires).contains(&q.at));
                if to.role == Role::Authority {
                    if !who.instruments.contains(&q.purpose) {
                        no.insert((Code::NoInstrument, None));
                    }
                } else if !in_force {
                    no.insert((Code::NoAgreement, None));
                }
                if to.role == Role::Controller && !from_law && !who.recipients.contains(&r) {
                    no.insert((Code::NoRecipientConsent, None));
                }
                if to.region != Some(who.home) {
                    if !world.abroad {
                        no.insert((Code::OutOfRegion, None));
                    }
                    if !who.abroad.contains(&r) {
                        no.insert((Code::NoAbroadConsent, None));
                    }
                }
            }
        }
    } else if q.recipient.is_some() {
        no.insert((Code::RecipientNotAsked, None));
    }
    if q.region >= world.regions {
        no.insert((Code::UnknownRegion, None));
    } else if q.region != who.home {
        no.insert((Code::OutOfRegion, None));
    }
    if q.act == Act::Publish && !separate {
        no.insert((Code::NoPublicationConsent, None));
    }
    if q.act == Act::Export && (q.party != Party::Subject || !from_law) {
        no.insert((Code::ExportNotOwn, None));
    }
    no
}

fn bits(set: &BTreeSet<usize>) -> Bits {
    set.iter().map(|n| *n as u16).collect()
}

fn time(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

fn names(n: usize) -> Names {
    let names: Vec<String> = (0..n).map(|i| format!("n{i:04}")).collect();
    Names::new(names.iter())
}

fn rules(world: &World) -> Rules {
    Rules {
        items: names(world.sensitive.len()),
        purposes: names(world.purposes.len()),
        recipients: names(world.recipients.len()),
        regions: names(world.regions),
        item_rules: world
            .sensitive
            .iter()
            .zip(&world.assessed)
            .map(|(sensitive, assessed)| ItemRule { sensitive: *sensitive, assessed: *assessed })
            .collect(),
        purpose_rules: world
            .purposes
            .iter()
            .map(|p| PurposeRule {
                basis: p.basis,
                items: bits(&p.items),
                parties: p.parties.iter().fold(0, |bits, party| bits | party_bit(*party)),
                essential: p.essential,
                exceptional: p.exceptional,
            })
            .collect(),
        recipient_rules: world
            .recipients
            .iter()
            .map(|r| RecipientRule {
                role: r.role,
                purposes: bits(&r.purposes),
                items: bits(&r.items),
                region: r.region.map(|n| RegionId::new(n as u16)),
                agreement: r.agreement.map(|(from, to)| (time(from), time(to))),
            })
            .collect(),
        abroad_allowed: world.abroad,
    }
}

fn standing(who: &Person) -> Standing {
    let mut standing = Standing::new(RegionId::new(who.home as u16));
    standing.state = who.state;
    standing.age = who.age;
    standing.guardian = who.guardian;
    standing.restricted = who.restricted;
    standing.consents = bits(&who.consents);
    standing.separate = bits(&who.separate);
    standing.objected = bits(&who.objected);
    standing.recipients = bits(&who.recipients);
    standing.abroad = bits(&who.abroad);
    standing.instruments = bits(&who.instruments);
    standing
}

fn ask(q: &Question) -> Ask {
    Ask {
        act: q.act,
        party: q.party,
        purpose: PurposeId::new(q.purpose as u16),
        items: q.items.iter().map(|n| ItemId::new(*n as u16)).collect(),
        recipient: q.recipient.map(|n| RecipientId::new(n as u16)),
        region: RegionId::new(q.region as u16),
        at: time(q.at),
    }
}

fn decided(rules: &Rules, who: &Person, q: &Question) -> BTreeSet<(Code, Option<usize>)> {
    match rules.decide(&standing(who), &ask(q)) {
        Verdict::Permitted(_) => BTreeSet::new(),
        Verdict::Refused(refusal) => {
            assert!(!refusal.reasons.is_empty(), "a refusal has reasons");
            refusal.reasons.iter().map(|r| (r.code, r.item.map(|i| usize::from(i.index())))).collect()
        }
    }
}

#[test]
fn promise_2_0_the_decision_is_that_of_the_reference() {
    let cases: u64 = std::env::var("AVOUCH_DECIDE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let mut dice = Dice(20_261_123);
    let mut hits: BTreeMap<Code, u64> = BTreeMap::new();
    let (mut permitted, mut done) = (0, 0);
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
        for code in Code::ALL.iter().filter(|c| **c != Code::ServiceNotBound) {
            let hit = hits.get(code).copied().unwrap_or(0);
            assert!(hit > cases / 5_000, "{} was met only {hit} times", code.name());
        }
    }
}

#[test]
fn promise_6_4_taking_consent_away_never_permits_more() {
    let mut dice = Dice(7);
    for _ in 0..20_000 {
        let world = world(&mut dice);
        let rules = rules(&world);
        let who = person(&mut dice, &world);
        let q = question(&mut dice, &world, &who);
        let before = decided(&rules, &who, &q);
        let mut less = who.clone();
        less.consents.remove(&q.purpose);
        less.separate.remove(&q.purpose);
        less.recipients.clear();
        less.abroad.clear();
        less.instruments.remove(&q.purpose);
        let after = decided(&rules, &less, &q);
        assert!(!after.is_empty() || before.is_empty(), "{who:#?}\n{q:#?}");
    }
}

#[test]
fn promise_2_0_what_the_policy_does_not_know_is_a_gap() {
    let rules = Rules::default();
    let who = Standing::new(RegionId::new(0));
    let mut dice = Dice(3);
    for _ in 0..1_000 {
        let q = Question {
            act: dice.pick(&Act::ALL),
            party: dice.pick(&PARTIES),
            purpose: dice.below(60_000),
            items: dice.some(5, 50),
            recipient: None,
            region: 0,
            at: 0,
        };
        let Verdict::Refused(refusal) = rules.decide(&who, &ask(&q)) else { panic!("an empty policy permits nothing") };
        assert!(refusal.reasons.iter().all(|r| r.code.kind() == Kind::Gap));
    }
}
