//! What waits to be sent to a peer, counted for status tables (behaviour 2.5, 8.4).

use std::collections::HashMap;

use rialto_model::{ChannelId, Millis, PostId, RemoteId, Seq};
use rialto_store::{StoreError, log};

use crate::outbox::{self, Change, What};
use crate::{App, connections};

/// Pages of the log that are looked at; what lies behind them is not counted.
const MOST_PAGES: usize = 20;

/// Posts whose size is looked at.
const MOST_POSTS: usize = 5_000;

/// What waits for one peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Items by channel: changes not sent yet, and refused ones that are tried again.
    pub by_channel: HashMap<ChannelId, u64>,
    /// When the oldest change that was not sent came into being.
    pub oldest: Option<Millis>,
    /// Posts among them, each once; at most a few thousand.
    pub posts: Vec<PostId>,
}

impl Backlog {
    /// All items.
    pub fn items(&self) -> u64 {
        self.by_channel.values().sum()
    }

    /// Items of one channel.
    pub fn of_channel(&self, channel: &ChannelId) -> u64 {
        self.by_channel.get(channel).copied().unwrap_or_default()
    }
}

/// Counts what waits for `remote`. Beginnings and ends of shares are no items. Nothing waits for a connection that ended.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of(app: &App, remote: &RemoteId) -> Result<Backlog, StoreError> {
    let mut backlog = Backlog::default();
    let live = connections::find(app, remote).await?.filter(|remote| remote.delete_at.is_none());
    let (Some(_), Some(mut at)) = (live, outbox::position(app, remote).await?) else { return Ok(backlog) };
    let mut first: Option<Seq> = None;
    let settled = *app.bus.settled().borrow();
    for held in outbox::held(app, remote).await? {
        let mut waits = outbox::changes_of(app, &held, settled, usize::MAX).await?.list;
        waits.retain(|change| !matches!(change.what, What::ShareChanged(_)));
        backlog.posts.extend(posts(&waits));
        if let Some(change) = waits.first() {
            first = Some(first.map_or(change.seq, |first| first.min(change.seq)));
            *backlog.by_channel.entry(change.channel).or_default() += waits.len() as u64;
        }
    }
    for _ in 0..MOST_PAGES {
        let changes = outbox::changes(app, remote, at).await?;
        backlog.posts.extend(posts(&changes.list));
        for change in changes.list {
            if !matches!(change.what, What::ShareStarted(_) | What::ShareChanged(_) | What::ShareEnded(_)) {
                *backlog.by_channel.entry(change.channel).or_default() += 1;
                first = Some(first.map_or(change.seq, |first| first.min(change.seq)));
            }
        }
        if changes.upto == at {
            break;
        }
        at = changes.upto;
    }
    backlog.posts.sort_unstable();
    backlog.posts.dedup();
    backlog.posts.truncate(MOST_POSTS);
    if let Some(first) = first {
        backlog.oldest = written_at(app, first).await?;
    }
    for refused in outbox::refused(app, remote).await? {
        *backlog.by_channel.entry(refused.channel_id).or_default() += 1;
    }
    Ok(backlog)
}

fn posts(changes: &[Change]) -> impl Iterator<Item = PostId> {
    changes.iter().filter_map(|change| match change.what {
        What::Post(post) => Some(post),
        _ => None,
    })
}

/// When the change at a position of the log came into being, if it is still there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) async fn written_at(app: &App, at: Seq) -> Result<Option<Millis>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    Ok(log::list(&mut view, Seq(at.0 - 1), at, 1).await?.first().map(|event| event.at))
}
