//! Every refusal of behaviour 2.4 that needs no second server, as its author reads it; and that it changes nothing.

use axum::http::Method;
use rialto_app::{channel_members, connections};
use rialto_federation::transport::Step;
use rialto_model::{Channel, RemoteId};
use rialto_store::teams;
use serde_json::json;

use crate::loopback::{Net, Organisation, Person, Site, code_in, row};

pub async fn server() -> (Net, Organisation, Channel) {
    let net = Net::default();
    let acme = Organisation::start(&net, "acme", 1).await;
    let town = acme.channel("town").await;
    (net, acme, town)
}

#[track_caller]
pub fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

pub async fn names(acme: &Organisation) -> Vec<String> {
    let all = connections::list(&acme.app, &acme.admin.actor, true).await.unwrap();
    all.into_iter().map(|one| one.name).collect()
}

pub async fn id_of(acme: &Organisation, name: &str) -> RemoteId {
    let all = connections::list(&acme.app, &acme.admin.actor, true).await.unwrap();
    all.into_iter().find(|one| one.name == name).unwrap().id
}

pub async fn create(acme: &Organisation, town: &Channel, name: &str) -> String {
    acme.command(town, &format!("/secure-connection create --name {name} --password kT7#pq!xW2$mZ9")).await
}

/// Somebody who belongs to the channel.
async fn member(acme: &Organisation, channel: &Channel, name: &str, roles: &str) -> Person {
    let person = acme.person(name, roles).await;
    channel_members::add(&acme.app, &acme.admin.actor, &channel.id, &[person.id]).await.unwrap();
    person
}

