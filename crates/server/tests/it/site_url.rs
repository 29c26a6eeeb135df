//! Two servers at site URLs of their own: at the root, and each under a path, as behind a shared reverse proxy.

use rialto_testkit::client::text;
use rialto_testkit::{Database, Organisation, TestServer, both, connect, share};
use serde_json::json;

async fn at(name: &str, path: &str, database: Database) -> Organisation {
    Organisation::found(TestServer::new(name, database).await.under(path)).await
}

/// SC-003, E-018, SC-096: connecting, sharing, posts, reactions, files and links between sites under different paths.
#[tokio::test]
async fn sites_under_a_path_share_as_sites_at_the_root_do() {
    both(async |database| {
        everything(&at("acme", "/chat", database).await, &at("globex", "/team/talk", database).await).await
    })
    .await;
}

/// SC-096: links between sites at the root.
#[tokio::test]
async fn sites_at_the_root_share() {
    both(async |database| everything(&at("acme", "", database).await, &at("globex", "", database).await).await).await;
}

async fn everything(a: &Organisation, b: &Organisation) {
    let id = connect(a, b).await;
    for (one, other) in [(a, b), (b, a)] {
        let row = rialto_testkit::table::rows(&one.command("/secure-connection status").await).remove(0);
        assert_eq!(row["Connection URL"], other.server.url(), "path and all");
    }
    let ops = a.channel("ops", "O").await;
    let anna = a.member_of(&ops, "anna").await;
    share(a, &ops, &id, b).await;
    let berta = b.member_of(&ops, "berta").await;

    let target = text(&anna.write(&ops, "the target").await["id"]);
    berta.see(&ops, "the target").await;
    berta.react(&target, "tada").await;
    anna.see_reactions(&target, &[(&berta.id, "tada")]).await;
    let file = berta.upload(&ops, "plan.txt", b"a plan".to_vec()).await.ok();
    let file = text(&file["file_infos"][0]["id"]);
    berta.post("/posts", json!({"channel_id": ops, "message": "with a plan", "file_ids": [file]})).await.ok();
    anna.see(&ops, "with a plan").await;
    rialto_testkit::wait_for("the file", rialto_testkit::SHORT, async || {
        let got = anna.get(&format!("/files/{file}")).await;
        (got.status == 200 && got.bytes == b"a plan").then_some(())
    })
    .await;

    // A link to a shared message opens on the reader's own server, whichever side wrote it and whose site it names.
    let link = |org: &Organisation, post: &str| format!("{}/{}/pl/{post}", org.server.url(), org.name());
    anna.write(&ops, &format!("see {} please", link(a, &target))).await;
    berta.see(&ops, &format!("see {} please", link(b, &target))).await;
    berta.write(&ops, &format!("do you mean {}?", link(b, &target))).await;
    anna.see(&ops, &format!("do you mean {}?", link(a, &target))).await;
    // One to something that is not shared stays as it was typed.
    let private = a.channel("private", "P").await;
    let secret = text(&a.admin.write(&private, "not for Globex").await["id"]);
    anna.write(&ops, &format!("and {}", link(a, &secret))).await;
    let seen = berta.see(&ops, &format!("and {}", link(a, &secret))).await;
    assert!(!seen.to_string().contains("not for Globex"), "{seen}");

    // Cookies and sockets are where the site is.
    let socket = anna.socket().await;
    berta.write(&ops, "over the socket").await;
    socket.wait("posted", |event| event["data"]["post"].as_str().unwrap().contains("over the socket")).await;
}
