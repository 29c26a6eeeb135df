//! Finding messages by their words, author, place and day. Source: SC-015, client-api 5.5.
//!
//! The index is written behind the event log by a reader of its own, never with the message: who writes does not wait for
//! it. Whoever searches brings it up to date first, so that nobody misses what they have just seen.

mod index;
mod terms;
#[cfg(test)]
mod tests;
mod words;

pub use index::{Index, follow};

use std::collections::BTreeSet;

use rialto_model::{Channel, ChannelId, ChannelKind, Permission, Post, TeamId, UserId};
use rialto_store::search::{self, Query};
use rialto_store::{Snapshot, StoreError, channels, posts, users};

use crate::access::{self, Denied, SessionUser};
use crate::{App, direct_channels};
use terms::Terms;

/// What somebody looks for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Words and modifiers as typed.
    pub terms: String,
    /// One of the words is enough.
    pub any: bool,
    /// How far the reader's days are from those of UTC, seconds.
    pub offset_seconds: i64,
    /// Archived channels as well.
    pub archived: bool,
    /// Results to skip.
    pub skip: i64,
    /// Results at most.
    pub limit: i64,
}

/// The messages the actor may read that hold what is looked for, newest first: in the channels of one team and in
/// conversations, or in all the actor belongs to. Nothing is found by nothing.
///
/// # Errors
/// [`Denied`] without `view_team` in the team.
pub async fn posts(
    app: &App,
    actor: &SessionUser,
    team: Option<&TeamId>,
    wanted: &Search,
) -> Result<Vec<Post>, Denied> {
    if let Some(team) = team {
        access::team(&mut app.db.read(app.clock.now()).await?, actor, team, Permission::ViewTeam).await?;
    }
    let terms = Terms::parse(&wanted.terms, wanted.offset_seconds);
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    index::catch_up(app).await?;
    let mut view = app.db.read(app.clock.now()).await?;
    let open = channels::list_of_user(&mut view, &actor.user_id, team, wanted.archived).await?;
    let Some(query) = resolve(&mut view, actor, &open, terms, wanted.any).await? else { return Ok(Vec::new()) };
    let ids = search::find(&mut view, &query, wanted.skip.max(0), wanted.limit.clamp(1, 200)).await?;
    let mut found = posts::list_by_ids(&mut view, &ids).await?;
    found.sort_by_key(|post| std::cmp::Reverse((post.create_at, post.id)));
    Ok(found)
}

/// Turns names into ids. None if a name is nobody's or no channel's: then nothing can be found.
async fn resolve(
    view: &mut Snapshot,
    actor: &SessionUser,
    open: &[Channel],
    terms: Terms,
    any: bool,
) -> Result<Option<Query>, StoreError> {
    let authors = people(view, &terms.from).await?;
    let mut places: Vec<&Channel> = open.iter().collect();
    if !terms.places.is_empty() {
        let named = named(view, actor, open, &terms.places).await?;
        places.retain(|channel| named.contains(&channel.id));
    }
    let not_in = named(view, actor, open, &terms.not_places).await?;
    places.retain(|channel| !not_in.contains(&channel.id));
    if places.is_empty() || (!terms.from.is_empty() && authors.is_empty()) {
        return Ok(None);
    }
    Ok(Some(Query {
        with: terms.with,
        any,
        without: terms.without,
        channels: places.into_iter().map(|channel| channel.id).collect(),
        authors,
        not_authors: people(view, &terms.not_from).await?,
        from: terms.since,
        until: terms.until,
        outside: terms.outside,
    }))
}

/// Whoever these names mean, people of other servers by their names here among them.
async fn people(view: &mut Snapshot, list: &[String]) -> Result<Vec<UserId>, StoreError> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    Ok(users::list_by_usernames(view, list).await?.into_iter().map(|person| person.id).collect())
}

/// The channels these names mean among those that are open to the actor: `town-square`, or `@bob` for the conversation
/// with Bob.
async fn named(
    view: &mut Snapshot,
    actor: &SessionUser,
    open: &[Channel],
    list: &[String],
) -> Result<BTreeSet<ChannelId>, StoreError> {
    let mut wanted: BTreeSet<String> = list.iter().cloned().collect();
    let with: Vec<String> = list.iter().filter_map(|name| name.strip_prefix('@').map(str::to_owned)).collect();
    for person in people(view, &with).await? {
        wanted.insert(direct_channels::name(ChannelKind::Direct, &BTreeSet::from([actor.user_id, person])));
    }
    Ok(open.iter().filter(|channel| wanted.contains(&channel.name)).map(|channel| channel.id).collect())
}
