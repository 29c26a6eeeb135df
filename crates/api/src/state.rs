//! What handlers share.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderValue;
use rialto_app::{App, Settings};
use rialto_federation::Federation;
use rialto_wire::v4::client_config::{ClientConfigInput, client_config_full};
use rialto_wire::v4::system::version_id;
use sha2::{Digest, Sha256};

/// `X-Version-Id`, and the settings it was made of.
type Version = (Arc<Settings>, HeaderValue);

/// The state of every handler: cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The domain.
    pub app: App,
    /// Secure connections in action.
    pub federation: Federation,
    version: Arc<Mutex<Option<Version>>>,
}

impl Api {
    /// Handlers over an application and its network.
    pub fn new(federation: Federation) -> Self {
        Self { app: federation.app.clone(), federation, version: Arc::default() }
    }

    /// The value of `X-Version-Id`: constant but for the hash of the client configuration (ruling 4).
    pub fn version_id(&self) -> HeaderValue {
        let settings = self.app.settings.get();
        let mut known = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = known.as_ref().filter(|(of, _)| Arc::ptr_eq(of, &settings)) {
            return value.clone();
        }
        let config = client_config_full(&client_config(&self.app, &settings, false));
        let hash = Sha256::digest(serde_json::to_vec(&config).unwrap_or_default());
        let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        // A version, digits and letters: always a valid header.
        let value = HeaderValue::from_str(&version_id(&hash)).unwrap_or(HeaderValue::from_static("11.6.0"));
        *known = Some((settings, value.clone()));
        value
    }

    /// The same as text, for the first frame of a websocket.
    pub fn version_text(&self) -> String {
        self.version_id().to_str().unwrap_or_default().to_owned()
    }

    /// Whether people reach us over TLS, which always ends before us: as the site URL says.
    pub fn is_https(&self) -> bool {
        self.app.settings.get().site_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// The path below which this server lives, without trailing slash; empty for the root. Cookies are bound to it.
    pub fn sub_path(&self) -> String {
        let settings = self.app.settings.get();
        let site_url = settings.site_url.as_deref().unwrap_or_default();
        let rest = site_url.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default().trim_end_matches('/').to_owned()
    }
}

/// What of the settings clients must know.
pub fn client_config(app: &App, settings: &Settings, no_accounts: bool) -> ClientConfigInput {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    ClientConfigInput {
        site_name: settings.site_name.clone(),
        site_url: settings.site_url.clone().unwrap_or_default(),
        websocket_url: String::new(),
        default_locale: "en".to_owned(),
        no_accounts,
        enable_user_creation: settings.enable_user_creation,
        enable_open_server: settings.enable_open_server,
        password_minimum_length: settings.password_min_length,
        password_lowercase: settings.password_lowercase,
        password_uppercase: settings.password_uppercase,
        password_number: settings.password_number,
        password_symbol: settings.password_symbol,
        enable_user_statuses: true,
        enable_custom_statuses: true,
        enable_typing: true,
        enable_file_attachments: settings.files.enabled,
        max_file_size: settings.files.max_bytes,
        max_post_size: number(settings.max_post_size),
        max_notifications_per_channel: number(settings.max_notifications_per_channel),
        post_edit_time_limit: settings.post_edit_seconds,
        enable_custom_emoji: settings.custom_emoji,
        incoming_webhooks: settings.incoming_webhooks,
        outgoing_webhooks: settings.programs.outgoing_webhooks,
        commands: settings.programs.commands,
        username_override: settings.username_override,
        icon_override: settings.icon_override,
        bots: settings.bots,
        access_tokens: settings.access_tokens,
        synced_drafts: settings.synced_drafts,
        scheduled_posts: settings.scheduled_posts,
        reminders: settings.reminders.allowed,
        reminder_minutes: settings.reminders.interval_ms / 60_000,
        reminder_times: settings.reminders.times,
        reminder_people: number(settings.reminders.people),
        enable_link_previews: settings.links.previews,
        reaction_limit: settings.unique_emoji_per_post,
        collapsed_threads: "always_on".to_owned(),
        teammate_name_display: "username".to_owned(),
        restrict_direct_message: "any".to_owned(),
        show_email_address: settings.show_email,
        show_full_name: settings.show_full_name,
        enable_shared_channels: settings.sharing_enabled(),
        shared_direct_messages: settings.direct_messages_enabled(),
        member_sync: settings.workspaces.enable_member_sync,
        discovery: settings.workspaces.discovery,
        installed_at: app.installation.create_at,
        sql_driver: if app.db.is_postgres() { "postgres" } else { "sqlite3" }.to_owned(),
    }
}
