//! Slash commands that programs answer: making and changing them. Source: client-api 7.3.

pub mod run;

use rialto_model::{ItemId, Permission, SlashCommand, TeamId};
use rialto_store::{Snapshot, StoreError, Tx, slash_commands as rows};

use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::audit::{self, About};
use crate::outgoing_webhooks::is_web;

/// Characters of a word, and of a description.
const TRIGGER: usize = 128;
/// Characters of a name.
const NAME: usize = 64;
/// Characters of an address and of the texts for completion.
const LONG: usize = 1_024;

/// For one's own commands, and for others'.
const NEEDS: (Permission, Permission) = (Permission::ManageOwnSlashCommands, Permission::ManageOthersSlashCommands);

/// Why something about a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are none on this server.
    #[error("commands are switched off")]
    Disabled,
    /// There is none, or none this actor may know of.
    #[error("no such command")]
    Absent,
    /// A part that is too long, missing or not what it should be.
    #[error("{0} is not usable")]
    Unusable(&'static str),
    /// The team or the server has a command with this word.
    #[error("there is a command with this word")]
    Taken,
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody says of a command.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The word, without slash.
    pub trigger: String,
    /// Called by GET instead of POST.
    pub by_get: bool,
    /// Where the program is.
    pub url: String,
    /// Shown as the author of its answers.
    pub username: String,
    /// Shown as the picture of its answers.
    pub icon_url: String,
    /// Offered while typing.
    pub auto_complete: bool,
    /// What it does.
    pub auto_complete_desc: String,
    /// Its arguments.
    pub auto_complete_hint: String,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: String,
}

impl Change {
    fn check(&self) -> Result<(), Error> {
        let fits = |ok: bool, what| if ok { Ok(()) } else { Err(Error::Unusable(what)) };
        let short = |text: &str, most: usize| text.chars().count() <= most;
        let word = &self.trigger;
        let usable = !word.is_empty() && !word.starts_with('/') && !word.contains(char::is_whitespace);
        fits(usable && short(word, TRIGGER), "trigger")?;
        fits(is_web(&self.url) && short(&self.url, LONG), "url")?;
        fits(short(&self.username, NAME), "username")?;
        fits(short(&self.icon_url, LONG), "icon_url")?;
        fits(short(&self.auto_complete_desc, LONG), "auto_complete_desc")?;
        fits(short(&self.auto_complete_hint, LONG), "auto_complete_hint")?;
        fits(short(&self.display_name, NAME), "display_name")?;
        fits(short(&self.description, TRIGGER), "description")
    }

    fn apply(self, command: &mut SlashCommand) {
        command.trigger = self.trigger.to_lowercase();
        command.by_get = self.by_get;
        command.url = self.url;
        command.username = self.username;
        command.icon_url = self.icon_url;
        command.auto_complete = self.auto_complete;
        command.auto_complete_desc = self.auto_complete_desc;
        command.auto_complete_hint = self.auto_complete_hint;
        command.display_name = self.display_name;
        command.description = self.description;
    }
}

fn allowed(app: &App) -> Result<(), Error> {
    if app.settings.get().programs.commands { Ok(()) } else { Err(Error::Disabled) }
}

fn note(tx: &mut Tx, actor: &SessionUser, action: &str, command: &SlashCommand) -> Result<(), StoreError> {
    let detail = format!("{} /{}", command.id, command.trigger);
    audit::by_user(tx, actor, About { action, result: "ok", detail: &detail, ..About::default() })
}

async fn put(tx: &mut Tx, command: &SlashCommand) -> Result<(), Error> {
    rows::put(tx, command).await.map_err(|error| match error.is_unique_on("trigger") {
        true => Error::Taken,
        false => error.into(),
    })
}

