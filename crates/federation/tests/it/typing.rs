//! Who types, between Rialtos: told at once or not at all, to whoever shares the channel, by nobody for others.

use rialto_app::settings::Settings;
use rialto_app::typing::announce;
use rialto_app::{RemoteActor, Volatile, connections};
use rialto_model::{ChannelId, PostId, RemoteId, UserId};
use rialto_wire::federation::topic;
use tokio::sync::broadcast::Receiver;

use crate::harness::{Hub, Network, Pair, Person, Server, connect, eventually, share};

fn on(settings: &mut Settings) {
    settings.workspaces.remote_typing = true;
}

async fn pair(alpha_tells: bool, beta_tells: bool) -> Pair {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, |s| s.workspaces.remote_typing = alpha_tells).await;
    let beta = Server::with(&network, "beta", 2, |s| s.workspaces.remote_typing = beta_tells).await;
    Pair::of(network, alpha, beta).await.shared().await
}

/// The next word that somebody types.
async fn next(news: &mut Receiver<Volatile>) -> (ChannelId, UserId, Option<PostId>, Option<RemoteId>) {
    loop {
        if let Volatile::Typing { channel, user, root, from } = news.recv().await.unwrap() {
            return (channel, user, root, from);
        }
    }
}

/// Types until it is heard: what comes in the way of other things is dropped, by rule.
async fn types_until(
    server: &Server,
    who: &Person,
    channel: &ChannelId,
    root: Option<PostId>,
    news: &mut Receiver<Volatile>,
) -> (ChannelId, UserId, Option<PostId>, Option<RemoteId>) {
    eventually("the word arrives", async || {
        announce(server.app(), &who.actor, channel, root).await.unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(1), next(news)).await.ok()
    })
    .await
}

/// Ruling 8.9, behaviour 8.10: one's own people's typing is seen by the other side, in its thread, and stays out of every
/// log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_seen_on_the_other_side() {
    let pair = pair(true, true).await.settled().await;
    let root = pair.alpha.post(&pair.ann, &pair.channel, "root").await;
    pair.beta.arrives(&root.id).await;
    let mut news = pair.beta.app().bus.volatile();
    let heard = types_until(&pair.alpha, &pair.ann, &pair.channel, Some(root.id), &mut news).await;
    assert_eq!(heard, (pair.channel, pair.ann.user.id, Some(root.id), Some(pair.remote)));
    let sent = pair.network.log().into_iter().find(|sent| sent.topic == topic::RIALTO_TYPING).unwrap();
    assert_eq!(sent.payload["user_id"], pair.ann.user.id.as_str());
    assert_eq!(sent.payload["root_id"], root.id.as_str());
}

/// Ruling 8.9: a home passes the typing of one organisation on to the others, and back to nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_passes_typing_on() {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, on).await;
    let beta = Server::with(&network, "beta", 2, on).await;
    let gamma = Server::with(&network, "gamma", 3, on).await;
    let (ann, bob, gus) = (alpha.person("ann").await, beta.person("bob").await, gamma.person("gus").await);
    let (to_alpha, to_gamma) = (connect(&beta, &alpha).await, connect(&beta, &gamma).await);
    let channel = beta.channel("plans", &[&bob]).await;
    share(&beta, &alpha, &channel, &to_alpha).await;
    share(&beta, &gamma, &channel, &to_gamma).await;
    alpha.join(&ann, &channel).await;
    gamma.join(&gus, &channel).await;
    let hub = Hub { network, alpha, beta, gamma, to_alpha, to_gamma, channel, ann, bob, gus };
    hub.settle().await;
    let mut news = hub.gamma.app().bus.volatile();
    let heard = types_until(&hub.alpha, &hub.ann, &hub.channel, None, &mut news).await;
    assert_eq!((heard.0, heard.3), (hub.channel, Some(hub.to_gamma)));
    let person = hub.gamma.user(&heard.1).await.unwrap();
    assert!(person.username.starts_with("ann"), "{}", person.username);
    // What came from alpha is told to gamma alone.
    let from_home =
        hub.network.log().into_iter().filter(|sent| sent.from == "beta" && sent.topic == topic::RIALTO_TYPING);
    assert!(from_home.into_iter().all(|sent| sent.to == "gamma"));
}

/// Ruling 56, G-45: off by default, and off unless both want it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_unless_both_want_it() {
    assert!(!Settings::default().workspaces.remote_typing);
    for (alpha_tells, beta_tells) in [(true, false), (false, true)] {
        let pair = pair(alpha_tells, beta_tells).await.settled().await;
        announce(pair.alpha.app(), &pair.ann.actor, &pair.channel, None).await.unwrap();
        let pair = pair.settled().await;
        assert_eq!(pair.network.log().iter().filter(|sent| sent.topic == topic::RIALTO_TYPING).count(), 0);
    }
}

/// G-19, T-29977: a peer says it of its own people only, in channels and threads it shares; anything else is nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_types_for_others() {
    use rialto_app::typing::{Told, of_peer};
    let pair = pair(true, true).await.settled().await;
    let beta = &pair.beta;
    let elsewhere = beta.channel("elsewhere", &[&pair.bob]).await;
    let other = beta.post(&pair.bob, &elsewhere, "not shared").await;
    let actor: RemoteActor = peer_of(beta, &pair.alpha, &pair.remote).await;
    let told = Told { channel: pair.channel, user: pair.ann.user.id, root: None };
    assert_eq!(of_peer(beta.app(), &actor, &told).await.unwrap(), Some(pair.ann.user.id));
    for odd in [
        Told { user: pair.bob.user.id, ..told.clone() },
        Told { user: UserId::from_random([9; 16]), ..told.clone() },
        Told { channel: elsewhere, ..told.clone() },
        Told { root: Some(other.id), ..told.clone() },
    ] {
        assert_eq!(of_peer(beta.app(), &actor, &odd).await.unwrap(), None, "{odd:?}");
    }
}

/// The other server as it calls this one.
async fn peer_of(server: &Server, other: &Server, remote: &RemoteId) -> RemoteActor {
    let (_, token) = connections::peer_token(other.app(), remote).await.unwrap().expect("a live connection");
    connections::authenticate(server.app(), remote.as_str(), &token).await.unwrap().expect("its credential")
}
