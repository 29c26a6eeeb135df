//! Presence: what people choose, and what follows from being connected. Source: client-api 5.2.

use std::collections::{HashMap, HashSet};

use rialto_model::{DomainEvent, Millis, Origin, RemoteId, Scope, UserId};
use rialto_store::{Snapshot, StoreError, Tx, remotes, statuses, users};

pub use rialto_store::statuses::Status;

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::connections::policies;

/// Why a presence was not set or found.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Not one of [`Presence`].
    #[error("no such status")]
    UnknownStatus,
    /// There is no such person.
    #[error("no such person")]
    Absent,
    /// Somebody else's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// At the keyboard.
    Online,
    /// Connected, not at the keyboard.
    Away,
    /// Not to be disturbed.
    DoNotDisturb,
    /// Gone, or wishes to appear so.
    Offline,
}

impl Presence {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Presence::Online => "online",
            Presence::Away => "away",
            Presence::DoNotDisturb => "dnd",
            Presence::Offline => "offline",
        }
    }

    /// The reverse of [`Presence::as_str`].
    pub fn from_word(word: &str) -> Option<Presence> {
        [Presence::Online, Presence::Away, Presence::DoNotDisturb, Presence::Offline]
            .into_iter()
            .find(|presence| presence.as_str() == word)
    }
}

/// The presence of these people, in their order; who is unknown or never came is offline.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(app: &App, ids: &[UserId]) -> Result<Vec<Status>, Error> {
    let now = app.clock.now();
    let mut view = app.db.read(now).await?;
    let known = statuses::list(&mut view, ids).await?;
    let unknown = out_of_reach(app, &mut view, ids).await?;
    Ok(ids
        .iter()
        .map(|id| {
            let status = known.iter().find(|status| status.user_id == *id && !unknown.contains(id)).cloned();
            let mut status = status.unwrap_or_else(|| offline_since(*id, Millis(0)));
            if has_expired(&status, now) {
                status.status = Presence::Online.as_str().to_owned();
                (status.manual, status.dnd_end_time) = (false, 0);
            }
            status
        })
        .collect())
}

/// Those of these people of whose presence nothing is known: their server is offline, or presence is not exchanged
/// (E-107, E-108). Clients know no word for that but offline.
async fn out_of_reach(app: &App, view: &mut Snapshot, ids: &[UserId]) -> Result<HashSet<UserId>, StoreError> {
    let settings = app.settings.get();
    let mut online: HashMap<RemoteId, bool> = HashMap::new();
    let mut unknown = HashSet::new();
    for (user, remote) in statuses::remote_people(view, ids).await? {
        let reached = match online.get(&remote) {
            Some(known) => *known,
            None => {
                let found = remotes::get(view, &remote).await?;
                let reached = !settings.workspaces.disable_status_sync
                    && policies::within(view, &remote).await?.presence
                    && found.is_some_and(|remote| remote.is_online(view.now(), settings.offline_after_ms()));
                online.insert(remote, reached);
                reached
            }
        };
        if !reached {
            unknown.insert(user);
        }
    }
    Ok(unknown)
}

/// One person's presence.
///
/// # Errors
/// [`Error::Absent`] if there is no such person.
pub async fn get(app: &App, id: &UserId) -> Result<Status, Error> {
    if users::get(&mut app.db.read(app.clock.now()).await?, id).await?.is_none() {
        return Err(Error::Absent);
    }
    list(app, std::slice::from_ref(id)).await?.pop().ok_or(Error::Absent)
}

fn has_expired(status: &Status, now: Millis) -> bool {
    status.status == Presence::DoNotDisturb.as_str()
        && status.dnd_end_time > 0
        && status.dnd_end_time.saturating_mul(1000) <= now.0
}

fn offline_since(user_id: UserId, last_activity_at: Millis) -> Status {
    let status = Presence::Offline.as_str().to_owned();
    Status { user_id, status, manual: false, last_activity_at, dnd_end_time: 0 }
}

/// Sets the presence somebody chose. Choosing to be online gives it back to what follows from being connected.
/// `dnd_end_time` is in seconds, 0 for open end.
///
/// # Errors
/// [`Error::Denied`] for other people's without `edit_other_users`.
pub async fn set(
    app: &App,
    actor: &SessionUser,
    user: &UserId,
    presence: Presence,
    dnd_end_time: i64,
) -> Result<Status, Error> {
    if actor.user_id != *user {
        actor.require(rialto_model::Permission::EditOtherUsers)?;
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let status = Status {
        user_id: *user,
        status: presence.as_str().to_owned(),
        manual: presence != Presence::Online,
        last_activity_at: tx.now(),
        dnd_end_time: if presence == Presence::DoNotDisturb { dnd_end_time.max(0) } else { 0 },
    };
    write(&mut tx, &status).await?;
    tx.commit().await?;
    Ok(status)
}

/// Somebody has connected: online, unless they chose something else.
///
/// # Errors
/// [`StoreError`].
pub async fn online(app: &App, user: &UserId) -> Result<(), StoreError> {
    derive(app, user, Presence::Online).await
}

/// Somebody's last connection has ended: offline, unless they chose something else.
///
/// # Errors
/// [`StoreError`].
pub async fn offline(app: &App, user: &UserId) -> Result<(), StoreError> {
    derive(app, user, Presence::Offline).await
}

/// Somebody connected is not, or is again, at the keyboard.
///
/// # Errors
/// [`StoreError`].
pub async fn away(app: &App, user: &UserId, is_away: bool) -> Result<(), StoreError> {
    derive(app, user, if is_away { Presence::Away } else { Presence::Online }).await
}

async fn derive(app: &App, user: &UserId, presence: Presence) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    let known = statuses::list(&mut tx, std::slice::from_ref(user)).await?.pop();
    if known.is_some_and(|status| status.manual && !has_expired(&status, now)) {
        return Ok(());
    }
    let status = presence.as_str().to_owned();
    write(&mut tx, &Status { user_id: *user, status, manual: false, last_activity_at: now, dnd_end_time: 0 }).await?;
    tx.commit().await
}

