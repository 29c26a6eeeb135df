//! Channels somebody else offers, and channels of ours somebody may not give away (security 1.1, second half).

use rialto_testkit::client::text;
use rialto_testkit::digest::rows;
use rialto_testkit::ids::fresh;
use serde_json::{Value, json};

use super::case::{Record, case, fail};
use super::rig::{CANARY, Rig};

fn invitation(channel: &str, team: &str, name: &str, kind: &str, read_only: bool) -> Value {
    json!({"channel_id": channel, "team_id": team, "read_only": read_only, "name": name, "display_name": CANARY,
        "header": CANARY, "purpose": CANARY, "type": kind, "creator_id": "", "direct_participant_ids": null,
        "direct_participants": null})
}

async fn invite(rig: &Rig, payload: Value) -> String {
    fail(&rig.evil.frame(&rig.remote_id, "sharedchannel_invite", payload).await)
}

/// Our channels by what B has to do with them.
fn ours(rig: &Rig) -> Vec<(&'static str, String)> {
    let c = &rig.channels;
    [
        ("a private channel", &c.private),
        ("the partner's channel", &c.partner),
        ("a channel shared with B", &c.shared),
        ("a channel shared read-only with B", &c.read_only),
        ("an archived channel", &c.archived),
        ("a channel shared with B once", &c.ended),
        ("a direct channel", &c.direct),
        ("town-square", &rig.hub.town),
        ("another team's channel", &c.other_team),
    ]
    .map(|(name, id)| (name, id.clone()))
    .to_vec()
}

/// T-39777, R-04, INV-6: an invitation that names a channel of ours shares nothing, and nothing flows afterwards.
#[tokio::test]
async fn t_39777_invitations_that_name_our_channels() {
    case("T-39777", async |case| {
        let team = case.rig.hub.team.clone();
        for (name, id) in ours(&case.rig) {
            case.refused(&format!("invitation with the id of {name}"), Record::Frame("not_owner"), async |rig| {
                invite(rig, invitation(&id, &team, "taken", "O", false)).await
            })
            .await;
        }
        // What is written there from now on goes to B only where A shares it.
        case.rig.evil.forget_requests();
        let secrets = [&case.rig.channels.private, &case.rig.channels.partner, &case.rig.channels.direct];
        for channel in secrets {
            case.rig.anna.write(channel, "still among ourselves").await;
        }
        case.rig.anna.write(&case.rig.channels.shared, "for everybody").await;
        case.rig.evil.see("for everybody").await;
        for request in case.rig.evil.requests() {
            assert!(!String::from_utf8_lossy(&request.body).contains("still among"), "{}", request.json);
        }
        case.rig.honest.see("still among ourselves").await;
        case.rig.restart_silence().await;
    })
    .await;
}

