//! Sign-ins. Source: client-api 2.1.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.1")]

use std::collections::BTreeMap;

use rialto_model::{SessionId, UserId};
use serde::{Deserialize, Serialize};

use super::teams::TeamMember;
use crate::lenient::or_default;

/// A sign-in, as its owner and administrators see it: never with its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    /// Always empty.
    pub token: String,
    pub create_at: i64,
    pub expires_at: i64,
    pub last_activity_at: i64,
    pub user_id: UserId,
    pub device_id: String,
    pub roles: String,
    pub is_oauth: bool,
    pub expired_notify: bool,
    pub props: BTreeMap<String, String>,
    pub team_members: Option<Vec<TeamMember>>,
    pub local: bool,
}

impl Session {
    /// A sign-in of somebody who holds `roles`.
    pub fn new(session: &rialto_model::Session, roles: &str) -> Session {
        Session {
            id: session.id,
            token: String::new(),
            create_at: session.create_at.0,
            expires_at: session.expires_at.0,
            last_activity_at: session.last_activity_at.0,
            user_id: session.user_id,
            device_id: session.device_id.clone(),
            roles: roles.to_owned(),
            is_oauth: false,
            expired_notify: false,
            // The CSRF word stays out: whoever lists sessions must not be able to act in another one.
            props: BTreeMap::new(),
            team_members: None,
            local: false,
        }
    }
}

/// `POST /users/U/sessions/revoke`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SessionRevoke {
    #[serde(deserialize_with = "or_default")]
    pub session_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rialto_model::Millis;

    #[test]
    fn no_secret_is_listed() {
        let session = rialto_model::Session {
            id: SessionId::from_random([1; 16]),
            user_id: UserId::from_random([2; 16]),
            create_at: Millis(1),
            expires_at: Millis(2),
            csrf: "canary".into(),
            device_id: "d".into(),
            last_activity_at: Millis(3),
        };
        let text = crate::lenient::to_text(&Session::new(&session, "system_user"));
        assert!(!text.contains("canary") && text.contains(r#""token":"""#), "{text}");
    }
}
