//! Credentials and invitation codes (security 1.1, first half).

use std::collections::BTreeSet;

use rialto_testkit::client::{Answer, text};
use rialto_testkit::ids::fresh;
use rialto_testkit::invitation::{Derivation, open};
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::{Peer, Profile};
use serde_json::{Value, json};

use super::case::{Record, case, http};
use super::rig::{CANARY, Rig};

const ROUTES: [&str; 4] = ["/ping", "/msg", "/upload/abcdefghijkmnopqrstuvwxyz1", "/abcdefghijkmnopqrstuvwxyz1/image"];

/// E-127, T-39830 (b in `docs/testing.md`, c here), INV-9: what is wrong with a credential cannot be told from the answer, and
/// what the database holds opens nothing. Who comes with a token of their own and another's id is noted, strangers are not.
#[tokio::test]
async fn t_39830_one_answer_to_every_wrong_credential() {
    case("T-39830", async |case| {
        let pending = opened(&case.rig.hub.invite("pending").await);
        case.rig.restart_silence().await;
        let (id, key) = ("X-RemoteCluster-Id", "X-RemoteCluster-Token");
        let [(_, remote_id), (_, token)] = case.rig.credential();
        let honest = case.rig.honest.link(&case.rig.honest_id);
        let mut nearly = token.clone().into_bytes();
        let last = nearly.last_mut().unwrap();
        *last = if *last == b'a' { b'b' } else { b'a' };
        let nearly = String::from_utf8(nearly).unwrap();
        let (wrong, unknown) = (fresh(), fresh());
        let (pending_id, pending_token) = (text(&pending["remote_id"]), text(&pending["token"]));
        let cases: Vec<(&str, Vec<(&str, &str)>)> = vec![
            ("no credential", vec![]),
            ("the id alone", vec![(id, &remote_id)]),
            ("the token alone", vec![(key, &token)]),
            ("a wrong token", vec![(id, &remote_id), (key, &wrong)]),
            ("a token with 25 right characters", vec![(id, &remote_id), (key, &nearly)]),
            ("an unknown connection", vec![(id, &unknown), (key, &token)]),
            ("an empty token", vec![(id, &remote_id), (key, "")]),
            ("an id that is none", vec![(id, "no id"), (key, &token)]),
            ("B's token with C's id", vec![(id, &honest.remote_id), (key, &token)]),
            ("a code's token before it is confirmed (R-07)", vec![(id, &pending_id), (key, &pending_token)]),
        ];
        let mut bodies = BTreeSet::new();
        for (name, headers) in &cases {
            let record =
                if name.starts_with("B's token") { Record::Once("other_connection") } else { Record::Stranger };
            case.refused(&format!("{name}, on ping, msg, upload and image"), record, async |rig| {
                for path in ROUTES {
                    let answer = rig.evil.raw(&rig.hub.server.url(), path, headers, b"not even JSON".to_vec()).await;
                    answer.refused(401, "api.context.invalid_token.error");
                    let mut body = answer.body.clone();
                    body["request_id"] = json!("");
                    bodies.insert(body.to_string());
                    for secret in [&token, &wrong, &pending_token] {
                        assert!(!answer.text().contains(secret.as_str()), "{answer}");
                    }
                }
                "401, the same body".to_owned()
            })
            .await;
        }
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        // neither what we present nor what is presented to us is stored as it is.
        let link = case.rig.evil.link(&case.rig.remote_id);
        for table in ["remote_clusters", "invites"] {
            for row in rialto_testkit::digest::rows(&case.rig.hub.server, table).await {
                for secret in [&link.token, &link.remote_token, &pending_token] {
                    assert!(!row.values().any(|value| value.contains(secret.as_str())), "a token in {table}");
                }
            }
        }
        case.allowed("the right credential", async |rig| {
            assert_eq!(rig.evil.ping(&rig.remote_id).await.status, 200);
            "200".to_owned()
        })
        .await;
    })
    .await;
}

