//! Sidebar categories. Source: client-api 2.2 and 5.4.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.2")]

use rialto_model::{ChannelId, TeamId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::{or_default, well_formed};

/// Where a category comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoryKind {
    Favorites,
    Channels,
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
}

/// A group of channels in somebody's sidebar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Composite for the default ones, see [`default_id`].
    pub id: String,
    pub user_id: UserId,
    pub team_id: TeamId,
    pub sort_order: i64,
    /// `""`, `manual`, `recent` or `alpha`.
    pub sorting: String,
    #[serde(rename = "type")]
    pub kind: CategoryKind,
    pub display_name: String,
    pub muted: bool,
    pub collapsed: bool,
    pub channel_ids: Vec<ChannelId>,
}

/// The id of a default category, `channels_U_T` for example (client-api 1.5).
pub fn default_id(kind: CategoryKind, user: UserId, team: TeamId) -> String {
    format!("{}_{user}_{team}", kind.as_str())
}

impl Category {
    /// The three categories everybody has, at 0, 10 and 20, empty.
    pub fn defaults(user_id: UserId, team_id: TeamId) -> [Category; 3] {
        [
            (CategoryKind::Favorites, 0, "Favorites"),
            (CategoryKind::Channels, 10, "Channels"),
            (CategoryKind::DirectMessages, 20, "Direct Messages"),
        ]
        .map(|(kind, sort_order, display_name)| Category {
            id: default_id(kind, user_id, team_id),
            user_id,
            team_id,
            sort_order,
            sorting: if kind == CategoryKind::DirectMessages { "recent" } else { "" }.to_owned(),
            kind,
            display_name: display_name.to_owned(),
            muted: false,
            collapsed: false,
            channel_ids: Vec::new(),
        })
    }
}

/// `GET …/categories`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Categories {
    pub categories: Vec<Category>,
    pub order: Vec<String>,
}

impl Categories {
    /// The list, in its order.
    pub fn new(mut categories: Vec<Category>) -> Categories {
        categories.sort_by_key(|category| category.sort_order);
        let order = categories.iter().map(|category| category.id.clone()).collect();
        Categories { categories, order }
    }
}

/// `POST …/categories`, and an element of `PUT …/categories`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CategoryUpdate {
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    #[serde(deserialize_with = "or_default")]
    pub user_id: String,
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub sorting: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub muted: bool,
    #[serde(deserialize_with = "or_default")]
    pub collapsed: bool,
    #[serde(deserialize_with = "well_formed")]
    pub channel_ids: Vec<ChannelId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_order() {
        let (user, team) = (UserId::from_random([1; 16]), TeamId::from_random([2; 16]));
        let mut defaults = Category::defaults(user, team);
        defaults.reverse();
        let list = Categories::new(defaults.into());
        let words = ["favorites", "channels", "direct_messages"];
        assert_eq!(list.order, words.map(|word| format!("{word}_{user}_{team}")));
        assert!(crate::lenient::to_text(&list).contains(r#""type":"direct_messages""#));
    }
}
