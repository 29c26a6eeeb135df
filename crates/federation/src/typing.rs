//! The word that somebody types, to and from other Rialtos: beside everything else, never repeated, dropped when there is
//! anything more important to say. Source: ruling 8.9.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rialto_app::access::RemoteActor;
use rialto_app::typing::{self, Told};
use rialto_app::{StoreError, Volatile, outbox};
use rialto_model::{ChannelId, PostId, RemoteId, UserId};
use rialto_wire::federation::extension::TypingNote;
use rialto_wire::federation::topic;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::Federation;
use crate::send::message;

/// One person's typing in one channel is told once in this time (ruling 8.9).
const AT_MOST: Duration = Duration::from_secs(3);
/// Words under way at once; more are dropped.
const UNDER_WAY: usize = 16;
/// Turns that are remembered before old ones are forgotten.
const REMEMBERED: usize = 10_000;

/// Who had a turn when. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Turns<K>(Arc<Mutex<HashMap<K, Instant>>>);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq> Turns<K> {
    /// Takes a turn, if the last one was long enough ago.
    fn take(&self, key: K) -> bool {
        let now = Instant::now();
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= REMEMBERED {
            turns.retain(|_, at| now.duration_since(*at) < AT_MOST);
        }
        if turns.get(&key).is_some_and(|at| now.duration_since(*at) < AT_MOST) || turns.len() >= REMEMBERED {
            return false;
        }
        turns.insert(key, now);
        true
    }
}

/// Who typed where lately, as peers said and as we told them.
#[derive(Clone, Default)]
pub(crate) struct Typing {
    heard: Turns<(ChannelId, UserId)>,
    told: Turns<(ChannelId, UserId)>,
}

/// Takes a peer's word. What is not its to say, or said too often, has no effect.
pub(crate) async fn heard(fed: &Federation, actor: &RemoteActor, note: TypingNote) -> Result<(), StoreError> {
    let told = Told { channel: note.channel_id, user: note.user_id, root: note.root() };
    if let Some(user) = typing::of_peer(&fed.app, actor, &told).await?
        && fed.typing.heard.take((told.channel, user))
    {
        typing::tell(&fed.app, actor, &told, user);
    }
    Ok(())
}

/// Tells peers of whoever types, until the server ends.
pub(crate) async fn run(fed: Federation) {
    let mut news = fed.app.bus.volatile();
    let under_way = Arc::new(Semaphore::new(UNDER_WAY));
    loop {
        let (channel, user, root, from) = match news.recv().await {
            Ok(Volatile::Typing { channel, user, root, from }) => (channel, user, root, from),
            Ok(_) | Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if !fed.app.settings.get().remote_typing_enabled() {
            continue;
        }
        let Ok(permit) = Arc::clone(&under_way).try_acquire_owned() else { continue };
        let fed = fed.clone();
        tokio::spawn(async move {
            if let Err(error) = tell(&fed, channel, user, root, from).await {
                tracing::warn!(%error, "who types could not be looked up");
            }
            drop(permit);
        });
    }
}

async fn tell(
    fed: &Federation,
    channel: ChannelId,
    user: UserId,
    root: Option<PostId>,
    from: Option<RemoteId>,
) -> Result<(), StoreError> {
    let (user_id, listeners) = typing::listeners(&fed.app, &channel, &user, from).await?;
    if listeners.is_empty() || !fed.typing.told.take((channel, user)) {
        return Ok(());
    }
    let note = TypingNote::new(channel, user_id, root);
    for remote in listeners {
        if outbox::waits(&fed.app, &remote.id).await? {
            continue;
        }
        if let Err(undelivered) = message(fed, &remote.id, topic::RIALTO_TYPING, &note).await {
            tracing::debug!(remote = %remote.id, cause = undelivered.cause, "a peer was not told who types");
        }
    }
    Ok(())
}
