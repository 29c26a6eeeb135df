//! Earlier messages: how they are walked, who may order what, and what they count for where they arrive.

use rialto_model::{Backfill, BackfillState, ChannelMember, DomainEvent, History, Millis, PeerProfile, PostId};
use rialto_store::testing::both;
use rialto_store::{Db, backfills, channel_members, peer_posts};

use super::sending::{advance, due, has_passed, next};
use super::{Order, Refusal, of_channel, order, refused};
use crate::apply::{self, IncomingItems, IncomingPost, IncomingReaction};
use crate::outbox::{self, What};
use crate::shares::{self, Invitation};
use crate::sharing_scene::{Peer, Scene, id, incoming_post, incoming_reaction, incoming_user, with_posts};

fn allow(scene: &Scene, most: Option<History>) {
    let mut settings = (*scene.app.settings.get()).clone();
    settings.workspaces.history_max = most;
    scene.app.settings.set(settings);
}

async fn ask(scene: &Scene, peer: &Peer, history: History) -> Result<shares::Invited, shares::Error> {
    scene.tick();
    let invitation = Invitation { history: Some(history), ..Invitation::default() };
    shares::invite(&scene.app, &scene.admin.actor, &scene.channel, &peer.id, invitation).await
}

async fn row(scene: &Scene, peer: &Peer) -> Backfill {
    let share = scene.live_share(peer, &scene.channel).await.unwrap();
    backfills::get(&mut scene.view().await, &share.id).await.unwrap().unwrap()
}

/// Takes all portions of at most `most` posts as if the peer had taken them.
async fn run(scene: &Scene, peer: &Peer, most: usize) -> Vec<Vec<PostId>> {
    let mut portions = Vec::new();
    while let Some(one) = due(&scene.app, &peer.id).await.unwrap().first() {
        let portion = next(&scene.app, one, most).await.unwrap().unwrap();
        advance(&scene.app, &one.share_id, &portion).await.unwrap();
        portions.push(portion.wanted.posts);
    }
    portions
}

/// Four threads of 1, 4, 1 and 3 messages, in the order in which they are to go.
async fn talk(scene: &Scene) -> Vec<PostId> {
    let first = scene.post(&scene.ann, "first").await;
    let second = scene.post(&scene.ann, "second").await;
    let mut order = vec![];
    for (root, replies) in [(&second, 3), (&first, 2)] {
        order.push(root.id);
        for n in 0..replies {
            order.push(scene.reply(&scene.bob, &root.id, &format!("reply {n}")).await.id);
        }
    }
    let third = scene.post(&scene.bob, "third").await;
    let fourth = scene.post(&scene.ann, "fourth").await;
    [fourth.id, third.id].into_iter().chain(order).collect()
}

/// Behaviour 8.1: newest thread first, each in its own order, whatever fits into a portion; nothing from after the share.
#[tokio::test]
async fn threads_go_newest_first_in_portions_of_any_size() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        allow(&scene, Some(History::All));
        let expected = talk(&scene).await;
        for most in 1..=10 {
            let peer = scene.peer(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][most - 1]).await;
            let share = ask(&scene, &peer, History::All).await.unwrap().share;
            assert_eq!(due(&scene.app, &peer.id).await.unwrap(), [], "its share has not begun");
            scene.activate(&share).await;
            scene.reply(&scene.ann, &expected[0], "no history").await;
            let portions = run(&scene, &peer, most).await;
            assert!(portions.iter().all(|portion| portion.len() <= most), "{portions:?}");
            let found = row(&scene, &peer).await;
            assert_eq!(
                (found.state, found.done, found.total),
                (BackfillState::Done, 9 + i64::try_from(most).unwrap() - 1, Some(9 + i64::try_from(most).unwrap() - 1))
            );
            let without_later: Vec<PostId> = portions.concat().into_iter().filter(|id| expected.contains(id)).collect();
            assert_eq!(without_later, expected, "{most} at a time");
        }
    })
    .await;
}

