//! Emoji on their way to another Rialto: announced, sent whole, and taken away again. Source: ruling 8.8.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rialto_app::connections;
use rialto_app::emoji::offers::{self, CAPABILITY, Due};
use rialto_model::{CustomEmoji, FileId, Millis, RemoteCluster, UserId};
use rialto_wire::federation::extension::ConnectionNote;
use rialto_wire::federation::topic;
use rialto_wire::federation::upload::{EMOJI, UploadExtension, UploadSession};
use rialto_wire::site_url::SiteUrl;
use sha2::{Digest, Sha256};

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
    match &due {
        Due::Picture { emoji, creator, bytes } => send(fed, remote, emoji, *creator, bytes).await?,
        Due::Gone { name } => {
            let note = ConnectionNote::EmojiRemoved { name: name.clone() };
            let answer = message(fed, &remote.id, topic::RIALTO_CONNECTION, &note).await?;
            if !answer.ok {
                return Err(Undelivered::new("the peer did not take the removal of an emoji"));
            }
        }
    }
    offers::told(&fed.app, &remote.id, &due).await?;
    Ok(true)
}

/// Sends one picture. What the peer does not take is not offered again; another picture under the name is.
async fn send(
    fed: &Federation,
    remote: &RemoteCluster,
    emoji: &CustomEmoji,
    creator: UserId,
    picture: &[u8],
) -> Result<(), Undelivered> {
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
            return Err(Undelivered::new("the peer takes no emoji now"));
        }
        refused(code);
        return Ok(());
    }
    let payload = answer.payload.as_ref().ok_or_else(|| Undelivered::new("the answer names no upload"))?;
    let theirs = UploadSession::decode_answer(payload).map_err(|_| Undelivered::new("the answer names no upload"))?;
    if theirs.file_offset >= size {
        return Ok(());
    }
    let rest = usize::try_from(theirs.file_offset).ok().and_then(|offset| picture.get(offset..)).unwrap_or(picture);
    let Some((remote, token)) = connections::peer_token(&fed.app, &remote.id).await? else {
        return Err(Undelivered::new("the connection has ended"));
    };
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let request = FileRequest {
        site_url: site.ok_or_else(|| Undelivered::new("the peer's address is not known"))?,
        path: format!("/api/v4/remotecluster/upload/{}", theirs.id),
        remote_id: remote.id,
        token,
        content_type: None,
        length: rest.len() as u64,
        content: stream::iter([Ok(Bytes::copy_from_slice(rest))]).boxed(),
        timeout: TIMEOUT,
    };
    let response = fed.transport.send_file(request).await?;
    match response.status {
        200 => Ok(()),
        // No picture for them.
        400 | 413 => {
            refused("its picture");
            Ok(())
        }
        204 => Err(Undelivered::new("the peer has part of it")),
        _ => Err(Undelivered::new(refusal(&response))),
    }
}
