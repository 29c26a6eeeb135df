//! Messages for later: posted once, with the rights of that moment, and kept with the reason where they cannot be.

use rialto_model::draft::{Failure, ShownScheduledPost};
use rialto_model::event::Change;
use rialto_model::{DomainEvent, Millis, Post, Priority};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::posts::{self, NewPost, Window};
use crate::scheduled_posts::{Error, delete, list, schedule, send_due, update};
use crate::sharing_scene::{Person, Scene};
use crate::{Settings, channels, files};

const HOUR: i64 = 3_600_000;

fn words(message: &str) -> NewPost {
    NewPost { message: message.to_owned(), ..NewPost::default() }
}

fn in_an_hour(scene: &Scene) -> Millis {
    Millis(scene.app.clock.now().0 + HOUR)
}

async fn later(scene: &Scene, author: &Person, words: NewPost) -> ShownScheduledPost {
    schedule(&scene.app, &author.actor, &scene.channel, words, in_an_hour(scene), None).await.unwrap()
}

async fn in_channel(scene: &Scene) -> Vec<Post> {
    let page =
        posts::window(&scene.app, &scene.admin.actor, &scene.channel, Window::Page(0), 100, false).await.unwrap();
    page.posts.into_iter().filter(|post| !post.is_system()).collect()
}

async fn waiting(scene: &Scene, person: &Person) -> Vec<ShownScheduledPost> {
    list(&scene.app, &person.actor, &scene.team, false).await.unwrap().0
}

#[tokio::test]
async fn a_message_is_posted_once_when_its_time_has_come() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let app = &scene.app;
        let root = scene.post(&scene.bob, "root").await;
        let file = files::take_bytes(app, &scene.ann.actor, &scene.channel, "plan.txt", "x".into()).await.unwrap().id;
        let priority = Some(Priority { level: "important".to_owned(), ..Priority::default() });
        let first = later(
            &scene,
            &scene.ann,
            NewPost { file_ids: vec![file], priority: priority.clone(), ..words("@bob later") },
        )
        .await;
        let reply = later(&scene, &scene.ann, NewPost { root_id: Some(root.id), ..words("reply") }).await;
        assert_eq!(waiting(&scene, &scene.ann).await.len(), 2);
        assert_eq!(waiting(&scene, &scene.bob).await.len(), 0);
        send_due(app).await.unwrap();
        assert_eq!(in_channel(&scene).await.len(), 1, "not before its time");
        app.clock.advance(HOUR);
        let head = scene.head().await;
        send_due(app).await.unwrap();
        send_due(app).await.unwrap();
        let posted = in_channel(&scene).await;
        assert_eq!(posted.len(), 3, "{posted:?}");
        let message = posted.iter().find(|post| post.message == "@bob later").unwrap();
        assert_eq!(
            (message.user_id, message.create_at, &message.file_ids),
            (scene.ann.id, app.clock.now(), &vec![file])
        );
        let shown = crate::shown_posts::show(app, vec![message.clone()]).await.unwrap();
        assert_eq!(shown[0].priority, priority);
        assert!(posted.iter().any(|post| post.message == "reply" && post.root_id == Some(root.id)));
        assert_eq!(waiting(&scene, &scene.ann).await, []);
        let events: Vec<_> = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event).collect();
        let created = events.iter().filter_map(|event| match event {
            DomainEvent::PostCreated { post, mentions, .. } => Some((*post, mentions.clone())),
            _ => None,
        });
        assert!(created.clone().any(|found| found == (message.id, vec![scene.bob.id])), "{events:?}");
        assert_eq!(created.count(), 2);
        for post in [&first.post, &reply.post] {
            let gone = DomainEvent::ScheduledPostChanged {
                user: scene.ann.id,
                post: post.id,
                channel: scene.channel,
                root: post.draft.root_id,
                change: Change::Deleted,
                from: None,
            };
            assert!(events.contains(&gone), "{events:?}");
        }
    })
    .await;
}

