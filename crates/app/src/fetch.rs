//! What a peer asks for again: messages of a channel shared with it, and after a restore its own that were lost (ruling
//! 8.10). Only what the share may carry is given; what may not is simply missing.

use rialto_model::{ChannelId, Millis, PostId, UserId};
use rialto_store::{StoreError, outbox as announced, posts};

use crate::App;
use crate::access::{self, Denied, RemoteActor};
use crate::outbox::{self, Contents, Wanted};

/// Ids in one request.
pub const MOST: usize = 50;
/// Messages in one answer to [`Asked::MineAfter`].
const PAGE: i64 = 200;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// These messages and people.
    Ids {
        /// Messages.
        posts: Vec<PostId>,
        /// People.
        users: Vec<UserId>,
    },
    /// What people of the asker wrote behind this place, by time of writing and id.
    MineAfter {
        /// When the last one was written, ms.
        at: Millis,
        /// Its id; empty: none.
        id: String,
    },
}

/// What is given.
#[derive(Debug)]
pub struct Given {
    /// Rows, and the people to describe with them as `unknown`.
    pub contents: Box<Contents>,
    /// There is more behind it.
    pub more: bool,
}

/// Finds what a peer asks for. None: the channel is not shared with it.
///
/// # Errors
/// [`StoreError`] as the database says; [`Denied::Paused`] as an error that passes.
pub async fn find(
    app: &App,
    actor: &RemoteActor,
    channel: &ChannelId,
    asked: Asked,
) -> Result<Option<Given>, StoreError> {
    let remote = actor.id();
    let mut view = app.db.read(app.clock.now()).await?;
    match access::share(&mut view, actor, channel).await {
        Ok(_) => {}
        Err(Denied::Store(error)) => return Err(error),
        Err(Denied::Paused) => return Err(StoreError::Busy("the channel rests".to_owned())),
        Err(Denied::Absent(_) | Denied::Forbidden(_) | Denied::ReadOnlyShare | Denied::Closed(_)) => return Ok(None),
    }
    let (wanted, own, more) = match asked {
        Asked::MineAfter { at, id } => {
            let mut own = posts::of_owner(&mut view, channel, &remote, (at, &id), PAGE + 1).await?;
            let more = own.len() > usize::try_from(PAGE).unwrap_or_default();
            own.truncate(usize::try_from(PAGE).unwrap_or_default());
            // A stub stands in for what never came here; it is nothing to give back.
            let ids = own.iter().filter(|post| post.remote_update_at.0 > 0).map(|post| post.id).collect();
            (Wanted { posts: ids, backfill: true, ..Wanted::default() }, Some(own), more)
        }
        Asked::Ids { posts: wanted, users } => {
            let mut given = Vec::new();
            for id in wanted.iter().take(MOST) {
                let own = posts::get(&mut view, id).await?.is_some_and(|post| post.remote_id == Some(remote));
                if own || outbox::was_given(&mut view, &remote, id).await? {
                    given.push(*id);
                }
            }
            let mut known = Vec::new();
            for user in users.iter().take(MOST) {
                if announced::announced_channels(&mut view, &remote, user).await?.contains(channel) {
                    known.push(*user);
                }
            }
            (Wanted { posts: given, profiles: known, backfill: true, ..Wanted::default() }, None, false)
        }
    };
    drop(view);
    let Some(mut contents) = outbox::load(app, &remote, channel, &wanted).await? else { return Ok(None) };
    if let Some(own) = own {
        // In their own order, and without the roots of others, which the log brings.
        contents.posts = own.into_iter().filter(|post| post.remote_update_at.0 > 0).collect();
    }
    Ok(Some(Given { contents: Box::new(contents), more }))
}
