//! Making, confirming and ending connections, on both databases.

use rialto_model::{DomainEvent, RemoteId};
use rialto_store::testing::both;
use rialto_store::{Db, remotes as remote_rows};

use super::*;
use crate::sharing_scene::{Scene, id, incoming_post, with_posts};
use crate::{Settings, connections};

fn named(name: &str) -> NewConnection {
    NewConnection { name: name.to_owned(), ..NewConnection::default() }
}

async fn made(scene: &Scene, name: &str) -> (RemoteCluster, FreshInvite) {
    let fresh = fresh_invite(&scene.app, scene.app.ids.id(RemoteId::from_random));
    let remote = create(&scene.app, &scene.admin.actor, named(name), &fresh).await.unwrap();
    (remote, fresh)
}

fn confirmation(scene: &Scene, site: &str) -> Confirmation {
    Confirmation {
        site_url: format!("https://{site}.example.org"),
        peer_token: scene.app.ids.token(),
        own_token: Some(scene.app.ids.token()),
        remote_team_id: "their-team".to_owned(),
        profile: PeerProfile::Rialto,
        caps: "share".to_owned(),
        digest: format!("digest of {site}"),
    }
}

async fn row(scene: &Scene, id: &RemoteId) -> RemoteCluster {
    remote_rows::get(&mut scene.view().await, id).await.unwrap().unwrap()
}

/// SC-089, SC-091, E-002, E-003.
#[tokio::test]
async fn a_new_connection_is_pending_and_its_name_checked() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (remote, fresh) = made(&scene, "Acme US").await;
        assert_eq!((remote.handle.as_str(), remote.display_name.as_str()), ("acme-us", "Acme US"));
        assert_eq!((remote.default_team_id, remote.confirmed_at), (Some(scene.team), None));
        assert_eq!(fresh.expires_at.0 - scene.app.clock.now().0, 48 * 3_600_000);
        assert_eq!(invitation_expiry(&scene.app, &remote.id).await.unwrap(), Some(fresh.expires_at));
        let refused = async |who: &crate::SessionUser, new: NewConnection| {
            let fresh = fresh_invite(&scene.app, scene.app.ids.id(RemoteId::from_random));
            create(&scene.app, who, new, &fresh).await.unwrap_err()
        };
        let admin = &scene.admin.actor;
        assert!(matches!(refused(admin, named("acme us")).await, Error::NameTaken(_)));
        assert!(matches!(refused(admin, named("a/b")).await, Error::Name(_)));
        let long = NewConnection { display_name: "x".repeat(65), ..named("b") };
        assert!(matches!(refused(admin, long).await, Error::TooLong { max: 64, .. }));
        let nowhere = NewConnection { team: Some(id(77)), ..named("b") };
        assert!(matches!(refused(admin, nowhere).await, Error::Team));
        assert!(matches!(refused(&scene.ann.actor, named("b")).await, Error::Denied(Denied::Forbidden(_))));
        let mut settings = Settings::clone(&scene.app.settings.get());
        settings.workspaces.max_pending = 1;
        scene.app.settings.set(settings);
        assert!(matches!(refused(admin, named("b")).await, Error::TooManyPending(1)));
        assert_eq!(connections::list(&scene.app, admin, true).await.unwrap().len(), 1);
    })
    .await;
}

