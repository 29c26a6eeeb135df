//! Custom emoji between Rialtos: what is used where a peer sees it comes along, stands beside what is there, and goes again.

use bytes::Bytes;
use futures_util::stream;
use image::ImageFormat;
use rialto_app::audit;
use rialto_app::connections::policies;
use rialto_app::emoji::{self, peers, picture};
use rialto_model::{ChannelId, CustomEmoji};

use crate::harness::{Fault, Network, Pair, Person, Server, eventually};

async fn pair(alpha_syncs: bool, beta_syncs: bool) -> Pair {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, |s| s.workspaces.emoji_sync = alpha_syncs).await;
    let beta = Server::with(&network, "beta", 2, |s| s.workspaces.emoji_sync = beta_syncs).await;
    Pair::of(network, alpha, beta).await.shared().await
}

async fn make(server: &Server, who: &Person, name: &str, shade: u8) -> CustomEmoji {
    server.tick();
    let bytes = picture::sample(ImageFormat::Png, 40, [shade, 0, 0]);
    let content = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(bytes))]);
    emoji::create(server.app(), &who.actor, name, content).await.unwrap()
}

/// Name, connection and shade of the emoji of others that somebody sees in a channel.
async fn seen(server: &Server, who: &Person, channel: &ChannelId) -> Vec<(String, String, u8)> {
    let mut found = Vec::new();
    for (emoji, remote) in peers::of_channel(server.app(), &who.actor, channel).await.unwrap() {
        // It may have gone since it was listed.
        let Ok((_, bytes)) = peers::image(server.app(), &who.actor, channel, &emoji.id).await else { continue };
        let read = image::load_from_memory(&bytes).unwrap().into_rgb8();
        found.push((emoji.name, remote.name, read.get_pixel(3, 3).0[0]));
    }
    found
}

async fn sees(server: &Server, who: &Person, channel: &ChannelId, expected: &[(&str, &str, u8)]) {
    let expected: Vec<_> = expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), *c)).collect();
    eventually(&format!("{} has {expected:?}", server.name), async || {
        (seen(server, who, channel).await == expected).then_some(())
    })
    .await;
}

/// E-149, E-171, SC-090, behaviour 8.2, ruling 8.8: emoji of a message and of a reaction are seen on the other side, each
/// side keeps its own of the same name, another picture takes the place of the first, and what is gone is gone there too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emoji_used_in_a_shared_channel_are_seen_on_the_other_side() {
    let pair = pair(true, true).await;
    let (alpha, beta, channel) = (&pair.alpha, &pair.beta, &pair.channel);
    let parrot = make(alpha, &pair.ann, "puffin", 200).await;
    make(alpha, &pair.ann, "unused", 1).await;
    let own = make(beta, &pair.bob, "puffin", 50).await;
    let post = alpha.post(&pair.ann, channel, "look :puffin: and :nothing:").await;
    beta.arrives(&post.id).await;
    sees(beta, &pair.bob, channel, &[("puffin", "alpha", 200)]).await;
    let listed = emoji::by_names(beta.app(), ["puffin"]).await.unwrap();
    assert_eq!(listed, [own], "its own stays what it is");
    // A reaction brings its picture as well, the other way.
    make(beta, &pair.bob, "heron", 90).await;
    beta.react(&pair.bob, &post.id, "heron").await;
    sees(alpha, &pair.ann, channel, &[("heron", "beta", 90)]).await;

    alpha.tick();
    emoji::delete(alpha.app(), &pair.ann.actor, &parrot.id).await.unwrap();
    sees(beta, &pair.bob, channel, &[]).await;
    // Whoever has seen the name sees the next picture of it, without its being used again.
    make(alpha, &pair.ann, "puffin", 120).await;
    sees(beta, &pair.bob, channel, &[("puffin", "alpha", 120)]).await;
}

