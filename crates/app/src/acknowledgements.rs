//! Acknowledging posts that ask for it, taking that back; and applying what peers say of it. Source: client-api 5.5,
//! behaviour 4.3, E-148.

use rialto_model::{Acknowledgement, DomainEvent, Origin, Post, PostId, Scope};
use rialto_store::{StoreError, Tx, acknowledgements, posts};

use crate::access::{self, Denied, SessionUser};
use crate::{App, reminders};

/// How long somebody may take it back, ms (client-api 5.5).
const REGRET: i64 = 5 * 60_000;

/// Why something about an acknowledgement was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Archived channels do not change.
    #[error("the channel is archived")]
    Archived,
    /// There is none.
    #[error("not acknowledged")]
    Absent,
    /// The time in which it may be taken back is over.
    #[error("too late to take it back")]
    TooLate,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Acknowledges a post in the actor's name. Idempotent: the first time counts. Allowed to readers of a read-only share
/// (behaviour 4.3). Records [`DomainEvent::AcknowledgementAdded`].
///
/// # Errors
/// [`Error`].
pub async fn add(app: &App, actor: &SessionUser, post: &PostId) -> Result<Acknowledgement, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let post = lock(&mut tx, actor, post).await?;
    let before = acknowledgements::get(&mut tx, &post.id, &actor.user_id).await?;
    if let Some(made) = before.filter(|ack| ack.acknowledged_at.is_some()) {
        return Ok(made);
    }
    let ack = Acknowledgement {
        user_id: actor.user_id,
        post_id: post.id,
        channel_id: post.channel_id,
        acknowledged_at: Some(tx.now()),
        remote_id: None,
    };
    put(&mut tx, &ack, Origin::Local).await?;
    reminders::answered(&mut tx, &ack.post_id, &ack.user_id)?;
    tx.commit().await?;
    Ok(ack)
}

/// Takes the actor's acknowledgement back. Records [`DomainEvent::AcknowledgementRemoved`].
///
/// # Errors
/// [`Error`].
pub async fn remove(app: &App, actor: &SessionUser, post: &PostId) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let post = lock(&mut tx, actor, post).await?;
    let made = acknowledgements::get(&mut tx, &post.id, &actor.user_id).await?;
    let mut ack = made.filter(|ack| ack.acknowledged_at.is_some()).ok_or(Error::Absent)?;
    if ack.acknowledged_at.is_some_and(|at| tx.now().since(at) > REGRET) {
        return Err(Error::TooLate);
    }
    ack.acknowledged_at = None;
    put(&mut tx, &ack, Origin::Local).await?;
    tx.commit().await?;
    Ok(())
}

/// A live post of a channel the actor is in.
async fn lock(tx: &mut Tx, actor: &SessionUser, post: &PostId) -> Result<Post, Error> {
    let post = posts::lock(tx, post).await?.filter(|post| post.gone_at().is_none()).ok_or(Denied::Absent("post"))?;
    let access = access::readable_channel(tx, actor, &post.channel_id).await?;
    // Whoever only looks in from outside is not asked.
    if !access.is_member() {
        return Err(Denied::Forbidden(rialto_model::Permission::ReadChannel).into());
    }
    if access.channel().is_archived() {
        return Err(Error::Archived);
    }
    Ok(post)
}

/// Writes a changed acknowledgement with everything that follows from it.
pub(crate) async fn put(tx: &mut Tx, ack: &Acknowledgement, origin: Origin) -> Result<(), StoreError> {
    acknowledgements::put(tx, ack).await?;
    let event = match ack.acknowledged_at {
        Some(_) => DomainEvent::AcknowledgementAdded(ack.clone()),
        None => DomainEvent::AcknowledgementRemoved(ack.clone()),
    };
    tx.record(Scope::Channel(ack.channel_id), origin, event);
    Ok(())
}

#[cfg(test)]
mod tests {
    use rialto_model::{DomainEvent, Priority};
    use rialto_store::Db;
    use rialto_store::testing::both;

    use super::*;
    use crate::posts::{NewPost, create};
    use crate::sharing_scene::Scene;
    use crate::shown_posts;

    fn urgent() -> Priority {
        Priority { level: "urgent".to_owned(), requested_ack: true, persistent_notifications: false }
    }

    /// SC-013, E-148: the mark and the list of acknowledgers, the first time counting, back within five minutes.
    #[tokio::test]
    async fn a_post_that_asks_is_acknowledged_once_and_taken_back_in_time() {
        both(async |db: Db| {
            let scene = Scene::new(db).await;
            let new = NewPost { message: "fire".to_owned(), priority: Some(urgent()), ..NewPost::default() };
            let post = create(&scene.app, &scene.ann.actor, &scene.channel, new).await.unwrap();
            let head = scene.head().await;
            scene.tick();
            let first = add(&scene.app, &scene.bob.actor, &post.id).await.unwrap();
            scene.tick();
            assert_eq!(add(&scene.app, &scene.bob.actor, &post.id).await.unwrap(), first);
            let events = scene.recorded_since(head).await;
            let events: Vec<_> = events.into_iter().map(|recorded| recorded.event).collect();
            assert_eq!(events, [DomainEvent::AcknowledgementAdded(first.clone())]);
            let moved = scene.row(&post.id).await.unwrap();
            assert!(moved.update_at > post.update_at, "who asks \"since\" sees it");
            let shown = shown_posts::show(&scene.app, vec![moved]).await.unwrap();
            assert_eq!((shown[0].priority.clone(), shown[0].acknowledgements.clone()), (Some(urgent()), vec![first]));

            scene.app.clock.advance(REGRET + 1);
            assert!(matches!(remove(&scene.app, &scene.bob.actor, &post.id).await, Err(Error::TooLate)));
            assert!(matches!(remove(&scene.app, &scene.ann.actor, &post.id).await, Err(Error::Absent)));
            add(&scene.app, &scene.ann.actor, &post.id).await.unwrap();
            remove(&scene.app, &scene.ann.actor, &post.id).await.unwrap();
            let row = scene.row(&post.id).await.unwrap();
            let shown = shown_posts::show(&scene.app, vec![row]).await.unwrap();
            assert_eq!(shown[0].acknowledgements.len(), 1);
            add(&scene.app, &scene.ann.actor, &post.id).await.unwrap();

            let outsider = scene.person("otto").await;
            assert!(matches!(add(&scene.app, &outsider.actor, &post.id).await, Err(Error::Denied(_))));
            crate::posts::delete(&scene.app, &scene.ann.actor, &post.id).await.unwrap();
            assert!(matches!(add(&scene.app, &scene.admin.actor, &post.id).await, Err(Error::Denied(_))));
        })
        .await;
    }
}
