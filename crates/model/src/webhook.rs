//! Addresses at which programs leave messages.

use crate::{ChannelId, ItemId, Millis, TeamId, UserId};

/// An incoming webhook: whoever knows its id writes as its maker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingWebhook {
    /// Names it, and is the secret.
    pub id: ItemId,
    /// In whose name it writes.
    pub user_id: UserId,
    /// Where it writes if a message does not say otherwise.
    pub channel_id: ChannelId,
    /// The team of that channel.
    pub team_id: TeamId,
    /// Shown in lists.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Shown instead of its maker's name where the server allows that; empty for none.
    pub username: String,
    /// Shown instead of its maker's picture where the server allows that; empty for none.
    pub icon_url: String,
    /// It writes nowhere else.
    pub channel_locked: bool,
    /// When it was made.
    pub create_at: Millis,
    /// When it was changed last.
    pub update_at: Millis,
}

/// When an outgoing webhook's words count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerWhen {
    /// The first word of a message is one of them.
    Equals,
    /// The first word begins with one of them.
    StartsWith,
}

impl TriggerWhen {
    /// 0 or 1, as stored and sent.
    pub fn number(self) -> i64 {
        match self {
            Self::Equals => 0,
            Self::StartsWith => 1,
        }
    }

    /// The meaning of such a number.
    pub fn of(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Equals),
            1 => Some(Self::StartsWith),
            _ => None,
        }
    }
}

/// An outgoing webhook: a program that is told of messages in public channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingWebhook {
    /// Names it.
    pub id: ItemId,
    /// Tells the program that it is we who call.
    pub token: String,
    /// Who made it, and in whose name answers are written.
    pub creator_id: UserId,
    /// The one channel it hears; None: all public ones of the team, by its words.
    pub channel_id: Option<ChannelId>,
    /// The team.
    pub team_id: TeamId,
    /// Words with which messages begin that it is told of; with a channel there need be none.
    pub trigger_words: Vec<String>,
    /// When those count.
    pub trigger_when: TriggerWhen,
    /// Where to call.
    pub callback_urls: Vec<String>,
    /// Shown in lists.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// `application/json`; anything else is a form.
    pub content_type: String,
    /// Shown instead of its maker's name where the server allows that; empty for none.
    pub username: String,
    /// Shown instead of its maker's picture where the server allows that; empty for none.
    pub icon_url: String,
    /// When it was made.
    pub create_at: Millis,
    /// When it was changed last.
    pub update_at: Millis,
}

impl OutgoingWebhook {
    /// The word by which it hears a message; empty if it needs none, None if it does not hear it.
    pub fn hears(&self, channel: &ChannelId, message: &str) -> Option<&str> {
        if self.channel_id.is_some_and(|own| own != *channel) {
            return None;
        }
        if self.trigger_words.is_empty() {
            return self.channel_id.map(|_| "");
        }
        let first = message.split_whitespace().next().unwrap_or_default();
        let counts = |word: &&String| match self.trigger_when {
            TriggerWhen::Equals => first == word.as_str(),
            TriggerWhen::StartsWith => first.starts_with(word.as_str()),
        };
        self.trigger_words.iter().find(counts).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_hears_its_channel_and_its_words() {
        let (here, there) = (ChannelId::from_random([1; 16]), ChannelId::from_random([2; 16]));
        let hook = |channel: Option<ChannelId>, words: &[&str], trigger_when| OutgoingWebhook {
            id: ItemId::from_random([1; 16]),
            token: String::new(),
            creator_id: UserId::from_random([1; 16]),
            channel_id: channel,
            team_id: TeamId::from_random([1; 16]),
            trigger_words: words.iter().map(|word| (*word).to_owned()).collect(),
            trigger_when,
            callback_urls: Vec::new(),
            display_name: String::new(),
            description: String::new(),
            content_type: String::new(),
            username: String::new(),
            icon_url: String::new(),
            create_at: Millis(1),
            update_at: Millis(1),
        };
        let equals = |channel, words| hook(channel, words, TriggerWhen::Equals);
        assert_eq!(equals(Some(here), &[]).hears(&here, "anything"), Some(""));
        assert_eq!(equals(Some(here), &[]).hears(&there, "anything"), None);
        assert_eq!(equals(None, &[]).hears(&here, "anything"), None, "neither channel nor word");
        assert_eq!(equals(None, &["build", "test"]).hears(&there, " test it"), Some("test"));
        assert_eq!(equals(None, &["build"]).hears(&there, "builds it"), None);
        assert_eq!(equals(Some(here), &["build"]).hears(&there, "build"), None);
        let starts = hook(None, &["#"], TriggerWhen::StartsWith);
        assert_eq!(starts.hears(&here, "#42 fails"), Some("#"));
        assert_eq!(starts.hears(&here, "see #42"), None);
        assert_eq!(starts.hears(&here, ""), None);
    }
}
