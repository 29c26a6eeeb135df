//! Writing, editing, deleting, pinning and reading, on both databases.

use rialto_model::{ChannelId, DomainEvent, Post, PostId};
use rialto_store::Db;
use rialto_store::testing::both;

use super::*;
use crate::sharing_scene::{Person, Scene, id, incoming_post, with_posts};
use crate::{Settings, channels};

fn text(message: &str) -> NewPost {
    NewPost { message: message.to_owned(), ..NewPost::default() }
}

async fn create(scene: &Scene, who: &Person, channel: &ChannelId, new: NewPost) -> Result<Post, Error> {
    scene.tick();
    super::create(&scene.app, &who.actor, channel, new).await
}

fn set(scene: &Scene, change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings::clone(&scene.app.settings.get());
    change(&mut settings);
    scene.app.settings.set(settings);
}

#[tokio::test]
async fn a_post_is_written_counted_and_recorded() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let before = scene.channel_row(&scene.channel).await;
        let head = scene.head().await;
        let made = create(&scene, &scene.ann, &scene.channel, text("see #news @bob @nobody @ann")).await.unwrap();
        assert_eq!(scene.row(&made.id).await, Some(made.clone()));
        assert_eq!((made.hashtags.as_str(), made.create_at, made.props.as_str()), ("#news", made.update_at, "{}"));
        let recorded = scene.recorded_since(head).await;
        let expected = DomainEvent::PostCreated {
            post: made.id,
            channel: scene.channel,
            owner: None,
            mentions: vec![scene.bob.id],
        };
        assert_eq!(recorded.into_iter().map(|recorded| recorded.event).collect::<Vec<_>>(), [expected]);
        let after = scene.channel_row(&scene.channel).await;
        assert_eq!(after.total_msg_count - before.total_msg_count, 1);
        assert_eq!(after.last_post_at, made.create_at);
        let member = async |who: &Person| {
            let mut view = scene.view().await;
            rialto_store::channel_members::get(&mut view, &scene.channel, &who.id).await.unwrap().unwrap()
        };
        let (ann, bob) = (member(&scene.ann).await, member(&scene.bob).await);
        assert_eq!((ann.msg_count, ann.mention_count), (after.total_msg_count, 0), "authors have read what they wrote");
        assert_eq!((bob.mention_count, bob.mention_count_root), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_a_post_is_refused_and_leaves_nothing() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let outsider = scene.person("olga").await;
        let private = scene.new_channel("private").await;
        let root = scene.post(&scene.ann, "root").await;
        let reply = scene.reply(&scene.bob, &root.id, "reply").await;
        set(&scene, |settings| settings.max_post_size = 5);
        let before = scene.dump().await;
        let refused = async |who: &Person, channel: &ChannelId, new: NewPost| {
            create(&scene, who, channel, new).await.unwrap_err()
        };
        let (ann, plans) = (&scene.ann, &scene.channel);
        assert!(matches!(refused(ann, plans, text("   ")).await, Error::Empty));
        assert!(matches!(refused(ann, plans, text("äöüäöü")).await, Error::TooLong { max: 5 }));
        let system = NewPost { kind: "system_generic".to_owned(), ..text("x") };
        assert!(matches!(refused(ann, plans, system).await, Error::Kind));
        for props in ["[]", "{", "\"x\""] {
            let new = NewPost { props: props.to_owned(), ..text("x") };
            assert!(matches!(refused(ann, plans, new).await, Error::Props), "{props}");
        }
        for root_id in [id(77), reply.id] {
            let new = NewPost { root_id: Some(root_id), ..text("x") };
            assert!(matches!(refused(ann, plans, new).await, Error::Root));
        }
        let elsewhere = NewPost { root_id: Some(root.id), ..text("x") };
        assert!(matches!(refused(&scene.admin, &private, elsewhere).await, Error::Root));
        assert!(matches!(refused(&outsider, plans, text("x")).await, Error::Denied(Denied::Forbidden(_))));
        assert!(matches!(refused(ann, &id(77), text("x")).await, Error::Denied(Denied::Absent(_))));
        assert_eq!(scene.dump().await, before);
        scene.tick();
        channels::archive(&scene.app, &scene.admin.actor, plans).await.unwrap();
        assert!(matches!(refused(ann, plans, text("x")).await, Error::Archived));
    })
    .await;
}

