//! Telling a channel that somebody types. Nothing is stored.

use rialto_model::{ChannelId, Permission, PostId};

use crate::access::{self, Denied, SessionUser};
use crate::{App, Volatile};

/// Tells a channel, or a thread in it, that the actor types.
///
/// # Errors
/// [`Denied`] without `create_post` in the channel.
pub async fn announce(app: &App, actor: &SessionUser, channel: &ChannelId, root: Option<PostId>) -> Result<(), Denied> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::channel(&mut view, actor, channel, Permission::CreatePost).await?;
    app.bus.tell(Volatile::Typing { channel: *channel, user: actor.user_id, root });
    Ok(())
}
