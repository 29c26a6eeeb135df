//! Site URLs: where a server is reached, ours or a peer's.

use std::fmt;

use url::{Host, Url};

/// Longest site URL that is stored anywhere (wire 8.1).
pub const MAX_SITE_URL: usize = 512;

/// Why a site URL was refused. Source: wire 1.6, G-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSiteUrl {
    /// Longer than [`MAX_SITE_URL`] bytes.
    #[error("is longer than {MAX_SITE_URL} characters")]
    TooLong,
    /// Not a URL at all, or one without a host.
    #[error("is not a complete URL")]
    Form,
    /// Neither `http` nor `https`.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// `user:password@` in front of the host.
    #[error("must not contain a user name or password")]
    UserInfo,
    /// A `?query` or `#fragment`.
    #[error("must not contain a query or a fragment")]
    Extra,
}

/// An `http` or `https` address with a host, perhaps a port and a sub-path, without a slash at the end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SiteUrl {
    text: String,
    scheme_len: usize,
}

impl SiteUrl {
    /// Reads a site URL. Scheme and host become lower case, a default port goes, slashes at the end are cut off, a
    /// sub-path stays (wire 1.6).
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<SiteUrl, InvalidSiteUrl> {
        let text = text.trim();
        if text.len() > MAX_SITE_URL {
            return Err(InvalidSiteUrl::TooLong);
        }
        let url = Url::parse(text).map_err(|_| InvalidSiteUrl::Form)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidSiteUrl::Scheme);
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidSiteUrl::Form);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidSiteUrl::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidSiteUrl::Extra);
        }
        let scheme_len = url.scheme().len();
        let mut text = String::from(url);
        text.truncate(text.trim_end_matches('/').len());
        if text.len() > MAX_SITE_URL {
            return Err(InvalidSiteUrl::TooLong);
        }
        Ok(SiteUrl { text, scheme_len })
    }

    /// The address without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends `path`, with exactly one slash between.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{}", self.text, path.trim_start_matches('/'))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.text.get(..self.scheme_len).unwrap_or_default()
    }

    /// Whether requests to it are encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme() == "https"
    }

    /// Host name or address, IPv6 in brackets, with the port if it is not the default one.
    pub fn authority(&self) -> &str {
        let rest = self.text.get(self.scheme_len + 3..).unwrap_or_default();
        rest.split_once('/').map_or(rest, |(authority, _)| authority)
    }

    /// The sub-path with its leading slash, or `""`.
    pub fn sub_path(&self) -> &str {
        self.text.get(self.scheme_len + 3 + self.authority().len()..).unwrap_or_default()
    }

    /// The host, split into names and addresses.
    pub fn host(&self) -> Option<Host<String>> {
        Url::parse(&self.text).ok().and_then(|url| url.host().map(|host| host.to_owned()))
    }

    /// The port requests go to.
    pub fn port(&self) -> u16 {
        let default = if self.is_https() { 443 } else { 80 };
        Url::parse(&self.text).ok().and_then(|url| url.port()).unwrap_or(default)
    }

    /// Whether a Mattermost recognises links to this site: neither port nor sub-path (ruling 60).
    pub fn is_plain_host(&self) -> bool {
        let authority = self.authority();
        self.sub_path().is_empty() && authority.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
    }
}

impl fmt::Display for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, normal: &str) {
        assert_eq!(SiteUrl::parse(text).map(|url| url.as_str().to_owned()).as_deref(), Ok(normal));
    }

    #[track_caller]
    fn refuse(text: &str, why: InvalidSiteUrl) {
        assert_eq!(SiteUrl::parse(text), Err(why), "{text}");
    }

    #[test]
    fn normalises() {
        check("https://Two.Example.org/", "https://two.example.org");
        check("https://two.example.org:443//", "https://two.example.org");
        check("http://two.example.org:8065", "http://two.example.org:8065");
        check("https://h.example/chat/", "https://h.example/chat");
        check(" http://[::1]:8065/ ", "http://[::1]:8065");
    }

    /// E-124: a host may be an address of the sixth version, or a name in any alphabet.
    #[test]
    fn takes_hosts_of_every_form() {
        check("https://Bücher.Example:8443/", "https://xn--bcher-kva.example:8443");
        check("https://xn--bcher-kva.example", "https://xn--bcher-kva.example");
        let url = SiteUrl::parse("https://[2001:DB8::0:1]/chat").unwrap();
        assert_eq!((url.as_str(), url.authority()), ("https://[2001:db8::1]/chat", "[2001:db8::1]"));
        assert_eq!(url.host(), Some(Host::Ipv6("2001:db8::1".parse().unwrap())));
        refuse("https://[2001:db8::zz]", InvalidSiteUrl::Form);
        refuse("https://xn--.example", InvalidSiteUrl::Form);
    }

    #[test]
    fn refuses_what_is_no_site() {
        refuse("ftp://h.example", InvalidSiteUrl::Scheme);
        refuse("file:///etc/passwd", InvalidSiteUrl::Scheme);
        refuse("h.example", InvalidSiteUrl::Form);
        refuse("", InvalidSiteUrl::Form);
        refuse("https://", InvalidSiteUrl::Form);
        refuse("https://user@h.example", InvalidSiteUrl::UserInfo);
        refuse("https://h.example/?a=1", InvalidSiteUrl::Extra);
        refuse("https://h.example/#x", InvalidSiteUrl::Extra);
        refuse(&format!("https://h.example/{}", "a".repeat(600)), InvalidSiteUrl::TooLong);
    }

    #[test]
    fn takes_itself_apart() {
        let url = SiteUrl::parse("https://h.example:8443/chat/room").unwrap();
        assert_eq!((url.scheme(), url.authority(), url.sub_path()), ("https", "h.example:8443", "/chat/room"));
        assert_eq!(url.port(), 8443);
        assert_eq!(url.join("/api/v4/x"), "https://h.example:8443/chat/room/api/v4/x");
        assert!(!url.is_plain_host());
        assert!(SiteUrl::parse("https://h.example").unwrap().is_plain_host());
        assert!(!SiteUrl::parse("https://h.example:1").unwrap().is_plain_host());
        assert_eq!(SiteUrl::parse("http://h.example").unwrap().port(), 80);
    }
}
