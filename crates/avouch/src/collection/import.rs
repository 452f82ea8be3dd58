//! Importing: the people of an existing table, each through the gate with what can be documented of them.
//!
//! Keeps promises 1.1 and 2.0. A row is one transaction: the account, what the gate permits, the answers that can
//! be shown, and what became of the row; killed anywhere, the import goes on after the last row that stands. What
//! cannot be documented is sealed in the quarantine, see [`super::quarantine`].

pub mod mapping;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use avouch_policy::{Act, Ask, ItemId};
use avouch_seal::SubjectId;
use avouch_store::{
    About, Actor, AgeBand, Answer, Answered, Credential, Documented, Hold, ImportRow, Kept, Origin, Put, RecordId,
    RowOutcome, StoreError, Transact, Tx,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use self::mapping::{Checked, Mapping};
use crate::app::App;
use crate::collection::external::ExternalId;
use crate::collection::join::PURPOSE;
use crate::collection::real_name;
use crate::collection::real_name::decide::{bands, queue_ages};
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::security::old_hash;
use crate::value;

/// A row as it was read: its number, and its fields by column; an empty one counts as not there.
pub struct Row {
    /// The number that names it: the same at each reading.
    pub number: i64,
    /// What stands in it, or why it could not be read.
    pub fields: Result<BTreeMap<String, String>, String>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("number", &self.number).finish_non_exhaustive()
    }
}

/// An import that can begin: its mapping checked against the policy in force.
#[derive(Debug, Clone)]
pub struct Plan {
    name: String,
    digest: [u8; 32],
    mapping: Arc<Mapping>,
    checked: Arc<Checked>,
    service: Arc<Credential>,
}

/// How many rows came to what.
pub type Counts = BTreeMap<RowOutcome, u64>;

