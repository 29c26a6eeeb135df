//! After a restore from a backup: this installation says so by a new epoch, and asks its peers for what its own people wrote
//! after the backup. In channels of others that happens by itself, in our own an administrator decides.
//!
//! A peer could put words into the mouths of our people here. So only what an honest one can have is taken: written by
//! somebody who has an account here, in a channel shared with it, between the backup and the restore, under an id that is
//! free or that post's own. Source: rulings 66, 8.1 and 8.10, E-028, E-029.

use rialto_model::Origin;
use rialto_model::{
    ChannelId, Millis, PeerProfile, Permission, Post, RemoteCluster, RemoteId, Share, ShareId, ShareState,
};
use rialto_store::installation::{self, Restored};
pub use rialto_store::recoveries::{Recovery, State};
use rialto_store::{Db, StoreError, Tx, log, peer_positions, posts, recoveries, remotes, shares, users};

use crate::access::{Denied, SessionUser};
use crate::apply::{self, IncomingPost};
use crate::audit::{self, About};
use crate::connections::Error;
use crate::installation::{StartError, is_system_account};
use crate::{App, Clock, IdSource, Keys, mentions, notices, posts as post_rules};

/// Clocks of peers and commits under way at the time of a backup blur its edge by less than this, ms.
const BLUR: i64 = 3_600_000;
/// How often a peer is asked again while threads are missing here.
const ROUNDS: i64 = 8;
/// Before it is asked again, ms.
const AGAIN: i64 = 30_000;
/// A channel that comes back this long after a restore may still be one that was lost, ms.
const LATE: i64 = 30 * 24 * 3_600_000;

/// What was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// Up to when the backup reaches.
    pub backup_at: Millis,
    /// Connections that will be told.
    pub connections: usize,
    /// Channels of others, of which our lost messages are fetched.
    pub fetched: usize,
    /// Channels of ours, of which an administrator decides.
    pub asked: usize,
}

/// Declares that this database was restored from a backup; the server must not be running. None: nothing was ever installed
/// in it.
///
/// # Errors
/// [`StartError`].
pub async fn declare(db: &Db, keys: &Keys, clock: &Clock, ids: &IdSource) -> Result<Option<Declared>, StartError> {
    let mut tx = db.begin(clock.now()).await?;
    let Some(row) = installation::get(&mut tx).await? else { return Ok(None) };
    if row.key_check != keys.check() {
        return Err(StartError::WrongKey);
    }
    let now = tx.now();
    let backup_at = log::newest(&mut tx).await?.map_or(row.create_at, |(_, at)| at);
    installation::set_restored(&mut tx, &ids.token(), Restored { at: now, backup_at }).await?;
    peer_positions::forget_claims(&mut tx).await?;
    let mut declared = Declared { backup_at, connections: 0, fetched: 0, asked: 0 };
    for remote in remotes::list(&mut tx, false).await?.iter().filter(|remote| remote.is_live()) {
        declared.connections += 1;
        if remote.profile != PeerProfile::Rialto {
            continue;
        }
        for share in shares::list_of_remote(&mut tx, &remote.id, false).await? {
            let (state, count) = match share.home {
                true => (State::New, &mut declared.asked),
                false => (State::Running, &mut declared.fetched),
            };
            *count += 1;
            recoveries::put(&mut tx, &fresh(&share, state, backup_at, now)).await?;
        }
    }
    audit::by_system(&mut tx, About { action: "restored", result: "ok", ..About::default() })?;
    tx.commit().await?;
    Ok(Some(declared))
}

fn fresh(share: &Share, state: State, backup_at: Millis, restored_at: Millis) -> Recovery {
    Recovery {
        share_id: share.id,
        channel_id: share.channel_id,
        remote_id: share.remote_id,
        state,
        window_from: Millis(backup_at.0 - BLUR),
        window_to: Millis(restored_at.0 + BLUR),
        place: (Millis(0), String::new()),
        found: 0,
        refused: 0,
        missing: 0,
        rounds: 0,
        next_at: Millis(0),
    }
}

