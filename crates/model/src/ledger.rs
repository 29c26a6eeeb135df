//! What left this server, to whom: the words of the ledger (behaviour 8.11).

/// What kind of thing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerKind {
    /// A message.
    Message,
    /// A message that had left before, with another text.
    Edit,
    /// The word that a message is deleted; no text of it.
    Deletion,
    /// A reaction.
    Reaction,
    /// The word that a reaction was taken back.
    ReactionRemoval,
    /// A file: its name and size, and its bytes unless it was refused.
    File,
    /// What is known of a person: names, status text, and the address where that is shared.
    Profile,
    /// A person's picture.
    Picture,
    /// The word that somebody belongs to a channel, or is wanted in it.
    Member,
    /// The word that somebody does not belong to a channel, or is not wanted in it.
    MemberRemoval,
    /// The word that a message is pinned.
    Pin,
    /// The word that it is pinned no more.
    PinRemoval,
    /// An acknowledgement of a message.
    Acknowledgement,
    /// The word that it was taken back.
    AcknowledgementRemoval,
    /// The picture of a custom emoji.
    Emoji,
    /// The word that a custom emoji is gone.
    EmojiRemoval,
    /// An invitation to a channel: its names, header and purpose.
    Channel,
}

impl LedgerKind {
    /// All of them.
    pub const ALL: [LedgerKind; 17] = [
        LedgerKind::Message,
        LedgerKind::Edit,
        LedgerKind::Deletion,
        LedgerKind::Reaction,
        LedgerKind::ReactionRemoval,
        LedgerKind::File,
        LedgerKind::Profile,
        LedgerKind::Picture,
        LedgerKind::Member,
        LedgerKind::MemberRemoval,
        LedgerKind::Pin,
        LedgerKind::PinRemoval,
        LedgerKind::Acknowledgement,
        LedgerKind::AcknowledgementRemoval,
        LedgerKind::Emoji,
        LedgerKind::EmojiRemoval,
        LedgerKind::Channel,
    ];

    /// Its name in the database and for auditors.
    pub fn as_str(self) -> &'static str {
        match self {
            LedgerKind::Message => "message",
            LedgerKind::Edit => "edit",
            LedgerKind::Deletion => "deletion",
            LedgerKind::Reaction => "reaction",
            LedgerKind::ReactionRemoval => "reaction_removal",
            LedgerKind::File => "file",
            LedgerKind::Profile => "profile",
            LedgerKind::Picture => "picture",
            LedgerKind::Member => "member",
            LedgerKind::MemberRemoval => "member_removal",
            LedgerKind::Pin => "pin",
            LedgerKind::PinRemoval => "pin_removal",
            LedgerKind::Acknowledgement => "acknowledgement",
            LedgerKind::AcknowledgementRemoval => "acknowledgement_removal",
            LedgerKind::Emoji => "emoji",
            LedgerKind::EmojiRemoval => "emoji_removal",
            LedgerKind::Channel => "channel",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<LedgerKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What is known of whether it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerState {
    /// It left, or may have left: the other side has not confirmed that it stores it.
    Sent,
    /// The other side has confirmed it.
    Stored,
    /// It left, and the other side says that it does not keep it.
    Refused,
}

impl LedgerState {
    /// Its name in the database and for auditors.
    pub fn as_str(self) -> &'static str {
        match self {
            LedgerState::Sent => "sent",
            LedgerState::Stored => "stored",
            LedgerState::Refused => "refused",
        }
    }
}

/// Why something of the past left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LedgerPast {
    /// It is not from before the share.
    #[default]
    No,
    /// Earlier messages were asked to be sent (behaviour 8.1).
    History,
    /// A later reply needs its root (ruling 46).
    Context,
    /// The other side has asked for it again (ruling 8.10).
    Fetched,
}

impl LedgerPast {
    /// Its name in the database and for auditors.
    pub fn as_str(self) -> &'static str {
        match self {
            LedgerPast::No => "",
            LedgerPast::History => "history",
            LedgerPast::Context => "context",
            LedgerPast::Fetched => "fetched",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in LedgerKind::ALL {
            assert_eq!(LedgerKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(LedgerKind::parse("presence"), None);
    }
}
