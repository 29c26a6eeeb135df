//! Outgoing webhooks: programs that are told of messages in public channels. Source: client-api 7.2.

pub mod telling;

use rialto_model::{ChannelId, ChannelKind, ItemId, OutgoingWebhook, Permission, TeamId, TriggerWhen};
use rialto_store::outgoing_webhooks::{self as rows, Which};
use rialto_store::{Snapshot, StoreError, Tx};
use url::Url;

use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::audit::{self, About};

/// Characters of a name and of a description at most.
const NAME: usize = 64;
const DESCRIPTION: usize = 500;
/// Characters of all words together, and of all addresses (client-api 10).
const LIST: usize = 1_024;

/// Why something about a webhook was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are none on this server.
    #[error("outgoing webhooks are switched off")]
    Disabled,
    /// There is none, or none this actor may know of.
    #[error("no such webhook")]
    Absent,
    /// A part that is too long, missing or not what it should be.
    #[error("{0} is not usable")]
    Unusable(&'static str),
    /// Another webhook of the channel or team hears the same words and calls the same address.
    #[error("another webhook does the same")]
    Double,
    /// Only public channels are told of.
    #[error("not a public channel of the team")]
    NotPublic,
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody says of a webhook.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its channel, if it has one.
    pub channel: Option<ChannelId>,
    /// Words it hears.
    pub trigger_words: Vec<String>,
    /// When they count.
    pub trigger_when: TriggerWhen,
    /// Where to call.
    pub callback_urls: Vec<String>,
    /// Shown in lists.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// `application/json` or a form's.
    pub content_type: String,
    /// Shown instead of its maker's name.
    pub username: String,
    /// Shown instead of its maker's picture.
    pub icon_url: String,
}

impl Change {
    fn check(&self) -> Result<(), Error> {
        let length = |texts: &[String]| texts.iter().map(|text| text.chars().count()).sum::<usize>();
        let fits = |ok: bool, what| if ok { Ok(()) } else { Err(Error::Unusable(what)) };
        let short = |text: &str, most: usize| text.chars().count() <= most;
        fits(short(&self.display_name, NAME), "display_name")?;
        fits(short(&self.description, DESCRIPTION), "description")?;
        fits(short(&self.username, NAME), "username")?;
        fits(short(&self.icon_url, LIST), "icon_url")?;
        fits(short(&self.content_type, 128), "content_type")?;
        fits(length(&self.trigger_words) <= LIST, "trigger_words")?;
        let word = |word: &String| !word.is_empty() && !word.contains(char::is_whitespace);
        fits(self.trigger_words.iter().all(word), "trigger_words")?;
        fits(self.channel.is_some() || !self.trigger_words.is_empty(), "trigger_words")?;
        fits(length(&self.callback_urls) <= LIST && !self.callback_urls.is_empty(), "callback_urls")?;
        fits(self.callback_urls.iter().all(|url| is_web(url)), "callback_urls")
    }
}

