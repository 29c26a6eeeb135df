//! Slash commands: what runs, what is offered, what is answered. Source: client-api 5.6 and 7.3, ruling 67.
#![expect(missing_docs, reason = "members are named and meant as in client-api 5.6 and 7.3")]

use rialto_model::TeamId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient::{is_zero, or_default};

/// `POST /commands/execute`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CommandArgs {
    /// The whole line, slash included.
    #[serde(deserialize_with = "or_default")]
    pub command: String,
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub root_id: String,
}

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CommandResponse {
    /// `ephemeral` or `in_channel`.
    pub response_type: String,
    pub text: String,
    pub username: String,
    pub channel_id: String,
    pub icon_url: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub props: Map<String, Value>,
    /// The web app goes there.
    pub goto_location: String,
    pub trigger_id: String,
    pub skip_slack_parsing: bool,
    pub attachments: Option<Vec<Value>>,
    pub extra_responses: Option<Vec<Value>>,
}

impl CommandResponse {
    /// A text for the caller alone (ruling 67).
    pub fn ephemeral(text: impl Into<String>) -> CommandResponse {
        CommandResponse { response_type: "ephemeral".to_owned(), text: text.into(), ..CommandResponse::default() }
    }
}

/// A command as it is listed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Command {
    pub id: String,
    pub token: String,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub creator_id: String,
    pub team_id: String,
    pub trigger: String,
    pub method: String,
    pub username: String,
    pub icon_url: String,
    pub auto_complete: bool,
    pub auto_complete_desc: String,
    pub auto_complete_hint: String,
    pub display_name: String,
    pub description: String,
    pub url: String,
    pub plugin_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autocomplete_data: Option<AutocompleteData>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub autocomplete_icon_data: String,
}

impl Command {
    /// A command of the server itself.
    pub fn built_in(trigger: &str, description: &str, hint: &str) -> Command {
        Command {
            trigger: trigger.to_owned(),
            display_name: trigger.to_owned(),
            auto_complete: true,
            auto_complete_desc: description.to_owned(),
            auto_complete_hint: hint.to_owned(),
            ..Command::default()
        }
    }
}

impl From<&rialto_model::SlashCommand> for Command {
    fn from(command: &rialto_model::SlashCommand) -> Self {
        Self {
            id: command.id.to_string(),
            token: command.token.clone(),
            create_at: command.create_at.0,
            update_at: command.update_at.0,
            delete_at: 0,
            creator_id: command.creator_id.to_string(),
            team_id: command.team_id.to_string(),
            trigger: command.trigger.clone(),
            method: if command.by_get { "G" } else { "P" }.to_owned(),
            username: command.username.clone(),
            icon_url: command.icon_url.clone(),
            auto_complete: command.auto_complete,
            auto_complete_desc: command.auto_complete_desc.clone(),
            auto_complete_hint: command.auto_complete_hint.clone(),
            display_name: command.display_name.clone(),
            description: command.description.clone(),
            url: command.url.clone(),
            ..Self::default()
        }
    }
}

/// `POST /commands`, `PUT /commands/{command_id}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CommandChange {
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub trigger: String,
    /// `P` or `G`.
    #[serde(deserialize_with = "or_default")]
    pub method: String,
    #[serde(deserialize_with = "or_default")]
    pub username: String,
    #[serde(deserialize_with = "or_default")]
    pub icon_url: String,
    #[serde(deserialize_with = "or_default")]
    pub auto_complete: bool,
    #[serde(deserialize_with = "or_default")]
    pub auto_complete_desc: String,
    #[serde(deserialize_with = "or_default")]
    pub auto_complete_hint: String,
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub description: String,
    #[serde(deserialize_with = "or_default")]
    pub url: String,
}

/// `PUT /commands/{command_id}/move`.
#[derive(Debug, Clone, Deserialize)]
pub struct CommandMove {
    pub team_id: TeamId,
}

/// `PUT /commands/{command_id}/regen_token`.
#[derive(Debug, Clone, Serialize)]
pub struct CommandToken {
    pub token: String,
}

/// How a command and its sub-commands are completed. The keys really are capitalised.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AutocompleteData {
    pub trigger: String,
    pub hint: String,
    pub help_text: String,
    #[serde(rename = "RoleID")]
    pub role_id: String,
    pub arguments: Vec<AutocompleteArgument>,
    pub sub_commands: Vec<AutocompleteData>,
}

/// An argument of a command.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AutocompleteArgument {
    /// Empty for an argument without a name.
    pub name: String,
    pub help_text: String,
    /// `TextInput`, `StaticList` or `DynamicList`.
    #[serde(rename = "Type")]
    pub kind: String,
    pub required: bool,
    pub data: Value,
}

/// One line of `GET …/commands/autocomplete_suggestions`. The keys really are capitalised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AutocompleteSuggestion {
    /// What the box holds once chosen.
    pub complete: String,
    pub suggestion: String,
    pub hint: String,
    pub description: String,
    pub icon_data: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lenient::to_text;

    #[test]
    fn answers_have_every_member() {
        assert_eq!(
            to_text(&CommandResponse::ephemeral("hi")),
            r#"{"response_type":"ephemeral","text":"hi","username":"","channel_id":"","icon_url":"","type":"","props":{},"goto_location":"","trigger_id":"","skip_slack_parsing":false,"attachments":null,"extra_responses":null}"#
        );
    }

    #[test]
    fn completion_keys_are_capitalised() {
        assert_eq!(
            to_text(&AutocompleteSuggestion { complete: "x".into(), ..AutocompleteSuggestion::default() }),
            r#"{"Complete":"x","Suggestion":"","Hint":"","Description":"","IconData":""}"#
        );
        let data = AutocompleteData { arguments: vec![AutocompleteArgument::default()], ..Default::default() };
        let text = to_text(&data);
        for key in ["Trigger", "Hint", "HelpText", "RoleID", "Arguments", "SubCommands", "Name", "Type", "Required"] {
            assert!(text.contains(&format!(r#""{key}":"#)), "{key} in {text}");
        }
    }
}
