//! The beginning and the end of a share, on the sending side. Source: wire 5.3, rulings 40, 8.6, behaviour 2.5.

use rialto_app::shares::direct::Offer;
use rialto_app::shares::{self, Begun, Standing};
use rialto_model::{
    Channel, LedgerKind, LedgerState, PeerProfile, RemoteCluster, Seq, Share, ShareId, ShareMode, ShareState,
};
use rialto_wire::federation::extension::{NotedOrganisation, NotedState, ShareNote};
use rialto_wire::federation::invite::OutboundChannelInvitation;
use rialto_wire::federation::{capability, topic};

use super::ledger::{Leaving, Thing};
use super::{Undelivered, compose, direct, message, message_at};
use crate::Federation;

/// Brings a share to life: invites the peer where the channel is ours. Returns the share if it lives now.
pub(super) async fn begin(
    fed: &Federation,
    remote: &RemoteCluster,
    id: &ShareId,
    seq: Seq,
) -> Result<Option<Share>, Undelivered> {
    let Some((share, channel)) = shares::of_sender(&fed.app, id).await? else { return Ok(None) };
    // A Rialto comes by the beginning of a share that lives only if it was put back behind it (E-028): it may not know the
    // channel any more.
    let repeats = share.state == ShareState::Active
        && matches!(remote.profile, PeerProfile::Mattermost11 | PeerProfile::Rialto)
        && !channel.kind.is_direct_or_group();
    if !share.home || (share.state == ShareState::Active && !repeats) {
        return Ok(shares::begun(&fed.app, id, Begun::Active { from: share.from_seq.unwrap_or(seq) }).await?);
    }
    let conversation = channel.kind.is_direct_or_group();
    if conversation && let Some(why) = direct::obstacle(fed, remote, &share, &channel).await? {
        shares::begun(&fed.app, id, Begun::Refused { reason: why.to_owned() }).await?;
        return Ok(None);
    }
    let mut offer = None;
    // A peer that destroys its copy when invited again is asked otherwise what became of a lost answer (ruling 40).
    let once = remote.profile.is_invited_once();
    if once && remote.last_ping_at.is_none() {
        // What it is, and what it was given over an earlier connection, is known after the first ping.
        return Err(Undelivered::new("the peer has not answered yet"));
    }
    let repeated = once && !conversation && share.state == ShareState::Queued;
    if repeated && shares::was_invited_before(&fed.app, &share).await? {
        let reason = "the server there would delete its copy with all messages if it were invited again";
        shares::begun(&fed.app, id, Begun::Refused { reason: reason.to_owned() }).await?;
        return Ok(None);
    }
    let answer = if once && share.state == ShareState::Invited {
        message(fed, &remote.id, topic::SYNC, &compose::empty(fed, channel.id)).await?
    } else {
        let share = match repeats {
            // It lives, and the invitation only brings its mode (ruling 44).
            true => Some(share.clone()),
            false => shares::begun(&fed.app, id, Begun::Inviting { from: seq }).await?,
        };
        let Some(share) = share else { return Ok(None) };
        let invitation = if conversation {
            let Some((invitation, made)) = direct::invitation(fed, remote, &share, &channel).await? else {
                return Ok(None);
            };
            offer = Some(made);
            invitation
        } else {
            let read_only = share.mode == ShareMode::ReadOnly;
            OutboundChannelInvitation::new(&channel, &remote.remote_team_id, read_only)
        };
        // The version of the share, so that its words and the invitation stand in one order there.
        let leaving = Leaving::new(fed, remote, Some(channel.id), in_invitation(&share, &channel, offer.as_ref()));
        let answer = message_at(fed, &remote.id, topic::CHANNEL_INVITE, &invitation, share.update_at).await;
        let (answer, leaving) = leaving.over(answer).await?;
        let state = if answer.ok { LedgerState::Stored } else { LedgerState::Refused };
        leaving.note(state).await?;
        answer
    };
    if repeats {
        if !answer.ok {
            tracing::info!(remote = %remote.id, channel = %channel.id, "a peer refused a mode");
        }
        return Ok(Some(share));
    }
    if answer.ok {
        if answer.rialto.as_ref().is_some_and(|note| note.code == "pending") {
            // An administrator there decides; the share stays invited and is offered again until then (ruling 8.4).
            let cause = "the channel waits for an administrator of the peer";
            return Err(Undelivered { busy: true, surely: true, answered: true, ..Undelivered::new(cause) });
        }
        if let Some(offer) = &offer {
            direct::taken(fed, remote, &channel, offer).await?;
        }
        let from = share.from_seq.filter(|_| conversation).unwrap_or(seq);
        return Ok(shares::begun(&fed.app, id, Begun::Active { from }).await?);
    }
    let reason = answer.rialto.map_or_else(|| answer.err.clone(), |note| in_words(&note.code).to_owned());
    shares::begun(&fed.app, id, Begun::Refused { reason }).await?;
    Ok(None)
}

