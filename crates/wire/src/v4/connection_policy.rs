//! What is allowed over one connection, as administrators read and change it (behaviour 8.6): the members of
//! [`ConnectionPolicy`]. A patch holds those that change, null for their defaults. Rialto only.

use std::collections::BTreeSet;

use rialto_model::ConnectionPolicy;
use serde_json::{Map, Value};

/// The rules after a patch, words in lower case and extensions without their dot.
///
/// # Errors
/// The member that is unknown or has the wrong shape.
pub fn patched(before: &ConnectionPolicy, patch: &Map<String, Value>) -> Result<ConnectionPolicy, String> {
    let failed = |_| "policy".to_owned();
    let defaults = serde_json::to_value(ConnectionPolicy::default()).map_err(failed)?;
    let mut now = serde_json::to_value(before).map_err(failed)?;
    let mut policy = before.clone();
    for (name, value) in patch {
        let (Some(default), Some(member)) = (defaults.get(name), now.get_mut(name)) else { return Err(name.clone()) };
        *member = if value.is_null() { default.clone() } else { value.clone() };
        // One after the other, so that the refusal can say which.
        policy = serde_json::from_value(now.clone()).map_err(|_| name.clone())?;
    }
    let lower = |words: BTreeSet<String>| words.into_iter().map(|word| word.trim().to_lowercase());
    policy.share_channels = lower(policy.share_channels).collect();
    policy.blocked_file_types =
        lower(policy.blocked_file_types).map(|word| word.trim_start_matches('.').to_owned()).collect();
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use rialto_model::policy;
    use serde_json::json;

    use super::*;

    fn patch(before: &ConnectionPolicy, patch: Value) -> Result<ConnectionPolicy, String> {
        patched(before, patch.as_object().unwrap())
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let open = ConnectionPolicy::default();
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
        let open = ConnectionPolicy::default();
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
