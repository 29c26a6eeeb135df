//! Loads what a batch of changes of one channel amounts to now: current rows, and the people a peer must know for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rialto_model::{
    Acknowledgement, Channel, ChannelId, ConnectionPolicy, FileInfo, MemberWord, Millis, Post, PostId, Priority,
    Reaction, RemoteCluster, RemoteId, Seq, Share, ShareState, User, UserId, names,
};
use rialto_store::pins::Pin;
use rialto_store::statuses::Status;
use rialto_store::{
    Snapshot, StoreError, channel_members, channels, member_versions, outbox, peer_positions, peer_posts, posts,
    priorities, reactions, remotes, shares, users,
};

use super::{people, pins, receipts};
use crate::connections::{consumer, policies};
use crate::delivery_states::Receipt;
use crate::installation::is_system_account;
use crate::shares::direct;
use crate::{App, files, mentions};

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
    /// Versions of the words on who joined or left; see [`versions_of_members`].
    pub member_versions: HashMap<UserId, Millis>,
    /// People the peer does not know yet in their present version.
    pub unknown: Vec<User>,
    /// Everybody the posts mention who belongs to the channel, by username.
    pub mentioned: HashMap<String, User>,
    /// Wire ids of people who have another id here (ruling 52).
    pub wire_ids: HashMap<UserId, UserId>,
    /// Presence to tell of.
    pub statuses: Vec<Status>,
    /// Acknowledgements, and ends of them.
    pub acknowledgements: Vec<Acknowledgement>,
    /// The last words on pins.
    pub pins: Vec<Pin>,
    /// How posts of the peer's people fared with third organisations.
    pub receipts: Vec<Receipt>,
    /// Who may be in the channel, beside joins and leaves.
    pub member_words: Vec<(UserId, MemberWord)>,
    /// Priorities of the posts that have one.
    pub priorities: HashMap<PostId, Priority>,
    /// The sender's position in the log when this was loaded.
    pub seq: Seq,
    /// Up to here nothing of the log is missing at the peer, in no channel.
    pub low: Seq,
    /// The position of the last frame the peer has confirmed.
    pub after: Option<Seq>,
    /// The epoch of our log.
    pub epoch: String,
    /// What is allowed over the connection (behaviour 8.6).
    pub policy: ConnectionPolicy,
    /// These are earlier messages (behaviour 8.1).
    pub backfill: bool,
    /// Messages the posts link to, and whether the peer's people can see them; for the sender to fill.
    pub links: HashMap<PostId, bool>,
}

impl Contents {
    /// What somebody is called on the wire, where that is not their id here (ruling 52).
    pub fn wire_id(&self, user: &UserId) -> UserId {
        self.wire_ids.get(user).copied().unwrap_or(*user)
    }
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
    /// People whose presence changed.
    pub statuses: Vec<UserId>,
    /// Posts and who acknowledged them.
    pub acknowledgements: Vec<(PostId, UserId)>,
    /// These are messages from before the share, to be sent with everything that belongs to them (behaviour 8.1).
    pub backfill: bool,
    /// Posts whose pins changed.
    pub pins: Vec<PostId>,
    /// Third organisations and posts of the peer's people.
    pub receipts: Vec<(RemoteId, PostId)>,
    /// Who may be in the channel, beside joins and leaves.
    pub member_words: Vec<(UserId, MemberWord)>,
}

