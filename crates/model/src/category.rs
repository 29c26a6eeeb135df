//! Categories of the sidebar, in which each person sorts their channels of one team.

use serde::{Deserialize, Serialize};

use crate::{TeamId, UserId};

/// Where a category comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoryKind {
    /// What the person marked as such.
    Favorites,
    /// Channels that stand nowhere else.
    Channels,
    /// Direct and group channels that stand nowhere else.
    DirectMessages,
    /// Made by the person.
    Custom,
}

impl CategoryKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            CategoryKind::Favorites => "favorites",
            CategoryKind::Channels => "channels",
            CategoryKind::DirectMessages => "direct_messages",
            CategoryKind::Custom => "custom",
        }
    }

    /// Reads the word; any other is a category of the person's own.
    pub fn from_word(word: &str) -> Self {
        let known = [Self::Favorites, Self::Channels, Self::DirectMessages];
        known.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Custom)
    }
}

/// A group of channels in somebody's sidebar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// An id; of the three everybody has a composite one, `channels_U_T` for example (client-api 1.5).
    pub id: String,
    /// Whose.
    pub user_id: UserId,
    /// In which team.
    pub team_id: TeamId,
    /// Place among the person's categories of the team, lowest first.
    pub sort_order: i64,
    /// `""`, `manual`, `recent` or `alpha`: how clients sort it.
    pub sorting: String,
    /// Where it comes from.
    pub kind: CategoryKind,
    /// Shown name.
    pub display_name: String,
    /// Shown as muted.
    pub muted: bool,
    /// Folded.
    pub collapsed: bool,
}

impl Category {
    /// The three categories everybody has, at 0, 10 and 20.
    pub fn defaults(user_id: UserId, team_id: TeamId) -> [Category; 3] {
        [
            (CategoryKind::Favorites, 0, "Favorites"),
            (CategoryKind::Channels, 10, "Channels"),
            (CategoryKind::DirectMessages, 20, "Direct Messages"),
        ]
        .map(|(kind, sort_order, display_name)| Category {
            id: format!("{}_{user_id}_{team_id}", kind.as_str()),
            user_id,
            team_id,
            sort_order,
            sorting: if kind == CategoryKind::DirectMessages { "recent" } else { "" }.to_owned(),
            kind,
            display_name: display_name.to_owned(),
            muted: false,
            collapsed: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_order_and_named_after_their_owner() {
        let (user, team) = (UserId::from_random([1; 16]), TeamId::from_random([2; 16]));
        let ids = Category::defaults(user, team).map(|category| category.id);
        assert_eq!(ids, ["favorites", "channels", "direct_messages"].map(|word| format!("{word}_{user}_{team}")));
        assert_eq!(CategoryKind::from_word("channels"), CategoryKind::Channels);
        assert_eq!(CategoryKind::from_word("anything"), CategoryKind::Custom);
    }
}
