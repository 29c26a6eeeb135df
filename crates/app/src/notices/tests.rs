//! What administrators and authors are told, on both databases.

use rialto_model::{Channel, PeerProfile, Post, UserId};
use rialto_store::testing::both;
use rialto_store::{Db, channel_members, channels, posts};

use crate::connections::{self, ConfirmError, Confirmation, Contact, NewConnection};
use crate::notices::{self, authors};
use crate::shares::{self, Begun, Invitation};
use crate::sharing_scene::{Scene, id, incoming_post, with_posts};
use crate::statuses::{self, Presence};
use crate::{App, Settings, Volatile, direct_channels, outbox};

/// The direct channel of the system account and somebody, and what stands there, oldest first.
async fn conversation(app: &App, person: &UserId) -> Option<(Channel, Vec<Post>)> {
    let people = [app.system_user, *person].into_iter().collect();
    let name = direct_channels::name(rialto_model::ChannelKind::Direct, &people);
    let mut view = app.db.read(app.clock.now()).await.unwrap();
    let channel = channels::get_by_name(&mut view, None, &name).await.unwrap()?;
    let mut page = posts::page(&mut view, &channel.id, false, 0, 100).await.unwrap();
    page.reverse();
    Some((channel, page))
}

async fn told(app: &App, person: &UserId) -> Vec<String> {
    let found = conversation(app, person).await;
    found.map_or_else(Vec::new, |(_, posts)| posts.into_iter().map(|post| post.message).collect())
}

fn change(scene: &Scene, change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings::clone(&scene.app.settings.get());
    change(&mut settings);
    scene.app.settings.set(settings);
}

/// M-01: who made an invitation learns that it was accepted, by an unread direct message of the system account's.
#[tokio::test]
async fn who_made_an_invitation_learns_that_it_was_accepted() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let second = scene.person_as("second", "system_user system_admin").await;
        scene.peer("acme").await;
        let (channel, posts) = conversation(&scene.app, &scene.admin.id).await.unwrap();
        assert_eq!(posts.len(), 1);
        assert_eq!(posts[0].user_id, scene.app.system_user);
        let text = &posts[0].message;
        assert!(
            text.contains("**acme**") && text.contains("https://acme.example.org") && text.contains("UTC"),
            "{text}"
        );
        let mut view = scene.view().await;
        let member = channel_members::get(&mut view, &channel.id, &scene.admin.id).await.unwrap().unwrap();
        assert_eq!((member.mention_count, member.msg_count), (1, 0));
        assert_eq!(channels::get(&mut view, &channel.id).await.unwrap().unwrap().total_msg_count, 1);
        drop(view);
        assert_eq!(told(&scene.app, &second.id).await, [""; 0], "nobody else");
        scene.peer("globex").await;
        let (again, posts) = conversation(&scene.app, &scene.admin.id).await.unwrap();
        assert_eq!((again.id, posts.len()), (channel.id, 2), "one conversation");
    })
    .await;
}

/// M-06, SC-081: the administrators are told of all shares that end within a minute in one message, also after a restart.
#[tokio::test]
async fn shares_that_end_within_a_minute_are_told_together() {
    both(async |db: Db| {
        let scene = Scene::new(db.clone()).await;
        let second = scene.person_as("second", "system_user system_admin").await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        shares::ended_by_peer(&scene.app, &acme.id, &scene.channel).await.unwrap();
        scene.app.clock.advance(30_000);
        shares::ended_by_peer(&scene.app, &globex.id, &scene.channel).await.unwrap();
        scene.app.clock.advance(29_999);
        notices::tell_due(&scene.app).await.unwrap();
        assert_eq!(told(&scene.app, &second.id).await, [""; 0], "not before its time");
        let restarted = App { clock: scene.app.clock.clone(), ..crate::testing::open(db).await };
        restarted.clock.advance(1);
        notices::tell_due(&restarted).await.unwrap();
        notices::tell_due(&restarted).await.unwrap();
        for person in [&scene.admin.id, &second.id] {
            let all = told(&restarted, person).await;
            let about: Vec<&String> = all.iter().filter(|text| text.contains("ended sharing")).collect();
            assert_eq!(about.len(), 1, "{all:?}");
            for part in ["**acme**", "**globex**", "**The plans**", "UTC"] {
                assert!(about[0].contains(part), "{part} in {about:?}");
            }
        }
        assert_eq!(told(&restarted, &scene.ann.id).await, [""; 0], "administrators only");
    })
    .await;
}

