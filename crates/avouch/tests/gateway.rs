//! The gateway, hooks and tokens, against a real server on this machine that behaves and misbehaves.
//!
//! Keeps promises 4.1, 4.2, 5.2 and 5.5.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avouch::outbound::{Guard, Reach, Resolved, Resolver};
use avouch::sharing::egress::{Request, Standing};
use avouch::sharing::outlet::{Outlet, signature};
use avouch::sharing::redact::MASK;
use avouch::sharing::tokens::NewToken;
use avouch::store::{Actor, Credential, EgressState, Sink, SubjectId};
use avouch::{App, Fault};
use avouch_store::ServiceTerms;
use avouch_testkit::{Engine, Home};
use http::HeaderName;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeroize::Zeroizing;

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const PHONE: &str = "+86 19900001234";
const SECRET: &str = "the courier's own secret";

/// What the server does with the next request.
#[derive(Clone)]
enum Says {
    /// Answers with status, further headers, body.
    Answer(u16, &'static str, String),
    /// Answers with everything it got.
    Echo,
    /// Takes the request and says nothing.
    Never,
    /// Takes the request and cuts the connection.
    Cut,
}

#[derive(Clone, Debug)]
struct Got {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Somebody outside.
struct Outside {
    at: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    says: Arc<Mutex<VecDeque<Says>>>,
}

impl Outside {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (got, says) = (Arc::<Mutex<Vec<Got>>>::default(), Arc::<Mutex<VecDeque<Says>>>::default());
        let (log, script) = (Arc::clone(&got), Arc::clone(&says));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&script)));
            }
        });
        Self { at, got, says }
    }

    fn will(&self, says: impl IntoIterator<Item = Says>) {
        self.says.lock().unwrap().extend(says);
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Vec<Got>>>, script: Arc<Mutex<VecDeque<Says>>>) -> Option<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await.ok()? {
            0 => return None,
            n => bytes.extend_from_slice(&part[..n]),
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0_usize);
    while bytes.len() < head + 4 + length {
        let mut part = [0; 4096];
        match stream.read(&mut part).await.ok()? {
            0 => return None,
            n => bytes.extend_from_slice(&part[..n]),
        }
    }
    let body = String::from_utf8_lossy(&bytes[head + 4..]).into_owned();
    log.lock().unwrap().push(Got { line: line.clone(), headers: headers.clone(), body: body.clone() });
    let says = script.lock().unwrap().pop_front().unwrap_or(Says::Answer(200, "", "{}".to_owned()));
    let (status, more, body) = match says {
        Says::Never => {
            // Until the other side gives up.
            let _closed = stream.read(&mut [0; 1]).await;
            return None;
        }
        Says::Cut => return None,
        Says::Answer(status, more, body) => (status, more.to_owned(), body),
        Says::Echo => {
            let echo = json!({ "id": "p-1", "line": line, "headers": headers, "body": body });
            (200, "x-request-id: r-1\r\nx-echo: 19900001234\r\nset-cookie: a=1\r\n".to_owned(), echo.to_string())
        }
    };
    let head = format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n", body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()
}

