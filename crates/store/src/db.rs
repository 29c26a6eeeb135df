//! The database, and transactions on it: one handle for both kinds, so that features never learn which one runs.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rialto_model::{DomainEvent, Millis, Origin, Scope};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, watch};

use crate::log::EventColumns;
use crate::postgres::{Postgres, Session};
use crate::sqlite::{Reader, Sqlite, Writer};
use crate::value::{Arg, FromRow, OwnedArg, Sql};
use crate::{StoreError, log};

/// Writers that may wait at once, and how long; more get [`StoreError::Busy`] at once.
const WAITING_WRITERS: usize = 256;
const LONGEST_WAIT: Duration = Duration::from_secs(2);

enum Kind {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

struct Inner {
    kind: Kind,
    writers: Arc<Semaphore>,
    hint: watch::Sender<u64>,
}

/// A database, cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

impl Db {
    /// Opens the SQLite file at `path`, creating and migrating it.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if it cannot be opened or migrated.
    pub fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let hint = watch::Sender::new(0);
        let sqlite = Sqlite::open(path, hint.clone())?;
        Ok(Self::new(Kind::Sqlite(sqlite), hint))
    }

    /// Opens the SQLite file at `path` for a test whose time is virtual: transactions are committed on the thread that
    /// makes them, and survive the process but not the machine.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if it cannot be opened or migrated.
    #[cfg(feature = "testing")]
    pub fn open_sqlite_inline(path: &Path) -> Result<Self, StoreError> {
        let hint = watch::Sender::new(0);
        let sqlite = Sqlite::open_inline(path, hint.clone())?;
        Ok(Self::new(Kind::Sqlite(sqlite), hint))
    }

    /// Connects to PostgreSQL at `url` and migrates the database.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if it cannot be reached or migrated.
    pub async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        Ok(Self::new(Kind::Postgres(Postgres::open(url).await?), watch::Sender::new(0)))
    }

    fn new(kind: Kind, hint: watch::Sender<u64>) -> Self {
        Self(Arc::new(Inner { kind, writers: Arc::new(Semaphore::new(WAITING_WRITERS)), hint }))
    }

    /// True on PostgreSQL, for what differs by more than a statement.
    pub fn is_postgres(&self) -> bool {
        matches!(self.0.kind, Kind::Postgres(_))
    }

    /// Changes whenever this process has committed events. Nothing but a hint: it may be early, late or lost.
    pub(crate) fn hints(&self) -> watch::Receiver<u64> {
        self.0.hint.subscribe()
    }

    /// Begins a transaction that writes. Never begin a second one while holding it: on SQLite it would wait for itself.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when too many writers wait already or the wait takes too long.
    pub async fn begin(&self, now: Millis) -> Result<Tx, StoreError> {
        let busy = || StoreError::Busy("too many writers".to_owned());
        let permit = Arc::clone(&self.0.writers).try_acquire_owned().map_err(|_| busy())?;
        let connection = match &self.0.kind {
            Kind::Sqlite(sqlite) => {
                let lock = Arc::clone(&sqlite.writer).lock_owned();
                let mut writer = tokio::time::timeout(LONGEST_WAIT, lock).await.map_err(|_| busy())?;
                writer.begin()?;
                Connection::Write(writer)
            }
            Kind::Postgres(postgres) => Connection::Postgres(postgres.session(true).await?),
        };
        Ok(Tx {
            snapshot: Snapshot { connection, now },
            events: EventColumns::default(),
            queued: Vec::new(),
            state: State::Open,
            hint: self.0.hint.clone(),
            _permit: permit,
        })
    }

    /// Opens a view for reading. On SQLite all its reads see one moment; on PostgreSQL each sees its own.
    ///
    /// # Errors
    /// [`StoreError`] if no connection is to be had.
    pub async fn read(&self, now: Millis) -> Result<Snapshot, StoreError> {
        let connection = match &self.0.kind {
            Kind::Sqlite(sqlite) => Connection::Read(sqlite.read().await?),
            Kind::Postgres(postgres) => Connection::Postgres(postgres.session(false).await?),
        };
        Ok(Snapshot { connection, now })
    }
}

enum Connection {
    Read(Reader),
    Write(OwnedMutexGuard<Writer>),
    Postgres(Session),
    /// Given back; only a transaction that waits for its commit has none.
    Returned,
}

/// Something to read from: a view, or the reading half of a [`Tx`].
pub struct Snapshot {
    connection: Connection,
    now: Millis,
}

