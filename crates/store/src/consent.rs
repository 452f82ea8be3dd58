//! Consents: the current answer to each question, and every answer ever given.
//!
//! Keeps promises 2.5 and 6.4: an answer is bound to the policy and to the words shown, and holds from
//! the commit that acknowledges it.

use avouch_ledger::leaf::{Leaf, Outcome};
use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Val};
use crate::error::StoreError;
use crate::journal::Kind;
use crate::look::Look;
use crate::permit::Actor;
use crate::reader::Event;
use crate::standing::{self, ConsentKind};
use crate::tx::{Receipt, Tx};

/// An answer to be recorded.
#[derive(Debug, Clone)]
pub struct Answered {
    /// What kind of question.
    pub kind: ConsentKind,
    /// The purpose, or the recipient, it is about.
    pub target: String,
    /// Given, or withdrawn.
    pub given: bool,
    /// SHA-256 of the words shown.
    pub wording: [u8; 32],
    /// The language they were shown in.
    pub language: String,
}

/// One answer in a subject's history.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ConsentEvent {
    /// What kind of question.
    pub kind: ConsentKind,
    /// The purpose or recipient.
    pub target: String,
    /// Given, or withdrawn.
    pub given: bool,
    /// When.
    pub at: Timestamp,
    /// Digest of the policy answered to, hex.
    pub policy: String,
    /// Digest of the words shown, hex.
    pub wording: String,
    /// The language of those words.
    pub language: String,
    /// Its leaf.
    pub receipt: Receipt,
    /// How it can be shown, where it was given elsewhere before; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

/// When an answer was given elsewhere, and how that can be shown.
#[derive(Debug, Clone)]
pub struct Documented {
    /// When it was given.
    pub at: Timestamp,
    /// Where its evidence is, e.g. the number of an entry in the old consent log.
    pub evidence: String,
}

impl Look<'_> {
    /// Every answer a subject gave, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn consent_history(&mut self, subject: SubjectId) -> Result<Vec<ConsentEvent>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT kind, target, given, at, policy, wording, language, log, leaf, evidence FROM consent_event \
                 WHERE subject = ?1 ORDER BY at DESC, leaf DESC, id",
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ConsentEvent {
                    kind: ConsentKind::named(row.text(0)?)
                        .ok_or_else(|| StoreError::Unreadable("a consent of an unknown kind".into()))?,
                    target: row.text(1)?.to_owned(),
                    given: row.flag(2)?,
                    at: row.time(3)?,
                    policy: data_encoding::HEXLOWER.encode(row.blob(4)?),
                    wording: data_encoding::HEXLOWER.encode(row.blob(5)?),
                    language: row.text(6)?.to_owned(),
                    receipt: Receipt { log: row.text(7)?.to_owned(), index: row.uint(8)? },
                    evidence: row.text(9)?.to_owned(),
                })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Records an answer: state, history, epoch and leaf in this commit. From then on it holds.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such subject.
    pub async fn answer(
        &mut self,
        subject: SubjectId,
        actor: &Actor,
        answered: &Answered,
    ) -> Result<Receipt, StoreError> {
        let documented = Documented { at: self.now(), evidence: String::new() };
        self.answer_from(subject, actor, answered, &documented).await
    }

    /// As [`Tx::answer`], of an answer that was given elsewhere before and can be shown.
    ///
    /// # Errors
    /// As [`Tx::answer`].
    pub async fn answer_from(
        &mut self,
        subject: SubjectId,
        actor: &Actor,
        answered: &Answered,
        documented: &Documented,
    ) -> Result<Receipt, StoreError> {
        let digest = *self.policy().digest().as_bytes();
        self.answer_to(subject, actor, answered, documented, digest).await
    }

    /// As [`Tx::answer_from`], to the words of the policy of this digest: one that is coming, for an answer ahead.
    ///
    /// # Errors
    /// As [`Tx::answer`].
    pub async fn answer_to(
        &mut self,
        subject: SubjectId,
        actor: &Actor,
        answered: &Answered,
        documented: &Documented,
        digest: [u8; 32],
    ) -> Result<Receipt, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        standing::touch(&mut self.db, subject).await?;
        let now = self.now();
        let at = documented.at.min(now);
        let leaf = Leaf {
            at: now.as_millisecond(),
            act: if answered.given { "consent" } else { "withdraw" }.to_owned(),
            outcome: Outcome::Done,
            party: actor.party().as_str().to_owned(),
            actor: actor.name().to_owned(),
            purpose: answered.target.clone(),
            basis: answered.kind.name().to_owned(),
            items: Vec::new(),
            recipient: None,
            region: self.shared.region.as_str().to_owned(),
            policy: digest,
            reasons: Vec::new(),
            salt: self.random(),
            subject: None,
            commitment: Some(answered.wording),
            batch: None,
        };
        let receipt = self.append(leaf, Some((subject, &key)))?;
        self.db
            .execute(
                "INSERT INTO consent (subject, kind, target, given, at, policy, wording, language) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                 ON CONFLICT (subject, kind, target) DO UPDATE SET given = excluded.given, at = excluded.at, \
                 policy = excluded.policy, wording = excluded.wording, language = excluded.language",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(answered.kind.name()),
                    Val::Text(&answered.target),
                    answered.given.into(),
                    at.into(),
                    Val::Blob(&digest),
                    Val::Blob(&answered.wording),
                    Val::Text(&answered.language),
                ],
            )
            .await?;
        // An objection is given where a consent is withdrawn. What allows less than before is told to readers and
        // must hold in a restored backup too.
        if answered.given == (answered.kind == ConsentKind::Objection) {
            self.tell_readers(subject, Event::Withdrawal, &answered.target).await?;
            let about = [answered.kind.name(), answered.target.as_str()];
            let entry = self.journal_entry(Kind::Answered, subject, &about);
            self.journal(entry);
        }
        let id = self.random::<16>();
        self.db
            .execute(
                "INSERT INTO consent_event (subject, id, kind, target, given, at, policy, wording, language, \
                 log, leaf, evidence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(&id),
                    Val::Text(answered.kind.name()),
                    Val::Text(&answered.target),
                    answered.given.into(),
                    at.into(),
                    Val::Blob(&digest),
                    Val::Blob(&answered.wording),
                    Val::Text(&answered.language),
                    Val::Text(&receipt.log),
                    receipt.index.into(),
                    Val::Text(&documented.evidence),
                ],
            )
            .await?;
        Ok(receipt)
    }

    /// Sets the end of every record and signal collected for a purpose that has none yet or a later one; used when
    /// the consent it was collected under is withdrawn (PIPL 47(1)(3)). Gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_purpose(&mut self, subject: SubjectId, purpose: &str, at: Timestamp) -> Result<u64, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let signals = self.end_signals(subject, purpose, at).await?;
        let records = self
            .db
            .execute(
                "UPDATE record SET until = ?3 WHERE subject = ?1 AND purpose = ?2 AND (until IS NULL OR until > ?3)",
                &[Val::Blob(subject.id()), Val::Text(purpose), at.into()],
            )
            .await?;
        Ok(records + signals)
    }
}
