//! Showing who is there by a fresh login at a partner.

use avouch::Fault;
use avouch::collection::joint::{Arrived, JointFault};
use avouch::security::session::Session;
use avouch::store::{Flow, Outcome};
use avouch_testkit::Home;
use avouch_testkit::home::PASSWORD;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::partner::{Partner, come, device, fault, form, joined, pairs, unknown, with_partners};

avouch_testkit::on_both_engines!(
    promise_5_5_a_fresh_login_at_a_partner_shows_who_is_there_and_nothing_else_does,
    promise_5_5_what_was_shown_holds_for_that_session_once_and_a_short_while,
    promise_5_5_only_a_partner_that_is_linked_and_says_when_is_asked,
    promise_2_1_who_has_no_password_chooses_one_from_a_proven_session,
);

/// Logged in again with the partner's account: a session that proves nothing.
async fn again(home: &Home, partner: &Partner) -> Session {
    let Ok(Arrived::In(token)) = come(home, partner, "harbour").await else { panic!("not in") };
    home.app.session(&token.to_cookie()).await.unwrap().unwrap()
}

/// The session as it is by now.
async fn now(home: &Home, session: &Session) -> Session {
    home.app.session(&session.token.to_cookie()).await.unwrap().unwrap()
}

async fn begin(home: &Home, session: &Session) -> (Flow, String) {
    let begun = home.app.start_joint_proof("harbour", session, "/privacy/cancel", "192.0.2.7").await;
    begun.unwrap_or_else(|f| panic!("{f}"))
}

/// There and back; why nobody was shown.
async fn show(home: &Home, partner: &Partner, session: &Session) -> Option<JointFault> {
    let (flow, url) = begin(home, session).await;
    let agreed = partner.agree(&url);
    match home.app.finish_joint(agreed.back(&flow, "harbour"), Some(session), device(), "en").await {
        Ok(Arrived::Shown { page, fault }) => {
            assert_eq!(page, "/privacy/cancel");
            fault
        }
        Ok(_) => panic!("it was no proof"),
        Err(fault) => panic!("{fault}"),
    }
}

fn claims(partner: &Partner, claims: serde_json::Value) {
    partner.manner.lock().unwrap().claims = claims;
}

async fn promise_5_5_a_fresh_login_at_a_partner_shows_who_is_there_and_nothing_else_does(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    claims(&partner, json!({ "sub": "p-2" }));
    joined(&home, &partner, 2).await;
    claims(&partner, json!({}));
    home.clock.advance(SignedDuration::from_hours(1));
    let session = again(&home, &partner).await;
    assert!(matches!(home.app.cancel(&session, false).await, Err(Fault::NeedsProof)));

    let at = (partner.now)();
    let wrong = [
        // Without a time, of a login that was there before the way began, or not of this world.
        json!({}),
        json!({ "auth_time": null }),
        json!({ "auth_time": at - 61 }),
        json!({ "auth_time": at - 3600 }),
        json!({ "auth_time": at + 61 }),
        json!({ "auth_time": at, "nonce": "another" }),
        // Somebody else's account, and nobody's.
        json!({ "auth_time": at, "sub": "p-2" }),
        json!({ "auth_time": at, "sub": "p-3" }),
    ];
    for told in &wrong {
        claims(&partner, told.clone());
        let fault = show(&home, &partner, &session).await;
        let right = match fault {
            Some(JointFault::Another) => told.get("sub").is_some(),
            Some(JointFault::Untrusted(_)) => told.get("sub").is_none(),
            _ => false,
        };
        assert!(right, "{told}");
        assert!(!now(&home, &session).await.proven, "{told}");
    }
    claims(&partner, json!({ "auth_time": at }));
    let (flow, url) = begin(&home, &session).await;
    let agreed = partner.agree(&url);
    let declined =
        avouch::collection::joint::Back { error: Some("access_denied"), code: None, ..agreed.back(&flow, "harbour") };
    let Ok(Arrived::Shown { fault, .. }) = home.app.finish_joint(declined, Some(&session), device(), "en").await else {
        panic!("it was no proof");
    };
    assert!(matches!(fault, Some(JointFault::Declined)));
    assert!(!now(&home, &session).await.proven);

    assert!(show(&home, &partner, &session).await.is_none());
    let session = now(&home, &session).await;
    assert!(session.proven);
    let leaves = home.app.own_leaves(subject, Timestamp::UNIX_EPOCH, 1000).await.unwrap();
    let told = |outcome| leaves.iter().filter(|e| e.leaf.act == "prove" && e.leaf.outcome == outcome).count();
    assert_eq!((told(Outcome::Done), told(Outcome::Refused)), (1, wrong.len()));
    home.app.cancel(&session, false).await.unwrap();
}

