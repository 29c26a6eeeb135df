//! Whose a row is decides who may change it, whatever a frame says (INV-1 to INV-7, INV-9, INV-11).

use rialto_model::{ChannelId, Millis, PeerProfile, UserId};
use rialto_store::Db;
use rialto_store::testing::both;

use super::{Code, Error, IncomingItems, IncomingMember, IncomingPost, IncomingUser};
use crate::sharing_scene::{
    Peer, Scene, id, incoming_post, incoming_reaction, incoming_user, offer, with_posts, with_reactions, with_users,
};
use crate::{connections, shares};

async fn shared(db: Db) -> (Scene, Peer) {
    let scene = Scene::new(db).await;
    let acme = scene.peer("acme").await;
    scene.share(&acme).await;
    (scene, acme)
}

/// E-099, T-36492.
#[tokio::test]
async fn people_and_posts_of_this_server_are_out_of_a_peers_reach() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let own = scene.post(&scene.ann, "ours").await;
        scene.guest(&acme, 1).await;
        let before = scene.dump().await;
        let ann = |n| IncomingUser { wire_id: scene.ann.id, ..incoming_user(&acme, n) };
        let outcome = scene.take(&acme, with_users([ann(9)])).await;
        assert_eq!((outcome.users.len(), outcome.refused_users), (0, vec![(scene.ann.id, Code::NotOwner)]));
        let edited = IncomingPost { id: own.id, update_at: Millis(i64::MAX / 2), ..incoming_post(9, 1) };
        let deleted = IncomingPost { delete_at: Some(Millis(5)), ..edited.clone() };
        let as_ann = IncomingPost { user_id: scene.ann.id, ..incoming_post(8, 1) };
        let outcome = scene.take(&acme, with_posts([edited, deleted, as_ann])).await;
        let refused = [(own.id, Code::NotOwner), (own.id, Code::NotOwner), (id(8), Code::NotOwner)];
        assert_eq!(outcome.refused_posts, refused);
        let as_ann = super::IncomingReaction { user_id: scene.ann.id, ..incoming_reaction(own.id, 1, "wave", 5) };
        let outcome = scene.take(&acme, with_reactions([as_ann])).await;
        assert_eq!(outcome.refused_reactions[0].1, Code::NotOwner);
        let removed = IncomingMember { user_id: scene.ann.id, joins: false, at: Millis(0) };
        let outcome = scene.take(&acme, IncomingItems { members: vec![removed], ..Default::default() }).await;
        assert_eq!(outcome.refused_members, [(scene.ann.id, Code::NoUser)]);
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

/// T-36492.
#[tokio::test]
async fn what_one_peer_owns_another_cannot_change() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        scene.share(&globex).await;
        scene.guest(&acme, 1).await;
        scene.guest(&globex, 2).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        scene.take(&acme, with_reactions([incoming_reaction(id(10), 1, "wave", 5)])).await;
        let before = scene.dump().await;
        let stolen = IncomingUser { update_at: Millis(i64::MAX / 2), ..incoming_user(&globex, 1) };
        let outcome = scene.take(&globex, with_users([stolen])).await;
        assert_eq!(outcome.refused_users, [(id(1), Code::NotOwner)]);
        let later = Millis(i64::MAX / 2);
        let edited = IncomingPost { update_at: later, message: "changed".to_owned(), ..incoming_post(10, 2) };
        let deleted = IncomingPost { delete_at: Some(later), ..edited.clone() };
        let borrowed = incoming_post(11, 1);
        let outcome = scene.take(&globex, with_posts([edited, deleted, borrowed])).await;
        let codes: Vec<_> = outcome.refused_posts.iter().map(|(_, code)| *code).collect();
        assert_eq!(codes, [Code::NotOwner; 3]);
        let taken_back =
            super::IncomingReaction { delete_at: Some(later), ..incoming_reaction(id(10), 1, "wave", later.0) };
        let outcome = scene.take(&globex, with_reactions([taken_back])).await;
        assert_eq!(outcome.refused_reactions[0].1, Code::NotOwner);
        let members = vec![IncomingMember { user_id: id(1), joins: false, at: Millis(0) }];
        let outcome = scene.take(&globex, IncomingItems { members, ..Default::default() }).await;
        assert_eq!(outcome.refused_members, [(id(1), Code::NoUser)]);
        assert_eq!(scene.dump().await, before);
        // It may react to somebody else's post, though: that is its own person's doing.
        let outcome = scene.take(&globex, with_reactions([incoming_reaction(id(10), 2, "tada", 5)])).await;
        assert!(outcome.refused_reactions.is_empty());
    })
    .await;
}

