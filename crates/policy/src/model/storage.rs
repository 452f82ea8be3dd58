//! Chapter 5: where data rests, what law keeps, how it is protected. States promises 5.1 to 5.7.

use std::collections::{BTreeMap, BTreeSet};

use crate::period::Period;
use crate::read::{facts, names};
use crate::words::Words;

facts! {
    /// Where data rests and what law keeps.
    pub struct Storage {
        /// Regions by name: at most eight lower-case letters or digits.
        pub regions: BTreeMap<String, Region>,
        /// Whether data may cross the border at all.
        pub cross_border: Option<CrossBorder>,
        /// What law keeps after the account has gone, by name.
        pub statutory: BTreeMap<String, Statutory>,
        /// Backups.
        pub backups: Option<Backups>,
        /// Accounts nobody uses any more.
        pub inactive: Option<Inactive>,
    }

    /// A place with its own law; its own store and key if anything is stored there.
    pub struct Region {
        /// What people call it.
        pub label: Words,
        /// ISO 3166 code of the country.
        pub country: String,
        /// The suite that seals what is stored; without one nothing is stored there.
        pub suite: Option<Suite>,
    }

    /// Promise 5.4.
    pub struct CrossBorder {
        /// Whether any data may leave the home region.
        pub allowed: bool,
        /// Whether each person is asked separately.
        pub separate_consent: bool = true,
    }

    /// Items that law keeps.
    pub struct Statutory {
        /// The items.
        pub items: BTreeSet<String>,
        /// The law record that demands it.
        pub statute: String,
        /// How long from collection.
        pub keep: Period,
    }

    /// Copies for recovery.
    pub struct Backups {
        /// How long a copy is kept: the tail of every erasure.
        pub kept: Period,
    }

    /// When an account that nobody uses goes.
    pub struct Inactive {
        /// How long after it was last used.
        pub after: Period,
        /// How long before that its person is told, and can keep it by coming in.
        pub notice: Period,
    }

    /// Promises 5.5 to 5.7.
    pub struct Security {
        /// How data is encrypted, in words.
        pub encryption: Option<Words>,
        /// Access rights are reviewed this often.
        pub access_review: Option<Period>,
        /// Security is assessed this often.
        pub assessment: Option<Period>,
        /// Staff are trained this often.
        pub training: Option<Period>,
        /// Where incidents are reported.
        pub incident_contact: Option<String>,
    }
}

names! {
    /// A sealing suite.
    pub enum Suite {
        /// AES-256-GCM.
        Aes256Gcm = "aes-256-gcm",
        /// SM4-GCM.
        Sm4Gcm = "sm4-gcm",
    }
}
