//! What a frame holds of what is to go: posts with their roots and people, reactions, members; nothing twice.

use rialto_model::{ChannelId, Millis, PostId, UserId};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::apply::IncomingPost;
use crate::outbox::{self, Contents, Delivered, Wanted};
use crate::sharing_scene::{Peer, Scene, id, incoming_post, with_posts};
use crate::{Settings, posts, reactions};

pub(super) async fn load(scene: &Scene, peer: &Peer, posts: &[PostId]) -> Contents {
    let wanted = Wanted { posts: posts.to_vec(), ..Wanted::default() };
    outbox::load(&scene.app, &peer.id, &scene.channel, &wanted).await.unwrap().expect("the share is active")
}

pub(super) fn people(contents: &Contents) -> Vec<UserId> {
    contents.unknown.iter().map(|person| person.id).collect()
}

/// E-069.
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

/// E-068.
#[tokio::test]
async fn of_a_thread_that_was_deleted_no_reply_is_told_any_more() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        scene.guest(&acme, 1).await;
        let root = scene.post(&scene.ann, "who comes?").await;
        let reply = IncomingPost { root_id: Some(root.id), ..incoming_post(10, 1) };
        scene.take(&acme, with_posts([reply])).await;
        let both = [root.id, id(10)];
        assert_eq!(load(&scene, &globex, &both).await.posts.len(), 2);
        scene.tick();
        posts::delete(&scene.app, &scene.ann.actor, &root.id).await.unwrap();
        assert_eq!(scene.row(&id(10)).await.unwrap().delete_at, None, "its author has not deleted it yet");
        for wanted in [&both[..], &both[1..]] {
            let told: Vec<_> = load(&scene, &globex, wanted).await.posts.iter().map(|post| post.id).collect();
            assert!(!told.contains(&id(10)), "{told:?}");
        }
        let later = Millis(1_700_000_001_000);
        scene
            .take(
                &acme,
                with_posts([IncomingPost { delete_at: Some(later), update_at: later, ..incoming_post(10, 1) }]),
            )
            .await;
        assert_eq!(load(&scene, &globex, &both).await.posts.len(), 2, "its deletion is");
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

/// Ruling 52: whoever has another id here is called by the one on the wire, also when they leave.
#[tokio::test]
async fn who_leaves_is_called_as_who_comes() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        scene.share(&globex).await;
        let guest = scene.guest(&acme, 31).await;
        let on_the_wire: UserId = id(99);
        let mut tx = scene.app.db.begin(scene.app.clock.now()).await.unwrap();
        rialto_store::users::insert_alias(&mut tx, &acme.id, &on_the_wire, &guest).await.unwrap();
        rialto_store::channel_members::delete(&mut tx, &scene.channel, &guest).await.unwrap();
        tx.commit().await.unwrap();
        let wanted = Wanted { members: vec![guest], ..Wanted::default() };
        let contents = outbox::load(&scene.app, &globex.id, &scene.channel, &wanted).await.unwrap().unwrap();
        assert_eq!(
            contents.members.iter().map(|(person, joined)| (person.id, *joined)).collect::<Vec<_>>(),
            [(guest, false)]
        );
        assert_eq!(contents.wire_ids.get(&guest), Some(&on_the_wire));
    })
    .await;
}
