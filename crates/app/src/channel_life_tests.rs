//! Channels that go for good, move or fill their team, and what becomes of their shares, on both databases.

use rialto_model::{Channel, ChannelId, ChannelKind, DomainEvent, ShareState, Team, TeamId};
use rialto_store::testing::both;
use rialto_store::{Db, channels as channel_rows, shares as share_rows, team_members, teams};

use crate::access::Denied;
use crate::channels::{self, Error, NewChannel};
use crate::outbox::What;
use crate::sharing_scene::{Person, Scene, id, incoming_post, offer, with_posts};
use crate::{App, Settings, channel_members, channel_moves, channel_removal, direct_channels, notices, shares};

fn change(scene: &Scene, change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings::clone(&scene.app.settings.get());
    change(&mut settings);
    scene.app.settings.set(settings);
}

async fn delete(scene: &Scene, who: &Person, channel: &ChannelId) -> Result<(), Error> {
    scene.tick();
    channel_removal::delete_permanently(&scene.app, &who.actor, channel).await
}

async fn post_count(scene: &Scene, channel: &ChannelId) -> i64 {
    let sql = "SELECT COUNT(*) FROM posts WHERE channel_id = $1";
    scene.view().await.fetch_one(sql, &[channel.into()]).await.unwrap()
}

/// E-138: a home channel goes with everything in it, its share ends, and the peer is to hear of that and nothing else.
#[tokio::test]
async fn a_home_channel_deleted_for_good_ends_its_shares() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        let share = scene.share(&peer).await;
        scene.guest(&peer, 1).await;
        let root = scene.post(&scene.ann, "harbour").await;
        scene.reply(&scene.bob, &root.id, "indeed").await;
        scene.take(&peer, with_posts([incoming_post(10, 1)])).await;
        let other = scene.new_channel("other").await;
        scene.write(&scene.admin, &other, "harbour too", None).await;

        assert!(matches!(delete(&scene, &scene.admin, &scene.channel).await, Err(Error::DeletionOff)));
        change(&scene, |settings| settings.enable_channel_deletion = true);
        let refused = delete(&scene, &scene.ann, &scene.channel).await;
        assert!(matches!(refused, Err(Error::Denied(Denied::Forbidden(_)))));
        assert!(scene.live_share(&peer, &scene.channel).await.is_some());

        let head = scene.head().await;
        delete(&scene, &scene.admin, &scene.channel).await.unwrap();
        let ended = share_rows::get(&mut scene.view().await, &share.id).await.unwrap().unwrap();
        assert_eq!((ended.state, ended.reason.as_str()), (ShareState::Ended, "deleted"));
        assert_eq!(scene.changes(&peer, head).await, [(scene.channel, What::ShareEnded(share.id))]);
        assert_eq!(channel_rows::get(&mut scene.view().await, &scene.channel).await.unwrap(), None);
        assert_eq!((post_count(&scene, &scene.channel).await, post_count(&scene, &other).await), (0, 1));
        assert!(!scene.is_member(&scene.channel, &scene.ann.id).await);
        let told: Vec<DomainEvent> = scene.recorded_since(head).await.into_iter().map(|one| one.event).collect();
        let gone = DomainEvent::ChannelDeleted { channel: scene.channel, team: Some(scene.team) };
        assert_eq!(told.iter().filter(|event| **event == gone).count(), 1);
        let sql = "SELECT actor FROM audit WHERE action = 'delete_channel' AND channel_id = $1";
        let noted: Vec<String> = scene.view().await.fetch_all(sql, &[(&scene.channel).into()]).await.unwrap();
        assert_eq!(noted, [scene.admin.id.to_string()]);
        let again = delete(&scene, &scene.admin, &scene.channel).await;
        assert!(matches!(again, Err(Error::Denied(Denied::Absent("channel")))));
    })
    .await;
}

