//! Random policies, people and questions, as plain sets; what the reference reads, and what the rules and
//! the written policy are made from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use avouch_policy::Question as Asked;
use avouch_policy::crossing::{Crossed, Crossing};
use avouch_policy::model::Role;
use avouch_policy::rules::{ItemRule, Names, PurposeRule, RecipientRule, party_bit};
use avouch_policy::{
    Act, Age, Ask, Basis, Bits, File, ItemId, Outdated, Party, Policy, PurposeId, RecipientId, RegionId, Registered,
    Rules, Scope, Source, Standing, State, Stopped,
};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Span, Timestamp};

/// Where the choices come from.
pub enum Dice {
    /// SplitMix64: a fixed seed makes every run the same.
    Seed(u64),
    /// Choices that were made already; nought where they end. A failing case shrinks by its tape.
    Tape(std::vec::IntoIter<u64>),
}

impl Dice {
    fn next(&mut self) -> u64 {
        match self {
            Self::Seed(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = *state;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                z ^ (z >> 31)
            }
            Self::Tape(tape) => tape.next().unwrap_or(0),
        }
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True `percent` of the time.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn some(&mut self, of: usize, percent: u64) -> BTreeSet<usize> {
        (0..of).filter(|_| self.chance(percent)).collect()
    }

    fn day(&mut self, percent: u64, from: i64, days: usize) -> Option<i64> {
        self.chance(percent).then(|| from + self.below(days) as i64)
    }
}

#[derive(Clone, Debug)]
pub struct Item {
    pub sensitive: bool,
    /// The day its assessment was approved.
    pub approved: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Purpose {
    pub basis: Basis,
    pub items: BTreeSet<usize>,
    pub parties: BTreeSet<Party>,
    pub essential: bool,
    pub exceptional: bool,
}

/// Days count from the first day of the world.
#[derive(Clone, Debug)]
pub struct Agreement {
    pub signed: i64,
    /// The first day it no longer holds.
    pub expires: i64,
    /// The day by which the recipient is checked.
    pub next_check: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Mechanism {
    /// The first day it no longer holds.
    pub valid_until: Option<i64>,
    /// The day its assessment was approved.
    pub approved: Option<i64>,
    pub kind: Way,
}

/// A way across the border, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Assessment,
    Certification,
    Contract,
    /// The exemption of small numbers.
    Small,
    /// An exemption the law names by its case.
    Named,
    /// An exemption nobody names.
    Unnamed,
}

impl Way {
    const ALL: [Self; 6] =
        [Self::Assessment, Self::Certification, Self::Contract, Self::Small, Self::Named, Self::Unnamed];

    fn written(self) -> &'static str {
        match self {
            Self::Assessment => "mechanism = 'security-assessment'",
            Self::Certification => "mechanism = 'certification'",
            Self::Contract => "mechanism = 'standard-contract'",
            Self::Small => "mechanism = 'exemption', citation = 'cn-pipl.cross_border.exempt_below'",
            Self::Named => "mechanism = 'exemption', citation = 'cn-pipl.cross_border.exempt.contract'",
            Self::Unnamed => "mechanism = 'exemption'",
        }
    }

