//! Which addresses are the public's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not global unicast, by the IANA registry of special-purpose addresses (RFC 6890 and
/// its successors), with multicast and what is reserved.
const SPECIAL_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // shared by carriers
    ([127, 0, 0, 0], 8),     // this machine
    ([169, 254, 0, 0], 16),  // link-local; clouds tell secrets at 169.254.169.254
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // AS112
    ([192, 52, 193, 0], 24), // automatic multicast tunnelling
    ([192, 88, 99, 0], 24),  // 6to4 relays, withdrawn
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarking
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 3),     // multicast, reserved, broadcast
];

/// Networks within 2000::/3, the global unicast of IPv6, that are something else.
const SPECIAL_V6: [(u128, u32); 6] = [
    (0x2001_0000 << 96, 23),                         // protocol assignments, Teredo among them
    (0x2001_0db8 << 96, 32),                         // documentation
    (0x2002_0000 << 96, 16),                         // 6to4: an IPv4 address in disguise
    (0x2620_004f_8000_0000_0000_0000_0000_0000, 48), // AS112
    (0x3fff_0000 << 96, 20),                         // documentation
    (0x3ffe_0000 << 96, 16),                         // the former test network
];

/// 2000::/3.
const GLOBAL_V6: (u128, u32) = (0x2000_0000 << 96, 3);
/// 64:ff9b::/96, through which a network without IPv4 reaches it: what the last four bytes say counts.
const NAT64: (u128, u32) = (0x0064_ff9b << 96, 96);

/// Whether an address is one of the public's, so that nobody is reached there who is reached from within only.
/// IPv4 written as IPv6 (`::ffff:…`) is none.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4_is_public(v4),
        IpAddr::V6(v6) => v6_is_public(v6),
    }
}

fn v4_is_public(ip: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(net, bits)| (ip.to_bits() ^ Ipv4Addr::from(*net).to_bits()) >> (32 - bits) == 0)
}

fn v6_is_public(ip: Ipv6Addr) -> bool {
    let within = |(net, bits): (u128, u32)| (ip.to_bits() ^ net) >> (128 - bits) == 0;
    if within(NAT64) {
        let [.., a, b, c, d] = ip.octets();
        return v4_is_public(Ipv4Addr::new(a, b, c, d));
    }
    within(GLOBAL_V6) && !SPECIAL_V6.into_iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_4_1_only_public_addresses_are_reached() {
        let inner = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "3ffe::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "5f00::1",
        ];
        for ip in inner {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        let open = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "64:ff9b::808:808",
            "2001:200::1",
            "2400:3200::1",
            "2606:4700::1111",
            "2a00:1450::1",
        ];
        for ip in open {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
