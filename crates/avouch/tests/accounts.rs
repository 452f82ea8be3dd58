//! Accounts on both engines: codes, verified contacts, logging in by code, retrieving a password, second
//! factors, limits, and messages that do not arrive.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use avouch::Fault;
use avouch::messages::Undelivered;
use avouch::security::code::From;
use avouch::security::retrieve::Needs;
use avouch::security::session::{Device, Session};
use avouch::store::{Actor, Flow, Sink, SubjectId};
use avouch_testkit::home::PASSWORD;
use avouch_testkit::{Home, Outbox};
use jiff::SignedDuration;

avouch_testkit::on_both_engines!(
    promise_2_1_a_contact_is_verified_by_its_code_once_and_by_nothing_else,
    promise_2_1_a_code_dies_of_time_tries_and_any_other_place,
    promise_2_1_joining_with_somebodys_contact_looks_alike_and_tells_its_owner,
    promise_2_1_openings_from_one_place_are_limited,
    promise_6_1_a_new_contact_is_verified_before_it_replaces_the_old_which_is_told,
    promise_2_1_logging_in_by_code_opens_nothing_sensitive,
    promise_2_1_retrieval_looks_alike_for_everyone_and_works_once,
    promise_2_1_a_phone_alone_resets_no_password_where_there_is_another_way,
    promise_2_1_a_number_that_slept_is_not_trusted,
    promise_2_1_a_second_factor_is_asked_on_every_way_in,
    promise_2_1_recovery_codes_work_once_each,
    promise_2_1_changing_the_password_ends_other_sessions_and_tells,
    promise_2_1_guessing_is_slowed_and_no_victim_is_locked_out,
    promise_2_1_nobody_is_flooded_with_messages,
    promise_5_5_messages_hold_no_address_and_no_code_where_they_wait,
    promise_5_2_an_erased_person_gets_no_message,
    a_message_nobody_takes_becomes_a_dead_letter_without_its_body,
);

const HERE: From<'static> = From { address: "192.0.2.7", language: "en" };
const ELSEWHERE: From<'static> = From { address: "198.51.100.9", language: "zh-CN" };
const NEW: &str = "saffron kettle driftwood glacier";

fn device(from: From<'_>) -> Device {
    Device { agent: "Test Browser".into(), address: from.address.into() }
}

async fn send(home: &Home, outbox: &Outbox) -> Vec<avouch_testkit::outbox::Arrived> {
    home.app.work().await.unwrap();
    outbox.take()
}

/// The one code that arrived.
async fn code(home: &Home, outbox: &Outbox) -> String {
    let arrived = send(home, outbox).await;
    let codes: Vec<_> = arrived.iter().filter_map(|a| a.code.clone()).collect();
    assert_eq!(codes.len(), 1, "{arrived:?}");
    codes[0].clone()
}

fn wrong(code: &str) -> String {
    let n: u32 = code.parse().unwrap();
    format!("{:06}", (n + 1) % 1_000_000)
}

/// A person with verified mail, and with a verified phone if asked for.
async fn verified(home: &Home, outbox: &Outbox, n: u64, phone: bool) -> Session {
    let number = format!("+86199{n:08}");
    let values: &[(&str, &str)] = if phone { &[("phone", &number)] } else { &[] };
    home.try_person(n, values).await.unwrap();
    let session = home.session(n).await;
    for item in if phone { vec!["email", "phone"] } else { vec!["email"] } {
        home.app.start_verifying(&session, item, HERE).await.unwrap();
        let code = code(home, outbox).await;
        home.app.verify(&session, item, &code).await.unwrap();
    }
    session
}

async fn value(home: &Home, subject: SubjectId, item: &str) -> String {
    let records = home.app.see(subject, item).await.unwrap();
    records[0].value.expose(Sink::Subject, |v| String::from_utf8(v.clone()).unwrap())
}

async fn items_verified(home: &Home, subject: SubjectId) -> Vec<String> {
    home.app.verified(subject).await.unwrap().into_iter().map(|v| v.item).collect()
}

async fn live(home: &Home, session: &Session) -> bool {
    home.app.session(&session.token.to_cookie()).await.unwrap().is_some()
}

fn totp(home: &Home, secret: &str) -> String {
    let bytes = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = u64::try_from(home.app.store.now().as_second() / avouch_seal::otp::STEP).unwrap();
    avouch_seal::otp::totp(&bytes, step)
}

