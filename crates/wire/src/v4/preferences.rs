//! Settings of one person. Source: client-api 2.1 and 5.2.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.1")]

use rialto_model::UserId;
use serde::{Deserialize, Serialize};

/// A setting; `value` is always text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    pub user_id: UserId,
    pub category: String,
    pub name: String,
    #[serde(default, deserialize_with = "crate::lenient::or_default")]
    pub value: String,
}

impl From<&rialto_model::event::Preference> for Preference {
    fn from(preference: &rialto_model::event::Preference) -> Self {
        Preference {
            user_id: preference.user_id,
            category: preference.category.clone(),
            name: preference.name.clone(),
            value: preference.value.clone(),
        }
    }
}

impl From<Preference> for rialto_model::event::Preference {
    fn from(preference: Preference) -> Self {
        rialto_model::event::Preference {
            user_id: preference.user_id,
            category: preference.category,
            name: preference.name,
            value: preference.value,
        }
    }
}
