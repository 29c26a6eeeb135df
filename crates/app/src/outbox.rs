//! What is to be sent to a peer: read from the log and the current rows, never from a queue of copies.
//!
//! A change is sent by whoever owns the thing changed and caused the change: our own to everybody it is shared with,
//! another organisation's by the home of the channel. So nothing echoes (SC-102), nobody's moderation travels
//! (behaviour 4.4.2) and guests speak for nobody but themselves (ruling 53).

#[cfg(test)]
mod changes_tests;
mod concerned;
#[cfg(test)]
mod concerned_tests;
mod held;
#[cfg(test)]
mod held_tests;
mod load;
#[cfg(test)]
mod load_tests;
mod people;
mod pins;
mod receipts;
mod refused;
#[cfg(test)]
mod refused_tests;
#[cfg(test)]
mod toggle_tests;

pub use concerned::{Concerned, concerned};
pub use held::{Held, begin_members, changes_of, held, hold, resume, telling_members, told_members};
pub use load::{Contents, Wanted, load, members_page, versions_of_members};
pub use refused::{
    Decision, Failure, Item, Which, decide, list_set_aside, next_refused, postpone, refused, refused_counts, set_aside,
    settle_retry, wanted_again,
};

use std::collections::{BTreeSet, HashMap};

use rialto_model::{
    ChannelId, DomainEvent, FileInfo, MemberWord, Millis, Origin, Post, PostId, Reaction, Recorded, RemoteCluster,
    RemoteId, Seq, Share, ShareId, ShareState, UserId,
};
use rialto_store::outbox::Believed;
use rialto_store::{
    Snapshot, StoreError, Tx, channels, file_deliveries, interruptions, log, notices, outbox, peer_positions,
    peer_posts, post_deliveries, posts, remotes, shares, sync_failures, teams, users,
};

use crate::connections::consumer;
use crate::installation::is_system_account;
use crate::ledger::Batch;
use crate::{App, deliveries, delivery_states, emoji, ledger};

/// The capability of a peer that reads what goes beyond Mattermost's items (ruling 8.4).
pub const ITEMS: &str = "items";

/// Log positions looked at in one go.
const PAGE: i64 = 1_000;

/// Something a peer has to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A share begins; invite the peer if the channel is ours. Nothing behind it is read before it is settled.
    ShareStarted(ShareId),
    /// A share changed, in mode or because its channel was archived or brought back; the rows say how it stands.
    ShareChanged(ShareId),
    /// We ended a share.
    ShareEnded(ShareId),
    /// A post is new, edited or deleted; its row says which.
    Post(PostId),
    /// A reaction changed; the row says how.
    Reaction(Box<Reaction>),
    /// Somebody joined the channel, or left it; the row says which.
    Member(UserId),
    /// A person the peer knows looks different.
    Profile(UserId),
    /// The presence of a person the peer knows changed.
    Status(UserId),
    /// Somebody acknowledged a post, or took that back; the row says which.
    Acknowledgement(PostId, UserId),
    /// Something about who may be in the channel, for the peer alone.
    MemberWord(UserId, MemberWord),
    /// It is known better how posts of the peer's people fared with a third organisation. Only for peers that read it.
    Receipts(RemoteId, Vec<PostId>),
    /// Somebody pinned a post or took a pin away; the last word on it says which. Only for peers that read it.
    Pin(PostId),
}

/// A change, where it happened and when.
#[derive(Debug, Clone)]
pub struct Change {
    /// Position.
    pub seq: Seq,
    /// The channel it is told in.
    pub channel: ChannelId,
    /// What.
    pub what: What,
}

/// A part of the log as one peer is concerned.
#[derive(Debug, Clone)]
pub struct Changes {
    /// In order.
    pub list: Vec<Change>,
    /// Everything up to here was looked at.
    pub upto: Seq,
    /// There was more than one looks at in one go.
    pub more: bool,
    /// Whom of ours something was said about that may concern a peer that shares no channel with them (behaviour 6.2).
    pub people: Vec<UserId>,
}

