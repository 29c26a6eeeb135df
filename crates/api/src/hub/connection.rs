//! One client's connection: what waits to be sent, what was sent last, and who may go on with it.
//!
//! It outlives the socket by five minutes, still queueing, so that a client that lost its network misses nothing
//! (client-api 9.3). Numbers are given when a frame is taken for sending: what is dropped before never had one, and
//! so no client ever sees a gap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use rialto_model::{ConnectionId, Millis, SessionId, UserId};
use tokio::sync::{Notify, watch};

use super::frame::Frame;

/// Frames that may wait.
pub const QUEUE: usize = 256;
/// Frames kept after sending.
pub const REPLAY: usize = 128;
/// How long a connection outlives its socket, ms.
pub const KEPT_MS: i64 = 5 * 60 * 1000;

/// Why a connection ended for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its sign-in ended.
    Revoked,
    /// It fell too far behind.
    Behind,
    /// Its time to come back is over.
    Expired,
    /// The person has too many others.
    Crowded,
    /// The server stops, or has lost track of what to tell.
    Restart,
}

/// Which socket of a connection somebody means: a later one has taken over from an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment(u64);

#[derive(Debug)]
enum State {
    Attached,
    Detached { since: Millis },
}

#[derive(Debug)]
struct Outbox {
    session: SessionId,
    state: State,
    attachment: u64,
    next_seq: i64,
    queue: VecDeque<Arc<Frame>>,
    /// The last frames sent; the newest has number `next_seq - 1`. Frames are shared among all who got them, so that
    /// a thousand connections do not keep a thousand copies.
    sent: VecDeque<Arc<Frame>>,
    /// How many of `sent`, from the end, have to be sent again before the queue.
    again: usize,
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    user: UserId,
    outbox: Mutex<Outbox>,
    ready: Notify,
    ended: watch::Sender<Option<Ended>>,
}

impl Connection {
    /// A connection with its first socket.
    pub fn new(id: ConnectionId, user: UserId, session: SessionId) -> (Self, Attachment) {
        let outbox = Outbox {
            session,
            state: State::Attached,
            attachment: 0,
            next_seq: 0,
            queue: VecDeque::new(),
            sent: VecDeque::new(),
            again: 0,
        };
        let connection =
            Self { id, user, outbox: Mutex::new(outbox), ready: Notify::new(), ended: watch::Sender::new(None) };
        (connection, Attachment(0))
    }

    /// Its name, which clients give when they come back.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Whose it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The sign-in behind it, that of the latest socket.
    pub fn session(&self) -> SessionId {
        self.outbox().session
    }

