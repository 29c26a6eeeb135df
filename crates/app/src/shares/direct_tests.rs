//! Conversations over servers, on both databases: what a peer may open with whom, and what it may not.

use std::collections::BTreeSet;

use rialto_model::{Channel, ChannelKind, Millis, PeerProfile, ShareState, User, UserId};
use rialto_store::testing::both;
use rialto_store::{Db, channel_members, channels, users};

use super::direct::{self, CAPABILITY, Unreachable};
use super::*;
use crate::apply::{self, Code, IncomingItems, IncomingMember, IncomingUser};
use crate::connections::{self, Contact};
use crate::direct_channels::{self, Error as OpenError};
use crate::sharing_scene::{Peer, Person, Scene, id, incoming_post, incoming_user, with_posts};

async fn scene(db: Db) -> Scene {
    let scene = Scene::new(db).await;
    change_settings(&scene, |settings| settings.workspaces.enable_shared_channels = true);
    scene
}

fn change_settings(scene: &Scene, change: impl FnOnce(&mut crate::Settings)) {
    let mut settings = (*scene.app.settings.get()).clone();
    change(&mut settings);
    scene.app.settings.set(settings);
}

/// A Rialto that takes direct messages.
async fn peer(scene: &Scene, name: &'static str) -> Peer {
    let peer = scene.peer(name).await;
    says(scene, &peer, CAPABILITY).await;
    peer
}

async fn says(scene: &Scene, peer: &Peer, caps: &str) {
    scene.tick();
    let contact = Contact { pinged: true, caps: Some(caps.to_owned()), ..Contact::default() };
    connections::note_contact(&scene.app, &peer.id, contact).await.unwrap();
}

/// The peer's person `n`, met in our channel.
async fn met(scene: &Scene, peer: &Peer, n: u128) -> UserId {
    if scene.live_share(peer, &scene.channel).await.is_none() {
        scene.share(peer).await;
    }
    scene.guest(peer, n).await
}

fn direct_with(peer: &Peer, channel: u128, ours: &Person, theirs: u128) -> IncomingConversation {
    IncomingConversation {
        channel_id: id(channel),
        kind: ChannelKind::Direct,
        creator: None,
        people: vec![id(theirs), ours.id],
        described: vec![incoming_user(peer, theirs)],
    }
}

fn group_with(peer: &Peer, channel: u128, creator: u128, people: &[UserId]) -> IncomingConversation {
    IncomingConversation {
        channel_id: id(channel),
        kind: ChannelKind::Group,
        creator: Some(id(creator)),
        people: people.to_vec(),
        described: vec![incoming_user(peer, creator)],
    }
}

async fn take(scene: &Scene, peer: &Peer, offer: IncomingConversation) -> Result<Share, InvitationRefused> {
    scene.tick();
    accept_conversation(&scene.app, &peer.actor, offer).await
}

async fn members(scene: &Scene, channel: &ChannelId) -> BTreeSet<UserId> {
    let list = channel_members::list(&mut scene.view().await, channel, 0, 20).await.unwrap();
    list.into_iter().map(|member| member.user_id).collect()
}

async fn open(scene: &Scene, who: &Person, other: &UserId) -> Result<Channel, OpenError> {
    scene.tick();
    direct_channels::open(&scene.app, &who.actor, &who.id, other).await
}

