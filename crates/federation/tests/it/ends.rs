//! How sharing ends: one organisation taken out, a channel unshared, a copy that leaves, a connection removed.

use rialto_app::{connections, shares};
use rialto_model::ShareState;
use rialto_wire::federation::topic;

use crate::harness::{Fault, Pair, connect, eventually, newest_share, share};

/// Both sides have written something, and read it.
async fn pair() -> Pair {
    let pair = Pair::new().await;
    let here = pair.alpha.post(&pair.ann, &pair.channel, "from alpha").await;
    let there = pair.beta.post(&pair.bob, &pair.channel, "from beta").await;
    pair.beta.arrives(&here.id).await;
    pair.alpha.arrives(&there.id).await;
    pair
}

impl Pair {
    /// Waits until both sides know that the share is over, and checks what has to be true then.
    async fn is_over(&self) {
        for server in [&self.alpha, &self.beta] {
            eventually("the share is over", async || {
                server.live_share(&self.channel, &self.remote).await.is_none().then_some(())
            })
            .await;
            assert!(!server.channel_row(&self.channel).await.unwrap().shared, "{}", server.name);
            assert_eq!(newest_share(server, &self.channel, &self.remote).await.state, ShareState::Ended);
            assert_eq!(server.texts(&self.channel).await.len(), 2, "what was written stays");
            assert!(server.members(&self.channel).await.iter().all(|name| !name.contains(':')), "remote people leave");
        }
        // Both still write, and nothing travels.
        let start = self.network.count();
        let here = self.alpha.post(&self.ann, &self.channel, "alone").await;
        let there = self.beta.post(&self.bob, &self.channel, "alone too").await;
        let probe = self.alpha.channel("probe", &[]).await;
        if self.alpha.remote(&self.remote).await.is_live() && self.beta.remote(&self.remote).await.is_live() {
            share(&self.alpha, &self.beta, &probe, &self.remote).await;
            let sent = self.alpha.post(&self.alpha.admin, &probe, "another channel goes on").await;
            self.beta.arrives(&sent.id).await;
            let back = self.beta.post(&self.beta.admin, &probe, "in both directions").await;
            self.alpha.arrives(&back.id).await;
        }
        assert_eq!(self.beta.post_row(&here.id).await, None);
        assert_eq!(self.alpha.post_row(&there.id).await, None);
        let about = self.channel.to_string();
        let sent =
            self.network.log()[start..].iter().filter(|sent| sent.payload["channel_id"] == about.as_str()).count();
        assert_eq!(sent, 0, "nothing about the channel is said any more");
    }
}

/// E-154, SC-072, SC-074, SC-078, SC-080.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_takes_an_organisation_out() {
    let pair = pair().await;
    pair.alpha.tick();
    let actor = &pair.alpha.admin.actor;
    let (ended, rest) = shares::uninvite(pair.alpha.app(), actor, &pair.channel, Some(&pair.remote)).await.unwrap();
    assert_eq!((ended.id, rest.len()), (pair.remote, 0));
    pair.is_over().await;
    assert!(pair.alpha.notices(&pair.channel).await.iter().any(|t| t.contains("Sharing this channel with **Beta**")));
    assert!(pair.beta.notices(&pair.channel).await.iter().any(|t| t.contains("**Alpha** has ended sharing")));
}

/// SC-077, SC-079.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_unshares_the_channel() {
    let pair = pair().await;
    pair.alpha.tick();
    let ended = shares::unshare(pair.alpha.app(), &pair.alpha.admin.actor, &pair.channel).await.unwrap();
    assert_eq!(ended.len(), 1);
    pair.is_over().await;
}

/// SC-077, E-049.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_leaves() {
    let pair = pair().await;
    pair.beta.tick();
    shares::unshare(pair.beta.app(), &pair.beta.admin.actor, &pair.channel).await.unwrap();
    pair.is_over().await;
    assert!(pair.alpha.notices(&pair.channel).await.iter().any(|text| text.contains("**Beta** has ended sharing")));
    // The home cannot push the copy back against the administrators there: it waits until they let it in (ruling 43).
    pair.alpha.tick();
    shares::invite(pair.alpha.app(), &pair.alpha.admin.actor, &pair.channel, &pair.remote, Default::default())
        .await
        .unwrap();
    let actor = &pair.beta.admin.actor;
    eventually("the invitation waits", async || {
        let waiting = shares::list_requests(pair.beta.app(), actor, &pair.remote).await.unwrap();
        (waiting.len() == 1 && waiting[0].channel_id == pair.channel).then_some(())
    })
    .await;
    assert_eq!(newest_share(&pair.alpha, &pair.channel, &pair.remote).await.state, ShareState::Invited);
    assert!(!pair.beta.channel_row(&pair.channel).await.unwrap().shared);
    let waits = pair.alpha.post(&pair.ann, &pair.channel, "written before they let us in").await;
    pair.beta.tick();
    shares::approve(pair.beta.app(), actor, &pair.remote, &pair.channel, None).await.unwrap();
    pair.beta.arrives(&waits.id).await;
    assert_eq!(pair.beta.post_row(&waits.id).await.unwrap().user_id, pair.ann.user.id);
    let back = pair.beta.post(&pair.bob, &pair.channel, "together again").await;
    pair.alpha.arrives(&back.id).await;
}

