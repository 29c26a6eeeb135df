//! What messages said before (client-api 5.5).

use rialto_app::channel_members;
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{World, inner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_sees_and_takes_back_what_was_edited() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let post = world.post(&alice, &channel, "first").await;
    let path = format!("/posts/{}", post.id);
    let history = format!("{path}/edit_history");
    assert_eq!(world.call(&alice, "GET", &history, Value::Null).await.error(404), "app.post.get.app_error");
    world.app.clock.advance(5);
    world.call(&alice, "PUT", &format!("{path}/patch"), json!({"message": "second"})).await.json(200);
    let list = world.get(&alice, &history).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    let version = &list[0];
    assert_eq!(
        (&version["message"], &version["original_id"], &version["channel_id"], &version["edit_at"]),
        (&json!("first"), &json!(post.id), &json!(channel.id), &json!(0))
    );
    assert!(version["delete_at"].as_i64().unwrap() > 0 && version["id"] != json!(post.id));
    assert_eq!(world.call(&bob, "GET", &history, Value::Null).await.error(403), "api.context.permissions.app_error");
    let restore = format!("{path}/restore/{}", version["id"].as_str().unwrap());
    assert_eq!(world.call(&bob, "POST", &restore, Value::Null).await.error(403), "api.context.permissions.app_error");
    let mut socket = world.connect(&bob).await;
    socket.event().await;
    world.app.clock.advance(5);
    let restored = world.call(&alice, "POST", &restore, Value::Null).await.json(200);
    assert_eq!((&restored["message"], &restored["id"]), (&json!("first"), &json!(post.id)));
    assert_eq!(inner(&socket.until("post_edited").await.0, "post")["message"], "first");
    let unknown = format!("{path}/restore/{}", "y".repeat(26));
    assert_eq!(world.call(&alice, "POST", &unknown, Value::Null).await.error(404), "app.post.get.app_error");
}
