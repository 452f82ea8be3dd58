//! Content: sent in pieces, cleaned before it is kept, sealed, read in ranges, and gone when deleted.
//!
//! Keeps promises 1.3, 4.4, 5.5 and 6.2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use avouch::collection::put::NewRecord;
use avouch::collection::upload::{NewUpload, Progress};
use avouch::gate::Wanted;
use avouch::store::{Actor, Blob, RecordId, Role, Sink, SubjectId, Which};
use avouch::{App, Fault};
use avouch_policy::Act;
use avouch_store::Faults;
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::media;
use avouch_testkit::{Engine, Home};
use bytes::Bytes;
use futures_util::{Stream, stream};
use image::{GenericImageView as _, ImageFormat};

/// A body in small parts; cut off where `whole` is false.
fn body(bytes: &[u8], whole: bool) -> impl Stream<Item = Result<Bytes, &'static str>> + Send + Unpin {
    let parts: Vec<Result<Bytes, &'static str>> =
        bytes.chunks(7_001).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    let cut = if whole { Vec::new() } else { vec![Err("the connection was cut")] };
    stream::iter(parts.into_iter().chain(cut))
}

async fn begin(app: &App, subject: SubjectId, item: &str, size: u64) -> Result<Progress, Fault> {
    let new = NewUpload { subject, purpose: "content".into(), item: item.into(), size };
    app.begin_upload(new, &Actor::Subject).await.map(|(progress, _)| progress)
}

async fn put_up(app: &App, subject: SubjectId, item: &str, bytes: &[u8]) -> Result<RecordId, Fault> {
    let begun = begin(app, subject, item, bytes.len() as u64).await?;
    let done = app.append(subject, begun.id, 0, body(bytes, true), &Actor::Subject).await?;
    assert_eq!(done.offset, bytes.len() as u64);
    assert!(done.receipt.is_some());
    Ok(begun.id)
}

async fn blob(app: &App, subject: SubjectId, item: &str, record: RecordId, role: Role) -> Result<Blob, Fault> {
    let wanted = Wanted { act: Act::Use, purpose: "rights", items: &[item], recipient: None };
    let which = Which::One(app.policy().item(item).unwrap(), record);
    let used = app.use_records(subject, &wanted, &Actor::Subject, &which).await?;
    Ok(used.records.into_iter().next().unwrap().blobs.into_iter().find(|b| b.role == role).unwrap())
}

async fn range(blob: &Blob, from: u64, to: u64) -> Vec<u8> {
    let (mut at, mut out) = (from, Vec::new());
    while let Some(part) = blob.read(at, to).await.unwrap() {
        part.expose(Sink::Subject, |p| out.extend_from_slice(p));
        at = from + out.len() as u64;
    }
    out
}

async fn whole(app: &App, subject: SubjectId, item: &str, record: RecordId) -> Vec<u8> {
    let blob = blob(app, subject, item, record, Role::Whole).await.unwrap();
    range(&blob, 0, blob.size()).await
}

fn objects(home: &Home) -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, out) } else { out.push(path) }
        }
    }
    let mut out = Vec::new();
    walk(&home.dir.path().join("objects"), &mut out);
    out
}

fn code(fault: Fault) -> &'static str {
    match fault {
        Fault::Invalid(faults) => faults[0].code,
        other => panic!("{other}"),
    }
}

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

