//! Whose address a request comes from, where proxies stand in front.
//!
//! Keeps promise 1.5: an address is noted by the server. What a header says is believed only from a proxy that the
//! installation names, and of the addresses in it only the right-most that no such proxy has: everything left of that
//! anybody can write.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network whose members are proxies of this installation, e.g. `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    first: u128,
    last: u128,
}

/// An address as a number; IPv4 as the part of IPv6 it is mapped to.
fn number(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn has(&self, ip: IpAddr) -> bool {
        (self.first..=self.last).contains(&number(ip))
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no network; write 10.0.0.0/8, fd00::/8, or one address");
        let (ip, bits) = match text.split_once('/') {
            Some((ip, bits)) => (ip, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let width = if ip.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS };
        let bits = bits.unwrap_or(width);
        if bits > width {
            return Err(wrong());
        }
        // Everyone is nobody's proxy: with this, whoever asks could write any address.
        if bits == 0 {
            return Err(format!("'{text}' is everyone; name the networks your proxies are in"));
        }
        let within = u128::MAX.checked_shr(Ipv6Addr::BITS - (width - bits)).unwrap_or(0);
        let first = number(ip) & !within;
        Ok(Self { first, last: first | within })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The address a proxy forwards for: nothing where the peer is no proxy of ours, says nothing, or says what cannot be
/// read. `forwarded` are the `X-Forwarded-For` headers in their order.
#[must_use]
pub fn forwarded_for<'h>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'h str>,
    trusted: &[Network],
) -> Option<IpAddr> {
    let ours = |ip: IpAddr| trusted.iter().any(|network| network.has(ip));
    if !ours(peer) {
        return None;
    }
    for said in forwarded.rev().flat_map(|header| header.rsplit(',')) {
        // An entry that is no address ends the search: left of it nothing is known.
        let ip: IpAddr = said.trim().parse().ok()?;
        if !ours(ip) {
            return Some(ip.to_canonical());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(all: &[&str]) -> Vec<Network> {
        all.iter().map(|n| n.parse().unwrap()).collect()
    }

    fn of(peer: &str, headers: &[&str], trusted: &[&str]) -> Option<String> {
        forwarded_for(peer.parse().unwrap(), headers.iter().copied(), &nets(trusted)).map(|ip| ip.to_string())
    }

    #[test]
    fn a_network_has_its_members_and_no_others() {
        let ten = nets(&["10.0.0.0/8"]);
        assert!(ten[0].has("10.255.0.1".parse().unwrap()) && ten[0].has("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!ten[0].has("11.0.0.0".parse().unwrap()) && !ten[0].has("9.255.255.255".parse().unwrap()));
        let one = nets(&["192.0.2.7", "2001:db8::/32"]);
        assert!(one[0].has("192.0.2.7".parse().unwrap()) && !one[0].has("192.0.2.8".parse().unwrap()));
        assert!(one[1].has("2001:db8:ffff::1".parse().unwrap()) && !one[1].has("2001:db9::".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "0.0.0.0/0", "::/0", "ten", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn promise_1_5_only_a_proxy_of_ours_is_believed_and_only_its_last_word() {
        assert_eq!(of("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), None, "a stranger's header");
        assert_eq!(of("203.0.113.9", &["198.51.100.1"], &[]), None, "nobody is trusted by default");
        assert_eq!(of("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]).as_deref(), Some("198.51.100.1"));
        let forged = ["6.6.6.6, 198.51.100.1, 10.0.0.2"];
        assert_eq!(of("10.0.0.1", &forged, &["10.0.0.0/8"]).as_deref(), Some("198.51.100.1"));
        let two = ["6.6.6.6", "198.51.100.1"];
        assert_eq!(of("10.0.0.1", &two, &["10.0.0.0/8"]).as_deref(), Some("198.51.100.1"), "the last header");
        assert_eq!(of("10.0.0.1", &["198.51.100.1, what"], &["10.0.0.0/8"]), None);
        assert_eq!(of("10.0.0.1", &[], &["10.0.0.0/8"]), None);
        assert_eq!(of("10.0.0.1", &["10.0.0.3"], &["10.0.0.0/8"]), None, "ours alone");
    }
}