#[tokio::test]
async fn a_peer_opens_a_conversation_between_its_person_and_ours() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = peer(&scene, "acme").await;
        let share = take(&scene, &acme, direct_with(&acme, 70, &scene.ann, 7)).await.unwrap();
        assert!(!share.home && share.state == ShareState::Active);
        let channel = scene.channel_row(&id(70)).await;
        assert_eq!((channel.kind, channel.team_id, channel.shared), (ChannelKind::Direct, None, true));
        assert_eq!((channel.origin, channel.creator_id), (Some(acme.id), Some(id(7))));
        assert_eq!(members(&scene, &id(70)).await, BTreeSet::from([id(7), scene.ann.id]));
        assert_eq!(scene.user(&id(7)).await.unwrap().username, "user7:acme");
        assert_eq!(open(&scene, &scene.ann, &id(7)).await.unwrap().id, channel.id, "ours finds it");
        let before = scene.dump().await;
        assert_eq!(take(&scene, &acme, direct_with(&acme, 70, &scene.ann, 7)).await.unwrap().id, share.id);
        assert_eq!(scene.dump().await, before, "the same offer again changes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_peer_opens_a_group_of_its_people_ours_and_those_it_relays() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = peer(&scene, "acme").await;
        let mut offer = group_with(&acme, 71, 7, &[id(7), id(8), scene.ann.id, scene.bob.id]);
        offer.described.push(IncomingUser { relayed: true, ..incoming_user(&acme, 8) });
        take(&scene, &acme, offer).await.unwrap();
        let channel = scene.channel_row(&id(71)).await;
        assert_eq!(channel.display_name, "ann, bob, user7:acme, user8:acme");
        let people = BTreeSet::from([id(7), id(8), scene.ann.id, scene.bob.id]);
        assert_eq!(members(&scene, &id(71)).await, people);
        assert_eq!(channel.name, direct_channels::name(ChannelKind::Group, &people));
        scene.write(&scene.ann, &id(71), "hello", None).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_peer_may_not_open_is_refused_and_leaves_nothing() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let (acme, globex) = (peer(&scene, "acme").await, peer(&scene, "globex").await);
        met(&scene, &acme, 7).await;
        met(&scene, &globex, 9).await;
        let local = open(&scene, &scene.ann, &scene.bob.id).await.unwrap();
        take(&scene, &globex, direct_with(&globex, 75, &scene.ann, 9)).await.unwrap();
        take(&scene, &acme, direct_with(&acme, 76, &scene.bob, 7)).await.unwrap();
        let gone = scene.person("gone").await;
        crate::users::set_active(&scene.app, &scene.admin.actor, &gone.id, false).await.unwrap();
        let (ann, bob) = (scene.ann.id, scene.bob.id);
        let d = |people: &[UserId]| IncomingConversation {
            people: people.to_vec(),
            described: Vec::new(),
            ..direct_with(&acme, 70, &scene.ann, 7)
        };
        let g = |creator: u128, people: &[UserId]| group_with(&acme, 70, creator, people);
        let relayed = |n| IncomingUser { relayed: true, ..incoming_user(&acme, n) };
        let before = scene.dump().await;
        for (what, offer) in [
            ("two of ours", d(&[ann, bob])),
            (
                "two of theirs",
                IncomingConversation {
                    described: vec![incoming_user(&acme, 7), incoming_user(&acme, 8)],
                    ..d(&[id(7), id(8)])
                },
            ),
            ("another connection's person", d(&[id(9), ann])),
            (
                "another connection's person, described",
                IncomingConversation { described: vec![incoming_user(&acme, 9)], ..d(&[id(9), ann]) },
            ),
            ("somebody nobody knows", d(&[id(8), ann])),
            ("somebody it relays", IncomingConversation { described: vec![relayed(8)], ..d(&[id(8), ann]) }),
            ("one person", d(&[id(7)])),
            ("one person twice", d(&[ann, ann])),
            ("three people", d(&[id(7), ann, bob])),
            ("nobody", d(&[])),
            ("somebody deactivated", d(&[id(7), gone.id])),
            ("the server's own account", d(&[id(7), scene.app.system_user])),
            (
                "somebody it says is deactivated",
                IncomingConversation {
                    described: vec![IncomingUser { delete_at: Some(Millis(1)), ..incoming_user(&acme, 8) }],
                    ..d(&[id(8), ann])
                },
            ),
            (
                "a bot of theirs",
                IncomingConversation {
                    described: vec![IncomingUser { is_bot: true, ..incoming_user(&acme, 8) }],
                    ..d(&[id(8), ann])
                },
            ),
            ("a group in the name of ours", IncomingConversation { creator: Some(ann), ..g(7, &[id(7), ann, bob]) }),
            ("a group of nobody's", IncomingConversation { creator: None, ..g(7, &[id(7), ann, bob]) }),
            ("a group in another connection's name", g(9, &[id(7), id(9), ann])),
            ("a group whose maker is not in it", g(7, &[id(8), ann, bob])),
            (
                "a group in the name of somebody it relays",
                IncomingConversation { described: vec![relayed(8)], ..g(8, &[id(7), id(8), ann]) },
            ),
            (
                "a group without us",
                IncomingConversation {
                    described: vec![incoming_user(&acme, 7), incoming_user(&acme, 8), incoming_user(&acme, 10)],
                    ..g(7, &[id(7), id(8), id(10)])
                },
            ),
            ("a group with an unknown person", g(7, &[id(7), id(8), ann])),
            ("a group of two", g(7, &[id(7), ann])),
            ("a group of nine", g(7, &[id(7), ann, bob, id(11), id(12), id(13), id(14), id(15), id(16)])),
            ("a public channel", IncomingConversation { kind: ChannelKind::Public, ..d(&[id(7), ann]) }),
        ] {
            let refused = take(&scene, &acme, offer).await;
            assert!(matches!(refused, Err(InvitationRefused::People)), "{what}: {refused:?}");
        }
        for (what, channel) in [
            ("a channel of ours", scene.channel),
            ("a conversation of ours", local.id),
            ("a conversation with another organisation", id(75)),
            ("one of other people", id(76)),
        ] {
            let offer = IncomingConversation { channel_id: channel, ..direct_with(&acme, 0, &scene.ann, 7) };
            let refused = take(&scene, &acme, offer).await;
            assert!(matches!(refused, Err(InvitationRefused::Exists)), "{what}: {refused:?}");
        }
        let other_id = take(&scene, &acme, direct_with(&acme, 77, &scene.bob, 7)).await;
        assert!(matches!(other_id, Err(InvitationRefused::Exists)), "they have one already: {other_id:?}");
        change_settings(&scene, |settings| settings.workspaces.direct_messages = false);
        let off = take(&scene, &acme, direct_with(&acme, 70, &scene.ann, 7)).await;
        assert!(matches!(off, Err(InvitationRefused::Disabled)), "{off:?}");
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

#[tokio::test]
async fn only_who_takes_part_speaks_and_nobody_is_added() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = peer(&scene, "acme").await;
        met(&scene, &acme, 8).await;
        take(&scene, &acme, direct_with(&acme, 70, &scene.ann, 7)).await.unwrap();
        let said = scene.take_in(&acme, &id(70), with_posts([incoming_post(1, 7), incoming_post(2, 8)])).await.unwrap();
        assert_eq!(said.refused_posts, [(id(2), Code::NotOwner)]);
        assert!(scene.row(&id(1)).await.is_some() && scene.row(&id(2)).await.is_none());
        let joins = IncomingItems {
            users: vec![incoming_user(&acme, 10), IncomingUser { relayed: true, ..incoming_user(&acme, 11) }],
            members: [8, 10].map(|n| IncomingMember { user_id: id(n), joins: true, at: Millis(0) }).to_vec(),
            ..IncomingItems::default()
        };
        let outcome = scene.take_in(&acme, &id(70), joins).await.unwrap();
        assert_eq!(outcome.refused_users, [(id(11), Code::NotOwner)], "third organisations have no part in it");
        let leaves = IncomingMember { user_id: id(7), joins: false, at: Millis(0) };
        let leaves = IncomingItems { members: vec![leaves], ..IncomingItems::default() };
        scene.take_in(&acme, &id(70), leaves).await.unwrap();
        assert_eq!(members(&scene, &id(70)).await, BTreeSet::from([id(7), scene.ann.id]));
        change_settings(&scene, |settings| settings.workspaces.direct_messages = false);
        let off = scene.take_in(&acme, &id(70), with_posts([incoming_post(3, 7)])).await.unwrap();
        assert_eq!(off.refused_posts, [(id(3), Code::Disabled)]);
    })
    .await;
}

