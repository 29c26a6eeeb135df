//! How far a peer and we stand with each other's logs, as both say with their pings, and what follows when that goes back.
//!
//! A peer that was restored from a backup says so by another epoch: the sender goes back to where the backup was, and
//! everything since is offered again. If its position goes back and nobody said so, two installations may speak as one: the
//! connection is held, nothing is sent and nothing taken, until an administrator decides. Source: rulings 8.1 and 66, E-027
//! to E-029.

use rialto_model::{Millis, Permission, RemoteCluster, RemoteId, Seq};
use rialto_store::peer_positions::{self, Position};
use rialto_store::{StoreError, Tx, log, posts, remotes, rotations};

use super::{Error, changed, consumer, note, rotation};
use crate::App;
use crate::access::{Denied, RemoteActor, SessionUser};
use crate::audit::{self, About};
use crate::notices;
use crate::outbox::Wanted;

/// A peer that is restored again so soon is not followed, ms.
const RESTORED_AGAIN: i64 = 60_000;
/// Former epochs that are remembered.
const FORMER: usize = 20;
/// Posts in one go of [`owed`].
const PAGE: i64 = 50;

/// How far the peer has stored our log, in its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The highest position it has seen.
    pub seq: i64,
    /// Up to where nothing is missing there.
    pub low: i64,
}

/// What a peer says of itself and of our log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// Its epoch; empty: it says none.
    pub epoch: String,
    /// The epoch of ours its position belongs to.
    pub our_epoch: String,
    /// Its position; None: it has stored nothing yet.
    pub applied: Option<Applied>,
    /// How it reached us.
    pub way: Way,
}

/// How a peer's word reached us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// It called us. Such a word may have been long under way.
    #[default]
    Called,
    /// It answered a call of ours, so it is who answers at the peer's address. What it had stored when we called
    /// ([`stored_there`]) it cannot have less of, however long the answer took.
    Answered(Option<Seq>),
}

/// What follows from a claim.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Nothing,
    /// More than before.
    Advance,
    /// The peer was restored, or an administrator has decided where it stands.
    Restored,
    /// Two installations may speak as one.
    Hold(&'static str),
}

/// Why a connection is held: words of the audit log and of API answers.
pub mod held {
    /// The peer has less of our log than it had, and did not say that it was restored.
    pub const WENT_BACK: &str = "peer_went_back";
    /// The peer has an epoch that another one had followed.
    pub const TWO_EPOCHS: &str = "peer_epoch_again";
    /// The peer has more of our log than there is: it is us who went back.
    pub const AHEAD: &str = "own_log_went_back";
}

/// What [`judge`] goes by besides the claim.
struct Circumstances<'a> {
    own_epoch: &'a str,
    /// The newest position of our log.
    head: Option<Seq>,
    /// What was known of the peer's position so long ago that every call made before has come.
    settled: Option<Seq>,
    now: Millis,
}

fn judge(known: &Position, claim: &Claim, around: &Circumstances<'_>) -> Verdict {
    if claim.epoch.is_empty() || known.held_at.is_some() {
        return Verdict::Nothing;
    }
    if known.accept_next {
        return if claim.way == Way::Called { Verdict::Nothing } else { Verdict::Restored };
    }
    if !known.peer_epoch.is_empty() && claim.epoch != known.peer_epoch {
        if known.former_epochs.split_ascii_whitespace().any(|former| former == claim.epoch) {
            return Verdict::Hold(held::TWO_EPOCHS);
        }
        // Going back is work: whoever had us do it over and over would keep us from everything else.
        let again = known.changed_at.is_some_and(|at| around.now.since(at) < RESTORED_AGAIN);
        return if again { Verdict::Nothing } else { Verdict::Restored };
    }
    let fresh = known.peer_epoch.is_empty();
    let applied = match &claim.applied {
        // It has not heard yet that we count anew.
        Some(_) if claim.our_epoch != around.own_epoch => {
            return if fresh { Verdict::Advance } else { Verdict::Nothing };
        }
        Some(applied) => Some(Seq(applied.seq)),
        None => None,
    };
    // Once an administrator has decided, what was said before is known.
    if applied > known.applied && applied.is_some_and(|applied| around.head.is_some_and(|head| applied > head)) {
        return Verdict::Hold(held::AHEAD);
    }
    if fresh || applied > known.applied {
        return Verdict::Advance;
    }
    // No clock is asked: it may be set while the word is under way.
    let at_least = match claim.way {
        Way::Answered(stored) => stored,
        Way::Called => around.settled,
    };
    if applied < known.applied.min(at_least) { Verdict::Hold(held::WENT_BACK) } else { Verdict::Nothing }
}

