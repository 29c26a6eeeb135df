//! Threads that people follow (client-api 2.3, 5.5 and 9.5).

use rialto_app::channel_members;
use rialto_app::posts::{self, NewPost};
use rialto_model::{Channel, ChannelKind, Post, PostId};
use serde_json::{Value, json};

use crate::world::{Person, World, inner};

async fn reply(world: &World, author: &Person, channel: &Channel, root: PostId, message: &str) -> Post {
    world.app.clock.advance(10);
    let new = NewPost { message: message.to_owned(), root_id: Some(root), ..NewPost::default() };
    posts::create(&world.app, &author.actor, &channel.id, new).await.unwrap()
}

/// Alice's thread with one reply of Bob's.
async fn thread(world: &World) -> (Person, Person, Channel, Post) {
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let root = world.post(&alice, &channel, "root").await;
    reply(world, &bob, &channel, root.id, "first @alice").await;
    (alice, bob, channel, root)
}

#[tokio::test]
async fn a_list_of_threads_has_its_shape() {
    let world = World::start().await;
    let (alice, bob, _, root) = thread(&world).await;
    let path = format!("/users/me/teams/{}/threads", world.team);
    let list = world.get(&alice, &path).await;
    let totals = |list: &Value| {
        ["total", "total_unread_threads", "total_unread_mentions", "total_unread_urgent_mentions"]
            .map(|key| list[key].as_i64().unwrap())
    };
    assert_eq!(totals(&list), [1, 1, 1, 0]);
    let one = &list["threads"][0];
    assert_eq!((&one["id"], &one["post"]["message"]), (&json!(root.id), &json!("root")));
    assert_eq!(one["participants"], json!([{ "id": bob.id }]), "the id alone unless more is asked for");
    for (key, value) in [("reply_count", 1), ("unread_replies", 1), ("unread_mentions", 1), ("delete_at", 0)] {
        assert_eq!(one[key], value, "{key}");
    }
    assert_eq!((&one["is_urgent"], &one["is_following"]), (&json!(false), &json!(true)));
    assert_eq!(one["last_reply_at"], one["post"]["last_reply_at"]);
    assert!(one["last_viewed_at"].as_i64().unwrap() < one["last_reply_at"].as_i64().unwrap());

    let extended = world.get(&alice, &format!("{path}?extended=true")).await;
    let whole = &extended["threads"][0]["participants"][0];
    assert_eq!((&whole["username"], &whole["email"]), (&json!("bob"), &json!("bob@canary.example")));
    assert_eq!(whole["notify_props"], json!({}), "what is nobody else's stays with the person");
    let only = world.get(&alice, &format!("{path}?totalsOnly=true")).await;
    assert_eq!((totals(&only), &only["threads"]), ([1, 1, 1, 0], &Value::Null));
    let only = world.get(&alice, &format!("{path}?threadsOnly=true")).await;
    assert_eq!((totals(&only), only["threads"].as_array().unwrap().len()), ([0, 0, 0, 0], 1));
    let both = world.call(&alice, "GET", &format!("{path}?threadsOnly=true&totalsOnly=true"), Value::Null).await;
    assert_eq!(both.error(400), "api.getThreadsForUser.bad_only_params");
    let both = format!("{path}?before={}&after={}", root.id, root.id);
    assert_eq!(world.call(&alice, "GET", &both, Value::Null).await.error(400), "api.getThreadsForUser.bad_params");
    let behind = world.get(&alice, &format!("{path}?before={}", root.id)).await;
    assert_eq!((totals(&behind)[0], &behind["threads"]), (1, &json!([])));

    let teams = world.get(&alice, "/users/me/teams/unread?include_collapsed_threads=true").await;
    assert_eq!((&teams[0]["thread_count"], &teams[0]["thread_mention_count"]), (&json!(1), &json!(1)));
    let plain = world.get(&alice, "/users/me/teams/unread").await;
    assert_eq!(plain[0]["thread_count"], 0);
}

