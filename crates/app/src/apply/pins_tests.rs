//! Pins between servers: the last word stands, whoever's post it is; only people of the peer's own speak.

use rialto_model::{Channel, DomainEvent, Millis, PeerProfile, PostId, UserId};
use rialto_store::testing::both;
use rialto_store::{Db, pins};

use super::{Code, IncomingItems, IncomingPin, IncomingPost};
use crate::connections::{self, Contact};
use crate::outbox::{self, ITEMS, Wanted, What};
use crate::posts;
use crate::shares::Invitation;
use crate::sharing_scene::{Peer, Scene, id, incoming_post, incoming_user, with_posts, with_users};

fn pin(user: UserId, post: PostId, pinned: bool, at: i64) -> IncomingPin {
    IncomingPin { user_id: user, post_id: post, pinned, at: Millis(at) }
}

fn with_pins(pins: impl IntoIterator<Item = IncomingPin>) -> IncomingItems {
    IncomingItems { pins: pins.into_iter().collect(), ..IncomingItems::default() }
}

/// A peer that reads what goes beyond Mattermost's items, in the scene's channel.
async fn rialto(scene: &Scene, name: &'static str, guest: u128) -> Peer {
    let mut peer = scene.peer(name).await;
    let contact = Contact { pinged: true, caps: Some(ITEMS.to_owned()), ..Contact::default() };
    connections::note_contact(&scene.app, &peer.id, contact).await.unwrap();
    peer.actor = connections::authenticate(&scene.app, peer.id.as_str(), &peer.token).await.unwrap().unwrap();
    scene.share(&peer).await;
    scene.guest(&peer, guest).await;
    peer
}

async fn is_pinned(scene: &Scene, post: &PostId) -> bool {
    scene.row(post).await.unwrap().is_pinned
}

/// E-151: of all words on a pin the last one stands, in whatever order they come; ours is always later than what we know.
#[tokio::test]
async fn the_last_word_on_a_pin_stands() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = rialto(&scene, "acme", 1).await;
        let said = scene.post(&scene.ann, "hello").await;
        let far = scene.tick().0 + 1_000_000;
        for (word, at, after) in
            [(true, far, true), (false, far - 1, true), (false, far, true), (true, far, true), (false, far + 1, false)]
        {
            let outcome = scene.take(&acme, with_pins([pin(id(1), said.id, word, at)])).await;
            assert_eq!(outcome.refused_pins, []);
            assert_eq!(is_pinned(&scene, &said.id).await, after, "{word} at {at}");
        }
        posts::set_pinned(&scene.app, &scene.bob.actor, &said.id, true).await.unwrap();
        let word = pins::get(&mut scene.view().await, &said.id).await.unwrap().unwrap();
        assert_eq!((word.user_id, word.pinned, word.at), (scene.bob.id, true, Millis(far + 2)));
    })
    .await;
}

/// E-151, ruling 58: other Rialtos are told the word itself, a Mattermost the message if it is ours; nobody hears back what
/// they said.
#[tokio::test]
async fn pins_are_told_to_whoever_can_read_them() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, beta) = (rialto(&scene, "acme", 1).await, rialto(&scene, "beta", 2).await);
        let old = scene.peer_of("old", PeerProfile::Mattermost11).await;
        scene.share(&old).await;
        let ours = scene.post(&scene.ann, "ours").await;
        scene.take(&acme, with_posts([incoming_post(7, 1)])).await;
        let start = scene.head().await;
        scene.take(&acme, with_pins([pin(id(1), ours.id, true, 5), pin(id(1), id(7), true, 5)])).await;
        let events = scene.recorded_since(start).await;
        assert!(events.iter().all(|one| matches!(one.event, DomainEvent::PinChanged { .. })), "{events:?}");
        let told =
            async |peer: &Peer| scene.changes(peer, start).await.into_iter().map(|(_, what)| what).collect::<Vec<_>>();
        assert_eq!(told(&acme).await, []);
        assert_eq!(told(&beta).await, [What::Pin(ours.id), What::Pin(id(7))]);
        assert_eq!(told(&old).await, [What::Post(ours.id), What::Post(id(7))]);
        let wanted = Wanted { pins: vec![ours.id], ..Wanted::default() };
        let loaded = outbox::load(&scene.app, &beta.id, &scene.channel, &wanted).await.unwrap().unwrap();
        assert_eq!(loaded.pins.iter().map(|pin| (pin.user_id, pin.at)).collect::<Vec<_>>(), [(id(1), Millis(5))]);
        assert!(loaded.unknown.iter().any(|person| person.id == id(1)), "whoever pinned is described");
        // A pin set here on their message stays when they change it: the mark on the message is no word.
        let edited =
            IncomingPost { message: "again".to_owned(), update_at: Millis(i64::MAX / 4), ..incoming_post(7, 1) };
        scene.take(&acme, with_posts([edited])).await;
        assert_eq!(scene.row(&id(7)).await.unwrap().message, "again");
        assert!(is_pinned(&scene, &id(7)).await);
    })
    .await;
}

