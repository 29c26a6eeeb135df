//! The routes peers call. Authority comes from the credential alone; bodies are read only after it was checked.
//!
//! Source: wire section 3, rulings 11 to 17 and 28.

mod confirm;
mod emoji;
mod fetch;
mod image;
mod invite;
mod notes;
pub(crate) mod pace;
mod reply;
pub(crate) mod sync;
mod upload;

use std::future::Future;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use rialto_app::access::RemoteActor;
use rialto_app::connections::positions::{self, Applied, Claim, Way};
use rialto_app::{apply, connections};
use rialto_wire::federation::extension::{self, Advert};
use rialto_wire::federation::frame::{Envelope, Frame};
use rialto_wire::federation::ping::Ping;
use rialto_wire::federation::{ID_HEADER, TOKEN_HEADER, topic};

use crate::{Federation, MAX_FRAME, moving};
use reply::Reply;

/// Bytes of a ping or confirmation (ruling 35).
const SMALL_FRAME: usize = 64 << 10;

/// All routes below `/api/v4/remotecluster` that peers call.
pub fn routes(federation: Federation) -> Router {
    Router::new()
        .route("/api/v4/remotecluster/ping", post(ping))
        .route("/api/v4/remotecluster/msg", post(msg))
        .route("/api/v4/remotecluster/confirm_invite", post(confirm::confirm_invite))
        .route("/api/v4/remotecluster/upload/{upload_id}", post(upload::upload).layer(DefaultBodyLimit::disable()))
        .route("/api/v4/remotecluster/{user_id}/image", post(image::image).layer(DefaultBodyLimit::disable()))
        .with_state(federation)
}

struct Credential {
    id: String,
    token: String,
}

fn credential(headers: &HeaderMap) -> Option<Credential> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (id, token) = (text(ID_HEADER)?, text(TOKEN_HEADER)?);
    (!token.is_empty() && token.len() <= 100).then_some(Credential { id, token })
}

/// Checks that the service runs and who calls. Everything that is wrong with a credential is one answer (ruling 17).
async fn authenticate(fed: &Federation, headers: &HeaderMap) -> Result<RemoteActor, Reply> {
    if !fed.app.settings.get().connections_enabled() {
        return Err(Reply::Off);
    }
    let credential = credential(headers).ok_or(Reply::Unauthorized)?;
    let actor = connections::authenticate(&fed.app, &credential.id, &credential.token).await.map_err(Reply::from)?;
    let actor = actor.ok_or(Reply::Unauthorized)?;
    fed.app.bus.contacted(actor.id());
    Ok(actor)
}

/// Notes a request that was refused whole, once and without its content. Strangers leave no line: they could fill the log.
async fn noted<T>(
    fed: &Federation,
    actor: &RemoteActor,
    what: &str,
    work: impl Future<Output = Result<T, Reply>>,
) -> Result<T, Reply> {
    let result = work.await;
    if let Err(code) = result.as_ref().map_err(|reply| reply.blame())
        && let Some(code) = code
    {
        apply::note_refused_frame(&fed.app, actor, what, None, code).await?;
    }
    result
}

async fn body(body: Body, limit: usize) -> Result<Bytes, Reply> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        // The one error that is the reader's own; all others come from the line.
        let too_large = std::error::Error::source(&error).is_some_and(|why| why.to_string() == "length limit exceeded");
        if too_large { Reply::TooLarge } else { Reply::Broken }
    })
}

/// Reads a frame and checks that it speaks of the connection it came over.
fn frame(actor: &RemoteActor, bytes: &[u8]) -> Result<Frame, Reply> {
    let frame = Frame::decode(bytes).map_err(Reply::from)?;
    if frame.remote_id == actor.id() { Ok(frame) } else { Err(Reply::OtherConnection) }
}

