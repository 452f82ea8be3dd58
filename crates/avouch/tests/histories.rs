//! Random concurrent histories: whatever runs beside it, nothing is used after an acknowledged withdrawal.
//!
//! Keeps promise 2.5 (and 2.0, 6.4). Writers give and withdraw consent, readers use one person's data or
//! everyone's, through one node, two nodes, and two processes. A counter orders what was begun and what
//! was answered; only orders that every observer must agree on are judged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::process::ChildStdin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use avouch::gate::Wanted;
use avouch::store::{Actor, Credential, Outcome, SubjectId, Which};
use avouch::{App, Fault};
use avouch_policy::{Act, Ask, AskNames, Party};
use avouch_store::{Answer, Hold, Location, PostgresConfig, Put, RecordId, StoreError, Transact, Tx};
use avouch_testkit::{Engine, Home, SeededEntropy, SimClock, child};
use tokio::sync::oneshot;

const PURPOSE: &str = "marketing";
const PEOPLE: usize = 6;
const READERS: u64 = 12;
const USES: u64 = 3_000;

/// Small and repeatable; the seed is printed when a test fails.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// One thing somebody did, from before it was begun to after it was answered.
#[derive(Debug, Clone, Copy)]
struct Span {
    begun: u64,
    ended: u64,
}

impl Span {
    fn before(self, other: Self) -> bool {
        self.ended < other.begun
    }
}

#[derive(Debug, Default)]
struct History {
    /// For each person, in order: the answers given by their one writer.
    answers: Vec<(bool, Span)>,
    /// Uses of their data: whether anything was handed over.
    uses: Vec<(bool, Span)>,
}

#[derive(Clone)]
enum Reader {
    Here(App, Arc<Credential>),
    Elsewhere(Arc<Remote>),
}

/// Readers in another process: a line asks, a line answers.
struct Remote {
    ask: Mutex<ChildStdin>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<bool>>>,
    next: AtomicU64,
}

async fn use_here(app: &App, credential: &Arc<Credential>, subject: SubjectId) -> bool {
    let wanted = Wanted { act: Act::Use, purpose: PURPOSE, items: &["email"], recipient: None };
    match app.use_records(subject, &wanted, &Actor::Service(Arc::clone(credential)), &Which::all()).await {
        Ok(used) => {
            assert_eq!(used.records.len(), 1, "a permitted use hands the value over");
            true
        }
        Err(Fault::Refused(_)) => false,
        // Nothing was handed over, which is all that matters here.
        Err(Fault::Store(e)) if e.is_transient() => false,
        Err(other) => panic!("a use failed: {other}"),
    }
}

impl Reader {
    async fn use_one(&self, subject: SubjectId) -> bool {
        match self {
            Self::Here(app, credential) => use_here(app, credential, subject).await,
            Self::Elsewhere(remote) => {
                let (answer, wait) = oneshot::channel();
                let id = remote.next.fetch_add(1, SeqCst);
                remote.waiting.lock().unwrap().insert(id, answer);
                writeln!(remote.ask.lock().unwrap(), "{id} {subject}").unwrap();
                wait.await.expect("the other process ended")
            }
        }
    }

    async fn use_all(&self, people: &[SubjectId]) -> Vec<bool> {
        match self {
            Self::Here(app, credential) => {
                let page = app.bulk(credential, PURPOSE, &["email"], None, 100).await.unwrap();
                people.iter().map(|p| page.used.iter().any(|(s, _)| s == p)).collect()
            }
            Self::Elsewhere(_) => {
                let mut out = Vec::new();
                for person in people {
                    out.push(self.use_one(*person).await);
                }
                out
            }
        }
    }
}

struct World {
    clock: AtomicU64,
    done: AtomicU64,
    over: AtomicBool,
    people: Vec<SubjectId>,
    histories: Vec<Mutex<History>>,
}

impl World {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }
}

