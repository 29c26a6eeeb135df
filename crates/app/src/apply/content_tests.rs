//! What a peer's messages do to their readers here: whom they call, what they count, how they look.

use rialto_model::{ChannelMember, Millis, UserId};
use rialto_store::Db;
use rialto_store::testing::both;

use super::{IncomingPost, IncomingUser};
use crate::posts::NewPost;
use crate::sharing_scene::{
    Peer, Person, Scene, id, incoming_post, incoming_reaction, incoming_user, with_posts, with_reactions, with_users,
};
use crate::{Settings, channel_members, posts, reactions};

/// Our channel shared with acme, whose person 1 takes part.
async fn shared(db: Db) -> (Scene, Peer) {
    let scene = Scene::new(db).await;
    let acme = scene.peer("acme").await;
    scene.share(&acme).await;
    scene.guest(&acme, 1).await;
    (scene, acme)
}

async fn member(scene: &Scene, person: &Person) -> ChannelMember {
    channel_members::get(&scene.app, &person.actor, &scene.channel, &person.id).await.unwrap()
}

/// Messages and roots somebody has not read.
async fn unread(scene: &Scene, person: &Person) -> (i64, i64) {
    let (member, channel) = (member(scene, person).await, scene.channel_row(&scene.channel).await);
    (channel.total_msg_count - member.msg_count, channel.total_msg_count_root - member.msg_count_root)
}

fn calling(n: u128, text: &str, people: &[UserId], scene: &Scene) -> IncomingPost {
    let now = scene.app.clock.now();
    IncomingPost {
        create_at: now,
        update_at: now,
        message: text.to_owned(),
        mentioned: Some(people.to_vec()),
        ..incoming_post(n, 1)
    }
}

fn rings_at_most(scene: &Scene, people: usize) {
    let settings = Settings::clone(&scene.app.settings.get());
    scene.app.settings.set(Settings { max_notifications_per_channel: people, ..settings });
}

/// E-076: who is named, however often, is called once.
#[tokio::test]
async fn who_is_named_is_called_once() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let text = "@bob @bob and once more @bob, and all @user1:acme";
        let named = [scene.bob.id, scene.bob.id, id(1)];
        scene.take(&acme, with_posts([calling(10, text, &named, &scene)])).await;
        assert_eq!(member(&scene, &scene.bob).await.mention_count, 1);
        assert_eq!(member(&scene, &scene.ann).await.mention_count, 0);
    })
    .await;
}

/// E-078: in a channel with more people than one word may call it calls nobody, whoever wrote it; the text stays, and
/// those it names are called all the same.
#[tokio::test]
async fn in_a_big_channel_a_word_for_everybody_calls_nobody() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let counts = async || {
            let (ann, bob) = (member(&scene, &scene.ann).await, member(&scene, &scene.bob).await);
            (ann.mention_count, bob.mention_count)
        };
        // Ann, Bob and the administrator.
        rings_at_most(&scene, 2);
        scene.take(&acme, with_posts([calling(10, "@here come", &[], &scene)])).await;
        assert_eq!(counts().await, (0, 0));
        assert_eq!(scene.row(&id(10)).await.unwrap().message, "@here come");
        scene.take(&acme, with_posts([calling(11, "@all, and @bob above all", &[scene.bob.id], &scene)])).await;
        assert_eq!(counts().await, (0, 1));
        scene.post(&scene.ann, "@channel").await;
        assert_eq!(counts().await, (0, 1), "nor does our own");
        rings_at_most(&scene, 3);
        scene.take(&acme, with_posts([calling(12, "@here come", &[], &scene)])).await;
        assert_eq!(counts().await, (1, 2));
        scene.post(&scene.ann, "@channel").await;
        assert_eq!(counts().await, (1, 3));
    })
    .await;
}

/// E-153: what is unread after a catch-up is what came, once, also when it comes again; reading it leaves nothing, and
/// what is deleted afterwards takes nothing off below that.
#[tokio::test]
async fn counters_are_exact_after_a_catch_up() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let read = async || {
            scene.tick();
            channel_members::view(
                &scene.app,
                &scene.bob.actor,
                &[scene.channel],
                crate::channel_members::Seen::Messages,
            )
            .await
            .unwrap();
        };
        read().await;
        let reply = |n, root| IncomingPost { root_id: Some(id(root)), ..calling(n, "@bob", &[scene.bob.id], &scene) };
        let caught_up = || {
            with_posts([
                calling(10, "one", &[], &scene),
                calling(11, "two", &[], &scene),
                reply(12, 10),
                reply(13, 10),
                calling(14, "@bob", &[scene.bob.id], &scene),
            ])
        };
        let frame = caught_up();
        for _ in 0..3 {
            scene.take(&acme, frame.clone()).await;
            assert_eq!(unread(&scene, &scene.bob).await, (5, 3));
            let bob = member(&scene, &scene.bob).await;
            assert_eq!((bob.mention_count, bob.mention_count_root), (3, 1));
            assert_eq!(scene.row(&id(10)).await.unwrap().reply_count, 2);
        }
        read().await;
        assert_eq!(unread(&scene, &scene.bob).await, (0, 0));
        assert_eq!(member(&scene, &scene.bob).await.mention_count, 0);
        let gone = IncomingPost {
            delete_at: Some(Millis(1_900_000_000_000)),
            update_at: Millis(1_900_000_000_000),
            message: String::new(),
            ..calling(14, "", &[], &scene)
        };
        scene.take(&acme, with_posts([gone])).await;
        let (all, roots) = unread(&scene, &scene.bob).await;
        assert!(all >= 0 && roots >= 0, "{all} {roots}");
        scene.take(&acme, frame).await;
        assert_eq!(unread(&scene, &scene.bob).await, (all, roots), "what is known is no news");
    })
    .await;
}

