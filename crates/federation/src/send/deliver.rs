//! The items of one channel as frames: people first, then posts, then reactions and memberships, one frame at a time.
//!
//! What the peer refuses is remembered item by item, so that one bad item holds up nothing (rulings 30, 32, 34).

use std::collections::VecDeque;

use rialto_app::delivery_states;
use rialto_app::outbox::{self, Contents, Delivered, ITEMS, Item, Wanted};
use rialto_model::emoji::names_in;
use rialto_model::{ChannelId, LedgerState, PeerProfile, Post, Reaction, RemoteCluster, User};
use rialto_wire::federation::ItemKind;
use rialto_wire::federation::frame::{Answer, says_no_longer_shared};
use rialto_wire::federation::items::{ItemResult, ItemState};
use rialto_wire::federation::result::SyncResult;
use rialto_wire::federation::sync::OutboundSync;

use super::{FRAME_BYTES, Undelivered, awaited, backfill, compose, extras, people, sync_frame, toggles};
use crate::Federation;

/// What an administrator reads of an item the peer has refused.
pub(super) const REFUSED: &str = "the peer refused it";
/// The same of one that alone is too much for the peer, or for a proxy before it (E-123).
const TOO_LARGE: &str = "larger than the peer takes in one message";

/// How a channel's items fared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Delivered; what was refused is remembered.
    Done,
    /// The peer says that it does not share the channel any more.
    NoLongerShared,
    /// Of history only: the peer takes none.
    Declined,
    /// Of history only: the share or the connection rests or has ended, and nothing was sent.
    Unsent,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// As a whole.
    pub(crate) fate: Fate,
    /// Posts the peer has taken.
    pub(crate) taken: usize,
}

/// Sends the current state of what is wanted of one channel: people first, then posts, reactions, memberships.
pub(crate) async fn deliver(
    fed: &Federation,
    remote: &RemoteCluster,
    channel: &ChannelId,
    wanted: Wanted,
) -> Result<Delivery, Undelivered> {
    let Some(mut contents) = outbox::load(&fed.app, &remote.id, channel, &wanted).await? else {
        let fate = if wanted.backfill { Fate::Unsent } else { Fate::Done };
        return Ok(Delivery { fate, taken: 0 });
    };
    awaited::hold(fed, &mut contents).await?;
    contents.links = compose::links(fed, &contents).await?;
    contents.member_versions = outbox::versions_of_members(&fed.app, &contents).await?;
    let long = compose::take_too_long(fed, &mut contents);
    set_aside(fed, &contents, &long, "longer than the 16383 characters the peer takes").await?;
    let mut run = Run { fed, contents: &contents, taken: 0 };
    let mut fate = run.all().await?;
    if fate == Fate::Done {
        fate = people::send(fed, &contents).await?;
    }
    if fate == Fate::Done {
        fate = extras::send(fed, &contents).await?;
    }
    Ok(Delivery { fate, taken: run.taken })
}

/// What a frame brings, to be remembered when it was answered.
#[derive(Clone, Copy)]
struct Cargo<'a> {
    people: &'a [User],
    posts: &'a [Post],
    reactions: &'a [Reaction],
    members: &'a [(User, bool)],
}

const NOTHING: Cargo<'static> = Cargo { people: &[], posts: &[], reactions: &[], members: &[] };

impl Cargo<'_> {
    /// Everything in it but people who only ride along.
    fn items(&self) -> Vec<Item> {
        let mut items: Vec<Item> = self.posts.iter().map(|post| Item::Post(post.id)).collect();
        items.extend(self.reactions.iter().map(item));
        items.extend(self.members.iter().map(|(person, _)| Item::Member(person.id)));
        if items.is_empty() {
            items.extend(self.people.iter().map(|person| Item::Profile(person.id)));
        }
        items
    }
}

/// How a refused reaction is remembered.
pub(super) fn item(reaction: &Reaction) -> Item {
    Item::Reaction { post: reaction.post_id, user: reaction.user_id, emoji: reaction.emoji_name.clone() }
}

struct Run<'a> {
    fed: &'a Federation,
    contents: &'a Contents,
    taken: usize,
}

