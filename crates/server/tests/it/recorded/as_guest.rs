//! Our server in place of B: A invites, is home of the channels, and 5.37.

use rialto_testkit::replay::{Entry, Side, assert_shape};
use rialto_testkit::{SHORT, both, wait_for};
use serde_json::json;

use super::stage::{CONNECTION, InChannel, OUTAGE, PRIVATE, PUBLIC, Stage, TOKEN_OF_A, recorded, scenario};

#[tokio::test]
async fn the_handshake_has_the_recorded_shape() {
    both(async |database| {
        let stage = Stage::guest(database).await;
        let ours = stage.peer.requests().into_iter().find(|request| request.path == "/confirm_invite").unwrap();
        let theirs = recorded("01-connect", Side::B, |exchange| exchange.json["remote_id"] == CONNECTION);
        assert_shape(&ours.json, &theirs.json, &[]);
        assert_eq!(ours.header("x-remotecluster-id"), CONNECTION);
        assert_eq!(ours.header("x-remotecluster-token"), TOKEN_OF_A);
        assert_eq!(ours.payload()["site_url"], stage.org.server.url());
        assert_eq!(ours.payload()["remote_team_id"], stage.org.team.as_str(), "5.37 puts its channels there");
        assert!(ours.payload().get("refreshed_token").is_none(), "a code without a version keeps its token (wire 9.3)");
        let ping = stage.peer.wait_request("our first ping", |request| request.path == "/ping").await;
        assert_eq!(ping.header("x-remotecluster-token"), TOKEN_OF_A);
        assert_shape(&ping.payload().clone(), &json!({"sent_at": 1, "recv_at": 0}), &[]);
        let row = rialto_testkit::table::rows(&stage.org.command("/secure-connection status").await).remove(0);
        assert_eq!((row["Connection ID"].as_str(), row["Online"].as_str()), (CONNECTION, "Yes"));
        let status = stage.org.command("/secure-connection status").await;
        assert!(status.contains("unrotated credential"), "ruling 8: {status}");
    })
    .await;
}

/// SC-011.
#[tokio::test]
async fn a_public_channel_and_everything_said_in_it() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;

        stage.play("02-share-public").await;
        let copy = stage.org.admin.channel(PUBLIC).await.expect("the copy has the id of the original");
        assert_eq!((copy["name"].as_str(), copy["display_name"].as_str()), (Some("pub-one"), Some("Pub One")));
        assert_eq!(
            (copy["header"].as_str(), copy["purpose"].as_str()),
            (Some("Header of pub-one"), Some("Purpose of pub-one"))
        );
        assert_eq!((copy["team_id"].as_str(), copy["shared"].as_bool()), (Some(stage.org.team.as_str()), Some(true)));
        let admin = stage.org.admin.clone();
        let members = admin.members(PUBLIC).await;
        assert!(members.contains(&"alice:alpha".to_owned()) && members.contains(&"admin".to_owned()), "{members:?}");
        let alice = admin.get("/users/crhx3d8fbfdrigqej7qf46amda").await.ok();
        assert_eq!(alice["props"]["RemoteUsername"], "alice");
        assert_eq!(admin.messages(PUBLIC).await.len(), 1, "the history, without the system posts (ruling 48)");

        stage.play("04-members").await;
        stage.join(PUBLIC, &["bella", "alice"]).await;
        stage.play("04-posts").await;
        admin.see(PUBLIC, "hello from A").await;
        for (name, message) in [("bella", "hello from B"), ("alice", "I am the alice of B")] {
            let post = stage.peer.see(message).await;
            let person = stage.person(name);
            assert_eq!(post.user, person.id);
            assert_eq!(stage.peer.world().people[&person.id].username, format!("{name}:rialto"));
        }
        assert_eq!(stage.person("alice").username, "alice", "the namesakes stay apart");

        stage.play("05-threads").await;
        stage.peer.see("reply from B in A's thread").await;
        admin.see(PUBLIC, "second reply, from A").await;
        let thread = admin.get("/posts/xq857misgpy57pdiccpkgjk35o/thread").await.ok();
        assert_eq!(thread["order"].as_array().unwrap().len(), 3, "the root comes often and is there once: {thread}");

        stage.play("06-edits").await;
        let root = "xq857misgpy57pdiccpkgjk35o";
        admin.see(PUBLIC, "hello from A (edited)").await;
        stage.peer.see("hello from B (edited)").await;
        let refused = admin.put(&format!("/posts/{root}/patch"), json!({"message": "by somebody else"})).await;
        assert_eq!(refused.status, 403, "only its owner edits a remote post (ruling 57): {refused}");

        reactions(&mut stage).await;

        for entry in scenario("08-deletes") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::A)
            {
                stage.play_accepted(&exchange).await;
            }
        }
        admin.see_gone(PUBLIC, "second reply, from A").await;
        let bellas = stage.live("iehqztfyuj8o7jda16ffqubkir");
        stage.person("bella").remove(&bellas).await;
        stage.peer.wait_world("the deletion", |world| world.posts[&bellas].deleted).await;

        stage.play("21-future-timestamp").await;
        stage.peer.see("other direction").await;
        stage.check_shapes();
    })
    .await;
}

