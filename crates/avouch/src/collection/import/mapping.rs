//! The mapping of an import: what each column is, and what can be documented of it.

use std::collections::{BTreeMap, BTreeSet};

use avouch_policy::model::Kind;
use avouch_policy::{ItemId, Period, Policy};
use avouch_store::ConsentKind;
use serde::Deserialize;

use crate::collection::join::PURPOSE;
use crate::collection::{external, real_name};
use crate::fault::{Fault, FieldFault};
use crate::rights::consent::kind_of;

/// A mapping as it is written, in TOML.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The registered service whose tables these are; what is brought in is collected by it.
    pub service: String,
    /// The column of whole numbers that names a row. Without one, rows are numbered as they stand in the file.
    pub number: Option<String>,
    /// The column of the service's own id of a person, which it goes on to find the person by.
    pub external_id: Option<String>,
    /// The column of when the person joined.
    pub joined: Option<String>,
    /// The column of the age band: `child`, `teen`, `adult`.
    pub age: Option<String>,
    /// The column of the birth date, from which the age band follows; the date itself is not kept.
    pub birth_date: Option<String>,
    /// The column that is not empty (nor 0, false, no) for a row that was deleted before.
    pub deleted: Option<String>,
    /// How long a value that cannot be documented waits for its person's answer, e.g. `90 days`.
    pub quarantine: Option<String>,
    /// Columns that hold values, by column.
    #[serde(default)]
    pub items: BTreeMap<String, ItemColumn>,
    /// Columns that hold answers to questions of consent, by column.
    #[serde(default)]
    pub consents: BTreeMap<String, ConsentColumn>,
    /// Columns that are left out.
    #[serde(default)]
    pub ignore: BTreeSet<String>,
}

/// A column of values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemColumn {
    /// The policy's item.
    pub item: String,
    /// The policy's purpose; `account` unless said.
    pub purpose: Option<String>,
    /// Where the values came from, in the policy's words: `provided`, `automatic`, `third-party`. Unsaid means
    /// that it cannot be documented.
    pub source: Option<String>,
    /// The basis they were collected on, in the policy's words. Unsaid means that it cannot be documented.
    pub basis: Option<String>,
    /// The column of when the value was collected; when the person joined unless said.
    pub collected: Option<String>,
}

/// A column of answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentColumn {
    /// The policy's purpose the answer is about.
    pub purpose: String,
    /// What stands in the column where consent was given.
    pub given: BTreeSet<String>,
    /// The column of when it was given.
    pub at: String,
    /// The column of where its evidence is, e.g. the number of an entry in the old consent log.
    pub evidence: String,
    /// The words that were shown, whole.
    pub wording: String,
    /// The language of those words.
    pub language: String,
}

/// A column of values, checked against the policy.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) column: String,
    pub(crate) item: ItemId,
    pub(crate) name: String,
    pub(crate) purpose: String,
    pub(crate) collected: Option<String>,
    /// What cannot be documented, as codes; empty when all can.
    pub(crate) undocumented: Vec<String>,
}

/// A column of answers, checked against the policy.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(crate) column: String,
    pub(crate) kind: ConsentKind,
    pub(crate) fact: ConsentColumn,
    pub(crate) wording: [u8; 32],
}

/// A mapping checked against the policy in force.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) values: Vec<Value>,
    pub(crate) consents: Vec<Consent>,
    pub(crate) quarantine: Period,
}

/// How long a value waits in the quarantine unless the mapping says so.
const QUARANTINE: &str = "90 days";