#[tokio::test]
async fn a_mattermost_shows_people_without_making_them_members_of_a_conversation() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = scene.peer_of("acme", PeerProfile::Mattermost11).await;
        take(&scene, &acme, direct_with(&acme, 70, &scene.ann, 7)).await.unwrap();
        let shown = IncomingItems { users: vec![incoming_user(&acme, 8)], ..IncomingItems::default() };
        scene.take_in(&acme, &id(70), shown).await.unwrap();
        assert_eq!(members(&scene, &id(70)).await, BTreeSet::from([id(7), scene.ann.id]));
    })
    .await;
}

#[tokio::test]
async fn the_peers_offer_of_what_we_are_about_to_offer_settles_it() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = peer(&scene, "acme").await;
        met(&scene, &acme, 7).await;
        let ours = open(&scene, &scene.ann, &id(7)).await.unwrap();
        let share = scene.live_share(&acme, &ours.id).await.unwrap();
        assert!(share.home && share.state == ShareState::Queued);
        // Until then the peer has no part in it.
        let early = scene.take_in(&acme, &ours.id, with_posts([incoming_post(1, 7)])).await;
        assert!(matches!(early, Err(apply::Error::NotShared)));
        let same = IncomingConversation { channel_id: ours.id, ..direct_with(&acme, 0, &scene.ann, 7) };
        let settled = take(&scene, &acme, same).await.unwrap();
        assert_eq!((settled.id, settled.state, settled.home), (share.id, ShareState::Active, false));
        assert!(!scene.live_share(&acme, &ours.id).await.unwrap().home);
        scene.take_in(&acme, &ours.id, with_posts([incoming_post(1, 7)])).await.unwrap();
        // An answer to our own offer that crossed theirs does not undo it.
        let refused = begun(&scene.app, &share.id, Begun::Refused { reason: "busy".to_owned() }).await.unwrap();
        assert_eq!(refused.unwrap().state, ShareState::Active);
        assert_eq!(channels::get(&mut scene.view().await, &ours.id).await.unwrap().unwrap().origin, None);
    })
    .await;
}

