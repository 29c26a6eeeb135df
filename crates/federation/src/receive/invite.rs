//! A peer offers a channel. Source: wire 5.3, rulings 28, 43, 44.

use rialto_app::access::RemoteActor;
use rialto_app::apply;
use rialto_app::shares::{self, IncomingInvitation, InvitationRefused};
use rialto_model::ChannelKind;
use rialto_wire::federation::frame::Envelope;
use rialto_wire::federation::invite::ChannelInvitation;
use rialto_wire::federation::topic;
use serde_json::value::RawValue;

use super::reply::Reply;
use crate::Federation;

pub(super) async fn invited(fed: &Federation, actor: &RemoteActor, payload: &RawValue) -> Result<Envelope, Reply> {
    let invitation = ChannelInvitation::decode(payload).map_err(|_| Reply::BadPayload)?;
    let channel = invitation.channel_id;
    let code = match take(fed, actor, invitation).await {
        Ok(()) => return Ok(Envelope::ok_null()),
        Err(Refusal::Later) => return Err(Reply::Later),
        Err(Refusal::For(code)) => code,
    };
    apply::note_refused_frame(&fed.app, actor, topic::CHANNEL_INVITE, Some(channel), code).await?;
    Ok(Envelope::fail("the channel cannot be shared with this server").with_code(code))
}

enum Refusal {
    /// Something that may change: 503.
    Later,
    /// For good, with a word of ruling 8.4.
    For(&'static str),
}

async fn take(fed: &Federation, actor: &RemoteActor, invitation: ChannelInvitation) -> Result<(), Refusal> {
    let kind = match invitation.kind {
        Some(kind @ (ChannelKind::Public | ChannelKind::Private)) => kind,
        Some(ChannelKind::Direct | ChannelKind::Group) => return Err(Refusal::For("disabled")),
        None => return Err(Refusal::For("invalid")),
    };
    let incoming = IncomingInvitation {
        channel_id: invitation.channel_id,
        kind,
        name: invitation.name,
        display_name: if invitation.display_name.trim().is_empty() {
            "Shared channel".to_owned()
        } else {
            invitation.display_name
        },
        header: invitation.header,
        purpose: invitation.purpose,
        read_only: invitation.read_only,
    };
    match shares::accept(&fed.app, actor, incoming).await {
        Ok(_) => Ok(()),
        Err(InvitationRefused::Exists) => Err(Refusal::For("not_owner")),
        Err(InvitationRefused::EndedHere) => Err(Refusal::For("policy")),
        Err(InvitationRefused::Quota) => Err(Refusal::For("quota")),
        Err(InvitationRefused::NoTeam) => Err(Refusal::Later),
        Err(InvitationRefused::Store(error)) => {
            tracing::warn!(%error, "an invitation failed in storage and will be repeated");
            Err(Refusal::Later)
        }
    }
}
