//! Posts, their lists, and reactions (client-api 2.3, 3.2 and 5.5, ruling 69).

use rialto_app::{channel_members, posts};
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{Person, World};

/// Ids in the order of a post list.
fn order(list: &Value) -> Vec<String> {
    list["order"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

async fn write(world: &World, author: &Person, body: Value) -> Value {
    world.call(author, "POST", "/posts", body).await.json(201)
}

#[tokio::test]
async fn a_post_from_writing_to_deleting() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    let body = json!({ "channel_id": channel.id, "message": "hello", "pending_post_id": "p:1", "props": null,
        "file_ids": null, "participants": null, "root_id": "", "id": "", "create_at": 0, "user_id": "" });
    let post = write(&world, &alice, body.clone()).await;
    assert_eq!((&post["pending_post_id"], &post["user_id"]), (&json!("p:1"), &json!(alice.id)));
    assert_eq!((&post["props"], &post["file_ids"], &post["metadata"]), (&json!({}), &json!([]), &json!({})));
    assert_eq!(write(&world, &alice, body).await["id"], post["id"], "the same request again is the same post");
    let path = format!("/posts/{}", post["id"].as_str().unwrap());

    let outsider = world.call(&bob, "GET", &path, Value::Null).await;
    assert_eq!(outsider.error(403), "api.context.permissions.app_error");
    let refused = world.call(&bob, "POST", "/posts", json!({ "channel_id": channel.id, "message": "x" })).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();

    let mut whole = post.clone();
    whole["message"] = json!("edited");
    let edited = world.call(&alice, "PUT", &path, whole.clone()).await.json(200);
    assert_eq!(edited["message"], "edited");
    assert!(edited["edit_at"].as_i64().unwrap() > 0);
    whole["id"] = json!("y".repeat(26));
    assert_eq!(world.call(&alice, "PUT", &path, whole).await.error(400), "api.context.invalid_body_param.app_error");
    let by_other = world.call(&bob, "PUT", &format!("{path}/patch"), json!({ "message": "x" })).await;
    assert_eq!(by_other.error(403), "api.context.permissions.app_error");
    let long = "x".repeat(world.app.settings.get().max_post_size + 1);
    let too_long = world.call(&alice, "PUT", &format!("{path}/patch"), json!({ "message": long })).await;
    assert_eq!(too_long.error(400), "model.post.is_valid.message_length.app_error");

    assert_eq!(world.call(&bob, "DELETE", &path, Value::Null).await.error(403), "api.context.permissions.app_error");
    assert_eq!(world.call(&alice, "DELETE", &path, Value::Null).await.json(200), json!({ "status": "OK" }));
    assert_eq!(world.call(&alice, "GET", &path, Value::Null).await.error(404), "app.post.get.app_error");
    let reply = json!({ "channel_id": channel.id, "message": "x", "root_id": post["id"] });
    let orphan = world.call(&alice, "POST", "/posts", reply).await;
    assert_eq!(orphan.error(400), "api.post.create_post.root_id.app_error");
}

#[tokio::test]
async fn pages_are_full_and_without_deleted_posts() {
    let world = World::start().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let alice = world.person("alice", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[admin.id]).await.unwrap();
    let mut all = Vec::new();
    for n in 0..7 {
        world.app.clock.advance(1);
        all.push(world.post(&alice, &channel, &format!("canary {n}")).await.id);
    }
    posts::delete(&world.app, &alice.actor, &all[5]).await.unwrap();
    let path = format!("/channels/{}/posts", channel.id);
    let list = |query: &str| format!("{path}?{query}");
    let ids = |numbers: &[usize]| numbers.iter().map(|n| all[*n].to_string()).collect::<Vec<_>>();

    let page = world.get(&alice, &list("page=0&per_page=3&include_deleted=true")).await;
    assert_eq!(order(&page), ids(&[6, 4, 3]), "deleted posts are for administrators");
    assert_eq!((&page["next_post_id"], &page["prev_post_id"]), (&json!(""), &json!(all[2])));
    let page = world.get(&alice, &list("page=1&per_page=3")).await;
    assert_eq!(order(&page), ids(&[2, 1, 0]));
    let before = world.get(&alice, &list(&format!("before={}&per_page=2", all[4]))).await;
    assert_eq!(order(&before), ids(&[3, 2]));
    let after = world.get(&alice, &list(&format!("after={}&per_page=2", all[3]))).await;
    assert_eq!(order(&after), ids(&[6, 4]));
    let page = world.get(&admin, &list("page=0&per_page=2&include_deleted=true")).await;
    assert_eq!(order(&page), ids(&[6, 5]));
    assert_eq!(
        (&page["posts"][all[5].as_str()]["message"], &page["posts"][all[5].as_str()]["metadata"]),
        (&json!(""), &json!({}))
    );

    let since = world.get(&alice, &list("since=1")).await;
    let gone = &since["posts"][all[5].as_str()];
    assert!(gone["delete_at"].as_i64().unwrap() > 0 && gone["message"] == "");
    let empty = world.channel(&alice, "empty", ChannelKind::Private).await;
    let nothing = world.get(&alice, &format!("/channels/{}/posts?since={}", empty.id, i64::MAX)).await;
    assert_eq!((&nothing["order"], &nothing["posts"]), (&json!([]), &json!({})));
}

#[tokio::test]
async fn replies_come_with_their_root_and_reactions_with_their_post() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let root = write(&world, &alice, json!({ "channel_id": channel.id, "message": "root" })).await;
    world.app.clock.advance(1);
    let root_id = root["id"].as_str().unwrap().to_owned();
    let mut replies = Vec::new();
    for n in 0..3 {
        world.app.clock.advance(1);
        let body = json!({ "channel_id": channel.id, "message": format!("{n}"), "root_id": root_id });
        replies.push(write(&world, &alice, body).await["id"].as_str().unwrap().to_owned());
    }
    let list = world.get(&alice, &format!("/channels/{}/posts?per_page=1", channel.id)).await;
    assert_eq!(order(&list), [replies[2].clone()]);
    assert_eq!(
        (&list["posts"][&root_id]["message"], &list["posts"][&root_id]["reply_count"]),
        (&json!("root"), &json!(3))
    );
    let bare = world.get(&alice, &format!("/channels/{}/posts?per_page=1&skipFetchThreads=true", channel.id)).await;
    assert_eq!(bare["posts"].as_object().unwrap().len(), 1);

    let thread = format!("/posts/{}/thread", replies[0]);
    let whole = world.get(&alice, &thread).await;
    assert_eq!(order(&whole), [&replies[2], &replies[1], &replies[0], &root_id].map(String::clone));
    assert_eq!(whole["has_next"], false);
    let first = world.get(&alice, &format!("{thread}?perPage=2")).await;
    assert_eq!((order(&first).len(), &first["has_next"]), (3, &json!(true)));
    let at = &whole["posts"][&replies[1]]["create_at"];
    let rest = world.get(&alice, &format!("{thread}?perPage=2&fromPost={}&fromCreateAt={at}", replies[1])).await;
    assert_eq!((order(&rest), &rest["has_next"]), (vec![replies[2].clone(), root_id.clone()], &json!(false)));
    let older =
        world.get(&alice, &format!("{thread}?perPage=1&direction=up&fromPost={}&fromCreateAt={at}", replies[1])).await;
    assert_eq!(order(&older), [replies[0].clone(), root_id.clone()]);
    let half = world.call(&alice, "GET", &format!("{thread}?fromPost={}", replies[1]), Value::Null).await;
    assert_eq!(half.error(400), "api.context.invalid_url_param.app_error");

    let reaction = json!({ "user_id": alice.id, "post_id": root_id, "emoji_name": "thumbsup" });
    let added = world.call(&alice, "POST", "/reactions", reaction).await.json(200);
    assert_eq!(
        (&added["emoji_name"], &added["delete_at"], &added["channel_id"]),
        (&json!("thumbsup"), &json!(0), &json!(channel.id))
    );
    let shown = world.get(&alice, &format!("/posts/{root_id}")).await;
    assert_eq!(
        (&shown["has_reactions"], &shown["metadata"]["reactions"][0]["emoji_name"]),
        (&json!(true), &json!("thumbsup"))
    );
    let all = world.call(&alice, "POST", "/posts/ids/reactions", json!([root_id, replies[0]])).await.json(200);
    assert_eq!((all[&root_id].as_array().unwrap().len(), &all[&replies[0]]), (1, &json!([])));
    let bob = world.person("bob", "system_user").await;
    let forged = json!({ "user_id": alice.id, "post_id": root_id, "emoji_name": "heart" });
    assert_eq!(world.call(&bob, "POST", "/reactions", forged).await.error(403), "api.context.permissions.app_error");
    let path = format!("/users/{}/posts/{root_id}/reactions/thumbsup", alice.id);
    assert_eq!(world.call(&alice, "DELETE", &path, Value::Null).await.json(200), json!({ "status": "OK" }));
    assert_eq!(world.get(&alice, &format!("/posts/{root_id}/reactions")).await, json!([]));
}

