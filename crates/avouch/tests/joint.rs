//! Joint login on both engines, against a partner that behaves, misbehaves, and is away.
//!
//! Keeps promise 1.7.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "joint/avatar.rs"]
mod avatar;
#[path = "joint/faults.rs"]
mod faults;
#[path = "joint/partner.rs"]
mod partner;
#[path = "joint/proof.rs"]
mod proof;

use avouch::Fault;
use avouch::collection::joint::{ACCOUNT, Arrived, Back, JointFault, PROFILE};
use avouch::store::Flow;
use avouch_testkit::Home;
use jiff::SignedDuration;
use serde_json::json;

use partner::{ISSUER, Manner, come, device, fault, form, held, joined, link, unknown, with_partners};

avouch_testkit::on_both_engines!(
    promise_1_7_an_account_elsewhere_opens_one_here_and_logs_in,
    promise_1_7_the_same_e_mail_links_nothing,
    promise_1_7_linking_is_done_from_inside_and_by_nobody_else,
    promise_1_7_an_answer_that_cannot_be_shown_is_not_believed,
    promise_1_7_ending_deletes_what_was_received_and_ends_the_grant,
    promise_1_7_the_last_way_in_stays,
    promise_1_7_the_second_factor_is_asked_as_on_every_way_in,
    promise_5_2_erasing_ends_the_grant_and_leaves_nothing,
);

async fn promise_1_7_an_account_elsewhere_opens_one_here_and_logs_in(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    let account = held(&home, subject, ACCOUNT).await;
    assert_eq!((&account[0]["account"], &account[0]["issuer"]), (&json!("p-1"), &json!(ISSUER)));
    let profile = held(&home, subject, PROFILE).await;
    assert_eq!(profile[0]["nickname"], "Mei");
    assert!(profile[0]["avatar"]["base64"].as_str().is_some_and(|b| b.len() > 20));
    let records = home.app.see(subject, PROFILE).await.unwrap();
    assert_eq!(records[0].head.source, "third-party: harbour");
    // The address the partner calls verified verifies nothing here.
    assert!(home.app.verified(subject).await.unwrap().is_empty());
    let links = home.app.joint_logins(subject).await.unwrap();
    assert_eq!((links.len(), links[0].scopes.as_str()), (1, "openid profile"));
    home.app.own_leaf(subject, &links[0].receipt).await.unwrap();

    home.clock.advance(SignedDuration::from_hours(1));
    let Ok(Arrived::In(token)) = come(&home, &partner, "harbour").await else { panic!("not in") };
    assert_eq!(token.subject, subject);
    let session = home.app.session(&token.to_cookie()).await.unwrap().unwrap();
    assert!(!session.proven, "no password was shown");
    assert!(home.app.joint_logins(subject).await.unwrap()[0].used > links[0].used);
    // The copy of everything holds what the partner told, all of it and nothing else.
    let zip = home.app.export(subject, "en").await.unwrap().zip().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let data: serde_json::Value = serde_json::from_reader(zip.by_name("data.json").unwrap()).unwrap();
    let copied = |item: &str| {
        let records = data["records"].as_array().unwrap().iter().filter(|r| r["item"] == item);
        records.map(|r| (r["source"].clone(), r["purpose"].clone(), r["value"].clone())).collect::<Vec<_>>()
    };
    let from = |value: serde_json::Value| vec![(json!("third-party: harbour"), json!("joint_login"), value)];
    let told = json!({ "partner": "harbour", "issuer": ISSUER, "account": "p-1", "union": null });
    assert_eq!(copied(ACCOUNT), from(told));
    let avatar = &profile[0]["avatar"];
    assert_eq!(avatar["media"], "image/jpeg");
    assert_eq!(copied(PROFILE), from(json!({ "partner": "harbour", "nickname": "Mei", "avatar": avatar })));
    let text = data.to_string();
    assert!(!text.contains("rt-1") && !text.contains("at-1"), "no token");

    // The partner without ID tokens, with names of its own.
    let came = unknown(come(&home, &partner, "lantern").await.unwrap_or_else(|f| panic!("{f}")));
    assert_eq!(came.nickname.as_deref(), Some("小梅"));
    let second = home.app.join_jointly(&came.flow, &came.told, form(2), "zh-CN").await;
    let second = second.unwrap_or_else(|f| panic!("{f}")).subject;
    let account = held(&home, second, ACCOUNT).await;
    assert_eq!((&account[0]["account"], &account[0]["union"]), (&json!("o-1"), &json!("u-1")));
    // What was carried along is spent: nobody joins with it again.
    assert!(matches!(fault(home.app.join_jointly(&came.flow, &came.told, form(3), "en").await), JointFault::Over));
}