/// SC-030.
#[tokio::test]
async fn only_a_shared_channel_takes_anything_and_every_other_is_refused_alike() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        scene.guest(&acme, 1).await;
        let private = scene.new_channel("private").await;
        let before = scene.dump().await;
        let frame = || with_posts([incoming_post(10, 1)]);
        for (peer, channel) in [(&acme, private), (&acme, id::<ChannelId>(77)), (&globex, scene.channel)] {
            for items in [frame(), with_users([incoming_user(peer, 5)]), IncomingItems::default()] {
                let refused = scene.take_in(peer, &channel, items).await.unwrap_err();
                assert!(matches!(refused, Error::NotShared), "{refused}");
            }
        }
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_taken_any_more_once_share_or_connection_has_ended() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        scene.share(&globex).await;
        scene.guest(&acme, 1).await;
        scene.guest(&globex, 2).await;
        scene.tick();
        shares::uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
        connections::remove(&scene.app, &scene.admin.actor, &globex.id).await.unwrap();
        let before = scene.dump().await;
        for (peer, author) in [(&acme, 1), (&globex, 2)] {
            // Both actors were authenticated before the end, as a request under way is.
            let refused = scene.take_in(peer, &scene.channel, with_posts([incoming_post(10, author)])).await;
            assert!(matches!(refused.unwrap_err(), Error::NotShared));
        }
        assert_eq!(scene.dump().await, before);
        assert!(connections::authenticate(&scene.app, globex.id.as_str(), &globex.token).await.unwrap().is_none());
        assert!(connections::authenticate(&scene.app, acme.id.as_str(), &acme.token).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn an_item_belongs_to_the_channel_of_its_row() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let other = scene.new_channel("other").await;
        let invited =
            shares::invite(&scene.app, &scene.admin.actor, &other, &acme.id, Default::default()).await.unwrap();
        scene.activate(&invited.share).await;
        scene.guest(&acme, 1).await;
        scene.guest_in(&acme, &other, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let before = scene.dump().await;
        let later = Millis(i64::MAX / 2);
        let edited = IncomingPost { update_at: later, ..incoming_post(10, 1) };
        let reply = IncomingPost { root_id: Some(id(10)), ..incoming_post(11, 1) };
        let outcome = scene.take_in(&acme, &other, with_posts([edited, reply])).await.unwrap();
        assert_eq!(outcome.refused_posts, [(id(10), Code::NotOwner), (id(11), Code::NoRoot)]);
        let reactions = with_reactions([incoming_reaction(id(10), 1, "wave", 5)]);
        let outcome = scene.take_in(&acme, &other, reactions).await.unwrap();
        assert_eq!(outcome.refused_reactions[0].1, Code::NoPost);
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn a_reply_to_a_reply_is_refused_and_holds_nothing_else_back() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 1).await;
        let reply = IncomingPost { root_id: Some(id(10)), ..incoming_post(11, 1) };
        let nested = IncomingPost { root_id: Some(id(11)), ..incoming_post(12, 1) };
        let outcome = scene.take(&acme, with_posts([incoming_post(10, 1), reply, nested, incoming_post(13, 1)])).await;
        assert_eq!(outcome.refused_posts, [(id(12), Code::NoRoot)]);
        for (n, there) in [(10, true), (11, true), (12, false), (13, true)] {
            assert_eq!(scene.row(&id(n)).await.is_some(), there, "{n}");
        }
        assert_eq!(scene.row(&id(10)).await.unwrap().reply_count, 1);
    })
    .await;
}

