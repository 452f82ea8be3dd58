//! Cases of customer service on both engines: everyone can write and follow it, the words are sealed, the day of the
//! answer is right, staff see what the case needs and leave evidence. Shows promises 2.4 and 8.1 to 8.3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::Fault;
use avouch::contact::case::{Caller, NewCase, Opened, Thread};
use avouch::contact::desk::Deed;
use avouch::store::{CaseFilter, CaseStatistics, Sink, SubjectId};
use avouch_testkit::canary::{canary, scan};
use avouch_testkit::{Engine, Home};
use jiff::SignedDuration;

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
const OPERATOR: &str = "li.desk";

fn message(category: &str, text: &str) -> NewCase {
    NewCase {
        category: category.into(),
        text: text.into(),
        file: None,
        mail: String::new(),
        language: "en".into(),
        address: "192.0.2.7".into(),
    }
}

async fn guest(home: &Home, text: &str) -> (Opened, Caller) {
    let opened = home.app.open_case(message("question", text), None).await.unwrap();
    let caller = Caller::Code(opened.code.clone().expect("a code without an account"));
    (opened, caller)
}

fn words(thread: &Thread) -> Vec<(String, String)> {
    let text = |t: &avouch::contact::case::Told| {
        t.words
            .as_ref()
            .map(|w| w.expose(Sink::Subject, |v| String::from_utf8_lossy(v).into_owned()))
            .unwrap_or_default()
    };
    thread.told.iter().map(|t| (t.entry.kind.clone(), text(t))).collect()
}

fn reply(text: &str) -> Deed {
    Deed::Reply { text: text.into(), waits: false }
}

fn close(outcome: &str, text: &str) -> Deed {
    let reason = if outcome == "answered" { "" } else { "others-rights" };
    Deed::Close { outcome: outcome.into(), reason: reason.into(), text: text.into() }
}

async fn statistics(home: &Home) -> CaseStatistics {
    let mut all = CaseStatistics::default();
    home.app.case_statistics(90).await.unwrap().into_iter().for_each(|(_, of)| all += of);
    all
}

async fn own_acts(home: &Home, subject: SubjectId) -> Vec<(String, String, Vec<String>)> {
    let leaves = home.app.own_leaves(subject, jiff::Timestamp::UNIX_EPOCH, 1000).await.unwrap();
    leaves.into_iter().rev().map(|e| (e.leaf.act, e.leaf.actor, e.leaf.items)).collect()
}

#[tokio::test]
async fn promise_8_1_anybody_writes_gets_number_and_day_at_once_and_follows_it_by_a_code() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (opened, caller) = guest(&home, "When do you open?").await;
        assert_eq!(opened.number.len(), 9);
        // Received on 1 December 2026: the fifteenth working day is the 22nd.
        assert_eq!((opened.due.unwrap().to_string().as_str(), opened.provisional), ("2026-12-22T16:00:00Z", false));
        home.app.write_to_case(&opened.number, &caller, "And on Sundays?", None, "192.0.2.7").await.unwrap();
        let thread = home.app.see_case(&opened.number, &caller).await.unwrap();
        assert_eq!(
            words(&thread),
            [("message".into(), "When do you open?".into()), ("message".into(), "And on Sundays?".to_owned())]
        );
        // Whoever wrote without an account is no account.
        assert_eq!(home.app.store.counts().await.unwrap()["subjects"], 0);
        // A wrong number, a wrong code and somebody signed in are told alike: nothing.
        let person = home.person(1).await.subject;
        for (number, caller) in [
            ("2222-2222", caller.clone()),
            (opened.number.as_str(), Caller::Code("WRONG".into())),
            (opened.number.as_str(), Caller::Person(person)),
        ] {
            assert!(matches!(home.app.see_case(number, &caller).await, Err(Fault::NotFound)));
            assert!(matches!(home.app.write_to_case(number, &caller, "x", None, "").await, Err(Fault::NotFound)));
        }
    }
}

