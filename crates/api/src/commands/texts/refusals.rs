//! Why `/secure-connection` was refused by what is already there, or by the peer (behaviour 2.4).

use rialto_model::{Millis, RemoteId};

use super::{organisation, state};
use crate::commands::candidate::ConnectionState;
use crate::commands::table::{address, code, timestamp};

/// Where the attempt to reach a peer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailedStep {
    /// The name has no address.
    NameResolution,
    /// Nobody answered at the address.
    Connect,
    /// No secure channel came about.
    Tls {
        /// In words, from the TLS library.
        reason: String,
    },
    /// No answer in time.
    Timeout {
        /// How long we waited.
        seconds: u64,
    },
    /// An answer that is not one of ours.
    Status(u16),
    /// It sends us elsewhere; never followed with credentials (E-017).
    Redirect {
        /// Where it leads.
        target: String,
    },
    /// There was an answer, or part of one, of which nothing can be made.
    Exchange {
        /// In words.
        reason: String,
    },
}

/// What a peer says to a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerReason {
    /// It never made this invitation, or removed it.
    Unknown,
    /// Somebody accepted it before.
    AlreadyAccepted,
    /// Too old by its clock.
    Expired,
    /// The feature is off there.
    Disabled,
    /// No common version of the protocol.
    Incompatible {
        /// Understood there, if it said so.
        theirs: Option<String>,
        /// Understood here.
        ours: String,
    },
    /// It is connected with us already.
    AlreadyConnected,
    /// Something else, in its words.
    Other(String),
}

/// Why a connection was not created, accepted or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionRefusal {
    /// The handle belongs to a connection that is not removed (E-002, E-003).
    NameTaken {
        /// Its name.
        name: String,
        /// Its id.
        id: RemoteId,
        /// Where it stands.
        state: ConnectionState,
    },
    /// `SiteURL` is empty, or no http or https address (SC-047).
    NoSiteUrl,
    /// No such team.
    TeamUnknown(String),
    /// The team is archived.
    TeamArchived(String),
    /// None was named and none can be chosen.
    NoTeam,
    /// The limit of pending invitations.
    TooManyPending {
        /// The limit.
        most: usize,
    },
    /// Below `MinInvitationPasswordLength`.
    PasswordTooShort {
        /// The setting, in characters.
        least: usize,
    },
    /// Not base64, or too short to be a code.
    NotACode,
    /// It begins like a code and is too short (E-011).
    Incomplete {
        /// Its length in characters.
        length: usize,
    },
    /// It opened, but what is inside cannot be used.
    Unusable {
        /// In words.
        why: String,
    },
    /// Cannot be decrypted; one message for both reasons, on purpose.
    WrongPasswordOrDamaged,
    /// Made by a program we do not understand.
    UnknownVersion {
        /// The version in the code.
        found: i64,
        /// What we understand.
        understood: Vec<i64>,
    },
    /// Too old (E-008).
    Expired {
        /// Since when, if the code says so.
        at: Option<Millis>,
    },
    /// We made it (E-004).
    OwnInvitation,
    /// Accepted here before (E-005).
    AlreadyAccepted {
        /// Our name of the connection.
        name: String,
        /// Where it stands.
        state: ConnectionState,
    },
    /// There is a live connection to the same server (E-026).
    SamePeer {
        /// Our name of it.
        name: String,
        /// Its id.
        id: RemoteId,
        /// Where it stands.
        state: ConnectionState,
    },
    /// The peer did not answer (E-012).
    Unreachable {
        /// What was tried.
        url: String,
        /// Where it ended.
        step: FailedStep,
    },
    /// The peer's address is not allowed by a setting.
    AddressRefused {
        /// The address in the code.
        url: String,
        /// In words, with the setting that decides it.
        why: String,
    },
    /// The peer cannot exchange its credential for a fresh one (ruling 8).
    LegacyPeer,
    /// The peer has no word for taking another token.
    CannotRotate {
        /// Its label.
        name: String,
    },
    /// Nobody has accepted it, so there is no address.
    NotAccepted,
    /// It was tested a moment ago.
    TooSoon {
        /// When it may be tested again.
        until: Millis,
    },
    /// The peer refused.
    Peer(PeerReason),
    /// Ten wrong passwords in five minutes.
    Throttled {
        /// Until when.
        until: Millis,
    },
    /// It has ended before.
    AlreadyRemoved {
        /// Its display name.
        display_name: String,
        /// When.
        at: Option<Millis>,
        /// Username of who removed it; None if the peer did, or the account is gone.
        by: Option<String>,
        /// Ended by the peer.
        severed: bool,
    },
}

/// The answer to text that is no code at all.
pub(super) fn not_a_code() -> String {
    "This is not an invitation code. Copy the whole block that the other administrator sent you; line breaks and \
     brackets around it do no harm."
        .to_owned()
}

