//! What leaves, in the moment it leaves (behaviour 8.11): whatever is handed to the network is held here until it is
//! written down, with the answer if one comes, and as what may have arrived if none comes, even if the task that waits for
//! the answer is stopped.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use rialto_app::StoreError;
use rialto_app::ledger::{self, Batch, Line};
use rialto_app::outbox::Contents;
use rialto_model::{ChannelId, LedgerKind, LedgerPast, LedgerState, RemoteCluster, RemoteId, UserId};
use rialto_wire::federation::ItemKind;
use rialto_wire::federation::fetch::OutboundFetch;
use rialto_wire::federation::items::{ItemResult, ItemState};
use rialto_wire::federation::post::OutboundPost;
use rialto_wire::federation::result::SyncResult;
use rialto_wire::federation::sync::OutboundSync;
use rialto_wire::federation::user::OutboundUser;

use super::Undelivered;
use crate::Federation;

/// Unconfirmed things of one channel that are remembered; beyond them one may be listed once more.
const REMEMBERED: usize = 10_000;

/// What is listed as unconfirmed already: of what is sent again and again to a peer that does not answer, each version is
/// listed once. Cheap to clone; a restart forgets it.
#[derive(Clone, Default)]
pub(crate) struct Unconfirmed(Arc<Mutex<HashMap<Place, HashSet<u64>>>>);

/// A connection, and a channel shared over it or the connection as a whole.
type Place = (RemoteId, Option<ChannelId>);

/// One thing that leaves, and which version of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Thing {
    pub(crate) line: Line,
    pub(crate) version: i64,
}

impl Thing {
    /// A thing of the present, of which nothing more is to be said.
    pub(crate) fn new(kind: LedgerKind, item: impl ToString, user: Option<UserId>) -> Self {
        let line = Line {
            kind,
            past: LedgerPast::No,
            item_id: item.to_string(),
            user_id: user,
            name: String::new(),
            size: None,
            sha256: String::new(),
            state: LedgerState::Sent,
        };
        Self { line, version: 0 }
    }

    /// The same, called so.
    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.line.name);
        self
    }

    /// The same, of so many bytes with this hash.
    pub(crate) fn sized(mut self, size: i64, sha256: &str) -> Self {
        self.line.size = Some(size);
        sha256.clone_into(&mut self.line.sha256);
        self
    }

    fn of_version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// Things on their way to one peer, until they are written down.
pub(crate) struct Leaving {
    fed: Federation,
    batch: Batch,
    digests: Vec<u64>,
    /// Not written down yet.
    open: bool,
}

impl Leaving {
    /// These things are about to leave.
    pub(crate) fn new(fed: &Federation, to: &RemoteCluster, channel: Option<ChannelId>, things: Vec<Thing>) -> Self {
        let digests = things.iter().map(Thing::digest).collect();
        let batch = Batch::new(to, channel, things.into_iter().map(|thing| thing.line).collect());
        Self { fed: fed.clone(), batch, digests, open: true }
    }

    /// What a sync message of a share brings.
    pub(super) fn of_sync(fed: &Federation, contents: &Contents, sync: &OutboundSync) -> Self {
        Self::new(fed, &contents.remote, Some(contents.channel.id), in_sync(contents, sync))
    }

    /// Looks how the exchange went: without an answer it is written down as what may have left, if it may have.
    pub(super) async fn over<T>(self, result: Result<T, Undelivered>) -> Result<(T, Leaving), Undelivered> {
        match result {
            Ok(answer) => Ok((answer, self)),
            Err(undelivered) => {
                if undelivered.left {
                    self.may_have_left().await;
                } else {
                    self.written();
                }
                Err(undelivered)
            }
        }
    }

    /// For the transaction that remembers the delivery; say [`Leaving::written`] when it is committed.
    pub(super) fn in_state(&self, state: LedgerState) -> Batch {
        self.batch.clone().all(state)
    }

    /// The same by what a peer says of the items of a sync message it has taken.
    pub(super) fn answered(&self, contents: &Contents, result: &SyncResult) -> Batch {
        let mut batch = self.batch.clone();
        for line in &mut batch.lines {
            line.state = answered(contents, result, line);
        }
        batch
    }

    /// It is written down, or nothing left.
    pub(super) fn written(mut self) {
        self.open = false;
        self.fed.unconfirmed.forget(&self.batch, &self.digests);
    }

