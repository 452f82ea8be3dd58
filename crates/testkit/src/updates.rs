//! The next version of the shipped policy, and its release by two people.

use avouch::store::{Operator, StaffRole};
use avouch_policy::{File, Source};
use jiff::Timestamp;

use crate::home::{Home, source};

/// Noon of the day the next version takes effect, in China.
pub fn noon() -> Timestamp {
    "2026-12-09T04:00:00Z".parse().unwrap()
}

/// Marketing will use the phone number too.
pub const WIDER: (&str, &str) = (
    "items = [\"email\", \"nickname\", \"interests\"]\nparty = [\"service\"]",
    "items = [\"email\", \"nickname\", \"interests\", \"phone\"]\nparty = [\"service\"]",
);

/// The shipped policy as version 1.1 of 9 December, with replacements in its facts.
pub fn next(changes: &[(&str, &str)]) -> Source {
    changed(&source(), ("1.0", "2026-12-01"), ("1.1", "2026-12-09"), changes)
}

/// A policy under another version and day, with replacements in its facts.
pub fn changed(source: &Source, from: (&str, &str), to: (&str, &str), changes: &[(&str, &str)]) -> Source {
    let mut source = source.clone();
    let mut facts = source.facts.text.clone();
    let mut replace = |from: &str, to: &str| {
        assert!(facts.contains(from), "{from}");
        facts = facts.replacen(from, to, 1);
    };
    replace(&format!("version = \"{}\"", from.0), &format!("version = \"{}\"", to.0));
    replace(&format!("effective = \"{}\"", from.1), &format!("effective = \"{}\"", to.1));
    for (from, to) in changes {
        replace(from, to);
    }
    source.facts = File::new("policy/policy.toml", facts);
    source
}

impl Home {
    /// Two data-protection officers: who asks, and who allows.
    pub async fn officers(&self) -> [Operator; 2] {
        let role = [StaffRole::DataProtectionOfficer];
        [self.operator("dpo-one", &role).await, self.operator("dpo-two", &role).await]
    }

    /// Releases a policy as two officers would.
    pub async fn release(&self, source: &Source, at: Option<Timestamp>) {
        let [one, two] = self.officers().await;
        let proposal = self.app.propose_policy(source, at).await.unwrap();
        let id = self.app.ask_publication(&one, &proposal, "as planned").await.unwrap();
        self.app.answer_approval(&two, id, true, "read it").await.unwrap();
        self.app.publish_policy(&one, id).await.unwrap();
    }
}
