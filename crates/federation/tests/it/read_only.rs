//! A channel shared read-only: its home writes, everybody elsewhere reads, their administrators included.

use rialto_app::access::Denied;
use rialto_app::{posts, reactions, shares};
use rialto_model::ShareMode;

use crate::harness::{Pair, eventually, settle};

/// SC-067.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_of_a_read_only_channel_read() {
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = Pair::unshared().await.shared_read_only().await;
    assert_eq!(beta.live_share(&channel, &remote).await.unwrap().mode, ShareMode::ReadOnly);
    let said = alpha.post(&ann, &channel, "news").await;
    beta.arrives(&said.id).await;
    for person in [&bob, &beta.admin] {
        let new = posts::NewPost { message: "may I?".to_owned(), ..Default::default() };
        let refused = posts::create(beta.app(), &person.actor, &channel, new).await.unwrap_err();
        assert!(matches!(refused, posts::Error::Denied(Denied::ReadOnlyShare)), "{refused}");
        let refused = reactions::add(beta.app(), &person.actor, &said.id, "wave").await.unwrap_err();
        assert!(matches!(refused, reactions::Error::Denied(Denied::ReadOnlyShare)), "{refused}");
    }
    alpha.react(&ann, &said.id, "tada").await;
    eventually("the home's reactions arrive", async || (beta.reactions(&said.id).await.len() == 1).then_some(())).await;
    alpha.edit(&ann, &said.id, "better news").await;
    beta.reads(&said.id, "better news").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_turned_read_only_stops_guests_and_leaves_what_they_wrote() {
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = Pair::new().await;
    let said = beta.post(&bob, &channel, "while I may").await;
    alpha.arrives(&said.id).await;
    settle(&[&alpha, &beta], &channel).await;
    alpha.tick();
    let invitation = shares::Invitation { read_only: true, convert: true, ..Default::default() };
    shares::invite(alpha.app(), &alpha.admin.actor, &channel, &remote, invitation).await.unwrap();
    eventually("the copy is read-only", async || {
        beta.live_share(&channel, &remote).await.filter(|share| share.mode == ShareMode::ReadOnly)
    })
    .await;
    let new = posts::NewPost { message: "may I?".to_owned(), ..Default::default() };
    let refused = posts::create(beta.app(), &bob.actor, &channel, new).await.unwrap_err();
    assert!(matches!(refused, posts::Error::Denied(Denied::ReadOnlyShare)), "{refused}");
    // What was written while it was allowed can still be taken back.
    beta.delete(&bob, &said.id).await;
    eventually("it is gone at home too", async || {
        alpha.post_row(&said.id).await.filter(|post| post.delete_at.is_some())
    })
    .await;
    let news = alpha.post(&ann, &channel, "the home goes on").await;
    beta.arrives(&news.id).await;
}