impl Run<'_> {
    async fn all(&mut self) -> Result<Fate, Undelivered> {
        let (fed, contents) = (self.fed, self.contents);
        let mut unknown = contents.unknown.as_slice();
        loop {
            let fits = compose::fitting(fed, contents, unknown);
            if fits == unknown.len() {
                break;
            }
            let (page, rest) = unknown.split_at(fits);
            unknown = rest;
            match self.other(Cargo { people: page, ..NOTHING }).await? {
                Fate::Done => {}
                fate => return Ok(fate),
            }
        }
        let mut first = unknown;
        let mut queue: VecDeque<&[Post]> =
            contents.posts.chunks(compose::posts_per_frame(fed, &contents.remote)).collect();
        while let Some(page) = queue.pop_front() {
            let cargo = Cargo { people: first, posts: page, ..NOTHING };
            let sync = self.frame(cargo);
            let smaller = if too_large(&sync) {
                if page.len() == 1 {
                    set_aside(fed, contents, page, TOO_LARGE).await?;
                    continue;
                }
                true
            } else {
                match self.send(sync, cargo).await? {
                    Sent::Done => {
                        first = &[];
                        false
                    }
                    Sent::Stopped(fate) => return Ok(fate),
                    Sent::Smaller(why) if page.len() == 1 => {
                        self.refuse(cargo, why).await?;
                        false
                    }
                    Sent::Smaller(_) => true,
                }
            };
            if smaller {
                let (front, back) = page.split_at(page.len() / 2);
                queue.push_front(back);
                queue.push_front(front);
            }
        }
        self.reactions_and_members(first).await
    }

    async fn reactions_and_members(&mut self, people: &[User]) -> Result<Fate, Undelivered> {
        let (fed, contents) = (self.fed, self.contents);
        let toggles = compose::toggles(&contents.remote);
        let reactions = if toggles { &[] } else { contents.reactions.as_slice() };
        let members = if compose::knows_members(fed, &contents.remote) { contents.members.as_slice() } else { &[] };
        let cargo = Cargo { people, reactions, members, posts: &[] };
        let empty = people.is_empty() && reactions.is_empty() && members.is_empty();
        if !empty {
            match self.other(cargo).await? {
                Fate::Done => {}
                fate => return Ok(fate),
            }
        }
        if toggles {
            for reaction in &contents.reactions {
                if toggles::send(fed, contents, reaction).await? == Fate::NoLongerShared {
                    return Ok(Fate::NoLongerShared);
                }
            }
        }
        Ok(Fate::Done)
    }

    /// Sends a frame without posts. If the peer refuses all of it each item is tried by itself later.
    async fn other(&mut self, cargo: Cargo<'_>) -> Result<Fate, Undelivered> {
        let sync = self.frame(cargo);
        match self.send(sync, cargo).await? {
            Sent::Done => {}
            Sent::Stopped(fate) => return Ok(fate),
            Sent::Smaller(why) => self.refuse(cargo, why).await?,
        }
        Ok(Fate::Done)
    }

    fn frame(&self, cargo: Cargo<'_>) -> OutboundSync {
        let (fed, contents) = (self.fed, self.contents);
        let mut sync = compose::begin(fed, contents);
        sync.users =
            cargo.people.iter().map(|person| compose::user(fed, contents, person)).map(|u| (u.id, u)).collect();
        people::mark(contents, cargo.people, &mut sync);
        backfill::mark(contents, &mut sync);
        extras::mark(contents, cargo.posts, &mut sync);
        let own = fed.own_site();
        sync.posts = cargo.posts.iter().map(|post| compose::post(own.as_ref(), contents, post, &mut sync)).collect();
        sync.reactions = cargo.reactions.iter().map(|reaction| compose::reaction(contents, reaction)).collect();
        let members = cargo.members.iter().map(|(person, joined)| compose::member(contents, person, *joined));
        sync.membership_changes = members.collect();
        sync
    }

    async fn send(&mut self, sync: OutboundSync, cargo: Cargo<'_>) -> Result<Sent, Undelivered> {
        let answer = match sync_frame(self.fed, self.contents, &sync).await {
            Err(undelivered) if undelivered.too_large => return Ok(Sent::Smaller(TOO_LARGE)),
            // A single message is sent again instead: nobody knows whether it is at fault.
            Err(undelivered) if undelivered.slow && cargo.posts.len() > 1 => return Ok(Sent::Smaller(REFUSED)),
            other => other?,
        };
        // The share has ended between loading and sending: nothing more leaves (INV-11, E-046).
        let Some((answer, leaving)) = answer else {
            return Ok(if self.contents.backfill { Sent::Stopped(Fate::Unsent) } else { Sent::Done });
        };
        if backfill::is_declined(self.contents, &answer) {
            leaving.note(LedgerState::Refused).await?;
            return Ok(Sent::Stopped(Fate::Declined));
        }
        let (verdict, leaving) = leaving.over(read(self.contents, &answer)).await?;
        match verdict {
            Verdict::NoLongerShared => {
                leaving.note(LedgerState::Refused).await?;
                Ok(Sent::Stopped(Fate::NoLongerShared))
            }
            Verdict::Refused => {
                leaving.note(LedgerState::Refused).await?;
                // Its words may hold the message; they are for no log (SC-105).
                let Contents { remote, channel, .. } = self.contents;
                tracing::info!(remote = %remote.id, channel = %channel.id, "a peer refused a message");
                Ok(Sent::Smaller(REFUSED))
            }
            Verdict::Taken(result) => {
                let mut outcome = outcome(self.contents, &result, cargo);
                outcome.ledger = Some(leaving.answered(self.contents, &result));
                let Contents { remote, channel, .. } = self.contents;
                outbox::delivered(&self.fed.app, &remote.id, &channel.id, &outcome).await?;
                leaving.written();
                self.taken += outcome.taken.len() + outcome.parked.len();
                Ok(Sent::Done)
            }
        }
    }

    async fn refuse(&self, cargo: Cargo<'_>, cause: &str) -> Result<(), Undelivered> {
        let idle: Vec<Item> =
            cargo.posts.iter().filter(|post| is_idle(self.contents, post)).map(|post| Item::Post(post.id)).collect();
        let matters = cargo.items().into_iter().filter(|item| !idle.contains(item));
        let outcome = Delivered {
            refused: matters.map(|item| (item, cause.to_owned())).collect(),
            done: idle,
            settled: cargo.posts.iter().map(|post| post.id).collect(),
            ..Delivered::default()
        };
        let Contents { remote, channel, .. } = self.contents;
        Ok(outbox::delivered(&self.fed.app, &remote.id, &channel.id, &outcome).await?)
    }
}

