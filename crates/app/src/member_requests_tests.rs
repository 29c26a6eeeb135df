//! Asking for people across servers, and telling who was removed.

use rialto_model::{ChannelKind, MemberWord, Millis, UserId};
use rialto_store::Db;
use rialto_store::member_requests::get;
use rialto_store::testing::both;

use crate::apply::{IncomingItems, IncomingMember};
use crate::connections::{self, Contact};
use crate::member_requests::{Incoming, list};
use crate::outbox::{ITEMS, What};
use crate::sharing_scene::{Peer, Scene, id};
use crate::{Volatile, channel_members};

async fn rialto(scene: &Scene, name: &'static str) -> Peer {
    let mut peer = scene.peer(name).await;
    let contact = Contact { pinged: true, caps: Some(ITEMS.to_owned()), ..Contact::default() };
    connections::note_contact(&scene.app, &peer.id, contact).await.unwrap();
    peer.actor = connections::authenticate(&scene.app, peer.id.as_str(), &peer.token).await.unwrap().unwrap();
    scene.share(&peer).await;
    peer
}

fn says(words: impl IntoIterator<Item = Incoming>) -> IncomingItems {
    IncomingItems { member_words: words.into_iter().collect(), ..IncomingItems::default() }
}

fn moves(user: UserId, joins: bool) -> IncomingItems {
    let members = vec![IncomingMember { user_id: user, joins, at: Millis(0) }];
    IncomingItems { members, ..IncomingItems::default() }
}

/// Behaviour 4.5, ruling 50: a person of another Rialto is asked for; they belong once their server says so.
#[tokio::test]
async fn people_of_another_rialto_are_asked_for() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = rialto(&scene, "acme").await;
        let guest = scene.guest(&acme, 1).await;
        scene.take(&acme, moves(guest, false)).await;
        let start = scene.head().await;
        let asked = async || channel_members::add(&scene.app, &scene.admin.actor, &scene.channel, &[guest]).await.unwrap();
        assert_eq!(asked().await, []);
        assert!(!scene.is_member(&scene.channel, &guest).await);
        let told = scene.changes(&acme, start).await;
        assert!(
            matches!(&told[..], [(_, What::MemberWord(user, MemberWord::Asked { by, .. }))] if *user == guest && *by == scene.admin.id),
            "{told:?}"
        );
        let state = async || {
            let all = list(&scene.app, &scene.bob.actor, &scene.channel).await.unwrap();
            all.into_iter().map(|one| (one.user_id, one.state)).collect::<Vec<_>>()
        };
        assert_eq!(state().await, [(guest, "asked".to_owned())]);
        let mut news = scene.app.bus.volatile();
        let answer = |state: &str| says([Incoming::Answered { user: guest, state: state.to_owned() }]);
        scene.take(&acme, answer("pending")).await;
        assert_eq!(state().await, [(guest, "pending".to_owned())]);
        assert!(matches!(news.try_recv(), Ok(Volatile::Ephemeral { user, .. }) if user == scene.admin.id));
        // Words nobody agreed on, and about nobody who was asked for, mean nothing.
        scene.take(&acme, answer("perhaps")).await;
        scene.take(&acme, says([Incoming::Answered { user: scene.bob.id, state: "refused".to_owned() }])).await;
        assert_eq!(state().await, [(guest, "pending".to_owned())]);
        scene.take(&acme, moves(guest, true)).await;
        assert!(scene.is_member(&scene.channel, &guest).await);
        assert_eq!(state().await, []);
        scene.take(&acme, moves(guest, false)).await;
        asked().await;
        scene.take(&acme, answer("refused")).await;
        assert_eq!(state().await, []);
    })
    .await;
}

