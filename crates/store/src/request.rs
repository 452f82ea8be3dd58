//! Requests for a right: their rows, and what is kept of each about nobody for the law's term.
//!
//! Keeps promises 6.1 to 6.5 as far as rows go. What is written in a request is a record of the case with the same
//! number; here are kinds, states and codes.

use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::tx::{Receipt, Tx};

/// A request as it stands.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks; without an account the subject of the case.
    pub subject: SubjectId,
    /// Its number, the case's too where there is one.
    pub number: String,
    /// What is asked.
    pub kind: String,
    /// To what: names of the policy; empty for everything.
    pub about: String,
    /// `self`, `agent`, `guardian`, `relative`.
    pub role: String,
    /// `account` for who is signed in, else `stated`, `shown`, `not-shown`.
    pub identity: String,
    /// What was stated of the person against what is held: `item:same` or `item:other`, a space between.
    pub matched: String,
    /// The account it is about, where there is one. That there is one is told to staff alone.
    pub account: Option<SubjectId>,
    /// When it came in.
    pub received: Timestamp,
    /// When its answer is due; nothing where no rule sets a time, or it was answered at once.
    pub due: Option<Timestamp>,
    /// When its time was extended.
    pub extended: Option<Timestamp>,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// `answered`, `partly`, `refused`; empty while it runs.
    pub outcome: String,
    /// Codes of why not.
    pub reasons: Vec<String>,
    /// When its person appealed.
    pub appealed: Option<Timestamp>,
    /// Until when a copy may be taken with the code of the case.
    pub released: Option<Timestamp>,
    /// Where it is recorded.
    pub receipt: Receipt,
}

/// A request to be kept.
#[derive(Debug, Clone)]
pub struct NewRequest<'a> {
    /// Its number.
    pub number: &'a str,
    /// What is asked.
    pub kind: &'a str,
    /// To what.
    pub about: &'a str,
    /// Who asks.
    pub role: &'a str,
    /// `account` or `stated`.
    pub identity: &'a str,
    /// The account it is about, where who asks is signed in to it.
    pub account: Option<SubjectId>,
    /// Whether the person did it alone, so that it is answered already.
    pub at_once: bool,
    /// When the record of it is forgotten.
    pub until: Timestamp,
    /// Where it is recorded.
    pub receipt: &'a Receipt,
}

/// How requests of a kind ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RequestCount {
    /// The kind.
    pub kind: String,
    /// How many came in.
    pub received: u64,
    /// Answered in time, also those answered at once.
    pub in_time: u64,
    /// Answered late.
    pub late: u64,
    /// Refused in whole or in part.
    pub refused: u64,
}

/// A query of requests with the columns [`request`] reads, and what follows.
macro_rules! requests_where {
    ($rest:literal) => {
        concat!(
            "SELECT r.subject, r.number, r.kind, r.about, r.role, r.identity, r.matched, r.account, r.received, k.due, \
             r.extended, r.answered, r.outcome, r.reasons, r.appealed, r.released, r.log, r.leaf FROM request r \
             LEFT JOIN case_file c ON c.subject = r.subject AND c.number = r.number \
             LEFT JOIN clock k ON k.about = 'case' AND k.matter = c.matter AND k.governs = 1 ",
            $rest
        )
    };
}

fn request(look: &Look<'_>, row: &Row) -> Result<Request, StoreError> {
    let account = match row.blob_opt(7)? {
        None => None,
        Some(_) => Some(SubjectId::new(look.shared.region, row.bytes(7)?)),
    };
    Ok(Request {
        subject: SubjectId::new(look.shared.region, row.bytes(0)?),
        number: row.text(1)?.to_owned(),
        kind: row.text(2)?.to_owned(),
        about: row.text(3)?.to_owned(),
        role: row.text(4)?.to_owned(),
        identity: row.text(5)?.to_owned(),
        matched: row.text(6)?.to_owned(),
        account,
        received: row.time(8)?,
        due: row.time_opt(9)?,
        extended: row.time_opt(10)?,
        answered: row.time_opt(11)?,
        outcome: row.text(12)?.to_owned(),
        reasons: row.text(13)?.split_whitespace().map(str::to_owned).collect(),
        appealed: row.time_opt(14)?,
        released: row.time_opt(15)?,
        receipt: Receipt { log: row.text(16)?.to_owned(), index: row.uint(17)? },
    })
}

