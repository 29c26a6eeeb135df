//! Bodies of the client API, one file per resource. Source: client-api 2.
//!
//! Answers have every key of their shape, and `null` only where the shape says so (client-api 1.7). Requests forgive
//! what Go clients send: `null` and zero values are "not given", unknown members are ignored. What a client may not
//! set – ids, times, owners – has no member in a request.

pub mod access_tokens;
pub mod acknowledgements;
pub mod audits;
pub mod bookmarks;
pub mod bots;
pub mod categories;
pub mod channels;
pub mod client_config;
pub mod commands;
pub mod config;
pub mod connection_health;
pub mod connection_policy;
pub mod connection_trust;
pub mod drafts;
pub mod emoji;
pub mod errors;
pub mod files;
pub mod jobs;
pub mod ledger;
pub mod license;
pub mod moderations;
pub mod outgoing_webhooks;
pub mod posts;
pub mod preferences;
pub mod programs;
pub mod reactions;
pub mod remote_clusters;
pub mod roles;
pub mod sessions;
pub mod set_aside;
pub mod shared_channels;
pub mod statuses;
pub mod system;
pub mod teams;
pub mod threads;
pub mod users;
pub mod webhooks;

pub use categories::{Categories, Category};
pub use channels::{Channel, ChannelMember};
pub use commands::CommandResponse;
pub use errors::AppError;
pub use posts::{Post, PostList};
pub use preferences::Preference;
pub use reactions::Reaction;
pub use remote_clusters::{ConnectionInfo, RemoteCluster};
pub use roles::Role;
pub use sessions::Session;
pub use shared_channels::{SharedChannel, SharedChannelRemote};
pub use statuses::Status;
pub use system::StatusOk;
pub use teams::{Team, TeamMember};
pub use users::{User, UserView};