#[tokio::test]
async fn promise_8_1_with_an_account_a_case_is_its_persons_own_and_in_their_export() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (one, other) = (home.person(1).await.subject, home.person(2).await.subject);
        let opened = home.app.open_case(message("rights", "Correct my name, or I complain"), Some(one)).await.unwrap();
        assert!(opened.code.is_none());
        let thread = home.app.see_case(&opened.number, &Caller::Person(one)).await.unwrap();
        assert_eq!(thread.file.proposed, "correct complaint");
        assert!(matches!(home.app.see_case(&opened.number, &Caller::Person(other)).await, Err(Fault::NotFound)));
        assert_eq!(home.app.own_cases(one).await.unwrap().len(), 1);
        assert!(home.app.own_cases(other).await.unwrap().is_empty());
        // A request by law and a complaint: each rule has its clock, the earliest governs.
        let clocks = home.app.clocks("case", &opened.number).await.unwrap();
        let regimes: Vec<_> = clocks.iter().map(|c| (c.rule.regime.as_str(), c.governs)).collect();
        assert_eq!(regimes.len(), 3, "{regimes:?}");
        assert!(regimes.iter().any(|(r, _)| *r == "cn-pipl.deadline.complaint"));
        assert!(regimes.iter().any(|(r, _)| *r == "cn-pipl.deadline.reply"));
        assert_eq!(regimes.iter().filter(|(_, governs)| *governs).count(), 1);
        home.app.work_on_case(&opened.number, OPERATOR, Deed::Take, None).await.unwrap();
        home.app.work_on_case(&opened.number, OPERATOR, Deed::Note("seems right".into()), None).await.unwrap();
        let seen = words(&home.app.see_case(&opened.number, &Caller::Person(one)).await.unwrap());
        assert!(seen.iter().all(|(kind, _)| kind == "message"), "not in the thread: {seen:?}");
        let export = async |who| {
            let zip = home.app.export(who, "en").await.unwrap().zip().await.unwrap();
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
            std::io::read_to_string(zip.by_name("data.json").unwrap()).unwrap()
        };
        let told = export(one).await;
        for part in ["Correct my name, or I complain", "seems right", opened.number.as_str()] {
            assert!(told.contains(part), "{part}");
        }
        // Who of the staff had the case is theirs: it stands in no entry.
        let data: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert!(!data["cases"].to_string().contains(OPERATOR), "{}", data["cases"]);
        assert!(!export(other).await.contains(opened.number.as_str()));
    }
}

