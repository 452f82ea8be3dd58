//! Passkeys on both engines: made, shown, refused, removed. An authenticator in software answers, rightly and wrongly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::Fault;
use avouch::security::passkey::{Made, answer};
use avouch::security::session::{Device, Session};
use avouch::store::{SessionToken, SubjectId};
use avouch_testkit::home::PASSWORD;
use avouch_testkit::{Algorithm, Authenticator, Engine, Home, Outbox};
use jiff::SignedDuration;

macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::site(super::Engine::Sqlite).await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::site(super::Engine::Postgres).await).await; })*
        }
    };
}

on_both_engines!(
    promise_2_1_a_passkey_is_made_in_a_proven_session_and_is_both_factors,
    promise_2_1_an_answer_that_is_not_right_in_everything_lets_nobody_in,
    promise_2_1_a_challenge_is_taken_once_in_time_from_its_own_browser,
    promise_2_1_a_copied_passkey_is_refused_and_its_person_told_once,
    promise_2_1_a_passkey_shows_who_is_there_in_place_of_the_password,
    promise_2_1_the_last_way_in_stays,
    promise_2_1_a_second_factor_guards_the_passkeys,
    promise_6_5_an_export_tells_of_passkeys_and_holds_no_key,
    promise_5_2_an_erased_persons_passkey_is_nobodys,
);

const ORIGIN: &str = "https://privacy.plaza.example";
const HOST: &str = "privacy.plaza.example";
const BROWSER: &str = "what the browser's forms carry";

async fn site(engine: Engine) -> Home {
    let mut home = Home::new(engine).await;
    home.app = home.app.clone().at(ORIGIN.parse().unwrap());
    home
}

fn here() -> Device {
    Device { agent: "Test Browser".into(), address: "192.0.2.7".into() }
}

fn authenticator() -> Authenticator {
    Authenticator::new(ORIGIN, HOST, Algorithm::Es256)
}

/// Makes a passkey with an authenticator.
async fn make(home: &Home, session: &Session, with: &mut Authenticator) -> Result<(), Fault> {
    let one = home.app.start_passkey(session).await?;
    let made = Made::parse(&with.made(&one.flow.to_text(), &one.user)).unwrap();
    home.app.add_passkey(session, &made, " My phone ", "", "en").await
}

async fn log_in(home: &Home, with: &mut Authenticator) -> Result<SessionToken, Fault> {
    let flow = home.app.start_passkey_login(BROWSER, "192.0.2.7").await?;
    let answer = answer(&with.shown(&flow.to_text())).unwrap();
    home.app.log_in_with_passkey(BROWSER, answer, here(), "en").await
}

async fn session(home: &Home, token: &SessionToken) -> Session {
    home.app.session(&token.to_cookie()).await.unwrap().unwrap()
}

async fn told(home: &Home, outbox: &Outbox) -> Vec<String> {
    home.app.work().await.unwrap();
    outbox.take().into_iter().map(|m| m.kind).collect()
}

async fn acts(home: &Home, subject: SubjectId) -> Vec<String> {
    let leaves = home.app.own_leaves(subject, jiff::Timestamp::UNIX_EPOCH, 1000).await.unwrap();
    leaves.into_iter().map(|l| l.leaf.act).collect()
}

async fn promise_2_1_a_passkey_is_made_in_a_proven_session_and_is_both_factors(mut home: Home) {
    let outbox = home.with_outbox();
    home.person(1).await;
    let (mine, other) = (home.session(1).await, home.session(1).await);
    let subject = mine.subject();
    let mut stale = mine.clone();
    stale.proven = false;
    assert!(matches!(home.app.start_passkey(&stale).await, Err(Fault::NeedsProof)));
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519, Algorithm::Rs256] {
        let mut with = Authenticator::new(ORIGIN, HOST, algorithm);
        make(&home, &mine, &mut with).await.unwrap();
        let entered = session(&home, &log_in(&home, &mut with).await.unwrap()).await;
        assert_eq!((entered.subject(), entered.proven), (subject, true), "{algorithm:?}");
    }
    assert!(home.app.session(&other.token.to_cookie()).await.unwrap().is_none(), "other sessions end");
    assert_eq!(told(&home, &outbox).await, ["passkey-made"; 3]);
    let held = home.app.passkeys(subject).await.unwrap();
    assert_eq!(held.len(), 3);
    assert!(held.iter().all(|h| h.passkey.name == "My phone" && h.passkey.used.is_some()));
    let acts = acts(&home, subject).await;
    assert_eq!(acts.iter().filter(|a| *a == "passkey-made").count(), 3);
    // Neither id nor key stands anywhere in clear, and no name.
    if let avouch_store::Location::Sqlite(path) = home.places().0 {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(8).any(|w| w == b"My phone"));
    }
    // A name must be one; the challenge is another then.
    for name in ["", "  ", "a\nb", &"x".repeat(61)] {
        let one = home.app.start_passkey(&mine).await.unwrap();
        let made = Made::parse(&authenticator().made(&one.flow.to_text(), &one.user)).unwrap();
        assert!(matches!(home.app.add_passkey(&mine, &made, name, "", "en").await, Err(Fault::Invalid(_))));
    }
}

