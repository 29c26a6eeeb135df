//! Memberships in channels, on both databases.

use rialto_model::{ChannelMember, Millis, UserId};

use crate::samples::{NOW, Scene, begin, channel, id, member, read, remote_user, scene, team, user};
use crate::testing::both;
use crate::{Db, Tx, channel_members, channels, users};

/// The scene, and Cem, whom connection 7 owns, in the channel too.
async fn with_cem(tx: &mut Tx) -> Scene {
    let scene = scene(tx).await;
    let cem = remote_user(3, id(7));
    users::insert(tx, &cem, "").await.unwrap();
    channel_members::insert(tx, &member(scene.channel.id, cem.id)).await.unwrap();
    scene
}

fn ids(members: Vec<ChannelMember>) -> Vec<UserId> {
    members.into_iter().map(|member| member.user_id).collect()
}

#[tokio::test]
async fn a_membership_is_read_as_written_and_added_once() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = with_cem(&mut tx).await;
        let guest = ChannelMember { scheme_guest: true, scheme_user: false, ..member(scene.channel.id, id(4)) };
        assert!(channel_members::insert(&mut tx, &guest).await.unwrap());
        assert!(!channel_members::insert(&mut tx, &member(scene.channel.id, id(4))).await.unwrap());
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        assert_eq!(channel_members::get(&mut view, &scene.channel.id, &id(4)).await.unwrap(), Some(guest.clone()));
        assert_eq!(channel_members::get(&mut view, &id(2), &id(4)).await.unwrap(), None);
        let listed = channel_members::list_by_ids(&mut view, &scene.channel.id, &[id(4), id(99)]).await.unwrap();
        assert_eq!(listed, [guest]);
        assert_eq!(channel_members::channel_ids(&mut view, &scene.ann.id).await.unwrap(), [scene.channel.id]);
        drop(view);
        let mut tx = begin(&db).await;
        assert!(channel_members::delete(&mut tx, &scene.channel.id, &id(4)).await.unwrap());
        assert!(!channel_members::delete(&mut tx, &scene.channel.id, &id(4)).await.unwrap());
        assert_eq!(channel_members::channel_ids(&mut tx, &id(4)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn lists_are_by_username_and_in_pages() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = with_cem(&mut tx).await;
        let list = channel_members::list(&mut tx, &scene.channel.id, 0, 10).await.unwrap();
        assert_eq!(ids(list), [id(1), id(2), id(3)]);
        let list = channel_members::list(&mut tx, &scene.channel.id, 1, 1).await.unwrap();
        assert_eq!(ids(list), [id(2)]);
        let page = channel_members::page_ids(&mut tx, &scene.channel.id, &id(7), "", 10).await.unwrap();
        assert_eq!(page, [id(1), id(2)]);
        let page = channel_members::page_ids(&mut tx, &scene.channel.id, &id(8), id::<UserId>(1).as_str(), 1).await;
        assert_eq!(page.unwrap(), [id(2)]);
        let page = channel_members::page_ids(&mut tx, &scene.channel.id, &id(8), id::<UserId>(2).as_str(), 5).await;
        assert_eq!(page.unwrap(), [id(3)]);
    })
    .await;
}

#[tokio::test]
async fn memberships_of_a_person_are_those_of_the_team_and_of_no_team() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        let direct = rialto_model::Channel { team_id: None, ..channel(2, scene.team.id) };
        let other = channel(3, team(9).id);
        for channel in [&direct, &other] {
            channels::insert(&mut tx, channel).await.unwrap();
            channel_members::insert(&mut tx, &member(channel.id, scene.ann.id)).await.unwrap();
        }
        for (team, expected) in
            [(Some(&scene.team.id), &[id(1), id(2)][..]), (None, &[id(1), id(2), id(3)]), (Some(&id(5)), &[id(2)])]
        {
            let mut found: Vec<_> = channel_members::list_of_user(&mut tx, &scene.ann.id, team)
                .await
                .unwrap()
                .into_iter()
                .map(|member| member.channel_id)
                .collect();
            found.sort();
            assert_eq!(found, expected, "{team:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn remote_people_are_counted_and_removed_apart() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = with_cem(&mut tx).await;
        let left = rialto_model::User { delete_at: Some(NOW), ..user(5) };
        users::insert(&mut tx, &left, "").await.unwrap();
        channel_members::insert(&mut tx, &member(scene.channel.id, left.id)).await.unwrap();
        assert_eq!(channel_members::count(&mut tx, &scene.channel.id).await.unwrap(), (3, 1));
        let zones = channel_members::timezones(&mut tx, &scene.channel.id).await.unwrap();
        assert_eq!(zones, [scene.ann.timezone]);
        let gone = channel_members::delete_of_remote(&mut tx, &scene.channel.id, &id(7)).await.unwrap();
        assert_eq!(gone, [id(3)]);
        assert_eq!(channel_members::delete_of_remote(&mut tx, &scene.channel.id, &id(7)).await.unwrap(), []);
        assert_eq!(channel_members::count(&mut tx, &scene.channel.id).await.unwrap(), (2, 0));
    })
    .await;
}

