//! What was given to recipients: a row for each leaf, shown to the person, kept for its statutory term.
//!
//! Keeps promise 4.1: nothing leaves without its record, which is written in the commit of its leaf. At an erasure
//! the records are sealed under the holding key and stay until the law's term for them is over (NDSMR 12).

use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_policy::{Period, Policy, law};
use avouch_seal::{Aad, SubjectId};
use jiff::Timestamp;

use crate::engine::{Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::{Receipt, Tx};

/// The name a kept record of a disclosure is held under.
const ITEM: &str = "disclosure";
/// The law pack's record that says how long.
const STATUTE: &str = "retention.disclosure";

/// Something that was given to a recipient.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Disclosure {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub recipient: String,
    /// What for.
    pub purpose: String,
    /// Which items.
    pub items: Vec<String>,
    /// Who gave it: the kind of party.
    pub party: String,
    /// The service or role account; empty for the subject and the system.
    pub actor: String,
    /// The call of the gateway it was part of, in hex; empty where it was given otherwise.
    pub egress: String,
    /// What became of that call; empty where it was given otherwise.
    pub state: String,
    /// Its leaf.
    pub receipt: Receipt,
}

/// How long the record of a disclosure is kept, and by which record of a law pack; nothing where no law in force says.
#[must_use]
pub fn disclosure_term(policy: &Policy) -> Option<(String, Period)> {
    policy.facts().controller.law.iter().find_map(|pack| {
        let name = format!("{pack}.{STATUTE}");
        law::record(&name).and_then(|(_, record)| record.period()).map(|period| (name, period))
    })
}

fn disclosure(row: &Row) -> Result<Disclosure, StoreError> {
    Ok(Disclosure {
        at: row.time(0)?,
        recipient: row.text(1)?.to_owned(),
        purpose: row.text(2)?.to_owned(),
        items: serde_json::from_str(row.text(3)?)
            .map_err(|_| StoreError::Unreadable("the items of a disclosure are no list".into()))?,
        party: row.text(4)?.to_owned(),
        actor: row.text(5)?.to_owned(),
        egress: row.blob_opt(6)?.map(|id| data_encoding::HEXLOWER.encode(id)).unwrap_or_default(),
        state: row.text(7)?.to_owned(),
        receipt: Receipt { log: row.text(8)?.to_owned(), index: row.uint(9)? },
    })
}

impl Look<'_> {
    /// What was given of a subject to recipients, newest first, but for what is kept from their view for now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn disclosures(&mut self, subject: SubjectId) -> Result<Vec<Disclosure>, StoreError> {
        self.all_disclosures(subject, false).await
    }

    async fn all_disclosures(&mut self, subject: SubjectId, hidden: bool) -> Result<Vec<Disclosure>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT d.at, d.recipient, d.purpose, d.items, d.party, d.actor, d.egress, coalesce(e.state, ''), \
                 d.log, d.leaf FROM disclosure d LEFT JOIN egress e ON e.subject = d.subject AND e.id = d.egress \
                 WHERE d.subject = ?1 AND (?2 = 1 OR d.hidden IS NULL) ORDER BY d.at DESC, d.leaf DESC LIMIT 10000",
                &[Val::Blob(subject.id()), hidden.into()],
            )
            .await?;
        rows.iter().map(disclosure).collect()
    }
}

impl Tx<'_> {
    /// Records what the leaf at `receipt` gave to a recipient, if it gave anything.
    pub(crate) async fn note_disclosure(
        &mut self,
        subject: SubjectId,
        leaf: &Leaf,
        receipt: &Receipt,
        hidden: Option<[u8; 16]>,
    ) -> Result<(), StoreError> {
        let Some(recipient) = leaf.recipient.as_deref().filter(|_| leaf.outcome == Outcome::Done) else {
            return Ok(());
        };
        let now = self.now();
        let until = disclosure_term(self.policy()).map(|(_, period)| period.after(now));
        let items = serde_json::to_string(&leaf.items)
            .map_err(|e| StoreError::Misused { name: "disclosure", why: e.to_string() })?;
        self.db
            .execute(
                "INSERT INTO disclosure (subject, log, leaf, at, recipient, purpose, items, party, actor, egress, until, \
                 hidden) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, ?10, ?11)",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(&receipt.log),
                    receipt.index.into(),
                    now.into(),
                    Val::Text(recipient),
                    Val::Text(&leaf.purpose),
                    Val::Text(&items),
                    Val::Text(&leaf.party),
                    Val::Text(&leaf.actor),
                    until.into(),
                    hidden.as_ref().map(|by| Val::Blob(by)).into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Seals the records of what was given of a subject under the holding key, for as long as law keeps them; gives
    /// how many. Sealing them again changes nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_disclosures(&mut self, subject: SubjectId) -> Result<u64, StoreError> {
        let Some((statute, period)) = disclosure_term(self.policy()) else { return Ok(0) };
        let holding = self.shared.keys.holding()?;
        let now = self.now();
        let mut kept = 0;
        for given in self.all_disclosures(subject, true).await? {
            let until = period.after(given.at);
            if until <= now {
                continue;
            }
            let place: [u8; 16] =
                avouch_ledger::hash::sha256(format!("{}/{}", given.receipt.log, given.receipt.index).as_bytes())
                    .first_chunk()
                    .copied()
                    .unwrap_or_default();
            let id = holding.id(&subject, ITEM, &place);
            let aad = Aad { region: self.shared.region.as_str(), subject: &[], item: ITEM, record: &id, version: 1 };
            let record = serde_json::json!({ "subject": subject.to_string(), "given": given });
            let sealed = holding
                .seal(&aad, record.to_string().as_bytes(), self.shared.entropy.as_ref())
                .map_err(|e| StoreError::Sealed(e.to_string()))?;
            self.db
                .execute(
                    "INSERT INTO held (id, item, sealed, statute, until) VALUES (?1, ?2, ?3, ?4, ?5) \
                     ON CONFLICT (id) DO NOTHING",
                    &[Val::Blob(&id), Val::Text(ITEM), Val::Blob(&sealed), Val::Text(&statute), until.into()],
                )
                .await?;
            kept += 1;
        }
        Ok(kept)
    }

    /// Deletes records of disclosures past their term, answers to calls that ended long ago, and tokens
    /// that are over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_sharing(&mut self, answers_for: jiff::SignedDuration) -> Result<(), StoreError> {
        let now = self.now();
        self.db.execute("DELETE FROM disclosure WHERE until <= ?1", &[now.into()]).await?;
        self.sweep_released().await?;
        self.db
            .execute(
                "UPDATE egress SET answer = NULL WHERE ended <= ?1 AND answer IS NOT NULL",
                &[(now - answers_for).into()],
            )
            .await?;
        self.db.execute("DELETE FROM token WHERE expires <= ?1", &[now.into()]).await?;
        Ok(())
    }
}
