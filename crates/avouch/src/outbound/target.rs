//! Where a call goes.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use super::{OutboundFault, Reach};

/// A URL, taken apart once: the same parts are judged and connected to.
pub(super) struct Target {
    secure: bool,
    authority: String,
    host: String,
    port: u16,
    path: PathAndQuery,
}

/// How a target is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Over TLS.
    Tls,
    /// Over plain http, at an address of this machine.
    Plain(SocketAddr),
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, OutboundFault> {
        let uri: Uri = url.parse().map_err(|_| OutboundFault::NoUrl)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(OutboundFault::NoUrl),
        };
        let authority = uri.authority().ok_or(OutboundFault::NoUrl)?;
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() || authority.as_str().contains(['@', '%']) {
            return Err(OutboundFault::NoUrl);
        }
        let usual = if secure { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(usual);
        let authority = if port == usual { host.clone() } else { format!("{host}:{port}") };
        let path = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        Ok(Self { secure, authority, host, port, path })
    }

    /// Host and port as they are declared: the port only where it is not the usual one.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Fails unless the host is among those declared.
    pub(super) fn declared(&self, hosts: &BTreeSet<String>) -> Result<(), OutboundFault> {
        if hosts.iter().any(|host| host.eq_ignore_ascii_case(&self.authority)) {
            Ok(())
        } else {
            Err(OutboundFault::NotDeclared(self.authority.clone()))
        }
    }

    /// The address the host is written as, if it is one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.trim_matches(['[', ']']).parse().ok()?;
        Some(SocketAddr::new(ip, self.port))
    }

    /// How it is reached. A host that is written as an address is judged here: no name is asked for it.
    pub(super) fn route(&self, reach: &Reach) -> Result<Route, OutboundFault> {
        let carried = reach.via.iter().find(|(host, _)| host.eq_ignore_ascii_case(&self.authority));
        if let (true, Some((_, at))) = (self.secure, carried) {
            return Ok(Route::Plain(*at));
        }
        let at = self.address();
        let ours = at.is_some_and(|at| reach.loopback.contains(&at));
        match at {
            Some(at) if ours && !self.secure => Ok(Route::Plain(at)),
            _ if !self.secure => Err(OutboundFault::NotEncrypted(self.authority.clone())),
            Some(at) if !ours && !reach.allows(at.ip()) => Err(OutboundFault::NotPublic(self.authority.clone())),
            _ => Ok(Route::Tls),
        }
    }

    /// What the connection is opened for.
    pub(super) fn uri(&self, route: &Route) -> Uri {
        let (scheme, authority) = match route {
            Route::Tls => (Scheme::HTTPS, self.authority.clone()),
            Route::Plain(at) => (Scheme::HTTP, at.to_string()),
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = Authority::from_maybe_shared(authority).ok();
        parts.path_and_query = Some(self.path.clone());
        Uri::from_parts(parts).unwrap_or_default()
    }
}