#[tokio::test]
async fn promise_8_2_a_case_is_taken_answered_closed_and_opened_again_with_a_time_of_its_own() {
    for engine in ENGINES {
        let mut home = Home::new(engine).await;
        let outbox = home.with_outbox();
        let mut new = message("complaint", "This is slow. Delete my picture!");
        new.mail = "asker@plaza.example".into();
        let opened = home.app.open_case(new, None).await.unwrap();
        let caller = Caller::Code(opened.code.unwrap());
        let number = opened.number.as_str();
        home.app.work_on_case(number, OPERATOR, Deed::Take, None).await.unwrap();
        home.app.work_on_case(number, OPERATOR, Deed::Note("looks right".into()), None).await.unwrap();
        home.app.work_on_case(number, OPERATOR, reply("Which one?"), None).await.unwrap();
        home.app.work().await.unwrap();
        let letters = outbox.take();
        let kinds: Vec<_> = letters.iter().map(|l| l.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["case-taken", "case-answered"],
            "one mail for the change, one for the answer, none for a note"
        );
        assert!(letters.iter().all(|l| !l.text.contains("Which one?") && l.to == "asker@plaza.example"));
        // Its person sees the reply, and no note.
        let seen = words(&home.app.see_case(number, &caller).await.unwrap());
        assert!(seen.iter().any(|(_, text)| text == "Which one?") && seen.iter().all(|(kind, _)| kind != "note"));
        let desk = home.app.desk(number, OPERATOR).await.unwrap();
        assert!(words(&desk.thread).contains(&("note".into(), "looks right".into())));

        // A letter needs words and an outcome, a refusal its reason; closed is closed.
        let no_reason = Deed::Close { outcome: "refused".into(), reason: String::new(), text: "No.".into() };
        for bad in [close("answered", " "), close("maybe", "Done."), no_reason] {
            assert!(matches!(home.app.work_on_case(number, OPERATOR, bad, None).await, Err(Fault::Invalid(_))));
        }
        home.clock.days(2);
        home.app
            .work_on_case(number, OPERATOR, close("partly", "The picture is gone; the post stays."), None)
            .await
            .unwrap();
        assert!(matches!(home.app.work_on_case(number, OPERATOR, reply("x"), None).await, Err(Fault::NotNow(_))));
        let thread = home.app.see_case(number, &caller).await.unwrap();
        assert_eq!((thread.file.state.as_str(), thread.file.outcome.as_str()), ("closed", "partly"));
        assert!(words(&thread).contains(&("letter".into(), "The picture is gone; the post stays.".into())));
        let letter = thread.told.iter().find(|t| t.entry.kind == "letter").unwrap();
        assert_eq!(letter.entry.told, "others-rights", "with its reason");
        let done = statistics(&home).await;
        assert_eq!((done.received, done.in_time, done.late, done.overdue), (1, 1, 0, 0));

        home.clock.days(1);
        home.app.write_to_case(number, &caller, "That is not enough.", None, "").await.unwrap();
        let again = home.app.see_case(number, &caller).await.unwrap().file;
        assert_eq!((again.state.as_str(), again.closed), ("open", None));
        assert!(again.due.unwrap() > opened.due.unwrap(), "a time of its own");
        // Nobody answers: it is over, and told so.
        home.clock.days(60);
        let late = statistics(&home).await;
        assert_eq!((late.received, late.in_time, late.overdue), (2, 1, 1));
        assert_eq!(late.overdue_since, again.due);
        let by = home.app.case_statistics(90).await.unwrap();
        assert_eq!(
            by.iter().map(|(category, of)| (category.as_str(), of.received)).collect::<Vec<_>>(),
            [("complaint", 2)]
        );
        home.app.work_on_case(number, OPERATOR, close("refused", "The post is its author's own."), None).await.unwrap();
        let late = statistics(&home).await;
        assert_eq!((late.in_time, late.late, late.overdue), (1, 1, 0));
    }
}

#[tokio::test]
async fn promise_8_2_a_moved_deadline_is_told_in_the_case_and_by_mail() {
    let mut home = Home::new(Engine::Sqlite).await;
    let outbox = home.with_outbox();
    home.clock.days(19);
    let mut new = message("question", "Hello?");
    (new.mail, new.language) = ("asker@plaza.example".into(), "zh-CN".into());
    let opened = home.app.open_case(new, None).await.unwrap();
    let caller = Caller::Code(opened.code.clone().unwrap());
    assert!(opened.provisional);
    let year = r#"{"year":2027,"papers":["p"],"days":[{"date":"2027-01-01","isOffDay":true}]}"#;
    home.app.announce_year(year).await.unwrap();
    let thread = home.app.see_case(&opened.number, &caller).await.unwrap();
    let moved = thread.told.iter().find(|t| t.entry.kind == "moved").unwrap();
    assert_eq!(moved.entry.told, "2027-01-05 2027-01-11");
    assert!(!thread.file.provisional);
    home.app.work().await.unwrap();
    let letters = outbox.take();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].kind == "case-moved" && letters[0].text.contains("答复期限有调整"), "{}", letters[0].text);
}