/// Two nodes that both believe it is theirs to post; on PostgreSQL they really meet.
#[tokio::test]
async fn two_at_once_post_it_once() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        for n in 0..5 {
            later(&scene, &scene.ann, words(&format!("later {n}"))).await;
        }
        scene.app.clock.advance(HOUR);
        let (one, other) = tokio::join!(send_due(&scene.app), send_due(&scene.app));
        one.unwrap();
        other.unwrap();
        assert_eq!(in_channel(&scene).await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_message_changes_and_goes_by_its_authors_hand_alone() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let app = &scene.app;
        let id = later(&scene, &scene.ann, words("first")).await.post.id;
        let at = in_an_hour(&scene);
        let by_bob = update(app, &scene.bob.actor, &id, words("mine"), at, None).await;
        assert!(matches!(by_bob, Err(Error::Absent)), "{by_bob:?}");
        assert!(matches!(delete(app, &scene.bob.actor, &id, None).await, Err(Error::Absent)));
        let until = Millis(at.0 + HOUR);
        let changed = update(app, &scene.ann.actor, &id, words("second"), until, None).await.unwrap().post;
        assert_eq!((changed.draft.message.as_str(), changed.scheduled_at), ("second", until));
        app.clock.advance(HOUR);
        send_due(app).await.unwrap();
        assert_eq!(in_channel(&scene).await, []);
        let past = update(app, &scene.ann.actor, &id, words("third"), app.clock.now(), None).await;
        assert!(matches!(past, Err(Error::Past)), "{past:?}");
        let empty = update(app, &scene.ann.actor, &id, words(" "), in_an_hour(&scene), None).await;
        assert!(matches!(empty, Err(Error::Post(posts::Error::Empty))), "{empty:?}");
        assert_eq!(delete(app, &scene.ann.actor, &id, None).await.unwrap().post.draft.message, "second");
        app.clock.advance(HOUR);
        send_due(app).await.unwrap();
        assert_eq!(in_channel(&scene).await, []);
        let stranger = scene.person("otto").await;
        let refused = schedule(app, &stranger.actor, &scene.channel, words("x"), in_an_hour(&scene), None).await;
        assert!(matches!(refused, Err(Error::Post(posts::Error::Denied(_)))), "{refused:?}");
        app.settings.set(Settings { scheduled_posts: false, ..(*app.settings.get()).clone() });
        let off = schedule(app, &scene.ann.actor, &scene.channel, words("x"), in_an_hour(&scene), None).await;
        assert!(matches!(off, Err(Error::Off)), "{off:?}");
    })
    .await;
}

/// Each reason has its word, nothing of it is posted, and the next try waits for its author.
#[tokio::test]
async fn what_cannot_be_posted_stays_with_the_reason() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let app = &scene.app;
        let root = scene.post(&scene.bob, "root").await;
        let reply = later(&scene, &scene.ann, NewPost { root_id: Some(root.id), ..words("reply") }).await.post.id;
        let long = later(&scene, &scene.ann, words("too long by then")).await.post.id;
        let left = later(&scene, &scene.bob, words("outside")).await.post.id;
        let failures = async |person: &Person| {
            let list = waiting(&scene, person).await;
            list.into_iter().map(|shown| (shown.post.id, shown.post.failure)).collect::<Vec<_>>()
        };
        posts::delete(app, &scene.bob.actor, &root.id).await.unwrap();
        crate::channel_members::remove(app, &scene.bob.actor, &scene.channel, &scene.bob.id).await.unwrap();
        app.settings.set(Settings { max_post_size: 10, ..(*app.settings.get()).clone() });
        app.clock.advance(HOUR);
        for _ in 0..2 {
            send_due(app).await.unwrap();
            let of_ann = failures(&scene.ann).await;
            assert!(of_ann.contains(&(reply, Some(Failure::ThreadDeleted))), "{of_ann:?}");
            assert!(of_ann.contains(&(long, Some(Failure::InvalidPost))), "{of_ann:?}");
            assert_eq!(failures(&scene.bob).await, [(left, Some(Failure::NoChannelPermission))]);
            app.clock.advance(HOUR);
        }
        assert_eq!(in_channel(&scene).await, []);
        // With other words and another time it is tried again.
        let at = in_an_hour(&scene);
        let again = update(app, &scene.ann.actor, &long, words("short"), at, None).await.unwrap().post;
        assert_eq!((again.processed_at, again.failure), (None, None));
        let late = later(&scene, &scene.ann, words("late")).await.post.id;
        app.clock.advance(HOUR);
        channels::archive(app, &scene.admin.actor, &scene.channel).await.unwrap();
        send_due(app).await.unwrap();
        assert!(failures(&scene.ann).await.contains(&(long, Some(Failure::ChannelArchived))));
        assert!(failures(&scene.ann).await.contains(&(late, Some(Failure::ChannelArchived))));
        channels::restore(app, &scene.admin.actor, &scene.channel).await.unwrap();
        let at = in_an_hour(&scene);
        update(app, &scene.ann.actor, &long, words("short"), at, None).await.unwrap();
        app.clock.advance(30 * HOUR);
        send_due(app).await.unwrap();
        assert!(failures(&scene.ann).await.contains(&(long, Some(Failure::UnableToSend))), "a day late");
    })
    .await;
}
