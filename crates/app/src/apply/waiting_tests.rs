//! Items that come before what they refer to (ruling 31): they wait, and lose nothing by it.

use rialto_model::{Millis, UserId};
use rialto_store::testing::both;
use rialto_store::{Db, waiting};

use super::{IncomingItems, IncomingPost, IncomingReaction, IncomingUser, release_stuck};
use crate::sharing_scene::{
    Peer, Scene, id, incoming_post, incoming_reaction, incoming_user, with_posts, with_reactions, with_users,
};

async fn shared(db: Db) -> (Scene, Peer) {
    let scene = Scene::new(db).await;
    let acme = scene.peer("acme").await;
    scene.share(&acme).await;
    scene.guest(&acme, 1).await;
    (scene, acme)
}

fn reply(n: u128, root: u128, author: u128) -> IncomingPost {
    IncomingPost { root_id: Some(id(root)), ..incoming_post(n, author) }
}

async fn waits(scene: &Scene, peer: &Peer) -> i64 {
    waiting::count(&mut scene.view().await, &peer.id).await.unwrap()
}

#[tokio::test]
async fn a_reply_waits_for_its_root() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let outcome = scene.take(&acme, with_posts([reply(11, 10, 1), reply(12, 10, 1)])).await;
        assert!(outcome.refused_posts.is_empty(), "kept, so the peer need not repeat it");
        assert_eq!((scene.row(&id(11)).await, waits(&scene, &acme).await), (None, 2));
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(waits(&scene, &acme).await, 0);
        for n in [11, 12] {
            assert_eq!(scene.row(&id(n)).await.unwrap().root_id, Some(id(10)));
        }
        assert_eq!(scene.row(&id(10)).await.unwrap().reply_count, 2);
    })
    .await;
}

#[tokio::test]
async fn a_reaction_waits_for_its_post_and_goes_on_waiting_with_it() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.take(&acme, with_reactions([incoming_reaction(id(11), 1, "wave", 5)])).await;
        scene.take(&acme, with_posts([reply(11, 10, 1)])).await;
        assert_eq!(waits(&scene, &acme).await, 2);
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(waits(&scene, &acme).await, 0);
        let reactions = rialto_store::reactions::list(&mut scene.view().await, &[id(11)]).await.unwrap();
        assert_eq!(reactions[0].emoji_name, "wave");
    })
    .await;
}

#[tokio::test]
async fn everything_waits_for_its_author_and_then_for_the_rest() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let ours = scene.post(&scene.ann, "ours").await;
        scene.take(&acme, with_posts([reply(11, 10, 2), incoming_post(12, 2)])).await;
        scene.take(&acme, with_reactions([incoming_reaction(ours.id, 2, "wave", 5)])).await;
        assert_eq!(waits(&scene, &acme).await, 3);
        scene.take(&acme, with_users([incoming_user(&acme, 2)])).await;
        assert_eq!(waits(&scene, &acme).await, 1, "the reply now waits for its root");
        assert!(scene.row(&id(12)).await.is_some());
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(scene.row(&id(11)).await.unwrap().user_id, id::<UserId>(2));
        let reactions = rialto_store::reactions::list(&mut scene.view().await, &[ours.id]).await.unwrap();
        assert_eq!(reactions.len(), 1);
    })
    .await;
}

/// E-071: what waits for its author is let in by whatever frame of the peer's tells of them, also one about another
/// channel, and with the access to its own channel.
#[tokio::test]
async fn an_author_is_known_in_whatever_channel_they_come() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let other = scene.copy(&acme, id(50), false).await.id;
        scene.take(&acme, with_posts([incoming_post(11, 2)])).await;
        scene.take_in(&acme, &other, with_posts([incoming_post(12, 2)])).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 2);
        scene.take_in(&acme, &other, with_users([incoming_user(&acme, 2)])).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 0);
        assert_eq!(scene.row(&id(11)).await.unwrap().channel_id, scene.channel);
        assert_eq!(scene.row(&id(12)).await.unwrap().channel_id, other);
    })
    .await;
}

/// Ruling 28: what could go while its channel is archived goes when it is back.
#[tokio::test]
async fn what_belongs_to_an_archived_channel_waits_for_it() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let other = scene.copy(&acme, id(50), false).await.id;
        scene.take(&acme, with_posts([incoming_post(11, 2)])).await;
        crate::channels::archive(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        scene.take_in(&acme, &other, with_users([incoming_user(&acme, 2)])).await.unwrap();
        assert_eq!((scene.row(&id(11)).await, waits(&scene, &acme).await), (None, 1));
        scene.app.clock.advance(48 * 3_600_000);
        release_stuck(&scene.app).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 1);
        crate::channels::restore(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        release_stuck(&scene.app).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 0);
        assert!(scene.row(&id(11)).await.is_some());
    })
    .await;
}

