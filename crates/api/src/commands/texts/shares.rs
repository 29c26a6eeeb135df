//! Answers of `/share-channel` except `status` (behaviour 2.5).

use rialto_model::{Extent, History, RemoteId, ShareMode, ShareState};

use super::connections::{PeerLearns, learns_sentence};
use super::{list, organisation};
use crate::commands::candidate::ConnectionState;
use crate::commands::invocation::ConnectionRef;
use crate::commands::table::{address, code, escape};

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invitation {
    /// On its way.
    Sent,
    /// Kept until the peer can be reached; why.
    Queued(ConnectionState),
    /// None: it takes part already, and only earlier messages were asked for.
    Standing,
}

/// A share that was made.
#[derive(Debug)]
pub struct Invited<'a> {
    /// The channel was shared with nobody before.
    pub newly_shared: bool,
    /// The other organisation.
    pub display_name: &'a str,
    /// Its address; None while pending.
    pub site_url: Option<&'a str>,
    /// Sent or queued.
    pub invitation: Invitation,
    /// What the other side may do.
    pub mode: ShareMode,
    /// The share was in the other mode before.
    pub converted: bool,
    /// The copy there may keep rules of its own until an administrator lifts them (ruling 41).
    pub moderation_stays: bool,
    /// What is sent of the past.
    pub history: Option<Extent>,
}

/// The answer to `invite`.
pub fn invited(invited: &Invited<'_>) -> String {
    let name = organisation(invited.display_name);
    let whom = invited.site_url.map_or_else(|| name.clone(), |url| format!("{name} ({})", address(url)));
    let mut lines = Vec::new();
    if invited.newly_shared {
        lines.push("#### This channel is now shared".to_owned());
    }
    if invited.converted {
        lines.push("The mode of the share was changed; what waits for them is not lost.".to_owned());
    }
    lines.push(match invited.invitation {
        Invitation::Sent => format!("An invitation was sent to {whom}."),
        Invitation::Standing => format!("{whom} is invited to this channel already."),
        Invitation::Queued(ConnectionState::Pending) => {
            format!("An invitation for {whom} is queued: it is sent once they have accepted the connection.")
        }
        Invitation::Queued(_) => {
            format!("An invitation for {whom} is queued: their server is offline, it is sent as soon as it is back.")
        }
    });
    lines.push(
        match invited.mode {
            ShareMode::ReadOnly => "Mode: read-only. Their members can read along but not contribute.",
            ShareMode::Participation => {
                "Mode: participation. Their members can contribute as far as their own server allows it."
            }
        }
        .to_owned(),
    );
    if invited.moderation_stays {
        lines.push(
            "Their server may have set moderation rules on its copy; an administrator there has to lift them by hand."
                .to_owned(),
        );
    }
    lines.extend(invited.history.map(history));
    lines.join("\n")
}

/// What is sent of the past, in words (behaviour 8.1).
fn history(extent: Extent) -> String {
    let what = match (extent.messages, extent.days) {
        (None, None) => "All earlier messages are".to_owned(),
        (Some(count), None) => format!("The newest {count} earlier messages, the last thread whole, are"),
        (None, Some(days)) => format!("The earlier messages of the last {days} days are"),
        (Some(count), Some(days)) => {
            format!("The newest {count} earlier messages of the last {days} days, the last thread whole, are")
        }
    };
    format!(
        "{what} sent along afterwards, newest threads first; what was sent already is not sent again. The channel's \
         info shows how far that is."
    )
}

/// A share that was ended.
#[derive(Debug)]
pub struct Uninvited<'a> {
    /// The other organisation.
    pub display_name: &'a str,
    /// Display names of those with whom the channel is still shared.
    pub remaining: &'a [String],
    /// Whether the peer knows.
    pub learns: PeerLearns,
}

/// The answer to `uninvite`.
pub fn uninvited(uninvited: &Uninvited<'_>) -> String {
    let names: Vec<String> = uninvited.remaining.iter().map(|name| organisation(name)).collect();
    let rest = if names.is_empty() {
        "The channel is no longer shared.".to_owned()
    } else {
        format!("The channel is still shared with {}.", list(&names, 5))
    };
    format!(
        "This channel is no longer shared with {}. {rest} What was written stays.{}",
        organisation(uninvited.display_name),
        learns_sentence(uninvited.learns)
    )
}

