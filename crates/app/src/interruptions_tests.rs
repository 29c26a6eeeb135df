//! Interruptions as channels are told of them, on both databases.

use rialto_model::{Millis, PostId};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::apply::IncomingPost;
use crate::interruptions::{self, utc};
use crate::outbox::{self, Delivered};
use crate::settings::InterruptionPosts;
use crate::sharing_scene::{Peer, Scene, id, incoming_post, with_posts};
use crate::{Settings, channels};

async fn notices(scene: &Scene) -> Vec<String> {
    let mut view = scene.view().await;
    let page = rialto_store::posts::page(&mut view, &scene.channel, false, 0, 100).await.unwrap();
    let told = page.into_iter().rev().filter(|post| post.message.contains("The connection to"));
    told.map(|post| post.message).collect()
}

async fn shared(db: Db) -> (Scene, Peer) {
    let scene = Scene::new(db).await;
    let acme = scene.peer("acme").await;
    scene.share(&acme).await;
    (scene, acme)
}

/// E-034.
#[tokio::test]
async fn a_channel_is_told_once_that_the_peer_is_gone_and_once_that_it_is_back() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let since = scene.app.clock.now();
        scene.app.clock.advance(300_000);
        interruptions::begin(&scene.app, &acme.id, since).await.unwrap();
        interruptions::begin(&scene.app, &acme.id, since).await.unwrap();
        let told = notices(&scene).await;
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("**acme**") && told[0].contains(&utc(since)), "{told:?}");
        assert_eq!(scene.remote(&acme).await.interrupted_at, Some(since));
        scene.app.clock.advance(60_000);
        interruptions::end(&scene.app, &acme.id).await.unwrap();
        interruptions::end(&scene.app, &acme.id).await.unwrap();
        let told = notices(&scene).await;
        assert_eq!(told.len(), 2);
        assert!(told[1].contains("back after 6 min"), "{told:?}");
        interruptions::caught_up(&scene.app, &acme.id).await.unwrap();
        let told = notices(&scene).await;
        assert!(told.len() == 2 && told[1].contains("delivered (0 from here, 0 from there)"), "{told:?}");
        assert_eq!(scene.remote(&acme).await.interrupted_at, None);
    })
    .await;
}

/// E-043.
#[tokio::test]
async fn an_outage_that_returns_at_once_goes_on_with_the_one_before() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let first = scene.app.clock.now();
        scene.app.clock.advance(300_000);
        interruptions::begin(&scene.app, &acme.id, first).await.unwrap();
        scene.app.clock.advance(10_000);
        interruptions::end(&scene.app, &acme.id).await.unwrap();
        let back = scene.app.clock.now();
        scene.app.clock.advance(400_000);
        interruptions::begin(&scene.app, &acme.id, Millis(back.0 + 119_000)).await.unwrap();
        let told = notices(&scene).await;
        assert_eq!(told.len(), 2, "no third message: {told:?}");
        assert!(told[1].contains("interrupted since") && told[1].contains(&utc(first)), "{told:?}");
        scene.app.clock.advance(10_000);
        interruptions::end(&scene.app, &acme.id).await.unwrap();
        let later = scene.app.clock.now();
        scene.app.clock.advance(600_000);
        interruptions::begin(&scene.app, &acme.id, Millis(later.0 + 121_000)).await.unwrap();
        assert_eq!(notices(&scene).await.len(), 4, "another outage is told anew");
    })
    .await;
}

#[tokio::test]
async fn only_channels_that_are_shared_and_live_are_told() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let copy = scene.copy(&acme, id(50), false).await.id;
        scene.tick();
        channels::archive(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        interruptions::begin(&scene.app, &acme.id, scene.app.clock.now()).await.unwrap();
        assert_eq!(notices(&scene).await.len(), 0);
        let rows = rialto_store::interruptions::list(&mut scene.view().await, &acme.id).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.channel_id).collect::<Vec<_>>(), [copy]);
        crate::shares::ended_by_peer(&scene.app, &acme.id, &copy).await.unwrap();
        scene.tick();
        interruptions::end(&scene.app, &acme.id).await.unwrap();
        let rows = rialto_store::interruptions::list(&mut scene.view().await, &acme.id).await.unwrap();
        assert_eq!(rows[0].restored_post_id, None, "an ended share needs no comfort");
    })
    .await;
}

#[tokio::test]
async fn messages_about_interruptions_can_be_switched_off() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let mut settings = Settings::clone(&scene.app.settings.get());
        settings.workspaces.interruption_posts = InterruptionPosts::Off;
        scene.app.settings.set(settings);
        interruptions::begin(&scene.app, &acme.id, scene.app.clock.now()).await.unwrap();
        scene.tick();
        interruptions::end(&scene.app, &acme.id).await.unwrap();
        assert_eq!(notices(&scene).await, Vec::<String>::new());
    })
    .await;
}

