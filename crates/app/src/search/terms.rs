//! What is typed into the search box: words, "phrases", -exclusions, begin*, #tags, and `from:`, `in:`, `on:`, `before:`,
//! `after:` with their negations. Source: client-api 5.5.

use rialto_model::Millis;
use rialto_store::search::Phrase;
use time::Date;
use time::macros::format_description;

use super::words;

/// What was typed, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) with: Vec<Phrase>,
    pub(super) without: Vec<Phrase>,
    /// Names of channels.
    pub(super) places: Vec<String>,
    pub(super) not_places: Vec<String>,
    /// Usernames.
    pub(super) from: Vec<String>,
    pub(super) not_from: Vec<String>,
    pub(super) since: Option<Millis>,
    pub(super) until: Option<Millis>,
    pub(super) outside: Option<(Millis, Millis)>,
}

const DAY: i64 = 24 * 3_600_000;

/// A part of what was typed.
struct Piece {
    negative: bool,
    quoted: bool,
    text: String,
}

/// Parts it at blanks outside quotes.
fn pieces(typed: &str) -> Vec<Piece> {
    let mut list = Vec::new();
    let mut rest = typed.trim_start();
    while !rest.is_empty() {
        let (negative, body) = match rest.strip_prefix('-') {
            Some(body) if !body.starts_with(char::is_whitespace) && !body.is_empty() => (true, body),
            _ => (false, rest),
        };
        let (text, quoted, after) = match body.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
            Some((inner, after)) => (inner, true, after),
            None => {
                let end = body.find(char::is_whitespace).unwrap_or(body.len());
                let (word, after) = body.split_at(end);
                (word, false, after)
            }
        };
        list.push(Piece { negative, quoted, text: text.to_owned() });
        rest = after.trim_start();
    }
    list
}

/// The moment a day of the reader's begins.
fn day(text: &str, offset_seconds: i64) -> Option<Millis> {
    let date = Date::parse(text, format_description!("[year]-[month padding:none]-[day padding:none]")).ok()?;
    let midnight = date.midnight().assume_utc().unix_timestamp();
    Some(Millis((midnight - offset_seconds) * 1000))
}

impl Terms {
    pub(super) fn parse(typed: &str, offset_seconds: i64) -> Self {
        let mut terms = Self::default();
        let mut list = pieces(typed).into_iter();
        while let Some(piece) = list.next() {
            if piece.quoted {
                terms.phrase(piece.negative, words::of(&piece.text), false);
                continue;
            }
            let modifier = piece.text.split_once(':').map(|(word, value)| (word.to_lowercase(), value.to_owned()));
            match modifier {
                Some((word, value)) if is_modifier(&word) => {
                    // "from: bob" is meant as "from:bob".
                    let value = if value.is_empty() { list.next().map(|next| next.text) } else { Some(value) };
                    terms.modify(&word, &value.unwrap_or_default(), piece.negative, offset_seconds);
                }
                _ => terms.word(piece.negative, &piece.text),
            }
        }
        terms
    }

    /// Nothing was asked for.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn word(&mut self, negative: bool, text: &str) {
        if text.starts_with('#') && text.chars().count() > 1 {
            let open = text.ends_with('*');
            return self.phrase(negative, vec![words::hashtag(text.trim_end_matches('*'))], open);
        }
        self.phrase(negative, words::of(text), text.ends_with('*'));
    }

    fn phrase(&mut self, negative: bool, words: Vec<String>, open: bool) {
        if !words.is_empty() {
            let list = if negative { &mut self.without } else { &mut self.with };
            list.push(Phrase { words, open });
        }
    }

    fn modify(&mut self, word: &str, value: &str, negative: bool, offset_seconds: i64) {
        let value = value.trim_matches('"');
        match (word, negative) {
            ("from", false) => self.from.push(person(value)),
            ("from", true) => self.not_from.push(person(value)),
            ("in" | "channel", false) => self.places.push(place(value)),
            ("in" | "channel", true) => self.not_places.push(place(value)),
            _ => {
                let Some(from) = day(value, offset_seconds) else { return };
                let until = Millis(from.0 + DAY);
                match (word, negative) {
                    ("on", true) => self.outside = Some((from, until)),
                    ("on", false) => self.between(Some(from), Some(until)),
                    ("before", false) | ("after", true) => {
                        self.between(None, Some(if negative { until } else { from }));
                    }
                    _ => self.between(Some(if negative { from } else { until }), None),
                }
            }
        }
    }

    /// Narrows the time.
    fn between(&mut self, since: Option<Millis>, until: Option<Millis>) {
        self.since = self.since.max(since);
        self.until = match (self.until, until) {
            (Some(before), Some(until)) => Some(before.min(until)),
            (before, until) => before.or(until),
        };
    }
}

fn is_modifier(word: &str) -> bool {
    matches!(word, "from" | "in" | "channel" | "on" | "before" | "after")
}

fn person(value: &str) -> String {
    value.trim_start_matches('@').to_lowercase()
}

fn place(value: &str) -> String {
    value.trim_start_matches('~').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(phrases: &[Phrase]) -> Vec<String> {
        phrases.iter().map(|one| format!("{}{}", one.words.join(" "), if one.open { "*" } else { "" })).collect()
    }

    #[test]
    fn words_phrases_and_exclusions() {
        let terms = Terms::parse("  Red \"dry white\" -sweet -\"too much\" roti* #Fire-Drill example.com - \"open", 0);
        assert_eq!(list(&terms.with), ["red", "dry white", "roti*", "#fire-drill", "example com", "open"]);
        assert_eq!(list(&terms.without), ["sweet", "too much"]);
        assert!(Terms::parse(" !? \"\" - ", 0).is_empty());
    }

    /// SC-015: people of other servers are named as they are here.
    #[test]
    fn people_and_places() {
        let terms =
            Terms::parse("from:@Bob:acme in:~Plans from: zoe -from:eve -in:off-topic in:@dan word:with:colon", 0);
        assert_eq!(
            (terms.from, terms.not_from),
            (vec!["bob:acme".to_owned(), "zoe".to_owned()], vec!["eve".to_owned()])
        );
        assert_eq!(terms.places, ["plans", "@dan"]);
        assert_eq!(terms.not_places, ["off-topic"]);
        assert_eq!(list(&terms.with), ["word with colon"]);
    }

    #[test]
    fn days_are_the_readers() {
        const NOON: i64 = 12 * 3_600_000;
        let midnight = 1_735_689_600_000; // 2025-01-01
        let range = |typed: &str, offset| {
            let terms = Terms::parse(typed, offset);
            (terms.since.map(|at| at.0 - midnight), terms.until.map(|at| at.0 - midnight))
        };
        assert_eq!(range("on:2025-01-01", 0), (Some(0), Some(DAY)));
        assert_eq!(range("on:2025-1-1", 12 * 3600), (Some(-NOON), Some(DAY - NOON)));
        assert_eq!(range("before:2025-01-02 after:2024-12-30", 0), (Some(-DAY), Some(DAY)));
        assert_eq!(range("-before:2025-01-02 -after:2025-01-02", 0), (Some(DAY), Some(2 * DAY)));
        assert_eq!(range("before:soon on:2025-13-01", 0), (None, None));
        let terms = Terms::parse("-on:2025-01-01", 0);
        assert_eq!(terms.outside, Some((Millis(midnight), Millis(midnight + DAY))));
    }
}
