//! Cases of customer service: their files, what happened in them, and what staff may look at from them. The words
//! are records, put and opened by permits like any other.
//!
//! Keeps promises 8.1 and 2.4 as far as rows go. A case without an account belongs to a subject made for it, so that
//! sealing, retention and erasure are those of everyone.

use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::look::Look;
use crate::record::RecordId;
use crate::tx::Tx;

/// A case as it stands.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// Whose; without an account a subject of its own.
    pub subject: SubjectId,
    /// Its name for everyone.
    pub number: String,
    /// Whether it is opened by a code, its person having no account.
    pub guest: bool,
    /// What the person chose: `question`, `complaint`, `rights`, `other`.
    pub category: String,
    /// What triage proposes, codes.
    pub proposed: String,
    /// The language it is held in.
    pub language: String,
    /// `new`, `open`, `waiting`, `closed`.
    pub state: String,
    /// Of a closed one `answered`, `partly` or `refused`; else empty.
    pub outcome: String,
    /// Who of the staff has it; empty for nobody.
    pub operator: String,
    /// The name its clocks are under.
    pub matter: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When something last happened.
    pub changed: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// When its answer is due; nothing where no rule sets a time.
    pub due: Option<Timestamp>,
    /// Whether that may still move.
    pub provisional: bool,
    /// How much of the time for it was over at the last alarm, in per cent; 0 before the first.
    pub alarmed: u64,
}

/// A case to be kept.
#[derive(Debug, Clone)]
pub struct NewCaseFile<'a> {
    /// Its name for everyone.
    pub number: &'a str,
    /// The code that opens it without an account.
    pub secret: Option<&'a str>,
    /// What the person chose.
    pub category: &'a str,
    /// What triage proposes.
    pub proposed: &'a str,
    /// The language.
    pub language: &'a str,
    /// When it is forgotten.
    pub until: Option<Timestamp>,
}

/// What happened in a case, once.
#[derive(Debug, Clone)]
pub struct CaseEntry {
    /// When.
    pub at: Timestamp,
    /// What: `message`, `reply`, `note`, `letter`, `reveal`, `file`, `note-file`, `assigned`, `state`, `moved`, `alarm`, `closed`.
    pub kind: String,
    /// Who of the staff; empty for the person and the system.
    pub operator: String,
    /// The record with its words, of a file the file's.
    pub record: Option<RecordId>,
    /// Codes: a state, an item, days, a reason, what a file is, per cent.
    pub told: String,
}

/// Which cases to list.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Of this state; `running` for all but closed; empty for all.
    pub state: String,
    /// In this operator's hands; empty for anybody's.
    pub operator: String,
    /// Whose number begins so; empty for any.
    pub number: String,
    /// Due before; nothing for any time.
    pub due_by: Option<Timestamp>,
    /// How many to give.
    pub limit: u32,
    /// How many to leave out before.
    pub skip: u32,
}

/// How cases were dealt with since a time. One that was opened again counts once for each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct CaseStatistics {
    /// Came in.
    pub received: u64,
    /// Answered in time.
    pub in_time: u64,
    /// Answered late.
    pub late: u64,
    /// Not answered, and over.
    pub overdue: u64,
    /// Since when the longest of those is over.
    pub overdue_since: Option<Timestamp>,
}

impl std::ops::AddAssign for CaseStatistics {
    fn add_assign(&mut self, other: Self) {
        self.received += other.received;
        self.in_time += other.in_time;
        self.late += other.late;
        self.overdue += other.overdue;
        self.overdue_since = self.overdue_since.into_iter().chain(other.overdue_since).min();
    }
}

fn digest(secret: &str) -> [u8; 32] {
    avouch_ledger::hash::sha256(secret.as_bytes())
}

