use rialto_model::{DomainEvent, Millis, RemoteId, User, UserId};

use super::*;
use crate::passwords::Unsuitable;
use crate::testing::{PASSWORD, both, events_of, join, new_user, sign_in};
use crate::{App, Settings, sessions};

fn close(app: &App) {
    app.settings.set(Settings { enable_open_server: false, ..(*app.settings.get()).clone() });
}

/// A person of another server, as a peer would have made them.
async fn remote_person(app: &App) -> User {
    let mut user = User {
        id: app.ids.id(UserId::from_random),
        username: "rita:acme".to_owned(),
        email: "x@remote.invalid".to_owned(),
        remote_id: Some(app.ids.id(RemoteId::from_random)),
        remote_username: "rita".to_owned(),
        roles: "system_admin system_user".to_owned(),
        ..create(app, None, None, new_user("template")).await.unwrap()
    };
    user.remote_update_at = Millis(1);
    let mut tx = app.db.begin(app.clock.now()).await.unwrap();
    rialto_store::users::insert(&mut tx, &user, "").await.unwrap();
    tx.commit().await.unwrap();
    user
}

#[tokio::test]
async fn of_two_first_accounts_at_once_one_administers() {
    both(|app| async move {
        let (one, other) =
            tokio::join!(create(&app, None, None, new_user("one")), create(&app, None, None, new_user("other")));
        let mut roles = [one.unwrap().roles, other.unwrap().roles];
        roles.sort();
        assert_eq!(roles, ["system_admin system_user", "system_user"]);
    })
    .await;
}

