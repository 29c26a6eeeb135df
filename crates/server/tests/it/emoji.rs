//! Custom emoji over HTTP and the websocket, of one server and of two (client-api 5.6, behaviour 8.2).

use rialto_testkit::client::{Answer, text};
use rialto_testkit::socket::inner;
use rialto_testkit::{Client, Organisation, SHORT, TestServer, both, connect, share, wait_for};
use serde_json::{Value, json};

/// The smallest picture there is: one red dot.
const DOT: &[u8] = &[
    0x42, 0x4d, 0x3a, 0, 0, 0, 0, 0, 0, 0, 0x36, 0, 0, 0, 0x28, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x18, 0, 0, 0,
    0, 0, 4, 0, 0, 0, 0x13, 0x0b, 0, 0, 0x13, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0,
];

async fn send(client: &Client, emoji: Value, bytes: &[u8]) -> Answer {
    client.send_emoji(&emoji, bytes.to_vec()).await
}

async fn make(client: &Client, name: &str) -> Value {
    send(client, json!({"name": name, "creator_id": client.id}), DOT).await.ok()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

/// Client-api 5.6: made, told, found in every way, shown, and taken away; refused with Mattermost's ids.
#[tokio::test]
async fn emoji_are_made_and_found_as_clients_do() {
    both(async |database| {
        let org = Organisation::found(TestServer::new("acme", database).await).await;
        let (ann, bob) = (org.member("ann").await, org.member("bob").await);
        let listener = bob.socket().await;
        let parrot = make(&ann, "party_parrot").await;
        let id = text(&parrot["id"]);
        assert_eq!((&parrot["name"], &parrot["creator_id"]), (&json!("party_parrot"), &json!(ann.id)));
        assert!(parrot["create_at"].as_i64() > Some(0) && parrot["delete_at"] == 0, "{parrot}");
        let told = listener.wait("emoji_added", |_| true).await;
        assert_eq!(inner(&told, "emoji"), parrot);
        let zebra = make(&bob, "Zebra").await;

        assert_eq!(names(&bob.get("/emoji").await.ok()), ["party_parrot", "Zebra"]);
        assert_eq!(names(&bob.get("/emoji?sort=name&per_page=1&page=1").await.ok()), ["party_parrot"]);
        assert_eq!(bob.get(&format!("/emoji/{id}")).await.ok(), parrot);
        assert_eq!(bob.get("/emoji/name/party_parrot").await.ok(), parrot);
        assert_eq!(bob.post("/emoji/names", json!(["Zebra", "none"])).await.ok(), json!([zebra]));
        assert_eq!(names(&bob.post("/emoji/search", json!({"term": "ZEB"})).await.ok()), ["Zebra"]);
        let prefix = json!({"term": "parrot", "prefix_only": true});
        assert_eq!(bob.post("/emoji/search", prefix).await.ok(), json!([]));
        assert_eq!(names(&bob.get("/emoji/autocomplete?name=par").await.ok()), ["party_parrot"]);
        let picture = bob.get(&format!("/emoji/{id}/image")).await;
        assert!(picture.status == 200 && picture.bytes.starts_with(b"\x89PNG"), "made anew: {picture}");
        assert_eq!(picture.header("content-type"), "image/png");
        assert_eq!(picture.header("cache-control"), "max-age=2592000, private");
        let config = bob.get("/config/client?format=old").await.ok();
        assert_eq!(config["EnableCustomEmoji"], "true");

        let wanted = |name: &str| json!({"name": name, "creator_id": bob.id});
        send(&bob, wanted("party_parrot"), DOT).await.refused(400, "api.emoji.create.duplicate.app_error");
        send(&bob, wanted("rocket"), DOT).await.refused(400, "model.emoji.system_emoji_name.app_error");
        send(&bob, wanted("a b"), DOT).await.refused(400, "model.emoji.name.app_error");
        send(&bob, wanted("heron"), b"<svg/>").await.refused(400, "api.emoji.upload.image.app_error");
        send(&bob, wanted("heron"), &vec![7; (512 << 10) + 1])
            .await
            .refused(413, "api.emoji.create.too_large.app_error");
        let others = json!({"name": "heron", "creator_id": ann.id});
        send(&bob, others, DOT).await.refused(403, "api.emoji.create.other_user.app_error");
        send(&bob, json!(7), DOT).await.refused(400, "api.context.invalid_body_param.app_error");
        bob.post("/emoji", json!({"name": "heron"})).await.refused(400, "api.emoji.create.parse.app_error");
        let many: Vec<String> = (0..201).map(|n| format!("n{n}")).collect();
        bob.post("/emoji/names", json!(many))
            .await
            .refused(400, "api.emoji.get_multiple_by_name_too_many.request_error");
        bob.post("/emoji/search", json!({})).await.refused(400, "api.context.invalid_body_param.app_error");
        bob.get("/emoji?sort=age").await.refused(400, "api.context.invalid_url_param.app_error");
        bob.get("/emoji/name/heron").await.refused(404, "app.emoji.get_by_name.no_result");

        bob.delete(&format!("/emoji/{id}")).await.refused(403, "api.context.permissions.app_error");
        ann.delete(&format!("/emoji/{id}")).await.ok();
        listener.wait("rialto_emoji_removed", |event| event["data"]["name"] == "party_parrot").await;
        bob.get(&format!("/emoji/{id}")).await.refused(404, "app.emoji.get.no_result");
        bob.get(&format!("/emoji/{id}/image")).await.refused(404, "app.emoji.get.no_result");
        org.admin.delete(&format!("/emoji/{}", text(&zebra["id"]))).await.ok();
        assert_eq!(bob.get("/emoji").await.ok(), json!([]));

        let off = json!({"ServiceSettings": {"EnableCustomEmoji": false}});
        org.admin.put("/config/patch", off).await.ok();
        bob.get("/emoji").await.refused(501, "api.emoji.disabled.app_error");
        send(&bob, wanted("heron"), DOT).await.refused(501, "api.emoji.disabled.app_error");
        assert_eq!(bob.get("/config/client?format=old").await.ok()["EnableCustomEmoji"], "false");
    })
    .await;
}

/// E-149, behaviour 8.2: between two servers, seen in the shared channel, told by an event, and gone when it is gone.
#[tokio::test]
async fn emoji_of_another_organisation_are_seen_in_its_channel() {
    const SYNC: &str = "MM_CONNECTEDWORKSPACESSETTINGS_ENABLEEMOJISYNC";
    both(async |database| {
        let a = Organisation::found(TestServer::new("acme", database).await.with(SYNC, "true")).await;
        let b = Organisation::found(TestServer::new("globex", database).await.with(SYNC, "true")).await;
        let remote = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &remote, &b).await;
        let berta = b.member_of(&ops, "berta").await;
        let outsider = b.member("olga").await;
        let listener = berta.socket().await;
        let parrot = make(&anna, "party_parrot").await;
        let path = format!("/channels/{ops}/peer_emoji");
        assert_eq!(berta.get(&path).await.ok(), json!([]));
        anna.write(&ops, "look :party_parrot:").await;
        let told = listener.wait("rialto_peer_emoji_changed", |_| true).await;
        assert_eq!(told["broadcast"]["channel_id"], ops.as_str());
        let list = berta.get(&path).await.ok();
        let [theirs] = list.as_array().unwrap().as_slice() else { panic!("{list}") };
        assert_eq!((&theirs["name"], &theirs["remote_id"]), (&json!("party_parrot"), &json!(remote)));
        assert_eq!(theirs["organisation"], "acme org");
        let image = format!("{path}/{}/image", text(&theirs["id"]));
        assert!(berta.get(&image).await.bytes.starts_with(b"\x89PNG"));
        assert_eq!(berta.get("/emoji").await.ok(), json!([]), "none of its own");
        berta.get("/emoji/name/party_parrot").await.refused(404, "app.emoji.get_by_name.no_result");
        let town = format!("/channels/{}/peer_emoji", b.town);
        assert_eq!(outsider.get(&town).await.ok(), json!([]), "only where it is shared");
        let elsewhere = format!("{town}/{}/image", text(&theirs["id"]));
        outsider.get(&elsewhere).await.refused(404, "app.emoji.get.no_result");

        anna.delete(&format!("/emoji/{}", text(&parrot["id"]))).await.ok();
        wait_for("the emoji to go", SHORT, async || (berta.get(&path).await.ok() == json!([])).then_some(())).await;
        assert_eq!(berta.get(&image).await.status, 404);
    })
    .await;
}
