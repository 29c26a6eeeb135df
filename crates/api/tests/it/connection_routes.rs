//! What every route of secure connections asks for first, and what their lists can be narrowed to.

use rialto_app::access::RemoteActor;
use rialto_app::connections::{self, Confirmation, Contact};
use rialto_app::shares::{self, Begun, IncomingInvitation, Invitation};
use rialto_model::{ChannelId, ChannelKind, PeerProfile, RemoteId, Seq, Share};
use rialto_store::channels as channel_rows;
use rialto_wire::invitation;
use serde_json::{Value, json};

use crate::world::{Person, World};

async fn world() -> World {
    let world = World::start().await;
    let mut settings = (*world.app.settings.get()).clone();
    settings.workspaces.enable_shared_channels = true;
    settings.site_url = Some("https://one.example".to_owned());
    world.app.settings.set(settings);
    world
}

fn new_connection(world: &World, name: &str) -> Value {
    json!({ "name": name, "display_name": name, "default_team_id": world.team, "password": "secret of both" })
}

/// One request of every kind, all of them well-formed.
fn requests(world: &World, id: &str) -> Vec<(&'static str, String, Value)> {
    let one = format!("/remotecluster/{id}");
    let mut accepting = new_connection(world, "other");
    accepting["invite"] = json!("AAAA");
    vec![
        ("GET", "/remotecluster".to_owned(), Value::Null),
        ("GET", one.clone(), Value::Null),
        ("POST", "/remotecluster".to_owned(), new_connection(world, "another")),
        ("POST", "/remotecluster/accept_invite".to_owned(), accepting),
        ("POST", format!("{one}/generate_invite"), json!({ "password": "another secret" })),
        ("PATCH", one.clone(), json!({ "display_name": "Another name" })),
        ("DELETE", one, Value::Null),
    ]
}

/// Makes a connection; its id and its code.
async fn make(world: &World, admin: &Person, name: &str) -> (RemoteId, String) {
    let made = world.call(admin, "POST", "/remotecluster", new_connection(world, name)).await.json(201);
    let id = made["remote_cluster"]["remote_id"].as_str().unwrap().parse().unwrap();
    (id, made["invite"].as_str().unwrap().to_owned())
}

/// What the peer `name` answers an invitation with that it accepts; it calls with `token` from then on.
fn confirmation(world: &World, name: &str, token: &str) -> Confirmation {
    Confirmation {
        site_url: format!("https://{name}.example"),
        peer_token: world.app.ids.token(),
        own_token: Some(token.to_owned()),
        remote_team_id: String::new(),
        profile: PeerProfile::Rialto,
        caps: String::new(),
        digest: name.to_owned(),
    }
}

/// A connection whose code has been accepted, and its peer as it calls.
async fn confirmed(world: &World, admin: &Person, name: &str) -> (RemoteId, RemoteActor) {
    let (id, code) = make(world, admin, name).await;
    let content = invitation::open(&code, "secret of both").unwrap();
    let token = world.app.ids.token();
    connections::confirm(&world.app, &content.token, &id, confirmation(world, name, &token)).await.unwrap();
    let actor = connections::authenticate(&world.app, id.as_str(), &token).await.unwrap().unwrap();
    (id, actor)
}

/// AT-01, SC-024: nothing works while the service is off or without the permission; whoever manages shared channels
/// reads connections and does nothing to them; whoever manages connections does everything; what is not there is not
/// found.
#[tokio::test]
async fn every_route_asks_for_the_service_the_permission_and_the_connection() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let (id, _) = make(&world, &admin, "two").await;
    let member = world.person("member", "system_user").await;
    let reader = world.person("reader", "system_user shared_channel_manager").await;
    for (method, path, body) in requests(&world, id.as_str()) {
        let refused = world.call(&member, method, &path, body.clone()).await;
        assert_eq!(refused.error(403), "api.context.permissions.app_error", "{method} {path}");
        let answer = world.call(&reader, method, &path, body).await;
        if method == "GET" {
            answer.json(200);
        } else {
            assert_eq!(answer.error(403), "api.context.permissions.app_error", "{method} {path}");
        }
    }
    for (method, path, body) in requests(&world, &"y".repeat(26)) {
        if path.contains("yyyy") {
            let unknown = world.call(&admin, method, &path, body).await;
            assert_eq!(unknown.error(404), "api.remote_cluster.get.not_found", "{method} {path}");
        }
    }
    let manager = world.person("manager", "system_user secure_connection_manager").await;
    for (method, path, body) in requests(&world, id.as_str()) {
        let answer = world.call(&manager, method, &path, body).await;
        if path.ends_with("accept_invite") {
            // Allowed, but this is no invitation.
            assert_eq!(answer.error(400), "api.remote_cluster.base64_decode_error");
        } else {
            answer.json(if method == "POST" { 201 } else { 200 });
        }
    }
    let mut settings = (*world.app.settings.get()).clone();
    settings.workspaces.enable_shared_channels = false;
    world.app.settings.set(settings);
    for (method, path, body) in requests(&world, id.as_str()) {
        let off = world.call(&admin, method, &path, body).await;
        assert_eq!(off.error(501), "api.remote_cluster.service_not_enabled.app_error", "{method} {path}");
    }
}

