//! Files between real servers: byte-identical, whatever dies meanwhile, and readable with the other side switched off.

use rialto_testkit::client::{Answer, text};
use rialto_testkit::digest::Digest;
use rialto_testkit::{Client, Method, Organisation, SHORT, TestServer, both, connect, share, wait_for};
use serde_json::{Value, json};

/// Bytes that differ everywhere.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

async fn download(who: &Client, file: &str) -> Answer {
    who.get(&format!("/files/{file}")).await
}

async fn post(who: &Client, channel: &str, message: &str, files: &[&str]) -> Value {
    who.post("/posts", json!({"channel_id": channel, "message": message, "file_ids": files})).await.ok()
}

async fn found(name: &str, database: rialto_testkit::Database) -> Organisation {
    Organisation::found(TestServer::new(name, database).await).await
}

/// SC-006, SC-014.
#[tokio::test]
async fn twenty_mebibytes_cross_whole_although_the_receiver_is_killed() {
    both(async |database| {
        let a = found("acme", database).await;
        let mut b = found("globex", database).await;
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &id, &b).await;
        let mut berta = b.member_of(&ops, "berta").await;
        let bytes = noise(20 << 20);
        let answer = anna.upload(&ops, "map of the lagoon.bin", bytes.clone()).await;
        assert_eq!(answer.status, 201, "{answer}");
        assert_eq!(answer.body["client_ids"], json!(["mine"]));
        let file = text(&answer.body["file_infos"][0]["id"]);
        let written = post(&anna, &ops, "the map", &[&file]).await;
        assert_eq!(written["file_ids"], json!([file]));
        assert_eq!(written["metadata"]["files"][0]["name"], "map of the lagoon.bin");
        // The message is there at once; its file is on the way when the receiver dies.
        berta.see(&ops, "the map").await;
        b.server.kill().await;
        b.server.start().await;
        berta.renew().await;
        let held = wait_for("the file at the other side", SHORT * 3, async || {
            Some(download(&berta, &file).await).filter(|answer| answer.status == 200)
        })
        .await;
        assert!(held.bytes == bytes, "{} of {} bytes", held.bytes.len(), bytes.len());
        let seen = wait_for("the file in the message", SHORT, async || {
            let seen = berta.find(&ops, "the map").await?;
            (seen["metadata"]["files"][0]["id"] == file.as_str()).then_some(seen)
        })
        .await;
        assert_eq!(seen["file_ids"], json!([file]));
        let mut a = a;
        a.server.stop().await;
        assert_eq!(download(&berta, &file).await.bytes.len(), bytes.len(), "SC-014: with the other side switched off");
        let part = berta.request(Method::GET, &format!("/files/{file}")).header("Range", "bytes=10-19");
        let part = Answer::read("GET part".to_owned(), part.send().await.unwrap()).await.unwrap();
        assert_eq!((part.status, part.header("content-range")), (206, "bytes 10-19/20971520"));
        assert_eq!(part.bytes, bytes[10..20]);
        // Browsers offer to unpack; a file still comes as it lies, with its length.
        let whole = berta.request(Method::GET, &format!("/files/{file}")).header("Accept-Encoding", "gzip, br");
        let whole = Answer::read("GET with encodings".to_owned(), whole.send().await.unwrap()).await.unwrap();
        assert_eq!((whole.header("content-length"), whole.header("content-encoding")), ("20971520", ""));
        assert!(whole.bytes == bytes);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_file_or_nobodys_business_is_refused_and_changes_nothing() {
    both(async |database| {
        let server = TestServer::new("acme", database).await;
        let a = Organisation::found(server.with("MM_FILESETTINGS_MAXFILESIZE", "1000")).await;
        let ops = a.channel("ops", "P").await;
        let anna = a.member_of(&ops, "anna").await;
        let outsider = a.member("olga").await;
        let before = Digest::take(&a.server, super::receiver::NOT_STATE).await;
        anna.upload(&ops, "large.bin", noise(2_000))
            .await
            .refused(413, "api.file.upload_file.too_large_detailed.app_error");
        anna.upload(&ops, "empty.bin", Vec::new()).await.refused(400, "api.file.upload_file.empty.app_error");
        outsider.upload(&ops, "a.bin", noise(10)).await.refused(403, "api.context.permissions.app_error");
        anna.upload("nonsense", "a.bin", noise(10)).await.refused(400, "api.context.invalid_body_param.app_error");
        before.assert_unchanged(&Digest::take(&a.server, super::receiver::NOT_STATE).await);
        let file = text(
            &anna.upload(&ops, "page.html", b"<script>alert(1)</script>".to_vec()).await.ok()["file_infos"][0]["id"],
        );
        assert_eq!(download(&outsider, &file).await.status, 404, "nobody knows of it before it is posted");
        post(&anna, &ops, "see", &[&file]).await;
        assert_eq!(download(&outsider, &file).await.status, 403);
        let page = download(&anna, &file).await;
        assert_eq!((page.header("content-type"), page.header("x-content-type-options")), ("text/plain", "nosniff"));
        assert!(page.header("content-disposition").starts_with("attachment"), "{}", page.header("content-disposition"));
        anna.get(&format!("/files/{file}/thumbnail"))
            .await
            .refused(400, "api.file.get_file_thumbnail.no_thumbnail.app_error");
    })
    .await;
}