async fn promise_5_5_what_was_shown_holds_for_that_session_once_and_a_short_while(mut home: Home) {
    let partner = with_partners(&mut home).await;
    joined(&home, &partner, 1).await;
    home.clock.advance(SignedDuration::from_hours(1));
    let (session, other) = (again(&home, &partner).await, again(&home, &partner).await);
    claims(&partner, json!({ "auth_time": (partner.now)() }));
    // Back in another session, or in none: nobody is proven, and the way is over.
    let (flow, url) = begin(&home, &session).await;
    let agreed = partner.agree(&url);
    for here in [None, Some(&other), Some(&session)] {
        let got = home.app.finish_joint(agreed.back(&flow, "harbour"), here, device(), "en").await;
        assert!(matches!(fault(got), JointFault::Over));
    }
    assert!(!now(&home, &session).await.proven && !now(&home, &other).await.proven);
    // At another partner's address, and too late.
    let (flow, url) = begin(&home, &session).await;
    let agreed = partner.agree(&url);
    let got = home.app.finish_joint(agreed.back(&flow, "lantern"), Some(&session), device(), "en").await;
    assert!(matches!(fault(got), JointFault::Over));
    let (flow, url) = begin(&home, &session).await;
    let agreed = partner.agree(&url);
    home.clock.advance(SignedDuration::from_mins(11));
    let got = home.app.finish_joint(agreed.back(&flow, "harbour"), Some(&session), device(), "en").await;
    assert!(matches!(fault(got), JointFault::Over));
    assert!(!now(&home, &session).await.proven);

    claims(&partner, json!({ "auth_time": (partner.now)() }));
    let (flow, url) = begin(&home, &session).await;
    let agreed = partner.agree(&url);
    let finish = || home.app.finish_joint(agreed.back(&flow, "harbour"), Some(&session), device(), "en");
    assert!(matches!(finish().await, Ok(Arrived::Shown { fault: None, .. })));
    assert!(matches!(fault(finish().await), JointFault::Over), "once");
    assert!(now(&home, &session).await.proven && !now(&home, &other).await.proven);
    home.clock.advance(SignedDuration::from_mins(11));
    assert!(!now(&home, &session).await.proven, "a short while");
}

async fn promise_5_5_only_a_partner_that_is_linked_and_says_when_is_asked(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    let session = again(&home, &partner).await;
    assert_eq!(home.app.shows_at(subject).await.unwrap(), ["harbour"]);
    let (_, url) = begin(&home, &session).await;
    let asked = pairs(url.split_once('?').unwrap().1);
    let asked = ["prompt", "max_age", "scope"].map(|name| asked.get(name).map(String::as_str));
    assert_eq!(asked, [Some("login"), Some("0"), Some("openid")], "a login anew, and nothing beyond who it is");
    let (_, url) = home.app.start_joint("harbour", None, "192.0.2.7").await.unwrap_or_else(|f| panic!("{f}"));
    let login = pairs(url.split_once('?').unwrap().1);
    assert!(!login.contains_key("prompt") && login["scope"].contains("profile"));

    // Without ID tokens nobody says when; without a link nobody says who.
    let came = unknown(come(&home, &partner, "lantern").await.unwrap_or_else(|f| panic!("{f}")));
    let by_lantern = home.app.join_jointly(&came.flow, &came.told, form(2), "en").await;
    let by_lantern = by_lantern.unwrap_or_else(|f| panic!("{f}"));
    home.person(3).await;
    let cookie = by_lantern.session.unwrap().to_cookie();
    for session in [home.app.session(&cookie).await.unwrap().unwrap(), home.session(3).await] {
        assert!(home.app.shows_at(session.subject()).await.unwrap().is_empty());
        for name in ["harbour", "lantern"] {
            let begun = home.app.start_joint_proof(name, &session, "/privacy/cancel", "192.0.2.7").await;
            assert!(matches!(fault(begun), JointFault::Fault(Fault::NotFound)), "{name}");
        }
    }
}

async fn promise_2_1_who_has_no_password_chooses_one_from_a_proven_session(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let subject = joined(&home, &partner, 1).await;
    home.clock.advance(SignedDuration::from_hours(1));
    let session = again(&home, &partner).await;
    assert!(!home.app.has_password(subject).await.unwrap());
    let chosen = home.app.change_password(&session, "", PASSWORD, "", "en").await;
    assert!(matches!(chosen, Err(Fault::NeedsProof)));
    claims(&partner, json!({ "auth_time": (partner.now)() }));
    assert!(show(&home, &partner, &session).await.is_none());
    home.app.change_password(&now(&home, &session).await, "", PASSWORD, "", "en").await.unwrap();
    assert!(home.app.has_password(subject).await.unwrap());
    assert_eq!(home.session(1).await.subject(), subject);
    // From now on the present one is asked for.
    let again =
        home.app.change_password(&now(&home, &session).await, "", "velvet cactus lantern orbit", "", "en").await;
    assert!(matches!(again, Err(Fault::WrongLogin)));
}
