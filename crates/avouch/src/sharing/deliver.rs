//! Telling readers: a signed call to the hook of a service or a recipient, until it acknowledges.
//!
//! Keeps promises 4.2, 5.2 and 6.4. The call holds no value: who (by the random id), what happened, to which purpose
//! or item. 200 and 204 acknowledge; 202 says it was taken and is acknowledged later.

use std::collections::BTreeSet;

use avouch_seal::{Sink, SubjectId};
use avouch_store::{Job, Notice, ReaderKind};
use http::{Method, StatusCode};
use serde_json::json;

use super::outlet::signature;
use crate::app::App;
use crate::fault::Fault;
use crate::messages::Undelivered;
use crate::outbound::{Call, host_of};

/// How often a reader is told before staff have to: with the waits between, some two days.
pub const MOST_TRIES: u64 = 56;

/// A hook: where, the hosts it may be on, and the key of its signature.
struct Hook {
    url: String,
    hosts: BTreeSet<String>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

impl App {
    /// Tells the reader of a job's notice; whoever has no hook is told by staff.
    ///
    /// # Errors
    /// [`Fault::Undelivered`] when it was not acknowledged; it is told again.
    pub(crate) async fn tell(&self, subject: SubjectId, job: &Job) -> Result<(), Fault> {
        let Some(notice) = self.notice_of(subject, job).await? else { return Ok(()) };
        let Some(hook) = self.hook_of(&notice).await? else { return Ok(()) };
        let undelivered = |why: String| {
            Fault::Undelivered(Undelivered {
                why: format!("{}: {why}", notice.name),
                for_good: job.tries >= MOST_TRIES,
            })
        };
        let body = json!({
            "id": notice.id_text(), "event": notice.event.name(), "subject": subject.to_string(), "about": notice.about,
            "at": notice.at.to_string(), "due": notice.due.to_string()
        });
        let body = body.to_string().into_bytes();
        let mut call = Call::new(Method::POST, &hook.url, &hook.hosts);
        for (name, value) in signature(&hook.key, &notice.id_text(), self.store.now(), &body) {
            call = call.header(name, value);
        }
        let answer = self.outbound.send(call.body("application/json", body)).await;
        match answer.map_err(|fault| undelivered(fault.to_string()))?.status {
            StatusCode::OK | StatusCode::NO_CONTENT => self.acknowledged(notice).await,
            // Taken; it acknowledges by a call of its own, or is told again.
            StatusCode::ACCEPTED => Err(undelivered("it took the notice and has not acknowledged it yet".into())),
            other => Err(undelivered(format!("its hook answered {}", other.as_u16()))),
        }
    }

    async fn hook_of(&self, notice: &Notice) -> Result<Option<Hook>, Fault> {
        match notice.kind {
            ReaderKind::Service => {
                let found = {
                    let mut reading = self.store.reading().await?;
                    reading.look()?.hook(&notice.name).await?
                };
                let Some((url, key)) = found else { return Ok(None) };
                let host = host_of(&url).map_err(|fault| Fault::NotNow(fault.to_string()))?;
                let key = key.expose(Sink::Gate, |key| zeroize::Zeroizing::new(key.clone()));
                Ok(Some(Hook { url, hosts: BTreeSet::from([host]), key }))
            }
            ReaderKind::Recipient => {
                let policy = self.policy();
                let hosts = policy.facts().sharing.recipients.get(&notice.name).map(|r| r.hosts.clone());
                let outlet = self.outlets.get(&notice.name);
                let (Some(hosts), Some(outlet)) = (hosts, outlet) else { return Ok(None) };
                let (Some(url), Some(key)) = (&outlet.hook, &outlet.signing) else { return Ok(None) };
                Ok(Some(Hook { url: url.clone(), hosts, key: key.clone() }))
            }
        }
    }
}