/// Behaviour 8.1: cancelled, it ends behind a whole thread; asked for again, it goes on from there.
#[tokio::test]
async fn a_cancelled_one_ends_with_its_thread_and_goes_on_from_there() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        allow(&scene, Some(History::All));
        let expected = talk(&scene).await;
        let peer = scene.peer("acme").await;
        let share = ask(&scene, &peer, History::All).await.unwrap().share;
        scene.activate(&share).await;
        let order = async |what| order(&scene.app, &scene.admin.actor, &scene.channel, &peer.id, what).await;
        let one = row(&scene, &peer).await;
        let portion = next(&scene.app, &one, 4).await.unwrap().unwrap();
        assert_eq!(portion.wanted.posts, expected[..4]);
        // The word comes while the portion is on its way.
        assert_eq!(order(Order::Cancel).await.unwrap().state, BackfillState::Cancelled);
        advance(&scene.app, &share.id, &portion).await.unwrap();
        assert_eq!(row(&scene, &peer).await.state, BackfillState::Cancelling);
        // What was sent already does not count twice.
        advance(&scene.app, &share.id, &portion).await.unwrap();
        assert_eq!(row(&scene, &peer).await.done, 4);
        assert_eq!(run(&scene, &peer, 9).await, [expected[4..6].to_vec()]);
        let found = row(&scene, &peer).await;
        assert_eq!((found.state, found.done, found.place.reply), (BackfillState::Cancelled, 6, None));
        assert!(matches!(order(Order::Pause).await, Err(shares::Error::NoHistory)));
        let again = ask(&scene, &peer, History::All).await.unwrap();
        assert!(again.already);
        assert_eq!(run(&scene, &peer, 9).await, [expected[6..].to_vec()]);
        assert_eq!(row(&scene, &peer).await.done, 9);
        // Paused and resumed it is where it was, and nothing is due meanwhile.
        ask(&scene, &peer, History::All).await.unwrap();
        assert_eq!(order(Order::Pause).await.unwrap().state, BackfillState::Paused);
        assert_eq!(due(&scene.app, &peer.id).await.unwrap(), []);
        assert_eq!(order(Order::Resume).await.unwrap().state, BackfillState::Running);
        assert_eq!(run(&scene, &peer, 9).await, [Vec::<PostId>::new()]);
        let stranger = super::order(&scene.app, &scene.ann.actor, &scene.channel, &peer.id, Order::Cancel).await;
        assert!(matches!(stranger, Err(shares::Error::Denied(_))));
    })
    .await;
}

/// `HistoryBackfillMax`, behaviour 6.3: what is asked for, in whole threads, and no more than is allowed.
#[tokio::test]
async fn only_so_much_is_sent_as_was_asked_for_and_is_allowed() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let expected = talk(&scene).await;
        let peer = scene.peer("acme").await;
        assert!(matches!(ask(&scene, &peer, History::All).await, Err(shares::Error::History(Refusal::Off))));
        allow(&scene, Some(History::Messages(3)));
        let over = ask(&scene, &peer, History::Messages(4)).await;
        assert!(matches!(over, Err(shares::Error::History(Refusal::TooMuch(History::Messages(3))))));
        assert!(scene.live_share(&peer, &scene.channel).await.is_none(), "nothing was shared");
        let share = ask(&scene, &peer, History::All).await.unwrap().share;
        scene.activate(&share).await;
        // The third message stands in a thread of four.
        assert_eq!(run(&scene, &peer, 20).await.concat(), expected[..6]);
        ask(&scene, &peer, History::Messages(1)).await.unwrap();
        assert_eq!(run(&scene, &peer, 20).await.concat(), [], "all of it was sent");
        assert_eq!(row(&scene, &peer).await.total, Some(6));
        // Days count from the word, by the beginning of a thread.
        let later = scene.peer("later").await;
        allow(&scene, Some(History::Days(2)));
        scene.app.clock.advance(3 * 24 * 3_600_000);
        let young = scene.post(&scene.ann, "young").await;
        let share = ask(&scene, &later, History::All).await.unwrap().share;
        scene.activate(&share).await;
        assert_eq!(run(&scene, &later, 20).await.concat(), [young.id]);
        // To a server that cannot tell history from news there is none.
        let old = scene.peer_of("old", PeerProfile::Mattermost11).await;
        let contact = crate::connections::Contact { pinged: true, ..Default::default() };
        crate::connections::note_contact(&scene.app, &old.id, contact).await.unwrap();
        assert!(matches!(ask(&scene, &old, History::All).await, Err(shares::Error::History(Refusal::NotThere))));
    })
    .await;
}

