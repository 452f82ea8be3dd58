//! Chapter 4: who else gets data. States promises 4.1 to 4.4 and 3.4.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::model::{Assessment, Basis, Clause};
use crate::read::{facts, names};
use crate::words::Words;

facts! {
    /// Sharing, transfer and publication.
    pub struct Sharing {
        /// Recipients by name.
        pub recipients: BTreeMap<String, Recipient>,
        /// What happens when the business changes hands (4.3).
        pub transfer: Option<Transfer>,
        /// On what basis data is published (4.4).
        pub publication: Option<Publication>,
    }

    /// Who outside gets data.
    pub struct Recipient {
        /// The promise it stands under.
        pub clause: Clause,
        /// Its name.
        pub name: Words,
        /// How to reach it.
        pub contact: Option<String>,
        /// In what role it gets data.
        pub role: Role,
        /// Its line of work.
        pub kind: Words,
        /// The purposes it may serve.
        pub purposes: BTreeSet<String>,
        /// The items it may get.
        pub items: BTreeSet<String>,
        /// Where it keeps them: a name in `[storage.regions]`.
        pub region: String,
        /// The hosts data may be sent to; any other is refused.
        pub hosts: BTreeSet<String> = BTreeSet::new(),
        /// Where its own policy stands.
        pub policy: Option<String>,
        /// The agreement that binds it (4.2).
        pub agreement: Option<Agreement>,
        /// What makes sending data to its region lawful, when that is not the home region (5.4).
        pub abroad: Option<Abroad>,
    }

    /// A confidentiality agreement and its supervision.
    pub struct Agreement {
        /// Its number in the controller's files.
        pub id: String,
        /// First day in force.
        pub signed: Date,
        /// First day no longer in force.
        pub expires: Date,
        /// The day by which the recipient is next checked.
        pub next_check: Option<Date>,
    }

    /// The ground for sending data across the border (PIPL articles 38 and 39).
    pub struct Abroad {
        /// The mechanism.
        pub mechanism: Mechanism,
        /// Its number or file reference.
        pub reference: String,
        /// The record of the law in force that names the exemption, e.g. `cn-pipl.cross_border.exempt_below`.
        pub citation: Option<String>,
        /// First day it holds; without one, from the day its assessment was approved.
        pub valid_from: Option<Date>,
        /// First day it no longer holds.
        pub valid_until: Option<Date>,
        /// The filing of it with the authority.
        pub filing: Option<Filing>,
        /// The way the data is processed there, in words.
        pub method: Option<Words>,
        /// How people exercise their rights there.
        pub rights: Option<Words>,
        /// The impact assessment that was approved.
        pub assessment: Option<Assessment>,
    }

    /// A mechanism filed with the authority.
    pub struct Filing {
        /// The number the authority gave it.
        pub id: String,
        /// The day it was filed.
        pub filed: Date,
    }

    /// Merger, division, acquisition, transfer of assets.
    pub struct Transfer {
        /// Whether people are told, with name and contact of the recipient.
        pub notify: bool,
        /// Whether a changed purpose or way is asked for again.
        pub ask_again: bool,
    }

    /// Making data public.
    pub struct Publication {
        /// The basis it needs.
        pub basis: Basis,
    }
}

names! {
    /// The role in which a recipient gets data.
    pub enum Role {
        /// Works for the controller, on its instruction (PIPL article 21).
        Processor = "processor",
        /// Decides for itself (PIPL article 23).
        Controller = "controller",
        /// Decides together with the controller (PIPL article 20).
        Joint = "joint",
        /// A state body that asks under a law.
        Authority = "authority",
        /// Takes the business over: bound to go on as promised, told to people by name (PIPL article 22).
        Successor = "successor",
    }

    /// A lawful way across the border.
    pub enum Mechanism {
        /// Security assessment by the authority.
        SecurityAssessment = "security-assessment",
        /// The standard contract, filed.
        StandardContract = "standard-contract",
        /// Certification by an accredited body.
        Certification = "certification",
        /// An exemption named by law.
        Exemption = "exemption",
        /// A decision that the other country protects well enough.
        Adequacy = "adequacy",
    }
}
