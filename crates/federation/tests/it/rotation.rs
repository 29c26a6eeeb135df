//! What servers present to each other is renewed, each direction by itself, and nothing is lost on the way.

use rialto_app::connections::{self as records, Urgency};
use rialto_federation::rotation::rotate;
use rialto_model::RemoteId;
use rialto_store::Db;
use rialto_store::testing::both;
use rialto_wire::federation::topic;

use crate::harness::{Fault, Network, Server, eventually, settle, share, trust};

const DAY: i64 = 24 * 3_600_000;

fn brisk(settings: &mut rialto_app::Settings) {
    settings.workspaces.ping_seconds = 1;
}

async fn pair(network: &std::sync::Arc<Network>) -> (Server, Server, RemoteId) {
    let alpha = Server::with(network, "alpha", 1, brisk).await;
    let beta = Server::with(network, "beta", 2, brisk).await;
    let id = trusted(&alpha, &beta).await;
    (alpha, beta, id)
}

async fn trusted(alpha: &Server, beta: &Server) -> RemoteId {
    let id = trust(alpha, beta).await;
    for server in [alpha, beta] {
        eventually("each knows what the other can do", async || {
            server.remote(&id).await.has("connection").then_some(())
        })
        .await;
    }
    id
}

/// What `server` presents.
async fn presented(server: &Server, id: &RemoteId) -> String {
    records::peer_token(server.app(), id).await.unwrap().unwrap().1
}

/// Whether a token opens the connection at `server`. Only for tokens that are not on offer: looking would use them.
async fn opens(server: &Server, id: &RemoteId, token: &str) -> bool {
    records::authenticate(server.app(), id.as_str(), token).await.unwrap().is_some()
}

/// Waits until `acceptor` knows one token, another than `old`, and `presenter` presents it.
async fn renewed(acceptor: &Server, presenter: &Server, id: &RemoteId, old: &str) -> String {
    eventually("the new token is used", async || {
        let standing = records::rotation_standing(acceptor.app(), id).await.unwrap();
        (standing.offered_at.is_none() && standing.renewed_at.is_some()).then_some(())
    })
    .await;
    let now = presented(presenter, id).await;
    assert_ne!(now, old);
    assert!(opens(acceptor, id, &now).await);
    assert!(!opens(acceptor, id, old).await, "the old one is dead");
    now
}

/// E-125, behaviour 8.5: each direction is renewed by itself, confirmed end to end before the old token dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_renewed_in_one_direction_and_the_other_stays() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let (of_alpha, of_beta) = (presented(&alpha, &id).await, presented(&beta, &id).await);
    let done = rotate(alpha.federation(), &alpha.admin.actor, &id, Urgency::Overlapping).await.unwrap();
    assert!(done.delivered, "{:?}", done.cause);
    renewed(&alpha, &beta, &id, &of_beta).await;
    assert_eq!(presented(&alpha, &id).await, of_alpha, "what alpha presents is beta's to renew");
    let again = presented(&beta, &id).await;
    rotate(beta.federation(), &beta.admin.actor, &id, Urgency::Overlapping).await.unwrap();
    renewed(&beta, &alpha, &id, &of_alpha).await;
    assert_eq!(presented(&beta, &id).await, again);
}

/// Behaviour 8.5: by itself after 90 days, on both databases; a peer that cannot take one is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_renewed_by_themselves_when_they_are_old() {
    both(async |db: Db| {
        let network = Network::new();
        let alpha = Server::on(&network, "alpha", 1, db).await;
        let beta = Server::with(&network, "beta", 2, |settings| {
            brisk(settings);
            settings.workspaces.token_rotation_days = 0;
        })
        .await;
        let id = trusted(&alpha, &beta).await;
        let (of_alpha, of_beta) = (presented(&alpha, &id).await, presented(&beta, &id).await);
        let remote = alpha.remote(&id).await;
        network.clock.advance(90 * DAY - 1_000_000);
        assert!(records::due_rotation(alpha.app(), &remote).await.unwrap().is_none(), "not yet");
        network.clock.advance(1_000_000);
        let old = rialto_model::RemoteCluster { caps: String::new(), ..alpha.remote(&id).await };
        assert!(records::due_rotation(alpha.app(), &old).await.unwrap().is_none(), "it has no word for it");
        // Its ping, which makes alpha ping at once, for it counts as offline after so long.
        eventually("the renewal begins", async || {
            alpha.app().bus.contacted(id);
            records::rotation_standing(alpha.app(), &id).await.unwrap().renewed_at
        })
        .await;
        renewed(&alpha, &beta, &id, &of_beta).await;
        assert_eq!(presented(&alpha, &id).await, of_alpha, "beta renews nothing by itself");
    })
    .await;
}

