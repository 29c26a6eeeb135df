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

/// The encrypted address of a server that was found at `http://` before.
const PLAIN: &str = "http://moved.example.org";

/// E-017: a site that leads from plain to encrypted on the same host is called there from then on, and that is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_encryption_is_followed_and_kept() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let town = alpha.channel("town", &[]).await;
    share(&alpha, &beta, &town, &id).await;
    // Beta knows alpha by its plain address, where a proxy leads whoever comes to the encrypted one.
    rialto_app::connections::moved(beta.app(), None, &id, PLAIN).await.unwrap();
    settle_at(&network, &alpha, PLAIN);
    network.attach(PLAIN, "proxy", receive::routes(alpha.federation().clone()));
    network.attach(NEW, alpha.name, receive::routes(alpha.federation().clone()));
    network.fail(|sent| (sent.to == "proxy").then_some(Fault::Redirect(NEW)));
    let bob = beta.person("bob").await;
    beta.join(&bob, &town).await;
    let written = beta.post(&bob, &town, "over the encrypted way").await;
    alpha.arrives(&written.id).await;
    assert_eq!(address(&beta, &id).await, NEW);
    eventually("it is in reach", async || beta.remote(&id).await.failing_since.is_none().then_some(())).await;
    // What alpha goes on saying of itself leads nobody back.
    let remote = beta.remote(&id).await;
    moving::announced(beta.federation(), &remote, PLAIN);
    beta.arrives(&alpha.post(&alpha.admin, &town, "and back").await.id).await;
    assert_eq!(address(&beta, &id).await, NEW);
}

/// E-017: every other redirect is refused, its target is named, and nothing is sent there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_redirects_are_refused_with_their_target() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network).await;
    let gamma = Server::new(&network, "gamma", 3).await;
    network.attach("https://elsewhere.example.org", gamma.name, receive::routes(gamma.federation().clone()));
    let from = network.count();
    network.fail(|sent| (sent.to == "alpha").then_some(Fault::Redirect("https://elsewhere.example.org")));
    eventually("beta says where it was led", async || {
        let cause = beta.remote(&id).await.last_error;
        cause
            .contains("to https://elsewhere.example.org/api/v4/remotecluster/ping, which is not followed")
            .then_some(())
    })
    .await;
    assert!(!network.log()[from..].iter().any(|sent| sent.to == "gamma"), "our credential goes nowhere else");
    assert_eq!(address(&beta, &id).await, alpha.site);
}

/// E-017: a code that names the plain address of a site is accepted at the encrypted one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_with_a_plain_address_is_accepted_at_the_encrypted_one() {
    use rialto_app::connections::NewConnection;
    use rialto_federation::connections::{accept_invitation, create_invitation};
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    settle_at(&network, &alpha, PLAIN);
    network.attach(PLAIN, "proxy", receive::routes(alpha.federation().clone()));
    network.attach(NEW, alpha.name, receive::routes(alpha.federation().clone()));
    network.fail(|sent| (sent.to == "proxy").then_some(Fault::Redirect(NEW)));
    let named = |name: &str| NewConnection { name: name.to_owned(), ..NewConnection::default() };
    let made = create_invitation(alpha.federation(), &alpha.admin.actor, named("beta"), "secret of both").await;
    let code = made.unwrap_or_else(|error| panic!("no code: {error}")).code;
    let accepted =
        accept_invitation(beta.federation(), &beta.admin.actor, named("alpha"), "secret of both", &code).await;
    let remote = accepted.unwrap_or_else(|error| panic!("not accepted: {error}")).remote;
    assert_eq!(remote.site_url.as_deref(), Some(NEW));
    assert!(remote.is_live() && alpha.remote(&remote.id).await.is_live());
}
