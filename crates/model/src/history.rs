//! Earlier messages that a share is sent: how much of the past, and how far that has come. Source: behaviour 8.1.

use std::fmt;
use std::str::FromStr;

use crate::{ChannelId, Millis, PostId, RemoteId, ShareId, UserId};

/// How much of the past somebody asks for, or a setting allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// Everything.
    All,
    /// The newest so many messages.
    Messages(u32),
    /// So many days back.
    Days(u32),
}

/// Not an amount of history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHistory;

impl fmt::Display for NotHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be all, a number of messages, or a number of days such as 30d")
    }
}

impl std::error::Error for NotHistory {}

impl FromStr for History {
    type Err = NotHistory;

    /// `all`, `100`, `100 messages` or `30d`, in any case; 0 is no amount.
    fn from_str(given: &str) -> Result<Self, NotHistory> {
        let word = given.trim().to_lowercase();
        let amount = |digits: &str| digits.trim_end().parse::<u32>().ok().filter(|n| *n > 0);
        let found = match word.as_str() {
            "all" => Some(History::All),
            _ => match word.strip_suffix('d') {
                Some(days) => amount(days).map(History::Days),
                None => {
                    let messages = word.strip_suffix("messages").or(word.strip_suffix("message")).unwrap_or(&word);
                    amount(messages).map(History::Messages)
                }
            },
        };
        found.ok_or(NotHistory)
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            History::All => f.write_str("all"),
            History::Messages(count) => write!(f, "{count}"),
            History::Days(days) => write!(f, "{days}d"),
        }
    }
}

/// What is sent of the past: both bounds hold, where there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// The newest so many messages, the last thread whole.
    pub messages: Option<u32>,
    /// Threads begun in so many days.
    pub days: Option<u32>,
}

impl Extent {
    /// What `asked` amounts to where no more than `most` may be sent. None: it is more by its own measure. Whoever asks
    /// for everything gets what may be sent.
    pub fn within(asked: History, most: History) -> Option<Extent> {
        let (messages, days) = match asked {
            History::All => (None, None),
            History::Messages(count) => (Some(count), None),
            History::Days(days) => (None, Some(days)),
        };
        let (most_messages, most_days) = match most {
            History::All => (None, None),
            History::Messages(count) => (Some(count), None),
            History::Days(days) => (None, Some(days)),
        };
        let over = |asked: Option<u32>, most: Option<u32>| asked.zip(most).is_some_and(|(asked, most)| asked > most);
        if over(messages, most_messages) || over(days, most_days) {
            return None;
        }
        Some(Extent { messages: messages.or(most_messages), days: days.or(most_days) })
    }
}

/// How a backfill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackfillState {
    /// Under way, or waiting for its share to begin.
    Running,
    /// Somebody has paused it.
    Paused,
    /// Somebody has cancelled it, and the thread it was in is brought to its end.
    Cancelling,
    /// Cancelled, behind a whole thread.
    Cancelled,
    /// Everything was sent.
    Done,
    /// The peer does not take it.
    Refused,
}

impl BackfillState {
    const WORDS: [(BackfillState, &'static str); 6] = [
        (BackfillState::Running, "running"),
        (BackfillState::Paused, "paused"),
        (BackfillState::Cancelling, "cancelling"),
        (BackfillState::Cancelled, "cancelled"),
        (BackfillState::Done, "done"),
        (BackfillState::Refused, "refused"),
    ];

    /// The word for rows and answers.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(state, _)| *state == self).map_or("running", |(_, word)| word)
    }

    /// The state of a word; one we do not know sends nothing.
    pub fn from_word(word: &str) -> Self {
        Self::WORDS.iter().find(|(_, own)| *own == word).map_or(BackfillState::Paused, |(state, _)| *state)
    }

    /// Whether something is still to be sent without anybody's doing.
    pub fn is_under_way(self) -> bool {
        matches!(self, BackfillState::Running | BackfillState::Cancelling)
    }
}