impl Snapshot {
    /// The moment it was opened, by the application's clock.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// All rows of a SELECT.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn fetch_all<T: FromRow>(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<T>, StoreError> {
        let sql = sql.into();
        match &mut self.connection {
            // Inline SQLite never waits, so a loop of reads gives way here.
            Connection::Read(reader) => {
                tokio::task::coop::consume_budget().await;
                reader.connection()?.query(sql.sqlite, args)
            }
            Connection::Write(writer) => writer.connection().query(sql.sqlite, args),
            Connection::Postgres(session) => session.query(sql.postgres, args).await,
            Connection::Returned => Err(StoreError::Failed("the transaction is over".to_owned())),
        }
    }

    /// All rows of a SELECT that may take long: on SQLite it runs on a thread of its own, so that nobody waits for it.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn fetch_all_apart<T: FromRow + Send + 'static>(
        &mut self,
        sql: Sql,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let mut reader = match std::mem::replace(&mut self.connection, Connection::Returned) {
            Connection::Read(reader) => reader,
            other => {
                self.connection = other;
                return self.fetch_all(sql, args).await;
            }
        };
        let args: Vec<OwnedArg> = args.iter().map(OwnedArg::from).collect();
        let read = tokio::task::spawn_blocking(move || {
            let args: Vec<Arg<'_>> = args.iter().map(OwnedArg::borrow).collect();
            let rows = reader.connection().and_then(|connection| connection.query(sql.sqlite, &args));
            (reader, rows)
        });
        let (reader, rows) = read.await.map_err(|error| StoreError::Failed(error.to_string()))?;
        self.connection = Connection::Read(reader);
        rows
    }

    /// True on PostgreSQL, for what differs by more than a statement.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_))
    }

    /// The first row of a SELECT or of a write with RETURNING.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn fetch_optional<T: FromRow>(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Option<T>, StoreError> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// The only row of a SELECT that always has one, such as a count.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn fetch_one<T: FromRow>(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<T, StoreError> {
        let row = self.fetch_optional(sql, args).await?;
        row.ok_or_else(|| StoreError::Corrupt("a row is missing".to_owned()))
    }
}

#[derive(PartialEq, Eq)]
enum State {
    Open,
    /// Handed to the committer, or ended by the database itself: nothing is left to undo.
    Over,
}

/// A transaction on either database: changes, and the events that record them, together or not at all.
///
/// Dropped without [`Tx::commit`] it leaves nothing behind.
pub struct Tx {
    snapshot: Snapshot,
    events: EventColumns,
    queued: Vec<(&'static str, Vec<OwnedArg>)>,
    state: State,
    hint: watch::Sender<u64>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Tx {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Snapshot {
        &mut self.snapshot
    }
}

impl Tx {
    /// Runs a write and tells how many rows changed.
    ///
    /// # Errors
    /// [`StoreError`] as the database says; the transaction is of no more use then.
    pub async fn execute(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let sql = sql.into();
        match &mut self.snapshot.connection {
            Connection::Write(writer) => writer.connection().execute(sql.sqlite, args),
            Connection::Postgres(session) => session.execute(sql.postgres, args).await,
            _ => Err(StoreError::Failed("a view cannot write".to_owned())),
        }
    }

    /// Runs a write whose result nobody needs. On PostgreSQL it leaves with COMMIT, which fails if it does; so queue
    /// what no later statement of the transaction reads, and hot rows last.
    ///
    /// # Errors
    /// [`StoreError`] as the database says, on SQLite at once.
    pub fn queue(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<(), StoreError> {
        match &mut self.snapshot.connection {
            Connection::Write(writer) => writer.connection().execute(sql, args).map(|_| ()),
            _ => {
                self.queued.push((sql, args.iter().map(OwnedArg::from).collect()));
                Ok(())
            }
        }
    }

    /// Appends an event to the log when, and only when, the transaction commits.
    pub fn record(&mut self, scope: Scope, origin: Origin, event: DomainEvent) {
        let now = self.snapshot.now;
        self.events.push(now, scope, origin, &event);
    }

    /// The row of a slotted counter this transaction writes to (write-path section 4).
    pub(crate) fn slot(&self) -> i64 {
        match &self.snapshot.connection {
            Connection::Postgres(session) => session.slot(),
            _ => 0,
        }
    }

    /// Makes all of it durable; answers only then.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written, or (connection lost while committing) the outcome is unknown.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        match &mut self.snapshot.connection {
            Connection::Write(writer) => {
                for (at, scope, origin, body) in self.events.rows() {
                    writer
                        .connection()
                        .execute(log::INSERT_SQLITE, &[at.into(), scope.into(), origin.into(), body.into()])?;
                }
                let wait = writer.release()?;
                self.state = State::Over;
                // Gives the lock back, so that the committer's turn can come.
                self.snapshot.connection = Connection::Returned;
                wait.await.map_err(|_| StoreError::Failed("the committer is gone".to_owned()))?
            }
            Connection::Postgres(session) => {
                session.commit(&self.queued, &self.events).await?;
                self.state = State::Over;
                if !self.events.is_empty() {
                    log::announce(&self.hint);
                }
                Ok(())
            }
            _ => Err(StoreError::Failed("a view cannot commit".to_owned())),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let (State::Open, Connection::Write(writer)) = (&self.state, &mut self.snapshot.connection) {
            writer.roll_back();
        }
    }
}
