//! What can be wrong with a typed line, with all facts an answer needs. Texts are made in `texts`.

use rialto_model::names::InvalidName;

use super::actions::{Action, Trigger};
use super::flags::Flag;
use super::grammar::Secret;

/// The longest value of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// In characters.
    Characters(usize),
    /// In bytes of UTF-8.
    Bytes(usize),
}

impl Limit {
    /// Whether `text` is longer.
    pub fn is_exceeded_by(self, text: &str) -> bool {
        match self {
            Limit::Characters(most) => text.chars().count() > most,
            Limit::Bytes(most) => text.len() > most,
        }
    }
}

/// Why a line was refused before anything was looked up. Source: behaviour 2.2 and 2.6.
///
/// What a user typed is a [`Secret`] here wherever it may be a password in the wrong place: it is shown to that user
/// and nobody else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Rule 17.
    #[error("the line has {bytes} bytes, more than {most}")]
    LineTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// A flag stands where the sub-command belongs.
    #[error("no sub-command")]
    MissingSubCommand {
        /// Under this trigger.
        trigger: Trigger,
    },
    /// Not a sub-command of this trigger.
    #[error("unknown sub-command")]
    UnknownSubCommand {
        /// Under this trigger.
        trigger: Trigger,
        /// As typed, at most 64 characters.
        given: Secret,
        /// The one that was probably meant.
        closest: Option<&'static str>,
    },
    /// Rule 9.
    #[error("quotes opened at character {position} are not closed")]
    UnclosedQuote {
        /// The flag whose value it is.
        flag: Option<Flag>,
        /// Of the opening quote, in characters from 1.
        position: usize,
    },
    /// Dashes without a name behind them.
    #[error("a flag without name at character {position}")]
    NamelessFlag {
        /// Of the first dash, in characters from 1.
        position: usize,
    },
    /// Rule 14.
    #[error("unknown flag")]
    UnknownFlag {
        /// For this sub-command.
        action: Action,
        /// As typed, without dashes, at most 64 characters.
        given: String,
        /// The flag of this sub-command that was probably meant.
        closest: Option<Flag>,
        /// The flag of another sub-command that it is.
        elsewhere: Option<Flag>,
    },
    /// Rule 5.
    #[error("white space around the equals sign of --{}", .flag.name())]
    SpaceAroundEquals {
        /// The flag.
        flag: Flag,
    },
    /// Rule 10.
    #[error("left-over words")]
    LeftOver {
        /// For this sub-command.
        action: Action,
        /// The words, except those that may be part of a secret value.
        words: Secret,
        /// Some of them followed a secret value.
        after_secret: bool,
        /// The line with quotes added and secret values left out; None if quotes would not help.
        corrected: Option<Secret>,
    },
    /// Rule 13.
    #[error("--{} is given twice with different values", .flag.name())]
    Repeated {
        /// The flag.
        flag: Flag,
    },
    /// Required flags that are absent, required ones first, and flags that have no value.
    #[error("missing flags or values")]
    Missing {
        /// For this sub-command.
        action: Action,
        /// All of them.
        flags: Vec<Flag>,
    },
    /// Rule 15.
    #[error("--{} is neither yes nor no", .flag.name())]
    NotBoolean {
        /// The flag.
        flag: Flag,
        /// Its value.
        given: Secret,
    },
    /// Rule 17.
    #[error("the value of --{} is too long", .flag.name())]
    TooLong {
        /// The flag.
        flag: Flag,
        /// What it may have.
        limit: Limit,
    },
    /// SC-087 to SC-089.
    #[error("the name {0}")]
    Name(InvalidName),
    /// Neither `all`, a number of messages nor a number of days.
    #[error("no amount of history")]
    NotHistory {
        /// The value.
        given: Secret,
    },
    /// Holds a character that is in no base64 alphabet.
    #[error("not an invitation code")]
    NotACode,
    /// `--are_you_sure N`.
    #[error("not sure")]
    NotSure,
}
