//! Coming from an existing table, on both engines: what can be documented comes in through the gate, what cannot
//! waits sealed, nobody comes in twice, and a password of the old system opens the door once more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use avouch::Fault;
use avouch::collection::external::ExternalId;
use avouch::collection::import::mapping::{ConsentColumn, ItemColumn, Mapping};
use avouch::collection::import::{Plan, Row};
use avouch::collection::join::Join;
use avouch::gate::Wanted;
use avouch::security::session::Device;
use avouch::store::{Actor, AgeBand, Sink, SubjectId, Which};
use avouch_policy::Act;
use avouch_store::{ImportRow, RowOutcome};
use avouch_testkit::Home;
use jiff::SignedDuration;

avouch_testkit::on_both_engines!(
    promise_1_1_a_person_of_an_old_table_logs_in_with_the_old_password,
    promise_1_1_nobody_is_brought_in_twice_nor_back_after_an_erasure,
    promise_1_1_rows_that_cannot_come_in_are_told_and_leave_nothing,
    promise_1_1_a_service_finds_its_people_by_its_own_numbers,
    promise_1_1_a_service_may_keep_its_own_login,
    promise_2_0_what_cannot_be_documented_waits_and_serves_nothing,
    promise_2_0_what_waits_goes_when_declined_and_when_nobody_answers,
    promise_2_0_a_sensitive_item_without_separate_consent_is_not_brought_in,
    promise_6_4_an_answer_that_can_be_shown_counts_from_when_it_was_given,
    promise_6_1_what_waits_is_in_the_export,
    promise_5_2_what_waits_is_unreadable_after_an_erasure,
    a_dry_run_tells_and_writes_nothing,
    a_mapping_that_claims_what_the_policy_does_not_say_is_refused_whole,
);

/// Of the password `correct horse battery staple`, made by another program.
const BCRYPT: &str = "$2b$05$kq7deJivCjAieTp6LVWBlOxkmM3dEYOmIuALW7WtM8ZeoyNg8gtqq";
const PASSWORD: &str = "correct horse battery staple";

fn item(item: &str, purpose: &str, basis: Option<&str>) -> ItemColumn {
    let source = if item == "location" { "automatic" } else { "provided" };
    ItemColumn {
        item: item.into(),
        purpose: Some(purpose.into()),
        source: Some(source.into()),
        basis: basis.map(str::to_owned),
        collected: None,
    }
}

fn mapping() -> Mapping {
    Mapping {
        service: "shop".into(),
        number: Some("id".into()),
        external_id: Some("id".into()),
        joined: Some("created_at".into()),
        age: None,
        birth_date: Some("born".into()),
        deleted: Some("deleted_at".into()),
        quarantine: Some("30 days".into()),
        items: BTreeMap::from([
            ("login".into(), item("user_name", "account", Some("contract"))),
            ("mail".into(), item("email", "account", Some("contract"))),
            ("hash".into(), item("password", "account", Some("contract"))),
            ("nick".into(), item("nickname", "account", None)),
            ("likes".into(), item("interests", "recommendation", Some("consent"))),
            ("place".into(), item("location", "nearby", Some("separate-consent"))),
        ]),
        consents: BTreeMap::from([(
            "likes_ok".into(),
            ConsentColumn {
                purpose: "recommendation".into(),
                given: BTreeSet::from(["yes".to_owned()]),
                at: "likes_ok_at".into(),
                evidence: "likes_ok_proof".into(),
                wording: "May we choose posts by your interests?".into(),
                language: "en".into(),
            },
        )]),
        ignore: BTreeSet::new(),
    }
}

async fn plan(home: &Home) -> Plan {
    if home.app.register_service("shop", &["account", "recommendation", "nearby"].map(str::to_owned)).await.is_err() {
        // Registered before.
    }
    home.app.plan_import("old-shop", mapping(), [7; 32]).await.unwrap()
}

fn row(number: i64, fields: &[(&str, &str)]) -> Row {
    let mut all = BTreeMap::from([
        ("id".to_owned(), number.to_string()),
        ("login".to_owned(), format!("old_person{number}")),
        ("mail".to_owned(), format!("old{number}@plaza.example")),
        ("hash".to_owned(), BCRYPT.to_owned()),
        ("created_at".to_owned(), "2021-03-04 12:00:00".to_owned()),
    ]);
    for (column, value) in fields {
        all.insert((*column).to_owned(), (*value).to_owned());
    }
    Row { number, fields: Ok(all) }
}

