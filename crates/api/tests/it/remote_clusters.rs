//! Secure connections and shares over API v4 (client-api 6, rulings 70 and 76).

use rialto_app::outbox::{self, Item};
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::World;

/// A world where channels can be shared.
async fn world() -> World {
    let world = World::start().await;
    let mut settings = (*world.app.settings.get()).clone();
    settings.workspaces.enable_shared_channels = true;
    settings.site_url = Some("https://one.example".to_owned());
    world.app.settings.set(settings);
    world
}

fn new_connection(world: &World, name: &str) -> Value {
    json!({ "name": name, "display_name": "Two", "default_team_id": world.team, "site_url": "", "token": "" })
}

#[tokio::test]
async fn without_the_service_everything_is_not_implemented() {
    let world = World::start().await;
    let admin = world.person("admin", "system_admin system_user").await;
    for (method, path) in [("GET", "/remotecluster".to_owned()), ("GET", format!("/sharedchannels/{}", world.team))] {
        let refused = world.call(&admin, method, &path, Value::Null).await;
        assert_eq!(refused.error(501), "api.remote_cluster.service_not_enabled.app_error", "{path}");
    }
}

#[tokio::test]
async fn a_connection_from_its_making_to_its_removal() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let made = world.call(&admin, "POST", "/remotecluster", new_connection(&world, "two")).await.json(201);
    let id = made["remote_cluster"]["remote_id"].as_str().unwrap();
    assert_eq!(made["password"].as_str().unwrap().len(), 16, "a password nobody gave is made up and told");
    assert!(made["invite"].as_str().unwrap().len() > 100);
    assert_eq!(made["remote_cluster"]["site_url"], format!("pending_{id}"));

    let mut given = new_connection(&world, "three");
    given["password"] = json!("Some-password1");
    let with_password = world.call(&admin, "POST", "/remotecluster", given).await.json(201);
    assert!(with_password.get("password").is_none(), "a password that was given is not told again");
    let taken = world.call(&admin, "POST", "/remotecluster", new_connection(&world, "TWO")).await;
    assert_eq!(taken.error(400), "api.remote_cluster.save_not_unique.app_error");
    let mut teamless = new_connection(&world, "four");
    teamless["default_team_id"] = json!("");
    let refused = world.call(&admin, "POST", "/remotecluster", teamless).await;
    assert_eq!(refused.error(400), "api.context.invalid_body_param.app_error");

    let path = format!("/remotecluster/{id}");
    let patched = world.call(&admin, "PATCH", &path, json!({ "display_name": "A new name" })).await.json(200);
    assert_eq!((&patched["display_name"], &patched["token"]), (&json!("A new name"), &json!("")));
    let code =
        world.call(&admin, "POST", &format!("{path}/generate_invite"), json!({ "password": "x" })).await.json(201);
    assert!(code.as_str().unwrap().len() > 100);
    assert_eq!(world.get(&admin, "/remotecluster?per_page=1").await.as_array().unwrap().len(), 1);
    assert_eq!(world.get(&admin, "/remotecluster?only_confirmed=true").await, json!([]));

    assert_eq!(world.call(&admin, "DELETE", &path, Value::Null).await.json(200), json!({ "status": "OK" }));
    assert!(world.get(&admin, &path).await["delete_at"].as_i64().unwrap() > 0);
    assert_eq!(world.call(&admin, "DELETE", &path, Value::Null).await.error(404), "api.remote_cluster.get.not_found");
    let unknown = world.call(&admin, "GET", &format!("/remotecluster/{}", "y".repeat(26)), Value::Null).await;
    assert_eq!(unknown.error(404), "api.remote_cluster.get.not_found");
}