#[tokio::test]
async fn the_page_around_the_oldest_unread_post() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let mut all = Vec::new();
    for n in 0..6 {
        world.app.clock.advance(1);
        all.push(world.post(&alice, &channel, &format!("{n}")).await.id.to_string());
        if n == 2 {
            channel_members::view(&world.app, &bob.actor, &[channel.id], rialto_app::channel_members::Seen::Messages)
                .await
                .unwrap();
        }
    }
    let path = format!("/users/me/channels/{}/posts/unread", channel.id);
    let list = world.get(&bob, &format!("{path}?limit_before=2&limit_after=2")).await;
    assert_eq!(order(&list), [4, 3, 2, 1].map(|n: usize| all[n].clone()));
    assert_eq!((&list["next_post_id"], &list["prev_post_id"]), (&json!(all[5]), &json!(all[0])));
    let refused = world.call(&bob, "GET", &format!("{path}?limit_after=0"), Value::Null).await;
    assert_eq!(refused.error(400), "api.context.invalid_url_param.app_error");

    let unread = world.call(&bob, "POST", &format!("/users/me/posts/{}/set_unread", all[1]), json!({})).await.json(200);
    assert_eq!((&unread["channel_id"], &unread["user_id"]), (&json!(channel.id), &json!(bob.id)));
    let list = world.get(&bob, &format!("{path}?limit_before=1&limit_after=1")).await;
    assert_eq!(order(&list), [1, 0].map(|n: usize| all[n].clone()));
}

