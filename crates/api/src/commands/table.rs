//! Markdown that cannot be broken by what is put into it: escaped text, code, tables, times. Source: behaviour 2.1.8.
//!
//! Ordinary names come out unchanged, so a script can look for them in a table. Markdown is escaped with a backslash;
//! what a backslash does not stop in every client (mentions, hashtags, emoji, links, entities) is cut by a word joiner,
//! a character that is not seen.

use rialto_model::Millis;
use time::OffsetDateTime;

const WORD_JOINER: char = '\u{2060}';

/// What a cell or sentence shows where there is nothing to show.
pub const NOTHING: &str = "--";

/// Writes `text` so that it reads as it is and does nothing: one line, no markdown, mention, link or table cell.
pub fn escape(text: &str) -> String {
    let clean: Vec<char> = text.chars().filter(|c| !steers(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::with_capacity(text.len());
    for (place, c) in clean.iter().copied().enumerate() {
        let beside = |offset: isize| place.checked_add_signed(offset).and_then(|at| clean.get(at)).copied();
        match c {
            '\\' | '|' | '`' | '*' | '[' | ']' => out.extend(['\\', c]),
            // Between letters an underscore is no emphasis, and names are full of them.
            '_' if beside(-1).is_some_and(char::is_alphanumeric) && beside(1).is_some_and(char::is_alphanumeric) => {
                out.push(c);
            }
            '_' => out.extend(['\\', c]),
            '@' | '<' | '~' | '#' => out.extend([c, WORD_JOINER]),
            '&' if clean.contains(&';') => out.extend([c, WORD_JOINER]),
            // Quotations and list marks count only where a line begins.
            '>' | '+' | '-' | '=' if place == 0 => out.extend([WORD_JOINER, c]),
            // In "Note: this" nothing begins; in "https://" and ":smile:" something would.
            ':' if beside(1).is_some_and(|next| !next.is_whitespace()) => {
                out.extend([c, WORD_JOINER]);
            }
            '.' if place >= 3 && follows_www(&clean, place) => out.extend([WORD_JOINER, c]),
            '.' | ')' if is_list_mark(&clean, place) => out.extend([WORD_JOINER, c]),
            _ => out.push(c),
        }
    }
    out
}

/// Writes `text` as code on one line, at most 200 characters of it. Inside code nothing is a mention or a link.
pub fn code(text: &str) -> String {
    let mut clean: String =
        text.chars().filter(|c| !steers(*c)).map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    if text.chars().count() > 200 {
        clean.push('…');
    }
    let fence = "`".repeat(longest_run(&clean, '`') + 1);
    let gap = if clean.starts_with('`') || clean.ends_with('`') || clean.trim().is_empty() { " " } else { "" };
    format!("{fence}{gap}{clean}{gap}{fence}")
}

/// Writes `text` as a block of code with nothing else on its lines.
pub fn code_block(text: &str) -> String {
    let fence = "`".repeat(3.max(longest_run(text, '`') + 1));
    format!("{fence}\n{text}\n{fence}")
}

/// The time as `YYYY-MM-DD HH:MM:SS UTC`, or `--` for never (SC-057).
pub fn timestamp(at: Option<Millis>) -> String {
    let time = at.and_then(|at| OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1000)).ok());
    time.filter(|t| (0..=9999).contains(&t.year())).map_or_else(
        || NOTHING.to_owned(),
        |t| {
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
                t.year(),
                u8::from(t.month()),
                t.day(),
                t.hour(),
                t.minute(),
                t.second()
            )
        },
    )
}

/// A cell whose content cannot end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell(String);

impl Cell {
    /// Text from anywhere; `--` if empty.
    pub fn text(text: &str) -> Cell {
        let text = escape(text.trim());
        Cell(if text.is_empty() { NOTHING.to_owned() } else { text })
    }

    /// The address of a peer. One made of the usual characters is shown as it is, so that it can be copied; it can
    /// link to nothing but itself. Any other is escaped.
    pub fn url(url: Option<&str>) -> Cell {
        Cell(url.filter(|url| !url.is_empty()).map_or_else(|| NOTHING.to_owned(), address))
    }

    /// Yes or No, never translated here (SC-055).
    pub fn yes_no(yes: bool) -> Cell {
        Cell(if yes { "Yes" } else { "No" }.to_owned())
    }

    /// True or False, the other vocabulary of the share table (SC-084).
    pub fn true_false(yes: bool) -> Cell {
        Cell(if yes { "True" } else { "False" }.to_owned())
    }

    /// A time, or `--`.
    pub fn time(at: Option<Millis>) -> Cell {
        Cell(timestamp(at))
    }
}

/// An address for a sentence or a cell: plain if it is made of the usual characters, escaped otherwise.
pub fn address(url: &str) -> String {
    let body = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    let usual = |c: char| c.is_ascii_alphanumeric() || ".-_~:/%[]".contains(c);
    // A tilde after a slash would begin a channel link, square brackets belong to literal IPv6 addresses only.
    let plain = body.is_some_and(|body| !body.is_empty() && body.chars().all(usual) && !body.contains("/~"));
    if plain && !url.contains("](") { url.to_owned() } else { escape(url) }
}

