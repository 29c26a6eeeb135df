//! The events clients know, and what each carries. Source: client-api 9.5; "JSON" there means text holding JSON.

use std::collections::BTreeMap;

use rialto_model::event::{Change, SidebarChange};
use rialto_model::{ChannelId, ChannelKind, ConnectionId, Millis, PostId, RemoteId, TeamId, ThreadUnread, UserId};
use serde_json::{Value, json};

use super::{Broadcast, EventFrame};
use crate::lenient::to_text;
use crate::v4::acknowledgements::Acknowledgement;
use crate::v4::bookmarks::{Bookmark, UpdatedBookmark};
use crate::v4::categories::Category;
use crate::v4::channels::{Channel, ChannelMember, ChannelUnreadAt};
use crate::v4::drafts::{Draft, ScheduledPost};
use crate::v4::emoji::Emoji;
use crate::v4::posts::Post;
use crate::v4::preferences::Preference;
use crate::v4::reactions::Reaction;
use crate::v4::teams::{Team, TeamMember};
use crate::v4::threads::Thread;
use crate::v4::users::User;

/// The first event of a connection.
pub const HELLO: &str = "hello";

/// Somebody posted. Everybody in the channel gets it; those who are mentioned get one of their own, made with
/// `mentioned`, so that nobody learns who else was. `sender_name` is the author's username, without an `@`.
pub fn posted(
    post: &Post,
    channel: &rialto_model::Channel,
    sender_name: &str,
    mentioned: Option<UserId>,
    set_online: bool,
) -> EventFrame {
    let data = of_new_post(post, channel, sender_name, mentioned, set_online);
    EventFrame::new("posted", data, Broadcast::channel(channel.id))
}

/// An urgent post calls the person once more, who has not answered it (E-148).
pub fn reminder_due(post: &Post, channel: &rialto_model::Channel, sender_name: &str, user: UserId) -> EventFrame {
    let data = of_new_post(post, channel, sender_name, Some(user), false);
    EventFrame::new("persistent_notification_triggered", data, Broadcast::user(user))
}

fn of_new_post(
    post: &Post,
    channel: &rialto_model::Channel,
    sender_name: &str,
    mentioned: Option<UserId>,
    set_online: bool,
) -> Value {
    let mut data = json!({
        "post": to_text(post),
        "channel_type": channel.kind.letter(),
        "channel_display_name": channel.display_name,
        "channel_name": channel.name,
        "sender_name": format!("@{sender_name}"),
        "team_id": channel.team_id.map_or_else(String::new, |id| id.to_string()),
        "set_online": set_online,
    });
    if let (Some(user), Some(data)) = (mentioned, data.as_object_mut()) {
        data.insert("mentions".to_owned(), to_text(&[user]).into());
    }
    data
}

/// A text for one person, which is stored nowhere.
pub fn ephemeral_message(user: UserId, post: &Post) -> EventFrame {
    let broadcast = Broadcast::user(user).in_channel(post.channel_id);
    EventFrame::new("ephemeral_message", json!({"post": to_text(post)}), broadcast)
}

/// What one person was shown has changed.
pub fn note_edited(user: UserId, post: &Post) -> EventFrame {
    EventFrame::new("post_edited", json!({"post": to_text(post)}), Broadcast::user(user).in_channel(post.channel_id))
}

/// A program opens a dialog; `dialog` is JSON.
pub fn open_dialog(user: UserId, dialog: &str) -> EventFrame {
    EventFrame::new("open_dialog", json!({"dialog": dialog}), Broadcast::user(user))
}

/// Text, props, pin or metadata of a post changed.
pub fn post_edited(post: &Post) -> EventFrame {
    EventFrame::new("post_edited", json!({"post": to_text(post)}), Broadcast::channel(post.channel_id))
}

/// A post is gone, its replies too. `delete_by` is for administrators only.
pub fn post_deleted(post: &Post, delete_by: Option<UserId>) -> EventFrame {
    let data = match delete_by {
        Some(user) => json!({"post": to_text(post), "delete_by": user}),
        None => json!({"post": to_text(post)}),
    };
    EventFrame::new("post_deleted", data, Broadcast::channel(post.channel_id))
}

