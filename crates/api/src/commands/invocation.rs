//! From a typed line to what it asks for: [`TypedLine::read`] finds the command, [`parse`] the rest. Nothing is looked
//! up here, so both may run before any permission is known; whoever answers reports a [`ParseError`] only after the
//! feature and the permission were checked (behaviour 2.1.5).

use rialto_model::History;
use rialto_model::names::connection_handle;

use super::actions::{Action, Command, Trigger};
use super::error::ParseError;
use super::flags::{self, Flag, Given};
use super::grammar::{self, Place, Scanner, Secret, Token};
use super::spelling;

/// The longest line, in bytes (rule 17).
const LONGEST_LINE: usize = 16 * 1024;

/// A line that begins with a slash and a word. It may hold a password, so `Debug` shows the word only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedLine {
    line: Secret,
    trigger: String,
    arguments_at: usize,
}

impl TypedLine {
    /// Reads the trigger of `line`. None if it is an ordinary message (E-169).
    pub fn read(line: &str) -> Option<TypedLine> {
        let (trigger, arguments_at) = grammar::split_trigger(line)?;
        Some(TypedLine { line: Secret::new(line), trigger, arguments_at })
    }

    /// The word behind the slash, in lower case.
    pub fn trigger(&self) -> &str {
        &self.trigger
    }

    /// What follows the trigger, for commands with a grammar of their own.
    pub fn arguments(&self) -> &str {
        self.line.expose().get(self.arguments_at..).unwrap_or_default().trim()
    }
}

/// A connection as somebody names it: id, handle, name or display name (rule 16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRef(pub String);

/// What `create` and `accept` have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConnection {
    /// As typed; its handle is a valid one.
    pub name: String,
    /// Lower-case form of the name.
    pub handle: String,
    /// Encrypts, or opens, the invitation.
    pub password: Secret,
    /// Label; None falls back to the name (SC-092).
    pub display_name: Option<String>,
    /// Free text for the status table.
    pub description: Option<String>,
    /// Destination team by name or id; None leaves the choice to us.
    pub team: Option<String>,
}

/// A `/secure-connection` that can be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecureConnection {
    /// Make an invitation.
    Create(NewConnection),
    /// Accept one.
    Accept {
        /// Our record of the connection.
        connection: NewConnection,
        /// The code: base64 in the alphabet for addresses, without padding.
        invite: Secret,
    },
    /// End a connection.
    Remove {
        /// Which one.
        connection: ConnectionRef,
    },
    /// Have the peer present another token.
    Rotate {
        /// Which one.
        connection: ConnectionRef,
        /// The old one ends at once.
        emergency: bool,
    },
    /// Take the way there and back step by step.
    Test {
        /// Which one.
        connection: ConnectionRef,
    },
    /// Go on with a held connection.
    Resume {
        /// Which one.
        connection: ConnectionRef,
    },
    /// Decide about messages a restore has lost.
    Recover {
        /// Whose peer has them.
        connection: ConnectionRef,
        /// Do without them.
        discard: bool,
    },
    /// List connections.
    Status {
        /// Show only this one, in detail.
        connection: Option<ConnectionRef>,
    },
}

/// What is to become of a channel that another organisation offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Let it in, or turn it down.
    pub approve: bool,
    /// Who offers it.
    pub connection: ConnectionRef,
    /// Its id, as typed.
    pub channel: String,
    /// Where to put the copy, by name or id; None: the connection's destination team.
    pub team: Option<String>,
}

