//! Requests for a right on both engines: what is done alone is recorded at once, the rest has number, day, check,
//! answer with reasons and appeal; a wrong person learns nothing. Shows promises 6.1 to 6.5.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use avouch::Fault;
use avouch::contact::case::{Caller, NewCase, Opened};
use avouch::contact::clock;
use avouch::contact::desk::Deed;
use avouch::outbound::{Guard, Reach};
use avouch::rights::identity::OnBehalf;
use avouch::rights::request::{Asked, KINDS, REASONS, citation, offered};
use avouch::rights::restrict::objectable;
use avouch::store::{Actor, Matter, NotApproved, Rule, Sink, StaffRole, StoreError, SubjectId, Which};
use avouch_policy::{Act, File, Policy};
use avouch_store::{Hold, Transact, Tx};
use avouch_testkit::canary::canary;
use avouch_testkit::{Engine, Home};
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const OPERATOR: &str = "li.desk";

fn case(text: &str) -> NewCase {
    NewCase {
        category: String::new(),
        text: text.into(),
        mail: String::new(),
        language: "en".into(),
        address: "192.0.2.7".into(),
    }
}

fn asked(kind: &str, role: &str, claim: &[(&str, &str)]) -> Asked {
    let claim = claim.iter().map(|(item, value)| ((*item).to_owned(), (*value).to_owned())).collect();
    Asked { kind: kind.into(), about: String::new(), role: role.into(), claim }
}

async fn guest(home: &Home, kind: &str, role: &str, claim: &[(&str, &str)]) -> Opened {
    let asked = asked(kind, role, claim);
    home.app.open_request(case("Please see to it."), asked, None, Actor::Subject).await.unwrap()
}

fn code(opened: &Opened) -> Caller {
    Caller::Code(opened.code.clone().unwrap())
}

fn close(outcome: &str, reasons: &[&str]) -> Deed {
    Deed::Close {
        outcome: outcome.into(),
        reasons: reasons.iter().map(|r| (*r).to_owned()).collect(),
        text: "This is our answer.".into(),
    }
}