/// Sends a frame of which nothing is remembered but that it left. A refusal of it is final.
pub(super) async fn send_beside(
    fed: &Federation,
    contents: &Contents,
    sync: &OutboundSync,
) -> Result<Fate, Undelivered> {
    let Some((answer, leaving)) = sync_frame(fed, contents, sync).await? else { return Ok(Fate::Done) };
    let (verdict, leaving) = leaving.over(read(contents, &answer)).await?;
    match verdict {
        Verdict::NoLongerShared => {
            leaving.note(LedgerState::Refused).await?;
            return Ok(Fate::NoLongerShared);
        }
        Verdict::Refused => leaving.note(LedgerState::Refused).await?,
        Verdict::Taken(result) => {
            let batch = leaving.answered(contents, &result);
            leaving.note_as(&batch).await?;
        }
    }
    Ok(Fate::Done)
}

async fn set_aside(fed: &Federation, contents: &Contents, page: &[Post], cause: &str) -> Result<(), Undelivered> {
    for post in page {
        outbox::set_aside(&fed.app, &contents.remote.id, &contents.channel.id, Item::Post(post.id), cause).await?;
    }
    Ok(())
}

fn too_large(sync: &OutboundSync) -> bool {
    serde_json::to_vec(sync).map_or(usize::MAX, |bytes| bytes.len()) + 400 > FRAME_BYTES
}

