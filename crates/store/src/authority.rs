//! Requests of authorities: what was asked for, the papers, and what was handed out.
//!
//! Keeps promise 2.6. What is handed out goes through the gate under an entry of the register made for it, and a copy
//! stays, sealed under its person's key. What a secrecy order covers stands in the log as everything does, and in its
//! person's view only once the order is lifted or ends.

use avouch_ledger::hash::sha256;
use avouch_seal::{Aad, Plain, SubjectId};
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::exception::{EntryId, listed, names, whose};
use crate::look::Look;
use crate::record::Record;
use crate::tx::Tx;

/// A request as it is entered.
#[derive(Debug, Clone)]
pub struct NewAuthorityRequest {
    /// Whose data.
    pub subject: SubjectId,
    /// The policy's recipient of role authority.
    pub recipient: String,
    /// Which office asks.
    pub office: String,
    /// The instrument's number.
    pub instrument: String,
    /// Its date.
    pub dated: jiff::civil::Date,
    /// The provision it rests on.
    pub ground: String,
    /// What it asks for.
    pub items: Vec<String>,
    /// Of which time: what was collected from then on, and before then; nothing for no bound.
    pub covers: (Option<Timestamp>, Option<Timestamp>),
    /// Whether a foreign authority stands behind it (PIPL 41).
    pub foreign: bool,
    /// Until when an order keeps it from the person.
    pub secret_until: Option<Timestamp>,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// Received.
    Received,
    /// Refused.
    Refused,
    /// What it asks for was handed out.
    Released,
}

impl RequestState {
    /// Every state, in the order of their numbers in the table.
    pub const ALL: [Self; 3] = [Self::Received, Self::Refused, Self::Released];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Refused => "refused",
            Self::Released => "released",
        }
    }
}

/// A request of an authority.
#[derive(Debug, Clone)]
pub struct AuthorityRequest {
    /// Its name.
    pub id: EntryId,
    /// Whose data; nobody once the person is erased.
    pub subject: Option<SubjectId>,
    /// The policy's recipient.
    pub recipient: String,
    /// Which office asks.
    pub office: String,
    /// The instrument's number.
    pub instrument: String,
    /// Its date.
    pub dated: String,
    /// The provision.
    pub ground: String,
    /// What it asks for.
    pub items: Vec<String>,
    /// Of which time.
    pub covers: (Option<Timestamp>, Option<Timestamp>),
    /// Whether a foreign authority stands behind it.
    pub foreign: bool,
    /// The end of the order that keeps it from the person; nothing where there never was one.
    pub secret_until: Option<Timestamp>,
    /// When that order was lifted or ended.
    pub lifted: Option<Timestamp>,
    /// When the person was told.
    pub told: Option<Timestamp>,
    /// When it was received.
    pub received: Timestamp,
    /// Who entered it.
    pub entered_by: String,
    /// Where it stands.
    pub state: RequestState,
    /// When that was decided.
    pub decided: Option<Timestamp>,
    /// The digest of what was handed out, in hex.
    pub released: Option<String>,
}

impl AuthorityRequest {
    /// Whether an order keeps it from its person.
    #[must_use]
    pub fn secret(&self) -> bool {
        self.secret_until.is_some() && self.lifted.is_none()
    }
}

/// A paper that belongs to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperKind {
    /// The instrument: the warrant, the letter, the order.
    Instrument,
    /// The approval that PIPL 41 asks for.
    Permission,
    /// The order that keeps it from the person.
    Secrecy,
}

impl PaperKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Instrument, Self::Permission, Self::Secrecy];

    /// Its name in tables and addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instrument => "instrument",
            Self::Permission => "permission",
            Self::Secrecy => "secrecy",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is known of a paper without opening it.
#[derive(Debug, Clone)]
pub struct Paper {
    /// What it is.
    pub kind: PaperKind,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    /// Its bytes.
    pub size: u64,
    /// The number of the approval; empty for others.
    pub number: String,
    /// When it was filed.
    pub at: Timestamp,
    /// Who filed it.
    pub filed_by: String,
    /// Who has filed or opened it.
    pub seen_by: Vec<String>,
}

