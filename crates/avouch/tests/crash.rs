//! `kill -9` under write load, twenty times: what was acknowledged is there, and nothing is half there.
//!
//! Keeps promises 5.2, 6.3 and 2.5 across crashes: a child process writes, consents, joins and erases, and
//! says each act once it was acknowledged; the parent kills it in the middle, opens the folder and looks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use avouch::collection::join::Join;
use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::store::{Actor, AgeBand, Receipt, RecordId, Sink, SubjectId, Which};
use avouch::{App, Fault};
use avouch_policy::Act;
use avouch_seal::SystemEntropy;
use avouch_store::{Clock, LedgerReader, Location};
use avouch_testkit::{Engine, Home, child};
use jiff::{SignedDuration, Timestamp};

const KILLS: u64 = 20;

/// Time that moves with every look at it, a millisecond each, on from where the last process was.
struct Running(AtomicI64);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.fetch_add(1, SeqCst)).unwrap()
    }
}

async fn open(dir: &std::path::Path, start: i64) -> App {
    let (data, keys) = (Location::Sqlite(dir.join("data.db")), Location::Sqlite(dir.join("keys.db")));
    let clock = Arc::new(Running(AtomicI64::new(start)));
    let entropy = Arc::new(SystemEntropy);
    avouch_testkit::home::open_app(&dir.join("root.key"), &data, &keys, clock, "a", entropy, None).await.unwrap()
}

