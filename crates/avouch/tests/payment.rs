//! Payment: a purpose with items and a recipient of its own, apart from orders, on both engines.
//!
//! Keeps promises 2.2 and 4.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::Fault;
use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::store::{Actor, SubjectId, Which};
use avouch_policy::{Act, Code};
use avouch_testkit::Home;

avouch_testkit::on_both_engines!(
    promise_2_2_payment_and_orders_are_purposes_apart,
    promise_5_2_law_keeps_orders_and_payments_each_by_its_own_purpose,
);

async fn bought(home: &Home) -> (SubjectId, Actor) {
    let subject = home.person(1).await.subject;
    let shop = Actor::Service(home.service("shop", &["orders", "payment"]).await);
    for (purpose, item, value) in [("orders", "order", "{\"lamp\":1}"), ("payment", "payment", "{\"amount\":12}")] {
        let (purpose, item) = (purpose.to_owned(), item.to_owned());
        let new = NewRecord { subject, purpose, item, record: None, value: value.to_owned() };
        home.app.put_record(new, &shop).await.unwrap();
    }
    (subject, shop)
}

async fn promise_2_2_payment_and_orders_are_purposes_apart(home: Home) {
    let (subject, shop) = bought(&home).await;
    let asked = async |act, purpose, item: &str, to| {
        let wanted = Wanted { act, purpose, items: &[item], recipient: to };
        match home.app.use_records(subject, &wanted, &shop, &Which::all()).await {
            Ok(used) => Ok(used.records.len()),
            Err(Fault::Refused(denied)) => Err(denied.refusal.reasons.iter().map(|r| r.code).collect::<Vec<_>>()),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(asked(Act::Use, "orders", "payment", None).await, Err(vec![Code::ItemNotInPurpose]));
    assert_eq!(asked(Act::Use, "payment", "order", None).await, Err(vec![Code::ItemNotInPurpose]));
    let to_payment = asked(Act::Share, "orders", "order", Some("payment")).await.unwrap_err();
    assert!(to_payment.contains(&Code::RecipientPurpose) && to_payment.contains(&Code::RecipientItem));
    let pay = async || asked(Act::Share, "payment", "payment", Some("payment")).await;
    assert_eq!(pay().await, Err(vec![Code::NoRecipientConsent]), "it decides for itself: it is asked for by itself");
    home.app.answer_recipient(subject, "payment", true, "en").await.unwrap();
    assert_eq!(pay().await, Ok(1));
}

async fn promise_5_2_law_keeps_orders_and_payments_each_by_its_own_purpose(home: Home) {
    let (subject, _) = bought(&home).await;
    assert!(home.app.erase(subject).await.unwrap().kept >= 2);
    let mut reading = home.app.store.reading().await.unwrap();
    let held = reading.look().unwrap().held_counts().await.unwrap();
    for item in ["order", "payment"] {
        assert!(held.iter().any(|(name, count, _)| name == item && *count == 1), "{item} of {held:?}");
    }
}