/// What the sender notes when the peer has taken posts.
async fn delivered(scene: &Scene, peer: &Peer, posts: &[PostId]) {
    let taken = Delivered { taken: posts.to_vec(), ..Delivered::default() };
    outbox::delivered(&scene.app, &peer.id, &scene.channel, &taken).await.unwrap();
    let at = outbox::position(&scene.app, &peer.id).await.unwrap().unwrap();
    let head = scene.head().await;
    let sent = [(scene.channel, posts.len())];
    // What a crash keeps from moving the position is sent and noted again, and counts once.
    outbox::delivered(&scene.app, &peer.id, &scene.channel, &taken).await.unwrap();
    assert!(outbox::advance(&scene.app, &peer.id, at, head, &sent).await.unwrap());
    assert!(!outbox::advance(&scene.app, &peer.id, at, head, &sent).await.unwrap());
}

/// Ruling 25: a channel whose messages do not get through is told although the peer answers, once, and told of the end.
#[tokio::test]
async fn a_channel_whose_messages_wait_is_told_although_the_peer_answers() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let copy = scene.copy(&acme, id(50), false).await.id;
        let since = scene.app.clock.now();
        let head = scene.head().await;
        outbox::hold(&scene.app, &acme.id, &scene.channel, head).await.unwrap();
        scene.app.clock.advance(300_000);
        for _ in 0..2 {
            interruptions::begin_in(&scene.app, &acme.id, &scene.channel, since).await.unwrap();
        }
        assert_eq!(notices(&scene).await.len(), 1);
        let rows = rialto_store::interruptions::list(&mut scene.view().await, &acme.id).await.unwrap();
        assert!(rows.iter().all(|row| row.channel_id != copy), "only where something waits");
        assert_eq!(scene.remote(&acme).await.interrupted_at, None, "it is online");
        interruptions::end_delivered(&scene.app, &acme.id).await.unwrap();
        assert_eq!(notices(&scene).await.len(), 1, "it still waits");
        let held = outbox::held(&scene.app, &acme.id).await.unwrap().remove(0);
        outbox::resume(&scene.app, &held.share, None, 2).await.unwrap();
        for _ in 0..2 {
            scene.tick();
            interruptions::end_delivered(&scene.app, &acme.id).await.unwrap();
            interruptions::caught_up(&scene.app, &acme.id).await.unwrap();
        }
        let told = notices(&scene).await;
        assert!(told.len() == 2 && told[1].contains("delivered (2 from here, 0 from there)"), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn what_came_late_is_counted_in_both_directions_and_for_this_outage_only() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 1).await;
        let mut told_before = Vec::new();
        for (round, ours, theirs) in [(0, 3, 2), (1, 1, 0)] {
            let since = scene.app.clock.now();
            let live = scene.post(&scene.ann, "before the cut").await;
            delivered(&scene, &acme, &[live.id]).await;
            let written = scene.app.clock.now();
            scene.app.clock.advance(300_000);
            interruptions::begin(&scene.app, &acme.id, since).await.unwrap();
            let mut late = Vec::new();
            for _ in 0..ours {
                late.push(scene.post(&scene.ann, "meanwhile").await.id);
            }
            scene.tick();
            interruptions::end(&scene.app, &acme.id).await.unwrap();
            assert!(notices(&scene).await.last().unwrap().contains("are being delivered"));
            delivered(&scene, &acme, &late).await;
            assert!(interruptions::caught_up(&scene.app, &acme.id).await.unwrap(), "theirs may still come");
            let live = scene.post(&scene.ann, "live again").await;
            delivered(&scene, &acme, &[live.id]).await;
            for n in 0..theirs {
                let at = Millis(written.0 + n);
                let post = incoming_post(100 + round * 10 + u128::try_from(n).unwrap(), 1);
                scene.take(&acme, with_posts([IncomingPost { create_at: at, update_at: at, ..post }])).await;
            }
            interruptions::caught_up(&scene.app, &acme.id).await.unwrap();
            let told = notices(&scene).await;
            let numbers = format!("delivered ({ours} from here, {theirs} from there)");
            assert!(told.last().unwrap().contains(&numbers), "{told:?}");
            assert_eq!(told[..told.len() - 2], told_before, "what was told of another outage stays");
            told_before = told;
            scene.app.clock.advance(600_000);
            assert!(!interruptions::caught_up(&scene.app, &acme.id).await.unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn a_channel_that_is_held_back_has_not_caught_up() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        interruptions::begin(&scene.app, &acme.id, scene.app.clock.now()).await.unwrap();
        scene.app.clock.advance(60_000);
        interruptions::end(&scene.app, &acme.id).await.unwrap();
        let head = scene.head().await;
        outbox::hold(&scene.app, &acme.id, &scene.channel, head).await.unwrap().unwrap();
        scene.app.clock.advance(600_000);
        assert!(interruptions::caught_up(&scene.app, &acme.id).await.unwrap(), "it is still to be told");
        assert!(notices(&scene).await[1].contains("are being delivered"));
        let held = outbox::held(&scene.app, &acme.id).await.unwrap().remove(0);
        outbox::resume(&scene.app, &held.share, None, 0).await.unwrap();
        assert!(!interruptions::caught_up(&scene.app, &acme.id).await.unwrap());
        assert!(notices(&scene).await[1].contains("have been delivered"));
    })
    .await;
}
