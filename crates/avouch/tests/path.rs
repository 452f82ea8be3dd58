//! The whole path on both engines: join, put, use, withdraw, correct, export, delete, cancel, erase, verify.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::store::{Actor, Sink, SubjectId, Which};
use avouch_policy::{Act, Code};
use avouch_testkit::Home;

avouch_testkit::on_both_engines!(
    promise_1_1_joining_keeps_what_the_purpose_names,
    promise_1_1_joining_refuses_what_it_does_not_need,
    promise_2_0_a_service_uses_only_its_purposes,
    promise_2_0_unknown_names_are_refused_and_recorded,
    promise_2_5_nothing_is_used_after_a_withdrawal,
    promise_2_1_wrong_logins_look_alike_and_slow_down,
    promise_5_1_what_is_past_its_end_is_unreadable_then_gone,
    promise_5_2_cancelled_account_is_unreadable,
    promise_6_1_a_person_sees_and_corrects,
    promise_6_2_a_deleted_comment_is_gone,
    promise_6_3_cooling_off_stops_all_use_and_can_be_ended,
    promise_6_5_the_export_holds_everything_and_no_secret,
    the_ledger_verifies_and_a_receipt_proves,
);

async fn plain(app: &avouch::App, subject: SubjectId, item: &str) -> Vec<String> {
    app.see(subject, item)
        .await
        .unwrap()
        .iter()
        .map(|r| r.value.expose(Sink::Subject, |v| String::from_utf8(v.clone()).unwrap()))
        .collect()
}

fn refused_with(fault: &Fault, code: Code) -> bool {
    matches!(fault, Fault::Refused(d) if d.refusal.reasons.iter().any(|r| r.code == code))
}

async fn use_email(home: &Home, subject: SubjectId, actor: &Actor, purpose: &str) -> Result<usize, Fault> {
    let wanted = Wanted { act: Act::Use, purpose, items: &["email"], recipient: None };
    home.app.use_records(subject, &wanted, actor, &Which::all()).await.map(|used| used.records.len())
}

async fn promise_1_1_joining_keeps_what_the_purpose_names(home: Home) {
    let joined = home.person(1).await;
    assert_eq!(plain(&home.app, joined.subject, "user_name").await, ["person1"]);
    assert_eq!(plain(&home.app, joined.subject, "email").await, ["person1@plaza.example"]);
    let again = home.try_person(1, &[]).await;
    assert!(matches!(again, Err(Fault::Taken(_))), "a name is one person's");
    assert_eq!(home.app.store.people().await.unwrap(), 1, "a failed joining leaves no key");
}

async fn promise_1_1_joining_refuses_what_it_does_not_need(home: Home) {
    for (values, code) in [
        (vec![("email", "")], "contact-required"),
        (vec![("real_name", "Li Demo")], "not-asked"),
        (vec![("password", "short")], "password-too-short"),
        (vec![("password", "person9 person9 person9")], "password-common"),
        (vec![("email", "nowhere")], "not-an-email"),
        (vec![("user_name", "")], "required"),
    ] {
        match home.try_person(9, &values).await {
            Err(Fault::Invalid(faults)) => {
                assert!(faults.iter().any(|f| f.code == code), "{values:?}: {faults:?}");
            }
            other => panic!("{values:?} was not refused: {}", other.is_ok()),
        }
    }
    assert_eq!(home.app.store.people().await.unwrap(), 0);
}

async fn promise_2_0_a_service_uses_only_its_purposes(home: Home) {
    let joined = home.person(1).await;
    let support = Actor::Service(home.service("desk", &["support"]).await);
    assert_eq!(use_email(&home, joined.subject, &support, "support").await.unwrap(), 1);
    let other = use_email(&home, joined.subject, &support, "marketing").await.unwrap_err();
    assert!(refused_with(&other, Code::ServiceNotBound));
    assert!(refused_with(&other, Code::NoConsent), "every reason is told");
    let wanted = Wanted { act: Act::Use, purpose: "support", items: &["id_number"], recipient: None };
    let item = home.app.use_records(joined.subject, &wanted, &support, &Which::all()).await.unwrap_err();
    assert!(refused_with(&item, Code::ItemNotInPurpose));
}

async fn promise_2_0_unknown_names_are_refused_and_recorded(home: Home) {
    let joined = home.person(1).await;
    let desk = Actor::Service(home.service("desk", &["support"]).await);
    let before = home.app.store.counts().await.unwrap()["leaves"];
    let fault = use_email(&home, joined.subject, &desk, "fortune_telling").await.unwrap_err();
    assert!(refused_with(&fault, Code::UnknownPurpose));
    assert_eq!(home.app.store.counts().await.unwrap()["leaves"], before + 1);
}

