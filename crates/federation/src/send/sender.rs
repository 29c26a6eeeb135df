//! One sender a peer: reads the log behind a durable position, sends what concerns the peer at once, and moves on.
//!
//! One frame is in flight at a time. What fails on the way is repeated for ever, with growing pauses. Channels do not wait
//! for each other: one that is far behind, or whose messages the peer answers with errors, is held at a position of its
//! own and takes turns with the others. Source: rulings 27, 36, E-035, E-042.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rialto_app::connections::{self, Contact, health};
use rialto_app::outbox::{self, Change, Changes, Wanted, What};
use rialto_app::{backlog, interruptions};
use rialto_model::{ChannelId, Millis, RemoteCluster, RemoteId, Seq, ShareId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::backfill::Resting;
use super::deliver::{Fate, deliver};
use super::discovery::Offer;
use super::{Undelivered, awaited, invite};
use crate::Federation;

/// Pauses between attempts, seconds; the last one stays (ruling 27).
const PAUSES: [u64; 6] = [1, 2, 5, 10, 20, 30];
/// Positions that concern nobody are stored this rarely: losing them costs a look at the log.
const STORE_EVERY: i64 = 200;
/// Changes of one channel that are sent in one go, about a frame; with more to send it takes turns with others.
pub(super) const PORTION: usize = 50;
/// Nothing is due.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// How others reach a running sender.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Try now: the peer has called, or answers again.
    pub(crate) wake: Notify,
    /// There is something in the log that may concern the peer. While the peer cannot be reached that is no reason to try.
    pub(crate) news: Notify,
    /// Nothing is said but pings: the peer speaks no protocol we speak (ruling 8.1) or refuses our credential (ruling 19).
    pub(crate) paused: AtomicBool,
}

pub(super) struct Sender {
    pub(super) fed: Federation,
    pub(super) id: RemoteId,
    pub(super) stored: Seq,
    pub(super) position: Seq,
    /// When a held share is asked about or offered again; one that is not here catches up.
    pub(super) ask_at: HashMap<ShareId, Instant>,
    /// Held shares that the peer was offered and has not taken yet.
    pub(super) offered: HashSet<ShareId>,
    /// Channels whose messages the peer has answered with errors.
    pub(super) pauses: HashMap<ChannelId, Pause>,
    /// Channels of held shares to which nothing can be sent now.
    pub(super) stalled: HashSet<ChannelId>,
    /// The held share whose turn it was last.
    pub(super) last_turn: Option<ShareId>,
    /// There may be shares of which the peer does not know yet who belongs.
    pub(super) telling: bool,
    /// When work that is due by time is looked at although there is other work.
    due_at: Instant,
    /// Backfills that rest because the peer answered them with errors.
    pub(super) resting: Resting,
    /// Our people outside shared channels.
    pub(super) offer: Offer,
    /// There may be an outage whose end is to be told of.
    pub(super) to_tell: bool,
    /// Since when nothing gets through.
    failing: Option<Failing>,
}

/// A channel that rests because the peer answers its messages with errors. The others go on.
pub(super) struct Pause {
    failures: usize,
    /// When it is tried again.
    pub(super) until: Instant,
    since: Failing,
}

/// The beginning of a time in which every attempt failed.
#[derive(Clone, Copy)]
struct Failing {
    /// By a clock that nobody sets.
    from: Instant,
    /// For people.
    at: Millis,
    /// The channels know.
    told: bool,
}

impl Failing {
    fn begin(fed: &Federation) -> Self {
        Self { from: Instant::now(), at: fed.app.clock.now(), told: false }
    }

    /// Whether it is to be told of (ruling 25).
    fn is_long(&self, fed: &Federation) -> bool {
        let limit = Duration::from_millis(u64::try_from(fed.app.settings.get().offline_after_ms()).unwrap_or_default());
        !self.told && self.from.elapsed() >= limit
    }
}