/// G-44: of what is older than a share nothing is given but what was sent as history; of that everything is.
#[tokio::test]
async fn what_was_sent_as_history_is_given_from_then_on() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        allow(&scene, Some(History::All));
        let (sent, kept) = (scene.post(&scene.ann, "sent").await, scene.post(&scene.ann, "kept").await);
        let peer = scene.peer("acme").await;
        let share = scene.share(&peer).await;
        let seq = scene.head().await;
        let delivered = outbox::Delivered { taken: vec![sent.id], history: vec![sent.id], ..Default::default() };
        outbox::delivered(&scene.app, &peer.id, &scene.channel, &delivered).await.unwrap();
        for post in [&sent, &kept] {
            let patch = crate::posts::PostPatch { message: Some("changed".to_owned()), ..Default::default() };
            crate::posts::edit(&scene.app, &scene.ann.actor, &post.id, patch).await.unwrap();
        }
        assert_eq!(scene.changes(&peer, seq).await, [(scene.channel, What::Post(sent.id))]);
        let mut view = scene.view().await;
        let given = peer_posts::shared(&mut view, &peer.id, &[sent.id, kept.id]).await.unwrap();
        assert_eq!(given, [sent.id]);
        // A message that was refused is tried again as what it was.
        assert!(!has_passed(&mut view, &share, &kept.id).await.unwrap(), "nothing was asked for");
        drop(view);
        ask(&scene, &peer, History::All).await.unwrap();
        run(&scene, &peer, 1).await;
        let mut view = scene.view().await;
        for (post, passed) in [(kept.id, true), (sent.id, true), (id(99), false)] {
            assert_eq!(has_passed(&mut view, &share, &post).await.unwrap(), passed);
        }
    })
    .await;
}

/// What is known of it is for those who manage sharing; where sharing began is for everybody who reads the channel.
#[tokio::test]
async fn progress_is_shown_to_whoever_may_share_the_channel() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        allow(&scene, Some(History::All));
        talk(&scene).await;
        let peer = scene.peer("acme").await;
        let share = ask(&scene, &peer, History::All).await.unwrap().share;
        scene.activate(&share).await;
        let one = row(&scene, &peer).await;
        let portion = next(&scene.app, &one, 3).await.unwrap().unwrap();
        scene.app.clock.advance(1_500);
        advance(&scene.app, &share.id, &portion).await.unwrap();
        let seen = of_channel(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
        let (backfill, remote) = &seen.backfills[0];
        assert_eq!((seen.shared_at, remote.id), (None, peer.id));
        assert_eq!((backfill.done, backfill.total), (3, Some(9)));
        assert_eq!(backfill.pace(scene.app.clock.now()), Some((2.0, 3)));
        let seen = of_channel(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap();
        assert!(seen.backfills.is_empty());
        refused(&scene.app, &share.id, "they said so").await.unwrap();
        let found = row(&scene, &peer).await;
        assert_eq!((found.state, found.reason.as_str()), (BackfillState::Refused, "they said so"));
        let copy = scene.copy(&peer, id(50), false).await;
        let seen = of_channel(&scene.app, &scene.ann.actor, &copy.id).await.unwrap();
        let began = scene.live_share(&peer, &copy.id).await.unwrap().create_at;
        assert_eq!(seen.shared_at, Some(began));
    })
    .await;
}

