//! Decisions a machine made about people, and their review by a human.
//!
//! Keeps promise 2.2 (PIPL 24): what was decided and why is sealed under the person's key; a review that is asked for
//! waits with a due time until a human has answered it, once.

use avouch_ledger::leaf::Outcome;
use avouch_policy::Act;
use avouch_seal::{Aad, Plain, SubjectId, SubjectKey};
use jiff::Timestamp;

use crate::deadline::Matter;
use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::permit::Permit;
use crate::record::RecordId;
use crate::tx::{Receipt, Tx};

/// How a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Review {
    /// Nobody has asked for a human.
    Stands,
    /// A human is asked for.
    Asked,
    /// A human has upheld it.
    Upheld,
    /// A human has changed it.
    Changed,
}

impl Review {
    const ALL: [Self; 4] = [Self::Stands, Self::Asked, Self::Upheld, Self::Changed];

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Asked => "asked",
            Self::Upheld => "upheld",
            Self::Changed => "changed",
        }
    }

    const fn code(self) -> i64 {
        match self {
            Self::Stands => 0,
            Self::Asked => 1,
            Self::Upheld => 2,
            Self::Changed => 3,
        }
    }
}

/// What is known of a decision without opening it.
#[derive(Debug, Clone)]
pub struct DecisionHead {
    /// Names it among those of its subject.
    pub id: RecordId,
    /// The automated purpose.
    pub purpose: String,
    /// The items it was made from, by name.
    pub items: Vec<String>,
    /// The service that made it.
    pub service: String,
    /// When.
    pub at: Timestamp,
    /// How it stands.
    pub review: Review,
    /// When a human was asked for.
    pub asked: Option<Timestamp>,
    /// By when a human answers.
    pub due: Option<Timestamp>,
    /// When a human answered.
    pub reviewed: Option<Timestamp>,
}

/// A decision, opened.
#[derive(Debug)]
pub struct OpenedDecision {
    /// What is known of it.
    pub head: DecisionHead,
    /// What was decided and why, as it was recorded.
    pub value: Plain<Vec<u8>>,
    /// What the human says, once there is an answer.
    pub answer: Option<Plain<Vec<u8>>>,
}

/// The kind of matter the clocks of reviews are of.
pub const REVIEW: &str = "review";

/// The columns of a head in the order they are read in, then others, of decisions with the clock of their review.
macro_rules! select {
    ($others:literal, $rest:literal) => {
        concat!(
            "SELECT d.id, d.purpose, d.items, d.service, d.at, d.state, d.asked, k.due, d.reviewed",
            $others,
            " FROM decision d LEFT JOIN clock k ON k.about = 'review' AND k.matter = d.matter AND k.governs = 1 ",
            $rest
        )
    };
}

fn head(row: &Row) -> Result<DecisionHead, StoreError> {
    let review = Review::ALL.into_iter().find(|r| row.int(5).is_ok_and(|code| code == r.code()));
    Ok(DecisionHead {
        id: RecordId(row.bytes(0)?),
        purpose: row.text(1)?.to_owned(),
        items: serde_json::from_str(row.text(2)?)
            .map_err(|_| StoreError::Unreadable("the items of a decision are no list".into()))?,
        service: row.text(3)?.to_owned(),
        at: row.time(4)?,
        review: review.ok_or_else(|| StoreError::Unreadable("a decision of an unknown state".into()))?,
        asked: row.time_opt(6)?,
        due: row.time_opt(7)?,
        reviewed: row.time_opt(8)?,
    })
}

/// The name a decision is sealed under; its answer is another version of the same place.
pub(crate) fn sealed_as(purpose: &str) -> String {
    format!("decision:{purpose}")
}

pub(crate) const DECIDED: u64 = 1;
pub(crate) const ANSWERED: u64 = 2;

