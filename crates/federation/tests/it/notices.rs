//! What people are told of what happens between two servers, and channels that wait for a decision on the other side.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rialto_app::Volatile;
use rialto_app::shares;
use rialto_model::{ChannelId, ShareState};
use rialto_store::{channels, posts};
use rialto_wire::federation::topic;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::harness::{
    Fault, Hub, Network, Pair, Server, connect, eventually, invite, newest_share, strangers, virtual_clock,
};

/// What the system account wrote to the administrator of a server, oldest first.
async fn told(server: &Server) -> Vec<String> {
    let app = server.app();
    let people: BTreeSet<_> = [app.system_user, server.admin.user.id].into_iter().collect();
    let ids: Vec<&str> = people.iter().map(|id| id.as_str()).collect();
    let mut view = app.db.read(app.clock.now()).await.unwrap();
    let Some(channel) = channels::get_by_name(&mut view, None, &ids.join("__")).await.unwrap() else {
        return Vec::new();
    };
    let page = posts::page(&mut view, &channel.id, false, 0, 100).await.unwrap();
    page.into_iter().rev().map(|post| post.message).collect()
}

async fn is_told(server: &Server, words: &[&str]) -> String {
    eventually("the administrator is told", async || {
        told(server).await.into_iter().find(|text| words.iter().all(|word| text.contains(word)))
    })
    .await
}

/// The next note to one person.
async fn note(heard: &mut broadcast::Receiver<Volatile>) -> (rialto_model::UserId, ChannelId, String) {
    loop {
        let news = tokio::time::timeout(std::time::Duration::from_secs(60), heard.recv()).await;
        if let Volatile::Ephemeral { user, channel, message, .. } = news.expect("a note comes").unwrap() {
            return (user, channel, message);
        }
    }
}

/// M-01: the administrator who made the code is told once the other one has accepted it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inviter_is_told_of_the_acceptance() {
    let (_, alpha, beta) = strangers().await;
    connect(&alpha, &beta).await;
    is_told(&alpha, &["**Beta**", "https://beta.example.org", "accepted"]).await;
    assert_eq!(told(&beta).await, [""; 0]);
}

/// M-06, SC-081: the administrators of the receiving side are told after a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_there_are_told_that_sharing_has_ended() {
    let Pair { network, alpha, beta, remote, channel, .. } = Pair::new().await;
    let before = told(&alpha).await.len();
    shares::unshare(alpha.app(), &alpha.admin.actor, &channel).await.unwrap();
    eventually("beta knows", async || beta.live_share(&channel, &remote).await.is_none().then_some(())).await;
    network.clock.advance(60_000);
    is_told(&beta, &["**Alpha**", "ended sharing", "**plans**"]).await;
    assert_eq!(told(&alpha).await.len(), before, "who did it knows it");
}

/// M-07: a removal is told to the administrators of the other side.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_there_are_told_of_a_removal() {
    let Pair { alpha, beta, remote, .. } = Pair::new().await;
    rialto_federation::connections::remove(alpha.federation(), &alpha.admin.actor, &remote).await.unwrap();
    is_told(&beta, &["**Alpha**", "removed the secure connection", "1 channel"]).await;
}

/// `RequireChannelApproval`, rulings 28 and 8.4: a channel waits on the other side, nothing written meanwhile is lost, and
/// both sides go on once it was let in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_waits_until_the_other_side_lets_it_in() {
    let network = Network::new();
    let alpha = Server::new(&network, "alpha", 1).await;
    let beta = Server::with(&network, "beta", 2, |settings| settings.workspaces.require_channel_approval = true).await;
    let Pair { alpha, beta, remote, channel, ann, .. } = Pair::of(network, alpha, beta).await;
    invite(&alpha, &channel, &remote).await;
    is_told(&beta, &["**Alpha**", "**plans**", "/share-channel approve"]).await;
    let post = alpha.post(&ann, &channel, "written meanwhile").await;
    assert_eq!(newest_share(&alpha, &channel, &remote).await.state, ShareState::Invited);
    assert!(beta.channel_row(&channel).await.is_none());
    beta.tick();
    shares::approve(beta.app(), &beta.admin.actor, &remote, &channel, None).await.unwrap();
    beta.arrives(&post.id).await;
    assert_eq!(newest_share(&alpha, &channel, &remote).await.state, ShareState::Active);
    let active = alpha.notices(&channel).await;
    assert_eq!(active.iter().filter(|text| text.contains("now shared with **Beta**")).count(), 1, "{active:?}");
    eventually("who belongs is known there", async || {
        beta.members(&channel).await.contains(&"ann:alpha".to_owned()).then_some(())
    })
    .await;
    let back = beta.post(&beta.admin, &channel, "we are in").await;
    alpha.arrives(&back.id).await;
}