/// All shares of a channel that were ended, or our part in one that others share with us.
#[derive(Debug)]
pub struct Unshared<'a> {
    /// Display names of the organisations; of the home alone, in a copy.
    pub with: &'a [(String, PeerLearns)],
    /// We were a guest.
    pub copy: bool,
}

/// The answer to `unshare`.
pub fn unshared(unshared: &Unshared<'_>) -> String {
    let names: Vec<String> = unshared.with.iter().map(|(name, _)| organisation(name)).collect();
    let mut out = match (names.is_empty(), unshared.copy) {
        (true, _) => "#### This channel is no longer shared\nIt was shared with nobody.".to_owned(),
        (false, true) => format!(
            "#### This channel is no longer shared\nThis server has left the share of {}. What was written stays here \
             and there.",
            list(&names, names.len())
        ),
        (false, false) => format!(
            "#### This channel is no longer shared\nIt was shared with {}. What was written stays, here and there.",
            list(&names, names.len())
        ),
    };
    let learns = |kind: PeerLearns| {
        let names: Vec<String> =
            unshared.with.iter().filter(|(_, learns)| *learns == kind).map(|(name, _)| organisation(name)).collect();
        (!names.is_empty()).then(|| list(&names, names.len()))
    };
    if let Some(names) = learns(PeerLearns::WhenBack) {
        out.push_str(&format!(" Offline: {names}; they are told when they are back."));
    }
    if let Some(names) = learns(PeerLearns::NotReached) {
        out.push_str(&format!(" Not reached: {names}; they are refused when they come back."));
    }
    if let Some(names) = learns(PeerLearns::AtNextAttempt) {
        out.push_str(&format!(" {names} cannot be told and will notice at their next attempt to send."));
    }
    if let Some(names) = learns(PeerLearns::Never) {
        out.push_str(&format!(" {names} cannot be told and will not notice by themselves."));
    }
    out
}

/// The answer to the historical `share`, which invites nobody (behaviour 2.8). `named`: texts were given for the share,
/// which early servers kept apart from those of the channel.
pub fn shared(named: bool) -> String {
    let unused = if named {
        " Name, display name, purpose and header are those of the channel; other ones were not used."
    } else {
        ""
    };
    format!(
        "#### This channel is now shared\nNobody is invited yet; `/share-channel invite --connectionID <id>` does that. \
         Invited organisations can take part unless their invitation says otherwise.{unused}"
    )
}

/// Why a share was not made or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareRefusal {
    /// Direct and group messages need no invitation (SC-061).
    DirectChannel,
    /// No new shares of archived channels.
    Archived,
    /// A copy cannot be passed on (SC-037).
    ForeignOrigin {
        /// The home.
        organisation: String,
    },
    /// With the mode asked for.
    AlreadyInvited {
        /// The other organisation.
        display_name: String,
        /// Where the share stands.
        state: ShareState,
    },
    /// With the other mode (SC-069).
    OtherMode {
        /// The other organisation.
        display_name: String,
        /// The connection.
        id: RemoteId,
        /// The mode it has.
        now: ShareMode,
    },
    /// The peer would delete its copy if it were invited again (ruling 40).
    CopyWouldBeDeleted {
        /// The other organisation.
        display_name: String,
    },
    /// The peer is of a kind that needs a team named for the copy, and named none.
    NoTeamThere {
        /// The other organisation.
        display_name: String,
    },
    /// Membership is managed by groups or by attributes.
    ManagedMembership,
    /// A rule of the connection forbids it (behaviour 8.6).
    Policy {
        /// Its name.
        rule: String,
    },
    /// The connection has ended.
    ConnectionEnded {
        /// Its label.
        display_name: String,
        /// Removed by us, or severed by the peer.
        state: ConnectionState,
    },
    /// No share of this channel with that connection.
    NotInvited {
        /// What was given.
        given: ConnectionRef,
        /// Display name and id of those that are.
        invited: Vec<(String, RemoteId)>,
    },
    /// The channel is shared with nobody.
    NotShared,
    /// The historical `share`, twice.
    AlreadyShared,
    /// The historical `share` with a mode for later invitations.
    NoDefaultMode,
    /// `HistoryBackfillMax` is 0.
    HistoryOff,
    /// More history than `HistoryBackfillMax` allows.
    HistoryLimit {
        /// The setting.
        most: History,
    },
    /// The other server cannot tell history from news.
    HistoryNotThere {
        /// The other organisation.
        display_name: String,
    },
}

