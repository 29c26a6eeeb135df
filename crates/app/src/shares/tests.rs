//! Inviting, accepting, refusing and ending, on both databases.

use rialto_model::{ChannelKind, DomainEvent, PeerProfile, ShareMode, ShareState};
use rialto_store::Db;
use rialto_store::testing::both;

use super::*;
use crate::sharing_scene::{Peer, Scene, id, is_active, offer};
use crate::{channels as channel_features, connections};

async fn ask(scene: &Scene, peer: &Peer, invitation: Invitation) -> Result<Invited, Error> {
    scene.tick();
    invite(&scene.app, &scene.admin.actor, &scene.channel, &peer.id, invitation).await
}

async fn notices(scene: &Scene, channel: &ChannelId) -> Vec<String> {
    let mut view = scene.view().await;
    let page = rialto_store::posts::page(&mut view, channel, false, 0, 100).await.unwrap();
    page.into_iter().rev().filter(|post| post.is_system()).map(|post| post.message).collect()
}

/// SC-062, SC-066.
#[tokio::test]
async fn the_first_invitation_makes_a_channel_a_shared_one() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        let head = scene.head().await;
        let first = ask(&scene, &acme, Invitation::default()).await.unwrap();
        assert!(first.newly_shared && first.share.home);
        assert_eq!((first.share.state, first.share.mode), (ShareState::Queued, ShareMode::Participation));
        assert!(scene.channel_row(&scene.channel).await.shared);
        let second = ask(&scene, &globex, Invitation { read_only: true, ..Invitation::default() }).await.unwrap();
        assert!(!second.newly_shared);
        assert_eq!(second.share.mode, ShareMode::ReadOnly);
        let started = |event: &DomainEvent| matches!(event, DomainEvent::ShareStarted { .. });
        assert_eq!(scene.recorded_since(head).await.iter().filter(|r| started(&r.event)).count(), 2);
        let again = ask(&scene, &acme, Invitation::default()).await.unwrap_err();
        assert!(matches!(again, Error::AlreadyInvited(share) if share.id == first.share.id));
        let other_mode = ask(&scene, &acme, Invitation { read_only: true, ..Invitation::default() }).await.unwrap_err();
        assert!(matches!(other_mode, Error::AlreadyInvited(_)), "not without being asked to convert");
    })
    .await;
}

/// SC-033, AT-12.
#[tokio::test]
async fn who_may_not_share_and_what_cannot_be_shared_is_refused() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let copy = scene.copy(&acme, id(50), false).await.id;
        let globex = scene.peer("globex").await;
        scene.tick();
        connections::remove(&scene.app, &scene.admin.actor, &globex.id).await.unwrap();
        let archived = scene.new_channel("archived").await;
        channel_features::archive(&scene.app, &scene.admin.actor, &archived).await.unwrap();
        let before = scene.dump().await;
        let refused = async |who: &crate::SessionUser, channel: &ChannelId, remote: &RemoteId| {
            invite(&scene.app, who, channel, remote, Invitation::default()).await.unwrap_err()
        };
        let admin = &scene.admin.actor;
        let denied = refused(&scene.ann.actor, &scene.channel, &acme.id).await;
        assert!(matches!(denied, Error::Denied(Denied::Forbidden(Permission::ManageSharedChannels))), "{denied}");
        assert!(matches!(refused(admin, &id(77), &acme.id).await, Error::Denied(Denied::Absent("channel"))));
        assert!(matches!(refused(admin, &scene.channel, &id(77)).await, Error::Denied(Denied::Absent("connection"))));
        assert!(matches!(refused(admin, &archived, &acme.id).await, Error::Archived));
        assert!(matches!(refused(admin, &copy, &acme.id).await, Error::Foreign(name) if name == "acme"));
        assert!(matches!(refused(admin, &scene.channel, &globex.id).await, Error::ConnectionEnded(_)));
        assert_eq!(scene.dump().await, before);
    })
    .await;
}

