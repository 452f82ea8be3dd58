//! Linking an account at a partner, and unlinking it.
//!
//! Keeps promise 1.7: answer, what was received and the link are one commit, its leaf the grant's evidence.

use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answer, Answered, CodeFor, ConsentKind, Flow, Hold, NewJointLogin, Origin, Outcome, Put, Receipt, RecordId,
    StoreError, Transact, Tx,
};
use http::Method;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::partner::{Partner, Told};
use super::{ACCOUNT, PROFILE, PURPOSE};
use crate::app::App;
use crate::collection::picture;
use crate::fault::Fault;
use crate::gate::Wanted;
use crate::messages::send::Outgoing;
use crate::messages::words::What;
use crate::outbound::Call;
use crate::rights::consent::{kind_of, wording};
use crate::security::ways_in::{WaysIn, Without};

/// The largest avatar fetched, in bytes.
const LARGEST_AVATAR: usize = 2 * 1024 * 1024;

/// Everything that links an account at a partner, ready for one commit.
pub(crate) struct Linking {
    partner: String,
    told: Told,
    avatar: Value,
    answered: Option<Answered>,
    ask: Ask,
    account: ItemId,
    profile: Option<ItemId>,
    flow: Option<Flow>,
}

/// Which record it is: each partner has one of a person.
fn record(partner: &str) -> RecordId {
    let digest = avouch_ledger::hash::sha256(partner.as_bytes());
    RecordId(digest.first_chunk().copied().unwrap_or_default())
}

impl Linking {
    /// The flow that is spent with it.
    pub(super) fn spends(&mut self, flow: Flow) {
        self.flow = Some(flow);
    }

    /// The person's answer, before anything is asked of the gate: the button they pressed after they were told.
    pub(crate) async fn answer(&self, tx: &mut Tx<'_>, subject: SubjectId) -> Result<(), Fault> {
        if let Some(flow) = &self.flow
            && tx.take_flow(flow.name(), CodeFor::JointJoin).await?.is_none()
        {
            return Err(Fault::WrongCode);
        }
        if let Some(answered) = &self.answered {
            tx.answer(subject, &Actor::Subject, answered).await?;
        }
        Ok(())
    }

    /// Keeps what was received, and links.
    pub(crate) async fn link(&self, tx: &mut Tx<'_>, subject: SubjectId) -> Result<(), Fault> {
        let permit = match tx.ask(subject, self.ask.clone(), &Actor::Subject).await? {
            Answer::Permitted(permit) => permit,
            Answer::Refused(denied) => return Err(denied.into()),
        };
        let told = &self.told;
        let account = json!({
            "partner": self.partner, "issuer": told.issuer, "account": told.subject, "union": told.union,
        });
        let account = Zeroizing::new(account.to_string());
        let profile = json!({ "partner": self.partner, "nickname": told.nickname, "avatar": self.avatar });
        let profile = Zeroizing::new(profile.to_string());
        let id = record(&self.partner);
        let mut puts = vec![Put { item: self.account, id, value: account.as_bytes() }];
        puts.extend(self.profile.map(|item| Put { item, id, value: profile.as_bytes() }));
        let origin = Origin { source: format!("third-party: {}", self.partner), collected: tx.now() };
        let origins = vec![origin; puts.len()];
        let receipt = tx.put_from(permit, &puts, &origins).await?;
        let identity = told.identity();
        let new = NewJointLogin {
            partner: &self.partner,
            identity: &identity,
            scopes: &told.scopes,
            receipt: &receipt,
            token: told.token.as_ref().map(String::as_bytes),
        };
        if tx.link_joint(subject, &new).await? { Ok(()) } else { Err(Fault::Taken(ACCOUNT.into())) }
    }
}

impl App {
    /// Makes everything ready to link: the avatar is fetched, this once.
    pub(super) async fn linking(&self, partner: &Partner, told: Told, language: &str) -> Result<Linking, Fault> {
        let policy = self.policy();
        let items: &[&str] = if partner.profile { &[ACCOUNT, PROFILE] } else { &[ACCOUNT] };
        let wanted = Wanted { act: Act::Collect, purpose: PURPOSE, items, recipient: None };
        let avatar = match &told.picture {
            Some(url) if partner.profile => self.avatar(partner, url).await,
            _ => None,
        };
        Ok(Linking {
            partner: partner.name.clone(),
            avatar: avatar.unwrap_or(Value::Null),
            answered: answered(self, true, language),
            ask: self.ask_or_refuse(&wanted, &Actor::Subject).await?,
            account: policy.item(ACCOUNT).ok_or(Fault::NotFound)?,
            profile: if partner.profile { policy.item(PROFILE) } else { None },
            flow: None,
            told,
        })
    }

