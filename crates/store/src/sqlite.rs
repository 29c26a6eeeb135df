//! The SQLite arm: one writing connection whose commits are shared, a few reading ones.
//!
//! Writers take turns behind a fair lock and work inside savepoints of one open transaction. A committer thread
//! stands in the same queue, behind exactly the writers that were waiting when the transaction opened; when its turn
//! comes it commits for all of them. A lone writer pays one thread switch, no timer is involved, and no `fsync`
//! happens on a thread of the runtime. Source: write-path section 4, design J.
//!
//! Tests whose time is virtual may open a file without the committer: then each writer commits by itself before it goes
//! on, so that nothing happens outside the one thread by which virtual time is kept.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::value::{Arg, FromRow, Row};
use crate::{StoreError, log};

const READERS: usize = 4;

/// The writing connection and the transaction that is open on it.
pub(crate) struct Writer {
    connection: Statements,
    batch: Option<Vec<oneshot::Sender<Result<(), StoreError>>>>,
    commits: Commits,
}

/// Who makes the shared transaction durable.
enum Commits {
    /// The committer thread, which is told that there is something to commit.
    Thread(mpsc::Sender<()>),
    /// The writer itself, at once.
    #[cfg(feature = "testing")]
    Inline(watch::Sender<u64>),
}

/// A connection with its statements, whose placeholders are rewritten once per text.
pub(crate) struct Statements {
    connection: Connection,
    texts: HashMap<&'static str, String>,
}

impl Statements {
    fn open(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.set_prepared_statement_cache_capacity(256);
        // Or SQLite plans a statement anew for many a parameter it is given, which took a third of all our time. Where a
        // partial index is to be used the statement says its condition, as for PostgreSQL.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(
            "PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL;",
        )?;
        Ok(Self { connection, texts: HashMap::new() })
    }

    /// `$1` is a named parameter to SQLite and numbered by first appearance; `?1` means what PostgreSQL means by `$1`.
    fn text<'a>(texts: &'a mut HashMap<&'static str, String>, sql: &'static str) -> &'a str {
        texts.entry(sql).or_insert_with(|| sql.replace('$', "?"))
    }

    pub(crate) fn query<T: FromRow>(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(Self::text(&mut self.texts, sql))?;
        let mut rows = statement.query(rusqlite::params_from_iter(args))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(T::from_row(&mut Row::sqlite(row))?);
        }
        Ok(found)
    }

    pub(crate) fn execute(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(Self::text(&mut self.texts, sql))?;
        Ok(statement.execute(rusqlite::params_from_iter(args))? as u64)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch(sql)?)
    }
}

impl Writer {
    pub(crate) fn connection(&mut self) -> &mut Statements {
        &mut self.connection
    }

