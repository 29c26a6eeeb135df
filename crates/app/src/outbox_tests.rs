//! What peers are to be sent: everything they have to hear, nothing twice, nothing of what is not theirs to hear.

use rialto_model::{ChannelId, Millis, PostId, Reaction, Seq, UserId};
use rialto_store::testing::both;
use rialto_store::{Db, outbox as outbox_rows};

use crate::apply::{IncomingPost, IncomingUser};
use crate::outbox::{self, Contents, Decision, Delivered, Item, Wanted, What, Which};
use crate::sharing_scene::{
    Peer, Scene, id, incoming_post, incoming_reaction, incoming_user, with_posts, with_reactions, with_users,
};
use crate::{Settings, posts, reactions, shares};

/// What of it is about posts.
fn posts_in(changes: &[(ChannelId, What)]) -> Vec<PostId> {
    changes.iter().filter_map(|(_, what)| if let What::Post(post) = what { Some(*post) } else { None }).collect()
}

async fn load(scene: &Scene, peer: &Peer, posts: &[PostId]) -> Contents {
    let wanted = Wanted { posts: posts.to_vec(), ..Wanted::default() };
    outbox::load(&scene.app, &peer.id, &scene.channel, &wanted).await.unwrap().expect("the share is active")
}

fn people(contents: &Contents) -> Vec<UserId> {
    contents.unknown.iter().map(|person| person.id).collect()
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
        scene.tick();
        shares::uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
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

#[tokio::test]
async fn a_reply_takes_an_older_root_along() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let old = scene.post(&scene.ann, "an old question").await;
        let gone = scene.post(&scene.ann, "deleted").await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let fresh = scene.post(&scene.ann, "a new question").await;
        let to_old = scene.reply(&scene.bob, &old.id, "a new answer").await;
        let to_fresh = scene.reply(&scene.bob, &fresh.id, "another").await;
        let contents = load(&scene, &acme, &[to_old.id, to_fresh.id]).await;
        let ids: Vec<_> = contents.posts.iter().map(|post| post.id).collect();
        assert_eq!(ids, [old.id, to_old.id, to_fresh.id], "the root first; a root of the share's time it has already");
        assert_eq!(contents.context.into_iter().collect::<Vec<_>>(), [old.id]);
        let mut settings = Settings::clone(&scene.app.settings.get());
        settings.workspaces.send_thread_roots = false;
        scene.app.settings.set(settings);
        let contents = load(&scene, &acme, &[to_old.id]).await;
        assert!(!contents.posts[0].message.contains("old question"), "{}", contents.posts[0].message);
        assert_eq!(load(&scene, &acme, &[gone.id, gone.id]).await.posts.len(), 1, "none twice");
    })
    .await;
}

/// SC-104, E-106.
#[tokio::test]
async fn people_are_described_until_the_peer_has_their_present_version() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.guest(&acme, 1).await;
        let outsider = scene.person("olga").await;
        let made = scene.post(&scene.ann, "hello @bob @olga @user1:acme").await;
        let contents = load(&scene, &acme, &[made.id]).await;
        let mut unknown = people(&contents);
        unknown.sort();
        let mut expected = [scene.ann.id, scene.bob.id];
        expected.sort();
        assert_eq!(unknown, expected, "authors and members who are mentioned, not the peer's own, not strangers");
        assert!(contents.mentioned.contains_key("user1:acme") && !contents.mentioned.contains_key("olga"));
        assert!(!unknown.contains(&outsider.id));
        let ann = scene.user(&scene.ann.id).await.unwrap();
        let announced =
            Delivered { announced: vec![(ann.id, ann.update_at), (scene.bob.id, Millis(1))], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &announced).await.unwrap();
        assert_eq!(people(&load(&scene, &acme, &[made.id]).await), [scene.bob.id], "Bob looks different by now");
        let left = Delivered { left: vec![ann.id], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &left).await.unwrap();
        assert_eq!(people(&load(&scene, &acme, &[made.id]).await).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn refused_posts_are_tried_again_with_growing_pauses_and_then_set_aside() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "hello").await;
        let refused =
            Delivered { refused: vec![(Item::Post(made.id), "too large".to_owned())], ..Delivered::default() };
        let mut waits = Vec::new();
        for attempt in 1..=5 {
            outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
            let waiting = outbox::refused(&scene.app, &acme.id).await.unwrap();
            assert_eq!((waiting.len(), waiting[0].attempts, waiting[0].set_aside), (1, attempt, false));
            waits.push(waiting[0].next_at.since(scene.app.clock.now()));
        }
        assert_eq!(waits, [1_000, 5_000, 30_000, 120_000, 600_000]);
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 1));
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
        assert_eq!(outbox::refused(&scene.app, &acme.id).await.unwrap(), []);
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (1, 0));
        let taken = Delivered { taken: vec![made.id], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &taken).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 0));
        outbox::set_aside(&scene.app, &acme.id, &scene.channel, Item::Post(made.id), "never").await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (1, 0));
        scene.tick();
        shares::uninvite(&scene.app, &scene.admin.actor, &scene.channel, Some(&acme.id)).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 0), "it went with the share");
    })
    .await;
}

