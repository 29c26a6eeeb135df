//! What is to be sent to a peer: read from the log and the current rows, never from a queue of copies.
//!
//! A change is sent by whoever owns the thing changed and caused the change: our own to everybody it is shared with,
//! another organisation's by the home of the channel. So nothing echoes (SC-102), nobody's moderation travels
//! (behaviour 4.4.2) and guests speak for nobody but themselves (ruling 53).

mod held;

pub use held::{Held, changes_of, held, hold, resume};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rialto_model::{
    Channel, ChannelId, DomainEvent, FileInfo, Millis, Origin, Post, PostId, Reaction, Recorded, RemoteCluster,
    RemoteId, Seq, Share, ShareId, ShareState, User, UserId,
};
use rialto_store::outbox::Failure;
use rialto_store::{
    Snapshot, StoreError, channel_members, channels, file_deliveries, interruptions, log, outbox, peer_posts, posts,
    reactions, remotes, shares, teams, users,
};

use crate::connections::consumer;
use crate::shares::direct;
use crate::{App, deliveries, files, mentions};

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
}

/// Where the sender of a peer stands.
///
/// # Errors
/// [`StoreError`] as the database says; None for a connection that ended.
pub async fn position(app: &App, remote: &RemoteId) -> Result<Option<Seq>, StoreError> {
    outbox::cursor(&mut app.db.read(app.clock.now()).await?, &consumer(remote)).await
}

/// Moves the sender's position on; false if somebody else did.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn advance(app: &App, remote: &RemoteId, from: Seq, to: Seq) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let moved = outbox::move_cursor(&mut tx, &consumer(remote), Some(from), to).await?;
    tx.commit().await?;
    Ok(moved)
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
    let mut changes = Changes { list: Vec::new(), upto: events.last().map_or(after, |last| last.seq) };
    for event in events {
        let seq = event.seq;
        let found = relevant(&mut view, remote, &by_channel, event).await?;
        let starts = matches!(found, Some(Change { what: What::ShareStarted(_), .. }));
        changes.list.extend(found);
        if starts {
            changes.upto = seq;
            break;
        }
    }
    #[cfg(feature = "planted-faults")]
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
    #[cfg(feature = "planted-faults")]
    let echoes = crate::planted::Fault::Echo.is_planted();
    #[cfg(not(feature = "planted-faults"))]
    let echoes = false;
    if origin == Origin::Remote(*to) && !echoes {
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
            let Some(person) = users::get(view, &user).await?.filter(|person| !person.is_bot) else { return Ok(None) };
            if travels(&channel, person.remote_id) { change(channel, What::Member(user)) } else { Ok(None) }
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
        _ => Ok(None),
    }
}

/// Whether a peer was given a post: while the channel was shared with it, or as the root of a later reply.
async fn was_given(view: &mut Snapshot, to: &RemoteId, post: &PostId) -> Result<bool, StoreError> {
    if !peer_posts::shared(view, to, std::slice::from_ref(post)).await?.is_empty() {
        return Ok(true);
    }
    peer_posts::is_context(view, to, post).await
}

/// What a batch of changes of one channel amounts to now: current rows, and the people a peer must know for them.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The share, as it is now.
    pub share: Share,
    /// The connection, as it is now.
    pub remote: RemoteCluster,
    /// The channel.
    pub channel: Channel,
    /// Posts, roots before their replies, none twice.
    pub posts: Vec<Post>,
    /// Roots among them that are older than the share (ruling 46).
    pub context: BTreeSet<PostId>,
    /// Files of the posts that are here, in order; none of roots that are context.
    pub files: BTreeMap<PostId, Vec<FileInfo>>,
    /// Reactions.
    pub reactions: Vec<Reaction>,
    /// Who joined (true) or left.
    pub members: Vec<(User, bool)>,
    /// People the peer does not know yet in their present version.
    pub unknown: Vec<User>,
    /// Everybody the posts mention who belongs to the channel, by username.
    pub mentioned: HashMap<String, User>,
    /// Wire ids of people who have another id here (ruling 52).
    pub wire_ids: HashMap<UserId, UserId>,
    /// Messages the posts link to, and whether the peer's people can see them; for the sender to fill.
    pub links: HashMap<PostId, bool>,
}

/// What is to be loaded for one channel.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Posts, in order.
    pub posts: Vec<PostId>,
    /// Reactions as recorded; the rows decide.
    pub reactions: Vec<Reaction>,
    /// People who joined or left.
    pub members: Vec<UserId>,
    /// People to describe again.
    pub profiles: Vec<UserId>,
}

