//! The sub-commands: words, flags, help. Parser, help answer and completion all read this one table, so none of them
//! can know a flag that the others do not. Source: behaviour 2.3 to 2.5, historical spellings 2.8.

use super::flags::Flag;
use rialto_model::Permission;

/// One of the two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Connections with other servers.
    SecureConnection,
    /// The shares of the current channel.
    ShareChannel,
}

impl Command {
    /// The permission without which it answers nothing else.
    pub fn permission(self) -> Permission {
        match self {
            Command::SecureConnection => Permission::ManageSecureConnections,
            Command::ShareChannel => Permission::ManageSharedChannels,
        }
    }

    /// Its trigger, without slash.
    pub fn word(self) -> &'static str {
        match self {
            Command::SecureConnection => "secure-connection",
            Command::ShareChannel => "share-channel",
        }
    }

    /// Its sub-commands, hidden ones excepted, in the order of the help.
    pub fn listed(self) -> impl Iterator<Item = &'static ActionSpec> {
        all_of(self).filter(|spec| !spec.hidden)
    }
}

/// All sub-commands of `command`, hidden ones included, in the order of the help.
pub fn all_of(command: Command) -> impl Iterator<Item = &'static ActionSpec> {
    ACTIONS.iter().copied().filter(move |spec| spec.command == command)
}

/// A word behind the slash that starts one of our commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Today's spelling.
    Current(Command),
    /// `/remote` and `/share` of early servers; registered only if nobody else owns the word.
    Historical(Command),
}

const REMOTE: &[(&str, Action)] = &[
    ("invite", Action::Create),
    ("accept", Action::Accept),
    ("remove", Action::Remove),
    ("status", Action::ConnectionStatus),
];
const SHARE: &[(&str, Action)] = &[
    ("share_channel", Action::Share),
    ("unshare_channel", Action::Unshare),
    ("invite_remote", Action::Invite),
    ("uninvite_remote", Action::Uninvite),
    ("status", Action::ShareStatus),
];

impl Trigger {
    /// The trigger that `word`, in lower case and without slash, stands for.
    pub fn find(word: &str) -> Option<Trigger> {
        match word {
            "secure-connection" => Some(Trigger::Current(Command::SecureConnection)),
            "share-channel" => Some(Trigger::Current(Command::ShareChannel)),
            "remote" => Some(Trigger::Historical(Command::SecureConnection)),
            "share" => Some(Trigger::Historical(Command::ShareChannel)),
            _ => None,
        }
    }

    /// The command it starts.
    pub fn command(self) -> Command {
        match self {
            Trigger::Current(command) | Trigger::Historical(command) => command,
        }
    }

    /// The word behind the slash.
    pub fn word(self) -> &'static str {
        match self {
            Trigger::Current(command) => command.word(),
            Trigger::Historical(Command::SecureConnection) => "remote",
            Trigger::Historical(Command::ShareChannel) => "share",
        }
    }

    /// Its sub-commands with the words they have under this trigger, hidden ones included.
    pub fn actions(self) -> Vec<(&'static str, Action)> {
        match self {
            Trigger::Historical(Command::SecureConnection) => REMOTE.to_vec(),
            Trigger::Historical(Command::ShareChannel) => SHARE.to_vec(),
            Trigger::Current(command) => all_of(command).map(|spec| (spec.word, spec.action)).collect(),
        }
    }
}

/// A sub-command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `/secure-connection create`
    Create,
    /// `/secure-connection accept`
    Accept,
    /// `/secure-connection remove`
    Remove,
    /// `/secure-connection status`
    ConnectionStatus,
    /// `/secure-connection rotate`, told of by the status of a connection
    Rotate,
    /// `/secure-connection test`
    Test,
    /// `/secure-connection resume`, named by the message that tells of a held connection
    Resume,
    /// `/secure-connection recover`, named by the message that tells of lost messages
    Recover,
    /// `/share-channel invite`
    Invite,
    /// `/share-channel uninvite`
    Uninvite,
    /// `/share-channel unshare`
    Unshare,
    /// `/share-channel status`
    ShareStatus,
    /// `/share-channel approve`, offered by the message that tells of a channel
    Approve,
    /// `/share-channel refuse`
    Refuse,
    /// `/share-channel share`, undocumented
    Share,
}