#[tokio::test]
async fn an_update_keeps_how_far_a_person_has_read_and_the_other_way_round() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        let before = member(scene.channel.id, scene.ann.id);
        let flags = ChannelMember {
            scheme_admin: false,
            scheme_user: false,
            scheme_guest: true,
            notify_props: [].into(),
            last_update_at: NOW,
            ..before.clone()
        };
        let unread = ChannelMember { mention_count: 77, last_viewed_at: Millis(1), ..flags.clone() };
        channel_members::update(&mut tx, &unread).await.unwrap();
        assert_eq!(
            channel_members::get(&mut tx, &before.channel_id, &before.user_id).await.unwrap(),
            Some(flags.clone())
        );
        let state = ChannelMember {
            last_viewed_at: Millis(11),
            msg_count: 12,
            msg_count_root: 13,
            last_update_at: Millis(14),
            ..flags
        };
        channel_members::set_read_state(&mut tx, &ChannelMember { scheme_admin: true, ..state.clone() }).await.unwrap();
        assert_eq!(channel_members::get(&mut tx, &before.channel_id, &before.user_id).await.unwrap(), Some(state));
        let bob = channel_members::get(&mut tx, &before.channel_id, &scene.bob.id).await.unwrap();
        assert_eq!(bob, Some(member(scene.channel.id, scene.bob.id)));
    })
    .await;
}

#[tokio::test]
async fn viewing_a_channel_reads_all_of_it() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        tx.commit().await.unwrap();
        for is_root in [true, false, true] {
            let mut tx = begin(&db).await;
            channels::count_post(&mut tx, &scene.channel.id, is_root, NOW).unwrap();
            tx.commit().await.unwrap();
        }
        let mut tx = begin(&db).await;
        assert!(channel_members::mark_viewed(&mut tx, &scene.channel.id, &scene.ann.id, NOW).await.unwrap());
        assert!(!channel_members::mark_viewed(&mut tx, &scene.channel.id, &id(9), NOW).await.unwrap());
        let seen = ChannelMember {
            last_viewed_at: NOW,
            last_update_at: NOW,
            msg_count: 3,
            msg_count_root: 2,
            mention_count: 0,
            mention_count_root: 0,
            ..member(scene.channel.id, scene.ann.id)
        };
        assert_eq!(channel_members::get(&mut tx, &scene.channel.id, &scene.ann.id).await.unwrap(), Some(seen));
    })
    .await;
}

#[tokio::test]
async fn own_posts_count_as_read_and_mentions_as_unread() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        tx.commit().await.unwrap();
        let mut tx = begin(&db).await;
        channel_members::count_own_post(&mut tx, &scene.channel.id, &scene.ann.id, true, NOW).unwrap();
        channel_members::count_own_post(&mut tx, &scene.channel.id, &scene.ann.id, false, NOW).unwrap();
        channel_members::count_mentions(&mut tx, &scene.channel.id, &[scene.bob.id, id(9)], true, NOW).unwrap();
        channel_members::count_mentions(&mut tx, &scene.channel.id, &[scene.bob.id], false, NOW).unwrap();
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        let ann = channel_members::get(&mut view, &scene.channel.id, &scene.ann.id).await.unwrap().unwrap();
        assert_eq!((ann.msg_count, ann.msg_count_root, ann.mention_count), (5, 3, 5));
        assert_eq!((ann.last_viewed_at, ann.last_update_at), (NOW, NOW));
        let bob = channel_members::get(&mut view, &scene.channel.id, &scene.bob.id).await.unwrap().unwrap();
        assert_eq!((bob.msg_count, bob.mention_count, bob.mention_count_root), (3, 7, 5));
        assert_eq!((bob.last_viewed_at, bob.last_update_at), (Millis(3003), NOW));
    })
    .await;
}

#[tokio::test]
async fn only_active_local_members_are_mentioned() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = with_cem(&mut tx).await;
        let left = rialto_model::User { delete_at: Some(NOW), ..user(5) };
        users::insert(&mut tx, &left, "").await.unwrap();
        channel_members::insert(&mut tx, &member(scene.channel.id, left.id)).await.unwrap();
        users::insert(&mut tx, &user(6), "").await.unwrap();
        let channel = scene.channel.id;
        let named: Vec<String> = ["user-02", "user-03:acme", "user-05", "user-06"].map(str::to_owned).into();
        assert_eq!(channel_members::mentioned(&mut tx, &channel, &named, false).await.unwrap(), [id(2)]);
        assert_eq!(channel_members::mentioned(&mut tx, &channel, &named, true).await.unwrap(), [id(1), id(2)]);
        assert_eq!(channel_members::mentioned(&mut tx, &channel, &[], false).await.unwrap(), []);
    })
    .await;
}
