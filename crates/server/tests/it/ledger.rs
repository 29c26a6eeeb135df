//! What left this server, to whom (behaviour 8.11): the ledger tells it exactly, between real servers.

use rialto_testkit::client::text;
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::{Fault, On};
use rialto_testkit::{Client, Organisation, Peer, Profile, SHORT, TestServer, both, connect, share, wait_for};
use serde_json::{Value, json};

/// Lines of a ledger, oldest first, read page by page.
async fn lines(reader: &Client, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = reader.get(&format!("{path}?per_page=3&after={after}")).await.ok();
        found.extend(page["entries"].as_array().unwrap().iter().cloned());
        after = text(&page["next"]);
        if after.is_empty() {
            return found;
        }
    }
}

fn of_channel(channel: &str) -> String {
    format!("/sharedchannels/{channel}/ledger")
}

/// What a line says of one thing: its kind, whether it is from before, and whether it arrived.
fn word(line: &Value) -> String {
    [text(&line["kind"]), text(&line["past"]), text(&line["state"])].join(" ").replace("  ", " ")
}

/// What the ledger of a channel says of one message, file or person.
async fn words(reader: &Client, channel: &str, item: &str) -> Vec<String> {
    let all = lines(reader, &of_channel(channel)).await;
    all.iter().filter(|line| line["item_id"] == item).map(word).collect()
}

async fn wait_words(reader: &Client, channel: &str, item: &str, expected: &[&str]) {
    wait_for(&format!("the ledger to say {expected:?} of {item}"), SHORT, async || {
        (words(reader, channel, item).await == expected).then_some(())
    })
    .await;
}

fn id(post: &Value) -> String {
    text(&post["id"])
}

/// Behaviour 8.11: every kind of thing that leaves is listed once, with whose it is, to whom it went, and that it arrived;
/// what stays here is not.
#[tokio::test]
async fn what_left_is_listed_and_nothing_else() {
    both(async |database| {
        let server = TestServer::new("acme", database).await;
        let a = Organisation::found(server.with("MM_CONNECTEDWORKSPACESSETTINGS_HISTORYBACKFILLMAX", "all")).await;
        let mut b = Organisation::start("globex", database).await;
        let remote = connect(&a, &b).await;
        let (town, lab) = (a.channel("town", "O").await, a.channel("lab", "O").await);
        let anna = a.member_of(&town, "anna").await;
        a.join(&lab, &anna).await;
        let old = id(&anna.write(&town, "before the share").await);
        let home = id(&anna.write(&lab, "stays at home").await);
        a.admin.post(&format!("/remotecluster/{remote}/channels/{town}/invite"), json!({"history": "all"})).await.ok();
        b.wait_channel(&town).await;
        wait_words(&a.admin, &town, &old, &["message history stored"]).await;

        let first = id(&anna.write(&town, "hello").await);
        wait_words(&a.admin, &town, &first, &["message stored"]).await;
        anna.edit(&first, "hello, edited").await;
        wait_words(&a.admin, &town, &first, &["message stored", "edit stored"]).await;
        anna.react(&first, "rocket").await;
        let mut expected = vec!["message stored", "edit stored", "reaction stored"];
        wait_words(&a.admin, &town, &first, &expected).await;
        anna.unreact(&first, "rocket").await;
        expected.push("reaction_removal stored");
        wait_words(&a.admin, &town, &first, &expected).await;
        for (what, listed) in [("pin", "pin stored"), ("unpin", "pin_removal stored")] {
            anna.post(&format!("/posts/{first}/{what}"), json!({})).await.ok();
            expected.push(listed);
            wait_words(&a.admin, &town, &first, &expected).await;
        }
        anna.remove(&first).await;
        expected.push("deletion stored");
        wait_words(&a.admin, &town, &first, &expected).await;
        let file = anna.upload(&town, "plan, =final.txt", b"the plan".to_vec()).await.ok()["file_infos"][0].clone();
        let file = id(&file);
        let with_file = json!({"channel_id": town, "message": "the plan", "file_ids": [file]});
        let post = id(&anna.post("/posts", with_file).await.ok());
        wait_words(&a.admin, &town, &file, &["file stored"]).await;
        wait_words(&a.admin, &town, &post, &["message stored"]).await;
        wait_words(&a.admin, &town, &anna.id, &["profile stored", "member stored"]).await;

        // While the other side cannot be reached nothing leaves.
        b.server.stop().await;
        let waiting = id(&anna.write(&town, "while you are away").await);
        wait_for("the failure to be known", SHORT, async || {
            let health = a.admin.get(&format!("/remotecluster/{remote}/health")).await.ok();
            (!health["last_error"].is_null()).then_some(())
        })
        .await;
        assert!(words(&a.admin, &town, &waiting).await.is_empty(), "it is still here");
        b.server.start().await;
        wait_words(&a.admin, &town, &waiting, &["message stored"]).await;

        let all = lines(&a.admin, &of_channel(&town)).await;
        let of_file = all.iter().find(|line| line["item_id"] == file.as_str()).unwrap();
        let sha256 = text(&of_file["sha256"]);
        let expected = json!({
            "id": of_file["id"], "at": of_file["at"], "organisation": "globex org", "site_url": b.server.url(),
            "remote_id": remote, "channel_id": town, "kind": "file", "past": "", "item_id": file, "user_id": anna.id,
            "username": "anna", "name": "plan, =final.txt", "size": 8, "sha256": sha256, "state": "stored",
        });
        assert_eq!((of_file, sha256.len()), (&expected, 64));
        assert!(all.windows(2).all(|two| two[0]["at"].as_i64() <= two[1]["at"].as_i64()));
        // Over the whole connection: the same, and nothing of the channel that is not shared.
        let over = lines(&a.admin, &format!("/remotecluster/{remote}/ledger")).await;
        assert!(
            over.iter().any(|line| line["kind"] == "channel" && line["item_id"] == town.as_str()),
            "the invitation"
        );
        assert!(
            !over.iter().any(|line| line["item_id"] == home.as_str() || line["channel_id"] == lab.as_str()),
            "{over:?}"
        );
        assert!(lines(&a.admin, &of_channel(&lab)).await.is_empty());
        assert!(all.iter().all(|line| over.contains(line)));
    })
    .await;
}