/// M-06: `NotifyAdminsOnUnshare` switches these messages off; what we end ourselves is nobody's news.
#[tokio::test]
async fn administrators_are_told_only_what_others_end_and_if_they_want() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        let before = told(&scene.app, &scene.admin.id).await.len();
        shares::uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
        change(&scene, |settings| settings.workspaces.notify_admins_on_unshare = false);
        scene.tick();
        shares::ended_by_peer(&scene.app, &globex.id, &scene.channel).await.unwrap();
        connections::sever(&scene.app, &globex.actor).await.unwrap();
        scene.app.clock.advance(60_000);
        notices::tell_due(&scene.app).await.unwrap();
        assert_eq!(told(&scene.app, &scene.admin.id).await.len(), before);
    })
    .await;
}

/// M-07: a connection the peer has removed is told to every administrator at once, with the number of its channels.
#[tokio::test]
async fn a_removal_by_the_peer_is_told_to_every_administrator() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let second = scene.person_as("second", "system_user system_admin").await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.tick();
        connections::sever(&scene.app, &acme.actor).await.unwrap();
        connections::sever(&scene.app, &acme.actor).await.unwrap();
        scene.app.clock.advance(60_000);
        notices::tell_due(&scene.app).await.unwrap();
        let told = told(&scene.app, &second.id).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("**acme**") && told[0].contains("1 channel "), "{told:?}");
    })
    .await;
}

/// E-006: a code that was used is refused to others, and its maker is told from where it was tried.
#[tokio::test]
async fn who_made_a_code_learns_that_it_was_tried_again() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let fresh = connections::fresh_invite(&scene.app, id(70));
        let new = NewConnection { name: "acme".to_owned(), ..NewConnection::default() };
        connections::create(&scene.app, &scene.admin.actor, new, &fresh).await.unwrap();
        let by = |site: &str| Confirmation {
            site_url: format!("https://{site}.example.org"),
            peer_token: scene.app.ids.token(),
            own_token: Some(scene.app.ids.token()),
            remote_team_id: String::new(),
            profile: PeerProfile::Rialto,
            caps: String::new(),
            digest: site.to_owned(),
        };
        connections::confirm(&scene.app, &fresh.token, &id(70), by("acme")).await.unwrap();
        let repeated = connections::confirm(&scene.app, &fresh.token, &id(70), by("acme")).await.unwrap();
        assert!(!repeated.1, "its own repetition is none of that");
        for site in ["thief", "thief", "other"] {
            scene.tick();
            let refused = connections::confirm(&scene.app, &fresh.token, &id(70), by(site)).await.unwrap_err();
            assert!(matches!(refused, ConfirmError::Used), "{refused}");
        }
        scene.app.clock.advance(60_000);
        notices::tell_due(&scene.app).await.unwrap();
        let told = told(&scene.app, &scene.admin.id).await;
        let tried: Vec<&String> = told.iter().filter(|text| text.contains("tried again")).collect();
        assert!(tried.len() == 1 && tried[0].contains("https://thief.example.org"), "{told:?}");
    })
    .await;
}

/// M-20: trouble with our credential is told once, and again only after it was accepted in between.
#[tokio::test]
async fn a_refused_credential_is_told_once_a_trouble() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let failing = Contact { error: Some("no".to_owned()), ..Contact::default() };
        connections::note_contact(&scene.app, &acme.id, failing).await.unwrap();
        let since = scene.app.clock.now();
        let count = async || {
            let all = told(&scene.app, &scene.admin.id).await;
            all.iter().filter(|text| text.contains("credential since")).count()
        };
        for _ in 0..2 {
            scene.app.clock.advance(300_000);
            notices::credential_refused(&scene.app, &acme.id).await.unwrap();
        }
        assert_eq!(count().await, 1);
        let told = told(&scene.app, &scene.admin.id).await;
        assert!(told.last().unwrap().contains(&crate::interruptions::utc(since)), "{told:?}");
        notices::credential_accepted(&scene.app, &acme.id).await.unwrap();
        notices::credential_refused(&scene.app, &acme.id).await.unwrap();
        assert_eq!(count().await, 2);
    })
    .await;
}

