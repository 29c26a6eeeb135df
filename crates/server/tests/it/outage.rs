//! Interruptions: what members are told and when, and that the catch-up needs nobody to write (behaviour 3.3).

use std::time::Duration;

use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::{Client, Database, Organisation, Peer, Profile, TestServer, both, connect, share, wait_for};

/// With the shortest settings allowed an interruption shows after half a minute.
const PATIENCE: Duration = Duration::from_secs(100);

async fn quick(name: &str, database: Database) -> Organisation {
    let server = TestServer::new(name, database).await;
    Organisation::found(
        server
            .with("MM_CONNECTEDWORKSPACESSETTINGS_OFFLINEAFTERSECONDS", "30")
            .with("MM_CONNECTEDWORKSPACESSETTINGS_PINGINTERVALSECONDS", "5"),
    )
    .await
}

/// System posts of a channel that name an organisation, oldest first.
async fn notices(person: &Client, channel: &str, organisation: &str) -> Vec<String> {
    let mut posts: Vec<_> = person.posts(channel).await.into_values().collect();
    posts.sort_by_key(|post| post["create_at"].as_i64());
    let texts = posts.iter().filter(|post| post["type"].as_str().unwrap().starts_with("system_"));
    texts.map(|post| post["message"].as_str().unwrap().to_owned()).filter(|text| text.contains(organisation)).collect()
}

/// SC-093, E-034.
#[tokio::test]
async fn members_are_told_once_and_catch_up_comes_by_itself() {
    both(async |database| {
        let a = quick("acme", database).await;
        let mut b = quick("globex", database).await;
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &id, &b).await;
        let berta = b.member_of(&ops, "berta").await;
        anna.write(&ops, "before").await;
        berta.see(&ops, "before").await;
        let so_far = notices(&anna, &ops, "globex org").await;

        b.server.kill().await;
        for number in 0..30 {
            anna.write(&ops, &format!("while away {number}")).await;
        }
        wait_for("the channel to say that the other side is away", PATIENCE, async || {
            (notices(&anna, &ops, "globex org").await.len() > so_far.len()).then_some(())
        })
        .await;
        for number in 30..33 {
            anna.write(&ops, &format!("while away {number}")).await;
        }

        b.server.start().await;
        let mut berta = berta;
        berta.renew().await;
        for number in 0..33 {
            berta.see(&ops, &format!("while away {number}")).await;
        }
        wait_for("the channel to say that it is back", PATIENCE, async || {
            (notices(&anna, &ops, "globex org").await.len() == so_far.len() + 2).then_some(())
        })
        .await;
        let held = berta.messages(&ops).await;
        assert_eq!(
            held.values().filter(|post| post["message"].as_str().unwrap().starts_with("while away")).count(),
            33
        );
    })
    .await;
}

#[tokio::test]
async fn our_own_restart_during_an_outage_does_not_tell_twice() {
    let mut a = quick("acme", Database::Sqlite).await;
    let mut peer = Peer::start(Profile::Mattermost116).await;
    let id = peer.accept(&a.invite("peer").await, CODE_PASSWORD).await.unwrap();
    a.wait_online("peer").await;
    let ops = a.channel("ops", "O").await;
    a.share(&ops, &id, "").await;
    peer.wait_world("the channel", |world| world.channels.contains_key(&ops)).await;
    a.admin.write(&ops, "before").await;
    peer.see("before").await;
    let so_far = notices(&a.admin, &ops, "peer org").await.len();
    peer.go_down();
    wait_for("the interruption to show", PATIENCE, async || {
        (notices(&a.admin, &ops, "peer org").await.len() == so_far + 1).then_some(())
    })
    .await;
    a.server.stop().await;
    a.server.start().await;
    a.admin.renew().await;
    a.admin.write(&ops, "after our restart").await;
    peer.go_up().await;
    wait_for("the post of meanwhile", PATIENCE, async || peer.world().find("after our restart").cloned()).await;
    wait_for("the end of the interruption to show", PATIENCE, async || {
        (notices(&a.admin, &ops, "peer org").await.len() == so_far + 2).then_some(())
    })
    .await;
}

/// E-032.
#[tokio::test]
async fn a_short_absence_is_caught_up_without_any_new_message() {
    both(async |database| {
        let org = Organisation::start("acme", database).await;
        let mut peer = Peer::start(Profile::Mattermost116).await;
        let id = peer.accept(&org.invite("peer").await, CODE_PASSWORD).await.unwrap();
        org.wait_online("peer").await;
        let ops = org.channel("ops", "O").await;
        org.share(&ops, &id, "").await;
        peer.wait_world("the channel", |world| world.channels.contains_key(&ops)).await;
        let first = org.admin.write(&ops, "before").await["id"].as_str().unwrap().to_owned();
        peer.see("before").await;
        peer.go_down();
        org.admin.write(&ops, "meanwhile").await;
        org.admin.edit(&first, "before, edited").await;
        org.admin.react(&first, "tada").await;
        let row = rialto_testkit::table::rows(&org.admin.command(&ops, "/share-channel status").await);
        assert!(row[0]["State"].contains("active"), "{row:?}");
        peer.go_up().await;
        peer.see("meanwhile").await;
        peer.see("before, edited").await;
        let tada = [(org.admin.id.clone(), "tada".to_owned())];
        peer.wait_world("the reaction", |world| world.reactions(&first) == tada).await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_to_an_absent_peer_waits_for_it() {
    let org = quick("acme", Database::Sqlite).await;
    let mut peer = Peer::start(Profile::Mattermost116).await;
    let id = peer.accept(&org.invite("peer").await, CODE_PASSWORD).await.unwrap();
    org.wait_online("peer").await;
    peer.go_down();
    let ops = org.channel("ops", "O").await;
    org.share(&ops, &id, "").await;
    let rows = rialto_testkit::table::rows(&org.admin.command(&ops, "/share-channel status").await);
    assert_eq!(rows[0]["Invite accepted"], "No");
    org.admin.write(&ops, "said while waiting").await;
    peer.go_up().await;
    wait_for("the invitation to arrive", PATIENCE, async || peer.world().channels.get(&ops).cloned()).await;
    peer.see("said while waiting").await;
}
