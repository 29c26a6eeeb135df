//! Scenarios 18, 29 and 30: an invitation the other side refuses, and hours without it.

use rialto_testkit::client::text;
use rialto_testkit::replay::{Entry, Side};
use rialto_testkit::{LONG, SHORT, both, wait_for};
use serde_json::json;

use super::stage::{OUTAGE, Stage, recorded, scenario};

const SECOND: &str = "beqiwmn1eirq7p873mdtpsanzh";

/// SC-064, recording 18 from B's side: the name is taken, so the copy gets another one (there it was refused).
#[tokio::test]
async fn a_name_that_is_taken_here_makes_way() {
    both(async |database| {
        let stage = Stage::guest(database).await;
        let local = stage.org.channel("second", "O").await;
        let invitation = recorded("18-name-clash", Side::A, |exchange| exchange.topic() == "sharedchannel_invite");
        stage.play_accepted(&invitation).await;
        let copy = stage.org.admin.channel(SECOND).await.expect("the copy");
        assert_ne!(copy["name"], "second", "{copy}");
        // Told apart by whose it is.
        assert_eq!((&copy["display_name"], &copy["shared"]), (&json!("Second (Alpha org)"), &json!(true)));
        let ours = stage.org.admin.channel(&local).await.unwrap();
        assert_eq!((&ours["name"], ours["shared"] == true), (&json!("second"), false), "{ours}");
    })
    .await;
}

/// SC-063, E-051, recording 18 from A's side: the refusal is told, and the channel does not stay marked as shared.
#[tokio::test]
async fn a_refused_invitation_leaves_nothing_shared() {
    both(async |database| {
        let stage = Stage::home(database).await;
        stage.peer.channel("second", "O");
        let channel = stage.org.channel("second", "O").await;
        let id = stage.remote_id();
        let answer = stage.org.share(&channel, &id, "").await;
        let told = wait_for("the administrator to be told", SHORT, async || {
            let status = stage.org.admin.command(&channel, "/share-channel status").await;
            let waits = ["invited", "queued"].iter().any(|state| status.contains(&format!("| {state} |")));
            (!waits).then_some(status)
        })
        .await;
        assert_ne!(stage.org.admin.channel(&channel).await.unwrap()["shared"], true, "{told}");
        assert_eq!(stage.peer.frames("sharedchannel_invite").len(), 1, "{answer}");
        stage.org.admin.write(&channel, "among ourselves").await;
        stage.peer.ping(&id).await.ok();
        assert!(stage.peer.frames("sharedchannel_sync").is_empty());
    })
    .await;
}

