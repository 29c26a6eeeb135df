//! What each side of a share decides for itself, and what of that the other side hears.

use rialto_model::{ChannelId, ChannelKind, Millis, Share, ShareState, Team, TeamId};
use rialto_store::testing::both;
use rialto_store::{Db, teams};

use super::{InvitationRefused, accept};
use crate::channels::{self, ChannelPatch};
use crate::outbox::What;
use crate::sharing_scene::{Peer, Scene, id, incoming_post, offer, with_posts};
use crate::{channel_members, connections, shares};

/// Header, purpose, names and type of a channel.
async fn looks(scene: &Scene, channel: &ChannelId) -> (String, String, String, String, ChannelKind) {
    let row = scene.channel_row(channel).await;
    (row.name, row.display_name, row.header, row.purpose, row.kind)
}

async fn redecorate(scene: &Scene, channel: &ChannelId) {
    scene.tick();
    let patch = ChannelPatch {
        name: Some(format!("new-{}", scene.channel_row(channel).await.name)),
        display_name: Some("Renamed".to_owned()),
        header: Some("Another header".to_owned()),
        purpose: Some("Another purpose".to_owned()),
    };
    channels::patch(&scene.app, &scene.admin.actor, channel, patch).await.unwrap();
    scene.tick();
    channels::set_privacy(&scene.app, &scene.admin.actor, channel, ChannelKind::Private).await.unwrap();
}

/// SC-017, E-058, E-059, behaviour 4.4.10: name, texts, privacy and roles of a channel are each side's own, at home and
/// on a copy; the other side hears of who joins and leaves, and of nothing else.
#[tokio::test]
async fn each_side_governs_its_own_channel() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let home = scene.peer("home").await;
        let copy = scene.copy(&home, id(50), false).await.id;
        for (peer, channel) in [(&acme, scene.channel), (&home, copy)] {
            let head = scene.head().await;
            redecorate(&scene, &channel).await;
            scene.tick();
            channel_members::set_roles(&scene.app, &scene.admin.actor, &channel, &scene.ann.id, true).await.unwrap();
            assert_eq!(scene.changes(peer, head).await, []);
            // Moving people is told, and touches nobody of theirs.
            let guest = scene.guest_in(peer, &channel, if channel == copy { 2 } else { 1 }).await;
            let head = scene.head().await;
            channel_members::remove(&scene.app, &scene.admin.actor, &channel, &scene.ann.id).await.unwrap();
            assert_eq!(scene.changes(peer, head).await, [(channel, What::Member(scene.ann.id))]);
            assert!(scene.is_member(&channel, &guest).await);
        }
    })
    .await;
}

/// E-058: whatever the home says of its channel's type later, a private copy does not become public by it, nor a public
/// one private.
#[tokio::test]
async fn a_copy_keeps_its_type() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let home = scene.peer("home").await;
        for (n, ours, theirs) in
            [(50, ChannelKind::Private, ChannelKind::Public), (51, ChannelKind::Public, ChannelKind::Private)]
        {
            let invitation =
                super::IncomingInvitation { kind: ours, name: format!("theirs-{n}"), ..offer(id(n), false) };
            accept(&scene.app, &home.actor, invitation.clone()).await.unwrap();
            let before = looks(&scene, &id(n)).await;
            assert_eq!(before.4, ours);
            scene.tick();
            let again = super::IncomingInvitation {
                kind: theirs,
                name: "other".to_owned(),
                header: "other".to_owned(),
                version: 2,
                ..invitation
            };
            accept(&scene.app, &home.actor, again).await.unwrap();
            assert_eq!(looks(&scene, &id(n)).await, before);
        }
    })
    .await;
}

/// SC-017, behaviour 4.4.2 and 4.4.5: what is moderated here is moderated here; members of the other side write on.
#[tokio::test]
async fn local_moderation_rejects_nothing_of_the_others() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let head = scene.head().await;
        scene.tick();
        crate::posts::delete(&scene.app, &scene.admin.actor, &id(10)).await.unwrap();
        channels::set_privacy(&scene.app, &scene.admin.actor, &scene.channel, ChannelKind::Private).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, []);
        assert_eq!(scene.take(&acme, with_posts([incoming_post(11, 1)])).await.refused_posts, []);
        assert_eq!(scene.row(&id(11)).await.unwrap().message, "message 11");
    })
    .await;
}