/// Where the sender of a peer stands.
///
/// # Errors
/// [`StoreError`] as the database says; None for a connection that ended.
pub async fn position(app: &App, remote: &RemoteId) -> Result<Option<Seq>, StoreError> {
    outbox::cursor(&mut app.db.read(app.clock.now()).await?, &consumer(remote)).await
}

/// Moves the sender's position on; false if somebody else did. What was `sent` on the way is counted with it, so that
/// what a crash makes us send twice counts once (M-09).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn advance(
    app: &App,
    remote: &RemoteId,
    from: Seq,
    to: Seq,
    sent: &[(ChannelId, usize)],
) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let moved = outbox::move_cursor(&mut tx, &consumer(remote), Some(from), to).await?;
    if moved {
        count_sent(&mut tx, remote, sent)?;
        tx.commit().await?;
    }
    Ok(moved)
}

fn count_sent(tx: &mut Tx, remote: &RemoteId, sent: &[(ChannelId, usize)]) -> Result<(), StoreError> {
    for (channel, number) in sent.iter().filter(|(_, number)| *number > 0) {
        interruptions::count_sent(tx, remote, channel, *number)?;
    }
    Ok(())
}

/// Counts messages that were delivered apart from the sender's position (M-09).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count_late(app: &App, remote: &RemoteId, sent: (ChannelId, usize)) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    count_sent(&mut tx, remote, &[sent])?;
    tx.commit().await
}

/// The connection and the token a share's messages leave with. None when either has ended or rests: then nothing more
/// leaves, whatever was loaded a moment ago (INV-11, E-046).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn way_out(app: &App, share: &ShareId) -> Result<Option<(RemoteCluster, String)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let active = shares::get(&mut view, share).await?.filter(|share| share.state == ShareState::Active);
    let Some(share) = active else { return Ok(None) };
    crate::connections::token_of(app, &mut view, &share.remote_id).await
}

/// Reads what a peer has to hear of after `after`, up to the settled head. Ends early behind a share that begins,
/// because what follows depends on how that goes. Leaves out the channels that are held: [`changes_of`] reads those.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn changes(app: &App, remote: &RemoteId, after: Seq) -> Result<Changes, StoreError> {
    let settled = *app.bus.settled().borrow();
    let mut view = app.db.read(app.clock.now()).await?;
    let events = log::list(&mut view, after, settled, PAGE).await?;
    let live = shares::list_of_remote(&mut view, remote, false).await?;
    let mut by_channel: HashMap<ChannelId, Share> = live.into_iter().map(|share| (share.channel_id, share)).collect();
    for held in shares::held(&mut view, remote).await? {
        by_channel.remove(&held.share.channel_id);
    }
    let more = i64::try_from(events.len()).is_ok_and(|number| number >= PAGE);
    let upto = events.last().map_or(after, |last| last.seq);
    let mut changes = Changes { list: Vec::new(), upto, more, people: Vec::new() };
    for event in events {
        let seq = event.seq;
        if let DomainEvent::UserCreated { user } | DomainEvent::UserUpdated { user } = &event.event
            && event.origin == Origin::Local
        {
            changes.people.push(*user);
        }
        let found = relevant(&mut view, remote, &by_channel, event).await?;
        let starts = matches!(found, Some(Change { what: What::ShareStarted(_), .. }));
        changes.list.extend(found);
        if starts {
            changes.upto = seq;
            break;
        }
    }
    if crate::planted::Fault::SkippedCursor.is_planted() && changes.list.len() > 1 {
        changes.list.pop();
    }
    Ok(changes)
}