async fn bring(home: &Home, rows: Vec<Row>) -> Vec<ImportRow> {
    let plan = plan(home).await;
    home.app.begin_import(&plan).await.unwrap();
    let mut out = home.app.import_rows(&plan, rows).await.unwrap();
    out.sort_by_key(|row| row.number);
    out
}

async fn who(home: &Home, number: i64) -> Option<SubjectId> {
    home.app.find_external(&ExternalId::new("shop", &number.to_string()).unwrap()).await.unwrap()
}

fn said<'r>(row: &'r ImportRow, column: &str) -> Vec<&'r str> {
    row.about.iter().filter(|(c, _)| c == column).map(|(_, code)| code.as_str()).collect()
}

async fn held(home: &Home, subject: SubjectId) -> Vec<String> {
    let policy = home.app.policy();
    home.app.holdings(subject).await.unwrap().iter().map(|h| policy.item_name(h.item).to_owned()).collect()
}

async fn promise_1_1_a_person_of_an_old_table_logs_in_with_the_old_password(home: Home) {
    let rows = bring(&home, vec![row(1, &[])]).await;
    assert_eq!(rows[0].outcome, RowOutcome::Brought, "{rows:?}");
    let subject = who(&home, 1).await.unwrap();
    let joined = home.app.account(subject).await.unwrap().joined;
    assert_eq!(joined, "2021-03-04T12:00:00Z".parse().unwrap());
    for head in home.app.holdings(subject).await.unwrap() {
        assert_eq!(head.source, "import:old-shop");
    }
    let wrong = home.app.log_in("old1@plaza.example", "not that password", Device::default()).await;
    assert!(matches!(wrong, Err(Fault::WrongLogin)));
    let stored = version(&home, subject).await;
    let token = home.app.log_in("OLD_PERSON1", PASSWORD, Device::default()).await.unwrap();
    assert_eq!(token.subject, subject);
    assert_eq!(version(&home, subject).await, stored + 1, "the old hash was replaced by one of ours");
    home.app.log_in("old1@plaza.example", PASSWORD, Device::default()).await.unwrap();
    assert_eq!(version(&home, subject).await, stored + 1, "and that one stays");
}

/// How often the password was written.
async fn version(home: &Home, subject: SubjectId) -> u64 {
    let password = home.app.policy().item("password").unwrap();
    home.app.holdings(subject).await.unwrap().iter().find(|h| h.item == password).unwrap().version
}

async fn promise_1_1_nobody_is_brought_in_twice_nor_back_after_an_erasure(home: Home) {
    let all = || (1..=40).map(|n| row(n, &[])).collect::<Vec<_>>();
    let first: Vec<Row> = all().into_iter().take(25).collect();
    assert_eq!(bring(&home, first).await.len(), 25);
    home.app.erase(who(&home, 3).await.unwrap()).await.unwrap();
    // The same table again from its beginning: only what is new comes in.
    let second = bring(&home, all()).await;
    assert_eq!(second.iter().map(|r| r.number).collect::<Vec<_>>(), (26..=40).collect::<Vec<_>>());
    assert_eq!(home.app.store.people().await.unwrap(), 39);
    assert_eq!(who(&home, 3).await, None, "an erased person is not brought back");
    // Another node that reads the same rows at the same time adds nobody.
    let plan = plan(&home).await;
    let other = home.node("b", None).await;
    let rows = || (41..=60).map(|n| row(n, &[])).collect::<Vec<_>>();
    let (one, two) = tokio::join!(home.app.import_rows(&plan, rows()), other.import_rows(&plan, rows()));
    assert!(one.is_ok() || two.is_ok() || matches!(one, Err(Fault::Store(_))));
    home.app.import_rows(&plan, rows()).await.unwrap();
    let counts = home.app.end_import(&plan).await.unwrap();
    assert_eq!(counts, BTreeMap::from([(RowOutcome::Brought, 60)]));
    for number in 41..=60 {
        assert!(who(&home, number).await.is_some(), "{number}");
    }
    // Another table under the same name is not taken for this one.
    let stranger = home.app.plan_import("old-shop", mapping(), [8; 32]).await.unwrap();
    assert!(matches!(home.app.begin_import(&stranger).await, Err(Fault::NotNow(_))));
}