impl Wanted {
    /// How many items there are.
    pub fn number(&self) -> usize {
        let about_people = self.members.len() + self.profiles.len() + self.statuses.len();
        self.posts.len()
            + self.reactions.len()
            + self.acknowledgements.len()
            + self.pins.len()
            + self.member_words.len()
            + about_people
            + self.receipts.len()
    }
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
    let (seq, low) = peer_positions::delivered(&mut view, remote, &consumer(remote)).await?.unwrap_or_default();
    let after = peer_positions::get(&mut view, remote).await?.applied;
    let policy = policies::within(&mut view, remote).await?;
    let mut contents = Contents {
        share,
        remote: peer,
        channel,
        posts: Vec::new(),
        context: BTreeSet::new(),
        files: BTreeMap::new(),
        reactions: Vec::new(),
        members: Vec::new(),
        member_versions: HashMap::new(),
        unknown: Vec::new(),
        mentioned: HashMap::new(),
        wire_ids: HashMap::new(),
        statuses: Vec::new(),
        acknowledgements: Vec::new(),
        pins: Vec::new(),
        receipts: Vec::new(),
        member_words: wanted.member_words.clone(),
        priorities: HashMap::new(),
        seq,
        low,
        after,
        epoch: app.installation.epoch.clone(),
        policy,
        backfill: wanted.backfill,
        links: HashMap::new(),
    };
    load_posts(&mut view, &mut contents, wanted, send_roots).await?;
    load_reactions(&mut view, &mut contents, wanted).await?;
    for user in &wanted.members {
        if let Some(person) = users::get(&mut view, user).await? {
            let joined = channel_members::get(&mut view, &contents.channel.id, user).await?.is_some();
            // Of those who leave no description goes along, which would bring it (ruling 52).
            if let Some(wire_id) = users::wire_id(&mut view, user).await? {
                contents.wire_ids.insert(*user, wire_id);
            }
            contents.members.push((person, joined));
        }
    }
    people::load_acknowledgements(&mut view, &mut contents, wanted).await?;
    pins::load(&mut view, &mut contents, wanted).await?;
    receipts::load(&mut view, &mut contents, wanted).await?;
    let newcomers = load_people(&mut view, &mut contents, wanted).await?;
    people::load_statuses(&mut view, &mut contents, wanted, &newcomers).await?;
    Ok(Some(contents))
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
    if !send_roots && !wanted.backfill {
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
    let fetched = posts::list_by_ids(view, &roots).await?;
    // Thread and all was taken away by the root's author, wherever the replies were written; who has had the root deleted
    // first would show a reply that comes after it.
    let roots = fetched.iter().chain(by_id.values());
    let deleted: BTreeSet<PostId> = roots.filter(|root| root.delete_at.is_some()).map(|root| root.id).collect();
    by_id.retain(|_, post| post.delete_at.is_some() || post.root_id.is_none_or(|root| !deleted.contains(&root)));
    for mut root in fetched {
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
    let ids: Vec<PostId> = contents.posts.iter().filter(|post| post.root_id.is_none()).map(|post| post.id).collect();
    if !ids.is_empty() {
        contents.priorities = priorities::list(view, &ids).await?.into_iter().collect();
    }
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
    let shared = given(view, contents, &about).await?;
    for recorded in &wanted.reactions {
        if recorded.remote_id.is_some_and(|owner| direct.contains(&owner)) {
            continue;
        }
        let emoji = names::canonical_emoji(&recorded.emoji_name).to_owned();
        let key = (recorded.post_id, recorded.user_id, emoji);
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

/// Of these posts the ones the peer has been given as a whole, or gets by what is loaded.
pub(super) async fn given(
    view: &mut Snapshot,
    contents: &Contents,
    posts: &[PostId],
) -> Result<BTreeSet<PostId>, StoreError> {
    let mut given: BTreeSet<PostId> = peer_posts::shared(view, &contents.remote.id, posts).await?.into_iter().collect();
    if contents.backfill {
        given.extend(contents.posts.iter().map(|post| post.id).filter(|post| !contents.context.contains(post)));
    }
    Ok(given)
}

/// Returns who is described to the peer for the first time.
async fn load_people(view: &mut Snapshot, contents: &mut Contents, wanted: &Wanted) -> Result<Vec<UserId>, StoreError> {
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
    ids.extend(people::acknowledgers(&contents.acknowledgements));
    ids.extend(pins::pinners(&contents.pins));
    for (user, word) in &contents.member_words {
        if let MemberWord::Asked { by, .. } = word {
            ids.insert(*by);
        }
        if let Some(wire_id) = users::wire_id(view, user).await? {
            contents.wire_ids.insert(*user, wire_id);
        }
    }
    ids.extend(&wanted.profiles);
    let ids: Vec<UserId> = ids.into_iter().collect();
    let known: HashMap<UserId, Millis> =
        outbox::announced(view, &contents.remote.id, &contents.channel.id, &ids).await?.into_iter().collect();
    let mut newcomers = Vec::new();
    for person in users::list_by_ids(view, &ids).await? {
        if person.remote_id == Some(contents.remote.id) || is_system_account(&person) {
            continue;
        }
        if !contents.share.home && person.remote_id.is_some() {
            continue;
        }
        if let Some(wire_id) = users::wire_id(view, &person.id).await? {
            contents.wire_ids.insert(person.id, wire_id);
        }
        if known.get(&person.id).is_none_or(|version| *version < person.update_at) {
            if !known.contains_key(&person.id) {
                newcomers.push(person.id);
            }
            contents.unknown.push(person);
        }
    }
    Ok(newcomers)
}

/// The versions by which a peer tells our words on memberships apart: of our people ours, which only grow, whatever the
/// clock does; of others what their own server said (E-126).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn versions_of_members(app: &App, contents: &Contents) -> Result<HashMap<UserId, Millis>, StoreError> {
    let mut versions = HashMap::new();
    if contents.members.is_empty() {
        return Ok(versions);
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    for (person, _) in &contents.members {
        let channel = &contents.channel.id;
        let version = match person.remote_id {
            None => member_versions::next(&mut tx, channel, &person.id, now).await?,
            // Described to us, and nothing said of the membership yet: whatever their server says of it comes after.
            Some(_) => member_versions::get(&mut tx, channel, &person.id).await?.unwrap_or(Millis(1)),
        };
        versions.insert(person.id, version);
    }
    tx.commit().await?;
    Ok(versions)
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
    let home = shares::get_live(&mut view, channel, remote).await?.is_some_and(|share| share.home);
    let limit = i64::try_from(limit).unwrap_or(100);
    let mut after = after.copied();
    loop {
        let from = after.as_ref().map_or("", |id| id.as_str());
        let mut ids = channel_members::page_ids(&mut view, channel, remote, from, limit).await?;
        let Some(last) = ids.last().copied() else { return Ok(ids) };
        if !home {
            let people = users::list_by_ids(&mut view, &ids).await?;
            let local: BTreeSet<UserId> = people.into_iter().filter(User::is_local).map(|person| person.id).collect();
            ids.retain(|id| local.contains(id));
        }
        if !ids.is_empty() {
            return Ok(ids);
        }
        // A page of people the home knows better than we is not the last one.
        after = Some(last);
    }
}
