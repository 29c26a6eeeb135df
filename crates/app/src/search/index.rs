//! The index of words as a reader of the event log: it holds a position, and everything up to it is in the index.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rialto_model::{DomainEvent, PostId, Recorded, Seq};
use rialto_store::{StoreError, Tx, log, outbox, posts, search};
use tokio::sync::Mutex;

use super::words;
use crate::App;

/// The reader's name among those of the log.
const READER: &str = "search";
/// Posts written in one transaction: few, for everybody's writing waits for it.
const AT_ONCE: i64 = 100;
/// News are let come together for this long; a search does not wait for it.
const TOGETHER: Duration = Duration::from_millis(250);
/// Between attempts while the database does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Who writes the index of this node: one at a time.
#[derive(Debug, Clone, Default)]
pub struct Index(Arc<Mutex<()>>);

/// Keeps the index up to date for ever.
pub async fn follow(app: App) {
    let mut settled = app.bus.settled();
    loop {
        settled.borrow_and_update();
        if let Err(error) = catch_up(&app).await {
            tracing::warn!(%error, "the index of words could not be brought up to date");
            tokio::time::sleep(PAUSE).await;
        }
        if settled.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(TOGETHER).await;
    }
}

/// Brings the index up to what this node knows of the log.
pub(super) async fn catch_up(app: &App) -> Result<(), StoreError> {
    let _writer = app.index.0.lock().await;
    let settled = *app.bus.settled().borrow();
    loop {
        let mut view = app.db.read(app.clock.now()).await?;
        let Some(position) = outbox::cursor(&mut view, READER).await? else {
            drop(view);
            begin(app, settled).await?;
            continue;
        };
        if position >= settled {
            return Ok(());
        }
        let events = log::list(&mut view, position, settled, AT_ONCE).await?;
        drop(view);
        let upto = events.last().map_or(settled, |last| last.seq);
        let changed: BTreeSet<PostId> = events.iter().filter_map(post_of).collect();
        let mut tx = app.db.begin(app.clock.now()).await?;
        // Another node may have been faster; then this was its work.
        if outbox::move_cursor(&mut tx, READER, Some(position), upto).await? {
            write(&mut tx, &changed.into_iter().collect::<Vec<_>>()).await?;
            tx.commit().await?;
        }
    }
}

/// Puts what is there already into a new index. The position is taken first and stored last: what a crash leaves undone
/// is done again, and changes meanwhile are read from the log.
async fn begin(app: &App, position: Seq) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let ids = search::ids_after(&mut app.db.read(app.clock.now()).await?, &after, AT_ONCE).await?;
        let Some(last) = ids.last() else { break };
        after = last.to_string();
        let mut tx = app.db.begin(app.clock.now()).await?;
        write(&mut tx, &ids).await?;
        tx.commit().await?;
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    outbox::move_cursor(&mut tx, READER, None, position).await?;
    tx.commit().await
}

fn post_of(recorded: &Recorded) -> Option<PostId> {
    match &recorded.event {
        DomainEvent::PostCreated { post, .. }
        | DomainEvent::HistoryKept { post, .. }
        | DomainEvent::PostEdited { post, .. }
        | DomainEvent::PostDeleted { post, .. } => Some(*post),
        _ => None,
    }
}

async fn write(tx: &mut Tx, ids: &[PostId]) -> Result<(), StoreError> {
    for post in posts::list_by_ids(tx, ids).await? {
        let mut words =
            if post.gone_at().is_some() || post.is_system() { Vec::new() } else { words::of(&post.message) };
        if !words.is_empty() {
            words.extend(post.hashtags.split_whitespace().map(words::hashtag));
        }
        if words.is_empty() {
            search::remove(tx, &post.id).await?;
        } else {
            search::put(tx, &post.id, &words).await?;
        }
    }
    Ok(())
}
