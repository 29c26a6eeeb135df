//! What the websocket hub reads: who listens, and the current rows behind the events of the log.
//!
//! Nothing here checks permissions: the scope of an event did, when it was recorded, and the hub holds to it.

use std::collections::{BTreeSet, HashMap};

use rialto_model::bookmark::ShownBookmark;
use rialto_model::draft::{ShownDraft, ShownScheduledPost};
use rialto_model::{
    Channel, ChannelId, ChannelMember, ItemId, Millis, PostId, RemoteId, SessionId, Team, TeamId, TeamMember, User,
    UserId,
};
use rialto_store::{
    Snapshot, StoreError, access_tokens, channel_members, channels, sessions, shares, team_members, teams, users,
};

use crate::App;
use crate::access::SessionUser;
use crate::sessions::NEVER;
use crate::shown_posts::{self, ShownPost};
use crate::{bookmarks, drafts, link_previews, scheduled_posts, threads};

/// Somebody who listens: the person, and where they belong.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The person.
    pub user: User,
    /// When the sign-in ends by itself, if it is not used.
    pub expires_at: Millis,
    /// Their channels.
    pub channels: Vec<ChannelId>,
    /// Their teams.
    pub teams: Vec<TeamId>,
}

/// Who listens through this sign-in; None once it is over. What was committed before the call is seen, so whoever
/// calls between two events of the log misses no end of access (INV-11).
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn listener(app: &App, user: &UserId, session: &SessionId) -> Result<Option<Listener>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let Some((user, expires_at)) = signed_in(app, &mut view, user, session).await? else { return Ok(None) };
    let channels = channel_members::channel_ids(&mut view, &user.id).await?;
    let memberships = team_members::list_of_user(&mut view, &user.id).await?;
    let teams = memberships.into_iter().map(|member| member.team_id).collect();
    Ok(Some(Listener { user, expires_at, channels, teams }))
}

/// The actor behind a live sign-in, with the rights of this moment, and when the sign-in ends by itself; None once it
/// is over.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn actor(app: &App, user: &UserId, session: &SessionId) -> Result<Option<(SessionUser, Millis)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let found = signed_in(app, &mut view, user, session).await?;
    Ok(found.map(|(user, expires_at)| (SessionUser::new(&user, *session), expires_at)))
}

async fn signed_in(
    app: &App,
    view: &mut Snapshot,
    user: &UserId,
    session: &SessionId,
) -> Result<Option<(User, Millis)>, StoreError> {
    let now = view.now();
    let Some(person) = users::get(view, user).await?.filter(|user| user.delete_at.is_none() && user.is_local()) else {
        return Ok(None);
    };
    let sessions = sessions::list(view, user).await?;
    let expires_at = match sessions.into_iter().find(|one| one.id == *session) {
        Some(found) => found.expires_at,
        None => {
            let token = access_tokens::get(view, session).await?;
            let usable = person.is_bot || app.settings.get().access_tokens;
            if !token.is_some_and(|token| token.user_id == *user && token.is_active && usable) {
                return Ok(None);
            }
            NEVER
        }
    };
    Ok((expires_at > now).then_some((person, expires_at)))
}

/// Rows somebody needs.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Posts, with what is shown beside them.
    pub posts: BTreeSet<PostId>,
    /// People.
    pub users: BTreeSet<UserId>,
    /// People whose channels are needed.
    pub channels_of: BTreeSet<UserId>,
    /// Channels; of direct and group channels the members too.
    pub channels: BTreeSet<ChannelId>,
    /// Memberships in channels.
    pub channel_members: BTreeSet<(ChannelId, UserId)>,
    /// Teams.
    pub teams: BTreeSet<TeamId>,
    /// Memberships in teams.
    pub team_members: BTreeSet<(TeamId, UserId)>,
    /// Connections whose channels are needed.
    pub channels_over: BTreeSet<RemoteId>,
    /// Drafts, by person and place.
    pub drafts: BTreeSet<(UserId, ChannelId, Option<PostId>)>,
    /// Messages that are to be posted later.
    pub scheduled_posts: BTreeSet<ItemId>,
    /// Bookmarks.
    pub bookmarks: BTreeSet<ItemId>,
    /// Channels whose bookmarks are all needed.
    pub bookmarks_of: BTreeSet<ChannelId>,
    /// Changes of threads, in their order.
    pub threads: Vec<threads::Change>,
}

