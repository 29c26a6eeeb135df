//! How far each peer and we stand with each other's logs, and whether a connection is held because that went back
//! (rulings 8.1 and 66).

use rialto_model::{Millis, RemoteId, Seq};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

/// Where one connection stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The peer's epoch; empty: it never said one.
    pub peer_epoch: String,
    /// The epochs it had before, oldest first, separated by spaces.
    pub former_epochs: String,
    /// When its epoch last changed.
    pub changed_at: Option<Millis>,
    /// The highest position of the peer's log that is stored here.
    pub taken: Option<Seq>,
    /// Up to here nothing of the peer's log is missing.
    pub taken_low: Option<Seq>,
    /// The highest position of our log the peer said it has stored.
    pub applied: Option<Seq>,
    /// The sender is to go back to here.
    pub rewind_to: Option<Seq>,
    /// Held until an administrator decides.
    pub held_at: Option<Millis>,
    /// Why.
    pub held_why: String,
    /// Where the peer stands at its next answer counts, whatever was known before.
    pub accept_next: bool,
}

fn seq(row: &mut Row<'_>) -> Result<Option<Seq>, StoreError> {
    Ok(Some(Seq(row.int()?)).filter(|seq| seq.0 >= 0))
}

fn arg(seq: Option<Seq>) -> Arg<'static> {
    Arg::Int(seq.map_or(-1, |seq| seq.0))
}

impl FromRow for Position {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            peer_epoch: row.text()?,
            former_epochs: row.text()?,
            changed_at: row.opt_millis()?,
            taken: seq(row)?,
            taken_low: seq(row)?,
            applied: seq(row)?,
            rewind_to: seq(row)?,
            held_at: row.opt_millis()?,
            held_why: row.text()?,
            accept_next: row.bool()?,
        })
    }
}

/// Where a connection stands; nothing known if it never said anything.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, remote: &RemoteId) -> Result<Position, StoreError> {
    let found = view
        .fetch_optional(
            "SELECT peer_epoch, former_epochs, changed_at, taken_seq, taken_low, applied_seq, rewind_to, held_at, \
             held_why, accept_next FROM peer_positions WHERE remote_id = $1",
            &[remote.into()],
        )
        .await?;
    Ok(found.unwrap_or_default())
}

/// Writes everything but what is stored here of the peer's log. The caller holds the lock of the connection's row.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, remote: &RemoteId, position: &Position) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO peer_positions (remote_id, peer_epoch, former_epochs, changed_at, applied_seq, rewind_to, \
         held_at, held_why, accept_next) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (remote_id) DO UPDATE \
         SET peer_epoch = excluded.peer_epoch, former_epochs = excluded.former_epochs, changed_at = excluded.changed_at, \
         applied_seq = excluded.applied_seq, rewind_to = excluded.rewind_to, \
         held_at = excluded.held_at, held_why = excluded.held_why, accept_next = excluded.accept_next",
        &[
            remote.into(),
            (&position.peer_epoch).into(),
            (&position.former_epochs).into(),
            position.changed_at.into(),
            arg(position.applied),
            arg(position.rewind_to),
            position.held_at.into(),
            (&position.held_why).into(),
            position.accept_next.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Notes that a peer has confirmed a frame that was sent at `seq`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn confirm(tx: &mut Tx, remote: &RemoteId, seq: Seq) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO peer_positions (remote_id, applied_seq) VALUES ($1, $2) ON CONFLICT (remote_id) DO UPDATE \
         SET applied_seq = excluded.applied_seq WHERE excluded.applied_seq > peer_positions.applied_seq",
        &[remote.into(), seq.into()],
    )
    .await
    .map(|_| ())
}

/// Notes what a frame says of the peer's log: it was sent at `seq`, and nothing before `low` is missing. Neither goes back.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn take(tx: &mut Tx, remote: &RemoteId, epoch: &str, seq: Seq, low: Seq) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO peer_positions (remote_id, taken_seq, taken_low, peer_epoch) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (remote_id) DO UPDATE SET peer_epoch = CASE WHEN peer_positions.peer_epoch = '' THEN \
         excluded.peer_epoch ELSE peer_positions.peer_epoch END, taken_seq = CASE WHEN excluded.taken_seq > peer_positions.taken_seq THEN excluded.taken_seq ELSE \
         peer_positions.taken_seq END, taken_low = CASE WHEN excluded.taken_low > peer_positions.taken_low THEN \
         excluded.taken_low ELSE peer_positions.taken_low END \
         WHERE excluded.taken_seq > peer_positions.taken_seq OR excluded.taken_low > peer_positions.taken_low",
        &[remote.into(), seq.into(), low.into(), epoch.into()],
    )
    .await
    .map(|_| ())
}

/// The peer counts anew: what was stored of its log so far says nothing of the one it has now.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn forget_taken(tx: &mut Tx, remote: &RemoteId) -> Result<(), StoreError> {
    tx.execute("UPDATE peer_positions SET taken_seq = -1, taken_low = -1 WHERE remote_id = $1", &[remote.into()])
        .await
        .map(|_| ())
}

/// We count anew: what peers said of our log concerned another one, and what was held is decided.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn forget_claims(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE peer_positions SET applied_seq = -1, rewind_to = -1, held_at = 0, held_why = '', \
         accept_next = FALSE",
        &[],
    )
    .await
    .map(|_| ())
}

