//! One region's store: its two databases, its keys, its log, and the policy in force.
//!
//! Keeps promise 5.3: a store is one region; a subject of another region is not found in it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use avouch_ledger::note::{Signer, Verifier};
use avouch_policy::{Ask, Code, Policy};
use avouch_seal::{Entropy, Kms, Region, SubjectId, Suite};

use crate::backup::load;
use crate::clock::Clock;
use crate::engine::{Db, Location};
use crate::error::StoreError;
use crate::health::Health;
use crate::journal::{Entry, Journal, Kind};
use crate::keys::KeyStore;
use crate::log::LogHead;
use crate::look::Reading;
use crate::migrate::{self, Which as Database};
use crate::objects::Objects;
use crate::permit::{Actor, Answer, Denied, Refused};
use crate::pool::Pool;
use crate::record::{Leaving, Opened, Refuse, Release, Used, Which};
use crate::regime::{InForce, Regime};
use crate::shadow::Shadow;
use crate::transact::Transact;
use crate::writer::{Target, Writer};

/// For tests: fails a commit before it is made, or after (made, but the reply lost).
pub trait Faults: Send + Sync {
    /// Whether to fail at this point: `before commit`, `journal` or `after commit`.
    fn strike(&self, point: &'static str) -> bool;
}

/// What a store is opened with.
#[expect(missing_debug_implementations, reason = "holds ports without Debug")]
pub struct StoreConfig {
    /// Its region, one of the policy's.
    pub region: Region,
    /// Where data rests.
    pub data: Location,
    /// Where keys rest: another file, another database.
    pub keys: Location,
    /// The folder of the sealed objects: pictures and videos. Nodes of one region share it.
    pub objects: std::path::PathBuf,
    /// The folder of the journals: what must hold in a restored backup too. Best where neither the data nor its backups
    /// are, and shared by the nodes of a region.
    pub journals: std::path::PathBuf,
    /// This node's name, which is its log's: one writing process a name.
    pub node: String,
    /// The public name of the controller's log, e.g. `plaza.example/cn`.
    pub origin: String,
    /// Who keeps the root key.
    pub kms: Arc<dyn Kms>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// For tests only.
    pub faults: Option<Arc<dyn Faults>>,
}

pub(crate) struct Shared {
    pub(crate) region: Region,
    pub(crate) data: Pool,
    pub(crate) keys: KeyStore,
    pub(crate) objects: Objects,
    pub(crate) journals: std::path::PathBuf,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) health: Arc<Health>,
    pub(crate) regime: Regime,
    shadow: RwLock<Option<Arc<Shadow>>>,
    faults: Option<Arc<dyn Faults>>,
}

impl Shared {
    /// The policy in force now.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        self.regime.at(self.clock.now())
    }

    /// The policy in shadow, where there is one.
    pub(crate) fn shadow(&self) -> Option<Arc<Shadow>> {
        self.shadow.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_shadow(&self, shadow: Option<Arc<Shadow>>) {
        *self.shadow.write().unwrap_or_else(PoisonError::into_inner) = shadow;
    }

    /// Writes into the journal; durable when this returns.
    pub(crate) fn write_journal(&self, entries: &[Entry]) -> Result<(), StoreError> {
        if !entries.is_empty() {
            self.strike("journal")?;
        }
        self.journal.write(entries, self.entropy.as_ref())
    }

    pub(crate) fn strike(&self, point: &'static str) -> Result<(), StoreError> {
        match &self.faults {
            Some(faults) if faults.strike(point) => {
                Err(StoreError::CannotRecord(format!("a fault was injected {point}")))
            }
            _ => Ok(()),
        }
    }
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Serve,
    Look,
    Restored,
}

/// One region's store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    writer: Writer,
    node: Arc<str>,
    verifier: Arc<Verifier>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("region", &self.shared.region).field("node", &self.node).finish_non_exhaustive()
    }
}

/// How often a use is decided anew when standing keeps changing under it.
const TRIES: usize = 8;

