//! Moderating a channel: what its ordinary members and guests may do here.
//!
//! It is said on each side for that side's people (SC-017 to SC-019, behaviour 4.4.1). Nothing of it travels, and what
//! peers send is taken whatever is said here.

use rialto_model::{ChannelId, DomainEvent, Moderated, Moderation, Origin, Permission, Scope, Whom};
use rialto_store::{Snapshot, channels, moderation};

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::channels::Error;

/// One thing to take from or give back to members or guests.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// From whom.
    pub whom: Whom,
    /// What.
    pub what: Moderated,
    /// Whether they may do it from now on.
    pub allowed: bool,
}

/// How a channel is moderated.
///
/// # Errors
/// [`Error::Denied`] without `sysconsole_read_user_management_channels`, [`Error::DirectOrGroup`].
pub async fn get(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Moderation, Error> {
    actor.require(Permission::SysconsoleReadUserManagementChannels)?;
    let mut view = app.db.read(app.clock.now()).await?;
    let channel = channels::get(&mut view, id).await?.ok_or(Denied::Absent("channel"))?;
    if channel.kind.is_direct_or_group() {
        return Err(Error::DirectOrGroup);
    }
    present(&mut view, id).await
}

async fn present(view: &mut Snapshot, id: &ChannelId) -> Result<Moderation, Error> {
    Ok(moderation::get(view, id).await?.ok_or(Denied::Absent("channel"))?)
}

/// Changes how a channel is moderated, at once for everybody, and returns how it is then. Records
/// [`DomainEvent::ChannelModerated`] if anything is different. What nobody of these people has anywhere is passed over.
///
/// # Errors
/// [`Error::Denied`] without `sysconsole_write_user_management_channels`, [`Error::DirectOrGroup`], [`Error::Archived`].
pub async fn patch(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    changes: impl IntoIterator<Item = Change>,
) -> Result<Moderation, Error> {
    actor.require(Permission::SysconsoleWriteUserManagementChannels)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    if channel.kind.is_direct_or_group() {
        return Err(Error::DirectOrGroup);
    }
    if channel.is_archived() {
        return Err(Error::Archived);
    }
    let before = present(&mut tx, id).await?;
    let after = changes.into_iter().fold(before, |moderation, change| {
        let Change { whom, what, allowed } = change;
        moderation.set(whom, what, !allowed)
    });
    if after != before {
        moderation::set(&mut tx, id, after).await?;
        tx.record(Scope::Channel(*id), Origin::Local, DomainEvent::ChannelModerated { channel: *id });
        let detail = format!("{}: {}", channel.name, in_words(after));
        let about =
            About { action: "moderate_channel", channel: Some(*id), result: "ok", detail: &detail, ..About::default() };
        audit::by_user(&mut tx, actor, about)?;
        tx.commit().await?;
    }
    Ok(after)
}

/// For the audit: who may not do what.
fn in_words(moderation: Moderation) -> String {
    let of = |whom: Whom, name: &str| {
        let taken = Moderated::ALL.into_iter().filter(|what| moderation.taken(whom).has(*what));
        let taken: Vec<&str> = taken.map(Moderated::name).collect();
        if taken.is_empty() { format!("{name} unrestricted") } else { format!("{name} without {}", taken.join(", ")) }
    };
    format!("{}; {}", of(Whom::Members, "members"), of(Whom::Guests, "guests"))
}