async fn promise_1_1_rows_that_cannot_come_in_are_told_and_leave_nothing(home: Home) {
    home.person(1).await;
    let people = home.app.store.people().await.unwrap();
    let unreadable = Row { number: 9, fields: Err("unreadable".into()) };
    let rows = bring(
        &home,
        vec![
            row(1, &[("mail", "person1@plaza.example")]),
            row(2, &[("deleted_at", "2022-01-01")]),
            row(3, &[("born", "2020-05-05")]),
            row(4, &[("login", ""), ("mail", ""), ("id", "")]),
            row(5, &[("mail", "not an address"), ("hash", "5f4dcc3b5aa765d61d8327deb882cf99")]),
            row(6, &[("born", "2011-05-05")]),
            row(7, &[("born", "long ago")]),
            unreadable,
        ],
    )
    .await;
    let outcomes: Vec<RowOutcome> = rows.iter().map(|r| r.outcome).collect();
    let (no, partly) = (RowOutcome::Refused, RowOutcome::Partly);
    assert_eq!(outcomes, [no, RowOutcome::Deleted, no, no, partly, RowOutcome::Brought, no, no], "{rows:?}");
    assert_eq!(rows[0].about, [("email".to_owned(), "taken".to_owned())]);
    assert_eq!(rows[2].about, [(String::new(), "needs-guardian".to_owned())]);
    assert_eq!(rows[3].about, [(String::new(), "nothing-to-find-by".to_owned())]);
    assert_eq!(said(&rows[4], "mail"), ["not-an-email"]);
    assert_eq!(said(&rows[4], "hash"), ["password-kind-unknown"]);
    assert_eq!(rows[7].about, [(String::new(), "unreadable".to_owned())]);
    assert_eq!(home.app.store.people().await.unwrap(), people + 2, "no key is left of those who did not come in");
    let teen = home.app.account(who(&home, 6).await.unwrap()).await.unwrap();
    assert_eq!(teen.standing.age, avouch_policy::Age::Teen);
    assert_eq!(held(&home, who(&home, 5).await.unwrap()).await, ["external_id", "user_name"]);
}

async fn promise_1_1_a_service_finds_its_people_by_its_own_numbers(home: Home) {
    let shop = Actor::Service(home.service("shop", &["account"]).await);
    let (a, b) = (home.person(1).await.subject, home.person(2).await.subject);
    let id = |text: &str| ExternalId::new("shop", text).unwrap();
    home.app.set_external(a, id("48213"), &shop).await.unwrap();
    assert_eq!(home.app.find_external(&id("48213")).await.unwrap(), Some(a));
    assert_eq!(home.app.find_external(&ExternalId::new("forum", "48213").unwrap()).await.unwrap(), None);
    home.app.set_external(a, id("48213"), &shop).await.unwrap();
    for (subject, number) in [(b, "48213"), (a, "48214")] {
        let refused = home.app.set_external(subject, id(number), &shop).await;
        assert!(matches!(refused, Err(Fault::Taken(_))), "{refused:?}");
    }
    assert!(ExternalId::new("shop", " ").is_err() && ExternalId::new("shop", "a\nb").is_err());
    // It is no name to log in by, and goes with its person.
    let password = avouch_testkit::home::PASSWORD;
    assert!(home.app.log_in("48213", password, Device::default()).await.is_err());
    home.app.erase(a).await.unwrap();
    assert_eq!(home.app.find_external(&id("48213")).await.unwrap(), None);
    home.app.set_external(b, id("48213"), &shop).await.unwrap();
}

async fn promise_1_1_a_service_may_keep_its_own_login(home: Home) {
    let shop = Actor::Service(home.service("shop", &["account", "content"]).await);
    let join = |external: Option<&str>| Join {
        values: BTreeMap::from([("nickname".to_owned(), "Person of the shop".to_owned())]),
        age: Some(AgeBand::Adult),
        device: None,
        external: external.map(|id| ExternalId::new("shop", id).unwrap()),
    };
    assert!(matches!(home.app.join(join(None), &shop).await, Err(Fault::Invalid(_))));
    let joined = home.app.join(join(Some("7")), &shop).await.unwrap();
    assert_eq!(who(&home, 7).await, Some(joined.subject));
    assert_eq!(held(&home, joined.subject).await, ["external_id", "nickname"]);
    assert!(matches!(home.app.join(join(Some("7")), &shop).await, Err(Fault::Taken(_))));
}

