//! What comes back after a restore: only what an honest peer can have of ours.

use rialto_model::{Millis, PostId};
use rialto_store::peer_positions;
use rialto_store::testing::both;
use rialto_store::{Db, recoveries};

use crate::apply::IncomingPost;
use crate::recovery::{self, Recovery, State};
use crate::sharing_scene::{Peer, Scene, id, incoming_post, with_posts};
use crate::{IdSource, Keys};

/// A row for the scene's channel, whose backup reached back one hour from now.
async fn asked(scene: &Scene, peer: &Peer) -> Recovery {
    let share = scene.live_share(peer, &scene.channel).await.unwrap();
    let now = scene.app.clock.now();
    let row = Recovery {
        share_id: share.id,
        channel_id: scene.channel,
        remote_id: peer.id,
        state: State::Running,
        window_from: Millis(now.0 - 3_600_000),
        window_to: now,
        place: (Millis(0), String::new()),
        found: 0,
        refused: 0,
        missing: 0,
        rounds: 0,
        next_at: Millis(0),
    };
    let mut tx = scene.app.db.begin(now).await.unwrap();
    recoveries::put(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    row
}

fn ours(scene: &Scene, n: u128, at: i64) -> IncomingPost {
    let at = Millis(scene.app.clock.now().0 + at);
    IncomingPost { user_id: scene.ann.id, create_at: at, update_at: at, ..incoming_post(n, 1) }
}

async fn after(scene: &Scene, row: &Recovery) -> Recovery {
    let rows = recovery::list(&scene.app, &row.remote_id).await.unwrap();
    rows.into_iter().find(|one| one.share_id == row.share_id).unwrap()
}

/// E-028, INV-2, INV-3: what a peer gives as ours is refused if it is somebody else's, another channel's, from another time,
/// or a word on what is here already; the rest comes back once.
#[tokio::test]
async fn only_what_an_honest_peer_can_have_of_ours_comes_back() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.guest(&acme, 1).await;
        let theirs = incoming_post(50, 1);
        scene.take(&acme, with_posts([theirs.clone()])).await;
        let elsewhere = scene.new_channel("elsewhere").await;
        scene.join(&scene.ann, &elsewhere).await;
        let private = scene.write(&scene.ann, &elsewhere, "not for them", None).await;
        let bobs = scene.post(&scene.bob, "bob's own").await;
        let kept = scene.post(&scene.ann, "as it is").await;
        scene.app.clock.advance(60_000);
        let row = asked(&scene, &acme).await;
        let system = IncomingPost { user_id: scene.app.system_user, ..ours(&scene, 11, -10) };
        let edit_of = |post: PostId, text: &str| IncomingPost {
            id: post,
            message: text.to_owned(),
            edit_at: Some(Millis(scene.app.clock.now().0 - 5)),
            ..ours(&scene, 1, -10)
        };
        let refused = [
            // Theirs, nobody's, the system's; not of that time; other people's; of another channel; theirs by id.
            IncomingPost { user_id: id(1), ..ours(&scene, 9, -10) },
            IncomingPost { user_id: id(99), ..ours(&scene, 10, -10) },
            system,
            IncomingPost { kind: "system_join_channel".to_owned(), ..ours(&scene, 12, -10) },
            ours(&scene, 13, -3_600_001),
            ours(&scene, 14, 1),
            edit_of(bobs.id, "put into bob's mouth"),
            edit_of(private.id, "put elsewhere"),
            IncomingPost { delete_at: Some(scene.app.clock.now()), ..edit_of(bobs.id, "") },
            IncomingPost { id: id(50), ..ours(&scene, 50, -10) },
            IncomingPost { edit_at: Some(Millis(scene.app.clock.now().0 + 1)), ..edit_of(kept.id, "later than that") },
            IncomingPost { root_id: Some(private.id), ..ours(&scene, 15, -10) },
        ];
        let before = scene.dump().await;
        for one in &refused {
            let row = after(&scene, &row).await;
            recovery::take(
                &scene.app,
                &row,
                std::slice::from_ref(one),
                0,
                Some((Millis(row.place.0.0 + 1), "a".to_owned())),
                true,
            )
            .await
            .unwrap();
        }
        assert_eq!(scene.dump().await, before);
        let left = after(&scene, &row).await;
        assert_eq!((left.found, left.refused, left.state), (0, 12, State::Running));

        // An honest page: twice the same is once; a reply comes with its thread.
        let lost = ours(&scene, 20, -20);
        let reply = IncomingPost { root_id: Some(id(20)), ..ours(&scene, 21, -10) };
        let edited = edit_of(kept.id, "as it became");
        recovery::take(&scene.app, &left, &[lost.clone(), lost, reply, edited], 0, None, false).await.unwrap();
        let done = after(&scene, &row).await;
        assert_eq!((done.found, done.refused, done.state), (3, 12, State::Done));
        let back = scene.row(&id(20)).await.unwrap();
        assert_eq!((back.remote_id, back.user_id, back.reply_count), (None, scene.ann.id, 1));
        assert_eq!(scene.row(&kept.id).await.unwrap().message, "as it became");
        // Nothing more is taken once it is done.
        let end = scene.dump().await;
        recovery::take(&scene.app, &row, &[ours(&scene, 30, -5)], 0, None, false).await.unwrap();
        assert_eq!(scene.dump().await, end);
    })
    .await;
}

