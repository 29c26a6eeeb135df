//! Posts as servers exchange them. Source: wire 5.7 and 7.4, rulings 48 and 64.

use rialto_model::{ChannelId, FileId, Millis, Post, PostId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::reaction::Acknowledgement;
use super::{Refusal, bounds, length, time};
use crate::lenient::{self, is_zero, or_absent, or_default, well_formed};
use crate::post_props;

/// Props that act on the receiver rather than describe the post (ruling 64).
const ACTING_PROPS: [&str; 3] = ["add_channel_member", "force_notification", "deleteBy"];

/// A post a peer sent.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundPost {
    /// The same everywhere.
    pub id: PostId,
    /// By the origin's clock; 0 if unknown. Bound it by the time of receipt (ruling 59).
    pub create_at: Millis,
    /// The owner's version.
    pub update_at: Millis,
    /// Last edit of the text.
    pub edit_at: Option<Millis>,
    /// Deleted by its owner.
    pub delete_at: Option<Millis>,
    /// Pinned.
    pub is_pinned: bool,
    /// The author's id on the wire.
    pub user_id: UserId,
    /// Must be the message's channel; the caller compares (INV-3).
    pub channel_id: ChannelId,
    /// First post of the thread.
    pub root_id: Option<PostId>,
    /// What the author wrote: `message_source` where the sender gave one.
    pub message: String,
    /// `""`, `me`, `slack_attachment`, `custom_…`, or `system_…`, which is accepted and dropped (ruling 48).
    pub kind: String,
    /// A JSON object in text, without what acts on the receiver and without the addresses behind buttons.
    pub props: String,
    /// Its files, at most ten.
    pub file_ids: Vec<FileId>,
    /// Of the metadata only this and the next act on a receiver (ruling 64).
    pub priority: Option<Priority>,
    /// Who has acknowledged it as far as the sender knows; only its own people's count.
    pub acknowledgements: Vec<Acknowledgement>,
}

impl InboundPost {
    /// Join, leave and the like: success, but not stored (ruling 48).
    pub fn is_system(&self) -> bool {
        self.kind.starts_with("system_")
    }
}

/// How urgent a root post is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Priority {
    /// `""`, `important` or `urgent`.
    #[serde(deserialize_with = "or_default")]
    pub priority: String,
    /// Whether readers are asked to acknowledge it.
    #[serde(deserialize_with = "or_default")]
    pub requested_ack: bool,
    /// Whether those it mentions are reminded until they react.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_zero")]
    pub persistent_notifications: bool,
}

impl From<&rialto_model::Priority> for Priority {
    fn from(priority: &rialto_model::Priority) -> Self {
        Self {
            priority: priority.level.clone(),
            requested_ack: priority.requested_ack,
            persistent_notifications: priority.persistent_notifications,
        }
    }
}

