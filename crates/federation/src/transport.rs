//! How requests reach a peer: HTTPS with guarded addresses, or a simulated network.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rialto_app::SettingsCell;
use rialto_app::settings::Policy;
use rialto_model::RemoteId;
use rialto_wire::federation::{ID_HEADER, TOKEN_HEADER};
use rialto_wire::site_url::SiteUrl;

/// Bytes of an answer that are read; the rest of a longer one is an error (INV-8).
const MAX_ANSWER: usize = 8 << 20;

/// How long a name server may take when a peer says where it is.
const RESOLVE: Duration = Duration::from_secs(5);

/// A request to a peer.
#[derive(Clone)]
pub struct Request {
    /// Where it is.
    pub site_url: SiteUrl,
    /// Below the site, `/api/v4/remotecluster/ping` for example.
    pub path: &'static str,
    /// The connection.
    pub remote_id: RemoteId,
    /// What we present.
    pub token: String,
    /// JSON.
    pub body: String,
    /// For the whole exchange.
    pub timeout: Duration,
}

/// The bytes of a file on their way to a peer.
pub struct FileRequest {
    /// Where it is.
    pub site_url: SiteUrl,
    /// Below the site, with the name of the upload.
    pub path: String,
    /// The connection.
    pub remote_id: RemoteId,
    /// What we present.
    pub token: String,
    /// Of the bytes; None for those of a file as such.
    pub content_type: Option<String>,
    /// Bytes that follow.
    pub length: u64,
    /// The bytes.
    pub content: BoxStream<'static, std::io::Result<Bytes>>,
    /// For the whole exchange.
    pub timeout: Duration,
}

/// What a peer answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `X-Version-Id`, by which Mattermosts show their version.
    pub version: Option<String>,
    /// Bounded.
    pub body: Vec<u8>,
}

/// The step at which an exchange failed; people are told which (behaviour 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The address is one we do not call.
    Address,
    /// The name does not resolve.
    Resolve,
    /// Nobody listens, or nobody answers.
    Connect,
    /// No trusted encrypted connection.
    Tls,
    /// No answer in time.
    Timeout,
    /// The exchange broke off.
    Exchange,
}

/// Why no answer came.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub struct TransportError {
    /// At which step.
    pub step: Step,
    /// In words, without secrets.
    pub detail: String,
}

impl TransportError {
    /// True if the peer surely has not seen the request: repeating it cannot double anything.
    pub fn surely_unsent(&self) -> bool {
        matches!(self.step, Step::Address | Step::Resolve | Step::Connect | Step::Tls)
    }
}

/// The future of an exchange.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>>;

/// Carries requests to peers.
pub trait Transport: Send + Sync {
    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// [`TransportError`] if no HTTP answer came.
    fn send(&self, request: Request) -> Exchange<'_>;

    /// Sends a file and waits for the answer.
    ///
    /// # Errors
    /// [`TransportError`] if no HTTP answer came.
    fn send_file(&self, request: FileRequest) -> Exchange<'_>;

