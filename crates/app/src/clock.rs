//! What time it is: the machine's, or a test's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rialto_model::Millis;
use tokio::time::Instant;

/// The source of all times that are written or compared.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands until it is set.
    Manual(Arc<AtomicI64>),
    /// A clock kept elsewhere: a simulation's, which goes with its virtual time.
    Kept(Reading),
}

/// How a clock that is kept elsewhere is read.
#[derive(Clone)]
pub struct Reading(Arc<dyn Fn() -> Millis + Send + Sync>);

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Reading").field(&(self.0)()).finish()
    }
}

impl Clock {
    /// A manual clock standing at `at`.
    pub fn manual(at: Millis) -> Self {
        Clock::Manual(Arc::new(AtomicI64::new(at.0)))
    }

    /// A clock that says whatever `read` says.
    pub fn kept(read: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Clock::Kept(Reading(Arc::new(read)))
    }

    /// The present moment.
    pub fn now(&self) -> Millis {
        match self {
            Clock::System => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Manual(at) => Millis(at.load(Ordering::SeqCst)),
            Clock::Kept(reading) => (reading.0)(),
        }
    }

    /// For how long things have been running since some moment, whatever the clock has been set to meanwhile: for
    /// differences only, and only within one process.
    pub fn running(&self) -> Duration {
        static BEGUN: OnceLock<Instant> = OnceLock::new();
        match self {
            // It says what time it is and is moved on to let time pass.
            Clock::Manual(at) => Duration::from_millis(u64::try_from(at.load(Ordering::SeqCst)).unwrap_or(0)),
            // The runtime's own measure is a simulation's virtual time as well.
            Clock::System | Clock::Kept(_) => Instant::now().duration_since(*BEGUN.get_or_init(Instant::now)),
        }
    }

    /// Moves a manual clock on; the others take no orders.
    pub fn advance(&self, ms: i64) {
        if let Clock::Manual(at) = self {
            at.fetch_add(ms, Ordering::SeqCst);
        }
    }
}
