//! Chapter 3: cookies and the like. States promises 3.1 to 3.5.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Clause;
use crate::period::Period;
use crate::read::{facts, names};
use crate::words::Words;

facts! {
    /// What is stored on people's devices.
    pub struct Cookies {
        /// How long a refusal stands before the question may be put again.
        pub ask_again: Option<Period>,
        /// The ways in which people can refuse and delete (3.5).
        pub control: BTreeSet<Control> = BTreeSet::new(),
        /// Categories by name.
        pub categories: BTreeMap<String, Category>,
        /// Trackers by the name they bear on the device.
        pub trackers: BTreeMap<String, Tracker>,
    }

    /// A kind of tracker that is accepted or refused as one.
    pub struct Category {
        /// The promise it stands under.
        pub clause: Clause,
        /// What people call it.
        pub label: Words,
        /// The reason, to the person.
        pub why: Words,
        /// Whether the service cannot be given without it.
        pub essential: bool = false,
        /// The purpose whose consent it needs; essential ones need none.
        pub purpose: Option<String>,
        /// What a person who refuses goes without.
        pub without: Option<Words>,
    }

    /// A cookie, a stored value, a pixel or a script.
    pub struct Tracker {
        /// Its category.
        pub category: String,
        /// What it is.
        pub kind: TrackerKind,
        /// Who sets it: `first`, or the host of the third party.
        pub party: String,
        /// How long it stays.
        pub lifetime: Option<Period>,
        /// The reason, to the person.
        pub why: Option<Words>,
    }
}

names! {
    /// A way to refuse or delete trackers.
    pub enum Control {
        /// On the site's own pages.
        InPage = "in-page",
        /// In the browser or the device.
        Browser = "browser",
        /// By the Global Privacy Control signal.
        Gpc = "gpc",
    }

    /// What a tracker is.
    pub enum TrackerKind {
        /// A cookie.
        Cookie = "cookie",
        /// A value in the browser's storage.
        LocalStorage = "local-storage",
        /// A pixel or tag.
        Pixel = "pixel",
        /// A script of a third party.
        Script = "script",
    }
}
