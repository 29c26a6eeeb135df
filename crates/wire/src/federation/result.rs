//! The answer to a sync message: what was taken and what was not. Source: wire 5.5.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::items::ResultExtension;
use super::{ItemKind, MalformedPayload, Refused};
use crate::lenient::{self, or_absent, or_default, well_formed};

/// What became of a sync message. Which members a sender acts on: `users_syncd` (a user not listed is sent again for
/// ever), `post_errors` and `status_errors` (each retried alone). All members are always written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncResult {
    /// Highest `update_at`, as sent, of the users accepted.
    #[serde(deserialize_with = "or_default")]
    pub users_last_update_at: i64,
    /// Users refused.
    #[serde(deserialize_with = "well_formed")]
    pub user_errors: Vec<String>,
    /// Users accepted: all of them, every time.
    #[serde(deserialize_with = "well_formed")]
    pub users_syncd: Vec<String>,
    /// Highest local `update_at` after applying.
    #[serde(deserialize_with = "or_default")]
    pub posts_last_update_at: i64,
    /// Posts refused for good (ruling 30).
    #[serde(deserialize_with = "well_formed")]
    pub post_errors: Vec<String>,
    /// Highest `update_at`, as sent.
    #[serde(deserialize_with = "or_default")]
    pub reactions_last_update_at: i64,
    /// Only logged by Mattermost.
    #[serde(deserialize_with = "well_formed")]
    pub reaction_errors: Vec<String>,
    /// Highest `acknowledged_at` accepted.
    #[serde(deserialize_with = "or_default")]
    pub acknowledgements_last_update_at: i64,
    /// Posts whose acknowledgement was refused.
    #[serde(deserialize_with = "well_formed")]
    pub acknowledgement_errors: Vec<String>,
    /// Users whose status was refused; null when there are none.
    #[serde(deserialize_with = "well_formed", serialize_with = "null_if_empty")]
    pub status_errors: Vec<String>,
    /// Between Rialtos: what was stored, item by item.
    #[serde(deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub rialto: Option<ResultExtension>,
}

fn null_if_empty<S: serde::Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    (!list.is_empty()).then_some(list).serialize(serializer)
}

impl SyncResult {
    /// Reads a result. `null` and missing members are empty lists; a result of `null` is an empty one.
    ///
    /// # Errors
    /// [`MalformedPayload`] if it is neither an object nor null, or a member has the wrong shape: nothing is
    /// confirmed then.
    pub fn decode(payload: &RawValue) -> Result<SyncResult, MalformedPayload> {
        if payload.get() == "null" {
            return Ok(SyncResult::default());
        }
        lenient::object(payload.get()).map_err(|_| MalformedPayload)
    }

    /// Lists an item that was refused while reading. Items without an id cannot be reported.
    pub fn refuse(&mut self, item: &Refused) {
        let list = match item.kind {
            ItemKind::User => &mut self.user_errors,
            ItemKind::Post => &mut self.post_errors,
            ItemKind::Reaction => &mut self.reaction_errors,
            ItemKind::Ack => &mut self.acknowledgement_errors,
            ItemKind::Status => &mut self.status_errors,
            ItemKind::Member | ItemKind::Pin => return,
        };
        if let Some(id) = item.id.as_ref().filter(|id| !list.contains(id)) {
            list.push(id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::Refusal;

    #[test]
    fn an_empty_result_has_every_member() {
        assert_eq!(
            lenient::to_text(&SyncResult::default()),
            r#"{"users_last_update_at":0,"user_errors":[],"users_syncd":[],"posts_last_update_at":0,"post_errors":[],"reactions_last_update_at":0,"reaction_errors":[],"acknowledgements_last_update_at":0,"acknowledgement_errors":[],"status_errors":null}"#
        );
    }

    #[test]
    fn null_and_missing_are_empty() {
        let decode = |text: &str| SyncResult::decode(&serde_json::from_str::<Box<RawValue>>(text).unwrap());
        assert_eq!(decode("null"), Ok(SyncResult::default()));
        assert_eq!(decode(r#"{"post_errors":null,"rialto":[]}"#), Ok(SyncResult::default()));
        assert_eq!(decode(r#"{"post_errors":["a",null]}"#).unwrap().post_errors, ["a"]);
        assert_eq!(decode("5"), Err(MalformedPayload));
        assert_eq!(decode(r#"{"post_errors":5}"#), Err(MalformedPayload));
    }

    #[test]
    fn a_refused_item_is_listed_once() {
        let mut result = SyncResult::default();
        let item = Refused { kind: ItemKind::Post, id: Some("p".into()), why: Refusal::Shape };
        result.refuse(&item);
        result.refuse(&item);
        result.refuse(&Refused { id: None, ..item });
        assert_eq!(result.post_errors, ["p"]);
    }
}
