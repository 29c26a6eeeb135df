//! What people do in any channel they do in a shared one, on both sides, public or private: the parity list.

use std::io::{Read, Write};

use rialto_testkit::client::text;
use rialto_testkit::socket::inner;
use rialto_testkit::{Client, Database, Organisation, SHORT, Socket, TestServer, both, connect, share, wait_for};
use serde_json::{Value, json};

/// One of the two sides of a shared channel.
struct Side<'a> {
    org: &'a Organisation,
    person: &'a Client,
    socket: &'a Socket,
}

/// SC-010: the list, on both sides and for both kinds of channels.
#[tokio::test]
async fn a_shared_channel_is_used_like_any_other() {
    both(async |database| {
        let (a, b) = (looking("acme", database).await, looking("globex", database).await);
        let web = web();
        let id = connect(&a, &b).await;
        let (anna, berta) = (a.member("anna").await, b.member("berta").await);
        let (hears_a, hears_b) = (anna.socket().await, berta.socket().await);
        for kind in ["O", "P"] {
            let channel = a.channel(&format!("ops-{}", kind.to_lowercase()), kind).await;
            a.join(&channel, &anna).await;
            share(&a, &channel, &id, &b).await;
            b.join(&channel, &berta).await;
            let copy = berta.channel(&channel).await.unwrap();
            assert_eq!(copy["type"], kind);
            let here = Side { org: &a, person: &anna, socket: &hears_a };
            let there = Side { org: &b, person: &berta, socket: &hears_b };
            for (one, other) in [(&here, &there), (&there, &here)] {
                messages(&channel, one, other).await;
                files(&channel, one, other).await;
                calls(&channel, one, other).await;
                own_view(&channel, one, other).await;
                threads(&channel, one, other).await;
                links(&channel, one, other).await;
                pages(&channel, one, other, &web).await;
                about_the_channel(&channel, one, other).await;
            }
        }
    })
    .await;
}

/// Text as it was written, replies, edits, reactions, pins, deletion.
async fn messages(channel: &str, one: &Side<'_>, other: &Side<'_>) {
    let name = one.org.name();
    let rich = format!(
        "# {name}\n* **bold** _it_ ~~gone~~\n\n| a | b |\n|---|---|\n| `x` | :rocket: |\n\n```rust\nfn f() {{}}\n```"
    );
    let written = text(&one.person.write(channel, &rich).await["id"]);
    assert_eq!(other.person.see(channel, &rich).await["id"], written.as_str(), "markdown is not touched");
    one.person.reply(channel, &written, &format!("{name} replies")).await;
    let reply = other.person.see(channel, &format!("{name} replies")).await;
    assert_eq!(reply["root_id"], written.as_str());
    let answer = other.person.reply(channel, &written, &format!("an answer to {name}")).await;
    one.person.see(channel, &format!("an answer to {name}")).await;
    let thread = one.person.get(&format!("/posts/{written}/thread")).await.ok();
    assert_eq!(thread["order"].as_array().unwrap().len(), 3, "{thread}");
    one.person.edit(&written, &format!("{name} edited")).await;
    assert!(other.person.see(channel, &format!("{name} edited")).await["edit_at"].as_i64().unwrap() > 0);
    let answer = text(&answer["id"]);
    one.person.react(&answer, "tada").await;
    other.person.see_reactions(&answer, &[(&one.person.id, "tada")]).await;
    one.person.unreact(&answer, "tada").await;
    other.person.see_reactions(&answer, &[]).await;
    for (word, pinned) in [("pin", true), ("unpin", false)] {
        one.person.post(&format!("/posts/{written}/{word}"), Value::Null).await.ok();
        wait_for(&format!("{word} on the other side"), SHORT, async || {
            let list = other.person.get(&format!("/channels/{channel}/pinned")).await.ok();
            (list["posts"].get(&written).is_some() == pinned).then_some(())
        })
        .await;
    }
    one.person.remove(&written).await;
    other.person.see_gone(channel, &format!("{name} edited")).await;
    other.person.see_gone(channel, &format!("{name} replies")).await;
}

/// A file beside a message, byte for byte.
async fn files(channel: &str, one: &Side<'_>, other: &Side<'_>) {
    let bytes: Vec<u8> = format!("from {} to {}", one.org.name(), other.org.name()).into_bytes();
    let uploaded = one.person.upload(channel, "plan.txt", bytes.clone()).await.ok();
    let file = text(&uploaded["file_infos"][0]["id"]);
    let message = format!("the plan of {}", one.org.name());
    let body = json!({"channel_id": channel, "message": message, "file_ids": [file]});
    one.person.post("/posts", body).await.ok();
    other.person.see(channel, &message).await;
    wait_for("the file on the other side", SHORT, async || {
        let answer = other.person.get(&format!("/files/{file}")).await;
        (answer.status == 200 && answer.bytes == bytes).then_some(())
    })
    .await;
}

