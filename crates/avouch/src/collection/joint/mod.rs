//! Joint login: coming in with an account one has at a partner.
//!
//! Keeps promise 1.7 (PIPL 13, 14, 23; ASVS 6.8). Who somebody is there is issuer and subject, never an address: the
//! same e-mail links nothing. An account is linked only by who opens it that way, or from inside a session that showed
//! who is there; a login there anew shows that too. Before the way there a page says what will be received; the answer
//! is given with the grant and kept with it. What was received is fetched once, is shown like anything else, and goes
//! with the link; then the grant is ended at the partner too.

mod link;
mod oauth;
mod oidc;
mod partner;
mod proof;

use avouch_seal::SubjectId;
use avouch_store::{
    Actor, CodeFor, Flow, FlowState, Hold, Job, JointLogin, Outcome, SessionToken, Start, StoreError, Transact, Tx,
};
use jiff::SignedDuration;
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::collection::join::{Join, Joined};
use crate::fault::Fault;
use crate::security::limits;
use crate::security::session::{Device, Session};
use crate::security::ways_in::Without;

pub(crate) use link::{Linking, end_all};
pub use oauth::OAuth;
use partner::{Came, Secrets, Told};
pub use partner::{JointFault, Partner, PartnerSettings, Partners, Way};

/// The purpose partners' accounts are collected for.
pub const PURPOSE: &str = "joint_login";
/// The item an account at a partner is a record of.
pub const ACCOUNT: &str = avouch_store::JOINT_ACCOUNT;
/// The item nickname and avatar of a partner are a record of.
pub const PROFILE: &str = "joint_profile";

/// How often the end of a grant is tried at the partner, the waits between growing to an hour.
pub(crate) const MOST_TRIES: u64 = 12;

/// Somebody who came back from a partner.
#[expect(missing_debug_implementations, reason = "holds secrets")]
pub enum Arrived {
    /// Logged in.
    In(SessionToken),
    /// The account is linked to the one that was signed in.
    Linked,
    /// Nobody here has that account.
    Unknown(Unknown),
    /// Back from showing who is there: the session is proven, unless there is a fault.
    Shown {
        /// The page that asked, as it was given to [`App::start_joint_proof`].
        page: String,
        /// Why nobody was shown.
        fault: Option<JointFault>,
    },
}

/// Somebody who came back from a partner and whom nobody here knows: may join.
#[expect(missing_debug_implementations, reason = "holds what a partner told")]
pub struct Unknown {
    /// The next step's flow.
    pub flow: Flow,
    /// What the partner told, sealed, for the page to carry along.
    pub told: String,
    /// What the partner calls the person.
    pub nickname: Option<String>,
}

/// What a browser brings back from a partner.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds a code")]
pub struct Back<'a> {
    /// The flow that this browser holds.
    pub flow: &'a Flow,
    /// The partner, by the address that was come back to.
    pub partner: &'a str,
    /// `state`.
    pub state: &'a str,
    /// `code`.
    pub code: Option<&'a str>,
    /// `iss` (RFC 9207).
    pub iss: Option<&'a str>,
    /// `error`: nothing was agreed.
    pub error: Option<&'a str>,
}

impl App {
    /// The partners that are configured.
    #[must_use]
    pub fn partners(&self) -> &Partners {
        &self.partners
    }

    fn partner(&self, name: &str) -> Result<&Partner, Fault> {
        self.partners.get(name).ok_or(Fault::NotFound)
    }

    /// Begins the way to a partner: the flow for the browser to keep, and where it goes. With a session, which must be
    /// proven, the account there is linked to the one signed in.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for an unknown partner; [`Fault::NeedsProof`]; [`Fault::TooMany`];
    /// [`JointFault::Unreached`].
    pub async fn start_joint(
        &self,
        partner: &str,
        session: Option<&Session>,
        address: &str,
    ) -> Result<(Flow, String), JointFault> {
        let partner = self.partner(partner)?;
        if let Some(session) = session {
            session.prove()?;
        }
        let flow = Flow::new(self.store.random());
        let work = StartJoint {
            flow: flow.clone(),
            purpose: CodeFor::Joint,
            item: partner.name.clone(),
            subject: session.map(Session::subject),
            browser: String::new(),
            needs: String::new(),
            lasts: self.settings.code_lasts,
            from: self.joint_limit(address),
        };
        self.begin_joint(work).await?;
        let url = partner.start(&self.outbound, &Secrets::of(&flow), false).await?;
        Ok((flow, url))
    }

