//! Answers of `/secure-connection create`, `accept` and `remove` when they succeed (behaviour 2.4).

use rialto_model::{Millis, RemoteId};

use super::{list, organisation};
use crate::commands::grammar::Secret;
use crate::commands::table::{address, code, code_block, escape, timestamp};
use crate::commands::warnings::{AddressDoubt, Weakness};

/// An invitation that was made.
#[derive(Debug)]
pub struct Created<'a> {
    /// Who it is for.
    pub display_name: &'a str,
    /// The new connection.
    pub id: RemoteId,
    /// The code. This is the one answer that shows it.
    pub code: &'a Secret,
    /// When it can no longer be accepted.
    pub expires_at: Millis,
    /// Our address.
    pub site_url: &'a str,
    /// Display name of the destination team.
    pub team: Option<&'a str>,
    /// What is wrong with the password.
    pub weakness: Option<Weakness>,
    /// What is doubtful about our address.
    pub doubts: &'a [AddressDoubt],
    /// Another connection has the same display name.
    pub namesake: bool,
}

/// The answer with the code, alone on its line (SC-044 to SC-047, ruling 68). Neither the password nor the typed line
/// is repeated.
pub fn created(created: &Created<'_>) -> String {
    let Created { display_name, id, expires_at, site_url, weakness, doubts, namesake, .. } = created;
    let mut out = format!(
        "#### Invitation created\n\
         It is for {}, connection ID `{id}`.{}\n\n\
         Send this code to their system administrator. It is encrypted with AES-256 and is accepted there with \
         `/secure-connection accept`.\n\n{}\n\n\
         It can be accepted once, until {}.\n\n\
         **Their server must be able to reach this one at** {}\n\n\
         Send the password by another way than the code, so that nobody who sees one of them has both.",
        organisation(display_name),
        team_sentence(created.team),
        code_block(created.code.expose()),
        timestamp(Some(*expires_at)),
        address(site_url),
    );
    push_warnings(&mut out, *weakness, doubts, *namesake);
    out
}

/// An invitation that was accepted and confirmed by the inviter.
#[derive(Debug)]
pub struct Accepted<'a> {
    /// Our label of the peer.
    pub display_name: &'a str,
    /// The peer's address.
    pub site_url: &'a str,
    /// The connection, same as there.
    pub id: RemoteId,
    /// Display name of the destination team.
    pub team: Option<&'a str>,
    /// Why the peer does not reach us, if it does not (E-014).
    pub not_reached: Option<&'a str>,
    /// What is doubtful about our address.
    pub doubts: &'a [AddressDoubt],
    /// Another connection has the same display name.
    pub namesake: bool,
    /// The peer could not rotate its credential and was allowed all the same (ruling 8).
    pub unrotated: bool,
}

/// The answer to the acceptor.
pub fn accepted(accepted: &Accepted<'_>) -> String {
    let Accepted { display_name, site_url, id, team, .. } = accepted;
    let place = team.map_or_else(|| "in your team".to_owned(), |team| format!("in the team **{}**", escape(team)));
    let mut out = format!(
        "#### Invitation accepted\n\
         This server and {} ({}) are connected; both sides have confirmed it. Connection ID `{id}`.\n\n\
         Channels they share will appear {place}. You become a member and channel admin of each of them.",
        organisation(display_name),
        address(site_url),
    );
    if let Some(reason) = accepted.not_reached {
        out.push_str(&format!(
            "\n\n:warning: Their server does not reach this one yet ({}). Nothing from there will arrive until the \
             address of this server is reachable for them.",
            escape(reason)
        ));
    }
    if accepted.unrotated {
        out.push_str(
            "\n\n:warning: The other server is old and goes on using the credential from the invitation. Keep the \
             code secret for as long as the connection lasts.",
        );
    }
    push_warnings(&mut out, None, accepted.doubts, accepted.namesake);
    out
}

/// How the other side learns of an end (ruling 45).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerLearns {
    /// It was told.
    Told,
    /// It is online, and is told in the order of everything else that goes to it.
    Soon,
    /// It is offline; it is told as soon as it is back.
    WhenBack,
    /// It is refused at its next attempt and sees it then.
    AtNextAttempt,
    /// It cannot be told and goes on showing the old state.
    Never,
    /// It did not answer.
    NotReached,
    /// There was nobody to tell.
    Nobody,
}

