//! The only crate that speaks SQL: the database and its transactions, one module of queries a feature, the event log.
//!
//! One SQL text serves SQLite and PostgreSQL; where they must differ both arms stand side by side.

pub mod db;
pub mod error;
pub mod log;
#[cfg(test)]
mod log_tests;
mod migrations;
mod postgres;
mod sqlite;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod value;

pub use db::{Db, Snapshot, Tx};
pub use error::StoreError;
pub use value::{Arg, FromRow, Id, Row, Sql, json_list, json_map};
