//! People across servers: asking another server to add one of its people, answering such a wish, and telling a server that
//! one of its people was removed here or is welcome again. Source: ruling 8.4 and 50, behaviour 4.4.5, 4.5, E-101.

use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, MemberWord, Millis, Origin, RemoteCluster, Scope, User, UserId,
};
use rialto_store::member_requests as rows;
pub use rialto_store::member_requests::Request;
use rialto_store::{StoreError, Tx, channel_members, remotes, shares, team_members, users};

use crate::access::{self, Denied, SessionUser, ShareAccess};
use crate::apply::{self, RELAYED};
use crate::connections::quotas;
use crate::notices::write_to;
use crate::outbox::ITEMS;
use crate::system_posts::{self, About, SystemPost, escape};
use crate::{App, Volatile};

/// Administrators of a channel that are asked about a wish.
const ASKED: usize = 20;

/// The server of somebody who is known directly, if the channel is shared with it and it reads these words.
async fn reachable(tx: &mut Tx, channel: &Channel, person: &User) -> Result<Option<RemoteCluster>, StoreError> {
    let Some(remote) = person.remote_id.filter(|_| !person.props.contains_key(RELAYED)) else { return Ok(None) };
    if shares::get_live(tx, &channel.id, &remote).await?.is_none() {
        return Ok(None);
    }
    Ok(remotes::get(tx, &remote).await?.filter(|remote| remote.has(ITEMS)))
}

fn tell(tx: &mut Tx, channel: &ChannelId, user: UserId, remote: &RemoteCluster, word: MemberWord) {
    let event = DomainEvent::MemberWord { channel: *channel, user, remote: remote.id, word };
    tx.record(Scope::Channel(*channel), Origin::Local, event);
}

/// Asks somebody's own server to add them; false if it cannot be asked.
pub(crate) async fn ask(tx: &mut Tx, actor: UserId, channel: &Channel, person: &User) -> Result<bool, StoreError> {
    let Some(remote) = reachable(tx, channel, person).await? else { return Ok(false) };
    let now = tx.now();
    let request = Request {
        channel_id: channel.id,
        user_id: person.id,
        requested_by: actor,
        create_at: now,
        state: "asked".to_owned(),
    };
    rows::put(tx, &request).await?;
    tell(tx, &channel.id, person.id, &remote, MemberWord::Asked { by: actor, at: now });
    Ok(true)
}

/// Tells somebody's own server that they were removed from a channel here, or are let in again.
pub(crate) async fn tell_blocked(
    tx: &mut Tx,
    channel: &Channel,
    person: &User,
    blocked: bool,
) -> Result<(), StoreError> {
    rows::delete(tx, &channel.id, &person.id).await?;
    if let Some(remote) = reachable(tx, channel, person).await? {
        let at = tx.now();
        tell(tx, &channel.id, person.id, &remote, MemberWord::Blocked { blocked, at });
    }
    Ok(())
}

/// Who is asked for in a channel and has not come yet, for those who may read it.
///
/// # Errors
/// [`Denied`].
pub async fn list(app: &App, actor: &SessionUser, channel: &ChannelId) -> Result<Vec<Request>, Denied> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, channel).await?;
    Ok(rows::list(&mut view, channel).await?)
}

/// A word of a peer's about who may be in a channel; ids as on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// It asks to have a person of ours.
    Asked {
        /// Ours.
        user: UserId,
        /// Theirs, who asks.
        by: UserId,
    },
    /// What became of our wish to have a person of theirs.
    Answered {
        /// Theirs.
        user: UserId,
        /// `added`, `refused` or `pending`.
        state: String,
    },
    /// A person of ours was removed there, or is welcome again.
    Blocked {
        /// Ours.
        user: UserId,
        /// Removed, or welcome.
        blocked: bool,
        /// By the peer's clock.
        at: Millis,
    },
}

