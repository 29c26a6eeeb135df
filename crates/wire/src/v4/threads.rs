//! Threads that somebody follows. Source: client-api 2.3 and 5.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.3")]

use rialto_model::{Millis, PostId, ThreadMember, UserId};
use serde::{Deserialize, Serialize};

use super::posts::Post;
use super::users::{User, UserView};

/// Somebody who has replied: the whole person where a client asks for more, else the id alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Participant {
    Whole(Box<User>),
    Id { id: UserId },
}

impl Participant {
    /// The person as somebody with this view sees them; without one, the id.
    pub fn new(user: &rialto_model::User, view: Option<UserView>) -> Self {
        match view {
            Some(view) => Participant::Whole(Box::new(User::new(user, view))),
            None => Participant::Id { id: user.id },
        }
    }
}

/// A thread as its follower sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// The id of its first post.
    pub id: PostId,
    pub reply_count: i64,
    pub last_reply_at: i64,
    pub last_viewed_at: i64,
    pub participants: Vec<Participant>,
    pub post: Post,
    pub unread_replies: i64,
    pub unread_mentions: i64,
    pub is_urgent: bool,
    pub delete_at: i64,
    pub is_following: bool,
}

impl Thread {
    /// From how somebody stands to a thread, its first post and who has replied.
    pub fn new(member: &ThreadMember, mut post: Post, participants: Vec<Participant>) -> Self {
        post.is_following = Some(member.following);
        Thread {
            id: member.root_id,
            reply_count: post.reply_count,
            last_reply_at: post.last_reply_at,
            last_viewed_at: member.last_viewed_at.0,
            participants,
            unread_replies: member.unread.replies,
            unread_mentions: member.unread.mentions,
            is_urgent: post.metadata.priority.as_ref().is_some_and(|priority| priority.priority == "urgent"),
            delete_at: post.delete_at,
            is_following: member.following,
            post,
        }
    }
}

/// `GET /users/U/teams/T/threads`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Threads {
    pub total: i64,
    pub total_unread_threads: i64,
    pub total_unread_mentions: i64,
    pub total_unread_urgent_mentions: i64,
    /// null where only the totals were asked for.
    pub threads: Option<Vec<Thread>>,
}

/// The time in `PUT …/threads/P/read/MS`.
pub fn parse_time(text: &str) -> Option<Millis> {
    text.parse().ok().filter(|ms| *ms >= 0).map(Millis)
}
