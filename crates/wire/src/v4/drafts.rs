//! Drafts, and messages that are to be posted later, as clients see them. Source: client-api 2.3 and 5.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use rialto_model::draft::{Draft as DraftRow, Failure, ShownDraft, ShownScheduledPost};
use rialto_model::{ChannelId, FileId, FileInfo as FileRow, ItemId, Millis, PostId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::acknowledgements::Priority;
use super::files::FileInfo;
use super::posts::{Metadata, NewMetadata};
use crate::lenient::{or_absent, or_default, well_formed};
use crate::post_props;

/// What somebody has begun to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub user_id: UserId,
    pub channel_id: ChannelId,
    /// Empty outside threads.
    pub root_id: String,
    pub message: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub props: Map<String, Value>,
    pub file_ids: Vec<FileId>,
    pub metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

impl From<&ShownDraft> for Draft {
    fn from(shown: &ShownDraft) -> Self {
        Draft::new(&shown.draft, &shown.files)
    }
}

impl Draft {
    fn new(draft: &DraftRow, files: &[FileRow]) -> Self {
        let priority = draft.priority.as_ref().map(Priority::from);
        let files: Vec<FileInfo> = files.iter().map(FileInfo::from).collect();
        Draft {
            create_at: draft.create_at.0,
            update_at: draft.update_at.0,
            delete_at: 0,
            user_id: draft.user_id,
            channel_id: draft.channel_id,
            root_id: draft.root_id.map_or_else(String::new, |id| id.to_string()),
            message: draft.message.clone(),
            kind: draft.kind.clone(),
            props: post_props::parse(&draft.props),
            file_ids: files.iter().map(|file| file.id).collect(),
            metadata: Metadata { files, priority: priority.clone(), ..Metadata::default() },
            priority,
        }
    }

    /// One that is gone, of which only its place is known.
    pub fn deleted(user_id: UserId, channel_id: ChannelId, root_id: Option<PostId>, at: Millis) -> Self {
        Draft {
            create_at: 0,
            update_at: at.0,
            delete_at: at.0,
            user_id,
            channel_id,
            root_id: root_id.map_or_else(String::new, |id| id.to_string()),
            message: String::new(),
            kind: String::new(),
            props: Map::new(),
            file_ids: Vec::new(),
            metadata: Metadata::default(),
            priority: None,
        }
    }
}

/// What is to be posted later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledPost {
    pub id: ItemId,
    #[serde(flatten)]
    pub draft: Draft,
    pub scheduled_at: i64,
    /// When it was tried and could not be posted; 0 before.
    pub processed_at: i64,
    /// Why it could not be; empty before.
    pub error_code: String,
}

impl From<&ShownScheduledPost> for ScheduledPost {
    fn from(shown: &ShownScheduledPost) -> Self {
        let post = &shown.post;
        ScheduledPost {
            id: post.id,
            draft: Draft::new(&post.draft, &shown.files),
            scheduled_at: post.scheduled_at.0,
            processed_at: Millis::or_zero(post.processed_at),
            error_code: post.failure.map_or("", Failure::as_str).to_owned(),
        }
    }
}

impl ScheduledPost {
    /// One that is gone: `draft` is what is left of it.
    pub fn deleted(id: ItemId, draft: Draft) -> Self {
        ScheduledPost { id, draft, scheduled_at: 0, processed_at: 0, error_code: String::new() }
    }
}

/// `POST /posts/schedule`, `PUT /posts/schedule/ID`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewScheduledPost {
    /// Of an old one; must be that in the path.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    #[serde(flatten)]
    pub draft: NewDraft,
    #[serde(deserialize_with = "or_default")]
    pub scheduled_at: i64,
}

/// `POST /drafts`. Whose it is and when it was written is ours to say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewDraft {
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub root_id: String,
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub props: Map<String, Value>,
    #[serde(deserialize_with = "well_formed")]
    pub file_ids: Vec<String>,
    #[serde(deserialize_with = "or_absent")]
    pub priority: Option<Priority>,
    /// Some clients name the priority here.
    #[serde(deserialize_with = "or_default")]
    pub metadata: NewMetadata,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_say_null_for_what_they_do_not_have() {
        let text = r#"{"channel_id":"c","root_id":"","message":"m","props":null,"file_ids":null,"metadata":null,
            "priority":null,"type":null,"user_id":"x","show":true}"#;
        let new: NewDraft = serde_json::from_str(text).unwrap();
        assert_eq!((new.message.as_str(), new.props.len(), new.file_ids.len()), ("m", 0, 0));
        assert!(new.priority.is_none());
        let urgent: NewDraft = serde_json::from_str(r#"{"metadata":{"priority":{"priority":"urgent"}}}"#).unwrap();
        assert_eq!(urgent.metadata.priority.map(|one| one.priority), Some("urgent".to_owned()));
    }
}
