//! Channels of one peer do not wait for each other, and messages not for lists of members.

use rialto_model::Post;
use rialto_wire::federation::topic;

use crate::harness::{Fault, Network, Pair, Server, eventually, share};

/// Which requests since the `since`th brought one of these posts.
fn frames_with(network: &Network, since: usize, posts: &[Post]) -> Vec<usize> {
    let log = network.log();
    let brings = |n: &usize| log[*n].posts().iter().any(|id| posts.iter().any(|post| post.id.as_str() == id));
    (since..log.len()).filter(brings).collect()
}

/// E-042, INV-10: a channel whose messages are answered with errors holds up no other, and loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_answered_with_errors_holds_up_no_other() {
    let pair = Pair::new().await;
    let other = pair.another("other").await;
    let Pair { network, alpha, beta, channel: plans, ann, .. } = pair;
    for status in [500, 400, 504, 503] {
        let channel = plans.to_string();
        network.fail(move |sent| {
            let about =
                sent.topic == topic::SYNC && sent.from == "alpha" && sent.payload["channel_id"] == channel.as_str();
            about.then_some(Fault::Status(status))
        });
        let mut said = Vec::new();
        for n in 0..3 {
            said.push(alpha.post(&ann, &plans, &format!("{status} {n}")).await);
            let elsewhere = alpha.post(&ann, &other, &format!("{status}, elsewhere {n}")).await;
            beta.arrives(&elsewhere.id).await;
        }
        assert_eq!(beta.post_row(&said[0].id).await, None);
        network.heal();
        for post in &said {
            beta.arrives(&post.id).await;
        }
    }
    let texts: Vec<String> = beta.texts(&plans).await.into_iter().map(|(_, text)| text).collect();
    let expected: Vec<String> =
        [500, 400, 504, 503].iter().flat_map(|status| (0..3).map(move |n| format!("{status} {n}"))).collect();
    assert_eq!(texts, expected, "in their order");
}

/// E-035: after an outage the message of a quiet channel does not stand behind the backlog of a loud one, whose own order
/// holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_channel_does_not_wait_for_a_loud_one() {
    let pair = Pair::new().await;
    let other = pair.another("other").await;
    let Pair { network, alpha, beta, channel: plans, ann, .. } = pair;
    network.fail(|sent| (sent.to == "beta").then_some(Fault::Refused));
    let mut loud = Vec::new();
    for n in 0..170 {
        loud.push(alpha.post(&ann, &plans, &format!("loud {n}")).await);
    }
    let quiet = alpha.post(&ann, &other, "quiet").await;
    let start = network.count();
    network.heal();
    beta.arrives(&quiet.id).await;
    for post in &loud {
        beta.arrives(&post.id).await;
    }
    let (quiet, frames) = (frames_with(&network, start, &[quiet]), frames_with(&network, start, &loud));
    let before = frames.iter().filter(|frame| **frame < quiet[0]).count();
    assert!(before <= 1 && frames.len() >= 4, "{before} of {} frames of the loud channel came first", frames.len());
    let texts: Vec<String> = beta.texts(&plans).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, loud.iter().map(|post| post.message.clone()).collect::<Vec<_>>());
}

/// E-104: who belongs to a big channel follows behind its messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_do_not_wait_for_the_members_of_a_big_channel() {
    let network = Network::new();
    let small = |settings: &mut rialto_app::Settings| settings.workspaces.member_batch = 2;
    let (alpha, beta) = (Server::with(&network, "alpha", 1, small).await, Server::new(&network, "beta", 2).await);
    let Pair { network, mut alpha, beta, remote, channel, ann, .. } = Pair::of(network, alpha, beta).await;
    for n in 0..30 {
        let person = alpha.person(&format!("person{n}")).await;
        alpha.join(&person, &channel).await;
    }
    // The first page does not get through until there is a message.
    let lists = |sent: &crate::harness::Sent| {
        sent.from == "alpha" && sent.payload["membership_changes"].as_array().is_some_and(|list| !list.is_empty())
    };
    network.fail(move |sent| lists(sent).then_some(Fault::Refused));
    share(&alpha, &beta, &channel, &remote).await;
    let said = alpha.post(&ann, &channel, "hello").await;
    beta.arrives(&said.id).await;
    assert!(!beta.members(&channel).await.contains(&"person29:alpha".to_owned()));
    // And it goes on where it was when the server stops.
    alpha.stop().await;
    network.heal();
    alpha.start().await;
    eventually("everybody is known", async || {
        let members = beta.members(&channel).await;
        (0..30).all(|n| members.contains(&format!("person{n}:alpha"))).then_some(())
    })
    .await;
}
