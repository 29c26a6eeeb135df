//! Newer over older by the owner's version, repetitions change nothing, and what is taken away stays away (INV-10, INV-12).

use rialto_model::{DomainEvent, Millis, Origin};
use rialto_store::Db;
use rialto_store::testing::both;

use super::{Code, IncomingItems, IncomingMember, IncomingPost, IncomingReaction, IncomingUser};
use crate::posts;
use crate::shares::Invitation;
use crate::sharing_scene::{
    Peer, Scene, id, incoming_post, incoming_reaction, incoming_user, with_posts, with_reactions, with_users,
};

/// Our channel shared with acme, whose person 1 takes part.
async fn shared(db: Db) -> (Scene, Peer) {
    let scene = Scene::new(db).await;
    let acme = scene.peer("acme").await;
    scene.share(&acme).await;
    scene.guest(&acme, 1).await;
    (scene, acme)
}

fn version(n: u128, at: i64, text: &str) -> IncomingPost {
    IncomingPost {
        update_at: Millis(1_700_000_001_000 + at),
        edit_at: Some(Millis(1_700_000_001_000 + at)),
        message: text.to_owned(),
        ..incoming_post(n, 1)
    }
}

fn deleted(n: u128, at: i64) -> IncomingPost {
    IncomingPost { delete_at: Some(Millis(1_700_000_001_000 + at)), ..version(n, at, "") }
}

/// E-067.
#[tokio::test]
async fn a_newer_version_wins_and_ties_and_older_ones_change_nothing() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        for (at, text, expected) in [
            (10, "first", "first"),
            (10, "a tie", "first"),
            (9, "older", "first"),
            (12, "newer", "newer"),
            (11, "too late", "newer"),
            (12, "a tie again", "newer"),
        ] {
            let before = scene.dump().await;
            let known = scene.row(&id(10)).await;
            let outcome = scene.take(&acme, with_posts([version(10, at, text)])).await;
            assert!(outcome.refused_posts.is_empty(), "known is success");
            let row = scene.row(&id(10)).await.unwrap();
            assert_eq!(row.message, expected, "{text}");
            match known {
                Some(known) if expected == text => assert!(row.update_at > known.update_at),
                Some(_) => assert_eq!(scene.dump().await, before, "{text}"),
                None => {}
            }
        }
    })
    .await;
}

#[tokio::test]
async fn our_version_grows_even_while_the_clock_stands() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let mut last = Millis(0);
        for at in 1..5 {
            let items = with_posts([version(10, at, &format!("text {at}"))]);
            super::items(&scene.app, &acme.actor, &scene.channel, items).await.unwrap();
            let row = scene.row(&id(10)).await.unwrap();
            assert!(row.update_at > last);
            last = row.update_at;
        }
    })
    .await;
}

/// E-126, INV-12: a frame that is captured and sent again changes nothing, whatever came after it.
/// AT-20.
#[tokio::test]
async fn repeating_a_frame_leaves_the_database_as_it_is() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let ours = scene.post(&scene.ann, "ours").await;
        let reply = IncomingPost { root_id: Some(id(10)), ..version(11, 5, "a reply @bob") };
        let reply = IncomingPost { mentioned: Some(vec![scene.bob.id]), ..reply };
        let early = IncomingPost { root_id: Some(id(99)), ..version(12, 5, "its root comes later") };
        let frame = IncomingItems {
            users: vec![incoming_user(&acme, 1), incoming_user(&acme, 2)],
            posts: vec![version(10, 5, "a root"), reply, early, version(13, 5, "gone soon"), deleted(14, 6)],
            reactions: vec![
                incoming_reaction(ours.id, 1, "+1", 5),
                incoming_reaction(ours.id, 2, "wave", 5),
                incoming_reaction(id(98), 1, "early", 5),
            ],
            members: vec![IncomingMember { user_id: id(2), joins: true, at: Millis(5) }],
            ..IncomingItems::default()
        };
        let second = IncomingItems {
            posts: vec![version(10, 7, "an edited root"), deleted(13, 8)],
            reactions: vec![IncomingReaction {
                delete_at: Some(Millis(9)),
                history: false,
                ..incoming_reaction(ours.id, 2, "wave", 9)
            }],
            members: vec![IncomingMember { user_id: id(2), joins: false, at: Millis(9) }],
            ..IncomingItems::default()
        };
        for frame in [&frame, &second] {
            let outcome = scene.take(&acme, frame.clone()).await;
            let after = scene.dump().await;
            for _ in 0..3 {
                let again = scene.take(&acme, frame.clone()).await;
                assert_eq!(again.users, outcome.users, "everybody taken is confirmed every time");
                assert!(again.refused_posts.is_empty() && again.refused_reactions.is_empty());
                assert_eq!(scene.dump().await, after);
            }
        }
        // The first frame once more, late: nothing of the second is undone.
        let before = scene.dump().await;
        let late = IncomingItems { users: Vec::new(), ..frame };
        scene.take(&acme, late).await;
        assert_eq!(scene.dump().await, before);
        let member = rialto_store::channel_members::get(&mut scene.view().await, &scene.channel, &scene.bob.id).await;
        assert_eq!(member.unwrap().unwrap().mention_count, 1);
    })
    .await;
}

