//! Channels that wait to be let in, on both databases.

use rialto_model::{Channel, DomainEvent, Millis, Permission, ShareMode, ShareState, Team, TeamKind};
use rialto_store::testing::both;
use rialto_store::{Db, teams};

use super::*;
use crate::apply;
use crate::sharing_scene::{Peer, Scene, id, incoming_post, is_active, offer, with_posts};
use crate::{Settings, connections};

fn require_approval(scene: &Scene) {
    let mut settings = Settings::clone(&scene.app.settings.get());
    settings.workspaces.require_channel_approval = true;
    scene.app.settings.set(settings);
}

async fn told(scene: &Scene, word: &str) -> Vec<String> {
    let people = [scene.app.system_user, scene.admin.id].into_iter().collect();
    let name = crate::direct_channels::name(rialto_model::ChannelKind::Direct, &people);
    let mut view = scene.view().await;
    let Some(channel) = channels::get_by_name(&mut view, None, &name).await.unwrap() else { return Vec::new() };
    let page = rialto_store::posts::page(&mut view, &channel.id, false, 0, 100).await.unwrap();
    page.into_iter().map(|post| post.message).filter(|text| text.contains(word)).collect()
}

async fn offered(scene: &Scene, peer: &Peer) -> Result<Share, InvitationRefused> {
    scene.tick();
    accept(&scene.app, &peer.actor, offer(id(50), false)).await
}

async fn items(scene: &Scene, peer: &Peer) -> Result<apply::Outcome, apply::Error> {
    scene.take_in(peer, &id(50), with_posts([incoming_post(90, 80)])).await
}

/// `RequireChannelApproval`, ruling 28: an offered channel waits, its content is asked for again later, and nobody but
/// those who manage shared channels decides.
#[tokio::test]
async fn an_offered_channel_waits_for_an_administrator_where_that_is_required() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        require_approval(&scene);
        for _ in 0..2 {
            assert!(matches!(offered(&scene, &acme).await, Err(InvitationRefused::Waits)));
        }
        assert!(channels::get(&mut scene.view().await, &id(50)).await.unwrap().is_none());
        assert!(matches!(items(&scene, &acme).await, Err(apply::Error::Paused)));
        assert!(matches!(items(&scene, &globex).await, Err(apply::Error::NotShared)), "others learn nothing");
        let asked = told(&scene, "/share-channel approve").await;
        assert!(asked.len() == 1 && asked[0].contains("**acme**") && asked[0].contains("**Theirs**"), "{asked:?}");
        let waiting = list_requests(&scene.app, &scene.admin.actor, &acme.id).await.unwrap();
        assert_eq!(waiting.iter().map(|one| one.channel_id).collect::<Vec<_>>(), [id(50)]);
        let denied = approve(&scene.app, &scene.ann.actor, &acme.id, &id(50), None).await.unwrap_err();
        assert!(matches!(denied, Error::Denied(Denied::Forbidden(Permission::ManageSharedChannels))));
        let denied = list_requests(&scene.app, &scene.ann.actor, &acme.id).await.unwrap_err();
        assert!(matches!(denied, Error::Denied(Denied::Forbidden(_))));
        assert!(matches!(
            approve(&scene.app, &scene.admin.actor, &globex.id, &id(50), None).await,
            Err(Error::NotOffered)
        ));
        let head = scene.head().await;
        scene.tick();
        let (channel, _) = approve(&scene.app, &scene.admin.actor, &acme.id, &id(50), None).await.unwrap();
        assert_eq!((channel.id, channel.team_id, channel.origin), (id(50), Some(scene.team), Some(acme.id)));
        assert!(channel.shared && scene.is_member(&id(50), &scene.admin.id).await);
        assert!(is_active(scene.live_share(&acme, &id(50)).await.as_ref()));
        assert!(items(&scene, &acme).await.is_ok(), "what was sent for it is taken now");
        let told_of: Vec<_> = scene.recorded_since(head).await.into_iter().map(|recorded| recorded.event).collect();
        assert!(told_of.iter().any(|event| matches!(event, DomainEvent::ShareChanged { .. })), "the home is told");
        assert!(matches!(
            approve(&scene.app, &scene.admin.actor, &acme.id, &id(50), None).await,
            Err(Error::NotOffered)
        ));
        assert!(matches!(offered(&scene, &acme).await, Ok(share) if share.state == ShareState::Active));
    })
    .await;
}

