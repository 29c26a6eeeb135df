//! Which addresses of the network this server calls, and which it never does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Anywhere on the public network.
    Public,
    /// This machine or a private network: as the settings say.
    Private,
    /// Link-local, cloud metadata, multicast and the like: never (ruling README 1).
    Never,
}

/// Sorts an address.
pub fn classify(ip: IpAddr) -> AddressClass {
    match ip {
        IpAddr::V4(ip) => classify_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => classify_v4(mapped),
            None => classify_v6(ip),
        },
    }
}

fn classify_v4(ip: Ipv4Addr) -> AddressClass {
    let [a, b, ..] = ip.octets();
    let metadata = ip == Ipv4Addr::new(100, 100, 100, 200);
    if ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_unspecified()
        || a == 0
        || a >= 240
        || metadata
    {
        return AddressClass::Never;
    }
    let carrier = a == 100 && (64..128).contains(&b);
    if ip.is_loopback() || ip.is_private() || carrier { AddressClass::Private } else { AddressClass::Public }
}

/// The IPv4 address that is reached through an IPv6 one: by NAT64, by 6to4, or in the compatible form of old.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let joined = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(joined(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if !ip.is_loopback() => Some(joined(high, low)),
        _ => None,
    }
}

fn classify_v6(ip: Ipv6Addr) -> AddressClass {
    let [first, second, third, ..] = ip.segments();
    let metadata = ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    // Link-local and the site-local addresses of old.
    let local = matches!(first & 0xffc0, 0xfe80 | 0xfec0);
    // A network's own translation to IPv4 may lead anywhere.
    let translated = (first, second, third) == (0x64, 0xff9b, 1);
    if ip.is_multicast() || ip.is_unspecified() || local || translated || metadata {
        return AddressClass::Never;
    }
    if let Some(inner) = embedded(ip) {
        return classify_v4(inner);
    }
    if ip.is_loopback() || first & 0xfe00 == 0xfc00 { AddressClass::Private } else { AddressClass::Public }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ip: &str, class: AddressClass) {
        assert_eq!(classify(ip.parse().unwrap()), class, "{ip}");
    }

    #[test]
    fn addresses_are_sorted() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:c0a8:101::",
        ] {
            check(ip, AddressClass::Private);
        }
        for ip in [
            "169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:a9fe:a9fe::1",
            "::169.254.169.254",
            "fec0::1",
        ] {
            check(ip, AddressClass::Never);
        }
        for ip in ["93.184.216.34", "2606:2800:220:1::1", "172.32.0.1", "64:ff9b::5db8:d822"] {
            check(ip, AddressClass::Public);
        }
    }
}
