//! What clients are told about this server's configuration. Source: client-api 4.3, the values of a fresh reference
//! server there, with what we do not have switched off and no links to anybody.

use std::collections::BTreeMap;

use rialto_model::Millis;

/// What of the configuration clients must know. Everything else is constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfigInput {
    /// Shown name of the server.
    pub site_name: String,
    /// Our address; empty shows administrators a banner.
    pub site_url: String,
    /// Empty: the page's own origin.
    pub websocket_url: String,
    /// Language tag for people who have not chosen.
    pub default_locale: String,
    /// Nobody has an account yet.
    pub no_accounts: bool,
    /// Accounts may be made at all.
    pub enable_user_creation: bool,
    /// Accounts may be made without an invitation.
    pub enable_open_server: bool,
    /// At least 5.
    pub password_minimum_length: usize,
    /// A small letter is demanded.
    pub password_lowercase: bool,
    /// A capital is demanded.
    pub password_uppercase: bool,
    /// A digit is demanded.
    pub password_number: bool,
    /// Another character is demanded.
    pub password_symbol: bool,
    /// Presence is shown.
    pub enable_user_statuses: bool,
    /// Custom status is shown.
    pub enable_custom_statuses: bool,
    /// Typing is shown.
    pub enable_typing: bool,
    /// Files may be attached.
    pub enable_file_attachments: bool,
    /// Bytes.
    pub max_file_size: i64,
    /// Characters.
    pub max_post_size: i64,
    /// Above this many members `@channel` and the like call nobody.
    pub max_notifications_per_channel: i64,
    /// Seconds; -1: no limit.
    pub post_edit_time_limit: i64,
    /// People may give pictures names.
    pub enable_custom_emoji: bool,
    /// Programs may leave messages.
    pub incoming_webhooks: bool,
    /// Programs are told of messages.
    pub outgoing_webhooks: bool,
    /// Programs answer slash commands.
    pub commands: bool,
    /// They may call themselves otherwise.
    pub username_override: bool,
    /// They may have another picture.
    pub icon_override: bool,
    /// Accounts for programs can be made.
    pub bots: bool,
    /// People can have tokens for programs.
    pub access_tokens: bool,
    /// Drafts are kept on the server.
    pub synced_drafts: bool,
    /// Messages may be posted later.
    pub scheduled_posts: bool,
    /// Urgent messages may call people again until they answer.
    pub reminders: bool,
    /// How often, in minutes.
    pub reminder_minutes: i64,
    /// How many times at most.
    pub reminder_times: i64,
    /// How many people one message can call so.
    pub reminder_people: i64,
    /// What pages that messages link to say of themselves is shown.
    pub enable_link_previews: bool,
    /// Different emoji on one post.
    pub reaction_limit: i64,
    /// `disabled`, `default_off`, `default_on` or `always_on`.
    pub collapsed_threads: String,
    /// `username`, `full_name` or `nickname_full_name`.
    pub teammate_name_display: String,
    /// `any` or `team`.
    pub restrict_direct_message: String,
    /// People see each other's address.
    pub show_email_address: bool,
    /// People see each other's full name.
    pub show_full_name: bool,
    /// Channels can be shared with other servers.
    pub enable_shared_channels: bool,
    /// Direct messages may cross servers (ruling 62).
    pub shared_direct_messages: bool,
    /// Members travel before they write (ruling 51).
    pub member_sync: bool,
    /// People outside shared channels may travel (behaviour 6.2).
    pub discovery: bool,
    /// When the server was set up.
    pub installed_at: Millis,
    /// `sqlite3` or `postgres`.
    pub sql_driver: String,
}

/// The map for callers without a session.
pub fn client_config_limited(input: &ClientConfigInput) -> BTreeMap<String, String> {
    let mut map = texts(LIMITED);
    for (key, value) in [
        ("SiteName", input.site_name.as_str()),
        ("SiteURL", &input.site_url),
        ("WebsocketURL", &input.websocket_url),
        ("DefaultClientLocale", &input.default_locale),
    ] {
        map.insert(key.to_owned(), value.to_owned());
    }
    for (key, value) in [
        ("NoAccounts", input.no_accounts),
        ("EnableUserCreation", input.enable_user_creation),
        ("EnableOpenServer", input.enable_open_server),
        ("PasswordRequireLowercase", input.password_lowercase),
        ("PasswordRequireUppercase", input.password_uppercase),
        ("PasswordRequireNumber", input.password_number),
        ("PasswordRequireSymbol", input.password_symbol),
        ("EnableUserStatuses", input.enable_user_statuses),
        ("EnableCustomEmoji", input.enable_custom_emoji),
        ("EnableBotAccountCreation", input.bots),
        ("FeatureFlagEnableSharedChannelsDMs", input.enable_shared_channels && input.shared_direct_messages),
        ("FeatureFlagEnableSharedChannelsMemberSync", input.enable_shared_channels && input.member_sync),
        ("FeatureFlagEnableSyncAllUsersForRemoteCluster", input.enable_shared_channels && input.discovery),
        ("FeatureFlagEnableRemoteClusterService", input.enable_shared_channels),
    ] {
        map.insert(key.to_owned(), value.to_string());
    }
    map.insert("PasswordMinimumLength".to_owned(), input.password_minimum_length.to_string());
    map
}

