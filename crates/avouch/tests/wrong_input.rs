//! What is wrong is refused in words, and nothing is lost: newer data, edited migrations, lost and foreign
//! keys, a full disk.
//!
//! Keeps promise 5.5: what is sealed stays sealed and stays there, whatever is put beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::store::{Actor, Sink, StoreError};
use avouch_seal::{KeyFile, KmsError};
use avouch_testkit::{Engine, Home, SeededEntropy};
use rusqlite::Connection;

/// Every row of what matters, so that "nothing was changed" can be said.
fn contents(dir: &Path) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    for (file, tables) in [
        ("data.db", &["migration", "standing", "record", "leaf", "log"][..]),
        ("keys.db", &["migration", "wrapped", "subject_key"][..]),
    ] {
        let db = Connection::open(dir.join(file)).unwrap();
        for table in tables {
            let count = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
            out.insert(format!("{file} {table}"), count);
        }
    }
    out
}

#[tokio::test]
async fn a_newer_or_edited_schema_is_refused_and_untouched() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let (mut dir, clock) = home.close();
    for (file, what) in [("data.db", "data"), ("keys.db", "keys")] {
        let sql = |sql: &str| Connection::open(dir.path().join(file)).unwrap().execute_batch(sql).unwrap();
        sql("INSERT INTO migration (id, name, digest) VALUES (99, '0099_later', x'00')");
        let before = contents(dir.path());
        let copy = copied(dir.path());
        let newer = Home::try_reopen(copy, clock.clone()).await.err().unwrap();
        assert!(matches!(newer, StoreError::Newer { what: w, found: 99, .. } if w == what), "{newer}");
        assert!(newer.to_string().contains("run the newer version"), "{newer}");
        assert_eq!(contents(dir.path()), before);
        sql("DELETE FROM migration WHERE id = 99");

        sql("CREATE TABLE aside AS SELECT * FROM migration; UPDATE migration SET digest = x'00' WHERE id = 1");
        let edited = Home::try_reopen(copied(dir.path()), clock.clone()).await.err().unwrap();
        assert!(edited.to_string().contains("not the one this build carries"), "{edited}");
        sql("DELETE FROM migration; INSERT INTO migration SELECT * FROM aside; DROP TABLE aside");
    }
    let home = Home::reopen(dir, clock).await;
    assert_eq!(home.app.see(subject, "email").await.unwrap().len(), 1, "all is as it was");
    (dir, _) = home.close();
    drop(dir);
}

/// A copy of a closed folder: what is refused must not depend on what was tried before.
fn copied(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let to = copy.path().join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            // The folder of pictures and videos, of which these people have none.
            std::fs::create_dir(to).unwrap();
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
    copy
}

fn names(dir: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    names.retain(|n| !n.to_string_lossy().ends_with("-shm") && !n.to_string_lossy().ends_with("-wal"));
    names.sort();
    names
}

#[tokio::test]
async fn a_lost_loose_damaged_or_foreign_key_file_opens_nothing_and_makes_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let (dir, clock) = home.close();
    let (key, aside) = (dir.path().join("root.key"), dir.path().join("aside.key"));
    let before = contents(dir.path());

    std::fs::rename(&key, &aside).unwrap();
    let files = names(dir.path());
    let lost = KeyFile::open(&key).err().unwrap();
    assert!(matches!(&lost, KmsError::Missing(why) if why.contains("backup")), "{lost}");
    assert_eq!(names(dir.path()), files, "no new key was made");

    std::fs::copy(&aside, &key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let loose = KeyFile::open(&key).err().unwrap();
    assert!(matches!(&loose, KmsError::Unsafe(why) if why.contains("chmod 600")), "{loose}");

    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let whole = std::fs::read(&key).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&key, &damaged).unwrap();
        assert!(matches!(KeyFile::open(&key), Err(KmsError::Wrong(_))), "byte {at}");
    }
    std::fs::write(&key, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(KeyFile::open(&key), Err(KmsError::Wrong(_))), "cut short");

    std::fs::remove_file(&key).unwrap();
    KeyFile::create(&key, &SeededEntropy::new(1234)).unwrap();
    let foreign = Home::try_reopen(copied(dir.path()), clock.clone()).await.err().unwrap();
    assert!(matches!(foreign, StoreError::Unopened(_)), "{foreign}");
    assert!(foreign.to_string().len() > 20, "{foreign}");
    assert_eq!(contents(dir.path()), before);

    std::fs::rename(&aside, &key).unwrap();
    let home = Home::reopen(dir, clock).await;
    assert_eq!(home.app.see(subject, "email").await.unwrap().len(), 1, "with its own key all opens again");
}