/// Turns the second factor on; gives its secret and the recovery codes.
async fn with_factor(home: &Home, session: &Session) -> (String, Vec<String>) {
    let enrolment = home.app.enrol_factor(session, "person", "en").await.unwrap();
    let typed = totp(home, &enrolment.secret);
    let codes = home.app.turn_factor_on(session, &enrolment.secret, &typed, "en").await.unwrap();
    home.clock.advance(SignedDuration::from_secs(31));
    (enrolment.secret.to_string(), codes.0.iter().map(|c| c.to_string()).collect())
}

fn factor_flow(fault: Fault) -> Flow {
    match fault {
        Fault::NeedsFactor(flow) => flow,
        other => panic!("not asked for the second factor: {other}"),
    }
}

async fn promise_2_1_a_contact_is_verified_by_its_code_once_and_by_nothing_else(mut home: Home) {
    let outbox = home.with_outbox();
    home.person(1).await;
    let session = home.session(1).await;
    let subject = session.subject();
    assert!(items_verified(&home, subject).await.is_empty(), "joining verifies nothing");
    home.app.start_verifying(&session, "email", HERE).await.unwrap();
    let arrived = send(&home, &outbox).await;
    assert_eq!((arrived.len(), arrived[0].channel, arrived[0].to.as_str()), (1, "mail", "person1@plaza.example"));
    let code = arrived[0].code.clone().unwrap();
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
    assert!(matches!(home.app.verify(&session, "email", &wrong(&code)).await, Err(Fault::WrongCode)));
    home.app.verify(&session, "email", &format!(" {} {} ", code.split_at(3).0, code.split_at(3).1)).await.unwrap();
    assert_eq!(items_verified(&home, subject).await, ["email"]);
    assert!(matches!(home.app.verify(&session, "email", &code).await, Err(Fault::WrongCode)), "spent");
    // A message's use of the address is told like any other.
    let uses = home.app.uses(subject, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(uses.iter().any(|u| u.item == "email" && u.purpose == "account" && u.party == "system"));
    // No other path writes it: not a service, not a correction.
    let plaza = Actor::Service(home.service("plaza", &["account"]).await);
    for item in ["email", "phone", "second_factor"] {
        let new = avouch::collection::put::NewRecord {
            subject,
            purpose: "account".into(),
            item: item.into(),
            record: None,
            value: "thief@plaza.example".into(),
        };
        assert!(home.app.put_record(new, &plaza).await.is_err(), "{item}");
    }
    let corrected = home.app.correct(&session, "email", None, "thief@plaza.example").await;
    assert!(matches!(corrected, Err(Fault::NeedsCode)));
    assert_eq!(value(&home, subject, "email").await, "person1@plaza.example");
    // Where nothing can be sent a contact can be corrected, and is then not verified.
    let mute = home.app.clone().with_messengers(avouch::messages::Messengers::default());
    mute.correct(&session, "email", None, "other@plaza.example").await.unwrap();
    assert!(items_verified(&home, subject).await.is_empty(), "verified is true of one address only");
}

async fn promise_2_1_a_code_dies_of_time_tries_and_any_other_place(mut home: Home) {
    let outbox = home.with_outbox();
    home.try_person(1, &[("phone", "+8619900000001")]).await.unwrap();
    let session = home.session(1).await;
    // Time.
    home.app.start_verifying(&session, "email", HERE).await.unwrap();
    let first = code(&home, &outbox).await;
    home.clock.advance(SignedDuration::from_mins(10));
    assert!(matches!(home.app.verify(&session, "email", &first).await, Err(Fault::WrongCode)));
    // Tries: five wrong ones, and the right one comes too late.
    home.app.start_verifying(&session, "email", HERE).await.unwrap();
    let second = code(&home, &outbox).await;
    for _ in 0..5 {
        assert!(home.app.verify(&session, "email", &wrong(&second)).await.is_err());
    }
    assert!(matches!(home.app.verify(&session, "email", &second).await, Err(Fault::WrongCode)));
    // Another session, another item, another purpose.
    home.app.start_verifying(&session, "email", HERE).await.unwrap();
    let third = code(&home, &outbox).await;
    let other = home.session(1).await;
    assert!(home.app.verify(&other, "email", &third).await.is_err());
    assert!(home.app.verify(&session, "phone", &third).await.is_err());
    assert!(home.app.finish_change(&session, "email", "person1@plaza.example", &third, "en").await.is_err());
    // A later code makes the earlier one void.
    home.app.start_verifying(&session, "email", HERE).await.unwrap();
    let fourth = code(&home, &outbox).await;
    if third != fourth {
        assert!(home.app.verify(&session, "email", &third).await.is_err());
    }
    home.app.verify(&session, "email", &fourth).await.unwrap();
}

async fn promise_2_1_joining_with_somebodys_contact_looks_alike_and_tells_its_owner(mut home: Home) {
    let outbox = home.with_outbox();
    let owner = verified(&home, &outbox, 1, false).await;
    // With a contact that has an account, and with one that has none: the same answers, one message each.
    let mut told = Vec::new();
    for (n, address) in [(2, "Person1@plaza.example"), (3, "free@plaza.example")] {
        home.try_person(n, &[("email", address)]).await.unwrap();
        let session = home.session(n).await;
        home.app.start_verifying(&session, "email", ELSEWHERE).await.unwrap();
        let arrived = send(&home, &outbox).await;
        assert_eq!(arrived.len(), 1, "{arrived:?}");
        told.push((arrived[0].kind.clone(), arrived[0].code.is_some()));
        assert!(home.app.code_waits(&session, "email").await.unwrap());
        let contacts = home.app.contacts(session.subject()).await.unwrap();
        let email = contacts.iter().find(|c| c.item == "email").unwrap();
        assert!(email.held && email.verified.is_none());
        assert!(matches!(home.app.verify(&session, "email", "000000").await, Err(Fault::WrongCode)));
        // Nor is it found by logging in: a contact opens a way only once its owner said that it is theirs.
        let by_contact = home.app.log_in(address, PASSWORD, Device::default()).await;
        assert_eq!(matches!(by_contact, Err(Fault::WrongLogin)), n == 3, "only its owner is found by it");
        if let Ok(token) = by_contact {
            assert_eq!(token.subject, owner.subject());
        }
    }
    assert_eq!(told[0], ("contact-yours".into(), false), "its owner is told");
    assert_eq!(told[1], ("code-verify".into(), true));
    // Nobody keeps a contact from its owner by having typed it first.
    let squatter = home.session(3).await;
    home.try_person(4, &[("email", "free@plaza.example")]).await.unwrap();
    let mine = home.session(4).await;
    home.clock.advance(SignedDuration::from_hours(1));
    home.app.start_verifying(&mine, "email", HERE).await.unwrap();
    let right = code(&home, &outbox).await;
    home.app.verify(&mine, "email", &right).await.unwrap();
    assert_eq!(items_verified(&home, mine.subject()).await, ["email"]);
    home.app.start_verifying(&squatter, "email", ELSEWHERE).await.unwrap();
    assert_eq!(send(&home, &outbox).await[0].kind, "contact-yours");
    // A user name is public: others find people by it, and it is said when it is taken.
    assert!(
        matches!(home.try_person(5, &[("user_name", "person1")]).await, Err(Fault::Taken(item)) if item == "user_name")
    );
}

async fn promise_2_1_openings_from_one_place_are_limited(home: Home) {
    for n in 0..100 {
        home.app.admit("join", &format!("203.0.113.{n}")).await.unwrap();
    }
    assert!(matches!(home.app.admit("join", "203.0.113.200").await, Err(Fault::TooMany(60))));
    home.app.admit("join", "198.51.100.1").await.unwrap();
    home.clock.advance(SignedDuration::from_hours(1));
    home.app.admit("join", "203.0.113.200").await.unwrap();
}

async fn promise_6_1_a_new_contact_is_verified_before_it_replaces_the_old_which_is_told(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, false).await;
    verified(&home, &outbox, 2, false).await;
    let subject = session.subject();
    let new = "moved@plaza.example";
    home.app.start_change(&session, "email", new, HERE).await.unwrap();
    let arrived = send(&home, &outbox).await;
    assert_eq!((arrived.len(), arrived[0].to.as_str()), (1, new), "to the new one alone");
    assert_eq!(value(&home, subject, "email").await, "person1@plaza.example", "nothing changes before the code");
    let code = arrived[0].code.clone().unwrap();
    let swapped = home.app.finish_change(&session, "email", "thief@plaza.example", &code, "en").await;
    assert!(matches!(swapped, Err(Fault::WrongCode)), "the code is for the address it went to");
    home.app.finish_change(&session, "email", new, &code, "en").await.unwrap();
    assert_eq!(value(&home, subject, "email").await, new);
    assert_eq!(items_verified(&home, subject).await, ["email"]);
    let told = send(&home, &outbox).await;
    assert_eq!(
        (told.len(), told[0].to.as_str(), told[0].kind.as_str()),
        (1, "person1@plaza.example", "contact-replaced")
    );
    // Somebody else's address: told only to who reads what goes there.
    home.app.start_change(&session, "email", "person2@plaza.example", HERE).await.unwrap();
    let code = self::code(&home, &outbox).await;
    let taken = home.app.finish_change(&session, "email", "person2@plaza.example", &code, "en").await;
    assert!(matches!(taken, Err(Fault::Taken(_))));
    // Without the password shown, nothing is even sent.
    home.clock.advance(SignedDuration::from_mins(11));
    let stale = home.app.session(&session.token.to_cookie()).await.unwrap().unwrap();
    assert!(matches!(home.app.start_change(&stale, "email", "x@plaza.example", HERE).await, Err(Fault::NeedsProof)));
    // A first phone is a contact like any other.
    home.app.show_password(&stale, PASSWORD).await.unwrap();
    let fresh = home.app.session(&session.token.to_cookie()).await.unwrap().unwrap();
    home.app.start_change(&fresh, "phone", "199 0000 0042", HERE).await.unwrap();
    let code = self::code(&home, &outbox).await;
    home.app.finish_change(&fresh, "phone", "+86 19900000042", &code, "en").await.unwrap();
    assert_eq!(items_verified(&home, subject).await, ["email", "phone"]);
}

