//! What stands between two servers has limits of its own.

use rialto_wire::federation::topic;

use crate::harness::{Fault, Pair, eventually};

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
