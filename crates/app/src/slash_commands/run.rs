//! Giving a command that a program answers, and what it answers later. Source: client-api 7.3.

use std::collections::BTreeMap;

use rialto_model::{
    ChannelId, ChannelKind, CommandReply, ItemId, Millis, Post, PostId, SessionId, SlashCommand, TeamId,
};
use rialto_store::{Snapshot, StoreError, channels, slash_commands as rows, users};

use crate::access::{self, ChannelAccess, Denied, SessionUser};
use crate::programs::{self, Answer, CallError, Given, Look, notes, triggers};
use crate::{App, mentions, posts};

/// How often a program may answer later, and for how long, ms.
const REPLIES: i64 = 5;
const REPLY_MS: i64 = 30 * 60_000;
/// Names of people and channels that a program is told the ids of.
const NAMES: usize = 50;

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no such address, or nothing is left of it.
    #[error("no answer is waited for")]
    NoReply,
    /// What it answered cannot be written.
    #[error(transparent)]
    Post(#[from] posts::Error),
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Where the client goes.
    pub goto: String,
    /// It was written where everybody sees it.
    pub in_channel: bool,
    /// By which a dialog can be opened.
    pub trigger_id: String,
}

/// The command a word means in a team.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn find(app: &App, team: &TeamId, trigger: &str) -> Result<Option<SlashCommand>, StoreError> {
    if !app.settings.get().programs.commands {
        return Ok(None);
    }
    rows::find(&mut app.db.read(app.clock.now()).await?, team, trigger).await
}

/// Has a program carry out `command`, given at a place where the actor may write.
///
/// # Errors
/// [`Error`].
pub async fn run(
    app: &App,
    actor: &SessionUser,
    command: &SlashCommand,
    access: &ChannelAccess,
    root: Option<PostId>,
    text: &str,
) -> Result<Outcome, Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let place = programs::place(&mut tx, &actor.user_id, access.channel(), Some(&command.team_id)).await?;
    let (people, public) = named(&mut tx, &command.team_id, text).await?;
    let reply = CommandReply {
        id: app.ids.id(ItemId::from_random),
        command_id: command.id,
        user_id: actor.user_id,
        channel_id: access.channel().id,
        root_id: root,
        remaining: REPLIES,
        expire_at: Millis(tx.now().0 + REPLY_MS),
    };
    rows::allow_replies(&mut tx, &reply).await?;
    tx.commit().await?;
    let site = app.settings.get().site_url.clone();
    let trigger_id = triggers::make(app, &actor.user_id);
    let given = Given {
        place,
        root_id: root,
        command: format!("/{}", command.trigger),
        text: text.to_owned(),
        trigger_id: trigger_id.clone(),
        response_url: site.map(|site| format!("{site}/hooks/commands/{}", reply.id)).unwrap_or_default(),
        users: people,
        channels: public,
    };
    let answer = app.outside.programs()?.command(command, &given).await?;
    let (goto, in_channel) = (answer.goto.clone(), answer.response_type == "in_channel");
    told(app, actor, command, &access.channel().id, root, answer).await?;
    Ok(Outcome { goto, in_channel, trigger_id })
}

/// People and public channels a text names.
async fn named(
    view: &mut Snapshot,
    team: &TeamId,
    text: &str,
) -> Result<(BTreeMap<String, rialto_model::UserId>, BTreeMap<String, ChannelId>), StoreError> {
    let mut names = mentions::find(text).names;
    names.truncate(NAMES);
    let found = users::list_by_usernames(view, &names).await?;
    let people = found.into_iter().map(|user| (user.username, user.id)).collect();
    let mut public = BTreeMap::new();
    let words = text.split(|c: char| c.is_whitespace()).filter_map(|word| word.strip_prefix('~'));
    for word in words.take(NAMES) {
        let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_lowercase();
        let channel = channels::get_by_name(view, Some(team), &name).await?;
        if let Some(channel) = channel.filter(|found| found.kind == ChannelKind::Public) {
            public.insert(channel.name, channel.id);
        }
    }
    Ok((people, public))
}

/// Shows what a program answered: to everybody or to whoever gave the command.
async fn told(
    app: &App,
    actor: &SessionUser,
    command: &SlashCommand,
    channel: &ChannelId,
    root: Option<PostId>,
    answer: Answer,
) -> Result<Vec<Post>, Error> {
    let mut written = Vec::new();
    let Answer { message, response_type, channel: other, extra, .. } = answer;
    let all = std::iter::once((message, response_type, other))
        .chain(extra.into_iter().map(|one| (one.message, one.response_type, one.channel)));
    for (message, response_type, other) in all {
        if message.is_empty() {
            continue;
        }
        let at = other.as_ref().unwrap_or(channel);
        // A thread is of the channel the command was given in.
        let root = root.filter(|_| at == channel);
        if response_type == "in_channel" {
            written.extend(programs::write(app, actor, at, root, look(command), message).await?);
        } else {
            notes::show(app, actor.user_id, *channel, root, look(command), message);
        }
    }
    Ok(written)
}

fn look(command: &SlashCommand) -> Look<'_> {
    Look { display_name: &command.display_name, username: &command.username, icon_url: &command.icon_url }
}

/// What a program answers later, at the address it was told.
///
/// # Errors
/// [`Error`]; nothing was shown then.
pub async fn answer_later(app: &App, id: &ItemId, answer: Answer) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let now = tx.now();
    let reply = rows::take_reply(&mut tx, id, now).await?.ok_or(Error::NoReply)?;
    let command = rows::get(&mut tx, &reply.command_id).await?.ok_or(Error::NoReply)?;
    let giver = users::get(&mut tx, &reply.user_id).await?;
    let giver = giver.filter(|user| user.is_local() && user.delete_at.is_none()).ok_or(Error::NoReply)?;
    let session = SessionId::parse(reply.id.as_str()).map_err(|_| Error::NoReply)?;
    let actor = SessionUser::new(&giver, session);
    access::readable_channel(&mut tx, &actor, &reply.channel_id).await?;
    tx.commit().await?;
    told(app, &actor, &command, &reply.channel_id, reply.root_id, answer).await.map(|_| ())
}