/// Loads rows for a frame. None if the share or the connection has ended: then nothing may be sent (INV-11).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn load(
    app: &App,
    remote: &RemoteId,
    channel: &ChannelId,
    wanted: &Wanted,
) -> Result<Option<Contents>, StoreError> {
    let send_roots = app.settings.get().workspaces.send_thread_roots;
    let mut view = app.db.read(app.clock.now()).await?;
    let share = shares::get_live(&mut view, channel, remote).await?.filter(|share| share.state == ShareState::Active);
    let peer = remotes::get(&mut view, remote).await?.filter(RemoteCluster::is_live);
    let (Some(share), Some(peer), Some(channel)) = (share, peer, channels::get(&mut view, channel).await?) else {
        return Ok(None);
    };
    let mut contents = Contents {
        share,
        remote: peer,
        channel,
        posts: Vec::new(),
        context: BTreeSet::new(),
        files: BTreeMap::new(),
        reactions: Vec::new(),
        members: Vec::new(),
        unknown: Vec::new(),
        mentioned: HashMap::new(),
        wire_ids: HashMap::new(),
        links: HashMap::new(),
    };
    load_posts(&mut view, &mut contents, wanted, send_roots).await?;
    load_reactions(&mut view, &mut contents, wanted).await?;
    for user in &wanted.members {
        if let Some(person) = users::get(&mut view, user).await? {
            let joined = channel_members::get(&mut view, &contents.channel.id, user).await?.is_some();
            contents.members.push((person, joined));
        }
    }
    load_people(&mut view, &mut contents, wanted).await?;
    Ok(Some(contents))
}

/// Whether a share still takes items, for who is about to send what was loaded a moment ago.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn stands(app: &App, share: &ShareId) -> Result<bool, StoreError> {
    let found = shares::get(&mut app.db.read(app.clock.now()).await?, share).await?;
    Ok(found.is_some_and(|share| share.state == ShareState::Active))
}

async fn load_posts(
    view: &mut Snapshot,
    contents: &mut Contents,
    wanted: &Wanted,
    send_roots: bool,
) -> Result<(), StoreError> {
    let mut by_id: HashMap<PostId, Post> =
        posts::list_by_ids(view, &wanted.posts).await?.into_iter().map(|post| (post.id, post)).collect();
    let direct = direct::speak_for_themselves(view, &contents.channel).await?;
    by_id.retain(|_, post| !post.is_system() && post.channel_id == contents.channel.id);
    by_id.retain(|_, post| post.remote_id.is_none_or(|owner| !direct.contains(&owner)));
    if !send_roots {
        for post in by_id.values_mut().filter(|post| post.gone_at().is_none()) {
            // Of a text that was withheld no change is told either.
            if peer_posts::is_context(view, &contents.remote.id, &post.id).await? {
                withhold(post);
            }
        }
    }
    // A reply written now to something older than the share needs its root there, once, as context (ruling 46).
    let mut roots: Vec<PostId> = by_id.values().filter_map(|post| post.root_id).collect();
    roots.sort();
    roots.dedup();
    roots.retain(|root| !by_id.contains_key(root));
    let shared: BTreeSet<PostId> = peer_posts::shared(view, &contents.remote.id, &roots).await?.into_iter().collect();
    for mut root in posts::list_by_ids(view, &roots).await? {
        let may_speak = contents.share.home || root.remote_id.is_none();
        let older = !shared.contains(&root.id);
        if older && may_speak && root.remote_id != Some(contents.remote.id) && root.gone_at().is_none() {
            if !send_roots {
                withhold(&mut root);
            }
            root.file_ids.clear();
            contents.context.insert(root.id);
            by_id.insert(root.id, root);
        }
    }
    let mut placed = BTreeSet::new();
    for id in &wanted.posts {
        let root = by_id.get(id).and_then(|post| post.root_id);
        for id in root.into_iter().chain([*id]) {
            if let Some(post) = by_id.get(&id).filter(|_| placed.insert(id)) {
                contents.posts.push(post.clone());
            }
        }
    }
    contents.files = files::of_posts(view, &contents.posts).await?.into_iter().collect();
    contents.files.retain(|post, own| !contents.context.contains(post) && !own.is_empty());
    Ok(())
}

/// Leaves of a root from before the share only that there is one (`ThreadContext` `none`).
fn withhold(root: &mut Post) {
    root.message = "*A message from before this channel was shared.*".to_owned();
    root.props = "{}".to_owned();
    root.file_ids.clear();
}

