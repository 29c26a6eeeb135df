//! Shares, on both databases.

use rialto_model::{Millis, Seq, Share, ShareId, ShareMode, ShareState};

use crate::samples::{NOW, begin, channel, id, read, scene, share};
use crate::shares::*;
use crate::testing::both;
use crate::{Db, StoreError, Tx, channels};

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
        let told = telling_members(&mut tx, &id(1)).await.unwrap();
        assert_eq!(told.len(), 1, "one that is paused goes on later");
        update(&mut tx, &Share { state: ShareState::Ended, ..share(2, id(2), id(1)) }).await.unwrap();
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
