//! Scenario 09: files before their posts, from either side of a recording.

use rialto_testkit::both;
use rialto_testkit::replay::{Entry, Side, assert_shape};

use super::stage::{PUBLIC, Stage, scenario};

/// What 5.37 says of a picture; each side makes its own, so it is of no use to a sender.
const PICTURE: [&str; 5] = ["width", "height", "has_preview_image", "mini_preview", "remote_id"];

/// Sends what `side` sent, files as their bytes; every answer must be the recorded one in shape.
async fn play_from(stage: &Stage, side: Side) {
    for entry in scenario("09-files") {
        let Entry::Exchange(exchange) = entry else { continue };
        if !exchange.is_from(side) {
            continue;
        }
        if !exchange.path.starts_with("/upload/") {
            // The deletion is played by the test.
            if exchange.payload()["posts"][0]["delete_at"].as_i64().unwrap_or(0) == 0 {
                stage.play_accepted(&exchange).await;
            }
            continue;
        }
        let answer = stage.replay.play(&stage.peer, &exchange).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert_shape(&answer.body, &exchange.answer, &PICTURE);
        for member in ["id", "name", "size"] {
            assert_eq!(answer.body[member], exchange.answer[member], "{member} of {answer}");
        }
    }
}

#[tokio::test]
async fn a_text_file_of_the_home_arrives_with_its_post() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        play_from(&stage, Side::A).await;
        let admin = &stage.org.admin;
        let post = admin.see(PUBLIC, "a text file").await;
        assert_eq!(post["metadata"]["files"][0]["name"], "notes.txt");
        let file = admin.get("/files/5aiwi7gsktgotcq7djjmprdhoy").await;
        assert_eq!(file.bytes.len(), 580);
        assert!(file.text().starts_with("plain text attachment from A\n"));
    })
    .await;
}

#[tokio::test]
async fn two_pictures_of_a_guest_arrive_and_go_with_their_post() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        stage.share_recorded(PUBLIC, "pub-one", "O", &["alice", "bob", "carol"]).await;
        for name in ["02-share-public", "04-members", "04-posts"] {
            stage.play(name).await;
        }
        play_from(&stage, Side::B).await;
        let post = stage.live("9gp8oxr567yg9xsi678u74shmc");
        let admin = &stage.org.admin;
        let infos = admin.get(&format!("/posts/{post}/files/info")).await.ok();
        let seen: Vec<_> = infos
            .as_array()
            .unwrap()
            .iter()
            .map(|file| (file["name"].as_str().unwrap(), file["mime_type"].as_str().unwrap(), file["width"].as_i64()))
            .collect();
        assert_eq!(seen, [("red.png", "image/png", Some(16)), ("blue.png", "image/png", Some(16))]);
        let thumbnail = admin.get("/files/prmq9bm5did5mert3eytehzgcw/thumbnail").await;
        assert_eq!((thumbnail.status, thumbnail.header("content-type")), (200, "image/jpeg"));
        let deletion = scenario("09-files").into_iter().rev().find_map(|entry| match entry {
            Entry::Exchange(exchange) if exchange.is_from(Side::B) => Some(exchange),
            _ => None,
        });
        stage.play_accepted(&deletion.unwrap()).await;
        assert_eq!(admin.get("/files/prmq9bm5did5mert3eytehzgcw").await.status, 404);
        assert_eq!(admin.get(&format!("/posts/{post}")).await.status, 404);
    })
    .await;
}