async fn relevant(
    view: &mut Snapshot,
    to: &RemoteId,
    live: &HashMap<ChannelId, Share>,
    recorded: Recorded,
) -> Result<Option<Change>, StoreError> {
    let Recorded { seq, origin, event, .. } = recorded;
    if origin == Origin::Remote(*to) && !crate::planted::Fault::Echo.is_planted() {
        return Ok(None);
    }
    let change = |channel, what| Ok(Some(Change { seq, channel, what }));
    // A guest speaks for its own people only (ruling 53).
    let travels = |channel: &ChannelId, owner: Option<RemoteId>| {
        live.get(channel).is_some_and(|share| {
            share.state == ShareState::Active
                && share.from_seq.is_some_and(|from| from < seq)
                && owner == origin.remote()
                && (share.home || owner.is_none())
        })
    };
    match event {
        DomainEvent::ShareStarted { share, channel, remote } if remote == *to => {
            change(channel, What::ShareStarted(share))
        }
        DomainEvent::ShareChanged { share, channel, remote } if remote == *to => {
            change(channel, What::ShareChanged(share))
        }
        DomainEvent::ShareEnded { share, channel, remote } if remote == *to => change(channel, What::ShareEnded(share)),
        DomainEvent::PostCreated { post, channel, owner, .. } if travels(&channel, owner) => {
            change(channel, What::Post(post))
        }
        // What is done to a message from before the share does not carry it out (ruling 46).
        DomainEvent::PostEdited { post, channel, owner }
        | DomainEvent::PostDeleted { post, channel, owner, hidden: false, .. }
            if travels(&channel, owner) =>
        {
            if was_given(view, to, &post).await? {
                change(channel, What::Post(post))
            } else {
                Ok(None)
            }
        }
        DomainEvent::ReactionAdded(reaction) | DomainEvent::ReactionRemoved(reaction)
            if travels(&reaction.channel_id, reaction.remote_id) =>
        {
            change(reaction.channel_id, What::Reaction(Box::new(reaction)))
        }
        DomainEvent::ChannelMemberAdded { channel, user, .. }
        | DomainEvent::ChannelMemberRemoved { channel, user, .. }
            if live.contains_key(&channel) =>
        {
            let Some(person) = users::get(view, &user).await?.filter(|person| !is_system_account(person)) else {
                return Ok(None);
            };
            // Its owner may have come to be called by another connection since (E-021); that it was the owner who spoke was
            // seen to when the word came.
            let owner = person.remote_id.and(origin.remote());
            let own = person.remote_id.is_some() == owner.is_some() && person.remote_id != Some(*to);
            if own && travels(&channel, owner) { change(channel, What::Member(user)) } else { Ok(None) }
        }
        DomainEvent::UserUpdated { user } => {
            let Some(person) = users::get(view, &user).await? else { return Ok(None) };
            if person.remote_id != origin.remote() {
                return Ok(None);
            }
            // One channel they are known in is enough: a profile belongs to the person, not to the channel.
            for channel in outbox::announced_channels(view, to, &user).await? {
                if travels(&channel, person.remote_id) {
                    return change(channel, What::Profile(user));
                }
            }
            Ok(None)
        }
        // Whoever knows a person is interested in their presence, once, however many channels they share.
        DomainEvent::StatusChanged { user, .. } => {
            for channel in outbox::announced_channels(view, to, &user).await? {
                if travels(&channel, origin.remote()) {
                    return change(channel, What::Status(user));
                }
            }
            Ok(None)
        }
        DomainEvent::AcknowledgementAdded(ack) | DomainEvent::AcknowledgementRemoved(ack)
            if travels(&ack.channel_id, ack.remote_id) =>
        {
            change(ack.channel_id, What::Acknowledgement(ack.post_id, ack.user_id))
        }
        DomainEvent::MemberWord { channel, user, remote, word } if remote == *to => {
            let active = live.get(&channel).is_some_and(|share| share.state == ShareState::Active);
            if active { change(channel, What::MemberWord(user, word)) } else { Ok(None) }
        }
        DomainEvent::DeliveriesChanged { channel, owner, remote, posts } if owner == *to => {
            let home = live.get(&channel).is_some_and(|share| share.state == ShareState::Active && share.home);
            if home { change(channel, What::Receipts(remote, posts)) } else { Ok(None) }
        }
        DomainEvent::PinChanged { post, channel, owner } if travels(&channel, origin.remote()) => {
            if !was_given(view, to, &post).await? {
                return Ok(None);
            }
            // A Mattermost learns of pins by the posts of whoever pinned, or of ours (ruling 58).
            match remotes::get(view, to).await? {
                Some(peer) if peer.has(ITEMS) => change(channel, What::Pin(post)),
                Some(_) if owner.is_none() || owner == origin.remote() => change(channel, What::Post(post)),
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// Whether a peer was given a post: while the channel was shared with it, or as the root of a later reply.
pub(crate) async fn was_given(view: &mut Snapshot, to: &RemoteId, post: &PostId) -> Result<bool, StoreError> {
    if !peer_posts::shared(view, to, std::slice::from_ref(post)).await?.is_empty() {
        return Ok(true);
    }
    peer_posts::is_context(view, to, post).await
}

/// What a delivered frame is remembered by.
#[derive(Debug, Clone, Default)]
pub struct Delivered {
    /// Which people, in which version, the peer knows now.
    pub announced: Vec<(UserId, Millis)>,
    /// Who is no more known to it in the channel.
    pub left: Vec<UserId>,
    /// Items it refused, and why.
    pub refused: Vec<(Item, String)>,
    /// Items it refused with a word of ruling 8.4.
    pub refused_for: Vec<(Item, &'static str)>,
    /// Posts it keeps without having stored them.
    pub parked: Vec<PostId>,
    /// Posts it took.
    pub taken: Vec<PostId>,
    /// Those of them that are history, sent with everything that belongs to them (behaviour 8.1).
    pub history: Vec<PostId>,
    /// Other items it took.
    pub done: Vec<Item>,
    /// Those of them that have files, which follow.
    pub with_files: Vec<(Post, Vec<FileInfo>)>,
    /// Names in what it took that may be emoji (behaviour 8.2).
    pub names: BTreeSet<String>,
    /// Where the sender stood when it sent the frame, if the peer has confirmed that it stored it.
    pub confirmed: Option<Seq>,
    /// Posts with files about which the peer has answered: nothing holds them any more.
    pub settled: Vec<PostId>,
    /// What left with it (behaviour 8.11).
    pub ledger: Option<Batch>,
}

/// Remembers a delivered frame.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delivered(
    app: &App,
    remote: &RemoteId,
    channel: &ChannelId,
    delivered: &Delivered,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    if let Some(batch) = &delivered.ledger {
        ledger::append(&mut tx, batch).await?;
    }
    for (user, version) in &delivered.announced {
        outbox::set_announced(&mut tx, remote, channel, user, *version).await?;
    }
    for user in &delivered.left {
        outbox::delete_announced(&mut tx, remote, channel, user).await?;
    }
    peer_posts::note_taken(&mut tx, remote, &delivered.taken, false).await?;
    peer_posts::note_taken(&mut tx, remote, &delivered.history, true).await?;
    let mut settled: Vec<Item> = delivered.done.clone();
    settled.extend(delivered.taken.iter().chain(&delivered.parked).map(|post| Item::Post(*post)));
    settled.extend(delivered.announced.iter().map(|(user, _)| Item::Profile(*user)));
    sync_failures::delete(&mut tx, remote, channel, &settled).await?;
    for (post, attached) in &delivered.with_files {
        deliveries::queue(app, &mut tx, remote, post, attached, false).await?;
    }
    for post in &delivered.settled {
        file_deliveries::release_post(&mut tx, remote, post).await?;
    }
    let has_emoji = emoji::offers::used(&mut tx, remote, &delivered.names).await?;
    if !delivered.taken.is_empty() {
        notices::clear_hints(&mut tx, remote, channel)?;
    }
    let mut news = Vec::new();
    for (item, cause) in &delivered.refused {
        news.extend(refused::note(&mut tx, remote, channel, item, (cause, "")).await?);
    }
    for (item, code) in &delivered.refused_for {
        let cause = delivery_states::in_words(code).unwrap_or(code);
        news.extend(refused::note(&mut tx, remote, channel, item, (cause, code)).await?);
    }
    post_deliveries::put_all(&mut tx, remote, &delivered.taken, "stored").await?;
    post_deliveries::put_all(&mut tx, remote, &delivered.parked, "sent").await?;
    let answered: Vec<PostId> = delivered.taken.iter().chain(&delivered.parked).copied().collect();
    news.extend(delivery_states::changed(&mut tx, remote, &answered).await?);
    if let Some(seq) = delivered.confirmed {
        peer_positions::confirm(&mut tx, remote, seq).await?;
    }
    shares::touch_sync(&mut tx, channel, remote, now)?;
    tx.commit().await?;
    news.into_iter().for_each(|news| app.bus.tell(news));
    if !delivered.with_files.is_empty() {
        app.bus.queue_files(*remote);
    }
    if !delivered.announced.is_empty() || has_emoji {
        app.bus.queue_pictures(*remote);
    }
    Ok(())
}

/// Decides whether a toggling peer is to be told of a reaction, and notes that it will be, before it is (ruling 38).
/// Returns the name to tell it by: one is taken back by the name it was given, whatever alias is used here. None: it is
/// believed to hold this state already.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begin_toggle(app: &App, remote: &RemoteId, reaction: &Reaction) -> Result<Option<String>, StoreError> {
    let present = reaction.delete_at.is_none();
    let mut tx = app.db.begin(app.clock.now()).await?;
    let believed = outbox::believed(&mut tx, remote, reaction).await?;
    if believed.as_ref().is_some_and(|believed| believed.present) == present {
        return Ok(None);
    }
    let given = believed.map(|believed| believed.sent_name).filter(|name| !present && !name.is_empty());
    let sent_name = given.unwrap_or_else(|| reaction.emoji_name.clone());
    outbox::set_believed(&mut tx, remote, reaction, &Believed { present, sent_name: sent_name.clone() }).await?;
    tx.commit().await?;
    Ok(Some(sent_name))
}

/// Takes [`begin_toggle`] back: the peer surely has not seen it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn undo_toggle(app: &App, remote: &RemoteId, reaction: &Reaction) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    if let Some(believed) = outbox::believed(&mut tx, remote, reaction).await? {
        let before = Believed { present: reaction.delete_at.is_some(), ..believed };
        outbox::set_believed(&mut tx, remote, reaction, &before).await?;
    }
    tx.commit().await
}

/// Whether something that concerns a peer has not reached it yet.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn waits(app: &App, remote: &RemoteId) -> Result<bool, StoreError> {
    let Some(position) = position(app, remote).await? else { return Ok(true) };
    let changes = changes(app, remote, position).await?;
    Ok(changes.more || !changes.list.is_empty())
}