/// E-009.
#[tokio::test]
async fn a_confirmation_makes_it_live_and_spends_all_its_codes() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (remote, first) = made(&scene, "acme").await;
        scene.tick();
        let (_, second) = renew_invite(&scene.app, &scene.admin.actor, &remote.id, EarlierCodes::Keep).await.unwrap();
        assert_ne!(first.token, second.token);
        let peer = confirmation(&scene, "acme");
        let (live, fresh) = confirm(&scene.app, &first.token, &remote.id, peer.clone()).await.unwrap();
        assert!(fresh && live.is_live() && !live.unrotated);
        assert_eq!(live, row(&scene, &remote.id).await);
        assert_eq!(live.site_url.as_deref(), Some("https://acme.example.org"));
        for token in [&first.token, &second.token] {
            let other = confirmation(&scene, "globex");
            let error = confirm(&scene.app, token, &remote.id, other).await.unwrap_err();
            assert!(matches!(error, ConfirmError::Used), "{error}");
        }
        // The answer was lost: the same words are answered again, and change nothing.
        scene.tick();
        let (again, fresh) = confirm(&scene.app, &first.token, &remote.id, peer.clone()).await.unwrap();
        assert_eq!((again, fresh), (live, false));
        let own = peer.own_token.unwrap();
        let known = async |token: &str| authenticate(&scene.app, remote.id.as_str(), token).await.unwrap().is_some();
        assert!(known(&own).await);
        for token in [&first.token, &second.token, &peer.peer_token, ""] {
            assert!(!known(token).await);
        }
        assert!(authenticate(&scene.app, "no id", &own).await.unwrap().is_none());
        assert_eq!(peer_token(&scene.app, &remote.id).await.unwrap().unwrap().1, peer.peer_token);
        let error =
            renew_invite(&scene.app, &scene.admin.actor, &remote.id, EarlierCodes::Keep).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Confirmed));
    })
    .await;
}

#[tokio::test]
async fn a_confirmation_that_is_wrong_leaves_the_code_usable() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (remote, code) = made(&scene, "acme").await;
        let (other, other_code) = made(&scene, "other").await;
        let globex = scene.peer("globex").await;
        let good = confirmation(&scene, "acme");
        let attempt = async |token: &str, id: &RemoteId, confirmation: Confirmation| {
            confirm(&scene.app, token, id, confirmation).await.unwrap_err()
        };
        assert!(matches!(attempt("unknown", &remote.id, good.clone()).await, ConfirmError::Unknown));
        assert!(matches!(attempt(&code.token, &other.id, good.clone()).await, ConfirmError::OtherConnection));
        let upper = code.token.to_ascii_uppercase();
        for confirmation in [
            Confirmation { peer_token: code.token.clone(), ..good.clone() },
            Confirmation { peer_token: upper.clone(), ..good.clone() },
            Confirmation { own_token: Some(code.token.clone()), ..good.clone() },
            Confirmation { own_token: Some(upper), ..good.clone() },
            Confirmation { own_token: Some(good.peer_token.clone()), ..good.clone() },
            // Tokens that open another connection, or are the code of one (ruling 9).
            Confirmation { own_token: Some(globex.token.clone()), ..good.clone() },
            Confirmation { peer_token: globex.token.clone(), ..good.clone() },
            Confirmation { own_token: Some(other_code.token.clone()), ..good.clone() },
        ] {
            assert!(matches!(attempt(&code.token, &remote.id, confirmation).await, ConfirmError::Token));
        }
        assert!(!row(&scene, &remote.id).await.is_live());
        confirm(&scene.app, &code.token, &remote.id, good).await.unwrap();
    })
    .await;
}

/// E-008.
#[tokio::test]
async fn a_code_runs_out_and_a_new_one_does_not_revive_it() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (remote, code) = made(&scene, "acme").await;
        scene.app.clock.advance(47 * 3_600_000);
        let (_, renewed) = renew_invite(&scene.app, &scene.admin.actor, &remote.id, EarlierCodes::Keep).await.unwrap();
        scene.app.clock.advance(3_600_000);
        let error = confirm(&scene.app, &code.token, &remote.id, confirmation(&scene, "acme")).await.unwrap_err();
        assert!(matches!(error, ConfirmError::Expired), "{error}");
        confirm(&scene.app, &renewed.token, &remote.id, confirmation(&scene, "acme")).await.unwrap();
    })
    .await;
}

