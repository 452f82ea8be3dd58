//! Where data rests: the subject's true standing, permits, sealed records, the ledger's rows.
//!
//! Nothing here returns a plaintext without a [`Permit`], and no permit is made but by the store, from
//! the standing it loads itself. A use case is a [`Transact`]: its data, leaves and jobs are one commit.
//! Runs on SQLite and on PostgreSQL from one SQL text.

mod account;
mod analysis;
mod approval;
mod archive;
mod attempt;
mod backup;
mod blob;
mod bulk;
mod campaign;
mod case;
mod clock;
mod code;
mod consent;
mod crossing;
mod deadline;
mod decision;
mod disclosure;
mod egress;
mod engine;
mod erase;
mod error;
mod evidence;
mod factor;
mod guardian;
mod health;
mod import;
mod job;
mod joint;
mod journal;
mod keys;
mod log;
mod look;
mod message;
mod migrate;
mod names;
mod objects;
mod operator;
mod passkey;
mod permit;
mod place;
mod pool;
mod publication;
mod quarantine;
mod reader;
mod recipient;
mod record;
mod regime;
mod release;
mod reseal;
mod rotate;
mod service;
mod session;
mod shadow;
mod signal;
mod standing;
mod store;
mod token;
mod transact;
mod transfer;
mod tx;
mod upload;
mod writer;

pub use account::AgeBand;
pub use analysis::Cell;
pub use approval::{Approval, ApprovalId, ApprovalKind, ApprovalState, ExactAct, NotApproved, Spent};
pub use archive::Archived;
pub use avouch_ledger::leaf::{Leaf, Outcome};
pub use backup::{
    BackedUp, BackupHead, BackupTo, DATA_FILE, KEYS_FILE, Restore, Since, Undone, backup_head, restore, take_back,
};
pub use blob::{Blob, BlobWriter, NewBlob, OBJECT_CHUNKS, Piece, Role};
pub use bulk::{Member, Released};
pub use campaign::{Campaign, CampaignId, CampaignPage, Suppressed};
pub use case::{CaseEntry, CaseFile, CaseFilter, CaseStatistics, NewCaseFile};
pub use clock::Clock;
pub use code::{CodeFor, Flow, FlowName, FlowState, Issued, Proven, Start, TRIES as CODE_TRIES, VerifiedContact};
pub use consent::{Answered, ConsentEvent, Documented};
pub use crossing::CrossingMark;
pub use deadline::{ClockCounts, Ends, Matter, Rule, RunningClock};
pub use decision::{DecisionHead, OpenedDecision, REVIEW, Review};
pub use disclosure::{Disclosure, disclosure_term};
pub use egress::{Concluded, Egress, EgressState, NewEgress};
pub use engine::{ForeignRow, ForeignTable, Hold, Location, PostgresConfig};
pub use erase::{Deleted, Keep, Overdue};
pub use error::StoreError;
pub use evidence::{Evidence, Head, LedgerReader, Proof, UseCount};
pub use factor::{Accepted, FactorAsks, NewFactor, recovery_hash, totp_step};
pub use guardian::{GuardianLink, LinkId, LinkRole};
pub use health::{Health, Ill};
pub use import::{About, Import, ImportRow, RowOutcome};
pub use job::{Again, Finish, Job, Lease};
pub use joint::{JOINT_ACCOUNT, JOINT_REVOKE, JointLogin, NewJointLogin};
pub use journal::JournalMark;
pub use look::{Look, Reading};
pub use message::SealedAddress;
pub use names::{CheckStage, NameCheck};
pub use operator::{Grant, Operator, OperatorSession, StaffRole, TokenKind, operator_name_fits, seen_long_ago};
pub use passkey::{Passkey, PasskeyAnswer, PasskeyOutcome};
pub use permit::{Actor, Answer, Denied, Permit, Refused};
pub use publication::{PUBLICATION, PublicId, Published};
pub use quarantine::{Kept, OpenedKept, Quarantined};
pub use reader::{Event, Notice, ReaderKind, SILENCE, TELL, notice_id};
pub use recipient::{
    DocumentKind, RecipientCheck, RecipientDocument, RecipientStanding, RecipientState, recipient_lock,
};
pub use record::{Opened, Origin, Put, Record, RecordHead, RecordId, Used, Which};
pub use release::{PolicyRelease, ReleaseNotice, StandingAnswer, Told};
pub use reseal::{ResealAt, Resealed};
pub use rotate::{KeyInfo, Rewrapped};
pub use service::{Credential, ServiceStanding, ServiceTerms};
pub use session::{SessionInfo, SessionName, SessionToken};
pub use shadow::ShadowCount;
pub use signal::{Expired, NewSignal, Permission, PermissionState, SignalPlace, SignalSum};
pub use standing::{Account, ConsentKind};
pub use store::{Faults, Store, StoreConfig};
pub use token::TokenHead;
pub use transact::Transact;
pub use transfer::{Transfer, TransferCounts, TransferId, TransferPerson, TransferStage};
pub use tx::{Receipt, Tx};
pub use upload::Upload;

/// The job that deletes objects which belong to nothing any more.
pub const SWEEP_OBJECTS: &str = "objects";
