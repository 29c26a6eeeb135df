//! Drafts: one a place and person, only what changes is told, and nobody else's files get into one.

use rialto_model::event::Change;
use rialto_model::{ConnectionId, DomainEvent, Priority};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::drafts::{Error, delete, list, save};
use crate::posts::{self, NewPost};
use crate::sharing_scene::{Person, Scene};
use crate::{Denied, Settings, files};

fn words(message: &str) -> NewPost {
    NewPost { message: message.to_owned(), ..NewPost::default() }
}

async fn file(scene: &Scene, person: &Person) -> rialto_model::FileId {
    files::take_bytes(&scene.app, &person.actor, &scene.channel, "plan.txt", "canary".into()).await.unwrap().id
}

#[tokio::test]
async fn a_draft_is_told_when_it_changes_and_goes_when_it_says_nothing() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (app, ann) = (&scene.app, &scene.ann.actor);
        let from = Some(app.ids.id(ConnectionId::from_random));
        let root = scene.post(&scene.bob, "root").await.id;
        let head = scene.head().await;
        assert!(save(app, ann, &scene.channel, words(" "), from).await.unwrap().draft.is_empty());
        let begun = save(app, ann, &scene.channel, words("half"), from).await.unwrap().draft;
        scene.tick();
        assert_eq!(save(app, ann, &scene.channel, words("half"), from).await.unwrap().draft, begun, "no change");
        let priority = Some(Priority { level: "important".to_owned(), ..Priority::default() });
        let more = save(app, ann, &scene.channel, NewPost { priority, ..words("whole") }, None).await.unwrap().draft;
        assert_eq!((more.create_at, more.update_at > begun.update_at), (begun.create_at, true));
        save(app, ann, &scene.channel, NewPost { root_id: Some(root), ..words("reply") }, from).await.unwrap();
        let kept: Vec<_> =
            list(app, ann, &scene.team).await.unwrap().into_iter().map(|one| one.draft.message).collect();
        assert_eq!(kept.len(), 2);
        assert!(kept.contains(&"whole".to_owned()) && kept.contains(&"reply".to_owned()), "{kept:?}");
        assert!(list(app, &scene.bob.actor, &scene.team).await.unwrap().is_empty());
        assert!(save(app, ann, &scene.channel, words(""), None).await.unwrap().draft.is_empty());
        delete(app, ann, &scene.channel, None, from).await.unwrap();
        delete(app, ann, &scene.channel, Some(root), from).await.unwrap();
        assert!(list(app, ann, &scene.team).await.unwrap().is_empty());
        let events: Vec<_> = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event).collect();
        let event = |root, change, from| DomainEvent::DraftChanged {
            user: scene.ann.id,
            channel: scene.channel,
            root,
            change,
            from,
        };
        assert_eq!(
            events,
            [
                event(None, Change::Added, from),
                event(None, Change::Updated, None),
                event(Some(root), Change::Added, from),
                event(None, Change::Deleted, None),
                event(Some(root), Change::Deleted, from),
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn files_of_a_draft_are_its_authors_and_can_still_be_posted() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (app, ann) = (&scene.app, &scene.ann.actor);
        let (own, other) = (file(&scene, &scene.ann).await, file(&scene, &scene.bob).await);
        let with = |ids: &[rialto_model::FileId]| NewPost { file_ids: ids.to_vec(), ..words("see") };
        let kept = save(app, ann, &scene.channel, with(&[other, own]), None).await.unwrap();
        assert_eq!((kept.draft.file_ids.clone(), kept.files[0].id), (vec![own], own));
        crate::housekeeping::tidy(app).await.unwrap();
        let post = posts::create(app, ann, &scene.channel, with(&[own])).await.unwrap();
        assert_eq!(post.file_ids, [own]);
        let left = list(app, ann, &scene.team).await.unwrap();
        assert_eq!(left[0].files, [], "what is posted is not in the draft any more");
        assert!(files::open(app, &scene.bob.actor, &own).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn drafts_are_refused_where_nothing_can_be_posted() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let app = &scene.app;
        let stranger = scene.person("otto").await;
        let refused = save(app, &stranger.actor, &scene.channel, words("x"), None).await;
        assert!(matches!(refused, Err(Error::Post(posts::Error::Denied(Denied::Forbidden(_))))), "{refused:?}");
        let elsewhere = app.ids.id(rialto_model::PostId::from_random);
        let thread = NewPost { root_id: Some(elsewhere), ..words("x") };
        let refused = save(app, &scene.ann.actor, &scene.channel, thread, None).await;
        assert!(matches!(refused, Err(Error::Post(posts::Error::Root))), "{refused:?}");
        let long = words(&"x".repeat(app.settings.get().max_post_size + 1));
        let refused = save(app, &scene.ann.actor, &scene.channel, long, None).await;
        assert!(matches!(refused, Err(Error::Post(posts::Error::TooLong { .. }))), "{refused:?}");
        save(app, &scene.ann.actor, &scene.channel, words("x"), None).await.unwrap();
        crate::channels::archive(app, &scene.admin.actor, &scene.channel).await.unwrap();
        let refused = save(app, &scene.ann.actor, &scene.channel, words("y"), None).await;
        assert!(matches!(refused, Err(Error::Post(posts::Error::Archived))), "{refused:?}");
        assert!(list(app, &scene.ann.actor, &scene.team).await.unwrap().is_empty());
        app.settings.set(Settings { synced_drafts: false, ..(*app.settings.get()).clone() });
        assert!(matches!(list(app, &scene.ann.actor, &scene.team).await, Err(Error::Off)));
        assert!(matches!(save(app, &scene.ann.actor, &scene.channel, words("x"), None).await, Err(Error::Off)));
        assert!(matches!(delete(app, &scene.ann.actor, &scene.channel, None, None).await, Err(Error::Off)));
    })
    .await;
}
