//! Urgent messages that call those they name again and again, until they answer, react or acknowledge. Every server calls
//! its own people, whoever wrote the message. Source: E-148, `ServiceSettings.PersistentNotification*`.

use rialto_model::{Channel, ChannelKind, DomainEvent, Millis, Origin, Post, PostId, Priority, Scope, UserId};
use rialto_store::reminders::{self as rows, Reminder};
use rialto_store::{StoreError, Tx, channel_members, channels, posts, users};

use crate::{App, mentions};

/// Reminders of one round; what is due beyond them comes with the next.
const ROUND: i64 = 500;

/// Why a message of somebody here cannot remind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The server does not allow it.
    #[error("reminders are switched off")]
    Off,
    /// It names nobody, or everybody.
    #[error("whom to remind is not named")]
    Nobody,
    /// It names more than these.
    #[error("at most {0} people can be reminded")]
    TooMany(usize),
}

/// Checks that a text names those it is to remind. In a direct channel that goes without saying.
pub(crate) fn check(app: &App, channel: &Channel, text: &str) -> Result<(), Unfit> {
    let rule = app.settings.get().reminders.clone();
    if !rule.allowed {
        return Err(Unfit::Off);
    }
    let found = mentions::find(text);
    // `@word.` stands there with its full stop and without.
    let mut names: Vec<&str> = found.names.iter().map(|name| name.trim_end_matches(['.', '_', '-', ':'])).collect();
    names.sort_unstable();
    names.dedup();
    if found.everybody || (names.is_empty() && channel.kind != ChannelKind::Direct) {
        return Err(Unfit::Nobody);
    }
    if names.len() > rule.people { Err(Unfit::TooMany(rule.people)) } else { Ok(()) }
}

/// Those of ours whom a new message calls are reminded, if its priority says so.
pub(crate) async fn begin(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    post: &Post,
    priority: Option<&Priority>,
    called: &[UserId],
) -> Result<(), StoreError> {
    let rule = app.settings.get().reminders.clone();
    let reminds = priority.is_some_and(|priority| priority.persistent_notifications);
    if !reminds || !rule.allowed || post.root_id.is_some() {
        return Ok(());
    }
    let mut people = called.to_vec();
    if people.is_empty() && channel.kind == ChannelKind::Direct {
        let members = channel_members::ids(tx, &channel.id).await?;
        people = members.into_iter().filter(|user| *user != post.user_id).collect();
    }
    // Not even another server calls everybody like this.
    if people.len() > rule.people || mentions::find(&post.message).everybody {
        return Ok(());
    }
    let next_at = Millis(tx.now().0 + rule.interval_ms);
    for user_id in people {
        rows::put(tx, &Reminder { post_id: post.id, user_id, next_at, remaining: rule.times }).await?;
    }
    Ok(())
}

/// Somebody has answered, reacted to or acknowledged a message.
pub(crate) fn answered(tx: &mut Tx, post: &PostId, user: &UserId) -> Result<(), StoreError> {
    rows::delete(tx, post, user)
}

/// Reminds whose time has come. Records [`DomainEvent::ReminderDue`].
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn remind(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    if rows::due(&mut app.db.read(now).await?, now, 1).await?.is_empty() {
        return Ok(());
    }
    let rule = app.settings.get().reminders.clone();
    let mut tx = app.db.begin(now).await?;
    let now = tx.now();
    for due in rows::due(&mut tx, now, ROUND).await? {
        let Some(channel) = still_called(&mut tx, &due).await?.filter(|_| rule.allowed && due.remaining > 0) else {
            rows::delete(&mut tx, &due.post_id, &due.user_id)?;
            continue;
        };
        let event = DomainEvent::ReminderDue { post: due.post_id, channel: channel.id, user: due.user_id };
        tx.record(Scope::User(due.user_id), Origin::Local, event);
        if due.remaining > 1 {
            let next_at = Millis(now.0 + rule.interval_ms);
            rows::put(&mut tx, &Reminder { next_at, remaining: due.remaining - 1, ..due }).await?;
        } else {
            rows::delete(&mut tx, &due.post_id, &due.user_id)?;
        }
    }
    tx.commit().await
}

/// The channel, if the message still stands in it and the person still reads it there.
async fn still_called(tx: &mut Tx, due: &Reminder) -> Result<Option<Channel>, StoreError> {
    let Some(post) = posts::get(tx, &due.post_id).await?.filter(|post| post.gone_at().is_none()) else {
        return Ok(None);
    };
    let person = users::get(tx, &due.user_id).await?.filter(|user| user.is_local() && user.delete_at.is_none());
    if person.is_none() || channel_members::get(tx, &post.channel_id, &due.user_id).await?.is_none() {
        return Ok(None);
    }
    Ok(channels::get(tx, &post.channel_id).await?.filter(|channel| !channel.is_archived()))
}