/// How many log positions a peer is behind, for tables.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lag(app: &App, remote: &RemoteId) -> Result<i64, StoreError> {
    let settled = *app.bus.settled().borrow();
    Ok(position(app, remote).await?.map_or(0, |at| settled.0 - at.0))
}

/// For posts that messages link to: the name of our team, if they stand in a channel shared with the peer (behaviour 4.9).
/// Posts that stand elsewhere are not in the map; those that do not exist neither.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn linked_teams(
    app: &App,
    remote: &RemoteId,
    links: &[PostId],
) -> Result<HashMap<PostId, String>, StoreError> {
    let mut found = HashMap::new();
    if links.is_empty() {
        return Ok(found);
    }
    let mut view = app.db.read(app.clock.now()).await?;
    for post in posts::list_by_ids(&mut view, links).await? {
        if let Some(team) = team_of_shared(&mut view, remote, &post.channel_id).await? {
            found.insert(post.id, team);
        }
    }
    Ok(found)
}

/// The name of the team of a channel that is shared with a peer.
pub(crate) async fn team_of_shared(
    view: &mut Snapshot,
    remote: &RemoteId,
    channel: &ChannelId,
) -> Result<Option<String>, StoreError> {
    if shares::get_live(view, channel, remote).await?.is_none() {
        return Ok(None);
    }
    let Some(team) = channels::get(view, channel).await?.and_then(|channel| channel.team_id) else { return Ok(None) };
    Ok(teams::get(view, &team).await?.map(|team| team.name))
}
