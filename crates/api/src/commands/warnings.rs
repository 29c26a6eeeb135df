//! What is allowed but unwise: weak passwords and addresses that others will hardly reach. Source: SC-026, SC-047.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Words of which people make passwords. A password that consists of nothing but these and digits is easily guessed,
/// however long it is.
const COMMON_WORDS: &str = "a abc access acme admin administrator and asdf asdfgh asdfghjkl autumn baseball battery change channel chat \
    code company connect connection correct demo dragon example football for hello horse iloveyou invitation \
    invite is letmein login love master mattermost me mission monkey my our pass passphrase password please \
    princess qwerty qwertyuiop qwertz rialto secret secure server shadow share shared spring staple summer \
    sunshine team temp test testing the this user welcome winter word world you your zxcvbn zxcvbnm";

/// Why a password is weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than 14 characters.
    Short,
    /// Made of common words, digits or repetitions.
    Common,
}

/// Says whether `password` is weak. It is accepted all the same (SC-026).
pub fn weakness(password: &str) -> Option<Weakness> {
    if password.chars().count() < 14 {
        return Some(Weakness::Short);
    }
    let letters: Vec<char> = password.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let distinct =
        letters.iter().enumerate().filter(|(place, c)| !letters.iter().take(*place).any(|d| d == *c)).count();
    let common = distinct < 6 || made_of_common_words(&letters, false) || made_of_common_words(&letters, true);
    common.then_some(Weakness::Common)
}

/// Whether the letters fall apart into common words and digits; `leet` reads digits as the letters they look like.
fn made_of_common_words(letters: &[char], leet: bool) -> bool {
    let text: Vec<char> = letters.iter().map(|c| if leet { unleet(*c) } else { *c }).collect();
    let mut reachable = vec![false; text.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    for end in 1..=text.len() {
        let from = |length: usize| end.checked_sub(length).is_some_and(|at| reachable.get(at) == Some(&true));
        let digit = text.get(end - 1).is_some_and(char::is_ascii_digit) && from(1);
        let word = || {
            COMMON_WORDS.split(' ').any(|word| {
                from(word.len())
                    && text.get(end - word.len()..end).is_some_and(|part| part.iter().copied().eq(word.chars()))
            })
        };
        let here = digit || word();
        if let Some(slot) = reachable.get_mut(end) {
            *slot = here;
        }
    }
    reachable.last() == Some(&true)
}

fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    }
}

/// What is doubtful about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressDoubt {
    /// No TLS.
    PlainHttp,
    /// The machine itself.
    Loopback,
    /// Reachable inside one network only, by its number or by a name that only such a network knows.
    Private,
}

/// What is doubtful about `site_url` seen from another organisation. Looks at the text only, asks no name server.
pub fn address_doubts(site_url: &str) -> Vec<AddressDoubt> {
    let mut doubts = Vec::new();
    let (scheme, rest) = site_url.split_once("://").unwrap_or(("", site_url));
    if scheme.eq_ignore_ascii_case("http") {
        doubts.push(AddressDoubt::PlainHttp);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((inside, _)) => inside,
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.').to_lowercase();
    match host.parse::<IpAddr>() {
        Ok(ip) if is_loopback(ip) => doubts.push(AddressDoubt::Loopback),
        Ok(ip) if is_private(ip) => doubts.push(AddressDoubt::Private),
        Ok(_) => {}
        Err(_) if host == "localhost" || host.ends_with(".localhost") => doubts.push(AddressDoubt::Loopback),
        Err(_) if is_local_name(&host) => doubts.push(AddressDoubt::Private),
        Err(_) => {}
    }
    doubts
}

fn is_local_name(host: &str) -> bool {
    !host.contains('.')
        || [".local", ".internal", ".intranet", ".lan", ".home", ".home.arpa", ".corp", ".private"]
            .iter()
            .any(|suffix| host.ends_with(suffix))
}

fn unmapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    unmapped(ip).is_loopback()
}

fn is_private(ip: IpAddr) -> bool {
    match unmapped(ip) {
        IpAddr::V4(four) => {
            let [first, second, ..] = four.octets();
            let carrier = first == 100 && (64..128).contains(&second);
            four.is_private() || four.is_link_local() || four == Ipv4Addr::UNSPECIFIED || carrier
        }
        IpAddr::V6(six) => six.is_unique_local() || six.is_unicast_link_local() || six == Ipv6Addr::UNSPECIFIED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SC-026.
    #[test]
    fn weak_passwords_are_short_or_common() {
        for password in ["", "short", "kT7#pq!xW2$mZ", "ünïcödé-13-zz"] {
            assert_eq!(weakness(password), Some(Weakness::Short), "{password}");
        }
        for password in [
            "examplepassword",
            "Example-Password-2024!",
            "p4ssw0rdp4ssw0rd",
            "aaaaaaaaaaaaaaaaaaaaaaa",
            "12121212121212121212",
            "12345678901234567890",
            "correct horse battery staple",
            "--------------------",
        ] {
            assert_eq!(weakness(password), Some(Weakness::Common), "{password}");
        }
        for password in ["kT7#pq!xW2$mZ9", "sieben grüne Dächer im Regen", "violet tractor mumbles"] {
            assert_eq!(weakness(password), None, "{password}");
        }
    }

    #[track_caller]
    fn check(url: &str, doubts: &[AddressDoubt]) {
        assert_eq!(address_doubts(url), doubts, "{url}");
    }

    #[test]
    fn doubtful_addresses_are_recognised() {
        use AddressDoubt::{Loopback, PlainHttp, Private};
        check("https://chat.example.org", &[]);
        check("https://203.0.113.9:8443/chat", &[]);
        check("https://[2001:db8::1]:8065", &[]);
        check("http://chat.example.org", &[PlainHttp]);
        check("http://localhost:8065", &[PlainHttp, Loopback]);
        check("https://chat.localhost", &[Loopback]);
        check("https://127.0.0.1/x", &[Loopback]);
        check("https://[::1]:8065", &[Loopback]);
        check("https://[::ffff:127.0.0.1]", &[Loopback]);
        for host in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "[fd00::1]",
            "[fe80::1]",
            "chat",
            "chat.lan",
            "Chat.Internal.",
        ] {
            check(&format!("https://{host}"), &[Private]);
        }
        check("https://172.32.0.1", &[]);
        check("https://user:secret@10.0.0.1:80", &[Private]);
    }
}
