//! Channels and their members. Source: client-api 2.2 and 5.4.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.2")]

use std::collections::BTreeMap;

use rialto_model::{ChannelId, Millis, TeamId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lenient::{or_absent, or_default, well_formed};

/// A channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    pub id: ChannelId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    /// Empty for direct and group channels.
    pub team_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub display_name: String,
    pub name: String,
    pub header: String,
    pub purpose: String,
    pub last_post_at: i64,
    pub total_msg_count: i64,
    pub extra_update_at: i64,
    pub creator_id: String,
    pub scheme_id: Option<String>,
    pub props: Option<Value>,
    pub group_constrained: Option<bool>,
    pub autotranslation: bool,
    pub shared: Option<bool>,
    pub total_msg_count_root: i64,
    pub policy_id: Option<String>,
    pub last_root_post_at: i64,
    pub banner_info: Option<Value>,
    pub policy_enforced: bool,
    pub policy_is_active: bool,
    pub default_category_name: String,
}

impl From<&rialto_model::Channel> for Channel {
    fn from(channel: &rialto_model::Channel) -> Self {
        Channel {
            id: channel.id,
            create_at: channel.create_at.0,
            update_at: channel.update_at.0,
            delete_at: Millis::or_zero(channel.delete_at),
            team_id: channel.team_id.map_or_else(String::new, |id| id.to_string()),
            kind: channel.kind.letter().to_owned(),
            display_name: channel.display_name.clone(),
            name: channel.name.clone(),
            header: channel.header.clone(),
            purpose: channel.purpose.clone(),
            last_post_at: channel.last_post_at.0,
            total_msg_count: channel.total_msg_count,
            extra_update_at: 0,
            creator_id: channel.creator_id.map_or_else(String::new, |id| id.to_string()),
            scheme_id: None,
            props: None,
            group_constrained: None,
            autotranslation: false,
            shared: Some(channel.shared),
            total_msg_count_root: channel.total_msg_count_root,
            policy_id: None,
            last_root_post_at: channel.last_post_at.0,
            banner_info: None,
            policy_enforced: false,
            policy_is_active: false,
            default_category_name: String::new(),
        }
    }
}

/// The team of a channel or membership, in lists across teams.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TeamFacts {
    pub team_display_name: String,
    pub team_name: String,
    pub team_update_at: i64,
}

/// A channel in lists across teams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelWithTeam {
    #[serde(flatten)]
    pub channel: Channel,
    #[serde(flatten)]
    pub team: TeamFacts,
}

/// `GET /channels?include_total_count=true`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelsWithCount {
    pub channels: Vec<ChannelWithTeam>,
    pub total_count: i64,
}

/// That a person belongs to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelMember {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub roles: String,
    pub last_viewed_at: i64,
    pub msg_count: i64,
    pub mention_count: i64,
    pub mention_count_root: i64,
    pub urgent_mention_count: i64,
    pub msg_count_root: i64,
    pub notify_props: BTreeMap<String, String>,
    pub last_update_at: i64,
    pub scheme_guest: bool,
    pub scheme_user: bool,
    pub scheme_admin: bool,
    pub explicit_roles: String,
    pub autotranslation_disabled: bool,
}

impl From<&rialto_model::ChannelMember> for ChannelMember {
    /// As the member sees it; see [`ChannelMember::for_others`].
    fn from(member: &rialto_model::ChannelMember) -> Self {
        ChannelMember {
            channel_id: member.channel_id,
            user_id: member.user_id,
            roles: member.roles().collect::<Vec<_>>().join(" "),
            last_viewed_at: member.last_viewed_at.0,
            msg_count: member.msg_count,
            mention_count: member.mention_count,
            mention_count_root: member.mention_count_root,
            urgent_mention_count: 0,
            msg_count_root: member.msg_count_root,
            notify_props: member.notify_props.clone(),
            last_update_at: member.last_update_at.0,
            scheme_guest: member.scheme_guest,
            scheme_user: member.scheme_user,
            scheme_admin: member.scheme_admin,
            explicit_roles: String::new(),
            autotranslation_disabled: false,
        }
    }
}

impl ChannelMember {
    /// Without when they last looked, which concerns only themself.
    #[must_use]
    pub fn for_others(mut self) -> ChannelMember {
        self.last_viewed_at = -1;
        self.last_update_at = -1;
        self
    }

    /// As `viewer` may see it.
    pub fn seen_by(member: &rialto_model::ChannelMember, viewer: UserId) -> ChannelMember {
        let shown = ChannelMember::from(member);
        if member.user_id == viewer { shown } else { shown.for_others() }
    }
}

/// A line of `GET /users/U/channel_members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelMemberWithTeam {
    #[serde(flatten)]
    pub member: ChannelMember,
    #[serde(flatten)]
    pub team: TeamFacts,
}