#[tokio::test]
async fn promise_1_3_a_position_in_a_picture_never_reaches_the_disk() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let note = canary(1);
        let sent = media::jpeg_with_position(&note, 900, 600);
        assert!(sent.windows(24).any(|w| w == media::LATITUDE), "the picture has its position");

        // Cut in the middle, gone on with, and looked for on the disk at each step.
        let begun = begin(&home.app, person, "picture", sent.len() as u64).await.unwrap();
        let half = home.app.append(person, begun.id, 0, body(&sent[..5000], false), &Actor::Subject).await.unwrap();
        assert_eq!(half.offset, 5000);
        assert!(scan(home.dir.path(), &[note.as_bytes(), &media::LATITUDE]).is_empty());
        assert!(objects(&home).is_empty(), "nothing of a picture is kept before it is cleaned");
        let done = home.app.append(person, begun.id, 5000, body(&sent[5000..], true), &Actor::Subject).await.unwrap();
        assert!(done.receipt.is_some());
        assert!(scan(home.dir.path(), &[note.as_bytes(), &media::LATITUDE, b"Exif"]).is_empty());

        let kept = whole(&home.app, person, "picture", begun.id).await;
        for gone in [note.as_bytes(), &media::LATITUDE, b"Exif"] {
            assert!(!kept.windows(gone.len()).any(|w| w == gone));
        }
        // It was held upright: 900 × 600 turned by a quarter.
        assert_eq!(image::load_from_memory(&kept).unwrap().dimensions(), (600, 900));
        let small = blob(&home.app, person, "picture", begun.id, Role::Small).await.unwrap();
        let small = image::load_from_memory(&range(&small, 0, small.size()).await).unwrap();
        assert_eq!(small.dimensions(), (320, 480));
    }
}

#[tokio::test]
async fn promise_1_3_what_else_a_file_is_does_not_survive_and_what_is_no_picture_is_refused() {
    let home = Home::new(Engine::Sqlite).await;
    let person = home.person(1).await.subject;
    // A picture that is also a page with a program: only the picture is left.
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let script = b"<script>alert('second nature')</script>PK\x03\x04second";
        let polyglot = [media::picture(60, 40, format), script.to_vec()].concat();
        let id = put_up(&home.app, person, "picture", &polyglot).await.unwrap();
        let kept = whole(&home.app, person, "picture", id).await;
        assert!(!kept.windows(6).any(|w| w == b"second"), "{format:?}");
        assert_eq!(image::load_from_memory(&kept).unwrap().dimensions(), (60, 40), "{format:?}");
    }
    let kept = objects(&home).len();

    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 64 << 20], 9);
    let text = media::png_with_chunk(b"zTXt", &[b"Comment\0\0".as_slice(), &bomb].concat());
    let profile = media::png_with_chunk(b"iCCP", &[b"icc\0\0".as_slice(), &bomb].concat());
    let international = media::png_with_chunk(b"iTXt", &[b"k\0\x01\0en\0k\0".as_slice(), &bomb].concat());
    let svg = b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let heic = [b"\0\0\0\x18ftypheic".as_slice(), &[0; 40]].concat();
    let mut broken = media::picture(60, 40, ImageFormat::Png);
    broken.truncate(100);
    let cases: [(&str, &[u8], &str); 9] = [
        ("a program in a drawing", svg, "svg"),
        ("a bomb in a text", &text, "bomb"),
        ("a bomb in a profile", &profile, "bomb"),
        ("a bomb in another text", &international, "bomb"),
        ("a bomb of pixels", &media::png_of_size(60_000, 60_000), "huge-picture"),
        ("a bomb of pixels within the sides", &media::png_of_size(16_000, 16_000), "huge-picture"),
        ("no picture", b"MZ this is a program whatever its name says", "not-a-picture"),
        ("a picture nobody here reads", &heic, "heic"),
        ("half a picture", &broken, "broken-picture"),
    ];
    for (what, bytes, why) in cases {
        assert_eq!(code(put_up(&home.app, person, "picture", bytes).await.unwrap_err()), why, "{what}");
    }
    assert_eq!(objects(&home).len(), kept, "nothing of what was refused is kept");
    // A little text beside the picture is no bomb; it only does not stay.
    let little = miniz_oxide::deflate::compress_to_vec_zlib(canary(2).as_bytes(), 9);
    let fine = media::png_with_chunk(b"zTXt", &[b"Comment\0\0".as_slice(), &little].concat());
    let id = put_up(&home.app, person, "picture", &fine).await.unwrap();
    assert!(!whole(&home.app, person, "picture", id).await.windows(4).any(|w| w == b"zTXt"));
}

