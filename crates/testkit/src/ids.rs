//! Fresh ids and the present time, for payloads that tests make up.

use rialto_model::id::PostId;

/// A fresh id of the form every server uses (wire 1.2).
pub fn fresh() -> String {
    PostId::from_random(rand::random()).to_string()
}

/// Milliseconds since 1970, UTC.
#[expect(clippy::disallowed_methods, reason = "a test has no clock of its own to ask")]
pub fn now_ms() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since_epoch.as_millis()).unwrap()
}
