//! Incoming webhooks: addresses at which programs leave messages in the name of whoever made them. Source: client-api 7.1.

use rialto_model::{Channel, ChannelId, IncomingWebhook, ItemId, Permission, Post, SessionId, TeamId, UserId};
use rialto_store::{Snapshot, StoreError, Tx, channels, users, webhooks as rows};

use crate::access::{self, Denied, SessionUser};
use crate::audit::{self, About};
use crate::programs::{self, Look, Message};
use crate::{App, direct_channels, posts};

/// Characters of a name and of a description at most.
const NAME: usize = 64;
const DESCRIPTION: usize = 500;
/// Characters of an icon's address at most.
const ICON: usize = 1_024;

/// Why something about a webhook was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are none on this server.
    #[error("webhooks are switched off")]
    Disabled,
    /// There is none, or none this actor may know of.
    #[error("no such webhook")]
    Absent,
    /// Names, descriptions or addresses that are too long.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The message says nothing.
    #[error("nothing to write")]
    Empty,
    /// The message is for a channel or person that is not there.
    #[error("no such channel")]
    NoChannel,
    /// The webhook is for one channel only.
    #[error("the webhook writes in one channel only")]
    Locked,
    /// What its maker could not write either.
    #[error(transparent)]
    Post(#[from] posts::Error),
    /// Conversations that cannot be opened.
    #[error(transparent)]
    Direct(#[from] direct_channels::Error),
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody says of a webhook.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Where it writes.
    pub channel: Option<ChannelId>,
    /// Shown in lists.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Shown instead of its maker's name.
    pub username: String,
    /// Shown instead of its maker's picture.
    pub icon_url: String,
    /// It writes nowhere else.
    pub channel_locked: bool,
}

impl Change {
    fn check(&self) -> Result<(), Error> {
        let fits = |text: &str, most: usize, what| {
            if text.chars().count() > most { Err(Error::TooLong(what)) } else { Ok(()) }
        };
        fits(&self.display_name, NAME, "display_name")?;
        fits(&self.description, DESCRIPTION, "description")?;
        fits(&self.username, NAME, "username")?;
        fits(&self.icon_url, ICON, "icon_url")
    }
}

fn allowed(app: &App) -> Result<(), Error> {
    if app.settings.get().incoming_webhooks { Ok(()) } else { Err(Error::Disabled) }
}

/// The channel, if the actor may make webhooks for it: one of a team that they read.
async fn channel_for(view: &mut Snapshot, actor: &SessionUser, id: &ChannelId) -> Result<(Channel, TeamId), Error> {
    let channel = access::readable_channel(view, actor, id).await?.into_channel();
    let team = channel.team_id.ok_or(Error::NoChannel)?;
    access::team(view, actor, &team, Permission::ManageOwnIncomingWebhooks).await?;
    Ok((channel, team))
}

fn note(tx: &mut Tx, actor: &SessionUser, action: &str, hook: &IncomingWebhook) -> Result<(), StoreError> {
    // Its id is a secret.
    let about =
        About { action, channel: Some(hook.channel_id), result: "ok", detail: &hook.display_name, ..About::default() };
    audit::by_user(tx, actor, about)
}

/// Makes a webhook that writes as the actor.
///
/// # Errors
/// [`Error`].
pub async fn create(app: &App, actor: &SessionUser, new: Change) -> Result<IncomingWebhook, Error> {
    allowed(app)?;
    new.check()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = new.channel.ok_or(Error::NoChannel)?;
    let (channel, team_id) = channel_for(&mut tx, actor, &channel).await?;
    let now = tx.now();
    let hook = IncomingWebhook {
        id: app.ids.id(ItemId::from_random),
        user_id: actor.user_id,
        channel_id: channel.id,
        team_id,
        display_name: new.display_name,
        description: new.description,
        username: new.username,
        icon_url: new.icon_url,
        channel_locked: new.channel_locked,
        create_at: now,
        update_at: now,
    };
    rows::put(&mut tx, &hook).await?;
    note(&mut tx, actor, "create_incoming_webhook", &hook)?;
    tx.commit().await?;
    Ok(hook)
}

/// A webhook, if the actor may change it: their own, or anybody's in a team whose webhooks they manage.
async fn managed(view: &mut Snapshot, actor: &SessionUser, id: &ItemId) -> Result<IncomingWebhook, Error> {
    let hook = rows::get(view, id).await?.ok_or(Error::Absent)?;
    let needs = (Permission::ManageOwnIncomingWebhooks, Permission::ManageOthersIncomingWebhooks);
    access::team_of_made(view, actor, &hook.team_id, &hook.user_id, needs).await?;
    Ok(hook)
}

/// One webhook.
///
/// # Errors
/// [`Error`].
pub async fn get(app: &App, actor: &SessionUser, id: &ItemId) -> Result<IncomingWebhook, Error> {
    allowed(app)?;
    managed(&mut app.db.read(app.clock.now()).await?, actor, id).await
}

/// Webhooks of a team, or of all teams for those who manage them everywhere; and how many there are.
///
/// # Errors
/// [`Error`].
pub async fn list(
    app: &App,
    actor: &SessionUser,
    team: Option<&TeamId>,
    offset: i64,
    limit: i64,
) -> Result<(Vec<IncomingWebhook>, i64), Error> {
    allowed(app)?;
    let mut view = app.db.read(app.clock.now()).await?;
    let all = match team {
        Some(team) => {
            let access = access::team(&mut view, actor, team, Permission::ManageOwnIncomingWebhooks).await?;
            access.may(Permission::ManageOthersIncomingWebhooks)
        }
        None => {
            actor.require(Permission::ManageOwnIncomingWebhooks)?;
            actor.may(Permission::ManageOthersIncomingWebhooks)
        }
    };
    let of: Option<&UserId> = (!all).then_some(&actor.user_id);
    let found = rows::list(&mut view, team, of, offset, limit).await?;
    Ok((found, rows::count(&mut view, team, of).await?))
}

/// Changes a webhook.
///
/// # Errors
/// [`Error`].
pub async fn update(app: &App, actor: &SessionUser, id: &ItemId, change: Change) -> Result<IncomingWebhook, Error> {
    allowed(app)?;
    change.check()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut hook = managed(&mut tx, actor, id).await?;
    if let Some(channel) = change.channel.filter(|channel| *channel != hook.channel_id) {
        let (channel, team) = channel_for(&mut tx, actor, &channel).await?;
        (hook.channel_id, hook.team_id) = (channel.id, team);
    }
    hook.display_name = change.display_name;
    hook.description = change.description;
    hook.username = change.username;
    hook.icon_url = change.icon_url;
    hook.channel_locked = change.channel_locked;
    hook.update_at = hook.update_at.next_version(tx.now());
    rows::put(&mut tx, &hook).await?;
    note(&mut tx, actor, "update_incoming_webhook", &hook)?;
    tx.commit().await?;
    Ok(hook)
}

/// Ends a webhook.
///
/// # Errors
/// [`Error`].
pub async fn delete(app: &App, actor: &SessionUser, id: &ItemId) -> Result<(), Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let hook = managed(&mut tx, actor, id).await?;
    rows::delete(&mut tx, id).await?;
    note(&mut tx, actor, "delete_incoming_webhook", &hook)?;
    tx.commit().await?;
    Ok(())
}

