//! A conversation over a shared channel: messages, threads, edits, reactions, members, mentions.

use crate::harness::{Pair, Person, Server, connect, eventually, settle, share, strangers};

fn texts(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(who, what)| ((*who).to_owned(), (*what).to_owned())).collect()
}

/// SC-064, M-02.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_channel_appears_on_the_other_side() {
    let Pair { alpha, beta, remote, channel, .. } = Pair::new().await;
    let (home, copy) = (alpha.channel_row(&channel).await.unwrap(), beta.channel_row(&channel).await.unwrap());
    assert_eq!((home.shared, home.origin), (true, None));
    assert_eq!((copy.shared, copy.origin), (true, Some(remote)));
    assert_eq!((copy.kind, copy.name, copy.display_name), (home.kind, home.name, home.display_name));
    assert_eq!((copy.header, copy.purpose, copy.team_id), (home.header, home.purpose, Some(beta.team)));
    let (here, there) =
        (alpha.live_share(&channel, &remote).await.unwrap(), beta.live_share(&channel, &remote).await.unwrap());
    assert!(here.home && !there.home);
    assert!(alpha.notices(&channel).await.iter().any(|text| text.contains("shared with **Beta**")));
    assert!(beta.notices(&channel).await.iter().any(|text| text.contains("**Alpha** shares this channel")));
}

/// SC-004, SC-012, SC-063.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_both_ways_in_order_and_nothing_from_before_sharing() {
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = Pair::unshared().await;
    let before = alpha.post(&ann, &channel, "among ourselves").await;
    share(&alpha, &beta, &channel, &remote).await;
    beta.join(&bob, &channel).await;
    for n in 0..5 {
        let said = alpha.post(&ann, &channel, &format!("from alpha {n} ✓ “quoted”\n\n*md*")).await;
        beta.arrives(&said.id).await;
        let said = beta.post(&bob, &channel, &format!("from beta {n}")).await;
        alpha.arrives(&said.id).await;
    }
    let heard = beta.texts(&channel).await;
    assert_eq!(heard.len(), 10);
    let told: Vec<_> = alpha.texts(&channel).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(told[0], "among ourselves");
    assert_eq!(told[1..], heard.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>());
    assert_eq!(heard[0].0, "ann:alpha");
    assert_eq!(heard[1].0, "bob");
    assert_eq!(alpha.texts(&channel).await[2].0, "bob:beta");
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(beta.post_row(&before.id).await, None);
}