/// T-SHAREPERM.
#[tokio::test]
async fn nobody_shares_what_they_cannot_read() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let manager = scene.stranger("manager", "system_user shared_channel_manager").await;
        let direct = crate::direct_channels::open(&scene.app, &scene.ann.actor, &scene.ann.id, &scene.bob.id).await;
        let (direct, before) = (direct.unwrap().id, scene.dump().await);
        for channel in [scene.channel, direct, id(77)] {
            let refused = invite(&scene.app, &manager.actor, &channel, &acme.id, Invitation::default()).await;
            assert!(matches!(refused.unwrap_err(), Error::Denied(Denied::Absent("channel"))));
            let refused = uninvite(&scene.app, &manager.actor, &channel, Some(&acme.id)).await;
            assert!(matches!(refused.unwrap_err(), Error::Denied(Denied::Absent("channel"))));
            let refused = unshare(&scene.app, &manager.actor, &channel).await;
            assert!(matches!(refused.unwrap_err(), Error::Denied(Denied::Absent("channel"))));
        }
        assert_eq!(scene.dump().await, before);
        // In the team of a public channel it can be read, and shared.
        let member = scene.person_as("member", "system_user shared_channel_manager").await;
        let other = scene.new_channel("other").await;
        invite(&scene.app, &member.actor, &other, &acme.id, Invitation::default()).await.unwrap();
    })
    .await;
}

/// E-047.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_administrators_who_invite_at_once_one_is_told_that_it_is_done() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        for name in ["acme", "globex", "initech"] {
            let peer = scene.peer(name).await;
            let attempts: Vec<_> = (0..4)
                .map(|_| {
                    let (app, actor, channel) = (scene.app.clone(), scene.admin.actor.clone(), scene.channel);
                    tokio::spawn(async move { invite(&app, &actor, &channel, &peer.id, Invitation::default()).await })
                })
                .collect();
            let mut done = 0;
            for attempt in attempts {
                match attempt.await.unwrap() {
                    Ok(_) => done += 1,
                    Err(error) => assert!(matches!(error, Error::AlreadyInvited(_)), "{error}"),
                }
            }
            assert_eq!(done, 1, "{name}");
        }
    })
    .await;
}

/// M-02, E-048.
#[tokio::test]
async fn a_share_goes_from_queued_to_active_and_tells_the_channel_once() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let share = ask(&scene, &acme, Invitation::default()).await.unwrap().share;
        assert!(!is_active(scene.live_share(&acme, &scene.channel).await.as_ref()));
        let active = scene.activate(&share).await;
        assert!(is_active(Some(&active)) && active.from_seq.is_some());
        let from = active.from_seq.unwrap();
        begun(&scene.app, &share.id, Begun::Active { from }).await.unwrap().unwrap();
        let told = notices(&scene, &scene.channel).await;
        assert_eq!(told.iter().filter(|text| text.contains("shared with **acme**")).count(), 1, "{told:?}");
        let (found, channel) = of_sender(&scene.app, &share.id).await.unwrap().unwrap();
        assert_eq!((found.id, channel.id), (share.id, scene.channel));
        scene.tick();
        uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
        assert!(
            begun(&scene.app, &share.id, Begun::Active { from }).await.unwrap().is_none(),
            "it has ended meanwhile"
        );
        assert!(of_sender(&scene.app, &share.id).await.unwrap().is_none());
        assert_eq!(ended(&scene.app, &share.id).await.unwrap().unwrap().reason, "uninvited");
    })
    .await;
}

/// E-052.
#[tokio::test]
async fn a_refused_invitation_unshares_a_channel_nobody_else_shares() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let share = ask(&scene, &acme, Invitation::default()).await.unwrap().share;
        let refused = Begun::Refused { reason: "too many shared channels there".to_owned() };
        let failed = begun(&scene.app, &share.id, refused).await.unwrap().unwrap();
        assert_eq!((failed.state, failed.reason.as_str()), (ShareState::Failed, "too many shared channels there"));
        assert!(!scene.channel_row(&scene.channel).await.shared);
        let (_, rows) = list(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap();
        assert_eq!(rows.len(), 1, "the status shows why");
        assert!(ask(&scene, &acme, Invitation::default()).await.unwrap().newly_shared);
    })
    .await;
}