/// Behaviour 8.5: whichever side stops at whichever moment, one token is valid afterwards and both know it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_in_the_middle_of_a_renewal_leaves_one_valid_token() {
    for fault in [Fault::Refused, Fault::LostAnswer] {
        let network = Network::new();
        let (mut alpha, mut beta, id) = pair(&network).await;
        let old = presented(&beta, &id).await;
        // The word does not get through, or its answer does not; nor does anything beta says afterwards.
        network.fail(move |sent| match (sent.topic.as_str(), sent.from) {
            (topic::RIALTO_CONNECTION, _) => Some(fault),
            (_, "beta") => Some(Fault::Refused),
            _ => None,
        });
        let done = rotate(alpha.federation(), &alpha.admin.actor, &id, Urgency::Overlapping).await.unwrap();
        assert!(!done.delivered && done.standing.offered_at.is_some());
        alpha.stop().await;
        beta.stop().await;
        network.heal();
        alpha.start().await;
        beta.start().await;
        let now = renewed(&alpha, &beta, &id, &old).await;
        let town = alpha.channel("town", &[]).await;
        share(&alpha, &beta, &town, &id).await;
        assert_eq!(presented(&beta, &id).await, now, "it stays");
    }
}

/// Behaviour 8.5, ruling 8.5: what is not used for a day is dropped and another offered; meanwhile the old one opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_not_used_for_a_day_is_replaced() {
    let network = Network::new();
    let (alpha, mut beta, id) = pair(&network).await;
    let old = presented(&beta, &id).await;
    network.fail(|sent| (sent.from == "beta").then_some(Fault::Refused));
    rotate(alpha.federation(), &alpha.admin.actor, &id, Urgency::Overlapping).await.unwrap();
    let unused = presented(&beta, &id).await;
    assert_ne!(unused, old);
    beta.stop().await;
    network.clock.advance(DAY + 1);
    assert!(!opens(&alpha, &id, &unused).await, "it came too late");
    assert!(opens(&alpha, &id, &old).await);
    network.heal();
    beta.start().await;
    let now = renewed(&alpha, &beta, &id, &old).await;
    assert_ne!(now, unused);
    eventually("beta is back", async || beta.remote(&id).await.failing_since.is_none().then_some(())).await;
}

/// E-125: in an emergency the old token dies at once, and no message is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaked_token_dies_at_once_and_nothing_is_lost() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let town = alpha.channel("town", &[]).await;
    share(&alpha, &beta, &town, &id).await;
    let old = presented(&beta, &id).await;
    network.fail(|sent| (sent.topic == topic::RIALTO_CONNECTION).then_some(Fault::Refused));
    let done = rotate(alpha.federation(), &alpha.admin.actor, &id, Urgency::Emergency).await.unwrap();
    assert!(!done.delivered);
    assert!(!opens(&alpha, &id, &old).await, "whether beta has another one or not");
    let bob = beta.person("bob").await;
    beta.join(&bob, &town).await;
    let written = beta.post(&bob, &town, "while I could not be heard").await;
    eventually("it is refused", async || beta.remote(&id).await.failing_since).await;
    network.heal();
    renewed(&alpha, &beta, &id, &old).await;
    alpha.arrives(&written.id).await;
    settle(&[&alpha, &beta], &town).await;
    let said = alpha.texts(&town).await;
    assert_eq!(said, vec![("bob:beta".to_owned(), "while I could not be heard".to_owned())]);
}

