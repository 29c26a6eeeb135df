//! Channels a peer gets later than the rest of the log.

use rialto_model::Millis;
use rialto_store::testing::both;
use rialto_store::{Db, outbox as outbox_rows};

use crate::outbox::{self, Delivered, What};
use crate::sharing_scene::{Peer, Scene};
use crate::{reactions, shares};

/// Everything a held channel's peer has missed, and whether that is all.
async fn missed(scene: &Scene, peer: &Peer) -> (Vec<What>, bool) {
    let cursor = scene.head().await;
    let held = outbox::held(&scene.app, &peer.id).await.unwrap().remove(0);
    let changes = outbox::changes_of(&scene.app, &held, cursor, 1_000).await.unwrap();
    (changes.list.into_iter().map(|change| change.what).collect(), changes.upto == cursor)
}

#[tokio::test]
async fn a_held_channel_is_passed_by_and_read_again_from_where_it_stands() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let known = scene.post(&scene.ann, "known").await;
        let told = Delivered { announced: vec![(scene.ann.id, Millis(1))], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &told).await.unwrap();
        let head = scene.head().await;
        outbox::hold(&scene.app, &acme.id, &scene.channel, head).await.unwrap().unwrap();
        let made = scene.post(&scene.ann, "held").await;
        scene.tick();
        reactions::add(&scene.app, &scene.bob.actor, &known.id, "wave").await.unwrap();
        let olga = scene.person("olga").await;
        scene.join(&olga, &scene.channel).await;
        let patch = crate::users::ProfileChange { nickname: Some("Annie".to_owned()), ..Default::default() };
        scene.tick();
        crate::users::update(&scene.app, &scene.ann.actor, &scene.ann.id, patch).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, [], "the cursor goes by");
        let (list, all) = missed(&scene, &acme).await;
        assert!(all);
        assert!(list.contains(&What::Post(made.id)) && list.contains(&What::Member(olga.id)), "{list:?}");
        assert!(list.contains(&What::Profile(scene.ann.id)), "{list:?}");
        assert!(list.iter().any(|what| matches!(what, What::Reaction(_))), "{list:?}");
        assert_eq!(
            crate::backlog::of(&scene.app, &acme.id).await.unwrap().of_channel(&scene.channel),
            list.len() as u64
        );
        // The first position counts, and the log is kept from there on, however old it is.
        outbox::hold(&scene.app, &acme.id, &scene.channel, scene.head().await).await.unwrap();
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        let consumer = crate::connections::consumer(&acme.id);
        let at = outbox_rows::cursor(&mut tx, &consumer).await.unwrap();
        outbox_rows::move_cursor(&mut tx, &consumer, at, scene.head().await).await.unwrap();
        tx.commit().await.unwrap();
        scene.app.clock.advance(15 * 24 * 3_600_000);
        crate::housekeeping::tidy(&scene.app).await.unwrap();
        assert_eq!(missed(&scene, &acme).await, (list, true));
        let held = outbox::held(&scene.app, &acme.id).await.unwrap().remove(0);
        outbox::resume(&scene.app, &held.share, None, 0).await.unwrap();
        assert_eq!(outbox::held(&scene.app, &acme.id).await.unwrap(), []);
        crate::housekeeping::tidy(&scene.app).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, [], "nobody needs it any more");
    })
    .await;
}

#[tokio::test]
async fn a_profile_goes_by_a_channel_that_is_not_held() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let second = scene.new_channel("second").await;
        let invited =
            shares::invite(&scene.app, &scene.admin.actor, &second, &acme.id, Default::default()).await.unwrap();
        scene.activate(&invited.share).await;
        for channel in [scene.channel, second] {
            let known = Delivered { announced: vec![(scene.ann.id, Millis(1))], ..Delivered::default() };
            outbox::delivered(&scene.app, &acme.id, &channel, &known).await.unwrap();
        }
        let head = scene.head().await;
        outbox::hold(&scene.app, &acme.id, &scene.channel, head).await.unwrap();
        scene.tick();
        let patch = crate::users::ProfileChange { nickname: Some("Annie".to_owned()), ..Default::default() };
        crate::users::update(&scene.app, &scene.ann.actor, &scene.ann.id, patch).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, [(second, What::Profile(scene.ann.id))]);
    })
    .await;
}
