//! One sender a peer: reads the log behind a durable position, sends what concerns the peer at once, and moves on.
//!
//! One frame is in flight at a time. What fails on the way is repeated for ever, with growing pauses; what the peer
//! refuses is retried by itself and in the end set aside, so that one bad item holds up nothing. Source: rulings 27,
//! 32 to 34, 38.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rialto_app::connections::{self, Contact};
use rialto_app::interruptions;
use rialto_app::outbox::{self, Change, Contents, Delivered, Wanted, What};
use rialto_model::{ChannelId, Post, RemoteCluster, RemoteId, Seq, ShareId};
use rialto_wire::federation::frame::{Answer, says_no_longer_shared};
use rialto_wire::federation::result::SyncResult;
use rialto_wire::federation::sync::OutboundSync;
use rialto_wire::federation::topic;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{FRAME_BYTES, Undelivered, awaited, compose, invite, message, toggles};
use crate::Federation;

/// Pauses between attempts, seconds; the last one stays (ruling 27).
const PAUSES: [u64; 6] = [1, 2, 5, 10, 20, 30];
/// Positions that concern nobody are stored this rarely: losing them costs a look at the log.
const STORE_EVERY: i64 = 200;
/// How others reach a running sender.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Try now: the peer has called, or answers again.
    pub(crate) wake: Notify,
}

pub(super) struct Sender {
    pub(super) fed: Federation,
    pub(super) id: RemoteId,
    stored: Seq,
    pub(super) position: Seq,
    /// When a held share is asked about or offered again; one that is not here catches up.
    pub(super) ask_at: HashMap<ShareId, Instant>,
    /// Channels of held shares.
    pub(super) held: HashSet<ChannelId>,
    /// There may be an outage whose end is to be told of.
    to_tell: bool,
}

/// Sends to one peer until the connection ends. Runs as a task of its own: no peer waits for another.
pub(crate) async fn run(fed: Federation, id: RemoteId, link: Arc<Link>) {
    let mut settled = fed.app.bus.settled();
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
        held: HashSet::new(),
        // Perhaps we were stopped while it caught up.
        to_tell: true,
    };
    let mut failures = 0usize;
    loop {
        settled.borrow_and_update();
        match sender.step().await {
            Ok(Next::Again) => failures = 0,
            Ok(Next::Ended) => return,
            Ok(Next::Idle(due)) => {
                failures = 0;
                let due = due.unwrap_or(Duration::from_secs(60));
                tokio::select! {
                    changed = settled.changed() => if changed.is_err() { return },
                    () = link.wake.notified() => {}
                    () = tokio::time::sleep(due) => {}
                }
            }
            Err(undelivered) => {
                let pause = PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or(30);
                failures += 1;
                tracing::info!(remote = %sender.id, cause = undelivered.cause, pause, "a peer cannot be reached");
                sender.note_failure(&undelivered).await;
                tokio::select! {
                    // A call of the peer's is a reason to try, but not several times a second.
                    () = async { tokio::time::sleep(Duration::from_millis(200)).await; link.wake.notified().await } => failures = 0,
                    () = tokio::time::sleep(jitter(&sender.fed, pause)) => {}
                }
            }
        }
    }
}

/// Up to a fifth more, so that many servers do not call a returning one at the same moment.
fn jitter(fed: &Federation, seconds: u64) -> Duration {
    let [byte] = fed.app.ids.bytes::<1>();
    Duration::from_millis(seconds * 1000 + seconds * u64::from(byte) * 200 / 255)
}

enum Next {
    Again,
    Idle(Option<Duration>),
    Ended,
}

impl Sender {
    async fn remote(&self) -> Result<Option<RemoteCluster>, Undelivered> {
        let found = connections::find(&self.fed.app, &self.id).await?;
        Ok(found.filter(|remote| remote.delete_at.is_none()))
    }

