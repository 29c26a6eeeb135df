//! How every connection stands, for whoever has to find out why a run fails.

use rialto_store::{health, log, outbox, peer_positions, remotes, waiting};

use crate::world::World;

/// A line for each end of each connection.
pub async fn describe(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, server) in world.servers.iter().enumerate() {
        let mut view = server.view().await;
        let head = log::newest(&mut view).await.unwrap().map_or(-1, |(seq, _)| seq.0);
        for remote in remotes::list(&mut view, false).await.unwrap() {
            // Numbers beyond the servers are those of outsiders.
            let end = world.remotes.contains_key(&remote.id).then(|| world.other_end(&remote.id, place));
            let other = end.and_then(|end| world.servers.get(end)).map_or("outside", |server| server.name);
            let passed = outbox::cursor(&mut view, &format!("sender:{}", remote.id)).await.unwrap().map(|seq| seq.0);
            let waits = waiting::count(&mut view, &remote.id).await.unwrap();
            let position = peer_positions::get(&mut view, &remote.id).await.unwrap();
            let measured = health::get(&mut view, &remote.id).await.unwrap();
            lines.push(format!(
                "{} to {other}: {:?} at {passed:?} of {head}, {waits} wait, {position:?}, {measured:?}",
                server.name, remote.last_ping_at
            ));
        }
    }
    lines
}
