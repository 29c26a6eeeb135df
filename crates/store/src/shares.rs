//! Shares: which channel goes to which connection, how, and how far.

use rialto_model::{ChannelId, Millis, RemoteId, Seq, Share, ShareId, ShareMode, ShareState, TeamId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

macro_rules! columns {
    () => {
        "s.id, s.channel_id, s.remote_id, s.home, s.creator_id, s.mode, s.state, s.reason, s.description, s.create_at, \
         s.update_at, s.from_seq, s.last_sync_at"
    };
}

fn mode_word(mode: ShareMode) -> &'static str {
    match mode {
        ShareMode::Participation => "participation",
        ShareMode::ReadOnly => "read_only",
    }
}

impl FromRow for Share {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Share {
            id: row.id()?,
            channel_id: row.id()?,
            remote_id: row.id()?,
            home: row.bool()?,
            creator_id: row.id()?,
            mode: if row.text()? == "participation" { ShareMode::Participation } else { ShareMode::ReadOnly },
            state: ShareState::from_word(&row.text()?),
            reason: row.text()?,
            description: row.text()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
            from_seq: Some(Seq(row.int()?)).filter(|seq| seq.0 >= 0),
            last_sync_at: row.opt_millis()?,
        })
    }
}

/// The share with `id`.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ShareId) -> Result<Option<Share>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM shares s WHERE s.id = $1"), &[id.into()]).await
}

/// The live share of a channel with a connection.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_live(
    view: &mut Snapshot,
    channel: &ChannelId,
    remote: &RemoteId,
) -> Result<Option<Share>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM shares s WHERE s.channel_id = $1 AND s.remote_id = $2 AND s.live"),
        &[channel.into(), remote.into()],
    )
    .await
}

/// The newest share of a channel with a connection, over or not.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn newest(view: &mut Snapshot, channel: &ChannelId, remote: &RemoteId) -> Result<Option<Share>, StoreError> {
    view.fetch_optional(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.channel_id = $1 AND s.remote_id = $2 ORDER BY s.live DESC, s.create_at DESC, s.id LIMIT 1"
        ),
        &[channel.into(), remote.into()],
    )
    .await
}

/// Live shares of a channel, oldest first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_channel(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!("SELECT ", columns!(), " FROM shares s WHERE s.channel_id = $1 AND s.live ORDER BY s.create_at, s.id"),
        &[channel.into()],
    )
    .await
}

/// Shares of a channel for its status: live ones, and refused ones that nothing followed.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_for_status(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.channel_id = $1 AND (s.live OR (s.state = 'failed' AND NOT EXISTS (SELECT 1 FROM shares n \
             WHERE n.channel_id = s.channel_id AND n.remote_id = s.remote_id AND n.id <> s.id AND n.create_at >= s.create_at))) \
             ORDER BY s.create_at, s.id"
        ),
        &[channel.into()],
    )
    .await
}

/// Shares over a connection, live ones only unless `ended`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_remote(view: &mut Snapshot, remote: &RemoteId, ended: bool) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s WHERE s.remote_id = $1 AND ($2 OR s.live) ORDER BY s.create_at, s.id"
        ),
        &[remote.into(), ended.into()],
    )
    .await
}

/// Live shares of a team's channels.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_team(view: &mut Snapshot, team: &TeamId) -> Result<Vec<Share>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM shares s JOIN channels c ON c.id = s.channel_id WHERE c.team_id = $1 AND s.live ORDER BY LOWER(c.display_name), s.id"
        ),
        &[team.into()],
    )
    .await
}

/// Adds a share. Whatever the clock did, it begins after everything that is in the channel, and its version comes after
/// those of the shares before it, by which the peer tells our words apart (ruling 8.6).
///
/// # Errors
/// [`StoreError::Unique`] (`shares_live`) if a live one exists: two administrators at once (E-047).
pub async fn insert(tx: &mut Tx, share: &Share) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO shares (id, channel_id, remote_id, home, live, creator_id, mode, state, reason, description, create_at, \
         update_at, from_seq, last_sync_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
         (SELECT CASE WHEN $11 > f.at THEN $11 ELSE f.at END FROM \
         (SELECT COALESCE(MAX(arrive_at) + 1, 0) AS at FROM posts WHERE channel_id = $2) f), \
         (SELECT CASE WHEN $12 > l.at THEN $12 ELSE l.at END FROM \
         (SELECT COALESCE(MAX(update_at) + 1, 0) AS at FROM shares WHERE channel_id = $2) l), $13, $14)",
        &[
            (&share.id).into(),
            (&share.channel_id).into(),
            (&share.remote_id).into(),
            share.home.into(),
            share.state.is_live().into(),
            (&share.creator_id).into(),
            mode_word(share.mode).into(),
            share.state.as_str().into(),
            (&share.reason).into(),
            (&share.description).into(),
            share.create_at.into(),
            share.update_at.into(),
            share.from_seq.map_or(Arg::Int(-1), Arg::from),
            share.last_sync_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes mode, state, reason and version.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, share: &Share) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE shares SET mode = $2, state = $3, live = $4, reason = $5, update_at = $6, from_seq = $7 WHERE id = $1",
        &[
            (&share.id).into(),
            mode_word(share.mode).into(),
            share.state.as_str().into(),
            share.state.is_live().into(),
            (&share.reason).into(),
            share.update_at.into(),
            share.from_seq.map_or(Arg::Int(-1), Arg::from),
        ],
    )
    .await
    .map(|_| ())
}

