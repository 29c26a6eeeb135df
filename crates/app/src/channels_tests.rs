//! Channels and who belongs to them, on both databases.

use rialto_model::{ChannelId, ChannelKind, DomainEvent};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::apply::{IncomingItems, IncomingMember};
use crate::channels::{self, ChannelPatch, Error, NewChannel};
use crate::sharing_scene::{Person, Scene, id};
use crate::{Denied, channel_members};

fn named(scene: &Scene, name: &str, kind: ChannelKind) -> NewChannel {
    NewChannel {
        team: scene.team,
        kind,
        name: name.to_owned(),
        display_name: format!("The {name}"),
        header: "h".to_owned(),
        purpose: "p".to_owned(),
    }
}

async fn make(scene: &Scene, who: &Person, name: &str, kind: ChannelKind) -> Result<ChannelId, Error> {
    scene.tick();
    channels::create(&scene.app, &who.actor, named(scene, name, kind)).await.map(|channel| channel.id)
}

#[tokio::test]
async fn whoever_makes_a_channel_administers_it() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let made = make(&scene, &scene.ann, "ideas", ChannelKind::Private).await.unwrap();
        let member = channel_members::get(&scene.app, &scene.ann.actor, &made, &scene.ann.id).await.unwrap();
        assert!(member.scheme_admin && member.scheme_user);
        let taken = make(&scene, &scene.bob, "ideas", ChannelKind::Public).await.unwrap_err();
        assert!(matches!(taken, Error::NameTaken), "{taken}");
        for name in ["", "UPPER", "-x"] {
            assert!(matches!(make(&scene, &scene.ann, name, ChannelKind::Public).await.unwrap_err(), Error::Name(_)));
        }
        assert!(matches!(make(&scene, &scene.ann, "d", ChannelKind::Direct).await.unwrap_err(), Error::DirectOrGroup));
        let hidden = channels::get(&scene.app, &scene.bob.actor, &made).await.unwrap_err();
        assert!(matches!(hidden, Error::Denied(Denied::Forbidden(_))));
        assert_eq!(channels::get(&scene.app, &scene.admin.actor, &made).await.unwrap().id, made);
    })
    .await;
}

#[tokio::test]
async fn changes_are_told_in_the_channel_and_recorded_once() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let head = scene.head().await;
        scene.tick();
        let patch = ChannelPatch {
            display_name: Some("Plans!".to_owned()),
            header: Some("new header".to_owned()),
            ..ChannelPatch::default()
        };
        let changed = channels::patch(&scene.app, &scene.ann.actor, &scene.channel, patch.clone()).await.unwrap();
        assert_eq!((changed.display_name.as_str(), changed.header.as_str()), ("Plans!", "new header"));
        let events: Vec<_> = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event).collect();
        assert!(matches!(
            events[..],
            [DomainEvent::ChannelUpdated { .. }, DomainEvent::PostCreated { .. }, DomainEvent::PostCreated { .. }]
        ));
        let head = scene.head().await;
        channels::patch(&scene.app, &scene.ann.actor, &scene.channel, patch).await.unwrap();
        assert_eq!(scene.recorded_since(head).await, []);
        let long = ChannelPatch { purpose: Some("x".repeat(251)), ..ChannelPatch::default() };
        let error = channels::patch(&scene.app, &scene.ann.actor, &scene.channel, long).await.unwrap_err();
        assert!(matches!(error, Error::Length { field: "purpose", .. }));
        let total = scene.channel_row(&scene.channel).await.total_msg_count;
        assert_eq!(total, 0, "what the server says is no unread message");
    })
    .await;
}

