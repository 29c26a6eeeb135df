//! Settings that administrators change while the server runs (behaviour 6, client-api 6.4).

use rialto_testkit::client::text;
use rialto_testkit::digest::Digest;
use rialto_testkit::{Database, Organisation, TestServer, both, connect, share};
use serde_json::json;

const SHARING: &str = "MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS";
const CONNECTIONS: &str = "MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE";

/// A server that is told nothing about sharing by its environment.
async fn free(name: &str, database: Database) -> Organisation {
    Organisation::found(TestServer::new(name, database).await.without(SHARING).without(CONNECTIONS)).await
}

/// SC-021, SC-022: off at first, on at once when the admin API says so, and still on after a restart.
#[tokio::test]
async fn sharing_is_switched_on_without_a_restart_and_stays_on() {
    both(async |database| {
        let mut org = free("acme", database).await;
        let anna = org.member("anna").await;
        let socket = anna.socket().await;
        let list = "/remotecluster?page=0&per_page=60";
        org.admin.get(list).await.refused(501, "api.remote_cluster.service_not_enabled.app_error");
        let on = json!({"ConnectedWorkspacesSettings": {"EnableSharedChannels": true}});
        anna.put("/config/patch", on.clone()).await.refused(403, "api.context.permissions.app_error");
        let config = org.admin.put("/config/patch", on).await.ok();
        // Programs that know the older spelling find it there.
        for section in ["ConnectedWorkspacesSettings", "ExperimentalSettings"] {
            assert_eq!(config[section]["EnableSharedChannels"], true, "{section}");
            assert_eq!(config[section]["EnableRemoteClusterService"], true, "{section}");
        }
        org.admin.get(list).await.ok();
        socket.wait("config_changed", |event| event["data"]["config"]["ExperimentalSharedChannels"] == "true").await;
        org.server.stop().await;
        org.server.start().await;
        org.admin.renew().await;
        org.admin.get(list).await.ok();
    })
    .await;
}

/// SC-022: what is wrong is refused with its name, and what was in force stays.
#[tokio::test]
async fn what_cannot_be_set_is_named_and_changes_nothing() {
    both(async |database| {
        let server = TestServer::new("acme", database).await.with("MM_TEAMSETTINGS_SITENAME", "Fixed");
        let org = Organisation::found(server).await;
        let before = Digest::take(&org.server, super::receiver::NOT_STATE).await;
        let refused: [(_, u16, _); 5] = [
            (json!({"ConnectedWorkspacesSettings": {"PingIntervalSeconds": 1}}), 400, "PingIntervalSeconds"),
            (
                json!({"ConnectedWorkspacesSettings": {"PingIntervalSeconds": 60, "OfflineAfterSeconds": 40}}),
                400,
                "OfflineAfter",
            ),
            (json!({"ServiceSettings": {"EnableNothing": true}}), 400, "ServiceSettings.EnableNothing"),
            (json!({"TeamSettings": {"SiteName": "Other"}}), 403, "MM_TEAMSETTINGS_SITENAME"),
            (json!({"ServiceSettings": {"SiteURL": "http://elsewhere.example"}}), 403, "--site-url"),
        ];
        for (change, status, word) in refused {
            let answer = org.admin.put("/config/patch", change).await;
            assert_eq!(answer.status, status, "{answer}");
            assert!(text(&answer.body["message"]).contains(word), "{answer}");
        }
        // All of a configuration as it was given changes nothing either.
        let whole = org.admin.get("/config").await.ok();
        assert_eq!(org.admin.put("/config", whole.clone()).await.ok(), whole);
        before.assert_unchanged(&Digest::take(&org.server, super::receiver::NOT_STATE).await);
        let fixed = org.admin.get("/config/environment").await.ok();
        assert_eq!(
            (&fixed["TeamSettings"]["SiteName"], &fixed["ServiceSettings"]["SiteURL"]),
            (&json!(true), &json!(true))
        );
        let changed = org.admin.put("/config/patch", json!({"ServiceSettings": {"MaxPostSize": 20}})).await.ok();
        assert_eq!(changed["ServiceSettings"]["MaxPostSize"], 20);
        let long = json!({"channel_id": org.town, "message": "a".repeat(21)});
        assert_eq!(org.admin.post("/posts", long).await.status, 400);
    })
    .await;
}

/// E-119: switched off, nothing comes and nothing is lost; switched on, what was said meanwhile is caught up.
#[tokio::test]
async fn sharing_switched_off_and_on_again_catches_up() {
    both(async |database| {
        let a = Organisation::start("acme", database).await;
        let b = free("globex", database).await;
        let switch = async |on: bool| {
            b.admin
                .put(
                    "/config/patch",
                    json!({"ConnectedWorkspacesSettings": {
                "EnableSharedChannels": on, "EnableRemoteClusterService": on}}),
                )
                .await
                .ok();
        };
        switch(true).await;
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        share(&a, &ops, &id, &b).await;
        a.admin.write(&ops, "before").await;
        b.admin.see(&ops, "before").await;
        switch(false).await;
        a.admin.write(&ops, "meanwhile at home").await;
        b.admin.write(&ops, "meanwhile at the guest").await;
        assert!(b.admin.find(&ops, "meanwhile at home").await.is_none());
        switch(true).await;
        b.admin.see(&ops, "meanwhile at home").await;
        a.admin.see(&ops, "meanwhile at the guest").await;
    })
    .await;
}