#[tokio::test]
async fn the_same_request_twice_is_one_post_even_at_once() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let new = NewPost { pending_post_id: "ann:1".to_owned(), ..text("hello") };
        let twice = tokio::join!(
            create(&scene, &scene.ann, &scene.channel, new.clone()),
            create(&scene, &scene.ann, &scene.channel, new.clone())
        );
        let (one, other) = (twice.0.unwrap(), twice.1.unwrap());
        assert_eq!(one.id, other.id);
        let later = create(&scene, &scene.ann, &scene.channel, new.clone()).await.unwrap();
        assert_eq!(later.id, one.id);
        let of_bob = create(&scene, &scene.bob, &scene.channel, new).await.unwrap();
        assert_ne!(of_bob.id, one.id);
        let total = scene.channel_row(&scene.channel).await.total_msg_count;
        assert_eq!(total, 2);
    })
    .await;
}

#[tokio::test]
async fn only_authors_edit_and_only_what_changed_is_recorded() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let post = scene.post(&scene.ann, "frist").await;
        let patch = |message: &str| PostPatch { message: Some(message.to_owned()), ..PostPatch::default() };
        scene.tick();
        let edited = edit(&scene.app, &scene.ann.actor, &post.id, patch("first #tag")).await.unwrap();
        assert_eq!((edited.message.as_str(), edited.hashtags.as_str()), ("first #tag", "#tag"));
        assert!(edited.update_at > post.update_at && edited.edit_at.is_some());
        assert_eq!(scene.row(&post.id).await, Some(edited.clone()));
        let head = scene.head().await;
        assert_eq!(edit(&scene.app, &scene.ann.actor, &post.id, patch("first #tag")).await.unwrap(), edited);
        assert_eq!(scene.recorded_since(head).await, []);
        let refused = edit(&scene.app, &scene.bob.actor, &post.id, patch("mine")).await.unwrap_err();
        assert!(matches!(refused, Error::NotAuthor), "{refused}");
        set(&scene, |settings| settings.post_edit_seconds = 60);
        scene.app.clock.advance(62_000);
        let late = edit(&scene.app, &scene.ann.actor, &post.id, patch("late")).await.unwrap_err();
        assert!(matches!(late, Error::TooLate), "{late}");
        let pin = PostPatch { is_pinned: Some(true), ..PostPatch::default() };
        assert!(edit(&scene.app, &scene.ann.actor, &post.id, pin).await.unwrap().is_pinned, "the limit is for texts");
    })
    .await;
}

#[tokio::test]
async fn nobody_edits_what_another_servers_people_wrote() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let patch = PostPatch { message: Some("mine".to_owned()), ..PostPatch::default() };
        for who in [&scene.ann, &scene.admin] {
            let refused = edit(&scene.app, &who.actor, &id(10), patch.clone()).await.unwrap_err();
            assert!(matches!(refused, Error::NotAuthor), "{refused}");
        }
        let refused = delete(&scene.app, &scene.ann.actor, &id(10)).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))), "{refused}");
        set_pinned(&scene.app, &scene.ann.actor, &id(10), true).await.unwrap();
        assert!(scene.row(&id(10)).await.unwrap().is_pinned);
    })
    .await;
}

#[tokio::test]
async fn deleting_a_root_takes_its_thread_and_deleting_a_reply_counts_it_off() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let root = scene.post(&scene.ann, "root").await;
        let (one, two) =
            (scene.reply(&scene.bob, &root.id, "one").await, scene.reply(&scene.ann, &root.id, "two").await);
        assert_eq!(scene.row(&root.id).await.unwrap().reply_count, 2);
        let refused = delete(&scene.app, &scene.bob.actor, &two.id).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))), "{refused}");
        scene.tick();
        delete(&scene.app, &scene.bob.actor, &one.id).await.unwrap();
        assert_eq!(scene.row(&root.id).await.unwrap().reply_count, 1);
        let head = scene.head().await;
        scene.tick();
        delete(&scene.app, &scene.ann.actor, &root.id).await.unwrap();
        for gone in [&root, &two] {
            let row = scene.row(&gone.id).await.unwrap();
            assert!(row.delete_at.is_some() && row.message.is_empty());
        }
        let deleted: Vec<_> = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event).collect();
        assert_eq!(deleted.len(), 2, "what was gone before is not told again: {deleted:?}");
        let again = delete(&scene.app, &scene.ann.actor, &root.id).await.unwrap_err();
        assert!(matches!(again, Error::Denied(Denied::Absent(_))));
        let reply =
            create(&scene, &scene.bob, &scene.channel, NewPost { root_id: Some(root.id), ..text("late") }).await;
        assert!(matches!(reply.unwrap_err(), Error::Root));
    })
    .await;
}

#[tokio::test]
async fn a_moderator_deletes_others_posts_of_this_server_for_good() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let post = scene.post(&scene.ann, "rude").await;
        scene.tick();
        delete(&scene.app, &scene.admin.actor, &post.id).await.unwrap();
        let row = scene.row(&post.id).await.unwrap();
        assert!(row.delete_at.is_some() && row.hidden_at.is_none());
        assert!(row.props.contains(scene.admin.id.as_str()), "who did it is kept: {}", row.props);
    })
    .await;
}

