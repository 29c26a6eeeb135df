//! Announcing a file and naming it once it is there. Source: wire 3.8 and 5.10, ruling 8.7.

use rialto_model::{ChannelId, FileId, ItemId, Millis, RemoteId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::MalformedPayload;
use crate::lenient::{self, or_absent, or_default};

/// The `type` of a file of a post. Besides it only [`EMOJI`] is taken (CVE class "other upload types").
pub const ATTACHMENT: &str = "attachment";

/// The type of a picture with a name, between Rialtos (ruling 8.8).
pub const EMOJI: &str = "emoji";

/// An upload session: request and result have this shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadSession {
    /// Names the upload; use the one in the *answer*.
    pub id: ItemId,
    /// [`ATTACHMENT`] or [`EMOJI`].
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    pub kind: String,
    /// Set by the receiver.
    #[serde(default, deserialize_with = "or_default")]
    pub create_at: Millis,
    /// Author of the post the file belongs to, by the id on the wire.
    pub user_id: UserId,
    /// The channel; must be shared with the connection.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// Name of the file.
    #[serde(default, deserialize_with = "or_default")]
    pub filename: String,
    /// Bytes.
    #[serde(default, deserialize_with = "or_default")]
    pub file_size: i64,
    /// Bytes the receiver has.
    #[serde(default, deserialize_with = "or_default")]
    pub file_offset: i64,
    /// Overwritten by the receiver; never believed.
    #[serde(default, deserialize_with = "or_absent")]
    pub remote_id: Option<RemoteId>,
    /// The file is stored under this id.
    pub req_file_id: FileId,
    /// What only a Rialto reads.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub rialto: Option<UploadExtension>,
}

/// What a Rialto adds to an upload session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadExtension {
    /// SHA-256 of the whole file, lower-case hex.
    pub sha256: String,
}

/// Why an announced file was refused; each a fixed text of a FAIL answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefusal {
    /// No object of that shape.
    #[error("malformed upload session")]
    Malformed,
    /// Another type than [`ATTACHMENT`] and [`EMOJI`].
    #[error("upload type is not allowed")]
    Kind,
}

impl UploadSession {
    /// Reads an announced file. What the receiver decides – time, offset, connection – is set to nothing. Its name is as
    /// the sender gave it, and its size may be anything.
    ///
    /// # Errors
    /// Says why it is refused.
    pub fn decode(payload: &RawValue) -> Result<UploadSession, UploadRefusal> {
        let session: UploadSession = lenient::object(payload.get()).map_err(|_| UploadRefusal::Malformed)?;
        if session.kind != ATTACHMENT && session.kind != EMOJI {
            return Err(UploadRefusal::Kind);
        }
        let mut session = session;
        session.rialto = session.rialto.filter(|extra| is_sha256(&extra.sha256));
        Ok(UploadSession { create_at: Millis(0), file_offset: 0, remote_id: None, ..session })
    }

    /// Reads the answer to an announcement of ours.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is a session.
    pub fn decode_answer(payload: &RawValue) -> Result<UploadSession, MalformedPayload> {
        lenient::object(payload.get()).map_err(|_| MalformedPayload)
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// What a finished upload is answered with. The sender keys its record by the returned id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Equals the session's `req_file_id`.
    pub id: FileId,
    /// The author.
    #[serde(default, deserialize_with = "or_default")]
    pub user_id: String,
    /// Empty until the post comes.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub post_id: String,
    /// The channel.
    #[serde(default, deserialize_with = "or_default")]
    pub channel_id: String,
    /// When it came.
    #[serde(default, deserialize_with = "or_default")]
    pub create_at: Millis,
    /// The same.
    #[serde(default, deserialize_with = "or_default")]
    pub update_at: Millis,
    /// 0 unless deleted.
    #[serde(default, deserialize_with = "or_default")]
    pub delete_at: i64,
    /// Name of the file.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Without the dot.
    #[serde(default, deserialize_with = "or_default")]
    pub extension: String,
    /// Bytes.
    #[serde(default, deserialize_with = "or_default")]
    pub size: i64,
    /// Media type.
    #[serde(default, deserialize_with = "or_default")]
    pub mime_type: String,
    /// A tiny picture in base64, or null.
    #[serde(default, deserialize_with = "or_absent")]
    pub mini_preview: Option<String>,
    /// The connection it came over, or null.
    #[serde(default, deserialize_with = "or_absent")]
    pub remote_id: Option<RemoteId>,
}

impl From<&rialto_model::FileInfo> for FileInfo {
    fn from(file: &rialto_model::FileInfo) -> Self {
        FileInfo {
            id: file.id,
            user_id: file.user_id.to_string(),
            post_id: file.post_id.map_or_else(String::new, |id| id.to_string()),
            channel_id: file.channel_id.to_string(),
            create_at: file.create_at,
            update_at: file.update_at,
            delete_at: 0,
            name: file.name.clone(),
            extension: file.extension.clone(),
            size: file.size,
            mime_type: file.mime_type.clone(),
            mini_preview: None,
            remote_id: file.remote_id,
        }
    }
}

impl FileInfo {
    /// Reads the answer to an upload of ours.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is an object with an id.
    pub fn decode(body: &[u8]) -> Result<FileInfo, MalformedPayload> {
        lenient::object(&lenient::text(body)).map_err(|_| MalformedPayload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(members: &str) -> Result<UploadSession, UploadRefusal> {
        let kind = if members.contains("\"type\"") { "" } else { r#""type":"attachment","# };
        let text = format!(
            r#"{{"id":"nfrxwi5ja3rtz8h9re6go1brih","user_id":"utark8ucdibiumjsazbgp6uyhh","req_file_id":"r474z6pzrf87zj4zaxz4iqsfsa",
                "filename":"note.txt","file_size":10,{kind}{members}"x":0}}"#
        );
        UploadSession::decode(&serde_json::from_str::<Box<RawValue>>(&text).unwrap())
    }

    #[test]
    fn what_the_receiver_decides_is_not_taken_from_the_sender() {
        let session = decode(r#""create_at":5,"file_offset":9,"remote_id":"z7abbo9znbfjfg5gwyjfuo53xo","#).unwrap();
        assert_eq!((session.create_at, session.file_offset, session.remote_id), (Millis(0), 0, None));
    }

    #[test]
    fn only_attachments_and_only_real_hashes() {
        let hash = "a".repeat(64);
        assert!(decode(&format!(r#""rialto":{{"sha256":"{hash}"}},"#)).unwrap().rialto.is_some());
        assert!(decode(r#""rialto":{"sha256":"../../etc"},"#).unwrap().rialto.is_none());
        assert_eq!(decode(r#""type":"import","#), Err(UploadRefusal::Kind));
    }
}
