//! A channel of three organisations when one of them is away, taken out, read-only, or particular about files.

use bytes::Bytes;
use rialto_app::access::Denied;
use rialto_app::{Settings, Volatile, channel_members, files, posts, shares};
use rialto_model::ShareMode;

use crate::harness::{Hub, Server, eventually, settle, share, share_read_only, strangers};

/// E-083, SC-016: with the home away each side goes on by itself; when it is back everybody has everything, once, in one
/// order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_home_away_both_guests_go_on_and_everything_meets_afterwards() {
    let hub = Hub::new().await;
    hub.settle().await;
    let Hub { alpha, mut beta, gamma, channel, ann, gus, .. } = hub;
    beta.stop().await;
    let mut said = Vec::new();
    for n in 0..3 {
        said.push(alpha.post(&ann, &channel, &format!("alpha {n}")).await.id);
        said.push(gamma.post(&gus, &channel, &format!("gamma {n}")).await.id);
    }
    assert_eq!(alpha.texts(&channel).await.len(), 3, "its own people's");
    assert_eq!(gamma.texts(&channel).await.len(), 3);
    beta.start().await;
    for server in [&alpha, &beta, &gamma] {
        for post in &said {
            server.arrives(post).await;
        }
    }
    settle(&[&alpha, &beta, &gamma], &channel).await;
    let expected = ["alpha 0", "gamma 0", "alpha 1", "gamma 1", "alpha 2", "gamma 2"];
    for server in [&alpha, &beta, &gamma] {
        let texts: Vec<_> = server.texts(&channel).await.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, expected, "{}", server.name);
    }
}

/// Whether anybody of alpha's belongs to the channel on a server.
async fn has_people_of_alpha(server: &Server, hub: &Hub) -> bool {
    let found = server.user(&hub.ann.user.id).await.unwrap();
    server.members(&hub.channel).await.contains(&found.username)
}

/// E-084, SC-072: what somebody said before they were taken out stays; they belong no more, and the others hear who left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_taken_out_leaves_their_words_behind() {
    let hub = Hub::new().await;
    let said = hub.alpha.post(&hub.ann, &hub.channel, "before").await;
    for server in [&hub.beta, &hub.gamma] {
        server.arrives(&said.id).await;
    }
    eventually("gamma knows who belongs", async || has_people_of_alpha(&hub.gamma, &hub).await.then_some(())).await;
    hub.beta.tick();
    let actor = &hub.beta.admin.actor;
    shares::uninvite(hub.beta.app(), actor, &hub.channel, Some(&hub.to_alpha)).await.unwrap();
    for server in [&hub.beta, &hub.gamma] {
        eventually("they belong no more", async || (!has_people_of_alpha(server, &hub).await).then_some(())).await;
        assert_eq!(server.post_row(&said.id).await.unwrap().message, "before", "{}", server.name);
        assert_eq!(server.texts(&hub.channel).await.len(), 1, "{}", server.name);
    }
    eventually("gamma is told who left", async || {
        let told = hub.gamma.notices(&hub.channel).await;
        told.iter().any(|text| text.contains("no longer shares this channel with **Alpha**")).then_some(())
    })
    .await;
    let more = hub.beta.post(&hub.bob, &hub.channel, "among the two of us").await;
    hub.gamma.arrives(&more.id).await;
    eventually("alpha knows", async || hub.alpha.live_share(&hub.channel, &hub.to_alpha).await.is_none().then_some(()))
        .await;
    assert_eq!(hub.alpha.post_row(&more.id).await, None);
}

/// E-088, SC-067: one guest may only read and another one writes, to everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_guest_reads_what_another_writes() {
    let (network, alpha, beta) = strangers().await;
    let gamma = Server::new(&network, "gamma", 3).await;
    let (ann, bob, gus) = (alpha.person("ann").await, beta.person("bob").await, gamma.person("gus").await);
    let to_alpha = crate::harness::connect(&beta, &alpha).await;
    let to_gamma = crate::harness::connect(&beta, &gamma).await;
    let channel = beta.channel("plans", &[&bob]).await;
    share_read_only(&beta, &alpha, &channel, &to_alpha).await;
    share(&beta, &gamma, &channel, &to_gamma).await;
    alpha.join(&ann, &channel).await;
    gamma.join(&gus, &channel).await;
    let said = gamma.post(&gus, &channel, "to everybody").await;
    beta.arrives(&said.id).await;
    assert_eq!(alpha.arrives(&said.id).await.message, "to everybody");
    assert_eq!(alpha.live_share(&channel, &to_alpha).await.unwrap().mode, ShareMode::ReadOnly);
    assert_eq!(gamma.live_share(&channel, &to_gamma).await.unwrap().mode, ShareMode::Participation);
    let new = posts::NewPost { message: "may I?".to_owned(), ..Default::default() };
    let refused = posts::create(alpha.app(), &ann.actor, &channel, new).await.unwrap_err();
    assert!(matches!(refused, posts::Error::Denied(Denied::ReadOnlyShare)), "{refused}");
    gamma.react(&gus, &said.id, "wave").await;
    eventually("reactions come as well", async || (alpha.reactions(&said.id).await.len() == 1).then_some(())).await;
}

/// E-089, E-061: what the home does not take it does not pass on; the message arrives everywhere, and its author is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_the_home_blocks_is_not_passed_on_and_its_message_is() {
    let hub = Hub::new().await;
    let mut settings = Settings::clone(&hub.beta.app().settings.get());
    settings.files.blocked.insert("exe".to_owned());
    hub.beta.app().settings.set(settings);
    let mut told = hub.alpha.app().bus.volatile();
    let bytes = Bytes::from_static(b"MZ");
    let file = files::take_bytes(hub.alpha.app(), &hub.ann.actor, &hub.channel, "setup.exe", bytes).await.unwrap();
    hub.alpha.tick();
    let new = posts::NewPost { message: "run this".to_owned(), file_ids: vec![file.id], ..Default::default() };
    let post = posts::create(hub.alpha.app(), &hub.ann.actor, &hub.channel, new).await.unwrap();
    assert_eq!(hub.gamma.arrives(&post.id).await.message, "run this");
    let text = loop {
        if let Volatile::Ephemeral { user, message, .. } = told.recv().await.unwrap() {
            assert_eq!(user, hub.ann.user.id);
            break message;
        }
    };
    assert!(text.contains("setup.exe") && text.contains("blocked"), "{text}");
    hub.settle().await;
    for (server, person) in [(&hub.beta, &hub.bob), (&hub.gamma, &hub.gus)] {
        assert!(files::open(server.app(), &person.actor, &file.id).await.is_err(), "{}", server.name);
    }
    // Taken away by hand, there is nothing left to wait for.
    let member = channel_members::get(hub.gamma.app(), &hub.gus.actor, &hub.channel, &hub.gus.user.id).await.unwrap();
    assert_eq!(member.mention_count, 0);
}
