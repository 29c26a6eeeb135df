//! Scenarios 03 and 11: what is shown of the other side's channel and people, and how changed profiles travel.
//!
//! Pictures are answered as [`Stage::check_accepted`] says: 501 by a server that keeps none, OK by one that does.

use rialto_testkit::replay::{Entry, Side, assert_shape};
use rialto_testkit::{SHORT, both, wait_for};
use serde_json::{Value, json};

use super::stage::{PUBLIC, Stage, scenario};

const ALICE: &str = "crhx3d8fbfdrigqej7qf46amda";
const BELLA: &str = "pe5e9qesqifcuxz74g4iihoqmw";

/// What a recorded REST read of one side answered.
fn read(name: &str, server: &str, what: &str) -> Value {
    let found = scenario(name).into_iter().find_map(|entry| match entry {
        Entry::Step(step)
            if step["server"] == server && step["what"].as_str().is_some_and(|it| it.starts_with(what)) =>
        {
            Some(step["response"].clone())
        }
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no {what} in {name}"))
}

/// SC-065, SC-099, E-064: recording 03 from B's side.
#[tokio::test]
async fn the_guest_shows_channel_and_people_as_recorded() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        let admin = stage.org.admin.clone();
        let theirs = read("03-share-state", "b", "GET /channels/{id} on");
        let ours = admin.channel(PUBLIC).await.unwrap();
        assert_shape(&ours, &theirs, &["policy_id", "extra_update_at"]);
        for member in ["id", "type", "name", "display_name", "header", "purpose", "shared", "delete_at"] {
            assert_eq!(ours[member], theirs[member], "{member} of {ours}");
        }
        assert_eq!(ours["team_id"], stage.org.team.as_str());

        let theirs = read("03-share-state", "b", "GET /users?in_channel=");
        let people = admin.get(&format!("/users?in_channel={PUBLIC}&page=0&per_page=60")).await.ok();
        let mut compared = 0;
        for person in theirs.as_array().unwrap().iter().filter(|person| person["remote_id"].is_string()) {
            let ours = people.as_array().unwrap().iter().find(|one| one["id"] == person["id"]);
            let ours = ours.unwrap_or_else(|| panic!("{} is missing in {people}", person["username"]));
            for member in
                ["username", "nickname", "first_name", "last_name", "position", "roles", "remote_id", "delete_at"]
            {
                assert_eq!(ours[member], person[member], "{member} of {ours}");
            }
            // Their own address is not ours to keep (ruling 55).
            assert_eq!(ours["props"], json!({"RemoteUsername": person["props"]["RemoteUsername"]}));
            assert!(!ours.to_string().contains(person["props"]["RemoteEmail"].as_str().unwrap()), "{ours}");
            compared += 1;
        }
        assert_eq!(compared, 2, "admina and alice");

        // Of the posts only what people wrote (ruling 48).
        let theirs = read("03-share-state", "b", "GET /channels/{id}/posts");
        let written = theirs["posts"].as_object().unwrap().values().filter(|post| post["type"] == "");
        let ours = admin.messages(PUBLIC).await;
        let expected: Vec<_> =
            written.map(|post| (&post["id"], &post["message"], &post["user_id"], &post["create_at"])).collect();
        let ours: Vec<_> =
            ours.values().map(|post| (&post["id"], &post["message"], &post["user_id"], &post["create_at"])).collect();
        assert_eq!(ours, expected);
        lists(&stage, "b", PUBLIC, false).await;
    })
    .await;
}

/// SC-065: recording 03 from A's side.
#[tokio::test]
async fn the_home_lists_what_it_shares_as_recorded() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice", "bob", "carol"]).await;
        let theirs = read("03-share-state", "a", "GET /channels/{id} on");
        let ours = stage.org.admin.channel(&channel).await.unwrap();
        assert_shape(&ours, &theirs, &["policy_id", "extra_update_at"]);
        assert_eq!((&ours["shared"], &ours["header"]), (&json!(true), &theirs["header"]));
        lists(&stage, "a", &channel, true).await;
    })
    .await;
}