/// The process that is killed; nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer_that_is_killed() {
    let Some(part) = child::part() else { return };
    let part: Vec<&str> = part.split('\n').collect();
    let round: u64 = part[1].parse().unwrap();
    let app = open(part[0].as_ref(), part[2].parse().unwrap()).await;
    app.resume_erasures().await.unwrap();
    let plaza = Actor::Service(app.service(part[3]).await.unwrap().unwrap());
    let people: Vec<SubjectId> = part[4].split(' ').map(|p| p.parse().unwrap()).collect();
    child::say("ready");
    let mut tasks = Vec::new();
    for lane in 0..6 {
        let (app, plaza, subject) = (app.clone(), plaza.clone(), people[lane % people.len()]);
        tasks.push(tokio::spawn(async move {
            for n in 0.. {
                let value = format!("round {round} lane {lane} comment {n}");
                let new = NewRecord {
                    subject,
                    purpose: "content".into(),
                    item: "comment".into(),
                    record: None,
                    value: value.clone(),
                };
                let (id, receipt) = app.put_record(new, &plaza).await.unwrap();
                child::say(&format!("put|{subject}|{id}|{}|{value}", receipt.index));
            }
        }));
    }
    for subject in people.clone() {
        let app = app.clone();
        tasks.push(tokio::spawn(async move {
            let mut given = true;
            loop {
                child::say(&format!("answering|{subject}|{given}"));
                let receipt = app.answer(subject, "marketing", given, "en", &Actor::Subject).await.unwrap();
                child::say(&format!("answered|{subject}|{given}|{}", receipt.index));
                given = !given;
            }
        }));
    }
    for lane in 0..2 {
        let app = app.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0.. {
                let values = BTreeMap::from([
                    ("user_name".to_owned(), format!("r{round}l{lane}n{n}")),
                    ("email".to_owned(), format!("r{round}l{lane}n{n}@plaza.example")),
                    ("password".to_owned(), avouch_testkit::home::PASSWORD.to_owned()),
                ]);
                let join = Join { values, age: Some(AgeBand::Adult), device: None, external: None };
                let joined = app.join(join, &Actor::Subject).await.unwrap();
                child::say(&format!("joined|{}|{}", joined.subject, joined.receipt.index));
                if n % 2 == 0 {
                    child::say(&format!("erasing|{}", joined.subject));
                    let certificate = app.erase(joined.subject).await.unwrap();
                    child::say(&format!("erased|{}|{}", joined.subject, certificate.receipt.index));
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// All that the killed processes said.
#[derive(Default)]
struct Said {
    /// Record to whose it is and its value.
    puts: HashMap<String, (SubjectId, String)>,
    /// By person: the answer that was acknowledged last, and one begun after it.
    answers: HashMap<SubjectId, (Option<bool>, Option<bool>)>,
    /// By person: answers acknowledged.
    answered: HashMap<SubjectId, usize>,
    joined: BTreeSet<SubjectId>,
    erasing: BTreeSet<SubjectId>,
    erased: BTreeSet<SubjectId>,
    /// Leaf to the act it must show.
    leaves: BTreeMap<u64, &'static str>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split('|').collect();
        let Some(subject) = words.get(1).and_then(|w| w.parse::<SubjectId>().ok()) else { return };
        let mut leaf = |at: usize, act| {
            let before = self.leaves.insert(words[at].parse().unwrap(), act);
            assert!(before.is_none(), "two acts were told the same leaf: {line}");
        };
        match words[0] {
            "put" => {
                leaf(3, "collect");
                self.puts.insert(words[2].to_owned(), (subject, words[4].to_owned()));
            }
            "answering" => self.answers.entry(subject).or_default().1 = Some(words[2] == "true"),
            "answered" => {
                let given = words[2] == "true";
                leaf(3, if given { "consent" } else { "withdraw" });
                self.answers.insert(subject, (Some(given), None));
                *self.answered.entry(subject).or_default() += 1;
            }
            "joined" => {
                leaf(2, "collect");
                self.joined.insert(subject);
            }
            "erasing" => drop(self.erasing.insert(subject)),
            "erased" => {
                leaf(2, "erase");
                self.erased.insert(subject);
            }
            other => panic!("the child said {other}"),
        }
    }
}

fn rows(dir: &std::path::Path, file: &str, sql: &str) -> BTreeSet<[u8; 16]> {
    let db = rusqlite::Connection::open(dir.join(file)).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

async fn look(app: &App, dir: &std::path::Path, said: &mut Said) {
    // Accounts and keys are the same people: no key of a joining that did not happen, no account without one.
    let accounts = rows(dir, "data.db", "SELECT subject FROM standing");
    assert_eq!(accounts, rows(dir, "keys.db", "SELECT subject FROM subject_key"), "accounts and keys");
    assert!(rows(dir, "keys.db", "SELECT subject FROM joining").is_empty());
    for table in ["record", "consent", "consent_event", "identifier", "session", "subject_leaf"] {
        let there = rows(dir, "data.db", &format!("SELECT DISTINCT subject FROM {table}"));
        assert!(there.is_subset(&accounts), "{table} holds rows of nobody");
    }

    for subject in &said.joined {
        let there = accounts.contains(subject.id());
        assert!(there || said.erasing.contains(subject), "{subject} joined, and is gone");
        assert!(!there || !said.erased.contains(subject), "{subject} was erased, and is there");
    }

    // Every record of everyone opens, and every acknowledged one is among them.
    let policy = app.policy();
    let names = app.items_of("rights");
    let items: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted = Wanted { act: Act::Use, purpose: "rights", items: &items, recipient: None };
    let comment = policy.item("comment").unwrap();
    let mut comments: HashMap<String, (SubjectId, String)> = HashMap::new();
    for id in &accounts {
        let subject = SubjectId::new(app.store.region(), *id);
        let held = app.holdings(subject).await.unwrap().len();
        let used = app.use_records(subject, &wanted, &Actor::Subject, &Which::all()).await.unwrap();
        // The password's digest is nobody's to see; everything else is.
        assert!(used.records.len() >= held - 1 && held > 1, "{subject}: {held} held, {} opened", used.records.len());
        for record in &used.records {
            if record.head.item == comment {
                let value = record.value.expose(Sink::Subject, |v| String::from_utf8(v.clone()).unwrap());
                comments.insert(record.head.id.to_string(), (subject, value));
            }
        }
    }
    for (id, put) in &said.puts {
        assert_eq!(comments.get(id), Some(put), "an acknowledged record");
    }

    for (subject, (answered, answering)) in &mut said.answers {
        let history = app.consent_history(*subject).await.unwrap();
        let now = history.first().map(|e| e.given);
        assert!(now == *answered || now == *answering, "{subject}: {now:?}, said {answered:?} then {answering:?}");
        assert!(history.len() >= said.answered.get(subject).copied().unwrap_or(0), "an acknowledged answer is gone");
        let mail = Wanted { act: Act::Use, purpose: "marketing", items: &["email"], recipient: None };
        match app.use_records(*subject, &mail, &Actor::System, &Which::all()).await {
            Ok(_) => assert_eq!(now, Some(true)),
            Err(Fault::Refused(_)) => {}
            Err(other) => panic!("{other}"),
        }
        (*answered, *answering) = (now, None);
    }

    let mut reading = app.store.reading().await.unwrap();
    let mut look = reading.look().unwrap();
    for (index, act) in &said.leaves {
        let (evidence, _) = look.leaf(&Receipt { log: "a".into(), index: *index }).await.unwrap();
        assert_eq!(evidence.leaf.act, *act, "the leaf of an acknowledged act");
    }
    // Checked once; the tree holds them in place from here on.
    said.leaves.clear();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_5_2_what_was_acknowledged_survives_twenty_kills() {
    let home = Home::new(Engine::Sqlite).await;
    let mut people = Vec::new();
    for n in 0..3 {
        people.push(home.person(n).await.subject.to_string());
    }
    let plaza = home.app.register_service("plaza", &["content".to_owned()]).await.unwrap();
    let mut time = home.app.store.now();
    let (dir, _) = home.close();
    let mut said = Said::default();
    let mut seed = 0x5EED_u64;
    for round in 0..KILLS {
        time += SignedDuration::from_mins(30);
        let start = time.as_millisecond().to_string();
        let part = [dir.path().to_str().unwrap(), &round.to_string(), &start, &plaza, &people.join(" ")].join("\n");
        let mut process = child::start("writer_that_is_killed", &part);
        assert_eq!(process.line().as_deref(), Some("ready"));
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        for _ in 0..20 + (seed >> 33) % 300 {
            said.hear(&process.line().expect("the child ended by itself"));
        }
        process.kill();
        // What it had said, and the pipe still held.
        while let Some(line) = process.line() {
            said.hear(&line);
        }

        time += SignedDuration::from_mins(30);
        let app = open(dir.path(), time.as_millisecond()).await;
        app.resume_erasures().await.unwrap();
        look(&app, dir.path(), &mut said).await;
        let ledger = LedgerReader::open(&Location::Sqlite(dir.path().join("data.db"))).unwrap();
        let head = ledger.heads().await.unwrap().pop().unwrap();
        let report = ledger.verify(&head.log).await.unwrap();
        assert!(report.faults.is_empty() && report.leaves == head.size, "round {round}: {:?}", report.faults);
    }
    assert!(said.puts.len() > 200 && said.erased.len() > 3, "too calm: {}, {}", said.puts.len(), said.erased.len());
    // The ids are of the form that callers can name again.
    assert!(said.puts.keys().all(|id| id.parse::<RecordId>().is_ok()));
}
