//! Reactions, acknowledgements, presence and membership as servers exchange them. Source: wire 5.8 and 5.9.

use rialto_model::{ChannelId, Millis, PostId, Reaction, UserId, names};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Refusal, time};
use crate::lenient::{self, or_default};

/// A reaction a peer sent, given or taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundReaction {
    /// Whose, by the id on the wire.
    pub user_id: UserId,
    /// To what.
    pub post_id: PostId,
    /// As given (ruling 75).
    pub emoji_name: String,
    /// By the owner's clock.
    pub create_at: Millis,
    /// The owner's version.
    pub update_at: Millis,
    /// Set when taken back.
    pub delete_at: Option<Millis>,
}

#[derive(Deserialize)]
struct RawReaction {
    #[serde(default, deserialize_with = "or_default")]
    user_id: String,
    #[serde(default, deserialize_with = "or_default")]
    post_id: String,
    #[serde(default, deserialize_with = "or_default")]
    emoji_name: String,
    #[serde(default, deserialize_with = "or_default")]
    create_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    update_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    delete_at: i64,
}

impl InboundReaction {
    /// Reads one reaction.
    ///
    /// # Errors
    /// Says why this one is refused.
    pub fn decode(item: &RawValue) -> Result<InboundReaction, Refusal> {
        let raw: RawReaction = lenient::object(item.get()).map_err(|_| Refusal::Shape)?;
        names::check_emoji_name(&raw.emoji_name).map_err(|_| Refusal::Value("emoji_name"))?;
        Ok(InboundReaction {
            user_id: UserId::parse(&raw.user_id).map_err(|_| Refusal::Shape)?,
            post_id: PostId::parse(&raw.post_id).map_err(|_| Refusal::Shape)?,
            emoji_name: raw.emoji_name,
            create_at: time(raw.create_at, "create_at")?,
            update_at: time(raw.update_at, "update_at")?,
            delete_at: Millis::non_zero(time(raw.delete_at, "delete_at")?.0),
        })
    }
}

/// A reaction as we send it. `remote_id` must be empty, or 11.6 takes a later one for a removal (wire 7.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboundReaction {
    /// Whose, by the id on the wire.
    pub user_id: UserId,
    /// To what.
    pub post_id: PostId,
    /// As given.
    pub emoji_name: String,
    /// By the owner's clock.
    pub create_at: Millis,
    /// The owner's version.
    pub update_at: Millis,
    /// 0 = given, else when it was taken back.
    pub delete_at: i64,
    remote_id: &'static str,
}

impl From<&Reaction> for OutboundReaction {
    fn from(reaction: &Reaction) -> Self {
        OutboundReaction {
            user_id: reaction.user_id,
            post_id: reaction.post_id,
            emoji_name: reaction.emoji_name.clone(),
            create_at: reaction.create_at,
            update_at: reaction.update_at,
            delete_at: Millis::or_zero(reaction.delete_at),
            remote_id: "",
        }
    }
}

/// That somebody acknowledged a post; sent both ways in this shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who, by the id on the wire.
    pub user_id: UserId,
    /// What.
    pub post_id: PostId,
    /// When; 0 = withdrawn.
    pub acknowledged_at: Millis,
}

impl Acknowledgement {
    /// Reads one acknowledgement.
    ///
    /// # Errors
    /// Says why this one is refused.
    pub fn decode(item: &RawValue) -> Result<Acknowledgement, Refusal> {
        let ack: Acknowledgement = lenient::object(item.get()).map_err(|_| Refusal::Shape)?;
        if ack.is_timely() { Ok(ack) } else { Err(Refusal::Bounds("acknowledged_at")) }
    }

    /// Whether its time can be one.
    pub(super) fn is_timely(&self) -> bool {
        time(self.acknowledged_at.0, "acknowledged_at").is_ok()
    }
}

/// Somebody's presence; sent both ways in this shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStatus {
    /// Whose, by the id on the wire.
    pub user_id: UserId,
    /// `online`, `away`, `dnd`, `offline` or `ooo`.
    pub status: String,
    /// Chosen by hand.
    #[serde(default, deserialize_with = "or_default")]
    pub manual: bool,
    /// ms.
    #[serde(default, deserialize_with = "or_default")]
    pub last_activity_at: Millis,
    /// End of "do not disturb", **seconds**.
    #[serde(default, deserialize_with = "or_default")]
    pub dnd_end_time: i64,
}