/// A channel of a peer's has come (back) here: if it was lost with a restore, so were the messages of our people in it.
pub(crate) async fn channel_came(tx: &mut Tx, remote: &RemoteCluster, share: &Share) -> Result<(), StoreError> {
    let Some(restored) = installation::restored(tx).await? else { return Ok(()) };
    let known_before = remote.confirmed_at.is_some_and(|at| at <= restored.at);
    if known_before && remote.profile == PeerProfile::Rialto && tx.now().since(restored.at) < LATE {
        recoveries::put(tx, &fresh(share, State::Running, restored.backup_at, restored.at)).await?;
    }
    Ok(())
}

/// What is fetched back over a connection, in any state.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(app: &App, remote: &RemoteId) -> Result<Vec<Recovery>, StoreError> {
    recoveries::list(&mut app.db.read(app.clock.now()).await?, remote).await
}

/// An administrator decides about the lost messages of our own channels: fetch them back, or do without. Returns of how many
/// channels that was.
///
/// # Errors
/// [`Error::Denied`], [`Error::Ended`].
pub async fn decide(app: &App, actor: &SessionUser, id: &RemoteId, accept: bool) -> Result<usize, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::Ended(Box::new(remote)));
    }
    let open = |row: &Recovery| matches!(row.state, State::New | State::Waiting);
    let mut decided: Vec<Recovery> = recoveries::list(&mut tx, id).await?.into_iter().filter(open).collect();
    for row in &mut decided {
        row.state = if accept { State::Running } else { State::Discarded };
        recoveries::put(&mut tx, row).await?;
    }
    let about = About {
        action: if accept { "recover_messages" } else { "discard_messages" },
        remote: Some(*id),
        result: "ok",
        detail: &remote.name,
        ..About::default()
    };
    audit::by_user(&mut tx, actor, about)?;
    tx.commit().await?;
    app.bus.contacted(*id);
    Ok(decided.len())
}

/// What a peer is to be asked for now, or when there is something. Tells the administrators of what they decide. `Err`: the
/// time of the next.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next(app: &App, remote: &RemoteCluster) -> Result<Option<Result<Recovery, Millis>>, StoreError> {
    let now = app.clock.now();
    let Some(row) = recoveries::next(&mut app.db.read(now).await?, &remote.id).await? else { return Ok(None) };
    if row.state == State::New {
        let mut tx = app.db.begin(now).await?;
        let Some(remote) = remotes::lock(&mut tx, &remote.id).await? else { return Ok(None) };
        let mut new = recoveries::list(&mut tx, &remote.id).await?;
        new.retain(|row| row.state == State::New);
        for row in &mut new {
            row.state = State::Waiting;
            recoveries::put(&mut tx, row).await?;
        }
        if !new.is_empty() {
            notices::own_messages_elsewhere(app, &mut tx, &remote, new.len()).await?;
        }
        tx.commit().await?;
        return Ok(Some(Err(now)));
    }
    Ok(Some(if row.next_at > now { Err(row.next_at) } else { Ok(row) }))
}

/// The peer cannot be asked: it knows no such question, or does not share the channel any more.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn impossible(app: &App, share: &ShareId, remote: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    remotes::lock(&mut tx, remote).await?;
    if let Some(mut row) = recoveries::list(&mut tx, remote).await?.into_iter().find(|row| row.share_id == *share) {
        row.state = State::Impossible;
        recoveries::put(&mut tx, &row).await?;
        finish(app, &mut tx, remote).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The peer cannot be asked now.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn postpone(app: &App, row: &Recovery) -> Result<(), StoreError> {
    postpone_in(app.db.begin(app.clock.now()).await?, row.clone()).await
}

/// What became of a message that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is here again, or as it was.
    Restored,
    /// Nothing was lost of it.
    Known,
    /// The thread it answers in is not here yet.
    Missing,
    /// Not what an honest peer can have of ours.
    Refused,
}

