//! A bad network and servers that stop: nothing acknowledged is lost, nothing is doubled, nobody waits for somebody else.

use std::collections::HashSet;

use rialto_wire::federation::topic;

use crate::harness::{Fault, Pair, Server, connect, eventually, settle, share, strangers};

/// E-040.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_doubles_nothing() {
    let Pair { network, alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    // Every message's first answer is lost.
    let mut seen = HashSet::new();
    network.fail(move |sent| {
        let what = ["posts", "reactions", "users"].map(|member| sent.payload[member].to_string());
        let new = sent.topic == topic::SYNC && seen.insert((sent.from, what));
        (new && sent.has_content()).then_some(Fault::LostAnswer)
    });
    let root = alpha.post(&ann, &channel, "hello").await;
    let there = beta.arrives(&root.id).await;
    let reply = beta.reply(&bob, &there, "hi").await;
    alpha.arrives(&reply.id).await;
    alpha.react(&ann, &reply.id, "wave").await;
    eventually("the reaction arrives", async || (!beta.reactions(&reply.id).await.is_empty()).then_some(())).await;
    network.heal();
    settle(&[&alpha, &beta], &channel).await;
    for server in [&alpha, &beta] {
        assert_eq!(server.texts(&channel).await.len(), 2, "{}", server.name);
        assert_eq!(server.reactions(&reply.id).await.len(), 1);
        assert_eq!(server.post_row(&root.id).await.unwrap().reply_count, 1);
    }
    let member = rialto_app::channel_members::get(beta.app(), &bob.actor, &channel, &bob.user.id).await.unwrap();
    let row = beta.channel_row(&channel).await.unwrap();
    assert_eq!(row.total_msg_count_root - member.msg_count_root, 5, "one message and four of settling are unread");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_on_the_way_is_sent_again() {
    let Pair { network, alpha, beta, channel, ann, .. } = Pair::new().await;
    for fault in [Fault::Refused, Fault::Status(500), Fault::StatusAfter(502), Fault::Status(503), Fault::Status(401)] {
        let mut failures = 0;
        network.fail(move |sent| {
            let fails = sent.topic == topic::SYNC && sent.from == "alpha" && failures < 1;
            failures += usize::from(fails);
            fails.then_some(fault)
        });
        let said = alpha.post(&ann, &channel, &format!("{fault:?}")).await;
        beta.arrives(&said.id).await;
    }
    network.heal();
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(beta.texts(&channel).await.len(), 5);
}

/// E-082.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_peer_delays_nobody_else() {
    let (network, alpha, beta) = strangers().await;
    let gamma = Server::new(&network, "gamma", 3).await;
    let ann = alpha.person("ann").await;
    let (to_beta, to_gamma) = (connect(&alpha, &beta).await, connect(&alpha, &gamma).await);
    let channel = alpha.channel("plans", &[&ann]).await;
    share(&alpha, &beta, &channel, &to_beta).await;
    share(&alpha, &gamma, &channel, &to_gamma).await;
    network.fail(|sent| (sent.to == "beta" && sent.topic == topic::SYNC).then_some(Fault::Hang));
    let mut said = Vec::new();
    for n in 0..3 {
        said.push(alpha.post(&ann, &channel, &format!("number {n}")).await);
    }
    for post in &said {
        gamma.arrives(&post.id).await;
        assert_eq!(beta.post_row(&post.id).await, None);
    }
    network.heal();
    for post in &said {
        beta.arrives(&post.id).await;
    }
}

