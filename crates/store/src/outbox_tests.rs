//! What senders remember of their peers, on both databases.

use rialto_model::{Millis, Reaction, RemoteCluster, RemoteId, Seq, Share, ShareState};

use crate::outbox::{self, Believed};
use crate::samples::{begin, id, post, reaction, read, remote, secrets, share};
use crate::sync_failures::{self, Failure, Item};
use crate::testing::both;
use crate::waiting::{self, WaitingItem};
use crate::{Db, StoreError, Tx, remotes, shares};

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
        // A connection nobody has accepted needs nothing of the past, unless something is shared over it already.
        let pending = RemoteCluster { confirmed_at: None, ..remote(9) };
        remotes::insert(&mut tx, &pending, &secrets(9)).await.unwrap();
        let consumer = format!("sender:{}", pending.id);
        assert!(outbox::move_cursor(&mut tx, &consumer, None, Seq(1)).await.unwrap());
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(7)));
        shares::insert(&mut tx, &Share { state: ShareState::Queued, ..share(9, id(9), pending.id) }).await.unwrap();
        assert_eq!(outbox::slowest_cursor(&mut tx).await.unwrap(), Some(Seq(1)));
        outbox::delete_cursor(&mut tx, &consumer).await.unwrap();
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

#[tokio::test]
async fn what_a_toggling_peer_is_believed_to_hold_is_kept() {
    both(async |db: Db| {
        let wave = reaction(&post(1, id(1), id(1)), id(1), "wave");
        let rocket = Reaction { emoji_name: "rocket".to_owned(), ..wave.clone() };
        let acme: RemoteId = id(1);
        let mut tx = begin(&db).await;
        assert_eq!(outbox::believed(&mut tx, &acme, &wave).await.unwrap(), None);
        for present in [true, false, true] {
            let held = Believed { present, sent_name: "wave".to_owned() };
            outbox::set_believed(&mut tx, &acme, &wave, &held).await.unwrap();
            assert_eq!(outbox::believed(&mut tx, &acme, &wave).await.unwrap(), Some(held));
        }
        assert_eq!(outbox::believed(&mut tx, &acme, &rocket).await.unwrap(), None);
        assert_eq!(outbox::believed(&mut tx, &id(2), &wave).await.unwrap(), None);
        // Aliases are one.
        let [plus, thumb] = ["+1", "thumbsup"].map(|name| Reaction { emoji_name: name.to_owned(), ..wave.clone() });
        let held = Believed { present: true, sent_name: "+1".to_owned() };
        outbox::set_believed(&mut tx, &acme, &plus, &held).await.unwrap();
        assert_eq!(outbox::believed(&mut tx, &acme, &thumb).await.unwrap(), Some(held));
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
        is_due: false,
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
        let due = WaitingItem { is_due: true, ..moved.clone() };
        let start = (Millis(0), String::new());
        let list = async |tx: &mut Tx, before, oldest, after: &waiting::Place, limit| {
            let found = waiting::list_due(tx, Millis(before), Millis(oldest), after, limit).await.unwrap();
            found.into_iter().map(|item| item.receive_at.0).collect::<Vec<_>>()
        };
        assert!(list(&mut tx, 31, 0, &start, 10).await.is_empty());
        assert_eq!(list(&mut tx, 31, 30, &start, 10).await, [5, 10, 20]);
        assert!(waiting::put(&mut tx, &due).await.unwrap(), "only that it is due has changed");
        assert_eq!(list(&mut tx, 11, 0, &start, 10).await, [10]);
        assert!(list(&mut tx, 10, 0, &start, 10).await.is_empty());
        assert_eq!(list(&mut tx, 11, 31, &start, 2).await, [5, 10]);
        let after = (due.receive_at, due.item_id.clone());
        assert_eq!(list(&mut tx, 11, 31, &after, 2).await, [20, 30]);
        let taken = waiting::take(&mut tx, &id(1), &late.missing_id).await.unwrap();
        assert_eq!(taken, [due, early, late.clone()]);
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
                let refused = Failure {
                    remote_id: id(remote),
                    item: Item::Post(id(channel)),
                    channel_id: id(channel),
                    attempts: 2,
                    next_at: Millis(1),
                    set_aside: false,
                    cause: "too large".to_owned(),
                    code: String::new(),
                };
                sync_failures::put(&mut tx, &refused).await?;
                waiting::put(&mut tx, &item(remote, channel, channel, 50, 1)).await?;
            }
            tx.commit().await
        };
        let left = async |remote: u128| {
            let mut view = read(&db).await;
            let announced = outbox::announced_channels(&mut view, &id(remote), &id(1)).await.unwrap().len();
            let failures = sync_failures::list(&mut view, &id(remote), true).await.unwrap().len();
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