/// What we say of a peer's log: its epoch and how far it is stored here. None: nothing is.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn to_say(app: &App, id: &RemoteId) -> Result<Option<(String, Applied)>, StoreError> {
    let known = peer_positions::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    let taken = known.taken.filter(|_| !known.peer_epoch.is_empty());
    Ok(taken.map(|taken| {
        let low = known.taken_low.unwrap_or(Seq(0)).0.min(taken.0);
        (known.peer_epoch, Applied { seq: taken.0, low })
    }))
}

/// How far a peer has confirmed our log, to be asked before it is called.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn stored_there(app: &App, id: &RemoteId) -> Result<Option<Seq>, StoreError> {
    Ok(peer_positions::get(&mut app.db.read(app.clock.now()).await?, id).await?.applied)
}

/// Notes what a peer says with a ping or its answer. Returns whether something follows from it for the sender.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn noted(app: &App, id: &RemoteId, claim: &Claim) -> Result<bool, StoreError> {
    let own = &app.installation.epoch;
    let now = app.clock.now();
    let settled;
    {
        // Most say nothing new; they cost no transaction.
        let mut view = app.db.read(now).await?;
        let known = peer_positions::get(&mut view, id).await?;
        let head = log::newest(&mut view).await?.map(|(seq, _)| seq);
        settled = app.settled.look(id, known.applied, app.clock.running());
        if judge(&known, claim, &Circumstances { own_epoch: own, head, settled, now }) == Verdict::Nothing {
            return Ok(false);
        }
    }
    let mut tx = app.db.begin(now).await?;
    let Some(remote) = remotes::lock(&mut tx, id).await?.filter(RemoteCluster::is_live) else { return Ok(false) };
    let mut known = peer_positions::get(&mut tx, id).await?;
    let rotation = rotations::get(&mut tx, id).await?;
    let head = log::newest(&mut tx).await?.map(|(seq, _)| seq);
    let applied = claim.applied.filter(|_| claim.our_epoch == *own);
    match judge(&known, claim, &Circumstances { own_epoch: own, head, settled, now }) {
        Verdict::Nothing => return Ok(false),
        Verdict::Advance => {
            known.peer_epoch.clone_from(&claim.epoch);
            known.applied = applied.map(|applied| Seq(applied.seq)).max(known.applied);
            peer_positions::put(&mut tx, id, &known).await?;
            tx.commit().await?;
            return Ok(false);
        }
        Verdict::Hold(_) if claim.way == Way::Called && !rotation.next_hash.is_empty() => {
            // An administrator has decided a moment ago, and whoever calls has not been given the token that follows.
            return Ok(false);
        }
        Verdict::Hold(why) => {
            known.held_at = Some(now);
            known.held_why = why.to_owned();
            peer_positions::put(&mut tx, id, &known).await?;
            let about = About {
                action: "connection_held",
                remote: Some(*id),
                result: why,
                detail: &remote.name,
                ..About::default()
            };
            audit::by_system(&mut tx, about)?;
            notices::held(app, &mut tx, &remote, why).await?;
        }
        Verdict::Restored => restored(app, &mut tx, &remote, &mut known, claim, applied).await?,
    }
    changed(&mut tx, id);
    tx.commit().await?;
    app.bus.contacted(*id);
    Ok(true)
}

