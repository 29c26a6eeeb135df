//! Teams and their members. Source: client-api 2.2 and 5.3.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.2")]

use rialto_model::{Millis, TeamId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub display_name: String,
    pub name: String,
    pub description: String,
    pub email: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub company_name: String,
    pub allowed_domains: String,
    pub invite_id: String,
    pub allow_open_invite: bool,
    pub scheme_id: Option<String>,
    pub group_constrained: Option<bool>,
    pub policy_id: Option<String>,
    pub cloud_limits_archived: bool,
}

impl From<&rialto_model::Team> for Team {
    /// In full; see [`Team::without_email`] and [`Team::without_invite_id`].
    fn from(team: &rialto_model::Team) -> Self {
        Team {
            id: team.id,
            create_at: team.create_at.0,
            update_at: team.update_at.0,
            delete_at: Millis::or_zero(team.delete_at),
            display_name: team.display_name.clone(),
            name: team.name.clone(),
            description: team.description.clone(),
            email: team.email.clone(),
            kind: team.kind.letter().to_owned(),
            company_name: String::new(),
            allowed_domains: String::new(),
            invite_id: team.invite_id.clone(),
            allow_open_invite: team.allow_open_invite,
            scheme_id: None,
            group_constrained: None,
            policy_id: None,
            cloud_limits_archived: false,
        }
    }
}

impl Team {
    /// For viewers without `manage_team`.
    #[must_use]
    pub fn without_email(mut self) -> Team {
        self.email.clear();
        self
    }

    /// For viewers without `invite_user`.
    #[must_use]
    pub fn without_invite_id(mut self) -> Team {
        self.invite_id.clear();
        self
    }
}

/// `GET /teams?include_total_count=true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamsWithCount {
    pub teams: Vec<Team>,
    pub total_count: i64,
}

/// That a person belongs to a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamMember {
    pub team_id: TeamId,
    pub user_id: UserId,
    pub roles: String,
    pub delete_at: i64,
    pub scheme_guest: bool,
    pub scheme_user: bool,
    pub scheme_admin: bool,
    pub explicit_roles: String,
}

impl From<&rialto_model::TeamMember> for TeamMember {
    fn from(member: &rialto_model::TeamMember) -> Self {
        TeamMember {
            team_id: member.team_id,
            user_id: member.user_id,
            roles: member.roles().collect::<Vec<_>>().join(" "),
            delete_at: Millis::or_zero(member.delete_at),
            scheme_guest: member.scheme_guest,
            scheme_user: member.scheme_user,
            scheme_admin: member.scheme_admin,
            explicit_roles: String::new(),
        }
    }
}

/// `GET /teams/T/stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamStats {
    pub team_id: TeamId,
    pub total_member_count: i64,
    pub active_member_count: i64,
}

/// `GET /teams/name/NAME/exists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamExists {
    pub exists: bool,
}

/// `GET /teams/invite/ID`: what somebody outside may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamInviteInfo {
    pub id: TeamId,
    pub name: String,
    pub display_name: String,
    pub description: String,
}

/// `POST /teams`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewTeam {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub description: String,
    #[serde(deserialize_with = "or_default")]
    pub email: String,
    /// `O` or `I`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub allow_open_invite: bool,
}

/// `PUT /teams/T/patch`: what is None stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TeamPatch {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub allow_open_invite: Option<bool>,
}

/// `PUT /teams/T/privacy`, `PUT /channels/C/privacy`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Privacy {
    /// A type's letter.
    #[serde(deserialize_with = "or_default")]
    pub privacy: String,
}

/// `POST /teams/T/members`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewTeamMember {
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub user_id: String,
}

/// `PUT …/members/U/schemeRoles` of a team or channel.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct SchemeRoles {
    #[serde(deserialize_with = "or_default")]
    pub scheme_admin: bool,
    #[serde(deserialize_with = "or_default")]
    pub scheme_user: bool,
    #[serde(deserialize_with = "or_default")]
    pub scheme_guest: bool,
}

/// `POST /teams/search`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TeamSearch {
    #[serde(deserialize_with = "or_default")]
    pub term: String,
    pub page: Option<i64>,
    pub per_page: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_where_they_may_not_be_seen() {
        let team = rialto_model::Team {
            id: TeamId::from_random([1; 16]),
            create_at: Millis(1),
            update_at: Millis(2),
            delete_at: None,
            name: "team-a".into(),
            display_name: "Team A".into(),
            description: "d".into(),
            email: "canary@x.example".into(),
            kind: rialto_model::TeamKind::Open,
            allow_open_invite: true,
            invite_id: "canary2".into(),
        };
        let full = crate::lenient::to_text(&Team::from(&team));
        assert!(full.contains("canary@x.example") && full.contains("canary2") && full.contains(r#""scheme_id":null"#));
        let less = crate::lenient::to_text(&Team::from(&team).without_email().without_invite_id());
        assert!(!less.contains("canary"), "{less}");
    }
}