impl App {
    /// Checks an import before anything is read: the mapping against the policy in force, and the service it is
    /// for. `name` becomes the source of what is brought in, `import:NAME`; `digest` is of what is read.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with everything wrong in the mapping; [`Fault::NotNow`] for an unknown service.
    pub async fn plan_import(&self, name: &str, mapping: Mapping, digest: [u8; 32]) -> Result<Plan, Fault> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(fine) {
            let text = "name the import with 1 to 64 letters, digits, dots, hyphens or underscores";
            return Err(Fault::Invalid(vec![FieldFault::new("name", "not-a-name", text)]));
        }
        let checked = mapping.check(&self.policy())?;
        let service = {
            let mut reading = self.store.reading().await?;
            reading.look()?.service_named(&mapping.service).await?
        };
        let service = service.ok_or_else(|| {
            Fault::NotNow(format!(
                "there is no service '{}'; register it with the purposes it serves, then import its tables",
                mapping.service
            ))
        })?;
        Ok(Plan { name: name.to_owned(), digest, mapping: Arc::new(mapping), checked: Arc::new(checked), service })
    }

    /// Begins an import, or takes it up again.
    ///
    /// # Errors
    /// [`Fault::NotNow`] when an import of that name reads something else.
    pub async fn begin_import(&self, plan: &Plan) -> Result<(), Fault> {
        if self.store.transact(Begin(plan.clone())).await? {
            return Ok(());
        }
        Err(Fault::NotNow(format!(
            "the import '{}' was begun with another source or mapping; go on with those, or give this one another name",
            plan.name
        )))
    }

    /// Brings in rows, all those not brought in before; gives what became of each of these.
    ///
    /// # Errors
    /// What keeps the store from recording. Rows already committed stay, and are skipped the next time.
    pub async fn import_rows(&self, plan: &Plan, rows: Vec<Row>) -> Result<Vec<ImportRow>, Fault> {
        let rows = self.not_yet(plan, rows).await?;
        let mut ready = Vec::with_capacity(rows.len());
        let mut out = Vec::new();
        let mut kinds = BTreeSet::new();
        for row in rows {
            match self.ready(plan, row) {
                Ready::Person(person) => {
                    kinds.extend(person.password_kind.clone());
                    ready.push(person);
                }
                Ready::Not(row) => out.push(row),
            }
        }
        self.store.transact(Note { plan: plan.clone(), rows: out.clone(), kinds }).await?;
        let subjects = self.store.new_subjects(ready.len()).await?;
        let mut tasks = JoinSet::new();
        for (subject, person) in subjects.into_iter().zip(ready) {
            let (app, plan) = (self.clone(), plan.clone());
            tasks.spawn(async move {
                let number = person.number;
                (subject, number, app.store.transact(BringIn { subject, plan, person }).await)
            });
        }
        let (mut brought, mut refused, mut failed) = (Vec::new(), Vec::new(), None);
        while let Some(done) = tasks.join_next().await {
            let (subject, number, end) = done.map_err(|_| StoreError::Closing)?;
            match end {
                Ok(row) => {
                    brought.push(subject);
                    out.push(row);
                }
                Err(Fault::Taken(item)) => {
                    let about = vec![(item, "taken".to_owned())];
                    refused.push((subject, ImportRow { number, outcome: RowOutcome::Refused, about }));
                }
                // What came of it is not known, or somebody else brought the row in: the key is settled at the
                // next start.
                Err(other) => failed = Some(other),
            }
        }
        self.store.keep_new_subjects(&brought).await?;
        for (subject, _) in &refused {
            self.store.forget_new_subject(*subject).await?;
        }
        let refused: Vec<ImportRow> = refused.into_iter().map(|(_, row)| row).collect();
        self.store.transact(Note { plan: plan.clone(), rows: refused.clone(), kinds: BTreeSet::new() }).await?;
        out.extend(refused);
        failed.map_or(Ok(out), Err)
    }

    /// What would become of rows, as far as it can be told without bringing them in: two rows that claim one name
    /// are not noticed, one that claims a name which is taken here is. Writes nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn try_rows(&self, plan: &Plan, rows: Vec<Row>) -> Result<Vec<ImportRow>, Fault> {
        let mut out = Vec::with_capacity(rows.len());
        for row in self.not_yet(plan, rows).await? {
            match self.ready(plan, row) {
                Ready::Not(row) => out.push(row),
                Ready::Person(person) => out.push(self.foresee(plan, person).await?),
            }
        }
        Ok(out)
    }

    /// Says that every row of an import has been read; gives how many came to what.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn end_import(&self, plan: &Plan) -> Result<Counts, Fault> {
        self.store.transact(End(plan.clone())).await?;
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.import_counts(&plan.name).await?)
    }

    /// A page of what became of an import's rows, after the row of that number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn import_report(&self, plan: &Plan, after: i64, limit: u32) -> Result<Vec<ImportRow>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.import_page(&plan.name, after, limit).await?)
    }

    /// The rows of which it is not yet written what became of them, each number once.
    async fn not_yet(&self, plan: &Plan, rows: Vec<Row>) -> Result<Vec<Row>, Fault> {
        let (Some(first), Some(last)) = (rows.iter().map(|r| r.number).min(), rows.iter().map(|r| r.number).max())
        else {
            return Ok(rows);
        };
        let mut seen = {
            let mut reading = self.store.reading().await?;
            reading.look()?.import_rows_done(&plan.name, first, last).await?
        };
        Ok(rows.into_iter().filter(|row| seen.insert(row.number)).collect())
    }

    async fn foresee(&self, plan: &Plan, person: Person) -> Result<ImportRow, Fault> {
        let policy = self.policy();
        let mut about = person.about.clone();
        for (item, normalized) in &person.identifiers {
            let mut reading = self.store.reading().await?;
            if reading.look()?.find(item, normalized).await?.is_some() {
                let about = vec![(item.clone(), "taken".to_owned())];
                return Ok(ImportRow { number: person.number, outcome: RowOutcome::Refused, about });
            }
        }
        let home = policy.region(self.store.region().as_str()).ok_or(Fault::NotFound)?;
        let mut standing = avouch_policy::Standing::new(home);
        for consent in &person.consents {
            if let Some(purpose) = policy.purpose(&consent.answered.target) {
                match consent.answered.kind {
                    avouch_store::ConsentKind::Separate => standing.separate.insert(purpose.index()),
                    _ => standing.consents.insert(purpose.index()),
                }
            }
        }
        for group in &person.groups {
            for value in &group.values {
                let mut ask = group.ask.clone();
                ask.items = vec![value.item];
                if !value.undocumented.is_empty() {
                    about.extend(value.undocumented.iter().map(|code| (value.column.clone(), code.clone())));
                } else if let avouch_policy::Verdict::Refused(refusal) = policy.decide(&standing, &ask) {
                    about.extend(refusal.reasons.iter().map(|r| (value.column.clone(), r.code.name().to_owned())));
                } else if !plan.service.may_claim(&group.purpose) {
                    about.push((value.column.clone(), avouch_policy::Code::ServiceNotBound.name().to_owned()));
                }
            }
        }
        let outcome = if about.is_empty() { RowOutcome::Brought } else { RowOutcome::Partly };
        Ok(ImportRow { number: person.number, outcome, about })
    }
}

/// A value that a row has for an item.
struct Value {
    column: String,
    item: ItemId,
    name: String,
    id: RecordId,
    value: Zeroizing<String>,
    origin: Origin,
    undocumented: Vec<String>,
}

