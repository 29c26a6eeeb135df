//! Interruptions of more than five minutes: told once in every shared channel, and told when over (behaviour 3.3).

use rialto_model::{ChannelId, Millis, RemoteCluster, RemoteId, ShareState};
use rialto_store::interruptions::{self, Interruption};
use rialto_store::{StoreError, Tx, channels, remotes, shares};

use crate::App;
use crate::settings::InterruptionPosts;
use crate::system_posts::{self, About, SystemPost, escape};

/// An outage that begins this soon after the last one ended goes on with it (behaviour 3.3.7), ms.
const FLAPPING: i64 = 120_000;
/// How long after the return the messages of the peer's that come late are counted, ms.
const THEIRS: i64 = 120_000;

/// Tells the channels of a connection that it has been down since `since` (M-08). Does nothing if they know.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begin(app: &App, remote: &RemoteId, since: Millis) -> Result<(), StoreError> {
    let posts = app.settings.get().workspaces.interruption_posts;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(mut remote) = remotes::lock(&mut tx, remote).await?.filter(RemoteCluster::is_live) else { return Ok(()) };
    if remote.interrupted_at.is_some() {
        return Ok(());
    }
    remote.interrupted_at = Some(since);
    remotes::update(&mut tx, &remote).await?;
    crate::connections::changed(&mut tx, &remote.id);
    if posts == InterruptionPosts::Channel {
        tell_lost(app, &mut tx, &remote, since, None).await?;
    }
    tx.commit().await
}

/// Tells one channel that what was written in it has not reached the peer since `since`, although the peer answers (M-08,
/// ruling 25). Does nothing if it knows.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begin_in(app: &App, remote: &RemoteId, channel: &ChannelId, since: Millis) -> Result<(), StoreError> {
    let posts = app.settings.get().workspaces.interruption_posts;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(remote) = remotes::lock(&mut tx, remote).await?.filter(RemoteCluster::is_live) else { return Ok(()) };
    if posts != InterruptionPosts::Channel || remote.interrupted_at.is_some() {
        return Ok(());
    }
    tell_lost(app, &mut tx, &remote, since, Some(channel)).await?;
    tx.commit().await
}

/// Tells the channels of [`begin_in`] that it is over: everything that waited has left, but for held channels.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn end_delivered(app: &App, remote: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(remote) = remotes::lock(&mut tx, remote).await?.filter(RemoteCluster::is_live) else { return Ok(()) };
    if remote.interrupted_at.is_some() {
        return Ok(());
    }
    let held = shares::held(&mut tx, &remote.id).await?;
    let mut ended = false;
    for row in interruptions::list(&mut tx, &remote.id).await? {
        if row.end_at.is_none() && !held.iter().any(|held| held.share.channel_id == row.channel_id) {
            ended |= tell_restored(app, &mut tx, &remote, row).await?;
        }
    }
    if ended { tx.commit().await } else { Ok(()) }
}

async fn tell_lost(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    since: Millis,
    only: Option<&ChannelId>,
) -> Result<(), StoreError> {
    let told = interruptions::list(tx, &remote.id).await?;
    for share in shares::list_of_remote(tx, &remote.id, false).await? {
        if only.is_some_and(|only| *only != share.channel_id) {
            continue;
        }
        let archived = channels::get(tx, &share.channel_id).await?.is_none_or(|channel| channel.is_archived());
        if share.state != ShareState::Active || archived {
            continue;
        }
        let before = told.iter().find(|known| known.channel_id == share.channel_id);
        if before.is_some_and(|known| known.end_at.is_none() && known.begin_at >= share.create_at) {
            // It was told already that what is written in it waits.
            continue;
        }
        let flapping = before.filter(|known| known.end_at.is_some_and(|end| since.since(end) < FLAPPING));
        if let Some(known) = flapping {
            let mut known = known.clone();
            if let Some(post) = known.restored_post_id.take() {
                system_posts::rewrite(tx, &post, lost_text(remote, known.begin_at)).await?;
            }
            known.end_at = None;
            known.caught_up_at = None;
            interruptions::update(tx, &known).await?;
            continue;
        }
        let message = lost_text(remote, since);
        let post = SystemPost { channel: share.channel_id, about: About::Generic, user: None, message, props: &[] };
        let lost_post_id = system_posts::write(app, tx, post)?;
        let row = Interruption {
            remote_id: remote.id,
            channel_id: share.channel_id,
            lost_post_id,
            restored_post_id: None,
            begin_at: since,
            end_at: None,
            sent: 0,
            received: 0,
            caught_up_at: None,
        };
        interruptions::put(tx, &row).await?;
    }
    Ok(())
}

