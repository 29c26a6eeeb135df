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

/// Props by which a post shows another name and picture than its author's. They count only beside the mark of an
/// integration, which clients show next to the name, so that nobody passes for somebody else (behaviour 4.8, ruling 64).
const SHOWN_AS: [&str; 4] = ["override_username", "override_icon_url", "override_icon_emoji", "webhook_display_name"];
/// Marks of an integration.
const INTEGRATION: [&str; 2] = ["from_webhook", "from_bot"];
/// Characters of a name a post may show.
const NAME: usize = 64;

/// Whether a post bears the mark of an integration.
fn is_of_integration(props: &Map<String, Value>) -> bool {
    INTEGRATION.iter().any(|key| match props.get(*key) {
        Some(Value::Bool(marked)) => *marked,
        Some(Value::String(word)) => word == "true",
        _ => false,
    })
}

/// Makes a peer's props harmless: its buttons are seen and do nothing, and a name or picture of its own stays only with
/// the mark of an integration and in a form that cannot mislead.
pub(crate) fn of_peer(props: &mut Map<String, Value>) {
    let attachments = props.get_mut("attachments").and_then(Value::as_array_mut);
    for attachment in attachments.into_iter().flatten() {
        let actions = attachment.get_mut("actions").and_then(Value::as_array_mut);
        for action in actions.into_iter().flatten().filter_map(Value::as_object_mut) {
            action.insert("disabled".to_owned(), Value::Bool(true));
        }
    }
    let keeps = is_of_integration(props);
    for key in SHOWN_AS {
        let Some(shown) = props.remove(key).filter(|_| keeps) else { continue };
        let Some(text) = shown.as_str().map(plain) else { continue };
        // A picture is fetched by every reader's client: nothing but the web.
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        let fits =
            if key == "override_icon_url" { is_web && text.len() <= 2_048 } else { text.chars().count() <= NAME };
        if fits && !text.is_empty() {
            props.insert(key.to_owned(), Value::String(text));
        }
    }
}

/// Without characters that change how what stands around them is read.
fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().filter(|c| !hidden(*c)).collect::<String>().trim().to_owned()
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
            Value::Object(props.clone()).to_string(),
            r#"{"a":1,"attachments":[{"actions":[{"id":"1"},5],"text":"t"},7]}"#
        );
        of_peer(&mut props);
        assert_eq!(props["attachments"][0]["actions"][0], serde_json::json!({"id": "1", "disabled": true}));
        assert!(parse("[1]").is_empty() && parse("").is_empty());
    }

    /// SC-013, ruling 64: a webhook's name and picture are kept with the mark, and are nobody's disguise without it.
    #[test]
    fn only_an_integration_shows_another_name() {
        let of = |text: &str| {
            let mut props = parse(text);
            of_peer(&mut props);
            Value::Object(props).to_string()
        };
        let webhook =
            r#"{"from_webhook":"true","override_icon_url":"https://ci.example/i.png","override_username":"CI"}"#;
        assert_eq!(of(webhook), webhook);
        assert_eq!(
            of(r#"{"from_bot":"true","override_icon_emoji":"robot"}"#),
            r#"{"from_bot":"true","override_icon_emoji":"robot"}"#
        );
        for disguise in [
            r#"{"override_username":"admin"}"#.to_owned(),
            r#"{"from_webhook":"false","override_username":"admin"}"#.to_owned(),
            r#"{"from_webhook":"true","override_username":{"a":1}}"#.to_owned(),
            r#"{"from_webhook":"true","override_icon_url":"javascript:alert(1)"}"#.to_owned(),
            r#"{"from_webhook":"true","override_icon_url":"data:image/png;base64,AA"}"#.to_owned(),
            format!(r#"{{"from_webhook":"true","override_username":"{}"}}"#, "x".repeat(65)),
        ] {
            let left = of(&disguise);
            assert!(!left.contains("override"), "{disguise} {left}");
        }
        assert!(of(r#"{"from_webhook":"true","override_username":"ad\u202emin "}"#).contains("\"admin\""));
    }
}