/// The shipped policy under the laws named, and without its own promise where that is not wanted.
fn policy(laws: &str, promise: bool) -> Arc<Policy> {
    let mut source = avouch_testkit::home::source();
    let mut text = source.facts.text.replace("law = [\"cn-pipl\"]", &format!("law = [{laws}]"));
    if !promise {
        text = text.replace("respond_within = \"15 working days\"\n", "");
    }
    source.facts = File::new("policy/policy.toml", text);
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

async fn told(home: &Home, number: &str, caller: &Caller) -> Vec<(String, String)> {
    let thread = home.app.see_case(number, caller).await.unwrap();
    thread.told.into_iter().map(|t| (t.entry.kind, t.entry.told)).collect()
}

#[tokio::test]
async fn promise_6_5_what_a_person_does_alone_is_a_request_answered_at_once_with_its_receipt() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (subject, other) = (home.person(1).await.subject, home.person(2).await.subject);
        let session = home.session(1).await;
        home.app.correct(&session, "nickname", None, "New name").await.unwrap();
        let new = avouch::collection::put::NewRecord {
            subject,
            purpose: "content".into(),
            item: "comment".into(),
            record: None,
            value: "hello".into(),
        };
        let comment = home.app.put_record(new, &Actor::Subject).await.unwrap();
        home.app.delete_record(subject, "comment", comment.0).await.unwrap();
        home.consent(subject, "marketing", true).await;
        home.consent(subject, "marketing", false).await;
        home.app.restrict(subject, true).await.unwrap();
        home.app.restrict(subject, true).await.unwrap();
        home.app.restrict(subject, false).await.unwrap();
        let objectable = objectable(&home.app.policy());
        if let Some(purpose) = objectable.first() {
            home.app.object(subject, purpose, true, "en").await.unwrap();
            home.app.object(subject, purpose, false, "en").await.unwrap();
        }
        home.app.export(subject, "en").await.unwrap();
        home.app.cancel(&session, false).await.unwrap();
        let (own, others) = home.app.own_requests(subject).await.unwrap();
        let kinds: BTreeSet<&str> = own.iter().map(|r| r.kind.as_str()).collect();
        let mut expected = BTreeSet::from(["correct", "delete", "withdraw", "restrict", "copy", "cancel"]);
        if !objectable.is_empty() {
            expected.insert("object");
        }
        assert_eq!(kinds, expected, "{engine:?}");
        assert_eq!(own.len(), expected.len(), "each once: doing it twice, or taking it back, is no request");
        assert!(others.is_empty());
        for request in &own {
            assert_eq!((request.answered, request.outcome.as_str()), (Some(request.received), "answered"));
            // Its receipt is a leaf of its person's own.
            home.app.own_leaf(subject, &request.receipt).await.unwrap();
        }
        assert!(home.app.own_requests(other).await.unwrap().0.is_empty());
        // What stays of it names nobody, outlives the person, and ends with the law's term of three years.
        let counted = home.app.request_statistics(10).await.unwrap();
        assert_eq!(counted.iter().map(|c| c.received).sum::<u64>(), own.len() as u64);
        home.app.erase(subject).await.unwrap();
        assert!(home.app.own_requests(subject).await.unwrap().0.is_empty());
        assert_eq!(home.app.request_statistics(10).await.unwrap(), counted);
        home.clock.days(3 * 365);
        home.app.sweep(false).await.unwrap();
        assert!(!home.app.request_statistics(4000).await.unwrap().is_empty(), "kept for three whole years");
        home.clock.days(2);
        home.app.sweep(false).await.unwrap();
        assert!(home.app.request_statistics(4000).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn promise_6_5_every_kind_can_be_asked_for_by_everyone_and_is_answered_with_reasons() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let subject = home.person(1).await.subject;
        let policy = home.app.policy();
        assert_eq!(offered(&policy).len(), KINDS.len(), "the shipped policy offers every right");
        for (kind, ..) in KINDS {
            let mine = home
                .app
                .open_request(case("Mine."), asked(kind, "self", &[]), Some(subject), Actor::Subject)
                .await
                .unwrap();
            assert!(mine.code.is_none());
            assert_eq!(mine.due.unwrap().to_string(), "2026-12-22T16:00:00Z", "fifteen working days of China");
            for role in ["self", "agent", "guardian", "relative"] {
                let opened = guest(&home, kind, role, &[("user_name", "person1")]).await;
                assert_eq!(opened.due, mine.due);
                let request = home.app.request(&opened.number).await.unwrap().unwrap();
                assert_eq!((request.kind.as_str(), request.role.as_str()), (kind, role));
            }
        }
        let number = guest(&home, "delete", "self", &[]).await.number;
        // A refusal, whole or in part, has a reason; each rests on a law.
        for outcome in ["partly", "refused"] {
            let bare = home.app.work_on_case(&number, OPERATOR, close(outcome, &[])).await;
            assert!(matches!(bare, Err(Fault::Invalid(_))), "{outcome}");
        }
        let unknown = home.app.work_on_case(&number, OPERATOR, close("refused", &["mood"])).await;
        assert!(matches!(unknown, Err(Fault::Invalid(_))));
        for (reason, _) in REASONS {
            assert!(!citation(&policy, reason).is_empty(), "{reason}");
        }
        home.app.work_on_case(&number, OPERATOR, close("partly", &["kept-by-law", "others"])).await.unwrap();
        let request = home.app.request(&number).await.unwrap().unwrap();
        assert_eq!((request.outcome.as_str(), request.reasons.join(" ")), ("partly", "kept-by-law others".into()));
        let counts = home.app.request_statistics(1).await.unwrap();
        let deletes = counts.iter().find(|c| c.kind == "delete").unwrap();
        assert_eq!((deletes.received, deletes.in_time, deletes.refused), (6, 1, 1));
        // What nobody offers is no request.
        for bad in [asked("fly", "self", &[]), asked("copy", "king", &[])] {
            let refused = home.app.open_request(case("x"), bad, None, Actor::Subject).await;
            assert!(matches!(refused, Err(Fault::Invalid(_))));
        }
    }
}

