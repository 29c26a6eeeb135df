//! An event as sockets get it: written once, however many listen. Only its number differs from socket to socket.

use axum::extract::ws::Utf8Bytes;
use rialto_wire::ws::{EventFrame, with_seq};

/// Events whose loss costs a client nothing it would miss; they go first when a socket falls behind (client-api 9.3).
const DISPENSABLE: [&str; 3] = ["typing", "status_change", "multiple_channels_viewed"];

/// An event without its number.
#[derive(Debug)]
pub struct Frame {
    prefix: String,
    dispensable: bool,
}

impl From<&EventFrame> for Frame {
    fn from(event: &EventFrame) -> Self {
        Self { prefix: event.prefix(), dispensable: DISPENSABLE.contains(&event.event) }
    }
}

impl Frame {
    /// Whether it may be dropped to spare a slow socket.
    pub fn is_dispensable(&self) -> bool {
        self.dispensable
    }

    /// The frame as the socket whose next number is `seq` gets it.
    pub fn numbered(&self, seq: i64) -> Utf8Bytes {
        with_seq(&self.prefix, seq).into()
    }
}
