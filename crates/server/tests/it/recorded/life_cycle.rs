//! Uninviting, unsharing, removing and connecting again, with a 5.37 on the other side (rulings 20, 29, 40, 43).

use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::replay::Side;
use rialto_testkit::{SHORT, both, wait_for};
use serde_json::json;

use super::stage::{OUTAGE, PRIVATE, PUBLIC, READ_ONLY, Stage, recorded};

/// The answer to content for a channel that this connection does not share.
fn no_longer_shared(channel: &str) -> serde_json::Value {
    json!({"status": "FAIL", "err": format!("cannot process sync message; channel is no longer shared: {channel}"),
        "payload": null})
}

#[tokio::test]
async fn after_uninviting_nothing_goes_and_nothing_comes() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(READ_ONLY, "ro-one", "O", &["alice"]).await;
        let alice = stage.person("alice").clone();
        alice.write(&channel, "before").await;
        stage.peer.see("before").await;
        let id = stage.remote_id();
        let uninvite = format!("/share-channel uninvite --connectionID {id}");
        let answer = stage.org.admin.command(&channel, &uninvite).await;
        assert!(answer.contains("Beta org"), "{answer}");
        wait_for("the shared mark to go", SHORT, async || {
            (stage.org.admin.channel(&channel).await?["shared"] != true).then_some(())
        })
        .await;
        stage.peer.forget_requests();
        alice.write(&channel, "among ourselves").await;

        let late = recorded("50-uninvite", Side::B, |exchange| exchange.payload()["posts"].is_array());
        let answer = stage.replay.play(&stage.peer, &late).await;
        assert_eq!((answer.status, &answer.body), (200, &no_longer_shared(&channel)));
        assert!(alice.find(&channel, "after uninvite from B").await.is_none());
        let second = stage.org.admin.command(&channel, &uninvite).await;
        assert!(second.contains("not"), "{second}");
        // A 5.37 can be invited to a channel once (ruling 40), so we refuse here and send nothing.
        let again = stage.org.share(&channel, &id, "").await;
        assert!(again.contains("delete"), "{again}");
        stage.peer.ping(&id).await.ok();
        assert!(stage.peer.requests().iter().all(|request| request.path == "/ping"), "only pings");
    })
    .await;
}

#[tokio::test]
async fn a_repeated_invitation_keeps_the_copy_and_its_posts() {
    both(async |database| {
        let stage = Stage::guest(database).await;
        let invitation = recorded("50-uninvite", Side::A, |exchange| exchange.topic() == "sharedchannel_invite");
        stage.play_accepted(&invitation).await;
        stage.org.wait_channel(READ_ONLY).await;
        let author = json!({"users": {"crhx3d8fbfdrigqej7qf46amda":
            rialto_testkit::peer::author::user_object("crhx3d8fbfdrigqej7qf46amda", "alice")}});
        stage.peer.sync(&stage.remote_id(), READ_ONLY, author).await.ok();
        let post = rialto_testkit::peer::author::post_object(
            &rialto_testkit::ids::fresh(),
            READ_ONLY,
            "crhx3d8fbfdrigqej7qf46amda",
            "",
            "keep me",
            rialto_testkit::Profile::Mattermost537,
        );
        stage.peer.sync(&stage.remote_id(), READ_ONLY, json!({"posts": [post]})).await.ok();
        stage.play_accepted(&invitation).await;
        stage.org.admin.see(READ_ONLY, "keep me").await;
        let refused = stage.org.admin.post("/posts", json!({"channel_id": READ_ONLY, "message": "x"})).await;
        assert_eq!(refused.status, 403, "read-only is for administrators too (ruling 42): {refused}");
    })
    .await;
}

#[tokio::test]
async fn what_our_admin_ended_comes_back_only_with_consent() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("14-share-private").await;
        let ended = stage.org.admin.command(PRIVATE, "/share-channel uninvite").await;
        assert!(ended.contains("Alpha org"), "{ended}");
        let late = recorded("51-unshare-origin", Side::A, |exchange| exchange.payload()["posts"].is_array());
        let answer = stage.replay.play(&stage.peer, &late).await;
        assert_eq!((answer.status, &answer.body), (200, &no_longer_shared(PRIVATE)));
        let again = stage.org.admin.command(PRIVATE, "/share-channel unshare").await;
        assert!(again.contains("not shared"), "{again}");
        // Invited again by the home: nothing flows before an administrator here agrees (ruling 43, INV-6).
        let invitation = recorded("51-unshare-origin", Side::A, |exchange| exchange.topic() == "sharedchannel_invite");
        stage.replay.play(&stage.peer, &invitation).await.ok();
        let content = recorded("51-unshare-origin", Side::A, |exchange| {
            exchange.payload()["posts"][0]["message"] == "after re-share, from A"
        });
        let answer = stage.replay.play(&stage.peer, &content).await;
        assert!(answer.status == 503 || answer.body["status"] == "FAIL", "{answer}");
        assert!(stage.org.admin.find(PRIVATE, "after re-share, from A").await.is_none());
        assert_ne!(stage.org.admin.channel(PRIVATE).await.unwrap()["shared"], true);
    })
    .await;
}

