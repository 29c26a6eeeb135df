//! Which changes go to which peer: everything it has to hear, nothing of what is not its to hear.

use rialto_model::{ChannelId, Millis, PostId, Seq, UserId};
use rialto_store::Db;
use rialto_store::testing::both;

use super::load_tests::{load, people};
use crate::apply::{IncomingItems, IncomingMember, IncomingPost, IncomingUser};
use crate::outbox::{self, Delivered, Wanted, What};
use crate::sharing_scene::{
    Scene, id, incoming_post, incoming_reaction, incoming_user, with_posts, with_reactions, with_users,
};
use crate::{Settings, connections, posts, reactions, shares};

/// What of it is about posts.
fn posts_in(changes: &[(ChannelId, What)]) -> Vec<PostId> {
    changes.iter().filter_map(|(_, what)| if let What::Post(post) = what { Some(*post) } else { None }).collect()
}

#[tokio::test]
async fn a_peer_hears_of_our_changes_and_not_of_its_own() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let before = scene.post(&scene.ann, "before sharing").await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let head = scene.head().await;
        let made = scene.post(&scene.ann, "hello").await;
        scene.tick();
        reactions::add(&scene.app, &scene.bob.actor, &made.id, "wave").await.unwrap();
        reactions::remove(&scene.app, &scene.bob.actor, &scene.bob.id, &made.id, "wave").await.unwrap();
        let patch = posts::PostPatch { message: Some("hello all".to_owned()), ..Default::default() };
        posts::edit(&scene.app, &scene.ann.actor, &made.id, patch).await.unwrap();
        posts::delete(&scene.app, &scene.ann.actor, &made.id).await.unwrap();
        let changes = scene.changes(&acme, head).await;
        assert_eq!(posts_in(&changes), [made.id, made.id, made.id]);
        assert_eq!(changes.iter().filter(|(_, what)| matches!(what, What::Reaction(_))).count(), 2);
        assert!(changes.iter().all(|(channel, _)| *channel == scene.channel));
        // From the beginning of the log: nothing from before the share.
        assert!(!posts_in(&scene.changes(&acme, Seq(0)).await).contains(&before.id));

        let head = scene.head().await;
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        scene.take(&acme, with_reactions([incoming_reaction(id(10), 1, "wave", 5)])).await;
        assert_eq!(scene.changes(&acme, head).await, [], "nothing returns to where it came from");
    })
    .await;
}

/// What reaches a peer of messages from before and between its shares when something is done to them.
/// E-136.
#[tokio::test]
async fn what_was_written_before_a_share_or_between_two_stays_here_whatever_is_done_to_it() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        let before = [
            scene.post(&scene.ann, "before, edited").await.id,
            scene.post(&scene.ann, "before, pinned").await.id,
            scene.post(&scene.ann, "before, deleted").await.id,
        ];
        scene.share(&acme).await;
        let during = scene.post(&scene.ann, "during").await.id;
        let taken = Delivered { taken: vec![during], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &taken).await.unwrap();
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        scene.app.clock.advance(1_000);
        shares::uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
        // To a time at which it was shared.
        scene.app.clock.advance(-500);
        let between = scene.post(&scene.ann, "between").await.id;
        scene.share(&acme).await;
        let later = scene.post(&scene.ann, "later").await.id;
        scene.share(&globex).await;
        let head = scene.head().await;
        let touch = async |post: PostId, n: usize| {
            scene.tick();
            match n {
                0 => {
                    let patch = posts::PostPatch { message: Some("changed".to_owned()), ..Default::default() };
                    posts::edit(&scene.app, &scene.ann.actor, &post, patch).await.unwrap();
                }
                1 => drop(posts::set_pinned(&scene.app, &scene.bob.actor, &post, true).await.unwrap()),
                _ => posts::delete(&scene.app, &scene.ann.actor, &post).await.unwrap(),
            }
        };
        for (n, post) in before.into_iter().enumerate() {
            touch(post, n).await;
        }
        for n in 0..3 {
            touch(between, n).await;
        }
        assert_eq!(posts_in(&scene.changes(&acme, head).await), []);
        touch(during, 0).await;
        touch(later, 0).await;
        assert_eq!(posts_in(&scene.changes(&acme, head).await), [during, later], "an earlier share counts as well");
        // Acme's old message is acme's to change, and globex never had it.
        scene.guest(&acme, 1).await;
        let edited = IncomingPost { update_at: Millis(1_700_000_009_000), ..incoming_post(10, 1) };
        scene.take(&acme, with_posts([IncomingPost { message: "changed".to_owned(), ..edited }])).await;
        assert_eq!(posts_in(&scene.changes(&globex, head).await), []);
    })
    .await;
}

