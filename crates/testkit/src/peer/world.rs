//! What a peer holds: people, channels, posts, reactions, files.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A person on the peer.
#[derive(Debug, Clone)]
pub struct Person {
    /// Name on the peer: plain for its own people, `name:connection` for others.
    pub username: String,
    /// The connection it was learned from, or nothing for the peer's own.
    pub origin: Option<String>,
    /// The user object as last received or made.
    pub wire: Value,
    /// How many profile pictures were received.
    pub pictures: usize,
    /// Last presence received, or nothing.
    pub status: Option<String>,
}

/// A channel on the peer.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The name.
    pub name: String,
    /// `O`, `P`, `D` or `G`.
    pub kind: String,
    /// True if the peer shared it.
    pub home: bool,
    /// True if members may not post on the peer.
    pub read_only: bool,
    /// Live links: the connections that may sync it.
    pub links: BTreeSet<String>,
    /// True once a share record exists; a removed link leaves it behind (wire 4.7).
    pub record: bool,
    /// Ids of the people in it.
    pub members: BTreeSet<String>,
}

/// A post on the peer.
#[derive(Debug, Clone)]
pub struct Post {
    /// Its id.
    pub id: String,
    /// The channel it is in.
    pub channel: String,
    /// The author's id.
    pub user: String,
    /// Its text.
    pub message: String,
    /// The root of its thread, or nothing.
    pub root: String,
    /// The connection it came over, or nothing for the peer's own.
    pub origin: Option<String>,
    /// True once deleted.
    pub deleted: bool,
    /// True if pinned.
    pub pinned: bool,
    /// How often a received frame made the peer store it anew after the first time.
    pub updates: usize,
    /// The post object as last received or sent.
    pub wire: Value,
}

/// A reaction on the peer. Removed ones are kept, because 11.6 decides by their presence (wire 7.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    pub(super) origin: String,
    pub(super) deleted: bool,
}

/// A file on the peer.
#[derive(Debug, Clone)]
pub struct File {
    /// The post it is attached to, once that came.
    pub post: Option<String>,
    /// Its author's id.
    pub user: String,
    /// Its name.
    pub name: String,
    /// Its content, empty until uploaded.
    pub content: Vec<u8>,
}

/// Everything a peer holds.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// People by id.
    pub people: BTreeMap<String, Person>,
    /// Channels by id.
    pub channels: BTreeMap<String, Copy>,
    /// Posts by id, deleted ones included.
    pub posts: BTreeMap<String, Post>,
    /// Files by id.
    pub files: BTreeMap<String, File>,
    pub(super) reactions: BTreeMap<(String, String, String), Reaction>,
    /// Upload sessions: session id to (connection, file id, size in bytes).
    pub(super) uploads: BTreeMap<String, (String, String, u64)>,
    /// (person, channel, connection) that the peer has announced.
    pub(super) announced: BTreeSet<(String, String, String)>,
    /// Membership changes received, as (channel, user, added).
    pub membership_changes: Vec<(String, String, bool)>,
}

impl World {
    /// The live post with exactly this text.
    pub fn find(&self, message: &str) -> Option<&Post> {
        self.posts.values().find(|post| !post.deleted && post.message == message)
    }

    /// The live posts of a channel, as (id, text).
    pub fn messages(&self, channel: &str) -> BTreeMap<String, String> {
        let live = self.posts.values().filter(|post| post.channel == channel && !post.deleted);
        live.map(|post| (post.id.clone(), post.message.clone())).collect()
    }

    /// The live reactions on a post, as (user id, emoji name), sorted.
    pub fn reactions(&self, post: &str) -> Vec<(String, String)> {
        let live = self.reactions.iter().filter(|((on, _, _), reaction)| on == post && !reaction.deleted);
        live.map(|((_, user, emoji), _)| (user.clone(), emoji.clone())).collect()
    }

    /// The id of the person with this name on the peer.
    pub fn person(&self, username: &str) -> Option<&str> {
        self.people.iter().find(|(_, person)| person.username == username).map(|(id, _)| id.as_str())
    }
}
