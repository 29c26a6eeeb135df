//! Pictures of people, and after them those of emoji, on their way to one peer: one at a time, beside its messages, which never wait for them (E-097).
//!
//! Nothing is queued: what a peer is owed follows from whom it knows and which version it was given, so that a change
//! while it is away goes once, in its last version. Source: wire 3.9, 7.10.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rialto_app::connections;
use rialto_app::users::pictures::{self, Due};
use rialto_model::{LedgerKind, LedgerState, RemoteId};
use rialto_wire::site_url::SiteUrl;
use tokio::sync::broadcast::error::RecvError;

use super::ledger::{Leaving, Thing};
use super::{Undelivered, emoji, refusal};
use crate::Federation;
use crate::transport::FileRequest;

/// Pauses between attempts, seconds; the last one stays (ruling 27).
const PAUSES: [u64; 6] = [1, 2, 5, 10, 20, 30];
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often to look without being told to.
const LOOK: Duration = Duration::from_secs(60);

/// Sends pictures to one peer until the connection ends. Runs as a task of its own.
pub(crate) async fn run(fed: Federation, id: RemoteId) {
    let mut queued = fed.app.bus.queued_pictures();
    let mut failures = 0usize;
    loop {
        let wait = match next(&fed, &id).await {
            Ok(Next::Sent) => {
                failures = 0;
                continue;
            }
            Ok(Next::Nothing) => {
                failures = 0;
                LOOK
            }
            Ok(Next::Ended) => return,
            Err(undelivered) => {
                let pause = PAUSES.get(failures).or(PAUSES.last()).copied().unwrap_or(30);
                failures += 1;
                tracing::info!(remote = %id, cause = undelivered.cause, pause, "a picture was not delivered");
                // News is no reason to try sooner than the pause says.
                tokio::time::sleep(Duration::from_secs(pause)).await;
                continue;
            }
        };
        tokio::select! {
            more = wanted(&mut queued, &id) => if !more { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Waits until this peer may be owed something. False when the server ends.
async fn wanted(queued: &mut tokio::sync::broadcast::Receiver<RemoteId>, id: &RemoteId) -> bool {
    loop {
        match queued.recv().await {
            Ok(other) if other != *id => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}

enum Next {
    Sent,
    Nothing,
    Ended,
}

async fn next(fed: &Federation, id: &RemoteId) -> Result<Next, Undelivered> {
    let Some(remote) = connections::find(&fed.app, id).await?.filter(|remote| remote.delete_at.is_none()) else {
        return Ok(Next::Ended);
    };
    if !remote.is_live() || !fed.app.settings.get().sharing_enabled() {
        return Ok(Next::Nothing);
    }
    let due = pictures::due(&fed.app, id).await.map_err(|error| Undelivered::new(error.to_string()))?;
    let Some(due) = due else {
        return Ok(if emoji::send_next(fed, &remote).await? { Next::Sent } else { Next::Nothing });
    };
    let size = i64::try_from(due.bytes.len()).unwrap_or(i64::MAX);
    let thing = Thing::new(LedgerKind::Picture, due.user, Some(due.user)).sized(size, "");
    let leaving = Leaving::new(fed, &remote, None, vec![thing]);
    let (state, leaving) = leaving.over(send(fed, id, &due).await).await?;
    pictures::told(&fed.app, id, &due, &leaving.in_state(state)).await?;
    leaving.written();
    Ok(Next::Sent)
}

/// Sends one picture. What the peer does not take is not offered again; the next version is.
async fn send(fed: &Federation, id: &RemoteId, due: &Due) -> Result<LedgerState, Undelivered> {
    let Some((remote, token)) = connections::peer_token(&fed.app, id).await? else {
        return Err(Undelivered::new("the connection has ended"));
    };
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let boundary = fed.app.ids.token();
    let body = multipart(&boundary, &due.bytes);
    let request = FileRequest {
        site_url: site.ok_or_else(|| Undelivered::new("the peer's address is not known"))?,
        path: format!("/api/v4/remotecluster/{}/image", due.wire_id),
        remote_id: *id,
        token,
        content_type: Some(format!("multipart/form-data; boundary={boundary}")),
        length: body.len() as u64,
        content: stream::iter([Ok(body)]).boxed(),
        timeout: TIMEOUT,
    };
    let response = fed.transport.send_file(request).await?;
    match response.status {
        200 => Ok(LedgerState::Stored),
        // Not this picture, or none at all.
        400 | 404 | 413 | 501 => {
            tracing::info!(remote = %id, user = %due.user, status = response.status, "a peer does not take a picture");
            Ok(LedgerState::Refused)
        }
        _ => Err(Undelivered { left: true, ..Undelivered::new(refusal(&response)) }),
    }
}

/// The body real servers send (wire 3.9).
fn multipart(boundary: &str, picture: &[u8]) -> Bytes {
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"image\"; filename=\"profile.png\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(picture);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Bytes::from(body)
}
