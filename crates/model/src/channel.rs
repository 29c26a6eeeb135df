//! Channels and who belongs to them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{ChannelId, Millis, Moderation, PermissionSet, RemoteId, TeamId, UserId};

/// What sort of conversation a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// `O`: anyone of the team may find and join it.
    Public,
    /// `P`: by invitation.
    Private,
    /// `D`: two people.
    Direct,
    /// `G`: three to eight people.
    Group,
}

impl ChannelKind {
    /// The letter API v4 uses.
    pub fn letter(self) -> &'static str {
        match self {
            ChannelKind::Public => "O",
            ChannelKind::Private => "P",
            ChannelKind::Direct => "D",
            ChannelKind::Group => "G",
        }
    }

    /// The reverse of [`ChannelKind::letter`].
    pub fn from_letter(letter: &str) -> Option<ChannelKind> {
        match letter {
            "O" => Some(ChannelKind::Public),
            "P" => Some(ChannelKind::Private),
            "D" => Some(ChannelKind::Direct),
            "G" => Some(ChannelKind::Group),
            _ => None,
        }
    }

    /// Direct and group channels belong to no team and federate by themselves (behaviour 4.7).
    pub fn is_direct_or_group(self) -> bool {
        matches!(self, ChannelKind::Direct | ChannelKind::Group)
    }
}

/// A channel, home or copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Same on home and copies.
    pub id: ChannelId,
    /// When it was made here.
    pub create_at: Millis,
    /// Version of the row.
    pub update_at: Millis,
    /// Set while archived.
    pub delete_at: Option<Millis>,
    /// None for direct and group channels.
    pub team_id: Option<TeamId>,
    /// What sort.
    pub kind: ChannelKind,
    /// Unique in the team, part of links.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Shown above the messages.
    pub header: String,
    /// What it is for.
    pub purpose: String,
    /// Who made it; None for copies whose maker is gone.
    pub creator_id: Option<UserId>,
    /// The connection this copy came over; None for channels born here. A permanent property (SC-038).
    pub origin: Option<RemoteId>,
    /// Whether at least one live share exists.
    pub shared: bool,
    /// Creation time of the newest post, 0 if none. Read from slotted counters.
    pub last_post_at: Millis,
    /// Number of posts that count as messages.
    pub total_msg_count: i64,
    /// The same without replies.
    pub total_msg_count_root: i64,
}

impl Channel {
    /// True once archived.
    pub fn is_archived(&self) -> bool {
        self.delete_at.is_some()
    }
}

/// That a person belongs to a channel, and how far they have read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelMember {
    /// The channel.
    pub channel_id: ChannelId,
    /// The person.
    pub user_id: UserId,
    /// Holds the channel's administrator role.
    pub scheme_admin: bool,
    /// Holds the channel's member role.
    pub scheme_user: bool,
    /// Holds the channel's guest role.
    pub scheme_guest: bool,
    /// When they last looked, 0 if never.
    pub last_viewed_at: Millis,
    /// Messages they have seen.
    pub msg_count: i64,
    /// The same without replies.
    pub msg_count_root: i64,
    /// Unread mentions.
    pub mention_count: i64,
    /// The same without replies.
    pub mention_count_root: i64,
    /// Per-channel notification settings.
    pub notify_props: BTreeMap<String, String>,
    /// Version of the row.
    pub last_update_at: Millis,
    /// How the channel is moderated; a property of the channel, read with each membership.
    pub moderation: Moderation,
}

impl ChannelMember {
    /// The names of the roles the flags stand for, as they are in this channel (see [`Moderation::role_name`]).
    pub fn roles(&self) -> impl Iterator<Item = Cow<'static, str>> {
        let moderation = self.moderation;
        self.built_in_roles().map(move |role| moderation.role_name(role))
    }

    /// What the member may do by them.
    pub fn permissions(&self) -> PermissionSet {
        PermissionSet::in_channel(self.built_in_roles(), self.moderation)
    }

    fn built_in_roles(&self) -> impl Iterator<Item = &'static str> {
        [(self.scheme_guest, "channel_guest"), (self.scheme_user, "channel_user"), (self.scheme_admin, "channel_admin")]
            .into_iter()
            .filter_map(|(held, name)| held.then_some(name))
    }
}

/// Per-channel notification settings a new member starts with (client-api 2.2).
pub fn default_notify_props() -> BTreeMap<String, String> {
    [
        ("desktop", "default"),
        ("email", "default"),
        ("push", "default"),
        ("ignore_channel_mentions", "default"),
        ("mark_unread", "all"),
        ("channel_auto_follow_threads", "off"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}
