//! Invented people for the demo, made by real calls through the gate.

use std::collections::BTreeMap;
use std::sync::Arc;

use avouch::App;
use avouch::collection::join::Join;
use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::store::{Actor, AgeBand, Which};
use avouch_policy::Act;
use serde::Serialize;

use crate::output::Failure;

/// A person who does not exist.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Invented {
    /// The name to log in with.
    pub user_name: String,
    /// The password, made at random at the demo's first start.
    pub password: String,
}

/// User name, nickname, mobile number, comments, interests, an order, consents.
type Sketch =
    (&'static str, &'static str, &'static str, &'static [&'static str], &'static str, &'static [&'static str]);

const PEOPLE: &[Sketch] = &[
    (
        "lin_mei",
        "林梅",
        "+8619900000001",
        &["第一次来，广场很热闹。", "周末有人去爬山吗？"],
        "hiking, tea",
        &["marketing", "recommendation"],
    ),
    ("zhao_yu", "Zhao Yu", "+8619900000002", &["The night market is back!"], "food, music", &["recommendation"]),
    ("amara_k", "Amara", "+8619900000003", &["Lovely photos of the river."], "photography", &["analytics"]),
    ("old_chen", "老陈", "+8619900000004", &["棋摊还在老地方。"], "chess", &[]),
    (
        "sofia_p",
        "Sofía",
        "+8619900000005",
        &["Does anyone teach calligraphy here?"],
        "calligraphy, tea",
        &["marketing", "analytics"],
    ),
];

const WORDS: &[&str] = &[
    "amber",
    "basil",
    "candle",
    "dune",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "island",
    "jasmine",
    "kettle",
    "lantern",
    "meadow",
    "nectar",
    "orchid",
    "pebble",
    "quartz",
    "ripple",
    "saffron",
    "thicket",
    "umber",
    "velvet",
    "willow",
    "yonder",
    "zephyr",
    "anchor",
    "bramble",
    "cobalt",
    "driftwood",
    "echo",
    "fennel",
    "glacier",
];

fn passphrase(app: &App) -> String {
    let bytes: [u8; 6] = app.store.random();
    let words: Vec<&str> = bytes.iter().filter_map(|b| WORDS.get(usize::from(*b) % WORDS.len())).copied().collect();
    words.join(" ")
}

/// The purposes the demo's service may claim.
pub(crate) fn purposes() -> Vec<String> {
    let names = [
        "account",
        "content",
        "orders",
        "recommendation",
        "marketing",
        "analytics",
        "support",
        "publication",
        "fault",
        "security",
        "nearby",
        "camera",
    ];
    names.map(str::to_owned).to_vec()
}

/// Makes the people, their content, consents and a little use; gives the service's credential too.
pub(crate) async fn invent(app: &App) -> Result<(Vec<Invented>, String), Failure> {
    let credential = app.register_service("plaza", &purposes()).await?;
    let service = app.service(&credential).await?.ok_or_else(|| Failure::new("demo", "the demo's service is gone"))?;
    let plaza = Actor::Service(Arc::clone(&service));
    let password = passphrase(app);
    let mut people = Vec::new();
    for (name, nickname, phone, comments, interests, consents) in PEOPLE {
        let values = [
            ("user_name", (*name).to_owned()),
            ("nickname", (*nickname).to_owned()),
            ("phone", (*phone).to_owned()),
            ("email", format!("{name}@plaza.example")),
            ("password", password.clone()),
        ];
        let values: BTreeMap<String, String> = values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let joined =
            app.join(Join { values, age: Some(AgeBand::Adult), device: None, external: None }, &Actor::Subject).await?;
        let subject = joined.subject;
        for purpose in *consents {
            app.answer(subject, purpose, true, "zh-CN", &Actor::Subject).await?;
        }
        let mut records = vec![("orders", "address", "上海市浦东新区示例路 1 号".to_owned())];
        records.push(("orders", "order", serde_json::json!({ "thing": "tea", "paid": "38.00 CNY" }).to_string()));
        records.extend(comments.iter().map(|text| ("content", "comment", (*text).to_owned())));
        if consents.contains(&"recommendation") {
            records.push(("recommendation", "interests", (*interests).to_owned()));
        }
        for (purpose, item, value) in records {
            let new = NewRecord { subject, purpose: purpose.into(), item: item.into(), record: None, value };
            app.put_record(new, &plaza).await?;
        }
        for (purpose, item) in [("orders", "phone"), ("orders", "address"), ("content", "nickname")] {
            let wanted = Wanted { act: Act::Use, purpose, items: &[item], recipient: None };
            app.use_records(subject, &wanted, &plaza, &Which::all()).await?;
        }
        people.push(Invented { user_name: (*name).to_owned(), password: password.clone() });
    }
    Ok((people, credential))
}