/// Takes a peer's word. One about people who are not whose they would have to be changes nothing. Returns what is to be
/// told here once it is written.
pub(crate) async fn take(
    app: &App,
    tx: &mut Tx,
    share: &ShareAccess,
    word: &Incoming,
) -> Result<Option<Volatile>, StoreError> {
    if share.channel().kind.is_direct_or_group() {
        return Ok(None);
    }
    match word {
        Incoming::Asked { user, by } => {
            let person = users::get(tx, user).await?.filter(User::is_local);
            let (Some(person), Some(by)) = (person, apply::owned(tx, share, by).await?) else { return Ok(None) };
            // A peer that asks for thousands of our people a day is not asked by people (E-122).
            let state = match quotas::count_request(tx, &share.remote().id).await? {
                true => answer(app, tx, share, &person, &by).await?.to_owned(),
                false => "refused".to_owned(),
            };
            tell(tx, &share.channel().id, person.id, share.remote(), MemberWord::Answered { state });
            Ok(None)
        }
        Incoming::Answered { user, state } => answered(tx, share, user, state).await,
        Incoming::Blocked { user, blocked, at } => {
            let Some(person) = users::get(tx, user).await?.filter(User::is_local) else { return Ok(None) };
            let channel = share.channel().id;
            if channel_members::get(tx, &channel, &person.id).await?.is_none()
                || !rows::put_block(tx, &share.remote().id, &channel, &person.id, (*blocked, *at)).await?
            {
                return Ok(None);
            }
            let name = escape(&share.remote().display_name);
            let message = if *blocked {
                format!(
                    "**{name}** has removed you from this channel on its side: what you write here is not shown there."
                )
            } else {
                format!(
                    "**{name}** has let you into this channel on its side again: what you write here is shown there."
                )
            };
            Ok(Some(Volatile::Ephemeral { user: person.id, channel, root: None, message }))
        }
    }
}

/// Adds a person of ours at once if they could join by themselves; else asks who may add them (behaviour 4.5).
async fn answer(
    app: &App,
    tx: &mut Tx,
    share: &ShareAccess,
    person: &User,
    by: &User,
) -> Result<&'static str, StoreError> {
    let channel = share.channel();
    if person.delete_at.is_some() || person.is_bot {
        return Ok("refused");
    }
    if channel_members::get(tx, &channel.id, &person.id).await?.is_some() {
        return Ok("added");
    }
    let in_team = match &channel.team_id {
        Some(team) => team_members::get(tx, team, &person.id).await?.is_some_and(|member| member.delete_at.is_none()),
        None => false,
    };
    if channel.kind == ChannelKind::Public && in_team && !person.is_guest() {
        crate::channel_members::insert(tx, &channel.id, person.id, false, Some(by.id), Origin::Local).await?;
        let id = person.id.to_string();
        let props = [("username", by.username.as_str()), ("addedUsername", &person.username), ("addedUserId", &id)];
        let message = format!("@{} was added to the channel by @{}.", person.username, by.username);
        let post = SystemPost { channel: channel.id, about: About::Added, user: Some(by.id), message, props: &props };
        system_posts::write(app, tx, post)?;
        return Ok("added");
    }
    if rows::get(tx, &channel.id, &person.id).await?.is_none() {
        let request = Request {
            channel_id: channel.id,
            user_id: person.id,
            requested_by: by.id,
            create_at: tx.now(),
            state: "received".to_owned(),
        };
        rows::put(tx, &request).await?;
        let message = format!(
            "@{} of **{}** would like to have @{} in the channel **{}**. Add them there if you agree.",
            by.username,
            escape(&share.remote().display_name),
            person.username,
            escape(&channel.display_name),
        );
        let members = channel_members::list(tx, &channel.id, 0, 10_000).await?;
        for admin in members.iter().filter(|member| member.scheme_admin).take(ASKED) {
            write_to(app, tx, &admin.user_id, &message).await?;
        }
    }
    Ok("pending")
}

async fn answered(
    tx: &mut Tx,
    share: &ShareAccess,
    user: &UserId,
    state: &str,
) -> Result<Option<Volatile>, StoreError> {
    let Some(person) = apply::owned(tx, share, user).await? else { return Ok(None) };
    let channel = share.channel().id;
    let request = rows::get(tx, &channel, &person.id).await?.filter(|request| request.state != "received");
    let Some(request) = request else { return Ok(None) };
    let (who, name) = (&person.username, escape(&share.remote().display_name));
    let message = match state {
        "added" => {
            rows::delete(tx, &channel, &person.id).await?;
            return Ok(None);
        }
        "refused" => {
            rows::delete(tx, &channel, &person.id).await?;
            format!("**{name}** does not add @{who} to this channel.")
        }
        "pending" if request.state != "pending" => {
            rows::put(tx, &Request { state: "pending".to_owned(), ..request.clone() }).await?;
            format!("**{name}** has asked those who look after this channel there whether @{who} is to be added.")
        }
        _ => return Ok(None),
    };
    Ok(Some(Volatile::Ephemeral { user: request.requested_by, channel, root: None, message }))
}
