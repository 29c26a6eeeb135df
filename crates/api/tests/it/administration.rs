//! What administrators do to everybody at once (client-api 7.6).

use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::World;

const ADMIN: &str = "system_admin system_user";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_signed_out_at_once() {
    let world = World::start().await;
    let (admin, bob) = (world.person("admin", ADMIN).await, world.person("bob", "system_user").await);
    let path = "/users/sessions/revoke/all";
    world.call(&bob, "POST", path, Value::Null).await.error(403);
    let mut socket = world.connect(&bob).await;
    assert_eq!(socket.event().await["event"], "hello");
    world.call(&admin, "POST", path, Value::Null).await.json(200);
    socket.closed().await;
    for person in [&admin, &bob] {
        world.call(person, "GET", "/users/me", Value::Null).await.error(401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_failed_too_often_may_try_again() {
    let world = World::start().await;
    let (admin, bob) = (world.person("admin", ADMIN).await, world.person("bob", "system_user").await);
    let body = json!({"new_password": "Passw0rd-of-bob"});
    world.call(&admin, "PUT", &format!("/users/{}/password", bob.id), body).await.json(200);
    let login = |password: &str| json!({"login_id": "bob", "password": password});
    for _ in 0..10 {
        world.call(&bob, "POST", "/users/login", login("wrong-Passw0rd")).await.error(401);
    }
    world.call(&bob, "POST", "/users/login", login("Passw0rd-of-bob")).await.error(401);
    let path = format!("/users/{}/reset_failed_attempts", bob.id);
    world.call(&bob, "POST", &path, Value::Null).await.error(401);
    let bob = world.sign_in(bob.id).await;
    world.call(&bob, "POST", &path, Value::Null).await.error(403);
    world.call(&admin, "POST", &path, Value::Null).await.json(200);
    world.call(&bob, "POST", "/users/login", login("Passw0rd-of-bob")).await.json(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_channels_of_a_team_are_listed_for_administrators() {
    let world = World::start().await;
    let (admin, bob) = (world.person("admin", ADMIN).await, world.person("bob", "system_user").await);
    world.channel(&bob, "open", ChannelKind::Public).await;
    let secret = world.channel(&bob, "secret", ChannelKind::Private).await;
    let path = format!("/teams/{}/channels/private", world.team);
    world.call(&bob, "GET", &path, Value::Null).await.error(403);
    let found = world.get(&admin, &path).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["id"], json!(secret.id));
}
