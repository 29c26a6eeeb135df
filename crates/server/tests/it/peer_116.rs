//! Our server and a Mattermost of the 11.6 kind: handshake, limits, reactions that toggle, the end of a share.

use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::author::{post_object, reaction_object, user_object};
use rialto_testkit::peer::{Fault, On};
use rialto_testkit::{Client, Database, LONG, Organisation, Peer, Profile, SHORT, both, wait_for};
use serde_json::{Value, json};

/// A server and a peer that accepted its code, with one channel of the server's shared; its member; the connection.
struct Pair {
    org: Organisation,
    peer: Peer,
    remote_id: String,
    channel: String,
    anna: Client,
}

async fn shared(database: Database) -> Pair {
    let org = Organisation::start("acme", database).await;
    let peer = Peer::start(Profile::Mattermost116).await;
    let remote_id = peer.accept(&org.invite("peer").await, CODE_PASSWORD).await.unwrap();
    org.wait_online("peer").await;
    let channel = org.channel("ops", "O").await;
    let anna = org.member_of(&channel, "anna").await;
    anna.write(&channel, "from before the share").await;
    org.share(&channel, &remote_id, "").await;
    peer.wait_world("the shared channel", |world| world.channels.contains_key(&channel)).await;
    Pair { org, peer, remote_id, channel, anna }
}

/// T-6227.
#[tokio::test]
async fn the_acceptor_chooses_the_token_from_then_on() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let peer = Peer::start(Profile::Mattermost116).await;
        let code = org.invite("peer").await;
        let code_token =
            rialto_testkit::invitation::open(&code, CODE_PASSWORD, &[rialto_testkit::invitation::Derivation::Scrypt])
                .expect("our code is sealed with scrypt, which every server opens (ruling 7)");
        assert_eq!(code_token["version"], 2);
        // The peer checks inside that its ping with the code's token gets a 401 and the one with the fresh token a 200.
        let remote_id = peer.accept(&code, CODE_PASSWORD).await.unwrap();
        assert_ne!(peer.link(&remote_id).remote_token, code_token["token"]);
        let ping = peer.wait_request("our first ping", |request| request.path == "/ping").await;
        assert_eq!(ping.header("x-remotecluster-token"), peer.link(&remote_id).token);
        org.wait_online("peer").await;
        // The same code a second time, from somewhere else.
        let other = Peer::start(Profile::Mattermost116).await;
        assert!(other.accept(&code, CODE_PASSWORD).await.is_err());
        assert_eq!(peer.ping(&remote_id).await.status, 200, "the first acceptor keeps the connection");
    })
    .await;
}

#[tokio::test]
async fn accepting_its_code_brings_a_fresh_token() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let peer = Peer::start(Profile::Mattermost116).await;
        let answer = org.accept("peer", &peer.invite(CODE_PASSWORD)).await;
        org.wait_online("peer").await;
        let confirm = peer.requests().into_iter().find(|request| request.path == "/confirm_invite").expect(&answer);
        let payload = confirm.payload();
        assert_eq!(payload["site_url"], org.server.url());
        assert_eq!(payload["remote_id"], confirm.header("x-remotecluster-id"));
        let (token, refreshed) = (payload["token"].as_str().unwrap(), payload["refreshed_token"].as_str().unwrap());
        let code_token = confirm.header("x-remotecluster-token");
        assert!(token.len() == 26 && refreshed.len() == 26 && token != refreshed);
        assert!(![token, refreshed].contains(&code_token));
        let link = peer.only_link();
        assert_eq!((link.token.as_str(), link.remote_token.as_str()), (refreshed, token));
        for later in peer.requests().iter().filter(|request| request.path != "/confirm_invite") {
            assert_eq!(later.header("x-remotecluster-token"), refreshed, "{}", later.path);
        }
    })
    .await;
}

#[tokio::test]
async fn content_travels_both_ways_once() {
    both(async |database| {
        let Pair { org, peer, remote_id: _, channel, anna } = shared(database).await;
        let root = anna.write(&channel, "hello over there").await["id"].as_str().unwrap().to_owned();
        let seen = peer.see("hello over there").await;
        assert_eq!((seen.id.as_str(), seen.user.as_str()), (root.as_str(), anna.id.as_str()));
        assert!(peer.world().find("from before the share").is_none(), "no history without being asked (ruling 46)");
        assert_eq!(peer.world().people[&anna.id].username, "anna:rialto");

        let bert = peer.person("bert");
        let reply = peer.reply(&channel, &bert, &root, "hello back").await;
        let back = anna.see(&channel, "hello back").await;
        assert_eq!((back["id"].as_str(), back["root_id"].as_str()), (Some(reply.as_str()), Some(root.as_str())));
        let author = anna.get(&format!("/users/{bert}")).await.ok();
        assert_eq!(
            (author["username"].as_str(), author["props"]["RemoteUsername"].as_str()),
            (Some("bert:peer"), Some("bert"))
        );

        anna.edit(&root, "hello over there, edited").await;
        peer.see("hello over there, edited").await;
        peer.edit(&reply, "hello back, edited").await;
        anna.see(&channel, "hello back, edited").await;
        anna.react(&root, "rocket").await;
        peer.wait_world("the rocket", |world| world.reactions(&root) == [(anna.id.clone(), "rocket".to_owned())]).await;
        anna.unreact(&root, "rocket").await;
        peer.wait_world("no rocket", |world| world.reactions(&root).is_empty()).await;
        peer.react(&root, &bert, "tada", true).await;
        anna.see_reactions(&root, &[(&bert, "tada")]).await;
        peer.react(&root, &bert, "tada", false).await;
        anna.see_reactions(&root, &[]).await;
        peer.delete(&reply).await;
        anna.see_gone(&channel, "hello back, edited").await;
        anna.remove(&root).await;
        peer.wait_world("the deletion", |world| world.posts[&root].deleted).await;
        assert!(peer.most_in_flight() <= 1, "one sync message in flight per connection (ruling 36)");
        drop(org);
    })
    .await;
}

