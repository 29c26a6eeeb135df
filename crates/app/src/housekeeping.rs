//! Regular chores: what nobody needs any more goes, in small slices.

use rialto_model::{Millis, PeerProfile, Seq};
use rialto_store::{StoreError, log, outbox, remotes, sessions};

use crate::App;

/// Events are kept this long even when every consumer has passed them, so that an administrator can look back, ms.
const KEEP_EVENTS: i64 = 3_600_000;
/// While channels are shared with another Rialto they are kept this long: so old a backup of the peer's is made up for from
/// the log (E-028), ms.
const KEEP_FOR_BACKUPS: i64 = 14 * 24 * 3_600_000;
/// Spent codes are kept this long, so that their reuse gets a reason (ruling 13), ms.
const KEEP_CODES: i64 = 30 * 24 * 3_600_000;
/// Import files may take so long to arrive, as other files (ruling 8.7), ms.
const KEEP_UPLOADS: i64 = 7 * 24 * 3_600_000;
const SLICE: i64 = 500;

/// Removes log entries behind the slowest consumer and the furthest held channel, spent codes and ended sessions.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn tidy(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let edge = {
        let mut view = app.db.read(now).await?;
        let slowest = outbox::slowest_cursor(&mut view).await?;
        let settled = *app.bus.settled().borrow();
        let passed = slowest.map_or(settled, |slowest| slowest.min(settled));
        let peers = remotes::list(&mut view, false).await?;
        let for_backups = peers.iter().any(|peer| peer.is_live() && peer.profile == PeerProfile::Rialto);
        let keep = if for_backups { KEEP_FOR_BACKUPS } else { KEEP_EVENTS };
        log::last_before(&mut view, Millis(now.0 - keep)).await?.map_or(Seq(0), |old| old.min(passed))
    };
    for _ in 0..200 {
        let mut tx = app.db.begin(app.clock.now()).await?;
        let gone = log::prune(&mut tx, edge, SLICE).await?;
        tx.commit().await?;
        if gone == 0 {
            break;
        }
    }
    match crate::shares::heal(app).await {
        Ok(0) => {}
        Ok(number) => tracing::warn!(number, "shares without a connection were ended"),
        Err(error) => tracing::warn!(%error, "shares without a connection could not be ended"),
    }
    match crate::retention::tidy(app).await {
        Ok(0) => {}
        Ok(number) => tracing::info!(number, "messages were removed that are kept no longer"),
        Err(error) => tracing::warn!(%error, "old messages could not be removed"),
    }
    if let Err(error) = crate::ledger::tidy(app).await {
        tracing::warn!(%error, "old lines of the ledger could not be removed");
    }
    if let Err(error) = crate::link_previews::tidy(app).await {
        tracing::warn!(%error, "previews could not be removed");
    }
    if let Err(error) = crate::files::tidy(app).await {
        tracing::warn!(%error, "old uploads could not be removed");
    }
    if let Err(error) = crate::bulk::shelves::tidy(app, Millis(now.0 - KEEP_UPLOADS)).await {
        tracing::warn!(%error, "old import files could not be removed");
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    remotes::prune_invites(&mut tx, Millis(now.0 - KEEP_CODES)).await?;
    sessions::delete_expired(&mut tx, now).await?;
    tx.commit().await
}
