//! The ledger: what left this server, to whom, as far as its direct peers, for auditors. Source: behaviour 8.11.
//!
//! It is pessimistic: what was handed to the network and not confirmed is in it as `sent`, for it may have arrived. What
//! leaves twice is in it twice. It outlives connections, channels and messages, and goes with the age at which messages go.

use std::collections::HashSet;

use rialto_model::{ChannelId, LedgerKind, LedgerState, Permission, PostId, RemoteCluster, RemoteId};
pub use rialto_store::ledger::{Entry, Filter, Line, Of, Peer, Place};
use rialto_store::{StoreError, Tx, ledger, post_deliveries};

use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::audit::{self, About};

/// Removed in one transaction.
const SLICE: i64 = 500;
/// Transactions in one go.
const SLICES: usize = 200;

/// What left together, to one peer, of one channel or of none.
#[derive(Debug, Clone)]
pub struct Batch {
    /// To whom.
    pub peer: Peer,
    /// Of which channel; None: of the connection as a whole.
    pub channel: Option<ChannelId>,
    /// What.
    pub lines: Vec<Line>,
}

impl Batch {
    /// These lines, to the peer as it is called now.
    pub fn new(remote: &RemoteCluster, channel: Option<ChannelId>, lines: Vec<Line>) -> Self {
        let peer = Peer {
            remote_id: remote.id,
            name: remote.display_name.clone(),
            site_url: remote.site_url.clone().unwrap_or_default(),
        };
        Self { peer, channel, lines }
    }

    /// The same, all of it in one state.
    pub fn all(mut self, state: LedgerState) -> Self {
        self.lines.iter_mut().for_each(|line| line.state = state);
        self
    }
}

/// Appends a batch in the transaction that remembers the delivery; before it notes which messages the peer has answered
/// for, because an edit of a message that never left is no edit to the peer.
pub(crate) async fn append(tx: &mut Tx, batch: &Batch) -> Result<(), StoreError> {
    let Batch { peer, channel, lines } = batch;
    let is_edit = |line: &&Line| line.kind == LedgerKind::Edit;
    let edited: Vec<PostId> =
        lines.iter().filter(is_edit).filter_map(|line| PostId::parse(&line.item_id).ok()).collect();
    if edited.is_empty() {
        return ledger::append(tx, peer, channel.as_ref(), lines);
    }
    let words = post_deliveries::list(tx, &edited).await?;
    let of_peer = words.iter().filter(|word| word.remote_id == peer.remote_id && word.organisation.is_empty());
    let known: HashSet<String> = of_peer.map(|word| word.post_id.to_string()).collect();
    let mut lines = lines.clone();
    for line in lines.iter_mut().filter(|line| line.kind == LedgerKind::Edit && !known.contains(&line.item_id)) {
        line.kind = LedgerKind::Message;
    }
    ledger::append(tx, peer, channel.as_ref(), &lines)
}

/// Writes a batch of which nothing else is remembered.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note(app: &App, batch: &Batch) -> Result<(), StoreError> {
    if batch.lines.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    append(&mut tx, batch).await?;
    tx.commit().await
}

/// Somebody reads the ledger, which they may, and of which the audit log knows.
#[derive(Debug, Clone)]
pub struct Reading {
    of: Of,
    filter: Filter,
}

/// Begins to read. `form` says how, for the audit log.
///
/// Those who manage connections read all of it: they are the auditors of what leaves. Those who manage shared channels
/// read that of the channels they see.
///
/// # Errors
/// [`Denied`].
pub async fn open(app: &App, actor: &SessionUser, of: Of, filter: Filter, form: &str) -> Result<Reading, Denied> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    if !actor.may(Permission::ManageSecureConnections) {
        let Of::Channel(channel) = &of else { return Err(Denied::Forbidden(Permission::ManageSecureConnections)) };
        actor.require(Permission::ManageSharedChannels)?;
        match access::readable_channel(&mut tx, actor, channel).await {
            Err(Denied::Forbidden(_)) => return Err(Denied::Absent("channel")),
            other => other?,
        };
    }
    let (remote, channel): (Option<RemoteId>, Option<ChannelId>) = match of {
        Of::Channel(channel) => (filter.remote, Some(channel)),
        Of::Connection(remote) => (Some(remote), filter.channel),
    };
    let about = About { action: "read_ledger", remote, channel, result: "ok", detail: form };
    audit::by_user(&mut tx, actor, about)?;
    tx.commit().await?;
    Ok(Reading { of, filter })
}

impl Reading {
    /// The next lines behind a place, in order; none at the end.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn next(&self, app: &App, after: Option<Place>, limit: i64) -> Result<Vec<Entry>, StoreError> {
        let mut view = app.db.read(app.clock.now()).await?;
        ledger::list(&mut view, &self.of, &self.filter, after, limit).await
    }
}

