//! Programs hear of messages by reading the event log, like everybody else: who writes does not wait for them, and what a
//! crash interrupts is told again. One node does it. Source: client-api 7.2.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rialto_model::{ChannelKind, DomainEvent, OutgoingWebhook, Post, PostId, Recorded, Seq, SessionId, TeamId};
use rialto_store::{StoreError, channels, log, outbox, outgoing_webhooks as rows, posts, teams, users};
use tokio::task::JoinSet;

use crate::access::SessionUser;
use crate::programs::{self, Answer, Heard, Look, Place};
use crate::{App, duty};

/// The reader's name among those of the log, and of its lease.
const READER: &str = "outgoing webhooks";
/// Events read at once.
const AT_ONCE: i64 = 200;
/// Calls under way at once; beyond that the reader waits.
const CALLS: usize = 64;
/// Between looks whose turn it is, and attempts while the database does not answer.
const PAUSE: Duration = Duration::from_secs(5);
/// A position that nobody was told anything from is written down only so often, ms.
const NOTED: i64 = 60_000;

/// A message and a program that hears it.
struct Due {
    hook: Arc<OutgoingWebhook>,
    post: Arc<Post>,
    heard: Arc<Heard>,
}

/// Tells programs for ever, whenever it is this node's turn.
pub async fn follow(app: App, node: String) {
    loop {
        match duty::take(&app, READER, &node).await {
            Ok(true) => {
                if let Err(error) = serve(&app, &node).await {
                    tracing::warn!(%error, "programs could not be told of messages");
                }
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "whose turn it is to tell programs could not be read"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Until the turn ends.
async fn serve(app: &App, node: &str) -> Result<(), StoreError> {
    let mut settled = app.bus.settled();
    let mut reader = Reader::begin(app).await?;
    let mut renew = tokio::time::interval(PAUSE);
    loop {
        tokio::select! {
            changed = settled.changed() => if changed.is_err() { return Ok(()) },
            _ = renew.tick() => if !duty::take(app, READER, node).await? { return Ok(()) },
            Some(ended) = reader.calls.join_next() => reader.ended(ended.ok()),
        }
        reader.read(app).await?;
    }
}

/// Where the reader stands.
struct Reader {
    /// Read up to here.
    read: Seq,
    /// Written down: everything up to here has been told. None: nothing ever was.
    stored: Option<Seq>,
    /// When that was, ms.
    stored_at: i64,
    /// Something has been told since: it would be told again after a crash.
    owed: bool,
    /// Calls under way, by the event they tell of.
    open: BTreeMap<Seq, usize>,
    calls: JoinSet<Seq>,
}

impl Reader {
    /// A new reader begins with what comes, one that was here before where it stopped. Where there are no programs, nothing
    /// is ever written down.
    async fn begin(app: &App) -> Result<Self, StoreError> {
        let settled = *app.bus.settled().borrow();
        let stored = outbox::cursor(&mut app.db.read(app.clock.now()).await?, READER).await?;
        let read = stored.unwrap_or(settled);
        let stored_at = app.clock.now().0;
        Ok(Self { read, stored, stored_at, owed: false, open: BTreeMap::new(), calls: JoinSet::new() })
    }

    fn ended(&mut self, event: Option<Seq>) {
        self.owed = true;
        // A call that panicked leaves its event open; a restart tells it again.
        let Some(event) = event else { return };
        if let Some(left) = self.open.get_mut(&event) {
            *left -= 1;
            if *left == 0 {
                self.open.remove(&event);
            }
        }
    }

    /// Everything up to here has been told.
    fn told(&self) -> Seq {
        self.open.first_key_value().map_or(self.read, |(event, _)| Seq(event.0 - 1))
    }

    async fn read(&mut self, app: &App) -> Result<(), StoreError> {
        let settled = *app.bus.settled().borrow();
        while self.read < settled && self.calls.len() < CALLS {
            let mut view = app.db.read(app.clock.now()).await?;
            if !app.settings.get().programs.outgoing_webhooks || !rows::exists(&mut view).await? {
                self.read = settled;
                break;
            }
            if self.stored.is_none() {
                // Before the first is told: a crash must not skip it.
                self.note(app, self.read).await?;
            }
            let events = log::list(&mut view, self.read, settled, AT_ONCE).await?;
            let upto = events.last().map_or(settled, |last| last.seq);
            drop(view);
            for (event, due) in due(app, &events).await? {
                for url in due.hook.callback_urls.clone() {
                    *self.open.entry(event).or_default() += 1;
                    let (app, hook) = (app.clone(), Arc::clone(&due.hook));
                    let (post, heard) = (Arc::clone(&due.post), Arc::clone(&due.heard));
                    self.calls.spawn(async move {
                        tell(&app, &hook, &url, &post, &heard).await;
                        event
                    });
                }
            }
            self.read = upto;
        }
        let (told, now) = (self.told(), app.clock.now().0);
        let worth_it = self.owed || now - self.stored_at >= NOTED;
        if worth_it && self.stored.is_some_and(|stored| told > stored) {
            self.note(app, told).await?;
        }
        Ok(())
    }

    async fn note(&mut self, app: &App, told: Seq) -> Result<(), StoreError> {
        let mut tx = app.db.begin(app.clock.now()).await?;
        outbox::move_cursor(&mut tx, READER, self.stored, told).await?;
        tx.commit().await?;
        (self.stored, self.stored_at, self.owed) = (Some(told), app.clock.now().0, false);
        Ok(())
    }
}

/// What of these events programs hear.
async fn due(app: &App, events: &[Recorded]) -> Result<Vec<(Seq, Due)>, StoreError> {
    let created: Vec<(Seq, PostId)> = events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            DomainEvent::PostCreated { post, .. } => Some((recorded.seq, *post)),
            _ => None,
        })
        .collect();
    if created.is_empty() {
        return Ok(Vec::new());
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let ids: Vec<PostId> = created.iter().map(|(_, post)| *post).collect();
    let mut found: BTreeMap<PostId, Post> = BTreeMap::new();
    for post in posts::list_by_ids(&mut view, &ids).await? {
        if post.gone_at().is_none() && !post.is_system() && !is_of_program(&post) {
            found.insert(post.id, post);
        }
    }
    let mut places: BTreeMap<_, Option<(String, TeamId, String)>> = BTreeMap::new();
    for post in found.values() {
        if places.contains_key(&post.channel_id) {
            continue;
        }
        let channel = channels::get(&mut view, &post.channel_id).await?;
        let public = channel.filter(|channel| channel.kind == ChannelKind::Public);
        let place = match public.and_then(|channel| Some((channel.name, channel.team_id?))) {
            Some((name, team)) => teams::get(&mut view, &team).await?.map(|found| (name, team, found.name)),
            None => None,
        };
        places.insert(post.channel_id, place);
    }
    let all: Vec<TeamId> = places.values().flatten().map(|(_, team, _)| *team).collect();
    let hooks: Vec<Arc<OutgoingWebhook>> = rows::of_teams(&mut view, &all).await?.into_iter().map(Arc::new).collect();
    let mut due = Vec::new();
    for (event, id) in created {
        let Some(post) = found.remove(&id).map(Arc::new) else { continue };
        let Some(Some((channel_name, team, team_name))) = places.get(&post.channel_id) else { continue };
        // What was written before the words were as they are now was not meant by them.
        for hook in hooks.iter().filter(|hook| hook.team_id == *team && post.create_at >= hook.update_at) {
            let Some(word) = hook.hears(&post.channel_id, &post.message) else { continue };
            let Some(author) = users::get(&mut view, &post.user_id).await? else { continue };
            let place = Place {
                user_id: post.user_id,
                user_name: author.username,
                channel_id: post.channel_id,
                channel_name: channel_name.clone(),
                team: Some((*team, team_name.clone())),
            };
            let heard = Heard {
                place,
                post_id: post.id,
                root_id: post.root_id,
                at: post.create_at,
                text: post.message.clone(),
                trigger_word: word.to_owned(),
                file_ids: post.file_ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(","),
            };
            due.push((event, Due { hook: Arc::clone(hook), post: Arc::clone(&post), heard: Arc::new(heard) }));
        }
    }
    Ok(due)
}

/// Programs do not hear each other.
fn is_of_program(post: &Post) -> bool {
    let props: serde_json::Value = serde_json::from_str(&post.props).unwrap_or_default();
    props.get("from_webhook").is_some_and(|mark| mark == "true" || mark == true)
}

/// Calls a program and writes what it answers.
async fn tell(app: &App, hook: &OutgoingWebhook, url: &str, post: &Post, heard: &Heard) {
    let answer = match app.outside.programs() {
        Ok(programs) => programs.hear(hook, url, heard).await,
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(Some(answer)) if !answer.message.is_empty() => answer,
        Ok(_) => return,
        Err(error) => return tracing::info!(hook = %hook.id, %error, "an outgoing webhook's program did not answer"),
    };
    if let Err(error) = write(app, hook, post, answer).await {
        tracing::info!(hook = %hook.id, %error, "what an outgoing webhook's program answered could not be written");
    }
}

async fn write(app: &App, hook: &OutgoingWebhook, post: &Post, answer: Answer) -> Result<(), crate::posts::Error> {
    let maker = users::get(&mut app.db.read(app.clock.now()).await?, &hook.creator_id).await?;
    let Some(maker) = maker.filter(|maker| maker.is_local() && maker.delete_at.is_none()) else { return Ok(()) };
    let Ok(session) = SessionId::parse(hook.id.as_str()) else { return Ok(()) };
    let actor = SessionUser::new(&maker, session);
    let root = (answer.response_type == "comment").then(|| post.root_id.unwrap_or(post.id)).or(post.root_id);
    let look = Look { display_name: &hook.display_name, username: &hook.username, icon_url: &hook.icon_url };
    programs::write(app, &actor, &post.channel_id, root, look, answer.message).await.map(|_| ())
}
