//! What we send: one sender a peer that follows the log, one pinger a peer that watches it.

mod awaited;
mod backfill;
pub(crate) mod compose;
mod deliver;
mod direct;
mod discovery;
mod emoji;
mod extras;
pub(crate) mod files;
mod held;
mod invite;
pub(crate) mod ledger;
pub(crate) mod lookout;
mod people;
pub(crate) mod pictures;
pub(crate) mod pinger;
mod recovery;
mod rewind;
pub(crate) mod sender;
mod toggles;

use std::time::Duration;

use rialto_app::outbox::Contents;
use rialto_app::{connections, outbox};
use rialto_model::{Cause, MessageId, Millis, RemoteCluster, RemoteId};
use rialto_wire::federation::extension::STORAGE_FULL;
use rialto_wire::federation::frame::{Answer, Frame};
use rialto_wire::federation::ping::Ping;
use rialto_wire::federation::sync::OutboundSync;
use rialto_wire::federation::topic;
use rialto_wire::site_url::SiteUrl;
use serde::Serialize;

use self::ledger::Leaving;
use crate::transport::{Request, Response, TransportError, cause};
use crate::{Federation, moving, redirect};

const PING_PATH: &str = "/api/v4/remotecluster/ping";
const MSG_PATH: &str = "/api/v4/remotecluster/msg";
const PING_TIMEOUT: Duration = Duration::from_secs(15);
const FRAME_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a frame we send: 11.6 refuses more for ever (ruling 34).
pub(crate) const FRAME_BYTES: usize = 290_000;

/// Why a frame was not delivered; it is sent again.
#[derive(Debug, Clone)]
pub(crate) struct Undelivered {
    /// For administrators.
    pub(crate) cause: String,
    /// Of which class the failure is.
    pub(crate) class: Cause,
    /// The peer surely has not taken it.
    pub(crate) surely: bool,
    /// The frame itself is too large for the peer.
    pub(crate) too_large: bool,
    /// Something before the peer gave up waiting: less at once may do.
    pub(crate) slow: bool,
    /// The peer lives and asks for patience.
    pub(crate) busy: bool,
    /// The peer, or something before it, has answered with an error that may concern this one message only.
    pub(crate) answered: bool,
    /// The peer does not accept our credential.
    pub(crate) refused: bool,
    /// The peer speaks no protocol we speak.
    pub(crate) foreign: bool,
    /// The peer's address leads here, which may be followed (E-017).
    pub(crate) leads: Option<SiteUrl>,
    /// It may have left this server, whatever became of it.
    pub(crate) left: bool,
}

impl Undelivered {
    pub(crate) fn new(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            class: Cause::Other,
            surely: false,
            too_large: false,
            slow: false,
            busy: false,
            answered: false,
            refused: false,
            foreign: false,
            leads: None,
            left: false,
        }
    }
}

impl From<TransportError> for Undelivered {
    fn from(error: TransportError) -> Self {
        let unsent = error.surely_unsent();
        Self { surely: unsent, left: !unsent, class: cause(&error), ..Self::new(error.detail) }
    }
}

