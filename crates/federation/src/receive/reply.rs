//! What peers are answered: a small fixed set, so that errors tell nothing (INV-9, ruling 17, ruling 28).

use std::borrow::Cow;
use std::future::Future;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use rialto_app::StoreError;
use rialto_model::RequestId;
use rialto_wire::federation::extension::{PROTOCOL, STORAGE_FULL};
use rialto_wire::federation::frame::FrameError;
use rialto_wire::v4::errors::AppError;

use crate::Federation;

/// A refusal of a whole request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// The service is off.
    Off,
    /// No credential, or none that opens anything.
    Unauthorized,
    /// Body and header speak of different connections.
    OtherConnection,
    /// The body is no frame.
    BadFrame,
    /// `msg.topic` is empty.
    BadTopic,
    /// An id in the frame is none.
    BadId,
    /// The payload is missing or of no use.
    BadPayload,
    /// More bytes than taken.
    TooLarge,
    /// The line broke before the body ended: nobody reads the answer.
    Broken,
    /// The code ran out.
    CodeExpired,
    /// The code was accepted before.
    CodeUsed,
    /// The peer cannot do what our settings demand.
    PeerTooOld,
    /// No protocol number in common; the lowest and the highest the peer speaks.
    Protocol(i64, i64),
    /// The address in the confirmation cannot be ours to call.
    Address,
    /// The tokens in the confirmation are of no use.
    Token,
    /// No files here.
    FilesOff,
    /// No upload of this id.
    NoUpload,
    /// An upload of another connection, or into a channel that is not shared.
    OtherUpload,
    /// Somebody is writing it.
    UploadBusy,
    /// More bytes than are missing.
    UploadLength,
    /// The first of several parts is too short.
    FirstPart,
    /// Not a person the peer speaks for.
    NoPerson,
    /// No picture in the request, or none that can be shown.
    BadPicture,
    /// Not now: try again.
    Later,
    /// No room left for what is to be stored: try again (E-045).
    Full,
    /// More than a connection may: slow down.
    TooMany,
}

impl From<StoreError> for Reply {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a peer's request failed in storage and will be repeated");
        match error {
            StoreError::Full(_) => Reply::Full,
            _ => Reply::Later,
        }
    }
}

impl From<&std::io::Error> for Reply {
    fn from(error: &std::io::Error) -> Self {
        StoreError::from(std::io::Error::from(error.kind())).into()
    }
}

impl From<FrameError> for Reply {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Shape => Reply::BadFrame,
            FrameError::RemoteId | FrameError::MessageId => Reply::BadId,
            FrameError::Topic => Reply::BadTopic,
            FrameError::Payload => Reply::BadPayload,
        }
    }
}