#[tokio::test]
async fn of_two_first_accounts_at_once_a_closed_server_lets_in_one() {
    both(|app| async move {
        close(&app);
        let results =
            tokio::join!(create(&app, None, None, new_user("one")), create(&app, None, None, new_user("other")));
        let results = [results.0, results.1];
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert_eq!(results.iter().filter(|result| matches!(result, Err(Error::NotOpen))).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_closed_server_takes_people_by_its_administrators_only() {
    both(|app| async move {
        close(&app);
        let (_, admin) = join(&app, "admin").await;
        assert!(matches!(create(&app, None, None, new_user("bob")).await, Err(Error::NotOpen)));
        create(&app, Some(&admin), None, new_user("bob")).await.unwrap();
        let (bobs, _) = sign_in(&app, "bob").await;
        assert!(matches!(create(&app, Some(&bobs), None, new_user("eve")).await, Err(Error::NotOpen)));
        app.settings.set(Settings { enable_user_creation: false, ..crate::testing::settings() });
        assert!(matches!(create(&app, None, None, new_user("eve")).await, Err(Error::CreationDisabled)));
    })
    .await;
}

#[tokio::test]
async fn names_and_addresses_belong_to_one_person() {
    both(|app| async move {
        join(&app, "alice").await;
        let same_name = NewUser { email: "other@test.example".to_owned(), ..new_user("ALICE") };
        assert!(matches!(create(&app, None, None, same_name).await, Err(Error::UsernameTaken)));
        let same_email = NewUser { email: "Alice@test.example".to_owned(), ..new_user("bob") };
        assert!(matches!(create(&app, None, None, same_email).await, Err(Error::EmailTaken)));
        for name in ["system", "a:b", "", "a b"] {
            let result = create(&app, None, None, new_user(name)).await;
            assert!(matches!(result, Err(Error::Invalid(InvalidField::Username(_)))), "{name}");
        }
        let short = NewUser { password: "1234567".to_owned(), ..new_user("bob") };
        let result = create(&app, None, None, short).await;
        assert!(matches!(result, Err(Error::Unsuitable(Unsuitable::TooShort { min: 8 }))));
    })
    .await;
}

#[tokio::test]
async fn a_profile_changes_once_and_is_recorded_once() {
    both(|app| async move {
        let (user, actor) = join(&app, "alice").await;
        let change = || ProfileChange { nickname: Some("Al".to_owned()), ..ProfileChange::default() };
        let before = events_of(&app).await.len();
        let changed = update(&app, &actor, &user.id, change()).await.unwrap();
        assert_eq!((changed.nickname.as_str(), changed.update_at > user.update_at), ("Al", true));
        assert_eq!(update(&app, &actor, &user.id, change()).await.unwrap(), changed);
        assert_eq!(events_of(&app).await[before..], [DomainEvent::UserUpdated { user: user.id }]);
        assert_eq!(get(&app, &actor, &user.id).await.unwrap(), changed);
    })
    .await;
}

#[tokio::test]
async fn a_new_address_needs_the_password() {
    both(|app| async move {
        let (user, actor) = join(&app, "alice").await;
        let change = |password: Option<&str>| ProfileChange {
            email: Some("new@test.example".to_owned()),
            current_password: password.map(str::to_owned),
            ..ProfileChange::default()
        };
        for password in [None, Some("wrong")] {
            assert!(matches!(update(&app, &actor, &user.id, change(password)).await, Err(Error::WrongPassword)));
        }
        let changed = update(&app, &actor, &user.id, change(Some(PASSWORD))).await.unwrap();
        assert_eq!(changed.email, "new@test.example");
    })
    .await;
}

#[tokio::test]
async fn nobody_changes_other_people_but_administrators() {
    both(|app| async move {
        let (admin_user, admin) = join(&app, "admin").await;
        let (bob, bobs) = join(&app, "bob").await;
        let change = || ProfileChange { position: Some("x".to_owned()), ..ProfileChange::default() };
        assert!(matches!(update(&app, &bobs, &admin_user.id, change()).await, Err(Error::Denied(_))));
        assert!(matches!(set_roles(&app, &bobs, &bob.id, "system_admin").await, Err(Error::Denied(_))));
        assert!(matches!(set_active(&app, &bobs, &bob.id, false).await, Err(Error::Denied(_))));
        assert!(matches!(set_password(&app, &bobs, &admin_user.id, "", "new password").await, Err(Error::Denied(_))));
        update(&app, &admin, &bob.id, change()).await.unwrap();
        assert!(matches!(update(&app, &admin, &app.system_user, change()).await, Err(Error::Denied(_))));
        // Somebody who manages accounts does not manage those who manage the system.
        set_roles(&app, &admin, &bob.id, "system_user system_user_manager").await.unwrap();
        let (bobs, _) = sign_in(&app, "bob").await;
        assert!(matches!(set_active(&app, &bobs, &admin_user.id, false).await, Err(Error::Denied(_))));
    })
    .await;
}

/// E-129.
#[tokio::test]
async fn roles_take_effect_with_the_next_request() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (bob, _) = join(&app, "bob").await;
        let (_, token) = sign_in(&app, "bob").await;
        let may = async || {
            let found = sessions::authenticate(&app, &token).await.unwrap().unwrap();
            found.actor.may(rialto_model::Permission::ManageSharedChannels)
        };
        assert!(!may().await);
        set_roles(&app, &admin, &bob.id, "system_user system_shared_channel_manager").await.unwrap();
        assert!(may().await);
        assert!(matches!(set_roles(&app, &admin, &bob.id, "channel_admin").await, Err(Error::UnknownRole)));
    })
    .await;
}

/// E-098, T-39836.
#[tokio::test]
async fn people_of_other_servers_stay_as_their_server_says() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let rita = remote_person(&app).await;
        let change = ProfileChange { nickname: Some("x".to_owned()), ..ProfileChange::default() };
        assert!(matches!(update(&app, &admin, &rita.id, change).await, Err(Error::RemoteUser)));
        assert!(matches!(set_roles(&app, &admin, &rita.id, "system_admin").await, Err(Error::RemoteUser)));
        let password = set_password(&app, &admin, &rita.id, "", "new password").await;
        assert!(matches!(password, Err(Error::RemoteUser)));
        for login in ["rita:acme", "x@remote.invalid"] {
            let request =
                sessions::SignIn { login: login.to_owned(), password: PASSWORD.to_owned(), device_id: String::new() };
            assert!(matches!(sessions::sign_in(&app, request).await, Err(sessions::Error::BadCredentials)), "{login}");
        }
        // The stand-in address finds nobody, the name does.
        assert!(matches!(get_by_email(&app, &admin, "x@remote.invalid").await, Err(Error::Absent)));
        assert_eq!(get_by_username(&app, &admin, "Rita:Acme").await.unwrap().id, rita.id);
        assert_eq!(count(&app, false).await.unwrap() + 1, count(&app, true).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_system_account_is_not_listed() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        join(&app, "bob").await;
        let find = Find { limit: 100, inactive: true, ..Find::default() };
        let names: Vec<String> =
            list(&app, &admin, &find).await.unwrap().into_iter().map(|user| user.username).collect();
        assert_eq!(names, ["admin", "bob"]);
        let find = Find { term: "@BO".to_owned(), limit: 100, ..Find::default() };
        assert_eq!(list(&app, &admin, &find).await.unwrap().len(), 1);
        assert_eq!(count(&app, false).await.unwrap(), 2);
    })
    .await;
}

