//! Redirects: the one that is followed, and what is said of all others (E-017).
//!
//! A request to a peer carries its credential, so the HTTP client follows nothing by itself. Only a site that leads from
//! plain to encrypted on the same host, path and all, is called there instead, and that address is kept.

use rialto_wire::site_url::SiteUrl;
use url::Url;

use crate::transport::Response;

/// Longest target that is shown, characters.
const SHOWN: usize = 200;

/// The encrypted address of the same host to which a site leads whoever calls `path` on it; None for every other answer.
pub(crate) fn encrypted(site: &SiteUrl, path: &str, response: &Response) -> Option<SiteUrl> {
    if !matches!(response.status, 301 | 302 | 307 | 308) || site.is_https() {
        return None;
    }
    let asked = Url::parse(&site.join(path)).ok()?;
    let to = asked.join(response.location.as_deref()?).ok()?;
    let same_place = to.scheme() == "https" && to.host() == asked.host() && to.path() == asked.path();
    let nothing_else =
        to.query().is_none() && to.fragment().is_none() && to.username().is_empty() && to.password().is_none();
    if !same_place || !nothing_else {
        return None;
    }
    let port = to.port().map_or_else(String::new, |port| format!(":{port}"));
    SiteUrl::parse(&format!("https://{}{port}{}", to.host_str()?, site.sub_path())).ok()
}

/// Where a redirect leads, without what may be secret in it; None if it does not say so.
pub(crate) fn target(site: &SiteUrl, path: &str, response: &Response) -> Option<String> {
    if !(300..=399).contains(&response.status) {
        return None;
    }
    let mut to = Url::parse(&site.join(path)).ok()?.join(response.location.as_deref()?).ok()?;
    to.set_query(None);
    to.set_fragment(None);
    // Neither can fail where there is a host; without one there is nobody in it.
    let _ = to.set_username("");
    let _ = to.set_password(None);
    Some(to.as_str().chars().filter(|c| !c.is_control()).take(SHOWN).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/api/v4/remotecluster/ping";

    fn led(site: &str, status: u16, location: &str) -> Option<String> {
        let response = Response { status, location: Some(location.to_owned()), ..Response::default() };
        encrypted(&SiteUrl::parse(site).unwrap(), PATH, &response).map(|site| site.to_string())
    }

    /// E-017: the same host, encrypted instead of plain; nothing else.
    #[test]
    fn only_the_way_to_encryption_is_followed() {
        for (from, to, expected) in [
            ("http://h.example", "https://h.example/api/v4/remotecluster/ping", "https://h.example"),
            ("http://h.example:8065", "https://h.example:8443/api/v4/remotecluster/ping", "https://h.example:8443"),
            ("http://h.example/chat", "https://H.example/chat/api/v4/remotecluster/ping", "https://h.example/chat"),
            ("http://[::1]:80", "https://[::1]/api/v4/remotecluster/ping", "https://[::1]"),
        ] {
            for status in [301, 302, 307, 308] {
                assert_eq!(led(from, status, to).as_deref(), Some(expected), "{status} {to}");
            }
            assert_eq!(led(from, 303, to), None, "303 says to fetch something else");
            assert_eq!(led(from, 200, to), None);
        }
        for (from, to) in [
            ("http://h.example", "https://other.example/api/v4/remotecluster/ping"),
            ("http://h.example", "https://h.example.evil.example/api/v4/remotecluster/ping"),
            ("http://h.example", "http://h.example:81/api/v4/remotecluster/ping"),
            ("https://h.example", "https://h.example:444/api/v4/remotecluster/ping"),
            ("https://h.example", "http://h.example/api/v4/remotecluster/ping"),
            ("http://h.example", "https://h.example/login"),
            ("http://h.example", "https://h.example/chat/api/v4/remotecluster/ping"),
            ("http://h.example", "https://h.example/api/v4/remotecluster/ping?next=1"),
            ("http://h.example", "https://me@h.example/api/v4/remotecluster/ping"),
            ("http://h.example", "/api/v4/remotecluster/ping/"),
            ("http://h.example", "https://"),
        ] {
            assert_eq!(led(from, 301, to), None, "{from} to {to}");
        }
    }

    /// E-017: people are told where it leads, without what a link may carry.
    #[test]
    fn the_target_is_named_without_secrets() {
        let site = SiteUrl::parse("http://h.example/chat").unwrap();
        let named = |status, location: &str| {
            let response = Response { status, location: Some(location.to_owned()), ..Response::default() };
            target(&site, PATH, &response)
        };
        let to = named(302, "https://me:secret@sso.example/login?token=secret#secret");
        assert_eq!(to.as_deref(), Some("https://sso.example/login"));
        assert_eq!(named(302, "/elsewhere").as_deref(), Some("http://h.example/elsewhere"));
        assert_eq!(named(200, "/elsewhere"), None);
        assert_eq!(named(302, &format!("/{}", "a".repeat(900))).unwrap().len(), SHOWN);
    }
}
