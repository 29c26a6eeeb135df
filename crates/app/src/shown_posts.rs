//! Posts with what clients are shown beside them.

use std::collections::HashMap;

use rialto_model::{Acknowledgement, FileInfo, LinkPreview, Post, PostId, Priority, Reaction};
use rialto_store::{Snapshot, StoreError, acknowledgements, posts, priorities, reactions};

use crate::{App, files, link_previews};

/// A post with what clients are shown beside it.
#[derive(Debug, Clone)]
pub struct ShownPost {
    /// The post.
    pub post: Post,
    /// What its author's client called it before it had an id; empty if nothing.
    pub pending_post_id: String,
    /// Reactions to it, in the order they were made.
    pub reactions: Vec<Reaction>,
    /// Its files that are here, in order.
    pub files: Vec<FileInfo>,
    /// How urgent it is; None for a standard one.
    pub priority: Option<Priority>,
    /// Who has acknowledged it, if it asks for that.
    pub acknowledgements: Vec<Acknowledgement>,
    /// What is known of the page it links to.
    pub preview: Option<LinkPreview>,
}

/// What is shown beside posts that were handed out already, in their order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn show(app: &App, found: Vec<Post>) -> Result<Vec<ShownPost>, StoreError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let shown = beside(&mut app.db.read(app.clock.now()).await?, found).await?;
    link_previews::ask(app, &shown);
    Ok(shown)
}

/// Posts in no order, unknown ones missing. Whoever asks has seen to it that they may be shown.
pub(crate) async fn list(view: &mut Snapshot, ids: &[PostId]) -> Result<Vec<ShownPost>, StoreError> {
    let found = posts::list_by_ids(view, ids).await?;
    beside(view, found).await
}

async fn beside(view: &mut Snapshot, found: Vec<Post>) -> Result<Vec<ShownPost>, StoreError> {
    let ids: Vec<PostId> = found.iter().map(|post| post.id).collect();
    let mut pending: HashMap<PostId, String> = posts::pending_ids(view, &ids).await?.into_iter().collect();
    let reacted: Vec<PostId> = found.iter().filter(|post| post.has_reactions).map(|post| post.id).collect();
    let mut by_post: HashMap<PostId, Vec<Reaction>> = HashMap::new();
    if !reacted.is_empty() {
        for reaction in reactions::list(view, &reacted).await? {
            by_post.entry(reaction.post_id).or_default().push(reaction);
        }
    }
    let mut files: HashMap<PostId, Vec<FileInfo>> = files::of_posts(view, &found).await?.into_iter().collect();
    let mut priorities: HashMap<PostId, Priority> = priorities::list(view, &ids).await?.into_iter().collect();
    let asking: Vec<PostId> =
        priorities.iter().filter(|(_, priority)| priority.requested_ack).map(|(id, _)| *id).collect();
    let mut acknowledged: HashMap<PostId, Vec<Acknowledgement>> = HashMap::new();
    if !asking.is_empty() {
        for ack in acknowledgements::list(view, &asking).await? {
            acknowledged.entry(ack.post_id).or_default().push(ack);
        }
    }
    let mut previews = link_previews::beside(view, &found).await?;
    let shown = found.into_iter().map(|post| ShownPost {
        preview: previews.remove(&post.id),
        pending_post_id: pending.remove(&post.id).unwrap_or_default(),
        files: files.remove(&post.id).unwrap_or_default(),
        reactions: by_post.remove(&post.id).unwrap_or_default(),
        priority: priorities.remove(&post.id),
        acknowledgements: acknowledged.remove(&post.id).unwrap_or_default(),
        post,
    });
    Ok(shown.collect())
}
