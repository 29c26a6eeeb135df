//! Bad input: what people are told, and that nothing changed (behaviour 2.1.6, 2.4, 2.5).

use rialto_testkit::digest::Digest;
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::{Fault, On};
use rialto_testkit::{Database, Organisation, Peer, Profile, TestServer, both, connect};
use serde_json::json;

/// What may change although nothing does: attempts, presence, and the log, because a connection is stored before the other
/// side is asked and taken back if it refuses.
async fn digest(org: &Organisation) -> Digest {
    Digest::take(&org.server, &[super::receiver::NOT_STATE, &["events"]].concat()).await
}

/// Runs a command as the administrator of `org` and checks that the answer names each of `parts` and nothing changed.
async fn refused(org: &Organisation, channel: &str, line: &str, parts: &[&str]) {
    let before = digest(org).await;
    let answer = org.admin.command(channel, line).await;
    before.assert_unchanged(&digest(org).await);
    for part in parts {
        assert!(answer.to_lowercase().contains(&part.to_lowercase()), "{line}: {part:?} is not in: {answer}");
    }
}

#[tokio::test]
async fn flags_and_values_of_secure_connection() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let town = org.town.clone();
        let refused = async |line: &str, parts: &[&str]| refused(&org, &town, line, parts).await;
        refused("/secure-connection create --displayname Globex", &["name", "password"]).await;
        refused("/secure-connection create --name --password x", &["name"]).await;
        refused("/secure-connection create --name \"\" --password x", &["name"]).await;
        refused("/secure-connection create --name \"bad name!\" --password x", &["!"]).await;
        refused(&format!("/secure-connection create --name {} --password x", "n".repeat(65)), &["64"]).await;
        refused("/secure-connection create --name a --password x --nmae b", &["nmae", "name"]).await;
        refused("/secure-connection create --name a --name b --password x", &["name"]).await;
        refused("/secure-connection create --name a --password \"never closed", &["password"]).await;
        refused("/secure-connection create --name a --password x --displayname Acme USA", &["\"Acme USA\""]).await;
        refused("/secure-connection create --name a --password x --team nosuch", &["nosuch"]).await;
        refused("/secure-connection crate --name a --password x", &["crate", "create"]).await;
        refused("/secure-connection", &["create", "accept", "remove", "status"]).await;
        refused("/secure-connection remove", &["connectionID", "status"]).await;
        refused("/secure-connection remove --connectionID nosuch", &["nosuch"]).await;
        refused("/secure-connection accept --name a --password x", &["invite"]).await;
        refused("/secure-connection accept --name a --password x --invite tooshort", &["invitation"]).await;
        org.command("/secure-connection create --name globex --password x1234567890").await;
        refused("/secure-connection create --name GLOBEX --password x", &["globex"]).await;
    })
    .await;
}

