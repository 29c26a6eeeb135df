//! The answers, in our words. Every value from outside goes through [`table`](super::table) first, so it can inject
//! nothing (behaviour 2.1.8). Flags, ids and table values are the same in every language.

pub mod connection_status;
pub mod connection_test;
pub mod connections;
pub mod parse;
pub mod refusals;
pub mod share_status;
pub mod shares;

#[cfg(test)]
mod tests;

use rialto_model::RequestId;

use super::actions::{Action, Command};
use super::candidate::{ConnectionState, Unresolved};
use super::invocation::{ConnectionRef, Note};
use super::table::{code, escape};

/// Where an administrator switches the feature on (behaviour 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Connections with other servers.
    Connections,
    /// Sharing of channels over them.
    Sharing,
}

/// The feature is switched off (SC-021).
pub fn disabled(service: Service) -> String {
    match service {
        Service::Connections => {
            "Secure connections are switched off on this server. A system administrator can enable them with the \
             setting `ConnectedWorkspacesSettings.EnableRemoteClusterService`, or together with shared channels with \
             `ConnectedWorkspacesSettings.EnableSharedChannels`."
        }
        Service::Sharing => {
            "Shared channels are switched off on this server. A system administrator can enable them with the setting \
             `ConnectedWorkspacesSettings.EnableSharedChannels`."
        }
    }
    .to_owned()
}

/// The feature is on, but not at work on the node that answered.
pub fn not_running(service: Service) -> String {
    let name = match service {
        Service::Connections => "secure connection",
        Service::Sharing => "shared channel",
    };
    format!("The {name} service is enabled but not running on this node. Try again in a moment, or look at its log.")
}

/// The permission is lacking; named, as ruling 67 wants it.
pub fn permission_denied(command: Command) -> String {
    let permission = command.permission().name();
    match command {
        Command::SecureConnection => format!("You need the permission `{permission}` to manage secure connections."),
        Command::ShareChannel => format!("You need the permission `{permission}` to manage shared channels."),
    }
}

/// Something broke on our side (behaviour 2.6). The log has the details under the same number.
pub fn internal(reference: &RequestId) -> String {
    format!("Sorry, this did not work because of a fault on this server. Nothing was changed. Reference: `{reference}`")
}

/// The line that goes with an answer to a historical spelling (behaviour 2.8).
pub fn note(note: &Note) -> String {
    format!("{} is an old spelling; today it is {}.", code(&note.then), code(&note.now))
}

/// The sub-commands of a command with an example each, or the flags of one sub-command (behaviour 2.1.10).
pub fn help(command: Command, action: Option<Action>) -> String {
    let Some(action) = action else {
        let head = match command {
            Command::SecureConnection => {
                "A secure connection joins this server with that of another organisation; over it each shared channel of \
                 the two is kept in step:"
            }
            Command::ShareChannel => {
                "A shared channel is used by several organisations, each on its own server and over a secure connection:"
            }
        };
        let lines = command.listed().map(|spec| {
            format!("* `{}` – {}. Example: {}", spec.word, spec.help.trim_end_matches('.'), code(spec.example))
        });
        return std::iter::once(format!("`/{}`: {head}", command.word())).chain(lines).collect::<Vec<_>>().join("\n");
    };
    let spec = action.spec();
    let names = |flags: &[super::flags::Flag]| {
        flags.iter().map(|flag| format!("`--{}`", flag.name())).collect::<Vec<_>>().join(", ")
    };
    let mut out = format!("{}: {}.", code(&action.spelled()), spec.help);
    if !spec.required.is_empty() {
        out.push_str(&format!("\nRequired: {}.", names(spec.required)));
    }
    if !spec.optional.is_empty() {
        out.push_str(&format!("\nOptional: {}.", names(spec.optional)));
    }
    out.push_str(&format!("\nExample: {}", code(spec.example)));
    out
}