/// E-030, SC-057, recordings 29 and 30 from A's side: what was written while B was away arrives once, in order, with its
/// last text and its file; what came and went meanwhile never shows; nobody has to write for it.
#[tokio::test]
async fn a_long_absence_is_made_up_for() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(OUTAGE, "outage", "O", &["alice", "bob"]).await;
        for entry in scenario("29-share-outage-channel") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::B)
            {
                stage.play_accepted(&exchange).await;
            }
        }
        let (alice, bob) = (stage.person("alice").clone(), stage.person("bob").clone());
        alice.write(&channel, "before the outage").await;
        let root = text(&alice.write(&channel, "root before the outage").await["id"]);
        stage.peer.see("root before the outage").await;
        stage.peer.go_down();

        let first = text(&alice.write(&channel, "during outage 1").await["id"]);
        alice.edit(&first, "during outage 1 (edited)").await;
        alice.react(&root, "rocket").await;
        let short_lived = text(&alice.write(&channel, "short lived, deleted during the outage").await["id"]);
        alice.remove(&short_lived).await;
        let file = bob.upload(&channel, "outage.txt", b"written while B was away".to_vec()).await.ok();
        let body = json!({"channel_id": channel, "message": "bob during outage",
            "file_ids": [file["file_infos"][0]["id"]]});
        bob.post("/posts", body).await.ok();
        for number in 3..=5 {
            alice.write(&channel, &format!("during outage {number}")).await;
        }
        // Inviting and unsharing meanwhile, as recorded: the invitation must not arrive afterwards.
        let withdrawn = stage.org.channel("withdrawn", "O").await;
        stage.org.share(&withdrawn, &stage.remote_id(), "").await;
        stage.org.admin.command(&withdrawn, "/share-channel unshare").await;
        wait_for("an attempt to have failed", SHORT, async || {
            let status = stage.org.command("/secure-connection status").await;
            (status.contains("connect") || status.contains("refused") || status.contains("wait")).then_some(())
        })
        .await;

        stage.peer.forget_requests();
        stage.peer.go_up().await;
        let expected = [
            "before the outage",
            "root before the outage",
            "during outage 1 (edited)",
            "bob during outage",
            "during outage 3",
            "during outage 4",
            "during outage 5",
        ];
        wait_for("B to hold everything", LONG, async || {
            let held = stage.peer.world().messages(&channel);
            expected.iter().all(|words| held.values().any(|message| message == words)).then_some(())
        })
        .await;
        alice.write(&channel, "after the outage").await;
        stage.peer.see("after the outage").await;
        stage
            .peer
            .wait_world("the reaction", |world| world.reactions(&root) == [(alice.id.clone(), "rocket".to_owned())])
            .await;
        let world = stage.peer.world();
        let live = world.posts.values().filter(|post| post.channel == channel && !post.deleted);
        let written: Vec<_> = live.filter(|post| post.wire["type"] == "").map(|post| &post.message).collect();
        assert_eq!(written.len(), expected.len() + 1, "{written:?}");
        assert!(world.posts.get(&short_lived).is_none_or(|post| post.deleted), "what came and went never shows");
        let arrived = world.files.values().find(|file| file.name == "outage.txt").expect("the file");
        assert_eq!(arrived.content, b"written while B was away");
        // In the order written, and each once.
        let mut order = Vec::new();
        for frame in stage.peer.frames("sharedchannel_sync") {
            for post in frame.payload()["posts"].as_array().into_iter().flatten() {
                if post["delete_at"] == 0 && post["id"] != root.as_str() {
                    order.push(text(&post["message"]));
                }
            }
        }
        // The one with a file waits for it, and nothing waits for that one (ruling 36).
        let with_file = "bob during outage";
        assert_eq!(order.iter().filter(|words| *words == with_file).count(), 1, "{order:?}");
        order.retain(|words| words != with_file);
        let expected: Vec<_> =
            expected[2..].iter().chain(&["after the outage"]).filter(|words| **words != with_file).collect();
        assert_eq!(order.iter().collect::<Vec<_>>(), expected, "what was sent");
        assert!(!world.channels.contains_key(&withdrawn), "a withdrawn invitation is not sent");
        alice.see_reactions(&root, &[(&alice.id, "rocket")]).await;
    })
    .await;
}

/// Recording 29 and 30 from B's side: A sends everything not confirmed again and again; each message is here once.
#[tokio::test]
async fn what_the_home_repeats_after_an_absence_is_here_once() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("29-share-outage-channel").await;
        stage.org.wait_channel(OUTAGE).await;
        let mut frames = Vec::new();
        for entry in scenario("30-offline-over-5-minutes") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::A)
                && exchange.path == "/msg"
                && exchange.payload()["channel_id"] == OUTAGE
                && exchange.topic() == "sharedchannel_sync"
            {
                frames.push(exchange);
            }
        }
        assert!(frames.len() > 10);
        // What never reached the recorded B reaches us: their lost frames, then the catch-up.
        for exchange in &frames {
            stage.announce_authors(exchange).await;
            let answer = stage.replay.play(&stage.peer, exchange).await;
            assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
            assert_eq!(answer.body["payload"]["post_errors"], json!([]), "{answer}");
        }
        let admin = stage.org.admin.clone();
        let mut held: Vec<_> = admin.messages(OUTAGE).await.values().map(|post| text(&post["message"])).collect();
        held.sort();
        let mut expected = vec![
            "before the outage",
            "root before the outage",
            "during outage 1 (edited)",
            "bob during outage",
            "during outage 3",
            "during outage 4",
            "during outage 5",
            "after the outage",
        ];
        expected.sort_unstable();
        assert_eq!(held, expected);
        admin.see_reactions("7zoeu6yb5brfmjpce74kkpw4zc", &[("crhx3d8fbfdrigqej7qf46amda", "rocket")]).await;
        let before = admin.messages(OUTAGE).await;
        for exchange in &frames {
            stage.replay.play(&stage.peer, exchange).await.ok();
        }
        assert_eq!(admin.messages(OUTAGE).await, before, "twice is once");
    })
    .await;
}