/// Fails once, at a point, after letting it pass some times.
#[derive(Default)]
struct Once(Mutex<Option<(&'static str, u32)>>);

impl avouch_store::Faults for Once {
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

struct World {
    home: Home,
    app: App,
    outside: Outside,
    shop: Arc<Credential>,
    who: SubjectId,
}

/// How the courier, the ads and their hosts are spoken to.
fn outlets() -> BTreeMap<String, Outlet> {
    let courier = Outlet {
        credential: Some((HeaderName::from_static("x-key"), Zeroizing::new(SECRET.to_owned()))),
        signing: Some(Zeroizing::new(b"a key of sixteen bytes or more".to_vec())),
        hook: Some("https://api.courier.example/privacy".to_owned()),
        headers: vec![HeaderName::from_static("x-request-id"), HeaderName::from_static("x-echo")],
        fields: vec!["/id".to_owned(), "/headers".to_owned(), "/body".to_owned(), "/line".to_owned()],
        within: Duration::from_millis(700),
        largest: 4096,
    };
    BTreeMap::from([("courier".to_owned(), courier)])
}

fn reached(app: &App, outside: &Outside) -> App {
    let via = ["api.courier.example", "ads.example"].map(|host| (host.to_owned(), outside.at));
    let reach = Reach { loopback: vec![outside.at], via: via.into(), ..Reach::default() };
    app.clone().with_outbound(Guard::new(reach, None).unwrap()).with_outlets(outlets())
}

impl World {
    async fn new(engine: Engine) -> Self {
        let home = Home::new(engine).await;
        let outside = Outside::new().await;
        let app = reached(&home.app, &outside);
        let who = home.try_person(1, &[("phone", PHONE)]).await.unwrap().subject;
        let shop = home.service("shop", &["orders", "recommendation"]).await;
        Self { home, app, outside, shop, who }
    }

    async fn send(&self, key: &str, queued: bool) -> Result<Standing, Fault> {
        self.app.egress(&self.shop, self.who, parcel(), key, queued).await
    }

    async fn acts(&self) -> Vec<String> {
        let leaves = self.app.own_leaves(self.who, jiff::Timestamp::UNIX_EPOCH, 1000).await.unwrap();
        leaves.into_iter().map(|e| format!("{} {}", e.leaf.act, e.leaf.outcome.name())).collect()
    }
}

fn request(template: Value) -> Request {
    serde_json::from_value(json!({ "recipient": "courier", "purpose": "orders", "template": template })).unwrap()
}

fn parcel() -> Request {
    request(json!({
        "method": "POST", "url": "https://api.courier.example/v1/{{phone}}/parcels?q={{phone}}",
        "headers": { "x-phone": "{{phone}}" }, "json": { "to": "{{phone}}", "ref": "{{@id}}", "who": "{{@subject}}" }
    }))
}

fn codes(outcome: Result<Standing, Fault>) -> Vec<&'static str> {
    match outcome {
        Err(Fault::Refused(denied)) => denied.refusal.reasons.iter().map(|r| r.code.name()).collect(),
        Err(other) => panic!("{other}"),
        Ok(standing) => panic!("{standing:?}"),
    }
}

#[tokio::test]
async fn promise_4_1_a_recipient_gets_the_values_and_the_service_gets_none_of_them_back() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        world.outside.will([Says::Echo]);
        let standing = world.send("order-1", false).await.unwrap();
        let got = world.outside.got();
        let id = data_encoding::HEXLOWER.encode(&standing.egress.id);
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].line, "POST /v1/%2B8619900001234/parcels?q=%2B8619900001234 HTTP/1.1");
        let sent: Value = serde_json::from_str(&got[0].body).unwrap();
        assert_eq!(sent["ref"], json!(id));
        assert_eq!(sent["who"], json!(world.who.to_string()));
        assert!(sent["to"].as_str().unwrap().contains("19900001234"), "{sent}");
        assert_eq!(got[0].headers["x-key"], SECRET);
        assert_eq!(got[0].headers["idempotency-key"], id);
        assert_eq!(got[0].headers["host"], "api.courier.example");
        let at = jiff::Timestamp::from_second(got[0].headers["webhook-timestamp"].parse().unwrap()).unwrap();
        let [.., (_, signed)] = signature(b"a key of sixteen bytes or more", &id, at, got[0].body.as_bytes());
        assert_eq!(signed.to_str().unwrap(), got[0].headers["webhook-signature"]);
        // What comes back is allowed field by field, and masked in them.
        assert_eq!((standing.egress.state, standing.egress.status), (EgressState::Sent, Some(200)));
        let shown = standing.shown.unwrap();
        assert_eq!(shown.headers["x-request-id"], "r-1");
        assert_eq!(shown.headers["x-echo"], MASK);
        assert!(!shown.headers.contains_key("set-cookie"));
        assert_eq!(shown.fields["/id"], "p-1");
        let all = serde_json::to_string(&shown).unwrap();
        assert!(!all.contains("19900001234") && !all.contains(SECRET), "{all}");
        // And the person sees it: who, what, why, when.
        let given = world.app.disclosures(world.who).await.unwrap();
        assert_eq!(given.len(), 1);
        assert_eq!((given[0].recipient.as_str(), given[0].purpose.as_str()), ("courier", "orders"));
        assert_eq!((given[0].items.as_slice(), given[0].state.as_str()), (&["phone".to_owned()][..], "sent"));
        assert_eq!((given[0].actor.as_str(), given[0].egress.as_str()), ("shop", id.as_str()));
        assert_eq!(&world.acts().await[..2], ["deliver done", "share done"]);
    }
}