/// AT-02: a connection needs an address of ours and a team; a password nobody gave is told once; no record holds a secret.
#[tokio::test]
async fn a_connection_is_made_with_an_address_a_team_and_a_password() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let mut body = new_connection(&world, "two");
    body["default_team_id"] = json!("");
    let refused = world.call(&admin, "POST", "/remotecluster", body.clone()).await;
    assert_eq!(refused.error(400), "api.context.invalid_body_param.app_error");
    body["default_team_id"] = json!(world.team);
    body["password"] = json!("");
    let made = world.call(&admin, "POST", "/remotecluster", body).await.json(201);
    let (password, code) = (made["password"].as_str().unwrap(), made["invite"].as_str().unwrap());
    assert_eq!(invitation::open(code, password).unwrap().remote_id, made["remote_cluster"]["remote_id"]);
    let path = format!("/remotecluster/{}", made["remote_cluster"]["remote_id"].as_str().unwrap());
    let token = invitation::open(code, password).unwrap().token;
    for record in [&made["remote_cluster"], &world.get(&admin, &path).await] {
        assert_eq!((&record["token"], &record["remote_token"]), (&json!(""), &json!("")));
        let text = record.to_string();
        assert!(!text.contains(password) && !text.contains(&token), "{text}");
    }
    let mut settings = (*world.app.settings.get()).clone();
    settings.site_url = None;
    world.app.settings.set(settings);
    let refused = world.call(&admin, "POST", "/remotecluster", new_connection(&world, "three")).await;
    assert_eq!(refused.error(422), "api.get_site_url_error");
}

/// AT-04: another code needs a password and opens with that one; of an accepted connection there is none.
#[tokio::test]
async fn a_code_is_made_anew_until_one_was_accepted() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let (id, first) = make(&world, &admin, "two").await;
    let path = format!("/remotecluster/{id}/generate_invite");
    let refused = world.call(&admin, "POST", &path, json!({ "password": "" })).await;
    assert_eq!(refused.error(400), "api.context.invalid_body_param.app_error");
    let again = world.call(&admin, "POST", &path, json!({ "password": "a new secret" })).await.json(201);
    let again = again.as_str().unwrap();
    assert!(invitation::open(again, "secret of both").is_err(), "the former password is not its own");
    let (new, old) = (invitation::open(again, "a new secret").unwrap(), invitation::open(&first, "secret of both"));
    assert_eq!(new.remote_id, id.to_string());
    assert_ne!(new.token, old.unwrap().token);
    let alone = json!({ "password": "a third secret", "invalidate_earlier": true });
    let third = world.call(&admin, "POST", &path, alone).await.json(201);
    let third = invitation::open(third.as_str().unwrap(), "a third secret").unwrap();
    let accept = async |token: &str| {
        let answer = confirmation(&world, "two", &world.app.ids.token());
        connections::confirm(&world.app, token, &id, answer).await
    };
    assert!(matches!(accept(&new.token).await.unwrap_err(), connections::ConfirmError::Expired));
    let shown = world.get(&admin, &format!("/remotecluster/{id}")).await;
    let hours = (shown["invite_expires_at"].as_i64().unwrap() - shown["create_at"].as_i64().unwrap()) / 3_600_000;
    assert_eq!((hours, &shown["confirmed_at"]), (48, &json!(0)));
    accept(&third.token).await.unwrap();
    let (accepted, _) = confirmed(&world, &admin, "three").await;
    let shown = world.get(&admin, &format!("/remotecluster/{accepted}")).await;
    assert!(shown["confirmed_at"].as_i64().unwrap() > 0 && shown["invite_expires_at"] == 0);
    let path = format!("/remotecluster/{accepted}/generate_invite");
    let refused = world.call(&admin, "POST", &path, json!({ "password": "a new secret" })).await;
    assert_eq!(refused.error(400), "api.remote_cluster.generate_invite_cluster_is_confirmed");
}

