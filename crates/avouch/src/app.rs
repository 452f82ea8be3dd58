//! What every use case is given: the store, and the few settings that are not the policy's.

use std::sync::Arc;

use avouch_policy::Policy;
use avouch_store::Store;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use crate::collection::joint::Partners;
use crate::collection::upload::Waiting;
use crate::collection::verifier::Verifier;
use crate::messages::Messengers;
use crate::origin::Origin;
use crate::outbound::Guard;
use crate::security::limits::SendLimits;
use crate::security::password::Passwords;
use crate::security::proxy::Network;
use crate::sharing::outlet::Outlets;
use crate::updates::publish::PolicyFolder;

/// Settings of an installation. What people are promised stands in the policy, not here.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A session unused for so long ends.
    pub session_idle: SignedDuration,
    /// A session ends after so long, used or not.
    pub session_absolute: SignedDuration,
    /// How long a shown password opens sensitive acts.
    pub proof_lasts: SignedDuration,
    /// Password hashes computed at once; each takes its memory.
    pub hashes_at_once: usize,
    /// Wrong passwords for one account, or from one address, before they must wait.
    pub tries: u64,
    /// How long they wait.
    pub tries_window: SignedDuration,
    /// How long a code that was sent holds, and how long a page waits for the next step.
    pub code_lasts: SignedDuration,
    /// How long a place counts as one a person logs in from.
    pub place_lasts: SignedDuration,
    /// Accounts that may be opened, and cases begun, from one place in an hour, each.
    pub openings: u64,
    /// How many messages may be asked for.
    pub sends: SendLimits,
    /// Bytes of pictures and videos a person may have, uploads under way included.
    pub quota: u64,
    /// Uploads a person may have under way.
    pub uploads_at_once: u64,
    /// An upload not finished after so long is given up.
    pub upload_lasts: SignedDuration,
    /// Bytes of pictures that may wait in memory until they are whole, of everyone together.
    pub pictures_waiting: u64,
    /// Pictures read and written anew at once; each takes its memory.
    pub pictures_at_once: usize,
    /// Events one batch of signals may have.
    pub signals_in_batch: usize,
    /// Batches of signals taken of one person in an hour.
    pub signal_batches: u64,
    /// Whether staff sign in with a password and a second factor, after their first link too. Only a demo turns it
    /// off; no configuration can.
    pub staff_factor: bool,
    /// Messages to customer service that one place may send in an hour; many people may share it.
    pub cases_hour: u64,
    /// Networks of proxies whose `X-Forwarded-For` is believed; none by default.
    pub trusted_proxies: Vec<Network>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_idle: SignedDuration::from_hours(3 * 24),
            session_absolute: SignedDuration::from_hours(14 * 24),
            proof_lasts: SignedDuration::from_mins(10),
            hashes_at_once: 2,
            tries: 10,
            tries_window: SignedDuration::from_mins(15),
            code_lasts: SignedDuration::from_mins(10),
            place_lasts: SignedDuration::from_hours(90 * 24),
            openings: 100,
            sends: SendLimits::default(),
            quota: 10 << 30,
            uploads_at_once: 8,
            upload_lasts: SignedDuration::from_hours(24),
            pictures_waiting: 256 << 20,
            pictures_at_once: 2,
            signals_in_batch: 100,
            signal_batches: 1_000,
            staff_factor: true,
            cases_hour: 60,
            trusted_proxies: Vec::new(),
        }
    }
}

/// Avouch of one region. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Where data rests.
    pub store: Store,
    /// The settings.
    pub settings: Arc<Settings>,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) origin: Option<Origin>,
    pub(crate) messengers: Messengers,
    pub(crate) outbound: Guard,
    pub(crate) partners: Arc<Partners>,
    pub(crate) outlets: Arc<Outlets>,
    pub(crate) verifier: Option<Arc<dyn Verifier>>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) pictures: Arc<Semaphore>,
    pub(crate) policy_folder: Option<PolicyFolder>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("store", &self.store).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl App {
    /// Avouch over an open store.
    #[must_use]
    pub fn new(store: Store, settings: Settings) -> Self {
        let passwords = Arc::new(Passwords::new(settings.hashes_at_once));
        let pictures = Arc::new(Semaphore::new(settings.pictures_at_once));
        Self {
            store,
            settings: Arc::new(settings),
            passwords,
            origin: None,
            messengers: Messengers::default(),
            outbound: Guard::strict(),
            partners: Arc::default(),
            outlets: Arc::default(),
            verifier: None,
            waiting: Arc::default(),
            pictures,
            policy_folder: None,
        }
    }

    /// The same, with a folder from which the next policy is read.
    #[must_use]
    pub fn with_policy_folder(self, folder: PolicyFolder) -> Self {
        Self { policy_folder: Some(folder), ..self }
    }

    /// The same, with the address people come to.
    #[must_use]
    pub fn at(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The address people come to, where it is known.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The same, with means to send messages by.
    #[must_use]
    pub fn with_messengers(mut self, messengers: Messengers) -> Self {
        self.messengers = messengers;
        self
    }

    /// For a demo: staff are let in by their link alone.
    #[must_use]
    pub fn without_staff_factor(mut self) -> Self {
        self.settings = Arc::new(Settings { staff_factor: false, ..Settings::clone(&self.settings) });
        self
    }

    /// The means messages are sent by.
    #[must_use]
    pub fn messengers(&self) -> &Messengers {
        &self.messengers
    }

    /// The same, with a way out that reaches what an installation says.
    #[must_use]
    pub fn with_outbound(mut self, outbound: Guard) -> Self {
        self.outbound = outbound;
        self
    }

    /// The way out.
    #[must_use]
    pub fn outbound(&self) -> &Guard {
        &self.outbound
    }

    /// The same, with partners whose accounts people can come in with.
    #[must_use]
    pub fn with_partners(mut self, partners: Partners) -> Self {
        self.partners = Arc::new(partners);
        self
    }

    /// The same, with ways to speak to recipients.
    #[must_use]
    pub fn with_outlets(mut self, outlets: Outlets) -> Self {
        self.outlets = Arc::new(outlets);
        self
    }

    /// With somebody outside who compares names with the register.
    #[must_use]
    pub fn with_verifier(mut self, verifier: Arc<dyn Verifier>) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.store.policy()
    }
}
