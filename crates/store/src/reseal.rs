//! Sealing anew, with the region's suite, what was sealed with another, while everything runs.
//!
//! Keeps promise 5.5. A value opens by the suite it names, so that values of both rest side by side meanwhile. Each
//! page is one commit that changes a value only where it still is what was opened: whoever writes meanwhile wins, and
//! has sealed with the region's suite. Stopped anywhere and begun anew, it finds what is left.

use avouch_seal::{Aad, SubjectId, Suite};
use zeroize::Zeroizing;

use crate::engine::{Hold, Row, Val, Value};
use crate::error::StoreError;
use crate::objects::Name;
use crate::store::Store;
use crate::transact::Transact;
use crate::tx::Tx;
use crate::{authority, decision, egress, quarantine, signal};

/// Objects of pictures and videos sealed anew at once: each up to 4 MiB.
const OBJECTS: u32 = 8;

/// After how long an object that another has taken the place of goes: whoever is reading it has ended.
const READ_FOR: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// Where a value is bound to: whose (nobody's: the holding key), the item, the record, the version.
type Bound = (Option<[u8; 16]>, String, Vec<u8>, u64);

/// A column of sealed values.
struct Place {
    name: &'static str,
    /// The key's columns, the sealed one, then what else is bound in: after a key, those not of a suite.
    select: &'static str,
    update: &'static str,
    count: &'static str,
    /// Before the first row.
    start: &'static [Start],
    bound: fn(&Row) -> Result<Bound, StoreError>,
}

/// The least value of a key's column.
#[derive(Clone, Copy)]
enum Start {
    Int,
    Text,
    Blob,
}

macro_rules! place {
    ($table:literal . $column:literal, ($a:literal $ka:ident), $more:literal, $bound:expr) => {
        Place {
            name: $table,
            select: concat!(
                "SELECT ",
                $a,
                ", ",
                $column,
                $more,
                " FROM ",
                $table,
                " WHERE ",
                $a,
                " > ?2 AND substr(",
                $column,
                ", 2, 1) <> ?1 ORDER BY ",
                $a,
                " LIMIT ?3"
            ),
            update: concat!("UPDATE ", $table, " SET ", $column, " = ?1 WHERE ", $column, " = ?2 AND ", $a, " = ?3"),
            count: concat!("SELECT count(*) FROM ", $table, " WHERE substr(", $column, ", 2, 1) <> ?1"),
            start: &[Start::$ka],
            bound: $bound,
        }
    };
    ($table:literal . $column:literal, ($a:literal $ka:ident, $b:literal $kb:ident), $more:literal, $bound:expr) => {
        Place {
            name: $table,
            select: concat!(
                "SELECT ",
                $a,
                ", ",
                $b,
                ", ",
                $column,
                $more,
                " FROM ",
                $table,
                " WHERE (",
                $a,
                ", ",
                $b,
                ") > (?2, ?3) AND substr(",
                $column,
                ", 2, 1) <> ?1 ORDER BY ",
                $a,
                ", ",
                $b,
                " LIMIT ?4"
            ),
            update: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = ?1 WHERE ",
                $column,
                " = ?2 AND ",
                $a,
                " = ?3 AND ",
                $b,
                " = ?4"
            ),
            count: concat!("SELECT count(*) FROM ", $table, " WHERE substr(", $column, ", 2, 1) <> ?1"),
            start: &[Start::$ka, Start::$kb],
            bound: $bound,
        }
    };
    ($table:literal . $column:literal, ($a:literal $ka:ident, $b:literal $kb:ident, $c:literal $kc:ident),
     $more:literal, $bound:expr) => {
        Place {
            name: $table,
            select: concat!(
                "SELECT ",
                $a,
                ", ",
                $b,
                ", ",
                $c,
                ", ",
                $column,
                $more,
                " FROM ",
                $table,
                " WHERE (",
                $a,
                ", ",
                $b,
                ", ",
                $c,
                ") > (?2, ?3, ?4) AND substr(",
                $column,
                ", 2, 1) <> ?1 ORDER BY ",
                $a,
                ", ",
                $b,
                ", ",
                $c,
                " LIMIT ?5"
            ),
            update: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = ?1 WHERE ",
                $column,
                " = ?2 AND ",
                $a,
                " = ?3 AND ",
                $b,
                " = ?4 AND ",
                $c,
                " = ?5"
            ),
            count: concat!("SELECT count(*) FROM ", $table, " WHERE substr(", $column, ", 2, 1) <> ?1"),
            start: &[Start::$ka, Start::$kb, Start::$kc],
            bound: $bound,
        }
    };
}

