//! Earlier messages over HTTP: asked for when a channel is shared, watched, paused and cancelled, and no news where they arrive.

use rialto_testkit::{Organisation, SHORT, TestServer, both, connect, wait_for};
use serde_json::{Value, json};

const MOST: &str = "MM_CONNECTEDWORKSPACESSETTINGS_HISTORYBACKFILLMAX";

/// E-136, behaviour 8.1: by route and by command; shown to whoever may share the channel; counted as read.
#[tokio::test]
async fn the_past_of_a_channel_is_sent_when_it_is_asked_for() {
    both(async |database| {
        let server = TestServer::new("acme", database).await.with(MOST, "all");
        let home = Organisation::found(server).await;
        let guest = Organisation::start("globex", database).await;
        let remote = connect(&home, &guest).await;
        let ops = home.channel("ops", "O").await;
        let anna = home.member_of(&ops, "anna").await;
        for n in 0..30 {
            let root = anna.write(&ops, &format!("question {n}")).await["id"].as_str().unwrap().to_owned();
            anna.reply(&ops, &root, &format!("answer {n} @channel")).await;
        }
        let invite = format!("/remotecluster/{remote}/channels/{ops}/invite");
        home.admin
            .post(&invite, json!({"history": "some"}))
            .await
            .refused(400, "api.context.invalid_body_param.app_error");
        home.admin.post(&invite, json!({})).await.ok();
        guest.wait_channel(&ops).await;
        let bert = guest.member_of(&ops, "bert").await;
        let socket = bert.socket().await;
        let history = format!("/sharedchannels/{ops}/history");
        let none = home.admin.get(&history).await.ok();
        assert_eq!(none, json!({"shared_at": 0, "backfills": []}));
        let order = |what: &str| format!("/remotecluster/{remote}/channels/{ops}/history/{what}");
        let absent = home.admin.post(&order("pause"), json!({})).await;
        absent.refused(404, "rialto.shared_channel.history_not_found.app_error");

        home.admin.post(&invite, json!({"history": 10})).await.ok();
        let done = async |number: i64| -> Value {
            wait_for("the past to be sent", SHORT, async || {
                let seen = home.admin.get(&history).await.ok()["backfills"][0].clone();
                (seen["state"] == "done" && seen["done"] == number).then_some(seen)
            })
            .await
        };
        let seen = done(10).await;
        assert_eq!((&seen["total"], &seen["remote_id"], &seen["reason"]), (&json!(10), &json!(remote), &json!("")));
        let told = socket.wait("rialto_history_received", |event| event["data"]["channel_id"] == ops.as_str()).await;
        assert_eq!(told["broadcast"]["channel_id"], ops.as_str());
        bert.see(&ops, "question 29").await;
        // By command, from where it ended.
        let answer = home.share(&ops, &remote, "--history all").await;
        assert!(answer.contains("is invited to this channel already") && answer.contains("All earlier"), "{answer}");
        done(60).await;
        bert.see(&ops, "answer 0 @channel").await;
        // Who joined may be told here still; what was said before the share may not.
        let news: Vec<Value> = socket.events().into_iter().filter(|event| event["event"] == "posted").collect();
        let told = |post: &str| post.contains("question ") || post.contains("answer ");
        assert!(!news.iter().any(|event| told(event["data"]["post"].as_str().unwrap())), "{news:?}");
        let unread = bert.get(&format!("/users/me/channels/{ops}/unread")).await.ok();
        assert_eq!((&unread["msg_count"], &unread["mention_count"]), (&json!(0), &json!(0)), "{unread}");
        let copy = bert.get(&history).await.ok();
        assert!(copy["shared_at"].as_i64().unwrap() > 0, "{copy}");

        // It is over; and what it was is nothing for members.
        home.admin
            .post(&order("cancel"), json!({}))
            .await
            .refused(404, "rialto.shared_channel.history_not_found.app_error");
        anna.post(&order("pause"), json!({})).await.refused(403, "api.context.permissions.app_error");
        assert_eq!(anna.get(&history).await.ok()["backfills"], json!([]));
        let stranger = home.member("carl").await;
        stranger.post(&order("pause"), json!({})).await.refused(403, "api.context.permissions.app_error");
        // Live goes on.
        anna.write(&ops, "news").await;
        bert.see(&ops, "news").await;
    })
    .await;
}

/// Behaviour 6.3, 8.1: the settings of both sides hold, and are named.
#[tokio::test]
async fn the_settings_of_both_sides_hold() {
    both(async |database| {
        let server = TestServer::new("acme", database).await.with(MOST, "5");
        let home = Organisation::found(server).await;
        let guest = Organisation::start("globex", database).await;
        let remote = connect(&home, &guest).await;
        let ops = home.channel("ops", "O").await;
        let anna = home.member_of(&ops, "anna").await;
        for n in 0..8 {
            anna.write(&ops, &format!("message {n}")).await;
        }
        let answer = home.share(&ops, &remote, "--history 6").await;
        assert!(answer.contains("5 earlier messages at most") && answer.contains("Nothing was shared"), "{answer}");
        let invite = format!("/remotecluster/{remote}/channels/{ops}/invite");
        let refused = home.admin.post(&invite, json!({"history": 6})).await;
        refused.refused(400, "rialto.shared_channel.history.app_error");
        let patch = |name: &str, value: Value| json!({"ConnectedWorkspacesSettings": {name: value}});
        guest.admin.put("/config/patch", patch("AcceptHistoryBackfill", json!(false))).await.ok();
        let answer = home.share(&ops, &remote, "--history all").await;
        assert!(answer.contains("newest 5 earlier messages"), "{answer}");
        let history = format!("/sharedchannels/{ops}/history");
        let state = async |state: &str| {
            wait_for("the past to come to its end", SHORT, async || {
                let seen = home.admin.get(&history).await.ok()["backfills"][0].clone();
                (seen["state"] == state).then_some(seen)
            })
            .await
        };
        assert_eq!(state("refused").await["done"], 0);
        guest.wait_channel(&ops).await;
        guest.admin.put("/config/patch", patch("AcceptHistoryBackfill", json!(true))).await.ok();
        home.admin.post(&invite, json!({"history": "all"})).await.ok();
        assert_eq!(state("done").await["done"], 5);
        guest.admin.see(&ops, "message 3").await;
        let page = guest.admin.get(&format!("/channels/{ops}/posts?page=0&per_page=60")).await.ok().to_string();
        assert!(!page.contains("message 2"), "{page}");
    })
    .await;
}
