//! Requests of authorities: what was asked for, the papers, and what was handed out.
//!
//! Keeps promise 2.6. What is handed out goes through the gate under an entry of the register made for it, and a copy
//! stays, sealed under its person's key. What a secrecy order covers stands in the log as everything does, and in its
//! person's view only once the order is lifted.

use avouch_ledger::hash::sha256;
use avouch_ledger::leaf::Outcome;
use avouch_seal::{Aad, Plain, SubjectId};
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::exception::{EntryId, listed, names};
use crate::look::Look;
use crate::record::Record;
use crate::tx::Tx;

/// A request as it is entered.
#[derive(Debug, Clone)]
pub struct NewRequest {
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
    /// Whether the authority is a foreign one (PIPL 41).
    pub foreign: bool,
    /// Whether a secrecy order keeps it from the person.
    pub secret: bool,
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
    /// Every state.
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
    /// Whether the authority is a foreign one.
    pub foreign: bool,
    /// The number of the approval of PIPL 41.
    pub permission: Option<String>,
    /// Whether the instrument itself is on file.
    pub on_file: bool,
    /// Whether a secrecy order keeps it from the person now.
    pub secret: bool,
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

/// A paper that belongs to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// The instrument.
    Instrument,
    /// The approval that PIPL 41 asks for.
    Permission,
}

fn request(look: &Look<'_>, row: &Row) -> Result<AuthorityRequest, StoreError> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(AuthorityRequest {
        subject: match row.blob_opt(0)? {
            None => None,
            Some(_) => Some(SubjectId::new(look.shared.region, row.bytes(0)?)),
        },
        id: EntryId(row.bytes(1)?),
        recipient: row.text(2)?.to_owned(),
        office: row.text(3)?.to_owned(),
        instrument: row.text(4)?.to_owned(),
        dated: row.text(5)?.to_owned(),
        ground: row.text(6)?.to_owned(),
        items: names(row.text(7)?)?,
        foreign: row.flag(8)?,
        permission: some(row.text(9)?),
        on_file: row.flag(10)?,
        secret: row.flag(11)?,
        received: row.time(12)?,
        entered_by: row.text(13)?.to_owned(),
        state: match row.int(14)? {
            1 => RequestState::Refused,
            2 => RequestState::Released,
            _ => RequestState::Received,
        },
        decided: row.time_opt(15)?,
        released: row.blob_opt(16)?.map(|digest| data_encoding::HEXLOWER.encode(digest)),
    })
}

impl Look<'_> {
    /// The latest requests.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn authority_requests(&mut self, limit: u32) -> Result<Vec<AuthorityRequest>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT subject, id, recipient, office, instrument, dated, ground, items, foreign_body, \
                 coalesce(permission, ''), CASE WHEN document IS NULL THEN 0 ELSE 1 END, \
                 CASE WHEN secret = 1 AND lifted IS NULL THEN 1 ELSE 0 END, received, entered_by, state, decided, \
                 released FROM authority_request ORDER BY received DESC, id LIMIT ?1",
                &[Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter().map(|row| request(self, row)).collect()
    }

    /// One request.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none.
    pub async fn authority_request(&mut self, id: EntryId) -> Result<AuthorityRequest, StoreError> {
        let row = self
            .db
            .first(
                "SELECT subject, id, recipient, office, instrument, dated, ground, items, foreign_body, \
                 coalesce(permission, ''), CASE WHEN document IS NULL THEN 0 ELSE 1 END, \
                 CASE WHEN secret = 1 AND lifted IS NULL THEN 1 ELSE 0 END, received, entered_by, state, decided, \
                 released FROM authority_request WHERE id = ?1",
                &[Val::Blob(&id.0)],
            )
            .await?
            .ok_or(StoreError::NoRecord)?;
        request(self, &row)
    }
}

