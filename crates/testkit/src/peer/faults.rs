//! How a peer can be told to misbehave.

use super::Request;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is read and never answered.
    Hang,
    /// It is answered with this status and a small error object, without effect.
    Status(u16),
    /// It is carried out, then the connection breaks instead of an answer.
    LostAnswer,
    /// The connection breaks without effect.
    Broken,
    /// It is answered 200 with a body that is not JSON, without effect.
    Garbage,
    /// It is answered 200 with status FAIL and this text, without effect.
    Fail(String),
    /// It is answered 200 and OK with every post of it listed in `post_errors`, without effect.
    PostErrors,
    /// It is answered 200 and OK with a payload of null, without effect.
    NullPayload,
}

/// Which requests a fault falls on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// Every request.
    Any,
    /// Every request but pings.
    AnyButPing,
    /// Pings.
    Ping,
    /// Confirmations.
    Confirm,
    /// Message frames of one topic.
    Topic(&'static str),
    /// Sync messages with posts.
    Posts,
    /// Sync messages with reactions.
    Reactions,
    /// Sync messages that hold this post.
    Post(String),
    /// File contents.
    Upload,
}

impl On {
    pub(super) fn fits(&self, request: &Request) -> bool {
        match self {
            Self::Any => true,
            Self::AnyButPing => request.path != "/ping",
            Self::Ping => request.path == "/ping",
            Self::Confirm => request.path == "/confirm_invite",
            Self::Topic(topic) => request.path == "/msg" && request.topic() == *topic,
            Self::Posts => request.payload()["posts"].is_array(),
            Self::Reactions => request.payload()["reactions"].is_array(),
            Self::Post(id) => request.post_ids().contains(id),
            Self::Upload => request.path.starts_with("/upload/"),
        }
    }
}

pub(super) struct Rule {
    pub(super) on: On,
    pub(super) remaining: usize,
    pub(super) fault: Fault,
}

/// The fault that falls on `request`, if any; it is used up by one.
pub(super) fn take(rules: &mut [Rule], request: &Request) -> Option<Fault> {
    let rule = rules.iter_mut().find(|rule| rule.remaining > 0 && rule.on.fits(request))?;
    rule.remaining -= 1;
    Some(rule.fault.clone())
}
