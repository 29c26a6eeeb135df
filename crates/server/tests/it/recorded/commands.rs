//! Scenarios 55, 56 and the commands of all others: the shape of our answers beside the recorded ones. Texts are our own
//! (ruling 1); what a reader or a script relies on is the same: columns and their order, actions, permissions by name.

use std::path::Path;

use rialto_testkit::client::text;
use rialto_testkit::replay::Entry;
use rialto_testkit::{Database, Organisation, TestServer, both, connect};
use serde_json::{Value, json};

use super::stage::scenario;

/// The recorded commands of a scenario, or of `commands.json`, each with its answer's text.
fn typed(name: &str) -> Vec<(String, String, String)> {
    let steps = scenario(name).into_iter().filter_map(|entry| match entry {
        Entry::Step(step) if step["kind"] == "command" => Some(step),
        _ => None,
    });
    steps.map(|step| (text(&step["user"]), text(&step["command"]), text(&step["response"]["text"]))).collect()
}

/// The titles of the first table of a text.
fn titles(answer: &str) -> Vec<String> {
    let head = answer.lines().find(|line| line.trim_start().starts_with('|')).unwrap_or_default();
    head.trim().trim_matches('|').split('|').map(|title| title.trim().to_owned()).collect()
}

/// SC-047, SC-050: every recorded status table has its columns in ours, in that order; ours may have more.
#[tokio::test]
async fn status_tables_have_the_recorded_columns_in_order() {
    both(async |database| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded/commands.json");
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let (a, b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        connect(&a, &b).await;
        let ours = titles(&a.command("/secure-connection status").await);
        let mut compared = 0;
        for recorded in file["commands"].as_array().unwrap() {
            let answer = text(&recorded["text"]);
            if recorded["command"] != "/secure-connection status" || !answer.contains('|') {
                continue;
            }
            let mut rest = ours.iter();
            for title in titles(&answer) {
                // Three have other words here (behaviour 2.2), in the same places.
                let title = match title.as_str() {
                    "Display name" => "Description",
                    "Site URL" => "Connection URL",
                    "Last ping" => "Last ping (UTC)",
                    same => same,
                };
                assert!(rest.any(|mine| *mine == title), "{title:?} in its place among {ours:?}");
            }
            compared += 1;
        }
        assert!(compared > 5, "{compared}");
        // A row for each connection, every cell filled or a dash.
        let row = rialto_testkit::table::rows(&a.command("/secure-connection status").await).remove(0);
        assert_eq!(
            (row["Secure connection"].as_str(), row["Invite accepted"].as_str(), row["Online"].as_str()),
            ("globex", "Yes", "Yes")
        );
        assert_eq!(row["Connection URL"], b.server.url());
    })
    .await;
}

/// SC-041, SC-061, E-160: scenario 55. An invitation nobody accepted carries no channel; odd spellings do nothing.
#[tokio::test]
async fn pending_connections_and_odd_spellings() {
    both(async |database| {
        let org = Organisation::start("globex", database).await;
        let channel = org.channel("pending", "O").await;
        let mut connection = String::new();
        let (mut played, mut queued) = (0, false);
        for (user, command, recorded) in typed("55-pending-and-hidden") {
            assert_eq!(user, "adminb");
            let line = command
                .replace("--password x", "--password correct-horse-battery")
                .replace("opdiqus7zpramdbimmfga9c8tw", &connection);
            if line.contains("--connectionID") && line.contains("invite") {
                assert_eq!(connection.len(), 26, "the connection of the step before");
            }
            let before = rialto_testkit::digest::Digest::take(&org.server, crate::receiver::NOT_STATE).await;
            let answer = org.admin.command(&channel, &line).await;
            let after = rialto_testkit::digest::Digest::take(&org.server, crate::receiver::NOT_STATE).await;
            assert!(!answer.contains("MISSING") && !answer.contains("<nil>") && !answer.ends_with(".."), "{answer}");
            played += 1;
            let done = match line.as_str() {
                line if line.starts_with("/secure-connection create --name gamma") => {
                    connection = text(&org.connection("gamma").await["remote_id"]);
                    assert_eq!(
                        recorded.lines().next(),
                        Some("##### Invitation created."),
                        "the recorded one did as well"
                    );
                    true
                }
                line if line.starts_with("/secure-connection remove") => {
                    assert!(org.connections().await.is_empty());
                    true
                }
                line if line.starts_with("/SHARE-CHANNEL") || line.starts_with("/secure-connection STATUS") => {
                    // Taken whatever the case is, or refused with the right spelling named (ruling 1).
                    assert!(!answer.is_empty());
                    false
                }
                line if line.starts_with("/share-channel invite") => {
                    // Said as it is: nothing is sent before they accept (the recorded one reported success).
                    assert!(answer.contains("gamma") && answer.contains("queued"), "{answer}");
                    queued = true;
                    true
                }
                line if line.starts_with("/share-channel share") => {
                    // Shared with nobody yet; the other names in the command are not taken.
                    let named = org.admin.channel(&channel).await.unwrap();
                    assert_eq!((&named["name"], &named["header"]), (&json!("pending"), &json!("")), "{named}");
                    queued = true;
                    true
                }
                "/share-channel unshare" if queued => {
                    queued = false;
                    true
                }
                _ => false,
            };
            if !done {
                let changes = before.differences(&after);
                assert!(changes.is_empty(), "{line}: {answer}\n{}", changes.join("\n"));
            }
            let shared = org.admin.channel(&channel).await.unwrap()["shared"] == true;
            assert_eq!(shared, queued, "{line}: {answer}");
        }
        assert_eq!(played, 11);
    })
    .await;
}

