//! The member `rialto` of sync messages and of their results. Source: ruling 8.4.

use std::collections::BTreeMap;

use rialto_model::{PostId, UserId};
use serde::{Deserialize, Serialize};

use super::{ItemKind, Refused, bounds, time};
use crate::lenient::{is_zero, or_absent, or_default, well_formed};

/// What a Rialto adds to a sync message. Every member but `seq` may be left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncExtension {
    /// Position in the sender's log, growing per connection.
    pub seq: i64,
    /// Up to here the receiver is missing nothing of the sender's log: less than `seq` while a channel is behind. Left out:
    /// as `seq`. An addition of ours to 8.4.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub low: Option<i64>,
    /// The epoch of the sender's log. An addition of ours to 8.4.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub epoch: String,
    /// The position of the last frame the receiver has confirmed: if it does not remember that one, it has lost something.
    /// An addition of ours to 8.4.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// History: nobody is notified.
    #[serde(skip_serializing_if = "is_zero")]
    pub backfill: bool,
    /// More about the message's posts.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub posts: BTreeMap<PostId, PostExtension>,
    /// More about the message's users.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub users: BTreeMap<UserId, UserExtension>,
    /// Pins and their ends.
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// "Please add this person of yours."
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub member_requests: Vec<MemberRequest>,
    /// Answers to those.
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub member_answers: Vec<MemberAnswer>,
    /// People of the receiver who were removed from the channel here.
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub member_blocks: Vec<MemberBlock>,
    /// From home to the author's server: how a post fared with third organisations.
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
}

impl SyncExtension {
    /// The position the sender states and up to where nothing is missing; None if it is no position.
    pub fn position(&self) -> Option<(i64, i64)> {
        let low = self.low.unwrap_or(self.seq);
        (0 <= low && low <= self.seq).then_some((self.seq, low))
    }

    /// Whether a post of the message is history or context, and calls nobody.
    pub fn is_old(&self, post: &PostId) -> bool {
        self.backfill || self.posts.get(post).is_some_and(|more| more.context)
    }

    /// Takes out what is out of bounds and says what it was.
    pub(crate) fn bound(&mut self) -> Vec<Refused> {
        let mut number = 0;
        let mut refused = Vec::new();
        self.pins.retain(|pin| {
            number += 1;
            let why = match time(pin.at, "at") {
                Err(why) => why,
                Ok(_) if number > bounds::ITEMS => super::Refusal::TooMany,
                Ok(_) => return true,
            };
            if refused.len() < bounds::ITEMS {
                refused.push(Refused { kind: ItemKind::Pin, id: Some(pin.post_id.to_string()), why });
            }
            false
        });
        refused
    }
}

/// More about a post.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PostExtension {
    /// A root from before the share (ruling 46).
    #[serde(skip_serializing_if = "is_zero")]
    pub context: bool,
    /// The third organisation it comes from; text, never identity.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub organisation: String,
    /// Files that could not come along.
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub missing_files: Vec<MissingFile>,
}

/// A file that could not come along.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the members are those of a file")]
pub struct MissingFile {
    pub id: String,
    pub name: String,
    pub size: i64,
    pub code: String,
}

/// More about a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserExtension {
    /// An integration's account.
    pub is_bot: bool,
    /// A guest at home.
    pub is_guest: bool,
    /// Deactivated at home; applied on update too.
    pub deleted: bool,
    /// The third organisation they belong to; text, never identity.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub organisation: String,
}

/// A pin, or the end of one. The last `at` wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the members say what they are")]
pub struct Pin {
    pub post_id: PostId,
    pub user_id: UserId,
    pub pinned: bool,
    pub at: i64,
}

/// A wish to have one of the receiver's people in the channel (ruling 50).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the members say what they are")]
pub struct MemberRequest {
    pub user_id: UserId,
    pub by: UserId,
    pub at: i64,
}

/// What became of a wish: `added`, `refused` or `pending`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the members say what they are")]
pub struct MemberAnswer {
    pub user_id: UserId,
    pub state: String,
}

/// One of the receiver's people was removed from the channel here, or is welcome again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the members say what they are")]
pub struct MemberBlock {
    pub user_id: UserId,
    pub blocked: bool,
    pub at: i64,
}

/// How one of the receiver's posts fared beyond the home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which post.
    pub post_id: PostId,
    /// With whom.
    pub organisation: String,
    /// `waiting`, `sent`, `stored` or `refused`.
    pub state: String,
    /// Why, if refused.
    #[serde(default, deserialize_with = "or_default")]
    pub code: String,
}