/// One sentence on it, with a space before, or nothing.
pub(super) fn learns_sentence(learns: PeerLearns) -> &'static str {
    match learns {
        PeerLearns::Told => " The other side was told.",
        PeerLearns::Soon => " The other side is being told.",
        PeerLearns::WhenBack => " The other side is offline; it is told when it is back.",
        PeerLearns::AtNextAttempt => {
            " The other side cannot be told by its kind of server; it notices at its next attempt to send."
        }
        PeerLearns::Never => " The other side cannot be told by its kind of server and will not notice by itself.",
        PeerLearns::NotReached => " The other side could not be reached; it is refused when it comes back.",
        PeerLearns::Nobody => "",
    }
}

/// A connection that was removed.
#[derive(Debug)]
pub struct Removed<'a> {
    /// Its label.
    pub display_name: &'a str,
    /// Its id.
    pub id: RemoteId,
    /// Display names of the channels that were shared over it, all of them.
    pub channels: &'a [String],
    /// Whether the peer knows.
    pub learns: PeerLearns,
}

/// The answer to `remove`.
pub fn removed(removed: &Removed<'_>) -> String {
    let names: Vec<String> = removed.channels.iter().map(|name| format!("**{}**", escape(name))).collect();
    let channels = match names.len() {
        0 => "No channel was shared over it.".to_owned(),
        1 => format!("One channel is no longer shared over it: {}.", list(&names, 5)),
        count => format!("{count} channels are no longer shared over it: {}.", list(&names, 5)),
    };
    format!(
        "The connection {} (`{}`) was removed. {channels} Channels, messages and files stay.{}",
        organisation(removed.display_name),
        removed.id,
        learns_sentence(removed.learns)
    )
}

fn team_sentence(team: Option<&str>) -> String {
    team.map_or_else(String::new, |team| format!(" Channels they share will appear in the team **{}**.", escape(team)))
}

fn push_warnings(out: &mut String, weakness: Option<Weakness>, doubts: &[AddressDoubt], namesake: bool) {
    let weak = weakness.map(|weakness| match weakness {
        Weakness::Short => {
            "The password is weak: it has fewer than 14 characters. Whoever finds the code can try many."
        }
        Weakness::Common => {
            "The password is weak: it consists of common words or repetitions. Whoever finds the code can guess it."
        }
    });
    let doubtful = doubts.iter().map(|doubt| match doubt {
        AddressDoubt::PlainHttp => {
            "The address of this server is plain http: everything between the two servers can be read and changed on \
             its way."
        }
        AddressDoubt::Loopback => {
            "The address of this server is that of the machine itself; servers on other machines cannot reach it."
        }
        AddressDoubt::Private => {
            "The address of this server belongs to a private network; servers outside of it cannot reach it."
        }
    });
    let alike = namesake.then_some("Another connection has the same display name; the two will look alike.");
    for warning in weak.into_iter().chain(doubtful).chain(alike) {
        out.push_str("\n\n:warning: ");
        out.push_str(warning);
    }
}

/// A held connection goes on; `cause` says why the peer could not be called yet.
pub fn resumed(display_name: &str, was_held: bool, cause: Option<&str>) -> String {
    let name = organisation(display_name);
    match (was_held, cause) {
        (false, _) => format!("The connection to {name} is not held; nothing was changed."),
        (true, None) => format!(
            "The connection to {name} goes on with the server that answers at its address. What it has lost is sent again, and \
             it is given another token."
        ),
        (true, Some(cause)) => format!(
            "The connection to {name} goes on as soon as the server at its address answers; the first attempt failed: {}.",
            code(cause)
        ),
    }
}

/// What becomes of the messages a restore has lost.
pub fn recovering(display_name: &str, discard: bool, channels: usize) -> String {
    let name = organisation(display_name);
    match (channels, discard) {
        (0, _) => format!("No channel shared with {name} waits for such a decision."),
        (n, false) => format!(
            "The lost messages of {n} channels are fetched back from {name}. You will be told when they are here."
        ),
        (n, true) => format!(
            "The lost messages of {n} channels are not fetched back from {name}, whose copies stay as they are."
        ),
    }
}

/// The peer is given another token; `cause` says why it has not taken it yet.
pub fn rotated(display_name: &str, emergency: bool, cause: Option<&str>) -> String {
    let name = organisation(display_name);
    let old = if emergency {
        "The old one opens nothing any more."
    } else {
        "The old one is valid until the new one is used for the first time."
    };
    match cause {
        None => format!("{name} has taken a new token and uses it from now on. {old}"),
        Some(cause) => format!(
            "A new token is offered to {name} until it is taken; the first attempt failed: {}. {old}",
            code(cause)
        ),
    }
}
