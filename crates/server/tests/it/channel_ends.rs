//! Channels that are deleted for good or moved while they are shared, between real servers.

use rialto_testkit::client::text;
use rialto_testkit::{Client, Database, Organisation, SHORT, TestServer, both, connect, share, wait_for};
use serde_json::json;

async fn deleting(name: &str, database: Database) -> Organisation {
    let server = TestServer::new(name, database).await;
    Organisation::found(server.with("MM_SERVICESETTINGS_ENABLEAPICHANNELDELETION", "true")).await
}

/// Waits until the channel says by itself that the other organisation has ended sharing it, and is no shared one any more.
async fn see_ended(person: &Client, channel: &str, organisation: &str) {
    wait_for("the channel to say that sharing has ended", SHORT, async || {
        let posts = person.posts(channel).await;
        let said = posts.values().any(|post| {
            let (kind, message) = (text(&post["type"]), text(&post["message"]));
            kind.starts_with("system_") && message.contains(organisation) && message.contains("has ended sharing")
        });
        (said && person.channel(channel).await?["shared"] == false).then_some(())
    })
    .await;
}

/// E-138: the home deletes its channel for good; what is elsewhere stays there as an ordinary channel that people write in.
#[tokio::test]
async fn a_copy_outlives_its_home() {
    both(async |database| {
        let (a, b) = (deleting("acme", database).await, Organisation::start("globex", database).await);
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &id, &b).await;
        let berta = b.member_of(&ops, "berta").await;
        anna.write(&ops, "before").await;
        berta.see(&ops, "before").await;
        berta.write(&ops, "so be it").await;
        anna.see(&ops, "so be it").await;

        let socket = anna.socket().await;
        a.admin.delete(&format!("/channels/{ops}?permanent=true")).await.ok();
        socket.wait("channel_deleted", |event| event["data"]["channel_id"] == ops.as_str()).await;
        assert_eq!(a.admin.get(&format!("/channels/{ops}")).await.status, 404);
        see_ended(&berta, &ops, "acme org").await;
        berta.see(&ops, "before").await;
        berta.write(&ops, "among ourselves").await;
    })
    .await;
}

/// E-139: a copy is deleted for good; the home is told (M-06), goes on, and inviting again makes a fresh copy.
#[tokio::test]
async fn a_home_invites_again_after_a_copy_was_deleted() {
    both(async |database| {
        let (a, b) = (Organisation::start("acme", database).await, deleting("globex", database).await);
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &id, &b).await;
        let berta = b.member_of(&ops, "berta").await;
        anna.write(&ops, "before").await;
        berta.see(&ops, "before").await;
        b.admin.delete(&format!("/channels/{ops}?permanent=true")).await.ok();
        see_ended(&anna, &ops, "globex org").await;
        anna.see(&ops, "before").await;

        share(&a, &ops, &id, &b).await;
        b.join(&ops, &berta).await;
        anna.write(&ops, "once more").await;
        berta.see(&ops, "once more").await;
        assert!(berta.find(&ops, "before").await.is_none());
        berta.write(&ops, "here again").await;
        anna.see(&ops, "here again").await;
    })
    .await;
}

/// E-138, E-140: what deleting and moving ask for, and the errors of each.
#[tokio::test]
async fn deleting_and_moving_are_for_administrators() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let ops = org.channel("ops", "O").await;
        let anna = org.member_of(&ops, "anna").await;
        let path = format!("/channels/{ops}?permanent=true");
        anna.delete(&path).await.refused(403, "api.context.permissions.app_error");
        org.admin.delete(&path).await.refused(401, "api.user.delete_channel.not_enabled.app_error");
        let team = org.admin.post("/teams", json!({"name": "sales", "display_name": "Sales", "type": "O"})).await.ok();
        let (path, team) = (format!("/channels/{ops}/move"), text(&team["id"]));
        anna.post(&path, json!({"team_id": team})).await.refused(403, "api.context.permissions.app_error");
        let elsewhere = "app.channel.move_channel.members_do_not_match.error";
        org.admin.post(&path, json!({"team_id": team})).await.refused(400, elsewhere);
        org.admin.post(&path, json!({"team_id": "x"})).await.refused(400, "api.context.invalid_body_param.app_error");
        let moved = org.admin.post(&path, json!({"team_id": team, "force": true})).await.ok();
        assert_eq!((moved["id"].as_str(), moved["team_id"].as_str()), (Some(ops.as_str()), Some(team.as_str())));
        assert_eq!(org.admin.get(&format!("/teams/{team}/channels/name/ops")).await.ok()["id"], ops.as_str());
    })
    .await;
}

/// E-140: a shared channel moves to another team on one side and then on the other; messages go on both ways, and a link to
/// a message leads to the team where the channel is.
#[tokio::test]
async fn a_shared_channel_moves_and_links_follow() {
    both(async |database| {
        let a = Organisation::start("acme", database).await;
        let b = Organisation::start("globex", database).await;
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &id, &b).await;
        let berta = b.member_of(&ops, "berta").await;
        let first = text(&anna.write(&ops, "first").await["id"]);
        berta.see(&ops, "first").await;
        for (org, person, name) in [(&a, &anna, "harbour"), (&b, &berta, "quay")] {
            let team = org.admin.post("/teams", json!({"name": name, "display_name": name, "type": "O"})).await.ok();
            let members = format!("/teams/{}/members", text(&team["id"]));
            let body = json!({"team_id": team["id"], "user_id": person.id});
            org.admin.post(&members, body).await.ok();
            org.admin.post(&format!("/channels/{ops}/move"), json!({"team_id": team["id"]})).await.ok();
        }
        let link = format!("{}/harbour/pl/{first}", a.server.url());
        anna.write(&ops, &format!("see {link}")).await;
        berta.see(&ops, &format!("see {}/quay/pl/{first}", b.server.url())).await;
        berta.write(&ops, "seen").await;
        anna.see(&ops, "seen").await;
    })
    .await;
}
