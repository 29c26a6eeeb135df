//! Shares: which channel goes to which connection, how, and how far.

use std::collections::BTreeSet;

use rialto_model::{ChannelId, Millis, RemoteId, Seq, Share, ShareId, ShareMode, ShareState, TeamId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx};

macro_rules! columns {
    () => {
        "s.id, s.channel_id, s.remote_id, s.home, s.creator_id, s.mode, s.state, s.reason, s.description, s.create_at, \
         s.update_at, s.from_seq, s.last_sync_at"
    };
}

fn mode_word(mode: ShareMode) -> &'static str {
    match mode {
        ShareMode::Participation => "participation",
        ShareMode::ReadOnly => "read_only",
    }
}

impl FromRow for Share {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Share {
            id: row.id()?,
            channel_id: row.id()?,
            remote_id: row.id()?,
            home: row.bool()?,
            creator_id: row.id()?,
            mode: if row.text()? == "participation" { ShareMode::Participation } else { ShareMode::ReadOnly },
            state: ShareState::from_word(&row.text()?),
            reason: row.text()?,
            description: row.text()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            from_seq: Some(Seq(row.int()?)).filter(|seq| seq.0 >= 0),
            last_sync_at: row.opt_millis()?,
        })
    }
}

/// The share with `id`.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ShareId) -> Result<Option<Share>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM shares s WHERE s.id = $1"), &[id.into()]).await
}

/// The live share of a channel with a connection.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_live(
    view: &mut Snapshot,
    channel: &ChannelId,
    remote: &RemoteId,
) -> Result<Option<Share>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM shares s WHERE s.channel_id = $1 AND s.remote_id = $2 AND s.live"),
        &[channel.into(), remote.into()],
    )
    .await
}

/// The newest share of a channel with a connection, over or not.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn newest(view: &mut Snapshot, channel: &ChannelId, remote: &RemoteId) -> Result<Option<Share>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.channel_id = $1 AND s.remote_id = $2 ORDER BY s.live DESC, s.create_at DESC, s.id LIMIT 1"
        ),
        &[channel.into(), remote.into()],
    )
    .await
}

/// Live shares of a channel, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_channel(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!("SELECT ", columns!(), " FROM shares s WHERE s.channel_id = $1 AND s.live ORDER BY s.create_at, s.id"),
        &[channel.into()],
    )
    .await
}

/// Shares of a channel for its status: live ones, and refused ones that nothing followed.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_for_status(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.channel_id = $1 AND (s.live OR (s.state = 'failed' AND NOT EXISTS (SELECT 1 FROM shares n \
             WHERE n.channel_id = s.channel_id AND n.remote_id = s.remote_id AND n.id <> s.id AND n.create_at >= s.create_at))) \
             ORDER BY s.create_at, s.id"
        ),
        &[channel.into()],
    )
    .await
}

/// Shares over a connection, live ones only unless `ended`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_remote(view: &mut Snapshot, remote: &RemoteId, ended: bool) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.remote_id = $1 AND ($2 OR s.live) ORDER BY s.create_at, s.id"
        ),
        &[remote.into(), ended.into()],
    )
    .await
}

/// Channels that are or were shared over a connection.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn channels_over(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<ChannelId>, StoreError> {
    let found: Vec<crate::Id<ChannelId>> =
        view.fetch_all("SELECT DISTINCT channel_id FROM shares WHERE remote_id = $1", &[remote.into()]).await?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// Live shares over connections that have ended or are not there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_without_connection(view: &mut Snapshot) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.live AND NOT EXISTS (SELECT 1 FROM remote_clusters r \
             WHERE r.remote_id = s.remote_id AND r.delete_at = 0) ORDER BY s.create_at, s.id"
        ),
        &[],
    )
    .await
}

/// Live shares of channels that are not there, and those that rest for that reason (`reason`) although theirs is there
/// again (E-130).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_misplaced(view: &mut Snapshot, reason: &str) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.live AND (s.state = 'paused' AND s.reason = $1) = \
             EXISTS (SELECT 1 FROM channels c WHERE c.id = s.channel_id) ORDER BY s.create_at, s.id"
        ),
        &[reason.into()],
    )
    .await
}

/// Live shares of a team's channels.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_team(view: &mut Snapshot, team: &TeamId) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s JOIN channels c ON c.id = s.channel_id WHERE c.team_id = $1 AND s.live ORDER BY LOWER(c.display_name), s.id"
        ),
        &[team.into()],
    )
    .await
}

/// The connections over which any of these channels is shared, or is about to be.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn remotes_of_channels(
    view: &mut Snapshot,
    channels: &BTreeSet<ChannelId>,
) -> Result<Vec<RemoteId>, StoreError> {
    const LIST: Sql = Sql::per(
        "SELECT DISTINCT remote_id FROM shares WHERE live AND channel_id IN (SELECT value FROM json_each($1))",
        "SELECT DISTINCT remote_id FROM shares WHERE live AND channel_id IN (SELECT json_array_elements_text($1::json))",
    );
    let rows: Vec<crate::Id<RemoteId>> = view.fetch_all(LIST, &[(&crate::json_list(channels)).into()]).await?;
    Ok(rows.into_iter().map(|id| id.0).collect())
}