/// Takes a page of what a peer has of our own. `last` is the last message it named, however unreadable; `more`: there is more
/// behind it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn take(
    app: &App,
    asked: &Recovery,
    page: &[IncomingPost],
    unreadable: usize,
    last: Option<(Millis, String)>,
    more: bool,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    remotes::lock(&mut tx, &asked.remote_id).await?;
    let found = recoveries::list(&mut tx, &asked.remote_id).await?;
    let Some(mut row) = found.into_iter().find(|row| row.share_id == asked.share_id) else { return Ok(()) };
    let live = shares::get(&mut tx, &row.share_id).await?.is_some_and(|share| share.state == ShareState::Active);
    if row != *asked || !live {
        // Somebody has decided otherwise meanwhile, or the channel rests.
        return if live { Ok(()) } else { postpone_in(tx, row).await };
    }
    row.refused += i64::try_from(unreadable).unwrap_or_default();
    for post in page {
        match one(app, &mut tx, &row, post).await? {
            Fate::Restored => row.found += 1,
            Fate::Known => {}
            Fate::Missing => row.missing += 1,
            Fate::Refused => row.refused += 1,
        }
    }
    // A peer that names the same again and again is at its end.
    let on = last.filter(|last| *last > row.place && more);
    match on {
        Some(last) => row.place = last,
        None if row.missing > 0 && row.rounds < ROUNDS => {
            // What they answer may be on its way here with the log of the peer.
            row.rounds += 1;
            (row.missing, row.refused, row.place) = (0, 0, (Millis(0), String::new()));
            row.next_at = Millis(tx.now().0 + AGAIN);
        }
        None => row.state = State::Done,
    }
    recoveries::put(&mut tx, &row).await?;
    if row.state == State::Done {
        finish(app, &mut tx, &row.remote_id).await?;
    }
    tx.commit().await
}

async fn postpone_in(mut tx: Tx, row: Recovery) -> Result<(), StoreError> {
    let next_at = Millis(tx.now().0 + AGAIN);
    recoveries::put(&mut tx, &Recovery { next_at, ..row }).await?;
    tx.commit().await
}

/// Tells the administrators once everything a peer was asked for has come.
async fn finish(app: &App, tx: &mut Tx, remote: &RemoteId) -> Result<(), StoreError> {
    let rows = recoveries::list(tx, remote).await?;
    if rows.iter().any(|row| row.state == State::Running) {
        return Ok(());
    }
    let (found, refused) = rows.iter().fold((0, 0), |sum, row| (sum.0 + row.found, sum.1 + row.refused + row.missing));
    let Some(remote) = remotes::get(tx, remote).await? else { return Ok(()) };
    let detail = format!("{found} restored, {refused} refused");
    let about = About {
        action: "messages_recovered",
        remote: Some(remote.id),
        result: "ok",
        detail: &detail,
        ..About::default()
    };
    audit::by_system(tx, about)?;
    if found + refused > 0 {
        notices::own_messages_recovered(app, tx, &remote, (found, refused)).await?;
    }
    Ok(())
}

async fn one(app: &App, tx: &mut Tx, row: &Recovery, incoming: &IncomingPost) -> Result<Fate, StoreError> {
    let in_time = |at: Millis| (row.window_from..=row.window_to).contains(&at);
    let author = users::get(tx, &incoming.user_id).await?;
    let ours = author.is_some_and(|person| person.is_local() && !is_system_account(&person));
    match posts::lock(tx, &incoming.id).await? {
        // A stub stands in for it since a reply came first.
        Some(stub) if stub.remote_id.is_some() && stub.remote_update_at == Millis(0) => {
            if stub.channel_id != row.channel_id || !ours || !in_time(incoming.create_at) {
                return Ok(Fate::Refused);
            }
            if !posts::claim_stub(tx, &stub.id, &incoming.user_id, incoming.create_at).await? {
                return Ok(Fate::Refused);
            }
            let Some(mut post) = posts::lock(tx, &stub.id).await? else { return Ok(Fate::Refused) };
            fill(&mut post, incoming);
            post_rules::save_edit(tx, &mut post, Origin::Local).await?;
            if incoming.delete_at.is_some() {
                post_rules::remove(tx, post, None, Origin::Local).await?;
            }
            Ok(Fate::Restored)
        }
        Some(post) => changed(tx, row, post, incoming, in_time).await,
        None if incoming.delete_at.is_some() => Ok(Fate::Known),
        None if !ours || !in_time(incoming.create_at) || !incoming.kind.is_empty() && !shown(&incoming.kind) => {
            Ok(Fate::Refused)
        }
        None => again(app, tx, row, incoming).await,
    }
}