/// SC-034.
#[tokio::test]
async fn codes_that_do_not_open_or_may_not() {
    both(async |database| {
        let (a, b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        let code = a.invite("globex").await;
        let accept = |name: &str, password: &str, code: &str| {
            format!("/secure-connection accept --name {name} --password \"{password}\" --invite {code}")
        };
        let wrong = accept("acme", "wrong horse", &code);
        refused(&b, &b.town, &wrong, &["password"]).await;
        let last = if code.as_bytes()[60] == b'A' { "B" } else { "A" };
        let damaged = format!("{}{last}{}", &code[..60], &code[61..]);
        let damaged = accept("acme", CODE_PASSWORD, &damaged);
        refused(&b, &b.town, &damaged, &["password", "damaged"]).await;
        // One message for both, on purpose.
        assert_eq!(b.command(&wrong).await, b.command(&damaged).await);
        refused(&a, &a.town, &accept("self", CODE_PASSWORD, &code), &["your own"]).await;

        let first = accept("acme", CODE_PASSWORD, &code);
        b.command(&first).await;
        a.wait_online("globex").await;
        b.wait_online("acme").await;
        refused(&b, &b.town, &accept("acme2", CODE_PASSWORD, &code), &["already", "acme"]).await;
        // A third server that got hold of the same code.
        let c = Organisation::start("initech", database).await;
        let before = digest(&a).await;
        refused(&c, &c.town, &accept("acme", CODE_PASSWORD, &code), &["accepted this invitation before"]).await;
        before.assert_unchanged(&digest(&a).await);
        // A second connection between the same two.
        let again = b.invite("acme-again").await;
        refused(&a, &a.town, &accept("globex-again", CODE_PASSWORD, &again), &["globex"]).await;
    })
    .await;
}

#[tokio::test]
async fn ten_wrong_passwords_close_the_door_for_a_while() {
    let (a, b) =
        (Organisation::start("acme", Database::Sqlite).await, Organisation::start("globex", Database::Sqlite).await);
    let code = a.invite("globex").await;
    let wrong = format!("/secure-connection accept --name acme --password wrong --invite {code}");
    let first = b.command(&wrong).await;
    for _ in 1..10 {
        assert_eq!(b.command(&wrong).await, first);
    }
    let closed = b.accept("acme", &code).await;
    assert_ne!(closed, first);
    assert!(closed.contains("again after"), "says until when: {closed}");
    assert!(b.connections().await.is_empty(), "not even the right password opens it now");
}

/// E-012.
#[tokio::test]
async fn a_peer_that_does_not_answer_leaves_nothing() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let mut peer = Peer::start(Profile::Mattermost116).await;
        let accept = |code: String| {
            format!("/secure-connection accept --name peer --password \"{CODE_PASSWORD}\" --invite {code}")
        };
        for fault in [Fault::Status(500), Fault::Status(404), Fault::Garbage] {
            let code = peer.invite(CODE_PASSWORD);
            peer.misbehave(On::Any, 100, fault.clone());
            refused(&org, &org.town, &accept(code), &[&peer.url()]).await;
            peer.behave();
        }
        let code = peer.invite(CODE_PASSWORD);
        peer.go_down();
        refused(&org, &org.town, &accept(code.clone()), &[&peer.url(), "connect"]).await;
        // The invitation stays usable.
        peer.go_up().await;
        org.command(&accept(code)).await;
        org.wait_online("peer").await;
    })
    .await;
}

/// T-13324.
#[tokio::test]
async fn legacy_peers_are_refused_unless_allowed() {
    let peer = Peer::start(Profile::Mattermost537).await;
    let code = peer.invite(CODE_PASSWORD);
    let org = Organisation::start("acme", Database::Sqlite).await;
    let line = format!("/secure-connection accept --name old --password \"{CODE_PASSWORD}\" --invite {code}");
    refused(&org, &org.town, &line, &["LegacyPeers"]).await;
    assert!(peer.requests().is_empty(), "nothing was sent: {:?}", peer.requests().len());
    let ours = org.invite("old").await;
    assert!(peer.accept(&ours, CODE_PASSWORD).await.is_err());
    let row = org.connection("old").await;
    assert_eq!(row["last_ping_at"], 0, "still pending: {row}");
}

#[tokio::test]
async fn private_addresses_and_plain_http_are_refused_by_default() {
    for (setting, value) in [("PRIVATEPEERADDRESSES", "PrivatePeerAddresses"), ("INSECUREPEERS", "InsecurePeers")] {
        let peer = Peer::start(Profile::Mattermost116).await;
        let server = TestServer::new("acme", Database::Sqlite).await;
        let org =
            Organisation::found(server.with(&format!("MM_CONNECTEDWORKSPACESSETTINGS_{setting}"), "refuse")).await;
        let code = peer.invite(CODE_PASSWORD);
        let line = format!("/secure-connection accept --name peer --password \"{CODE_PASSWORD}\" --invite {code}");
        refused(&org, &org.town, &line, &[value]).await;
        assert!(peer.requests().is_empty());
    }
}

