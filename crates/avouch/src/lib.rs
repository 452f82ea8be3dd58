//! The promises kept: the gate, and one folder a chapter of the policy, one file a use case.
//!
//! | folder | chapter |
//! |---|---|
//! | [`collection`] | 1: accounts and records |
//! | [`outbound`] | 4.1: the one way out, for whoever sends |
//! | [`usage`] | 2: use by services, one subject or in bulk |
//! | [`sharing`] | 4: a change of hands |
//! | [`storage`] | 5: retention, erasure, the border |
//! | [`sharing`] | 4: recipients, what they are told |
//! | [`storage`] | 5: retention, erasure |
//! | [`security`] | 5.5: passwords, codes, second factors, limits, sessions, operators |
//! | [`storage`] | 5: retention, erasure |
//! | [`security`] | 5.5: passwords, passkeys, codes, second factors, limits, sessions, operators |
//! | [`rights`] | 6: see, correct, export, delete, cancel, consent |
//! | [`updates`] | 7: the archive of policies |
//! | [`contact`] | 8: cases of customer service, deadlines |

pub mod app;
pub mod collection;
pub mod contact;
pub mod fault;
pub mod gate;
pub mod messages;
pub mod origin;
pub mod outbound;
pub mod rights;
pub mod security;
pub mod sharing;
pub mod storage;
pub mod updates;
pub mod usage;
pub mod value;
pub mod work;

pub use app::{App, Settings};
pub use fault::{Fault, FieldFault};
pub use origin::Origin;

/// What the faces need of the store: its types, never its SQL.
pub mod store {
    pub use avouch_ledger::hash::{leaf_hash, sha256};
    pub use avouch_ledger::leaf::{Leaf, Outcome};
    pub use avouch_ledger::tile;
    pub use avouch_seal::{IdError, Region, Sink, SubjectId};
    pub use avouch_store::{
        Account, Actor, AgeBand, Approval, ApprovalId, ApprovalKind, ApprovalState, Blob, CampaignId, CaseEntry,
        CaseFile, CaseFilter, CaseStatistics, Cell, CheckStage, Clock, ClockCounts, ConsentEvent, ConsentKind,
        Credential, CrossingMark, DecisionHead, Denied, Disclosure, DocumentKind, EgressState, Event, Evidence,
        ExactAct, Flow, Grant, GuardianLink, Head, Ill, LinkId, LinkRole, Matter, NotApproved, Notice, Operator,
        OperatorSession, Overdue, Permission, PermissionState, PolicyRelease, Proof, PublicId, Published, REVIEW,
        ReaderKind, Receipt, RecipientState, Record, RecordHead, RecordId, ReleaseNotice, Review, Role, Rule,
        RunningClock, ServiceStanding, ServiceTerms, SessionInfo, SessionName, SessionToken, SignalPlace, SignalSum,
        StaffRole, Store, StoreConfig, StoreError, TokenHead, Told, TransferStage, UseCount, Used, Which,
    };
}