/// The person marked a post unread.
pub fn post_unread(unread: &ChannelUnreadAt, post: PostId) -> EventFrame {
    let data = json!({
        "msg_count": unread.msg_count,
        "msg_count_root": unread.msg_count_root,
        "mention_count": unread.mention_count,
        "mention_count_root": unread.mention_count_root,
        "urgent_mention_count": unread.urgent_mention_count,
        "last_viewed_at": unread.last_viewed_at,
        "post_id": post,
    });
    let team = TeamId::parse(&unread.team_id).ok();
    EventFrame::new("post_unread", data, Broadcast::user(unread.user_id).in_channel(unread.channel_id).in_team(team))
}

/// A thread the person follows has another reply, or one less; `before` is what they had not read of it before a reply.
/// Empty team in direct and group channels, here and below.
pub fn thread_updated(user: UserId, team: Option<TeamId>, thread: &Thread, before: Option<ThreadUnread>) -> EventFrame {
    let mut data = json!({"thread": to_text(thread)});
    if let (Some(before), Some(data)) = (before, data.as_object_mut()) {
        data.insert("previous_unread_replies".to_owned(), before.replies.into());
        data.insert("previous_unread_mentions".to_owned(), before.mentions.into());
    }
    EventFrame::new("thread_updated", data, Broadcast::user(user).in_team(team))
}

/// The person follows a thread, or has left off.
pub fn thread_follow_changed(
    user: UserId,
    team: Option<TeamId>,
    root: PostId,
    following: bool,
    replies: i64,
) -> EventFrame {
    let data = json!({"thread_id": root, "state": following, "reply_count": replies});
    EventFrame::new("thread_follow_changed", data, Broadcast::user(user).in_team(team))
}

/// How far somebody has read one thread.
#[derive(Debug, Clone, Copy)]
pub struct ThreadRead {
    /// The thread.
    pub root: PostId,
    /// Where it is.
    pub channel: ChannelId,
    /// Up to when.
    pub at: Millis,
    /// What was unread before.
    pub before: ThreadUnread,
    /// What is unread now.
    pub now: ThreadUnread,
}

/// The person has read a thread, or marked it unread.
pub fn thread_read_changed(user: UserId, team: Option<TeamId>, read: ThreadRead) -> EventFrame {
    let data = json!({
        "thread_id": read.root,
        "timestamp": read.at.0,
        "unread_mentions": read.now.mentions,
        "unread_replies": read.now.replies,
        "previous_unread_mentions": read.before.mentions,
        "previous_unread_replies": read.before.replies,
        "channel_id": read.channel,
    });
    EventFrame::new("thread_read_changed", data, Broadcast::user(user).in_team(team))
}

/// The person has read all threads of a team.
pub fn team_threads_read(user: UserId, team: TeamId, at: Millis) -> EventFrame {
    let data = json!({"timestamp": at.0});
    EventFrame::new("thread_read_changed", data, Broadcast::user(user).in_team(Some(team)))
}

/// The person has read all threads of a channel.
pub fn channel_threads_read(user: UserId, channel: ChannelId, at: Millis) -> EventFrame {
    let data = json!({"timestamp": at.0});
    EventFrame::new("thread_read_changed", data, Broadcast::user(user).in_channel(channel))
}

/// Somebody reacted.
pub fn reaction_added(reaction: &Reaction) -> EventFrame {
    let data = json!({"reaction": to_text(reaction)});
    EventFrame::new("reaction_added", data, Broadcast::channel(reaction.channel_id))
}

/// Somebody took a reaction back.
pub fn reaction_removed(reaction: &Reaction) -> EventFrame {
    let data = json!({"reaction": to_text(reaction)});
    EventFrame::new("reaction_removed", data, Broadcast::channel(reaction.channel_id))
}