#[tokio::test]
async fn promise_1_3_a_video_cut_three_times_arrives_whole_and_without_its_place() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let note = canary(3);
        let size = (9 << 20) + 12_345;
        let sent = media::video(size, &note, b"soun");
        let begun = begin(&home.app, person, "video", size).await.unwrap();
        let mut at = 0_usize;
        for cut in [100_000, 5_000_001, 8_888_888] {
            let part = body(&sent[at..cut], false);
            let progress = home.app.append(person, begun.id, at as u64, part, &Actor::Subject).await.unwrap();
            assert_eq!(progress.offset % 65_536, 0, "kept in whole chunks");
            assert!(progress.offset <= cut as u64 && progress.offset + 70_000 > cut as u64, "and all of them");
            at = usize::try_from(home.app.upload_at(person, begun.id).await.unwrap().offset).unwrap();
            assert_eq!(at as u64, progress.offset);
            let elsewhere = home.app.append(person, begun.id, cut as u64, body(b"x", true), &Actor::Subject).await;
            assert!(matches!(elsewhere, Err(Fault::Offset(stands)) if stands == at as u64));
        }
        let done =
            home.app.append(person, begun.id, at as u64, body(&sent[at..], true), &Actor::Subject).await.unwrap();
        assert!(done.receipt.is_some());
        assert!(matches!(home.app.upload_at(person, begun.id).await, Err(Fault::NotFound)), "it is a record now");
        assert!(scan(home.dir.path(), &[note.as_bytes()]).is_empty());

        let kept = whole(&home.app, person, "video", begun.id).await;
        assert_eq!(kept.len(), sent.len(), "every offset in it stays right");
        assert!(!kept.windows(note.len()).any(|w| w == note.as_bytes()), "no place, no device, no note");
        assert!(!kept.windows(4).any(|w| w == b"\xa9xyz" || w == b"XMP_" || w == b"udta" || w == b"uuid"));
        for time in [0x11_u8, 0x22, 0x33] {
            assert!(!kept[..4096].windows(8).any(|w| w == [time; 8]), "times of making are gone");
        }
        let pixels = media::video_head(size, &note, b"soun").len();
        assert!(kept[pixels..] == sent[pixels..], "the pixels are untouched");

        // Any range opens alone, over chunks and objects.
        let blob = blob(&home.app, person, "video", begun.id, Role::Whole).await.unwrap();
        assert_eq!(blob.media, "video/mp4");
        for (from, to) in [(0, 1), (65_535, 65_537), ((4 << 20) - 3, (4 << 20) + 3), (size - 5, size), (size, size + 9)]
        {
            let end = usize::try_from(to.min(size)).unwrap();
            assert_eq!(range(&blob, from, to).await, kept[usize::try_from(from).unwrap()..end], "{from} to {to}");
        }
    }
}

#[tokio::test]
async fn a_video_is_known_by_its_boxes_and_refused_where_it_cannot_be_cleaned() {
    let home = Home::new(Engine::Sqlite).await;
    let person = home.person(1).await.subject;
    let mut torn = media::video(100_000, "n", b"soun");
    torn[3] = 255;
    let mut endless = media::video(100_000, "n", b"soun");
    let at = endless.windows(4).position(|w| w == b"mdat").unwrap();
    endless[at + 4..at + 12].copy_from_slice(&u64::MAX.to_be_bytes());
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("a page", b"<html>this is no video at all, whatever it is called</html>".to_vec(), "not-a-video"),
        ("a track of positions", media::video(100_000, "n", b"meta"), "data-track"),
        ("a box longer than the file", torn, "broken-video"),
        ("a length beyond all", endless, "broken-video"),
        (
            "no picture in it",
            media::mp4_box(b"ftyp", b"isom\0\0\0\0isomavc1 and so on to be long enough"),
            "not-a-video",
        ),
    ];
    for (what, bytes, why) in cases {
        assert_eq!(code(put_up(&home.app, person, "video", &bytes).await.unwrap_err()), why, "{what}");
    }
    home.app.work().await.unwrap();
    assert!(objects(&home).is_empty(), "what was kept of them is gone");
}

