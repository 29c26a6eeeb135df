//! What left this server, to whom, for auditors (behaviour 8.11). Rialto only; the shape:
//!
//! - `GET /sharedchannels/{channel_id}/ledger`: of one channel, also one that is gone. For those who manage connections, and
//!   for those who manage shared channels and see the channel.
//! - `GET /remotecluster/{remote_id}/ledger`: over one connection, also one that is gone. For those who manage connections.
//!
//! `remote_id`, `channel_id`, `kind`, `since` and `until` (ms; the second is not part of it) narrow it. Without `format` a page
//! of JSON, `per_page` lines behind `after`; with `format=csv` or `format=ndjson` all of it, streamed as a file.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use rialto_app::ledger::{self, Entry, Filter, Of, Place, Reading};
use rialto_app::{App, StoreError};
use rialto_model::{ChannelId, LedgerKind, Millis, RemoteId};
use rialto_wire::v4::ledger::{LedgerEntry, LedgerPage};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::extract::{ApiJson, Params, QueryMap, Session};
use crate::{Api, ApiError};

/// Lines of one page at most, and of one part of an export.
const PAGE: i64 = 1_000;

pub fn routes() -> Router<Api> {
    Router::new()
        .route("/sharedchannels/{channel_id}/ledger", get(of_channel))
        .route("/remotecluster/{remote_id}/ledger", get(of_connection))
}

async fn of_channel(
    state: State<Api>,
    session: Session,
    Params(channel): Params<ChannelId>,
    query: QueryMap,
) -> Result<Response, ApiError> {
    read(state, session, Of::Channel(channel), &query).await
}

async fn of_connection(
    state: State<Api>,
    session: Session,
    Params(remote): Params<RemoteId>,
    query: QueryMap,
) -> Result<Response, ApiError> {
    read(state, session, Of::Connection(remote), &query).await
}

/// How a ledger is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
    Ndjson,
}

impl Form {
    fn of(query: &QueryMap) -> Result<Form, ApiError> {
        match query.text("format") {
            "" | "json" => Ok(Form::Json),
            "csv" => Ok(Form::Csv),
            "ndjson" => Ok(Form::Ndjson),
            _ => Err(ApiError::url_param("format")),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Form::Json => "json",
            Form::Csv => "csv",
            Form::Ndjson => "ndjson",
        }
    }
}

async fn read(State(api): State<Api>, Session(actor): Session, of: Of, query: &QueryMap) -> Result<Response, ApiError> {
    let form = Form::of(query)?;
    let filter = filter(query)?;
    let after = place(query)?;
    let reading = ledger::open(&api.app, &actor, of, filter, form.name()).await?;
    if form == Form::Json {
        let limit = query.number("per_page", 200).clamp(1, PAGE);
        let found = reading.next(&api.app, after, limit).await?;
        let is_full = i64::try_from(found.len()).is_ok_and(|number| number >= limit);
        let next = found.last().filter(|_| is_full).map(|last| shown_place(last.place)).unwrap_or_default();
        return Ok(ApiJson(LedgerPage { entries: found.into_iter().map(shown).collect(), next }).into_response());
    }
    Ok(export(api.app, reading, after, of, form))
}

fn filter(query: &QueryMap) -> Result<Filter, ApiError> {
    let kind = match query.text("kind") {
        "" => None,
        name => Some(LedgerKind::parse(name).ok_or_else(|| ApiError::url_param("kind"))?),
    };
    Ok(Filter {
        remote: query.id("remote_id")?,
        channel: query.id("channel_id")?,
        kind,
        since: moment(query, "since")?,
        until: moment(query, "until")?,
    })
}

fn moment(query: &QueryMap, name: &'static str) -> Result<Option<Millis>, ApiError> {
    match query.text(name) {
        "" => Ok(None),
        text => text.parse().map(|at| Some(Millis(at))).map_err(|_| ApiError::url_param(name)),
    }
}

fn place(query: &QueryMap) -> Result<Option<Place>, ApiError> {
    let text = query.text("after");
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('_').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let (at, id) = parts.ok_or_else(|| ApiError::url_param("after"))?;
    Ok(Some(Place { at: Millis(at), id }))
}

fn shown_place(place: Place) -> String {
    format!("{}_{}", place.at.0, place.id)
}

fn shown(entry: Entry) -> LedgerEntry {
    LedgerEntry {
        id: shown_place(entry.place),
        at: entry.place.at.0,
        organisation: entry.organisation,
        site_url: entry.site_url,
        remote_id: entry.remote_id,
        channel_id: entry.channel_id,
        kind: entry.kind,
        past: entry.past,
        item_id: entry.item_id,
        user_id: entry.user_id,
        username: entry.username,
        name: entry.name,
        size: entry.size,
        sha256: entry.sha256,
        state: entry.state,
    }
}

/// All of it as a file, part by part: however long it is, one part is in memory.
fn export(app: App, reading: Reading, after: Option<Place>, of: Of, form: Form) -> Response {
    let begin = (form == Form::Csv).then(|| HEAD.to_owned());
    let parts = stream::try_unfold((Some(after), begin), move |(after, begin)| {
        let (app, reading) = (app.clone(), reading.clone());
        async move {
            let Some(after) = after else { return Ok::<_, StoreError>(None) };
            let found = reading.next(&app, after, PAGE).await?;
            let last = found.last().map(|last| Some(last.place));
            let mut text = begin.unwrap_or_default();
            for entry in found {
                match form {
                    Form::Csv => text.push_str(&row(&shown(entry))),
                    _ => text.push_str(&serde_json::to_string(&shown(entry)).unwrap_or_default()),
                }
                text.push('\n');
            }
            Ok(Some((text, (last, None))))
        }
    });
    let (id, media) = match of {
        Of::Channel(channel) => (channel.to_string(), form),
        Of::Connection(remote) => (remote.to_string(), form),
    };
    let media = if media == Form::Csv { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" };
    let mut response = Response::new(Body::from_stream(parts));
    let file = format!("attachment; filename=\"ledger-{id}.{}\"", form.name());
    for (name, value) in [(header::CONTENT_TYPE, media), (header::CONTENT_DISPOSITION, file.as_str())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

const HEAD: &str =
    "at,time,organisation,site_url,remote_id,channel_id,kind,past,item_id,user_id,username,name,size,sha256,state\n";

fn row(entry: &LedgerEntry) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(entry.at) * 1_000_000).ok();
    let fields = [
        entry.at.to_string(),
        time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default(),
        entry.organisation.clone(),
        entry.site_url.clone(),
        entry.remote_id.clone(),
        entry.channel_id.clone(),
        entry.kind.clone(),
        entry.past.clone(),
        entry.item_id.clone(),
        entry.user_id.clone(),
        entry.username.clone(),
        entry.name.clone(),
        entry.size.map(|size| size.to_string()).unwrap_or_default(),
        entry.sha256.clone(),
        entry.state.clone(),
    ];
    fields.map(|field| cell(&field)).join(",")
}

/// A cell that no spreadsheet takes for a formula: names of files are anybody's.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r', '\'']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_what_they_say_and_do_nothing() {
        for (text, expected) in [
            ("plan.pdf", "plan.pdf"),
            ("a, b.txt", "\"a, b.txt\""),
            ("say \"hi\".txt", "\"say \"\"hi\"\".txt\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("-1+2", "\"'-1+2\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