/// SC-086: on request the codes made before end when another is made, and only those of the connection.
#[tokio::test]
async fn earlier_codes_end_when_that_is_asked_for() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (remote, code) = made(&scene, "acme").await;
        let (other, other_code) = made(&scene, "other").await;
        scene.tick();
        let (_, renewed) =
            renew_invite(&scene.app, &scene.admin.actor, &remote.id, EarlierCodes::Invalidate).await.unwrap();
        let error = confirm(&scene.app, &code.token, &remote.id, confirmation(&scene, "acme")).await.unwrap_err();
        assert!(matches!(error, ConfirmError::Expired), "{error}");
        confirm(&scene.app, &renewed.token, &remote.id, confirmation(&scene, "acme")).await.unwrap();
        confirm(&scene.app, &other_code.token, &other.id, confirmation(&scene, "other")).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_accept_one_code_at_once_one_wins() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        for round in 0..5 {
            let (remote, code) = made(&scene, &format!("acme-{round}")).await;
            let sites = ["one", "two", "three", "four"].map(|site| confirmation(&scene, &format!("{site}-{round}")));
            let attempts = sites.map(|confirmation| {
                let (app, token) = (scene.app.clone(), code.token.clone());
                tokio::spawn(async move { confirm(&app, &token, &remote.id, confirmation).await })
            });
            let mut won = Vec::new();
            for attempt in attempts {
                match attempt.await.unwrap() {
                    Ok((live, fresh)) => {
                        assert!(fresh);
                        won.push(live);
                    }
                    Err(error) => assert!(matches!(error, ConfirmError::Used), "{error}"),
                }
            }
            assert_eq!(won.len(), 1);
            assert_eq!(row(&scene, &remote.id).await, won[0]);
        }
    })
    .await;
}

/// AT-06.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_site_gets_one_connection_even_if_it_accepts_two_codes_at_once() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        for round in 0..5 {
            let (one, first) = made(&scene, &format!("one-{round}")).await;
            let (other, second) = made(&scene, &format!("other-{round}")).await;
            let site = format!("acme-{round}");
            let attempts = [(one.id, first.token), (other.id, second.token)].map(|(id, token)| {
                let (app, confirmation) = (scene.app.clone(), confirmation(&scene, &site));
                tokio::spawn(async move { confirm(&app, &token, &id, confirmation).await })
            });
            let mut outcomes = Vec::new();
            for attempt in attempts {
                outcomes.push(attempt.await.unwrap());
            }
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
            assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(ConfirmError::SameSite))));
        }
    })
    .await;
}

/// AT-06.
#[tokio::test]
async fn an_acceptance_is_kept_while_it_is_under_way_and_gone_if_it_fails() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acceptance = |n: u128, name: &str, site: &str| Acceptance {
            new: named(name),
            remote_id: id(n),
            site_url: format!("https://{site}.example.org"),
            remote_team_id: String::new(),
            own_token: format!("own-{n}"),
            peer_token: format!("peer-{n}"),
            profile: PeerProfile::Unknown,
            unrotated: false,
        };
        let begin = async |acceptance: &Acceptance| begin_acceptance(&scene.app, &scene.admin.actor, acceptance).await;
        let kept = begin(&acceptance(1, "acme", "acme")).await.unwrap();
        assert!(!kept.is_live());
        assert!(authenticate(&scene.app, kept.id.as_str(), "own-1").await.unwrap().is_some(), "it calls at once");
        assert!(matches!(begin(&acceptance(1, "again", "again")).await.unwrap_err(), Error::Known(_)));
        assert!(matches!(begin(&acceptance(2, "acme", "other")).await.unwrap_err(), Error::NameTaken(_)));
        assert!(matches!(begin(&acceptance(2, "other", "acme")).await.unwrap_err(), Error::SameSite(_)));
        abandon_acceptance(&scene.app, &id(1)).await.unwrap();
        assert!(find(&scene.app, &id(1)).await.unwrap().is_none());
        assert!(authenticate(&scene.app, kept.id.as_str(), "own-1").await.unwrap().is_none());

        begin(&acceptance(1, "acme", "acme")).await.unwrap();
        scene.tick();
        let confirmed =
            Confirmed { issued_token: Some("issued".to_owned()), profile: Some(PeerProfile::Rialto), caps: "x".into() };
        let live = finish_acceptance(&scene.app, &scene.admin.actor, &id(1), confirmed).await.unwrap();
        assert!(live.is_live() && live.has("x") && live.profile == PeerProfile::Rialto);
        assert_eq!(peer_token(&scene.app, &id(1)).await.unwrap().unwrap().1, "issued");
        abandon_acceptance(&scene.app, &id(1)).await.unwrap();
        assert!(find(&scene.app, &id(1)).await.unwrap().is_some(), "what is live is not taken away again");
    })
    .await;
}

