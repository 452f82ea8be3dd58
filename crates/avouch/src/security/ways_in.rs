//! What lets a person in: a password, a verified contact that a code reaches, passkeys, partners' accounts.
//!
//! Keeps promises 1.7 and 2.1: whatever is taken away, the last way in stays.

use avouch_seal::SubjectId;
use avouch_store::{Look, RecordId};

use super::passkey;
use crate::app::App;
use crate::fault::Fault;

/// What is about to be taken away.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Without<'a> {
    /// The account at one partner.
    Partner(&'a str),
    /// The accounts at every partner.
    Partners,
    /// One passkey.
    Passkey(RecordId),
}

/// What lets a person in, as far as it is known outside a transaction.
#[derive(Debug)]
pub(crate) struct WaysIn {
    /// Whether a code reaches a contact that was verified.
    reachable: bool,
    /// The partners that are configured: no other lets anybody in.
    partners: Vec<String>,
    /// Whether passkeys are offered here.
    passkeys: bool,
}

impl WaysIn {
    /// Whether a person still gets in without what is taken away.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn remain(
        &self,
        look: &mut Look<'_>,
        subject: SubjectId,
        without: Without<'_>,
    ) -> Result<bool, Fault> {
        let (password, passkey) = (look.policy().item("password"), look.policy().item(passkey::ITEM));
        let by_partner = |partner: &String| match without {
            Without::Partners => false,
            Without::Partner(gone) => gone != partner && self.partners.contains(partner),
            Without::Passkey(_) => self.partners.contains(partner),
        };
        let by_passkey = |record: RecordId| self.passkeys && !matches!(without, Without::Passkey(p) if p == record);
        let held = look.holdings(subject).await?;
        Ok(self.reachable
            || held.iter().any(|h| Some(h.item) == password)
            || held.iter().any(|h| Some(h.item) == passkey && by_passkey(h.id))
            || look.joint_logins(subject).await?.iter().any(|joint| by_partner(&joint.partner)))
    }
}

impl App {
    /// What lets a person in, before a transaction looks at what is theirs.
    pub(crate) async fn ways_in(&self, subject: SubjectId) -> Result<WaysIn, Fault> {
        let reachable = self.contacts(subject).await?.iter().any(|c| c.verified.is_some() && c.reachable);
        Ok(WaysIn {
            reachable,
            partners: self.partners.names().map(str::to_owned).collect(),
            passkeys: self.relying_party().is_some(),
        })
    }
}
