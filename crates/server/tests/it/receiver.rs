//! Odd and early input of a peer with a valid token: malformed frames, repetitions, wrong order, after the end. What it
//! attacks on purpose is in `security/`.

use rialto_testkit::client::{Answer, text};
use rialto_testkit::digest::Digest;
use rialto_testkit::ids::fresh;
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::author::{post_object, reaction_object, user_object};
use rialto_testkit::{Client, Database, Organisation, Peer, Profile, both, share};
use serde_json::{Value, json};

/// What may change although "nothing changed": the record of attempts, presence, and when a peer was last reached.
pub const NOT_STATE: &[&str] = &[
    "audit",
    // Whose turn it is to talk to peers, renewed all the time.
    "leases",
    // Attempts of our own sender.
    "sync_failures.attempts",
    "sync_failures.next_at",
    // What our own sender hands over, whatever comes in.
    "ledger",
    "ledger_peers",
    "peer_positions.applied_seq",
    // What administrators will be told of, once for many (E-006).
    "admin_notices",
    "sessions",
    "statuses",
    "cursors",
    // Follows the posts, a moment later.
    "post_search",
    // How the connection fares.
    "connection_health",
    "connection_hours",
    "remote_clusters.last_ping_at",
    "remote_clusters.profile",
    "remote_clusters.failing_since",
    "remote_clusters.last_error",
    "shares.last_sync_at",
];

const PROFILE: Profile = Profile::Mattermost116;

/// A hub with a hostile peer, an honest organisation, and people who must not notice anything.
struct Rig {
    hub: Organisation,
    evil: Peer,
    /// The evil one's connection.
    remote_id: String,
    /// Runs on until the test ends.
    _honest: Organisation,
    /// Shared with both.
    shared: String,
    anna: Client,
    carla: Client,
    /// A person of the evil peer, known in `shared`.
    mallory: String,
}

async fn rig(database: Database) -> Rig {
    let hub = Organisation::start("hub", database).await;
    let honest = Organisation::start("honest", database).await;
    let evil = Peer::start(PROFILE).await;
    let remote_id = evil.accept(&hub.invite("evil").await, CODE_PASSWORD).await.unwrap();
    hub.wait_online("evil").await;
    let honest_id = rialto_testkit::connect(&hub, &honest).await;
    let shared = hub.channel("shared", "O").await;
    hub.share(&shared, &remote_id, "").await;
    evil.wait_world("the channel", |world| world.channels.contains_key(&shared)).await;
    share(&hub, &shared, &honest_id, &honest).await;
    let anna = hub.member_of(&shared, "anna").await;
    let carla = honest.member_of(&shared, "carla").await;
    let mallory = evil.person("mallory");
    evil.write(&shared, &mallory, "good day").await;
    carla.see(&shared, "good day").await;
    carla.write(&shared, "hello, I am Carla").await;
    anna.see(&shared, "hello, I am Carla").await;
    Digest::settled(&hub.server, NOT_STATE).await;
    Rig { hub, evil, remote_id, _honest: honest, shared, anna, carla, mallory }
}

impl Rig {
    async fn digest(&self) -> Digest {
        Digest::take(&self.hub.server, NOT_STATE).await
    }

    async fn sync(&self, channel: &str, content: Value) -> Answer {
        self.evil.sync(&self.remote_id, channel, content).await
    }

    fn post(&self, channel: &str, user: &str, message: &str) -> Value {
        post_object(&fresh(), channel, user, "", message, PROFILE)
    }
}

/// A sync message was taken as a whole, with exactly these posts refused.
#[track_caller]
fn with_errors(answer: &Answer, post_errors: &[&Value]) {
    assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("OK")), "{answer}");
    let expected: Vec<_> = post_errors.iter().map(|post| post["id"].clone()).collect();
    assert_eq!(answer.body["payload"]["post_errors"], json!(expected), "{answer}");
}

/// AT-27, E-041.
#[tokio::test]
async fn malformed_frames_are_refused_whole() {
    both(async |database| {
        let rig = rig(database).await;
        let before = rig.digest().await;
        let link = rig.evil.link(&rig.remote_id);
        let headers = [("X-RemoteCluster-Id", link.remote_id.as_str()), ("X-RemoteCluster-Token", link.remote_token.as_str())];
        let frame = |remote_id: &str, id: &str, topic: &str| {
            json!({"remote_id": remote_id, "msg": {"id": id, "topic": topic, "create_at": 1, "payload": {}}})
        };
        let mut without_payload = frame(&link.remote_id, &fresh(), "x");
        without_payload["msg"].as_object_mut().unwrap().remove("payload");
        let bad = [
            json!("nope").to_string(),
            "{nope".to_owned(),
            String::new(),
            frame(&fresh(), &fresh(), "x").to_string(),
            frame("bad", &fresh(), "x").to_string(),
            frame(&link.remote_id, "bad", "x").to_string(),
            frame(&link.remote_id, &fresh(), "").to_string(),
            without_payload.to_string(),
            format!("{}1{}", "[".repeat(5000), "]".repeat(5000)),
        ];
        for body in bad {
            let answer = rig.evil.raw(&link.site_url, "/msg", &headers, body.clone().into_bytes()).await;
            assert_eq!(answer.status, 400, "{body}: {answer}");
            assert!(!answer.error_id().is_empty(), "{answer}");
        }
        let unknown = rig.evil.frame(&rig.remote_id, "no_such_topic", json!({"a": 1})).await;
        assert_eq!(unknown.body, json!({"status": "OK", "err": "", "payload": null}));
        // Above 64 KiB a ping is no ping, above 64 MiB a message no message (ruling 35).
        let huge = |length: usize| format!("{{\"fill\":\"{}\"}}", "x".repeat(length)).into_bytes();
        for (path, length) in [("/ping", 65 * 1024), ("/msg", 65 * 1024 * 1024)] {
            // Who goes on sending may find the line closed before they read why.
            if let Ok(answer) = rig.evil.try_raw(&link.site_url, path, &headers, huge(length)).await {
                assert_eq!(answer.status, 413, "{path}: {answer}");
            }
        }
        before.assert_unchanged(&rig.digest().await);
        // A few bad items never spoil the good ones beside them.
        let (good, bad) = (rig.post(&rig.shared, &rig.mallory, "a good one"), json!({"id": fresh(), "channel_id": 7}));
        let answer = rig.sync(&rig.shared, json!({"posts": [bad, good]})).await;
        with_errors(&answer, &[&bad]);
        rig.anna.see(&rig.shared, "a good one").await;
    })
    .await;
}

