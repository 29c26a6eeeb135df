//! The websocket: numbering, resuming, and that nobody hears what is not for them (client-api 9, INV-11).

use rialto_app::{Volatile, channel_members, posts, reactions, reminders, sessions, users};
use rialto_model::ChannelKind;
use serde_json::json;

use crate::world::{Client, Person, World, inner};

/// Has something said that only `person` hears, so that a test can tell what they heard before.
fn mark(world: &World, person: &Person, channel: rialto_model::ChannelId) {
    world.app.bus.tell(Volatile::Ephemeral { user: person.id, channel, root: None, message: "mark".to_owned() });
}

async fn hello(client: &mut Client) -> String {
    let event = client.event().await;
    assert_eq!((event["event"].as_str(), event["seq"].as_i64()), (Some("hello"), Some(0)));
    assert_eq!(event["data"]["server_version"], "11.6.0.test");
    event["data"]["connection_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_arrive_numbered_and_mentions_only_at_the_mentioned() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    hello(&mut a).await;
    hello(&mut b).await;
    let post = world.post(&alice, &channel, "hi @bob").await;
    for (client, mentions) in [(&mut a, None), (&mut b, Some(json!([bob.id])))] {
        let (event, _) = client.until("posted").await;
        let shown = inner(&event, "post");
        assert_eq!(shown["id"], post.id.as_str());
        assert_eq!(shown["pending_post_id"], format!("{}:hi @bob", alice.id));
        assert_eq!(event["data"]["sender_name"], "@alice");
        assert_eq!(event["data"]["channel_name"], "ops");
        assert_eq!(event["broadcast"]["channel_id"], channel.id.as_str());
        assert_eq!(event["data"].get("mentions").map(|_| inner(&event, "mentions")), mentions);
    }
    reactions::add(&world.app, &bob.actor, &post.id, "thumbsup").await.unwrap();
    let reaction = inner(&a.until("reaction_added").await.0, "reaction");
    assert_eq!((&reaction["user_id"], &reaction["emoji_name"]), (&json!(bob.id), &json!("thumbsup")));
    let patch = posts::PostPatch { message: Some("edited".to_owned()), ..posts::PostPatch::default() };
    posts::edit(&world.app, &alice.actor, &post.id, patch).await.unwrap();
    let edited = inner(&b.until("post_edited").await.0, "post");
    assert_eq!(edited["message"], "edited");
    assert_eq!(edited["metadata"]["reactions"][0]["emoji_name"], "thumbsup");
    posts::delete(&world.app, &alice.actor, &post.id).await.unwrap();
    let deleted = inner(&b.until("post_deleted").await.0, "post");
    assert!(deleted["delete_at"].as_i64().unwrap() > 0);
    assert!(!deleted.to_string().contains("edited"), "a deleted post leaves none of its words: {deleted}");
}

/// E-148: only the person hears that an urgent message calls them once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reminders_reach_those_they_are_for() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let priority = json!({"priority": "urgent", "requested_ack": false, "persistent_notifications": true});
    let body = |text: &str| json!({"channel_id": channel.id, "message": text, "metadata": {"priority": priority}});
    let refused = world.call(&alice, "POST", "/posts", body("the harbour burns")).await;
    assert_eq!(refused.error(400), "api.post.post_priority.min_recipients_persistent_notification_post.request_error");
    let post = world.call(&alice, "POST", "/posts", body("@bob the harbour burns")).await;
    let id = post.json(201)["id"].clone();
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    hello(&mut a).await;
    hello(&mut b).await;
    world.app.clock.advance(300_000);
    reminders::remind(&world.app).await.unwrap();
    let (event, _) = b.until("persistent_notification_triggered").await;
    assert_eq!((&inner(&event, "post")["id"], inner(&event, "mentions")), (&id, json!([bob.id])));
    assert_eq!((&event["broadcast"]["user_id"], &event["data"]["sender_name"]), (&json!(bob.id), &json!("@alice")));
    mark(&world, &alice, channel.id);
    let (_, before) = a.until("ephemeral_message").await;
    assert!(!before.contains(&"persistent_notification_triggered".to_owned()), "{before:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_made_a_deletion_is_told_to_administrators_only() {
    let world = World::start().await;
    let alice = world.person("alice", "system_admin system_user").await;
    let bob = world.person("bob", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let post = world.post(&bob, &channel, "canary").await;
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    hello(&mut a).await;
    hello(&mut b).await;
    posts::delete(&world.app, &alice.actor, &post.id).await.unwrap();
    assert_eq!(a.until("post_deleted").await.0["data"]["delete_by"], alice.id.as_str());
    assert!(b.until("post_deleted").await.0["data"].get("delete_by").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_back_goes_on_where_it_was() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let mut client = world.connect(&alice).await;
    let connection = hello(&mut client).await;
    world.post(&alice, &channel, "one").await;
    assert_eq!(client.posted().await["message"], "one");
    let seen = client.next_seq;
    client.vanish();
    world.post(&alice, &channel, "two").await;

    let mut client = world.resume(&alice, &connection, seen).await;
    assert_eq!(client.posted().await["message"], "two");
    world.post(&alice, &channel, "three").await;
    assert_eq!(client.posted().await["message"], "three");
    client.vanish();

    // It lost what it had already been sent: the same numbers again.
    let mut client = world.resume(&alice, &connection, seen).await;
    assert_eq!(client.posted().await["message"], "two");
    assert_eq!(client.posted().await["message"], "three");

    // Somebody else's connection, one that is held, an unknown one, one that does not reach back: each begins anew.
    for (person, id, seq) in
        [(&bob, connection.as_str(), seen), (&alice, &connection, seen), (&alice, "yyyyyyyyyyyyyyyyyyyyyyyyyy", 0)]
    {
        let mut fresh = world.reconnect(person, id, seq).await;
        assert_ne!(hello(&mut fresh).await, connection);
    }
    client.vanish();
    let mut fresh = world.reconnect(&alice, &connection, 1_000).await;
    assert_ne!(hello(&mut fresh).await, connection);
    for query in ["?connection_id=short&sequence_number=1", &format!("?connection_id={connection}")] {
        let headers = [("authorization", format!("Bearer {}", alice.token))];
        let client = world.connect_with(query, &headers.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert!(client.unwrap().closed().await.is_empty(), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_kept_for_five_minutes() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let mut client = world.connect(&alice).await;
    let connection = hello(&mut client).await;
    for kept_for in [5 * 60 * 1000 - 1, 5 * 60 * 1000] {
        world.until_presence(&alice, "online").await;
        client.vanish();
        world.until_presence(&alice, "offline").await;
        world.app.clock.advance(kept_for);
        client = world.reconnect(&alice, &connection, 1).await;
        assert_eq!(client.is_resumed().await, kept_for < 5 * 60 * 1000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_sign_in_closes_its_socket_and_no_other() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let second = world.sign_in(alice.id).await;
    let (mut first, mut other) = (world.connect(&alice).await, world.connect(&second).await);
    let connection = hello(&mut first).await;
    hello(&mut other).await;

    sessions::revoke(&world.app, &alice.actor, &alice.id, &alice.session).await.unwrap();
    first.closed().await;
    let channel = world.channel(&second, "ops", ChannelKind::Public).await;
    assert_eq!(other.until("channel_created").await.0["data"]["channel_id"], channel.id.as_str());
    // Neither its token nor its connection is of any more use.
    let headers = format!("Bearer {}", alice.token);
    let mut refused = world.connect_with("", &[("authorization", &headers)]).await.unwrap();
    let answer = refused.ask(json!({ "seq": 1, "action": "get_statuses" })).await;
    assert_eq!(answer["error"]["id"], "api.web_socket_router.not_authenticated.app_error");
    let mut fresh = world.reconnect(&second, &connection, 1).await;
    assert_ne!(hello(&mut fresh).await, connection);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_hears_of_it_and_of_nothing_after() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    hello(&mut a).await;
    hello(&mut b).await;

    world.post(&alice, &channel, "before").await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let (added, before) = b.until("user_added").await;
    assert_eq!(before, Vec::<String>::new(), "nothing of the channel before being a member");
    assert_eq!(added["broadcast"]["channel_id"], channel.id.as_str());
    world.post(&alice, &channel, "meanwhile").await;
    while b.posted().await["message"] != "meanwhile" {}

    channel_members::remove(&world.app, &alice.actor, &channel.id, &bob.id).await.unwrap();
    let (removed, _) = b.until("user_removed").await;
    assert_eq!(removed["data"], json!({ "channel_id": channel.id, "remover_id": alice.id }));
    world.post(&alice, &channel, "after").await;
    while a.posted().await["message"] != "after" {}
    mark(&world, &bob, channel.id);
    let (_, before) = b.until("ephemeral_message").await;
    assert_eq!(before, Vec::<String>::new(), "nothing of the channel after the end of the membership");
}

/// E-170.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_for_one_person_reaches_no_other() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    hello(&mut a).await;
    hello(&mut b).await;
    mark(&world, &alice, channel.id);
    channel_members::view(&world.app, &alice.actor, &[channel.id], rialto_app::channel_members::Seen::Messages)
        .await
        .unwrap();
    let post = inner(&a.until("ephemeral_message").await.0, "post");
    assert_eq!((&post["message"], &post["type"]), (&json!("mark"), &json!("system_ephemeral")));
    let (viewed, _) = a.until("multiple_channels_viewed").await;
    assert!(viewed["data"]["channel_times"][channel.id.as_str()].is_i64());
    world.post(&alice, &channel, "end").await;
    let (_, before) = b.until("posted").await;
    assert_eq!(before, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_message_signs_in_as_well() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let mut client = world.connect_with("", &[]).await.unwrap();
    let refused = client.ask(json!({ "seq": 1, "action": "get_statuses" })).await;
    assert_eq!(refused["error"]["id"], "api.web_socket_router.not_authenticated.app_error");
    let challenge = json!({ "seq": 2, "action": "authentication_challenge", "data": { "token": alice.token } });
    client.send(&challenge.to_string()).await;
    hello(&mut client).await;
    let pong = client.ask(json!({ "seq": 3, "action": "ping" })).await;
    // The challenge was answered before, and let pass as a response.
    assert_eq!(pong, json!({ "status": "OK", "seq_reply": 2 }));

    let mut client = world.connect_with("", &[]).await.unwrap();
    let wrong = json!({ "seq": 1, "action": "authentication_challenge", "data": { "token": "x".repeat(26) } });
    client.send(&wrong.to_string()).await;
    assert!(client.closed().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_cannot_connect() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let cookie = format!("a=b; MMAUTHTOKEN={}", alice.token);
    let own = format!("http://{}", world.address);
    let foreign = world.connect_with("", &[("cookie", &cookie), ("origin", "https://evil.example")]).await;
    assert!(foreign.is_err());
    let mut client = world.connect_with("", &[("cookie", &cookie), ("origin", &own)]).await.unwrap();
    hello(&mut client).await;
    // Without an origin the cookie proves nothing; such a client signs in with a message.
    let mut client = world.connect_with("", &[("cookie", &cookie)]).await.unwrap();
    let refused = client.ask(json!({ "seq": 1, "action": "ping" })).await;
    assert_eq!(refused["error"]["id"], "api.web_socket_router.not_authenticated.app_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_answered() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    let (mut a, mut b) = (world.connect(&alice).await, world.connect(&bob).await);
    hello(&mut a).await;
    hello(&mut b).await;
    let pong = a.ask(json!({ "seq": 1, "action": "ping" })).await;
    assert_eq!((&pong["data"]["text"], &pong["seq_reply"]), (&json!("pong"), &json!(1)));
    let unknown = a.ask(json!({ "seq": 2, "action": "dance" })).await;
    assert_eq!(unknown["status"], "FAIL");
    assert_eq!(unknown["error"]["id"], "api.web_socket_router.bad_action.app_error");
    let away = json!({ "seq": 3, "action": "user_update_active_status", "data": { "user_is_active": false } });
    assert_eq!(a.ask(away).await["status"], "OK");
    let asked =
        json!({ "seq": 4, "action": "get_statuses_by_ids", "data": { "user_ids": [alice.id, "y".repeat(26)] } });
    let statuses = a.ask(asked).await;
    assert_eq!(
        (&statuses["data"][alice.id.as_str()], &statuses["data"]["y".repeat(26)]),
        (&json!("away"), &json!("offline"))
    );

    let typing = |seq: i64| json!({ "seq": seq, "action": "user_typing", "data": { "channel_id": channel.id, "parent_id": "" } });
    let refused = b.ask(typing(1)).await;
    assert_eq!(refused["error"]["id"], "api.context.permissions.app_error");
    channel_members::add(&world.app, &alice.actor, &channel.id, &[bob.id]).await.unwrap();
    b.until("user_added").await;
    assert_eq!(a.ask(typing(5)).await["status"], "OK");
    let (typed, _) = b.until("typing").await;
    assert_eq!(typed["data"], json!({ "parent_id": "", "user_id": alice.id }));
    mark(&world, &alice, channel.id);
    let (_, before) = a.until("ephemeral_message").await;
    assert!(!before.contains(&"typing".to_owned()), "who types is not told so: {before:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_client_says_closes_the_socket() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let mut client = world.connect(&alice).await;
    hello(&mut client).await;
    let longest = format!("{:<8192}", json!({ "seq": 1, "action": "ping" }).to_string());
    client.send(&longest).await;
    client.send(&format!("{longest} ")).await;
    let last = client.closed().await;
    let answers = last.iter().filter(|message| message.get("seq_reply").is_some()).count();
    assert_eq!(answers, 1, "the longest message is answered, a longer one is not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_follows_the_first_and_the_last_socket() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let mut first = world.connect(&alice).await;
    hello(&mut first).await;
    assert_eq!(first.until("status_change").await.0["data"]["status"], "online");
    let second = world.connect(&alice).await;
    second.vanish();
    first.vanish();
    world.until_presence(&alice, "offline").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_profile_reaches_everybody_in_the_form_for_them() {
    let world = World::start().await;
    let mut settings = (*world.app.settings.get()).clone();
    settings.show_email = false;
    world.app.settings.set(settings);
    let alice = world.person("alice", "system_user").await;
    let admin = world.person("admin", "system_admin system_user").await;
    let bob = world.person("bob", "system_user").await;
    let (near, far) = (world.person("near", "system_guest").await, world.person("far", "system_guest").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    channel_members::add(&world.app, &alice.actor, &channel.id, &[near.id]).await.unwrap();
    let mut clients = Vec::new();
    for person in [&alice, &admin, &bob, &near, &far] {
        let mut client = world.connect(person).await;
        hello(&mut client).await;
        clients.push(client);
    }
    let change = users::ProfileChange { nickname: Some("Al".to_owned()), ..users::ProfileChange::default() };
    users::update(&world.app, &alice.actor, &alice.id, change).await.unwrap();
    // Whose address and whose settings: the person's own, an administrator's view, a colleague's, a guest's.
    let forms = [(true, true), (true, false), (false, false), (false, false)];
    for (client, (address, settings)) in clients.iter_mut().zip(forms) {
        let user = client.until("user_updated").await.0["data"]["user"].clone();
        assert_eq!(user["nickname"], "Al");
        assert_eq!(user.to_string().contains("canary.example"), address, "{user}");
        assert_eq!(user["notify_props"] != json!({}), settings, "{user}");
    }
    mark(&world, &far, channel.id);
    let (_, before) = clients[4].until("ephemeral_message").await;
    assert_eq!(before, Vec::<String>::new(), "a guest does not hear of people in none of their channels");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_listeners_hear_every_post_of_a_burst() {
    let world = World::start().await;
    let alice = world.person("alice", "system_user").await;
    let channel = world.channel(&alice, "ops", ChannelKind::Public).await;
    let mut clients = Vec::new();
    for _ in 0..48 {
        let mut client = world.connect(&alice).await;
        hello(&mut client).await;
        clients.push(client);
    }
    let posts = 100;
    let listeners: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                for n in 0..posts {
                    assert_eq!(client.posted().await["message"], format!("{n}"));
                }
            })
        })
        .collect();
    for n in 0..posts {
        world.post(&alice, &channel, &format!("{n}")).await;
    }
    for listener in listeners {
        listener.await.unwrap();
    }
}

/// E-139: who was in a channel that was deleted for good hears of that, and nothing of a channel that comes under its id
/// later, unless they belong to that one.
#[tokio::test]
async fn members_of_a_deleted_channel_hear_nothing_of_the_next_one() {
    let world = World::start().await;
    let settings = rialto_app::Settings { enable_channel_deletion: true, ..rialto_app::Settings::default() };
    world.app.settings.set(settings);
    let admin = world.person("admin", "system_user system_admin").await;
    let alice = world.person("alice", "system_user").await;
    let (gone, other) = (
        world.channel(&admin, "gone", ChannelKind::Private).await,
        world.channel(&admin, "other", ChannelKind::Private).await,
    );
    for channel in [&gone, &other] {
        rialto_app::channel_members::add(&world.app, &admin.actor, &channel.id, &[alice.id]).await.unwrap();
    }
    let member = rialto_app::channel_members::get(&world.app, &admin.actor, &gone.id, &admin.id).await.unwrap();
    let mut client = world.connect(&alice).await;
    rialto_app::channel_removal::delete_permanently(&world.app, &admin.actor, &gone.id).await.unwrap();
    let (event, _) = client.until("channel_deleted").await;
    assert_eq!(event["data"]["channel_id"], gone.id.as_str());
    let mut tx = world.app.db.begin(world.app.clock.now()).await.unwrap();
    rialto_store::channels::insert(&mut tx, &gone).await.unwrap();
    rialto_store::channel_members::insert(&mut tx, &member).await.unwrap();
    tx.commit().await.unwrap();
    world.post(&admin, &gone, "not for her").await;
    world.post(&admin, &other, "for her").await;
    assert_eq!(client.posted().await["message"], "for her");
}
