//! All rows of a server's database as text, to say "nothing changed" and, when something did, what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::OpenFlags;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::server::TestServer;
use crate::wait::{SHORT, wait_for};

/// How long nothing may change before a database counts as at rest.
const QUIET: Duration = Duration::from_millis(300);

/// The content of a database at one moment: table to its rows, each row as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    tables: BTreeMap<String, BTreeSet<String>>,
}

impl Digest {
    /// Reads all tables of a server but what `except` names, as `table` or as `table.column`.
    ///
    /// # Panics
    /// If there is no table at all, or `except` names one that does not exist: then the test would say nothing.
    pub async fn take(server: &TestServer, except: &[&str]) -> Self {
        let mut tables = match server.database_url() {
            Some(url) => read_postgres(url, None).await,
            None => read_sqlite(&sqlite_file(server.data()), None),
        };
        assert!(!tables.is_empty(), "the database of {} has no tables", server.name());
        for name in except {
            let (table, column) = name.split_once('.').unwrap_or((name, ""));
            let rows = tables.get_mut(table).unwrap_or_else(|| panic!("no table {table}"));
            if column.is_empty() {
                tables.remove(table);
                continue;
            }
            for row in rows {
                assert!(row.remove(column).is_some(), "no column {name}");
            }
        }
        Self { tables: tables.into_iter().map(|(name, rows)| (name, rows.iter().map(line).collect())).collect() }
    }

    /// Reads the tables again and again until nothing has changed for a while: what others still had to tell has been told.
    pub async fn settled(server: &TestServer, except: &[&str]) -> Self {
        let mut last = Self::take(server, except).await;
        let mut since = Instant::now();
        wait_for("the database to come to rest", SHORT, async || {
            let now = Self::take(server, except).await;
            if now != last {
                since = Instant::now();
            }
            last = now;
            // By time, not by the number of looks: one look takes long on a busy machine.
            (since.elapsed() >= QUIET).then_some(())
        })
        .await;
        last
    }

    /// Checks that `later` holds the same rows.
    ///
    /// # Panics
    /// Naming the tables that differ and the rows added and removed.
    #[track_caller]
    pub fn assert_unchanged(&self, later: &Self) {
        let differences = self.differences(later);
        assert!(differences.is_empty(), "the database changed:\n{}", differences.join("\n"));
    }

    /// The rows that came (`+`) and went (`-`), as lines.
    pub fn differences(&self, later: &Self) -> Vec<String> {
        let names: BTreeSet<_> = self.tables.keys().chain(later.tables.keys()).collect();
        let none = BTreeSet::new();
        let mut lines = Vec::new();
        for name in names {
            let (before, after) = (self.tables.get(name).unwrap_or(&none), later.tables.get(name).unwrap_or(&none));
            lines.extend(before.difference(after).map(|row| format!("- {name}: {row}")));
            lines.extend(after.difference(before).map(|row| format!("+ {name}: {row}")));
        }
        lines
    }

    /// Names of the tables that were read.
    pub fn tables(&self) -> Vec<&str> {
        self.tables.keys().map(String::as_str).collect()
    }

    /// One short text that changes with any row, for messages.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (name, rows) in &self.tables {
            hash.update(name);
            for row in rows {
                hash.update([0]);
                hash.update(row);
            }
            hash.update([1]);
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The rows of one table, each as column to value as text, the oldest id first where it has one.
pub async fn rows(server: &TestServer, table: &str) -> Vec<Row> {
    let mut tables = match server.database_url() {
        Some(url) => read_postgres(url, Some(table)).await,
        None => read_sqlite(&sqlite_file(server.data()), Some(table)),
    };
    let mut rows = tables.remove(table).unwrap_or_else(|| panic!("no table {table}"));
    let number = |row: &Row| row.get("id").and_then(|id| id.parse::<i64>().ok());
    rows.sort_by_key(number);
    rows
}

/// The embedded database's file: the one in the data folder that begins as such files do.
///
/// # Panics
/// If there is none, or more than one.
pub fn sqlite_file(data: &Path) -> PathBuf {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let begins_as_one = || {
            let mut start = [0u8; 16];
            let mut file = std::fs::File::open(&path).ok()?;
            std::io::Read::read_exact(&mut file, &mut start).ok()?;
            (&start == b"SQLite format 3\0").then_some(())
        };
        if path.is_file() && begins_as_one().is_some() {
            found.push(path);
        }
    }
    assert_eq!(found.len(), 1, "databases in {}: {found:?}", data.display());
    found.remove(0)
}

/// A row: column to value as text; texts of PostgreSQL keep their quotes.
pub type Row = BTreeMap<String, String>;

fn line(row: &Row) -> String {
    row.iter().map(|(column, value)| format!("{column}={value}")).collect::<Vec<_>>().join(" ")
}

fn read_sqlite(file: &Path, only: Option<&str>) -> BTreeMap<String, Vec<Row>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = rusqlite::Connection::open_with_flags(file, flags).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    // One transaction, so that all tables are of the same moment.
    db.execute_batch("BEGIN").unwrap();
    let names: Vec<String> = db
        .prepare(
            // The index of words says nothing that the posts do not, and is written after them.
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' \
             AND name NOT LIKE 'post~_words%' ESCAPE '~'",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut tables = BTreeMap::new();
    for name in names.into_iter().filter(|name| only.is_none_or(|only| only == name)) {
        let mut statement = db.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).unwrap();
        let mut read = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let cells = columns.iter().enumerate().map(|(index, column)| {
                let value = match row.get_ref(index).unwrap() {
                    ValueRef::Null => "null".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
                };
                (column.clone(), value)
            });
            read.push(cells.collect());
        }
        tables.insert(name, read);
    }
    tables
}

async fn read_postgres(url: &str, only: Option<&str>) -> BTreeMap<String, Vec<Row>> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let snapshot = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .unwrap();
    let names = snapshot.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
    let mut tables = BTreeMap::new();
    let names = names.iter().map(|row| row.get::<_, String>(0)).filter(|name| only.is_none_or(|only| only == name));
    // All at once: the driver sends them one behind the other without waiting.
    let all = names.map(async |name| {
        let text = format!("SELECT to_json(t)::text FROM \"{name}\" t");
        let rows = snapshot.simple_query(&text).await.unwrap();
        (name, rows)
    });
    for (name, rows) in futures_util::future::join_all(all).await {
        let rows = rows.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let rows = rows.map(|text| {
            let columns: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).unwrap();
            columns.into_iter().map(|(column, value)| (column, value.to_string())).collect()
        });
        tables.insert(name, rows.collect());
    }
    drop(snapshot);
    drop(client);
    let _ = driver.await;
    tables
}