/// Behaviour 8.5: renewal under load loses and doubles nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewal_under_load_loses_and_doubles_nothing() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
    let town = alpha.channel("town", &[&ann]).await;
    share(&alpha, &beta, &town, &id).await;
    beta.join(&bob, &town).await;
    let mut said = Vec::new();
    for round in 0..60 {
        said.push(alpha.post(&ann, &town, &format!("a{round}")).await);
        said.push(beta.post(&bob, &town, &format!("b{round}")).await);
        if round % 10 == 5 {
            let (one, other) = tokio::join!(
                rotate(alpha.federation(), &alpha.admin.actor, &id, Urgency::Overlapping),
                rotate(beta.federation(), &beta.admin.actor, &id, Urgency::Overlapping)
            );
            for done in [one.unwrap(), other.unwrap()] {
                assert!(done.delivered, "{:?}", done.cause);
            }
        }
    }
    for post in &said {
        alpha.arrives(&post.id).await;
        beta.arrives(&post.id).await;
    }
    settle(&[&alpha, &beta], &town).await;
    for server in [&alpha, &beta] {
        assert_eq!(server.texts(&town).await.len(), said.len(), "each once");
        let trouble = server.remote(&id).await.failing_since;
        assert!(trouble.is_none(), "nobody was refused: {trouble:?}");
    }
}

/// E-126: a renewal that is played again changes nothing, and nobody brings a token that opens something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_offer_and_a_token_of_another_connection_are_not_taken() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let gamma = Server::with(&network, "gamma", 3, brisk).await;
    let other = trusted(&beta, &gamma).await;
    let actor = async |token: &str| records::authenticate(beta.app(), id.as_str(), token).await.unwrap().unwrap();
    let peer = actor(&presented(&alpha, &id).await).await;
    let (first, second) = ("a".repeat(26), "b".repeat(26));
    records::take_token(beta.app(), &peer, &first, 1_000).await.unwrap();
    records::take_token(beta.app(), &peer, &second, 2_000).await.unwrap();
    records::take_token(beta.app(), &peer, &first, 1_000).await.unwrap();
    assert_eq!(presented(&beta, &id).await, second, "the newer one counts");
    for foreign in [presented(&gamma, &other).await, presented(&beta, &other).await, presented(&alpha, &id).await] {
        let refused = records::take_token(beta.app(), &peer, &foreign, 3_000).await.unwrap_err();
        assert!(matches!(refused, records::Error::Token), "{refused}");
    }
    assert!(records::take_token(beta.app(), &peer, "short", 3_000).await.is_err());
    assert_eq!(presented(&beta, &id).await, second);
    // Alpha never heard of it: what beta presented before opens, and beta finds that out by itself... unless both are
    // strange to it, as here, and then it says so.
    eventually("beta is refused", async || beta.remote(&id).await.failing_since).await;
}

/// Behaviour 8.5: only administrators of connections renew tokens, and of an ended connection nothing remains.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_renew_tokens_and_only_of_connections() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let ann = alpha.person("ann").await;
    assert!(rotate(alpha.federation(), &ann.actor, &id, Urgency::Emergency).await.is_err());
    assert!(opens(&alpha, &id, &presented(&beta, &id).await).await);
    let mattermost = rialto_model::PeerProfile::Mattermost11;
    network.fail(|sent| (sent.from == "beta" || sent.from == "alpha").then_some(Fault::Hang));
    alpha.take_for(&id, mattermost).await;
    let refused = rotate(alpha.federation(), &alpha.admin.actor, &id, Urgency::Overlapping).await.err().unwrap();
    let refused = matches!(refused, rialto_federation::connections::Error::Record(records::Error::CannotRotate(_)));
    assert!(refused, "it has no word for it");
    records::remove(alpha.app(), &alpha.admin.actor, &id).await.unwrap();
    assert!(records::former_token(alpha.app(), &id).await.unwrap().is_none());
    assert!(rotate(alpha.federation(), &alpha.admin.actor, &id, Urgency::Overlapping).await.is_err());
}
