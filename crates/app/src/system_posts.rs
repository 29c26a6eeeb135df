//! Lasting system messages: written by each server for itself, never sent, never unread (behaviour 3).

use rialto_model::{ChannelId, DomainEvent, Millis, Origin, Post, PostId, Scope, UserId};
use rialto_store::{StoreError, Tx, posts};

use crate::App;

/// What a system message is about; decides its `type` for clients (client-api 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Anything without a type of its own.
    Generic,
    /// Somebody joined by themself.
    Joined,
    /// Somebody left by themself.
    Left,
    /// Somebody was added.
    Added,
    /// Somebody was removed.
    Removed,
    /// The header changed.
    Header,
    /// The purpose changed.
    Purpose,
    /// The shown name changed.
    DisplayName,
    /// The channel was archived.
    Archived,
    /// The channel was restored.
    Restored,
    /// Public became private, or the reverse.
    Privacy,
    /// A group message became a channel.
    Converted,
}

impl About {
    fn kind(self) -> &'static str {
        match self {
            About::Generic => "system_generic",
            About::Joined => "system_join_channel",
            About::Left => "system_leave_channel",
            About::Added => "system_add_to_channel",
            About::Removed => "system_remove_from_channel",
            About::Header => "system_header_change",
            About::Purpose => "system_purpose_change",
            About::DisplayName => "system_displayname_change",
            About::Archived => "system_channel_deleted",
            About::Restored => "system_channel_restored",
            About::Privacy => "system_change_chan_privacy",
            About::Converted => "system_gm_to_channel",
        }
    }
}

/// A system message to write.
#[derive(Debug, Clone)]
pub struct SystemPost<'a> {
    /// Where.
    pub channel: ChannelId,
    /// About what.
    pub about: About,
    /// In whose name; None: the system account.
    pub user: Option<UserId>,
    /// Markdown, names already escaped.
    pub message: String,
    /// Facts for clients, `username` for example.
    pub props: &'a [(&'a str, &'a str)],
}

/// Writes a system message in the transaction of what it tells about. It counts for nobody as unread.
///
/// # Errors
/// [`StoreError`] as the database says.
pub fn write(app: &App, tx: &mut Tx, new: SystemPost<'_>) -> Result<PostId, StoreError> {
    let now = tx.now();
    let props: serde_json::Map<String, serde_json::Value> =
        new.props.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    let post = Post {
        id: app.ids.id(PostId::from_random),
        channel_id: new.channel,
        user_id: new.user.unwrap_or(app.system_user),
        root_id: None,
        create_at: now,
        update_at: now,
        edit_at: None,
        delete_at: None,
        hidden_at: None,
        is_pinned: false,
        kind: new.about.kind().to_owned(),
        message: new.message,
        props: serde_json::Value::Object(props).to_string(),
        hashtags: String::new(),
        file_ids: Vec::new(),
        remote_id: None,
        remote_update_at: Millis(0),
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    };
    posts::insert(tx, &post, "")?;
    tx.record(
        Scope::Channel(new.channel),
        Origin::Local,
        DomainEvent::PostCreated { post: post.id, channel: new.channel, owner: None, mentions: Vec::new() },
    );
    Ok(post.id)
}

/// Text that must stay text: nothing in it mentions, links or formats (behaviour 2.1.8).
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // A zero-width joiner keeps the sign and breaks the mention.
            '@' => out.push_str("@\u{200d}"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The username of a person, for texts; empty if they are gone.
pub(crate) async fn username(view: &mut rialto_store::Snapshot, id: &UserId) -> Result<String, StoreError> {
    Ok(rialto_store::users::get(view, id).await?.map(|user| user.username).unwrap_or_default())
}

/// Replaces the text of a system message of ours, if it is still there.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rewrite(tx: &mut Tx, id: &PostId, message: String) -> Result<(), StoreError> {
    match posts::lock(tx, id).await? {
        Some(mut post) if post.is_system() && post.gone_at().is_none() && post.message != message => {
            post.message = message;
            crate::posts::save_edit(tx, &mut post, Origin::Local).await
        }
        _ => Ok(()),
    }
}