/// Behaviour 4.5: who could join by themselves is added at once; for everybody else those who may add are asked, once.
#[tokio::test]
async fn a_wish_is_answered() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, beta) = (rialto(&scene, "acme").await, rialto(&scene, "beta").await);
        let (guest, other) = (scene.guest(&acme, 1).await, scene.guest(&beta, 2).await);
        let olga = scene.person("olga").await;
        let eve = scene.stranger("eve", "system_user").await;
        let start = scene.head().await;
        let asks = |user, by| says([Incoming::Asked { user, by }]);
        scene.take(&acme, asks(olga.id, guest)).await;
        assert!(scene.is_member(&scene.channel, &olga.id).await);
        scene.take(&acme, asks(eve.id, guest)).await;
        scene.take(&acme, asks(eve.id, guest)).await;
        assert!(!scene.is_member(&scene.channel, &eve.id).await);
        let waits = get(&mut scene.view().await, &scene.channel, &eve.id).await.unwrap().unwrap();
        assert_eq!((waits.requested_by, waits.state.as_str()), (guest, "received"));
        // In the name of nobody but its own people, and about nobody but ours.
        let before = scene.dump().await;
        for word in [(scene.admin.id, scene.bob.id), (scene.admin.id, other), (other, guest), (id(404), guest)] {
            scene.take(&acme, asks(word.0, word.1)).await;
        }
        assert_eq!(scene.dump().await, before);
        let answers: Vec<String> = scene
            .changes(&acme, start)
            .await
            .into_iter()
            .filter_map(|(_, what)| match what {
                What::MemberWord(_, MemberWord::Answered { state }) => Some(state),
                _ => None,
            })
            .collect();
        assert_eq!(answers, ["added", "pending", "pending"]);
        assert_eq!(scene.channel_row(&scene.channel).await.kind, ChannelKind::Public);
    })
    .await;
}

/// Behaviour 4.4.5, E-101: a person's server is told that they were removed here, and that they are welcome again; the
/// person hears of it, once a word.
#[tokio::test]
async fn who_is_removed_is_told_by_their_server() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = rialto(&scene, "acme").await;
        let guest = scene.guest(&acme, 1).await;
        let start = scene.head().await;
        channel_members::remove(&scene.app, &scene.admin.actor, &scene.channel, &guest).await.unwrap();
        scene.tick();
        channel_members::add(&scene.app, &scene.admin.actor, &scene.channel, &[guest]).await.unwrap();
        assert!(scene.is_member(&scene.channel, &guest).await);
        let told: Vec<bool> = scene
            .changes(&acme, start)
            .await
            .into_iter()
            .filter_map(|(_, what)| match what {
                What::MemberWord(user, MemberWord::Blocked { blocked, .. }) if user == guest => Some(blocked),
                _ => None,
            })
            .collect();
        assert_eq!(told, [true, false]);

        let mut news = scene.app.bus.volatile();
        let word = |user, blocked, at| says([Incoming::Blocked { user, blocked, at: Millis(at) }]);
        for (blocked, at, heard) in [(true, 5, true), (true, 5, false), (false, 4, false), (false, 6, true)] {
            scene.take(&acme, word(scene.bob.id, blocked, at)).await;
            let told = matches!(news.try_recv(), Ok(Volatile::Ephemeral { user, .. }) if user == scene.bob.id);
            assert_eq!(told, heard, "{blocked} at {at}");
        }
        scene.take(&acme, word(guest, true, 9)).await;
        assert!(news.try_recv().is_err(), "their own people are nobody's news here");
    })
    .await;
}

/// E-122, ruling 8.4: a peer's wishes to have people of ours are looked at only so often in a day; the rest are refused.
#[tokio::test]
async fn wishes_of_a_peer_are_bounded_by_days() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = rialto(&scene, "acme").await;
        scene.guest(&acme, 1).await;
        let carl = scene.person("carl").await;
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        for _ in 1..crate::connections::quotas::REQUESTS_PER_DAY {
            assert!(crate::connections::quotas::count_request(&mut tx, &acme.id).await.unwrap());
        }
        tx.commit().await.unwrap();
        let wish = |user| says([Incoming::Asked { user, by: id(1) }]);
        scene.take(&acme, wish(scene.person("dora").await.id)).await;
        let start = scene.head().await;
        scene.take(&acme, wish(carl.id)).await;
        let told = scene.changes(&acme, start).await;
        let refused = |what: &What| matches!(what, What::MemberWord(user, MemberWord::Answered { state }) if *user == carl.id && state == "refused");
        assert!(told.iter().any(|(_, what)| refused(what)), "{told:?}");
        assert!(!scene.is_member(&scene.channel, &carl.id).await);
        scene.app.clock.advance(24 * 3_600_000);
        scene.take(&acme, wish(carl.id)).await;
        assert!(scene.is_member(&scene.channel, &carl.id).await);
    })
    .await;
}
