//! Bookmarks: who may, how many, in which order, and files that the whole channel reads.

use rialto_model::bookmark::{BookmarkKind, MAX_BOOKMARKS, Unusable};
use rialto_model::{DomainEvent, Millis};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::bookmarks::{BookmarkPatch, Error, NewBookmark, Place, add, edit, list, remove, sort};
use crate::sharing_scene::Scene;
use crate::{Denied, channels, files};

fn link(name: &str) -> NewBookmark {
    NewBookmark {
        kind: BookmarkKind::Link,
        file_id: None,
        display_name: name.to_owned(),
        link_url: "https://plan.example".to_owned(),
        image_url: String::new(),
        emoji: ":anchor:".to_owned(),
    }
}

async fn names(scene: &Scene) -> Vec<String> {
    let list = list(&scene.app, &scene.bob.actor, &scene.channel, None).await.unwrap();
    list.into_iter().map(|shown| shown.bookmark.display_name).collect()
}

#[tokio::test]
async fn members_keep_bookmarks_in_an_order_and_strangers_do_not() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (app, ann) = (&scene.app, &scene.ann.actor);
        let place = Place { channel: scene.channel, from: None };
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            ids.push(add(app, ann, place, link(name)).await.unwrap().bookmark.id);
        }
        let stranger = scene.person("otto").await;
        assert!(matches!(add(app, &stranger.actor, place, link("x")).await, Err(Error::Denied(Denied::Forbidden(_)))));
        let head = scene.head().await;
        assert!(matches!(sort(app, &stranger.actor, place, &ids[0], 1).await, Err(Error::Denied(_))));
        assert!(matches!(remove(app, &stranger.actor, place, &ids[0]).await, Err(Error::Denied(_))));
        let patch = |name: &str| BookmarkPatch { display_name: Some(name.to_owned()), ..BookmarkPatch::default() };
        assert!(matches!(edit(app, &stranger.actor, place, &ids[0], patch("x")).await, Err(Error::Denied(_))));
        for (id, to, order) in [(2, 0, ["c", "a", "b"]), (2, 0, ["c", "a", "b"]), (2, 2, ["a", "b", "c"])] {
            let sorted = sort(app, &scene.bob.actor, place, &ids[id], to).await.unwrap();
            let shown: Vec<_> = sorted.into_iter().map(|one| one.bookmark.display_name).collect();
            assert_eq!((shown.clone(), names(&scene).await), (order.map(str::to_owned).to_vec(), shown));
        }
        for to in [-1, 3] {
            let refused = sort(app, ann, place, &ids[0], to).await;
            assert!(matches!(refused, Err(Error::Unusable(Unusable("sort_order")))), "{refused:?}");
        }
        let events = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event);
        let sorted = DomainEvent::BookmarksSorted { channel: scene.channel, from: None };
        assert_eq!(events.collect::<Vec<_>>(), [sorted.clone(), sorted], "the second changed nothing");
        let since = app.clock.now();
        app.clock.advance(1_000);
        let renamed = edit(app, &scene.bob.actor, place, &ids[1], patch("bee")).await.unwrap().bookmark;
        assert_eq!((renamed.owner_id, renamed.emoji.as_str()), (scene.ann.id, "anchor"));
        let bad = BookmarkPatch { link_url: Some("javascript:x".to_owned()), ..BookmarkPatch::default() };
        assert!(matches!(edit(app, ann, place, &ids[1], bad).await, Err(Error::Unusable(Unusable("link_url")))));
        assert!(remove(app, ann, place, &ids[0]).await.unwrap().bookmark.delete_at.is_some());
        assert!(matches!(remove(app, ann, place, &ids[0]).await, Err(Error::Absent)));
        assert_eq!(names(&scene).await, ["bee", "c"]);
        let changed = list(app, ann, &scene.channel, Some(Millis(since.0 + 100))).await.unwrap();
        assert_eq!(changed.len(), 2, "what changed since, and what went: {changed:?}");
        let elsewhere = scene.new_channel("elsewhere").await;
        let other = Place { channel: elsewhere, from: None };
        assert!(matches!(remove(app, &scene.admin.actor, other, &ids[1]).await, Err(Error::Absent)));
        channels::archive(app, &scene.admin.actor, &scene.channel).await.unwrap();
        assert!(matches!(add(app, ann, place, link("late")).await, Err(Error::Archived)));
    })
    .await;
}

/// Those who come at once are counted one after the other; on PostgreSQL they really meet.
#[tokio::test]
async fn a_channel_has_so_many_bookmarks_and_no_more() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let place = Place { channel: scene.channel, from: None };
        for n in 1..MAX_BOOKMARKS {
            add(&scene.app, &scene.ann.actor, place, link(&n.to_string())).await.unwrap();
        }
        let (one, other) = tokio::join!(
            add(&scene.app, &scene.ann.actor, place, link("one")),
            add(&scene.app, &scene.bob.actor, place, link("other")),
        );
        assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
        assert!(matches!(one.and(other), Err(Error::TooMany)));
        assert_eq!(names(&scene).await.len(), MAX_BOOKMARKS);
    })
    .await;
}

#[tokio::test]
async fn the_file_of_a_bookmark_is_read_by_the_channel_until_the_bookmark_goes() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (app, ann) = (&scene.app, &scene.ann.actor);
        let place = Place { channel: scene.channel, from: None };
        let file = files::take_bytes(app, ann, &scene.channel, "plan.txt", "x".into()).await.unwrap().id;
        let with_file =
            || NewBookmark { kind: BookmarkKind::File, file_id: Some(file), link_url: String::new(), ..link("plan") };
        let by_bob = add(app, &scene.bob.actor, place, with_file()).await;
        assert!(matches!(by_bob, Err(Error::File)), "{by_bob:?}");
        assert!(files::info(app, &scene.bob.actor, &file).await.is_err(), "not posted yet");
        let made = add(app, ann, place, with_file()).await.unwrap();
        assert_eq!(made.file.map(|one| one.id), Some(file));
        assert!(files::open(app, &scene.bob.actor, &file).await.is_ok());
        let stranger = scene.stranger("otto", "system_user").await;
        assert!(files::info(app, &stranger.actor, &file).await.is_err());
        let twice = add(app, ann, place, with_file()).await;
        assert!(matches!(twice, Err(Error::File)), "{twice:?}");
        remove(app, ann, place, &made.bookmark.id).await.unwrap();
        assert!(files::info(app, &scene.bob.actor, &file).await.is_err());
    })
    .await;
}
