//! Linking, unlinking and joining that break off at any of their writes: whole, or never begun.

use std::sync::{Arc, Mutex};

use avouch::App;
use avouch::collection::joint::{ACCOUNT, Arrived, PROFILE, PURPOSE};
use avouch::store::SubjectId;
use avouch_store::Faults;
use avouch_testkit::Home;
use serde_json::json;

use super::partner::{Partner, come, form, held, link, link_by, unknown, with_partners};

avouch_testkit::on_both_engines!(
    promise_1_7_a_link_that_breaks_off_is_whole_or_never_was,
    promise_1_7_an_end_that_breaks_off_is_whole_or_never_was,
    promise_1_7_a_joining_that_breaks_off_is_whole_or_never_was,
);

const POINTS: [&str; 2] = ["before commit", "after commit"];

/// Fails once, at a point, after letting it pass some times.
#[derive(Default)]
struct Once(Mutex<Option<(&'static str, u32)>>);

impl Once {
    fn arm(&self, point: &'static str, pass: u32) {
        *self.0.lock().unwrap() = Some((point, pass));
    }

    /// Whether it struck; it is not armed any more.
    fn struck(&self) -> bool {
        self.0.lock().unwrap().take().is_none()
    }
}

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

/// A node whose commits fail, with the same partners.
async fn failing(home: &Home, partner: &Partner) -> (App, Arc<Once>) {
    let once = Arc::new(Once::default());
    let app = home.node("b", Some(Arc::clone(&once) as _)).await;
    (partner.configured(app), once)
}

fn account(partner: &Partner, n: u64) {
    partner.manner.lock().unwrap().claims = json!({ "sub": format!("p-{n}") });
}

/// Whether a link stands; link, what was received and the answer are there together or not at all.
async fn stands(home: &Home, subject: SubjectId) -> bool {
    let standing = home.app.account(subject).await.unwrap().standing;
    let purpose = home.app.policy().purpose(PURPOSE).unwrap().index();
    let parts = [
        home.app.joint_logins(subject).await.unwrap().len(),
        held(home, subject, ACCOUNT).await.len(),
        held(home, subject, PROFILE).await.len(),
        usize::from(standing.consents.has(purpose) || standing.separate.has(purpose)),
    ];
    assert!(parts[0] < 2 && parts.iter().all(|n| *n == parts[0]), "{parts:?}");
    parts[0] == 1
}

/// Who comes in with the partner's account.
async fn comes(home: &Home, partner: &Partner) -> Option<SubjectId> {
    match come(home, partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")) {
        Arrived::In(token) => Some(token.subject),
        _ => None,
    }
}

async fn promise_1_7_a_link_that_breaks_off_is_whole_or_never_was(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let (app, once) = failing(&home, &partner).await;
    let mut n = 0;
    for point in POINTS {
        let mut write = 0;
        loop {
            n += 1;
            account(&partner, n);
            let subject = home.person(n).await.subject;
            let session = home.session(n).await;
            once.arm(point, write);
            let linked = link_by(&app, &partner, &session).await;
            if !once.struck() {
                assert!(matches!(linked, Ok(Arrived::Linked)));
                break;
            }
            assert!(linked.is_err(), "{point} {write}: the person is told");
            let whole = stands(&home, subject).await;
            assert_eq!(comes(&home, &partner).await, whole.then_some(subject), "{point} {write}");
            if !whole {
                assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)), "{point} {write}: again");
                assert!(stands(&home, subject).await);
            }
            write += 1;
        }
        // The way, its end, the link.
        assert!(write >= 3, "{point} {write}");
    }
}

async fn promise_1_7_an_end_that_breaks_off_is_whole_or_never_was(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let (app, once) = failing(&home, &partner).await;
    for (n, point) in (1..).zip(POINTS) {
        account(&partner, n);
        let subject = home.person(n).await.subject;
        let session = home.session(n).await;
        assert!(matches!(link(&home, &partner, &session).await, Ok(Arrived::Linked)));
        once.arm(point, 0);
        let ended = app.unlink_joint(subject, "harbour", "en").await;
        assert!(once.struck() && ended.is_err(), "{point}: the person is told");
        let whole = stands(&home, subject).await;
        assert_eq!(whole, point == "before commit");
        assert_eq!(comes(&home, &partner).await, whole.then_some(subject), "{point}");
        if whole {
            home.app.unlink_joint(subject, "harbour", "en").await.unwrap();
            assert!(!stands(&home, subject).await);
        }
        // The partner is told once, whatever broke off.
        home.app.work().await.unwrap();
        assert_eq!(partner.ended.lock().unwrap().len() as u64, n, "{point}");
    }
}

async fn promise_1_7_a_joining_that_breaks_off_is_whole_or_never_was(mut home: Home) {
    let partner = with_partners(&mut home).await;
    let (app, once) = failing(&home, &partner).await;
    let people = async || home.app.store.counts().await.unwrap()["subjects"];
    let mut n = 0;
    for point in POINTS {
        let mut write = 0;
        loop {
            n += 1;
            account(&partner, n);
            let came = unknown(come(&home, &partner, "harbour").await.unwrap_or_else(|f| panic!("{f}")));
            let before = people().await;
            once.arm(point, write);
            let joined = app.join_jointly(&came.flow, &came.told, form(n), "en").await;
            if !once.struck() {
                assert!(joined.is_ok());
                break;
            }
            assert!(joined.is_err(), "{point} {write}: the person is told");
            match comes(&home, &partner).await {
                Some(subject) => {
                    assert_eq!(people().await, before + 1);
                    assert!(stands(&home, subject).await, "{point} {write}");
                }
                None => {
                    assert_eq!(people().await, before, "{point} {write}");
                    // Nothing is spent: the same page can be sent again.
                    let again = home.app.join_jointly(&came.flow, &came.told, form(n), "en").await;
                    let subject = again.unwrap_or_else(|f| panic!("{point} {write}: {f}")).subject;
                    assert!(stands(&home, subject).await);
                }
            }
            write += 1;
        }
        assert!(write > 0, "{point}");
    }
}
