//! A backfill as its sender sees it: whose turn it is, what comes next, and how far it has come.

use std::collections::VecDeque;

use rialto_model::history::Place;
use rialto_model::{Backfill, BackfillState, ChannelId, Millis, PostId, RemoteId, Share, ShareId, UserId};
use rialto_store::backfills::{self as rows, Past, Thread};
use rialto_store::{Snapshot, StoreError, acknowledgements, posts, reactions, remotes, shares};

use crate::system_posts::escape;
use crate::{App, Volatile, outbox};

/// Threads looked at in one go.
const MOST_THREADS: usize = 500;

/// The backfills of a peer that have something to send now; those whose turn was longest ago come first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(app: &App, remote: &RemoteId) -> Result<Vec<Backfill>, StoreError> {
    rows::list_due(&mut app.db.read(app.clock.now()).await?, remote).await
}

/// The next part of a channel's past.
#[derive(Debug, Clone, Default)]
pub struct Portion {
    /// What is to be sent.
    pub wanted: outbox::Wanted,
    /// How far the backfill has come before it.
    pub from: Place,
    /// How far it has come once it was sent.
    pub place: Place,
    /// There is nothing behind it.
    pub is_last: bool,
}

/// Where the past of a share begins and ends.
struct Reader<'a> {
    past: Past<'a>,
    floor: &'a (Millis, String),
}

/// Reads what comes next of a backfill: at most `most` posts with their reactions and acknowledgements. One that is being
/// cancelled ends with the thread it is in. None: its share has ended.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next(app: &App, backfill: &Backfill, most: usize) -> Result<Option<Portion>, StoreError> {
    let Some((backfill, share)) = counted(app, backfill).await? else { return Ok(None) };
    let mut view = app.db.read(app.clock.now()).await?;
    let past = past(&share);
    let reader = Reader { past, floor: &backfill.floor };
    let ends_with_thread = backfill.state == BackfillState::Cancelling;
    let (found, place, is_last) = reader.walk(&mut view, backfill.place.clone(), most, ends_with_thread).await?;
    let mut wanted = outbox::Wanted { backfill: true, ..outbox::Wanted::default() };
    let owned = |owner: Option<RemoteId>| owner == Some(share.remote_id);
    let with_reactions: Vec<PostId> = posts::list_by_ids(&mut view, &found)
        .await?
        .iter()
        .filter(|post| post.has_reactions)
        .map(|post| post.id)
        .collect();
    wanted.reactions = reactions::list(&mut view, &with_reactions).await?;
    wanted.reactions.retain(|reaction| !owned(reaction.remote_id));
    let acknowledged = acknowledgements::list(&mut view, &found).await?;
    let theirs = acknowledged.iter().filter(|ack| !owned(ack.remote_id));
    wanted.acknowledgements = theirs.map(|ack| (ack.post_id, ack.user_id)).collect();
    wanted.posts = found;
    Ok(Some(Portion { wanted, from: backfill.place, place, is_last }))
}

fn past(share: &Share) -> Past<'_> {
    Past { channel: &share.channel_id, remote: &share.remote_id, until: share.create_at }
}

impl Reader<'_> {
    /// Goes on from `place`: which posts come next, where that leads, and whether it is the end.
    async fn walk(
        &self,
        view: &mut Snapshot,
        mut place: Place,
        most: usize,
        ends_with_thread: bool,
    ) -> Result<(Vec<PostId>, Place, bool), StoreError> {
        let mut found: Vec<PostId> = Vec::new();
        let mut threads: VecDeque<Thread> = VecDeque::new();
        let mut looked_at = 0;
        loop {
            let room = most.saturating_sub(found.len());
            if let (Some((_, root)), Some(behind)) = (&place.thread, &place.reply) {
                let limit = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
                let mut replies = rows::replies(view, &self.past, root, behind, limit).await?;
                let more = replies.len() > room;
                replies.truncate(room);
                found.extend(replies.iter().map(|(_, id)| *id));
                if more {
                    if let Some((at, id)) = replies.last() {
                        place.reply = Some((*at, id.to_string()));
                    }
                    return Ok((found, place, false));
                }
                place.reply = None;
            }
            if ends_with_thread {
                return Ok((found, place, true));
            }
            if threads.is_empty() {
                let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
                threads = rows::threads(view, &self.past, place.thread.as_ref(), self.floor, limit).await?.into();
            }
            if found.len() >= most && !threads.is_empty() {
                return Ok((found, place, false));
            }
            // Of threads that are the peer's own there may be very many.
            looked_at += 1;
            if looked_at > MOST_THREADS {
                return Ok((found, place, false));
            }
            let Some(thread) = threads.pop_front() else { return Ok((found, place, true)) };
            if thread.is_sent {
                found.push(thread.root);
            }
            place.thread = Some((thread.at, thread.root));
            place.reply = thread.has_replies.then(|| (Millis(0), String::new()));
        }
    }
}

