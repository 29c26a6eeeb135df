//! What senders remember of their peers, on both databases.

use rialto_model::{Millis, Reaction, RemoteId, Seq, Share, ShareState};

use crate::outbox::{self, Failure};
use crate::samples::{begin, id, post, reaction, read, share};
use crate::testing::both;
use crate::waiting::{self, WaitingItem};
use crate::{Db, StoreError, shares};

#[tokio::test]
async fn a_cursor_moves_from_where_it_is_known_to_be() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        assert_eq!(outbox::cursor(&mut tx, "a").await.unwrap(), None);
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), None);
        assert!(outbox::move_cursor(&mut tx, "a", None, Seq(0)).await.unwrap());
        assert!(!outbox::move_cursor(&mut tx, "a", None, Seq(9)).await.unwrap());
        assert!(!outbox::move_cursor(&mut tx, "a", Some(Seq(1)), Seq(9)).await.unwrap());
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(0)));
        assert!(outbox::move_cursor(&mut tx, "a", Some(Seq(0)), Seq(7)).await.unwrap());
        assert!(outbox::move_cursor(&mut tx, "b", None, Seq(5)).await.unwrap());
        assert_eq!(outbox::cursor(&mut tx, "a").await.unwrap(), Some(Seq(7)));
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(5)));
        outbox::delete_cursor(&mut tx, "b").await.unwrap();
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(7)));
        // A channel that a peer gets later needs the log from there on.
        shares::insert(&mut tx, &share(1, id(1), id(1))).await.unwrap();
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(7)));
        shares::hold(&mut tx, &id(1), &id(1), Seq(3)).await.unwrap();
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(3)));
        shares::update(&mut tx, &Share { state: ShareState::Ended, ..share(1, id(1), id(1)) }).await.unwrap();
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(7)), "unless sharing has ended");
    })
    .await;
}

#[tokio::test]
async fn what_a_peer_was_told_of_people_is_kept_by_channel() {
    both(async |db: Db| {
        let (acme, globex): (RemoteId, RemoteId) = (id(1), id(2));
        let mut tx = begin(&db).await;
        for (remote, channel, user, version) in
            [(acme, 1, 1, 5), (acme, 2, 1, 6), (acme, 1, 2, 7), (globex, 1, 1, 8), (acme, 1, 1, 9)]
        {
            outbox::set_announced(&mut tx, &remote, &id(channel), &id(user), Millis(version)).await.unwrap();
        }
        let mut known = outbox::announced(&mut tx, &acme, &id(1), &[id(1), id(2), id(3)]).await.unwrap();
        known.sort();
        assert_eq!(known, [(id(1), Millis(9)), (id(2), Millis(7))]);
        assert_eq!(outbox::announced(&mut tx, &acme, &id(1), &[]).await.unwrap(), []);
        assert_eq!(outbox::announced_channels(&mut tx, &acme, &id(1)).await.unwrap(), [id(1), id(2)]);
        outbox::delete_announced(&mut tx, &acme, &id(1), &id(1)).await.unwrap();
        assert_eq!(outbox::announced_channels(&mut tx, &acme, &id(1)).await.unwrap(), [id(2)]);
        assert_eq!(outbox::announced_channels(&mut tx, &globex, &id(1)).await.unwrap(), [id(1)]);
    })
    .await;
}

fn failure(remote: u128, post: u128, next_at: i64, set_aside: bool) -> Failure {
    Failure {
        remote_id: id(remote),
        post_id: id(post),
        channel_id: id(1),
        attempts: 2,
        next_at: Millis(next_at),
        set_aside,
        cause: "too large".to_owned(),
    }
}