#[tokio::test]
async fn both_servers_come_to_the_same_id() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let (acme, globex) = (peer(&scene, "acme").await, peer(&scene, "globex").await);
        let theirs = met(&scene, &acme, 7).await;
        let mut view = scene.view().await;
        let ann = users::get(&mut view, &scene.ann.id).await.unwrap().unwrap();
        let guest = users::get(&mut view, &theirs).await.unwrap().unwrap();
        // There, Ann is the remote one.
        let seen = User { remote_id: Some(acme.id), ..ann.clone() };
        let own = User { remote_id: None, ..guest.clone() };
        let remote = |peer: &Peer| vec![peer.actor.remote().clone()];
        let kind = ChannelKind::Direct;
        let here = direct::channel_id(&mut view, kind, &[ann.clone(), guest.clone()], &remote(&acme)).await.unwrap();
        let there = direct::channel_id(&mut view, kind, &[own, seen], &remote(&acme)).await.unwrap();
        assert_eq!(here, there);
        let other = direct::channel_id(&mut view, kind, &[ann, guest], &remote(&globex)).await.unwrap();
        assert_ne!(here, other, "another connection's people are others");
    })
    .await;
}

#[tokio::test]
async fn who_cannot_be_reached_is_told_before_anything_is_written() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = peer(&scene, "acme").await;
        met(&scene, &acme, 7).await;
        let old = scene.peer_of("old", PeerProfile::Mattermost5).await;
        let theirs = take(&scene, &old, direct_with(&old, 78, &scene.bob, 20)).await.map(|_| id(20)).unwrap();
        let can =
            async |other: &UserId| direct_channels::can_message(&scene.app, &scene.ann.actor, other).await.unwrap();
        assert!(can(&id(7)).await && can(&scene.bob.id).await && can(&theirs).await);
        assert!(!can(&id(99)).await);
        let why = async |other: &UserId| match open(&scene, &scene.ann, other).await {
            Err(OpenError::Unreachable(why)) => why,
            other => panic!("it was not refused: {other:?}"),
        };
        scene.tick();
        let group = direct_channels::open_group(&scene.app, &scene.ann.actor, &[theirs, scene.bob.id]).await;
        assert!(matches!(group, Err(OpenError::Unreachable(Unreachable::NoGroups(_)))), "{group:?}");
        says(&scene, &acme, "share").await;
        assert!(!can(&id(7)).await);
        assert_eq!(why(&id(7)).await, Unreachable::Refused("acme".to_owned()));
        says(&scene, &acme, CAPABILITY).await;
        change_settings(&scene, |settings| settings.workspaces.direct_messages = false);
        assert!(!can(&id(7)).await && can(&scene.bob.id).await, "among ourselves it goes on");
        assert_eq!(why(&id(7)).await, Unreachable::Off);
        change_settings(&scene, |settings| settings.workspaces.direct_messages = true);
        scene.tick();
        connections::remove(&scene.app, &scene.admin.actor, &acme.id).await.unwrap();
        assert!(!can(&id(7)).await);
        assert_eq!(why(&id(7)).await, Unreachable::Ended("acme".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_refused_conversation_is_offered_again_a_day_later() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = scene.peer_of("acme", PeerProfile::Mattermost11).await;
        met(&scene, &acme, 7).await;
        let channel = open(&scene, &scene.ann, &id(7)).await.unwrap();
        let share = scene.live_share(&acme, &channel.id).await.unwrap();
        begun(&scene.app, &share.id, Begun::Refused { reason: "off".to_owned() }).await.unwrap();
        let write = async || {
            let new = crate::posts::NewPost { message: "hello?".to_owned(), ..Default::default() };
            scene.tick();
            crate::posts::create(&scene.app, &scene.ann.actor, &channel.id, new).await
        };
        let refused = write().await;
        let closed = Unreachable::Refused("acme".to_owned());
        assert!(
            matches!(&refused, Err(crate::posts::Error::Denied(Denied::Closed(why))) if *why == closed),
            "{refused:?}"
        );
        assert_eq!(open(&scene, &scene.ann, &id(7)).await.unwrap().id, channel.id, "it can still be read");
        assert!(scene.live_share(&acme, &channel.id).await.is_none());
        scene.app.clock.advance(24 * 3_600_000);
        write().await.unwrap();
        let again = scene.live_share(&acme, &channel.id).await.unwrap();
        assert!(again.id != share.id && again.state == ShareState::Queued);
    })
    .await;
}