impl Tx<'_> {
    /// Enters a request. Nothing is handed out by it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enter_request(&mut self, new: &NewRequest, by: &str) -> Result<EntryId, StoreError> {
        let id = EntryId(self.random());
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO authority_request (subject, id, recipient, office, instrument, dated, ground, items, \
                 foreign_body, secret, received, entered_by, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)",
                &[
                    Val::Blob(new.subject.id()),
                    Val::Blob(&id.0),
                    Val::Text(&new.recipient),
                    Val::Text(&new.office),
                    Val::Text(&new.instrument),
                    Val::Text(&new.dated.to_string()),
                    Val::Text(&new.ground),
                    Val::Text(&listed(&new.items)),
                    new.foreign.into(),
                    new.secret.into(),
                    now.into(),
                    Val::Text(by),
                ],
            )
            .await?;
        if new.secret {
            self.hide_leaves(id.0);
        }
        self.note_by(by, "authority-request", &new.recipient, Outcome::Done, Some(new.subject)).await?;
        Ok(id)
    }

    /// Puts a paper on file, sealed; of the approval of PIPL 41 with its number.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is no such request, or it was decided.
    pub async fn file_paper(
        &mut self,
        id: EntryId,
        paper: Paper,
        number: &str,
        bytes: &[u8],
        by: &str,
    ) -> Result<(), StoreError> {
        let filed = match paper {
            Paper::Instrument => {
                let sealed = self.seal_for_staff("authority instrument", &id.0, bytes)?;
                self.db
                    .execute(
                        "UPDATE authority_request SET document = ?2 WHERE id = ?1 AND state = 0",
                        &[Val::Blob(&id.0), Val::Blob(&sealed)],
                    )
                    .await?
            }
            Paper::Permission => {
                let sealed = self.seal_for_staff("authority permission", &id.0, bytes)?;
                self.db
                    .execute(
                        "UPDATE authority_request SET permission_document = ?2, permission = ?3 \
                         WHERE id = ?1 AND state = 0",
                        &[Val::Blob(&id.0), Val::Blob(&sealed), Val::Text(number)],
                    )
                    .await?
            }
        };
        if filed != 1 {
            return Err(StoreError::NoRecord);
        }
        self.note_by(by, "authority-paper", "legal_request", Outcome::Done, None).await?;
        Ok(())
    }

    /// Refuses a request.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none that waits.
    pub async fn refuse_request(&mut self, id: EntryId, by: &str) -> Result<(), StoreError> {
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
        self.note_by(by, "authority-refuse", "legal_request", Outcome::Done, None).await?;
        Ok(())
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
                "INSERT INTO released (subject, request, sealed, at) VALUES (?1, ?2, ?3, ?4)",
                &[Val::Blob(subject.id()), Val::Blob(&request.id.0), Val::Blob(&sealed), now.into()],
            )
            .await?;
        Ok(bytes)
    }

    /// Lifts a secrecy order: from now on its person sees the request, what was handed out, and the leaves of both.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when none stands.
    pub async fn lift_secrecy(&mut self, request: &AuthorityRequest, by: &str) -> Result<(), StoreError> {
        let now = self.now();
        let id = request.id;
        let lifted = self
            .db
            .execute(
                "UPDATE authority_request SET lifted = ?2 WHERE id = ?1 AND secret = 1 AND lifted IS NULL",
                &[Val::Blob(&id.0), now.into()],
            )
            .await?;
        if lifted != 1 {
            return Err(StoreError::NoRecord);
        }
        if let Some(subject) = request.subject {
            self.db
                .execute(
                    "INSERT INTO subject_leaf (subject, at, log, idx) \
                     SELECT subject, at, log, idx FROM hidden_leaf WHERE subject = ?1 AND request = ?2",
                    &[Val::Blob(subject.id()), Val::Blob(&id.0)],
                )
                .await?;
            self.db
                .execute(
                    "DELETE FROM hidden_leaf WHERE subject = ?1 AND request = ?2",
                    &[Val::Blob(subject.id()), Val::Blob(&id.0)],
                )
                .await?;
        }
        self.note_by(by, "secrecy-lift", "legal_request", Outcome::Done, request.subject).await?;
        Ok(())
    }
}
