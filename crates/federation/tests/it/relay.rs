//! Three organisations: the home of a channel passes on what each of its guests says, exactly once and to nobody twice.

use rialto_model::Post;

use crate::harness::{Hub, Server, connect, eventually, share, strangers};

impl Hub {
    /// In how many messages from one to another a post stood since the `since`th request.
    fn carried(&self, post: &Post, from: &str, to: &str, since: usize) -> usize {
        let id = post.id.to_string();
        self.network.content(from, to, since).iter().filter(|sent| sent.posts().contains(&id)).count()
    }
}

/// SC-016, SC-102, AT-25, E-080.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_reads_everybody_exactly_once() {
    let hub = Hub::new().await;
    hub.settle().await;
    let start = hub.network.count();
    let from_alpha = hub.alpha.post(&hub.ann, &hub.channel, "from alpha").await;
    hub.gamma.arrives(&from_alpha.id).await;
    let from_beta = hub.beta.post(&hub.bob, &hub.channel, "from beta").await;
    hub.gamma.arrives(&from_beta.id).await;
    hub.alpha.arrives(&from_beta.id).await;
    let from_gamma = hub.gamma.post(&hub.gus, &hub.channel, "from gamma").await;
    hub.alpha.arrives(&from_gamma.id).await;
    hub.settle().await;

    let said = |server: &Server| {
        let (server_name, channel) = (server.name, hub.channel);
        let own =
            move |name: &str, home: &str| if home == server_name { name.to_owned() } else { format!("{name}:{home}") };
        let _ = channel;
        [own("ann", "alpha"), own("bob", "beta"), own("gus", "gamma")]
    };
    let beta_reads = hub.beta.texts(&hub.channel).await;
    let words = ["from alpha", "from beta", "from gamma"];
    let expected: Vec<_> = said(&hub.beta).into_iter().zip(words.map(str::to_owned)).collect();
    assert_eq!(beta_reads, expected);
    for server in [&hub.alpha, &hub.gamma] {
        let texts: Vec<_> = server.texts(&hub.channel).await.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, words, "{}", server.name);
    }
    for (post, home, others) in [
        (
            &from_alpha,
            "alpha",
            [("alpha", "beta", 1), ("beta", "gamma", 1), ("beta", "alpha", 0), ("gamma", "beta", 0)],
        ),
        (&from_beta, "beta", [("beta", "alpha", 1), ("beta", "gamma", 1), ("alpha", "beta", 0), ("gamma", "beta", 0)]),
        (
            &from_gamma,
            "gamma",
            [("gamma", "beta", 1), ("beta", "alpha", 1), ("beta", "gamma", 0), ("alpha", "beta", 0)],
        ),
    ] {
        for (from, to, times) in others {
            assert_eq!(hub.carried(post, from, to, start), times, "{home}'s message from {from} to {to}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relayed_people_belong_to_the_home_they_came_over() {
    let hub = Hub::new().await;
    let said = hub.alpha.post(&hub.ann, &hub.channel, "hello").await;
    let there = hub.gamma.arrives(&said.id).await;
    assert_eq!(there.remote_id, Some(hub.to_gamma));
    let ann = hub.gamma.user(&hub.ann.user.id).await.unwrap();
    assert_eq!(ann.remote_id, Some(hub.to_gamma));
    assert!(ann.username.starts_with("ann:"), "{}", ann.username);
    assert!(ann.props.contains_key("OriginalRemoteId"), "clients show that she is not directly connected");
    assert_eq!(hub.beta.user(&hub.ann.user.id).await.unwrap().remote_id, Some(hub.to_alpha));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_deletions_and_reactions_of_a_guest_reach_the_other_guest() {
    let hub = Hub::new().await;
    let said = hub.alpha.post(&hub.ann, &hub.channel, "helo").await;
    hub.gamma.arrives(&said.id).await;
    hub.alpha.edit(&hub.ann, &said.id, "hello").await;
    hub.gamma.reads(&said.id, "hello").await;
    hub.gamma.react(&hub.gus, &said.id, "wave").await;
    let expected = vec![(hub.gus.user.id, "wave".to_owned())];
    eventually("alpha sees gamma's reaction", async || (hub.alpha.reactions(&said.id).await == expected).then_some(()))
        .await;
    hub.alpha.react(&hub.ann, &said.id, "tada").await;
    eventually("gamma sees alpha's", async || (hub.gamma.reactions(&said.id).await.len() == 2).then_some(())).await;
    hub.gamma.unreact(&hub.gus, &said.id, "wave").await;
    eventually("alpha sees it go", async || (hub.alpha.reactions(&said.id).await.len() == 1).then_some(())).await;
    hub.alpha.delete(&hub.ann, &said.id).await;
    eventually("it is deleted at gamma", async || {
        hub.gamma.post_row(&said.id).await.filter(|post| post.delete_at.is_some())
    })
    .await;
    hub.settle().await;
    for server in [&hub.alpha, &hub.beta, &hub.gamma] {
        assert_eq!(server.texts(&hub.channel).await, Vec::new(), "{}", server.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_of_three_organisations_is_the_same_everywhere() {
    let hub = Hub::new().await;
    let root = hub.alpha.post(&hub.ann, &hub.channel, "who comes?").await;
    let at_gamma = hub.gamma.arrives(&root.id).await;
    let one = hub.gamma.reply(&hub.gus, &at_gamma, "gamma does").await;
    hub.alpha.arrives(&one.id).await;
    let two = hub.beta.reply(&hub.bob, &root, "beta too").await;
    hub.settle().await;
    for server in [&hub.alpha, &hub.beta, &hub.gamma] {
        assert_eq!(server.post_row(&root.id).await.unwrap().reply_count, 2, "{}", server.name);
        for reply in [&one, &two] {
            assert_eq!(server.post_row(&reply.id).await.unwrap().root_id, Some(root.id), "{}", server.name);
        }
    }
}

/// E-073.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_home_hides_stays_with_the_other_guest_and_follows_its_author() {
    let hub = Hub::new().await;
    let said = hub.alpha.post(&hub.ann, &hub.channel, "rude").await;
    hub.gamma.arrives(&said.id).await;
    hub.beta.delete(&hub.beta.admin, &said.id).await;
    hub.settle().await;
    assert_eq!(hub.gamma.post_row(&said.id).await.unwrap().gone_at(), None, "moderation does not travel");
    hub.alpha.edit(&hub.ann, &said.id, "polite").await;
    hub.gamma.reads(&said.id, "polite").await;
    assert!(hub.beta.post_row(&said.id).await.unwrap().hidden_at.is_some(), "it stays hidden here");
    hub.alpha.delete(&hub.ann, &said.id).await;
    eventually("the author's deletion reaches the other guest", async || {
        hub.gamma.post_row(&said.id).await.filter(|post| post.delete_at.is_some())
    })
    .await;
    assert_eq!(hub.beta.post_row(&said.id).await.unwrap().message, "", "and takes the words here");
}

/// E-086.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_known_through_a_middle_server_can_also_be_met_directly() {
    let hub = Hub::new().await;
    let said = hub.alpha.post(&hub.ann, &hub.channel, "through beta").await;
    hub.gamma.arrives(&said.id).await;
    let direct = connect(&hub.gamma, &hub.alpha).await;
    let channel = hub.gamma.channel("direct", &[&hub.gus]).await;
    share(&hub.gamma, &hub.alpha, &channel, &direct).await;
    hub.alpha.join(&hub.ann, &channel).await;
    let again = hub.alpha.post(&hub.ann, &channel, "directly").await;
    let there = hub.gamma.arrives(&again.id).await;
    assert_eq!(there.remote_id, Some(direct));
    assert_eq!(hub.gamma.user(&there.user_id).await.unwrap().remote_id, Some(direct), "a person of alpha's own");
    // And what comes through the middle goes on coming.
    let more = hub.alpha.post(&hub.ann, &hub.channel, "through beta again").await;
    assert_eq!(hub.gamma.arrives(&more.id).await.remote_id, Some(hub.to_gamma));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_known_directly_can_also_be_met_through_a_middle_server() {
    let (network, alpha, beta) = strangers().await;
    let gamma = Server::new(&network, "gamma", 3).await;
    let (ann, bob, gus) = (alpha.person("ann").await, beta.person("bob").await, gamma.person("gus").await);
    let direct = connect(&gamma, &alpha).await;
    let near = gamma.channel("direct", &[&gus]).await;
    share(&gamma, &alpha, &near, &direct).await;
    alpha.join(&ann, &near).await;
    let first = alpha.post(&ann, &near, "directly").await;
    gamma.arrives(&first.id).await;
    let (to_alpha, to_gamma) = (connect(&beta, &alpha).await, connect(&beta, &gamma).await);
    let far = beta.channel("plans", &[&bob]).await;
    share(&beta, &alpha, &far, &to_alpha).await;
    share(&beta, &gamma, &far, &to_gamma).await;
    alpha.join(&ann, &far).await;
    gamma.join(&gus, &far).await;
    let relayed = alpha.post(&ann, &far, "through beta").await;
    let there = gamma.arrives(&relayed.id).await;
    assert_eq!(there.remote_id, Some(to_gamma));
    assert_ne!(there.user_id, ann.user.id, "the middle server cannot borrow an identity known directly");
    assert_eq!(gamma.user(&there.user_id).await.unwrap().remote_id, Some(to_gamma));
    assert_eq!(gamma.user(&ann.user.id).await.unwrap().remote_id, Some(direct));
    let answer = gamma.reply(&gus, &there, "hello @ann:alpha").await;
    alpha.arrives(&answer.id).await;
}

/// AT-22.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_see_each_others_members_through_the_home() {
    let hub = Hub::new().await;
    eventually("alpha knows gamma's member", async || {
        let found = hub.alpha.user(&hub.gus.user.id).await?;
        hub.alpha.members(&hub.channel).await.contains(&found.username).then_some(())
    })
    .await;
    hub.gamma.tick();
    rialto_app::channel_members::remove(hub.gamma.app(), &hub.gus.actor, &hub.channel, &hub.gus.user.id).await.unwrap();
    eventually("alpha sees gamma's member leave", async || {
        let gone = hub.alpha.user(&hub.gus.user.id).await?.username;
        (!hub.alpha.members(&hub.channel).await.contains(&gone)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hiding_a_guests_thread_takes_nobodys_answer_away_elsewhere() {
    let hub = Hub::new().await;
    let root = hub.alpha.post(&hub.ann, &hub.channel, "rude").await;
    hub.gamma.arrives(&root.id).await;
    let answer = hub.beta.reply(&hub.bob, &root, "please!").await;
    hub.alpha.arrives(&answer.id).await;
    hub.gamma.arrives(&answer.id).await;
    hub.beta.delete(&hub.beta.admin, &root.id).await;
    hub.settle().await;
    assert_eq!(hub.beta.texts(&hub.channel).await, Vec::new());
    for server in [&hub.alpha, &hub.gamma] {
        assert_eq!(server.texts(&hub.channel).await.len(), 2, "{}", server.name);
    }
}