fn lost_text(remote: &RemoteCluster, since: Millis) -> String {
    format!(
        "The connection to **{}** has been interrupted since {}. Messages written meanwhile will be delivered later.",
        escape(&remote.display_name),
        utc(since)
    )
}

/// Tells the channels that the connection is back and everything missed is on its way (M-09).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn end(app: &App, remote: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(mut remote) = remotes::lock(&mut tx, remote).await?.filter(RemoteCluster::is_live) else { return Ok(()) };
    if remote.interrupted_at.take().is_none() {
        return Ok(());
    }
    remotes::update(&mut tx, &remote).await?;
    crate::connections::changed(&mut tx, &remote.id);
    for row in interruptions::list(&mut tx, &remote.id).await? {
        if row.end_at.is_none() {
            tell_restored(app, &mut tx, &remote, row).await?;
        }
    }
    tx.commit().await
}

/// M-09; false where the share has ended meanwhile.
async fn tell_restored(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    mut row: Interruption,
) -> Result<bool, StoreError> {
    if shares::get_live(tx, &row.channel_id, &remote.id).await?.is_none() {
        return Ok(false);
    }
    let now = tx.now();
    let message = format!(
        "The connection to **{}** is back after {}. Missed messages are being delivered.",
        escape(&remote.display_name),
        duration(now.since(row.begin_at))
    );
    let post = SystemPost { channel: row.channel_id, about: About::Generic, user: None, message, props: &[] };
    row.restored_post_id = Some(system_posts::write(app, tx, post)?);
    row.end_at = Some(now);
    interruptions::update(tx, &row).await?;
    Ok(true)
}

/// Everything of ours that was missed has been delivered: the posts that told of the return say so, with the messages
/// that came late in each direction (M-09). The peer's may still be coming, so its number follows for a while. Says
/// whether there is more to be told later.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn caught_up(app: &App, remote: &RemoteId) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(remote) = remotes::lock(&mut tx, remote).await?.filter(RemoteCluster::is_live) else { return Ok(false) };
    let held = shares::held(&mut tx, &remote.id).await?;
    let now = tx.now();
    let (mut more, mut changed) = (false, false);
    for mut row in interruptions::list(&mut tx, &remote.id).await? {
        let (Some(post), Some(end)) = (row.restored_post_id, row.end_at) else { continue };
        if held.iter().any(|held| held.share.channel_id == row.channel_id) {
            more |= row.caught_up_at.is_none();
            continue;
        }
        let theirs_come = now.since(end) < THEIRS;
        more |= theirs_come;
        if row.caught_up_at.is_some() && !theirs_come {
            continue;
        }
        let received = interruptions::came_late(&mut tx, &row).await?;
        if row.caught_up_at.is_some() && received == row.received {
            continue;
        }
        row.received = received;
        row.caught_up_at.get_or_insert(now);
        interruptions::update(&mut tx, &row).await?;
        let message = format!(
            "The connection to **{}** is back after {}. All missed messages have been delivered ({} from here, {} from there).",
            escape(&remote.display_name),
            duration(end.since(row.begin_at)),
            row.sent,
            row.received
        );
        system_posts::rewrite(&mut tx, &post, message).await?;
        changed = true;
    }
    if changed {
        tx.commit().await?;
    }
    Ok(more)
}

/// `2026-11-22 14:05:06 UTC`.
pub fn utc(at: Millis) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    time::OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000))
        .ok()
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| "--".to_owned())
}

/// `1 h 5 min`, `6 min` or `40 s`.
fn duration(ms: i64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min"),
        _ => format!("{hours} h {minutes} min"),
    }
}
