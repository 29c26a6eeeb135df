//! Edges of a connection's life: lost answers, one direction only, ends that cross each other or come in the middle.

use rialto_app::connections::{self as records, NewConnection};
use rialto_federation::connections::{Error, accept_invitation, create_invitation, remove};
use rialto_model::RemoteId;
use rialto_wire::federation::topic;

use crate::harness::{Fault, Network, Server, connect, eventually, invite, share, shared};

fn named(name: &str) -> NewConnection {
    NewConnection { name: name.to_owned(), ..NewConnection::default() }
}

async fn code(inviter: &Server, name: &str) -> (RemoteId, String) {
    let made = create_invitation(inviter.federation(), &inviter.admin.actor, named(name), "secret of both").await;
    let made = made.unwrap_or_else(|error| panic!("no code: {error}"));
    (made.remote.id, made.code)
}

async fn accept(acceptor: &Server, code: &str) -> Result<rialto_federation::connections::Accepted, Error> {
    let new = named("the-inviter");
    accept_invitation(acceptor.federation(), &acceptor.admin.actor, new, "secret of both", code).await
}

/// E-013, E-006: who lost the answer to its confirmation may repeat it; another server that holds the code may not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_whose_answer_was_lost_is_the_acceptors_to_repeat() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let gamma = Server::new(&network, "gamma", 3).await;
    let (id, code) = code(&alpha, "beta").await;
    network.fail(|sent| (sent.topic == topic::CONFIRM).then_some(Fault::LostAnswer));
    assert!(accept(&beta, &code).await.is_err());
    assert!(records::find(beta.app(), &id).await.unwrap().is_none(), "nothing remains there");
    network.heal();
    match accept(&gamma, &code).await.err().unwrap() {
        Error::Refused { status: 400, id, .. } => assert_eq!(id, "api.context.invitation_used.error"),
        other => panic!("{other}"),
    }
    assert!(accept(&beta, &code).await.unwrap().remote.is_live());
    assert!(alpha.remote(&id).await.is_live());
    assert_eq!(alpha.remote(&id).await.site_url.as_deref(), Some(beta.site.as_str()));
}

/// E-014: one side reaches the other and not the reverse: each shows what it can do itself, one direction works, and the
/// other catches up when it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_direction_works_without_the_other() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let (id, code) = code(&alpha, "beta").await;
    network.fail(|sent| (sent.from == "alpha").then_some(Fault::Refused));
    let accepted = accept(&beta, &code).await.unwrap();
    assert!(!accepted.called_back, "whoever accepted is warned");
    let online = async |server: &Server| server.remote(&id).await.is_online(server.clock.now(), 300_000);
    eventually("beta shows alpha as online", async || online(&beta).await.then_some(())).await;
    assert!(!online(&alpha).await);
    let town = beta.channel("town", &[]).await;
    invite(&beta, &town, &id).await;
    shared(&beta, &alpha, &town, &id).await;
    let there = beta.post(&beta.admin, &town, "can you hear me").await;
    alpha.arrives(&there.id).await;
    let ann = alpha.person("ann").await;
    alpha.join(&ann, &town).await;
    let back = alpha.post(&ann, &town, "yes, but you cannot hear me").await;
    eventually("it was tried", async || alpha.remote(&id).await.failing_since).await;
    assert_eq!(beta.post_row(&back.id).await, None, "it waits");
    network.heal();
    beta.arrives(&back.id).await;
}

/// E-019: a connection that is removed while messages are under way: nothing more leaves, and each side says so once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_after_a_removal_in_the_middle_of_a_round() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let id = connect(&alpha, &beta).await;
    let town = alpha.channel("town", &[]).await;
    share(&alpha, &beta, &town, &id).await;
    network.fail(|sent| (sent.from == "alpha" && sent.topic == topic::SYNC).then_some(Fault::Hang));
    let begun = network.count();
    let written = alpha.post(&alpha.admin, &town, "under way").await;
    let later = alpha.post(&alpha.admin, &town, "waits behind it").await;
    eventually("a round is under way", async || {
        network.log()[begun..].iter().any(|sent| sent.from == "alpha" && sent.topic == topic::SYNC).then_some(())
    })
    .await;
    let removed = remove(alpha.federation(), &alpha.admin.actor, &id).await.unwrap();
    assert_eq!(removed.told, Some(true));
    let from = network.count();
    network.heal();
    eventually("beta knows", async || beta.remote(&id).await.delete_at).await;
    // Whatever would still leave, leaves before what is said to somebody else afterwards.
    let gamma = Server::new(&network, "gamma", 3).await;
    let other = connect(&alpha, &gamma).await;
    let plaza = alpha.channel("plaza", &[]).await;
    share(&alpha, &gamma, &plaza, &other).await;
    let said = alpha.post(&alpha.admin, &plaza, "among us").await;
    gamma.arrives(&said.id).await;
    let log = network.log();
    assert!(!log[from..].iter().any(|sent| sent.from == "alpha" && sent.to == "beta"), "nothing more leaves");
    for post in [&written, &later] {
        assert_eq!(beta.post_row(&post.id).await, None);
    }
    for server in [&alpha, &beta] {
        let notices = server.notices(&town).await;
        let about = notices.iter().filter(|text| text.contains("no longer") || text.contains("ended")).count();
        assert_eq!(about, 1, "{}: {notices:?}", server.name);
    }
}

/// E-020: both sides remove the connection at the same moment: both have removed it, and neither hears of an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removals_that_cross_are_removals_on_both_sides() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let id = connect(&alpha, &beta).await;
    network.fail(|sent| (sent.topic == topic::RIALTO_CONNECTION).then_some(Fault::Refused));
    let begun = network.count();
    let (one, other) = tokio::join!(
        remove(alpha.federation(), &alpha.admin.actor, &id),
        remove(beta.federation(), &beta.admin.actor, &id)
    );
    assert!(one.is_ok() && other.is_ok());
    network.heal();
    // Both words come after both were said.
    for name in ["alpha", "beta"] {
        eventually("the word gets through", async || {
            let log = network.log();
            let mut words = log[begun..].iter().filter(|sent| sent.from == name && sent.fault.is_none());
            words.any(|sent| sent.topic == topic::RIALTO_CONNECTION).then_some(())
        })
        .await;
    }
    for server in [&alpha, &beta] {
        let remote = server.remote(&id).await;
        assert!(remote.delete_at.is_some() && !remote.severed, "{}", server.name);
        assert_eq!(remote.deleted_by, Some(server.admin.user.id));
    }
}

/// E-022: a pending connection that is removed takes what was queued with it, and nobody hears of what nobody saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_connection_takes_its_queued_shares_with_it() {
    let network = Network::new();
    let alpha = Server::new(&network, "alpha", 1).await;
    let (id, _) = code(&alpha, "beta").await;
    let town = alpha.channel("town", &[]).await;
    invite(&alpha, &town, &id).await;
    assert!(alpha.live_share(&town, &id).await.is_some());
    let before = alpha.notices(&town).await;
    remove(alpha.federation(), &alpha.admin.actor, &id).await.unwrap();
    assert!(alpha.live_share(&town, &id).await.is_none());
    assert!(!alpha.channel_row(&town).await.unwrap().shared);
    assert_eq!(alpha.notices(&town).await, before);
}
