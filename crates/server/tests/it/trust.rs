//! The trust in a connection, as an administrator sees and renews it: real servers, real connections between them.

use rialto_testkit::client::text;
use rialto_testkit::{Method, Organisation, SHORT, both, connect, share, wait_for};
use serde_json::json;

/// AT-26, E-125, behaviour 8.4, 8.5, 8.7.
#[tokio::test]
async fn a_connection_is_looked_at_tested_and_renewed() {
    both(async |database| {
        let (a, b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        let id = connect(&a, &b).await;
        let town = a.channel("plans", "O").await;
        share(&a, &town, &id, &b).await;
        let path = format!("/remotecluster/{id}");

        let health = wait_for("everything to be delivered", SHORT, async || {
            let health = a.admin.get(&format!("{path}/health")).await.ok();
            (health["outgoing"]["items"] == 0).then_some(health)
        })
        .await;
        assert_eq!(health["state"], "connected", "{health}");
        assert!(health["round_trip_ms"].as_i64().is_some() && health["clock_skew_ms"].as_i64().is_some(), "{health}");
        assert_eq!((&health["outgoing"]["lag_ms"], &health["outgoing"]["bytes"]), (&json!(0), &json!(0)), "{health}");
        assert!(health["incoming"]["lag_ms"].as_i64().is_some(), "{health}");

        let report = a.admin.call(Method::POST, &format!("{path}/test"), None).await.ok();
        for (way, steps) in [
            ("outgoing", &["dns", "tcp", "tls", "http", "credential", "protocol", "clock", "size"][..]),
            ("incoming", &["dns", "tcp", "tls", "http", "credential", "clock"]),
        ] {
            let names: Vec<String> = report[way].as_array().unwrap().iter().map(|step| text(&step["name"])).collect();
            assert_eq!(names, steps, "{report}");
            for step in report[way].as_array().unwrap() {
                // Test servers have no TLS, which is said.
                let expected = if step["name"] == "tls" { "warn" } else { "ok" };
                assert_eq!(step["state"], expected, "{report}");
            }
        }
        let again = a.admin.call(Method::POST, &format!("{path}/test"), None).await;
        assert_eq!(again.status, 429);
        let answer = a.command(&format!("/secure-connection test --connectionID {id}")).await;
        assert!(answer.contains("a moment ago"), "{answer}");

        let rotated = a.admin.call(Method::POST, &format!("{path}/rotate"), None).await.ok();
        assert_eq!((&rotated["delivered"], &rotated["cause"]), (&json!(true), &json!("")), "{rotated}");
        let answer = b.command(&format!("/secure-connection rotate --connectionID {id} --emergency")).await;
        assert!(answer.contains("has taken a new token") && answer.contains("opens nothing"), "{answer}");
        a.admin.write(&town, "after the tokens were renewed").await;
        b.admin.see(&town, "after the tokens were renewed").await;
        b.admin.write(&town, "in both directions").await;
        a.admin.see(&town, "in both directions").await;
        for org in [&a, &b] {
            wait_for("the new token to be in use", SHORT, async || {
                let health = org.admin.get(&format!("{path}/health")).await.ok();
                let done = health["token_renewed_at"].as_i64()? > 0 && health["token_offered_at"] == 0;
                done.then_some(())
            })
            .await;
        }
        let status = a.command(&format!("/secure-connection status --connectionID {id}")).await;
        for part in ["Round trip", "Availability (24 h)", "Token renewed (UTC)"] {
            assert!(status.contains(part), "{status}");
        }
        let member = a.member("anna").await;
        for (method, what) in [(Method::GET, "health"), (Method::POST, "test"), (Method::POST, "rotate")] {
            let refused = member.call(method, &format!("{path}/{what}"), None).await;
            assert_eq!(refused.status, 403, "{what}");
        }
    })
    .await;
}

/// Behaviour 8.4, 8.7: a peer that is switched off is named as such, on the health page and by a test.
#[tokio::test]
async fn a_peer_that_is_down_is_called_by_its_name() {
    both(async |database| {
        let (a, mut b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        let id = connect(&a, &b).await;
        let town = a.channel("plans", "O").await;
        share(&a, &town, &id, &b).await;
        b.server.stop().await;
        a.admin.write(&town, "are you there").await;
        let health = wait_for("the failure to be known", SHORT, async || {
            let health = a.admin.get(&format!("/remotecluster/{id}/health")).await.ok();
            (!health["last_error"].is_null()).then_some(health)
        })
        .await;
        assert_eq!(health["last_error"]["code"], "tcp", "{health}");
        // The message, and perhaps who has joined.
        assert!(health["outgoing"]["items"].as_i64().unwrap() >= 1, "{health}");
        assert!(health["outgoing"]["bytes"].as_i64().unwrap() >= 13, "{health}");
        let report = a.admin.call(Method::POST, &format!("/remotecluster/{id}/test"), None).await.ok();
        let last = report["outgoing"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["name"], &last["state"], &last["code"]), (&json!("tcp"), &json!("fail"), &json!("tcp")));
        assert!(text(&last["remedy"]).contains("firewall"), "{report}");
        assert!(!text(&report["incoming_error"]).is_empty(), "{report}");
    })
    .await;
}

/// E-024: those who see the name of a connection hear that it is called otherwise now, members of its channels included;
/// usernames stay, for they go by the handle.
#[tokio::test]
async fn another_display_name_is_told_to_those_who_see_it() {
    both(async |database| {
        let (a, b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
        let id = connect(&a, &b).await;
        let town = a.channel("plans", "O").await;
        share(&a, &town, &id, &b).await;
        let (anna, otto) = (a.member_of(&town, "anna").await, a.member("otto").await);
        let bob = b.member_of(&town, "bob").await;
        bob.write(&town, "good day").await;
        anna.see(&town, "good day").await;
        let before = text(&anna.get(&format!("/users/{}", bob.id)).await.ok()["username"]);
        let (hears, hears_not) = (anna.socket().await, otto.socket().await);
        let path = format!("/remotecluster/{id}");
        a.admin.call(Method::PATCH, &path, Some(&json!({"display_name": "Globex Europe"}))).await.ok();
        hears.wait("rialto_remote_cluster_updated", |event| event["data"]["remote_id"] == id.as_str()).await;
        let here = anna.get(&format!("/sharedchannels/{town}/remotes")).await.ok();
        let info = anna.get(&format!("/sharedchannels/remote_info/{id}")).await.ok();
        for shown in [&here[0], &info] {
            assert_eq!(shown["display_name"], "Globex Europe");
        }
        assert_eq!(anna.get(&format!("/users/{}", bob.id)).await.ok()["username"], before.as_str());
        assert!(before.starts_with("bob:") && !before.contains("europe"), "{before}");
        // Who belongs to none of its channels learns nothing of a connection.
        let own = a.channel("home", "O").await;
        a.join(&own, &otto).await;
        a.admin.write(&own, "afterwards").await;
        let told =
            |event: &serde_json::Value| event["data"]["post"].as_str().is_some_and(|it| it.contains("afterwards"));
        hears_not.wait("posted", told).await;
        assert!(hears_not.named("rialto_remote_cluster_updated").is_empty());
    })
    .await;
}
