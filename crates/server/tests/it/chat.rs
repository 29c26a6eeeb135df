//! The client API as an integration tool in Go uses it, call by call (API 3.2), and the websocket beside it (API 9).

use rialto_testkit::client::{Answer, http_client, text};
use rialto_testkit::socket::inner;
use rialto_testkit::{Client, Database, Method, Organisation, SHORT, Socket, TestServer, both, wait_for};
use serde_json::{Value, json};

/// The account's members as a Go client writes them: empty texts, zeros, and null for maps that are not set.
fn go_user(username: &str, email: &str, password: &str) -> Value {
    json!({"id": "", "username": username, "password": password, "email": email, "auth_data": null, "auth_service": "",
        "nickname": "", "first_name": "", "last_name": "", "position": "", "roles": "", "props": null,
        "notify_props": null, "locale": "", "timezone": null, "delete_at": 0, "disable_welcome_email": false})
}

fn go_channel(team: &str, name: &str) -> Value {
    json!({"id": "", "create_at": 0, "update_at": 0, "delete_at": 0, "team_id": team, "type": "O",
        "display_name": format!("Shared: {name}"), "name": name, "header": "", "purpose": "", "last_post_at": 0,
        "total_msg_count": 0, "extra_update_at": 0, "creator_id": "", "scheme_id": null, "props": null,
        "group_constrained": null, "autotranslation": false, "shared": null, "total_msg_count_root": 0,
        "policy_id": null, "last_root_post_at": 0, "banner_info": null, "policy_enforced": false,
        "policy_is_active": false, "default_category_name": ""})
}

fn go_post(channel: &str, message: &str) -> Value {
    json!({"id": "", "create_at": 0, "update_at": 0, "edit_at": 0, "delete_at": 0, "is_pinned": false, "user_id": "",
        "channel_id": channel, "root_id": "", "original_id": "", "message": message, "type": "", "props": null,
        "hashtags": "", "file_ids": null, "pending_post_id": "", "remote_id": null, "reply_count": 0,
        "last_reply_at": 0, "participants": null})
}

/// Steps 1 to 6 on one server: the first account, its sign-in, the licence, a team. Returns the account and the team.
async fn enter(server: &TestServer, side: &str) -> (Client, String) {
    let http = http_client();
    let account = go_user("admin", &format!("admin-{side}@test.local"), "Admin1234!");
    let created = http.post(format!("{}/api/v4/users", server.url())).json(&account).send().await.unwrap();
    let created = Answer::read("POST /users".to_owned(), created).await.unwrap();
    assert_eq!(created.status, 201, "{created}");
    assert_eq!(created.header("content-type"), "application/json");
    assert!(created.body.get("password").is_none(), "{created}");
    let admin = Client::sign_in(&server.url(), "admin", "Admin1234!").await;
    let me = admin.get("/users/me").await.ok();
    assert_eq!(me["roles"], "system_admin system_user", "the first account administers (ruling 71)");

    let boundary = "b5b2c7f1";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"license\"; filename=\"test-license.mattermost-license\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nany bytes\r\n--{boundary}--\r\n"
    );
    let upload = admin
        .request(Method::POST, "/license")
        .header("Content-Type", format!("multipart/form-data; boundary={boundary}"))
        .body(body);
    Answer::read("POST /license".to_owned(), upload.send().await.unwrap()).await.unwrap().ok();
    let team = json!({"id": "", "create_at": 0, "update_at": 0, "delete_at": 0, "display_name": format!("Team {side}"),
        "name": format!("team-{side}-ab12cd"), "description": "", "email": "", "type": "O", "company_name": "",
        "allowed_domains": "", "invite_id": "", "allow_open_invite": false, "scheme_id": null,
        "group_constrained": null, "policy_id": null, "cloud_limits_archived": false});
    let team = admin.post("/teams", team).await;
    assert_eq!(team.status, 201, "{team}");
    (admin, text(&team.body["id"]))
}