/// A query of requests with the columns [`request`] reads, and what follows.
macro_rules! requests {
    ($rest:literal) => {
        concat!(
            "SELECT subject, id, recipient, office, instrument, dated, ground, items, covers_from, covers_until, \
             foreign_body, secret_until, lifted, told, received, entered_by, state, decided, released \
             FROM authority_request ",
            $rest
        )
    };
}

fn request(look: &Look<'_>, row: &Row) -> Result<AuthorityRequest, StoreError> {
    let state = usize::try_from(row.int(16)?).ok().and_then(|at| RequestState::ALL.get(at).copied());
    Ok(AuthorityRequest {
        subject: whose(look, row, 0)?,
        id: EntryId(row.bytes(1)?),
        recipient: row.text(2)?.to_owned(),
        office: row.text(3)?.to_owned(),
        instrument: row.text(4)?.to_owned(),
        dated: row.text(5)?.to_owned(),
        ground: row.text(6)?.to_owned(),
        items: names(row.text(7)?)?,
        covers: (row.time_opt(8)?, row.time_opt(9)?),
        foreign: row.flag(10)?,
        secret_until: row.time_opt(11)?,
        lifted: row.time_opt(12)?,
        told: row.time_opt(13)?,
        received: row.time(14)?,
        entered_by: row.text(15)?.to_owned(),
        state: state.ok_or_else(|| StoreError::Unreadable("a request in an unknown state".into()))?,
        decided: row.time_opt(17)?,
        released: row.blob_opt(18)?.map(|digest| data_encoding::HEXLOWER.encode(digest)),
    })
}

impl Look<'_> {
    /// The latest requests.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn authority_requests(&mut self, limit: u32) -> Result<Vec<AuthorityRequest>, StoreError> {
        let sql = requests!("ORDER BY received DESC, id LIMIT ?1");
        let rows = self.db.query(sql, &[Val::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| request(self, row)).collect()
    }

    /// The requests about a subject that they may see: those that were answered and no order keeps from them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn authority_requests_of(&mut self, subject: SubjectId) -> Result<Vec<AuthorityRequest>, StoreError> {
        let sql = requests!(
            "WHERE subject = ?1 AND state = 2 AND (secret_until IS NULL OR lifted IS NOT NULL) \
             ORDER BY decided DESC, id"
        );
        let rows = self.db.query(sql, &[Val::Blob(subject.id())]).await?;
        rows.iter().map(|row| request(self, row)).collect()
    }

    /// One request.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none.
    pub async fn authority_request(&mut self, id: EntryId) -> Result<AuthorityRequest, StoreError> {
        let row = self.db.first(requests!("WHERE id = ?1"), &[Val::Blob(&id.0)]).await?;
        request(self, &row.ok_or(StoreError::NoRecord)?)
    }

    /// The papers of a request.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn papers(&mut self, id: EntryId) -> Result<Vec<Paper>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT kind, digest, size, number, at, filed_by, seen_by FROM authority_paper WHERE request = ?1 \
                 ORDER BY kind",
                &[Val::Blob(&id.0)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Paper {
                    kind: PaperKind::named(row.text(0)?)
                        .ok_or_else(|| StoreError::Unreadable("a paper of an unknown kind".into()))?,
                    digest: data_encoding::HEXLOWER.encode(row.blob(1)?),
                    size: row.uint(2)?,
                    number: row.text(3)?.to_owned(),
                    at: row.time(4)?,
                    filed_by: row.text(5)?.to_owned(),
                    seen_by: names(row.text(6)?)?,
                })
            })
            .collect()
    }
}

/// Where a paper of a kind is sealed into.
pub(crate) fn sealed_as(kind: &str) -> String {
    format!("authority {kind}")
}