/// SC-073, M-05, AT-12, E-144.
#[tokio::test]
async fn the_mark_goes_with_the_last_share() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        for peer in [&acme, &globex] {
            scene.share(peer).await;
        }
        scene.guest(&acme, 1).await;
        scene.guest(&globex, 2).await;
        scene.tick();
        let admin = &scene.admin.actor;
        let (ended, rest) = uninvite(&scene.app, admin, &scene.channel, Some(&acme.id)).await.unwrap();
        assert_eq!((ended.id, rest.iter().map(|remote| remote.id).collect::<Vec<_>>()), (acme.id, vec![globex.id]));
        assert!(scene.channel_row(&scene.channel).await.shared);
        assert!(!scene.is_member(&scene.channel, &id(1)).await);
        assert!(scene.is_member(&scene.channel, &id(2)).await);
        let error = uninvite(&scene.app, admin, &scene.channel, Some(&acme.id)).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::NotInvited(others) if others == ["globex"]));
        scene.tick();
        assert!(ended_by_peer(&scene.app, &globex.id, &scene.channel).await.unwrap());
        assert!(!ended_by_peer(&scene.app, &globex.id, &scene.channel).await.unwrap(), "told twice");
        assert!(!scene.channel_row(&scene.channel).await.shared);
        let error = uninvite(&scene.app, admin, &scene.channel, Some(&acme.id)).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::NotShared));
        let error = unshare(&scene.app, admin, &scene.channel).await.unwrap_err();
        assert!(matches!(error, Error::NotShared));
        let told = notices(&scene, &scene.channel).await;
        assert!(told.iter().any(|text| text.contains("**acme** has ended. Other organisations")), "{told:?}");
        assert!(told.iter().any(|text| text.contains("**globex** has ended sharing this channel. The channel is no")));
    })
    .await;
}

/// SC-076, M-05.
#[tokio::test]
async fn unsharing_ends_all_shares_in_one_word() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        for peer in [&acme, &globex] {
            scene.share(peer).await;
        }
        scene.tick();
        let before = notices(&scene, &scene.channel).await.len();
        let ended = unshare(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        assert_eq!(ended.len(), 2);
        let told = notices(&scene, &scene.channel).await;
        assert_eq!(told.len(), before + 1);
        assert!(told[before].contains("**acme**, **globex**"), "{told:?}");
        let channel = scene.channel_row(&scene.channel).await;
        assert!(!channel.shared);
        // A mark without anybody invited can be taken away as well.
        mark_shared(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        assert!(scene.channel_row(&scene.channel).await.shared);
        assert_eq!(unshare(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap().len(), 0);
        assert!(!scene.channel_row(&scene.channel).await.shared);
    })
    .await;
}

