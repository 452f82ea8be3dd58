//! What a decision costs at 10 to 10 000 rules, beside Cedar on the same policy and the same questions.
//!
//! Every verdict is compared; one that differs voids the run. `--quick` repeats less.

use std::hint::black_box;
use std::process::ExitCode;

use avouch_bench::figures::{Spread, complain, nanos, now, percentile, ratio, tell};
use avouch_bench::world::World;
use avouch_policy::Verdict;
use cedar_policy::{Authorizer, Decision};

/// Rules of each policy, and how many questions Cedar is asked in a repetition.
const SIZES: [(usize, usize); 4] = [(10, 20_000), (100, 4_000), (1_000, 400), (10_000, 40)];
/// Questions Avouch is asked in a repetition.
const OURS: usize = 200_000;
/// Different questions of a world.
const QUESTIONS: usize = 2_000;

struct Times {
    p50: Vec<f64>,
    p99: Vec<f64>,
    mean: Vec<f64>,
}

impl Times {
    const fn new() -> Self {
        Self { p50: Vec::new(), p99: Vec::new(), mean: Vec::new() }
    }

    /// Asks `count` times: each decision by itself for the percentiles (with what reading the clock costs), then
    /// as many in a row for the mean (without).
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds")]
    fn repeat(&mut self, count: usize, mut ask: impl FnMut(usize)) {
        let mut alone: Vec<u64> = (0..count)
            .map(|n| {
                let start = now();
                ask(n);
                u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
            })
            .collect();
        alone.sort_unstable();
        self.p50.push(percentile(&alone, 0.5) as f64);
        self.p99.push(percentile(&alone, 0.99) as f64);
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
        "| rules | Avouch mean | p50 | p99 | Cedar mean | p50 | p99 | Cedar ÷ Avouch (means) |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (rules, theirs) in SIZES {
        complain(&format!("{rules} rules …"));
        let world = World::of(rules, QUESTIONS).map_err(|e| e.to_string())?;
        same_verdicts(&world, if quick { 50 } else { QUESTIONS })?;
        let authorizer = Authorizer::new();
        let (mut avouch, mut cedar) = (Times::new(), Times::new());
        let mut ratios = Vec::new();
        let asked = |n: usize| world.questions.get(n % world.questions.len());
        for _ in 0..repetitions {
            avouch.repeat(if quick { OURS / 20 } else { OURS }, |n| {
                if let Some(q) = asked(n) {
                    black_box(world.policy.decide(black_box(&q.standing), black_box(&q.ask)));
                }
            });
            cedar.repeat(if quick { (theirs / 20).max(4) } else { theirs }, |n| {
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
            "| {rules} | {} | {} | {} | {} | {} | {} | {} |",
            told(&avouch.mean),
            told(&avouch.p50),
            told(&avouch.p99),
            told(&cedar.mean),
            told(&cedar.p50),
            told(&cedar.p99),
            Spread::of(&ratios).told(ratio),
        ));
    }
    let how = format!(
        "{repetitions} interleaved repetitions; median (least – most) over them. {QUESTIONS} different questions a \
         policy, about half permitted; both engines gave the same verdict on every one. p50 and p99 time each \
         decision alone and hold the cost of reading the clock; the mean is over decisions in a row.{}",
        if quick { " QUICK: not for the page." } else { "" }
    );
    Ok(format!("{}\n\n{how}", rows.join("\n")))
}

fn same_verdicts(world: &World, count: usize) -> Result<(), String> {
    let authorizer = Authorizer::new();
    for q in world.questions.iter().take(count) {
        let ours = matches!(world.policy.decide(&q.standing, &q.ask), Verdict::Permitted(_));
        let theirs = authorizer.is_authorized(&q.request, &world.cedar, &world.entities).decision() == Decision::Allow;
        if ours != theirs {
            return Err(format!("Avouch says {ours}, Cedar {theirs}, to {:?}", q.ask));
        }
    }
    Ok(())
}
