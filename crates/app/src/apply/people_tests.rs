//! What peers say of their people: presence, acknowledgements, priority, marks, pictures. Only of their own, only where
//! they take part.

use bytes::Bytes;
use futures_util::stream;
use rialto_model::{Acknowledgement, DomainEvent, Millis, Priority};
use rialto_store::testing::both;
use rialto_store::{Db, acknowledgements, priorities};

use super::{Code, IncomingAcknowledgement, IncomingItems, IncomingPost, IncomingStatus, IncomingUser};
use crate::outbox::What;
use crate::shares::Invitation;
use crate::sharing_scene::{Peer, Scene, id, incoming_post, incoming_user, with_posts, with_users};
use crate::users::pictures;
use crate::{acknowledgements as own_acknowledgements, statuses};

async fn shared(db: Db) -> (Scene, Peer) {
    let scene = Scene::new(db).await;
    let acme = scene.peer("acme").await;
    scene.share(&acme).await;
    scene.guest(&acme, 1).await;
    (scene, acme)
}

fn status(user: rialto_model::UserId, word: &str) -> IncomingStatus {
    IncomingStatus {
        user_id: user,
        status: word.to_owned(),
        manual: true,
        last_activity_at: Millis(i64::MAX / 2),
        dnd_end_time: 0,
    }
}

fn with_statuses(statuses: impl IntoIterator<Item = IncomingStatus>) -> IncomingItems {
    IncomingItems { statuses: statuses.into_iter().collect(), ..IncomingItems::default() }
}

fn ack(user: rialto_model::UserId, post: rialto_model::PostId, at: i64) -> IncomingAcknowledgement {
    IncomingAcknowledgement { user_id: user, post_id: post, acknowledged_at: Millis::non_zero(at), beside_post: false }
}

fn with_acks(list: impl IntoIterator<Item = IncomingAcknowledgement>) -> IncomingItems {
    IncomingItems { acknowledgements: list.into_iter().collect(), ..IncomingItems::default() }
}

/// The connection answers pings.
async fn is_online(scene: &Scene, peer: &Peer) {
    let contact = crate::connections::Contact { pinged: true, ..crate::connections::Contact::default() };
    crate::connections::note_contact(&scene.app, &peer.id, contact).await.unwrap();
}

async fn acks_of(scene: &Scene, post: rialto_model::PostId) -> Vec<Acknowledgement> {
    acknowledgements::list(&mut scene.view().await, &[post]).await.unwrap()
}

/// AT-19, E-107, E-108: presence of the peer's own people is kept; of everybody else's it is an error; nothing is known
/// of people whose server is offline, or where presence is not exchanged.
#[tokio::test]
async fn a_peer_tells_of_the_presence_of_its_own_people_only() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        scene.share(&globex).await;
        scene.guest(&globex, 2).await;
        is_online(&scene, &acme).await;
        let head = scene.head().await;
        let outcome = scene
            .take(
                &acme,
                with_statuses([
                    status(id(1), "dnd"),
                    status(scene.ann.id, "away"),
                    status(id(2), "away"),
                    status(id(99), "away"),
                ]),
            )
            .await;
        let refused: Vec<_> = outcome.refused_statuses.iter().map(|(user, _)| *user).collect();
        assert_eq!(refused, [scene.ann.id, id(2), id(99)]);
        let changed = DomainEvent::StatusChanged { user: id(1), status: "dnd".to_owned() };
        let events: Vec<_> = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event).collect();
        assert_eq!(events, [changed]);
        let word = async |user| statuses::get(&scene.app, &user).await.unwrap().status;
        assert_eq!(
            (word(id(1)).await, word(scene.ann.id).await, word(id(2)).await),
            ("dnd".into(), "offline".into(), "offline".into())
        );
        let known = statuses::get(&scene.app, &id(1)).await.unwrap();
        assert!(known.last_activity_at <= scene.app.clock.now(), "nobody was active in the future");

        let head = scene.head().await;
        let repeated = scene.take(&acme, with_statuses([status(id(1), "dnd")])).await;
        assert!(repeated.refused_statuses.is_empty() && scene.recorded_since(head).await.is_empty());

        let mut settings = (*scene.app.settings.get()).clone();
        settings.workspaces.disable_status_sync = true;
        scene.app.settings.set(settings.clone());
        assert_eq!(word(id(1)).await, "offline", "where it is not exchanged nothing is shown");
        settings.workspaces.disable_status_sync = false;
        scene.app.settings.set(settings);
        assert_eq!(word(id(1)).await, "dnd");
        scene.app.clock.advance(scene.app.settings.get().offline_after_ms());
        assert_eq!(word(id(1)).await, "offline", "of an offline server's people nothing is known");
        is_online(&scene, &acme).await;
        assert_eq!(word(id(1)).await, "dnd");
    })
    .await;
}