impl Mapping {
    /// Every column it speaks of.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<&str> {
        let single = [&self.number, &self.external_id, &self.joined, &self.age, &self.birth_date, &self.deleted];
        let mut all: BTreeSet<&str> = single.into_iter().flatten().map(String::as_str).collect();
        all.extend(self.items.keys().map(String::as_str));
        all.extend(self.items.values().filter_map(|i| i.collected.as_deref()));
        for (column, consent) in &self.consents {
            all.extend([column.as_str(), &consent.at, &consent.evidence]);
        }
        all.extend(self.ignore.iter().map(String::as_str));
        all
    }

    /// Checks it against the columns that are there: each must be spoken of, and none that is not there.
    ///
    /// # Errors
    /// [`Fault::Invalid`] with every column that is wrong.
    pub fn check_columns(&self, there: &[String]) -> Result<(), Fault> {
        let known = self.columns();
        let mut faults = Vec::new();
        for column in there.iter().filter(|c| !known.contains(c.as_str())) {
            let text = "the mapping does not speak of this column; say what it is, or name it in `ignore`";
            faults.push(FieldFault::new(column, "unmapped", text));
        }
        for column in known.iter().filter(|c| !there.iter().any(|t| t == *c)) {
            faults.push(FieldFault::new(column, "no-such-column", "the mapping speaks of a column that is not there"));
        }
        if faults.is_empty() { Ok(()) } else { Err(Fault::Invalid(faults)) }
    }

    pub(crate) fn check(&self, policy: &Policy) -> Result<Checked, Fault> {
        let mut faults = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        for (column, fact) in &self.items {
            match value(policy, column, fact) {
                Ok(value) => {
                    let many = policy.facts().collection.items.get(&value.name).is_some_and(|i| i.many);
                    if !many && values.iter().any(|v| v.name == value.name) {
                        let text = format!("a person has one '{}', and two columns hold it", value.name);
                        faults.push(FieldFault::new(column, "item-twice", text));
                    }
                    values.push(value);
                }
                Err(fault) => faults.push(fault),
            }
        }
        let mut consents = Vec::new();
        for (column, fact) in &self.consents {
            match kind_of(policy, &fact.purpose) {
                Some(kind) if !fact.wording.trim().is_empty() => consents.push(Consent {
                    column: column.clone(),
                    kind,
                    fact: fact.clone(),
                    wording: avouch_ledger::hash::sha256(fact.wording.as_bytes()),
                }),
                Some(_) => faults.push(FieldFault::new(column, "no-wording", "write the words that were shown")),
                None => {
                    let text = format!("the policy has no purpose '{}' that rests on consent", fact.purpose);
                    faults.push(FieldFault::new(column, "unknown-purpose", text));
                }
            }
        }
        let quarantine = self.quarantine.as_deref().unwrap_or(QUARANTINE).parse::<Period>();
        if let Err(e) = &quarantine {
            faults.push(FieldFault::new("quarantine", "not-a-period", e.to_string()));
        }
        if self.external_id.is_some() && policy.item(external::ITEM).is_none() {
            let text = format!("the policy has no item '{}' to keep the service's own ids as", external::ITEM);
            faults.push(FieldFault::new("external_id", "unknown-item", text));
        }
        match quarantine {
            Ok(quarantine) if faults.is_empty() => Ok(Checked { values, consents, quarantine }),
            _ => Err(Fault::Invalid(faults)),
        }
    }
}

fn value(policy: &Policy, column: &str, fact: &ItemColumn) -> Result<Value, FieldFault> {
    let fault = |code, text: String| Err(FieldFault::new(column, code, text));
    let purpose = fact.purpose.clone().unwrap_or_else(|| PURPOSE.to_owned());
    let facts = policy.facts();
    let (Some(item), Some(item_fact)) = (policy.item(&fact.item), facts.collection.items.get(&fact.item)) else {
        return fault("unknown-item", format!("the policy has no item '{}'", fact.item));
    };
    let Some(purpose_fact) = facts.usage.purposes.get(&purpose) else {
        return fault("unknown-purpose", format!("the policy has no purpose '{purpose}'"));
    };
    if !policy.items_of(&purpose).contains(&fact.item.as_str()) {
        return fault("item-not-in-purpose", format!("the policy does not name '{}' for '{purpose}'", fact.item));
    }
    if real_name::VERIFIED.contains(&fact.item.as_str()) || fact.item == external::ITEM {
        return fault("own-flow", format!("'{}' is written by its own flow alone, which checks it", fact.item));
    }
    if item_fact.kind.rests_apart() {
        return fault("upload", "pictures and videos are uploaded through the API, which cleans them".to_owned());
    }
    let mut undocumented = Vec::new();
    match fact.source.as_deref() {
        None => undocumented.push("no-source".to_owned()),
        Some(source) if source == item_fact.source.as_str() => {}
        Some(source) => {
            let text = format!(
                "the policy says '{}' is {}, the mapping says {source}: publish a policy that says so first",
                fact.item,
                item_fact.source.as_str()
            );
            return fault("other-source", text);
        }
    }
    match fact.basis.as_deref() {
        None => undocumented.push("no-basis".to_owned()),
        Some(basis) if basis == purpose_fact.basis.as_str() => {}
        Some(basis) => {
            let text = format!(
                "'{purpose}' rests on {}, the mapping says {basis}: leave the basis out if it cannot be shown",
                purpose_fact.basis.as_str()
            );
            return fault("other-basis", text);
        }
    }
    // A password or a name to log in by is of no use where it may not be used.
    if !undocumented.is_empty() && (item_fact.identifier || item_fact.kind == Kind::Secret) {
        let text = format!("'{}' lets its person in: say its source and basis, or leave it out", fact.item);
        return fault("undocumented", text);
    }
    Ok(Value {
        column: column.to_owned(),
        item,
        name: fact.item.clone(),
        purpose,
        collected: fact.collected.clone(),
        undocumented,
    })
}