/// Ruling 43: what somebody here has ended waits to be let in again, and then goes on as it was.
#[tokio::test]
async fn a_copy_that_was_left_can_be_let_in_again() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let copy = scene.copy(&acme, id(50), false).await;
        scene.guest_in(&acme, &id(50), 80).await;
        items(&scene, &acme).await.unwrap();
        scene.tick();
        uninvite(&scene.app, &scene.admin.actor, &id(50), None).await.unwrap();
        assert!(matches!(items(&scene, &acme).await, Err(apply::Error::NotShared)), "nobody has asked yet");
        assert!(matches!(offered(&scene, &acme).await, Err(InvitationRefused::Waits)));
        assert!(matches!(items(&scene, &acme).await, Err(apply::Error::Paused)));
        approve(&scene.app, &scene.admin.actor, &acme.id, &id(50), None).await.unwrap();
        let row: Channel = scene.channel_row(&id(50)).await;
        assert_eq!((row.name, row.shared), (copy.name, true));
        assert!(scene.row(&id(90)).await.is_some(), "what was written stays");
        scene.guest_in(&acme, &id(50), 80).await;
    })
    .await;
}

/// Behaviour 8.6: a channel that is turned down is over for its home, which may offer it again; that waits as well.
#[tokio::test]
async fn a_channel_that_is_turned_down_may_be_offered_again() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        require_approval(&scene);
        offered(&scene, &acme).await.unwrap_err();
        let head = scene.head().await;
        assert!(matches!(
            refuse(&scene.app, &scene.ann.actor, &acme.id, &id(50)).await,
            Err(Error::Denied(Denied::Forbidden(_)))
        ));
        scene.tick();
        let (request, _) = refuse(&scene.app, &scene.admin.actor, &acme.id, &id(50)).await.unwrap();
        assert_eq!(request.display_name, "Theirs");
        let ended = scene.recorded_since(head).await.into_iter().find_map(|recorded| match recorded.event {
            DomainEvent::ShareEnded { share, .. } => Some(share),
            _ => None,
        });
        let told = ended_share(&scene, ended.unwrap()).await;
        assert_eq!((told.reason.as_str(), told.home), ("refused", false));
        assert!(matches!(items(&scene, &acme).await, Err(apply::Error::NotShared)));
        let mut settings = Settings::clone(&scene.app.settings.get());
        settings.workspaces.require_channel_approval = false;
        scene.app.settings.set(settings);
        assert!(matches!(offered(&scene, &acme).await, Err(InvitationRefused::Waits)), "a no is not forgotten");
        scene.tick();
        approve(&scene.app, &scene.admin.actor, &acme.id, &id(50), None).await.unwrap();
    })
    .await;
}

async fn ended_share(scene: &Scene, share: rialto_model::ShareId) -> Share {
    ended(&scene.app, &share).await.unwrap().expect("the sender tells of it")
}

/// What is offered no more needs no decision: its home has ended the share, or the connection is over.
#[tokio::test]
async fn an_offer_that_is_taken_back_needs_no_decision() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        require_approval(&scene);
        for peer in [&acme, &globex] {
            accept(&scene.app, &peer.actor, offer(if peer.id == acme.id { id(50) } else { id(51) }, false))
                .await
                .unwrap_err();
        }
        let note = PeerNote {
            channel: id(50),
            version: 9,
            state: PeerState::Ended,
            read_only: false,
            organisations: Vec::new(),
        };
        noted(&scene.app, &globex.id, note.clone()).await.unwrap();
        assert_eq!(list_requests(&scene.app, &scene.admin.actor, &acme.id).await.unwrap().len(), 1, "not by others");
        noted(&scene.app, &acme.id, note).await.unwrap();
        assert_eq!(list_requests(&scene.app, &scene.admin.actor, &acme.id).await.unwrap(), []);
        connections::sever(&scene.app, &globex.actor).await.unwrap();
        assert_eq!(list_requests(&scene.app, &scene.admin.actor, &globex.id).await.unwrap(), []);
    })
    .await;
}

/// E-053, M-19: channels wait while there is no team for them, administrators are told once, and choosing a team lets
/// them in.
#[tokio::test]
async fn channels_wait_for_a_destination_team() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let mut team = teams::get(&mut scene.view().await, &scene.team).await.unwrap().unwrap();
        team.delete_at = Some(scene.tick());
        let other = Team {
            id: id(60),
            name: "other".to_owned(),
            display_name: "Other".to_owned(),
            kind: TeamKind::Invite,
            allow_open_invite: false,
            delete_at: None,
            invite_id: "other".to_owned(),
            create_at: Millis(team.create_at.0 + 1),
            ..team.clone()
        };
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        teams::update(&mut tx, &team).await.unwrap();
        teams::insert(&mut tx, &other).await.unwrap();
        tx.commit().await.unwrap();
        for channel in [50, 51] {
            let refused = accept(&scene.app, &acme.actor, offer(id(channel), true)).await.unwrap_err();
            assert!(matches!(refused, InvitationRefused::Waits), "{refused}");
        }
        assert_eq!(told(&scene, "destination team").await.len(), 1);
        assert!(matches!(items(&scene, &acme).await, Err(apply::Error::Paused)));
        assert!(matches!(approve(&scene.app, &scene.admin.actor, &acme.id, &id(50), None).await, Err(Error::NoTeam)));
        scene.tick();
        connections::update(&scene.app, &scene.admin.actor, &acme.id, to_team(other.id)).await.unwrap();
        for channel in [50, 51] {
            assert_eq!(scene.channel_row(&id(channel)).await.team_id, Some(other.id));
            let share = scene.live_share(&acme, &id(channel)).await.unwrap();
            assert_eq!((share.mode, share.state), (ShareMode::ReadOnly, ShareState::Active));
        }
        assert_eq!(list_requests(&scene.app, &scene.admin.actor, &acme.id).await.unwrap(), []);
    })
    .await;
}

