//! Configuration: what clients and administrators see of it. Source: client-api 4.3 and 6.4.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use rialto_app::configuration::{self, Change};
use rialto_app::settings::{InterruptionPosts, Known, Policy};
use rialto_app::{App, Denied, SessionUser, installation};
use rialto_model::Permission;
use rialto_wire::v4::client_config::{client_config_full, client_config_limited};
use rialto_wire::v4::{StatusOk, config as wire};
use serde_json::Value;

use crate::extract::{ApiJson, MAX_BODY, MaybeSession, Session};
use crate::state::client_config;
use crate::{Api, ApiError, ApiResult};

/// What stands where a secret is.
const MASKED: &str = "********************************";

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/config/client", get(client))
        .route("/config", get(whole).put(change))
        .route("/config/patch", put(change))
        .route("/config/environment", get(environment))
        .route("/config/reload", post(reload))
}

async fn client(State(api): State<Api>, MaybeSession(actor): MaybeSession) -> ApiResult<BTreeMap<String, String>> {
    let no_accounts = actor.is_none() && installation::is_empty(&api.app).await?;
    let input = client_config(&api.app, &api.app.settings.get(), no_accounts);
    Ok(ApiJson(if actor.is_some() { client_config_full(&input) } else { client_config_limited(&input) }))
}

/// Any of the permissions to read a part of the system console.
fn may_read(actor: &SessionUser) -> Result<(), Denied> {
    let reads = |permission: &&Permission| permission.name().starts_with("sysconsole_read_");
    if Permission::ALL.iter().filter(reads).any(|permission| actor.may(*permission)) {
        Ok(())
    } else {
        Err(Denied::Forbidden(Permission::ManageSystem))
    }
}

async fn whole(State(api): State<Api>, Session(actor): Session) -> ApiResult<wire::Config> {
    may_read(&actor)?;
    Ok(ApiJson(shown(&api.app)))
}

/// `{section: {key: true}}` for every setting that cannot be changed while the server runs.
async fn environment(
    State(api): State<Api>,
    Session(actor): Session,
) -> ApiResult<BTreeMap<&'static str, BTreeMap<&'static str, bool>>> {
    may_read(&actor)?;
    let mut sections: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for Known { section, name, .. } in api.app.settings.composer().map(|composer| composer.fixed()).unwrap_or_default()
    {
        sections.entry(section).or_default().insert(name, true);
    }
    Ok(ApiJson(sections))
}

async fn reload(State(api): State<Api>, Session(actor): Session) -> ApiResult<StatusOk> {
    actor.require(Permission::ManageSystem)?;
    configuration::load(&api.app).await?;
    Ok(ApiJson(StatusOk::default()))
}

/// Takes a whole configuration or a part of one: what differs from what is in force is changed. Clients send back all
/// they were given, with the secrets masked and null for what they do not know.
async fn change(
    State(api): State<Api>,
    Session(actor): Session,
    ApiJson(wanted): ApiJson<serde_json::Map<String, Value>>,
) -> ApiResult<wire::Config> {
    actor.require(Permission::ManageSystem)?;
    let present = serde_json::to_value(shown(&api.app)).unwrap_or_default();
    let mut changes = Vec::new();
    for (section, settings) in wanted {
        let Value::Object(settings) = settings else {
            if settings.is_null() {
                continue;
            }
            return Err(ApiError::body_param(&section));
        };
        for (name, value) in settings {
            let now = present.get(&section).and_then(|settings| settings.get(&name));
            if says_nothing(&value) || now == Some(&value) {
                continue;
            }
            changes.push(Change { section: section.clone(), name, value });
        }
    }
    configuration::change(&api.app, &actor, &changes).await?;
    Ok(ApiJson(shown(&api.app)))
}

/// Null, the mask of a secret, or an object of such.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text == MASKED,
        Value::Object(members) => members.values().all(says_nothing),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}

