//! Earlier messages, in portions behind everything that is news: while anything else waits for the peer, none is sent, and
//! after each portion the log is looked at again. Source: behaviour 8.1, ruling 8.4.

use std::collections::HashMap;
use std::time::Duration;

use rialto_app::connections::policies;
use rialto_app::outbox::Contents;
use rialto_app::{backfill, deliveries};
use rialto_model::{Backfill, RemoteCluster, ShareId};
use rialto_wire::federation::frame::Answer;
use rialto_wire::federation::sync::OutboundSync;
use tokio::time::Instant;

use super::Undelivered;
use super::deliver::{Fate, deliver};
use super::extras::extension;
use super::sender::{LONG, Sender, pause_after};

/// Posts in one portion: whoever writes meanwhile waits for one at most.
const PORTION: usize = 20;
/// With more files than this on their way for the first time, history waits for them, so that it does not put all of its
/// own in the way of new ones.
const FILES: i64 = 6;
/// How long it waits for them before it looks again.
const FOR_FILES: Duration = Duration::from_millis(250);

/// Backfills that the peer has answered with errors: how often in a row, and until when they rest.
pub(super) type Resting = HashMap<ShareId, (usize, Instant)>;

/// Says in a frame that it brings history.
pub(super) fn mark(contents: &Contents, sync: &mut OutboundSync) {
    if contents.backfill {
        extension(contents, sync).backfill = true;
    }
}

/// Whether the peer has refused a frame because it takes no history.
pub(super) fn is_declined(contents: &Contents, answer: &Answer) -> bool {
    contents.backfill && !answer.ok && answer.rialto.as_ref().is_some_and(|note| note.code == "policy")
}

impl Sender {
    /// Sends the next portion of the backfill whose turn it is. Returns how long until there is more to do: nothing if
    /// one was sent.
    pub(super) async fn turn_to_backfill(&mut self, remote: &RemoteCluster) -> Result<Duration, Undelivered> {
        let due = backfill::due(&self.fed.app, &self.id).await?;
        self.resting.retain(|share, _| due.iter().any(|one| one.share_id == *share));
        let mut wait = LONG;
        let now = Instant::now();
        for one in due {
            let until = self.resting.get(&one.share_id).map(|(_, until)| *until);
            if let Some(until) = until.filter(|until| *until > now) {
                wait = wait.min(until - now);
            } else if !self.stalled.contains(&one.channel_id) {
                return self.fill(remote, one).await;
            }
        }
        Ok(wait)
    }

    async fn fill(&mut self, remote: &RemoteCluster, one: Backfill) -> Result<Duration, Undelivered> {
        let app = &self.fed.app;
        if remote.last_ping_at.is_none() {
            return Ok(Duration::from_secs(1));
        }
        if !backfill::takes_history(remote) {
            backfill::refused(app, &one.share_id, "the server there takes none").await?;
            return Ok(Duration::ZERO);
        }
        if !policies::of(app, &self.id).await?.history {
            backfill::paused(app, &one.share_id, "a rule of the connection forbids it: history").await?;
            return Ok(Duration::ZERO);
        }
        if app.settings.get().workspaces.history_max.is_none() {
            backfill::paused(app, &one.share_id, "this server sends none any more").await?;
            return Ok(Duration::ZERO);
        }
        if deliveries::untried(app, &self.id).await? >= FILES {
            return Ok(FOR_FILES);
        }
        let Some(portion) = backfill::next(app, &one, PORTION).await? else { return Ok(Duration::ZERO) };
        if !portion.wanted.posts.is_empty() {
            match deliver(&self.fed, remote, &one.channel_id, portion.wanted.clone()).await {
                Ok(delivery) => match delivery.fate {
                    Fate::Done => {}
                    Fate::NoLongerShared => {
                        self.doubt(&one.channel_id, self.position).await?;
                        return Ok(Duration::ZERO);
                    }
                    Fate::Declined => {
                        backfill::refused(app, &one.share_id, "the server there does not want them").await?;
                        return Ok(Duration::ZERO);
                    }
                    // The rows say next time what has become of it.
                    Fate::Unsent => return Ok(Duration::from_secs(1)),
                },
                Err(undelivered) if undelivered.answered => {
                    let failures = self.resting.get(&one.share_id).map_or(0, |(failures, _)| *failures);
                    let pause = Duration::from_secs(pause_after(failures));
                    tracing::info!(remote = %self.id, channel = %one.channel_id, cause = undelivered.cause, "history is not taken");
                    self.resting.insert(one.share_id, (failures + 1, Instant::now() + pause));
                    return Ok(pause);
                }
                Err(undelivered) => return Err(undelivered),
            }
        }
        self.resting.remove(&one.share_id);
        backfill::advance(app, &one.share_id, &portion).await?;
        Ok(Duration::ZERO)
    }
}
