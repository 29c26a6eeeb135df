//! Sync messages: users, posts, reactions and so on of one shared channel. Source: wire 5.4, rulings 34 and 37.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use rialto_model::{ChannelId, MessageId, UserId, id};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::items::SyncExtension;
use super::post::{InboundPost, OutboundPost};
use super::reaction::{Acknowledgement, InboundReaction, MembershipChange, OutboundReaction, UserStatus};
use super::user::{InboundUser, OutboundUser};
use super::{ItemKind, MalformedPayload, Refusal, Refused, bounds};
use crate::lenient::{self, or_absent, or_default};

/// A sync message as read: what has its shape, and what was refused. Process in the order of the fields, whatever a
/// message mixes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SyncMessage {
    /// The sender's name for this message; only for logs.
    pub id: String,
    /// The channel; None in a global user sync.
    pub channel_id: Option<ChannelId>,
    /// Profiles.
    pub users: Vec<InboundUser>,
    /// Posts, perhaps the same one twice.
    pub posts: Vec<InboundPost>,
    /// Reactions given and taken back.
    pub reactions: Vec<InboundReaction>,
    /// Acknowledgements.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Presence.
    pub statuses: Vec<UserStatus>,
    /// People who joined or left.
    pub membership_changes: Vec<MembershipChange>,
    /// Who is meant by which `@word` of the posts: at most [`bounds::MENTION_TRANSFORMS`], keys in lower case.
    pub mention_transforms: BTreeMap<String, UserId>,
    /// What another Rialto adds.
    pub rialto: Option<SyncExtension>,
    /// Items that were refused by themselves.
    pub refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    channel_id: String,
    #[serde(default, deserialize_with = "bounded_map")]
    users: Bounded,
    #[serde(default, deserialize_with = "bounded_list")]
    posts: Bounded,
    #[serde(default, deserialize_with = "bounded_list")]
    reactions: Bounded,
    #[serde(default, deserialize_with = "bounded_list")]
    acknowledgements: Bounded,
    #[serde(default, deserialize_with = "bounded_list")]
    statuses: Bounded,
    #[serde(default, deserialize_with = "bounded_list")]
    membership_changes: Bounded,
    #[serde(default, deserialize_with = "bounded_map")]
    mention_transforms: Bounded,
    #[serde(default, deserialize_with = "or_absent")]
    rialto: Option<SyncExtension>,
}

impl SyncMessage {
    /// Reads a sync message.
    ///
    /// # Errors
    /// [`MalformedPayload`] if it is no object, a list is no list, or the channel is no id. Items never fail it.
    pub fn decode(payload: &RawValue) -> Result<SyncMessage, MalformedPayload> {
        let mut raw: Raw = lenient::object(payload.get()).map_err(|_| MalformedPayload)?;
        let channel_id = match raw.channel_id.as_str() {
            "" => None,
            id => Some(ChannelId::parse(id).map_err(|_| MalformedPayload)?),
        };
        let mut refused = raw.rialto.as_mut().map(SyncExtension::bound).unwrap_or_default();
        Ok(SyncMessage {
            id: raw.id.chars().take(64).collect(),
            channel_id,
            users: raw.users.read(ItemKind::User, "id", InboundUser::decode, &mut refused),
            posts: raw.posts.read(ItemKind::Post, "id", InboundPost::decode, &mut refused),
            reactions: raw.reactions.read(ItemKind::Reaction, "post_id", InboundReaction::decode, &mut refused),
            acknowledgements: raw.acknowledgements.read(
                ItemKind::Ack,
                "post_id",
                Acknowledgement::decode,
                &mut refused,
            ),
            statuses: raw.statuses.read(ItemKind::Status, "user_id", UserStatus::decode, &mut refused),
            membership_changes: raw.membership_changes.read(
                ItemKind::Member,
                "user_id",
                MembershipChange::decode,
                &mut refused,
            ),
            mention_transforms: transforms(&raw.mention_transforms),
            rialto: raw.rialto,
            refused,
        })
    }

