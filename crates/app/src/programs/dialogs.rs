//! Dialogs: forms a program opens for somebody who has just pressed its button or given its command. Source: client-api 7.4.

use rialto_model::{ChannelId, TeamId};
use rialto_store::StoreError;
use serde_json::{Map, Value, json};

use super::{CallError, triggers};
use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::bus::Volatile;
use crate::outgoing_webhooks::is_web;

/// Why a dialog was not opened or handed in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody has just asked for one.
    #[error("the trigger id is not valid, or not any more")]
    Trigger,
    /// Not an address of the web.
    #[error("the address is not usable")]
    Address,
    /// The program did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a dialog, JSON that clients understand, for the person behind a trigger id.
///
/// # Errors
/// [`Error`].
pub fn open(app: &App, trigger_id: &str, url: &str, dialog: &Value) -> Result<(), Error> {
    let user = triggers::user(app, trigger_id).ok_or(Error::Trigger)?;
    if !is_web(url) {
        return Err(Error::Address);
    }
    let dialog = json!({"trigger_id": trigger_id, "url": url, "dialog": dialog}).to_string();
    app.bus.tell(Volatile::Dialog { user, dialog });
    Ok(())
}

/// What somebody entered.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// Where the program is.
    pub url: String,
    /// `dialog_submission`, or `dialog_lookup` while typing.
    pub kind: &'static str,
    /// What the program called the dialog.
    pub callback_id: String,
    /// What it wants to be told again.
    pub state: String,
    /// Where it was opened.
    pub channel: Option<ChannelId>,
    /// The team in view.
    pub team: Option<TeamId>,
    /// What was entered.
    pub submission: Map<String, Value>,
    /// It was closed instead.
    pub cancelled: bool,
}

/// Hands a program what somebody entered; what it answers is for the client.
///
/// # Errors
/// [`Error`].
pub async fn submit(app: &App, actor: &SessionUser, entered: Submission) -> Result<Value, Error> {
    if !is_web(&entered.url) {
        return Err(Error::Address);
    }
    let mut view = app.db.read(app.clock.now()).await?;
    if let Some(channel) = &entered.channel {
        access::readable_channel(&mut view, actor, channel).await?;
    }
    if let Some(team) = &entered.team {
        access::team(&mut view, actor, team, rialto_model::Permission::ViewTeam).await?;
    }
    drop(view);
    let told = json!({
        "type": entered.kind,
        "url": entered.url,
        "callback_id": entered.callback_id,
        "state": entered.state,
        "user_id": actor.user_id,
        "channel_id": entered.channel.map(|id| id.to_string()).unwrap_or_default(),
        "team_id": entered.team.map(|id| id.to_string()).unwrap_or_default(),
        "submission": entered.submission,
        "cancelled": entered.cancelled,
    });
    Ok(app.outside.programs()?.dialog(&entered.url, &told).await?)
}