impl UserStatus {
    /// Reads one status.
    ///
    /// # Errors
    /// Says why this one is refused.
    pub fn decode(item: &RawValue) -> Result<UserStatus, Refusal> {
        let status: UserStatus = lenient::object(item.get()).map_err(|_| Refusal::Shape)?;
        if !matches!(status.status.as_str(), "online" | "away" | "dnd" | "offline" | "ooo") {
            return Err(Refusal::Value("status"));
        }
        time(status.last_activity_at.0, "last_activity_at")?;
        time(status.dnd_end_time, "dnd_end_time")?;
        Ok(status)
    }
}

/// That somebody joined or left; sent both ways in this shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipChange {
    /// Must be the message's channel; the caller compares (INV-3).
    pub channel_id: ChannelId,
    /// Who, by the id on the wire.
    pub user_id: UserId,
    /// True: joined.
    #[serde(default, deserialize_with = "or_default")]
    pub is_add: bool,
    /// Always empty in what is sent; not read.
    #[serde(default, skip_deserializing)]
    pub remote_id: String,
    /// When it happened, by the sender's clock.
    #[serde(default, deserialize_with = "or_default")]
    pub change_time: Millis,
}

impl MembershipChange {
    /// Reads one change.
    ///
    /// # Errors
    /// Says why this one is refused.
    pub fn decode(item: &RawValue) -> Result<MembershipChange, Refusal> {
        let change: MembershipChange = lenient::object(item.get()).map_err(|_| Refusal::Shape)?;
        time(change.change_time.0, "change_time")?;
        Ok(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    const IDS: &str = r#""user_id":"utark8ucdibiumjsazbgp6uyhh","post_id":"3o6cjrui9ibctdpjme3xyhd6ya""#;

    #[test]
    fn reactions_have_a_name_and_integer_times() {
        let decode = |members: &str| InboundReaction::decode(&raw(&format!("{{{IDS},{members}}}")));
        let good = decode(r#""emoji_name":"+1","create_at":5,"update_at":6,"delete_at":0,"remote_id":"x""#).unwrap();
        assert_eq!((good.delete_at, good.update_at), (None, Millis(6)));
        assert_eq!(decode(r#""emoji_name":"a b""#), Err(Refusal::Value("emoji_name")));
        assert_eq!(decode(r#""create_at":5"#), Err(Refusal::Value("emoji_name")));
        assert_eq!(decode(&format!(r#""emoji_name":"{}""#, "a".repeat(65))), Err(Refusal::Value("emoji_name")));
        assert_eq!(decode(r#""emoji_name":"a","update_at":1.5"#), Err(Refusal::Shape));
        assert_eq!(InboundReaction::decode(&raw("null")), Err(Refusal::Shape));
    }

    #[test]
    fn the_wire_remote_id_of_a_sent_reaction_is_empty() {
        let reaction = Reaction {
            user_id: UserId::from_random([1; 16]),
            post_id: PostId::from_random([2; 16]),
            channel_id: ChannelId::from_random([3; 16]),
            emoji_name: "rocket".into(),
            create_at: Millis(5),
            update_at: Millis(6),
            delete_at: None,
            remote_id: Some(rialto_model::RemoteId::from_random([4; 16])),
        };
        assert!(lenient::to_text(&OutboundReaction::from(&reaction)).ends_with(r#""delete_at":0,"remote_id":""}"#));
    }

    #[test]
    fn presence_words_are_known_ones() {
        let decode = |members: &str| UserStatus::decode(&raw(&format!("{{{IDS},{members}}}")));
        assert!(decode(r#""status":"ooo","manual":null"#).is_ok());
        assert_eq!(decode(r#""status":"busy""#), Err(Refusal::Value("status")));
        assert_eq!(decode(r#""status":"dnd","dnd_end_time":-1"#), Err(Refusal::Bounds("dnd_end_time")));
    }

    #[test]
    fn membership_and_acknowledgements_read() {
        let change = MembershipChange::decode(&raw(
            r#"{"channel_id":"btpm7nqwnt8bzmtpzrigmqwb9c","user_id":"utark8ucdibiumjsazbgp6uyhh","is_add":true,"remote_id":"zzz","change_time":5}"#,
        ))
        .unwrap();
        assert!(change.is_add && change.remote_id.is_empty());
        assert!(lenient::to_text(&change).contains(r#""remote_id":"""#));
        assert!(Acknowledgement::decode(&raw(&format!(r#"{{{IDS},"acknowledged_at":5}}"#))).is_ok());
        assert_eq!(Acknowledgement::decode(&raw(&format!(r#"{{{IDS}}}"#))), Err(Refusal::Shape));
    }
}
