//! Addresses at which programs leave messages.

use crate::{ChannelId, ItemId, Millis, TeamId, UserId};

/// An incoming webhook: whoever knows its id writes as its maker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingWebhook {
    /// Names it, and is the secret.
    pub id: ItemId,
    /// In whose name it writes.
    pub user_id: UserId,
    /// Where it writes if a message does not say otherwise.
    pub channel_id: ChannelId,
    /// The team of that channel.
    pub team_id: TeamId,
    /// Shown in lists.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Shown instead of its maker's name where the server allows that; empty for none.
    pub username: String,
    /// Shown instead of its maker's picture where the server allows that; empty for none.
    pub icon_url: String,
    /// It writes nowhere else.
    pub channel_locked: bool,
    /// When it was made.
    pub create_at: Millis,
    /// When it was changed last.
    pub update_at: Millis,
}
