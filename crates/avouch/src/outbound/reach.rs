//! What may be reached beyond public addresses.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use crate::security::proxy::Network;

use super::is_public;

/// What may be reached beyond public addresses, as an installation says. None of it declares a host: a call names its
/// hosts still.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reach {
    /// Addresses of this machine that may be reached, over plain http too: `127.0.0.1:9000`. For tests and development.
    pub loopback: Vec<SocketAddr>,
    /// Hosts that are reached through an address of this machine, which speaks TLS to them: a proxy of yours.
    pub via: BTreeMap<String, SocketAddr>,
    /// Private networks, in which declared hosts may have their addresses: `10.0.0.0/8`. Over https only.
    pub networks: Vec<Network>,
}

impl Reach {
    /// Whether the addresses that should be this machine's are.
    pub(super) fn check(&self) -> Result<(), String> {
        let named = self.loopback.iter().chain(self.via.values());
        match named.into_iter().find(|at| !at.ip().is_loopback()) {
            Some(at) => Err(format!(
                "{at} is not on this machine: what goes to it would go unencrypted. Write a loopback address such as 127.0.0.1:8700"
            )),
            None => Ok(()),
        }
    }

    /// Whether an address may be connected to over TLS.
    pub(super) fn allows(&self, ip: IpAddr) -> bool {
        is_public(ip) || self.networks.iter().any(|network| network.has(ip))
    }
}