#[tokio::test]
async fn refusals_are_listed_in_order_of_the_next_attempt() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let (late, early, aside) = (failure(1, 1, 30, false), failure(1, 2, 20, false), failure(1, 3, 10, true));
        for refused in [&late, &early, &aside, &failure(2, 1, 5, false)] {
            outbox::put_failure(&mut tx, refused).await.unwrap();
        }
        assert_eq!(outbox::failures(&mut tx, &id(1), false).await.unwrap(), [early.clone(), late.clone()]);
        assert_eq!(outbox::failures(&mut tx, &id(1), true).await.unwrap(), [aside, early.clone(), late]);
        assert_eq!(outbox::failure(&mut tx, &id(1), &id(2)).await.unwrap(), Some(early.clone()));
        assert_eq!(outbox::failure(&mut tx, &id(2), &id(2)).await.unwrap(), None);
        let again = Failure { attempts: 3, next_at: Millis(99), set_aside: true, cause: "again".to_owned(), ..early };
        outbox::put_failure(&mut tx, &again).await.unwrap();
        assert_eq!(outbox::failure(&mut tx, &id(1), &id(2)).await.unwrap(), Some(again));
        outbox::delete_failure(&mut tx, &id(1), &id(2)).await.unwrap();
        assert_eq!(outbox::failure(&mut tx, &id(1), &id(2)).await.unwrap(), None);
        assert_eq!(outbox::failures(&mut tx, &id(2), false).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_a_toggling_peer_is_believed_to_hold_is_kept() {
    both(async |db: Db| {
        let wave = reaction(&post(1, id(1), id(1)), id(1), "wave");
        let rocket = Reaction { emoji_name: "rocket".to_owned(), ..wave.clone() };
        let acme: RemoteId = id(1);
        let mut tx = begin(&db).await;
        assert_eq!(outbox::believed(&mut tx, &acme, &wave).await.unwrap(), None);
        for present in [true, false, true] {
            outbox::set_believed(&mut tx, &acme, &wave, Some(present)).await.unwrap();
            assert_eq!(outbox::believed(&mut tx, &acme, &wave).await.unwrap(), Some(present));
        }
        assert_eq!(outbox::believed(&mut tx, &acme, &rocket).await.unwrap(), None);
        assert_eq!(outbox::believed(&mut tx, &id(2), &wave).await.unwrap(), None);
        outbox::set_believed(&mut tx, &acme, &wave, None).await.unwrap();
        assert_eq!(outbox::believed(&mut tx, &acme, &wave).await.unwrap(), None);
    })
    .await;
}

fn item(remote: u128, n: u128, channel: u128, missing: u128, at: i64) -> WaitingItem {
    WaitingItem {
        remote_id: id(remote),
        kind: "post".to_owned(),
        item_id: id::<rialto_model::PostId>(n).to_string(),
        channel_id: id(channel),
        missing_id: id::<rialto_model::PostId>(missing).to_string(),
        body: format!("{{\"n\":{n}}}"),
        receive_at: Millis(at),
    }
}

#[tokio::test]
async fn items_wait_once_and_are_taken_oldest_first() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let (late, early, other) = (item(1, 1, 1, 50, 30), item(1, 2, 1, 50, 20), item(1, 3, 1, 51, 10));
        for item in [&late, &early, &other, &item(2, 1, 1, 50, 5)] {
            assert!(waiting::put(&mut tx, item).await.unwrap());
            assert!(!waiting::put(&mut tx, item).await.unwrap());
        }
        assert_eq!(waiting::count(&mut tx, &id(1)).await.unwrap(), 3);
        assert_eq!(waiting::get(&mut tx, &id(1), "post", &early.item_id).await.unwrap(), Some(early.clone()));
        assert_eq!(waiting::get(&mut tx, &id(1), "reaction", &early.item_id).await.unwrap(), None);
        let moved = WaitingItem { missing_id: late.missing_id.clone(), body: "{}".to_owned(), ..other };
        assert!(waiting::put(&mut tx, &moved).await.unwrap());
        assert_eq!(waiting::list_older(&mut tx, Millis(30), 10).await.unwrap().len(), 3);
        assert_eq!(waiting::list_older(&mut tx, Millis(31), 2).await.unwrap()[1], moved);
        let taken = waiting::take(&mut tx, &id(1), &late.missing_id).await.unwrap();
        assert_eq!(taken, [moved, early, late.clone()]);
        assert_eq!(waiting::take(&mut tx, &id(1), &late.missing_id).await.unwrap(), []);
        assert_eq!(waiting::count(&mut tx, &id(2)).await.unwrap(), 1);
        let gone = item(2, 1, 1, 50, 5);
        waiting::delete(&mut tx, &gone.remote_id, &gone.kind, &gone.item_id).await.unwrap();
        assert_eq!(waiting::count(&mut tx, &id(2)).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_peer_is_forgotten_in_one_channel_or_everywhere() {
    both(async |db: Db| {
        let fill = async || -> Result<(), StoreError> {
            let mut tx = begin(&db).await;
            for (remote, channel) in [(1, 1), (1, 2), (2, 1)] {
                outbox::set_announced(&mut tx, &id(remote), &id(channel), &id(1), Millis(1)).await?;
                let refused = Failure { channel_id: id(channel), ..failure(remote, channel, 1, false) };
                outbox::put_failure(&mut tx, &refused).await?;
                waiting::put(&mut tx, &item(remote, channel, channel, 50, 1)).await?;
            }
            tx.commit().await
        };
        let left = async |remote: u128| {
            let mut view = read(&db).await;
            let announced = outbox::announced_channels(&mut view, &id(remote), &id(1)).await.unwrap().len();
            let failures = outbox::failures(&mut view, &id(remote), true).await.unwrap().len();
            (announced, failures, waiting::count(&mut view, &id(remote)).await.unwrap())
        };
        fill().await.unwrap();
        let mut tx = begin(&db).await;
        outbox::forget(&mut tx, &id(1), Some(&id(2))).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((left(1).await, left(2).await), ((1, 1, 1), (1, 1, 1)));
        fill().await.unwrap();
        let mut tx = begin(&db).await;
        outbox::forget(&mut tx, &id(1), None).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((left(1).await, left(2).await), ((0, 0, 0), (1, 1, 1)));
    })
    .await;
}
