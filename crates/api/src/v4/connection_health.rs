//! How connections fare, for administrators. Rialto only; the shape:
//!
//! - `GET /remotecluster/{remote_id}/health`: [`Health`], for everybody who may look at connections;
//! - `POST /remotecluster/{remote_id}/test`: takes the way to the peer step by step, and has the peer take the way back;
//!   [`Report`]. Needs `manage_secure_connections`; 429 within ten seconds of the last one (ruling 8.11).

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use rialto_app::connections::health;
use rialto_federation::probe::{self, WayBack};
use rialto_model::{Millis, RemoteId};
use rialto_wire::v4::connection_health::{
    ChannelBacklog, Failure, Health, Incoming, Outgoing, Recovery, Report, Today,
};

use super::remote_clusters::require_service;
use crate::extract::{ApiJson, Params, Session};
use crate::{Api, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/remotecluster/{remote_id}/health", get(one))
        .route("/remotecluster/{remote_id}/test", post(test))
}

async fn one(State(api): State<Api>, Session(actor): Session, Params(id): Params<RemoteId>) -> ApiResult<Health> {
    require_service(&api)?;
    Ok(ApiJson(shown(health::health(&api.app, &actor, &id).await?)))
}

fn shown(found: health::Health) -> Health {
    let measured = &found.measured;
    let (up, down) = found.availability;
    Health {
        remote_id: found.remote.id,
        state: found.state.word().to_owned(),
        since: found.since.0,
        last_ping_at: Millis::or_zero(found.remote.last_ping_at),
        round_trip_ms: measured.round_trip,
        clock_skew_ms: measured.round_trip.map(|_| measured.clock_skew),
        outgoing: Outgoing { items: found.waiting, bytes: found.waiting_bytes, lag_ms: found.lag },
        incoming: Incoming { lag_ms: measured.peer_lag },
        last_error: measured.failure.as_ref().map(|failure| Failure {
            code: failure.cause.word().to_owned(),
            message: failure.text.clone(),
            remedy: failure.cause.remedy().to_owned(),
            at: failure.at.0,
        }),
        availability_24h: health::part(up, down),
        watched_24h_ms: up + down,
        set_aside: found.set_aside,
        token_renewed_at: Millis::or_zero(found.token.renewed_at),
        token_offered_at: Millis::or_zero(found.token.offered_at),
        today: Today {
            users: found.today.users,
            channels: found.today.channels,
            slowed_at: Millis::or_zero(found.today.slowed_at),
        },
        held_at: found.held.as_ref().map_or(0, |(at, _)| at.0),
        held_why: found.held.map(|(_, why)| why).unwrap_or_default(),
        storage_full_at: Millis::or_zero(found.full_at),
        recoveries: found.recoveries.into_iter().map(recovery).collect(),
        channels: found.channels.into_iter().map(|(channel_id, items)| ChannelBacklog { channel_id, items }).collect(),
    }
}

fn recovery(row: rialto_app::recovery::Recovery) -> Recovery {
    let (channel_id, state) = (row.channel_id, row.state.as_str().to_owned());
    Recovery { channel_id, state, found: row.found, refused: row.refused }
}

async fn test(State(api): State<Api>, Session(actor): Session, Params(id): Params<RemoteId>) -> ApiResult<Report> {
    require_service(&api)?;
    let report = probe::run(&api.federation, &actor, &id).await?;
    let (back, why) = match report.back {
        WayBack::Steps(steps) => (steps, String::new()),
        WayBack::Unsupported => (Vec::new(), "the other server cannot be asked for this".to_owned()),
        WayBack::Unknown { text, .. } => (Vec::new(), text),
    };
    Ok(ApiJson(Report {
        outgoing: report.there.into_iter().map(Into::into).collect(),
        incoming: back.into_iter().map(Into::into).collect(),
        incoming_error: why,
    }))
}