async fn use_interests(home: &Home, subject: SubjectId) -> Result<usize, Fault> {
    let shop = Actor::Service(home.service(&format!("r-{subject}"), &["recommendation"]).await);
    let wanted = Wanted { act: Act::Use, purpose: "recommendation", items: &["interests"], recipient: None };
    home.app.use_records(subject, &wanted, &shop, &Which::all()).await.map(|used| used.records.len())
}

async fn promise_2_0_what_cannot_be_documented_waits_and_serves_nothing(home: Home) {
    let rows = bring(&home, vec![row(1, &[("nick", "Old Nick"), ("likes", "chess")])]).await;
    assert_eq!(rows[0].outcome, RowOutcome::Partly);
    assert_eq!(said(&rows[0], "nick"), ["no-basis"]);
    assert_eq!(said(&rows[0], "likes"), ["no-consent"]);
    let subject = who(&home, 1).await.unwrap();
    let waiting = home.app.quarantined(subject).await.unwrap();
    assert_eq!(waiting.iter().map(|q| q.item.as_str()).collect::<Vec<_>>(), ["nickname", "interests"]);
    assert!(!held(&home, subject).await.iter().any(|i| i == "nickname" || i == "interests"));
    assert!(matches!(use_interests(&home, subject).await, Err(Fault::Refused(_))));
    // Its person sees it, and nobody else can.
    let shown = home.app.see_quarantined(subject).await.unwrap();
    let texts: Vec<String> =
        shown.iter().map(|s| s.value.expose(Sink::Subject, |v| String::from_utf8(v.clone()).unwrap())).collect();
    assert_eq!(texts, ["Old Nick", "chess"]);
    // Kept on the contract; consented to: each a record from then on.
    assert_eq!(home.app.keep_quarantined(subject, "account", "en").await.unwrap(), 1);
    home.consent(subject, "recommendation", true).await;
    assert!(home.app.quarantined(subject).await.unwrap().is_empty());
    let heads = home.app.holdings(subject).await.unwrap();
    let policy = home.app.policy();
    for item in ["nickname", "interests"] {
        let head = heads.iter().find(|h| policy.item_name(h.item) == item).unwrap();
        assert_eq!((head.source.as_str(), head.created), ("import:old-shop", "2021-03-04T12:00:00Z".parse().unwrap()));
    }
}

async fn promise_2_0_what_waits_goes_when_declined_and_when_nobody_answers(home: Home) {
    bring(&home, vec![row(1, &[("nick", "Nick"), ("likes", "chess")]), row(2, &[("nick", "Nora")])]).await;
    let (one, two) = (who(&home, 1).await.unwrap(), who(&home, 2).await.unwrap());
    assert_eq!(home.app.decline_quarantined(one, "recommendation").await.unwrap(), 1);
    home.consent(one, "recommendation", true).await;
    assert!(!held(&home, one).await.contains(&"interests".to_owned()), "what was declined is gone");
    home.clock.advance(SignedDuration::from_hours(30 * 24 - 1));
    assert_eq!(home.app.quarantined(two).await.unwrap().len(), 1);
    home.clock.advance(SignedDuration::from_hours(1));
    assert!(home.app.quarantined(two).await.unwrap().is_empty(), "past its end at once");
    assert_eq!(home.app.sweep(true).await.unwrap().quarantined, 2);
    assert_eq!(home.app.sweep(false).await.unwrap().quarantined, 2);
    assert_eq!(home.app.keep_quarantined(two, "account", "en").await.unwrap(), 0);
}

async fn promise_2_0_a_sensitive_item_without_separate_consent_is_not_brought_in(home: Home) {
    let place = r#"{"lat":31.2,"lon":121.5}"#;
    let rows = bring(&home, vec![row(1, &[("place", place)])]).await;
    assert_eq!(rows[0].outcome, RowOutcome::Partly);
    assert_eq!(said(&rows[0], "place"), ["no-separate-consent"]);
    let subject = who(&home, 1).await.unwrap();
    assert!(!held(&home, subject).await.contains(&"location".to_owned()));
}

