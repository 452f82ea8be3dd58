//! What every handler is given: Avouch, who asks, and the words of the policy in the reader's language.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use avouch::App;
use avouch::security::session::{Device, Session};
use avouch::store::{SubjectId, Told};
use avouch::updates::notice::Update;
use avouch_policy::{Digest, Policy, Words, diff};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;

use crate::fault::{Fault, Reason};
use crate::frame::{Account, Coming, Current, Frame, Live, Names, Popup};
use crate::http::{Random, cookie, csrf::CsrfKey, guard::Foundation, headers::Transport};
use crate::lang::Lang;
use crate::shown::Shown;

/// What handlers share.
#[derive(Clone, Debug)]
pub struct Web {
    /// Avouch.
    pub app: App,
}

impl Web {
    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.app.policy()
    }
}

/// The words of `words` in a page's language.
#[must_use]
pub fn say(f: &Frame, words: &Words) -> String {
    words.in_lang(f.tag()).to_owned()
}

fn names(app: &App, policy: &Policy) -> Names {
    let controller = &policy.facts().controller;
    let pair = |words: Option<&Words>| {
        Lang::ALL.map(|lang| (lang, words.map(|w| w.in_lang(lang.tag()).to_owned()).unwrap_or_default()))
    };
    Names {
        site: pair(controller.name.as_ref()),
        address: pair(controller.address.as_ref()),
        zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
        passkeys_at: app.relying_party().map(|rp| rp.origin.to_owned()),
        default_lang: Lang::from_tag(&policy.facts().default_language).unwrap_or(Lang::ZhCn),
    }
}

/// The policy in force and the one that is coming, as every page shows them; worked out anew when either changes.
fn live(app: &App) -> Live {
    let worked_out: Mutex<Option<([Option<Digest>; 2], Current)>> = Mutex::default();
    let app = app.clone();
    Live::new(move || {
        let (policy, next) = (app.policy(), app.store.coming_policies().into_iter().next());
        let of = [Some(*policy.digest()), next.as_ref().map(|(_, next)| *next.digest())];
        let mut worked_out = worked_out.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, current)) = worked_out.as_ref().filter(|(for_, _)| *for_ == of) {
            return current.clone();
        }
        let names = Arc::new(names(&app, &policy));
        let coming = next.map(|(at, next)| Coming {
            version: next.version().to_owned(),
            effective: at.to_zoned_datetime(names.zone.clone()).date(),
            major: diff(&policy, &next).is_major(),
        });
        let current = Current { names, coming };
        *worked_out = Some((of, current.clone()));
        current
    })
}

/// The foundation of a face with pages.
#[must_use]
pub fn foundation(app: &App) -> Foundation {
    let store = app.store.clone();
    Foundation {
        live: live(app),
        csrf: CsrfKey::new(&app.store.derived("forms")),
        random: Random::new(move |out| store.fill(out)),
        transport: Transport { tls: false },
        origin: None,
    }
}

/// The change of the policy that waits to be read or answered by a person, for themselves or for a child; nothing where none does, or where it cannot
/// be told now.
pub async fn open_update(web: &Web, subject: SubjectId) -> Option<Update> {
    let open = async || {
        if let Some(update) = web.app.update_for(subject).await?.filter(Update::is_open) {
            return Ok::<_, avouch::Fault>(Some(update));
        }
        Ok(web.app.updates_of_children(subject).await?.pop().map(|(_, update)| update))
    };
    match open().await {
        Ok(update) => update,
        Err(fault) => {
            tracing::error!(%fault, "what a change of the policy means for a person could not be told");
            None
        }
    }
}

/// Who asks, when signed in. Put into the request by [`know`].
#[derive(Clone)]
pub struct Signed(pub Session);

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signed(…)")
    }
}

/// Sends the reader to the log-in page, to come back here.
#[derive(Debug)]
pub struct LogInFirst(String);

