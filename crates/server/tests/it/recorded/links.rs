//! Scenario 12: links to messages, in both directions (behaviour 4.9, ruling 60).

use rialto_testkit::both;
use rialto_testkit::client::text;
use rialto_testkit::replay::{Entry, Side};
use serde_json::json;

use super::stage::{PUBLIC, Stage, scenario};

const TARGET: &str = "wqeczdwbsbgszezpo8teoya34w";
const ELSEWHERE: &str = "kouaj36xwpg59q85gjxeei8pco";

/// SC-096: what A links opens here, and what it cannot link stays as it was typed.
#[tokio::test]
async fn links_of_the_home_open_at_the_guest() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        stage.join(PUBLIC, &["bella"]).await;
        let admin = stage.org.admin.clone();
        for entry in scenario("12-permalinks") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::A)
            {
                stage.play_accepted(&exchange).await;
            }
        }
        let here = format!("{}/{}", stage.org.server.url(), stage.org.name());
        let there = stage.peer.url();
        let said = async |id: &str| text(&admin.get(&format!("/posts/{id}")).await.ok()["message"]);
        assert_eq!(said("jxwgt9mow7rwpbpiq5hmt6m4xr").await, format!("see {here}/pl/{TARGET} please"));
        let elsewhere = said("4zdukhun3inhmxjep3cwwuqh6a").await;
        assert!(elsewhere.starts_with(&format!("see {there}/team-a/pl/{ELSEWHERE}")), "{elsewhere}");
        assert!(!elsewhere.contains(&here), "a post we do not have is not ours to show: {elsewhere}");
        let unknown = said("3zhg7auefbns3ynym1boxbzq6o").await;
        assert_eq!(unknown, format!("see {there}/team-a/pl/zzzzzzzzzzzzzzzzzzzzzzzzzz"));
        // The link leads to the message for who may read it.
        let bella = stage.person("bella").clone();
        assert_eq!(bella.get(&format!("/posts/{TARGET}")).await.ok()["message"], "permalink target");

        // Our site URL has a port, which a Mattermost would not recognise: the link stays a link (ruling 60).
        let ours = format!("B link {here}/pl/{TARGET}");
        bella.write(PUBLIC, &ours).await;
        stage.peer.see(&ours).await;
    })
    .await;
}

/// SC-096, G-43: what B links opens at home; a link of ours to a private channel brings nothing of it along.
#[tokio::test]
async fn links_of_the_guest_open_at_home() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice"]).await;
        let alice = stage.person("alice").clone();
        let target = text(&alice.write(&channel, "permalink target").await["id"]);
        stage.replay.replace(TARGET, &target);
        stage.peer.see("permalink target").await;
        for entry in scenario("12-permalinks") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::B)
            {
                stage.announce_authors(&exchange).await;
                stage.play_accepted(&exchange).await;
            }
        }
        let here = format!("{}/{}", stage.org.server.url(), stage.org.name());
        alice.see(&channel, &format!("B link {here}/pl/{target}")).await;

        let private = stage.org.channel("private", "P").await;
        stage.org.join(&private, &alice).await;
        let secret = text(&alice.write(&private, "the merger is on friday").await["id"]);
        stage.peer.forget_requests();
        let linked = format!("see {here}/pl/{secret}");
        alice.write(&channel, &linked).await;
        let received = stage.peer.see(&linked).await;
        assert_eq!(received.wire["props"], json!({}));
        for request in stage.peer.requests() {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            assert!(!body.contains("merger") && !body.contains("embeds") && !body.contains(&private), "{body}");
        }
    })
    .await;
}