    async fn step(&mut self) -> Result<Next, Undelivered> {
        let Some(remote) = self.remote().await? else { return Ok(Next::Ended) };
        if !remote.is_live() || !self.fed.app.settings.get().sharing_enabled() {
            return Ok(Next::Idle(Some(Duration::from_secs(1))));
        }
        self.to_tell |= remote.interrupted_at.is_some();
        let changes = outbox::changes(&self.fed.app, &self.id, self.position).await?;
        let new = changes.upto > self.position;
        if changes.list.is_empty() {
            self.position = changes.upto;
            if self.position.0 - self.stored.0 >= STORE_EVERY && !self.store_position().await? {
                return Ok(Next::Ended);
            }
        } else {
            let sent = self.send(&remote, changes.list).await;
            #[cfg(feature = "planted-faults")]
            let sent =
                sent.or_else(
                    |error| {
                        if rialto_app::planted::Fault::DroppedRetry.is_planted() { Ok(()) } else { Err(error) }
                    },
                );
            sent?;
            self.position = changes.upto;
            if !self.store_position().await? {
                return Ok(Next::Ended);
            }
        }
        // However much there is to send elsewhere, what is held gets its turn.
        let turned = self.turn_to_held(&remote).await?;
        if new || turned {
            return Ok(Next::Again);
        }
        awaited::send_released(&self.fed, &remote).await?;
        if self.to_tell && remote.interrupted_at.is_none() {
            self.to_tell = interruptions::caught_up(&self.fed.app, &self.id).await?;
        }
        self.retry_refused(&remote).await
    }

    async fn store_position(&mut self) -> Result<bool, Undelivered> {
        let moved = outbox::advance(&self.fed.app, &self.id, self.stored, self.position).await?;
        self.stored = self.position;
        Ok(moved)
    }

    async fn note_failure(&self, undelivered: &Undelivered) {
        let contact = Contact { error: Some(undelivered.cause.clone()), ..Contact::default() };
        if let Err(error) = connections::note_contact(&self.fed.app, &self.id, contact).await {
            tracing::warn!(%error, remote = %self.id, "a failure could not be noted");
        }
    }

