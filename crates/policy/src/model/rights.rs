//! Chapter 6: what people can ask. States promises 6.1 to 6.5.

use std::collections::BTreeSet;

use crate::period::Period;
use crate::read::{facts, names};

facts! {
    /// The rights offered and their terms.
    pub struct Rights {
        /// The rights offered.
        pub offered: BTreeSet<Right>,
        /// Ending the account (6.3).
        pub cancel: Option<Cancel>,
        /// Deleting single records (6.2).
        pub delete: Option<Delete>,
        /// Taking a copy (6.5).
        pub export: Option<Export>,
        /// Changing an address or number one is reached by.
        pub change_contact: Option<ChangeContact>,
    }

    /// Ending the account.
    pub struct Cancel {
        /// How long it can be taken back.
        pub cooling_off: Option<Period>,
        /// By when it is done.
        pub complete_within: Option<Period>,
        /// Whether the cooling-off can be skipped.
        pub erase_now: bool = false,
        /// What becomes of other people's comments under what an erased person published.
        pub threads: Option<Threads>,
    }

    /// Deleting single records.
    pub struct Delete {
        /// How long a deleted record can be brought back; "0 days" for none.
        pub trash: Period,
    }

    /// Taking a copy.
    pub struct Export {
        /// How long the link works.
        pub link_expires: Period,
    }

    /// Changing an address or number one is reached by.
    pub struct ChangeContact {
        /// How long the old one can take the change back.
        pub take_back: Period,
    }
}

names! {
    /// What becomes of the rest of a thread whose beginner is erased.
    pub enum Threads {
        /// It stays: comments are their writers' own.
        Stay = "stay",
        /// It is taken from publication; each comment stays with its writer.
        Close = "close",
    }

    /// A right of the person.
    pub enum Right {
        /// See what is held (PIPL 45).
        Access = "access",
        /// Have it corrected (PIPL 46).
        Correct = "correct",
        /// Have it deleted (PIPL 47).
        Delete = "delete",
        /// End the account.
        Cancel = "cancel",
        /// Switch off a device permission; less than `withdraw`.
        Revoke = "revoke",
        /// Withdraw any consent as easily as it was given (PIPL 15).
        Withdraw = "withdraw",
        /// Take a copy (PIPL 45).
        Copy = "copy",
        /// Have it moved to another service (PIPL 45(3)).
        Portability = "portability",
        /// Restrict or refuse processing (PIPL 44).
        Restrict = "restrict",
        /// Have the rules and automated decisions explained (PIPL 24, 48).
        Explain = "explain",
        /// Relatives of the deceased (PIPL 49).
        Deceased = "deceased",
        /// Guardians of children (PIPL 31).
        Guardian = "guardian",
    }
}
