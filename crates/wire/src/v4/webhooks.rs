//! Incoming webhooks. Source: client-api 7.1.
#![expect(missing_docs, reason = "members are named and meant as in client-api 7.1")]

use rialto_model::{ChannelId, ItemId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::acknowledgements::Priority;
use crate::lenient::or_default;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingWebhook {
    pub id: ItemId,
    pub create_at: i64,
    pub update_at: i64,
    /// One that was deleted is gone, so 0.
    pub delete_at: i64,
    pub user_id: UserId,
    pub channel_id: ChannelId,
    pub team_id: TeamId,
    pub display_name: String,
    pub description: String,
    pub username: String,
    pub icon_url: String,
    pub channel_locked: bool,
}

impl From<&rialto_model::IncomingWebhook> for IncomingWebhook {
    fn from(hook: &rialto_model::IncomingWebhook) -> Self {
        Self {
            id: hook.id,
            create_at: hook.create_at.0,
            update_at: hook.update_at.0,
            delete_at: 0,
            user_id: hook.user_id,
            channel_id: hook.channel_id,
            team_id: hook.team_id,
            display_name: hook.display_name.clone(),
            description: hook.description.clone(),
            username: hook.username.clone(),
            icon_url: hook.icon_url.clone(),
            channel_locked: hook.channel_locked,
        }
    }
}

/// `POST /hooks/incoming`, `PUT /hooks/incoming/{hook_id}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IncomingWebhookChange {
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub description: String,
    #[serde(deserialize_with = "or_default")]
    pub username: String,
    #[serde(deserialize_with = "or_default")]
    pub icon_url: String,
    #[serde(deserialize_with = "or_default")]
    pub channel_locked: bool,
}

/// `GET /hooks/incoming?include_total_count=true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncomingWebhooks {
    pub incoming_webhooks: Vec<IncomingWebhook>,
    pub total_count: i64,
}

/// What is left at `//hooks/{hook_id}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IncomingMessage {
    #[serde(deserialize_with = "or_default")]
    pub text: String,
    #[serde(deserialize_with = "or_default")]
    pub username: String,
    #[serde(deserialize_with = "or_default")]
    pub icon_url: String,
    #[serde(deserialize_with = "or_default")]
    pub icon_emoji: String,
    #[serde(deserialize_with = "or_default")]
    pub channel: String,
    #[serde(deserialize_with = "or_default")]
    pub props: Map<String, Value>,
    #[serde(deserialize_with = "or_default")]
    pub attachments: Vec<Value>,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    pub priority: Option<Priority>,
}