/// AT-03, AT-22.
#[tokio::test]
async fn the_integration_tool_runs_through() {
    both(async |database| {
        let mut servers = Vec::new();
        for name in ["server-a", "server-b"] {
            let mut server = TestServer::new(name, database).await;
            server.start().await;
            servers.push(server);
        }
        let ping = http_client()
            .get(format!("{}/api/v4/system/ping?get_server_status=true&use_rest_semantics=false", servers[0].url()))
            .send()
            .await
            .unwrap();
        assert!(Answer::read("ping".to_owned(), ping).await.unwrap().ok()["status"].is_string());
        let (a, team_a) = enter(&servers[0], "a").await;
        let (b, team_b) = enter(&servers[1], "b").await;

        // 5, 7, 8, 9
        assert_eq!(a.get("/remotecluster?per_page=1").await.ok(), json!([]));
        let connection = json!({"remote_id": "", "remote_team_id": "", "name": "server-b-ab12cd",
            "display_name": "Server B", "site_url": "", "default_team_id": team_a, "create_at": 0, "delete_at": 0,
            "last_ping_at": 0, "last_global_user_sync_at": 0, "token": "", "remote_token": "", "topics": "",
            "creator_id": "", "plugin_id": "", "options": 0, "password": "TestInvite123!"});
        let created = a.post("/remotecluster", connection).await;
        assert_eq!(created.status, 201, "{created}");
        let remote = text(&created.body["remote_cluster"]["remote_id"]);
        assert_eq!((created.body["remote_cluster"]["token"].as_str(), remote.len()), (Some(""), 26), "{created}");
        let accept = json!({"name": "server-a-ab12cd", "display_name": "Server A", "default_team_id": team_b,
            "invite": created.body["invite"], "password": "TestInvite123!"});
        let accepted = b.post("/remotecluster/accept_invite", accept).await;
        assert_eq!(accepted.status, 201, "{accepted}");
        wait_for("the first ping", SHORT, async || {
            (a.get(&format!("/remotecluster/{remote}")).await.ok()["last_ping_at"].as_i64()? > 0).then_some(())
        })
        .await;

        // 10, 11, 12
        let channel = a.post("/channels", go_channel(&team_a, "membership-test-ab12cd")).await;
        assert_eq!(channel.status, 201, "{channel}");
        let channel = text(&channel.body["id"]);
        let invite = a.request(Method::POST, &format!("/remotecluster/{remote}/channels/{channel}/invite"));
        let invite = Answer::read("invite".to_owned(), invite.send().await.unwrap()).await.unwrap();
        assert!(invite.status < 300, "{invite}");
        wait_for("the channel on the other side", SHORT, async || {
            let list = b.get(&format!("/sharedchannels/{team_b}?page=0&per_page=100")).await.ok();
            list.as_array()?
                .iter()
                .find(|one| one["name"] == "membership-test-ab12cd" && one["id"] == channel.as_str())
                .map(drop)
        })
        .await;

        members_follow(&a, &b, &team_a, &channel).await;
        posts_follow(&a, &b, &channel).await;
    })
    .await;
}

/// Steps 13 to 18: members come, go, come back and go without having written.
async fn members_follow(a: &Client, b: &Client, team: &str, channel: &str) {
    let mut users = Vec::new();
    for number in 1..=3 {
        let name = format!("memtest{number}-ab12cd");
        let user = a.post("/users", go_user(&name, &format!("{name}@test.local"), "TestPass123!")).await;
        assert_eq!(user.status, 201, "{user}");
        let user = text(&user.body["id"]);
        let member = json!({"team_id": team, "user_id": user, "roles": "", "delete_at": 0, "scheme_guest": false,
            "scheme_user": false, "scheme_admin": false, "explicit_roles": ""});
        assert_eq!(a.post(&format!("/teams/{team}/members"), member).await.status, 201);
        let member = a.post(&format!("/channels/{channel}/members"), json!({"user_id": user})).await;
        assert_eq!((member.status, member.body["user_id"].as_str()), (201, Some(user.as_str())), "{member}");
        users.push(user);
    }
    let present = async |expected: [bool; 3]| {
        wait_for(&format!("members {expected:?} on the other side"), SHORT, async || {
            let names = b.members(channel).await;
            let there = [1, 2, 3].map(|number| names.iter().any(|name| name.starts_with(&format!("memtest{number}"))));
            (there == expected).then_some(())
        })
        .await;
    };
    present([true, true, true]).await;
    a.delete(&format!("/channels/{channel}/members/{}", users[0])).await.ok();
    present([false, true, true]).await;
    assert_eq!(a.post(&format!("/channels/{channel}/members"), json!({"user_id": users[0]})).await.status, 201);
    present([true, true, true]).await;
    for user in &users {
        a.delete(&format!("/channels/{channel}/members/{user}")).await.ok();
    }
    present([false, false, false]).await;
}

