//! Files on their way to one peer: two at a time, beside its messages, continued where the last attempt ended.
//!
//! Source: ruling 36, ruling 8.7, wire 3.8 and 5.10, behaviour 7.4.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use rialto_app::deliveries::{self, Due, Ended};
use rialto_app::{connections, files};
use rialto_model::{FileId, LedgerKind, LedgerState, RemoteCluster, RemoteId};
use rialto_wire::federation::topic;
use rialto_wire::federation::upload::{ATTACHMENT, FileInfo, UploadExtension, UploadSession};
use rialto_wire::federation::{capability, frame::Answer};
use rialto_wire::site_url::SiteUrl;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use super::ledger::{Leaving, Thing};
use super::sender::Link;
use super::{Undelivered, message, refusal};
use crate::Federation;
use crate::transport::FileRequest;

/// Transfers to one peer at once (ruling 36).
const AT_ONCE: usize = 2;
/// The least time a transfer may take.
const LEAST_TIME: Duration = Duration::from_secs(300);
/// Bytes a second below which a transfer is given up, to be continued: 5 minutes for 100 MiB (behaviour 0.2).
const LEAST_RATE: u64 = (100 << 20) / 300;
/// How often a running transfer looks whether its post and share still stand (E-063, INV-11).
const LOOK: Duration = Duration::from_secs(2);
/// How often progress is written down.
const NOTE: Duration = Duration::from_secs(30);

/// Whether a peer continues uploads, and expects files after their posts.
pub(crate) fn resumes(remote: &RemoteCluster) -> bool {
    remote.caps.split_ascii_whitespace().any(|cap| cap == capability::RESUME)
}

