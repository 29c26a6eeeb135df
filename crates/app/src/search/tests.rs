//! Searching as people do, on both databases.

use rialto_model::{ChannelId, Post};
use rialto_store::Db;
use rialto_store::testing::both;

use super::*;
use crate::posts::{PostPatch, delete, edit};
use crate::sharing_scene::{Person, Scene, id, incoming_post, incoming_user, with_posts, with_users};
use crate::testing;

/// Everything written so far is known to the node.
async fn settle(scene: &Scene) {
    scene.app.bus.settle(scene.head().await);
}

async fn found(scene: &Scene, who: &Person, terms: &str) -> Vec<String> {
    settle(scene).await;
    let wanted = Search { terms: terms.to_owned(), limit: 60, ..Search::default() };
    let found = super::posts(&scene.app, &who.actor, Some(&scene.team), &wanted).await.unwrap();
    found.into_iter().map(|post| post.message).collect()
}

async fn say(scene: &Scene, who: &Person, channel: &ChannelId, text: &str) -> Post {
    scene.tick();
    scene.write(who, channel, text, None).await
}

/// SC-015: what is written, changed and deleted shows in what is found, for those who may read it.
#[tokio::test]
async fn what_is_found_follows_what_is_written() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let secret = scene.new_channel("secret").await;
        scene.join(&scene.ann, &secret).await;
        let first = say(&scene, &scene.ann, &scene.channel, "The quick brown fox #Hunting-Season").await;
        let second = say(&scene, &scene.bob, &scene.channel, "a quick answer, 東京から สวัสดี").await;
        say(&scene, &scene.ann, &secret, "quick secret").await;

        let (one, two) = (first.message.as_str(), second.message.as_str());
        assert_eq!(found(&scene, &scene.bob, "QUICK").await, [two, one]);
        assert_eq!(found(&scene, &scene.ann, "quick").await.len(), 3, "of the channels somebody belongs to");
        assert_eq!(found(&scene, &scene.ann, "quick in:~secret").await, ["quick secret"]);
        assert_eq!(found(&scene, &scene.bob, "quick in:secret").await, [""; 0]);
        assert_eq!(found(&scene, &scene.ann, "quick -in:secret from:bob").await, [two]);
        assert_eq!(found(&scene, &scene.ann, "from:nobody").await, [""; 0]);
        assert_eq!(found(&scene, &scene.bob, "\"brown fox\"").await, [one]);
        assert_eq!(found(&scene, &scene.bob, "\"fox brown\"").await, [""; 0]);
        assert_eq!(found(&scene, &scene.bob, "#hunting-season").await, [one]);
        assert_eq!(found(&scene, &scene.bob, "東京").await, [two]);
        assert_eq!(found(&scene, &scene.bob, "京東").await, [""; 0]);
        assert_eq!(found(&scene, &scene.bob, "วัส").await, [two]);
        assert_eq!(found(&scene, &scene.bob, "  ").await, [""; 0]);
        assert_eq!(found(&scene, &scene.bob, "joined").await, [""; 0], "words of the system are nobody's");

        let change = PostPatch { message: Some("The slow brown fox".to_owned()), ..PostPatch::default() };
        edit(&scene.app, &scene.ann.actor, &first.id, change).await.unwrap();
        assert_eq!(found(&scene, &scene.bob, "quick").await, [two]);
        assert_eq!(found(&scene, &scene.bob, "slow").await, ["The slow brown fox"]);
        delete(&scene.app, &scene.ann.actor, &first.id).await.unwrap();
        assert_eq!(found(&scene, &scene.bob, "brown").await, [""; 0]);

        let outsider = scene.stranger("otto", "system_user").await;
        let wanted = Search { terms: "quick".to_owned(), limit: 60, ..Search::default() };
        let refused = super::posts(&scene.app, &outsider.actor, Some(&scene.team), &wanted).await;
        assert!(matches!(refused, Err(Denied::Forbidden(_))));
        assert_eq!(super::posts(&scene.app, &outsider.actor, None, &wanted).await.unwrap(), []);
    })
    .await;
}

/// SC-015: what people of another organisation wrote is found as well, by their names here too; nothing else of theirs.
#[tokio::test]
async fn messages_of_remote_people_are_found() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("acme").await;
        let share = scene.share(&peer).await;
        scene.activate(&share).await;
        scene.take(&peer, with_users([incoming_user(&peer, 31)])).await;
        let post = crate::apply::IncomingPost { message: "harbour lights".to_owned(), ..incoming_post(41, 31) };
        scene.take(&peer, with_posts([post])).await;
        let author = scene.row(&id(41)).await.unwrap().user_id;
        let name = scene.user(&author).await.unwrap().username;
        assert!(name.contains(':'), "{name}");
        assert_eq!(found(&scene, &scene.ann, "harbour").await, ["harbour lights"]);
        assert_eq!(found(&scene, &scene.ann, &format!("from:{name} lights")).await, ["harbour lights"]);
        assert_eq!(found(&scene, &scene.ann, &format!("-from:@{name} lights")).await, [""; 0]);

        let copy = scene.copy(&peer, id(90), false).await;
        scene.join(&scene.ann, &copy.id).await;
        let history =
            crate::apply::IncomingPost { message: "earlier lights".to_owned(), history: true, ..incoming_post(42, 31) };
        let frame = crate::apply::IncomingItems { history: true, ..with_posts([history]) };
        scene.take_in(&peer, &copy.id, frame).await.unwrap();
        assert_eq!(found(&scene, &scene.ann, "earlier").await, ["earlier lights"], "history too");
    })
    .await;
}

/// An index that begins late knows what was written before; one that was stopped goes on.
#[tokio::test]
async fn an_index_begins_with_what_is_there() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        for n in 0..120 {
            say(&scene, &scene.ann, &scene.channel, &format!("early word{n}")).await;
        }
        assert_eq!(found(&scene, &scene.bob, "word7").await, ["early word7"]);
        let second = testing::open(scene.app.db.clone()).await;
        let index = App { index: Index::default(), bus: second.bus.clone(), ..scene.app.clone() };
        say(&scene, &scene.ann, &scene.channel, "late word").await;
        index.bus.settle(scene.head().await);
        // Two nodes at once: neither spoils the other's work.
        let (one, other) = tokio::join!(super::index::catch_up(&index), super::index::catch_up(&scene.app));
        one.and(other).unwrap();
        assert_eq!(found(&scene, &scene.bob, "late").await, ["late word"]);
        let wanted = Search { terms: "early".to_owned(), skip: 100, limit: 50, ..Search::default() };
        let page = super::posts(&scene.app, &scene.bob.actor, None, &wanted).await.unwrap();
        let last: Vec<&str> = page.iter().map(|post| post.message.as_str()).collect();
        assert_eq!(
            (last.len(), last.first().copied(), last.last().copied()),
            (20, Some("early word19"), Some("early word0"))
        );
    })
    .await;
}