/// Removes what is older than messages are kept here; nothing while they are kept for ever.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn tidy(app: &App) -> Result<(), StoreError> {
    for _ in 0..SLICES {
        let now = app.clock.now();
        let Some(from) = app.settings.get().messages_kept_from(now) else { break };
        let mut tx = app.db.begin(now).await?;
        let gone = ledger::prune(&mut tx, from, SLICE).await?;
        tx.commit().await?;
        if gone == 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rialto_model::{LedgerPast, Millis};
    use rialto_store::Db;
    use rialto_store::testing::both;

    use super::*;
    use crate::Settings;
    use crate::outbox::{self, Delivered};
    use crate::sharing_scene::{Person, Scene};

    fn line(kind: LedgerKind, post: &PostId) -> Line {
        Line {
            kind,
            past: LedgerPast::No,
            item_id: post.to_string(),
            user_id: None,
            name: String::new(),
            size: None,
            sha256: String::new(),
            state: LedgerState::Stored,
        }
    }

    async fn kinds(scene: &Scene, reader: &Person) -> Result<Vec<String>, Denied> {
        let reading = open(&scene.app, &reader.actor, Of::Channel(scene.channel), Filter::default(), "json").await?;
        let found = reading.next(&scene.app, None, 100).await?;
        Ok(found.into_iter().map(|entry| entry.kind).collect())
    }

    /// Behaviour 8.11: lines are written with what is remembered of the delivery; what was edited before it left is no edit
    /// to the peer. They stay when channel and connection have gone, and go when messages of their age go.
    #[tokio::test]
    async fn lines_stand_with_the_delivery_and_go_by_age_alone() {
        both(async |db: Db| {
            let scene = Scene::new(db).await;
            let acme = scene.peer("acme").await;
            scene.share(&acme).await;
            let post = scene.post(&scene.ann, "hello").await;
            let remote = scene.remote(&acme).await;
            for _ in 0..2 {
                scene.tick();
                let batch = Batch::new(&remote, Some(scene.channel), vec![line(LedgerKind::Edit, &post.id)]);
                let delivered = Delivered { taken: vec![post.id], ledger: Some(batch), ..Delivered::default() };
                outbox::delivered(&scene.app, &acme.id, &scene.channel, &delivered).await.unwrap();
            }
            assert_eq!(kinds(&scene, &scene.admin).await.unwrap(), ["message", "edit"]);
            crate::connections::remove(&scene.app, &scene.admin.actor, &acme.id).await.unwrap();
            let settings = (*scene.app.settings.get()).clone();
            scene.app.settings.set(Settings { enable_channel_deletion: true, ..settings });
            crate::channel_removal::delete_permanently(&scene.app, &scene.admin.actor, &scene.channel).await.unwrap();
            assert_eq!(kinds(&scene, &scene.admin).await.unwrap(), ["message", "edit"]);

            scene.app.clock.advance(40 * 24 * 3_600_000);
            note(&scene.app, &Batch::new(&remote, Some(scene.channel), vec![line(LedgerKind::Pin, &post.id)]))
                .await
                .unwrap();
            tidy(&scene.app).await.unwrap();
            assert_eq!(
                kinds(&scene, &scene.admin).await.unwrap(),
                ["message", "edit", "pin"],
                "all is kept by default"
            );
            let settings = (*scene.app.settings.get()).clone();
            scene.app.settings.set(Settings { message_deletion: true, message_retention_days: 30, ..settings });
            tidy(&scene.app).await.unwrap();
            assert_eq!(kinds(&scene, &scene.admin).await.unwrap(), ["pin"]);
        })
        .await;
    }

    /// Behaviour 8.11, SC-106: who reads a ledger, and that each reading stands in the audit log.
    #[tokio::test]
    async fn auditors_read_it_and_the_audit_log_says_so() {
        both(async |db: Db| {
            let scene = Scene::new(db).await;
            let manager = scene.person_as("manager", "system_user shared_channel_manager").await;
            let hidden = scene.new_channel("hidden").await;
            let mut tx = scene.app.db.begin(Millis(1)).await.unwrap();
            let mut row = scene.channel_row(&hidden).await;
            row.kind = rialto_model::ChannelKind::Private;
            rialto_store::channels::update(&mut tx, &row).await.unwrap();
            tx.commit().await.unwrap();
            let read = async |who: &Person, of: Of| open(&scene.app, &who.actor, of, Filter::default(), "csv").await;
            let (plans, hidden) = (Of::Channel(scene.channel), Of::Channel(hidden));
            let acme = Of::Connection(scene.peer("acme").await.id);
            assert!(matches!(read(&scene.ann, plans).await, Err(Denied::Forbidden(_))));
            assert!(matches!(read(&scene.ann, acme).await, Err(Denied::Forbidden(_))));
            assert!(matches!(read(&manager, hidden).await, Err(Denied::Absent(_))));
            assert!(matches!(read(&manager, acme).await, Err(Denied::Forbidden(_))));
            read(&manager, plans).await.unwrap();
            read(&scene.admin, acme).await.unwrap();
            read(&scene.admin, hidden).await.unwrap();
            let lines = audit::list(&scene.app, &scene.admin.actor, None, 0, 100).await.unwrap();
            let readers: Vec<&str> = lines
                .iter()
                .rev()
                .filter(|line| line.action == "read_ledger")
                .map(|line| line.actor.as_str())
                .collect();
            assert_eq!(readers, [manager.id.as_str(), scene.admin.id.as_str(), scene.admin.id.as_str()]);
        })
        .await;
    }
}