async fn promise_2_1_logging_in_by_code_opens_nothing_sensitive(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, false).await;
    let flow = home.app.start_code_login("Person1@plaza.example", HERE).await.unwrap();
    let code = code(&home, &outbox).await;
    let other = "person2@plaza.example";
    assert!(home.app.log_in_by_code(&flow, other, &code, device(HERE), "en").await.is_err());
    let stranger = Flow::new([1; 32]);
    let contact = "person1@plaza.example";
    assert!(home.app.log_in_by_code(&stranger, contact, &code, device(HERE), "en").await.is_err());
    let token = home.app.log_in_by_code(&flow, contact, &code, device(HERE), "en").await.unwrap();
    let by_code = home.app.session(&token.to_cookie()).await.unwrap().unwrap();
    assert_eq!(by_code.subject(), session.subject());
    assert!(!by_code.proven, "a code is not the password");
    assert!(matches!(home.app.start_change(&by_code, "email", "x@plaza.example", HERE).await, Err(Fault::NeedsProof)));
    assert!(matches!(home.app.enrol_factor(&by_code, "p", "en").await, Err(Fault::NeedsProof)));
    assert!(home.app.log_in_by_code(&flow, contact, &code, device(HERE), "en").await.is_err(), "spent");
    // One that nobody verified opens no way in, and looks the same.
    home.person(3).await;
    let flow = home.app.start_code_login("person3@plaza.example", HERE).await.unwrap();
    assert!(send(&home, &outbox).await.is_empty());
    assert!(home.app.log_in_by_code(&flow, "person3@plaza.example", "000000", device(HERE), "en").await.is_err());
}

