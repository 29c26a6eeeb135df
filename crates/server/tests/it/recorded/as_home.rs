//! Our server in place of A: it invites B, a 5.37, and is home of the channels.

use rialto_testkit::client::text;
use rialto_testkit::replay::{Entry, Side, assert_shape};
use rialto_testkit::{SHORT, both, wait_for};
use serde_json::json;

use super::stage::{OUTAGE, PUBLIC, Stage, recorded, scenario};

impl Stage {
    /// A channel of ours in place of a recorded one, shared with the peer.
    pub async fn share_recorded(&mut self, recorded_id: &str, name: &str, kind: &str, members: &[&str]) -> String {
        let body = json!({"team_id": self.org.team, "name": name, "display_name": format!("{name} title"), "type": kind,
            "header": format!("Header of {name}"), "purpose": format!("Purpose of {name}")});
        let channel = text(&self.org.admin.post("/channels", body).await.ok()["id"]);
        self.replay.replace(recorded_id, &channel);
        self.join(recorded_id, members).await;
        let answer = self.org.share(&channel, &self.remote_id(), "").await;
        self.peer.wait_world(&format!("the channel ({answer})"), |world| world.channels.contains_key(&channel)).await;
        channel
    }
}

#[tokio::test]
async fn a_public_channel_and_everything_said_in_it() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice", "bob", "carol"]).await;

        let ours = stage.peer.frames("sharedchannel_invite");
        assert_eq!(ours.len(), 1, "one invitation in a lifetime (ruling 40)");
        let theirs = recorded("02-share-public", Side::A, |exchange| exchange.topic() == "sharedchannel_invite");
        assert_shape(&ours[0].json, &theirs.json, &[]);
        let payload = ours[0].payload();
        assert_eq!(payload["team_id"], stage.peer.team(), "5.37 creates the copy in the team it is told");
        assert_eq!((payload["name"].as_str(), payload["type"].as_str()), (Some("pub-one"), Some("O")));
        assert_eq!(payload["header"], "Header of pub-one");
        assert_eq!(payload["direct_participant_ids"], serde_json::Value::Null);

        // Their administrator with their system post and picture.
        for entry in scenario("02-share-public") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::B)
            {
                stage.play_accepted(&exchange).await;
            }
        }
        let admin = stage.org.admin.clone();
        let members = admin.members(&channel).await;
        assert!(members.contains(&"adminb:beta".to_owned()), "{members:?}");
        assert!(admin.messages(&channel).await.is_empty(), "their system posts are not ours (ruling 48)");

        stage.play("04-members").await;
        stage.play("04-posts").await;
        let hello = stage.peer.see("hello from A").await;
        let alice = stage.person("alice").clone();
        assert_eq!(
            (hello.id.as_str(), hello.user.as_str()),
            (stage.live("xq857misgpy57pdiccpkgjk35o").as_str(), alice.id.as_str())
        );
        admin.see(&channel, "hello from B").await;
        let namesake = admin.see(&channel, "I am the alice of B").await;
        let namesake = admin.get(&format!("/users/{}", text(&namesake["user_id"]))).await.ok();
        assert_eq!((namesake["username"].as_str(), alice.username.as_str()), (Some("alice:beta"), "alice"));

        stage.play("05-threads").await;
        let root = stage.live("xq857misgpy57pdiccpkgjk35o");
        let reply = admin.see(&channel, "reply from B in A's thread").await;
        assert_eq!(reply["root_id"], root.as_str());
        assert_eq!(stage.peer.see("second reply, from A").await.root, root);

        stage.play("06-edits").await;
        stage.peer.see("hello from A (edited)").await;
        admin.see(&channel, "hello from B (edited)").await;

        reactions(&mut stage, &root).await;

        let second = stage.live("wdyat5njtp888pkkooogwgm68a");
        alice.remove(&second).await;
        stage.peer.wait_world("the deletion", |world| world.posts[&second].deleted).await;
        for entry in scenario("08-deletes") {
            if let Entry::Exchange(exchange) = entry
                && exchange.is_from(Side::B)
            {
                stage.play_accepted(&exchange).await;
            }
        }
        admin.see_gone(&channel, "hello from B (edited)").await;
        admin.see_gone(&channel, "reply from B in A's thread").await;

        stage.play("21-future-timestamp").await;
        admin.see(&channel, "other direction").await;
        stage.check_shapes();
    })
    .await;
}