impl From<rialto_app::StoreError> for Undelivered {
    fn from(error: rialto_app::StoreError) -> Self {
        tracing::warn!(%error, "storage failed while sending");
        Self { surely: true, class: Cause::Own, ..Self::new("our own storage failed") }
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
    let payload = Ping { sent_at: now.0, recv_at: 0, rialto: Some(fed.advert_to(id).await) };
    let frame = Frame::new(*id, fed.app.ids.id(MessageId::from_random), topic::PING, now, &payload);
    let request = Request {
        site_url: site.clone(),
        path: PING_PATH,
        remote_id: *id,
        token: token.to_owned(),
        body: frame.to_json(),
        timeout: PING_TIMEOUT,
    };
    let response = fed.transport.send(request).await?;
    if response.status != 200 {
        let refused = response.status == 401;
        let leads = redirect::encrypted(site, PING_PATH, &response);
        return Err(Undelivered { refused, class: class(&response), leads, ..answered(site, PING_PATH, &response) });
    }
    let ping = Ping::decode_answer(&response.body).map_err(|_| not_a_peer())?;
    Ok((ping, response))
}

/// An answer that is no success, in words; of a redirect it names the target (E-017).
fn answered(site: &SiteUrl, path: &str, response: &Response) -> Undelivered {
    Undelivered::new(match redirect::target(site, path, response) {
        Some(target) => format!("the peer's address leads elsewhere, to {target}, which is not followed"),
        None => refusal(response),
    })
}

/// A status in words.
fn refusal(response: &Response) -> String {
    match response.status {
        503 if is_full(response) => "the peer has no room left on its disk".to_owned(),
        401 => "the peer does not accept our credential".to_owned(),
        404 => "nothing at the peer's address takes our messages".to_owned(),
        413 => "the message is too large for the peer".to_owned(),
        429 | 503 => "the peer asks us to try again later".to_owned(),
        501 => "secure connections are switched off at the peer".to_owned(),
        status @ 300..=399 => format!("the peer's address leads elsewhere (HTTP status {status})"),
        status => format!("the peer answered with HTTP status {status}"),
    }
}

/// Of which class a status is.
fn class(response: &Response) -> Cause {
    match response.status {
        503 if is_full(response) => Cause::Full,
        401 => Cause::Credential,
        404 => Cause::Path,
        413 => Cause::TooLarge,
        429 | 503 => Cause::Busy,
        501 => Cause::Off,
        300..=399 => Cause::Redirect,
        500..=599 => Cause::Server,
        _ => Cause::Other,
    }
}

/// Whether the peer says that it cannot store anything (E-045).
fn is_full(response: &Response) -> bool {
    #[derive(serde::Deserialize)]
    struct Said {
        id: String,
    }
    serde_json::from_slice::<Said>(&response.body).is_ok_and(|said| said.id == STORAGE_FULL)
}

fn not_a_peer() -> Undelivered {
    Undelivered { class: Cause::NotAPeer, ..Undelivered::new("the answer is not that of a peer") }
}

/// Sends a message and reads the envelope of the answer.
pub(crate) async fn message<T: Serialize + ?Sized>(
    fed: &Federation,
    id: &RemoteId,
    topic: &str,
    payload: &T,
) -> Result<Answer, Undelivered> {
    message_at(fed, id, topic, payload, fed.app.clock.now()).await
}

/// The same at a time that counts as the version of what is said.
pub(crate) async fn message_at<T: Serialize + ?Sized>(
    fed: &Federation,
    id: &RemoteId,
    topic: &str,
    payload: &T,
    at: Millis,
) -> Result<Answer, Undelivered> {
    let Some((remote, token)) = connections::peer_token(&fed.app, id).await? else {
        return Err(Undelivered { surely: true, ..Undelivered::new("the connection has ended") });
    };
    post(fed, &remote, token, Frame::new(*id, fed.app.ids.id(MessageId::from_random), topic, at, payload)).await
}

/// Sends a sync message of a share; what it brought is to be written down with what becomes of it. None: the share or the
/// connection has ended or rests since it was loaded, and nothing has left (INV-11, E-046).
pub(crate) async fn sync_frame(
    fed: &Federation,
    contents: &Contents,
    sync: &OutboundSync,
) -> Result<Option<(Answer, Leaving)>, Undelivered> {
    let Some((remote, token)) = outbox::way_out(&fed.app, &contents.share.id).await? else { return Ok(None) };
    let leaving = Leaving::of_sync(fed, contents, sync);
    let id = fed.app.ids.id(MessageId::from_random);
    let frame = Frame::new(remote.id, id, topic::SYNC, fed.app.clock.now(), sync);
    leaving.over(post(fed, &remote, token, frame).await).await.map(Some)
}

async fn post(fed: &Federation, remote: &RemoteCluster, token: String, frame: Frame) -> Result<Answer, Undelivered> {
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let Some(site) = site else {
        return Err(Undelivered { surely: true, ..Undelivered::new("the peer's address is not known") });
    };
    let mut request = Request {
        site_url: site,
        path: MSG_PATH,
        remote_id: remote.id,
        token,
        body: frame.to_json(),
        timeout: FRAME_TIMEOUT,
    };
    let mut response = fed.transport.send(request.clone()).await?;
    if response.status == 401 {
        // The peer may have had us present another token while this was on its way (ruling 8.5).
        let now = connections::peer_token(&fed.app, &remote.id).await?.map(|(_, token)| token);
        if let Some(now) = now.filter(|now| *now != request.token) {
            request.token = now;
            response = fed.transport.send(request.clone()).await.map_err(|error| again(error.into()))?;
        }
    }
    if let Some(to) = redirect::encrypted(&request.site_url, MSG_PATH, &response)
        && moving::redirected(fed, &remote.id, &to).await
    {
        request.site_url = to;
        response = fed.transport.send(request.clone()).await.map_err(|error| again(error.into()))?;
    }
    if response.status != 200 {
        let status = response.status;
        return Err(Undelivered {
            // These the peer answered before it looked at the message.
            surely: matches!(status, 401 | 413 | 429 | 501 | 503),
            too_large: status == 413,
            slow: matches!(status, 408 | 504),
            busy: matches!(status, 429 | 503),
            // Of these every message would be told the same.
            answered: !matches!(status, 401 | 404 | 501),
            refused: status == 401,
            class: class(&response),
            left: true,
            ..answered(&request.site_url, MSG_PATH, &response)
        });
    }
    Answer::decode(&response.body).map_err(|_| again(not_a_peer()))
}

/// Of a message that was handed over once already.
fn again(undelivered: Undelivered) -> Undelivered {
    Undelivered { left: true, ..undelivered }
}
