//! What the administrators of this server take from the ordinary members and the guests of one channel.
//!
//! It binds people of this server alone: what people of other servers may do in a shared channel is their server's to
//! say (SC-017 to SC-019, behaviour 4.4.1). Pure.

use std::borrow::Cow;

use crate::permission::Permission::{self, *};
use crate::roles::{self, BuiltInRole};

/// One of the things that can be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moderated {
    /// Writing, pinning.
    CreatePost,
    /// Reacting, and taking a reaction back.
    CreateReactions,
    /// Adding people and removing them.
    ManageMembers,
    /// Calling everybody by `@channel`, `@all` or `@here`.
    UseChannelMentions,
}

impl Moderated {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Moderated; 4] =
        [Moderated::CreatePost, Moderated::CreateReactions, Moderated::ManageMembers, Moderated::UseChannelMentions];

    /// The name API v4 uses.
    pub fn name(self) -> &'static str {
        match self {
            Moderated::CreatePost => "create_post",
            Moderated::CreateReactions => "create_reactions",
            Moderated::ManageMembers => "manage_members",
            Moderated::UseChannelMentions => "use_channel_mentions",
        }
    }

    /// The reverse of [`Moderated::name`].
    pub fn from_name(name: &str) -> Option<Moderated> {
        Self::ALL.into_iter().find(|what| what.name() == name)
    }

    /// The permissions it stands for.
    pub fn permissions(self) -> &'static [Permission] {
        match self {
            Moderated::CreatePost => &[CreatePost],
            Moderated::CreateReactions => &[AddReaction, RemoveReaction],
            Moderated::ManageMembers => &[ManagePublicChannelMembers, ManagePrivateChannelMembers],
            Moderated::UseChannelMentions => &[UseChannelMentions],
        }
    }

    fn letter(self) -> char {
        match self {
            Moderated::CreatePost => 'p',
            Moderated::CreateReactions => 'r',
            Moderated::ManageMembers => 'm',
            Moderated::UseChannelMentions => 'c',
        }
    }
}

/// Who something is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Who holds the channel's guest role.
    Guests,
    /// Who holds the channel's member role. Its administrators hold theirs besides and are exempt.
    Members,
}

impl Whom {
    /// The built-in role these people hold.
    pub fn role(self) -> &'static str {
        match self {
            Whom::Guests => "channel_guest",
            Whom::Members => "channel_user",
        }
    }

    fn of_role(name: &str) -> Option<Whom> {
        [Whom::Guests, Whom::Members].into_iter().find(|whom| whom.role() == name)
    }

    /// Whether these people have it anywhere, so that it can be taken from them at all.
    pub fn could(self, what: Moderated) -> bool {
        built_in(self).is_some_and(|role| what.permissions().iter().any(|taken| role.permissions.contains(taken)))
    }
}

fn built_in(whom: Whom) -> Option<&'static BuiltInRole> {
    roles::BUILT_IN.iter().find(|role| role.name == whom.role())
}

/// A set of what is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken(u8);

impl Taken {
    /// Whether `what` is in it.
    pub fn has(self, what: Moderated) -> bool {
        self.0 & (1 << what as u8) != 0
    }

    /// With or without `what`.
    #[must_use]
    pub fn set(self, what: Moderated, taken: bool) -> Taken {
        let bit = 1 << what as u8;
        Taken(if taken { self.0 | bit } else { self.0 & !bit })
    }

    /// Whether one of the things in it stands for the permission.
    pub fn takes(self, permission: Permission) -> bool {
        Moderated::ALL.into_iter().any(|what| self.has(what) && what.permissions().contains(&permission))
    }

    /// A letter for each, in their order: as it is stored, and as role names end.
    pub fn letters(self) -> String {
        Moderated::ALL.into_iter().filter(|what| self.has(*what)).map(Moderated::letter).collect()
    }

    /// The reverse of [`Taken::letters`]; None for any other text.
    pub fn from_letters(letters: &str) -> Option<Taken> {
        let held = |taken: Taken, what: Moderated| taken.set(what, letters.contains(what.letter()));
        let taken = Moderated::ALL.into_iter().fold(Taken::default(), held);
        (taken.letters() == letters).then_some(taken)
    }
}

/// How a channel is moderated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moderation {
    /// What its guests may not.
    pub guests: Taken,
    /// What its ordinary members may not.
    pub members: Taken,
}

impl Moderation {
    /// What is taken from these people.
    pub fn taken(self, whom: Whom) -> Taken {
        match whom {
            Whom::Guests => self.guests,
            Whom::Members => self.members,
        }
    }

    /// With or without something for these people. What they have nowhere stays as it is.
    #[must_use]
    pub fn set(mut self, whom: Whom, what: Moderated, taken: bool) -> Moderation {
        if whom.could(what) {
            match whom {
                Whom::Guests => self.guests = self.guests.set(what, taken),
                Whom::Members => self.members = self.members.set(what, taken),
            }
        }
        self
    }