/// E-139: a copy deleted for good ends its share, of which the home is to hear; invited again, it is a fresh copy, with
/// nothing and nobody of the first in it.
#[tokio::test]
async fn a_copy_deleted_for_good_comes_back_afresh() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        change(&scene, |settings| settings.enable_channel_deletion = true);
        let copy = scene.copy(&peer, id(500), false).await.id;
        scene.guest_in(&peer, &copy, 1).await;
        scene.take_in(&peer, &copy, with_posts([incoming_post(10, 1)])).await.unwrap();
        let share = scene.live_share(&peer, &copy).await.unwrap();
        let head = scene.head().await;
        delete(&scene, &scene.admin, &copy).await.unwrap();
        assert_eq!(scene.changes(&peer, head).await, [(copy, What::ShareEnded(share.id))]);
        assert!(scene.take_in(&peer, &copy, with_posts([incoming_post(11, 1)])).await.is_err(), "nothing is taken");

        scene.tick();
        let again = crate::shares::IncomingInvitation { version: 9, ..offer(copy, false) };
        let share = shares::accept(&scene.app, &peer.actor, again).await.unwrap();
        scene.activate(&share).await;
        let fresh = scene.channel_row(&copy).await;
        assert!(fresh.shared && !fresh.is_archived() && fresh.origin == Some(peer.id));
        assert!(!scene.is_member(&copy, &scene.ann.id).await && !scene.is_member(&copy, &id(1)).await);
        assert_eq!(scene.row(&id(10)).await, None);
        scene.guest_in(&peer, &copy, 1).await;
        scene.take_in(&peer, &copy, with_posts([incoming_post(12, 1)])).await.unwrap();
        assert_eq!(scene.row(&id(12)).await.unwrap().channel_id, copy);
    })
    .await;
}

async fn another_team(scene: &Scene, name: &str) -> TeamId {
    let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
    let first = teams::get(&mut tx, &scene.team).await.unwrap().unwrap();
    let (id, invite_id) = (scene.app.ids.id(TeamId::from_random), scene.app.ids.token());
    let team = Team { id, name: name.to_owned(), display_name: name.to_owned(), invite_id, ..first };
    teams::insert(&mut tx, &team).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn is_in_team(scene: &Scene, team: &TeamId, user: &rialto_model::UserId) -> bool {
    let member = team_members::get(&mut scene.view().await, team, user).await.unwrap();
    member.is_some_and(|member| member.delete_at.is_none())
}

/// E-140, behaviour 4.4.10: a shared channel moves with its people to another team; its share goes on as if nothing had
/// happened, and nothing of it travels.
#[tokio::test]
async fn a_channel_moves_and_its_share_goes_on() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        let share = scene.share(&peer).await;
        scene.guest(&peer, 1).await;
        let target = another_team(&scene, "sales").await;
        let app = &scene.app;
        let go = async |force: bool| {
            scene.tick();
            channel_moves::move_to_team(app, &scene.admin.actor, &scene.channel, &target, force).await
        };
        let by_member = channel_moves::move_to_team(app, &scene.ann.actor, &scene.channel, &target, true).await;
        assert!(matches!(by_member, Err(Error::Denied(Denied::Forbidden(_)))));
        assert!(matches!(go(false).await, Err(Error::MembersElsewhere)), "Ann and Bob are not in the team");
        assert_eq!(scene.channel_row(&scene.channel).await.team_id, Some(scene.team));
        let mut tx = app.db.begin(app.clock.now()).await.unwrap();
        for person in [&scene.admin, &scene.ann] {
            channel_members::join_team_silently(&mut tx, &target, person.id, rialto_model::Origin::Local)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();

        let head = scene.head().await;
        let moved: Channel = go(true).await.unwrap();
        assert_eq!((moved.team_id, moved.shared), (Some(target), true));
        assert!(scene.is_member(&scene.channel, &scene.ann.id).await, "who is in the team stays");
        assert!(!scene.is_member(&scene.channel, &scene.bob.id).await, "who is not goes");
        assert!(scene.is_member(&scene.channel, &id(1)).await && is_in_team(&scene, &target, &id(1)).await);
        // Only that Bob has left is told, as when he leaves by himself.
        assert_eq!(scene.changes(&peer, head).await, [(scene.channel, What::Member(scene.bob.id))]);
        assert_eq!(scene.live_share(&peer, &scene.channel).await.unwrap().id, share.id);
        scene.take(&peer, with_posts([incoming_post(10, 1)])).await;
        assert_eq!(scene.row(&id(10)).await.unwrap().message, "message 10");
        // Links to it lead to where it is now.
        let links = crate::apply::linked_teams(app, &peer.id, &scene.channel, &[], &[id(10)]).await.unwrap();
        assert_eq!(links.get(&id(10)).map(String::as_str), Some("sales"));
        assert_eq!(go(true).await.unwrap().update_at, moved.update_at, "it is there already");
        let gone = channel_moves::move_to_team(app, &scene.admin.actor, &scene.channel, &id(77), true).await;
        assert!(matches!(gone, Err(Error::Denied(Denied::Absent("team")))));
    })
    .await;
}

