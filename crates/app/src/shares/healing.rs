//! Shares whose connection is gone, by a fault or a restored database: they end without a word (E-132).

use rialto_model::{DomainEvent, Origin, Scope, ShareState};
use rialto_store::{StoreError, channel_members, channels, outbox, shares};

use super::{Ending, set_shared};
use crate::App;
use crate::audit::{self, About};

/// Ends every live share without a live connection and makes the shared marks of their channels right. Returns how many
/// there were.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn heal(app: &App) -> Result<usize, StoreError> {
    let orphans = shares::list_without_connection(&mut app.db.read(app.clock.now()).await?).await?;
    let mut healed = 0;
    for orphan in orphans {
        let mut tx = app.db.begin(app.clock.now()).await?;
        let channel = channels::lock(&mut tx, &orphan.channel_id).await?;
        let live = shares::get_live(&mut tx, &orphan.channel_id, &orphan.remote_id).await?;
        let Some(mut share) = live.filter(|share| share.id == orphan.id) else { continue };
        share.state = ShareState::Ended;
        share.reason = Ending::RemovedHere.reason().to_owned();
        share.update_at = share.update_at.next_version(tx.now());
        shares::update(&mut tx, &share).await?;
        outbox::forget(&mut tx, &share.remote_id, Some(&share.channel_id)).await?;
        let scope = Scope::Channel(share.channel_id);
        let (channel_id, remote) = (share.channel_id, share.remote_id);
        tx.record(scope, Origin::Local, DomainEvent::ShareEnded { share: share.id, channel: channel_id, remote });
        if let Some(channel) = channel {
            if !channel.kind.is_direct_or_group() {
                for user in channel_members::delete_of_remote(&mut tx, &channel_id, &remote).await? {
                    let event = DomainEvent::ChannelMemberRemoved { channel: channel_id, user, by: None };
                    tx.record(scope, Origin::Remote(remote), event);
                }
            }
            set_shared(&mut tx, &channel, Origin::Local).await?;
        }
        let about = About {
            action: "share_without_connection_ended",
            remote: Some(remote),
            channel: Some(channel_id),
            result: "ok",
            detail: "",
        };
        audit::by_system(&mut tx, about)?;
        tx.commit().await?;
        healed += 1;
    }
    Ok(healed)
}
