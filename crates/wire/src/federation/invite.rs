//! Offering a channel to a peer. Source: wire 5.3, INV-6.

use rialto_model::{Channel, ChannelId, ChannelKind, TeamId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::user::{InboundUser, OutboundUser};
use super::{MalformedPayload, bounds};
use crate::lenient::{self, or_default, well_formed};

/// A peer offers a channel. Nothing of it is believed beyond what is here: it never changes a channel that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelInvitation {
    /// The home's id; the copy gets the same.
    pub channel_id: ChannelId,
    /// A team the sender believes to be ours; only 5.37 fills it, and it is not followed.
    pub team_id: Option<TeamId>,
    /// Whether our people may only read.
    pub read_only: bool,
    /// The home's name of it; not yet checked against ours.
    pub name: String,
    /// Shown name, cut to its bound.
    pub display_name: String,
    /// Header, cut to its bound.
    pub header: String,
    /// Purpose, cut to its bound.
    pub purpose: String,
    /// What sort; None if we do not know the letter.
    pub kind: Option<ChannelKind>,
    /// For group channels: who made it.
    pub creator_id: Option<UserId>,
    /// For direct and group channels: everybody in it, at most nine, one more than may be.
    pub direct_participant_ids: Vec<UserId>,
    /// Those of them the receiver may not know yet.
    pub direct_participants: Vec<InboundUser>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "or_default")]
    channel_id: String,
    #[serde(default, deserialize_with = "or_default")]
    team_id: String,
    #[serde(default, deserialize_with = "or_default")]
    read_only: bool,
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    display_name: String,
    #[serde(default, deserialize_with = "or_default")]
    header: String,
    #[serde(default, deserialize_with = "or_default")]
    purpose: String,
    #[serde(default, rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    creator_id: String,
    #[serde(default, deserialize_with = "well_formed")]
    direct_participant_ids: Vec<UserId>,
    #[serde(default, deserialize_with = "or_default")]
    direct_participants: Vec<Box<RawValue>>,
}

impl ChannelInvitation {
    /// Reads an invitation. Texts that are too long are cut: they are decoration, the channel is not.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is an object of this shape that names a channel.
    pub fn decode(payload: &RawValue) -> Result<ChannelInvitation, MalformedPayload> {
        let raw: Raw = lenient::object(payload.get()).map_err(|_| MalformedPayload)?;
        let cut = |text: &str, max: usize| -> String { text.chars().filter(|c| *c != '\0').take(max).collect() };
        Ok(ChannelInvitation {
            channel_id: ChannelId::parse(&raw.channel_id).map_err(|_| MalformedPayload)?,
            team_id: TeamId::parse(&raw.team_id).ok(),
            read_only: raw.read_only,
            name: cut(&raw.name, bounds::CHANNEL_NAME),
            display_name: cut(&raw.display_name, bounds::CHANNEL_NAME),
            header: cut(&raw.header, bounds::HEADER),
            purpose: cut(&raw.purpose, bounds::PURPOSE),
            kind: ChannelKind::from_letter(&raw.kind),
            creator_id: UserId::parse(&raw.creator_id).ok(),
            // One more than allowed, so that the caller sees there were too many.
            direct_participant_ids: raw.direct_participant_ids.into_iter().take(bounds::PARTICIPANTS + 1).collect(),
            direct_participants: raw
                .direct_participants
                .iter()
                .take(bounds::PARTICIPANTS)
                .filter_map(|item| InboundUser::decode(item).ok())
                .collect(),
        })
    }
}

/// An offer of ours. All members are always written; lists that are empty are null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboundChannelInvitation {
    /// Our id of it.
    pub channel_id: ChannelId,
    /// The peer's team in which a 5.37 is to create the copy (it refuses without), or empty.
    pub team_id: String,
    /// Whether the peer's people may only read.
    pub read_only: bool,
    /// Our name of it.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Header.
    pub header: String,
    /// Purpose.
    pub purpose: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Group channels only.
    pub creator_id: String,
    /// Direct and group channels only.
    pub direct_participant_ids: Option<Vec<UserId>>,
    /// Direct and group channels only: those of them who are not the peer's.
    pub direct_participants: Option<Vec<OutboundUser>>,
}

impl OutboundChannelInvitation {
    /// An offer of a public or private channel; for direct and group channels fill in who is in it.
    pub fn new(channel: &Channel, team_id: &str, read_only: bool) -> OutboundChannelInvitation {
        OutboundChannelInvitation {
            channel_id: channel.id,
            team_id: team_id.to_owned(),
            read_only,
            name: channel.name.clone(),
            display_name: channel.display_name.clone(),
            header: channel.header.clone(),
            purpose: channel.purpose.clone(),
            kind: channel.kind.letter(),
            creator_id: String::new(),
            direct_participant_ids: None,
            direct_participants: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<ChannelInvitation, MalformedPayload> {
        ChannelInvitation::decode(&serde_json::from_str::<Box<RawValue>>(text).unwrap())
    }

    #[test]
    fn texts_are_cut_and_lists_bounded() {
        let ids = vec![r#""utark8ucdibiumjsazbgp6uyhh""#; 20].join(",");
        let invitation = decode(&format!(
            r#"{{"channel_id":"gp4b3ds9ufyhmgk1prq8h5ueiy","header":"{}","display_name":"a\u0000b","type":"X","direct_participant_ids":[{ids}],"direct_participants":[null,{{}}]}}"#,
            "é".repeat(2000)
        ))
        .unwrap();
        assert_eq!(invitation.header.chars().count(), bounds::HEADER);
        assert_eq!((invitation.display_name.as_str(), invitation.kind), ("ab", None));
        assert_eq!(invitation.direct_participant_ids.len(), 9);
        assert!(invitation.direct_participants.is_empty());
    }

    #[test]
    fn a_channel_must_be_named() {
        assert_eq!(decode("{}"), Err(MalformedPayload));
        assert_eq!(decode(r#"{"channel_id":"gp4b3ds9ufyhmgk1prq8h5ueiy","read_only":"Y"}"#), Err(MalformedPayload));
        let invitation = decode(r#"{"channel_id":"gp4b3ds9ufyhmgk1prq8h5ueiy","type":"P","team_id":""}"#).unwrap();
        assert_eq!((invitation.kind, invitation.team_id), (Some(ChannelKind::Private), None));
    }
}
