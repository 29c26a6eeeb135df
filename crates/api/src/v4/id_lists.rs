//! Lists of ids in bodies.

use std::str::FromStr;

use crate::ApiError;

/// Ids one request may name.
pub const MOST: usize = 1000;

/// Reads a list of 1 to [`MOST`] ids; `name` is what the client calls it.
///
/// # Errors
/// 400 for an empty or overlong list and for anything in it that is no id.
pub fn parse<T: FromStr>(list: &[String], name: &str) -> Result<Vec<T>, ApiError> {
    if list.is_empty() || list.len() > MOST {
        return Err(ApiError::body_param(name));
    }
    list.iter().map(|id| one(id, name)).collect()
}

/// Reads an id that a body must name.
///
/// # Errors
/// 400 if it does not.
pub fn one<T: FromStr>(id: &str, name: &str) -> Result<T, ApiError> {
    id.parse().map_err(|_| ApiError::body_param(name))
}

/// Reads an id that a body may leave empty.
///
/// # Errors
/// 400 if it is neither empty nor an id.
pub fn optional<T: FromStr>(id: &str, name: &str) -> Result<Option<T>, ApiError> {
    if id.is_empty() { Ok(None) } else { one(id, name).map(Some) }
}
