//! How messages fared with each organisation: waiting, sent, stored, refused. Never better than what is known.
//! Source: behaviour 8.3, ruling 8.4 (`receipts`), E-031, E-060, E-101.
//!
//! An organisation answers for what it was sent, and that answer is kept; what was refused stands among the refusals, what
//! is missing of a message among the files. Everything else waits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rialto_model::{
    ChannelId, DomainEvent, Millis, Origin, Post, PostId, RemoteCluster, RemoteId, Scope, Share, UserId,
};
use rialto_store::post_deliveries::{self as rows, Word};
use rialto_store::sync_failures::{self, Failure, Item};
use rialto_store::{Snapshot, StoreError, Tx, file_deliveries, peer_posts, posts, remotes, shares};

use crate::access::{self, Denied, SessionUser};
use crate::outbox::ITEMS;
use crate::shares::known_organisations;
use crate::{App, Volatile};

/// How a message stands with one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It has not answered for it.
    Waiting,
    /// It has the message, but not stored, or not with all its files; or it is asked again.
    Sent,
    /// It has it.
    Stored,
    /// It does not take it.
    Refused,
}

impl State {
    /// The word of ruling 8.4.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sent => "sent",
            State::Stored => "stored",
            State::Refused => "refused",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<State> {
        [State::Waiting, State::Sent, State::Stored, State::Refused].into_iter().find(|state| state.as_str() == word)
    }
}

/// How a message fared with one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its display name.
    pub organisation: String,
    /// How the message stands.
    pub state: State,
    /// Why, in a word of ruling 8.4, if one is known.
    pub code: String,
    /// Why, in plain words; or what became of files.
    pub reason: String,
    /// Whether it can be reached; of third organisations only their home knows, and they count as if.
    pub online: bool,
}

/// How a message fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliveries {
    /// Which message.
    pub post: PostId,
    /// Organisation by organisation.
    pub list: Vec<Delivery>,
}

impl Deliveries {
    /// 2: stored everywhere; 1: wherever somebody can be reached; 0: less.
    pub fn ticks(&self) -> u8 {
        let stored = |one: &Delivery| one.state == State::Stored;
        let mut online = self.list.iter().filter(|one| one.online).peekable();
        if self.list.is_empty() {
            0
        } else if self.list.iter().all(stored) {
            2
        } else if online.peek().is_some() && online.all(stored) {
            1
        } else {
            0
        }
    }
}

/// What a code of a refusal means to people.
pub fn in_words(code: &str) -> Option<&'static str> {
    Some(match code {
        "not_shared" => "the channel is not shared there any more",
        "read_only" => "the channel is read-only there",
        "not_owner" => "it is not ours to send there",
        "no_root" => "the thread it belongs to is not there",
        "no_user" => "its author is not known there",
        "no_post" => "what it refers to is not there",
        "blocked_member" => "its author was removed from the channel there",
        "too_large" => "it is too large for them",
        "type_blocked" => "they do not take files of this type",
        "disabled" => "that is switched off there",
        "storage" => "their storage is full",
        "policy" => "their rules do not allow it",
        "quota" => "it was too much at once",
        "invalid" => "it is not possible there in this form",
        _ => return None,
    })
}

/// A code in our own letters, if it is one of ruling 8.4: what a peer sends is not repeated unread.
pub fn known_code(code: &str) -> Option<&'static str> {
    CODES.into_iter().find(|known| *known == code)
}

const CODES: [&str; 14] = [
    "not_shared",
    "read_only",
    "not_owner",
    "no_root",
    "no_user",
    "no_post",
    "blocked_member",
    "too_large",
    "type_blocked",
    "disabled",
    "storage",
    "policy",
    "quota",
    "invalid",
];

/// Whether a code says that it will not be different the next time (E-031).
pub(crate) fn is_final(code: &str) -> bool {
    matches!(
        code,
        "read_only"
            | "not_owner"
            | "no_root"
            | "blocked_member"
            | "too_large"
            | "type_blocked"
            | "disabled"
            | "policy"
            | "invalid"
    )
}

/// How the messages in a channel stand with the organisation of one connection.
async fn standing(
    view: &mut Snapshot,
    remote: &RemoteId,
    post: &PostId,
    words: &[Word],
    failures: &[Failure],
) -> Result<(State, String, String), StoreError> {
    let failed = failures.iter().find(|one| one.remote_id == *remote && one.item == Item::Post(*post));
    if let Some(failure) = failed {
        let state = if failure.set_aside { State::Refused } else { State::Sent };
        return Ok((state, failure.code.clone(), failure.cause.clone()));
    }
    let said =
        words.iter().find(|word| word.remote_id == *remote && word.post_id == *post && word.organisation.is_empty());
    let Some(word) = said else { return Ok((State::Waiting, String::new(), String::new())) };
    let state = State::parse(&word.state).unwrap_or(State::Waiting);
    if state != State::Stored {
        return Ok((state, word.code.clone(), word.cause.clone()));
    }
    let mut refused = Vec::new();
    for file in file_deliveries::of_post(view, remote, post).await? {
        match file.state {
            file_deliveries::State::Waiting => return Ok((State::Sent, String::new(), "its files follow".to_owned())),
            file_deliveries::State::Refused => refused.push(file.cause),
            file_deliveries::State::Sent => {}
        }
    }
    let reason = if refused.is_empty() { String::new() } else { format!("without a file: {}", refused.join(", ")) };
    Ok((state, String::new(), reason))
}

