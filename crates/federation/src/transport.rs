//! How requests reach a peer: HTTPS with guarded addresses, or a simulated network.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use rialto_app::SettingsCell;
use rialto_app::settings::Policy;
use rialto_model::address::{AddressClass, classify};
use rialto_model::{Cause, RemoteId};
use rialto_wire::federation::{ID_HEADER, TOKEN_HEADER};
use rialto_wire::site_url::SiteUrl;

use crate::names::{ADDRESS_MARK, Guarded, Names, system_names};

/// Bytes of an answer that are read; the rest of a longer one is an error (INV-8).
const MAX_ANSWER: usize = 8 << 20;

/// How long somebody may take to answer the door.
const CONNECT: Duration = Duration::from_secs(15);

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
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `X-Version-Id`, by which Mattermosts show their version.
    pub version: Option<String>,
    /// Where it says to ask instead, with a redirect.
    pub location: Option<String>,
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
    /// The certificate is out of its time, or one of the clocks is wrong.
    TlsTime,
    /// The certificate is for another name.
    TlsName,
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
        match self.step {
            Step::Address | Step::Resolve | Step::Connect | Step::Tls | Step::TlsTime | Step::TlsName => true,
            Step::Timeout | Step::Exchange => false,
        }
    }
}

/// Of which class a failure is.
pub fn cause(error: &TransportError) -> Cause {
    match error.step {
        Step::Address => Cause::Address,
        Step::Resolve => Cause::Dns,
        Step::Connect => Cause::Tcp,
        Step::Tls => Cause::Tls,
        Step::TlsTime => Cause::TlsTime,
        Step::TlsName => Cause::TlsName,
        Step::Timeout => Cause::Timeout,
        Step::Exchange => Cause::Exchange,
    }
}

/// What the first steps to a site showed; those that were not taken are None.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// Its name resolved, ms.
    pub resolve: Option<Result<i64, TransportError>>,
    /// Somebody listens, ms.
    pub connect: Option<Result<i64, TransportError>>,
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

    /// Takes the first steps to a site without sending anything.
    fn trace<'a>(&'a self, _site: &'a SiteUrl) -> Pin<Box<dyn Future<Output = Trace> + Send + 'a>> {
        Box::pin(async { Trace::default() })
    }

    /// Whether a site could be called at all, as far as names tell; the text says why not. A name that does not resolve
    /// just now may do so later.
    fn reaches<'a>(&'a self, _site: &'a SiteUrl) -> Reach<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// The future of [`Transport::reaches`].
pub type Reach<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

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

/// The real network.
pub struct Https {
    client: reqwest::Client,
    settings: SettingsCell,
    names: Guarded,
}

impl Https {
    /// Makes the client. The process must have installed a cryptographic provider for TLS before.
    ///
    /// # Errors
    /// A text, if TLS cannot be set up.
    pub fn new(settings: SettingsCell) -> Result<Self, String> {
        Self::with(settings, Vec::new(), system_names())
    }

