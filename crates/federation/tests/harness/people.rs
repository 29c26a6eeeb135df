//! People who act in a test. Their rows are made directly, for a password takes longer to hash than a test to run.

use rialto_app::{App, SessionUser, sessions};
use rialto_model::{Millis, Session, SessionId, TeamId, TeamMember, User, UserId};
use rialto_store::{sessions as session_rows, team_members, users};

/// Somebody signed in.
#[derive(Clone)]
pub struct Person {
    /// Their account.
    pub user: User,
    /// What they act as.
    pub actor: SessionUser,
}

/// Makes an account in a team and signs it in.
pub async fn make(app: &App, team: &TeamId, name: &str, roles: &str) -> Person {
    account(app, team, name, roles, false).await
}

/// Makes an integration's account in a team and signs it in.
pub async fn make_bot(app: &App, team: &TeamId, name: &str) -> Person {
    account(app, team, name, "system_user", true).await
}

async fn account(app: &App, team: &TeamId, name: &str, roles: &str, is_bot: bool) -> Person {
    let now = app.clock.now();
    let user = User {
        id: app.ids.id(UserId::from_random),
        create_at: now,
        update_at: now,
        delete_at: None,
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        email_verified: true,
        nickname: format!("The {name}"),
        first_name: "First".to_owned(),
        last_name: "Last".to_owned(),
        position: "Ferryman".to_owned(),
        roles: roles.to_owned(),
        locale: "en".to_owned(),
        timezone: Default::default(),
        props: Default::default(),
        notify_props: rialto_model::user::default_notify_props(),
        remote_id: None,
        remote_username: String::new(),
        remote_update_at: Millis(0),
        is_bot,
        bot_description: String::new(),
        last_password_update: now,
        picture_at: Millis(0),
    };
    let member = TeamMember {
        team_id: *team,
        user_id: user.id,
        create_at: now,
        delete_at: None,
        scheme_admin: false,
        scheme_user: true,
        scheme_guest: false,
    };
    let mut tx = app.db.begin(now).await.unwrap();
    users::insert(&mut tx, &user, "").await.unwrap();
    team_members::insert(&mut tx, &member).await.unwrap();
    tx.commit().await.unwrap();
    sign_in(app, user).await
}

/// Signs an account in.
pub async fn sign_in(app: &App, user: User) -> Person {
    let now = app.clock.now();
    let token = app.ids.token();
    let session = Session {
        id: app.ids.id(SessionId::from_random),
        user_id: user.id,
        create_at: now,
        expires_at: Millis(now.0 + 365 * 24 * 3_600_000),
        csrf: app.ids.token(),
        device_id: String::new(),
        last_activity_at: now,
    };
    let mut tx = app.db.begin(now).await.unwrap();
    session_rows::insert(&mut tx, &session, &app.keys.hash_token(&token)).await.unwrap();
    tx.commit().await.unwrap();
    let actor = sessions::authenticate(app, &token).await.unwrap().expect("the session was just made").actor;
    Person { user, actor }
}