    /// What is taken from the holders of a role of the channel's.
    pub fn taken_from_role(self, name: &str) -> Taken {
        Whom::of_role(name).map_or(Taken::default(), |whom| self.taken(whom))
    }

    /// The name under which clients find what a channel role allows in this channel. It says all of it, so that it
    /// changes with every change, and no two channels need to be told apart.
    pub fn role_name(self, role: &'static str) -> Cow<'static, str> {
        match self.taken_from_role(role).letters() {
            none if none.is_empty() => Cow::Borrowed(role),
            letters => Cow::Owned(format!("{role}{WITHOUT}{letters}")),
        }
    }
}

const WITHOUT: &str = "_without_";

/// A channel role as it is where something was taken from it.
#[derive(Debug, Clone)]
pub struct ModeratedRole {
    /// The role it was taken from.
    pub base: &'static BuiltInRole,
    /// What was.
    pub taken: Taken,
}

impl ModeratedRole {
    /// The role that a member of a moderated channel holds under this name; see [`Moderation::role_name`].
    pub fn find(name: &str) -> Option<ModeratedRole> {
        let (role, letters) = name.split_once(WITHOUT)?;
        let taken = Taken::from_letters(letters).filter(|taken| *taken != Taken::default())?;
        Some(ModeratedRole { base: built_in(Whom::of_role(role)?)?, taken })
    }

    /// What is left of it.
    pub fn permissions(&self) -> impl Iterator<Item = Permission> + '_ {
        self.base.permissions.iter().copied().filter(|permission| !self.taken.takes(*permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::PermissionSet;

    /// SC-018: what is taken from ordinary members is gone for them and stays with the channel's administrators.
    #[test]
    fn what_is_taken_from_members_stays_with_administrators() {
        let table: [(Moderated, &[Permission]); 4] = [
            (Moderated::CreatePost, &[CreatePost]),
            (Moderated::CreateReactions, &[AddReaction, RemoveReaction]),
            (Moderated::ManageMembers, &[ManagePublicChannelMembers, ManagePrivateChannelMembers]),
            (Moderated::UseChannelMentions, &[UseChannelMentions]),
        ];
        for (what, gone) in table {
            let moderation = Moderation::default().set(Whom::Members, what, true);
            let member = PermissionSet::in_channel(["channel_user"], moderation);
            let admin = PermissionSet::in_channel(["channel_user", "channel_admin"], moderation);
            let guest = PermissionSet::in_channel(["channel_guest"], moderation);
            for permission in built_in(Whom::Members).unwrap().permissions {
                assert_eq!(member.allows(*permission), !gone.contains(permission), "{what:?} {permission:?}");
            }
            for permission in gone {
                assert!(admin.allows(*permission), "{what:?} {permission:?}");
                assert_eq!(guest.allows(*permission), PermissionSet::of_roles(["channel_guest"]).allows(*permission));
            }
        }
    }

    #[test]
    fn guests_lose_what_guests_have() {
        let mut moderation = Moderation::default();
        for what in Moderated::ALL {
            moderation = moderation.set(Whom::Guests, what, true);
        }
        // They never manage members, so that cannot be taken.
        assert_eq!((moderation.guests.letters().as_str(), moderation.members), ("prc", Taken::default()));
        let guest = PermissionSet::in_channel(["channel_guest"], moderation);
        assert!(!guest.allows(CreatePost) && !guest.allows(AddReaction) && guest.allows(ReadChannel));
        assert!(PermissionSet::in_channel(["channel_user"], moderation).allows(CreatePost));
    }

    #[test]
    fn a_role_is_found_by_the_name_it_is_told_under() {
        let none = Moderation::default();
        assert_eq!(none.role_name("channel_user"), "channel_user");
        let some = none.set(Whom::Members, Moderated::UseChannelMentions, true);
        let some = some.set(Whom::Members, Moderated::CreatePost, true);
        assert_eq!(some.role_name("channel_user"), "channel_user_without_pc");
        assert_eq!(
            (some.role_name("channel_admin"), some.role_name("channel_guest")),
            ("channel_admin".into(), "channel_guest".into())
        );
        let role = ModeratedRole::find("channel_user_without_pc").unwrap();
        let left: Vec<Permission> = role.permissions().collect();
        assert!(
            left.contains(&AddReaction)
                && !left.contains(&CreatePost)
                && !left.contains(&Permission::UseChannelMentions)
        );
        for name in [
            "channel_user_without_",
            "channel_user_without_cp",
            "channel_user_without_px",
            "channel_admin_without_p",
            "channel_user",
        ] {
            assert!(ModeratedRole::find(name).is_none(), "{name}");
        }
    }
}