async fn promise_2_1_retrieval_looks_alike_for_everyone_and_works_once(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, true).await;
    let nobody = home.app.start_retrieval("nobody@plaza.example", ELSEWHERE).await.unwrap();
    let jobs = |home: &Home| {
        let store = home.app.store.clone();
        async move { store.counts().await.unwrap()["jobs"] }
    };
    assert_eq!(jobs(&home).await, 1, "a job for nobody is queued all the same");
    assert!(send(&home, &outbox).await.is_empty());
    let missed = home.app.retrieve(&nobody, "nobody@plaza.example", "123456", ELSEWHERE).await.unwrap_err();
    let contact = "person1@plaza.example";
    let flow = home.app.start_retrieval(contact, ELSEWHERE).await.unwrap();
    assert_eq!(jobs(&home).await, 1);
    let code = code(&home, &outbox).await;
    let mistyped = home.app.retrieve(&flow, contact, &wrong(&code), ELSEWHERE).await.unwrap_err();
    assert_eq!(missed.to_string(), mistyped.to_string());
    let next = home.app.retrieve(&flow, contact, &code, ELSEWHERE).await.unwrap();
    assert_eq!(next.needs, Needs::Nothing);
    assert!(home.app.retrieve(&flow, contact, &code, ELSEWHERE).await.is_err(), "spent");
    let weak = home.app.reset_password(&next.flow, "short", "", "en").await;
    assert!(matches!(weak, Err(Fault::Invalid(_))));
    home.app.reset_password(&next.flow, NEW, "", "zh-CN").await.unwrap();
    assert!(home.app.reset_password(&next.flow, NEW, "", "en").await.is_err(), "spent");
    assert!(!live(&home, &session).await, "every session is ended");
    let told = send(&home, &outbox).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].channel, told[0].kind.as_str()), ("sms", "password-reset"), "by the other channel");
    assert!(matches!(home.app.log_in("person1", PASSWORD, Device::default()).await, Err(Fault::WrongLogin)));
    home.app.log_in("person1", NEW, Device::default()).await.unwrap();
}