/// E-038.
#[tokio::test]
async fn a_toggling_peer_is_told_of_each_transition_once() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "cake?").await;
        let there = reactions::add(&scene.app, &scene.bob.actor, &made.id, "cake").await.unwrap();
        let gone = Reaction { delete_at: Some(Millis(5)), ..there.clone() };
        let tell = async |reaction: &Reaction| outbox::begin_toggle(&scene.app, &acme.id, reaction).await.unwrap();
        let cake = Some("cake".to_owned());
        assert_eq!(tell(&gone).await, None, "it never heard of it");
        assert_eq!(tell(&there).await, cake);
        assert_eq!(tell(&there).await, None, "it holds it, as far as we know");
        assert_eq!(tell(&gone).await, cake);
        outbox::undo_toggle(&scene.app, &acme.id, &gone).await.unwrap();
        assert_eq!(tell(&gone).await, cake, "the attempt surely did not arrive");
        assert_eq!(tell(&there).await, cake);
        let believed = outbox_rows::believed(&mut scene.view().await, &acme.id, &there).await.unwrap();
        assert!(believed.unwrap().present);
    })
    .await;
}

/// E-150, ruling 38: aliases are one reaction, which is taken back by the name it was given.
#[tokio::test]
async fn a_toggling_peer_is_told_of_aliases_by_the_name_it_knows() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "cake?").await;
        let plus = reactions::add(&scene.app, &scene.bob.actor, &made.id, "+1").await.unwrap();
        let tell = async |reaction: &Reaction| outbox::begin_toggle(&scene.app, &acme.id, reaction).await.unwrap();
        assert_eq!(tell(&plus).await.as_deref(), Some("+1"));
        scene.tick();
        reactions::remove(&scene.app, &scene.bob.actor, &scene.bob.id, &made.id, "+1").await.unwrap();
        let thumb = reactions::add(&scene.app, &scene.bob.actor, &made.id, "thumbsup").await.unwrap();
        let wanted = Wanted { reactions: vec![plus, thumb.clone()], ..Wanted::default() };
        let contents = outbox::load(&scene.app, &acme.id, &scene.channel, &wanted).await.unwrap().unwrap();
        assert_eq!(contents.reactions.len(), 1, "one, whatever it is called");
        assert_eq!(tell(&contents.reactions[0]).await, None, "it shows there");
        let gone = Reaction { delete_at: Some(Millis(5)), ..thumb.clone() };
        assert_eq!(tell(&gone).await.as_deref(), Some("+1"));
        assert_eq!(tell(&thumb).await.as_deref(), Some("thumbsup"));
        assert_eq!(tell(&gone).await.as_deref(), Some("thumbsup"));
    })
    .await;
}

