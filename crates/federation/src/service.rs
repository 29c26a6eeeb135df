//! Keeps one sender and one pinger running for every live connection, and does the small regular chores: on one of the
//! installation's nodes, whichever has the duty.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rialto_app::{apply, connections, duty, housekeeping, notices, post_reminders, reminders, scheduled_posts};
use rialto_model::{DomainEvent, Recorded, RemoteId};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::send::lookout::Links;
use crate::send::sender::Link;
use crate::send::{files, lookout, pictures, pinger, sender};
use crate::{Federation, authors, typing};

/// The name of the lease.
const DUTY: &str = "federation";
/// Without renewal for this long a node stops by itself: earlier than another may begin.
const SILENT: Duration = Duration::from_millis((duty::LENGTH as u64) * 2 / 3);

/// Whether this node has the duty.
struct Duty {
    node: String,
    renewed: Option<Instant>,
}

impl Duty {
    /// Takes or renews it; true if this node has it now.
    async fn take(&mut self, federation: &Federation) -> bool {
        let before = Instant::now();
        match duty::take(&federation.app, DUTY, &self.node).await {
            Ok(taken) => self.renewed = taken.then_some(before),
            Err(error) => tracing::warn!(%error, "whose turn it is to talk to peers could not be read"),
        }
        self.renewed.is_some_and(|then| then.elapsed() < SILENT)
    }
}

struct Tasks {
    sender: JoinHandle<()>,
    files: JoinHandle<()>,
    pictures: JoinHandle<()>,
    pinger: JoinHandle<()>,
    link: Arc<Link>,
    kick: Arc<Notify>,
}

impl Tasks {
    fn has_ended(&self) -> bool {
        [&self.sender, &self.files, &self.pictures, &self.pinger].into_iter().any(JoinHandle::is_finished)
    }

    fn stop(&self) {
        self.sender.abort();
        self.files.abort();
        self.pictures.abort();
        self.pinger.abort();
    }
}

/// Runs until `events` closes. `events` brings what the node's tail delivers; only changes of connections matter here.
/// `node` names this process among those of the installation, and again after a restart.
pub async fn run(federation: Federation, mut events: mpsc::Receiver<Arc<[Recorded]>>, node: String) {
    let mut duty = Duty { node, renewed: None };
    let mut tasks: HashMap<RemoteId, Tasks> = HashMap::new();
    let mut contacts = federation.app.bus.contacts();
    let mut chores = tokio::time::interval(Duration::from_secs(5));
    chores.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut rounds = 0u32;
    let (written, follows) = mpsc::channel(1024);
    let authors = tokio::spawn(authors::run(federation.clone(), follows));
    let typing = tokio::spawn(typing::run(federation.clone()));
    let links = Links::default();
    let lookout = tokio::spawn(lookout::run(federation.clone(), links.clone()));
    let mut on_duty = duty.take(&federation).await;
    if on_duty {
        reconcile(&federation, &mut tasks, &links).await;
    }
    loop {
        tokio::select! {
            batch = events.recv() => match batch {
                None => break,
                Some(batch) => {
                    // Notes to authors are worth no waiting: of a flood some are dropped.
                    if !tasks.is_empty() {
                        let _ = written.try_send(Arc::clone(&batch));
                    }
                    if on_duty && batch.iter().any(|recorded| matches!(recorded.event, DomainEvent::RemoteChanged { .. })) {
                        reconcile(&federation, &mut tasks, &links).await;
                    }
                }
            },
            caller = contacts.recv() => {
                if let Some(task) = caller.ok().and_then(|caller| tasks.get(&caller)) {
                    task.kick.notify_one();
                    task.link.wake.notify_one();
                }
            }
            _ = chores.tick() => {
                on_duty = duty.take(&federation).await;
                if !on_duty {
                    for (id, task) in tasks.drain() {
                        task.stop();
                        links.remove(&id);
                    }
                    continue;
                }
                // Settings may have switched the service on or off.
                reconcile(&federation, &mut tasks, &links).await;
                if let Err(error) = apply::release_stuck(&federation.app).await {
                    tracing::warn!(%error, "the waiting room could not be looked through");
                }
                if federation.app.settings.get().connections_enabled()
                    && let Err(error) = crate::connections::settle_interrupted(&federation).await
                {
                    tracing::warn!(%error, "interrupted acceptances could not be settled");
                }
                if let Err(error) = notices::tell_due(&federation.app).await {
                    tracing::warn!(%error, "administrators could not be told their news");
                }
                if let Err(error) = reminders::remind(&federation.app).await {
                    tracing::warn!(%error, "people could not be reminded of urgent messages");
                }
                if let Err(error) = scheduled_posts::send_due(&federation.app).await {
                    tracing::warn!(%error, "messages whose time has come could not be posted");
                }
                if let Err(error) = post_reminders::remind(&federation.app).await {
                    tracing::warn!(%error, "people could not be reminded of messages they named");
                }
                rounds = rounds.wrapping_add(1);
                if rounds.is_multiple_of(120)
                    && let Err(error) = housekeeping::tidy(&federation.app).await
                {
                    tracing::warn!(%error, "old log entries could not be removed");
                }
            }
        }
    }
    tasks.values().for_each(Tasks::stop);
    authors.abort();
    lookout.abort();
    typing.abort();
    if on_duty && let Err(error) = duty::leave(&federation.app, DUTY, &duty.node).await {
        tracing::warn!(%error, "another node takes over only after a while");
    }
}

/// Starts what is missing and stops what has ended.
async fn reconcile(federation: &Federation, tasks: &mut HashMap<RemoteId, Tasks>, links: &Links) {
    let live = if federation.app.settings.get().connections_enabled() {
        match connections::list_live(&federation.app).await {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(%error, "connections could not be read");
                return;
            }
        }
    } else {
        Vec::new()
    };
    let confirmed: Vec<RemoteId> = live.iter().filter(|remote| remote.is_live()).map(|remote| remote.id).collect();
    let kept: HashSet<RemoteId> = confirmed.iter().copied().collect();
    tasks.retain(|id, task| {
        // One that ended although its connection lives lost its position to somebody else, or met a bug: all begin again.
        let keep = kept.contains(id) && !task.has_ended();
        if !keep {
            task.stop();
            links.remove(id);
        }
        keep
    });
    let missing: Vec<RemoteId> = confirmed.into_iter().filter(|id| !tasks.contains_key(id)).collect();
    let number = missing.len();
    for (place, id) in missing.into_iter().enumerate() {
        let (link, kick) = (Arc::new(Link::default()), Arc::new(Notify::new()));
        let turn = pinger::Turn::new(place, number);
        // Before it reads the log: from then on nothing is written that it does not hear of.
        links.put(id, &link);
        let sender = tokio::spawn(after(turn, sender::run(federation.clone(), id, Arc::clone(&link))));
        let files = tokio::spawn(after(turn, files::run(federation.clone(), id, Arc::clone(&link))));
        let pictures = tokio::spawn(after(turn, pictures::run(federation.clone(), id)));
        let pinger = tokio::spawn(pinger::run(federation.clone(), id, Arc::clone(&link), Arc::clone(&kick), turn));
        tasks.insert(id, Tasks { sender, files, pictures, pinger, link, kick });
    }
}

/// Of many peers not all are written to, and not all failures written down, in the moment the server starts: people wait
/// for its database too.
async fn after(turn: pinger::Turn, work: impl Future<Output = ()>) {
    turn.come().await;
    work.await;
}
