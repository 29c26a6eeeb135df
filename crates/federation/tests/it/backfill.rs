//! Earlier messages of a shared channel: whole, in order, behind everything that is news, and only where both sides want.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use rialto_app::backfill::{self, Order, Refusal};
use rialto_app::shares::{self, Invitation};
use rialto_app::{files, posts, users};
use rialto_model::{Backfill, BackfillState, ChannelId, History, PeerProfile, Post, PostId, RemoteId, ShareState};
use rialto_store::testing::both;
use rialto_store::{Db, backfills, channel_members};
use tokio::io::AsyncReadExt;

use crate::harness::{Fault, Network, Person, Sent, Server, connect, eventually, newest_share, settle, share, shared};

/// Alpha's channel with a past, and beta, which is connected and to be invited.
struct Scene {
    network: Arc<Network>,
    alpha: Server,
    beta: Server,
    remote: RemoteId,
    channel: ChannelId,
    ann: Person,
    bob: Person,
}

fn allowing(settings: &mut rialto_app::Settings) {
    settings.workspaces.history_max = Some(History::All);
}

fn change(server: &Server, change: impl FnOnce(&mut rialto_app::Settings)) {
    let mut settings = (*server.app().settings.get()).clone();
    change(&mut settings);
    server.app().settings.set(settings);
}

async fn scene() -> Scene {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, allowing).await;
    let beta = Server::new(&network, "beta", 2).await;
    between(network, alpha, beta).await
}

async fn between(network: Arc<Network>, alpha: Server, beta: Server) -> Scene {
    change(&alpha, allowing);
    let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
    let remote = connect(&alpha, &beta).await;
    let channel = alpha.channel("plans", &[&ann]).await;
    Scene { network, alpha, beta, remote, channel, ann, bob }
}

/// True of frames that bring history.
fn is_history(sent: &Sent) -> bool {
    sent.payload["rialto"]["backfill"] == true
}

impl Scene {
    /// Writes so many threads of so many messages, the oldest first; returns them in that order.
    async fn threads(&self, threads: usize, messages: usize) -> Vec<Vec<Post>> {
        let mut all = Vec::new();
        for thread in 0..threads {
            let root = self.alpha.post(&self.ann, &self.channel, &format!("thread {thread}")).await;
            let mut whole = vec![root.clone()];
            for n in 1..messages {
                whole.push(self.alpha.reply(&self.ann, &root, &format!("thread {thread}, {n}")).await);
            }
            all.push(whole);
        }
        all
    }

    async fn invite(&self, history: Option<History>) -> Result<shares::Invited, shares::Error> {
        self.alpha.tick();
        let invitation = Invitation { history, ..Invitation::default() };
        shares::invite(self.alpha.app(), &self.alpha.admin.actor, &self.channel, &self.remote, invitation).await
    }

    /// Shares the channel with its past, and puts Bob in the copy before any of that comes.
    async fn begin(&self, history: History) {
        self.hold();
        self.invite(Some(history)).await.unwrap();
        shared(&self.alpha, &self.beta, &self.channel, &self.remote).await;
        self.beta.join(&self.bob, &self.channel).await;
    }

    /// History does not get through.
    fn hold(&self) {
        self.network.fail(|sent| is_history(sent).then_some(Fault::Status(503)));
    }

    /// Of the frames of history the first so many get through, and the next one hangs.
    fn hang_after(&self, number: usize) {
        let seen = AtomicUsize::new(0);
        self.network.fail(move |sent| {
            (is_history(sent) && seen.fetch_add(1, Ordering::Relaxed) >= number).then_some(Fault::Hang)
        });
    }

    /// Waits until a frame of history hangs.
    async fn hangs(&self) {
        eventually("history hangs", async || {
            self.network.log().iter().any(|sent| sent.fault == Some(Fault::Hang)).then_some(())
        })
        .await;
    }

    async fn order(&self, order: Order) -> Result<Backfill, shares::Error> {
        backfill::order(self.alpha.app(), &self.alpha.admin.actor, &self.channel, &self.remote, order).await
    }

    async fn row(&self) -> Backfill {
        let share = newest_share(&self.alpha, &self.channel, &self.remote).await;
        backfills::get(&mut self.alpha.view().await, &share.id).await.unwrap().unwrap()
    }

