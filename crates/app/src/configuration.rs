//! Settings that administrators change while the server runs: kept in the database, in force on every node at once.
//! Source: SC-021, SC-022, behaviour 6, client-api 6.4.

use rialto_model::{DomainEvent, Origin, Permission, Recorded, Scope};
use rialto_store::settings::{self, StoredSetting};
use rialto_store::{Snapshot, StoreError};

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::settings::Known;

/// A setting and what it should be.
#[derive(Debug, Clone)]
pub struct Change {
    /// `ConnectedWorkspacesSettings`, for example; any case.
    pub section: String,
    /// Key in the section; any case.
    pub name: String,
    /// A flag, number or text as JSON.
    pub value: serde_json::Value,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such setting here.
    #[error("there is no setting {0}")]
    Unknown(String),
    /// What the server was started with decides it.
    #[error("{setting} is set by {by} and cannot be changed while the server runs")]
    Fixed {
        /// Section and key.
        setting: String,
        /// Variable or option.
        by: String,
    },
    /// Values that are not allowed, each with its key.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The actor does not administer the system.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes settings, all or none, and puts them in force.
///
/// # Errors
/// [`Error`]; nothing is changed then.
pub async fn change(app: &App, actor: &SessionUser, changes: &[Change]) -> Result<(), Error> {
    actor.require(Permission::ManageSystem)?;
    if changes.is_empty() {
        return Ok(());
    }
    let mut wanted = Vec::new();
    for change in changes {
        let given = format!("{}.{}", change.section, change.name);
        let known = app.settings.composer().and_then(|composer| composer.find(&change.section, &change.name));
        let Some(Known { section, name, fixed_by, spellings }) = known else { return Err(Error::Unknown(given)) };
        if let Some(by) = fixed_by {
            return Err(Error::Fixed { setting: format!("{section}.{name}"), by });
        }
        for (section, name) in spellings {
            let value = change.value.to_string();
            wanted.push(StoredSetting { section: section.to_owned(), name: name.to_owned(), value });
        }
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut stored = settings::list(&mut tx).await?;
    for setting in &wanted {
        stored.retain(|other| other.section != setting.section || other.name != setting.name);
        stored.push(setting.clone());
        settings::put(&mut tx, setting)?;
    }
    if let Some(composer) = app.settings.composer() {
        composer.compose(&stored).map_err(Error::Invalid)?;
    }
    let names: Vec<String> = wanted.iter().map(|one| format!("{}.{}", one.section, one.name)).collect();
    let detail = names.join(", ");
    audit::by_user(
        &mut tx,
        actor,
        About { action: "change_settings", result: "ok", detail: &detail, ..About::default() },
    )?;
    tx.record(Scope::Server, Origin::Local, DomainEvent::SettingsChanged { settings: names });
    tx.commit().await?;
    load(app).await
}

/// Puts what is stored in force, and reads file and environment again.
///
/// # Errors
/// [`Error::Invalid`] if what is stored is not allowed together with the rest; what was in force stays.
pub async fn load(app: &App) -> Result<(), Error> {
    let Some(composer) = app.settings.composer() else { return Ok(()) };
    let mut view: Snapshot = app.db.read(app.clock.now()).await?;
    let stored = settings::list(&mut view).await?;
    app.settings.set(composer.compose(&stored).map_err(Error::Invalid)?);
    Ok(())
}

/// Follows what other nodes, or this one, changed. What cannot be read now is read with the next change.
pub async fn follow(app: &App, events: &[Recorded]) {
    if events.iter().any(|recorded| matches!(recorded.event, DomainEvent::SettingsChanged { .. }))
        && let Err(error) = load(app).await
    {
        tracing::error!(%error, "the changed settings could not be put in force");
    }
}
