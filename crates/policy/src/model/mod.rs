//! The facts of a policy: one struct a table of `policy.toml`, one module a chapter.
//!
//! Names (of items, purposes, recipients, regions, cookie categories) are written once, as keys, and used
//! everywhere; maps are ordered, so the order of writing never matters. What a policy may leave unsaid is an
//! `Option`: leaving it unsaid is for the lint to judge, not for the reader.

mod collection;
mod contact;
mod cookies;
mod rights;
mod sharing;
mod storage;
mod usage;

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

pub use collection::{Assessment, Collection, Derived, Item, Kind, Minors, Origin, Partner, Signal};
pub use contact::{Channel, Contact, Regulator, Start, Updates};
pub use cookies::{Category, Control, Cookies, Tracker, TrackerKind};
pub use rights::{Cancel, ChangeContact, Delete, Export, Right, Rights, Threads};
pub use sharing::{Abroad, Agreement, Filing, Mechanism, Publication, Recipient, Role, Sharing, Transfer};
pub use storage::{Backups, CrossBorder, Inactive, Region, Security, Statutory, Storage, Suite};
pub use usage::{After, Anonymous, Basis, Evidence, ItemSet, Party, Purpose, Reach, Retention, Then, Usage};

use crate::read::{Cx, Node, Read, facts};
use crate::words::Words;

/// The number of a promise, chapter and place: "5.2".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Clause(String);

impl Clause {
    /// Takes "chapter.place", both numbers of at most two digits; `None` otherwise.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let (chapter, place) = text.split_once('.')?;
        (number(chapter) && number(place)).then(|| Self(text.to_owned()))
    }

    /// The number as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Read for Clause {
    fn example() -> String {
        "\"1.1\"".to_owned()
    }

    fn read(node: &Node<'_>, cx: &mut Cx<'_>) -> Option<Self> {
        let text = String::read(node, cx)?;
        let clause = Self::new(&text);
        if clause.is_none() {
            let advice = "write chapter and place, e.g. \"1.1\"".to_owned();
            cx.fault("bad-clause", node.span(), format!("`{text}` is no clause"), "not the number of a clause", advice);
        }
        clause
    }
}

facts! {
    /// Everything the policy states as facts.
    pub struct Facts {
        /// Version of the file's shape; 1.
        pub format: u32,
        /// The policy's own version, shown to people.
        pub version: Option<String>,
        /// The day from which it holds.
        pub effective: Option<Date>,
        /// What the document calls itself.
        pub title: Option<Words>,
        /// The language whose words govern.
        pub default_language: String,
        /// Every language it is written in.
        pub languages: Vec<String>,
        /// Who answers for it.
        pub controller: Controller,
        /// Chapter 1: what is collected.
        pub collection: Collection,
        /// Chapter 2: what for, and on what basis.
        pub usage: Usage,
        /// Chapter 3: cookies and the like.
        pub cookies: Cookies,
        /// Chapter 4: who else gets data.
        pub sharing: Sharing,
        /// Chapter 5: where data rests and for how long.
        pub storage: Storage,
        /// Chapter 5: how it is protected.
        pub security: Security,
        /// Chapter 6: what people can ask.
        pub rights: Rights,
        /// Chapter 7: how changes are made known.
        pub updates: Updates,
        /// Chapter 8: where to turn.
        pub contact: Contact,
    }

    /// The company that runs the service and answers for the policy.
    pub struct Controller {
        /// Its name.
        pub name: Option<Words>,
        /// Its number in the company register (in China the unified social credit code).
        pub registration: Option<String>,
        /// Where it sits.
        pub address: Option<Words>,
        /// Owner and controlling party: a change is major (7.2).
        pub control: Option<Words>,
        /// The home region: a name in `[storage.regions]`.
        pub region: String,
        /// The law packs in force.
        pub law: Vec<String>,
        /// The person in charge of protecting personal data.
        pub officer: Option<Officer>,
    }

    /// A person who answers for data protection.
    pub struct Officer {
        /// Name.
        pub name: String,
        /// Address for mail.
        pub email: Option<String>,
    }
}
