//! Bots and personal access tokens (client-api 1.2, 7.5).

use axum::body::Body;
use rialto_app::{Settings, channel_members};
use rialto_model::{Channel, ChannelKind, UserId};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{Person, World};

const ADMIN: &str = "system_admin system_user";

fn allow(world: &World, bots: bool, access_tokens: bool) {
    let settings = Settings::clone(&world.app.settings.get());
    world.app.settings.set(Settings { bots, access_tokens, ..settings });
}

/// The person as they act with another token.
fn with(person: &Person, token: &Value) -> Person {
    Person { token: token.as_str().unwrap().to_owned(), ..person.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_acts_for_its_person_until_it_is_revoked() {
    let world = World::start().await;
    let admin = world.person("admin", ADMIN).await;
    let maker = world.person("maker", "system_user system_user_access_token").await;
    let path = "/users/me/tokens";
    let body = || json!({"description": "ferry timetable"});
    assert_eq!(world.call(&maker, "POST", path, body()).await.error(501), "app.user_access_token.disabled");
    allow(&world, false, true);
    let plain = world.person("plain", "system_user").await;
    world.call(&plain, "POST", path, body()).await.error(403);
    world.call(&maker, "POST", path, json!({"description": " "})).await.error(400);
    let of_admin = format!("/users/{}/tokens", admin.id);
    world.call(&maker, "POST", &of_admin, body()).await.error(403);
    let made = world.call(&maker, "POST", path, body()).await.json(200);
    assert_eq!((&made["user_id"], &made["is_active"]), (&json!(maker.id), &json!(true)));

    let program = with(&maker, &made["token"]);
    assert_eq!(world.get(&program, "/users/me").await["id"], json!(maker.id));
    let mut socket = world.connect(&program).await;
    assert_eq!(socket.event().await["event"], "hello");
    // The text is never told again, to nobody.
    let listed = world.get(&maker, path).await;
    assert_eq!((&listed[0]["id"], listed[0].get("token")), (&made["id"], None));
    let one = format!("/users/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&admin, &one).await["description"], "ferry timetable");
    world.call(&plain, "GET", &one, Value::Null).await.error(403);
    assert_eq!(world.get(&admin, "/users/tokens").await, listed);
    world.call(&maker, "GET", "/users/tokens", Value::Null).await.error(403);
    let find = |term: &str| json!({"term": term});
    assert_eq!(world.call(&admin, "POST", "/users/tokens/search", find("Mak")).await.json(200), listed);
    assert_eq!(world.call(&admin, "POST", "/users/tokens/search", find("nobody")).await.json(200), json!([]));

    let token = json!({"token_id": made["id"]});
    world.call(&plain, "POST", "/users/tokens/disable", token.clone()).await.error(403);
    world.call(&maker, "POST", "/users/tokens/disable", token.clone()).await.json(200);
    socket.closed().await;
    world.call(&program, "GET", "/users/me", Value::Null).await.error(401);
    world.call(&maker, "POST", "/users/tokens/enable", token.clone()).await.json(200);
    world.get(&program, "/users/me").await;
    // Switched off for all, it works for nobody, and again once it is on.
    allow(&world, false, false);
    world.call(&program, "GET", "/users/me", Value::Null).await.error(401);
    allow(&world, false, true);
    world.get(&program, "/users/me").await;
    world.call(&admin, "POST", "/users/tokens/revoke", token.clone()).await.json(200);
    world.call(&program, "GET", "/users/me", Value::Null).await.error(401);
    world.call(&admin, "POST", "/users/tokens/revoke", token).await.error(404);
    world.call(&admin, "POST", "/users/tokens/revoke", json!({"token_id": "x"})).await.error(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_writes_with_its_token_and_is_marked() {
    let world = World::start().await;
    let admin = world.person("admin", ADMIN).await;
    let body = json!({"username": "Gull", "display_name": "The Gull", "description": "sees ships"});
    assert_eq!(world.call(&admin, "POST", "/bots", body.clone()).await.error(403), "api.bot.create_disabled");
    allow(&world, true, false);
    let plain = world.person("plain", "system_user").await;
    world.call(&plain, "POST", "/bots", body.clone()).await.error(403);
    let bot = world.call(&admin, "POST", "/bots", body.clone()).await.json(201);
    assert_eq!(
        (&bot["username"], &bot["display_name"], &bot["description"], &bot["owner_id"]),
        (&json!("gull"), &json!("The Gull"), &json!("sees ships"), &json!(admin.id))
    );
    world.call(&admin, "POST", "/bots", body).await.error(400);
    let id: UserId = bot["user_id"].as_str().unwrap().parse().unwrap();
    let user = world.get(&admin, &format!("/users/{id}")).await;
    assert_eq!((&user["is_bot"], &user["bot_description"]), (&json!(true), &json!("sees ships")));

    let made = world.call(&admin, "POST", &format!("/users/{id}/tokens"), json!({"description": "eyes"})).await;
    let made = made.json(200);
    let channel = world.channel(&admin, "ops", ChannelKind::Private).await;
    world.join_team(&id).await;
    channel_members::add(&world.app, &admin.actor, &channel.id, &[id]).await.unwrap();
    let gull = with(&admin, &made["token"]);
    let post = json!({"channel_id": channel.id, "message": "a sail", "props": {"from_bot": "false"}});
    let post_of = async |who: &Person| world.call(who, "POST", "/posts", post.clone()).await.json(201);
    assert_eq!(post_of(&gull).await["props"]["from_bot"], "true");
    assert!(post_of(&admin).await["props"].get("from_bot").is_none(), "no person passes for a program");

    let path = format!("/bots/{id}");
    world.call(&plain, "GET", &path, Value::Null).await.error(404);
    world.call(&plain, "POST", &format!("{path}/disable"), Value::Null).await.error(404);
    world.call(&plain, "GET", "/bots", Value::Null).await.error(403);
    let renamed = world.call(&admin, "PUT", &path, json!({"username": "albatross"})).await.json(200);
    assert_eq!((&renamed["username"], &renamed["description"]), (&json!("albatross"), &json!("sees ships")));
    let off = world.call(&admin, "POST", &format!("{path}/disable"), Value::Null).await.json(200);
    assert!(off["delete_at"].as_i64() > Some(0));
    world.call(&gull, "GET", "/users/me", Value::Null).await.error(401);
    world.call(&admin, "GET", &path, Value::Null).await.error(404);
    assert_eq!(world.get(&admin, "/bots").await, json!([]));
    assert_eq!(world.get(&admin, "/bots?include_deleted=true").await[0]["user_id"], json!(id));
    world.call(&admin, "POST", &format!("{path}/enable"), Value::Null).await.json(200);
    world.get(&gull, "/users/me").await;
    let given = world.call(&admin, "POST", &format!("{path}/assign/{}", plain.id), Value::Null).await.json(200);
    assert_eq!(given["owner_id"], json!(plain.id));
    world.call(&admin, "POST", &format!("{path}/assign/{id}"), Value::Null).await.error(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_become_bots_and_people_again() {
    let world = World::start().await;
    let (admin, bob) = (world.person("admin", ADMIN).await, world.person("bob", "system_user").await);
    let to_bot = format!("/users/{}/convert_to_bot", bob.id);
    world.call(&bob, "POST", &to_bot, Value::Null).await.error(403);
    let bot = world.call(&admin, "POST", &to_bot, Value::Null).await.json(200);
    assert_eq!((&bot["owner_id"], &bot["username"]), (&json!(admin.id), &json!("bob")));
    world.call(&bob, "GET", "/users/me", Value::Null).await.error(401);
    world.call(&admin, "POST", &to_bot, Value::Null).await.error(400);
    let to_user = format!("/bots/{}/convert_to_user", bob.id);
    world.call(&admin, "POST", &to_user, json!({"password": "x"})).await.error(400);
    let user = world.call(&admin, "POST", &to_user, json!({"password": "Passw0rd-of-bob"})).await.json(200);
    assert!(user.get("is_bot").is_none() && user["username"] == "bob", "{user}");
    world.call(&admin, "GET", &format!("/bots/{}", bob.id), Value::Null).await.error(404);
    let login = json!({"login_id": "bob", "password": "Passw0rd-of-bob"});
    assert_eq!(world.call(&admin, "POST", "/users/login", login).await.json(200)["id"], json!(bob.id));
}

/// What a program sends to a webhook, and what it is answered.
async fn leave(world: &World, hook: &Value, kind: &str, body: String) -> (u16, String) {
    // Messages of one millisecond stand in no order.
    world.app.clock.advance(1);
    let path = format!("/hooks/{}", hook["id"].as_str().unwrap());
    let request = axum::http::Request::post(path).header("content-type", kind).body(Body::from(body)).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

const JSON: &str = "application/json";

async fn newest(world: &World, reader: &Person, channel: &Channel) -> Value {
    let list = world.get(reader, &format!("/channels/{}/posts?per_page=1", channel.id)).await;
    list["posts"][list["order"][0].as_str().unwrap()].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_write_through_a_webhook_in_all_its_forms() {
    let world = World::start().await;
    let admin = world.person("admin", ADMIN).await;
    let channel = world.channel(&admin, "builds", ChannelKind::Public).await;
    let new = json!({"channel_id": channel.id, "display_name": "Yard", "username": "gull"});
    let hook = world.call(&admin, "POST", "/hooks/incoming", new).await.json(201);
    assert_eq!((&hook["user_id"], &hook["team_id"]), (&json!(admin.id), &json!(world.team)));
    let done = (200, "ok".to_owned());
    let text = r#"{"text":"keel <https://yard.example|laid>","username":"crane"}"#;
    assert_eq!(leave(&world, &hook, JSON, text.to_owned()).await, done);
    let post = newest(&world, &admin, &channel).await;
    assert_eq!((&post["message"], &post["user_id"]), (&json!("keel [laid](https://yard.example)"), &json!(admin.id)));
    assert_eq!(
        (&post["props"]["from_webhook"], &post["props"]["webhook_display_name"]),
        (&json!("true"), &json!("Yard"))
    );
    assert!(post["props"].get("override_username").is_none(), "not unless the server allows it");

    let settings = Settings::clone(&world.app.settings.get());
    world.app.settings.set(Settings { username_override: true, ..settings });
    let form = "payload=%7B%22text%22%3A%22launched%22%7D".to_owned();
    assert_eq!(leave(&world, &hook, "application/x-www-form-urlencoded", form).await, done);
    let post = newest(&world, &admin, &channel).await;
    assert_eq!((&post["message"], &post["props"]["override_username"]), (&json!("launched"), &json!("gull")));
    let parts = "--x\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{\"text\":\"afloat\"}\r\n--x--\r\n";
    assert_eq!(leave(&world, &hook, "multipart/form-data; boundary=x", parts.to_owned()).await, done);
    assert_eq!(newest(&world, &admin, &channel).await["message"], "afloat");
    let fields = "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nin ballast\r\n--x\r\n\
                  Content-Disposition: form-data; name=\"props\"\r\n\r\n{\"cargo\":\"stone\"}\r\n--x--\r\n";
    assert_eq!(leave(&world, &hook, "multipart/form-data; boundary=x", fields.to_owned()).await, done);
    let post = newest(&world, &admin, &channel).await;
    assert_eq!((&post["message"], &post["props"]["cargo"]), (&json!("in ballast"), &json!("stone")));
    let attached = r#"{"attachments":[{"text":"<!here> sails"}],"props":{"from_webhook":"no","cargo":"tar"}}"#;
    assert_eq!(leave(&world, &hook, JSON, attached.to_owned()).await, done);
    let post = newest(&world, &admin, &channel).await;
    assert_eq!((&post["type"], &post["props"]["cargo"]), (&json!("slack_attachment"), &json!("tar")));
    assert_eq!(
        (&post["props"]["attachments"][0]["text"], &post["props"]["from_webhook"]),
        (&json!("@here sails"), &json!("true"))
    );
    let long = json!({"text": "long line\n".repeat(2_000)}).to_string();
    let before = world.get(&admin, &format!("/channels/{}", channel.id)).await["total_msg_count"].as_i64().unwrap();
    assert_eq!(leave(&world, &hook, JSON, long).await, done);
    let after = world.get(&admin, &format!("/channels/{}", channel.id)).await["total_msg_count"].as_i64().unwrap();
    assert_eq!(after - before, 2, "a long text is two posts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_writes_where_its_maker_may_and_nowhere_else() {
    let world = World::start().await;
    let admin = world.person("admin", ADMIN).await;
    let bob = world.person("bob", "system_user").await;
    let channel = world.channel(&admin, "builds", ChannelKind::Public).await;
    let other = world.channel(&admin, "yard", ChannelKind::Private).await;
    let new = |channel: &Channel| json!({"channel_id": channel.id});
    world.call(&bob, "POST", "/hooks/incoming", new(&channel)).await.error(403);
    world.call(&admin, "POST", "/hooks/incoming", json!({})).await.error(400);
    let hook = world.call(&admin, "POST", "/hooks/incoming", new(&channel)).await.json(201);
    let id = |body: &str| -> String { serde_json::from_str::<Value>(body).unwrap()["id"].as_str().unwrap().to_owned() };
    let to = |channel: &str| json!({"text": "ahoy", "channel": channel}).to_string();

    assert_eq!(leave(&world, &hook, JSON, to("#yard")).await.0, 200);
    assert_eq!(newest(&world, &admin, &other).await["message"], "ahoy");
    assert_eq!(leave(&world, &hook, JSON, to("@bob")).await.0, 200);
    let (status, body) = leave(&world, &hook, JSON, to("nowhere")).await;
    assert_eq!((status, id(&body).as_str()), (404, "web.incoming_webhook.channel.app_error"));
    let (status, body) = leave(&world, &hook, JSON, json!({"text": " "}).to_string()).await;
    assert_eq!((status, id(&body).as_str()), (400, "web.incoming_webhook.text.app_error"));
    assert_eq!(leave(&world, &hook, JSON, "no json".to_owned()).await.0, 400);
    let unknown = json!({"id": "aaaaaaaaaaaaaaaaaaaaaaaaaa"});
    let (status, body) = leave(&world, &unknown, JSON, to("")).await;
    assert_eq!((status, id(&body).as_str()), (400, "web.incoming_webhook.invalid.app_error"));

    let path = format!("/hooks/incoming/{}", hook["id"].as_str().unwrap());
    let locked = json!({"channel_id": channel.id, "display_name": "Yard", "channel_locked": true});
    world.call(&bob, "PUT", &path, locked.clone()).await.error(403);
    assert_eq!(world.call(&admin, "PUT", &path, locked).await.json(201)["channel_locked"], true);
    assert_eq!(leave(&world, &hook, JSON, to("yard")).await.0, 403);
    assert_eq!(leave(&world, &hook, JSON, to("")).await.0, 200);
    let listed = world.get(&admin, &format!("/hooks/incoming?team_id={}&include_total_count=true", world.team)).await;
    assert_eq!((&listed["total_count"], &listed["incoming_webhooks"][0]["id"]), (&json!(1), &hook["id"]));
    assert_eq!(world.get(&admin, "/hooks/incoming").await[0]["display_name"], "Yard");
    assert_eq!(world.get(&admin, &path).await["id"], hook["id"]);

    // A maker who is gone writes no more; a server without webhooks has none.
    world.call(&bob, "DELETE", &path, Value::Null).await.error(403);
    let settings = Settings::clone(&world.app.settings.get());
    world.app.settings.set(Settings { incoming_webhooks: false, ..settings });
    assert_eq!(leave(&world, &hook, JSON, to("")).await.0, 501);
    let settings = Settings::clone(&world.app.settings.get());
    world.app.settings.set(Settings { incoming_webhooks: true, ..settings });
    world.call(&admin, "DELETE", &path, Value::Null).await.json(200);
    assert_eq!(leave(&world, &hook, JSON, to("")).await.0, 400);
}
