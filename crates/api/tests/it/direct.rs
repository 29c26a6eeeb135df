//! Direct messages over servers as clients meet them: whether one can be written, what it looks like, what refuses it
//! (client-api 6.1 and 11, E-145).

use axum::http::{Method, StatusCode};
use rialto_model::{Channel, ChannelId};
use serde_json::{Value, json};

use crate::command_refusals::contains;
use crate::dialogue::{connect, copy};
use crate::loopback::{Net, Organisation, Person};

async fn towns(a: &Organisation, b: &Organisation) -> (Channel, Channel) {
    (a.channel("town").await, b.channel("town").await)
}

async fn can_dm(organisation: &Organisation, who: &Person, other: &Person) -> bool {
    let path = format!("/sharedchannels/users/me/can_dm/{}", other.id);
    let (status, answer) = organisation.call(who, Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["can_dm"].as_bool().unwrap()
}

async fn flag(organisation: &Organisation, who: &Person) -> Value {
    let (_, config) = organisation.call(who, Method::GET, "/config/client?format=old", None).await;
    config["FeatureFlagEnableSharedChannelsDMs"].clone()
}

async fn write(organisation: &Organisation, who: &Person, channel: &ChannelId, text: &str) -> (StatusCode, Value) {
    let body = json!({ "channel_id": channel, "message": text });
    organisation.call(who, Method::POST, "/posts", Some(body)).await
}

#[tokio::test]
async fn two_people_of_two_servers_write_to_each_other() {
    let net = Net::default();
    let a = Organisation::start(&net, "acme-us", 1).await;
    let b = Organisation::start(&net, "acme-eu", 2).await;
    let (town_a, town_b) = towns(&a, &b).await;
    let id = connect(&a, &b, (&town_a, &town_b)).await;
    let ops = a.channel("ops").await;
    a.command(&ops, &format!("/share-channel invite --connectionID {id}")).await;
    b.until("the copy is there", async || copy(&b, &ops.id).await.is_some_and(|copy| copy.shared)).await;
    let (ann, bob) = (&a.admin, &b.admin);
    a.until("Bob is known", async || can_dm(&a, ann, bob).await).await;
    assert_eq!((flag(&a, ann).await, flag(&b, bob).await), (json!("true"), json!("true")));

    let pair = Some(json!([ann.id, bob.id]));
    let (status, channel) = a.call(ann, Method::POST, "/channels/direct", pair.clone()).await;
    assert_eq!((status, &channel["type"], &channel["shared"]), (StatusCode::CREATED, &json!("D"), &json!(true)));
    let direct = ChannelId::parse(channel["id"].as_str().unwrap()).unwrap();
    let (status, said) = write(&a, ann, &direct, "hello Bob").await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    let path = format!("/posts/{}", said["id"].as_str().unwrap());
    b.until("Bob reads it", async || b.call(bob, Method::GET, &path, None).await.0 == StatusCode::OK).await;
    let (_, there) = b.call(bob, Method::GET, &format!("/channels/{direct}"), None).await;
    assert_eq!((&there["name"], &there["shared"], &there["team_id"]), (&channel["name"], &json!(true), &json!("")));
    let (_, remotes) = a.call(ann, Method::GET, &format!("/sharedchannels/{direct}/remotes"), None).await;
    assert_eq!(remotes[0]["display_name"], "Acme Europe");

    // Nobody manages it, but everybody may know with whom it is (E-145).
    let row = copy(&a, &direct).await.unwrap();
    contains(
        &a.command(&row, "/share-channel status").await,
        &["nothing to share", "**Acme Europe** (connected; active"],
    );
    contains(&a.command(&row, "/share-channel unshare").await, &["nothing to share"]);

    // Switched off while the server runs: clients are told, and nothing more is taken.
    b.set(|settings| settings.workspaces.direct_messages = false);
    assert_eq!(flag(&b, bob).await, json!("false"));
    assert!(!can_dm(&b, bob, ann).await);
    let (status, refused) = write(&b, bob, &direct, "hello?").await;
    assert_eq!((status, &refused["id"]), (StatusCode::FORBIDDEN, &json!("api.context.permissions.app_error")));
    assert!(refused["message"].as_str().unwrap().contains("switched off here"), "{refused}");
    b.set(|settings| settings.workspaces.direct_messages = true);
    assert_eq!(write(&b, bob, &direct, "hello Ann").await.0, StatusCode::CREATED);

    // After the connection it can be read, and a new one is refused.
    a.command(&town_a, &format!("/secure-connection remove {id}")).await;
    assert!(!can_dm(&a, ann, bob).await);
    let (status, refused) = write(&a, ann, &direct, "are you there?").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(refused["message"].as_str().unwrap().contains("the connection with Acme Europe has ended"), "{refused}");
    assert_eq!(a.call(ann, Method::POST, "/channels/direct", pair).await.0, StatusCode::CREATED, "the old one");
    let cem = a.person("cem", "system_user").await;
    let (status, refused) = a.call(&cem, Method::POST, "/channels/direct", Some(json!([cem.id, bob.id]))).await;
    let wanted = "api.channel.create_channel.direct_channel.remote_restricted.app_error";
    assert_eq!((status, &refused["id"]), (StatusCode::BAD_REQUEST, &json!(wanted)), "{refused}");
}
