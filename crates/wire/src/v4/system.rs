//! The server itself: plain answers, health, limits, licence and client configuration. Source: client-api 4 to 6.
#![expect(missing_docs, reason = "members are named and meant as in client-api 5.6")]

use serde::{Deserialize, Serialize};

use crate::lenient::is_zero;

pub use super::client_config::{ClientConfigInput, client_config_full, client_config_limited};
pub use super::license::{LicenseObject, client_license, client_license_sanitized};

/// The version of Mattermost whose API this is; clients compare it (ruling 4).
pub const API_VERSION: &str = "11.6.0";

/// The value of `X-Version-Id` and of `hello`: constant but for the hash of the client configuration, so that
/// strangers do not learn our own version (ruling 4).
pub fn version_id(config_hash: &str) -> String {
    format!("{API_VERSION}.{API_VERSION}.{config_hash}.true")
}

/// `{"status":"OK"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusOk {
    pub status: String,
}

impl Default for StatusOk {
    fn default() -> Self {
        StatusOk { status: "OK".to_owned() }
    }
}

/// `GET /system/ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// `OK` or `UNHEALTHY`.
    pub status: String,
    #[serde(rename = "AndroidLatestVersion")]
    pub android_latest_version: String,
    #[serde(rename = "AndroidMinVersion")]
    pub android_min_version: String,
    #[serde(rename = "IosLatestVersion")]
    pub ios_latest_version: String,
    #[serde(rename = "IosMinVersion")]
    pub ios_min_version: String,
    #[serde(rename = "ActiveSearchBackend")]
    pub active_search_backend: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub database_status: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub filestore_status: String,
}

impl Ping {
    /// Alive.
    pub fn ok() -> Ping {
        Ping {
            status: "OK".to_owned(),
            android_latest_version: String::new(),
            android_min_version: String::new(),
            ios_latest_version: String::new(),
            ios_min_version: String::new(),
            active_search_backend: "database".to_owned(),
            database_status: String::new(),
            filestore_status: String::new(),
        }
    }

    /// With what was asked for by `get_server_status`.
    pub fn with_status(is_healthy: bool) -> Ping {
        let word = |healthy: bool| if healthy { "OK" } else { "UNHEALTHY" }.to_owned();
        Ping {
            status: word(is_healthy),
            database_status: word(is_healthy),
            filestore_status: "OK".to_owned(),
            ..Ping::ok()
        }
    }
}

/// `GET /limits/server`: no limits, so zeros all over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub max_users_limit: i64,
    pub max_users_hard_limit: i64,
    /// 0 for everybody but administrators.
    pub active_user_count: i64,
    pub single_channel_guest_count: i64,
    pub single_channel_guest_limit: i64,
    pub post_history_limit: i64,
    pub last_accessible_post_time: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lenient::to_text;

    #[test]
    fn plain_answers() {
        assert_eq!(to_text(&StatusOk::default()), r#"{"status":"OK"}"#);
        assert_eq!(
            to_text(&Limits::default()),
            r#"{"maxUsersLimit":0,"maxUsersHardLimit":0,"activeUserCount":0,"singleChannelGuestCount":0,"singleChannelGuestLimit":0,"postHistoryLimit":0,"lastAccessiblePostTime":0}"#
        );
        assert!(!to_text(&Ping::ok()).contains("database_status"));
        assert!(to_text(&Ping::with_status(false)).contains(r#""database_status":"UNHEALTHY""#));
        assert_eq!(version_id("abc"), "11.6.0.11.6.0.abc.true");
    }
}
