//! Posts that wait for their files: a Mattermost drops from a post for good what is not there before it (wire 7.6).
//! Later posts do not wait (ruling 36).

use rialto_app::deliveries;
use rialto_app::outbox::{Contents, Wanted};
use rialto_model::RemoteCluster;

use super::sender::deliver;
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

/// Sends posts whose files are there by now, refused, or too long in coming.
pub(super) async fn send_released(fed: &Federation, remote: &RemoteCluster) -> Result<(), Undelivered> {
    if files::resumes(remote) {
        return Ok(());
    }
    for (channel, posts) in deliveries::released(&fed.app, &remote.id).await? {
        let wanted = Wanted { posts, ..Wanted::default() };
        deliver(fed, remote, &channel, wanted).await?;
    }
    Ok(())
}