/// How a relayed message stands with a third organisation, for its author's server: organisation, state, code.
pub(crate) async fn receipt(
    view: &mut Snapshot,
    remote: &RemoteId,
    post: &PostId,
) -> Result<Option<(String, State, String)>, StoreError> {
    let Some(third) = remotes::get(view, remote).await? else { return Ok(None) };
    let (words, failures) = (rows::list(view, &[*post]).await?, sync_failures::of_posts(view, &[*post]).await?);
    let (state, code, _) = standing(view, remote, post, &words, &failures).await?;
    Ok(Some((third.display_name, state, code)))
}

/// Notes that how these messages fared with a peer has changed, in the transaction that changed it: authors on other
/// servers are told by the log. Returns what is to be told here once it is written.
pub(crate) async fn changed(tx: &mut Tx, remote: &RemoteId, list: &[PostId]) -> Result<Vec<Volatile>, StoreError> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let mut ours: BTreeMap<(ChannelId, UserId), Vec<PostId>> = BTreeMap::new();
    let mut relayed: BTreeMap<(ChannelId, RemoteId), Vec<PostId>> = BTreeMap::new();
    for post in posts::list_by_ids(tx, list).await?.into_iter().filter(|post| !post.is_system()) {
        match post.remote_id {
            None => ours.entry((post.channel_id, post.user_id)).or_default().push(post.id),
            Some(owner) => relayed.entry((post.channel_id, owner)).or_default().push(post.id),
        }
    }
    for ((channel, owner), posts) in relayed {
        if remotes::get(tx, &owner).await?.is_some_and(|owner| owner.has(ITEMS)) {
            let event = DomainEvent::DeliveriesChanged { channel, owner, remote: *remote, posts };
            tx.record(Scope::Channel(channel), Origin::Local, event);
        }
    }
    Ok(ours.into_iter().map(|((channel, user), posts)| Volatile::Deliveries { user, channel, posts }).collect())
}

/// What the home of a channel says of a message of ours and a third organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which message.
    pub post: PostId,
    /// What the home calls the organisation.
    pub organisation: String,
    /// How it stands there.
    pub state: State,
    /// Why, in a word of ruling 8.4.
    pub code: String,
}

/// Characters of an organisation's name; third organisations kept for one message.
const LONGEST: usize = 64;
const MOST: usize = 200;

/// Takes receipts of a channel from its home. Only of messages of ours there; of others, and from anybody but the home,
/// they mean nothing. Returns what is to be told here.
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) async fn take(
    tx: &mut Tx,
    share: &access::ShareAccess,
    list: &[Receipt],
) -> Result<Vec<Volatile>, StoreError> {
    if !share.may_relay() {
        return Ok(Vec::new());
    }
    let ids: Vec<PostId> = list.iter().map(|one| one.post).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found: HashMap<PostId, Post> = HashMap::new();
    for post in posts::list_by_ids(tx, &ids).await? {
        if post.remote_id.is_none() && post.channel_id == share.channel().id && !post.is_system() {
            found.insert(post.id, post);
        }
    }
    let ids: Vec<PostId> = found.keys().copied().collect();
    let mut known: BTreeMap<PostId, BTreeSet<String>> = BTreeMap::new();
    for word in rows::list(tx, &ids).await?.into_iter().filter(|word| word.remote_id == share.remote().id) {
        known.entry(word.post_id).or_default().insert(word.organisation);
    }
    let mut news: BTreeMap<UserId, BTreeSet<PostId>> = BTreeMap::new();
    for receipt in list {
        let Some(post) = found.get(&receipt.post) else { continue };
        let organisation: String = receipt.organisation.trim().chars().take(LONGEST).collect();
        let names = known.entry(post.id).or_default();
        if organisation.is_empty() || (!names.contains(&organisation) && names.len() >= MOST) {
            continue;
        }
        let words = in_words(&receipt.code);
        let word = Word {
            post_id: post.id,
            remote_id: share.remote().id,
            organisation: organisation.clone(),
            state: receipt.state.as_str().to_owned(),
            // A code that nobody has agreed on is nobody's word.
            code: words.map(|_| receipt.code.clone()).unwrap_or_default(),
            cause: words.unwrap_or_default().to_owned(),
        };
        names.insert(organisation);
        if rows::put(tx, &word).await? {
            news.entry(post.user_id).or_default().insert(post.id);
        }
    }
    let channel = share.channel().id;
    let tell = |(user, posts): (UserId, BTreeSet<PostId>)| Volatile::Deliveries {
        user,
        channel,
        posts: posts.into_iter().collect(),
    };
    Ok(news.into_iter().map(tell).collect())
}

