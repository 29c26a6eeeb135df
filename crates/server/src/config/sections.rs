//! The sections a configuration may have: those of Mattermost.

/// Names as Mattermost writes them.
pub(super) const SECTIONS: &[&str] = &[
    "AccessControlSettings",
    "AnalyticsSettings",
    "AnnouncementSettings",
    "AutoTranslationSettings",
    "BleveSettings",
    "CacheSettings",
    "ClientRequirements",
    "CloudSettings",
    "ClusterSettings",
    "ComplianceSettings",
    "ConnectedWorkspacesSettings",
    "ContentFlaggingSettings",
    "DataRetentionSettings",
    "DisplaySettings",
    "ElasticsearchSettings",
    "EmailSettings",
    "ExperimentalAuditSettings",
    "ExperimentalSettings",
    "ExportSettings",
    "FeatureFlags",
    "FileSettings",
    "GitLabSettings",
    "GoogleSettings",
    "GuestAccountsSettings",
    "ImageProxySettings",
    "ImportSettings",
    "IntuneSettings",
    "JobSettings",
    "LdapSettings",
    "LocalizationSettings",
    "LogSettings",
    "MessageExportSettings",
    "MetricsSettings",
    "NativeAppSettings",
    "NotificationLogSettings",
    "Office365Settings",
    "OpenIdSettings",
    "PasswordSettings",
    "PluginSettings",
    "PrivacySettings",
    "RateLimitSettings",
    "ReplicaLagSettings",
    "SamlSettings",
    "ServiceSettings",
    "SqlSettings",
    "SupportSettings",
    "TeamSettings",
    "ThemeSettings",
    "TimezoneSettings",
    "WranglerSettings",
];

/// The section that is ours but for a few keys: an unknown key there is a slip, not a key of Mattermost's.
pub(super) const OURS: &str = "ConnectedWorkspacesSettings";

/// The section called `name` in any case.
pub(super) fn find(name: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|section| section.eq_ignore_ascii_case(name)).copied()
}