/// What a Rialto adds to a sync result. The echoed `seq` confirms that all but the listed items are stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultExtension {
    /// The message's `seq`.
    pub seq: i64,
    /// What was not stored.
    #[serde(deserialize_with = "well_formed", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemResult>,
}

/// An item that was refused or is parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemResult {
    /// What it is.
    pub kind: ItemKind,
    /// Its id, for kinds that have one.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// For reactions and acknowledgements.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub post_id: Option<PostId>,
    /// For reactions, acknowledgements, statuses and memberships.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// For reactions.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub emoji_name: String,
    /// What became of it.
    pub state: ItemState,
    /// Why, in a word of ruling 8.4.
    #[serde(default, deserialize_with = "or_default")]
    pub code: String,
}

/// What became of an item that is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// For good.
    Refused,
    /// Kept, and applied when what it needs comes. The sender does not repeat it.
    Parked,
}

impl ItemResult {
    /// A post that was not stored.
    pub fn post(id: &str, state: ItemState, code: &str) -> ItemResult {
        ItemResult {
            kind: ItemKind::Post,
            id: id.to_owned(),
            post_id: None,
            user_id: None,
            emoji_name: String::new(),
            state,
            code: code.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lenient::to_text;

    #[test]
    fn the_examples_of_ruling_8_4_read_and_write_the_same() {
        let text = r#"{"seq":4711,"items":[{"kind":"post","id":"3o6cjrui9ibctdpjme3xyhd6ya","state":"refused","code":"read_only"},{"kind":"post","id":"s3hft74hufbqbp8q4teg4riaeh","state":"parked","code":"no_root"},{"kind":"reaction","post_id":"3o6cjrui9ibctdpjme3xyhd6ya","user_id":"utark8ucdibiumjsazbgp6uyhh","emoji_name":"rocket","state":"refused","code":"not_owner"}]}"#;
        let result: ResultExtension = serde_json::from_str(text).unwrap();
        assert_eq!(to_text(&result), text);
        assert_eq!(result.items[1], ItemResult::post("s3hft74hufbqbp8q4teg4riaeh", ItemState::Parked, "no_root"));

        let text = r#"{"seq":4711,"posts":{"3o6cjrui9ibctdpjme3xyhd6ya":{"context":true,"organisation":"Globex","missing_files":[{"id":"i","name":"a.exe","size":10,"code":"type_blocked"}]}},"users":{"utark8ucdibiumjsazbgp6uyhh":{"is_bot":false,"is_guest":false,"deleted":true,"organisation":"Globex"}},"pins":[{"post_id":"3o6cjrui9ibctdpjme3xyhd6ya","user_id":"utark8ucdibiumjsazbgp6uyhh","pinned":true,"at":1790000000000}]}"#;
        let sync: SyncExtension = serde_json::from_str(text).unwrap();
        assert_eq!(to_text(&sync), text);
    }

    /// INV-8: a pin at no time a clock shows is refused, and one too many.
    #[test]
    fn pins_out_of_bounds_are_taken_out() {
        let id = |n: u32| format!("{n:026}");
        let pin = |n: u32, at: i64| Pin {
            post_id: id(n).parse().unwrap(),
            user_id: id(1).parse().unwrap(),
            pinned: true,
            at,
        };
        let mut pins = vec![pin(1, -1), pin(2, bounds::TIME + 1), pin(3, 5)];
        pins.extend((0..bounds::ITEMS as u32).map(|n| pin(10 + n, 5)));
        let mut sync = SyncExtension { seq: 1, pins, ..SyncExtension::default() };
        let refused = sync.bound();
        assert_eq!(sync.pins.len(), bounds::ITEMS - 2);
        assert_eq!(sync.pins[0], pin(3, 5));
        assert_eq!(refused.len(), 5);
        assert_eq!(refused[0].id.as_deref(), Some(id(1).as_str()));
        assert_eq!(refused[4].why.code(), "quota");
    }

    #[test]
    fn ill_formed_entries_are_left_out() {
        let sync: SyncExtension = serde_json::from_str(r#"{"seq":1,"pins":[null,5,{"post_id":"x"}]}"#).unwrap();
        assert_eq!(sync, SyncExtension { seq: 1, ..SyncExtension::default() });
    }
}
