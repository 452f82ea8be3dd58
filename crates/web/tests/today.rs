//! The console's page of today is right: a thousand people on a thousand clocks, against a count done by hand.
//! Shows promise 8.2.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch::contact::case::NewCase;
use avouch::contact::desk::Deed;
use avouch::store::StaffRole;
use avouch_testkit::{Engine, Home};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use tower::ServiceExt;

const PEOPLE: usize = 1000;
/// How many deadlines the page shows, and how near is near.
const SHOWN: usize = 20;
const SOON: SignedDuration = SignedDuration::from_hours(72);

async fn ask(home: &Home, session: &str, path: &str) -> String {
    let request = Request::get(path)
        .header(header::HOST, "127.0.0.1:8421")
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::COOKIE, format!("__Host-console={session}"))
        .body(Body::empty())
        .unwrap();
    let answer = avouch_web::console_routes(home.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    String::from_utf8(to_bytes(answer.into_body(), 1 << 22).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn promise_8_2_a_thousand_people_on_a_thousand_clocks_are_told_right() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let home = Home::new(engine).await;
        let mut running: Vec<(Timestamp, String)> = Vec::new();
        for n in 0..PEOPLE {
            let new = NewCase {
                category: ["question", "complaint", "rights", "other"][n % 4].into(),
                text: "Hello?".into(),
                file: None,
                mail: String::new(),
                language: "en".into(),
                address: format!("10.{}.{}.1", n / 250, n % 250),
            };
            let opened = home.app.open_case(new, None).await.unwrap();
            if n % 7 == 0 {
                let close = Deed::Close { outcome: "answered".into(), reason: String::new(), text: "Yes.".into() };
                home.app.work_on_case(&opened.number, "desk", close, None).await.unwrap();
            } else {
                running.push((opened.due.unwrap(), opened.number));
            }
            home.clock.advance(SignedDuration::from_mins(40));
        }
        let now = home.app.store.now();
        running.sort();
        let overdue = running.iter().filter(|(due, _)| *due <= now).count();
        let soon = running.iter().filter(|(due, _)| *due > now && *due <= now + SOON).count();
        assert!(overdue > 50 && soon > 20, "{overdue}, {soon}");

        let session = home.console("desk", &[StaffRole::CustomerService]).await;
        let page = ask(&home, &session, "/").await;
        let counts = format!("{} run, {overdue} are overdue, {soon} end within three days.", running.len());
        assert!(page.contains(&counts), "{counts}: {page}");
        // Those shown are the most urgent, in order; of one instant, in any.
        let shown: Vec<&str> =
            page.split("href=\"/cases/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(shown.len(), SHOWN);
        let due_of = |number: &str| running.iter().find(|(_, n)| n == number).map(|(due, _)| *due);
        let dues: Vec<_> = shown.iter().map(|number| due_of(number).unwrap()).collect();
        assert_eq!(dues, running.iter().take(SHOWN).map(|(due, _)| *due).collect::<Vec<_>>());
        assert_eq!(page.matches("overdue</span>").count(), SHOWN.min(overdue));

        // The queue knows the same, page by page.
        let mut queue = 0;
        for n in 0.. {
            let found = ask(&home, &session, &format!("/cases?state=running&due=overdue&page={n}")).await;
            let rows = found.matches("<td class=\"number\"><a href=\"/cases/").count();
            queue += rows;
            if rows == 0 {
                break;
            }
        }
        assert_eq!(queue, overdue);
    }
}
