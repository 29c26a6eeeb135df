//! People, on both databases.

use rialto_model::{Millis, RemoteId, User, UserId};

use crate::samples::{NOW, begin, id, member, read, remote, remote_user, scene, secrets, user};
use crate::testing::both;
use crate::{Db, Tx, channel_members, remotes, team_members, users};

fn names(mut people: Vec<User>) -> Vec<String> {
    people.sort_by(|a, b| a.username.cmp(&b.username));
    people.into_iter().map(|user| user.username).collect()
}

/// Fails to sign user 1 in so many times.
async fn attempts(tx: &mut Tx, number: i64) {
    for _ in 0..number {
        assert!(users::begin_attempt(tx, &id(1), Millis(100), 10, 50).await.unwrap());
    }
}

#[tokio::test]
async fn a_person_is_read_as_written() {
    both(async |db: Db| {
        let ann = User { delete_at: Some(Millis(9)), is_bot: true, ..remote_user(1, id(8)) };
        let bob = user(2);
        let mut tx = begin(&db).await;
        users::insert(&mut tx, &ann, "hash-ann").await.unwrap();
        users::insert(&mut tx, &bob, "hash-bob").await.unwrap();
        tx.commit().await.unwrap();

        let mut view = read(&db).await;
        assert_eq!(users::get(&mut view, &ann.id).await.unwrap(), Some(ann.clone()));
        assert_eq!(users::get(&mut view, &id(3)).await.unwrap(), None);
        assert_eq!(users::get_by_username(&mut view, "user-01:acme").await.unwrap(), Some(ann.clone()));
        assert_eq!(users::get_by_username(&mut view, "user-01").await.unwrap(), None);
        assert_eq!(users::get_by_email(&mut view, "user-02@example.org").await.unwrap(), Some(bob.clone()));
        assert_eq!(users::get_by_email(&mut view, "user-02").await.unwrap(), None);
        let both_of_them = users::list_by_ids(&mut view, &[ann.id, bob.id, id(3)]).await.unwrap();
        assert_eq!(names(both_of_them), ["user-01:acme", "user-02"]);
        assert_eq!(users::list_by_ids(&mut view, &[]).await.unwrap(), []);
        let wanted = ["user-02".to_owned(), "nobody\"'".to_owned()];
        assert_eq!(users::list_by_usernames(&mut view, &wanted).await.unwrap(), [bob]);
    })
    .await;
}

#[tokio::test]
async fn username_and_address_are_unique() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        users::insert(&mut tx, &user(1), "").await.unwrap();
        tx.commit().await.unwrap();
        for (other, column) in [
            (User { username: user(1).username, ..user(2) }, "username"),
            (User { email: user(1).email, ..user(2) }, "email"),
        ] {
            let mut tx = begin(&db).await;
            let error = users::insert(&mut tx, &other, "").await.unwrap_err();
            assert!(error.is_unique_on(column), "{error}");
        }
        let mut tx = begin(&db).await;
        users::insert(&mut tx, &user(2), "").await.unwrap();
        let error = users::update(&mut tx, &User { username: user(1).username, ..user(2) }).await.unwrap_err();
        assert!(error.is_unique_on("username"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn an_update_writes_everything_but_owner_and_password() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        users::insert(&mut tx, &user(1), "hash").await.unwrap();
        attempts(&mut tx, 3).await;
        let changed = User {
            update_at: Millis(2002),
            delete_at: Some(Millis(2003)),
            username: "new".to_owned(),
            email: "new@example.org".to_owned(),
            email_verified: false,
            nickname: "n".to_owned(),
            first_name: "f".to_owned(),
            last_name: "l".to_owned(),
            position: "p".to_owned(),
            roles: "system_user system_admin".to_owned(),
            locale: "fr".to_owned(),
            timezone: [].into(),
            props: [].into(),
            notify_props: [].into(),
            remote_username: "r".to_owned(),
            remote_update_at: Millis(7),
            ..user(1)
        };
        let stolen = User { remote_id: Some(id::<RemoteId>(9)), is_bot: true, ..changed.clone() };
        users::update(&mut tx, &stolen).await.unwrap();
        tx.commit().await.unwrap();
        let found = users::credentials(&mut read(&db).await, "new@example.org").await.unwrap().unwrap();
        assert_eq!((found.user, found.password_hash.as_str(), found.failed_attempts), (changed, "hash", 3));
    })
    .await;
}

