//! People: accounts of this server and stand-ins for accounts of others.

use std::collections::BTreeMap;

use crate::{Millis, RemoteId, UserId};

/// The system role of guests.
pub const GUEST: &str = "system_guest";

/// A person. `remote_id` names the connection that owns the record; without it the account lives here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Same on every server that knows the person (but see ruling 52).
    pub id: UserId,
    /// When the account was made, by its home's clock.
    pub create_at: Millis,
    /// Version: grows with every change.
    pub update_at: Millis,
    /// Set while deactivated.
    pub delete_at: Option<Millis>,
    /// Unique here; a remote person's carries `:handle`.
    pub username: String,
    /// Unique here; for remote people a stand-in.
    pub email: String,
    /// Whether the address was verified.
    pub email_verified: bool,
    /// Shown name.
    pub nickname: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Job title.
    pub position: String,
    /// System roles, separated by spaces.
    pub roles: String,
    /// Language tag.
    pub locale: String,
    /// `useAutomaticTimezone`, `automaticTimezone`, `manualTimezone`.
    pub timezone: BTreeMap<String, String>,
    /// Small public facts, `customStatus` among them.
    pub props: BTreeMap<String, String>,
    /// Notification settings; empty for remote people.
    pub notify_props: BTreeMap<String, String>,
    /// Owner connection, immutable (INV-2).
    pub remote_id: Option<RemoteId>,
    /// The name the owner connection gave, without our suffix; empty for local people.
    pub remote_username: String,
    /// The home's version of a remote record (ruling 59); 0 for local people.
    pub remote_update_at: Millis,
    /// Whether it is an integration's account.
    pub is_bot: bool,
    /// What the integration is for; empty for people.
    pub bot_description: String,
    /// Last change of the password.
    pub last_password_update: Millis,
    /// When the picture was set or taken away; 0: never. Also the name of its bytes on the disk.
    pub picture_at: Millis,
}

impl User {
    /// True if the account lives here and may sign in at all.
    pub fn is_local(&self) -> bool {
        self.remote_id.is_none()
    }

    /// The system roles one by one. A remote person never has any, and is at most marked as a guest (behaviour 4.1, 4.5).
    pub fn system_roles(&self) -> impl Iterator<Item = &str> {
        let roles = match self.roles.as_str() {
            own if self.is_local() => own,
            GUEST => GUEST,
            _ => "system_user",
        };
        roles.split_ascii_whitespace()
    }

    /// Whether the person is a guest at home.
    pub fn is_guest(&self) -> bool {
        self.system_roles().any(|role| role == GUEST)
    }
}

/// An integration's account of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    /// The account.
    pub user: User,
    /// Who looks after it.
    pub owner_id: UserId,
}

/// Notification settings a new local account starts with (client-api 2.1).
pub fn default_notify_props() -> BTreeMap<String, String> {
    [
        ("email", "true"),
        ("push", "mention"),
        ("desktop", "mention"),
        ("desktop_sound", "true"),
        ("mention_keys", ""),
        ("channel", "true"),
        ("push_status", "online"),
        ("comments", "never"),
        ("first_name", "false"),
        ("desktop_threads", "all"),
        ("email_threads", "all"),
        ("push_threads", "all"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}