/// Somebody has given a picture a name.
pub fn emoji_added(emoji: &Emoji) -> EventFrame {
    EventFrame::new("emoji_added", json!({"emoji": to_text(emoji)}), Broadcast::everyone())
}

/// A picture lost its name. Rialto only; clients of Mattermost learn of it when they ask again.
pub fn emoji_removed(emoji: &Emoji) -> EventFrame {
    EventFrame::new("rialto_emoji_removed", json!({"id": emoji.id, "name": emoji.name}), Broadcast::everyone())
}

/// The emoji of another organisation that are seen in a channel changed; `GET /channels/C/peer_emoji` says which there are.
/// Rialto only.
pub fn peer_emoji_changed(channel: ChannelId) -> EventFrame {
    EventFrame::new("rialto_peer_emoji_changed", json!({"channel_id": channel}), Broadcast::channel(channel))
}

/// Somebody acknowledged a post.
pub fn post_acknowledgement_added(ack: &Acknowledgement) -> EventFrame {
    acknowledgement("post_acknowledgement_added", ack)
}

/// Somebody took an acknowledgement back.
pub fn post_acknowledgement_removed(ack: &Acknowledgement) -> EventFrame {
    acknowledgement("post_acknowledgement_removed", ack)
}

fn acknowledgement(event: &'static str, ack: &Acknowledgement) -> EventFrame {
    EventFrame::new(event, json!({"acknowledgement": to_text(ack)}), Broadcast::channel(ack.channel_id))
}

/// The person made a channel.
pub fn channel_created(user: UserId, channel: &rialto_model::Channel) -> EventFrame {
    let team_id = channel.team_id.map_or_else(String::new, |id| id.to_string());
    EventFrame::new("channel_created", json!({"channel_id": channel.id, "team_id": team_id}), Broadcast::user(user))
}

/// A bookmark of a channel changed, by a client that need not be told.
pub fn bookmark_changed(bookmark: &Bookmark, change: Change, from: Option<ConnectionId>) -> EventFrame {
    let (event, data) = match change {
        Change::Added => ("channel_bookmark_created", json!({"bookmark": to_text(bookmark)})),
        Change::Updated => {
            let updated = UpdatedBookmark { updated: bookmark.clone() };
            ("channel_bookmark_updated", json!({"bookmarks": to_text(&updated)}))
        }
        Change::Deleted => ("channel_bookmark_deleted", json!({"bookmark": to_text(bookmark)})),
    };
    EventFrame::new(event, data, Broadcast::channel(bookmark.channel_id).omitting_connection(from))
}

/// The bookmarks of a channel stand in another order.
pub fn bookmarks_sorted(channel: ChannelId, bookmarks: &[Bookmark], from: Option<ConnectionId>) -> EventFrame {
    let data = json!({"bookmarks": to_text(bookmarks)});
    EventFrame::new("channel_bookmark_sorted", data, Broadcast::channel(channel).omitting_connection(from))
}

/// Anything about a channel changed, whether it is shared included.
pub fn channel_updated(channel: &Channel) -> EventFrame {
    EventFrame::new("channel_updated", json!({"channel": to_text(channel)}), Broadcast::channel(channel.id))
}

/// What members of a channel may do has changed: clients ask for their memberships, which name other roles then.
pub fn channel_scheme_updated(channel: ChannelId) -> EventFrame {
    EventFrame::new("channel_scheme_updated", json!({}), Broadcast::channel(channel))
}

/// An organisation has refused somebody's message for good; `GET /channels/C/undelivered` says which and why. Rialto only.
pub fn post_undelivered(user: UserId, channel: ChannelId, post: PostId) -> EventFrame {
    EventFrame::new("rialto_post_undelivered", json!({"channel_id": channel, "post_id": post}), Broadcast::user(user))
}

/// Earlier messages of a channel have come from its home; they are no news, but whoever shows the channel's beginning may
/// look for them. Rialto only.
pub fn history_received(channel: ChannelId) -> EventFrame {
    EventFrame::new("rialto_history_received", json!({"channel_id": channel}), Broadcast::channel(channel))
}

