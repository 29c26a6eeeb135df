//! Custom emoji. Source: client-api 2.3 and 5.6.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use rialto_model::{ItemId, Millis, RemoteId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

/// A picture with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emoji {
    pub id: ItemId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub creator_id: UserId,
    pub name: String,
}

impl From<&rialto_model::CustomEmoji> for Emoji {
    fn from(emoji: &rialto_model::CustomEmoji) -> Self {
        Emoji {
            id: emoji.id,
            create_at: emoji.create_at.0,
            update_at: emoji.update_at.0,
            delete_at: Millis::or_zero(emoji.delete_at),
            creator_id: emoji.creator_id,
            name: emoji.name.clone(),
        }
    }
}

/// The part `emoji` of `POST /emoji`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewEmoji {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub creator_id: String,
}

/// `POST /emoji/search`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EmojiSearch {
    #[serde(deserialize_with = "or_default")]
    pub term: String,
    #[serde(deserialize_with = "or_default")]
    pub prefix_only: bool,
}

/// An emoji of another organisation, as it is seen in one channel. Rialto only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeerEmoji {
    pub id: ItemId,
    pub name: String,
    pub remote_id: RemoteId,
    pub organisation: String,
    pub update_at: i64,
}

impl PeerEmoji {
    /// An emoji beside the connection it came over.
    pub fn new(emoji: &rialto_model::PeerEmoji, remote: &rialto_model::RemoteCluster) -> Self {
        PeerEmoji {
            id: emoji.id,
            name: emoji.name.clone(),
            remote_id: emoji.remote_id,
            organisation: remote.display_name.clone(),
            update_at: emoji.update_at.0,
        }
    }
}
