//! What we send: one sender a peer that follows the log, one pinger a peer that watches it.

mod awaited;
mod compose;
mod direct;
pub(crate) mod files;
mod held;
mod invite;
mod people;
pub(crate) mod pictures;
pub(crate) mod pinger;
pub(crate) mod sender;
mod toggles;

use std::time::Duration;

use rialto_app::connections;
use rialto_model::{MessageId, RemoteId};
use rialto_wire::federation::frame::{Answer, Frame};
use rialto_wire::federation::ping::Ping;
use rialto_wire::federation::topic;
use rialto_wire::site_url::SiteUrl;
use serde::Serialize;

use crate::Federation;
use crate::transport::{Request, Response, TransportError};

const PING_TIMEOUT: Duration = Duration::from_secs(15);
const FRAME_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a frame we send: 11.6 refuses more for ever (ruling 34).
pub(crate) const FRAME_BYTES: usize = 290_000;

/// Why a frame was not delivered; it is sent again.
#[derive(Debug, Clone)]
pub(crate) struct Undelivered {
    /// For administrators.
    pub(crate) cause: String,
    /// The peer surely has not taken it.
    pub(crate) surely: bool,
    /// The frame itself is too large for the peer.
    pub(crate) too_large: bool,
    /// The peer lives and asks for patience.
    pub(crate) busy: bool,
}

impl Undelivered {
    fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), surely: false, too_large: false, busy: false }
    }
}

impl From<TransportError> for Undelivered {
    fn from(error: TransportError) -> Self {
        Self { surely: error.surely_unsent(), ..Self::new(error.detail) }
    }
}

impl From<rialto_app::StoreError> for Undelivered {
    fn from(error: rialto_app::StoreError) -> Self {
        tracing::warn!(%error, "storage failed while sending");
        Self { surely: true, ..Self::new("our own storage failed") }
    }
}

/// Pings a peer with a token that may not be stored yet.
pub(crate) async fn ping_with(
    fed: &Federation,
    site: &SiteUrl,
    id: &RemoteId,
    token: &str,
) -> Result<(Ping, Response), Undelivered> {
    let now = fed.app.clock.now();
    let payload = Ping { sent_at: now.0, recv_at: 0, rialto: Some(fed.advert()) };
    let frame = Frame::new(*id, fed.app.ids.id(MessageId::from_random), topic::PING, now, &payload);
    let request = Request {
        site_url: site.clone(),
        path: "/api/v4/remotecluster/ping",
        remote_id: *id,
        token: token.to_owned(),
        body: frame.to_json(),
        timeout: PING_TIMEOUT,
    };
    let response = fed.transport.send(request).await?;
    if response.status != 200 {
        return Err(Undelivered::new(refusal(response.status)));
    }
    let ping = Ping::decode_answer(&response.body).map_err(|_| Undelivered::new("the answer is not that of a peer"))?;
    Ok((ping, response))
}

/// A status in words.
fn refusal(status: u16) -> String {
    match status {
        401 => "the peer does not accept our credential".to_owned(),
        404 => "nothing at the peer's address takes our messages".to_owned(),
        413 => "the message is too large for the peer".to_owned(),
        429 | 503 => "the peer asks us to try again later".to_owned(),
        501 => "secure connections are switched off at the peer".to_owned(),
        status => format!("the peer answered with HTTP status {status}"),
    }
}

/// Sends a message and reads the envelope of the answer.
pub(crate) async fn message<T: Serialize + ?Sized>(
    fed: &Federation,
    id: &RemoteId,
    topic: &str,
    payload: &T,
) -> Result<Answer, Undelivered> {
    let Some((remote, token)) = connections::peer_token(&fed.app, id).await? else {
        return Err(Undelivered { surely: true, ..Undelivered::new("the connection has ended") });
    };
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let Some(site) = site else {
        return Err(Undelivered { surely: true, ..Undelivered::new("the peer's address is not known") });
    };
    let frame = Frame::new(*id, fed.app.ids.id(MessageId::from_random), topic, fed.app.clock.now(), payload);
    let request = Request {
        site_url: site,
        path: "/api/v4/remotecluster/msg",
        remote_id: *id,
        token,
        body: frame.to_json(),
        timeout: FRAME_TIMEOUT,
    };
    let response = fed.transport.send(request).await?;
    if response.status != 200 {
        // These the peer answered before it looked at the message.
        let surely = matches!(response.status, 401 | 413 | 429 | 501 | 503);
        return Err(Undelivered {
            cause: refusal(response.status),
            surely,
            too_large: response.status == 413,
            busy: matches!(response.status, 429 | 503),
        });
    }
    Answer::decode(&response.body).map_err(|_| Undelivered::new("the answer is not that of a peer"))
}