    fn crossing(self, from: Timestamp, until: Timestamp) -> Option<Crossing> {
        let all = Crossing { from, until, counted: true, plain_below: None, sensitive_below: None };
        match self {
            Self::Assessment => Some(all),
            Self::Certification | Self::Contract => {
                Some(Crossing { plain_below: Some(1_000_000), sensitive_below: Some(10_000), ..all })
            }
            Self::Small => Some(Crossing { plain_below: Some(100_000), sensitive_below: Some(0), ..all }),
            Self::Named => Some(Crossing { counted: false, ..all }),
            Self::Unnamed => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Recipient {
    pub role: Role,
    pub purposes: BTreeSet<usize>,
    pub items: BTreeSet<usize>,
    pub region: usize,
    pub agreement: Option<Agreement>,
    pub abroad: Option<Mechanism>,
}

/// A policy as plain sets.
#[derive(Clone, Debug)]
pub struct World {
    pub items: Vec<Item>,
    pub purposes: Vec<Purpose>,
    pub recipients: Vec<Recipient>,
    pub regions: usize,
    pub crossing: bool,
}

#[derive(Clone, Debug)]
pub struct Person {
    pub state: State,
    pub age: Age,
    pub guardian: bool,
    pub restricted: bool,
    pub hold: bool,
    pub home: usize,
    pub consents: BTreeSet<usize>,
    pub separate: BTreeSet<usize>,
    pub objected: BTreeSet<usize>,
    pub recipients: BTreeSet<usize>,
    pub abroad: BTreeSet<usize>,
    /// Purposes that wait for a new consent.
    pub frozen: BTreeSet<usize>,
    pub instruments: BTreeSet<usize>,
    /// Items whose permission the device refuses.
    pub denied: BTreeSet<usize>,
    /// People whose plain and whose sensitive data went abroad this year, this one among them.
    pub crossed: (u32, u32),
    /// What the register says against the recipient that is asked for.
    pub stopped: Option<Stopped>,
    /// The first hour at which its last check no longer holds.
    pub check_holds: Option<i64>,
    /// Answers that were given to earlier words.
    pub earlier: Vec<Earlier>,
}

/// What an answer is to.
#[derive(Clone, Copy, Debug)]
pub enum To {
    Consent(usize),
    Separate(usize),
    Recipient(usize),
    Abroad(usize),
}

/// An answer that was given to earlier words, and what those said.
#[derive(Clone, Debug)]
pub struct Earlier {
    pub to: To,
    /// Whether data is processed in the way they said.
    pub same_way: bool,
    /// Whether it is kept for longer than they said.
    pub kept_longer: bool,
    pub parties: BTreeSet<Party>,
    pub items: BTreeSet<usize>,
    /// For an answer about a recipient: the purposes they named.
    pub purposes: BTreeSet<usize>,
    /// For an answer about a purpose: the recipients they named, and what each was to get.
    pub recipients: BTreeMap<usize, BTreeSet<usize>>,
}

fn earlier(dice: &mut Dice, world: &World) -> Earlier {
    let (p, r, i) = (world.purposes.len(), world.recipients.len(), world.items.len());
    let to = match dice.below(if r == 0 { 2 } else { 4 }) {
        0 => To::Consent(dice.below(p)),
        1 => To::Separate(dice.below(p)),
        2 => To::Recipient(dice.below(r)),
        _ => To::Abroad(dice.below(r)),
    };
    Earlier {
        to,
        same_way: dice.chance(90),
        kept_longer: dice.chance(20),
        parties: PARTIES.into_iter().filter(|_| dice.chance(85)).collect(),
        items: dice.some(i, 75),
        purposes: dice.some(p, 75),
        recipients: dice.some(r, 75).into_iter().map(|r| (r, dice.some(i, 80))).collect(),
    }
}

#[derive(Clone, Debug)]
pub struct Question {
    pub act: Act,
    pub party: Party,
    pub purpose: usize,
    pub items: BTreeSet<usize>,
    pub recipient: Option<usize>,
    pub region: usize,
    /// Hours since the first day of the world began in China.
    pub hour: i64,
}

pub const PARTIES: [Party; 4] = [Party::Subject, Party::Service, Party::Operator, Party::System];
const ROLES: [Role; 5] = [Role::Processor, Role::Controller, Role::Joint, Role::Authority, Role::Successor];

/// Somebody at least: a purpose that nobody may claim is a fault at load.
fn parties(dice: &mut Dice) -> BTreeSet<Party> {
    let sure = dice.pick(&PARTIES);
    PARTIES.into_iter().filter(|party| *party == sure || dice.chance(75)).collect()
}

pub fn world(dice: &mut Dice) -> World {
    let items = 1 + dice.below(9);
    let purposes = 1 + dice.below(7);
    let regions = 1 + dice.below(3);
    World {
        items: (0..items).map(|_| Item { sensitive: dice.chance(25), approved: dice.day(85, -20, 30) }).collect(),
        purposes: (0..purposes)
            .map(|_| Purpose {
                basis: dice.pick(Basis::ALL),
                items: dice.some(items, 80),
                parties: parties(dice),
                essential: dice.chance(50),
                exceptional: dice.chance(15),
            })
            .collect(),
        recipients: (0..dice.below(5))
            .map(|_| Recipient {
                role: dice.pick(&ROLES),
                purposes: dice.some(purposes, 85),
                items: dice.some(items, 90),
                region: dice.below(regions),
                agreement: dice.chance(88).then(|| Agreement {
                    signed: dice.below(10) as i64 - 8,
                    expires: 5 + dice.below(30) as i64,
                    next_check: dice.day(90, 3, 25),
                }),
                abroad: dice.chance(80).then(|| Mechanism {
                    valid_until: dice.day(50, 5, 25),
                    approved: dice.day(85, -10, 15),
                    kind: dice.pick(&Way::ALL),
                }),
            })
            .collect(),
        regions,
        crossing: dice.chance(70),
    }
}

pub fn person(dice: &mut Dice, world: &World) -> Person {
    let (p, r) = (world.purposes.len(), world.recipients.len());
    Person {
        state: if dice.chance(85) { State::Active } else { dice.pick(&[State::Cancelling, State::Erased]) },
        age: dice.pick(&[Age::Unknown, Age::Adult, Age::Adult, Age::Teen, Age::Child]),
        guardian: dice.chance(50),
        restricted: dice.chance(8),
        hold: dice.chance(20),
        home: dice.below(world.regions),
        consents: dice.some(p, 70),
        separate: dice.some(p, 70),
        objected: dice.some(p, 10),
        recipients: dice.some(r, 70),
        abroad: dice.some(r, 70),
        frozen: dice.some(p, 6),
        instruments: dice.some(p, 60),
        denied: dice.some(world.items.len(), 4),
        crossed: (dice.pick(&[1, 99_999, 100_000, 999_999, 1_000_000]), dice.pick(&[0, 1, 9_999, 10_000, 20_000])),
        stopped: dice.chance(10).then(|| dice.pick(&[Stopped::Suspended, Stopped::Failed, Stopped::Ended])),
        check_holds: dice.chance(30).then(|| dice.below(24 * 30) as i64),
        earlier: (0..dice.pick(&[0, 0, 0, 1, 2])).map(|_| earlier(dice, world)).collect(),
    }
}

pub fn question(dice: &mut Dice, world: &World, person: &Person) -> Question {
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
        items.insert(beyond(dice, world.items.len()));
    }
    Question {
        act,
        party: dice.pick(&PARTIES),
        purpose,
        items,
        recipient: dice.chance(sharing).then(|| beyond(dice, world.recipients.len())),
        region: if dice.chance(93) { person.home } else { beyond(dice, world.regions) },
        hour: dice.below(24 * 30) as i64,
    }
}

fn civil(day: i64) -> Date {
    date(2026, 3, 1).checked_add(Span::new().days(day)).unwrap()
}

/// An hour of the world as an instant: China's day begins eight hours before that of UTC.
fn time(hour: i64) -> Timestamp {
    let first: Timestamp = "2026-02-28T16:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(hour)
}

fn midnight(day: i64) -> Timestamp {
    time(24 * day)
}

pub fn bits(set: &BTreeSet<usize>) -> Bits {
    set.iter().map(|n| *n as u16).collect()
}

fn named(n: usize) -> String {
    format!("n{n:04}")
}

fn names(n: usize) -> Names {
    let names: Vec<String> = (0..n).map(named).collect();
    Names::new(names.iter())
}

/// The rules, built as compiling a written policy builds them.
pub fn rules(world: &World) -> Rules {
    Rules {
        items: names(world.items.len()),
        purposes: names(world.purposes.len()),
        recipients: names(world.recipients.len()),
        regions: names(world.regions),
        permissions: Bits::new(),
        item_rules: world
            .items
            .iter()
            .map(|i| ItemRule { sensitive: i.sensitive, assessed: i.approved.map(midnight) })
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
                region: Some(RegionId::new(r.region as u16)),
                agreement: r.agreement.as_ref().map(|a| (midnight(a.signed), midnight(a.expires))),
                checked: r.agreement.as_ref().and_then(|a| a.next_check).map(|day| midnight(day + 1)),
                crossing: r.abroad.as_ref().and_then(|m| {
                    m.kind.crossing(midnight(m.approved?), m.valid_until.map_or(Timestamp::MAX, midnight))
                }),
            })
            .collect(),
        abroad_allowed: world.crossing,
        crossing_law: None,
    }
}

fn list(set: &BTreeSet<usize>) -> String {
    let names: Vec<String> = set.iter().map(|n| format!("{:?}", named(*n))).collect();
    format!("[{}]", names.join(", "))
}

/// The policy as somebody would write it, loaded as any other.
pub fn written(world: &World) -> Policy {
    let mut out = String::from(
        "format = 1\nversion = '1'\neffective = 2026-01-01\ndefault_language = 'en'\nlanguages = ['en']\n\
         [controller]\nname = { en = 'W' }\ncontrol = { en = 'W' }\nregion = 'n0000'\nlaw = ['cn-pipl']\n\
         [collection]\n[usage]\n[cookies]\n[sharing]\n[storage]\n[security]\n[rights]\noffered = []\n\
         [updates]\nchannels = []\n[contact]\n",
    );
    let out = &mut out;
    for (n, item) in world.items.iter().enumerate() {
        let sensitive = item.sensitive;
        writeln!(out, "[collection.items.{}]\nclause = '1.1'\nlabel = {{ en = 'I{n}' }}", named(n)).unwrap();
        writeln!(out, "source = 'provided'\nkind = 'text'\nsensitive = {sensitive}").unwrap();
        if let Some(day) = item.approved {
            writeln!(out, "assessment = {{ id = 'A', approved = {} }}", civil(day)).unwrap();
        }
    }
    for (n, p) in world.purposes.iter().enumerate() {
        let parties: Vec<String> = p.parties.iter().map(|party| format!("'{}'", party.as_str())).collect();
        writeln!(out, "[usage.purposes.{}]\nclause = '2.1'\nlabel = {{ en = 'P{n}' }}", named(n)).unwrap();
        writeln!(out, "why = {{ en = 'so' }}\nbasis = '{}'\nitems = {}", p.basis, list(&p.items)).unwrap();
        writeln!(out, "party = [{}]\nessential = {}", parties.join(", "), p.essential).unwrap();
        writeln!(out, "exceptional = {}", p.exceptional).unwrap();
    }
    for (n, r) in world.recipients.iter().enumerate() {
        writeln!(out, "[sharing.recipients.{}]\nclause = '4.1'\nname = {{ en = 'R{n}' }}", named(n)).unwrap();
        writeln!(out, "kind = {{ en = 'any' }}\nrole = '{}'\nregion = '{}'", r.role, named(r.region)).unwrap();
        writeln!(out, "purposes = {}\nitems = {}", list(&r.purposes), list(&r.items)).unwrap();
        if let Some(a) = &r.agreement {
            let check = a.next_check.map(|day| format!(", next_check = {}", civil(day))).unwrap_or_default();
            let (signed, expires) = (civil(a.signed), civil(a.expires));
            writeln!(out, "agreement = {{ id = 'A', signed = {signed}, expires = {expires}{check} }}").unwrap();
        }
        if let Some(m) = &r.abroad {
            let until = m.valid_until.map(|day| format!(", valid_until = {}", civil(day))).unwrap_or_default();
            let approved = m.approved.map(|day| format!(", assessment = {{ id = 'B', approved = {} }}", civil(day)));
            let approved = approved.unwrap_or_default();
            writeln!(out, "abroad = {{ {}, reference = 'C'{until}{approved} }}", m.kind.written()).unwrap();
        }
    }
    for n in 0..world.regions {
        writeln!(out, "[storage.regions.{}]\nlabel = {{ en = 'Place' }}\ncountry = 'CN'", named(n)).unwrap();
    }
    writeln!(out, "[storage.cross_border]\nallowed = {}", world.crossing).unwrap();
    let facts = File::new("policy.toml", out.clone());
    let texts = vec![("en".to_owned(), File::new("text/en.md", "# Words\n"))];
    Policy::load(&Source { facts, texts }).unwrap_or_else(|why| panic!("{why:#?}\n{out}"))
}

fn outdated(earlier: &Earlier) -> Outdated {
    let (question, about_recipient) = match earlier.to {
        To::Consent(p) => (Asked::Consent(PurposeId::new(p as u16)), false),
        To::Separate(p) => (Asked::Separate(PurposeId::new(p as u16)), false),
        To::Recipient(r) => (Asked::Recipient(RecipientId::new(r as u16)), true),
        To::Abroad(r) => (Asked::Abroad(RecipientId::new(r as u16)), true),
    };
    let recipients = earlier.recipients.iter().map(|(r, items)| (RecipientId::new(*r as u16), bits(items)));
    let scope = Scope {
        way: earlier.same_way,
        collect: !earlier.kept_longer,
        parties: earlier.parties.iter().fold(0, |bits, party| bits | party_bit(*party)),
        items: bits(&earlier.items),
        purposes: about_recipient.then(|| bits(&earlier.purposes)),
        recipients: recipients.collect(),
    };
    Outdated { question, scope: Arc::new(scope) }
}

pub fn standing(who: &Person) -> Standing {
    let mut standing = Standing::new(RegionId::new(who.home as u16));
    standing.state = who.state;
    standing.age = who.age;
    standing.guardian = who.guardian;
    standing.restricted = who.restricted;
    standing.hold = who.hold;
    standing.consents = bits(&who.consents);
    standing.separate = bits(&who.separate);
    standing.objected = bits(&who.objected);
    standing.recipients = bits(&who.recipients);
    standing.abroad = bits(&who.abroad);
    standing.frozen = bits(&who.frozen);
    standing.instruments = bits(&who.instruments);
    standing.denied = bits(&who.denied);
    standing.crossed = Crossed { plain: who.crossed.0, sensitive: who.crossed.1 };
    standing.outdated = who.earlier.iter().map(outdated).collect();
    standing.register = Registered { stopped: who.stopped, checked: who.check_holds.map(time) };
    standing
}

pub fn ask(q: &Question) -> Ask {
    Ask {
        act: q.act,
        party: q.party,
        purpose: PurposeId::new(q.purpose as u16),
        items: q.items.iter().map(|n| ItemId::new(*n as u16)).collect(),
        recipient: q.recipient.map(|n| RecipientId::new(n as u16)),
        region: RegionId::new(q.region as u16),
        at: time(q.hour),
        policy: None,
    }
}
