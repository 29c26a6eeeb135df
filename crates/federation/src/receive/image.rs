//! Pictures of a peer's people. Source: wire 3.9.

use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::header;
use axum::response::Response;
use rialto_app::access::RemoteActor;
use rialto_app::users::pictures::{self, Error};
use rialto_model::UserId;

use super::reply::{self, Reply};
use super::{authenticate, noted};
use crate::Federation;

/// Bytes a request may have beside the picture.
const ENVELOPE: i64 = 4 << 10;

/// Takes a person's picture from their own server.
pub(super) async fn image(State(fed): State<Federation>, Path(user): Path<String>, request: Request) -> Response {
    reply::answer(&fed, async {
        let actor = authenticate(&fed, request.headers()).await?;
        noted(&fed, &actor, "image", take(&fed, &actor, &user, request)).await?;
        Ok(r#"{"status":"OK"}"#.to_owned())
    })
    .await
}

async fn take(fed: &Federation, actor: &RemoteActor, user: &str, request: Request) -> Result<(), Reply> {
    let settings = fed.app.settings.get();
    if !settings.sharing_enabled() {
        return Err(Reply::Later);
    }
    if !settings.files.enabled {
        return Err(Reply::FilesOff);
    }
    let user = UserId::parse(user).map_err(|_| Reply::NoPerson)?;
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: i64| length > settings.files.max_bytes + ENVELOPE) {
        return Err(Reply::TooLarge);
    }
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| Reply::BadPicture)?;
    let part = parts.next_field().await.map_err(|_| Reply::BadPicture)?;
    let part = part.filter(|part| part.name() == Some("image")).ok_or(Reply::BadPicture)?;
    Ok(pictures::apply(&fed.app, actor, &user, part).await?)
}

impl From<Error> for Reply {
    fn from(error: Error) -> Self {
        match error {
            Error::NotOwner | Error::User(_) => Reply::NoPerson,
            Error::TooLarge { .. } => Reply::TooLarge,
            Error::NoPicture | Error::BrokenOff => Reply::BadPicture,
            Error::Store(error) => error.into(),
            Error::Disk(error) => (&error).into(),
            Error::Busy => {
                tracing::warn!(%error, "a peer's picture cannot be taken now");
                Reply::Later
            }
        }
    }
}
