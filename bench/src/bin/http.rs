//! Governed, evidenced reads and durable governed writes over HTTP at 1, 16 and 64 clients, beside an empty
//! handler, the twin and raw PostgreSQL, all in one run.
//!
//! The servers have one core, the generator the other. Correctness is a gate: every answer is judged, every
//! acknowledged write is found again, and Avouch's ledger has grown by exactly the number of acts; otherwise,
//! or when the disk probe moved by more than a quarter, the run is void. `--quick` repeats less; `alone read` and
//! `alone write` drive Avouch by itself, for a profiler.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use avouch_bench::figures::{Spread, complain, nanos, rate, ratio, tell};
use avouch_bench::gate::{Account, kept};
use avouch_bench::load::{Call, Period, Script, drive, each, request};
use avouch_bench::probe::Probe;
use avouch_bench::server::{GENERATOR_CORE, RECORDS, Ready, Running, SERVER_CORE, SUBJECTS, number, value};
use avouch_bench::sql::{self, Work};
use avouch_bench::{server, twin};
use avouch_testkit::postgres::Cluster;

const CLIENTS: [usize; 3] = [1, 16, 64];
const WARM_UP: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["server", role, folder] => runtime(true).and_then(|rt| rt.block_on(serve(role, Path::new(folder)))),
        ["alone", work] => {
            pin(GENERATOR_CORE).and_then(|()| runtime(false)?.block_on(alone(work))).map(|text| tell(&text))
        }
        rest => measure(rest.contains(&"--quick")).map(|text| tell(&text)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            complain(&format!("The run is void: {why}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(role: &str, folder: &Path) -> Result<(), String> {
    match role {
        "empty" => server::empty().await,
        "twin" => twin::serve(folder).await,
        "avouch" => server::avouch(folder).await,
        other => Err(format!("there is no server {other}")),
    }
}

fn runtime(many: bool) -> Result<tokio::runtime::Runtime, String> {
    let mut builder =
        if many { tokio::runtime::Builder::new_multi_thread() } else { tokio::runtime::Builder::new_current_thread() };
    builder.enable_all().build().map_err(|e| format!("no runtime: {e}"))
}

/// Pins this process, and what it starts from now on, to a core.
fn pin(core: &str) -> Result<(), String> {
    let done = Command::new("taskset").args(["-a", "-c", "-p", core, &std::process::id().to_string()]).output();
    match done {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(format!("cannot pin to core {core}: {}", String::from_utf8_lossy(&out.stderr))),
        Err(e) => Err(format!("`taskset` cannot be run (package util-linux): {e}")),
    }
}

/// Figures of one workload at one number of clients, a number a repetition.
#[derive(Default)]
struct Column {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Column {
    fn add(&mut self, period: &Period) {
        self.rates.push(period.rate);
        self.p50.push(period.p50);
        self.p99.push(period.p99);
    }

    fn cells(&self) -> String {
        format!(
            "{}/s | {} | {}",
            Spread::of(&self.rates).told(rate),
            nanos(Spread::of(&self.p50).median),
            nanos(Spread::of(&self.p99).median)
        )
    }

    /// Ours ÷ theirs, repetition by repetition.
    fn over(&self, other: &Self) -> String {
        let shares: Vec<f64> = self.rates.iter().zip(&other.rates).map(|(a, b)| a / b).collect();
        Spread::of(&shares).told(ratio)
    }
}

#[derive(Default)]
struct Row {
    empty: Column,
    twin: Column,
    avouch: Column,
    postgres: Column,
}

fn measure(quick: bool) -> Result<String, String> {
    // PostgreSQL is started from the servers' core and stays there; then this process moves to its own.
    pin(SERVER_CORE)?;
    let cluster = Cluster::start();
    pin(GENERATOR_CORE)?;
    runtime(false)?.block_on(run(quick, &cluster))
}

async fn run(quick: bool, cluster: &Cluster) -> Result<String, String> {
    let (repetitions, length) = if quick { (1, Duration::from_millis(400)) } else { (5, Duration::from_millis(1_500)) };
    let folder = tempfile::tempdir().map_err(|e| format!("no folder: {e}"))?;
    let probed = |e: std::io::Error| format!("the disk cannot be probed: {e}");
    let before = Probe::of(folder.path()).map_err(probed)?;

    complain("filling …");
    let empty = Running::start("empty", folder.path()).await?;
    let bare = Running::start("twin", folder.path()).await?;
    let avouch = Running::start("avouch", folder.path()).await?;
    sql::fill(cluster.url()).await?;
    let start = server::counted(folder.path())?;

    let (mut reads, mut writes) = ([(); 3].map(|()| Row::default()), [(); 3].map(|()| Row::default()));
    let mut tally = Tally::default();
    for repetition in 1..=repetitions {
        complain(&format!("repetition {repetition} of {repetitions} …"));
        for (at, clients) in CLIENTS.into_iter().enumerate() {
            let (Some(read), Some(write)) = (reads.get_mut(at), writes.get_mut(at)) else { continue };
            let get = |ready: &Ready| reading(ready);
            let idle: Script = Arc::new(|_, _| Call {
                request: request("GET", "/", "none.none", ""),
                status: 200,
                holds: "{}".to_owned(),
                tag: 0,
            });
            drive(empty.ready.port, clients, WARM_UP, Arc::clone(&idle), false).await?;
            read.empty.add(&drive(empty.ready.port, clients, length, idle, false).await?);

            drive(bare.ready.port, clients, WARM_UP, get(&bare.ready), false).await?;
            read.twin.add(&drive(bare.ready.port, clients, length, get(&bare.ready), false).await?);
            for period in [WARM_UP, length] {
                let done = drive(avouch.ready.port, clients, period, get(&avouch.ready), false).await?;
                tally.read += done.answered.len() as u64;
                if period == length {
                    read.avouch.add(&done);
                }
            }
            sql::drive(cluster.url(), clients, WARM_UP, Work::Read, 0).await?;
            read.postgres.add(&sql::drive(cluster.url(), clients, length, Work::Read, 0).await?);

            let done = drive(bare.ready.port, clients, length, writing(&bare.ready, &tally.next), false).await?;
            tally.twin += done.answered.len() as u64;
            write.twin.add(&done);
            let done = drive(avouch.ready.port, clients, length, writing(&avouch.ready, &tally.next), true).await?;
            tally.keep(&done)?;
            write.avouch.add(&done);
            let base = tally.next.fetch_add(10_000_000, Ordering::Relaxed);
            let done = sql::drive(cluster.url(), clients, length, Work::Write, base).await?;
            tally.postgres += done.answered.len() as u64;
            write.postgres.add(&done);
        }
    }
    complain("looking whether everything is there …");
    judge(&tally, &avouch, cluster, folder.path(), start).await?;
    for running in [empty, bare, avouch] {
        running.stop().await?;
    }
    let after = Probe::of(folder.path()).map_err(probed)?;
    if !quick && !before.holds(&after) {
        return Err(format!(
            "the disk changed while it was measured: {before:?} before, {after:?} after ({:.0} % drift)",
            100.0 * before.drift(&after)
        ));
    }
    Ok(told(&reads, &writes, before, after, repetitions, &tally, quick))
}

/// What was acknowledged.
#[derive(Default)]
struct Tally {
    /// The number of the next value to write; shared by the clients.
    next: Arc<AtomicU64>,
    read: u64,
    twin: u64,
    postgres: u64,
    /// Avouch's writes: whose, which record, which value.
    written: Vec<(u64, String)>,
}

impl Tally {
    fn keep(&mut self, done: &Period) -> Result<(), String> {
        for (n, body) in &done.answered {
            let kept: serde_json::Value = serde_json::from_str(body).map_err(|e| format!("{body}: {e}"))?;
            let record = kept.get("record").and_then(|r| r.as_str()).ok_or_else(|| format!("no record in {body}"))?;
            self.written.push((*n, record.to_owned()));
        }
        Ok(())
    }
}

/// Whose value the value of that number is.
fn whose(n: u64) -> usize {
    usize::try_from(n % SUBJECTS as u64).unwrap_or(0)
}

fn reading(ready: &Ready) -> Script {
    let ready = ready.clone();
    Arc::new(move |client, made| {
        let made = usize::try_from(made).unwrap_or(0);
        let (who, which) = ((client * 31 + made * 7) % SUBJECTS, made % RECORDS);
        read_call(&ready, who, ready.people.get(who).and_then(|p| p.records.get(which)), number(who, which))
    })
}

fn read_call(ready: &Ready, who: usize, record: Option<&String>, n: u64) -> Call {
    let subject = ready.people.get(who).map_or("", |p| p.subject.as_str());
    let record = record.map_or("", String::as_str);
    let path = format!("/v1/subjects/{subject}/records/comment/{record}?purpose=content");
    Call { request: request("GET", &path, &ready.credential, ""), status: 200, holds: value(n), tag: n }
}

fn writing(ready: &Ready, next: &Arc<AtomicU64>) -> Script {
    let (ready, next) = (ready.clone(), Arc::clone(next));
    // Values of the start have the numbers below.
    next.fetch_max((SUBJECTS * RECORDS) as u64, Ordering::Relaxed);
    Arc::new(move |_, _| {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let subject = ready.people.get(whose(n)).map_or("", |p| p.subject.as_str());
        let body = format!(r#"{{"purpose":"content","item":"comment","value":"{}"}}"#, value(n));
        let path = format!("/v1/subjects/{subject}/records");
        let request = request("POST", &path, &ready.credential, &body);
        Call { request, status: 201, holds: "\"record\":\"".to_owned(), tag: n }
    })
}

async fn judge(
    tally: &Tally,
    avouch: &Running,
    cluster: &Cluster,
    folder: &Path,
    start: (u64, u64),
) -> Result<(), String> {
    let account = |read: u64| -> Result<Account, String> {
        let (leaves, records) = server::counted(folder)?;
        let written = tally.written.len() as u64;
        Ok(Account { written, read, records: records - start.1, leaves: leaves - start.0 })
    };
    account(tally.read)?.holds()?;
    // Every acknowledged write is read back and compared, which leaves evidence too.
    let back = tally.written.iter().map(|(n, record)| read_call(&avouch.ready, whose(*n), Some(record), *n)).collect();
    let back = each(avouch.ready.port, 64, Arc::new(back)).await?;
    account(tally.read + back)?.holds()?;

    let fill = (SUBJECTS * RECORDS) as u64;
    let (rows, values) = twin::counted(folder)?;
    kept("the twin", tally.twin + fill, rows, values)?;
    let (rows, values) = sql::counted(cluster.url()).await?;
    kept("PostgreSQL", tally.postgres + fill, rows, values)
}

/// Drives Avouch alone at 64 clients with one kind of act, for a profiler to look at.
async fn alone(work: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|e| format!("no folder: {e}"))?;
    let avouch = Running::start("avouch", folder.path()).await?;
    let script = match work {
        "read" => reading(&avouch.ready),
        "write" => writing(&avouch.ready, &Arc::default()),
        other => return Err(format!("there is no work {other}; there are: read, write")),
    };
    let done = drive(avouch.ready.port, 64, Duration::from_secs(8), script, false).await?;
    avouch.stop().await?;
    Ok(format!("{} a second at 64 clients, p50 {}. Not for the page.", rate(done.rate), nanos(done.p50)))
}

fn told(
    reads: &[Row; 3],
    writes: &[Row; 3],
    before: Probe,
    after: Probe,
    repetitions: usize,
    tally: &Tally,
    quick: bool,
) -> String {
    let mut out = Vec::new();
    let head = "| clients | who | answers | p50 | p99 |\n|---|---|---|---|---|";
    let shares = "| clients | Avouch ÷ twin | Avouch ÷ PostgreSQL |\n|---|---|---|";
    for (name, rows) in
        [("Reads by key, governed and evidenced", reads), ("Durable writes, governed and evidenced", writes)]
    {
        out.push(format!("**{name}**\n\n{head}"));
        for (clients, row) in CLIENTS.iter().zip(rows) {
            let of = [
                ("empty handler", &row.empty),
                ("twin", &row.twin),
                ("PostgreSQL, raw", &row.postgres),
                ("Avouch", &row.avouch),
            ];
            for (who, column) in of.into_iter().filter(|(_, c)| !c.rates.is_empty()) {
                out.push(format!("| {clients} | {who} | {} |", column.cells()));
            }
        }
        out.push(format!("\n{shares}"));
        for (clients, row) in CLIENTS.iter().zip(rows) {
            out.push(format!("| {clients} | {} | {} |", row.avouch.over(&row.twin), row.avouch.over(&row.postgres)));
        }
        out.push(String::new());
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let alone = writes.first().map_or(0.0, |row| Spread::of(&row.avouch.p50).median / before.small.max(1) as f64);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds")]
    let ns = |n: u64| nanos(n as f64);
    out.push(format!(
        "One client's durable write takes {} × the disk's own (p50 over p50). Disk probe, write + fdatasync, p50: \
         512 B {} before and {} after, 64 KiB {} and {}. {repetitions} interleaved repetitions; median (least – \
         most) of the rates, medians of the latencies. Judged: {} writes of Avouch counted and every one \
         read back, {} reads compared, one leaf for each act; the rivals' writes counted.{}",
        ratio(alone),
        ns(before.small),
        ns(after.small),
        ns(before.large),
        ns(after.large),
        tally.written.len(),
        tally.read,
        if quick { " QUICK: not for the page." } else { "" }
    ));
    out.join("\n")
}