/// What an invitation says of the channel, and of people where it is a conversation.
fn in_invitation(share: &Share, channel: &Channel, offer: Option<&Offer>) -> Vec<Thing> {
    let mut things =
        vec![Thing::new(LedgerKind::Channel, channel.id, Some(share.creator_id)).named(&channel.display_name)];
    for person in offer.into_iter().flat_map(|offer| &offer.described) {
        things.push(Thing::new(LedgerKind::Profile, person.id, Some(person.id)).named(&person.username));
    }
    things
}

/// A code of ruling 8.4 for people.
fn in_words(code: &str) -> &str {
    match code {
        "not_owner" => "a channel of that id exists there",
        "policy" => "an administrator there does not allow it",
        "quota" => "too many shared channels there",
        "disabled" => "sharing of such channels is off there",
        "no_user" => "somebody who takes part cannot be reached there",
        other => other,
    }
}

/// Tells another Rialto how a share stands here: in which mode, and whether the channel is archived (E-056, E-057).
pub(super) async fn tell(fed: &Federation, remote: &RemoteCluster, id: &ShareId) -> Result<(), Undelivered> {
    let Some(Standing { share, archived, organisations }) = shares::to_tell(&fed.app, id).await? else { return Ok(()) };
    if !remote.has(capability::SHARE) {
        return Ok(());
    }
    let (state, reason) = if archived { (NotedState::Paused, "archived") } else { (NotedState::Active, "") };
    let note = ShareNote {
        channel_id: share.channel_id,
        version: share.update_at.0,
        at: fed.app.clock.now().0,
        state,
        reason: reason.to_owned(),
        read_only: share.mode == ShareMode::ReadOnly,
        channel: None,
        organisations: organisations.into_iter().map(noted).collect(),
    };
    message(fed, &remote.id, topic::RIALTO_SHARE, &note).await.map(|_| ())
}

fn noted(one: shares::Organisation) -> NotedOrganisation {
    NotedOrganisation { name: one.name, mode: one.mode, since: one.since.0 }
}

/// Tells another Rialto that a share has ended; a Mattermost learns it from our refusal (ruling 45).
pub(super) async fn end(fed: &Federation, remote: &RemoteCluster, id: &ShareId) -> Result<(), Undelivered> {
    let Some(share) = shares::ended(&fed.app, id).await? else { return Ok(()) };
    if !remote.has(capability::SHARE) {
        return Ok(());
    }
    let note = ShareNote {
        channel_id: share.channel_id,
        version: share.update_at.0,
        at: fed.app.clock.now().0,
        state: NotedState::Ended,
        reason: share.reason,
        read_only: share.mode == ShareMode::ReadOnly,
        channel: None,
        organisations: Vec::new(),
    };
    message(fed, &remote.id, topic::RIALTO_SHARE, &note).await.map(|_| ())
}