/// A `/share-channel` that can be carried out, in the channel where it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareChannel {
    /// Share with a connection.
    Invite {
        /// Which one.
        connection: ConnectionRef,
        /// None if nothing was said, which means participation unless the channel has another default.
        readonly: Option<bool>,
        /// Free text for the status table.
        description: Option<String>,
        /// End a share in the other mode first.
        convert: bool,
        /// What to send of the past; None is nothing.
        history: Option<History>,
    },
    /// End one share.
    Uninvite {
        /// None is allowed in a copy only, where there is but the home organisation.
        connection: Option<ConnectionRef>,
    },
    /// End all shares.
    Unshare,
    /// List the shares.
    Status,
    /// Decide about a channel that is offered; the current one has no part in it.
    Decide(Decision),
    /// Historical: mark the channel as shared, homed here, without inviting anybody.
    Share {
        /// Default mode of later invitations.
        readonly: Option<bool>,
        /// Accepted for old scripts: name of the shared channel.
        name: Option<String>,
        /// Accepted for old scripts.
        display_name: Option<String>,
        /// Accepted for old scripts.
        purpose: Option<String>,
        /// Accepted for old scripts.
        header: Option<String>,
    },
}

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// About connections.
    SecureConnection(SecureConnection),
    /// About the current channel.
    ShareChannel(ShareChannel),
    /// How to use the command, or one of its sub-commands.
    Help {
        /// The command.
        command: Command,
        /// The sub-command, if one was named.
        action: Option<Action>,
    },
}

/// A historical spelling that was used, for the note that goes with the answer (behaviour 2.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What was typed: trigger and sub-command.
    pub then: String,
    /// What is typed today.
    pub now: String,
}

/// An invocation and what to say about its spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What is asked for.
    pub invocation: Invocation,
    /// Set for `/remote` and `/share`.
    pub note: Option<Note>,
}

/// Reads the sub-command and the flags of `typed`, whose trigger was found to be `trigger`.
///
/// # Errors
/// The first rule of behaviour 2.2 that is broken, in the order sub-command, flags, values; missing flags are named
/// together.
pub fn parse(typed: &TypedLine, trigger: Trigger) -> Result<Parsed, ParseError> {
    let line = typed.line.expose();
    if line.len() > LONGEST_LINE {
        return Err(ParseError::LineTooLong { bytes: line.len(), most: LONGEST_LINE });
    }
    let is_flag = |name: &str| Flag::find(name).is_some();
    let mut scanner = Scanner::new(line, typed.arguments_at, &is_flag);
    let word = match scanner.next(Place::Flag) {
        None => return Ok(help(trigger, None)),
        Some(Token::Flag { name, .. }) if name.eq_ignore_ascii_case("help") => return Ok(help(trigger, None)),
        Some(Token::Flag { .. }) => return Err(ParseError::MissingSubCommand { trigger }),
        Some(Token::Word(word)) => word.text.expose().to_lowercase(),
    };
    if word == "help" || word == "-h" {
        return Ok(help(trigger, None));
    }
    let actions = trigger.actions();
    let Some((spelling, action)) = actions.iter().copied().find(|(spelling, _)| *spelling == word) else {
        let listed =
            actions.iter().filter(|(_, action)| !action.spec().hidden).map(|(spelling, _)| (*spelling, *spelling));
        let closest = spelling::nearest(&word, listed);
        let given = Secret::new(word.chars().take(64).collect::<String>());
        return Err(ParseError::UnknownSubCommand { trigger, given, closest });
    };
    let spelled = format!("/{} {spelling}", trigger.word());
    let note = match trigger {
        Trigger::Current(_) => None,
        Trigger::Historical(_) => Some(Note { then: spelled.clone(), now: action.spelled() }),
    };
    match flags::read(line, scanner, &spelled, action.spec())? {
        None => Ok(Parsed { note, ..help(trigger, Some(action)) }),
        Some(given) => Ok(Parsed { invocation: invocation(action, given)?, note }),
    }
}

fn help(trigger: Trigger, action: Option<Action>) -> Parsed {
    let command = trigger.command();
    let note = match trigger {
        Trigger::Current(_) => None,
        Trigger::Historical(_) => {
            Some(Note { then: format!("/{}", trigger.word()), now: format!("/{}", command.word()) })
        }
    };
    Parsed { invocation: Invocation::Help { command, action }, note }
}

