//! What completion offers for `/secure-connection` and `/share-channel`, made from the table of their sub-commands.
//! Source: behaviour 2.7.

use super::actions::{Action, ActionSpec, Command, all_of};
use super::autocomplete::{Argument, ArgumentKind, CommandSpec, SubCommand, Which};
use super::flags::Flag;

/// The entries of `/secure-connection` and `/share-channel`. Historical triggers have none (behaviour 2.8).
pub fn own_commands() -> [CommandSpec; 2] {
    [Command::SecureConnection, Command::ShareChannel].map(|command| CommandSpec {
        trigger: command.word(),
        hint: "[action]",
        description: match command {
            Command::SecureConnection => "Connect this server with another organisation",
            Command::ShareChannel => "Share this channel with a connected organisation",
        },
        permission: Some(command.permission()),
        arguments: Vec::new(),
        sub_commands: all_of(command)
            .map(|spec| SubCommand {
                word: spec.word,
                hidden: spec.hidden,
                help: spec.help,
                arguments: spec.offered().map(|flag| argument(spec, flag)).collect(),
            })
            .collect(),
    })
}

fn argument(spec: &ActionSpec, flag: Flag) -> Argument {
    const MODES: &[(&str, &str)] =
        &[("Y", "The other organisation may only read"), ("N", "The other organisation takes part")];
    const LEAKED: &[(&str, &str)] =
        &[("Y", "The old token opens nothing from now on"), ("N", "Both open until the new one is used")];
    const WITHOUT: &[(&str, &str)] = &[("Y", "They stay lost here"), ("N", "They are fetched back")];
    const CONVERT: &[(&str, &str)] = &[("Y", "End the present share and invite again in the other mode")];
    const PAST: &[(&str, &str)] =
        &[("all", "Everything"), ("100", "The newest 100 messages"), ("30d", "The last 30 days")];
    let text = |hint| ArgumentKind::Text { hint };
    let (help, kind) = match (flag, spec.action) {
        (Flag::Name, Action::Share) => ("Name of the shared channel", ArgumentKind::ChannelName),
        (Flag::DisplayName, Action::Share) => ("Display name of the shared channel", ArgumentKind::ChannelDisplayName),
        (Flag::Name, _) => ("Local name of the connection", text("unique name: letters, digits, . - _")),
        (Flag::DisplayName, _) => ("Label of the connection", text("label that people see")),
        (Flag::Password, Action::Create) => {
            ("Password of the invitation", text("secret used to encrypt the invitation"))
        }
        (Flag::Password, _) => ("Password of the invitation", text("secret the invitation was encrypted with")),
        (Flag::Invite, _) => ("Invitation code", text("paste the code you were sent")),
        (Flag::ConnectionId, Action::Invite) => {
            ("Connection to share with", ArgumentKind::Connection(Which::NotInChannel))
        }
        (Flag::ConnectionId, Action::Uninvite) => {
            ("Connection to stop sharing with", ArgumentKind::Connection(Which::InChannel))
        }
        (Flag::ConnectionId, _) => ("Connection", ArgumentKind::Connection(Which::Live)),
        (Flag::ReadOnly, _) => ("Whether the other organisation may only read", ArgumentKind::Switch(MODES)),
        (Flag::Description, _) => ("Description shown in the status table", text("free text")),
        (Flag::Team, _) => ("Team in which their channels appear", text("name or ID of a team")),
        (Flag::Convert, _) => ("Change the mode of an existing share", ArgumentKind::Switch(CONVERT)),
        (Flag::History, _) => ("Earlier messages to send along", ArgumentKind::Choice(PAST)),
        (Flag::Channel, _) => ("Channel that is offered", text("ID of the channel")),
        (Flag::Emergency, _) => ("Whether the old token has leaked and ends at once", ArgumentKind::Switch(LEAKED)),
        (Flag::Discard, _) => ("Whether to do without what was lost", ArgumentKind::Switch(WITHOUT)),
        (Flag::Purpose, _) => ("Purpose of the shared channel", text("free text")),
        (Flag::Header, _) => ("Header of the shared channel", text("free text")),
        (Flag::AreYouSure, _) => ("Confirmation", ArgumentKind::Switch(MODES)),
    };
    Argument { flag: Some(flag.name()), help, required: spec.required.contains(&flag), kind }
}
