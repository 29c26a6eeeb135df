//! Defects put in on purpose, one at a time, to see that the simulation of several servers finds them. In a build without
//! the feature `testing` there is nothing that could put one in, and the compiler removes what asks for them.

use std::sync::atomic::{AtomicU8, Ordering};

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// A sender's position moves past something it has not sent.
    SkippedCursor = 1,
    /// What did not get through is not sent again.
    DroppedRetry,
    /// A peer is told what it has told us.
    Echo,
    /// A peer may change what others own.
    MissingOwnership,
    /// A change keeps the version of what it changes if the clock has not moved on.
    Tie,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 5] =
        [Fault::SkippedCursor, Fault::DroppedRetry, Fault::Echo, Fault::MissingOwnership, Fault::Tie];

    /// Whether it is the one in place.
    #[must_use]
    pub fn is_planted(self) -> bool {
        cfg!(feature = "testing") && PLANTED.load(Ordering::SeqCst) == self as u8
    }

    /// Puts it in place of any other.
    #[cfg(feature = "testing")]
    pub fn plant(self) {
        PLANTED.store(self as u8, Ordering::SeqCst);
    }

    /// Takes away whichever is in place.
    #[cfg(feature = "testing")]
    pub fn remove() {
        PLANTED.store(0, Ordering::SeqCst);
    }
}

static PLANTED: AtomicU8 = AtomicU8::new(0);