async fn another_team(scene: &Scene) -> TeamId {
    let team = teams::get(&mut scene.view().await, &scene.team).await.unwrap().unwrap();
    let other = Team {
        id: id(60),
        name: "other".to_owned(),
        display_name: "Other".to_owned(),
        invite_id: "other".to_owned(),
        create_at: Millis(team.create_at.0 + 1),
        ..team
    };
    let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
    teams::insert(&mut tx, &other).await.unwrap();
    tx.commit().await.unwrap();
    other.id
}

async fn taken(scene: &Scene, peer: &Peer, channel: u128, name: &str) -> Share {
    scene.tick();
    let invitation = super::IncomingInvitation { name: name.to_owned(), ..offer(id(channel), false) };
    accept(&scene.app, &peer.actor, invitation).await.unwrap()
}

/// E-054: another destination team is for channels that come from then on.
#[tokio::test]
async fn copies_stay_in_the_team_they_came_to() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        taken(&scene, &acme, 50, "before").await;
        let other = another_team(&scene).await;
        scene.tick();
        connections::update(&scene.app, &scene.admin.actor, &acme.id, to_team(other)).await.unwrap();
        taken(&scene, &acme, 51, "after").await;
        assert_eq!(scene.channel_row(&id(50)).await.team_id, Some(scene.team));
        assert_eq!(scene.channel_row(&id(51)).await.team_id, Some(other));
        // Also one that ends and comes back.
        shares::ended_by_peer(&scene.app, &acme.id, &id(50)).await.unwrap();
        taken(&scene, &acme, 50, "before").await;
        assert_eq!(scene.channel_row(&id(50)).await.team_id, Some(scene.team));
    })
    .await;
}

/// E-052, AT-14: a channel that came from a peer and whose sharing it has ended goes on where it was when it is offered
/// again; one that is shared is not touched by an offer.
#[tokio::test]
async fn a_former_copy_goes_on_with_its_history() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let home = scene.peer("home").await;
        let copy = scene.copy(&home, id(50), false).await.id;
        scene.guest_in(&home, &copy, 1).await;
        scene.take_in(&home, &copy, with_posts([incoming_post(10, 1)])).await.unwrap();
        let first = scene.live_share(&home, &copy).await.unwrap();
        let before = scene.dump().await;
        let same = accept(&scene.app, &home.actor, offer(copy, false)).await.unwrap();
        assert_eq!(same.id, first.id);
        assert_eq!(scene.dump().await, before, "it is shared already");
        scene.tick();
        shares::ended_by_peer(&scene.app, &home.id, &copy).await.unwrap();
        assert!(scene.live_share(&home, &copy).await.is_none());
        scene.tick();
        let again = super::IncomingInvitation { version: 9, ..offer(copy, true) };
        let second = accept(&scene.app, &home.actor, again).await.unwrap();
        assert_ne!(second.id, first.id);
        assert_eq!(second.state, ShareState::Active);
        assert_eq!(scene.row(&id(10)).await.unwrap().message, "message 10", "its history is kept");
        assert!(scene.channel_row(&copy).await.shared);
    })
    .await;
}

/// E-087, SC-037, SC-038: a copy is passed on by nobody, neither while it is shared nor when that is over; and from
/// somebody who passes it on it is not taken where its home is known.
#[tokio::test]
async fn nobody_passes_on_what_is_not_theirs() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (home, other) = (scene.peer("home").await, scene.peer("other").await);
        let copy = scene.copy(&home, id(50), false).await.id;
        let pass_on = async || {
            scene.tick();
            shares::invite(&scene.app, &scene.admin.actor, &copy, &other.id, Default::default()).await.map(|_| ())
        };
        assert!(matches!(pass_on().await, Err(super::Error::Foreign(_))));
        let refused = accept(&scene.app, &other.actor, offer(copy, false)).await.unwrap_err();
        assert!(matches!(refused, InvitationRefused::Exists), "{refused}");
        assert!(scene.live_share(&other, &copy).await.is_none());
        shares::ended_by_peer(&scene.app, &home.id, &copy).await.unwrap();
        assert!(matches!(pass_on().await, Err(super::Error::Foreign(_))), "where it came from is for ever");
        let refused = accept(&scene.app, &other.actor, offer(copy, false)).await.unwrap_err();
        assert!(matches!(refused, InvitationRefused::Exists), "{refused}");
        // What it says can be taken along into a channel of our own.
        let own = scene.new_channel("our-own").await;
        scene.tick();
        shares::invite(&scene.app, &scene.admin.actor, &own, &other.id, Default::default()).await.unwrap();
    })
    .await;
}

fn to_team(team: rialto_model::TeamId) -> connections::ConnectionChange {
    connections::ConnectionChange { team: Some(team), ..connections::ConnectionChange::default() }
}
