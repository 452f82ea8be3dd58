//! Marketing: to those who asked for it on this channel, refused with one step, and never again.
//!
//! Keeps promise 2.5.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use avouch::Fault;
use avouch::security::code::From;
use avouch::store::{Actor, CampaignId, Credential, SubjectId};
use avouch::usage::marketing::{NewCampaign, Slot, Words};
use avouch_testkit::canary::scan;
use avouch_testkit::{Engine, Home, Outbox};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const CHANNELS: [&str; 3] = ["marketing", "marketing_sms", "marketing_in_app"];

struct Shop {
    home: Home,
    outbox: Arc<Outbox>,
    by: Arc<Credential>,
}

impl Shop {
    async fn new(engine: Engine) -> Self {
        let mut home = Home::new(engine).await;
        let outbox = home.with_outbox();
        home.app = home.app.clone().at("https://privacy.plaza.example".parse().unwrap());
        let by = home.service("offers", &CHANNELS).await;
        Self { home, outbox, by }
    }

    /// A person whose mail address is verified.
    async fn verified(&self, n: u64) -> SubjectId {
        let who = self.home.person(n).await.subject;
        self.verify(n).await;
        who
    }

    async fn verify(&self, n: u64) {
        let session = self.home.session(n).await;
        let from = From { address: "192.0.2.7", language: "en" };
        self.home.app.start_verifying(&session, "email", from).await.unwrap();
        let code = self.mail().await.iter().find_map(|a| a.code.clone()).unwrap();
        self.home.app.verify(&session, "email", &code).await.unwrap();
    }

    async fn mail(&self) -> Vec<avouch_testkit::outbox::Arrived> {
        self.home.app.work().await.unwrap();
        self.outbox.take()
    }

    fn words() -> BTreeMap<String, Words> {
        let words = |line: &str, text: &str| Words { line: line.into(), text: text.into() };
        BTreeMap::from([
            ("en".into(), words("Night market", "It is back.")),
            ("zh-CN".into(), words("夜市", "夜市回来了。")),
        ])
    }

    async fn campaign(&self) -> CampaignId {
        let new = NewCampaign { purpose: "marketing".into(), words: Self::words(), slot: None, until: None };
        self.home.app.start_campaign(new, &self.by).await.unwrap()
    }

    /// Whom a new campaign reached.
    async fn reached(&self) -> Vec<String> {
        self.campaign().await;
        let mut to: Vec<String> = self.mail().await.into_iter().filter(|a| a.kind == "offer").map(|a| a.to).collect();
        to.sort();
        to
    }
}

fn link(arrived: &avouch_testkit::outbox::Arrived) -> String {
    let link = arrived.unsubscribe.clone().unwrap();
    assert!(arrived.text.contains(&link), "the words carry the link too");
    link.strip_prefix("https://privacy.plaza.example/unsubscribe/").unwrap().to_owned()
}

