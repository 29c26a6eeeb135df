//! The websocket hub: follows the log on every node and tells clients what they may hear.
//!
//! One task owns the registry of listeners and takes everything in turn: batches of the log, volatile news, clients
//! that come and go. So a listener stands between two events of the log and nowhere else, which is what makes the end
//! of somebody's access exact (INV-11). Sockets have a task each and share nothing with the hub but their queue.
//! Source: client-api 9, style 5.

mod connection;
mod events;
mod frame;
mod registry;
mod requests;
mod socket;
mod threads;

use std::sync::Arc;
use std::time::Duration;

use rialto_app::bus::Volatile;
use rialto_app::{App, StoreError, frames};
use rialto_model::{ChannelId, ConnectionId, DomainEvent, Millis, Post, PostId, Recorded, Scope, SessionId, UserId};
use rialto_wire::v4::client_config::client_config_full;
use rialto_wire::{v4, ws};
use tokio::sync::{broadcast, mpsc, oneshot};

use connection::{Attachment, Connection, Ended};
use frame::Frame;
use registry::Registry;

use crate::state::client_config;

pub use socket::routes;

/// The hub of a node, cheap to clone.
#[derive(Clone)]
pub struct Hub {
    app: App,
    commands: mpsc::UnboundedSender<Command>,
}

/// What the hub needs to know from outside.
pub struct Sources {
    /// What the tail of the log delivers, in order. The hub ends all connections and stops when it closes.
    pub log: mpsc::Receiver<Arc<[Recorded]>>,
    /// The text of `X-Version-Id`, for `hello`.
    pub version: Arc<dyn Fn() -> String + Send + Sync>,
}

/// Where a client stands that connects.
#[derive(Debug, Clone, Copy)]
enum Entry {
    /// It begins.
    Fresh,
    /// It was connected before and expects the frame of this number next.
    Resume(ConnectionId, i64),
}

enum Command {
    Register {
        user: UserId,
        session: SessionId,
        entry: Entry,
        reply: oneshot::Sender<Option<Registration>>,
    },
    /// A socket of this person is gone.
    Left(UserId),
    /// The sign-in behind this connection is over.
    Revoke(Arc<Connection>),
    /// Who is connected?
    Connected(oneshot::Sender<Vec<UserId>>),
}

/// A socket's hold on its connection; giving it up leaves the connection to be resumed.
struct Registration {
    connection: Arc<Connection>,
    attachment: Attachment,
    hub: Hub,
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.connection.detach(self.attachment, self.hub.app.clock.now()) {
            self.hub.command(Command::Left(self.connection.user()));
        }
    }
}

impl Hub {
    /// Starts the hub of this node. To be called once, with a tail that stands at the head.
    pub fn start(app: App, sources: Sources) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let hub = Self { app: app.clone(), commands };
        let volatile = app.bus.volatile();
        let (presence, comings_and_goings) = mpsc::unbounded_channel();
        tokio::spawn(requests::note_presence(app, comings_and_goings));
        let task = Task { hub: hub.clone(), version: sources.version, registry: Registry::default(), presence };
        tokio::spawn(task.run(sources.log, inbox, volatile));
        hub
    }

    fn command(&self, command: Command) {
        // The hub has stopped: nobody is left to be told anything.
        let _ = self.commands.send(command);
    }

    /// Registers a socket; None if the sign-in is over or the hub has stopped.
    async fn register(&self, user: UserId, session: SessionId, entry: Entry) -> Option<Registration> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Register { user, session, entry, reply });
        answer.await.ok().flatten()
    }

    /// People with a socket on this node.
    async fn connected(&self) -> Vec<UserId> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Connected(reply));
        answer.await.unwrap_or_default()
    }
}

/// Events told before sockets get a chance to send; well under what a queue holds.
const STRIDE: usize = 64;
/// Attempts to read the rows behind events before giving up on all clients.
const ATTEMPTS: u32 = 6;
/// Between looks for connections nobody came back to.
const SWEEP: Duration = Duration::from_secs(30);

struct Task {
    hub: Hub,
    version: Arc<dyn Fn() -> String + Send + Sync>,
    registry: Registry,
    /// Who came (true) or went (false).
    presence: mpsc::UnboundedSender<(UserId, bool)>,
}

