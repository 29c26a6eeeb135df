//! People of another organisation are asked for, and hear when they were removed there.

use rialto_app::{Volatile, channel_members};

use crate::harness::{Network, Server, connect, eventually, settle, share};

/// Behaviour 4.4.5, 4.5, E-101: a wish brings a person of the other side into the channel on both; a removal there is told
/// to the person here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_brings_somebody_and_a_removal_is_told() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
    let remote = connect(&alpha, &beta).await;
    let (first, second) = (alpha.channel("plans", &[&ann]).await, alpha.channel("more", &[&ann]).await);
    for channel in [&first, &second] {
        share(&alpha, &beta, channel, &remote).await;
    }
    beta.join(&bob, &first).await;
    settle(&[&alpha, &beta], &first).await;
    alpha.tick();
    let there = eventually("alpha knows Bob", async || alpha.user(&bob.user.id).await).await;
    let added = channel_members::add(alpha.app(), &ann.actor, &second, &[there.id]).await.unwrap();
    assert_eq!(added, [], "only his own server adds him");
    for server in [&beta, &alpha] {
        eventually("Bob belongs on both sides", async || {
            let members = server.members(&second).await;
            members.iter().any(|name| name.starts_with("bob")).then_some(())
        })
        .await;
    }
    let mut news = beta.app().bus.volatile();
    alpha.tick();
    channel_members::remove(alpha.app(), &alpha.admin.actor, &second, &there.id).await.unwrap();
    let told = async {
        loop {
            if let Ok(Volatile::Ephemeral { user, channel, message, .. }) = news.recv().await
                && (user, channel) == (bob.user.id, second)
            {
                return message;
            }
        }
    };
    let message = tokio::time::timeout(std::time::Duration::from_secs(60), told).await.expect("Bob is told");
    assert!(message.contains("has removed you"), "{message}");
    assert!(beta.members(&second).await.iter().any(|name| name == "bob"), "it is a decision of the other side alone");
}
