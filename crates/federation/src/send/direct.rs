//! Direct and group messages offered to a peer, who takes part first. Source: wire 5.3 and 9.3, ruling 62, E-111.

use std::collections::HashMap;

use rialto_app::connections::policies;
use rialto_app::outbox::{self, Delivered, Wanted};
use rialto_app::shares::direct::{self, Offer};
use rialto_model::{Channel, ChannelKind, PeerProfile, RemoteCluster, Share, UserId};
use rialto_wire::federation::invite::OutboundChannelInvitation;

use super::{Undelivered, compose};
use crate::Federation;

/// Why a peer cannot be offered a conversation at all; None once it can.
pub(super) async fn obstacle(
    fed: &Federation,
    remote: &RemoteCluster,
    share: &Share,
    channel: &Channel,
) -> Result<Option<&'static str>, Undelivered> {
    let old = matches!(remote.profile, PeerProfile::Mattermost5 | PeerProfile::Unknown);
    if old && channel.kind == ChannelKind::Group {
        return Ok(Some("the server there knows no group messages"));
    }
    if remote.profile != PeerProfile::Mattermost5
        || direct::is_known_there(&fed.app, &remote.id, &share.creator_id).await?
    {
        return Ok(None);
    }
    // A server of 2021 takes conversations of people it knows; it gets to know people in shared channels.
    for common in direct::common_channels(&fed.app, &remote.id, &share.creator_id).await? {
        let wanted = Wanted { profiles: vec![share.creator_id], ..Wanted::default() };
        super::deliver::deliver(fed, remote, &common, wanted).await?;
        if direct::is_known_there(&fed.app, &remote.id, &share.creator_id).await? {
            return Ok(None);
        }
    }
    Ok(Some("the server there does not know the person who writes; both must meet in a shared channel first"))
}

/// The offer, in the peer's terms. None for a conversation whose creator takes no part in it.
pub(super) async fn invitation(
    fed: &Federation,
    remote: &RemoteCluster,
    share: &Share,
    channel: &Channel,
) -> Result<Option<(OutboundChannelInvitation, Offer)>, Undelivered> {
    let Some(offer) = direct::offer(&fed.app, share, channel).await? else { return Ok(None) };
    let wire_ids: HashMap<UserId, UserId> = offer.wire_ids.iter().map(|(here, there)| (*here, *there)).collect();
    let mut invitation = OutboundChannelInvitation::new(channel, &remote.remote_team_id, false);
    invitation.name.clone_from(&offer.name);
    if channel.kind == ChannelKind::Group {
        invitation.creator_id = offer.creator.to_string();
    }
    invitation.direct_participant_ids = Some(offer.people.clone());
    let presence = policies::of(&fed.app, &remote.id).await?.presence;
    let described = offer.described.iter().map(|person| compose::described(fed, &wire_ids, presence, person));
    invitation.direct_participants = Some(described.collect());
    Ok(Some((invitation, offer)))
}

/// Remembers whom another Rialto knows by an offer it has taken: changes of their profiles follow. A Mattermost takes
/// descriptions only of people who are new to it.
pub(super) async fn taken(
    fed: &Federation,
    remote: &RemoteCluster,
    channel: &Channel,
    offer: &Offer,
) -> Result<(), Undelivered> {
    if remote.profile != PeerProfile::Rialto {
        return Ok(());
    }
    let announced = offer.described.iter().map(|person| (person.id, person.update_at)).collect();
    let delivered = Delivered { announced, ..Delivered::default() };
    Ok(outbox::delivered(&fed.app, &remote.id, &channel.id, &delivered).await?)
}