    /// Sends changes channel by channel; within a channel in the order of the log.
    async fn send(&mut self, remote: &RemoteCluster, changes: Vec<Change>) -> Result<(), Undelivered> {
        let Sorted { channels, turns } = by_channel(changes);
        for (channel, wanted) in channels {
            if deliver(&self.fed, remote, &channel, wanted).await? == Fate::NoLongerShared {
                self.doubt(&channel, self.position).await?;
            }
        }
        for (seq, what) in turns {
            match what {
                What::ShareStarted(share) => self.begin_share(remote, share, seq).await?,
                What::ShareChanged(share) => invite::tell(&self.fed, remote, &share).await?,
                What::ShareEnded(share) => invite::end(&self.fed, remote, &share).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends refused items again, each by itself, when their time has come.
    async fn retry_refused(&mut self, remote: &RemoteCluster) -> Result<Next, Undelivered> {
        let now = self.fed.app.clock.now();
        let mut soonest = self.ask_at.values().min().map(|at| at.saturating_duration_since(Instant::now()));
        for failure in outbox::refused(&self.fed.app, &self.id).await? {
            if self.held.contains(&failure.channel_id) {
                continue;
            }
            if failure.next_at > now {
                let wait = Duration::from_millis(u64::try_from(failure.next_at.since(now)).unwrap_or_default());
                soonest = Some(soonest.map_or(wait, |other| other.min(wait)));
                continue;
            }
            let wanted = Wanted { posts: vec![failure.post_id], ..Wanted::default() };
            if deliver(&self.fed, remote, &failure.channel_id, wanted).await? == Fate::NoLongerShared {
                self.doubt(&failure.channel_id, self.position).await?;
            }
            return Ok(Next::Again);
        }
        Ok(Next::Idle(soonest.map(|wait| wait.max(Duration::from_millis(20)))))
    }
}

/// What changes amount to.
pub(super) struct Sorted {
    /// By channel, in the order of their first change.
    pub(super) channels: Vec<(ChannelId, Wanted)>,
    /// Beginnings and ends of shares.
    turns: Vec<(Seq, What)>,
}

/// Sorts changes by channel; within a channel they stay in the order of the log.
pub(super) fn by_channel(changes: Vec<Change>) -> Sorted {
    let mut channels: Vec<(ChannelId, Wanted)> = Vec::new();
    let mut places: HashMap<ChannelId, usize> = HashMap::new();
    let mut turns = Vec::new();
    for Change { seq, channel, what } in changes {
        if matches!(what, What::ShareStarted(_) | What::ShareChanged(_) | What::ShareEnded(_)) {
            turns.push((seq, what));
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
            _ => {}
        }
    }
    Sorted { channels, turns }
}

/// How a channel's items fared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Delivered; what was refused is remembered.
    Done,
    /// The peer says that it does not share the channel any more.
    NoLongerShared,
}

/// Sends the current state of what is wanted of one channel: people first, then posts, reactions, memberships.
pub(crate) async fn deliver(
    fed: &Federation,
    remote: &RemoteCluster,
    channel: &ChannelId,
    wanted: Wanted,
) -> Result<Fate, Undelivered> {
    let Some(mut contents) = outbox::load(&fed.app, &remote.id, channel, &wanted).await? else { return Ok(Fate::Done) };
    awaited::hold(fed, &mut contents).await?;
    contents.links = compose::links(fed, &contents).await?;
    let long = compose::take_too_long(fed, &mut contents);
    set_aside(fed, &contents, &long, "longer than the 16383 characters the peer takes").await?;
    let mut unknown = contents.unknown.as_slice();
    loop {
        let fits = compose::fitting(fed, &contents, unknown);
        if fits == unknown.len() {
            break;
        }
        let (page, rest) = unknown.split_at(fits);
        unknown = rest;
        let mut sync = compose::empty(fed, *channel);
        sync.users = page.iter().map(|person| compose::user(fed, &contents, person)).map(|u| (u.id, u)).collect();
        if send_frame(fed, &contents, sync, &[], page).await? == Fate::NoLongerShared {
            return Ok(Fate::NoLongerShared);
        }
    }
    let mut first = unknown;
    let mut queue: VecDeque<&[Post]> = contents.posts.chunks(compose::posts_per_frame(fed, remote)).collect();
    while let Some(page) = queue.pop_front() {
        let sync = post_frame(fed, &contents, page, first);
        if too_large(&sync) {
            match split(page) {
                Some((front, back)) => {
                    queue.push_front(back);
                    queue.push_front(front);
                }
                None => set_aside(fed, &contents, page, "larger than the peer takes in one message").await?,
            }
            continue;
        }
        match send_posts(fed, &contents, sync, page, first).await? {
            Sent::Done => first = &[],
            Sent::NoLongerShared => return Ok(Fate::NoLongerShared),
            Sent::Smaller => match split(page) {
                Some((front, back)) => {
                    queue.push_front(back);
                    queue.push_front(front);
                }
                None => {
                    let refused = page.iter().map(|post| (post.id, "the peer refused it".to_owned())).collect();
                    let settled = page.iter().map(|post| post.id).collect();
                    let outcome = Delivered { refused, settled, ..Delivered::default() };
                    outbox::delivered(&fed.app, &remote.id, channel, &outcome).await?;
                }
            },
        }
    }
    let rest = reactions_and_members(fed, &contents, first).await?;
    Ok(rest)
}

fn split(page: &[Post]) -> Option<(&[Post], &[Post])> {
    (page.len() > 1).then(|| page.split_at(page.len() / 2))
}

async fn set_aside(fed: &Federation, contents: &Contents, page: &[Post], cause: &str) -> Result<(), Undelivered> {
    for post in page {
        outbox::set_aside(&fed.app, &contents.remote.id, &contents.channel.id, &post.id, cause).await?;
    }
    Ok(())
}

fn too_large(sync: &OutboundSync) -> bool {
    serde_json::to_vec(sync).map_or(usize::MAX, |bytes| bytes.len()) + 400 > FRAME_BYTES
}

fn post_frame(fed: &Federation, contents: &Contents, page: &[Post], people: &[rialto_model::User]) -> OutboundSync {
    let mut sync = compose::empty(fed, contents.channel.id);
    sync.users = people.iter().map(|person| compose::user(fed, contents, person)).map(|u| (u.id, u)).collect();
    let own = fed.own_site();
    sync.posts = page.iter().map(|post| compose::post(own.as_ref(), contents, post, &mut sync)).collect();
    sync
}

enum Sent {
    Done,
    NoLongerShared,
    /// The whole frame was refused; its parts may not be.
    Smaller,
}

async fn send_posts(
    fed: &Federation,
    contents: &Contents,
    sync: OutboundSync,
    page: &[Post],
    people: &[rialto_model::User],
) -> Result<Sent, Undelivered> {
    // Between loading and sending somebody may have ended the share: then nothing more leaves (INV-11, E-046).
    if !outbox::stands(&fed.app, &contents.share.id).await? {
        return Ok(Sent::Done);
    }
    let answer = match message(fed, &contents.remote.id, topic::SYNC, &sync).await {
        Err(undelivered) if undelivered.too_large => return Ok(Sent::Smaller),
        other => other?,
    };
    match read(contents, &answer)? {
        Verdict::NoLongerShared => Ok(Sent::NoLongerShared),
        Verdict::Refused(_) => Ok(Sent::Smaller),
        Verdict::Taken(result) => {
            remember(fed, contents, &result, page, people, &[]).await?;
            Ok(Sent::Done)
        }
    }
}

/// Sends a frame without posts; a refusal of it is final.
async fn send_frame(
    fed: &Federation,
    contents: &Contents,
    sync: OutboundSync,
    left: &[rialto_model::UserId],
    people: &[rialto_model::User],
) -> Result<Fate, Undelivered> {
    if !outbox::stands(&fed.app, &contents.share.id).await? {
        return Ok(Fate::Done);
    }
    let answer = message(fed, &contents.remote.id, topic::SYNC, &sync).await?;
    match read(contents, &answer)? {
        Verdict::NoLongerShared => Ok(Fate::NoLongerShared),
        Verdict::Refused(why) => {
            tracing::info!(remote = %contents.remote.id, channel = %contents.channel.id, why, "a peer refused a message");
            Ok(Fate::Done)
        }
        Verdict::Taken(result) => {
            remember(fed, contents, &result, &[], people, left).await?;
            Ok(Fate::Done)
        }
    }
}

pub(super) enum Verdict {
    Taken(SyncResult),
    Refused(String),
    NoLongerShared,
}

pub(super) fn read(contents: &Contents, answer: &Answer) -> Result<Verdict, Undelivered> {
    if !answer.ok {
        if says_no_longer_shared(&answer.err, contents.channel.id.as_str()) {
            return Ok(Verdict::NoLongerShared);
        }
        return Ok(Verdict::Refused(answer.err.clone()));
    }
    // Without a result nothing is confirmed (wire 6.6).
    let payload = answer.payload.as_ref().ok_or_else(|| Undelivered::new("the answer confirms nothing"))?;
    let result = SyncResult::decode(payload).map_err(|_| Undelivered::new("the answer confirms nothing"))?;
    Ok(Verdict::Taken(result))
}

async fn remember(
    fed: &Federation,
    contents: &Contents,
    result: &SyncResult,
    page: &[Post],
    people: &[rialto_model::User],
    left: &[rialto_model::UserId],
) -> Result<(), Undelivered> {
    let mut outcome = Delivered { left: left.to_vec(), ..Delivered::default() };
    for person in people {
        let wire_id = contents.wire_ids.get(&person.id).unwrap_or(&person.id);
        let refused = result.user_errors.iter().any(|id| id == wire_id.as_str());
        if !refused {
            outcome.announced.push((person.id, person.update_at));
        }
    }
    for post in page {
        if !post.file_ids.is_empty() {
            outcome.settled.push(post.id);
        }
        if result.post_errors.iter().any(|id| id == post.id.as_str()) {
            outcome.refused.push((post.id, "the peer refused it".to_owned()));
        } else {
            outcome.taken.push(post.id);
            if let Some(attached) = contents.files.get(&post.id) {
                outcome.with_files.push((post.clone(), attached.clone()));
            }
        }
    }
    Ok(outbox::delivered(&fed.app, &contents.remote.id, &contents.channel.id, &outcome).await?)
}

async fn reactions_and_members(
    fed: &Federation,
    contents: &Contents,
    people: &[rialto_model::User],
) -> Result<Fate, Undelivered> {
    let remote = &contents.remote;
    let mut sync = compose::empty(fed, contents.channel.id);
    sync.users = people.iter().map(|person| compose::user(fed, contents, person)).map(|u| (u.id, u)).collect();
    let mut left = Vec::new();
    if compose::knows_members(fed, remote) {
        for (person, joined) in &contents.members {
            sync.membership_changes.push(compose::member(contents, person, *joined, fed.app.clock.now()));
            if !joined {
                left.push(person.id);
            }
        }
    }
    if !compose::toggles(remote) {
        sync.reactions = contents.reactions.iter().map(|r| compose::reaction(contents, r)).collect();
    }
    let empty = sync.users.is_empty() && sync.membership_changes.is_empty() && sync.reactions.is_empty();
    if !empty && send_frame(fed, contents, sync, &left, people).await? == Fate::NoLongerShared {
        return Ok(Fate::NoLongerShared);
    }
    if compose::toggles(remote) {
        for reaction in &contents.reactions {
            if toggles::send(fed, contents, reaction).await? == Fate::NoLongerShared {
                return Ok(Fate::NoLongerShared);
            }
        }
    }
    Ok(Fate::Done)
}
