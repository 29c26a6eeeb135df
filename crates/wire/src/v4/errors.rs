//! The error object. Source: client-api 1.3.

use rialto_model::RequestId;
use serde::{Deserialize, Serialize};

/// What every failed request is answered with. Some clients fail to read it unless `message`, `id` and `request_id`
/// are all there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppError {
    /// Compared by value by clients; one of Mattermost's where they know it.
    pub id: String,
    /// For people.
    pub message: String,
    /// Empty outside developer mode (INV-9).
    pub detailed_error: String,
    /// Also in the header and the log.
    pub request_id: String,
    /// Repeats the HTTP status.
    pub status_code: u16,
}

impl AppError {
    /// An error without detail.
    pub fn new(id: &str, message: impl Into<String>, status_code: u16, request_id: RequestId) -> AppError {
        AppError {
            id: id.to_owned(),
            message: message.into(),
            detailed_error: String::new(),
            request_id: request_id.to_string(),
            status_code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_every_member() {
        let error = AppError::new("api.context.404.app_error", "No.", 404, RequestId::from_random([0; 16]));
        assert_eq!(
            crate::lenient::to_text(&error),
            r#"{"id":"api.context.404.app_error","message":"No.","detailed_error":"","request_id":"yyyyyyyyybyybyyyyyyyyyyyyy","status_code":404}"#
        );
    }
}