#[tokio::test]
async fn promise_4_1_nothing_is_sent_to_an_undeclared_host_a_redirect_or_an_inner_address() {
    #[derive(Debug)]
    struct Metadata;
    impl Resolver for Metadata {
        fn resolve<'a>(&'a self, _: &'a str) -> Resolved<'a> {
            Box::pin(async { Ok(vec!["169.254.169.254".parse::<IpAddr>().unwrap()]) })
        }
    }
    let world = World::new(Engine::Sqlite).await;
    for url in
        ["https://evil.example/", "https://api.courier.example.evil.example/", "https://api.courier.example:444/"]
    {
        let template = json!({ "method": "POST", "url": url, "json": "{{phone}}" });
        let outcome = world.app.egress(&world.shop, world.who, request(template), "k", false).await;
        assert_eq!(codes(outcome), ["undeclared-host"], "{url}");
    }
    let latest = world.app.latest_leaves(1).await.unwrap();
    assert_eq!((latest[0].leaf.act.as_str(), latest[0].leaf.reasons[0].as_str()), ("share", "undeclared-host"));
    assert!(world.outside.got().is_empty());
    world.outside.will([Says::Answer(302, "location: https://evil.example/\r\n", String::new())]);
    let standing = world.send("redirect", false).await.unwrap();
    assert_eq!((standing.egress.state, world.outside.got().len()), (EgressState::Failed, 1));
    assert!(standing.egress.fault.contains("redirect"), "{}", standing.egress.fault);
    let inner = Guard::with_resolver(Reach::default(), None, Arc::new(Metadata)).unwrap();
    let app = world.home.app.clone().with_outbound(inner);
    let standing = app.egress(&world.shop, world.who, parcel(), "inner", false).await.unwrap();
    assert_eq!(standing.egress.state, EgressState::Failed);
    assert!(standing.egress.fault.contains("not public"), "{}", standing.egress.fault);
    assert_eq!(world.outside.got().len(), 1);
}

#[tokio::test]
async fn promise_4_1_nothing_is_sent_twice_without_its_key_and_nothing_is_lost() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        let first = world.send("order-1", false).await.unwrap();
        let again = world.send("order-1", false).await.unwrap();
        assert_eq!(again.egress.id, first.egress.id);
        assert_eq!(world.outside.got().len(), 1, "answered from its record");
        let other = request(json!({ "method": "GET", "url": "https://api.courier.example/{{phone}}" }));
        let taken = world.app.egress(&world.shop, world.who, other, "order-1", false).await;
        assert!(matches!(taken, Err(Fault::Invalid(faults)) if faults[0].code == "key-taken"));
        assert!(matches!(world.send("", false).await, Err(Fault::Invalid(_))));
        // It takes the request and never answers, or cuts: not known, and tried again by the same key.
        world.outside.will([Says::Never, Says::Cut, Says::Answer(503, "", String::new())]);
        for (state, count) in [(EgressState::Unknown, 2), (EgressState::Unknown, 3), (EgressState::Failed, 4)] {
            let standing = world.send("order-2", false).await.unwrap();
            assert_eq!((standing.egress.state, world.outside.got().len()), (state, count));
        }
        let standing = world.send("order-2", false).await.unwrap();
        assert_eq!((standing.egress.state, standing.egress.tries), (EgressState::Sent, 4));
        let keys: Vec<String> =
            world.outside.got()[1..].iter().map(|got| got.headers["idempotency-key"].clone()).collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        // A large answer is not read on, and is not known to be a yes.
        world.outside.will([Says::Answer(200, "", "x".repeat(10_000))]);
        assert_eq!(world.send("order-3", false).await.unwrap().egress.state, EgressState::Unknown);
    }
}

