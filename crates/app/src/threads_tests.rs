//! Following threads, whoever replies and however it comes here.

use rialto_model::{DomainEvent, Millis, PostId, ThreadUnread};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::Denied;
use crate::apply::IncomingPost;
use crate::channel_members::{self, Seen};
use crate::posts;
use crate::sharing_scene::{Person, Scene, id, incoming_post, with_posts};
use crate::threads::{self, Around, Change, Error, Filter};

async fn list(scene: &Scene, who: &Person, filter: Filter) -> Vec<(PostId, i64, i64)> {
    let found = threads::list(&scene.app, &who.actor, &scene.team, filter, Around::Newest, 50).await.unwrap();
    let told =
        |shown: threads::ShownThread| (shown.post.post.id, shown.member.unread.replies, shown.member.unread.mentions);
    found.into_iter().map(told).collect()
}

async fn mine(scene: &Scene, who: &Person) -> Vec<(PostId, i64, i64)> {
    list(scene, who, Filter::default()).await
}

#[tokio::test]
async fn who_writes_or_is_called_follows_and_who_leaves_off_stays_away() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (ann, bob, admin) = (&scene.ann, &scene.bob, &scene.admin);
        let root = scene.post(ann, "shall we? @admin").await;
        assert_eq!(mine(&scene, ann).await, [], "nobody has answered");
        scene.reply(bob, &root.id, "yes").await;
        assert_eq!(mine(&scene, ann).await, [(root.id, 1, 0)]);
        assert_eq!(mine(&scene, bob).await, [(root.id, 0, 0)]);
        assert_eq!(mine(&scene, admin).await, [(root.id, 1, 0)], "the beginning calls them");
        let carol = scene.person("carol").await;
        scene.join(&carol, &scene.channel).await;
        scene.reply(ann, &root.id, "@channel look").await;
        assert_eq!(mine(&scene, &carol).await, [], "whoever is called with everybody does not follow for it");
        scene.reply(ann, &root.id, "@carol @bob too").await;
        assert_eq!(mine(&scene, &carol).await, [(root.id, 1, 1)], "from where they were called");
        assert_eq!(mine(&scene, bob).await, [(root.id, 2, 2)]);

        let head = scene.head().await;
        threads::follow(&scene.app, &bob.actor, &scene.team, &root.id, false).await.unwrap();
        threads::follow(&scene.app, &bob.actor, &scene.team, &root.id, false).await.unwrap();
        let told = scene.recorded_since(head).await.into_iter().map(|one| one.event).collect::<Vec<_>>();
        let left =
            DomainEvent::ThreadFollowed { root: root.id, channel: scene.channel, user: bob.id, following: false };
        assert_eq!(told, [left], "once is told once");
        scene.reply(ann, &root.id, "@bob do come back").await;
        assert_eq!(mine(&scene, bob).await, []);
        let gone = threads::get(&scene.app, &bob.actor, &scene.team, &root.id).await;
        assert!(matches!(gone, Err(Error::NotFollowing)));
        scene.reply(bob, &root.id, "well then").await;
        assert_eq!(mine(&scene, bob).await, [(root.id, 0, 0)]);

        // Somebody who has said so before anything happened is left alone too.
        let quiet = scene.post(bob, "@carol a second").await;
        threads::follow(&scene.app, &carol.actor, &scene.team, &quiet.id, false).await.unwrap();
        scene.reply(ann, &quiet.id, "@carol?").await;
        assert_eq!(mine(&scene, &carol).await.len(), 1);
        threads::follow(&scene.app, &carol.actor, &scene.team, &quiet.id, true).await.unwrap();
        assert_eq!(mine(&scene, &carol).await[0], (quiet.id, 0, 0), "whoever follows by hand has seen what is there");
    })
    .await;
}

#[tokio::test]
async fn threads_are_read_and_unread_again() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (ann, bob) = (&scene.ann, &scene.bob);
        let root = scene.post(ann, "root").await;
        let first = scene.reply(bob, &root.id, "one").await;
        let second = scene.reply(bob, &root.id, "two @ann").await;
        assert_eq!(mine(&scene, ann).await, [(root.id, 2, 1)]);
        let head = scene.head().await;
        let far = Millis(second.create_at.0 + 1_000_000);
        let read = threads::read(&scene.app, &ann.actor, &scene.team, &root.id, first.create_at).await.unwrap();
        assert_eq!(read.member.unread, ThreadUnread { replies: 1, mentions: 1 });
        let read = threads::read(&scene.app, &ann.actor, &scene.team, &root.id, far).await.unwrap();
        assert_eq!(read.member.unread, ThreadUnread::default());
        assert_eq!(read.participants.iter().map(|user| user.id).collect::<Vec<_>>(), [bob.id]);
        assert!(read.member.last_viewed_at <= scene.app.clock.now(), "nobody reads what is yet to come");
        let told = scene.recorded_since(head).await.pop().unwrap().event;
        let (before, now) = (ThreadUnread { replies: 1, mentions: 1 }, ThreadUnread::default());
        let at = read.member.last_viewed_at;
        let expected = DomainEvent::ThreadRead { root: root.id, channel: scene.channel, user: ann.id, at, before, now };
        assert_eq!(told, expected);
        scene.reply(bob, &root.id, "three").await;
        assert_eq!(list(&scene, ann, Filter { unread: true, ..Filter::default() }).await, [(root.id, 1, 0)]);
        scene.tick();
        threads::read_all(&scene.app, &ann.actor, &scene.team).await.unwrap();
        assert_eq!(list(&scene, ann, Filter { unread: true, ..Filter::default() }).await, []);
        let back = threads::unread_from(&scene.app, &ann.actor, &scene.team, &root.id, &second.id).await.unwrap();
        assert_eq!(back.member.unread, ThreadUnread { replies: 2, mentions: 1 });
        let other = scene.post(bob, "something else").await;
        let wrong = threads::unread_from(&scene.app, &ann.actor, &scene.team, &root.id, &other.id).await;
        assert!(matches!(wrong, Err(Error::OtherThread)));
        posts::delete(&scene.app, &bob.actor, &second.id).await.unwrap();
        assert_eq!(mine(&scene, ann).await, [(root.id, 1, 0)], "what is gone is not unread");
        scene.tick();
        channel_members::view(&scene.app, &ann.actor, &[scene.channel], Seen::Messages).await.unwrap();
        assert_eq!(mine(&scene, ann).await, [(root.id, 1, 0)]);
        channel_members::view(&scene.app, &ann.actor, &[scene.channel], Seen::Everything).await.unwrap();
        assert_eq!(mine(&scene, ann).await, [(root.id, 0, 0)]);
    })
    .await;
}