#[tokio::test]
async fn unsharing_here_is_told_by_the_answer() {
    both(async |database| {
        let stage = Stage::guest(database).await;
        stage.share_outage_channel().await;
        stage.org.wait_channel(OUTAGE).await;
        stage.org.admin.command(OUTAGE, "/share-channel unshare").await;
        let late = recorded("52-unshare-receiver", Side::A, |exchange| exchange.payload()["posts"].is_array());
        let answer = stage.replay.play(&stage.peer, &late).await;
        assert_eq!((answer.status, &answer.body), (200, &no_longer_shared(OUTAGE)));
        stage.peer.forget_requests();
        stage.org.admin.write(OUTAGE, "after our unshare").await;
        stage.peer.ping(&stage.remote_id()).await.ok();
        assert!(stage.peer.requests().iter().all(|request| request.post_ids().is_empty()));
    })
    .await;
}

#[tokio::test]
async fn a_removed_connection_gets_one_answer_without_a_secret() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice"]).await;
        let link = stage.peer.only_link();
        let answer = stage.org.command(&format!("/secure-connection remove --connectionID {}", link.remote_id)).await;
        assert!(answer.contains("removed"), "{answer}");
        let late = recorded("53-remove-connection", Side::B, |exchange| exchange.payload()["posts"].is_array());
        let answer = stage.replay.play(&stage.peer, &late).await;
        answer.refused(401, "api.context.invalid_token.error");
        assert!(!answer.text().contains(&link.remote_token), "{answer}");
        assert_ne!(stage.org.admin.channel(&channel).await.unwrap()["shared"], true);
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_refuses_our_credential_is_offline_and_nothing_is_deleted() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        let link = stage.peer.only_link();
        stage.peer.forget(&link.remote_id);
        let post = stage.org.admin.write(PUBLIC, "do you hear me?").await;
        stage.peer.wait_request("our attempt", |request| request.post_ids().contains(&super::id(&post))).await;
        let rows = rialto_testkit::table::rows(&stage.org.command("/secure-connection status").await);
        assert_eq!(rows[0]["Deleted"], "No", "a 401 is not a removal (ruling 19): {rows:?}");
        assert_eq!(stage.org.admin.channel(PUBLIC).await.unwrap()["shared"], true);
        // It knows us again: what waited arrives.
        stage.peer.adopt(link.clone());
        stage.peer.ping(&link.remote_id).await.ok();
        stage.peer.change_world(|world| {
            let copy = rialto_testkit::peer::Copy {
                name: "pub-one".to_owned(),
                kind: "O".to_owned(),
                home: true,
                read_only: false,
                links: [link.remote_id.clone()].into(),
                record: true,
                members: Default::default(),
            };
            world.channels.insert(PUBLIC.to_owned(), copy);
        });
        stage.peer.see("do you hear me?").await;
    })
    .await;
}

#[tokio::test]
async fn a_new_connection_between_the_same_two_takes_the_old_ones_people_over() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        let old = stage.remote_id();
        stage.org.command(&format!("/secure-connection remove --connectionID {old}")).await;
        stage.peer.forget(&old);

        // This time we invite, as B did.
        let code = stage.org.invite("Alpha").await;
        let new = stage.peer.accept(&code, CODE_PASSWORD).await.unwrap();
        assert_ne!(old, new);
        stage.replay.replace("u8mbcferd7dypxi7mwke6crrga", &new);
        stage.org.wait_online("Alpha").await;
        let fresh = recorded("54-reconnect", Side::A, |exchange| exchange.payload()["name"] == "fresh");
        stage.play_accepted(&fresh).await;
        let channel = fresh.payload()["channel_id"].as_str().unwrap().to_owned();
        stage.org.wait_channel(&channel).await;
        let alice = recorded("54-reconnect", Side::A, |exchange| {
            exchange.payload()["users"]["crhx3d8fbfdrigqej7qf46amda"].is_object()
        });
        stage.play_accepted(&alice).await;
        let hello = recorded("54-reconnect", Side::A, |exchange| {
            exchange.payload()["posts"][0]["message"] == "hello over the new connection"
        });
        stage.play_accepted(&hello).await;
        let seen = stage.org.admin.see(&channel, "hello over the new connection").await;
        assert_eq!(seen["user_id"], "crhx3d8fbfdrigqej7qf46amda", "the same person as before (ruling 20)");
        // The old copy and its history are there, whatever is asked of it over the new connection.
        let before = stage.org.admin.messages(PUBLIC).await;
        let again = recorded("54-reconnect", Side::A, |exchange| exchange.payload()["channel_id"] == PUBLIC);
        assert_eq!(stage.replay.play(&stage.peer, &again).await.status, 200);
        assert_eq!(stage.org.admin.messages(PUBLIC).await, before);
    })
    .await;
}