/// E-126: who is back stays when the frame of their leaving arrives after that of their return, and a peer that gives no
/// time is taken at its word.
#[tokio::test]
async fn a_late_word_on_a_membership_changes_nothing() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let word = async |joins, at| {
            let members = vec![IncomingMember { user_id: id(1), joins, at: Millis(at) }];
            scene.take(&acme, IncomingItems { members, ..IncomingItems::default() }).await;
            scene.is_member(&scene.channel, &id(1)).await
        };
        assert!(!word(false, 10).await);
        assert!(word(true, 12).await);
        assert!(word(false, 11).await, "late");
        assert!(word(false, 10).await, "twice");
        assert!(!word(false, 12).await, "a clock may stand still between two");
        assert!(word(true, 0).await);
    })
    .await;
}

/// E-073.
#[tokio::test]
async fn what_its_owner_deleted_stays_deleted() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.take(&acme, with_posts([version(10, 1, "secret")])).await;
        scene.take(&acme, with_posts([deleted(10, 2)])).await;
        let gone = scene.row(&id(10)).await.unwrap();
        assert!(gone.delete_at.is_some());
        assert_eq!((gone.message.as_str(), gone.hashtags.as_str()), ("", ""), "its words are gone");
        let after = scene.dump().await;
        scene.take(&acme, with_posts([version(10, 3, "back again"), deleted(10, 4)])).await;
        assert_eq!(scene.dump().await, after);
    })
    .await;
}

/// E-036.
#[tokio::test]
async fn what_was_deleted_before_it_came_never_shows() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let outcome = scene.take(&acme, with_posts([deleted(10, 2)])).await;
        assert!(outcome.refused_posts.is_empty());
        let buried = scene.dump().await;
        // The writing itself, in a frame that was held up on its way.
        scene.take(&acme, with_posts([version(10, 1, "hello")])).await;
        assert_eq!(scene.dump().await, buried);
        let row = scene.row(&id(10)).await.unwrap();
        assert!(row.gone_at().is_some() && row.message.is_empty());
        let channel = rialto_store::channels::get(&mut scene.view().await, &scene.channel).await.unwrap().unwrap();
        assert_eq!(channel.total_msg_count, 0);
    })
    .await;
}

/// E-068.
#[tokio::test]
async fn a_late_reply_to_a_deleted_thread_goes_with_it() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let root = scene.post(&scene.ann, "who comes?").await;
        scene.tick();
        posts::delete(&scene.app, &scene.ann.actor, &root.id).await.unwrap();
        let before = scene.dump().await;
        let reply = IncomingPost { root_id: Some(root.id), ..version(10, 1, "I do") };
        let outcome = scene.take(&acme, with_posts([reply])).await;
        assert!(outcome.refused_posts.is_empty());
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

/// SC-009.
#[tokio::test]
async fn times_of_a_peer_are_neither_in_the_future_nor_before_what_they_answer() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let root = scene.post(&scene.ann, "root").await;
        let future = IncomingPost { create_at: Millis(i64::MAX / 2), ..version(10, 1, "from the future") };
        let past = IncomingPost { create_at: Millis(5), root_id: Some(root.id), ..version(11, 1, "too early") };
        let none = IncomingPost { create_at: Millis(0), ..version(12, 1, "no time") };
        let old = IncomingPost { create_at: Millis(5), ..version(13, 1, "old") };
        scene.take(&acme, with_posts([future, past, none, old])).await;
        let now = scene.app.clock.now();
        for (n, at) in [(10, now), (11, root.create_at), (12, now), (13, Millis(5))] {
            assert_eq!(scene.row(&id(n)).await.unwrap().create_at, at, "{n}");
        }
    })
    .await;
}