/// The map for callers with a session.
pub fn client_config_full(input: &ClientConfigInput) -> BTreeMap<String, String> {
    let mut map = client_config_limited(input);
    map.extend(texts(FULL));
    for (key, value) in [
        ("CollapsedThreads", input.collapsed_threads.as_str()),
        ("TeammateNameDisplay", &input.teammate_name_display),
        ("RestrictDirectMessage", &input.restrict_direct_message),
        ("SQLDriverName", &input.sql_driver),
    ] {
        map.insert(key.to_owned(), value.to_owned());
    }
    for (key, value) in [
        ("EnableCustomUserStatuses", input.enable_custom_statuses),
        ("EnableUserTypingMessages", input.enable_typing),
        ("EnableFileAttachments", input.enable_file_attachments),
        ("EnableMobileFileUpload", input.enable_file_attachments),
        ("EnableMobileFileDownload", input.enable_file_attachments),
        ("EnableIncomingWebhooks", input.incoming_webhooks),
        ("EnableOutgoingWebhooks", input.outgoing_webhooks),
        ("EnableCommands", input.commands),
        ("EnablePostUsernameOverride", input.username_override),
        ("EnablePostIconOverride", input.icon_override),
        ("EnableUserAccessTokens", input.access_tokens),
        ("AllowSyncedDrafts", input.synced_drafts),
        ("ScheduledPosts", input.scheduled_posts),
        ("AllowPersistentNotifications", input.reminders),
        ("EnableLinkPreviews", input.enable_link_previews),
        ("ShowEmailAddress", input.show_email_address),
        ("ShowFullName", input.show_full_name),
        ("ExperimentalSharedChannels", input.enable_shared_channels),
        ("ExperimentalRemoteClusterService", input.enable_shared_channels),
    ] {
        map.insert(key.to_owned(), value.to_string());
    }
    for (key, value) in [
        ("MaxFileSize", input.max_file_size),
        ("MaxPostSize", input.max_post_size),
        ("MaxNotificationsPerChannel", input.max_notifications_per_channel),
        ("PersistentNotificationIntervalMinutes", input.reminder_minutes),
        ("PersistentNotificationMaxCount", input.reminder_times),
        ("PersistentNotificationMaxRecipients", input.reminder_people),
        ("PostEditTimeLimit", input.post_edit_time_limit),
        ("UniqueEmojiReactionLimitPerPost", input.reaction_limit),
        ("InstallationDate", input.installed_at.0),
    ] {
        map.insert(key.to_owned(), value.to_string());
    }
    map
}

