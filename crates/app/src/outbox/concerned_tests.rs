//! Whoever would be sent something because of an event is among those whom the event is said to concern.

use std::collections::{BTreeMap, HashMap};

use rialto_model::Seq;
use rialto_store::shares;
use rialto_store::testing::both;

use super::concerned::by;
use super::{Concerned, Delivered, concerned, delivered, relevant};
use crate::posts::PostPatch;
use crate::reactions;
use crate::sharing_scene::{Peer, Scene, incoming_post, with_posts};
use crate::testing::log_of;
use crate::users::{self, ProfileChange};

/// Which kinds of events were found to concern which peers.
async fn compare(scene: &Scene, peers: &[&Peer]) -> BTreeMap<String, Vec<&'static str>> {
    let mut found: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    let mut view = scene.view().await;
    for recorded in log_of(&scene.app).await {
        let Concerned::These(said) = by(&mut view, std::slice::from_ref(&recorded), false).await.unwrap() else {
            continue;
        };
        for peer in peers {
            let live = shares::list_of_remote(&mut view, &peer.id, false).await.unwrap();
            let live: HashMap<_, _> = live.into_iter().map(|share| (share.channel_id, share)).collect();
            let change = relevant(&mut view, &peer.id, &live, recorded.clone()).await.unwrap();
            let kind = serde_json::to_value(&recorded.event).unwrap()["kind"].as_str().unwrap().to_owned();
            assert!(change.is_none() || said.contains(&peer.id), "{kind} concerns {}", peer.name);
            if change.is_some() {
                found.entry(kind).or_default().push(peer.name);
            }
        }
    }
    found
}

/// E-159: nobody whom an event concerns is left out, and whoever shares nothing with it is.
#[tokio::test]
async fn those_whom_an_event_concerns_are_found() {
    both(async |db| {
        let scene = Scene::new(db).await;
        let (acme, globex) = (scene.peer("acme").await, scene.peer("globex").await);
        scene.share(&acme).await;
        let lab = scene.new_channel("lab").await;
        scene.join(&scene.bob, &lab).await;
        let before = log_of(&scene.app).await.last().unwrap().seq;
        let home = scene.write(&scene.bob, &lab, "stays here", None).await;
        let at_home = concerned(&scene.app, before, Seq(before.0 + 1_000)).await.unwrap();
        assert_eq!(at_home, (Seq(before.0 + 1_000), Concerned::These([].into())), "{home:?}");

        let post = scene.post(&scene.ann, "hello").await;
        let row = scene.user(&scene.ann.id).await.unwrap();
        let known =
            Delivered { announced: vec![(row.id, row.update_at)], taken: vec![post.id], ..Delivered::default() };
        delivered(&scene.app, &acme.id, &scene.channel, &known).await.unwrap();
        reactions::add(&scene.app, &scene.ann.actor, &post.id, "rocket").await.unwrap();
        let edited = PostPatch { message: Some("hello, edited".to_owned()), ..PostPatch::default() };
        crate::posts::edit(&scene.app, &scene.ann.actor, &post.id, edited).await.unwrap();
        let change = ProfileChange { nickname: Some("Annie".to_owned()), ..ProfileChange::default() };
        users::update(&scene.app, &scene.ann.actor, &scene.ann.id, change).await.unwrap();
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
        let carl = scene.person("carl").await;
        scene.join(&carl, &scene.channel).await;
        crate::posts::delete(&scene.app, &scene.ann.actor, &post.id).await.unwrap();

        let found = compare(&scene, &[&acme, &globex]).await;
        for kind in [
            "share_started",
            "post_created",
            "post_edited",
            "post_deleted",
            "reaction_added",
            "user_updated",
            "channel_member_added",
        ] {
            assert_eq!(found.get(kind).map(|names| names.contains(&"acme")), Some(true), "{kind}: {found:?}");
        }
        assert!(found.values().flatten().all(|name| *name == "acme"), "{found:?}");
        let after = log_of(&scene.app).await.last().unwrap().seq;
        let (_, said) = concerned(&scene.app, before, after).await.unwrap();
        assert_eq!(said, Concerned::These([acme.id].into()), "what the other connection has nothing to do with");
        let (upto, said) = concerned(&scene.app, Seq(0), Seq(after.0 + 20_000)).await.unwrap();
        assert_eq!((upto, said), (Seq(after.0 + 20_000), Concerned::Everybody), "too much to look at");
    })
    .await;
}
