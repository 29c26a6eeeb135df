//! Follows what people here write, and tells them what becomes of it elsewhere: that it waits (M-10), that a link in it
//! leads to something others cannot see (M-11). Notes to one person, so nothing is kept over a restart but who was told.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use rialto_app::notices::authors::{self, Written};
use rialto_app::{StoreError, outbox};
use rialto_model::{DomainEvent, PostId, Recorded};
use rialto_wire::federation::permalinks::{self, Target};
use tokio::sync::mpsc;

use crate::Federation;

/// Messages whose delivery is watched at once; of more in ten seconds nobody is told more.
const MOST: usize = 5_000;
/// Between two looks at what is not confirmed yet.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until `events` closes.
pub(crate) async fn run(fed: Federation, mut events: mpsc::Receiver<Arc<[Recorded]>>) {
    let mut watched: Vec<Written> = Vec::new();
    loop {
        let fresh = tokio::select! {
            batch = events.recv() => match batch {
                None => return,
                Some(batch) => batch.iter().filter_map(written).collect(),
            },
            () = tokio::time::sleep(LOOK), if !watched.is_empty() => Vec::new(),
        };
        if !fed.app.settings.get().sharing_enabled() {
            watched.clear();
            continue;
        }
        if let Err(error) = look(&fed, &mut watched, fresh).await {
            tracing::warn!(%error, "authors could not be told of their messages");
        }
    }
}

fn written(recorded: &Recorded) -> Option<Written> {
    match recorded.event {
        DomainEvent::PostCreated { post, channel, owner: None, .. } => {
            Some(Written { post, channel, seq: recorded.seq, at: recorded.at })
        }
        _ => None,
    }
}

async fn look(fed: &Federation, watched: &mut Vec<Written>, fresh: Vec<Written>) -> Result<(), StoreError> {
    if fresh.is_empty() {
        *watched = authors::tell_of_waiting(&fed.app, watched).await?;
        return Ok(());
    }
    let room = MOST.saturating_sub(watched.len());
    watched.extend(authors::tell_of_waiting(&fed.app, &fresh).await?.into_iter().take(room));
    tell_of_links(fed, &fresh).await
}

async fn tell_of_links(fed: &Federation, fresh: &[Written]) -> Result<(), StoreError> {
    let Some(own) = fed.own_site() else { return Ok(()) };
    for (post, readers) in authors::sent_with(&fed.app, fresh, "/pl/").await? {
        let links = RefCell::new(Vec::new());
        permalinks::outgoing(&post.message, &own, |link: &PostId| {
            links.borrow_mut().push(*link);
            Target::Unknown
        });
        let links = links.into_inner();
        let mut cannot_see = Vec::new();
        for remote in &readers {
            let shared = outbox::linked_teams(&fed.app, &remote.id, &links).await?;
            if links.iter().any(|link| !shared.contains_key(link)) {
                cannot_see.push(remote);
            }
        }
        if !cannot_see.is_empty() {
            authors::tell_of_links(&fed.app, &post, &cannot_see);
        }
    }
    Ok(())
}
