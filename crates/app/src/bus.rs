//! How news travels inside a node: hints about the log, and what is no fact and so never stored.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rialto_model::{ChannelId, Millis, PostId, RemoteId, Seq, UserId};
use serde_json::{Map, Value};
use tokio::sync::{broadcast, watch};

use crate::link_previews::Asked;

/// Something clients may be told that is no fact: losing it loses nothing.
#[derive(Debug, Clone)]
pub enum Volatile {
    /// A system message only one person sees, in a channel or thread (behaviour 2.1.3).
    Ephemeral {
        /// Who sees it.
        user: UserId,
        /// Where it was caused.
        channel: ChannelId,
        /// In which thread.
        root: Option<PostId>,
        /// Markdown.
        message: String,
    },
    /// What a program tells one person, perhaps with buttons.
    Note(Box<Note>),
    /// A program opens a dialog for somebody.
    Dialog {
        /// Who sees it.
        user: UserId,
        /// JSON as clients read it.
        dialog: String,
    },
    /// An organisation has refused somebody's message for good; which and why can be asked (M-18).
    Undelivered {
        /// Whose message.
        user: UserId,
        /// Where it stands.
        channel: ChannelId,
        /// Which.
        post: PostId,
    },
    /// It is known better how somebody's messages fared elsewhere; how can be asked (behaviour 8.3).
    Deliveries {
        /// Whose messages.
        user: UserId,
        /// Where they stand.
        channel: ChannelId,
        /// Which.
        posts: Vec<PostId>,
    },
    /// Somebody types.
    Typing {
        /// Where.
        channel: ChannelId,
        /// Who.
        user: UserId,
        /// In which thread.
        root: Option<PostId>,
        /// The connection that said so; None: here.
        from: Option<RemoteId>,
    },
}

/// What a program tells one person: a post that is stored nowhere (client-api 7.3, 7.4).
#[derive(Debug, Clone)]
pub struct Note {
    /// By which its buttons are pressed.
    pub id: PostId,
    /// Who sees it.
    pub user: UserId,
    /// Where.
    pub channel: ChannelId,
    /// In which thread.
    pub root: Option<PostId>,
    /// Markdown.
    pub message: String,
    /// As clients read them; buttons carry their cookies.
    pub props: Map<String, Value>,
    /// It takes the place of the one with this id.
    pub is_edit: bool,
}

/// The channels of a node.
#[derive(Clone)]
pub struct Bus {
    settled: watch::Sender<Seq>,
    volatile: broadcast::Sender<Volatile>,
    contacts: broadcast::Sender<RemoteId>,
    files: broadcast::Sender<RemoteId>,
    pictures: broadcast::Sender<RemoteId>,
    callers: Arc<Mutex<HashSet<RemoteId>>>,
    full: watch::Sender<Option<Millis>>,
    pages: broadcast::Sender<Asked>,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            settled: watch::Sender::new(Seq(0)),
            volatile: broadcast::Sender::new(1024),
            contacts: broadcast::Sender::new(256),
            files: broadcast::Sender::new(256),
            pictures: broadcast::Sender::new(256),
            callers: Arc::default(),
            full: watch::Sender::new(None),
            pages: broadcast::Sender::new(256),
        }
    }
}

impl Bus {
    /// The highest log position this node's tail has delivered.
    pub fn settled(&self) -> watch::Receiver<Seq> {
        self.settled.subscribe()
    }

    /// Tells everybody how far the tail has come.
    pub fn settle(&self, seq: Seq) {
        self.settled.send_replace(seq);
    }

    /// Tells listeners something that need not last.
    pub fn tell(&self, news: Volatile) {
        // Nobody listening is no error.
        let _ = self.volatile.send(news);
    }

    /// Listens to what need not last.
    pub fn volatile(&self) -> broadcast::Receiver<Volatile> {
        self.volatile.subscribe()
    }

    /// A peer has called us: its sender should try at once (ruling 26).
    pub fn contacted(&self, remote: RemoteId) {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).insert(remote);
        let _ = self.contacts.send(remote);
    }

    /// There was no room for what a peer sent. Nothing of it can be written down, so it is remembered here (E-045).
    pub fn ran_full(&self, now: Millis) {
        self.full.send_replace(Some(now));
    }

    /// When there was last no room for what a peer sent, since this node started.
    pub fn full_at(&self) -> Option<Millis> {
        *self.full.borrow()
    }

    /// A message is shown without what the page it links to says of itself.
    pub fn ask_for_page(&self, asked: Asked) {
        let _ = self.pages.send(asked);
    }

    /// Listens for pages that are asked for.
    pub fn asked_pages(&self) -> broadcast::Receiver<Asked> {
        self.pages.subscribe()
    }

    /// Files were queued for a peer.
    pub fn queue_files(&self, remote: RemoteId) {
        let _ = self.files.send(remote);
    }

    /// Listens for peers for which files were queued.
    pub fn queued_files(&self) -> broadcast::Receiver<RemoteId> {
        self.files.subscribe()
    }

    /// A peer knows people in a new version: it may be owed their pictures.
    pub fn queue_pictures(&self, remote: RemoteId) {
        let _ = self.pictures.send(remote);
    }

    /// Listens for peers that may be owed pictures.
    pub fn queued_pictures(&self) -> broadcast::Receiver<RemoteId> {
        self.pictures.subscribe()
    }

    /// Whether a peer has called since this node started.
    pub fn has_called(&self, remote: &RemoteId) -> bool {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).contains(remote)
    }

    /// Listens for peers that call.
    pub fn contacts(&self) -> broadcast::Receiver<RemoteId> {
        self.contacts.subscribe()
    }
}