/// The peer goes on from where its backup was.
async fn restored(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    known: &mut Position,
    claim: &Claim,
    applied: Option<Applied>,
) -> Result<(), StoreError> {
    let now = tx.now();
    let decided = std::mem::take(&mut known.accept_next);
    if known.peer_epoch != claim.epoch {
        let mut former: Vec<&str> = known.former_epochs.split_ascii_whitespace().collect();
        if !known.peer_epoch.is_empty() {
            former.push(&known.peer_epoch);
        }
        former.retain(|epoch| *epoch != claim.epoch);
        let skip = former.len().saturating_sub(FORMER);
        known.former_epochs = former.split_off(skip).join(" ");
        known.peer_epoch.clone_from(&claim.epoch);
        known.changed_at = Some(now);
        peer_positions::forget_taken(tx, &remote.id).await?;
    }
    known.applied = applied.map(|applied| Seq(applied.seq));
    let low = Seq(applied.map_or(0, |applied| applied.low.min(applied.seq)));
    known.rewind_to = Some(known.rewind_to.map_or(low, |other| other.min(low)));
    peer_positions::put(tx, &remote.id, known).await?;
    // What it presents may be out of date, and whoever else has the backup must not go on as the peer.
    rotation::renew_for(app, tx, remote).await?;
    let about = About {
        action: if decided { "connection_resumed" } else { "peer_restored" },
        remote: Some(remote.id),
        result: "ok",
        detail: &remote.name,
        ..About::default()
    };
    audit::by_system(tx, about)?;
    if !decided {
        notices::peer_restored(app, tx, remote).await?;
    }
    Ok(())
}

/// Whether a connection is held, since when and why.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn held_since(app: &App, id: &RemoteId) -> Result<Option<(Millis, String)>, StoreError> {
    let known = peer_positions::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    Ok(known.held_at.map(|at| (at, known.held_why)))
}

/// Whether nothing is to be taken from a caller now.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn is_held(app: &App, actor: &RemoteActor) -> Result<bool, StoreError> {
    Ok(orders(app, &actor.id()).await?.held)
}

/// An administrator says that who answers at the peer's address is the genuine one: where it stands at its next answer
/// counts, and it is given another token to present, so that nobody else goes on as the peer. True if it was held.
///
/// # Errors
/// [`Error::Denied`], [`Error::Ended`].
pub async fn resume(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<bool, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::Ended(Box::new(remote)));
    }
    let mut known = peer_positions::get(&mut tx, id).await?;
    if known.held_at.take().is_none() {
        return Ok(false);
    }
    known.held_why = String::new();
    known.accept_next = true;
    peer_positions::put(&mut tx, id, &known).await?;
    note(&mut tx, actor, "resume_connection", &remote)?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(true)
}

/// What a sender has to know before it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orders {
    /// Send nothing.
    pub held: bool,
    /// Go back to here first.
    pub rewind_to: Option<Seq>,
}

/// What a sender has to know before it sends.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn orders(app: &App, id: &RemoteId) -> Result<Orders, StoreError> {
    let known = peer_positions::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    Ok(Orders { held: known.held_at.is_some() || known.accept_next, rewind_to: known.rewind_to })
}

/// Whether the log still holds everything behind a position.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn reaches_back_to(app: &App, to: Seq) -> Result<bool, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let first = log::first_after(&mut view, Seq(-1)).await?;
    // Numbers may be missing from the log; what was removed of it is removed from its beginning.
    Ok(first.is_some_and(|(seq, _)| seq.0 <= to.0 + 1))
}

/// The next messages of a channel a peer can be owed, oldest change first, and where they end; None: there are no more.
/// For a log that does not reach back far enough.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn owed(
    app: &App,
    share: &rialto_model::Share,
    after: &(Millis, String),
) -> Result<Option<(Wanted, (Millis, String))>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let (channel, remote) = (&share.channel_id, &share.remote_id);
    let found = posts::owed_to(&mut view, channel, remote, (after.0, &after.1), PAGE).await?;
    let Some(last) = found.last() else { return Ok(None) };
    let place = (last.update_at, last.id.to_string());
    let mut ids = Vec::new();
    for post in found.iter().filter(|post| share.home || post.remote_id.is_none()) {
        if crate::outbox::was_given(&mut view, remote, &post.id).await? {
            ids.push(post.id);
        }
    }
    let mut wanted = Wanted { posts: ids.clone(), pins: ids.clone(), ..Wanted::default() };
    let mine = |owner: Option<RemoteId>| if share.home { owner != Some(*remote) } else { owner.is_none() };
    wanted.reactions = rialto_store::reactions::list(&mut view, &ids).await?;
    wanted.reactions.retain(|reaction| mine(reaction.remote_id));
    let acknowledged = rialto_store::acknowledgements::list(&mut view, &ids).await?;
    wanted.acknowledgements =
        acknowledged.iter().filter(|ack| mine(ack.remote_id)).map(|ack| (ack.post_id, ack.user_id)).collect();
    Ok(Some((wanted, place)))
}

