//! Channels that go for good: archiving keeps everything, this keeps nothing. Source: E-138, E-139.

use rialto_model::{ChannelId, DomainEvent, Origin, Permission};
use rialto_store::{StoreError, channels, removal};

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::channels::{DEFAULT_CHANNEL, Error, scope_of_life};
use crate::shares;

/// Messages that go in one transaction, so that nobody else waits long for theirs.
const SLICE: i64 = 500;

/// Deletes a channel with everything in it. Its shares end first: copies elsewhere stay there as channels of their own,
/// and the home of a copy is told that it is over. Stopped on the way, the channel is archived and empty in part, and can
/// be deleted again.
///
/// # Errors
/// [`Error::DeletionOff`] unless the server allows it, [`Error::Denied`] without `manage_system`.
pub async fn delete_permanently(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<(), Error> {
    actor.require(Permission::ManageSystem)?;
    if !app.settings.get().enable_channel_deletion {
        return Err(Error::DeletionOff);
    }
    close(app, id).await?;
    while empty(app, id).await? {}
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    // What came in between, from somebody who had begun to write before the channel was closed.
    let rest = removal::some_posts(&mut tx, id, i64::MAX).await?;
    removal::posts(&mut tx, &rest).await?;
    removal::channel(&mut tx, id).await?;
    tx.record(
        scope_of_life(&channel),
        Origin::Local,
        DomainEvent::ChannelDeleted { channel: *id, team: channel.team_id },
    );
    let about =
        About { action: "delete_channel", channel: Some(*id), result: "ok", detail: &channel.name, ..About::default() };
    audit::by_user(&mut tx, actor, about)?;
    tx.commit().await?;
    Ok(())
}

/// Ends the shares of a channel and archives it, so that nothing more is written in it.
async fn close(app: &App, id: &ChannelId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    if channel.kind.is_direct_or_group() {
        return Err(Error::DirectOrGroup);
    }
    if channel.name == DEFAULT_CHANNEL {
        return Err(Error::DefaultChannel);
    }
    shares::end_all_in(app, &mut tx, &channel).await?;
    let mut channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    if !channel.is_archived() {
        channel.update_at = channel.update_at.next_version(tx.now());
        channel.delete_at = Some(tx.now());
        channels::update(&mut tx, &channel).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Removes some messages of a channel; false if there were none.
async fn empty(app: &App, id: &ChannelId) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let some = removal::some_posts(&mut tx, id, SLICE).await?;
    if some.is_empty() {
        return Ok(false);
    }
    removal::posts(&mut tx, &some).await?;
    tx.commit().await?;
    Ok(true)
}
