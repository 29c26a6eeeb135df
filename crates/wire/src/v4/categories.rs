//! Sidebar categories. Source: client-api 2.2 and 5.4.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.2")]

use rialto_model::category::CategoryKind;
use rialto_model::{ChannelId, TeamId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::{or_default, well_formed};

/// A group of channels in somebody's sidebar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Composite for the default ones.
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

impl Category {
    /// A category with what stands in it.
    pub fn new(category: &rialto_model::category::Category, channel_ids: Vec<ChannelId>) -> Self {
        Category {
            id: category.id.clone(),
            user_id: category.user_id,
            team_id: category.team_id,
            sort_order: category.sort_order,
            sorting: category.sorting.clone(),
            kind: category.kind,
            display_name: category.display_name.clone(),
            muted: category.muted,
            collapsed: category.collapsed,
            channel_ids,
        }
    }
}

/// `GET …/categories`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Categories {
    pub categories: Vec<Category>,
    pub order: Vec<String>,
}

impl Categories {
    /// The list, which is in its order.
    pub fn new(categories: Vec<Category>) -> Categories {
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
    fn a_list_says_its_order() {
        let (user, team) = (UserId::from_random([1; 16]), TeamId::from_random([2; 16]));
        let defaults = rialto_model::category::Category::defaults(user, team);
        let list = Categories::new(defaults.iter().map(|one| Category::new(one, Vec::new())).collect());
        let words = ["favorites", "channels", "direct_messages"];
        assert_eq!(list.order, words.map(|word| format!("{word}_{user}_{team}")));
        assert!(crate::lenient::to_text(&list).contains(r#""type":"direct_messages""#));
    }
}