/// T-39839.
#[tokio::test]
async fn what_tells_of_another_server_is_not_anybodys_to_set() {
    both(|app| async move {
        let (user, actor) = join(&app, "alice").await;
        let props = [("RemoteUsername", "x"), ("OriginalRemoteId", "x"), ("show_last_active", "true")];
        let props = props.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let change = ProfileChange { props: Some(props), ..ProfileChange::default() };
        let changed = update(&app, &actor, &user.id, change).await.unwrap();
        assert_eq!(changed.props.keys().collect::<Vec<_>>(), ["show_last_active"]);
    })
    .await;
}

#[tokio::test]
async fn guests_see_whom_they_share_a_channel_with() {
    both(|app| async move {
        let (admin_user, admin) = join(&app, "admin").await;
        let (bob, _) = join(&app, "bob").await;
        let (eve, _) = join(&app, "eve").await;
        set_roles(&app, &admin, &bob.id, "system_guest").await.unwrap();
        let (bobs, _) = sign_in(&app, "bob").await;
        assert!(matches!(get(&app, &bobs, &eve.id).await, Err(Error::Absent)));
        assert_eq!(get(&app, &bobs, &bob.id).await.unwrap().username, "bob");
        let team = crate::teams::NewTeam {
            name: "acme".to_owned(),
            display_name: "Acme".to_owned(),
            description: String::new(),
            email: String::new(),
            kind: rialto_model::TeamKind::Open,
            allow_open_invite: false,
        };
        let team = crate::teams::create(&app, &admin, team).await.unwrap();
        crate::teams::add_member(&app, &admin, &team.id, &bob.id).await.unwrap();
        assert_eq!(known(&app, &bobs).await.unwrap(), [admin_user.id]);
        assert!(get(&app, &bobs, &admin_user.id).await.is_ok());
        let seen = list_by_ids(&app, &bobs, &[admin_user.id, eve.id]).await.unwrap();
        assert_eq!(seen.iter().map(|user| user.id).collect::<Vec<_>>(), [admin_user.id]);
    })
    .await;
}

#[tokio::test]
async fn a_custom_status_is_shown_and_remembered() {
    both(|app| async move {
        let (user, actor) = join(&app, "alice").await;
        let status = |text: &str| CustomStatus {
            emoji: "calendar".to_owned(),
            text: text.to_owned(),
            duration: "one_hour".to_owned(),
            expires_at: "2026-01-01T00:00:00Z".to_owned(),
        };
        for n in 0..7 {
            set_custom_status(&app, &actor, &user.id, Some(status(&n.to_string()))).await.unwrap();
        }
        let shown = get(&app, &actor, &user.id).await.unwrap();
        assert!(shown.props["customStatus"].contains(r#""text":"6""#));
        let recent = async || {
            let category = "custom_status";
            let kept = crate::preferences::list_category(&app, &actor, &user.id, category).await.unwrap();
            serde_json::from_str::<Vec<CustomStatus>>(&kept[0].value).unwrap()
        };
        let texts = recent().await.into_iter().map(|status| status.text).collect::<Vec<_>>();
        assert_eq!(texts, ["6", "5", "4", "3", "2"]);
        forget_recent_status(&app, &actor, &user.id, "calendar", "5").await.unwrap();
        assert_eq!(recent().await.len(), 4);
        set_custom_status(&app, &actor, &user.id, None).await.unwrap();
        assert!(!get(&app, &actor, &user.id).await.unwrap().props.contains_key("customStatus"));
    })
    .await;
}
