//! How much and how fast one peer may bring: what is beyond waits there, and nothing is lost.

use rialto_app::Settings;
use rialto_app::connections::health::health;
use rialto_model::{ChannelKind, Millis, RemoteId};
use rialto_wire::federation::frame::Frame;
use rialto_wire::site_url::SiteUrl;

use crate::harness::{Network, Person, Server, eventually, invite, share, transport, trust};

const DAY: i64 = 24 * 3_600_000;

async fn pair(network: &std::sync::Arc<Network>, change: impl FnOnce(&mut Settings)) -> (Server, Server, RemoteId) {
    let alpha = Server::with(network, "alpha", 1, |settings| settings.workspaces.ping_seconds = 1).await;
    let beta = Server::with(network, "beta", 2, |settings| {
        settings.workspaces.ping_seconds = 1;
        change(settings);
    })
    .await;
    let id = trust(&alpha, &beta).await;
    for server in [&alpha, &beta] {
        eventually("they know each other", async || server.remote(&id).await.has("share").then_some(())).await;
    }
    (alpha, beta, id)
}

/// What the system account wrote to somebody.
async fn told(server: &Server, person: &Person) -> Vec<String> {
    let mut view = server.view().await;
    let mine = rialto_store::channels::list_of_user(&mut view, &person.user.id, None, false).await.unwrap();
    let mut texts = Vec::new();
    for channel in mine.into_iter().filter(|channel| channel.kind == ChannelKind::Direct) {
        let page = rialto_store::posts::page(&mut view, &channel.id, false, 0, 100).await.unwrap();
        texts.extend(page.into_iter().map(|post| post.message));
    }
    texts
}

/// E-135: people beyond the limit of a day wait, administrators are told once, and the next day they come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_beyond_the_limit_of_a_day_wait() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network, |settings| settings.workspaces.peer_users_per_day = 3).await;
    let town = alpha.channel("town", &[]).await;
    share(&alpha, &beta, &town, &id).await;
    let first = alpha.post(&alpha.admin, &town, "within the limit").await;
    beta.arrives(&first.id).await;
    let mut written = Vec::new();
    for name in ["ann", "bea", "cay", "dee"] {
        let person = alpha.person(name).await;
        alpha.join(&person, &town).await;
        written.push(alpha.post(&person, &town, &format!("I am {name}")).await);
    }
    let busy = eventually("beta has had enough", async || {
        let today = health(beta.app(), &beta.admin.actor, &id).await.unwrap().today;
        today.slowed_at.map(|_| today)
    })
    .await;
    assert!(busy.users <= 3 && busy.told, "{busy:?}");
    let brought = rialto_store::users::count(&mut beta.view().await, true).await.unwrap();
    assert!(brought <= 1 + 3, "beta's administrator and those who came: {brought}");
    let messages = eventually("administrators are told", async || {
        let texts = told(&beta, &beta.admin).await;
        texts.iter().any(|text| text.contains("brings more people")).then_some(texts)
    })
    .await;
    assert_eq!(messages.iter().filter(|text| text.contains("brings more people")).count(), 1, "once");
    // Three more each day.
    for post in &written {
        eventually("it comes in the end", async || {
            network.clock.advance(DAY / 4);
            beta.post_row(&post.id).await
        })
        .await;
    }
}

/// E-135, SC-103: channels count when they come, so ending one makes no room for another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_beyond_the_limit_of_a_day_wait() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network, |settings| settings.workspaces.peer_channels_per_day = 2).await;
    for name in ["one", "two"] {
        let channel = alpha.channel(name, &[]).await;
        share(&alpha, &beta, &channel, &id).await;
        rialto_app::shares::unshare(alpha.app(), &alpha.admin.actor, &channel).await.unwrap();
        eventually("the end is known", async || beta.live_share(&channel, &id).await.is_none().then_some(())).await;
        // The same channel again is no new one.
        share(&alpha, &beta, &channel, &id).await;
    }
    let third = alpha.channel("three", &[]).await;
    invite(&alpha, &third, &id).await;
    eventually("beta has had enough", async || {
        health(beta.app(), &beta.admin.actor, &id).await.unwrap().today.slowed_at
    })
    .await;
    assert_eq!(beta.channel_row(&third).await, None);
    assert!(told(&beta, &beta.admin).await.iter().any(|text| text.contains("brings more channels")));
    network.clock.advance(DAY);
    eventually("it comes the next day", async || beta.channel_row(&third).await).await;
}

/// E-122, G-23: who is too fast is asked to slow down, which health shows, and what it had to say comes later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_too_fast_is_asked_to_slow_down() {
    let network = Network::new();
    let (alpha, beta, id) = pair(&network, |settings| settings.workspaces.peer_messages_per_minute = 30).await;
    let gamma = Server::new(&network, "gamma", 3).await;
    let other = trust(&gamma, &beta).await;
    let town = alpha.channel("town", &[]).await;
    share(&alpha, &beta, &town, &id).await;
    let say = async |from: &Server, id: RemoteId| {
        let (_, token) = rialto_app::connections::peer_token(from.app(), &id).await.unwrap().unwrap();
        let message = from.app().ids.id(rialto_model::MessageId::from_random);
        let frame = Frame::new(id, message, "nobody_listens", Millis(1), &serde_json::json!({}));
        let site = SiteUrl::parse(&beta.site).unwrap();
        transport::message(&network, from.name, site, id, token, frame.to_json()).await.unwrap().status
    };
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(say(&alpha, id).await);
    }
    assert_eq!(statuses.first(), Some(&200));
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(say(&gamma, other).await, 200, "nobody else is slower for it");
    assert!(health(beta.app(), &beta.admin.actor, &id).await.unwrap().today.slowed_at.is_some());
    let written = alpha.post(&alpha.admin, &town, "in its own time").await;
    beta.arrives(&written.id).await;
    assert_eq!(beta.texts(&town).await.len(), 1);
}