/// A live share whose channel a peer gets later than the rest of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The share.
    pub share: Share,
    /// Its channel's changes behind this position have not reached the peer.
    pub resume: Seq,
}

impl FromRow for Held {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { share: Share::from_row(row)?, resume: Seq(row.int()?) })
    }
}

/// Live shares over a connection that are held, those furthest behind first.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn held(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<Held>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            ", s.resume_seq FROM shares s WHERE s.remote_id = $1 AND s.live AND s.resume_seq >= 0 ORDER BY s.resume_seq, s.id"
        ),
        &[remote.into()],
    )
    .await
}

/// Holds the live share of a channel from a position on. One that is held already keeps its earlier position.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn hold(tx: &mut Tx, channel: &ChannelId, remote: &RemoteId, from: Seq) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE shares SET resume_seq = $3 WHERE channel_id = $1 AND remote_id = $2 AND live AND resume_seq < 0",
        &[channel.into(), remote.into(), from.into()],
    )
    .await
    .map(|_| ())
}

/// Moves a held share on to `to`; None: it goes with the cursor again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn resume(tx: &mut Tx, id: &ShareId, to: Option<Seq>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE shares SET resume_seq = $2 WHERE id = $1 AND resume_seq >= 0",
        &[id.into(), to.map_or(Arg::Int(-1), Arg::from)],
    )
    .await
    .map(|_| ())
}

/// Notes up to which id a peer was told who belongs to a share's channel, `""` for nobody yet; None: all were.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_members_upto(tx: &mut Tx, id: &ShareId, upto: Option<&str>) -> Result<(), StoreError> {
    tx.execute("UPDATE shares SET members_upto = $2 WHERE id = $1", &[id.into(), upto.unwrap_or("-").into()])
        .await
        .map(|_| ())
}

/// Active shares over a connection whose members its peer is still being told of, and up to which id it was.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn telling_members(view: &mut Snapshot, remote: &RemoteId) -> Result<Vec<(Share, String)>, StoreError> {
    let list: Vec<Telling> = view
        .fetch_all(
            concat!(
                "SELECT ",
                columns!(),
                ", s.members_upto FROM shares s WHERE s.remote_id = $1 AND s.live AND s.state = 'active' \
                 AND s.members_upto <> '-' ORDER BY s.create_at, s.id"
            ),
            &[remote.into()],
        )
        .await?;
    Ok(list.into_iter().map(|row| (row.share, row.upto)).collect())
}

struct Telling {
    share: Share,
    upto: String,
}

impl FromRow for Telling {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { share: Share::from_row(row)?, upto: row.text()? })
    }
}

/// Makes us a guest of a share that we began: the other side began it too, and neither relays for the other.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn give_up_home(tx: &mut Tx, id: &ShareId) -> Result<(), StoreError> {
    tx.execute("UPDATE shares SET home = FALSE WHERE id = $1", &[id.into()]).await.map(|_| ())
}

/// The highest version a peer has told of any share of a channel, over ones included: a late word about a former share
/// must not touch the present one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn peer_version(view: &mut Snapshot, channel: &ChannelId, remote: &RemoteId) -> Result<i64, StoreError> {
    view.fetch_one(
        "SELECT COALESCE(MAX(peer_version), 0) FROM shares WHERE channel_id = $1 AND remote_id = $2",
        &[channel.into(), remote.into()],
    )
    .await
}

/// Notes the version of a peer's last word on a share.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_peer_version(tx: &mut Tx, id: &ShareId, version: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE shares SET peer_version = $2 WHERE id = $1", &[id.into(), version.into()]).await.map(|_| ())
}

