//! Personal access tokens. Source: client-api 2.1, 7.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.1")]

use rialto_model::{SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    pub id: SessionId,
    /// The token itself, in the answer that makes it and never again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
    pub user_id: UserId,
    pub description: String,
    pub is_active: bool,
}

impl AccessToken {
    /// The record with the token's own text, or an empty one.
    pub fn new(token: &rialto_model::AccessToken, text: String) -> Self {
        Self {
            id: token.id,
            token: text,
            user_id: token.user_id,
            description: token.description.clone(),
            is_active: token.is_active,
        }
    }
}

/// `POST /users/{user_id}/tokens`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewAccessToken {
    #[serde(deserialize_with = "or_default")]
    pub description: String,
}

/// `POST /users/tokens/revoke`, `.../disable` and `.../enable`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TokenId {
    #[serde(deserialize_with = "or_default")]
    pub token_id: String,
}

/// `POST /users/tokens/search`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TokenSearch {
    #[serde(deserialize_with = "or_default")]
    pub term: String,
}

#[cfg(test)]
mod tests {
    use rialto_model::Millis;

    use super::*;

    #[test]
    fn the_token_is_there_once() {
        let token = rialto_model::AccessToken {
            id: "tokentokentokentokentoken1".parse().unwrap(),
            user_id: "useruseruseruseruseruser12".parse().unwrap(),
            description: "ferry".to_owned(),
            is_active: true,
            create_at: Millis(1),
        };
        let json = |text: &str| serde_json::to_value(AccessToken::new(&token, text.to_owned())).unwrap();
        assert_eq!(json("secret")["token"], "secret");
        assert!(json("").get("token").is_none());
        assert_eq!(json("")["is_active"], true);
    }
}
