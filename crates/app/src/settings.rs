//! What an administrator can change, as the features need it. Read from files and environment by the server.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rialto_model::{History, Millis};
use rialto_store::settings::StoredSetting;

/// What to do with something doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Silently.
    Allow,
    /// With a warning in every answer and table.
    Warn,
    /// Not at all.
    Refuse,
}

/// How an interruption appears (behaviour 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterruptionPosts {
    /// Lasting posts in the channels.
    Channel,
    /// Banners of clients only.
    Banner,
    /// Not at all.
    Off,
}

/// All settings a feature asks for; times in the unit their name says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address under which people and peers reach this server, without trailing slash; None: not set.
    pub site_url: Option<String>,
    /// Name in titles.
    pub site_name: String,
    /// Anyone may sign up.
    pub enable_open_server: bool,
    /// Accounts can be made at all.
    pub enable_user_creation: bool,
    /// Shortest password, characters.
    pub password_min_length: usize,
    /// Passwords need a lower-case letter.
    pub password_lowercase: bool,
    /// Passwords need a capital letter.
    pub password_uppercase: bool,
    /// Passwords need a digit.
    pub password_number: bool,
    /// Passwords need another character.
    pub password_symbol: bool,
    /// Life of a sign-in, hours.
    pub session_hours: i64,
    /// Failed sign-ins before an account is held.
    pub max_login_attempts: i64,
    /// Longest message, characters.
    pub max_post_size: usize,
    /// Seconds an author may edit; -1: always.
    pub post_edit_seconds: i64,
    /// Different emoji on one post.
    pub unique_emoji_per_post: i64,
    /// People in one team.
    pub max_users_per_team: i64,
    /// Channels in one team that its people can make; copies of peers' channels come beyond it (E-141).
    pub max_channels_per_team: i64,
    /// Messages are removed here when they are too old (E-131).
    pub message_deletion: bool,
    /// How old that is, days.
    pub message_retention_days: i64,
    /// Administrators may delete channels for good.
    pub enable_channel_deletion: bool,
    /// People whom `@channel`, `@all` and `@here` call at once; in a bigger channel they call nobody.
    pub max_notifications_per_channel: usize,
    /// Others see addresses.
    pub show_email: bool,
    /// Others see first and last names.
    pub show_full_name: bool,
    /// People may give pictures names.
    pub custom_emoji: bool,
    /// What people have begun to write is kept here, so that all their clients have it.
    pub synced_drafts: bool,
    /// People may have messages posted later.
    pub scheduled_posts: bool,
    /// Urgent messages that call people again.
    pub reminders: Reminders,
    /// Accounts for programs can be made.
    pub bots: bool,
    /// People can have tokens for programs that act in their name; bots always can.
    pub access_tokens: bool,
    /// Programs may leave messages.
    pub incoming_webhooks: bool,
    /// Programs are called.
    pub programs: Programs,
    /// They may call themselves otherwise than whoever made their webhook.
    pub username_override: bool,
    /// They may have another picture.
    pub icon_override: bool,
    /// What is shown of pages that messages link to.
    pub links: Links,
    /// Attachments.
    pub files: Files,
    /// Connections and shares.
    pub workspaces: Workspaces,
}

/// Programs that the server calls (client-api 7.2 to 7.4).
#[derive(Debug, Clone)]
pub struct Programs {
    /// They are told of messages.
    pub outgoing_webhooks: bool,
    /// They answer slash commands.
    pub commands: bool,
    /// How long one may take to answer, ms.
    pub timeout_ms: i64,
}

/// Urgent messages that call people again until they answer (E-148).
#[derive(Debug, Clone)]
pub struct Reminders {
    /// There are any.
    pub allowed: bool,
    /// From one call to the next, ms.
    pub interval_ms: i64,
    /// How often at most.
    pub times: i64,
    /// People one message can call so.
    pub people: usize,
}

/// What is shown of pages of the web that messages link to.
#[derive(Debug, Clone)]
pub struct Links {
    /// Pages are looked at.
    pub previews: bool,
    /// Domains, lower case, whose pages are not, nor those of what lies below them.
    pub restricted: Vec<String>,
    /// Addresses and names of one's own network that may be called all the same.
    pub internal: Vec<String>,
}

/// Section `FileSettings`, and what of it concerns peers.
#[derive(Debug, Clone)]
pub struct Files {
    /// People may attach files, and peers send them.
    pub enabled: bool,
    /// Largest file, bytes.
    pub max_bytes: i64,
    /// Extensions that are not taken from peers, lower case, without the dot.
    pub blocked: std::collections::BTreeSet<String>,
}