/// M-03: the inviter learns why an invitation was refused, in a note while they are here and in a direct message else.
#[tokio::test]
async fn the_inviter_learns_why_an_invitation_was_refused() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let mut heard = scene.app.bus.volatile();
        for here in [true, false] {
            let presence = if here { Presence::Away } else { Presence::Offline };
            statuses::set(&scene.app, &scene.admin.actor, &scene.admin.id, presence, 0).await.unwrap();
            let peer = scene.peer(if here { "acme" } else { "globex" }).await;
            let before = told(&scene.app, &scene.admin.id).await.len();
            let wanted = Invitation::default();
            let share = shares::invite(&scene.app, &scene.admin.actor, &scene.channel, &peer.id, wanted).await;
            let refused = Begun::Refused { reason: "too many channels".to_owned() };
            shares::begun(&scene.app, &share.unwrap().share.id, refused).await.unwrap();
            let all = told(&scene.app, &scene.admin.id).await;
            if here {
                let Ok(Volatile::Ephemeral { user, channel, message, .. }) = heard.try_recv() else { panic!("a note") };
                assert_eq!((user, channel), (scene.admin.id, scene.channel));
                assert!(message.contains("**acme**") && message.contains("too many channels"), "{message}");
                assert_eq!(all.len(), before);
            } else {
                assert!(heard.try_recv().is_err());
                assert_eq!(all.len(), before + 1);
                let names = |text: &String| text.contains("**globex**") && text.contains("**The plans**");
                assert!(all.iter().any(names), "{all:?}");
            }
        }
    })
    .await;
}

/// Messages at the end of the log, as the follower of the log sees them.
async fn written(scene: &Scene, since: rialto_model::Seq) -> Vec<authors::Written> {
    let recorded = scene.recorded_since(since).await;
    let found = recorded.into_iter().filter_map(|one| match one.event {
        rialto_model::DomainEvent::PostCreated { post, channel, owner: None, .. } => {
            Some(authors::Written { post, channel, seq: one.seq, at: one.at })
        }
        _ => None,
    });
    found.collect()
}

fn notes(heard: &mut tokio::sync::broadcast::Receiver<Volatile>) -> Vec<(UserId, String)> {
    let mut notes = Vec::new();
    while let Ok(news) = heard.try_recv() {
        if let Volatile::Ephemeral { user, message, .. } = news {
            notes.push((user, message));
        }
    }
    notes
}

async fn ping(scene: &Scene, peer: &crate::sharing_scene::Peer) {
    let contact = Contact { pinged: true, ..Contact::default() };
    connections::note_contact(&scene.app, &peer.id, contact).await.unwrap();
}

/// M-10: an author is told once an outage, and of all organisations that are offline in one note.
#[tokio::test]
async fn an_author_is_told_once_that_organisations_are_offline() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        let guest = scene.guest(&acme, 80).await;
        scene.app.clock.advance(600_000);
        let mut heard = scene.app.bus.volatile();
        let start = scene.head().await;
        let first = scene.post(&scene.ann, "is anybody there?").await;
        scene.post(&scene.ann, "hello?").await;
        scene.post(&scene.bob, "me too").await;
        scene.take(&acme, with_posts([incoming_post(90, 80)])).await;
        assert_ne!(guest, scene.ann.id);
        scene.head().await;
        authors::tell_of_waiting(&scene.app, &written(&scene, start).await).await.unwrap();
        let told = notes(&mut heard);
        assert_eq!(told.iter().map(|(user, _)| *user).collect::<Vec<_>>(), [scene.ann.id, scene.bob.id]);
        assert!(told[0].1.contains("**acme**") && told[0].1.contains("**globex**"), "{told:?}");
        // Acme gets messages again, and is then offline once more.
        let taken = outbox::Delivered { taken: vec![first.id], ..outbox::Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &taken).await.unwrap();
        let start = scene.head().await;
        scene.post(&scene.ann, "still nobody?").await;
        scene.head().await;
        authors::tell_of_waiting(&scene.app, &written(&scene, start).await).await.unwrap();
        let told = notes(&mut heard);
        assert!(told.len() == 1 && told[0].1.contains("**acme**") && !told[0].1.contains("**globex**"), "{told:?}");
    })
    .await;
}

