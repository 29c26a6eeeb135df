//! How people stand to threads: who follows which, and what of it they have not read.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, Millis, PostId, UserId};

/// What somebody has not read of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThreadUnread {
    /// Replies of others.
    pub replies: i64,
    /// Those of them that call the person.
    pub mentions: i64,
}

/// Somebody of this server and a thread. People of other servers follow on theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadMember {
    /// Who.
    pub user_id: UserId,
    /// The first post of the thread.
    pub root_id: PostId,
    /// Where the thread is.
    pub channel_id: ChannelId,
    /// False once they have said that they want to hear no more of it.
    pub following: bool,
    /// Up to when they have read, as their client said.
    pub last_viewed_at: Millis,
    /// What they have not read.
    pub unread: ThreadUnread,
}
