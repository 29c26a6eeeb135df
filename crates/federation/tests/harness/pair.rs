//! The scenes most tests play in: two servers that share a channel, and three of which one is in the middle.

use std::sync::Arc;

use rialto_model::{ChannelId, RemoteId};

use super::{Network, Person, Server, connect, settle, share, share_read_only};

/// Two servers that know nothing of each other.
pub async fn strangers() -> (Arc<Network>, Server, Server) {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    (network, alpha, beta)
}

/// Two connected servers and a channel of alpha's: alpha's Ann is in it, and once it is shared beta's Bob too.
pub struct Pair {
    pub network: Arc<Network>,
    pub alpha: Server,
    pub beta: Server,
    /// The connection.
    pub remote: RemoteId,
    pub channel: ChannelId,
    pub ann: Person,
    pub bob: Person,
}

impl Pair {
    /// The channel is shared.
    pub async fn new() -> Self {
        Self::unshared().await.shared().await
    }

    /// The channel is alpha's alone.
    pub async fn unshared() -> Self {
        let (network, alpha, beta) = strangers().await;
        Self::of(network, alpha, beta).await
    }

    /// The same with servers of the test's, which it connects.
    pub async fn of(network: Arc<Network>, alpha: Server, beta: Server) -> Self {
        let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
        let remote = connect(&alpha, &beta).await;
        let channel = alpha.channel("plans", &[&ann]).await;
        Self { network, alpha, beta, remote, channel, ann, bob }
    }

    /// Shares the channel, and Bob joins.
    pub async fn shared(self) -> Self {
        share(&self.alpha, &self.beta, &self.channel, &self.remote).await;
        self.beta.join(&self.bob, &self.channel).await;
        self
    }

    /// Shares the channel read-only, and Bob joins.
    pub async fn shared_read_only(self) -> Self {
        share_read_only(&self.alpha, &self.beta, &self.channel, &self.remote).await;
        self.beta.join(&self.bob, &self.channel).await;
        self
    }

    /// Waits until nothing sent before is on its way.
    pub async fn settled(self) -> Self {
        settle(&[&self.alpha, &self.beta], &self.channel).await;
        self
    }

    /// Another channel of alpha's with Ann in it, shared as well.
    pub async fn another(&self, name: &str) -> ChannelId {
        let channel = self.alpha.channel(name, &[&self.ann]).await;
        share(&self.alpha, &self.beta, &channel, &self.remote).await;
        channel
    }
}

/// Alpha and gamma are guests in a channel of beta's; they do not know each other.
pub struct Hub {
    pub network: Arc<Network>,
    pub alpha: Server,
    pub beta: Server,
    pub gamma: Server,
    pub to_alpha: RemoteId,
    pub to_gamma: RemoteId,
    pub channel: ChannelId,
    pub ann: Person,
    pub bob: Person,
    pub gus: Person,
}

impl Hub {
    pub async fn new() -> Self {
        let (network, alpha, beta) = strangers().await;
        let gamma = Server::new(&network, "gamma", 3).await;
        let (ann, bob, gus) = (alpha.person("ann").await, beta.person("bob").await, gamma.person("gus").await);
        let to_alpha = connect(&beta, &alpha).await;
        let to_gamma = connect(&beta, &gamma).await;
        let channel = beta.channel("plans", &[&bob]).await;
        share(&beta, &alpha, &channel, &to_alpha).await;
        share(&beta, &gamma, &channel, &to_gamma).await;
        alpha.join(&ann, &channel).await;
        gamma.join(&gus, &channel).await;
        Self { network, alpha, beta, gamma, to_alpha, to_gamma, channel, ann, bob, gus }
    }

    /// Waits until nothing sent before is on its way.
    pub async fn settle(&self) {
        settle(&[&self.alpha, &self.beta, &self.gamma], &self.channel).await;
    }
}
