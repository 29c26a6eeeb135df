//! What two servers say to each other: frames, topics and their payloads. Source: federation-wire.md, ruling part 8.
//!
//! Inbound types are built member by member from an allow-list and hold nothing a peer may not set; outbound types
//! are separate and hold exactly what may leave (INV-5). What a peer sends is bounded here (INV-8): an item out of
//! bounds is refused by itself and never takes its message down (ruling 37).

pub mod confirm;
pub mod extension;
pub mod fetch;
pub mod frame;
pub mod invite;
pub mod items;
mod markdown;
pub mod mentions;
pub mod permalinks;
pub mod ping;
pub mod post;
pub mod reaction;
pub mod result;
pub mod sync;
pub mod upload;
pub mod user;
pub mod username;

/// Topic strings (wire 5.1, ruling part 8).
pub mod topic {
    /// Liveness, on its own endpoint.
    pub const PING: &str = "ping";
    /// End of the handshake, on its own endpoint.
    pub const CONFIRM: &str = "invitation";
    /// A channel is offered.
    pub const CHANNEL_INVITE: &str = "sharedchannel_invite";
    /// Users, posts, reactions and so on of a shared channel.
    pub const SYNC: &str = "sharedchannel_sync";
    /// A file is announced.
    pub const UPLOAD: &str = "sharedchannel_upload";
    /// Like [`SYNC`]; only early 10.x sent it.
    pub const MEMBERSHIP: &str = "sharedchannel_membership";
    /// Like [`SYNC`], without a channel.
    pub const GLOBAL_USERS: &str = "sharedchannel_global_user_sync";
    /// About the connection itself (ruling 8.5).
    pub const RIALTO_CONNECTION: &str = "rialto_connection";
    /// About one share (ruling 8.6).
    pub const RIALTO_SHARE: &str = "rialto_share";
    /// Somebody types (ruling 8.9).
    pub const RIALTO_TYPING: &str = "rialto_typing";
    /// "Look whether you can reach me" (ruling 8.11).
    pub const RIALTO_PROBE: &str = "rialto_probe";
    /// "Give me this again" (ruling 8.10).
    pub const RIALTO_FETCH: &str = "rialto_fetch";
}

/// Capabilities we may advertise and understand (ruling 8.1).
pub mod capability {
    /// The member `rialto` of sync messages and results (8.4).
    pub const ITEMS: &str = "items";
    /// The topic `rialto_share` (8.6).
    pub const SHARE: &str = "share";
    /// The topic `rialto_connection` (8.5).
    pub const CONNECTION: &str = "connection";
    /// Uploads that go on where they ended, and posts before their files (8.7).
    pub const RESUME: &str = "resume";
    /// Uploads of type `emoji`, and `emoji_removed` (8.8).
    pub const EMOJI: &str = "emoji";
    /// The topic `rialto_typing` (8.9).
    pub const TYPING: &str = "typing";
    /// The topic `rialto_probe` (8.11).
    pub const PROBE: &str = "probe";
    /// The topic `rialto_fetch` (8.10).
    pub const FETCH: &str = "fetch";
}

/// The header that names the connection (wire 3.2).
pub const ID_HEADER: &str = "X-RemoteCluster-Id";
/// The header that carries the token (wire 3.2).
pub const TOKEN_HEADER: &str = "X-RemoteCluster-Token";

/// How much a peer may send in one message and one item (INV-8). Lengths are in characters unless said otherwise.
pub mod bounds {
    /// Users, posts, reactions and so on of one message, of each kind.
    pub const ITEMS: usize = 5_000;
    /// Bytes of a username as received, the limit of the whole munged name (wire 7.3).
    pub const USERNAME_BYTES: usize = 64;
    /// Nickname, first and last name.
    pub const NAME: usize = 64;
    /// Job title.
    pub const POSITION: usize = 128;
    /// Bytes of an e-mail address.
    pub const EMAIL_BYTES: usize = 128;
    /// Bytes of the JSON of a custom status.
    pub const CUSTOM_STATUS_BYTES: usize = 2_048;
    /// Text of a post.
    pub const MESSAGE: usize = 65_536;
    /// JSON of a post's props.
    pub const PROPS: usize = 800_000;
    /// File ids of a post (client-api 10).
    pub const FILES: usize = 10;
    /// Bytes of an emoji name (wire 5.8).
    pub const EMOJI_BYTES: usize = 64;
    /// Entries of `mention_transforms` (ruling 61).
    pub const MENTION_TRANSFORMS: usize = 200;
    /// Channel name and display name.
    pub const CHANNEL_NAME: usize = 64;
    /// Channel header.
    pub const HEADER: usize = 1_024;
    /// Channel purpose.
    pub const PURPOSE: usize = 250;
    /// Participants of a group channel (client-api 10).
    pub const PARTICIPANTS: usize = 8;
    /// Latest time that is believed to be one, ms: the end of the year 9999. Leaves room for arithmetic.
    pub const TIME: i64 = 253_402_300_799_999;
}

/// Why one item of a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not an object of the right shape: a number in quotes, a missing id, `null` in place of an item.
    #[error("has the wrong shape")]
    Shape,
    /// A text, list or number beyond its bound.
    #[error("{0} is out of bounds")]
    Bounds(&'static str),
    /// A value outside what is allowed, such as a username with spaces.
    #[error("{0} is not allowed")]
    Value(&'static str),
    /// More than [`bounds::ITEMS`] of its kind in the message.
    #[error("one item too many")]
    TooMany,
}

impl Refusal {
    /// The code of ruling 8.4.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::Shape | Refusal::Value(_) => "invalid",
            Refusal::Bounds(_) => "too_large",
            Refusal::TooMany => "quota",
        }
    }
}

/// What sort of item; the words of ruling 8.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A profile.
    User,
    /// A post.
    Post,
    /// A reaction.
    Reaction,
    /// An acknowledgement.
    Ack,
    /// Presence.
    Status,
    /// Somebody joined or left.
    Member,
    /// A pin.
    Pin,
}

/// An item that was refused while reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What it was.
    pub kind: ItemKind,
    /// Its id, for those that have one and showed it: what goes into the error lists of wire 5.5. For reactions and
    /// acknowledgements the post, for statuses the user.
    pub id: Option<String>,
    /// Why.
    pub why: Refusal,
}

/// A payload that is no object, or whose members of its own have the wrong shape: 400 (ruling 28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload is malformed")]
pub struct MalformedPayload;

/// Checks a time in ms.
fn time(ms: i64, name: &'static str) -> Result<rialto_model::Millis, Refusal> {
    if (0..=bounds::TIME).contains(&ms) { Ok(rialto_model::Millis(ms)) } else { Err(Refusal::Bounds(name)) }
}

/// Checks a length in characters.
fn length(text: &str, max: usize, name: &'static str) -> Result<(), Refusal> {
    // Counting is only needed when the bytes alone do not settle it.
    if text.len() <= max || text.chars().count() <= max { Ok(()) } else { Err(Refusal::Bounds(name)) }
}
