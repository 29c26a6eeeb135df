//! Presence. Source: client-api 2.1 and 5.2.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.1")]

use rialto_model::{Millis, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::{is_zero, or_default};

/// Somebody's presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub user_id: UserId,
    /// `online`, `away`, `dnd`, `offline` or `ooo`.
    pub status: String,
    pub manual: bool,
    pub last_activity_at: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub active_channel: String,
    /// Seconds.
    pub dnd_end_time: i64,
}

impl Status {
    /// Presence by its word.
    pub fn new(user_id: UserId, status: &str, manual: bool, last_activity_at: Millis) -> Status {
        Status {
            user_id,
            status: status.to_owned(),
            manual,
            last_activity_at: last_activity_at.0,
            active_channel: String::new(),
            dnd_end_time: 0,
        }
    }

    /// What people are of whom nothing is known, unknown ids included.
    pub fn offline(user_id: UserId) -> Status {
        Status::new(user_id, "offline", false, Millis(0))
    }
}

/// `PUT /users/U/status`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StatusUpdate {
    /// Must be the id in the path.
    #[serde(deserialize_with = "or_default")]
    pub user_id: String,
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// Seconds.
    #[serde(deserialize_with = "or_default")]
    pub dnd_end_time: i64,
}

/// `PUT /users/U/status/custom`; stored as JSON text in the person's `props.customStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomStatus {
    #[serde(deserialize_with = "or_default")]
    pub emoji: String,
    #[serde(deserialize_with = "or_default")]
    pub text: String,
    #[serde(deserialize_with = "or_default")]
    pub duration: String,
    /// RFC 3339.
    #[serde(deserialize_with = "or_default")]
    pub expires_at: String,
}
