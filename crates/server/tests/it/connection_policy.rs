//! The rules of a connection over API v4 and slash commands, and what they mean for two servers.

use rialto_testkit::client::text;
use rialto_testkit::{Answer, Client, Method, Organisation, SHORT, TestServer, both, connect, wait_for};
use serde_json::{Value, json};

async fn patch(client: &Client, id: &str, body: Value) -> Answer {
    client.call(Method::PATCH, &format!("/remotecluster/{id}/policy"), Some(&body)).await
}

/// Behaviour 8.6, SC-106: administrators read and change the rules, which hold at once for the API, for commands and for the
/// other server; every refusal names the rule, and the audit log has the change and the refused attempt.
#[tokio::test]
async fn administrators_set_the_rules_of_a_connection() {
    both(async |database| {
        let a = Organisation::found(TestServer::new("acme", database).await).await;
        let b = Organisation::found(TestServer::new("globex", database).await).await;
        let id = connect(&a, &b).await;
        let (ops, plans) = (a.channel("ops", "O").await, a.channel("ext-plans", "O").await);
        let anna = a.member_of(&ops, "anna").await;
        let path = format!("/remotecluster/{id}/policy");
        let open = a.admin.get(&path).await.ok();
        assert_eq!(
            (&open["files"], &open["incoming"], &open["share_channels"]),
            (&json!(true), &json!(null), &json!([]))
        );

        let forbidden = "api.context.permissions.app_error";
        anna.get(&path).await.refused(403, forbidden);
        patch(&anna, &id, json!({"files": false})).await.refused(403, forbidden);
        let invalid = "api.context.invalid_body_param.app_error";
        let message = patch(&a.admin, &id, json!({"flies": true})).await.refused(400, invalid);
        assert!(message.contains("flies"), "{message}");
        patch(&a.admin, &id, json!({"max_users": -1})).await.refused(400, invalid);
        assert_eq!(a.admin.get(&path).await.ok(), open);
        assert_eq!(a.admin.get(&format!("/remotecluster/{}/policy", "y".repeat(26))).await.status, 404);

        let changed = patch(&a.admin, &id, json!({"share_channels": ["Ext-*"], "participation": false})).await.ok();
        assert_eq!((&changed["share_channels"], &changed["files"]), (&json!(["ext-*"]), &json!(true)));
        assert_eq!(a.admin.get(&path).await.ok(), changed);
        let answer = a.share(&ops, &id, "").await;
        assert!(answer.contains("share_channels"), "{answer}");
        let invite = |channel: &str| format!("/remotecluster/{id}/channels/{channel}/invite");
        let message =
            a.admin.post(&invite(&ops), json!({})).await.refused(403, "rialto.shared_channel.policy.app_error");
        assert!(message.contains("share_channels"), "{message}");
        let message =
            a.admin.post(&invite(&plans), json!({})).await.refused(403, "rialto.shared_channel.policy.app_error");
        assert!(message.contains("participation"), "{message}");
        a.share(&plans, &id, "--readonly true").await;
        b.wait_channel(&plans).await;

        // The other side has rules of its own.
        patch(&b.admin, &id, json!({"incoming": "none"})).await.ok();
        patch(&a.admin, &id, json!({"share_channels": null, "participation": null})).await.ok();
        assert_eq!(a.admin.get(&path).await.ok(), open);
        a.share(&ops, &id, "").await;
        wait_for("the refusal in the audit log of globex", SHORT, async || {
            let lines = b.admin.get("/audits?per_page=200").await.ok();
            let refused = |line: &&Value| {
                line["action"] == "frame_refused" && text(&line["extra_info"]).contains("sharedchannel_invite incoming")
            };
            lines.as_array().unwrap().iter().find(refused).map(drop)
        })
        .await;
        assert_eq!(b.admin.get(&format!("/channels/{ops}")).await.status, 404);

        let lines = a.admin.get("/audits?per_page=200").await.ok();
        let of = |who: &Client| {
            let who = who.id.clone();
            let lines = lines.as_array().unwrap().iter();
            let own = lines.filter(move |line| line["user_id"] == who.as_str() && line["action"] == "change_policy");
            own.map(|line| text(&line["extra_info"])).collect::<Vec<_>>()
        };
        assert!(of(&a.admin).iter().any(|info| info.contains("share_channels, participation")), "{lines}");
        assert!(of(&anna).iter().all(|info| info.starts_with("result=fail")) && !of(&anna).is_empty(), "{lines}");
    })
    .await;
}