enum Sent {
    Done,
    /// Nothing more is to be sent, for this reason.
    Stopped(Fate),
    /// The whole frame was refused, for this reason; its parts may not be.
    Smaller(&'static str),
}

pub(super) enum Verdict {
    Taken(Box<SyncResult>),
    Refused,
    NoLongerShared,
}

pub(super) fn read(contents: &Contents, answer: &Answer) -> Result<Verdict, Undelivered> {
    if !answer.ok {
        if says_no_longer_shared(&answer.err, contents.channel.id.as_str()) {
            return Ok(Verdict::NoLongerShared);
        }
        return Ok(Verdict::Refused);
    }
    // Without a result nothing is confirmed (wire 6.6).
    let unconfirmed = || Undelivered { answered: true, left: true, ..Undelivered::new("the answer confirms nothing") };
    let payload = answer.payload.as_ref().ok_or_else(unconfirmed)?;
    let result = SyncResult::decode(payload).map_err(|_| unconfirmed())?;
    // Another Rialto says up to where it has stored; without that word nothing is sure (ruling 8.4).
    let echoed = result.rialto.as_ref().is_some_and(|extension| extension.seq == contents.seq.0);
    if contents.remote.has(ITEMS) && !echoed {
        return Err(unconfirmed());
    }
    Ok(Verdict::Taken(Box::new(result)))
}

/// What another Rialto says of a post it did not store.
fn said_of<'a>(result: &'a SyncResult, post: &Post) -> Option<&'a ItemResult> {
    let of_post = |item: &&ItemResult| item.kind == ItemKind::Post && item.id == post.id.as_str();
    result.rialto.as_ref()?.items.iter().find(of_post)
}

/// Whether it does not matter that a Mattermost refuses a post: it was deleted, and what a Mattermost never had it does not
/// delete. It is sent all the same, for an answer to its writing may have been lost (E-036).
fn is_idle(contents: &Contents, post: &Post) -> bool {
    post.delete_at.is_some() && contents.remote.profile != PeerProfile::Rialto
}

/// What is to be remembered of a frame that was taken.
fn outcome(contents: &Contents, result: &SyncResult, cargo: Cargo<'_>) -> Delivered {
    let confirmed = contents.remote.has(ITEMS).then_some(contents.seq);
    let mut outcome = Delivered { confirmed, ..Delivered::default() };
    let mut refused = Vec::new();
    // Another Rialto may be shown the pictures that are meant (ruling 8.8).
    if contents.remote.profile == PeerProfile::Rialto {
        let texts = cargo.posts.iter().flat_map(|post| names_in(&post.message));
        let names = texts.chain(cargo.reactions.iter().map(|reaction| reaction.emoji_name.as_str()));
        outcome.names = names.map(str::to_owned).collect();
    }
    for person in cargo.people {
        if result.user_errors.iter().any(|id| id == contents.wire_id(&person.id).as_str()) {
            refused.push(Item::Profile(person.id));
        } else {
            outcome.announced.push((person.id, person.update_at));
        }
    }
    for post in cargo.posts {
        if !post.file_ids.is_empty() {
            outcome.settled.push(post.id);
        }
        let said = said_of(result, post);
        if result.post_errors.iter().any(|id| id == post.id.as_str()) {
            if is_idle(contents, post) {
                outcome.done.push(Item::Post(post.id));
                continue;
            }
            match said.and_then(|item| delivery_states::known_code(&item.code)) {
                Some(code) => outcome.refused_for.push((Item::Post(post.id), code)),
                None => refused.push(Item::Post(post.id)),
            }
        } else {
            let parked = said.is_some_and(|item| item.state == ItemState::Parked);
            if parked {
                outcome.parked.push(post.id)
            } else {
                outcome.taken.push(post.id)
            }
            if contents.backfill && !contents.context.contains(&post.id) {
                outcome.history.push(post.id);
            }
            if let Some(attached) = contents.files.get(&post.id) {
                outcome.with_files.push((post.clone(), attached.clone()));
            }
        }
    }
    for reaction in cargo.reactions {
        // The list names posts: of two reactions to one of them both are tried again, which harms neither.
        if result.reaction_errors.iter().any(|id| id == reaction.post_id.as_str()) {
            refused.push(item(reaction));
        } else {
            outcome.done.push(item(reaction));
        }
    }
    for (person, joined) in cargo.members {
        outcome.done.push(Item::Member(person.id));
        if !joined {
            outcome.left.push(person.id);
        }
    }
    outcome.refused = refused.into_iter().map(|item| (item, REFUSED.to_owned())).collect();
    outcome
}