async fn promise_2_1_a_phone_alone_resets_no_password_where_there_is_another_way(mut home: Home) {
    let outbox = home.with_outbox();
    verified(&home, &outbox, 1, true).await;
    home.clock.advance(SignedDuration::from_mins(2));
    let phone = "+8619900000001";
    let flow = home.app.start_retrieval(phone, ELSEWHERE).await.unwrap();
    let code = code(&home, &outbox).await;
    let next = home.app.retrieve(&flow, phone, &code, ELSEWHERE).await.unwrap();
    assert_eq!(next.needs, Needs::Code("email".into()));
    assert_eq!(home.app.retrieval_needs(&next.flow).await.unwrap(), Some(next.needs));
    let arrived = send(&home, &outbox).await;
    assert_eq!(arrived[0].to, "person1@plaza.example");
    let second = arrived[0].code.clone().unwrap();
    for not in ["", code.as_str(), "person1"] {
        if not != second {
            let refused = home.app.reset_password(&next.flow, NEW, not, "en").await;
            assert!(matches!(refused, Err(Fault::WrongCode)), "{not}");
        }
    }
    home.app.reset_password(&next.flow, NEW, &second, "en").await.unwrap();
    let told = send(&home, &outbox).await;
    assert_eq!(told.len(), 2, "both were used, both are told");
    home.app.log_in("person1", NEW, Device::default()).await.unwrap();
}

async fn promise_2_1_a_number_that_slept_is_not_trusted(mut home: Home) {
    let outbox = home.with_outbox();
    // A person with nothing but a phone.
    home.try_person(5, &[("email", ""), ("phone", "+8619900000005")]).await.unwrap();
    let session = home.session(5).await;
    home.app.start_verifying(&session, "phone", HERE).await.unwrap();
    let first = code(&home, &outbox).await;
    home.app.verify(&session, "phone", &first).await.unwrap();
    home.clock.advance(SignedDuration::from_mins(2));
    // Soon: the user name is asked for as well.
    let flow = home.app.start_retrieval("19900000005", ELSEWHERE).await.unwrap();
    let typed = code(&home, &outbox).await;
    let next = home.app.retrieve(&flow, "19900000005", &typed, ELSEWHERE).await.unwrap();
    assert_eq!(next.needs, Needs::Name);
    assert!(home.app.reset_password(&next.flow, NEW, "person6", "en").await.is_err());
    assert!(home.app.reset_password(&next.flow, NEW, "+8619900000005", "en").await.is_err(), "the number is no name");
    home.app.reset_password(&next.flow, NEW, "Person5", "en").await.unwrap();
    send(&home, &outbox).await;
    // After a sleep of months it may be another's: neither a login nor a password.
    home.clock.days(91);
    let flow = home.app.start_code_login("19900000005", ELSEWHERE).await.unwrap();
    let typed = code(&home, &outbox).await;
    let login = home.app.log_in_by_code(&flow, "19900000005", &typed, device(ELSEWHERE), "en").await;
    assert!(matches!(login, Err(Fault::NumberAlone)));
    home.clock.advance(SignedDuration::from_mins(2));
    let flow = home.app.start_retrieval("19900000005", ELSEWHERE).await.unwrap();
    let typed = code(&home, &outbox).await;
    let reset = home.app.retrieve(&flow, "19900000005", &typed, ELSEWHERE).await;
    assert!(matches!(reset, Err(Fault::NumberAlone)));
    home.app.log_in("person5", NEW, Device::default()).await.unwrap();
}