/// Writes a presence and records it if the word has changed.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write(tx: &mut Tx, status: &Status) -> Result<(), StoreError> {
    write_of(tx, status, Origin::Local).await.map(|_| ())
}

/// The same for whoever's people; true if something about it that is told others has changed.
pub(crate) async fn write_of(tx: &mut Tx, status: &Status, origin: Origin) -> Result<bool, StoreError> {
    let known = statuses::list(tx, std::slice::from_ref(&status.user_id)).await?.pop();
    if known.as_ref() == Some(status) {
        return Ok(false);
    }
    statuses::set(tx, status).await?;
    let known = known.unwrap_or_else(|| offline_since(status.user_id, Millis(0)));
    // A sign of life alone is no news: nobody is told of it (no storm of messages between servers).
    let changed = (&known.status, known.dnd_end_time) != (&status.status, status.dnd_end_time);
    if changed {
        let event = DomainEvent::StatusChanged { user: status.user_id, status: status.status.clone() };
        tx.record(Scope::User(status.user_id), origin, event);
    }
    Ok(changed)
}

/// Takes everybody for gone who was connected when this process ended without saying so, and records that.
pub(crate) async fn forget_connected(tx: &mut Tx) -> Result<(), StoreError> {
    for user in statuses::forget_connected(tx).await? {
        let event = DomainEvent::StatusChanged { user, status: Presence::Offline.as_str().to_owned() };
        tx.record(Scope::User(user), Origin::Local, event);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{both, events_of, join};

    async fn word(app: &App, user: &UserId) -> String {
        get(app, user).await.unwrap().status
    }

    #[tokio::test]
    async fn what_somebody_chose_outlasts_coming_and_going() {
        both(|app| async move {
            let (user, actor) = join(&app, "alice").await;
            assert_eq!(word(&app, &user.id).await, "offline");
            online(&app, &user.id).await.unwrap();
            assert_eq!(word(&app, &user.id).await, "online");
            away(&app, &user.id, true).await.unwrap();
            assert_eq!(word(&app, &user.id).await, "away");
            let end = app.clock.now().0 / 1000 + 60;
            set(&app, &actor, &user.id, Presence::DoNotDisturb, end).await.unwrap();
            offline(&app, &user.id).await.unwrap();
            assert_eq!(word(&app, &user.id).await, "dnd");
            app.clock.advance(60_000);
            assert_eq!(word(&app, &user.id).await, "online");
            offline(&app, &user.id).await.unwrap();
            assert_eq!(word(&app, &user.id).await, "offline");
        })
        .await;
    }

    #[tokio::test]
    async fn only_changes_of_the_word_are_recorded() {
        both(|app| async move {
            let (user, _) = join(&app, "alice").await;
            let before = events_of(&app).await.len();
            offline(&app, &user.id).await.unwrap();
            online(&app, &user.id).await.unwrap();
            app.clock.advance(1000);
            online(&app, &user.id).await.unwrap();
            let changed = DomainEvent::StatusChanged { user: user.id, status: "online".to_owned() };
            assert_eq!(events_of(&app).await[before..], [changed]);
        })
        .await;
    }

    #[tokio::test]
    async fn nobody_chooses_for_others() {
        both(|app| async move {
            let (admin, _) = join(&app, "admin").await;
            let (_, bobs) = join(&app, "bob").await;
            let refused = set(&app, &bobs, &admin.id, Presence::Away, 0).await;
            assert!(matches!(refused, Err(Error::Denied(_))));
            let nobody = app.ids.id(UserId::from_random);
            assert!(matches!(get(&app, &nobody).await, Err(Error::Absent)));
            assert_eq!(list(&app, &[nobody]).await.unwrap()[0].status, "offline");
        })
        .await;
    }

    #[tokio::test]
    async fn on_one_process_databases_a_start_takes_everybody_for_gone() {
        both(|app| async move {
            let (user, _) = join(&app, "alice").await;
            online(&app, &user.id).await.unwrap();
            let again = crate::testing::open(app.db.clone()).await;
            let expected = if app.db.is_postgres() { "online" } else { "offline" };
            assert_eq!(word(&again, &user.id).await, expected);
        })
        .await;
    }
}
