//! Chapter 2: purposes and their legal bases. States promises 2.0 to 2.7 and the periods of 5.1.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use crate::model::Clause;
use crate::period::Period;
use crate::read::{Cx, Node, Read, facts, names};
use crate::words::Words;

facts! {
    /// What data is used for.
    pub struct Usage {
        /// Purposes by name.
        pub purposes: BTreeMap<String, Purpose>,
    }

    /// Why data is processed.
    pub struct Purpose {
        /// The promise it stands under.
        pub clause: Clause,
        /// What people call it.
        pub label: Words,
        /// The reason, to the person.
        pub why: Words,
        /// Its legal basis.
        pub basis: Basis,
        /// The law record that gives the basis, e.g. `cn-pipl.basis.legal_duty`.
        pub citation: Option<String>,
        /// Whether the service cannot be given without it.
        pub essential: bool = false,
        /// Whether it decides about people automatically (PIPL article 24).
        pub automated: bool = false,
        /// Whether what it decides can weigh on a person's rights, so that a human looks again when asked (PIPL
        /// article 24).
        pub significant: bool = false,
        /// How it decides, to the person; for what is automated.
        pub logic: Option<Words>,
        /// Whether the person can object to it at any time.
        pub objectable: bool = false,
        /// Whether each use needs an entry in the register of exceptions (2.7).
        pub exceptional: bool = false,
        /// The items it may use.
        pub items: ItemSet,
        /// The items without which it cannot begin.
        pub required: BTreeSet<String> = BTreeSet::new(),
        /// Whether at least one item marked `contact` is required.
        pub require_contact: bool = false,
        /// Who may claim it.
        pub party: BTreeSet<Party>,
        /// How long its data is kept, and what happens then.
        pub retention: Option<Retention>,
        /// What a person who refuses goes without.
        pub without: Option<Words>,
        /// How its bulk use is evidenced.
        pub evidence: Evidence = Evidence::Each,
        /// The fewest people a count of its data may stand for; without it nothing is counted (2.3).
        pub smallest: Option<u32>,
        /// The way people are reached, where it is for marketing (2.5).
        pub channel: Option<Reach>,
    }

    /// How long the data of a purpose is kept.
    pub struct Retention {
        /// What starts the period.
        pub after: After,
        /// How long from then.
        pub keep: Period,
        /// What happens at the end.
        pub then: Then,
        /// The law record that demands the period, e.g. `cn-pipl.retention.transaction`.
        pub statute: Option<String>,
    }
}

impl Basis {
    /// Whether it is the person's consent, of either kind.
    #[must_use]
    pub const fn is_consent(self) -> bool {
        matches!(self, Self::Consent | Self::SeparateConsent)
    }
}

names! {
    /// The legal basis of a purpose.
    pub enum Basis {
        /// Needed for a contract with the person.
        Contract = "contract",
        /// The person consented.
        Consent = "consent",
        /// The person consented to this alone.
        SeparateConsent = "separate-consent",
        /// A law demands it.
        LegalDuty = "legal-duty",
        /// Life, health or property is in danger.
        Emergency = "emergency",
        /// A public task given by law.
        PublicInterest = "public-interest",
        /// The person made it public, or it was made public lawfully.
        SelfDisclosed = "self-disclosed",
        /// Interests of the controller that outweigh the person's; no basis under PIPL.
        LegitimateInterests = "legitimate-interests",
    }

    /// Who claims a purpose.
    pub enum Party {
        /// The person the data is about.
        Subject = "subject",
        /// An application of the controller, with a credential.
        Service = "service",
        /// Staff in the console.
        Operator = "operator",
        /// Avouch itself.
        System = "system",
    }

    /// How the use of many people's data at once is evidenced.
    pub enum Evidence {
        /// By a leaf for each person.
        Each = "each",
        /// By one leaf that commits to everyone in it.
        Batch = "batch",
    }

    /// How marketing reaches people.
    pub enum Reach {
        /// By e-mail.
        Email = "email",
        /// By SMS.
        Sms = "sms",
        /// On pages and in apps, at display.
        InApp = "in-app",
    }

    /// What starts a retention period.
    pub enum After {
        /// The moment a value came in.
        Collected = "collected",
        /// The end of the account.
        AccountCancelled = "account-cancelled",
        /// The withdrawal of the consent.
        ConsentWithdrawn = "consent-withdrawn",
    }

    /// What happens at the end of a retention period.
    pub enum Then {
        /// The value is deleted.
        Delete = "delete",
        /// The value is made anonymous.
        Anonymise = "anonymise",
    }
}

/// The items of a purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemSet {
    /// Every item of the policy.
    All,
    /// These.
    Named(BTreeSet<String>),
}

impl ItemSet {
    /// Whether `item` is among them.
    #[must_use]
    pub fn has(&self, item: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(item),
        }
    }

    /// The names of the items, sorted: those of `policy` (its item names) that are among them.
    pub fn of<'a>(&'a self, policy: impl Iterator<Item = &'a String>) -> impl Iterator<Item = &'a str> {
        policy.filter(|name| self.has(name)).map(String::as_str)
    }
}

impl Serialize for ItemSet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => to.serialize_str("all"),
            Self::Named(names) => names.serialize(to),
        }
    }
}

impl Read for ItemSet {
    fn example() -> String {
        "[\"…\"]".to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        if node.get_ref().as_str() == Some("all") {
            return Some(Self::All);
        }
        if node.get_ref().as_array().is_none() {
            cx.wrong_type(node, "a list of items, or \"all\"", "[\"…\"]");
            return None;
        }
        BTreeSet::read(node, cx).map(Self::Named)
    }
}
