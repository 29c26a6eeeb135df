//! Why a connection was not made, accepted or removed, from the domain's errors to the answers of behaviour 2.4.

use rialto_app::Denied;
use rialto_app::connections as records;
use rialto_federation::connections::{CONFIRM_TIMEOUT, Error};
use rialto_federation::transport::{Step, TransportError};
use rialto_model::RemoteCluster;
use rialto_wire::federation::extension::PROTOCOL;
use rialto_wire::invitation::OpenError;

use super::actions::Command;
use super::error::{Limit, ParseError};
use super::execute::Refused;
use super::flags::Flag;
use super::known::Known;
use super::texts::parse::parse_error;
use super::texts::refusals::{ConnectionRefusal, FailedStep, PeerReason, connection_refusal};

/// No whole code of any known server is shorter, characters; what is cannot have arrived whole.
const SHORTEST_CODE: usize = 200;
/// What is shorter does not even begin to look like a code.
const SHORTEST_ATTEMPT: usize = 20;

/// What of the typed line an answer repeats. Nothing of it is secret.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The team, as typed.
    pub(super) team: Option<String>,
    /// Characters of the code that arrived.
    pub(super) code_length: usize,
}

/// The answer to `error`.
pub(super) fn refusal(error: Error, known: &Known, asked: &Asked) -> Refused {
    let refusal = match error {
        Error::Record(error) => return of_record(error, known, asked),
        Error::NoSiteUrl => ConnectionRefusal::NoSiteUrl,
        Error::PasswordTooShort(least) => ConnectionRefusal::PasswordTooShort { least },
        Error::PasswordTooLong(most) => return too_long(Flag::Password, Limit::Bytes(most)),
        Error::Seal => return Refused::Fault("a code could not be sealed or opened".to_owned()),
        Error::Open(error) => of_code(error, asked.code_length),
        Error::Content(why) => ConnectionRefusal::Unusable { why: why.to_string() },
        Error::Throttled { until } => ConnectionRefusal::Throttled { until },
        Error::Own => ConnectionRefusal::OwnInvitation,
        Error::Legacy => ConnectionRefusal::LegacyPeer,
        Error::Incompatible { theirs: (least, most) } => {
            let theirs = if least == most { most.to_string() } else { format!("{least} to {most}") };
            ConnectionRefusal::Peer(PeerReason::Incompatible { theirs: Some(theirs), ours: PROTOCOL.to_string() })
        }
        Error::Unreachable { url, error } => unreachable(url, error),
        // No command sets an address.
        error @ Error::NotThePeer { .. } => return Refused::Fault(error.to_string()),
        Error::NotAccepted => ConnectionRefusal::NotAccepted,
        Error::TooSoon { until } => ConnectionRefusal::TooSoon { until },
        Error::Expired { at } => ConnectionRefusal::Expired { at },
        Error::Redirected { url, target, .. } => {
            ConnectionRefusal::Unreachable { url, step: FailedStep::Redirect { target } }
        }
        Error::Refused { url, status, id } => of_peer(url, status, &id),
    };
    Refused::Told(connection_refusal(&refusal))
}

fn too_long(flag: Flag, limit: Limit) -> Refused {
    Refused::Told(parse_error(&ParseError::TooLong { flag, limit }))
}