#[tokio::test]
async fn sign_in_finds_a_person_by_either_name_and_a_new_password_forgets_failures() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        users::insert(&mut tx, &user(1), "hash").await.unwrap();
        users::insert(&mut tx, &user(2), "other").await.unwrap();
        attempts(&mut tx, 4).await;
        tx.commit().await.unwrap();
        for login in ["user-01", "user-01@example.org"] {
            let found = users::credentials(&mut read(&db).await, login).await.unwrap().unwrap();
            assert_eq!((found.user.id, found.password_hash.as_str(), found.failed_attempts), (id(1), "hash", 4));
        }
        let mut tx = begin(&db).await;
        users::set_password(&mut tx, &id(1), "new", Millis(8)).await.unwrap();
        tx.commit().await.unwrap();
        let found = users::credentials(&mut read(&db).await, "user-01").await.unwrap().unwrap();
        assert_eq!((found.password_hash.as_str(), found.failed_attempts), ("new", 0));
        assert_eq!(found.user.last_password_update, Millis(8));
        assert!(users::credentials(&mut read(&db).await, "nobody").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_whom_its_filter_names() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        let gone = User { delete_at: Some(Millis(5)), nickname: "50%_\\Off".to_owned(), ..user(3) };
        users::insert(&mut tx, &gone, "").await.unwrap();
        let admin = User { roles: "system_user system_admin".to_owned(), ..user(4) };
        users::insert(&mut tx, &admin, "").await.unwrap();
        users::insert(&mut tx, &remote_user(5, id(7)), "").await.unwrap();
        team_members::end(&mut tx, &scene.team.id, &scene.bob.id, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        let all = users::Filter { limit: 10, ..users::Filter::default() };
        let none: [&str; 0] = [];
        let (team, channel) = (Some(&scene.team.id), Some(&scene.channel.id));
        for (filter, expected) in [
            (all, &["user-01", "user-02", "user-04", "user-05:acme"][..]),
            (users::Filter { inactive: true, local: true, ..all }, &["user-01", "user-02", "user-03", "user-04"]),
            (users::Filter { in_team: team, ..all }, &["user-01"]),
            (users::Filter { not_in_team: team, ..all }, &["user-02", "user-04", "user-05:acme"]),
            (users::Filter { in_channel: channel, ..all }, &["user-01", "user-02"]),
            (users::Filter { not_in_channel: channel, ..all }, &["user-04", "user-05:acme"]),
            (users::Filter { prefix: "user-02", ..all }, &["user-02"]),
            (users::Filter { prefix: "ser-02", ..all }, &none),
            (users::Filter { prefix: "first 04", ..all }, &["user-04"]),
            (users::Filter { prefix: "last 04", ..all }, &["user-04"]),
            (users::Filter { prefix: "nick 04", ..all }, &["user-04"]),
            (users::Filter { prefix: "user_0", ..all }, &none),
            (users::Filter { prefix: "50%_\\o", inactive: true, ..all }, &["user-03"]),
            (users::Filter { offset: 1, limit: 1, ..all }, &["user-02"]),
            (users::Filter { without: Some(&scene.ann.id), ..all }, &["user-02", "user-04", "user-05:acme"]),
            (users::Filter { local: true, ..all }, &["user-01", "user-02", "user-04"]),
            (users::Filter { without_team: true, ..all }, &["user-02", "user-04", "user-05:acme"]),
            (users::Filter { role: "system_admin", ..all }, &["user-04"]),
            (users::Filter { role: "admin", ..all }, &none),
        ] {
            let found = users::list(&mut view, filter).await.unwrap();
            let found: Vec<_> = found.iter().map(|user| user.username.as_str()).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn counts_and_roles_are_about_local_people() {
    both(async |db: Db| {
        assert!(users::none_exist(&mut read(&db).await).await.unwrap());
        let mut tx = begin(&db).await;
        users::insert(&mut tx, &User { is_bot: true, ..user(9) }, "").await.unwrap();
        users::insert(&mut tx, &User { roles: "system_user system_admin".to_owned(), ..remote_user(8, id(5)) }, "")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(users::none_exist(&mut read(&db).await).await.unwrap());

        let mut tx = begin(&db).await;
        users::insert(&mut tx, &user(1), "").await.unwrap();
        users::insert(&mut tx, &User { roles: "system_user system_admin".to_owned(), ..user(2) }, "").await.unwrap();
        users::insert(&mut tx, &User { roles: "system_admin".to_owned(), delete_at: Some(Millis(1)), ..user(3) }, "")
            .await
            .unwrap();
        users::insert(&mut tx, &User { roles: "system_admin_of_old".to_owned(), ..user(4) }, "").await.unwrap();
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        assert!(!users::none_exist(&mut view).await.unwrap());
        assert_eq!(users::count(&mut view, true).await.unwrap(), 4);
        assert_eq!(users::count(&mut view, false).await.unwrap(), 3);
        let admins = users::list_with_role(&mut view, "system_admin").await.unwrap();
        assert_eq!(names(admins), ["user-02"]);
    })
    .await;
}

#[tokio::test]
async fn a_stand_in_is_found_from_both_ends() {
    both(async |db: Db| {
        let (acme, globex): (RemoteId, RemoteId) = (id(1), id(2));
        let (wire, local): (UserId, UserId) = (id(10), id(11));
        let mut tx = begin(&db).await;
        users::insert_alias(&mut tx, &acme, &wire, &local).await.unwrap();
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        assert_eq!(users::alias(&mut view, &acme, &wire).await.unwrap(), Some(local));
        assert_eq!(users::alias(&mut view, &globex, &wire).await.unwrap(), None);
        assert_eq!(users::wire_id(&mut view, &local).await.unwrap(), Some(wire));
        assert_eq!(users::wire_id(&mut view, &wire).await.unwrap(), None);
        drop(view);
        let mut tx = begin(&db).await;
        let error = users::insert_alias(&mut tx, &acme, &wire, &id(12)).await.unwrap_err();
        assert!(error.is_unique_on("user_aliases"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn everybody_a_connection_owns_is_deactivated_once() {
    both(async |db: Db| {
        let acme = remote(1);
        let late = User { update_at: Millis(NOW.0 + 50), ..remote_user(2, acme.id) };
        let mut tx = begin(&db).await;
        remotes::insert(&mut tx, &acme, &secrets(1)).await.unwrap();
        users::insert(&mut tx, &remote_user(1, acme.id), "").await.unwrap();
        users::insert(&mut tx, &late, "").await.unwrap();
        users::insert(&mut tx, &remote_user(3, id(9)), "").await.unwrap();
        users::insert(&mut tx, &user(4), "").await.unwrap();
        let mut gone = users::deactivate_of_remote(&mut tx, &acme.id, NOW).await.unwrap();
        gone.sort();
        assert_eq!(gone, [id(1), id(2)]);
        assert_eq!(users::deactivate_of_remote(&mut tx, &acme.id, NOW).await.unwrap(), []);
        let versions = users::list_by_ids(&mut tx, &gone).await.unwrap();
        let mut versions: Vec<_> = versions.into_iter().map(|user| (user.id, user.update_at, user.delete_at)).collect();
        versions.sort();
        assert_eq!(versions, [(id(1), NOW, Some(NOW)), (id(2), Millis(NOW.0 + 51), Some(NOW))]);
        assert_eq!(users::get(&mut tx, &id(4)).await.unwrap(), Some(user(4)));
    })
    .await;
}

#[tokio::test]
async fn attempts_are_counted_before_they_are_made_and_held_after_too_many() {
    both(async |db: Db| {
        let attempt = async |now: i64| {
            let mut tx = begin(&db).await;
            let may = users::begin_attempt(&mut tx, &id(1), Millis(now), 2, 50).await.unwrap();
            tx.commit().await.unwrap();
            may
        };
        let mut tx = begin(&db).await;
        users::insert(&mut tx, &user(1), "").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((attempt(100).await, attempt(110).await), (true, true));
        assert_eq!((attempt(120).await, attempt(159).await), (false, false));
        assert!(attempt(160).await, "the last one is old enough");
        assert_eq!((attempt(161).await, attempt(162).await), (true, false));
        let mut tx = begin(&db).await;
        users::clear_attempts(&mut tx, &id(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(attempt(163).await);
    })
    .await;
}

#[tokio::test]
async fn people_know_whom_they_share_a_channel_with() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        for (channel, person) in [(2, 1), (2, 2), (2, 3), (3, 2), (3, 4)] {
            channel_members::insert(&mut tx, &member(id(channel), id(person))).await.unwrap();
        }
        let mut known = users::known_to(&mut tx, &scene.ann.id).await.unwrap();
        known.sort();
        assert_eq!(known, [id(2), id(3)]);
        assert_eq!(users::known_to(&mut tx, &id(9)).await.unwrap(), []);
        assert_eq!(users::get_for_update(&mut tx, &scene.bob.id).await.unwrap(), Some(scene.bob));
        assert_eq!(users::get_for_update(&mut tx, &id(9)).await.unwrap(), None);
    })
    .await;
}