#[tokio::test]
async fn promise_6_2_a_deleted_picture_is_unreadable_at_once_and_leaves_no_object() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let id = put_up(&home.app, person, "picture", &media::picture(700, 500, ImageFormat::Png)).await.unwrap();
        let opened = blob(&home.app, person, "picture", id, Role::Whole).await.unwrap();
        assert!(opened.read(0, 10).await.is_ok());
        assert_eq!(objects(&home).len(), 2, "the picture and a smaller one");
        home.app.delete_record(person, "picture", id).await.unwrap();
        assert!(opened.read(0, 10).await.is_err(), "what was opened before opens nothing any more");
        assert!(matches!(blob(&home.app, person, "picture", id, Role::Whole).await, Err(Fault::NotFound)));
        home.app.work().await.unwrap();
        assert!(objects(&home).is_empty());
        home.app.work().await.unwrap();
    }
}

#[tokio::test]
async fn promise_5_2_an_erased_persons_pictures_and_videos_are_gone() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let other = home.person(2).await.subject;
        put_up(&home.app, person, "picture", &media::picture(90, 60, ImageFormat::Png)).await.unwrap();
        put_up(&home.app, person, "video", &media::video(200_000, "n", b"soun")).await.unwrap();
        let begun = begin(&home.app, person, "video", 300_000).await.unwrap();
        let part = media::video(300_000, "n", b"soun");
        home.app.append(person, begun.id, 0, body(&part[..200_000], false), &Actor::Subject).await.unwrap();
        let theirs = put_up(&home.app, other, "picture", &media::picture(90, 60, ImageFormat::Png)).await.unwrap();
        let opened = blob(&home.app, other, "picture", theirs, Role::Whole).await.unwrap();
        assert_eq!(objects(&home).len(), 2 + 1 + 1 + 2);
        home.app.erase(person).await.unwrap();
        home.app.work().await.unwrap();
        assert_eq!(objects(&home).len(), 2, "the other's stay");
        assert!(opened.read(0, 10).await.is_ok());
    }
}

#[tokio::test]
async fn promise_5_5_a_tampered_object_does_not_open() {
    let home = Home::new(Engine::Sqlite).await;
    let person = home.person(1).await.subject;
    let id = put_up(&home.app, person, "video", &media::video(200_000, "n", b"soun")).await.unwrap();
    let path = objects(&home).pop().unwrap();
    let sealed = std::fs::read(&path).unwrap();
    assert_eq!(sealed.len(), 200_000 + 4 * 30);
    let opened = blob(&home.app, person, "video", id, Role::Whole).await.unwrap();
    for (what, bytes) in [
        ("a flipped byte", {
            let mut b = sealed.clone();
            b[70_000] ^= 1;
            b
        }),
        ("two chunks changed places", {
            let step = 65_536 + 30;
            [&sealed[step..2 * step], &sealed[..step], &sealed[2 * step..]].concat()
        }),
        ("cut off", sealed[..sealed.len() - 1].to_vec()),
        ("cut off at a chunk", sealed[..3 * (65_536 + 30)].to_vec()),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert!(opened.read(0, 200_000).await.is_err(), "{what}");
    }
    std::fs::write(&path, &sealed).unwrap();
    assert_eq!(range(&opened, 0, 200_000).await.len(), 200_000);
}

#[tokio::test]
async fn promise_5_1_what_is_never_finished_goes_and_so_does_what_a_crash_left() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let begun = begin(&home.app, person, "video", 300_000).await.unwrap();
        let part = media::video(300_000, "n", b"soun");
        home.app.append(person, begun.id, 0, body(&part[..200_000], false), &Actor::Subject).await.unwrap();
        // As a crash between object and row leaves it.
        let orphan = home.dir.path().join("objects/ab");
        std::fs::create_dir_all(&orphan).unwrap();
        std::fs::write(orphan.join("ab".repeat(15)), b"sealed").unwrap();
        home.app.sweep(false).await.unwrap();
        assert_eq!(objects(&home).len(), 2, "neither is past its time");
        home.clock.advance(jiff::SignedDuration::from_hours(25));
        assert!(matches!(home.app.upload_at(person, begun.id).await, Err(Fault::NotFound)));
        let sweep = home.app.sweep(false).await.unwrap();
        assert_eq!((sweep.uploads, sweep.objects), (1, 2));
        assert!(objects(&home).is_empty());
    }
}