/// Adds a share. Whatever the clock did, it begins after everything that is in the channel, and its version comes after
/// those of the shares before it, by which the peer tells our words apart (ruling 8.6).
///
/// # Errors
/// [`StoreError::Unique`] (`shares_live`) if a live one exists: two administrators at once (E-047).
pub async fn insert(tx: &mut Tx, share: &Share) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO shares (id, channel_id, remote_id, home, live, creator_id, mode, state, reason, description, create_at, \
         update_at, from_seq, last_sync_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
         (SELECT CASE WHEN $11 > f.at THEN $11 ELSE f.at END FROM \
         (SELECT COALESCE(MAX(arrive_at) + 1, 0) AS at FROM posts WHERE channel_id = $2) f), \
         (SELECT CASE WHEN $12 > l.at THEN $12 ELSE l.at END FROM \
         (SELECT COALESCE(MAX(update_at) + 1, 0) AS at FROM shares WHERE channel_id = $2) l), $13, $14)",
        &[
            (&share.id).into(),
            (&share.channel_id).into(),
            (&share.remote_id).into(),
            share.home.into(),
            share.state.is_live().into(),
            (&share.creator_id).into(),
            mode_word(share.mode).into(),
            share.state.as_str().into(),
            (&share.reason).into(),
            (&share.description).into(),
            share.create_at.into(),
            share.update_at.into(),
            share.from_seq.map_or(Arg::Int(-1), Arg::from),
            share.last_sync_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes mode, state, reason and version.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, share: &Share) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE shares SET mode = $2, state = $3, live = $4, reason = $5, update_at = $6, from_seq = $7 WHERE id = $1",
        &[
            (&share.id).into(),
            mode_word(share.mode).into(),
            share.state.as_str().into(),
            share.state.is_live().into(),
            (&share.reason).into(),
            share.update_at.into(),
            share.from_seq.map_or(Arg::Int(-1), Arg::from),
        ],
    )
    .await
    .map(|_| ())
}

/// A live share whose channel a peer gets later than the rest of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The share.
    pub share: Share,
    /// Its channel's changes behind this position have not reached the peer.
    pub resume: Seq,
}

impl FromRow for Held {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { share: Share::from_row(row)?, resume: Seq(row.int()?) })
    }
}

/// Live shares over a connection that are held, those furthest behind first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn held(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<Held>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            ", s.resume_seq FROM shares s WHERE s.remote_id = $1 AND s.live AND s.resume_seq >= 0 ORDER BY s.resume_seq, s.id"
        ),
        &[remote.into()],
    )
    .await
}

/// Holds the live share of a channel from a position on. One that is held already keeps its earlier position.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn hold(tx: &mut Tx, channel: &ChannelId, remote: &RemoteId, from: Seq) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE shares SET resume_seq = $3 WHERE channel_id = $1 AND remote_id = $2 AND live AND resume_seq < 0",
        &[channel.into(), remote.into(), from.into()],
    )
    .await
    .map(|_| ())
}

/// Moves a held share on to `to`; None: it goes with the cursor again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn resume(tx: &mut Tx, id: &ShareId, to: Option<Seq>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE shares SET resume_seq = $2 WHERE id = $1 AND resume_seq >= 0",
        &[id.into(), to.map_or(Arg::Int(-1), Arg::from)],
    )
    .await
    .map(|_| ())
}

/// Notes up to which id a peer was told who belongs to a share's channel, `""` for nobody yet; None: all were.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_members_upto(tx: &mut Tx, id: &ShareId, upto: Option<&str>) -> Result<(), StoreError> {
    tx.execute("UPDATE shares SET members_upto = $2 WHERE id = $1", &[id.into(), upto.unwrap_or("-").into()])
        .await
        .map(|_| ())
}

/// Active and paused shares over a connection whose members its peer is still being told of, and up to which id it was.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn telling_members(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<(Share, String)>, StoreError> {
    let list: Vec<Telling> = view
        .fetch_all(
            concat!(
                "SELECT ",
                columns!(),
                ", s.members_upto FROM shares s WHERE s.remote_id = $1 AND s.live AND s.state IN ('active', 'paused') \
                 AND s.members_upto <> '-' ORDER BY s.create_at, s.id"
            ),
            &[remote.into()],
        )
        .await?;
    Ok(list.into_iter().map(|row| (row.share, row.upto)).collect())
}

struct Telling {
    share: Share,
    upto: String,
}

impl FromRow for Telling {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { share: Share::from_row(row)?, upto: row.text()? })
    }
}

/// Makes us a guest of a share that we began: the other side began it too, and neither relays for the other.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn give_up_home(tx: &mut Tx, id: &ShareId) -> Result<(), StoreError> {
    tx.execute("UPDATE shares SET home = FALSE WHERE id = $1", &[id.into()]).await.map(|_| ())
}

/// The highest version a peer has told of any share of a channel, over ones included: a late word about a former share
/// must not touch the present one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn peer_version(view: &mut Snapshot, channel: &ChannelId, remote: &RemoteId) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COALESCE(MAX(peer_version), 0) FROM shares WHERE channel_id = $1 AND remote_id = $2",
        &[channel.into(), remote.into()],
    )
    .await
}

/// Notes the version of a peer's last word on a share.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_peer_version(tx: &mut Tx, id: &ShareId, version: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE shares SET peer_version = $2 WHERE id = $1", &[id.into(), version.into()]).await.map(|_| ())
}

/// Notes a confirmed exchange of items, coarsely: at most one write a second and share.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn touch_sync(tx: &mut Tx, channel: &ChannelId, remote: &RemoteId, now: Millis) -> Result<(), StoreError> {
    tx.queue(
        "UPDATE shares SET last_sync_at = $3 WHERE channel_id = $1 AND remote_id = $2 AND live AND last_sync_at + 1000 < $3",
        &[channel.into(), remote.into(), now.into()],
    )
}