/// Section `ConnectedWorkspacesSettings` and its flags (behaviour 6.1 to 6.3).
#[derive(Debug, Clone)]
pub struct Workspaces {
    /// Channel sharing.
    pub enable_shared_channels: bool,
    /// Connections; None: as channel sharing (ruling 79).
    pub enable_remote_cluster_service: Option<bool>,
    /// Presence and custom status stay here.
    pub disable_status_sync: bool,
    /// Joins and leaves travel.
    pub enable_member_sync: bool,
    /// Direct and group messages with people of other servers.
    pub direct_messages: bool,
    /// People outside shared channels are taken from peers, and ours offered if [`Self::offer_people`] says so too
    /// (behaviour 6.2).
    pub discovery: bool,
    /// Our people are offered to every peer that takes them.
    pub offer_people: bool,
    /// People in one frame of an offer.
    pub discovery_batch: usize,
    /// Posts in one frame.
    pub max_posts_per_sync: usize,
    /// Memberships in one frame.
    pub member_batch: usize,
    /// Life of a code, hours.
    pub invitation_hours: i64,
    /// Shortest invitation password; 0: warn only.
    pub min_invitation_password: usize,
    /// Codes that may wait at once.
    pub max_pending: usize,
    /// Online turns No after this.
    pub offline_after_seconds: i64,
    /// Between pings.
    pub ping_seconds: u64,
    /// How M-08 and M-09 appear.
    pub interruption_posts: InterruptionPosts,
    /// Real addresses in profiles sent to peers.
    pub share_email_addresses: bool,
    /// Peers on loopback or private networks.
    pub private_peers: Policy,
    /// Peers without TLS.
    pub insecure_peers: Policy,
    /// Peers that cannot rotate their token (ruling 8).
    pub legacy_peers: Policy,
    /// Peers are given another token to present after so many days; 0: only when an administrator says so (behaviour 8.5).
    pub token_rotation_days: i64,
    /// People nobody here knew that one peer may bring in a day (E-135).
    pub peer_users_per_day: i64,
    /// Channels nobody here knew that one peer may bring in a day (E-135).
    pub peer_channels_per_day: i64,
    /// Messages one peer may send in a minute; 0: as many as it likes (E-122).
    pub peer_messages_per_minute: u32,
    /// Whether the root of a reply goes along if it is older than the share (ruling 46).
    pub send_thread_roots: bool,
    /// How much of a channel's past may be sent when it is shared; None: nothing (behaviour 8.1).
    pub history_max: Option<History>,
    /// Whether earlier messages are taken from peers that share a channel with us (behaviour 8.1).
    pub accept_history: bool,
    /// Channels that peers offer wait for an administrator (behaviour 8.6).
    pub require_channel_approval: bool,
    /// Authors see what became of their messages elsewhere (M-18, behaviour 8.3).
    pub delivery_states: bool,
    /// So do the other members of the channel.
    pub delivery_states_for_members: bool,
    /// Custom emoji used in shared channels go to other Rialtos, and theirs are shown there (behaviour 8.2).
    pub emoji_sync: bool,
    /// Other Rialtos are told who types in shared channels, and say so of their people (behaviour 8.10).
    pub remote_typing: bool,
    /// Administrators get direct messages when the other side ends sharing (M-06, M-07).
    pub notify_admins_on_unshare: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            site_url: None,
            site_name: "Rialto".to_owned(),
            enable_open_server: false,
            enable_user_creation: true,
            password_min_length: 8,
            password_lowercase: false,
            password_uppercase: false,
            password_number: false,
            password_symbol: false,
            session_hours: 720,
            max_login_attempts: 10,
            max_post_size: 16_383,
            post_edit_seconds: -1,
            unique_emoji_per_post: 50,
            max_users_per_team: 10_000,
            max_channels_per_team: 2_000,
            message_deletion: false,
            message_retention_days: 365,
            enable_channel_deletion: false,
            max_notifications_per_channel: 1_000,
            show_email: true,
            show_full_name: true,
            custom_emoji: true,
            bots: false,
            access_tokens: false,
            incoming_webhooks: true,
            programs: Programs { outgoing_webhooks: true, commands: true, timeout_ms: 30_000 },
            username_override: false,
            icon_override: false,
            synced_drafts: true,
            scheduled_posts: true,
            reminders: Reminders { allowed: true, interval_ms: 5 * 60_000, times: 6, people: 5 },
            links: Links { previews: true, restricted: Vec::new(), internal: Vec::new() },
            files: Files { enabled: true, max_bytes: 100 << 20, blocked: std::collections::BTreeSet::new() },
            workspaces: Workspaces {
                enable_shared_channels: false,
                enable_remote_cluster_service: None,
                disable_status_sync: false,
                enable_member_sync: true,
                direct_messages: true,
                discovery: false,
                offer_people: false,
                discovery_batch: 100,
                max_posts_per_sync: 50,
                member_batch: 100,
                invitation_hours: 48,
                min_invitation_password: 0,
                max_pending: 50,
                offline_after_seconds: 300,
                ping_seconds: 60,
                interruption_posts: InterruptionPosts::Channel,
                share_email_addresses: false,
                private_peers: Policy::Refuse,
                insecure_peers: Policy::Refuse,
                legacy_peers: Policy::Refuse,
                token_rotation_days: 90,
                peer_users_per_day: 10_000,
                peer_channels_per_day: 500,
                peer_messages_per_minute: 6_000,
                send_thread_roots: true,
                history_max: None,
                accept_history: true,
                require_channel_approval: false,
                delivery_states: true,
                delivery_states_for_members: false,
                emoji_sync: false,
                remote_typing: false,
                notify_admins_on_unshare: true,
            },
        }
    }
}

