//! Being reminded of a message (client-api 5.5).

use rialto_app::post_reminders;
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::{World, inner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_told_that_and_then_reminded() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&alice, "ops", ChannelKind::Private).await;
    let post = world.post(&alice, &channel, "the plan").await;
    let mut socket = world.connect(&alice).await;
    socket.event().await;
    let path = format!("/users/me/posts/{}/reminder", post.id);
    let at = world.app.clock.now().0 / 1000 + 60;
    let answer = world.call(&alice, "POST", &path, json!({"target_time": at})).await.json(200);
    assert_eq!(answer, json!({"status": "OK"}));
    let (event, _) = socket.until("ephemeral_message").await;
    assert_eq!(inner(&event, "post")["channel_id"], json!(channel.id));
    world.app.clock.advance(61_000);
    post_reminders::remind(&world.app).await.unwrap();
    let told = socket.posted().await;
    assert_eq!((&told["type"], &told["props"]["post_id"]), (&json!("reminder"), &json!(post.id)));
    assert_eq!((&told["props"]["team_name"], &told["props"]["username"]), (&json!("team"), &json!("alice")));

    let later = json!({"target_time": at + 600});
    assert_eq!(world.call(&bob, "POST", &path, later.clone()).await.error(403), "api.context.permissions.app_error");
    let of_alice = format!("/users/{}/posts/{}/reminder", alice.id, post.id);
    assert_eq!(world.call(&bob, "POST", &of_alice, later).await.error(403), "api.context.permissions.app_error");
    for body in [json!({"target_time": 1}), json!({}), Value::Null] {
        let refused = world.call(&alice, "POST", &path, body).await;
        assert_eq!(refused.error(400), "api.context.invalid_body_param.app_error");
    }
}
