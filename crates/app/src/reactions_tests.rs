//! Reactions of this server's people, on both databases.

use rialto_model::{DomainEvent, PostId};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::reactions::{self, Error};
use crate::sharing_scene::{Person, Scene, id, incoming_post, incoming_reaction, with_posts, with_reactions};
use crate::{Denied, Settings, channels};

async fn live(scene: &Scene, post: &PostId) -> Vec<String> {
    let list = reactions::list(&scene.app, &scene.bob.actor, post).await.unwrap();
    list.into_iter().map(|reaction| reaction.emoji_name).collect()
}

#[tokio::test]
async fn a_reaction_is_added_once_under_any_of_its_names() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let post = scene.post(&scene.ann, "cake?").await;
        let head = scene.head().await;
        let add = async |who: &Person, name: &str| {
            scene.tick();
            reactions::add(&scene.app, &who.actor, &post.id, name).await.unwrap()
        };
        let first = add(&scene.bob, "+1").await;
        assert_eq!(add(&scene.bob, "thumbsup").await, first, "the same, under the name it has");
        assert_eq!(scene.recorded_since(head).await.len(), 1);
        add(&scene.ann, "thumbsup").await;
        add(&scene.ann, "cake").await;
        assert_eq!(live(&scene, &post.id).await, ["+1", "thumbsup", "cake"]);
        let row = scene.row(&post.id).await.unwrap();
        assert!(row.has_reactions && row.update_at > post.update_at);
        assert!(reactions::same_emoji("+1", "thumbsup") && !reactions::same_emoji("+1", "-1"));
    })
    .await;
}

#[tokio::test]
async fn a_reaction_is_taken_back_by_its_owner_or_a_moderator() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let post = scene.post(&scene.ann, "cake?").await;
        let first = reactions::add(&scene.app, &scene.bob.actor, &post.id, "+1").await.unwrap();
        let remove = async |who: &Person, name: &str| {
            scene.tick();
            reactions::remove(&scene.app, &who.actor, &scene.bob.id, &post.id, name).await
        };
        let refused = remove(&scene.ann, "+1").await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))), "{refused}");
        let head = scene.head().await;
        remove(&scene.bob, "thumbsup").await.unwrap();
        remove(&scene.bob, "+1").await.unwrap();
        let recorded = scene.recorded_since(head).await;
        assert!(matches!(&recorded[..], [one] if matches!(one.event, DomainEvent::ReactionRemoved(_))));
        assert_eq!(live(&scene, &post.id).await, Vec::<String>::new());
        assert!(!scene.row(&post.id).await.unwrap().has_reactions);
        let again = reactions::add(&scene.app, &scene.bob.actor, &post.id, "thumbsup").await.unwrap();
        assert!(again.update_at > first.update_at);
        remove(&scene.admin, "+1").await.unwrap();
        assert_eq!(live(&scene, &post.id).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn what_another_servers_person_added_only_that_server_takes_back() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let guest = scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        scene.take(&acme, with_reactions([incoming_reaction(id(10), 1, "wave", 5)])).await;
        let refused = reactions::remove(&scene.app, &scene.admin.actor, &guest, &id(10), "wave").await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))), "{refused}");
        assert_eq!(live(&scene, &id(10)).await, ["wave"]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_carry_a_reaction_is_refused() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let post = scene.post(&scene.ann, "cake?").await;
        let gone = scene.post(&scene.ann, "gone").await;
        scene.tick();
        crate::posts::delete(&scene.app, &scene.ann.actor, &gone.id).await.unwrap();
        let mut settings = Settings::clone(&scene.app.settings.get());
        settings.unique_emoji_per_post = 2;
        scene.app.settings.set(settings);
        let add =
            async |who: &Person, post: &PostId, name: &str| reactions::add(&scene.app, &who.actor, post, name).await;
        for name in ["", "two words", "käse"] {
            assert!(matches!(add(&scene.bob, &post.id, name).await.unwrap_err(), Error::EmojiName), "{name}");
        }
        for missing in [gone.id, id(77)] {
            assert!(matches!(add(&scene.bob, &missing, "+1").await.unwrap_err(), Error::Denied(Denied::Absent(_))));
        }
        add(&scene.bob, &post.id, "one").await.unwrap();
        add(&scene.bob, &post.id, "two").await.unwrap();
        assert!(matches!(add(&scene.bob, &post.id, "three").await.unwrap_err(), Error::TooMany));
        add(&scene.ann, &post.id, "one").await.unwrap();
        let outsider = scene.person("olga").await;
        assert!(matches!(add(&outsider, &post.id, "one").await.unwrap_err(), Error::Denied(Denied::Forbidden(_))));
        scene.tick();
        channels::archive(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        assert!(matches!(add(&scene.bob, &post.id, "one").await.unwrap_err(), Error::Archived));
    })
    .await;
}