#[tokio::test]
async fn promise_8_1_mail_links_back_to_the_case_with_nothing_of_it_and_no_code() {
    for engine in ENGINES {
        let mut home = Home::new(engine).await;
        let outbox = home.with_outbox();
        home.app = home.app.clone().at("https://privacy.plaza.example".parse().unwrap());
        let mut new = message("complaint", "A secret of mine");
        // Anybody can type anybody's address: what goes there opens nothing.
        new.mail = "somebody-else@plaza.example".into();
        let stranger = home.app.open_case(new, None).await.unwrap();
        let person = home.person(1).await.subject;
        let own = home.app.open_case(message("question", "A secret of mine"), Some(person)).await.unwrap();
        home.app.work().await.unwrap();
        outbox.take();
        let ask = || Deed::Reply { text: "Our secret answer?".into(), waits: true };
        for number in [&stranger.number, &own.number] {
            home.app.work_on_case(number, OPERATOR, ask(), None).await.unwrap();
            home.app.work_on_case(number, OPERATOR, close("refused", "Our secret letter"), None).await.unwrap();
        }
        home.app.work().await.unwrap();
        let letters = outbox.take();
        let told: Vec<_> = letters.iter().map(|l| (l.to.as_str(), l.kind.as_str())).collect();
        for kind in ["case-asked", "case-closed"] {
            assert!(told.contains(&("somebody-else@plaza.example", kind)), "{told:?}");
            assert!(told.contains(&("person1@plaza.example", kind)), "{told:?}");
        }
        assert_eq!(told.len(), 4);
        let code = stranger.code.unwrap();
        for letter in &letters {
            let text = letter.text.to_lowercase();
            assert!(!text.contains("secret") && !text.contains(&code.to_lowercase()), "{text}");
            let link = if letter.to.starts_with("person1") {
                format!("https://privacy.plaza.example/privacy/cases/{}", own.number)
            } else {
                format!("https://privacy.plaza.example/contact/case/{} ", stranger.number)
            };
            assert!(letter.text.contains(&link), "{}", letter.text);
        }
        // The addresses were opened for customer service, and the person sees so.
        let uses = home.app.uses(person, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(uses.iter().any(|u| u.purpose == "support" && u.item == "email" && u.party == "system"), "{uses:?}");
    }
}

#[tokio::test]
async fn promise_8_2_alarms_at_50_80_and_100_per_cent_reach_the_case_and_nobody_outside() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let (opened, caller) = guest(&home, "Hello?").await;
        home.app.work_on_case(&opened.number, OPERATOR, Deed::Take, None).await.unwrap();
        let whole = opened.due.unwrap().duration_since(home.app.store.now()).as_secs();
        let mut over = 0;
        for per_cent in [50, 80, 100] {
            home.clock.advance(SignedDuration::from_secs(whole * per_cent / 100 - over + 1));
            over = whole * per_cent / 100 + 1;
            home.app.work().await.unwrap();
            let desk = home.app.desk(&opened.number, OPERATOR).await.unwrap().thread;
            let alarm = desk.told.iter().rfind(|t| t.entry.kind == "alarm").unwrap();
            assert_eq!(alarm.entry.told, per_cent.to_string());
            assert_eq!(desk.file.alarmed, u64::try_from(per_cent).unwrap());
        }
        let seen = home.app.see_case(&opened.number, &caller).await.unwrap();
        assert!(seen.told.iter().all(|t| t.entry.kind != "alarm"));
        let overdue = CaseFilter { due_by: Some(home.app.store.now()), limit: 10, ..CaseFilter::default() };
        assert_eq!(home.app.cases(&overdue).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn promise_2_4_staff_see_nothing_of_a_person_but_what_they_reveal_with_a_reason_for_minutes() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let opened = home.app.open_case(message("question", "Call me back"), Some(person)).await.unwrap();
        let number = opened.number.as_str();
        let before = own_acts(&home, person).await.len();
        let desk = home.app.desk(number, OPERATOR).await.unwrap();
        let names: Vec<_> = desk.items.iter().map(|i| (i.name.as_str(), i.value.is_some())).collect();
        assert_eq!(names, [("email", false), ("nickname", false), ("user_name", false)], "of what support may ask for");
        let acts = own_acts(&home, person).await;
        assert_eq!(
            acts[before..],
            [("use".to_owned(), OPERATOR.to_owned(), vec!["support_message".to_owned()])],
            "only what was written was opened"
        );

        // No reason, no such item, somebody else's permission: nothing.
        assert!(matches!(home.app.reveal(number, OPERATOR, "email", "because").await, Err(Fault::Invalid(_))));
        let reason = "To write to the address that was asked about.";
        for item in ["password", "support_message", "real_name", "nothing"] {
            assert!(matches!(home.app.reveal(number, OPERATOR, item, reason).await, Err(Fault::NotFound)), "{item}");
        }
        home.app.reveal(number, OPERATOR, "email", reason).await.unwrap();
        let shown = |desk: &avouch::contact::desk::Desk| {
            let open = desk.items.iter().filter_map(|i| Some((i.name.clone(), i.value.as_ref()?)));
            open.map(|(n, v)| (n, v.expose(Sink::Gate, |v| String::from_utf8_lossy(v).into_owned())))
                .collect::<Vec<_>>()
        };
        let desk = home.app.desk(number, OPERATOR).await.unwrap();
        assert_eq!(shown(&desk), [("email".to_owned(), "person1@plaza.example".to_owned())]);
        assert!(shown(&home.app.desk(number, "wu.desk").await.unwrap()).is_empty(), "for this operator alone");
        // The use and the reveal are the person's to see, with the reason.
        let acts = own_acts(&home, person).await;
        assert!(acts.contains(&("use".into(), OPERATOR.into(), vec!["email".into()])));
        assert!(acts.iter().any(|(act, _, items)| act == "reveal" && items == &["email"]));
        let uses = home.app.uses(person, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(uses.iter().any(|u| u.purpose == "support" && u.item == "email" && u.actor == OPERATOR));
        let thread = words(&home.app.see_case(number, &Caller::Person(person)).await.unwrap());
        assert!(thread.contains(&("reveal".into(), reason.into())));
        // It ends by itself, and with the case.
        home.clock.advance(SignedDuration::from_mins(11));
        assert!(shown(&home.app.desk(number, OPERATOR).await.unwrap()).is_empty());
        home.app.reveal(number, OPERATOR, "email", reason).await.unwrap();
        home.app.work_on_case(number, OPERATOR, close("answered", "Done."), None).await.unwrap();
        assert!(shown(&home.app.desk(number, OPERATOR).await.unwrap()).is_empty());
        assert!(matches!(home.app.reveal(number, OPERATOR, "email", reason).await, Err(Fault::NotNow(_))));
    }
}

#[tokio::test]
async fn the_queue_is_by_urgency_and_can_be_narrowed_and_paged() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let mut numbers = Vec::new();
        for n in 0..5 {
            numbers.push(guest(&home, &format!("Question {n}")).await.0.number);
            home.clock.days(1);
        }
        home.app.work_on_case(&numbers[1], OPERATOR, Deed::Take, None).await.unwrap();
        home.app.work_on_case(&numbers[2], OPERATOR, close("answered", "Yes."), None).await.unwrap();
        let list = async |filter: CaseFilter| {
            let cases = home.app.cases(&CaseFilter { limit: 10, ..filter }).await.unwrap();
            cases.into_iter().map(|c| numbers.iter().position(|n| *n == c.number).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(list(CaseFilter::default()).await, [0, 1, 3, 4, 2], "what is closed comes last");
        assert_eq!(list(CaseFilter { state: "running".into(), ..CaseFilter::default() }).await, [0, 1, 3, 4]);
        assert_eq!(list(CaseFilter { state: "closed".into(), ..CaseFilter::default() }).await, [2]);
        assert_eq!(list(CaseFilter { operator: OPERATOR.into(), ..CaseFilter::default() }).await, [1]);
        assert_eq!(
            list(CaseFilter { number: numbers[3].chars().take(5).collect(), ..CaseFilter::default() }).await,
            [3]
        );
        assert_eq!(list(CaseFilter { skip: 3, ..CaseFilter::default() }).await, [4, 2]);
    }
}

#[tokio::test]
async fn promise_5_1_a_case_is_forgotten_at_its_end_and_without_an_account_its_key_too() {
    let home = Home::new(Engine::Sqlite).await;
    let secret = canary(7);
    let person = home.person(1).await.subject;
    let (opened, caller) = guest(&home, &secret).await;
    let own = home.app.open_case(message("question", "Mine"), Some(person)).await.unwrap();
    assert_eq!(home.app.store.people().await.unwrap(), 2);
    assert!(scan(home.dir.path(), &[secret.as_bytes()]).is_empty(), "sealed, also while it is here");
    home.clock.days(3 * 366);
    let swept = home.app.sweep(false).await.unwrap();
    assert_eq!(swept.cases, 2);
    assert!(matches!(home.app.see_case(&opened.number, &caller).await, Err(Fault::NotFound)));
    assert!(matches!(home.app.see_case(&own.number, &Caller::Person(person)).await, Err(Fault::NotFound)));
    assert_eq!(home.app.store.people().await.unwrap(), 1, "the key went, the account stays");
    assert!(home.app.clocks("case", &own.number).await.unwrap().is_empty());
    assert_eq!(home.app.sweep(false).await.unwrap().cases, 0);
}

#[tokio::test]
async fn promise_5_2_an_erased_persons_cases_are_gone() {
    for engine in ENGINES {
        let home = Home::new(engine).await;
        let person = home.person(1).await.subject;
        let opened = home.app.open_case(message("question", "Mine"), Some(person)).await.unwrap();
        home.app.reveal(&opened.number, OPERATOR, "email", "To see who it is.").await.unwrap();
        home.app.erase(person).await.unwrap();
        assert!(home.app.cases(&CaseFilter { limit: 10, ..CaseFilter::default() }).await.unwrap().is_empty());
        assert!(home.app.urgent_clocks(jiff::Timestamp::UNIX_EPOCH, 10).await.unwrap().is_empty());
        assert!(matches!(home.app.desk(&opened.number, OPERATOR).await, Err(Fault::NotFound)));
    }
}

#[tokio::test]
async fn promise_8_1_a_flood_from_one_place_ends_and_nobody_elsewhere_is_kept_out() {
    let home = Home::new(Engine::Sqlite).await;
    let most = home.app.settings.cases_hour;
    for _ in 0..most {
        home.app.open_case(message("question", "again"), None).await.unwrap();
    }
    assert!(matches!(home.app.open_case(message("question", "again"), None).await, Err(Fault::TooMany(60))));
    let mut elsewhere = message("question", "hello");
    elsewhere.address = "198.51.100.9".into();
    home.app.open_case(elsewhere, None).await.unwrap();
    home.clock.advance(SignedDuration::from_mins(61));
    home.app.open_case(message("question", "later"), None).await.unwrap();
    assert_eq!(home.app.store.people().await.unwrap(), most + 2, "what was refused left no key behind");
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_leaves_nothing() {
    let home = Home::new(Engine::Sqlite).await;
    let mut bad_mail = message("question", "hello");
    bad_mail.mail = "nobody".into();
    for (new, field) in [
        (message("", "hello"), "category"),
        (message("royal", "hello"), "category"),
        (message("question", "   "), "text"),
        (message("question", &"x".repeat(10_001)), "text"),
        (bad_mail, "email"),
    ] {
        match home.app.open_case(new, None).await {
            Err(Fault::Invalid(faults)) => assert_eq!(faults[0].field, field),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(home.app.store.people().await.unwrap(), 0);
}