/// Makes a command. `own` are the words of the server's own, which nobody takes.
///
/// # Errors
/// [`Error`].
pub async fn create(
    app: &App,
    actor: &SessionUser,
    team: &TeamId,
    new: Change,
    own: &[&str],
) -> Result<SlashCommand, Error> {
    allowed(app)?;
    new.check()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    access::team(&mut tx, actor, team, Permission::ManageOwnSlashCommands).await?;
    let now = tx.now();
    let mut command = SlashCommand {
        id: app.ids.id(ItemId::from_random),
        token: app.ids.token(),
        creator_id: actor.user_id,
        team_id: *team,
        trigger: String::new(),
        by_get: false,
        username: String::new(),
        icon_url: String::new(),
        auto_complete: false,
        auto_complete_desc: String::new(),
        auto_complete_hint: String::new(),
        display_name: String::new(),
        description: String::new(),
        url: String::new(),
        create_at: now,
        update_at: now,
    };
    new.apply(&mut command);
    if own.contains(&command.trigger.as_str()) {
        return Err(Error::Taken);
    }
    put(&mut tx, &command).await?;
    note(&mut tx, actor, "create_command", &command)?;
    tx.commit().await?;
    Ok(command)
}

/// A command, if the actor may change it.
async fn managed(view: &mut Snapshot, actor: &SessionUser, id: &ItemId) -> Result<SlashCommand, Error> {
    let command = rows::get(view, id).await?.ok_or(Error::Absent)?;
    access::team_of_made(view, actor, &command.team_id, &command.creator_id, NEEDS).await?;
    Ok(command)
}

/// One command.
///
/// # Errors
/// [`Error`].
pub async fn get(app: &App, actor: &SessionUser, id: &ItemId) -> Result<SlashCommand, Error> {
    allowed(app)?;
    managed(&mut app.db.read(app.clock.now()).await?, actor, id).await
}

/// Commands of a team: all for those who manage others' commands, their own for those who may have some. Those who may have
/// none are told of what is offered while typing, without secrets.
///
/// # Errors
/// [`Error`].
pub async fn list(app: &App, actor: &SessionUser, team: &TeamId) -> Result<Vec<SlashCommand>, Error> {
    if allowed(app).is_err() {
        return Ok(Vec::new());
    }
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::team(&mut view, actor, team, Permission::ViewTeam).await?;
    let (own, others) =
        (access.may(Permission::ManageOwnSlashCommands), access.may(Permission::ManageOthersSlashCommands));
    let mut found = rows::list(&mut view, team).await?;
    found.retain_mut(|command| {
        if others || own && command.creator_id == actor.user_id {
            return true;
        }
        command.token = String::new();
        command.url = String::new();
        command.auto_complete
    });
    Ok(found)
}

/// Changes a command.
///
/// # Errors
/// [`Error`].
pub async fn update(
    app: &App,
    actor: &SessionUser,
    id: &ItemId,
    change: Change,
    own: &[&str],
) -> Result<SlashCommand, Error> {
    allowed(app)?;
    change.check()?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut command = managed(&mut tx, actor, id).await?;
    change.apply(&mut command);
    if own.contains(&command.trigger.as_str()) {
        return Err(Error::Taken);
    }
    save(&mut tx, actor, "update_command", &mut command).await?;
    tx.commit().await?;
    Ok(command)
}

/// Moves a command to another team in which the actor may have some.
///
/// # Errors
/// [`Error`].
pub async fn move_to(app: &App, actor: &SessionUser, id: &ItemId, team: &TeamId) -> Result<(), Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut command = managed(&mut tx, actor, id).await?;
    access::team_of_made(&mut tx, actor, team, &command.creator_id, NEEDS).await?;
    command.team_id = *team;
    save(&mut tx, actor, "move_command", &mut command).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a command another token, and returns it.
///
/// # Errors
/// [`Error`].
pub async fn renew(app: &App, actor: &SessionUser, id: &ItemId) -> Result<String, Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut command = managed(&mut tx, actor, id).await?;
    command.token = app.ids.token();
    save(&mut tx, actor, "renew_command", &mut command).await?;
    tx.commit().await?;
    Ok(command.token)
}

async fn save(tx: &mut Tx, actor: &SessionUser, action: &str, command: &mut SlashCommand) -> Result<(), Error> {
    command.update_at = command.update_at.next_version(tx.now());
    put(tx, command).await?;
    Ok(note(tx, actor, action, command)?)
}

/// Ends a command.
///
/// # Errors
/// [`Error`].
pub async fn delete(app: &App, actor: &SessionUser, id: &ItemId) -> Result<(), Error> {
    allowed(app)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let command = managed(&mut tx, actor, id).await?;
    rows::delete(&mut tx, id).await?;
    note(&mut tx, actor, "delete_command", &command)?;
    tx.commit().await?;
    Ok(())
}