/// A query of cases with the columns [`file`] reads, and what follows.
macro_rules! cases_where {
    ($rest:literal) => {
        concat!(
            "SELECT c.subject, c.number, c.secret, c.category, c.proposed, c.language, c.state, c.outcome, c.operator, \
             c.matter, c.opened, c.changed, c.closed, k.due, k.provisional, k.alarmed FROM case_file c \
             LEFT JOIN clock k ON k.about = 'case' AND k.matter = c.matter AND k.governs = 1 ",
            $rest
        )
    };
}

fn file(look: &Look<'_>, row: &Row) -> Result<CaseFile, StoreError> {
    Ok(CaseFile {
        subject: SubjectId::new(look.shared.region, row.bytes(0)?),
        number: row.text(1)?.to_owned(),
        guest: row.blob_opt(2)?.is_some(),
        category: row.text(3)?.to_owned(),
        proposed: row.text(4)?.to_owned(),
        language: row.text(5)?.to_owned(),
        state: row.text(6)?.to_owned(),
        outcome: row.text(7)?.to_owned(),
        operator: row.text(8)?.to_owned(),
        matter: row.text(9)?.to_owned(),
        opened: row.time(10)?,
        changed: row.time(11)?,
        closed: row.time_opt(12)?,
        due: row.time_opt(13)?,
        provisional: row.int_opt(14)?.is_some_and(|p| p != 0),
        alarmed: row.int_opt(15)?.map_or(0, i64::unsigned_abs),
    })
}

impl Tx<'_> {
    /// Keeps a new case of a subject.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the number is taken.
    pub async fn open_case(&mut self, subject: SubjectId, new: &NewCaseFile<'_>) -> Result<(), StoreError> {
        self.held(subject, Hold::Exclusive)?;
        let now = self.now();
        let secret = new.secret.map(digest);
        self.db
            .execute(
                "INSERT INTO case_file (subject, number, secret, category, proposed, language, state, outcome, \
                 operator, matter, opened, changed, closed, until) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'new', '', '', ?2, ?7, ?7, NULL, ?8)",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(new.number),
                    secret.as_ref().into(),
                    Val::Text(new.category),
                    Val::Text(new.proposed),
                    Val::Text(new.language),
                    now.into(),
                    new.until.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Writes down what happened in a case.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn case_entry(
        &mut self,
        case: (SubjectId, &str),
        kind: &str,
        operator: &str,
        record: Option<RecordId>,
        told: &str,
    ) -> Result<(), StoreError> {
        let (subject, number) = case;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO case_entry (subject, number, n, at, kind, operator, record, told) \
                 SELECT ?1, ?2, count(*), ?3, ?4, ?5, ?6, ?7 FROM case_entry WHERE subject = ?1 AND number = ?2",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(number),
                    now.into(),
                    Val::Text(kind),
                    Val::Text(operator),
                    record.as_ref().map(|r| Val::Blob(&r.0)).into(),
                    Val::Text(told),
                ],
            )
            .await?;
        self.db
            .execute(
                "UPDATE case_file SET changed = ?3 WHERE subject = ?1 AND number = ?2",
                &[Val::Blob(subject.id()), Val::Text(number), now.into()],
            )
            .await?;
        Ok(())
    }

    /// Changes state, outcome, operator, clocks and end of a case to those of `file`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_case(&mut self, file: &CaseFile, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.held(file.subject, Hold::Exclusive)?;
        self.db
            .execute(
                "UPDATE case_file SET state = ?3, outcome = ?4, operator = ?5, matter = ?6, closed = ?7, until = ?8 \
                 WHERE subject = ?1 AND number = ?2",
                &[
                    Val::Blob(file.subject.id()),
                    Val::Text(&file.number),
                    Val::Text(&file.state),
                    Val::Text(&file.outcome),
                    Val::Text(&file.operator),
                    Val::Text(&file.matter),
                    file.closed.into(),
                    until.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Lets an operator look at an item of the person from a case, until a time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn reveal_in_case(
        &mut self,
        case: (SubjectId, &str),
        item: &str,
        operator: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let (subject, number) = case;
        self.held(subject, Hold::Exclusive)?;
        self.db
            .execute(
                "INSERT INTO case_reveal (subject, number, item, operator, until) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (subject, number, item, operator) DO UPDATE SET until = excluded.until",
                &[Val::Blob(subject.id()), Val::Text(number), Val::Text(item), Val::Text(operator), until.into()],
            )
            .await?;
        Ok(())
    }

    /// Ends every look at a case's items that is still open.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_reveals(&mut self, case: (SubjectId, &str)) -> Result<u64, StoreError> {
        let (subject, number) = case;
        self.db
            .execute(
                "DELETE FROM case_reveal WHERE subject = ?1 AND number = ?2",
                &[Val::Blob(subject.id()), Val::Text(number)],
            )
            .await
    }

    /// Forgets a case, with its entries, looks and clocks; its records have an end of their own.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_case(&mut self, case: (SubjectId, &str)) -> Result<(), StoreError> {
        let (subject, number) = case;
        self.held(subject, Hold::Exclusive)?;
        let first = format!("{number}.");
        for sql in [
            "DELETE FROM case_entry WHERE subject = ?1 AND number = ?2",
            "DELETE FROM case_reveal WHERE subject = ?1 AND number = ?2",
            "DELETE FROM case_file WHERE subject = ?1 AND number = ?2",
        ] {
            self.db.execute(sql, &[Val::Blob(subject.id()), Val::Text(number)]).await?;
        }
        self.db
            .execute(
                "DELETE FROM clock WHERE about = 'case' AND subject = ?1 AND (matter = ?2 OR substr(matter, 1, ?4) = ?3)",
                &[
                    Val::Blob(subject.id()),
                    Val::Text(number),
                    Val::Text(&first),
                    Val::Int(i64::try_from(first.chars().count()).unwrap_or(i64::MAX)),
                ],
            )
            .await?;
        Ok(())
    }
}

