//! What the two sides of a share tell each other of it besides its content: archived or not, and in which mode.
//! Source: ruling 8.6, behaviour 3 (M-15, M-16, M-21), E-055 to E-057.

use rialto_model::{Channel, ChannelId, Origin, RemoteCluster, RemoteId, Share, ShareId, ShareMode, ShareState};
use rialto_store::{Snapshot, StoreError, Tx, channels, outbox, remotes, share_requests, shares, teams};

use super::ending::{Ending, end};
use super::organisations::{Organisation, learn, others};
use super::sending::{activate, refuse};
use super::{change, tell_mode};
use crate::connections::consumer;
use crate::system_posts::{self, SystemPost, escape};
use crate::{App, channels as channel_rules};

/// Where a peer says that a share stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerState {
    /// It takes and sends.
    Active,
    /// It takes nothing for a while: its channel is archived.
    Paused,
    /// It is over.
    Ended,
}

/// A peer's word on a share.
#[derive(Debug, Clone)]
pub struct PeerNote {
    /// Which channel.
    pub channel: ChannelId,
    /// Applied if higher than the last from that side.
    pub version: i64,
    /// Where it stands.
    pub state: PeerState,
    /// Whether the guests may only read; counts from the home alone.
    pub read_only: bool,
    /// Who else takes part; counts from the home alone.
    pub organisations: Vec<Organisation>,
}

/// Applies a peer's word on a share, unless a later one is known: frames come twice and late.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn noted(app: &App, remote: &RemoteId, note: PeerNote) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    if note.state == PeerState::Ended && share_requests::delete(&mut tx, remote, &note.channel).await? {
        // What is offered no more needs no decision.
        crate::connections::changed(&mut tx, remote);
        return tx.commit().await;
    }
    let Some(channel) = channels::lock(&mut tx, &note.channel).await? else { return Ok(()) };
    let share = shares::get_live(&mut tx, &channel.id, remote).await?;
    let (Some(mut share), Some(remote)) = (share, remotes::get(&mut tx, remote).await?) else { return Ok(()) };
    // Invitations count with the words on a share: one of the same version said the same.
    if note.version <= shares::peer_version(&mut tx, &channel.id, &remote.id).await? {
        return Ok(());
    }
    shares::set_peer_version(&mut tx, &share.id, note.version).await?;
    let before = share.clone();
    match (note.state, share.state) {
        // It was kept there, and has now been decided about (ruling 43).
        (PeerState::Active, ShareState::Invited) if share.home => {
            activate(app, &mut tx, &channel, &remote, &mut share).await?;
            return tx.commit().await;
        }
        (PeerState::Ended, ShareState::Invited) if share.home => {
            let reason = "an administrator there has turned it down";
            let told = refuse(app, &mut tx, &channel, &remote, &mut share, reason).await?;
            tx.commit().await?;
            told.into_iter().for_each(|news| app.bus.tell(news));
            return Ok(());
        }
        (PeerState::Ended, _) => {
            end(app, &mut tx, &channel, &remote, share, Ending::EndedThere, true).await?;
            return tx.commit().await;
        }
        (PeerState::Paused, ShareState::Active) => {
            // Nothing behind the sender's position has surely reached it; from there it goes on afterwards.
            let position = outbox::cursor(&mut tx, &consumer(&remote.id)).await?;
            shares::hold(&mut tx, &channel.id, &remote.id, position.unwrap_or_default()).await?;
            share.state = ShareState::Paused;
            tell_archived(app, &mut tx, &channel, &remote, &share)?;
        }
        (PeerState::Active, ShareState::Paused) => {
            share.state = ShareState::Active;
            tell_archived(app, &mut tx, &channel, &remote, &share)?;
        }
        (PeerState::Active | PeerState::Paused, _) => {}
    }
    let mode = if note.read_only { ShareMode::ReadOnly } else { ShareMode::Participation };
    if !share.home && share.mode != mode {
        share.mode = mode;
        tell_mode(app, &mut tx, &channel, &remote, &share)?;
    }
    let others = !share.home && learn(app, &mut tx, &channel, &remote, &share, &note.organisations).await?;
    if share != before || others {
        change(&mut tx, &mut share, Origin::Remote(remote.id)).await?;
        channel_rules::record_update(&mut tx, &channel, Origin::Remote(remote.id));
    }
    tx.commit().await
}

/// M-15 on a copy, M-16 at home.
fn tell_archived(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
    share: &Share,
) -> Result<(), StoreError> {
    let name = escape(&remote.display_name);
    let message = match (share.home, share.state == ShareState::Paused) {
        (false, true) => format!(
            "**{name}** has archived this channel. It can be read, and written in again once they bring it back."
        ),
        (false, false) => format!("**{name}** has brought this channel back."),
        (true, true) => {
            format!(
                "**{name}** has archived its copy of this channel. Messages for them wait until they bring it back."
            )
        }
        (true, false) => format!("**{name}** has brought its copy of this channel back, and gets what has waited."),
    };
    let post = SystemPost { channel: channel.id, about: system_posts::About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}

/// Gives every live share of a channel a new version, so that the other organisations are told how it stands.
pub(crate) async fn touch_of_channel(tx: &mut Tx, channel: &ChannelId) -> Result<(), StoreError> {
    for mut share in shares::list_of_channel(tx, channel).await? {
        change(tx, &mut share, Origin::Local).await?;
    }
    Ok(())
}

/// The same for all channels of a team.
pub(crate) async fn touch_of_team(tx: &mut Tx, team: &rialto_model::TeamId) -> Result<(), StoreError> {
    for mut share in shares::list_of_team(tx, team).await? {
        change(tx, &mut share, Origin::Local).await?;
    }
    Ok(())
}

/// Whether a channel is archived, by itself or with its team (E-055).
pub(crate) async fn is_archived(view: &mut Snapshot, channel: &Channel) -> Result<bool, StoreError> {
    let Some(team) = channel.team_id.filter(|_| !channel.is_archived()) else { return Ok(channel.is_archived()) };
    Ok(teams::get(view, &team).await?.is_some_and(|team| team.delete_at.is_some()))
}

/// How a share stands here, for the sender that tells of it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The share; the peer takes part in it.
    pub share: Share,
    /// Its channel is archived here.
    pub archived: bool,
    /// Who else takes part, if we are the home.
    pub organisations: Vec<Organisation>,
}

/// How a share stands here.
///
/// # Errors
/// [`StoreError`] as the database says; None before the peer has taken it and when it is over.
pub async fn to_tell(app: &App, id: &ShareId) -> Result<Option<Standing>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let taken = |share: &Share| matches!(share.state, ShareState::Active | ShareState::Paused);
    let Some(share) = shares::get(&mut view, id).await?.filter(taken) else { return Ok(None) };
    let Some(channel) = channels::get(&mut view, &share.channel_id).await? else { return Ok(None) };
    let archived = is_archived(&mut view, &channel).await?;
    let organisations = others(app, &mut view, &channel, &share).await?;
    Ok(Some(Standing { share, archived, organisations }))
}