/// A third organisation that joined less than this after a message was written counts as one that is to get it: clocks of
/// servers differ, ms.
const DOUBT: i64 = 10 * 60_000;

/// How these messages fared: those of people here, in channels the actor may read; of others only where
/// `DeliveryStatesForMembers` is on. What is left out is missing, so that lists can be asked for. Empty where
/// `EnableDeliveryStates` is off.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(app: &App, actor: &SessionUser, ids: &[PostId]) -> Result<Vec<Deliveries>, StoreError> {
    let settings = app.settings.get();
    if !settings.workspaces.delivery_states {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let mut view = app.db.read(now).await?;
    let mut found = posts::list_by_ids(&mut view, ids).await?;
    found.retain(|post| post.remote_id.is_none() && !post.is_system() && post.gone_at().is_none());
    found.retain(|post| post.user_id == actor.user_id || settings.workspaces.delivery_states_for_members);
    let mut readable: HashMap<ChannelId, bool> = HashMap::new();
    for channel in found.iter().map(|post| post.channel_id).collect::<BTreeSet<_>>() {
        let may = match access::readable_channel(&mut view, actor, &channel).await {
            Ok(_) => true,
            Err(Denied::Store(error)) => return Err(error),
            Err(_) => false,
        };
        readable.insert(channel, may);
    }
    found.retain(|post| readable.get(&post.channel_id) == Some(&true));
    let ids: Vec<PostId> = found.iter().map(|post| post.id).collect();
    let (words, failures) = (rows::list(&mut view, &ids).await?, sync_failures::of_posts(&mut view, &ids).await?);
    let mut takers: HashMap<ChannelId, Vec<(Share, RemoteCluster)>> = HashMap::new();
    for channel in found.iter().map(|post| post.channel_id).collect::<BTreeSet<_>>() {
        let mut list = Vec::new();
        for share in shares::list_of_channel(&mut view, &channel).await? {
            if let Some(remote) = remotes::get(&mut view, &share.remote_id).await? {
                list.push((share, remote));
            }
        }
        takers.insert(channel, list);
    }
    let offline_after = settings.offline_after_ms();
    let mut shown = Vec::with_capacity(found.len());
    for post in &found {
        let mut list = Vec::new();
        for (share, remote) in takers.get(&post.channel_id).map(Vec::as_slice).unwrap_or_default() {
            let concerns = words.iter().any(|word| word.post_id == post.id && word.remote_id == remote.id)
                || failures.iter().any(|one| one.remote_id == remote.id && one.item == Item::Post(post.id))
                || !peer_posts::shared(&mut view, &remote.id, &[post.id]).await?.is_empty()
                // A share that is still to begin: what is written from now on follows it.
                || (share.from_seq.is_none() && post.create_at >= share.create_at);
            if !concerns {
                continue;
            }
            let (state, code, reason) = standing(&mut view, &remote.id, &post.id, &words, &failures).await?;
            let online = remote.is_online(now, offline_after);
            list.push(Delivery { organisation: remote.display_name.clone(), state, code, reason, online });
            if !share.home {
                list.extend(beyond(&mut view, share, remote, post, &words).await?);
            }
        }
        if !list.is_empty() {
            shown.push(Deliveries { post: post.id, list });
        }
    }
    Ok(shown)
}

/// Third organisations: those the home has told of, and, as waiting, those it has said nothing of yet.
async fn beyond(
    view: &mut Snapshot,
    share: &Share,
    home: &RemoteCluster,
    post: &Post,
    words: &[Word],
) -> Result<Vec<Delivery>, StoreError> {
    let of_home = |word: &&Word| word.remote_id == home.id && word.post_id == post.id && !word.organisation.is_empty();
    let mut list: Vec<Delivery> = words
        .iter()
        .filter(of_home)
        .map(|word| Delivery {
            organisation: word.organisation.clone(),
            state: State::parse(&word.state).unwrap_or(State::Waiting),
            code: word.code.clone(),
            reason: word.cause.clone(),
            online: true,
        })
        .collect();
    for other in known_organisations(view, share).await? {
        let was_there = other.since <= Millis(post.create_at.0.saturating_add(DOUBT));
        if was_there && list.iter().all(|one| one.organisation != other.name) {
            let (organisation, code, reason) = (other.name, String::new(), String::new());
            list.push(Delivery { organisation, state: State::Waiting, code, reason, online: true });
        }
    }
    Ok(list)
}
