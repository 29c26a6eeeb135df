//! How fast one peer may speak, so that none of them is everybody's delay (E-122, G-23, ruling 35).
//!
//! Kept in memory, by node and connection: a restart forgives. Who is too fast is answered 429 and repeats; nothing is
//! lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use rialto_app::access::RemoteActor;
use rialto_app::connections::quotas;
use rialto_model::RemoteId;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::body;
use super::reply::Reply;
use crate::Federation;

/// Bodies longer than this are read one at a time, bytes (ruling 35).
const LONG: u64 = 1 << 20;
/// How long a whole body may take to arrive.
const BODY: Duration = Duration::from_secs(60);
/// That somebody is too fast is written down this rarely.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// What is known of one peer's pace.
pub(crate) struct Pace {
    /// Messages it may still send now.
    left: f64,
    /// When that was.
    at: Instant,
    noted: Option<Instant>,
    long_bodies: Arc<Semaphore>,
}

/// The pace of all peers.
pub(crate) type Paces = Arc<Mutex<HashMap<RemoteId, Pace>>>;

/// Takes one message of a peer's allowance: a minute's worth at once, then as it grows again.
///
/// # Errors
/// [`Reply::TooMany`].
pub(super) async fn admit(fed: &Federation, actor: &RemoteActor) -> Result<(), Reply> {
    let per_minute = fed.app.settings.get().workspaces.peer_messages_per_minute;
    if per_minute == 0 {
        return Ok(());
    }
    let most = per_minute as f64;
    let now = Instant::now();
    let (admitted, note) = with(fed, actor, |pace| {
        let grown = now.duration_since(pace.at).as_secs_f64() * most / 60.0;
        pace.left = (pace.left + grown).min(most);
        pace.at = now;
        if pace.left >= 1.0 {
            pace.left -= 1.0;
            return (true, false);
        }
        let note = pace.noted.is_none_or(|noted| now.duration_since(noted) >= NOTED_EVERY);
        pace.noted = Some(now).filter(|_| note).or(pace.noted);
        (false, note)
    });
    if note {
        quotas::slowed(&fed.app, &actor.id(), None).await?;
    }
    if admitted { Ok(()) } else { Err(Reply::TooMany) }
}

/// Reads the body of a message: long ones of a peer one at a time, and none for ever.
pub(super) async fn read(
    fed: &Federation,
    actor: &RemoteActor,
    headers: &HeaderMap,
    content: Body,
    limit: usize,
) -> Result<Bytes, Reply> {
    let length = headers.get("Content-Length").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let _turn = if length.is_none_or(|length| length > LONG) {
        let turns = with(fed, actor, |pace| Arc::clone(&pace.long_bodies));
        // Nobody closes it.
        turns.acquire_owned().await.ok()
    } else {
        None
    };
    tokio::time::timeout(BODY, body(content, limit)).await.map_err(|_| Reply::Broken)?
}

fn with<T>(fed: &Federation, actor: &RemoteActor, work: impl FnOnce(&mut Pace) -> T) -> T {
    let mut paces = fed.paces.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = || Pace {
        left: fed.app.settings.get().workspaces.peer_messages_per_minute as f64,
        at: Instant::now(),
        noted: None,
        long_bodies: Arc::new(Semaphore::new(1)),
    };
    work(paces.entry(actor.id()).or_insert_with(fresh))
}