/// T-39832, INV-7: an invitation that fails half-way takes nothing with it. Refusals, a connection that breaks off and
/// parallel repetitions stand for failures that no peer can cause in our database.
#[tokio::test]
async fn t_39832_failing_invitations_delete_nothing() {
    case("T-39832", async |case| {
        let team = case.rig.hub.team.clone();
        for (name, id) in ours(&case.rig) {
            case.refused(
                &format!("five invitations at once with the id of {name}"),
                Record::Many("frame_refused", 5),
                async |rig| {
                    let one = || invite(rig, invitation(&id, &team, "taken", "P", true));
                    // Each has checked that the answer is FAIL.
                    tokio::join!(one(), one(), one(), one(), one());
                    "FAIL, five times".to_owned()
                },
            )
            .await;
        }
        case.refused("invitation cut off in the middle", Record::Nothing, async |rig| {
            let [(_, id), (_, token)] = rig.credential();
            let address = rig.hub.server.url().trim_start_matches("http://").to_owned();
            let mut line = tokio::net::TcpStream::connect(&address).await.unwrap();
            let head = format!(
                "POST /api/v4/remotecluster/msg HTTP/1.1\r\nHost: {address}\r\nX-RemoteCluster-Id: {id}\r\n\
                 X-RemoteCluster-Token: {token}\r\nContent-Length: 5000\r\n\r\n{{\"remote_id\": \"{id}\", \"msg\": {{"
            );
            tokio::io::AsyncWriteExt::write_all(&mut line, head.as_bytes()).await.unwrap();
            drop(line);
            assert_eq!(rig.evil.ping(&rig.remote_id).await.status, 200);
            "none".to_owned()
        })
        .await;
        for (name, id) in ours(&case.rig) {
            // An archived channel is still there for who may see it.
            let still = case.rig.hub.admin.channel(&id).await.is_some() || case.rig.otto.channel(&id).await.is_some();
            assert!(still, "{name} is gone");
        }
        // Two copies at once: one channel, one share.
        let fresh_id = fresh();
        case.allowed("five invitations at once to a new channel of B's own", async |rig| {
            let payload = invitation(&fresh_id, &team, "brand-new", "O", false);
            let one = async || {
                let answer = rig.evil.frame(&rig.remote_id, "sharedchannel_invite", payload.clone()).await;
                assert_eq!(answer.body["status"], "OK", "{answer}");
            };
            tokio::join!(one(), one(), one(), one(), one());
            let shares = rows(&rig.hub.server, "shares").await;
            let live = shares.iter().filter(|row| row["channel_id"].contains(&fresh_id)).count();
            assert_eq!(live, 1, "{shares:?}");
            "OK, one copy and one share".to_owned()
        })
        .await;
    })
    .await;
}

/// T-39837, INV-6, SC-064: where a copy goes and what it is called is decided here.
#[tokio::test]
async fn t_39837_channels_of_the_peers_choosing() {
    case("T-39837", async |case| {
        let team = case.rig.hub.team.clone();
        for (name, kind) in [("X", "X"), ("none", ""), ("of two letters", "OP")] {
            case.refused(&format!("a new channel of type {name}"), Record::Frame("invalid"), async |rig| {
                invite(rig, invitation(&fresh(), &team, "odd", kind, false)).await
            })
            .await;
        }
        for kind in ["D", "G"] {
            case.refused(
                &format!("a new channel of type {kind} without people"),
                Record::Frame("no_user"),
                async |rig| invite(rig, invitation(&fresh(), "", "odd", kind, false)).await,
            )
            .await;
        }
        case.refused("a direct channel of two people who are not B's (R-05)", Record::Frame("no_user"), async |rig| {
            let mut payload = invitation(&fresh(), "", "odd", "D", false);
            payload["direct_participant_ids"] = json!([rig.anna.id, rig.otto.id]);
            payload["creator_id"] = json!(rig.hub.admin.id);
            invite(rig, payload).await
        })
        .await;
        case.refused("a group of C's person and ours (R-05)", Record::Frame("no_user"), async |rig| {
            let mut payload = invitation(&fresh(), "", "odd", "G", false);
            payload["direct_participant_ids"] = json!([rig.anna.id, rig.otto.id, rig.carl]);
            payload["creator_id"] = json!(rig.hub.admin.id);
            invite(rig, payload).await
        })
        .await;
        let second = text(&case.rig.hub.admin.get("/teams/name/second").await.ok()["id"]);
        for (what, team, name) in [
            ("a new channel in another team", second.clone(), "wanted-there"),
            ("a new channel in no team", fresh(), "wanted-nowhere"),
            ("a new channel called town-square", team.clone(), "town-square"),
        ] {
            let id = fresh();
            case.allowed(what, async |rig| {
                let payload = invitation(&id, &team, name, "O", false);
                let answer = rig.evil.frame(&rig.remote_id, "sharedchannel_invite", payload).await;
                assert_eq!(answer.body["status"], "OK", "{answer}");
                let copy = rig.hub.admin.channel(&id).await.expect("the copy");
                assert_eq!(copy["team_id"], rig.hub.team.as_str(), "{copy}");
                assert_ne!(copy["name"], "town-square", "{copy}");
                let creator = text(&copy["creator_id"]);
                assert!(creator.is_empty() || creator == rig.hub.admin.id, "{copy}");
                let members = rig.hub.admin.members(&id).await;
                assert_eq!(members, ["admin"], "only who accepted the connection sees it");
                "OK: a copy in the connection's team, under a free name, seen by who accepted the connection".to_owned()
            })
            .await;
        }
    })
    .await;
}

