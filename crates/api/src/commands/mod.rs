//! Slash commands. A line is read by `grammar`, its flags are checked by `flags` against the table in `actions`, and
//! `invocation` makes a typed request of it; `texts` writes the answers, `autocomplete` helps while typing.

pub mod actions;
pub mod autocomplete;
pub mod candidate;
pub mod error;
pub mod flags;
pub mod grammar;
pub mod invocation;
pub mod own_commands;
pub mod spelling;
pub mod table;
pub mod texts;
pub mod warnings;

#[cfg(test)]
mod autocomplete_tests;
#[cfg(test)]
mod grammar_properties;
#[cfg(test)]
mod parser_tests;

pub use actions::{Command, Trigger};
pub use error::ParseError;
pub use grammar::Secret;
pub use invocation::{Invocation, Parsed, SecureConnection, ShareChannel, TypedLine, parse};
