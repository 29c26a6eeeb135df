//! A server with very many connections and shares: whoever looks after them finds their way.

use rialto_model::{
    ChannelKind, Millis, PeerProfile, RemoteCluster, RemoteId, Share, ShareId, ShareMode, ShareState, UserId,
};
use rialto_store::{remotes, shares};
use serde_json::json;

use crate::world::{Person, World};

const CONNECTIONS: usize = 1_000;
const CHANNELS: usize = 20;

fn connection(world: &World, number: usize, creator: UserId) -> RemoteCluster {
    let now = world.app.clock.now();
    RemoteCluster {
        id: world.app.ids.id(RemoteId::from_random),
        name: format!("partner-{number:04}"),
        handle: format!("partner-{number:04}"),
        display_name: format!("Partner {number:04}"),
        description: if number == 77 { "the one in Trieste".to_owned() } else { String::new() },
        site_url: Some(format!("https://chat{number}.example.org")),
        default_team_id: Some(world.team),
        remote_team_id: String::new(),
        creator_id: creator,
        create_at: now,
        confirmed_at: Some(now),
        delete_at: None,
        deleted_by: None,
        severed: false,
        last_ping_at: Some(now),
        profile: PeerProfile::Rialto,
        caps: String::new(),
        unrotated: false,
        interrupted_at: None,
        failing_since: None,
        last_error: String::new(),
    }
}

/// Names of a page of connections.
async fn names(world: &World, admin: &Person, query: &str) -> Vec<String> {
    let list = world.get(admin, &format!("/remotecluster?{query}")).await;
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// E-159: the list of a thousand connections with twenty thousand shares is read page by page and searched.
#[tokio::test]
async fn a_thousand_connections_are_paged_and_searched() {
    let world = World::start().await;
    let mut settings = (*world.app.settings.get()).clone();
    settings.workspaces.enable_shared_channels = true;
    world.app.settings.set(settings);
    let admin = world.person("admin", "system_admin system_user").await;
    let mut channels = Vec::new();
    for number in 0..CHANNELS {
        channels.push(world.channel(&admin, &format!("town-{number}"), ChannelKind::Public).await.id);
    }
    let mut tx = world.app.db.begin(world.app.clock.now()).await.unwrap();
    let mut first = None;
    for number in 0..CONNECTIONS {
        let remote = connection(&world, number, admin.id);
        let secrets = remotes::Secrets {
            token_hash: format!("hash {number}"),
            remote_token: String::new(),
            confirmation: String::new(),
        };
        remotes::insert(&mut tx, &remote, &secrets).await.unwrap();
        remotes::update(&mut tx, &remote).await.unwrap();
        for channel in &channels {
            let share = Share {
                id: world.app.ids.id(ShareId::from_random),
                channel_id: *channel,
                remote_id: remote.id,
                home: true,
                creator_id: admin.id,
                mode: ShareMode::Participation,
                state: ShareState::Active,
                reason: String::new(),
                description: String::new(),
                create_at: Millis(1),
                update_at: Millis(1),
                from_seq: None,
                last_sync_at: None,
            };
            shares::insert(&mut tx, &share).await.unwrap();
        }
        first.get_or_insert(remote.id);
    }
    tx.commit().await.unwrap();

    let mut all = Vec::new();
    for page in 0..6 {
        let some = names(&world, &admin, &format!("page={page}&per_page=200")).await;
        assert_eq!(some.len(), if page < 5 { 200 } else { 0 }, "page {page}");
        all.extend(some);
    }
    let expected: Vec<String> = (0..CONNECTIONS).map(|number| format!("partner-{number:04}")).collect();
    assert_eq!(all, expected);
    assert_eq!(names(&world, &admin, "q=PARTNER%20042&page=1&per_page=4").await.len(), 4, "searched, then paged");
    assert_eq!(names(&world, &admin, "q=chat421.example").await, ["partner-0421"]);
    assert_eq!(names(&world, &admin, "q=%20trieste").await, ["partner-0077"]);
    assert_eq!(names(&world, &admin, "q=nobody").await, Vec::<String>::new());

    let shares = format!("/remotecluster/{}/sharedchannelremotes", first.unwrap());
    for (page, number) in [(0, 15), (1, 5), (2, 0)] {
        let list = world.get(&admin, &format!("{shares}?page={page}&per_page=15")).await;
        assert_eq!(list.as_array().unwrap().len(), number);
    }
    let line = json!({ "channel_id": channels[0], "command": "/secure-connection status" });
    let told = world.call(&admin, "POST", "/commands/execute", line).await.json(200);
    let told = told["text"].as_str().unwrap();
    let rows = told.lines().filter(|line| line.contains("https://chat")).count();
    assert_eq!(rows, 100);
    assert!(told.contains("900 more"), "the others are in the list");
}
