//! What somebody is told about their own doing, seen by them alone: an invitation that was refused, a message that waits,
//! a link that others cannot open. Source: behaviour 3.1 (M-03, M-10, M-11) and 3.2.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use rialto_model::{Channel, ChannelId, Millis, Post, PostId, RemoteCluster, Seq, Share, ShareState, UserId};
use rialto_store::sync_failures::{Failure, Item};
use rialto_store::{Snapshot, StoreError, Tx, notices, outbox, posts, remotes, shares, statuses, users};

use super::write_to;
use crate::access::{self, Denied, SessionUser};
use crate::connections::consumer;
use crate::statuses::Presence;
use crate::system_posts::escape;
use crate::{App, Volatile};

/// A message that is not confirmed after this is told of as waiting, ms.
const UNCONFIRMED: i64 = 10_000;

/// M-03: an invitation was refused or could not be delivered. The inviter gets a note where they are, to be given out once
/// the transaction is written; or a direct message if they have gone.
pub(crate) async fn invitation_refused(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    share: &Share,
    reason: &str,
) -> Result<Option<Volatile>, StoreError> {
    let (name, reason) = (escape(&remote.display_name), escape(reason));
    let status = statuses::list(tx, &[share.creator_id]).await?;
    if status.iter().any(|status| status.status != Presence::Offline.as_str()) {
        let message = format!("**{name}** did not take the invitation to this channel: {reason}");
        return Ok(Some(Volatile::Ephemeral { user: share.creator_id, channel: channel.id, root: None, message }));
    }
    let channel = escape(&channel.display_name);
    let message = format!("**{name}** did not take your invitation to the channel **{channel}**: {reason}");
    write_to(app, tx, &share.creator_id, &message).await?;
    Ok(None)
}

/// A message somebody here has written, as the log tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Which.
    pub post: PostId,
    /// Where.
    pub channel: ChannelId,
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    pub at: Millis,
}

/// The organisations that get the messages of a channel now.
async fn readers(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<(Share, RemoteCluster)>, StoreError> {
    let mut found = Vec::new();
    for share in shares::list_of_channel(view, channel).await? {
        if share.state == ShareState::Active
            && let Some(remote) = remotes::get(view, &share.remote_id).await?
        {
            found.push((share, remote));
        }
    }
    Ok(found)
}

/// Tells authors of messages that an organisation does not get now, because it is known to be offline or has not
/// confirmed the message for ten seconds: once an author, channel and outage, and all organisations in one note (M-10).
/// Returns the messages that are to be looked at again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn tell_of_waiting(app: &App, written: &[Written]) -> Result<Vec<Written>, StoreError> {
    let offline_after = app.settings.get().offline_after_ms();
    let (mut again, mut waiting) = (Vec::new(), Vec::new());
    let now = app.clock.now();
    let mut view = app.db.read(now).await?;
    let mut channels = HashMap::new();
    let mut cursors = HashMap::new();
    for one in written {
        let readers = match channels.entry(one.channel) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(readers(&mut view, &one.channel).await?),
        };
        let (mut late, mut open) = (Vec::new(), false);
        for (share, remote) in readers.iter() {
            if share.from_seq.is_none_or(|from| from >= one.seq) {
                continue;
            }
            if !remote.is_online(now, offline_after) {
                late.push(remote.clone());
                continue;
            }
            let reached = match cursors.entry(remote.id) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => *unknown.insert(outbox::cursor(&mut view, &consumer(&remote.id)).await?),
            };
            if reached.is_none_or(|reached| reached >= one.seq) {
                continue;
            }
            if now.since(one.at) >= UNCONFIRMED {
                late.push(remote.clone());
            } else {
                open = true;
            }
        }
        if !late.is_empty() {
            waiting.push((*one, late));
        }
        if open {
            again.push(*one);
        }
    }
    let ids: Vec<PostId> = waiting.iter().map(|(one, _)| one.post).collect();
    let found = if ids.is_empty() { Vec::new() } else { own_posts(&mut view, &ids).await? };
    drop(view);
    for (one, late) in waiting {
        if let Some(post) = found.iter().find(|post| post.id == one.post) {
            tell_author(app, post, &late).await?;
        }
    }
    Ok(again)
}

