//! The props of a post: a JSON object stored as text, seen by clients and peers.

use serde_json::{Map, Value};

/// The object in a stored text; anything else counts as empty.
pub(crate) fn parse(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(props)) => props,
        _ => Map::new(),
    }
}

/// Takes the addresses and contexts of buttons and menus out of the attachments: they are between this server and
/// the integration (client-api 7.4), and nobody else's buttons work anyway (behaviour 4.8).
pub(crate) fn remove_integrations(props: &mut Map<String, Value>) {
    let attachments = props.get_mut("attachments").and_then(Value::as_array_mut);
    for attachment in attachments.into_iter().flatten() {
        let actions = attachment.get_mut("actions").and_then(Value::as_array_mut);
        for action in actions.into_iter().flatten().filter_map(Value::as_object_mut) {
            action.remove("integration");
            action.remove("cookie");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrations_go_and_the_rest_stays() {
        let mut props = parse(
            r#"{"a":1,"attachments":[{"text":"t","actions":[{"id":"1","integration":{"url":"u"},"cookie":"c"},5]},7]}"#,
        );
        remove_integrations(&mut props);
        assert_eq!(
            Value::Object(props).to_string(),
            r#"{"a":1,"attachments":[{"actions":[{"id":"1"},5],"text":"t"},7]}"#
        );
        assert!(parse("[1]").is_empty() && parse("").is_empty());
    }
}