impl From<Priority> for rialto_model::Priority {
    fn from(priority: Priority) -> Self {
        Self {
            level: priority.priority,
            requested_ack: priority.requested_ack,
            persistent_notifications: priority.persistent_notifications,
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    create_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    update_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    edit_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    delete_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    is_pinned: bool,
    #[serde(default, deserialize_with = "or_default")]
    user_id: String,
    #[serde(default, deserialize_with = "or_default")]
    channel_id: String,
    #[serde(default, deserialize_with = "or_default")]
    root_id: String,
    #[serde(default, deserialize_with = "or_default")]
    original_id: String,
    #[serde(default, deserialize_with = "or_default")]
    message: String,
    #[serde(default, deserialize_with = "or_default")]
    message_source: String,
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    props: Map<String, Value>,
    #[serde(default, deserialize_with = "well_formed")]
    file_ids: Vec<FileId>,
    #[serde(default, deserialize_with = "or_absent")]
    metadata: Option<RawMetadata>,
}

#[derive(Default, Deserialize)]
struct RawMetadata {
    #[serde(default, deserialize_with = "or_absent")]
    priority: Option<Priority>,
    #[serde(default, deserialize_with = "well_formed")]
    acknowledgements: Vec<Acknowledgement>,
}

impl InboundPost {
    /// Reads one post.
    ///
    /// # Errors
    /// Says why this one is refused.
    pub fn decode(item: &RawValue) -> Result<InboundPost, Refusal> {
        let raw: Raw = lenient::object(item.get()).map_err(|_| Refusal::Shape)?;
        if !raw.original_id.is_empty() {
            // Old versions of edited posts are never sent by anybody (wire 5.7).
            return Err(Refusal::Value("original_id"));
        }
        if raw.file_ids.len() > bounds::FILES {
            return Err(Refusal::Bounds("file_ids"));
        }
        let root_id = match raw.root_id.as_str() {
            "" => None,
            id => Some(PostId::parse(id).map_err(|_| Refusal::Shape)?),
        };
        let mut message = if raw.message_source.is_empty() { raw.message } else { raw.message_source };
        let (mut kind, mut props) = (raw.kind, raw.props);
        // What a newer server sends is shown as text, with a note; what it was is kept for a server that knows it (E-079).
        props.remove(UNKNOWN_KIND);
        if !is_known_kind(&kind) {
            if is_word(&kind) {
                props.insert(UNKNOWN_KIND.to_owned(), Value::String(kind));
            }
            kind = String::new();
            message = [message.as_str(), "*(This server does not know messages of this kind.)*"].join("\n\n");
        }
        length(&message, bounds::MESSAGE, "message")?;
        let metadata = raw.metadata.unwrap_or_default();
        Ok(InboundPost {
            id: PostId::parse(&raw.id).map_err(|_| Refusal::Shape)?,
            create_at: time(raw.create_at, "create_at")?,
            update_at: time(raw.update_at, "update_at")?,
            edit_at: Millis::non_zero(time(raw.edit_at, "edit_at")?.0),
            delete_at: Millis::non_zero(time(raw.delete_at, "delete_at")?.0),
            is_pinned: raw.is_pinned,
            user_id: UserId::parse(&raw.user_id).map_err(|_| Refusal::Shape)?,
            channel_id: ChannelId::parse(&raw.channel_id).map_err(|_| Refusal::Shape)?,
            root_id,
            // PostgreSQL cannot store a NUL; no text needs one.
            message: message.replace('\0', ""),
            kind,
            props: inbound_props(props)?,
            file_ids: raw.file_ids,
            priority: metadata.priority.filter(is_known_priority),
            acknowledgements: metadata.acknowledgements.into_iter().filter(Acknowledgement::is_timely).collect(),
        })
    }
}

/// The property under which the type of a post is kept that this server does not know.
const UNKNOWN_KIND: &str = "unknown_type";

fn is_word(kind: &str) -> bool {
    kind.len() <= 64 && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_known_kind(kind: &str) -> bool {
    matches!(kind, "" | "me" | "slack_attachment")
        || is_word(kind) && (kind.starts_with("custom_") || kind.starts_with("system_"))
}

fn is_known_priority(priority: &Priority) -> bool {
    rialto_model::Priority::is_level(&priority.priority)
}

fn inbound_props(mut props: Map<String, Value>) -> Result<String, Refusal> {
    for key in ACTING_PROPS {
        props.remove(key);
    }
    post_props::remove_integrations(&mut props);
    post_props::of_peer(&mut props);
    let text = lenient::to_text(&props);
    length(&text, bounds::PROPS, "props")?;
    Ok(text)
}

/// A post as we send it: looks as those of 5.37 do, which 11.6 takes as well (wire 9.3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboundPost {
    /// The same everywhere.
    pub id: PostId,
    /// By the origin's clock.
    pub create_at: Millis,
    /// The owner's version.
    pub update_at: Millis,
    /// 0 = never edited.
    pub edit_at: i64,
    /// 0 = not deleted.
    pub delete_at: i64,
    /// Pinned.
    pub is_pinned: bool,
    /// The author's id on the wire (ruling 52).
    pub user_id: UserId,
    /// The channel.
    pub channel_id: ChannelId,
    /// First post of the thread, or empty.
    pub root_id: String,
    /// Equals `root_id`; 5.37 wants it.
    pub parent_id: String,
    original_id: &'static str,
    /// The text as the peer shall read it; empty once deleted.
    pub message: String,
    /// `""`, `me`, `slack_attachment` or `custom_…`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Without the addresses behind buttons.
    pub props: Map<String, Value>,
    hashtags: &'static str,
    /// Its files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file_ids: Vec<FileId>,
    // A non-empty one would enter the receiver's duplicate suppression.
    pending_post_id: &'static str,
    /// Whether anybody has reacted.
    #[serde(skip_serializing_if = "is_zero")]
    pub has_reactions: bool,
    reply_count: i64,
    last_reply_at: i64,
    participants: (),
    /// Only with a priority: with any metadata at all, 11.6 takes every repetition for an edit (wire 7.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<OutboundMetadata>,
}

/// The one part of a post's metadata that acts on a receiver.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboundMetadata {
    /// How urgent it is.
    pub priority: Priority,
}

impl From<&Post> for OutboundPost {
    /// Without files; add those the peer shall have. What a moderator hid here is sent as its owner left it, and a
    /// deleted post loses text, props and files.
    fn from(post: &Post) -> Self {
        let is_deleted = post.delete_at.is_some();
        let root_id = post.root_id.map_or_else(String::new, |id| id.to_string());
        let mut props = if is_deleted { Map::new() } else { post_props::parse(&post.props) };
        post_props::remove_integrations(&mut props);
        OutboundPost {
            id: post.id,
            create_at: post.create_at,
            update_at: if post.remote_id.is_none() { post.update_at } else { post.remote_update_at },
            edit_at: Millis::or_zero(post.edit_at),
            delete_at: Millis::or_zero(post.delete_at),
            is_pinned: post.is_pinned,
            user_id: post.user_id,
            channel_id: post.channel_id,
            parent_id: root_id.clone(),
            root_id,
            original_id: "",
            message: if is_deleted { String::new() } else { post.message.clone() },
            kind: post.kind.clone(),
            props,
            hashtags: "",
            file_ids: Vec::new(),
            pending_post_id: "",
            has_reactions: post.has_reactions,
            reply_count: 0,
            last_reply_at: 0,
            participants: (),
            metadata: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: &str = r#""id":"3o6cjrui9ibctdpjme3xyhd6ya","user_id":"utark8ucdibiumjsazbgp6uyhh","channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","create_at":1795350304268,"update_at":1795350304268"#;

    fn decode(members: &str) -> Result<InboundPost, Refusal> {
        InboundPost::decode(&serde_json::from_str::<Box<RawValue>>(&format!("{{{IDS}{members}}}")).unwrap())
    }

    #[test]
    fn ids_and_times_are_enough() {
        let post =
            decode(r#","props":null,"file_ids":null,"participants":null,"metadata":null,"root_id":null"#).unwrap();
        assert_eq!((post.props.as_str(), post.root_id, post.kind.as_str()), ("{}", None, ""));
    }

    #[test]
    fn the_authors_own_text_is_preferred() {
        let post = decode(r#","message":"proxied","message_source":"original""#).unwrap();
        assert_eq!(post.message, "original");
        assert_eq!(decode(r#","message":"a\u0000b""#).unwrap().message, "ab");
    }

    #[test]
    fn what_acts_on_the_receiver_is_dropped() {
        let post = decode(
            r#","props":{"a":1,"add_channel_member":{},"force_notification":"x","deleteBy":"y","attachments":[{"actions":[{"integration":{}}]}]},
               "metadata":{"reactions":[1],"acknowledgements":[{}],"priority":{"priority":"urgent","requested_ack":true,"PostId":"x"}}"#,
        )
        .unwrap();
        assert_eq!(post.props, r#"{"a":1,"attachments":[{"actions":[{"disabled":true}]}]}"#);
        assert_eq!(
            post.priority,
            Some(Priority { priority: "urgent".into(), requested_ack: true, persistent_notifications: false })
        );
        assert_eq!(post.acknowledgements, [], "what is no acknowledgement is left out");
        assert_eq!(decode(r#","metadata":{"priority":{"priority":"panic"}}"#).unwrap().priority, None);
    }

    #[test]
    fn bounds_and_shapes_refuse_the_one_post() {
        let text = |n: usize| format!(r#","message":"{}""#, "é".repeat(n));
        assert!(decode(&text(bounds::MESSAGE)).is_ok());
        assert_eq!(decode(&text(bounds::MESSAGE + 1)), Err(Refusal::Bounds("message")));
        assert_eq!(decode(&format!(r#","props":{{"a":"{}"}}"#, "x".repeat(800_000))), Err(Refusal::Bounds("props")));
        let ids = [r#""r474z6pzrf87zj4zaxz4iqsfsa""#; 11].join(",");
        assert_eq!(decode(&format!(r#","file_ids":[{ids}]"#)), Err(Refusal::Bounds("file_ids")));
        assert_eq!(decode(r#","edit_at":1e3"#), Err(Refusal::Shape));
        assert_eq!(decode(r#","edit_at":-5"#), Err(Refusal::Bounds("edit_at")));
        assert_eq!(decode(r#","root_id":"x""#), Err(Refusal::Shape));
        assert_eq!(decode(r#","props":"text""#), Err(Refusal::Shape));
        // E-079: a type nobody here knows is text with a note.
        let unknown = decode(r#","type":"burn_on_read","message":"hush","props":{"unknown_type":"x"}"#).unwrap();
        assert_eq!((unknown.kind.as_str(), unknown.props.as_str()), ("", r#"{"unknown_type":"burn_on_read"}"#));
        assert!(unknown.message.starts_with("hush\n\n*("), "{}", unknown.message);
        let hostile = decode(r#","type":"a b\u0007","props":{"unknown_type":"x"}"#).unwrap();
        assert_eq!((hostile.kind.as_str(), hostile.props.as_str()), ("", "{}"));
        assert_eq!(decode(r#","original_id":"3o6cjrui9ibctdpjme3xyhd6ya""#), Err(Refusal::Value("original_id")));
        assert!(decode(r#","type":"system_join_channel""#).unwrap().is_system());
        assert!(!decode(r#","type":"custom_poll""#).unwrap().is_system());
    }
}