async fn promise_2_1_a_second_factor_is_asked_on_every_way_in(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, true).await;
    let other = home.session(1).await;
    let (secret, _) = with_factor(&home, &session).await;
    assert!(!live(&home, &other).await, "others end when a factor changes");
    assert!(live(&home, &session).await);
    assert_eq!(send(&home, &outbox).await.len(), 2, "told by every verified contact");
    // Password, then factor.
    let flow = factor_flow(home.app.log_in("person1", PASSWORD, device(HERE)).await.err().unwrap());
    let typed = totp(&home, &secret);
    assert!(home.app.log_in_with_factor(&flow, &wrong(&typed), device(HERE), "en").await.is_err());
    let token = home.app.log_in_with_factor(&flow, &typed, device(HERE), "en").await.unwrap();
    assert!(home.app.session(&token.to_cookie()).await.unwrap().unwrap().proven);
    // No code is taken twice, in another flow neither.
    let flow = factor_flow(home.app.log_in("person1", PASSWORD, device(HERE)).await.err().unwrap());
    assert!(home.app.log_in_with_factor(&flow, &typed, device(HERE), "en").await.is_err(), "a replay");
    // Code, then factor; the session is not proven.
    home.clock.advance(SignedDuration::from_mins(2));
    let flow = home.app.start_code_login("+8619900000001", HERE).await.unwrap();
    let sent = code(&home, &outbox).await;
    let by_code = home.app.log_in_by_code(&flow, "+8619900000001", &sent, device(HERE), "en").await;
    let flow = factor_flow(by_code.err().unwrap());
    let token = home.app.log_in_with_factor(&flow, &totp(&home, &secret), device(HERE), "en").await.unwrap();
    assert!(!home.app.session(&token.to_cookie()).await.unwrap().unwrap().proven);
    // Retrieval keeps it and asks for it.
    home.clock.advance(SignedDuration::from_mins(2));
    let flow = home.app.start_retrieval("person1@plaza.example", HERE).await.unwrap();
    let sent = code(&home, &outbox).await;
    let next = home.app.retrieve(&flow, "person1@plaza.example", &sent, HERE).await.unwrap();
    assert_eq!(next.needs, Needs::Factor);
    assert!(home.app.reset_password(&next.flow, NEW, &sent, "en").await.is_err());
    home.app.reset_password(&next.flow, NEW, &totp(&home, &secret), "en").await.unwrap();
    home.clock.advance(SignedDuration::from_secs(31));
    assert!(matches!(home.app.log_in("person1", NEW, device(HERE)).await, Err(Fault::NeedsFactor(_))), "kept");
    // Neither the export nor the overview shows the secret.
    let export = home.app.export(session.subject(), "en").await.unwrap().zip().await.unwrap();
    assert!(!export.windows(secret.len()).any(|w| w == secret.as_bytes()));
}

async fn promise_2_1_recovery_codes_work_once_each(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, false).await;
    let (secret, codes) = with_factor(&home, &session).await;
    assert_eq!(codes.len(), 10);
    send(&home, &outbox).await;
    let flow = factor_flow(home.app.log_in("person1", PASSWORD, device(HERE)).await.err().unwrap());
    home.app.log_in_with_factor(&flow, &codes[3].to_lowercase(), device(HERE), "en").await.unwrap();
    let told = send(&home, &outbox).await;
    assert_eq!(told[0].kind, "recovery-used");
    let flow = factor_flow(home.app.log_in("person1", PASSWORD, device(HERE)).await.err().unwrap());
    assert!(home.app.log_in_with_factor(&flow, &codes[3], device(HERE), "en").await.is_err(), "spent");
    home.app.log_in_with_factor(&flow, &codes[4], device(HERE), "en").await.unwrap();
    // New ones make the old void; turning off asks for a code, and ends the asking.
    let typed = totp(&home, &secret);
    let again = home.app.change_factor(&session, &typed, false, "en").await.unwrap();
    assert!(home.app.change_factor(&session, &codes[0], true, "en").await.is_err(), "void");
    home.app.change_factor(&session, &again.0[0], true, "en").await.unwrap();
    home.app.log_in("person1", PASSWORD, device(HERE)).await.unwrap();
    assert!(send(&home, &outbox).await.iter().any(|m| m.kind == "factor-off"));
}

