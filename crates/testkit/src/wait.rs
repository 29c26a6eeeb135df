//! Waiting for a condition. Tests never sleep for a guessed time; they look again until it holds or the deadline passes.

use std::time::Duration;

use tokio::time::Instant;

/// Deadline for what should take milliseconds: one exchange between two servers.
pub const SHORT: Duration = Duration::from_secs(20);
/// Deadline for what takes seconds by design: a catch-up, a ping interval, a back-off.
pub const LONG: Duration = Duration::from_secs(120);

const POLL: Duration = Duration::from_millis(15);

/// Asks `condition` again and again until it gives a value, and returns that.
///
/// # Panics
/// After `limit`, naming `what` was waited for.
#[track_caller]
pub fn wait_for<T, F>(what: &str, limit: Duration, condition: F) -> impl Future<Output = T>
where
    F: AsyncFnMut() -> Option<T>,
{
    let caller = std::panic::Location::caller();
    wait_from(what, limit, condition, caller)
}

async fn wait_from<T, F>(what: &str, limit: Duration, mut condition: F, caller: &std::panic::Location<'_>) -> T
where
    F: AsyncFnMut() -> Option<T>,
{
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "{caller}: not within {limit:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}
