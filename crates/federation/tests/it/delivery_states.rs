//! How authors learn how their messages fared, over the home of a channel too.

use rialto_app::channel_members;
use rialto_app::delivery_states::{self, State};
use rialto_model::PostId;

use crate::harness::{Fault, Network, Person, Server, connect, eventually, settle, share};

type Seen = Vec<(String, State, String)>;

async fn of(server: &Server, who: &Person, post: &PostId) -> (u8, Seen) {
    let found = delivery_states::list(server.app(), &who.actor, &[*post]).await.unwrap().pop();
    let ticks = found.as_ref().map_or(0, delivery_states::Deliveries::ticks);
    let list = found.into_iter().flat_map(|found| found.list);
    (ticks, list.map(|one| (one.organisation, one.state, one.code)).collect())
}

async fn becomes(server: &Server, who: &Person, post: &PostId, ticks: u8, expected: &[(&str, State, &str)]) {
    let expected: Seen =
        expected.iter().map(|(name, state, code)| ((*name).to_owned(), *state, (*code).to_owned())).collect();
    let last = std::cell::RefCell::new((0, Seen::new()));
    let look = eventually("the states are as expected", async || {
        *last.borrow_mut() = of(server, who, post).await;
        (*last.borrow() == (ticks, expected.clone())).then_some(())
    });
    if tokio::time::timeout(std::time::Duration::from_secs(20), look).await.is_err() {
        panic!("expected {ticks} {expected:?}, found {:?}", last.borrow());
    }
}

/// Behaviour 8.3, ruling 8.4, E-101: the author sees who has the message, over the home too; who cannot be reached is
/// waiting, and who has removed the author has refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authors_see_how_their_messages_fared() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let gamma = Server::new(&network, "gamma", 3).await;
    let (ann, bob, gus) = (alpha.person("ann").await, beta.person("bob").await, gamma.person("gus").await);
    let (to_alpha, to_gamma) = (connect(&beta, &alpha).await, connect(&beta, &gamma).await);
    let channel = beta.channel("plans", &[&bob]).await;
    share(&beta, &alpha, &channel, &to_alpha).await;
    share(&beta, &gamma, &channel, &to_gamma).await;
    alpha.join(&ann, &channel).await;
    gamma.join(&gus, &channel).await;
    settle(&[&alpha, &beta, &gamma], &channel).await;
    let (beta_there, gamma_there) = (beta.title(), gamma.title());
    let (beta_there, gamma_there) = (beta_there.as_str(), gamma_there.as_str());

    let said = alpha.post(&ann, &channel, "hello").await;
    becomes(&alpha, &ann, &said.id, 2, &[(beta_there, State::Stored, ""), (gamma_there, State::Stored, "")]).await;
    // The home sees its two guests by itself.
    let own = beta.post(&bob, &channel, "welcome").await;
    becomes(&beta, &bob, &own.id, 2, &[(&alpha.title(), State::Stored, ""), (gamma_there, State::Stored, "")]).await;

    // Gamma is cut off: the home has the message, and that is all anybody says.
    network.fail(|sent| (sent.to == "gamma").then_some(Fault::Refused));
    let waits = alpha.post(&ann, &channel, "anybody there?").await;
    becomes(&alpha, &ann, &waits.id, 0, &[(beta_there, State::Stored, ""), (gamma_there, State::Waiting, "")]).await;
    network.heal();
    beta.app().bus.contacted(to_gamma);
    becomes(&alpha, &ann, &waits.id, 2, &[(beta_there, State::Stored, ""), (gamma_there, State::Stored, "")]).await;

    // Gamma lets Ann write no more.
    let ann_there = gamma.user(&ann.user.id).await.unwrap();
    channel_members::remove(gamma.app(), &gamma.admin.actor, &channel, &ann_there.id).await.unwrap();
    let unheard = alpha.post(&ann, &channel, "am I heard?").await;
    becomes(
        &alpha,
        &ann,
        &unheard.id,
        0,
        &[(beta_there, State::Stored, ""), (gamma_there, State::Refused, "blocked_member")],
    )
    .await;
    assert_eq!(gamma.post_row(&unheard.id).await, None);
}