    /// Writes it down in this state, apart from anything else that is remembered.
    pub(super) async fn note(self, state: LedgerState) -> Result<(), StoreError> {
        let batch = self.in_state(state);
        self.note_as(&batch).await
    }

    /// Writes it down as given.
    pub(super) async fn note_as(self, batch: &Batch) -> Result<(), StoreError> {
        ledger::note(&self.fed.app, batch).await?;
        self.written();
        Ok(())
    }

    /// It may have left, and no answer says what became of it.
    pub(super) async fn may_have_left(mut self) {
        note_unconfirmed(&self.fed, self.batch.clone(), &self.digests).await;
        self.open = false;
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // The sender was stopped while it waited for the answer: the connection was removed, say.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (fed, batch, digests) = (self.fed.clone(), self.batch.clone(), std::mem::take(&mut self.digests));
            runtime.spawn(async move { note_unconfirmed(&fed, batch, &digests).await });
        }
    }
}

async fn note_unconfirmed(fed: &Federation, mut batch: Batch, digests: &[u64]) {
    let new = fed.unconfirmed.unlisted(&batch, digests);
    let mut keep = new.iter();
    batch.lines.retain(|_| keep.next().copied().unwrap_or(true));
    let batch = batch.all(LedgerState::Sent);
    match ledger::note(&fed.app, &batch).await {
        Ok(()) => fed.unconfirmed.listed(&batch, digests),
        // What was not taken is sent again, and listed then.
        Err(error) => tracing::warn!(%error, remote = %batch.peer.remote_id, "what left could not be written down"),
    }
}

impl Unconfirmed {
    fn of<R>(&self, batch: &Batch, work: impl FnOnce(&mut HashSet<u64>) -> R) -> R {
        let key = (batch.peer.remote_id, batch.channel);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = work(all.entry(key).or_default());
        if all.get(&key).is_some_and(HashSet::is_empty) {
            all.remove(&key);
        }
        done
    }

    fn unlisted(&self, batch: &Batch, digests: &[u64]) -> Vec<bool> {
        self.of(batch, |listed| digests.iter().map(|digest| !listed.contains(digest)).collect())
    }

    fn listed(&self, batch: &Batch, digests: &[u64]) {
        self.of(batch, |listed| {
            if listed.len() + digests.len() > REMEMBERED {
                listed.clear();
            }
            listed.extend(digests);
        });
    }

    fn forget(&self, batch: &Batch, digests: &[u64]) {
        self.of(batch, |listed| digests.iter().for_each(|digest| _ = listed.remove(digest)));
    }
}

/// People a peer is told of.
fn profile(person: &OutboundUser, id: UserId) -> Thing {
    Thing::new(LedgerKind::Profile, id, Some(id)).named(&person.username).of_version(person.update_at.0)
}

fn message(post: &OutboundPost, author: UserId) -> Thing {
    let kind = match post {
        post if post.delete_at != 0 => LedgerKind::Deletion,
        post if post.edit_at != 0 => LedgerKind::Edit,
        _ => LedgerKind::Message,
    };
    Thing::new(kind, post.id, Some(author)).of_version(post.update_at.0)
}

/// Everybody in an offer of people.
pub(super) fn in_offer(sync: &OutboundSync) -> Vec<Thing> {
    sync.users.values().map(|person| profile(person, person.id)).collect()
}

/// What a peer gets that asks for it again.
pub(crate) fn in_fetch(contents: &Contents, given: &OutboundFetch) -> Vec<Line> {
    let here = Here::new(contents);
    let people = given.users.values().map(|person| profile(person, here.id(person.id)));
    let posts = given.posts.iter().map(|post| message(post, here.id(post.user_id)));
    let mut things: Vec<Thing> = people.chain(posts).collect();
    things.iter_mut().for_each(|thing| thing.line.past = LedgerPast::Fetched);
    things.into_iter().map(|thing| thing.line).collect()
}

/// Ids here of people who have others on the wire (ruling 52).
struct Here(HashMap<UserId, UserId>);

impl Here {
    fn new(contents: &Contents) -> Self {
        Self(contents.wire_ids.iter().map(|(here, there)| (*there, *here)).collect())
    }

    fn id(&self, wire_id: UserId) -> UserId {
        self.0.get(&wire_id).copied().unwrap_or(wire_id)
    }
}

