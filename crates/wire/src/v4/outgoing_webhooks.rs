//! Outgoing webhooks. Source: client-api 7.2.
#![expect(missing_docs, reason = "members are named and meant as in client-api 7.2")]

use rialto_model::{ItemId, TeamId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingWebhook {
    pub id: ItemId,
    pub token: String,
    pub create_at: i64,
    pub update_at: i64,
    /// One that was deleted is gone, so 0.
    pub delete_at: i64,
    pub creator_id: UserId,
    /// Empty for all public channels.
    pub channel_id: String,
    pub team_id: TeamId,
    pub trigger_words: Vec<String>,
    pub trigger_when: i64,
    pub callback_urls: Vec<String>,
    pub display_name: String,
    pub description: String,
    pub content_type: String,
    pub username: String,
    pub icon_url: String,
}

impl From<&rialto_model::OutgoingWebhook> for OutgoingWebhook {
    fn from(hook: &rialto_model::OutgoingWebhook) -> Self {
        Self {
            id: hook.id,
            token: hook.token.clone(),
            create_at: hook.create_at.0,
            update_at: hook.update_at.0,
            delete_at: 0,
            creator_id: hook.creator_id,
            channel_id: hook.channel_id.map(|id| id.to_string()).unwrap_or_default(),
            team_id: hook.team_id,
            trigger_words: hook.trigger_words.clone(),
            trigger_when: hook.trigger_when.number(),
            callback_urls: hook.callback_urls.clone(),
            display_name: hook.display_name.clone(),
            description: hook.description.clone(),
            content_type: hook.content_type.clone(),
            username: hook.username.clone(),
            icon_url: hook.icon_url.clone(),
        }
    }
}

/// `POST /hooks/outgoing`, `PUT /hooks/outgoing/{hook_id}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OutgoingWebhookChange {
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub trigger_words: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub trigger_when: i64,
    #[serde(deserialize_with = "or_default")]
    pub callback_urls: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub description: String,
    #[serde(deserialize_with = "or_default")]
    pub content_type: String,
    #[serde(deserialize_with = "or_default")]
    pub username: String,
    #[serde(deserialize_with = "or_default")]
    pub icon_url: String,
}
