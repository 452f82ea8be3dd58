//! Files in cases of customer service on both engines: taken by their content, cleaned, sealed, opened with their case
//! alone, gone with it. Shows promises 2.4, 5.1, 5.2, 5.5 and 6.5.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::contact::attachment::{ENTRY, LARGEST, NOTE_ENTRY, Sent};
use avouch::contact::case::{Caller, NewCase, Opened, Thread};
use avouch::contact::desk::Deed;
use avouch::store::{Blob, RecordId, Sink};
use avouch::{App, Fault};
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::{Engine, Home, media};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const OPERATOR: &str = "li.desk";

fn file(app: &App, bytes: &[u8]) -> Option<Sent> {
    Some(app.room_for(bytes.len() as u64).unwrap().holds(bytes.to_vec().into()))
}

fn message(file: Option<Sent>) -> NewCase {
    NewCase {
        category: "complaint".into(),
        text: "See the file".into(),
        file,
        mail: String::new(),
        language: "en".into(),
        address: "192.0.2.7".into(),
    }
}

async fn stranger(home: &Home, bytes: &[u8]) -> (Opened, Caller) {
    let opened = home.app.open_case(message(file(&home.app, bytes)), None).await.unwrap();
    let caller = Caller::Code(opened.code.clone().unwrap());
    (opened, caller)
}

fn records(thread: &Thread) -> Vec<RecordId> {
    thread.told.iter().filter(|t| t.entry.kind == ENTRY).map(|t| t.entry.record.unwrap()).collect()
}

async fn bytes(blob: &Blob) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(part) = blob.read(out.len() as u64, u64::MAX).await.unwrap() {
        part.expose(Sink::Subject, |p| out.extend_from_slice(p));
    }
    out
}

fn pdf(note: &str) -> Vec<u8> {
    format!("%PDF-1.7\n% {note}\n%%EOF\n").into_bytes()
}

#[tokio::test]
async fn promise_2_4_a_person_a_stranger_and_staff_attach_files_that_are_the_cases_alone() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (opened, caller) = stranger(&home, &pdf("of a stranger")).await;
        let number = opened.number.as_str();
        let answer = Deed::Reply { text: "See ours".into(), waits: false };
        home.app.work_on_case(number, OPERATOR, answer, file(&home.app, b"the terms\n")).await.unwrap();
        home.app.write_to_case(number, &caller, "And", file(&home.app, b"more"), "").await.unwrap();
        let thread = home.app.see_case(number, &caller).await.unwrap();
        let kinds: Vec<_> = thread.told.iter().map(|t| t.entry.kind.as_str()).collect();
        assert_eq!(kinds, ["message", "file", "reply", "file", "message", "file"], "each behind its message");
        let told: Vec<_> = thread.told.iter().filter(|t| t.entry.kind == ENTRY).map(|t| t.entry.told.clone()).collect();
        assert_eq!(told, ["pdf 31", "txt 10", "txt 4"]);
        let all = records(&thread);
        let blob = home.app.case_file(number, &caller, all[0]).await.unwrap();
        assert_eq!((blob.media.as_str(), bytes(&blob).await), ("application/pdf", pdf("of a stranger")));
        let blob = home.app.desk_file(number, OPERATOR, all[2]).await.unwrap();
        assert_eq!(bytes(&blob).await, b"more");

        // Of another case, by another caller, of another kind of entry: nothing.
        let person = home.person(1).await.subject;
        let own = home.app.open_case(message(None), Some(person)).await.unwrap();
        let message_record = thread.told[0].entry.record.unwrap();
        for (number, caller, record) in [
            (own.number.as_str(), Caller::Person(person), all[0]),
            (number, Caller::Person(person), all[0]),
            (number, Caller::Code("WRONG".into()), all[0]),
            (number, caller.clone(), message_record),
            (number, caller.clone(), RecordId::ONLY),
        ] {
            assert!(matches!(home.app.case_file(number, &caller, record).await, Err(Fault::NotFound)));
        }
        assert!(matches!(home.app.desk_file(&own.number, OPERATOR, all[0]).await, Err(Fault::NotFound)));
        // That staff opened it is the person's to see.
        home.app
            .write_to_case(&own.number, &Caller::Person(person), "My file", file(&home.app, b"mine"), "")
            .await
            .unwrap();
        let record = records(&home.app.see_case(&own.number, &Caller::Person(person)).await.unwrap())[0];
        home.app.desk_file(&own.number, OPERATOR, record).await.unwrap();
        let uses = home.app.uses(person, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(uses.iter().any(|u| u.item == "support_attachment" && u.purpose == "support" && u.actor == OPERATOR));
        // With a note a file stays among staff, but in the copy of everything.
        let note = Deed::Note("See the file".into());
        home.app.work_on_case(&own.number, OPERATOR, note, file(&home.app, b"of staff")).await.unwrap();
        let seen = home.app.see_case(&own.number, &Caller::Person(person)).await.unwrap();
        assert_eq!(records(&seen), [record]);
        let desk = home.app.desk(&own.number, OPERATOR).await.unwrap().thread;
        let noted = desk.told.iter().find(|t| t.entry.kind == NOTE_ENTRY).unwrap().entry.record.unwrap();
        assert_eq!(bytes(&home.app.desk_file(&own.number, OPERATOR, noted).await.unwrap()).await, b"of staff");
        let looked = home.app.case_file(&own.number, &Caller::Person(person), noted).await;
        assert!(matches!(looked, Err(Fault::NotFound)));
        // Files are no items that staff reveal.
        let desk = home.app.desk(&own.number, OPERATOR).await.unwrap();
        assert!(desk.items.iter().all(|i| !i.name.starts_with("support_")));
    }
}

