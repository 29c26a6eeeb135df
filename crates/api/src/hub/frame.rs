//! An event as sockets get it: written once, however many listen. Only its number differs from socket to socket.

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;

/// An event without its number.
#[derive(Debug)]
pub struct Frame {
    /// JSON up to where `seq` follows, the closing brace left out.
    head: String,
    dispensable: bool,
}

impl Frame {
    /// Writes `event`, any JSON object without `seq`. A `dispensable` one is dropped first when a socket falls behind:
    /// losing it loses nothing that a client could not do without.
    pub fn new(event: &impl Serialize, dispensable: bool) -> Self {
        // Frames are structs of texts, numbers and maps with text keys; those always serialise.
        let mut head = serde_json::to_string(event).unwrap_or_default();
        head.pop();
        Self { head, dispensable }
    }

    /// Whether it may be dropped to spare a slow socket.
    pub fn is_dispensable(&self) -> bool {
        self.dispensable
    }

    /// The frame as the socket whose next number is `seq` gets it.
    pub fn numbered(&self, seq: i64) -> Utf8Bytes {
        let mut text = String::with_capacity(self.head.len() + 24);
        text.push_str(&self.head);
        text.push_str(",\"seq\":");
        text.push_str(&seq.to_string());
        text.push('}');
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_the_number_last_and_changes_nothing_else() {
        let event = serde_json::json!({ "event": "typing", "data": { "parent_id": "}" } });
        let text = Frame::new(&event, true).numbered(17);
        let back: serde_json::Value = serde_json::from_str(text.as_str()).unwrap();
        assert_eq!(back, serde_json::json!({ "event": "typing", "data": { "parent_id": "}" }, "seq": 17 }));
    }
}
