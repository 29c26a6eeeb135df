//! What programs tell one person alone. It is stored nowhere, so what its buttons need travels with them, sealed.
//! Source: client-api 7.4.

use rialto_model::{ChannelId, PostId, UserId};
use serde_json::{Map, Value};

use super::messages::props;
use super::{Look, Message, buttons};
use crate::bus::{Note, Volatile};
use crate::{App, IdSource};

/// Shows a program's message to one person.
pub(crate) fn show(
    app: &App,
    user: UserId,
    channel: ChannelId,
    root: Option<PostId>,
    look: Look<'_>,
    message: Message,
) {
    let message = message.in_markdown();
    let id = app.ids.id(PostId::from_random);
    let props = serde_json::from_str(&props(app, look, &message, true)).unwrap_or_default();
    tell(app, Note { id, user, channel, root, message: message.text, props, is_edit: false });
}

/// Changes what was shown.
pub(super) fn change(app: &App, user: UserId, channel: ChannelId, id: PostId, text: String, props: Map<String, Value>) {
    tell(app, Note { id, user, channel, root: None, message: text, props, is_edit: true });
}

fn tell(app: &App, mut note: Note) {
    let ids: &IdSource = &app.ids;
    buttons::identify(&mut note.props, ids);
    buttons::seal(app, &mut note.props, &note.user, &note.channel);
    app.bus.tell(Volatile::Note(Box::new(note)));
}