impl Tx<'_> {
    /// Keeps a new request, and what stays of it about nobody.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the number is taken.
    pub async fn keep_request(&mut self, subject: SubjectId, new: &NewRequest<'_>) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        let now = self.now();
        let account = new.account.as_ref().map(|s| Val::Blob(s.id()));
        let outcome = if new.at_once { "answered" } else { "" };
        let answered = new.at_once.then_some(now);
        self.db
            .execute(
                "INSERT INTO request (subject, number, kind, about, role, identity, matched, account, received, \
                 extended, answered, outcome, reasons, appealed, released, log, leaf) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?7, ?8, NULL, ?9, ?10, '', NULL, NULL, ?11, ?12)",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(new.number),
                    Val::Text(new.kind),
                    Val::Text(new.about),
                    Val::Text(new.role),
                    Val::Text(new.identity),
                    account.into(),
                    now.into(),
                    answered.into(),
                    Val::Text(outcome),
                    Val::Text(&new.receipt.log),
                    new.receipt.index.into(),
                ],
            )
            .await?;
        self.db
            .execute(
                "INSERT INTO request_record (number, kind, role, received, due, answered, outcome, reasons, appealed, \
                 until) VALUES (?1, ?2, ?3, ?4, NULL, ?5, ?6, '', 0, ?7)",
                &[
                    Val::Text(new.number),
                    Val::Text(new.kind),
                    Val::Text(new.role),
                    now.into(),
                    answered.into(),
                    Val::Text(outcome),
                    new.until.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Changes identity, account, answer and times of a request to those of `file`; what is kept of it about nobody
    /// follows, until `until` where that is given.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn change_request(&mut self, file: &Request, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.held(file.subject, Hold::Exclusive)?;
        let account = file.account.as_ref().map(|s| Val::Blob(s.id()));
        let reasons = file.reasons.join(" ");
        self.db
            .execute(
                "UPDATE request SET identity = ?3, matched = ?4, account = ?5, extended = ?6, answered = ?7, \
                 outcome = ?8, reasons = ?9, appealed = ?10, released = ?11 WHERE subject = ?1 AND number = ?2",
                &[
                    Val::Blob(file.subject.id()),
                    Val::Text(&file.number),
                    Val::Text(&file.identity),
                    Val::Text(&file.matched),
                    account.into(),
                    file.extended.into(),
                    file.answered.into(),
                    Val::Text(&file.outcome),
                    Val::Text(&reasons),
                    file.appealed.into(),
                    file.released.into(),
                ],
            )
            .await?;
        self.db
            .execute(
                "UPDATE request_record SET due = ?2, answered = ?3, outcome = ?4, reasons = ?5, appealed = ?6 \
                 WHERE number = ?1",
                &[
                    Val::Text(&file.number),
                    file.due.into(),
                    file.answered.into(),
                    Val::Text(&file.outcome),
                    Val::Text(&reasons),
                    file.appealed.is_some().into(),
                ],
            )
            .await?;
        if let Some(until) = until {
            self.db
                .execute(
                    "UPDATE request_record SET until = ?2 WHERE number = ?1",
                    &[Val::Text(&file.number), until.into()],
                )
                .await?;
        }
        Ok(())
    }

    /// Forgets what is kept of answered requests beyond its term, and with it the requests themselves; gives how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_requests(&mut self) -> Result<u64, StoreError> {
        let now = self.now();
        self.db
            .execute(
                "DELETE FROM request WHERE number IN (SELECT number FROM request_record \
                 WHERE until <= ?1 AND answered IS NOT NULL)",
                &[now.into()],
            )
            .await?;
        // One that was never answered, whose person was erased meanwhile, has nobody to answer any more.
        let sql = "DELETE FROM request_record WHERE until <= ?1 AND (answered IS NOT NULL \
                   OR number NOT IN (SELECT number FROM request))";
        self.db.execute(sql, &[now.into()]).await
    }
}

impl Look<'_> {
    /// A request by its number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn request(&mut self, number: &str) -> Result<Option<Request>, StoreError> {
        let row = self.db.first(requests_where!("WHERE r.number = ?1"), &[Val::Text(number)]).await?;
        row.map(|row| request(self, &row)).transpose()
    }

    /// The requests of a subject, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn requests_of(&mut self, subject: SubjectId) -> Result<Vec<Request>, StoreError> {
        let rows = self
            .db
            .query(
                requests_where!("WHERE r.subject = ?1 ORDER BY r.received DESC, r.number LIMIT 1000"),
                &[Val::Blob(subject.id())],
            )
            .await?;
        rows.iter().map(|row| request(self, row)).collect()
    }

    /// Requests that somebody else, or nobody known, made about an account, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn requests_about(&mut self, account: SubjectId) -> Result<Vec<Request>, StoreError> {
        let rows = self
            .db
            .query(
                requests_where!(
                    "WHERE r.account = ?1 AND r.subject <> ?1 ORDER BY r.received DESC, r.number LIMIT 1000"
                ),
                &[Val::Blob(account.id())],
            )
            .await?;
        rows.iter().map(|row| request(self, row)).collect()
    }

    /// How the requests received since a time were dealt with, by kind.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn request_counts(&mut self, since: Timestamp) -> Result<Vec<RequestCount>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT kind, count(*), \
                 count(CASE WHEN answered IS NOT NULL AND (due IS NULL OR answered <= due) THEN 1 END), \
                 count(CASE WHEN answered > due THEN 1 END), \
                 count(CASE WHEN outcome IN ('partly', 'refused') THEN 1 END) \
                 FROM request_record WHERE received >= ?1 GROUP BY kind ORDER BY kind",
                &[since.into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(RequestCount {
                    kind: row.text(0)?.to_owned(),
                    received: row.uint(1)?,
                    in_time: row.uint(2)?,
                    late: row.uint(3)?,
                    refused: row.uint(4)?,
                })
            })
            .collect()
    }
}
