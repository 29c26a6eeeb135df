//! Scenarios 20 and 21: some seventy requests made by hand with B's credentials, against our server in place of A with
//! the people, channels and posts they aim at. The recorded answers are no model (ruling 2); ours are in the table.

use std::collections::BTreeMap;

use rialto_testkit::both;
use rialto_testkit::client::{Answer, text};
use rialto_testkit::digest::Digest;
use rialto_testkit::ids::now_ms;
use rialto_testkit::peer::author::user_object;
use serde_json::{Value, json};

use super::stage::{CONNECTION, PUBLIC, Stage, TOKEN_OF_A};
use crate::receiver::NOT_STATE;

const BELLA: &str = "pe5e9qesqifcuxz74g4iihoqmw";
const ALICE_OF_B: &str = "q7h8n3s6b3brm8nrjpffxwyfxe";
/// A's channel that is not shared, in the requests.
const LOCAL: &str = "g4uabss1sjrd8jhn4y8xpuw6ny";
/// A's channel whose id an invitation takes.
const TAKEN: &str = "fgkqyc9ydty1iy8icc97pq1nso";
/// The post of A's alice that requests edit and delete.
const ALICES: &str = "1w7o5n9mftn1ddiy3pud7e7kse";
const TEAM_OF_A: &str = "34xukbfuqin98ficowgpoaf9gy";

/// What a request must come to. Only [`Want::Taken`] and [`Want::Kept`] may change a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    /// 401 with the one body there is.
    Unauthorized,
    /// This status, and an error object.
    Http(u16),
    /// FAIL.
    Fail,
    /// FAIL with the phrase of ruling 29.
    NotShared,
    /// OK, the item in this list of errors.
    Listed(&'static str),
    /// OK without a word and without effect.
    Nothing,
    /// OK, and it is there.
    Taken,
    /// OK, kept aside until what it needs comes, or as a tombstone nobody sees.
    Kept,
}

fn wanted(description: &str) -> Want {
    use Want::{Fail, Http, Kept, Listed, NotShared, Nothing, Taken, Unauthorized};
    match description {
        "no token header" | "token but no remote id header" | "wrong token" | "unknown remote id in header" => {
            Unauthorized
        }
        "remote id in frame differs from header"
        | "remote id in frame malformed"
        | "not JSON"
        | "empty body"
        | "msg id malformed"
        | "empty topic"
        | "no payload"
        | "ping payload of wrong type"
        | "sync with payload of wrong type" => Http(400),
        "payload null" | "unknown topic" | "ping" | "sync with nothing in it" => Nothing,
        "sync for a channel id that does not exist" | "sync for a local channel that is NOT shared with the sender" => {
            NotShared
        }
        "post whose channel_id differs from the sync message's" => Listed("post_errors"),
        "post by an unknown user id"
        | "post with delete_at for an id never seen before"
        | "reply to a root id that does not exist"
        | "reaction by a remote user on an unknown post" => Kept,
        "post by a known remote user"
        | "same post again, other message, edit_at 0"
        | "post with create_at 0"
        | "post with create_at one hour in the future"
        | "post with 16383 characters"
        | "post with 16384 characters"
        | "post of custom_ type"
        | "reaction with an emoji name that does not exist"
        | "reaction added twice"
        | "new remote user"
        | "second new remote user with the same username"
        | "new remote user asking for the system_admin role"
        | "new remote user with a 64 character username"
        | "upload session, ok"
        | "upload session of 3 bytes"
        | "upload session of 60 MiB" => Taken,
        "same post again, identical"
        | "same post, older edit_at and same message"
        | "same post id but another author" => Taken,
        "post authored by a LOCAL user of the receiver (alice@A)"
        | "edit of a post that belongs to a LOCAL user of the receiver"
        | "delete of a post that belongs to a LOCAL user of the receiver" => Listed("post_errors"),
        // Ruling 48: accepted and dropped. A type nobody knows is not (E-079).
        "post of system type" => Nothing,
        // Ruling 37: what shows no id cannot be named.
        "post with bad id" | "post with an empty id" | "new remote user with a malformed id" => Nothing,
        // E-079: shown as ordinary text.
        "post of unknown type" => Taken,
        "reaction with an invalid emoji name" | "reaction by a LOCAL user of the receiver" => Listed("reaction_errors"),
        // A later removal of what was never there: remembered, so that a late addition stays away.
        "reaction removal for a reaction that does not exist" => Kept,
        "new remote user with an invalid username"
        | "new remote user with username that contains a colon"
        | "user record for a LOCAL user of the receiver (carol@A)" => Listed("user_errors"),
        "upload session for a channel that is not shared with the sender" | "upload session of 0 bytes" => Fail,
        "upload: 4 of 10 bytes"
        | "upload: remaining 6 bytes"
        | "upload: more bytes after completion"
        | "upload: 9 bytes into a session of 3" => Http(400),
        "upload: unknown session" => Http(404),
        "profile image of a local user" | "profile image of an unknown user" | "profile image that is not an image" => {
            Http(400)
        }
        "channel invite for a channel already shared with the sender"
        | "channel invite: bad type"
        | "channel invite: direct, one participant"
        | "channel invite: direct between two LOCAL users of the receiver" => Fail,
        // The team is ours to choose (INV-6).
        "channel invite: unknown team id" => Taken,
        // Byte for byte what was confirmed: an answer that was lost is given again, and nothing else (ruling 14).
        "confirm_invite again for a confirmed connection (same data)" => Nothing,
        "GET-only path" => Http(404),
        other => panic!("no rule for {other:?}"),
    }
}

