//! Reactions to peers that toggle: one transition a message, exactly once, and not again when the outcome is unknown.
//!
//! Source: ruling 38, wire 7.5.

use rialto_app::outbox::{self, Contents};
use rialto_model::Reaction;
use rialto_wire::federation::topic;

use super::sender::{Fate, Verdict, read};
use super::{Undelivered, compose, message};
use crate::Federation;

/// Sends a reaction as it is now, unless the peer is believed to hold it so.
pub(super) async fn send(fed: &Federation, contents: &Contents, reaction: &Reaction) -> Result<Fate, Undelivered> {
    let remote = &contents.remote.id;
    if !outbox::begin_toggle(&fed.app, remote, reaction).await? {
        return Ok(Fate::Done);
    }
    let mut sync = compose::empty(fed, contents.channel.id);
    sync.reactions = vec![compose::reaction(contents, reaction)];
    match message(fed, remote, topic::SYNC, &sync).await {
        Ok(answer) => match read(contents, &answer) {
            Ok(Verdict::NoLongerShared) => {
                // It has surely not taken it, and gets it when it takes the channel back.
                outbox::undo_toggle(&fed.app, remote, reaction).await?;
                Ok(Fate::NoLongerShared)
            }
            Ok(Verdict::Refused(_)) => {
                // Refused for good; but the next transition starts from what the peer holds.
                outbox::undo_toggle(&fed.app, remote, reaction).await?;
                Ok(Fate::Done)
            }
            Ok(Verdict::Taken(_)) | Err(_) => Ok(Fate::Done),
        },
        Err(undelivered) if undelivered.surely => {
            outbox::undo_toggle(&fed.app, remote, reaction).await?;
            Err(undelivered)
        }
        Err(_) => Ok(Fate::Done),
    }
}