/// AT-14, SC-009, SC-064, E-050.
#[tokio::test]
async fn an_offer_becomes_a_copy_in_the_landing_team_under_a_free_name() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.new_channel("theirs").await;
        let name = would_accept(&scene.app, &acme.actor, &id(50), "theirs").await.unwrap();
        assert_eq!(name.as_deref(), Ok("theirs-acme"));
        let share = accept(&scene.app, &acme.actor, offer(id(50), false)).await.unwrap();
        assert_eq!((share.home, share.mode, share.state), (false, ShareMode::Participation, ShareState::Active));
        let copy = scene.channel_row(&id(50)).await;
        assert_eq!((copy.name.as_str(), copy.display_name.as_str()), ("theirs-acme", "Theirs (acme)"));
        assert_eq!((copy.team_id, copy.origin, copy.kind), (Some(scene.team), Some(acme.id), ChannelKind::Public));
        assert_eq!((copy.header.as_str(), copy.purpose.as_str()), ("Their header", "Their purpose"));
        assert!(copy.shared);
        assert!(scene.is_member(&copy.id, &scene.admin.id).await, "whoever made the connection finds it");
        let before = scene.dump().await;
        let again = accept(&scene.app, &acme.actor, offer(id(50), false)).await.unwrap();
        assert_eq!(again.id, share.id);
        assert_eq!(scene.dump().await, before, "the same offer again changes nothing");
        let read_only = accept(&scene.app, &acme.actor, offer(id(50), true)).await.unwrap();
        assert_eq!((read_only.id, read_only.mode), (share.id, ShareMode::ReadOnly), "the mode is the home's to say");
        let second = accept(&scene.app, &acme.actor, offer(id(51), false)).await.unwrap();
        assert_eq!(scene.channel_row(&second.channel_id).await.name, "theirs-acme-2");
    })
    .await;
}

#[tokio::test]
async fn a_copy_whose_share_was_ended_here_stays_ended_until_somebody_here_lets_it_in() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.copy(&acme, id(50), false).await;
        scene.tick();
        ended_by_peer(&scene.app, &acme.id, &id(50)).await.unwrap();
        scene.tick();
        let revived = accept(&scene.app, &acme.actor, offer(id(50), false)).await.unwrap();
        assert!(revived.state.is_live(), "what its home ended, its home may begin again");
        scene.tick();
        let (ended, rest) = uninvite(&scene.app, &scene.admin.actor, &id(50), None).await.unwrap();
        assert_eq!((ended.id, rest.len()), (acme.id, 0));
        scene.tick();
        let refused = accept(&scene.app, &acme.actor, offer(id(50), false)).await.unwrap_err();
        assert!(matches!(refused, InvitationRefused::Waits), "{refused}");
        assert!(!scene.channel_row(&id(50)).await.shared);
        // Neither does a new connection let it in.
        connections::sever(&scene.app, &acme.actor).await.unwrap();
        let again = scene.peer("acme").await;
        connections::rehome(&scene.app, &again.id).await.unwrap();
        let refused = accept(&scene.app, &again.actor, offer(id(50), false)).await.unwrap_err();
        assert!(matches!(refused, InvitationRefused::Waits), "{refused}");
    })
    .await;
}

/// E-053.
#[tokio::test]
async fn an_offer_waits_for_a_team_to_go_to() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let mut view = scene.view().await;
        let mut team = rialto_store::teams::get(&mut view, &scene.team).await.unwrap().unwrap();
        drop(view);
        team.delete_at = Some(scene.tick());
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        rialto_store::teams::update(&mut tx, &team).await.unwrap();
        tx.commit().await.unwrap();
        let refused = accept(&scene.app, &acme.actor, offer(id(50), false)).await.unwrap_err();
        assert!(matches!(refused, InvitationRefused::Waits), "{refused}");
        assert_eq!(would_accept(&scene.app, &acme.actor, &id(50), "theirs").await.unwrap(), Err("not_owner"));
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_destroys_its_copy_is_invited_once_and_needs_a_team() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let old = scene.peer_of("old", PeerProfile::Mattermost5).await;
        let refused = ask(&scene, &old, Invitation::default()).await.unwrap_err();
        assert!(matches!(refused, Error::NoTeamThere), "{refused}");
        let mut remote = scene.remote(&old).await;
        remote.remote_team_id = "their-team".to_owned();
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        remotes::update(&mut tx, &remote).await.unwrap();
        tx.commit().await.unwrap();
        let invited = ask(&scene, &old, Invitation::default()).await.unwrap();
        scene.activate(&invited.share).await;
        uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&old.id)).await.unwrap();
        let refused = ask(&scene, &old, Invitation::default()).await.unwrap_err();
        assert!(matches!(refused, Error::OnceOnly), "{refused}");
        // A new connection to the same server changes nothing about that, nor does a peer that does not say what it is.
        connections::remove(&scene.app, &scene.admin.actor, &old.id).await.unwrap();
        for profile in [PeerProfile::Mattermost5, PeerProfile::Unknown] {
            let again = scene.peer_of("old", profile).await;
            connections::rehome(&scene.app, &again.id).await.unwrap();
            let refused = ask(&scene, &again, Invitation::default()).await.unwrap_err();
            assert!(matches!(refused, Error::OnceOnly), "{refused}");
            scene.tick();
            connections::remove(&scene.app, &scene.admin.actor, &again.id).await.unwrap();
        }
    })
    .await;
}