/// Behaviour 8.6: who lets a channel in may choose another team for it.
#[tokio::test]
async fn who_lets_a_channel_in_may_choose_its_team() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        require_approval(&scene);
        offered(&scene, &acme).await.unwrap_err();
        let actor = &scene.admin.actor;
        assert!(matches!(approve(&scene.app, actor, &acme.id, &id(50), Some(id(61))).await, Err(Error::NoTeam)));
        let team = teams::get(&mut scene.view().await, &scene.team).await.unwrap().unwrap();
        let other = Team { id: id(60), name: "other".to_owned(), invite_id: "other".to_owned(), ..team };
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        teams::insert(&mut tx, &other).await.unwrap();
        tx.commit().await.unwrap();
        let (channel, remote) = approve(&scene.app, actor, &acme.id, &id(50), Some(id(60))).await.unwrap();
        assert_eq!((channel.team_id, remote.id), (Some(id(60)), acme.id));
        assert_ne!(scene.remote(&acme).await.default_team_id, Some(id(60)), "for this channel only");
    })
    .await;
}

/// M-23, ruling 8.6: the home tells each guest of the others; a copy shows them, and says who comes and goes.
#[tokio::test]
async fn a_copy_learns_who_else_takes_part() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        let first = scene.share(&acme).await;
        let alone = to_tell(&scene.app, &first.id).await.unwrap().unwrap().organisations;
        assert_eq!(alone.iter().map(|one| one.mode.as_str()).collect::<Vec<_>>(), ["home"]);
        let head = scene.head().await;
        scene.share_as(&globex, Invitation { read_only: true, ..Invitation::default() }).await;
        let news = scene.changes(&acme, head).await;
        let told = |news: &[(ChannelId, crate::outbox::What)]| {
            news.iter().any(|(_, what)| matches!(what, crate::outbox::What::ShareChanged(share) if *share == first.id))
        };
        assert!(told(&news), "the first guest is told: {news:?}");
        let both_of_them = to_tell(&scene.app, &first.id).await.unwrap().unwrap().organisations;
        assert_eq!(both_of_them[1].name, "globex");
        assert_eq!(both_of_them[1].mode, "read_only");
        let head = scene.head().await;
        uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&globex.id)).await.unwrap();
        assert!(told(&scene.changes(&acme, head).await), "and of who leaves");

        // And as a guest.
        let copy = scene.copy(&acme, id(50), false).await.id;
        let note = |version, organisations: &[Organisation]| PeerNote {
            channel: copy,
            version,
            state: PeerState::Active,
            read_only: false,
            organisations: organisations.to_vec(),
        };
        let posts = async |word: &str| {
            let page = rialto_store::posts::page(&mut scene.view().await, &copy, false, 0, 100).await.unwrap();
            page.into_iter().map(|post| post.message).filter(|text| text.contains(word)).collect::<Vec<_>>()
        };
        scene.tick();
        noted(&scene.app, &acme.id, note(1, &both_of_them)).await.unwrap();
        noted(&scene.app, &acme.id, note(2, &both_of_them)).await.unwrap();
        let said = posts("**globex**").await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("**acme** shares this channel with other organisations too"), "{said:?}");
        let listed = also_taking_part(&scene.app, &scene.ann.actor, &copy).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["globex"], "not the home");
        let stranger = scene.stranger("stranger", "system_user").await;
        let denied = also_taking_part(&scene.app, &stranger.actor, &copy).await.unwrap_err();
        assert!(matches!(denied, Error::Denied(_)));
        noted(&scene.app, &acme.id, note(3, &both_of_them[..1])).await.unwrap();
        assert_eq!(posts("no longer shares this channel with **globex**").await.len(), 1);
        assert_eq!(also_taking_part(&scene.app, &scene.ann.actor, &copy).await.unwrap(), []);
        // A guest's word on others counts nothing.
        let guest = PeerNote { channel: scene.channel, ..note(4, &both_of_them) };
        noted(&scene.app, &acme.id, guest).await.unwrap();
        assert_eq!(also_taking_part(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap(), []);
    })
    .await;
}

fn to_team(team: rialto_model::TeamId) -> connections::ConnectionChange {
    connections::ConnectionChange { team: Some(team), ..connections::ConnectionChange::default() }
}