    /// Whether a socket is attached.
    pub fn is_attached(&self) -> bool {
        matches!(self.outbox().state, State::Attached)
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame; drops it if it is dispensable and the queue half full. False if the queue overflows: the
    /// connection has then ended, because a client must not miss a frame without noticing.
    pub fn push(&self, frame: &Arc<Frame>) -> bool {
        let mut outbox = self.outbox();
        if self.ended.borrow().is_some() {
            return true;
        }
        if frame.is_dispensable() && outbox.queue.len() >= QUEUE / 2 {
            return true;
        }
        if outbox.queue.len() >= QUEUE {
            drop(outbox);
            self.end(Ended::Behind);
            return false;
        }
        outbox.queue.push_back(Arc::clone(frame));
        drop(outbox);
        self.ready.notify_one();
        true
    }

    /// Ends it. What waits is not sent any more.
    pub fn end(&self, why: Ended) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            *ended = ended.or(Some(why));
            first
        });
        let mut outbox = self.outbox();
        outbox.queue.clear();
        outbox.sent.clear();
        outbox.again = 0;
    }

    /// Waits until it has ended, and tells why.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        ended.wait_for(Option::is_some).await.ok().and_then(|ended| *ended).unwrap_or(Ended::Restart)
    }

    /// Lets a new socket of the same person go on where number `next_seq` follows, if that is possible: no socket is
    /// attached, its time is not over, and all frames from there on are still here.
    pub fn resume(&self, session: SessionId, next_seq: i64, now: Millis) -> Option<Attachment> {
        let mut outbox = self.outbox();
        let State::Detached { since } = outbox.state else { return None };
        if self.ended.borrow().is_some() || now.since(since) >= KEPT_MS {
            return None;
        }
        let again = usize::try_from(outbox.next_seq.checked_sub(next_seq)?).ok()?;
        if next_seq < 0 || again > outbox.sent.len() {
            return None;
        }
        outbox.again = again;
        outbox.session = session;
        outbox.state = State::Attached;
        outbox.attachment += 1;
        // Whatever was announced to the socket before is ready for this one.
        self.ready.notify_one();
        Some(Attachment(outbox.attachment))
    }

    /// The socket is gone; false if a later one had taken over already.
    pub fn detach(&self, attachment: Attachment, now: Millis) -> bool {
        let mut outbox = self.outbox();
        if outbox.attachment != attachment.0 || !matches!(outbox.state, State::Attached) {
            return false;
        }
        outbox.state = State::Detached { since: now };
        true
    }

    /// Whether its socket has been gone for too long.
    pub fn is_stale(&self, now: Millis) -> bool {
        matches!(self.outbox().state, State::Detached { since } if now.since(since) >= KEPT_MS)
    }

    /// Takes at most `limit` frames to send, giving numbers to those that never had one.
    pub fn take(&self, limit: usize) -> Vec<Utf8Bytes> {
        let mut outbox = self.outbox();
        let kept = outbox.sent.len();
        let first_again = kept.saturating_sub(outbox.again);
        let first_kept = outbox.next_seq - i64::try_from(kept).unwrap_or_default();
        let mut taken: Vec<Utf8Bytes> = (first_kept..)
            .zip(&outbox.sent)
            .skip(first_again)
            .take(limit)
            .map(|(seq, frame)| frame.numbered(seq))
            .collect();
        outbox.again -= taken.len();
        while taken.len() < limit {
            let Some(frame) = outbox.queue.pop_front() else { break };
            taken.push(frame.numbered(outbox.next_seq));
            outbox.next_seq += 1;
            if outbox.sent.len() == REPLAY {
                outbox.sent.pop_front();
            }
            outbox.sent.push_back(frame);
        }
        taken
    }

    /// Waits until [`Connection::take`] may have something.
    pub async fn ready(&self) {
        self.ready.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use rialto_wire::ws::events;

    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn id<T>(make: fn([u8; 16]) -> T, n: u8) -> T {
        make([n; 16])
    }

    fn connection() -> (Connection, Attachment) {
        Connection::new(id(ConnectionId::from_random, 1), id(UserId::from_random, 2), id(SessionId::from_random, 3))
    }

    fn session() -> SessionId {
        id(SessionId::from_random, 4)
    }

    /// Queues something a client must not miss, recognisable by `n`.
    fn push(connection: &Connection, n: i64) -> bool {
        let event = events::user_role_updated(connection.user(), &n.to_string());
        connection.push(&Arc::new(Frame::from(&event)))
    }

    fn push_dispensable(connection: &Connection) {
        let event = events::status_change(connection.user(), "away");
        assert!(connection.push(&Arc::new(Frame::from(&event))));
    }

    /// (n, seq) of everything taken.
    fn drain(connection: &Connection) -> Vec<(i64, i64)> {
        let mut all = Vec::new();
        loop {
            let taken = connection.take(10);
            if taken.is_empty() {
                return all;
            }
            all.extend(taken.iter().map(|text| {
                let frame: serde_json::Value = serde_json::from_str(text.as_str()).unwrap();
                (frame["data"]["roles"].as_str().unwrap().parse().unwrap(), frame["seq"].as_i64().unwrap())
            }));
        }
    }

    fn numbers(range: std::ops::Range<i64>) -> Vec<(i64, i64)> {
        range.map(|n| (n, n)).collect()
    }

    #[test]
    fn a_lost_socket_resumes_with_what_it_missed() {
        let (connection, first) = connection();
        (0..5).for_each(|n| assert!(push(&connection, n)));
        assert_eq!(drain(&connection), numbers(0..5));
        assert!(connection.resume(session(), 5, NOW).is_none(), "another socket is attached");
        assert!(connection.detach(first, NOW));
        (5..7).for_each(|n| assert!(push(&connection, n)));
        // It saw 0 to 2; 3 and 4 were sent into a dead socket.
        let second = connection.resume(session(), 3, NOW).unwrap();
        assert_eq!(connection.session(), session());
        assert_eq!(drain(&connection), numbers(3..7));
        assert!(!connection.detach(first, NOW), "the first socket has been superseded");
        assert!(connection.detach(second, NOW));
        assert!(connection.resume(session(), 7, NOW).is_some(), "nothing was missed");
        assert_eq!(drain(&connection), []);
    }

    #[test]
    fn what_is_no_longer_kept_cannot_be_resumed() {
        let (connection, attachment) = connection();
        let count = REPLAY as i64 + 2;
        (0..count).for_each(|n| {
            assert!(push(&connection, n));
            assert_eq!(drain(&connection).len(), 1);
        });
        assert!(connection.detach(attachment, NOW));
        for impossible in [0, 1, count + 1, -1, i64::MIN, i64::MAX] {
            assert!(connection.resume(session(), impossible, NOW).is_none(), "{impossible}");
        }
        assert!(connection.resume(session(), 2, Millis(NOW.0 + KEPT_MS)).is_none(), "too late");
        assert!(connection.is_stale(Millis(NOW.0 + KEPT_MS)));
        assert!(connection.resume(session(), 2, Millis(NOW.0 + KEPT_MS - 1)).is_some());
        assert_eq!(drain(&connection), numbers(2..count));
    }

    #[test]
    fn a_slow_socket_loses_the_dispensable_first_and_then_ends() {
        let (connection, _) = connection();
        (0..QUEUE as i64 / 2).for_each(|n| assert!(push(&connection, n)));
        push_dispensable(&connection);
        (QUEUE as i64 / 2..QUEUE as i64).for_each(|n| assert!(push(&connection, n)));
        assert_eq!(drain(&connection), numbers(0..QUEUE as i64), "no gap where something was dropped");

        (0..QUEUE as i64).for_each(|n| assert!(push(&connection, n)));
        assert!(!push(&connection, 0));
        assert_eq!(*connection.ended.borrow(), Some(Ended::Behind));
        assert_eq!(drain(&connection), [], "an ended connection sends nothing more");
    }

    #[test]
    fn an_ended_connection_is_not_resumed() {
        let (connection, attachment) = connection();
        assert!(push(&connection, 0));
        assert!(connection.detach(attachment, NOW));
        connection.end(Ended::Revoked);
        assert!(connection.resume(session(), 0, NOW).is_none());
        connection.end(Ended::Expired);
        assert_eq!(*connection.ended.borrow(), Some(Ended::Revoked), "the first reason stays");
    }
}