async fn promise_2_5_nothing_is_used_after_a_withdrawal(home: Home) {
    let joined = home.person(1).await;
    let mail = Actor::Service(home.service("mail", &["marketing"]).await);
    let before = use_email(&home, joined.subject, &mail, "marketing").await.unwrap_err();
    assert!(refused_with(&before, Code::NoConsent));
    home.consent(joined.subject, "marketing", true).await;
    assert_eq!(use_email(&home, joined.subject, &mail, "marketing").await.unwrap(), 1);
    home.consent(joined.subject, "marketing", false).await;
    let after = use_email(&home, joined.subject, &mail, "marketing").await.unwrap_err();
    assert!(refused_with(&after, Code::NoConsent), "the very next use is refused");
    let history = home.app.consent_history(joined.subject).await.unwrap();
    assert_eq!(history.iter().map(|e| e.given).collect::<Vec<_>>(), [false, true]);
    // Asking again for the whole crowd finds nobody either.
    let credential = home.service("mail2", &["marketing"]).await;
    let page = home.app.bulk(&credential, "marketing", &["email"], None, 100).await.unwrap();
    assert_eq!((page.used.len(), page.refused), (0, 1));
}

async fn promise_2_1_wrong_logins_look_alike_and_slow_down(home: Home) {
    home.person(1).await;
    let nobody = home.app.log_in("nobody", "lantern orbit velvet cactus", Default::default()).await.err().unwrap();
    let wrong = home.app.log_in("person1", "lantern orbit velvet carrot", Default::default()).await.err().unwrap();
    assert_eq!(nobody.to_string(), wrong.to_string());
    for _ in 0..9 {
        let _wrong = home.app.log_in("person1", "wrong wrong wrong wrong", Default::default()).await;
    }
    let many = home.app.log_in("person1", avouch_testkit::home::PASSWORD, Default::default()).await.err().unwrap();
    assert!(matches!(many, Fault::TooMany(_)));
    home.clock.advance(jiff::SignedDuration::from_mins(16));
    home.session(1).await;
}

async fn promise_5_1_what_is_past_its_end_is_unreadable_then_gone(home: Home) {
    let joined = home.person(1).await;
    assert_eq!(plain(&home.app, joined.subject, "network_log").await.len(), 1);
    home.clock.days(200);
    assert!(plain(&home.app, joined.subject, "network_log").await.is_empty(), "unreadable at once");
    let dry = home.app.sweep(true).await.unwrap();
    assert_eq!(dry.records.get("security/network_log"), Some(&1));
    let swept = home.app.sweep(false).await.unwrap();
    assert_eq!(swept.records, dry.records);
    assert!(home.app.sweep(true).await.unwrap().records.is_empty(), "nothing overdue is left");
}

async fn promise_5_2_cancelled_account_is_unreadable(home: Home) {
    let joined = home.person(1).await;
    let other = home.person(2).await;
    let session = home.session(1).await;
    let desk = Actor::Service(home.service("desk", &["support"]).await);
    home.app.cancel(&session, false).await.unwrap();
    home.clock.days(8);
    assert_eq!(home.app.work().await.unwrap(), 1, "the erasure is due");
    let gone = use_email(&home, joined.subject, &desk, "support").await.unwrap_err();
    assert!(matches!(gone, Fault::NotFound));
    assert!(home.app.holdings(joined.subject).await.unwrap().is_empty());
    let login = home.app.log_in("person1", avouch_testkit::home::PASSWORD, Default::default()).await;
    assert!(matches!(login.err().unwrap(), Fault::WrongLogin));
    let counts = home.app.store.counts().await.unwrap();
    assert_eq!(counts["held"], 2, "the network logs of joining and logging in are kept by law");
    assert_eq!(use_email(&home, other.subject, &desk, "support").await.unwrap(), 1, "nobody else is touched");
    // Again, as after a crash: the same end.
    home.app.erase(joined.subject).await.unwrap();
    assert_eq!(home.app.resume_erasures().await.unwrap(), 0);
    home.clock.days(200);
    home.app.sweep(false).await.unwrap();
    assert_eq!(home.app.store.counts().await.unwrap()["held"], 0, "what law keeps goes at its end");
    home.try_person(1, &[]).await.unwrap();
}