#[tokio::test]
async fn pinned_and_saved_posts_have_lists_of_their_own() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let post = world.post(&alice, &channel, "keep").await;
    world.post(&alice, &channel, "other").await;
    assert_eq!(
        world.call(&alice, "POST", &format!("/posts/{}/pin", post.id), Value::Null).await.json(200),
        json!({ "status": "OK" })
    );
    let pinned = format!("/channels/{}/pinned", channel.id);
    assert_eq!(order(&world.get(&alice, &pinned).await), [post.id.to_string()]);
    world.call(&alice, "POST", &format!("/posts/{}/unpin", post.id), Value::Null).await.json(200);
    assert_eq!(order(&world.get(&alice, &pinned).await), Vec::<String>::new());

    let saved = "/users/me/posts/flagged";
    assert_eq!(order(&world.get(&alice, saved).await), Vec::<String>::new());
    let mark = json!([{ "user_id": alice.id, "category": "flagged_post", "name": post.id, "value": "true" }]);
    world.call(&alice, "PUT", "/users/me/preferences", mark).await.json(200);
    assert_eq!(order(&world.get(&alice, saved).await), [post.id.to_string()]);
    let info = world.get(&alice, &format!("/posts/{}/info", post.id)).await;
    assert_eq!(
        (&info["has_joined_channel"], &info["has_joined_team"], &info["team_type"]),
        (&json!(true), &json!(true), &json!("O"))
    );
}
