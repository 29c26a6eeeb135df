//! Posts, on both databases.

use rialto_model::{Millis, Post, PostId};

use crate::samples::{NOW, begin, id, post, reaction, read};
use crate::testing::both;
use crate::{Db, Tx, posts, reactions};

async fn insert(tx: &mut Tx, list: &[Post]) {
    for post in list {
        posts::insert_now(tx, post).await.unwrap();
    }
}

/// Posts 1 to `n` of channel 1 by user 1, one millisecond apart but for the first two, which are of the same one.
fn series(n: u128) -> Vec<Post> {
    (1..=n)
        .map(|k| Post {
            create_at: Millis(i64::try_from(k.max(2)).unwrap()),
            update_at: Millis(i64::try_from(k).unwrap()),
            ..post(k, id(1), id(1))
        })
        .collect()
}

fn ids(list: Vec<Post>) -> Vec<PostId> {
    list.into_iter().map(|post| post.id).collect()
}

fn numbers(list: &[u128]) -> Vec<PostId> {
    list.iter().map(|n| id(*n)).collect()
}

#[tokio::test]
async fn a_post_is_read_as_written() {
    both(async |db: Db| {
        let full = Post {
            root_id: Some(id(9)),
            edit_at: Some(Millis(4002)),
            delete_at: Some(Millis(4003)),
            hidden_at: Some(Millis(4004)),
            is_pinned: true,
            kind: "me".to_owned(),
            remote_id: Some(id(5)),
            remote_update_at: Millis(4005),
            reply_count: 6,
            last_reply_at: Millis(4007),
            has_reactions: true,
            ..post(1, id(1), id(1))
        };
        let plain = post(2, id(1), id(1));
        let mut tx = begin(&db).await;
        posts::insert_now(&mut tx, &full).await.unwrap();
        posts::insert(&mut tx, &plain, "pending-2").unwrap();
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        assert_eq!(posts::get(&mut view, &full.id).await.unwrap(), Some(full.clone()));
        assert_eq!(posts::get(&mut view, &id(3)).await.unwrap(), None);
        let mut listed = posts::list_by_ids(&mut view, &[plain.id, full.id, id(3)]).await.unwrap();
        listed.sort_by_key(|post| post.id);
        assert_eq!(listed, [full, plain.clone()]);
        assert_eq!(posts::get_by_pending(&mut view, &id(1), "pending-2").await.unwrap(), Some(plain.clone()));
        assert_eq!(posts::get_by_pending(&mut view, &id(2), "pending-2").await.unwrap(), None);
        let pending = posts::pending_ids(&mut view, &[id(1), id(2), id(3)]).await.unwrap();
        assert_eq!(pending, [(id(2), "pending-2".to_owned())]);
        drop(view);
        let mut tx = begin(&db).await;
        assert_eq!(posts::lock(&mut tx, &plain.id).await.unwrap(), Some(plain));
        assert_eq!(posts::lock(&mut tx, &id(3)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn what_a_client_sends_twice_is_refused_once() {
    both(async |db: Db| {
        let send = async |n: u128, user: u128, pending: &str| {
            let mut tx = begin(&db).await;
            posts::insert(&mut tx, &post(n, id(1), id(user)), pending)?;
            tx.commit().await
        };
        send(1, 1, "p").await.unwrap();
        let error = send(2, 1, "p").await.unwrap_err();
        assert!(error.is_unique_on("pending"), "{error}");
        send(3, 2, "p").await.unwrap();
        send(4, 1, "").await.unwrap();
        send(5, 1, "").await.unwrap();
        assert_eq!(posts::get(&mut read(&db).await, &id(2)).await.unwrap(), None);
        let mut tx = begin(&db).await;
        let error = posts::insert_now(&mut tx, &post(1, id(1), id(1))).await.unwrap_err();
        assert!(matches!(error, crate::StoreError::Unique(_)), "{error}");
    })
    .await;
}

#[tokio::test]
async fn an_update_never_changes_author_channel_thread_or_owner() {
    both(async |db: Db| {
        let before = Post { remote_id: Some(id(5)), root_id: Some(id(9)), ..post(1, id(1), id(1)) };
        let after = Post {
            update_at: Millis(5001),
            edit_at: Some(Millis(5002)),
            delete_at: Some(Millis(5003)),
            hidden_at: Some(Millis(5004)),
            is_pinned: true,
            kind: "me".to_owned(),
            message: "new".to_owned(),
            props: "{}".to_owned(),
            hashtags: "#new".to_owned(),
            remote_update_at: Millis(5005),
            ..before.clone()
        };
        let mut tx = begin(&db).await;
        insert(&mut tx, &[before]).await;
        let stolen = Post {
            user_id: id(8),
            channel_id: id(8),
            root_id: None,
            remote_id: None,
            create_at: Millis(8),
            reply_count: 8,
            ..after.clone()
        };
        posts::update(&mut tx, &stolen).await.unwrap();
        assert_eq!(posts::get(&mut tx, &after.id).await.unwrap(), Some(after));
    })
    .await;
}

#[tokio::test]
async fn only_a_stub_gets_another_author() {
    both(async |db: Db| {
        let stub = Post { remote_id: Some(id(5)), ..post(1, id(1), id(1)) };
        let owned = Post { remote_update_at: Millis(1), ..Post { id: id(2), ..stub.clone() } };
        let local = post(3, id(1), id(1));
        let mut tx = begin(&db).await;
        insert(&mut tx, &[stub.clone(), owned.clone(), local.clone()]).await;
        for post in [&stub, &owned, &local] {
            posts::settle_stub(&mut tx, &post.id, &id(9), Millis(7)).await.unwrap();
        }
        let settled = Post { user_id: id(9), create_at: Millis(7), ..stub };
        for post in [settled, owned, local] {
            assert_eq!(posts::get(&mut tx, &post.id).await.unwrap(), Some(post));
        }
    })
    .await;
}

#[tokio::test]
async fn replies_and_reactions_give_a_post_a_new_version() {
    both(async |db: Db| {
        let fresh = Post { update_at: Millis(NOW.0 + 9), ..post(1, id(1), id(1)) };
        let mut tx = begin(&db).await;
        insert(&mut tx, std::slice::from_ref(&fresh)).await;
        tx.commit().await.unwrap();
        let count = async |by: i64, at: i64, now: i64| {
            let mut tx = begin(&db).await;
            posts::count_reply(&mut tx, &fresh.id, by, Millis(at), Millis(now)).unwrap();
            tx.commit().await.unwrap();
            let found = posts::get(&mut read(&db).await, &fresh.id).await.unwrap().unwrap();
            (found.reply_count, found.last_reply_at.0, found.update_at.0 - NOW.0)
        };
        assert_eq!(count(1, 4100, NOW.0).await, (1, 4100, 10));
        assert_eq!(count(1, 4050, NOW.0 + 20).await, (2, 4100, 20));
        assert_eq!(count(-1, 0, NOW.0).await, (1, 4100, 21));
        assert_eq!(count(-5, 0, NOW.0).await, (0, 4100, 22));

        let touch = async || {
            let mut tx = begin(&db).await;
            posts::touch_reactions(&mut tx, &fresh.id, NOW).unwrap();
            tx.commit().await.unwrap();
            let found = posts::get(&mut read(&db).await, &fresh.id).await.unwrap().unwrap();
            (found.has_reactions, found.update_at.0 - NOW.0)
        };
        assert_eq!(touch().await, (false, 23));
        let mut tx = begin(&db).await;
        reactions::put(&mut tx, &reaction(&fresh, id(1), "wave"), Millis(0)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(touch().await, (true, 24));
        let mut tx = begin(&db).await;
        let gone = rialto_model::Reaction { delete_at: Some(NOW), ..reaction(&fresh, id(1), "wave") };
        reactions::put(&mut tx, &gone, Millis(0)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(touch().await, (false, 25));
    })
    .await;
}

#[tokio::test]
async fn pages_are_full_and_without_what_is_gone() {
    both(async |db: Db| {
        let mut list = series(8);
        list[3].delete_at = Some(NOW);
        list[4].hidden_at = Some(NOW);
        list[7].channel_id = id(2);
        let mut tx = begin(&db).await;
        insert(&mut tx, &list).await;
        let channel = id(1);
        let page = posts::page(&mut tx, &channel, false, 0, 3).await.unwrap();
        assert_eq!(ids(page), numbers(&[7, 6, 3]));
        let page = posts::page(&mut tx, &channel, false, 3, 3).await.unwrap();
        assert_eq!(ids(page), numbers(&[2, 1]));
        let page = posts::page(&mut tx, &channel, true, 0, 4).await.unwrap();
        assert_eq!(ids(page), numbers(&[7, 6, 5, 4]));

        let (second, sixth) = (id(2), id(6));
        let before = posts::before(&mut tx, &channel, (Millis(2), &second), false, 0, 10).await.unwrap();
        assert_eq!(ids(before), numbers(&[1]));
        let before = posts::before(&mut tx, &channel, (Millis(6), &sixth), false, 1, 2).await.unwrap();
        assert_eq!(ids(before), numbers(&[2, 1]));
        let before = posts::before(&mut tx, &channel, (Millis(6), &sixth), true, 0, 2).await.unwrap();
        assert_eq!(ids(before), numbers(&[5, 4]));
        let first = id(1);
        let after = posts::after(&mut tx, &channel, (Millis(2), &first), false, 0, 3).await.unwrap();
        assert_eq!(ids(after), numbers(&[2, 3, 6]));
        let after = posts::after(&mut tx, &channel, (Millis(2), &first), true, 2, 2).await.unwrap();
        assert_eq!(ids(after), numbers(&[4, 5]));

        let changed = posts::changed_since(&mut tx, &channel, Millis(3), false, 3).await.unwrap();
        assert_eq!(ids(changed), numbers(&[7, 6, 5]));
        let first = posts::first_after(&mut tx, &channel, Millis(3), false).await.unwrap();
        assert_eq!(first.map(|post| post.id), Some(id(6)));
        assert_eq!(posts::first_after(&mut tx, &channel, Millis(7), false).await.unwrap(), None);
    })
    .await;
}

/// What clients that fold threads ask for.
#[tokio::test]
async fn replies_can_be_left_out_of_every_list() {
    both(async |db: Db| {
        let mut list = series(6);
        for n in [1, 2, 5] {
            list[n].root_id = Some(list[0].id);
        }
        let mut tx = begin(&db).await;
        insert(&mut tx, &list).await;
        let (channel, roots) = (id(1), posts::Listed { deleted: false, roots: true });
        assert_eq!(ids(posts::page(&mut tx, &channel, roots, 0, 2).await.unwrap()), numbers(&[5, 4]));
        let before = posts::before(&mut tx, &channel, (Millis(4), &id(4)), roots, 0, 10).await.unwrap();
        assert_eq!(ids(before), numbers(&[1]));
        let after = posts::after(&mut tx, &channel, (list[0].create_at, &id(1)), roots, 0, 10).await.unwrap();
        assert_eq!(ids(after), numbers(&[4, 5]));
        let changed = posts::changed_since(&mut tx, &channel, Millis(0), true, 10).await.unwrap();
        assert_eq!(ids(changed), numbers(&[5, 4, 1]));
        let first = posts::first_after(&mut tx, &channel, list[0].create_at, true).await.unwrap();
        assert_eq!(first.map(|post| post.id), Some(id(4)));
    })
    .await;
}

#[tokio::test]
async fn a_thread_is_read_in_order_of_creation() {
    both(async |db: Db| {
        let root = post(50, id(1), id(1));
        let mut list = series(5);
        for (reply, author) in list.iter_mut().zip([3, 2, 3, 4, 5]) {
            reply.root_id = Some(root.id);
            reply.user_id = id(author);
        }
        list[3].delete_at = Some(NOW);
        list[4].hidden_at = Some(NOW);
        let mut tx = begin(&db).await;
        insert(&mut tx, &list).await;
        insert(&mut tx, &[root.clone(), post(51, id(1), id(1))]).await;
        let replies = posts::replies(&mut tx, &root.id, (Millis(0), ""), 2).await.unwrap();
        assert_eq!(ids(replies), numbers(&[1, 2]));
        let replies = posts::replies(&mut tx, &root.id, (Millis(2), id::<PostId>(1).as_str()), 10).await.unwrap();
        assert_eq!(ids(replies), numbers(&[2, 3, 4, 5]));
        assert_eq!(posts::repliers(&mut tx, &root.id).await.unwrap(), [id(2), id(3)]);
    })
    .await;
}

#[tokio::test]
async fn counts_leave_out_what_is_gone_and_what_the_server_says() {
    both(async |db: Db| {
        let mut list = series(7);
        list.iter_mut().for_each(|post| post.is_pinned = true);
        list[1].delete_at = Some(NOW);
        list[2].hidden_at = Some(NOW);
        list[3].kind = "system_join_channel".to_owned();
        list[4].root_id = Some(id(1));
        list[5].is_pinned = false;
        list[6].channel_id = id(2);
        let mut tx = begin(&db).await;
        insert(&mut tx, &list).await;
        assert_eq!(posts::count_pinned(&mut tx, &id(1)).await.unwrap(), 3);
        assert_eq!(ids(posts::pinned(&mut tx, &id(1)).await.unwrap()), numbers(&[5, 4, 1]));
        assert_eq!(posts::count_from(&mut tx, &id(1), Millis(2)).await.unwrap(), (3, 2));
        assert_eq!(posts::count_from(&mut tx, &id(1), Millis(5)).await.unwrap(), (2, 1));
        assert_eq!(posts::count_from(&mut tx, &id(3), Millis(0)).await.unwrap(), (0, 0));
    })
    .await;
}
