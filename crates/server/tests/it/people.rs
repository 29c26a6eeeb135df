//! Pictures and acknowledgements as clients use them, over HTTP and the websocket (client-api 5.1, 5.5, 9.5).

use rialto_testkit::client::{Answer, text};
use rialto_testkit::socket::inner;
use rialto_testkit::{Client, Method, Organisation, TestServer, both};
use serde_json::json;

/// The smallest picture there is: one red dot.
const DOT: &[u8] = &[
    0x42, 0x4d, 0x3a, 0, 0, 0, 0, 0, 0, 0, 0x36, 0, 0, 0, 0x28, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x18, 0, 0, 0,
    0, 0, 4, 0, 0, 0, 0x13, 0x0b, 0, 0, 0x13, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0,
];

async fn send(client: &Client, user: &str, part: &str, bytes: &[u8]) -> Answer {
    client.send_picture(user, part, bytes.to_vec()).await
}

/// SC-009: initials until there is a picture, then the picture, made anew, then initials again; others are told by
/// `user_updated` with a new `last_picture_update`.
#[tokio::test]
async fn a_picture_takes_the_place_of_initials() {
    both(async |database| {
        let org = Organisation::found(TestServer::new("acme", database).await).await;
        let (ann, bob) = (org.member("ann").await, org.member("bob").await);
        let listener = bob.socket().await;
        let path = format!("/users/{}/image", ann.id);
        let initials = bob.get(&path).await;
        assert_eq!((initials.status, initials.header("content-type")), (200, "image/svg+xml"));
        assert!(ann.get("/users/me").await.ok().get("last_picture_update").is_none());

        send(&ann, "me", "image", DOT).await.ok();
        let told = listener.wait("user_updated", |event| event["data"]["user"]["id"] == ann.id.as_str()).await;
        let stamp = told["data"]["user"]["last_picture_update"].as_i64().unwrap();
        assert_eq!(bob.get(&format!("/users/{}", ann.id)).await.ok()["last_picture_update"], stamp);
        let picture = bob.get(&path).await;
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
        assert!(picture.bytes.starts_with(b"\x89PNG") && picture.header("cache-control").contains("private"));
        assert_eq!(bob.get(&format!("{path}/default")).await.header("content-type"), "image/svg+xml");
        let again =
            bob.request(Method::GET, &path).header("If-None-Match", picture.header("etag")).send().await.unwrap();
        assert_eq!(again.status().as_u16(), 304);

        send(&bob, &ann.id, "image", DOT).await.refused(403, "api.context.permissions.app_error");
        send(&ann, "me", "photo", DOT).await.refused(400, "api.user.upload_profile_user.no_file.app_error");
        send(&ann, "me", "image", b"<svg/>").await.refused(400, "api.user.upload_profile_user.decode.app_error");
        assert_eq!(bob.get(&path).await.bytes, picture.bytes);
        ann.delete("/users/me/image").await.ok();
        assert_eq!(bob.get(&path).await.header("content-type"), "image/svg+xml");
    })
    .await;
}

/// SC-013, E-148: the priority of a message and who acknowledged it, in the message and in events.
#[tokio::test]
async fn urgent_messages_are_acknowledged() {
    both(async |database| {
        let org = Organisation::found(TestServer::new("acme", database).await).await;
        let (ann, bob) = (org.member("ann").await, org.member("bob").await);
        let channel = org.channel("plans", "O").await;
        for person in [&ann, &bob] {
            org.join(&channel, person).await;
        }
        let listener = ann.socket().await;
        let asks = json!({"priority": "urgent", "requested_ack": true, "persistent_notifications": false});
        let body = json!({"channel_id": channel, "message": "fire", "metadata": {"priority": asks}});
        let post = ann.post("/posts", body.clone()).await.ok();
        assert_eq!(post["metadata"]["priority"], asks);
        let id = text(&post["id"]);
        let posted = listener.wait("posted", |event| inner(event, "post")["id"] == id.as_str()).await;
        assert_eq!(inner(&posted, "post")["metadata"]["priority"], asks);
        let reply = json!({"channel_id": channel, "message": "no", "root_id": id, "metadata": {"priority": asks}});
        assert_eq!(ann.post("/posts", reply).await.status, 400);
        let odd = json!({"channel_id": channel, "message": "no", "metadata": {"priority": {"priority": "panic"}}});
        assert_eq!(ann.post("/posts", odd).await.status, 400);

        let path = format!("/users/{}/posts/{id}/ack", bob.id);
        let ack = bob.post(&path, json!({})).await.ok();
        assert_eq!((ack["user_id"].as_str(), ack["post_id"].as_str()), (Some(bob.id.as_str()), Some(id.as_str())));
        assert!(ack["acknowledged_at"].as_i64() > Some(0) && ack["channel_id"] == channel.as_str(), "{ack}");
        let added = listener.wait("post_acknowledgement_added", |_| true).await;
        assert_eq!(inner(&added, "acknowledgement"), ack);
        assert_eq!(ann.get(&format!("/posts/{id}")).await.ok()["metadata"]["acknowledgements"], json!([ack]));
        assert_eq!(ann.post(&path, json!({})).await.status, 403, "for oneself only");
        bob.delete(&path).await.ok();
        let removed = listener.wait("post_acknowledgement_removed", |_| true).await;
        assert_eq!(inner(&removed, "acknowledgement")["acknowledged_at"], 0);
        assert_eq!(bob.delete(&path).await.status, 404);
        assert!(ann.get(&format!("/posts/{id}")).await.ok()["metadata"].get("acknowledgements").is_none());
    })
    .await;
}
