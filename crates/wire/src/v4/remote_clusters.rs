//! Secure connections as administrators and members see them. Source: client-api 2.4 and 6, rulings 22 and 76.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.4")]

use rialto_model::{Millis, RemoteId};
use serde::{Deserialize, Serialize};

use crate::lenient::{is_zero, or_default};

/// A connection, for administrators. Tokens are blank in every answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteCluster {
    pub remote_id: RemoteId,
    pub remote_team_id: String,
    /// As typed; `handle` is what names must be unique by.
    pub name: String,
    pub display_name: String,
    /// `pending_` and an id until the invitation is accepted.
    pub site_url: String,
    pub default_team_id: String,
    pub create_at: i64,
    pub delete_at: i64,
    pub last_ping_at: i64,
    pub last_global_user_sync_at: i64,
    pub token: String,
    pub remote_token: String,
    pub topics: String,
    pub creator_id: String,
    pub plugin_id: String,
    pub options: i64,
    /// Rialto only, like all that follow: the suffix of remote usernames.
    #[serde(default)]
    pub handle: String,
    /// Free text of the administrator.
    #[serde(default)]
    pub description: String,
    /// Ended by the other side.
    #[serde(default)]
    pub severed: bool,
    /// The peer could not rotate its token (ruling 8).
    #[serde(default)]
    pub unrotated: bool,
    /// `unknown`, `mattermost5`, `mattermost11` or `rialto`.
    #[serde(default)]
    pub profile: String,
    /// The last failure in plain words, or empty.
    #[serde(default)]
    pub last_error: String,
    /// When the invitation was accepted; 0: not yet.
    #[serde(default)]
    pub confirmed_at: i64,
    /// When the newest code runs out; told with a single pending connection, else 0.
    #[serde(default)]
    pub invite_expires_at: i64,
}

impl From<&rialto_model::RemoteCluster> for RemoteCluster {
    fn from(remote: &rialto_model::RemoteCluster) -> Self {
        // Clients tell pending connections by this prefix alone.
        let accepted = remote.site_url.clone().filter(|_| remote.confirmed_at.is_some());
        RemoteCluster {
            remote_id: remote.id,
            remote_team_id: remote.remote_team_id.clone(),
            name: remote.name.clone(),
            display_name: shown_name(remote),
            site_url: accepted.unwrap_or_else(|| format!("pending_{}", remote.id)),
            default_team_id: remote.default_team_id.map_or_else(String::new, |id| id.to_string()),
            create_at: remote.create_at.0,
            delete_at: Millis::or_zero(remote.delete_at),
            last_ping_at: Millis::or_zero(remote.last_ping_at),
            last_global_user_sync_at: 0,
            token: String::new(),
            remote_token: String::new(),
            topics: String::new(),
            creator_id: remote.creator_id.to_string(),
            plugin_id: String::new(),
            options: 0,
            handle: remote.handle.clone(),
            description: remote.description.clone(),
            severed: remote.severed,
            unrotated: remote.unrotated,
            profile: remote.profile.as_str().to_owned(),
            last_error: remote.last_error.clone(),
            confirmed_at: Millis::or_zero(remote.confirmed_at),
            invite_expires_at: 0,
        }
    }
}

fn shown_name(remote: &rialto_model::RemoteCluster) -> String {
    if remote.display_name.is_empty() { remote.name.clone() } else { remote.display_name.clone() }
}

/// `POST /remotecluster`: the connection and its code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteClusterWithInvite {
    pub remote_cluster: RemoteCluster,
    pub invite: String,
    /// Only if the server made it up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub password: String,
}

/// A connection, for members of channels shared with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    pub name: String,
    pub display_name: String,
    pub create_at: i64,
    pub delete_at: i64,
    pub last_ping_at: i64,
    /// Among the organisations of a channel, how it takes part: `participation` or `read_only`, and `home` for the channel's.
    /// This and what follows are Rialto's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mode: String,
    /// Among the organisations of a channel, since when it is shared with it, ms.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shared_at: i64,
    /// Who of ours has shared it with them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shared_by: String,
}

impl ConnectionInfo {
    /// The same among the organisations of a channel: how the channel is shared with it (behaviour 8.11).
    pub fn sharing(self, share: &rialto_model::Share) -> Self {
        let mode = match (share.home, share.mode) {
            (false, _) => "home",
            (true, rialto_model::ShareMode::ReadOnly) => "read_only",
            (true, rialto_model::ShareMode::Participation) => "participation",
        };
        // Of a copy nobody here knows who shared it at its home.
        let shared_by = if share.home { share.creator_id.to_string() } else { String::new() };
        Self { mode: mode.to_owned(), shared_at: share.create_at.0, shared_by, ..self }
    }
}

