//! Recorded traffic of two real Mattermost 5.37 servers, one of which is replaced by ours.
//!
//! What the other one sent is sent again, what people did on the replaced one is done through our API, and what they see
//! is checked. The frames our server sends of its own must have the members and types of the recorded ones.

mod as_guest;
mod as_home;
mod commands;
mod conversations;
mod faults;
mod files;
mod hand_made;
mod life_cycle;
mod links;
mod outages;
mod pictures;
mod profiles;
mod read_only;
mod stage;

/// The id of a JSON object.
fn id(object: &serde_json::Value) -> String {
    rialto_testkit::client::text(&object["id"])
}