/// Steps 19 to 26: a post, its edit and deletion, a reaction and its removal.
async fn posts_follow(a: &Client, b: &Client, channel: &str) {
    let post = a.post("/posts", go_post(channel, "from the admin of A")).await;
    assert_eq!(post.status, 201, "{post}");
    let post = post.body;
    let id = text(&post["id"]);
    let list = async || {
        let query = "page=0&per_page=100&collapsedThreads=false&include_deleted=false";
        b.get(&format!("/channels/{channel}/posts?{query}")).await.ok()["posts"].clone()
    };
    wait_for("the post", SHORT, async || (list().await[&id]["message"] == "from the admin of A").then_some(())).await;
    let mut whole = post.clone();
    whole["message"] = json!("edited by the admin of A");
    assert_eq!(a.put(&format!("/posts/{id}"), whole).await.status, 200);
    wait_for("the edit", SHORT, async || (list().await[&id]["message"] == "edited by the admin of A").then_some(()))
        .await;

    let me = a.request(Method::GET, "/users/me").header("If-None-Match", "");
    let me = Answer::read("me".to_owned(), me.send().await.unwrap()).await.unwrap().ok();
    let reaction = json!({"user_id": me["id"], "post_id": id, "emoji_name": "thumbsup", "create_at": 0, "update_at": 0,
        "delete_at": 0, "remote_id": null, "channel_id": ""});
    assert_eq!(a.post("/reactions", reaction).await.status, 200);
    b.see_reactions(&id, &[(&a.id, "thumbsup")]).await;
    a.delete(&format!("/users/{}/posts/{id}/reactions/thumbsup", a.id)).await.ok();
    b.see_reactions(&id, &[]).await;
    assert_eq!(a.delete(&format!("/posts/{id}")).await.ok()["status"], "OK");
    wait_for("the deletion", SHORT, async || list().await[&id].is_null().then_some(())).await;
}

