//! The settings we have: section and key as Mattermost names them, older spellings, ranges and effects.

use rialto_app::Settings;
use rialto_app::settings::Workspaces;
use serde_json::Value;

use super::Config;
use super::sources::{Given, Table};
use super::values::{count, flag, history, interruption_posts, number, policy, site_url, text, word};

/// One setting.
pub(super) struct Key {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    /// Newer spellings of the same setting; if one of them is given, this one does not count.
    pub(super) newer: &'static [(&'static str, &'static str)],
    set: fn(&mut Config, &Value) -> Result<(), String>,
}

const WORKSPACES: &str = "ConnectedWorkspacesSettings";
const SERVICE: (&str, &str) = (WORKSPACES, "EnableRemoteClusterService");
const OLD_SERVICE: (&str, &str) = ("ExperimentalSettings", "EnableRemoteClusterService");
const OLD_SERVICE_NAME: (&str, &str) = ("ExperimentalSettings", "EnableRemoteClusters");

macro_rules! keys {
    ($($section:literal { $($name:literal $(unless $newer:expr)? => $set:expr;)* })*) => {
        /// All of them.
        pub(super) const KEYS: &[Key] = &[$($(
            Key { section: $section, name: $name, newer: keys!(@newer $($newer)?), set: $set },
        )*)*];
    };
    (@newer) => { &[] };
    (@newer $newer:expr) => { $newer };
}

fn put<T>(slot: &mut T, value: Result<T, String>) -> Result<(), String> {
    value.map(|value| *slot = value)
}

fn set<T>(config: &mut Config, slot: fn(&mut Settings) -> &mut T, value: Result<T, String>) -> Result<(), String> {
    put(slot(&mut config.settings), value)
}

fn share<T>(config: &mut Config, slot: fn(&mut Workspaces) -> &mut T, value: Result<T, String>) -> Result<(), String> {
    put(slot(&mut config.settings.workspaces), value)
}