fn texts(table: &[(&str, &str)]) -> BTreeMap<String, String> {
    table.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Constants in both maps.
const LIMITED: &[(&str, &str)] = &[
    ("AboutLink", ""),
    ("AllowDownloadLogs", "false"),
    ("AndroidAppDownloadLink", ""),
    ("AndroidLatestVersion", ""),
    ("AndroidMinVersion", ""),
    ("AppDownloadLink", ""),
    ("AppsPluginEnabled", "false"),
    ("BuildDate", ""),
    ("BuildEnterpriseReady", "true"),
    ("BuildHash", ""),
    ("BuildHashEnterprise", "none"),
    ("BuildNumber", "11.6.0"),
    ("CWSURL", ""),
    ("CustomBrandText", ""),
    ("CustomDescriptionText", ""),
    ("DiagnosticId", ""),
    ("DiagnosticsEnabled", "false"),
    ("EmailLoginButtonBorderColor", "#2389D7"),
    ("EmailLoginButtonColor", "#0000"),
    ("EmailLoginButtonTextColor", "#2389D7"),
    ("EnableAskCommunityLink", "false"),
    ("EnableClientMetrics", "false"),
    ("EnableComplianceExport", "false"),
    ("EnableCustomBrand", "false"),
    ("EnableDesktopLandingPage", "false"),
    ("EnableDiagnostics", "false"),
    ("EnableFile", "true"),
    ("EnableGuestAccounts", "false"),
    ("EnableGuestMagicLink", "false"),
    ("EnableJoinLeaveMessageByDefault", "true"),
    ("EnableLdap", "false"),
    ("EnableMultifactorAuthentication", "false"),
    ("EnableSaml", "false"),
    ("EnableSignInWithEmail", "true"),
    ("EnableSignInWithUsername", "true"),
    ("EnableSignUpWithEmail", "true"),
    ("EnableSignUpWithGoogle", "false"),
    ("EnableSignUpWithOffice365", "false"),
    ("EnableSignUpWithOpenId", "false"),
    ("EnforceMultifactorAuthentication", "false"),
    ("FeatureFlagAppsEnabled", "false"),
    ("FeatureFlagAttributeBasedAccessControl", "false"),
    ("FeatureFlagAutoTranslation", "false"),
    ("FeatureFlagBurnOnRead", "false"),
    ("FeatureFlagCJKSearch", "false"),
    ("FeatureFlagChannelBookmarks", "true"),
    ("FeatureFlagCloudAnnualRenewals", "false"),
    ("FeatureFlagCloudDedicatedExportUI", "false"),
    ("FeatureFlagCloudIPFiltering", "false"),
    ("FeatureFlagConsumePostHook", "false"),
    ("FeatureFlagContentFlagging", "false"),
    ("FeatureFlagCustomProfileAttributes", "false"),
    ("FeatureFlagDeprecateCloudFree", "false"),
    ("FeatureFlagEnableAIPluginBridge", "false"),
    ("FeatureFlagEnableAIRecaps", "false"),
    ("FeatureFlagEnableExportDirectDownload", "false"),
    ("FeatureFlagEnableSharedChannelsPlugins", "false"),
    ("FeatureFlagExperimentalAuditSettingsSystemConsoleUI", "false"),
    ("FeatureFlagInteractiveDialogAppsForm", "true"),
    ("FeatureFlagMobileSSOCodeExchange", "false"),
    ("FeatureFlagMoveThreadsEnabled", "false"),
    ("FeatureFlagNormalizeLdapDNs", "false"),
    ("FeatureFlagNotificationMonitoring", "false"),
    ("FeatureFlagOnboardingTourTips", "false"),
    ("FeatureFlagPermalinkPreviews", "false"),
    ("FeatureFlagStreamlinedMarketplace", "false"),
    ("FeatureFlagTestBoolFeature", "false"),
    ("FeatureFlagTestFeature", "off"),
    ("FeatureFlagWebSocketEventScope", "true"),
    ("FeatureFlagWysiwygEditor", "false"),
    ("FileLevel", "INFO"),
    ("ForgotPasswordLink", ""),
    ("GuestAccountsEnforceMultifactorAuthentication", "false"),
    ("HasImageProxy", "false"),
    ("HelpLink", ""),
    ("HideGuestTags", "false"),
    ("IosAppDownloadLink", ""),
    ("IosLatestVersion", ""),
    ("IosMinVersion", ""),
    ("IsFipsEnabled", "false"),
    ("LdapLoginButtonBorderColor", ""),
    ("LdapLoginButtonColor", ""),
    ("LdapLoginButtonTextColor", ""),
    ("LdapLoginFieldName", ""),
    ("MobileExternalBrowser", "false"),
    ("OpenIdButtonColor", ""),
    ("OpenIdButtonText", ""),
    ("PasswordEnableForgotLink", "false"),
    ("PluginsEnabled", "false"),
    ("PrivacyPolicyLink", ""),
    ("ReportAProblemLink", ""),
    ("ReportAProblemMail", ""),
    ("ReportAProblemType", "hidden"),
    ("SamlLoginButtonBorderColor", ""),
    ("SamlLoginButtonColor", ""),
    ("SamlLoginButtonText", ""),
    ("SamlLoginButtonTextColor", ""),
    ("ServiceEnvironment", "production"),
    ("SupportEmail", ""),
    ("TelemetryId", ""),
    ("TermsOfServiceLink", ""),
    ("Version", "11.6.0"),
    ("WebsocketPort", "80"),
    ("WebsocketSecurePort", "443"),
];

/// Constants in the full map only.
const FULL: &[(&str, &str)] = &[
    ("AllowBannerDismissal", "false"),
    ("AllowCustomThemes", "true"),
    ("AllowPersistentNotificationsForGuests", "false"),
    ("AllowedThemes", ""),
    ("AsymmetricSigningPublicKey", ""),
    ("AvailableLocales", ""),
    ("BannerColor", ""),
    ("BannerText", ""),
    ("BannerTextColor", ""),
    ("BurnOnReadDurationSeconds", "600"),
    ("BurnOnReadMaximumTimeToLiveSeconds", "604800"),
    ("CWSMock", "false"),
    ("CustomUrlSchemes", ""),
    ("DataRetentionEnableFileDeletion", "false"),
    ("DataRetentionEnableMessageDeletion", "false"),
    ("DataRetentionFileRetentionHours", "0"),
    ("DataRetentionMessageRetentionHours", "0"),
    ("DefaultTheme", ""),
    ("DelayChannelAutocomplete", "false"),
    ("DeleteAccountLink", ""),
    ("DisableAppBar", "false"),
    ("DisableRefetchingOnBrowserFocus", "false"),
    ("DisableWakeUpReconnectHandler", "false"),
    ("EmailNotificationContentsType", "full"),
    ("EnableAttributeBasedAccessControl", "false"),
    ("EnableBanner", "false"),
    ("EnableBurnOnRead", "false"),
    ("EnableChannelViewedMessages", "true"),
    ("EnableClientPerformanceDebugging", "false"),
    ("EnableCluster", "false"),
    ("EnableCompliance", "false"),
    ("EnableConfirmNotificationsToChannel", "true"),
    ("EnableCrossTeamSearch", "true"),
    ("EnableCustomGroups", "false"),
    ("EnableCustomTermsOfService", "false"),
    ("EnableDeveloper", "false"),
    ("EnableEmailBatching", "false"),
    ("EnableEmailInvitations", "false"),
    ("EnableEmojiPicker", "true"),
    ("EnableExperimentalLocales", "false"),
    ("EnableGifPicker", "false"),
    ("EnableInlineLatex", "true"),
    ("EnableLastActiveTime", "true"),
    ("EnableLatex", "true"),
    ("EnableMarketplace", "false"),
    ("EnableMetrics", "false"),
    ("EnableNotificationMetrics", "false"),
    ("EnableOAuthServiceProvider", "false"),
    ("EnableOnboardingFlow", "false"),
    ("EnableOutgoingOAuthConnections", "false"),
    ("EnablePermalinkPreviews", "true"),
    ("EnablePreviewModeBanner", "false"),
    ("EnablePublicLink", "false"),
    ("EnableSVGs", "false"),
    ("EnableTesting", "false"),
    ("EnableThemeSelection", "true"),
    ("EnableTutorial", "false"),
    ("EnableUserDeactivation", "false"),
    ("EnableUserManagedAttributes", "false"),
    ("ExperimentalChannelCategorySorting", "false"),
    ("ExperimentalEnableAuthenticationTransfer", "false"),
    ("ExperimentalEnableAutomaticReplies", "false"),
    ("ExperimentalEnableDefaultChannelLeaveJoinMessages", "true"),
    ("ExperimentalEnablePostMetadata", "true"),
    ("ExperimentalGroupUnreadChannels", "disabled"),
    ("ExperimentalPrimaryTeam", ""),
    ("ExperimentalTimezone", "true"),
    ("ExtendSessionLengthWithActivity", "true"),
    ("FeatureFlagExperimentalCrossTeamSearch", "true"),
    ("GiphySdkKey", ""),
    ("GoogleDeveloperKey", ""),
    ("IsDefaultMarketplace", "false"),
    ("LdapFirstNameAttributeSet", "false"),
    ("LdapLastNameAttributeSet", "false"),
    ("LdapNicknameAttributeSet", "false"),
    ("LdapPictureAttributeSet", "false"),
    ("LdapPositionAttributeSet", "false"),
    ("LockTeammateNameDisplay", "false"),
    ("ManagedResourcePaths", ""),
    ("MaxMarkdownNodes", "0"),
    ("MinimumHashtagLength", "3"),
    ("MobileEnableBiometrics", "false"),
    ("MobileJailbreakProtection", "false"),
    ("MobilePreventScreenCapture", "false"),
    ("PostAcknowledgements", "false"),
    ("PostPriority", "true"),
    ("RequireEmailVerification", "false"),
    ("RunJobs", "true"),
    ("SamlFirstNameAttributeSet", "false"),
    ("SamlLastNameAttributeSet", "false"),
    ("SamlNicknameAttributeSet", "false"),
    ("SamlPositionAttributeSet", "false"),
    ("SchemaVersion", "150"),
    ("SendEmailNotifications", "false"),
    ("SendPushNotifications", "false"),
    ("TimeBetweenUserTypingUpdatesMilliseconds", "5000"),
    ("UpgradedFromTE", "false"),
    ("UseAnonymousURLs", "false"),
    ("UsersStatusAndProfileFetchingPollIntervalMilliseconds", "3000"),
    ("WranglerAllowedEmailDomain", ""),
    ("WranglerMoveThreadFromDirectMessageChannelEnable", "false"),
    ("WranglerMoveThreadFromGroupMessageChannelEnable", "false"),
    ("WranglerMoveThreadFromPrivateChannelEnable", "false"),
    ("WranglerMoveThreadMaxCount", "100"),
    ("WranglerMoveThreadToAnotherTeamEnable", "false"),
    ("WranglerPermittedWranglerRoles", ""),
    ("YoutubeReferrerPolicy", "false"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ClientConfigInput {
        ClientConfigInput {
            site_name: "Rialto".into(),
            site_url: "https://one.example".into(),
            websocket_url: String::new(),
            default_locale: "en".into(),
            no_accounts: false,
            enable_user_creation: true,
            enable_open_server: false,
            password_minimum_length: 8,
            password_lowercase: false,
            password_uppercase: false,
            password_number: false,
            password_symbol: false,
            enable_user_statuses: true,
            enable_custom_statuses: true,
            enable_typing: true,
            enable_file_attachments: false,
            max_file_size: 104_857_600,
            max_post_size: 16_383,
            max_notifications_per_channel: 1_000,
            incoming_webhooks: true,
            outgoing_webhooks: true,
            commands: true,
            username_override: false,
            icon_override: false,
            bots: false,
            access_tokens: false,
            reminders: true,
            reminder_minutes: 5,
            reminder_times: 6,
            reminder_people: 5,
            enable_link_previews: true,
            post_edit_time_limit: -1,
            enable_custom_emoji: true,
            synced_drafts: true,
            scheduled_posts: false,
            reaction_limit: 50,
            collapsed_threads: "disabled".into(),
            teammate_name_display: "username".into(),
            restrict_direct_message: "any".into(),
            show_email_address: true,
            show_full_name: true,
            enable_shared_channels: true,
            shared_direct_messages: true,
            member_sync: true,
            discovery: false,
            installed_at: Millis(1_790_000_000_000),
            sql_driver: "sqlite3".into(),
        }
    }

    #[track_caller]
    fn check(map: &BTreeMap<String, String>, pairs: &[(&str, &str)]) {
        for (key, value) in pairs {
            assert_eq!(map.get(*key).map(String::as_str), Some(*value), "{key}");
        }
    }

    #[test]
    fn says_what_the_server_does() {
        let full = client_config_full(&sample());
        check(
            &full,
            &[
                ("SiteName", "Rialto"),
                ("Version", "11.6.0"),
                ("BuildEnterpriseReady", "true"),
                ("EnableFileAttachments", "false"),
                ("ExperimentalSharedChannels", "true"),
                ("ExperimentalRemoteClusterService", "true"),
                ("FeatureFlagEnableSharedChannelsDMs", "true"),
                ("PluginsEnabled", "false"),
                ("EnableDesktopLandingPage", "false"),
                ("PostEditTimeLimit", "-1"),
                ("AllowSyncedDrafts", "true"),
                ("ScheduledPosts", "false"),
                ("InstallationDate", "1790000000000"),
            ],
        );
        let off = client_config_full(&ClientConfigInput { enable_shared_channels: false, ..sample() });
        check(&off, &[("ExperimentalSharedChannels", "false"), ("FeatureFlagEnableSharedChannelsDMs", "false")]);
    }

    #[test]
    fn strangers_get_less() {
        let limited = client_config_limited(&sample());
        check(
            &limited,
            &[("SiteURL", "https://one.example"), ("EnableOpenServer", "false"), ("PasswordMinimumLength", "8")],
        );
        assert!(!limited.contains_key("MaxPostSize") && !limited.contains_key("SQLDriverName"));
        let full = client_config_full(&sample());
        assert!(limited.iter().all(|(key, value)| full.get(key) == Some(value)));
    }

    #[test]
    fn names_and_links_are_our_own() {
        for (key, value) in client_config_full(&sample()) {
            assert!(!value.to_lowercase().contains("mattermost"), "{key}={value}");
        }
    }
}
