//! Several nodes on one PostgreSQL database: one of them talks to peers, and another takes over when it dies.

use std::time::Duration;

use rialto_testkit::{Client, Database, Organisation, TestServer, connect, share, wait_for};

/// With the shortest settings allowed an interruption shows after half a minute; a node's silence lasts as long at most.
const PATIENCE: Duration = Duration::from_secs(100);

/// The same person, asking another node.
fn at(person: &Client, node: &TestServer) -> Client {
    let mut there = person.clone();
    there.url = node.url();
    there
}

/// How many system posts of the channel hold the words.
async fn said(person: &Client, channel: &str, words: &str) -> usize {
    let posts = person.posts(channel).await;
    let system = posts.values().filter(|post| post["type"].as_str().unwrap().starts_with("system_"));
    system.filter(|post| post["message"].as_str().unwrap().contains(words)).count()
}

/// How often each of the texts stands in a channel.
async fn copies(person: &Client, channel: &str, texts: &[String]) -> Vec<usize> {
    let posts = person.posts(channel).await;
    texts.iter().map(|text| posts.values().filter(|post| post["message"] == text.as_str()).count()).collect()
}

/// E-044: the node that talks to a peer is killed while the peer is away and there is much to say; once the peer is back the
/// other says it all, once, and nobody was told of the interruption a second time. The first comes back and has the duty
/// again when the second is stopped.
#[tokio::test]
async fn another_node_goes_on_when_one_dies() {
    let server = TestServer::new("acme", Database::Postgres).await;
    let mut home = Organisation::found(
        server
            .with("MM_CONNECTEDWORKSPACESSETTINGS_OFFLINEAFTERSECONDS", "30")
            .with("MM_CONNECTEDWORKSPACESSETTINGS_PINGINTERVALSECONDS", "5"),
    )
    .await;
    let mut guest = Organisation::start("globex", Database::Sqlite).await;
    let id = connect(&home, &guest).await;
    let channel = home.channel("ops", "O").await;
    share(&home, &channel, &id, &guest).await;
    let anna = home.member_of(&channel, "anna").await;
    let mut gina = guest.member_of(&channel, "gina").await;
    let mut second = home.server.beside();
    second.start().await;
    let anna_there = at(&anna, &second);
    let texts: Vec<String> = (0..60).map(|number| format!("message {number}")).collect();
    for text in texts.iter().take(20) {
        anna_there.write(&channel, text).await;
        gina.see(&channel, text).await;
    }
    let before = said(&anna, &channel, "globex org").await;
    guest.server.kill().await;
    for text in texts.iter().skip(20).take(20) {
        anna.write(&channel, text).await;
    }
    wait_for("the channel to say that the other side is away", PATIENCE, async || {
        (said(&anna, &channel, "globex org").await > before).then_some(())
    })
    .await;
    home.server.kill().await;
    for text in texts.iter().skip(40) {
        anna_there.write(&channel, text).await;
    }
    guest.server.start().await;
    gina.renew().await;
    wait_for("everything to be over there, once", PATIENCE, async || {
        (copies(&gina, &channel, &texts).await == vec![1; texts.len()]).then_some(())
    })
    .await;
    wait_for("the channel to say that the other side is back", PATIENCE, async || {
        (said(&anna_there, &channel, "globex org").await == before + 2).then_some(())
    })
    .await;
    home.server.start().await;
    // Stopped in order, the second leaves the duty to the first at once.
    second.stop().await;
    anna.write(&channel, "from the first again").await;
    gina.see(&channel, "from the first again").await;
    assert_eq!(said(&anna, &channel, "globex org").await, before + 2);
}
