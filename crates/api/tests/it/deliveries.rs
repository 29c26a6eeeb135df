//! How messages fared, as clients ask for it (behaviour 8.3).

use rialto_app::channel_members;
use rialto_app::connections::{self, NewConnection};
use rialto_app::outbox::{self, Delivered, Item};
use rialto_app::shares::{self, Invitation};
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::World;

/// Behaviour 8.3, M-18: the author asks for one message or for many, and hears of changes; others do neither.
#[tokio::test]
async fn an_author_asks_how_a_message_fared() {
    let world = World::start().await;
    let mut settings = world.app.settings.get().as_ref().clone();
    settings.workspaces.enable_shared_channels = true;
    world.app.settings.set(settings);
    let admin = world.person("admin", "system_admin system_user").await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let channel = world.channel(&admin, "ops", ChannelKind::Public).await;
    for person in [&alice, &bob] {
        channel_members::add(&world.app, &admin.actor, &channel.id, &[person.id]).await.unwrap();
    }
    let alone = world.post(&alice, &channel, "nobody else reads this").await;
    let path = |post: &rialto_model::Post| format!("/posts/{}/deliveries", post.id);
    let nobody = json!({"post_id": alone.id, "ticks": 0, "organisations": []});
    assert_eq!(world.get(&alice, &path(&alone)).await, nobody);

    let fresh = connections::fresh_invite(&world.app, world.app.ids.id(rialto_model::RemoteId::from_random));
    let new = NewConnection { name: "acme".to_owned(), display_name: "Acme".to_owned(), ..NewConnection::default() };
    let remote = connections::create(&world.app, &admin.actor, new, &fresh).await.unwrap();
    shares::invite(&world.app, &admin.actor, &channel.id, &remote.id, Invitation::default()).await.unwrap();
    world.app.clock.advance(10);
    let said = world.post(&alice, &channel, "hello").await;
    let mut ears = world.connect(&alice).await;
    let of = |state: &str, code: &str, reason: &str| {
        json!({"post_id": said.id, "ticks": 0, "organisations": [
            {"organisation": "Acme", "state": state, "code": code, "reason": reason, "online": false}]})
    };
    assert_eq!(world.get(&alice, &path(&said)).await, of("waiting", "", ""));
    let refused = Delivered { refused_for: vec![(Item::Post(said.id), "read_only")], ..Delivered::default() };
    outbox::delivered(&world.app, &remote.id, &channel.id, &refused).await.unwrap();
    let (event, _) = ears.until("rialto_post_deliveries").await;
    assert_eq!(event["data"], json!({"channel_id": channel.id, "post_ids": [said.id]}));
    assert_eq!(world.get(&alice, &path(&said)).await, of("refused", "read_only", "the channel is read-only there"));
    let ids = json!([alone.id, said.id]);
    let many = world.call(&alice, "POST", "/posts/deliveries", ids.clone()).await.json(200);
    assert_eq!(many, json!([of("refused", "read_only", "the channel is read-only there")]));

    assert_eq!(
        world.call(&bob, "GET", &path(&said), Value::Null).await.error(403),
        "api.context.permissions.app_error"
    );
    assert_eq!(world.call(&bob, "POST", "/posts/deliveries", ids).await.json(200), json!([]));
    let wrong = world.call(&alice, "POST", "/posts/deliveries", json!(["x"])).await;
    assert_eq!(wrong.error(400), "api.context.invalid_body_param.app_error");
}
