//! Emoji on their way to another Rialto: announced, sent whole, and taken away again. Source: ruling 8.8.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rialto_app::connections;
use rialto_app::emoji::offers::{self, CAPABILITY, Due};
use rialto_model::{CustomEmoji, FileId, LedgerKind, LedgerState, Millis, RemoteCluster, UserId};
use rialto_wire::federation::extension::ConnectionNote;
use rialto_wire::federation::topic;
use rialto_wire::federation::upload::{EMOJI, UploadExtension, UploadSession};
use rialto_wire::site_url::SiteUrl;
use sha2::{Digest, Sha256};

use super::ledger::{Leaving, Thing};
use super::{Undelivered, message, refusal};
use crate::Federation;
use crate::transport::FileRequest;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Sends the next emoji the peer is owed, if it takes any. False if it is owed none.
pub(super) async fn send_next(fed: &Federation, remote: &RemoteCluster) -> Result<bool, Undelivered> {
    if !remote.has(CAPABILITY) || !fed.app.settings.get().emoji_sync_enabled() {
        return Ok(false);
    }
    if !connections::policies::of(&fed.app, &remote.id).await?.emoji {
        return Ok(false);
    }
    let due = offers::due(&fed.app, &remote.id).await.map_err(|error| Undelivered::new(error.to_string()))?;
    let Some(due) = due else { return Ok(false) };
    let leaving = Leaving::new(fed, remote, None, vec![thing(&due)]);
    let sent = match &due {
        Due::Picture { emoji, creator, bytes } => send(fed, remote, emoji, *creator, bytes).await,
        Due::Gone { name } => remove(fed, remote, name).await,
    };
    let (state, leaving) = leaving.over(sent).await?;
    offers::told(&fed.app, &remote.id, &due, &leaving.in_state(state)).await?;
    leaving.written();
    Ok(true)
}

fn thing(due: &Due) -> Thing {
    match due {
        Due::Picture { emoji, bytes, .. } => Thing::new(LedgerKind::Emoji, emoji.id, Some(emoji.creator_id))
            .named(&emoji.name)
            .sized(i64::try_from(bytes.len()).unwrap_or(i64::MAX), ""),
        Due::Gone { name } => Thing::new(LedgerKind::EmojiRemoval, "", None).named(name),
    }
}

/// A failure after the peer was told of the emoji.
fn later(why: impl Into<String>) -> Undelivered {
    Undelivered { left: true, ..Undelivered::new(why) }
}

async fn remove(fed: &Federation, remote: &RemoteCluster, name: &str) -> Result<LedgerState, Undelivered> {
    let note = ConnectionNote::EmojiRemoved { name: name.to_owned() };
    let answer = message(fed, &remote.id, topic::RIALTO_CONNECTION, &note).await?;
    if answer.ok { Ok(LedgerState::Stored) } else { Err(later("the peer did not take the removal of an emoji")) }
}

/// Sends one picture. What the peer does not take is not offered again; another picture under the name is.
async fn send(
    fed: &Federation,
    remote: &RemoteCluster,
    emoji: &CustomEmoji,
    creator: UserId,
    picture: &[u8],
) -> Result<LedgerState, Undelivered> {
    let refused =
        |why: &str| tracing::info!(remote = %remote.id, emoji = %emoji.id, why, "a peer does not take an emoji");
    let size = i64::try_from(picture.len()).unwrap_or(i64::MAX);
    let sha256 = Sha256::digest(picture).iter().map(|byte| format!("{byte:02x}")).collect();
    let session = UploadSession {
        id: emoji.id,
        kind: EMOJI.to_owned(),
        create_at: Millis(0),
        user_id: creator,
        channel_id: None,
        filename: emoji.name.clone(),
        file_size: size,
        file_offset: 0,
        remote_id: Some(remote.id),
        req_file_id: FileId::parse(emoji.id.as_str()).map_err(|error| Undelivered::new(error.to_string()))?,
        rialto: Some(UploadExtension { sha256 }),
    };
    let answer = message(fed, &remote.id, topic::UPLOAD, &session).await?;
    if !answer.ok {
        let code = answer.rialto.as_ref().map(|note| note.code.as_str()).unwrap_or_default();
        // Their settings and shares are just changing; soon their word or ours says so.
        if matches!(code, "disabled" | "not_shared" | "policy") {
            return Err(later("the peer takes no emoji now"));
        }
        refused(code);
        return Ok(LedgerState::Refused);
    }
    let payload = answer.payload.as_ref().ok_or_else(|| later("the answer names no upload"))?;
    let theirs = UploadSession::decode_answer(payload).map_err(|_| later("the answer names no upload"))?;
    if theirs.file_offset >= size {
        return Ok(LedgerState::Stored);
    }
    let rest = usize::try_from(theirs.file_offset).ok().and_then(|offset| picture.get(offset..)).unwrap_or(picture);
    let Some((remote, token)) = connections::peer_token(&fed.app, &remote.id).await? else {
        return Err(later("the connection has ended"));
    };
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let request = FileRequest {
        site_url: site.ok_or_else(|| later("the peer's address is not known"))?,
        path: format!("/api/v4/remotecluster/upload/{}", theirs.id),
        remote_id: remote.id,
        token,
        content_type: None,
        length: rest.len() as u64,
        content: stream::iter([Ok(Bytes::copy_from_slice(rest))]).boxed(),
        timeout: TIMEOUT,
    };
    let response = fed.transport.send_file(request).await.map_err(|error| later(error.detail))?;
    match response.status {
        200 => Ok(LedgerState::Stored),
        // No picture for them.
        400 | 413 => {
            refused("its picture");
            Ok(LedgerState::Refused)
        }
        204 => Err(later("the peer has part of it")),
        _ => Err(later(refusal(&response))),
    }
}
