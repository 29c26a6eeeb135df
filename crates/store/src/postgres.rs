//! The PostgreSQL arm: one pooled connection a transaction, round trips saved by pipelining.
//!
//! BEGIN travels with the first statement; queued statements, events and COMMIT leave in one flush. PostgreSQL groups
//! commits itself, so nothing is batched here. Source: write-path section 4, designs T and G.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future::join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls};

use crate::StoreError;
use crate::value::{Arg, FromRow, OwnedArg, Row};

const CONNECTIONS: usize = 16;
const SLOTS: u64 = 16;

/// The pool.
pub(crate) struct Postgres {
    pool: Pool,
    next_slot: AtomicU64,
}

/// A connection in, or about to enter, a transaction.
pub(crate) struct Session {
    client: Option<Object>,
    /// False until the first statement has carried BEGIN along.
    begun: bool,
    /// Whether statements belong to a transaction at all.
    transactional: bool,
    slot: i64,
}

impl Postgres {
    /// Migrates the database and makes the pool.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let mut config: Config =
            url.parse().map_err(|error: tokio_postgres::Error| StoreError::Failed(format!("database URL: {error}")))?;
        // A writer stuck between its number and COMMIT would stop every tail.
        config.options(
            "-c idle_in_transaction_session_timeout=10s -c lock_timeout=2s -c statement_timeout=30s -c timezone=UTC",
        );
        config.application_name("rialto");
        config.connect_timeout(Duration::from_secs(10));
        crate::migrations::run_postgres(&config).await?;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(2)))
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { pool, next_slot: AtomicU64::new(0) })
    }

    pub(crate) async fn session(&self, transactional: bool) -> Result<Session, StoreError> {
        let client = self.pool.get().await?;
        let slot = i64::try_from(self.next_slot.fetch_add(1, Ordering::Relaxed) % SLOTS).unwrap_or_default();
        Ok(Session { client: Some(client), begun: false, transactional, slot })
    }
}

/// One message of a flush and the answer to it.
type Part<'a> = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send + 'a>>;

type Params<'a> = Vec<&'a (dyn ToSql + Sync)>;

fn params<'a>(args: &'a [Arg<'a>]) -> Params<'a> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}

/// Runs `statement`, with BEGIN in front of it in the same flush if `begin` is to be set.
async fn carry<T>(
    client: &Object,
    begin: Option<&mut bool>,
    statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    let Some(begun) = begin else { return Ok(statement.await?) };
    *begun = true;
    let (begin, result) = join(client.batch_execute("BEGIN"), statement).await;
    begin?;
    Ok(result?)
}

impl Session {
    /// Where this transaction counts: concurrent ones count in different rows.
    pub(crate) fn slot(&self) -> i64 {
        self.slot
    }

    fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or_else(|| StoreError::Failed("no connection".to_owned()))
    }

    /// The connection, and the mark to set if BEGIN still has to leave. Borrowed and never taken out: a statement that
    /// is abandoned half-way, because its caller went away, must leave the connection where it will be rolled back.
    fn parts(&mut self) -> Result<(&Object, Option<&mut bool>), StoreError> {
        let client = self.client.as_ref().ok_or_else(|| StoreError::Failed("no connection".to_owned()))?;
        let must_begin = self.transactional && !self.begun;
        Ok((client, must_begin.then_some(&mut self.begun)))
    }

    pub(crate) async fn query<T: FromRow>(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<Vec<T>, StoreError> {
        let (client, begin) = self.parts()?;
        let statement = client.prepare_cached(sql).await?;
        let params = params(args);
        let rows = carry(client, begin, client.query(&statement, &params)).await?;
        rows.iter().map(|row| T::from_row(&mut Row::postgres(row))).collect()
    }

    pub(crate) async fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let (client, begin) = self.parts()?;
        let statement = client.prepare_cached(sql).await?;
        let params = params(args);
        carry(client, begin, client.execute(&statement, &params)).await
    }

    /// Sends queued statements, the events and COMMIT in one flush and checks every result: COMMIT of a failed
    /// transaction answers ROLLBACK, not an error.
    pub(crate) async fn commit(
        &mut self,
        queued: &[(&'static str, Vec<OwnedArg>)],
        events: &crate::log::EventColumns,
    ) -> Result<(), StoreError> {
        if !self.begun && queued.is_empty() && events.is_empty() {
            return Ok(());
        }
        let client = self.client()?;
        let mut statements = Vec::with_capacity(queued.len());
        for (sql, _) in queued {
            statements.push(client.prepare_cached(sql).await?);
        }
        let insert =
            if events.is_empty() { None } else { Some(client.prepare_cached(crate::log::INSERT_POSTGRES).await?) };

        let args: Vec<Vec<Arg<'_>>> =
            queued.iter().map(|(_, args)| args.iter().map(OwnedArg::borrow).collect()).collect();
        let params: Vec<Params<'_>> = args.iter().map(|args| params(args)).collect();
        let event_params: [&(dyn ToSql + Sync); 4] = [&events.at, &events.scope, &events.origin, &events.body];

        let mut flush: Vec<Part<'_>> = Vec::new();
        if !self.begun {
            flush.push(Box::pin(client.batch_execute("BEGIN")));
        }
        for (statement, params) in statements.iter().zip(&params) {
            flush.push(Box::pin(async move { client.execute(statement, params).await.map(|_| ()) }));
        }
        if let Some(insert) = &insert {
            flush.push(Box::pin(async { client.execute(insert, &event_params).await.map(|_| ()) }));
        }
        flush.push(Box::pin(client.batch_execute("COMMIT")));
        let results = in_order(flush).await;
        drop(params);
        self.begun = false;
        results.into_iter().try_for_each(|result| result.map_err(StoreError::from))
    }
}

/// Polls all of them in their order each time, so that their messages leave in that order.
async fn in_order<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, slot) in futures.iter_mut().zip(done.iter_mut()) {
            if slot.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *slot = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if !self.begun {
            return;
        }
        // The connection must not return to the pool inside a transaction.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if client.batch_execute("ROLLBACK").await.is_err() {
                        drop(Object::take(client));
                    }
                });
            }
            Err(_) => drop(Object::take(client)),
        }
    }
}
