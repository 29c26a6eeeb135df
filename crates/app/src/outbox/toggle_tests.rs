//! Reactions to peers that toggle them: each transition is told once, by the name the peer knows (ruling 38).

use rialto_model::{Millis, Reaction};
use rialto_store::testing::both;
use rialto_store::{Db, outbox as outbox_rows};

use crate::outbox::{self, Wanted};
use crate::reactions;
use crate::sharing_scene::Scene;

/// E-038.
#[tokio::test]
async fn a_toggling_peer_is_told_of_each_transition_once() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "cake?").await;
        let there = reactions::add(&scene.app, &scene.bob.actor, &made.id, "cake").await.unwrap();
        let gone = Reaction { delete_at: Some(Millis(5)), ..there.clone() };
        let tell = async |reaction: &Reaction| outbox::begin_toggle(&scene.app, &acme.id, reaction).await.unwrap();
        let cake = Some("cake".to_owned());
        assert_eq!(tell(&gone).await, None, "it never heard of it");
        assert_eq!(tell(&there).await, cake);
        assert_eq!(tell(&there).await, None, "it holds it, as far as we know");
        assert_eq!(tell(&gone).await, cake);
        outbox::undo_toggle(&scene.app, &acme.id, &gone).await.unwrap();
        assert_eq!(tell(&gone).await, cake, "the attempt surely did not arrive");
        assert_eq!(tell(&there).await, cake);
        let believed = outbox_rows::believed(&mut scene.view().await, &acme.id, &there).await.unwrap();
        assert!(believed.unwrap().present);
    })
    .await;
}

/// E-150, ruling 38: aliases are one reaction, which is taken back by the name it was given.
#[tokio::test]
async fn a_toggling_peer_is_told_of_aliases_by_the_name_it_knows() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "cake?").await;
        let plus = reactions::add(&scene.app, &scene.bob.actor, &made.id, "+1").await.unwrap();
        let tell = async |reaction: &Reaction| outbox::begin_toggle(&scene.app, &acme.id, reaction).await.unwrap();
        assert_eq!(tell(&plus).await.as_deref(), Some("+1"));
        scene.tick();
        reactions::remove(&scene.app, &scene.bob.actor, &scene.bob.id, &made.id, "+1").await.unwrap();
        let thumb = reactions::add(&scene.app, &scene.bob.actor, &made.id, "thumbsup").await.unwrap();
        let wanted = Wanted { reactions: vec![plus, thumb.clone()], ..Wanted::default() };
        let contents = outbox::load(&scene.app, &acme.id, &scene.channel, &wanted).await.unwrap().unwrap();
        assert_eq!(contents.reactions.len(), 1, "one, whatever it is called");
        assert_eq!(tell(&contents.reactions[0]).await, None, "it shows there");
        let gone = Reaction { delete_at: Some(Millis(5)), ..thumb.clone() };
        assert_eq!(tell(&gone).await.as_deref(), Some("+1"));
        assert_eq!(tell(&thumb).await.as_deref(), Some("thumbsup"));
        assert_eq!(tell(&gone).await.as_deref(), Some("thumbsup"));
    })
    .await;
}