/// SC-004.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_keeps_its_id_time_author_and_text() {
    let Pair { alpha, beta, remote, channel, ann, .. } = Pair::new().await;
    let said = alpha.post(&ann, &channel, "hello #world").await;
    let heard = beta.arrives(&said.id).await;
    assert_eq!((heard.user_id, heard.create_at, heard.message.as_str()), (ann.user.id, said.create_at, "hello #world"));
    assert_eq!((heard.remote_id, heard.hashtags.as_str(), heard.kind.as_str()), (Some(remote), "#world", ""));
    let known = beta.user(&ann.user.id).await.unwrap();
    assert_eq!((known.username.as_str(), known.remote_username.as_str()), ("ann:alpha", "ann"));
    assert_eq!((known.remote_id, known.nickname.as_str()), (Some(remote), "The ann"));
    assert_ne!(known.email, ann.user.email, "addresses are not told");
    assert_eq!(known.roles, "system_user");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_stay_together() {
    let Pair { alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    let root = alpha.post(&ann, &channel, "who comes?").await;
    let there = beta.arrives(&root.id).await;
    let answer = beta.reply(&bob, &there, "I do").await;
    let heard = alpha.arrives(&answer.id).await;
    assert_eq!(heard.root_id, Some(root.id));
    let thanks = alpha.reply(&ann, &root, "fine").await;
    assert_eq!(beta.arrives(&thanks.id).await.root_id, Some(root.id));
    for server in [&alpha, &beta] {
        let root = server.post_row(&root.id).await.unwrap();
        assert_eq!((root.reply_count, root.last_reply_at), (2, thanks.create_at), "{}", server.name);
    }
}

/// E-069.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_something_older_than_the_share_brings_its_root() {
    let Pair { alpha, beta, remote, channel, ann, .. } = Pair::unshared().await;
    let root = alpha.post(&ann, &channel, "an old question").await;
    let old_answer = alpha.reply(&ann, &root, "an old answer").await;
    share(&alpha, &beta, &channel, &remote).await;
    let answer = alpha.reply(&ann, &root, "a new answer").await;
    assert_eq!(beta.arrives(&answer.id).await.root_id, Some(root.id));
    assert_eq!(beta.post_row(&root.id).await.unwrap().message, "an old question");
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(beta.post_row(&old_answer.id).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_and_deletions_follow() {
    let Pair { alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    let here = alpha.post(&ann, &channel, "frist").await;
    let there = beta.post(&bob, &channel, "secnod").await;
    beta.arrives(&here.id).await;
    alpha.arrives(&there.id).await;
    let edited = alpha.edit(&ann, &here.id, "first").await;
    assert_eq!(beta.reads(&here.id, "first").await.edit_at, edited.edit_at);
    beta.edit(&bob, &there.id, "second").await;
    alpha.reads(&there.id, "second").await;
    alpha.delete(&ann, &here.id).await;
    let gone = eventually("the post is deleted", async || {
        beta.post_row(&here.id).await.filter(|post| post.delete_at.is_some())
    })
    .await;
    assert_eq!(gone.message, "", "its words go too");
    settle(&[&alpha, &beta], &channel).await;
    for server in [&alpha, &beta] {
        assert_eq!(server.texts(&channel).await.len(), 1);
    }
}

/// E-068.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_root_takes_the_thread_on_both_sides() {
    let Pair { alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    let root = alpha.post(&ann, &channel, "who comes?").await;
    let there = beta.arrives(&root.id).await;
    let answer = beta.reply(&bob, &there, "I do").await;
    alpha.arrives(&answer.id).await;
    alpha.delete(&ann, &root.id).await;
    for server in [&alpha, &beta] {
        eventually("the thread is gone", async || {
            let (root, answer) = (server.post_row(&root.id).await?, server.post_row(&answer.id).await?);
            (root.gone_at().is_some() && answer.gone_at().is_some()).then_some(())
        })
        .await;
    }
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!((alpha.texts(&channel).await, beta.texts(&channel).await), (Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moderator_takes_a_remote_message_away_here_only() {
    let Pair { alpha, beta, channel, bob, .. } = Pair::new().await;
    let said = beta.post(&bob, &channel, "rude").await;
    alpha.arrives(&said.id).await;
    alpha.delete(&alpha.admin, &said.id).await;
    settle(&[&alpha, &beta], &channel).await;
    assert!(alpha.post_row(&said.id).await.unwrap().hidden_at.is_some());
    assert_eq!(beta.texts(&channel).await, texts(&[("bob", "rude")]));
    beta.edit(&bob, &said.id, "polite").await;
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(alpha.texts(&channel).await, Vec::new(), "an edit does not bring it back");
}

/// SC-005, SC-013.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reactions_come_and_go_on_both_sides() {
    let Pair { alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    let said = alpha.post(&ann, &channel, "cake?").await;
    beta.arrives(&said.id).await;
    let both = |list: &[(&Person, &str)]| -> Vec<_> {
        list.iter().map(|(person, emoji)| (person.user.id, (*emoji).to_owned())).collect()
    };
    let agree = async |expected: Vec<_>| {
        for server in [&alpha, &beta] {
            eventually("the reactions agree", async || (server.reactions(&said.id).await == expected).then_some(()))
                .await;
        }
    };
    beta.react(&bob, &said.id, "cake").await;
    agree(both(&[(&bob, "cake")])).await;
    alpha.react(&ann, &said.id, "+1").await;
    agree(both(&[(&bob, "cake"), (&ann, "+1")])).await;
    beta.unreact(&bob, &said.id, "cake").await;
    agree(both(&[(&ann, "+1")])).await;
    beta.react(&bob, &said.id, "cake").await;
    agree(both(&[(&ann, "+1"), (&bob, "cake")])).await;
    assert!(beta.post_row(&said.id).await.unwrap().has_reactions);
}

/// AT-22, E-102.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_and_leaves_shows_on_the_other_side() {
    let Pair { alpha, beta, channel, bob, .. } = Pair::new().await;
    let are = async |server: &Server, expected: &[&str]| {
        eventually("the members are those", async || (server.members(&channel).await == expected).then_some(())).await;
    };
    are(&alpha, &["admin", "admin:beta", "ann", "bob:beta"]).await;
    are(&beta, &["admin", "admin:alpha", "ann:alpha", "bob"]).await;
    beta.tick();
    rialto_app::channel_members::remove(beta.app(), &bob.actor, &channel, &bob.user.id).await.unwrap();
    are(&alpha, &["admin", "admin:beta", "ann"]).await;
    let cem = alpha.person("cem").await;
    alpha.join(&cem, &channel).await;
    are(&beta, &["admin", "admin:alpha", "ann:alpha", "cem:alpha"]).await;
}

/// AT-17.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mentions_name_people_as_their_readers_know_them() {
    let Pair { alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    eventually("alpha knows that Bob belongs to the channel", async || {
        alpha.members(&channel).await.contains(&"bob:beta".to_owned()).then_some(())
    })
    .await;
    let called = alpha.post(&ann, &channel, "see @bob:beta and @ann, `@bob:beta` in code").await;
    assert_eq!(beta.arrives(&called.id).await.message, "see @bob and @ann:alpha, `@bob:beta` in code");
    let member = rialto_app::channel_members::get(beta.app(), &bob.actor, &channel, &bob.user.id).await.unwrap();
    assert_eq!(member.mention_count, 1);
    let back = beta.post(&bob, &channel, "yes @ann:alpha").await;
    assert_eq!(alpha.arrives(&back.id).await.message, "yes @ann");
}

/// SC-097.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_one_name_are_told_apart() {
    let (_, alpha, beta) = strangers().await;
    let (ours, theirs) = (alpha.person("sam").await, beta.person("sam").await);
    let remote = connect(&alpha, &beta).await;
    let channel = alpha.channel("plans", &[&ours]).await;
    share(&alpha, &beta, &channel, &remote).await;
    beta.join(&theirs, &channel).await;
    let one = alpha.post(&ours, &channel, "I am Sam").await;
    beta.arrives(&one.id).await;
    let other = beta.post(&theirs, &channel, "so am I").await;
    alpha.arrives(&other.id).await;
    assert_eq!(alpha.texts(&channel).await, texts(&[("sam", "I am Sam"), ("sam:beta", "so am I")]));
    assert_eq!(beta.texts(&channel).await, texts(&[("sam:alpha", "I am Sam"), ("sam", "so am I")]));
}

/// SC-102.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_returns_to_where_it_came_from() {
    let Pair { network, alpha, beta, channel, ann, bob, .. } = Pair::new().await;
    settle(&[&alpha, &beta], &channel).await;
    let start = network.count();
    let said = alpha.post(&ann, &channel, "hello").await;
    let there = beta.arrives(&said.id).await;
    alpha.react(&ann, &said.id, "wave").await;
    eventually("the reaction is there", async || (!beta.reactions(&said.id).await.is_empty()).then_some(())).await;
    alpha.edit(&ann, &said.id, "hello all").await;
    beta.reads(&said.id, "hello all").await;
    let answer = beta.reply(&bob, &there, "hi").await;
    alpha.arrives(&answer.id).await;
    settle(&[&alpha, &beta], &channel).await;
    let mention = |from: &str, to: &str, id: &str| {
        let sent = network.content(from, to, start);
        sent.iter().filter(|sent| sent.payload.to_string().contains(&format!("\"id\":\"{id}\""))).count()
    };
    assert_eq!(mention("beta", "alpha", said.id.as_str()), 0, "alpha's own message came back");
    assert_eq!(mention("alpha", "beta", answer.id.as_str()), 0, "beta's own answer came back");
    assert_eq!(mention("beta", "alpha", answer.id.as_str()), 1);
    assert!(network.content("beta", "alpha", start).iter().all(|sent| sent.ids("reactions").is_empty()));
}
