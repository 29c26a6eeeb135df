//! People with an account here: making accounts, finding people, profiles, passwords, roles, activation.

mod account;
mod create;
mod find;
pub mod pictures;
#[cfg(test)]
mod pictures_tests;
pub(crate) mod profile;
mod succession;
#[cfg(test)]
mod succession_tests;
#[cfg(test)]
mod tests;

use rialto_model::names::InvalidName;
use rialto_store::StoreError;

pub use account::{set_active, set_password, set_roles};
pub use create::{NewUser, create};
pub use find::{
    Find, autocomplete, count, get, get_by_email, get_by_username, known, list, list_by_ids, list_by_usernames,
};
pub use profile::{CustomStatus, ProfileChange, forget_recent_status, set_custom_status, update};

use crate::access::Denied;
use crate::passwords::{Overloaded, Unsuitable};
use crate::teams;

/// A part of a profile that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidField {
    /// The username.
    #[error("username {0}")]
    Username(InvalidName),
    /// The address.
    #[error("email is not a plain address of at most 128 bytes")]
    Email,
    /// The nickname is longer than 64 characters.
    #[error("nickname is too long")]
    Nickname,
    /// The first name is longer than 64 characters.
    #[error("first_name is too long")]
    FirstName,
    /// The last name is longer than 64 characters.
    #[error("last_name is too long")]
    LastName,
    /// The position is longer than 128 characters.
    #[error("position is too long")]
    Position,
    /// The locale is no language tag of at most five bytes.
    #[error("locale is not a language tag")]
    Locale,
    /// The time zones are longer than 256 bytes as JSON.
    #[error("timezone is too long")]
    Timezone,
    /// The props are longer than 8,000 bytes as JSON.
    #[error("props are too long")]
    Props,
    /// The notification settings are longer than 2,000 bytes as JSON.
    #[error("notify_props are too long")]
    NotifyProps,
    /// A custom status with a bad emoji name, text over 100 characters or an unknown duration.
    #[error("custom_status is not valid")]
    CustomStatus,
}

/// Why something about a person was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such person, or none this actor may see.
    #[error("no such person")]
    Absent,
    /// Accounts are not made here at all.
    #[error("accounts cannot be made")]
    CreationDisabled,
    /// Accounts are made by invitation or by an administrator.
    #[error("the server is not open")]
    NotOpen,
    /// The invitation leads to no team.
    #[error("the invitation is not valid")]
    BadInvitation,
    /// A part of the profile.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Somebody else has the name.
    #[error("the username is taken")]
    UsernameTaken,
    /// Somebody else has the address.
    #[error("the email is taken")]
    EmailTaken,
    /// The new password.
    #[error(transparent)]
    Unsuitable(#[from] Unsuitable),
    /// The current password is not right.
    #[error("the current password is wrong")]
    WrongPassword,
    /// A person of another server: changed there, not here (behaviour 4.5).
    #[error("a remote user")]
    RemoteUser,
    /// A role that does not exist or is no system role.
    #[error("no such system role")]
    UnknownRole,
    /// Too many passwords are being checked.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// Joining the team of the invitation.
    #[error(transparent)]
    Team(Box<teams::Error>),
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Error {
    /// Two people may ask for one name at the same time; the constraint decides.
    fn from(error: StoreError) -> Self {
        if error.is_unique_on("username") {
            Error::UsernameTaken
        } else if error.is_unique_on("email") {
            Error::EmailTaken
        } else {
            Error::Store(error)
        }
    }
}