/// Every column that holds sealed values and keeps them longer than a job lasts. Jobs on their way open by the suite
/// they name, and are gone before a day is over.
const PLACES: &[Place] = &[
    place!("record"."sealed", ("subject" Blob, "item" Text, "id" Blob), ", version", |r| {
        Ok((Some(r.bytes(0)?), r.text(1)?.to_owned(), r.blob(2)?.to_vec(), r.uint(4)?))
    }),
    place!("signal"."sealed", ("ends" Int, "subject" Blob, "id" Blob), ", purpose, item, at", |r| {
        let version = r.time(6)?.as_millisecond().unsigned_abs();
        Ok((Some(r.bytes(1)?), signal::place(r.text(4)?, r.text(5)?), r.blob(2)?.to_vec(), version))
    }),
    place!("session"."sealed", ("subject" Blob, "token" Blob), "", |r| {
        Ok((Some(r.bytes(0)?), "session".into(), r.blob(1)?.to_vec(), 1))
    }),
    place!("quarantine"."sealed", ("subject" Blob, "item" Text, "id" Blob), "", |r| {
        Ok((Some(r.bytes(0)?), quarantine::sealed_as(r.text(1)?), r.blob(2)?.to_vec(), 1))
    }),
    place!("joint_login"."token", ("subject" Blob, "partner" Text), "", |r| {
        Ok((Some(r.bytes(0)?), "joint-token".into(), crate::joint::named(r.text(1)?).to_vec(), 1))
    }),
    place!("egress"."template", ("subject" Blob, "id" Blob), "", |r| {
        Ok((Some(r.bytes(0)?), egress::TEMPLATE.into(), r.blob(1)?.to_vec(), 1))
    }),
    place!("egress"."answer", ("subject" Blob, "id" Blob), "", |r| {
        Ok((Some(r.bytes(0)?), egress::ANSWER.into(), r.blob(1)?.to_vec(), 1))
    }),
    place!("decision"."sealed", ("subject" Blob, "id" Blob), ", purpose", |r| {
        Ok((Some(r.bytes(0)?), decision::sealed_as(r.text(3)?), r.blob(1)?.to_vec(), decision::DECIDED))
    }),
    place!("decision"."answer", ("subject" Blob, "id" Blob), ", purpose", |r| {
        Ok((Some(r.bytes(0)?), decision::sealed_as(r.text(3)?), r.blob(1)?.to_vec(), decision::ANSWERED))
    }),
    place!("held"."sealed", ("id" Blob), ", item", |r| Ok((None, r.text(2)?.to_owned(), r.blob(0)?.to_vec(), 1))),
    place!("recipient_document"."sealed", ("recipient" Text, "id" Blob), "", |r| {
        Ok((None, "recipient document".into(), r.blob(1)?.to_vec(), 1))
    }),
    place!(
        "held_record"."sealed",
        ("subject" Blob, "id" Blob),
        ", item, record, version, purpose, created, signal",
        |r| {
            let (record, version) = (r.blob(4)?.to_vec(), r.uint(5)?);
            let (item, purpose) = (r.text(3)?, r.text(6)?);
            Ok(if r.flag(8)? {
                let version = r.time(7)?.as_millisecond().unsigned_abs();
                (Some(r.bytes(0)?), signal::place(purpose, item), record, version)
            } else {
                (Some(r.bytes(0)?), item.to_owned(), record, version)
            })
        }
    ),
    place!("released"."sealed", ("subject" Blob, "request" Blob), "", |r| {
        Ok((Some(r.bytes(0)?), "released".into(), r.blob(1)?.to_vec(), 1))
    }),
    place!("authority_paper"."sealed", ("request" Blob, "kind" Text), "", |r| {
        Ok((None, authority::sealed_as(r.text(1)?), r.blob(0)?.to_vec(), 1))
    }),
    place!("service"."hook_key", ("name" Text), "", |r| {
        Ok((None, "hook key".into(), r.text(0)?.as_bytes().to_vec(), 1))
    }),
    place!("operator"."factor", ("name" Text), "", |r| {
        Ok((None, "operator factor".into(), r.text(0)?.as_bytes().to_vec(), 1))
    }),
    place!("approval"."why", ("id" Blob), "", |r| Ok((None, "approval".into(), r.blob(0)?.to_vec(), 1))),
    place!("approval"."answer", ("id" Blob), "", |r| Ok((None, "approval".into(), r.blob(0)?.to_vec(), 1))),
];