impl Look<'_> {
    fn open_part(
        &self,
        key: &SubjectKey,
        subject: SubjectId,
        head: &DecisionHead,
        version: u64,
        sealed: &[u8],
    ) -> Result<Plain<Vec<u8>>, StoreError> {
        let item = sealed_as(&head.purpose);
        let region = self.shared.region.as_str();
        let aad = Aad { region, subject: subject.id(), item: &item, record: &head.id.0, version };
        key.open(&aad, sealed).map(Plain::new).map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// A subject's decisions, the newest first; nothing past its end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn decisions(&mut self, subject: SubjectId) -> Result<Vec<DecisionHead>, StoreError> {
        let now = self.now();
        let sql = select!("", "WHERE d.subject = ?1 AND (d.until IS NULL OR d.until > ?2) ORDER BY d.at DESC, d.id");
        self.db.query(sql, &[Val::Blob(subject.id()), now.into()]).await?.iter().map(head).collect()
    }

    /// Opens what a permit covers of its subject's decisions: for the person's own rights all whose items it names,
    /// for a purpose that purpose's. Whoever opens them writes the leaf of what comes of it.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the subject's key was destroyed, [`StoreError::Sealed`] when a value was tampered
    /// with, [`StoreError::Misused`] when the permit is of another look.
    pub async fn open_decisions(&mut self, permit: &Permit<'_>) -> Result<Vec<OpenedDecision>, StoreError> {
        permit.spent_in(self)?;
        let subject = permit.subject;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let now = self.now();
        let sql = select!(
            ", d.sealed, d.answer",
            "WHERE d.subject = ?1 AND (d.until IS NULL OR d.until > ?2) ORDER BY d.at DESC, d.id"
        );
        let rows = self.db.query(sql, &[Val::Blob(subject.id()), now.into()]).await?;
        let purpose = permit.policy.purpose_name(permit.ask.purpose);
        let own = permit.ask.party == avouch_policy::Party::Subject;
        let mut out = Vec::new();
        for row in &rows {
            let head = head(row)?;
            let covered = head.items.iter().all(|i| permit.policy.item(i).is_none_or(|id| permit.covers(id)));
            if !covered || !(own || head.purpose == purpose) {
                continue;
            }
            let value = self.open_part(&key, subject, &head, DECIDED, row.blob(9)?)?;
            let answer =
                row.blob_opt(10)?.map(|sealed| self.open_part(&key, subject, &head, ANSWERED, sealed)).transpose()?;
            out.push(OpenedDecision { head, value, answer });
        }
        Ok(out)
    }

    /// The reviews that wait for a human, the one due first in front; nothing personal.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn reviews(&mut self, limit: u32) -> Result<Vec<(SubjectId, DecisionHead)>, StoreError> {
        let region = self.shared.region;
        let sql = select!(", d.subject", "WHERE d.state = 1 ORDER BY k.due, d.subject, d.id LIMIT ?1");
        let rows = self.db.query(sql, &[Val::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| Ok((SubjectId::new(region, row.bytes(9)?), head(row)?))).collect()
    }
}

impl<'t> Tx<'t> {
    /// Records a decision: one permit, one leaf with a commitment to it.
    ///
    /// # Errors
    /// [`StoreError::Misused`] when the permit is for another act than use; [`StoreError::Gone`] when the subject was
    /// erased.
    pub async fn put_decision(&mut self, permit: Permit<'t>, value: &[u8]) -> Result<(RecordId, Receipt), StoreError> {
        permit.spent_in(self)?;
        if permit.ask.act != Act::Use {
            return Err(StoreError::Misused { name: "permit", why: "a decision is a use".into() });
        }
        let subject = permit.subject;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let id = RecordId(self.random());
        let policy = std::sync::Arc::clone(&permit.policy);
        let purpose = policy.purpose_name(permit.ask.purpose);
        let (item, now) = (sealed_as(purpose), self.now());
        let region = self.shared.region.as_str();
        let aad = Aad { region, subject: subject.id(), item: &item, record: &id.0, version: DECIDED };
        let sealed =
            key.seal(&aad, value, self.shared.entropy.as_ref()).map_err(|e| StoreError::Sealed(e.to_string()))?;
        let items: Vec<&str> = permit.ask.items.iter().map(|i| policy.item_name(*i)).collect();
        let items =
            serde_json::to_string(&items).map_err(|e| StoreError::Misused { name: "decision", why: e.to_string() })?;
        let until = policy.keep_until(permit.ask.purpose, now);
        self.db
            .execute(
                "INSERT INTO decision (subject, id, purpose, items, service, sealed, at, until, state, asked, matter, \
                 reviewed, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, NULL, NULL, NULL, NULL)",
                &[
                    Val::Blob(subject.id()),
                    Val::Blob(&id.0),
                    Val::Text(purpose),
                    Val::Text(&items),
                    Val::Text(permit.actor.name()),
                    Val::Blob(&sealed),
                    now.into(),
                    until.into(),
                ],
            )
            .await?;
        let mut leaf = permit.leaf(self, Outcome::Done);
        "decide".clone_into(&mut leaf.act);
        leaf.commitment = Some(key.commitment(&leaf.salt, std::iter::once(value)));
        let receipt = self.append(leaf, Some((subject, &key)))?;
        Ok((id, receipt))
    }