/// AT-05: the list of connections by what is asked of them; none of it holds a secret.
#[tokio::test]
async fn connections_are_listed_by_what_they_are() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let other = world.person("other", "system_user secure_connection_manager").await;
    let (online, _) = confirmed(&world, &admin, "online").await;
    confirmed(&world, &admin, "offline").await;
    make(&world, &other, "pending").await;
    let (gone, _) = confirmed(&world, &admin, "gone").await;
    world.call(&admin, "DELETE", &format!("/remotecluster/{gone}"), Value::Null).await.json(200);
    connections::note_contact(&world.app, &online, Contact { pinged: true, ..Contact::default() }).await.unwrap();
    let channel = world.channel(&admin, "ops", ChannelKind::Public).await.id;
    shares::invite(&world.app, &admin.actor, &channel, &online, Invitation::default()).await.unwrap();
    let list = async |query: &str| -> Vec<String> {
        let found = world.get(&admin, &format!("/remotecluster?{query}")).await;
        for record in found.as_array().unwrap() {
            assert_eq!((&record["token"], &record["remote_token"]), (&json!(""), &json!("")));
        }
        found.as_array().unwrap().iter().map(|record| record["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["offline", "online", "pending"];
    assert_eq!(list("").await, all);
    assert_eq!(list("exclude_offline=true").await, ["online"]);
    assert_eq!(list("only_confirmed=true").await, ["offline", "online"]);
    assert_eq!(list(&format!("in_channel={channel}")).await, ["online"]);
    assert_eq!(list(&format!("not_in_channel={channel}")).await, ["offline", "pending"]);
    assert_eq!(list(&format!("creator_id={}", other.id)).await, ["pending"]);
    assert_eq!(list("include_deleted=true").await, ["offline", "online", "pending", "gone"], "E-023");
    assert_eq!(list("only_plugins=true").await, [""; 0], "integrations have none");
    assert_eq!(list("exclude_plugins=true").await, all);
    assert_eq!(list("per_page=1&page=1").await, ["online"]);
}

async fn activated(world: &World, share: &Share) {
    if share.home {
        shares::begun(&world.app, &share.id, Begun::Inviting { from: Seq(1) }).await.unwrap().unwrap();
    }
    shares::begun(&world.app, &share.id, Begun::Active { from: Seq(1) }).await.unwrap().unwrap();
}

fn offered(id: ChannelId) -> IncomingInvitation {
    IncomingInvitation {
        channel_id: id,
        kind: ChannelKind::Public,
        name: "theirs".to_owned(),
        display_name: "Theirs".to_owned(),
        header: String::new(),
        purpose: String::new(),
        read_only: false,
        version: 1,
    }
}

/// AT-10: the shares of a connection by state and by home; who manages shared channels may read them, a member may not.
#[tokio::test]
async fn shares_are_listed_by_state_and_home() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let (remote, actor) = confirmed(&world, &admin, "two").await;
    let mut ours = Vec::new();
    for name in ["active", "waiting", "over"] {
        let channel = world.channel(&admin, name, ChannelKind::Public).await.id;
        world.app.clock.advance(10);
        let invited = shares::invite(&world.app, &admin.actor, &channel, &remote, Invitation::default()).await;
        let share = invited.unwrap().share;
        if name != "waiting" {
            activated(&world, &share).await;
        }
        ours.push(channel);
    }
    world.app.clock.advance(10);
    shares::uninvite(&world.app, &admin.actor, &ours[2], Some(&remote)).await.unwrap();
    let theirs: ChannelId = "z".repeat(26).parse().unwrap();
    let share = shares::accept(&world.app, &actor, offered(theirs)).await.unwrap();
    activated(&world, &share).await;
    let path = format!("/remotecluster/{remote}/sharedchannelremotes");
    let list = async |query: &str| -> Vec<ChannelId> {
        let found = world.get(&admin, &format!("{path}?{query}")).await;
        let ids = found.as_array().unwrap().iter().map(|share| share["channel_id"].as_str().unwrap().parse().unwrap());
        let mut ids: Vec<ChannelId> = ids.collect();
        ids.sort();
        ids
    };
    let among = |ids: &[ChannelId]| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids
    };
    let (active, waiting, over) = (ours[0], ours[1], ours[2]);
    assert_eq!(list("").await, among(&[active, theirs]));
    assert_eq!(list("include_unconfirmed=true").await, among(&[active, waiting, theirs]));
    assert_eq!(list("include_unconfirmed=true&exclude_confirmed=true").await, [waiting]);
    assert_eq!(list("exclude_home=true").await, [theirs]);
    assert_eq!(list("exclude_remote=true").await, [active]);
    assert_eq!(list("include_deleted=true").await, among(&[active, over, theirs]));
    let named = world.get(&admin, &format!("{path}?exclude_remote=true")).await;
    assert_eq!((&named[0]["channel"]["id"], &named[0]["channel"]["type"]), (&json!(active), &json!("O")));
    let reader = world.person("reader", "system_user shared_channel_manager").await;
    assert_eq!(world.get(&reader, &path).await.as_array().unwrap().len(), 2);
    let member = world.person("member", "system_user").await;
    assert_eq!(world.call(&member, "GET", &path, Value::Null).await.error(403), "api.context.permissions.app_error");
    let unknown = format!("/remotecluster/{}/sharedchannelremotes", "y".repeat(26));
    let refused = world.call(&admin, "GET", &unknown, Value::Null).await;
    assert_eq!(refused.error(400), "api.context.remote_id_invalid.app_error");
}

