//! What programs say, as posts.

use rialto_model::{ChannelId, Post, PostId, Priority};
use serde_json::{Map, Value};

use super::slack;
use crate::App;
use crate::access::SessionUser;
use crate::posts::{self, NewPost};

/// Posts one message is divided into at most; what is longer is no message.
const PARTS: usize = 20;

/// What a program says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// The text, Markdown with Slack's marks.
    pub text: String,
    /// Shown as the author.
    pub username: String,
    /// Shown as the author's picture.
    pub icon_url: String,
    /// An emoji in place of a picture.
    pub icon_emoji: String,
    /// Further props.
    pub props: Map<String, Value>,
    /// Attachments as clients know them.
    pub attachments: Vec<Value>,
    /// `custom_...` or empty.
    pub kind: String,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Its texts have no marks of Slack's.
    pub raw: bool,
}

/// What posts of a program look like where a message does not say otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The name of the webhook or command.
    pub display_name: &'a str,
    /// Shown as the author; empty for none.
    pub username: &'a str,
    /// Shown as the author's picture; empty for none.
    pub icon_url: &'a str,
}

impl Message {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.attachments.is_empty()
    }

    /// The same with Slack's marks as Markdown.
    pub(crate) fn in_markdown(mut self) -> Self {
        if !self.raw {
            self.text = slack::markdown(&self.text);
            self.attachments.iter_mut().for_each(slack::attachment);
        }
        self
    }
}

/// Writes what a program says, in the actor's name; long texts as several posts.
///
/// # Errors
/// [`posts::Error`]; nothing was written then, or only the first parts of a text.
pub async fn write(
    app: &App,
    actor: &SessionUser,
    channel: &ChannelId,
    root: Option<PostId>,
    look: Look<'_>,
    message: Message,
) -> Result<Vec<Post>, posts::Error> {
    let message = message.in_markdown();
    let max = app.settings.get().max_post_size;
    let mut parts = parts(&message.text, max);
    if parts.len() > PARTS {
        return Err(posts::Error::TooLong { max: max * PARTS });
    }
    let last = parts.pop().unwrap_or_default();
    let mut written = Vec::new();
    for part in parts {
        let props = props(app, look, &message, false);
        let new = NewPost { message: part, root_id: root, props, ..NewPost::default() };
        written.push(posts::create(app, actor, channel, new).await?);
    }
    let plain = message.kind.is_empty() && !message.attachments.is_empty();
    let new = NewPost {
        message: last,
        root_id: root,
        kind: if plain { "slack_attachment".to_owned() } else { message.kind.clone() },
        props: props(app, look, &message, true),
        priority: message.priority.clone(),
        ..NewPost::default()
    };
    written.push(posts::create(app, actor, channel, new).await?);
    Ok(written)
}

pub(super) fn props(app: &App, look: Look<'_>, message: &Message, with_attachments: bool) -> String {
    let settings = app.settings.get();
    let mut props = if with_attachments { message.props.clone() } else { Map::new() };
    let own = |said: &str, otherwise: &str| if said.is_empty() { otherwise.to_owned() } else { said.to_owned() };
    let mut set = |key: &str, value: String| {
        props.remove(key);
        if !value.is_empty() {
            props.insert(key.to_owned(), value.into());
        }
    };
    set("from_webhook", "true".to_owned());
    set("webhook_display_name", look.display_name.to_owned());
    let (name, icon) = (settings.username_override, settings.icon_override);
    set("override_username", if name { own(&message.username, look.username) } else { String::new() });
    set("override_icon_url", if icon { own(&message.icon_url, look.icon_url) } else { String::new() });
    set("override_icon_emoji", if icon { message.icon_emoji.clone() } else { String::new() });
    if with_attachments && !message.attachments.is_empty() {
        props.insert("attachments".to_owned(), message.attachments.clone().into());
    }
    Value::Object(props).to_string()
}

/// A text in parts of at most `max` characters, broken at the end of a line where there is one.
fn parts(text: &str, max: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let Some((end, _)) = rest.char_indices().nth(max) else {
            parts.push(rest.to_owned());
            return parts;
        };
        let (head, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let cut = head.rfind('\n').filter(|at| *at > 0).unwrap_or(end);
        let (part, behind) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        parts.push(part.to_owned());
        rest = behind.strip_prefix('\n').unwrap_or(behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_between_lines() {
        assert_eq!(parts("short", 10), ["short"]);
        assert_eq!(parts("", 10), [""]);
        assert_eq!(parts("one line\nanother line\nend", 14), ["one line", "another line", "end"]);
        assert_eq!(parts("äöüßäöüß", 3), ["äöü", "ßäö", "üß"]);
        assert_eq!(parts("\nabcdef", 3), ["\nab", "cde", "f"]);
    }
}