/// Rows as they are now; what has gone is missing.
#[derive(Debug, Default)]
pub struct Rows {
    /// Posts.
    pub posts: HashMap<PostId, ShownPost>,
    /// People.
    pub users: HashMap<UserId, User>,
    /// Ids of people's channels.
    pub channels_of: HashMap<UserId, Vec<ChannelId>>,
    /// Channels.
    pub channels: HashMap<ChannelId, Channel>,
    /// Members of direct and group channels.
    pub participants: HashMap<ChannelId, Vec<UserId>>,
    /// Memberships in channels.
    pub channel_members: HashMap<(ChannelId, UserId), ChannelMember>,
    /// Teams.
    pub teams: HashMap<TeamId, Team>,
    /// Live memberships in teams.
    pub team_members: HashMap<(TeamId, UserId), TeamMember>,
    /// Ids of the channels that are or were shared over a connection.
    pub channels_over: HashMap<RemoteId, Vec<ChannelId>>,
    /// Drafts, by person and place.
    pub drafts: HashMap<(UserId, ChannelId, Option<PostId>), ShownDraft>,
    /// Messages that are to be posted later.
    pub scheduled_posts: HashMap<ItemId, ShownScheduledPost>,
    /// Bookmarks, removed ones among them.
    pub bookmarks: HashMap<ItemId, ShownBookmark>,
    /// The live bookmarks of channels, in their order.
    pub bookmarks_of: HashMap<ChannelId, Vec<ShownBookmark>>,
    /// What followers are told of a thread for a reply, or for one that is gone.
    pub threads: HashMap<(PostId, Option<PostId>), threads::Updates>,
}

/// Group channels have at most this many members (client-api 10).
const MOST_PARTICIPANTS: i64 = 8;

/// Reads `wanted` as it is now, or newer than any event delivered so far.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn load(app: &App, wanted: &Wanted) -> Result<Rows, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let mut rows = Rows::default();
    if !wanted.posts.is_empty() {
        let ids: Vec<PostId> = wanted.posts.iter().copied().collect();
        rows.posts =
            shown_posts::list(&mut view, &ids).await?.into_iter().map(|shown| (shown.post.id, shown)).collect();
        link_previews::ask(app, rows.posts.values());
    }
    let authors = rows.posts.values().map(|shown| shown.post.user_id);
    let people: BTreeSet<UserId> = wanted.users.iter().copied().chain(authors).collect();
    if !people.is_empty() {
        let ids: Vec<UserId> = people.into_iter().collect();
        rows.users = users::list_by_ids(&mut view, &ids).await?.into_iter().map(|user| (user.id, user)).collect();
    }
    for user in &wanted.channels_of {
        rows.channels_of.insert(*user, channel_members::channel_ids(&mut view, user).await?);
    }
    if !wanted.channels.is_empty() {
        let ids: Vec<ChannelId> = wanted.channels.iter().copied().collect();
        let found = channels::list_by_ids(&mut view, &ids).await?;
        for channel in found.iter().filter(|channel| channel.kind.is_direct_or_group()) {
            let members = channel_members::list(&mut view, &channel.id, 0, MOST_PARTICIPANTS).await?;
            rows.participants.insert(channel.id, members.into_iter().map(|member| member.user_id).collect());
        }
        rows.channels = found.into_iter().map(|channel| (channel.id, channel)).collect();
    }
    for (channel, user) in &wanted.channel_members {
        if let Some(member) = channel_members::get(&mut view, channel, user).await? {
            rows.channel_members.insert((*channel, *user), member);
        }
    }
    for (change, updates) in wanted.threads.iter().zip(threads::updates(&mut view, &wanted.threads).await?) {
        if let Some(updates) = updates {
            rows.threads.insert((change.root, change.reply), updates);
        }
    }
    for place in &wanted.drafts {
        if let Some(shown) = drafts::of_place(&mut view, place).await? {
            rows.drafts.insert(*place, shown);
        }
    }
    for id in &wanted.scheduled_posts {
        if let Some(shown) = scheduled_posts::of_id(&mut view, id).await? {
            rows.scheduled_posts.insert(*id, shown);
        }
    }
    for id in &wanted.bookmarks {
        if let Some(shown) = bookmarks::of_id(&mut view, id).await? {
            rows.bookmarks.insert(*id, shown);
        }
    }
    for channel in &wanted.bookmarks_of {
        rows.bookmarks_of.insert(*channel, bookmarks::of_channel(&mut view, channel).await?);
    }
    for remote in &wanted.channels_over {
        rows.channels_over.insert(*remote, shares::channels_over(&mut view, remote).await?);
    }
    for team in &wanted.teams {
        if let Some(found) = teams::get(&mut view, team).await? {
            rows.teams.insert(*team, found);
        }
    }
    for (team, user) in &wanted.team_members {
        let member = team_members::get(&mut view, team, user).await?;
        if let Some(member) = member.filter(|member| member.delete_at.is_none()) {
            rows.team_members.insert((*team, *user), member);
        }
    }
    Ok(rows)
}