/// The values of a row for one purpose, to be asked for together.
struct Group {
    purpose: String,
    ask: Ask,
    values: Vec<Value>,
}

struct Consent {
    answered: Answered,
    documented: Documented,
}

/// An age band, and the days on which it rises.
type AgeAndNext = (Option<AgeBand>, Vec<(AgeBand, Date)>);

/// A row that can be brought in.
struct Person {
    number: i64,
    age: Option<AgeBand>,
    grows: Vec<(AgeBand, Date)>,
    joined: Timestamp,
    external: Option<ExternalId>,
    identifiers: Vec<(String, String)>,
    groups: Vec<Group>,
    consents: Vec<Consent>,
    about: Vec<About>,
    /// A hash of its kind that nobody has, where the password is one of another system.
    password_kind: Option<String>,
}

enum Ready {
    Person(Person),
    Not(ImportRow),
}

/// A time as tables write it: RFC 3339, with a space in place of the T, a date alone, or Unix seconds. Without a
/// zone it is UTC.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    let utc = |civil: jiff::civil::DateTime| civil.to_zoned_datetime(TimeZone::UTC).ok().map(|z| z.timestamp());
    text.parse::<Timestamp>().ok().or_else(|| text.parse::<jiff::civil::DateTime>().ok().and_then(utc))
}

fn truthy(text: &str) -> bool {
    !matches!(text.trim().to_lowercase().as_str(), "" | "0" | "f" | "false" | "n" | "no")
}

impl App {
    /// What a row comes to before the gate is asked.
    fn ready(&self, plan: &Plan, row: Row) -> Ready {
        let number = row.number;
        let not = |outcome, field: &str, code: &str| {
            Ready::Not(ImportRow { number, outcome, about: vec![(field.to_owned(), code.to_owned())] })
        };
        let fields = match row.fields {
            Ok(fields) => fields,
            Err(code) => return not(RowOutcome::Refused, "", &code),
        };
        let mapping = &plan.mapping;
        let get = |column: &str| fields.get(column).map(|v| v.trim()).filter(|v| !v.is_empty());
        if mapping.deleted.as_deref().is_some_and(|c| get(c).is_some_and(truthy)) {
            let column = mapping.deleted.as_deref().unwrap_or_default();
            return not(RowOutcome::Deleted, column, "deleted-before");
        }
        let now = self.store.now();
        let (age, grows) = match self.age_of(mapping, &get) {
            Ok(found) => found,
            Err(column) => return not(RowOutcome::Refused, &column, "not-an-age"),
        };
        if age == Some(AgeBand::Child) {
            return not(RowOutcome::Refused, "", "needs-guardian");
        }
        let mut about: Vec<About> = Vec::new();
        let mut when = |column: Option<&str>| -> Option<Timestamp> {
            let column = column?;
            let text = get(column)?;
            let at = time(text);
            if at.is_none() {
                about.push((column.to_owned(), "not-a-time".to_owned()));
            }
            at
        };
        let joined = when(mapping.joined.as_deref()).unwrap_or(now);
        let consents: Vec<Consent> = plan.checked.consents.iter().filter_map(|c| consent(c, &get, &mut when)).collect();
        let collected: Vec<Timestamp> =
            plan.checked.values.iter().map(|v| when(v.collected.as_deref()).unwrap_or(joined)).collect();
        for c in plan.checked.consents.iter().filter(|c| get(&c.column).is_some_and(|v| c.fact.given.contains(v))) {
            if !consents.iter().any(|given| given.answered.target == c.fact.purpose) {
                about.push((c.column.clone(), "no-evidence".to_owned()));
            }
        }
        let external = match mapping.external_id.as_deref().and_then(|c| Some((c, get(c)?))) {
            None => None,
            Some((column, id)) => match ExternalId::new(&mapping.service, id) {
                Ok(id) => Some(id),
                Err(fault) => return not(RowOutcome::Refused, column, fault.code),
            },
        };
        let mut person = Person {
            number,
            age,
            grows,
            joined,
            external,
            identifiers: Vec::new(),
            groups: Vec::new(),
            consents,
            about,
            password_kind: None,
        };
        for (column, collected) in plan.checked.values.iter().zip(collected) {
            if let Some(raw) = get(&column.column)
                && let Err(fault) = self.take(plan, &mut person, column, raw, collected)
            {
                person.about.push((column.column.clone(), fault));
            }
        }
        if person.identifiers.is_empty() && person.external.is_none() {
            person.about.push((String::new(), "nothing-to-find-by".to_owned()));
            return Ready::Not(ImportRow { number, outcome: RowOutcome::Refused, about: person.about });
        }
        Ready::Person(person)
    }

