//! Scenario 11: a picture, a profile and a custom status change at home; a picture of ours goes the other way.

use rialto_testkit::both;
use rialto_testkit::replay::{Entry, Side};

use super::stage::{PUBLIC, Stage, recorded, scenario};

const ALICE: &str = "crhx3d8fbfdrigqej7qf46amda";

/// AT-28, SC-009, E-090: what 5.37 sends of a profile, its picture included, is seen here; our people's pictures leave in
/// the form 5.37 sends.
#[tokio::test]
async fn a_profile_and_its_picture_follow_the_home() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        for name in ["02-share-public", "04-members"] {
            stage.play(name).await;
        }
        let admin = stage.org.admin.clone();
        let image = format!("/users/{ALICE}/image");
        assert_eq!(admin.get(&image).await.header("content-type"), "image/png", "02 brought one already");
        let before = admin.get(&format!("/users/{ALICE}")).await.ok();
        for entry in scenario("11-profile") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::A)
                && exchange.path != "/ping"
            {
                stage.play_accepted(&exchange).await;
            }
        }
        let alice = admin.get(&format!("/users/{ALICE}")).await.ok();
        assert!(alice["last_picture_update"].as_i64() > before["last_picture_update"].as_i64(), "{alice}");
        let picture = admin.get(&image).await;
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
        assert!(picture.bytes.starts_with(b"\x89PNG"));
        assert_ne!(picture.header("etag"), "");
        let last = scenario("11-profile").into_iter().rev().find_map(|entry| match entry {
            Entry::Exchange(exchange) if exchange.is_from(Side::A) => exchange.payload()["users"].get(ALICE).cloned(),
            _ => None,
        });
        let last = last.expect("the recording describes alice");
        for member in ["nickname", "first_name", "last_name", "position"] {
            assert_eq!(alice[member], last[member], "{member}");
        }
        assert_eq!(alice["props"]["customStatus"], last["props"]["customStatus"]);
        assert!(!alice.to_string().contains("a.example"), "5.37 tells the address without being asked: {alice}");
        let refused = admin.delete(&image).await;
        refused.refused(400, "api.user.remote_user.app_error");

        // The other way: our bella's picture in the recorded form.
        stage.join(PUBLIC, &["bella"]).await;
        let bella = stage.person("bella").clone();
        bella.write(PUBLIC, "here I am").await;
        stage.peer.see("here I am").await;
        bella.send_picture("me", "image", picture.bytes.clone()).await.ok();
        stage.peer.wait_world("the picture", |world| world.people[&bella.id].pictures == 1).await;
        let path = format!("/{}/image", bella.id);
        let ours = stage.peer.wait_request("the picture", |request| request.path == path).await;
        let theirs = recorded("11-profile", Side::A, |exchange| exchange.path.ends_with("/image"));
        let head = |body: &[u8]| {
            let text = String::from_utf8_lossy(body).into_owned();
            let lines: Vec<String> =
                text.lines().skip(1).take_while(|line| !line.is_empty()).map(str::to_owned).collect();
            lines
        };
        assert_eq!(head(&ours.body), head(&theirs.body), "the part is as 5.37 makes it");
        assert!(ours.header("content-type").starts_with("multipart/form-data; boundary="));
        bella.write(PUBLIC, "do you see me?").await;
        stage.peer.see("do you see me?").await;
        let offers = stage.peer.requests().iter().filter(|request| request.path == path).count();
        assert_eq!(offers, 1, "once a version");
    })
    .await;
}