#[tokio::test]
async fn promise_6_5_a_wrong_person_learns_nothing_not_even_whether_there_is_an_account() {
    for engine in ENGINES {
        let mut home = Home::new(engine).await;
        let outbox = home.with_outbox();
        let subject = home.try_person(1, &[("phone", "+8619900000001")]).await.unwrap().subject;
        let leaves = async |home: &Home| home.app.latest_leaves(1000).await.unwrap().len();
        let mut seen = Vec::new();
        for claim in [
            [("user_name", "person1"), ("phone", "+8619900000009")],
            [("user_name", "nobody7"), ("phone", "+8619900000009")],
        ] {
            let before = leaves(&home).await;
            let opened = guest(&home, "copy", "self", &claim).await;
            let work = leaves(&home).await - before;
            let caller = code(&opened);
            let first = told(&home, &opened.number, &caller).await;
            home.app.work().await.unwrap();
            let then = told(&home, &opened.number, &caller).await;
            // Nothing can be taken, nor done, before staff have decided.
            let number = opened.number.as_str();
            let Caller::Code(secret) = &caller else { panic!() };
            assert!(matches!(home.app.released_copy(number, secret, "en").await, Err(Fault::NotFound)));
            home.app.settle_identity(number, OPERATOR, false).await.unwrap();
            assert!(home.app.settle_identity(number, OPERATOR, true).await.is_err(), "decided is decided");
            home.app.work_on_case(number, OPERATOR, close("refused", &["identity"])).await.unwrap();
            let end = told(&home, number, &caller).await;
            let request = home.app.request(number).await.unwrap().unwrap();
            seen.push((opened.number.len(), opened.due, opened.provisional, work, first, then, end, request.reasons));
        }
        assert_eq!(seen[0], seen[1], "{engine:?}");
        // Staff alone see what is the same; the account's person nothing but that somebody asked.
        let (_, others) = home.app.own_requests(subject).await.unwrap();
        assert_eq!(others.len(), 1);
        assert_eq!(others[0].matched, "phone:other user_name:same");
        outbox.take();
        // What was stated is gone with the decision.
        let claim = home.app.policy().item("identity_claim").unwrap();
        assert!(home.app.holdings(others[0].subject).await.unwrap().iter().all(|h| h.item != claim));
    }
}

#[tokio::test]
async fn promise_6_5_two_officers_release_a_copy_to_who_was_shown_and_nothing_is_done_that_cannot_be_taken_back() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let subject = home.person(1).await.subject;
        let (one, two) = (
            home.operator("officer-one", &[StaffRole::DataProtectionOfficer]).await,
            home.operator("officer-two", &[StaffRole::DataProtectionOfficer]).await,
        );
        let claim = [("user_name", "person1"), ("email", "person1@plaza.example")];
        let opened = guest(&home, "copy", "relative", &claim).await;
        let number = opened.number.as_str();
        assert!(matches!(home.app.ask_copy_release(&one, number).await, Err(Fault::NotNow(_))), "not shown yet");
        home.app.work().await.unwrap();
        assert_eq!(home.app.request(number).await.unwrap().unwrap().matched, "email:same user_name:same");
        // The account's own person may say that they know of it; a stranger may not.
        let stranger = home.person(2).await.subject;
        assert!(matches!(home.app.confirm_request(stranger, number, true).await, Err(Fault::NotFound)));
        home.app.confirm_request(subject, number, true).await.unwrap();
        let Caller::Code(secret) = code(&opened) else { panic!() };
        let approval = home.app.ask_copy_release(&one, number).await.unwrap();
        assert!(matches!(
            home.app.release_copy(&one, approval, number).await,
            Err(Fault::NotApproved(NotApproved::Waiting))
        ));
        assert!(home.app.answer_approval(&one, approval, true, "mine").await.is_err(), "four eyes");
        home.app.answer_approval(&two, approval, true, "Kinship was shown.").await.unwrap();
        home.app.carry_out(&one, approval).await.unwrap();
        let zip = home.app.released_copy(number, &secret, "en").await.unwrap().zip().await.unwrap();
        assert!(!zip.is_empty());
        assert!(matches!(home.app.released_copy(number, "WRONG", "en").await, Err(Fault::NotFound)));
        home.clock.days(2);
        assert!(
            matches!(home.app.released_copy(number, &secret, "en").await, Err(Fault::NotFound)),
            "its time is over"
        );

        // On behalf: the cooling-off runs, and the person who logs in ends it.
        let opened = guest(&home, "cancel", "self", &claim).await;
        home.app.work().await.unwrap();
        let act = home.app.act_on_request(&opened.number, OPERATOR, OnBehalf::Cancel).await;
        assert!(matches!(act, Err(Fault::NotNow(_))));
        home.app.settle_identity(&opened.number, OPERATOR, true).await.unwrap();
        let other = home.app.act_on_request(&opened.number, OPERATOR, OnBehalf::Restrict).await;
        assert!(matches!(other, Err(Fault::NotNow(_))), "not what was asked for");
        home.app.act_on_request(&opened.number, OPERATOR, OnBehalf::Cancel).await.unwrap();
        let session = home.session(1).await;
        assert!(home.app.account(subject).await.unwrap().cancel_due.is_some());
        home.app.keep_account(&session).await.unwrap();
        home.clock.days(30);
        home.app.work().await.unwrap();
        assert!(home.app.account(subject).await.is_ok(), "kept is kept");
    }
}

