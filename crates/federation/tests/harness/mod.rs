//! Several servers in one process, without sockets: real applications on SQLite files, real senders and receivers, and
//! between them a network that can lose, delay and refuse. Ids are seeded and the clock is a test's, so that what
//! happens in a run hangs on nothing but the order of its tasks.

mod network;
mod pair;
mod people;
mod server;
pub mod trust;
mod virtual_time;

pub use network::{Fault, Network, Sent, transport};
pub use pair::{Hub, Pair, strangers};
pub use people::Person;
pub use server::Server;
pub use trust::trust;
pub use virtual_time::virtual_clock;

use std::time::Duration;

use rialto_app::connections::NewConnection;
use rialto_app::shares::{self, Invitation};
use rialto_model::{ChannelId, RemoteId, Share, ShareState};
use tokio::time::Instant;

/// Everything in these tests takes milliseconds, or a few seconds where a sender pauses by design.
const DEADLINE: Duration = Duration::from_secs(60);

/// Looks again and again until there is something to see, and returns it.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "it never came to pass that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Connects two servers, `inviter` having made the code; returns the connection, which both call by the other's name.
pub async fn connect(inviter: &Server, acceptor: &Server) -> RemoteId {
    let new = |other: &Server| NewConnection {
        name: other.name.to_owned(),
        display_name: other.title(),
        ..NewConnection::default()
    };
    let invitation = rialto_federation::connections::create_invitation(
        inviter.federation(),
        &inviter.admin.actor,
        new(acceptor),
        "secret of both",
    )
    .await
    .unwrap_or_else(|error| panic!("no invitation: {error}"));
    let accepted = rialto_federation::connections::accept_invitation(
        acceptor.federation(),
        &acceptor.admin.actor,
        new(inviter),
        "secret of both",
        &invitation.code,
    )
    .await
    .unwrap_or_else(|error| panic!("not accepted: {error}"));
    assert_eq!(accepted.remote.id, invitation.remote.id);
    // Each has pinged the other, so each knows what the other is and can do.
    for server in [inviter, acceptor] {
        eventually("both are online", async || server.remote(&accepted.remote.id).await.last_ping_at.map(|_| ())).await;
    }
    accepted.remote.id
}

/// Shares a channel of `home` over a connection and waits until both sides send.
pub async fn share(home: &Server, guest: &Server, channel: &ChannelId, remote: &RemoteId) {
    offer(home, channel, remote, false).await;
    shared(home, guest, channel, remote).await;
}

/// Shares a channel read-only and waits until both sides know.
pub async fn share_read_only(home: &Server, guest: &Server, channel: &ChannelId, remote: &RemoteId) {
    offer(home, channel, remote, true).await;
    shared(home, guest, channel, remote).await;
}

/// Offers a channel without waiting for what comes of it.
pub async fn invite(home: &Server, channel: &ChannelId, remote: &RemoteId) {
    offer(home, channel, remote, false).await;
}

async fn offer(home: &Server, channel: &ChannelId, remote: &RemoteId, read_only: bool) {
    home.tick();
    let invitation = Invitation { read_only, ..Invitation::default() };
    shares::invite(home.app(), &home.admin.actor, channel, remote, invitation)
        .await
        .unwrap_or_else(|error| panic!("not shared: {error}"));
}

/// Waits until a share is active on both sides and both sides know from where on they send.
pub async fn shared(home: &Server, guest: &Server, channel: &ChannelId, remote: &RemoteId) {
    for server in [home, guest] {
        eventually("the share is active", async || {
            let share = server.live_share(channel, remote).await?;
            (share.state == ShareState::Active && share.from_seq.is_some()).then_some(())
        })
        .await;
    }
    home.tick();
}

/// Waits until nothing sent before is still on its way between these servers. Each says something twice in the channel
/// and hears everybody else: what was to be sent before left before it, and what that brought about left before the
/// second.
pub async fn settle(servers: &[&Server], channel: &ChannelId) {
    for round in 0..2 {
        let mut said = Vec::new();
        for server in servers {
            let author = server.speaker(channel).await;
            let post = server.post(&author, channel, &format!("settle {round}")).await;
            said.push(post.id);
        }
        for server in servers {
            for id in &said {
                eventually("everybody has heard everybody", async || server.post_row(id).await).await;
            }
        }
    }
}

/// The newest share, over or not.
pub async fn newest_share(server: &Server, channel: &ChannelId, remote: &RemoteId) -> Share {
    let mut view = server.app().db.read(server.app().clock.now()).await.unwrap();
    rialto_store::shares::newest(&mut view, channel, remote).await.unwrap().expect("it was shared once")
}
