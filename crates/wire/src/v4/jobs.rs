//! Jobs, and the import files they work on. Source: client-api 7.6.
#![expect(missing_docs, reason = "members are named and meant as in API v4")]

use std::collections::BTreeMap;

use rialto_model::{ItemId, UserId};
use serde::{Deserialize, Serialize};

use super::files::UploadSession;
use crate::lenient::or_default;

/// A piece of long work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub id: ItemId,
    #[serde(rename = "type")]
    pub kind: String,
    /// There is one queue, so always 0.
    pub priority: i64,
    /// ms.
    pub create_at: i64,
    /// ms, 0 while it waits.
    pub start_at: i64,
    /// ms.
    pub last_activity_at: i64,
    pub status: String,
    /// Per cent.
    pub progress: i64,
    pub data: BTreeMap<String, String>,
}

impl From<rialto_model::Job> for Job {
    fn from(job: rialto_model::Job) -> Self {
        Job {
            id: job.id,
            kind: job.kind.as_str().to_owned(),
            priority: 0,
            create_at: job.create_at.0,
            start_at: rialto_model::Millis::or_zero(job.start_at),
            last_activity_at: job.last_activity_at.0,
            status: job.status.as_str().to_owned(),
            progress: job.progress,
            data: job.data,
        }
    }
}

/// `POST /jobs`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewJob {
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub data: BTreeMap<String, String>,
}

/// `PATCH /jobs/{id}/status`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewStatus {
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    #[serde(deserialize_with = "or_default")]
    pub force: bool,
}

/// An import file that arrives in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSession {
    pub id: ItemId,
    /// `import`.
    #[serde(rename = "type")]
    pub kind: String,
    pub create_at: i64,
    pub user_id: UserId,
    /// It is for no channel.
    pub channel_id: String,
    pub filename: String,
    pub file_size: i64,
    /// The next bytes go here.
    pub file_offset: i64,
    pub remote_id: String,
    pub req_file_id: String,
}

impl ImportSession {
    /// The session of an upload of which `received` bytes are here.
    pub fn new(id: ItemId, user_id: UserId, name: &str, size: i64, create_at: i64, received: i64) -> Self {
        ImportSession {
            id,
            kind: "import".to_owned(),
            create_at,
            user_id,
            channel_id: String::new(),
            filename: name.to_owned(),
            file_size: size,
            file_offset: received,
            remote_id: String::new(),
            req_file_id: String::new(),
        }
    }
}

/// Anything that arrives in parts, as `GET /users/{id}/uploads` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AnySession {
    File(UploadSession),
    Import(ImportSession),
}

/// An import file that is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFile {
    pub id: ItemId,
    pub user_id: UserId,
    pub create_at: i64,
    /// What a job calls it by.
    pub name: String,
    pub size: i64,
}