/// E-108: who knows a person is told of a change of their presence once, in one channel, and nobody else is.
#[tokio::test]
async fn presence_is_told_to_whoever_knows_the_person_and_in_one_channel() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        rialto_store::outbox::set_announced(&mut tx, &acme.id, &scene.channel, &scene.ann.id, Millis(1)).await.unwrap();
        tx.commit().await.unwrap();
        let head = scene.head().await;
        statuses::online(&scene.app, &scene.ann.id).await.unwrap();
        statuses::online(&scene.app, &scene.bob.id).await.unwrap();
        statuses::away(&scene.app, &scene.ann.id, true).await.unwrap();
        let told = scene.changes(&acme, head).await;
        let ann = (scene.channel, What::Status(scene.ann.id));
        assert_eq!(told, [ann.clone(), ann], "Bob is not known there");
        assert_eq!(scene.changes(&globex, head).await, []);
    })
    .await;
}

/// AT-24, E-148, ruling 64: own people's acknowledgements come and go, also from readers; nobody else's do.
#[tokio::test]
async fn a_peer_acknowledges_for_its_own_people_only() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share_as(&acme, Invitation { read_only: true, ..Invitation::default() }).await;
        scene.guest(&acme, 1).await;
        let post = scene.post(&scene.ann, "please read").await;
        let elsewhere = scene.new_channel("elsewhere").await;
        scene.join(&scene.ann, &elsewhere).await;
        let other = scene.write(&scene.ann, &elsewhere, "not here", None).await;
        own_acknowledgements::add(&scene.app, &scene.bob.actor, &post.id).await.unwrap();

        let bad = [ack(scene.ann.id, post.id, 5), ack(id(1), other.id, 5), ack(scene.bob.id, post.id, 0)];
        let outcome = scene.take(&acme, with_acks(bad)).await;
        let codes: Vec<_> = outcome.refused_acknowledgements.iter().map(|(_, code)| *code).collect();
        assert_eq!(codes, [Code::NotOwner, Code::NoPost, Code::NotOwner]);
        assert_eq!(acks_of(&scene, post.id).await.len(), 1, "Bob's stands");

        let head = scene.head().await;
        let outcome = scene.take(&acme, with_acks([ack(id(1), post.id, i64::MAX / 2)])).await;
        assert!(outcome.refused_acknowledgements.is_empty(), "readers may acknowledge");
        scene.take(&acme, with_acks([ack(id(1), post.id, 7)])).await;
        let all = acks_of(&scene, post.id).await;
        assert_eq!(all.len(), 2);
        let theirs = all.iter().find(|ack| ack.user_id == id(1)).unwrap();
        assert_eq!((theirs.remote_id, theirs.acknowledged_at <= Some(scene.app.clock.now())), (Some(acme.id), true));
        scene.take(&acme, with_acks([ack(id(1), post.id, 0)])).await;
        let events: Vec<_> = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event).collect();
        assert!(matches!(events[..], [DomainEvent::AcknowledgementAdded(_), DomainEvent::AcknowledgementRemoved(_)]));
        assert_eq!(acks_of(&scene, post.id).await.len(), 1);
    })
    .await;
}

/// Ruling 31, ruling 64: an acknowledgement waits for its post; a list beside a post counts for the sender's people and
/// takes nobody else's away.
#[tokio::test]
async fn acknowledgements_wait_for_their_post_and_lists_replace_nothing() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.take(&acme, with_acks([ack(id(1), id(10), 5)])).await;
        assert_eq!(acks_of(&scene, id(10)).await, []);
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(acks_of(&scene, id(10)).await.len(), 1);

        own_acknowledgements::add(&scene.app, &scene.bob.actor, &id(10)).await.unwrap();
        scene.guest(&acme, 3).await;
        let listed = |user| IncomingAcknowledgement { beside_post: true, ..ack(user, id(10), 6) };
        let outcome = scene.take(&acme, with_acks([listed(id(3)), listed(scene.ann.id), listed(id(98))])).await;
        assert!(outcome.refused_acknowledgements.is_empty(), "what a list says of others is no error, and nothing");
        let mut who: Vec<_> = acks_of(&scene, id(10)).await.into_iter().map(|ack| ack.user_id).collect();
        who.sort();
        let mut expected = vec![id(1), id(3), scene.bob.id];
        expected.sort();
        assert_eq!(who, expected);
    })
    .await;
}