/// E-073.
#[tokio::test]
async fn a_moderator_hides_a_remote_post_and_its_owner_goes_on_owning_it() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.take(&acme, with_posts([version(10, 1, "rude")])).await;
        let head = scene.head().await;
        scene.tick();
        posts::delete(&scene.app, &scene.admin.actor, &id(10)).await.unwrap();
        let hidden = scene.row(&id(10)).await.unwrap();
        assert!(hidden.hidden_at.is_some() && hidden.delete_at.is_none());
        assert_eq!(hidden.message, "rude", "what others still hold survives our moderation");
        let recorded = scene.recorded_since(head).await;
        assert!(
            matches!(recorded[0].event, DomainEvent::PostDeleted { hidden: true, .. })
                && recorded[0].origin == Origin::Local
        );

        let head = scene.head().await;
        scene.take(&acme, with_posts([version(10, 2, "polite")])).await;
        let edited = scene.row(&id(10)).await.unwrap();
        assert_eq!((edited.message.as_str(), edited.hidden_at), ("polite", hidden.hidden_at));
        let recorded = scene.recorded_since(head).await;
        assert!(matches!(recorded[0].event, DomainEvent::PostEdited { owner: Some(owner), .. } if owner == acme.id));

        let head = scene.head().await;
        scene.take(&acme, with_posts([deleted(10, 3)])).await;
        let gone = scene.row(&id(10)).await.unwrap();
        assert!(gone.delete_at.is_some());
        assert_eq!(gone.message, "");
        let recorded = scene.recorded_since(head).await;
        assert!(matches!(recorded[0].event, DomainEvent::PostDeleted { hidden: false, .. }));
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_is_hidden_and_then_deleted_is_counted_off_once() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let root = scene.post(&scene.ann, "root").await;
        let reply = |n| IncomingPost { root_id: Some(root.id), ..version(n, 1, "reply") };
        scene.take(&acme, with_posts([reply(10), reply(11), reply(12)])).await;
        let count = async || scene.row(&root.id).await.unwrap().reply_count;
        assert_eq!(count().await, 3);
        scene.tick();
        posts::delete(&scene.app, &scene.admin.actor, &id(10)).await.unwrap();
        assert_eq!(count().await, 2);
        scene.take(&acme, with_posts([IncomingPost { root_id: Some(root.id), ..deleted(10, 2) }])).await;
        assert_eq!(count().await, 2);
        scene.take(&acme, with_posts([IncomingPost { root_id: Some(root.id), ..deleted(11, 2) }])).await;
        assert_eq!(count().await, 1);
    })
    .await;
}

#[tokio::test]
async fn profiles_follow_their_owners_version() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let user = |at, name: &str, nick: &str| IncomingUser {
            update_at: Millis(at),
            username: name.to_owned(),
            stand_ins: vec![format!("{name}:acme"), format!("{name}-2:acme")],
            nickname: nick.to_owned(),
            ..incoming_user(&acme, 1)
        };
        for (at, name, nick, username, shown) in [
            (2_001, "user1", "Newer", "user1:acme", "Newer"),
            (2_001, "user1", "Tie", "user1:acme", "Newer"),
            (1_999, "user1", "Older", "user1:acme", "Newer"),
            (2_002, "renamed", "Newest", "renamed:acme", "Newest"),
        ] {
            let before = scene.dump().await;
            let outcome = scene.take(&acme, with_users([user(at, name, nick)])).await;
            assert_eq!(outcome.users, [id(1)]);
            let row = scene.user(&id(1)).await.unwrap();
            assert_eq!((row.username.as_str(), row.nickname.as_str()), (username, shown));
            if shown != nick {
                assert_eq!(scene.dump().await, before, "{nick}");
            }
        }
        // A later version that says the same is remembered and no news.
        let head = scene.head().await;
        scene.take(&acme, with_users([user(2_003, "renamed", "Newest")])).await;
        assert_eq!(scene.recorded_since(head).await, []);
        assert_eq!(scene.user(&id(1)).await.unwrap().remote_update_at, Millis(2_003));
    })
    .await;
}

/// SC-005.
#[tokio::test]
async fn reactions_are_states_by_version_and_aliases_are_one() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let post = scene.post(&scene.ann, "cake?").await;
        let live = async || {
            let list = rialto_store::reactions::list(&mut scene.view().await, &[post.id]).await.unwrap();
            list.into_iter().map(|reaction| reaction.emoji_name).collect::<Vec<_>>()
        };
        let add = |name: &str, at| incoming_reaction(post.id, 1, name, at);
        let gone = |name: &str, at| IncomingReaction { delete_at: Some(Millis(at)), ..add(name, at) };
        for (incoming, expected) in [
            (add("+1", 2_000), &["+1"][..]),
            (add("thumbsup", 2_000), &["+1"]),
            (gone("thumbsup", 2_001), &[]),
            (add("+1", 2_000), &[]),
            (add("+1", 2_001), &[]),
            (add("thumbsup", 2_002), &["thumbsup"]),
            (gone("+1", 2_001), &["thumbsup"]),
            (add("+1", 2_005), &["+1"]),
        ] {
            let outcome = scene.take(&acme, with_reactions([incoming.clone()])).await;
            assert!(outcome.refused_reactions.is_empty());
            assert_eq!(live().await, expected, "{incoming:?}");
            let row = scene.row(&post.id).await.unwrap();
            assert_eq!(row.has_reactions, !expected.is_empty());
        }
        // What the peer took back, our own people's is not.
        crate::reactions::add(&scene.app, &scene.bob.actor, &post.id, "+1").await.unwrap();
        scene.take(&acme, with_reactions([gone("+1", 2_006)])).await;
        assert_eq!(live().await, ["+1"]);
    })
    .await;
}