/// Scenario 07: added and removed in both directions.
async fn reactions(stage: &mut Stage, root: &str) {
    let alice = stage.person("alice").clone();
    let (bella, bellas) = ("pe5e9qesqifcuxz74g4iihoqmw", "iehqztfyuj8o7jda16ffqubkir");
    let theirs: Vec<_> = scenario("07-reactions")
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Exchange(exchange) if exchange.is_from(Side::B) && exchange.path == "/msg" => Some(exchange),
            _ => None,
        })
        .collect();
    stage.play_accepted(&theirs[0]).await;
    alice.see_reactions(root, &[(bella, "thumbsup")]).await;
    alice.react(bellas, "smile").await;
    alice.react(root, "tada").await;
    let tada = (alice.id.clone(), "tada".to_owned());
    stage.peer.wait_world("the tada", |world| world.reactions(root).contains(&tada)).await;
    alice.unreact(root, "tada").await;
    stage.peer.wait_world("no tada", |world| !world.reactions(root).contains(&tada)).await;
    stage.play_accepted(&theirs[1]).await;
    alice.see_reactions(root, &[]).await;
    let sent: Vec<_> = stage
        .peer
        .requests()
        .iter()
        .flat_map(|request| request.payload()["reactions"].as_array().cloned().unwrap_or_default())
        .collect();
    let states: Vec<_> =
        sent.iter().map(|one| (text(&one["post_id"]), text(&one["emoji_name"]), one["delete_at"] == 0)).collect();
    assert!(states.contains(&(bellas.to_owned(), "smile".to_owned(), true)), "{states:?}");
    assert!(sent.iter().all(|one| one["user_id"] == alice.id.as_str()), "bella's own did not go back: {sent:?}");
}

#[tokio::test]
async fn mentions_name_people_as_the_other_side_knows_them() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(PUBLIC, "pub-one", "O", &["alice", "bob"]).await;
        for name in ["bella", "alice"] {
            let (_, id) = super::stage::PEOPLE_OF_B.into_iter().find(|(other, _)| *other == name).unwrap();
            let user = rialto_testkit::peer::author::user_object(id, name);
            stage.peer.sync(&stage.remote_id(), &channel, json!({"users": {id: user}})).await.ok();
        }
        stage.play("10-mentions").await;
        stage.peer.see("hello @bob, local mention").await;
        stage.peer.see("hello @bella, how are you").await;
        stage.peer.see("hi @alice meet @alice").await;
        stage.org.admin.see(&channel, "ping @dave please").await;
    })
    .await;
}

#[tokio::test]
async fn a_burst_arrives_once_in_order_and_in_small_frames() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(OUTAGE, "outage", "O", &["alice", "bob"]).await;
        let (alice, bob) = (stage.person("alice").clone(), stage.person("bob").clone());
        for number in 0..30 {
            alice.write(&channel, &format!("burst {number}")).await;
            if number % 3 == 0 {
                bob.write(&channel, &format!("bob burst {number}")).await;
            }
        }
        wait_for("forty posts", SHORT, async || (stage.peer.world().messages(&channel).len() == 40).then_some(()))
            .await;
        let frames: Vec<_> =
            stage.peer.requests().iter().map(|request| request.post_ids()).filter(|ids| !ids.is_empty()).collect();
        assert!(frames.iter().all(|ids| ids.len() <= 12), "{:?}", frames.iter().map(Vec::len).collect::<Vec<_>>());
        let sent: Vec<_> = frames.concat();
        let world = stage.peer.world();
        let order: Vec<_> =
            sent.iter().map(|id| world.posts[id].message.clone()).filter(|text| text.starts_with("burst")).collect();
        assert_eq!(order, (0..30).map(|number| format!("burst {number}")).collect::<Vec<_>>());
        assert_eq!(sent.len(), 40, "each was sent once");
        assert!(stage.peer.most_in_flight() <= 1);
    })
    .await;
}