/// E-031: what was set aside goes again when an administrator says so, or the peer has become another.
#[tokio::test]
async fn what_was_set_aside_is_decided_by_an_administrator_or_a_new_peer() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let made = scene.post(&scene.ann, "hello").await;
        let wave = reactions::add(&scene.app, &scene.bob.actor, &made.id, "wave").await.unwrap();
        let wave = Item::Reaction { post: wave.post_id, user: wave.user_id, emoji: wave.emoji_name };
        let items = [Item::Post(made.id), wave, Item::Member(scene.bob.id), Item::Profile(scene.ann.id)];
        for item in &items {
            outbox::set_aside(&scene.app, &acme.id, &scene.channel, item.clone(), "never").await.unwrap();
        }
        let refused = Delivered { refused: vec![(items[0].clone(), "again".to_owned())], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &refused).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (4, 0), "it stays aside");
        let listed = outbox::list_set_aside(&scene.app, &scene.admin.actor, &acme.id).await.unwrap();
        assert_eq!(listed.len(), 4);
        assert!(outbox::list_set_aside(&scene.app, &scene.ann.actor, &acme.id).await.is_err());
        let one = |item: &Item| Which::One { kind: item.kind().to_owned(), key: item.key(&scene.channel) };
        let decide = async |who: &crate::SessionUser, which: &Which, decision| {
            outbox::decide(&scene.app, who, &acme.id, which, decision).await.ok()
        };
        let (admin, retry) = (&scene.admin.actor, Decision::Retry);
        assert_eq!(decide(&scene.ann.actor, &Which::All, retry).await, None);
        assert_eq!(decide(admin, &one(&items[1]), retry).await, Some(1));
        assert_eq!(decide(admin, &one(&items[1]), retry).await, None, "it is aside no more");
        let again = outbox::refused(&scene.app, &acme.id).await.unwrap().remove(0);
        let wanted = outbox::wanted_again(&scene.app, &again).await.unwrap();
        assert_eq!((wanted.reactions.len(), wanted.number()), (1, 1));
        assert_eq!(decide(admin, &one(&items[0]), Decision::Discard).await, Some(1));
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (2, 1));
        let newer = crate::connections::Contact { caps: Some("items".to_owned()), ..Default::default() };
        crate::connections::note_contact(&scene.app, &acme.id, newer).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 3));
        let done = Delivered { done: items[1..3].to_vec(), ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &done).await.unwrap();
        let left = outbox::refused(&scene.app, &acme.id).await.unwrap().remove(0);
        assert_eq!(left.item, items[3]);
        outbox::settle_retry(&scene.app, &left).await.unwrap();
        assert_eq!(outbox::refused_counts(&scene.app, &acme.id).await.unwrap(), (0, 0));
    })
    .await;
}

/// E-072.
#[tokio::test]
async fn reactions_go_where_their_posts_went() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let old = scene.post(&scene.ann, "before").await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let new = scene.post(&scene.ann, "after").await;
        let mut wanted = Wanted::default();
        for post in [&old, &new] {
            scene.tick();
            let made = reactions::add(&scene.app, &scene.bob.actor, &post.id, "wave").await.unwrap();
            wanted.reactions.extend([made.clone(), made]);
        }
        let contents = outbox::load(&scene.app, &acme.id, &scene.channel, &wanted).await.unwrap().unwrap();
        let about: Vec<_> = contents.reactions.iter().map(|reaction| reaction.post_id).collect();
        assert_eq!(about, [new.id], "not to what the peer never got, and none twice");
        assert_eq!(people(&contents), [scene.bob.id]);
        // Whatever the clock of its author says: it came while the channel was shared.
        let globex = scene.peer("globex").await;
        scene.share(&globex).await;
        scene.guest(&globex, 1).await;
        scene.take(&globex, with_posts([IncomingPost { create_at: Millis(1_000), ..incoming_post(10, 1) }])).await;
        let made = reactions::add(&scene.app, &scene.bob.actor, &id(10), "wave").await.unwrap();
        let wanted = Wanted { reactions: vec![made], ..Wanted::default() };
        let contents = outbox::load(&scene.app, &acme.id, &scene.channel, &wanted).await.unwrap().unwrap();
        assert_eq!(contents.reactions.len(), 1);
    })
    .await;
}

/// AT-21.
#[tokio::test]
async fn members_are_told_page_by_page_and_a_guest_tells_of_its_own() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        scene.guest(&acme, 1).await;
        let all = async |peer: &Peer, channel: &ChannelId| {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = outbox::members_page(&scene.app, &peer.id, channel, after.as_ref(), 2).await.unwrap();
                let Some(last) = page.last().copied() else { return found };
                found.extend(page);
                after = Some(last);
            }
        };
        let local = [scene.admin.id, scene.ann.id, scene.bob.id];
        let sorted = |list: &[UserId]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        assert_eq!(all(&acme, &scene.channel).await, sorted(&local));
        let with_guest = [local.as_slice(), &[id(1)]].concat();
        assert_eq!(all(&globex, &scene.channel).await, sorted(&with_guest));
    })
    .await;
}

