//! Chapter 1: the items that are collected. States promises 1.1 to 1.7.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::model::Clause;
use crate::read::{facts, names};
use crate::words::Words;

facts! {
    /// What is collected, and how children are treated.
    pub struct Collection {
        /// Items by name.
        pub items: BTreeMap<String, Item>,
        /// Partners whose accounts people can come in with (1.7), by name.
        pub partners: BTreeMap<String, Partner> = BTreeMap::new(),
        /// The rule for minors; PIPL article 31 asks for one.
        pub minors: Option<Minors>,
    }

    /// A partner that tells who somebody is, as they authorised.
    pub struct Partner {
        /// What people call it.
        pub name: Words,
        /// The items it sends.
        pub items: BTreeSet<String>,
        /// What it is asked for, in its own words.
        pub scopes: Vec<String> = Vec::new(),
        /// The hosts it is spoken to at; any other is refused.
        pub hosts: BTreeSet<String> = BTreeSet::new(),
        /// Where those hosts are, if that is known: a name in `[storage.regions]`.
        pub region: Option<String>,
        /// Where its own policy stands.
        pub policy: Option<String>,
    }

    /// A declared kind of personal data.
    pub struct Item {
        /// The promise it stands under.
        pub clause: Clause,
        /// What people call it.
        pub label: Words,
        /// How it comes in.
        pub source: Origin,
        /// What its values look like.
        pub kind: Kind,
        /// Whether a leak can harm dignity, body or property (PIPL article 28).
        pub sensitive: bool = false,
        /// Whether a person can be looked up by it (by blind index only).
        pub identifier: bool = false,
        /// Whether the person can be reached by it.
        pub contact: bool = false,
        /// Whether the person can change it in the settings.
        pub editable: bool = false,
        /// Whether the person can delete a single value.
        pub deletable: bool = false,
        /// Whether a person can have many values of it.
        pub many: bool = false,
        /// Whether its values tell of other people too.
        pub others: bool = false,
        /// The device permission it needs, e.g. `location`.
        pub permission: Option<String>,
        /// How devices send it, where they do (1.4 to 1.6).
        pub signal: Option<Signal>,
        /// Why it is asked, where the form that asks can say more than the purpose does.
        pub why: Option<Words>,
        /// Sensitive: why it cannot be done without (PIPL article 30).
        pub necessity: Option<Words>,
        /// Sensitive: what it can do to the person (PIPL article 30).
        pub impact: Option<Words>,
        /// The impact assessment that was approved (PIPL article 55).
        pub assessment: Option<Assessment>,
    }

    /// An item that devices send in batches: what one event may hold.
    pub struct Signal {
        /// The fields a sender may fill; any other is refused.
        pub fields: Vec<String> = Vec::new(),
        /// What the server fills from the connection, whatever a sender says.
        pub derived: Vec<Derived> = Vec::new(),
        /// The most bytes one event may have.
        pub largest: u32,
    }

    /// An approved impact assessment.
    pub struct Assessment {
        /// Its number in the controller's files.
        pub id: String,
        /// The day it was approved.
        pub approved: Date,
    }

    /// The rule for minors.
    pub struct Minors {
        /// Below this age a guardian consents.
        pub guardian_under: u32,
        /// Below this age the account is marked as a minor's.
        pub marked_under: u32,
    }
}

names! {
    /// How an item comes in.
    pub enum Origin {
        /// The person gives it.
        Provided = "provided",
        /// The system notes it.
        Automatic = "automatic",
        /// A partner sends it, as the person authorised.
        ThirdParty = "third-party",
    }

    /// What the server knows of a connection.
    pub enum Derived {
        /// The address it comes from.
        Ip = "ip",
        /// What the browser or app calls itself.
        Agent = "agent",
    }

    /// What values of an item look like.
    pub enum Kind {
        /// Plain text.
        Text = "text",
        /// A telephone number.
        Phone = "phone",
        /// An e-mail address.
        Email = "email",
        /// A password: kept as a memory-hard hash, never shown or exported.
        Secret = "secret",
        /// A picture.
        Picture = "picture",
        /// A video.
        Video = "video",
        /// Type and number of an identity document.
        IdDocument = "id_document",
        /// Several fields of one value.
        Structured = "structured",
        /// A file of a message: a picture, a PDF or plain text.
        File = "file",
    }
}

impl Kind {
    /// Whether its values are files that rest apart from their records, and say of themselves only what they are.
    #[must_use]
    pub const fn rests_apart(self) -> bool {
        matches!(self, Self::Picture | Self::Video | Self::File)
    }
}
