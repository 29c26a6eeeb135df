//! What goes into statements and comes out of rows, alike on both databases.

use std::collections::BTreeMap;
use std::error::Error;
use std::str::FromStr;

use bytes::BytesMut;
use rialto_model::{Millis, Seq};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::StoreError;

/// A statement: one text for both databases, or one for each where they must differ.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    /// Two arms of one statement, written side by side.
    pub const fn per(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A parameter. Absent ids are empty texts and absent times 0, so there is no null.
#[derive(Debug, Clone, Copy)]
pub enum Arg<'a> {
    /// Ids, names, JSON.
    Text(&'a str),
    /// Counts, times, positions.
    Int(i64),
    /// Flags.
    Bool(bool),
}

impl<'a, T: AsRef<str> + ?Sized> From<&'a T> for Arg<'a> {
    fn from(text: &'a T) -> Self {
        Arg::Text(text.as_ref())
    }
}

impl<'a> Arg<'a> {
    /// An id or text that may be absent.
    pub fn opt<T: AsRef<str>>(text: &'a Option<T>) -> Self {
        Arg::Text(text.as_ref().map_or("", AsRef::as_ref))
    }
}

impl From<i64> for Arg<'_> {
    fn from(n: i64) -> Self {
        Arg::Int(n)
    }
}

impl From<bool> for Arg<'_> {
    fn from(b: bool) -> Self {
        Arg::Bool(b)
    }
}

impl From<Millis> for Arg<'_> {
    fn from(t: Millis) -> Self {
        Arg::Int(t.0)
    }
}

impl From<Option<Millis>> for Arg<'_> {
    fn from(t: Option<Millis>) -> Self {
        Arg::Int(Millis::or_zero(t))
    }
}

impl From<Seq> for Arg<'_> {
    fn from(s: Seq) -> Self {
        Arg::Int(s.0)
    }
}

/// A parameter that outlives the call, for queued statements.
#[derive(Debug)]
pub(crate) enum OwnedArg {
    Text(String),
    Int(i64),
    Bool(bool),
}

impl From<&Arg<'_>> for OwnedArg {
    fn from(arg: &Arg<'_>) -> Self {
        match *arg {
            Arg::Text(text) => OwnedArg::Text(text.to_owned()),
            Arg::Int(n) => OwnedArg::Int(n),
            Arg::Bool(b) => OwnedArg::Bool(b),
        }
    }
}

impl OwnedArg {
    pub(crate) fn borrow(&self) -> Arg<'_> {
        match self {
            OwnedArg::Text(text) => Arg::Text(text),
            OwnedArg::Int(n) => Arg::Int(*n),
            OwnedArg::Bool(b) => Arg::Bool(*b),
        }
    }
}

impl rusqlite::ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match *self {
            Arg::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Arg::Int(n) => ToSqlOutput::from(n),
            Arg::Bool(b) => ToSqlOutput::from(b),
        })
    }
}

impl ToSql for Arg<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            // TEXT and JSON have the same bytes on the wire.
            Arg::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            Arg::Int(n) if *ty == Type::INT4 => i32::try_from(n)?.to_sql(ty, out),
            Arg::Int(n) => n.to_sql(ty, out),
            Arg::Bool(b) => b.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

/// A row, read column by column in the order of the SELECT list.
pub struct Row<'a> {
    source: Source<'a>,
    next: usize,
}

impl<'a> Row<'a> {
    pub(crate) fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self { source: Source::Sqlite(row), next: 0 }
    }

    pub(crate) fn postgres(row: &'a tokio_postgres::Row) -> Self {
        Self { source: Source::Postgres(row), next: 0 }
    }

    fn column(&mut self) -> usize {
        let column = self.next;
        self.next += 1;
        column
    }

    /// The next column as text.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is something else; likewise for all methods below.
    pub fn text(&mut self) -> Result<String, StoreError> {
        let column = self.column();
        match self.source {
            Source::Sqlite(row) => row.get(column).map_err(unreadable),
            Source::Postgres(row) => row.try_get(column).map_err(unreadable),
        }
    }

    /// The next column as a number.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int(&mut self) -> Result<i64, StoreError> {
        let column = self.column();
        match self.source {
            Source::Sqlite(row) => row.get(column).map_err(unreadable),
            Source::Postgres(row) => row.try_get(column).map_err(unreadable),
        }
    }

    /// The next column as a flag.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bool(&mut self) -> Result<bool, StoreError> {
        let column = self.column();
        match self.source {
            Source::Sqlite(row) => row.get(column).map_err(unreadable),
            Source::Postgres(row) => row.try_get(column).map_err(unreadable),
        }
    }

    /// The next column as a time.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn millis(&mut self) -> Result<Millis, StoreError> {
        self.int().map(Millis)
    }

    /// The next column as a time that may be "never".
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn opt_millis(&mut self) -> Result<Option<Millis>, StoreError> {
        self.int().map(Millis::non_zero)
    }

    /// The next column as an id or another type that reads itself from text.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn id<T: FromStr>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        text.parse().map_err(|_| StoreError::Corrupt(format!("not an id: {text:?}")))
    }

    /// The next column as an id that may be absent.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn opt_id<T: FromStr>(&mut self) -> Result<Option<T>, StoreError> {
        let text = self.text()?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| StoreError::Corrupt(format!("not an id: {text:?}")))
    }

    /// The next column as a map of texts.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn map(&mut self) -> Result<BTreeMap<String, String>, StoreError> {
        serde_json::from_str(&self.text()?).map_err(unreadable)
    }

    /// The next column as a list of texts.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn texts(&mut self) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(&self.text()?).map_err(unreadable)
    }
}

fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

/// A map as the column holds it.
pub fn json_map(map: &BTreeMap<String, String>) -> String {
    // A map of texts always serialises.
    serde_json::to_string(map).unwrap_or_default()
}

/// Ids as the one JSON parameter that lists travel in, and texts as a column holds them.
pub fn json_list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let list: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    serde_json::to_string(&list).unwrap_or_default()
}

/// A text as part of a `LIKE` pattern that has `ESCAPE '\\'`.
pub(crate) fn like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Something a row can be read as.
pub trait FromRow: Sized {
    /// Reads the columns in their order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a column is not what it should be.
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError>;
}

impl FromRow for String {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        row.text()
    }
}

impl FromRow for i64 {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        row.int()
    }
}

impl FromRow for bool {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        row.bool()
    }
}

/// A column holding an id, for lists of ids.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<T: FromStr> FromRow for Id<T> {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        row.id().map(Id)
    }
}

impl<A: FromRow, B: FromRow> FromRow for (A, B) {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok((A::from_row(row)?, B::from_row(row)?))
    }
}

impl<A: FromRow, B: FromRow, C: FromRow> FromRow for (A, B, C) {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok((A::from_row(row)?, B::from_row(row)?, C::from_row(row)?))
    }
}
