//! Five simulated years: at no moment is anything served or kept past its end, nor anything lost before it.
//!
//! Keeps promise 5.1. People put, use, consent, withdraw, end purposes and contracts and leave, on days and at hours
//! drawn at random; the policy changes twice, once shorter and once longer. A naive model beside it says what lives. The
//! size is `AVOUCH_SIM_PEOPLE` and `AVOUCH_SIM_EVENTS` a day: small in the test run, a hundred thousand people by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use avouch::Fault;
use avouch::gate::Wanted;
use avouch_policy::model::After;
use avouch_policy::{Act, AskNames, Party, Policy};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, AgeBand, Answer, Answered, ConsentKind, Credential, Hold, Put, RecordId, Transact, Tx, Which,
};
use avouch_testkit::{Home, home, on_both_engines};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// Name, trigger, days, whether by consent.
type Rule = (&'static str, After, i64, bool);

const FIRST: [Rule; 6] = [
    ("sim_collected", After::Collected, 200, false),
    ("sim_used", After::LastUsed, 100, false),
    ("sim_purpose", After::PurposeEnded, 30, false),
    ("sim_contract", After::ContractEnded, 90, false),
    ("sim_consent", After::Collected, 400, true),
    ("sim_withdrawn", After::ConsentWithdrawn, 10, true),
];

/// The rules of a year: the policy changes after the second and the fourth.
fn rules(version: usize) -> Vec<Rule> {
    let days = [[200, 100, 30, 90, 400, 10], [90, 50, 10, 90, 300, 5], [500, 300, 60, 120, 700, 40]][version];
    FIRST.iter().zip(days).map(|((name, after, _, consent), days)| (*name, *after, days, *consent)).collect()
}

fn policy(version: usize) -> Arc<Policy> {
    let mut source = home::source();
    let text = &mut source.facts.text;
    let unused = text.find("[storage.inactive]").unwrap();
    let rest = text[unused + 1..].find("\n[").map(|at| unused + 1 + at).unwrap();
    text.replace_range(unused..rest, "");
    text.push_str(
        "\n[collection.items.datum]\nclause = '1.3'\nlabel = { en = 'Datum', zh-CN = '数据' }\nsource = 'provided'\n\
         kind = 'text'\nmany = true\ndeletable = true\n",
    );
    for (name, after, days, consent) in rules(version) {
        let basis = if consent { "consent" } else { "contract" };
        writeln!(
            text,
            "[usage.purposes.{name}]\nclause = '2.2'\nlabel = {{ en = 'S', zh-CN = '甲' }}\n\
             why = {{ en = 'So.', zh-CN = '如此。' }}\nbasis = '{basis}'\nitems = ['datum']\nparty = ['service']\n\
             retention = {{ after = '{after}', keep = '{days} days', then = 'delete' }}"
        )
        .unwrap();
    }
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

/// A small generator of its own, so that a seed tells the whole run.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }
}

struct Kept {
    id: RecordId,
    purposes: Vec<(usize, Timestamp, Option<Timestamp>)>,
    until: Option<Timestamp>,
}

#[derive(Default)]
struct Person {
    subject: Option<SubjectId>,
    records: Vec<Kept>,
    /// By purpose: since when its consent is withdrawn, and whether it is given.
    withdrawn: [Option<Timestamp>; 6],
    given: [bool; 6],
    ended: Vec<(usize, Timestamp)>,
}

fn days_after(at: Timestamp, days: i64) -> Timestamp {
    at.to_zoned_datetime(TimeZone::UTC).checked_add(Span::new().days(days)).unwrap().timestamp()
}

impl Person {
    /// The end of a record, by the plainest reading of the rules.
    fn end(&self, record: &Kept, rules: &[Rule]) -> Option<Timestamp> {
        let mut last = Some(Timestamp::MIN);
        for (purpose, since, used) in &record.purposes {
            let (_, after, days, consent) = rules[*purpose];
            let ended = self.ended.iter().filter(|(p, at)| p == purpose && at >= since).map(|(_, at)| *at).min();
            let from = match after {
                After::Collected => Some(*since),
                After::LastUsed => Some(used.unwrap_or(*since)),
                After::PurposeEnded | After::ContractEnded => ended,
                After::ConsentWithdrawn => self.withdrawn[*purpose],
                After::AccountCancelled => None,
            };
            let mut end = from.map(|at| days_after(at, days));
            if let Some(withdrawn) = self.withdrawn[*purpose].filter(|_| consent && after != After::ConsentWithdrawn) {
                end = Some(end.map_or(withdrawn, |end| end.min(withdrawn)));
            }
            last = match (last, end) {
                (Some(last), Some(end)) => Some(last.max(end)),
                _ => None,
            };
        }
        last
    }

    /// After anything happened: ends follow, but what had ended stays ended.
    fn follow(&mut self, now: Timestamp, rules: &[Rule]) {
        let ends: Vec<_> = self.records.iter().map(|record| self.end(record, rules)).collect();
        for (record, end) in self.records.iter_mut().zip(ends) {
            if record.until.is_none_or(|until| until > now) {
                record.until = end;
            }
        }
    }

    fn living(&self, now: Timestamp) -> BTreeSet<RecordId> {
        self.records.iter().filter(|r| r.until.is_none_or(|until| until > now)).map(|r| r.id).collect()
    }
}

enum Deed {
    Open(SubjectId),
    Put(SubjectId, usize, RecordId),
    Answer(SubjectId, usize, bool),
}

/// Many deeds in one commit.
struct Deeds {
    all: Vec<Deed>,
    service: Arc<Credential>,
}

impl Transact for Deeds {
    const NAME: &'static str = "simulate";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.all.iter().map(|deed| match deed {
            Deed::Open(subject) | Deed::Put(subject, ..) | Deed::Answer(subject, ..) => (*subject, Hold::Exclusive),
        }));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let actor = Actor::Service(Arc::clone(&self.service));
        for deed in &self.all {
            match deed {
                Deed::Open(subject) => tx.open_account(*subject, Some(AgeBand::Adult)).await?,
                Deed::Answer(subject, purpose, given) => {
                    let name = FIRST[*purpose].0;
                    let answered = Answered {
                        kind: ConsentKind::Consent,
                        target: name.into(),
                        given: *given,
                        wording: [0; 32],
                        language: "en".into(),
                    };
                    tx.answer(*subject, &Actor::Subject, &answered).await?;
                }
                Deed::Put(subject, purpose, id) => {
                    let policy = Arc::clone(tx.policy());
                    let names = AskNames {
                        act: Act::Collect,
                        party: Party::Service,
                        purpose: FIRST[*purpose].0,
                        items: &["datum"],
                        recipient: None,
                        region: "cn",
                        at: tx.now(),
                    };
                    let ask = policy.ask(names).unwrap();
                    let item = policy.item("datum").unwrap();
                    match tx.ask(*subject, ask, &actor).await? {
                        Answer::Permitted(permit) => {
                            tx.put(permit, &[Put { item, id: *id, value: b"value" }]).await?;
                        }
                        Answer::Refused(denied) => panic!("{:?}", denied.refusal),
                    }
                }
            }
        }
        Ok(())
    }
}