/// Writes what a program left at a webhook; long texts as several posts. `place` is a channel's name, `#name` or `@person`;
/// empty for the webhook's own channel.
///
/// # Errors
/// [`Error`]; nothing was written then, or only the first parts of a text.
pub async fn deliver(app: &App, id: &ItemId, place: &str, message: Message) -> Result<Vec<Post>, Error> {
    allowed(app)?;
    let mut view = app.db.read(app.clock.now()).await?;
    let hook = rows::get(&mut view, id).await?.ok_or(Error::Absent)?;
    let maker = users::get(&mut view, &hook.user_id).await?;
    let maker = maker.filter(|maker| maker.is_local() && maker.delete_at.is_none()).ok_or(Error::Absent)?;
    let session = SessionId::parse(hook.id.as_str()).map_err(|_| Error::Absent)?;
    let actor = SessionUser::new(&maker, session);
    if message.is_empty() {
        return Err(Error::Empty);
    }
    let channel = target(app, view, &actor, &hook, place).await?;
    if hook.channel_locked && channel != hook.channel_id {
        return Err(Error::Locked);
    }
    let look = Look { display_name: &hook.display_name, username: &hook.username, icon_url: &hook.icon_url };
    Ok(programs::write(app, &actor, &channel, None, look, message).await?)
}

async fn target(
    app: &App,
    mut view: Snapshot,
    actor: &SessionUser,
    hook: &IncomingWebhook,
    named: &str,
) -> Result<ChannelId, Error> {
    if let Some(name) = named.strip_prefix('@') {
        let person = users::get_by_username(&mut view, &name.to_lowercase()).await?.ok_or(Error::NoChannel)?;
        drop(view);
        return Ok(direct_channels::open(app, actor, &actor.user_id, &person.id).await?.id);
    }
    let name = named.strip_prefix('#').unwrap_or(named).to_lowercase();
    if name.is_empty() {
        return Ok(hook.channel_id);
    }
    let found = channels::get_by_name(&mut view, Some(&hook.team_id), &name).await?;
    Ok(found.ok_or(Error::NoChannel)?.id)
}