fn of_record(error: records::Error, known: &Known, asked: &Asked) -> Refused {
    let name = |remote: &RemoteCluster| remote.display_name.clone();
    let refusal = match error {
        records::Error::Denied(
            denied @ (Denied::Forbidden(_)
            | Denied::ReadOnlyShare
            | Denied::Closed(_)
            | Denied::Paused
            | Denied::Store(_)),
        ) => {
            return Refused::denied(Command::SecureConnection, &denied);
        }
        records::Error::Denied(denied @ Denied::Absent(_)) => return Refused::Fault(denied.to_string()),
        // No command edits a connection.
        changed @ records::Error::ChangedMeanwhile { .. } => return Refused::Fault(changed.to_string()),
        records::Error::Name(why) => return Refused::Told(parse_error(&ParseError::Name(why))),
        records::Error::NameTaken(remote) => {
            ConnectionRefusal::NameTaken { name: remote.name.clone(), id: remote.id, state: known.state(&remote) }
        }
        records::Error::TooLong { field, max } => {
            let flag = if field == "description" { Flag::Description } else { Flag::DisplayName };
            return too_long(flag, Limit::Characters(max));
        }
        records::Error::Team => match &asked.team {
            Some(given) => ConnectionRefusal::TeamUnknown(given.clone()),
            None => ConnectionRefusal::NoTeam,
        },
        records::Error::TooManyPending(most) => ConnectionRefusal::TooManyPending { most },
        records::Error::Known(remote) => {
            ConnectionRefusal::AlreadyAccepted { name: name(&remote), state: known.state(&remote) }
        }
        records::Error::SameSite(remote) => {
            ConnectionRefusal::SamePeer { name: name(&remote), id: remote.id, state: known.state(&remote) }
        }
        records::Error::Ended(remote) => ConnectionRefusal::AlreadyRemoved {
            display_name: name(&remote),
            at: remote.delete_at,
            by: None,
            severed: remote.severed,
        },
        records::Error::CannotRotate(remote) => ConnectionRefusal::CannotRotate { name: name(&remote) },
        // Only a new code for an old connection meets this, and no command makes one; tokens are what peers bring, and no
        // command sets rules.
        error @ (records::Error::Confirmed | records::Error::Token | records::Error::Policy(_)) => {
            return Refused::Fault(error.to_string());
        }
        records::Error::Store(error) => return error.into(),
    };
    Refused::Told(connection_refusal(&refusal))
}

/// What is wrong with a code, and whether a part of it seems to be missing.
fn of_code(error: OpenError, length: usize) -> ConnectionRefusal {
    match error {
        OpenError::NotBase64 | OpenError::TooLong => ConnectionRefusal::NotACode,
        OpenError::TooShort { .. } if length < SHORTEST_ATTEMPT => ConnectionRefusal::NotACode,
        OpenError::TooShort { .. } => ConnectionRefusal::Incomplete { length },
        OpenError::CannotDecrypt if length < SHORTEST_CODE => ConnectionRefusal::Incomplete { length },
        OpenError::CannotDecrypt => ConnectionRefusal::WrongPasswordOrDamaged,
        OpenError::BadJson => ConnectionRefusal::Unusable { why: OpenError::BadJson.to_string() },
    }
}

fn unreachable(url: String, error: TransportError) -> ConnectionRefusal {
    let TransportError { step, detail } = error;
    let step = match step {
        Step::Address => return ConnectionRefusal::AddressRefused { url, why: detail },
        Step::Resolve => FailedStep::NameResolution,
        Step::Connect => FailedStep::Connect,
        Step::Tls | Step::TlsTime | Step::TlsName => FailedStep::Tls { reason: detail },
        Step::Timeout => FailedStep::Timeout { seconds: CONFIRM_TIMEOUT.as_secs() },
        Step::Exchange => FailedStep::Exchange { reason: detail },
    };
    ConnectionRefusal::Unreachable { url, step }
}

/// What the peer said, in our words. Ids are those Mattermost and Rialto answer with (wire 3.6, rulings 13, 17, 18).
fn of_peer(url: String, status: u16, id: &str) -> ConnectionRefusal {
    let reason = match (status, id) {
        (_, "api.context.invitation_expired.error") => PeerReason::Expired,
        (_, "api.context.invitation_used.error") => PeerReason::AlreadyAccepted,
        (_, "rialto.protocol.error") => PeerReason::Incompatible { theirs: None, ours: PROTOCOL.to_string() },
        (401, _) => PeerReason::Unknown,
        (501, _) => PeerReason::Disabled,
        (_, "") => return ConnectionRefusal::Unreachable { url, step: FailedStep::Status(status) },
        (400 | 403 | 422, id) => PeerReason::Other(id.to_owned()),
        (status, _) => return ConnectionRefusal::Unreachable { url, step: FailedStep::Status(status) },
    };
    ConnectionRefusal::Peer(reason)
}
