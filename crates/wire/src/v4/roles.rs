//! Roles and what they allow. Source: client-api 4.5.
#![expect(missing_docs, reason = "members are named and meant as in client-api 4.5")]

use rialto_model::{ItemId, ModeratedRole, roles::BuiltInRole};
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

/// The id is derived from the name: roles have no rows, yet clients want the same id every time.
fn id_of(name: &str) -> ItemId {
    let mut seed = [0u8; 16];
    let hash = Sha256::digest(name.as_bytes());
    seed.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    ItemId::from_random(seed)
}

impl Role {
    /// The role of this name: a built-in one, or one as it is in a moderated channel.
    pub fn find(name: &str) -> Option<Role> {
        let built_in = rialto_model::roles::BUILT_IN.iter().find(|role| role.name == name).map(Role::from);
        built_in.or_else(|| ModeratedRole::find(name).map(|role| Role::moderated(name, &role)))
    }

    fn moderated(name: &str, role: &ModeratedRole) -> Role {
        Role {
            id: id_of(name),
            name: name.to_owned(),
            display_name: name.to_owned(),
            permissions: role.permissions().map(|permission| permission.name().to_owned()).collect(),
            built_in: false,
            ..Role::from(role.base)
        }
    }
}

impl From<&BuiltInRole> for Role {
    fn from(role: &BuiltInRole) -> Self {
        Role {
            id: id_of(role.name),
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

    /// SC-018: clients find what is left of a role in a moderated channel under the name they were told.
    #[test]
    fn a_moderated_role_lacks_what_was_taken() {
        let whole = Role::find("channel_user").unwrap();
        let left = Role::find("channel_user_without_pr").unwrap();
        let missing: Vec<&String> = whole.permissions.iter().filter(|name| !left.permissions.contains(name)).collect();
        assert_eq!(missing, ["add_reaction", "create_post", "remove_reaction"]);
        assert_eq!((left.name.as_str(), left.built_in, left.scheme_managed), ("channel_user_without_pr", false, true));
        assert_ne!(left.id, whole.id);
        assert_eq!(Role::find("channel_user_without_rp"), None);
    }

    #[test]
    fn every_role_has_an_id_of_its_own_that_stays() {
        let ids: std::collections::BTreeSet<ItemId> = BUILT_IN.iter().map(|role| Role::from(role).id).collect();
        assert_eq!(ids.len(), BUILT_IN.len());
        let manager = BUILT_IN.iter().find(|role| role.name == "shared_channel_manager").map(Role::from).unwrap();
        assert_eq!(manager.permissions, ["manage_shared_channels"]);
        assert_eq!(manager.id, Role::from(BUILT_IN.iter().find(|r| r.name == "shared_channel_manager").unwrap()).id);
    }
}
