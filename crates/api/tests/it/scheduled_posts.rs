//! Messages that are to be posted later (client-api 5.5 and 9.5).

use rialto_app::{Settings, channels, scheduled_posts};
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{World, inner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_for_later_is_taken_changed_posted_and_told() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let (mut writing, mut other) = (world.connect(&alice).await, world.connect(&alice).await);
    other.event().await;
    let connection = writing.event().await["data"]["connection_id"].as_str().unwrap().to_owned();
    let from = [("connection-id", connection.as_str())];
    let at = world.app.clock.now().0 + 60_000;
    let body = |message: &str, at: i64| json!({"channel_id": channel.id, "message": message, "scheduled_at": at});
    let kept = world.call_with(&alice, "POST", "/posts/schedule", body("soon", at), &from).await.json(201);
    assert_eq!(
        (&kept["scheduled_at"], &kept["processed_at"], &kept["error_code"], &kept["user_id"]),
        (&json!(at), &json!(0), &json!(""), &json!(alice.id))
    );
    let (event, _) = other.until("scheduled_post_created").await;
    assert_eq!((&inner(&event, "scheduledPost"), &event["broadcast"]["user_id"]), (&kept, &json!(alice.id)));
    let path = format!("/posts/schedule/{}", kept["id"].as_str().unwrap());
    let mut changed = body("sooner", at + 1);
    changed["id"] = kept["id"].clone();
    let answer = world.call_with(&alice, "PUT", &path, changed.clone(), &from).await.json(201);
    assert_eq!((&answer["message"], &answer["id"]), (&json!("sooner"), &kept["id"]));
    assert_eq!(inner(&other.until("scheduled_post_updated").await.0, "scheduledPost")["message"], "sooner");

    let list = format!("/posts/scheduled/team/{}", world.team);
    let team = world.team.as_str();
    let listed = world.get(&alice, &list).await;
    assert_eq!((&listed[team][0]["message"], listed.get("directChannels")), (&json!("sooner"), None));
    let with_direct = world.get(&alice, &format!("{list}?includeDirectChannels=true")).await;
    assert_eq!(with_direct["directChannels"], json!([]));
    assert_eq!(world.get(&bob, &list).await[team], json!([]), "nobody else's are told");
    assert_eq!(world.call(&bob, "PUT", &path, changed).await.error(404), "app.scheduled_post.get.app_error");
    assert_eq!(world.call(&bob, "DELETE", &path, Value::Null).await.error(404), "app.scheduled_post.get.app_error");
    let refused = world.call(&bob, "POST", "/posts/schedule", body("x", at)).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");

    world.app.clock.advance(60_001);
    scheduled_posts::send_due(&world.app).await.unwrap();
    let posted = other.posted().await;
    assert_eq!((&posted["message"], &posted["user_id"]), (&json!("sooner"), &json!(alice.id)));
    let gone = inner(&other.until("scheduled_post_deleted").await.0, "scheduledPost");
    assert_eq!((&gone["id"], &gone["channel_id"]), (&kept["id"], &json!(channel.id)));
    assert_eq!(world.get(&alice, &list).await[team], json!([]));
    let (_, before) = writing.until("scheduled_post_deleted").await;
    assert!(!before.iter().any(|name| name.starts_with("scheduled_post_")), "the writer knows already: {before:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_or_posted_is_said() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let now = world.app.clock.now().0;
    let refused = async |body: Value| world.call(&alice, "POST", "/posts/schedule", body).await.error(400);
    let past = json!({"channel_id": channel.id, "message": "x", "scheduled_at": now});
    assert_eq!(refused(past).await, "model.scheduled_post.is_valid.scheduled_at.app_error");
    let empty = json!({"channel_id": channel.id, "message": " ", "scheduled_at": now + 1});
    assert_eq!(refused(empty).await, "api.context.invalid_body_param.app_error");
    let body = json!({"channel_id": channel.id, "message": "x", "scheduled_at": now + 1});
    let kept = world.call(&alice, "POST", "/posts/schedule", body.clone()).await.json(201);
    let mut socket = world.connect(&alice).await;
    socket.event().await;
    channels::archive(&world.app, &alice.actor, &channel.id).await.unwrap();
    world.app.clock.advance(10);
    scheduled_posts::send_due(&world.app).await.unwrap();
    let failed = inner(&socket.until("scheduled_post_updated").await.0, "scheduledPost");
    assert_eq!((&failed["id"], &failed["error_code"]), (&kept["id"], &json!("channel_archived")));
    assert!(failed["processed_at"].as_i64().unwrap() > 0);
    let path = format!("/posts/schedule/{}", kept["id"].as_str().unwrap());
    assert_eq!(world.call(&alice, "DELETE", &path, Value::Null).await.json(201)["id"], kept["id"]);
    assert_eq!(world.call(&alice, "DELETE", &path, Value::Null).await.error(404), "app.scheduled_post.get.app_error");
    world.app.settings.set(Settings { scheduled_posts: false, ..Settings::default() });
    let off = world.call(&alice, "POST", "/posts/schedule", body).await;
    assert_eq!(off.error(501), "api.scheduled_posts.feature_disabled");
    assert_eq!(world.get(&alice, "/config/client?format=old").await["ScheduledPosts"], "false");
}