/// How far sealing anew is.
#[derive(Clone)]
pub struct ResealAt {
    place: usize,
    after: Vec<Value>,
}

impl std::fmt::Debug for ResealAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = PLACES.get(self.place).map_or("objects", |p| p.name);
        f.debug_struct("ResealAt").field("place", &name).finish_non_exhaustive()
    }
}

/// A page that was looked at.
#[derive(Debug, Clone)]
pub struct Resealed {
    /// Values sealed anew.
    pub count: u64,
    /// Values that do not open: they were damaged before, and stay as they are.
    pub broken: u64,
    /// From where to go on; nothing at the end.
    pub next: Option<ResealAt>,
}

/// One value sealed anew.
struct Work {
    subject: Option<SubjectId>,
    update: &'static str,
    params: Vec<Value>,
}

struct Reseal(Vec<Work>);

impl Transact for Reseal {
    const NAME: &'static str = "seal anew";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.0.iter().filter_map(|w| w.subject).map(|s| (s, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let mut count = 0;
        for work in &self.0 {
            let params: Vec<Val<'_>> = work.params.iter().map(Val::from).collect();
            count += tx.db.execute(work.update, &params).await?;
        }
        Ok(count)
    }
}

/// Objects written anew: subject, blob, first chunk, the old name and the new one.
struct Rename(Vec<(SubjectId, [u8; 16], u64, Name, Name)>);

impl Transact for Rename {
    const NAME: &'static str = "seal objects anew";
    type Out = u64;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.0.iter().map(|(subject, ..)| (*subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let (now, mut count) = (tx.now(), 0);
        for (subject, blob, start, old, new) in &self.0 {
            let changed = tx
                .db
                .execute(
                    "UPDATE blob_object SET name = ?5 WHERE subject = ?1 AND blob = ?2 AND start = ?3 AND name = ?4",
                    &[Val::Blob(subject.id()), Val::Blob(blob), (*start).into(), Val::Blob(old), Val::Blob(new)],
                )
                .await?;
            // Deleted meanwhile: then it is the new one that belongs to nothing.
            let (loose, due) = if changed == 1 { (old, now + READ_FOR) } else { (new, now) };
            tx.db
                .execute(
                    "INSERT INTO loose_object (name, due) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
                    &[Val::Blob(loose), due.into()],
                )
                .await?;
            tx.queue(crate::SWEEP_OBJECTS, None, due, "").await?;
            count += changed;
        }
        Ok(count)
    }
}

impl Store {
    /// What new values are sealed with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.shared().keys.suite
    }