/// What the policy seals a region's data with.
fn suite_of(policy: &Policy, region: Region) -> Suite {
    let region = policy.facts().storage.regions.get(region.as_str());
    match region.and_then(|r| r.suite) {
        Some(avouch_policy::model::Suite::Sm4Gcm) => Suite::Sm4Gcm,
        Some(avouch_policy::model::Suite::Aes256Gcm) | None => Suite::Aes256Gcm,
    }
}

impl Store {
    /// Opens a region's store, bringing its databases to this build's schema.
    ///
    /// # Errors
    /// [`StoreError::Unopened`], [`StoreError::Newer`] and others, each saying what to do; nothing is
    /// changed then.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        Self::open_as(config, Opening::Serve).await
    }

    /// Opens it to look, perhaps beside the process that serves: the journal is left as it is.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_to_look(config: StoreConfig) -> Result<Self, StoreError> {
        Self::open_as(config, Opening::Look).await
    }

    /// Opens what was just restored of a backup, for what happened since to be re-applied; see
    /// [`crate::restore`]. The journal is left as it is until something is re-applied.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_restored(config: StoreConfig) -> Result<Self, StoreError> {
        Self::open_as(config, Opening::Restored).await
    }

    async fn open_as(config: StoreConfig, opening: Opening) -> Result<Self, StoreError> {
        let data = Pool::open(&config.data)?;
        // A damaged or newer data database is refused before the key store is touched.
        let target = match &data {
            Pool::Sqlite(file) => {
                let mut conn = file.writer()?;
                migrate::apply(&mut Db::Sqlite(&mut conn), Database::Data).await?;
                Target::Sqlite(conn)
            }
            Pool::Postgres(pool) => {
                migrate::apply(&mut Db::Postgres(&mut pool.take().await?), Database::Data).await?;
                Target::Postgres(Arc::clone(pool))
            }
        };
        let (now, suite) = (config.clock.now(), suite_of(&config.policy, config.region));
        let entropy = Arc::clone(&config.entropy);
        let keys = KeyStore::open(&config.keys, config.region, suite, config.kms, entropy, now).await?;
        let (restoring, suffix) = {
            let mut loan = data.take().await?;
            let mut db = loan.db()?;
            (load::meta(&mut db, load::RESTORING).await?, load::meta(&mut db, load::LOG_SUFFIX).await?)
        };
        if restoring.is_some() && opening != Opening::Restored {
            return Err(StoreError::Unopened(
                "this database is of a restore that was not finished: what was erased and withdrawn since the backup \
                 is not re-applied yet. Run `avouch restore` again into an empty place"
                    .into(),
            ));
        }
        // After a restore each node begins a log of another name: the old one has been seen longer than it is now.
        let name = format!("{}{}", config.node, suffix.unwrap_or_default());
        let seed = keys.log_seed(&name, now).await?;
        let signer = Signer::from_seed(&format!("{}/{name}", config.origin), &seed)
            .map_err(|_| StoreError::Unopened(format!("'{}' cannot name a log: use no spaces or +", config.node)))?;
        let verifier = Arc::new(signer.verifier());
        let log = LogHead::new(name, signer);
        let journal = Journal::new(&config.journals, config.region, &config.node);
        if opening == Opening::Serve {
            journal.begin(config.entropy.as_ref())?;
        }
        let shared = Arc::new(Shared {
            region: config.region,
            data,
            keys,
            objects: Objects::open(&config.objects)?,
            journals: config.journals,
            journal,
            clock: config.clock,
            entropy: config.entropy,
            health: Arc::new(Health::default()),
            regime: Regime::new(config.policy),
            shadow: RwLock::default(),
            faults: config.faults,
        });
        let writer = Writer::start(Arc::clone(&shared), target, Some(log));
        Ok(Self { shared, writer: writer?, node: config.node.into(), verifier })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The region of this store.
    #[must_use]
    pub fn region(&self) -> Region {
        self.shared.region
    }

    /// This node's name, which is its log's.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The public key of this node's log.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Whether acts can be recorded.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.shared.health
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.shared.in_force().policy)
    }

    /// Puts another policy in force; the next decision knows it.
    pub fn set_policy(&self, policy: Arc<Policy>) {
        self.shared.regime.set(policy);
    }

    /// Says which policies were released, and when each comes or came into force: from its instant a policy decides
    /// by itself. `others` are in the archive and in force at no time. Said anew whenever one is released, and at every
    /// start.
    pub fn release_policies(&self, released: Vec<(jiff::Timestamp, Arc<Policy>)>, others: Vec<Arc<Policy>>) {
        self.shared.regime.release(released, others, self.now());
        if let Some(shadow) = self.shared.shadow() {
            shadow.renew(&self.shared.regime);
        }
    }

    /// A policy that was released here, by its digest.
    #[must_use]
    pub fn known_policy(&self, digest: &[u8; 32]) -> Option<Arc<Policy>> {
        self.shared.regime.known(digest)
    }

    /// The policies that are coming and when, the next first.
    #[must_use]
    pub fn coming_policies(&self) -> Vec<(jiff::Timestamp, Arc<Policy>)> {
        // What has come by now is not coming any more.
        let _current = self.shared.in_force();
        self.shared.regime.coming()
    }

    /// The time, by the store's clock.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.shared.clock.now()
    }

    /// Fresh random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        self.shared.entropy.bytes()
    }

    /// Fills `out` with random bytes.
    pub fn fill(&self, out: &mut [u8]) {
        self.shared.entropy.fill(out);
    }

    /// Thirty-two secret bytes for one labelled use, the same on every node of this region.
    #[must_use]
    pub fn derived(&self, label: &str) -> [u8; 32] {
        self.shared.keys.blind_index("derived", label)
    }

    /// Takes a connection to look through.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn reading(&self) -> Result<Reading<'_>, StoreError> {
        Ok(Reading { shared: &self.shared, loan: self.shared.data.take().await? })
    }

    /// Runs a transaction; answers once it is durable.
    ///
    /// # Errors
    /// The transaction's own, or the store's; then nothing was written, but for
    /// [`StoreError::Lost`], where that is not known.
    pub async fn transact<T: Transact + Sync>(&self, work: T) -> Result<T::Out, T::Fault> {
        self.writer.transact(work).await
    }

    /// Makes a new subject of this region: an id, and a key in the key store.
    ///
    /// # Errors
    /// When the key store cannot be written.
    pub async fn new_subject(&self) -> Result<SubjectId, StoreError> {
        let subject = SubjectId::new(self.shared.region, self.random());
        self.shared.keys.create(&[subject], self.now()).await?;
        Ok(subject)
    }

    /// Makes `count` new subjects as [`Store::new_subject`], in one commit of the key store.
    ///
    /// # Errors
    /// When the key store cannot be written; then none is made.
    pub async fn new_subjects(&self, count: usize) -> Result<Vec<SubjectId>, StoreError> {
        let subjects: Vec<SubjectId> =
            std::iter::repeat_with(|| SubjectId::new(self.shared.region, self.random())).take(count).collect();
        self.shared.keys.create(&subjects, self.now()).await?;
        Ok(subjects)
    }

    /// Says that the accounts of new subjects stand. Until this is said a key counts as of a joining
    /// under way, see [`Store::unfinished`].
    ///
    /// # Errors
    /// When the key store cannot be written; saying it later, or never, loses nothing.
    pub async fn keep_new_subjects(&self, subjects: &[SubjectId]) -> Result<(), StoreError> {
        self.shared.keys.joined(subjects).await
    }

    /// Subjects whose key was made up to `until`, and of whom it was never said whether they joined.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn unfinished(&self, until: jiff::Timestamp) -> Result<Vec<SubjectId>, StoreError> {
        self.shared.keys.joining(until).await
    }

    /// Takes back the key of a subject whose joining failed.
    ///
    /// # Errors
    /// When the key store cannot be written.
    pub async fn forget_new_subject(&self, subject: SubjectId) -> Result<(), StoreError> {
        self.shared.keys.discard(subject).await
    }

    /// Uses a subject's data: asks, opens, records, hands over, in that order.
    ///
    /// Nothing is handed over unless its leaf was committed at the standing it was permitted at; when the
    /// standing changed in between, it is asked anew.
    ///
    /// # Errors
    /// [`StoreError::Gone`], [`StoreError::NoRecord`], or what keeps the store from recording.
    pub async fn use_records(
        &self,
        subject: SubjectId,
        ask: &Ask,
        actor: &Actor,
        which: &Which,
    ) -> Result<Result<Used, Denied>, StoreError> {
        for _ in 0..TRIES {
            let opened = {
                let mut reading = self.reading().await?;
                let mut look = reading.look()?;
                match look.ask(subject, ask.clone(), actor).await? {
                    Answer::Permitted(permit) => {
                        let late = matches!(which, Which::One(..)).then(|| permit.refused(Code::Expired));
                        match (look.open(permit, which).await, late) {
                            (Err(StoreError::NoRecord), Some(late)) => {
                                if !look.is_past_its_end(subject, which).await? {
                                    return Err(StoreError::NoRecord);
                                }
                                Err(late)
                            }
                            (opened, _) => Ok(opened?),
                        }
                    }
                    Answer::Refused(refused) => Err(refused),
                }
            };
            match opened {
                Err(refused) => return Ok(Err(self.refuse(refused).await?)),
                Ok(opened) => {
                    if let Some(mut used) = self.release(vec![opened]).await?
                        && let Some(used) = used.pop()
                    {
                        return Ok(Ok(used));
                    }
                }
            }
        }
        Err(StoreError::Busy("this person's standing keeps changing".into()))
    }

    /// Commits the leaves of opened values and hands the values over; nothing when any standing changed.
    ///
    /// # Errors
    /// What keeps the store from recording; the values are dropped unread.
    pub async fn release(&self, opened: Vec<Opened>) -> Result<Option<Vec<Used>>, StoreError> {
        let leaves = opened.iter().map(Leaving::of).collect();
        let receipts = self.transact(Release(leaves)).await?;
        Ok(receipts.map(|receipts| {
            opened.into_iter().zip(receipts).map(|(o, receipt)| Used { records: o.records, receipt }).collect()
        }))
    }

    /// Records a refusal.
    ///
    /// # Errors
    /// What keeps the store from recording.
    pub async fn refuse(&self, refused: Refused) -> Result<Denied, StoreError> {
        self.transact(Refuse(refused)).await
    }

    /// Destroys a subject's key. From then on nothing of theirs can be read, whatever still stands.
    ///
    /// # Errors
    /// When the key store cannot be written.
    pub async fn destroy_key(&self, subject: SubjectId) -> Result<(), StoreError> {
        let entry = {
            let mut reading = self.reading().await?;
            reading.look()?.journal_entry(Kind::Erased, subject, &[])
        };
        self.shared.write_journal(&[entry])?;
        self.shared.keys.destroy(subject, self.now()).await
    }

    /// Everyone ever erased here, for a restored backup to be cleaned of before it serves.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn tombstones(&self) -> Result<Vec<SubjectId>, StoreError> {
        self.shared.keys.tombstones().await
    }

    /// How many people have a key here.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn people(&self) -> Result<u64, StoreError> {
        self.shared.keys.count().await
    }

    /// Rows of each table, for the console and `doctor`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn counts(&self) -> Result<HashMap<&'static str, u64>, StoreError> {
        let mut reading = self.reading().await?;
        let mut look = reading.look()?;
        let mut out = HashMap::new();
        for (name, sql) in [
            // Whoever wrote without an account has a standing and no account.
            (
                "subjects",
                "SELECT count(*) FROM standing s WHERE state < 2 AND NOT EXISTS \
                 (SELECT 1 FROM case_file c WHERE c.subject = s.subject AND c.secret IS NOT NULL)",
            ),
            ("cancelling", "SELECT count(*) FROM standing WHERE state = 1"),
            ("records", "SELECT count(*) FROM record"),
            ("signals", "SELECT count(*) FROM signal"),
            ("consents", "SELECT count(*) FROM consent WHERE given = 1 AND kind <> 'frozen'"),
            ("held", "SELECT count(*) FROM held"),
            ("jobs", "SELECT count(*) FROM job"),
            ("leaves", "SELECT count(*) FROM leaf"),
            ("services", "SELECT count(*) FROM service"),
        ] {
            let count = look.db.first(sql, &[]).await?.map_or(Ok(0), |row| row.uint(0))?;
            out.insert(name, count);
        }
        Ok(out)
    }
}