/// Ruling 30: nobody is promised a message whose author was refused with it.
#[tokio::test]
async fn what_somebody_refused_wrote_is_refused_with_them() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        // Every name they could get is taken.
        let refused = IncomingUser { stand_ins: vec!["ann".to_owned()], ..incoming_user(&acme, 2) };
        let ours = scene.post(&scene.ann, "ours").await;
        let outcome = scene
            .take(
                &acme,
                IncomingItems {
                    users: vec![refused],
                    posts: vec![incoming_post(11, 2), incoming_post(12, 3), incoming_post(13, 1)],
                    reactions: vec![incoming_reaction(ours.id, 2, "wave", 5)],
                    unreadable: vec![id(3), id(1)],
                    ..IncomingItems::default()
                },
            )
            .await;
        let posts: Vec<_> = outcome.refused_posts.iter().map(|(post, _)| *post).collect();
        assert_eq!(posts, [id(11), id(12)], "who is known from before may go on");
        assert_eq!((outcome.refused_reactions.len(), waits(&scene, &acme).await), (1, 0));
        assert!(scene.row(&id(13)).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn only_the_same_peer_can_bring_what_is_missing() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        scene.share(&globex).await;
        scene.guest(&globex, 2).await;
        scene.take(&acme, with_posts([incoming_post(11, 5)])).await;
        // Globex brings a person of the id acme's post waits for; acme still may not speak for them.
        scene.take(&globex, with_users([incoming_user(&globex, 5)])).await;
        assert_eq!((scene.row(&id(11)).await, waits(&scene, &acme).await), (None, 1));
    })
    .await;
}

#[tokio::test]
async fn of_two_versions_that_wait_the_newer_one_is_kept() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let version = |at: i64, text: &str| IncomingPost {
            update_at: Millis(1_700_000_001_000 + at),
            message: text.to_owned(),
            ..reply(11, 10, 1)
        };
        for (at, text) in [(2, "second"), (3, "third"), (1, "first"), (3, "a tie")] {
            scene.take(&acme, with_posts([version(at, text)])).await;
        }
        let taken_back =
            |at| IncomingReaction { delete_at: Some(Millis(at)), ..incoming_reaction(id(11), 1, "wave", at) };
        scene.take(&acme, with_reactions([taken_back(7), incoming_reaction(id(11), 1, "wave", 6)])).await;
        assert_eq!(waits(&scene, &acme).await, 2);
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(scene.row(&id(11)).await.unwrap().message, "third");
        assert_eq!(rialto_store::reactions::list(&mut scene.view().await, &[id(11)]).await.unwrap(), []);
    })
    .await;
}

/// E-036.
#[tokio::test]
async fn what_waits_and_is_deleted_meanwhile_never_shows() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.take(&acme, with_posts([reply(11, 10, 1)])).await;
        let deleted = IncomingPost { delete_at: Some(Millis(9)), update_at: Millis(i64::MAX / 2), ..reply(11, 10, 1) };
        scene.take(&acme, with_posts([deleted])).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        // A frame that was held up on its way brings the writing after its deletion.
        scene.take(&acme, with_posts([reply(11, 10, 1)])).await;
        let buried = scene.row(&id(11)).await.unwrap();
        assert!(buried.gone_at().is_some());
        assert_eq!(buried.message, "");
        assert_eq!(scene.row(&id(10)).await.unwrap().reply_count, 0);
        assert_eq!(waits(&scene, &acme).await, 0);
    })
    .await;
}

#[tokio::test]
async fn replies_whose_root_is_long_in_coming_show_under_a_stub_which_the_root_fills() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 2).await;
        scene.take(&acme, with_posts([reply(11, 10, 1), reply(12, 10, 1), reply(21, 20, 1)])).await;
        release_stuck(&scene.app).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 3, "not yet");
        scene.app.clock.advance(61_000);
        release_stuck(&scene.app).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 0);
        for n in [11, 12, 21] {
            assert!(scene.row(&id(n)).await.is_some(), "{n}");
        }
        let stub = scene.row(&id(10)).await.unwrap();
        assert_eq!((stub.remote_id, stub.reply_count), (Some(acme.id), 2));
        let root = IncomingPost { create_at: Millis(1_600_000_000_000), ..incoming_post(10, 2) };
        scene.take(&acme, with_posts([root.clone()])).await;
        let filled = scene.row(&id(10)).await.unwrap();
        assert_eq!((filled.message.as_str(), filled.user_id), ("message 10", id(2)), "its author wrote it");
        assert_eq!((filled.create_at, filled.reply_count), (root.create_at, 2));
        let before = scene.dump().await;
        scene.take(&acme, with_posts([root])).await;
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

/// E-070: however much waits for something else and longer, a reply shows after its minute.
#[tokio::test]
async fn what_has_to_wait_hides_nothing() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.take(&acme, with_posts((1_000..1_300).map(|n| incoming_post(n, 9)))).await;
        scene.take(&acme, with_posts([reply(11, 10, 1)])).await;
        scene.app.clock.advance(61_000);
        release_stuck(&scene.app).await.unwrap();
        assert!(scene.row(&id(11)).await.is_some());
        assert_eq!(waits(&scene, &acme).await, 300);
    })
    .await;
}

#[tokio::test]
async fn what_nothing_came_for_is_dropped_after_a_day_and_what_belongs_to_an_ended_share_at_once() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let early = IncomingItems {
            posts: vec![incoming_post(11, 9), reply(12, 10, 1)],
            reactions: vec![incoming_reaction(id(98), 1, "wave", 5)],
            ..IncomingItems::default()
        };
        scene.take(&acme, early.clone()).await;
        assert_eq!(waits(&scene, &acme).await, 3);
        scene.app.clock.advance(24 * 3_600_000 + 1_000);
        let noted = async || rialto_store::audit::count(&mut scene.view().await).await.unwrap();
        let before = noted().await;
        release_stuck(&scene.app).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 0);
        assert_eq!(noted().await, before + 2, "a post and a reaction; the reply shows under a stub");
        scene.take(&acme, early).await;
        scene.tick();
        crate::shares::ended_by_peer(&scene.app, &acme.id, &scene.channel).await.unwrap();
        assert_eq!(waits(&scene, &acme).await, 0);
    })
    .await;
}
