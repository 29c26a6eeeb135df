//! One look at the log for all senders: each new event is read once, and only those senders are woken whom it may concern.
//! With very many connections, most of them out of reach, nothing else would be affordable (E-159).
//!
//! No wake is lost: a sender looks at the log itself when it begins, is known here before that, and everybody is woken when
//! anything is in doubt.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rialto_app::outbox::{self, Concerned};
use rialto_model::{RemoteId, Seq};

use super::sender::Link;
use crate::Federation;

/// The senders of this node. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Links(Arc<Mutex<HashMap<RemoteId, Arc<Link>>>>);

impl Links {
    fn with<R>(&self, work: impl FnOnce(&mut HashMap<RemoteId, Arc<Link>>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A sender is about to begin.
    pub(crate) fn put(&self, id: RemoteId, link: &Arc<Link>) {
        self.with(|links| links.insert(id, Arc::clone(link)));
    }

    /// A sender has ended.
    pub(crate) fn remove(&self, id: &RemoteId) {
        self.with(|links| links.remove(id));
    }

    fn wake(&self, who: &Concerned) {
        self.with(|links| match who {
            Concerned::Everybody => links.values().for_each(|link| link.news.notify_one()),
            Concerned::These(remotes) => {
                remotes.iter().filter_map(|remote| links.get(remote)).for_each(|link| link.news.notify_one());
            }
        });
    }
}

/// Follows the settled head until the server ends.
pub(crate) async fn run(fed: Federation, links: Links) {
    let mut settled = fed.app.bus.settled();
    // Up to here nobody has to be told: what stood in the log before is found by whoever begins.
    let mut seen: Option<Seq> = None;
    loop {
        let head = *settled.borrow_and_update();
        seen = Some(look(&fed, &links, seen, head).await);
        if settled.changed().await.is_err() {
            return;
        }
    }
}

async fn look(fed: &Federation, links: &Links, seen: Option<Seq>, head: Seq) -> Seq {
    let Some(mut seen) = seen.filter(|seen| seen.0 > 0) else {
        // The head was not known before.
        links.wake(&Concerned::Everybody);
        return head;
    };
    while seen < head {
        if links.with(|links| links.is_empty()) {
            return head;
        }
        match outbox::concerned(&fed.app, seen, head).await {
            Ok((upto, who)) => {
                links.wake(&who);
                seen = upto;
            }
            Err(error) => {
                tracing::warn!(%error, "whom news concerns could not be read");
                links.wake(&Concerned::Everybody);
                return head;
            }
        }
    }
    head
}
