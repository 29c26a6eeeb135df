use rialto_model::DomainEvent;

use super::*;
use crate::testing::{PASSWORD, both, events_of, join, log_of, sign_in as sign_in_as};
use crate::users;

fn attempt(login: &str, password: &str) -> SignIn {
    SignIn { login: login.to_owned(), password: password.to_owned(), device_id: String::new() }
}

async fn is_good(app: &App, token: &str) -> bool {
    authenticate(app, token).await.unwrap().is_some()
}

#[tokio::test]
async fn names_and_addresses_sign_in_whatever_their_case() {
    both(|app| async move {
        let (user, _) = join(&app, "alice").await;
        for login in ["alice", "ALICE", " alice@test.example"] {
            let signed_in = sign_in(&app, attempt(login, PASSWORD)).await.unwrap();
            assert_eq!(signed_in.user.id, user.id, "{login}");
            assert!(is_good(&app, &signed_in.token).await);
        }
        assert!(!is_good(&app, "ne9rk39eupbp8jnsejubef4yyy").await);
        assert!(!is_good(&app, "").await);
    })
    .await;
}

#[tokio::test]
async fn nobody_learns_which_of_name_and_password_was_wrong() {
    both(|app| async move {
        join(&app, "alice").await;
        assert!(matches!(sign_in(&app, attempt("alice", "")).await, Err(Error::BlankPassword)));
        for (login, password) in [("alice", "wrong"), ("nobody", PASSWORD), ("system", PASSWORD), ("", PASSWORD)] {
            assert!(matches!(sign_in(&app, attempt(login, password)).await, Err(Error::BadCredentials)), "{login}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_is_held_after_too_many_failures_and_free_again_later() {
    both(|app| async move {
        join(&app, "alice").await;
        let limit = app.settings.get().max_login_attempts;
        for _ in 0..limit {
            assert!(matches!(sign_in(&app, attempt("alice", "wrong")).await, Err(Error::BadCredentials)));
        }
        assert!(matches!(sign_in(&app, attempt("alice", PASSWORD)).await, Err(Error::TooManyAttempts)));
        app.clock.advance(HOLD_MS - 1);
        assert!(matches!(sign_in(&app, attempt("alice", PASSWORD)).await, Err(Error::TooManyAttempts)));
        app.clock.advance(1);
        assert!(sign_in(&app, attempt("alice", PASSWORD)).await.is_ok());
        // Success forgets the failures.
        assert!(matches!(sign_in(&app, attempt("alice", "wrong")).await, Err(Error::BadCredentials)));
        assert!(sign_in(&app, attempt("alice", PASSWORD)).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn wrong_attempts_at_the_same_time_are_all_counted_and_right_ones_do_not_count() {
    both(|app| async move {
        join(&app, "alice").await;
        let right = (0..15).map(|_| sign_in(&app, attempt("alice", PASSWORD)));
        for result in futures_util::future::join_all(right).await {
            assert!(result.is_ok());
        }
        let wrong = (0..15).map(|_| sign_in(&app, attempt("alice", "wrong")));
        let results = futures_util::future::join_all(wrong).await;
        let tried = results.iter().filter(|result| matches!(result, Err(Error::BadCredentials))).count();
        assert_eq!(i64::try_from(tried).unwrap(), app.settings.get().max_login_attempts);
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_itself_and_lives_while_it_is_used() {
    both(|app| async move {
        join(&app, "alice").await;
        let (_, token) = sign_in_as(&app, "alice").await;
        let life = app.settings.get().session_hours * 3_600_000;
        app.clock.advance(life - 1);
        assert!(is_good(&app, &token).await);
        app.clock.advance(life - 1);
        assert!(is_good(&app, &token).await);
        app.clock.advance(life);
        assert!(!is_good(&app, &token).await);
    })
    .await;
}

#[tokio::test]
async fn what_ends_a_session_ends_it_at_once_and_is_recorded() {
    both(|app| async move {
        let (user, actor) = join(&app, "alice").await;
        let (other, other_token) = sign_in_as(&app, "alice").await;
        let (_, third_token) = sign_in_as(&app, "alice").await;
        assert!(is_good(&app, &other_token).await);
        revoke(&app, &actor, &user.id, &other.session_id).await.unwrap();
        assert!(!is_good(&app, &other_token).await);
        assert!(matches!(revoke(&app, &actor, &user.id, &other.session_id).await, Err(Error::Absent)));
        sign_out(&app, &third_token).await.unwrap();
        sign_out(&app, &third_token).await.unwrap();
        assert!(!is_good(&app, &third_token).await);
        let revoked = events_of(&app).await;
        let revoked = revoked.iter().filter(|event| matches!(event, DomainEvent::SessionsRevoked { .. })).count();
        assert_eq!(revoked, 2);
    })
    .await;
}

/// E-129.
#[tokio::test]
async fn other_nodes_forget_by_the_log() {
    both(|app| async move {
        let (user, _) = join(&app, "alice").await;
        let (actor, token) = sign_in_as(&app, "alice").await;
        // Another node on the same database: it remembers for itself.
        let other = crate::testing::open(app.db.clone()).await;
        assert!(is_good(&other, &token).await);
        revoke_all(&app, &actor, &user.id).await.unwrap();
        assert!(!is_good(&app, &token).await);
        assert!(is_good(&other, &token).await, "nothing was remembered, so this test shows nothing");
        forget(&other, &log_of(&app).await);
        assert!(!is_good(&other, &token).await);
    })
    .await;
}

#[tokio::test]
async fn deactivation_and_a_new_password_end_sessions() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (bob, _) = join(&app, "bob").await;
        let (bobs, bobs_token) = sign_in_as(&app, "bob").await;
        let (_, another) = sign_in_as(&app, "bob").await;
        users::set_password(&app, &bobs, &bob.id, PASSWORD, "another horse").await.unwrap();
        assert!(is_good(&app, &bobs_token).await, "the session that changed it goes on");
        assert!(!is_good(&app, &another).await);
        assert!(matches!(sign_in(&app, attempt("bob", PASSWORD)).await, Err(Error::BadCredentials)));
        users::set_active(&app, &admin, &bob.id, false).await.unwrap();
        assert!(!is_good(&app, &bobs_token).await);
        assert!(matches!(sign_in(&app, attempt("bob", "another horse")).await, Err(Error::Inactive)));
        assert!(matches!(sign_in(&app, attempt("bob", "wrong")).await, Err(Error::BadCredentials)));
    })
    .await;
}

#[tokio::test]
async fn other_peoples_sessions_are_for_administrators() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (bob, bobs) = join(&app, "bob").await;
        let (eve, eves) = join(&app, "eve").await;
        assert_eq!(list(&app, &bobs, &bob.id).await.unwrap().len(), 1);
        assert!(matches!(list(&app, &bobs, &eve.id).await, Err(Error::Denied(_))));
        assert!(matches!(revoke_all(&app, &bobs, &eve.id).await, Err(Error::Denied(_))));
        assert!(matches!(revoke(&app, &bobs, &eve.id, &eves.session_id).await, Err(Error::Denied(_))));
        assert!(matches!(revoke(&app, &bobs, &bob.id, &eves.session_id).await, Err(Error::Absent)));
        revoke_all(&app, &admin, &eve.id).await.unwrap();
        assert!(list(&app, &admin, &eve.id).await.unwrap().is_empty());
    })
    .await;
}