/// The refusal in words.
pub fn connection_refusal(refusal: &ConnectionRefusal) -> String {
    match refusal {
        ConnectionRefusal::NameTaken { name, id, state: now } => format!(
            "The name is taken by the connection {} (`{id}`); {}. Choose another name, or remove that connection first.",
            organisation(name),
            state(*now)
        ),
        ConnectionRefusal::NoSiteUrl => "This server does not know its own address, so no other server could reach it. \
             Set `ServiceSettings.SiteURL` to the full http or https address first."
            .to_owned(),
        ConnectionRefusal::TeamUnknown(given) => format!("There is no team {}.", code(given)),
        ConnectionRefusal::TeamArchived(given) => {
            format!("The team {} is archived and can receive no channels.", code(given))
        }
        ConnectionRefusal::NoTeam => {
            "There is no team in which channels of the other organisation could appear. Name one with `--team`.".to_owned()
        }
        ConnectionRefusal::TooManyPending { most } => format!(
            "There are {most} invitations already that nobody has accepted, which is the limit. Remove old ones with \
             `/secure-connection remove`."
        ),
        ConnectionRefusal::PasswordTooShort { least } => {
            format!("The password is too short; this server asks for at least {least} characters.")
        }
        ConnectionRefusal::NotACode => not_a_code(),
        ConnectionRefusal::Incomplete { length } => format!(
            "The code looks incomplete: {length} characters arrived. Perhaps its last lines were lost on the way; copy \
             the whole block."
        ),
        ConnectionRefusal::Unusable { why } => {
            format!("The code opened, but nothing can be done with it: {}. Ask for a new one.", code(why))
        }
        ConnectionRefusal::WrongPasswordOrDamaged => {
            "The invitation cannot be opened: the password is wrong, or the code was damaged on the way.".to_owned()
        }
        ConnectionRefusal::UnknownVersion { found, understood } => {
            let known: Vec<String> = understood.iter().map(i64::to_string).collect();
            format!(
                "The code has version {found}; this server understands {}. One of the two servers needs an update.",
                super::list(&known, known.len())
            )
        }
        ConnectionRefusal::Expired { at } => match at {
            Some(at) => {
                format!("The invitation expired on {}. Ask the other administrator for a new one.", timestamp(Some(*at)))
            }
            None => "The invitation has expired. Ask the other administrator for a new one.".to_owned(),
        },
        ConnectionRefusal::OwnInvitation => {
            "This is your own invitation. It has to be accepted on the other organisation's server.".to_owned()
        }
        ConnectionRefusal::AlreadyAccepted { name, state: now } => {
            format!("This invitation was already accepted, as {}; {}.", organisation(name), state(*now))
        }
        ConnectionRefusal::SamePeer { name, id, state: now } => format!(
            "There is already a connection to that server: {} (`{id}`); {}. Two servers can have one connection only.",
            organisation(name),
            state(*now)
        ),
        ConnectionRefusal::Unreachable { url, step } => unreachable(url, step),
        ConnectionRefusal::AddressRefused { url, why } => {
            format!("The other server is not called at {}: {}. Nothing was kept here.", address(url), code(why))
        }
        ConnectionRefusal::LegacyPeer => "The other server is too old to replace the credential in the invitation by a \
             secret one, which this server asks for. The setting `ConnectedWorkspacesSettings.LegacyPeers` can allow it."
            .to_owned(),
        ConnectionRefusal::CannotRotate { name } => format!(
            "{} cannot be given another token while it is connected. If its token has leaked, remove the connection and \
             invite it again.",
            organisation(name)
        ),
        ConnectionRefusal::NotAccepted => {
            "Nobody has accepted this connection yet, so there is no address to call.".to_owned()
        }
        ConnectionRefusal::TooSoon { until } => {
            format!("The connection was tested a moment ago. Try again after {}.", timestamp(Some(*until)))
        }
        ConnectionRefusal::Peer(reason) => peer(reason),
        ConnectionRefusal::Throttled { until } => format!(
            "Too many invitations could not be opened within a few minutes. Try again after {}.",
            timestamp(Some(*until))
        ),
        ConnectionRefusal::AlreadyRemoved { display_name, at, by, severed } => {
            let when = at.map_or_else(String::new, |at| format!(" on {}", timestamp(Some(at))));
            let who = match (by, severed) {
                (_, true) => " by the other side".to_owned(),
                (Some(name), false) => format!(" by {}", code(name)),
                (None, false) => String::new(),
            };
            format!("The connection {} was already removed{when}{who}.", organisation(display_name))
        }
    }
}

fn unreachable(url: &str, step: &FailedStep) -> String {
    let what = match step {
        FailedStep::NameResolution => "its name could not be resolved".to_owned(),
        FailedStep::Connect => "no connection to it could be opened".to_owned(),
        FailedStep::Tls { reason } => format!("the TLS handshake failed: {}", code(reason)),
        FailedStep::Timeout { seconds } => format!("there was no answer within {seconds} seconds"),
        FailedStep::Status(status) => format!("it answered with HTTP status {status}"),
        FailedStep::Redirect { target } => format!(
            "it redirects to {}, which is not followed; the site URL set there is perhaps not its final one",
            code(target)
        ),
        FailedStep::Exchange { reason } => code(reason),
    };
    format!(
        "The other server could not be reached at {}: {what}. Nothing was kept here, and the invitation can be used \
         again. Check firewall and reverse proxy on both sides.",
        address(url)
    )
}

fn peer(reason: &PeerReason) -> String {
    let what = match reason {
        PeerReason::Unknown => {
            "it does not know this invitation; perhaps it was removed there, or somebody accepted it before".to_owned()
        }
        PeerReason::AlreadyAccepted => "somebody has accepted this invitation before".to_owned(),
        PeerReason::Expired => "the invitation has expired; ask for a new one".to_owned(),
        PeerReason::Disabled => "connections are switched off there".to_owned(),
        PeerReason::Incompatible { theirs, ours } => {
            let there = theirs.as_ref().map_or_else(|| "another one".to_owned(), |theirs| code(theirs));
            format!("the two servers have no common protocol version: {there} there, {} here", code(ours))
        }
        PeerReason::AlreadyConnected => "it is already connected with this server".to_owned(),
        PeerReason::Other(text) => format!("it says {}", code(text)),
    };
    format!("The other server refused: {what}. Nothing was kept here.")
}