/// The backfill as it is now, with its messages counted, and its share. None if that has ended, or nothing is to be sent.
async fn counted(app: &App, backfill: &Backfill) -> Result<Option<(Backfill, Share)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let share = shares::get(&mut view, &backfill.share_id).await?.filter(|share| share.state.is_live());
    let found = rows::get(&mut view, &backfill.share_id).await?.filter(|found| found.state.is_under_way());
    let (Some(share), Some(found)) = (share, found) else { return Ok(None) };
    if found.total.is_some() {
        return Ok(Some((found, share)));
    }
    let past = past(&share);
    let nth = match found.most {
        Some(most) => rows::thread_of_nth(&mut view, &past, i64::from(most)).await?,
        None => None,
    };
    let by_age = (found.oldest_at, String::new());
    let floor = nth.map_or(by_age.clone(), |(at, root)| (at, root.to_string())).max(by_age);
    let total = rows::count(&mut view, &past, &floor).await?;
    drop(view);
    let mut tx = app.db.begin(app.clock.now()).await?;
    // Asked for anew meanwhile it is counted anew.
    let now = tx.now();
    let Some(mut row) = rows::lock(&mut tx, &share.id).await?.filter(|row| {
        (row.most, row.oldest_at, row.total) == (found.most, found.oldest_at, None) && row.state.is_under_way()
    }) else {
        return Ok(None);
    };
    row.floor = floor;
    row.total = Some(total.max(row.done));
    (row.run_at, row.run_done) = (now, row.done);
    rows::put(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(Some((row, share)))
}

/// Remembers that a portion was sent. Whoever asked is told of the end. What was ordered meanwhile stands, but that a
/// cancelled one is not left inside a thread.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn advance(app: &App, share: &ShareId, portion: &Portion) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    let Some(mut row) = rows::lock(&mut tx, share).await? else { return Ok(()) };
    if row.place != portion.from {
        return Ok(());
    }
    row.place = portion.place.clone();
    row.done += i64::try_from(portion.wanted.posts.len()).unwrap_or_default();
    row.total = row.total.map(|total| total.max(row.done));
    row.update_at = now;
    match row.state {
        // It was counted anew, and may go further than was thought.
        BackfillState::Running if portion.is_last && row.total.is_some() => {
            row.state = BackfillState::Done;
            // What was deleted meanwhile is not missing.
            row.total = Some(row.done);
        }
        BackfillState::Cancelling if row.place.reply.is_none() => row.state = BackfillState::Cancelled,
        BackfillState::Cancelled if row.place.reply.is_some() => row.state = BackfillState::Cancelling,
        _ => {}
    }
    let ended = (row.state == BackfillState::Done).then(|| {
        let number = row.done;
        move |name: &str| format!("{number} earlier messages of this channel have been sent to **{name}**.")
    });
    rows::put(&mut tx, &row).await?;
    let name = organisation(&mut tx, &row.remote_id).await?;
    tx.commit().await?;
    if let Some(text) = ended {
        tell(app, row.user_id, row.channel_id, text(&name));
    }
    Ok(())
}

/// The peer does not take history. Whoever asked is told.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn refused(app: &App, share: &ShareId, reason: &str) -> Result<(), StoreError> {
    stop(app, share, BackfillState::Refused, reason, |name| {
        format!("No more earlier messages of this channel are sent to **{name}**: {reason}.")
    })
    .await
}

/// We send none for now, though nobody said so of this one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn paused(app: &App, share: &ShareId, reason: &str) -> Result<(), StoreError> {
    stop(app, share, BackfillState::Paused, reason, |name| {
        format!("Sending earlier messages of this channel to **{name}** is paused: {reason}.")
    })
    .await
}

async fn stop(
    app: &App,
    share: &ShareId,
    state: BackfillState,
    reason: &str,
    text: impl Fn(&str) -> String,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    let Some(mut row) = rows::lock(&mut tx, share).await?.filter(|row| row.state.is_under_way()) else { return Ok(()) };
    row.state = state;
    row.reason = reason.to_owned();
    row.update_at = now;
    rows::put(&mut tx, &row).await?;
    let name = organisation(&mut tx, &row.remote_id).await?;
    tx.commit().await?;
    tell(app, row.user_id, row.channel_id, text(&name));
    Ok(())
}

async fn organisation(view: &mut Snapshot, remote: &RemoteId) -> Result<String, StoreError> {
    let name = remotes::get(view, remote).await?.map(|remote| escape(&remote.display_name));
    Ok(name.unwrap_or_default())
}

fn tell(app: &App, user: UserId, channel: ChannelId, message: String) {
    app.bus.tell(Volatile::Ephemeral { user, channel, root: None, message });
}

/// Whether a post from before a share stands in a thread that the share's peer has been sent as history, or that it is
/// being sent.
pub(crate) async fn has_passed(view: &mut Snapshot, share: &Share, post: &PostId) -> Result<bool, StoreError> {
    let Some(reached) = rows::get(view, &share.id).await?.and_then(|backfill| backfill.place.thread) else {
        return Ok(false);
    };
    if !rows::came_before(view, share.create_at, post).await? {
        return Ok(false);
    }
    let Some(post) = posts::get(view, post).await? else { return Ok(false) };
    let root = match post.root_id {
        Some(root) => posts::get(view, &root).await?,
        None => Some(post),
    };
    Ok(root.is_some_and(|root| (root.create_at, root.id) >= reached))
}