    /// Whether a site could be called at all, as far as names tell; the text says why not. A name that does not resolve
    /// just now may do so later.
    fn reaches<'a>(&'a self, _site: &'a SiteUrl) -> Reach<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// The future of [`Transport::reaches`].
pub type Reach<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Anywhere on the public network.
    Public,
    /// This machine or a private network: as `PrivatePeerAddresses` says.
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

/// Whether `ip` may be called under the settings in force; the error names the setting.
///
/// # Errors
/// A text for people.
pub fn check_address(settings: &SettingsCell, ip: IpAddr) -> Result<(), String> {
    match classify(ip) {
        AddressClass::Public => Ok(()),
        AddressClass::Never => Err(format!("{ip} is an address that is never called")),
        AddressClass::Private if settings.get().workspaces.private_peers == Policy::Refuse => {
            Err(format!("{ip} is on a private network, which ConnectedWorkspacesSettings.PrivatePeerAddresses refuses"))
        }
        AddressClass::Private => Ok(()),
    }
}

/// Whether a site may be called under the settings in force, as far as its address alone tells; the error names the
/// setting (ruling README 1).
///
/// # Errors
/// A text for people.
pub fn check_site(settings: &SettingsCell, site: &SiteUrl) -> Result<(), String> {
    match site.host() {
        Some(url::Host::Ipv4(ip)) => check_address(settings, ip.into())?,
        Some(url::Host::Ipv6(ip)) => check_address(settings, ip.into())?,
        Some(url::Host::Domain(_)) | None => {}
    }
    if !site.is_https() && settings.get().workspaces.insecure_peers == Policy::Refuse {
        return Err("the peer has no TLS, which ConnectedWorkspacesSettings.InsecurePeers refuses".to_owned());
    }
    Ok(())
}

/// Resolves names and hands out only addresses that may be called, so that no later answer of a name server slips by.
struct GuardedResolver {
    settings: SettingsCell,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let settings = self.settings.clone();
        Box::pin(async move {
            let allowed = resolve(&settings, name.as_str()).await?;
            let allowed = allowed.map_err(|refused| format!("{ADDRESS_MARK}{refused}"))?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name that may be called; the inner error says why none may.
async fn resolve(settings: &SettingsCell, name: &str) -> std::io::Result<Result<Vec<SocketAddr>, String>> {
    let mut refused = format!("{name} has no address");
    let mut allowed = Vec::new();
    for address in tokio::net::lookup_host((name, 0)).await? {
        match check_address(settings, address.ip()) {
            Ok(()) => allowed.push(address),
            Err(why) => refused = why,
        }
    }
    Ok(if allowed.is_empty() { Err(refused) } else { Ok(allowed) })
}

/// Marks our own refusal among the errors of the HTTP client, which only keeps texts.
const ADDRESS_MARK: &str = "address refused: ";

/// The real network.
pub struct Https {
    client: reqwest::Client,
    settings: SettingsCell,
}

impl Https {
    /// Makes the client. The process must have installed a cryptographic provider for TLS before.
    ///
    /// # Errors
    /// A text, if TLS cannot be set up.
    pub fn new(settings: SettingsCell) -> Result<Self, String> {
        let builder = reqwest::Client::builder();
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(std::sync::Arc::new(GuardedResolver { settings: settings.clone() }))
            .connect_timeout(Duration::from_secs(15))
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(4)
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, settings })
    }

    /// Whether a site may be called under the settings in force. Literal addresses never meet the resolver.
    fn check(&self, site: &SiteUrl) -> Result<(), TransportError> {
        check_site(&self.settings, site).map_err(|detail| TransportError { step: Step::Address, detail })
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        self.check(&request.site_url)?;
        let call = self
            .client
            .post(request.site_url.join(request.path))
            .header(ID_HEADER, request.remote_id.as_str())
            .header(TOKEN_HEADER, &request.token)
            .header("Content-Type", "application/json")
            .timeout(request.timeout)
            .body(request.body);
        read(call).await
    }

    async fn exchange_file(&self, request: FileRequest) -> Result<Response, TransportError> {
        self.check(&request.site_url)?;
        let call = self
            .client
            .post(request.site_url.join(&request.path))
            .header(ID_HEADER, request.remote_id.as_str())
            .header(TOKEN_HEADER, &request.token)
            .header("Content-Length", request.length)
            .timeout(request.timeout)
            .body(reqwest::Body::wrap_stream(request.content));
        let call = match request.content_type {
            Some(kind) => call.header("Content-Type", kind),
            None => call,
        };
        read(call).await
    }
}

/// Sends a request and reads the answer, bounded.
async fn read(call: reqwest::RequestBuilder) -> Result<Response, TransportError> {
    let answer = call.send().await.map_err(|error| explain(&error))?;
    let status = answer.status().as_u16();
    let version = answer.headers().get("x-version-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let mut answer = answer;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| explain(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            let detail = "the answer is too long".to_owned();
            return Err(TransportError { step: Step::Exchange, detail });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, version, body })
}

impl Transport for Https {
    fn send(&self, request: Request) -> Exchange<'_> {
        Box::pin(self.exchange(request))
    }