/// Sends to one peer until the connection ends. Runs as a task of its own: no peer waits for another.
pub(crate) async fn run(fed: Federation, id: RemoteId, link: Arc<Link>) {
    let position = loop {
        match outbox::position(&fed.app, &id).await {
            Ok(Some(position)) => break position,
            Ok(None) => return,
            Err(error) => tracing::warn!(%error, remote = %id, "a sender cannot read its position"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let mut sender = Sender {
        fed,
        id,
        stored: position,
        position,
        ask_at: HashMap::new(),
        offered: HashSet::new(),
        pauses: HashMap::new(),
        stalled: HashSet::new(),
        last_turn: None,
        telling: true,
        resting: Resting::default(),
        offer: Offer::default(),
        due_at: Instant::now(),
        // Perhaps we were stopped while it caught up.
        to_tell: true,
        failing: None,
    };
    let mut failures = 0usize;
    loop {
        if link.paused.load(Ordering::Relaxed) {
            link.wake.notified().await;
            continue;
        }
        match sender.step().await {
            Ok(Next::Again) => failures = 0,
            Ok(Next::Ended) => return,
            Ok(Next::Idle(due)) => {
                failures = 0;
                tokio::select! {
                    () = link.news.notified() => {}
                    () = link.wake.notified() => sender.hurry(),
                    () = tokio::time::sleep(due) => {}
                }
            }
            Err(undelivered) => {
                let pause = pause_after(failures);
                failures += 1;
                tracing::info!(remote = %sender.id, cause = undelivered.cause, pause, "a peer cannot be reached");
                sender.note_failure(&undelivered).await;
                sender.tell_of_failing().await;
                tokio::select! {
                    // A call of the peer's is a reason to try, but not several times a second.
                    () = async { tokio::time::sleep(Duration::from_millis(200)).await; link.wake.notified().await } => failures = 0,
                    () = tokio::time::sleep(jitter(&sender.fed, pause)) => {}
                }
            }
        }
    }
}

/// Seconds to wait after so many failures.
pub(super) fn pause_after(failures: usize) -> u64 {
    PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or(30)
}

/// Up to a fifth more, so that many servers do not call a returning one at the same moment.
fn jitter(fed: &Federation, seconds: u64) -> Duration {
    let [byte] = fed.app.ids.bytes::<1>();
    Duration::from_millis(seconds * 1000 + seconds * u64::from(byte) * 200 / 255)
}

enum Next {
    Again,
    Idle(Duration),
    Ended,
}

impl Sender {
    async fn remote(&self) -> Result<Option<RemoteCluster>, Undelivered> {
        let found = connections::find(&self.fed.app, &self.id).await?;
        Ok(found.filter(|remote| remote.delete_at.is_none()))
    }

    /// One round: what is new in the log, one turn of a channel that is behind, one page of members, and what is due.
    async fn step(&mut self) -> Result<Next, Undelivered> {
        self.fed.rounds.fetch_add(1, Ordering::Relaxed);
        let Some(remote) = self.remote().await? else { return Ok(Next::Ended) };
        if !remote.is_live() || !self.fed.app.settings.get().sharing_enabled() {
            return Ok(Next::Idle(Duration::from_secs(1)));
        }
        if connections::awaits_rehoming(&self.fed.app, &remote).await? {
            // What is its own looks like somebody else's still, and would be sent back to it.
            return Ok(Next::Idle(Duration::from_millis(200)));
        }
        self.to_tell |= remote.interrupted_at.is_some();
        if !self.obey(&remote).await? {
            return Ok(Next::Idle(LONG));
        }
        let changes = outbox::changes(&self.fed.app, &self.id, self.position).await?;
        self.offer.note(&changes.people);
        let new = changes.upto > self.position;
        let live = !changes.list.is_empty() || changes.more;
        let upto = changes.upto;
        if changes.list.is_empty() {
            self.position = upto;
            if self.position.0 - self.stored.0 >= STORE_EVERY && !self.store_position(&[]).await? {
                return Ok(Next::Ended);
            }
        } else {
            let sent = Box::pin(self.send(&remote, changes)).await;
            let sent = match sent {
                Err(_) if rialto_app::planted::Fault::DroppedRetry.is_planted() => Ok(Vec::new()),
                sent => sent,
            };
            let sent = sent?;
            self.position = upto;
            if !self.store_position(&sent).await? {
                return Ok(Next::Ended);
            }
        }
        // However much there is to send elsewhere, what is behind gets its turn, and what is due is done.
        let turned = self.turn_to_held(&remote).await?;
        let told = self.tell_members(&remote).await?;
        self.failing = None;
        let busy = new || turned || told;
        // History stands behind everything that is news, and so do people nobody has to do with.
        let history = if live || turned || told {
            LONG
        } else {
            let history = self.turn_to_backfill(&remote).await?.min(self.turn_to_recovery(&remote).await?);
            history.min(Box::pin(self.turn_to_people(&remote)).await?)
        };
        let idle = !busy;
        let busy = busy || history.is_zero();
        if busy && Instant::now() < self.due_at {
            return Ok(Next::Again);
        }
        let wait = self.due_work(&remote, idle).await?.min(history);
        self.due_at = Instant::now() + wait.min(Duration::from_secs(1));
        Ok(if busy || wait.is_zero() { Next::Again } else { Next::Idle(wait) })
    }

    async fn store_position(&mut self, sent: &[(ChannelId, usize)]) -> Result<bool, Undelivered> {
        let moved = outbox::advance(&self.fed.app, &self.id, self.stored, self.position, sent).await?;
        self.stored = self.position;
        Ok(moved)
    }

    async fn note_failure(&self, undelivered: &Undelivered) {
        let contact = Contact { error: Some(undelivered.cause.clone()), ..Contact::default() };
        let failure = (undelivered.class, undelivered.cause.as_str());
        if let Err(error) = health::note_failure(&self.fed.app, &self.id, failure, contact).await {
            tracing::warn!(%error, remote = %self.id, "a failure could not be noted");
        }
    }

    /// The peer has called, or answers again: channels that rest are tried soon (ruling 26).
    fn hurry(&mut self) {
        let soon = Instant::now() + Duration::from_secs(1);
        for pause in self.pauses.values_mut() {
            pause.until = pause.until.min(soon);
            pause.failures = 0;
        }
    }

    /// The peer has answered a channel's message with an error: nothing behind `from` has surely reached it. The channel
    /// rests for a while, and the others go on.
    pub(super) async fn rest(
        &mut self,
        channel: &ChannelId,
        from: Seq,
        undelivered: &Undelivered,
    ) -> Result<(), Undelivered> {
        tracing::info!(remote = %self.id, %channel, cause = undelivered.cause, "a peer does not take a channel's messages");
        self.note_failure(undelivered).await;
        if outbox::hold(&self.fed.app, &self.id, channel, from).await?.is_none() {
            self.pauses.remove(channel);
            return Ok(());
        }
        let fresh = Pause { failures: 0, until: Instant::now(), since: Failing::begin(&self.fed) };
        let pause = self.pauses.entry(*channel).or_insert(fresh);
        pause.until = Instant::now() + jitter(&self.fed, pause_after(pause.failures));
        pause.failures += 1;
        self.stalled.insert(*channel);
        if pause.since.is_long(&self.fed) {
            pause.since.told = true;
            self.to_tell = true;
            interruptions::begin_in(&self.fed.app, &self.id, channel, pause.since.at).await?;
        }
        Ok(())
    }

    /// Nothing gets through. If that lasts although the peer answers pings, the channels that wait are told (ruling 25).
    async fn tell_of_failing(&mut self) {
        let failing = *self.failing.get_or_insert_with(|| Failing::begin(&self.fed));
        if !failing.is_long(&self.fed) {
            return;
        }
        self.failing = Some(Failing { told: true, ..failing });
        self.to_tell = true;
        let told = async {
            for channel in backlog::of(&self.fed.app, &self.id).await?.by_channel.keys() {
                interruptions::begin_in(&self.fed.app, &self.id, channel, failing.at).await?;
            }
            Ok::<(), rialto_app::StoreError>(())
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, remote = %self.id, "an interruption could not be told of");
        }
    }

    /// Sends changes channel by channel; within a channel in the order of the log. A channel with much to send, and every
    /// channel while there is much to read, is passed by and takes turns with the others (E-035, E-042). Returns how many
    /// posts were taken.
    async fn send(&mut self, remote: &RemoteCluster, changes: Changes) -> Result<Vec<(ChannelId, usize)>, Undelivered> {
        let behind = changes.more;
        let Sorted { channels, turns } = by_channel(changes.list);
        let mut sent = Vec::new();
        for (channel, wanted) in channels {
            if behind || wanted.number() > PORTION {
                outbox::hold(&self.fed.app, &self.id, &channel, self.position).await?;
                continue;
            }
            match Box::pin(deliver(&self.fed, remote, &channel, wanted)).await {
                Ok(delivery) if delivery.fate == Fate::NoLongerShared => self.doubt(&channel, self.position).await?,
                Ok(delivery) => sent.push((channel, delivery.taken)),
                Err(undelivered) if undelivered.answered => self.rest(&channel, self.position, &undelivered).await?,
                Err(undelivered) => return Err(undelivered),
            }
        }
        for (seq, channel, what) in turns {
            match what {
                What::ShareStarted(share) => self.begin_share(remote, share, seq).await?,
                What::ShareChanged(share) => match invite::tell(&self.fed, remote, &share).await {
                    Err(undelivered) if undelivered.answered => {
                        self.rest(&channel, self.position, &undelivered).await?
                    }
                    other => other?,
                },
                What::ShareEnded(share) => match invite::end(&self.fed, remote, &share).await {
                    // It learns of the end by our refusal (ruling 45).
                    Err(undelivered) if undelivered.answered && !undelivered.busy => {
                        tracing::info!(remote = %self.id, %channel, cause = undelivered.cause, "the end of a share was not taken");
                    }
                    other => other?,
                },
                _ => {}
            }
        }
        Ok(sent)
    }

    /// What has to be done at some time, whatever else there is to do. Returns when there is more; `idle`: nothing waits.
    async fn due_work(&mut self, remote: &RemoteCluster, idle: bool) -> Result<Duration, Undelivered> {
        let mut wait = awaited::send_released(&self.fed, remote).await?;
        if idle && self.to_tell && remote.interrupted_at.is_none() {
            interruptions::end_delivered(&self.fed.app, &self.id).await?;
            self.to_tell = interruptions::caught_up(&self.fed.app, &self.id).await? || !self.pauses.is_empty();
        }
        let now = Instant::now();
        let pauses = self.pauses.values().map(|pause| pause.until);
        for at in self.ask_at.values().copied().chain(pauses) {
            wait = wait.min(at.saturating_duration_since(now).max(Duration::from_millis(20)));
        }
        Ok(wait.min(self.retry_refused(remote).await?))
    }

    /// Sends one refused item again, by itself, if its time has come. Returns when the next is due.
    async fn retry_refused(&mut self, remote: &RemoteCluster) -> Result<Duration, Undelivered> {
        let now = self.fed.app.clock.now();
        let Some(failure) = &outbox::next_refused(&self.fed.app, &self.id, &self.stalled).await? else {
            return Ok(LONG);
        };
        if failure.next_at > now {
            let wait = Duration::from_millis(u64::try_from(failure.next_at.since(now)).unwrap_or_default());
            return Ok(wait.max(Duration::from_millis(20)));
        }
        let wanted = outbox::wanted_again(&self.fed.app, failure).await?;
        match deliver(&self.fed, remote, &failure.channel_id, wanted).await {
            Ok(delivery) if delivery.fate == Fate::NoLongerShared => {
                self.doubt(&failure.channel_id, self.position).await?;
            }
            Ok(delivery) => {
                outbox::settle_retry(&self.fed.app, failure).await?;
                if delivery.taken > 0 {
                    outbox::count_late(&self.fed.app, &self.id, (failure.channel_id, delivery.taken)).await?;
                }
            }
            Err(undelivered) if undelivered.answered => outbox::postpone(&self.fed.app, failure).await?,
            Err(undelivered) => return Err(undelivered),
        }
        Ok(Duration::ZERO)
    }
}

/// What changes amount to.
pub(super) struct Sorted {
    /// By channel, in the order of their first change.
    pub(super) channels: Vec<(ChannelId, Wanted)>,
    /// Beginnings, changes and ends of shares.
    pub(super) turns: Vec<(Seq, ChannelId, What)>,
}

/// Sorts changes by channel; within a channel they stay in the order of the log.
pub(super) fn by_channel(changes: Vec<Change>) -> Sorted {
    let mut channels: Vec<(ChannelId, Wanted)> = Vec::new();
    let mut places: HashMap<ChannelId, usize> = HashMap::new();
    let mut turns = Vec::new();
    for Change { seq, channel, what } in changes {
        if matches!(what, What::ShareStarted(_) | What::ShareChanged(_) | What::ShareEnded(_)) {
            turns.push((seq, channel, what));
            continue;
        }
        let place = *places.entry(channel).or_insert_with(|| {
            channels.push((channel, Wanted::default()));
            channels.len() - 1
        });
        let Some((_, wanted)) = channels.get_mut(place) else { continue };
        match what {
            What::Post(post) if !wanted.posts.contains(&post) => wanted.posts.push(post),
            What::Reaction(reaction) => wanted.reactions.push(*reaction),
            What::Member(user) if !wanted.members.contains(&user) => wanted.members.push(user),
            What::Profile(user) if !wanted.profiles.contains(&user) => wanted.profiles.push(user),
            What::Status(user) if !wanted.statuses.contains(&user) => wanted.statuses.push(user),
            What::Acknowledgement(post, user) => wanted.acknowledgements.push((post, user)),
            What::Pin(post) => wanted.pins.push(post),
            What::MemberWord(user, word) => wanted.member_words.push((user, word)),
            What::Receipts(third, posts) => wanted.receipts.extend(posts.into_iter().map(|post| (third, post))),
            _ => {}
        }
    }
    Sorted { channels, turns }
}