/// One person is called by name, then everybody at once.
async fn calls(channel: &str, one: &Side<'_>, other: &Side<'_>) {
    let name = text(&one.person.get(&format!("/users/{}", other.person.id)).await.ok()["username"]);
    for call in [format!("@{name}"), "@channel".to_owned()] {
        let message = format!("{call} from {}", one.org.name());
        let written = one.person.write(channel, &message).await;
        let heard = other.socket.wait("posted", |event| inner(event, "post")["id"] == written["id"]).await;
        let called: Vec<String> =
            serde_json::from_str(heard["data"]["mentions"].as_str().unwrap_or("[]")).unwrap_or_default();
        assert!(called.contains(&other.person.id), "{message}: {heard}");
    }
}

/// What concerns nobody but oneself: search, unread, muted, favourite, saved.
async fn own_view(channel: &str, one: &Side<'_>, other: &Side<'_>) {
    let word = format!("zebra{}{}", one.org.name(), &channel[..5]);
    let written = text(&one.person.write(channel, &format!("a {word} crosses")).await["id"]);
    other.person.see(channel, &format!("a {word} crosses")).await;
    let reader = other.person;
    wait_for("the message to be found", SHORT, async || {
        let path = format!("/teams/{}/posts/search", other.org.team);
        let found = reader.post(&path, json!({"terms": word, "is_or_search": false})).await.ok();
        found["posts"].get(&written).map(drop)
    })
    .await;
    reader.post("/channels/members/me/view", json!({"channel_id": channel})).await.ok();
    let unread = reader.post(&format!("/users/me/posts/{written}/set_unread"), json!({})).await.ok();
    assert_eq!(unread["channel_id"], channel, "{unread}");
    let counts = reader.get(&format!("/users/me/channels/{channel}/unread")).await.ok();
    assert_eq!(counts["msg_count"], 1, "{counts}");

    let props = json!({"user_id": reader.id, "channel_id": channel, "mark_unread": "mention"});
    reader.put(&format!("/channels/{channel}/members/{}/notify_props", reader.id), props).await.ok();
    let member = reader.get(&format!("/channels/{channel}/members/me")).await.ok();
    assert_eq!(member["notify_props"]["mark_unread"], "mention", "muted");

    let mark =
        |category: &str, name: &str| json!({"user_id": reader.id, "category": category, "name": name, "value": "true"});
    let marks = json!([mark("favorite_channel", channel), mark("flagged_post", &written)]);
    reader.put(&format!("/users/{}/preferences", reader.id), marks).await.ok();
    let categories = reader.get(&format!("/users/me/teams/{}/channels/categories", other.org.team)).await.ok();
    let favourites =
        categories["categories"].as_array().unwrap().iter().find(|one| one["type"] == "favorites").unwrap();
    assert!(favourites["channel_ids"].as_array().unwrap().contains(&json!(channel)), "{categories}");
    let saved = reader.get("/users/me/posts/flagged").await.ok();
    assert!(saved["posts"].get(&written).is_some(), "{saved}");
}

/// Whoever answers a message of the other side follows its thread: what comes next is unread and told, until they have read
/// it, or want to hear no more.
async fn threads(channel: &str, one: &Side<'_>, other: &Side<'_>) {
    let (name, reader) = (one.org.name(), other.person);
    let root = text(&one.person.write(channel, &format!("{name} begins a thread")).await["id"]);
    reader.see(channel, &format!("{name} begins a thread")).await;
    reader.reply(channel, &root, &format!("an answer to the thread of {name}")).await;
    one.person.see(channel, &format!("an answer to the thread of {name}")).await;
    let list = format!("/users/me/teams/{}/threads", other.org.team);
    let path = format!("{list}/{root}");
    assert_eq!(reader.get(&path).await.ok()["unread_replies"], 0, "one's own answer is no news");
    let theirs = format!("/users/me/teams/{}/threads/{root}", one.org.team);
    assert_eq!(one.person.get(&theirs).await.ok()["unread_replies"], 1, "whoever began it follows at home");

    let said = one.person.reply(channel, &root, &format!("{name} goes on")).await;
    let news = |event: &Value| {
        let thread = inner(event, "thread");
        thread["id"] == root.as_str() && thread["reply_count"] == 2 && thread["unread_replies"] == 1
    };
    other.socket.wait("thread_updated", news).await;
    let unread = async || {
        let found = reader.get(&format!("{list}?unread=true")).await.ok();
        let all = found["threads"].as_array().unwrap().clone();
        all.into_iter().find(|thread| thread["id"] == root.as_str()).map(|thread| thread["unread_replies"].clone())
    };
    assert_eq!(unread().await, Some(json!(1)));
    let read = reader.put(&format!("{path}/read/{}", said["create_at"]), Value::Null).await.ok();
    assert_eq!(read["unread_replies"], 0, "{read}");
    other.socket.wait("thread_read_changed", |event| event["data"]["thread_id"] == root.as_str()).await;
    assert_eq!(unread().await, None);

    reader.delete(&format!("{path}/following")).await.ok();
    let left = |event: &Value| event["data"]["thread_id"] == root.as_str() && event["data"]["state"] == false;
    other.socket.wait("thread_follow_changed", left).await;
    one.person.reply(channel, &root, &format!("{name} says more")).await;
    reader.see(channel, &format!("{name} says more")).await;
    assert_eq!(reader.get(&path).await.status, 404, "no more of it");
    assert_eq!(unread().await, None);
}