/// E-040.
#[tokio::test]
async fn a_reaction_is_told_exactly_once_whatever_happens_to_the_answer() {
    both(async |database| {
        let Pair { mut org, peer, remote_id, channel, anna } = shared(database).await;
        let mut anna = anna;
        let post = anna.write(&channel, "react to me").await["id"].as_str().unwrap().to_owned();
        peer.see("react to me").await;
        // The answer got lost: the peer has it, we cannot know. Saying it again would take it away there.
        peer.misbehave(On::Reactions, 1, Fault::LostAnswer);
        anna.react(&post, "rocket").await;
        // Refused without having been looked at: it has to be said again.
        peer.misbehave(On::Reactions, 2, Fault::Status(503));
        anna.react(&post, "tada").await;
        let expected = [(anna.id.clone(), "rocket".to_owned()), (anna.id.clone(), "tada".to_owned())];
        wait_for("both reactions to have arrived", LONG, async || {
            (peer.world().reactions(&post) == expected).then_some(())
        })
        .await;
        // A restart, and a message behind which nothing of before can be waiting.
        org.server.kill().await;
        org.server.start().await;
        anna.renew().await;
        peer.ping(&remote_id).await.ok();
        anna.write(&channel, "after the restart").await;
        peer.see("after the restart").await;
        assert_eq!(peer.world().reactions(&post), expected);
        anna.unreact(&post, "rocket").await;
        peer.wait_world("only the second", |world| world.reactions(&post) == expected[1..]).await;
    })
    .await;
}

#[tokio::test]
async fn frames_stay_below_its_limit() {
    let Pair { org: _org, peer, remote_id: _, channel, anna } = shared(Database::Sqlite).await;
    let filler = "ü".repeat(7_990);
    let mut expected = Vec::new();
    peer.misbehave(On::Posts, 1, Fault::Status(503));
    for number in 0..60 {
        expected.push(anna.write(&channel, &format!("{number:02} {filler}")).await["id"].as_str().unwrap().to_owned());
    }
    wait_for("all sixty", LONG, async || {
        let held = peer.world().messages(&channel);
        expected.iter().all(|id| held.contains_key(id)).then_some(())
    })
    .await;
    let largest = peer.requests().iter().map(|request| request.body.len()).max().unwrap();
    assert!(largest < 290_000, "{largest} bytes");
    assert!(peer.requests().iter().all(|request| request.answered != Some(413)));
}

/// AT-13.
#[tokio::test]
async fn the_end_of_a_share_is_learned_from_the_phrase_only() {
    both(async |database| {
        let Pair { org, peer, remote_id: _, channel, anna } = shared(database).await;
        // The same words in some other text, or for another channel, mean nothing.
        peer.misbehave(
            On::Posts,
            1,
            Fault::Fail(format!("database says: channel is no longer shared: {}", rialto_testkit::ids::fresh())),
        );
        anna.write(&channel, "still shared").await;
        wait_for("the post in spite of the FAIL", LONG, async || peer.world().find("still shared").cloned()).await;
        assert_eq!(org.admin.channel(&channel).await.unwrap()["shared"], true);

        peer.unshare(&channel);
        anna.write(&channel, "nobody listens").await;
        wait_for("the share to end", LONG, async || {
            (org.admin.channel(&channel).await?["shared"] != true).then_some(())
        })
        .await;
        let notices = anna.posts(&channel).await;
        let told = notices.values().any(|post| {
            post["type"].as_str().unwrap_or_default().starts_with("system_")
                && post["message"].as_str().unwrap_or_default().contains("peer org")
        });
        assert!(told, "M-06 in the channel: {notices:?}");
        assert!(anna.find(&channel, "still shared").await.is_some());
    })
    .await;
}

