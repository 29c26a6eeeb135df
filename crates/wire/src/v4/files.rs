//! Files and uploads as clients see them. Source: client-api 2.3 and 5.6.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use rialto_model::{ChannelId, FileId, ItemId, Millis, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::{is_zero, or_default};

/// A complete file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    pub id: FileId,
    pub user_id: UserId,
    /// Absent before the file is posted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub post_id: String,
    pub channel_id: ChannelId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub name: String,
    pub extension: String,
    pub size: i64,
    pub mime_type: String,
    #[serde(default, skip_serializing_if = "is_zero_size")]
    pub width: i64,
    #[serde(default, skip_serializing_if = "is_zero_size")]
    pub height: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub has_preview_image: bool,
    /// A tiny picture in base64; null: none.
    pub mini_preview: Option<String>,
    /// Empty in a file of this server.
    pub remote_id: String,
    pub archived: bool,
}

fn is_zero_size(size: &i64) -> bool {
    *size == 0
}

impl From<&rialto_model::FileInfo> for FileInfo {
    fn from(file: &rialto_model::FileInfo) -> Self {
        FileInfo {
            id: file.id,
            user_id: file.user_id,
            post_id: file.post_id.map_or_else(String::new, |id| id.to_string()),
            channel_id: file.channel_id,
            create_at: file.create_at.0,
            update_at: file.update_at.0,
            delete_at: Millis::or_zero(file.delete_at),
            name: file.name.clone(),
            extension: file.extension.clone(),
            size: file.size,
            mime_type: file.mime_type.clone(),
            width: file.width,
            height: file.height,
            has_preview_image: file.has_preview(),
            mini_preview: None,
            remote_id: file.remote_id.map_or_else(String::new, |id| id.to_string()),
            archived: false,
        }
    }
}

/// What `POST /files` answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UploadedFiles {
    pub file_infos: Vec<FileInfo>,
    pub client_ids: Vec<String>,
}

/// `POST /uploads`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewUpload {
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub filename: String,
    #[serde(deserialize_with = "or_default")]
    pub file_size: i64,
    /// Empty or `attachment`; `import` for an import file, which needs no channel.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
}

/// A file that arrives in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSession {
    pub id: ItemId,
    #[serde(rename = "type")]
    pub kind: String,
    pub create_at: i64,
    pub user_id: UserId,
    pub channel_id: ChannelId,
    pub filename: String,
    pub file_size: i64,
    /// The next bytes go here.
    pub file_offset: i64,
    pub remote_id: String,
    pub req_file_id: String,
}

impl UploadSession {
    /// The session of an upload of which `received` bytes are here.
    pub fn new(upload: &rialto_model::Upload, received: i64) -> Self {
        UploadSession {
            id: upload.id,
            kind: "attachment".to_owned(),
            create_at: upload.create_at.0,
            user_id: upload.user_id,
            channel_id: upload.channel_id,
            filename: upload.name.clone(),
            file_size: upload.size,
            file_offset: received,
            remote_id: String::new(),
            req_file_id: String::new(),
        }
    }
}