#[tokio::test]
async fn threads_are_for_members_of_their_channel() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let root = scene.post(&scene.ann, "root").await;
        let reply = scene.reply(&scene.bob, &root.id, "reply").await;
        let team = &scene.team;
        let outsider = scene.person("olga").await;
        let stranger = scene.stranger("ole", "system_user").await;
        for who in [&outsider, &stranger] {
            let refused = threads::follow(&scene.app, &who.actor, team, &root.id, true).await;
            assert!(matches!(refused, Err(Error::Denied(Denied::Forbidden(_)))), "{refused:?}");
        }
        let refused = threads::list(&scene.app, &stranger.actor, team, Filter::default(), Around::Newest, 10).await;
        assert!(matches!(refused, Err(Error::Denied(Denied::Forbidden(_)))));
        let no_root = threads::follow(&scene.app, &scene.ann.actor, team, &reply.id, true).await;
        assert!(matches!(no_root, Err(Error::Denied(Denied::Absent("post")))));
        channel_members::remove(&scene.app, &scene.bob.actor, &scene.channel, &scene.bob.id).await.unwrap();
        assert_eq!(mine(&scene, &scene.bob).await, []);
        let gone = threads::get(&scene.app, &scene.bob.actor, team, &root.id).await;
        assert!(matches!(gone, Err(Error::Denied(_))));
    })
    .await;
}

/// E-153: replies of another server's people count and are told of like any other, and what comes late after an outage is
/// unread though it was written before the reader last looked; history is nobody's news.
#[tokio::test]
async fn replies_from_elsewhere_count_like_those_from_here() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let guest = scene.guest(&acme, 1).await;
        let root = scene.post(&scene.ann, "root").await;
        let reply = |n: u128, at: Millis| IncomingPost {
            root_id: Some(root.id),
            create_at: at,
            update_at: at,
            message: format!("reply {n} @ann"),
            mentioned: Some(vec![scene.ann.id]),
            ..incoming_post(n, 1)
        };
        let early = scene.tick();
        let head = scene.head().await;
        scene.take(&acme, with_posts([reply(10, scene.tick())])).await;
        assert_eq!(mine(&scene, &scene.ann).await, [(root.id, 1, 1)]);
        let changed = DomainEvent::ThreadChanged {
            root: root.id,
            channel: scene.channel,
            reply: Some(id(10)),
            mentions: vec![scene.ann.id],
        };
        let told = scene.recorded_since(head).await;
        assert!(told.iter().any(|one| one.event == changed), "{told:?}");
        scene.tick();
        let now = scene.app.clock.now();
        threads::read(&scene.app, &scene.ann.actor, &scene.team, &root.id, now).await.unwrap();
        scene.take(&acme, with_posts([reply(11, early)])).await;
        assert_eq!(mine(&scene, &scene.ann).await, [(root.id, 1, 1)]);
        let mut view = scene.view().await;
        let known = rialto_store::threads::get(&mut view, &guest, &root.id).await.unwrap();
        assert_eq!(known, None, "they follow on their own server");
        drop(view);
        let mut gone = reply(11, early);
        gone.delete_at = Some(scene.tick());
        gone.update_at = scene.app.clock.now();
        scene.take(&acme, with_posts([gone])).await;
        assert_eq!(mine(&scene, &scene.ann).await, [(root.id, 0, 0)]);
    })
    .await;
}

/// Clients add up the differences they are told, so several changes told at once tell each its own.
#[tokio::test]
async fn changes_told_together_tell_each_its_own() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (ann, bob) = (&scene.ann, &scene.bob);
        let root = scene.post(ann, "root").await;
        let first = scene.reply(bob, &root.id, "one @ann").await;
        let second = scene.reply(bob, &root.id, "two").await;
        let change = |reply: &PostId, mentions: &[_]| Change {
            root: root.id,
            reply: Some(*reply),
            mentions: mentions.to_vec(),
            listeners: vec![ann.id, bob.id, scene.admin.id],
        };
        let changes = [change(&first.id, &[ann.id]), change(&second.id, &[])];
        let updates = threads::updates(&mut scene.view().await, &changes).await.unwrap();
        let told = |n: usize, who: &Person| {
            let people = &updates[n].as_ref().unwrap().people;
            let update = people.iter().find(|update| update.member.user_id == who.id).unwrap();
            let before = update.before.unwrap();
            ((before.replies, before.mentions), (update.member.unread.replies, update.member.unread.mentions))
        };
        assert_eq!(told(0, ann), ((0, 0), (1, 1)));
        assert_eq!(told(1, ann), ((1, 1), (2, 1)));
        assert_eq!(told(1, bob), ((0, 0), (0, 0)));
        assert_eq!(updates[0].as_ref().unwrap().people.len(), 2, "whoever does not follow is told nothing");
    })
    .await;
}
