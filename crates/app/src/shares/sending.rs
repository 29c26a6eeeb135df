//! How a share comes to life, as its sender finds out.

use rialto_model::{Channel, Origin, RemoteCluster, RemoteId, Seq, Share, ShareId, ShareState};
use rialto_store::{StoreError, Tx, channels, remotes, shares};

use super::{change, direct, set_shared, tell_active, touch_of_channel};
use crate::{App, Volatile, notices};

/// What the sender found out about a share it was to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// The invitation is about to leave; after this a peer that must be invited once is not invited again.
    Inviting {
        /// Position of the event that began the share.
        from: Seq,
    },
    /// The peer has taken it; changes after `from` are sent.
    Active {
        /// Position of the event that began the share.
        from: Seq,
    },
    /// The peer refused; the text is for people.
    Refused {
        /// In plain words.
        reason: String,
    },
}

/// Notes how far a share has come. Does nothing if it has ended meanwhile (E-048); returns the share if it lives.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn begun(app: &App, id: &ShareId, begun: Begun) -> Result<Option<Share>, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(found) = shares::get(&mut tx, id).await? else { return Ok(None) };
    let Some(channel) = channels::lock(&mut tx, &found.channel_id).await? else { return Ok(None) };
    // Read again under the lock of the channel.
    let Some(mut share) = shares::get(&mut tx, id).await?.filter(|share| share.state.is_live()) else {
        return Ok(None);
    };
    let Some(remote) = remotes::get(&mut tx, &share.remote_id).await? else { return Ok(None) };
    let mut news = None;
    match begun {
        Begun::Inviting { from } => {
            share.state = ShareState::Invited;
            // From now on the peer may know of the share, and is told of its end.
            share.from_seq.get_or_insert(from);
            change(&mut tx, &mut share, Origin::Remote(remote.id)).await?;
        }
        Begun::Active { from } => {
            share.from_seq = Some(from);
            activate(app, &mut tx, &channel, &remote, &mut share).await?;
        }
        // Both sides opened the conversation, and theirs was taken here.
        Begun::Refused { .. } if share.state == ShareState::Active => {}
        Begun::Refused { reason } => {
            news = refuse(app, &mut tx, &channel, &remote, &mut share, &reason).await?;
        }
    }
    tx.commit().await?;
    news.into_iter().for_each(|news| app.bus.tell(news));
    Ok(Some(share))
}

/// The peer takes part from now on.
pub(super) async fn activate(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    share: &mut Share,
) -> Result<(), StoreError> {
    let fresh = share.home && share.state != ShareState::Active;
    share.state = ShareState::Active;
    // The peer learns of it by the exchange itself; no word about it goes back.
    change(tx, share, Origin::Remote(remote.id)).await?;
    // The first message of a conversation says enough.
    if !fresh || channel.kind.is_direct_or_group() {
        return Ok(());
    }
    tell_active(app, tx, channel, remote, share)?;
    // Those who share a channel of ours learn of each other from us (M-23).
    if shares::list_of_channel(tx, &channel.id).await?.len() > 1 {
        touch_of_channel(tx, &channel.id).await?;
    }
    Ok(())
}

/// The peer does not take part: whoever invited it is told (M-03), in a conversation everybody. Returns what is to be
/// said once this is written.
pub(super) async fn refuse(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    share: &mut Share,
    reason: &str,
) -> Result<Option<Volatile>, StoreError> {
    let mut news = None;
    if channel.kind.is_direct_or_group() {
        direct::tell_refused(app, tx, channel, remote, reason)?;
    } else {
        news = notices::authors::invitation_refused(app, tx, channel, remote, share, reason).await?;
    }
    share.state = ShareState::Failed;
    share.reason = reason.to_owned();
    change(tx, share, Origin::Remote(remote.id)).await?;
    set_shared(tx, channel, Origin::Local).await?;
    Ok(news)
}

/// A live share and its channel, for the sender that is to begin it.
///
/// # Errors
/// [`StoreError`] as the database says; None if it has ended meanwhile.
pub async fn of_sender(app: &App, id: &ShareId) -> Result<Option<(Share, Channel)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let Some(share) = shares::get(&mut view, id).await?.filter(|share| share.state.is_live()) else { return Ok(None) };
    Ok(channels::get(&mut view, &share.channel_id).await?.map(|channel| (share, channel)))
}

/// The live shares of a connection, as its sender sees them.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn live_over(app: &App, remote: &RemoteId) -> Result<Vec<Share>, StoreError> {
    shares::list_of_remote(&mut app.db.read(app.clock.now()).await?, remote, false).await
}

/// True if the peer was invited to the channel of a share before, by a share that went before it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn was_invited_before(app: &App, share: &Share) -> Result<bool, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let of_peer = shares::list_of_remote(&mut view, &share.remote_id, true).await?;
    let earlier = |other: &Share| other.id != share.id && other.home && other.channel_id == share.channel_id;
    Ok(of_peer.iter().any(|other| earlier(other) && other.from_seq.is_some()))
}

/// True if the channel was shared with the peer before, so that late words on that share may still come.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn is_renewed(app: &App, share: &Share) -> Result<bool, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let of_peer = shares::list_of_remote(&mut view, &share.remote_id, true).await?;
    Ok(of_peer.iter().any(|other| other.id != share.id && other.channel_id == share.channel_id))
}

/// A share that has ended and of which the peer may know, so that it is to be told. Of a copy the home always knows.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn ended(app: &App, id: &ShareId) -> Result<Option<Share>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let ended = shares::get(&mut view, id).await?.filter(|share| share.state == ShareState::Ended);
    Ok(ended.filter(|share| share.from_seq.is_some() || !share.home))
}