    /// Takes one value of a row; or says, as a code, why not.
    fn take(
        &self,
        plan: &Plan,
        person: &mut Person,
        column: &mapping::Value,
        raw: &str,
        collected: Timestamp,
    ) -> Result<(), String> {
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(&column.name).ok_or("unknown-item")?;
        let kept = if fact.kind == avouch_policy::model::Kind::Secret {
            person.password_kind = Some(old_hash::nobody_of(raw).map_err(old_hash::Unfit::code)?);
            raw.to_owned()
        } else {
            let checked = value::check(&column.name, fact, raw).map_err(|f| f.code)?;
            if fact.identifier {
                person.identifiers.push((column.name.clone(), checked.normalized));
            }
            checked.value
        };
        let value = Value {
            column: column.column.clone(),
            item: column.item,
            name: column.name.clone(),
            id: if fact.many { RecordId(self.store.random()) } else { RecordId::ONLY },
            value: Zeroizing::new(kept),
            origin: Origin { source: format!("import:{}", plan.name), collected },
            undocumented: column.undocumented.clone(),
        };
        match person.groups.iter_mut().find(|g| g.purpose == column.purpose) {
            Some(group) => group.values.push(value),
            None => {
                let ask = self.import_ask(plan, &column.purpose, &column.name)?;
                person.groups.push(Group { purpose: column.purpose.clone(), ask, values: vec![value] });
            }
        }
        Ok(())
    }

    fn import_ask(&self, plan: &Plan, purpose: &str, item: &str) -> Result<Ask, String> {
        let wanted = Wanted { act: Act::Collect, purpose, items: &[item], recipient: None };
        let actor = Actor::Service(Arc::clone(&plan.service));
        self.ask(&wanted, &actor).map_err(|refusal| {
            refusal.reasons.first().map_or_else(|| "refused".to_owned(), |r| r.code.name().to_owned())
        })
    }

    /// The age band a row tells of, and the days on which it rises; or the column that cannot be read.
    fn age_of<'a>(&self, mapping: &Mapping, get: &impl Fn(&str) -> Option<&'a str>) -> Result<AgeAndNext, String> {
        if let Some(column) = &mapping.age
            && let Some(text) = get(column)
        {
            return match text {
                "child" => Ok((Some(AgeBand::Child), Vec::new())),
                "teen" => Ok((Some(AgeBand::Teen), Vec::new())),
                "adult" => Ok((Some(AgeBand::Adult), Vec::new())),
                _ => Err(column.clone()),
            };
        }
        let Some((column, text)) = mapping.birth_date.as_ref().and_then(|c| Some((c, get(c)?))) else {
            return Ok((None, Vec::new()));
        };
        let born: Date = text.parse().map_err(|_| column.clone())?;
        let (band, next) = bands(born, real_name::today(self.store.now()), real_name::ages(&self.policy()));
        Ok((Some(band), next))
    }
}

/// The answer a row can show: given, when, and where the evidence is.
fn consent<'a>(
    column: &mapping::Consent,
    get: &impl Fn(&str) -> Option<&'a str>,
    when: &mut impl FnMut(Option<&str>) -> Option<Timestamp>,
) -> Option<Consent> {
    get(&column.column).filter(|v| column.fact.given.contains(*v))?;
    let at = when(Some(&column.fact.at))?;
    let evidence = get(&column.fact.evidence)?.to_owned();
    let answered = Answered {
        kind: column.kind,
        target: column.fact.purpose.clone(),
        given: true,
        wording: column.wording,
        language: column.fact.language.clone(),
    };
    Some(Consent { answered, documented: Documented { at, evidence } })
}

struct Begin(Plan);

impl Transact for Begin {
    const NAME: &'static str = "begin an import";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let fine = tx.begin_import(&self.0.name, &self.0.digest).await?;
        if fine {
            let party = avouch_policy::Party::Operator;
            tx.note("import", PURPOSE, &[], party, avouch_store::Outcome::Done, None).await?;
        }
        Ok(fine)
    }
}

struct End(Plan);

impl Transact for End {
    const NAME: &'static str = "end an import";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.end_import(&self.0.name).await?;
        let party = avouch_policy::Party::Operator;
        tx.note("import-end", PURPOSE, &[], party, avouch_store::Outcome::Done, None).await?;
        Ok(())
    }
}

/// Writes what became of rows that are not brought in.
struct Note {
    plan: Plan,
    rows: Vec<ImportRow>,
    kinds: BTreeSet<String>,
}