async fn promise_2_1_an_answer_that_is_not_right_in_everything_lets_nobody_in(home: Home) {
    home.person(1).await;
    home.person(2).await;
    let mine = home.session(1).await;
    let mut with = authenticator();
    // Making: every part counts.
    let wrong: [fn(&mut Authenticator); 5] = [
        |a| a.origin = "https://plaza.example.evil.example".into(),
        |a| a.rp = "evil.example".into(),
        |a| a.flags = 0x01,
        |a| a.flags = 0x04,
        |a| a.more = r#","crossOrigin":true"#.into(),
    ];
    for change in wrong {
        let mut bad = authenticator();
        change(&mut bad);
        assert!(matches!(make(&home, &mine, &mut bad).await, Err(Fault::WrongPasskey)));
    }
    make(&home, &mine, &mut with).await.unwrap();
    assert!(matches!(make(&home, &mine, &mut with).await, Err(Fault::WrongPasskey)), "one passkey is one person's");
    let thief = home.session(2).await;
    assert!(matches!(make(&home, &thief, &mut with.copy()).await, Err(Fault::WrongPasskey)), "and nobody else's");
    log_in(&home, &mut with).await.unwrap();
    // Showing: every part counts.
    for change in wrong {
        let mut bad = with.copy();
        change(&mut bad);
        assert!(matches!(log_in(&home, &mut bad).await, Err(Fault::WrongPasskey)));
    }
    let mut other = with.copy();
    other.user = vec![7; 32];
    assert!(matches!(log_in(&home, &mut other).await, Err(Fault::WrongPasskey)), "somebody else's handle");
    let mut nobody = authenticator();
    assert!(matches!(log_in(&home, &mut nobody).await, Err(Fault::WrongPasskey)), "a key nobody has here");
    nobody.id = with.id.clone();
    nobody.user = with.user.clone();
    assert!(matches!(log_in(&home, &mut nobody).await, Err(Fault::WrongPasskey)), "another key under that id");
    log_in(&home, &mut with).await.unwrap();
}

async fn promise_2_1_a_challenge_is_taken_once_in_time_from_its_own_browser(home: Home) {
    home.person(1).await;
    let mine = home.session(1).await;
    let mut with = authenticator();
    make(&home, &mine, &mut with).await.unwrap();
    let start = async || home.app.start_passkey_login(BROWSER, "192.0.2.7").await.unwrap().to_text();
    let enter = async |json: &str, browser: &str| {
        home.app.log_in_with_passkey(browser, answer(json).unwrap(), here(), "en").await.map(|_| ())
    };
    let json = with.shown(&start().await);
    assert!(matches!(enter(&json, "another browser").await, Err(Fault::WrongPasskey)));
    assert!(matches!(enter(&json, BROWSER).await, Err(Fault::WrongPasskey)), "it was taken all the same");
    let json = with.shown(&start().await);
    enter(&json, BROWSER).await.unwrap();
    assert!(matches!(enter(&json, BROWSER).await, Err(Fault::WrongPasskey)), "once");
    let json = with.shown(&start().await);
    home.clock.advance(SignedDuration::from_mins(10));
    assert!(matches!(enter(&json, BROWSER).await, Err(Fault::WrongPasskey)), "in time");
    // One that was given for something else is no challenge here, and none was never given.
    let proof = home.app.start_passkey_proof(&mine).await.unwrap().to_text();
    assert!(matches!(enter(&with.shown(&proof), BROWSER).await, Err(Fault::WrongPasskey)));
    let made_up = data_encoding::BASE64URL_NOPAD.encode(&[9; 32]);
    assert!(matches!(enter(&with.shown(&made_up), BROWSER).await, Err(Fault::WrongPasskey)));
    // What is no answer at all is none.
    for json in ["", "{}", "[]", r#"{"flow":"AA","id":"","client":"","data":"","signature":""}"#, "\u{0}"] {
        assert!(answer(json).is_none() && Made::parse(json).is_none(), "{json}");
    }
    // Challenges are limited by place.
    for _ in 0..100 {
        let _some = home.app.start_passkey_login(BROWSER, "198.51.100.9").await;
    }
    assert!(matches!(home.app.start_passkey_login(BROWSER, "198.51.100.7").await, Err(Fault::TooMany(_))));
    start().await;
}

