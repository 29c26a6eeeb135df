//! What a sender is ordered to do before it sends: nothing while a connection is held (E-027), and to go back where a peer
//! was restored from a backup (E-028). The sender itself does it, between two steps, so that nothing it holds contradicts it.

use rialto_app::connections::positions;
use rialto_app::{outbox, shares};
use rialto_model::{Millis, RemoteCluster, ShareState};

use super::deliver::{Fate, deliver};
use super::sender::Sender;
use super::{Undelivered, invite};

impl Sender {
    /// Carries out what was ordered; false: nothing is to be sent now.
    pub(super) async fn obey(&mut self, remote: &RemoteCluster) -> Result<bool, Undelivered> {
        let orders = positions::orders(&self.fed.app, &self.id).await?;
        if orders.held {
            return Ok(false);
        }
        let Some(to) = orders.rewind_to else { return Ok(true) };
        if !positions::reaches_back_to(&self.fed.app, to).await? {
            // First, so that a crash in between begins anew: what is sent twice changes nothing.
            self.send_from_rows(remote).await?;
        }
        positions::rewind(&self.fed.app, &self.id, to).await?;
        if let Some(position) = outbox::position(&self.fed.app, &self.id).await? {
            (self.stored, self.position) = (position, position);
        }
        self.ask_at.clear();
        self.offered.clear();
        self.pauses.clear();
        self.stalled.clear();
        self.resting.clear();
        self.offer = Default::default();
        self.telling = true;
        Ok(true)
    }

    /// The log does not reach back to where the peer stands: the rows of every channel say what it can be owed.
    async fn send_from_rows(&mut self, remote: &RemoteCluster) -> Result<(), Undelivered> {
        let app = self.fed.app.clone();
        positions::forget_given(&app, &self.id).await?;
        for share in shares::live_over(&app, &self.id).await? {
            if share.state != ShareState::Active {
                continue;
            }
            invite::begin(&self.fed, remote, &share.id, self.position).await?;
            let mut place = (Millis(0), String::new());
            while let Some((wanted, next)) = positions::owed(&app, &share, &place).await? {
                match deliver(&self.fed, remote, &share.channel_id, wanted).await {
                    Ok(delivery) if delivery.fate == Fate::NoLongerShared => break,
                    Ok(_) => place = next,
                    Err(undelivered) if undelivered.answered && !undelivered.busy => {
                        tracing::warn!(remote = %self.id, channel = %share.channel_id, cause = undelivered.cause,
                            "a peer does not take again what it has lost of a channel");
                        break;
                    }
                    Err(undelivered) => return Err(undelivered),
                }
            }
            outbox::begin_members(&app, &share).await?;
        }
        Ok(())
    }
}
