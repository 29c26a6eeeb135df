//! Connections and codes, on both databases.

use rialto_model::{Channel, Millis, Post, Reaction, RemoteCluster, ShareState, User};

use crate::remotes::{self, Invite};
use crate::samples::{
    NOW, begin, channel, id, member, post, reaction, read, remote, remote_user, scene, secrets, share, team, user,
};
use crate::testing::both;
use crate::{Db, channel_members, channels, posts, reactions, shares, users};

fn ended(n: u128) -> RemoteCluster {
    RemoteCluster { delete_at: Some(NOW), deleted_by: Some(id(1)), severed: true, ..remote(n) }
}

fn invite(n: u128, remote: u128, expires_at: i64) -> Invite {
    Invite {
        id: id(n),
        remote_id: id(remote),
        token_hash: format!("token-{n}"),
        create_at: Millis(100 + i64::try_from(n).unwrap()),
        expires_at: Millis(expires_at),
        spent_at: None,
    }
}

fn handles(list: Vec<RemoteCluster>) -> Vec<String> {
    list.into_iter().map(|remote| remote.handle).collect()
}

#[tokio::test]
async fn a_connection_is_read_as_written() {
    both(async |db: Db| {
        let bare = RemoteCluster {
            site_url: None,
            default_team_id: None,
            confirmed_at: None,
            last_ping_at: None,
            interrupted_at: None,
            failing_since: None,
            ..remote(2)
        };
        let mut tx = begin(&db).await;
        for remote in [&ended(1), &bare] {
            remotes::insert(&mut tx, remote, &secrets(1)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = begin(&db).await;
        assert_eq!(remotes::get(&mut tx, &id(1)).await.unwrap(), Some(ended(1)));
        assert_eq!(remotes::lock(&mut tx, &id(2)).await.unwrap(), Some(bare.clone()));
        assert_eq!(remotes::lock(&mut tx, &id(3)).await.unwrap(), None);
        assert_eq!(remotes::get_by_handle(&mut tx, "acme-01").await.unwrap(), None);
        assert_eq!(remotes::get_by_handle(&mut tx, "acme-02").await.unwrap(), Some(bare.clone()));
        assert_eq!(handles(remotes::list(&mut tx, false).await.unwrap()), ["acme-02"]);
        assert_eq!(handles(remotes::list(&mut tx, true).await.unwrap()), ["acme-01", "acme-02"]);
        assert_eq!(remotes::list_ended_at(&mut tx, "https://acme-01.example.org").await.unwrap(), [ended(1)]);
        assert_eq!(remotes::list_ended_at(&mut tx, "https://acme-02.example.org").await.unwrap(), []);

        let renamed = RemoteCluster { name: "Other".to_owned(), handle: "other".to_owned(), ..remote(2) };
        remotes::update(&mut tx, &renamed).await.unwrap();
        assert_eq!(remotes::get(&mut tx, &id(2)).await.unwrap(), Some(remote(2)));
        remotes::delete_unconfirmed(&mut tx, &id(2)).await.unwrap();
        assert!(remotes::get(&mut tx, &id(2)).await.unwrap().is_some());
        remotes::update(&mut tx, &bare).await.unwrap();
        remotes::delete_unconfirmed(&mut tx, &id(2)).await.unwrap();
        assert_eq!(remotes::get(&mut tx, &id(2)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_handle_belongs_to_one_live_connection() {
    both(async |db: Db| {
        let same = |n| RemoteCluster { handle: remote(1).handle, ..remote(n) };
        let mut tx = begin(&db).await;
        remotes::insert(&mut tx, &remote(1), &secrets(1)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = begin(&db).await;
        let error = remotes::insert(&mut tx, &same(2), &secrets(2)).await.unwrap_err();
        assert!(error.is_unique_on("handle"), "{error}");
        drop(tx);
        let mut tx = begin(&db).await;
        remotes::update(&mut tx, &ended(1)).await.unwrap();
        remotes::insert(&mut tx, &same(2), &secrets(2)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = begin(&db).await;
        let error = remotes::insert(&mut tx, &remote(2), &secrets(2)).await.unwrap_err();
        assert!(matches!(error, crate::StoreError::Unique(_)), "{error}");
    })
    .await;
}

/// SC-105.
#[tokio::test]
async fn secrets_are_kept_apart_and_destroyed() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        for n in [1, 2] {
            remotes::insert(&mut tx, &remote(n), &secrets(n)).await.unwrap();
        }
        let found = remotes::secrets(&mut tx, &id(1)).await.unwrap().unwrap();
        assert_eq!((found.token_hash.as_str(), found.remote_token.as_str()), ("hash-1", "sealed-1"));
        assert_eq!(found.confirmation, "digest-1");
        remotes::update(&mut tx, &ended(1)).await.unwrap();
        assert_eq!(remotes::secrets(&mut tx, &id(1)).await.unwrap().unwrap().token_hash, "hash-1");
        let none =
            remotes::Secrets { token_hash: String::new(), remote_token: String::new(), confirmation: "c".to_owned() };
        remotes::set_secrets(&mut tx, &id(1), &none).await.unwrap();
        let found = remotes::secrets(&mut tx, &id(1)).await.unwrap().unwrap();
        assert_eq!((found.token_hash + &found.remote_token, found.confirmation.as_str()), (String::new(), "c"));
        assert_eq!(remotes::secrets(&mut tx, &id(2)).await.unwrap().unwrap().token_hash, "hash-2");
        assert!(remotes::secrets(&mut tx, &id(3)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn only_live_shares_connect_a_channel_and_its_people_to_a_connection() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        for n in 1..=4 {
            remotes::insert(&mut tx, &remote(n), &secrets(n)).await.unwrap();
        }
        let guest = rialto_model::Share { home: false, ..share(1, scene.channel.id, id(1)) };
        let over = rialto_model::Share { state: ShareState::Ended, ..share(3, scene.channel.id, id(3)) };
        for share in [&share(2, scene.channel.id, id(2)), &guest, &over] {
            shares::insert(&mut tx, share).await.unwrap();
        }
        let list = remotes::list_of_channel(&mut tx, &scene.channel.id).await.unwrap();
        assert_eq!(handles(list), ["acme-01", "acme-02"]);
        assert_eq!(remotes::list_of_channel(&mut tx, &id(9)).await.unwrap(), []);
        // What was shared once may have left traces of a person there, so that share counts as well.
        for (remote, user, expected) in
            [(1, scene.ann.id, true), (3, scene.ann.id, true), (4, scene.ann.id, false), (1, id(9), false)]
        {
            let known = remotes::shares_channel_with(&mut tx, &id(remote), &user).await.unwrap();
            assert_eq!(known, expected, "{remote} {user}");
        }
    })
    .await;
}

#[tokio::test]
async fn codes_are_found_spent_and_forgotten() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        for code in [invite(1, 1, 1000), invite(2, 1, 2000), invite(3, 2, 1000), invite(4, 3, 1000)] {
            remotes::insert_invite(&mut tx, &code).await.unwrap();
        }
        let found = remotes::get_invite(&mut tx, "token-2").await.unwrap().unwrap();
        assert_eq!((found.id, found.remote_id, found.token_hash.as_str()), (id(2), id(1), "token-2"));
        assert_eq!((found.create_at, found.expires_at, found.spent_at), (Millis(102), Millis(2000), None));
        assert!(remotes::get_invite(&mut tx, "token-9").await.unwrap().is_none());
        assert_eq!(remotes::newest_invite(&mut tx, &id(1)).await.unwrap().unwrap().id, id(2));
        assert!(remotes::newest_invite(&mut tx, &id(9)).await.unwrap().is_none());

        remotes::spend_invites(&mut tx, &id(1), Millis(1500)).await.unwrap();
        remotes::spend_invites(&mut tx, &id(1), Millis(1600)).await.unwrap();
        for token in ["token-1", "token-2"] {
            let spent = remotes::get_invite(&mut tx, token).await.unwrap().unwrap().spent_at;
            assert_eq!(spent, Some(Millis(1500)), "{token}");
        }
        assert_eq!(remotes::get_invite(&mut tx, "token-3").await.unwrap().unwrap().spent_at, None);

        remotes::delete_invites(&mut tx, &id(3)).await.unwrap();
        assert!(remotes::get_invite(&mut tx, "token-4").await.unwrap().is_none());
        assert_eq!(remotes::prune_invites(&mut tx, Millis(1400)).await.unwrap(), 1);
        assert!(remotes::get_invite(&mut tx, "token-3").await.unwrap().is_none());
        assert!(remotes::get_invite(&mut tx, "token-1").await.unwrap().is_some());
        assert_eq!(remotes::prune_invites(&mut tx, Millis(1600)).await.unwrap(), 1);
        assert!(remotes::get_invite(&mut tx, "token-2").await.unwrap().is_some());
        tx.commit().await.unwrap();
        let mut tx = begin(&db).await;
        let twice = Invite { id: id(9), ..invite(2, 5, 1) };
        assert!(remotes::insert_invite(&mut tx, &twice).await.unwrap_err().is_unique_on("token"));
    })
    .await;
}

#[tokio::test]
async fn a_successor_gets_everything_an_ended_connection_owned() {
    both(async |db: Db| {
        let (old, new) = (ended(1), remote(2));
        let gone = User { delete_at: Some(Millis(5)), update_at: Millis(NOW.0 + 3), ..remote_user(2, old.id) };
        let copy = Channel { origin: Some(old.id), ..channel(1, team(1).id) };
        let text = Post { remote_id: Some(old.id), ..post(1, copy.id, id(1)) };
        let wave = Reaction { remote_id: Some(old.id), ..reaction(&text, id(1), "wave") };
        let mut tx = begin(&db).await;
        for person in [&remote_user(1, old.id), &gone, &remote_user(3, id(9)), &user(4)] {
            users::insert(&mut tx, person, "").await.unwrap();
        }
        users::insert_alias(&mut tx, &old.id, &id(20), &id(2)).await.unwrap();
        channels::insert(&mut tx, &copy).await.unwrap();
        channel_members::insert(&mut tx, &member(copy.id, id(1))).await.unwrap();
        posts::insert_now(&mut tx, &text).await.unwrap();
        posts::insert_now(&mut tx, &post(2, copy.id, id(4))).await.unwrap();
        reactions::put(&mut tx, &wave, Millis(3)).await.unwrap();
        let mut people = remotes::rehome(&mut tx, &old.id, &new.id, NOW).await.unwrap();
        people.sort();
        assert_eq!(people, [id(1), id(2)]);
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        let revived = users::get(&mut view, &id(2)).await.unwrap().unwrap();
        assert_eq!((revived.remote_id, revived.delete_at, revived.remote_update_at), (Some(new.id), None, Millis(0)));
        assert_eq!(revived.update_at, Millis(NOW.0 + 4));
        assert_eq!(users::get(&mut view, &id(3)).await.unwrap(), Some(remote_user(3, id(9))));
        assert_eq!(users::get(&mut view, &id(4)).await.unwrap(), Some(user(4)));
        assert_eq!(users::alias(&mut view, &new.id, &id(20)).await.unwrap(), Some(id(2)));
        assert_eq!(channels::get(&mut view, &copy.id).await.unwrap().unwrap().origin, Some(new.id));
        assert_eq!(posts::get(&mut view, &id(1)).await.unwrap().unwrap().remote_id, Some(new.id));
        assert_eq!(posts::get(&mut view, &id(2)).await.unwrap().unwrap().remote_id, None);
        let found = reactions::get(&mut view, &text.id, &id(1), "wave").await.unwrap().unwrap();
        assert_eq!(found.reaction.remote_id, Some(new.id));
    })
    .await;
}
