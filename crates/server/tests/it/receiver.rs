//! What a peer with a valid token may not do: each refusal by its answer, and that nothing changed (INV-1 to INV-12).

use std::path::Path;

use rialto_testkit::client::{Answer, text};
use rialto_testkit::digest::Digest;
use rialto_testkit::ids::{fresh, now_ms};
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::author::{post_object, reaction_object, user_object};
use rialto_testkit::{Client, Database, Organisation, Peer, Profile, both, share};
use serde_json::{Value, json};

/// What may change although "nothing changed": the record of attempts, presence, and when a peer was last reached.
pub const NOT_STATE: &[&str] = &[
    "audit",
    "sessions",
    "statuses",
    "cursors",
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
    honest: Organisation,
    /// Shared with both.
    shared: String,
    /// Shared with the honest one only.
    other: String,
    /// Not shared.
    local: String,
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
    let (shared, other, local) =
        (hub.channel("shared", "O").await, hub.channel("other", "O").await, hub.channel("local", "P").await);
    hub.share(&shared, &remote_id, "").await;
    evil.wait_world("the channel", |world| world.channels.contains_key(&shared)).await;
    for channel in [&shared, &other] {
        share(&hub, channel, &honest_id, &honest).await;
    }
    let anna = hub.member_of(&shared, "anna").await;
    let carla = honest.member_of(&shared, "carla").await;
    honest.join(&other, &carla).await;
    let mallory = evil.person("mallory");
    evil.write(&shared, &mallory, "good day").await;
    carla.see(&shared, "good day").await;
    carla.write(&shared, "hello, I am Carla").await;
    anna.see(&shared, "hello, I am Carla").await;
    Digest::settled(&hub.server, NOT_STATE).await;
    Rig { hub, evil, remote_id, honest, shared, other, local, anna, carla, mallory }
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

#[tokio::test]
async fn rows_of_others_cannot_be_touched() {
    both(async |database| {
        let rig = rig(database).await;
        let mine = rig.anna.write(&rig.shared, "Anna's words").await;
        let carlas = rig.carla.see(&rig.shared, "hello, I am Carla").await;
        rig.carla.see(&rig.shared, "Anna's words").await;
        rig.anna.react(&text(&carlas["id"]), "tada").await;
        let socket = rig.anna.socket().await;
        // What happened before this post is not what is asked about.
        let begin = rig.anna.write(&rig.shared, "the beginning").await;
        socket.wait("posted", |event| event["data"]["post"].as_str().unwrap().contains("the beginning")).await;
        let so_far = socket.events().len();
        rig.carla.see(&rig.shared, begin["message"].as_str().unwrap()).await;
        let before = Digest::settled(&rig.hub.server, NOT_STATE).await;

        // Posts of a local person and of another connection: edits and deletions.
        for (post, owner) in [(&mine, &rig.anna.id), (&carlas, &rig.carla.id)] {
            let mut edit = post_object(&text(&post["id"]), &rig.shared, owner, "", "not their words", PROFILE);
            edit["edit_at"] = json!(now_ms() + 1000);
            edit["update_at"] = edit["edit_at"].clone();
            with_errors(&rig.sync(&rig.shared, json!({"posts": [edit]})).await, &[&edit]);
            let mut deletion = edit.clone();
            deletion["delete_at"] = json!(now_ms() + 2000);
            with_errors(&rig.sync(&rig.shared, json!({"posts": [deletion]})).await, &[&deletion]);
        }
        // New posts in the name of people who are not the peer's.
        for user in [&rig.anna.id, &rig.carla.id, &rig.hub.admin.id] {
            let forged = rig.post(&rig.shared, user, "forged");
            with_errors(&rig.sync(&rig.shared, json!({"posts": [forged]})).await, &[&forged]);
        }
        // Records of people who are not the peer's, with the peer's name written into them.
        for user in [&rig.anna.id, &rig.carla.id, &rig.hub.admin.id] {
            let mut record = user_object(user, "renamed");
            record["remote_id"] = json!(rig.remote_id);
            record["roles"] = json!("system_admin");
            let answer = rig.sync(&rig.shared, json!({"users": {user: record}})).await;
            assert_eq!(answer.body["payload"]["users_syncd"], json!([]), "{answer}");
        }
        // Reactions, presence and pictures in the name of others.
        let forged = reaction_object(&text(&mine["id"]), &rig.anna.id, "rocket", true, PROFILE);
        let removal = reaction_object(&text(&carlas["id"]), &rig.anna.id, "tada", false, PROFILE);
        rig.sync(&rig.shared, json!({"reactions": [forged, removal]})).await.ok();
        let status = json!({"user_id": rig.anna.id, "status": "dnd", "manual": true, "last_activity_at": now_ms(),
            "dnd_end_time": 0});
        rig.sync(&rig.shared, json!({"statuses": [status]})).await.ok();
        let change = json!({"channel_id": rig.shared, "user_id": rig.anna.id, "is_add": false, "remote_id": "",
            "change_time": now_ms()});
        rig.sync(&rig.shared, json!({"membership_changes": [change]})).await.ok();
        before.assert_unchanged(&rig.digest().await);

        rig.anna.write(&rig.shared, "the end").await;
        socket.wait("posted", |event| event["data"]["post"].as_str().unwrap().contains("the end")).await;
        let heard: Vec<_> = socket.events().iter().skip(so_far).map(|event| text(&event["event"])).collect();
        for event in
            ["post_edited", "post_deleted", "reaction_added", "reaction_removed", "user_updated", "user_removed"]
        {
            assert!(!heard.iter().any(|name| name == event), "{event} in {heard:?}");
        }
        rig.carla.see(&rig.shared, "the end").await;
        assert!(rig.carla.find(&rig.shared, "forged").await.is_none(), "nothing was passed on");
        assert!(rig.carla.find(&rig.shared, "not their words").await.is_none());
        drop(rig.honest);
    })
    .await;
}

#[tokio::test]
async fn channels_that_are_not_shared_with_the_peer_all_look_alike() {
    both(async |database| {
        let rig = rig(database).await;
        let before = rig.digest().await;
        let unknown = fresh();
        for channel in [&rig.local, &rig.other, &unknown, &rig.hub.town, &String::new()] {
            let content = json!({"users": {&rig.mallory: user_object(&rig.mallory, "mallory")},
                "posts": [rig.post(channel, &rig.mallory, "let me in")]});
            let answer = rig.sync(channel, content).await;
            if channel.is_empty() {
                // No channel at all is how people are offered for discovery, which carries no posts.
                assert_eq!(answer.status, 200, "{answer}");
                continue;
            }
            let expected = json!({"status": "FAIL", "payload": null,
                "err": format!("cannot process sync message; channel is no longer shared: {channel}")});
            assert_eq!((answer.status, &answer.body), (200, &expected));
            let upload = json!({"id": fresh(), "type": "attachment", "create_at": 0, "user_id": rig.mallory,
                "channel_id": channel, "filename": "a.txt", "file_size": 3, "file_offset": 0,
                "remote_id": rig.remote_id, "req_file_id": fresh()});
            let answer = rig.evil.frame(&rig.remote_id, "sharedchannel_upload", upload).await;
            assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("FAIL")), "{answer}");
        }
        // Posts that say another channel than their message; a channel the sender shares does not open others.
        for channel in [&rig.local, &rig.other] {
            let stray = rig.post(channel, &rig.mallory, "stray");
            with_errors(&rig.sync(&rig.shared, json!({"posts": [stray]})).await, &[&stray]);
        }
        before.assert_unchanged(&rig.digest().await);
        // An invitation naming a channel that is ours or somebody else's takes nothing over.
        for channel in [&rig.local, &rig.other, &rig.hub.town] {
            let invitation = json!({"channel_id": channel, "team_id": rig.hub.team, "read_only": false,
                "name": "taken", "display_name": "Taken", "header": "", "purpose": "", "type": "O", "creator_id": "",
                "direct_participant_ids": null, "direct_participants": null});
            let answer = rig.evil.frame(&rig.remote_id, "sharedchannel_invite", invitation).await;
            assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("FAIL")), "{answer}");
        }
        before.assert_unchanged(&rig.digest().await);
    })
    .await;
}