    /// The avatar, small and written anew; nothing for what is none, too large, or elsewhere. A login does not fail for
    /// it.
    async fn avatar(&self, partner: &Partner, url: &str) -> Option<Value> {
        let call = Call { largest: LARGEST_AVATAR, ..Call::new(Method::GET, url, &partner.hosts) };
        let answer = match self.outbound.send(call).await {
            Ok(answer) if answer.status.is_success() => answer,
            Ok(answer) => {
                tracing::info!(partner = %partner.name, status = %answer.status, "an avatar was not there");
                return None;
            }
            Err(fault) => {
                tracing::info!(partner = %partner.name, %fault, "an avatar was not fetched");
                return None;
            }
        };
        let _turn = self.pictures.acquire().await.ok()?;
        let cleaned = tokio::task::spawn_blocking(move || picture::clean(&answer.body)).await.ok()?;
        match cleaned {
            Ok(made) => Some(json!({
                "media": made.small_media, "base64": data_encoding::BASE64.encode(&made.small),
            })),
            Err(why) => {
                tracing::info!(partner = %partner.name, why = %why.code, "an avatar was not taken");
                None
            }
        }
    }

    /// Links an account at a partner to somebody who is signed in; they are told.
    pub(super) async fn link_joint(&self, subject: SubjectId, linking: Linking, language: &str) -> Result<(), Fault> {
        let notices = self.notices(subject, What::JointLinked, None, language).await?;
        self.store.transact(Link { subject, linking, notices }).await
    }

    /// Unlinks an account at a partner: deletes what was received and ends the grant there.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::NotNow`] for the last way in.
    pub async fn unlink_joint(&self, subject: SubjectId, partner: &str, language: &str) -> Result<Receipt, Fault> {
        let answered = answered(self, false, language);
        let ways = self.ways_in(subject).await?;
        self.store.transact(Unlink { subject, partner: partner.to_owned(), answered, ways }).await
    }
}

fn answered(app: &App, given: bool, language: &str) -> Option<Answered> {
    let policy = app.policy();
    let kind: ConsentKind = kind_of(&policy, PURPOSE)?;
    Some(Answered {
        kind,
        target: PURPOSE.to_owned(),
        given,
        wording: avouch_ledger::hash::sha256(wording(&policy, PURPOSE, language).as_bytes()),
        language: language.to_owned(),
    })
}

/// Unlinks every account at a partner, and queues the ends of the grants. Records and leaves are the caller's.
pub(crate) async fn end_all(tx: &mut Tx<'_>, subject: SubjectId) -> Result<(), StoreError> {
    for joint in tx.joint_logins(subject).await? {
        tx.unlink_joint(subject, &joint.partner).await?;
    }
    Ok(())
}

struct Link {
    subject: SubjectId,
    linking: Linking,
    notices: Vec<Outgoing>,
}

impl Transact for Link {
    const NAME: &'static str = "link an account at a partner";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        let account = tx.account(self.subject).await?.ok_or(Fault::NotFound)?;
        if account.cancel_due.is_some() {
            return Err(Fault::NotNow("the account is being cancelled; stop that first".into()));
        }
        self.linking.answer(tx, self.subject).await?;
        self.linking.link(tx, self.subject).await?;
        for notice in &self.notices {
            notice.queue(tx, Some(self.subject), None).await?;
        }
        Ok(())
    }
}

struct Unlink {
    subject: SubjectId,
    partner: String,
    answered: Option<Answered>,
    ways: WaysIn,
}

impl Transact for Unlink {
    const NAME: &'static str = "unlink an account at a partner";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Exclusive));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        let subject = self.subject;
        let remains = self.ways.remain(tx, subject, Without::Partner(&self.partner)).await?;
        if !tx.unlink_joint(subject, &self.partner).await? {
            return Err(Fault::NotFound);
        }
        if !remains {
            return Err(Fault::LastWayIn);
        }
        for item in [ACCOUNT, PROFILE] {
            tx.delete_record(subject, item, record(&self.partner)).await?;
        }
        if let Some(answered) = self.answered.as_ref().filter(|a| !a.given)
            && tx.joint_logins(subject).await?.is_empty()
        {
            tx.answer(subject, &Actor::Subject, answered).await?;
        }
        Ok(tx.note("unlink", PURPOSE, &[ACCOUNT, PROFILE], Party::Subject, Outcome::Done, Some(subject)).await?)
    }
}
