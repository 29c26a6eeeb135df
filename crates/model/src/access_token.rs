//! Long-lived credentials that people make for programs.

use crate::{Millis, SessionId, UserId};

/// A personal access token. The token itself is never kept, only a keyed hash of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Names it in lists; what is done with it has this as its sign-in.
    pub id: SessionId,
    /// Who acts with it.
    pub user_id: UserId,
    /// What it is for.
    pub description: String,
    /// It can be used.
    pub is_active: bool,
    /// When it was made.
    pub create_at: Millis,
}
