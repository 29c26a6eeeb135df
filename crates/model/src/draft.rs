//! What somebody has begun to write and not posted. Source: client-api 2.3 and 5.5.

use std::str::FromStr;

use crate::{ChannelId, FileId, FileInfo, ItemId, Millis, PostId, Priority, UserId};

/// Words somebody has begun to write in a channel or thread: one draft a place and person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose.
    pub user_id: UserId,
    /// Where it is to be posted.
    pub channel_id: ChannelId,
    /// In which thread.
    pub root_id: Option<PostId>,
    /// When it was begun.
    pub create_at: Millis,
    /// Version.
    pub update_at: Millis,
    /// The text so far.
    pub message: String,
    /// As in a post.
    pub kind: String,
    /// A JSON object, as text.
    pub props: String,
    /// Files of its author's that are not posted yet, in order.
    pub file_ids: Vec<FileId>,
    /// How urgent it is to be; None for a standard one.
    pub priority: Option<Priority>,
}

impl Draft {
    /// True if posting it would say nothing.
    pub fn is_empty(&self) -> bool {
        self.message.trim().is_empty() && self.file_ids.is_empty() && self.priority.is_none() && self.props.len() <= 2
    }
}

/// A draft with those of its files that are here, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDraft {
    /// The draft.
    pub draft: Draft,
    /// Its files.
    pub files: Vec<FileInfo>,
}

/// A message that is to be posted later, in its author's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledPost {
    /// Names it until it is posted; the post has an id of its own.
    pub id: ItemId,
    /// What is to be posted, and where.
    pub draft: Draft,
    /// When.
    pub scheduled_at: Millis,
    /// When it was tried and could not be posted.
    pub processed_at: Option<Millis>,
    /// Why it could not be.
    pub failure: Option<Failure>,
}

/// Why a message could not be posted when its time had come; clients have words for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The channel is archived.
    ChannelArchived,
    /// The channel is not there.
    ChannelNotFound,
    /// Its author may not post there any more.
    NoChannelPermission,
    /// Its author is not there.
    UserMissing,
    /// Its author is deactivated.
    UserDeleted,
    /// The thread it belongs to is gone.
    ThreadDeleted,
    /// Nothing can be posted there now, or its time is long over.
    UnableToSend,
    /// It breaks a rule for messages.
    InvalidPost,
    /// Anything else.
    Unknown,
}

impl Failure {
    const ALL: [Failure; 9] = [
        Failure::ChannelArchived,
        Failure::ChannelNotFound,
        Failure::NoChannelPermission,
        Failure::UserMissing,
        Failure::UserDeleted,
        Failure::ThreadDeleted,
        Failure::UnableToSend,
        Failure::InvalidPost,
        Failure::Unknown,
    ];

    /// The word in rows and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Failure::ChannelArchived => "channel_archived",
            Failure::ChannelNotFound => "channel_not_found",
            Failure::NoChannelPermission => "no_channel_permission",
            Failure::UserMissing => "user_missing",
            Failure::UserDeleted => "user_deleted",
            Failure::ThreadDeleted => "thread_deleted",
            Failure::UnableToSend => "unable_to_send",
            Failure::InvalidPost => "invalid_post",
            Failure::Unknown => "unknown",
        }
    }
}

/// No word for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no known failure")]
pub struct UnknownFailure;

impl FromStr for Failure {
    type Err = UnknownFailure;

    fn from_str(word: &str) -> Result<Self, UnknownFailure> {
        Failure::ALL.into_iter().find(|failure| failure.as_str() == word).ok_or(UnknownFailure)
    }
}

/// A message for later with those of its files that are here, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownScheduledPost {
    /// The message.
    pub post: ScheduledPost,
    /// Its files.
    pub files: Vec<FileInfo>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_word_of_its_own() {
        for failure in Failure::ALL {
            assert_eq!(failure.as_str().parse(), Ok(failure));
        }
        assert_eq!("".parse::<Failure>(), Err(UnknownFailure));
    }

    #[test]
    fn a_draft_of_blanks_says_nothing() {
        let blank = Draft {
            user_id: UserId::from_random([1; 16]),
            channel_id: ChannelId::from_random([2; 16]),
            root_id: None,
            create_at: Millis(1),
            update_at: Millis(1),
            message: " \n".to_owned(),
            kind: String::new(),
            props: "{}".to_owned(),
            file_ids: Vec::new(),
            priority: None,
        };
        assert!(blank.is_empty());
        assert!(!Draft { message: "a".to_owned(), ..blank.clone() }.is_empty());
        assert!(!Draft { file_ids: vec![FileId::from_random([3; 16])], ..blank.clone() }.is_empty());
        assert!(!Draft { priority: Some(Priority::default()), ..blank }.is_empty());
    }
}
