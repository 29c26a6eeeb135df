//! The event log: one position, in causal order, nothing committed ever skipped.
//!
//! SQLite has one writer, so its numbers are dense. On PostgreSQL a number is taken by the last statement before
//! COMMIT; numbers may be missing for ever (a transaction died) or for a moment (its COMMIT is under way), and the
//! tail waits at such holes until it can tell which. Source: write-path section 3.

use std::time::Duration;

use rialto_model::{DomainEvent, Millis, Origin, Recorded, Scope, Seq};
use tokio::sync::watch;

use crate::value::{FromRow, Row};
use crate::{Db, StoreError};

pub(crate) const INSERT_SQLITE: &str = "INSERT INTO events (at, scope, origin, body) VALUES ($1, $2, $3, $4)";

/// The CTE makes the transaction take its xid before the identity column gives the number.
pub(crate) const INSERT_POSTGRES: &str = "WITH x AS MATERIALIZED (SELECT pg_current_xact_id()) \
    INSERT INTO events (at, scope, origin, body) \
    SELECT u.at, u.scope, u.origin, u.body FROM x, \
    unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS u(at, scope, origin, body, place) \
    ORDER BY u.place";

/// How long the tail sleeps without a hint. A lost hint costs this much, never an event.
const WITHOUT_HINT: Duration = Duration::from_secs(1);
const PAGE: i64 = 1000;

pub(crate) fn announce(hint: &watch::Sender<u64>) {
    hint.send_modify(|n| *n = n.wrapping_add(1));
}

/// The events a transaction will append, column by column.
#[derive(Debug, Default)]
pub(crate) struct EventColumns {
    pub(crate) at: Vec<i64>,
    pub(crate) scope: Vec<String>,
    pub(crate) origin: Vec<String>,
    pub(crate) body: Vec<String>,
}

impl EventColumns {
    pub(crate) fn push(&mut self, at: Millis, scope: Scope, origin: Origin, event: &DomainEvent) {
        self.at.push(at.0);
        self.scope.push(match scope {
            Scope::Channel(id) => format!("c:{id}"),
            Scope::Team(id) => format!("t:{id}"),
            Scope::User(id) => format!("u:{id}"),
            Scope::Server => "s:".to_owned(),
        });
        self.origin.push(origin.remote().map_or_else(String::new, |id| id.to_string()));
        // Events hold ids and small facts only; they always serialise.
        self.body.push(serde_json::to_string(event).unwrap_or_default());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (i64, &String, &String, &String)> {
        let columns = self.at.iter().zip(&self.scope).zip(&self.origin).zip(&self.body);
        columns.map(|(((at, scope), origin), body)| (*at, scope, origin, body))
    }
}

impl FromRow for Recorded {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        let seq = Seq(row.int()?);
        let at = row.millis()?;
        let scope = row.text()?;
        let unreadable = || StoreError::Corrupt(format!("event {} has scope {scope:?}", seq.0));
        let (kind, id) = scope.split_once(':').ok_or_else(unreadable)?;
        let scope = match kind {
            "c" => Scope::Channel(id.parse().map_err(|_| unreadable())?),
            "t" => Scope::Team(id.parse().map_err(|_| unreadable())?),
            "u" => Scope::User(id.parse().map_err(|_| unreadable())?),
            "s" => Scope::Server,
            _ => return Err(unreadable()),
        };
        let origin = row.opt_id()?.map_or(Origin::Local, Origin::Remote);
        let body = row.text()?;
        let event =
            serde_json::from_str(&body).map_err(|error| StoreError::Corrupt(format!("event {}: {error}", seq.0)))?;
        Ok(Recorded { seq, at, scope, origin, event })
    }
}

/// Follows the log from its head on and delivers every committed event once, in order. One per node; everybody else
/// reads up to what it has delivered, which is the *settled head*.
pub struct Tail {
    db: Db,
    cursor: Seq,
    hints: watch::Receiver<u64>,
    hole: Option<Hole>,
}

/// A missing number, and the fence after which it can no longer come alive.
struct Hole {
    seq: Seq,
    since: std::time::Instant,
    fence: Option<(Seq, i64)>,
}

struct PostgresRow {
    xmin: i64,
    recorded: Recorded,
}

impl FromRow for PostgresRow {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { xmin: row.int()?, recorded: Recorded::from_row(row)? })
    }
}

const NOW: Millis = Millis(0);