#[tokio::test]
async fn every_change_is_heard_once_and_in_order() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let ops = org.channel("ops", "O").await;
        let (anna, ben) = (org.member_of(&ops, "anna").await, org.member_of(&ops, "ben").await);
        let eve = org.member("eve").await;
        let (socket, outside) = (ben.socket().await, eve.socket().await);

        let post = anna.write(&ops, "hello @ben").await;
        let id = text(&post["id"]);
        let of_post = |event: &Value| inner(event, "post")["id"] == id.as_str();
        let posted = socket.wait("posted", of_post).await;
        assert_eq!(inner(&posted, "post")["message"], "hello @ben");
        assert_eq!(inner(&posted, "mentions"), json!([ben.id]));
        assert_eq!(
            (posted["data"]["channel_name"].as_str(), posted["data"]["channel_type"].as_str()),
            (Some("ops"), Some("O"))
        );
        assert_eq!(
            (posted["data"]["sender_name"].as_str(), posted["data"]["team_id"].as_str()),
            (Some("@anna"), Some(org.team.as_str()))
        );
        assert_eq!(posted["broadcast"]["channel_id"], ops.as_str());

        anna.edit(&id, "hello @ben, edited").await;
        let edited = socket.wait("post_edited", of_post).await;
        assert_eq!(inner(&edited, "post")["message"], "hello @ben, edited");
        ben.react(&id, "tada").await;
        let of_reaction = |event: &Value| inner(event, "reaction")["post_id"] == id.as_str();
        let added = socket.wait("reaction_added", of_reaction).await;
        assert_eq!(inner(&added, "reaction")["emoji_name"], "tada");
        ben.unreact(&id, "tada").await;
        socket.wait("reaction_removed", of_reaction).await;
        anna.remove(&id).await;
        socket.wait("post_deleted", of_post).await;
        socket.assert_gap_free();
        let order: Vec<_> = socket.events().iter().map(|event| text(&event["event"])).collect();
        let places = ["posted", "post_edited", "reaction_added", "reaction_removed", "post_deleted"]
            .map(|name| order.iter().position(|event| event == name).unwrap());
        assert!(places.is_sorted(), "{order:?}");

        // Somebody who is not in the channel hears nothing of it; an own event closes the question.
        eve.write(&org.town, "for eve").await;
        outside.wait("posted", |event| inner(event, "post")["message"] == "for eve").await;
        assert!(outside.events().iter().all(|event| event["broadcast"]["channel_id"] != ops.as_str()));
        // Repeating what is already so changes nothing and says nothing.
        let again = anna.write(&ops, "react").await;
        let again = text(&again["id"]);
        ben.react(&again, "tada").await;
        ben.react(&again, "tada").await;
        anna.write(&ops, "the end").await;
        socket.wait("posted", |event| inner(event, "post")["message"] == "the end").await;
        let added = socket
            .named("reaction_added")
            .iter()
            .filter(|event| inner(event, "reaction")["post_id"] == again.as_str())
            .count();
        assert_eq!(added, 1);
        socket.assert_gap_free();
    })
    .await;
}

#[tokio::test]
async fn a_broken_line_is_resumed_without_loss() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let mut socket = org.admin.socket().await;
        let connection = socket.connection_id();
        let mut expected = Vec::new();
        for round in 0..3 {
            for number in 0..10 {
                expected.push(text(&org.admin.write(&org.town, &format!("{round}.{number}")).await["id"]));
            }
            let last = expected.last().unwrap().clone();
            socket.wait("posted", |event| inner(event, "post")["id"] == last.as_str()).await;
            socket.cut();
            for number in 10..20 {
                expected.push(text(&org.admin.write(&org.town, &format!("{round}.{number}")).await["id"]));
            }
            socket.resume().await;
            let last = expected.last().unwrap().clone();
            socket.wait("posted", |event| inner(event, "post")["id"] == last.as_str()).await;
            assert!(socket.resumed_without_loss(), "no new hello");
            assert_eq!(socket.connection_id(), connection);
        }
        let heard: Vec<_> = socket.named("posted").iter().map(|event| text(&inner(event, "post")["id"])).collect();
        assert_eq!(heard, expected);
        socket.assert_gap_free();
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_resumed_starts_anew_with_hello() {
    let mut org = Organisation::start("acme", Database::Sqlite).await;
    let url = org.server.url();
    let unknown = format!("?connection_id={}&sequence_number=7", rialto_testkit::ids::fresh());
    let mut socket = Socket::open(&url, &org.admin.token, &unknown).await;
    socket.authenticate().await;
    let hello = socket.wait("hello", |_| true).await;
    assert_eq!(hello["seq"], 0);
    // Another person's connection is not given away.
    let eve = org.member("eve").await;
    let mine = org.admin.socket().await;
    let stolen = format!("?connection_id={}&sequence_number=1", mine.connection_id());
    mine.cut();
    let mut socket = Socket::open(&url, &eve.token, &stolen).await;
    socket.authenticate().await;
    let hello = socket.wait("hello", |_| true).await;
    assert_ne!(text(&hello["data"]["connection_id"]), mine.connection_id());
    // After a restart the connection is unknown, so the client is told to start over.
    let mut kept = org.admin.socket().await;
    org.server.kill().await;
    kept.wait_closed().await;
    org.server.start().await;
    kept.resume().await;
    kept.wait("hello", |event| event["data"]["connection_id"] != kept.connection_id().as_str()).await;
    for query in ["?connection_id=short&sequence_number=0", &format!("?connection_id={}", rialto_testkit::ids::fresh())]
    {
        Socket::open(&url, &org.admin.token, query).await.wait_closed().await;
    }
}

