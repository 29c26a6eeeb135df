//! What a server sends that knows more kinds of messages than this one, or calls its people what nobody is called here.

#![expect(clippy::unwrap_used, reason = "a wrong expectation must stop the test where it is")]

use rialto_wire::federation::post::InboundPost;
use rialto_wire::federation::user::InboundUser;
use serde_json::value::RawValue;
use serde_json::{Value, json};

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn post(kind: &str, props: Value) -> InboundPost {
    let id = "3o6cjrui9ibctdpjme3xyhd6ya";
    let value = json!({ "id": id, "user_id": id, "channel_id": id, "create_at": 1, "update_at": 1,
        "message": "hush", "type": kind, "props": props });
    InboundPost::decode(&raw(&value)).unwrap()
}

/// E-079: a kind of message nobody here knows is an ordinary one with a note; what it was is kept beside it, by its sender's
/// word alone, for the day it is known.
#[test]
fn a_kind_that_is_unknown_is_text_with_a_note() {
    let unknown = post("burn_on_read", json!({ "unknown_type": "something else", "minutes": 5 }));
    assert_eq!(unknown.kind, "");
    assert!(unknown.message.starts_with("hush\n\n*(") && unknown.message.len() > 20, "{}", unknown.message);
    let kept: Value = serde_json::from_str(&unknown.props).unwrap();
    assert_eq!(kept, json!({ "unknown_type": "burn_on_read", "minutes": 5 }));
    for known in ["", "me", "slack_attachment", "custom_poll"] {
        let post = post(known, json!({}));
        assert_eq!((post.kind.as_str(), post.message.as_str(), post.props.as_str()), (known, "hush", "{}"));
    }
}

/// E-100, behaviour 4.6.4: nobody comes under a word that calls everybody, nor under a name with other than the characters
/// of names; an administrator there is an ordinary name, which gets its mark here.
#[test]
fn nobody_is_called_what_a_word_means() {
    let named = |name: &str| {
        let value = json!({ "id": "3o6cjrui9ibctdpjme3xyhd6ya", "username": name });
        InboundUser::decode(&raw(&value)).map(|user| user.username)
    };
    for name in ["all", "channel", "here", "All", "all:acme", "a b", "b\u{f3}b", "<b>", "a\u{202e}b", "", ":acme"] {
        assert!(named(name).is_err(), "{name}");
    }
    assert_eq!(named("Admin").unwrap(), "admin");
}
