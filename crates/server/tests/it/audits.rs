//! The audit log: refused attempts are in it, and those who may read it do.

use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::{Client, Organisation, TestServer, both, connect};
use serde_json::{Value, json};

/// Lines of somebody's about refused attempts, newest first: action and what else is known.
async fn refused(admin: &Client, who: &Client) -> Vec<(String, String)> {
    let lines = admin.get("/audits?per_page=200").await.ok();
    let of_person = |line: &&Value| line["user_id"] == who.id.as_str();
    let line = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (text("action"), text("extra_info"))
    };
    let lines: Vec<(String, String)> = lines.as_array().unwrap().iter().filter(of_person).map(line).collect();
    lines.into_iter().filter(|(_, info)| info.starts_with("result=fail")).collect()
}

/// SC-106, SC-058: who tries to administer connections or shares without the right to, over the API or by command, is
/// noted with what they tried; once, however often they repeat it, and without anything secret.
#[tokio::test]
async fn refused_attempts_are_noted_once() {
    both(async |database| {
        let a = Organisation::found(TestServer::new("acme", database).await).await;
        let b = Organisation::found(TestServer::new("globex", database).await).await;
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        assert!(refused(&a.admin, &anna).await.is_empty());

        let forbidden = "api.context.permissions.app_error";
        let path = format!("/remotecluster/{id}/channels/{ops}/invite");
        for _ in 0..3 {
            anna.post(&path, json!({})).await.refused(403, forbidden);
        }
        let detail = format!("result=fail remote_id={id} channel_id={ops} detail={forbidden}");
        assert_eq!(refused(&a.admin, &anna).await, [("invite_to_channel".to_owned(), detail.clone())]);
        anna.delete(&format!("/remotecluster/{id}")).await.refused(403, forbidden);
        anna.get("/remotecluster").await.refused(403, forbidden);
        let secret = "kT7#pq!xW2$mZ9-secret";
        anna.command(&ops, &format!("/secure-connection create --name third --password {secret}")).await;
        anna.command(&ops, &format!("/share-channel uninvite --connectionID {id}")).await;
        anna.command(&ops, "/share-channel status").await;
        let lines = refused(&a.admin, &anna).await;
        let actions: Vec<&str> = lines.iter().map(|(action, _)| action.as_str()).collect();
        let expected = ["uninvite_from_channel", "create_connection", "remove_connection", "invite_to_channel"];
        assert_eq!(actions, expected, "what only looks is no attempt");
        assert_eq!(lines[0].1, format!("result=fail channel_id={ops} detail=permission"));
        assert!(!a.admin.get("/audits?per_page=200").await.text().contains("secret"));
    })
    .await;
}

/// SC-106: an administrator's attempt that cannot succeed is noted as well; one that succeeds is noted as that.
#[tokio::test]
async fn what_fails_is_told_from_what_is_done() {
    both(async |database| {
        let a = Organisation::found(TestServer::new("acme", database).await).await;
        let ops = a.channel("ops", "O").await;
        let nowhere = "y".repeat(26);
        let invite = format!("/remotecluster/{nowhere}/channels/{ops}/invite");
        assert_eq!(a.admin.post(&invite, json!({})).await.status / 100, 4);
        a.invite("globex").await;
        // The name is taken by now.
        a.command(&format!("/secure-connection create --name globex --password \"{CODE_PASSWORD}\"")).await;
        let lines = a.admin.get("/audits").await.ok();
        let told: Vec<String> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                let info = line["extra_info"].as_str().unwrap().split(' ').next().unwrap().to_owned();
                format!("{} {info}", line["action"].as_str().unwrap())
            })
            .collect();
        let expected =
            ["create_connection result=fail", "create_connection result=ok", "invite_to_channel result=fail"];
        assert_eq!(told, expected);
    })
    .await;
}

/// SC-106: the log is for those who may read it, page by page, newest first; everybody may read their own lines.
#[tokio::test]
async fn the_log_is_read_by_administrators_and_by_oneself() {
    both(async |database| {
        let org = Organisation::found(TestServer::new("acme", database).await).await;
        let anna = org.member("anna").await;
        anna.get("/audits").await.refused(403, "api.context.permissions.app_error");
        anna.get(&format!("/users/{}/audits", org.admin.id)).await.refused(403, "api.context.permissions.app_error");
        org.invite("globex").await;
        anna.post("/remotecluster", json!({"name": "x", "default_team_id": org.team})).await;
        let all = org.admin.get("/audits").await.ok();
        let [newest, older] = all.as_array().unwrap().as_slice() else { panic!("{all}") };
        assert_eq!(
            (newest["user_id"].as_str(), older["user_id"].as_str()),
            (Some(anna.id.as_str()), Some(org.admin.id.as_str()))
        );
        assert!(newest["create_at"].as_i64() >= older["create_at"].as_i64() && older["create_at"].as_i64() > Some(0));
        assert_ne!(newest["id"], older["id"]);
        for empty in ["ip_address", "session_id"] {
            assert_eq!(newest[empty], "");
        }
        assert_eq!(org.admin.get("/audits?page=1&per_page=1").await.ok(), json!([older]));
        assert_eq!(anna.get("/users/me/audits").await.ok(), json!([newest]));
    })
    .await;
}