/// What the system account has told somebody.
async fn told(app: &App, person: &Person) -> Vec<String> {
    let people = [app.system_user, person.id].into_iter().collect();
    let name = direct_channels::name(ChannelKind::Direct, &people);
    let mut view = app.db.read(app.clock.now()).await.unwrap();
    let Some(channel) = channel_rows::get_by_name(&mut view, None, &name).await.unwrap() else { return Vec::new() };
    let page = rialto_store::posts::page(&mut view, &channel.id, false, 0, 100).await.unwrap();
    page.into_iter().map(|post| post.message).collect()
}

/// E-141: in a team with as many channels as may be, people make no more; a copy is made all the same, and the
/// administrators are told, of all copies of a minute at once.
#[tokio::test]
async fn a_copy_comes_to_a_full_team_and_administrators_are_warned() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        let new = |name: &str| NewChannel {
            team: scene.team,
            kind: ChannelKind::Public,
            name: name.to_owned(),
            display_name: name.to_owned(),
            header: String::new(),
            purpose: String::new(),
        };
        let mut number = 0;
        for channel in channels::list_mine(&scene.app, &scene.admin.actor, Some(&scene.team), false).await.unwrap() {
            number += i64::from(channel.team_id == Some(scene.team));
        }
        change(&scene, |settings| settings.max_channels_per_team = number + 1);
        channels::create(&scene.app, &scene.admin.actor, new("last")).await.unwrap();
        let refused = channels::create(&scene.app, &scene.admin.actor, new("beyond")).await;
        assert!(matches!(refused, Err(Error::TooMany { max }) if max == number + 1));
        let before = told(&scene.app, &scene.admin).await.len();
        for n in [500, 501] {
            scene.copy(&peer, id(n), false).await;
        }
        scene.app.clock.advance(61_000);
        notices::tell_due(&scene.app).await.unwrap();
        let mut news = told(&scene.app, &scene.admin).await;
        news.truncate(news.len() - before);
        let [warning] = news.as_slice() else { panic!("one message for both: {news:?}") };
        assert_eq!(warning.matches("**Theirs").count(), 2, "{warning}");
        assert!(warning.contains("**Landing**") && warning.contains("globex"), "{warning}");
        // Below the limit nothing is said.
        change(&scene, |settings| settings.max_channels_per_team = 1_000);
        scene.copy(&peer, id(502), false).await;
        scene.app.clock.advance(61_000);
        notices::tell_due(&scene.app).await.unwrap();
        assert_eq!(told(&scene.app, &scene.admin).await.len(), before + 1);
    })
    .await;
}

/// E-132: a live share whose connection is not there ends without a word, and the shared mark says what is so; other shares
/// and other channels stay as they are.
#[tokio::test]
async fn a_share_without_a_connection_ends_quietly() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        let copy = scene.copy(&acme, id(500), false).await.id;
        assert_eq!(shares::heal(&scene.app).await.unwrap(), 0);
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        tx.execute("DELETE FROM remote_clusters WHERE remote_id = $1", &[(&acme.id).into()]).await.unwrap();
        tx.commit().await.unwrap();
        let (posts, head) = (post_count(&scene, &copy).await, scene.head().await);
        scene.tick();
        crate::housekeeping::tidy(&scene.app).await.unwrap();
        assert!(scene.live_share(&acme, &scene.channel).await.is_none());
        assert!(scene.live_share(&acme, &copy).await.is_none());
        assert!(scene.live_share(&globex, &scene.channel).await.is_some());
        assert!(scene.channel_row(&scene.channel).await.shared, "others still take part");
        assert!(!scene.channel_row(&copy).await.shared);
        assert_eq!(post_count(&scene, &copy).await, posts, "nothing is posted");
        let told = scene.recorded_since(head).await;
        assert!(told.iter().any(|one| one.event == DomainEvent::ChannelUpdated { channel: copy }), "clients are told");
        assert_eq!(shares::heal(&scene.app).await.unwrap(), 0);
    })
    .await;
}
