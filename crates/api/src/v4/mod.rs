//! API v4: one file per resource, its routes and handlers; each lists its routes in `routes()`.

mod access_tokens;
mod acknowledgements;
mod all_channels;
pub(crate) mod attempts;
mod audits;
mod avatar;
mod bookmarks;
mod bots;
mod categories;
mod channel_lists;
mod channel_members;
mod channels;
mod commands;
mod config;
mod connection_health;
mod connection_policy;
mod connection_trust;
mod deliveries;
mod drafts;
mod edit_history;
mod embeds;
mod emoji;
mod files;
mod history;
mod id_lists;
mod integration_actions;
mod jobs;
mod ledger;
mod license;
mod moderations;
mod outgoing_webhooks;
mod post_lists;
mod post_reminders;
pub(crate) mod posts;
mod preferences;
mod reactions;
mod remote_clusters;
mod roles;
mod scheduled_posts;
mod search;
mod sessions;
mod set_aside;
mod share_requests;
mod shared_channels;
mod shelves;
mod slash_commands;
mod statuses;
mod stubs;
mod system;
mod team_members;
mod teams;
pub(crate) mod threads;
mod user_lists;
mod users;
pub(crate) mod webhooks;

pub use slash_commands::answered;

use axum::Router;

use crate::Api;

/// All routes, relative to `/api/v4`.
pub fn routes() -> Router<Api> {
    Router::new()
        .merge(users::routes())
        .merge(user_lists::routes())
        .merge(avatar::routes())
        .merge(search::routes())
        .merge(sessions::routes())
        .merge(access_tokens::routes())
        .merge(bots::routes())
        .merge(webhooks::routes())
        .merge(outgoing_webhooks::routes())
        .merge(slash_commands::routes())
        .merge(integration_actions::routes())
        .merge(preferences::routes())
        .merge(statuses::routes())
        .merge(teams::routes())
        .merge(team_members::routes())
        .merge(channels::routes())
        .merge(channel_lists::routes())
        .merge(channel_members::routes())
        .merge(moderations::routes())
        .merge(categories::routes())
        .merge(posts::routes())
        .merge(post_lists::routes())
        .merge(threads::routes())
        .merge(drafts::routes())
        .merge(scheduled_posts::routes())
        .merge(post_reminders::routes())
        .merge(edit_history::routes())
        .merge(bookmarks::routes())
        .merge(all_channels::routes())
        .merge(deliveries::routes())
        .merge(files::routes())
        .merge(emoji::routes())
        .merge(reactions::routes())
        .merge(acknowledgements::routes())
        .merge(remote_clusters::routes())
        .merge(set_aside::routes())
        .merge(connection_policy::routes())
        .merge(connection_trust::routes())
        .merge(connection_health::routes())
        .merge(shared_channels::routes())
        .merge(share_requests::routes())
        .merge(history::routes())
        .merge(ledger::routes())
        .merge(roles::routes())
        .merge(system::routes())
        .merge(config::routes())
        .merge(license::routes())
        .merge(commands::routes())
        .merge(audits::routes())
        .merge(jobs::routes())
        .merge(shelves::routes())
        .merge(stubs::routes())
}