    /// Whether it holds anything but users, which a global user sync must not (wire 7.1).
    pub fn has_more_than_users(&self) -> bool {
        !(self.posts.is_empty()
            && self.reactions.is_empty()
            && self.acknowledgements.is_empty()
            && self.statuses.is_empty()
            && self.membership_changes.is_empty())
    }
}

/// Entries that are no word and no id are left out; see [`super::mentions`] for what a word is.
fn transforms(raw: &Bounded) -> BTreeMap<String, UserId> {
    let pairs = raw.items.iter().filter_map(|(key, value)| {
        let id: UserId = serde_json::from_str(value.get()).ok()?;
        let key = key.to_ascii_lowercase();
        super::mentions::is_word(&key).then_some((key, id))
    });
    pairs.take(bounds::MENTION_TRANSFORMS).collect()
}

/// The first items of a list or map, and how many there were beyond.
#[derive(Default)]
struct Bounded {
    /// The key in a map, empty in a list.
    items: Vec<(String, Box<RawValue>)>,
    /// Beyond the bound; kept unread, and only as many as the bound again, for the error list.
    beyond: Vec<Box<RawValue>>,
}

impl Bounded {
    fn push(&mut self, key: String, item: Box<RawValue>) {
        if self.items.len() < bounds::ITEMS {
            self.items.push((key, item));
        } else if self.beyond.len() < bounds::ITEMS {
            self.beyond.push(item);
        }
    }

    fn read<T>(
        &self,
        kind: ItemKind,
        id_member: &str,
        decode: impl Fn(&RawValue) -> Result<T, Refusal>,
        refused: &mut Vec<Refused>,
    ) -> Vec<T> {
        let mut read = Vec::with_capacity(self.items.len());
        for (_, item) in &self.items {
            match decode(item) {
                Ok(item) => read.push(item),
                Err(why) => refused.push(Refused { kind, id: shown_id(item, id_member), why }),
            }
        }
        refused.extend(self.beyond.iter().map(|item| Refused {
            kind,
            id: shown_id(item, id_member),
            why: Refusal::TooMany,
        }));
        read
    }
}

/// The id of an item that could not be read, if that much can be.
fn shown_id(item: &RawValue, member: &str) -> Option<String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(item.get()).ok()?;
    let id: String = serde_json::from_str(members.get(member)?.get()).ok()?;
    id::is_valid(&id).then_some(id)
}

fn bounded_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bounded, D::Error> {
    deserializer.deserialize_any(BoundedVisitor::<false>(PhantomData))
}

fn bounded_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bounded, D::Error> {
    deserializer.deserialize_any(BoundedVisitor::<true>(PhantomData))
}

/// Reads item by item, so that a list of millions never stands in memory.
struct BoundedVisitor<const MAP: bool>(PhantomData<Bounded>);