#[track_caller]
fn check(want: Want, description: &str, answer: &Answer, ids: &[String]) {
    let what = format!("{description}: {answer}");
    let ok = || {
        assert_eq!(answer.status, 200, "{what}");
        assert!(answer.body.get("status").is_none_or(|status| status == "OK"), "{what}");
    };
    match want {
        Want::Unauthorized => drop(answer.refused(401, "api.context.invalid_token.error")),
        Want::Http(status) => {
            assert_eq!(answer.status, status, "{what}");
            assert!(!answer.error_id().is_empty(), "{what}");
        }
        Want::Fail => assert_eq!((answer.status, &answer.body["status"]), (200, &json!("FAIL")), "{what}"),
        Want::NotShared => {
            assert_eq!(answer.body["status"], "FAIL", "{what}");
            assert!(
                text(&answer.body["err"]).starts_with("cannot process sync message; channel is no longer shared: "),
                "{what}"
            );
        }
        Want::Listed(member) => {
            ok();
            assert_eq!(answer.body["payload"][member], json!(ids), "{what}");
        }
        Want::Nothing | Want::Taken | Want::Kept => {
            ok();
            for member in ["post_errors", "reaction_errors", "user_errors"] {
                let errors = &answer.body["payload"][member];
                assert!(errors.is_null() || *errors == json!([]), "{what}");
            }
        }
    }
}

