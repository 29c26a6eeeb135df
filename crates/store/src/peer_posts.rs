//! Which posts a peer may ever have been given: those that came while the channel was shared with it, those it was sent as
//! history (behaviour 8.1), and older roots it got for later replies (ruling 46).
//!
//! What else was written before a share, or between two of them, stays here whatever is done to it later.

use rialto_model::{PostId, RemoteId};

use crate::{Id, Snapshot, Sql, StoreError, Tx, json_list};

/// Holds of a post `p` that came during a share with `$1`. An ended share counts only if anything was ever exchanged
/// over it: a peer that never took the invitation holds nothing.
macro_rules! came_while_shared {
    () => {
        "EXISTS (SELECT 1 FROM shares s WHERE s.channel_id = p.channel_id AND s.remote_id = $1 AND s.from_seq >= 0 \
         AND s.state <> 'failed' AND p.arrive_at >= s.create_at \
         AND (s.live OR (s.last_sync_at > 0 AND p.arrive_at <= s.update_at)))"
    };
}

/// Holds of a post `p` that `$1` was sent as history, with everything that belongs to it.
macro_rules! was_sent_whole {
    () => {
        "EXISTS (SELECT 1 FROM context_posts x WHERE x.remote_id = $1 AND x.post_id = p.id AND x.whole)"
    };
}

/// Of these posts the ones a peer owns, that came while their channel was shared with it, or that it was sent as history.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn shared(view: &mut Snapshot, remote: &RemoteId, posts: &[PostId]) -> Result<Vec<PostId>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!(
            "SELECT p.id FROM posts p WHERE p.id IN (SELECT value FROM json_each($2)) AND (p.remote_id = $1 OR ",
            came_while_shared!(),
            " OR ",
            was_sent_whole!(),
            ")"
        ),
        concat!(
            "SELECT p.id FROM posts p WHERE p.id IN (SELECT json_array_elements_text($2::json)) AND (p.remote_id = $1 OR ",
            came_while_shared!(),
            " OR ",
            was_sent_whole!(),
            ")"
        ),
    );
    let ids: Vec<Id<PostId>> = view.fetch_all(LIST, &[remote.into(), (&json_list(posts)).into()]).await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// True if a peer was given the post as the root of a later reply, and nothing more of it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn is_context(view: &mut Snapshot, remote: &RemoteId, post: &PostId) -> Result<bool, StoreError> {
    view.fetch_one(
        "SELECT EXISTS (SELECT 1 FROM context_posts WHERE remote_id = $1 AND post_id = $2 AND NOT whole)",
        &[remote.into(), post.into()],
    )
    .await
}

/// Notes which of the posts a peer has taken came before its share, and whether it got all of them (`whole`) or only roots
/// for later replies. Who got all keeps that.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn note_taken(tx: &mut Tx, remote: &RemoteId, posts: &[PostId], whole: bool) -> Result<(), StoreError> {
    const INSERT: Sql = Sql::per(
        concat!(
            "INSERT INTO context_posts (remote_id, post_id, whole) SELECT $1, p.id, CAST($3 AS BOOLEAN) FROM posts p \
             WHERE p.id IN (SELECT value FROM json_each($2)) AND NOT ",
            came_while_shared!(),
            " ON CONFLICT (remote_id, post_id) DO UPDATE SET whole = TRUE WHERE excluded.whole"
        ),
        concat!(
            "INSERT INTO context_posts (remote_id, post_id, whole) SELECT $1, p.id, CAST($3 AS BOOLEAN) FROM posts p \
             WHERE p.id IN (SELECT json_array_elements_text($2::json)) AND NOT ",
            came_while_shared!(),
            " ON CONFLICT (remote_id, post_id) DO UPDATE SET whole = TRUE WHERE excluded.whole"
        ),
    );
    if posts.is_empty() {
        return Ok(());
    }
    tx.execute(INSERT, &[remote.into(), (&json_list(posts)).into(), whole.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::{Millis, RemoteId, Seq, Share, ShareState};

    use super::*;
    use crate::samples::{NOW, begin, id, post, scene, share};
    use crate::testing::both;
    use crate::{Db, posts, shares};

    /// Gives a share that was added after the messages of its channel the times it should have.
    async fn began(tx: &mut Tx, share: &Share) {
        let set = "UPDATE shares SET create_at = $1, update_at = $2 WHERE id = $3";
        let args = [share.create_at.into(), share.update_at.into(), (&share.id).into()];
        tx.execute(set, &args).await.unwrap();
    }

    #[tokio::test]
    async fn a_post_is_a_peers_to_hear_of_if_it_came_during_a_share() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let channel = scene.channel.id;
            for n in 1..=4 {
                posts::insert_now(&mut tx, &post(n, channel, id(1))).await.unwrap();
            }
            let ids: Vec<PostId> = (1..=4).map(id).collect();
            let peer: RemoteId = id(7);
            assert_eq!(shared(&mut tx, &peer, &ids).await.unwrap(), []);
            // All four came at NOW.
            let of = |n, create_at: i64, update_at: i64, state, last_sync_at| Share {
                create_at: Millis(NOW.0 + create_at),
                update_at: Millis(NOW.0 + update_at),
                from_seq: Some(Seq(1)),
                state,
                last_sync_at,
                ..share(n, channel, peer)
            };
            let synced = Some(NOW);
            for (n, other) in [
                of(1, 1, 9, ShareState::Active, synced),
                of(2, -9, -1, ShareState::Ended, synced),
                of(3, -9, 9, ShareState::Ended, None),
                of(4, -9, 9, ShareState::Failed, synced),
                Share { remote_id: id(8), ..of(5, -9, 9, ShareState::Active, synced) },
            ]
            .into_iter()
            .enumerate()
            {
                shares::insert(&mut tx, &other).await.unwrap();
                began(&mut tx, &other).await;
                shares::touch_sync(&mut tx, &channel, &id(8), NOW).unwrap();
                assert_eq!(shared(&mut tx, &peer, &ids).await.unwrap(), [], "{n}");
            }
            note_taken(&mut tx, &peer, &[id(2)], false).await.unwrap();
            note_taken(&mut tx, &peer, &[id(2)], false).await.unwrap();
            assert!(is_context(&mut tx, &peer, &id(2)).await.unwrap());
            assert!(!is_context(&mut tx, &peer, &id(1)).await.unwrap());
            // What it was sent as history it has as if it had been there.
            note_taken(&mut tx, &peer, &[id(2)], true).await.unwrap();
            note_taken(&mut tx, &peer, &[id(2)], false).await.unwrap();
            assert!(!is_context(&mut tx, &peer, &id(2)).await.unwrap());
            assert_eq!(shared(&mut tx, &peer, &ids).await.unwrap(), [id(2)]);
            assert_eq!(shared(&mut tx, &id(9), &[id(2)]).await.unwrap(), [], "of another peer that says nothing");
            let sixth = of(6, -9, 9, ShareState::Ended, synced);
            shares::insert(&mut tx, &sixth).await.unwrap();
            began(&mut tx, &sixth).await;
            let mut found = shared(&mut tx, &peer, &ids).await.unwrap();
            found.sort();
            assert_eq!(found, ids);
            note_taken(&mut tx, &peer, &[id(3)], false).await.unwrap();
            assert!(!is_context(&mut tx, &peer, &id(3)).await.unwrap(), "it came while the channel was shared");
        })
        .await;
    }
}