/// E-102.
#[tokio::test]
async fn a_peers_person_is_made_from_what_we_take_and_nothing_else() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 1).await;
        let made = scene.user(&id(1)).await.unwrap();
        assert_eq!((made.username.as_str(), made.remote_username.as_str()), ("user1:acme", "user1"));
        assert_eq!((made.remote_id, made.roles.as_str()), (Some(acme.id), "system_user"));
        assert!(made.email.ends_with("@remote.invalid"));
        assert_eq!((made.nickname.as_str(), made.locale.as_str()), ("Nick 1", "de"));
        assert_eq!(made.create_at, Millis(1_000));
        let keys: Vec<_> = made.props.keys().map(String::as_str).collect();
        assert_eq!(keys, ["RemoteUsername"]);
        assert!(made.notify_props.is_empty());
        assert!(!made.system_roles().any(|role| role != "system_user"));
        // In the landing team and in the channel, as an ordinary member.
        assert!(scene.is_member(&scene.channel, &made.id).await);
        let member = rialto_store::channel_members::get(&mut scene.view().await, &scene.channel, &made.id).await;
        assert!(!member.unwrap().unwrap().scheme_admin);
        let member = rialto_store::team_members::get(&mut scene.view().await, &scene.team, &made.id).await.unwrap();
        assert!(member.is_some_and(|member| !member.scheme_admin && member.scheme_user));
    })
    .await;
}

/// SC-098, E-092.
#[tokio::test]
async fn names_that_are_taken_get_a_number() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let twin = IncomingUser { wire_id: id(2), ..incoming_user(&acme, 1) };
        let third = IncomingUser { wire_id: id(3), ..incoming_user(&acme, 1) };
        let fourth = IncomingUser { wire_id: id(4), ..incoming_user(&acme, 1) };
        let outcome = scene.take(&acme, with_users([incoming_user(&acme, 1), twin, third, fourth])).await;
        assert_eq!(outcome.refused_users, [(id(4), Code::Quota)], "there are only so many names to try");
        for (n, name) in [(1, "user1:acme"), (2, "user1-2:acme"), (3, "user1-3:acme")] {
            assert_eq!(scene.user(&id(n)).await.unwrap().username, name);
        }
    })
    .await;
}