/// Behaviour 8.11: what was handed over and not answered is listed as perhaps sent, once however often it is tried, and
/// stays listed when the connection is removed, in the midst of an exchange too.
#[tokio::test]
async fn what_may_have_left_is_listed_and_outlives_the_connection() {
    both(async |database| {
        let a = Organisation::start("acme", database).await;
        let peer = Peer::start(Profile::Mattermost116).await;
        let remote = peer.accept(&a.invite("peer").await, CODE_PASSWORD).await.unwrap();
        a.wait_online("peer").await;
        let (town, port) = (a.channel("town", "O").await, a.channel("port", "O").await);
        for channel in [&town, &port] {
            a.share(channel, &remote, "").await;
            peer.wait_world("the channel", |world| world.channels.contains_key(channel)).await;
        }
        let before = id(&a.admin.write(&town, "before").await);
        wait_words(&a.admin, &town, &before, &["message stored"]).await;

        peer.misbehave(On::Posts, 1, Fault::LostAnswer);
        let lost = id(&a.admin.write(&town, "the answer is lost").await);
        wait_words(&a.admin, &town, &lost, &["message sent", "message stored"]).await;

        peer.misbehave(On::Posts, 3, Fault::Status(503));
        let later = id(&a.admin.write(&town, "later, please").await);
        wait_words(&a.admin, &town, &later, &["message sent", "message stored"]).await;
        peer.behave();

        peer.misbehave(On::Posts, 1, Fault::Hang);
        let hanging = id(&a.admin.write(&port, "no answer ever").await);
        peer.wait_request("the message", |request| request.post_ids().contains(&hanging)).await;
        a.admin.delete(&format!("/remotecluster/{remote}")).await.ok();
        wait_words(&a.admin, &port, &hanging, &["message sent"]).await;
        assert_eq!(words(&a.admin, &town, &lost).await, ["message sent", "message stored"]);
        let of_port = lines(&a.admin, &of_channel(&port)).await;
        let line = of_port.iter().find(|line| line["item_id"] == hanging.as_str()).unwrap();
        assert_eq!((&line["organisation"], &line["site_url"]), (&json!("peer org"), &json!(peer.url())));
        assert!(!lines(&a.admin, &format!("/remotecluster/{remote}/ledger")).await.is_empty());
    })
    .await;
}

