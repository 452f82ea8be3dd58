//! Random concurrent histories: whatever runs beside it, nothing is used after an acknowledged withdrawal.
//!
//! Keeps promises 2.5 and 4.1 (and 2.0, 6.4). Writers give and withdraw consent; sixteen readers use one person's
//! data, send it to a recipient, or use everyone's at once, through one node, two nodes, and two processes. A
//! counter orders what was begun and what was answered; only orders that every observer must agree on are judged.
//! What happens to one person from one of their answers to the next is one history; a run of the tests judges more
//! than a hundred thousand of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::process::ChildStdin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use avouch::gate::Wanted;
use avouch::store::{Actor, Credential, Outcome, SubjectId, Which};
use avouch::{App, Fault};
use avouch_policy::{Act, Ask, AskNames, Party, Policy};
use avouch_store::{Answer, Hold, Location, PostgresConfig, Put, RecordId, StoreError, Transact, Tx};
use avouch_testkit::{Engine, Home, SeededEntropy, SimClock, child};
use tokio::sync::oneshot;

const PURPOSE: &str = "marketing";
/// Who gets it outside; the policy of these tests names it.
const RECIPIENT: &str = "mailer";
const PEOPLE: usize = 24;
const READERS: u64 = 16;
/// Histories on SQLite, through two nodes, through two processes: 100 000 together and more.
const HISTORIES: [u64; 3] = [80_000, 15_000, 10_000];

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
#[expect(clippy::large_enum_variant, reason = "there are a handful")]
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

/// The shipped policy with a recipient for offers.
fn policy() -> Arc<Policy> {
    let mut source = avouch_testkit::home::source();
    source.facts.text.push_str(
        "\n[sharing.recipients.mailer]\nclause = '4.1'\nname = { en = 'Mailer (demo)', zh-CN = '邮件服务（演示）' }\n\
         contact = 'privacy@mailer.example'\nrole = 'processor'\nkind = { en = 'mail', zh-CN = '邮件' }\n\
         purposes = ['marketing']\nitems = ['email']\nregion = 'cn'\nhosts = ['api.mailer.example']\n\
         agreement = { id = 'A', signed = '2026-01-10', expires = '2028-01-10', next_check = '2027-06-10' }\n",
    );
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

async fn use_here(app: &App, credential: &Arc<Credential>, subject: SubjectId, send: bool) -> bool {
    let (act, recipient) = if send { (Act::Share, Some(RECIPIENT)) } else { (Act::Use, None) };
    let wanted = Wanted { act, purpose: PURPOSE, items: &["email"], recipient };
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
    async fn use_one(&self, subject: SubjectId, send: bool) -> bool {
        match self {
            Self::Here(app, credential) => use_here(app, credential, subject, send).await,
            Self::Elsewhere(remote) => {
                let (answer, wait) = oneshot::channel();
                let id = remote.next.fetch_add(1, SeqCst);
                remote.waiting.lock().unwrap().insert(id, answer);
                writeln!(remote.ask.lock().unwrap(), "{id} {subject} {send}").unwrap();
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
                    out.push(self.use_one(*person, false).await);
                }
                out
            }
        }
    }
}