/// It is known better how messages fared with other organisations; `GET /posts/P/deliveries` says how. To their author, or
/// to the channel where members may see it. Rialto only.
pub fn post_deliveries(author: Option<UserId>, channel: ChannelId, posts: &[PostId]) -> EventFrame {
    let to = author.map_or_else(|| Broadcast::channel(channel), Broadcast::user);
    EventFrame::new("rialto_post_deliveries", json!({"channel_id": channel, "post_ids": posts}), to)
}

/// A connection was made, confirmed, edited or removed, its peer went on- or offline, or what it offers waits for a
/// decision: administrators' pages ask again. Rialto only; clients of Mattermost ignore it (client-api 9.5).
pub fn remote_cluster_updated(remote: RemoteId) -> EventFrame {
    EventFrame::new("rialto_remote_cluster_updated", json!({"remote_id": remote}), Broadcast::everyone())
}

/// A public channel became private.
pub fn channel_converted(team: TeamId, channel: ChannelId) -> EventFrame {
    EventFrame::new("channel_converted", json!({"channel_id": channel}), Broadcast::team(team))
}

/// A channel was archived.
pub fn channel_deleted(channel: &rialto_model::Channel) -> EventFrame {
    let data = json!({"channel_id": channel.id, "delete_at": Millis::or_zero(channel.delete_at)});
    EventFrame::new("channel_deleted", data, who_sees(channel))
}

/// A channel is gone for good, since `at`. `team` hears of it if it was a public one, else its members do.
pub fn channel_gone(channel: ChannelId, team: Option<TeamId>, at: Millis) -> EventFrame {
    let to = team.map_or_else(|| Broadcast::channel(channel), Broadcast::team);
    EventFrame::new("channel_deleted", json!({"channel_id": channel, "delete_at": at.0}), to)
}

/// An archived channel is back.
pub fn channel_restored(channel: &rialto_model::Channel) -> EventFrame {
    EventFrame::new("channel_restored", json!({"channel_id": channel.id}), who_sees(channel))
}

/// The team for a public channel, else only its members, told of the team all the same.
fn who_sees(channel: &rialto_model::Channel) -> Broadcast {
    match channel.team_id {
        Some(team) if channel.kind == ChannelKind::Public => Broadcast::team(team),
        team => Broadcast::channel(channel.id).in_team(team),
    }
}

/// The person's own membership changed.
pub fn channel_member_updated(member: &ChannelMember) -> EventFrame {
    let data = json!({"channelMember": to_text(member)});
    EventFrame::new("channel_member_updated", data, Broadcast::user(member.user_id))
}

/// The person looked at channels, on another client perhaps.
pub fn multiple_channels_viewed(user: UserId, times: &BTreeMap<ChannelId, Millis>) -> EventFrame {
    EventFrame::new("multiple_channels_viewed", json!({"channel_times": times}), Broadcast::user(user))
}

/// A direct channel with the person was made by `creator`.
pub fn direct_added(channel: ChannelId, creator: UserId, teammate: UserId) -> EventFrame {
    let data = json!({"creator_id": creator, "teammate_id": teammate});
    EventFrame::new("direct_added", data, Broadcast::channel(channel))
}

/// A group channel with the person was made.
pub fn group_added(channel: ChannelId, user: UserId, everybody: &[UserId]) -> EventFrame {
    let data = json!({"teammate_ids": to_text(everybody)});
    EventFrame::new("group_added", data, Broadcast::user(user).in_channel(channel))
}

/// Somebody joined: one frame for the channel, one for the person, whose client may not count as a member yet.
pub fn user_added(channel: ChannelId, team: Option<TeamId>, user: UserId) -> [EventFrame; 2] {
    let team_id = team.map_or_else(String::new, |id| id.to_string());
    let data = json!({"user_id": user, "team_id": team_id});
    [Broadcast::channel(channel).omitting(user), Broadcast::user(user).in_channel(channel)]
        .map(|broadcast| EventFrame::new("user_added", data.clone(), broadcast))
}