impl From<&rialto_model::RemoteCluster> for ConnectionInfo {
    fn from(remote: &rialto_model::RemoteCluster) -> Self {
        ConnectionInfo {
            name: remote.name.clone(),
            display_name: shown_name(remote),
            create_at: remote.create_at.0,
            delete_at: Millis::or_zero(remote.delete_at),
            last_ping_at: Millis::or_zero(remote.last_ping_at),
            mode: String::new(),
            shared_at: 0,
            shared_by: String::new(),
        }
    }
}

/// `POST /remotecluster`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewRemoteCluster {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub default_team_id: String,
    /// Empty: the server makes one up.
    #[serde(deserialize_with = "or_default")]
    pub password: String,
    #[serde(deserialize_with = "or_default")]
    pub description: String,
}

/// `POST /remotecluster/accept_invite`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct AcceptInvite {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub default_team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub invite: String,
    #[serde(deserialize_with = "or_default")]
    pub password: String,
    #[serde(deserialize_with = "or_default")]
    pub description: String,
}

/// `POST /remotecluster/R/generate_invite`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct GenerateInvite {
    #[serde(deserialize_with = "or_default")]
    pub password: String,
    /// Rialto only (ruling 12).
    #[serde(deserialize_with = "or_default")]
    pub invalidate_earlier: bool,
}

/// `PATCH /remotecluster/R`: what is None stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RemoteClusterPatch {
    pub display_name: Option<String>,
    pub default_team_id: Option<String>,
    /// Rialto only: another address of the peer, which is asked who answers there first (E-015).
    pub site_url: Option<String>,
    /// Rialto only.
    pub description: Option<String>,
    /// Rialto only: what was on show when the change was made. If it is not so any more, the change is refused with 409
    /// and the newer values (E-158).
    #[serde(deserialize_with = "or_default")]
    pub was: RemoteClusterSeen,
}

/// What somebody saw of a connection; what is None was not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RemoteClusterSeen {
    pub display_name: Option<String>,
    pub default_team_id: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rialto_model::{PeerProfile, UserId};

    pub(crate) fn sample() -> rialto_model::RemoteCluster {
        rialto_model::RemoteCluster {
            id: RemoteId::from_random([1; 16]),
            name: "Acme US".into(),
            handle: "acme-us".into(),
            display_name: String::new(),
            description: "d".into(),
            site_url: Some("https://acme.example".into()),
            default_team_id: None,
            remote_team_id: String::new(),
            creator_id: UserId::from_random([2; 16]),
            create_at: Millis(1),
            confirmed_at: Some(Millis(2)),
            delete_at: None,
            deleted_by: None,
            severed: false,
            last_ping_at: Some(Millis(3)),
            profile: PeerProfile::Rialto,
            caps: "items".into(),
            unrotated: false,
            interrupted_at: None,
            failing_since: None,
            last_error: String::new(),
        }
    }

    /// SC-092, SC-105.
    #[test]
    fn pending_connections_have_a_pending_address() {
        let shown = RemoteCluster::from(&sample());
        assert_eq!((shown.site_url.as_str(), shown.display_name.as_str()), ("https://acme.example", "Acme US"));
        let pending = rialto_model::RemoteCluster { confirmed_at: None, ..sample() };
        assert_eq!(RemoteCluster::from(&pending).site_url, format!("pending_{}", pending.id));
        assert_eq!((shown.token.as_str(), shown.remote_token.as_str()), ("", ""));
    }

    #[test]
    fn members_do_not_see_addresses() {
        let text = crate::lenient::to_text(&ConnectionInfo::from(&sample()));
        assert_eq!(text, r#"{"name":"Acme US","display_name":"Acme US","create_at":1,"delete_at":0,"last_ping_at":3}"#);
    }

    #[test]
    fn a_password_is_shown_only_if_made_up() {
        let with = |password: &str| {
            crate::lenient::to_text(&RemoteClusterWithInvite {
                remote_cluster: RemoteCluster::from(&sample()),
                invite: "code".into(),
                password: password.into(),
            })
        };
        assert!(with("p").contains(r#""password":"p""#) && !with("").contains("password"));
    }
}
