//! A server with very many peers: they are looked after without haste and without all of them at once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use rialto_app::connections::consumer;
use rialto_model::{Millis, PeerProfile, RemoteCluster, RemoteId};
use rialto_store::{outbox, remotes};
use rialto_wire::federation::frame::Frame;
use rialto_wire::federation::ping::Ping;
use tokio::time::Instant;

use crate::harness::{Network, Pair, Server, virtual_clock};

const PEERS: usize = 300;

/// When each peer was called, in ms since the beginning.
type Calls = Arc<Mutex<Vec<Vec<u64>>>>;

/// A server that answers pings as a Mattermost does.
fn answering(number: usize, begun: Instant, calls: Calls) -> Router {
    let ping = move |body: Bytes| async move {
        calls.lock().unwrap()[number].push(u64::try_from(begun.elapsed().as_millis()).unwrap());
        let frame = Frame::decode(&body).unwrap();
        let ping = Ping::decode(&frame.msg.payload).unwrap();
        ping.answer(ping.sent_at, None).to_json()
    };
    Router::new().route("/api/v4/remotecluster/ping", post(ping))
}

async fn connected(server: &Server, number: usize, site: &str) {
    let app = server.app();
    let now = app.clock.now();
    let remote = RemoteCluster {
        id: app.ids.id(RemoteId::from_random),
        name: format!("peer{number}"),
        handle: format!("peer{number}"),
        display_name: format!("Peer {number}"),
        description: String::new(),
        site_url: Some(site.to_owned()),
        default_team_id: Some(server.team),
        remote_team_id: String::new(),
        creator_id: server.admin.user.id,
        create_at: now,
        confirmed_at: Some(now),
        delete_at: None,
        deleted_by: None,
        severed: false,
        last_ping_at: Some(now),
        profile: PeerProfile::Unknown,
        caps: String::new(),
        unrotated: false,
        interrupted_at: None,
        failing_since: None,
        last_error: String::new(),
    };
    let secrets = remotes::Secrets {
        token_hash: format!("hash {number}"),
        remote_token: app.keys.seal(&app.ids, &"t".repeat(26)),
        confirmation: String::new(),
    };
    let mut tx = app.db.begin(Millis(now.0)).await.unwrap();
    remotes::insert(&mut tx, &remote, &secrets).await.unwrap();
    remotes::update(&mut tx, &remote).await.unwrap();
    let head = *app.bus.settled().borrow();
    outbox::move_cursor(&mut tx, &consumer(&remote.id), None, head).await.unwrap();
    tx.commit().await.unwrap();
}

/// E-159, ruling 26: when a server begins, its peers are called within a few seconds but not all at once; from then on the
/// checks of all of them lie evenly over the time between two.
#[tokio::test(start_paused = true)]
async fn checks_of_many_peers_are_spread_evenly() {
    let network = Network::new();
    network.forget();
    let begun = Instant::now();
    let mut alpha = Server::virtually(&network, "alpha", 1, virtual_clock(begun, Arc::default()), |_| {}).await;
    let calls: Calls = Arc::new(Mutex::new(vec![Vec::new(); PEERS]));
    let period = alpha.app().settings.get().workspaces.ping_seconds * 1_000;
    for number in 0..PEERS {
        let site = format!("https://peer{number}.example.org");
        network.attach(&site, "peer", answering(number, begun, Arc::clone(&calls)));
        connected(&alpha, number, &site).await;
    }
    alpha.stop().await;
    calls.lock().unwrap().iter_mut().for_each(Vec::clear);
    let started = u64::try_from(begun.elapsed().as_millis()).unwrap();
    alpha.start().await;
    tokio::time::sleep(Duration::from_millis(3 * period + 10_000)).await;

    let calls = calls.lock().unwrap().clone();
    let first: Vec<u64> = calls.iter().map(|times| times[0] - started).collect();
    assert!(first.iter().all(|at| *at <= 6_000), "all are called soon: {:?}", first.iter().max());
    for second in 0..5 {
        let within = first.iter().filter(|at| **at / 1_000 == second).count();
        assert!((PEERS / 10..=PEERS / 3).contains(&within), "{within} in second {second}");
    }
    // The third call of everybody, tenth by tenth of the time between two.
    let third: Vec<u64> = calls.iter().map(|times| times[2]).collect();
    let from = third.iter().min().unwrap();
    for part in 0..10 {
        let within = third.iter().filter(|at| (**at - from) * 10 / period == part).count();
        assert!((PEERS / 20..=PEERS / 5).contains(&within), "{within} in part {part}");
    }
}

/// Peers that nobody can reach.
const GONE: usize = 1_000;

/// E-159: with very many peers out of reach, what is written wakes the senders of those whom it concerns and nobody else's;
/// and who cannot be reached is not woken by it again and again.
#[tokio::test(start_paused = true)]
async fn news_wakes_only_those_it_concerns() {
    let network = Network::new();
    network.forget();
    let begun = Instant::now();
    let clock = virtual_clock(begun, Arc::default());
    let alpha = Server::virtually(&network, "alpha", 1, clock.clone(), |_| {}).await;
    let beta = Server::virtually(&network, "beta", 2, clock, |_| {}).await;
    let pair = Pair::of(network, alpha, beta).await.shared().await;
    let Pair { mut alpha, mut beta, channel, .. } = pair;
    for number in 0..GONE {
        connected(&alpha, number, &format!("https://gone{number}.example.org")).await;
    }
    alpha.stop().await;
    alpha.start().await;
    let ann = alpha.speaker(&channel).await;
    let lab = alpha.channel("lab", &[]).await;
    // All have begun, and have looked at what there was.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let rounds = |server: &Server| server.federation().sender_rounds();

    let before = rounds(&alpha);
    for number in 0..40 {
        alpha.post(&alpha.admin, &lab, &format!("at home {number}")).await;
    }
    let last = alpha.post(&ann, &channel, "to beta").await;
    beta.arrives(&last.id).await;
    let woken = rounds(&alpha) - before;
    assert!(woken < GONE as u64 / 2, "{woken} rounds for 41 messages of which one is for one peer");

    beta.stop().await;
    let before = rounds(&alpha);
    for number in 0..40 {
        alpha.post(&ann, &channel, &format!("while away {number}")).await;
    }
    let woken = rounds(&alpha) - before;
    assert!(woken < GONE as u64 / 2, "{woken} rounds for a peer that cannot be reached");
    beta.start().await;
    let last = alpha.post(&ann, &channel, "back again").await;
    beta.arrives(&last.id).await;
}