    /// Opens the caller's savepoint, and the shared transaction if none is open.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        if self.batch.is_none() {
            self.connection.execute("BEGIN IMMEDIATE", &[])?;
            self.batch = Some(Vec::new());
            // The committer is gone only while the process ends.
            match &self.commits {
                Commits::Thread(wake) => {
                    wake.send(()).map_err(|_| StoreError::Failed("shutting down".to_owned()))?;
                }
                #[cfg(feature = "testing")]
                Commits::Inline(_) => {}
            }
        }
        self.connection.execute("SAVEPOINT j", &[])?;
        Ok(())
    }

    /// Closes the caller's savepoint and leaves a place to answer once the shared transaction is durable.
    pub(crate) fn release(&mut self) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
        self.connection.execute("RELEASE j", &[])?;
        let (answer, wait) = oneshot::channel();
        match &mut self.batch {
            Some(batch) => batch.push(answer),
            None => return Err(StoreError::Failed("the shared transaction has ended".to_owned())),
        }
        #[cfg(feature = "testing")]
        if let Commits::Inline(hint) = &self.commits {
            let hint = hint.clone();
            if self.commit_batch() {
                log::announce(&hint);
            }
        }
        Ok(wait)
    }

    /// Undoes the caller's savepoint; its neighbours in the shared transaction keep theirs.
    pub(crate) fn roll_back(&mut self) {
        if self.fail_batch_if_ended("the shared transaction was rolled back") {
            return;
        }
        if let Err(error) = self.connection.batch("ROLLBACK TO j; RELEASE j") {
            tracing::error!(%error, "cannot undo a savepoint; the whole shared transaction is undone");
            let _ = self.connection.batch("ROLLBACK");
            self.fail_batch_if_ended("the shared transaction was rolled back");
        }
        #[cfg(feature = "testing")]
        if matches!(self.commits, Commits::Inline(_)) {
            // Nobody else is in it, and nobody would end it.
            self.commit_batch();
        }
    }

    /// A full disk or an I/O error ends the *whole* transaction; then nobody in it may be told it succeeded.
    pub(crate) fn fail_batch_if_ended(&mut self, why: &str) -> bool {
        if !self.connection.connection.is_autocommit() {
            return false;
        }
        for answer in self.batch.take().unwrap_or_default() {
            let _ = answer.send(Err(StoreError::Failed(why.to_owned())));
        }
        true
    }

    fn commit_batch(&mut self) -> bool {
        let Some(batch) = self.batch.take() else { return false };
        let result = self.connection.batch("COMMIT");
        if let Err(error) = &result {
            tracing::error!(%error, waiting = batch.len(), "commit failed");
            if !self.connection.connection.is_autocommit() {
                let _ = self.connection.batch("ROLLBACK");
            }
        }
        for answer in batch {
            let _ = answer.send(result.clone());
        }
        result.is_ok()
    }
}

/// A reading connection on loan; it returns when dropped.
pub(crate) struct Reader {
    connection: Option<Statements>,
    pool: Arc<Mutex<Vec<Statements>>>,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    pub(crate) fn connection(&mut self) -> Result<&mut Statements, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Failed("no connection".to_owned()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            let _ = connection.execute("COMMIT", &[]);
            self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// The database file.
pub(crate) struct Sqlite {
    pub(crate) writer: Arc<tokio::sync::Mutex<Writer>>,
    readers: Arc<Mutex<Vec<Statements>>>,
    read_permits: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens and migrates the file, and starts the committer.
    pub(crate) fn open(path: &Path, hint: watch::Sender<u64>) -> Result<Self, StoreError> {
        let (wake, woken) = mpsc::channel();
        let sqlite = Self::prepare(path, Commits::Thread(wake), "FULL")?;
        let shared = Arc::downgrade(&sqlite.writer);
        std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || {
                while woken.recv().is_ok() {
                    let Some(writer) = shared.upgrade() else { return };
                    let committed = writer.blocking_lock().commit_batch();
                    if committed {
                        log::announce(&hint);
                    }
                }
            })
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(sqlite)
    }

    /// Opens and migrates the file; writers commit by themselves, and nothing waits for the disk.
    #[cfg(feature = "testing")]
    pub(crate) fn open_inline(path: &Path, hint: watch::Sender<u64>) -> Result<Self, StoreError> {
        Self::prepare(path, Commits::Inline(hint), "OFF")
    }

    fn prepare(path: &Path, commits: Commits, synchronous: &str) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 10000;",
        ))?;
        crate::migrations::run_sqlite(&mut connection)?;
        drop(connection);

        let mut writing = Statements::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        writing.batch(&format!(
            "PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
        ))?;
        let writer = Arc::new(tokio::sync::Mutex::new(Writer { connection: writing, batch: None, commits }));
        let readers = (0..READERS)
            .map(|_| Statements::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { writer, readers: Arc::new(Mutex::new(readers)), read_permits: Arc::new(Semaphore::new(READERS)) })
    }

    /// Lends a reading connection with a transaction open on it.
    pub(crate) async fn read(&self) -> Result<Reader, StoreError> {
        let closed = || StoreError::Failed("closed".to_owned());
        let permit = Arc::clone(&self.read_permits).acquire_owned().await.map_err(|_| closed())?;
        let connection = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = Reader { connection, pool: Arc::clone(&self.readers), _permit: permit };
        reader.connection()?.execute("BEGIN DEFERRED", &[])?;
        Ok(reader)
    }
}