impl<'de, const MAP: bool> Visitor<'de> for BoundedVisitor<MAP> {
    type Value = Bounded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if MAP { "an object of items" } else { "a list of items" })
    }

    fn visit_unit<E>(self) -> Result<Bounded, E> {
        Ok(Bounded::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bounded, A::Error> {
        if MAP {
            return Err(serde::de::Error::custom("expected an object"));
        }
        let mut bounded = Bounded::default();
        while let Some(item) = list.next_element::<&RawValue>()? {
            bounded.push(String::new(), item.to_owned());
        }
        Ok(bounded)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bounded, A::Error> {
        if !MAP {
            return Err(serde::de::Error::custom("expected a list"));
        }
        let mut bounded = Bounded::default();
        while let Some((key, item)) = map.next_entry::<String, &RawValue>()? {
            bounded.push(key, item.to_owned());
        }
        Ok(bounded)
    }
}

/// A sync message to send. Real servers put one kind of thing in each; every receiver takes any mixture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboundSync {
    /// New for every message.
    pub id: MessageId,
    /// The channel; None, which is an empty text, in an offer of people outside channels.
    #[serde(serialize_with = "or_empty")]
    pub channel_id: Option<ChannelId>,
    /// Profiles by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub users: BTreeMap<UserId, OutboundUser>,
    /// Posts, roots first, none twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub posts: Vec<OutboundPost>,
    /// Reactions; see ruling 38 before sending one twice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<OutboundReaction>,
    /// Presence; 11.6 and Rialto only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<UserStatus>,
    /// People who joined or left; 11.6 and Rialto only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub membership_changes: Vec<MembershipChange>,
    /// Acknowledgements; 11.6 and Rialto only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acknowledgements: Vec<Acknowledgement>,
    /// Who is meant by which `@word`; only beside posts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mention_transforms: BTreeMap<String, UserId>,
    /// What only a Rialto reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rialto: Option<SyncExtension>,
}

impl OutboundSync {
    /// An empty message about a channel. Sent as it is, it asks whether the channel is still shared (ruling 33).
    pub fn new(id: MessageId, channel_id: ChannelId) -> OutboundSync {
        OutboundSync { channel_id: Some(channel_id), ..OutboundSync::of_people(id) }
    }

    /// An empty message about people outside channels (wire 6.12).
    pub fn of_people(id: MessageId) -> OutboundSync {
        OutboundSync {
            id,
            channel_id: None,
            users: BTreeMap::new(),
            posts: Vec::new(),
            reactions: Vec::new(),
            statuses: Vec::new(),
            membership_changes: Vec::new(),
            acknowledgements: Vec::new(),
            mention_transforms: BTreeMap::new(),
            rialto: None,
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.posts.is_empty()
            && self.reactions.is_empty()
            && self.statuses.is_empty()
            && self.membership_changes.is_empty()
            && self.acknowledgements.is_empty()
    }

    /// Bytes of its JSON, to cut messages below [`MAX_FRAME`] (wire 3.10).
    pub fn encoded_len(&self) -> usize {
        lenient::to_text(self).len()
    }
}

fn or_empty<S: serde::Serializer>(channel: &Option<ChannelId>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(channel.as_ref().map_or("", ChannelId::as_str))
}

/// Bytes a whole frame may have for an 11.6 peer with its usual settings (ruling 34).
pub const MAX_FRAME: usize = 290_000;

/// How many bytes `item` adds to a message it is put in, the comma included.
pub fn encoded_len<T: Serialize>(item: &T) -> usize {
    lenient::to_text(item).len() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<SyncMessage, MalformedPayload> {
        SyncMessage::decode(&serde_json::from_str::<Box<RawValue>>(text).unwrap())
    }

    const POST: &str = r#"{"id":"3o6cjrui9ibctdpjme3xyhd6ya","user_id":"utark8ucdibiumjsazbgp6uyhh","channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c"}"#;

    /// E-041.
    #[test]
    fn ill_formed_items_are_refused_one_by_one_and_reported_if_they_have_an_id() {
        let message = decode(&format!(
            r#"{{"id":"x","channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","later":{{}},
              "posts":[{POST},null,7,[],{{"id":"s3hft74hufbqbp8q4teg4riaeh","create_at":1.5}},{{"id":"bad"}}],
              "users":{{"a":{{"id":"utark8ucdibiumjsazbgp6uyhh","username":"alice"}},"b":null,
                        "c":{{"id":"cm33dt5tepnntczmu8gyzkjwuw","username":"no good"}}}},
              "reactions":[{{"post_id":"3o6cjrui9ibctdpjme3xyhd6ya"}}]}}"#
        ))
        .unwrap();
        assert_eq!((message.posts.len(), message.users.len(), message.reactions.len()), (1, 1, 0));
        let ids: Vec<_> = message.refused.iter().map(|item| (item.kind, item.id.as_deref())).collect();
        assert_eq!(
            ids,
            [
                (ItemKind::User, None),
                (ItemKind::User, Some("cm33dt5tepnntczmu8gyzkjwuw")),
                (ItemKind::Post, None),
                (ItemKind::Post, None),
                (ItemKind::Post, None),
                (ItemKind::Post, Some("s3hft74hufbqbp8q4teg4riaeh")),
                (ItemKind::Post, None),
                (ItemKind::Reaction, Some("3o6cjrui9ibctdpjme3xyhd6ya")),
            ]
        );
    }

    #[test]
    fn null_is_an_empty_list_and_anything_else_malformed() {
        let message = decode(r#"{"channel_id":null,"posts":null,"users":null,"mention_transforms":null}"#).unwrap();
        assert_eq!(message, SyncMessage::default());
        assert!(!message.has_more_than_users());
        for text in ["[]", "5", r#"{"posts":{}}"#, r#"{"users":[]}"#, r#"{"channel_id":"x"}"#, r#"{"posts":"x"}"#] {
            assert_eq!(decode(text), Err(MalformedPayload), "{text}");
        }
    }

    #[test]
    fn too_many_items_are_refused_by_themselves() {
        let posts = vec![POST; bounds::ITEMS + 2].join(",");
        let message = decode(&format!(r#"{{"posts":[{posts}]}}"#)).unwrap();
        assert_eq!(message.posts.len(), bounds::ITEMS);
        assert_eq!(message.refused.len(), 2);
        assert_eq!(message.refused[0].why, Refusal::TooMany);
        assert_eq!(message.refused[0].id.as_deref(), Some("3o6cjrui9ibctdpjme3xyhd6ya"));
    }

    #[test]
    fn transforms_are_words_and_ids() {
        let text = r#"{"mention_transforms":{"Alice":"utark8ucdibiumjsazbgp6uyhh","":"utark8ucdibiumjsazbgp6uyhh",
                       "a b":"utark8ucdibiumjsazbgp6uyhh","bob":"x","carol":null,"dave:acme":"cm33dt5tepnntczmu8gyzkjwuw"}}"#;
        let keys: Vec<String> = decode(text).unwrap().mention_transforms.into_keys().collect();
        assert_eq!(keys, ["alice", "dave:acme"]);
        let many: Vec<String> = (0..500).map(|n| format!(r#""u{n}":"utark8ucdibiumjsazbgp6uyhh""#)).collect();
        let message = decode(&format!(r#"{{"mention_transforms":{{{}}}}}"#, many.join(","))).unwrap();
        assert_eq!(message.mention_transforms.len(), bounds::MENTION_TRANSFORMS);
    }

    #[test]
    fn an_empty_message_names_only_its_channel() {
        let channel = ChannelId::from_random([2; 16]);
        let message = OutboundSync::new(MessageId::from_random([1; 16]), channel);
        assert!(message.is_empty());
        let text = lenient::to_text(&message);
        assert_eq!(text, format!(r#"{{"id":"{}","channel_id":"{}"}}"#, message.id, channel));
        assert_eq!(message.encoded_len(), text.len());
    }

    /// AT-23: an offer of people names no channel, which is an empty text, and holds nothing else.
    #[test]
    fn an_offer_of_people_names_no_channel() {
        let message = OutboundSync::of_people(MessageId::from_random([1; 16]));
        assert_eq!(lenient::to_text(&message), format!(r#"{{"id":"{}","channel_id":""}}"#, message.id));
        let user = r#"{"id":"utark8ucdibiumjsazbgp6uyhh","username":"alice"}"#;
        let offer = decode(&format!(r#"{{"id":"x","channel_id":"","users":{{"utark8ucdibiumjsazbgp6uyhh":{user}}}}}"#));
        let offer = offer.unwrap();
        assert_eq!((offer.channel_id, offer.users.len(), offer.has_more_than_users()), (None, 1, false));
        let more = decode(&format!(r#"{{"channel_id":"","posts":[{POST}]}}"#)).unwrap();
        assert!(more.has_more_than_users());
    }
}
