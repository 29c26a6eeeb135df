//! Our people offered to a peer outside shared channels, in batches behind everything that is news. At first everybody is
//! looked at; from then on the log says who changed. Source: wire 6.12, behaviour 6.2, AT-23.

use std::collections::BTreeSet;
use std::time::Duration;

use rialto_app::connections::policies;
use rialto_app::discovery::{self, Which};
use rialto_app::outbox::ITEMS;
use rialto_model::{LedgerState, MessageId, RemoteCluster, User, UserId};
use rialto_wire::federation::items::{SyncExtension, UserExtension};
use rialto_wire::federation::result::SyncResult;
use rialto_wire::federation::sync::{MAX_FRAME, OutboundSync, encoded_len};
use rialto_wire::federation::topic;
use tokio::time::Instant;

use super::ledger::{Leaving, in_offer};
use super::sender::{LONG, Sender, pause_after};
use super::{Undelivered, compose, message};
use crate::Federation;

/// Bytes of people in one frame; what is around them needs the rest.
const BYTES: usize = MAX_FRAME - 20_000;
/// A peer that wants nobody is asked again after this.
const UNWANTED: Duration = Duration::from_secs(3_600);

/// How far the offer to one peer has come since this node began to send. What the peer has is in the rows: without this,
/// they are looked at once more.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// Everybody was looked at.
    complete: bool,
    /// Up to here, by id, until then.
    after: Option<UserId>,
    /// Who may have changed since.
    changed: BTreeSet<UserId>,
    /// Nobody is offered until then.
    rests: Option<Instant>,
    failures: usize,
}

impl Offer {
    /// The log says something about these people.
    pub(super) fn note(&mut self, people: &[UserId]) {
        self.changed.extend(people);
    }

    fn rest(&mut self, pause: Duration) -> Duration {
        self.rests = Some(Instant::now() + pause);
        pause
    }
}

/// Whether the peer has kept what it was sent.
enum Taken {
    Yes,
    /// It takes nobody outside shared channels.
    Unwanted,
    /// What it answered confirms nothing.
    Unclear,
}

impl Sender {
    /// Offers the next people. Returns how long until there is more to do: nothing if some were offered.
    pub(super) async fn turn_to_people(&mut self, remote: &RemoteCluster) -> Result<Duration, Undelivered> {
        let app = self.fed.app.clone();
        let settings = app.settings.get();
        if !settings.offers_people() || !discovery::takes_people(remote) {
            self.offer = Offer::default();
            return Ok(LONG);
        }
        let rules = policies::of(&app, &self.id).await?;
        if !rules.discovery {
            // Everybody is looked at again when that has changed.
            self.offer = Offer::default();
            return Ok(LONG);
        }
        if let Some(until) = self.offer.rests {
            let now = Instant::now();
            if until > now {
                return Ok(until - now);
            }
            self.offer.rests = None;
        }
        let batch = settings.workspaces.discovery_batch.max(1);
        loop {
            let changed: Vec<UserId> = self.offer.changed.iter().take(batch).copied().collect();
            let which = match changed.is_empty() {
                true if self.offer.complete => return Ok(LONG),
                true => Which::After(self.offer.after.as_ref()),
                false => Which::Of(&changed),
            };
            let mut people = discovery::owed(&app, remote, which, batch).await?;
            if people.is_empty() {
                match changed.is_empty() {
                    true => self.offer.complete = true,
                    false => changed.iter().for_each(|id| _ = self.offer.changed.remove(id)),
                }
                continue;
            }
            let sync = compose_offer(&self.fed, remote, (self.position.0, rules.presence), &mut people);
            let leaving = Leaving::new(&self.fed, remote, None, in_offer(&sync));
            let leaving = match leaving.over(self.offer_people(remote, &sync).await).await {
                Ok((Taken::Yes, leaving)) => leaving,
                Ok((Taken::Unwanted, leaving)) => {
                    leaving.note(LedgerState::Refused).await?;
                    return Ok(self.offer.rest(UNWANTED));
                }
                Ok((Taken::Unclear, leaving)) => {
                    leaving.may_have_left().await;
                    return Ok(self.try_again_later("its answer confirms nothing"));
                }
                // The peer lives; messages must not wait for what it does not want now.
                Err(undelivered) if undelivered.answered => return Ok(self.try_again_later(&undelivered.cause)),
                Err(undelivered) => return Err(undelivered),
            };
            let versions: Vec<_> = people.iter().map(|person| (person.id, person.update_at)).collect();
            discovery::offered(&app, &self.id, &versions, &leaving.in_state(LedgerState::Stored)).await?;
            leaving.written();
            self.offer.failures = 0;
            if changed.is_empty() {
                self.offer.after = people.last().map(|person| person.id);
            }
            return Ok(Duration::ZERO);
        }
    }

    fn try_again_later(&mut self, cause: &str) -> Duration {
        let pause = Duration::from_secs(pause_after(self.offer.failures));
        self.offer.failures += 1;
        tracing::info!(remote = %self.id, cause, "a peer does not take people now");
        self.offer.rest(pause)
    }

    async fn offer_people(&self, remote: &RemoteCluster, sync: &OutboundSync) -> Result<Taken, Undelivered> {
        let answer = message(&self.fed, &self.id, topic::GLOBAL_USERS, sync).await?;
        if !answer.ok {
            return Ok(Taken::Unclear);
        }
        let Some(payload) = &answer.payload else { return Ok(Taken::Unclear) };
        if payload.get() == "null" {
            return Ok(Taken::Unwanted);
        }
        let Ok(result) = SyncResult::decode(payload) else { return Ok(Taken::Unclear) };
        // Another Rialto says up to where it has stored; without that word nothing is sure (ruling 8.4).
        let sent = sync.rialto.as_ref().map(|extension| extension.seq);
        let echoed = result.rialto.as_ref().map(|extension| extension.seq);
        Ok(if remote.has(ITEMS) && sent != echoed { Taken::Unclear } else { Taken::Yes })
    }
}

/// The frame that offers these people; those that it has no room for are taken out of the list.
fn compose_offer(
    fed: &Federation,
    remote: &RemoteCluster,
    (seq, presence): (i64, bool),
    people: &mut Vec<User>,
) -> OutboundSync {
    let mut sync = OutboundSync::of_people(fed.app.ids.id(MessageId::from_random));
    let mut more = SyncExtension { seq, ..SyncExtension::default() };
    let (mut bytes, mut fitting) = (0, 0);
    for person in people.iter() {
        let out = compose::described(fed, &Default::default(), presence, person);
        // Its id is there twice, and what else is said of it once.
        bytes += encoded_len(&out) + 200;
        if fitting > 0 && bytes > BYTES {
            break;
        }
        fitting += 1;
        sync.users.insert(person.id, out);
        let marks = UserExtension {
            is_guest: person.is_guest(),
            deleted: person.delete_at.is_some(),
            ..UserExtension::default()
        };
        if marks != UserExtension::default() {
            more.users.insert(person.id, marks);
        }
    }
    people.truncate(fitting);
    sync.rialto = remote.has(ITEMS).then_some(more);
    sync
}