/// T-41162, ruling 44: what may be done in a channel of ours is ours to say.
#[tokio::test]
async fn t_41162_invitations_that_would_make_our_channels_read_only() {
    case("T-41162", async |case| {
        let team = case.rig.hub.team.clone();
        for (name, id) in ours(&case.rig) {
            case.refused(&format!("read_only for {name}"), Record::Frame("not_owner"), async |rig| {
                invite(rig, invitation(&id, &team, "taken", "O", true)).await
            })
            .await;
        }
        for channel in [&case.rig.channels.shared, &case.rig.channels.private, &case.rig.channels.partner] {
            let written =
                case.rig.anna.post("/posts", json!({"channel_id": channel, "message": "still writing"})).await;
            assert_eq!(written.status, 201, "{written}");
        }
        case.rig.honest.see("still writing").await;
        case.rig.restart_silence().await;
    })
    .await;
}

/// T-SHAREPERM, ruling 70, G-41: the right to share does not open channels one cannot read.
#[tokio::test]
async fn t_shareperm_sharing_what_one_cannot_read() {
    case("T-SHAREPERM", async |case| {
        let roles = json!({"roles": "system_user shared_channel_manager"});
        let otto = case.rig.otto.clone();
        let (admin, anna) = (case.rig.hub.admin.clone(), case.rig.anna.clone());
        admin.put(&format!("/users/{}/roles", otto.id), roles).await.ok();
        let direct = text(&admin.post("/channels/direct", json!([admin.id, anna.id])).await.ok()["id"]);
        case.rig.restart_silence().await;
        let remote = case.rig.remote_id.clone();
        let unknown = fresh();
        let expected = |answer: &rialto_testkit::client::Answer| (answer.status, answer.error_id().to_owned());
        let path = |channel: &str, verb: &str| format!("/remotecluster/{remote}/channels/{channel}/{verb}");
        for (name, channel) in [
            ("a private channel", case.rig.channels.private.clone()),
            ("a public channel of a team one is not in", case.rig.channels.other_team.clone()),
        ] {
            for (verb, action) in [("invite", "invite_to_channel"), ("uninvite", "uninvite_from_channel")] {
                case.refused(
                    &format!("{verb} over REST for {name}, by a share manager"),
                    Record::Tried(action),
                    async |_| {
                        let answer = otto.post(&path(&channel, verb), json!({})).await;
                        // 400 is what a channel that is not there gets.
                        assert!(matches!(answer.status, 400 | 403 | 404), "{answer}");
                        let nobody = otto.post(&path(&unknown, verb), json!({})).await;
                        assert_eq!(expected(&answer), expected(&nobody), "{answer} against {nobody}");
                        format!("{}, as for no channel", answer.status)
                    },
                )
                .await;
            }
            case.refused(
                &format!("/share-channel invite typed in {name}, by a share manager"),
                Record::Stranger,
                async |_| {
                    let line = format!("/share-channel invite --connectionID {remote}");
                    let body = json!({"channel_id": channel, "command": line});
                    let answer = otto.post("/commands/execute", body).await;
                    assert!(matches!(answer.status, 403 | 404), "{answer}");
                    answer.status.to_string()
                },
            )
            .await;
        }
        let tried = Record::Tried("invite_to_channel");
        case.refused("invite over REST for others' direct channel, by a share manager", tried, async |_| {
            let answer = otto.post(&path(&direct, "invite"), json!({})).await;
            let nobody = otto.post(&path(&unknown, "invite"), json!({})).await;
            assert_eq!(expected(&answer), expected(&nobody), "{answer} against {nobody}");
            format!("{}, as for no channel", answer.status)
        })
        .await;
    })
    .await;
}
