//! What is looked at before the server begins to serve: that the channels that are shared are there (E-130).

use rialto_model::ShareState;
use rialto_store::{StoreError, channels, shares};

use crate::App;
use crate::audit::{self, About};
use crate::notices;

/// Why a share rests whose channel the check has not found.
pub const ORPHANED: &str = "orphaned";

/// Pauses shares whose channel is not there, as after an import or a repair by hand that changed ids, and reports them to
/// the log, the audit and the administrators. Nothing is guessed and nothing ended: once the channel is back, the next check
/// lets its shares go on. Returns how many rest from now on.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn check(app: &App) -> Result<usize, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut orphans = 0;
    let misplaced = shares::list_misplaced(&mut tx, ORPHANED).await?;
    if misplaced.is_empty() {
        return Ok(0);
    }
    for mut share in misplaced {
        let is_there = channels::get(&mut tx, &share.channel_id).await?.is_some();
        let (state, reason) = if is_there { (ShareState::Active, "") } else { (ShareState::Paused, ORPHANED) };
        share.state = state;
        reason.clone_into(&mut share.reason);
        share.update_at = share.update_at.next_version(tx.now());
        shares::update(&mut tx, &share).await?;
        let about = About {
            action: if is_there { "share_found_its_channel" } else { "share_without_channel_paused" },
            remote: Some(share.remote_id),
            channel: Some(share.channel_id),
            result: "ok",
            detail: "",
        };
        audit::by_system(&mut tx, about)?;
        tracing::warn!(share = %share.id, remote = %share.remote_id, channel = %share.channel_id, is_there, "a share was checked");
        orphans += usize::from(!is_there);
    }
    if orphans > 0 {
        notices::orphans_found(app, &mut tx, orphans).await?;
    }
    tx.commit().await?;
    Ok(orphans)
}

#[cfg(test)]
mod tests {
    use rialto_model::Share;

    use super::*;
    use crate::sharing_scene::{Scene, id};

    /// E-130: shares of channels that are not there rest and are reported, once; all others go on, and they themselves when
    /// their channel is back.
    #[tokio::test]
    async fn shares_without_a_channel_rest_until_it_is_there() {
        rialto_store::testing::both(async |db| {
            let scene = Scene::new(db).await;
            let acme = scene.peer("acme").await;
            let whole = scene.share(&acme).await;
            let orphan = Share { id: id(50), channel_id: id(60), ..whole.clone() };
            let mut tx = scene.app.db.begin(scene.tick()).await.unwrap();
            shares::insert(&mut tx, &orphan).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(check(&scene.app).await.unwrap(), 1);
            assert_eq!(check(&scene.app).await.unwrap(), 0);
            let standing = async |share: &Share| {
                let found = shares::get(&mut scene.view().await, &share.id).await.unwrap().unwrap();
                (found.state, found.reason)
            };
            assert_eq!(standing(&orphan).await, (ShareState::Paused, ORPHANED.to_owned()));
            assert_eq!(standing(&whole).await, (ShareState::Active, String::new()));
            let told = scene.dump().await.join("\n");
            assert_eq!(told.matches("1 share rests").count(), 1, "{told}");
            let back = rialto_model::Channel {
                id: id(60),
                name: "back".to_owned(),
                ..scene.channel_row(&scene.channel).await
            };
            let mut tx = scene.app.db.begin(scene.tick()).await.unwrap();
            channels::insert(&mut tx, &back).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(check(&scene.app).await.unwrap(), 0);
            assert_eq!(standing(&orphan).await, (ShareState::Active, String::new()));
        })
        .await;
    }
}