    /// How many values, pictures and videos aside, are sealed with another suite than the region's.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn left_to_reseal(&self) -> Result<u64, StoreError> {
        let suite = [self.suite() as u8];
        let mut loan = self.shared().data.take().await?;
        let mut db = loan.db()?;
        let mut left = 0;
        for place in PLACES {
            let row = db.first(place.count, &[Val::Blob(&suite)]).await?;
            left += row.map_or(Ok(0), |row| row.uint(0))?;
        }
        Ok(left)
    }

    /// Seals a page of values anew with the region's suite.
    ///
    /// # Errors
    /// When a database cannot be read or written; then none of this page was.
    pub async fn reseal(&self, from: Option<ResealAt>, limit: u32) -> Result<Resealed, StoreError> {
        let at = from.unwrap_or_else(|| start(0));
        let Some(place) = PLACES.get(at.place) else { return self.reseal_objects(at).await };
        let keys = place.start.len();
        let (region, suite) = (self.region(), [self.suite() as u8]);
        let rows = {
            let mut params = vec![Val::Blob(&suite)];
            params.extend(at.after.iter().map(Val::from));
            params.push(Val::Int(i64::from(limit)));
            self.shared().data.take().await?.db()?.query(place.select, &params).await?
        };
        let (mut works, mut broken) = (Vec::with_capacity(rows.len()), 0);
        for row in &rows {
            let (whose, item, record, version) = (place.bound)(row)?;
            let subject = whose.map(|id| SubjectId::new(region, id));
            let whose = subject.as_ref().map_or(&[][..], |s| s.id());
            let aad = Aad { region: region.as_str(), subject: whose, item: &item, record: &record, version };
            let sealed = row.blob(keys)?;
            match self.sealed_anew(subject, &aad, sealed).await? {
                Anew::Sealed(fresh) => {
                    let mut params = vec![Value::Blob(fresh), Value::Blob(sealed.to_vec())];
                    params.extend(row.0.iter().take(keys).cloned());
                    works.push(Work { subject, update: place.update, params });
                }
                Anew::Gone => {}
                Anew::Broken => {
                    tracing::warn!(table = place.name, "a sealed value does not open and stays as it is");
                    broken += 1;
                }
            }
        }
        let next = match rows.last() {
            Some(last) => ResealAt { place: at.place, after: last.0.iter().take(keys).cloned().collect() },
            None => start(at.place + 1),
        };
        let count = if works.is_empty() { 0 } else { self.transact(Reseal(works)).await? };
        Ok(Resealed { count, broken, next: Some(next) })
    }

    async fn sealed_anew(&self, subject: Option<SubjectId>, aad: &Aad<'_>, sealed: &[u8]) -> Result<Anew, StoreError> {
        let (keys, entropy) = (&self.shared().keys, self.shared().entropy.as_ref());
        let fresh = if let Some(subject) = subject {
            // Who was erased meanwhile has no key: the rows are on their way out.
            let Some(key) = keys.load(subject).await? else { return Ok(Anew::Gone) };
            key.open(aad, sealed).map(Zeroizing::new).and_then(|plain| key.seal(aad, &plain, entropy))
        } else {
            let key = keys.holding()?;
            key.open(aad, sealed).map(Zeroizing::new).and_then(|plain| key.seal(aad, &plain, entropy))
        };
        Ok(fresh.map_or(Anew::Broken, Anew::Sealed))
    }

    async fn reseal_objects(&self, at: ResealAt) -> Result<Resealed, StoreError> {
        let shared = self.shared();
        let rows = {
            let mut params: Vec<Val<'_>> = at.after.iter().map(Val::from).collect();
            params.push(Val::Int(i64::from(OBJECTS)));
            let sql = "SELECT o.subject, o.blob, o.start, o.name, b.item, b.size FROM blob_object o \
                       JOIN blob b ON b.subject = o.subject AND b.id = o.blob \
                       WHERE (o.subject, o.blob, o.start) > (?1, ?2, ?3) ORDER BY o.subject, o.blob, o.start LIMIT ?4";
            shared.data.take().await?.db()?.query(sql, &params).await?
        };
        let (mut renames, mut broken) = (Vec::new(), 0);
        for row in &rows {
            let (subject, blob) = (SubjectId::new(self.region(), row.bytes(0)?), row.bytes(1)?);
            let (from, name): (u64, Name) = (row.uint(2)?, row.bytes(3)?);
            let Some(key) = shared.keys.load(subject).await? else { continue };
            let key = key.blob(row.text(4)?, &blob, row.uint(5)?, &subject);
            let Some(sealed) = shared.objects.whole(&name).await? else { continue };
            match key.reseal(from, &sealed, shared.entropy.as_ref()) {
                Ok(None) => {}
                Ok(Some(fresh)) => {
                    let new: Name = shared.entropy.bytes();
                    shared.objects.put(&new, fresh).await?;
                    renames.push((subject, blob, from, name, new));
                }
                Err(_) => {
                    tracing::warn!("a sealed object does not open and stays as it is");
                    broken += 1;
                }
            }
        }
        let next =
            rows.last().map(|last| ResealAt { place: at.place, after: last.0.iter().take(3).cloned().collect() });
        let count = if renames.is_empty() { 0 } else { self.transact(Rename(renames)).await? };
        Ok(Resealed { count, broken, next })
    }
}

enum Anew {
    Sealed(Vec<u8>),
    Gone,
    Broken,
}

/// Before the first row of a place; past the last one the objects begin.
fn start(place: usize) -> ResealAt {
    let columns = PLACES.get(place).map_or(&[Start::Blob, Start::Blob, Start::Int][..], |p| p.start);
    let after = columns
        .iter()
        .map(|column| match column {
            Start::Int => Value::Int(i64::MIN),
            Start::Text => Value::Text(String::new()),
            Start::Blob => Value::Blob(Vec::new()),
        })
        .collect();
    ResealAt { place, after }
}