async fn promise_6_4_an_answer_that_can_be_shown_counts_from_when_it_was_given(home: Home) {
    let shown =
        [("likes", "chess"), ("likes_ok", "yes"), ("likes_ok_at", "2022-06-01"), ("likes_ok_proof", "log 4711")];
    let rows =
        bring(&home, vec![row(1, &shown), row(2, &shown[..3]), row(3, &[("likes", "go"), ("likes_ok", "no")])]).await;
    assert_eq!(rows[0].outcome, RowOutcome::Brought, "{:?}", rows[0]);
    let one = who(&home, 1).await.unwrap();
    let history = home.app.consent_history(one).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].at, "2022-06-01T00:00:00Z".parse().unwrap());
    assert_eq!(history[0].evidence, "log 4711");
    assert_eq!(use_interests(&home, one).await.unwrap(), 1);
    // Without evidence an answer is none, and what rests on it waits.
    assert_eq!(said(&rows[1], "likes_ok"), ["no-evidence"]);
    for number in [2, 3] {
        let subject = who(&home, number).await.unwrap();
        assert!(home.app.consent_history(subject).await.unwrap().is_empty());
        assert_eq!(home.app.quarantined(subject).await.unwrap().len(), 1);
    }
}

async fn promise_6_1_what_waits_is_in_the_export(home: Home) {
    bring(&home, vec![row(1, &[("nick", "Nick of the Export")])]).await;
    let subject = who(&home, 1).await.unwrap();
    let zip = home.app.export(subject, "en").await.unwrap().zip().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let data: serde_json::Value = serde_json::from_reader(zip.by_name("data.json").unwrap()).unwrap();
    assert_eq!(data["waiting"][0]["value"], "Nick of the Export");
    assert_eq!(data["waiting"][0]["reasons"][0], "no-basis");
    let external = data["records"].as_array().unwrap().iter().find(|r| r["item"] == "external_id").unwrap();
    assert_eq!(external["value"]["id"], "1");
    assert!(!data.to_string().contains("$2b$"), "no hash leaves");
}

async fn promise_5_2_what_waits_is_unreadable_after_an_erasure(home: Home) {
    let word = avouch_testkit::canary::canary(1);
    bring(&home, vec![row(1, &[("nick", &word)])]).await;
    let subject = who(&home, 1).await.unwrap();
    home.app.erase(subject).await.unwrap();
    assert!(home.app.quarantined(subject).await.unwrap().is_empty());
    assert!(avouch_testkit::canary::scan(home.dir.path(), &[word.as_bytes()]).is_empty());
}

async fn a_dry_run_tells_and_writes_nothing(home: Home) {
    home.person(1).await;
    let plan = plan(&home).await;
    let before = home.app.store.counts().await.unwrap();
    let rows = vec![
        row(1, &[]),
        row(2, &[("nick", "N")]),
        row(3, &[("mail", "person1@plaza.example")]),
        row(4, &[("likes", "x")]),
    ];
    let told = home.app.try_rows(&plan, rows).await.unwrap();
    let outcomes: Vec<RowOutcome> = told.iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes, [RowOutcome::Brought, RowOutcome::Partly, RowOutcome::Refused, RowOutcome::Partly]);
    assert_eq!(said(&told[1], "nick"), ["no-basis"]);
    assert_eq!(said(&told[3], "likes"), ["no-consent"]);
    assert_eq!(home.app.store.counts().await.unwrap(), before);
}

async fn a_mapping_that_claims_what_the_policy_does_not_say_is_refused_whole(home: Home) {
    home.service("shop", &["account"]).await;
    let wrong = [
        ("no_such_item", "account", Some("contract"), "unknown-item"),
        ("nickname", "no_such_purpose", Some("contract"), "unknown-purpose"),
        ("address", "account", Some("contract"), "item-not-in-purpose"),
        ("nickname", "account", Some("legal-duty"), "other-basis"),
        ("id_number", "real_name", Some("separate-consent"), "own-flow"),
        ("avatar", "account", Some("contract"), "upload"),
        ("password", "account", None, "undocumented"),
    ];
    for (name, purpose, basis, code) in wrong {
        let mut mapping = mapping();
        mapping.items = BTreeMap::from([("column".to_owned(), item(name, purpose, basis))]);
        match home.app.plan_import("old-shop", mapping, [7; 32]).await {
            Err(Fault::Invalid(faults)) => assert_eq!(faults[0].code, code, "{name}: {faults:?}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let mut stranger = mapping();
    stranger.service = "nobody".into();
    assert!(matches!(home.app.plan_import("old-shop", stranger, [7; 32]).await, Err(Fault::NotNow(_))));
    let there = ["id", "login", "surprise"].map(str::to_owned);
    let Err(Fault::Invalid(faults)) = mapping().check_columns(&there) else { panic!() };
    assert!(faults.iter().any(|f| f.field == "surprise" && f.code == "unmapped"));
    assert!(faults.iter().any(|f| f.field == "mail" && f.code == "no-such-column"));
}
