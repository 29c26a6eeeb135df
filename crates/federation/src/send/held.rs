//! Channels a peer gets later than the rest of the log: because it says that it does not share them any more and was not
//! asked twice (ruling 33), or because it cannot take the invitation yet. Other channels do not wait for that.
//!
//! The share holds a durable position; once the peer takes the channel, the log is read again from there, so that
//! nothing is lost, whatever kind of change it is and however often we start meanwhile.

use std::time::Duration;

use rialto_app::outbox::{self, Held};
use rialto_app::shares;
use rialto_model::{ChannelId, RemoteCluster, Seq, Share, ShareId, ShareState};
use rialto_wire::federation::frame::says_no_longer_shared;
use rialto_wire::federation::topic;
use tokio::time::Instant;

use super::sender::{Fate, Sender, by_channel, deliver};
use super::{Undelivered, compose, invite, message};

/// How long a peer that says "no longer shared" is left alone before it is asked once more (ruling 33).
const DOUBT: Duration = Duration::from_secs(10);
/// How long an invitation is kept that the peer cannot take yet.
const OFFER_AGAIN: Duration = Duration::from_secs(30);

impl Sender {
    /// The peer says that it does not share a channel any more: nothing behind `from` has surely reached it.
    pub(super) async fn doubt(&mut self, channel: &ChannelId, from: Seq) -> Result<(), Undelivered> {
        if let Some(share) = outbox::hold(&self.fed.app, &self.id, channel, from).await? {
            self.ask_at.insert(share, Instant::now() + DOUBT);
            self.held.insert(*channel);
        }
        Ok(())
    }

    /// Begins a share at the event that tells of it. The peer may not be able to take it yet, lacking a team to put the
    /// copy in, say: then it is held.
    pub(super) async fn begin_share(
        &mut self,
        remote: &RemoteCluster,
        id: ShareId,
        seq: Seq,
    ) -> Result<(), Undelivered> {
        match invite::begin(&self.fed, remote, &id, seq).await {
            Ok(None) => Ok(()),
            Ok(Some(share)) => self.announce_members(remote, &share, seq).await.map(|_| ()),
            Err(undelivered) if undelivered.busy => self.offer_later(&id, seq).await,
            Err(undelivered) => Err(undelivered),
        }
    }

    async fn offer_later(&mut self, id: &ShareId, seq: Seq) -> Result<(), Undelivered> {
        let Some((share, channel)) = shares::of_sender(&self.fed.app, id).await? else { return Ok(()) };
        outbox::hold(&self.fed.app, &self.id, &channel.id, seq).await?;
        self.ask_at.insert(share.id, Instant::now() + OFFER_AGAIN);
        self.offered.insert(share.id);
        self.held.insert(channel.id);
        Ok(())
    }

    /// False if the peer says that it does not share the channel.
    async fn announce_members(&mut self, remote: &RemoteCluster, share: &Share, seq: Seq) -> Result<bool, Undelivered> {
        let taken = invite::announce_members(&self.fed, remote, share).await? == Fate::Done;
        if !taken {
            self.doubt(&share.channel_id, seq).await?;
        }
        Ok(taken)
    }

    /// Gives every held share whose time has come its turn: one question, one offer, or one part of what it missed.
    /// True if there was one.
    pub(super) async fn turn_to_held(&mut self, remote: &RemoteCluster) -> Result<bool, Undelivered> {
        let list = outbox::held(&self.fed.app, &self.id).await?;
        self.held = list.iter().map(|held| held.share.channel_id).collect();
        self.ask_at.retain(|id, _| list.iter().any(|held| held.share.id == *id));
        let mut turned = false;
        for held in list {
            let id = held.share.id;
            if held.share.state != ShareState::Invited && self.offered.remove(&id) {
                // The peer has said that it takes the channel, before it was offered again.
                self.ask_at.remove(&id);
            }
            let waits = self.ask_at.get(&id).copied();
            if waits.is_some_and(|at| at > Instant::now()) {
                continue;
            }
            match held.share.state {
                ShareState::Active if waits.is_some() => self.ask(remote, &held).await?,
                ShareState::Active => self.catch_up(remote, &held).await?,
                ShareState::Invited => self.offer(remote, &held).await?,
                // Its beginning still lies before the cursor, or somebody has paused it.
                ShareState::Queued | ShareState::Paused | ShareState::Failed | ShareState::Ended => continue,
            }
            turned = true;
        }
        Ok(turned)
    }

    /// Offers a channel again. The share begins where it was made: what was written meanwhile follows.
    async fn offer(&mut self, remote: &RemoteCluster, held: &Held) -> Result<(), Undelivered> {
        let from = held.share.from_seq.unwrap_or(held.resume);
        match invite::begin(&self.fed, remote, &held.share.id, from).await {
            Ok(_) => {
                self.ask_at.remove(&held.share.id);
                Ok(())
            }
            Err(undelivered) if undelivered.busy => self.offer_later(&held.share.id, from).await,
            Err(undelivered) => Err(undelivered),
        }
    }

    /// Asks once more with an empty message; the same answer again ends the share (ruling 33, M-06).
    async fn ask(&mut self, remote: &RemoteCluster, held: &Held) -> Result<(), Undelivered> {
        let channel = held.share.channel_id;
        let answer = match message(&self.fed, &remote.id, topic::SYNC, &compose::empty(&self.fed, channel)).await {
            Err(undelivered) if undelivered.busy => {
                self.ask_at.insert(held.share.id, Instant::now() + DOUBT);
                return Ok(());
            }
            other => other?,
        };
        self.ask_at.remove(&held.share.id);
        if !answer.ok && says_no_longer_shared(&answer.err, channel.as_str()) {
            shares::ended_by_peer(&self.fed.app, &self.id, &channel).await?;
        }
        Ok(())
    }

    async fn catch_up(&mut self, remote: &RemoteCluster, held: &Held) -> Result<(), Undelivered> {
        let share = &held.share;
        // Held since its beginning: the peer was not told yet who belongs.
        if share.from_seq == Some(held.resume) && !self.announce_members(remote, share, held.resume).await? {
            return Ok(());
        }
        let changes = outbox::changes_of(&self.fed.app, held, self.position).await?;
        let upto = changes.upto;
        for (channel, wanted) in by_channel(changes.list).channels {
            if deliver(&self.fed, remote, &channel, wanted).await? == Fate::NoLongerShared {
                return self.doubt(&channel, held.resume).await;
            }
        }
        let to = (upto < self.position).then_some(upto);
        Ok(outbox::resume(&self.fed.app, &share.id, to).await?)
    }
}
