//! Searching over API v4 (client-api 5.5, SC-015).

use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::World;

/// SC-015: hits as a post list with `matches`, of the channels the reader belongs to.
#[tokio::test]
async fn messages_are_found_by_those_who_may_read_them() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    let first = world.post(&alice, &channel, "harbour lights").await;
    world.app.clock.advance(1);
    let second = world.post(&alice, &channel, "Lights off").await;
    let path = format!("/teams/{}/posts/search", channel.team_id.unwrap());
    let ask = async |who, path: &str, body: Value| world.call(who, "POST", path, body).await;

    // The log is told of in its own time.
    let body = json!({ "terms": "lights", "is_or_search": false, "time_zone_offset": 3600, "page": 0, "per_page": 20 });
    let both = json!([second.id, first.id]);
    let list = loop {
        let list = ask(&alice, &path, body.clone()).await.json(200);
        if list["order"] == both {
            break list;
        }
    };
    assert_eq!(
        (&list["posts"][first.id.as_str()]["message"], &list["matches"]),
        (&json!("harbour lights"), &Value::Null)
    );
    assert_eq!(
        ask(&alice, "/posts/search", json!({ "terms": "off harbour", "is_or_search": true })).await.json(200)["order"],
        both
    );
    let page = json!({ "terms": "lights", "page": 1, "per_page": 1 });
    assert_eq!(ask(&alice, &path, page).await.json(200)["order"], json!([first.id]));
    assert_eq!(ask(&bob, &path, body.clone()).await.json(200)["order"], json!([]));
    assert_eq!(
        ask(&alice, &path, json!({ "terms": "  " })).await.error(400),
        "api.context.invalid_body_param.app_error"
    );
    let nowhere = format!("/teams/{}/posts/search", "y".repeat(26));
    ask(&alice, &nowhere, body).await.error(404);
}