    /// A person asks for a human; gives the matter its clock is to run for, nothing when that was done before, or there
    /// is no such decision. The leaf and the clock are the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ask_review(&mut self, subject: SubjectId, id: RecordId) -> Result<Option<Matter>, StoreError> {
        self.held(subject, Hold::Shared)?;
        let now = self.now();
        let matter = data_encoding::HEXLOWER.encode(&id.0);
        let asked = self
            .db
            .execute(
                "UPDATE decision SET state = 1, asked = ?3, matter = ?4 WHERE subject = ?1 AND id = ?2 AND state = 0",
                &[Val::Blob(subject.id()), Val::Blob(&id.0), now.into(), Val::Text(&matter)],
            )
            .await?;
        Ok((asked == 1).then(|| Matter { about: REVIEW.to_owned(), id: matter, subject: Some(subject) }))
    }

    /// A human answers a review that was asked for: the decision is upheld or changed, with what they say of it. One
    /// permit, one leaf.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when none is asked for; [`StoreError::Misused`] when the permit is for another purpose.
    pub async fn answer_review(
        &mut self,
        permit: Permit<'t>,
        id: RecordId,
        changed: bool,
        answer: &[u8],
    ) -> Result<Receipt, StoreError> {
        permit.spent_in(self)?;
        let subject = permit.subject;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let heads = self.decisions(subject).await?;
        let head = heads.iter().find(|h| h.id == id && h.review == Review::Asked).ok_or(StoreError::NoRecord)?;
        if head.purpose != permit.policy.purpose_name(permit.ask.purpose) {
            return Err(StoreError::Misused { name: "permit", why: "it is for another purpose".into() });
        }
        let item = sealed_as(&head.purpose);
        let region = self.shared.region.as_str();
        let aad = Aad { region, subject: subject.id(), item: &item, record: &id.0, version: ANSWERED };
        let sealed =
            key.seal(&aad, answer, self.shared.entropy.as_ref()).map_err(|e| StoreError::Sealed(e.to_string()))?;
        let (now, state) = (self.now(), if changed { Review::Changed } else { Review::Upheld });
        self.db
            .execute(
                "UPDATE decision SET state = ?3, reviewed = ?4, answer = ?5 WHERE subject = ?1 AND id = ?2 \
                 AND state = 1",
                &[Val::Blob(subject.id()), Val::Blob(&id.0), Val::Int(state.code()), now.into(), Val::Blob(&sealed)],
            )
            .await?;
        self.stop_clocks(REVIEW, &data_encoding::HEXLOWER.encode(&id.0)).await?;
        let mut leaf = permit.leaf(self, Outcome::Done);
        "reviewed".clone_into(&mut leaf.act);
        leaf.commitment = Some(key.commitment(&leaf.salt, std::iter::once(answer)));
        self.append(leaf, Some((subject, &key)))
    }

    /// Deletes decisions past their end; gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sweep_decisions(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        self.db
            .execute(
                "DELETE FROM clock WHERE about = 'review' AND matter IN (SELECT matter FROM decision WHERE until <= ?1)",
                &[now.into()],
            )
            .await?;
        self.db.execute("DELETE FROM decision WHERE until <= ?1", &[now.into()]).await
    }

    /// Deletes every record and signal that was collected for a purpose and is kept for no other, for good; gives the
    /// items by name. The leaf
    /// is the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_purpose(&mut self, subject: SubjectId, purpose: &str) -> Result<Vec<String>, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let of = [Val::Blob(subject.id()), Val::Text(purpose)];
        let sql = "SELECT item, id FROM record r WHERE subject = ?1 AND purpose = ?2 AND NOT EXISTS \
                   (SELECT 1 FROM record_purpose p WHERE p.subject = r.subject AND p.item = r.item AND p.id = r.id)";
        let rows = self.db.query(sql, &of).await?;
        let mut items = Vec::new();
        for row in &rows {
            let item = row.text(0)?.to_owned();
            self.delete_record(subject, &item, RecordId(row.bytes(1)?)).await?;
            items.push(item);
        }
        let sent = self.db.query("SELECT DISTINCT item FROM signal WHERE subject = ?1 AND purpose = ?2", &of).await?;
        for row in &sent {
            let item = row.text(0)?.to_owned();
            self.delete_signals(subject, purpose, &item).await?;
            items.push(item);
        }
        items.sort();
        items.dedup();
        Ok(items)
    }
}
