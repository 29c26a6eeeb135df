//! What an actor may do: one module a feature, and in it permission, rule, write, event.
//!
//! Knows no wire format and no network. Nothing but this crate writes rows or records events.

pub mod access;
pub mod access_tokens;
pub mod acknowledgements;
pub mod all_channels;
pub mod apply;
mod arrivals;
#[cfg(test)]
mod arrivals_tests;
pub mod audit;
pub mod backfill;
pub mod backlog;
pub mod bookmarks;
#[cfg(test)]
mod bookmarks_tests;
pub mod bots;
pub mod bulk;
pub mod bus;
pub mod categories;
#[cfg(test)]
mod channel_life_tests;
pub mod channel_members;
pub mod channel_moves;
pub mod channel_removal;
pub mod channels;
#[cfg(test)]
mod channels_tests;
pub mod clock;
pub mod configuration;
pub mod connections;
pub mod deliveries;
pub mod delivery_states;
#[cfg(test)]
mod delivery_states_tests;
pub mod direct_channels;
pub mod discovery;
pub mod drafts;
#[cfg(test)]
mod drafts_tests;
pub mod duty;
pub mod emoji;
pub mod fetch;
pub mod files;
pub mod frames;
pub mod group_conversion;
pub mod housekeeping;
pub mod ids;
pub mod installation;
pub mod interruptions;
#[cfg(test)]
mod interruptions_tests;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod link_previews;
pub mod member_requests;
#[cfg(test)]
mod member_requests_tests;
pub mod mentions;
pub mod moderation;
#[cfg(test)]
mod moderation_tests;
pub mod notices;
pub mod outbox;
pub mod outgoing_webhooks;
pub mod passwords;
pub mod pins;
pub mod planted;
pub mod post_reminders;
#[cfg(test)]
mod post_reminders_tests;
pub mod posts;
pub mod preferences;
pub mod programs;
pub mod reactions;
#[cfg(test)]
mod reactions_tests;
pub mod recovery;
#[cfg(test)]
mod recovery_tests;
pub mod reminders;
#[cfg(test)]
mod reminders_tests;
pub mod retention;
pub mod scheduled_posts;
#[cfg(test)]
mod scheduled_posts_tests;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod shares;
#[cfg(test)]
mod sharing_scene;
pub mod shown_posts;
pub mod slash_commands;
pub mod statuses;
pub mod system_posts;
pub mod teams;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod threads;
#[cfg(test)]
mod threads_tests;
pub mod typing;
pub mod usage;
pub mod users;
pub mod webhooks;

use std::sync::Arc;

pub use access::{Denied, RemoteActor, SessionUser};
pub use bus::{Bus, Volatile};
pub use clock::Clock;
pub use ids::IdSource;
pub use installation::StartError;
pub use keys::Keys;
pub use rialto_store::StoreError;
pub use settings::{Settings, SettingsCell};

/// What features share. Cheap to clone; a bundle without features of its own. [`App::open`] makes it.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: rialto_store::Db,
    /// What time it is.
    pub clock: Clock,
    /// Where ids and secrets come from.
    pub ids: IdSource,
    /// The server's key.
    pub keys: Arc<Keys>,
    /// Where the bytes of files are.
    pub disk: files::disk::Disk,
    /// What administrators set.
    pub settings: SettingsCell,
    /// News inside this node.
    pub bus: Bus,
    /// What identifies this installation.
    pub installation: Arc<rialto_store::installation::Installation>,
    /// The account system posts are written by. Nobody signs in to it.
    pub system_user: rialto_model::UserId,
    /// Where passwords are hashed.
    pub passwords: passwords::Passwords,
    /// Sign-ins this node has looked up lately.
    pub sessions: sessions::Cache,
    /// Who keeps the index of words.
    pub index: search::Index,
    /// Programs beside the server.
    pub outside: programs::Outside,
    /// What peers' words are measured by.
    pub settled: connections::settled::Settled,
}