#[tokio::test]
async fn promise_6_5_an_appeal_runs_anew_and_is_answered_by_somebody_else() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let opened = guest(&home, "explain", "self", &[]).await;
        let number = opened.number.as_str();
        home.app.work_on_case(number, OPERATOR, close("refused", &["excessive"])).await.unwrap();
        home.clock.days(5);
        home.app.write_to_case(number, &code(&opened), "I asked once.", "192.0.2.7").await.unwrap();
        let request = home.app.request(number).await.unwrap().unwrap();
        assert!(request.appealed.is_some() && request.answered.is_none() && request.due > opened.due);
        let again = home.app.work_on_case(number, OPERATOR, close("refused", &["excessive"])).await;
        assert!(matches!(again, Err(Fault::NotNow(_))), "{again:?}");
        home.app.work_on_case(number, "wu.desk", close("answered", &[])).await.unwrap();
        let request = home.app.request(number).await.unwrap().unwrap();
        assert_eq!((request.outcome.as_str(), request.reasons.len()), ("answered", 0));
    }
}

#[tokio::test]
async fn promise_6_5_more_time_is_given_once_and_only_by_a_law_and_its_person_reads_why() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let promised = guest(&home, "explain", "self", &[]).await;
        let no = home.app.extend_request(&promised.number, OPERATOR, "There are many of them.").await;
        assert!(matches!(no, Err(Fault::NotNow(_))), "a promise does not move");
        home.app.store.set_policy(policy(r#""eu-gdpr""#, false));
        let opened = guest(&home, "explain", "self", &[]).await;
        let number = opened.number.as_str();
        let received = home.app.request(number).await.unwrap().unwrap().received;
        // Received on Tuesday, 1 December 2026: a month, then two more.
        assert_eq!(home.app.clocks("case", number).await.unwrap()[0].ends.last_day, Some(date(2027, 1, 1)));
        home.clock.days(20);
        assert!(matches!(home.app.extend_request(number, OPERATOR, " ").await, Err(Fault::Invalid(_))));
        home.app.extend_request(number, OPERATOR, "Your file fills a room.").await.unwrap();
        let clocks = home.app.clocks("case", number).await.unwrap();
        assert_eq!(clocks.len(), 1);
        assert_eq!((clocks[0].ends.last_day, clocks[0].started), (Some(date(2027, 3, 1)), received));
        let twice = home.app.extend_request(number, OPERATOR, "It fills two.").await;
        assert!(matches!(twice, Err(Fault::NotNow(_))));
        let thread = home.app.see_case(number, &code(&opened)).await.unwrap();
        let said = thread.told.iter().find(|t| t.entry.kind == "extended").unwrap();
        assert_eq!(said.entry.told, "2027-01-01 2027-03-01");
        let words = said.words.as_ref().unwrap().expose(Sink::Subject, |v| String::from_utf8(v.clone()).unwrap());
        assert_eq!(words, "Your file fills a room.");
        home.app.work_on_case(number, OPERATOR, close("answered", &[])).await.unwrap();
        let counts = home.app.request_statistics(100).await.unwrap();
        assert_eq!((counts[0].in_time, counts[0].late), (1, 0));
    }
}