impl Tail {
    /// Stands at the head: everything committed before this call has a position up to [`Tail::cursor`].
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn at_head(db: Db) -> Result<Self, StoreError> {
        let hints = db.hints();
        let head: i64 = db.read(NOW).await?.fetch_one("SELECT COALESCE(MAX(seq), 0) FROM events", &[]).await?;
        if db.is_postgres() {
            let fence = fence(&db).await?;
            while xmin(&db).await? < fence {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(Self { db, cursor: Seq(head), hints, hole: None })
    }

    /// The position of the last event delivered.
    pub fn cursor(&self) -> Seq {
        self.cursor
    }

    /// Waits for events and returns them; never returns none.
    ///
    /// # Errors
    /// [`StoreError`] as the database says; call again, nothing is skipped.
    pub async fn next(&mut self) -> Result<Vec<Recorded>, StoreError> {
        loop {
            self.hints.borrow_and_update();
            let found = if self.db.is_postgres() { self.step_postgres().await? } else { self.step_sqlite().await? };
            if !found.is_empty() {
                return Ok(found);
            }
            if self.hole.is_some() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            } else {
                // Err: nobody writes in this process any more; other nodes may, so go on asking.
                if let Ok(Err(_)) = tokio::time::timeout(WITHOUT_HINT, self.hints.changed()).await {
                    tokio::time::sleep(WITHOUT_HINT).await;
                }
            }
        }
    }

    async fn step_sqlite(&mut self) -> Result<Vec<Recorded>, StoreError> {
        let found = list(&mut self.db.read(NOW).await?, self.cursor, Seq(i64::MAX), PAGE).await?;
        if let Some(last) = found.last() {
            self.cursor = last.seq;
        }
        Ok(found)
    }

    async fn step_postgres(&mut self) -> Result<Vec<Recorded>, StoreError> {
        let rows: Vec<PostgresRow> = self
            .db
            .read(NOW)
            .await?
            .fetch_all(
                "SELECT pg_snapshot_xmin(s)::text::bigint, e.seq, e.at, e.scope, e.origin, e.body \
                 FROM events e, pg_current_snapshot() s WHERE e.seq > $1 ORDER BY e.seq LIMIT $2",
                &[self.cursor.into(), PAGE.into()],
            )
            .await?;
        let highest = rows.last().map(|row| row.recorded.seq);
        let mut found = Vec::new();
        for row in rows {
            let expected = Seq(self.cursor.0 + 1);
            if row.recorded.seq > expected && !self.may_pass(expected, row.recorded.seq, row.xmin) {
                break;
            }
            self.cursor = row.recorded.seq;
            self.hole = None;
            found.push(row.recorded);
        }
        if let (true, Some(highest)) = (found.is_empty(), highest) {
            self.examine_hole(highest).await?;
        }
        Ok(found)
    }

    /// True if all numbers from `missing` to before `next` are dead: they lie below what was seen when the fence was
    /// taken, and no transaction older than the fence is left in the very statement that still misses them.
    fn may_pass(&self, missing: Seq, next: Seq, xmin: i64) -> bool {
        let Some(Hole { seq, fence: Some((seen, fence)), .. }) = &self.hole else { return false };
        *seq == missing && next <= *seen && xmin >= *fence
    }

    async fn examine_hole(&mut self, highest: Seq) -> Result<(), StoreError> {
        let missing = Seq(self.cursor.0 + 1);
        match &mut self.hole {
            Some(hole) if hole.seq == missing => {
                // It is nearly always a COMMIT under way; only a hole that lasts is worth a fence.
                if hole.fence.is_none() && hole.since.elapsed() >= Duration::from_millis(5) {
                    hole.fence = Some((highest, fence(&self.db).await?));
                }
            }
            _ => self.hole = Some(Hole { seq: missing, since: std::time::Instant::now(), fence: None }),
        }
        Ok(())
    }
}

/// A transaction id younger than every transaction that has one now. `pg_snapshot_xmax` would not do: it is only the
/// last *completed* id plus one.
async fn fence(db: &Db) -> Result<i64, StoreError> {
    db.read(NOW).await?.fetch_one("SELECT pg_current_xact_id()::text::bigint", &[]).await
}

async fn xmin(db: &Db) -> Result<i64, StoreError> {
    db.read(NOW).await?.fetch_one("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint", &[]).await
}

/// Events after `after` up to `settled`, at most `limit`, for consumers with a cursor of their own. `settled` must be a
/// position a [`Tail`] has delivered.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut crate::Snapshot,
    after: Seq,
    settled: Seq,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    view.fetch_all(
        "SELECT seq, at, scope, origin, body FROM events WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
        &[after.into(), settled.into(), limit.into()],
    )
    .await
}

/// Removes events up to `seq`, which every live cursor has passed. At most `limit`; returns how many went.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn prune(tx: &mut crate::Tx, seq: Seq, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq <= $1 ORDER BY seq LIMIT $2)",
        &[seq.into(), limit.into()],
    )
    .await
}

/// The last position recorded before `before`, None if nothing is that old.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn last_before(view: &mut crate::Snapshot, before: Millis) -> Result<Option<Seq>, StoreError> {
    let seq: i64 = view.fetch_one("SELECT COALESCE(MAX(seq), -1) FROM events WHERE at < $1", &[before.into()]).await?;
    Ok(Some(Seq(seq)).filter(|seq| seq.0 >= 0))
}

/// The first event behind a position: where it is and when it was recorded. None if there is none.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn first_after(view: &mut crate::Snapshot, after: Seq) -> Result<Option<(Seq, Millis)>, StoreError> {
    struct Found(Seq, Millis);
    impl FromRow for Found {
        fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
            Ok(Self(Seq(row.int()?), row.millis()?))
        }
    }
    let found: Option<Found> =
        view.fetch_optional("SELECT seq, at FROM events WHERE seq > $1 ORDER BY seq LIMIT 1", &[after.into()]).await?;
    Ok(found.map(|Found(seq, at)| (seq, at)))
}

/// The last event there is: where it is and when it was recorded. None while the log is empty.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn newest(view: &mut crate::Snapshot) -> Result<Option<(Seq, Millis)>, StoreError> {
    let seq: i64 = view.fetch_one("SELECT COALESCE(MAX(seq), 0) FROM events", &[]).await?;
    first_after(view, Seq(seq - 1)).await
}
