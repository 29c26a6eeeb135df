//! The only crate that speaks SQL: the database and its transactions, one module of queries a feature, the event log.
//!
//! One SQL text serves SQLite and PostgreSQL; where they must differ both arms stand side by side.

pub mod access_tokens;
pub mod acknowledgements;
pub mod all_channels;
pub mod audit;
pub mod backfills;
pub mod blocks;
pub mod bookmarks;
pub mod bots;
pub mod categories;
pub mod channel_members;
#[cfg(test)]
mod channel_members_tests;
pub mod channels;
pub mod db;
pub mod discovery;
pub mod drafts;
pub mod emoji;
pub mod error;
pub mod exports;
pub mod file_deliveries;
pub mod files;
pub mod health;
pub mod imports;
pub mod installation;
pub mod interruptions;
pub mod jobs;
pub mod leases;
pub mod ledger;
pub mod link_previews;
pub mod log;
#[cfg(test)]
mod log_tests;
pub mod member_requests;
pub mod member_versions;
mod migrations;
pub mod moderation;
pub mod notices;
pub mod outbox;
#[cfg(test)]
mod outbox_tests;
pub mod outgoing_webhooks;
pub mod participants;
pub mod peer_emoji;
pub mod peer_positions;
pub mod peer_posts;
pub mod peer_quotas;
pub mod pictures;
pub mod pins;
pub mod policies;
pub mod post_deliveries;
pub mod post_reminders;
pub mod post_versions;
mod postgres;
pub mod posts;
#[cfg(test)]
mod posts_tests;
pub mod preferences;
pub mod priorities;
pub mod reactions;
pub mod recoveries;
pub mod reminders;
pub mod remotes;
#[cfg(test)]
mod remotes_tests;
pub mod removal;
pub mod rotations;
#[cfg(test)]
pub(crate) mod samples;
pub mod scheduled_posts;
pub mod search;
pub mod sessions;
pub mod settings;
pub mod share_requests;
pub mod shares;
#[cfg(test)]
mod shares_tests;
pub mod slash_commands;
mod sqlite;
pub mod statuses;
pub mod sync_failures;
pub mod team_members;
#[cfg(test)]
mod team_members_tests;
pub mod teams;
#[cfg(test)]
mod teams_tests;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod threads;
pub mod undelivered;
pub mod usage;
pub mod users;
#[cfg(test)]
mod users_tests;
pub mod value;
pub mod waiting;
pub mod webhooks;

pub use db::{Db, Snapshot, Tx};
pub use error::StoreError;
pub use value::{Arg, FromRow, Id, Row, Sql, json_list, json_map};