async fn promise_2_1_changing_the_password_ends_other_sessions_and_tells(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, false).await;
    let other = home.session(1).await;
    let not = home.app.change_password(&session, "not the present one", NEW, "", "en").await;
    assert!(matches!(not, Err(Fault::WrongLogin)));
    let weak = home.app.change_password(&session, PASSWORD, "aaaaaaaaaaaaaaaa", "", "en").await;
    assert!(matches!(weak, Err(Fault::Invalid(_))));
    home.app.change_password(&session, PASSWORD, NEW, "", "en").await.unwrap();
    assert!(live(&home, &session).await && !live(&home, &other).await);
    let told = send(&home, &outbox).await;
    assert_eq!((told.len(), told[0].kind.as_str()), (1, "password-changed"));
    home.app.log_in("person1", NEW, Device::default()).await.unwrap();
}

async fn promise_2_1_guessing_is_slowed_and_no_victim_is_locked_out(home: Home) {
    home.person(1).await;
    let here = || device(HERE);
    home.app.log_in("person1", PASSWORD, here()).await.unwrap();
    // A stranger guesses until they are stopped.
    let mut stopped = 0;
    for _ in 0..12 {
        match home.app.log_in("person1", "wrong wrong wrong wrong", device(ELSEWHERE)).await {
            Err(Fault::TooMany(_)) => stopped += 1,
            Err(Fault::WrongLogin) => {}
            _ => panic!("let in"),
        }
    }
    assert_eq!(stopped, 2);
    // Many strangers, from many places: elsewhere even the right password waits, at home it does not.
    for n in 0..12 {
        for _ in 0..9 {
            let from = Device { agent: String::new(), address: format!("203.0.{n}.1") };
            let _refused = home.app.log_in("person1", "wrong wrong wrong wrong", from).await;
        }
    }
    let new = Device { agent: String::new(), address: "100.64.0.1".into() };
    assert!(matches!(home.app.log_in("person1", PASSWORD, new).await, Err(Fault::TooMany(_))));
    home.app.log_in("person1", PASSWORD, here()).await.unwrap();
    // A known place may not guess without end either.
    for _ in 0..10 {
        let _wrong = home.app.log_in("person1", "wrong wrong wrong wrong", here()).await;
    }
    assert!(matches!(home.app.log_in("person1", PASSWORD, here()).await, Err(Fault::TooMany(_))));
    home.clock.advance(SignedDuration::from_mins(16));
    home.app.log_in("person1", PASSWORD, here()).await.unwrap();
}

async fn promise_2_1_nobody_is_flooded_with_messages(mut home: Home) {
    let outbox = home.with_outbox();
    verified(&home, &outbox, 1, true).await;
    home.clock.advance(SignedDuration::from_mins(2));
    let number = "+8619900000001";
    let too_many = |r: Result<Flow, Fault>| matches!(r, Err(Fault::TooMany(_)));
    // One a minute, five an hour, from wherever it is asked.
    home.app.start_code_login(number, ELSEWHERE).await.unwrap();
    assert!(too_many(home.app.start_code_login(number, ELSEWHERE).await));
    let mut came = 0;
    for n in 0..8 {
        came += send(&home, &outbox).await.len();
        home.clock.advance(SignedDuration::from_mins(2));
        let address = format!("203.0.{n}.1");
        let _asked = home.app.start_code_login(number, From { address: &address, language: "en" }).await;
    }
    assert_eq!(came + send(&home, &outbox).await.len(), 4, "the fifth had verified it");
    // The person themselves, from where they are known, still gets one.
    home.app.start_code_login(number, HERE).await.unwrap();
    assert_eq!(send(&home, &outbox).await.len(), 1);
    // One place cannot write to many numbers; and for nobody's numbers it is no different.
    let mut asked = 0;
    for n in 0..80 {
        home.clock.advance(SignedDuration::from_secs(5));
        let number = format!("+86199{n:04}0000");
        asked +=
            u32::from(home.app.start_code_login(&number, From { address: "100.64.9.9", language: "en" }).await.is_ok());
    }
    assert_eq!(asked, 60);
    // A range of numbers that earns somebody money is stopped wherever it is asked from.
    let mut asked = 0;
    for n in 0..80 {
        let (number, address) = (format!("+8618800{n:04}"), format!("100.65.{n}.1"));
        asked +=
            u32::from(home.app.start_code_login(&number, From { address: &address, language: "en" }).await.is_ok());
    }
    assert_eq!(asked, 60);
    assert!(home.app.ceilings_reached().await.unwrap().is_empty());
    // And there is a ceiling over all, which is an alarm.
    let settings = avouch::Settings {
        sends: avouch::security::limits::SendLimits { sms_day: 1, ..Default::default() },
        ..Default::default()
    };
    let low = avouch::App::new(home.app.store.clone(), settings).with_messengers(home.app.messengers().clone());
    assert!(too_many(low.start_code_login("+8617700000001", From { address: "100.66.1.1", language: "en" }).await));
    assert_eq!(low.ceilings_reached().await.unwrap(), ["sms"]);
}