#[tokio::test]
async fn promise_2_5_an_offer_reaches_who_asked_for_it_on_this_channel_and_nobody_else() {
    for engine in ENGINES {
        let shop = Shop::new(engine).await;
        let (yes, other_channel) = (shop.verified(1).await, shop.verified(2).await);
        let _silent = shop.verified(3).await;
        let unverified = shop.home.person(4).await.subject;
        shop.home.consent(yes, "marketing", true).await;
        shop.home.consent(other_channel, "marketing_sms", true).await;
        shop.home.consent(unverified, "marketing", true).await;

        let id = shop.campaign().await;
        let arrived = shop.mail().await;
        assert_eq!(arrived.len(), 1, "{engine:?}: {arrived:?}");
        assert_eq!((arrived[0].to.as_str(), arrived[0].kind.as_str()), ("person1@plaza.example", "offer"));
        let came = shop.home.app.campaign(id, &shop.by).await.unwrap();
        assert_eq!((came.done, came.queued, came.sent, came.refused), (true, 1, 1, 1), "{engine:?}");

        // Run again, nobody is written to twice.
        assert!(shop.mail().await.is_empty());
        // The use stands in the person's own list.
        let uses = shop.home.app.uses(yes, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(uses.iter().any(|u| u.purpose == "marketing" && u.actor == "offers" && u.item == "email"));
    }
}

#[tokio::test]
async fn promise_2_5_a_withdrawal_while_the_message_waits_stops_it() {
    let shop = Shop::new(Engine::Sqlite).await;
    let who = shop.verified(1).await;
    shop.home.consent(who, "marketing", true).await;
    shop.outbox.fail(Some(avouch::messages::Undelivered { why: "down".into(), for_good: false }));
    shop.campaign().await;
    assert!(shop.mail().await.is_empty());
    shop.home.consent(who, "marketing", false).await;
    shop.outbox.fail(None);
    shop.home.clock.days(1);
    assert!(shop.mail().await.is_empty());
}

#[tokio::test]
async fn promise_2_5_the_link_refuses_at_once_without_a_login_and_tells_nothing() {
    for engine in ENGINES {
        let shop = Shop::new(engine).await;
        let who = shop.verified(1).await;
        shop.home.consent(who, "marketing", true).await;
        shop.campaign().await;
        let word = link(&shop.mail().await[0]);
        for telling in [who.to_string(), "person1".into(), "plaza.example".into()] {
            assert!(!word.contains(&telling));
        }
        assert!(!shop.home.app.is_link("made-up"));
        assert!(matches!(shop.home.app.unsubscribe("made-up").await, Err(Fault::NotFound)));

        shop.home.app.unsubscribe(&word).await.unwrap();
        shop.home.app.unsubscribe(&word).await.unwrap();
        assert!(shop.reached().await.is_empty(), "{engine:?}");
        let answers = shop.home.app.consent_history(who).await.unwrap();
        assert_eq!(answers.iter().filter(|a| a.target == "marketing" && !a.given).count(), 1, "once");

        // The person's own yes opens the channel again.
        shop.home.consent(who, "marketing", true).await;
        assert_eq!(shop.reached().await, ["person1@plaza.example"]);
    }
}

#[tokio::test]
async fn promise_2_5_a_refusal_outlives_the_account_and_holds_for_the_address_that_joins_anew() {
    for engine in ENGINES {
        let shop = Shop::new(engine).await;
        let who = shop.verified(1).await;
        shop.home.consent(who, "marketing", true).await;
        shop.campaign().await;
        let word = link(&shop.mail().await[0]);
        let session = shop.home.session(1).await;
        shop.home.app.cancel(&session, true).await.unwrap();
        // The account is gone; the link of the old message still refuses.
        shop.home.app.unsubscribe(&word).await.unwrap();
        if engine == Engine::Sqlite {
            assert!(
                scan(shop.home.dir.path(), &[b"person1@plaza.example".as_slice()]).is_empty(),
                "only a digest is left"
            );
        }

        let again = shop.verified(1).await;
        // A yes brought over by a service lifts nothing; the person's own does.
        let actor = Actor::Service(Arc::clone(&shop.by));
        shop.home.app.answer(again, "marketing", true, "en", &actor).await.unwrap();
        assert!(shop.reached().await.is_empty(), "{engine:?}");
        shop.home.consent(again, "marketing", true).await;
        assert_eq!(shop.reached().await, ["person1@plaza.example"], "{engine:?}");
    }
}

#[tokio::test]
async fn promise_2_5_a_place_for_offers_asks_the_gate_each_time_and_falls_back_to_the_neutral() {
    let shop = Shop::new(Engine::Sqlite).await;
    let who = shop.home.person(1).await.subject;
    let until = Some(shop.home.app.store.now() + jiff::SignedDuration::from_hours(48));
    let slot = || async { shop.home.app.slot(who, "home-top", "zh-CN", &shop.by).await.unwrap() };
    assert!(matches!(slot().await, Slot::Neutral), "nothing to show");
    let purpose = "marketing_in_app".to_owned();
    let new = NewCampaign { purpose: purpose.clone(), words: Shop::words(), slot: Some("home-top".into()), until };
    shop.home.app.start_campaign(new, &shop.by).await.unwrap();
    assert!(matches!(slot().await, Slot::Neutral), "not asked for");
    shop.home.consent(who, &purpose, true).await;
    let Slot::Offer { words, .. } = slot().await else { panic!("asked for") };
    assert_eq!(words.line, "夜市");
    shop.home.consent(who, &purpose, false).await;
    assert!(matches!(slot().await, Slot::Neutral), "withdrawn");
    shop.home.consent(who, &purpose, true).await;
    shop.home.clock.days(3);
    assert!(matches!(slot().await, Slot::Neutral), "over");
}

#[tokio::test]
async fn promise_2_5_a_campaign_that_could_not_be_refused_or_read_is_not_begun() {
    let shop = Shop::new(Engine::Sqlite).await;
    let app = &shop.home.app;
    let new = |purpose: &str| NewCampaign { purpose: purpose.into(), words: Shop::words(), slot: None, until: None };
    assert!(matches!(app.start_campaign(new("support"), &shop.by).await, Err(Fault::NotFound)), "no channel");
    let narrow = shop.home.service("narrow", &["support"]).await;
    assert!(matches!(app.start_campaign(new("marketing"), &narrow).await, Err(Fault::NotFound)), "not bound");
    let mut silent = new("marketing");
    silent.words.remove("zh-CN");
    assert!(
        matches!(app.start_campaign(silent, &shop.by).await, Err(Fault::Invalid(f)) if f[0].field == "words.zh-CN")
    );
    let Err(Fault::Invalid(faults)) = app.start_campaign(new("marketing_in_app"), &shop.by).await else {
        panic!("without a place")
    };
    assert_eq!(faults.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["slot", "until"]);
    let mut elsewhere = Home::new(Engine::Sqlite).await;
    elsewhere.with_outbox();
    let by = elsewhere.service("offers", &CHANNELS).await;
    assert!(matches!(elsewhere.app.start_campaign(new("marketing"), &by).await, Err(Fault::NotNow(_))), "no address");
}
