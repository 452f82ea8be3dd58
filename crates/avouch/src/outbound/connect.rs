//! Names asked once, addresses judged, connections made and kept.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tower::Service;

use super::{OutboundFault, Reach};

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Connections kept to one host.
const IDLE_PER_HOST: usize = 4;
/// How large the head of an answer may be, in bytes, and how many headers it may have.
const HEAD: usize = 64 * 1024;
const HEADERS: usize = 100;

/// Addresses on their way.
pub type Resolved<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Tells the addresses of a name.
pub trait Resolver: Send + Sync + std::fmt::Debug {
    /// Every address of a name.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolved<'a>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolved<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|at| at.ip()).collect()) })
    }
}

/// An address that is not to be reached.
#[derive(Debug, thiserror::Error)]
#[error("not a public address")]
struct NotPublic;

/// A name without an address.
#[derive(Debug, thiserror::Error)]
#[error("no address")]
struct Unresolved;

/// A resolver whose answers are judged: the connector knows no other address than what comes out of it.
#[derive(Debug, Clone)]
struct Judged {
    resolver: Arc<dyn Resolver>,
    reach: Arc<Reach>,
}

impl Service<Name> for Judged {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { resolver, reach } = self.clone();
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await.map_err(|_| Unresolved)?;
            if found.is_empty() {
                return Err(Unresolved.into());
            }
            // One that leads inside is enough to doubt them all.
            if !found.iter().all(|ip| reach.allows(*ip)) {
                return Err(NotPublic.into());
            }
            let at: Vec<_> = found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(at.into_iter())
        })
    }
}

type HttpClient = Client<HttpsConnector<HttpConnector<Judged>>, Full<Bytes>>;

/// Connections, opened as they are needed and shared by all calls.
pub(super) struct Connections {
    judged: Judged,
    roots: Vec<CertificateDer<'static>>,
    client: OnceLock<HttpClient>,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("judged", &self.judged).finish_non_exhaustive()
    }
}

impl Connections {
    /// Connections that trust the machine's root certificates.
    pub(super) fn open(reach: Arc<Reach>, resolver: Arc<dyn Resolver>) -> Self {
        Self { judged: Judged { resolver, reach }, roots: Vec::new(), client: OnceLock::new() }
    }

    /// The same with one root certificate more, as PEM.
    pub(super) fn new(reach: Arc<Reach>, root: Option<&[u8]>, resolver: Arc<dyn Resolver>) -> Result<Self, String> {
        let mut made = Self::open(reach, resolver);
        if let Some(pem) = root {
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            made.roots = read.map_err(|e| format!("outbound.root_file: {e}"))?;
            if made.roots.is_empty() {
                return Err("outbound.root_file holds no certificate; write it as PEM".into());
            }
        }
        Ok(made)
    }

    /// The client: made at the first call, for it reads the machine's certificates.
    fn client(&self) -> &HttpClient {
        self.client.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            if found.certs.is_empty() {
                tracing::warn!("this machine has no root certificates; nobody outside can show who they are");
            }
            roots.add_parsable_certificates(found.certs.into_iter().chain(self.roots.iter().cloned()));
            let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let mut http = HttpConnector::new_with_resolver(self.judged.clone());
            http.enforce_http(false);
            http.set_nodelay(true);
            let https =
                HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http);
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .http1_max_buf_size(HEAD)
                .http1_max_headers(HEADERS)
                .build(https)
        })
    }

    /// Sends a request to where its URI says, which the guard has judged.
    pub(super) async fn request(
        &self,
        host: &str,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, OutboundFault> {
        self.client().request(request).await.map_err(|e| fault(host, &e))
    }
}

/// What an error of the client means.
fn fault(host: &str, error: &hyper_util::client::legacy::Error) -> OutboundFault {
    let host = host.to_owned();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.is::<NotPublic>() {
            return OutboundFault::NotPublic(host);
        } else if cause.is::<Unresolved>() {
            return OutboundFault::Unresolved(host);
        } else if cause.is::<rustls::Error>() {
            return OutboundFault::Tls(host);
        } else if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse_too_large) {
            return OutboundFault::TooLarge { host, largest: HEAD };
        }
        // An error of input or output hides what it was made of from `source`.
        next = match cause.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => cause.source(),
        };
    }
    if error.is_connect() { OutboundFault::Unreached(host) } else { OutboundFault::BrokeOff(host) }
}
