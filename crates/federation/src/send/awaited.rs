//! Posts that wait for their files: a Mattermost drops from a post for good what is not there before it (wire 7.6).
//! Later posts do not wait (ruling 36).

use std::time::Duration;

use rialto_app::deliveries;
use rialto_app::outbox::{self, Contents, Wanted};
use rialto_model::RemoteCluster;

use super::deliver::deliver;
use super::sender::LONG;
use super::{Undelivered, files};
use crate::Federation;

/// Takes posts whose files must go first out of what is about to be sent.
pub(super) async fn hold(fed: &Federation, contents: &mut Contents) -> Result<(), Undelivered> {
    if contents.files.is_empty() || files::resumes(&contents.remote) {
        return Ok(());
    }
    let held = deliveries::hold(&fed.app, &contents.remote.id, &contents.posts, &contents.files).await?;
    contents.posts.retain(|post| !held.contains(&post.id));
    Ok(())
}

/// How long posts wait that a peer has answered with an error.
const AGAIN: Duration = Duration::from_secs(5);

/// Sends posts whose files are there by now, refused, or too long in coming. Returns when to look again.
pub(super) async fn send_released(fed: &Federation, remote: &RemoteCluster) -> Result<Duration, Undelivered> {
    if files::resumes(remote) {
        return Ok(LONG);
    }
    let mut wait = LONG;
    for (channel, posts) in deliveries::released(&fed.app, &remote.id).await? {
        let wanted = Wanted { posts, ..Wanted::default() };
        match deliver(fed, remote, &channel, wanted).await {
            Ok(delivery) if delivery.taken > 0 => {
                outbox::count_late(&fed.app, &remote.id, (channel, delivery.taken)).await?;
            }
            Ok(_) => {}
            // They stay released; the other channels' go on.
            Err(undelivered) if undelivered.answered => wait = AGAIN,
            Err(undelivered) => return Err(undelivered),
        }
    }
    Ok(wait)
}