    /// How many ways may begin at one place. Where it is not known, there is nothing to count by.
    fn joint_limit(&self, address: &str) -> Option<Limit> {
        let place = Some(limits::place(address)).filter(|place| !place.is_empty())?;
        Some(Limit { place, tries: self.settings.tries * 10, window: self.settings.tries_window })
    }

    async fn begin_joint(&self, work: StartJoint) -> Result<(), JointFault> {
        if self.store.transact(work).await? {
            Ok(())
        } else {
            Err(Fault::TooMany(self.settings.tries_window.as_mins().unsigned_abs()).into())
        }
    }

    /// Ends the way to a partner: logs in, links, shows who is there, or says that nobody here has that account.
    ///
    /// # Errors
    /// [`JointFault`]; [`Fault::NeedsFactor`] with the flow to go on with.
    pub async fn finish_joint(
        &self,
        back: Back<'_>,
        session: Option<&Session>,
        device: Device,
        language: &str,
    ) -> Result<Arrived, JointFault> {
        let partner = self.partner(back.partner)?;
        let secrets = Secrets::of(back.flow);
        if !bool::from(secrets.state().as_bytes().ct_eq(back.state.as_bytes())) {
            return Err(JointFault::Over);
        }
        if let Some(shown) = self.finish_joint_proof(partner, back, session).await? {
            return Ok(shown);
        }
        let took = self.store.transact(TakeFlow { flow: back.flow.clone(), purpose: CodeFor::Joint }).await?;
        // Another partner's answer at this one's address is nobody's (RFC 9700, 4.4).
        let Some(state) = took.filter(|state| state.item == partner.name) else { return Err(JointFault::Over) };
        if back.error.is_some() {
            return Err(JointFault::Declined);
        }
        let code = back.code.filter(|code| !code.is_empty()).ok_or(JointFault::Over)?;
        let came = Came { code, iss: back.iss, now: self.store.now(), since: None };
        let told = partner.finish(&self.outbound, &secrets, came).await?;
        match state.subject {
            Some(subject) => {
                // Whoever began it must still be signed in.
                if session.is_none_or(|session| session.subject() != subject) {
                    return Err(JointFault::Over);
                }
                let linking = self.linking(partner, told, language).await?;
                self.link_joint(subject, linking, language).await.map_err(taken)?;
                Ok(Arrived::Linked)
            }
            None => self.arrive(partner, told, device, language).await,
        }
    }

