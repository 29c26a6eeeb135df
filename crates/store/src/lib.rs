//! The only crate that speaks SQL: the database and its transactions, one module of queries a feature, the event log.
//!
//! One SQL text serves SQLite and PostgreSQL; where they must differ both arms stand side by side.

pub mod audit;
pub mod channel_members;
pub mod channels;
pub mod db;
pub mod error;
pub mod installation;
pub mod interruptions;
pub mod log;
#[cfg(test)]
mod log_tests;
mod migrations;
pub mod outbox;
mod postgres;
pub mod posts;
pub mod preferences;
pub mod reactions;
pub mod remotes;
pub mod sessions;
pub mod shares;
mod sqlite;
pub mod statuses;
pub mod teams;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod users;
pub mod value;
pub mod waiting;

pub use db::{Db, Snapshot, Tx};
pub use error::StoreError;
pub use value::{Arg, FromRow, Id, Row, Sql, json_list, json_map};