#[tokio::test]
async fn people_of_an_ended_connection_are_waited_for() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = peer(&scene, "acme").await;
        take(&scene, &acme, direct_with(&acme, 70, &scene.ann, 7)).await.unwrap();
        scene.tick();
        connections::remove(&scene.app, &scene.admin.actor, &acme.id).await.unwrap();
        let again = peer(&scene, "acme").await;
        let offer = || direct_with(&again, 70, &scene.ann, 7);
        let early = take(&scene, &again, offer()).await;
        assert!(matches!(early, Err(InvitationRefused::NotYet)), "{early:?}");
        connections::rehome(&scene.app, &again.id).await.unwrap();
        let share = take(&scene, &again, offer()).await.unwrap();
        assert_eq!((share.remote_id, share.state), (again.id, ShareState::Active));
        scene.write(&scene.ann, &id(70), "there you are", None).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn our_opening_and_the_peers_at_the_same_moment_make_one() {
    both(async |db: Db| {
        let scene = scene(db).await;
        let acme = peer(&scene, "acme").await;
        for n in 30..34 {
            let theirs = met(&scene, &acme, n).await;
            let mut view = scene.view().await;
            let people = [users::get(&mut view, &scene.ann.id).await, users::get(&mut view, &theirs).await];
            let people = people.map(|found| found.unwrap().unwrap());
            let remote = [acme.actor.remote().clone()];
            let agreed = direct::channel_id(&mut view, ChannelKind::Direct, &people, &remote).await.unwrap();
            drop(view);
            let offer = IncomingConversation { channel_id: agreed, ..direct_with(&acme, 0, &scene.ann, n) };
            let (app, actor) = (scene.app.clone(), acme.actor.clone());
            let taken = tokio::spawn(async move {
                // A peer repeats what storage could not take.
                for _ in 0..10 {
                    match accept_conversation(&app, &actor, offer.clone()).await {
                        Err(InvitationRefused::Store(_)) => {}
                        other => return other.map(|_| ()),
                    }
                }
                panic!("it was never taken");
            });
            let opened = open(&scene, &scene.ann, &theirs).await.unwrap();
            taken.await.unwrap().unwrap();
            assert_eq!(opened.id, agreed);
            let share = scene.live_share(&acme, &agreed).await.unwrap();
            assert!(matches!(share.state, ShareState::Active | ShareState::Queued));
        }
    })
    .await;
}
