//! The tree is append-only: one flipped bit anywhere in it is found, and what was changed is named.
//!
//! Keeps promise 0.1: what was done can be checked by whoever has the files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch_ledger::verify::Fault;
use avouch_store::{LedgerReader, Location};
use avouch_testkit::{Engine, Home};
use rusqlite::Connection;

/// Every fault of the one log in the file.
async fn faults(ledger: &LedgerReader) -> Vec<Fault> {
    let head = ledger.heads().await.unwrap().pop().unwrap();
    ledger.verify(&head.log).await.unwrap().faults
}

/// Flips one bit of each of `bytes` in turn through `write`, verifies, and puts it back.
async fn flip_each(
    ledger: &LedgerReader,
    bytes: &[u8],
    what: &str,
    write: impl Fn(&[u8]),
    names_it: impl Fn(&Fault) -> bool,
) {
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        // Another bit each time; not the top one, so that text stays text.
        changed[at] ^= 1 << (at % 7);
        write(&changed);
        match faults(ledger).await {
            faults if faults.iter().any(&names_it) => {}
            faults => panic!("byte {at} of {what} was flipped, and told was {faults:?}"),
        }
    }
    write(bytes);
    assert!(faults(ledger).await.is_empty(), "{what} was put back");
}

fn count(db: &Connection, sql: &str) -> u64 {
    u64::try_from(db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()).unwrap()
}

fn blob(db: &Connection, sql: &str) -> Vec<u8> {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn promise_0_1_a_flipped_byte_of_the_ledger_is_found_and_named() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    for n in 0..300 {
        home.consent(subject, "analytics", n % 2 == 0).await;
    }
    let (dir, _) = home.close();
    let copy = dir.path().join("copy.db");
    std::fs::copy(dir.path().join("data.db"), &copy).unwrap();
    let db = Connection::open(&copy).unwrap();
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").unwrap();
    let ledger = LedgerReader::open(&Location::Sqlite(copy.clone())).unwrap();
    assert!(faults(&ledger).await.is_empty());
    let size = count(&db, "SELECT size FROM log");
    assert!(size > 300);

    for index in [0, 1, 255, 256, size - 1] {
        let named = |f: &Fault| match f {
            Fault::Leaf { index: i, .. } | Fault::Entry { index: i, .. } => *i == index,
            _ => false,
        };
        for column in ["entry", "hash"] {
            let bytes = blob(&db, &format!("SELECT {column} FROM leaf WHERE idx = {index}"));
            let write = |bytes: &[u8]| {
                let sql = format!("UPDATE leaf SET {column} = ?1 WHERE idx = {index}");
                assert_eq!(db.execute(&sql, [bytes]).unwrap(), 1);
            };
            flip_each(&ledger, &bytes, &format!("the {column} of leaf {index}"), write, named).await;
        }
    }

    let bytes = blob(&db, "SELECT hash FROM node WHERE level = 1 AND n = 0");
    let write = |bytes: &[u8]| {
        assert_eq!(db.execute("UPDATE node SET hash = ?1 WHERE level = 1 AND n = 0", [bytes]).unwrap(), 1);
    };
    flip_each(&ledger, &bytes, "node 1/0", write, |f| matches!(f, Fault::Node { level: 1, n: 0, .. })).await;

    let bytes = blob(&db, "SELECT root FROM log");
    let write = |bytes: &[u8]| assert_eq!(db.execute("UPDATE log SET root = ?1", [bytes]).unwrap(), 1);
    flip_each(&ledger, &bytes, "the head", write, |f| matches!(f, Fault::Head { size: s } if *s == size)).await;

    let mut sizes = db.prepare("SELECT size FROM checkpoint ORDER BY size").unwrap();
    let sizes: Vec<u64> =
        sizes.query_map([], |row| row.get::<_, i64>(0)).unwrap().map(|n| u64::try_from(n.unwrap()).unwrap()).collect();
    assert_eq!(sizes.len(), 2);
    for at in sizes {
        let note: String =
            db.query_row(&format!("SELECT note FROM checkpoint WHERE size = {at}"), [], |r| r.get(0)).unwrap();
        let write = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(db.execute(&format!("UPDATE checkpoint SET note = ?1 WHERE size = {at}"), [text]).unwrap(), 1);
        };
        let named = |f: &Fault| matches!(f, Fault::Checkpoint { size: s, .. } if *s == at);
        flip_each(&ledger, note.as_bytes(), &format!("the checkpoint of {at}"), write, named).await;
    }

    // Rows that are gone are named too, and so is a head that was moved back over them.
    db.execute("DELETE FROM node", []).unwrap();
    assert!(faults(&ledger).await.iter().any(|f| matches!(f, Fault::Node { level: 1, n: 0, missing: true })));
    db.execute("DELETE FROM leaf WHERE idx = 17", []).unwrap();
    assert!(faults(&ledger).await.iter().any(|f| matches!(f, Fault::MissingLeaf { index: 17 })));
}

#[tokio::test]
async fn promise_0_1_a_log_cut_back_together_with_its_head_is_named() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    for n in 0..300 {
        home.consent(subject, "analytics", n % 2 == 0).await;
    }
    let (dir, _) = home.close();
    let path = dir.path().join("data.db");
    let db = Connection::open(&path).unwrap();
    let ledger = LedgerReader::open(&Location::Sqlite(path)).unwrap();
    assert!(faults(&ledger).await.is_empty());
    let cut = count(&db, "SELECT min(size) FROM checkpoint");
    let last = count(&db, "SELECT max(size) FROM checkpoint");
    assert!(cut < last);
    // The head that was true then, and no leaf after it; only a later promise in writing still stands.
    let note: String = db.query_row("SELECT note FROM checkpoint ORDER BY size LIMIT 1", [], |row| row.get(0)).unwrap();
    let root = data_encoding::BASE64.decode(note.lines().nth(2).unwrap().as_bytes()).unwrap();
    let size = i64::try_from(cut).unwrap();
    db.execute("DELETE FROM leaf WHERE idx >= ?1", [size]).unwrap();
    db.execute("UPDATE log SET size = ?1, root = ?2", rusqlite::params![size, root]).unwrap();
    let told = faults(&ledger).await;
    assert!(matches!(told.as_slice(), [Fault::Checkpoint { size, .. }] if *size == last), "{told:?}");
}
