//! Channels that wait to be let in, by command and over API v4; what administrators hear of connections (rulings 28 and 43).

use axum::http::{Method, StatusCode};
use rialto_model::{Channel, RemoteId};
use serde_json::{Value, json};

use crate::dialogue::{connect, copy};
use crate::loopback::{Net, Organisation};
use crate::world::World;

/// Beta demands approval; alpha offers it two channels.
async fn scene(net: &Net) -> (Organisation, Organisation, RemoteId, [Channel; 2]) {
    let (a, b) = (Organisation::start(net, "alpha", 1).await, Organisation::start(net, "beta", 2).await);
    b.set(|settings| settings.workspaces.require_channel_approval = true);
    let (town_a, town_b) = (a.channel("town").await, b.channel("town").await);
    let id = connect(&a, &b, (&town_a, &town_b)).await;
    let offered = [a.channel("one").await, a.channel("two").await];
    for channel in &offered {
        a.command(channel, &format!("/share-channel invite --connectionID {id}")).await;
    }
    b.until("both wait", async || requests(&b, &id).await.as_array().map(Vec::len) == Some(2)).await;
    (a, b, id, offered)
}

async fn requests(b: &Organisation, id: &RemoteId) -> Value {
    let path = format!("/remotecluster/{id}/channelrequests");
    b.call(&b.admin, Method::GET, &path, None).await.1
}

/// Behaviour 8.6: what waits is listed with the line that lets it in, which can be typed anywhere.
#[tokio::test]
async fn a_channel_is_let_in_or_turned_down_by_command() {
    let net = Net::default();
    let (_a, b, id, [one, two]) = scene(&net).await;
    let town = b.channel("elsewhere").await;
    let status = b.command(&town, "/secure-connection status").await;
    let line = format!("/share-channel approve --connectionID {id} --channel {}", one.id);
    assert!(status.contains(&line), "{status}");
    let detail = b.command(&town, &format!("/secure-connection status --connectionID {id}")).await;
    assert!(detail.contains(&line), "{detail}");
    let member = b.person("member", "system_user").await;
    let joins = json!({ "user_id": member.id });
    let (status, _) = b.call(&member, Method::POST, &format!("/channels/{}/members", town.id), Some(joins)).await;
    assert_eq!(status, StatusCode::CREATED);
    let refused = b.command_of(&member, &town, &line).await;
    assert!(refused.contains("manage_shared_channels"), "{refused}");
    let unknown = b.command(&town, &format!("/share-channel approve --connectionID {id} --channel nonsense")).await;
    assert!(unknown.contains("`nonsense`") && unknown.contains(one.id.as_str()), "{unknown}");
    let nowhere = b.command(&town, &format!("{line} --team nowhere")).await;
    assert!(nowhere.contains("`nowhere`"), "{nowhere}");
    assert!(copy(&b, &one.id).await.is_none());
    let team = b.another_team("other").await;
    let done = b.command(&town, &format!("{line} --team other")).await;
    assert!(done.contains("**one**") && done.contains("was let in"), "{done}");
    assert_eq!(copy(&b, &one.id).await.unwrap().team_id, Some(team));
    let line = format!("/share-channel refuse --connectionID {id} --channel {}", two.id);
    let done = b.command(&town, &line).await;
    assert!(done.contains("**two**") && done.contains("turned down"), "{done}");
    let again = b.command(&town, &line).await;
    assert!(again.contains("waits for a decision") && again.contains("None of theirs"), "{again}");
    assert!(copy(&b, &two.id).await.is_none());
    let status = b.command(&town, "/secure-connection status").await;
    assert!(!status.contains("/share-channel approve"), "{status}");
}

/// Behaviour 8.6: the same over API v4, for those who manage shared channels.
#[tokio::test]
async fn a_channel_is_let_in_or_turned_down_over_the_api() {
    let net = Net::default();
    let (_a, b, id, [one, two]) = scene(&net).await;
    let listed = requests(&b, &id).await;
    let first = listed.as_array().unwrap().iter().find(|request| request["channel_id"] == one.id.as_str()).unwrap();
    assert_eq!(
        (&first["reason"], &first["display_name"], &first["type"], &first["readonly"], &first["remote_id"]),
        (&json!("approval"), &json!("one"), &json!("O"), &json!(false), &json!(id))
    );
    let path = |channel: &Channel, verb: &str| format!("/remotecluster/{id}/channels/{}/{verb}", channel.id);
    let member = b.person("member", "system_user").await;
    for (method, path) in [
        (Method::GET, format!("/remotecluster/{id}/channelrequests")),
        (Method::POST, path(&one, "approve")),
        (Method::POST, path(&one, "refuse")),
    ] {
        let (status, error) = b.call(&member, method, &path, None).await;
        assert_eq!(
            (status, &error["id"]),
            (StatusCode::FORBIDDEN, &json!("api.context.permissions.app_error")),
            "{path}"
        );
    }
    let nowhere = json!({ "team_id": "y".repeat(26) });
    let (status, _) = b.call(&b.admin, Method::POST, &path(&one, "approve"), Some(nowhere)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, channel) = b.call(&b.admin, Method::POST, &path(&one, "approve"), None).await;
    assert_eq!((status, &channel["id"], &channel["shared"]), (StatusCode::OK, &json!(one.id), &json!(true)));
    let (status, _) = b.call(&b.admin, Method::POST, &path(&two, "refuse"), None).await;
    assert_eq!(status, StatusCode::OK);
    for verb in ["approve", "refuse"] {
        let (status, error) = b.call(&b.admin, Method::POST, &path(&two, verb), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(error["id"], "rialto.shared_channel.request_not_found.app_error");
    }
    assert_eq!(requests(&b, &id).await, json!([]));
}

/// Behaviour 5.1 "live updates", client-api 9.5: whoever manages connections or shares hears that one has changed, others
/// hear nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_manage_connections_hear_of_changes() {
    let world = World::start().await;
    let mut settings = (*world.app.settings.get()).clone();
    settings.workspaces.enable_shared_channels = true;
    settings.site_url = Some("https://one.example".to_owned());
    world.app.settings.set(settings);
    let admin = world.person("admin", "system_admin system_user").await;
    let manager = world.person("manager", "system_user shared_channel_manager").await;
    let member = world.person("member", "system_user").await;
    let mut clients = Vec::new();
    for person in [&admin, &manager, &member] {
        let mut client = world.connect(person).await;
        client.until("hello").await;
        clients.push(client);
    }
    let body = json!({ "name": "two", "display_name": "Two", "default_team_id": world.team });
    let made = world.call(&admin, "POST", "/remotecluster", body).await.json(201);
    let id = made["remote_cluster"]["remote_id"].as_str().unwrap();
    let path = format!("/remotecluster/{id}");
    for client in &mut clients[..2] {
        let (event, _) = client.until("rialto_remote_cluster_updated").await;
        assert_eq!(event["data"]["remote_id"], id);
    }
    world.call(&admin, "DELETE", &path, Value::Null).await.json(200);
    for client in &mut clients[..2] {
        client.until("rialto_remote_cluster_updated").await;
    }
    // What comes later is the first they hear.
    world.app.bus.tell(rialto_app::Volatile::Ephemeral {
        user: member.id,
        channel: "c".repeat(26).parse().unwrap(),
        root: None,
        message: "mark".to_owned(),
    });
    let (_, before) = clients[2].until("ephemeral_message").await;
    assert!(!before.iter().any(|event| event.contains("remote_cluster")), "{before:?}");
}