/// E-023: a connection that was removed is listed after all others for thirty days, and after that only the audit log
/// speaks of it.
#[tokio::test]
async fn a_removed_connection_is_listed_for_thirty_days() {
    const DAY: i64 = 86_400_000;
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let made = world.call(&admin, "POST", "/remotecluster", new_connection(&world, "aaa")).await.json(201);
    let id = made["remote_cluster"]["remote_id"].as_str().unwrap();
    world.call(&admin, "DELETE", &format!("/remotecluster/{id}"), Value::Null).await.json(200);
    let mut later = new_connection(&world, "zzz");
    later["display_name"] = json!("Zzz");
    world.call(&admin, "POST", "/remotecluster", later).await.json(201);
    let names = async |admin| {
        let list = world.get(admin, "/remotecluster?include_deleted=true").await;
        let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    let town = world.channel(&admin, "town", ChannelKind::Public).await;
    let status = async |admin| {
        let line = json!({ "channel_id": town.id, "command": "/secure-connection status" });
        world.call(admin, "POST", "/commands/execute", line).await.json(200)["text"].as_str().unwrap().to_owned()
    };
    world.app.clock.advance(10 * DAY);
    let admin = world.sign_in(admin.id).await;
    assert_eq!(names(&admin).await, ["zzz", "aaa"]);
    let listed = status(&admin).await;
    let rows: Vec<&str> = listed.lines().filter(|line| line.contains("zzz") || line.contains("aaa")).collect();
    assert!(rows.len() == 2 && rows[0].contains("zzz") && rows[1].trim_end().ends_with("| Yes |"), "{listed}");
    assert_eq!(world.get(&admin, "/remotecluster").await.as_array().unwrap().len(), 1, "who does not ask sees none");
    world.app.clock.advance(21 * DAY);
    let admin = world.sign_in(admin.id).await;
    assert_eq!(names(&admin).await, ["zzz"]);
    assert!(!status(&admin).await.contains("aaa"));
    let audits = world.get(&admin, "/audits").await;
    let told = audits.as_array().unwrap().iter().filter(|line| line["extra_info"].as_str().unwrap().contains(id));
    let mut actions: Vec<&str> = told.map(|line| line["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["create_connection", "remove_connection"]);
}

/// SC-024.
#[tokio::test]
async fn connections_are_for_those_who_manage_them() {
    let world = world().await;
    let member = world.person("member", "system_user").await;
    let manager = world.person("manager", "system_user shared_channel_manager").await;
    let body = new_connection(&world, "two");
    for (method, path, body) in [
        ("GET", "/remotecluster", Value::Null),
        ("POST", "/remotecluster", body.clone()),
        ("POST", "/remotecluster/accept_invite", {
            let mut body = body.clone();
            body["invite"] = json!("AAAA");
            body["password"] = json!("x");
            body
        }),
    ] {
        let refused = world.call(&member, method, path, body).await;
        assert_eq!(refused.error(403), "api.context.permissions.app_error", "{method} {path}");
    }
    assert_eq!(world.get(&manager, "/remotecluster").await, json!([]));
    let refused = world.call(&manager, "POST", "/remotecluster", body).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");
}

/// AT-03.
#[tokio::test]
async fn an_invitation_that_does_not_open_says_why() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let accept = async |invite: &str, password: &str| {
        let mut body = new_connection(&world, "two");
        body["invite"] = json!(invite);
        body["password"] = json!(password);
        world.call(&admin, "POST", "/remotecluster/accept_invite", body).await
    };
    assert_eq!(accept("not base64 at all !!", "x").await.error(400), "api.remote_cluster.base64_decode_error");
    assert_eq!(accept("AAAA", "").await.error(400), "api.context.invalid_body_param.app_error");
    let other = self::world().await;
    let other_admin = other.person("admin", "system_admin system_user").await;
    let mut body = new_connection(&other, "one");
    body["password"] = json!("right");
    let made = other.call(&other_admin, "POST", "/remotecluster", body).await.json(201);
    let code = made["invite"].as_str().unwrap();
    assert_eq!(accept(code, "wrong").await.error(400), "api.remote_cluster.invite_decrypt_error");
    assert_eq!(accept(code, "right").await.error(400), "api.remote_cluster.accept_invitation_error", "our own address");
    let mut settings = (*world.app.settings.get()).clone();
    settings.site_url = Some("https://two.example".to_owned());
    world.app.settings.set(settings);
    assert_eq!(accept(code, "right").await.error(500), "api.remote_cluster.accept_invitation_error");
    assert_eq!(world.get(&admin, "/remotecluster").await, json!([]), "nothing remains of a failed acceptance");
}

/// AT-07, AT-08, AT-09.
#[tokio::test]
async fn a_channel_is_shared_and_taken_back() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let member = world.person("member", "system_user").await;
    let channel = world.channel(&admin, "ops", ChannelKind::Public).await;
    let made = world.call(&admin, "POST", "/remotecluster", new_connection(&world, "two")).await.json(201);
    let remote = made["remote_cluster"]["remote_id"].as_str().unwrap();
    let path = format!("/remotecluster/{remote}/channels/{}", channel.id);
    let refused = world.call(&member, "POST", &format!("{path}/invite"), Value::Null).await;
    assert_eq!(refused.error(403), "api.context.permissions.app_error");
    for _ in 0..2 {
        let invited = world.call(&admin, "POST", &format!("{path}/invite"), Value::Null).await;
        assert_eq!(invited.json(200), json!({ "status": "OK" }));
    }
    assert_eq!(world.get(&admin, &format!("/channels/{}", channel.id)).await["shared"], true);
    let shared = world.get(&admin, &format!("/sharedchannels/{}?page=0&per_page=100", world.team)).await;
    assert_eq!(
        (&shared[0]["id"], &shared[0]["name"], &shared[0]["home"]),
        (&json!(channel.id), &json!("ops"), &json!(true))
    );
    assert_eq!(world.get(&member, &format!("/sharedchannels/{}", world.team)).await, json!([]));
    let organisations = world.get(&admin, &format!("/sharedchannels/{}/remotes", channel.id)).await;
    assert_eq!(organisations[0]["display_name"], "Two");
    let shares = format!("/remotecluster/{remote}/sharedchannelremotes");
    assert_eq!(world.get(&admin, &shares).await, json!([]), "not confirmed yet");
    let all = world.get(&admin, &format!("{shares}?include_unconfirmed=true")).await;
    assert_eq!((&all[0]["channel_id"], &all[0]["is_invite_confirmed"]), (&json!(channel.id), &json!(false)));
    assert_eq!(world.get(&admin, &format!("{shares}?include_unconfirmed=true&exclude_home=true")).await, json!([]));

    let info = format!("/sharedchannels/remote_info/{remote}");
    assert_eq!(world.get(&admin, &info).await["name"], "two");
    let stranger = world.call(&member, "GET", &info, Value::Null).await;
    assert_eq!(stranger.error(404), "api.context.remote_id_invalid.app_error");
    let unknown = format!("/remotecluster/{}/channels/{}/invite", "y".repeat(26), channel.id);
    assert_eq!(
        world.call(&admin, "POST", &unknown, Value::Null).await.error(400),
        "api.context.remote_id_invalid.app_error"
    );
    let nowhere = format!("/remotecluster/{remote}/channels/{}/invite", "y".repeat(26));
    assert_eq!(
        world.call(&admin, "POST", &nowhere, Value::Null).await.error(400),
        "api.context.invalid_url_param.app_error"
    );

    assert_eq!(
        world.call(&admin, "POST", &format!("{path}/uninvite"), Value::Null).await.json(200),
        json!({ "status": "OK" })
    );
    let again = world.call(&admin, "POST", &format!("{path}/uninvite"), Value::Null).await;
    assert_eq!((again.status, again.content_type, again.text.as_str()), (204, None, ""));
    assert_eq!(world.get(&admin, &format!("/channels/{}", channel.id)).await["shared"], false);
}

#[tokio::test]
async fn people_write_directly_to_people_they_may_see() {
    let world = world().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let path = |other: &str| format!("/sharedchannels/users/me/can_dm/{other}");
    assert_eq!(world.get(&alice, &path(bob.id.as_str())).await, json!({ "can_dm": true }));
    assert_eq!(world.get(&alice, &path(&"y".repeat(26))).await, json!({ "can_dm": false }));
    let other = format!("/sharedchannels/users/{}/can_dm/{}", bob.id, alice.id);
    assert_eq!(world.call(&alice, "GET", &other, Value::Null).await.error(403), "api.context.permissions.app_error");
}

/// E-031: what a peer refused for good is listed for administrators, who have it sent again or forgotten.
#[tokio::test]
async fn what_was_set_aside_is_sent_again_or_forgotten() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let ann = world.person("ann", "system_user").await;
    let made = world.call(&admin, "POST", "/remotecluster", new_connection(&world, "two")).await.json(201);
    let id = made["remote_cluster"]["remote_id"].as_str().unwrap().to_owned();
    let channel = world.channel(&admin, "town", ChannelKind::Public).await;
    let user = channel.creator_id.unwrap();
    let post: rialto_model::PostId = world.app.ids.id(rialto_model::PostId::from_random);
    let reaction = Item::Reaction { post, user, emoji: "+1".to_owned() };
    for item in [Item::Post(post), reaction.clone(), Item::Member(user), Item::Profile(user)] {
        outbox::set_aside(&world.app, &id.parse().unwrap(), &channel.id, item, "refused").await.unwrap();
    }
    let path = format!("/remotecluster/{id}/set_aside");
    for method in ["GET", "POST", "DELETE"] {
        world.call(&ann, method, &path, Value::Null).await.error(403);
    }
    let key = reaction.key(&channel.id);
    let listed = world.get(&admin, &path).await;
    let found = listed.as_array().unwrap();
    assert_eq!(found.len(), 4);
    assert!(found.iter().any(|item| item["kind"] == "reaction" && item["item_id"] == key.as_str()), "{found:?}");
    let one = format!("{path}/reaction/{key}");
    assert_eq!(world.call(&admin, "POST", &one, Value::Null).await.json(200), json!({ "items": 1 }));
    world.call(&admin, "POST", &one, Value::Null).await.error(404);
    let one = format!("{path}/post/{post}");
    assert_eq!(world.call(&admin, "DELETE", &one, Value::Null).await.json(200), json!({ "items": 1 }));
    assert_eq!(world.call(&admin, "POST", &path, Value::Null).await.json(200), json!({ "items": 2 }));
    assert_eq!(world.call(&admin, "DELETE", &path, Value::Null).await.json(200), json!({ "items": 0 }));
    assert_eq!(world.get(&admin, &path).await, json!([]));
}
