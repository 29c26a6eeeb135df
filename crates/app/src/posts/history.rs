//! What a message said before it was edited: for its author alone, who may have it say that again. Messages of other servers'
//! people have none here, as nobody here could see it. Source: client-api 5.5.

use rialto_model::{FileInfo, Permission, Post, PostId, PostVersion};
use rialto_store::{Snapshot, StoreError, files, post_versions, posts};

use super::{Error, PostPatch, edit_in};
use crate::App;
use crate::access::{self, Denied, SessionUser};

/// What a message said before, with its files of then in order, those that were taken out since among them.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// The message as it was.
    pub version: PostVersion,
    /// Its files.
    pub files: Vec<FileInfo>,
}

/// A message of the actor's, and what it said before, the latest first.
///
/// # Errors
/// [`Error::NotAuthor`] for others, whatever they may do in the channel; absent if it was never edited. Source: API v4
/// `GET /posts/P/edit_history`.
pub async fn list(app: &App, actor: &SessionUser, id: &PostId) -> Result<(Post, Vec<Earlier>), Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let post = own(&mut view, actor, id).await?;
    let mut found = Vec::new();
    for version in post_versions::list(&mut view, id).await? {
        let files = files_of(&mut view, &version).await?;
        found.push(Earlier { version, files });
    }
    if found.is_empty() { Err(Denied::Absent("post").into()) } else { Ok((post, found)) }
}

async fn own(view: &mut Snapshot, actor: &SessionUser, id: &PostId) -> Result<Post, Error> {
    let post = posts::get(view, id).await?.filter(|post| post.gone_at().is_none()).ok_or(Denied::Absent("post"))?;
    access::channel(view, actor, &post.channel_id, Permission::EditPost).await?;
    if post.user_id == actor.user_id && post.remote_id.is_none() { Ok(post) } else { Err(Error::NotAuthor) }
}

async fn files_of(view: &mut Snapshot, version: &PostVersion) -> Result<Vec<FileInfo>, StoreError> {
    let mut found = Vec::new();
    for id in &version.file_ids {
        found.extend(files::get(view, id).await?.filter(|file| file.post_id == Some(version.post_id)));
    }
    Ok(found)
}

/// Has a message of the actor's say again what it said before, its files included: an edit like any other.
///
/// # Errors
/// [`Error`]; absent if it never said that. Source: API v4 `POST /posts/P/restore/V`.
pub async fn restore(app: &App, actor: &SessionUser, id: &PostId, version: &PostId) -> Result<Post, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let post = own(&mut tx, actor, id).await?;
    let version = post_versions::get(&mut tx, id, version).await?.ok_or(Denied::Absent("post"))?;
    for file in version.file_ids.iter().filter(|file| !post.file_ids.contains(file)) {
        files::revive(&mut tx, file, id).await?;
    }
    let patch = PostPatch { message: Some(version.message), file_ids: Some(version.file_ids), ..PostPatch::default() };
    let (post, changed) = edit_in(app, &mut tx, actor, id, patch).await?;
    if changed {
        tx.commit().await?;
    }
    Ok(post)
}

#[cfg(test)]
mod tests {
    use rialto_store::Db;
    use rialto_store::testing::both;

    use super::*;
    use crate::posts::{NewPost, create, delete, edit, set_pinned};
    use crate::sharing_scene::Scene;

    async fn say(scene: &Scene, id: &PostId, message: &str) -> Post {
        scene.tick();
        let patch = PostPatch { message: Some(message.to_owned()), ..PostPatch::default() };
        edit(&scene.app, &scene.ann.actor, id, patch).await.unwrap()
    }

    async fn said(scene: &Scene, id: &PostId) -> Vec<String> {
        let (_, found) = list(&scene.app, &scene.ann.actor, id).await.unwrap();
        found.into_iter().map(|earlier| earlier.version.message).collect()
    }

    #[tokio::test]
    async fn what_a_message_said_is_kept_for_its_author_and_goes_with_it() {
        both(async |db: Db| {
            let scene = Scene::new(db).await;
            let (app, ann) = (&scene.app, &scene.ann.actor);
            let post = scene.post(&scene.ann, "first").await;
            let never = list(app, ann, &post.id).await;
            assert!(matches!(never, Err(Error::Denied(Denied::Absent("post")))), "{never:?}");
            set_pinned(app, ann, &post.id, true).await.unwrap();
            say(&scene, &post.id, "first").await;
            assert!(list(app, ann, &post.id).await.is_err(), "it said nothing else");
            say(&scene, &post.id, "second").await;
            say(&scene, &post.id, "third").await;
            assert_eq!(said(&scene, &post.id).await, ["second", "first"]);
            for other in [&scene.bob, &scene.admin] {
                let refused = list(app, &other.actor, &post.id).await;
                assert!(matches!(refused, Err(Error::NotAuthor)), "{refused:?}");
            }
            let (_, found) = list(app, ann, &post.id).await.unwrap();
            let first = found[1].version.clone();
            assert_eq!((first.post_id, first.edit_at), (post.id, None));
            let by_bob = restore(app, &scene.bob.actor, &post.id, &first.id).await;
            assert!(matches!(by_bob, Err(Error::NotAuthor)), "{by_bob:?}");
            let other = scene.post(&scene.ann, "another").await;
            let foreign = restore(app, ann, &other.id, &first.id).await;
            assert!(matches!(foreign, Err(Error::Denied(Denied::Absent("post")))), "{foreign:?}");
            scene.tick();
            let restored = restore(app, ann, &post.id, &first.id).await.unwrap();
            assert_eq!((restored.message.as_str(), restored.edit_at.is_some()), ("first", true));
            assert_eq!(said(&scene, &post.id).await, ["third", "second", "first"]);
            delete(app, ann, &post.id).await.unwrap();
            assert!(post_versions::list(&mut scene.view().await, &post.id).await.unwrap().is_empty());
            let gone = restore(app, ann, &post.id, &first.id).await;
            assert!(matches!(gone, Err(Error::Denied(Denied::Absent("post")))), "{gone:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_file_that_was_taken_out_comes_back_with_what_was_said() {
        both(async |db: Db| {
            let scene = Scene::new(db).await;
            let (app, ann) = (&scene.app, &scene.ann.actor);
            let file = crate::files::take_bytes(app, ann, &scene.channel, "plan.txt", "x".into()).await.unwrap().id;
            let new = NewPost { message: "see".to_owned(), file_ids: vec![file], ..NewPost::default() };
            let post = create(app, ann, &scene.channel, new).await.unwrap();
            scene.tick();
            let patch = PostPatch { file_ids: Some(Vec::new()), ..PostPatch::default() };
            assert_eq!(edit(app, ann, &post.id, patch).await.unwrap().file_ids, []);
            assert!(crate::files::info(app, ann, &file).await.is_err());
            let (_, found) = list(app, ann, &post.id).await.unwrap();
            assert_eq!((found.len(), found[0].files[0].id), (1, file));
            scene.tick();
            let restored = restore(app, ann, &post.id, &found[0].version.id).await.unwrap();
            assert_eq!(restored.file_ids, [file]);
            assert!(crate::files::open(app, &scene.bob.actor, &file).await.is_ok());
        })
        .await;
    }
}
