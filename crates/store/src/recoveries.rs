//! Our own messages that peers are asked for after a restore: one row a share (E-028, E-029).

use rialto_model::{ChannelId, Millis, RemoteId, ShareId};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// How a recovery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The channel is ours: an administrator decides, and was not told yet.
    New,
    /// An administrator was told and decides.
    Waiting,
    /// The peer is asked.
    Running,
    /// The peer has given what it has.
    Done,
    /// An administrator does not want it.
    Discarded,
    /// The peer cannot be asked.
    Impossible,
}

impl State {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Discarded => "discarded",
            Self::Impossible => "impossible",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "new" => Self::New,
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "discarded" => Self::Discarded,
            "impossible" => Self::Impossible,
            _ => Self::Done,
        }
    }
}

/// What is fetched back of one share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The share.
    pub share_id: ShareId,
    /// Its channel.
    pub channel_id: ChannelId,
    /// Whom we ask.
    pub remote_id: RemoteId,
    /// How it stands.
    pub state: State,
    /// Nothing older can be missing here.
    pub window_from: Millis,
    /// Nothing newer was written before the restore.
    pub window_to: Millis,
    /// The last message that was looked at: when it was written, by the peer's word, and its id.
    pub place: (Millis, String),
    /// Messages that came back, or back into the state they had.
    pub found: i64,
    /// Messages the peer named and that were not taken.
    pub refused: i64,
    /// Replies of this round whose thread was not here yet.
    pub missing: i64,
    /// Rounds before this one.
    pub rounds: i64,
    /// When the peer is asked next.
    pub next_at: Millis,
}

impl FromRow for Recovery {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            share_id: row.id()?,
            channel_id: row.id()?,
            remote_id: row.id()?,
            state: State::from_word(&row.text()?),
            window_from: row.millis()?,
            window_to: row.millis()?,
            place: (row.millis()?, row.text()?),
            found: row.int()?,
            refused: row.int()?,
            missing: row.int()?,
            rounds: row.int()?,
            next_at: row.millis()?,
        })
    }
}

macro_rules! select {
    () => {
        "SELECT share_id, channel_id, remote_id, state, window_from, window_to, at, id, found, refused, missing, rounds, next_at \
         FROM recoveries"
    };
}

/// What is fetched back from a peer, in any state.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn list(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<Recovery>, StoreError> {
    view.fetch_all(concat!(select!(), " WHERE remote_id = $1 ORDER BY share_id"), &[remote.into()]).await
}

/// What is still to be done with a peer: the one that is due first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next(view: &mut Snapshot, remote: &RemoteId) -> Result<Option<Recovery>, StoreError> {
    view.fetch_optional(
        concat!(select!(), " WHERE remote_id = $1 AND state IN ('new', 'running') ORDER BY next_at, share_id LIMIT 1"),
        &[remote.into()],
    )
    .await
}

/// Writes a recovery.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, row: &Recovery) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO recoveries (share_id, channel_id, remote_id, state, window_from, window_to, at, id, found, refused, \
         missing, rounds, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (share_id) DO UPDATE SET state = excluded.state, window_from = excluded.window_from, \
         window_to = excluded.window_to, at = excluded.at, id = excluded.id, found = excluded.found, \
         refused = excluded.refused, missing = excluded.missing, rounds = excluded.rounds, next_at = excluded.next_at",
        &[
            (&row.share_id).into(),
            (&row.channel_id).into(),
            (&row.remote_id).into(),
            row.state.as_str().into(),
            row.window_from.into(),
            row.window_to.into(),
            row.place.0.into(),
            (&row.place.1).into(),
            row.found.into(),
            row.refused.into(),
            row.missing.into(),
            row.rounds.into(),
            row.next_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn the_one_that_is_due_first_comes_first_and_ended_ones_do_not() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let row = |n: u128, state, next_at| Recovery {
                share_id: id(n),
                channel_id: id(20),
                remote_id: id(9),
                state,
                window_from: Millis(1),
                window_to: Millis(2),
                place: (Millis(3), "x".to_owned()),
                found: 4,
                refused: 5,
                missing: 6,
                rounds: 7,
                next_at: Millis(next_at),
            };
            for one in [row(1, State::Done, 0), row(2, State::Running, 8), row(3, State::New, 7)] {
                put(&mut tx, &one).await.unwrap();
            }
            assert_eq!(next(&mut tx, &id(9)).await.unwrap(), Some(row(3, State::New, 7)));
            put(&mut tx, &row(3, State::Waiting, 7)).await.unwrap();
            assert_eq!(next(&mut tx, &id(9)).await.unwrap(), Some(row(2, State::Running, 8)));
            assert_eq!(next(&mut tx, &id(8)).await.unwrap(), None);
            assert_eq!(list(&mut tx, &id(9)).await.unwrap().len(), 3);
        })
        .await;
    }
}