#[tokio::test]
async fn one_answer_to_every_wrong_credential() {
    both(async |database| {
        let hub = Organisation::start("hub", database).await;
        let evil = Peer::start(PROFILE).await;
        let remote_id = evil.accept(&hub.invite("evil").await, CODE_PASSWORD).await.unwrap();
        let pending = hub.invite("pending").await;
        let pending = rialto_testkit::invitation::open(
            &pending,
            CODE_PASSWORD,
            &[rialto_testkit::invitation::Derivation::Scrypt],
        )
        .unwrap();
        let token = evil.link(&remote_id).remote_token;
        let (wrong, unknown) = (fresh(), fresh());
        let (pending_id, pending_token) = (text(&pending["remote_id"]), text(&pending["token"]));
        let (id, key) = ("X-RemoteCluster-Id", "X-RemoteCluster-Token");
        let cases: Vec<Vec<(&str, &str)>> = vec![
            vec![],
            vec![(id, &remote_id)],
            vec![(key, &token)],
            vec![(id, &remote_id), (key, &wrong)],
            vec![(id, &unknown), (key, &token)],
            vec![(id, &remote_id), (key, "")],
            vec![(id, "no id"), (key, &token)],
            // Before it is confirmed, the token of a code opens the confirmation and nothing else.
            vec![(id, &pending_id), (key, &pending_token)],
        ];
        let before = Digest::take(&hub.server, NOT_STATE).await;
        let mut bodies = std::collections::BTreeSet::new();
        for headers in &cases {
            for path in ["/ping", "/msg", &format!("/upload/{}", fresh()), &format!("/{}/image", fresh())] {
                let answer = evil.raw(&hub.server.url(), path, headers, b"not even JSON".to_vec()).await;
                answer.refused(401, "api.context.invalid_token.error");
                let mut body = answer.body.clone();
                body["request_id"] = json!("");
                bodies.insert(body.to_string());
                for secret in [&token, &wrong, &pending_token] {
                    assert!(!answer.text().contains(secret.as_str()), "{answer}");
                }
            }
        }
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        before.assert_unchanged(&Digest::take(&hub.server, NOT_STATE).await);
        assert_eq!(evil.ping(&remote_id).await.status, 200, "the right ones still work");
    })
    .await;
}

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

