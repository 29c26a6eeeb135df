//! Shares: which channel goes to which connection, how, and how far.

use rialto_model::{ChannelId, Millis, RemoteId, Seq, Share, ShareId, ShareMode, ShareState, TeamId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

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

/// Adds a share.
///
/// # Errors
/// [`StoreError::Unique`] (`shares_live`) if a live one exists: two administrators at once (E-047).
pub async fn insert(tx: &mut Tx, share: &Share) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO shares (id, channel_id, remote_id, home, live, creator_id, mode, state, reason, description, create_at, \
         update_at, from_seq, last_sync_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
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

/// Notes a confirmed exchange of items, coarsely: at most one write a second and share.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn touch_sync(tx: &mut Tx, channel: &ChannelId, remote: &RemoteId, now: Millis) -> Result<(), StoreError> {
    tx.queue(
        "UPDATE shares SET last_sync_at = $3 WHERE channel_id = $1 AND remote_id = $2 AND live AND last_sync_at < $3 - 1000",
        &[channel.into(), remote.into(), now.into()],
    )
}
