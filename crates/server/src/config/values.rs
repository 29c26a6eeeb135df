//! Reading single values: as JSON or TOML has them, or as text from the environment.

use std::ops::RangeInclusive;

use rialto_app::settings::{InterruptionPosts, Policy};
use rialto_model::History;
use rialto_wire::site_url::SiteUrl;
use serde_json::Value;

pub(super) fn flag(value: &Value) -> Result<bool, String> {
    let text = match value {
        Value::Bool(flag) => return Ok(*flag),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match text.as_str() {
        "true" | "1" | "t" | "yes" | "on" => Ok(true),
        "false" | "0" | "f" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

pub(super) fn number(value: &Value, range: RangeInclusive<i64>) -> Result<i64, String> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("must be a number from {} to {}", range.start(), range.end())),
    }
}

pub(super) fn count(value: &Value, range: RangeInclusive<i64>) -> Result<usize, String> {
    number(value, range).map(|n| usize::try_from(n).unwrap_or_default())
}

pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        _ => Err("must be a text".to_owned()),
    }
}

pub(super) fn word<T: Copy>(value: &Value, words: &[(&str, T)]) -> Result<T, String> {
    let given = text(value)?.to_ascii_lowercase();
    let found = words.iter().find(|(word, _)| *word == given).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("must be one of {}", list.join(", "))
    })
}

pub(super) fn policy(value: &Value) -> Result<Policy, String> {
    word(value, &[("allow", Policy::Allow), ("warn", Policy::Warn), ("refuse", Policy::Refuse)])
}

pub(super) fn interruption_posts(value: &Value) -> Result<InterruptionPosts, String> {
    use InterruptionPosts::{Banner, Channel, Off};
    word(value, &[("channel", Channel), ("banner", Banner), ("off", Off)])
}

/// How much of the past may be sent: `0` nothing, a number of messages, a number of days as `30d`, or `all`.
pub(super) fn history(value: &Value) -> Result<Option<History>, String> {
    let given = match value {
        Value::Number(number) => number.to_string(),
        other => text(other)?,
    };
    if given == "0" {
        return Ok(None);
    }
    given.parse().map(Some).map_err(|error: rialto_model::history::NotHistory| format!("{error}, or 0 for none"))
}

/// A site URL, or none where the text is empty.
pub(super) fn site_url(text: &str) -> Result<Option<String>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    SiteUrl::parse(text.trim()).map(|url| Some(url.as_str().to_owned())).map_err(|error| error.to_string())
}

/// The path of a site URL, empty for the root.
pub(super) fn path_of(site_url: &str) -> String {
    SiteUrl::parse(site_url).map_or_else(|_| String::new(), |url| url.sub_path().to_owned())
}