/// E-052, SC-075.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_taken_out_can_be_invited_again() {
    let pair = pair().await;
    pair.alpha.tick();
    let actor = &pair.alpha.admin.actor;
    shares::uninvite(pair.alpha.app(), actor, &pair.channel, Some(&pair.remote)).await.unwrap();
    pair.is_over().await;
    share(&pair.alpha, &pair.beta, &pair.channel, &pair.remote).await;
    let said = pair.alpha.post(&pair.ann, &pair.channel, "together again").await;
    pair.beta.arrives(&said.id).await;
    let back = pair.beta.post(&pair.bob, &pair.channel, "indeed").await;
    pair.alpha.arrives(&back.id).await;
    assert_eq!(pair.beta.texts(&pair.channel).await.len(), 5, "two before, one alone, two again");
}

/// SC-049.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inviter_removes_the_connection() {
    let pair = pair().await;
    pair.alpha.tick();
    let removed =
        rialto_federation::connections::remove(pair.alpha.federation(), &pair.alpha.admin.actor, &pair.remote)
            .await
            .unwrap();
    assert_eq!((removed.told, removed.channels.len()), (Some(true), 1));
    pair.is_over().await;
    let (here, there) = (pair.alpha.remote(&pair.remote).await, pair.beta.remote(&pair.remote).await);
    assert!(here.delete_at.is_some() && !here.severed && here.deleted_by.is_some());
    assert!(there.delete_at.is_some() && there.severed && there.deleted_by.is_none());
    for (server, person) in [(&pair.alpha, &pair.bob), (&pair.beta, &pair.ann)] {
        assert!(server.user(&person.user.id).await.unwrap().delete_at.is_some(), "its people are inactive");
        assert!(connections::peer_token(server.app(), &pair.remote).await.unwrap().is_none(), "tokens are destroyed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_acceptor_removes_the_connection() {
    let pair = pair().await;
    pair.beta.tick();
    let actor = &pair.beta.admin.actor;
    let removed = rialto_federation::connections::remove(pair.beta.federation(), actor, &pair.remote).await.unwrap();
    assert_eq!(removed.told, Some(true));
    pair.is_over().await;
    assert!(pair.alpha.remote(&pair.remote).await.severed);
}

/// E-021.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_pair_can_connect_and_share_again_and_people_stay_who_they_were() {
    let pair = pair().await;
    pair.alpha.tick();
    let actor = &pair.alpha.admin.actor;
    rialto_federation::connections::remove(pair.alpha.federation(), actor, &pair.remote).await.unwrap();
    pair.is_over().await;
    let again = connect(&pair.alpha, &pair.beta).await;
    assert_ne!(again, pair.remote);
    for (server, person) in [(&pair.alpha, &pair.bob), (&pair.beta, &pair.ann)] {
        eventually("the same people", async || {
            let user = server.user(&person.user.id).await?;
            (user.remote_id == Some(again) && user.delete_at.is_none()).then_some(())
        })
        .await;
    }
    share(&pair.alpha, &pair.beta, &pair.channel, &again).await;
    let said = pair.alpha.post(&pair.ann, &pair.channel, "together again").await;
    assert_eq!(pair.beta.arrives(&said.id).await.user_id, pair.ann.user.id);
}

/// AT-13.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_was_not_told_learns_of_the_end_by_being_refused() {
    let pair = pair().await;
    pair.network.fail(|sent| (sent.from == "alpha" && sent.topic == topic::RIALTO_SHARE).then_some(Fault::Refused));
    pair.alpha.tick();
    let actor = &pair.alpha.admin.actor;
    shares::uninvite(pair.alpha.app(), actor, &pair.channel, Some(&pair.remote)).await.unwrap();
    let said = pair.beta.post(&pair.bob, &pair.channel, "is anybody there?").await;
    eventually("the copy is no longer shared", async || {
        pair.beta.live_share(&pair.channel, &pair.remote).await.is_none().then_some(())
    })
    .await;
    assert_eq!(pair.alpha.post_row(&said.id).await, None);
}

/// E-046.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_about_to_leave_stays_when_the_share_ends() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = pair().await;
    network.fail(|_| Some(Fault::Refused));
    let mut said = Vec::new();
    for number in 0..120 {
        said.push(alpha.post(&ann, &channel, &format!("word {number}")).await.id);
    }
    // The administrator ends the share while the first of three messages is on its way.
    let (app, admin) = (alpha.app().clone(), alpha.admin.actor.clone());
    let mut first = true;
    network.fail(move |sent| {
        if first && !sent.posts().is_empty() {
            first = false;
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(shares::uninvite(&app, &admin, &channel, Some(&remote)))
            })
            .unwrap();
        }
        None
    });
    alpha.app().bus.contacted(remote);
    eventually("the peer knows", async || beta.live_share(&channel, &remote).await.is_none().then_some(())).await;
    let left: Vec<String> =
        network.log().iter().filter(|sent| sent.fault.is_none()).flat_map(|sent| sent.posts()).collect();
    let late = said.iter().skip(50).filter(|post| left.contains(&post.to_string())).count();
    assert_eq!(late, 0, "only the first message had left");
}