/// E-039.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_in_the_middle_goes_on_where_it_was() {
    let Pair { network, mut alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    // Stops while its messages hang on the way.
    network.fail(|sent| (sent.to == "beta" && sent.topic == topic::SYNC).then_some(Fault::Hang));
    let mut said = Vec::new();
    for n in 0..4 {
        said.push(alpha.post(&ann, &channel, &format!("before {n}")).await.id);
    }
    alpha.stop().await;
    network.heal();
    // Meanwhile the other side goes on writing, and nobody answers it.
    for n in 0..4 {
        said.push(beta.post(&bob, &channel, &format!("meanwhile {n}")).await.id);
    }
    alpha.start().await;
    let ann = alpha.speaker(&channel).await;
    said.push(alpha.post(&ann, &channel, "after").await.id);
    for id in &said {
        alpha.arrives(id).await;
        beta.arrives(id).await;
    }
    settle(&[&alpha, &beta], &channel).await;
    let texts = |list: Vec<(String, String)>| list.into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(texts(alpha.texts(&channel).await), texts(beta.texts(&channel).await));
    assert_eq!(alpha.texts(&channel).await.len(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_stops_in_the_middle_misses_nothing() {
    let Pair { alpha, mut beta, channel, ann, .. } = Pair::new().await;
    let mut said = Vec::new();
    for round in 0..3 {
        for n in 0..5 {
            said.push(alpha.post(&ann, &channel, &format!("{round}.{n}")).await);
        }
        beta.stop().await;
        said.push(alpha.post(&ann, &channel, &format!("{round}: nobody there")).await);
        beta.start().await;
    }
    for post in &said {
        beta.arrives(&post.id).await;
    }
    settle(&[&alpha, &beta], &channel).await;
    let expected: Vec<_> = said.iter().map(|post| ("ann:alpha".to_owned(), post.message.clone())).collect();
    assert_eq!(beta.texts(&channel).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_whose_answer_is_lost_is_not_repeated_to_death() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = Pair::unshared().await;
    let mut lost = 0;
    network.fail(move |sent| {
        let loses = sent.topic == topic::CHANNEL_INVITE && lost < 2;
        lost += usize::from(loses);
        loses.then_some(Fault::LostAnswer)
    });
    share(&alpha, &beta, &channel, &remote).await;
    let said = alpha.post(&ann, &channel, "hello").await;
    beta.arrives(&said.id).await;
    let told = beta.notices(&channel).await;
    assert_eq!(told.iter().filter(|text| text.contains("shares this channel")).count(), 1, "{told:?}");
    assert_eq!(network.log().iter().filter(|sent| sent.topic == topic::CHANNEL_INVITE).count(), 3);
}

/// SC-094.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_backlog_arrives_whole_and_in_order() {
    let Pair { network, alpha, beta, channel, ann, .. } = Pair::new().await;
    network.fail(|sent| (sent.to == "beta").then_some(Fault::Refused));
    let root = alpha.post(&ann, &channel, "root").await;
    let mut last = root.clone();
    for n in 0..120 {
        last = match n % 3 {
            0 => alpha.reply(&ann, &root, &format!("reply {n}")).await,
            _ => alpha.post(&ann, &channel, &format!("post {n}")).await,
        };
    }
    let start = network.count();
    network.heal();
    beta.arrives(&last.id).await;
    settle(&[&alpha, &beta], &channel).await;
    let (here, there) = (alpha.texts(&channel).await, beta.texts(&channel).await);
    assert_eq!(there.len(), 121);
    assert!(here.iter().zip(&there).all(|((_, here), (_, there))| here == there));
    assert_eq!(beta.post_row(&root.id).await.unwrap().reply_count, 40);
    for sent in network.content("alpha", "beta", start) {
        assert!(sent.posts().len() <= 50, "{} posts in one message", sent.posts().len());
    }
}

/// E-134, wire 6.6: success that does not say what was applied confirms nothing: no position moves, and it is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn success_without_confirmation_is_none() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = Pair::new().await.settled().await;
    network.fail(|sent| (sent.from == "alpha" && sent.topic == topic::SYNC).then_some(Fault::Blank));
    let so_far = network.count();
    let said = alpha.post(&ann, &channel, "said into the void").await;
    eventually("it was tried again", async || {
        (network.content("alpha", "beta", so_far).iter().filter(|sent| sent.posts() == [said.id.to_string()]).count()
            >= 2)
            .then_some(())
    })
    .await;
    assert_eq!(beta.post_row(&said.id).await, None);
    let mut view = alpha.view().await;
    assert_eq!(rialto_store::post_deliveries::list(&mut view, &[said.id]).await.unwrap(), []);
    drop(view);
    network.heal();
    beta.arrives(&said.id).await;
    eventually("and then it counts as delivered", async || {
        let mut view = alpha.view().await;
        let words = rialto_store::post_deliveries::list(&mut view, &[said.id]).await.unwrap();
        words.iter().any(|word| word.remote_id == remote && word.state == "stored").then_some(())
    })
    .await;
}
