//! What programs are told and what they answer; buttons and dialogs. Source: client-api 7.2 to 7.4.
#![expect(missing_docs, reason = "members are named and meant as in client-api 7.2 to 7.4")]

use rialto_model::{ChannelId, PostId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::acknowledgements::Priority;
use crate::lenient::or_default;

/// A message a program is told of, as JSON; as a form the time is in seconds.
#[derive(Debug, Clone, Serialize)]
pub struct Heard {
    pub token: String,
    pub team_id: String,
    pub team_domain: String,
    pub channel_id: ChannelId,
    pub channel_name: String,
    /// ms.
    pub timestamp: i64,
    pub user_id: UserId,
    pub user_name: String,
    pub post_id: PostId,
    pub text: String,
    pub trigger_word: String,
    /// Separated by commas.
    pub file_ids: String,
}

/// What a program answers to a message, a command, or leaves at the address of a command.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    #[serde(deserialize_with = "or_default")]
    pub response_type: String,
    #[serde(deserialize_with = "or_default")]
    pub text: String,
    #[serde(deserialize_with = "or_default")]
    pub username: String,
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub icon_url: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub props: Map<String, Value>,
    #[serde(deserialize_with = "or_default")]
    pub goto_location: String,
    #[serde(deserialize_with = "or_default")]
    pub skip_slack_parsing: bool,
    #[serde(deserialize_with = "or_default")]
    pub attachments: Vec<Value>,
    #[serde(deserialize_with = "or_default")]
    pub extra_responses: Vec<Answer>,
    pub priority: Option<Priority>,
}

/// A button that was pressed.
#[derive(Debug, Clone, Serialize)]
pub struct Pressed<'a> {
    pub user_id: UserId,
    pub user_name: &'a str,
    pub channel_id: ChannelId,
    pub channel_name: &'a str,
    pub team_id: &'a str,
    pub team_domain: &'a str,
    pub post_id: PostId,
    pub trigger_id: &'a str,
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub data_source: &'a str,
    pub context: &'a Value,
}

/// What a program answers to a button.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Effect {
    pub update: Option<Update>,
    #[serde(deserialize_with = "or_default")]
    pub ephemeral_text: String,
    #[serde(deserialize_with = "or_default")]
    pub skip_slack_parsing: bool,
}

/// What becomes of the message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Update {
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    #[serde(deserialize_with = "or_default")]
    pub props: Map<String, Value>,
}

/// `POST /posts/{post_id}/actions/{action_id}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Press {
    #[serde(deserialize_with = "or_default")]
    pub selected_option: String,
    #[serde(deserialize_with = "or_default")]
    pub cookie: String,
}

/// Its answer.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    pub status: &'static str,
    pub trigger_id: String,
}

/// `POST /actions/dialogs/open`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OpenDialog {
    #[serde(deserialize_with = "or_default")]
    pub trigger_id: String,
    #[serde(deserialize_with = "or_default")]
    pub url: String,
    pub dialog: Dialog,
}

/// A form.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dialog {
    #[serde(deserialize_with = "or_default")]
    pub callback_id: String,
    #[serde(deserialize_with = "or_default")]
    pub title: String,
    #[serde(deserialize_with = "or_default")]
    pub introduction_text: String,
    #[serde(deserialize_with = "or_default")]
    pub icon_url: String,
    #[serde(deserialize_with = "or_default")]
    pub elements: Vec<Element>,
    #[serde(deserialize_with = "or_default")]
    pub submit_label: String,
    #[serde(deserialize_with = "or_default")]
    pub notify_on_cancel: bool,
    #[serde(deserialize_with = "or_default")]
    pub state: String,
    #[serde(deserialize_with = "or_default")]
    pub source_url: String,
}