async fn promise_6_1_a_person_sees_and_corrects(home: Home) {
    let joined = home.person(1).await;
    home.person(2).await;
    let session = home.session(1).await;
    home.app.correct(&session, "nickname", None, "New Name").await.unwrap();
    assert_eq!(plain(&home.app, joined.subject, "nickname").await, ["New Name"]);
    home.app.correct(&session, "email", None, "new@plaza.example").await.unwrap();
    let token = home.app.log_in("new@plaza.example", avouch_testkit::home::PASSWORD, Default::default()).await;
    assert_eq!(token.unwrap().subject, joined.subject);
    let taken = home.app.correct(&session, "email", None, "person2@plaza.example").await.unwrap_err();
    assert!(matches!(taken, Fault::Taken(_)));
    assert_eq!(plain(&home.app, joined.subject, "email").await, ["new@plaza.example"]);
    home.clock.advance(jiff::SignedDuration::from_mins(11));
    let stale = home.app.session(&session.token.to_cookie()).await.unwrap().unwrap();
    let unproven = home.app.correct(&stale, "email", None, "third@plaza.example").await.unwrap_err();
    assert!(matches!(unproven, Fault::NeedsProof));
    let uses = home.app.uses(joined.subject, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(uses.iter().any(|u| u.item == "nickname" && u.purpose == "rights"), "their own look is told too");
}

async fn promise_6_2_a_deleted_comment_is_gone(home: Home) {
    let joined = home.person(1).await;
    let plaza = Actor::Service(home.service("plaza", &["content"]).await);
    let new = |value: &str| NewRecord {
        subject: joined.subject,
        purpose: "content".into(),
        item: "comment".into(),
        record: None,
        value: value.into(),
    };
    let (first, _) = home.app.put_record(new("first"), &plaza).await.unwrap();
    home.app.put_record(new("second"), &plaza).await.unwrap();
    home.app.delete_record(joined.subject, "comment", first).await.unwrap();
    assert_eq!(plain(&home.app, joined.subject, "comment").await, ["second"]);
    let again = home.app.delete_record(joined.subject, "comment", first).await.unwrap_err();
    assert!(matches!(again, Fault::NotFound));
    let account = home.app.delete_record(joined.subject, "user_name", avouch::store::RecordId::ONLY).await;
    assert!(matches!(account, Err(Fault::NotFound)), "an account's own items go with the account");
}

async fn promise_6_3_cooling_off_stops_all_use_and_can_be_ended(home: Home) {
    let joined = home.person(1).await;
    let session = home.session(1).await;
    let desk = Actor::Service(home.service("desk", &["support"]).await);
    home.app.cancel(&session, false).await.unwrap();
    let stopped = use_email(&home, joined.subject, &desk, "support").await.unwrap_err();
    assert!(refused_with(&stopped, Code::Cancelling));
    let back = home.session(1).await;
    assert!(home.app.account(joined.subject).await.unwrap().cancel_due.is_some(), "logging in undoes nothing");
    home.app.keep_account(&back).await.unwrap();
    assert_eq!(use_email(&home, joined.subject, &desk, "support").await.unwrap(), 1);
    home.clock.days(8);
    assert_eq!(home.app.work().await.unwrap(), 0, "no erasure is left behind");
    let fresh = home.session(1).await;
    home.app.cancel(&fresh, true).await.unwrap();
    assert!(matches!(home.app.account(joined.subject).await, Err(Fault::NotFound)), "erase now is now");
}

async fn promise_6_5_the_export_holds_everything_and_no_secret(home: Home) {
    let joined = home.person(1).await;
    home.person(2).await;
    home.consent(joined.subject, "marketing", true).await;
    let export = home.app.export(joined.subject, "en").await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(export.zip().await.unwrap())).unwrap();
    let mut read = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    let data = read("data.json");
    for there in ["person1@plaza.example", "Person 1", "192.0.2.7", "marketing"] {
        assert!(data.contains(there), "{there} is missing");
    }
    for never in ["argon2", "person2"] {
        assert!(!data.contains(never), "{never} must not be in an export");
    }
    assert!(read("index.html").contains("person1@plaza.example"));
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).unwrap();
    let sum = data_encoding::HEXLOWER.encode(&avouch_ledger::hash::sha256(data.as_bytes()));
    let told = manifest["files"].as_array().unwrap().iter().find(|f| f["name"] == "data.json").unwrap();
    assert_eq!(told["sha256"], sum);
}

async fn the_ledger_verifies_and_a_receipt_proves(home: Home) {
    let joined = home.person(1).await;
    for n in 0..300 {
        let given = n % 2 == 0;
        home.consent(joined.subject, "analytics", given).await;
    }
    let ledger = home.ledger();
    let head = ledger.heads().await.unwrap().pop().unwrap();
    assert!(head.size > 300);
    let report = ledger.verify(&head.log).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert_eq!(report.leaves, head.size);
    let proof = home.app.prove_own(joined.subject, &joined.receipt).await.unwrap();
    let verifier: avouch_ledger::note::Verifier = proof.verifier.parse().unwrap();
    let text = verifier.open(&proof.checkpoint).unwrap();
    let checkpoint = avouch_ledger::note::Checkpoint::from_text(text).unwrap();
    let entry = data_encoding::BASE64.decode(proof.entry.as_bytes()).unwrap();
    let path: Vec<[u8; 32]> = proof
        .inclusion
        .iter()
        .map(|h| data_encoding::BASE64.decode(h.as_bytes()).unwrap().try_into().unwrap())
        .collect();
    let leaf = avouch_ledger::hash::leaf_hash(&entry);
    assert!(avouch_ledger::proof::verify_inclusion(checkpoint.size, proof.index, leaf, &path, &checkpoint.root));
    let stranger = home.person(2).await;
    assert!(matches!(home.app.prove_own(stranger.subject, &joined.receipt).await, Err(Fault::NotFound)));
}
