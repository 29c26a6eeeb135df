//! The log and transactions on both databases: order, isolation, nothing skipped.

use std::collections::BTreeSet;

use rialto_model::{ChannelId, DomainEvent, Millis, Origin, Scope, Seq, TeamId, UserId};

use crate::log::Tail;
use crate::testing::both;
use crate::{Db, Id, log};

fn id(n: u128) -> [u8; 16] {
    n.to_be_bytes()
}

fn event(n: u128) -> (Scope, DomainEvent) {
    (Scope::Channel(ChannelId::from_random(id(n))), DomainEvent::TeamUpdated { team: TeamId::from_random(id(n)) })
}

async fn preference(db: &Db, user: u128, record: bool, commit: bool) {
    let mut tx = db.begin(Millis(1)).await.unwrap();
    let user_id = UserId::from_random(id(user));
    tx.execute(
        "INSERT INTO preferences (user_id, category, name, value) VALUES ($1, $2, $3, $4)",
        &[(&user_id).into(), "c".into(), "n".into(), "v".into()],
    )
    .await
    .unwrap();
    if record {
        let (scope, event) = event(user);
        tx.record(scope, Origin::Local, event);
    }
    if commit {
        tx.commit().await.unwrap();
    }
}

async fn users(db: &Db) -> BTreeSet<UserId> {
    let mut view = db.read(Millis(1)).await.unwrap();
    view.fetch_all::<Id<UserId>>("SELECT user_id FROM preferences", &[])
        .await
        .unwrap()
        .into_iter()
        .map(|id| id.0)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dropped_transaction_leaves_nothing_and_spares_its_neighbours() {
    both(async |db: Db| {
        let mut tail = Tail::at_head(db.clone()).await.unwrap();
        let writers = (0..40u128).map(|n| {
            let db = db.clone();
            tokio::spawn(async move { preference(&db, n, true, n % 2 == 0).await })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let expected: BTreeSet<_> = (0..40u128).step_by(2).map(|n| UserId::from_random(id(n))).collect();
        assert_eq!(users(&db).await, expected);
        let mut seen = Vec::new();
        while seen.len() < 20 {
            seen.extend(tail.next().await.unwrap());
        }
        assert_eq!(seen.len(), 20);
        assert!(seen.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_tail_delivers_every_committed_event_once_in_order() {
    both(async |db: Db| {
        let mut tail = Tail::at_head(db.clone()).await.unwrap();
        let writers: Vec<_> = (0..8u128)
            .map(|w| {
                let db = db.clone();
                tokio::spawn(async move {
                    for n in 0..50 {
                        preference(&db, w * 1000 + n, n % 3 != 0, n % 5 != 0).await;
                    }
                })
            })
            .collect();
        let expected = 8 * (0..50).filter(|n| n % 3 != 0 && n % 5 != 0).count();
        let mut seen = Vec::new();
        while seen.len() < expected {
            seen.extend(tail.next().await.unwrap());
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let distinct: BTreeSet<_> = seen.iter().map(|recorded| format!("{:?}", recorded.event)).collect();
        assert_eq!((seen.len(), distinct.len()), (expected, expected));
        assert!(seen.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_number_is_passed_and_the_event_behind_it_delivered() {
    both(async |db: Db| {
        let mut tail = Tail::at_head(db.clone()).await.unwrap();
        if db.is_postgres() {
            // Takes a number and dies with it.
            let mut tx = db.begin(Millis(1)).await.unwrap();
            tx.execute("INSERT INTO events (at, scope, origin, body) VALUES (1, 's:', '', '{}')", &[]).await.unwrap();
            drop(tx);
        }
        preference(&db, 7, true, true).await;
        let seen = tail.next().await.unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].event, event(7).1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_unique_violation_is_told_apart_and_undone() {
    both(async |db: Db| {
        preference(&db, 1, false, true).await;
        let mut tx = db.begin(Millis(1)).await.unwrap();
        let user_id = UserId::from_random(id(1));
        let error = tx
            .execute(
                "INSERT INTO preferences (user_id, category, name, value) VALUES ($1, 'c', 'n', 'v')",
                &[(&user_id).into()],
            )
            .await
            .unwrap_err();
        assert!(error.is_unique_on("preferences"), "{error}");
        drop(tx);
        preference(&db, 2, false, true).await;
        assert_eq!(users(&db).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parameters_are_numbered_alike_on_both() {
    both(async |db: Db| {
        let mut view = db.read(Millis(1)).await.unwrap();
        let pair: (String, i64) =
            view.fetch_one("SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT)", &[5.into(), "five".into()]).await.unwrap();
        assert_eq!(pair, ("five".to_owned(), 5));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn positions_behind_a_cursor_are_listed_and_pruned_in_slices() {
    both(async |db: Db| {
        let mut tail = Tail::at_head(db.clone()).await.unwrap();
        for n in 0..6u128 {
            let at = Millis(i64::try_from(n).unwrap() * 10 + 10);
            let mut tx = db.begin(at).await.unwrap();
            let (scope, event) = event(n);
            tx.record(scope, Origin::Remote(rialto_model::RemoteId::from_random(id(n))), event);
            tx.commit().await.unwrap();
        }
        let mut seen = Vec::new();
        while seen.len() < 6 {
            seen.extend(tail.next().await.unwrap());
        }
        let seq = |n: usize| seen[n].seq;
        let mut view = db.read(Millis(1)).await.unwrap();
        assert_eq!(log::list(&mut view, Seq(0), seq(5), 100).await.unwrap(), seen);
        assert_eq!(log::list(&mut view, seq(1), seq(4), 2).await.unwrap(), seen[2..4]);
        assert_eq!(log::list(&mut view, seq(4), seq(4), 2).await.unwrap(), []);
        assert_eq!(log::last_before(&mut view, Millis(10)).await.unwrap(), None);
        assert_eq!(log::last_before(&mut view, Millis(35)).await.unwrap(), Some(seq(2)));
        drop(view);

        let mut tx = db.begin(Millis(1)).await.unwrap();
        assert_eq!(log::prune(&mut tx, seq(3), 3).await.unwrap(), 3);
        assert_eq!(log::prune(&mut tx, seq(3), 3).await.unwrap(), 1);
        assert_eq!(log::prune(&mut tx, seq(3), 3).await.unwrap(), 0);
        tx.commit().await.unwrap();
        let mut view = db.read(Millis(1)).await.unwrap();
        assert_eq!(log::list(&mut view, Seq(0), seq(5), 100).await.unwrap(), seen[4..]);
        assert_eq!(Tail::at_head(db.clone()).await.unwrap().cursor(), seq(5));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_statement_abandoned_half_way_commits_nothing_of_its_transaction() {
    both(async |db: Db| {
        const INSERT: &str = "INSERT INTO preferences (user_id, category, name, value) VALUES ($1, 'c', 'n', 'v')";
        preference(&db, 1, false, true).await;
        let mut tx = db.begin(Millis(1)).await.unwrap();
        let (first, second) = (UserId::from_random(id(2)), UserId::from_random(id(3)));
        tx.execute(INSERT, &[(&first).into()]).await.unwrap();
        // A client that goes away drops its request wherever it waits, here while the statement is under way.
        {
            let args = [(&second).into()];
            let statement = tx.execute(INSERT, &args);
            let mut statement = std::pin::pin!(statement);
            let _ = futures_util::poll!(&mut statement);
        }
        drop(tx);
        // Whoever gets the connection next must not find itself inside the abandoned transaction.
        for n in 10..40 {
            preference(&db, n, true, true).await;
        }
        let expected: BTreeSet<_> = [1].into_iter().chain(10..40).map(|n| UserId::from_random(id(n))).collect();
        assert_eq!(users(&db).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_queued_statement_that_fails_takes_everything_with_it() {
    both(async |db: Db| {
        preference(&db, 1, false, true).await;
        let mut tail = Tail::at_head(db.clone()).await.unwrap();
        let mut tx = db.begin(Millis(1)).await.unwrap();
        let (fresh, taken) = (UserId::from_random(id(2)), UserId::from_random(id(1)));
        const INSERT: &str = "INSERT INTO preferences (user_id, category, name, value) VALUES ($1, 'c', 'n', 'v')";
        tx.execute(INSERT, &[(&fresh).into()]).await.unwrap();
        let (scope, recorded) = event(2);
        tx.record(scope, Origin::Local, recorded);
        let failed = match tx.queue(INSERT, &[(&taken).into()]) {
            Ok(()) => tx.commit().await,
            Err(error) => {
                drop(tx);
                Err(error)
            }
        };
        assert!(failed.unwrap_err().is_unique_on("preferences"));
        assert_eq!(users(&db).await.len(), 1);
        preference(&db, 3, true, true).await;
        assert_eq!(tail.next().await.unwrap()[0].event, event(3).1);
    })
    .await;
}