#[tokio::test]
async fn a_root_given_for_a_later_reply_follows_its_author() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let old = scene.post(&scene.ann, "an old question").await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let head = scene.head().await;
        let edit = async |text: &str| {
            scene.tick();
            let patch = posts::PostPatch { message: Some(text.to_owned()), ..Default::default() };
            posts::edit(&scene.app, &scene.ann.actor, &old.id, patch).await.unwrap();
        };
        edit("still ours").await;
        assert_eq!(posts_in(&scene.changes(&acme, head).await), []);
        let reply = scene.reply(&scene.bob, &old.id, "a new answer").await;
        let taken = Delivered { taken: vec![old.id, reply.id], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &taken).await.unwrap();
        let head = scene.head().await;
        edit("theirs as well").await;
        assert_eq!(posts_in(&scene.changes(&acme, head).await), [old.id]);
        let mut settings = Settings::clone(&scene.app.settings.get());
        settings.workspaces.send_thread_roots = false;
        scene.app.settings.set(settings);
        let contents = load(&scene, &acme, &[old.id]).await;
        assert!(!contents.posts[0].message.contains("theirs"), "of a text that is withheld no change is told");
        let head = scene.head().await;
        posts::delete(&scene.app, &scene.ann.actor, &old.id).await.unwrap();
        assert!(posts_in(&scene.changes(&acme, head).await).contains(&old.id));
    })
    .await;
}

/// E-059.
#[tokio::test]
async fn nobodys_moderation_and_nobodys_system_messages_travel() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let head = scene.head().await;
        scene.tick();
        posts::delete(&scene.app, &scene.admin.actor, &id(10)).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, []);
        assert_eq!(scene.changes(&globex, head).await, []);
        // What its owner says of it goes on to the others.
        let head = scene.head().await;
        let edited = IncomingPost { update_at: Millis(1_700_000_009_000), ..incoming_post(10, 1) };
        let edited = IncomingPost { message: "polite".to_owned(), ..edited };
        scene.take(&acme, with_posts([edited])).await;
        assert_eq!(posts_in(&scene.changes(&globex, head).await), [id(10)]);
        let contents = load(&scene, &globex, &[id(10)]).await;
        assert_eq!(contents.posts[0].message, "polite");
        // A pin of somebody else's post is ours alone.
        let other = incoming_post(11, 1);
        scene.take(&acme, with_posts([other])).await;
        let head = scene.head().await;
        posts::set_pinned(&scene.app, &scene.ann.actor, &id(11), true).await.unwrap();
        assert_eq!(scene.changes(&globex, head).await, []);
        // System messages are in the log and never in a frame.
        let olga = scene.person("olga").await;
        let head = scene.head().await;
        scene.join(&olga, &scene.channel).await;
        let told = posts_in(&scene.changes(&acme, head).await);
        assert_eq!(load(&scene, &acme, &told).await.posts, []);
    })
    .await;
}

