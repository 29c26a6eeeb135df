//! What an actor may do: one module a feature, and in it permission, rule, write, event.
//!
//! Knows no wire format and no network. Nothing but this crate writes rows or records events.

pub mod access;
pub mod bus;
pub mod clock;
pub mod frames;
pub mod ids;
pub mod keys;
pub mod settings;

use std::sync::Arc;

pub use access::{Denied, RemoteActor, SessionUser};
pub use bus::{Bus, Volatile};
pub use clock::Clock;
pub use ids::IdSource;
pub use keys::Keys;
pub use rialto_store::StoreError;
pub use settings::{Settings, SettingsCell};

/// What features share. Cheap to clone; a bundle without features of its own.
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
    /// What administrators set.
    pub settings: SettingsCell,
    /// News inside this node.
    pub bus: Bus,
}