/// SC-050.
#[tokio::test]
async fn a_removal_ends_everything_at_once_and_deletes_nothing() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        for peer in [&acme, &globex] {
            scene.share(peer).await;
        }
        let copy = scene.copy(&acme, id(50), false).await;
        scene.guest(&acme, 1).await;
        scene.guest(&globex, 2).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let head = scene.head().await;
        scene.tick();
        let refused = remove(&scene.app, &scene.ann.actor, &acme.id).await.map(|_| ()).unwrap_err();
        assert!(matches!(refused, Error::Denied(Denied::Forbidden(_))));
        let removal = remove(&scene.app, &scene.admin.actor, &acme.id).await.unwrap();
        assert_eq!((removal.channels.len(), removal.last_token.is_some()), (2, true));
        let ended = scene.remote(&acme).await;
        assert_eq!((ended.deleted_by, ended.severed), (Some(scene.admin.id), false));
        assert!(ended.delete_at.is_some());
        assert!(peer_token(&scene.app, &acme.id).await.unwrap().is_none());
        assert!(authenticate(&scene.app, acme.id.as_str(), &acme.token).await.unwrap().is_none());
        for channel in [scene.channel, copy.id] {
            assert!(scene.live_share(&acme, &channel).await.is_none());
        }
        assert!(scene.live_share(&globex, &scene.channel).await.is_some(), "others go on");
        assert!(scene.channel_row(&scene.channel).await.shared);
        assert!(!scene.channel_row(&copy.id).await.shared);
        assert!(scene.user(&id(1)).await.unwrap().delete_at.is_some());
        assert!(scene.user(&id(2)).await.unwrap().delete_at.is_none());
        assert!(!scene.is_member(&scene.channel, &id(1)).await);
        assert_eq!(scene.row(&id(10)).await.unwrap().message, "message 10");
        assert!(outbox::cursor(&mut scene.view().await, &consumer(&acme.id)).await.unwrap().is_none());
        let recorded = scene.recorded_since(head).await;
        let count = |wanted: fn(&DomainEvent) -> bool| recorded.iter().filter(|r| wanted(&r.event)).count();
        assert_eq!(count(|event| matches!(event, DomainEvent::ShareEnded { .. })), 2);
        assert_eq!(count(|event| matches!(event, DomainEvent::RemoteChanged { .. })), 1);
        assert_eq!(count(|event| matches!(event, DomainEvent::PostCreated { .. })), 2, "each channel is told");
        let again = remove(&scene.app, &scene.admin.actor, &acme.id).await.map(|_| ()).unwrap_err();
        assert!(matches!(again, Error::Ended(_)));
    })
    .await;
}

#[tokio::test]
async fn a_peer_severs_and_a_new_connection_to_its_site_takes_over() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let copy = scene.copy(&acme, id(50), false).await;
        scene.guest_in(&acme, &copy.id, 1).await;
        scene.take_in(&acme, &copy.id, with_posts([incoming_post(10, 1)])).await.unwrap();
        scene.tick();
        let severed = sever(&scene.app, &acme.actor).await.unwrap();
        assert!(severed.severed && severed.deleted_by.is_none());
        assert_eq!(sever(&scene.app, &acme.actor).await.unwrap(), severed, "told twice");
        let again = scene.peer("acme").await;
        let globex = scene.peer("globex").await;
        scene.tick();
        rehome(&scene.app, &globex.id).await.unwrap();
        assert_eq!(scene.user(&id(1)).await.unwrap().remote_id, Some(acme.id), "another site gets nothing");
        rehome(&scene.app, &again.id).await.unwrap();
        let person = scene.user(&id(1)).await.unwrap();
        assert_eq!((person.remote_id, person.delete_at), (Some(again.id), None));
        assert_eq!(scene.row(&id(10)).await.unwrap().remote_id, Some(again.id));
        assert_eq!(scene.channel_row(&copy.id).await.origin, Some(again.id));
        let head = scene.head().await;
        rehome(&scene.app, &again.id).await.unwrap();
        assert!(scene.recorded_since(head).await.is_empty(), "there is nothing left to take over");
        // Under another name of the connection they bear that name, and a stand-in both know stays the earlier one.
        let stand_in = async |remote: &rialto_model::RemoteId, user: u128| {
            let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
            rialto_store::users::insert_alias(&mut tx, remote, &id(5), &id(user)).await.unwrap();
            tx.commit().await.unwrap();
        };
        stand_in(&again.id, 6).await;
        remove(&scene.app, &scene.admin.actor, &again.id).await.unwrap();
        let renamed = scene.peer_at("acme", "apex").await;
        stand_in(&renamed.id, 7).await;
        rehome(&scene.app, &renamed.id).await.unwrap();
        assert_eq!(scene.user(&id(1)).await.unwrap().username, "user1:apex");
        let known = rialto_store::users::alias(&mut scene.view().await, &renamed.id, &id(5)).await.unwrap();
        assert_eq!(known, Some(id(6)));
    })
    .await;
}