struct World {
    clock: AtomicU64,
    /// Uses answered.
    done: AtomicU64,
    /// Answers given, of all people together: each ends one history and begins the next.
    answered: AtomicU64,
    wanted: u64,
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
        if world.answered.fetch_add(1, SeqCst) + 1 >= world.wanted {
            world.over.store(true, SeqCst);
        }
        // Mostly at once again; now and then long enough for a few uses to fall wholly between two answers.
        let until = world.done.load(SeqCst) + if dice.below(4) == 0 { dice.below(40) } else { 0 };
        while world.done.load(SeqCst) < until && !world.over.load(SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

async fn read(world: Arc<World>, reader: Reader, mut dice: Dice) {
    while !world.over.load(SeqCst) {
        world.done.fetch_add(1, SeqCst);
        let begun = world.tick();
        if dice.below(16) == 0 {
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
            let handed = reader.use_one(world.people[who], dice.below(3) == 0).await;
            let span = Span { begun, ended: world.tick() };
            world.histories[who].lock().unwrap().uses.push((handed, span));
        }
    }
}

async fn judge(home: &Home, world: &World, writers: &[App]) {
    let (mut after_giving, mut after_withdrawing, mut histories) = (0, 0, 0);
    for (who, history) in world.histories.iter().enumerate() {
        let history = history.lock().unwrap();
        histories += history.answers.len() as u64;
        for (handed, span) in &history.uses {
            // Their one writer answers one after another: the last answer before this use, and the next.
            let at = history.answers.partition_point(|(_, answer)| answer.before(*span));
            let Some((given, answer)) = at.checked_sub(1).map(|at| history.answers[at]) else { continue };
            if history.answers.get(at).is_some_and(|(_, next)| !span.before(*next)) {
                continue;
            }
            if given {
                after_giving += u64::from(*handed);
            } else {
                after_withdrawing += 1;
                assert!(!handed, "person {who}: used at {span:?}, after the withdrawal {answer:?}");
            }
        }
    }
    assert!(histories >= world.wanted, "only {histories} histories");
    assert!(after_giving > 50 && after_withdrawing > 50, "too calm: {after_giving} and {after_withdrawing}");

    // The ledger tells the same: in the log of whoever wrote the answers, no use stands between a
    // withdrawal and the next consent.
    for (who, person) in world.people.iter().enumerate() {
        let log = writers[who % writers.len()].store.node().to_owned();
        let mut leaves = home.app.own_leaves(*person, jiff::Timestamp::UNIX_EPOCH, u32::MAX).await.unwrap();
        leaves.retain(|e| e.receipt.log == log && e.leaf.purpose == PURPOSE);
        leaves.sort_by_key(|e| e.receipt.index);
        let mut given = false;
        for evidence in &leaves {
            match (evidence.leaf.act.as_str(), evidence.leaf.outcome) {
                ("consent", Outcome::Done) => given = true,
                ("withdraw", Outcome::Done) => given = false,
                ("use" | "share", Outcome::Done) => {
                    assert!(given, "leaf {:?} is a use after a withdrawal", evidence.receipt)
                }
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

async fn run(home: &Home, writers: Vec<App>, readers: Vec<Reader>, people: Vec<SubjectId>, (wanted, seed): (u64, u64)) {
    let histories = people.iter().map(|_| Mutex::default()).collect();
    let world = Arc::new(World {
        clock: AtomicU64::new(0),
        done: AtomicU64::new(0),
        answered: AtomicU64::new(0),
        wanted,
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
    home.app.store.set_policy(policy());
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
    run(&home, vec![home.app.clone()], readers, people, (HISTORIES[0], 0x5EED_0001)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_2_5_no_use_follows_a_withdrawal_through_two_nodes() {
    let home = Home::new(Engine::Postgres).await;
    let (people, _, credential) = people(&home).await;
    let second = home.node("b", None).await;
    second.store.set_policy(policy());
    let readers =
        vec![Reader::Here(home.app.clone(), Arc::clone(&credential)), Reader::Here(second.clone(), credential)];
    run(&home, vec![home.app.clone(), second], readers, people, (HISTORIES[1], 0x5EED_0002)).await;
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
    run(&home, vec![home.app.clone()], readers, people, (HISTORIES[2], 0x5EED_0003)).await;
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
    second.store.set_policy(policy());
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
    assert!(!use_here(&second, &credential, subject, false).await, "and the next is refused");
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
    app.store.set_policy(policy());
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
            let [id, subject, send] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("not asked: {line}") };
            let handed = use_here(&app, &credential, subject.parse().unwrap(), send == "true").await;
            child::say(&format!("{id} {handed}"));
        });
    }
}
