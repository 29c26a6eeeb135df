//! Buttons and menus under messages: what they do is between this server and the program, so clients are shown neither
//! address nor context, and whoever presses one names it by the id it was given here. Source: client-api 7.4.

use rialto_model::{ChannelId, Origin, PostId, UserId};
use rialto_store::{StoreError, channels, posts as rows};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CallError, Effect, Pressed, notes, place, slack, triggers};
use crate::access::{self, Denied, SessionUser};
use crate::bus::Volatile;
use crate::{App, IdSource, posts};

/// Props of a message that its program does not change.
const KEPT: [&str; 6] = [
    "from_webhook",
    "from_bot",
    "override_username",
    "override_icon_url",
    "override_icon_emoji",
    "webhook_display_name",
];

/// Why pressing a button did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such button.
    #[error("no such button")]
    Absent,
    /// It cannot be pressed.
    #[error("the button is disabled")]
    Inert,
    /// Not among what can be chosen.
    #[error("no such choice")]
    Choice,
    /// The program did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What it made of the message cannot be kept.
    #[error(transparent)]
    Post(#[from] posts::Error),
    /// Not for this actor.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn actions(props: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let attachments = props.get_mut("attachments").and_then(Value::as_array_mut);
    attachments
        .into_iter()
        .flatten()
        .filter_map(|attachment| attachment.get_mut("actions").and_then(Value::as_array_mut))
        .flatten()
        .filter_map(Value::as_object_mut)
}

fn text<'a>(action: &'a Map<String, Value>, key: &str) -> &'a str {
    action.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Names every button.
pub(crate) fn identify(props: &mut Map<String, Value>, ids: &IdSource) {
    for action in actions(props) {
        let id = text(action, "id");
        // It stands in an address.
        let usable = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if !usable {
            action.insert("id".to_owned(), ids.token().into());
        }
    }
}

/// Clients do not see what a button does, so a message they send back keeps what its buttons did.
pub(crate) fn keep(before: &Map<String, Value>, props: &mut Map<String, Value>) {
    let mut before = before.clone();
    let known: Vec<(String, Value)> = actions(&mut before)
        .filter_map(|action| Some((text(action, "id").to_owned(), action.get("integration")?.clone())))
        .collect();
    for action in actions(props) {
        if !action.contains_key("integration")
            && let Some((_, does)) = known.iter().find(|(id, _)| id == text(action, "id"))
        {
            action.insert("integration".to_owned(), does.clone());
        }
    }
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Action {
    url: String,
    context: Value,
    kind: String,
    data_source: String,
    choices: Option<Vec<String>>,
    inert: bool,
}

impl Action {
    fn of(action: &Map<String, Value>) -> Option<Self> {
        let does = action.get("integration")?;
        let options = action.get("options").and_then(Value::as_array);
        let choices = options.map(|all| {
            all.iter().filter_map(|one| one.get("value").and_then(Value::as_str).map(str::to_owned)).collect()
        });
        let kind = match text(action, "type") {
            "select" => "select",
            _ => "button",
        };
        Some(Self {
            url: does.get("url").and_then(Value::as_str)?.to_owned(),
            context: does.get("context").cloned().unwrap_or_else(|| Value::Object(Map::new())),
            kind: kind.to_owned(),
            data_source: text(action, "data_source").to_owned(),
            choices: choices.filter(|_| text(action, "data_source").is_empty()),
            inert: action.get("disabled") == Some(&Value::Bool(true)),
        })
    }
}

/// What a button of a note carries.
#[derive(Serialize, Deserialize)]
struct Cookie {
    action: Action,
    user: UserId,
    channel: ChannelId,
}

/// Puts what the buttons of a note do into sealed cookies.
pub(super) fn seal(app: &App, props: &mut Map<String, Value>, user: &UserId, channel: &ChannelId) {
    for action in actions(props) {
        let found = Action::of(action);
        action.remove("integration");
        action.remove("cookie");
        if let Some(found) = found {
            let cookie = Cookie { action: found, user: *user, channel: *channel };
            let text = serde_json::to_string(&cookie).unwrap_or_default();
            action.insert("cookie".to_owned(), app.keys.seal(&app.ids, &text).into());
        }
    }
}

/// What somebody presses.
#[derive(Debug, Clone, Default)]
pub struct Press {
    /// Which button.
    pub action: String,
    /// What was chosen in a menu.
    pub selected: String,
    /// What the button of a note carries.
    pub cookie: String,
}

/// Tells a program that its button was pressed, and does what it answers. Returns the trigger id it was told.
///
/// # Errors
/// [`Error`].
pub async fn press(app: &App, actor: &SessionUser, post: &PostId, press: Press) -> Result<String, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let (action, channel, is_note) = match press.cookie.is_empty() {
        true => {
            let found = rows::get(&mut view, post).await?.filter(|found| found.gone_at().is_none());
            // What another server's buttons do, nobody here knows.
            let found = found.filter(|found| found.remote_id.is_none()).ok_or(Error::Absent)?;
            let access = access::readable_channel(&mut view, actor, &found.channel_id).await?;
            let mut props: Map<String, Value> = serde_json::from_str(&found.props).unwrap_or_default();
            let action = actions(&mut props).find(|action| text(action, "id") == press.action);
            (action.and_then(|action| Action::of(action)).ok_or(Error::Absent)?, access.into_channel(), false)
        }
        false => {
            let cookie = app.keys.unseal(&press.cookie).map_err(|_| Error::Absent)?;
            let cookie: Cookie = serde_json::from_str(&cookie).map_err(|_| Error::Absent)?;
            if cookie.user != actor.user_id {
                return Err(Error::Absent);
            }
            let access = access::readable_channel(&mut view, actor, &cookie.channel).await?;
            (cookie.action, access.into_channel(), true)
        }
    };
    if action.inert {
        return Err(Error::Inert);
    }
    let mut context = action.context;
    if action.kind == "select" {
        let offered = action.choices.is_none_or(|choices| choices.contains(&press.selected));
        if press.selected.is_empty() || !offered {
            return Err(Error::Choice);
        }
        if let Value::Object(context) = &mut context {
            context.insert("selected_option".to_owned(), press.selected.into());
        }
    }
    let place = place(&mut view, &actor.user_id, &channel, None).await?;
    drop(view);
    let trigger_id = triggers::make(app, &actor.user_id);
    let pressed = Pressed {
        place,
        post_id: *post,
        trigger_id: trigger_id.clone(),
        kind: action.kind,
        data_source: action.data_source,
        context,
    };
    let effect = app.outside.programs()?.press(&action.url, &pressed).await?;
    happen(app, actor, &channel.id, post, is_note, effect).await?;
    Ok(trigger_id)
}