#[tokio::test]
async fn promise_4_1_a_queued_call_is_tried_until_it_is_taken_and_asks_the_gate_each_time() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        world.outside.will([Says::Answer(503, "", String::new()), Says::Cut]);
        let standing = world.send("order-1", true).await.unwrap();
        assert_eq!((standing.egress.state, world.outside.got().len()), (EgressState::Queued, 0));
        for (count, state) in [(1, EgressState::Queued), (2, EgressState::Queued), (3, EgressState::Sent)] {
            world.app.work().await.unwrap();
            assert_eq!(world.outside.got().len(), count);
            assert_eq!(world.send("order-1", true).await.unwrap().egress.state, state);
            world.home.clock.advance(SignedDuration::from_mins(5));
        }
        world.app.work().await.unwrap();
        assert_eq!(world.outside.got().len(), 3);
        assert_eq!(world.app.disclosures(world.who).await.unwrap().len(), 3, "each try is a disclosure");
        // Suspended between two tries: no further one.
        world.outside.will([Says::Answer(503, "", String::new())]);
        world.send("order-2", true).await.unwrap();
        world.app.work().await.unwrap();
        world.app.suspend_recipient("officer", "courier", "A leak.").await.unwrap();
        for _ in 0..3 {
            world.home.clock.advance(SignedDuration::from_hours(1));
            world.app.work().await.unwrap();
        }
        assert_eq!(world.outside.got().len(), 4);
        assert_eq!(world.send("order-2", true).await.unwrap().egress.state, EgressState::Refused);
    }
}

#[tokio::test]
async fn promise_4_1_a_recipient_that_decides_for_itself_gets_nothing_after_the_consent_to_it_is_withdrawn() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        let new = avouch::collection::put::NewRecord {
            subject: world.who,
            purpose: "recommendation".to_owned(),
            item: "interests".to_owned(),
            record: None,
            value: "rivers".to_owned(),
        };
        world.home.consent(world.who, "recommendation", true).await;
        let (record, _) = world.app.put_record(new, &Actor::Subject).await.unwrap();
        let record = record.to_string();
        let ask = |key: &'static str| {
            let template = json!({ "method": "POST", "url": "https://ads.example/", "json": "{{interests}}" });
            let request: Request =
                serde_json::from_value(json!({ "recipient": "ads", "purpose": "recommendation", "template": template,
                        "records": { "interests": record } }))
                .unwrap();
            world.app.egress(&world.shop, world.who, request, key, true)
        };
        ask("none").await.unwrap();
        world.app.work().await.unwrap();
        assert_eq!(ask("none").await.unwrap().egress.state, EgressState::Refused, "nobody asked for a consent to it");
        world.app.answer_recipient(world.who, "ads", true, "en").await.unwrap();
        world.outside.will([Says::Answer(500, "", String::new())]);
        ask("given").await.unwrap();
        world.app.work().await.unwrap();
        assert_eq!(world.outside.got().len(), 1);
        world.app.answer_recipient(world.who, "ads", false, "en").await.unwrap();
        world.home.clock.advance(SignedDuration::from_hours(2));
        world.app.work().await.unwrap();
        assert_eq!(world.outside.got().len(), 1, "no try after the withdrawal");
        assert!(matches!(world.app.answer_recipient(world.who, "courier", true, "en").await, Err(Fault::NotFound)));
    }
}