impl Task {
    async fn run(
        mut self,
        mut log: mpsc::Receiver<Arc<[Recorded]>>,
        mut inbox: mpsc::UnboundedReceiver<Command>,
        mut volatile: broadcast::Receiver<Volatile>,
    ) {
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                batch = log.recv() => match batch {
                    Some(batch) => self.follow(&batch).await,
                    None => break,
                },
                Some(command) = inbox.recv() => self.obey(command).await,
                news = volatile.recv() => match news {
                    Ok(news) => self.pass_on(news),
                    Err(broadcast::error::RecvError::Lagged(lost)) => tracing::warn!(lost, "volatile news overran the hub"),
                    // The bus lives as long as the hub's own App.
                    Err(broadcast::error::RecvError::Closed) => break,
                },
                _ = sweep.tick() => self.registry.expire(self.hub.app.clock.now()),
            }
        }
        self.registry.end_all(Ended::Restart);
    }

    async fn follow(&mut self, batch: &[Recorded]) {
        for some in batch.chunks(STRIDE) {
            let Some(rows) = self.load(some).await else {
                // Not to tell somebody and say nothing of it is the one thing that must not happen; clients that
                // reconnect fetch everything anew.
                some.iter().for_each(|recorded| self.registry.apply(&recorded.event));
                self.registry.end_all(Ended::Restart);
                continue;
            };
            let settings = self.hub.app.settings.get();
            for recorded in some {
                self.registry.apply(&recorded.event);
                if matches!(recorded.event, DomainEvent::SettingsChanged { .. }) {
                    let config = client_config_full(&client_config(&self.hub.app, &settings, false));
                    events::send(&mut self.registry, recorded.scope, &ws::events::config_changed(&config));
                }
                events::tell(&mut self.registry, &rows, &settings, recorded);
            }
            tokio::task::yield_now().await;
        }
    }

    /// The rows behind events; None if the database will not give them.
    async fn load(&self, batch: &[Recorded]) -> Option<frames::Rows> {
        let wanted = events::wanted(&self.registry, batch);
        for attempt in 0..ATTEMPTS {
            match frames::load(&self.hub.app, &wanted).await {
                Ok(rows) => return Some(rows),
                Err(error) => {
                    tracing::error!(%error, attempt, "the hub cannot read what it has to tell");
                    tokio::time::sleep(Duration::from_millis(100) * 2u32.pow(attempt)).await;
                }
            }
        }
        None
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Register { user, session, entry, reply } => {
                let registration = self.register(user, session, entry).await.unwrap_or_else(|error| {
                    tracing::error!(%error, %user, "a websocket cannot be registered");
                    None
                });
                // A socket that is gone already gives its registration back by dropping it.
                drop(reply.send(registration));
            }
            Command::Left(user) => {
                if !self.registry.is_attached(&user) {
                    self.note_presence(user, false);
                }
            }
            Command::Revoke(connection) => {
                connection.end(Ended::Revoked);
                self.registry.forget(&connection);
            }
            Command::Connected(reply) => drop(reply.send(self.registry.attached())),
        }
    }

    async fn register(
        &mut self,
        user: UserId,
        session: SessionId,
        entry: Entry,
    ) -> Result<Option<Registration>, StoreError> {
        let app = &self.hub.app;
        // The sign-in is looked at here, between two events, and not when the socket presented it: its end may have
        // been told in the meantime.
        let Some(listener) = frames::listener(app, &user, &session).await? else { return Ok(None) };
        if !self.registry.is_attached(&user) {
            self.note_presence(user, true);
        }
        if let Entry::Resume(id, next_seq) = entry
            && let Some(connection) = self.registry.connection(&id, &user)
            && let Some(attachment) = connection.resume(session, next_seq, app.clock.now())
        {
            let connection = Arc::clone(connection);
            return Ok(Some(Registration { connection, attachment, hub: self.hub.clone() }));
        }
        let id = app.ids.id(ConnectionId::from_random);
        let (connection, attachment) = Connection::new(id, user, session);
        let hello = ws::hello(user, id, &(self.version)(), "");
        connection.push(&Arc::new(Frame::from(&hello)));
        let connection = Arc::new(connection);
        self.registry.add(Arc::clone(&connection), &listener);
        Ok(Some(Registration { connection, attachment, hub: self.hub.clone() }))
    }

    fn note_presence(&self, user: UserId, is_there: bool) {
        // The receiver lives as long as this task.
        let _ = self.presence.send((user, is_there));
    }

    fn pass_on(&mut self, news: Volatile) {
        match news {
            Volatile::Typing { channel, user, root, from: _ } => {
                let parent = root.as_ref().map_or("", PostId::as_str);
                let event = ws::events::typing(channel, user, parent);
                events::send_omitting(&mut self.registry, Scope::Channel(channel), user, &event);
            }
            Volatile::Undelivered { user, channel, post } => {
                let event = ws::events::post_undelivered(user, channel, post);
                events::send(&mut self.registry, Scope::User(user), &event);
            }
            Volatile::Deliveries { user, channel, posts } => {
                let workspaces = &self.hub.app.settings.get().workspaces;
                if workspaces.delivery_states {
                    let all = workspaces.delivery_states_for_members;
                    let event = ws::events::post_deliveries(if all { None } else { Some(user) }, channel, &posts);
                    let scope = if all { Scope::Channel(channel) } else { Scope::User(user) };
                    events::send(&mut self.registry, scope, &event);
                }
            }
            Volatile::Note(note) => {
                let user = note.user;
                let mut post =
                    v4::Post::from(&ephemeral_post(&self.hub.app, user, note.channel, note.root, note.message));
                // Not by way of what is stored: its buttons carry cookies.
                (post.id, post.props) = (note.id, note.props);
                let event = match note.is_edit {
                    true => ws::events::note_edited(user, &post),
                    false => ws::events::ephemeral_message(user, &post),
                };
                events::send(&mut self.registry, Scope::User(user), &event);
            }
            Volatile::Dialog { user, dialog } => {
                events::send(&mut self.registry, Scope::User(user), &ws::events::open_dialog(user, &dialog));
            }
            Volatile::Ephemeral { user, channel, root, message } => {
                let post = ephemeral_post(&self.hub.app, user, channel, root, message);
                let event = ws::events::ephemeral_message(user, &v4::Post::from(&post));
                events::send(&mut self.registry, Scope::User(user), &event);
            }
        }
    }
}

/// A text for one person in the form of a post, which is stored nowhere.
pub(crate) fn ephemeral_post(
    app: &App,
    user: UserId,
    channel: ChannelId,
    root: Option<PostId>,
    message: String,
) -> Post {
    let now = app.clock.now();
    Post {
        id: app.ids.id(PostId::from_random),
        channel_id: channel,
        user_id: user,
        root_id: root,
        create_at: now,
        update_at: now,
        edit_at: None,
        delete_at: None,
        hidden_at: None,
        is_pinned: false,
        kind: "system_ephemeral".to_owned(),
        message,
        props: "{}".to_owned(),
        hashtags: String::new(),
        file_ids: Vec::new(),
        remote_id: None,
        remote_update_at: Millis(0),
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    }
}