#[tokio::test]
async fn promise_5_5_pictures_are_written_anew_and_everything_is_sealed() {
    let home = Home::new(Engine::Sqlite).await;
    let (place, words) = (canary(11), canary(12));
    let (opened, caller) = stranger(&home, &media::jpeg_with_position(&place, 320, 200)).await;
    let text = file(&home.app, words.as_bytes());
    home.app.write_to_case(&opened.number, &caller, "More", text, "").await.unwrap();
    let all = records(&home.app.see_case(&opened.number, &caller).await.unwrap());
    let blob = home.app.case_file(&opened.number, &caller, all[0]).await.unwrap();
    let kept = bytes(&blob).await;
    assert_eq!(blob.media, "image/jpeg");
    assert!(!kept.windows(media::LATITUDE.len()).any(|w| w == media::LATITUDE), "no place");
    assert!(!kept.windows(place.len()).any(|w| w == place.as_bytes()), "no note");
    assert!(image::load_from_memory(&kept).is_ok());
    assert!(scan(home.dir.path(), &[place.as_bytes(), words.as_bytes()]).is_empty(), "sealed");
}

#[tokio::test]
async fn what_is_not_taken_is_told_and_leaves_nothing_behind() {
    let home = Home::new(Engine::Sqlite).await;
    for (bytes, code) in [
        (&b"MZ\x90\0 a program"[..], "not-taken"),
        (b"%PDF-1.7 cut off", "broken-file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"\xff\xd8\xff cut off", "broken-picture"),
    ] {
        match home.app.open_case(message(file(&home.app, bytes)), None).await {
            Err(Fault::Invalid(faults)) => assert_eq!((faults[0].field.as_str(), faults[0].code), ("file", code)),
            other => panic!("{other:?}"),
        }
    }
    match home.app.room_for(LARGEST + 1) {
        Err(Fault::Invalid(faults)) => assert_eq!(faults[0].code, "too-large"),
        other => panic!("{other:?}"),
    }
    assert_eq!(home.app.store.people().await.unwrap(), 0, "no key either");
    // Room is lent, and given back.
    let mut held = Vec::new();
    let full = loop {
        match home.app.room_for(LARGEST) {
            Ok(room) => held.push(room),
            Err(fault) => break fault,
        }
    };
    assert!(matches!(full, Fault::NotNow(_)), "{full}");
    held.clear();
    home.app.room_for(LARGEST).unwrap();
}

#[tokio::test]
async fn promise_6_5_files_are_in_the_export_and_go_with_case_and_person() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (one, other) = (home.person(1).await.subject, home.person(2).await.subject);
        let new = message(file(&home.app, &pdf("to take along")));
        let opened = home.app.open_case(new, Some(one)).await.unwrap();
        let record = records(&home.app.see_case(&opened.number, &Caller::Person(one)).await.unwrap())[0];
        let files = async |who| {
            let zip = home.app.export(who, "en").await.unwrap().zip().await.unwrap();
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
            let names: Vec<String> =
                zip.file_names().filter(|n| n.starts_with("content/")).map(str::to_owned).collect();
            let mut out = Vec::new();
            for name in names {
                let text = std::io::read_to_string(zip.by_name(&name).unwrap()).unwrap();
                out.push((name, text));
            }
            out
        };
        let name = format!("content/support_attachment-{record}.pdf");
        assert_eq!(files(one).await, [(name, String::from_utf8(pdf("to take along")).unwrap())]);
        assert!(files(other).await.is_empty());

        let objects = || std::fs::read_dir(home.dir.path().join("objects")).map_or(0, |all| walk(all));
        let (guest, caller) = stranger(&home, b"for a while").await;
        assert_eq!(objects(), 2);
        home.clock.days(3 * 366);
        home.app.sweep(false).await.unwrap();
        home.app.work().await.unwrap();
        assert!(matches!(home.app.case_file(&guest.number, &caller, record).await, Err(Fault::NotFound)));
        assert!(matches!(home.app.case_file(&opened.number, &Caller::Person(one), record).await, Err(Fault::NotFound)));
        assert_eq!(objects(), 0, "the files went with their cases");

        home.app.open_case(message(file(&home.app, b"again")), Some(one)).await.unwrap();
        assert_eq!(objects(), 1);
        home.app.erase(one).await.unwrap();
        home.app.work().await.unwrap();
        assert_eq!(objects(), 0, "and with their person");
    }
}

fn walk(all: std::fs::ReadDir) -> usize {
    all.map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { walk(std::fs::read_dir(path).unwrap()) } else { 1 })
        .sum()
}