    async fn comes_to(&self, state: BackfillState) -> Backfill {
        eventually("the backfill comes to its end", async || Some(self.row().await).filter(|row| row.state == state))
            .await
    }

    /// How often each post was carried to beta by frames that got through.
    fn carried(&self) -> BTreeMap<String, usize> {
        let mut carried = BTreeMap::new();
        for sent in self.network.log().iter().filter(|sent| sent.from == "alpha" && sent.fault.is_none()) {
            for id in sent.posts() {
                *carried.entry(id).or_default() += 1;
            }
        }
        carried
    }

    /// Which of these posts beta has, in their order.
    async fn there(&self, posts: &[Post]) -> Vec<PostId> {
        let mut found = Vec::new();
        for post in posts {
            if self.beta.post_row(&post.id).await.is_some() {
                found.push(post.id);
            }
        }
        found
    }

    /// What beta's Bob has not read: messages and mentions.
    async fn unread(&self) -> (i64, i64) {
        let channel = self.beta.channel_row(&self.channel).await.unwrap();
        let member =
            channel_members::get(&mut self.beta.view().await, &self.channel, &self.bob.user.id).await.unwrap().unwrap();
        (channel.total_msg_count - member.msg_count, member.mention_count)
    }
}

fn ids(posts: &[Post]) -> Vec<PostId> {
    posts.iter().map(|post| post.id).collect()
}

/// Behaviour 8.1: everything of the past arrives, with its authors and times, newest thread first, and is no news
/// to anybody; afterwards it lives like everything else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_arrives_whole_and_is_no_news() {
    both(async |db: Db| {
        let network = Network::new();
        let alpha = Server::on(&network, "alpha", 1, db).await;
        let beta = Server::new(&network, "beta", 2).await;
        arrives_whole(between(network, alpha, beta).await).await;
    })
    .await;
    both(async |db: Db| {
        let network = Network::new();
        let alpha = Server::with(&network, "alpha", 1, allowing).await;
        let beta = Server::on(&network, "beta", 2, db).await;
        arrives_whole(between(network, alpha, beta).await).await;
    })
    .await;
}

