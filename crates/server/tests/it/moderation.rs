//! Moderating a channel over API v4, and what it means where the channel is shared.

use rialto_testkit::client::text;
use rialto_testkit::{Client, Organisation, TestServer, both, connect, share};
use serde_json::{Value, json};

fn path(channel: &str) -> String {
    format!("/channels/{channel}/moderations")
}

async fn set(admin: &Client, channel: &str, name: &str, members: bool) -> Value {
    let body = json!([{"name": name, "roles": {"guests": null, "members": members}}]);
    admin.put(&format!("{}/patch", path(channel)), body).await.ok()
}

async fn write(person: &Client, channel: &str, message: &str) -> rialto_testkit::client::Answer {
    person.post("/posts", json!({"channel_id": channel, "message": message})).await
}

/// SC-018: what can be moderated, by whom, and where clients read it: in the roles of members and what these allow, which
/// an event has them ask for again.
#[tokio::test]
async fn clients_read_what_is_left_in_the_roles_of_members() {
    both(async |database| {
        let org = Organisation::found(TestServer::new("acme", database).await).await;
        let ops = org.channel("ops", "P").await;
        let anna = org.member_of(&ops, "anna").await;
        let socket = anna.socket().await;
        let list = org.admin.get(&path(&ops)).await.ok();
        let names: Vec<String> = list.as_array().unwrap().iter().map(|one| text(&one["name"])).collect();
        assert_eq!(names, ["create_post", "create_reactions", "manage_members", "use_channel_mentions"]);
        let on = json!({"value": true, "enabled": true});
        assert_eq!(list[0]["roles"], json!({"guests": on, "members": on}));
        assert_eq!(list[2]["roles"], json!({"guests": null, "members": on}));

        let member = format!("/channels/{ops}/members/me");
        assert_eq!(anna.get(&member).await.ok()["roles"], "channel_user");
        let changed = set(&org.admin, &ops, "create_post", false).await;
        assert_eq!(changed[0]["roles"]["members"], json!({"value": false, "enabled": true}));
        assert_eq!(changed[3]["roles"]["members"], json!({"value": false, "enabled": false}));
        assert_eq!(org.admin.get(&path(&ops)).await.ok(), changed);
        let told = socket.wait("channel_scheme_updated", |_| true).await;
        assert_eq!(told["broadcast"]["channel_id"], ops.as_str());
        let role = text(&anna.get(&member).await.ok()["roles"]);
        let roles = anna.post("/roles/names", json!([role, "channel_user"])).await.ok();
        let allowed = |name: &str| {
            let found = roles.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
            found["permissions"].as_array().unwrap().contains(&json!("create_post"))
        };
        assert!(allowed("channel_user") && !allowed(&role), "{role}");
        assert_eq!(anna.get(&format!("/roles/name/{role}")).await.ok()["name"], role.as_str());
        write(&anna, &ops, "may I?").await.refused(403, "api.context.permissions.app_error");
        write(&org.admin, &ops, "news").await.ok();
        set(&org.admin, &ops, "create_post", true).await;
        assert_eq!(anna.get(&member).await.ok()["roles"], "channel_user");
        write(&anna, &ops, "thank you").await.ok();

        anna.get(&path(&ops)).await.refused(403, "api.context.permissions.app_error");
        let patch = format!("{}/patch", path(&ops));
        anna.put(&patch, json!([])).await.refused(403, "api.context.permissions.app_error");
        let unknown = json!([{"name": "fly", "roles": {"members": false}}]);
        org.admin.put(&patch, unknown).await.refused(400, "api.context.invalid_body_param.app_error");
        let nowhere = path(&"y".repeat(26));
        assert_eq!(org.admin.get(&nowhere).await.status, 404);
    })
    .await;
}

/// SC-019, SC-017, SC-063, behaviour 4.4: each side moderates its own people. Who may not write at home reads what others
/// write elsewhere; the home's moderation is not the copy's, and the copy's is not the home's.
#[tokio::test]
async fn each_side_moderates_its_own_people() {
    both(async |database| {
        let a = Organisation::found(TestServer::new("acme", database).await).await;
        let b = Organisation::found(TestServer::new("globex", database).await).await;
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &id, &b).await;
        let berta = b.member_of(&ops, "berta").await;

        set(&a.admin, &ops, "create_post", false).await;
        write(&anna, &ops, "may I?").await.refused(403, "api.context.permissions.app_error");
        let said = berta.write(&ops, "I may").await;
        anna.see(&ops, "I may").await;
        anna.react(&text(&said["id"]), "wave").await;
        a.admin.write(&ops, "so may the administrator").await;
        berta.see(&ops, "so may the administrator").await;
        // The shared mark and what is read beside it are as they were.
        assert_eq!(b.admin.get(&path(&ops)).await.ok()[0]["roles"]["members"]["value"], true);
        assert_eq!(berta.get(&format!("/channels/{ops}/members/me")).await.ok()["roles"], "channel_user");

        // A copy is moderated by its own administrators, and that stays there.
        set(&a.admin, &ops, "create_post", true).await;
        set(&b.admin, &ops, "create_post", false).await;
        set(&b.admin, &ops, "create_reactions", false).await;
        write(&berta, &ops, "may I still?").await.refused(403, "api.context.permissions.app_error");
        let news = anna.write(&ops, "anna may again").await;
        berta.see(&ops, "anna may again").await;
        let id = text(&news["id"]);
        let body = json!({"user_id": berta.id, "post_id": id, "emoji_name": "wave"});
        berta.post("/reactions", body).await.refused(403, "api.context.permissions.app_error");
        anna.react(&id, "wave").await;
        berta.see_reactions(&id, &[(&anna.id, "wave")]).await;
        assert_eq!(a.admin.get(&path(&ops)).await.ok()[0]["roles"]["members"]["value"], true);
    })
    .await;
}