impl IntoResponse for LogInFirst {
    fn into_response(self) -> Response {
        Redirect::to(&format!("/login?next={}", self.0)).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = LogInFirst;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, LogInFirst> {
        let next = if parts.method.is_safe() { parts.uri.path() } else { "/privacy" };
        parts.extensions.get::<Self>().cloned().ok_or_else(|| LogInFirst(next.to_owned()))
    }
}

/// Middleware, outside the frame: looks the session up once a request.
pub async fn know(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    if let Some(cookie) = cookie::read(request.headers(), cookie::SESSION) {
        let cookie = cookie.to_owned();
        match look_up(&web, &cookie).await {
            Ok(Some((session, account))) => {
                let subject = session.subject();
                request.extensions_mut().insert(account);
                request.extensions_mut().insert(Signed(session));
                let page = request.method() == Method::GET && !request.uri().path().starts_with("/assets/");
                if page && let Some(update) = open_update(&web, subject).await {
                    return put_before(&web, subject, &update, request, next).await;
                }
            }
            Ok(None) => {}
            // Nobody is signed in while the store cannot be read; the pages say so themselves.
            Err(fault) => tracing::error!(%fault, "a session could not be looked up"),
        }
    }
    next.run(request).await
}

/// Puts a change of the policy before a person on the page they asked for, and records that it was shown.
async fn put_before(web: &Web, subject: SubjectId, update: &Update, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Popup {
        version: update.release.version.clone(),
        at: update.release.in_force,
        coming: update.coming,
        asked: update.questions.len(),
    });
    let response = next.run(request).await;
    let html = response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let shown = response.status().is_success() && html;
    if shown
        && !update.child
        && update.notice.is_none_or(|notice| notice.shown.is_none())
        && let Err(fault) = web.app.told_of_update(subject, &update.release.version, Told::Shown).await
    {
        tracing::error!(%fault, "that a change of the policy was shown could not be recorded");
    }
    response
}

async fn look_up(web: &Web, cookie: &str) -> Result<Option<(Session, Account)>, avouch::Fault> {
    let Some(session) = web.app.session(cookie).await? else {
        return Ok(None);
    };
    let account = match web.app.account(session.subject()).await {
        Ok(account) => account,
        Err(avouch::Fault::NotFound) => return Ok(None),
        Err(other) => return Err(other),
    };
    let zone = TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC);
    let erased_on = account.cancel_due.map(|due| due.to_zoned_datetime(zone).date());
    let passkey = web.app.has_passkey(session.subject()).await?;
    let policy = web.policy();
    let named = |partner: String| {
        let words = policy.facts().collection.partners.get(&partner)?.name.clone();
        Some((partner, words))
    };
    let partners = web.app.shows_at(session.subject()).await?.into_iter().filter_map(named).collect();
    Ok(Some((session, Account { name: Shown::default(), passkey, partners, erased_on, roles: Vec::new() })))
}

/// The browser as it tells of itself: the agent shortened, the address coarse in nothing but its use.
#[derive(Clone)]
pub struct Browser(pub Device);

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Browser(…)")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Browser {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        Ok(Self(Device {
            agent: agent(&parts.headers),
            address: address.map(|a: IpAddr| a.to_string()).unwrap_or_default(),
        }))
    }
}

/// “Firefox on Linux”: enough for a person to recognise their device.
fn agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let first = |known: &[(&str, &'static str)]| known.iter().find(|(k, _)| text.contains(k)).map(|(_, name)| *name);
    let browser = first(&[
        ("MicroMessenger", "WeChat"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    [browser, system].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A told reason as pages and problem documents show it.
#[must_use]
pub fn reason(told: avouch_policy::Told) -> Reason {
    Reason {
        code: told.code.to_owned(),
        text: told.text,
        clause: told.clause.to_owned(),
        citation: told.citation,
        remedy: told.remedy,
        gap: told.kind == avouch_policy::Kind::Gap,
    }
}

/// A use case's fault as a page's or an API's, in the language of the reader.
#[must_use]
pub fn told(fault: &avouch::Fault, lang: &str) -> Fault {
    use avouch::Fault as F;
    match fault {
        F::Refused(denied) => {
            Fault::Refused(denied.refusal.tell(&denied.policy, lang).into_iter().map(reason).collect())
        }
        F::Invalid(_) | F::Offset(_) => Fault::Malformed,
        F::Taken(_)
        | F::NeedsGuardian
        | F::NotNow(_)
        | F::NotApproved(_)
        | F::WrongLogin
        | F::WrongCode
        | F::WrongPasskey
        | F::CopiedPasskey
        | F::LastWayIn
        | F::NeedsProof
        | F::NeedsFactor(_)
        | F::NeedsCode
        | F::NumberAlone => Fault::Forbidden,
        F::Undelivered(_) => Fault::Internal,
        F::TooMany(minutes) => Fault::TooMany { seconds: u32::try_from(minutes * 60).unwrap_or(u32::MAX) },
        F::NotFound => Fault::NotFound,
        F::Store(e @ (avouch::store::StoreError::CannotRecord(_) | avouch::store::StoreError::Lost(_))) => {
            tracing::error!(fault = %e, "acts cannot be recorded");
            Fault::Closed
        }
        F::Store(e) => {
            tracing::error!(fault = %e, "the store failed");
            if e.is_transient() { Fault::Closed } else { Fault::Internal }
        }
    }
}

/// As [`told`], in a page's language.
pub fn page_fault(f: &Frame) -> impl Fn(avouch::Fault) -> Fault + use<> {
    let lang = f.tag();
    move |fault| told(&fault, lang)
}