#[tokio::test]
async fn a_log_signed_by_another_key_is_not_written_on_and_nothing_personal_is_served() {
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let (dir, clock) = home.close();
    let keys = Connection::open(dir.path().join("keys.db")).unwrap();
    keys.execute_batch("CREATE TABLE aside AS SELECT * FROM wrapped WHERE name LIKE 'log:%'").unwrap();
    keys.execute_batch("DELETE FROM wrapped WHERE name LIKE 'log:%'").unwrap();
    let home = Home::reopen(dir, clock).await;
    let leaves = home.app.store.counts().await.unwrap()["leaves"];
    let fault = home.app.see(subject, "email").await.err().unwrap();
    assert!(matches!(&fault, Fault::Store(StoreError::CannotRecord(why)) if why.contains("another key")), "{fault}");
    assert!(home.app.store.health().fault().is_some());
    assert_eq!(home.app.store.counts().await.unwrap()["leaves"], leaves);

    keys.execute_batch("DELETE FROM wrapped WHERE name LIKE 'log:%'; INSERT INTO wrapped SELECT * FROM aside").unwrap();
    drop(keys);
    let (dir, clock) = home.close();
    let home = Home::reopen(dir, clock).await;
    assert_eq!(home.app.see(subject, "email").await.unwrap().len(), 1);
}

/// A small disk of its own; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    fn of_16_mib() -> Option<(Self, tempfile::TempDir)> {
        let at = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(at.path())
            .output()
            .is_ok_and(|out| out.status.success());
        mounted.then(|| (Self(at.path().to_owned()), at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_fails_closed_and_loses_nothing() {
    let Some((disk, _at)) = Disk::of_16_mib() else {
        use std::io::Write;
        writeln!(std::io::stderr(), "not tried: only root may mount the small disk this needs").unwrap();
        return;
    };
    let home = Home::in_folder(Engine::Sqlite, tempfile::TempDir::new_in(&disk.0).unwrap()).await;
    let subject = home.person(1).await.subject;
    let plaza = Actor::Service(home.service("plaza", &["content"]).await);
    let new =
        |value: String| NewRecord { subject, purpose: "content".into(), item: "comment".into(), record: None, value };
    let mut kept = Vec::new();
    for n in 0..20 {
        kept.push(format!("comment {n}"));
        home.app.put_record(new(format!("comment {n}")), &plaza).await.unwrap();
    }

    let ballast = disk.0.join("ballast");
    let mut size = 16 << 20;
    while size >= 512 {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&ballast).unwrap();
        if file.write_all(&vec![7; size]).is_err() {
            size /= 2;
        }
    }
    let mut failed = None;
    // The write-ahead log may have room left in its last page.
    for n in 20..400 {
        match home.app.put_record(new(format!("comment {n}")), &plaza).await {
            Ok(_) => kept.push(format!("comment {n}")),
            Err(fault) => {
                failed = Some(fault);
                break;
            }
        }
    }
    let failed = failed.expect("the disk is full");
    assert!(matches!(&failed, Fault::Store(StoreError::CannotRecord(why)) if why.contains("free space")), "{failed}");
    assert!(home.app.store.health().fault().is_some());
    let read = home.app.see(subject, "comment").await;
    assert!(matches!(read, Err(Fault::Store(StoreError::CannotRecord(_)))), "what cannot be recorded is not served");

    std::fs::remove_file(&ballast).unwrap();
    home.app.put_record(new("after".into()), &plaza).await.unwrap();
    kept.push("after".into());
    assert_eq!(home.app.store.health().fault(), None);
    let seen = home.app.see(subject, "comment").await.unwrap();
    let mut seen: Vec<String> =
        seen.iter().map(|r| r.value.expose(Sink::Subject, |v| String::from_utf8(v.clone()).unwrap())).collect();
    seen.sort();
    kept.sort();
    assert_eq!(seen, kept, "every acknowledged comment, and no other");
    let ledger = home.ledger();
    let head = ledger.heads().await.unwrap().pop().unwrap();
    assert!(ledger.verify(&head.log).await.unwrap().faults.is_empty());
}
