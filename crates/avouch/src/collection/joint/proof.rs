//! Showing who is there by a fresh login at a partner, for who has no password to show.
//!
//! Keeps promises 1.7 and 5.5 (ASVS 6.8.4, 7.5.1, 7.5.3): begun from inside a session for a partner that is linked to it,
//! and ended in that very session, once. The partner is asked for a login anew and must say that there was one; who
//! logged in there must be the account that is linked here. Partners without ID tokens promise neither: they are not
//! asked.

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{CodeFor, Flow, FlowState, Hold, Outcome, StoreError, Transact, Tx};
use jiff::Timestamp;

use super::partner::{Came, JointFault, Partner, Secrets};
use super::{ACCOUNT, Arrived, Back, PURPOSE, StartJoint};
use crate::app::App;
use crate::fault::Fault;
use crate::security::passkey::browser_of;
use crate::security::session::Session;

/// What is known of a way that was begun, as the flow carries it.
struct Begun {
    partner: String,
    /// When: a login there before it shows nobody.
    since: Timestamp,
    /// The page that asked, in the caller's words.
    page: String,
}

impl Begun {
    fn to_text(&self) -> String {
        format!("{} {} {}", self.partner, self.since.as_second(), self.page)
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (partner, since, page) = (parts.next()?, parts.next()?, parts.next()?);
        let since = Timestamp::from_second(since.parse().ok()?).ok()?;
        Some(Self { partner: partner.to_owned(), since, page: page.to_owned() })
    }
}

impl App {
    /// The partners at which a subject can show who they are: linked, and with ID tokens.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn shows_at(&self, subject: SubjectId) -> Result<Vec<String>, Fault> {
        let shows = |name: &str| self.partners.get(name).is_some_and(Partner::shows);
        if !self.partners.names().any(shows) {
            return Ok(Vec::new());
        }
        let linked = self.joint_logins(subject).await?;
        Ok(linked.into_iter().map(|joint| joint.partner).filter(|name| shows(name)).collect())
    }

    /// Begins showing who is there at a partner: the flow for the browser to keep, and where it goes. `page` comes back
    /// with [`Arrived::Shown`].
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a partner that is not linked to this account or gives no ID tokens; [`Fault::TooMany`];
    /// [`JointFault::Unreached`].
    pub async fn start_joint_proof(
        &self,
        partner: &str,
        session: &Session,
        page: &str,
        address: &str,
    ) -> Result<(Flow, String), JointFault> {
        let subject = session.subject();
        if !self.shows_at(subject).await?.iter().any(|name| name == partner) {
            return Err(Fault::NotFound.into());
        }
        let partner = self.partner(partner)?;
        let begun = Begun { partner: partner.name.clone(), since: self.store.now(), page: page.to_owned() };
        let flow = Flow::new(self.store.random());
        let work = StartJoint {
            flow: flow.clone(),
            purpose: CodeFor::JointProof,
            item: String::new(),
            subject: Some(subject),
            browser: browser_of(session),
            needs: begun.to_text(),
            lasts: self.settings.code_lasts,
            from: self.joint_limit(address),
        };
        self.begin_joint(work).await?;
        let url = partner.start(&self.outbound, &Secrets::of(&flow), true).await?;
        Ok((flow, url))
    }

    /// The end of a way that was begun to show who is there; nothing for any other way.
    pub(super) async fn finish_joint_proof(
        &self,
        partner: &Partner,
        back: Back<'_>,
        session: Option<&Session>,
    ) -> Result<Option<Arrived>, JointFault> {
        let waits = {
            let mut reading = self.store.reading().await?;
            reading.look()?.flow(back.flow.name(), CodeFor::JointProof).await?
        };
        if waits.is_none() {
            return Ok(None);
        }
        let session = session.ok_or(JointFault::Over)?;
        let took = self.store.transact(TakeProof { flow: back.flow.clone(), session: session.clone() }).await?;
        let mine = took.filter(|state| state.subject == Some(session.subject()));
        let begun = mine.and_then(|state| Begun::from_text(&state.needs));
        let begun = begun.filter(|begun| begun.partner == partner.name).ok_or(JointFault::Over)?;
        let fault = self.show_at(partner, back, session, begun.since).await.err();
        Ok(Some(Arrived::Shown { page: begun.page, fault }))
    }

    async fn show_at(
        &self,
        partner: &Partner,
        back: Back<'_>,
        session: &Session,
        since: Timestamp,
    ) -> Result<(), JointFault> {
        if back.error.is_some() {
            return Err(JointFault::Declined);
        }
        let code = back.code.filter(|code| !code.is_empty()).ok_or(JointFault::Over)?;
        let came = Came { code, iss: back.iss, now: self.store.now(), since: Some(since) };
        let told = partner.finish(&self.outbound, &Secrets::of(back.flow), came).await;
        let identity = match &told {
            Ok(told) => Some(told.identity()),
            Err(JointFault::Untrusted(_)) => None,
            Err(other) => return Err(other.clone()),
        };
        let work = Show { session: session.clone(), partner: partner.name.clone(), identity };
        let shown = self.store.transact(work).await?;
        told?;
        if shown { Ok(()) } else { Err(JointFault::Another) }
    }
}

/// Takes the flow of a proof, once; nothing where another session began it.
struct TakeProof {
    flow: Flow,
    session: Session,
}

impl Transact for TakeProof {
    const NAME: &'static str = "take the way to a proof";
    type Out = Option<FlowState>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Option<FlowState>, StoreError> {
        let state = tx.flow(self.flow.name(), CodeFor::JointProof).await?;
        let here = tx.take_challenge(&self.flow, CodeFor::JointProof, &browser_of(&self.session)).await?;
        Ok(state.filter(|_| here))
    }
}

/// Proves a session by who logged in at a partner; false, and so noted, where it is not who is signed in here.
struct Show {
    session: Session,
    partner: String,
    /// Issuer and subject; nothing where the answer could not be believed.
    identity: Option<String>,
}

impl Transact for Show {
    const NAME: &'static str = "show a login at a partner";
    type Out = bool;
    type Fault = StoreError;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.session.subject(), Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let subject = self.session.subject();
        let owner = match &self.identity {
            Some(identity) => tx.find(ACCOUNT, identity).await?,
            None => None,
        };
        let shown = owner == Some(subject);
        if shown {
            tx.touch_session(&self.session.token, true).await?;
            tx.note_joint_use(subject, &self.partner).await?;
        }
        let outcome = if shown { Outcome::Done } else { Outcome::Refused };
        tx.note("prove", PURPOSE, &[ACCOUNT], Party::Subject, outcome, Some(subject)).await?;
        Ok(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_way_carries_comes_back() {
        let since = Timestamp::from_second(1_800_000_000).unwrap();
        let begun = Begun { partner: "harbour".into(), since, page: "/privacy/items/email".into() };
        let back = Begun::from_text(&begun.to_text()).unwrap();
        assert_eq!((back.partner.as_str(), back.since, back.page.as_str()), ("harbour", since, "/privacy/items/email"));
        for none in ["", "harbour", "harbour now /privacy", "harbour 1"] {
            assert!(Begun::from_text(none).is_none(), "{none}");
        }
    }
}
