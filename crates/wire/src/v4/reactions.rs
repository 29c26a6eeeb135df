//! Reactions. Source: client-api 2.3 and 3.2.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use rialto_model::{ChannelId, Millis, PostId, RemoteId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

/// One person's emoji on one post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub user_id: UserId,
    pub post_id: PostId,
    pub emoji_name: String,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub remote_id: Option<RemoteId>,
    pub channel_id: ChannelId,
}

impl From<&rialto_model::Reaction> for Reaction {
    fn from(reaction: &rialto_model::Reaction) -> Self {
        Reaction {
            user_id: reaction.user_id,
            post_id: reaction.post_id,
            emoji_name: reaction.emoji_name.clone(),
            create_at: reaction.create_at.0,
            update_at: reaction.update_at.0,
            delete_at: Millis::or_zero(reaction.delete_at),
            remote_id: reaction.remote_id,
            channel_id: reaction.channel_id,
        }
    }
}

/// `POST /reactions`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewReaction {
    #[serde(deserialize_with = "or_default")]
    pub user_id: String,
    #[serde(deserialize_with = "or_default")]
    pub post_id: String,
    #[serde(deserialize_with = "or_default")]
    pub emoji_name: String,
}