#[tokio::test]
async fn sharing_what_cannot_be_shared() {
    both(async |database| {
        let (a, b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let share = |rest: &str| format!("/share-channel invite {rest}");
        refused(&a, &ops, &share(""), &["connectionID", "/secure-connection status"]).await;
        refused(&a, &ops, &share("--connectionID nosuch"), &["nosuch"]).await;
        refused(&a, &ops, &share(&format!("--connectionID {id} --readonly maybe")), &["maybe"]).await;
        refused(&a, &ops, &share(&format!("--connectionID {id} --readnoly")), &["readnoly", "readonly"]).await;
        refused(&a, &ops, "/share-channel unshare", &["not shared"]).await;
        refused(&a, &ops, &format!("/share-channel uninvite --connectionID {id}"), &["not shared"]).await;
        refused(&a, &ops, "/share-channel status", &["shared"]).await;
        refused(&a, &ops, "/share-channel shaer", &["shaer"]).await;

        rialto_testkit::share(&a, &ops, &id, &b).await;
        Digest::settled(&a.server, super::receiver::NOT_STATE).await;
        Digest::settled(&b.server, super::receiver::NOT_STATE).await;
        refused(&a, &ops, &share(&format!("--connectionID {id}")), &["already"]).await;
        refused(&a, &ops, &share(&format!("--connectionID {id} --readonly")), &["--convert"]).await;
        refused(&b, &ops, &share(&format!("--connectionID {id}")), &["acme"]).await;

        let old = a.channel("old", "O").await;
        a.admin.delete(&format!("/channels/{old}")).await.ok();
        refused(&a, &old, &share(&format!("--connectionID {id}")), &["archived"]).await;
    })
    .await;
}

/// SC-024.
#[tokio::test]
async fn without_the_permission_it_is_named() {
    both(async |database| {
        let (a, b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        let before = digest(&a).await;
        for (line, permission) in [
            ("/secure-connection create --name x --password y", "manage_secure_connections"),
            ("/secure-connection status", "manage_secure_connections"),
            (&format!("/secure-connection remove --connectionID {id}"), "manage_secure_connections"),
            (&format!("/share-channel invite --connectionID {id}"), "manage_shared_channels"),
            ("/share-channel status", "manage_shared_channels"),
            ("/share-channel unshare", "manage_shared_channels"),
        ] {
            let answer = anna.command(&ops, line).await;
            assert!(answer.contains(permission), "{line}: {answer}");
        }
        let forbidden = [
            anna.get("/remotecluster?page=0&per_page=60").await,
            anna.post("/remotecluster", json!({"name": "x", "display_name": "x", "default_team_id": a.team})).await,
            anna.delete(&format!("/remotecluster/{id}")).await,
            anna.post(&format!("/remotecluster/{id}/channels/{ops}/invite"), json!({})).await,
        ];
        for answer in forbidden {
            answer.refused(403, "api.context.permissions.app_error");
        }
        before.assert_unchanged(&digest(&a).await);
    })
    .await;
}

#[tokio::test]
async fn with_the_feature_off_commands_say_so_and_routes_answer_501() {
    let server = TestServer::new("acme", Database::Sqlite)
        .await
        .with("MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS", "false")
        .with("MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE", "false");
    let org = Organisation::found(server).await;
    for line in
        ["/secure-connection status", "/secure-connection create --name a --password b", "/share-channel status"]
    {
        refused(&org, &org.town, line, &["enable"]).await;
    }
    let id = rialto_testkit::ids::fresh();
    let peer = Peer::start(Profile::Mattermost116).await;
    let headers = [("X-RemoteCluster-Id", id.as_str()), ("X-RemoteCluster-Token", id.as_str())];
    for path in ["/ping", "/msg", "/confirm_invite"] {
        let answer = peer.raw(&org.server.url(), path, &headers, b"{}".to_vec()).await;
        answer.refused(501, "api.remote_cluster.service_not_enabled.app_error");
    }
    org.admin
        .get("/remotecluster?page=0&per_page=60")
        .await
        .refused(501, "api.remote_cluster.service_not_enabled.app_error");
}

#[tokio::test]
async fn commands_that_do_not_exist_or_are_typed_elsewhere() {
    let org = Organisation::start("acme", Database::Sqlite).await;
    let answer = org.admin.post("/commands/execute", json!({"channel_id": org.town, "command": "/nosuch thing"})).await;
    answer.refused(404, "api.command.execute_command.not_found.app_error");
    let anna = org.member("anna").await;
    let private = org.channel("private", "P").await;
    let answer =
        anna.post("/commands/execute", json!({"channel_id": private, "command": "/share-channel status"})).await;
    assert_eq!(answer.status, 403, "{answer}");
}