async fn promise_1_7_the_same_e_mail_links_nothing(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let person = home.person(1).await.subject;
    let came = unknown(come(&home, &partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
    assert!(home.app.joint_logins(person).await.unwrap().is_empty());
    // Joining with the address of somebody else is refused as it always is.
    let again = home.app.join_jointly(&came.flow, &came.told, form(1), "en").await;
    assert!(matches!(fault(again), JointFault::Fault(Fault::Taken(_))));
    assert!(home.app.joint_logins(person).await.unwrap().is_empty());
}

async fn promise_1_7_linking_is_done_from_inside_and_by_nobody_else(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let first = home.person(1).await.subject;
    home.person(2).await;
    let mut session = home.session(1).await;
    session.proven = false;
    assert!(matches!(fault(link(&home, &partner, &session).await), JointFault::Fault(Fault::NeedsProof)));
    session.proven = true;
    // Whoever comes back must be who went.
    let (flow, url) =
        home.app.start_joint("harbour", Some(&session), "192.0.2.7").await.unwrap_or_else(|f| panic!("{f}"));
    let agreed = partner.agree(&url);
    let other = home.session(2).await;
    for session in [None, Some(&other)] {
        let got = home.app.finish_joint(agreed.back(&flow, "harbour"), session, device(), "en").await;
        assert!(matches!(fault(got), JointFault::Over));
    }
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    assert_eq!(home.app.joint_logins(first).await.unwrap().len(), 1);
    assert!(matches!(fault(link(&home, &partner, &other).await), JointFault::Taken));
    assert!(matches!(fault(link(&home, &partner, &session).await), JointFault::Taken), "one account at each partner");
    let Ok(Arrived::In(token)) = come(&home, &partner, "harbour").await else { panic!("not in") };
    assert_eq!(token.subject, first);
}

async fn promise_1_7_an_answer_that_cannot_be_shown_is_not_believed(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let now = (partner.now)();
    for (alg, claims) in [
        ("EdDSA", json!({ "nonce": "another" })),
        ("EdDSA", json!({ "nonce": null })),
        ("EdDSA", json!({ "aud": "another client" })),
        ("EdDSA", json!({ "aud": ["plaza", "another client"] })),
        ("EdDSA", json!({ "iss": "https://evil.example" })),
        ("EdDSA", json!({ "exp": now - 1 })),
        ("EdDSA", json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })),
        ("none", json!({})),
        ("HS256", json!({})),
    ] {
        *partner.manner.lock().unwrap() = Manner { claims: claims.clone(), alg, ..Manner::default() };
        let got = fault(come(&home, &partner, "harbour").await);
        assert!(matches!(got, JointFault::Untrusted(_)), "{alg} {claims}: {got}");
    }
    *partner.manner.lock().unwrap() = Manner::default();
    // Whose answer it is, and for which browser.
    let begin = || async { home.app.start_joint("harbour", None, "192.0.2.7").await.unwrap_or_else(|f| panic!("{f}")) };
    for iss in [None, Some("https://evil.example")] {
        let (flow, url) = begin().await;
        let agreed = partner.agree(&url);
        let back = Back { iss, ..agreed.back(&flow, "harbour") };
        assert!(matches!(fault(home.app.finish_joint(back, None, device(), "en").await), JointFault::Untrusted(_)));
    }
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    let finish = |back| home.app.finish_joint(back, None, device(), "en");
    let wrong_state = Back { state: "another", ..agreed.back(&flow, "harbour") };
    assert!(matches!(fault(finish(wrong_state).await), JointFault::Over));
    let other_browser = Flow::new([9; 32]);
    assert!(matches!(fault(finish(agreed.back(&other_browser, "harbour")).await), JointFault::Over));
    assert!(finish(agreed.back(&flow, "harbour")).await.is_ok());
    assert!(matches!(fault(finish(agreed.back(&flow, "harbour")).await), JointFault::Over), "once");
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    assert!(matches!(fault(finish(agreed.back(&flow, "lantern")).await), JointFault::Over), "mixed up");
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    home.clock.advance(SignedDuration::from_mins(11));
    assert!(matches!(fault(finish(agreed.back(&flow, "harbour")).await), JointFault::Over), "too late");
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    let declined = Back { error: Some("access_denied"), code: None, ..agreed.back(&flow, "harbour") };
    assert!(matches!(fault(finish(declined).await), JointFault::Declined));
    let (flow, url) = begin().await;
    let agreed = partner.agree(&url);
    partner.manner.lock().unwrap().away = true;
    assert!(matches!(fault(finish(agreed.back(&flow, "harbour")).await), JointFault::Unreached(_)), "away meanwhile");
}