/// T-6227, E-006: once accepted, a code's token opens nothing, and no token in use was ever in the code.
#[tokio::test]
async fn t_6227_the_token_of_a_code_dies_with_its_acceptance() {
    case("T-6227", async |case| {
        let code = case.rig.hub.invite("third").await;
        let content = opened(&code);
        let third = Peer::start(Profile::Mattermost116).await;
        let remote_id = third.accept(&code, CODE_PASSWORD).await.unwrap();
        case.rig.hub.wait_online("third").await;
        case.rig.restart_silence().await;
        let link = third.link(&remote_id);
        for token in [&link.token, &link.remote_token] {
            assert!(!content.to_string().contains(token.as_str()), "a live token was in the code");
        }
        let stale = text(&content["token"]);
        for path in ROUTES {
            let what = format!(
                "the code's token on {}",
                path.split('/').next_back().unwrap().replace("abcdefghijkmnopqrstuvwxyz1", "upload")
            );
            case.refused(&what, Record::Stranger, async |rig| {
                let headers = [("X-RemoteCluster-Id", remote_id.as_str()), ("X-RemoteCluster-Token", stale.as_str())];
                let frame = json!({"remote_id": remote_id, "msg": {"id": fresh(), "topic": "sharedchannel_sync",
                    "create_at": 1, "payload": {"channel_id": rig.channels.shared}}});
                http(&third.raw(&rig.hub.server.url(), path, &headers, frame.to_string().into_bytes()).await, 401)
            })
            .await;
        }
        case.refused("the same code, confirmed once more by somebody else", Record::Stranger, async |rig| {
            let payload = confirmation(&remote_id, &rig.evil.url(), &fresh(), Some(&fresh()), Some(3));
            let answer = confirm(rig, &remote_id, &stale, &payload).await;
            answer.refused(400, "api.context.invitation_used.error");
            "400, used".to_owned()
        })
        .await;
        assert_eq!(third.ping(&remote_id).await.status, 200, "the one who accepted first keeps the connection");
    })
    .await;
}

/// T-13324, ruling 8: who cannot rotate the token is not let in, and the code stays usable for who can.
#[tokio::test]
async fn t_13324_confirmations_that_would_keep_the_old_token() {
    case("T-13324", async |case| {
        let code = case.rig.hub.invite("third").await;
        let content = opened(&code);
        let (remote_id, token) = (text(&content["remote_id"]), text(&content["token"]));
        let third = Peer::start(Profile::Mattermost116).await;
        let url = third.url();
        case.rig.restart_silence().await;
        let refreshed = fresh();
        for (name, refreshed, version) in [
            ("no version", Some(refreshed.as_str()), None),
            ("version 0", Some(refreshed.as_str()), Some(0)),
            ("version 1", Some(refreshed.as_str()), Some(1)),
            ("version 2 without refreshed_token", None, Some(2)),
            ("version 2 with an empty refreshed_token", Some(""), Some(2)),
        ] {
            case.refused(&format!("confirmation with {name}"), Record::Stranger, async |rig| {
                let payload = confirmation(&remote_id, &url, &fresh(), refreshed, version);
                let answer = confirm(rig, &remote_id, &token, &payload).await;
                answer.refused(400, "rialto.legacy_peer.error");
                assert_eq!(rig.hub.connection("third").await["last_ping_at"], 0, "still pending");
                "400, still pending".to_owned()
            })
            .await;
        }
        assert!(third.requests().is_empty(), "nobody called the refused one");
        case.allowed("confirmation with version 3 and a fresh token", async |rig| {
            third.accept(&code, CODE_PASSWORD).await.unwrap();
            rig.hub.wait_online("third").await;
            "OK; the code's token is dead".to_owned()
        })
        .await;
    })
    .await;
}

