//! Scenario 15: a channel shared read-only (ruling 42, SC-067, SC-068).

use rialto_testkit::both;
use rialto_testkit::replay::{Entry, Side};
use serde_json::json;

use super::stage::{READ_ONLY, Stage, scenario};

/// SC-067, SC-068: imposed on us; nobody writes, the administrator included.
#[tokio::test]
async fn at_the_guest_nobody_writes() {
    both(async |database| {
        let stage = Stage::guest(database).await;
        for entry in scenario("15-share-readonly") {
            match entry {
                Entry::Exchange(exchange) if exchange.is_from(Side::A) => stage.play_accepted(&exchange).await,
                _ => {}
            }
        }
        stage.org.wait_channel(READ_ONLY).await;
        stage.join(READ_ONLY, &["bella"]).await;
        let admin = stage.org.admin.clone();
        let theirs = admin.messages(READ_ONLY).await;
        let alices = &theirs["ugk81ibazfbnznbxwuf5ffgjec"];
        assert_eq!(alices["user_id"], "crhx3d8fbfdrigqej7qf46amda");
        let bella = stage.person("bella").clone();
        stage.peer.forget_requests();
        for person in [&bella, &admin] {
            let post = person.post("/posts", json!({"channel_id": READ_ONLY, "message": "may I?"})).await;
            assert_eq!(post.status, 403, "{post}");
            let reaction =
                json!({"user_id": person.id, "post_id": "ugk81ibazfbnznbxwuf5ffgjec", "emoji_name": "thumbsup"});
            let reaction = person.post("/reactions", reaction).await;
            assert_eq!(reaction.status, 403, "{reaction}");
        }
        assert_eq!(admin.messages(READ_ONLY).await.len(), theirs.len());
        let row = admin.get(&format!("/sharedchannels/{}?page=0&per_page=50", stage.org.team)).await.ok();
        assert_eq!((&row[0]["home"], &row[0]["readonly"]), (&json!(false), &json!(true)), "{row}");
        stage.peer.ping(&stage.remote_id()).await.ok();
        assert!(stage.peer.frames("sharedchannel_sync").iter().all(|frame| frame.post_ids().is_empty()));
    })
    .await;
}

/// Ruling 42, G-48: imposed by us; the recorded administrator of B could write all the same.
#[tokio::test]
async fn at_home_the_guests_administrator_is_refused_too() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let body = json!({"team_id": stage.org.team, "name": "ro-one", "display_name": "Ro One", "type": "O"});
        let channel = stage.org.admin.post("/channels", body).await.ok()["id"].as_str().unwrap().to_owned();
        stage.replay.replace(READ_ONLY, &channel);
        stage.join(READ_ONLY, &["alice"]).await;
        stage.org.share(&channel, &stage.remote_id(), "--readonly").await;
        stage.peer.wait_world("the channel", |world| world.channels.contains_key(&channel)).await;
        let invitation = stage.peer.frames("sharedchannel_invite").pop().unwrap();
        assert_eq!(invitation.payload()["read_only"], true);
        let mut refused = 0;
        for entry in scenario("15-share-readonly") {
            let Entry::Exchange(exchange) = entry else { continue };
            if !exchange.is_from(Side::B) || exchange.path != "/msg" {
                continue;
            }
            stage.peer.hold(&stage.remote_id(), exchange.topic(), &stage.replay.translate(exchange.payload()));
            let answer = stage.replay.play(&stage.peer, &exchange).await;
            assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
            let written = exchange.payload()["posts"].as_array().into_iter().flatten();
            let ids: Vec<_> = written.filter(|post| post["type"] == "").map(|post| post["id"].clone()).collect();
            assert_eq!(
                answer.body["payload"]["post_errors"],
                json!(ids),
                "what people wrote, and nothing else: {answer}"
            );
            refused += ids.len();
        }
        assert_eq!(refused, 1, "the administrator's message");
        assert!(stage.org.admin.messages(&channel).await.is_empty());
        let alice = stage.person("alice").clone();
        alice.write(&channel, "home writes").await;
        stage.peer.see("home writes").await;
    })
    .await;
}
