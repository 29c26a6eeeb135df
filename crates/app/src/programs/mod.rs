//! Programs beside the server: what they are told, what they answer, and the posts that become of it. Who calls them over
//! the network is handed in ([`Programs`]). Source: client-api 7.1 to 7.4.

pub mod buttons;
pub mod dialogs;
mod messages;
pub mod notes;
mod slack;
pub mod triggers;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use rialto_model::{Channel, ChannelId, Millis, OutgoingWebhook, PostId, SlashCommand, TeamId, UserId};
use rialto_store::{Snapshot, StoreError, teams, users};
use serde_json::Value;

pub use messages::{Look, Message, write};

/// Why a program did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// This process calls no programs.
    #[error("programs are not called by this process")]
    Off,
    /// It cannot be reached, may not be called, or takes too long.
    #[error("the program cannot be reached: {0}")]
    Unreachable(String),
    /// It answered that it failed.
    #[error("the program answered with status {0}")]
    Status(u16),
    /// What it answered cannot be read.
    #[error("the program's answer cannot be read")]
    Unreadable,
}

/// The future of a call.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send + 'a>>;

/// Who acted, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub user_name: String,
    /// Where.
    pub channel_id: ChannelId,
    /// Its name.
    pub channel_name: String,
    /// The team in view, and its name; None in conversations.
    pub team: Option<(TeamId, String)>,
}

/// Somebody in a channel; in a conversation with the team they have in view, if it is known.
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) async fn place(
    view: &mut Snapshot,
    user: &UserId,
    channel: &Channel,
    in_view: Option<&TeamId>,
) -> Result<Place, StoreError> {
    let person = users::get(view, user).await?;
    let team = match channel.team_id.as_ref().or(in_view) {
        Some(team) => teams::get(view, team).await?.map(|found| (found.id, found.name)),
        None => None,
    };
    Ok(Place {
        user_id: *user,
        user_name: person.map(|person| person.username).unwrap_or_default(),
        channel_id: channel.id,
        channel_name: channel.name.clone(),
        team,
    })
}

/// A message a program is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Who wrote it, and where.
    pub place: Place,
    /// Which message.
    pub post_id: PostId,
    /// In which thread.
    pub root_id: Option<PostId>,
    /// When it was written.
    pub at: Millis,
    /// What it says.
    pub text: String,
    /// The word by which it was heard.
    pub trigger_word: String,
    /// Its files.
    pub file_ids: String,
}

/// A slash command as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// By whom, and where.
    pub place: Place,
    /// In which thread.
    pub root_id: Option<PostId>,
    /// The word with its slash.
    pub command: String,
    /// What follows it.
    pub text: String,
    /// With this a dialog can be opened.
    pub trigger_id: String,
    /// Where more can be answered; empty if the server has no address.
    pub response_url: String,
    /// People it names, name and id.
    pub users: BTreeMap<String, UserId>,
    /// Public channels it names, name and id.
    pub channels: BTreeMap<String, ChannelId>,
}

/// A button that was pressed, or what was chosen in a menu.
#[derive(Debug, Clone, PartialEq)]
pub struct Pressed {
    /// By whom, and where.
    pub place: Place,
    /// Under which message.
    pub post_id: PostId,
    /// With this a dialog can be opened.
    pub trigger_id: String,
    /// `button` or `select`.
    pub kind: String,
    /// `users`, `channels` or empty.
    pub data_source: String,
    /// What the program wants to be told again, with what was chosen.
    pub context: Value,
}

/// What a program answers to a button.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effect {
    /// The new text and props of the message; None leaves it.
    pub update: Option<(String, serde_json::Map<String, Value>)>,
    /// A text for whoever pressed it alone.
    pub ephemeral_text: String,
    /// Its texts have no marks of Slack's.
    pub raw: bool,
}

/// What a program answers to a message or a command.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// What it says.
    pub message: Message,
    /// `in_channel`, `comment`, `ephemeral` or empty.
    pub response_type: String,
    /// Another channel than the one it was asked in.
    pub channel: Option<ChannelId>,
    /// Where the client goes.
    pub goto: String,
    /// Further answers.
    pub extra: Vec<Answer>,
}

/// Calls programs.
pub trait Programs: Send + Sync {
    /// Tells a program of a message. None: it has nothing to say.
    fn hear<'a>(&'a self, hook: &'a OutgoingWebhook, url: &'a str, heard: &'a Heard) -> Answering<'a, Option<Answer>>;

    /// Has a program carry out a command.
    fn command<'a>(&'a self, command: &'a SlashCommand, given: &'a Given) -> Answering<'a, Answer>;

    /// Tells a program that a button was pressed.
    fn press<'a>(&'a self, url: &'a str, pressed: &'a Pressed) -> Answering<'a, Effect>;

    /// Hands a program what somebody entered in a dialog, or asks it for choices while they type, as JSON that the
    /// client is handed back.
    fn dialog<'a>(&'a self, url: &'a str, told: &'a Value) -> Answering<'a, Value>;
}

/// Who calls programs for this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Outside(Arc<OnceLock<Arc<dyn Programs>>>);

impl Outside {
    /// Programs are called by `programs` from now on; said once.
    pub fn reach_by(&self, programs: Arc<dyn Programs>) {
        let _ = self.0.set(programs);
    }

    /// Who calls them.
    ///
    /// # Errors
    /// [`CallError::Off`] where nobody does.
    pub fn programs(&self) -> Result<&dyn Programs, CallError> {
        self.0.get().map(AsRef::as_ref).ok_or(CallError::Off)
    }
}