/// T-4273, ruling 9: a fresh token is fresh.
#[tokio::test]
async fn t_4273_refreshed_tokens_that_are_not_fresh() {
    case("T-4273", async |case| {
        let code = case.rig.hub.invite("third").await;
        let content = opened(&code);
        let (remote_id, token) = (text(&content["remote_id"]), text(&content["token"]));
        let upper = token.to_uppercase();
        let (spaced, trailing, nul) = (format!(" {token}"), format!("{token}\n"), format!("{token}\0"));
        let long = "a".repeat(10_000);
        let third = Peer::start(Profile::Mattermost116).await;
        case.rig.restart_silence().await;
        for (name, refreshed) in [
            ("equal to the code's", token.as_str()),
            ("the code's in capitals", &upper),
            ("the code's after a space", &spaced),
            ("the code's before a line break", &trailing),
            ("the code's with a NUL", &nul),
            ("empty", ""),
            ("of one character", "a"),
            ("of 10 kB", &long),
        ] {
            case.refused(&format!("refreshed_token {name}"), Record::Stranger, async |rig| {
                let payload = confirmation(&remote_id, &third.url(), &fresh(), Some(refreshed), Some(3));
                http(&confirm(rig, &remote_id, &token, &payload).await, 400)
            })
            .await;
        }
        for (name, ours) in
            [("equal to the code's", token.clone()), ("empty", String::new()), ("of 10 kB", long.clone())]
        {
            case.refused(&format!("token {name}"), Record::Stranger, async |rig| {
                let payload = confirmation(&remote_id, &third.url(), &ours, Some(&fresh()), Some(3));
                http(&confirm(rig, &remote_id, &token, &payload).await, 400)
            })
            .await;
        }
        assert!(third.requests().is_empty(), "nobody called it");
        case.allowed("a fresh one", async |rig| {
            third.accept(&code, CODE_PASSWORD).await.unwrap();
            rig.hub.wait_online("third").await;
            "OK".to_owned()
        })
        .await;
    })
    .await;
}

/// T-4273, ruling 9: nor is a token another connection of ours knows.
#[tokio::test]
async fn t_4273_a_token_that_another_connection_knows() {
    case("T-4273-other", async |case| {
        let content = opened(&case.rig.hub.invite("third").await);
        let (remote_id, token) = (text(&content["remote_id"]), text(&content["token"]));
        let third = Peer::start(Profile::Mattermost116).await;
        let pending = text(&opened(&case.rig.hub.invite("fourth").await)["token"]);
        let evil = case.rig.evil.link(&case.rig.remote_id);
        case.rig.restart_silence().await;
        for (name, known) in [
            ("B presents to A", evil.remote_token.as_str()),
            ("A presents to B", evil.token.as_str()),
            ("in a code nobody has accepted", pending.as_str()),
        ] {
            case.refused(&format!("refreshed_token that is {name}"), Record::Stranger, async |rig| {
                let payload = confirmation(&remote_id, &third.url(), &fresh(), Some(known), Some(3));
                http(&confirm(rig, &remote_id, &token, &payload).await, 400)
            })
            .await;
        }
    })
    .await;
}

fn opened(code: &str) -> Value {
    open(code, CODE_PASSWORD, &[Derivation::Scrypt]).expect("our code")
}

fn confirmation(remote_id: &str, url: &str, token: &str, refreshed: Option<&str>, version: Option<i64>) -> Value {
    let mut payload = json!({"remote_id": remote_id, "remote_team_id": "", "site_url": url, "token": token,
        "note": CANARY});
    if let Some(refreshed) = refreshed {
        payload["refreshed_token"] = json!(refreshed);
    }
    if let Some(version) = version {
        payload["version"] = json!(version);
    }
    payload
}

async fn confirm(rig: &Rig, remote_id: &str, token: &str, payload: &Value) -> Answer {
    let frame = json!({"remote_id": remote_id,
        "msg": {"id": fresh(), "topic": "invitation", "create_at": 1, "payload": payload}});
    let headers = [("X-RemoteCluster-Id", remote_id), ("X-RemoteCluster-Token", token)];
    rig.evil.raw(&rig.hub.server.url(), "/confirm_invite", &headers, frame.to_string().into_bytes()).await
}
