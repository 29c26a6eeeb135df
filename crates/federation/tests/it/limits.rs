//! What stands between two servers has limits of its own.

use rialto_app::connections::health;
use rialto_model::Cause;
use rialto_wire::federation::topic;

use crate::harness::{Fault, Pair, Server, eventually};

/// E-123: messages go in smaller and smaller portions until a proxy's limit lets them through, be it one of size or of time;
/// all arrive, once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn portions_shrink_until_a_proxy_lets_them_through() {
    for status in [413, 504] {
        let pair = Pair::new().await.settled().await;
        let network = &pair.network;
        network.fail(|sent| (sent.topic == topic::SYNC).then_some(Fault::Refused));
        let mut said = Vec::new();
        for n in 0..20 {
            said.push(pair.alpha.post(&pair.ann, &pair.channel, &format!("number {n}")).await.id);
        }
        network.fail(move |sent| {
            let posts = sent.payload["posts"].as_array().map_or(0, Vec::len);
            (sent.topic == topic::SYNC && posts > 3).then_some(Fault::Status(status))
        });
        for id in &said {
            pair.beta.arrives(id).await;
        }
        let texts = pair.beta.texts(&pair.channel).await;
        assert_eq!(texts.iter().filter(|(_, text)| text.starts_with("number ")).count(), 20, "{status}");
    }
}

/// E-123, E-031: a message that alone is too much for a proxy is among what the peer does not take, with that cause, and
/// those behind it go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_fit_stands_aside_with_its_cause() {
    let pair = Pair::new().await.settled().await;
    pair.network.fail(|sent| {
        let large = sent.payload["posts"].to_string().contains("much too large");
        (sent.topic == topic::SYNC && large).then_some(Fault::Status(413))
    });
    let large = pair.alpha.post(&pair.ann, &pair.channel, "much too large").await;
    let behind = pair.alpha.post(&pair.ann, &pair.channel, "fine").await;
    pair.beta.arrives(&behind.id).await;
    let cause = eventually("the cause is known", async || {
        let mut view = pair.alpha.view().await;
        let failures = rialto_store::sync_failures::list(&mut view, &pair.remote, false).await.unwrap();
        failures.into_iter().map(|failure| failure.cause).next()
    })
    .await;
    assert_eq!(cause, "larger than the peer takes in one message");
    assert!(pair.beta.post_row(&large.id).await.is_none());
}

/// The database of a server may have so many pages, or as many as it has.
async fn limit(server: &Server, pragma: &'static str) {
    let mut tx = server.app().db.begin(server.app().clock.now()).await.unwrap();
    let _: i64 = tx.fetch_one(pragma, &[]).await.unwrap();
    tx.commit().await.unwrap();
}

/// E-045: a peer whose disk is full says so, everything waits for it and nothing is set aside; both administrators see why, and
/// with room again it all arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_room_gets_everything_when_there_is_some() {
    let pair = Pair::new().await.settled().await;
    limit(&pair.beta, "PRAGMA max_page_count = 1").await;
    let mut said = Vec::new();
    for n in 0..10 {
        let text = format!("number {n} {}", "takes room ".repeat(1_000));
        said.push(pair.alpha.post(&pair.ann, &pair.channel, &text).await.id);
    }
    let failure = eventually("alpha knows why it waits", async || {
        let found = health::health(pair.alpha.app(), &pair.alpha.admin.actor, &pair.remote).await.unwrap();
        found.measured.failure.filter(|failure| failure.cause == Cause::Full)
    })
    .await;
    assert_eq!(failure.text, "the peer has no room left on its disk");
    let there = health::health(pair.beta.app(), &pair.beta.admin.actor, &pair.remote).await.unwrap();
    assert!(there.full_at.is_some(), "its own administrators see it too");
    // More attempts than a message that is at fault itself would be given.
    let attempts = || pair.network.log().iter().filter(|sent| sent.topic == topic::SYNC).count();
    for _ in 0..12 {
        let before = attempts();
        pair.alpha.app().bus.contacted(pair.remote);
        eventually("another attempt", async || (attempts() > before).then_some(())).await;
    }
    let found = health::health(pair.alpha.app(), &pair.alpha.admin.actor, &pair.remote).await.unwrap();
    assert_eq!(found.set_aside, 0);
    limit(&pair.beta, "PRAGMA max_page_count = 1000000").await;
    pair.alpha.app().bus.contacted(pair.remote);
    for id in &said {
        pair.beta.arrives(id).await;
    }
    assert_eq!(pair.beta.texts(&pair.channel).await.iter().filter(|(_, text)| text.starts_with("number ")).count(), 10);
}
