//! What is promised: the policy as facts and words, and the pure decision on every use.
//!
//! A policy is read once from [`Source`] (one TOML file of facts, one Markdown text a language) into
//! [`Policy`]; everything else here is a pure function of it: no async, no IO, no clock, no randomness.
//! The modules follow what a policy is asked: what it states ([`model`]), whether it is well formed
//! ([`fault`]), whether a regulator would object ([`mod@lint`]), whether an act is lawful ([`mod@decide`]), what
//! changed ([`mod@diff`]), what it reads like ([`mod@render`]), why it holds ([`mod@explain`]).
//!
//! Keeps promise 0.1 together with the crates that serve what it renders.

mod asking;
mod bits;
mod check;
pub mod crossing;
pub mod decide;
pub mod diff;
pub mod digest;
pub mod explain;
pub mod fault;
pub mod law;
pub mod lint;
pub mod model;
pub mod period;
mod policy;
mod read;
pub mod refusal;
pub mod render;
pub mod rules;
pub mod scope;
pub mod slots;
mod terms;
pub mod words;

pub use asking::AskNames;
pub use bits::Bits;
pub use crossing::{Counted, Crossed, Crossing, CrossingLaw, Threshold};
pub use decide::{
    About, Act, Age, Ask, Code, Grant, Kind, Outdated, Question, Reason, Refusal, Registered, Standing, State, Stopped,
    Verdict,
};
pub use diff::{Change, ChangeKind, Diff, Major, diff};
pub use digest::Digest;
pub use fault::{Fault, Faults};
pub use law::LawPack;
pub use lint::{Finding, Severity, lint};
pub use model::{Basis, Facts, Party};
pub use period::{Period, Unit};
pub use policy::{File, Lang, Policy, Source};
pub use refusal::Told;
pub use render::{Format, contents, render};
pub use rules::{ItemId, PurposeId, RecipientId, RegionId, Rules};
pub use scope::Scope;
pub use words::Words;
