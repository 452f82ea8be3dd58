//! The exact reasons of refusals through `/v1`, over records as a published benchmark for such stores has them: each
//! with its purpose, its time to live, its person, what they object to, whether it is decided on by machines, who may
//! read it, whom it may be shared with, where it came from, and its kind.
//!
//! Keeps promises 2.0, 4.1, 5.1 and 6.5, on both engines: for every record, every purpose and every service the answer
//! is what the lists say, reason by reason.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use avouch::store::{Actor, ConsentKind, Receipt, StoreError, SubjectId};
use avouch_policy::Policy;
use avouch_store::{Answered, Hold, Transact, Tx};
use avouch_testkit::{Engine, Home, home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

/// PUR: purposes.
const PURPOSES: usize = 25;
/// USR: people.
const PEOPLE: usize = 5;
/// OBJ: the purposes a person objects to are those of one remainder.
const OBJECTIONS: usize = 7;
/// ACL: services, each bound to the purposes of two remainders. SHR: recipients, each given what is for one of them.
const LISTS: usize = 5;
const RECORDS: usize = 50;

fn purpose(n: usize) -> String {
    format!("g{:02}", n % PURPOSES)
}

/// TTL in minutes: one purpose in ten keeps for a minute.
fn minutes(purpose: usize) -> usize {
    if purpose.is_multiple_of(10) { 1 } else { 167 + 20 * purpose }
}

/// DEC: every second purpose rests on consent, the others on the contract.
fn by_consent(purpose: usize) -> bool {
    purpose % 2 == 1
}

fn objected(person: usize, purpose: usize) -> bool {
    purpose % OBJECTIONS == person
}

fn bound(service: usize, purpose: usize) -> bool {
    purpose % LISTS == service || (purpose + 1) % LISTS == service
}

fn shared(recipient: usize, purpose: usize) -> bool {
    purpose % LISTS == recipient
}

fn policy() -> Arc<Policy> {
    let mut source = home::source();
    let text = &mut source.facts.text;
    *text = text.replace("allowed = false", "allowed = true");
    // CAT: what a record is.
    text.push_str(
        "\n[collection.items.datum]\nclause = '1.3'\nlabel = { en = 'Datum', zh-CN = '数据' }\nsource = 'provided'\n\
         kind = 'text'\nmany = true\ndeletable = true\n\
         [storage.regions.us]\nlabel = { en = 'United States', zh-CN = '美国' }\ncountry = 'US'\n",
    );
    for n in 0..PURPOSES {
        let basis = if by_consent(n) { "consent" } else { "contract" };
        writeln!(
            text,
            "[usage.purposes.{}]\nclause = '2.2'\nlabel = {{ en = 'P{n}', zh-CN = '目的{n}' }}\nwhy = {{ en = 'So.', zh-CN = '如此。' }}\n\
             basis = '{basis}'\nautomated = {}\nitems = ['datum']\nparty = ['service']\n\
             retention = {{ after = 'collected', keep = '{} minutes', then = 'delete' }}",
            purpose(n),
            by_consent(n),
            minutes(n)
        )
        .unwrap();
    }
    for r in 0..LISTS {
        let purposes: Vec<String> =
            (0..PURPOSES).filter(|p| shared(r, *p)).map(|p| format!("'{}'", purpose(p))).collect();
        writeln!(
            text,
            "[sharing.recipients.r{r}]\nclause = '4.1'\nname = {{ en = 'R{r}', zh-CN = '接收方{r}' }}\ncontact = 'privacy@r{r}.example'\n\
             role = 'processor'\nkind = {{ en = 'any', zh-CN = '任意' }}\npurposes = [{}]\nitems = ['datum']\nregion = 'us'\n\
             agreement = {{ id = 'A', signed = '2026-01-10', expires = '2028-01-10', next_check = '2027-06-10' }}\n\
             abroad = {{ mechanism = 'exemption', citation = 'cn-pipl.cross_border.exempt.contract', reference = 'X', \
             assessment = {{ id = 'PIA-9', approved = '2026-10-01' }} }}",
            purposes.join(", ")
        )
        .unwrap();
    }
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

/// A person's objection to a purpose.
struct Objects(SubjectId, String);

impl Transact for Objects {
    const NAME: &'static str = "object";
    type Out = Receipt;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.0, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, StoreError> {
        let answered = Answered {
            kind: ConsentKind::Objection,
            target: self.1.clone(),
            given: true,
            wording: [0; 32],
            language: "en".to_owned(),
        };
        tx.answer(self.0, &Actor::Subject, &answered).await
    }
}

struct Api {
    routes: Router,
    home: Home,
}

impl Api {
    async fn send(&self, method: Method, path: &str, credential: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {credential}"));
        let body = body.map(|b| serde_json::to_vec(&b).unwrap()).unwrap_or_default();
        let response = self.routes.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The codes of the refusal of a read; nothing when it was permitted.
    async fn read(&self, of: &Record, purpose: &str, credential: &str) -> BTreeSet<String> {
        let path = format!("/v1/subjects/{}/records/datum/{}?purpose={purpose}", of.subject, of.id);
        let (status, body) = self.send(Method::GET, &path, credential, None).await;
        if status == StatusCode::OK {
            assert_eq!(body["records"][0]["value"], format!("{:0100}", of.n), "the right record");
            return BTreeSet::new();
        }
        assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
        let reasons = body["reasons"].as_array().unwrap();
        for reason in reasons {
            for part in ["text", "clause", "citation", "remedy"] {
                assert!(!reason[part].as_str().unwrap().is_empty(), "{reason}");
            }
        }
        reasons.iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect()
    }
}

struct Record {
    n: usize,
    subject: SubjectId,
    person: usize,
    purpose: usize,
    id: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_4_1_every_refusal_of_the_lists_comes_back_with_its_exact_reasons_on_sqlite() {
    every_refusal(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_4_1_every_refusal_of_the_lists_comes_back_with_its_exact_reasons_on_postgres() {
    every_refusal(Engine::Postgres).await;
}

async fn every_refusal(engine: Engine) {
    let home = Home::new(engine).await;
    home.app.store.set_policy(policy());
    let api = Api { routes: avouch_web::api::routes(home.app.clone()), home };
    let app = &api.home.app;
    let all: Vec<String> = (0..PURPOSES).map(purpose).collect();
    let loader = app.register_service("loader", &all).await.unwrap();
    let (mut services, mut desks) = (Vec::new(), Vec::new());
    for s in 0..LISTS {
        let purposes: Vec<String> = (0..PURPOSES).filter(|p| bound(s, *p)).map(purpose).collect();
        services.push(app.register_service(&format!("s{s}"), &purposes).await.unwrap());
        desks.push(app.register_service_abroad(&format!("d{s}"), &all, &format!("r{s}")).await.unwrap());
    }
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let subject = api.home.person(n as u64).await.subject;
        for p in (0..PURPOSES).filter(|p| by_consent(*p)) {
            api.home.consent(subject, &purpose(p), true).await;
        }
        for r in 0..LISTS {
            app.answer_abroad(subject, &format!("r{r}"), true, "en", &Actor::Subject).await.unwrap();
        }
        people.push(subject);
    }
    let mut records = Vec::new();
    for n in 0..RECORDS {
        let (person, p) = (n % PEOPLE, n % PURPOSES);
        let subject = people[person];
        let body = json!({ "purpose": purpose(p), "item": "datum", "value": format!("{n:0100}") });
        let (status, kept) =
            api.send(Method::POST, &format!("/v1/subjects/{subject}/records"), &loader, Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{kept}");
        records.push(Record { n, subject, person, purpose: p, id: kept["record"].as_str().unwrap().to_owned() });
    }
    for (person, subject) in people.iter().enumerate() {
        for p in (0..PURPOSES).filter(|p| objected(person, *p)) {
            app.store.transact(Objects(*subject, purpose(p))).await.unwrap();
        }
    }

    let codes = |list: &[(bool, &str)]| {
        list.iter().filter(|(is, _)| *is).map(|(_, code)| (*code).to_owned()).collect::<BTreeSet<_>>()
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for of in records.iter().step_by(3) {
        let p = of.purpose;
        for s in 0..LISTS {
            let expected = codes(&[(!bound(s, p), "service-not-bound"), (objected(of.person, p), "objected")]);
            assert_eq!(api.read(of, &purpose(p), &services[s]).await, expected, "record {} service {s}", of.n);
            // A service that a recipient runs: what it reads is shared with that recipient.
            let expected = codes(&[(!shared(s, p), "recipient-purpose"), (objected(of.person, p), "objected")]);
            assert_eq!(api.read(of, &purpose(p), &desks[s]).await, expected, "record {} recipient {s}", of.n);
            seen.extend(expected);
        }
        // A purpose that never named the item, and one the policy does not know.
        let foreign = codes(&[(true, "item-not-in-purpose"), (true, "service-not-bound"), (true, "no-consent")]);
        assert_eq!(api.read(of, "marketing", &loader).await, foreign);
        assert_eq!(api.read(of, "curiosity", &loader).await, codes(&[(true, "unknown-purpose")]));
    }
    assert_eq!(seen, codes(&[(true, "recipient-purpose"), (true, "objected")]), "every kind was seen");

    // TTL: to the last second, and a second after its time no more.
    let short = records.iter().find(|r| minutes(r.purpose) == 1 && !objected(r.person, r.purpose)).unwrap();
    let long = records.iter().find(|r| minutes(r.purpose) > 1 && !objected(r.person, r.purpose)).unwrap();
    let name = purpose(short.purpose);
    api.home.clock.advance(jiff::SignedDuration::from_secs(59));
    assert_eq!(api.read(short, &name, &loader).await, BTreeSet::new());
    api.home.clock.advance(jiff::SignedDuration::from_secs(2));
    assert_eq!(api.read(short, &name, &loader).await, codes(&[(true, "expired")]));
    assert_eq!(api.read(long, &purpose(long.purpose), &loader).await, BTreeSet::new());
    let refused = app.own_leaves(short.subject, jiff::Timestamp::UNIX_EPOCH, 1).await.unwrap();
    assert_eq!(refused.len(), 1);
    // Swept, it is not there.
    app.sweep(false).await.unwrap();
    let path = format!("/v1/subjects/{}/records/datum/{}?purpose={name}", short.subject, short.id);
    assert_eq!(api.send(Method::GET, &path, &loader, None).await.0, StatusCode::NOT_FOUND);
}
