//! Commands that administer connections and shares and are refused: the audit log has them too (SC-106). Only what was
//! tried and where is noted, never anything of the line, which may hold secrets (SC-105).

use rialto_app::SessionUser;
use rialto_app::audit::{self, About};
use rialto_federation::Federation;

use super::invocation::{Invocation, SecureConnection, ShareChannel};
use super::place::Place;

/// Something a command does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    name: &'static str,
    /// It is done to the channel in which it was typed.
    concerns_channel: bool,
}

/// What a command does, under the name it has in the log when it succeeds; None if it only looks.
pub(super) fn action(invocation: &Invocation) -> Option<Action> {
    let (name, concerns_channel) = match invocation {
        Invocation::ShareChannel(request @ ShareChannel::Decide(_)) => (name_of_share(request)?, false),
        Invocation::ShareChannel(request) => (name_of_share(request)?, true),
        Invocation::SecureConnection(request) => (name_of_connection(request)?, false),
        Invocation::Help { .. } => return None,
    };
    Some(Action { name, concerns_channel })
}

fn name_of_connection(request: &SecureConnection) -> Option<&'static str> {
    match request {
        SecureConnection::Create(_) => Some("create_connection"),
        SecureConnection::Accept { .. } => Some("accept_connection"),
        SecureConnection::Remove { .. } => Some("remove_connection"),
        SecureConnection::Rotate { emergency: false, .. } => Some("rotate_token"),
        SecureConnection::Rotate { emergency: true, .. } => Some("revoke_token"),
        SecureConnection::Resume { .. } => Some("resume_connection"),
        SecureConnection::Recover { discard: false, .. } => Some("recover_messages"),
        SecureConnection::Recover { discard: true, .. } => Some("discard_messages"),
        SecureConnection::Test { .. } | SecureConnection::Status { .. } => None,
    }
}

fn name_of_share(request: &ShareChannel) -> Option<&'static str> {
    match request {
        ShareChannel::Invite { .. } => Some("invite_to_channel"),
        ShareChannel::Uninvite { .. } => Some("uninvite_from_channel"),
        ShareChannel::Unshare => Some("unshare_channel"),
        ShareChannel::Share { .. } => Some("mark_shared"),
        ShareChannel::Decide(decision) if decision.approve => Some("approve_channel"),
        ShareChannel::Decide(_) => Some("refuse_channel"),
        ShareChannel::Status => None,
    }
}

/// Notes a refused command, if it would have done something. `why` is one word.
pub(super) async fn refused(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    action: Option<Action>,
    why: &str,
) {
    let Some(action) = action else { return };
    let channel = action.concerns_channel.then_some(place.channel().id);
    let About { remote, result, .. } = About::default();
    let about = About { action: action.name, remote, channel, result, detail: why };
    if let Err(error) = audit::refused(&federation.app, actor, about).await {
        tracing::warn!(%error, action = action.name, "a refused command could not be noted");
    }
}