/// Behaviour 8.11, SC-106: who reads a ledger, in which forms, and that the audit log knows of it.
#[tokio::test]
async fn a_ledger_is_exported_by_those_who_may() {
    both(async |database| {
        let (a, b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        let remote = connect(&a, &b).await;
        let town = a.channel("town", "O").await;
        let anna = a.member_of(&town, "anna").await;
        share(&a, &town, &remote, &b).await;
        let mut posts = Vec::new();
        for number in 0..5 {
            posts.push(id(&anna.write(&town, &format!("message {number}")).await));
        }
        wait_words(&a.admin, &town, posts.last().unwrap(), &["message stored"]).await;

        let path = of_channel(&town);
        let forbidden = "api.context.permissions.app_error";
        for path in [path.clone(), format!("/remotecluster/{remote}/ledger")] {
            anna.get(&path).await.refused(403, forbidden);
        }
        // Members see in which mode, since when and by whom the channel is shared.
        let seen = anna.get(&format!("/sharedchannels/{town}/remotes")).await.ok()[0].clone();
        assert_eq!((&seen["mode"], &seen["shared_by"]), (&json!("participation"), &json!(a.admin.id)), "{seen}");
        assert!(seen["shared_at"].as_i64().unwrap() > 0, "{seen}");
        let there = b.admin.get(&format!("/sharedchannels/{town}/remotes")).await.ok()[0].clone();
        assert_eq!((&there["mode"], &there["shared_by"]), (&json!("home"), &Value::Null), "{there}");
        let manager = a.member_of(&town, "marta").await;
        let roles = json!({"roles": "system_user shared_channel_manager"});
        a.admin.put(&format!("/users/{}/roles", manager.id), roles).await.ok();
        assert!(!lines(&manager, &path).await.is_empty());
        manager.get(&format!("/remotecluster/{remote}/ledger")).await.refused(403, forbidden);
        let hidden = a.channel("hidden", "P").await;
        assert_eq!(manager.get(&of_channel(&hidden)).await.status, 404);
        for wrong in ["format=xml", "kind=presence", "since=yesterday", "after=3", "remote_id=short"] {
            assert_eq!(a.admin.get(&format!("{path}?{wrong}")).await.status, 400, "{wrong}");
        }

        let narrowed = a.admin.get(&format!("{path}?kind=message&remote_id={remote}")).await.ok();
        let listed: Vec<String> =
            narrowed["entries"].as_array().unwrap().iter().map(|line| text(&line["item_id"])).collect();
        assert_eq!(listed, posts);
        let third = &narrowed["entries"][2];
        let since =
            a.admin.get(&format!("{path}?kind=message&since={}&after={}", third["at"], text(&third["id"]))).await.ok();
        assert_eq!(since["entries"].as_array().unwrap().len(), 2);
        let until = a.admin.get(&format!("{path}?until={}", narrowed["entries"][0]["at"])).await.ok();
        assert!(!until["entries"].as_array().unwrap().iter().any(|line| line["kind"] == "message"), "{until}");

        let csv = a.admin.get(&format!("{path}?format=csv&kind=message")).await;
        assert!(csv.header("content-disposition").contains(&format!("ledger-{town}.csv")));
        let csv = csv.text();
        let rows: Vec<&str> = csv.lines().collect();
        assert!(rows[0].starts_with("at,time,organisation,"), "{csv}");
        assert_eq!(rows.len(), 6, "{csv}");
        assert!(rows[1].contains(",globex org,") && rows[1].ends_with(",anna,,,,stored"), "{csv}");
        let ndjson = a.admin.get(&format!("{path}?format=ndjson&kind=message")).await.text();
        let parsed: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(Value::from(parsed), narrowed["entries"]);

        let audits = a.admin.get("/audits?per_page=200").await.ok();
        let reads = |who: &Client, info: &str| {
            let by = |line: &&Value| line["action"] == "read_ledger" && line["user_id"] == who.id.as_str();
            audits.as_array().unwrap().iter().filter(by).filter(|line| text(&line["extra_info"]).contains(info)).count()
        };
        assert_eq!(reads(&a.admin, &format!("result=ok channel_id={town} detail=csv")), 1);
        assert_eq!(reads(&a.admin, &format!("result=ok channel_id={town} detail=ndjson")), 1);
        assert_eq!(reads(&anna, &format!("result=fail channel_id={town}")), 1);
        assert_eq!(reads(&anna, &format!("result=fail remote_id={remote}")), 1);
        assert!(reads(&manager, "result=ok") >= 1);
    })
    .await;
}
