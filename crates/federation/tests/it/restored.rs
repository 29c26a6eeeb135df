//! Servers restored from backups, and copies of them that speak as one: nothing is lost, nothing comes twice, and nothing is
//! mixed before somebody has decided.

use rialto_app::recovery::{self, State};
use rialto_federation::rotation;
use rialto_model::{ChannelId, RemoteId};

use crate::harness::{Network, Pair, Person, Server, eventually, settle, share};

fn brisk(settings: &mut rialto_app::Settings) {
    settings.workspaces.ping_seconds = 1;
}

async fn pair() -> Pair {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, brisk).await;
    let beta = Server::with(&network, "beta", 2, brisk).await;
    let pair = Pair::of(network, alpha, beta).await.shared().await;
    eventually("each has heard how far the other is", async || {
        let known = |server: &Server| {
            let (app, remote) = (server.app().clone(), pair.remote);
            async move {
                let mut view = app.db.read(app.clock.now()).await.unwrap();
                let position = rialto_store::peer_positions::get(&mut view, &remote).await.unwrap();
                !position.peer_epoch.is_empty() && position.applied.is_some()
            }
        };
        (known(&pair.alpha).await && known(&pair.beta).await).then_some(())
    })
    .await;
    pair
}

/// What people wrote, oldest first, by who wrote it: alike on both sides if the names are made alike.
async fn said(server: &Server, channel: &ChannelId) -> Vec<(String, String)> {
    let texts = server.texts(channel).await;
    texts.into_iter().map(|(who, text)| (who.split(':').next().unwrap().to_owned(), text)).collect()
}

async fn agree(one: &Server, other: &Server, channel: &ChannelId, expected: &[(String, String)]) {
    for server in [one, other] {
        eventually("everything is there as it was, once", async || {
            (said(server, channel).await == expected).then_some(())
        })
        .await;
    }
}

async fn admin_reads(server: &Server, part: &str) {
    eventually("an administrator is told", async || {
        let mut view = server.view().await;
        let all: Vec<String> = view.fetch_all("SELECT message FROM posts", &[]).await.unwrap();
        all.iter().any(|text| text.contains(part)).then_some(())
    })
    .await;
}

async fn speaker(server: &Server, person: &Person) -> Person {
    server.again(person).await
}

/// E-028, ruling 66: a guest restored from a backup gets back what the others wrote and what its own people wrote, and a
/// channel that was shared with it in between; at the home nothing changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_was_restored_is_made_whole() {
    let Pair { network, alpha, mut beta, remote, channel, ann, bob } = pair().await;
    let kept = beta.post(&bob, &channel, "before the backup").await;
    let taken_back = beta.post(&bob, &channel, "taken back later").await;
    alpha.arrives(&taken_back.id).await;
    settle(&[&alpha, &beta], &channel).await;
    let backup = beta.back_up().await;
    let bob = speaker(&beta, &bob).await;

    let lost = beta.post(&bob, &channel, "lost with the disk").await;
    alpha.arrives(&lost.id).await;
    let answer = alpha.reply(&ann, &lost, "an answer to it").await;
    beta.edit(&bob, &kept.id, "before the backup, edited after it").await;
    beta.delete(&bob, &taken_back.id).await;
    let carl = alpha.person("carl").await;
    alpha.join(&carl, &channel).await;
    let news = alpha.post(&carl, &channel, "from somebody new").await;
    alpha.react(&ann, &kept.id, "rocket").await;
    let late = alpha.channel("late", &[&ann]).await;
    share(&alpha, &beta, &late, &remote).await;
    beta.join(&bob, &late).await;
    alpha.post(&ann, &late, "in the new channel").await;
    let own_late = beta.post(&bob, &late, "an answer in it").await;
    alpha.arrives(&own_late.id).await;
    beta.arrives(&answer.id).await;
    beta.arrives(&news.id).await;
    alpha.reads(&kept.id, "before the backup, edited after it").await;
    eventually("alpha knows that it was taken back", async || {
        alpha.post_row(&taken_back.id).await.filter(|post| post.delete_at.is_some())
    })
    .await;
    settle(&[&alpha, &beta], &channel).await;
    let (expected, expected_late) = (said(&alpha, &channel).await, said(&alpha, &late).await);

    network.clock.advance(120_000);
    beta.restore(&backup, true).await;
    assert_ne!(said(&beta, &channel).await, expected, "the backup has forgotten something");
    agree(&alpha, &beta, &channel, &expected).await;
    eventually("the channel is back", async || beta.channel_row(&late).await).await;
    agree(&alpha, &beta, &late, &expected_late).await;
    let back = beta.arrives(&lost.id).await;
    assert_eq!((back.remote_id, back.user_id), (None, bob.user.id));
    eventually("reactions are back", async || {
        beta.reactions(&kept.id).await.iter().any(|(_, emoji)| emoji == "rocket").then_some(())
    })
    .await;
    admin_reads(&alpha, "was restored from a backup").await;
    admin_reads(&beta, "came back from").await;
    let bob = speaker(&beta, &bob).await;
    let more = beta.post(&bob, &channel, "and on it goes").await;
    alpha.arrives(&more.id).await;
    alpha.post(&ann, &channel, "on it goes").await;
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(said(&alpha, &channel).await, said(&beta, &channel).await);
}

