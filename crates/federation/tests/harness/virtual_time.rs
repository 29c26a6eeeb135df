//! Time that a test does not wait for: a runtime whose clock is paused goes on to the next pause's end whenever nobody has
//! anything to do, and the clocks of the servers go with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rialto_app::Clock;
use rialto_model::Millis;
use tokio::time::Instant;

use super::network::BEGIN;

/// A clock that goes with the runtime's time since `begun`, off by `skew` milliseconds.
pub fn virtual_clock(begun: Instant, skew: Arc<AtomicI64>) -> Clock {
    Clock::kept(move || {
        let passed = i64::try_from(begun.elapsed().as_millis()).unwrap();
        Millis(BEGIN.0 + passed + skew.load(Ordering::SeqCst))
    })
}