impl Reply {
    /// The audit log's word for a request that a known peer should not have sent; None for what is nobody's fault or may
    /// work later.
    pub(super) fn blame(self) -> Option<&'static str> {
        match self {
            Reply::OtherConnection | Reply::OtherUpload | Reply::NoPerson => Some("not_owner"),
            Reply::BadFrame
            | Reply::BadTopic
            | Reply::BadId
            | Reply::BadPayload
            | Reply::NoUpload
            | Reply::UploadLength
            | Reply::BadPicture
            | Reply::FirstPart => Some("invalid"),
            Reply::TooLarge => Some("too_large"),
            Reply::Off
            | Reply::Unauthorized
            | Reply::CodeExpired
            | Reply::CodeUsed
            | Reply::PeerTooOld
            | Reply::Protocol(..)
            | Reply::Address
            | Reply::Token
            | Reply::FilesOff
            | Reply::UploadBusy
            | Reply::Broken
            | Reply::TooMany
            | Reply::Later
            | Reply::Full => None,
        }
    }

    fn parts(self) -> (StatusCode, &'static str, Cow<'static, str>) {
        if let Reply::Protocol(least, most) = self {
            let message = format!(
                "The two servers have no protocol version in common: this one speaks {PROTOCOL}, the other one {least} \
                 to {most}."
            );
            return (StatusCode::BAD_REQUEST, "rialto.protocol.error", message.into());
        }
        let (status, id, message) = self.fixed();
        (status, id, message.into())
    }

    fn fixed(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Reply::Off => (
                StatusCode::NOT_IMPLEMENTED,
                "api.remote_cluster.service_not_enabled.app_error",
                "Secure connections are not enabled on this server.",
            ),
            Reply::Unauthorized => {
                (StatusCode::UNAUTHORIZED, "api.context.invalid_token.error", "The credential is not valid.")
            }
            Reply::OtherConnection => (
                StatusCode::BAD_REQUEST,
                "api.context.remote_id_invalid.app_error",
                "The request speaks of another connection than its credential.",
            ),
            Reply::BadFrame | Reply::Broken => {
                (StatusCode::BAD_REQUEST, "api.unmarshal_error", "The body is not a message.")
            }
            Reply::BadTopic => {
                (StatusCode::BAD_REQUEST, "api.remote_cluster.invalid_topic.app_error", "The message has no topic.")
            }
            Reply::BadId => (
                StatusCode::BAD_REQUEST,
                "api.remote_cluster.invalid_id.app_error",
                "An id in the message is not valid.",
            ),
            Reply::BadPayload => (
                StatusCode::BAD_REQUEST,
                "api.context.invalid_body_param.app_error",
                "The payload is missing or malformed.",
            ),
            Reply::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "api.context.request_body_too_large.app_error",
                "The message is too large.",
            ),
            Reply::CodeExpired => {
                (StatusCode::BAD_REQUEST, "api.context.invitation_expired.error", "The invitation has expired.")
            }
            Reply::CodeUsed => {
                (StatusCode::BAD_REQUEST, "api.context.invitation_used.error", "The invitation was already accepted.")
            }
            Reply::PeerTooOld => (
                StatusCode::BAD_REQUEST,
                "rialto.legacy_peer.error",
                "This server only connects to servers that can change the token of the invitation.",
            ),
            Reply::Protocol(..) => (
                StatusCode::BAD_REQUEST,
                "rialto.protocol.error",
                "The two servers have no protocol version in common.",
            ),
            Reply::Address => (
                StatusCode::BAD_REQUEST,
                "api.context.invalid_body_param.app_error",
                "The site URL cannot be that of another server.",
            ),
            Reply::Token => {
                (StatusCode::BAD_REQUEST, "api.context.invalid_body_param.app_error", "The tokens cannot be used.")
            }
            Reply::FilesOff => (
                StatusCode::NOT_IMPLEMENTED,
                "api.file.attachments.disabled.app_error",
                "File attachments are disabled on this server.",
            ),
            Reply::NoUpload => (StatusCode::NOT_FOUND, "app.upload.get.app_error", "There is no such upload."),
            Reply::OtherUpload => (
                StatusCode::UNAUTHORIZED,
                "api.context.remote_id_mismatch.app_error",
                "The upload does not belong to this connection.",
            ),
            Reply::UploadBusy => (
                StatusCode::BAD_REQUEST,
                "app.upload.upload_data.concurrent.app_error",
                "Another upload to this session is under way.",
            ),
            Reply::UploadLength => (
                StatusCode::BAD_REQUEST,
                "api.upload.upload_data.invalid_content_length",
                "The body is longer than what is missing of the file.",
            ),
            Reply::FirstPart => (
                StatusCode::BAD_REQUEST,
                "app.upload.upload_data.first_part_too_small.app_error",
                "The first part of a file must have 5 MiB.",
            ),
            Reply::NoPerson => (
                StatusCode::BAD_REQUEST,
                "api.context.invalid_url_param.app_error",
                "There is no such person of this connection.",
            ),
            Reply::BadPicture => (
                StatusCode::BAD_REQUEST,
                "api.user.upload_profile_user.no_file.app_error",
                "The request holds no picture that can be shown.",
            ),
            Reply::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "api.context.rate_limited.app_error",
                "More than this server takes over one connection; slow down.",
            ),
            Reply::Full => {
                (StatusCode::SERVICE_UNAVAILABLE, STORAGE_FULL, "This server has no room left; try again later.")
            }
            Reply::Later => (
                StatusCode::SERVICE_UNAVAILABLE,
                "api.context.server_busy.app_error",
                "Not possible now; try again later.",
            ),
        }
    }
}

/// Turns the outcome of a request into an answer with the headers every answer has.
pub(super) async fn answer(fed: &Federation, work: impl Future<Output = Result<String, Reply>>) -> Response {
    let request_id = fed.app.ids.id(RequestId::from_random);
    let (status, body) = match work.await {
        Ok(json) => (StatusCode::OK, json),
        Err(reply) => {
            if reply == Reply::Full {
                fed.app.bus.ran_full(fed.app.clock.now());
            }
            let (status, id, message) = reply.parts();
            let error = AppError::new(id, message, status.as_u16(), request_id);
            // An error object is all text and numbers; it always serialises.
            (status, serde_json::to_string(&error).unwrap_or_default())
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("Content-Type", HeaderValue::from_static("application/json"));
    if let Ok(value) = HeaderValue::from_str(request_id.as_str()) {
        headers.insert("X-Request-Id", value);
    }
    match status {
        StatusCode::SERVICE_UNAVAILABLE => headers.insert("Retry-After", HeaderValue::from_static("5")),
        StatusCode::TOO_MANY_REQUESTS => headers.insert("Retry-After", HeaderValue::from_static("10")),
        _ => None,
    };
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SC-031, ruling 8.1: who speaks another protocol is told both versions.
    #[test]
    fn a_refusal_of_a_protocol_names_both() {
        let (status, id, message) = Reply::Protocol(8, 9).parts();
        assert_eq!((status.as_u16(), id), (400, "rialto.protocol.error"));
        assert!(message.contains("speaks 1,") && message.contains("8 to 9"), "{message}");
    }
}
