//! What a decision costs at 10 to 10 000 rules, beside Cedar on the same policy and the same questions.
//!
//! Every verdict is compared; one that differs voids the run. `--quick` repeats less.
//!
//! A decision of ours takes about as long as reading the clock. So its percentiles are taken twice: over batches
//! of [`BATCH`] decisions timed together and divided, where the clock weighs little but a slow decision is
//! diluted among its neighbours, and over decisions timed alone, where nothing is diluted but the clock is in it.

use std::hint::black_box;
use std::process::ExitCode;

use avouch_bench::figures::{Spread, complain, nanos, now, percentile, ratio, tell};
use avouch_bench::world::World;
use cedar_policy::Authorizer;

/// Rules of each policy, and how many questions Cedar is asked in a repetition.
const SIZES: [(usize, usize); 4] = [(10, 20_000), (100, 4_000), (1_000, 400), (10_000, 40)];
/// Questions Avouch is asked in a repetition.
const OURS: usize = 200_000;
/// Different questions of a world.
const QUESTIONS: usize = 2_000;
/// Decisions of ours timed together.
const BATCH: usize = 16;

struct Times {
    p50: Vec<f64>,
    p99: Vec<f64>,
    alone: Vec<f64>,
    mean: Vec<f64>,
}

impl Times {
    const fn new() -> Self {
        Self { p50: Vec::new(), p99: Vec::new(), alone: Vec::new(), mean: Vec::new() }
    }

    /// Asks `count` times in batches of `batch` for the percentiles, each alone for the 99th of those, and all in
    /// a row for the mean.
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds")]
    fn repeat(&mut self, count: usize, batch: usize, mut ask: impl FnMut(usize)) {
        let mut each = |batch: usize| -> Vec<u64> {
            let mut times: Vec<u64> = (0..count / batch)
                .map(|n| {
                    let start = now();
                    (n * batch..(n + 1) * batch).for_each(&mut ask);
                    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
                })
                .collect();
            times.sort_unstable();
            times
        };
        let (together, alone) = (each(batch), each(1));
        self.p50.push(percentile(&together, 0.5) as f64 / batch as f64);
        self.p99.push(percentile(&together, 0.99) as f64 / batch as f64);
        self.alone.push(percentile(&alone, 0.99) as f64);
        let start = now();
        (0..count).for_each(&mut ask);
        self.mean.push(start.elapsed().as_nanos() as f64 / count as f64);
    }
}

fn main() -> ExitCode {
    match run(std::env::args().any(|arg| arg == "--quick")) {
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

fn run(quick: bool) -> Result<String, String> {
    let repetitions = if quick { 2 } else { 7 };
    let mut rows = vec![
        "| rules | Avouch mean | p50 | p99 | p99 alone | Cedar mean | p50 | p99 | Cedar ÷ Avouch (means) |".to_owned(),
        "|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (rules, theirs) in SIZES {
        complain(&format!("{rules} rules …"));
        let world = World::of(rules, QUESTIONS).map_err(|e| e.to_string())?;
        world.same_verdicts(if quick { 50 } else { QUESTIONS })?;
        let authorizer = Authorizer::new();
        let (mut avouch, mut cedar) = (Times::new(), Times::new());
        let mut ratios = Vec::new();
        let asked = |n: usize| world.questions.get(n % world.questions.len());
        for _ in 0..repetitions {
            avouch.repeat(if quick { OURS / 20 } else { OURS }, BATCH, |n| {
                if let Some(q) = asked(n) {
                    black_box(world.policy.decide(black_box(&q.standing), black_box(&q.ask)));
                }
            });
            cedar.repeat(if quick { (theirs / 20).max(4) } else { theirs }, 1, |n| {
                if let Some(q) = asked(n) {
                    black_box(authorizer.is_authorized(black_box(&q.request), &world.cedar, &world.entities));
                }
            });
            if let (Some(ours), Some(theirs)) = (avouch.mean.last(), cedar.mean.last()) {
                ratios.push(theirs / ours);
            }
        }
        let told = |numbers: &[f64]| Spread::of(numbers).told(nanos);
        rows.push(format!(
            "| {rules} | {} | {} | {} | {} | {} | {} | {} | {} |",
            told(&avouch.mean),
            told(&avouch.p50),
            told(&avouch.p99),
            told(&avouch.alone),
            told(&cedar.mean),
            told(&cedar.p50),
            told(&cedar.p99),
            Spread::of(&ratios).told(ratio),
        ));
    }
    let how = format!(
        "{repetitions} interleaved repetitions; median (least – most) over them. {QUESTIONS} different questions a \
         policy, about half permitted; both engines gave the same verdict on every one. Avouch: p50 and \
         p99 over batches of {BATCH} decisions timed together and divided, so that the clock weighs little; \
         \"p99 alone\" times each by itself and holds the reading of the clock, {} here. Cedar: each timed \
         alone. Means are over decisions in a row.{}",
        nanos(clock()),
        if quick { " QUICK: not for the page." } else { "" }
    );
    Ok(format!("{}\n\n{how}", rows.join("\n")))
}

/// What reading the clock twice costs, in nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds")]
fn clock() -> f64 {
    let mut times: Vec<u64> =
        (0..10_000).map(|_| u64::try_from(now().elapsed().as_nanos()).unwrap_or(u64::MAX)).collect();
    times.sort_unstable();
    percentile(&times, 0.5) as f64
}
