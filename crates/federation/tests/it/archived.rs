//! Archived channels and changed modes: sharing rests or goes on, and nothing of it is lost (E-055 to E-057, ruling 44).

use rialto_app::access::Denied;
use rialto_app::{channels, posts, shares};
use rialto_model::{ShareMode, ShareState};
use rialto_wire::federation::topic;

use crate::harness::{Fault, Pair, eventually};

/// M-15, E-056.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archived_home_takes_nothing_and_its_copies_rest() {
    let Pair { network, alpha, beta, remote, channel, ann, bob } = Pair::new().await.settled().await;
    // Beta has not heard of it when Bob writes.
    network.fail(|sent| (sent.from == "alpha" && sent.topic == topic::RIALTO_SHARE).then_some(Fault::Refused));
    alpha.tick();
    channels::archive(alpha.app(), &alpha.admin.actor, &channel).await.unwrap();
    let start = network.count();
    let said = beta.post(&bob, &channel, "is this still on?").await;
    eventually("beta has tried", async || (!network.content("beta", "alpha", start).is_empty()).then_some(())).await;
    assert_eq!(alpha.post_row(&said.id).await, None);
    network.heal();
    eventually("the copy rests", async || {
        beta.live_share(&channel, &remote).await.filter(|share| share.state == ShareState::Paused)
    })
    .await;
    assert!(beta.notices(&channel).await.iter().any(|text| text.contains("**Alpha** has archived this channel")));
    let new = posts::NewPost { message: "hello?".to_owned(), ..Default::default() };
    let refused = posts::create(beta.app(), &bob.actor, &channel, new).await.unwrap_err();
    assert!(matches!(refused, posts::Error::Denied(Denied::ReadOnlyShare)), "{refused}");
    alpha.tick();
    channels::restore(alpha.app(), &alpha.admin.actor, &channel).await.unwrap();
    assert_eq!(alpha.arrives(&said.id).await.message, "is this still on?");
    let answer = alpha.post(&ann, &channel, "it is").await;
    beta.arrives(&answer.id).await;
}

/// E-021, E-056: what an archived home was told in vain of who belongs is told again when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_belongs_to_a_copy_is_told_when_its_home_is_back() {
    let Pair { network, alpha, beta, remote, channel, bob, .. } = Pair::new().await.settled().await;
    let there = format!("{}:beta", bob.user.username);
    assert!(alpha.members(&channel).await.contains(&there));
    // Beta hears of nothing but that it is invited again, to what is archived by then.
    network.fail(|sent| (sent.from == "alpha").then_some(Fault::Refused));
    shares::uninvite(alpha.app(), &alpha.admin.actor, &channel, Some(&remote)).await.unwrap();
    alpha.tick();
    shares::invite(alpha.app(), &alpha.admin.actor, &channel, &remote, Default::default()).await.unwrap();
    assert!(!alpha.members(&channel).await.contains(&there), "they left with their server");
    alpha.tick();
    channels::archive(alpha.app(), &alpha.admin.actor, &channel).await.unwrap();
    let start = network.count();
    network.heal();
    eventually("beta tells who belongs", async || {
        let told = network
            .content("beta", "alpha", start)
            .into_iter()
            .any(|sent| sent.payload["membership_changes"].is_array());
        told.then_some(())
    })
    .await;
    eventually("the copy rests", async || {
        beta.live_share(&channel, &remote).await.filter(|share| share.state == ShareState::Paused)
    })
    .await;
    assert!(!alpha.members(&channel).await.contains(&there));
    alpha.tick();
    channels::restore(alpha.app(), &alpha.admin.actor, &channel).await.unwrap();
    eventually("they belong again", async || alpha.members(&channel).await.contains(&there).then_some(())).await;
}

/// M-16, E-057.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archived_copy_gets_what_it_missed_and_others_do_not_wait() {
    let pair = Pair::new().await;
    let other = pair.another("other").await;
    let Pair { alpha, beta, remote, channel: plans, ann, .. } = pair;
    beta.tick();
    channels::archive(beta.app(), &beta.admin.actor, &plans).await.unwrap();
    eventually("alpha knows", async || {
        alpha.live_share(&plans, &remote).await.filter(|share| share.state == ShareState::Paused)
    })
    .await;
    assert!(alpha.notices(&plans).await.iter().any(|text| text.contains("**Beta** has archived its copy")));
    let waits = alpha.post(&ann, &plans, "for later").await;
    let now = alpha.post(&ann, &other, "for now").await;
    beta.arrives(&now.id).await;
    assert_eq!(beta.post_row(&waits.id).await, None);
    beta.tick();
    channels::restore(beta.app(), &beta.admin.actor, &plans).await.unwrap();
    beta.arrives(&waits.id).await;
}

/// M-21.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_mode_loses_nothing_of_what_waits() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = Pair::new().await.settled().await;
    let members = alpha.members(&channel).await;
    network.fail(|sent| (sent.from == "alpha").then_some(Fault::Refused));
    let waits = alpha.post(&ann, &channel, "while you were away").await;
    alpha.tick();
    let invitation = shares::Invitation { read_only: true, convert: true, ..Default::default() };
    shares::invite(alpha.app(), &alpha.admin.actor, &channel, &remote, invitation).await.unwrap();
    assert_eq!(alpha.members(&channel).await, members, "nobody leaves for it");
    network.heal();
    beta.arrives(&waits.id).await;
    eventually("the copy is read-only", async || {
        beta.live_share(&channel, &remote).await.filter(|share| share.mode == ShareMode::ReadOnly)
    })
    .await;
    let told = beta.notices(&channel).await;
    assert!(told.iter().any(|text| text.contains("read-only from now on")), "{told:?}");
    assert!(!told.iter().any(|text| text.contains("has ended sharing")), "{told:?}");
}
