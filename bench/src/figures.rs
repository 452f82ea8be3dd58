//! Time, figures over repetitions, and how a run is told.

use std::time::{Duration, Instant};

/// The time now; the one place where a measurement reads the clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a measurement is of time")]
pub fn now() -> Instant {
    Instant::now()
}

/// How long `work` takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let out = work();
    (out, start.elapsed())
}

/// The table of a run, on the program's output, where the page takes it from.
#[expect(clippy::print_stdout, reason = "the table is the program's output")]
pub fn tell(text: &str) {
    println!("{text}");
}

/// Progress and faults, beside the output.
#[expect(clippy::print_stderr, reason = "progress and faults")]
pub fn complain(text: &str) {
    eprintln!("{text}");
}

/// One figure over the repetitions of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle one.
    pub median: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of at least one number; of none it is nought.
    #[must_use]
    pub fn of(numbers: &[f64]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |n: usize| sorted.get(n).copied().unwrap_or_default();
        Self { min: at(0), median: at(sorted.len() / 2), max: at(sorted.len().saturating_sub(1)) }
    }

    /// The median with the least and the most, each as `show` writes it.
    #[must_use]
    pub fn told(&self, show: impl Fn(f64) -> String) -> String {
        format!("{} ({} – {})", show(self.median), show(self.min), show(self.max))
    }
}

/// The value below which `share` (0 to 1) of the sorted numbers lie.
#[must_use]
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let at = (share * sorted.len() as f64) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// A time in nanoseconds, in the unit a person reads it in.
#[must_use]
pub fn nanos(ns: f64) -> String {
    match ns {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

/// A number of things a second.
#[must_use]
pub fn rate(per_second: f64) -> String {
    if per_second < 1e3 { format!("{per_second:.0}") } else { format!("{:.1} k", per_second / 1e3) }
}

/// A ratio.
#[must_use]
pub fn ratio(n: f64) -> String {
    if n < 10.0 { format!("{n:.2}") } else { format!("{n:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_least_the_middle_and_the_most() {
        let spread = Spread::of(&[3.0, 1.0, 2.0, 9.0, 4.0]);
        assert_eq!(spread, Spread { min: 1.0, median: 3.0, max: 9.0 });
        assert_eq!(spread.told(nanos), "3 ns (1 ns – 9 ns)");
        assert_eq!(Spread::of(&[]), Spread { min: 0.0, median: 0.0, max: 0.0 });
    }

    #[test]
    fn a_percentile_is_a_member_of_the_list() {
        let sorted: Vec<u64> = (0..1000).collect();
        assert_eq!((percentile(&sorted, 0.5), percentile(&sorted, 0.99), percentile(&sorted, 1.0)), (500, 990, 999));
        assert_eq!(percentile(&[], 0.5), 0);
    }

    #[test]
    fn figures_read_in_a_fitting_unit() {
        assert_eq!([nanos(85.0), nanos(8_500.0), nanos(2_000_000.0)], ["85 ns", "8.5 µs", "2.00 ms"]);
        assert_eq!([rate(950.0), rate(66_000.0), ratio(0.514), ratio(81.0)], ["950", "66.0 k", "0.51", "81"]);
    }
}
