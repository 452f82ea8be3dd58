//! A permit cannot be forged, copied, kept, or spent for anything else; plaintext does not leave without one.
//!
//! Keeps promise 2.0. The cases in `permits/` must not compile; what the types alone cannot tell apart is
//! tried at run time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch_policy::{Act, Ask, AskNames, Party};
use avouch_seal::Plain;
use avouch_store::{Actor, Answer, Credential, Opened, Permit, Record, StoreError, Used, Which};
use avouch_testkit::{Engine, Home};

#[test]
fn promise_2_0_a_permit_cannot_be_forged_copied_or_kept() {
    trybuild::TestCases::new().compile_fail("tests/permits/*.rs");
}

/// Compiles only while none of the types has the trait: with it, two impls would fit.
macro_rules! none_is {
    ($trait:path: $($type:ty),+ $(,)?) => {{
        trait Fits<Witness> {
            fn fits() {}
        }
        struct HasIt;
        impl<T: ?Sized> Fits<()> for T {}
        impl<T: ?Sized + $trait> Fits<HasIt> for T {}
        $(<$type as Fits<_>>::fits();)+
    }};
}

#[test]
fn promise_2_0_plaintext_and_permits_have_no_side_door() {
    type Value = Plain<Vec<u8>>;
    none_is!(Clone: Permit<'static>, Opened, Value, Record, Used);
    none_is!(std::fmt::Display: Permit<'static>, Opened, Value, Record, Used);
    none_is!(serde::Serialize: Permit<'static>, Opened, Value, Record, Used, Credential);
    none_is!(std::ops::Deref: Permit<'static>, Opened, Value, Record, Used);
    none_is!(AsRef<[u8]>: Opened, Value, Record, Used);
    none_is!(Default: Permit<'static>, Opened, Credential);
    none_is!(serde::de::DeserializeOwned: Permit<'static>, Opened, Credential);
    let told = format!("{:?}", Plain::new(b"canary".to_vec()));
    assert!(!told.contains("canary") && !told.contains("99"), "{told}");
}

fn ask_of(home: &Home) -> Ask {
    home.app
        .policy()
        .ask(AskNames {
            act: Act::Use,
            party: Party::Subject,
            purpose: "rights",
            items: &["email"],
            recipient: None,
            region: "cn",
            at: home.app.store.now(),
        })
        .unwrap()
}

async fn spent_elsewhere(home: Home) {
    let subject = home.person(1).await.subject;
    let before = home.app.store.counts().await.unwrap()["leaves"];
    let (mut first, mut second) = (home.app.store.reading().await.unwrap(), home.app.store.reading().await.unwrap());
    let (mut here, mut there) = (first.look().unwrap(), second.look().unwrap());
    let Answer::Permitted(permit) = here.ask(subject, ask_of(&home), &Actor::Subject).await.unwrap() else {
        panic!("a person may see their own data")
    };
    let misused = there.open(permit, &Which::all()).await;
    assert!(matches!(misused, Err(StoreError::Misused { .. })), "spent in another look: {misused:?}");
    let Answer::Permitted(permit) = here.ask(subject, ask_of(&home), &Actor::Subject).await.unwrap() else {
        panic!("a person may see their own data")
    };
    let opened = here.open(permit, &Which::all()).await.unwrap();
    drop((here, there));
    assert!(!format!("{opened:?}").contains("plaza"), "what is opened cannot be printed");
    let used = home.app.store.release(vec![opened]).await.unwrap().unwrap();
    assert_eq!(used.len(), 1);
    assert_eq!(home.app.store.counts().await.unwrap()["leaves"], before + 1, "one use, one leaf");
}

#[tokio::test]
async fn promise_2_0_a_permit_of_one_look_is_refused_by_another_on_sqlite() {
    spent_elsewhere(Home::new(Engine::Sqlite).await).await;
}

#[tokio::test]
async fn promise_2_0_a_permit_of_one_look_is_refused_by_another_on_postgres() {
    spent_elsewhere(Home::new(Engine::Postgres).await).await;
}
