//! How a connection fares: what the last pings showed, how long the peer was in reach, and what waits for it, in bytes.

use rialto_model::{Cause, Millis, PostId, RemoteId};

use crate::{FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

/// What was measured of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// Since when our pings get through; None while they do not.
    pub online_since: Option<Millis>,
    /// When the last ping had an outcome.
    pub noted_at: Option<Millis>,
    /// Whether it got through.
    pub reached: bool,
    /// Of the last one that did, ms.
    pub round_trip: Option<i64>,
    /// How far the peer's clock is ahead, ms; only with a round trip.
    pub clock_skew: i64,
    /// Age of the oldest item that waits at the peer for us, ms, as the peer says; None: it does not say.
    pub peer_lag: Option<i64>,
    /// The last failure, over or not.
    pub failure: Option<Failure>,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Of which class.
    pub cause: Cause,
    /// In plain words.
    pub text: String,
    /// When it happened last.
    pub at: Millis,
}

impl FromRow for Measured {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        let some = |n: i64| (n >= 0).then_some(n);
        Ok(Self {
            online_since: row.opt_millis()?,
            noted_at: row.opt_millis()?,
            reached: row.bool()?,
            round_trip: some(row.int()?),
            clock_skew: row.int()?,
            peer_lag: some(row.int()?),
            failure: {
                let (cause, text, at) = (row.text()?, row.text()?, row.opt_millis()?);
                at.map(|at| Failure { cause: Cause::from_word(&cause), text, at })
            },
        })
    }
}

/// What was measured; nothing if the peer was never called.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, remote: &RemoteId) -> Result<Measured, StoreError> {
    let found = view
        .fetch_optional(
            "SELECT online_since, noted_at, reached, round_trip, clock_skew, peer_lag, error_code, error, error_at \
             FROM connection_health WHERE remote_id = $1",
            &[remote.into()],
        )
        .await?;
    Ok(found.unwrap_or_default())
}

/// Writes the outcome of a ping; the last failure stays as it is.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, remote: &RemoteId, measured: &Measured) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO connection_health (remote_id, online_since, noted_at, reached, round_trip, clock_skew, peer_lag) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (remote_id) DO UPDATE SET \
         online_since = excluded.online_since, noted_at = excluded.noted_at, reached = excluded.reached, \
         round_trip = excluded.round_trip, clock_skew = excluded.clock_skew, peer_lag = excluded.peer_lag",
        &[
            remote.into(),
            measured.online_since.into(),
            measured.noted_at.into(),
            measured.reached.into(),
            measured.round_trip.unwrap_or(-1).into(),
            measured.clock_skew.into(),
            measured.peer_lag.unwrap_or(-1).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes a failure in place of the last one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put_failure(tx: &mut Tx, remote: &RemoteId, failure: &Failure) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO connection_health (remote_id, error_code, error, error_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (remote_id) DO UPDATE SET error_code = excluded.error_code, error = excluded.error, \
         error_at = excluded.error_at",
        &[remote.into(), failure.cause.word().into(), (&failure.text).into(), failure.at.into()],
    )
    .await
    .map(|_| ())
}

/// Counts time in which the peer was in reach, or was not, into its hour; hours before `oldest` go.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn count(
    tx: &mut Tx,
    remote: &RemoteId,
    hour: i64,
    up: i64,
    down: i64,
    oldest: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO connection_hours (remote_id, hour, up, down) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (remote_id, hour) DO UPDATE SET up = connection_hours.up + excluded.up, \
         down = connection_hours.down + excluded.down",
        &[remote.into(), hour.into(), up.into(), down.into()],
    )
    .await?;
    tx.execute("DELETE FROM connection_hours WHERE remote_id = $1 AND hour < $2", &[remote.into(), oldest.into()])
        .await
        .map(|_| ())
}

/// Milliseconds in reach and out of reach since the hour `oldest`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn availability(view: &mut Snapshot, remote: &RemoteId, oldest: i64) -> Result<(i64, i64), StoreError> {
    let rows: Vec<(i64, i64)> = view
        .fetch_all(
            "SELECT up, down FROM connection_hours WHERE remote_id = $1 AND hour >= $2",
            &[remote.into(), oldest.into()],
        )
        .await?;
    Ok(rows.into_iter().fold((0, 0), |(up, down), (more_up, more_down)| (up + more_up, down + more_down)))
}

/// Bytes of text in these posts, and of files that wait for a peer.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn waiting_bytes(view: &mut Snapshot, remote: &RemoteId, posts: &[PostId]) -> Result<i64, StoreError> {
    const TEXTS: Sql = Sql::per(
        "SELECT CAST(COALESCE(SUM(OCTET_LENGTH(message) + OCTET_LENGTH(props)), 0) AS BIGINT) FROM posts \
         WHERE id IN (SELECT value FROM json_each($1))",
        "SELECT CAST(COALESCE(SUM(OCTET_LENGTH(message) + OCTET_LENGTH(props)), 0) AS BIGINT) FROM posts \
         WHERE id IN (SELECT json_array_elements_text($1::json))",
    );
    let texts: i64 = view.fetch_one(TEXTS, &[(&json_list(posts)).into()]).await?;
    let files: i64 = view
        .fetch_one(
            "SELECT CAST(COALESCE(SUM(f.size), 0) AS BIGINT) FROM file_deliveries d JOIN files f ON f.id = d.file_id \
             WHERE d.remote_id = $1 AND d.state = 'waiting'",
            &[remote.into()],
        )
        .await?;
    Ok(texts + files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id, read};
    use crate::testing::both;

    #[tokio::test]
    async fn measurements_and_failures_are_kept_apart() {
        both(async |db: Db| {
            let one = id(1);
            assert_eq!(get(&mut read(&db).await, &one).await.unwrap(), Measured::default());
            let failure = Failure { cause: Cause::Dns, text: "no name".to_owned(), at: Millis(5) };
            let mut tx = begin(&db).await;
            put_failure(&mut tx, &one, &failure).await.unwrap();
            let measured = Measured {
                online_since: Some(Millis(3)),
                noted_at: Some(Millis(9)),
                reached: true,
                round_trip: Some(0),
                clock_skew: -70,
                peer_lag: Some(12),
                failure: None,
            };
            put(&mut tx, &one, &measured).await.unwrap();
            tx.commit().await.unwrap();
            let expected = Measured { failure: Some(failure), ..measured };
            assert_eq!(get(&mut read(&db).await, &one).await.unwrap(), expected);
        })
        .await;
    }

    #[tokio::test]
    async fn hours_add_up_and_old_ones_go() {
        both(async |db: Db| {
            let one = id(1);
            let mut tx = begin(&db).await;
            for (hour, up, down) in [(1, 10, 0), (30, 5, 7), (30, 1, 1), (31, 2, 0)] {
                count(&mut tx, &one, hour, up, down, hour - 24).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut view = read(&db).await;
            assert_eq!(availability(&mut view, &one, 0).await.unwrap(), (8, 8), "the first hour is gone");
            assert_eq!(availability(&mut view, &one, 31).await.unwrap(), (2, 0));
            assert_eq!(waiting_bytes(&mut view, &one, &[]).await.unwrap(), 0);
        })
        .await;
    }
}