/// AT-25.
#[tokio::test]
async fn the_home_passes_on_and_a_guest_does_not() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        let head = scene.head().await;
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let changes = scene.changes(&globex, head).await;
        assert_eq!(posts_in(&changes), [id(10)]);
        assert!(changes.iter().any(|(_, what)| *what == What::Member(id(1))), "and who joined");
        let contents = load(&scene, &globex, &[id(10)]).await;
        assert_eq!(people(&contents), [id::<UserId>(1)]);
        assert_eq!(scene.changes(&acme, head).await, []);

        // As a guest in home's channel we say nothing of third organisations, not even of people we know.
        let home = scene.peer("home").await;
        let copy = scene.copy(&home, id(50), false).await.id;
        let relayed = IncomingUser { relayed: true, ..incoming_user(&home, 7) };
        scene.take_in(&home, &copy, with_users([relayed])).await.unwrap();
        let head = scene.head().await;
        scene.take_in(&home, &copy, with_posts([incoming_post(20, 7)])).await.unwrap();
        assert_eq!(scene.changes(&home, head).await, []);
        let own = scene.write(&scene.ann, &copy, "our word", None).await;
        assert_eq!(posts_in(&scene.changes(&home, head).await), [own.id]);
    })
    .await;
}

/// SC-079.
#[tokio::test]
async fn reading_stops_behind_a_share_that_begins() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let start = scene.head().await;
        let invited =
            shares::invite(&scene.app, &scene.admin.actor, &scene.channel, &acme.id, Default::default()).await.unwrap();
        let made = scene.post(&scene.ann, "after the invitation").await;
        let changes = scene.changes(&acme, start).await;
        assert_eq!(changes, [(scene.channel, What::ShareStarted(invited.share.id))]);
        let upto = outbox::changes(&scene.app, &acme.id, start).await.unwrap().upto;
        scene.activate(&invited.share).await;
        assert!(posts_in(&scene.changes(&acme, upto).await).contains(&made.id), "what was written meanwhile is sent");
        let head = scene.head().await;
        scene.tick();
        shares::uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
        scene.post(&scene.ann, "after the end").await;
        assert_eq!(scene.changes(&acme, head).await, [(scene.channel, What::ShareEnded(invited.share.id))]);
        let wanted = Wanted { posts: vec![made.id], ..Wanted::default() };
        assert!(outbox::load(&scene.app, &acme.id, &scene.channel, &wanted).await.unwrap().is_none(), "nor loaded");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_read_beyond_what_the_tail_has_delivered() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let head = scene.head().await;
        let made = scene.post(&scene.ann, "hello").await;
        let unsettled = outbox::changes(&scene.app, &acme.id, head).await.unwrap();
        assert_eq!((unsettled.list.len(), unsettled.upto), (0, head));
        assert_eq!(posts_in(&scene.changes(&acme, head).await), [made.id]);
        assert!(outbox::lag(&scene.app, &acme.id).await.unwrap() > 0);
        let at = outbox::position(&scene.app, &acme.id).await.unwrap().unwrap();
        let now = scene.head().await;
        assert!(outbox::advance(&scene.app, &acme.id, at, now, &[]).await.unwrap());
        assert!(!outbox::advance(&scene.app, &acme.id, at, now, &[]).await.unwrap(), "somebody else has moved on");
        assert_eq!(outbox::lag(&scene.app, &acme.id).await.unwrap(), 0);
    })
    .await;
}

/// E-021, SC-016: who left is told to third organisations though the connection they left over has been made anew before
/// those could hear of it; and nothing returns over the new one.
#[tokio::test]
async fn who_left_over_a_former_connection_is_told_on() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        let guest = scene.guest(&acme, 1).await;
        let head = scene.head().await;
        let leaves = IncomingMember { user_id: guest, joins: false, at: Millis(1_700_000_000_005) };
        scene.take(&acme, IncomingItems { members: vec![leaves], ..IncomingItems::default() }).await;
        connections::sever(&scene.app, &acme.actor).await.unwrap();
        let again = scene.peer("acme").await;
        connections::rehome(&scene.app, &again.id).await.unwrap();
        let told = |changes: Vec<(ChannelId, What)>| {
            changes.into_iter().any(|(_, what)| matches!(what, What::Member(user) if user == guest))
        };
        assert!(told(scene.changes(&globex, head).await));
        scene.share(&again).await;
        assert!(!told(scene.changes(&again, head).await));
    })
    .await;
}
