//! What a set of roles allows. Pure: no role name is compared outside this module.

use crate::moderation::Moderation;
pub use crate::permission_names::Permission;
use crate::roles;

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet([u64; 5]);

impl PermissionSet {
    /// The union of what the named roles allow. Unknown names allow nothing.
    pub fn of_roles<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = Self::default();
        for name in names {
            if let Some(role) = roles::BUILT_IN.iter().find(|role| role.name == name) {
                role.permissions.iter().for_each(|p| set.insert(*p));
            }
        }
        set
    }

    /// What the named channel roles allow in a channel that is moderated like this.
    pub fn in_channel<'a>(names: impl IntoIterator<Item = &'a str>, moderation: Moderation) -> Self {
        let mut set = Self::default();
        for name in names {
            let taken = moderation.taken_from_role(name);
            if let Some(role) = roles::BUILT_IN.iter().find(|role| role.name == name) {
                role.permissions.iter().filter(|permission| !taken.takes(**permission)).for_each(|p| set.insert(*p));
            }
        }
        set
    }

    /// Adds one permission.
    pub fn insert(&mut self, permission: Permission) {
        let bit = permission as usize;
        if let Some(word) = self.0.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: PermissionSet) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Whether it holds `permission`. `manage_system` stands for every other one (client-api 4.5).
    pub fn allows(&self, permission: Permission) -> bool {
        self.holds(permission) || self.holds(Permission::ManageSystem)
    }

    fn holds(&self, permission: Permission) -> bool {
        let bit = permission as usize;
        self.0.get(bit / 64).is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(roles: &[&str], permission: Permission, allowed: bool) {
        assert_eq!(
            PermissionSet::of_roles(roles.iter().copied()).allows(permission),
            allowed,
            "{roles:?} {permission:?}"
        );
    }

    #[test]
    fn roles_allow_what_the_table_says() {
        check(&["channel_user"], Permission::CreatePost, true);
        check(&["channel_user"], Permission::ManageSharedChannels, false);
        check(&["team_admin", "channel_admin"], Permission::ManageSecureConnections, false);
        check(&["system_user", "shared_channel_manager"], Permission::ManageSharedChannels, true);
        check(&["system_user", "shared_channel_manager"], Permission::ManageSecureConnections, false);
        check(&["system_admin"], Permission::ManageSecureConnections, true);
        check(&["no_such_role"], Permission::ViewTeam, false);
    }

    #[test]
    fn every_permission_has_a_place_in_the_set() {
        for permission in Permission::ALL {
            let mut set = PermissionSet::default();
            assert!(!set.allows(*permission));
            set.insert(*permission);
            assert!(set.holds(*permission), "{permission:?}");
        }
    }
}