/// SC-056.
#[tokio::test]
async fn contacts_are_noted_and_only_changes_are_recorded() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let head = scene.head().await;
        let pinged = Contact { pinged: true, ..Contact::default() };
        let note = async |contact: Contact| {
            scene.tick();
            note_contact(&scene.app, &acme.id, contact).await.unwrap().unwrap()
        };
        assert!(note(pinged.clone()).await.is_online(scene.app.clock.now(), 300_000));
        note(pinged.clone()).await;
        assert_eq!(scene.recorded_since(head).await.len(), 1, "it came online once");
        let failed = Contact { error: Some("refused".to_owned()), ..Contact::default() };
        let first = note(failed.clone()).await;
        assert_eq!(first.last_error, "refused");
        let second = note(failed.clone()).await;
        assert_eq!(second.failing_since, first.failing_since, "since the first failure");
        scene.app.clock.advance(300_000);
        assert!(!note(failed).await.is_online(scene.app.clock.now(), 300_000));
        let back = note(pinged).await;
        assert_eq!((back.failing_since, back.last_error.as_str()), (None, ""));
        let changed = Contact { profile: Some(PeerProfile::Mattermost11), ..Contact::default() };
        let before = scene.head().await;
        note(changed).await;
        assert_eq!(scene.recorded_since(before).await.len(), 1);
        let unknown = note_contact(&scene.app, &id(77), Contact::default()).await.unwrap();
        assert_eq!(unknown, None);
    })
    .await;
}

/// AT-08.
#[tokio::test]
async fn who_may_look_sees_connections_and_others_only_those_they_share_a_channel_with() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        let outsider = scene.person("olga").await;
        assert_eq!(connections::list(&scene.app, &scene.admin.actor, false).await.unwrap().len(), 2);
        assert!(connections::list(&scene.app, &scene.ann.actor, false).await.is_err());
        assert_eq!(info(&scene.app, &scene.ann.actor, &acme.id).await.unwrap().id, acme.id);
        for (who, peer) in [(&scene.ann, &globex), (&outsider, &acme)] {
            let hidden = info(&scene.app, &who.actor, &peer.id).await.unwrap_err();
            assert!(matches!(hidden, Error::Denied(Denied::Absent(_))));
        }
        let renamed = update(&scene.app, &scene.admin.actor, &acme.id, called("Acme Inc.")).await.unwrap();
        assert_eq!((renamed.display_name.as_str(), renamed.name.as_str()), ("Acme Inc.", "acme"));
        let back = update(&scene.app, &scene.admin.actor, &acme.id, called(" ")).await.unwrap();
        assert_eq!(back.display_name, "acme");
        let error = update(
            &scene.app,
            &scene.admin.actor,
            &acme.id,
            ConnectionChange { team: Some(id(77)), ..Default::default() },
        )
        .await
        .unwrap_err();
        assert!(matches!(error, Error::Team));
    })
    .await;
}

fn called(name: &str) -> ConnectionChange {
    ConnectionChange { display_name: Some(name.to_owned()), ..ConnectionChange::default() }
}