/// T-29977, T-41144.
#[tokio::test]
async fn a_guest_speaks_for_nobody_but_its_own_people() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let relayed = IncomingUser { relayed: true, ..incoming_user(&acme, 5) };
        let outcome = scene.take(&acme, with_users([relayed])).await;
        assert_eq!(outcome.refused_users, [(id(5), Code::NotOwner)]);
        assert!(scene.user(&id(5)).await.is_none());
        // Nor for those it told of as the home of another channel.
        scene.copy(&acme, id(50), false).await;
        let relayed = IncomingUser { relayed: true, ..incoming_user(&acme, 5) };
        scene.take_in(&acme, &id(50), with_users([relayed.clone()])).await.unwrap();
        scene.take_in(&acme, &id(50), with_posts([incoming_post(9, 5)])).await.unwrap();
        assert!(scene.row(&id(9)).await.is_some(), "there it may");
        let own = scene.post(&scene.ann, "ours").await;
        let before = scene.dump().await;
        let plain = IncomingUser { relayed: false, update_at: Millis(9_000), ..relayed };
        let items = IncomingItems {
            users: vec![plain],
            posts: vec![incoming_post(10, 5)],
            reactions: vec![incoming_reaction(own.id, 5, "wave", 5)],
            members: vec![IncomingMember { user_id: id(5), joins: true, at: Millis(0) }],
            ..IncomingItems::default()
        };
        let outcome = scene.take(&acme, items).await;
        assert_eq!(outcome.refused_users, [(id(5), Code::NotOwner)]);
        assert_eq!(outcome.refused_posts, [(id(10), Code::NotOwner)]);
        assert_eq!(outcome.refused_reactions[0].1, Code::NotOwner);
        assert_eq!(outcome.refused_members, [(id(5), Code::NoUser)]);
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn the_home_relays_but_cannot_borrow_somebody_known_directly() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 1).await;
        let home = scene.peer("home").await;
        scene.copy(&home, id(50), false).await;
        let relayed = |n| IncomingUser { relayed: true, ..incoming_user(&home, n) };
        let outcome = scene.take_in(&home, &id(50), with_users([relayed(1), relayed(7)])).await.unwrap();
        assert!(outcome.refused_users.is_empty());
        assert_eq!(scene.user(&id(1)).await.unwrap().remote_id, Some(acme.id), "untouched");
        assert_eq!(scene.user(&id(7)).await.unwrap().remote_id, Some(home.id));
        let outcome =
            scene.take_in(&home, &id(50), with_posts([incoming_post(10, 1), incoming_post(11, 7)])).await.unwrap();
        assert!(outcome.refused_posts.is_empty());
        let by_stand_in = scene.row(&id(10)).await.unwrap();
        assert_ne!(by_stand_in.user_id, id::<UserId>(1));
        let stand_in = scene.user(&by_stand_in.user_id).await.unwrap();
        assert_eq!(stand_in.remote_id, Some(home.id));
        assert!(stand_in.props.contains_key("OriginalRemoteId"));
        // The same again finds the same stand-in.
        scene.take_in(&home, &id(50), with_users([relayed(1)])).await.unwrap();
        scene.take_in(&home, &id(50), with_posts([incoming_post(12, 1)])).await.unwrap();
        assert_eq!(scene.row(&id(12)).await.unwrap().user_id, stand_in.id);
        // A local person is nobody's to relay.
        let ours = IncomingUser { wire_id: scene.ann.id, ..relayed(9) };
        let outcome = scene.take_in(&home, &id(50), with_users([ours])).await.unwrap();
        assert_eq!(outcome.refused_users, [(scene.ann.id, Code::NotOwner)]);
    })
    .await;
}

/// E-052, AT-14, SC-037, T-39777, T-41162.
#[tokio::test]
async fn an_invitation_takes_no_channel_that_is_here_already() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        scene.copy(&globex, id(50), false).await;
        let before = scene.dump().await;
        let ours = scene.new_channel("unshared").await;
        let here = scene.dump().await;
        assert_ne!(before, here);
        for (peer, channel) in [(&acme, ours), (&acme, scene.channel), (&globex, scene.channel), (&acme, id(50))] {
            let refused = shares::accept(&scene.app, &peer.actor, offer(channel, false)).await.unwrap_err();
            assert!(matches!(refused, shares::InvitationRefused::Exists), "{refused}");
        }
        assert_eq!(scene.dump().await, here);
    })
    .await;
}

#[tokio::test]
async fn a_peer_of_2021_puts_its_people_in_the_channel_by_naming_them() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let old = scene.peer_of("old", PeerProfile::Mattermost11).await;
        scene.share(&old).await;
        scene.take(&old, with_users([incoming_user(&old, 1)])).await;
        assert!(scene.is_member(&scene.channel, &id(1)).await);
        let gone = IncomingUser { delete_at: Some(Millis(9)), ..incoming_user(&old, 2) };
        scene.take(&old, with_users([gone])).await;
        assert!(!scene.is_member(&scene.channel, &id(2)).await);
    })
    .await;
}