/// The refusal in words.
pub fn share_refusal(refusal: &ShareRefusal) -> String {
    match refusal {
        ShareRefusal::DirectChannel => "Direct and group messages reach people of connected organisations by \
             themselves; there is nothing to share or unshare here."
            .to_owned(),
        ShareRefusal::Archived => "This channel is archived. Unarchive it first.".to_owned(),
        ShareRefusal::ForeignOrigin { organisation: home } => format!(
            "This channel originates from {}, and only they can share it. That is not possible from here.",
            organisation(home)
        ),
        ShareRefusal::AlreadyInvited { display_name, state } => format!(
            "{} is already invited to this channel; the share is {}. Nothing was changed.",
            organisation(display_name),
            state.as_str()
        ),
        ShareRefusal::OtherMode { display_name, id, now } => {
            let (now, flag) = match now {
                ShareMode::ReadOnly => ("read-only", "--readonly N"),
                ShareMode::Participation => ("with participation", "--readonly Y"),
            };
            format!(
                "{} is already invited to this channel, {now}. Nothing was changed. To change the mode, type\n\
                 ```\n/share-channel uninvite --connectionID {id}\n/share-channel invite --connectionID {id} {flag}\n```\n\
                 or do both at once with `--convert`.",
                organisation(display_name)
            )
        }
        ShareRefusal::CopyWouldBeDeleted { display_name } => format!(
            "This channel was shared with {} before, and a server of that kind would delete its copy if it were \
             invited again. Duplicate the channel and share the duplicate instead.",
            organisation(display_name)
        ),
        ShareRefusal::NoTeamThere { display_name } => format!(
            "The server of {} has named no team in which its copy of the channel could appear. Their administrator has \
             to accept the connection from within a team.",
            organisation(display_name)
        ),
        ShareRefusal::ManagedMembership => "The members of this channel are determined by groups or attributes. Such \
             rules and sharing exclude each other."
            .to_owned(),
        ShareRefusal::Policy { rule } => format!("A rule of this connection forbids it: {}.", code(rule)),
        ShareRefusal::ConnectionEnded { display_name, state } => {
            let how = match state {
                ConnectionState::Severed => "was ended by the other side",
                ConnectionState::Removed
                | ConnectionState::Connected
                | ConnectionState::Offline
                | ConnectionState::Pending => "was removed",
            };
            format!(
                "The connection {} {how}. `/secure-connection status` lists those that can be used.",
                organisation(display_name)
            )
        }
        ShareRefusal::NotInvited { given, invited } => not_invited(given, invited),
        ShareRefusal::NotShared => "This channel is not shared.".to_owned(),
        ShareRefusal::AlreadyShared => "This channel is shared already. Nothing was changed.".to_owned(),
        ShareRefusal::NoDefaultMode => {
            "A channel keeps no mode for later invitations. Leave `--readonly` out here and \
             give it with each `/share-channel invite`. Nothing was changed."
                .to_owned()
        }
        ShareRefusal::HistoryOff => {
            "This server sends no earlier messages. The setting `ConnectedWorkspacesSettings.HistoryBackfillMax` \
             decides that. Nothing was shared."
                .to_owned()
        }
        ShareRefusal::HistoryLimit { most } => format!(
            "This server sends {} at most, as the setting `ConnectedWorkspacesSettings.HistoryBackfillMax` says. Nothing \
             was shared.",
            match most {
                History::All => "all earlier messages".to_owned(),
                History::Messages(count) => format!("{count} earlier messages"),
                History::Days(days) => format!("the earlier messages of {days} days"),
            }
        ),
        ShareRefusal::HistoryNotThere { display_name } => format!(
            "The server of {} takes no earlier messages: it would notify its people of every one of them. Nothing was \
             shared; leave `--history` out.",
            organisation(display_name)
        ),
    }
}

fn not_invited(given: &ConnectionRef, invited: &[(String, RemoteId)]) -> String {
    if invited.is_empty() {
        return format!("{} is not invited to this channel; nobody is.", code(&given.0));
    }
    let mut out = format!("{} is not invited to this channel. These are:", code(&given.0));
    for (name, id) in invited.iter().take(20) {
        out.push_str(&format!("\n* `{id}` – {}", escape(name)));
    }
    out
}