/// M-03: a channel that was turned down there is over here, and the inviter is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inviter_is_told_that_a_channel_was_turned_down() {
    let network = Network::new();
    let alpha = Server::new(&network, "alpha", 1).await;
    let beta = Server::with(&network, "beta", 2, |settings| settings.workspaces.require_channel_approval = true).await;
    let Pair { alpha, beta, remote, channel, .. } = Pair::of(network, alpha, beta).await;
    invite(&alpha, &channel, &remote).await;
    is_told(&beta, &["/share-channel refuse"]).await;
    beta.tick();
    shares::refuse(beta.app(), &beta.admin.actor, &remote, &channel).await.unwrap();
    is_told(&alpha, &["**Beta**", "**plans**", "turned it down"]).await;
    assert_eq!(newest_share(&alpha, &channel, &remote).await.state, ShareState::Failed);
    assert!(!alpha.channel_row(&channel).await.unwrap().shared);
    let said = alpha.notices(&channel).await;
    assert!(!said.iter().any(|text| text.contains("Beta")), "its members never saw it as shared: {said:?}");
}

/// M-23: the members of a copy learn that a third organisation reads along, and that it does no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_learn_of_each_other() {
    let Hub { alpha, beta, gamma, to_gamma, channel, .. } = Hub::new().await;
    for (server, other) in [(&alpha, "**Gamma**"), (&gamma, "**Alpha**")] {
        eventually("the other guest is known", async || {
            let said = server.notices(&channel).await;
            said.iter().any(|text| text.contains("other organisations too") && text.contains(other)).then_some(())
        })
        .await;
        let listed = shares::also_taking_part(server.app(), &server.admin.actor, &channel).await.unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
    }
    beta.tick();
    shares::uninvite(beta.app(), &beta.admin.actor, &channel, Some(&to_gamma)).await.unwrap();
    eventually("it is known that they left", async || {
        let said = alpha.notices(&channel).await;
        said.iter().any(|text| text.contains("no longer shares this channel with **Gamma**")).then_some(())
    })
    .await;
}

/// M-10: who writes while the other side is known to be offline is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_is_told_that_the_other_side_is_offline() {
    let Pair { network, alpha, mut beta, channel, ann, .. } = Pair::new().await;
    beta.stop().await;
    network.clock.advance(300_000);
    let mut heard = alpha.app().bus.volatile();
    let post = alpha.post(&ann, &channel, "is anybody there?").await;
    let (user, place, text) = note(&mut heard).await;
    assert_eq!((user, place), (ann.user.id, channel));
    assert!(text.contains("**Beta**") && text.contains("kept"), "{text}");
    beta.start().await;
    beta.arrives(&post.id).await;
}

/// AT-16, M-11: who links to something the other side does not see is told so, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_is_told_of_a_link_that_others_cannot_open() {
    let Pair { alpha, beta, channel, ann, .. } = Pair::new().await;
    let ours = alpha.channel("ours", &[&ann]).await;
    let seen = alpha.post(&ann, &channel, "everybody sees this").await;
    let unseen = alpha.post(&ann, &ours, "only we see this").await;
    let mut heard = alpha.app().bus.volatile();
    let link = |post: &rialto_model::Post| format!("see https://alpha.example.org/alpha-team/pl/{}", post.id);
    for (place, target) in [(&channel, &seen), (&ours, &unseen), (&channel, &unseen)] {
        alpha.post(&ann, place, &link(target)).await;
    }
    let last = alpha.post(&ann, &channel, "without any").await;
    beta.arrives(&last.id).await;
    let (user, place, text) = note(&mut heard).await;
    assert_eq!((user, place), (ann.user.id, channel));
    assert!(text.contains("**Beta**") && text.contains("link"), "{text}");
    while let Ok(news) = heard.try_recv() {
        assert!(!matches!(news, Volatile::Ephemeral { .. }), "one note for one message: {news:?}");
    }
}