impl Action {
    /// Everything known about it.
    pub fn spec(self) -> &'static ActionSpec {
        match self {
            Action::Create => &CREATE,
            Action::Accept => &ACCEPT,
            Action::Remove => &REMOVE,
            Action::ConnectionStatus => &CONNECTION_STATUS,
            Action::Rotate => &ROTATE,
            Action::Test => &TEST,
            Action::Resume => &RESUME,
            Action::Recover => &RECOVER,
            Action::Invite => &INVITE,
            Action::Uninvite => &UNINVITE,
            Action::Unshare => &UNSHARE,
            Action::ShareStatus => &SHARE_STATUS,
            Action::Approve => &APPROVE,
            Action::Refuse => &REFUSE,
            Action::Share => &SHARE_ONLY,
        }
    }

    /// How it is typed today: `/secure-connection create`.
    pub fn spelled(self) -> String {
        let spec = self.spec();
        format!("/{} {}", spec.command.word(), spec.word)
    }
}

/// What a sub-command takes, and how it is explained.
#[derive(Debug)]
pub struct ActionSpec {
    /// Which one.
    pub action: Action,
    /// Where it belongs.
    pub command: Command,
    /// The word behind the trigger.
    pub word: &'static str,
    /// It works but is offered nowhere.
    pub hidden: bool,
    /// Flags it cannot do without, in the order in which they are offered.
    pub required: &'static [Flag],
    /// Further flags, in the order in which they are offered.
    pub optional: &'static [Flag],
    /// Flags accepted for old times' sake, offered nowhere.
    pub historical: &'static [Flag],
    /// The flag whose value one left-over word is (rule 10).
    pub lone_word: Option<Flag>,
    /// One line of help.
    pub help: &'static str,
    /// An example that can be typed.
    pub example: &'static str,
}

impl ActionSpec {
    /// Whether it takes `flag`.
    pub fn takes(&self, flag: Flag) -> bool {
        self.offered().any(|other| other == flag) || self.historical.contains(&flag)
    }

    /// The flags that are offered, required ones first.
    pub fn offered(&self) -> impl Iterator<Item = Flag> {
        self.required.iter().chain(self.optional).copied()
    }
}

static ACTIONS: [&ActionSpec; 15] = [
    &CREATE,
    &ACCEPT,
    &REMOVE,
    &CONNECTION_STATUS,
    &ROTATE,
    &TEST,
    &RESUME,
    &RECOVER,
    &INVITE,
    &UNINVITE,
    &UNSHARE,
    &SHARE_STATUS,
    &APPROVE,
    &REFUSE,
    &SHARE_ONLY,
];

static CREATE: ActionSpec = ActionSpec {
    action: Action::Create,
    command: Command::SecureConnection,
    word: "create",
    hidden: false,
    required: &[Flag::Name, Flag::Password],
    optional: &[Flag::DisplayName, Flag::Description, Flag::Team],
    historical: &[],
    lone_word: None,
    help: "Make an invitation for another organisation",
    example: "/secure-connection create --name AcmeEU --displayname \"Acme Europe\" --password \"a long secret phrase\"",
};

static ACCEPT: ActionSpec = ActionSpec {
    action: Action::Accept,
    command: Command::SecureConnection,
    word: "accept",
    hidden: false,
    required: &[Flag::Name, Flag::Password, Flag::Invite],
    optional: &[Flag::DisplayName, Flag::Description, Flag::Team],
    historical: &[],
    lone_word: None,
    help: "Accept an invitation that another organisation sent you",
    example: "/secure-connection accept --name AcmeUS --displayname \"Acme US\" --password \"their secret phrase\" --invite [code]",
};

static REMOVE: ActionSpec = ActionSpec {
    action: Action::Remove,
    command: Command::SecureConnection,
    word: "remove",
    hidden: false,
    required: &[Flag::ConnectionId],
    optional: &[],
    historical: &[],
    lone_word: Some(Flag::ConnectionId),
    help: "End a connection and everything shared over it",
    example: "/secure-connection remove --connectionID <id>",
};

static CONNECTION_STATUS: ActionSpec = ActionSpec {
    action: Action::ConnectionStatus,
    command: Command::SecureConnection,
    word: "status",
    hidden: false,
    required: &[],
    optional: &[Flag::ConnectionId],
    historical: &[],
    lone_word: None,
    help: "List all connections, or show one in detail",
    example: "/secure-connection status",
};

// Behaviour 2.2 lists four sub-commands; these two are additions of ours.
static ROTATE: ActionSpec = ActionSpec {
    action: Action::Rotate,
    command: Command::SecureConnection,
    word: "rotate",
    hidden: true,
    required: &[Flag::ConnectionId],
    optional: &[Flag::Emergency],
    historical: &[],
    lone_word: Some(Flag::ConnectionId),
    help: "Have the other server present another token; with --emergency the old one ends at once",
    example: "/secure-connection rotate --connectionID <id>",
};

