//! What another Rialto says of the connection or of a share, beyond Mattermost's protocol. Source: rulings 8.5 and 8.6.

use rialto_app::access::RemoteActor;
use rialto_app::connections;
use rialto_app::emoji::peers;
use rialto_app::shares::{self, Organisation, PeerNote, PeerState};
use rialto_model::Millis;
use rialto_wire::federation::extension::{
    ConnectionNote, NotedState, ProbeResult, ShareCheckResult, ShareResult, ShareTopic, TypingNote,
};
use rialto_wire::federation::frame::Envelope;
use serde_json::value::RawValue;

use super::reply::Reply;
use crate::Federation;
use crate::probe::{self, Asked};
use crate::typing;

/// A note about the connection itself.
pub(super) async fn connection(fed: &Federation, actor: &RemoteActor, payload: &RawValue) -> Result<Envelope, Reply> {
    let note = ConnectionNote::decode(payload).map_err(|_| Reply::BadPayload)?;
    match &note {
        ConnectionNote::Removed { .. } => {
            connections::sever(&fed.app, actor).await.map_err(|error| {
                tracing::error!(%error, "a removal by the peer could not be applied");
                Reply::Later
            })?;
        }
        // Our own pings will fail soon enough and start the clock; the word is only acknowledged.
        ConnectionNote::Stopping { .. } => {}
        ConnectionNote::Rotate { token, at } => {
            connections::take_token(&fed.app, actor, token, *at).await.map_err(|error| match error {
                connections::Error::Token => Reply::Token,
                error => {
                    tracing::error!(%error, "a token the peer offers could not be stored");
                    Reply::Later
                }
            })?;
        }
        ConnectionNote::EmojiRemoved { name } => {
            peers::removed(&fed.app, actor, name).await.map_err(|error| {
                tracing::warn!(%error, "a peer's emoji could not be taken away");
                Reply::Later
            })?;
        }
        ConnectionNote::Unknown => return Ok(Envelope::ok_null()),
    }
    Ok(Envelope::ok(&note.result()))
}

/// Somebody of the peer's types. The answer is the same whatever comes of it (ruling 8.9).
pub(super) async fn typing(fed: &Federation, actor: &RemoteActor, payload: &RawValue) -> Result<Envelope, Reply> {
    let note = TypingNote::decode(payload).map_err(|_| Reply::BadPayload)?;
    typing::heard(fed, actor, note).await?;
    Ok(Envelope::ok_null())
}

/// The peer wants to know whether we can reach it. Only the address we have stored for it is called (ruling 8.11).
pub(super) async fn probe(fed: &Federation, actor: &RemoteActor) -> Result<Envelope, Reply> {
    probe::take_turn(fed, actor.id(), Asked::There).map_err(|_| Reply::TooMany)?;
    let work = probe::steps(fed, actor.remote(), false);
    let steps = tokio::time::timeout(probe::PROBE_TIMEOUT, work).await.map_err(|_| Reply::Later)?;
    Ok(Envelope::ok(&ProbeResult { steps }))
}

/// A note about one share, or the question whether one would be taken.
pub(super) async fn share(fed: &Federation, actor: &RemoteActor, payload: &RawValue) -> Result<Envelope, Reply> {
    match ShareTopic::decode(payload).map_err(|_| Reply::BadPayload)? {
        ShareTopic::Note(note) => {
            let state = match note.state {
                NotedState::Active => PeerState::Active,
                NotedState::Paused => PeerState::Paused,
                NotedState::Ended => PeerState::Ended,
            };
            let organisations = note.organisations.into_iter().map(|one| Organisation {
                name: one.name,
                mode: one.mode,
                since: Millis(one.since.max(0)),
            });
            let told = PeerNote {
                channel: note.channel_id,
                version: note.version,
                state,
                read_only: note.read_only,
                organisations: organisations.collect(),
            };
            shares::noted(&fed.app, &actor.id(), told).await?;
            Ok(Envelope::ok(&ShareResult { version: note.version }))
        }
        ShareTopic::Check(invitation) => {
            let name = shares::would_accept(&fed.app, actor, &invitation.channel_id, &invitation.name).await?;
            let code = name.as_ref().err().copied().unwrap_or_default().to_owned();
            let result = ShareCheckResult { ok: name.is_ok(), name: name.unwrap_or_default(), code };
            Ok(Envelope::ok(&result))
        }
    }
}