#[tokio::test]
async fn promise_5_2_an_erasure_stops_queued_calls_and_keeps_the_record_of_disclosures_for_its_term() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        world.send("order-1", false).await.unwrap();
        world.outside.will([Says::Answer(503, "", String::new())]);
        world.send("order-2", true).await.unwrap();
        world.app.work().await.unwrap();
        let held = |app: App| async move {
            let mut reading = app.store.reading().await.unwrap();
            let counts = reading.look().unwrap().held_counts().await.unwrap();
            counts.into_iter().find(|(item, ..)| item == "disclosure").map_or(0, |(_, count, _)| count)
        };
        world.app.erase(world.who).await.unwrap();
        assert_eq!(held(world.app.clone()).await, 2);
        world.home.clock.advance(SignedDuration::from_hours(2));
        world.app.work().await.unwrap();
        let parcels = |world: &World| world.outside.got().iter().filter(|g| g.line.contains("/parcels")).count();
        assert_eq!(parcels(&world), 2);
        world.home.clock.days(3 * 365);
        world.app.sweep(false).await.unwrap();
        assert_eq!(held(world.app.clone()).await, 2, "three years are not over yet");
        world.home.clock.days(2);
        world.app.sweep(false).await.unwrap();
        assert_eq!(held(world.app.clone()).await, 0);
    }
}

#[tokio::test]
async fn promise_5_2_hooks_are_told_by_signed_calls_until_they_acknowledge() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        let terms = ServiceTerms {
            purposes: vec!["account".to_owned()],
            cache: SignedDuration::from_hours(1),
            hook: format!("http://{}/forget", world.outside.at),
            abroad: None,
        };
        let given = world.app.register_keeping("feed", terms).await.unwrap();
        let key = data_encoding::BASE64.decode(given.hook_key.unwrap().as_bytes()).unwrap();
        let feed = Actor::Service(world.app.service(&given.credential).await.unwrap().unwrap());
        let wanted = avouch::gate::Wanted {
            act: avouch_policy::Act::Use,
            purpose: "account",
            items: &["email"],
            recipient: None,
        };
        world.app.use_records(world.who, &wanted, &feed, &avouch::store::Which::all()).await.unwrap();
        world.send("order-1", false).await.unwrap();
        world.outside.will([Says::Answer(500, "", String::new()), Says::Answer(202, "", String::new())]);
        world.app.erase(world.who).await.unwrap();
        for _ in 0..4 {
            world.app.work().await.unwrap();
            world.home.clock.advance(SignedDuration::from_mins(5));
        }
        let hooks: Vec<Got> = world.outside.got().into_iter().filter(|g| !g.line.contains("/parcels")).collect();
        assert!(hooks.iter().any(|g| g.line.starts_with("POST /forget")), "{hooks:?}");
        assert!(hooks.iter().any(|g| g.line.starts_with("POST /privacy")), "{hooks:?}");
        for got in &hooks {
            let told: Value = serde_json::from_str(&got.body).unwrap();
            assert_eq!((&told["event"], &told["subject"]), (&json!("erasure"), &json!(world.who.to_string())));
            let key = if got.line.contains("/forget") { key.as_slice() } else { b"a key of sixteen bytes or more" };
            let at = jiff::Timestamp::from_second(got.headers["webhook-timestamp"].parse().unwrap()).unwrap();
            let [.., (_, signed)] = signature(key, told["id"].as_str().unwrap(), at, got.body.as_bytes());
            assert_eq!(signed.to_str().unwrap(), got.headers["webhook-signature"]);
        }
        assert!(world.app.owed().await.unwrap().is_empty(), "both have acknowledged");
        assert!(world.app.latest_leaves(20).await.unwrap().iter().any(|e| e.leaf.act == "certify"));
        assert!(world.app.services().await.unwrap().iter().all(|s| !s.suspended));
    }
}