#[tokio::test]
async fn promise_6_5_a_restriction_stops_all_use_at_once_and_requests_are_answered_all_the_same() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let subject = home.person(1).await.subject;
        let by = Actor::Service(home.service("plaza", &["account"]).await);
        let wanted = avouch::gate::Wanted { act: Act::Use, purpose: "account", items: &["nickname"], recipient: None };
        let read = async || home.app.use_records(subject, &wanted, &by, &Which::all()).await;
        read().await.unwrap();
        home.app.restrict(subject, true).await.unwrap();
        assert!(matches!(read().await, Err(Fault::Refused(_))), "{engine:?}");
        // Rights go on: a copy, a request, its answer.
        home.app.export(subject, "en").await.unwrap();
        let asked = asked("explain", "self", &[]);
        let opened = home.app.open_request(case("Why?"), asked, Some(subject), Actor::Subject).await.unwrap();
        home.app.work_on_case(&opened.number, OPERATOR, close("answered", &[])).await.unwrap();
        home.app.restrict(subject, false).await.unwrap();
        read().await.unwrap();
    }
}

#[tokio::test]
async fn promise_6_5_a_copy_goes_to_another_controller_that_takes_it_and_to_no_other_place() {
    let mut home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let took = tokio::spawn(async move {
        let mut all = Vec::new();
        for answer in ["200 OK", "415 No"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
            loop {
                let n = stream.read(&mut part).await.unwrap();
                bytes.extend_from_slice(&part[..n]);
                let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
                let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
                if bytes.len() >= end + 4 + length.parse::<usize>().unwrap() {
                    all.push((head, bytes.split_off(end + 4)));
                    break;
                }
            }
            let head = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
        }
        all
    });
    let reach = Reach { via: [("move.other.example".to_owned(), at)].into(), ..Reach::default() };
    home.app = home.app.clone().with_outbound(Guard::new(reach, None).unwrap());
    let mut session = home.session(1).await;
    session.proven = false;
    let url = "https://move.other.example/take";
    assert!(matches!(home.app.port(&session, url, "", "en").await, Err(Fault::NeedsProof)));
    session.proven = true;
    for bad in ["", "http://move.other.example/take", "https://127.0.0.1/take", "https://user@move.other.example/"] {
        assert!(matches!(home.app.port(&session, bad, "", "en").await, Err(Fault::Invalid(_))), "{bad}");
    }
    let ported = home.app.port(&session, url, "token-of-theirs", "en").await.unwrap();
    assert_eq!(ported.host, "move.other.example");
    home.app.own_leaf(subject, &ported.receipt).await.unwrap();
    // What is not taken is no request that was answered.
    assert!(matches!(home.app.port(&session, url, "", "en").await, Err(Fault::Invalid(_))));
    let (own, _) = home.app.own_requests(subject).await.unwrap();
    assert_eq!(own.iter().filter(|r| r.kind == "portability").count(), 1);
    let took = took.await.unwrap();
    let (head, body) = &took[0];
    assert!(head.contains("authorization: bearer token-of-theirs") && head.contains("application/zip"), "{head}");
    assert_eq!(ported.sha256, data_encoding::HEXLOWER.encode(&avouch::store::sha256(body)));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(body)).unwrap();
    assert!(std::io::read_to_string(zip.by_name("data.json").unwrap()).unwrap().contains("Person 1"));
    assert!(!took[1].0.contains("authorization"));
}

struct StartAll(Vec<(Timestamp, Vec<Rule>)>);

