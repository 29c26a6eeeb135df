//! The audit log for those who may read it. Source: SC-106; shape of API v4 `GET /audits`.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use rialto_app::audit::{self, Line};
use rialto_model::{ItemId, UserId};
use rialto_wire::v4::audits::Audit;

use super::channel_lists::require_self;
use crate::extract::{ApiJson, Params, QueryMap, Session, UserParam};
use crate::{Api, ApiResult};

pub fn routes() -> Router<Api> {
    Router::new().route("/audits", get(list)).route("/users/{user_id}/audits", get(own))
}

async fn list(State(api): State<Api>, Session(actor): Session, query: QueryMap) -> ApiResult<Vec<Audit>> {
    let lines = audit::list(&api.app, &actor, None, query.offset(), query.per_page()).await?;
    Ok(ApiJson(lines.into_iter().map(shown).collect()))
}

async fn own(
    State(api): State<Api>,
    Session(actor): Session,
    Params(user): Params<UserParam>,
    query: QueryMap,
) -> ApiResult<Vec<Audit>> {
    require_self(&actor, user)?;
    let lines = audit::list(&api.app, &actor, Some(&actor.user_id), query.offset(), query.per_page()).await?;
    Ok(ApiJson(lines.into_iter().map(shown).collect()))
}

fn shown(line: Line) -> Audit {
    let person = UserId::parse(&line.actor).is_ok();
    let mut facts = Vec::new();
    for (name, value) in [
        ("actor", if person { "" } else { line.actor.as_str() }),
        ("result", &line.result),
        ("remote_id", &line.remote),
        ("channel_id", &line.channel),
        ("detail", &line.detail),
    ] {
        if !value.is_empty() {
            facts.push(format!("{name}={value}"));
        }
    }
    // Lines have numbers; clients want an id that is the same every time.
    let mut seed = *b"audit line\0\0\0\0\0\0";
    seed.iter_mut().rev().zip(line.id.to_le_bytes()).for_each(|(to, from)| *to ^= from);
    Audit {
        id: ItemId::from_random(seed),
        create_at: line.at.0,
        user_id: if person { line.actor } else { String::new() },
        action: line.action,
        extra_info: facts.join(" "),
        ip_address: String::new(),
        session_id: String::new(),
    }
}
