//! Times and positions.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 UTC, by this server's clock unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// This time as an API writes it: 0 stands for "never".
    pub fn or_zero(time: Option<Millis>) -> i64 {
        time.map_or(0, |t| t.0)
    }

    /// The reverse of [`Millis::or_zero`]: 0 and negative numbers are "never".
    pub fn non_zero(ms: i64) -> Option<Millis> {
        (ms > 0).then_some(Millis(ms))
    }

    /// The version that follows `self` when a row changes `now`: strictly growing whatever the clock does.
    pub fn next_version(self, now: Millis) -> Millis {
        Millis(now.0.max(self.0 + 1))
    }

    /// Milliseconds from `earlier` to `self`, never negative.
    pub fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }
}

/// A position in the event log. Positions follow causes; numbers may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);
