//! How shares end: by our word, by the peer's, or with the connection (M-05, M-06).

use rialto_model::{Channel, ChannelId, DomainEvent, Origin, RemoteCluster, RemoteId, Scope, Share, ShareState};
use rialto_store::{StoreError, Tx, channel_members as member_rows, channels, outbox, remotes, shares};

use super::{Error, direct, managed, set_shared, touch_of_channel};
use crate::access::{Denied, SessionUser};
use crate::system_posts::{self, SystemPost, escape};
use crate::{App, audit, notices};

/// How a share came to its end; decides what the channel is told (M-05, M-06) and whether the peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// An administrator here took one organisation out, or a copy left.
    UninvitedHere,
    /// An administrator here removed the connection.
    RemovedHere,
    /// An administrator here deleted the channel for good.
    DeletedHere,
    /// The peer ended it, or said that it had.
    EndedThere,
    /// The peer removed the connection.
    RemovedThere,
}

impl Ending {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Ending::UninvitedHere => "uninvited",
            Ending::DeletedHere => "deleted",
            Ending::EndedThere => "left",
            Ending::RemovedHere | Ending::RemovedThere => "removed",
        }
    }
}

/// Ends one share. `tell` writes the system post; several endings at once are told in one.
pub(super) async fn end(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    mut share: Share,
    ending: Ending,
    tell: bool,
) -> Result<(), StoreError> {
    let was_seen = share.state != ShareState::Queued;
    share.state = ShareState::Ended;
    share.reason = ending.reason().to_owned();
    share.update_at = share.update_at.next_version(tx.now());
    shares::update(tx, &share).await?;
    outbox::forget(tx, &remote.id, Some(&channel.id)).await?;
    let origin = match ending {
        Ending::UninvitedHere | Ending::RemovedHere | Ending::DeletedHere => Origin::Local,
        Ending::EndedThere | Ending::RemovedThere => Origin::Remote(remote.id),
    };
    tx.record(
        Scope::Channel(channel.id),
        origin,
        DomainEvent::ShareEnded { share: share.id, channel: channel.id, remote: remote.id },
    );
    if channel.kind.is_direct_or_group() {
        // Its people stay who they are, and it goes on when they can be reached again (E-114).
        if was_seen {
            direct::tell_ended(app, tx, channel, &remote.display_name)?;
        }
        return Ok(());
    }
    // People who only took part through the share leave the list of members; what they wrote stays.
    for user in member_rows::delete_of_remote(tx, &channel.id, &remote.id).await? {
        let event = DomainEvent::ChannelMemberRemoved { channel: channel.id, user, by: None };
        tx.record(Scope::Channel(channel.id), Origin::Remote(remote.id), event);
    }
    let still_shared = set_shared(tx, channel, origin).await?;
    if share.home && was_seen {
        // The others learn from us who takes part (M-23).
        touch_of_channel(tx, &channel.id).await?;
    }
    if ending == Ending::EndedThere && was_seen {
        notices::share_ended(app, tx, channel, remote).await?;
    }
    if tell && was_seen {
        tell_ended(app, tx, channel, &[remote.display_name.as_str()], ending, still_shared)?;
    }
    Ok(())
}