/// AT-07.
#[tokio::test]
async fn lists_show_shares_to_those_who_may_see_them() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.copy(&acme, id(50), false).await;
        let olga = scene.person("olga").await;
        let of_team = async |who: &crate::SessionUser| {
            let mut ids: Vec<_> =
                list_of_team(&scene.app, who, &scene.team).await.unwrap().into_iter().map(|s| s.channel.id).collect();
            ids.sort();
            ids
        };
        let mut both_channels = vec![scene.channel, id(50)];
        both_channels.sort();
        assert_eq!(of_team(&scene.admin.actor).await, both_channels);
        assert_eq!(of_team(&scene.bob.actor).await, [scene.channel]);
        assert_eq!(of_team(&olga.actor).await, []);
        assert_eq!(organisations(&scene.app, &scene.bob.actor, &scene.channel).await.unwrap().len(), 1);
        assert_eq!(list_of_remote(&scene.app, &scene.admin.actor, &acme.id, false).await.unwrap().len(), 2);
        assert!(list_of_remote(&scene.app, &scene.bob.actor, &acme.id, false).await.is_err());
    })
    .await;
}

/// E-126, INV-12, ruling 8.6.
#[tokio::test]
async fn a_late_word_about_a_share_does_not_touch_the_one_after_it() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.copy(&acme, id(50), false).await;
        let note = async |version, state, read_only| {
            scene.tick();
            let note = PeerNote { channel: id(50), version, state, read_only, organisations: Vec::new() };
            noted(&scene.app, &acme.id, note).await.unwrap();
            scene.live_share(&acme, &id(50)).await.map(|share| (share.state, share.mode))
        };
        let (active, paused) = (ShareState::Active, ShareState::Paused);
        let (read, write) = (ShareMode::ReadOnly, ShareMode::Participation);
        assert_eq!(note(10, PeerState::Paused, false).await, Some((paused, write)));
        assert_eq!(note(12, PeerState::Active, true).await, Some((active, read)));
        assert_eq!(note(11, PeerState::Paused, false).await, Some((active, read)), "late");
        let before = scene.dump().await;
        assert_eq!(note(12, PeerState::Ended, false).await, Some((active, read)), "twice");
        assert_eq!(scene.dump().await, before);
        assert_eq!(note(13, PeerState::Ended, false).await, None);
        scene.tick();
        let offered = async |version, read_only| {
            scene.tick();
            accept(&scene.app, &acme.actor, IncomingInvitation { version, ..offer(id(50), read_only) }).await
        };
        let late = offered(12, false).await;
        assert!(matches!(late, Err(InvitationRefused::Outdated)), "{late:?}");
        offered(15, false).await.unwrap();
        let before = scene.dump().await;
        for version in [13, 14, 15] {
            assert!(note(version, PeerState::Ended, false).await.is_some(), "of the share before");
        }
        assert_eq!(offered(14, true).await.unwrap().mode, write, "an invitation that comes late");
        assert_eq!(scene.dump().await, before);
        assert_eq!(offered(16, true).await.unwrap().mode, read);
        assert_eq!(offered(15, false).await.unwrap().mode, read, "late again");
        assert_eq!(note(17, PeerState::Ended, false).await, None);
    })
    .await;
}
