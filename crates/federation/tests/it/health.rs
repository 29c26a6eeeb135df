//! How connections fare: what is measured, and that each kind of trouble is called by its name.

use rialto_app::connections::health::{State, health, part};
use rialto_federation::probe::{self, WayBack};
use rialto_model::{Cause, RemoteId};
use rialto_store::Db;
use rialto_store::testing::both;
use rialto_wire::federation::extension::{ProbeStep, StepState};
use rialto_wire::federation::topic;

use crate::harness::{Fault, Network, Server, eventually, share, trust};

fn brisk(settings: &mut rialto_app::Settings) {
    settings.workspaces.ping_seconds = 1;
}

async fn trusted(alpha: &Server, beta: &Server) -> RemoteId {
    let id = trust(alpha, beta).await;
    for server in [alpha, beta] {
        eventually("each knows what the other can do", async || server.remote(&id).await.has("probe").then_some(()))
            .await;
    }
    id
}

async fn pair(network: &std::sync::Arc<Network>) -> (Server, Server, RemoteId) {
    let alpha = Server::with(network, "alpha", 1, brisk).await;
    let beta = Server::with(network, "beta", 2, brisk).await;
    let id = trusted(&alpha, &beta).await;
    (alpha, beta, id)
}

/// AT-26, behaviour 8.4: state and since when, measurements, and what waits, on both databases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_measured_and_what_waits_is_counted() {
    both(async |db: Db| {
        let network = Network::new();
        let alpha = Server::on(&network, "alpha", 1, db).await;
        let beta = Server::with(&network, "beta", 2, brisk).await;
        let id = trusted(&alpha, &beta).await;
        let look = async || health(alpha.app(), &alpha.admin.actor, &id).await.unwrap();
        let calm = look().await;
        assert_eq!((calm.state, calm.waiting, calm.lag, calm.waiting_bytes), (State::Connected, 0, 0, 0));
        assert!(calm.measured.round_trip.is_some());
        assert_eq!((calm.measured.clock_skew, calm.measured.peer_lag), (0, Some(0)));
        let town = alpha.channel("town", &[]).await;
        share(&alpha, &beta, &town, &id).await;
        network.fail(|sent| (sent.from == "alpha").then_some(Fault::Refused));
        alpha.post(&alpha.admin, &town, "twelve bytes").await;
        network.clock.advance(60_000);
        let busy = eventually("it waits", async || Some(look().await).filter(|busy| busy.waiting > 0)).await;
        // The message, and perhaps who has joined.
        assert!(busy.waiting >= 1, "{}", busy.waiting);
        assert!((60_000..70_000).contains(&busy.lag), "{}", busy.lag);
        assert_eq!(busy.channels, vec![(town, busy.waiting)]);
        eventually("the sender has failed", async || {
            look().await.measured.failure.filter(|failure| failure.cause == Cause::Tcp)
        })
        .await;
        assert!((12..1_000).contains(&busy.waiting_bytes), "{}", busy.waiting_bytes);
        // Beta hears of it with the answer to its own ping.
        eventually("beta knows how far alpha is behind", async || {
            let seen = health(beta.app(), &beta.admin.actor, &id).await.unwrap().measured.peer_lag;
            seen.filter(|lag| *lag >= 60_000)
        })
        .await;
        network.clock.advance(300_000);
        let lost = eventually("it is offline", async || Some(look().await).filter(|h| h.state == State::Offline)).await;
        assert_eq!(Some(lost.since), alpha.remote(&id).await.last_ping_at);
        network.heal();
        eventually("it is back", async || {
            alpha.app().bus.contacted(id);
            Some(look().await).filter(|h| h.state == State::Connected && h.waiting == 0)
        })
        .await;
        let ann = alpha.person("ann").await;
        assert!(health(alpha.app(), &ann.actor, &id).await.is_err(), "it is for administrators");
    })
    .await;
}

/// Behaviour 8.4: the time in reach and out of it adds up to the part of the day that was looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn availability_counts_the_time_that_was_looked_at() {
    use rialto_app::connections::health::{Ping, note_ping};
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let id = trusted(&alpha, &beta).await;
    network.fail(|_| Some(Fault::Hang));
    let fine = Some(Ping { round_trip: 1, clock_skew: 0, peer_lag: None });
    let before = health(alpha.app(), &alpha.admin.actor, &id).await.unwrap().availability;
    for (passed, outcome) in
        [(0, fine), (60_000, fine), (60_000, None), (40_000, None), (100_000_000, fine), (5_000, fine)]
    {
        network.clock.advance(passed);
        note_ping(alpha.app(), &id, outcome).await.unwrap();
    }
    let (up, down) = health(alpha.app(), &alpha.admin.actor, &id).await.unwrap().availability;
    assert_eq!((up, down), (5_000, 0), "more than a day ago does not count, nor what nobody looked at: {before:?}");
    network.clock.advance(5_000);
    note_ping(alpha.app(), &id, None).await.unwrap();
    network.clock.advance(10_000);
    note_ping(alpha.app(), &id, fine).await.unwrap();
    let (up, down) = health(alpha.app(), &alpha.admin.actor, &id).await.unwrap().availability;
    assert_eq!((up, down, part(up, down)), (10_000, 10_000, Some(0.5)));
}

