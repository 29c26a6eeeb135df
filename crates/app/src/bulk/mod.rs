//! Moving an installation: what it holds as lines of names ([`rialto_model::bulk`]), taken over from a file or written to
//! one, by jobs. Source: client-api 7.7.
//!
//! What other servers own, connections, sign-ins, tokens and drafts do not move.

mod archive;
pub mod export;
pub mod import;
pub mod shelves;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// Keys of notification settings that are called otherwise in the lines: (here, there).
const RENAMED: [(&str, &str); 2] = [("push", "mobile"), ("push_status", "mobile_push_status")];

/// Notification settings as lines have them.
fn props_out(props: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let rename = |key: &str| RENAMED.iter().find(|(here, _)| *here == key).map_or(key, |(_, there)| there).to_owned();
    props.iter().map(|(key, value)| (rename(key), value.clone())).collect()
}

/// The reverse of [`props_out`].
fn props_in(props: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let rename = |key: &str| RENAMED.iter().find(|(_, there)| *there == key).map_or(key, |(here, _)| here).to_owned();
    props.iter().map(|(key, value)| (rename(key), value.clone())).collect()
}

/// Where the members that say how somebody wants to see things are kept: category and name of the preference.
const DISPLAY: [(&str, &str); 6] = [
    ("display_settings", "use_military_time"),
    ("display_settings", "name_format"),
    ("display_settings", "collapse_previews"),
    ("display_settings", "message_display"),
    ("display_settings", "channel_display_mode"),
    ("sidebar_settings", "show_unread_section"),
];
/// Their places that depend on the person or have no name.
const THEME: &str = "theme";
const TUTORIAL: &str = "tutorial_step";
const EMAIL_INTERVAL: (&str, &str) = ("notifications", "email_interval");
const FAVORITE: &str = "favorite_channel";
const SAVED: &str = "flagged_post";
const SHOWN_DIRECT: &str = "direct_channel_show";
const SHOWN_GROUP: &str = "group_channel_show";