impl Settings {
    /// Connections may be made and peers may call (SC-021, ruling 79).
    pub fn connections_enabled(&self) -> bool {
        self.workspaces.enable_remote_cluster_service.unwrap_or(self.workspaces.enable_shared_channels)
    }

    /// Channels may be shared.
    pub fn sharing_enabled(&self) -> bool {
        self.workspaces.enable_shared_channels && self.connections_enabled()
    }

    /// People here and of other servers may write to each other directly (behaviour 4.7, 6.2).
    pub fn direct_messages_enabled(&self) -> bool {
        self.workspaces.direct_messages && self.sharing_enabled()
    }

    /// Pictures of emoji go to other Rialtos and are taken from them (behaviour 8.2).
    pub fn emoji_sync_enabled(&self) -> bool {
        self.workspaces.emoji_sync && self.sharing_enabled()
    }

    /// Who types is told to other Rialtos and heard from them (ruling 56).
    pub fn remote_typing_enabled(&self) -> bool {
        self.workspaces.remote_typing && self.sharing_enabled()
    }

    /// Messages that were written before this are not kept here (E-131).
    pub fn messages_kept_from(&self, now: Millis) -> Option<Millis> {
        self.message_deletion.then(|| Millis(now.0 - self.message_retention_days * 24 * 3_600_000))
    }

    /// People of peers are taken although they are in no shared channel (behaviour 6.2).
    pub fn discovery_enabled(&self) -> bool {
        self.workspaces.discovery && self.sharing_enabled()
    }

    /// All our people are offered to peers (behaviour 6.2).
    pub fn offers_people(&self) -> bool {
        self.workspaces.offer_people && self.discovery_enabled()
    }

    /// [`Workspaces::offline_after_seconds`] in ms.
    pub fn offline_after_ms(&self) -> i64 {
        self.workspaces.offline_after_seconds * 1000
    }
}

/// A setting by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// `ConnectedWorkspacesSettings`, for example.
    pub section: &'static str,
    /// Key in the section.
    pub name: &'static str,
    /// What at the start of the server decides it, so that it cannot be changed while it runs: an environment variable,
    /// an option of the command line.
    pub fixed_by: Option<String>,
    /// All spellings that are written together, so that other programs find what they know (behaviour 6.1).
    pub spellings: Vec<(&'static str, &'static str)>,
}

/// Puts settings together from everything that says something about them. The server knows how; features do not.
pub trait Composer: Send + Sync {
    /// Looks a setting up; any case will do.
    fn find(&self, section: &str, name: &str) -> Option<Known>;

    /// All settings that something at the start decides.
    fn fixed(&self) -> Vec<Known>;

    /// The settings with what administrators stored in its place: over the file, under environment and command line.
    ///
    /// # Errors
    /// Everything that is wrong with them, one sentence each.
    fn compose(&self, stored: &[StoredSetting]) -> Result<Settings, Vec<String>>;
}

/// The settings in force; changed as a whole, effective at the next look.
#[derive(Clone, Default)]
pub struct SettingsCell {
    now: Arc<RwLock<Arc<Settings>>>,
    composer: Arc<OnceLock<Arc<dyn Composer>>>,
}

impl SettingsCell {
    /// Starts with `settings`.
    pub fn new(settings: Settings) -> Self {
        Self { now: Arc::new(RwLock::new(Arc::new(settings))), composer: Arc::default() }
    }

    /// What is in force now.
    pub fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in force.
    pub fn set(&self, settings: Settings) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// Says how settings are put together; only the first call counts.
    pub fn compose_by(&self, composer: Arc<dyn Composer>) {
        let _ = self.composer.set(composer);
    }

    /// How they are put together; None where they never change.
    pub fn composer(&self) -> Option<&Arc<dyn Composer>> {
        self.composer.get()
    }
}