async fn promise_2_1_a_copied_passkey_is_refused_and_its_person_told_once(mut home: Home) {
    let outbox = home.with_outbox();
    home.person(1).await;
    let mine = home.session(1).await;
    let mut with = authenticator();
    make(&home, &mine, &mut with).await.unwrap();
    let mut copy = with.copy();
    log_in(&home, &mut with).await.unwrap();
    log_in(&home, &mut with).await.unwrap();
    told(&home, &outbox).await;
    assert!(matches!(log_in(&home, &mut copy).await, Err(Fault::CopiedPasskey)));
    assert!(matches!(log_in(&home, &mut copy).await, Err(Fault::CopiedPasskey)), "the count of a copy does not go in");
    assert_eq!(told(&home, &outbox).await, ["passkey-copied"], "told, and not over and over");
    assert!(acts(&home, mine.subject()).await.iter().any(|a| a == "passkey"), "the refusal is a leaf");
    // An authenticator that counts nothing is one of many.
    let mut still = authenticator();
    (still.counter, still.counts) = (0, false);
    make(&home, &mine, &mut still).await.unwrap();
    for _ in 0..2 {
        log_in(&home, &mut still).await.unwrap();
    }
}

async fn promise_2_1_a_passkey_shows_who_is_there_in_place_of_the_password(home: Home) {
    home.person(1).await;
    home.person(2).await;
    let mine = home.session(1).await;
    let mut with = authenticator();
    make(&home, &mine, &mut with).await.unwrap();
    home.clock.advance(SignedDuration::from_mins(11));
    let stale = session(&home, &mine.token).await;
    assert!(!stale.proven);
    let flow = home.app.start_passkey_proof(&stale).await.unwrap().to_text();
    home.app.show_passkey(&stale, answer(&with.shown(&flow)).unwrap(), "en").await.unwrap();
    assert!(session(&home, &mine.token).await.proven);
    // Somebody else's passkey shows nothing in my session, nor mine in theirs.
    let theirs = home.session(2).await;
    let flow = home.app.start_passkey_proof(&theirs).await.unwrap().to_text();
    let shown = home.app.show_passkey(&theirs, answer(&with.shown(&flow)).unwrap(), "en").await;
    assert!(matches!(shown, Err(Fault::WrongPasskey)));
    let flow = home.app.start_passkey_proof(&stale).await.unwrap().to_text();
    let shown = home.app.show_passkey(&theirs, answer(&with.shown(&flow)).unwrap(), "en").await;
    assert!(matches!(shown, Err(Fault::WrongPasskey)));
}

async fn promise_2_1_the_last_way_in_stays(mut home: Home) {
    let outbox = home.with_outbox();
    home.person(1).await;
    let mine = home.session(1).await;
    let (mut first, mut second) = (authenticator(), authenticator());
    make(&home, &mine, &mut first).await.unwrap();
    home.clock.advance(SignedDuration::from_mins(1));
    make(&home, &mine, &mut second).await.unwrap();
    let held = home.app.passkeys(mine.subject()).await.unwrap();
    // Without a password and without a verified contact, one passkey must stay.
    home.app.store.transact(Forget(mine.subject())).await.unwrap();
    told(&home, &outbox).await;
    home.app.remove_passkey(&mine, held[0].record, "", "en").await.unwrap();
    assert_eq!(told(&home, &outbox).await, ["passkey-removed"]);
    assert!(matches!(log_in(&home, &mut first).await, Err(Fault::WrongPasskey)), "removed is removed");
    let gone = home.app.remove_passkey(&mine, held[0].record, "", "en").await;
    assert!(matches!(gone, Err(Fault::NotFound)));
    assert!(matches!(home.app.remove_passkey(&mine, held[1].record, "", "en").await, Err(Fault::LastWayIn)));
    log_in(&home, &mut second).await.unwrap();
    // A verified contact is a way in.
    home.app
        .start_verifying(&mine, "email", avouch::security::code::From { address: "", language: "en" })
        .await
        .unwrap();
    home.app.work().await.unwrap();
    let code = outbox.take().into_iter().find_map(|m| m.code).unwrap();
    home.app.verify(&mine, "email", &code).await.unwrap();
    let mut stale = mine.clone();
    stale.proven = false;
    assert!(matches!(home.app.remove_passkey(&stale, held[1].record, "", "en").await, Err(Fault::NeedsProof)));
    home.app.remove_passkey(&mine, held[1].record, "", "en").await.unwrap();
    assert!(!home.app.has_passkey(mine.subject()).await.unwrap());
}

