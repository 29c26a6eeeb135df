//! Bookmarks of channels (client-api 5.5 and 9.5).

use rialto_app::channel_members;
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{World, inner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bookmarks_are_made_changed_sorted_removed_and_told() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    let path = format!("/channels/{}/bookmarks", channel.id);
    let link = |name: &str| json!({"type": "link", "display_name": name, "link_url": "https://plan.example"});
    let refused = world.call(&bob, "POST", &path, link("x")).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");
    assert_eq!(world.call(&bob, "GET", &path, Value::Null).await.error(403), "api.context.permissions.app_error");
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    let connection = a.event().await["data"]["connection_id"].as_str().unwrap().to_owned();
    b.event().await;
    let from = [("connection-id", connection.as_str())];
    let first = world.call_with(&alice, "POST", &path, link("first"), &from).await.json(201);
    assert_eq!(
        (&first["owner_id"], &first["type"], &first["sort_order"], &first["delete_at"], &first["file_id"]),
        (&json!(alice.id), &json!("link"), &json!(0), &json!(0), &json!(""))
    );
    assert_eq!(inner(&b.until("channel_bookmark_created").await.0, "bookmark"), first);
    let second = world.call_with(&alice, "POST", &path, link("second"), &from).await.json(201);
    let one = |bookmark: &Value| format!("{path}/{}", bookmark["id"].as_str().unwrap());
    world.app.clock.advance(1);
    let patch = json!({"display_name": "renamed", "emoji": ":anchor:"});
    let changed = world.call_with(&alice, "PATCH", &one(&first), patch, &from).await.json(200);
    assert_eq!(
        (&changed["updated"]["display_name"], &changed["updated"]["emoji"]),
        (&json!("renamed"), &json!("anchor"))
    );
    assert_eq!(inner(&b.until("channel_bookmark_updated").await.0, "bookmarks"), changed);
    let order = format!("{}/sort_order", one(&second));
    let sorted = world.call_with(&alice, "POST", &order, json!(0), &from).await.json(200);
    assert_eq!((&sorted[0]["id"], &sorted[1]["id"]), (&second["id"], &first["id"]));
    assert_eq!(inner(&b.until("channel_bookmark_sorted").await.0, "bookmarks"), sorted);
    assert_eq!(world.get(&bob, &path).await, sorted);
    let since = world.app.clock.now().0;
    world.app.clock.advance(1);
    let gone = world.call_with(&alice, "DELETE", &one(&first), Value::Null, &from).await.json(200);
    assert!(gone["delete_at"].as_i64().unwrap() > 0);
    assert_eq!(inner(&b.until("channel_bookmark_deleted").await.0, "bookmark"), gone);
    let changes = world.get(&bob, &format!("{path}?bookmarks_since={since}")).await;
    assert!(changes.as_array().unwrap().iter().any(|one| one["id"] == first["id"]), "{changes}");
    assert_eq!(world.get(&bob, &path).await.as_array().unwrap().len(), 1);
    // What Bob does, Alice hears first of all she hears of bookmarks.
    world.call(&bob, "POST", &path, link("third")).await.json(201);
    let (_, before) = a.until("channel_bookmark_created").await;
    assert!(!before.iter().any(|name| name.starts_with("channel_bookmark")), "{before:?}");

    let missing = world.call(&alice, "DELETE", &one(&first), Value::Null).await;
    assert_eq!(missing.error(404), "app.channel.bookmark.get.app_error");
    for body in [json!({"type": "link", "display_name": "x"}), json!({"type": "file", "display_name": "x"}), link("")] {
        assert_eq!(
            world.call(&alice, "POST", &path, body).await.error(400),
            "api.context.invalid_body_param.app_error"
        );
    }
    assert_eq!(world.get(&alice, "/config/client?format=old").await["FeatureFlagChannelBookmarks"], "true");
}