/// Whether an address is one of the web.
pub(crate) fn is_web(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn allowed(app: &App) -> Result<(), Error> {
    if app.settings.get().programs.outgoing_webhooks { Ok(()) } else { Err(Error::Disabled) }
}

fn note(tx: &mut Tx, actor: &SessionUser, action: &str, hook: &OutgoingWebhook) -> Result<(), StoreError> {
    let about = About {
        action,
        channel: hook.channel_id,
        result: "ok",
        detail: &format!("{} {}", hook.id, hook.display_name),
        ..About::default()
    };
    audit::by_user(tx, actor, about)
}

/// Demands a public channel of the team that the actor reads, and that nobody else hears the same.
async fn fits(
    view: &mut Snapshot,
    actor: &SessionUser,
    team: &TeamId,
    own: Option<&ItemId>,
    change: &Change,
) -> Result<(), Error> {
    if let Some(id) = &change.channel {
        let access = access::readable_channel(view, actor, id).await?;
        let channel = access.channel();
        if channel.kind != ChannelKind::Public || channel.team_id != Some(*team) {
            return Err(Error::NotPublic);
        }
    }
    for other in rows::of_teams(view, &[*team]).await? {
        let shares = |own: &[String], theirs: &[String]| own.iter().any(|one| theirs.contains(one));
        let same_words = change.trigger_words.is_empty() && other.trigger_words.is_empty()
            || shares(&change.trigger_words, &other.trigger_words);
        if Some(&other.id) != own
            && other.channel_id == change.channel
            && same_words
            && shares(&change.callback_urls, &other.callback_urls)
        {
            return Err(Error::Double);
        }
    }
    Ok(())
}

/// Makes a webhook whose answers are written in the actor's name.
///
/// # Errors
/// [`Error`].
pub async fn create(app: &App, actor: &SessionUser, team: &TeamId, new: Change) -> Result<OutgoingWebhook, Error> {
    allowed(app)?;
    new.check()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    access::team(&mut tx, actor, team, Permission::ManageOwnOutgoingWebhooks).await?;
    fits(&mut tx, actor, team, None, &new).await?;
    let now = tx.now();
    let hook = OutgoingWebhook {
        id: app.ids.id(ItemId::from_random),
        token: app.ids.token(),
        creator_id: actor.user_id,
        channel_id: new.channel,
        team_id: *team,
        trigger_words: new.trigger_words,
        trigger_when: new.trigger_when,
        callback_urls: new.callback_urls,
        display_name: new.display_name,
        description: new.description,
        content_type: new.content_type,
        username: new.username,
        icon_url: new.icon_url,
        create_at: now,
        update_at: now,
    };
    rows::put(&mut tx, &hook).await?;
    note(&mut tx, actor, "create_outgoing_webhook", &hook)?;
    tx.commit().await?;
    Ok(hook)
}

/// A webhook, if the actor may change it.
async fn managed(view: &mut Snapshot, actor: &SessionUser, id: &ItemId) -> Result<OutgoingWebhook, Error> {
    let hook = rows::get(view, id).await?.ok_or(Error::Absent)?;
    let needs = (Permission::ManageOwnOutgoingWebhooks, Permission::ManageOthersOutgoingWebhooks);
    access::team_of_made(view, actor, &hook.team_id, &hook.creator_id, needs).await?;
    Ok(hook)
}

/// One webhook.
///
/// # Errors
/// [`Error`].
pub async fn get(app: &App, actor: &SessionUser, id: &ItemId) -> Result<OutgoingWebhook, Error> {
    allowed(app)?;
    managed(&mut app.db.read(app.clock.now()).await?, actor, id).await
}

/// Webhooks of a channel or team, or of all for those who manage them everywhere.
///
/// # Errors
/// [`Error`].
pub async fn list(
    app: &App,
    actor: &SessionUser,
    team: Option<&TeamId>,
    channel: Option<&ChannelId>,
    offset: i64,
    limit: i64,
) -> Result<Vec<OutgoingWebhook>, Error> {
    allowed(app)?;
    let mut view = app.db.read(app.clock.now()).await?;
    let of_channel = match channel {
        Some(channel) => access::readable_channel(&mut view, actor, channel).await?.channel().team_id,
        None => None,
    };
    let (own, others) = (Permission::ManageOwnOutgoingWebhooks, Permission::ManageOthersOutgoingWebhooks);
    let all = match of_channel.as_ref().or(team) {
        Some(team) => access::team(&mut view, actor, team, own).await?.may(others),
        None => {
            actor.require(own)?;
            actor.may(others)
        }
    };
    let which = Which { team, channel, creator: (!all).then_some(&actor.user_id) };
    Ok(rows::list(&mut view, which, offset, limit).await?)
}

/// Changes a webhook.
///
/// # Errors
/// [`Error`].
pub async fn update(app: &App, actor: &SessionUser, id: &ItemId, change: Change) -> Result<OutgoingWebhook, Error> {
    allowed(app)?;
    change.check()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut hook = managed(&mut tx, actor, id).await?;
    fits(&mut tx, actor, &hook.team_id, Some(id), &change).await?;
    hook.channel_id = change.channel;
    hook.trigger_words = change.trigger_words;
    hook.trigger_when = change.trigger_when;
    hook.callback_urls = change.callback_urls;
    hook.display_name = change.display_name;
    hook.description = change.description;
    hook.content_type = change.content_type;
    hook.username = change.username;
    hook.icon_url = change.icon_url;
    save(&mut tx, actor, "update_outgoing_webhook", &mut hook).await?;
    tx.commit().await?;
    Ok(hook)
}

/// Gives a webhook another token.
///
/// # Errors
/// [`Error`].
pub async fn renew(app: &App, actor: &SessionUser, id: &ItemId) -> Result<OutgoingWebhook, Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut hook = managed(&mut tx, actor, id).await?;
    hook.token = app.ids.token();
    save(&mut tx, actor, "renew_outgoing_webhook", &mut hook).await?;
    tx.commit().await?;
    Ok(hook)
}

async fn save(tx: &mut Tx, actor: &SessionUser, action: &str, hook: &mut OutgoingWebhook) -> Result<(), StoreError> {
    hook.update_at = hook.update_at.next_version(tx.now());
    rows::put(tx, hook).await?;
    note(tx, actor, action, hook)
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
    note(&mut tx, actor, "delete_outgoing_webhook", &hook)?;
    tx.commit().await?;
    Ok(())
}
