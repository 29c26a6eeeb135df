//! A connection made anew while only one direction works: nothing is refused for good that is only not yet known.

use std::sync::Arc;

use rialto_app::connections::remove;
use rialto_wire::federation::topic;
use tokio::time::Instant;

use crate::harness::{Fault, Network, Server, eventually, share, trust, virtual_clock};

/// E-021, E-026, ruling 20: until our own ping is answered the peer's people and copies are still those of the former
/// connection; what it sends meanwhile waits and is not refused.
#[tokio::test(start_paused = true)]
async fn what_comes_before_our_first_ping_over_a_new_connection_waits() {
    let network = Network::new();
    let clock = virtual_clock(Instant::now(), Arc::default());
    let alpha = Server::virtually(&network, "alpha", 1, clock.clone(), |_| {}).await;
    let beta = Server::virtually(&network, "beta", 2, clock, |_| {}).await;
    let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
    let old = trust(&alpha, &beta).await;
    let channel = alpha.channel("plans", &[&ann]).await;
    share(&alpha, &beta, &channel, &old).await;
    beta.join(&bob, &channel).await;
    eventually("bob belongs on both sides", async || {
        alpha.members(&channel).await.contains(&"bob:beta".to_owned()).then_some(())
    })
    .await;
    for server in [&alpha, &beta] {
        remove(server.app(), &server.admin.actor, &old).await.unwrap();
    }
    for (deaf, other) in [("alpha", "beta"), ("beta", "alpha")] {
        network.fail(move |sent| (sent.from == deaf && sent.topic == topic::PING).then_some(Fault::Refused));
        let new = trust(&alpha, &beta).await;
        crate::harness::invite(&alpha, &channel, &new).await;
        eventually("the other side has offered or told something", async || {
            network
                .log()
                .iter()
                .rev()
                .take(40)
                .any(|sent| sent.from == other && sent.topic != topic::PING)
                .then_some(())
        })
        .await;
        network.heal();
        eventually("both share it", async || {
            alpha.live_share(&channel, &new).await?.from_seq?;
            beta.live_share(&channel, &new).await?.from_seq
        })
        .await;
        eventually("bob belongs again", async || {
            alpha.members(&channel).await.contains(&"bob:beta".to_owned()).then_some(())
        })
        .await;
        eventually("ann belongs again", async || {
            beta.members(&channel).await.contains(&"ann:alpha".to_owned()).then_some(())
        })
        .await;
        for server in [&alpha, &beta] {
            remove(server.app(), &server.admin.actor, &new).await.unwrap();
        }
    }
}
