//! Programs of integrations as real HTTP servers: what they are told, and what becomes of their answers (API 7.2 to 7.4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use rialto_testkit::client::{http_client, text};
use rialto_testkit::socket::inner;
use rialto_testkit::{Client, Organisation, SHORT, Socket, TestServer, both, wait_for};
use serde_json::{Value, json};

/// A call as the program got it.
#[derive(Debug, Clone)]
struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    /// Members of a form or query; of JSON as text.
    members: HashMap<String, Value>,
}

/// A program: answers each path with what it was told to, and remembers who called.
#[derive(Clone, Default)]
struct Workshop {
    port: u16,
    answers: Arc<Mutex<HashMap<String, (u16, Value)>>>,
    calls: Arc<Mutex<Vec<Call>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workshop {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shop = Self { port, ..Self::default() };
        let router = Router::new().route("/{path}", axum::routing::any(answer)).with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        shop
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    fn says(&self, path: &str, answer: Value) {
        lock(&self.answers).insert(path.to_owned(), (200, answer));
    }

    fn fails(&self, path: &str, status: u16) {
        lock(&self.answers).insert(path.to_owned(), (status, Value::Null));
    }

    fn calls(&self, path: &str) -> Vec<Call> {
        lock(&self.calls).iter().filter(|call| call.path == path).cloned().collect()
    }

    /// Waits for the newest call of `path` when there are `number`.
    async fn called(&self, path: &str, number: usize) -> Call {
        wait_for("a call of the program", SHORT, async || {
            let calls = self.calls(path);
            if calls.len() >= number { calls.last().cloned() } else { None }
        })
        .await
    }
}

async fn answer(
    State(shop): State<Workshop>,
    Path(path): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let is_json = headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let members = if is_json {
        serde_json::from_slice(&body).unwrap()
    } else {
        let form = if body.is_empty() { uri.query().unwrap_or_default().as_bytes().to_vec() } else { body.to_vec() };
        let mut members: HashMap<String, Value> = HashMap::new();
        for (key, value) in url::form_urlencoded::parse(&form) {
            members.entry(key.into_owned()).or_insert_with(|| value.into_owned().into());
        }
        members
    };
    let call = Call { method, path: path.clone(), headers, members };
    lock(&shop.calls).push(call);
    let (status, body) = lock(&shop.answers).get(&path).cloned().unwrap_or((404, Value::Null));
    let status = StatusCode::from_u16(status).unwrap();
    match body {
        Value::String(text) => (status, [("content-type", "text/plain")], text),
        body => (status, [("content-type", "application/json")], body.to_string()),
    }
}

async fn yard(database: rialto_testkit::Database) -> (Organisation, Workshop) {
    let server = TestServer::new("yard", database).await;
    let allowed = server.with("MM_SERVICESETTINGS_ALLOWEDUNTRUSTEDINTERNALCONNECTIONS", "127.0.0.1");
    (
        Organisation::found(allowed.with("MM_SERVICESETTINGS_ENABLEPOSTUSERNAMEOVERRIDE", "true")).await,
        Workshop::open().await,
    )
}

async fn hook(yard: &Organisation, body: Value) -> Value {
    let made = yard.admin.post("/hooks/outgoing", body).await;
    assert_eq!(made.status, 201, "{made}");
    made.body
}

async fn answered(reader: &Client, channel: &str, message: &str) -> Value {
    wait_for(message, SHORT, async || reader.find(channel, message).await).await
}

#[tokio::test]
async fn programs_hear_messages_and_answer() {
    both(async |database| {
        let (mut yard, shop) = yard(database).await;
        let bob = yard.member("bob").await;
        shop.says(
            "build",
            json!({"text": "<https://ci.example|building>", "username": "Crane", "response_type": "comment"}),
        );
        shop.says("all", json!({}));
        let team = yard.team.clone();
        let words = json!({"team_id": team, "trigger_words": ["build"], "callback_urls": [shop.url("build")],
            "display_name": "Builder", "username": "gull"});
        let build = hook(&yard, words.clone()).await;
        let all = json!({"team_id": team, "channel_id": yard.town, "callback_urls": [shop.url("all")],
            "content_type": "application/json"});
        hook(&yard, all).await;
        bob.post("/hooks/outgoing", words.clone()).await.refused(403, "api.context.permissions.app_error");
        yard.admin.post("/hooks/outgoing", words).await.refused(400, "api.webhook.create_outgoing.intersect.app_error");

        let asked = bob.write(&yard.town, "build the ferry").await;
        let reply = answered(&bob, &yard.town, "[building](https://ci.example)").await;
        assert_eq!((&reply["root_id"], &reply["user_id"]), (&asked["id"], &json!(yard.admin.id)));
        assert_eq!(
            (&reply["props"]["from_webhook"], &reply["props"]["override_username"]),
            (&json!("true"), &json!("Crane"))
        );
        let told = shop.called("build", 1).await;
        for (key, value) in [
            ("token", &build["token"]),
            ("team_domain", &json!("yard")),
            ("channel_name", &json!("town-square")),
            ("user_name", &json!("bob")),
            ("text", &json!("build the ferry")),
            ("trigger_word", &json!("build")),
            ("post_id", &asked["id"]),
        ] {
            assert_eq!(&told.members[key], value, "{key}");
        }
        let seconds = asked["create_at"].as_i64().unwrap() / 1_000;
        assert_eq!(told.members["timestamp"], json!(seconds.to_string()), "seconds in forms");
        let heard = shop.called("all", 1).await;
        assert_eq!((&heard.members["timestamp"], &heard.members["trigger_word"]), (&asked["create_at"], &json!("")));

        // Of private channels, of what programs say and of what does not begin with the word nothing is told.
        let secret =
            yard.admin.post("/channels", json!({"team_id": team, "name": "secret", "display_name": "s", "type": "P"}));
        let secret = text(&secret.await.ok()["id"]);
        yard.admin.write(&secret, "build in secret").await;
        bob.write(&yard.town, "do not build").await;
        bob.write(&yard.town, "build again").await;
        shop.called("build", 2).await;
        assert_eq!(shop.calls("build").len(), 2);
        let before = shop.calls("all").len();
        assert!(before <= 3, "answers are not heard: {before}");

        // What was heard stays heard over a restart, and what is written afterwards is told.
        wait_for("the position", SHORT, async || (shop.calls("all").len() == 3).then_some(())).await;
        yard.server.stop().await;
        yard.server.start().await;
        let mut bob = bob;
        bob.renew().await;
        bob.write(&yard.town, "build once more").await;
        shop.called("build", 3).await;
        assert_eq!((shop.calls("build").len(), shop.calls("all").len() >= 4), (3, true));
    })
    .await;
}

#[tokio::test]
async fn programs_answer_commands() {
    both(async |database| {
        let (yard, shop) = yard(database).await;
        let bob = yard.member("bob").await;
        let screen = Socket::connect(&yard.server.url(), &bob.token).await;
        let new = json!({"team_id": yard.team, "trigger": "tide", "method": "P", "url": shop.url("tide"),
            "auto_complete": true, "auto_complete_hint": "[place]", "auto_complete_desc": "Tells the tide"});
        bob.post("/commands", new.clone()).await.refused(403, "api.context.permissions.app_error");
        let made = yard.admin.post("/commands", new.clone()).await;
        assert_eq!(made.status, 201, "{made}");
        yard.admin.post("/commands", new.clone()).await.refused(400, "api.command.duplicate_trigger.app_error");
        let own = json!({"team_id": yard.team, "trigger": "away", "method": "P", "url": shop.url("x")});
        yard.admin.post("/commands", own).await.refused(400, "api.command.duplicate_trigger.app_error");
        let path = format!("/commands/{}", text(&made.body["id"]));
        let renewed = yard.admin.put(&format!("{path}/regen_token"), Value::Null).await.ok();
        assert_ne!(renewed["token"], made.body["token"]);

        shop.says(
            "tide",
            json!({"text": "high water <!here>", "response_type": "in_channel", "goto_location": "/yard"}),
        );
        let give = |line: &str| json!({"channel_id": yard.town, "command": line});
        let done = bob.post("/commands/execute", give("/tide Venice for @admin in ~town-square")).await.ok();
        assert_eq!((&done["goto_location"], &done["response_type"]), (&json!("/yard"), &json!("in_channel")));
        let post = answered(&bob, &yard.town, "high water @here").await;
        assert_eq!((&post["user_id"], &post["props"]["from_webhook"]), (&json!(bob.id), &json!("true")));
        let told = shop.called("tide", 1).await;
        assert_eq!(told.headers["authorization"], format!("Token {}", text(&renewed["token"])));
        for (key, value) in [
            ("command", json!("/tide")),
            ("text", json!("Venice for @admin in ~town-square")),
            ("user_name", json!("bob")),
            ("user_mentions", json!("admin")),
            ("user_mentions_ids", json!(yard.admin.id)),
            ("channel_mentions_ids", json!(yard.town)),
            ("trigger_id", done["trigger_id"].clone()),
        ] {
            assert_eq!(told.members[key], value, "{key}");
        }

        // Later answers, five at most, to the person alone unless they say otherwise.
        let later = text(&told.members["response_url"]);
        let http = http_client();
        let leave = async |body: Value| http.post(&later).json(&body).send().await.unwrap();
        let said = leave(json!({"text": "ebb at noon"})).await;
        assert_eq!((said.status().as_u16(), said.text().await.unwrap().as_str()), (200, "ok"));
        wait_for("a note", SHORT, async || {
            screen
                .named("ephemeral_message")
                .iter()
                .find(|event| inner(event, "post")["message"] == "ebb at noon")
                .map(|_| ())
        })
        .await;
        for _ in 0..4 {
            assert_eq!(leave(json!({"text": "slack", "response_type": "in_channel"})).await.status().as_u16(), 200);
        }
        assert_eq!(leave(json!({"text": "too much"})).await.status().as_u16(), 404);

        // By GET, as plain text.
        let get = json!({"team_id": yard.team, "trigger": "Tide", "method": "G", "url": shop.url("plain")});
        yard.admin.put(&path, get).await.ok();
        shop.says("plain", json!("just words"));
        bob.post("/commands/execute", give("/tide  Lido ")).await.ok();
        let told = shop.called("plain", 1).await;
        assert_eq!((told.method, &told.members["text"]), (Method::GET, &json!("Lido")));
        wait_for("plain words", SHORT, async || {
            screen
                .named("ephemeral_message")
                .iter()
                .find(|event| inner(event, "post")["message"] == "just words")
                .map(|_| ())
        })
        .await;
        shop.fails("plain", 500);
        bob.post("/commands/execute", give("/tide x"))
            .await
            .refused(400, "api.command.execute_command.failed.app_error");

        // Where it may not be called, nothing is called.
        let inside = json!({"team_id": yard.team, "trigger": "tide", "method": "P", "url": "http://127.0.0.2:1/"});
        yard.admin.put(&path, inside).await.ok();
        bob.post("/commands/execute", give("/tide")).await.refused(400, "api.command.execute_command.failed.app_error");
        yard.admin.delete(&path).await.ok();
        bob.post("/commands/execute", give("/tide"))
            .await
            .refused(404, "api.command.execute_command.not_found.app_error");
    })
    .await;
}

#[tokio::test]
async fn commands_of_programs_are_offered_without_their_secrets() {
    let (yard, shop) = yard(rialto_testkit::Database::Sqlite).await;
    let bob = yard.member("bob").await;
    for (word, offered) in [("tide", true), ("hidden", false)] {
        let new = json!({"team_id": yard.team, "trigger": word, "method": "P", "url": shop.url("tide"),
            "auto_complete": offered, "auto_complete_hint": "[place]"});
        assert_eq!(yard.admin.post("/commands", new).await.status, 201);
    }
    let words =
        |list: &Value| -> Vec<String> { list.as_array().unwrap().iter().map(|one| text(&one["trigger"])).collect() };
    let own = bob.get(&format!("/commands?team_id={}&custom_only=true", yard.team)).await.ok();
    assert_eq!(words(&own), ["tide"]);
    assert_eq!((&own[0]["token"], &own[0]["url"]), (&json!(""), &json!("")));
    let all = yard.admin.get(&format!("/commands?team_id={}&custom_only=true", yard.team)).await.ok();
    assert_eq!(words(&all), ["hidden", "tide"]);
    assert!(!text(&all[0]["token"]).is_empty());
    let offered = bob.get(&format!("/teams/{}/commands/autocomplete", yard.team)).await.ok();
    assert!(words(&offered).contains(&"tide".to_owned()) && !words(&offered).contains(&"hidden".to_owned()));
    let typed = format!("/teams/{}/commands/autocomplete_suggestions?user_input=/ti", yard.team);
    let suggested = bob.get(&typed).await.ok();
    assert_eq!((&suggested[0]["Complete"], &suggested[0]["Hint"]), (&json!("tide"), &json!("[place]")));
}

#[tokio::test]
async fn buttons_and_dialogs_reach_their_program() {
    both(async |database| {
        let (yard, shop) = yard(database).await;
        let bob = yard.member("bob").await;
        let screen = Socket::connect(&yard.server.url(), &bob.token).await;
        let does = |path: &str| json!({"url": shop.url(path), "context": {"ship": "Bucintoro"}});
        let attachments = json!([{"text": "Launch?", "actions": [
            {"id": "go", "name": "Go", "type": "button", "integration": does("go")},
            {"id": "berth", "name": "Berth", "type": "select", "integration": does("berth"),
                "options": [{"text": "North", "value": "n"}]},
            {"name": "unnamed", "integration": does("go")},
        ]}]);
        let post = json!({"channel_id": yard.town, "message": "ready", "props": {"attachments": attachments}});
        let post = yard.admin.post("/posts", post).await.ok();
        let id = text(&post["id"]);
        let seen = bob.get(&format!("/posts/{id}")).await.ok();
        let actions = &seen["props"]["attachments"][0]["actions"];
        assert!(!seen.to_string().contains("Bucintoro") && !seen.to_string().contains("127.0.0.1"), "{seen}");
        assert_eq!((&actions[0]["id"], text(&actions[2]["id"]).len()), (&json!("go"), 26));

        shop.says(
            "go",
            json!({"update": {"message": "launched", "props": {"from_webhook": "x",
            "attachments": seen["props"]["attachments"]}}, "ephemeral_text": "well done"}),
        );
        let press = |action: &str| format!("/posts/{id}/actions/{action}");
        let pressed = bob.post(&press("go"), json!({})).await.ok();
        let told = shop.called("go", 1).await;
        assert_eq!(told.members["context"], json!({"ship": "Bucintoro"}));
        for (key, value) in [
            ("user_name", json!("bob")),
            ("post_id", json!(id)),
            ("type", json!("button")),
            ("channel_name", json!("town-square")),
            ("team_domain", json!("yard")),
            ("trigger_id", pressed["trigger_id"].clone()),
        ] {
            assert_eq!(told.members[key], value, "{key}");
        }
        let changed = bob.get(&format!("/posts/{id}")).await.ok();
        assert_eq!((&changed["message"], changed["props"].get("from_webhook")), (&json!("launched"), None));
        wait_for("a note", SHORT, async || {
            screen
                .named("ephemeral_message")
                .iter()
                .find(|event| inner(event, "post")["message"] == "well done")
                .map(|_| ())
        })
        .await;
        bob.post(&press("nothing"), json!({})).await.refused(404, "api.post.do_action.action_id.app_error");

        // The program's dialog appears to whoever pressed, and is handed in.
        let http = http_client();
        let open = async |trigger: &Value| {
            let dialog = json!({"callback_id": "cb", "title": "Berth", "state": "s",
                "elements": [{"display_name": "Pier", "name": "pier", "type": "text"}]});
            let body = json!({"trigger_id": trigger, "url": shop.url("dialog"), "dialog": dialog});
            http.post(format!("{}/api/v4/actions/dialogs/open", yard.server.url())).json(&body).send().await.unwrap()
        };
        assert_eq!(open(&pressed["trigger_id"]).await.status().as_u16(), 200);
        let shown = wait_for("the dialog", SHORT, async || screen.named("open_dialog").first().cloned()).await;
        assert_eq!(inner(&shown, "dialog")["dialog"]["title"], "Berth");
        assert_eq!(open(&json!("bm9uc2Vuc2U")).await.status().as_u16(), 400);
        shop.says("dialog", json!({"errors": {"pier": "taken"}, "secret": 1}));
        let entered = json!({"url": shop.url("dialog"), "callback_id": "cb", "state": "s", "user_id": bob.id,
            "channel_id": yard.town, "team_id": yard.team, "submission": {"pier": "7"}, "cancelled": false});
        let answer = bob.post("/actions/dialogs/submit", entered).await.ok();
        assert_eq!(answer, json!({"errors": {"pier": "taken"}}));
        let told = shop.called("dialog", 1).await;
        assert_eq!(
            (&told.members["submission"]["pier"], &told.members["type"]),
            (&json!("7"), &json!("dialog_submission"))
        );
        assert_eq!(told.members["user_id"], json!(bob.id));

        // The update came from what bob saw, without what the buttons did: they were the program's to send again.
        bob.post(&press("berth"), json!({"selected_option": "n"}))
            .await
            .refused(404, "api.post.do_action.action_id.app_error");
    })
    .await;
}

#[tokio::test]
async fn what_clients_send_back_keeps_what_buttons_do() {
    let (yard, shop) = yard(rialto_testkit::Database::Sqlite).await;
    let does = json!({"url": shop.url("berth"), "context": {"a": 1}});
    let attachments = json!([{"actions": [{"id": "berth", "name": "Berth", "type": "select", "integration": does,
        "options": [{"text": "North", "value": "n"}]}]}]);
    let post = json!({"channel_id": yard.town, "message": "where?", "props": {"attachments": attachments}});
    let mut post = yard.admin.post("/posts", post).await.ok();
    let id = text(&post["id"]);
    post["message"] = json!("where to?");
    let edited = yard.admin.put(&format!("/posts/{id}"), post).await.ok();
    assert_eq!(edited["message"], "where to?");
    shop.says("berth", json!({}));
    let press = |option: &str| json!({"selected_option": option});
    let path = format!("/posts/{id}/actions/berth");
    yard.admin.post(&path, press("s")).await.refused(400, "api.context.invalid_body_param.app_error");
    yard.admin.post(&path, press("n")).await.ok();
    let told = shop.called("berth", 1).await;
    assert_eq!(told.members["context"], json!({"a": 1, "selected_option": "n"}));
}

#[tokio::test]
async fn buttons_of_notes_carry_what_they_do_sealed() {
    let (yard, shop) = yard(rialto_testkit::Database::Sqlite).await;
    let (bob, carol) = (yard.member("bob").await, yard.member("carol").await);
    let screen = Socket::connect(&yard.server.url(), &bob.token).await;
    let new = json!({"team_id": yard.team, "trigger": "vote", "method": "P", "url": shop.url("vote")});
    assert_eq!(yard.admin.post("/commands", new).await.status, 201);
    let action = json!({"name": "Yes", "integration": {"url": shop.url("yes"), "context": {"secret": "word"}}});
    shop.says("vote", json!({"text": "vote", "attachments": [{"actions": [action]}]}));
    bob.post("/commands/execute", json!({"channel_id": yard.town, "command": "/vote"})).await.ok();
    let note = wait_for("the note", SHORT, async || {
        screen
            .named("ephemeral_message")
            .iter()
            .map(|event| inner(event, "post"))
            .find(|post| post["message"] == "vote")
    })
    .await;
    assert!(!note.to_string().contains("word"), "{note}");
    let button = &note["props"]["attachments"][0]["actions"][0];
    let path = format!("/posts/{}/actions/{}", text(&note["id"]), text(&button["id"]));
    shop.says("yes", json!({"update": {"message": "thank you", "props": {}}}));
    let press = json!({"cookie": button["cookie"]});
    carol.post(&path, press.clone()).await.refused(404, "api.post.do_action.action_id.app_error");
    bob.post(&path, json!({"cookie": "forged"})).await.refused(404, "api.post.do_action.action_id.app_error");
    bob.post(&path, press).await.ok();
    assert_eq!(shop.called("yes", 1).await.members["context"], json!({"secret": "word"}));
    let changed = wait_for("the change", SHORT, async || screen.named("post_edited").first().cloned()).await;
    let changed = inner(&changed, "post");
    assert_eq!((&changed["id"], &changed["message"]), (&note["id"], &json!("thank you")));
}