    /// The same, trusting further authorities and asking somebody else for names.
    fn with(settings: SettingsCell, authorities: Vec<reqwest::Certificate>, names: Names) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder();
        if !authorities.is_empty() {
            builder = builder.tls_certs_merge(authorities);
        }
        let rule = settings.clone();
        let names = Guarded::asking(move |_, ip| check_address(&rule, ip), names);
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(names.clone()))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(4)
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, settings, names })
    }

    /// Whether a site may be called under the settings in force. Literal addresses never meet the resolver.
    fn check(&self, site: &SiteUrl) -> Result<(), TransportError> {
        check_site(&self.settings, site).map_err(|detail| TransportError { step: Step::Address, detail })
    }

    /// Resolves the name and connects, to an address that may be called.
    async fn first_steps(&self, site: &SiteUrl) -> Trace {
        let failed = |step, detail: &str| TransportError { step, detail: detail.to_owned() };
        let ms = |since: Instant| i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let mut trace = Trace::default();
        if let Err(refused) = self.check(site) {
            trace.resolve = Some(Err(refused));
            return trace;
        }
        let Some(host) = site.host() else { return trace };
        let begun = Instant::now();
        let addresses = match &host {
            url::Host::Ipv4(ip) => Ok(vec![SocketAddr::from((*ip, site.port()))]),
            url::Host::Ipv6(ip) => Ok(vec![SocketAddr::from((*ip, site.port()))]),
            url::Host::Domain(name) => match tokio::time::timeout(RESOLVE, self.names.addresses(name)).await {
                Ok(Ok(Ok(found))) => {
                    Ok(found.into_iter().map(|found| SocketAddr::new(found.ip(), site.port())).collect())
                }
                Ok(Ok(Err(refused))) => Err(failed(Step::Address, &refused)),
                Ok(Err(_)) | Err(_) => Err(failed(Step::Resolve, "the host name does not resolve")),
            },
        };
        let addresses: Vec<SocketAddr> = match addresses {
            Ok(addresses) => addresses,
            Err(error) => {
                trace.resolve = Some(Err(error));
                return trace;
            }
        };
        trace.resolve = Some(Ok(ms(begun)));
        let begun = Instant::now();
        let connected = tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect(addresses.as_slice())).await;
        trace.connect = Some(match connected {
            Ok(Ok(_)) => Ok(ms(begun)),
            Ok(Err(_)) => Err(failed(Step::Connect, "the connection was refused")),
            Err(_) => Err(failed(Step::Connect, "no connection within the time allowed")),
        });
        trace
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
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (version, location) = (header("x-version-id"), header("location"));
    let mut answer = answer;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| explain(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            let detail = "the answer is too long".to_owned();
            return Err(TransportError { step: Step::Exchange, detail });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, version, location, body })
}

