//! Installations to test on: both databases, a clock that stands, people who are signed in.

use std::future::Future;

use rialto_model::{DomainEvent, Millis, Recorded, Seq, User};
use rialto_store::{Db, log};

use crate::files::disk::Disk;
use crate::passwords::Passwords;
use crate::sessions::{self, SignIn};
use crate::users::{self, NewUser};
use crate::{App, Clock, IdSource, Keys, SessionUser, Settings};

/// The password of everybody [`join`] makes.
pub const PASSWORD: &str = "correct horse";

/// Settings of an open server.
pub fn settings() -> Settings {
    Settings { enable_open_server: true, ..Settings::default() }
}

/// An installation on `db`, its clock standing.
///
/// # Panics
/// If it does not open.
#[expect(clippy::expect_used, reason = "a test without its installation must fail")]
pub async fn open(db: Db) -> App {
    let clock = Clock::manual(Millis(1_700_000_000_000));
    let opened = App::open(db, Keys::new([7; 32]), Disk::scratch(), settings(), clock, IdSource::System).await;
    App { passwords: Passwords::quick(), ..opened.expect("the installation opens") }
}

/// Runs `test` on an installation on either database.
pub async fn both<F: Future<Output = ()>>(test: impl Fn(App) -> F) {
    let test = &test;
    rialto_store::testing::both(async |db| test(open(db).await).await).await;
}

/// A request for an account.
pub fn new_user(name: &str) -> NewUser {
    NewUser {
        username: name.to_owned(),
        email: format!("{name}@test.example"),
        password: PASSWORD.to_owned(),
        ..NewUser::default()
    }
}

/// Makes an account and signs it in.
///
/// # Panics
/// If either fails.
#[expect(clippy::expect_used, reason = "a test without its people must fail")]
pub async fn join(app: &App, name: &str) -> (User, SessionUser) {
    let user = users::create(app, None, None, new_user(name)).await.expect("the account is made");
    let (actor, _) = sign_in(app, name).await;
    (user, actor)
}

/// Signs somebody in; returns who they are then, and their token.
///
/// # Panics
/// If it fails.
#[expect(clippy::expect_used, reason = "a test without its people must fail")]
pub async fn sign_in(app: &App, name: &str) -> (SessionUser, String) {
    let request = SignIn { login: name.to_owned(), password: PASSWORD.to_owned(), device_id: String::new() };
    let token = sessions::sign_in(app, request).await.expect("signing in").token;
    let found = sessions::authenticate(app, &token).await.expect("storage works").expect("the token is good");
    (found.actor, token)
}

/// Everything the log holds.
///
/// # Panics
/// If it cannot be read.
#[expect(clippy::expect_used, reason = "a test without its log must fail")]
pub async fn log_of(app: &App) -> Vec<Recorded> {
    let mut view = app.db.read(app.clock.now()).await.expect("a view");
    log::list(&mut view, Seq(0), Seq(i64::MAX), 10_000).await.expect("the log")
}

/// What the log holds, without positions.
///
/// # Panics
/// If it cannot be read.
pub async fn events_of(app: &App) -> Vec<DomainEvent> {
    log_of(app).await.into_iter().map(|recorded| recorded.event).collect()
}