fn size(name: &str, small: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(small)
}

struct World {
    home: Home,
    service: Arc<Credential>,
    people: Vec<Person>,
    dice: Dice,
    version: usize,
    next: u128,
}

impl World {
    fn now(&self) -> Timestamp {
        self.home.app.store.now()
    }

    async fn deed(&self, all: Vec<Deed>) {
        self.home.app.store.transact(Deeds { all, service: Arc::clone(&self.service) }).await.unwrap();
    }

    async fn join(&mut self, count: usize) {
        for chunk in (0..count).collect::<Vec<_>>().chunks(500) {
            let subjects = self.home.app.store.new_subjects(chunk.len()).await.unwrap();
            self.deed(subjects.iter().map(|s| Deed::Open(*s)).collect()).await;
            self.home.app.store.keep_new_subjects(&subjects).await.unwrap();
            self.people.extend(subjects.into_iter().map(|s| Person { subject: Some(s), ..Person::default() }));
        }
    }

    /// A record of a purpose, new or one that is there already, as the dice fall.
    fn put(&mut self, who: usize) -> Option<Deed> {
        let (purpose, now) = (self.dice.next(6), self.now());
        if FIRST[purpose].3 && !self.people[who].given[purpose] {
            return None;
        }
        let again = self.dice.next(3) == 0 && !self.people[who].records.is_empty();
        let rules = rules(self.version);
        let id = if again {
            let at = self.dice.next(self.people[who].records.len());
            let record = &mut self.people[who].records[at];
            if record.until.is_some_and(|until| until <= now) {
                // Over: in its place comes something new.
                record.purposes = vec![(purpose, now, None)];
                record.until = None;
            } else if record.purposes.iter().all(|(p, ..)| *p != purpose) {
                record.purposes.push((purpose, now, None));
            }
            record.id
        } else {
            self.next += 1;
            let id = RecordId(self.next.to_be_bytes());
            self.people[who].records.push(Kept { id, purposes: vec![(purpose, now, None)], until: None });
            id
        };
        self.people[who].follow(now, &rules);
        Some(Deed::Put(self.people[who].subject.unwrap(), purpose, id))
    }

    async fn event(&mut self) {
        let who = self.dice.next(self.people.len());
        let now = self.now();
        let rules = rules(self.version);
        let Some(subject) = self.people[who].subject else { return };
        let actor = Actor::Service(Arc::clone(&self.service));
        match self.dice.next(40) {
            0..=15 => {
                if let Some(deed) = self.put(who) {
                    self.deed(vec![deed]).await;
                }
            }
            16..=25 => self.read(who).await,
            26..=31 => {
                let purpose = 4 + self.dice.next(2);
                let given = !self.people[who].given[purpose];
                self.home.app.answer(subject, FIRST[purpose].0, given, "en", &Actor::Subject).await.unwrap();
                self.people[who].given[purpose] = given;
                self.people[who].withdrawn[purpose] = (!given).then_some(now);
                self.people[who].follow(now, &rules);
            }
            32..=37 => {
                let purpose = 2 + self.dice.next(2);
                self.home.app.end_purpose(subject, FIRST[purpose].0, &actor).await.unwrap();
                self.people[who].ended.push((purpose, now));
                self.people[who].follow(now, &rules);
            }
            _ => {
                self.home.app.erase(subject).await.unwrap();
                self.people[who] = Person::default();
            }
        }
    }