    fn send_file(&self, request: FileRequest) -> Exchange<'_> {
        Box::pin(self.exchange_file(request))
    }

    fn reaches<'a>(&'a self, site: &'a SiteUrl) -> Reach<'a> {
        Box::pin(async move {
            let Some(url::Host::Domain(name)) = site.host() else { return Ok(()) };
            match tokio::time::timeout(RESOLVE, resolve(&self.settings, &name)).await {
                Ok(Ok(found)) => found.map(|_| ()),
                // Name servers fail and recover.
                Ok(Err(_)) | Err(_) => Ok(()),
            }
        })
    }
}

fn explain(error: &reqwest::Error) -> TransportError {
    let mut chain = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        chain = format!("{chain}{}: ", inner.to_string().chars().take(200).collect::<String>());
        cause = inner.source();
    }
    let text = chain.to_ascii_lowercase();
    if let Some((_, why)) = chain.split_once(ADDRESS_MARK) {
        return TransportError { step: Step::Address, detail: why.trim_end_matches(": ").to_owned() };
    }
    let (step, detail) = if error.is_timeout() && error.is_connect() {
        (Step::Connect, "no connection within the time allowed")
    } else if error.is_timeout() {
        (Step::Timeout, "no answer within the time allowed")
    } else if text.contains("dns error") || text.contains("failed to lookup") {
        (Step::Resolve, "the host name does not resolve")
    } else if text.contains("certificate") || text.contains("tls") || text.contains("handshake") {
        (Step::Tls, "no trusted TLS connection")
    } else if error.is_connect() {
        (Step::Connect, "the connection was refused")
    } else {
        (Step::Exchange, "the exchange broke off")
    };
    TransportError { step, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ip: &str, class: AddressClass) {
        assert_eq!(classify(ip.parse().unwrap()), class, "{ip}");
    }

    fn site(url: &str) -> SiteUrl {
        SiteUrl::parse(url).unwrap()
    }

    fn settings(private: Policy, insecure: Policy) -> SettingsCell {
        let mut settings = rialto_app::Settings::default();
        settings.workspaces.private_peers = private;
        settings.workspaces.insecure_peers = insecure;
        SettingsCell::new(settings)
    }

    #[test]
    fn a_site_is_refused_by_its_address_or_for_want_of_tls() {
        let strict = settings(Policy::Refuse, Policy::Refuse);
        for (url, why) in [
            ("http://chat.example.org", "InsecurePeers"),
            ("https://10.0.0.1", "PrivatePeerAddresses"),
            ("https://[::1]:8065", "PrivatePeerAddresses"),
            ("https://169.254.169.254", "never called"),
        ] {
            let refusal = check_site(&strict, &site(url)).unwrap_err();
            assert!(refusal.contains(why), "{url}: {refusal}");
        }
        assert_eq!(check_site(&strict, &site("https://chat.example.org")), Ok(()));
        for lenient in [Policy::Allow, Policy::Warn] {
            let lenient = settings(lenient, lenient);
            assert_eq!(check_site(&lenient, &site("http://10.0.0.1")), Ok(()));
            assert!(check_site(&lenient, &site("http://169.254.169.254")).is_err());
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_like_its_address() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let local = site("https://localhost:8065");
        let strict = Https::new(settings(Policy::Refuse, Policy::Refuse)).unwrap();
        assert!(strict.reaches(&local).await.unwrap_err().contains("PrivatePeerAddresses"));
        let lenient = Https::new(settings(Policy::Allow, Policy::Refuse)).unwrap();
        assert_eq!(lenient.reaches(&local).await, Ok(()));
        assert_eq!(strict.reaches(&site("https://no-such-host.invalid")).await, Ok(()), "it may be there later");
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