/// `GET /channels/C/stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStats {
    pub channel_id: ChannelId,
    pub member_count: i64,
    pub guest_count: i64,
    pub pinnedpost_count: i64,
    /// -1 when excluded.
    pub files_count: i64,
}

/// `GET /users/U/channels/C/unread`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelUnread {
    pub team_id: String,
    pub channel_id: ChannelId,
    pub msg_count: i64,
    pub mention_count: i64,
    pub mention_count_root: i64,
    pub urgent_mention_count: i64,
    pub msg_count_root: i64,
}

/// `POST /users/U/posts/P/set_unread`, and the data of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelUnreadAt {
    pub team_id: String,
    pub user_id: UserId,
    pub channel_id: ChannelId,
    pub msg_count: i64,
    pub mention_count: i64,
    pub mention_count_root: i64,
    pub urgent_mention_count: i64,
    pub msg_count_root: i64,
    pub last_viewed_at: i64,
}

/// `POST /channels/members/me/view`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChannelView {
    /// Empty when the window lost its focus.
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub prev_channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub collapsed_threads_supported: bool,
}

/// The answer to a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelViewed {
    pub status: String,
    pub last_viewed_at_times: BTreeMap<ChannelId, i64>,
}

impl ChannelViewed {
    /// OK with the times.
    pub fn new(times: impl IntoIterator<Item = (ChannelId, Millis)>) -> ChannelViewed {
        let last_viewed_at_times = times.into_iter().map(|(id, at)| (id, at.0)).collect();
        ChannelViewed { status: "OK".to_owned(), last_viewed_at_times }
    }
}

/// `POST /channels`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewChannel {
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    /// `O` or `P`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub purpose: String,
    #[serde(deserialize_with = "or_default")]
    pub header: String,
}

/// `PUT /channels/C/patch` and `PUT /channels/C`: what is None stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChannelPatch {
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub header: Option<String>,
    pub purpose: Option<String>,
}

/// `POST /channels/C/members`: one of the two.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewChannelMembers {
    #[serde(deserialize_with = "or_default")]
    pub user_id: String,
    #[serde(deserialize_with = "well_formed")]
    pub user_ids: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub post_root_id: String,
}

/// `POST /teams/T/channels/search` and its like.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChannelSearch {
    #[serde(deserialize_with = "or_default")]
    pub term: String,
    #[serde(deserialize_with = "well_formed")]
    pub team_ids: Vec<TeamId>,
    #[serde(deserialize_with = "or_default")]
    pub include_deleted: bool,
    #[serde(deserialize_with = "or_absent")]
    pub page: Option<i64>,
    #[serde(deserialize_with = "or_absent")]
    pub per_page: Option<i64>,
    /// Only archived ones.
    #[serde(deserialize_with = "or_default")]
    pub deleted: bool,
    #[serde(deserialize_with = "or_default")]
    pub public: bool,
    #[serde(deserialize_with = "or_default")]
    pub private: bool,
    #[serde(deserialize_with = "or_default")]
    pub exclude_default_channels: bool,
    #[serde(deserialize_with = "or_default")]
    pub exclude_remote: bool,
}

/// `POST /channels/C/convert_to_channel`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Conversion {
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
}

/// Somebody who was asked for in a channel and has not come yet; Rialto only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRequest {
    pub channel_id: ChannelId,
    pub user_id: UserId,
    pub requested_by: UserId,
    pub create_at: i64,
    /// `asked` or `pending` of people of other servers, `received` of people here.
    pub state: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_do_not_learn_when_somebody_looked() {
        let member = rialto_model::ChannelMember {
            channel_id: ChannelId::from_random([1; 16]),
            user_id: UserId::from_random([2; 16]),
            scheme_admin: true,
            scheme_user: true,
            scheme_guest: false,
            last_viewed_at: Millis(5),
            msg_count: 3,
            msg_count_root: 2,
            mention_count: 1,
            mention_count_root: 0,
            notify_props: rialto_model::channel::default_notify_props(),
            last_update_at: Millis(6),
            moderation: rialto_model::Moderation::default(),
        };
        let own = ChannelMember::seen_by(&member, member.user_id);
        assert_eq!((own.last_viewed_at, own.roles.as_str()), (5, "channel_user channel_admin"));
        let other = ChannelMember::seen_by(&member, UserId::from_random([3; 16]));
        assert_eq!((other.last_viewed_at, other.last_update_at), (-1, -1));
    }

    #[test]
    fn go_clients_send_null() {
        let text = r#"{"id":"","team_id":"t","name":"n","type":"O","scheme_id":null,"props":null,"header":null}"#;
        let new: NewChannel = serde_json::from_str(text).unwrap();
        assert_eq!((new.name.as_str(), new.header.as_str()), ("n", ""));
        let members: NewChannelMembers = serde_json::from_str(r#"{"user_id":"u","user_ids":null}"#).unwrap();
        assert!(members.user_ids.is_empty());
    }
}
