//! Outages: when the channels are told, what is counted, and what a peer cannot take at all.

use rialto_app::connections::{Contact, note_contact};
use rialto_app::outbox;
use rialto_model::PeerProfile;

use crate::harness::{Fault, Network, Pair, Server, eventually};

/// Two seconds make an interruption, and pings would be ten minutes apart.
fn soon_told(settings: &mut rialto_app::Settings) {
    settings.workspaces.offline_after_seconds = 2;
    settings.workspaces.ping_seconds = 600;
}

/// SC-093, M-08, M-09, E-034.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interruption_is_told_when_its_time_has_come_and_its_end_with_numbers() {
    let network = Network::new();
    let (alpha, beta) = (Server::with(&network, "alpha", 1, soon_told).await, Server::new(&network, "beta", 2).await);
    let pair = Pair::of(network, alpha, beta).await.shared().await;
    let Pair { network, alpha, beta, remote, channel, ann, bob } = pair;
    let known = beta.post(&bob, &channel, "known").await;
    alpha.arrives(&known.id).await;
    alpha.tick();
    network.fail(|_| Some(Fault::Refused));
    eventually("the channel is told", async || {
        alpha.notices(&channel).await.iter().any(|text| text.contains("interrupted since")).then_some(())
    })
    .await;
    let mut said = Vec::new();
    for n in 0..3 {
        said.push(alpha.post(&ann, &channel, &format!("ours {n}")).await);
    }
    let theirs = beta.post(&bob, &channel, "theirs").await;
    alpha.clock.advance(60_000);
    network.heal();
    for post in &said {
        beta.arrives(&post.id).await;
    }
    alpha.arrives(&theirs.id).await;
    eventually("the end is told with what came late", async || {
        let told = alpha.notices(&channel).await;
        told.iter().any(|text| text.contains("(3 from here, 1 from there)")).then_some(())
    })
    .await;
    let told = alpha.notices(&channel).await;
    assert_eq!(told.iter().filter(|text| text.contains("The connection to")).count(), 2, "{told:?}");
    assert_eq!(alpha.remote(&remote).await.interrupted_at, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_count_of_a_catch_up_survives_a_restart() {
    let network = Network::new();
    let (alpha, beta) = (Server::with(&network, "alpha", 1, soon_told).await, Server::new(&network, "beta", 2).await);
    let pair = Pair::of(network, alpha, beta).await.shared().await;
    let Pair { network, mut alpha, beta, remote, channel, ann, .. } = pair;
    alpha.tick();
    network.fail(|_| Some(Fault::Refused));
    eventually("the channel is told", async || alpha.remote(&remote).await.interrupted_at).await;
    let before = outbox::position(alpha.app(), &remote).await.unwrap();
    let first = alpha.post(&ann, &channel, "delivered before the restart").await;
    // The peer takes messages again, but no pings yet.
    network.fail(|sent| (sent.topic == rialto_wire::federation::topic::PING).then_some(Fault::Refused));
    beta.arrives(&first.id).await;
    // Stopped before its position is stored, it would say this once more, and count it once more.
    eventually("the sender has noted it", async || {
        (outbox::position(alpha.app(), &remote).await.unwrap() > before).then_some(())
    })
    .await;
    alpha.stop().await;
    alpha.start().await;
    let ann = alpha.speaker(&channel).await;
    let second = alpha.post(&ann, &channel, "and after it").await;
    beta.arrives(&second.id).await;
    network.heal();
    eventually("both are counted", async || {
        let told = alpha.notices(&channel).await;
        told.iter().any(|text| text.contains("(2 from here, 0 from there)")).then_some(())
    })
    .await;
}

/// E-074.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_long_for_a_mattermost_is_set_aside_and_holds_up_nothing() {
    let network = Network::new();
    let long = |settings: &mut rialto_app::Settings| settings.max_post_size = 65_535;
    let (alpha, beta) = (Server::with(&network, "alpha", 1, long).await, Server::with(&network, "beta", 2, long).await);
    let pair = Pair::of(network, alpha, beta).await.shared().await;
    let Pair { alpha, beta, remote, channel, ann, .. } = pair;
    let whole = alpha.post(&ann, &channel, &"ü".repeat(16_384)).await;
    beta.arrives(&whole.id).await;
    let mattermost = Contact { profile: Some(PeerProfile::Mattermost11), ..Contact::default() };
    note_contact(alpha.app(), &remote, mattermost).await.unwrap();
    let just = alpha.post(&ann, &channel, &"ü".repeat(16_383)).await;
    let over = alpha.post(&ann, &channel, &"ü".repeat(16_384)).await;
    let after = alpha.post(&ann, &channel, "what follows").await;
    beta.arrives(&just.id).await;
    beta.arrives(&after.id).await;
    assert_eq!(beta.post_row(&over.id).await, None);
    assert_eq!(outbox::refused_counts(alpha.app(), &remote).await.unwrap(), (1, 0));
    // Once it is short enough it goes.
    alpha.edit(&ann, &over.id, "in short").await;
    beta.reads(&over.id, "in short").await;
    eventually("it is set aside no more", async || {
        (outbox::refused_counts(alpha.app(), &remote).await.unwrap() == (0, 0)).then_some(())
    })
    .await;
}