impl Tx<'_> {
    /// A leaf of what staff did with a request, kept from its person while the order is.
    async fn note_request(&mut self, request: &AuthorityRequest, by: &str, act: &str) -> Result<(), StoreError> {
        let hidden = request.secret().then_some(request.id.0);
        self.note_entry(by, act, &request.recipient, request.subject, hidden).await.map(|_| ())
    }

    /// Enters a request. Nothing is handed out by it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enter_request(&mut self, new: &NewAuthorityRequest, by: &str) -> Result<EntryId, StoreError> {
        self.held(new.subject, Hold::Shared)?;
        let id = EntryId(self.random());
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO authority_request (subject, id, recipient, office, instrument, dated, ground, items, \
                 covers_from, covers_until, foreign_body, secret_until, received, entered_by, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0)",
                &[
                    Val::Blob(new.subject.id()),
                    Val::Blob(&id.0),
                    Val::Text(&new.recipient),
                    Val::Text(&new.office),
                    Val::Text(&new.instrument),
                    Val::Text(&new.dated.to_string()),
                    Val::Text(&new.ground),
                    Val::Text(&listed(&new.items)),
                    new.covers.0.into(),
                    new.covers.1.into(),
                    new.foreign.into(),
                    new.secret_until.into(),
                    now.into(),
                    Val::Text(by),
                ],
            )
            .await?;
        let request = self.authority_request(id).await?;
        self.note_request(&request, by, "authority-request").await?;
        Ok(id)
    }

    /// Puts a paper on file, sealed; another of the kind takes its place, and nobody has read that yet.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is no such request, or it was decided.
    pub async fn file_paper(
        &mut self,
        id: EntryId,
        kind: PaperKind,
        number: &str,
        bytes: &[u8],
        by: &str,
    ) -> Result<(), StoreError> {
        let request = self.authority_request(id).await?;
        if request.state != RequestState::Received {
            return Err(StoreError::NoRecord);
        }
        let sealed = self.seal_for_staff(&sealed_as(kind.name()), &id.0, bytes)?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO authority_paper (request, kind, digest, size, number, sealed, at, filed_by, seen_by) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (request, kind) DO UPDATE SET \
                 digest = excluded.digest, size = excluded.size, number = excluded.number, \
                 sealed = excluded.sealed, at = excluded.at, filed_by = excluded.filed_by, \
                 seen_by = excluded.seen_by",
                &[
                    Val::Blob(&id.0),
                    Val::Text(kind.name()),
                    Val::Blob(&sha256(bytes)),
                    (bytes.len() as u64).into(),
                    Val::Text(number),
                    Val::Blob(&sealed),
                    now.into(),
                    Val::Text(by),
                    Val::Text(&listed(&[by.to_owned()])),
                ],
            )
            .await?;
        self.note_request(&request, by, "authority-paper").await
    }

    /// Opens a paper for staff, and notes that they have read it.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none; [`StoreError::Sealed`] when it was tampered with.
    pub async fn open_paper(&mut self, id: EntryId, kind: PaperKind, by: &str) -> Result<Plain<Vec<u8>>, StoreError> {
        let request = self.authority_request(id).await?;
        let of = [Val::Blob(&id.0), Val::Text(kind.name())];
        let row = self
            .db
            .first("SELECT sealed, seen_by FROM authority_paper WHERE request = ?1 AND kind = ?2", &of)
            .await?
            .ok_or(StoreError::NoRecord)?;
        let file = self.open_for_staff(&sealed_as(kind.name()), &id.0, row.blob(0)?)?;
        let mut seen = names(row.text(1)?)?;
        if !seen.iter().any(|who| who == by) {
            seen.push(by.to_owned());
            let sql = "UPDATE authority_paper SET seen_by = ?3 WHERE request = ?1 AND kind = ?2";
            self.db.execute(sql, &[of[0], of[1], Val::Text(&listed(&seen))]).await?;
        }
        self.note_request(&request, by, "authority-opened").await?;
        Ok(Plain::new(file))
    }

    /// Refuses a request.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none that waits.
    pub async fn refuse_request(&mut self, id: EntryId, by: &str) -> Result<(), StoreError> {
        let request = self.authority_request(id).await?;
        let now = self.now();
        let refused = self
            .db
            .execute(
                "UPDATE authority_request SET state = 1, decided = ?2 WHERE id = ?1 AND state = 0",
                &[Val::Blob(&id.0), now.into()],
            )
            .await?;
        if refused != 1 {
            return Err(StoreError::NoRecord);
        }
        self.note_request(&request, by, "authority-refuse").await
    }

    /// What is handed out of a request, made of records the gate opened in this transaction: one JSON document. A
    /// copy stays sealed under its person's key, and its digest stands with the request. Handed over it is only once
    /// this transaction is durable.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when the request does not wait; [`StoreError::Gone`] when the person was erased.
    pub async fn hand_out(
        &mut self,
        subject: SubjectId,
        request: &AuthorityRequest,
        records: &[Record],
        until: Option<Timestamp>,
    ) -> Result<Plain<Vec<u8>>, StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let key = self.key(subject).await?.ok_or(StoreError::Gone)?;
        let policy = std::sync::Arc::clone(self.policy());
        let values: Vec<serde_json::Value> = records
            .iter()
            .map(|record| {
                serde_json::json!({
                    "item": policy.item_name(record.head.item),
                    "collected": record.head.created.to_string(),
                    "value": String::from_utf8_lossy(record.value.expose_bytes()),
                })
            })
            .collect();
        let whole = serde_json::json!({
            "request": request.id.to_string(),
            "instrument": request.instrument,
            "office": request.office,
            "at": self.now().to_string(),
            "values": values,
        });
        let bytes = serde_json::to_vec_pretty(&whole).map_err(|e| StoreError::Unreadable(e.to_string()))?;
        let digest = sha256(&bytes);
        let region = self.shared.region.as_str();
        let aad = Aad { region, subject: subject.id(), item: "released", record: &request.id.0, version: 1 };
        let sealed =
            key.seal(&aad, &bytes, self.shared.entropy.as_ref()).map_err(|e| StoreError::Sealed(e.to_string()))?;
        let bytes = Plain::new(bytes);
        let now = self.now();
        let moved = self
            .db
            .execute(
                "UPDATE authority_request SET state = 2, decided = ?2, released = ?3 WHERE id = ?1 AND state = 0",
                &[Val::Blob(&request.id.0), now.into(), Val::Blob(&digest)],
            )
            .await?;
        if moved != 1 {
            return Err(StoreError::NoRecord);
        }
        self.db
            .execute(
                "INSERT INTO released (subject, request, sealed, at, until) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[Val::Blob(subject.id()), Val::Blob(&request.id.0), Val::Blob(&sealed), now.into(), until.into()],
            )
            .await?;
        Ok(bytes)
    }

    /// Notes that the person was told that a request was answered; false when that was noted before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn told_of_request(&mut self, id: EntryId) -> Result<bool, StoreError> {
        let now = self.now();
        let sql = "UPDATE authority_request SET told = ?2 WHERE id = ?1 AND told IS NULL AND state = 2";
        Ok(self.db.execute(sql, &[Val::Blob(&id.0), now.into()]).await? == 1)
    }

    /// A secrecy order is lifted, by staff, or has ended, by nobody: from now on its person sees the request, what was
    /// handed out, and the leaves of both.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when none stands.
    pub async fn lift_secrecy(&mut self, id: EntryId, by: &str) -> Result<AuthorityRequest, StoreError> {
        let request = self.authority_request(id).await?;
        let now = self.now();
        let lifted = self
            .db
            .execute(
                "UPDATE authority_request SET lifted = ?2 \
                 WHERE id = ?1 AND secret_until IS NOT NULL AND lifted IS NULL",
                &[Val::Blob(&id.0), now.into()],
            )
            .await?;
        if lifted != 1 {
            return Err(StoreError::NoRecord);
        }
        if let Some(subject) = request.subject {
            self.held(subject, Hold::Shared)?;
            self.reveal_hidden(subject, id).await?;
        }
        if by.is_empty() {
            let party = avouch_policy::Party::System;
            let done = avouch_ledger::leaf::Outcome::Done;
            self.note("secrecy-end", &request.recipient, &[], party, done, request.subject).await?;
        } else {
            self.note_entry(by, "secrecy-lift", &request.recipient, request.subject, None).await?;
        }
        Ok(request)
    }

    /// Deletes copies of what was handed out that are past their end.
    pub(crate) async fn sweep_released(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        self.db.execute("DELETE FROM released WHERE until <= ?1", &[now.into()]).await
    }
}