async fn member(scene: &Scene, channel: &rialto_model::ChannelId) -> (i64, ChannelMember) {
    let total = scene.channel_row(channel).await.total_msg_count;
    let member = channel_members::get(&mut scene.view().await, channel, &scene.ann.id).await.unwrap().unwrap();
    (total, member)
}

/// Behaviour 8.1: history keeps its times and counts for nobody, however young it is; of a guest it is what everything
/// else of a guest is.
#[tokio::test]
async fn history_counts_for_nobody_and_only_a_home_has_any() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("acme").await;
        let channel = scene.copy(&peer, id(50), false).await.id;
        let before = member(&scene, &channel).await;
        let seq = scene.head().await;
        let written = Millis(scene.app.clock.now().0 - 5_000);
        let old = IncomingPost {
            create_at: written,
            message: "@channel @ann look".to_owned(),
            mentioned: Some(vec![scene.ann.id]),
            history: true,
            ..incoming_post(10, 1)
        };
        let reply = IncomingPost { root_id: Some(id(10)), create_at: Millis(written.0 + 1), ..old.clone() };
        let reply = IncomingPost { id: id(11), ..reply };
        let frame = IncomingItems {
            users: vec![incoming_user(&peer, 1)],
            posts: vec![old.clone(), reply],
            reactions: vec![IncomingReaction { history: true, ..incoming_reaction(id(10), 1, "wave", 7) }],
            history: true,
            ..IncomingItems::default()
        };
        scene.take_in(&peer, &channel, frame.clone()).await.unwrap();
        let root = scene.row(&id(10)).await.unwrap();
        assert_eq!((root.create_at, root.reply_count, root.has_reactions), (written, 1, true));
        assert!(root.update_at < Millis(written.0 + 100), "it does not look changed just now");
        assert_eq!(member(&scene, &channel).await, before);
        let events = async |seq| -> Vec<DomainEvent> {
            scene.recorded_since(seq).await.into_iter().map(|recorded| recorded.event).collect()
        };
        let told = events(seq).await;
        assert!(told.contains(&DomainEvent::HistoryReceived { channel }));
        let news = |event: &DomainEvent| {
            matches!(
                event,
                DomainEvent::PostCreated { .. } | DomainEvent::ReactionAdded(_) | DomainEvent::PostEdited { .. }
            )
        };
        assert!(!told.iter().any(news), "{told:?}");
        // Once more it changes nothing and says nothing.
        let seq = scene.head().await;
        scene.take_in(&peer, &channel, frame).await.unwrap();
        assert_eq!(events(seq).await, []);
        // Marking it as unread does not count what never counted.
        let post = crate::channel_members::set_unread_from(&scene.app, &scene.ann.actor, &id(10)).await.unwrap();
        assert_eq!(post.0.total_msg_count - post.1.msg_count, 0);
        // Of a guest of ours it is news.
        scene.share(&peer).await;
        scene.guest(&peer, 2).await;
        let total = scene.channel_row(&scene.channel).await.total_msg_count;
        let news = IncomingPost { create_at: written, history: true, ..incoming_post(20, 2) };
        scene.take(&peer, IncomingItems { history: true, ..with_posts([news]) }).await;
        assert_eq!(scene.channel_row(&scene.channel).await.total_msg_count, total + 1);
        // Where none is wanted none is taken, and a frame of a guest is no history.
        let mut settings = (*scene.app.settings.get()).clone();
        settings.workspaces.accept_history = false;
        scene.app.settings.set(settings);
        let more = IncomingPost { history: true, ..incoming_post(12, 1) };
        let frame = IncomingItems { history: true, ..with_posts([more]) };
        assert!(matches!(scene.take_in(&peer, &channel, frame).await, Err(apply::Error::NoHistory)));
        assert_eq!(scene.row(&id(12)).await, None);
        let news = IncomingPost { history: true, ..incoming_post(21, 2) };
        scene.take(&peer, IncomingItems { history: true, ..with_posts([news]) }).await;
        assert!(scene.row(&id(21)).await.is_some());
    })
    .await;
}

