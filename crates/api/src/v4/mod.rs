//! API v4: one file per resource, its routes and handlers; each lists its routes in `routes()`.

mod avatar;
mod config;
mod license;
mod preferences;
mod roles;
mod sessions;
mod statuses;
mod stubs;
mod system;
mod team_members;
mod teams;
mod user_lists;
mod users;

use axum::Router;

use crate::Api;

/// All routes, relative to `/api/v4`.
pub fn routes() -> Router<Api> {
    Router::new()
        .merge(users::routes())
        .merge(user_lists::routes())
        .merge(avatar::routes())
        .merge(sessions::routes())
        .merge(preferences::routes())
        .merge(statuses::routes())
        .merge(teams::routes())
        .merge(team_members::routes())
        .merge(roles::routes())
        .merge(system::routes())
        .merge(config::routes())
        .merge(license::routes())
        .merge(stubs::routes())
}