#[tokio::test]
async fn windows_show_what_their_readers_may_see() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let outsider = scene.person("olga").await;
        let mut made = Vec::new();
        for n in 0..6 {
            made.push(scene.post(&scene.ann, &format!("number {n}")).await.id);
        }
        scene.tick();
        let before_deletion = scene.app.clock.now();
        scene.tick();
        delete(&scene.app, &scene.ann.actor, &made[3]).await.unwrap();
        let read = async |who: &Person, part: Window, limit: i64, deleted: bool| {
            window(&scene.app, &who.actor, &scene.channel, part, limit, deleted).await.unwrap()
        };
        let ids = |page: &PostPage| page.posts.iter().map(|post| post.id).collect::<Vec<PostId>>();
        let page = read(&scene.bob, Window::Page(0), 3, true).await;
        assert_eq!(ids(&page), [made[5], made[4], made[2]], "pages are full, and deleted ones are for administrators");
        assert_eq!((page.next, page.prev), (None, Some(made[1])));
        let page = read(&scene.admin, Window::Page(0), 3, true).await;
        assert_eq!(ids(&page), [made[5], made[4], made[3]]);
        let page = read(&scene.bob, Window::Before(made[4], 0), 2, false).await;
        assert_eq!(ids(&page), [made[2], made[1]]);
        assert_eq!((page.next, page.prev), (Some(made[4]), Some(made[0])));
        let page = read(&scene.bob, Window::After(made[1], 0), 2, false).await;
        assert_eq!(ids(&page), [made[4], made[2]]);
        let page = read(&scene.bob, Window::Since(before_deletion), 60, false).await;
        assert_eq!(ids(&page), [made[3]], "deletions show in what changed");
        let refused = window(&scene.app, &scene.bob.actor, &id(77), Window::Page(0), 3, false).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Absent(_))));
        // A public channel is open to its team, and to nobody who is not in it.
        assert!(window(&scene.app, &outsider.actor, &scene.channel, Window::Page(0), 3, false).await.is_ok());
        scene.tick();
        channels::set_privacy(&scene.app, &scene.admin.actor, &scene.channel, rialto_model::ChannelKind::Private)
            .await
            .unwrap();
        let refused = window(&scene.app, &outsider.actor, &scene.channel, Window::Page(0), 3, false).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))));
        let found = list_by_ids(&scene.app, &outsider.actor, &made).await.unwrap();
        assert_eq!(found, []);
    })
    .await;
}

#[tokio::test]
async fn readers_find_where_they_stopped() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let mut made = Vec::new();
        for n in 0..4 {
            made.push(scene.post(&scene.ann, &format!("number {n}")).await);
        }
        scene.tick();
        crate::channel_members::set_unread_from(&scene.app, &scene.bob.actor, &made[2].id).await.unwrap();
        let page = around_unread(&scene.app, &scene.bob.actor, &scene.channel, 2, 10, Listed::default()).await.unwrap();
        let texts: Vec<_> = page.posts.iter().map(|post| post.message.as_str()).collect();
        assert_eq!(texts, ["number 3", "number 2", "number 1", "number 0"]);
        let member = crate::channel_members::get(&scene.app, &scene.bob.actor, &scene.channel, &scene.bob.id).await;
        let row = scene.channel_row(&scene.channel).await;
        assert_eq!(row.total_msg_count - member.unwrap().msg_count, 2);
        scene.tick();
        crate::channel_members::view(
            &scene.app,
            &scene.bob.actor,
            &[scene.channel],
            crate::channel_members::Seen::Messages,
        )
        .await
        .unwrap();
        let page = around_unread(&scene.app, &scene.bob.actor, &scene.channel, 2, 10, Listed::default()).await.unwrap();
        assert_eq!(page.posts.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_thread_is_read_in_pages_with_its_root() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let root = scene.post(&scene.ann, "root").await;
        let mut replies = Vec::new();
        for n in 0..3 {
            replies.push(scene.reply(&scene.bob, &root.id, &format!("reply {n}")).await);
        }
        let (found, page, more) = thread(&scene.app, &scene.ann.actor, &replies[1].id, None, 2).await.unwrap();
        assert_eq!((found.id, page.len(), more), (root.id, 2, true));
        let last = (page[1].create_at, page[1].id);
        let (_, page, more) = thread(&scene.app, &scene.ann.actor, &root.id, Some(last), 2).await.unwrap();
        assert_eq!((page[0].id, page.len(), more), (replies[2].id, 1, false));
    })
    .await;
}
