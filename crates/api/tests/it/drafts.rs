//! What people have begun to write, on all their clients (client-api 5.5 and 9.5).

use rialto_app::Settings;
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{World, inner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_clients_but_the_writing_one_hear_of_a_draft() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let (mut writing, mut other) = (world.connect(&alice).await, world.connect(&alice).await);
    other.event().await;
    let connection = writing.event().await["data"]["connection_id"].as_str().unwrap().to_owned();
    let body = json!({"channel_id": channel.id, "root_id": "", "message": "half", "props": {}, "file_ids": [],
        "priority": {"priority": "urgent", "requested_ack": true}});
    let from = [("connection-id", connection.as_str())];
    let kept = world.call_with(&alice, "POST", "/drafts", body.clone(), &from).await.json(201);
    assert_eq!((&kept["message"], &kept["user_id"], &kept["delete_at"]), (&json!("half"), &json!(alice.id), &json!(0)));
    assert_eq!(kept["priority"]["priority"], "urgent");
    let (event, _) = other.until("draft_created").await;
    let told = inner(&event, "draft");
    assert_eq!((&told, &event["broadcast"]["user_id"]), (&kept, &json!(alice.id)));
    assert_eq!(event["broadcast"]["omit_connection_id"], connection.as_str());
    world.app.clock.advance(1);
    let more = json!({"channel_id": channel.id, "message": "whole"});
    world.call_with(&alice, "POST", "/drafts", more, &from).await.json(201);
    assert_eq!(inner(&other.until("draft_updated").await.0, "draft")["message"], "whole");
    let list = format!("/users/me/teams/{}/drafts", world.team);
    let listed = world.get(&alice, &list).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["message"]), (1, &json!("whole")));

    let path = format!("/users/me/channels/{}/drafts", channel.id);
    for _ in 0..2 {
        assert_eq!(
            world.call_with(&alice, "DELETE", &path, Value::Null, &from).await.json(200),
            json!({"status": "OK"})
        );
    }
    let gone = inner(&other.until("draft_deleted").await.0, "draft");
    assert_eq!((&gone["channel_id"], &gone["root_id"], &gone["message"]), (&json!(channel.id), &json!(""), &json!("")));
    assert_eq!(world.get(&alice, &list).await, json!([]));
    // What a client without a connection does, all hear of.
    world.call(&alice, "POST", "/drafts", body.clone()).await.json(201);
    let (_, before) = writing.until("draft_created").await;
    assert!(!before.iter().any(|name| name.starts_with("draft_")), "the writer hears of its own: {before:?}");

    assert_eq!(world.call(&bob, "POST", "/drafts", body).await.error(403), "api.context.permissions.app_error");
    let of_alice = format!("/users/{}/teams/{}/drafts", alice.id, world.team);
    assert_eq!(world.call(&bob, "GET", &of_alice, Value::Null).await.error(403), "api.context.permissions.app_error");
    let of_alice = format!("/users/{}/channels/{}/drafts", alice.id, channel.id);
    assert_eq!(
        world.call(&bob, "DELETE", &of_alice, Value::Null).await.error(403),
        "api.context.permissions.app_error"
    );
    let nowhere = world.call(&alice, "POST", "/drafts", json!({"message": "x"})).await;
    assert_eq!(nowhere.error(400), "api.context.invalid_body_param.app_error");
}

#[tokio::test]
async fn where_drafts_are_not_kept_clients_are_told_so() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    world.app.settings.set(Settings { synced_drafts: false, ..Settings::default() });
    let body = json!({"channel_id": channel.id, "message": "half"});
    assert_eq!(world.call(&alice, "POST", "/drafts", body).await.error(501), "api.drafts.disabled.app_error");
    let config = world.get(&alice, "/config/client?format=old").await;
    assert_eq!(config["AllowSyncedDrafts"], "false");
}
