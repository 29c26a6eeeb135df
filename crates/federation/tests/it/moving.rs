//! Servers that move: their new address is believed when the same installation answers there.

use rialto_federation::{moving, receive};
use rialto_model::RemoteId;

use crate::harness::{Fault, Network, Server, eventually, settle, share, trust};

const NEW: &str = "https://moved.example.org";

async fn pair(network: &std::sync::Arc<Network>) -> (Server, Server, RemoteId) {
    let brisk = |settings: &mut rialto_app::Settings| settings.workspaces.ping_seconds = 1;
    let alpha = Server::with(network, "alpha", 1, brisk).await;
    let beta = Server::with(network, "beta", 2, brisk).await;
    let id = trust(&alpha, &beta).await;
    eventually("beta knows who alpha is", async || {
        rialto_app::connections::peer_server(beta.app(), &id).await.unwrap()
    })
    .await;
    (alpha, beta, id)
}

fn settle_at(network: &Network, server: &Server, site: &str) {
    let mut settings = (*server.app().settings.get()).clone();
    settings.site_url = Some(site.to_owned());
    server.app().settings.set(settings);
    network.attach(site, server.name, receive::routes(server.federation().clone()));
}

async fn address(server: &Server, id: &RemoteId) -> String {
    server.remote(id).await.site_url.unwrap()
}

/// E-015: a peer that moves says so, is verified, and messages go to the new address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_moves_is_followed() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let town = alpha.channel("town", &[]).await;
    share(&alpha, &beta, &town, &id).await;
    settle_at(&network, &alpha, NEW);
    network.detach(&alpha.site);
    eventually("beta has the new address", async || {
        network.clock.advance(10_000);
        (address(&beta, &id).await == NEW).then_some(())
    })
    .await;
    let bob = beta.person("bob").await;
    beta.join(&bob, &town).await;
    let written = beta.post(&bob, &town, "to your new home").await;
    alpha.arrives(&written.id).await;
    settle(&[&alpha, &beta], &town).await;
}

/// E-015: somebody else at the named address is not the peer, nor is a claim followed while the peer answers where it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_to_have_moved_is_not_believed() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let gamma = Server::new(&network, "gamma", 3).await;
    let old = alpha.site.clone();
    // A server that knows nothing of the connection.
    network.attach(NEW, gamma.name, receive::routes(gamma.federation().clone()));
    let refused = moving::move_to(beta.federation(), &beta.admin.actor, &id, NEW).await.unwrap_err();
    assert!(matches!(refused, rialto_federation::connections::Error::Unreachable { .. }), "{refused}");
    for nowhere in ["https://beta.example.org", "http://moved.example.org", "nonsense"] {
        assert!(moving::move_to(beta.federation(), &beta.admin.actor, &id, nowhere).await.is_err(), "{nowhere}");
    }
    let bob = beta.person("bob").await;
    assert!(moving::move_to(beta.federation(), &bob.actor, &id, NEW).await.is_err(), "it is for administrators");
    // The claim alone: alpha names another address and still answers at the old one with the old name.
    let from = network.count();
    let (_, token) = rialto_app::connections::peer_token(alpha.app(), &id).await.unwrap().unwrap();
    let answered = rialto_app::connections::authenticate(beta.app(), id.as_str(), &token).await.unwrap().unwrap();
    moving::announced(beta.federation(), answered.remote(), NEW);
    eventually("beta asks where it was", async || {
        let log = network.log();
        log[from..].iter().any(|sent| sent.from == "beta" && sent.to == "alpha").then_some(())
    })
    .await;
    assert!(!network.log()[from..].iter().any(|sent| sent.to == "gamma"), "our credential goes nowhere else");
    assert_eq!(address(&beta, &id).await, old);
}

/// E-015: where nothing was announced an administrator sets the address, after the same check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_sets_the_address_of_a_peer_that_said_nothing() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    network.fail(|sent| (sent.from == "alpha").then_some(Fault::Refused));
    settle_at(&network, &alpha, NEW);
    network.detach(&alpha.site);
    moving::move_to(beta.federation(), &beta.admin.actor, &id, NEW).await.unwrap();
    assert_eq!(address(&beta, &id).await, NEW);
    eventually("it is in reach", async || beta.remote(&id).await.failing_since.is_none().then_some(())).await;
}
