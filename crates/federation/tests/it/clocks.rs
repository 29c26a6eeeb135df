//! Clocks that are set back: what belongs to a share is decided by what came first, not by what time it was.

use crate::harness::{Pair, eventually, settle, share};

/// Ten minutes.
const BACK: i64 = -600_000;

/// SC-005, INV-10: what is written after the clock was set back was written while the channel was shared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_step_back_edits_and_reactions_still_travel() {
    let Pair { alpha, beta, channel, ann, .. } = Pair::new().await;
    alpha.clock.advance(BACK);
    let said = alpha.post(&ann, &channel, "first").await;
    beta.arrives(&said.id).await;
    alpha.edit(&ann, &said.id, "second").await;
    beta.reads(&said.id, "second").await;
    alpha.react(&ann, &said.id, "wave").await;
    eventually("the reaction arrives", async || (!beta.reactions(&said.id).await.is_empty()).then_some(())).await;
    alpha.delete(&ann, &said.id).await;
    eventually("it goes", async || beta.post_row(&said.id).await?.gone_at()).await;
}

/// Ruling 46, INV-11: a message from before the share stays here although the clock says that it came after it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_back_before_a_share_does_not_let_out_what_came_before_it() {
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = Pair::unshared().await;
    let ours = alpha.post(&ann, &channel, "among ourselves").await;
    alpha.clock.advance(BACK);
    share(&alpha, &beta, &channel, &remote).await;
    alpha.edit(&ann, &ours.id, "still among ourselves").await;
    alpha.react(&ann, &ours.id, "wave").await;
    beta.join(&bob, &channel).await;
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(beta.post_row(&ours.id).await, None);
}
