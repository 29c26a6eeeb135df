//! Reactions to peers that toggle: one transition a message, exactly once, and not again when the outcome is unknown.
//!
//! Source: ruling 38, wire 7.5.

use rialto_app::outbox::{self, Contents, Delivered};
use rialto_model::{LedgerState, Reaction};

use super::deliver::{Fate, REFUSED, Verdict, item, read};
use super::{Undelivered, compose, sync_frame};
use crate::Federation;

/// Sends a reaction as it is now, unless the peer is believed to hold it so.
pub(super) async fn send(fed: &Federation, contents: &Contents, reaction: &Reaction) -> Result<Fate, Undelivered> {
    let Contents { remote, channel, .. } = contents;
    let Some(name) = outbox::begin_toggle(&fed.app, &remote.id, reaction).await? else { return Ok(Fate::Done) };
    let told = Reaction { emoji_name: name, ..reaction.clone() };
    let mut sync = compose::begin(fed, contents);
    sync.reactions = vec![compose::reaction(contents, &told)];
    let (fate, outcome) = match sync_frame(fed, contents, &sync).await {
        Ok(Some((answer, leaving))) => match read(contents, &answer) {
            Ok(Verdict::NoLongerShared) => {
                leaving.note(LedgerState::Refused).await?;
                (Fate::NoLongerShared, None)
            }
            Ok(Verdict::Refused) => {
                leaving.note(LedgerState::Refused).await?;
                let refused = vec![(item(reaction), REFUSED.to_owned())];
                (Fate::Done, Some(Delivered { refused, ..Delivered::default() }))
            }
            verdict => {
                let ledger = match &verdict {
                    Ok(Verdict::Taken(result)) => leaving.answered(contents, result),
                    _ => leaving.in_state(LedgerState::Sent),
                };
                let done = vec![item(reaction)];
                let done = Delivered { done, ledger: Some(ledger), ..Delivered::default() };
                outbox::delivered(&fed.app, &remote.id, &channel.id, &done).await?;
                leaving.written();
                return Ok(Fate::Done);
            }
        },
        Ok(None) => (Fate::Done, None),
        Err(undelivered) if undelivered.surely => {
            outbox::undo_toggle(&fed.app, &remote.id, reaction).await?;
            return Err(undelivered);
        }
        // Perhaps it has taken it: told again it would take it back.
        Err(_) => return Ok(Fate::Done),
    };
    // It has surely not taken it, and the next attempt starts from what it holds.
    outbox::undo_toggle(&fed.app, &remote.id, reaction).await?;
    if let Some(outcome) = outcome {
        outbox::delivered(&fed.app, &remote.id, &channel.id, &outcome).await?;
    }
    Ok(fate)
}