/// E-027: a server that went back without saying so is held on both directions, administrators are told, and nothing is mixed
/// until one decides; then it is made whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_went_back_in_silence_is_held_until_somebody_decides() {
    let Pair { network, alpha, mut beta, remote, channel, ann, bob } = pair().await;
    settle(&[&alpha, &beta], &channel).await;
    let backup = beta.back_up().await;
    let lost = alpha.post(&ann, &channel, "lost there").await;
    beta.arrives(&lost.id).await;
    let busy = beta.again(&bob).await;
    for n in 0..20 {
        let said = beta.post(&busy, &channel, &format!("settle nothing {n}")).await;
        alpha.arrives(&said.id).await;
    }
    alpha.post(&ann, &channel, "lost there too").await;
    settle(&[&alpha, &beta], &channel).await;
    let expected = said(&alpha, &channel).await;

    network.clock.advance(120_000);
    beta.restore(&backup, false).await;
    let bob = speaker(&beta, &bob).await;
    eventually("it is held", async || {
        rialto_app::connections::positions::held_since(alpha.app(), &remote).await.unwrap()
    })
    .await;
    admin_reads(&alpha, "is held").await;
    // The other one finds that more of its log is known than there is.
    eventually("it is held there too", async || {
        let held = rialto_app::connections::positions::held_since(beta.app(), &remote).await.unwrap();
        held.filter(|(_, why)| why == "own_log_went_back")
    })
    .await;
    let theirs = beta.post(&bob, &channel, "from the copy").await;
    let ours = alpha.post(&ann, &channel, "waits here").await;
    // Pings go on meanwhile; the messages do not.
    let asked = network.count();
    eventually("both have been tried for a while", async || {
        network.clock.advance(1_000);
        let log = network.log();
        let pings = log[asked..].iter().filter(|sent| sent.topic == "ping").count();
        (pings >= 4).then_some(())
    })
    .await;
    assert_eq!(alpha.post_row(&theirs.id).await, None);
    assert_eq!(beta.post_row(&ours.id).await, None);

    assert!(rotation::resume(alpha.federation(), &ann.actor, &remote).await.is_err(), "not for everybody");
    let done = rotation::resume(alpha.federation(), &alpha.admin.actor, &remote).await.unwrap();
    assert!(done.was_held);
    assert!(rotation::resume(beta.federation(), &beta.admin.actor, &remote).await.unwrap().was_held);
    beta.arrives(&ours.id).await;
    alpha.arrives(&theirs.id).await;
    for (_, text) in &expected {
        eventually("what it had lost is there, once", async || {
            let texts = said(&beta, &channel).await;
            (texts.iter().filter(|(_, found)| found == text).count() == 1).then_some(())
        })
        .await;
    }
    settle(&[&alpha, &beta], &channel).await;
    // What the one that went back had said in between stays where it was taken: nobody asked for it.
    let mut both = (said(&alpha, &channel).await, said(&beta, &channel).await);
    both.0.sort();
    both.1.sort();
    assert_eq!(both.0, both.1);
    assert!(!rotation::resume(alpha.federation(), &alpha.admin.actor, &remote).await.unwrap().was_held);
}