/// `GET /sharedchannels/{team}` and `…/remote_info/{id}` beside the recorded answers.
async fn lists(stage: &Stage, server: &str, channel: &str, home: bool) {
    let theirs = read("03-share-state", server, "GET /sharedchannels/{team_id}");
    let ours = stage.org.admin.get(&format!("/sharedchannels/{}?page=0&per_page=50", stage.org.team)).await.ok();
    assert_shape(&ours, &theirs, &["Type"]);
    assert_eq!(ours.as_array().unwrap().len(), 1, "{ours}");
    let row = &ours[0];
    assert_eq!((&row["id"], &row["home"], &row["readonly"]), (&json!(channel), &json!(home), &json!(false)), "{row}");
    assert_eq!((&row["header"], &row["purpose"]), (&theirs[0]["header"], &theirs[0]["purpose"]));
    let theirs = read("03-share-state", server, "GET /sharedchannels/remote_info");
    let path = format!("/sharedchannels/remote_info/{}", stage.remote_id());
    let ours = stage.org.admin.get(&path).await.ok();
    assert_shape(&ours, &theirs, &[]);
    assert!(!ours.to_string().to_lowercase().contains("token"), "{ours}");
    assert_ne!(ours["last_ping_at"], 0);
}

/// SC-099, INV-5, G-16: recording 11, A's people on our server. Their records carry password hashes.
#[tokio::test]
async fn changed_profiles_of_the_home_arrive_without_their_secrets() {
    both(async |database| {
        let mut stage = Stage::guest(database).await;
        stage.play("02-share-public").await;
        let admin = stage.org.admin.clone();
        for entry in scenario("11-profile") {
            let Entry::Exchange(exchange) = entry else { continue };
            if !exchange.is_from(Side::A) {
                continue;
            }
            stage.play_accepted(&exchange).await;
            let Some(told) = exchange.payload()["users"].get(ALICE) else { continue };
            let ours = admin.get(&format!("/users/{ALICE}")).await.ok();
            for member in ["nickname", "first_name", "last_name", "position"] {
                assert_eq!(ours[member], told[member], "{member} of {ours}");
            }
            let hash = told["password"].as_str().expect("the recorded server sends it");
            for row in rialto_testkit::digest::rows(&stage.org.server, "users").await {
                assert!(!row.values().any(|value| value.contains(hash)), "a foreign password hash was stored");
            }
        }
        let theirs = read("11-profile", "b", "GET /users/{id} of alice@A on B");
        let ours = admin.get(&format!("/users/{ALICE}")).await.ok();
        for member in ["username", "nickname", "first_name", "last_name", "position", "roles", "locale", "remote_id"] {
            assert_eq!(ours[member], theirs[member], "{member} of {ours}");
        }
        let status =
            |user: &Value| serde_json::from_str::<Value>(user["props"]["customStatus"].as_str().unwrap()).unwrap();
        assert_eq!(status(&ours)["text"], status(&theirs)["text"]);
        assert_eq!(status(&ours)["emoji"], status(&theirs)["emoji"]);
    })
    .await;
}

/// SC-099: recording 11, B's renamed person on our server, and our person's profile on B.
#[tokio::test]
async fn renames_follow_and_our_changes_leave() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice"]).await;
        let admin = stage.org.admin.clone();
        let mut names = Vec::new();
        for entry in scenario("11-profile") {
            let Entry::Exchange(exchange) = entry else { continue };
            if exchange.is_from(Side::B) {
                stage.play_accepted(&exchange).await;
                if exchange.payload()["users"].get(BELLA).is_some() {
                    let bella = admin.get(&format!("/users/{BELLA}")).await.ok();
                    names.push(bella["username"].as_str().unwrap().to_owned());
                }
            }
        }
        assert_eq!(names, ["bella.renamed:beta", "bella:beta"]);
        let theirs = read("11-profile", "a", "GET /users/{id} of bella@B on A");
        let ours = admin.get(&format!("/users/{BELLA}")).await.ok();
        for member in ["nickname", "first_name", "last_name", "position", "roles"] {
            assert_eq!(ours[member], theirs[member], "{member} of {ours}");
        }

        let alice = stage.person("alice").clone();
        alice.write(&channel, "so that B knows me").await;
        stage.peer.see("so that B knows me").await;
        let patch = json!({"nickname": "Ally", "position": "Boss", "first_name": "Alicia", "last_name": "Smith"});
        alice.put(&format!("/users/{}/patch", alice.id), patch.clone()).await.ok();
        let known = wait_for("B to learn the new profile", SHORT, async || {
            let world = stage.peer.world();
            let wire = &world.people.get(&alice.id)?.wire;
            (wire["nickname"] == "Ally").then(|| wire.clone())
        })
        .await;
        for (member, value) in patch.as_object().unwrap() {
            assert_eq!(&known[member], value, "{member} of {known}");
        }
        assert!(known.get("password").is_none() && known["email"] == "", "{known}");
    })
    .await;
}
