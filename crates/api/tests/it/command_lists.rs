//! Listing and completing commands, and the ordinary ones (client-api 5.6, behaviour 2.1.2, 2.7).

use axum::http::{Method, StatusCode};
use rialto_app::posts::{self, Window};
use rialto_app::{Volatile, channel_members, channels, sessions, statuses};
use rialto_model::{Channel, Post};
use serde_json::{Value, json};

use crate::loopback::{Net, Organisation, Person};

async fn get(acme: &Organisation, person: &Person, path: &str) -> (StatusCode, Value) {
    acme.call(person, Method::GET, path, None).await
}

/// The answer to a command, whole.
async fn answer(acme: &Organisation, person: &Person, channel: &Channel, line: &str) -> Value {
    let body = json!({ "command": line, "channel_id": channel.id });
    let (status, answer) = acme.call(person, Method::POST, "/commands/execute", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

fn triggers(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one["trigger"].as_str().unwrap().to_owned()).collect()
}

async fn newest(acme: &Organisation, channel: &Channel) -> Post {
    let page = posts::window(&acme.app, &acme.admin.actor, &channel.id, Window::Page(0), 100, false).await.unwrap();
    page.posts.into_iter().filter(|post| !post.is_system()).max_by_key(|post| (post.create_at, post.update_at)).unwrap()
}

#[tokio::test]
async fn commands_are_listed_for_those_who_may_give_them() {
    let net = Net::default();
    let acme = Organisation::start(&net, "acme", 1).await;
    let nobody = acme.person("nobody", "system_user").await;
    let manager = acme.person("sharer", "system_user shared_channel_manager").await;
    let (own, path) = (["secure-connection", "share-channel"], format!("/commands?team_id={}", acme.team));
    for (person, expected) in [(&acme.admin, [true, true]), (&nobody, [false, false]), (&manager, [false, true])] {
        let (status, list) = get(&acme, person, &path).await;
        assert_eq!(status, StatusCode::OK);
        let listed = triggers(&list);
        assert_eq!(own.map(|trigger| listed.iter().any(|other| other == trigger)), expected);
        assert!(listed.iter().any(|trigger| trigger == "me"));
        assert!(
            !listed.iter().any(|trigger| trigger == "remote" || trigger == "share"),
            "old spellings are not offered"
        );
        let (_, with_data) = get(&acme, person, &format!("/teams/{}/commands/autocomplete", acme.team)).await;
        assert_eq!(triggers(&with_data), listed);
    }
    let (_, none) = get(&acme, &acme.admin, &format!("{path}&custom_only=true")).await;
    assert_eq!(none, json!([]));
    let (_, list) = get(&acme, &acme.admin, &format!("/teams/{}/commands/autocomplete", acme.team)).await;
    let share = list.as_array().unwrap().iter().find(|one| one["trigger"] == "share-channel").unwrap();
    let data = &share["autocomplete_data"];
    let words: Vec<&str> =
        data["SubCommands"].as_array().unwrap().iter().map(|sub| sub["Trigger"].as_str().unwrap()).collect();
    assert_eq!(words, ["invite", "uninvite", "unshare", "status"], "the hidden one is not offered");
    let first = &data["SubCommands"][0]["Arguments"][0];
    assert_eq!(
        (&first["Name"], &first["Type"], &first["Required"], &first["Data"]["FetchURL"]),
        (&json!("connectionID"), &json!("DynamicList"), &json!(true), &json!("builtin:share-channel"))
    );

    let closed = acme.another_team("closed").await;
    for path in [
        format!("/commands?team_id={closed}"),
        format!("/teams/{closed}/commands/autocomplete"),
        format!("/teams/{closed}/commands/autocomplete_suggestions?user_input=/"),
        format!("/commands?team_id={}", "y".repeat(26)),
    ] {
        assert_eq!(get(&acme, &nobody, &path).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(get(&acme, &nobody, "/commands").await.0, StatusCode::BAD_REQUEST);
}

/// SC-041.
#[tokio::test]
async fn suggestions_know_connections_and_are_refused_without_permission() {
    let net = Net::default();
    let acme = Organisation::start(&net, "acme", 1).await;
    let nobody = acme.person("nobody", "system_user").await;
    let town = acme.channel("town").await;
    for name in ["one", "two"] {
        acme.command(&town, &format!("/secure-connection create --name {name} --password secret")).await;
    }
    acme.command(&town, "/share-channel invite one").await;
    let suggest = async |person: &Person, typed: &str| {
        let typed = typed.replace(' ', "%20");
        let path =
            format!("/teams/{}/commands/autocomplete_suggestions?user_input={typed}&channel_id={}", acme.team, town.id);
        let (status, list) = get(&acme, person, &path).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        let list = list.as_array().unwrap().clone();
        list.into_iter().map(|one| one["Description"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(suggest(&acme.admin, "/sh").await.len(), 2, "/share-channel and /shrug");
    assert_eq!(suggest(&nobody, "/sh").await.len(), 1);
    let invite = "/share-channel invite --connectionID ";
    assert_eq!(suggest(&acme.admin, invite).await, ["two, connection pending"]);
    let uninvite = "/share-channel uninvite --connectionID ";
    assert_eq!(suggest(&acme.admin, uninvite).await, ["one, connection pending"]);
    assert_eq!(suggest(&acme.admin, "/secure-connection remove --connectionID ").await.len(), 2);
    for typed in [invite, uninvite, "/secure-connection ", "/secure-connection remove --connectionID "] {
        assert_eq!(suggest(&nobody, typed).await, Vec::<String>::new(), "{typed}");
    }
}

/// E-167, SC-032.
#[tokio::test]
async fn a_command_typed_in_a_thread_is_answered_there() {
    let net = Net::default();
    let acme = Organisation::start(&net, "acme", 1).await;
    let town = acme.channel("town").await;
    let new = posts::NewPost { message: "root".to_owned(), ..posts::NewPost::default() };
    let root = posts::create(&acme.app, &acme.admin.actor, &town.id, new).await.unwrap();
    let root_id = newest(&acme, &town).await.id;
    drop(root);
    let mut news = acme.app.bus.volatile();
    let body = json!({ "command": "/share-channel status", "channel_id": town.id, "root_id": root_id });
    let (_, answer) = acme.call(&acme.admin, Method::POST, "/commands/execute", Some(body)).await;
    let told = news.try_recv().unwrap();
    let Volatile::Ephemeral { user, root, message, .. } = told else { panic!("{told:?}") };
    assert_eq!((user, root, json!(message)), (acme.admin.id, Some(root_id), answer["text"].clone()));

    acme.app.clock.advance(1000);
    let body = json!({ "command": "/me nods", "channel_id": town.id, "root_id": root_id });
    acme.call(&acme.admin, Method::POST, "/commands/execute", Some(body)).await;
    let said = newest(&acme, &town).await;
    assert_eq!((said.message.as_str(), said.kind.as_str(), said.root_id), ("*nods*", "me", Some(root_id)));
}

#[tokio::test]
async fn ordinary_commands_do_what_the_api_does() {
    let net = Net::default();
    let acme = Organisation::start(&net, "acme", 1).await;
    let (town, other) = (acme.channel("town").await, acme.channel("other").await);
    let bob = acme.person("bob", "system_user").await;
    let by = async |person: &Person, line: &str| answer(&acme, person, &town, line).await;
    let is_member = async |channel: &Channel| {
        channel_members::get(&acme.app, &acme.admin.actor, &channel.id, &bob.id).await.is_ok()
    };
    let text = |answer: &Value| answer["text"].as_str().unwrap().to_owned();

    assert_eq!(by(&acme.admin, "/invite @bob").await["text"], "");
    assert!(is_member(&town).await);
    assert!(text(&by(&acme.admin, "/invite @nobody").await).contains("nobody called `nobody`"));
    assert_eq!(by(&bob, "/join ~other").await["goto_location"], "/acme/channels/other");
    assert!(is_member(&other).await);
    assert!(text(&by(&bob, "/join secret").await).contains("no channel `secret`"));
    assert!(text(&by(&bob, "/join").await).contains("`/join ~[channel]`"));

    let shrug = by(&bob, "/shrug who knows").await;
    assert_eq!((shrug["response_type"].as_str(), text(&shrug)), (Some("in_channel"), String::new()));
    assert_eq!(newest(&acme, &town).await.message, r"who knows ¯\\\_(ツ)\_/¯");

    assert_eq!(by(&acme.admin, "/header Everything about town").await["text"], "");
    by(&acme.admin, "/purpose Talk").await;
    by(&acme.admin, "/rename Old Town").await;
    let changed = channels::get(&acme.app, &acme.admin.actor, &town.id).await.unwrap();
    assert_eq!(
        (changed.header.as_str(), changed.purpose.as_str(), changed.display_name.as_str()),
        ("Everything about town", "Talk", "Old Town")
    );
    assert!(text(&by(&acme.admin, &format!("/rename {}", "x".repeat(65))).await).contains("1 to 64 characters"));

    assert!(text(&by(&bob, "/dnd").await).contains("not to be disturbed"));
    assert_eq!(statuses::get(&acme.app, &bob.id).await.unwrap().status, "dnd");
    let help = text(&by(&bob, "/help").await);
    assert!(help.contains("`/shrug [message]`") && !help.contains("secure-connection"), "{help}");
    assert!(text(&by(&acme.admin, "/help").await).contains("`/secure-connection [action]`"));

    assert_eq!(by(&acme.admin, "/kick @bob").await["text"], "");
    assert!(!is_member(&town).await);
    by(&acme.admin, "/invite bob").await;
    assert_eq!(by(&bob, "/leave").await["goto_location"], "/acme/channels/town-square");
    assert!(!is_member(&town).await);
    answer(&acme, &bob, &other, "/logout").await;
    assert!(sessions::authenticate(&acme.app, &bob.token).await.unwrap().is_none());
}
