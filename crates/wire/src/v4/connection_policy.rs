//! What is allowed over one connection, as administrators read and change it (behaviour 8.6). Rialto only.

use std::collections::BTreeSet;

use rialto_model::{TeamId, policy};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How channels that the peer offers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Incoming {
    /// By themselves.
    Automatic,
    /// When an administrator has said so.
    Approval,
    /// Not at all.
    None,
}

/// `GET` and `PATCH /remotecluster/R/policy`; a patch holds the members that change, null for their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the members are the rules, described where they are kept")]
pub struct ConnectionPolicy {
    pub share_teams: BTreeSet<TeamId>,
    pub share_channels: BTreeSet<String>,
    pub participation: bool,
    /// Null: as the setting `RequireChannelApproval` says.
    pub incoming: Option<Incoming>,
    pub direct_messages: bool,
    pub group_messages: bool,
    pub files: bool,
    /// Bytes; null: as the setting `MaxFileSize` says.
    pub max_file_size: Option<i64>,
    pub blocked_file_types: BTreeSet<String>,
    pub presence: bool,
    pub discovery: bool,
    pub emoji: bool,
    pub history: bool,
    pub channel_mentions: bool,
    /// Null: as many as there are.
    pub max_users: Option<i64>,
    /// Null: as many as there are.
    pub max_channels: Option<i64>,
}

impl From<&policy::ConnectionPolicy> for ConnectionPolicy {
    fn from(policy: &policy::ConnectionPolicy) -> Self {
        Self {
            share_teams: policy.share_teams.clone(),
            share_channels: policy.share_channels.clone(),
            participation: policy.participation,
            incoming: policy.incoming.map(|incoming| match incoming {
                policy::Incoming::Automatic => Incoming::Automatic,
                policy::Incoming::Approval => Incoming::Approval,
                policy::Incoming::None => Incoming::None,
            }),
            direct_messages: policy.direct_messages,
            group_messages: policy.group_messages,
            files: policy.files,
            max_file_size: policy.max_file_size,
            blocked_file_types: policy.blocked_file_types.clone(),
            presence: policy.presence,
            discovery: policy.discovery,
            emoji: policy.emoji,
            history: policy.history,
            channel_mentions: policy.channel_mentions,
            max_users: policy.max_users,
            max_channels: policy.max_channels,
        }
    }
}

impl From<ConnectionPolicy> for policy::ConnectionPolicy {
    fn from(given: ConnectionPolicy) -> Self {
        let lower = |words: BTreeSet<String>| words.into_iter().map(|word| word.trim().to_lowercase()).collect();
        let dotless = |words: BTreeSet<String>| -> BTreeSet<String> {
            words.into_iter().map(|word| word.trim_start_matches('.').to_owned()).collect()
        };
        Self {
            share_teams: given.share_teams,
            share_channels: lower(given.share_channels),
            participation: given.participation,
            incoming: given.incoming.map(|incoming| match incoming {
                Incoming::Automatic => policy::Incoming::Automatic,
                Incoming::Approval => policy::Incoming::Approval,
                Incoming::None => policy::Incoming::None,
            }),
            direct_messages: given.direct_messages,
            group_messages: given.group_messages,
            files: given.files,
            max_file_size: given.max_file_size,
            blocked_file_types: dotless(lower(given.blocked_file_types)),
            presence: given.presence,
            discovery: given.discovery,
            emoji: given.emoji,
            history: given.history,
            channel_mentions: given.channel_mentions,
            max_users: given.max_users,
            max_channels: given.max_channels,
        }
    }
}

/// The rules after a patch.
///
/// # Errors
/// The member that is unknown or has the wrong shape.
pub fn patched(
    before: &policy::ConnectionPolicy,
    patch: &Map<String, Value>,
) -> Result<policy::ConnectionPolicy, String> {
    let members = |policy: &policy::ConnectionPolicy| serde_json::to_value(ConnectionPolicy::from(policy));
    let (Ok(Value::Object(mut now)), Ok(defaults)) = (members(before), members(&policy::ConnectionPolicy::default()))
    else {
        return Err("policy".to_owned());
    };
    for (name, value) in patch {
        let Some(default) = defaults.get(name) else { return Err(name.clone()) };
        let given = if value.is_null() { default } else { value };
        now.insert(name.clone(), given.clone());
        // One after the other, so that the refusal can say which.
        if serde_json::from_value::<ConnectionPolicy>(Value::Object(now.clone())).is_err() {
            return Err(name.clone());
        }
    }
    let policy: ConnectionPolicy = serde_json::from_value(Value::Object(now)).map_err(|_| "policy".to_owned())?;
    Ok(policy.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(before: &policy::ConnectionPolicy, patch: Value) -> Result<policy::ConnectionPolicy, String> {
        patched(before, patch.as_object().unwrap())
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let open = policy::ConnectionPolicy::default();
        assert_eq!(patch(&open, json!({})).unwrap(), open);
        let one = patch(&open, json!({"files": false, "blocked_file_types": [".EXE "], "incoming": "none"})).unwrap();
        assert_eq!((one.files, one.incoming), (false, Some(policy::Incoming::None)));
        assert!(one.blocked_file_types.contains("exe") && one.emoji);
        let two = patch(&one, json!({"incoming": null, "max_users": 5})).unwrap();
        assert_eq!((two.files, two.incoming, two.max_users), (false, None, Some(5)));
        assert_eq!(patch(&two, json!({"files": null, "blocked_file_types": null, "max_users": null})).unwrap(), open);
    }

    #[test]
    fn a_patch_that_cannot_be_says_where() {
        let open = policy::ConnectionPolicy::default();
        for (given, member) in [
            (json!({"flies": true}), "flies"),
            (json!({"files": "no"}), "files"),
            (json!({"incoming": "sometimes"}), "incoming"),
            (json!({"share_teams": ["x"]}), "share_teams"),
            (json!({"max_users": 1.5}), "max_users"),
        ] {
            assert_eq!(patch(&open, given).unwrap_err(), member);
        }
    }
}
