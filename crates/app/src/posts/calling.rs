//! Whom a message calls, and what a new one counts. Source: behaviour 3.4, E-076, E-078.

use rialto_model::{Channel, DomainEvent, Origin, Permission, PermissionSet, Post, Priority, Scope, UserId};
use rialto_store::{StoreError, Tx, channel_members, channels, moderation, posts, users as user_rows};
use serde_json::Value;

use crate::access::ChannelAccess;
use crate::connections::policies;
use crate::{App, mentions, reminders, threads};

/// The prop of a message whose `@channel` calls nobody, as clients and other servers know it (client-api 2.3).
const SILENT: &str = "mentionHighlightDisabled";

/// The props of a message of ours, marked where its author may not call the whole channel: so other servers hear of it
/// too, because who is called follows from the permission the author has at home (behaviour 3.4).
pub(super) fn marked_silent(props: String, message: &str, access: &ChannelAccess) -> String {
    let silent = !access.may(Permission::UseChannelMentions) && mentions::find(message).everybody;
    if !silent && !props.contains(SILENT) {
        return props;
    }
    let Ok(Value::Object(mut map)) = serde_json::from_str(&props) else { return props };
    if silent {
        map.insert(SILENT.to_owned(), Value::Bool(true));
    } else {
        map.remove(SILENT);
    }
    Value::Object(map).to_string()
}

fn is_silent(post: &Post) -> bool {
    let is_true = |props: Value| props.get(SILENT) == Some(&Value::Bool(true));
    post.props.contains(SILENT) && serde_json::from_str(&post.props).is_ok_and(is_true)
}

/// Whether a peer's person calls everybody here: not where their own server did not let them, nor where ordinary
/// members here may not (E-078), nor where a rule of the connection forbids it (behaviour 8.6).
async fn may_call_everybody(tx: &mut Tx, channel: &Channel, post: &Post) -> Result<bool, StoreError> {
    if is_silent(post) {
        return Ok(false);
    }
    if let Some(remote) = &post.remote_id
        && !policies::within(tx, remote).await?.channel_mentions
    {
        return Ok(false);
    }
    let permissions = match channel_members::get(tx, &channel.id, &post.user_id).await? {
        Some(member) => member.permissions(),
        None => {
            let moderation = moderation::get(tx, &channel.id).await?.unwrap_or_default();
            PermissionSet::in_channel(["channel_user"], moderation)
        }
    };
    Ok(permissions.allows(Permission::UseChannelMentions))
}

/// Local members a post calls, its author excepted.
pub(super) async fn mentioned(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    post: &Post,
    channel_wide: bool,
) -> Result<Vec<UserId>, StoreError> {
    let found = mentions::find(&post.message);
    let everybody = found.everybody && channel_wide;
    if found.names.is_empty() && !everybody {
        return Ok(Vec::new());
    }
    let mut people = channel_members::mentioned(tx, &channel.id, &found.names, everybody).await?;
    if everybody && too_many(app, &people) {
        people = channel_members::mentioned(tx, &channel.id, &found.names, false).await?;
    }
    people.retain(|user| *user != post.user_id);
    Ok(people)
}

/// Whether one word would call more people than it may: then it calls nobody, and the text stays (E-078).
fn too_many(app: &App, people: &[UserId]) -> bool {
    people.len() > app.settings.get().max_notifications_per_channel
}

/// What every new message brings about besides its own row: counters of readers and of the thread, who follows it, the
/// event.
pub(crate) async fn record_new(
    tx: &mut Tx,
    post: &Post,
    mentioned: Vec<UserId>,
    origin: Origin,
) -> Result<(), StoreError> {
    if let Some(root) = &post.root_id {
        threads::replied(tx, post, root, &mentioned, origin).await?;
    }
    record(tx, post, mentioned, origin)
}

fn record(tx: &mut Tx, post: &Post, mentioned: Vec<UserId>, origin: Origin) -> Result<(), StoreError> {
    let now = tx.now();
    if let Some(root) = &post.root_id {
        posts::count_reply(tx, root, 1, post.create_at, now)?;
    }
    channel_members::count_mentions(tx, &post.channel_id, &mentioned, post.root_id.is_none(), now)?;
    tx.record(
        Scope::Channel(post.channel_id),
        origin,
        DomainEvent::PostCreated {
            post: post.id,
            channel: post.channel_id,
            owner: post.remote_id,
            mentions: mentioned,
        },
    );
    Ok(())
}

/// Whom a peer's message calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Calls<'a> {
    /// It is no news.
    Nobody,
    /// Whoever the text names.
    Text,
    /// Of those the sender named, our people in the channel; and everybody, if the text calls everybody.
    Named(&'a [UserId]),
}

impl<'a> From<&'a Option<Vec<UserId>>> for Calls<'a> {
    fn from(mentioned: &'a Option<Vec<UserId>>) -> Self {
        mentioned.as_deref().map_or(Calls::Text, Calls::Named)
    }
}

/// Counters and event for a message of a peer's person, whose readers are ours.
pub(crate) async fn record_remote(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    post: &Post,
    origin: Origin,
    calls: Calls<'_>,
    priority: Option<&Priority>,
) -> Result<(), StoreError> {
    let everybody = mentions::find(&post.message).everybody && may_call_everybody(tx, channel, post).await?;
    let called = match calls {
        Calls::Nobody => Vec::new(),
        Calls::Text => mentioned(app, tx, channel, post, everybody).await?,
        Calls::Named(people) => {
            let mut called = Vec::new();
            if everybody {
                called = channel_members::mentioned(tx, &channel.id, &[], true).await?;
            }
            if called.is_empty() || too_many(app, &called) {
                called = members_among(tx, channel, people).await?;
            }
            called
        }
    };
    if !matches!(calls, Calls::Nobody) {
        reminders::begin(app, tx, channel, post, priority, &called).await?;
    }
    record_new(tx, post, called, origin).await?;
    channels::count_post(tx, &post.channel_id, post.root_id.is_none(), post.create_at)
}

/// Those of the people who are ours and belong to the channel.
async fn members_among(tx: &mut Tx, channel: &Channel, people: &[UserId]) -> Result<Vec<UserId>, StoreError> {
    let mut members = Vec::new();
    for user in people {
        // Whoever is named twice is called once (E-076).
        if members.contains(user) {
            continue;
        }
        let local = user_rows::get(tx, user).await?.is_some_and(|person| person.is_local());
        if local && channel_members::get(tx, &channel.id, user).await?.is_some() {
            members.push(*user);
        }
    }
    Ok(members)
}

/// Event for an old message of a peer's that counts for no reader (ruling 47).
pub(crate) async fn record_unread_by_nobody(tx: &mut Tx, post: &Post, origin: Origin) -> Result<(), StoreError> {
    posts::set_history(tx, &post.id).await?;
    record(tx, post, Vec::new(), origin)
}

/// What a peer sends of the past is there from now on and nothing else: it counts for no reader and is no event, or it
/// would be news (behaviour 8.1). Its thread knows of it.
pub(crate) async fn keep_history(tx: &mut Tx, post: &Post, origin: Origin) -> Result<(), StoreError> {
    posts::set_history(tx, &post.id).await?;
    if let Some(root) = &post.root_id {
        // By its own time, so that the root does not look changed just now.
        posts::count_reply(tx, root, 1, post.create_at, post.create_at)?;
    }
    // Whoever shows the channel is told once a frame; this is for those who have to know each message.
    let event = DomainEvent::HistoryKept { post: post.id, channel: post.channel_id };
    tx.record(Scope::Channel(post.channel_id), origin, event);
    Ok(())
}