fn invocation(action: Action, mut given: Given) -> Result<Invocation, ParseError> {
    let missing = |flag| ParseError::Missing { action, flags: vec![flag] };
    let mut connection = given.take(Flag::ConnectionId).map(ConnectionRef);
    Ok(match action {
        Action::Create => Invocation::SecureConnection(SecureConnection::Create(new_connection(action, given)?)),
        Action::Accept => {
            let invite = given.take_secret(Flag::Invite).ok_or(missing(Flag::Invite))?;
            let connection = new_connection(action, given)?;
            if !invite.expose().chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
                return Err(ParseError::NotACode);
            }
            Invocation::SecureConnection(SecureConnection::Accept { connection, invite })
        }
        Action::Remove => {
            let connection = connection.take().ok_or(missing(Flag::ConnectionId))?;
            Invocation::SecureConnection(SecureConnection::Remove { connection })
        }
        Action::Rotate => {
            let connection = connection.take().ok_or(missing(Flag::ConnectionId))?;
            let emergency = given.take_boolean(Flag::Emergency)?.unwrap_or(false);
            Invocation::SecureConnection(SecureConnection::Rotate { connection, emergency })
        }
        Action::Test => {
            let connection = connection.take().ok_or(missing(Flag::ConnectionId))?;
            Invocation::SecureConnection(SecureConnection::Test { connection })
        }
        Action::Resume => {
            let connection = connection.take().ok_or(missing(Flag::ConnectionId))?;
            Invocation::SecureConnection(SecureConnection::Resume { connection })
        }
        Action::Recover => {
            let connection = connection.take().ok_or(missing(Flag::ConnectionId))?;
            let discard = given.take_boolean(Flag::Discard)?.unwrap_or(false);
            Invocation::SecureConnection(SecureConnection::Recover { connection, discard })
        }
        Action::ConnectionStatus => Invocation::SecureConnection(SecureConnection::Status { connection }),
        Action::Invite => Invocation::ShareChannel(ShareChannel::Invite {
            connection: connection.take().ok_or(missing(Flag::ConnectionId))?,
            readonly: given.take_boolean(Flag::ReadOnly)?,
            description: given.take(Flag::Description),
            convert: given.take_boolean(Flag::Convert)?.unwrap_or(false),
            history: given.take(Flag::History).map(history).transpose()?,
        }),
        Action::Uninvite => Invocation::ShareChannel(ShareChannel::Uninvite { connection }),
        Action::Unshare => match given.take_boolean(Flag::AreYouSure)? {
            Some(false) => return Err(ParseError::NotSure),
            Some(true) | None => Invocation::ShareChannel(ShareChannel::Unshare),
        },
        Action::ShareStatus => Invocation::ShareChannel(ShareChannel::Status),
        Action::Approve | Action::Refuse => Invocation::ShareChannel(ShareChannel::Decide(Decision {
            approve: action == Action::Approve,
            connection: connection.take().ok_or(missing(Flag::ConnectionId))?,
            channel: given.take(Flag::Channel).ok_or(missing(Flag::Channel))?,
            team: given.take(Flag::Team),
        })),
        Action::Share => Invocation::ShareChannel(ShareChannel::Share {
            readonly: given.take_boolean(Flag::ReadOnly)?,
            name: given.take(Flag::Name),
            display_name: given.take(Flag::DisplayName),
            purpose: given.take(Flag::Purpose),
            header: given.take(Flag::Header),
        }),
    })
}

fn new_connection(action: Action, mut given: Given) -> Result<NewConnection, ParseError> {
    let missing = |flag| ParseError::Missing { action, flags: vec![flag] };
    let name = given.take(Flag::Name).ok_or(missing(Flag::Name))?;
    Ok(NewConnection {
        handle: connection_handle(&name).map_err(ParseError::Name)?,
        name,
        password: given.take_secret(Flag::Password).ok_or(missing(Flag::Password))?,
        display_name: given.take(Flag::DisplayName),
        description: given.take(Flag::Description),
        team: given.take(Flag::Team),
    })
}

fn history(given: String) -> Result<History, ParseError> {
    given.parse().map_err(|_| ParseError::NotHistory { given: Secret::new(given) })
}