impl Transact for StartAll {
    const NAME: &'static str = "start clocks of three years in a test";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for (at, rules) in &self.0 {
            let matter = Matter { about: "request".into(), id: at.to_string(), subject: None };
            clock::start(tx, &matter, rules, *at).await?;
        }
        Ok(())
    }
}

/// The days of the published calendars that are off, and those made up for them, read without our own reader.
fn announced() -> (BTreeSet<Date>, BTreeSet<Date>) {
    let (mut off, mut work) = (BTreeSet::new(), BTreeSet::new());
    for year in [2024, 2025, 2026] {
        let path = format!("{}/../calendar/data/cn/{year}.json", env!("CARGO_MANIFEST_DIR"));
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let days = |key: &str| -> Vec<Date> {
            json[key].as_array().unwrap().iter().map(|d| d.as_str().unwrap().parse().unwrap()).collect()
        };
        off.extend(days("off"));
        work.extend(days("work"));
    }
    (off, work)
}

#[tokio::test]
async fn promise_6_5_a_request_of_any_day_of_three_years_is_due_on_the_right_day_in_every_regime() {
    let home = Home::new(Engine::Sqlite).await;
    let policy = policy(r#""cn-pipl", "eu-gdpr", "us-ca-ccpa""#, true);
    let (off, work) = announced();
    let weekend = |day: Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let works = |day: Date| work.contains(&day) || !(weekend(day) || off.contains(&day));
    let next = |day: Date| day.tomorrow().unwrap();
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    let mut all = Vec::new();
    let mut day = date(2024, 1, 1);
    while day.year() <= 2026 {
        // At noon in China; in California the day before is not over.
        let at = day.at(12, 0, 0, 0).to_zoned_datetime(shanghai.clone()).unwrap().timestamp();
        all.push((at, avouch::contact::case::rules(&policy, "rights", "", at)));
        day = next(day);
    }
    home.app.store.transact(StartAll(all.clone())).await.unwrap();
    let mut provisional = 0;
    for (at, _) in &all {
        let day_in = |zone: &str| at.to_zoned_datetime(TimeZone::get(zone).unwrap()).date();
        let china = {
            let (mut day, mut left) = (day_in("Asia/Shanghai"), 15);
            while left > 0 {
                day = next(day);
                left -= i32::from(works(day));
            }
            day
        };
        let mut standard = day_in("Asia/Shanghai").checked_add(30.days()).unwrap();
        while !works(standard) {
            standard = next(standard);
        }
        let mut europe = {
            let from = day_in("Europe/Brussels");
            let (year, month) = if from.month() == 12 { (from.year() + 1, 1) } else { (from.year(), from.month() + 1) };
            let last = date(year, month, 1).days_in_month();
            date(year, month, from.day().min(last))
        };
        while weekend(europe) {
            europe = next(europe);
        }
        let california = day_in("America/Los_Angeles").checked_add(45.days()).unwrap();
        let clocks = home.app.clocks("request", &at.to_string()).await.unwrap();
        let expected = BTreeMap::from([
            ("contact.respond_within", china),
            ("cn-pipl.deadline.reply", standard),
            ("eu-gdpr.deadline.reply", europe),
            ("us-ca-ccpa.deadline.reply", california),
        ]);
        assert_eq!(clocks.len(), expected.len(), "{at}: {clocks:?}");
        for clock in &clocks {
            let right = expected[clock.rule.regime.as_str()];
            if clock.ends.provisional {
                // A year that is not announced: never later than the truth could be, and said to be provisional.
                assert!(clock.rule.calendar == "cn" && right >= date(2026, 12, 20), "{at} {clock:?}");
                provisional += 1;
            } else {
                assert_eq!(clock.ends.last_day, Some(right), "{at} {}", clock.rule.regime);
            }
        }
        let earliest = clocks.iter().map(|c| c.ends.due).min().unwrap();
        let governing: Vec<_> = clocks.iter().filter(|c| c.governs).collect();
        assert!(governing.len() == 1 && governing[0].ends.due == earliest, "the earliest governs");
    }
    assert!(provisional > 10, "December 2026 runs into a year that is not announced");
    assert_eq!(all.len(), 1096);
}

#[tokio::test]
async fn promise_6_5_everything_of_a_person_comes_back_to_them_and_nothing_to_another() {
    for engine in ENGINES {
        let mut home = Home::new(engine).await;
        let _outbox = home.with_outbox();
        home.app.ready_signals().await.unwrap();
        let purposes: Vec<String> = home.app.policy().facts().usage.purposes.keys().cloned().collect();
        let names: Vec<&str> = purposes.iter().map(String::as_str).collect();
        let service = home.service("plaza", &names).await;
        let by = Actor::Service(Arc::clone(&service));
        let mut planted: Vec<Vec<String>> = Vec::new();
        let mut people = Vec::new();
        for n in [1_u64, 2] {
            let mine = |k: u64| canary(n * 1000 + k);
            let nickname = mine(0).chars().take(20).collect::<String>();
            let subject = home.try_person(n, &[("nickname", &nickname)]).await.unwrap().subject;
            people.push(subject);
            let mut all = vec![nickname, format!("person{n}@plaza.example")];
            // Records provided and inferred.
            for (k, purpose, item) in [
                (1, "content", "comment"),
                (2, "content", "text"),
                (3, "recommendation", "interests"),
                (4, "recommendation", "tastes"),
            ] {
                if purpose == "recommendation" {
                    home.app.switch_automated(subject, purpose, true, "en").await.unwrap();
                }
                let new = avouch::collection::put::NewRecord {
                    subject,
                    purpose: purpose.into(),
                    item: item.into(),
                    record: None,
                    value: mine(k),
                };
                home.app.put_record(new, &by).await.unwrap();
                all.push(mine(k));
            }
            // Signals observed.
            let event = avouch::collection::signal::Event {
                item: "function_used".into(),
                at: None,
                fields: serde_json::json!({ "function": mine(5) }).as_object().unwrap().clone(),
            };
            let from = avouch::collection::signal::Connection::default();
            home.app.take_signals(subject, "recommendation", &[event], &from, &by).await.unwrap();
            all.push(mine(5));
            // Automated decisions, with their reasons.
            let (outcome, because) = (mine(6), mine(7));
            home.app.record_decision(subject, "moderation", &["text"], &outcome, &because, &service).await.unwrap();
            all.extend([outcome, because]);
            // What was written to us, what we wrote, and requests.
            let mut new = case(&mine(8));
            new.category = "question".into();
            let opened = home.app.open_case(new, Some(subject)).await.unwrap();
            let reply = Deed::Reply { text: mine(9), waits: false };
            home.app.work_on_case(&opened.number, OPERATOR, reply).await.unwrap();
            home.app.reveal(&opened.number, OPERATOR, "email", &format!("Needed: {}", mine(10))).await.unwrap();
            all.extend([mine(8), mine(9), mine(10), opened.number]);
            let request = home
                .app
                .open_request(case(&mine(11)), asked("explain", "self", &[]), Some(subject), Actor::Subject)
                .await
                .unwrap();
            all.extend([mine(11), request.number]);
            // Where they logged in from.
            let device = avouch::security::session::Device { agent: mine(12), address: format!("198.51.100.{n}") };
            home.app.log_in(&format!("person{n}"), avouch_testkit::home::PASSWORD, device).await.unwrap();
            all.push(mine(12));
            planted.push(all);
        }
        let mut told = Vec::new();
        for subject in &people {
            let zip = home.app.export(*subject, "en").await.unwrap().zip().await.unwrap();
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
            let mut whole = String::new();
            for at in 0..zip.len() {
                whole.push_str(&std::io::read_to_string(zip.by_index(at).unwrap()).unwrap());
            }
            told.push(whole);
        }
        for (n, all) in planted.iter().enumerate() {
            for canary in all {
                assert!(told[n].contains(canary.as_str()), "{engine:?}: {canary} is not told to its person");
                assert!(!told[1 - n].contains(canary.as_str()), "{engine:?}: {canary} is told to another");
            }
        }
        for whole in &told {
            assert!(!whole.contains(avouch_testkit::home::PASSWORD) && !whole.contains("$argon2"), "no secret");
        }
    }
}