/// SC-086: whoever names a mode gives it to a share there is; whoever names none changes nothing.
#[tokio::test]
async fn the_mode_of_a_share_is_changed_by_naming_it() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let (remote, _) = confirmed(&world, &admin, "two").await;
    let channel = world.channel(&admin, "ops", ChannelKind::Public).await.id;
    let path = format!("/remotecluster/{remote}/channels/{channel}/invite");
    let shares = format!("/remotecluster/{remote}/sharedchannelremotes?include_unconfirmed=true");
    for (body, readonly) in [
        (json!({ "readonly": true }), true),
        (json!({}), true),
        (Value::Null, true),
        (json!({ "readonly": null }), true),
        (json!({ "readonly": false }), false),
        (json!({ "readonly": true }), true),
    ] {
        world.call(&admin, "POST", &path, body.clone()).await.json(200);
        let live = world.get(&admin, &shares).await;
        assert_eq!((live.as_array().unwrap().len(), &live[0]["readonly"]), (1, &json!(readonly)), "after {body}");
    }
}

/// SC-038: what came from elsewhere is not shared on, with an error of its own, also when the sharing is over.
#[tokio::test]
async fn a_copy_is_shared_by_its_home_alone() {
    let world = world().await;
    let admin = world.person("admin", "system_admin system_user").await;
    let (home, actor) = confirmed(&world, &admin, "home").await;
    let (other, _) = confirmed(&world, &admin, "other").await;
    let copy: ChannelId = "z".repeat(26).parse().unwrap();
    let share = shares::accept(&world.app, &actor, offered(copy)).await.unwrap();
    activated(&world, &share).await;
    let refuses = async || {
        for remote in [home, other] {
            let path = format!("/remotecluster/{remote}/channels/{copy}/invite");
            let refused = world.call(&admin, "POST", &path, Value::Null).await;
            assert_eq!(refused.error(400), "api.command_share.channel_invite_not_home.error");
        }
    };
    refuses().await;
    shares::ended_by_peer(&world.app, &home, &copy).await.unwrap();
    refuses().await;
    let mut view = world.app.db.read(world.app.clock.now()).await.unwrap();
    let row = channel_rows::get(&mut view, &copy).await.unwrap().unwrap();
    assert_eq!((row.origin, row.shared), (Some(home), false));
}