/// Those of these messages that are still there and that people here have written.
async fn own_posts(view: &mut Snapshot, ids: &[PostId]) -> Result<Vec<Post>, StoreError> {
    let mut found = posts::list_by_ids(view, ids).await?;
    found.retain(|post| post.remote_id.is_none() && !post.is_system() && post.gone_at().is_none());
    let authors: BTreeSet<UserId> = found.iter().map(|post| post.user_id).collect();
    let authors: Vec<UserId> = authors.into_iter().collect();
    let people = users::list_by_ids(view, &authors).await?;
    found.retain(|post| people.iter().any(|person| person.id == post.user_id && person.is_local()));
    Ok(found)
}

async fn tell_author(app: &App, post: &Post, late: &[RemoteCluster]) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut names = Vec::new();
    for remote in late {
        if notices::insert_hint(&mut tx, &remote.id, &post.channel_id, &post.user_id).await? {
            names.push(format!("**{}**", escape(&remote.display_name)));
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    tx.commit().await?;
    let message = format!(
        "Cannot be reached at present: {}. Your message is kept and will be delivered there as soon as that is possible.",
        names.join(", ")
    );
    note_at(app, post, message);
    Ok(())
}

/// A note to the author of a message, where the message stands.
fn note_at(app: &App, post: &Post, message: String) {
    app.bus.tell(Volatile::Ephemeral { user: post.user_id, channel: post.channel_id, root: post.root_id, message });
}

/// The messages among these that people here have written into a shared channel and that hold `mark`, and who gets them.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn sent_with(
    app: &App,
    written: &[Written],
    mark: &str,
) -> Result<Vec<(Post, Vec<RemoteCluster>)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let channels: BTreeSet<ChannelId> = written.iter().map(|one| one.channel).collect();
    let mut found = Vec::new();
    for channel in channels {
        let remotes: Vec<RemoteCluster> =
            readers(&mut view, &channel).await?.into_iter().map(|(_, remote)| remote).collect();
        if remotes.is_empty() {
            continue;
        }
        let ids: Vec<PostId> = written.iter().filter(|one| one.channel == channel).map(|one| one.post).collect();
        let own = own_posts(&mut view, &ids).await?;
        found.extend(own.into_iter().filter(|post| post.message.contains(mark)).map(|post| (post, remotes.clone())));
    }
    Ok(found)
}

/// M-11: people of these organisations may not be able to open a link in a message.
pub fn tell_of_links(app: &App, post: &Post, cannot_see: &[&RemoteCluster]) {
    let names: Vec<String> = cannot_see.iter().map(|remote| format!("**{}**", escape(&remote.display_name))).collect();
    let message = format!(
        "People of {} may not be able to open a link in your message: what it leads to is not shared with them.",
        names.join(", ")
    );
    note_at(app, post, message);
}

/// What the author of a message is told once it was set aside for an organisation; nothing before that (M-18).
pub(crate) async fn refused(tx: &mut Tx, failure: &Failure) -> Result<Option<Volatile>, StoreError> {
    let Item::Post(post) = &failure.item else { return Ok(None) };
    if !failure.set_aside {
        return Ok(None);
    }
    let own = own_posts(tx, &[*post]).await?.pop();
    Ok(own.map(|post| Volatile::Undelivered { user: post.user_id, channel: post.channel_id, post: post.id }))
}

/// A message that an organisation does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Which message.
    pub post: PostId,
    /// Display name of the organisation.
    pub organisation: String,
    /// Why, in plain words.
    pub reason: String,
}

/// The actor's own messages in a channel that an organisation has refused for good, oldest first: the mark on each and what
/// stands behind it (M-18). Empty where `EnableDeliveryStates` is off.
///
/// # Errors
/// [`Denied`] unless the actor may read the channel.
pub async fn undelivered(app: &App, actor: &SessionUser, channel: &ChannelId) -> Result<Vec<Undelivered>, Denied> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    if !app.settings.get().workspaces.delivery_states {
        return Ok(Vec::new());
    }
    let mut list = Vec::new();
    for refused in rialto_store::undelivered::list(&mut view, channel, &actor.user_id).await? {
        if let Some(remote) = remotes::get(&mut view, &refused.remote_id).await? {
            let (organisation, reason) = (remote.display_name, refused.cause);
            list.push(Undelivered { post: refused.post_id, organisation, reason });
        }
    }
    Ok(list)
}
