//! The server's configuration as administrators read it: Mattermost's sections, of their keys those we have.
//! Source: client-api 6.4.
#![expect(missing_docs, reason = "members are the keys of the configuration, described where it is read")]

use serde::Serialize;

/// `GET /config`. Sections we have nothing in are there and empty: admin pages look into them without asking.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    pub service_settings: Service,
    pub team_settings: Team,
    pub sql_settings: Sql,
    pub password_settings: Password,
    pub privacy_settings: Privacy,
    pub rate_limit_settings: RateLimit,
    pub experimental_settings: Experimental,
    pub connected_workspaces_settings: ConnectedWorkspaces,
    pub feature_flags: FeatureFlags,
    pub access_control_settings: Empty,
    pub analytics_settings: Empty,
    pub announcement_settings: Empty,
    pub auto_translation_settings: Empty,
    pub cache_settings: Empty,
    pub client_requirements: Empty,
    pub cloud_settings: Empty,
    pub cluster_settings: Empty,
    pub compliance_settings: Empty,
    pub content_flagging_settings: Empty,
    pub data_retention_settings: Empty,
    pub display_settings: Empty,
    pub elasticsearch_settings: Empty,
    pub email_settings: Empty,
    pub experimental_audit_settings: Empty,
    pub export_settings: Empty,
    pub file_settings: Files,
    pub git_lab_settings: Empty,
    pub google_settings: Empty,
    pub guest_accounts_settings: Empty,
    pub image_proxy_settings: Empty,
    pub import_settings: Empty,
    pub intune_settings: Empty,
    pub job_settings: Empty,
    pub ldap_settings: Empty,
    pub localization_settings: Empty,
    pub log_settings: Empty,
    pub message_export_settings: Empty,
    pub metrics_settings: Empty,
    pub native_app_settings: Empty,
    #[serde(rename = "Office365Settings")]
    pub office365_settings: Empty,
    pub open_id_settings: Empty,
    pub plugin_settings: Empty,
    pub saml_settings: Empty,
    pub support_settings: Empty,
    pub theme_settings: Empty,
    pub wrangler_settings: Empty,
}

/// A section we have nothing in.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Empty {}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Service {
    #[serde(rename = "SiteURL")]
    pub site_url: String,
    pub maximum_login_attempts: i64,
    pub session_length_web_in_hours: i64,
    pub session_length_mobile_in_hours: i64,
    pub post_edit_time_limit: i64,
    pub unique_emoji_reaction_limit_per_post: i64,
    pub enable_custom_emoji: bool,
    pub enable_incoming_webhooks: bool,
    pub enable_outgoing_webhooks: bool,
    pub enable_commands: bool,
    /// Seconds.
    pub outgoing_integration_requests_timeout: i64,
    pub enable_post_username_override: bool,
    pub enable_post_icon_override: bool,
    pub enable_bot_account_creation: bool,
    pub enable_user_access_tokens: bool,
    pub allow_synced_drafts: bool,
    pub scheduled_posts: bool,
    pub allow_persistent_notifications: bool,
    pub persistent_notification_interval_minutes: i64,
    pub persistent_notification_max_count: i64,
    pub persistent_notification_max_recipients: i64,
    pub enable_link_previews: bool,
    pub restrict_link_previews: String,
    pub allowed_untrusted_internal_connections: String,
    pub max_post_size: i64,
    pub maximum_payload_size_bytes: i64,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Files {
    pub enable_file_attachments: bool,
    /// Bytes.
    pub max_file_size: i64,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Team {
    pub site_name: String,
    pub max_users_per_team: i64,
    pub max_channels_per_team: i64,
    pub max_notifications_per_channel: i64,
    pub enable_user_creation: bool,
    pub enable_open_server: bool,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Sql {
    pub driver_name: String,
    /// Always masked.
    pub data_source: String,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Password {
    pub minimum_length: i64,
    pub lowercase: bool,
    pub uppercase: bool,
    pub number: bool,
    pub symbol: bool,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Privacy {
    pub show_email_address: bool,
    pub show_full_name: bool,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateLimit {
    pub enable: bool,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Experimental {
    pub enable_shared_channels: bool,
    pub enable_remote_cluster_service: bool,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConnectedWorkspaces {
    pub enable_shared_channels: bool,
    pub enable_remote_cluster_service: bool,
    pub disable_shared_channels_status_sync: bool,
    pub max_posts_per_sync: i64,
    pub member_sync_batch_size: i64,
    pub sync_users_on_connection_open: bool,
    pub global_user_sync_batch_size: i64,
    pub invitation_lifetime_hours: i64,
    pub min_invitation_password_length: i64,
    pub max_pending_invitations: i64,
    pub offline_after_seconds: i64,
    pub ping_interval_seconds: i64,
    pub interruption_posts: String,
    pub share_email_addresses: bool,
    pub private_peer_addresses: String,
    pub insecure_peers: String,
    pub legacy_peers: String,
    pub thread_context: String,
    pub enable_emoji_sync: bool,
    pub enable_remote_typing: bool,
    /// Extensions, comma separated.
    pub blocked_file_types: String,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FeatureFlags {
    #[serde(rename = "EnableSharedChannelsDMs")]
    pub enable_shared_channels_dms: bool,
    pub enable_shared_channels_member_sync: bool,
    pub enable_sync_all_users_for_remote_cluster: bool,
}
