//! The client interface as clients meet it: a real server on a loopback port, real sockets, a real database.

#[cfg(test)]
mod administration;
#[cfg(test)]
mod all_channels;
#[cfg(test)]
mod audited;
#[cfg(test)]
mod bookmarks;
#[cfg(test)]
mod categories;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod command_lists;
#[cfg(test)]
mod command_refusals;
#[cfg(test)]
mod command_secrets;
#[cfg(test)]
mod connection_routes;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod dialogue;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod drafts;
#[cfg(test)]
mod edit_history;
#[cfg(test)]
mod embeds;
#[cfg(test)]
mod hub;
#[cfg(test)]
mod integrations;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod many_connections;
#[cfg(test)]
mod post_reminders;
#[cfg(test)]
mod posts;
#[cfg(test)]
mod remote_clusters;
#[cfg(test)]
mod scheduled_posts;
#[cfg(test)]
mod search;
#[cfg(test)]
mod share_refusals;
#[cfg(test)]
mod share_requests;
#[cfg(test)]
mod threads;
#[cfg(test)]
mod world;
