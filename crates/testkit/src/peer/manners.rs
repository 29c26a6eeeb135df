//! What our server must never send, whatever the test is about. A peer notes each breach and fails the test at its end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::world::World;
use super::{Profile, Request};
use crate::client::text;

/// The largest frame we may send, in bytes (ruling 34).
const LARGEST_FRAME: usize = 290_000;

/// The rules that `request` breaks, in words; `world` is what the peer held before it.
pub(super) fn breaches(profile: Profile, world: &World, request: &Request) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["authorization", "cookie", "x-cloud-token"] {
        if request.headers.contains_key(name) {
            found.push(format!("header {name} (wire 3.2)"));
        }
    }
    if request.path == "/msg" {
        if request.body.len() >= LARGEST_FRAME {
            found.push(format!("a frame of {} bytes (ruling 34)", request.body.len()));
        }
        match request.topic() {
            "sharedchannel_invite" => invitation(profile, world, request.payload(), &mut found),
            "sharedchannel_sync" => sync(profile, world, request.payload(), &mut found),
            _ => {}
        }
    }
    found
}

fn invitation(profile: Profile, world: &World, payload: &Value, found: &mut Vec<String>) {
    let known = world.channels.get(&text(&payload["channel_id"]));
    if profile == Profile::Mattermost537 && known.is_some_and(|channel| channel.record) {
        found.push(format!("a second invitation of {} (ruling 40)", payload["channel_id"]));
    }
}

fn sync(profile: Profile, world: &World, payload: &Value, found: &mut Vec<String>) {
    let list = |member: &str| payload[member].as_array().map(Vec::as_slice).unwrap_or_default();
    let most = if profile == Profile::Mattermost537 { 12 } else { 50 };
    if list("posts").len() > most {
        found.push(format!("{} posts in one message (ruling 34)", list("posts").len()));
    }
    let mut seen = BTreeSet::new();
    for post in list("posts") {
        let id = text(&post["id"]);
        for member in ["pending_post_id", "original_id"] {
            if post[member] != "" {
                found.push(format!("{member} of post {id} is {} (wire 9.3)", post[member]));
            }
        }
        if text(&post["type"]).starts_with("system_") {
            found.push(format!("system post {id} (ruling 48)"));
        }
        if world.posts.get(&id).is_some_and(|known| known.origin.is_none()) {
            found.push(format!("post {id} went back to where it came from (wire 6.3)"));
        }
        if profile == Profile::Mattermost537 && post["props"].to_string().len() >= 8000 {
            found.push(format!("props of post {id} are too long for 5.37 (wire 9.3)"));
        }
        if !seen.insert(id.clone()) {
            found.push(format!("post {id} twice in one message (ruling 34)"));
        }
        let root = text(&post["root_id"]);
        let follows_later = !seen.contains(&root) && list("posts").iter().any(|other| other["id"] == root.as_str());
        if follows_later {
            found.push(format!("reply {id} before its root (ruling 34)"));
        }
    }
    for (id, user) in payload["users"].as_object().into_iter().flatten() {
        for member in ["password", "auth_data", "mfa_secret", "notify_props"] {
            if user.get(member).is_some_and(|value| !value.is_null()) {
                found.push(format!("{member} of user {id} (INV-5)"));
            }
        }
        if user["roles"] != "system_user" {
            found.push(format!("roles of user {id} are {} (wire 5.6)", user["roles"]));
        }
        if world.people.get(id).is_some_and(|known| known.origin.is_none()) {
            found.push(format!("user {id} went back to where they came from (wire 6.3)"));
        }
    }
    for reaction in list("reactions") {
        if !matches!(reaction["remote_id"].as_str(), None | Some("")) {
            found.push(format!("remote_id of a reaction is {} (wire 7.5)", reaction["remote_id"]));
        }
    }
    if profile == Profile::Mattermost537 {
        for member in ["statuses", "membership_changes", "acknowledgements"] {
            if !list(member).is_empty() {
                found.push(format!("{member} to 5.37 (wire 9.3)"));
            }
        }
    }
}