/// Sends files to one peer until the connection ends. Runs as a task of its own.
pub(crate) async fn run(fed: Federation, id: RemoteId, link: Arc<Link>) {
    let mut queued = fed.app.bus.queued_files();
    let mut running: JoinSet<FileId> = JoinSet::new();
    let mut busy: Vec<FileId> = Vec::new();
    loop {
        let mut wait = Duration::from_secs(60);
        // Nothing but pings goes to a peer that speaks no protocol of ours (ruling 8.1).
        let paused = link.paused.load(std::sync::atomic::Ordering::Relaxed);
        if paused {
            wait = Duration::from_secs(5);
        }
        while running.len() < AT_ONCE && !paused {
            match next(&fed, &id, &busy).await {
                Ok(Next::Send(due)) => {
                    busy.push(due.file.id);
                    running.spawn(transfer(fed.clone(), id, *due));
                }
                Ok(Next::Wait(until)) => {
                    wait = until;
                    break;
                }
                Ok(Next::Ended) => return,
                Err(error) => {
                    tracing::warn!(%error, remote = %id, "files to be sent could not be read");
                    wait = Duration::from_secs(5);
                    break;
                }
            }
        }
        tokio::select! {
            Some(done) = running.join_next() => {
                match done {
                    Ok(file) => busy.retain(|one| *one != file),
                    // A transfer that panicked is tried again like any other.
                    Err(error) => {
                        tracing::error!(%error, remote = %id, "a transfer ended unexpectedly");
                        running.shutdown().await;
                        busy.clear();
                    }
                }
                // Its post may go now.
                link.wake.notify_one();
            }
            changed = wanted(&mut queued, &id) => if !changed { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Waits until something was queued for this peer. False when the server ends.
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
    Send(Box<Due>),
    Wait(Duration),
    Ended,
}

async fn next(fed: &Federation, id: &RemoteId, busy: &[FileId]) -> Result<Next, rialto_app::StoreError> {
    let Some(remote) = connections::find(&fed.app, id).await?.filter(|remote| remote.delete_at.is_none()) else {
        return Ok(Next::Ended);
    };
    if !remote.is_live() || !fed.app.settings.get().sharing_enabled() {
        return Ok(Next::Wait(Duration::from_secs(5)));
    }
    Ok(match deliveries::due(&fed.app, id, busy).await? {
        (Some(due), _) => Next::Send(Box::new(due)),
        (None, Some(at)) => {
            let wait = at.since(fed.app.clock.now()).clamp(10, 60_000);
            Next::Wait(Duration::from_millis(wait.unsigned_abs()))
        }
        (None, None) => Next::Wait(Duration::from_secs(60)),
    })
}

/// Sends one file, or the rest of it, and writes down how that went.
async fn transfer(fed: Federation, id: RemoteId, due: Due) -> FileId {
    let file = due.file.id;
    let mut leaving = None;
    let ended = match attempt(&fed, &id, &due, &mut leaving).await {
        Ok(ended) => ended,
        Err(undelivered) => Ended::Later { progress: false, cause: undelivered.cause },
    };
    match &ended {
        Ended::Sent => tracing::debug!(remote = %id, %file, "a file was delivered"),
        Ended::Refused(cause) => tracing::info!(remote = %id, %file, cause, "a peer does not take a file"),
        Ended::Later { cause, .. } => tracing::info!(remote = %id, %file, cause, "a file will be sent again"),
    }
    let state = match &ended {
        Ended::Sent => Some(LedgerState::Stored),
        Ended::Refused(_) => Some(LedgerState::Refused),
        Ended::Later { .. } => None,
    };
    if state.is_none()
        && let Some(leaving) = leaving.take()
    {
        leaving.may_have_left().await;
    }
    let left = leaving.as_ref().zip(state).map(|(leaving, state)| leaving.in_state(state));
    let noted = deliveries::ended(&fed.app, &id, &file, ended, left.as_ref()).await;
    if let (Ok(()), Some(leaving)) = (&noted, leaving) {
        leaving.written();
    }
    if let Err(error) = noted {
        tracing::warn!(%error, remote = %id, %file, "the end of a transfer could not be noted");
        // Not at once again: the same may happen.
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    file
}

/// What was announced is put in `announced`: its name and size have left, and perhaps its bytes.
async fn attempt(
    fed: &Federation,
    id: &RemoteId,
    due: &Due,
    announced: &mut Option<Leaving>,
) -> Result<Ended, Undelivered> {
    let Some((remote, token)) = connections::peer_token(&fed.app, id).await? else {
        return Err(Undelivered::new("the connection has ended"));
    };
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let site = site.ok_or_else(|| Undelivered::new("the peer's address is not known"))?;
    let resumes = resumes(&remote);
    let session = UploadSession {
        id: due.delivery.upload_id,
        kind: ATTACHMENT.to_owned(),
        create_at: rialto_model::Millis(0),
        user_id: due.author,
        channel_id: Some(due.delivery.channel_id),
        filename: due.file.name.clone(),
        file_size: due.file.size,
        file_offset: 0,
        remote_id: Some(*id),
        req_file_id: due.file.id,
        rialto: resumes.then(|| UploadExtension { sha256: due.file.sha256.clone() }),
    };
    let thing = Thing::new(LedgerKind::File, due.file.id, Some(due.file.user_id));
    let thing = thing.named(&due.file.name).sized(due.file.size, &due.file.sha256);
    let leaving = Leaving::new(fed, &remote, Some(due.delivery.channel_id), vec![thing]);
    let (answer, leaving) = leaving.over(message(fed, id, topic::UPLOAD, &session).await).await?;
    *announced = Some(leaving);
    if !answer.ok {
        return Ok(refused(&answer));
    }
    let payload = answer.payload.as_ref().ok_or_else(|| Undelivered::new("the answer names no upload"))?;
    let theirs = UploadSession::decode_answer(payload).map_err(|_| Undelivered::new("the answer names no upload"))?;
    let offset = if resumes { theirs.file_offset.clamp(0, due.file.size) } else { 0 };
    if resumes && offset == due.file.size {
        return Ok(Ended::Sent);
    }
    let length = due.file.size.abs_diff(offset);
    let open = fed.app.disk.open(&due.file.id).await.map_err(|error| Undelivered::new(format!("our disk: {error}")))?;
    let content = files::disk::stream(open, offset.unsigned_abs(), length).await;
    let content = content.map_err(|error| Undelivered::new(format!("our disk: {error}")))?;
    let sent = Arc::new(AtomicU64::new(0));
    let request = FileRequest {
        site_url: site,
        path: format!("/api/v4/remotecluster/upload/{}", theirs.id),
        remote_id: *id,
        token,
        content_type: None,
        length,
        content: counted(content, Arc::clone(&sent)).boxed(),
        timeout: LEAST_TIME + Duration::from_secs(length / LEAST_RATE),
    };
    let exchange = fed.transport.send_file(request);
    let response = tokio::select! {
        response = exchange => response,
        () = given_up(fed, due) => return Ok(Ended::Later { progress: false, cause: "it is not wanted any more".to_owned() }),
        never = note_progress(fed, id, due, &sent) => match never {},
    };
    let progress = sent.load(Ordering::Relaxed) > 0;
    let response = match response {
        Ok(response) => response,
        // What got there stays there, with a peer that continues.
        Err(error) => return Ok(Ended::Later { progress: progress && resumes, cause: error.detail }),
    };
    Ok(match response.status {
        200 => match FileInfo::decode(&response.body) {
            Ok(info) if info.id == due.file.id => Ended::Sent,
            _ => Ended::Later { progress: false, cause: "the peer took it for another file".to_owned() },
        },
        204 => Ended::Later { progress: progress && resumes, cause: "the peer has part of it".to_owned() },
        413 => Ended::Refused(words("too_large")),
        501 => Ended::Refused(words("disabled")),
        _ => Ended::Later { progress: false, cause: refusal(&response) },
    })
}

/// A refusal in our own words: what a peer writes is not shown to people as ours.
fn refused(answer: &Answer) -> Ended {
    let code = answer.rialto.as_ref().map(|note| note.code.as_str()).unwrap_or_default();
    match code {
        // The message that follows tells for sure (ruling 33).
        "not_shared" => Ended::Later { progress: false, cause: "the peer does not share the channel".to_owned() },
        "" => Ended::Refused(words_of(&answer.err)),
        code => Ended::Refused(words(code)),
    }
}

fn words(code: &str) -> String {
    match code {
        "too_large" => "it is too large for that workspace",
        "type_blocked" => "files of this type are blocked there",
        "disabled" => "attachments are switched off there",
        "storage" => "that workspace has no room for it",
        "policy" => "a rule of that workspace forbids it",
        "read_only" => "the channel is shared read-only",
        _ => "that workspace does not take it",
    }
    .to_owned()
}

/// What a Mattermost means, by the words it uses.
fn words_of(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    words(if text.contains("large") {
        "too_large"
    } else if text.contains("disabled") {
        "disabled"
    } else {
        ""
    })
}

fn counted(
    content: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    sent: Arc<AtomicU64>,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    content.inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
    })
}

/// Ends when the post, the file or the share is gone.
async fn given_up(fed: &Federation, due: &Due) {
    loop {
        tokio::time::sleep(LOOK).await;
        if matches!(deliveries::stands(&fed.app, &due.delivery).await, Ok(false)) {
            return;
        }
    }
}

/// Keeps a post that waits for a long file waiting.
async fn note_progress(fed: &Federation, id: &RemoteId, due: &Due, sent: &AtomicU64) -> std::convert::Infallible {
    let mut noted = 0;
    loop {
        tokio::time::sleep(NOTE).await;
        let now = sent.load(Ordering::Relaxed);
        if now > noted {
            noted = now;
            if let Err(error) = deliveries::progressed(&fed.app, id, &due.file.id).await {
                tracing::warn!(%error, "progress of a transfer could not be noted");
            }
        }
    }
}