async fn arrives_whole(scene: Scene) {
    let Scene { network, alpha, beta, channel, ann, bob, .. } = &scene;
    let old = alpha.person("old").await;
    alpha.join(&old, channel).await;
    let by_old = alpha.post(&old, channel, "I was here").await;
    let question = alpha.post(ann, channel, "@channel who comes?").await;
    alpha.reply(&old, &question, "I do").await;
    alpha.reply(ann, &question, "fine, @all").await;
    let bytes = Bytes::from_static(b"what was decided");
    let file = files::take_bytes(alpha.app(), &ann.actor, channel, "plan.txt", bytes.clone()).await.unwrap();
    alpha.tick();
    let new = posts::NewPost { message: "see this".to_owned(), file_ids: vec![file.id], ..Default::default() };
    let with_file = posts::create(alpha.app(), &ann.actor, channel, new).await.unwrap();
    alpha.react(&old, &question.id, "wave").await;
    alpha.react(ann, &by_old.id, "tada").await;
    let deleted = alpha.post(ann, channel, "a mistake").await;
    alpha.delete(ann, &deleted.id).await;
    let edited = alpha.post(ann, channel, "frist").await;
    alpha.edit(ann, &edited.id, "first").await;
    rialto_app::channel_members::remove(alpha.app(), &old.actor, channel, &old.user.id).await.unwrap();
    users::set_active(alpha.app(), &alpha.admin.actor, &old.user.id, false).await.unwrap();
    alpha.tick();

    scene.begin(History::All).await;
    let before = beta.channel_row(channel).await.unwrap();
    let start = network.count();
    network.heal();
    let row = scene.comes_to(BackfillState::Done).await;
    assert_eq!((row.done, row.total), (6, Some(6)));
    // Threads newest first, each in its own order.
    let order: Vec<String> =
        network.content("alpha", "beta", start).iter().filter(|sent| is_history(sent)).flat_map(Sent::posts).collect();
    let place = |post: &Post| order.iter().position(|id| *id == post.id.to_string()).unwrap();
    assert!(place(&edited) < place(&with_file) && place(&with_file) < place(&question), "{order:?}");
    assert!(place(&question) < place(&by_old) && order.len() == 6, "{order:?}");
    // As they are at home, under the names they have here.
    let named = |list: Vec<(String, String)>| -> Vec<(String, String)> {
        list.into_iter().map(|(who, text)| (format!("{who}:alpha"), text)).collect()
    };
    assert_eq!(beta.texts(channel).await, named(alpha.texts(channel).await));
    for post in [&by_old, &question, &with_file, &edited] {
        assert_eq!(beta.post_row(&post.id).await.unwrap().create_at, post.create_at);
    }
    assert_eq!(beta.post_row(&deleted.id).await, None);
    let author = beta.user(&old.user.id).await.unwrap();
    assert!(author.delete_at.is_some(), "deactivated at home");
    assert!(!beta.members(channel).await.contains(&"old:alpha".to_owned()), "and nobody of the channel");
    assert_eq!(beta.reactions(&question.id).await, [(old.user.id, "wave".to_owned())]);
    assert_eq!(beta.reactions(&by_old.id).await, [(ann.user.id, "tada".to_owned())]);
    let root = beta.post_row(&question.id).await.unwrap();
    assert_eq!(root.reply_count, 2);
    let held = eventually("the file arrives", async || {
        let (_, mut open) = files::open(beta.app(), &bob.actor, &file.id).await.ok()?;
        let mut all = Vec::new();
        open.read_to_end(&mut all).await.ok()?;
        Some(all)
    })
    .await;
    assert_eq!(held, bytes);
    // Nobody was told and nobody has anything to read.
    assert_eq!(scene.unread().await, (0, 0));
    let after = beta.channel_row(channel).await.unwrap();
    assert_eq!((after.total_msg_count, after.last_post_at), (before.total_msg_count, before.last_post_at));
    // What is done to it now is done there too, and what is new is new.
    alpha.edit(ann, &question.id, "who came?").await;
    beta.reads(&question.id, "who came?").await;
    alpha.react(ann, &edited.id, "rocket").await;
    eventually("the reaction arrives", async || (beta.reactions(&edited.id).await.len() == 1).then_some(())).await;
    let answer = beta.reply(bob, &root, "I came").await;
    alpha.arrives(&answer.id).await;
    alpha.delete(ann, &with_file.id).await;
    eventually("the deletion arrives", async || {
        beta.post_row(&with_file.id).await.filter(|post| post.delete_at.is_some())
    })
    .await;
    let unread = scene.unread().await.0;
    let news = alpha.post(ann, channel, "@channel news").await;
    beta.arrives(&news.id).await;
    assert_eq!(scene.unread().await, (unread + 1, 1));
}

/// Behaviour 8.1: a message written meanwhile does not wait for what is left of the past.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_meanwhile_goes_first() {
    let scene = scene().await;
    let past = scene.threads(100, 1).await.concat();
    scene.begin(History::All).await;
    scene.hang_after(1);
    scene.hangs().await;
    let live = scene.alpha.post(&scene.ann, &scene.channel, "now").await;
    let start = scene.network.count();
    scene.network.heal();
    scene.beta.arrives(&live.id).await;
    let frames = scene.network.content("alpha", "beta", start);
    assert_eq!(frames[0].posts(), [live.id.to_string()], "before anything else");
    scene.comes_to(BackfillState::Done).await;
    assert_eq!(scene.there(&past).await, ids(&past));
    assert_eq!(scene.unread().await.0, 1);
}

