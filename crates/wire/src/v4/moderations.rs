//! How a channel is moderated. Source: the shapes of API v4 `GET /channels/C/moderations`.
#![expect(missing_docs, reason = "members are named and meant as in API v4")]

use rialto_model::{Moderated, Moderation, Whom};
use serde::{Deserialize, Serialize};

/// One of the things that can be taken from members or guests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelModeration {
    pub name: String,
    pub roles: ModeratedRoles,
}

/// Who may do it; null for those who never may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeratedRoles {
    pub guests: Option<ModeratedRole>,
    pub members: Option<ModeratedRole>,
}

/// Whether they may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeratedRole {
    /// Whether they may do it now.
    pub value: bool,
    /// Whether that can be changed.
    pub enabled: bool,
}

impl ChannelModeration {
    /// Everything that can be moderated, as it is. Who may not write calls nobody either, and until they may write that
    /// cannot be changed.
    pub fn list(moderation: Moderation) -> Vec<ChannelModeration> {
        let role = |whom: Whom, what: Moderated| {
            let taken = moderation.taken(whom);
            let enabled = what != Moderated::UseChannelMentions || !taken.has(Moderated::CreatePost);
            whom.could(what).then_some(ModeratedRole { value: enabled && !taken.has(what), enabled })
        };
        let one = |what: Moderated| ChannelModeration {
            name: what.name().to_owned(),
            roles: ModeratedRoles { guests: role(Whom::Guests, what), members: role(Whom::Members, what) },
        };
        Moderated::ALL.into_iter().map(one).collect()
    }
}

/// One change; what is not given stays.
#[derive(Debug, Clone, Deserialize)]
pub struct ChannelModerationPatch {
    pub name: String,
    #[serde(default, deserialize_with = "crate::lenient::or_default")]
    pub roles: RolesPatch,
}

/// For whom they may.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RolesPatch {
    #[serde(default)]
    pub guests: Option<bool>,
    #[serde(default)]
    pub members: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_list_has_the_shape_clients_expect() {
        let on = json!({"value": true, "enabled": true});
        let off = json!({"value": false, "enabled": true});
        let not_now = json!({"value": false, "enabled": false});
        let moderation = Moderation::default().set(Whom::Members, Moderated::CreatePost, true);
        let moderation = moderation.set(Whom::Guests, Moderated::CreateReactions, true);
        assert_eq!(
            serde_json::to_value(ChannelModeration::list(moderation)).unwrap(),
            json!([
                {"name": "create_post", "roles": {"guests": on, "members": off}},
                {"name": "create_reactions", "roles": {"guests": off, "members": on}},
                {"name": "manage_members", "roles": {"guests": null, "members": on}},
                {"name": "use_channel_mentions", "roles": {"guests": on, "members": not_now}},
            ])
        );
    }
}