async fn happen(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    post: &PostId,
    is_note: bool,
    effect: Effect,
) -> Result<(), Error> {
    let marks = |text: &str| if effect.raw { text.to_owned() } else { slack::markdown(text) };
    if let Some((message, mut props)) = effect.update {
        for attachment in props.get_mut("attachments").and_then(Value::as_array_mut).into_iter().flatten() {
            if !effect.raw {
                slack::attachment(attachment);
            }
        }
        let message = marks(&message);
        if is_note {
            notes::change(app, actor.user_id, *channel, *post, message, props);
        } else {
            update(app, post, message, props).await?;
        }
    }
    if !effect.ephemeral_text.is_empty() {
        let message = marks(&effect.ephemeral_text);
        app.bus.tell(Volatile::Ephemeral { user: actor.user_id, channel: *channel, root: None, message });
    }
    Ok(())
}

/// The program makes something else of its message; whose it is and what it looks like stays.
async fn update(app: &App, id: &PostId, message: String, mut props: Map<String, Value>) -> Result<(), Error> {
    let max = app.settings.get().max_post_size;
    if message.chars().count() > max {
        return Err(posts::Error::TooLong { max }.into());
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(mut post) = rows::lock(&mut tx, id).await?.filter(|post| post.gone_at().is_none()) else {
        return Err(Error::Absent);
    };
    let channel = channels::get(&mut tx, &post.channel_id).await?.ok_or(Error::Absent)?;
    access::writable(app, &mut tx, &channel).await?;
    let before: Map<String, Value> = serde_json::from_str(&post.props).unwrap_or_default();
    for key in KEPT {
        props.remove(key);
        if let Some(value) = before.get(key) {
            props.insert(key.to_owned(), value.clone());
        }
    }
    identify(&mut props, &app.ids);
    let props = Value::Object(props).to_string();
    if props.chars().count() > posts::MAX_PROPS {
        return Err(posts::Error::Props.into());
    }
    if post.message == message && post.props == props {
        return Ok(());
    }
    (post.message, post.props) = (message, props);
    posts::save_edit(&mut tx, &mut post, Origin::Local).await?;
    tx.commit().await?;
    Ok(())
}
