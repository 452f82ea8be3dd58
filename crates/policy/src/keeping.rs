//! How long a record is kept, and why: the end of each purpose it is kept for, and the last of them.
//!
//! Keeps promise 5.1. Pure: what happened to a record goes in, its end comes out. A consent that is withdrawn ends
//! what was collected under it, whatever period the purpose has of its own (PIPL article 47); a record that several
//! purposes keep lives until the last of them ends; a purpose the policy no longer names keeps nothing.

use jiff::Timestamp;

use crate::model::{After, Basis};
use crate::period::Period;
use crate::policy::Policy;

/// What happened to a record, for one of the purposes it is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lived {
    /// When it was collected for the purpose.
    pub collected: Timestamp,
    /// When it was last used for the purpose; nothing while it was not.
    pub used: Option<Timestamp>,
    /// When the consent to the purpose was withdrawn; nothing while it stands, or where none was ever given.
    pub withdrawn: Option<Timestamp>,
    /// When the purpose ended, since the record was collected.
    pub purpose_ended: Option<Timestamp>,
    /// When the contract ended, since the record was collected.
    pub contract_ended: Option<Timestamp>,
    /// When the account ends.
    pub cancelled: Option<Timestamp>,
}

impl Lived {
    /// Collected then, and nothing since.
    #[must_use]
    pub const fn since(collected: Timestamp) -> Self {
        Self { collected, used: None, withdrawn: None, purpose_ended: None, contract_ended: None, cancelled: None }
    }
}

/// When a record must be gone, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// When; nothing while an event decides.
    pub until: Option<Timestamp>,
    /// The purpose that keeps it so long.
    pub purpose: String,
    /// What the period counts from.
    pub after: After,
    /// How long from then.
    pub keep: Period,
}

impl End {
    /// The rule as it is stored beside the record: purpose, trigger and period.
    #[must_use]
    pub fn rule(&self) -> String {
        format!("{} {} {}", self.purpose, self.after, self.keep)
    }

    /// The end that a stored rule and time tell; nothing for what is no rule.
    #[must_use]
    pub fn read(rule: &str, until: Option<Timestamp>) -> Option<Self> {
        let (purpose, rest) = rule.split_once(' ')?;
        let (after, keep) = rest.split_once(' ')?;
        let after = After::ALL.iter().copied().find(|a| a.as_str() == after)?;
        Some(Self { until, purpose: purpose.to_owned(), after, keep: keep.parse().ok()? })
    }
}

impl Policy {
    /// The end of a record for one purpose; nothing for a purpose that keeps nothing, because the policy does not
    /// name it or says nothing of its retention.
    #[must_use]
    pub fn end_for(&self, purpose: &str, lived: &Lived) -> Option<End> {
        let fact = self.facts().usage.purposes.get(purpose)?;
        let rule = fact.retention.as_ref()?;
        let (keep, since) = (rule.keep, lived.collected);
        let event = |at: Option<Timestamp>| at.map(|at| keep.after(at));
        let until = match rule.after {
            After::Collected => Some(keep.after(since)),
            After::LastUsed => Some(keep.after(lived.used.map_or(since, |used| used.max(since)))),
            After::PurposeEnded => event(lived.purpose_ended),
            After::ContractEnded => event(lived.contract_ended),
            After::AccountCancelled => event(lived.cancelled),
            After::ConsentWithdrawn => event(lived.withdrawn),
        };
        let own = End { until, purpose: purpose.to_owned(), after: rule.after, keep };
        let consent = matches!(fact.basis, Basis::Consent | Basis::SeparateConsent);
        match lived.withdrawn.filter(|_| consent && rule.after != After::ConsentWithdrawn) {
            // Collected under the consent and kept for a time of its own: without the consent nothing keeps it.
            Some(at) if until.is_none_or(|until| at < until) => {
                Some(End { until: Some(at), after: After::ConsentWithdrawn, keep: NOTHING, ..own })
            }
            _ => Some(own),
        }
    }

    /// The end of a record of `item` that is kept for these purposes: the last of theirs. Where the policy names none
    /// of them any more, what a law keeps of the item since `collected`, or else `now`.
    #[must_use]
    pub fn end_of<'a>(
        &self,
        item: &str,
        kept_for: impl IntoIterator<Item = (&'a str, Lived)>,
        collected: Timestamp,
        now: Timestamp,
    ) -> End {
        let mut last: Option<End> = None;
        let mut first = None;
        for (purpose, lived) in kept_for {
            first.get_or_insert(purpose);
            let Some(end) = self.end_for(purpose, &lived) else { continue };
            let later = last.as_ref().is_none_or(|last| match (last.until, end.until) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(last), Some(end)) => last < end,
            });
            if later {
                last = Some(end);
            }
        }
        last.unwrap_or_else(|| {
            let purpose = first.unwrap_or_default().to_owned();
            let duties = self.facts().storage.statutory.values().filter(|duty| duty.items.contains(item));
            match duties.map(|duty| (duty.keep.after(collected), duty.keep)).max_by_key(|(until, _)| *until) {
                Some((until, keep)) if until > now => {
                    End { until: Some(until), purpose, after: After::Collected, keep }
                }
                _ => End { until: Some(now), purpose, after: After::PurposeEnded, keep: NOTHING },
            }
        })
    }

    /// Whether a use for the purpose lengthens what is kept for it.
    #[must_use]
    pub fn counts_from_use(&self, purpose: &str) -> bool {
        let fact = self.facts().usage.purposes.get(purpose);
        fact.and_then(|p| p.retention.as_ref()).is_some_and(|rule| rule.after == After::LastUsed)
    }

    /// The digest of everything the ends of records follow from, so that a policy that changes none of it moves none.
    #[must_use]
    pub fn keeping_digest(&self) -> String {
        let facts = self.facts();
        let rules: Vec<_> = facts.usage.purposes.iter().map(|(name, p)| (name, p.basis, &p.retention)).collect();
        let whole = serde_json::json!({ "purposes": rules, "statutory": facts.storage.statutory });
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, whole.to_string().as_bytes());
        data_encoding::HEXLOWER.encode(hash.as_ref())
    }
}

/// No time at all.
const NOTHING: Period = Period::Of(0, crate::period::Unit::Day);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_as_it_was_written() {
        let end = End {
            until: Some(Timestamp::UNIX_EPOCH),
            purpose: "orders".into(),
            after: After::ContractEnded,
            keep: "15 working days".parse().unwrap(),
        };
        assert_eq!(End::read(&end.rule(), end.until), Some(end));
        for wrong in ["", "orders", "orders collected", "orders never 1 day", "orders collected soon"] {
            assert_eq!(End::read(wrong, None), None, "{wrong}");
        }
    }
}
