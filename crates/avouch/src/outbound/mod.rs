//! The one way out of the house for HTTP: it reaches the hosts a call names, at public addresses, and nothing else.
//!
//! Keeps promise 4.1: what is sent goes where it was declared to go. Every call names the hosts it may reach, which
//! its caller takes from the policy or the configuration. Beyond them:
//!
//! - only https; plain http to addresses of this machine that the configuration names, and to nothing else;
//! - the name is asked once, every address it gave is judged, and the connection goes to one of those: a name that
//!   answers otherwise a moment later changes nothing. One address that is not public, and none is used;
//! - a redirect is a fault, not a way; no proxy of the environment is used;
//! - the whole call has a time, head and body of the answer have a size.
//!
//! A fault says what was wrong with the way, never what was sent or answered.

mod address;
mod connect;
mod fault;
mod reach;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};

pub use address::is_public;
pub use connect::{Resolved, Resolver, SystemResolver};
pub use fault::OutboundFault;
pub use reach::Reach;

use connect::Connections;
use target::{Route, Target};

/// How long a call may take, unless it says otherwise.
const WITHIN: Duration = Duration::from_secs(20);
/// How many bytes of an answer's body are read, unless a call says otherwise.
const LARGEST: usize = 256 * 1024;

/// Headers that say how a message is carried; they are the connection's to write.
const CARRYING: [HeaderName; 8] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
];

/// A request on its way out.
#[expect(missing_debug_implementations, reason = "its body and headers may hold personal data or secrets")]
pub struct Call<'a> {
    /// `GET`, `POST` and the like.
    pub method: Method,
    /// Where to, whole: `https://api.courier.example/v1/orders`.
    pub url: &'a str,
    /// Headers, without those that say how the message is carried.
    pub headers: HeaderMap,
    /// The body. [`Bytes::from_owner`] takes a `Zeroizing` one, which is wiped after the call.
    pub body: Bytes,
    /// The hosts that may be reached, with the port where it is not 443: `api.courier.example`, `127.0.0.1:9000`.
    pub hosts: &'a BTreeSet<String>,
    /// How long the whole call may take.
    pub within: Duration,
    /// How many bytes the answer's body may have.
    pub largest: usize,
}

impl<'a> Call<'a> {
    /// A call without headers and body, with twenty seconds and 256 KiB.
    #[must_use]
    pub fn new(method: Method, url: &'a str, hosts: &'a BTreeSet<String>) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), hosts, within: WITHIN, largest: LARGEST }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same with a body, and what kind it is.
    #[must_use]
    pub fn body(mut self, kind: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        self.body = body.into();
        self
    }
}

/// An answer from outside.
#[expect(missing_debug_implementations, reason = "its body may hold personal data")]
pub struct Answer {
    /// The status; never one of a redirect.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

/// The guard of the way out. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Guard {
    reach: Arc<Reach>,
    connections: Arc<Connections>,
}

impl Guard {
    /// A guard that knows what beyond public addresses may be reached, and asks the system for addresses.
    /// `root` is a root certificate to trust besides the machine's, as PEM.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(reach: Reach, root: Option<&[u8]>) -> Result<Self, String> {
        Self::with_resolver(reach, root, Arc::new(SystemResolver))
    }

    /// The same with another way to learn addresses.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn with_resolver(reach: Reach, root: Option<&[u8]>, resolver: Arc<dyn Resolver>) -> Result<Self, String> {
        reach.check()?;
        let reach = Arc::new(reach);
        let connections = Connections::new(Arc::clone(&reach), root, resolver)?;
        Ok(Self { reach, connections: Arc::new(connections) })
    }

    /// A guard that reaches public addresses only.
    #[must_use]
    pub fn strict() -> Self {
        let reach = Arc::new(Reach::default());
        let connections = Connections::open(Arc::clone(&reach), Arc::new(SystemResolver));
        Self { reach, connections: Arc::new(connections) }
    }

    /// Whether a URL could be called with these hosts, as far as can be said without asking for its address: for
    /// configurations to be refused when they are read.
    ///
    /// # Errors
    /// The fault a call would end with.
    pub fn check(&self, url: &str, hosts: &BTreeSet<String>) -> Result<(), OutboundFault> {
        let target = Target::parse(url)?;
        target.declared(hosts)?;
        target.route(&self.reach).map(drop)
    }

    /// Sends a call and reads its answer whole.
    ///
    /// # Errors
    /// [`OutboundFault`]: nothing was sent unless it is [`OutboundFault::sent`].
    pub async fn send(&self, call: Call<'_>) -> Result<Answer, OutboundFault> {
        let target = Target::parse(call.url)?;
        target.declared(call.hosts)?;
        let route = target.route(&self.reach)?;
        if let Some(name) = CARRYING.iter().find(|name| call.headers.contains_key(*name)) {
            return Err(OutboundFault::Header(name.to_string()));
        }
        let host = target.authority();
        let within = call.within;
        let answered = self.exchange(&target, route, call);
        tokio::time::timeout(within, answered)
            .await
            .unwrap_or_else(|_| Err(OutboundFault::TooSlow { host: host.to_owned(), seconds: within.as_secs() }))
    }

    async fn exchange(&self, target: &Target, route: Route, call: Call<'_>) -> Result<Answer, OutboundFault> {
        let host = target.authority();
        let uri = target.uri(&route);
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = call.headers;
        // Written here, so that it names who is meant also where an address of this machine carries it on.
        let named = HeaderValue::from_str(host).map_err(|_| OutboundFault::NoUrl)?;
        request.headers_mut().insert(header::HOST, named);
        let response = self.connections.request(host, request).await?;
        let (head, body) = response.into_parts();
        let status = head.status;
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            return Err(OutboundFault::Redirected { host: host.to_owned(), status: status.as_u16() });
        }
        let body = Limited::new(body, call.largest).collect().await.map_err(|e| {
            if e.is::<http_body_util::LengthLimitError>() {
                OutboundFault::TooLarge { host: host.to_owned(), largest: call.largest }
            } else {
                OutboundFault::BrokeOff(host.to_owned())
            }
        })?;
        Ok(Answer { status, headers: head.headers, body: body.to_bytes() })
    }
}

/// The host of a URL as it is declared: with the port where it is not the usual one.
///
/// # Errors
/// [`OutboundFault::NoUrl`].
pub fn host_of(url: &str) -> Result<String, OutboundFault> {
    Target::parse(url).map(|target| target.authority().to_owned())
}
