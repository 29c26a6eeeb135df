//! Calling others by HTTP at addresses that people write: pages for previews, programs of integrations. From the public
//! network, and of one's own only what the administrator has named.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rialto_app::SettingsCell;
use rialto_federation::names::Guarded;
use rialto_model::address::{AddressClass, classify};
use url::{Host, Url};

/// For the way to one server.
const CONNECT: Duration = Duration::from_secs(4);

/// A client that resolves names under the rule and follows nobody anywhere. The process must have installed a cryptographic
/// provider for TLS before.
///
/// # Errors
/// A text, if TLS cannot be set up.
pub fn client(settings: &SettingsCell, agent: &'static str) -> Result<reqwest::Client, String> {
    let rule = settings.clone();
    let names = Guarded::new(move |name, ip| check_address(&rule, name, ip));
    reqwest::Client::builder()
        .user_agent(agent)
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(Arc::new(names))
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())
}

/// Whether an address may be called: those of the public network, and of one's own what
/// `ServiceSettings.AllowedUntrustedInternalConnections` names.
fn check_address(settings: &SettingsCell, name: &str, ip: IpAddr) -> Result<(), String> {
    let may = match classify(ip) {
        AddressClass::Public => true,
        AddressClass::Private => settings.get().links.internal.iter().any(|allowed| is_named(allowed, name, ip)),
        AddressClass::Never => false,
    };
    if may { Ok(()) } else { Err(format!("{ip} may not be called")) }
}

/// Whether a URL may be called as far as its text says; names are checked when they are resolved.
pub fn may_call(settings: &SettingsCell, url: &Url) -> bool {
    let literally = match url.host() {
        // Addresses that stand in a URL as such never meet the resolver.
        Some(Host::Ipv4(ip)) => check_address(settings, "", ip.into()).is_ok(),
        Some(Host::Ipv6(ip)) => check_address(settings, "", ip.into()).is_ok(),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    literally && matches!(url.scheme(), "http" | "https")
}

/// Whether a word of the setting, a name, an address or a network such as `10.1.0.0/16`, means this host.
fn is_named(allowed: &str, name: &str, ip: IpAddr) -> bool {
    allowed == name
        || allowed.parse::<IpAddr>().is_ok_and(|allowed| allowed == ip)
        || allowed.parse::<IpNet>().is_ok_and(|network| network.contains(&ip))
}

#[cfg(test)]
mod tests {
    use rialto_app::Settings;

    use super::*;

    fn settings(internal: &[&str]) -> SettingsCell {
        let mut settings = Settings::default();
        settings.links.internal = internal.iter().map(|word| (*word).to_owned()).collect();
        SettingsCell::new(settings)
    }

    #[test]
    fn one_s_own_network_is_named_by_words() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (allowed, name, address, expected) in [
            ("wiki.local", "wiki.local", "10.0.0.1", true),
            ("wiki.local", "other.local", "10.0.0.1", false),
            ("10.0.0.1", "x", "10.0.0.1", true),
            ("10.0.0.0/8", "x", "10.255.0.1", true),
            ("10.0.0.0/8", "x", "11.0.0.1", false),
            ("0.0.0.0/0", "x", "192.168.0.1", true),
            ("fd00::/8", "x", "fd12::1", true),
            ("fd00::/8", "x", "10.0.0.1", false),
            ("10.0.0.0/99", "x", "10.0.0.1", false),
        ] {
            assert_eq!(is_named(allowed, name, ip(address)), expected, "{allowed} {name} {address}");
        }
        let all = settings(&["169.254.169.254", "0.0.0.0/0"]);
        assert!(check_address(&all, "x", ip("169.254.169.254")).is_err(), "never");
    }
}
