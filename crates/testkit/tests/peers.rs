//! The scripted peers tested against each other, so that a failing server test means the server.

#![expect(clippy::unwrap_used, reason = "a peer that fails must fail the test")]

use std::time::Duration;

use rialto_testkit::peer::author::{post_object, reaction_object};
use rialto_testkit::peer::{Fault, On};
use rialto_testkit::{Peer, Profile};
use serde_json::json;

const PASSWORD: &str = "pass words";

async fn connected(inviter: Profile, acceptor: Profile) -> (Peer, Peer, String) {
    let (inviter, acceptor) = (Peer::start(inviter).await, Peer::start(acceptor).await);
    let code = inviter.invite(PASSWORD);
    let remote_id = acceptor.accept(&code, PASSWORD).await.unwrap();
    (inviter, acceptor, remote_id)
}

#[tokio::test]
async fn tokens_are_as_the_handshake_table_says() {
    let (a, b, id) = connected(Profile::Mattermost537, Profile::Mattermost537).await;
    let code_token = a.requests()[0].header("x-remotecluster-token").to_owned();
    assert_eq!((a.link(&id).token, b.link(&id).remote_token), (code_token.clone(), code_token), "5.37 keeps the token");

    let (a, b, id) = connected(Profile::Mattermost116, Profile::Mattermost116).await;
    let code_token = a.requests()[0].header("x-remotecluster-token").to_owned();
    assert_eq!(a.link(&id).token, b.link(&id).remote_token);
    assert_ne!(a.link(&id).token, code_token, "11.6 rotates it");
    assert!(a.ping(&id).await.ok()["sent_at"].is_i64());
    b.wait_request("the inviter's ping", |request| request.path == "/ping").await;
}

#[tokio::test]
async fn a_code_of_11_6_does_not_open_in_5_37() {
    let (inviter, acceptor) = (Peer::start(Profile::Mattermost116).await, Peer::start(Profile::Mattermost537).await);
    assert!(acceptor.accept(&inviter.invite(PASSWORD), PASSWORD).await.is_err());
}

#[tokio::test]
async fn posts_arrive_once_and_reactions_toggle() {
    let (a, b, id) = connected(Profile::Mattermost116, Profile::Mattermost116).await;
    let (channel, alice) = (a.channel("ops", "O"), a.person("alice"));
    a.share(&id, &channel).await.ok();
    let post = a.write(&channel, &alice, "hello").await;
    assert_eq!(b.see("hello").await.id, post);
    assert_eq!(b.world().people[&alice].username, "alice:rialto");
    let reaction = reaction_object(&post, &alice, "tada", true, Profile::Mattermost116);
    for expected in [1, 0, 1] {
        a.sync(&id, &channel, json!({"reactions": [reaction]})).await.ok();
        assert_eq!(b.world().reactions(&post).len(), expected, "the same addition again");
    }
    let stranger = post_object(&rialto_testkit::ids::fresh(), &channel, "nobody", "", "x", Profile::Mattermost116);
    let answer = a.sync(&id, &channel, json!({"posts": [stranger]})).await.ok();
    assert_eq!(answer["payload"]["post_errors"], json!([stranger["id"]]));
    b.unshare(&channel);
    let answer = a.sync(&id, &channel, json!({})).await.ok();
    assert!(answer["err"].as_str().unwrap().ends_with(&format!("channel is no longer shared: {channel}")), "{answer}");
}

#[tokio::test]
async fn a_second_invitation_of_a_channel_shows_in_the_world_of_5_37() {
    for (profile, left) in [(Profile::Mattermost537, 0), (Profile::Mattermost116, 1)] {
        let (a, b, id) = connected(profile, profile).await;
        let channel = a.channel("ops", "O");
        let mut invitation = a.invitation(&id, &channel);
        invitation["team_id"] = json!(b.team());
        a.frame(&id, "sharedchannel_invite", invitation.clone()).await.ok();
        assert_eq!(b.world().channels.len(), 1);
        a.frame(&id, "sharedchannel_invite", invitation).await.ok();
        assert_eq!(b.world().channels.len(), left, "{profile:?}");
        assert_eq!(b.take_breaches().len(), 1 - left, "{profile:?}");
    }
}

#[tokio::test]
async fn faults_fall_as_often_as_told() {
    let (a, mut b, id) = connected(Profile::Mattermost116, Profile::Mattermost116).await;
    let link = a.link(&id);
    let client = rialto_testkit::client::http_client();
    let ping = || {
        let body =
            json!({"remote_id": id, "msg": {"id": id, "topic": "ping", "create_at": 1, "payload": {"sent_at": 1}}});
        let request = client.post(format!("{}/api/v4/remotecluster/ping", link.site_url)).json(&body);
        let request = request.header("X-RemoteCluster-Id", &id).header("X-RemoteCluster-Token", &link.remote_token);
        request.timeout(Duration::from_secs(2)).send()
    };
    assert_eq!(ping().await.unwrap().status(), 200);
    for fault in [Fault::Hang, Fault::LostAnswer, Fault::Broken] {
        b.misbehave(On::Ping, 1, fault.clone());
        assert!(ping().await.is_err(), "{fault:?}");
        assert_eq!(ping().await.unwrap().status(), 200, "after {fault:?}");
    }
    b.misbehave(On::Ping, 1, Fault::Status(503));
    assert_eq!(ping().await.unwrap().status(), 503);
    b.go_down();
    assert!(ping().await.is_err());
    b.go_up().await;
    assert_eq!(ping().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_frame_over_the_limit_is_refused_by_11_6() {
    let (a, b, id) = connected(Profile::Mattermost116, Profile::Mattermost116).await;
    let answer = a.frame(&id, "anything", json!({"fill": "x".repeat(300_600)})).await;
    assert_eq!(answer.status, 413);
    assert_eq!(b.take_breaches().len(), 1);
    assert_eq!(a.frame(&id, "anything", json!({"fill": "x".repeat(280_000)})).await.status, 200);
}
