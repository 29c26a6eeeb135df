//! From a typed line to its answer: which command it is, whether it may be given, what comes of it.

use rialto_app::{Denied, SessionUser, StoreError};
use rialto_federation::Federation;

use super::actions::{Command, Trigger};
use super::invocation::{Invocation, TypedLine, parse};
use super::place::Place;
use super::texts::{self, Service};
use super::{attempts, ordinary, secure_connection, share_channel};

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// For the author alone, Markdown; may be empty where the effect speaks for itself.
    pub text: String,
    /// Where the client goes: a path below the site.
    pub goto: Option<String>,
    /// Its effect is a post that everybody sees.
    pub in_channel: bool,
}

impl Answer {
    /// A text and nothing else.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// Why a line is no command that could be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It does not begin with a slash and a word.
    #[error("not a command")]
    NotACommand,
    /// Nobody has this trigger.
    #[error("unknown command")]
    UnknownTrigger {
        /// In lower case, without slash, at most 64 characters.
        trigger: String,
    },
}

/// Why a command was not carried out. Nothing was changed then.
#[derive(Debug)]
pub(super) enum Refused {
    /// Told to its author.
    Told(String),
    /// A fault of ours: its author gets a number, the log this text.
    Fault(String),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Refused::Fault(error.to_string())
    }
}

impl Refused {
    /// What `command` says to a denial.
    pub(super) fn denied(command: Command, denied: &Denied) -> Self {
        match denied {
            Denied::Forbidden(_) => Refused::Told(texts::permission_denied(command)),
            // Both were looked at before; only a change at the same moment leads here.
            Denied::Absent(_) | Denied::ReadOnlyShare | Denied::Closed(_) | Denied::Paused | Denied::Store(_) => {
                Refused::Fault(denied.to_string())
            }
        }
    }
}

/// Carries out `line`, which `actor` typed at `place`. The line may hold secrets: it is logged nowhere (SC-105).
///
/// # Errors
/// [`CommandError`] if there is no such command; every other refusal is an answer (ruling 67).
pub async fn execute(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    line: &str,
) -> Result<Answer, CommandError> {
    let typed = TypedLine::read(line).ok_or(CommandError::NotACommand)?;
    let (name, outcome) = match Trigger::find(typed.trigger()) {
        Some(trigger) => {
            let answered = own(federation, actor, place, &typed, trigger).await;
            (trigger.word(), answered.map(Answer::text))
        }
        None => {
            let command = ordinary::find(typed.trigger())
                .ok_or_else(|| CommandError::UnknownTrigger { trigger: typed.trigger().chars().take(64).collect() })?;
            (command.trigger, ordinary::run(federation, actor, place, command, typed.arguments()).await)
        }
    };
    Ok(outcome.unwrap_or_else(|refused| match refused {
        Refused::Told(text) => Answer::text(text),
        Refused::Fault(cause) => {
            tracing::error!(request = %place.request, command = name, cause, "a slash command failed");
            Answer::text(texts::internal(&place.request))
        }
    }))
}

/// `/secure-connection` and `/share-channel`. Feature, permission, sub-command, flags, values, state: the first that
/// is wrong answers (behaviour 2.1.5).
async fn own(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    typed: &TypedLine,
    trigger: Trigger,
) -> Result<String, Refused> {
    let command = trigger.command();
    if let Some(service) = switched_off(federation, command) {
        return Err(Refused::Told(texts::disabled(service)));
    }
    let parsed = parse(typed, trigger);
    let action = parsed.as_ref().ok().and_then(|parsed| attempts::action(&parsed.invocation));
    if !place.permissions().allows(command.permission()) {
        attempts::refused(federation, actor, place, action, "permission").await;
        return Err(Refused::Told(texts::permission_denied(command)));
    }
    let parsed = parsed.map_err(|error| Refused::Told(texts::parse::parse_error(&error)))?;
    let answered = match parsed.invocation {
        Invocation::Help { command, action } => Ok(texts::help(command, action)),
        Invocation::SecureConnection(request) => secure_connection::run(federation, actor, place, request).await,
        Invocation::ShareChannel(request) => share_channel::run(federation, actor, place, request).await,
    };
    if let Err(Refused::Told(_)) = &answered {
        attempts::refused(federation, actor, place, action, "state").await;
    }
    let text = answered?;
    Ok(match parsed.note {
        Some(note) => format!("{text}\n\n{}", texts::note(&note)),
        None => text,
    })
}

/// The service `command` needs that is off, if one is (SC-021, ruling 79).
fn switched_off(federation: &Federation, command: Command) -> Option<Service> {
    let settings = federation.app.settings.get();
    match command {
        Command::SecureConnection => (!settings.connections_enabled()).then_some(Service::Connections),
        Command::ShareChannel if settings.sharing_enabled() => None,
        Command::ShareChannel if settings.workspaces.enable_shared_channels => Some(Service::Connections),
        Command::ShareChannel => Some(Service::Sharing),
    }
}
