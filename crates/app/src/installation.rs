//! Starting on a database: its identity, its key and the system account.

use std::sync::Arc;

use rialto_model::{DomainEvent, Millis, Origin, Scope, ServerId, User, UserId};
use rialto_store::installation::{self, Installation};
use rialto_store::{Db, StoreError, users};

use crate::files::disk::Disk;
use crate::{App, Bus, Clock, IdSource, Keys, Settings, SettingsCell};

/// The name of the account system posts are written by; nobody else may take it.
const SYSTEM_USERNAME: &str = "system";

/// Why an installation cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The secrets in the database were sealed with another key; going on would lose every connection.
    #[error("the key file does not belong to this database")]
    WrongKey,
    /// A database without the rows that have just been written.
    #[error("the database does not keep what is written to it")]
    Vanished,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Opens an installation: makes its row and its system account on a fresh database, and checks that `keys` belong
    /// to the database otherwise. Safe for several nodes at once.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(
        db: Db,
        keys: Keys,
        disk: Disk,
        settings: Settings,
        clock: Clock,
        ids: IdSource,
    ) -> Result<App, StartError> {
        let installation = identify(&db, &keys, &clock, &ids).await?;
        let system_user = system_account(&db, &clock, &ids).await?;
        if !db.is_postgres() {
            // Only one process uses a SQLite file, so whoever is connected now was not counted as leaving.
            let mut tx = db.begin(clock.now()).await?;
            crate::statuses::forget_connected(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(App {
            db,
            clock,
            ids,
            keys: Arc::new(keys),
            disk,
            settings: SettingsCell::new(settings),
            bus: Bus::default(),
            installation: Arc::new(installation),
            system_user,
            passwords: crate::passwords::Passwords::default(),
            sessions: crate::sessions::Cache::default(),
            index: crate::search::Index::default(),
            outside: crate::programs::Outside::default(),
            settled: crate::connections::settled::Settled::default(),
        })
    }
}

async fn identify(db: &Db, keys: &Keys, clock: &Clock, ids: &IdSource) -> Result<Installation, StartError> {
    let found = installation::get(&mut db.read(clock.now()).await?).await?;
    let row = match found {
        Some(row) => row,
        None => {
            let fresh = Installation {
                server_id: ids.id(ServerId::from_random),
                epoch: ids.token(),
                key_check: keys.check(),
                create_at: clock.now(),
            };
            let mut tx = db.begin(clock.now()).await?;
            installation::insert(&mut tx, &fresh).await?;
            tx.commit().await?;
            // Another node may have been first; its row counts.
            installation::get(&mut db.read(clock.now()).await?).await?.ok_or(StartError::Vanished)?
        }
    };
    if row.key_check == keys.check() { Ok(row) } else { Err(StartError::WrongKey) }
}

async fn system_account(db: &Db, clock: &Clock, ids: &IdSource) -> Result<UserId, StartError> {
    if let Some(user) = users::get_by_username(&mut db.read(clock.now()).await?, SYSTEM_USERNAME).await? {
        return Ok(user.id);
    }
    let id = ids.id(UserId::from_random);
    let mut tx = db.begin(clock.now()).await?;
    match users::insert(&mut tx, &system_user(id, clock.now()), "").await {
        Ok(()) => {
            tx.record(Scope::Server, Origin::Local, DomainEvent::UserCreated { user: id });
            tx.commit().await?;
            Ok(id)
        }
        Err(StoreError::Unique(_)) => {
            drop(tx);
            // A writer sees what a neighbour has written and not yet committed; committing waits for it.
            let mut tx = db.begin(clock.now()).await?;
            let other = users::get_by_username(&mut tx, SYSTEM_USERNAME).await?;
            tx.commit().await?;
            other.map(|user| user.id).ok_or(StartError::Vanished)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the database answers.
pub async fn is_reachable(app: &App) -> bool {
    match app.db.read(app.clock.now()).await {
        Ok(mut view) => installation::get(&mut view).await.is_ok(),
        Err(_) => false,
    }
}

/// Whether nobody has an account here yet.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn is_empty(app: &App) -> Result<bool, StoreError> {
    users::none_exist(&mut app.db.read(app.clock.now()).await?).await
}

/// Whether a person is the account this server writes its own messages by; peers never hear of it.
pub(crate) fn is_system_account(user: &User) -> bool {
    user.is_bot && user.is_local() && user.username == SYSTEM_USERNAME
}

fn system_user(id: UserId, now: Millis) -> User {
    User {
        id,
        create_at: now,
        update_at: now,
        delete_at: None,
        username: SYSTEM_USERNAME.to_owned(),
        email: "system@localhost.invalid".to_owned(),
        email_verified: false,
        nickname: String::new(),
        first_name: "System".to_owned(),
        last_name: String::new(),
        position: String::new(),
        roles: "system_user".to_owned(),
        locale: "en".to_owned(),
        timezone: Default::default(),
        props: Default::default(),
        notify_props: Default::default(),
        remote_id: None,
        remote_username: String::new(),
        remote_update_at: Millis(0),
        is_bot: true,
        bot_description: String::new(),
        last_password_update: Millis(0),
        picture_at: Millis(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rialto_store::testing::both;

    #[tokio::test]
    async fn a_second_start_finds_the_same_installation_and_refuses_another_key() {
        both(|db| async move {
            let open = |key: u8| {
                App::open(
                    db.clone(),
                    Keys::new([key; 32]),
                    Disk::scratch(),
                    Settings::default(),
                    Clock::manual(Millis(1_000)),
                    IdSource::System,
                )
            };
            let first = open(1).await.unwrap();
            let second = open(1).await.unwrap();
            assert_eq!(first.system_user, second.system_user);
            assert_eq!(first.installation.server_id, second.installation.server_id);
            assert!(matches!(open(2).await, Err(StartError::WrongKey)));
        })
        .await;
    }

    #[tokio::test]
    async fn nodes_that_start_together_agree() {
        both(|db| async move {
            let open = |seed| {
                App::open(
                    db.clone(),
                    Keys::new([1; 32]),
                    Disk::scratch(),
                    Settings::default(),
                    Clock::manual(Millis(1_000)),
                    IdSource::seeded(seed),
                )
            };
            let (one, other) = tokio::join!(open(1), open(2));
            let (one, other) = (one.unwrap(), other.unwrap());
            assert_eq!(one.system_user, other.system_user);
            assert_eq!(one.installation.server_id, other.installation.server_id);
        })
        .await;
    }
}
