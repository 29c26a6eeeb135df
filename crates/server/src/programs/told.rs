//! What programs are told, as they read it.

use rialto_app::programs::{Given, Heard, Place, Pressed};
use rialto_model::{OutgoingWebhook, SlashCommand};
use rialto_wire::v4::programs as wire;

/// The team's id and name; empty without one.
fn team(place: &Place) -> (String, String) {
    place.team.as_ref().map(|(id, name)| (id.to_string(), name.clone())).unwrap_or_default()
}

/// A message, as JSON.
pub(super) fn heard(hook: &OutgoingWebhook, heard: &Heard) -> wire::Heard {
    let (team_id, team_domain) = team(&heard.place);
    wire::Heard {
        token: hook.token.clone(),
        team_id,
        team_domain,
        channel_id: heard.place.channel_id,
        channel_name: heard.place.channel_name.clone(),
        timestamp: heard.at.0,
        user_id: heard.place.user_id,
        user_name: heard.place.user_name.clone(),
        post_id: heard.post_id,
        text: heard.text.clone(),
        trigger_word: heard.trigger_word.clone(),
        file_ids: heard.file_ids.clone(),
    }
}

/// A message, as a form.
pub(super) fn heard_as_form(hook: &OutgoingWebhook, told: &Heard) -> Vec<(&'static str, String)> {
    let json = heard(hook, told);
    vec![
        ("token", json.token),
        ("team_id", json.team_id),
        ("team_domain", json.team_domain),
        ("channel_id", json.channel_id.to_string()),
        ("channel_name", json.channel_name),
        ("timestamp", (json.timestamp / 1_000).to_string()),
        ("user_id", json.user_id.to_string()),
        ("user_name", json.user_name),
        ("post_id", json.post_id.to_string()),
        ("text", json.text),
        ("trigger_word", json.trigger_word),
        ("file_ids", json.file_ids),
    ]
}

/// A command.
pub(super) fn given(command: &SlashCommand, given: &Given) -> Vec<(&'static str, String)> {
    let (team_id, team_domain) = team(&given.place);
    let mut pairs = vec![
        ("token", command.token.clone()),
        ("team_id", team_id),
        ("team_domain", team_domain),
        ("channel_id", given.place.channel_id.to_string()),
        ("channel_name", given.place.channel_name.clone()),
        ("user_id", given.place.user_id.to_string()),
        ("user_name", given.place.user_name.clone()),
        ("command", given.command.clone()),
        ("text", given.text.clone()),
        ("trigger_id", given.trigger_id.clone()),
        ("root_id", given.root_id.map(|id| id.to_string()).unwrap_or_default()),
        ("response_url", given.response_url.clone()),
    ];
    for (name, id) in &given.users {
        pairs.push(("user_mentions", name.clone()));
        pairs.push(("user_mentions_ids", id.to_string()));
    }
    for (name, id) in &given.channels {
        pairs.push(("channel_mentions", name.clone()));
        pairs.push(("channel_mentions_ids", id.to_string()));
    }
    pairs
}

/// A button.
pub(super) fn pressed(pressed: &Pressed) -> wire::Pressed<'_> {
    let (team_id, team_domain) =
        pressed.place.team.as_ref().map_or(("", ""), |(id, name)| (id.as_str(), name.as_str()));
    wire::Pressed {
        user_id: pressed.place.user_id,
        user_name: &pressed.place.user_name,
        channel_id: pressed.place.channel_id,
        channel_name: &pressed.place.channel_name,
        team_id,
        team_domain,
        post_id: pressed.post_id,
        trigger_id: &pressed.trigger_id,
        kind: &pressed.kind,
        data_source: &pressed.data_source,
        context: &pressed.context,
    }
}
