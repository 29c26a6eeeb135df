//! A peer offers a channel. Source: wire 5.3, rulings 28, 43, 44.

use rialto_app::access::RemoteActor;
use rialto_app::apply;
use rialto_app::connections::quotas;
use rialto_app::shares::{self, IncomingConversation, IncomingInvitation, InvitationRefused};
use rialto_model::{ChannelKind, Millis, Rule, Share};
use rialto_wire::federation::frame::Envelope;
use rialto_wire::federation::invite::ChannelInvitation;
use rialto_wire::federation::topic;
use serde_json::value::RawValue;

use super::reply::Reply;
use super::sync::{incoming_user, other_handles};
use crate::Federation;

/// `version` is the time of the frame: another Rialto sets it to the version of its share (ruling 8.6).
pub(super) async fn invited(
    fed: &Federation,
    actor: &RemoteActor,
    payload: &RawValue,
    version: Millis,
) -> Result<Envelope, Reply> {
    let invitation = ChannelInvitation::decode(payload).map_err(|_| Reply::BadPayload)?;
    let channel = invitation.channel_id;
    let code = match take(fed, actor, invitation, version).await {
        Ok(()) => return Ok(Envelope::ok_null()),
        // Kept and undecided: a FAIL would be remembered for ever by some (ruling 28).
        Err(Refusal::Waits) => return Ok(Envelope::ok_null().with_code("pending")),
        Err(Refusal::Later) => return Err(Reply::Later),
        Err(Refusal::TooMany) => {
            quotas::slowed(&fed.app, &actor.id(), Some("channels")).await?;
            return Err(Reply::TooMany);
        }
        Err(Refusal::For(code)) => code,
        Err(Refusal::Rule(rule)) => {
            let what = format!("{} {rule}", topic::CHANNEL_INVITE);
            apply::note_refused_frame(&fed.app, actor, &what, Some(channel), "policy").await?;
            let text = format!("a rule of this connection forbids it: {rule}");
            return Ok(Envelope::fail(text).with_code("policy"));
        }
    };
    apply::note_refused_frame(&fed.app, actor, topic::CHANNEL_INVITE, Some(channel), code).await?;
    Ok(Envelope::fail("the channel cannot be shared with this server").with_code(code))
}

enum Refusal {
    /// It waits to be let in.
    Waits,
    /// Something that may change: 503.
    Later,
    /// Enough for today: 429.
    TooMany,
    /// For good, with a word of ruling 8.4.
    For(&'static str),
    /// By a rule of the connection.
    Rule(Rule),
}

async fn take(
    fed: &Federation,
    actor: &RemoteActor,
    invitation: ChannelInvitation,
    version: Millis,
) -> Result<(), Refusal> {
    let kind = match invitation.kind {
        Some(kind @ (ChannelKind::Public | ChannelKind::Private)) => kind,
        Some(ChannelKind::Direct | ChannelKind::Group) => return converse(fed, actor, invitation).await,
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
        version: version.0,
    };
    taken(shares::accept(&fed.app, actor, incoming).await)
}

/// A peer opens a conversation with our people.
async fn converse(fed: &Federation, actor: &RemoteActor, invitation: ChannelInvitation) -> Result<(), Refusal> {
    let Some(kind) = invitation.kind else { return Err(Refusal::For("invalid")) };
    let handles = if invitation.direct_participants.is_empty() {
        Vec::new()
    } else {
        other_handles(fed, actor).await.map_err(|error| later(&error))?
    };
    let described = invitation.direct_participants.iter();
    let incoming = IncomingConversation {
        channel_id: invitation.channel_id,
        kind,
        creator: invitation.creator_id,
        people: invitation.direct_participant_ids,
        described: described.map(|user| incoming_user(user, actor.remote(), &handles)).collect(),
    };
    taken(shares::accept_conversation(&fed.app, actor, incoming).await)
}

fn later(error: &rialto_app::StoreError) -> Refusal {
    tracing::warn!(%error, "an invitation failed in storage and will be repeated");
    Refusal::Later
}

fn taken(outcome: Result<Share, InvitationRefused>) -> Result<(), Refusal> {
    match outcome {
        Ok(_) => Ok(()),
        Err(InvitationRefused::Exists) => Err(Refusal::For("not_owner")),
        Err(InvitationRefused::Outdated) => Err(Refusal::For("not_shared")),
        Err(InvitationRefused::Waits) => Err(Refusal::Waits),
        Err(InvitationRefused::TooMany) => Err(Refusal::TooMany),
        Err(InvitationRefused::Quota) => Err(Refusal::For("quota")),
        Err(InvitationRefused::Policy(rule)) => Err(Refusal::Rule(rule)),
        Err(InvitationRefused::Disabled) => Err(Refusal::For("disabled")),
        Err(InvitationRefused::People) => Err(Refusal::For("no_user")),
        Err(InvitationRefused::NoTeam | InvitationRefused::NotYet) => Err(Refusal::Later),
        Err(InvitationRefused::Store(error)) => Err(later(&error)),
    }
}
