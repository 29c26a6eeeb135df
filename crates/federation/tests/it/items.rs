//! What two Rialtos tell each other beyond Mattermost's items.

use rialto_app::posts;
use rialto_model::PostId;

use crate::harness::{Network, Person, Server, connect, eventually, settle, share};

async fn pin(server: &Server, who: &Person, post: &PostId, pinned: bool) {
    server.tick();
    posts::set_pinned(server.app(), &who.actor, post, pinned).await.unwrap();
}

async fn shows(servers: &[&Server], post: &PostId, pinned: bool) {
    for server in servers {
        eventually("the pin is the same everywhere", async || {
            server.post_row(post).await.filter(|post| post.is_pinned == pinned)
        })
        .await;
    }
}

/// E-142, E-151: whoever pins or unpins a message, wherever they are and whoever wrote it, all organisations see
/// the last word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pins_converge_among_three_organisations() {
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
    let all = [&alpha, &beta, &gamma];
    let said = alpha.post(&ann, &channel, "keep this").await;
    for server in all {
        server.arrives(&said.id).await;
    }
    // By its author, by the home, by the other guest.
    pin(&alpha, &ann, &said.id, true).await;
    shows(&all, &said.id, true).await;
    pin(&gamma, &gus, &said.id, false).await;
    shows(&all, &said.id, false).await;
    pin(&beta, &bob, &said.id, true).await;
    shows(&all, &said.id, true).await;
    pin(&alpha, &ann, &said.id, false).await;
    shows(&all, &said.id, false).await;
    settle(&all, &channel).await;
    // An edit by the author carries no opinion on pins.
    pin(&gamma, &gus, &said.id, true).await;
    shows(&all, &said.id, true).await;
    alpha.edit(&ann, &said.id, "keep this, please").await;
    gamma.reads(&said.id, "keep this, please").await;
    settle(&all, &channel).await;
    shows(&all, &said.id, true).await;
    // No word returns to whoever said it, and none is said twice.
    let log = network.log();
    let from_alpha = log.iter().filter(|sent| sent.from == "alpha" && sent.to == "beta");
    let words = from_alpha.filter(|sent| sent.payload["rialto"]["pins"].is_array()).count();
    assert_eq!(words, 2);
}

/// E-151: two opposite words said while the servers could not hear each other end in one state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_said_apart_agree_in_the_end() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
    let remote = connect(&alpha, &beta).await;
    let channel = alpha.channel("plans", &[&ann]).await;
    share(&alpha, &beta, &channel, &remote).await;
    beta.join(&bob, &channel).await;
    let said = alpha.post(&ann, &channel, "keep this").await;
    beta.arrives(&said.id).await;
    pin(&alpha, &ann, &said.id, true).await;
    pin(&beta, &bob, &said.id, true).await;
    pin(&beta, &bob, &said.id, false).await;
    settle(&[&alpha, &beta], &channel).await;
    let states = [alpha.post_row(&said.id).await.unwrap().is_pinned, beta.post_row(&said.id).await.unwrap().is_pinned];
    assert_eq!(states, [false, false], "the last word was that it is not pinned");
}

/// Ruling 8.4: a message counts as stored only where the answer repeats our position; without that it is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_to_another_rialto_tells_our_position() {
    let network = Network::new();
    let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::new(&network, "beta", 2).await);
    let ann = alpha.person("ann").await;
    let remote = connect(&alpha, &beta).await;
    let channel = alpha.channel("plans", &[&ann]).await;
    share(&alpha, &beta, &channel, &remote).await;
    let first = alpha.post(&ann, &channel, "first").await;
    beta.arrives(&first.id).await;
    let second = alpha.post(&ann, &channel, "second").await;
    beta.arrives(&second.id).await;
    let positions: Vec<i64> = network
        .content("alpha", "beta", 0)
        .iter()
        .filter(|sent| !sent.posts().is_empty())
        .map(|sent| sent.payload["rialto"]["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(positions.len(), 2);
    assert!(positions[0] > 0 && positions[0] < positions[1], "{positions:?}");
}