async fn write(world: Arc<World>, who: usize, app: App, mut dice: Dice) {
    let mut given = false;
    while !world.over.load(SeqCst) {
        given = !given;
        let begun = world.tick();
        loop {
            match app.answer(world.people[who], PURPOSE, given, "en", &Actor::Subject).await {
                Ok(_) => break,
                Err(Fault::Store(e)) if e.is_transient() => {}
                Err(other) => panic!("an answer failed: {other}"),
            }
        }
        let ended = world.tick();
        world.histories[who].lock().unwrap().answers.push((given, Span { begun, ended }));
        // Long enough for a few uses to fall wholly between two answers, or none at all.
        let until = world.done.load(SeqCst) + dice.below(60);
        while world.done.load(SeqCst) < until && !world.over.load(SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

async fn read(world: Arc<World>, reader: Reader, mut dice: Dice) {
    while world.done.fetch_add(1, SeqCst) < USES {
        let begun = world.tick();
        if dice.below(12) == 0 {
            let handed = reader.use_all(&world.people).await;
            let span = Span { begun, ended: world.tick() };
            for (who, handed) in handed.into_iter().enumerate() {
                // A page that was refused anew for one is no proof that another was refused.
                if handed {
                    world.histories[who].lock().unwrap().uses.push((true, span));
                }
            }
        } else {
            let who = usize::try_from(dice.below(PEOPLE as u64)).unwrap();
            let handed = reader.use_one(world.people[who]).await;
            let span = Span { begun, ended: world.tick() };
            world.histories[who].lock().unwrap().uses.push((handed, span));
        }
    }
    world.over.store(true, SeqCst);
}

async fn judge(home: &Home, world: &World, writers: &[App]) {
    let (mut after_giving, mut after_withdrawing) = (0, 0);
    for (who, history) in world.histories.iter().enumerate() {
        let history = history.lock().unwrap();
        for (at, (given, answer)) in history.answers.iter().enumerate() {
            let next = history.answers.get(at + 1).map_or(Span { begun: u64::MAX, ended: u64::MAX }, |(_, s)| *s);
            for (handed, span) in &history.uses {
                if answer.before(*span) && span.before(next) {
                    if *given {
                        after_giving += u64::from(*handed);
                    } else {
                        after_withdrawing += 1;
                        assert!(
                            !handed,
                            "person {who}: used at {span:?}, after the withdrawal {answer:?} and before {next:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(after_giving > 50 && after_withdrawing > 50, "too calm: {after_giving} and {after_withdrawing}");

    // The ledger tells the same: in the log of whoever wrote the answers, no use stands between a
    // withdrawal and the next consent.
    for (who, person) in world.people.iter().enumerate() {
        let log = writers[who % writers.len()].store.node().to_owned();
        let mut leaves = home.app.own_leaves(*person, jiff::Timestamp::UNIX_EPOCH, 1_000_000).await.unwrap();
        leaves.retain(|e| e.receipt.log == log && e.leaf.purpose == PURPOSE);
        leaves.sort_by_key(|e| e.receipt.index);
        let mut given = false;
        for evidence in &leaves {
            match (evidence.leaf.act.as_str(), evidence.leaf.outcome) {
                ("consent", Outcome::Done) => given = true,
                ("withdraw", Outcome::Done) => given = false,
                ("use", Outcome::Done) => assert!(given, "leaf {:?} is a use after a withdrawal", evidence.receipt),
                _ => {}
            }
        }
    }
    let ledger = home.ledger();
    for head in ledger.heads().await.unwrap() {
        let report = ledger.verify(&head.log).await.unwrap();
        assert!(report.faults.is_empty() && report.leaves == head.size, "{}: {:?}", head.log, report.faults);
    }
}

async fn run(home: &Home, writers: Vec<App>, readers: Vec<Reader>, people: Vec<SubjectId>, seed: u64) {
    let histories = people.iter().map(|_| Mutex::default()).collect();
    let world = Arc::new(World {
        clock: AtomicU64::new(0),
        done: AtomicU64::new(0),
        over: AtomicBool::new(false),
        people,
        histories,
    });
    let mut dice = Dice(seed);
    let mut tasks = Vec::new();
    for who in 0..PEOPLE {
        let app = writers[who % writers.len()].clone();
        tasks.push(tokio::spawn(write(Arc::clone(&world), who, app, Dice(dice.next()))));
    }
    for n in 0..READERS {
        let reader = readers[usize::try_from(n).unwrap() % readers.len()].clone();
        tasks.push(tokio::spawn(read(Arc::clone(&world), reader, Dice(dice.next()))));
    }
    for task in tasks {
        task.await.unwrap();
    }
    judge(home, &world, &writers).await;
}

async fn people(home: &Home) -> (Vec<SubjectId>, String, Arc<Credential>) {
    let mut people = Vec::new();
    for n in 0..PEOPLE as u64 {
        people.push(home.person(n).await.subject);
    }
    people.sort_unstable();
    let text = home.app.register_service("mail", &[PURPOSE.to_owned()]).await.unwrap();
    let credential = home.app.service(&text).await.unwrap().unwrap();
    (people, text, credential)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_2_5_no_use_follows_a_withdrawal_on_sqlite() {
    let home = Home::new(Engine::Sqlite).await;
    let (people, _, credential) = people(&home).await;
    let readers = vec![Reader::Here(home.app.clone(), credential)];
    run(&home, vec![home.app.clone()], readers, people, 0x5EED_0001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_2_5_no_use_follows_a_withdrawal_through_two_nodes() {
    let home = Home::new(Engine::Postgres).await;
    let (people, _, credential) = people(&home).await;
    let second = home.node("b", None).await;
    let readers =
        vec![Reader::Here(home.app.clone(), Arc::clone(&credential)), Reader::Here(second.clone(), credential)];
    run(&home, vec![home.app.clone(), second], readers, people, 0x5EED_0002).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_2_5_no_use_follows_a_withdrawal_through_two_processes() {
    let home = Home::new(Engine::Postgres).await;
    let (people, text, credential) = people(&home).await;
    let (Location::Postgres(data), Location::Postgres(keys)) = home.places() else {
        panic!("this home is on PostgreSQL")
    };
    let part = [home.key_file().to_str().unwrap(), &data.url, &keys.url, &text].join("\n");
    let mut process = child::start("reader_in_a_process_of_its_own", &part);
    let remote =
        Arc::new(Remote { ask: Mutex::new(process.take_stdin()), waiting: Mutex::default(), next: AtomicU64::new(0) });
    let lines = process.take_lines();
    assert_eq!(lines.recv().unwrap(), "ready");
    let hears = Arc::clone(&remote);
    let listener = std::thread::spawn(move || {
        for line in lines {
            let (id, handed) = line.split_once(' ').unwrap();
            let wait = hears.waiting.lock().unwrap().remove(&id.parse().unwrap()).unwrap();
            let _reader_gone = wait.send(handed == "true");
        }
        // Whoever still waits is told that nobody answers.
        hears.waiting.lock().unwrap().clear();
    });
    let readers = vec![Reader::Elsewhere(remote), Reader::Here(home.app.clone(), credential)];
    run(&home, vec![home.app.clone()], readers, people, 0x5EED_0003).await;
    process.kill();
    listener.join().unwrap();
}

/// A use that is under way until it is told to go on.
struct UnderWay {
    subject: SubjectId,
    ask: Ask,
    actor: Actor,
    entered: Mutex<Option<oneshot::Sender<()>>>,
    go: tokio::sync::Mutex<oneshot::Receiver<()>>,
}

impl Transact for UnderWay {
    const NAME: &'static str = "a use under way";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let Answer::Permitted(permit) = tx.ask(self.subject, self.ask.clone(), &self.actor).await? else {
            return Ok(false);
        };
        let item = self.ask.items[0];
        tx.put(permit, &[Put { item, id: RecordId::ONLY, value: b"Under Way" }]).await?;
        let entered = self.entered.lock().unwrap().take();
        if let Some(entered) = entered {
            entered.send(()).unwrap();
            (&mut *self.go.lock().await).await.unwrap();
        }
        Ok(true)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_2_5_a_withdrawal_waits_for_a_use_under_way_on_another_node() {
    let home = Home::new(Engine::Postgres).await;
    let (people, _, credential) = people(&home).await;
    let second = home.node("b", None).await;
    let subject = people[0];
    home.consent(subject, PURPOSE, true).await;
    let names = AskNames {
        act: Act::Collect,
        party: Party::Service,
        purpose: PURPOSE,
        items: &["nickname"],
        recipient: None,
        region: "cn",
        at: home.app.store.now(),
    };
    let ask = home.app.policy().ask(names).unwrap();
    let (entered, is_entered) = oneshot::channel();
    let (go, may_go) = oneshot::channel();
    let actor = Actor::Service(Arc::clone(&credential));
    let (entered, may_go) = (Mutex::new(Some(entered)), tokio::sync::Mutex::new(may_go));
    let work = UnderWay { subject, ask, actor, entered, go: may_go };
    let store = second.store.clone();
    let under_way = tokio::spawn(async move { store.transact(work).await });
    is_entered.await.unwrap();

    let app = home.app.clone();
    let withdrawal =
        tokio::spawn(async move { app.answer(subject, PURPOSE, false, "en", &Actor::Subject).await.map(drop) });
    let (Location::Postgres(data), _) = home.places() else { panic!("this home is on PostgreSQL") };
    let (client, connection) = tokio_postgres::connect(&data.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while client.query(waiting, &[]).await.unwrap().is_empty() {
        assert!(!withdrawal.is_finished(), "acknowledged while a use was under way");
    }
    go.send(()).unwrap();
    assert!(under_way.await.unwrap().unwrap(), "the use was first");
    withdrawal.await.unwrap().unwrap();
    assert!(!use_here(&second, &credential, subject).await, "and the next is refused");
}

/// The other process of the test through two processes; nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reader_in_a_process_of_its_own() {
    let Some(part) = child::part() else { return };
    let part: Vec<&str> = part.split('\n').collect();
    let at = |url: &str| Location::Postgres(PostgresConfig { url: url.to_owned(), readers: 8 });
    let clock = Arc::new(SimClock::at("2026-12-01T01:00:00Z"));
    let (data, keys) = (at(part[1]), at(part[2]));
    let entropy = Arc::new(SeededEntropy::new(0xC0FFEE));
    let app =
        avouch_testkit::home::open_app(part[0].as_ref(), &data, &keys, clock, "child", entropy, None).await.unwrap();
    let credential = app.service(part[3]).await.unwrap().unwrap();
    child::say("ready");
    let (send, mut asked) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if send.send(line).is_err() {
                break;
            }
        }
    });
    while let Some(line) = asked.recv().await {
        let (app, credential) = (app.clone(), Arc::clone(&credential));
        tokio::spawn(async move {
            let (id, subject) = line.split_once(' ').unwrap();
            let handed = use_here(&app, &credential, subject.parse().unwrap()).await;
            child::say(&format!("{id} {handed}"));
        });
    }
}