/// SC-101.
#[tokio::test]
async fn replaying_everything_changes_nothing() {
    both(async |database| {
        let rig = rig(database).await;
        let post = rig.post(&rig.shared, &rig.mallory, "once");
        let id = text(&post["id"]);
        let mut edited = post.clone();
        edited["message"] = json!("once, edited");
        edited["edit_at"] = json!(post["update_at"].as_i64().unwrap() + 10);
        edited["update_at"] = edited["edit_at"].clone();
        let added = reaction_object(&id, &rig.mallory, "tada", true, PROFILE);
        let mut removed = reaction_object(&id, &rig.mallory, "rocket", true, PROFILE);
        let rocket = removed.clone();
        removed["update_at"] = json!(removed["update_at"].as_i64().unwrap() + 5);
        removed["delete_at"] = removed["update_at"].clone();
        let messages = [
            json!({"posts": [post]}),
            json!({"posts": [edited]}),
            json!({"reactions": [added, rocket]}),
            json!({"reactions": [removed]}),
        ];
        for message in &messages {
            rig.sync(&rig.shared, message.clone()).await.ok();
        }
        rig.carla.see(&rig.shared, "once, edited").await;
        rig.carla.see_reactions(&id, &[(&rig.mallory, "tada")]).await;
        let before = rig.digest().await;
        for _ in 0..2 {
            for message in &messages {
                with_errors(&rig.sync(&rig.shared, message.clone()).await, &[]);
            }
        }
        before.assert_unchanged(&rig.digest().await);
        rig.carla.see_reactions(&id, &[(&rig.mallory, "tada")]).await;
    })
    .await;
}

#[tokio::test]
async fn a_reply_waits_for_its_root_and_a_post_for_its_author() {
    both(async |database| {
        let rig = rig(database).await;
        let root = rig.post(&rig.shared, &rig.mallory, "the root");
        let mut reply = rig.post(&rig.shared, &rig.mallory, "the reply");
        reply["root_id"] = root["id"].clone();
        with_errors(&rig.sync(&rig.shared, json!({"posts": [reply]})).await, &[]);
        with_errors(&rig.sync(&rig.shared, json!({"posts": [root]})).await, &[]);
        let seen = rig.anna.see(&rig.shared, "the reply").await;
        assert_eq!(seen["root_id"], root["id"]);
        let newcomer = fresh();
        let early = rig.post(&rig.shared, &newcomer, "who am I?");
        with_errors(&rig.sync(&rig.shared, json!({"posts": [early]})).await, &[]);
        assert!(rig.anna.find(&rig.shared, "who am I?").await.is_none());
        let answer = rig.sync(&rig.shared, json!({"users": {&newcomer: user_object(&newcomer, "nora")}})).await;
        assert_eq!(answer.body["payload"]["users_syncd"], json!([newcomer]));
        rig.anna.see(&rig.shared, "who am I?").await;
    })
    .await;
}

/// SC-008, SC-049.
#[tokio::test]
async fn after_removal_nothing_gets_in_or_out() {
    both(async |database| {
        let rig = rig(database).await;
        let link = rig.evil.link(&rig.remote_id);
        rig.hub.command(&format!("/secure-connection remove --connectionID {}", rig.remote_id)).await;
        rig.evil.forget_requests();
        let post = rig.post(&rig.shared, &rig.mallory, "too late");
        let answer = rig.sync(&rig.shared, json!({"posts": [post]})).await;
        answer.refused(401, "api.context.invalid_token.error");
        assert!(!answer.text().contains(&link.remote_token));
        rig.anna.write(&rig.shared, "among ourselves").await;
        rig.carla.see(&rig.shared, "among ourselves").await;
        assert!(rig.evil.requests().iter().all(|request| request.post_ids().is_empty()));
        assert!(rig.anna.find(&rig.shared, "good day").await.is_some(), "what was said stays");
    })
    .await;
}
