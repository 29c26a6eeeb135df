//! That somebody types: told to whoever is in the channel right now, and stored nowhere.

use rialto_model::{ChannelId, Permission, PostId};

use crate::access::{self, Denied, SessionUser};
use crate::{App, Volatile};

/// Tells a channel that the actor types, in the thread `root` if given. Where nobody may write, nothing is told.
/// Source: client-api 9.2.
///
/// # Errors
/// [`Denied`] without `create_post` in the channel.
pub async fn announce(app: &App, actor: &SessionUser, channel: &ChannelId, root: Option<PostId>) -> Result<(), Denied> {
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::channel(&mut view, actor, channel, Permission::CreatePost).await?;
    if !access.channel().is_archived() && access::writable(app, &mut view, access.channel()).await.is_ok() {
        app.bus.tell(Volatile::Typing { channel: *channel, user: actor.user_id, root });
    }
    Ok(())
}
