//! What the log and the audit log must not hold (security 1.4).

use rialto_testkit::client::text;
use rialto_testkit::ids::fresh;
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::author::user_object;
use rialto_testkit::{Database, Organisation, Peer, Profile, TestServer};
use serde_json::json;

use super::case::case;
use super::rig::{CANARY, PROFILE};

/// T-39353, SC-105: everything once, with canaries in each text, at the most talkative log level.
#[tokio::test]
async fn t_39353_no_log_holds_content_or_secrets() {
    case("T-39353", async |case| {
        case.allowed(
            "posts, edits, names, files, reactions, refused and taken, and a code; then a search of log and audit log",
            async |rig| {
                let server = TestServer::new("talkative", Database::Sqlite).await.with("RUST_LOG", "trace");
                let org = Organisation::found(server).await;
                let peer = Peer::start(Profile::Mattermost116).await;
                let code = org.invite("peer").await;
                let content = rialto_testkit::invitation::open(
                    &code,
                    CODE_PASSWORD,
                    &[rialto_testkit::invitation::Derivation::Scrypt],
                )
                .unwrap();
                let id = peer.accept(&code, CODE_PASSWORD).await.unwrap();
                org.wait_online("peer").await;
                let channel = org.channel("ops", "O").await;
                org.share(&channel, &id, "").await;
                peer.wait_world("the channel", |world| world.channels.contains_key(&channel)).await;
                let mallory = peer.person("mallory");
                let post = peer.write(&channel, &mallory, &format!("{CANARY} first")).await;
                peer.edit(&post, &format!("{CANARY} second")).await;
                org.admin.write(&channel, &format!("{CANARY} ours")).await;
                peer.see(&format!("{CANARY} ours")).await;
                let forged =
                    rialto_testkit::peer::author::post_object(&fresh(), &channel, &org.admin.id, "", CANARY, PROFILE);
                peer.sync(&id, &channel, json!({"posts": [forged]})).await.ok();
                let mut person = user_object(&org.admin.id, CANARY);
                person["nickname"] = json!(CANARY);
                peer.sync(&id, &channel, json!({"users": {&org.admin.id: person}})).await.ok();
                let upload = json!({"id": fresh(), "type": "attachment", "create_at": 0, "user_id": mallory,
                "channel_id": channel, "filename": format!("{CANARY}.txt"), "file_size": 3, "file_offset": 0,
                "remote_id": "", "req_file_id": fresh()});
                peer.frame(&id, "sharedchannel_upload", upload).await.ok();
                peer.raw(&org.server.url(), "/msg", &[], CANARY.as_bytes().to_vec()).await;
                peer.misbehave(rialto_testkit::peer::On::Any, 1, rialto_testkit::peer::Fault::Fail(CANARY.to_owned()));
                org.admin.write(&channel, "refused over there").await;
                peer.see("refused over there").await;
                let link = peer.link(&id);
                let log = org.server.log();
                assert!(log.len() > 1_000, "the log is there");
                let secrets = [
                    CANARY,
                    &link.token,
                    &link.remote_token,
                    CODE_PASSWORD,
                    &code,
                    &text(&content["token"]),
                    &org.admin.token,
                ];
                for secret in secrets {
                    assert!(!log.contains(secret), "in the log: {secret}");
                    for row in rialto_testkit::digest::rows(&org.server, "audit").await {
                        assert!(!row.values().any(|value| value.contains(secret)), "in the audit log: {row:?}");
                    }
                }
                // The rig's own hub, on this database, at its ordinary level.
                assert!(!rig.hub.server.log().contains(CODE_PASSWORD));
                "no line holds any".to_owned()
            },
        )
        .await;
    })
    .await;
}