/// Behaviour 8.1: cancelled half-way it leaves whole threads; asked for again it goes on there, and nothing goes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_it_leaves_whole_threads_and_goes_on_from_there() {
    let scene = scene().await;
    let threads = scene.threads(10, 7).await;
    scene.begin(History::All).await;
    scene.hang_after(1);
    scene.hangs().await;
    // Twenty messages are there: two threads, and six of the third.
    assert_eq!(scene.order(Order::Cancel).await.unwrap().state, BackfillState::Cancelling);
    scene.network.heal();
    let row = scene.comes_to(BackfillState::Cancelled).await;
    assert_eq!((row.done, row.total), (21, Some(70)));
    settle(&[&scene.alpha, &scene.beta], &scene.channel).await;
    let (older, newer) = (threads[..7].concat(), threads[7..].concat());
    assert_eq!(scene.there(&newer).await, ids(&newer));
    assert_eq!(scene.there(&older).await, []);
    // Of what did not go nothing gets out by another way.
    scene.alpha.edit(&scene.ann, &older[3].id, "changed").await;
    scene.alpha.react(&scene.ann, &older[3].id, "wave").await;
    settle(&[&scene.alpha, &scene.beta], &scene.channel).await;
    assert_eq!(scene.there(&older).await, []);
    let again = scene.invite(Some(History::All)).await.unwrap();
    assert!(again.already);
    let row = scene.comes_to(BackfillState::Done).await;
    assert_eq!((row.done, row.total), (70, Some(70)));
    assert_eq!(scene.there(&older).await, ids(&older));
    assert_eq!(scene.beta.post_row(&older[3].id).await.unwrap().message, "changed");
    let carried = scene.carried();
    for post in threads.concat() {
        assert_eq!(carried[post.id.as_str()], 1, "{}", post.message);
    }
}

/// G-51, behaviour 8.1: what was sent is remembered, whenever the server is killed; nothing is missing or doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_where_it_was_when_the_server_is_killed() {
    let mut scene = scene().await;
    let past = scene.threads(15, 5).await.concat();
    scene.begin(History::All).await;
    // The second portion is taken, and the server ends before it hears of that.
    let seen = AtomicUsize::new(0);
    scene.network.fail(move |sent| match is_history(sent).then(|| seen.fetch_add(1, Ordering::Relaxed)) {
        None | Some(0) => None,
        Some(1) => Some(Fault::LostAnswer),
        Some(_) => Some(Fault::Hang),
    });
    scene.hangs().await;
    scene.alpha.stop().await;
    scene.network.heal();
    scene.alpha.start().await;
    let row = scene.comes_to(BackfillState::Done).await;
    assert_eq!((row.done, row.total), (75, Some(75)));
    assert_eq!(scene.there(&past).await, ids(&past));
    assert_eq!(scene.beta.texts(&scene.channel).await.len(), 75);
    assert_eq!(scene.unread().await, (0, 0));
}

/// Behaviour 8.1, 6.3: bounded by the home's setting, and by what the other side takes, at which the sender stops.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_set_limits() {
    let mut scene = scene().await;
    let past = scene.threads(30, 1).await.concat();
    change(&scene.alpha, |settings| settings.workspaces.history_max = None);
    assert!(matches!(scene.invite(Some(History::All)).await, Err(shares::Error::History(Refusal::Off))));
    change(&scene.alpha, |settings| settings.workspaces.history_max = Some(History::Messages(5)));
    let over = scene.invite(Some(History::Messages(6))).await;
    assert!(matches!(over, Err(shares::Error::History(Refusal::TooMuch(_)))));
    assert!(scene.alpha.live_share(&scene.channel, &scene.remote).await.is_none());
    let mut told = scene.alpha.app().bus.volatile();
    change(&scene.beta, |settings| settings.workspaces.accept_history = false);
    scene.invite(Some(History::All)).await.unwrap();
    let row = scene.comes_to(BackfillState::Refused).await;
    assert_eq!((row.done, row.reason.as_str()), (0, "the server there does not want them"));
    assert!(format!("{:?}", told.recv().await.unwrap()).contains("the server there does not want them"));
    // The share goes on, and tries no more.
    let start = scene.network.count();
    settle(&[&scene.alpha, &scene.beta], &scene.channel).await;
    assert!(!scene.network.log()[start..].iter().any(is_history));
    assert_eq!(scene.there(&past).await, []);
    change(&scene.beta, |settings| settings.workspaces.accept_history = true);
    scene.invite(Some(History::All)).await.unwrap();
    assert_eq!(scene.comes_to(BackfillState::Done).await.done, 5);
    assert_eq!(scene.there(&past).await, ids(&past[25..]));
    // A server that cannot tell history from news is sent none.
    scene.channel = scene.alpha.channel("other", &[&scene.ann]).await;
    scene.alpha.take_for(&scene.remote, PeerProfile::Mattermost11).await;
    assert!(matches!(scene.invite(Some(History::All)).await, Err(shares::Error::History(Refusal::NotThere))));
}

