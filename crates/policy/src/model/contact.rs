//! Chapters 7 and 8: how changes are made known, where to turn. States promises 7.1, 7.2 and 8.1 to 8.3.

use std::collections::BTreeSet;

use crate::period::Period;
use crate::read::{facts, names};
use crate::words::Words;

facts! {
    /// Chapter 7.
    pub struct Updates {
        /// How a change is made known.
        pub channels: BTreeSet<Channel>,
        /// How long it is published before it takes effect.
        pub notice: Option<Period>,
    }

    /// Chapter 8.
    pub struct Contact {
        /// What the function is called.
        pub function: Option<Words>,
        /// By when an answer is given.
        pub respond_within: Option<Period>,
        /// What starts that time.
        pub respond_from: Option<Start>,
        /// The calendar that counts working days: `cn`, `eu` or `us-ca`.
        pub calendar: Option<String>,
        /// Address for mail.
        pub email: Option<String>,
        /// The authority to complain to.
        pub regulator: Option<Regulator>,
        /// The court to turn to.
        pub court: Option<Words>,
    }

    /// The authority to complain to.
    pub struct Regulator {
        /// Its name.
        pub name: Words,
        /// Its page for complaints.
        pub url: Option<String>,
    }
}

names! {
    /// A way to make a change known.
    pub enum Channel {
        /// An announcement on the site.
        Announcement = "announcement",
        /// A pop-up.
        PopUp = "pop-up",
        /// A mail.
        Email = "e-mail",
        /// A text message.
        Sms = "sms",
    }

    /// What starts the time for an answer.
    pub enum Start {
        /// The day the request came in, which is not counted.
        Receipt = "receipt",
        /// The day the person was verified, which is not counted.
        Verified = "verified",
    }
}