#[tokio::test]
async fn other_peoples_threads_are_nobodys_business() {
    let world = World::start().await;
    let (alice, bob, _, root) = thread(&world).await;
    let admin = world.person("admin", "system_admin system_user").await;
    let list = format!("/users/{}/teams/{}/threads", alice.id, world.team);
    let calls = [
        ("GET", list.clone()),
        ("PUT", format!("{list}/read")),
        ("GET", format!("{list}/{}", root.id)),
        ("PUT", format!("{list}/{}/following", root.id)),
        ("PUT", format!("{list}/{}/read/1", root.id)),
        ("POST", format!("{list}/{}/set_unread/{}", root.id, root.id)),
        ("DELETE", format!("{list}/{}/following", root.id)),
    ];
    for (method, path) in calls {
        for who in [&bob, &admin] {
            let refused = world.call(who, method, &path, Value::Null).await;
            assert_eq!(refused.error(403), "api.context.permissions.app_error", "{method} {path}");
        }
        let own = world.call(&alice, method, &path, Value::Null).await;
        assert_eq!(own.status, 200, "{method} {path}: {}", own.text);
        world.app.clock.advance(10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_hear_of_replies_and_of_what_they_do_elsewhere() {
    let world = World::start().await;
    let (alice, bob, channel, root) = thread(&world).await;
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    a.until("hello").await;
    b.until("hello").await;
    let said = reply(&world, &bob, &channel, root.id, "second").await;
    let (event, _) = a.until("thread_updated").await;
    assert_eq!(
        (&event["broadcast"]["user_id"], &event["broadcast"]["team_id"]),
        (&json!(alice.id), &json!(world.team))
    );
    let told = inner(&event, "thread");
    assert_eq!((&told["id"], &told["unread_replies"], &told["reply_count"]), (&json!(root.id), &json!(2), &json!(2)));
    assert_eq!(
        (&event["data"]["previous_unread_replies"], &event["data"]["previous_unread_mentions"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(told["participants"][0]["username"], "bob");
    let (own, _) = b.until("thread_updated").await;
    assert_eq!(inner(&own, "thread")["unread_replies"], 0, "nobody's own reply is unread to them");

    let path = format!("/users/me/teams/{}/threads/{}", world.team, root.id);
    let read = world.call(&alice, "PUT", &format!("{path}/read/{}", said.create_at.0), Value::Null).await.json(200);
    assert_eq!((&read["unread_replies"], &read["unread_mentions"]), (&json!(0), &json!(0)));
    let (event, _) = a.until("thread_read_changed").await;
    let data = &event["data"];
    assert_eq!((&data["thread_id"], &data["channel_id"]), (&json!(root.id), &json!(channel.id)));
    let counts = ["unread_replies", "unread_mentions", "previous_unread_replies", "previous_unread_mentions"];
    assert_eq!(counts.map(|key| data[key].as_i64().unwrap()), [0, 0, 2, 1]);
    assert_eq!(data["timestamp"], said.create_at.0);
    let back = world.call(&alice, "POST", &format!("{path}/set_unread/{}", said.id), Value::Null).await.json(200);
    assert_eq!(back["unread_replies"], 1);
    assert_eq!(a.until("thread_read_changed").await.0["data"]["unread_replies"], 1);
    let all = format!("/users/me/teams/{}/threads/read", world.team);
    world.call(&alice, "PUT", &all, Value::Null).await.json(200);
    let (event, _) = a.until("thread_read_changed").await;
    assert_eq!((event["data"].get("thread_id"), &event["broadcast"]["team_id"]), (None, &json!(world.team)));
    assert!(event["data"]["timestamp"].as_i64().unwrap() > 0);

    world.app.clock.advance(10);
    posts::delete(&world.app, &bob.actor, &said.id).await.unwrap();
    assert_eq!(inner(&a.until("thread_updated").await.0, "thread")["reply_count"], 1);
    world.call(&alice, "DELETE", &format!("{path}/following"), Value::Null).await.json(200);
    let (event, _) = a.until("thread_follow_changed").await;
    let data = &event["data"];
    assert_eq!((&data["thread_id"], &data["state"], &data["reply_count"]), (&json!(root.id), &json!(false), &json!(1)));
    let gone = world.call(&alice, "GET", &path, Value::Null).await;
    assert_eq!(gone.error(404), "app.user.get_threads_for_user.not_found");
    let third = reply(&world, &bob, &channel, root.id, "third").await;
    let told = inner(&b.until("thread_updated").await.0, "thread");
    assert_eq!(told["reply_count"], 1, "the deletion was told to Bob as well");
    assert_eq!(inner(&b.until("thread_updated").await.0, "thread")["reply_count"], 2);
    // What is told of a reply comes before what happens later.
    world.call(&alice, "PUT", &format!("{path}/following"), Value::Null).await.json(200);
    let (_, before) = a.until("thread_follow_changed").await;
    assert!(!before.contains(&"thread_updated".to_owned()), "{before:?} after {}", third.id);
}

#[tokio::test]
async fn clients_that_fold_threads_get_beginnings_with_what_is_shown_of_them() {
    let world = World::start().await;
    let (alice, bob, channel, root) = thread(&world).await;
    let path = format!("/channels/{}/posts?per_page=60", channel.id);
    let plain = world.get(&alice, &path).await;
    let shown = &plain["posts"][root.id.as_str()];
    assert_eq!((shown.get("is_following"), &shown["participants"]), (None, &Value::Null));
    let folded = world.get(&alice, &format!("{path}&collapsedThreads=true")).await;
    let (all, some) = (plain["order"].as_array().unwrap().len(), folded["order"].as_array().unwrap().len());
    assert_eq!(all - some, 1, "the reply is left out: {folded}");
    let shown = &folded["posts"][root.id.as_str()];
    assert_eq!((&shown["is_following"], &shown["participants"]), (&json!(true), &json!([{ "id": bob.id }])));
    let whole = world.get(&alice, &format!("{path}&collapsedThreads=true&collapsedThreadsExtended=true")).await;
    assert_eq!(whole["posts"][root.id.as_str()]["participants"][0]["username"], "bob");
    let thread = world.get(&bob, &format!("/posts/{}/thread?collapsedThreads=true", root.id)).await;
    assert_eq!(thread["posts"][root.id.as_str()]["is_following"], true);
    assert_eq!(thread["order"].as_array().unwrap().len(), 2);
    let unread = format!("/users/me/channels/{}/posts/unread?collapsedThreads=true", channel.id);
    assert!(world.get(&bob, &unread).await["posts"].as_object().unwrap().values().all(|post| post["root_id"] == ""));
    let config = world.get(&alice, "/config/client?format=old").await;
    assert_eq!(config["CollapsedThreads"], "always_on");
    // One who does not fold them sees the replies in the channel.
    let seen = json!({ "channel_id": channel.id });
    world.call(&alice, "POST", "/channels/members/me/view", seen).await.json(200);
    let totals = world.get(&alice, &format!("/users/me/teams/{}/threads?totalsOnly=true", world.team)).await;
    assert_eq!(totals["total_unread_threads"], 0);
}