/// Ruling 8.8: an interruption costs nothing, and nothing is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emoji_arrives_although_the_line_breaks() {
    let pair = pair(true, true).await;
    let mut broken = 0;
    pair.network.fail(move |sent| {
        (sent.topic == "file" && broken < 1).then(|| {
            broken += 1;
            Fault::Cut(20)
        })
    });
    make(&pair.alpha, &pair.ann, "puffin", 77).await;
    pair.alpha.post(&pair.ann, &pair.channel, ":puffin:").await;
    sees(&pair.beta, &pair.bob, &pair.channel, &[("puffin", "alpha", 77)]).await;
    let lengths: Vec<u64> = pair
        .network
        .log()
        .iter()
        .filter(|sent| sent.topic == "file")
        .map(|sent| sent.payload["length"].as_u64().unwrap())
        .collect();
    assert!(lengths.len() == 2 && lengths[1] <= lengths[0], "{lengths:?}");
}

/// Behaviour 8.2: only if both sides want it; otherwise the text and its name are all that crosses (SC-090).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_emoji_crosses_unless_both_want_it() {
    for (alpha_syncs, beta_syncs) in [(true, false), (false, true)] {
        let pair = pair(alpha_syncs, beta_syncs).await;
        make(&pair.alpha, &pair.ann, "puffin", 200).await;
        let post = pair.alpha.post(&pair.ann, &pair.channel, ":puffin:").await;
        assert_eq!(pair.beta.arrives(&post.id).await.message, ":puffin:");
        let pair = pair.settled().await;
        let announced = pair.network.log().into_iter().filter(|sent| sent.payload["type"] == "emoji").count();
        assert_eq!(announced, 0);
        assert_eq!(seen(&pair.beta, &pair.bob, &pair.channel).await, []);
        // The peer says what it can do, and whoever sends all the same is refused.
        let caps = pair.alpha.remote(&pair.remote).await.caps;
        assert_eq!(caps.split(' ').any(|cap| cap == "emoji"), beta_syncs, "{caps}");
    }
}

async fn allow(server: &Server, pair: &Pair, emoji: bool) {
    let change =
        |before: &rialto_model::ConnectionPolicy| Ok(rialto_model::ConnectionPolicy { emoji, ..before.clone() });
    policies::change(server.app(), &server.admin.actor, &pair.remote, change).await.unwrap();
}

/// Behaviour 8.6, 8.2: pictures of emoji are neither sent to nor taken from a peer where a rule of the connection says no.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emoji_cross_where_the_rules_allow_it() {
    let pair = pair(true, true).await;
    let (alpha, beta, channel) = (&pair.alpha, &pair.beta, &pair.channel);
    allow(alpha, &pair, false).await;
    make(alpha, &pair.ann, "puffin", 200).await;
    let post = alpha.post(&pair.ann, channel, ":puffin:").await;
    beta.arrives(&post.id).await;
    crate::harness::settle(&[alpha, beta], channel).await;
    let announced = || pair.network.log().into_iter().filter(|sent| sent.payload["type"] == "emoji").count();
    assert_eq!(announced(), 0, "alpha sends none");
    // Beta's word that it takes none has not come yet, and it refuses.
    allow(beta, &pair, false).await;
    allow(alpha, &pair, true).await;
    make(alpha, &pair.ann, "heron", 90).await;
    alpha.post(&pair.ann, channel, ":heron:").await;
    eventually("beta refuses it", async || {
        let lines = audit::list(beta.app(), &beta.admin.actor, None, 0, 200).await.unwrap();
        lines.into_iter().find(|line| line.action == "frame_refused" && line.result == "policy")
    })
    .await;
    assert_eq!(seen(beta, &pair.bob, channel).await, []);
    allow(beta, &pair, true).await;
    make(alpha, &pair.ann, "curlew", 40).await;
    alpha.post(&pair.ann, channel, ":curlew:").await;
    eventually("it is seen", async || {
        seen(beta, &pair.bob, channel).await.into_iter().find(|(name, ..)| name == "curlew")
    })
    .await;
}