/// E-101.
#[tokio::test]
async fn who_was_removed_here_is_not_brought_back_by_their_server() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer_of("acme", PeerProfile::Mattermost11).await;
        scene.share(&acme).await;
        scene.guest(&acme, 1).await;
        let own = scene.post(&scene.ann, "ours").await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        scene.tick();
        crate::channel_members::remove(&scene.app, &scene.admin.actor, &scene.channel, &id(1)).await.unwrap();
        let items = IncomingItems {
            users: vec![IncomingUser { update_at: Millis(9_000), ..incoming_user(&acme, 1) }],
            posts: vec![incoming_post(11, 1)],
            reactions: vec![incoming_reaction(own.id, 1, "wave", 5)],
            members: vec![IncomingMember { user_id: id(1), joins: true, at: Millis(0) }],
            ..IncomingItems::default()
        };
        let outcome = scene.take(&acme, items).await;
        assert_eq!(outcome.users, [id(1)], "a profile is only known");
        assert_eq!(outcome.refused_posts, [(id(11), Code::BlockedMember)]);
        assert_eq!(outcome.refused_reactions[0].1, Code::BlockedMember);
        assert!(!scene.is_member(&scene.channel, &id(1)).await);
        assert!(scene.row(&id(11)).await.is_none());
        let gone =
            IncomingPost { delete_at: Some(Millis(5)), update_at: Millis(1_800_000_000_000), ..incoming_post(10, 1) };
        assert!(scene.take(&acme, with_posts([gone])).await.refused_posts.is_empty(), "what they take back goes");
        // Let in again here, they are back, without what was missed.
        let add = crate::channel_members::add(&scene.app, &scene.admin.actor, &scene.channel, &[id(1)]).await;
        assert_eq!(add.unwrap().len(), 1);
        assert!(scene.take(&acme, with_posts([incoming_post(12, 1)])).await.refused_posts.is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_was_deactivated_here_stays_so_whatever_their_home_says() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 1).await;
        scene.guest(&acme, 2).await;
        scene.tick();
        crate::users::set_active(&scene.app, &scene.admin.actor, &id(1), false).await.unwrap();
        let version = |n, update_at: i64, delete_at: Option<Millis>| IncomingUser {
            update_at: Millis(update_at),
            delete_at,
            ..incoming_user(&acme, n)
        };
        scene.take(&acme, with_users([version(1, 9_000, None), version(2, 9_000, Some(Millis(8_000)))])).await;
        assert!(scene.user(&id(1)).await.unwrap().delete_at.is_some());
        assert!(scene.user(&id(2)).await.unwrap().delete_at.is_some());
        let outcome = scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(outcome.refused_posts, [(id(10), Code::BlockedMember)]);
        // A new connection to the same server changes neither.
        connections::sever(&scene.app, &acme.actor).await.unwrap();
        let again = scene.peer("acme").await;
        connections::rehome(&scene.app, &again.id).await.unwrap();
        assert!(scene.user(&id(1)).await.unwrap().delete_at.is_some());
        assert!(scene.user(&id(2)).await.unwrap().delete_at.is_some());
        let lifted = crate::users::set_active(&scene.app, &scene.admin.actor, &id(1), true).await.unwrap();
        assert_eq!(lifted.delete_at, None);
        scene.share(&again).await;
        scene.guest(&again, 1).await;
        assert!(scene.take(&again, with_posts([incoming_post(11, 1)])).await.refused_posts.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_pin_set_here_stays_until_the_owner_says_something_else() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        scene.tick();
        crate::posts::set_pinned(&scene.app, &scene.ann.actor, &id(10), true).await.unwrap();
        let version = |n: i64, is_pinned| IncomingPost {
            update_at: Millis(1_800_000_000_000 + n),
            is_pinned,
            message: format!("version {n}"),
            ..incoming_post(10, 1)
        };
        for (n, theirs, ours) in [(1, false, true), (2, true, true), (3, false, false)] {
            scene.take(&acme, with_posts([version(n, theirs)])).await;
            assert_eq!(scene.row(&id(10)).await.unwrap().is_pinned, ours, "version {n}");
        }
    })
    .await;
}