/// A table with `N` columns: every row has as many cells as the header, by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Table<N> {
    /// An empty table.
    pub fn new(header: [&'static str; N]) -> Self {
        Self { header, rows: Vec::new() }
    }

    /// Adds a row below the others.
    pub fn push(&mut self, row: [Cell; N]) {
        self.rows.push(row);
    }

    /// The markdown, without a line break at its end.
    pub fn render(&self) -> String {
        let mut out = format!("| {} |\n|{}", self.header.join(" | "), " :--- |".repeat(N));
        for row in &self.rows {
            out.push_str("\n|");
            for cell in row {
                out.push(' ');
                out.push_str(&cell.0);
                out.push_str(" |");
            }
        }
        out
    }
}

/// Characters that change the direction or the order of what is around them, or hide in a name.
fn steers(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{2028}' | '\u{2029}')
}

fn follows_www(text: &[char], place: usize) -> bool {
    text.get(place.saturating_sub(3)..place).is_some_and(|before| before.iter().all(|c| matches!(c, 'w' | 'W')))
}

/// `1.` or `12)` at the beginning.
fn is_list_mark(text: &[char], place: usize) -> bool {
    place > 0 && text.get(..place).is_some_and(|before| before.iter().all(char::is_ascii_digit))
}

fn longest_run(text: &str, of: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, escaped: &str) {
        assert_eq!(escape(text), escaped, "{text:?}");
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for text in
            ["Acme Europe", "a.b-c_d", "Müller & Söhne 2.0", "12:30, Büro (Nord)", "日本", "O'Brien \"x\"", "a/b+c=d!"]
        {
            let joined = escape(text);
            assert_eq!(joined.replace(WORD_JOINER, ""), text);
        }
        check("a.b-c_d", "a.b-c_d");
        check("R&D: Acme Europe (US)", "R&D: Acme Europe (US)");
    }

    #[test]
    fn markdown_mentions_links_and_cells_are_disarmed() {
        check("a|b\n| x |", "a\\|b \\| x \\|");
        check("**b** `c` _d_ \\|", "\\*\\*b\\*\\* \\`c\\` \\_d\\_ \\\\\\|");
        check("@channel me@x.org", "@\u{2060}channel me@\u{2060}x.org");
        check("~town #tag :smile:", "~\u{2060}town #\u{2060}tag :\u{2060}smile:");
        check("[a](https://x)", "\\[a\\](https:\u{2060}//x)");
        check("![a](http://x) <b>", "!\\[a\\](http:\u{2060}//x) <\u{2060}b>");
        check("www.evil.example &#64;all", "www\u{2060}.evil.example &\u{2060}#\u{2060}64;all");
        check("> q", "\u{2060}> q");
        check("1. x", "1\u{2060}. x");
        check("a\u{202e}b\u{2028}c\td", "abc d");
    }

    #[test]
    fn code_holds_back_ticks() {
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a\nb"), "`a b`");
        assert_eq!(code(""), "`  `");
        assert_eq!(code(&"x".repeat(300)), format!("`{}…`", "x".repeat(200)));
        assert_eq!(code_block("a ``` b"), "````\na ``` b\n````");
    }

    /// SC-057.
    #[test]
    fn times_are_full_and_in_utc() {
        assert_eq!(timestamp(None), "--");
        assert_eq!(timestamp(Some(Millis(0))), "1970-01-01 00:00:00 UTC");
        assert_eq!(timestamp(Some(Millis(1_790_000_000_999))), "2026-09-21 14:13:20 UTC");
        assert_eq!(timestamp(Some(Millis(i64::MAX))), "--");
    }

    #[test]
    fn addresses_are_shown_plain_only_if_they_are_plain() {
        for url in ["https://two.example.org", "http://127.0.0.1:8065/chat", "https://[2001:db8::1]:8065"] {
            assert_eq!(Cell::url(Some(url)).0, url);
        }
        assert_eq!(Cell::url(None).0, "--");
        for url in
            ["https://x|y", "javascript:alert(1)", "https://x/~town", "https://x](https://y)", "@all", "https://"]
        {
            assert_ne!(Cell::url(Some(url)).0, url, "{url}");
        }
    }

    #[test]
    fn every_row_has_as_many_cells_as_the_header() {
        let mut table = Table::new(["One", "Two", "Three"]);
        table.push([Cell::text("a|b"), Cell::text("c\nd"), Cell::text("  ")]);
        table.push([Cell::yes_no(true), Cell::true_false(false), Cell::time(None)]);
        let text = table.render();
        assert_eq!(text, "| One | Two | Three |\n| :--- | :--- | :--- |\n| a\\|b | c d | -- |\n| Yes | False | -- |");
    }
}
