//! Channels a peer gets later than others: nothing of them is lost, whatever happened in them meanwhile.

use rialto_app::connections::{Contact, note_contact};
use rialto_app::users::ProfileChange;
use rialto_app::{outbox, shares};
use rialto_model::{ChannelId, PeerProfile, ShareState};
use rialto_wire::federation::topic;

use crate::harness::{Fault, Pair, eventually, shared};

/// A pair with another shared channel besides `plans`, which beta denies in these tests.
struct Stage {
    pair: Pair,
    other: ChannelId,
}

async fn stage() -> Stage {
    let pair = Pair::new().await;
    let other = pair.another("other").await;
    Stage { pair, other }
}

impl Stage {
    /// From now on beta denies that it shares `plans`.
    fn deny(&self) {
        let plans = self.pair.channel.to_string();
        self.pair.network.fail(move |sent| {
            let about =
                sent.from == "alpha" && sent.topic == topic::SYNC && sent.payload["channel_id"] == plans.as_str();
            about.then_some(Fault::NotShared)
        });
    }

    async fn denied(&self, since: usize) {
        eventually("beta denies the channel", async || {
            self.pair.network.log()[since..].iter().any(|sent| sent.fault == Some(Fault::NotShared)).then_some(())
        })
        .await;
    }

    /// Waits until alpha's sender has passed by everything recorded so far: another channel's message has arrived.
    async fn passed_by(&self) {
        let ann = self.pair.alpha.speaker(&self.other).await;
        let post = self.pair.alpha.post(&ann, &self.other, "the others do not wait").await;
        self.pair.beta.arrives(&post.id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_takes_a_channel_back_gets_everything() {
    let stage = stage().await;
    let Pair { network, alpha, beta, ann, channel: plans, .. } = &stage.pair;
    let known = alpha.post(ann, plans, "known").await;
    beta.arrives(&known.id).await;
    let start = network.count();
    stage.deny();
    let first = alpha.post(ann, plans, "denied itself").await;
    stage.denied(start).await;
    alpha.react(ann, &known.id, "wave").await;
    let dora = alpha.person("dora").await;
    alpha.join(&dora, plans).await;
    let change = ProfileChange { nickname: Some("Annie".to_owned()), ..ProfileChange::default() };
    alpha.tick();
    rialto_app::users::update(alpha.app(), &ann.actor, &ann.user.id, change).await.unwrap();
    let edited = alpha.edit(ann, &known.id, "known and edited").await;
    let second = alpha.post(ann, plans, "written meanwhile").await;
    stage.passed_by().await;
    assert_eq!(beta.post_row(&first.id).await, None);
    network.heal();
    beta.arrives(&first.id).await;
    beta.arrives(&second.id).await;
    beta.reads(&known.id, &edited.message).await;
    eventually("the reaction arrives", async || (!beta.reactions(&known.id).await.is_empty()).then_some(())).await;
    eventually("the profile arrives", async || (beta.user(&ann.user.id).await?.nickname == "Annie").then_some(()))
        .await;
    eventually("who joined arrives", async || {
        beta.members(plans).await.contains(&"dora:alpha".to_owned()).then_some(())
    })
    .await;
    let texts: Vec<String> = beta.texts(plans).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["known and edited", "denied itself", "written meanwhile"]);
    assert!(alpha.live_share(plans, &stage.pair.remote).await.is_some());
    eventually("nothing is held any more", async || {
        outbox::held(alpha.app(), &stage.pair.remote).await.unwrap().is_empty().then_some(())
    })
    .await;
    let last = alpha.post(ann, plans, "as ever").await;
    beta.arrives(&last.id).await;
    // Both servers were well for the ten seconds of the doubt: they had no reason to ping each other.
    let pings = network.log()[start..].iter().filter(|sent| sent.topic == topic::PING).count();
    assert!(pings <= 2, "{pings} pings");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_doubt_loses_nothing() {
    let mut stage = stage().await;
    let start = stage.pair.network.count();
    stage.deny();
    let first = stage.pair.alpha.post(&stage.pair.ann, &stage.pair.channel, "denied itself").await;
    stage.denied(start).await;
    let second = stage.pair.alpha.post(&stage.pair.ann, &stage.pair.channel, "written meanwhile").await;
    stage.pair.alpha.react(&stage.pair.ann, &first.id, "wave").await;
    stage.passed_by().await;
    stage.pair.alpha.stop().await;
    stage.pair.network.heal();
    stage.pair.alpha.start().await;
    let beta = &stage.pair.beta;
    beta.arrives(&first.id).await;
    beta.arrives(&second.id).await;
    eventually("the reaction arrives", async || (!beta.reactions(&first.id).await.is_empty()).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_denies_twice_has_ended_the_share() {
    let stage = stage().await;
    stage.deny();
    stage.pair.alpha.post(&stage.pair.ann, &stage.pair.channel, "denied").await;
    eventually("the share has ended", async || {
        stage.pair.alpha.live_share(&stage.pair.channel, &stage.pair.remote).await.is_none().then_some(())
    })
    .await;
    assert_eq!(outbox::held(stage.pair.alpha.app(), &stage.pair.remote).await.unwrap(), []);
    stage.passed_by().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_toggles_gets_the_reaction_it_denied() {
    let stage = stage().await;
    let Pair { network, alpha, beta, ann, channel: plans, .. } = &stage.pair;
    let post = alpha.post(ann, plans, "react to this").await;
    beta.arrives(&post.id).await;
    let mattermost = Contact { profile: Some(PeerProfile::Mattermost11), ..Contact::default() };
    note_contact(alpha.app(), &stage.pair.remote, mattermost).await.unwrap();
    let start = network.count();
    stage.deny();
    alpha.react(ann, &post.id, "wave").await;
    stage.denied(start).await;
    network.heal();
    eventually("the reaction arrives", async || (!beta.reactions(&post.id).await.is_empty()).then_some(())).await;
    alpha.unreact(ann, &post.id, "wave").await;
    eventually("and goes", async || beta.reactions(&post.id).await.is_empty().then_some(())).await;
    assert_eq!(alpha.remote(&stage.pair.remote).await.profile, PeerProfile::Mattermost11, "all the time");
}

/// Offers a third channel while beta cannot take it, writes in it, and waits until everything else has passed by.
async fn offered_too_early(stage: &Stage) -> (ChannelId, Vec<rialto_model::PostId>) {
    let Pair { network, alpha, remote, ann, .. } = &stage.pair;
    let third = alpha.channel("third", &[ann]).await;
    let before = alpha.post(ann, &third, "before sharing").await;
    network.fail(|sent| (sent.topic == topic::CHANNEL_INVITE).then_some(Fault::Status(503)));
    alpha.tick();
    shares::invite(alpha.app(), &alpha.admin.actor, &third, remote, Default::default()).await.unwrap();
    eventually("the offer is under way", async || {
        let share = alpha.live_share(&third, remote).await?;
        (share.state == ShareState::Invited).then_some(())
    })
    .await;
    let mut said = Vec::new();
    for n in 0..3 {
        said.push(alpha.post(ann, &third, &format!("meanwhile {n}")).await.id);
    }
    let eve = alpha.person("eve").await;
    alpha.join(&eve, &third).await;
    alpha.react(ann, &said[0], "wave").await;
    stage.passed_by().await;
    assert!(stage.pair.beta.channel_row(&third).await.is_none());
    assert!(stage.pair.beta.post_row(&before.id).await.is_none());
    (third, said)
}

async fn has_everything(stage: &Stage, third: &ChannelId, said: &[rialto_model::PostId]) {
    let Pair { alpha, beta, remote, .. } = &stage.pair;
    shared(alpha, beta, third, remote).await;
    for post in said {
        beta.arrives(post).await;
    }
    eventually("the reaction arrives", async || (!beta.reactions(&said[0]).await.is_empty()).then_some(())).await;
    for name in ["ann:alpha", "eve:alpha"] {
        eventually("who belongs arrives", async || beta.members(third).await.contains(&name.to_owned()).then_some(()))
            .await;
    }
    let texts: Vec<String> = beta.texts(third).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["meanwhile 0", "meanwhile 1", "meanwhile 2"], "and nothing from before sharing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_before_an_invitation_is_taken_follows() {
    let stage = stage().await;
    let (third, said) = offered_too_early(&stage).await;
    stage.pair.network.heal();
    has_everything(&stage, &third, &said).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_before_an_invitation_is_taken_loses_nothing() {
    let mut stage = stage().await;
    let (third, said) = offered_too_early(&stage).await;
    stage.pair.alpha.stop().await;
    stage.pair.network.heal();
    stage.pair.alpha.start().await;
    has_everything(&stage, &third, &said).await;
}
