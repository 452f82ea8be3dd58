//! The console's page of today over a thousand people on a thousand deadlines, on SQLite, and the queue beside it.
//!
//! Every answer is judged: the page says how many deadlines run, as they were counted when they began; otherwise the run
//! is void. `--quick` has fewer people and repetitions. What the page says is compared with a count done by hand in the
//! tests of `crates/web`.

use std::process::ExitCode;

use avouch::contact::case::NewCase;
use avouch::store::StaffRole;
use avouch_bench::figures::{Spread, complain, nanos, now, tell};
use avouch_testkit::{Engine, Home};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use tower::ServiceExt as _;

fn main() -> ExitCode {
    let quick = std::env::args().any(|word| word == "--quick");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|e| format!("no runtime: {e}")).and_then(|rt| rt.block_on(measure(quick)));
    match done {
        Ok(text) => {
            tell(&text);
            ExitCode::SUCCESS
        }
        Err(why) => {
            complain(&format!("The run is void: {why}"));
            ExitCode::FAILURE
        }
    }
}

async fn ask(console: &Router, session: &str, path: &str) -> Result<String, String> {
    let request = Request::get(path)
        .header(header::HOST, "127.0.0.1:8421")
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::COOKIE, format!("__Host-console={session}"))
        .body(Body::empty())
        .map_err(|e| e.to_string())?;
    let answer = console.clone().oneshot(request).await.map_err(|e| e.to_string())?;
    if answer.status() != StatusCode::OK {
        return Err(format!("{path} was answered with {}", answer.status()));
    }
    let body = to_bytes(answer.into_body(), 1 << 24).await.map_err(|e| e.to_string())?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

async fn measure(quick: bool) -> Result<String, String> {
    let (people, repeats) = if quick { (50, 3) } else { (1000, 101) };
    let home = Home::new(Engine::Sqlite).await;
    for n in 0..people {
        let new = NewCase {
            category: "question".into(),
            text: "When do you open?".into(),
            file: None,
            mail: String::new(),
            language: "en".into(),
            address: format!("10.{}.{}.1", n / 250, n % 250),
        };
        home.app.open_case(new, None).await.map_err(|e| e.to_string())?;
        home.clock.advance(SignedDuration::from_mins(40));
    }
    let session = home.console("desk", &[StaffRole::CustomerService]).await;
    let console = avouch_web::console_routes(home.app.clone());
    let mut rows = String::new();
    for (name, path, must) in
        [("today", "/", format!("{people} run, ")), ("the queue", "/cases", format!("{people} received"))]
    {
        let mut times = Vec::new();
        for _ in 0..repeats {
            let start = now();
            let page = ask(&console, &session, path).await?;
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds")]
            times.push(start.elapsed().as_nanos() as f64);
            if !page.contains(&must) {
                return Err(format!("{path} does not say \"{must}\""));
            }
        }
        rows.push_str(&format!("| {name} | {} |\n", Spread::of(&times).told(nanos)));
    }
    Ok(format!(
        "{people} people, a deadline each, {repeats} looks one after the other in the same process; every answer said \
         how many run.{}\n\n| page | median (least – most) |\n|---|---|\n{rows}",
        if quick { " QUICK: not for the page." } else { "" }
    ))
}