async fn promise_5_5_messages_hold_no_address_and_no_code_where_they_wait(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, false).await;
    let canary = "canary00000077quinquagintaduo@plaza.example";
    home.app.start_change(&session, "email", canary, HERE).await.unwrap();
    // While it waits, and after its code was made: neither address nor code stands anywhere.
    let waiting = avouch_testkit::canary::scan(home.dir.path(), &[b"canary00000077quinquagintaduo"]);
    assert!(waiting.is_empty(), "{waiting:?}");
    outbox.fail(Some(Undelivered { why: "down".into(), for_good: false }));
    send(&home, &outbox).await;
    outbox.fail(None);
    home.clock.advance(SignedDuration::from_mins(1));
    let sent = send(&home, &outbox).await;
    assert_eq!(sent.len(), 1, "tried again");
    let code = sent[0].code.clone().unwrap();
    home.app.finish_change(&session, "email", canary, &code, "en").await.unwrap();
    let (secret, codes) = with_factor(&home, &session).await;
    let needles: Vec<&[u8]> =
        [canary.as_bytes(), secret.as_bytes()].into_iter().chain(codes.iter().map(|c| c.as_bytes())).collect();
    let found = avouch_testkit::canary::scan(home.dir.path(), &needles);
    assert!(found.is_empty(), "{found:?}");
}

async fn promise_5_2_an_erased_person_gets_no_message(mut home: Home) {
    let outbox = home.with_outbox();
    let session = verified(&home, &outbox, 1, false).await;
    let (_, _) = with_factor(&home, &session).await;
    send(&home, &outbox).await;
    let flow = home.app.start_code_login("person1@plaza.example", HERE).await.unwrap();
    let certificate = home.app.erase(session.subject()).await.unwrap();
    for table in ["code", "verified", "place", "job"] {
        assert!(certificate.deleted.iter().any(|(t, n)| *t == table && *n > 0), "{table}: {certificate:?}");
    }
    assert!(send(&home, &outbox).await.is_empty());
    assert!(home.app.log_in_by_code(&flow, "person1@plaza.example", "123456", device(HERE), "en").await.is_err());
}

async fn a_message_nobody_takes_becomes_a_dead_letter_without_its_body(mut home: Home) {
    let outbox: Arc<Outbox> = home.with_outbox();
    let session = verified(&home, &outbox, 1, false).await;
    outbox.fail(Some(Undelivered { why: "the mail server answered 550".into(), for_good: true }));
    home.app.start_verifying(&session, "email", HERE).await.unwrap();
    send(&home, &outbox).await;
    assert_eq!(home.app.dead_letters().await.unwrap(), 1);
    let faults = home.app.job_faults().await.unwrap();
    assert_eq!(faults, [("message".to_owned(), "the mail server answered 550".to_owned())]);
    // One that may yet be taken is tried for a while, and then given up too.
    outbox.fail(Some(Undelivered { why: "the mail server could not be reached".into(), for_good: false }));
    home.app.change_password(&session, PASSWORD, NEW, "", "en").await.unwrap();
    for _ in 0..20 {
        send(&home, &outbox).await;
        home.clock.advance(SignedDuration::from_mins(15));
    }
    assert_eq!(home.app.dead_letters().await.unwrap(), 2);
    outbox.fail(None);
    assert!(send(&home, &outbox).await.is_empty(), "given up is given up");
    home.clock.days(31);
    home.app.sweep(false).await.unwrap();
    assert_eq!(home.app.dead_letters().await.unwrap(), 0);
}
