//! Keys turned over while people are served: nobody is lost, nobody comes back, and it can be stopped anywhere.
//!
//! Keeps promise 5.5.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::App;
use avouch::store::SubjectId;
use avouch_seal::{KeyFile, Kms};
use avouch_store::StoreError;
use avouch_testkit::{Engine, Home};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

async fn people(home: &Home, count: u64) -> Vec<SubjectId> {
    let mut out = Vec::new();
    for n in 0..count {
        out.push(home.person(n).await.subject);
    }
    out
}

/// Whether a person's own page can be read: their key opens what is sealed.
async fn readable(app: &App, subject: SubjectId) -> bool {
    app.see(subject, "nickname").await.is_ok_and(|records| records.len() == 1)
}

#[tokio::test]
async fn promise_5_5_a_region_key_is_rotated_under_readers_on_every_node() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let subjects = people(&home, 7).await;
        let other = home.node("b", None).await;
        let held = home.person(100).await.subject;
        home.app.erase(held).await.unwrap();

        // Stopped after the first page: some are wrapped by the new key, some by the old.
        assert_eq!(home.app.store.next_region_key().await.unwrap(), 2);
        let page = home.app.store.rewrap_people(None, 3).await.unwrap();
        assert_eq!(page.count, 3);
        for subject in &subjects {
            assert!(readable(&other, *subject).await, "a node that read the keys before finds the new one");
            assert!(readable(&home.app, *subject).await);
        }
        // Who joins at a node that has not seen the rotation is wrapped by the newest key all the same.
        let third = home.node("c", None).await;
        let joined = third.store.new_subject().await.unwrap();
        third.store.forget_new_subject(joined).await.unwrap();

        // Gone on with: no third version is made.
        let rotated = home.node("d", None).await.rotate_region(|_| {}).await.unwrap();
        assert_eq!((rotated.version.as_str(), rotated.rewrapped), ("2", 4));
        let keys = home.app.store.keys().await.unwrap();
        let by_version: Vec<_> = keys.iter().filter(|k| k.name == "region:cn").map(|k| (k.version, k.people)).collect();
        assert_eq!(by_version, [(1, Some(0)), (2, Some(7))]);

        let retired = home.app.retire_keys().await.unwrap();
        assert_eq!(retired.region_keys, 1);
        for app in [&home.app, &other, &home.node("e", None).await] {
            for subject in &subjects {
                assert!(readable(app, *subject).await);
            }
            assert!(!readable(app, held).await, "who was erased stays erased");
            assert!(app.log_in("person3", avouch_testkit::home::PASSWORD, Default::default()).await.is_ok());
        }
        let joined = other.store.new_subject().await.unwrap();
        other.store.forget_new_subject(joined).await.unwrap();
        let report = home.ledger().verify("a").await.unwrap();
        assert!(report.faults.is_empty());
    }
}

#[tokio::test]
async fn promise_5_5_a_root_key_is_rotated_and_the_old_one_opens_nothing_afterwards() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let subject = home.person(1).await.subject;
        let old = std::fs::read(home.key_file()).unwrap();
        let before = home.app.store.root_version().unwrap();

        // Stopped after the new version was made, before anything was wrapped by it.
        let made = home.app.store.next_root_key().await.unwrap();
        assert_ne!(before, made);
        assert!(matches!(home.app.retire_keys().await, Err(avouch::Fault::Store(StoreError::Conflict(_)))));
        assert!(readable(&home.node("b", None).await, subject).await, "a node can start in the middle");

        let rotated = home.app.rotate_root().await.unwrap();
        assert_eq!(rotated.version, made, "the rotation is gone on with, not begun again");
        assert!(rotated.rewrapped >= 3, "region, lookup, logs: {}", rotated.rewrapped);
        assert!(home.app.store.keys().await.unwrap().iter().all(|k| k.wrapped_by == made));
        home.app.retire_keys().await.unwrap();
        assert!(readable(&home.node("c", None).await, subject).await);

        let aside = home.dir.path().join("old.key");
        std::fs::write(&aside, old).unwrap();
        std::fs::set_permissions(&aside, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let old = KeyFile::open(&aside).unwrap();
        assert_eq!(old.version().unwrap(), before);
        let (data, keys) = home.places();
        let clock = std::sync::Arc::clone(&home.clock) as _;
        let entropy = std::sync::Arc::new(avouch_testkit::SeededEntropy::new(5));
        let opened = avouch_testkit::home::open_app(&aside, data, keys, clock, "z", entropy, None).await;
        assert!(matches!(opened, Err(StoreError::Unopened(why)) if why.contains("another key")));
    }
}

#[tokio::test]
async fn promise_5_5_both_rotations_leave_their_leaves() {
    let home = Home::new(Engine::Sqlite).await;
    home.person(1).await;
    home.app.rotate_root().await.unwrap();
    home.app.rotate_region(|_| {}).await.unwrap();
    home.app.retire_keys().await.unwrap();
    let leaves = home.app.latest_leaves(5).await.unwrap();
    let said: Vec<_> = leaves.iter().rev().map(|e| (e.leaf.act.as_str(), e.leaf.purpose.as_str())).collect();
    assert_eq!(
        said,
        [
            ("make key", "root key"),
            ("rotate", "root key"),
            ("make key", "region key"),
            ("rotate", "region key"),
            ("retire", "keys")
        ]
    );
}