impl Transport for Https {
    fn send(&self, request: Request) -> Exchange<'_> {
        Box::pin(self.exchange(request))
    }

    fn send_file(&self, request: FileRequest) -> Exchange<'_> {
        Box::pin(self.exchange_file(request))
    }

    fn trace<'a>(&'a self, site: &'a SiteUrl) -> Pin<Box<dyn Future<Output = Trace> + Send + 'a>> {
        Box::pin(self.first_steps(site))
    }

    fn reaches<'a>(&'a self, site: &'a SiteUrl) -> Reach<'a> {
        Box::pin(async move {
            let Some(url::Host::Domain(name)) = site.host() else { return Ok(()) };
            match tokio::time::timeout(RESOLVE, self.names.addresses(&name)).await {
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
    if let Some(certificate) = certificate_fault(error) {
        return certificate;
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

/// What is wrong with a certificate, if that is what is wrong.
fn certificate_fault(error: &reqwest::Error) -> Option<TransportError> {
    use rustls::CertificateError as Fault;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(inner) = cause {
        // An I/O error hides what it holds from the chain.
        let held = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = inner.downcast_ref().or_else(|| held.and_then(|held| held.downcast_ref::<rustls::Error>()));
        if let Some(rustls::Error::InvalidCertificate(fault)) = found {
            let (step, detail) = match fault {
                Fault::ExpiredContext { not_after, .. } => {
                    (Step::TlsTime, format!("the certificate expired on {}", date(not_after.as_secs())))
                }
                Fault::NotValidYetContext { not_before, .. } => {
                    (Step::TlsTime, format!("the certificate is not valid before {}", date(not_before.as_secs())))
                }
                Fault::Expired => (Step::TlsTime, "the certificate has expired".to_owned()),
                Fault::NotValidYet => (Step::TlsTime, "the certificate is not valid yet".to_owned()),
                Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
                    (Step::TlsName, "the certificate is for another name".to_owned())
                }
                Fault::UnknownIssuer => (Step::Tls, "the certificate is from an unknown authority".to_owned()),
                _ => (Step::Tls, "the certificate is not valid".to_owned()),
            };
            return Some(TransportError { step, detail });
        }
        if found.is_some() {
            // Whatever answers there speaks no TLS, or none that we speak.
            return Some(TransportError { step: Step::Tls, detail: "no trusted TLS connection".to_owned() });
        }
        cause = held.map_or_else(|| inner.source(), |held| Some(held as &(dyn std::error::Error + 'static)));
    }
    None
}

/// `2026-09-21`, of seconds since 1970.
fn date(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|at| time::OffsetDateTime::from_unix_timestamp(at).ok());
    at.map_or_else(
        || "an unknown day".to_owned(),
        |at| format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day()),
    )
}

#[cfg(test)]
mod names_tests;

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Serves TLS with one of the certificates of tests/data/tls until nobody listens any more; the port.
    fn tls_server(name: &str) -> u16 {
        use rustls::pki_types::pem::PemObject;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = |kind: &str| format!("{}/tests/data/tls/{name}.{kind}", env!("CARGO_MANIFEST_DIR"));
        let chain = vec![rustls::pki_types::CertificateDer::from_pem_file(file("pem")).unwrap()];
        let key = rustls::pki_types::PrivateKeyDer::from_pem_file(file("key")).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        let config = std::sync::Arc::new(config);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut session = rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
                let mut stream = stream.unwrap();
                let _ = session.complete_io(&mut stream);
                let mut tls = rustls::Stream::new(&mut session, &mut stream);
                let mut request = [0; 2_048];
                if std::io::Read::read(&mut tls, &mut request).is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    let _ = std::io::Write::write_all(&mut tls, answer);
                    let _ = std::io::Write::flush(&mut tls);
                }
            }
        });
        port
    }

    fn ping(url: &str) -> Request {
        Request {
            site_url: site(url),
            path: "/api/v4/remotecluster/ping",
            remote_id: RemoteId::from_random([1; 16]),
            token: "t".repeat(26),
            body: "{}".to_owned(),
            timeout: Duration::from_secs(10),
        }
    }

    fn trusting_the_tests() -> Https {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pem = include_bytes!("../tests/data/tls/authority.pem");
        let authority = reqwest::Certificate::from_pem(pem).unwrap();
        Https::with(settings(Policy::Allow, Policy::Allow), vec![authority], system_names()).unwrap()
    }

    /// E-016, E-157, behaviour 8.4, 8.7: an expired certificate is named with its date, one for another name and one from a
    /// stranger as such, and nothing is sent.
    #[tokio::test]
    async fn what_is_wrong_with_a_certificate_is_said() {
        let https = trusting_the_tests();
        for (name, step, words) in
            [("expired", Step::TlsTime, "expired on 2021-01-01"), ("other", Step::TlsName, "another name")]
        {
            let refused = https.send(ping(&format!("https://localhost:{}", tls_server(name)))).await.unwrap_err();
            assert_eq!(refused.step, step, "{refused}");
            assert!(refused.detail.contains(words) && refused.surely_unsent(), "{refused}");
        }
        let port = tls_server("good");
        let answer = https.send(ping(&format!("https://localhost:{port}"))).await.unwrap();
        assert_eq!(answer.status, 404, "the same authority, name and time");
        let others = Https::new(settings(Policy::Allow, Policy::Allow)).unwrap();
        let refused = others.send(ping(&format!("https://localhost:{port}"))).await.unwrap_err();
        assert_eq!(refused.step, Step::Tls, "{refused}");
    }

    /// Behaviour 8.7: each of the first steps fails by itself.
    #[tokio::test]
    async fn the_first_steps_to_a_site_are_told_apart() {
        let https = trusting_the_tests();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let trace = https.trace(&site(&format!("http://127.0.0.1:{closed}"))).await;
        assert!(matches!(trace.resolve, Some(Ok(_))));
        assert_eq!(trace.connect.unwrap().unwrap_err().step, Step::Connect);
        let trace = https.trace(&site("https://no-such-host.invalid")).await;
        assert_eq!(trace.resolve.unwrap().unwrap_err().step, Step::Resolve);
        assert!(trace.connect.is_none());
        let strict = Https::new(settings(Policy::Refuse, Policy::Refuse)).unwrap();
        for refused in ["https://127.0.0.1:1", "https://localhost:1", "http://example.org"] {
            let trace = strict.trace(&site(refused)).await;
            assert_eq!(trace.resolve.unwrap().unwrap_err().step, Step::Address, "{refused}");
            assert!(trace.connect.is_none(), "nobody is called");
        }
        // No TLS behind the port.
        let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = plain.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = plain.accept().unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 2_048]);
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        let refused = https.send(ping(&format!("https://127.0.0.1:{port}"))).await.unwrap_err();
        assert_eq!(refused.step, Step::Tls, "{refused}");
    }
}