    async fn arrive(
        &self,
        partner: &Partner,
        told: Told,
        device: Device,
        language: &str,
    ) -> Result<Arrived, JointFault> {
        let known = {
            let mut reading = self.store.reading().await?;
            reading.look()?.find(ACCOUNT, &told.identity()).await?
        };
        if let Some(subject) = known {
            self.store.transact(NoteUse { subject, partner: partner.name.clone() }).await?;
            // No password was shown: as by a code, it opens nothing sensitive.
            return Ok(Arrived::In(self.enter(subject, device, false, language, None).await?));
        }
        let flow = Flow::new(self.store.random());
        let work = StartJoint {
            flow: flow.clone(),
            purpose: CodeFor::JointJoin,
            item: partner.name.clone(),
            subject: None,
            browser: String::new(),
            needs: String::new(),
            lasts: self.settings.code_lasts,
            from: None,
        };
        self.begin_joint(work).await?;
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(&told).unwrap_or_default());
        let sealed = self.store.seal_told(&flow, &bytes)?;
        Ok(Arrived::Unknown(Unknown { flow, told: sealed, nickname: told.nickname.clone() }))
    }

    /// Opens an account for somebody who came from a partner. A password is not asked for.
    ///
    /// # Errors
    /// As [`App::join`]; [`JointFault::Over`] when it took too long; [`JointFault::Taken`] when somebody was faster.
    pub async fn join_jointly(
        &self,
        flow: &Flow,
        told: &str,
        join: Join,
        language: &str,
    ) -> Result<Joined, JointFault> {
        let state = {
            let mut reading = self.store.reading().await?;
            reading.look()?.flow(flow.name(), CodeFor::JointJoin).await?
        };
        let partner = self.partner(&state.ok_or(JointFault::Over)?.item)?;
        let opened = self.store.open_told(flow, told)?.ok_or(JointFault::Over)?;
        let told: Told = serde_json::from_slice(&opened).map_err(|_| JointFault::Over)?;
        // What is written is judged before anything is fetched or spent, so that a form can come back.
        self.check_join(&join, true)?;
        let mut linking = self.linking(partner, told, language).await?;
        linking.spends(flow.clone());
        self.join_with(join, &Actor::Subject, None, Some(linking)).await.map_err(taken)
    }

    /// The partners' accounts of a subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn joint_logins(&self, subject: SubjectId) -> Result<Vec<JointLogin>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.joint_logins(subject).await?)
    }

    /// Whether a person could still get in without their account at a partner.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn gets_in_without(&self, subject: SubjectId, partner: &str) -> Result<bool, Fault> {
        let ways = self.ways_in(subject).await?;
        let mut reading = self.store.reading().await?;
        ways.remain(&mut reading.look()?, subject, Without::Partner(partner)).await
    }

    /// Ends every grant of somebody who is being erased.
    pub(crate) async fn end_grants(&self, subject: SubjectId) -> Result<(), Fault> {
        if self.joint_logins(subject).await?.is_empty() {
            return Ok(());
        }
        Ok(self.store.transact(EndGrants { subject }).await?)
    }

    /// Tells a partner that a grant is over. A job: run again, it asks again, which changes nothing.
    pub(crate) async fn end_grant(&self, job: &Job) -> Result<(), Fault> {
        let Some((name, token)) = self.store.open_revocation(&job.body)? else { return Ok(()) };
        let Some(partner) = self.partners.get(&name) else { return Ok(()) };
        let token = std::str::from_utf8(&token).unwrap_or_default();
        match partner.revoke(&self.outbound, token).await {
            Err(JointFault::Fault(fault)) => Err(fault),
            Err(other) => Err(Fault::NotNow(other.to_string())),
            Ok(()) => Ok(()),
        }
    }
}

/// An account at the partner that is somebody else's is not somebody else's phone number: it is said otherwise.
fn taken(fault: Fault) -> JointFault {
    match fault {
        Fault::Taken(item) if item == ACCOUNT => JointFault::Taken,
        other => other.into(),
    }
}

/// Begins a flow; false where one place began too many.
struct StartJoint {
    flow: Flow,
    purpose: CodeFor,
    /// The partner, where the flow names it.
    item: String,
    subject: Option<SubjectId>,
    /// The session it may end in; empty for any browser that holds the flow.
    browser: String,
    needs: String,
    lasts: SignedDuration,
    /// Where it begins and how often it may; nothing for the next step of a way that was counted.
    from: Option<Limit>,
}

/// How many ways may begin at one place.
struct Limit {
    place: String,
    tries: u64,
    window: SignedDuration,
}

impl Transact for StartJoint {
    const NAME: &'static str = "begin a joint login";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.subject.map(|s| (s, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        if let Some(from) = &self.from
            && tx.count_try("joint from", &from.place, from.window).await? > from.tries
        {
            return Ok(false);
        }
        tx.start_flow(&Start {
            flow: self.flow.name(),
            purpose: self.purpose,
            subject: self.subject,
            item: &self.item,
            address: &self.browser,
            needs: &self.needs,
            lasts: self.lasts,
        })
        .await?;
        Ok(true)
    }
}

/// Takes a flow, once.
struct TakeFlow {
    flow: Flow,
    purpose: CodeFor,
}

impl Transact for TakeFlow {
    const NAME: &'static str = "take a flow";
    type Out = Option<FlowState>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<FlowState>, StoreError> {
        tx.take_flow(self.flow.name(), self.purpose).await
    }
}

struct NoteUse {
    subject: SubjectId,
    partner: String,
}

impl Transact for NoteUse {
    const NAME: &'static str = "note a joint login";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.note_joint_use(self.subject, &self.partner).await?;
        tx.note("identify", PURPOSE, &[ACCOUNT], avouch_policy::Party::Subject, Outcome::Done, Some(self.subject))
            .await?;
        Ok(())
    }
}

struct EndGrants {
    subject: SubjectId,
}

impl Transact for EndGrants {
    const NAME: &'static str = "end grants at partners";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        end_all(tx, self.subject).await
    }
}
