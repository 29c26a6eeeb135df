//! Three organisations: a home passes everything on once, and one silent peer delays nobody else.

use std::collections::BTreeMap;

use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::{Fault, On};
use rialto_testkit::{Client, Organisation, Peer, Profile, SHORT, both, connect, share, wait_for};

/// SC-016, SC-099, E-080.
#[tokio::test]
async fn what_one_guest_says_reaches_the_other_once() {
    both(async |database| {
        let hub = Organisation::start("hub", database).await;
        let left = Organisation::start("left", database).await;
        let right = Organisation::start("right", database).await;
        let ops = hub.channel("ops", "O").await;
        let ann = hub.member_of(&ops, "ann").await;
        for guest in [&left, &right] {
            let id = connect(&hub, guest).await;
            share(&hub, &ops, &id, guest).await;
        }
        let (lea, rob) = (left.member_of(&ops, "lea").await, right.member_of(&ops, "rob").await);

        let root = lea.write(&ops, "from the left").await["id"].as_str().unwrap().to_owned();
        assert_eq!(rob.see(&ops, "from the left").await["id"], root.as_str());
        rob.reply(&ops, &root, "from the right").await;
        lea.see(&ops, "from the right").await;
        rob.react(&root, "tada").await;
        lea.see_reactions(&root, &[(&rob.id, "tada")]).await;
        ann.see_reactions(&root, &[(&rob.id, "tada")]).await;
        lea.edit(&root, "from the left, edited").await;
        rob.see(&ops, "from the left, edited").await;
        let gone = rob.write(&ops, "soon gone").await["id"].as_str().unwrap().to_owned();
        lea.see(&ops, "soon gone").await;
        rob.remove(&gone).await;
        lea.see_gone(&ops, "soon gone").await;
        for number in 0..40 {
            for (person, name) in [(&ann, "ann"), (&lea, "lea"), (&rob, "rob")] {
                person.write(&ops, &format!("{name} {number}")).await;
            }
        }
        let everybody = [&ann, &lea, &rob];
        let all = wait_for("all three to hold the same 122 posts", SHORT, async || {
            let mut views = Vec::new();
            for person in everybody {
                views.push(texts(person, &ops).await);
            }
            (views[0].len() == 122 && views.iter().all(|view| *view == views[0])).then(|| views[0].clone())
        })
        .await;
        assert_eq!(all[&root].0, "from the left, edited");
        // The third organisation's people are recognisable on either side, without a name piling up.
        let lea_at_right = rob.get(&format!("/users/{}", lea.id)).await.ok();
        assert!(lea_at_right["username"].as_str().unwrap().starts_with("lea:"), "{lea_at_right}");
        assert_eq!(lea_at_right["username"].as_str().unwrap().matches(':').count(), 1);
    })
    .await;
}

/// Post id to (text, author's id, root).
async fn texts(person: &Client, channel: &str) -> BTreeMap<String, (String, String, String)> {
    let text = |post: &serde_json::Value, member: &str| post[member].as_str().unwrap().to_owned();
    let all = person.messages(channel).await;
    all.iter()
        .map(|(id, post)| (id.clone(), (text(post, "message"), text(post, "user_id"), text(post, "root_id"))))
        .collect()
}

#[tokio::test]
async fn a_silent_peer_delays_nobody_else() {
    both(async |database| {
        let hub = Organisation::start("hub", database).await;
        let (silent, lively) = (Peer::start(Profile::Mattermost116).await, Peer::start(Profile::Mattermost116).await);
        let ops = hub.channel("ops", "O").await;
        let ann = hub.member_of(&ops, "ann").await;
        for (name, peer) in [("silent", &silent), ("lively", &lively)] {
            let id = peer.accept(&hub.invite(name).await, CODE_PASSWORD).await.unwrap();
            hub.wait_online(name).await;
            hub.share(&ops, &id, "").await;
            peer.wait_world("the channel", |world| world.channels.contains_key(&ops)).await;
        }
        // It takes every request and answers none.
        silent.misbehave(On::Any, usize::MAX, Fault::Hang);
        let begun = std::time::Instant::now();
        for number in 0..100 {
            ann.write(&ops, &format!("number {number}")).await;
        }
        lively.see("number 99").await;
        // Far below the minute that one request to the silent one may take.
        assert!(begun.elapsed() < SHORT, "{:?}", begun.elapsed());
        assert_eq!(lively.world().messages(&ops).len(), 100);
        silent.wait_request("the silent one being asked", |request| request.payload()["posts"].is_array()).await;
        assert!(silent.world().messages(&ops).is_empty());
        // What one guest says goes to the other although the third hangs.
        let bert = lively.person("bert");
        lively.write(&ops, &bert, "from the lively one").await;
        ann.see(&ops, "from the lively one").await;
    })
    .await;
}