/// Somebody left or was removed: one frame for the channel, one for the person, who is no member any more.
pub fn user_removed(channel: ChannelId, user: UserId, remover: UserId) -> [EventFrame; 2] {
    [
        EventFrame::new(
            "user_removed",
            json!({"user_id": user, "remover_id": remover}),
            Broadcast::channel(channel).omitting(user),
        ),
        EventFrame::new("user_removed", json!({"channel_id": channel, "remover_id": remover}), Broadcast::user(user)),
    ]
}

/// The person belongs to a team now.
pub fn added_to_team(team: TeamId, user: UserId) -> EventFrame {
    EventFrame::new("added_to_team", json!({"team_id": team, "user_id": user}), Broadcast::user(user))
}

/// Somebody left a team: one frame for the team, one for the person.
pub fn leave_team(team: TeamId, user: UserId) -> [EventFrame; 2] {
    let data = json!({"user_id": user, "team_id": team});
    [Broadcast::team(team).omitting(user), Broadcast::user(user)]
        .map(|broadcast| EventFrame::new("leave_team", data.clone(), broadcast))
}

/// A team changed. Leave out what not every member may see.
pub fn update_team(team: &Team) -> EventFrame {
    EventFrame::new("update_team", json!({"team": to_text(team)}), Broadcast::team(team.id))
}

/// A team was archived.
pub fn delete_team(team: &Team) -> EventFrame {
    EventFrame::new("delete_team", json!({"team": to_text(team)}), Broadcast::team(team.id))
}

/// The person's own roles in a team changed.
pub fn memberrole_updated(member: &TeamMember) -> EventFrame {
    EventFrame::new("memberrole_updated", json!({"member": to_text(member)}), Broadcast::user(member.user_id))
}

/// There is a new account.
pub fn new_user(user: UserId) -> EventFrame {
    EventFrame::new("new_user", json!({"user_id": user}), Broadcast::everyone())
}

/// Somebody's record changed, as others may see it. The person gets [`user_updated_own`] instead.
pub fn user_updated(user: &User) -> EventFrame {
    EventFrame::new("user_updated", json!({"user": user}), Broadcast::everyone().omitting(user.id))
}

/// The person's own record changed, in full.
pub fn user_updated_own(user: &User) -> EventFrame {
    EventFrame::new("user_updated", json!({"user": user}), Broadcast::user(user.id))
}

/// The person's system roles changed.
pub fn user_role_updated(user: UserId, roles: &str) -> EventFrame {
    EventFrame::new("user_role_updated", json!({"user_id": user, "roles": roles}), Broadcast::user(user))
}

/// The person's own presence changed; others ask.
pub fn status_change(user: UserId, status: &str) -> EventFrame {
    EventFrame::new("status_change", json!({"status": status, "user_id": user}), Broadcast::user(user))
}

/// Somebody types. `parent` is the thread, or empty.
pub fn typing(channel: ChannelId, user: UserId, parent: &str) -> EventFrame {
    let data = json!({"parent_id": parent, "user_id": user});
    EventFrame::new("typing", data, Broadcast::channel(channel).omitting(user))
}

/// The person's settings were set.
pub fn preferences_changed(user: UserId, preferences: &[Preference]) -> EventFrame {
    let data = json!({"preferences": to_text(preferences)});
    EventFrame::new("preferences_changed", data, Broadcast::user(user))
}

/// The person has sorted the channels of a team otherwise.
pub fn sidebar_changed(user: UserId, team: TeamId, change: &SidebarChange) -> EventFrame {
    let (name, data) = match change {
        SidebarChange::Created { category } => ("sidebar_category_created", json!({"category_id": category})),
        // Which they are clients ask for; those that are not told do.
        SidebarChange::Updated => ("sidebar_category_updated", json!({})),
        SidebarChange::Deleted { category } => ("sidebar_category_deleted", json!({"category_id": category})),
        SidebarChange::Ordered { order } => ("sidebar_category_order_updated", json!({"order": order})),
    };
    // Clients ignore these without a team.
    EventFrame::new(name, data, Broadcast::user(user).in_team(Some(team)))
}

