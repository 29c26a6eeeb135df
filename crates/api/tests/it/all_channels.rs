//! Channels of all teams, group messages, and numbers about the server (client-api 5.4 and 8).

use rialto_app::direct_channels;
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{World, inner};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|channel| channel["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn administrators_find_all_channels_and_others_their_own() {
    let world = World::start().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    world.channel(&alice, "open", ChannelKind::Public).await;
    world.channel(&alice, "closed", ChannelKind::Private).await;
    let list = world.get(&admin, "/channels").await;
    assert_eq!(names(&list), ["closed", "open"]);
    assert_eq!((&list[0]["team_name"], &list[0]["team_display_name"]), (&json!("team"), &json!("Team")));
    let page = world.get(&admin, "/channels?per_page=1&page=1&include_total_count=true").await;
    assert_eq!((names(&page["channels"]), &page["total_count"]), (vec!["open"], &json!(2)));
    assert_eq!(world.call(&bob, "GET", "/channels", Value::Null).await.error(403), "api.context.permissions.app_error");
    let found = world.call(&admin, "POST", "/channels/search", json!({"term": "OS", "private": true})).await.json(200);
    assert_eq!(names(&found), ["closed"]);
    let body = json!({"term": "", "page": 0, "per_page": 1});
    let paged = world.call(&admin, "POST", "/channels/search", body.clone()).await.json(200);
    assert_eq!((names(&paged["channels"]), &paged["total_count"]), (vec!["closed"], &json!(2)));
    let refused = world.call(&bob, "POST", "/channels/search", body).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");
    let own = "/channels/search?system_console=false";
    assert_eq!(names(&world.call(&bob, "POST", own, json!({"term": ""})).await.json(200)), ["open"]);
    assert_eq!(names(&world.call(&alice, "POST", own, json!({"term": ""})).await.json(200)), ["closed", "open"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_message_is_found_and_becomes_a_channel() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let (carl, dora) = (world.person("carl", "system_user").await, world.person("dora", "system_user").await);
    let group = direct_channels::open_group(&world.app, &alice.actor, &[bob.id, carl.id]).await.unwrap();
    let search = async |person, term: &str| {
        let found = world.call(person, "POST", "/channels/group/search", json!({"term": term})).await.json(200);
        found.as_array().unwrap().len()
    };
    assert_eq!((search(&alice, "bob car").await, search(&alice, "dora").await, search(&dora, "bob").await), (1, 0, 0));
    let ids = json!([group.id]);
    let people = world.call(&alice, "POST", "/users/group_channels", ids.clone()).await.json(200);
    let mut others: Vec<_> =
        people[group.id.as_str()].as_array().unwrap().iter().map(|user| user["username"].clone()).collect();
    others.sort_by_key(Value::to_string);
    assert_eq!(others, ["bob", "carl"]);
    assert_eq!(world.call(&dora, "POST", "/users/group_channels", ids).await.json(200), json!({}));

    let common = format!("/channels/{}/common_teams", group.id);
    assert_eq!(world.get(&alice, &common).await[0]["id"], json!(world.team));
    assert_eq!(world.call(&dora, "GET", &common, Value::Null).await.error(403), "api.context.permissions.app_error");
    let path = format!("/channels/{}/convert_to_channel", group.id);
    let body = json!({"channel_id": group.id, "team_id": world.team, "name": "crew", "display_name": "Crew"});
    let refused = world.call(&dora, "POST", &path, body.clone()).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");
    let mut socket = world.connect(&bob).await;
    socket.event().await;
    let channel = world.call(&alice, "POST", &path, body.clone()).await.json(200);
    assert_eq!(
        (&channel["type"], &channel["team_id"], &channel["id"]),
        (&json!("P"), &json!(world.team), &json!(group.id))
    );
    assert_eq!(inner(&socket.until("channel_updated").await.0, "channel")["name"], "crew");
    assert_eq!(socket.posted().await["type"], "system_gm_to_channel");
    let again = world.call(&alice, "POST", &path, body).await;
    assert_eq!(again.error(400), "app.channel.gm_conversion.not_group.app_error");
}

#[tokio::test]
async fn numbers_are_those_of_the_server() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let post = world.post(&alice, &channel, "one").await;
    world.post(&alice, &channel, "two").await;
    assert_eq!(world.get(&alice, "/usage/posts").await, json!({"count": 2}));
    assert_eq!(world.get(&alice, "/usage/storage").await, json!({"bytes": 0}));
    assert_eq!(world.get(&alice, "/usage/teams").await, json!({"active": 1, "cloud_archived": 0}));
    let path = format!("/posts/{}/move", post.id);
    let moved = world.call(&alice, "POST", &path, json!({"channel_id": channel.id})).await;
    assert_eq!(moved.error(501), "api.post.move_thread.disabled.app_error");
}
