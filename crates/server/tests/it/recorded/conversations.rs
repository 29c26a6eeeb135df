//! Scenarios 16 and 17: direct and group messages with a 5.37 (ruling 39, 62; behaviour 4.7).

use rialto_testkit::both;
use rialto_testkit::client::text;
use rialto_testkit::peer::author::user_object;
use rialto_testkit::replay::{Entry, Side, assert_shape};
use serde_json::json;

use super::stage::{OPTIONAL, PUBLIC, Stage, recorded, scenario};

const DIRECT: &str = "xqyt6nh8gigg7c7pysgrn5e9ye";
const ALICE: &str = "crhx3d8fbfdrigqej7qf46amda";
const BELLA: &str = "pe5e9qesqifcuxz74g4iihoqmw";

/// SC-101, E-110: A's alice writes to our bella, who answers.
#[tokio::test]
async fn a_conversation_begun_over_there() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        let bella = stage.person("bella").clone();
        for entry in scenario("16-direct-message") {
            let Entry::Exchange(exchange) = entry else { continue };
            if exchange.is_from(Side::A) {
                stage.peer.hold(&stage.remote_id(), exchange.topic(), &stage.replay.translate(exchange.payload()));
                let answer = stage.replay.play(&stage.peer, &exchange).await;
                if exchange.path.ends_with("/image") {
                    assert!(matches!(answer.status, 200 | 501), "{answer}");
                    continue;
                }
                assert_eq!(
                    (answer.status, &answer.body["status"]),
                    (200, &json!("OK")),
                    "{}: {answer}",
                    exchange.topic()
                );
                let errors = &answer.body["payload"]["post_errors"];
                assert!(errors.is_null() || *errors == json!([]), "{answer}");
            } else if exchange.payload()["posts"].is_array() {
                let said = text(&exchange.payload()["posts"][0]["message"]);
                let channel = bella.see(DIRECT, "hi bella, DM from A").await;
                assert_eq!(channel["user_id"], ALICE);
                let written = bella.write(DIRECT, &said).await;
                stage.replay.replace(&text(&exchange.payload()["posts"][0]["id"]), &text(&written["id"]));
                let sent = stage.peer.see(&said).await;
                assert_eq!((sent.channel.as_str(), sent.user.as_str()), (DIRECT, bella.id.as_str()));
                assert_shape(&sent.wire, &exchange.payload()["posts"][0], OPTIONAL);
            } else if exchange.payload()["reactions"].is_array() {
                let reaction = &exchange.payload()["reactions"][0];
                let (post, emoji) = (text(&reaction["post_id"]), text(&reaction["emoji_name"]));
                bella.react(&post, &emoji).await;
                let expected = vec![(bella.id.clone(), emoji)];
                stage.peer.wait_world("the reaction", |world| world.reactions(&post) == expected).await;
            }
        }
        let channel = bella.channel(DIRECT).await.expect("bella's own");
        assert_eq!(channel["type"], "D");
        for stranger in [stage.person("dave"), &stage.org.admin] {
            let seen = stranger.get(&format!("/channels/{DIRECT}/posts")).await;
            assert_eq!(seen.status, 403, "a direct message is between two: {seen}");
        }
    })
    .await;
}

/// SC-101, ruling 39: our alice writes to B's bella; people go before the invitation, and bella answers.
#[tokio::test]
async fn a_conversation_begun_here() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice", "bob"]).await;
        let alice = stage.person("alice").clone();
        let bella = json!({"users": {BELLA: user_object(BELLA, "bella")}, "channel_id": channel});
        stage.peer.hold(&stage.remote_id(), "sharedchannel_sync", &bella);
        stage.peer.sync(&stage.remote_id(), &channel, bella).await.ok();
        let direct = text(&alice.post("/channels/direct", json!([alice.id, BELLA])).await.ok()["id"]);
        stage.replay.replace(DIRECT, &direct);
        let words = recorded("16-direct-message", Side::A, |exchange| exchange.payload()["posts"].is_array());
        let theirs = &words.payload()["posts"][0];
        let written = alice.write(&direct, theirs["message"].as_str().unwrap()).await;
        stage.replay.replace(theirs["id"].as_str().unwrap(), &text(&written["id"]));
        let sent = stage.peer.see(theirs["message"].as_str().unwrap()).await;
        assert_shape(&sent.wire, theirs, OPTIONAL);
        let invitation =
            stage.peer.frames("sharedchannel_invite").into_iter().find(|frame| frame.payload()["type"] == "D");
        let invitation = invitation.expect("an invitation of type D");
        let recorded_one =
            recorded("16-direct-message", Side::A, |exchange| exchange.topic() == "sharedchannel_invite");
        assert_shape(&invitation.json, &recorded_one.json, &[]);
        let mut both_ids = vec![alice.id.clone(), BELLA.to_owned()];
        let mut named: Vec<_> =
            invitation.payload()["direct_participant_ids"].as_array().unwrap().iter().map(text).collect();
        both_ids.sort();
        named.sort();
        assert_eq!(named, both_ids);

        for entry in scenario("16-direct-message") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::B)
                && exchange.path == "/msg"
            {
                stage.peer.hold(&stage.remote_id(), exchange.topic(), &stage.replay.translate(exchange.payload()));
                let answer = stage.replay.play(&stage.peer, &exchange).await;
                assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
            }
        }
        let answer = recorded("16-direct-message", Side::B, |exchange| exchange.payload()["posts"].is_array());
        alice.see(&direct, answer.payload()["posts"][0]["message"].as_str().unwrap()).await;
        alice.see_reactions(&text(&written["id"]), &[(BELLA, "wave")]).await;
    })
    .await;
}

/// SC-102, ruling 62, recording 17: a 5.37 knows no group messages. Its own server lets people write into one that goes
/// nowhere; here it is refused with the reason, and nothing is sent.
#[tokio::test]
async fn a_group_with_somebody_of_a_5_37_is_not_sent() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice", "bob"]).await;
        let (alice, bob) = (stage.person("alice").clone(), stage.person("bob").clone());
        let bella = json!({"users": {BELLA: user_object(BELLA, "bella")}, "channel_id": channel});
        stage.peer.hold(&stage.remote_id(), "sharedchannel_sync", &bella);
        stage.peer.sync(&stage.remote_id(), &channel, bella).await.ok();
        alice.write(&channel, "so that B knows me").await;
        stage.peer.see("so that B knows me").await;
        stage.peer.forget_requests();
        let made = alice.post("/channels/group", json!([alice.id, bob.id, BELLA])).await;
        assert!((400..500).contains(&made.status), "{made}");
        let why = made.body["message"].as_str().unwrap();
        assert!(why.contains("Beta") && why.to_lowercase().contains("group"), "whose server cannot, and what: {why}");
        alice.write(&channel, "and on").await;
        stage.peer.see("and on").await;
        for request in stage.peer.requests() {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            assert!(request.payload()["type"] != "G", "{body}");
        }
    })
    .await;
}