/// SC-033, E-168.
#[tokio::test]
async fn the_first_failing_check_answers() {
    let (_, acme, town) = server().await;
    let nobody = member(&acme, &town, "nobody", "system_user").await;
    let manager = member(&acme, &town, "sharer", "system_user shared_channel_manager").await;
    let gibberish =
        ["/secure-connection dance --x", "/secure-connection", "/share-channel dance --x", "/share-channel"];
    // Feature, then permission, then the line itself.
    for line in gibberish {
        let permission =
            if line.contains("secure") { "`manage_secure_connections`" } else { "`manage_shared_channels`" };
        contains(&acme.command_of(&nobody, &town, line).await, &[permission]);
    }
    contains(&acme.command_of(&manager, &town, gibberish[0]).await, &["`manage_secure_connections`"]);
    contains(&acme.command_of(&manager, &town, gibberish[2]).await, &["does not know `dance`", "`invite`"]);
    acme.set(|settings| settings.workspaces.enable_remote_cluster_service = Some(false));
    for line in gibberish {
        contains(&acme.command_of(&nobody, &town, line).await, &["switched off", "EnableRemoteClusterService"]);
    }
    acme.set(|settings| {
        settings.workspaces.enable_remote_cluster_service = Some(true);
        settings.workspaces.enable_shared_channels = false;
    });
    contains(&acme.command(&town, gibberish[2]).await, &["switched off", "EnableSharedChannels"]);
    contains(&acme.command(&town, "/secure-connection").await, &["`create`", "`accept`", "`remove`", "`status`"]);
    assert_eq!(names(&acme).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_no_command_of_somebody_there_is_an_error_of_the_api() {
    let (_, acme, town) = server().await;
    let stranger = acme.person("stranger", "system_user").await;
    let run = async |person: &Person, body| {
        let (status, answer) = acme.call(person, Method::POST, "/commands/execute", Some(body)).await;
        (status.as_u16(), answer["id"].as_str().unwrap_or_default().to_owned())
    };
    let line = |command: &str| json!({ "command": command, "channel_id": town.id });
    let unknown = run(&acme.admin, line("/dance now")).await;
    assert_eq!(unknown, (404, "api.command.execute_command.not_found.app_error".to_owned()));
    for command in ["/", "", "hello", " /help"] {
        assert_eq!(run(&acme.admin, line(command)).await.0, 400, "{command:?}");
    }
    assert_eq!(run(&acme.admin, json!({ "command": "/help", "channel_id": "town" })).await.0, 400);
    assert_eq!(run(&acme.admin, json!({ "command": "/help" })).await.0, 400);
    let with_root = json!({ "command": "/help", "channel_id": town.id, "root_id": "x" });
    assert_eq!(run(&acme.admin, with_root).await.0, 400);
    let denied = (403, "api.context.permissions.app_error".to_owned());
    assert_eq!(run(&stranger, line("/help")).await, denied);
    assert_eq!(run(&stranger, line("/dance")).await, denied, "not even whether there is such a command");
    let nowhere = json!({ "command": "/help", "channel_id": "y".repeat(26) });
    assert_eq!(run(&acme.admin, nowhere.clone()).await, denied);
    assert_eq!(run(&stranger, nowhere).await, denied);
}

/// SC-026, SC-087, E-002.
#[tokio::test]
async fn an_invitation_is_not_made_for_these_reasons() {
    let (_, acme, town) = server().await;
    let run = async |line: &str| acme.command(&town, &format!("/secure-connection create {line}")).await;
    contains(&run("").await, &["`--name` and `--password` need values", "Example"]);
    contains(&run("--name a").await, &["`--password` needs a value"]);
    contains(&run("--name a/b --password secret").await, &["not allowed: `/`"]);
    contains(&run("--name a --password s --team nowhere").await, &["no team `nowhere`"]);
    contains(&run(&format!("--name a --password s --team {}", "x".repeat(26))).await, &["no team"]);
    let old = acme.another_team("old").await;
    let mut tx = acme.app.db.begin(acme.app.clock.now()).await.unwrap();
    let mut team = teams::get(&mut tx, &old).await.unwrap().unwrap();
    team.delete_at = Some(acme.app.clock.now());
    teams::update(&mut tx, &team).await.unwrap();
    tx.commit().await.unwrap();
    contains(&run("--name a --password s --team old").await, &["`old` is archived"]);
    contains(&run(&format!("--name a --password s --team {old}")).await, &["is archived"]);
    acme.set(|settings| settings.workspaces.min_invitation_password = 20);
    contains(&run("--name a --password short").await, &["too short", "20"]);
    acme.set(|settings| settings.workspaces.min_invitation_password = 0);
    for address in [None, Some("chat.example".to_owned()), Some("ftp://chat.example".to_owned())] {
        acme.set(|settings| settings.site_url = address);
        contains(&run("--name a --password secret").await, &["`ServiceSettings.SiteURL`"]);
    }
    acme.set(|settings| settings.site_url = Some("http://10.1.2.3".to_owned()));
    assert_eq!(names(&acme).await, Vec::<String>::new());

    contains(
        &run("--name \"Acme EU\" --displayname Acme --password kT7#pq!xW2$mZ9").await,
        &["plain http", "private network"],
    );
    let id = id_of(&acme, "Acme EU").await;
    contains(&run("--name acme-eu --password secret").await, &["taken", id.as_str(), "waits for the other side"]);
    contains(&run("--name other --displayname acme --password secret").await, &["look alike"]);
    acme.set(|settings| settings.workspaces.max_pending = 2);
    contains(&run("--name third --password secret").await, &["2 invitations", "`/secure-connection remove`"]);
    assert_eq!(names(&acme).await.len(), 2);
}

#[tokio::test]
async fn the_team_of_an_invitation_is_named_current_or_the_oldest_open_one() {
    let (_, acme, town) = server().await;
    let second = acme.another_team("second").await;
    for (flags, team) in [("--name a", "Team acme"), ("--name b --team Second", "Team second")] {
        let text = acme.command(&town, &format!("/secure-connection create {flags} --password secret")).await;
        contains(&text, &[&format!("in the team **{team}**")]);
    }
    let by_id = acme.command(&town, &format!("/secure-connection create --name c --password s --team {second}")).await;
    contains(&by_id, &["in the team **Team second**"]);
    let table = acme.command(&town, "/secure-connection status").await;
    assert_eq!((&*row(&table, "a")["Default team"], &*row(&table, "b")["Default team"]), ("Team acme", "Team second"));
}

/// E-007, E-011, E-017.
#[tokio::test]
async fn an_invitation_is_not_accepted_for_these_reasons() {
    let (net, acme, town) = server().await;
    let globex = Organisation::start(&net, "globex", 2).await;
    let theirs = globex.channel("town").await;
    let code = code_in(&create(&globex, &theirs, "acme").await);
    let run = async |flags: &str| acme.command(&town, &format!("/secure-connection accept {flags}")).await;
    let accept = async |name: &str, password: &str, code: &str| {
        run(&format!("--name {name} --password {password} --invite {code}")).await
    };
    contains(&run("").await, &["`--name`, `--password` and `--invite` need values"]);
    contains(&accept("a", "secret", "what?").await, &["not an invitation code"]);
    contains(&accept("a", "secret", "hello").await, &["not an invitation code", "whole block"]);
    contains(&accept("a", "secret", &code[..40]).await, &["incomplete", "40"]);
    contains(&accept("a", "secret", &code[..160]).await, &["incomplete", "160"]);
    contains(&accept("a", "wrong", &code).await, &["password is wrong, or the code was damaged"]);
    contains(&run(&format!("--name a --password s --team nowhere --invite {code}")).await, &["no team `nowhere`"]);
    let own = code_in(&create(&acme, &town, "mine").await);
    contains(&accept("a", "kT7#pq!xW2$mZ9", &own).await, &["your own invitation"]);
    contains(&accept("mine", "kT7#pq!xW2$mZ9", &code).await, &["taken", "waits for the other side"]);

    // The peer does not answer, or not as one.
    let password = "kT7#pq!xW2$mZ9";
    let up = net.set(&globex.site, Site::Fails(Step::Resolve, "the host name does not resolve")).unwrap();
    let says = |status, id: &'static str| Site::Says(status, id);
    for (site, parts) in [
        (None, &["could not be resolved", "https://globex.example", "firewall", "Nothing was kept"][..]),
        (Some(Site::Fails(Step::Connect, "refused")), &["no connection to it"]),
        (Some(Site::Fails(Step::Tls, "certificate expired")), &["TLS", "`certificate expired`"]),
        (Some(Site::Fails(Step::Timeout, "late")), &["within 15 seconds"]),
        (
            Some(Site::Fails(Step::Address, "it is on a private network")),
            &["not called", "`it is on a private network`"],
        ),
        (Some(says(502, "<html>")), &["HTTP status 502"]),
        (Some(says(404, "{\"id\":\"api.context.404.app_error\"}")), &["HTTP status 404"]),
        (
            Some(Site::Leads("https://sso.example/login?token=secret")),
            &["redirects to `https://sso.example/login`", "not followed"],
        ),
        (Some(says(302, "")), &["HTTP status 302"]),
        (Some(says(200, "<html>")), &["`the answer is not that of a chat server that shares channels`"]),
        (Some(says(401, "{}")), &["does not know this invitation"]),
        (Some(says(501, "{}")), &["switched off there"]),
        (Some(says(400, "{\"id\":\"api.context.invitation_used.error\"}")), &["accepted this invitation before"]),
        (Some(says(400, "{\"id\":\"api.context.invitation_expired.error\"}")), &["expired on 2026-09-23 14:13:20 UTC"]),
        (Some(says(400, "{\"id\":\"rialto.protocol.error\"}")), &["no common protocol version"]),
        (Some(says(400, "{\"id\":\"some.other|error\"}")), &["`some.other|error`"]),
    ] {
        if let Some(site) = site {
            net.set(&globex.site, site);
        }
        contains(&accept("globex", password, &code).await, parts);
        assert_eq!(names(&acme).await, ["mine"], "nothing is kept");
    }

    // The code stays usable; once it was used, it is not.
    net.set(&globex.site, up);
    contains(&accept("globex", password, &code).await, &["Invitation accepted", "**globex**"]);
    contains(&accept("again", password, &code).await, &["already accepted, as **globex**", "connected"]);
    let other = code_in(&create(&globex, &theirs, "acme2").await);
    let id = id_of(&acme, "globex").await;
    contains(&accept("again", password, &other).await, &["already a connection", "**globex**", id.as_str()]);
}

#[tokio::test]
async fn guessing_passwords_is_stopped_for_a_while() {
    let (net, acme, town) = server().await;
    let globex = Organisation::start(&net, "globex", 2).await;
    let theirs = globex.channel("town").await;
    let code = code_in(&create(&globex, &theirs, "acme").await);
    let accept = |password: &str| format!("/secure-connection accept --name a --password {password} --invite {code}");
    for n in 0..10 {
        contains(&acme.command(&town, &accept(&format!("guess{n}"))).await, &["password is wrong"]);
    }
    contains(&acme.command(&town, &accept("kT7#pq!xW2$mZ9")).await, &["Too many", "2026-09-21 14:18:20 UTC"]);
    acme.app.clock.advance(5 * 60 * 1000);
    contains(&acme.command(&town, &accept("kT7#pq!xW2$mZ9")).await, &["Invitation accepted"]);
}

#[tokio::test]
async fn a_peer_that_cannot_change_its_token_or_is_too_new_is_refused() {
    use rialto_wire::federation::extension::Advert;
    use rialto_wire::invitation::{Invitation, Kdf, seal};
    let (_, acme, town) = server().await;
    let sealed = |change: fn(&mut Invitation)| {
        let mut invitation = Invitation {
            remote_id: "z".repeat(26),
            site_url: "https://globex.example".to_owned(),
            token: "y".repeat(26),
            version: 2,
            ..Invitation::default()
        };
        change(&mut invitation);
        seal(&invitation, "secret", Kdf::Scrypt, [1; 16], [2; 12]).unwrap()
    };
    for (code, parts) in [
        (sealed(|invitation| invitation.version = 0), &["too old", "`ConnectedWorkspacesSettings.LegacyPeers`"][..]),
        (sealed(|invitation| invitation.remote_id = "z".to_owned()), &["opened", "names no connection"]),
        (sealed(|invitation| invitation.site_url = "ftp://globex.example".to_owned()), &["opened", "http"]),
        (
            sealed(|invitation| {
                invitation.rialto = Some(Advert { protocol: 9, min_protocol: 8, ..Advert::default() });
            }),
            &["`8 to 9` there", "`1` here"],
        ),
    ] {
        let line = format!("/secure-connection accept --name a --password secret --invite {code}");
        contains(&acme.command(&town, &line).await, parts);
    }
    assert_eq!(names(&acme).await, Vec::<String>::new());
}

/// SC-048.
#[tokio::test]
async fn a_connection_is_removed_once() {
    let (_, acme, town) = server().await;
    let run = async |line: &str| acme.command(&town, line).await;
    contains(&run("/secure-connection status").await, &["no secure connections"]);
    contains(
        &run("/secure-connection remove").await,
        &["`--connectionID` needs a value", "`/secure-connection status`"],
    );
    contains(&run("/secure-connection remove nobody").await, &["no secure connection `nobody`"]);
    create(&acme, &town, "one").await;
    acme.command(&town, "/secure-connection create --name a --displayname Same --password secret").await;
    acme.command(&town, "/secure-connection create --name b --displayname Same --password secret").await;
    let (a, b) = (id_of(&acme, "a").await, id_of(&acme, "b").await);
    contains(&run("/secure-connection remove same").await, &["can be any of these", a.as_str(), b.as_str()]);
    let id = id_of(&acme, "one").await;
    let done = run("/remote remove --remoteId ONE").await;
    contains(
        &done,
        &["was removed", "No channel was shared", "`/remote remove` is an old spelling", "`/secure-connection remove`"],
    );
    assert!(!done.contains("other side"), "there is none: {done}");
    acme.app.clock.advance(1000);
    contains(
        &run(&format!("/secure-connection remove {id}")).await,
        &["already removed on 2026-09-21 14:13:20 UTC by `root`"],
    );
    contains(&run("/secure-connection remove one").await, &["no secure connection `one`"]);
    let detail = run(&format!("/secure-connection status --connectionID {id}")).await;
    assert_eq!(row(&detail, "State")["Value"], "removed");
    let listed = run("/secure-connection status").await;
    assert_eq!((&*row(&listed, "one")["Deleted"], &*row(&listed, "a")["Deleted"]), ("Yes", "No"));
    acme.app.clock.advance(48 * 3_600_000);
    contains(&run("/secure-connection status").await, &["the invitation expired on 2026-09-23 14:13:20 UTC"]);
}
