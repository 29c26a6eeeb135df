//! Names and their addresses: whoever calls others by HTTP asks here, and is handed only addresses that may be called, so
//! that no later answer of a name server slips by.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Asks for the addresses of a name. Nothing is kept of an answer: every new connection asks again, so a peer that moves
/// is found as soon as its name says so (E-124).
pub type Names = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Whether an address of a name may be called; the error says why not.
type Rule = Arc<dyn Fn(&str, IpAddr) -> Result<(), String> + Send + Sync>;

/// Marks our own refusal among the errors of the HTTP client, which only keeps texts.
pub(crate) const ADDRESS_MARK: &str = "address refused: ";

/// The machine's own way to resolve names.
pub(crate) fn system_names() -> Names {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Resolves names under a rule. Cheap to clone.
#[derive(Clone)]
pub struct Guarded {
    rule: Rule,
    names: Names,
}

impl Guarded {
    /// Asks the machine. The rule is given the name in lower case, and each of its addresses.
    pub fn new(rule: impl Fn(&str, IpAddr) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self::asking(rule, system_names())
    }

    /// The same, asking somebody else.
    pub(crate) fn asking(
        rule: impl Fn(&str, IpAddr) -> Result<(), String> + Send + Sync + 'static,
        names: Names,
    ) -> Self {
        Self { rule: Arc::new(rule), names }
    }

    /// The addresses of a name that may be called, without a port; the inner error says why none may.
    ///
    /// # Errors
    /// As the name server says.
    pub async fn addresses(&self, name: &str) -> std::io::Result<Result<Vec<SocketAddr>, String>> {
        let plain = name.to_ascii_lowercase();
        let mut refused = format!("{name} has no address");
        let mut allowed = Vec::new();
        for ip in (self.names)(name.to_owned()).await? {
            match (self.rule)(&plain, ip) {
                Ok(()) => allowed.push(SocketAddr::new(ip, 0)),
                Err(why) => refused = why,
            }
        }
        Ok(if allowed.is_empty() { Err(refused) } else { Ok(allowed) })
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guarded = self.clone();
        Box::pin(async move {
            let allowed = guarded.addresses(name.as_str()).await?;
            let allowed = allowed.map_err(|refused| format!("{ADDRESS_MARK}{refused}"))?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
