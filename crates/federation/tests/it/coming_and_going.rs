//! People and teams that come and go: what of it the other side sees.

use rialto_app::{channel_members, shares, teams};
use rialto_model::ShareState;

use crate::harness::{Fault, Pair, eventually};

/// E-103, AT-21: who joins, leaves and joins again while nothing can be told is told of once, as what they are then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_joining_and_leaving_the_last_counts() {
    let Pair { network, alpha, beta, channel, .. } = Pair::new().await.settled().await;
    let (stays, goes) = (alpha.person("stays").await, alpha.person("goes").await);
    network.fail(|sent| (sent.from == "alpha").then_some(Fault::Refused));
    for (person, times) in [(&stays, 3), (&goes, 2)] {
        for n in 0..times {
            if n % 2 == 0 {
                alpha.join(person, &channel).await;
            } else {
                alpha.tick();
                let user = &person.user.id;
                channel_members::remove(alpha.app(), &person.actor, &channel, user).await.unwrap();
            }
        }
    }
    let start = network.count();
    network.heal();
    eventually("who stays is known", async || {
        beta.members(&channel).await.contains(&"stays:alpha".to_owned()).then_some(())
    })
    .await;
    let last = alpha.post(&stays, &channel, "here I am").await;
    beta.arrives(&last.id).await;
    assert!(!beta.members(&channel).await.contains(&"goes:alpha".to_owned()));
    let changes = |person: &crate::harness::Person| -> usize {
        let id = person.user.id.to_string();
        let about = |sent: &crate::harness::Sent| {
            let list = sent.payload["membership_changes"].as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().filter(|change| change["user_id"] == id.as_str()).count()
        };
        network.log()[start..].iter().filter(|sent| sent.fault.is_none() && sent.from == "alpha").map(about).sum()
    };
    assert_eq!(changes(&stays), 1, "one word for three");
    assert!(changes(&goes) <= 1);
}

/// E-105: who leaves the team at home has left the channel everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_the_team_leaves_the_channel_everywhere() {
    let Pair { alpha, beta, channel, ann, .. } = Pair::new().await;
    let said = alpha.post(&ann, &channel, "goodbye").await;
    beta.arrives(&said.id).await;
    eventually("ann belongs", async || beta.members(&channel).await.contains(&"ann:alpha".to_owned()).then_some(()))
        .await;
    alpha.tick();
    teams::remove_member(alpha.app(), &alpha.admin.actor, &alpha.team, &ann.user.id).await.unwrap();
    eventually("ann has left", async || {
        (!beta.members(&channel).await.contains(&"ann:alpha".to_owned())).then_some(())
    })
    .await;
    assert_eq!(beta.post_row(&said.id).await.unwrap().message, "goodbye");
}

/// E-055, E-057: with its team archived a copy counts as archived; what is written meanwhile waits and comes when the
/// team is back, both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_rests_with_its_team() {
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = Pair::new().await.settled().await;
    beta.tick();
    teams::set_archived(beta.app(), &beta.admin.actor, &beta.team, true).await.unwrap();
    eventually("alpha knows", async || {
        alpha.live_share(&channel, &remote).await.filter(|share| share.state == ShareState::Paused)
    })
    .await;
    assert!(alpha.notices(&channel).await.iter().any(|text| text.contains("**Beta** has archived its copy")));
    let waits = alpha.post(&ann, &channel, "for later").await;
    let other = alpha.channel("other", &[&ann]).await;
    assert!(shares::invite(alpha.app(), &alpha.admin.actor, &other, &remote, Default::default()).await.is_ok());
    assert_eq!(beta.post_row(&waits.id).await, None);
    beta.tick();
    teams::set_archived(beta.app(), &beta.admin.actor, &beta.team, false).await.unwrap();
    beta.arrives(&waits.id).await;
    let back = beta.post(&bob, &channel, "here again").await;
    alpha.arrives(&back.id).await;
}