/// SC-021, ruling 18, 79: the three files of scenario 56. There is no licence here, so that one is an ordinary server.
#[tokio::test]
async fn switched_off_services() {
    for (name, cluster, channels) in [
        ("56-remote-cluster-service-off", "false", "false"),
        ("56-shared-channels-off", "true", "false"),
        ("56-no-license", "true", "true"),
    ] {
        let server = TestServer::new("acme", Database::Sqlite)
            .await
            .with("MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE", cluster)
            .with("MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS", channels);
        let org = Organisation::found(server).await;
        let alice = org.member("alice").await;
        for (user, command, recorded) in typed(name) {
            // An invitation made then and there would be called; its refusal is another test's.
            if command.contains("accept") && user == "admina" {
                continue;
            }
            let person = if user == "admina" { &org.admin } else { &alice };
            let answer = person.command(&org.town, &command).await;
            if user == "alice" {
                // The permission is named as recorded, service or not.
                let permission = recorded.split('`').nth(1).expect("the recorded refusal names it");
                // Or that there is nothing to permit.
                let off = answer.contains("switched off") && channels == "false";
                assert!(answer.contains(permission) || off, "{name} {command}: {answer}");
                continue;
            }
            let is_off = if command.starts_with("/share-channel") { channels == "false" } else { cluster == "false" };
            let says_off = answer.contains("EnableSharedChannels") || answer.contains("EnableRemoteClusterService");
            assert_eq!(says_off, is_off, "{name} {command} names the setting if it is off: {answer}");
        }
        for entry in scenario(name) {
            let Entry::Step(step) = entry else { continue };
            let what = text(&step["what"]);
            if what.starts_with("triggers") {
                let path = format!("/teams/{}/commands/autocomplete", org.team);
                let ours = org.admin.get(&path).await.ok();
                let ours: Vec<_> = ours.as_array().unwrap().iter().map(|one| text(&one["trigger"])).collect();
                for trigger in step["response"].as_array().unwrap() {
                    assert!(ours.contains(&text(trigger)), "{name}: {trigger} in {ours:?}");
                }
            } else if what.starts_with("GET /sharedchannels") {
                let ours = org.admin.get(&format!("/sharedchannels/{}?page=0&per_page=50", org.team)).await;
                if channels == "true" {
                    assert_eq!((ours.status, &ours.body), (200, &json!([])), "{ours}");
                } else if step["http_status"] == 501 {
                    ours.refused(501, step["response"]["id"].as_str().unwrap());
                } else {
                    assert!(matches!(ours.status, 200 | 501), "{ours}");
                }
            } else if what.starts_with("POST /remotecluster/ping") {
                let peer = rialto_testkit::Peer::start(rialto_testkit::Profile::Mattermost537).await;
                let id = rialto_testkit::ids::fresh();
                let headers = [("X-Remotecluster-Id", id.as_str()), ("X-Remotecluster-Token", id.as_str())];
                let answer = peer.raw(&org.server.url(), "/ping", &headers, b"{}".to_vec()).await;
                if cluster == "true" {
                    answer.refused(401, "api.context.invalid_token.error");
                    assert!(!answer.text().contains(&id), "never echoed: {answer}");
                } else {
                    answer.refused(501, "api.remote_cluster.service_not_enabled.app_error");
                }
            }
        }
    }
}