impl Transact for Note {
    const NAME: &'static str = "note rows of an import";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for nobody in &self.kinds {
            tx.remember_password_kind(nobody).await?;
        }
        for row in &self.rows {
            tx.note_import_row(&self.plan.name, row).await?;
        }
        Ok(())
    }
}

/// Brings in one row, whole or not at all.
struct BringIn {
    subject: SubjectId,
    plan: Plan,
    person: Person,
}

impl BringIn {
    async fn set_aside(&self, tx: &mut Tx<'_>, group: &Group, value: &Value, reasons: &[String]) -> Result<(), Fault> {
        let kept = Kept {
            item: &value.name,
            id: value.id,
            purpose: &group.purpose,
            service: self.plan.service.name(),
            value: value.value.as_bytes(),
            reasons,
            until: self.plan.checked.quarantine.after(tx.now()),
        };
        Ok(tx.quarantine(self.subject, &kept, &value.origin).await?)
    }

    /// Puts what the gate permits of these; gives the reasons where it refuses.
    async fn put(&self, tx: &mut Tx<'_>, group: &Group, values: &[&Value]) -> Result<Option<Vec<String>>, Fault> {
        let mut ask = group.ask.clone();
        ask.items = values.iter().map(|v| v.item).collect();
        ask.items.sort();
        ask.items.dedup();
        let actor = Actor::Service(Arc::clone(&self.plan.service));
        match tx.ask(self.subject, ask, &actor).await? {
            Answer::Refused(denied) => {
                Ok(Some(denied.refusal.reasons.iter().map(|r| r.code.name().to_owned()).collect()))
            }
            Answer::Permitted(permit) => {
                let puts: Vec<Put<'_>> =
                    values.iter().map(|v| Put { item: v.item, id: v.id, value: v.value.as_bytes() }).collect();
                let origins: Vec<Origin> = values.iter().map(|v| v.origin.clone()).collect();
                tx.put_from(permit, &puts, &origins).await?;
                Ok(None)
            }
        }
    }
}

impl Transact for BringIn {
    const NAME: &'static str = "bring in a row";
    type Out = ImportRow;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<ImportRow, Fault> {
        let person = &self.person;
        let actor = Actor::Service(Arc::clone(&self.plan.service));
        tx.open_account_of(self.subject, person.age, person.joined).await?;
        for (item, normalized) in &person.identifiers {
            if !tx.claim_identifier(self.subject, item, normalized).await? {
                return Err(Fault::Taken(item.clone()));
            }
        }
        for consent in &person.consents {
            tx.answer_from(self.subject, &actor, &consent.answered, &consent.documented).await?;
        }
        queue_ages(tx, self.subject, &person.grows).await?;
        let mut about = person.about.clone();
        if let Some(external) = &person.external {
            super::external::bring(tx, self.subject, external, &actor, &format!("import:{}", self.plan.name)).await?;
        }
        for group in &person.groups {
            let (shown, not): (Vec<&Value>, Vec<&Value>) = group.values.iter().partition(|v| v.undocumented.is_empty());
            for value in not {
                self.set_aside(tx, group, value, &value.undocumented).await?;
                about.extend(value.undocumented.iter().map(|code| (value.column.clone(), code.clone())));
            }
            // All at once where all may be; else each by itself.
            if shown.is_empty() || self.put(tx, group, &shown).await?.is_none() {
                continue;
            }
            for value in shown {
                if let Some(reasons) = self.put(tx, group, &[value]).await? {
                    self.set_aside(tx, group, value, &reasons).await?;
                    about.extend(reasons.into_iter().map(|code| (value.column.clone(), code)));
                }
            }
        }
        let outcome = if about.is_empty() { RowOutcome::Brought } else { RowOutcome::Partly };
        let row = ImportRow { number: person.number, outcome, about };
        tx.note_import_row(&self.plan.name, &row).await?;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_tables_write_them() {
        let noon = Some("2021-03-04T12:00:00Z".parse().unwrap());
        for text in ["2021-03-04T12:00:00Z", "2021-03-04 12:00:00", "2021-03-04 20:00:00+08", "1614859200"] {
            assert_eq!(time(text), noon, "{text}");
        }
        assert_eq!(time("2021-03-04"), Some("2021-03-04T00:00:00Z".parse().unwrap()));
        for text in ["", "yesterday", "2021-13-04", "04/03/2021"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn what_counts_as_deleted() {
        for text in ["1", "2021-03-04", "true", "yes"] {
            assert!(truthy(text), "{text}");
        }
        for text in ["", "0", "false", "NO", " f "] {
            assert!(!truthy(text), "{text}");
        }
    }
}
