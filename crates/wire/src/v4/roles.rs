//! Roles and what they allow. Source: client-api 4.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 4.5")]

use rialto_model::{ItemId, roles::BuiltInRole};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A role. Clients show controls by these lists alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub id: ItemId,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub permissions: Vec<String>,
    pub scheme_managed: bool,
    pub built_in: bool,
    pub scheme_id: Option<String>,
}

impl From<&BuiltInRole> for Role {
    /// The id is derived from the name: built-in roles have no row, yet clients want the same id every time.
    fn from(role: &BuiltInRole) -> Self {
        let mut seed = [0u8; 16];
        let hash = Sha256::digest(role.name.as_bytes());
        seed.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Role {
            id: ItemId::from_random(seed),
            name: role.name.to_owned(),
            display_name: role.name.to_owned(),
            description: String::new(),
            create_at: 0,
            update_at: 0,
            delete_at: 0,
            permissions: role.permissions.iter().map(|permission| permission.name().to_owned()).collect(),
            scheme_managed: role.scheme_managed,
            built_in: role.built_in,
            scheme_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rialto_model::roles::BUILT_IN;

    #[test]
    fn every_role_has_an_id_of_its_own_that_stays() {
        let ids: std::collections::BTreeSet<ItemId> = BUILT_IN.iter().map(|role| Role::from(role).id).collect();
        assert_eq!(ids.len(), BUILT_IN.len());
        let manager = BUILT_IN.iter().find(|role| role.name == "shared_channel_manager").map(Role::from).unwrap();
        assert_eq!(manager.permissions, ["manage_shared_channels"]);
        assert_eq!(manager.id, Role::from(BUILT_IN.iter().find(|r| r.name == "shared_channel_manager").unwrap()).id);
    }
}
