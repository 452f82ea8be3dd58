//! Bulk use: the same gate for everyone, evidence each or by batch, gone on with after cuts and restarts.
//!
//! Keeps promises 2.0 and 0.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use avouch::collection::put::NewRecord;
use avouch::store::{Actor, Credential, Sink, SubjectId, leaf_hash};
use avouch::usage::bulk::BulkPage;
use avouch::{App, Fault};
use avouch_ledger::proof::verify_inclusion;
use avouch_testkit::{Engine, Home};
use data_encoding::BASE64;

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
/// A purpose, and items of it.
type Wanted = (&'static str, &'static [&'static str]);
const TAGS: Wanted = ("recommendation", &["interests"]);
const MAIL: Wanted = ("marketing", &["email"]);

async fn liking(home: &Home, n: u64, by: &Arc<Credential>) -> SubjectId {
    let who = home.person(n).await.subject;
    home.consent(who, "recommendation", true).await;
    let new = NewRecord {
        subject: who,
        purpose: "recommendation".into(),
        item: "interests".into(),
        record: None,
        value: format!("thing {n}"),
    };
    home.app.put_record(new, &Actor::Service(Arc::clone(by))).await.unwrap();
    who
}

async fn leaves(home: &Home) -> u64 {
    home.app.store.counts().await.unwrap()["leaves"]
}

fn hash(text: &str) -> [u8; 32] {
    BASE64.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// The whole run from a cursor, page by page of so many.
async fn run(app: &App, by: &Arc<Credential>, wanted: Wanted, from: Option<&str>, limit: u32) -> Vec<BulkPage> {
    let (mut pages, mut next) = (Vec::new(), from.map(str::to_owned));
    loop {
        let page = app.bulk(by, wanted.0, wanted.1, next.as_deref(), limit).await.unwrap();
        next.clone_from(&page.next);
        pages.push(page);
        if next.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn promise_2_0_a_batch_is_one_leaf_and_each_person_in_it_sees_and_proves_their_own() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let by = home.service("feed", &["recommendation"]).await;
        let mut liked = Vec::new();
        for n in 1..=5 {
            liked.push(liking(&home, n, &by).await);
        }
        let silent = [home.person(6).await.subject, home.person(7).await.subject];
        let before = leaves(&home).await;
        let page = home.app.bulk(&by, TAGS.0, TAGS.1, None, 100).await.unwrap();
        assert_eq!(
            (page.used.len(), page.refused, page.reasons.clone()),
            (5, 2, BTreeMap::from([("no-consent", 2)])),
            "{engine:?}"
        );
        assert_eq!(leaves(&home).await, before + 2, "one leaf for the five, one for the two");

        let mut places = BTreeSet::new();
        for (who, used) in &page.used {
            assert!(liked.contains(who));
            let own = home.app.own_leaves(*who, jiff::Timestamp::UNIX_EPOCH, 100).await.unwrap();
            let evidence = own.iter().find(|e| e.receipt == used.receipt).expect("among their own");
            let (root, count) = evidence.leaf.batch.unwrap();
            assert_eq!((count, evidence.leaf.subject), (5, None));
            // With the proof alone: the entry is in the batch, the batch's leaf in the log.
            let proof = home.app.prove_own(*who, &used.receipt).await.unwrap();
            let member = proof.member.unwrap();
            let entry = BASE64.decode(member.entry.as_bytes()).unwrap();
            let path: Vec<[u8; 32]> = member.inclusion.iter().map(|h| hash(h)).collect();
            assert_eq!((entry.len(), member.count), (64, 5));
            assert!(verify_inclusion(5, member.place, leaf_hash(&entry), &path, &root), "{engine:?}");
            let mut forged = entry.clone();
            forged[20] ^= 1;
            assert!(!verify_inclusion(5, member.place, leaf_hash(&forged), &path, &root));
            places.insert(member.place);
            let uses = home.app.uses(*who, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
            assert!(uses.iter().any(|u| u.purpose == "recommendation" && u.item == "interests" && u.times == 1));
        }
        assert_eq!(places, (0..5).collect(), "everyone has a place of their own");
        for who in silent {
            let own = home.app.own_leaves(who, jiff::Timestamp::UNIX_EPOCH, 100).await.unwrap();
            assert!(own.iter().any(|e| e.leaf.reasons == ["no-consent"]), "a refusal is seen too");
        }
        let log = home.app.store.node().to_owned();
        assert!(home.ledger().verify(&log).await.unwrap().faults.is_empty());

        // Erased, a person's entry goes with them, and the others' proofs still hold.
        let session = home.session(1).await;
        let receipt = page.used.iter().find(|(who, _)| *who == liked[1]).unwrap().1.receipt.clone();
        home.app.cancel(&session, true).await.unwrap();
        assert!(matches!(home.app.prove_own(liked[0], &receipt).await, Err(Fault::NotFound)));
        assert!(home.app.prove_own(liked[1], &receipt).await.unwrap().member.is_some());
    }
}

#[tokio::test]
async fn promise_2_0_where_the_policy_says_each_every_person_has_a_leaf_alone() {
    let home = Home::new(Engine::Sqlite).await;
    let by = home.service("mail", &["marketing"]).await;
    for n in 1..=3 {
        let who = home.person(n).await.subject;
        home.consent(who, "marketing", n != 3).await;
    }
    let before = leaves(&home).await;
    let page = home.app.bulk(&by, MAIL.0, MAIL.1, None, 100).await.unwrap();
    assert_eq!((page.used.len(), leaves(&home).await), (2, before + 3));
    let receipts: BTreeSet<u64> = page.used.iter().map(|(_, used)| used.receipt.index).collect();
    assert_eq!(receipts.len(), 2);
    let (who, used) = &page.used[0];
    assert!(home.app.prove_own(*who, &used.receipt).await.unwrap().member.is_none());
}

#[tokio::test]
async fn promise_2_0_a_cursor_tells_nothing_and_holds_after_a_restart_and_any_answer() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let by = home.service("mail", &["marketing"]).await;
        let mut people = BTreeSet::new();
        for n in 1..=7 {
            let who = home.person(n).await.subject;
            home.consent(who, "marketing", true).await;
            people.insert(who);
        }
        let first = home.app.bulk(&by, MAIL.0, MAIL.1, None, 3).await.unwrap();
        let cursor = first.next.clone().unwrap();
        for who in &people {
            assert!(!cursor.contains(&data_encoding::HEXLOWER.encode(who.id())));
        }
        // The last one of the page withdraws, so does one who is still to come; another process goes on.
        let seen: BTreeSet<SubjectId> = first.used.iter().map(|(who, _)| *who).collect();
        let gone = *people.difference(&seen).next().unwrap();
        home.consent(*seen.last().unwrap(), "marketing", false).await;
        home.consent(gone, "marketing", false).await;
        let node = home.node("b", None).await;
        let rest = run(&node, &by, MAIL, Some(&cursor), 2).await;
        let after: BTreeSet<SubjectId> = rest.iter().flat_map(|p| p.used.iter().map(|(who, _)| *who)).collect();
        let mut expected: BTreeSet<SubjectId> = people.difference(&seen).copied().collect();
        expected.remove(&gone);
        assert_eq!(after, expected, "{engine:?}: nobody twice, nobody left out, nobody who withdrew");

        // It is this service's, for this and nothing else.
        let other = home.service("other", &["marketing"]).await;
        let more: Wanted = ("marketing", &["email", "nickname"]);
        for (who, wanted, cursor) in
            [(&other, MAIL, cursor.as_str()), (&by, more, cursor.as_str()), (&by, MAIL, "AAAA")]
        {
            let refused = home.app.bulk(who, wanted.0, wanted.1, Some(cursor), 2).await;
            assert!(matches!(refused, Err(Fault::Invalid(f)) if f[0].field == "cursor"), "{engine:?}");
        }
    }
}

#[tokio::test]
async fn promise_2_0_one_who_cannot_be_read_stops_nobody_else() {
    let home = Home::new(Engine::Sqlite).await;
    let by = home.service("feed", &["recommendation"]).await;
    let (good, bad) = (liking(&home, 1, &by).await, liking(&home, 2, &by).await);
    let db = rusqlite::Connection::open(home.dir.path().join("data.db")).unwrap();
    let sql = "UPDATE record SET sealed = zeroblob(40) WHERE subject = ?1 AND item = 'interests'";
    assert_eq!(db.execute(sql, [bad.id()]).unwrap(), 1);
    let page = home.app.bulk(&by, TAGS.0, TAGS.1, None, 100).await.unwrap();
    assert_eq!(page.failed, [bad]);
    assert_eq!(page.used.len(), 1);
    assert_eq!(page.used[0].0, good);
    let value = page.used[0].1.records[0].value.expose(Sink::Service, |v| String::from_utf8(v.clone()).unwrap());
    assert_eq!(value, "thing 1");
}