/// M-20, ruling 19: a credential that is refused is told after the second ping, and told again only for new trouble.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_are_told_that_the_credential_is_refused() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = Pair::new().await;
    network.fail(|sent| (sent.from == "alpha").then_some(Fault::Status(401)));
    let start = network.count();
    let waits = alpha.post(&ann, &channel, "nothing is lost").await;
    eventually("the refusal is noted", async || alpha.remote(&remote).await.failing_since).await;
    alpha.app().bus.contacted(remote);
    is_told(&alpha, &["**Beta**", "has not accepted our credential since"]).await;
    let pings = network.log()[start..].iter().filter(|sent| sent.from == "alpha" && sent.topic == topic::PING).count();
    assert_eq!(pings, 2, "the first may be a matter of a moment");
    network.heal();
    // The other side calls, and is called back at once, whatever the pause is.
    alpha.app().bus.contacted(remote);
    beta.arrives(&waits.id).await;
    eventually("all is well", async || alpha.remote(&remote).await.failing_since.is_none().then_some(())).await;
    let told = told(&alpha).await.into_iter().filter(|text| text.contains("credential since")).count();
    assert_eq!(told, 1);
}

/// E-030, ruling 19: who refuses our credential is asked every five minutes whether he still does and told nothing else;
/// what waited reaches him when he accepts it again.
#[tokio::test(start_paused = true)]
async fn who_refuses_our_credential_hears_nothing_but_rare_pings() {
    let network = Network::new();
    let clock = virtual_clock(Instant::now(), Arc::default());
    let alpha = Server::virtually(&network, "alpha", 1, clock.clone(), |_| {}).await;
    let beta = Server::virtually(&network, "beta", 2, clock, |_| {}).await;
    let pair = Pair::of(network, alpha, beta).await.shared().await;
    let Pair { network, alpha, beta, channel, ann, .. } = pair;
    // Neither calls the other: a call of the peer's would be a reason to ask him at once.
    network.fail(|_| Some(Fault::Status(401)));
    let waits = alpha.post(&ann, &channel, "nothing is lost").await;
    // By then the pinger knows.
    tokio::time::sleep(Duration::from_secs(200)).await;
    let start = network.count();
    tokio::time::sleep(Duration::from_secs(3_000)).await;
    let said: Vec<_> = network.log()[start..].iter().filter(|sent| sent.from == "alpha").cloned().collect();
    assert!((9..=11).contains(&said.len()), "every five minutes, not {}", said.len());
    assert!(said.iter().all(|sent| sent.topic == topic::PING), "nothing but pings");
    network.heal();
    tokio::time::sleep(Duration::from_secs(310)).await;
    beta.arrives(&waits.id).await;
}

/// Ruling 8.1, E-121: a peer that has come to speak another protocol is told nothing until it speaks ours again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_rests_while_the_two_speak_different_protocols() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = Pair::new().await;
    network.fail(|sent| (sent.from == "alpha" && sent.topic == topic::PING).then_some(Fault::Foreign));
    network.clock.advance(300_000);
    alpha.app().bus.contacted(remote);
    let cause = eventually("the cause is known", async || {
        Some(alpha.remote(&remote).await.last_error).filter(|cause| cause.contains("protocol"))
    })
    .await;
    assert!(cause.contains("speaks 1") && cause.contains("8 to 9"), "both are named: {cause}");
    let start = network.count();
    let waits = alpha.post(&ann, &channel, "in which language?").await;
    // What comes from there is still taken, and wakes the sender.
    let back = beta.post(&beta.admin, &channel, "in ours").await;
    alpha.arrives(&back.id).await;
    alpha.app().bus.contacted(remote);
    let said = network.log()[start..].iter().filter(|sent| sent.from == "alpha" && sent.topic != topic::PING).count();
    assert_eq!(said, 0);
    assert_eq!(beta.post_row(&waits.id).await, None);
    network.heal();
    alpha.app().bus.contacted(remote);
    beta.arrives(&waits.id).await;
}