async fn ping(State(fed): State<Federation>, headers: HeaderMap, content: Body) -> Response {
    reply::answer(&fed, async {
        let actor = authenticate(&fed, &headers).await?;
        let bytes = body(content, SMALL_FRAME).await?;
        let frame = frame(&actor, &bytes)?;
        let ping = Ping::decode(&frame.msg.payload).map_err(|_| Reply::BadPayload)?;
        if let Some(peer) = &ping.rialto {
            moving::announced(&fed, actor.remote(), &peer.site_url);
            positions::noted(&fed.app, &actor.id(), &claim(peer, Way::Called)).await?;
        }
        // A Mattermost neither sends nor reads the member.
        let advert = match ping.rialto {
            Some(_) => Some(fed.advert_to(&actor.id()).await),
            None => None,
        };
        Ok(ping.answer(fed.app.clock.now().0, advert).to_json())
    })
    .await
}

async fn msg(State(fed): State<Federation>, headers: HeaderMap, content: Body) -> Response {
    reply::answer(&fed, async {
        let actor = authenticate(&fed, &headers).await?;
        let mut envelope = noted(&fed, &actor, "msg", async {
            pace::admit(&fed, &actor).await?;
            let bytes = pace::read(&fed, &actor, &headers, content, MAX_FRAME).await?;
            let frame = frame(&actor, &bytes)?;
            // On the heap: what a frame may lead to is deep, and a thread's stack is not.
            Box::pin(dispatch(&fed, &actor, &frame)).await
        })
        .await?;
        // Extensions only for those who listed one (ruling 8).
        if actor.remote().caps.is_empty() {
            envelope.rialto = None;
        }
        Ok(envelope.to_json())
    })
    .await
}

/// What a peer says of itself and of our log.
pub(crate) fn claim(peer: &Advert, way: Way) -> Claim {
    let in_bounds = |applied: &&extension::Applied| {
        applied.seq >= 0 && applied.low.is_none_or(|low| (0..=applied.seq).contains(&low))
    };
    let applied = peer.applied.as_ref().filter(in_bounds);
    Claim {
        epoch: peer.epoch.chars().filter(char::is_ascii_alphanumeric).take(64).collect(),
        our_epoch: peer.applied.as_ref().map(|applied| applied.epoch.clone()).unwrap_or_default(),
        applied: applied.map(|said| Applied { seq: said.seq, low: said.low.unwrap_or(said.seq) }),
        way,
    }
}

/// Nothing is taken over a connection that is held: whoever speaks may be somebody else's copy (E-027).
async fn not_held(fed: &Federation, actor: &RemoteActor) -> Result<(), Reply> {
    if positions::is_held(&fed.app, actor).await? { Err(Reply::Later) } else { Ok(()) }
}

async fn dispatch(fed: &Federation, actor: &RemoteActor, frame: &Frame) -> Result<Envelope, Reply> {
    let payload = &frame.msg.payload;
    let shared = frame.msg.topic.starts_with("sharedchannel_")
        || matches!(frame.msg.topic.as_str(), topic::RIALTO_SHARE | topic::RIALTO_FETCH);
    if shared {
        not_held(fed, actor).await?;
    }
    if shared && !fed.app.settings.get().sharing_enabled() {
        return Err(Reply::Later);
    }
    if shared && connections::awaits_rehoming(&fed.app, actor.remote()).await? {
        return Err(Reply::Later);
    }
    match frame.msg.topic.as_str() {
        topic::CHANNEL_INVITE => Box::pin(invite::invited(fed, actor, payload, frame.msg.create_at)).await,
        topic::SYNC | topic::MEMBERSHIP | topic::GLOBAL_USERS => Box::pin(sync::sync(fed, actor, payload)).await,
        topic::UPLOAD => upload::announce(fed, actor, payload).await,
        topic::RIALTO_CONNECTION => notes::connection(fed, actor, payload).await,
        topic::RIALTO_SHARE => notes::share(fed, actor, payload).await,
        topic::RIALTO_TYPING => notes::typing(fed, actor, payload).await,
        topic::RIALTO_PROBE => notes::probe(fed, actor).await,
        topic::RIALTO_FETCH => fetch::fetch(fed, actor, payload).await,
        // A topic nobody listens to is answered as Mattermost answers it (wire 3.7).
        _ => Ok(Envelope::ok_null()),
    }
}