async fn promise_1_7_ending_deletes_what_was_received_and_ends_the_grant(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = home.person(1).await.subject;
    let session = home.session(1).await;
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    partner.manner.lock().unwrap().away = true;
    home.app.unlink_joint(subject, "harbour", "en").await.unwrap();
    assert!(home.app.joint_logins(subject).await.unwrap().is_empty());
    assert!(held(&home, subject, ACCOUNT).await.is_empty() && held(&home, subject, PROFILE).await.is_empty());
    let last = home.app.consent_history(subject).await.unwrap();
    assert!(last.iter().any(|e| e.target == "joint_login" && !e.given));
    // The partner is away: it is told when it is back.
    home.app.work().await.unwrap();
    assert!(partner.ended.lock().unwrap().is_empty());
    partner.manner.lock().unwrap().away = false;
    home.clock.advance(SignedDuration::from_hours(1));
    home.app.work().await.unwrap();
    home.app.work().await.unwrap();
    assert_eq!(*partner.ended.lock().unwrap(), ["rt-1"]);
    // The account there is free again, and leads to nobody.
    unknown(come(&home, &partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
    assert!(matches!(home.app.unlink_joint(subject, "harbour", "en").await, Err(Fault::NotFound)));
}

async fn promise_1_7_the_last_way_in_stays(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    assert!(matches!(home.app.unlink_joint(subject, "harbour", "en").await, Err(Fault::LastWayIn)));
    let withdrawn = home.app.answer(subject, "joint_login", false, "en", &avouch::store::Actor::Subject).await;
    assert!(matches!(withdrawn, Err(Fault::LastWayIn)));
    assert_eq!(home.app.joint_logins(subject).await.unwrap().len(), 1);
    // With a password there is another way, and the switch of the consents ends it as the button does.
    let with_password = home.person(2).await.subject;
    let session = home.session(2).await;
    partner.manner.lock().unwrap().claims = json!({ "sub": "p-2" });
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    home.consent(with_password, "joint_login", false).await;
    assert!(home.app.joint_logins(with_password).await.unwrap().is_empty());
    home.app.work().await.unwrap();
    assert_eq!(*partner.ended.lock().unwrap(), ["rt-1"]);
}

async fn promise_1_7_the_second_factor_is_asked_as_on_every_way_in(mut home: Home) {
    let partner = with_partners(&mut home).await;
    home.person(1).await;
    let session = home.session(1).await;
    assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
    let enrolment = home.app.enrol_factor(&session, "person1", "en").await.unwrap();
    let bytes = data_encoding::BASE32_NOPAD.decode(enrolment.secret.as_bytes()).unwrap();
    let step = avouch_store::totp_step(avouch::store::Clock::now(home.clock.as_ref()));
    let code = avouch_seal::otp::totp(&bytes, step);
    home.app.turn_factor_on(&session, &enrolment.secret, &code, "en").await.unwrap();
    let got = fault(come(&home, &partner, "harbour").await);
    assert!(matches!(got, JointFault::Fault(Fault::NeedsFactor(_))), "{got}");
}

async fn promise_5_2_erasing_ends_the_grant_and_leaves_nothing(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    home.app.erase(subject).await.unwrap();
    assert!(home.app.joint_logins(subject).await.unwrap().is_empty());
    home.app.work().await.unwrap();
    assert_eq!(*partner.ended.lock().unwrap(), ["rt-1"]);
    unknown(come(&home, &partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
}