/// E-155: what was said alike again and again just before a channel was shared comes as history at once.
#[tokio::test]
async fn history_is_no_storm() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("acme").await;
        let channel = scene.copy(&peer, id(50), false).await.id;
        let written = Millis(scene.app.clock.now().0 - 5_000);
        let alike =
            |n| IncomingPost { create_at: written, message: "ping".to_owned(), history: true, ..incoming_post(n, 1) };
        let frame = IncomingItems {
            users: vec![incoming_user(&peer, 1)],
            posts: (100..130).map(alike).collect(),
            history: true,
            ..IncomingItems::default()
        };
        assert_eq!(scene.take_in(&peer, &channel, frame).await.unwrap().refused_posts, []);
        assert!(scene.row(&id(129)).await.is_some());
    })
    .await;
}

/// Ruling 46, behaviour 8.1: a root that came without its files gets them when it comes as history.
#[tokio::test]
async fn a_root_that_was_known_only_as_such_is_completed() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("acme").await;
        let channel = scene.copy(&peer, id(50), false).await.id;
        let people = IncomingItems { users: vec![incoming_user(&peer, 1)], ..IncomingItems::default() };
        scene.take_in(&peer, &channel, people).await.unwrap();
        let bare = incoming_post(10, 1);
        let whole = IncomingPost { file_ids: vec![id(70)], history: true, ..bare.clone() };
        scene.take_in(&peer, &channel, with_posts([bare.clone()])).await.unwrap();
        let same = IncomingPost { history: false, ..whole.clone() };
        scene.take_in(&peer, &channel, with_posts([same])).await.unwrap();
        assert_eq!(scene.row(&id(10)).await.unwrap().file_ids, [], "a version is taken once");
        let frame = IncomingItems { history: true, ..with_posts([whole.clone()]) };
        scene.take_in(&peer, &channel, frame.clone()).await.unwrap();
        assert_eq!(scene.row(&id(10)).await.unwrap().file_ids, [id(70)]);
        let older = IncomingPost { update_at: Millis(bare.update_at.0 - 1), file_ids: vec![], ..whole };
        scene.take_in(&peer, &channel, IncomingItems { history: true, ..with_posts([older]) }).await.unwrap();
        assert_eq!(scene.row(&id(10)).await.unwrap().file_ids, [id(70)], "and an older one never");
        let head = scene.head().await;
        scene.take_in(&peer, &channel, frame).await.unwrap();
        assert!(scene.recorded_since(head).await.is_empty(), "again it is no news");
    })
    .await;
}

/// B-24, ruling 47: what a Mattermost sends of the time before it shared a channel notifies nobody and is unread for nobody.
#[tokio::test]
async fn what_a_mattermost_sends_of_before_counts_for_nobody() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer_of("acme", PeerProfile::Mattermost5).await;
        let channel = scene.copy(&peer, id(50), false).await.id;
        let people = IncomingItems { users: vec![incoming_user(&peer, 1)], ..IncomingItems::default() };
        scene.take_in(&peer, &channel, people).await.unwrap();
        let began = scene.live_share(&peer, &channel).await.unwrap().create_at;
        let (total, before) = member(&scene, &channel).await;
        let text = IncomingPost { message: "@channel look".to_owned(), mentioned: None, ..incoming_post(10, 1) };
        let old = IncomingPost { create_at: Millis(began.0 - 1), ..text.clone() };
        scene.take_in(&peer, &channel, with_posts([old])).await.unwrap();
        assert_eq!(member(&scene, &channel).await, (total, before.clone()));
        let new = IncomingPost { id: id(11), create_at: began, ..text };
        scene.take_in(&peer, &channel, with_posts([new])).await.unwrap();
        let (now, after) = member(&scene, &channel).await;
        assert_eq!((now, after.mention_count), (total + 1, before.mention_count + 1));
    })
    .await;
}