/// Notes a confirmed exchange of items, coarsely: at most one write a second and share.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn touch_sync(tx: &mut Tx, channel: &ChannelId, remote: &RemoteId, now: Millis) -> Result<(), StoreError> {
    tx.queue(
        "UPDATE shares SET last_sync_at = $3 WHERE channel_id = $1 AND remote_id = $2 AND live AND last_sync_at + 1000 < $3",
        &[channel.into(), remote.into(), now.into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{NOW, begin, channel, id, read, scene, share};
    use crate::testing::both;
    use crate::{StoreError, channels};

    fn ids(list: Vec<Share>) -> Vec<ShareId> {
        list.into_iter().map(|share| share.id).collect()
    }

    #[tokio::test]
    async fn a_share_is_read_as_written() {
        both(async |db: Db| {
            let full = share(1, id(1), id(1));
            let bare = Share {
                home: false,
                mode: ShareMode::Participation,
                state: ShareState::Queued,
                from_seq: None,
                last_sync_at: None,
                ..share(2, id(1), id(2))
            };
            // Versions grow over a channel's shares, whichever connection they are with: the same
            // organisation may come back under another one.
            let bare = Share { update_at: Millis(full.update_at.0 + 1), ..bare };
            let mut tx = begin(&db).await;
            for share in [&full, &bare] {
                insert(&mut tx, share).await.unwrap();
                assert_eq!(get(&mut tx, &share.id).await.unwrap(), Some(share.clone()));
            }
            assert_eq!(get(&mut tx, &id(3)).await.unwrap(), None);
            let changed = Share {
                mode: ShareMode::Participation,
                state: ShareState::Paused,
                reason: "disabled".to_owned(),
                update_at: Millis(9),
                from_seq: Some(Seq(77)),
                ..full.clone()
            };
            update(&mut tx, &Share { home: false, description: String::new(), ..changed.clone() }).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(changed));
            assert_eq!(get(&mut tx, &id(2)).await.unwrap(), Some(bare));
        })
        .await;
    }

    #[tokio::test]
    async fn a_channel_has_one_live_share_with_a_connection() {
        both(async |db: Db| {
            let over = Share { state: ShareState::Ended, create_at: Millis(1), ..share(1, id(1), id(1)) };
            let live = Share { create_at: Millis(2), ..share(2, id(1), id(1)) };
            let mut tx = begin(&db).await;
            insert(&mut tx, &over).await.unwrap();
            assert_eq!(get_live(&mut tx, &id(1), &id(1)).await.unwrap(), None);
            assert_eq!(newest(&mut tx, &id(1), &id(1)).await.unwrap(), Some(over.clone()));
            insert(&mut tx, &live).await.unwrap();
            tx.commit().await.unwrap();
            // The clock stood still, or was set back: the version grows all the same.
            let live = Share { update_at: Millis(over.update_at.0 + 1), ..live };
            for state in [ShareState::Queued, ShareState::Invited, ShareState::Active, ShareState::Paused] {
                let mut tx = begin(&db).await;
                let error = insert(&mut tx, &Share { state, ..share(3, id(1), id(1)) }).await.unwrap_err();
                assert!(matches!(error, StoreError::Unique(_)), "{error}");
            }
            let mut tx = begin(&db).await;
            assert_eq!(get_live(&mut tx, &id(1), &id(1)).await.unwrap(), Some(live.clone()));
            let later = Share { state: ShareState::Failed, create_at: Millis(3), ..share(4, id(1), id(1)) };
            insert(&mut tx, &later).await.unwrap();
            let later = Share { update_at: Millis(live.update_at.0 + 1), ..later };
            assert_eq!(newest(&mut tx, &id(1), &id(1)).await.unwrap(), Some(live.clone()));
            update(&mut tx, &Share { state: ShareState::Ended, ..live }).await.unwrap();
            assert_eq!(newest(&mut tx, &id(1), &id(1)).await.unwrap(), Some(later));
            insert(&mut tx, &share(5, id(1), id(1))).await.unwrap();
        })
        .await;
    }

    /// E-172.
    #[tokio::test]
    async fn lists_are_of_live_shares_in_their_order() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let other = rialto_model::Channel { display_name: "a first one".to_owned(), ..channel(2, scene.team.id) };
            channels::insert(&mut tx, &other).await.unwrap();
            let at = |ms, share: Share| Share { create_at: Millis(ms), ..share };
            let failed = |share: Share| Share { state: ShareState::Failed, ..share };
            for share in [
                at(9, share(1, id(1), id(1))),
                at(8, share(2, id(1), id(2))),
                at(7, Share { state: ShareState::Ended, ..share(3, id(1), id(3)) }),
                at(6, failed(share(4, id(1), id(1)))),
                at(5, failed(share(5, id(1), id(4)))),
                at(4, share(6, other.id, id(1))),
                at(3, share(7, id(9), id(1))),
            ] {
                insert(&mut tx, &share).await.unwrap();
            }
            assert_eq!(ids(list_of_channel(&mut tx, &id(1)).await.unwrap()), [id(2), id(1)]);
            assert_eq!(ids(list_for_status(&mut tx, &id(1)).await.unwrap()), [id(5), id(2), id(1)]);
            assert_eq!(ids(list_of_remote(&mut tx, &id(1), false).await.unwrap()), [id(7), id(6), id(1)]);
            assert_eq!(ids(list_of_remote(&mut tx, &id(1), true).await.unwrap()), [id(7), id(6), id(4), id(1)]);
            assert_eq!(ids(list_of_team(&mut tx, &scene.team.id).await.unwrap()), [id(6), id(1), id(2)]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_held_share_keeps_its_place_until_it_is_moved_on() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            for n in 1..4 {
                insert(&mut tx, &share(n, id(n), id(1))).await.unwrap();
            }
            insert(&mut tx, &Share { state: ShareState::Ended, ..share(4, id(4), id(1)) }).await.unwrap();
            assert_eq!(held(&mut tx, &id(1)).await.unwrap(), []);
            for (channel, from) in [(1, 30), (2, 20), (4, 10), (1, 5), (1, 50)] {
                hold(&mut tx, &id(channel), &id(1), Seq(from)).await.unwrap();
            }
            hold(&mut tx, &id(3), &id(2), Seq(1)).await.unwrap();
            let places = async |tx: &mut Tx| {
                let list = held(tx, &id(1)).await.unwrap();
                list.into_iter().map(|held| (held.share.id, held.resume.0)).collect::<Vec<_>>()
            };
            assert_eq!(places(&mut tx).await, [(id(2), 20), (id(1), 30)], "neither ended ones nor other connections'");
            resume(&mut tx, &id(2), Some(Seq(40))).await.unwrap();
            resume(&mut tx, &id(3), Some(Seq(40))).await.unwrap();
            assert_eq!(places(&mut tx).await, [(id(1), 30), (id(2), 40)], "what is not held is not moved");
            update(&mut tx, &share(2, id(2), id(1))).await.unwrap();
            assert_eq!(places(&mut tx).await.len(), 2, "writing the row leaves its place alone");
            resume(&mut tx, &id(1), None).await.unwrap();
            assert_eq!(places(&mut tx).await, [(id(2), 40)]);
        })
        .await;
    }

    /// E-104: how far a peer was told who belongs is remembered by share, and only while there is more to tell.
    #[tokio::test]
    async fn who_belongs_is_told_up_to_somebody() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            for row in [share(1, id(1), id(1)), share(2, id(2), id(1)), share(3, id(1), id(2))] {
                insert(&mut tx, &row).await.unwrap();
            }
            assert_eq!(telling_members(&mut tx, &id(1)).await.unwrap(), []);
            for (row, upto) in [(1, Some("")), (2, Some("x")), (3, Some("y"))] {
                set_members_upto(&mut tx, &id(row), upto).await.unwrap();
            }
            let told = telling_members(&mut tx, &id(1)).await.unwrap();
            let told: Vec<_> = told.into_iter().map(|(share, upto)| (share.id, upto)).collect();
            assert_eq!(told, [(id(1), String::new()), (id(2), "x".to_owned())]);
            set_members_upto(&mut tx, &id(1), None).await.unwrap();
            update(&mut tx, &Share { state: ShareState::Paused, ..share(2, id(2), id(1)) }).await.unwrap();
            assert_eq!(telling_members(&mut tx, &id(1)).await.unwrap(), []);
        })
        .await;
    }

    #[tokio::test]
    async fn the_last_word_of_a_peer_outlives_a_share() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let over = Share { state: ShareState::Ended, ..share(1, id(1), id(1)) };
            for row in [over, share(2, id(1), id(1)), share(3, id(2), id(1)), share(4, id(1), id(2))] {
                insert(&mut tx, &row).await.unwrap();
            }
            assert_eq!(peer_version(&mut tx, &id(1), &id(1)).await.unwrap(), 0);
            for (row, version) in [(1, 7), (2, 5), (3, 90), (4, 80)] {
                set_peer_version(&mut tx, &id(row), version).await.unwrap();
            }
            assert_eq!(peer_version(&mut tx, &id(1), &id(1)).await.unwrap(), 7);
        })
        .await;
    }

    #[tokio::test]
    async fn an_exchange_is_noted_at_most_once_a_second() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            insert(&mut tx, &Share { last_sync_at: None, ..share(1, id(1), id(1)) }).await.unwrap();
            tx.commit().await.unwrap();
            for (later, noted) in [(0, 0), (900, 0), (1000, 0), (1001, 1001)] {
                let mut tx = begin(&db).await;
                touch_sync(&mut tx, &id(1), &id(1), Millis(NOW.0 + later)).unwrap();
                touch_sync(&mut tx, &id(1), &id(2), Millis(NOW.0 + later)).unwrap();
                tx.commit().await.unwrap();
                let found = get(&mut read(&db).await, &id(1)).await.unwrap().unwrap();
                assert_eq!(found.last_sync_at, Some(Millis(NOW.0 + noted)), "{later}");
            }
        })
        .await;
    }
}