async fn load_reactions(view: &mut Snapshot, contents: &mut Contents, wanted: &Wanted) -> Result<(), StoreError> {
    let direct = direct::speak_for_themselves(view, &contents.channel).await?;
    let mut placed = BTreeSet::new();
    let mut about: Vec<PostId> = wanted.reactions.iter().map(|reaction| reaction.post_id).collect();
    about.sort();
    about.dedup();
    let shared: BTreeSet<PostId> = peer_posts::shared(view, &contents.remote.id, &about).await?.into_iter().collect();
    for recorded in &wanted.reactions {
        if recorded.remote_id.is_some_and(|owner| direct.contains(&owner)) {
            continue;
        }
        let key = (recorded.post_id, recorded.user_id, recorded.emoji_name.clone());
        if !placed.insert(key) {
            continue;
        }
        let row = reactions::get(view, &recorded.post_id, &recorded.user_id, &recorded.emoji_name).await?;
        let Some(post) = posts::get(view, &recorded.post_id).await?.filter(|post| post.gone_at().is_none()) else {
            continue;
        };
        // Nothing about what the peer never got (E-072). Our clock decides, not its author's, whose may be slow.
        if let (Some(row), true) = (row, shared.contains(&post.id) && !post.is_system()) {
            let mut reaction = row.reaction;
            if reaction.remote_id.is_some() {
                reaction.update_at = row.remote_update_at;
                reaction.delete_at = reaction.delete_at.map(|_| row.remote_update_at);
            }
            contents.reactions.push(reaction);
        }
    }
    Ok(())
}

async fn load_people(view: &mut Snapshot, contents: &mut Contents, wanted: &Wanted) -> Result<(), StoreError> {
    let words: BTreeSet<String> = contents.posts.iter().flat_map(|post| mentions::find(&post.message).names).collect();
    let words: Vec<String> = words.into_iter().collect();
    for person in users::list_by_usernames(view, &words).await? {
        if channel_members::get(view, &contents.channel.id, &person.id).await?.is_some() {
            contents.mentioned.insert(person.username.clone(), person);
        }
    }
    let mut ids: BTreeSet<UserId> = contents.posts.iter().map(|post| post.user_id).collect();
    ids.extend(contents.reactions.iter().map(|reaction| reaction.user_id));
    ids.extend(contents.members.iter().filter(|(_, joined)| *joined).map(|(person, _)| person.id));
    ids.extend(contents.mentioned.values().map(|person| person.id));
    ids.extend(&wanted.profiles);
    let ids: Vec<UserId> = ids.into_iter().collect();
    let known: HashMap<UserId, Millis> =
        outbox::announced(view, &contents.remote.id, &contents.channel.id, &ids).await?.into_iter().collect();
    for person in users::list_by_ids(view, &ids).await? {
        if person.remote_id == Some(contents.remote.id) || person.is_bot {
            continue;
        }
        if !contents.share.home && person.remote_id.is_some() {
            continue;
        }
        if let Some(wire_id) = users::wire_id(view, &person.id).await? {
            contents.wire_ids.insert(person.id, wire_id);
        }
        if known.get(&person.id).is_none_or(|version| *version < person.update_at) {
            contents.unknown.push(person);
        }
    }
    Ok(())
}

/// The next page of a channel's members, for telling a peer who belongs.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn members_page(
    app: &App,
    remote: &RemoteId,
    channel: &ChannelId,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<UserId>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let share = shares::get_live(&mut view, channel, remote).await?;
    let limit = i64::try_from(limit).unwrap_or(100);
    let ids = channel_members::page_ids(&mut view, channel, remote, after.map_or("", |id| id.as_str()), limit).await?;
    if share.is_some_and(|share| share.home) {
        return Ok(ids);
    }
    let local: BTreeSet<UserId> =
        users::list_by_ids(&mut view, &ids).await?.into_iter().filter(User::is_local).map(|person| person.id).collect();
    Ok(ids.into_iter().filter(|id| local.contains(id)).collect())
}

/// What a delivered frame is remembered by.
#[derive(Debug, Clone, Default)]
pub struct Delivered {
    /// Which people, in which version, the peer knows now.
    pub announced: Vec<(UserId, Millis)>,
    /// Who is no more known to it in the channel.
    pub left: Vec<UserId>,
    /// Posts it refused, why, and whether it may ever take them.
    pub refused: Vec<(PostId, String)>,
    /// Posts it took.
    pub taken: Vec<PostId>,
    /// Those of them that have files, which follow.
    pub with_files: Vec<(Post, Vec<FileInfo>)>,
    /// Posts with files about which the peer has answered: nothing holds them any more.
    pub settled: Vec<PostId>,
}

