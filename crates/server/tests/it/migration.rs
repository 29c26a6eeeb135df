//! Moving an installation through the API of a real server, over a crash (client-api 7.7).

use std::fmt::Write as _;
use std::time::Duration;

use rialto_testkit::{Client, Organisation, SHORT, TestServer, both, wait_for};
use serde_json::{Value, json};

const POSTS: i64 = 4_000;

fn lines() -> String {
    let head = [
        json!({ "type": "version", "version": 1 }),
        json!({ "type": "team", "team": { "name": "crew", "display_name": "Crew", "type": "O" } }),
        json!({ "type": "channel", "channel": { "team": "crew", "name": "deck", "display_name": "Deck", "type": "O" } }),
        json!({ "type": "user", "user": { "username": "zoe", "email": "zoe@ship.example",
            "teams": [{ "name": "crew", "channels": [{ "name": "deck" }] }] } }),
    ];
    let mut text: String = head.iter().map(|line| format!("{line}\n")).collect();
    for n in 0..POSTS {
        let post = json!({ "type": "post", "post": { "team": "crew", "channel": "deck", "user": "zoe",
            "message": format!("word{n}"), "create_at": 1_600_000_000_000_i64 + n } });
        writeln!(text, "{post}").unwrap();
    }
    text
}

async fn upload(admin: &Client, text: String) -> String {
    let new = json!({ "type": "import", "filename": "crew.jsonl", "file_size": text.len() });
    let session = admin.post("/uploads", new).await.ok();
    let path = format!("/uploads/{}", session["id"].as_str().unwrap());
    let request = admin.request(reqwest::Method::POST, &path).body(text);
    let file: Value = request.send().await.unwrap().json().await.unwrap();
    file["name"].as_str().unwrap().to_owned()
}

/// A server that is killed in the midst of an import goes on with it when it is back: each message is there once, found by
/// its words, and unread to nobody.
#[tokio::test]
async fn an_import_survives_a_crash() {
    both(async |database| {
        let mut org = Organisation::found(TestServer::new("acme", database).await).await;
        let name = upload(&org.admin, lines()).await;
        let ask = json!({ "type": "import_process", "data": { "import_file": name } });
        let job = org.admin.post("/jobs", ask).await.ok();
        let path = format!("/jobs/{}", job["id"].as_str().unwrap());
        loop {
            let job = org.admin.get(&path).await.ok();
            let line = job["data"]["line_number"].as_str().and_then(|line| line.parse::<i64>().ok()).unwrap_or(0);
            assert!(line < POSTS, "it was faster than this test: {job}");
            if line > 4 {
                break;
            }
        }
        org.server.kill().await;
        org.server.start().await;
        org.admin.renew().await;
        let done = loop {
            let job = org.admin.get(&path).await.ok();
            if job["status"] != "in_progress" {
                break job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(done["status"], "success", "{done}");
        let team = org.admin.get("/teams/name/crew").await.ok();
        let team = team["id"].as_str().unwrap();
        let deck = org.admin.get(&format!("/teams/{team}/channels/name/deck")).await.ok();
        assert_eq!((&deck["total_msg_count"], &deck["total_msg_count_root"]), (&json!(POSTS), &json!(POSTS)));
        let id = deck["id"].as_str().unwrap();
        let body = json!({ "team_id": team, "user_id": org.admin.id });
        org.admin.post(&format!("/teams/{team}/members"), body).await.ok();
        org.admin.post(&format!("/channels/{id}/members"), json!({ "user_id": org.admin.id })).await.ok();
        for n in [0, 1, POSTS / 2, POSTS - 1] {
            let body = json!({ "terms": format!("word{n}"), "is_or_search": false });
            let path = format!("/teams/{team}/posts/search");
            // The index follows the log in its own time.
            wait_for("the message among those found", SHORT, async || {
                let found = org.admin.post(&path, body.clone()).await.ok();
                found["order"].as_array().is_some_and(|list| list.len() == 1).then_some(())
            })
            .await;
        }
        let member = org.admin.get(&format!("/channels/{id}/members")).await.ok();
        for member in member.as_array().unwrap() {
            assert_eq!(member["msg_count"], POSTS, "{member}");
        }
    })
    .await;
}
