//! How urgent a post is, and who has acknowledged it. Source: client-api 2.3.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use rialto_model::{ChannelId, Millis, PostId, RemoteId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

/// `metadata.priority`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Priority {
    /// `""`, `important` or `urgent`; clients send null for the first.
    #[serde(deserialize_with = "or_default")]
    pub priority: String,
    #[serde(deserialize_with = "or_default")]
    pub requested_ack: bool,
    #[serde(deserialize_with = "or_default")]
    pub persistent_notifications: bool,
}

impl From<&rialto_model::Priority> for Priority {
    fn from(priority: &rialto_model::Priority) -> Self {
        Self {
            priority: priority.level.clone(),
            requested_ack: priority.requested_ack,
            persistent_notifications: priority.persistent_notifications,
        }
    }
}

impl From<Priority> for rialto_model::Priority {
    fn from(priority: Priority) -> Self {
        Self {
            level: priority.priority,
            requested_ack: priority.requested_ack,
            persistent_notifications: priority.persistent_notifications,
        }
    }
}

/// That somebody has acknowledged a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    pub user_id: UserId,
    pub post_id: PostId,
    /// 0: taken back.
    pub acknowledged_at: i64,
    pub channel_id: ChannelId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<RemoteId>,
}

impl From<&rialto_model::Acknowledgement> for Acknowledgement {
    fn from(ack: &rialto_model::Acknowledgement) -> Self {
        Self {
            user_id: ack.user_id,
            post_id: ack.post_id,
            acknowledged_at: Millis::or_zero(ack.acknowledged_at),
            channel_id: ack.channel_id,
            remote_id: ack.remote_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lenient::to_text;

    #[test]
    fn clients_leave_out_what_they_do_not_ask_for() {
        let read = |text: &str| serde_json::from_str::<Priority>(text).unwrap();
        assert_eq!(read("{}"), Priority::default());
        let asked = read(r#"{"priority":null,"requested_ack":true,"persistent_notifications":null}"#);
        assert_eq!((asked.priority.as_str(), asked.requested_ack, asked.persistent_notifications), ("", true, false));
        let all = r#"{"priority":"urgent","requested_ack":true,"persistent_notifications":true}"#;
        assert_eq!(to_text(&read(all)), all);
    }
}