/// Takes a person's password away, as of one whose service keeps its own login.
struct Forget(SubjectId);

impl avouch_store::Transact for Forget {
    const NAME: &'static str = "forget a password";
    type Out = ();
    type Fault = avouch_store::StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, avouch_store::Hold)>) {
        hold.push((self.0, avouch_store::Hold::Exclusive));
    }

    async fn run(&self, tx: &mut avouch_store::Tx<'_>) -> Result<(), avouch_store::StoreError> {
        tx.delete_record(self.0, "password", avouch_store::RecordId::ONLY).await?;
        Ok(())
    }
}

async fn promise_2_1_a_second_factor_guards_the_passkeys(home: Home) {
    home.person(1).await;
    let mine = home.session(1).await;
    let enrolment = home.app.enrol_factor(&mine, "person", "en").await.unwrap();
    let totp = |home: &Home| {
        let secret = data_encoding::BASE32_NOPAD.decode(enrolment.secret.as_bytes()).unwrap();
        let step = u64::try_from(home.app.store.now().as_second() / avouch_seal::otp::STEP).unwrap();
        avouch_seal::otp::totp(&secret, step)
    };
    home.app.turn_factor_on(&mine, &enrolment.secret, &totp(&home), "en").await.unwrap();
    home.clock.advance(SignedDuration::from_secs(31));
    let mut with = authenticator();
    assert!(matches!(make(&home, &mine, &mut with).await, Err(Fault::WrongCode)), "a code is asked for as well");
    let one = home.app.start_passkey(&mine).await.unwrap();
    let made = Made::parse(&with.made(&one.flow.to_text(), &one.user)).unwrap();
    home.app.add_passkey(&mine, &made, "phone", &totp(&home), "en").await.unwrap();
    // With it no other is asked for; with the password the second factor is, as before.
    assert!(session(&home, &log_in(&home, &mut with).await.unwrap()).await.proven);
    assert!(matches!(home.app.log_in("person1", PASSWORD, here()).await, Err(Fault::NeedsFactor(_))));
    let held = home.app.passkeys(mine.subject()).await.unwrap();
    let removed = home.app.remove_passkey(&mine, held[0].record, "000000", "en").await;
    assert!(matches!(removed, Err(Fault::WrongCode)));
    home.clock.advance(SignedDuration::from_secs(31));
    home.app.remove_passkey(&mine, held[0].record, &totp(&home), "en").await.unwrap();
}

async fn promise_6_5_an_export_tells_of_passkeys_and_holds_no_key(home: Home) {
    home.person(1).await;
    let mine = home.session(1).await;
    let mut with = authenticator();
    make(&home, &mine, &mut with).await.unwrap();
    let zip = home.app.export(mine.subject(), "en").await.unwrap().zip().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let mut data = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("data.json").unwrap(), &mut data).unwrap();
    assert!(data.contains("My phone"), "{data}");
    for secret in [&with.id, &with.user, &with.cose()] {
        assert!(!data.contains(&data_encoding::BASE64URL_NOPAD.encode(secret)));
    }
}

async fn promise_5_2_an_erased_persons_passkey_is_nobodys(home: Home) {
    home.person(1).await;
    let mine = home.session(1).await;
    let mut with = authenticator();
    make(&home, &mine, &mut with).await.unwrap();
    home.app.cancel(&mine, true).await.unwrap();
    assert!(matches!(log_in(&home, &mut with).await, Err(Fault::WrongPasskey)));
    // The authenticator may serve another account from then on.
    home.person(2).await;
    let other = home.session(2).await;
    make(&home, &other, &mut with).await.unwrap();
    assert_eq!(session(&home, &log_in(&home, &mut with).await.unwrap()).await.subject(), other.subject());
}