/// Kinds of posts that people make.
fn shown(kind: &str) -> bool {
    kind == "me" || kind == "slack_attachment" || kind.starts_with("custom_")
}

/// What only the peer remembers of a message that is here: a later text, or that its author took it back.
async fn changed(
    tx: &mut Tx,
    row: &Recovery,
    mut post: Post,
    incoming: &IncomingPost,
    in_time: impl Fn(Millis) -> bool,
) -> Result<Fate, StoreError> {
    let same = post.remote_id.is_none() && post.channel_id == row.channel_id && post.user_id == incoming.user_id;
    if !same || post.is_system() {
        return Ok(Fate::Refused);
    }
    if post.delete_at.is_some() {
        return Ok(Fate::Known);
    }
    if let Some(at) = incoming.delete_at {
        if !in_time(at) {
            return Ok(Fate::Refused);
        }
        post_rules::remove(tx, post, None, Origin::Local).await?;
        return Ok(Fate::Restored);
    }
    // By the time of the edit: our own version grows with every answer and reaction too.
    let Some(edit_at) = incoming.edit_at.filter(|at| post.edit_at.is_none_or(|known| *at > known)) else {
        return Ok(Fate::Known);
    };
    if !in_time(edit_at) {
        return Ok(Fate::Refused);
    }
    if post.message == incoming.message {
        return Ok(Fate::Known);
    }
    fill(&mut post, incoming);
    post_rules::save_edit(tx, &mut post, Origin::Local).await?;
    Ok(Fate::Restored)
}

fn fill(post: &mut Post, incoming: &IncomingPost) {
    post.message.clone_from(&incoming.message);
    post.props.clone_from(&incoming.props);
    post.edit_at = incoming.edit_at;
    post.hashtags = mentions::hashtags(&post.message);
}

/// A message that is not here is written again, as old as it is, calling nobody.
async fn again(app: &App, tx: &mut Tx, row: &Recovery, incoming: &IncomingPost) -> Result<Fate, StoreError> {
    if let Some(root) = &incoming.root_id {
        match posts::get(tx, root).await? {
            None => return Ok(Fate::Missing),
            Some(root) if root.channel_id != row.channel_id || root.root_id.is_some() => return Ok(Fate::Refused),
            Some(root) if root.gone_at().is_some() => return Ok(Fate::Known),
            Some(_) => {}
        }
    }
    let now = tx.now();
    // The version the peer has, so that it takes this for what it knows. Without files: their rows and bytes are lost, and
    // what other files of ours are called is nobody's to say.
    let (create_at, update_at) = (incoming.create_at.min(now), incoming.update_at.min(now));
    let post = incoming.row(row.channel_id, incoming.user_id, create_at, update_at);
    posts::insert_now(tx, &post).await?;
    post_rules::record_unread_by_nobody(tx, &post, Origin::Local).await?;
    apply::release_for(app, tx, &row.remote_id, &row.channel_id, &post.id).await?;
    Ok(Fate::Restored)
}

/// Channels of a connection about which an administrator has to decide, for tables.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn undecided(app: &App, remote: &RemoteId) -> Result<Vec<ChannelId>, StoreError> {
    let open = |row: &Recovery| matches!(row.state, State::New | State::Waiting);
    Ok(list(app, remote).await?.iter().filter(|row| open(row)).map(|row| row.channel_id).collect())
}