#[tokio::test]
async fn an_archived_channel_stands_still_until_it_is_restored() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        scene.tick();
        channels::archive(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap();
        let again = channels::archive(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap_err();
        assert!(matches!(again, Error::Archived));
        let olga = scene.person("olga").await;
        let error = channel_members::add(&scene.app, &olga.actor, &scene.channel, &[olga.id]).await.unwrap_err();
        assert!(matches!(error, channel_members::Error::Archived), "{error}");
        let denied = channels::restore(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap_err();
        assert!(matches!(denied, Error::Denied(Denied::Forbidden(_))));
        scene.tick();
        let back = channels::restore(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        assert!(!back.is_archived());
        scene.post(&scene.ann, "here again").await;
    })
    .await;
}

/// M-14.
#[tokio::test]
async fn people_join_public_channels_and_are_added_to_private_ones() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let olga = scene.person("olga").await;
        let private = make(&scene, &scene.ann, "private", ChannelKind::Private).await.unwrap();
        let add = async |who: &Person, channel: &ChannelId, whom: &[&Person]| {
            scene.tick();
            let ids: Vec<_> = whom.iter().map(|person| person.id).collect();
            channel_members::add(&scene.app, &who.actor, channel, &ids).await.map(|members| members.len())
        };
        assert_eq!(add(&olga, &scene.channel, &[&olga]).await.unwrap(), 1);
        let head = scene.head().await;
        assert_eq!(add(&olga, &scene.channel, &[&olga]).await.unwrap(), 1, "already there: answered again");
        assert_eq!(scene.recorded_since(head).await, []);
        let error = add(&olga, &private, &[&olga]).await.unwrap_err();
        assert!(matches!(error, channel_members::Error::Denied(Denied::Forbidden(_))), "{error}");
        assert_eq!(add(&scene.ann, &private, &[&scene.bob, &olga]).await.unwrap(), 2);
        assert!(scene.is_member(&private, &olga.id).await);
        let error = channel_members::add(&scene.app, &scene.ann.actor, &private, &[id(77)]).await.unwrap_err();
        assert!(matches!(error, channel_members::Error::NoUser), "{error}");

        scene.tick();
        channel_members::remove(&scene.app, &scene.ann.actor, &private, &olga.id).await.unwrap();
        assert!(!scene.is_member(&private, &olga.id).await);
        let error = channel_members::remove(&scene.app, &scene.ann.actor, &private, &olga.id).await.unwrap_err();
        assert!(matches!(error, channel_members::Error::Denied(Denied::Absent("member"))), "{error}");
    })
    .await;
}

/// E-098.
#[tokio::test]
async fn people_of_other_servers_are_not_added_from_here_and_never_administrate() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let guest = scene.guest(&acme, 1).await;
        let other = scene.new_channel("other").await;
        let error = channel_members::add(&scene.app, &scene.admin.actor, &other, &[guest]).await.unwrap_err();
        assert!(matches!(error, channel_members::Error::NotShared { organisation } if organisation == "acme"));
        let left = IncomingMember { user_id: guest, joins: false, at: rialto_model::Millis(0) };
        scene.take(&acme, IncomingItems { members: vec![left], ..IncomingItems::default() }).await;
        let error = channel_members::add(&scene.app, &scene.admin.actor, &scene.channel, &[guest]).await.unwrap_err();
        assert!(matches!(error, channel_members::Error::AskOrganisation { organisation } if organisation == "acme"));
        scene.guest(&acme, 1).await;
        let admin = &scene.admin.actor;
        let error = channel_members::set_roles(&scene.app, admin, &scene.channel, &guest, true).await.unwrap_err();
        assert!(matches!(error, channel_members::Error::Denied(Denied::Forbidden(_))), "{error}");
        channel_members::set_roles(&scene.app, admin, &scene.channel, &scene.bob.id, true).await.unwrap();
        let bob = channel_members::get(&scene.app, admin, &scene.channel, &scene.bob.id).await.unwrap();
        assert!(bob.scheme_admin);
    })
    .await;
}

#[tokio::test]
async fn joining_reads_what_was_and_viewing_reads_what_is() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        scene.post(&scene.ann, "early").await;
        let olga = scene.person("olga").await;
        scene.join(&olga, &scene.channel).await;
        let unread = async |who: &Person| {
            let member = channel_members::get(&scene.app, &who.actor, &scene.channel, &who.id).await.unwrap();
            scene.channel_row(&scene.channel).await.total_msg_count - member.msg_count
        };
        assert_eq!((unread(&olga).await, unread(&scene.bob).await), (0, 1));
        scene.post(&scene.ann, "late").await;
        assert_eq!((unread(&olga).await, unread(&scene.bob).await), (1, 2));
        let viewed = channel_members::view(
            &scene.app,
            &scene.bob.actor,
            &[scene.channel, id(77)],
            crate::channel_members::Seen::Messages,
        )
        .await
        .unwrap();
        assert_eq!(viewed.len(), 1);
        assert_eq!((unread(&olga).await, unread(&scene.bob).await), (1, 0));
    })
    .await;
}