/// The words of a command's sub-commands, for "known are" sentences.
fn known(words: impl Iterator<Item = &'static str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// No connection, or too many, under what was given (behaviour 2.2.16).
pub fn unresolved(reference: &ConnectionRef, why: &Unresolved) -> String {
    match why {
        Unresolved::NotFound => format!(
            "There is no secure connection {}. {}",
            code(&reference.0),
            "`/secure-connection status` lists all connections with their IDs."
        ),
        Unresolved::Ambiguous(several) => {
            let mut out = format!("{} can be any of these connections; give the ID of one:", code(&reference.0));
            for one in several.iter().take(20) {
                out.push_str(&format!("\n* `{}` – {}, {}", one.id, escape(&one.display_name), one.state.label()));
            }
            out
        }
    }
}

/// A connection in a sentence: its display name in bold.
fn organisation(display_name: &str) -> String {
    format!("**{}**", escape(display_name))
}

/// "A", "A and B", "A, B and C"; at most `most` of them, then the number of the others.
fn list(names: &[String], most: usize) -> String {
    let mut shown: Vec<String> = names.iter().take(most).cloned().collect();
    match names.len().checked_sub(shown.len()) {
        Some(0) | None => {}
        Some(1) => shown.push("one more".to_owned()),
        Some(others) => shown.push(format!("{others} more")),
    }
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

/// A connection's state in a sentence.
fn state(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connected => "it is connected",
        ConnectionState::Offline => "it is accepted, but offline",
        ConnectionState::Pending => "it waits for the other side to accept",
        ConnectionState::Removed => "it was removed",
        ConnectionState::Severed => "the other side ended it",
    }
}

#[cfg(test)]
mod own_tests {
    use super::*;
    use crate::commands::actions::all_of;

    #[test]
    fn refusals_name_setting_and_permission() {
        assert!(disabled(Service::Sharing).contains("`ConnectedWorkspacesSettings.EnableSharedChannels`"));
        assert!(disabled(Service::Connections).contains("EnableRemoteClusterService"));
        assert!(permission_denied(Command::SecureConnection).contains("`manage_secure_connections`"));
        assert!(permission_denied(Command::ShareChannel).contains("`manage_shared_channels`"));
    }

    #[test]
    fn help_has_an_example_for_every_listed_sub_command_and_hides_the_hidden_one() {
        for command in [Command::SecureConnection, Command::ShareChannel] {
            let text = help(command, None);
            for word in all_of(command).map(|spec| spec.word) {
                let listed = !["share", "approve", "refuse", "rotate", "test", "resume", "recover"].contains(&word);
                assert_eq!(text.contains(&format!("* `{word}` ")), listed, "{word}");
                assert_eq!(text.contains(&format!("`/{} {word}", command.word())), listed, "{word}");
            }
        }
        let text = help(Command::SecureConnection, Some(Action::Create));
        assert!(text.contains("Required: `--name`, `--password`.") && text.contains("`--displayname`"), "{text}");
    }

    /// SC-001: both commands speak of shared channels and secure connections, and of no experiment.
    #[test]
    fn help_uses_the_terms_of_the_product() {
        for command in [Command::SecureConnection, Command::ShareChannel] {
            let text = help(command, None).to_lowercase();
            for term in ["secure connection", "shared channel"] {
                assert!(text.contains(term), "{term}: {text}");
            }
            assert!(!text.contains("experimental") && !text.contains("remote cluster"), "{text}");
        }
    }

    #[test]
    fn lists_read_like_sentences() {
        let names: Vec<String> = ["A", "B", "C", "D"].map(String::from).to_vec();
        assert_eq!(list(&names[..1], 5), "A");
        assert_eq!(list(&names[..2], 5), "A and B");
        assert_eq!(list(&names, 3), "A, B, C and one more");
        assert_eq!(list(&names, 2), "A, B and 2 more");
        assert_eq!(list(&[], 2), "");
    }

    #[test]
    fn ambiguous_names_list_candidates_with_ids() {
        use crate::commands::candidate::samples::candidate;
        let several = vec![
            candidate('a', "one", "Same", ConnectionState::Connected),
            candidate('b', "two", "Sa|me", ConnectionState::Pending),
        ];
        let text = unresolved(&ConnectionRef("same".into()), &Unresolved::Ambiguous(several));
        assert!(text.contains(&"a".repeat(26)) && text.contains(&"b".repeat(26)) && text.contains("Sa\\|me"), "{text}");
        let text = unresolved(&ConnectionRef("@all".into()), &Unresolved::NotFound);
        assert!(text.contains("`@all`") && text.contains("`/secure-connection status`"));
    }
}