#[tokio::test]
async fn promise_5_5_a_token_is_revealed_through_the_gate_alone_and_dies_with_its_person() {
    for engine in ENGINES {
        let world = World::new(engine).await;
        let new = |uses, expires_in| NewToken {
            subject: world.who,
            purpose: "orders".to_owned(),
            item: "phone".to_owned(),
            record: None,
            expires_in,
            uses,
        };
        let app = &world.app;
        let (token, head, _) = app.make_token(&world.shop, new(Some(2), None)).await.unwrap();
        assert!(token.starts_with("tok_") && !token.contains(&head.handle));
        let value = |used: avouch::store::Used| {
            used.records[0].value.expose(Sink::Service, |v| String::from_utf8_lossy(v).into_owned())
        };
        let other = world.home.service("other", &["orders"]).await;
        assert!(matches!(app.reveal_token(&other, &token).await, Err(Fault::NotFound)), "not its own");
        for _ in 0..2 {
            assert!(value(app.reveal_token(&world.shop, &token).await.unwrap()).contains("19900001234"));
        }
        assert!(matches!(app.reveal_token(&world.shop, &token).await, Err(Fault::NotFound)), "its uses are spent");
        let (token, ..) = app.make_token(&world.shop, new(None, Some(SignedDuration::from_secs(60)))).await.unwrap();
        world.home.clock.advance(SignedDuration::from_secs(59));
        assert!(app.reveal_token(&world.shop, &token).await.is_ok());
        world.home.clock.advance(SignedDuration::from_secs(1));
        assert!(matches!(app.reveal_token(&world.shop, &token).await, Err(Fault::NotFound)), "it is over");
        let (token, head, _) = app.make_token(&world.shop, new(None, None)).await.unwrap();
        assert_eq!(app.tokens(&world.shop, world.who).await.unwrap().len(), 1);
        assert!(app.tokens(&other, world.who).await.unwrap().is_empty());
        app.revoke_token(&world.shop, world.who, &head.handle).await.unwrap();
        assert!(matches!(app.reveal_token(&world.shop, &token).await, Err(Fault::NotFound)), "it is revoked");
        let (token, ..) = app.make_token(&world.shop, new(None, None)).await.unwrap();
        app.erase(world.who).await.unwrap();
        assert!(matches!(app.reveal_token(&world.shop, &token).await, Err(Fault::NotFound)), "its person is gone");
        let refused = NewToken { purpose: "account".to_owned(), ..new(None, None) };
        assert!(app.make_token(&world.shop, refused).await.is_err());
        assert!(matches!(app.make_token(&world.shop, new(Some(0), None)).await, Err(Fault::Invalid(_))));
    }
}

#[tokio::test]
async fn promise_4_1_a_call_whose_writing_fails_is_never_sent_unrecorded_and_can_be_asked_for_again() {
    for engine in ENGINES {
        for point in ["before commit", "after commit"] {
            // The call's beginning, its disclosure, its conclusion.
            for write in 0..3 {
                let world = World::new(engine).await;
                let faults = Arc::new(Once::default());
                let app = reached(&world.home.node("b", Some(Arc::clone(&faults) as _)).await, &world.outside);
                let credential = world.home.app.register_service("mail", &["orders".to_owned()]).await.unwrap();
                let mail = app.service(&credential).await.unwrap().unwrap();
                let case = format!("{engine:?}, write {write}, {point}");
                *faults.0.lock().unwrap() = Some((point, write));
                let first = app.egress(&mail, world.who, parcel(), "order-1", false).await;
                assert!(faults.0.lock().unwrap().is_none(), "{case}: it was struck");
                assert!(first.is_err(), "{case}: the caller is told");
                let sent = world.outside.got().len();
                let given = world.app.disclosures(world.who).await.unwrap().len();
                assert_eq!(sent, usize::from(write == 2), "{case}: sent only after its disclosure was recorded");
                assert!(given >= sent, "{case}: nothing is sent that is not recorded");
                assert_eq!(given, usize::from(write == 2 || write == 1 && point == "after commit"), "{case}");
                // A try that broke off is over after its time.
                world.home.clock.advance(SignedDuration::from_mins(1));
                let again = app.egress(&mail, world.who, parcel(), "order-1", false).await.unwrap();
                assert_eq!(again.egress.state, EgressState::Sent, "{case}");
                let got = world.outside.got();
                assert!(
                    got.iter().all(|g| g.headers["idempotency-key"] == got[0].headers["idempotency-key"]),
                    "{case}"
                );
            }
        }
    }
}
