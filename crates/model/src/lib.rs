//! What Rialto talks about: ids, entities, roles and permissions, domain events.
//!
//! Pure: no I/O, no async, no clock. Everything else in the workspace may import this crate; it imports none of them.

pub mod access_token;
pub mod address;
pub mod bookmark;
pub mod bulk;
pub mod category;
pub mod cause;
pub mod channel;
pub mod draft;
pub mod emoji;
pub mod event;
pub mod file;
pub mod history;
pub mod id;
pub mod job;
pub mod ledger;
pub mod link_preview;
pub mod moderation;
pub mod names;
pub mod permission;
mod permission_names;
pub mod policy;
pub mod post;
pub mod priority;
pub mod remote;
pub mod roles;
pub mod session;
pub mod slash_command;
pub mod team;
pub mod thread;
pub mod time;
pub mod user;
pub mod webhook;

pub use access_token::AccessToken;
pub use cause::Cause;
pub use channel::{Channel, ChannelKind, ChannelMember};
pub use emoji::{CustomEmoji, EmojiUpload, PeerEmoji};
pub use event::{DomainEvent, MemberWord, Origin, Recorded, Scope};
pub use file::{FileInfo, Upload};
pub use history::{Backfill, BackfillState, Extent, History};
pub use id::{
    ChannelId, ConnectionId, FileId, InvalidId, InviteId, ItemId, MessageId, PostId, RemoteId, RequestId, ServerId,
    SessionId, ShareId, TeamId, UserId,
};
pub use job::{Job, JobKind, JobStatus};
pub use ledger::{LedgerKind, LedgerPast, LedgerState};
pub use link_preview::{LinkKind, LinkPreview};
pub use moderation::{Moderated, ModeratedRole, Moderation, Whom};
pub use permission::{Permission, PermissionSet};
pub use policy::{ConnectionPolicy, Rule};
pub use post::{Post, PostVersion, Reaction};
pub use priority::{Acknowledgement, Priority};
pub use remote::{PeerProfile, RemoteCluster, Share, ShareMode, ShareState};
pub use session::Session;
pub use slash_command::{CommandReply, SlashCommand};
pub use team::{Team, TeamKind, TeamMember};
pub use thread::{ThreadMember, ThreadUnread};
pub use time::{Millis, Seq};
pub use user::{Bot, User};
pub use webhook::{IncomingWebhook, OutgoingWebhook, TriggerWhen};