/// Everything in a sync message but presence, receipts and where we stand.
fn in_sync(contents: &Contents, sync: &OutboundSync) -> Vec<Thing> {
    let here = Here::new(contents);
    let mut things: Vec<Thing> = sync.users.values().map(|person| profile(person, here.id(person.id))).collect();
    things.extend(sync.posts.iter().map(|post| message(post, here.id(post.user_id))));
    for reaction in &sync.reactions {
        let kind = if reaction.delete_at == 0 { LedgerKind::Reaction } else { LedgerKind::ReactionRemoval };
        let thing = Thing::new(kind, reaction.post_id, Some(here.id(reaction.user_id))).named(&reaction.emoji_name);
        things.push(thing.of_version(reaction.update_at.0));
    }
    for ack in &sync.acknowledgements {
        let gone = ack.acknowledged_at.0 == 0;
        let kind = if gone { LedgerKind::AcknowledgementRemoval } else { LedgerKind::Acknowledgement };
        let thing = Thing::new(kind, ack.post_id, Some(here.id(ack.user_id)));
        things.push(thing.of_version(ack.acknowledged_at.0));
    }
    let member = |belongs: bool, user: UserId, by: Option<UserId>, at: i64| {
        let kind = if belongs { LedgerKind::Member } else { LedgerKind::MemberRemoval };
        Thing::new(kind, here.id(user), by.map(|by| here.id(by))).of_version(at)
    };
    for change in &sync.membership_changes {
        things.push(member(change.is_add, change.user_id, Some(change.user_id), change.change_time.0));
    }
    if let Some(more) = &sync.rialto {
        for pin in &more.pins {
            let kind = if pin.pinned { LedgerKind::Pin } else { LedgerKind::PinRemoval };
            things.push(Thing::new(kind, pin.post_id, Some(here.id(pin.user_id))).of_version(pin.at));
        }
        things.extend(more.member_requests.iter().map(|one| member(true, one.user_id, Some(one.by), one.at)));
        things.extend(more.member_blocks.iter().map(|one| member(!one.blocked, one.user_id, None, one.at)));
        things.extend(more.member_answers.iter().map(|one| member(one.state == "added", one.user_id, None, 0)));
    }
    if contents.backfill {
        things.iter_mut().for_each(|thing| thing.line.past = LedgerPast::History);
    }
    for thing in &mut things {
        let about_post = thing.line.kind == LedgerKind::Message || thing.line.kind == LedgerKind::Edit;
        if about_post && contents.context.iter().any(|post| post.as_str() == thing.line.item_id) {
            thing.line.past = LedgerPast::Context;
        }
    }
    things
}

/// What a peer that has taken a sync message says of one item of it.
fn answered(contents: &Contents, result: &SyncResult, line: &Line) -> LedgerState {
    use LedgerKind::{
        Acknowledgement, AcknowledgementRemoval, Deletion, Edit, Member, MemberRemoval, Message, Pin, PinRemoval,
        Profile, Reaction, ReactionRemoval,
    };
    let wire = |id: Option<UserId>| id.map(|id| contents.wire_id(&id));
    let (kind, list): (_, &[String]) = match line.kind {
        Profile => (ItemKind::User, &result.user_errors),
        Message | Edit | Deletion => (ItemKind::Post, &result.post_errors),
        Reaction | ReactionRemoval => (ItemKind::Reaction, &result.reaction_errors),
        Acknowledgement | AcknowledgementRemoval => (ItemKind::Ack, &result.acknowledgement_errors),
        Member | MemberRemoval => (ItemKind::Member, &[]),
        Pin | PinRemoval => (ItemKind::Pin, &[]),
        _ => return LedgerState::Stored,
    };
    let id = match kind {
        ItemKind::User => wire(line.user_id).map_or_else(String::new, |id| id.to_string()),
        _ => line.item_id.clone(),
    };
    let said = |item: &&ItemResult| {
        item.kind == kind
            && match kind {
                ItemKind::Reaction | ItemKind::Ack => {
                    item.post_id.is_some_and(|post| post.as_str() == id)
                        && item.user_id == wire(line.user_id)
                        && (kind == ItemKind::Ack || item.emoji_name == line.name)
                }
                ItemKind::Member => item.user_id == wire(line.user_id),
                _ => item.id == id,
            }
    };
    let said = result.rialto.as_ref().and_then(|more| more.items.iter().find(said));
    match said.map(|item| item.state) {
        Some(ItemState::Parked) => LedgerState::Sent,
        Some(ItemState::Refused) => LedgerState::Refused,
        _ if list.contains(&id) => LedgerState::Refused,
        _ => LedgerState::Stored,
    }
}
