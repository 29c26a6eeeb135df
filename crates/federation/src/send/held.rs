//! Channels a peer gets apart from the rest of the log: because there is much of them, because it answers their messages
//! with errors, because it says that it does not share them any more and was not asked twice (ruling 33), or because it
//! cannot take the invitation yet. Other channels do not wait for that.
//!
//! The share holds a durable position; the log is read again from there, so that nothing is lost, whatever kind of change
//! it is and however often we start meanwhile. One share has its turn at a time, and each in its turn one portion.

use std::time::Duration;

use rialto_app::outbox::{self, Held};
use rialto_app::shares;
use rialto_model::{ChannelId, RemoteCluster, Seq, Share, ShareId, ShareState};
use rialto_wire::federation::frame::says_no_longer_shared;
use rialto_wire::federation::topic;
use tokio::time::Instant;

use super::deliver::{Fate, deliver};
use super::sender::{PORTION, Sender, Sorted, by_channel};
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
            self.stalled.insert(*channel);
        }
        Ok(())
    }

    /// Begins a share at the event that tells of it. The peer may not be able to take it yet, lacking a team to put the
    /// copy in, say: then it is held. Who belongs is told in the background.
    pub(super) async fn begin_share(
        &mut self,
        remote: &RemoteCluster,
        id: ShareId,
        seq: Seq,
    ) -> Result<(), Undelivered> {
        match invite::begin(&self.fed, remote, &id, seq).await {
            Ok(None) => Ok(()),
            Ok(Some(share)) => {
                outbox::begin_members(&self.fed.app, &share).await?;
                self.telling = true;
                if !share.home && shares::is_renewed(&self.fed.app, &share).await? {
                    // A late word on the share before must not count for this one.
                    invite::tell(&self.fed, remote, &id).await?;
                }
                Ok(())
            }
            Err(undelivered) if undelivered.answered && self.offer_later(&id, seq).await? => Ok(()),
            Err(undelivered) => Err(undelivered),
        }
    }

    /// False if that is no way to go on: the peer was not invited at all yet, or only to another mode.
    async fn offer_later(&mut self, id: &ShareId, seq: Seq) -> Result<bool, Undelivered> {
        let Some((share, channel)) = shares::of_sender(&self.fed.app, id).await? else { return Ok(true) };
        if share.state != ShareState::Invited {
            return Ok(false);
        }
        outbox::hold(&self.fed.app, &self.id, &channel.id, seq).await?;
        self.ask_at.insert(share.id, Instant::now() + OFFER_AGAIN);
        self.offered.insert(share.id);
        self.stalled.insert(channel.id);
        Ok(true)
    }

    /// Gives the next held share whose time has come its turn: one question, one offer, or one portion of what it missed.
    /// True if there was one.
    pub(super) async fn turn_to_held(&mut self, remote: &RemoteCluster) -> Result<bool, Undelivered> {
        let mut list = outbox::held(&self.fed.app, &self.id).await?;
        self.ask_at.retain(|id, _| list.iter().any(|held| held.share.id == *id));
        self.pauses.retain(|channel, _| list.iter().any(|held| held.share.channel_id == *channel));
        for held in list.iter().filter(|held| held.share.state != ShareState::Invited) {
            if self.offered.remove(&held.share.id) {
                // The peer has said that it takes the channel, before it was offered again.
                self.ask_at.remove(&held.share.id);
            }
        }
        list.sort_by_key(|held| held.share.id);
        if let Some(last) = self.last_turn {
            let passed = list.iter().take_while(|held| held.share.id <= last).count();
            list.rotate_left(passed);
        }
        self.stalled.clear();
        let now = Instant::now();
        let mut next = None;
        for held in list {
            let asked = self.ask_at.get(&held.share.id).copied();
            let pause = self.pauses.get(&held.share.channel_id).map(|pause| pause.until);
            let can = match held.share.state {
                ShareState::Active | ShareState::Invited => asked.max(pause).is_none_or(|at| at <= now),
                // Its beginning still lies before the cursor, or somebody has paused it.
                ShareState::Queued | ShareState::Paused | ShareState::Failed | ShareState::Ended => false,
            };
            if !can || asked.is_some() {
                self.stalled.insert(held.share.channel_id);
            }
            if can && next.is_none() {
                next = Some((held, asked.is_some()));
            }
        }
        let Some((held, in_doubt)) = next else { return Ok(false) };
        self.last_turn = Some(held.share.id);
        match held.share.state {
            ShareState::Invited => self.offer(remote, &held).await?,
            _ if in_doubt => self.ask(remote, &held).await?,
            _ => self.catch_up(remote, &held).await?,
        }
        Ok(true)
    }

    /// Offers a channel again. The share begins where it was made: what was written meanwhile follows.
    async fn offer(&mut self, remote: &RemoteCluster, held: &Held) -> Result<(), Undelivered> {
        let from = held.share.from_seq.unwrap_or(held.resume);
        match invite::begin(&self.fed, remote, &held.share.id, from).await {
            Ok(_) => {
                self.ask_at.remove(&held.share.id);
                Ok(())
            }
            Err(undelivered) if undelivered.answered && self.offer_later(&held.share.id, from).await? => Ok(()),
            Err(undelivered) => Err(undelivered),
        }
    }

    /// Asks once more with an empty message; the same answer again ends the share (ruling 33, M-06).
    async fn ask(&mut self, remote: &RemoteCluster, held: &Held) -> Result<(), Undelivered> {
        let channel = held.share.channel_id;
        let answer = match message(&self.fed, &remote.id, topic::SYNC, &compose::empty(&self.fed, channel)).await {
            Err(undelivered) if undelivered.answered => {
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
        let channel = share.channel_id;
        if share.from_seq == Some(held.resume) {
            // Held since its beginning: the peer was not told yet who belongs.
            outbox::begin_members(&self.fed.app, share).await?;
            self.telling = true;
        }
        let changes = outbox::changes_of(&self.fed.app, held, self.position, PORTION).await?;
        let upto = changes.upto;
        let Sorted { channels, turns } = by_channel(changes.list);
        let mut sent = 0;
        for (_, wanted) in channels {
            match deliver(&self.fed, remote, &channel, wanted).await {
                Ok(delivery) if delivery.fate == Fate::NoLongerShared => {
                    return self.doubt(&channel, held.resume).await;
                }
                Ok(delivery) => sent += delivery.taken,
                Err(undelivered) if undelivered.answered => {
                    return self.rest(&channel, held.resume, &undelivered).await;
                }
                Err(undelivered) => return Err(undelivered),
            }
        }
        if !turns.is_empty() {
            match invite::tell(&self.fed, remote, &share.id).await {
                Err(undelivered) if undelivered.answered => {
                    return self.rest(&channel, held.resume, &undelivered).await;
                }
                other => other?,
            }
        }
        self.pauses.remove(&channel);
        let to = (upto < self.position).then_some(upto);
        Ok(outbox::resume(&self.fed.app, share, to, sent).await?)
    }

    /// Tells the peer of one page of people who belong to a channel, behind everything else (E-104). True if there was one.
    pub(super) async fn tell_members(&mut self, remote: &RemoteCluster) -> Result<bool, Undelivered> {
        if !self.telling || !compose::knows_members(&self.fed, remote) {
            return Ok(false);
        }
        let list = outbox::telling_members(&self.fed.app, &self.id).await?;
        self.telling = !list.is_empty();
        // One that is paused is not forgotten, and waits.
        let can = |share: &Share| share.state == ShareState::Active && !self.stalled.contains(&share.channel_id);
        let next = list.into_iter().find(|(share, _)| can(share));
        let Some((share, after)) = next else { return Ok(false) };
        let channel = share.channel_id;
        let batch = self.fed.app.settings.get().workspaces.member_batch.clamp(1, compose::USERS);
        let page = outbox::members_page(&self.fed.app, &self.id, &channel, after.as_ref(), batch).await?;
        let last = page.last().copied();
        if last.is_some() {
            let wanted = outbox::Wanted { members: page, ..outbox::Wanted::default() };
            match deliver(&self.fed, remote, &channel, wanted).await {
                Ok(delivery) if delivery.fate == Fate::NoLongerShared => {
                    self.doubt(&channel, self.position).await?;
                    return Ok(false);
                }
                Ok(_) => {}
                Err(undelivered) if undelivered.answered => {
                    self.rest(&channel, self.position, &undelivered).await?;
                    return Ok(false);
                }
                Err(undelivered) => return Err(undelivered),
            }
        }
        outbox::told_members(&self.fed.app, &share.id, last.as_ref()).await?;
        Ok(true)
    }
}
