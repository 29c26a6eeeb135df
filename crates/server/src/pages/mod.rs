//! Looks at pages of the web for their previews: by HTTP, from the public network only, little of each page and not for long.

mod read;

use std::time::Duration;

use rialto_app::SettingsCell;
use rialto_app::link_previews::{Fetching, Page, Pages};
use url::Url;

use crate::outside;

/// Bytes of a page that are read: what it says of itself stands in its head.
const MAX_PAGE: usize = 512 << 10;
/// How often a page may send us on.
const HOPS: usize = 5;
/// For everything together.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The web.
pub struct Web {
    client: reqwest::Client,
    settings: SettingsCell,
}

impl Web {
    /// Makes the client. The process must have installed a cryptographic provider for TLS before.
    ///
    /// # Errors
    /// A text, if TLS cannot be set up.
    pub fn new(settings: SettingsCell) -> Result<Self, String> {
        // Each hop is looked at like the first address.
        let client = outside::client(&settings, concat!("Rialto/", env!("CARGO_PKG_VERSION"), " (link preview)"))?;
        Ok(Self { client, settings })
    }

    async fn look(&self, url: &str) -> Option<Page> {
        let mut at = Url::parse(url).ok()?;
        for _ in 0..=HOPS {
            if !outside::may_call(&self.settings, &at) {
                return None;
            }
            let call = self.client.get(at.clone()).header("Accept", "text/html, image/*;q=0.5");
            let answer = call.send().await.ok()?;
            let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
            if answer.status().is_redirection() {
                at = at.join(header("location")?).ok()?;
                continue;
            }
            if !answer.status().is_success() {
                return None;
            }
            let media = header("content-type").unwrap_or_default().to_ascii_lowercase();
            return match media.split(';').next().unwrap_or_default().trim() {
                "text/html" | "application/xhtml+xml" => Some(read::page(&body(answer).await?, &at)),
                "image/png" | "image/jpeg" | "image/gif" | "image/webp" => Some(Page::Image),
                _ => None,
            };
        }
        None
    }
}

impl Pages for Web {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            let found = tokio::time::timeout(TIMEOUT, self.look(url)).await;
            found.ok().flatten().unwrap_or(Page::Nothing)
        })
    }
}

/// The beginning of an answer, as text.
async fn body(mut answer: reqwest::Response) -> Option<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        let room = MAX_PAGE - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if bytes.len() >= MAX_PAGE {
            break;
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use rialto_app::Settings;

    use super::*;

    fn settings(internal: &[&str]) -> SettingsCell {
        let mut settings = Settings::default();
        settings.links.internal = internal.iter().map(|word| (*word).to_owned()).collect();
        SettingsCell::new(settings)
    }

    fn web(internal: &[&str]) -> Web {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Web::new(settings(internal)).unwrap()
    }

    /// Answers each request by its path until nobody listens any more; the port, and how many came.
    fn site(answer: impl Fn(&str) -> String + Send + 'static) -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut bytes = [0; 4_096];
                let read = stream.read(&mut bytes).unwrap_or_default();
                let request = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let _ = stream.write_all(answer(&path).as_bytes());
            }
        });
        port
    }

    fn html(body: &str) -> String {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test]
    async fn pages_are_looked_at_outside_only() {
        let port = site(|_| html("<title>inside</title>"));
        for url in
            [format!("http://127.0.0.1:{port}/"), format!("http://localhost:{port}/"), format!("http://[::1]:{port}/")]
        {
            assert_eq!(web(&[]).fetch(&url).await, Page::Nothing, "{url}");
        }
        let Page::Page { title, .. } = web(&["127.0.0.1"]).fetch(&format!("http://127.0.0.1:{port}/")).await else {
            panic!("allowed by name")
        };
        assert_eq!(title, "inside");
        // A page outside leads inside.
        let inner = site(|_| html("<title>secret</title>"));
        let outer = site(move |path| match path {
            "/once" => {
                "HTTP/1.1 302 Found\r\nLocation: /page\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
            }
            "/page" => html("<title>arrived</title>"),
            "/round" => {
                "HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
            }
            _ => format!(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:{inner}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            ),
        });
        let web = web(&["127.0.0.1"]);
        assert_eq!(web.fetch(&format!("http://127.0.0.1:{outer}/inside")).await, Page::Nothing);
        assert_eq!(web.fetch(&format!("http://127.0.0.1:{outer}/round")).await, Page::Nothing);
        let Page::Page { title, .. } = web.fetch(&format!("http://127.0.0.1:{outer}/once")).await else {
            panic!("a redirect that may be followed")
        };
        assert_eq!(title, "arrived");
    }

    #[tokio::test]
    async fn of_a_page_without_end_only_the_beginning_is_read() {
        let port = site(|path| match path {
            "/long" => html(&format!("<title>long</title>{}", "x".repeat(4 << 20))),
            "/picture" => {
                "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .to_owned()
            }
            "/gone" => {
                "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .to_owned()
            }
            _ => "HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_owned(),
        });
        let web = web(&["127.0.0.1"]);
        let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
        let Page::Page { title, .. } = web.fetch(&at("/long")).await else { panic!("the beginning is enough") };
        assert_eq!(title, "long");
        assert_eq!(web.fetch(&at("/picture")).await, Page::Image);
        for nothing in ["/gone", "/paper"] {
            assert_eq!(web.fetch(&at(nothing)).await, Page::Nothing, "{nothing}");
        }
        assert_eq!(web.fetch("http://127.0.0.1:1/").await, Page::Nothing);
        assert_eq!(web.fetch("gopher://127.0.0.1/").await, Page::Nothing);
    }
}