impl Look<'_> {
    /// A case by its number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn case(&mut self, number: &str) -> Result<Option<CaseFile>, StoreError> {
        let row = self.db.first(cases_where!("WHERE c.number = ?1"), &[Val::Text(number)]).await?;
        row.map(|row| file(self, &row)).transpose()
    }

    /// A case by the name its clocks are under.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn case_of_matter(&mut self, matter: &str) -> Result<Option<CaseFile>, StoreError> {
        let row = self.db.first(cases_where!("WHERE c.matter = ?1"), &[Val::Text(matter)]).await?;
        row.map(|row| file(self, &row)).transpose()
    }

    /// A case by its number and the code that opens it. A wrong number and a wrong code are told alike.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn case_by_code(&mut self, number: &str, secret: &str) -> Result<Option<CaseFile>, StoreError> {
        let row = self
            .db
            .first(
                cases_where!("WHERE c.number = ?1 AND c.secret = ?2"),
                &[Val::Text(number), Val::Blob(&digest(secret))],
            )
            .await?;
        row.map(|row| file(self, &row)).transpose()
    }

    /// The cases of a subject, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cases_of(&mut self, subject: SubjectId) -> Result<Vec<CaseFile>, StoreError> {
        let rows = self
            .db
            .query(cases_where!("WHERE c.subject = ?1 ORDER BY c.opened DESC, c.number"), &[Val::Blob(subject.id())])
            .await?;
        rows.iter().map(|row| file(self, row)).collect()
    }

    /// Cases for staff: what runs by urgency, then what is closed, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cases(&mut self, filter: &CaseFilter) -> Result<Vec<CaseFile>, StoreError> {
        let rows = self
            .db
            .query(
                cases_where!(
                    "WHERE (?1 = '' OR c.state = ?1 OR (?1 = 'running' AND c.state <> 'closed')) \
                     AND (?2 = '' OR c.operator = ?2) AND substr(c.number, 1, ?3) = ?4 \
                     AND (k.due <= ?5 OR ?5 = 0) \
                     ORDER BY CASE WHEN c.closed IS NULL THEN 0 ELSE 1 END, \
                     CASE WHEN c.closed IS NULL THEN k.due ELSE -c.closed END, c.number LIMIT ?6 OFFSET ?7"
                ),
                &[
                    Val::Text(&filter.state),
                    Val::Text(&filter.operator),
                    Val::Int(i64::try_from(filter.number.chars().count()).unwrap_or(i64::MAX)),
                    Val::Text(&filter.number),
                    Val::Int(filter.due_by.map_or(0, Timestamp::as_millisecond)),
                    Val::Int(i64::from(filter.limit)),
                    Val::Int(i64::from(filter.skip)),
                ],
            )
            .await?;
        rows.iter().map(|row| file(self, row)).collect()
    }

    /// What happened in a case, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn case_entries(&mut self, subject: SubjectId, number: &str) -> Result<Vec<CaseEntry>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT at, kind, operator, record, told FROM case_entry WHERE subject = ?1 AND number = ?2 ORDER BY n",
                &[Val::Blob(subject.id()), Val::Text(number)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(CaseEntry {
                    at: row.time(0)?,
                    kind: row.text(1)?.to_owned(),
                    operator: row.text(2)?.to_owned(),
                    record: match row.blob_opt(3)? {
                        None => None,
                        Some(_) => Some(RecordId(row.bytes(3)?)),
                    },
                    told: row.text(4)?.to_owned(),
                })
            })
            .collect()
    }

    /// The items an operator may look at from a case now, and until when.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn revealed(
        &mut self,
        case: (SubjectId, &str),
        operator: &str,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let (subject, number) = case;
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT item, until FROM case_reveal WHERE subject = ?1 AND number = ?2 AND operator = ?3 AND \
                 until > ?4 ORDER BY item",
                &[Val::Blob(subject.id()), Val::Text(number), Val::Text(operator), now.into()],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.time(1)?))).collect()
    }

    /// Cases past their end: whose, number, and whether it had no account.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn overdue_cases(&mut self, limit: u32) -> Result<Vec<(SubjectId, String, bool)>, StoreError> {
        let now = self.now();
        let region = self.shared.region;
        let rows = self
            .db
            .query(
                "SELECT subject, number, secret FROM case_file WHERE until IS NOT NULL AND until <= ?1 \
                 ORDER BY until LIMIT ?2",
                &[now.into(), Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let subject = SubjectId::new(region, row.bytes(0)?);
                Ok((subject, row.text(1)?.to_owned(), row.blob_opt(2)?.is_some()))
            })
            .collect()
    }

    /// How the cases that came in since a time were dealt with, by what their people chose them to be.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn case_statistics(&mut self, since: Timestamp) -> Result<Vec<(String, CaseStatistics)>, StoreError> {
        let now = self.now();
        // The clocks of a case that was opened again are under its number, which has nine characters, and a count.
        let rows = self
            .db
            .query(
                "SELECT c.category, count(*), count(CASE WHEN k.done IS NOT NULL AND k.done <= k.due THEN 1 END), \
                 count(CASE WHEN k.done > k.due THEN 1 END), \
                 count(CASE WHEN k.done IS NULL AND k.due <= ?2 THEN 1 END), \
                 min(CASE WHEN k.done IS NULL AND k.due <= ?2 THEN k.due END) \
                 FROM clock k JOIN case_file c ON c.number = substr(k.matter, 1, 9) \
                 WHERE k.about = 'case' AND k.governs = 1 AND k.started >= ?1 GROUP BY c.category ORDER BY c.category",
                &[since.into(), now.into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let statistics = CaseStatistics {
                    received: row.uint(1)?,
                    in_time: row.uint(2)?,
                    late: row.uint(3)?,
                    overdue: row.uint(4)?,
                    overdue_since: row.time_opt(5)?,
                };
                Ok((row.text(0)?.to_owned(), statistics))
            })
            .collect()
    }
}