/// Behaviour 8.4, E-133: each failure that can be made here is called by its name within a ping.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_is_called_by_its_name() {
    let network = Network::new();
    let (alpha, _beta, id) = pair(&network).await;
    for (fault, cause) in [
        (Fault::Refused, Cause::Tcp),
        (Fault::LostAnswer, Cause::Exchange),
        (Fault::Status(302), Cause::Redirect),
        (Fault::Status(404), Cause::Path),
        (Fault::Status(401), Cause::Credential),
        (Fault::Status(413), Cause::TooLarge),
        (Fault::Status(429), Cause::Busy),
        (Fault::Status(501), Cause::Off),
        (Fault::Status(502), Cause::Server),
        (Fault::Status(200), Cause::NotAPeer),
        (Fault::Foreign, Cause::Protocol),
    ] {
        network.fail(move |sent| (sent.from == "alpha" && sent.topic == topic::PING).then_some(fault));
        eventually("it is called by its name", async || {
            // The peer calls, so alpha tries at once and not after a pause.
            alpha.app().bus.contacted(id);
            let failure = health(alpha.app(), &alpha.admin.actor, &id).await.unwrap().measured.failure;
            failure.filter(|failure| failure.cause == cause)
        })
        .await;
    }
    network.heal();
}

fn failed(steps: &[ProbeStep]) -> Option<(&str, &str)> {
    let step = steps.iter().find(|step| step.state == StepState::Fail)?;
    Some((step.name.as_str(), step.code.as_str()))
}

/// Behaviour 8.7, ruling 8.11: both ways, at most once in ten seconds, and no word of a credential.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_shows_the_way_there_and_back() {
    let network = Network::new();
    let (alpha, _beta, id) = pair(&network).await;
    let token = rialto_app::connections::peer_token(alpha.app(), &id).await.unwrap().unwrap().1;
    let test = async || probe::run(alpha.federation(), &alpha.admin.actor, &id).await;
    let report = test().await.unwrap();
    assert_eq!(failed(&report.there), None);
    let names: Vec<&str> = report.there.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["dns", "tcp", "tls", "http", "credential", "protocol", "clock", "size"]);
    let WayBack::Steps(back) = &report.back else { panic!("{:?}", report.back) };
    assert_eq!(failed(back), None);
    assert!(!format!("{report:?}").contains(&token));
    let soon = test().await.unwrap_err();
    assert!(matches!(soon, rialto_federation::connections::Error::TooSoon { .. }), "{soon}");
    network.clock.advance(probe::PAUSE);
    // The way back is blocked: the other side says at which step.
    network.fail(|sent| (sent.from == "beta" && sent.topic == topic::PING).then_some(Fault::Refused));
    let report = test().await.unwrap();
    assert_eq!(failed(&report.there), None);
    let WayBack::Steps(back) = &report.back else { panic!("{:?}", report.back) };
    assert_eq!(failed(back), Some(("tcp", "tcp")));
    let ann = alpha.person("ann").await;
    assert!(probe::run(alpha.federation(), &ann.actor, &id).await.is_err());
}

/// Behaviour 8.7: one case for each class of failure on the way there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_says_at_which_step_it_fails() {
    let network = Network::new();
    let (alpha, _beta, id) = pair(&network).await;
    for (fault, expected) in [
        (Fault::Refused, ("tcp", "tcp")),
        (Fault::Status(404), ("http", "path")),
        (Fault::Status(302), ("http", "redirect")),
        (Fault::Status(200), ("http", "not_a_peer")),
        (Fault::Status(500), ("http", "server")),
        (Fault::Status(401), ("credential", "credential")),
        (Fault::Foreign, ("protocol", "protocol")),
    ] {
        network.clock.advance(probe::PAUSE);
        network.fail(move |sent| (sent.from == "alpha" && sent.topic == topic::PING).then_some(fault));
        let report = probe::run(alpha.federation(), &alpha.admin.actor, &id).await.unwrap();
        assert_eq!(failed(&report.there), Some(expected), "{fault:?}");
        assert!(matches!(report.back, WayBack::Unknown { .. }), "nobody could be asked");
    }
    // Something in between lets small messages through only.
    network.clock.advance(probe::PAUSE);
    network.fail(|sent| {
        let long = sent.payload["padding"].as_str().is_some_and(|padding| padding.len() > 200_000);
        long.then_some(Fault::Status(413))
    });
    let report = probe::run(alpha.federation(), &alpha.admin.actor, &id).await.unwrap();
    assert_eq!(failed(&report.there), Some(("size", "too_large")));
    assert!(matches!(report.back, WayBack::Steps(_)), "it is asked in fewer words");
}

/// Behaviour 8.7, E-066: a clock that is wrong is told of by both sides, each from where it stands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_shows_a_clock_that_is_wrong() {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, brisk).await;
    let ahead = rialto_app::Clock::manual(rialto_model::Millis(network.clock.now().0 + 600_000));
    let beta = Server::virtually(&network, "beta", 2, ahead, brisk).await;
    let id = trusted(&alpha, &beta).await;
    let report = probe::run(alpha.federation(), &alpha.admin.actor, &id).await.unwrap();
    let clock = |steps: &[ProbeStep]| {
        let step = steps.iter().find(|step| step.name == "clock").unwrap();
        (step.state, step.code.clone(), step.ms)
    };
    assert_eq!(clock(&report.there), (StepState::Warn, "skewed".to_owned(), Some(600_000)));
    let WayBack::Steps(back) = &report.back else { panic!("{:?}", report.back) };
    assert_eq!(clock(back), (StepState::Warn, "skewed".to_owned(), Some(-600_000)));
}
