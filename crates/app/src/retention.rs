//! Messages that are older than this server keeps them go, here alone: other servers keep theirs by their own rules (E-131).

use rialto_store::{StoreError, removal};

use crate::App;

/// Removed in one transaction.
const SLICE: i64 = 200;
/// Transactions in one go.
const SLICES: usize = 500;
/// What stands for a root whose replies are younger than it may be.
pub const GONE: &str = "*This message is no longer kept on this server.*";

/// Removes what is too old, with all that hangs on it. A root with younger replies loses what it says and keeps its place.
/// Nothing of it stands in the event log, so no other server hears of it. Returns how many messages went.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn tidy(app: &App) -> Result<usize, StoreError> {
    let mut removed = 0;
    for _ in 0..SLICES {
        let now = app.clock.now();
        let Some(from) = app.settings.get().messages_kept_from(now) else { break };
        let mut tx = app.db.begin(now).await?;
        let expired = removal::expired(&mut tx, from, GONE, SLICE).await?;
        if expired.is_empty() {
            break;
        }
        let (roots, whole): (Vec<_>, Vec<_>) = expired.into_iter().partition(|(_, is_needed)| *is_needed);
        let ids = |list: Vec<_>| list.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        let (roots, whole) = (ids(roots), ids(whole));
        removal::posts(&mut tx, &whole).await?;
        removal::contents(&mut tx, &roots, GONE).await?;
        tx.commit().await?;
        removed += roots.len() + whole.len();
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use rialto_model::Millis;
    use rialto_store::testing::both;
    use rialto_store::{Db, log};

    use super::*;
    use crate::Settings;
    use crate::apply::{IncomingPost, release_stuck};
    use crate::sharing_scene::{Scene, id, incoming_post, with_posts};

    const DAY: i64 = 24 * 3_600_000;

    /// E-131: old messages go without a word to anybody; what comes from elsewhere later does not bring them back, and a late
    /// reply stands below a root that says nothing.
    #[tokio::test]
    async fn old_messages_go_here_alone() {
        both(async |db: Db| {
            let scene = Scene::new(db).await;
            let acme = scene.peer("acme").await;
            scene.share(&acme).await;
            scene.guest(&acme, 1).await;
            let ours = scene.post(&scene.ann, "ours, old").await;
            scene.reply(&scene.ann, &ours.id, "a reply as old").await;
            scene.take(&acme, with_posts([incoming_post(10, 1)])).await;
            let theirs = scene.row(&id(10)).await.unwrap();
            let root = scene.post(&scene.ann, "a root that is old").await;
            scene.app.clock.advance(40 * DAY);
            let young = scene.reply(&scene.bob, &root.id, "a young reply").await;
            let head = log::newest(&mut scene.view().await).await.unwrap();
            assert_eq!(tidy(&scene.app).await.unwrap(), 0, "everything is kept unless somebody says otherwise");
            let settings = (*scene.app.settings.get()).clone();
            scene.app.settings.set(Settings { message_deletion: true, message_retention_days: 30, ..settings });
            assert_ne!(tidy(&scene.app).await.unwrap(), 0);
            assert_eq!(tidy(&scene.app).await.unwrap(), 0, "a root without words is no work");
            assert_eq!(scene.row(&ours.id).await, None);
            assert_eq!(scene.row(&theirs.id).await, None);
            assert_eq!(scene.row(&root.id).await.unwrap().message, GONE);
            assert_eq!(scene.row(&young.id).await.unwrap().message, "a young reply");
            assert_eq!(log::newest(&mut scene.view().await).await.unwrap(), head, "nobody is told");

            let edited = IncomingPost {
                create_at: theirs.create_at,
                update_at: scene.app.clock.now(),
                message: "edited there".to_owned(),
                ..incoming_post(10, 1)
            };
            let outcome = scene.take(&acme, with_posts([edited])).await;
            assert!(outcome.refused_posts.is_empty(), "the peer is not to try again");
            assert_eq!(scene.row(&theirs.id).await, None);
            let late =
                IncomingPost { root_id: Some(theirs.id), create_at: scene.app.clock.now(), ..incoming_post(11, 1) };
            scene.take(&acme, with_posts([late])).await;
            scene.app.clock.advance(61_000);
            release_stuck(&scene.app).await.unwrap();
            assert_eq!(scene.row(&id(11)).await.unwrap().root_id, Some(theirs.id));
            let stub = scene.row(&theirs.id).await.unwrap();
            assert!(stub.message.contains("not arrived") && stub.remote_update_at == Millis(0), "{stub:?}");
        })
        .await;
    }
}
