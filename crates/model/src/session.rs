//! Sign-ins.

use crate::{Millis, SessionId, UserId};

/// A sign-in. The token itself is never kept, only a keyed hash of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session in lists.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// When it began.
    pub create_at: Millis,
    /// When it ends by itself.
    pub expires_at: Millis,
    /// Must accompany changes that authenticate by cookie (client-api 1.2).
    pub csrf: String,
    /// Device id of a mobile app, or empty.
    pub device_id: String,
    /// Last time it was used, coarse.
    pub last_activity_at: Millis,
}