impl From<configuration::Error> for ApiError {
    fn from(error: configuration::Error) -> Self {
        use configuration::Error;
        match error {
            Error::Denied(denied) => denied.into(),
            Error::Store(error) => error.into(),
            Error::Unknown(_) | Error::Invalid(_) => {
                ApiError::bad_request("model.config.is_valid.app_error", error.to_string())
            }
            Error::Fixed { .. } => {
                ApiError::new(StatusCode::FORBIDDEN, "api.config.update_config.restricted.app_error", error.to_string())
            }
        }
    }
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn policy(policy: Policy) -> String {
    match policy {
        Policy::Allow => "allow",
        Policy::Warn => "warn",
        Policy::Refuse => "refuse",
    }
    .to_owned()
}

fn shown(app: &App) -> wire::Config {
    let settings = app.settings.get();
    let workspaces = &settings.workspaces;
    wire::Config {
        service_settings: wire::Service {
            site_url: settings.site_url.clone().unwrap_or_default(),
            maximum_login_attempts: settings.max_login_attempts,
            session_length_web_in_hours: settings.session_hours,
            session_length_mobile_in_hours: settings.session_hours,
            post_edit_time_limit: settings.post_edit_seconds,
            enable_custom_emoji: settings.custom_emoji,
            enable_incoming_webhooks: settings.incoming_webhooks,
            enable_outgoing_webhooks: settings.programs.outgoing_webhooks,
            enable_commands: settings.programs.commands,
            outgoing_integration_requests_timeout: settings.programs.timeout_ms / 1_000,
            enable_post_username_override: settings.username_override,
            enable_post_icon_override: settings.icon_override,
            enable_bot_account_creation: settings.bots,
            enable_user_access_tokens: settings.access_tokens,
            allow_synced_drafts: settings.synced_drafts,
            scheduled_posts: settings.scheduled_posts,
            allow_persistent_notifications: settings.reminders.allowed,
            persistent_notification_interval_minutes: settings.reminders.interval_ms / 60_000,
            persistent_notification_max_count: settings.reminders.times,
            persistent_notification_max_recipients: number(settings.reminders.people),
            enable_link_previews: settings.links.previews,
            restrict_link_previews: settings.links.restricted.join(","),
            allowed_untrusted_internal_connections: settings.links.internal.join(" "),
            unique_emoji_reaction_limit_per_post: settings.unique_emoji_per_post,
            max_post_size: number(settings.max_post_size),
            maximum_payload_size_bytes: number(MAX_BODY),
        },
        file_settings: wire::Files {
            enable_file_attachments: settings.files.enabled,
            max_file_size: settings.files.max_bytes,
        },
        team_settings: wire::Team {
            site_name: settings.site_name.clone(),
            max_users_per_team: settings.max_users_per_team,
            max_channels_per_team: settings.max_channels_per_team,
            max_notifications_per_channel: number(settings.max_notifications_per_channel),
            enable_user_creation: settings.enable_user_creation,
            enable_open_server: settings.enable_open_server,
        },
        sql_settings: wire::Sql {
            driver_name: if app.db.is_postgres() { "postgres" } else { "sqlite3" }.to_owned(),
            data_source: MASKED.to_owned(),
        },
        password_settings: wire::Password {
            minimum_length: number(settings.password_min_length),
            lowercase: settings.password_lowercase,
            uppercase: settings.password_uppercase,
            number: settings.password_number,
            symbol: settings.password_symbol,
        },
        privacy_settings: wire::Privacy {
            show_email_address: settings.show_email,
            show_full_name: settings.show_full_name,
        },
        rate_limit_settings: wire::RateLimit { enable: false },
        experimental_settings: wire::Experimental {
            enable_shared_channels: workspaces.enable_shared_channels,
            enable_remote_cluster_service: settings.connections_enabled(),
        },
        connected_workspaces_settings: wire::ConnectedWorkspaces {
            enable_shared_channels: workspaces.enable_shared_channels,
            enable_remote_cluster_service: settings.connections_enabled(),
            disable_shared_channels_status_sync: workspaces.disable_status_sync,
            max_posts_per_sync: number(workspaces.max_posts_per_sync),
            member_sync_batch_size: number(workspaces.member_batch),
            sync_users_on_connection_open: workspaces.offer_people,
            global_user_sync_batch_size: number(workspaces.discovery_batch),
            invitation_lifetime_hours: workspaces.invitation_hours,
            min_invitation_password_length: number(workspaces.min_invitation_password),
            max_pending_invitations: number(workspaces.max_pending),
            offline_after_seconds: workspaces.offline_after_seconds,
            ping_interval_seconds: i64::try_from(workspaces.ping_seconds).unwrap_or(i64::MAX),
            interruption_posts: match workspaces.interruption_posts {
                InterruptionPosts::Channel => "channel",
                InterruptionPosts::Banner => "banner",
                InterruptionPosts::Off => "off",
            }
            .to_owned(),
            share_email_addresses: workspaces.share_email_addresses,
            private_peer_addresses: policy(workspaces.private_peers),
            insecure_peers: policy(workspaces.insecure_peers),
            legacy_peers: policy(workspaces.legacy_peers),
            blocked_file_types: settings.files.blocked.iter().map(String::as_str).collect::<Vec<_>>().join(","),
            enable_emoji_sync: workspaces.emoji_sync,
            enable_remote_typing: workspaces.remote_typing,
            thread_context: if workspaces.send_thread_roots { "root" } else { "none" }.to_owned(),
        },
        feature_flags: wire::FeatureFlags {
            enable_shared_channels_dms: workspaces.direct_messages,
            enable_shared_channels_member_sync: workspaces.enable_member_sync,
            enable_sync_all_users_for_remote_cluster: workspaces.discovery,
        },
        ..wire::Config::default()
    }
}