#[tokio::test]
async fn sockets_are_for_those_who_are_signed_in() {
    let org = Organisation::start("acme", Database::Sqlite).await;
    let mut socket = Socket::open(&org.server.url(), "", "").await;
    let answer = socket.request("get_statuses", json!({})).await;
    assert_eq!(answer["status"], "FAIL", "{answer}");
    let mut signed_in = org.admin.socket().await;
    let pong = signed_in.request("ping", json!({})).await;
    assert_eq!((pong["status"].as_str(), pong["data"]["text"].as_str()), (Some("OK"), Some("pong")), "{pong}");
    let unknown = signed_in.request("no_such_action", json!({})).await;
    assert_eq!(unknown["error"]["id"], "api.web_socket_router.bad_action.app_error", "{unknown}");
    // Signing out ends what the session opened.
    let anna = org.member("anna").await;
    let hers = anna.socket().await;
    anna.post("/users/logout", json!({})).await.ok();
    hers.wait_closed().await;
    anna.get("/users/me").await.refused(401, "api.context.session_expired.app_error");
}

/// E-170.
#[tokio::test]
async fn commands_answer_and_tell_once() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let eve = org.member("eve").await;
        let (mine, hers) = (org.admin.socket().await, eve.socket().await);
        let answer = org.command("/secure-connection status").await;
        let event = mine.wait("ephemeral_message", |_| true).await;
        assert_eq!(inner(&event, "post")["message"], answer.as_str());
        assert_eq!(inner(&event, "post")["type"], "system_ephemeral");
        org.admin.write(&org.town, "the end").await;
        hers.wait("posted", |event| inner(event, "post")["message"] == "the end").await;
        assert!(hers.named("ephemeral_message").is_empty());
        assert_eq!(mine.named("ephemeral_message").len(), 1);
        assert!(org.admin.messages(&org.town).await.len() == 1, "the typed line is never posted");
    })
    .await;
}

#[tokio::test]
async fn pages_are_full_and_end() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let ops = org.channel("ops", "O").await;
        let mut expected = Vec::new();
        for number in 0..25 {
            let post = org.admin.write(&ops, &format!("number {number}")).await;
            expected.push((post["create_at"].as_i64().unwrap(), text(&post["id"])));
        }
        // Two of one millisecond stand in the order of their ids.
        expected.sort();
        let mut expected: Vec<String> = expected.into_iter().map(|(_, id)| id).collect();
        for number in [3, 9, 12] {
            org.admin.remove(&expected[number]).await;
        }
        let gone = [12, 9, 3].map(|number| expected.remove(number));
        expected.reverse();
        let mut paged = Vec::new();
        for page in 0..4 {
            let list = org.admin.get(&format!("/channels/{ops}/posts?page={page}&per_page=10")).await.ok();
            let order: Vec<_> = list["order"].as_array().unwrap().iter().map(text).collect();
            let posts = |id: &String| !text(&list["posts"][id]["type"]).starts_with("system_");
            paged.extend(order.iter().filter(|id| posts(id)).cloned());
            assert!(list["posts"].is_object());
            if page < 2 {
                assert_eq!(order.len(), 10, "pages are filtered first and cut then (ruling 69)");
            }
        }
        assert_eq!(paged, expected);
        assert!(gone.iter().all(|id| !paged.contains(id)));
        let newest = &expected[0];
        let before = org.admin.get(&format!("/channels/{ops}/posts?before={newest}&page=0&per_page=5")).await.ok();
        let before: Vec<_> = before["order"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(before, expected[1..6]);
    })
    .await;
}
