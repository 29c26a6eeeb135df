//! What a peer refuses, and what is done about it.

use rialto_store::Db;
use rialto_store::testing::both;

use crate::outbox::{self, Decision, Delivered, Item, Which};
use crate::sharing_scene::Scene;
use crate::{reactions, shares};

#[tokio::test]
async fn refused_posts_are_tried_again_with_growing_pauses_and_then_set_aside() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "hello").await;
        let refused =
            Delivered { refused: vec![(Item::Post(made.id), "too large".to_owned())], ..Delivered::default() };
        let mut waits = Vec::new();
        for attempt in 1..=5 {
            outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
            let waiting = outbox::refused(&scene.app, &acme.id).await.unwrap();
            assert_eq!((waiting.len(), waiting[0].attempts, waiting[0].set_aside), (1, attempt, false));
            waits.push(waiting[0].next_at.since(scene.app.clock.now()));
        }
        assert_eq!(waits, [1_000, 5_000, 30_000, 120_000, 600_000]);
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 1));
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
        assert_eq!(outbox::refused(&scene.app, &acme.id).await.unwrap(), []);
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (1, 0));
        let taken = Delivered { taken: vec![made.id], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &taken).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 0));
        outbox::set_aside(&scene.app, &acme.id, &scene.channel, Item::Post(made.id), "never").await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (1, 0));
        scene.tick();
        shares::uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 0), "it went with the share");
    })
    .await;
}

/// E-031: what was set aside goes again when an administrator says so, or the peer has become another.
#[tokio::test]
async fn what_was_set_aside_is_decided_by_an_administrator_or_a_new_peer() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "hello").await;
        let wave = reactions::add(&scene.app, &scene.bob.actor, &made.id, "wave").await.unwrap();
        let wave = Item::Reaction { post: wave.post_id, user: wave.user_id, emoji: wave.emoji_name };
        let items = [Item::Post(made.id), wave, Item::Member(scene.bob.id), Item::Profile(scene.ann.id)];
        for item in &items {
            outbox::set_aside(&scene.app, &acme.id, &scene.channel, item.clone(), "never").await.unwrap();
        }
        let refused = Delivered { refused: vec![(items[0].clone(), "again".to_owned())], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (4, 0), "it stays aside");
        let listed = outbox::list_set_aside(&scene.app, &scene.admin.actor, &acme.id).await.unwrap();
        assert_eq!(listed.len(), 4);
        assert!(outbox::list_set_aside(&scene.app, &scene.ann.actor, &acme.id).await.is_err());
        let one = |item: &Item| Which::One { kind: item.kind().to_owned(), key: item.key(&scene.channel) };
        let decide = async |who: &crate::SessionUser, which: &Which, decision| {
            outbox::decide(&scene.app, who, &acme.id, which, decision).await.ok()
        };
        let (admin, retry) = (&scene.admin.actor, Decision::Retry);
        assert_eq!(decide(&scene.ann.actor, &Which::All, retry).await, None);
        assert_eq!(decide(admin, &one(&items[1]), retry).await, Some(1));
        assert_eq!(decide(admin, &one(&items[1]), retry).await, None, "it is aside no more");
        let again = outbox::refused(&scene.app, &acme.id).await.unwrap().remove(0);
        let wanted = outbox::wanted_again(&scene.app, &again).await.unwrap();
        assert_eq!((wanted.reactions.len(), wanted.number()), (1, 1));
        assert_eq!(decide(admin, &one(&items[0]), Decision::Discard).await, Some(1));
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (2, 1));
        let newer = crate::connections::Contact { caps: Some("items".to_owned()), ..Default::default() };
        crate::connections::note_contact(&scene.app, &acme.id, newer).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 3));
        let done = Delivered { done: items[1..3].to_vec(), ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &done).await.unwrap();
        let left = outbox::refused(&scene.app, &acme.id).await.unwrap().remove(0);
        assert_eq!(left.item, items[3]);
        outbox::settle_retry(&scene.app, &left).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 0));
    })
    .await;
}
