//! Who is spared a conversation: people a guest may not see, people who muted, people an administrator here shut out.

use std::collections::BTreeMap;

use rialto_model::{ChannelKind, UserId};
use rialto_store::Db;
use rialto_store::testing::both;

use super::{IncomingConversation, accept_conversation};
use crate::apply::Code;
use crate::direct_channels::{self, Error};
use crate::sharing_scene::{Peer, Person, Scene, id, incoming_post, incoming_user, with_posts};
use crate::{channel_members, connections, users};

async fn scene(db: Db) -> (Scene, Peer) {
    let scene = Scene::new(db).await;
    let mut settings = (*scene.app.settings.get()).clone();
    settings.workspaces.enable_shared_channels = true;
    scene.app.settings.set(settings);
    let acme = scene.peer("acme").await;
    scene.tick();
    let contact = connections::Contact {
        pinged: true,
        caps: Some(super::direct::CAPABILITY.to_owned()),
        ..connections::Contact::default()
    };
    connections::note_contact(&scene.app, &acme.id, contact).await.unwrap();
    scene.share(&acme).await;
    scene.guest(&acme, 7).await;
    (scene, acme)
}

async fn opened(scene: &Scene, acme: &Peer, ours: &Person) {
    let conversation = IncomingConversation {
        channel_id: id(70),
        kind: ChannelKind::Direct,
        creator: None,
        people: vec![id(7), ours.id],
        described: vec![incoming_user(acme, 7)],
    };
    scene.tick();
    accept_conversation(&scene.app, &acme.actor, conversation).await.unwrap();
}

/// E-117, behaviour 4.7.6: a guest writes to people they share a channel with; of others they do not even learn whether
/// they exist.
#[tokio::test]
async fn a_guest_writes_to_people_they_see() {
    both(async |db: Db| {
        let (scene, _) = scene(db).await;
        let guest = scene.person_as("guest", "system_guest").await;
        let refused = async |other: UserId| {
            scene.tick();
            let error = direct_channels::open(&scene.app, &guest.actor, &guest.id, &other).await.unwrap_err();
            assert!(!direct_channels::can_message(&scene.app, &guest.actor, &other).await.unwrap());
            format!("{error:?}")
        };
        let unknown = refused(id(99)).await;
        assert_eq!(refused(id(7)).await, unknown, "a person of another server");
        assert_eq!(refused(scene.bob.id).await, unknown, "a person of ours");
        scene.tick();
        channel_members::add(&scene.app, &scene.admin.actor, &scene.channel, &[guest.id]).await.unwrap();
        scene.tick();
        direct_channels::open(&scene.app, &guest.actor, &guest.id, &id(7)).await.unwrap();
        scene.tick();
        let member = direct_channels::open(&scene.app, &scene.ann.actor, &scene.ann.id, &id(99)).await.unwrap_err();
        assert!(matches!(member, Error::NoUser), "{member:?}");
    })
    .await;
}

/// E-118: who has muted a conversation gets what is written in it and is not called; somebody an administrator here has
/// shut out is refused by name, until that is lifted.
#[tokio::test]
async fn muted_people_are_not_called_and_shut_out_people_are_refused() {
    both(async |db: Db| {
        let (scene, acme) = scene(db).await;
        opened(&scene, &acme, &scene.ann).await;
        let (actor, ann) = (&scene.ann.actor, &scene.ann.id);
        let mute = BTreeMap::from([("mark_unread".to_owned(), "mention".to_owned())]);
        scene.tick();
        channel_members::set_notify_props(&scene.app, actor, &id(70), mute).await.unwrap();
        let said = scene.take_in(&acme, &id(70), with_posts([incoming_post(1, 7)])).await.unwrap();
        assert_eq!(said.refused_posts, []);
        assert!(scene.row(&id(1)).await.is_some());
        let member = channel_members::get(&scene.app, actor, &id(70), ann).await.unwrap();
        assert_eq!(member.mention_count, 0);
        scene.tick();
        users::set_active(&scene.app, &scene.admin.actor, &id(7), false).await.unwrap();
        for (channel, post) in [(id(70), 2), (scene.channel, 3)] {
            let said = scene.take_in(&acme, &channel, with_posts([incoming_post(post, 7)])).await.unwrap();
            assert_eq!(said.refused_posts, [(id(post), Code::BlockedMember)]);
            assert!(scene.row(&id(post)).await.is_none());
        }
        assert!(!direct_channels::can_message(&scene.app, actor, &id(7)).await.unwrap());
        scene.tick();
        users::set_active(&scene.app, &scene.admin.actor, &id(7), true).await.unwrap();
        let said = scene.take_in(&acme, &id(70), with_posts([incoming_post(4, 7)])).await.unwrap();
        assert_eq!(said.refused_posts, []);
        assert!(scene.row(&id(4)).await.is_some());
    })
    .await;
}