/// Everything a held channel's peer has missed, and whether that is all.
async fn missed(scene: &Scene, peer: &Peer) -> (Vec<What>, bool) {
    let cursor = scene.head().await;
    let held = outbox::held(&scene.app, &peer.id).await.unwrap().remove(0);
    let changes = outbox::changes_of(&scene.app, &held, cursor, 1_000).await.unwrap();
    (changes.list.into_iter().map(|change| change.what).collect(), changes.upto == cursor)
}

#[tokio::test]
async fn a_held_channel_is_passed_by_and_read_again_from_where_it_stands() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let known = scene.post(&scene.ann, "known").await;
        let told = Delivered { announced: vec![(scene.ann.id, Millis(1))], ..Delivered::default() };
        outbox::delivered(&scene.app, &acme.id, &scene.channel, &told).await.unwrap();
        let head = scene.head().await;
        outbox::hold(&scene.app, &acme.id, &scene.channel, head).await.unwrap().unwrap();
        let made = scene.post(&scene.ann, "held").await;
        scene.tick();
        reactions::add(&scene.app, &scene.bob.actor, &known.id, "wave").await.unwrap();
        let olga = scene.person("olga").await;
        scene.join(&olga, &scene.channel).await;
        let patch = crate::users::ProfileChange { nickname: Some("Annie".to_owned()), ..Default::default() };
        scene.tick();
        crate::users::update(&scene.app, &scene.ann.actor, &scene.ann.id, patch).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, [], "the cursor goes by");
        let (list, all) = missed(&scene, &acme).await;
        assert!(all);
        assert!(list.contains(&What::Post(made.id)) && list.contains(&What::Member(olga.id)), "{list:?}");
        assert!(list.contains(&What::Profile(scene.ann.id)), "{list:?}");
        assert!(list.iter().any(|what| matches!(what, What::Reaction(_))), "{list:?}");
        assert_eq!(
            crate::backlog::of(&scene.app, &acme.id).await.unwrap().of_channel(&scene.channel),
            list.len() as u64
        );
        // The first position counts, and the log is kept from there on, however old it is.
        outbox::hold(&scene.app, &acme.id, &scene.channel, scene.head().await).await.unwrap();
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        let consumer = crate::connections::consumer(&acme.id);
        let at = outbox_rows::cursor(&mut tx, &consumer).await.unwrap();
        outbox_rows::move_cursor(&mut tx, &consumer, at, scene.head().await).await.unwrap();
        tx.commit().await.unwrap();
        scene.app.clock.advance(48 * 3_600_000);
        crate::housekeeping::tidy(&scene.app).await.unwrap();
        assert_eq!(missed(&scene, &acme).await, (list, true));
        let held = outbox::held(&scene.app, &acme.id).await.unwrap().remove(0);
        outbox::resume(&scene.app, &held.share, None, 0).await.unwrap();
        assert_eq!(outbox::held(&scene.app, &acme.id).await.unwrap(), []);
        crate::housekeeping::tidy(&scene.app).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, [], "nobody needs it any more");
    })
    .await;
}

#[tokio::test]
async fn a_profile_goes_by_a_channel_that_is_not_held() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let second = scene.new_channel("second").await;
        let invited =
            shares::invite(&scene.app, &scene.admin.actor, &second, &acme.id, Default::default()).await.unwrap();
        scene.activate(&invited.share).await;
        for channel in [scene.channel, second] {
            let known = Delivered { announced: vec![(scene.ann.id, Millis(1))], ..Delivered::default() };
            outbox::delivered(&scene.app, &acme.id, &channel, &known).await.unwrap();
        }
        let head = scene.head().await;
        outbox::hold(&scene.app, &acme.id, &scene.channel, head).await.unwrap();
        scene.tick();
        let patch = crate::users::ProfileChange { nickname: Some("Annie".to_owned()), ..Default::default() };
        crate::users::update(&scene.app, &scene.ann.actor, &scene.ann.id, patch).await.unwrap();
        assert_eq!(scene.changes(&acme, head).await, [(second, What::Profile(scene.ann.id))]);
    })
    .await;
}