/// SC-104, INV-1 to INV-12, ruling 2: each request has the answer of the table, and only what is B's to do changes
/// anything.
#[tokio::test]
async fn every_request_is_answered_by_our_rules_and_only_its_own_rows_change() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice", "bob", "carol"]).await;
        let (local, taken) = (stage.org.channel("local", "O").await, stage.org.channel("taken", "P").await);
        let (alice, carol) = (stage.person("alice").clone(), stage.person("carol").clone());
        let alices = text(&alice.write(&channel, "alice's own words").await["id"]);
        stage.peer.see("alice's own words").await;
        for (recorded, live) in
            [(LOCAL, &local), (TAKEN, &taken), (ALICES, &alices), (TEAM_OF_A, &stage.org.team.clone())]
        {
            stage.replay.replace(recorded, live);
        }
        // One hour ahead then; now it is again.
        stage.replay.replace("1795352314124", &(now_ms() + 3_600_000).to_string());
        let link = stage.peer.only_link();
        stage.replay.replace(TOKEN_OF_A, &link.remote_token);
        stage.replay.replace(CONNECTION, &link.remote_id);
        let people =
            json!({"users": {BELLA: user_object(BELLA, "bella"), ALICE_OF_B: user_object(ALICE_OF_B, "alice")}});
        stage.peer.sync(&link.remote_id, &channel, people).await.ok();

        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded/20-hand-made-requests.json");
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        // The reply without a root comes last: after a minute it shows under a stand-in, which is no answer to anything.
        let is_reply = |request: &&Value| request["description"] == "reply to a root id that does not exist";
        let (late, requests): (Vec<_>, Vec<_>) = file["requests"].as_array().unwrap().iter().partition(is_reply);
        let requests = [requests, late].concat();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut uploads: Vec<(&str, String)> = Vec::new();
        let before_all = now_ms();
        for request in requests {
            let description = request["description"].as_str().unwrap();
            let want = wanted(description);
            *seen.entry(if matches!(want, Want::Taken | Want::Kept) { "allowed" } else { "refused" }).or_default() += 1;
            let body = match &request["body"] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => stage.replay.translate(other).to_string(),
            };
            let headers: Vec<(String, String)> = request["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), stage.live(value.as_str().unwrap())))
                .collect();
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let mut path = request["path"].as_str().unwrap().trim_start_matches("/api/v4/remotecluster").to_owned();
            // Sessions have ids of this run: those of the two announcements before.
            for (recorded, live) in &uploads {
                path = path.replace(*recorded, live);
            }
            let before = Digest::settled(&stage.org.server, NOT_STATE).await;
            let answer = stage.peer.raw(&link.site_url, &path, &headers, body.into_bytes()).await;
            let ids = item_ids(&stage.replay.translate(&request["body"]));
            check(want, description, &answer, &ids);
            let after = Digest::settled(&stage.org.server, NOT_STATE).await;
            if matches!(want, Want::Taken | Want::Kept) {
                if !description.starts_with("same post") {
                    assert!(!before.differences(&after).is_empty(), "{description} had no effect");
                }
            } else {
                let changes = before.differences(&after);
                assert!(changes.is_empty(), "{description} changed\n{}", changes.join("\n"));
            }
            match description {
                "upload session, ok" => {
                    uploads.push(("r6tfwxgjx5shyapyafmnbp39a3", text(&answer.body["payload"]["id"])))
                }
                "upload session of 3 bytes" => {
                    uploads.push(("84hrkbdqayob1t8jothuo4pp63", text(&answer.body["payload"]["id"])))
                }
                _ => {}
            }
        }
        assert!(seen["refused"] > 45 && seen["allowed"] > 20, "{seen:?}");

        // What is there in the end, as people see it.
        let posts = alice.messages(&channel).await;
        assert_eq!(posts[&alices]["message"], "alice's own words");
        assert_eq!(posts[&alices]["user_id"], alice.id.as_str());
        let bellas = &posts["pbyh8tfnu8xem9nuyj7wibxcoo"];
        assert_eq!(bellas["user_id"], BELLA, "the author never changes: {bellas}");
        let future = &posts["6uwmfwge3aqju1gwdr4bzw9e6u"];
        assert!((before_all..=now_ms()).contains(&future["create_at"].as_i64().unwrap()), "{future}");
        let me = carol.get("/users/me").await.ok();
        assert_eq!((&me["username"], me["remote_id"].as_str().unwrap_or_default()), (&json!("carol"), ""));
        let wannabe = carol.get("/users/z5hwp8pn6shh998kf6trmsxgma").await.ok();
        assert_eq!(wannabe["roles"], "system_user", "{wannabe}");
        let twin = carol.get("/users/ctyg9s4s7y7szy9aatxet6ycxq").await.ok();
        assert_eq!(twin["username"], "newbie-2:beta");
        let shared = |channel: &Value| channel["shared"] == true;
        assert!(!shared(&stage.org.admin.channel(&local).await.unwrap()));
        assert!(!shared(&stage.org.admin.channel(&taken).await.unwrap()));
        assert!(!stage.org.server.log().contains("panicked"), "{}", stage.org.server.log_end(30));

        // Scenario 21: a post dated an hour ahead moves no position, in either direction.
        alice.write(&channel, "after the one from the future").await;
        stage.peer.see("after the one from the future").await;
        let late =
            super::stage::recorded("21-future-timestamp", rialto_testkit::replay::Side::B, |it| it.path == "/msg");
        stage.play_accepted(&late).await;
        alice.see(&channel, "other direction").await;
    })
    .await;
}

/// The ids by which an answer may name what a request brought.
fn item_ids(body: &Value) -> Vec<String> {
    let payload = &body["msg"]["payload"];
    let list = |member: &str, id: &str| -> Vec<String> {
        payload[member].as_array().into_iter().flatten().map(|item| text(&item[id])).collect()
    };
    let users = payload["users"].as_object().into_iter().flatten().map(|(id, _)| id.clone());
    [list("posts", "id"), list("reactions", "post_id"), users.collect()].concat()
}