/// A field of a form.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Element {
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub subtype: String,
    #[serde(deserialize_with = "or_default")]
    pub default: String,
    #[serde(deserialize_with = "or_default")]
    pub placeholder: String,
    #[serde(deserialize_with = "or_default")]
    pub help_text: String,
    #[serde(deserialize_with = "or_default")]
    pub optional: bool,
    #[serde(deserialize_with = "or_default")]
    pub min_length: i64,
    #[serde(deserialize_with = "or_default")]
    pub max_length: i64,
    #[serde(deserialize_with = "or_default")]
    pub data_source: String,
    #[serde(deserialize_with = "or_default")]
    pub data_source_url: String,
    #[serde(deserialize_with = "or_default")]
    pub options: Vec<Choice>,
    #[serde(deserialize_with = "or_default")]
    pub multiselect: bool,
    #[serde(deserialize_with = "or_default")]
    pub refresh: bool,
}

/// What can be chosen.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    #[serde(deserialize_with = "or_default")]
    pub text: String,
    #[serde(deserialize_with = "or_default")]
    pub value: String,
}

/// Fields of a form at most.
const ELEMENTS: usize = 20;

impl Dialog {
    /// What of it no client would show, if anything is (client-api 10).
    pub fn fault(&self) -> Option<&'static str> {
        let long = |text: &str, most: usize| text.chars().count() > most;
        if self.title.is_empty() || long(&self.title, 24) {
            return Some("title");
        }
        if long(&self.submit_label, 24) {
            return Some("submit_label");
        }
        if self.elements.len() > ELEMENTS {
            return Some("elements");
        }
        let mut names = std::collections::HashSet::new();
        for element in &self.elements {
            let most = if element.kind == "textarea" { 3_000 } else { 150 };
            let fits = matches!(
                element.kind.as_str(),
                "text" | "textarea" | "select" | "bool" | "radio" | "date" | "datetime"
            ) && !element.name.is_empty()
                && !long(&element.name, 300)
                && !element.display_name.is_empty()
                && !long(&element.display_name, 24)
                && (0..=most).contains(&element.min_length)
                && (0..=most).contains(&element.max_length)
                && !long(&element.help_text, 150)
                && names.insert(&element.name);
            if !fits {
                return Some("elements");
            }
        }
        None
    }
}

/// `POST /actions/dialogs/submit` and `/lookup`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Submission {
    #[serde(deserialize_with = "or_default")]
    pub url: String,
    #[serde(deserialize_with = "or_default")]
    pub callback_id: String,
    #[serde(deserialize_with = "or_default")]
    pub state: String,
    #[serde(deserialize_with = "or_default")]
    pub user_id: String,
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub submission: Map<String, Value>,
    #[serde(deserialize_with = "or_default")]
    pub cancelled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_checked_before_anybody_sees_them() {
        let form = |text: &str| serde_json::from_str::<Dialog>(text).unwrap().fault();
        let field = r#"{"display_name":"Ship","name":"ship","type":"text"}"#;
        assert_eq!(form(&format!(r#"{{"title":"Berth","elements":[{field}]}}"#)), None);
        assert_eq!(form(r#"{"title":"Berth","elements":null}"#), None);
        assert_eq!(form("{}"), Some("title"));
        assert_eq!(form(&format!(r#"{{"title":"{}"}}"#, "x".repeat(25))), Some("title"));
        assert_eq!(form(&format!(r#"{{"title":"Berth","elements":[{field},{field}]}}"#)), Some("elements"));
        assert_eq!(
            form(r#"{"title":"B","elements":[{"display_name":"x","name":"x","type":"script"}]}"#),
            Some("elements")
        );
        let long = r#"{"display_name":"x","name":"x","type":"text","max_length":151}"#;
        assert_eq!(form(&format!(r#"{{"title":"Berth","elements":[{long}]}}"#)), Some("elements"));
    }

    #[test]
    fn answers_may_leave_out_or_null_everything() {
        let answer: Answer = serde_json::from_str(r#"{"text":null,"attachments":null,"props":null}"#).unwrap();
        assert!(answer.text.is_empty() && answer.attachments.is_empty() && answer.priority.is_none());
    }
}
