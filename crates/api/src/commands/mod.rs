//! Slash commands. A line is read by `grammar`, its flags are checked by `flags` against the table in `actions`, and
//! `invocation` makes a typed request of it; `execute` carries it out with `secure_connection`, `share_channel` or
//! `ordinary`; `texts` writes the answers, `autocomplete` helps while typing.

pub mod actions;
mod attempts;
pub mod autocomplete;
pub mod candidate;
mod connection_refusals;
mod connection_trust;
pub mod error;
pub mod execute;
pub mod flags;
pub mod grammar;
pub mod invocation;
pub mod known;
pub mod ordinary;
pub mod own_commands;
pub mod place;
mod secure_connection;
mod share_channel;
mod share_requests;
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
pub use execute::{Answer, CommandError, execute};
pub use grammar::Secret;
pub use invocation::{Invocation, Parsed, SecureConnection, ShareChannel, TypedLine, parse};
pub use place::Place;

/// Every command of this server, for completion and lists.
pub fn registry() -> autocomplete::Registry {
    let mut registry = autocomplete::Registry::new();
    own_commands::own_commands()
        .into_iter()
        .chain(ordinary::ordinary_commands())
        .for_each(|spec| registry.register(spec));
    registry
}
