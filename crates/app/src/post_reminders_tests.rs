//! Reminders people wish for: once, at the time, and of nothing they may not read any more.

use rialto_model::{Millis, Post};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::post_reminders::{Error, remind, set};
use crate::posts::{self, Window};
use crate::sharing_scene::{Person, Scene};
use crate::{Settings, channel_members, channels};

const HOUR: i64 = 3_600_000;

/// Reminders that somebody has received.
async fn received(scene: &Scene, person: &Person) -> Vec<Post> {
    let mut found = Vec::new();
    for channel in channels::list_mine(&scene.app, &person.actor, None, false).await.unwrap() {
        if channel.kind.is_direct_or_group() {
            let page =
                posts::window(&scene.app, &person.actor, &channel.id, Window::Page(0), 100, false).await.unwrap();
            found.extend(page.posts.into_iter().filter(|post| post.kind == "reminder"));
        }
    }
    found
}

#[tokio::test]
async fn a_reminder_comes_once_when_it_is_due() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let app = &scene.app;
        app.settings
            .set(Settings { site_url: Some("https://chat.example".to_owned()), ..(*app.settings.get()).clone() });
        let post = scene.post(&scene.bob, "the plan").await;
        let at = Millis(app.clock.now().0 + HOUR);
        assert!(matches!(set(app, &scene.ann.actor, &post.id, app.clock.now()).await, Err(Error::Past)));
        let mut told = app.bus.volatile();
        set(app, &scene.ann.actor, &post.id, at).await.unwrap();
        let crate::Volatile::Ephemeral { user, channel, message, .. } = told.try_recv().unwrap() else { panic!() };
        assert_eq!((user, channel), (scene.ann.id, scene.channel));
        assert!(message.contains("@bob"), "{message}");
        set(app, &scene.ann.actor, &post.id, Millis(at.0 + HOUR)).await.unwrap();
        app.clock.advance(HOUR);
        remind(app).await.unwrap();
        assert_eq!(received(&scene, &scene.ann).await, [], "it was put off");
        app.clock.advance(HOUR);
        let (one, other) = tokio::join!(remind(app), remind(app));
        one.unwrap();
        other.unwrap();
        remind(app).await.unwrap();
        let got = received(&scene, &scene.ann).await;
        assert_eq!(got.len(), 1, "{got:?}");
        assert_eq!(got[0].user_id, app.system_user);
        assert!(got[0].message.ends_with(&format!("/pl/{}", post.id)) && got[0].message.contains("@bob"), "{got:?}");
        let props: serde_json::Value = serde_json::from_str(&got[0].props).unwrap();
        assert_eq!((&props["username"], &props["post_id"]), (&"bob".into(), &post.id.to_string().into()));
        assert!(!props["team_name"].as_str().unwrap().is_empty());
        assert!(got[0].message.contains(&format!("https://chat.example/{}/pl/", props["team_name"].as_str().unwrap())));
        assert_eq!(received(&scene, &scene.bob).await, []);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_reminded_of_what_they_may_not_read() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let app = &scene.app;
        let at = Millis(app.clock.now().0 + HOUR);
        let stranger = scene.stranger("otto", "system_user").await;
        let post = scene.post(&scene.bob, "the plan").await;
        let refused = set(app, &stranger.actor, &post.id, at).await;
        assert!(matches!(refused, Err(Error::Post(posts::Error::Denied(_)))), "{refused:?}");
        let gone = scene.post(&scene.bob, "a slip").await;
        set(app, &scene.ann.actor, &gone.id, at).await.unwrap();
        posts::delete(app, &scene.bob.actor, &gone.id).await.unwrap();
        let refused = set(app, &scene.ann.actor, &gone.id, at).await;
        assert!(matches!(refused, Err(Error::Post(posts::Error::Denied(_)))), "{refused:?}");
        set(app, &scene.ann.actor, &post.id, at).await.unwrap();
        channels::set_privacy(app, &scene.admin.actor, &scene.channel, rialto_model::ChannelKind::Private)
            .await
            .unwrap();
        channel_members::remove(app, &scene.ann.actor, &scene.channel, &scene.ann.id).await.unwrap();
        app.clock.advance(HOUR);
        remind(app).await.unwrap();
        assert_eq!(received(&scene, &scene.ann).await, []);
    })
    .await;
}
