//! Asking for something again: topic `rialto_fetch`. Source: ruling 8.10.

use std::collections::BTreeMap;

use rialto_model::{ChannelId, PostId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::post::OutboundPost;
use super::sync::SyncMessage;
use super::user::OutboundUser;
use super::{MalformedPayload, bounds};
use crate::lenient::{self, or_absent, or_default, well_formed};

/// A place among what somebody wrote, by time and id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct After {
    /// When the last one was written, ms.
    pub at: i64,
    /// Its id; empty: none.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
}

/// What is asked for: ids, or everything of the asker's own behind a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FetchRequest {
    /// Of which channel.
    pub channel_id: ChannelId,
    /// Messages.
    #[serde(default, deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub post_ids: Vec<PostId>,
    /// People.
    #[serde(default, deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<UserId>,
    /// Instead of ids: what people of the asker wrote.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub mine_after: Option<After>,
}

impl FetchRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`MalformedPayload`] without a channel, or with a place that is none.
    pub fn decode(payload: &RawValue) -> Result<FetchRequest, MalformedPayload> {
        let request: FetchRequest = lenient::object(payload.get()).map_err(|_| MalformedPayload)?;
        let is_place =
            |after: &After| (0..=bounds::TIME).contains(&after.at) && after.id.len() <= 26 && after.id.is_ascii();
        if request.mine_after.as_ref().is_none_or(is_place) { Ok(request) } else { Err(MalformedPayload) }
    }
}

/// What is given.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OutboundFetch {
    /// Profiles by id.
    pub users: BTreeMap<UserId, OutboundUser>,
    /// Messages, in the order of the request.
    pub posts: Vec<OutboundPost>,
    /// There is more.
    pub more: bool,
    /// Who is meant by which `@word`, as in sync messages. An addition of ours to 8.10.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mention_transforms: BTreeMap<String, UserId>,
}

/// What a peer gave: read as a sync message is, with the same bounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fetched {
    /// People and messages, and what of them could not be read.
    pub items: SyncMessage,
    /// There is more.
    pub more: bool,
}

#[derive(Default, Deserialize)]
struct More {
    #[serde(default, deserialize_with = "or_default")]
    more: bool,
}

impl Fetched {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`MalformedPayload`] as of a sync message.
    pub fn decode(payload: &RawValue) -> Result<Fetched, MalformedPayload> {
        let items = SyncMessage::decode(payload)?;
        let more = lenient::object::<More>(payload.get()).is_ok_and(|read| read.more);
        Ok(Fetched { items, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    /// Ruling 8.10.
    #[test]
    fn requests_are_read_as_they_are_written_and_bounded() {
        let text =
            r#"{"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","mine_after":{"at":5,"id":"3o6cjrui9ibctdpjme3xyhd6ya"}}"#;
        let read = FetchRequest::decode(&raw(text)).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let ids = r#"{"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","post_ids":["3o6cjrui9ibctdpjme3xyhd6ya","no",7]}"#;
        assert_eq!(FetchRequest::decode(&raw(ids)).unwrap().post_ids.len(), 1);
        for bad in [
            "{}",
            r#"{"channel_id":"x"}"#,
            r#"{"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","mine_after":{"at":-1,"id":""}}"#,
        ] {
            assert_eq!(FetchRequest::decode(&raw(bad)), Err(MalformedPayload), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_read_item_by_item() {
        let post = r#"{"id":"3o6cjrui9ibctdpjme3xyhd6ya","user_id":"utark8ucdibiumjsazbgp6uyhh","channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","create_at":5,"update_at":5,"message":"x"}"#;
        let read =
            Fetched::decode(&raw(&format!(r#"{{"users":{{}},"posts":[{post},{{"id":7}}],"more":true}}"#))).unwrap();
        assert!(read.more);
        assert_eq!((read.items.posts.len(), read.items.refused.len()), (1, 1));
        assert_eq!(Fetched::decode(&raw("[]")), Err(MalformedPayload));
    }
}