/// The person's settings were removed.
pub fn preferences_deleted(user: UserId, preferences: &[Preference]) -> EventFrame {
    let data = json!({"preferences": to_text(preferences)});
    EventFrame::new("preferences_deleted", data, Broadcast::user(user))
}

/// What the person has begun to write changed, by a client that need not be told.
pub fn draft_changed(draft: &Draft, change: Change, from: Option<ConnectionId>) -> EventFrame {
    let event = match change {
        Change::Added => "draft_created",
        Change::Updated => "draft_updated",
        Change::Deleted => "draft_deleted",
    };
    let broadcast = Broadcast::user(draft.user_id).in_channel(draft.channel_id).omitting_connection(from);
    EventFrame::new(event, json!({"draft": to_text(draft)}), broadcast)
}

/// A message the person has posted later changed, by a client that need not be told; or it was posted or could not be.
pub fn scheduled_post_changed(post: &ScheduledPost, change: Change, from: Option<ConnectionId>) -> EventFrame {
    let event = match change {
        Change::Added => "scheduled_post_created",
        Change::Updated => "scheduled_post_updated",
        Change::Deleted => "scheduled_post_deleted",
    };
    let broadcast = Broadcast::user(post.draft.user_id).in_channel(post.draft.channel_id).omitting_connection(from);
    EventFrame::new(event, json!({"scheduledPost": to_text(post)}), broadcast)
}

/// The person made a sidebar category.
pub fn sidebar_category_created(category: &Category) -> EventFrame {
    sidebar("sidebar_category_created", category.user_id, category.team_id, json!({"category_id": category.id}))
}

/// The person removed a sidebar category.
pub fn sidebar_category_deleted(user: UserId, team: TeamId, category_id: &str) -> EventFrame {
    sidebar("sidebar_category_deleted", user, team, json!({"category_id": category_id}))
}

/// Categories of the person changed, or the channels in them.
pub fn sidebar_category_updated(user: UserId, team: TeamId, categories: &[Category]) -> EventFrame {
    sidebar("sidebar_category_updated", user, team, json!({"updatedCategories": to_text(categories)}))
}

/// The person put categories in another order.
pub fn sidebar_category_order_updated(user: UserId, team: TeamId, order: &[String]) -> EventFrame {
    sidebar("sidebar_category_order_updated", user, team, json!({"order": order}))
}

fn sidebar(event: &'static str, user: UserId, team: TeamId, data: serde_json::Value) -> EventFrame {
    // Clients ignore these without a team.
    EventFrame::new(event, data, Broadcast::user(user).in_team(Some(team)))
}

/// The configuration changed: the map of `GET /config/client`.
pub fn config_changed(config: &BTreeMap<String, String>) -> EventFrame {
    EventFrame::new("config_changed", json!({"config": config}), Broadcast::everyone())
}