/// SC-067.
#[tokio::test]
async fn guests_of_a_read_only_share_add_nothing_and_may_take_back() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let ours = scene.post(&scene.ann, "news").await;
        scene.take(&acme, with_posts([version(10, 1, "while I may")])).await;
        scene.share_as(&acme, Invitation { read_only: true, convert: true, ..Invitation::default() }).await;
        scene.guest(&acme, 1).await;
        let before = scene.dump().await;
        let reply = IncomingPost { root_id: Some(ours.id), ..version(11, 2, "a reply") };
        let outcome = scene.take(&acme, with_posts([version(10, 2, "an edit"), reply, version(12, 2, "new")])).await;
        let codes: Vec<_> = outcome.refused_posts.iter().map(|(_, code)| *code).collect();
        assert_eq!(codes, [Code::ReadOnly; 3]);
        let outcome = scene.take(&acme, with_reactions([incoming_reaction(ours.id, 1, "wave", 5)])).await;
        assert_eq!(outcome.refused_reactions[0].1, Code::ReadOnly);
        assert_eq!(scene.dump().await, before);
        let outcome = scene.take(&acme, with_posts([deleted(10, 3)])).await;
        assert!(outcome.refused_posts.is_empty());
        assert!(scene.row(&id(10)).await.unwrap().delete_at.is_some());
    })
    .await;
}

#[tokio::test]
async fn the_home_of_a_read_only_channel_writes_and_nobody_here_does() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let home = scene.peer("home").await;
        let copy = scene.copy(&home, id(50), true).await.id;
        scene.guest_in(&home, &copy, 1).await;
        let outcome = scene.take_in(&home, &copy, with_posts([incoming_post(10, 1)])).await.unwrap();
        assert!(outcome.refused_posts.is_empty());
        let reactions = with_reactions([incoming_reaction(id(10), 1, "tada", 5)]);
        assert!(scene.take_in(&home, &copy, reactions).await.unwrap().refused_reactions.is_empty());
        scene.join(&scene.admin, &copy).await;
        for person in [&scene.ann, &scene.admin] {
            let new = posts::NewPost { message: "may I?".to_owned(), ..posts::NewPost::default() };
            let refused = posts::create(&scene.app, &person.actor, &copy, new).await.unwrap_err();
            assert!(matches!(refused, posts::Error::Denied(crate::Denied::ReadOnlyShare)), "{refused}");
            let refused = crate::reactions::add(&scene.app, &person.actor, &id(10), "wave").await.unwrap_err();
            assert!(matches!(refused, crate::reactions::Error::Denied(crate::Denied::ReadOnlyShare)), "{refused}");
        }
        // Once the home has ended the share, the copy is this server's own.
        crate::shares::ended_by_peer(&scene.app, &home.id, &copy).await.unwrap();
        scene.write(&scene.ann, &copy, "now I may", None).await;
    })
    .await;
}

#[tokio::test]
async fn system_messages_of_a_peer_are_taken_and_dropped() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let before = scene.dump().await;
        let system = IncomingPost { kind: "system_join_channel".to_owned(), ..version(10, 1, "joined") };
        assert!(scene.take(&acme, with_posts([system])).await.refused_posts.is_empty());
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn old_messages_call_nobody() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.app.clock.advance(48 * 3_600_000);
        let mentioned = Some(vec![scene.bob.id]);
        let old = IncomingPost { mentioned: mentioned.clone(), ..version(10, 1, "@bob") };
        let new = IncomingPost { create_at: scene.app.clock.now(), mentioned, ..version(11, 2, "@bob") };
        let mentions = async || {
            let mut view = scene.view().await;
            let member = rialto_store::channel_members::get(&mut view, &scene.channel, &scene.bob.id).await;
            member.unwrap().unwrap().mention_count
        };
        scene.take(&acme, with_posts([old])).await;
        assert_eq!(mentions().await, 0);
        scene.take(&acme, with_posts([new])).await;
        assert_eq!(mentions().await, 1);
    })
    .await;
}