/// AT-24: priority comes with a root post, follows its changes, and is nothing of a reply's.
#[tokio::test]
async fn priority_comes_with_roots_and_follows_its_owner() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let urgent = Priority { level: "urgent".to_owned(), requested_ack: true, persistent_notifications: true };
        let root = |at, priority| IncomingPost { update_at: Millis(at), priority, ..incoming_post(10, 1) };
        let of = async |post| priorities::list(&mut scene.view().await, &[post]).await.unwrap().pop().map(|one| one.1);
        scene.take(&acme, with_posts([root(10, Some(urgent.clone()))])).await;
        assert_eq!(of(id(10)).await, Some(urgent.clone()));
        let before = scene.row(&id(10)).await.unwrap();
        scene.take(&acme, with_posts([root(11, None)])).await;
        assert_eq!(of(id(10)).await, Some(urgent.clone()), "who does not say changes nothing");
        let calmer = Priority { level: "important".to_owned(), ..Priority::default() };
        scene.take(&acme, with_posts([root(12, Some(calmer.clone()))])).await;
        assert_eq!(of(id(10)).await, Some(calmer.clone()));
        assert!(scene.row(&id(10)).await.unwrap().update_at > before.update_at, "clients hear of it");
        scene.take(&acme, with_posts([root(11, Some(urgent.clone()))])).await;
        assert_eq!(of(id(10)).await, Some(calmer), "older says nothing");
        let reply = IncomingPost { root_id: Some(id(10)), priority: Some(urgent), ..incoming_post(11, 1) };
        scene.take(&acme, with_posts([reply])).await;
        assert_eq!(of(id(11)).await, None);
    })
    .await;
}

/// E-093, E-096, E-109, SC-103: marks, address and custom status of a person are those of their home, and give no right.
#[tokio::test]
async fn marks_follow_the_home_and_give_no_right() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let person = |at, change: &dyn Fn(&mut IncomingUser)| {
            let mut user = IncomingUser { update_at: Millis(at), ..incoming_user(&acme, 1) };
            change(&mut user);
            with_users([user])
        };
        let ann = scene.user(&scene.ann.id).await.unwrap();
        let all: &dyn Fn(&mut IncomingUser) = &|user| {
            user.is_guest = true;
            user.email = Some("ann@example.org".to_owned());
            user.custom_status = Some(r#"{"text":"at lunch"}"#.to_owned());
        };
        scene.take(&acme, person(3_000, all)).await;
        let guest = scene.user(&id(1)).await.unwrap();
        assert_eq!(guest.system_roles().collect::<Vec<_>>(), ["system_guest"]);
        assert_eq!(guest.props["RemoteEmail"], "ann@example.org");
        assert_ne!(guest.email, ann.email, "two people, however alike (E-109)");
        assert!(guest.props.contains_key("customStatus"));
        let gone: &dyn Fn(&mut IncomingUser) = &|user| {
            all(user);
            user.is_guest = false;
            user.delete_at = Some(Millis(5));
        };
        scene.take(&acme, person(4_000, gone)).await;
        let gone = scene.user(&id(1)).await.unwrap();
        assert_eq!(gone.system_roles().collect::<Vec<_>>(), ["system_user"]);
        assert!(gone.delete_at.is_some() && !gone.props.contains_key("customStatus"));
        scene.take(&acme, person(5_000, &|_| {})).await;
        let back = scene.user(&id(1)).await.unwrap();
        assert!(back.delete_at.is_none() && !back.props.contains_key("RemoteEmail"));
    })
    .await;
}

fn bytes_of(picture: Vec<u8>) -> impl futures_util::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::iter([Ok(Bytes::from(picture))])
}

/// AT-28, E-097, INV-9: a picture is taken for the peer's own people only; unknown, local and others' people are refused
/// alike, before a byte is read; the same picture again is no news.
#[tokio::test]
async fn pictures_are_taken_of_the_peers_own_people_only() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let globex = scene.peer("globex").await;
        scene.share(&globex).await;
        scene.guest(&globex, 2).await;
        let picture = crate::files::portraits::nobody().unwrap();
        let apply = async |peer: &Peer, user: rialto_model::UserId, bytes: Vec<u8>| {
            scene.tick();
            pictures::apply(&scene.app, &peer.actor, &user, bytes_of(bytes)).await
        };
        let before = scene.dump().await;
        for foreign in [scene.ann.id, id(2), id(99)] {
            let refused = apply(&acme, foreign, picture.clone()).await;
            assert!(matches!(refused, Err(pictures::Error::NotOwner)), "{foreign}");
        }
        assert!(matches!(apply(&acme, id(1), b"<html>".to_vec()).await, Err(pictures::Error::NoPicture)));
        assert_eq!(scene.dump().await, before);

        apply(&acme, id(1), picture.clone()).await.unwrap();
        let shown = scene.user(&id(1)).await.unwrap();
        assert!(shown.picture_at > Millis(0));
        let kept = pictures::open(&scene.app, &shown).await.unwrap().unwrap();
        assert_eq!(kept, picture, "made anew, and of the form we make");
        let before = scene.dump().await;
        apply(&acme, id(1), picture).await.unwrap();
        assert_eq!(scene.dump().await, before);
        assert!(pictures::due(&scene.app, &acme.id).await.unwrap().is_none(), "nothing returns to where it came from");
    })
    .await;
}