/// How far a backfill has come: threads newest first, in each the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The last thread that was begun: when its root was written, and its root. None: nothing was sent.
    pub thread: Option<(Millis, PostId)>,
    /// Inside that thread, the last reply that was sent, `""` behind the root. None: the thread is complete.
    pub reply: Option<(Millis, String)>,
}

/// Earlier messages on their way to a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// The share that is sent them.
    pub share_id: ShareId,
    /// Its channel.
    pub channel_id: ChannelId,
    /// Its connection.
    pub remote_id: RemoteId,
    /// Who asked for it.
    pub user_id: UserId,
    /// How it stands.
    pub state: BackfillState,
    /// Why, if the peer does not take it or we paused it ourselves.
    pub reason: String,
    /// At most so many messages.
    pub most: Option<u32>,
    /// No threads begun before this.
    pub oldest_at: Millis,
    /// When it was first asked for.
    pub create_at: Millis,
    /// Last change of any kind.
    pub update_at: Millis,
    /// Since when it runs without interruption.
    pub run_at: Millis,
    /// How many messages had been sent then.
    pub run_done: i64,
    /// How many messages there are in all; None: not counted yet.
    pub total: Option<i64>,
    /// How many were sent.
    pub done: i64,
    /// The oldest thread to be sent: when it began, and its root (`""`: all begun then).
    pub floor: (Millis, String),
    /// How far it has come.
    pub place: Place,
}

impl Backfill {
    /// Messages a second since it runs, and seconds until the rest is sent at that pace; None while that says nothing.
    pub fn pace(&self, now: Millis) -> Option<(f64, i64)> {
        let (sent, took) = (self.done - self.run_done, now.since(self.run_at));
        let rest = self.total? - self.done;
        if self.state != BackfillState::Running || sent <= 0 || took <= 0 || rest < 0 {
            return None;
        }
        // Counts of messages and times of a life are far below 2^53.
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "figures for people")]
        let (rate, remaining) = {
            let rate = sent as f64 * 1000.0 / took as f64;
            (rate, (rest as f64 / rate).ceil() as i64)
        };
        Some((rate, remaining))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_alike() {
        for (text, amount, shown) in [
            ("all", History::All, "all"),
            (" ALL", History::All, "all"),
            ("100 messages", History::Messages(100), "100"),
            ("1 message", History::Messages(1), "1"),
            ("30D", History::Days(30), "30d"),
        ] {
            assert_eq!(text.parse(), Ok(amount), "{text}");
            assert_eq!(amount.to_string(), shown);
        }
        for text in ["", "0", "0d", "-1", "d", "some", "99999999999"] {
            assert_eq!(text.parse::<History>(), Err(NotHistory), "{text}");
        }
    }

    /// Behaviour 8.1: what is asked for by number must be allowed; everything means everything that is allowed.
    #[test]
    fn a_setting_bounds_what_is_asked_for() {
        use History::{All, Days, Messages};
        let extent = |messages, days| Some(Extent { messages, days });
        for (asked, most, expected) in [
            (All, All, extent(None, None)),
            (All, Messages(5), extent(Some(5), None)),
            (Messages(5), Messages(5), extent(Some(5), None)),
            (Messages(6), Messages(5), None),
            (Days(8), Days(7), None),
            (Days(8), Messages(5), extent(Some(5), Some(8))),
            (Messages(9), Days(7), extent(Some(9), Some(7))),
            (Messages(9), All, extent(Some(9), None)),
        ] {
            assert_eq!(Extent::within(asked, most), expected, "{asked:?} within {most:?}");
        }
    }

    #[test]
    fn states_keep_their_words() {
        for (state, word) in BackfillState::WORDS {
            assert_eq!((state.as_str(), BackfillState::from_word(word)), (word, state));
        }
        assert!(!BackfillState::from_word("other").is_under_way());
    }
}