/// SC-090, E-171: an emoji nobody here has is kept under its name, in messages, reactions and statuses; it is counted and
/// can be joined.
#[tokio::test]
async fn an_emoji_that_is_missing_here_is_its_name() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let status = r#"{"emoji":"party_parrot","text":"off"}"#;
        let with_status = IncomingUser {
            update_at: Millis(3_000),
            custom_status: Some(status.to_owned()),
            ..incoming_user(&acme, 1)
        };
        scene.take(&acme, with_users([with_status])).await;
        let user = scene.user(&id(1)).await.unwrap();
        assert_eq!(user.props.get("customStatus").map(String::as_str), Some(status));
        scene.take(&acme, with_posts([calling(10, "hurrah :party_parrot:", &[], &scene)])).await;
        assert_eq!(scene.row(&id(10)).await.unwrap().message, "hurrah :party_parrot:");
        let outcome = scene.take(&acme, with_reactions([incoming_reaction(id(10), 1, "party_parrot", 5)])).await;
        assert!(outcome.refused_reactions.is_empty());
        scene.tick();
        reactions::add(&scene.app, &scene.bob.actor, &id(10), "party_parrot").await.unwrap();
        let list = reactions::list(&scene.app, &scene.ann.actor, &id(10)).await.unwrap();
        let mut list: Vec<_> = list.into_iter().map(|reaction| (reaction.user_id, reaction.emoji_name)).collect();
        list.sort();
        let mut expected = vec![(id(1), "party_parrot".to_owned()), (scene.bob.id, "party_parrot".to_owned())];
        expected.sort();
        assert_eq!(list, expected);
        // Ours goes out under its name as well.
        scene.tick();
        let new = NewPost { message: ":our_own_one:".to_owned(), ..NewPost::default() };
        let made = posts::create(&scene.app, &scene.ann.actor, &scene.channel, new).await.unwrap();
        assert_eq!(scene.row(&made.id).await.unwrap().message, ":our_own_one:");
    })
    .await;
}

/// E-094: who is back at home is back here, where they belonged before; what they wrote stood all the time.
#[tokio::test]
async fn somebody_who_is_active_again_belongs_where_they_did() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let version = |at, gone| IncomingUser { update_at: Millis(at), delete_at: gone, ..incoming_user(&acme, 1) };
        scene.take(&acme, with_users([version(3_000, Some(Millis(3_000)))])).await;
        assert!(scene.user(&id(1)).await.unwrap().delete_at.is_some());
        assert!(scene.row(&id(10)).await.unwrap().gone_at().is_none());
        scene.take(&acme, with_users([version(4_000, None)])).await;
        let back = scene.user(&id(1)).await.unwrap();
        assert_eq!((back.delete_at, back.nickname.as_str()), (None, "Nick 1"));
        assert!(scene.is_member(&scene.channel, &id(1)).await);
        let outcome = scene.take(&acme, with_posts([incoming_post(11, 1)])).await;
        assert_eq!(outcome.refused_posts, []);
        assert!(scene.row(&id(11)).await.is_some());
    })
    .await;
}

/// E-100: a name that means something here belongs to nobody else: it carries its server's mark, and what the wire let
/// in of it takes no name of ours.
#[tokio::test]
async fn a_peers_administrator_is_not_ours() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        let admin = IncomingUser {
            username: "admin".to_owned(),
            stand_ins: vec!["admin:acme".to_owned(), "admin-2:acme".to_owned()],
            ..incoming_user(&acme, 7)
        };
        scene.take(&acme, with_users([admin])).await;
        let there = scene.user(&id(7)).await.unwrap();
        assert_eq!((there.username.as_str(), there.remote_username.as_str()), ("admin:acme", "admin"));
        assert_eq!(scene.user(&scene.admin.id).await.unwrap().username, "admin");
        scene.take(&acme, with_posts([calling(10, "@admin", &[], &scene)])).await;
        let ours = member(&scene, &scene.admin).await;
        assert_eq!(ours.mention_count, 0, "a sender who names nobody calls nobody of that name here");
    })
    .await;
}

/// E-155: what machines say to each other over two servers again and again is held back and written down; what differs,
/// what comes later and what others say is not.
#[tokio::test]
async fn a_storm_of_identical_messages_is_held_back() {
    both(async |db: Db| {
        let (scene, acme) = shared(db).await;
        scene.guest(&acme, 2).await;
        let echo = |n| calling(n, "ping", &[], &scene);
        let outcome = scene.take(&acme, with_posts((100..125).map(echo))).await;
        let held: Vec<_> = (120..125).map(|n| (id(n), super::Code::Quota)).collect();
        assert_eq!(outcome.refused_posts, held);
        assert!(scene.row(&id(119)).await.is_some() && scene.row(&id(120)).await.is_none());
        let others = [
            calling(130, "pong", &[], &scene),
            IncomingPost { user_id: id(2), ..echo(131) },
            IncomingPost { create_at: Millis(1_699_900_000_000), ..echo(132) },
        ];
        assert_eq!(scene.take(&acme, with_posts(others)).await.refused_posts, []);
        let sql = "SELECT detail FROM audit WHERE action = 'sync_refused'";
        let noted: Vec<String> = scene.view().await.fetch_all(sql, &[]).await.unwrap();
        assert_eq!(noted, ["post quota 5"]);
        scene.app.clock.advance(60_000);
        assert_eq!(scene.take(&acme, with_posts([echo(120)])).await.refused_posts, []);
    })
    .await;
}