#[tokio::test]
async fn repetitions_and_metadata_change_nothing() {
    both(async |database| {
        let Pair { org, peer, remote_id, channel, anna } = shared(database).await;
        let bert = peer.person("bert");
        peer.announce(&channel, &bert).await;
        let post = post_object(&rialto_testkit::ids::fresh(), &channel, &bert, "", "once", Profile::Mattermost116);
        let reaction = reaction_object(post["id"].as_str().unwrap(), &bert, "tada", true, Profile::Mattermost116);
        let content =
            json!({"users": {&bert: user_object(&bert, "bert")}, "posts": [post, post], "reactions": [reaction]});
        peer.sync(&remote_id, &channel, content.clone()).await.ok();
        anna.see(&channel, "once").await;
        let socket = anna.socket().await;
        let before = rialto_testkit::digest::Digest::take(&org.server, super::receiver::NOT_STATE).await;
        for _ in 0..3 {
            let answer = peer.sync(&remote_id, &channel, content.clone()).await.ok();
            assert_eq!(answer["status"], "OK", "{answer}");
            assert_eq!(answer["payload"]["post_errors"], json!([]), "already there is success (ruling 30)");
            assert_eq!(answer["payload"]["users_syncd"], json!([bert]));
        }
        before.assert_unchanged(&rialto_testkit::digest::Digest::take(&org.server, super::receiver::NOT_STATE).await);
        anna.write(&channel, "the end").await;
        socket.wait("posted", |event| event["data"]["post"].as_str().unwrap().contains("the end")).await;
        assert!(socket.named("post_edited").is_empty(), "no edit was made");
        assert_eq!(anna.reactions(post["id"].as_str().unwrap()).await.len(), 1);
    })
    .await;
}

/// AT-17.
#[tokio::test]
async fn mentions_come_and_go_with_their_table() {
    let Pair { org: _org, peer, remote_id, channel, anna } = shared(Database::Sqlite).await;
    let bert = peer.person("bert");
    peer.write(&channel, &bert, "hello").await;
    anna.see(&channel, "hello").await;
    // Ours: the peer's own person has the name they have there, and so have ours.
    anna.write(&channel, "thanks @bert:peer, says @anna").await;
    peer.see("thanks @bert, says @anna:rialto").await;
    // Theirs: a whole word outside of code, and a person of the channel.
    let mut theirs = post_object(
        &rialto_testkit::ids::fresh(),
        &channel,
        &bert,
        "",
        "@anna:acme and `@anna:acme` and @anna:acmeish",
        Profile::Mattermost116,
    );
    theirs["metadata"] = json!({});
    let table = json!({"anna:acme": anna.id, "": anna.id});
    peer.sync(&remote_id, &channel, json!({"posts": [theirs], "mention_transforms": table})).await.ok();
    anna.see(&channel, "@anna and `@anna:acme` and @anna:acmeish").await;
}

/// SC-104, T-9076.
#[tokio::test]
async fn members_are_announced() {
    both(async |database| {
        let Pair { org, peer, remote_id: _, channel, anna: _anna } = shared(database).await;
        let carl = org.member_of(&channel, "carl").await;
        peer.wait_world("the new member", |world| world.people.contains_key(&carl.id)).await;
        org.admin.delete(&format!("/channels/{channel}/members/{}", carl.id)).await.ok();
        peer.wait_world("the leaving", |world| {
            world.membership_changes.contains(&(channel.clone(), carl.id.clone(), false))
        })
        .await;
        let offered: Vec<Value> =
            peer.frames("sharedchannel_sync").iter().map(|frame| frame.payload()["users"].clone()).collect();
        assert!(
            offered.iter().all(|users| users.as_object().is_none_or(|users| {
                users.values().all(|user| user["email"] == "" && user["roles"] == "system_user")
            })),
            "{offered:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn its_channel_appears_here_with_its_id() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let peer = Peer::start(Profile::Mattermost116).await;
        org.accept("peer", &peer.invite(CODE_PASSWORD)).await;
        org.wait_online("peer").await;
        let remote_id = peer.only_link().remote_id;
        let channel = peer.channel("their-plan", "P");
        for attempt in ["first", "repeated"] {
            let answer = peer.share(&remote_id, &channel).await.ok();
            assert_eq!(answer, json!({"status": "OK", "err": "", "payload": null}), "{attempt}");
        }
        org.wait_channel(&channel).await;
        let copy = org.admin.channel(&channel).await.unwrap();
        assert_eq!((copy["name"].as_str(), copy["type"].as_str()), (Some("their-plan"), Some("P")));
        assert_eq!((copy["team_id"].as_str(), copy["shared"].as_bool()), (Some(org.team.as_str()), Some(true)));
        let bert = peer.person("bert");
        peer.write(&channel, &bert, "welcome").await;
        org.admin.see(&channel, "welcome").await;
        let mine = org.admin.write(&channel, "thank you").await;
        assert_eq!(peer.see("thank you").await.id, mine["id"].as_str().unwrap());
        wait_for("the name of the organisation", SHORT, async || {
            let infos = org.admin.get(&format!("/sharedchannels/{channel}/remotes")).await.ok();
            infos.as_array()?.iter().any(|info| info["display_name"] == "peer org").then_some(())
        })
        .await;
    })
    .await;
}