/// E-029: of its own channels' lost messages a home asks its administrator first; others' come by themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_that_was_restored_asks_about_its_own_messages() {
    for accept in [true, false] {
        let Pair { network, mut alpha, beta, remote, channel, ann, bob } = pair().await;
        settle(&[&alpha, &beta], &channel).await;
        let backup = alpha.back_up().await;
        let ann = speaker(&alpha, &ann).await;
        let own = alpha.post(&ann, &channel, "the home's own").await;
        beta.arrives(&own.id).await;
        let theirs = beta.reply(&bob, &own, "the guest's answer").await;
        alpha.arrives(&theirs.id).await;
        let plain = beta.post(&bob, &channel, "the guest's own").await;
        alpha.arrives(&plain.id).await;
        settle(&[&alpha, &beta], &channel).await;
        let before = said(&beta, &channel).await;

        network.clock.advance(120_000);
        alpha.restore(&backup, true).await;
        alpha.arrives(&plain.id).await;
        admin_reads(&alpha, "may have messages that people of this server wrote").await;
        assert_eq!(alpha.post_row(&own.id).await.filter(|post| post.remote_id.is_none()), None);
        let decided = recovery::decide(alpha.app(), &alpha.admin.actor, &remote, accept).await.unwrap();
        assert_eq!(decided, 1);
        if accept {
            let back = eventually("it is back as its own", async || {
                alpha.post_row(&own.id).await.filter(|post| post.remote_id.is_none())
            })
            .await;
            assert_eq!((back.user_id, back.message.as_str()), (ann.user.id, "the home's own"));
            alpha.arrives(&theirs.id).await;
            eventually("it is done", async || {
                let rows = recovery::list(alpha.app(), &remote).await.unwrap();
                rows.iter().all(|row| row.state == State::Done).then_some(())
            })
            .await;
            agree(&alpha, &beta, &channel, &before).await;
        } else {
            settle(&[&alpha, &beta], &channel).await;
            assert_eq!(alpha.post_row(&own.id).await.filter(|post| post.remote_id.is_none()), None);
            assert_eq!(said(&beta, &channel).await, before);
        }
    }
}

/// E-028: a log that reaches back less far than the backup is made up for from the rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_does_not_reach_back_is_made_up_for() {
    let Pair { network, alpha, mut beta, remote, channel, ann, bob } = pair().await;
    settle(&[&alpha, &beta], &channel).await;
    let backup = beta.back_up().await;
    let bob = speaker(&beta, &bob).await;
    let lost = alpha.post(&ann, &channel, "lost there").await;
    beta.arrives(&lost.id).await;
    beta.react(&bob, &lost.id, "tada").await;
    alpha.react(&ann, &lost.id, "rocket").await;
    settle(&[&alpha, &beta], &channel).await;
    let expected = said(&alpha, &channel).await;
    beta.stop().await;
    network.clock.advance(15 * 24 * 3_600_000);
    let late = alpha.post(&ann, &channel, "written since").await;
    prune(&alpha, &remote).await;
    beta.restore(&backup, true).await;
    beta.arrives(&late.id).await;
    for (_, text) in expected {
        eventually("it is there", async || {
            said(&beta, &channel).await.iter().any(|(_, found)| *found == text).then_some(())
        })
        .await;
    }
    eventually("reactions are back", async || {
        beta.reactions(&lost.id).await.iter().any(|(_, emoji)| emoji == "rocket").then_some(())
    })
    .await;
}

/// Removes everything of the log that the sender of a peer has passed.
async fn prune(server: &Server, remote: &RemoteId) {
    let position = rialto_app::outbox::position(server.app(), remote).await.unwrap().unwrap();
    let app = server.app();
    let mut tx = app.db.begin(app.clock.now()).await.unwrap();
    while rialto_store::log::prune(&mut tx, position, 1_000).await.unwrap() > 0 {}
    tx.commit().await.unwrap();
}