/// A link to a message, and the same link handed on to another channel, which is how clients forward.
async fn links(channel: &str, one: &Side<'_>, other: &Side<'_>) {
    let target = text(&one.person.write(channel, &format!("{} is linked to", one.org.name())).await["id"]);
    other.person.see(channel, &format!("{} is linked to", one.org.name())).await;
    let link = |side: &Side<'_>| format!("{}/{}/pl/{target}", side.org.server.url(), side.org.name());
    one.person.write(channel, &format!("see {}", link(one))).await;
    other.person.see(channel, &format!("see {}", link(other))).await;
    let info = other.person.get(&format!("/posts/{target}/info")).await.ok();
    assert_eq!((&info["channel_id"], &info["has_joined_channel"]), (&json!(channel), &json!(true)), "{info}");
    let town = &other.org.town;
    let handed_on = format!("look at {}", link(other));
    other.person.write(town, &handed_on).await;
    other.person.see(town, &handed_on).await;
}

/// A server that looks at pages of this machine.
async fn looking(name: &str, database: Database) -> Organisation {
    let server = TestServer::new(name, database).await;
    let server = server.with("MM_SERVICESETTINGS_ENABLELINKPREVIEWS", "true");
    Organisation::found(server.with("MM_SERVICESETTINGS_ALLOWEDUNTRUSTEDINTERNALCONNECTIONS", "127.0.0.1")).await
}

/// A site whose pages are called after their paths; its address.
fn web() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 2_048];
            let length = stream.read(&mut bytes).unwrap_or_default();
            let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let page = format!("<title>The page {path}</title>");
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}", page.len());
            let _ = stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n{page}").as_bytes());
        }
    });
    address
}

/// What a page says of itself is found out by each side for itself (behaviour 4.9), told to whoever is there, and shown to
/// whoever comes later.
async fn pages(channel: &str, one: &Side<'_>, other: &Side<'_>, web: &str) {
    let path = format!("/{channel}/{}", one.org.name());
    let message = format!("read {web}{path}, it is good");
    let written = text(&one.person.write(channel, &message).await["id"]);
    other.person.see(channel, &message).await;
    let shows = |post: &Value| {
        let embed = &post["metadata"]["embeds"][0];
        embed["type"] == "opengraph" && embed["data"]["title"] == format!("The page {path}").as_str()
    };
    for side in [one, other] {
        let told = |event: &Value| inner(event, "post")["id"] == written.as_str() && shows(&inner(event, "post"));
        side.socket.wait("post_edited", told).await;
        let found = side.person.get(&format!("/posts/{written}")).await.ok();
        assert!(shows(&found) && found["edit_at"] == 0, "{found}");
    }
}

/// Header and purpose are each side's own; the emoji picker has the same list as anywhere.
async fn about_the_channel(channel: &str, one: &Side<'_>, other: &Side<'_>) {
    let before = other.org.admin.channel(channel).await.unwrap();
    let (header, purpose) = (format!("header of {}", one.org.name()), format!("purpose of {}", one.org.name()));
    let change = json!({"header": header, "purpose": purpose});
    let changed = one.org.admin.put(&format!("/channels/{channel}/patch"), change).await.ok();
    assert_eq!((&changed["header"], &changed["purpose"]), (&json!(header), &json!(purpose)));
    one.person.write(channel, &header).await;
    other.person.see(channel, &header).await;
    let after = other.org.admin.channel(channel).await.unwrap();
    assert_eq!((&after["header"], &after["purpose"]), (&before["header"], &before["purpose"]));
    assert!(one.person.get("/emoji?page=0&per_page=60").await.ok().is_array());
}
