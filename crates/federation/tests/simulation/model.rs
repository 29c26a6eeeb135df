//! The reference: what must be where, computed from what was acknowledged and over which shares it had to go.
//!
//! It knows no protocol. A message goes from its author's server to the home of its channel and from there to the guests;
//! each of these ways is a share, and what was acknowledged while all shares of a way were alive is there in the end
//! exactly once, if the very same shares still are. What had no way is nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use rialto_model::{ChannelId, PostId, RemoteId, ShareId};

/// One share a message had to go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    pub server: usize,
    pub remote: RemoteId,
    pub share: ShareId,
}

/// To which servers something went when it was acknowledged, and over what.
pub type Routes = BTreeMap<usize, Vec<Hop>>;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a channel of the plan.
    Channel(usize),
    /// Between people of these two servers, the lower first.
    Direct(usize, usize),
}

/// An acknowledged message.
#[derive(Debug, Clone)]
pub struct Said {
    pub server: usize,
    pub person: usize,
    pub place: Place,
    pub channel: ChannelId,
    pub root: Option<usize>,
    pub id: PostId,
    pub text: String,
    pub edited: bool,
    pub deleted: bool,
    /// Where a moderator hid it, or its thread with it.
    pub hidden: BTreeSet<usize>,
    pub pinned: bool,
    /// Somebody of another server than the author's pinned it, or took a pin away.
    pub pinned_elsewhere: bool,
    pub routes: Routes,
    /// Nothing of it may be found with others: it was written where nothing left.
    pub stays: bool,
    /// The home let its author's people only read, and had given its word on that so many times.
    pub unwelcome: Option<u32>,
}

/// Somebody's reaction with one emoji.
#[derive(Debug, Clone)]
pub struct Felt {
    pub live: bool,
    pub routes: Routes,
}

/// How a share stands by the last acknowledged word on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Live,
    Ended,
    /// A guest that left is not to be invited again by the home alone (ruling 43).
    Left,
}

/// Post, server, person, emoji.
pub type FeltKey = (usize, usize, usize, usize);

/// Everything acknowledged in a run.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By the number of the step that wrote it.
    pub said: BTreeMap<usize, Said>,
    pub felt: BTreeMap<FeltKey, Felt>,
    /// Channel, server, person: who belongs.
    pub members: BTreeSet<(usize, usize, usize)>,
    /// By server and person.
    pub nicknames: BTreeMap<(usize, usize), String>,
    /// By channel and guest.
    pub standing: BTreeMap<(usize, usize), Standing>,
    /// Channels and guests that were read-only at any time: what was on its way then may have been refused.
    pub was_read_only: BTreeSet<(usize, usize)>,
    /// How often the home said anew what a guest may do, by channel and guest.
    pub words: BTreeMap<(usize, usize), u32>,
    /// One channel a server that is shared with nobody, and how much was written in it.
    pub private: BTreeMap<usize, (ChannelId, usize)>,
}

impl Ledger {
    /// Whether a moderator of this server hid it, or its thread.
    pub fn is_hidden(&self, said: &Said, server: usize) -> bool {
        let root = said.root.and_then(|root| self.said.get(&root));
        said.hidden.contains(&server) || root.is_some_and(|root| root.hidden.contains(&server))
    }

    /// Whether anything of a server in this place may have been refused for good because the share was read-only.
    pub fn is_doubtful(&self, place: Place, server: usize) -> bool {
        match place {
            Place::Channel(channel) => self.was_read_only.contains(&(channel, server)),
            Place::Direct(..) => false,
        }
    }
}
