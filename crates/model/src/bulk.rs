//! The lines of a bulk export, one object a line: an installation by names instead of ids, so that it can move into
//! another one. The members are those of the reference product. Source: client-api 7.7.
//!
//! What a reader does not know it passes over; what may be missing is an `Option`, so that nothing given is told from
//! something empty.
#![expect(missing_docs, reason = "members are named and meant as in client-api 7.7")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the format.
pub const VERSION: i64 = 1;

/// One line: its type, and one member named like it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<Info>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<Emoji>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Team>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<User>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot: Option<Bot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post: Option<Box<Post>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_channel: Option<DirectChannel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_post: Option<Box<Post>>,
}

impl Line {
    /// A line of one type with nothing in it, to be completed with `..`.
    pub fn of(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }
}

/// Who wrote the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    pub generator: String,
    pub version: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Emoji {
    pub name: String,
    /// Path in the archive.
    pub image: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Team {
    pub name: String,
    pub display_name: String,
    /// `O` or `I`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_open_invite: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    pub team: String,
    pub name: String,
    pub display_name: String,
    /// `O` or `P`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// ms; 0 or missing: it is not archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<i64>,
}

/// A person, their settings, and where they belong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub username: String,
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_image: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_service: Option<String>,
    /// Only ever read: no export holds passwords.
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Not among the members of the reference product, which passes over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_props: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_status: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<UserTeam>>,
    #[serde(flatten)]
    pub display: Display,
}

/// How somebody wants to see things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Display {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub military_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collapse_previews: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_display: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_display_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tutorial_step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_interval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_unread_section: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserTeam {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<UserChannel>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserChannel {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_props: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub favorite: Option<bool>,
    #[serde(flatten)]
    pub read: Read,
}

/// How far somebody has read a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Read {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_viewed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msg_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msg_count_root: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mention_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mention_count_root: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bot {
    pub username: String,
    pub owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_image: Option<String>,
}

/// A message with all that hangs on it: of a channel of a team, of a conversation, or a reply inside either.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Of `post` lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Of `post` lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Of `direct_post` lines: who takes part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_members: Option<Vec<String>>,
    pub user: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub props: Option<Map<String, Value>>,
    pub create_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_pinned: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flagged_by: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactions: Option<Vec<Reaction>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attachment>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replies: Option<Vec<Post>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_followers: Option<Vec<Follower>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reaction {
    pub user: String,
    pub emoji_name: String,
    pub create_at: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Path in the archive, below `data/`.
    pub path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Follower {
    pub user: String,
    #[serde(default)]
    pub last_viewed: i64,
    #[serde(default)]
    pub unread_mentions: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectChannel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<Vec<Participant>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub favorited_by: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_by: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Participant {
    pub username: String,
    #[serde(flatten)]
    pub read: Read,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_as_it_was_and_unknown_members_do_no_harm() {
        let text = concat!(
            r#"{"type":"user","user":{"username":"ann","email":"a@b.example","teams":[{"name":"t","channels":"#,
            r#"[{"name":"c","favorite":true,"msg_count":3}]}],"theme":"{}"}}"#
        );
        let line: Line = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&line).unwrap(), text);
        let more = r#"{"type":"post","post":{"user":"a","message":"m","create_at":1,"is_from_later":{"x":1}}}"#;
        let line: Line = serde_json::from_str(more).unwrap();
        assert_eq!(line.post.unwrap().create_at, 1);
        assert!(serde_json::from_str::<Line>(r#"{"type":"post","post":{"user":"a","message":1}}"#).is_err());
    }
}