/// The sender has gone back.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rewound(tx: &mut Tx, remote: &RemoteId) -> Result<(), StoreError> {
    tx.execute("UPDATE peer_positions SET rewind_to = -1 WHERE remote_id = $1", &[remote.into()]).await.map(|_| ())
}

/// Up to where nothing of our log is missing at a peer: its sender's position, or that of the channel furthest behind.
/// None for a connection without a sender.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delivered(
    view: &mut Snapshot,
    remote: &RemoteId,
    consumer: &str,
) -> Result<Option<(Seq, Seq)>, StoreError> {
    struct Found(Seq, Seq);
    impl FromRow for Found {
        fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
            let cursor = Seq(row.int()?);
            let held = seq(row)?;
            Ok(Self(cursor, held.map_or(cursor, |held| held.min(cursor))))
        }
    }
    let found: Option<Found> = view
        .fetch_optional(
            "SELECT c.seq, (SELECT COALESCE(MIN(s.resume_seq), -1) FROM shares s WHERE s.remote_id = $1 AND s.live \
             AND s.resume_seq >= 0) FROM cursors c WHERE c.consumer = $2",
            &[remote.into(), consumer.into()],
        )
        .await?;
    Ok(found.map(|Found(cursor, low)| (cursor, low)))
}

/// Puts a peer's sender back to `to`, and with it the channels that go apart from it and what is remembered of what the peer
/// has been given since `since` ([`forget_given`]).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rewind(tx: &mut Tx, remote: &RemoteId, consumer: &str, to: Seq, since: Millis) -> Result<(), StoreError> {
    tx.execute("UPDATE cursors SET seq = $2 WHERE consumer = $1 AND seq > $2", &[consumer.into(), to.into()]).await?;
    tx.execute(
        "UPDATE shares SET resume_seq = $2 WHERE remote_id = $1 AND live AND resume_seq > $2",
        &[remote.into(), to.into()],
    )
    .await?;
    forget_given(tx, remote, since).await?;
    rewound(tx, remote).await
}

/// Forgets what a peer has been given since `since` of people, pictures, files and the past of channels.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn forget_given(tx: &mut Tx, remote: &RemoteId, since: Millis) -> Result<(), StoreError> {
    tx.execute("UPDATE announced_users SET version = 0 WHERE remote_id = $1", &[remote.into()]).await?;
    tx.execute("DELETE FROM told_pictures WHERE remote_id = $1", &[remote.into()]).await?;
    tx.execute("DELETE FROM offered_people WHERE remote_id = $1", &[remote.into()]).await?;
    tx.execute(
        "DELETE FROM file_deliveries WHERE remote_id = $1 AND state = 'sent' AND EXISTS \
         (SELECT 1 FROM posts p WHERE p.id = post_id AND p.update_at >= $2)",
        &[remote.into(), since.into()],
    )
    .await?;
    tx.execute(
        "UPDATE backfills SET state = 'running', thread_at = -1, thread_id = '', reply_at = -1, reply_id = '', done = 0, \
         total = -1 WHERE remote_id = $1 AND update_at >= $2 AND state IN ('running', 'done')",
        &[remote.into(), since.into()],
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
    async fn what_is_stored_of_a_log_never_goes_back_and_is_kept_apart_from_the_rest() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let remote = id(1);
            assert_eq!(get(&mut tx, &remote).await.unwrap(), Position::default());
            take(&mut tx, &remote, "", Seq(7), Seq(5)).await.unwrap();
            take(&mut tx, &remote, "zero", Seq(6), Seq(6)).await.unwrap();
            let known = get(&mut tx, &remote).await.unwrap();
            assert_eq!((known.taken, known.taken_low), (Some(Seq(7)), Some(Seq(6))));
            assert_eq!(known.peer_epoch, "zero");
            confirm(&mut tx, &remote, Seq(3)).await.unwrap();
            confirm(&mut tx, &remote, Seq(2)).await.unwrap();
            assert_eq!(get(&mut tx, &remote).await.unwrap().applied, Some(Seq(3)));
            let written = Position {
                peer_epoch: "second".to_owned(),
                former_epochs: "first".to_owned(),
                changed_at: Some(Millis(3)),
                applied: Some(Seq(4)),
                rewind_to: Some(Seq(0)),
                held_at: Some(Millis(9)),
                held_why: "clone".to_owned(),
                accept_next: true,
                ..Position::default()
            };
            put(&mut tx, &remote, &written).await.unwrap();
            let both_halves = Position { taken: known.taken, taken_low: known.taken_low, ..written };
            assert_eq!(get(&mut tx, &remote).await.unwrap(), both_halves);
            rewound(&mut tx, &remote).await.unwrap();
            assert_eq!(get(&mut tx, &remote).await.unwrap().rewind_to, None);
            forget_claims(&mut tx).await.unwrap();
            let left = get(&mut tx, &remote).await.unwrap();
            assert_eq!((left.applied, left.held_at, left.accept_next), (None, None, false));
            assert_eq!((left.taken, left.peer_epoch.as_str()), (Some(Seq(7)), "second"));
            forget_taken(&mut tx, &remote).await.unwrap();
            assert_eq!(get(&mut tx, &remote).await.unwrap().taken, None);
        })
        .await;
    }
}