/// Scenario 07: added and removed in both directions.
async fn reactions(stage: &mut Stage) {
    let root = "xq857misgpy57pdiccpkgjk35o";
    let bella = stage.person("bella").clone();
    let alice = "crhx3d8fbfdrigqej7qf46amda";
    let on_bellas = stage.live("iehqztfyuj8o7jda16ffqubkir");
    bella.react(root, "thumbsup").await;
    stage
        .peer
        .wait_world("the thumb", |world| world.reactions(root) == [(bella.id.clone(), "thumbsup".to_owned())])
        .await;
    let frame = stage.peer.wait_request("the reaction", |request| request.payload()["reactions"].is_array()).await;
    assert_eq!(frame.payload()["reactions"][0]["delete_at"], 0);
    let theirs: Vec<_> = scenario("07-reactions")
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Exchange(exchange) if exchange.is_from(Side::A) && exchange.path == "/msg" => Some(exchange),
            _ => None,
        })
        .collect();
    stage.play_accepted(&theirs[0]).await;
    bella.see_reactions(&on_bellas, &[(alice, "smile")]).await;
    stage.play_accepted(&theirs[1]).await;
    bella.see_reactions(root, &[(&bella.id, "thumbsup"), (alice, "tada")]).await;
    stage.play_accepted(&theirs[2]).await;
    bella.see_reactions(root, &[(&bella.id, "thumbsup")]).await;
    bella.unreact(root, "thumbsup").await;
    stage.peer.wait_world("no thumb", |world| world.reactions(root).is_empty()).await;
    let removal = stage
        .peer
        .wait_request("the removal", |request| request.payload()["reactions"][0]["delete_at"].as_i64() > Some(0))
        .await;
    assert_eq!(removal.payload()["reactions"][0]["emoji_name"], "thumbsup");
}

/// SC-104.
#[tokio::test]
async fn mentions_and_special_content() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        stage.join(PUBLIC, &["bella", "alice"]).await;
        let admin = stage.org.admin.clone();

        stage.play("10-mentions").await;
        admin.see(PUBLIC, "hello @bella, how are you").await;
        // The peer's own person by the name used there, everything else as typed (wire 9.3).
        stage.peer.see("hi @alice and @alice and @all @here @channel").await;
        stage.peer.see("ping @dave please").await;
        let dave = stage.person("dave").id.clone();
        assert!(!stage.peer.world().people.contains_key(&dave), "a mention alone announces nobody (ruling 51)");

        stage.play("13-channel-meta").await;
        let copy = admin.channel(PUBLIC).await.unwrap();
        assert_eq!(
            (copy["display_name"].as_str(), copy["header"].as_str()),
            (Some("Pub One"), Some("Header of pub-one"))
        );
        let attached = admin.see(PUBLIC, "with props").await;
        assert_eq!(attached["props"]["attachments"][0]["text"], "att text");
        let waves = admin.see(PUBLIC, "*waves*").await;
        assert_eq!(waves["type"], "me");
        admin.see(PUBLIC, "#tag :smile: **bold** \n| a | b |\n|---|---|\n| 1 | 2 |\n日本語 😀").await;
        let system: Vec<_> = admin
            .posts(PUBLIC)
            .await
            .into_values()
            .filter(|post| {
                ["system_header_change", "system_purpose_change", "system_displayname_change"]
                    .contains(&post["type"].as_str().unwrap())
            })
            .collect();
        assert!(system.is_empty(), "their system posts are not ours (ruling 48): {system:?}");
    })
    .await;
}

/// SC-011.
#[tokio::test]
async fn a_private_channel_stays_private() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("14-share-private").await;
        let copy = stage.org.admin.channel(PRIVATE).await.unwrap();
        assert_eq!((copy["name"].as_str(), copy["type"].as_str()), (Some("priv-one"), Some("P")));
        assert!(stage.person("bella").channel(PRIVATE).await.is_none());
        stage.join(PRIVATE, &["bella"]).await;
        stage.person("bella").write(PRIVATE, "between us").await;
        stage.peer.see("between us").await;
    })
    .await;
}

#[tokio::test]
async fn bursts_and_replies_from_both_sides_arrive_once() {
    both(async |database| {
        let stage = Stage::guest(database).await;
        stage.share_outage_channel().await;
        let authors = recorded("02-share-public", Side::A, |exchange| !exchange.payload()["users"].is_null());
        stage.play_accepted(&authors.in_channel(OUTAGE)).await;
        stage.join(OUTAGE, &["bella"]).await;
        let bella = stage.person("bella").clone();
        let mut replies = 0;
        for entry in scenario("40-burst") {
            let Entry::Exchange(exchange) = entry else { continue };
            if exchange.is_from(Side::A) {
                stage.announce_authors(&exchange).await;
                stage.play_accepted(&exchange).await;
            } else if let Some(posts) = exchange.payload()["posts"].as_array() {
                for post in posts {
                    let root = post["root_id"].as_str().unwrap();
                    bella.reply(OUTAGE, root, post["message"].as_str().unwrap()).await;
                    replies += 1;
                }
            }
        }
        let all = stage.org.admin.messages(OUTAGE).await;
        assert_eq!(all.values().filter(|post| post["message"].as_str().unwrap().contains("burst")).count(), 40);
        assert_eq!(all.values().filter(|post| post["message"].as_str().unwrap().starts_with("reply")).count(), 20);
        wait_for("our replies on the other side", SHORT, async || {
            let world = stage.peer.world();
            let ours = world.posts.values().filter(|post| post.origin.is_some() && post.message.starts_with("reply"));
            (ours.count() == replies).then_some(())
        })
        .await;
    })
    .await;
}