/// INV-11, E-136: with the share its past ends too; invited again, what was written in between comes if it is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uninvited_nothing_more_is_sent_until_it_is_asked_for_again() {
    let scene = scene().await;
    let past = scene.threads(60, 1).await.concat();
    scene.begin(History::All).await;
    scene.hang_after(1);
    scene.hangs().await;
    let admin = &scene.alpha.admin.actor;
    shares::uninvite(scene.alpha.app(), admin, &scene.channel, Some(&scene.remote)).await.unwrap();
    let start = scene.network.count();
    scene.network.heal();
    eventually("the share ends there", async || {
        scene.beta.live_share(&scene.channel, &scene.remote).await.is_none().then_some(())
    })
    .await;
    assert!(matches!(scene.order(Order::Resume).await, Err(shares::Error::NoHistory)));
    let mut between = Vec::new();
    for n in 0..20 {
        between.push(scene.alpha.post(&scene.ann, &scene.channel, &format!("among ourselves {n}")).await);
    }
    share(&scene.alpha, &scene.beta, &scene.channel, &scene.remote).await;
    settle(&[&scene.alpha, &scene.beta], &scene.channel).await;
    assert!(!scene.network.log()[start..].iter().any(is_history), "nobody asked");
    assert_eq!(scene.there(&past).await, ids(&past[40..]));
    assert_eq!(scene.there(&between).await, []);
    scene.invite(Some(History::Messages(20))).await.unwrap();
    scene.comes_to(BackfillState::Done).await;
    assert_eq!(scene.there(&between).await, ids(&between));
    assert_eq!(scene.there(&past).await, ids(&past[40..]));
    scene.invite(Some(History::All)).await.unwrap();
    scene.comes_to(BackfillState::Done).await;
    assert_eq!(scene.there(&past).await, ids(&past));
    let texts = scene.beta.texts(&scene.channel).await;
    assert_eq!(texts.len(), 80, "nothing twice");
}

/// Behaviour 8.1: paused, nothing of it goes while the channel lives on; resumed, it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_paused() {
    let scene = scene().await;
    let past = scene.threads(45, 1).await.concat();
    scene.begin(History::All).await;
    assert_eq!(scene.order(Order::Pause).await.unwrap().state, BackfillState::Paused);
    scene.network.heal();
    settle(&[&scene.alpha, &scene.beta], &scene.channel).await;
    assert_eq!(scene.there(&past).await, []);
    let share = newest_share(&scene.alpha, &scene.channel, &scene.remote).await;
    assert_eq!(share.state, ShareState::Active);
    assert_eq!(scene.order(Order::Resume).await.unwrap().state, BackfillState::Running);
    scene.comes_to(BackfillState::Done).await;
    assert_eq!(scene.there(&past).await, ids(&past));
}

/// Ruling 46, behaviour 8.1: a root that went ahead of the past for the sake of a new reply gets its files with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_root_that_went_ahead_is_completed() {
    let scene = scene().await;
    let Scene { alpha, beta, channel, ann, bob, .. } = &scene;
    let bytes = Bytes::from_static(b"old plan");
    let file = files::take_bytes(alpha.app(), &ann.actor, channel, "plan.txt", bytes).await.unwrap();
    let new = posts::NewPost { message: "a plan".to_owned(), file_ids: vec![file.id], ..Default::default() };
    let root = posts::create(alpha.app(), &ann.actor, channel, new).await.unwrap();
    alpha.reply(ann, &root, "an old reply").await;
    scene.begin(History::All).await;
    let reply = alpha.reply(ann, &root, "a new reply").await;
    beta.arrives(&reply.id).await;
    let bare = beta.post_row(&root.id).await.unwrap();
    assert_eq!((bare.file_ids.len(), bare.reply_count), (0, 1));
    scene.network.heal();
    scene.comes_to(BackfillState::Done).await;
    let whole = beta.post_row(&root.id).await.unwrap();
    assert_eq!((whole.file_ids, whole.reply_count), (vec![file.id], 2));
    eventually("the file arrives", async || files::open(beta.app(), &bob.actor, &file.id).await.ok()).await;
}