/// Extensions as people write them: `exe, .BAT`.
fn extensions(list: &str) -> std::collections::BTreeSet<String> {
    let words = list.split([',', ' ']).map(|word| word.trim().trim_start_matches('.').to_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

/// A number that means the default where it is out of range, as Mattermost takes it (behaviour 6.2).
fn discovery_batch(value: &Value) -> Result<usize, String> {
    let given = count(value, i64::MIN..=i64::MAX)?;
    Ok(if (1..=200).contains(&given) { given } else { Settings::default().workspaces.discovery_batch })
}

/// A setting of a feature that is not there yet: only its "off" is accepted, so that nobody believes it is on.
fn absent_text(value: &Value) -> Result<(), String> {
    let given = text(value)?;
    if given.is_empty() { Ok(()) } else { Err("cannot be set in this version".to_owned()) }
}

/// Words separated by commas or blanks, in lower case.
fn words(value: &Value) -> Result<Vec<String>, String> {
    let given = text(value)?;
    let words = given.split([',', ' ']).map(|word| word.trim().to_ascii_lowercase());
    Ok(words.filter(|word| !word.is_empty()).collect())
}

keys! {
    "ServiceSettings" {
        "SiteURL" => |c, v| set(c, |s| &mut s.site_url, text(v).and_then(|url| site_url(&url)));
        "ListenAddress" => |c, v| put(&mut c.listen, text(v));
        "MaximumLoginAttempts" => |c, v| set(c, |s| &mut s.max_login_attempts, number(v, 1..=1000));
        "SessionLengthWebInHours" => |c, v| set(c, |s| &mut s.session_hours, number(v, 1..=8760));
        "PostEditTimeLimit" => |c, v| set(c, |s| &mut s.post_edit_seconds, number(v, -1..=i64::from(i32::MAX)));
        "UniqueEmojiReactionLimitPerPost" => |c, v| set(c, |s| &mut s.unique_emoji_per_post, number(v, 0..=500));
        "EnableAPIChannelDeletion" => |c, v| set(c, |s| &mut s.enable_channel_deletion, flag(v));
        "EnableCustomEmoji" => |c, v| set(c, |s| &mut s.custom_emoji, flag(v));
        "EnableIncomingWebhooks" => |c, v| set(c, |s| &mut s.incoming_webhooks, flag(v));
        "EnableOutgoingWebhooks" => |c, v| set(c, |s| &mut s.programs.outgoing_webhooks, flag(v));
        "EnableCommands" => |c, v| set(c, |s| &mut s.programs.commands, flag(v));
        "OutgoingIntegrationRequestsTimeout" =>
            |c, v| set(c, |s| &mut s.programs.timeout_ms, number(v, 1..=300).map(|seconds| seconds * 1_000));
        "EnablePostUsernameOverride" => |c, v| set(c, |s| &mut s.username_override, flag(v));
        "EnablePostIconOverride" => |c, v| set(c, |s| &mut s.icon_override, flag(v));
        "EnableBotAccountCreation" => |c, v| set(c, |s| &mut s.bots, flag(v));
        "EnableUserAccessTokens" => |c, v| set(c, |s| &mut s.access_tokens, flag(v));
        "AllowSyncedDrafts" => |c, v| set(c, |s| &mut s.synced_drafts, flag(v));
        "ScheduledPosts" => |c, v| set(c, |s| &mut s.scheduled_posts, flag(v));
        "AllowPersistentNotifications" => |c, v| set(c, |s| &mut s.reminders.allowed, flag(v));
        "PersistentNotificationIntervalMinutes" =>
            |c, v| set(c, |s| &mut s.reminders.interval_ms, number(v, 2..=10_080).map(|minutes| minutes * 60_000));
        "PersistentNotificationMaxCount" => |c, v| set(c, |s| &mut s.reminders.times, number(v, 1..=100));
        "PersistentNotificationMaxRecipients" => |c, v| set(c, |s| &mut s.reminders.people, count(v, 1..=100));
        "EnableLinkPreviews" => |c, v| set(c, |s| &mut s.links.previews, flag(v));
        "RestrictLinkPreviews" => |c, v| set(c, |s| &mut s.links.restricted, words(v));
        "AllowedUntrustedInternalConnections" => |c, v| set(c, |s| &mut s.links.internal, words(v));
        "MaxPostSize" => |c, v| set(c, |s| &mut s.max_post_size, count(v, 1..=65_535));
    }
    "TeamSettings" {
        "SiteName" => |c, v| set(c, |s| &mut s.site_name, text(v));
        "EnableOpenServer" => |c, v| set(c, |s| &mut s.enable_open_server, flag(v));
        "EnableUserCreation" => |c, v| set(c, |s| &mut s.enable_user_creation, flag(v));
        "MaxUsersPerTeam" => |c, v| set(c, |s| &mut s.max_users_per_team, number(v, 1..=1_000_000));
        "MaxChannelsPerTeam" => |c, v| set(c, |s| &mut s.max_channels_per_team, number(v, 1..=1_000_000));
        "MaxNotificationsPerChannel" =>
            |c, v| set(c, |s| &mut s.max_notifications_per_channel, count(v, 1..=1_000_000));
    }
    "DataRetentionSettings" {
        "EnableMessageDeletion" => |c, v| set(c, |s| &mut s.message_deletion, flag(v));
        "MessageRetentionDays" => |c, v| set(c, |s| &mut s.message_retention_days, number(v, 1..=36_500));
    }
    "PasswordSettings" {
        "MinimumLength" => |c, v| set(c, |s| &mut s.password_min_length, count(v, 5..=72));
        "Lowercase" => |c, v| set(c, |s| &mut s.password_lowercase, flag(v));
        "Uppercase" => |c, v| set(c, |s| &mut s.password_uppercase, flag(v));
        "Number" => |c, v| set(c, |s| &mut s.password_number, flag(v));
        "Symbol" => |c, v| set(c, |s| &mut s.password_symbol, flag(v));
    }
    "FileSettings" {
        "EnableFileAttachments" => |c, v| set(c, |s| &mut s.files.enabled, flag(v));
        "MaxFileSize" => |c, v| set(c, |s| &mut s.files.max_bytes, number(v, 1..=1 << 40));
    }
    "PrivacySettings" {
        "ShowEmailAddress" => |c, v| set(c, |s| &mut s.show_email, flag(v));
        "ShowFullName" => |c, v| set(c, |s| &mut s.show_full_name, flag(v));
    }
    "SqlSettings" {
        "DriverName" => |_, v| word(v, &[("postgres", ()), ("sqlite", ()), ("sqlite3", ())]);
        "DataSource" => |c, v| {
            let url = text(v)?;
            c.database_url = (!url.is_empty()).then_some(url);
            Ok(())
        };
    }
    "LogSettings" {
        "ConsoleJson" => |c, v| put(&mut c.log_json, flag(v));
        "ConsoleLevel" => |c, v| {
            let words = [("debug", "debug"), ("info", "info"), ("warn", "warn"), ("error", "error"), ("trace", "trace")];
            word(v, &words).map(|level| level.clone_into(&mut c.log_filter))
        };
    }
    "FeatureFlags" {
        "EnableRemoteClusterService" unless &[SERVICE, OLD_SERVICE, OLD_SERVICE_NAME] =>
            |c, v| share(c, |w| &mut w.enable_remote_cluster_service, flag(v).map(Some));
        "EnableSharedChannelsDMs" => |c, v| share(c, |w| &mut w.direct_messages, flag(v));
        "EnableSharedChannelsMemberSync" => |c, v| share(c, |w| &mut w.enable_member_sync, flag(v));
        "EnableSyncAllUsersForRemoteCluster" => |c, v| share(c, |w| &mut w.discovery, flag(v));
    }
    "ExperimentalSettings" {
        "EnableSharedChannels" unless &[(WORKSPACES, "EnableSharedChannels")] =>
            |c, v| share(c, |w| &mut w.enable_shared_channels, flag(v));
        "EnableRemoteClusters" unless &[SERVICE, OLD_SERVICE] =>
            |c, v| share(c, |w| &mut w.enable_remote_cluster_service, flag(v).map(Some));
        "EnableRemoteClusterService" unless &[SERVICE] =>
            |c, v| share(c, |w| &mut w.enable_remote_cluster_service, flag(v).map(Some));
    }
    "ConnectedWorkspacesSettings" {
        "EnableSharedChannels" => |c, v| share(c, |w| &mut w.enable_shared_channels, flag(v));
        "EnableRemoteClusterService" =>
            |c, v| share(c, |w| &mut w.enable_remote_cluster_service, flag(v).map(Some));
        "DisableSharedChannelsStatusSync" => |c, v| share(c, |w| &mut w.disable_status_sync, flag(v));
        "DefaultMaxPostsPerSync" unless &[(WORKSPACES, "MaxPostsPerSync")] =>
            |c, v| share(c, |w| &mut w.max_posts_per_sync, count(v, 1..=1000));
        "MaxPostsPerSync" => |c, v| share(c, |w| &mut w.max_posts_per_sync, count(v, 1..=1000));
        "SyncUsersOnConnectionOpen" => |c, v| share(c, |w| &mut w.offer_people, flag(v));
        "GlobalUserSyncBatchSize" => |c, v| share(c, |w| &mut w.discovery_batch, discovery_batch(v));
        "MemberSyncBatchSize" => |c, v| share(c, |w| &mut w.member_batch, count(v, 1..=1000));
        "InvitationLifetimeHours" => |c, v| share(c, |w| &mut w.invitation_hours, number(v, 1..=720));
        "MinInvitationPasswordLength" => |c, v| share(c, |w| &mut w.min_invitation_password, count(v, 0..=128));
        "MaxPendingInvitations" => |c, v| share(c, |w| &mut w.max_pending, count(v, 1..=10_000));
        "OfflineAfterSeconds" => |c, v| share(c, |w| &mut w.offline_after_seconds, number(v, 30..=3600));
        "PingIntervalSeconds" =>
            |c, v| share(c, |w| &mut w.ping_seconds, number(v, 5..=300).map(i64::unsigned_abs));
        "InterruptionPosts" => |c, v| share(c, |w| &mut w.interruption_posts, interruption_posts(v));
        "BlockedFileTypes" => |c, v| set(c, |s| &mut s.files.blocked, text(v).map(|list| extensions(&list)));
        "ShareEmailAddresses" => |c, v| share(c, |w| &mut w.share_email_addresses, flag(v));
        "PrivatePeerAddresses" => |c, v| share(c, |w| &mut w.private_peers, policy(v));
        "InsecurePeers" => |c, v| share(c, |w| &mut w.insecure_peers, policy(v));
        "LegacyPeers" => |c, v| share(c, |w| &mut w.legacy_peers, policy(v));
        "TokenRotationDays" => |c, v| share(c, |w| &mut w.token_rotation_days, number(v, 0..=3650));
        "PeerUsersPerDay" => |c, v| share(c, |w| &mut w.peer_users_per_day, number(v, 1..=10_000_000));
        "PeerChannelsPerDay" => |c, v| share(c, |w| &mut w.peer_channels_per_day, number(v, 1..=100_000));
        "PeerMessagesPerMinute" => |c, v| {
            let most = number(v, 0..=1_000_000).map(|most| u32::try_from(most).unwrap_or(u32::MAX));
            share(c, |w| &mut w.peer_messages_per_minute, most)
        };
        "ThreadContext" =>
            |c, v| share(c, |w| &mut w.send_thread_roots, word(v, &[("root", true), ("none", false)]));
        "EnableRemoteTyping" => |c, v| share(c, |w| &mut w.remote_typing, flag(v));
        "RequireChannelApproval" => |c, v| share(c, |w| &mut w.require_channel_approval, flag(v));
        "EnableEmojiSync" => |c, v| share(c, |w| &mut w.emoji_sync, flag(v));
        "HistoryBackfillMax" => |c, v| share(c, |w| &mut w.history_max, history(v));
        "AcceptHistoryBackfill" => |c, v| share(c, |w| &mut w.accept_history, flag(v));
        "QueueMaxAgeDays" => |_, v| number(v, 0..=0).map(|_| ());
        "NotifyAdminsOnUnshare" => |c, v| share(c, |w| &mut w.notify_admins_on_unshare, flag(v));
        "EnableDeliveryStates" => |c, v| share(c, |w| &mut w.delivery_states, flag(v));
        "DeliveryStatesForMembers" => |c, v| share(c, |w| &mut w.delivery_states_for_members, flag(v));
        "CABundle" => |_, v| absent_text(v);
        "ClientCertificate" => |_, v| absent_text(v);
        "OutboundProxy" => |_, v| absent_text(v);
    }
}

/// Applies what was given, in the order of the table.
pub(super) fn apply(config: &mut Config, given: &Table, faults: &mut Vec<String>) {
    for key in KEYS {
        let Some(Given { value, from }) = given.get(&(key.section, key.name)) else { continue };
        if key.newer.iter().any(|newer| given.contains_key(newer)) {
            continue;
        }
        if let Err(fault) = (key.set)(config, value) {
            faults.push(format!("{}.{} {fault} (from {from})", key.section, key.name));
        }
    }
    // The data source of a configuration for the other database is not an address of ours.
    let driver = given.get(&("SqlSettings", "DriverName")).and_then(|given| given.value.as_str());
    if driver.is_some_and(|driver| !driver.eq_ignore_ascii_case("postgres")) {
        config.database_url = None;
    }
}