#[tokio::test]
async fn what_a_user_object_may_not_bring() {
    both(async |database| {
        let rig = rig(database).await;
        let id = fresh();
        let mut user = user_object(&id, "nora");
        user["roles"] = json!("system_admin system_user");
        user["password"] = json!("$2a$10$abcdefghijklmnopqrstuv");
        user["auth_service"] = json!("ldap");
        user["auth_data"] = json!("nora");
        user["mfa_secret"] = json!("SECRET");
        user["mfa_active"] = json!(true);
        user["email"] = json!("admin@example.com");
        user["remote_id"] = json!("");
        user["props"] = json!({"RemoteUsername": "admin", "RemoteEmail": "admin@example.com", "evil": "yes"});
        user["notify_props"] = json!({"email": "true"});
        let answer = rig.sync(&rig.shared, json!({"users": {&id: user}})).await;
        assert_eq!(answer.body["payload"]["users_syncd"], json!([id]));
        let stored = rig.hub.admin.get(&format!("/users/{id}")).await.ok();
        assert_eq!((stored["roles"].as_str(), stored["username"].as_str()), (Some("system_user"), Some("nora:evil")));
        assert_eq!(stored["remote_id"], rig.remote_id.as_str(), "{stored}");
        assert_eq!(stored["props"]["RemoteUsername"], "nora", "{stored}");
        assert!(stored["props"].get("evil").is_none() && stored["auth_service"] == "", "{stored}");
        assert_ne!(stored["email"], "admin@example.com");
        let sign_in = json!({"login_id": "nora:evil", "password": "$2a$10$abcdefghijklmnopqrstuv"});
        let refused = rig.hub.admin.post("/users/login", sign_in).await;
        assert_eq!(refused.status, 401, "{refused}");
        // The names that are taken stay with whom they belong to.
        let twin = fresh();
        let answer = rig.sync(&rig.shared, json!({"users": {&twin: user_object(&twin, "nora")}})).await;
        assert_eq!(answer.body["payload"]["users_syncd"], json!([twin]));
        let twin = rig.hub.admin.get(&format!("/users/{twin}")).await.ok();
        assert_eq!(twin["username"], "nora-2:evil");
    })
    .await;
}

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

/// Requests once made by hand against another server, as negative tests against ours. The people, posts and channels in
/// them are unknown here, so that none of them may leave a trace.
#[tokio::test]
async fn the_hand_made_requests_leave_no_trace() {
    both(async |database| {
        let hub = Organisation::start("hub", database).await;
        let evil = Peer::start(PROFILE).await;
        let remote_id = evil.accept(&hub.invite("evil").await, CODE_PASSWORD).await.unwrap();
        hub.wait_online("evil").await;
        let link = evil.link(&remote_id);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded/20-hand-made-requests.json");
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let requests = file["requests"].as_array().unwrap();
        assert!(requests.len() > 60);
        let (recorded_id, recorded_token) = ("4s8eoaynxi8q5yy6d1r8ibm1we", "9epxpjb5mbgzfbboabp6tfi59c");
        let before = Digest::take(&hub.server, NOT_STATE).await;
        for request in requests {
            let description = text(&request["description"]);
            // These two are for a channel of no one, in a team of no one: a fresh copy is what they ask for.
            if description.starts_with("channel invite") {
                continue;
            }
            let live =
                |text: &str| text.replace(recorded_id, &link.remote_id).replace(recorded_token, &link.remote_token);
            let body = match &request["body"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let headers: Vec<(String, String)> = request["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), live(value.as_str().unwrap())))
                .collect();
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let path = request["path"].as_str().unwrap().trim_start_matches("/api/v4/remotecluster");
            let answer = evil.raw(&link.site_url, path, &headers, live(&body).into_bytes()).await;
            // 501 is the answer about files of a server that keeps none.
            assert!(answer.status < 500 || answer.status == 501, "{description}: {answer}");
            if answer.status == 200 && path == "/msg" {
                assert!(answer.body.get("payload").is_some(), "{description}: {answer}");
            }
            before.assert_unchanged(&Digest::take(&hub.server, NOT_STATE).await);
        }
        assert!(!hub.server.log().contains("panic"), "{}", hub.server.log_end(30));
        assert_eq!(evil.ping(&remote_id).await.status, 200);
    })
    .await;
}