/// Waits between attempts of an item that is refused (ruling 32), ms; after the last it is set aside.
const RETRY: [i64; 5] = [1_000, 5_000, 30_000, 120_000, 600_000];

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
    for (user, version) in &delivered.announced {
        outbox::set_announced(&mut tx, remote, channel, user, *version).await?;
    }
    for user in &delivered.left {
        outbox::delete_announced(&mut tx, remote, channel, user).await?;
    }
    peer_posts::note_taken(&mut tx, remote, &delivered.taken).await?;
    for post in &delivered.taken {
        outbox::delete_failure(&mut tx, remote, post).await?;
    }
    for (post, attached) in &delivered.with_files {
        deliveries::queue(app, &mut tx, remote, post, attached, false).await?;
    }
    for post in &delivered.settled {
        file_deliveries::release_post(&mut tx, remote, post).await?;
    }
    if !delivered.taken.is_empty() {
        interruptions::count_sent(&mut tx, remote, channel, delivered.taken.len())?;
    }
    for (post, cause) in &delivered.refused {
        let attempts = outbox::failure(&mut tx, remote, post).await?.map_or(0, |failure| failure.attempts);
        let wait = usize::try_from(attempts).ok().and_then(|n| RETRY.get(n));
        let failure = Failure {
            remote_id: *remote,
            post_id: *post,
            channel_id: *channel,
            attempts: attempts + 1,
            next_at: Millis(now.0 + wait.copied().unwrap_or_default()),
            set_aside: wait.is_none(),
            cause: cause.chars().take(200).collect(),
        };
        outbox::put_failure(&mut tx, &failure).await?;
    }
    shares::touch_sync(&mut tx, channel, remote, now)?;
    tx.commit().await?;
    if !delivered.with_files.is_empty() {
        app.bus.queue_files(*remote);
    }
    Ok(())
}

/// Sets an item aside at once: the peer can never take it, whatever it answers (ruling 34, 63).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_aside(
    app: &App,
    remote: &RemoteId,
    channel: &ChannelId,
    post: &PostId,
    cause: &str,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let failure = Failure {
        remote_id: *remote,
        post_id: *post,
        channel_id: *channel,
        attempts: 1,
        next_at: tx.now(),
        set_aside: true,
        cause: cause.to_owned(),
    };
    outbox::put_failure(&mut tx, &failure).await?;
    tx.commit().await
}

/// Refused items in order of their next attempt.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn refused(app: &App, remote: &RemoteId) -> Result<Vec<Failure>, StoreError> {
    outbox::failures(&mut app.db.read(app.clock.now()).await?, remote, false).await
}

/// How many items were set aside, and how many wait for another attempt.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn refused_counts(app: &App, remote: &RemoteId) -> Result<(usize, usize), StoreError> {
    let all = outbox::failures(&mut app.db.read(app.clock.now()).await?, remote, true).await?;
    let aside = all.iter().filter(|failure| failure.set_aside).count();
    Ok((aside, all.len() - aside))
}

/// Decides whether a toggling peer is to be told of a reaction, and notes that it will be, before it is (ruling 38).
/// False: it is believed to hold this state already.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begin_toggle(app: &App, remote: &RemoteId, reaction: &Reaction) -> Result<bool, StoreError> {
    let wanted = reaction.delete_at.is_none();
    let mut tx = app.db.begin(app.clock.now()).await?;
    let believed = outbox::believed(&mut tx, remote, reaction).await?.unwrap_or(false);
    if believed == wanted {
        return Ok(false);
    }
    outbox::set_believed(&mut tx, remote, reaction, Some(wanted)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Takes [`begin_toggle`] back: the peer surely has not seen it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn undo_toggle(app: &App, remote: &RemoteId, reaction: &Reaction) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    outbox::set_believed(&mut tx, remote, reaction, Some(reaction.delete_at.is_some())).await?;
    tx.commit().await
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
        if shares::get_live(&mut view, &post.channel_id, remote).await?.is_none() {
            continue;
        }
        let team = channels::get(&mut view, &post.channel_id).await?.and_then(|channel| channel.team_id);
        if let Some(team) = team
            && let Some(team) = teams::get(&mut view, &team).await?
        {
            found.insert(post.id, team.name);
        }
    }
    Ok(found)
}