#[tokio::test]
async fn sizes_amounts_and_other_paths_are_refused() {
    let home = Home::new(Engine::Sqlite).await;
    let person = home.person(1).await.subject;
    let app = &home.app;
    assert_eq!(code(begin(app, person, "picture", 0).await.unwrap_err()), "empty");
    assert_eq!(code(begin(app, person, "picture", 21 << 20).await.unwrap_err()), "too-large");
    assert_eq!(code(begin(app, person, "video", 5 << 30).await.unwrap_err()), "too-large");
    assert_eq!(code(begin(app, person, "comment", 5).await.unwrap_err()), "not-a-file");
    begin(app, person, "video", 4 << 30).await.unwrap();
    let second = begin(app, person, "video", 4 << 30).await.unwrap();
    assert_eq!(code(begin(app, person, "video", 4 << 30).await.unwrap_err()), "quota");
    app.give_up(person, second.id, &Actor::Subject).await.unwrap();
    for _ in 0..7 {
        begin(app, person, "picture", 10).await.unwrap();
    }
    assert_eq!(code(begin(app, person, "picture", 10).await.unwrap_err()), "too-many-uploads");
    // More than was announced is not taken.
    let other = home.person(2).await.subject;
    for item in ["picture", "video"] {
        let begun = begin(app, other, item, 10).await.unwrap();
        let done = app.append(other, begun.id, 0, body(&[0; 20], true), &Actor::Subject).await;
        assert_eq!(code(done.unwrap_err()), "longer");
    }
    // A picture cannot come in by the way of texts.
    let plaza = Actor::Service(home.service("plaza", &["content"]).await);
    let new = NewRecord {
        subject: person,
        purpose: "content".into(),
        item: "picture".into(),
        record: None,
        value: "data:".into(),
    };
    assert_eq!(code(app.put_record(new, &plaza).await.unwrap_err()), "upload");
    // An item that the purpose does not need is refused at the gate, with its leaf.
    let new = NewUpload { subject: person, purpose: "content".into(), item: "face".into(), size: 10 };
    assert!(matches!(app.begin_upload(new, &plaza).await, Err(Fault::Refused(_))));
}

