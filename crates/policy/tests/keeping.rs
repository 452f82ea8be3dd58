//! Ends of records against a naive reading of the rules: every trigger, every period, several purposes on one record.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::LazyLock;

use avouch_policy::Basis;
use avouch_policy::model::After;
use avouch_policy::{End, File, Lived, Period, Policy, Source, Unit};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const SHIPPED: &str = include_str!("../../../policy/policy.toml");

/// A policy with a purpose for every trigger and period, by consent and not: `TRIGGER_UNIT_BASIS`.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let mut toml = SHIPPED.to_owned();
    for (name, after, keep, basis) in rules() {
        toml.push_str(&format!(
            "\n[usage.purposes.{name}]\nclause = \"2.2\"\nlabel = {{ en = \"x\", zh-CN = \"x\" }}\n\
             why = {{ en = \"x\", zh-CN = \"x\" }}\nbasis = \"{basis}\"\nitems = [\"nickname\", \"order\"]\n\
             party = [\"service\"]\nretention = {{ after = \"{after}\", keep = \"{keep}\", then = \"delete\" }}\n"
        ));
    }
    let facts = File::new("policy.toml", toml);
    Policy::load(&Source { facts, texts: [].into() }).map_err(|faults| faults.report(false)).unwrap()
});

fn rules() -> Vec<(String, After, Period, Basis)> {
    let mut out = Vec::new();
    for after in After::ALL {
        for (n, unit) in [(0, Unit::Day), (90, Unit::Minute), (36, Unit::Hour), (6, Unit::Month), (3, Unit::Year)] {
            for basis in [Basis::Contract, Basis::Consent] {
                let name = format!("x{}", out.len());
                out.push((name, *after, Period::Of(n, unit), basis));
            }
        }
    }
    out
}

/// The reference: as slow and obvious as the words of the rules.
fn naive(after: After, keep: Period, basis: Basis, lived: &Lived) -> Option<Timestamp> {
    let from = match after {
        After::Collected => Some(lived.collected),
        After::LastUsed => lived.used.or(Some(lived.collected)),
        After::PurposeEnded => lived.purpose_ended,
        After::ContractEnded => lived.contract_ended,
        After::AccountCancelled => lived.cancelled,
        After::ConsentWithdrawn => lived.withdrawn,
    };
    let own = from.map(|from| {
        let mut day = from.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let Period::Of(n, unit) = keep else { return from };
        for _ in 0..if matches!(unit, Unit::Year) { n } else { 0 } {
            day = day.checked_add(jiff::Span::new().years(1)).unwrap();
        }
        match unit {
            Unit::Minute => from + SignedDuration::from_mins(i64::from(n)),
            Unit::Hour => from + SignedDuration::from_hours(i64::from(n)),
            Unit::Day => from + SignedDuration::from_hours(24 * i64::from(n)),
            Unit::Month => day.checked_add(jiff::Span::new().months(i64::from(n))).unwrap().timestamp(),
            // Years one after another differ from years at once on a leap day alone.
            Unit::Year if from.to_zoned_datetime(jiff::tz::TimeZone::UTC).day() < 29 => day.timestamp(),
            _ => keep.after(from),
        }
    });
    if basis == Basis::Consent
        && after != After::ConsentWithdrawn
        && let Some(withdrawn) = lived.withdrawn
    {
        return Some(match own {
            Some(own) if own <= withdrawn => own,
            _ => withdrawn,
        });
    }
    own
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (1_700_000_000i64..1_900_000_000).prop_map(|s| Timestamp::from_second(s).unwrap())
}

prop_compose! {
    fn lived()(
        collected in moment(),
        later in proptest::array::uniform5(proptest::option::of(0i64..200_000_000)),
    ) -> Lived {
        let at = |n: usize| later.get(n).copied().flatten().map(|s| collected + SignedDuration::from_secs(s));
        Lived {
            collected,
            used: at(0),
            withdrawn: at(1),
            purpose_ended: at(2),
            contract_ended: at(3),
            cancelled: at(4),
        }
    }
}

proptest! {
    #[test]
    fn promise_5_1_every_trigger_and_period_ends_as_a_naive_reading_says(lived in lived(), at in 0usize..60) {
        let rules = rules();
        let (name, after, keep, basis) = &rules[at % rules.len()];
        let end = POLICY.end_for(name, &lived).unwrap();
        prop_assert_eq!(end.until, naive(*after, *keep, *basis, &lived), "{} {} {:?}", after, keep, lived);
        prop_assert_eq!(End::read(&end.rule(), end.until), Some(end));
    }

    #[test]
    fn promise_5_1_several_purposes_keep_a_record_until_the_last_lives(
        all in proptest::collection::vec((lived(), 0usize..60), 1..5), now in moment(),
    ) {
        let rules = rules();
        let of: Vec<_> = all.iter().map(|(lived, at)| (&rules[at % rules.len()], *lived)).collect();
        let ends: Vec<_> = of.iter().map(|((_, after, keep, basis), lived)| naive(*after, *keep, *basis, lived)).collect();
        let last = if ends.contains(&None) { None } else { ends.iter().copied().flatten().max() };
        let end = POLICY.end_of("nickname", of.iter().map(|((name, ..), lived)| (name.as_str(), *lived)), now, now);
        prop_assert_eq!(end.until, last);
        prop_assert!(of.iter().any(|((name, ..), _)| *name == end.purpose), "and says which purpose it was");
    }
}

#[test]
fn promise_5_1_a_purpose_the_policy_no_longer_names_keeps_nothing_but_what_law_keeps() {
    let collected: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let now: Timestamp = "2027-12-01T00:00:00Z".parse().unwrap();
    let gone = [("gone", Lived::since(collected))];
    assert_eq!(POLICY.end_of("nickname", gone, collected, now).until, Some(now));
    let order = POLICY.end_of("order", gone, collected, now);
    assert_eq!(order.until, Some("2029-12-01T00:00:00Z".parse().unwrap()), "the transaction's three years");
    let over: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(POLICY.end_of("order", gone, collected, over).until, Some(over));
}

#[test]
fn only_what_ends_follow_from_changes_their_digest() {
    let with = |from: &str, to: &str| {
        assert!(SHIPPED.contains(from), "{from}");
        let facts = File::new("policy.toml", SHIPPED.replacen(from, to, 1));
        Policy::load(&Source { facts, texts: [].into() }).unwrap().keeping_digest()
    };
    let shipped = with("format = 1", "format = 1");
    assert_eq!(with("email = \"privacy@plaza.example\"", "email = \"desk@plaza.example\""), shipped);
    assert_ne!(with("keep = \"90 days\"", "keep = \"80 days\""), shipped);
    assert_ne!(with("keep = \"6 months\"\n", "keep = \"7 months\"\n"), shipped);
}
