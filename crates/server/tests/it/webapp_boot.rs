//! The official web app's way from its first request to a usable channel, as it was recorded: every call in its order, from a
//! server that shares a channel, and each answer compared with the one that served the recording. Source: client-api 4.1.

use rialto_testkit::client::{Answer, text};
use rialto_testkit::{Client, Method, Organisation, Socket, both, connect, share};
use serde_json::{Map, Value, json};

const RECORDED: &str = include_str!("../data/webapp-boot.json");

/// Calls without whose well-formed answer the app shows nothing.
const HARD: usize = 8;

/// What the ids of the recording stand for here.
struct Ids(Vec<(&'static str, String)>);

impl Ids {
    fn put_into(&self, recorded: &str) -> String {
        self.0.iter().fold(recorded.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// Where what we answer has not the form of what was recorded.
fn differences(recorded: &Value, ours: &Value, at: &str, found: &mut Vec<String>) {
    match (recorded, ours) {
        // The recording had nothing there.
        (Value::Null, _) => {}
        (Value::Array(recorded), Value::Array(ours)) => {
            let Some(recorded) = recorded.first() else { return };
            if ours.is_empty() && !recorded.is_null() {
                found.push(format!("{at} is empty"));
            }
            ours.iter().for_each(|one| differences(recorded, one, &format!("{at}[]"), found));
        }
        (Value::Object(recorded), Value::Object(ours)) if is_map(recorded) => {
            let Some(recorded) = recorded.values().next() else { return };
            ours.values().for_each(|one| differences(recorded, one, &format!("{at}{{}}"), found));
        }
        (Value::Object(recorded), Value::Object(ours)) => {
            for (key, value) in recorded {
                let at = format!("{at}.{key}");
                match ours.get(key) {
                    // Of people these are maps that others see little or nothing of, and an empty one of props is left
                    // out (client-api 2.1).
                    map if is_of_person(ours, key) => assert!(map.is_none_or(Value::is_object), "{at}"),
                    Some(ours) => differences(value, ours, &at, found),
                    None => found.push(format!("{at} is missing")),
                }
            }
        }
        (recorded, ours) => {
            if std::mem::discriminant(recorded) != std::mem::discriminant(ours) {
                found.push(format!("{at} is {ours}, recorded {recorded}"));
            }
        }
    }
}

fn is_of_person(ours: &Map<String, Value>, key: &str) -> bool {
    ours.contains_key("username") && matches!(key, "props" | "notify_props")
}

/// Objects by ids.
fn is_map(object: &Map<String, Value>) -> bool {
    !object.is_empty() && object.keys().all(|key| key.len() == 26)
}

async fn call(person: &Client, recorded: &Value, ids: &Ids) -> Answer {
    let path = ids.put_into(recorded["path"].as_str().unwrap());
    let query: Vec<String> = recorded["query"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| *value != "optional")
        .map(|(key, value)| format!("{key}={}", ids.put_into(value.as_str().unwrap())))
        .collect();
    let path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let method: Method = recorded["method"].as_str().unwrap().parse().unwrap();
    let body = recorded.get("request_body").map(|body| ids.put_into(&body.to_string()));
    let mut request = person.request(method, &path).header("X-Requested-With", "XMLHttpRequest");
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body);
    }
    Answer::read(path, request.send().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_official_web_app_comes_to_its_channel() {
    both(async |database| {
        let (home, guest) =
            (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        // Others may find it.
        home.admin.put(&format!("/teams/{}/patch", home.team), json!({"allow_open_invite": true})).await.ok();
        let connection = connect(&home, &guest).await;
        let channel = home.channel("ops", "O").await;
        let alice = home.member_of(&channel, "alice").await;
        share(&home, &channel, &connection, &guest).await;
        let bob = guest.member_of(&channel, "bob").await;
        bob.write(&channel, "from over there").await;
        let post = alice.see(&channel, "from over there").await;
        alice.write(&home.town, "hello world").await;
        let stranger = home.member("carol").await;
        let direct = alice.post("/channels/direct", json!([alice.id, stranger.id])).await.ok();
        let ids = Ids(vec![
            ("{user_id}", alice.id.clone()),
            ("{team_id}", home.team.clone()),
            ("{channel_id}", home.town.clone()),
            ("{remote_id}", connection.clone()),
            ("uuuuuuuuuuuuuuuuuuuuuuuuu1", alice.id.clone()),
            ("uuuuuuuuuuuuuuuuuuuuuuuuu2", text(&post["user_id"])),
            ("ccccccccccccccccccccccccc1", home.town.clone()),
            ("ccccccccccccccccccccccccc2", channel.clone()),
            ("dddddddddddddddddddddddddd", text(&direct["id"])),
            ("last_picture_update", "0".to_owned()),
        ]);
        let calls: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
        let mut socket = None;
        let mut hard = 0;
        let mut wrong = Vec::new();
        for recorded in &calls {
            let path = recorded["path"].as_str().unwrap();
            if path == "/users/login" {
                // With a password of its own; the session of the others is one of these.
                continue;
            }
            if path == "/teams" {
                // Before the team's calls the app connects, and its socket must begin with `hello`.
                socket = Some(Socket::connect(&home.server.url(), &alice.token).await);
            }
            // Who shares a channel with whom is asked about the shared one.
            let shared = path.starts_with("/sharedchannels/{channel_id}");
            let ids =
                if shared { &Ids([vec![("{channel_id}", channel.clone())], ids.0.clone()].concat()) } else { &ids };
            let answer = call(&alice, recorded, ids).await;
            let status = recorded["ok_status"].as_u64().unwrap();
            assert_eq!(u64::from(answer.status), status, "{answer}");
            let version = answer.header("x-version-id");
            assert!(version.starts_with("11.6.0."), "{path}: {version}");
            assert_eq!(answer.header("x-request-id").len(), 26, "{path}");
            if path.ends_with("/image") {
                assert!(answer.header("content-type").starts_with("image/"), "{path}");
                continue;
            }
            let Some(expected) = recorded.get("response") else { continue };
            let lines = answer.header("content-type") == "application/x-ndjson";
            assert!(lines || answer.header("content-type") == "application/json", "{path}");
            let ours = match lines {
                true => answer.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect(),
                false => answer.body.clone(),
            };
            let mut found = Vec::new();
            differences(expected, &ours, "", &mut found);
            if !found.is_empty() {
                wrong.push(format!("{found:?}\n{answer}"));
            }
            hard += usize::from(recorded["need"] == "hard");
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        assert_eq!(hard, HARD, "all hard ones were played");
        socket.unwrap().assert_gap_free();
    })
    .await;
}

/// What compares must find what is wrong.
#[test]
fn differences_are_found() {
    let found = |recorded: Value, ours: Value| {
        let mut found = Vec::new();
        differences(&recorded, &ours, "", &mut found);
        found
    };
    assert_eq!(found(json!({"a": 1, "b": null}), json!({"a": 2, "b": {}, "c": 1})), [""; 0]);
    assert_eq!(found(json!({"a": 1}), json!({})), [".a is missing"]);
    assert_eq!(found(json!({"a": 1}), json!({"a": "1"})), [".a is \"1\", recorded 1"]);
    assert_eq!(found(json!([{"a": 1}]), json!([{"a": 1}, {"a": null}])), ["[].a is null, recorded 1"]);
    assert_eq!(found(json!([1]), json!([])), [" is empty"]);
    let by_id = json!({"aaaaaaaaaaaaaaaaaaaaaaaaaa": {"x": 1}});
    assert_eq!(found(by_id, json!({"bbbbbbbbbbbbbbbbbbbbbbbbbb": {}})), ["{}.x is missing"]);
}
