//! Accounts of programs. Source: client-api 2.1, 7.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.1")]

use rialto_model::{Millis, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bot {
    pub user_id: UserId,
    pub username: String,
    pub display_name: String,
    pub description: String,
    pub owner_id: UserId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
}

impl From<&rialto_model::Bot> for Bot {
    fn from(bot: &rialto_model::Bot) -> Self {
        let user = &bot.user;
        Self {
            user_id: user.id,
            username: user.username.clone(),
            display_name: user.first_name.clone(),
            description: user.bot_description.clone(),
            owner_id: bot.owner_id,
            create_at: user.create_at.0,
            update_at: user.update_at.0,
            delete_at: Millis::or_zero(user.delete_at),
        }
    }
}

/// `POST /bots`, `PUT /bots/{user_id}`: what is not given stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BotChange {
    pub username: Option<String>,
    pub display_name: Option<String>,
    pub description: Option<String>,
}

/// `POST /bots/{user_id}/convert_to_user`; more of a profile is not taken.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewPerson {
    #[serde(deserialize_with = "or_default")]
    pub password: String,
}
