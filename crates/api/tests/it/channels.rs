//! Channels, their members and lists (client-api 3.2 and 5.4).

use rialto_app::channel_members;
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_channel_from_its_making_to_its_end() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let team = world.team;
    let new = json!({ "team_id": team, "name": "ops", "display_name": "Ops", "type": "O", "scheme_id": null,
        "props": null, "header": "", "id": "", "creator_id": "" });
    let made = world.call(&alice, "POST", "/channels", new.clone()).await.json(201);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((&made["type"], &made["creator_id"], &made["shared"]), (&json!("O"), &json!(alice.id), &json!(false)));
    let again = world.call(&alice, "POST", "/channels", new).await;
    assert_eq!(again.error(400), "store.sql_channel.save_channel.exists.app_error");
    let unnamed = json!({ "team_id": team, "name": "x", "display_name": "", "type": "O" });
    let refused = world.call(&alice, "POST", "/channels", unnamed).await;
    assert_eq!(refused.error(400), "model.channel.is_valid.display_name.app_error");

    for path in [
        format!("/channels/{id}"),
        format!("/teams/{team}/channels/name/ops"),
        "/teams/name/team/channels/name/ops".into(),
    ] {
        assert_eq!(world.get(&alice, &path).await["id"], id.as_str(), "{path}");
    }
    let missing = world.call(&alice, "GET", &format!("/teams/{team}/channels/name/none"), Value::Null).await;
    assert_eq!(missing.error(404), "app.channel.get_by_name.missing.app_error");
    let malformed = world.call(&alice, "GET", "/channels/short", Value::Null).await;
    assert_eq!(malformed.error(400), "api.context.invalid_url_param.app_error");

    let patched = world.call(&alice, "PUT", &format!("/channels/{id}/patch"), json!({ "header": "h" })).await.json(200);
    assert_eq!((&patched["header"], &patched["display_name"]), (&json!("h"), &json!("Ops")));
    assert_eq!(
        world.call(&alice, "DELETE", &format!("/channels/{id}"), Value::Null).await.json(200),
        json!({ "status": "OK" })
    );
    let public = world.get(&alice, &format!("/teams/{team}/channels")).await;
    assert_eq!(public, json!([]));
    let archived = world.get(&alice, &format!("/teams/{team}/channels/deleted")).await;
    assert_eq!(archived[0]["id"], id.as_str());
    assert!(archived[0]["delete_at"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn members_are_added_one_as_an_object_and_several_as_a_list() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let carol = world.person("carol", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    let path = format!("/channels/{}/members", channel.id);
    let one = world.call(&alice, "POST", &path, json!({ "user_id": bob.id })).await.json(201);
    assert_eq!(
        (&one["user_id"], &one["roles"], &one["last_viewed_at"]),
        (&json!(bob.id), &json!("channel_user"), &json!(-1))
    );
    let again = world.call(&alice, "POST", &path, json!({ "user_id": bob.id })).await.json(201);
    assert_eq!(again["user_id"], one["user_id"]);
    let several = world.call(&alice, "POST", &path, json!({ "user_ids": [carol.id] })).await.json(201);
    assert_eq!(several.as_array().unwrap().len(), 1);
    assert_eq!(world.get(&alice, &path).await.as_array().unwrap().len(), 3);
    let stats = world.get(&alice, &format!("/channels/{}/stats?exclude_files_count=true", channel.id)).await;
    assert_eq!((&stats["member_count"], &stats["files_count"]), (&json!(3), &json!(-1)));

    let removed = world.call(&alice, "DELETE", &format!("{path}/{}", bob.id), Value::Null).await.json(200);
    assert_eq!(removed, json!({ "status": "OK" }));
    let gone = world.call(&alice, "GET", &format!("{path}/{}", bob.id), Value::Null).await;
    assert_eq!(gone.error(404), "app.channel.get_member.missing.app_error");
    let outsider = world.call(&bob, "GET", &path, Value::Null).await;
    assert_eq!(outsider.error(403), "api.context.permissions.app_error");
    let nobody = world.call(&alice, "POST", &path, json!({ "user_id": "y".repeat(26) })).await;
    assert_eq!(nobody.error(404), "app.user.missing_account.const");
}

#[tokio::test]
async fn what_was_read_is_counted() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    world.post(&alice, &channel, "one @bob").await;
    world.post(&alice, &channel, "two").await;
    let path = format!("/users/{}/channels/{}/unread", bob.id, channel.id);
    let unread = world.get(&bob, &path).await;
    assert_eq!((&unread["msg_count"], &unread["mention_count"]), (&json!(2), &json!(1)));
    assert_eq!(world.call(&alice, "GET", &path, Value::Null).await.error(403), "api.context.permissions.app_error");
    let view = json!({ "channel_id": channel.id, "prev_channel_id": "" });
    let viewed = world.call(&bob, "POST", "/channels/members/me/view", view).await.json(200);
    assert!(viewed["last_viewed_at_times"][channel.id.as_str()].is_i64());
    let unread = world.get(&bob, &path).await;
    assert_eq!((&unread["msg_count"], &unread["mention_count"]), (&json!(0), &json!(0)));
    let blurred = world.call(&bob, "POST", "/channels/members/me/view", json!({ "channel_id": "" })).await.json(200);
    assert_eq!(blurred["last_viewed_at_times"], json!({}));
}

#[tokio::test]
async fn own_lists_hold_own_channels_in_the_forms_clients_ask_for() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    world.channel(&bob, "theirs", ChannelKind::Private).await;
    let direct = world.call(&alice, "POST", "/channels/direct", json!([alice.id, bob.id])).await.json(201);
    assert_eq!((&direct["type"], &direct["team_id"]), (&json!("D"), &json!("")));
    let same = world.call(&bob, "POST", "/channels/direct", json!([bob.id, alice.id])).await.json(201);
    assert_eq!(direct["id"], same["id"]);
    let stranger = world.person("carol", "system_user").await;
    let refused = world.call(&stranger, "POST", "/channels/direct", json!([alice.id, bob.id])).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");

    let ids = |list: Value| -> Vec<String> {
        let mut ids: Vec<String> =
            list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let mut expected = vec![channel.id.to_string(), direct["id"].as_str().unwrap().to_owned()];
    expected.sort();
    assert_eq!(ids(world.get(&alice, "/users/me/channels").await), expected);
    assert_eq!(ids(world.get(&alice, &format!("/users/me/teams/{}/channels", world.team)).await), expected);

    let lines = world.call(&alice, "GET", "/users/me/channel_members?page=-1", Value::Null).await;
    assert_eq!(lines.content_type.as_deref(), Some("application/x-ndjson"));
    let lines: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let of_channel = lines.iter().find(|line| line["channel_id"] == channel.id.as_str()).unwrap();
    assert_eq!(
        (&of_channel["team_name"], &of_channel["roles"]),
        (&json!("team"), &json!("channel_user channel_admin"))
    );
    let page = world.get(&alice, "/users/me/channel_members?page=0&per_page=1").await;
    assert_eq!(page.as_array().unwrap().len(), 1);

    let sidebar = world.get(&alice, &format!("/users/{}/teams/{}/channels/categories", alice.id, world.team)).await;
    assert_eq!(sidebar["order"].as_array().unwrap().len(), 3);
    assert_eq!(sidebar["categories"][1]["channel_ids"], json!([channel.id]));
    assert_eq!(sidebar["categories"][2]["channel_ids"], json!([direct["id"]]));
}

#[tokio::test]
async fn private_channels_are_found_by_their_members_only() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let hidden = world.channel(&alice, "ops-hidden", ChannelKind::Private).await;
    let open = world.channel(&alice, "ops-open", ChannelKind::Public).await;
    let path = format!("/teams/{}/channels/search", world.team);
    let found =
        async |who| world.call(who, "POST", &path, json!({ "term": "OPS" })).await.json(200).as_array().unwrap().len();
    assert_eq!((found(&alice).await, found(&bob).await), (2, 1));
    let by_ids = world
        .call(&bob, "POST", &format!("/teams/{}/channels/ids", world.team), json!([hidden.id, open.id]))
        .await
        .json(200);
    assert_eq!(by_ids.as_array().unwrap().len(), 1);
    assert_eq!(by_ids[0]["id"], open.id.as_str());
    let counts = world.call(&bob, "POST", "/channels/stats/member_count", json!([hidden.id, open.id])).await.json(200);
    assert_eq!(counts, json!({ open.id.as_str(): 1 }));
}
