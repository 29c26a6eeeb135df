//! Being reminded of a message at a time one has named: by a direct message of the system account, once. The wish and the
//! message are one transaction. Source: client-api 5.5.

use rialto_model::{Channel, Millis, Post, PostId, User};
use rialto_store::post_reminders::{self as rows, PostReminder};
use rialto_store::{StoreError, Tx, posts as post_rows, teams, users};

use crate::access::{self, Denied, SessionUser};
use crate::interruptions::utc;
use crate::notices::{Words, write_words};
use crate::{App, Volatile, posts};

/// Reminders of one round; what is due beyond them comes with the next.
const ROUND: i64 = 200;

/// Why nobody will be reminded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The time is over.
    #[error("not in the future")]
    Past,
    /// The message is not there, or not the actor's to read.
    #[error(transparent)]
    Post(#[from] posts::Error),
}

/// Reminds the actor of a message at `at`, in the place of what they wished before, and tells them so where it stands.
///
/// # Errors
/// [`Error`]. Source: API v4 `POST /users/U/posts/P/reminder`.
pub async fn set(app: &App, actor: &SessionUser, id: &PostId, at: Millis) -> Result<(), Error> {
    if at <= app.clock.now() {
        return Err(Error::Past);
    }
    let post = posts::get(app, actor, id).await?;
    let mut tx = app.db.begin(app.clock.now()).await.map_err(posts::Error::from)?;
    let written = rows::put(&mut tx, &PostReminder { user_id: actor.user_id, post_id: *id, due_at: at }).await;
    written.map_err(posts::Error::from)?;
    let author = crate::system_posts::username(&mut tx, &post.user_id).await.map_err(posts::Error::from)?;
    tx.commit().await.map_err(posts::Error::from)?;
    app.bus.tell(Volatile::Ephemeral {
        user: actor.user_id,
        channel: post.channel_id,
        root: post.root_id,
        message: format!("You will be reminded of this message by @{author} at {}.", utc(at)),
    });
    Ok(())
}

/// Reminds whose time has come. To be called by one node every few seconds.
///
/// # Errors
/// The first [`StoreError`]; what it concerns is tried again with the next call, and the others were reminded.
pub async fn remind(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let due = rows::due(&mut app.db.read(now).await?, now, ROUND).await?;
    let mut outcome = Ok(());
    for one in due {
        let reminded = remind_of(app, &one).await;
        outcome = outcome.and(reminded);
    }
    outcome
}

async fn remind_of(app: &App, due: &PostReminder) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    // Somebody else was quicker, or it was put off.
    if !rows::delete(&mut tx, due).await? {
        return Ok(());
    }
    if let Some((reader, post, channel)) = still_read(&mut tx, due).await? {
        let words = words(app, &mut tx, &reader, &post, &channel).await?;
        write_words(app, &mut tx, &reader.id, words).await?;
    }
    tx.commit().await
}

/// Reader, message and channel, if the message still stands and the person may still read it.
async fn still_read(tx: &mut Tx, due: &PostReminder) -> Result<Option<(User, Post, Channel)>, StoreError> {
    let reader = users::get(tx, &due.user_id).await?.filter(|user| user.is_local() && user.delete_at.is_none());
    let post = post_rows::get(tx, &due.post_id).await?.filter(|post| post.gone_at().is_none());
    let (Some(reader), Some(post)) = (reader, post) else { return Ok(None) };
    match access::readable_channel(tx, &SessionUser::in_absence(&reader), &post.channel_id).await {
        Ok(access) => Ok(Some((reader, post, access.into_channel()))),
        Err(Denied::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

async fn words(app: &App, tx: &mut Tx, reader: &User, post: &Post, channel: &Channel) -> Result<Words, StoreError> {
    // A conversation belongs to no team, and is shown in any.
    let team = match &channel.team_id {
        Some(team) => teams::get(tx, team).await?,
        None => teams::list_of_user(tx, &reader.id).await?.into_iter().next(),
    };
    let team = team.map(|team| team.name).unwrap_or_default();
    let author = crate::system_posts::username(tx, &post.user_id).await?;
    let site = app.settings.get().site_url.clone().unwrap_or_default();
    let props = serde_json::json!({"team_name": team, "post_id": post.id, "username": author});
    Ok(Words {
        message: format!("You asked to be reminded of this message by @{author}: {site}/{team}/pl/{}", post.id),
        kind: "reminder".to_owned(),
        props: props.to_string(),
    })
}
