//! How forgiving decoders read: `null` is "not given", an extension of the wrong shape is as good as none.
//!
//! Go clients and Mattermost peers write `null` for unset maps, arrays and strings. Source: wire 3.13, client-api 3.2.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};

use crate::characters;

/// Reads `null` as the zero value. Use with `#[serde(default)]`, which does the same for a missing member.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an optional extension: anything that is not a well-formed `T` counts as absent.
pub(crate) fn or_absent<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    // serde would take an array as a struct, member by member.
    Ok(if value.is_array() { None } else { serde_json::from_value(value).ok() })
}

/// Reads a list of ids or words, leaving out `null` and everything that is not a `T`.
pub(crate) fn well_formed<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let values: Option<Vec<serde_json::Value>> = Option::deserialize(deserializer)?;
    Ok(values.unwrap_or_default().into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect())
}

/// Reads a JSON object. serde would also take an array as a struct, member by member.
///
/// # Errors
/// Anything that is not an object of `T`'s shape.
pub(crate) fn object<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, serde_json::Error> {
    if json.trim_start().starts_with('{') {
        serde_json::from_str(json)
    } else {
        Err(serde::de::Error::custom("expected an object"))
    }
}

/// The text of a body. Invalid sequences and halves of surrogate pairs become U+FFFD, as in the reference's decoder
/// (wire 3.13, E-075).
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match characters::whole(bytes) {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Writes a value as JSON text. Our structs have string keys and finite numbers only, so this cannot fail; the
/// fallback is the JSON for "nothing".
pub(crate) fn to_text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// True for the zero value, to leave members out.
pub(crate) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
