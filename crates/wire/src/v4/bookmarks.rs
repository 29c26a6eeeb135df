//! Bookmarks of channels as clients see them. Source: client-api 2.3 and 5.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use rialto_model::bookmark::ShownBookmark;
use rialto_model::{ChannelId, ItemId, Millis, UserId};
use serde::{Deserialize, Serialize};

use super::files::FileInfo;
use crate::lenient::or_default;

/// A bookmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    pub id: ItemId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub channel_id: ChannelId,
    pub owner_id: UserId,
    /// Empty for a link.
    pub file_id: String,
    pub display_name: String,
    pub sort_order: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub link_url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image_url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub emoji: String,
    /// `link` or `file`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileInfo>,
}

impl From<&ShownBookmark> for Bookmark {
    fn from(shown: &ShownBookmark) -> Self {
        let bookmark = &shown.bookmark;
        Bookmark {
            id: bookmark.id,
            create_at: bookmark.create_at.0,
            update_at: bookmark.update_at.0,
            delete_at: Millis::or_zero(bookmark.delete_at),
            channel_id: bookmark.channel_id,
            owner_id: bookmark.owner_id,
            file_id: bookmark.file_id.map_or_else(String::new, |id| id.to_string()),
            display_name: bookmark.display_name.clone(),
            sort_order: bookmark.sort_order,
            link_url: bookmark.link_url.clone(),
            image_url: bookmark.image_url.clone(),
            emoji: bookmark.emoji.clone(),
            kind: bookmark.kind.as_str().to_owned(),
            file: shown.file.as_ref().map(FileInfo::from),
        }
    }
}

/// What `PATCH` answers. A changed bookmark stays the same one here, so none is ever deleted for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatedBookmark {
    pub updated: Bookmark,
}

/// `POST /channels/C/bookmarks`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewBookmark {
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub file_id: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub link_url: String,
    #[serde(deserialize_with = "or_default")]
    pub image_url: String,
    #[serde(deserialize_with = "or_default")]
    pub emoji: String,
}

/// `PATCH /channels/C/bookmarks/B`: what is None stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BookmarkPatch {
    pub file_id: Option<String>,
    pub display_name: Option<String>,
    pub link_url: Option<String>,
    pub image_url: Option<String>,
    pub emoji: Option<String>,
    pub sort_order: Option<i64>,
}
