//! The worked dialogue of the mission, line by line (behaviour 2.9), between two servers.

use std::collections::BTreeMap;

use rialto_testkit::organisation::code_in;
use rialto_testkit::{Organisation, Peer, Profile, SHORT, both, table, wait_for};

/// SC-002, SC-020, SC-023, SC-029, SC-055, SC-060, SC-070, SC-071.
#[tokio::test]
async fn the_worked_dialogue() {
    both(async |database| {
        let a = Organisation::start("acmeus", database).await;
        let b = Organisation::start("acmeeu", database).await;

        // 1
        let created = a
            .command("/secure-connection create --name AcmeEU --displayname “Acme Europe” --password examplepassword")
            .await;
        let code = code_in(&created);
        for part in ["Acme Europe", "AES", "/secure-connection accept", "UTC", &a.server.url()] {
            assert!(created.contains(part), "{part} is not in: {created}");
        }

        // 2
        let accepted = b
            .command(&format!(
                "/secure-connection accept --name AcmeUS --displayname “AcmeUSA” --password examplepassword --invite {code}"
            ))
            .await;
        assert!(accepted.contains(&a.server.url()), "{accepted}");
        for org in [&a, &b] {
            wait_for("both sides to show accepted and online", SHORT, async || {
                let row = only(table::rows(&org.command("/secure-connection status").await));
                (row["Invite accepted"] == "Yes" && row["Online"] == "Yes").then_some(())
            })
            .await;
        }

        // 3
        let row = only(table::rows(&a.command("/secure-connection status").await));
        let id = row["Connection ID"].clone();
        assert_eq!(id.len(), 26);
        assert_eq!(row["Secure connection"], "AcmeEU");
        assert!(row["Description"].starts_with("Acme Europe"), "{row:?}");
        assert_eq!(row["Connection URL"], b.server.url());
        assert_eq!(row["Deleted"], "No");
        assert_ne!(row["Last ping (UTC)"], "--");

        // 4
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        let shared = a.share(&ops, &id, "--readonly").await;
        assert!(shared.contains("Acme Europe"), "{shared}");
        b.wait_channel(&ops).await;
        let berta = b.member_of(&ops, "berta").await;
        let refused = berta.post("/posts", serde_json::json!({"channel_id": ops, "message": "may I?"})).await;
        assert_eq!(refused.status, 403, "{refused}");
        anna.write(&ops, "read this").await;
        berta.see(&ops, "read this").await;

        // 5
        let row = share_row(&a, &ops).await;
        assert_eq!(row["Read only channel"], "True");
        assert_eq!((row["Invite accepted"].as_str(), row["Online"].as_str()), ("Yes", "Yes"));

        // 6
        a.admin.command(&ops, &format!("/share-channel uninvite --connectionID {id}")).await;
        a.share(&ops, &id, "").await;
        assert_eq!(share_row(&a, &ops).await["Read only channel"], "False");
        berta.write(&ops, "now I can").await;
        anna.see(&ops, "now I can").await;
        assert!(berta.find(&ops, "read this").await.is_some(), "the same copy");

        // 7
        let third = Peer::start(Profile::Mattermost116).await;
        let known = b.accept("third", &third.invite(rialto_testkit::organisation::CODE_PASSWORD)).await;
        let refused = b.admin.command(&ops, "/share-channel invite --connectionID third").await;
        assert!(refused.contains("AcmeUSA"), "{refused} (after {known})");
        assert!(third.frames("sharedchannel_invite").is_empty());

        // 8
        let ended = a.admin.command(&ops, "/share-channel unshare").await;
        assert!(ended.contains("no longer shared"), "{ended}");
        for (org, person) in [(&a, &anna), (&b, &berta)] {
            wait_for("the shared mark to go", SHORT, async || {
                (org.admin.channel(&ops).await?["shared"] != true).then_some(())
            })
            .await;
            for message in ["read this", "now I can"] {
                assert!(person.find(&ops, message).await.is_some(), "history of {}", org.name());
            }
        }

        // 9
        let removed = a.command(&format!("/secure-connection remove --connectionID {id}")).await;
        assert!(removed.contains("removed"), "{removed}");
        wait_for("the other side to say who removed it", SHORT, async || {
            let rows = table::rows(&b.command("/secure-connection status").await);
            rows.iter().any(|row| row["Connection ID"] == id && row["Deleted"] == "Yes (by peer)").then_some(())
        })
        .await;
    })
    .await;
}

/// SC-036, E-166.
#[tokio::test]
async fn a_code_wrapped_by_a_mail_program_is_accepted() {
    let a = Organisation::start("acme", rialto_testkit::Database::Sqlite).await;
    let b = Organisation::start("globex", rialto_testkit::Database::Sqlite).await;
    let code = a.invite("globex").await;
    let wrapped: Vec<String> =
        code.as_bytes().chunks(60).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    b.accept("acme", &format!("<{}>", wrapped.join("\n"))).await;
    b.wait_online("acme").await;
    a.wait_online("globex").await;
}

async fn share_row(org: &Organisation, channel: &str) -> BTreeMap<String, String> {
    wait_for("the share to be accepted", SHORT, async || {
        let row = only(table::rows(&org.admin.command(channel, "/share-channel status").await));
        (row["Invite accepted"] == "Yes").then_some(row)
    })
    .await
}

#[track_caller]
fn only(rows: Vec<BTreeMap<String, String>>) -> BTreeMap<String, String> {
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().unwrap()
}
