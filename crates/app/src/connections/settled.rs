//! Since when what is known of a peer's position is known: a call of the peer's that says less may be a straggler (E-027).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rialto_model::{RemoteId, Seq};

/// A word of the peer's that was on its way for so long does not exist: what says less than was known before this long
/// ago is no straggler.
const STRAGGLER: Duration = Duration::from_secs(60);

/// What was known of each peer's position long enough ago for no call to be older, measured by what runs, not by a clock
/// that may be set meanwhile. In memory only: after a start one waits once more.
#[derive(Debug, Clone, Default)]
pub struct Settled(Arc<Mutex<HashMap<RemoteId, Settling>>>);

#[derive(Debug, Clone, Copy)]
struct Settling {
    /// Known for at least [`STRAGGLER`].
    old: Option<Seq>,
    /// Known since `since`.
    young: Option<Seq>,
    since: Duration,
}

impl Settled {
    /// What is known now, looked at now. Returns what was known long enough ago.
    pub(super) fn look(&self, id: &RemoteId, known: Option<Seq>, now: Duration) -> Option<Seq> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Settling { old: None, young: known, since: now };
        let settling = all.entry(*id).or_insert(fresh);
        if known < settling.young {
            // The peer was restored, or an administrator has decided.
            *settling = fresh;
        }
        if now.saturating_sub(settling.since) >= STRAGGLER {
            *settling = Settling { old: settling.young, ..fresh };
        }
        settling.old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E-027: a clone's word counts once what contradicts it has been known for a minute of running, and what was decided
    /// about a peer makes all that was known before it void.
    #[test]
    fn what_is_known_settles_after_a_minute() {
        let (settled, id) = (Settled::default(), "aaaaaaaaaaaaaaaaaaaaaaaaaa".parse::<RemoteId>().unwrap());
        let look =
            |at: u64, known: i64| settled.look(&id, Some(Seq(known)), Duration::from_millis(at)).map(|seq| seq.0);
        assert_eq!(look(0, 5), None);
        assert_eq!(look(59_999, 5), None);
        assert_eq!(look(60_000, 9), Some(5));
        assert_eq!(look(119_999, 12), Some(5));
        assert_eq!(look(120_000, 12), Some(9));
        assert_eq!(look(500_000, 12), Some(12));
        assert_eq!(look(500_001, 4), None);
        assert_eq!(look(560_001, 4), Some(4));
    }
}