fn tell_ended(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    organisations: &[&str],
    ending: Ending,
    still_shared: bool,
) -> Result<(), StoreError> {
    let names = organisations.iter().map(|name| format!("**{}**", escape(name))).collect::<Vec<_>>().join(", ");
    let mut message = match ending {
        Ending::UninvitedHere | Ending::RemovedHere | Ending::DeletedHere => {
            format!("Sharing this channel with {names} has ended.")
        }
        Ending::EndedThere | Ending::RemovedThere => format!("{names} has ended sharing this channel."),
    };
    message.push_str(if still_shared {
        " Other organisations still take part."
    } else {
        " The channel is no longer shared; everything written so far stays here."
    });
    let post = SystemPost { channel: channel.id, about: system_posts::About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}

/// Takes one connection out of a channel; the channel goes on (SC-072 to SC-075). On a copy the home is the only one.
/// Returns the connection ended and those that go on.
///
/// # Errors
/// [`Error`].
pub async fn uninvite(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    remote: Option<&RemoteId>,
) -> Result<(RemoteCluster, Vec<RemoteCluster>), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = managed(&mut tx, actor, id).await?;
    let live = shares::list_of_channel(&mut tx, id).await?;
    if live.is_empty() {
        return Err(Error::NotShared);
    }
    let wanted = remote.copied().or_else(|| live.iter().find(|share| !share.home).map(|share| share.remote_id));
    let Some(share) = live.iter().find(|share| Some(share.remote_id) == wanted) else {
        let others = remotes::list_of_channel(&mut tx, id).await?;
        return Err(Error::NotInvited(others.into_iter().map(|remote| remote.display_name).collect()));
    };
    let remote = remotes::get(&mut tx, &share.remote_id).await?.ok_or(Denied::Absent("connection"))?;
    audit::on_share(&mut tx, actor, "uninvite_from_channel", &channel, &remote)?;
    end(app, &mut tx, &channel, &remote, share.clone(), Ending::UninvitedHere, true).await?;
    let rest = remotes::list_of_channel(&mut tx, id).await?;
    tx.commit().await?;
    Ok((remote, rest))
}

/// Ends all shares of a channel; a copy leaves its share (SC-076 to SC-080). Returns with whom it was shared.
///
/// # Errors
/// [`Error`].
pub async fn unshare(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Vec<RemoteCluster>, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut channel = managed(&mut tx, actor, id).await?;
    let live = shares::list_of_channel(&mut tx, id).await?;
    if live.is_empty() && !channel.shared {
        return Err(Error::NotShared);
    }
    let mut ended = Vec::new();
    for share in live {
        let remote = remotes::get(&mut tx, &share.remote_id).await?.ok_or(Denied::Absent("connection"))?;
        audit::on_share(&mut tx, actor, "unshare_channel", &channel, &remote)?;
        end(app, &mut tx, &channel, &remote, share, Ending::UninvitedHere, false).await?;
        channel = channels::get(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
        ended.push(remote);
    }
    if ended.is_empty() {
        // Marked as shared without anybody invited (behaviour 2.8).
        set_shared(&mut tx, &channel, Origin::Local).await?;
    } else {
        let names: Vec<&str> = ended.iter().map(|remote| remote.display_name.as_str()).collect();
        tell_ended(app, &mut tx, &channel, &names, Ending::UninvitedHere, false)?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// Ends every share of a connection, in the transaction that ends the connection. Returns the channels.
pub(crate) async fn end_all_of(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    ending: Ending,
) -> Result<Vec<Channel>, StoreError> {
    let mut touched = Vec::new();
    for share in shares::list_of_remote(tx, &remote.id, false).await? {
        if let Some(channel) = channels::lock(tx, &share.channel_id).await? {
            end(app, tx, &channel, remote, share, ending, true).await?;
            touched.push(channel);
        }
    }
    Ok(touched)
}

/// Ends every share of a channel that is about to go for good, in the transaction that closes it. Nobody here is told in
/// the channel; the peers are (E-138, E-139).
pub(crate) async fn end_all_in(app: &App, tx: &mut Tx, channel: &Channel) -> Result<(), StoreError> {
    for share in shares::list_of_channel(tx, &channel.id).await? {
        // One without a connection ends by itself (E-132).
        if let Some(remote) = remotes::get(tx, &share.remote_id).await? {
            end(app, tx, channel, &remote, share, Ending::DeletedHere, false).await?;
        }
    }
    Ok(())
}

/// The peer has ended the share, by its word or by refusing what we send (M-06). Does nothing if it has ended already.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn ended_by_peer(app: &App, remote: &RemoteId, channel: &ChannelId) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(channel) = channels::lock(&mut tx, channel).await? else { return Ok(false) };
    let share = shares::get_live(&mut tx, &channel.id, remote).await?;
    let (Some(share), Some(remote)) = (share, remotes::get(&mut tx, remote).await?) else { return Ok(false) };
    end(app, &mut tx, &channel, &remote, share, Ending::EndedThere, true).await?;
    tx.commit().await?;
    Ok(true)
}