/// The licence changed: the map of `GET /license/client`.
pub fn license_changed(license: &BTreeMap<String, String>) -> EventFrame {
    EventFrame::new("license_changed", json!({"license": license}), Broadcast::everyone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v4::posts::tests::sample;
    use serde_json::Value;

    fn user(n: u8) -> UserId {
        UserId::from_random([n; 16])
    }

    fn channel(kind: ChannelKind) -> rialto_model::Channel {
        rialto_model::Channel {
            id: ChannelId::from_random([2; 16]),
            create_at: Millis(1),
            update_at: Millis(2),
            delete_at: Some(Millis(3)),
            team_id: (!kind.is_direct_or_group()).then_some(TeamId::from_random([9; 16])),
            kind,
            name: "ops".into(),
            display_name: "Ops".into(),
            header: String::new(),
            purpose: String::new(),
            creator_id: None,
            origin: None,
            shared: true,
            last_post_at: Millis(0),
            total_msg_count: 0,
            total_msg_count_root: 0,
        }
    }

    /// The JSON inside a text member.
    #[track_caller]
    fn inner(frame: &EventFrame, member: &str) -> Value {
        serde_json::from_str(frame.data[member].as_str().unwrap()).unwrap()
    }

    #[test]
    fn posts_are_json_in_text() {
        let post = Post::from(&sample());
        let frame = posted(&post, &channel(ChannelKind::Public), "alice", None, true);
        assert_eq!(inner(&frame, "post")["message"], "canary");
        assert_eq!(frame.data["sender_name"], "@alice");
        assert!(!frame.data.contains_key("mentions"));
        let frame = posted(&post, &channel(ChannelKind::Direct), "alice", Some(user(1)), false);
        assert_eq!(inner(&frame, "mentions"), json!([user(1)]));
        assert_eq!((&frame.data["team_id"], &frame.data["channel_type"]), (&json!(""), &json!("D")));
        for frame in [post_edited(&post), post_deleted(&post, None), ephemeral_message(user(1), &post)] {
            assert_eq!(inner(&frame, "post")["id"], post.id.as_str());
            assert_eq!(frame.broadcast.channel_id, post.channel_id.as_str());
        }
        assert_eq!(post_deleted(&post, Some(user(1))).data["delete_by"], user(1).as_str());
    }

    /// SC-062.
    #[test]
    fn a_channel_update_carries_the_whole_channel() {
        let frame = channel_updated(&Channel::from(&channel(ChannelKind::Private)));
        assert_eq!(inner(&frame, "channel")["shared"], true);
    }

    #[test]
    fn private_channels_are_not_announced_to_the_team() {
        let public = channel_deleted(&channel(ChannelKind::Public));
        assert_eq!((public.broadcast.channel_id.as_str(), public.data["delete_at"].as_i64()), ("", Some(3)));
        let private = channel_restored(&channel(ChannelKind::Private));
        assert!(!private.broadcast.channel_id.is_empty() && !private.broadcast.team_id.is_empty());
    }

    #[test]
    fn who_comes_and_goes_is_told_apart() {
        let id = ChannelId::from_random([2; 16]);
        let [to_channel, to_user] = user_removed(id, user(1), user(2));
        assert_eq!(
            (to_channel.broadcast.channel_id.as_str(), to_channel.broadcast.user_id.as_str()),
            (id.as_str(), "")
        );
        assert!(!to_channel.data.contains_key("channel_id"));
        // The person is told without a channel restriction: they are no member any more.
        assert_eq!((to_user.broadcast.channel_id.as_str(), to_user.broadcast.user_id.as_str()), ("", user(1).as_str()));
        let [to_channel, to_user] = user_added(id, None, user(1));
        assert!(to_channel.broadcast.omit_users.unwrap().contains_key(&user(1)));
        assert_eq!(to_user.broadcast.user_id, user(1).as_str());
    }

    #[test]
    fn objects_and_texts_are_told_apart() {
        let times = BTreeMap::from([(ChannelId::from_random([2; 16]), Millis(5))]);
        assert!(multiple_channels_viewed(user(1), &times).data["channel_times"].is_object());
        let preference = Preference { user_id: user(1), category: "c".into(), name: "n".into(), value: "v".into() };
        assert_eq!(inner(&preferences_changed(user(1), &[preference]), "preferences")[0]["value"], "v");
        let config = BTreeMap::from([("SiteName".to_owned(), "Rialto".to_owned())]);
        assert_eq!(config_changed(&config).data["config"]["SiteName"], "Rialto");
        let team = TeamId::from_random([9; 16]);
        let frame = sidebar_changed(user(1), team, &SidebarChange::Ordered { order: vec!["a".to_owned()] });
        assert_eq!((frame.event, &frame.data["order"]), ("sidebar_category_order_updated", &json!(["a"])));
        assert_eq!(frame.broadcast.team_id, team.as_str());
    }
}