/// INV-1 to INV-4, E-151, SC-068: a peer pins in the name of its own people only, in a channel it may write in, what
/// stands there; the code says what was wrong.
#[tokio::test]
async fn pins_that_are_not_the_peers_to_set_are_refused() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, _beta) = (rialto(&scene, "acme", 1).await, rialto(&scene, "beta", 2).await);
        let said = scene.post(&scene.ann, "hello").await;
        let other = scene.new_channel("other").await;
        let elsewhere = scene.write(&scene.admin, &other, "elsewhere", None).await;
        let before = scene.dump().await;
        for (word, code) in [
            (pin(scene.bob.id, said.id, true, 5), Code::NotOwner),
            (pin(id(2), said.id, true, 5), Code::NotOwner),
            (pin(id(1), elsewhere.id, true, 5), Code::NoPost),
        ] {
            let outcome = scene.take(&acme, with_pins([word.clone()])).await;
            assert_eq!(outcome.refused_pins, [(word, code)]);
        }
        assert_eq!(scene.dump().await, before);
        // Removed from the channel here: what they do elsewhere does not show here (E-101).
        crate::channel_members::remove(&scene.app, &scene.admin.actor, &scene.channel, &id(1)).await.unwrap();
        let word = pin(id(1), said.id, true, 5);
        assert_eq!(scene.take(&acme, with_pins([word.clone()])).await.refused_pins, [(word, Code::BlockedMember)]);
        assert!(!is_pinned(&scene, &said.id).await);
    })
    .await;
}

/// SC-068: readers of a read-only share pin nothing.
#[tokio::test]
async fn readers_pin_nothing() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share_as(&acme, Invitation { read_only: true, ..Invitation::default() }).await;
        scene.guest(&acme, 1).await;
        let said = scene.post(&scene.ann, "hello").await;
        let word = pin(id(1), said.id, true, 5);
        assert_eq!(scene.take(&acme, with_pins([word.clone()])).await.refused_pins, [(word, Code::ReadOnly)]);
        let copy: Channel = scene.copy(&acme, id(900), true).await;
        scene.take_in(&acme, &copy.id, with_posts([incoming_post(8, 1)])).await.unwrap();
        let refused = posts::set_pinned(&scene.app, &scene.ann.actor, &id(8), true).await.unwrap_err();
        assert!(matches!(refused, posts::Error::Denied(crate::Denied::ReadOnlyShare)), "{refused}");
    })
    .await;
}

/// Ruling 31: a pin that comes before its message or its author waits for them.
#[tokio::test]
async fn an_early_pin_waits() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = rialto(&scene, "acme", 1).await;
        let outcome = scene.take(&acme, with_pins([pin(id(9), id(7), true, 5)])).await;
        assert_eq!(outcome.refused_pins, []);
        scene.take(&acme, with_posts([incoming_post(7, 1)])).await;
        assert!(!is_pinned(&scene, &id(7)).await);
        scene.take(&acme, with_users([incoming_user(&acme, 9)])).await;
        assert!(is_pinned(&scene, &id(7)).await);
    })
    .await;
}