/// Fails once, at a point, after letting it pass some times.
#[derive(Default)]
struct Once(Mutex<Option<(&'static str, u32)>>);

impl Faults for Once {
    fn strike(&self, point: &'static str) -> bool {
        let mut armed = self.0.lock().unwrap();
        match &mut *armed {
            Some((at, 0)) if *at == point => {
                *armed = None;
                true
            }
            Some((at, pass)) if *at == point => {
                *pass -= 1;
                false
            }
            _ => false,
        }
    }
}

/// Sends as a patient client does: asks where it stands, goes on, until the record is there.
async fn patiently(app: &App, person: SubjectId, item: &str, bytes: &[u8]) -> RecordId {
    let begun = loop {
        if let Ok(begun) = begin(app, person, item, bytes.len() as u64).await {
            break begun.id;
        }
    };
    for _ in 0..9 {
        let at = match app.upload_at(person, begun).await {
            Ok(progress) => usize::try_from(progress.offset).unwrap(),
            Err(Fault::NotFound) => return begun,
            Err(other) => panic!("{other}"),
        };
        let done = app.append(person, begun, at as u64, body(&bytes[at..], true), &Actor::Subject).await;
        if done.is_ok_and(|p| p.receipt.is_some()) {
            return begun;
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn a_fault_at_any_write_of_an_upload_loses_and_doubles_nothing() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let once = Arc::new(Once::default());
        let app = home.node("b", Some(once.clone())).await;
        let film = media::video((5 << 20) + 77, "n", b"soun");
        let picture = media::picture(60, 40, ImageFormat::Png);
        let mut n = 0;
        for (item, bytes) in [("video", &film), ("picture", &picture)] {
            for point in ["before commit", "after commit"] {
                let mut struck = 0;
                loop {
                    n += 1;
                    let person = home.person(n).await.subject;
                    *once.0.lock().unwrap() = Some((point, struck));
                    let id = patiently(&app, person, item, bytes).await;
                    let fired = once.0.lock().unwrap().take().is_none();
                    let held = app.holdings(person).await.unwrap();
                    let policy = app.policy();
                    let there: Vec<_> = held.iter().filter(|h| policy.item_name(h.item) == item).collect();
                    assert_eq!(there.len(), 1, "{item} {point} {struck}");
                    assert_eq!(there[0].id, id);
                    let kept = whole(&app, person, item, id).await;
                    assert!(item == "picture" || kept.len() == film.len());
                    if !fired {
                        break;
                    }
                    struck += 1;
                }
                assert!(struck >= 2, "{item}: the beginning and the end were struck at least");
            }
        }
        // What lost attempts left behind goes a day after it was noticed, and nothing else does.
        let before = objects(&home).len();
        app.sweep(false).await.unwrap();
        home.clock.advance(jiff::SignedDuration::from_hours(25));
        app.sweep(false).await.unwrap();
        assert!(objects(&home).len() < before);
        for subject in 1..=n {
            let person = home.session(subject).await.subject();
            for record in app.holdings(person).await.unwrap() {
                let item = app.policy().item_name(record.item).to_owned();
                if item == "video" || item == "picture" {
                    assert!(!whole(&app, person, &item, record.id).await.is_empty());
                }
            }
        }
    }
}

async fn comment(home: &Home, subject: SubjectId, text: &str, service: &Actor) -> RecordId {
    let new = NewRecord { subject, purpose: "content".into(), item: "text".into(), record: None, value: text.into() };
    home.app.put_record(new, service).await.unwrap().0
}

#[tokio::test]
async fn promise_4_4_nothing_is_published_without_its_own_consent_and_all_goes_with_it() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let credential = home.service("plaza", &["content", "publication"]).await;
        let plaza = Actor::Service(credential.clone());
        let mut records = Vec::new();
        for n in 0..5 {
            records.push(comment(&home, person, &format!("post {n}"), &plaza).await);
        }
        let picture = put_up(&home.app, person, "picture", &media::picture(90, 60, ImageFormat::Png)).await.unwrap();
        let refused = home.app.publish(person, "text", records[0], &plaza).await;
        assert!(matches!(refused, Err(Fault::Refused(_))), "no consent, no publication");
        home.consent(person, "publication", true).await;
        for id in &records {
            home.app.publish(person, "text", *id, &plaza).await.unwrap();
            home.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        home.app.publish(person, "picture", picture, &Actor::Subject).await.unwrap();

        // What is kept to oneself is not opened by a consent to publication.
        let private = comment(&home, person, "kept to myself", &plaza).await;
        let wanted = Wanted { act: Act::Use, purpose: "publication", items: &["text"], recipient: None };
        let used = home.app.use_records(person, &wanted, &plaza, &Which::all()).await.unwrap();
        assert_eq!(used.records.len(), 5);
        let which = Which::One(home.app.policy().item("text").unwrap(), private);
        assert!(matches!(home.app.use_records(person, &wanted, &plaza, &which).await, Err(Fault::NotFound)));

        // Newest first, page by page, each with its author.
        let (mut from, mut seen) = (None, Vec::new());
        loop {
            let page = home.app.feed(&credential, from, 2).await.unwrap();
            for entry in &page.entries {
                assert!(entry.used.records.iter().any(|r| r.value.expose(Sink::Service, |v| v == b"Person 1")));
                seen.push(entry.published.record);
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        let mut wanted: Vec<RecordId> = records.iter().rev().copied().collect();
        wanted.insert(0, picture);
        assert_eq!(seen, wanted);

        // Deleted or taken back: in no list, the picture with its smaller one.
        home.app.delete_record(person, "picture", picture).await.unwrap();
        home.app.unpublish(person, "text", records[4], &Actor::Subject).await.unwrap();
        let page = home.app.feed(&credential, None, 50).await.unwrap();
        assert_eq!(page.entries.iter().map(|e| e.published.record).collect::<Vec<_>>(), wanted[2..]);
        home.consent(person, "publication", false).await;
        assert!(home.app.feed(&credential, None, 50).await.unwrap().entries.is_empty());
        home.consent(person, "publication", true).await;
        assert!(home.app.feed(&credential, None, 50).await.unwrap().entries.is_empty(), "nothing comes back by itself");
        assert_eq!(home.app.see(person, "text").await.unwrap().len(), 6, "taken back is not deleted");
    }
}

#[tokio::test]
async fn promise_6_2_a_thread_outlives_a_deleted_post_without_its_author() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (author, reader) = (home.person(1).await.subject, home.person(2).await.subject);
        let credential = home.service("plaza", &["content", "publication"]).await;
        let plaza = Actor::Service(credential.clone());
        let post = comment(&home, author, "A post to be deleted.", &plaza).await;
        home.consent(author, "publication", true).await;
        let (root, _) = home.app.publish(author, "text", post, &plaza).await.unwrap();
        let held = |subject| home.app.holdings(subject);
        let before = held(reader).await.unwrap().len();
        assert!(matches!(home.app.comment(reader, root, "No.", &plaza).await, Err(Fault::Refused(_))));
        assert_eq!(
            held(reader).await.unwrap().len(),
            before,
            "nothing is collected for a comment that may not be shown"
        );
        home.consent(reader, "publication", true).await;
        let (first, first_record, _) = home.app.comment(reader, root, "First.", &plaza).await.unwrap();
        home.clock.advance(jiff::SignedDuration::from_secs(1));
        let (answer, _, _) = home.app.comment(author, first, "An answer.", &plaza).await.unwrap();
        home.clock.advance(jiff::SignedDuration::from_secs(1));
        let (last, _, _) = home.app.comment(reader, answer, "Last.", &plaza).await.unwrap();

        home.app.delete_record(author, "text", post).await.unwrap();
        home.app.delete_record(reader, "comment", first_record).await.unwrap();
        assert!(matches!(home.app.published(&credential, root).await, Err(Fault::NotFound)));
        assert!(matches!(home.app.published(&credential, first).await, Err(Fault::NotFound)));
        let thread = home.app.thread(&credential, root, None, 50).await.unwrap();
        let shape: Vec<_> = thread.entries.iter().map(|e| (e.published.id, e.published.parent)).collect();
        assert_eq!(shape, [(answer, Some(first)), (last, Some(answer))]);
        // A comment on what is gone is not taken.
        assert!(matches!(home.app.comment(reader, root, "Late.", &plaza).await, Err(Fault::NotFound)));
        // The author leaves: their answer goes, the reader's stays under a name that leads nowhere.
        home.app.erase(author).await.unwrap();
        let thread = home.app.thread(&credential, root, None, 50).await.unwrap();
        assert_eq!(thread.entries.iter().map(|e| e.published.id).collect::<Vec<_>>(), [last]);
    }
}

#[tokio::test]
async fn promise_6_5_the_copy_holds_the_pictures_and_videos() {
    let home = Home::new(Engine::Sqlite).await;
    let person = home.person(1).await.subject;
    let picture = put_up(&home.app, person, "picture", &media::picture(700, 500, ImageFormat::Png)).await.unwrap();
    let video = put_up(&home.app, person, "video", &media::video(5 << 20, "n", b"soun")).await.unwrap();
    let zip = home.app.export(person, "en").await.unwrap().zip().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut read = |name: &str| {
        let mut out = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(name).unwrap(), &mut out).unwrap();
        out
    };
    let names = [format!("content/picture-{picture}.png"), format!("content/video-{video}.mp4")];
    assert_eq!(read(&names[0]), whole(&home.app, person, "picture", picture).await);
    assert_eq!(read(&names[1]), whole(&home.app, person, "video", video).await);
    let manifest: serde_json::Value = serde_json::from_slice(&read("manifest.json")).unwrap();
    let hash = data_encoding::HEXLOWER.encode(&avouch_ledger::hash::sha256(&read(&names[1])));
    assert!(manifest["files"].as_array().unwrap().iter().any(|f| f["name"] == names[1] && f["sha256"] == hash));
    let data: serde_json::Value = serde_json::from_slice(&read("data.json")).unwrap();
    assert!(data["records"].as_array().unwrap().iter().any(|r| r["file"] == names[0]));
}
