//! Teams and who belongs to them.

use crate::{Millis, TeamId, UserId};

/// Who may enter a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamKind {
    /// `O`: anyone.
    Open,
    /// `I`: by invitation.
    Invite,
}

impl TeamKind {
    /// The letter API v4 uses.
    pub fn letter(self) -> &'static str {
        match self {
            TeamKind::Open => "O",
            TeamKind::Invite => "I",
        }
    }

    /// The reverse of [`TeamKind::letter`].
    pub fn from_letter(letter: &str) -> Option<TeamKind> {
        match letter {
            "O" => Some(TeamKind::Open),
            "I" => Some(TeamKind::Invite),
            _ => None,
        }
    }
}

/// A team: a set of people and the channels among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Local to this server.
    pub id: TeamId,
    /// When it was made.
    pub create_at: Millis,
    /// Version.
    pub update_at: Millis,
    /// Set while archived.
    pub delete_at: Option<Millis>,
    /// Unique, part of links.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Free text.
    pub description: String,
    /// Contact.
    pub email: String,
    /// Who may enter.
    pub kind: TeamKind,
    /// Whether strangers find it in lists.
    pub allow_open_invite: bool,
    /// Secret part of the invitation link.
    pub invite_id: String,
}

/// That a person belongs to a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMember {
    /// The team.
    pub team_id: TeamId,
    /// The person.
    pub user_id: UserId,
    /// Since when.
    pub create_at: Millis,
    /// Set once the person has left.
    pub delete_at: Option<Millis>,
    /// Holds the team's administrator role.
    pub scheme_admin: bool,
    /// Holds the team's member role.
    pub scheme_user: bool,
    /// Holds the team's guest role.
    pub scheme_guest: bool,
}

impl TeamMember {
    /// The roles the flags stand for.
    pub fn roles(&self) -> impl Iterator<Item = &'static str> {
        [(self.scheme_guest, "team_guest"), (self.scheme_user, "team_user"), (self.scheme_admin, "team_admin")]
            .into_iter()
            .filter_map(|(held, name)| held.then_some(name))
    }
}
