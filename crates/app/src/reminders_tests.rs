use rialto_model::{DomainEvent, Millis, Post, PostId, Priority, UserId};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::apply::IncomingPost;
use crate::posts::{Error, NewPost, create};
use crate::reminders::{Unfit, remind};
use crate::sharing_scene::{Scene, id, incoming_post, with_posts};
use crate::{acknowledgements, reactions};

const FIVE_MINUTES: i64 = 300_000;

fn reminding() -> Option<Priority> {
    Some(Priority { level: "urgent".to_owned(), requested_ack: false, persistent_notifications: true })
}

async fn urgent(scene: &Scene, text: &str) -> Result<Post, Error> {
    let new = NewPost { message: text.to_owned(), priority: reminding(), ..NewPost::default() };
    create(&scene.app, &scene.ann.actor, &scene.channel, new).await
}

/// Whom the next round reminds, and of what.
async fn reminded(scene: &Scene) -> Vec<(PostId, UserId)> {
    let head = scene.head().await;
    remind(&scene.app).await.unwrap();
    let told = scene.recorded_since(head).await.into_iter();
    told.map(|recorded| match recorded.event {
        DomainEvent::ReminderDue { post, user, .. } => (post, user),
        other => panic!("{other:?}"),
    })
    .collect()
}

async fn after_five_minutes(scene: &Scene) -> Vec<(PostId, UserId)> {
    scene.app.clock.advance(FIVE_MINUTES);
    reminded(scene).await
}

/// E-148: who is named by an urgent message is called every five minutes, six times at most.
#[tokio::test]
async fn an_urgent_message_calls_again_and_again() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let post = urgent(&scene, "@bob the harbour burns").await.unwrap();
        assert_eq!(reminded(&scene).await, [], "the message itself was the first call");
        for _ in 0..6 {
            assert_eq!(after_five_minutes(&scene).await, [(post.id, scene.bob.id)]);
            assert_eq!(reminded(&scene).await, []);
        }
        assert_eq!(after_five_minutes(&scene).await, []);
    })
    .await;
}

/// E-148: an acknowledgement, an answer and a reaction each end it, for whoever gives it.
#[tokio::test]
async fn whoever_answers_is_left_alone() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let mut called = Vec::new();
        for _ in 0..3 {
            called.push(urgent(&scene, "@bob @admin the harbour burns").await.unwrap().id);
        }
        acknowledgements::add(&scene.app, &scene.bob.actor, &called[0]).await.unwrap();
        scene.reply(&scene.bob, &called[1], "coming").await;
        reactions::add(&scene.app, &scene.admin.actor, &called[2], "eyes").await.unwrap();
        // An acknowledgement of one of them is none of the other.
        let mut expected = [(called[0], scene.admin.id), (called[1], scene.admin.id), (called[2], scene.bob.id)];
        let mut found = after_five_minutes(&scene).await;
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    })
    .await;
}

/// A message that is gone, or stands where somebody is no more, calls nobody.
#[tokio::test]
async fn who_cannot_read_it_is_not_called() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let gone = urgent(&scene, "@bob deleted").await.unwrap();
        urgent(&scene, "@bob @admin stays").await.unwrap();
        crate::posts::delete(&scene.app, &scene.ann.actor, &gone.id).await.unwrap();
        let left = crate::channel_members::remove(&scene.app, &scene.bob.actor, &scene.channel, &scene.bob.id);
        left.await.unwrap();
        let found: Vec<UserId> = after_five_minutes(&scene).await.into_iter().map(|(_, user)| user).collect();
        assert_eq!(found, [scene.admin.id]);
        let settings = crate::Settings::clone(&scene.app.settings.get());
        let reminders = crate::settings::Reminders { allowed: false, ..settings.reminders.clone() };
        scene.app.settings.set(crate::Settings { reminders, ..settings });
        assert_eq!(after_five_minutes(&scene).await, [], "switched off while it runs");
    })
    .await;
}

/// A message that reminds says whom, and not everybody.
#[tokio::test]
async fn whom_to_remind_is_named() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        for (text, why) in [
            ("the harbour burns", Unfit::Nobody),
            ("@channel the harbour burns", Unfit::Nobody),
            ("@a @b @c @d @e @f burn", Unfit::TooMany(5)),
        ] {
            let refused = urgent(&scene, text).await;
            assert!(matches!(refused, Err(Error::Reminder(found)) if found == why), "{text}: {refused:?}");
        }
        urgent(&scene, "@a. @b. @c. @d. @bob. burn").await.unwrap();
        let settings = crate::Settings::clone(&scene.app.settings.get());
        let reminders = crate::settings::Reminders { allowed: false, ..settings.reminders.clone() };
        scene.app.settings.set(crate::Settings { reminders, ..settings });
        assert!(matches!(urgent(&scene, "@bob look").await, Err(Error::Reminder(Unfit::Off))));
    })
    .await;
}

/// E-148: what comes from another server reminds ours, and only ours; neither old news nor a call to everybody does.
#[tokio::test]
async fn each_server_reminds_its_own() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.guest(&acme, 1).await;
        let named = vec![scene.bob.id, id(1)];
        let calling = |n, at: Millis, text: &str| IncomingPost {
            create_at: at,
            update_at: at,
            message: text.to_owned(),
            mentioned: Some(named.clone()),
            priority: reminding(),
            ..incoming_post(n, 1)
        };
        let now = scene.app.clock.now();
        let old = IncomingPost { is_old: true, ..calling(11, now, "@bob long ago") };
        let all = IncomingPost { mentioned: None, ..calling(12, now, "@channel burns") };
        scene.take(&acme, with_posts([calling(10, now, "@bob burns"), old, all])).await;
        assert_eq!(after_five_minutes(&scene).await, [(id(10), scene.bob.id)]);
    })
    .await;
}