/// E-028, E-070: replies of the peer's people to what was lost wait for it, or stand under a stub that it fills.
#[tokio::test]
async fn what_comes_back_takes_the_place_of_its_stub() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.guest(&acme, 1).await;
        let row = asked(&scene, &acme).await;
        let reply = IncomingPost { root_id: Some(id(20)), ..incoming_post(40, 1) };
        scene.take(&acme, with_posts([reply])).await;
        scene.app.clock.advance(61_000);
        crate::apply::release_stuck(&scene.app).await.unwrap();
        assert_eq!(scene.row(&id(20)).await.unwrap().remote_id, Some(acme.id));
        let lost = ours(&scene, 20, -62_000);
        recovery::take(&scene.app, &row, std::slice::from_ref(&lost), 0, None, false).await.unwrap();
        let back = scene.row(&id(20)).await.unwrap();
        assert_eq!((back.remote_id, back.user_id, back.message), (None, scene.ann.id, lost.message));
        assert_eq!(scene.row(&id(40)).await.unwrap().root_id, Some(id(20)));
    })
    .await;
}

/// E-027, E-029: a restore that is declared forgets what peers said of our log, and asks an administrator about our channels.
#[tokio::test]
async fn a_declared_restore_is_another_epoch() {
    both(async |db: Db| {
        let scene = Scene::new(db.clone()).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.copy(&acme, id(77), false).await;
        scene.head().await;
        let app = &scene.app;
        let declare = |key: u8| {
            let (db, clock) = (db.clone(), app.clock.clone());
            async move { recovery::declare(&db, &Keys::new([key; 32]), &clock, &IdSource::System).await }
        };
        assert!(declare(99).await.is_err());
        let mut tx = app.db.begin(app.clock.now()).await.unwrap();
        let held = peer_positions::Position {
            held_at: Some(Millis(1)),
            applied: Some(rialto_model::Seq(5)),
            ..Default::default()
        };
        peer_positions::put(&mut tx, &acme.id, &held).await.unwrap();
        tx.commit().await.unwrap();
        let mut view = scene.view().await;
        let epoch = rialto_store::installation::get(&mut view).await.unwrap().unwrap().epoch;
        drop(view);
        let said = recovery::declare(&db, &app.keys, &app.clock, &IdSource::System).await.unwrap().unwrap();
        assert_eq!((said.connections, said.fetched, said.asked), (1, 1, 1));
        let mut view = scene.view().await;
        assert_ne!(rialto_store::installation::get(&mut view).await.unwrap().unwrap().epoch, epoch);
        let left = peer_positions::get(&mut view, &acme.id).await.unwrap();
        assert_eq!((left.held_at, left.applied), (None, None));
        drop(view);
        assert_eq!(recovery::undecided(app, &acme.id).await.unwrap(), [scene.channel]);
        assert!(recovery::decide(app, &scene.ann.actor, &acme.id, true).await.is_err());
        assert_eq!(recovery::decide(app, &scene.admin.actor, &acme.id, false).await.unwrap(), 1);
        assert_eq!(recovery::decide(app, &scene.admin.actor, &acme.id, true).await.unwrap(), 0);
    })
    .await;
}