/// M-10: of a message that is not confirmed for ten seconds its author is told, although the peer answers pings.
#[tokio::test]
async fn an_author_is_told_that_a_message_is_not_confirmed() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        ping(&scene, &acme).await;
        let mut heard = scene.app.bus.volatile();
        let start = scene.head().await;
        scene.post(&scene.ann, "on its way").await;
        let private = scene.new_channel("ours").await;
        scene.join(&scene.ann, &private).await;
        scene.write(&scene.ann, &private, "among us", None).await;
        scene.head().await;
        let all = written(&scene, start).await;
        let open = authors::tell_of_waiting(&scene.app, &all).await.unwrap();
        assert_eq!(open.len(), 1, "of what nobody else gets nothing is awaited: {open:?}");
        scene.app.clock.advance(10_000);
        assert_eq!(authors::tell_of_waiting(&scene.app, &open).await.unwrap(), []);
        let told = notes(&mut heard);
        assert!(told.len() == 1 && told[0].0 == scene.ann.id && told[0].1.contains("**acme**"), "{told:?}");
        // Another one is confirmed in time.
        scene.post(&scene.bob, "this one arrives").await;
        let head = scene.head().await;
        let open = written(&scene, open[0].seq).await.into_iter().filter(|one| one.channel == scene.channel);
        let open: Vec<authors::Written> = open.collect();
        let from = outbox::position(&scene.app, &acme.id).await.unwrap().unwrap();
        assert!(outbox::advance(&scene.app, &acme.id, from, head, &[]).await.unwrap());
        scene.app.clock.advance(10_000);
        assert_eq!(authors::tell_of_waiting(&scene.app, &open).await.unwrap(), []);
        assert_eq!(notes(&mut heard), []);
    })
    .await;
}

/// A direct message goes to people of this server who are there; two at once open one conversation.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_messages_at_once_open_one_conversation() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let write = |reader: UserId| {
            let app = scene.app.clone();
            tokio::spawn(async move {
                let mut tx = app.db.begin(app.clock.now()).await.unwrap();
                notices::write_to(&app, &mut tx, &reader, "news").await.unwrap();
                tx.commit().await.unwrap();
            })
        };
        let attempts: Vec<_> = (0..6).map(|_| write(scene.ann.id)).collect();
        for attempt in attempts {
            attempt.await.unwrap();
        }
        assert_eq!(told(&scene.app, &scene.ann.id).await.len(), 6);
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let guest = scene.guest(&acme, 80).await;
        write(guest).await.unwrap();
        assert!(conversation(&scene.app, &guest).await.is_none(), "not to people of other servers");
    })
    .await;
}

/// M-18, E-031: the author of a message that an organisation refuses for good is told, and can ask who and why.
#[tokio::test]
async fn an_author_learns_that_a_message_was_refused() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let first = scene.post(&scene.ann, "too long").await;
        let second = scene.post(&scene.ann, "not wanted").await;
        let mut heard = scene.app.bus.volatile();
        // What else is told of how messages fare is another test's.
        let mut mark = || loop {
            match heard.try_recv() {
                Ok(Volatile::Deliveries { .. }) => {}
                Ok(Volatile::Undelivered { user, channel, post }) => return Some((user, channel, post)),
                Ok(other) => panic!("no mark: {other:?}"),
                Err(_) => return None,
            }
        };
        let refused = outbox::Delivered {
            refused: vec![(outbox::Item::Post(second.id), "it did".to_owned())],
            ..Default::default()
        };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
        assert_eq!(mark(), None, "it is tried again first");
        for _ in 0..5 {
            outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
        }
        outbox::set_aside(&scene.app, &acme.id, &scene.channel, outbox::Item::Post(first.id), "longer than it takes")
            .await
            .unwrap();
        for post in [&second, &first] {
            assert_eq!(mark(), Some((scene.ann.id, scene.channel, post.id)));
        }
        let of = async |who: &crate::SessionUser| authors::undelivered(&scene.app, who, &scene.channel).await;
        let list = of(&scene.ann.actor).await.unwrap();
        let shown: Vec<_> = list.iter().map(|one| (one.post, one.organisation.as_str(), one.reason.as_str())).collect();
        assert_eq!(shown, [(first.id, "acme", "longer than it takes"), (second.id, "acme", "it did")]);
        assert_eq!(of(&scene.bob.actor).await.unwrap(), [], "its author only");
        let stranger = scene.stranger("stranger", "system_user").await;
        assert!(of(&stranger.actor).await.is_err());
        change(&scene, |settings| settings.workspaces.delivery_states = false);
        assert_eq!(of(&scene.ann.actor).await.unwrap(), []);
    })
    .await;
}