/// Forgets what a peer was given of people, pictures, files and the past: it is given again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn forget_given(app: &App, id: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    peer_positions::forget_given(&mut tx, id, Millis(0)).await?;
    tx.commit().await
}

/// The sender goes back: it will send everything behind `to` again, which changes nothing at a peer that has it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rewind(app: &App, id: &RemoteId, to: Seq) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let since = log::first_after(&mut tx, to).await?.map_or(tx.now(), |(_, at)| at);
    peer_positions::rewind(&mut tx, id, &consumer(id), to, since).await?;
    tx.commit().await?;
    tracing::info!(remote = %id, position = to.0, "what the peer has lost is sent again");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(10_000_000);

    fn known(applied: i64) -> Position {
        Position {
            peer_epoch: "two".to_owned(),
            former_epochs: "one".to_owned(),
            applied: (applied >= 0).then_some(Seq(applied)),
            ..Position::default()
        }
    }

    fn claim(epoch: &str, seq: i64) -> Claim {
        let applied = (seq >= 0).then_some(Applied { seq, low: seq });
        Claim { epoch: epoch.to_owned(), our_epoch: "ours".to_owned(), applied, way: Way::Called }
    }

    #[track_caller]
    fn check_settled(settled: i64, known: &Position, claim: &Claim, expected: Verdict) {
        let around = Circumstances { own_epoch: "ours", head: Some(Seq(100)), settled: Some(Seq(settled)), now: NOW };
        assert_eq!(judge(known, claim, &around), expected, "{known:?} {claim:?}");
    }

    #[track_caller]
    fn check(known: &Position, claim: &Claim, expected: Verdict) {
        check_settled(3, known, claim, expected);
    }

    /// E-027, E-028: rulings 8.1 and 66.
    #[test]
    fn what_follows_from_what_a_peer_says() {
        check(&known(5), &claim("two", 6), Verdict::Advance);
        check(&known(5), &claim("two", 5), Verdict::Nothing);
        // A straggler says less than was known a moment ago; a clone goes on saying it.
        check_settled(4, &known(5), &claim("two", 4), Verdict::Nothing);
        check_settled(5, &known(5), &claim("two", 4), Verdict::Hold(held::WENT_BACK));
        check_settled(5, &known(5), &claim("two", -1), Verdict::Hold(held::WENT_BACK));
        // Decided meanwhile: what was known before does not count.
        check_settled(5, &known(3), &claim("two", 3), Verdict::Nothing);
        // An answer counts by what was known when it was asked for, whatever the clock says since.
        let answer = |asked, seq| Claim { way: Way::Answered(Some(Seq(asked))), ..claim("two", seq) };
        check(&known(5), &answer(4, 4), Verdict::Nothing);
        check(&known(5), &answer(5, 4), Verdict::Hold(held::WENT_BACK));
        check(&known(4), &answer(5, 4), Verdict::Nothing);
        // Of an earlier log of ours it says nothing that counts.
        check_settled(5, &known(5), &Claim { our_epoch: "old".to_owned(), ..claim("two", 4) }, Verdict::Nothing);
        check(&known(5), &claim("two", 101), Verdict::Hold(held::AHEAD));
        check(&known(101), &claim("two", 101), Verdict::Nothing);
        check(&known(5), &claim("three", 1), Verdict::Restored);
        check(&known(5), &claim("one", 5), Verdict::Hold(held::TWO_EPOCHS));
        let changed = |at| Position { changed_at: Some(Millis(NOW.0 - at)), ..known(5) };
        check(&changed(59_999), &claim("three", 1), Verdict::Nothing);
        check(&changed(60_000), &claim("three", 1), Verdict::Restored);
        check(&Position::default(), &claim("two", 3), Verdict::Advance);
        check(&Position::default(), &claim("", 3), Verdict::Nothing);
        let held = Position { held_at: Some(NOW), ..known(5) };
        check(&held, &claim("three", 9), Verdict::Nothing);
        // What an administrator has decided is told by who answers, not by who calls.
        let decided = Position { accept_next: true, ..known(5) };
        check(&decided, &claim("two", 1), Verdict::Nothing);
        check(&decided, &Claim { way: Way::Answered(Some(Seq(5))), ..claim("two", 1) }, Verdict::Restored);
    }
}