static TEST: ActionSpec = ActionSpec {
    action: Action::Test,
    command: Command::SecureConnection,
    word: "test",
    hidden: true,
    required: &[Flag::ConnectionId],
    optional: &[],
    historical: &[],
    lone_word: Some(Flag::ConnectionId),
    help: "Take the way to the other server step by step, and have it take the way back",
    example: "/secure-connection test --connectionID <id>",
};

static RESUME: ActionSpec = ActionSpec {
    action: Action::Resume,
    command: Command::SecureConnection,
    word: "resume",
    hidden: true,
    required: &[Flag::ConnectionId],
    optional: &[],
    historical: &[],
    lone_word: Some(Flag::ConnectionId),
    help: "Go on with a held connection, with the server that answers at its address",
    example: "/secure-connection resume --connectionID <id>",
};

static RECOVER: ActionSpec = ActionSpec {
    action: Action::Recover,
    command: Command::SecureConnection,
    word: "recover",
    hidden: true,
    required: &[Flag::ConnectionId],
    optional: &[Flag::Discard],
    historical: &[],
    lone_word: Some(Flag::ConnectionId),
    help: "Fetch back messages of this server that a restore has lost; with --discard do without them",
    example: "/secure-connection recover --connectionID <id>",
};

static INVITE: ActionSpec = ActionSpec {
    action: Action::Invite,
    command: Command::ShareChannel,
    word: "invite",
    hidden: false,
    required: &[Flag::ConnectionId],
    optional: &[Flag::ReadOnly, Flag::Description, Flag::Convert, Flag::History],
    historical: &[],
    lone_word: Some(Flag::ConnectionId),
    help: "Share this channel with a connected organisation",
    example: "/share-channel invite --connectionID <id> --readonly",
};

static UNINVITE: ActionSpec = ActionSpec {
    action: Action::Uninvite,
    command: Command::ShareChannel,
    word: "uninvite",
    hidden: false,
    // In a copy the flag may be left out; whether this channel is one is a question of state.
    required: &[],
    optional: &[Flag::ConnectionId],
    historical: &[],
    lone_word: Some(Flag::ConnectionId),
    help: "Stop sharing this channel with one organisation",
    example: "/share-channel uninvite --connectionID <id>",
};

static UNSHARE: ActionSpec = ActionSpec {
    action: Action::Unshare,
    command: Command::ShareChannel,
    word: "unshare",
    hidden: false,
    required: &[],
    optional: &[],
    historical: &[Flag::AreYouSure],
    lone_word: None,
    help: "Stop sharing this channel with everybody",
    example: "/share-channel unshare",
};

static SHARE_STATUS: ActionSpec = ActionSpec {
    action: Action::ShareStatus,
    command: Command::ShareChannel,
    word: "status",
    hidden: false,
    required: &[],
    optional: &[],
    historical: &[],
    lone_word: None,
    help: "List the organisations this channel is shared with",
    example: "/share-channel status",
};

// Behaviour 2.2 lists four sub-commands; these two are found in the message that asks for the decision.
static APPROVE: ActionSpec = ActionSpec {
    action: Action::Approve,
    command: Command::ShareChannel,
    word: "approve",
    hidden: true,
    required: &[Flag::ConnectionId, Flag::Channel],
    optional: &[Flag::Team],
    historical: &[],
    lone_word: None,
    help: "Let a channel in that another organisation offers",
    example: "/share-channel approve --connectionID <id> --channel <id>",
};

static REFUSE: ActionSpec = ActionSpec {
    action: Action::Refuse,
    command: Command::ShareChannel,
    word: "refuse",
    hidden: true,
    required: &[Flag::ConnectionId, Flag::Channel],
    optional: &[],
    historical: &[],
    lone_word: None,
    help: "Turn a channel down that another organisation offers",
    example: "/share-channel refuse --connectionID <id> --channel <id>",
};

static SHARE_ONLY: ActionSpec = ActionSpec {
    action: Action::Share,
    command: Command::ShareChannel,
    word: "share",
    hidden: true,
    required: &[],
    optional: &[Flag::ReadOnly, Flag::Name, Flag::DisplayName, Flag::Purpose, Flag::Header],
    historical: &[],
    lone_word: None,
    help: "Mark this channel as shared without inviting anybody",
    example: "/share-channel share",
};