    /// What is served is exactly what lives, to the second.
    async fn read(&mut self, who: usize) {
        let Some(subject) = self.people[who].subject else { return };
        let purpose = self.dice.next(4);
        let name = FIRST[purpose].0;
        let wanted = Wanted { act: Act::Use, purpose: name, items: &["datum"], recipient: None };
        let actor = Actor::Service(Arc::clone(&self.service));
        let used = self.home.app.use_records(subject, &wanted, &actor, &Which::all()).await.unwrap();
        let now = self.now();
        let served: BTreeSet<RecordId> = used.records.iter().map(|r| r.head.id).collect();
        let person = &mut self.people[who];
        assert_eq!(served, person.living(now), "served at {now}");
        let living = person.living(now);
        for record in person.records.iter_mut().filter(|r| living.contains(&r.id)) {
            for (p, _, used) in record.purposes.iter_mut().filter(|(p, ..)| *p == purpose) {
                if FIRST[*p].1 == After::LastUsed {
                    *used = Some(now);
                }
            }
        }
        person.follow(now, &rules(self.version));
    }

    /// After a sweep nothing is kept but what lives, and all of that.
    async fn swept(&mut self) -> (u64, u64) {
        let now = self.now();
        let dry = self.home.app.sweep(true).await.unwrap();
        let swept = self.home.app.sweep(false).await.unwrap();
        assert_eq!(swept.records, dry.records, "a dry run told what went at {now}");
        let gone: u64 = swept.records.values().sum();
        let mut living = 0;
        for person in &mut self.people {
            person.records.retain(|r| r.until.is_none_or(|until| until > now));
            living += person.records.len() as u64;
        }
        let kept = self.home.app.store.counts().await.unwrap()["records"];
        assert_eq!(kept, living, "kept at {now}");
        (gone, kept)
    }
}

async fn promise_5_1_five_years_serve_and_keep_nothing_past_its_end(home: Home) {
    let people = size("AVOUCH_SIM_PEOPLE", 40);
    let events = size("AVOUCH_SIM_EVENTS", 6);
    home.app.store.set_policy(policy(0));
    let names: Vec<&str> = FIRST.iter().map(|(name, ..)| *name).collect();
    let service = home.service("sim", &names).await;
    let mut world = World { home, service, people: Vec::new(), dice: Dice(0x5eed_1234_5678), version: 0, next: 0 };
    world.join(people).await;
    for chunk in (0..people).collect::<Vec<_>>().chunks(200) {
        let mut deeds = Vec::new();
        for who in chunk {
            for purpose in [4, 5] {
                if world.dice.next(2) == 0 {
                    world.people[*who].given[purpose] = true;
                    deeds.push(Deed::Answer(world.people[*who].subject.unwrap(), purpose, true));
                }
            }
            deeds.extend(world.put(*who));
            deeds.extend(world.put(*who));
        }
        world.deed(deeds).await;
    }
    let (mut gone, mut most) = (0, 0);
    for day in 0..5 * 365 {
        if day == 2 * 365 || day == 4 * 365 {
            world.version += 1;
            world.home.app.store.set_policy(policy(world.version));
            let (now, rules) = (world.now(), rules(world.version));
            let reckoned = world.home.app.reckon().await.unwrap().unwrap();
            assert!(reckoned.earlier + reckoned.later > 0);
            world.people.iter_mut().for_each(|person| person.follow(now, &rules));
        }
        let mut left: i64 = 24 * 60 * 60;
        for event in 0..events {
            // No two events in one moment: which came first is then nobody's guess.
            let step = 1 + world.dice.next(usize::try_from(left).unwrap() / (events - event) - 1);
            world.home.clock.advance(SignedDuration::from_secs(step as i64));
            left -= step as i64;
            world.event().await;
        }
        world.home.clock.advance(SignedDuration::from_secs(left));
        if day % 30 == 0 {
            world.join(people / 100 + 1).await;
        }
        let (swept, kept) = world.swept().await;
        (gone, most) = (gone + swept, most.max(kept));
    }
    assert!(gone > 0 && most > 0);
    if people > 1_000 {
        // For whoever runs it by hand.
        let line = format!("{people} people, {events} events a day: {gone} records ended, at most {most} kept\n");
        std::fs::write(std::env::temp_dir().join("avouch-five-years.txt"), line).unwrap();
    }
}

on_both_engines!(promise_5_1_five_years_serve_and_keep_nothing_past_its_end);
