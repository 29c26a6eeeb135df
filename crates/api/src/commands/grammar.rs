//! Reads a typed line into flags and words: white space, dashes and quotes of every kind that phones, word processors
//! and mail programs put into commands. Source: behaviour 2.2, rules 1 to 9.

use std::fmt;

/// Text that must not reach a log: passwords, invitation codes, and whatever may hold a piece of one.
///
/// `Debug` prints nothing of it; [`Secret::expose`] is the only way to the text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A value as typed, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What it says. Any value may be a password in the wrong place, so none is printed.
    pub text: Secret,
    /// It stood in quotes, so it is never taken for anything but a value (rule 8).
    pub quoted: bool,
    /// False if the line ended inside the quotes (rule 9).
    pub closed: bool,
    /// Where it begins in the line, in bytes; at the opening quote if there is one.
    pub start: usize,
}

/// One piece of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Dashes and a name, with what follows an equals sign if there is one.
    Flag {
        /// As typed, without leading dashes.
        name: String,
        /// `Some` if an equals sign follows the name, even with nothing behind it.
        value: Option<Value>,
        /// Where its dashes begin, in bytes.
        start: usize,
    },
    /// Anything else.
    Word(Value),
}

impl Token {
    /// Where it begins in the line, in bytes.
    pub fn start(&self) -> usize {
        match self {
            Token::Flag { start, .. } => *start,
            Token::Word(value) => value.start,
        }
    }
}

/// What the grammar allows at a place of the line; only dashes are read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A flag may stand here: one hyphen before a known name is enough.
    Flag,
    /// The value of a flag stands here: one hyphen begins a value.
    Value,
    /// A piece of an invitation code stands here. A wrapped code may have hyphens at the beginning of a line.
    Code,
}

/// Reads a line token by token. The caller knows which flags want values, hence the [`Place`].
pub struct Scanner<'a> {
    line: &'a str,
    at: usize,
    is_flag: &'a dyn Fn(&str) -> bool,
}

impl<'a> Scanner<'a> {
    /// Reads `line` from byte `at` on. `is_flag` says whether a name without dashes is that of a flag.
    pub fn new(line: &'a str, at: usize, is_flag: &'a dyn Fn(&str) -> bool) -> Self {
        Self { line, at, is_flag }
    }

    /// The next token, or None at the end.
    pub fn next(&mut self, place: Place) -> Option<Token> {
        self.skip(|c| c.is_whitespace() || is_invisible(c));
        let start = self.at;
        let first = self.peek()?;
        if Family::of(first).is_some() {
            return Some(Token::Word(self.value()));
        }
        let rest = self.rest();
        let raw: String = rest.chars().take_while(|c| !c.is_whitespace()).filter(|c| !is_invisible(*c)).collect();
        if !self.starts_flag(&raw, place) {
            return Some(Token::Word(self.value()));
        }
        self.skip(|c| is_dash(c) || is_invisible(c));
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace() && *c != '=') {
            self.bump();
            if !is_invisible(c) {
                name.push(c);
            }
        }
        let value = if self.peek() == Some('=') {
            self.bump();
            Some(self.value())
        } else {
            None
        };
        Some(Token::Flag { name, value, start })
    }

    /// True if the line ends in white space, so that what is typed next is a new token.
    pub fn ends_in_space(line: &str) -> bool {
        line.chars().rev().find(|c| !is_invisible(*c)).is_some_and(char::is_whitespace)
    }

    fn starts_flag(&self, raw: &str, place: Place) -> bool {
        let name = raw.trim_start_matches(is_dash);
        let dashes = raw.get(..raw.len() - name.len()).unwrap_or_default();
        if dashes.is_empty() {
            return false;
        }
        let known = (self.is_flag)(name.split('=').next().unwrap_or_default());
        if place == Place::Code && !known && looks_like_code(raw) {
            return false;
        }
        match dashes {
            "-" => place != Place::Value && known,
            _ if dashes.starts_with("--") => true,
            _ => dashes.chars().any(|c| c != '-') && name.starts_with(char::is_alphabetic),
        }
    }

    fn value(&mut self) -> Value {
        self.skip(is_invisible);
        let start = self.at;
        match self.peek().and_then(Family::of) {
            Some(family) => {
                self.bump();
                let (text, closed) = self.quoted(family);
                Value { text: Secret(text), quoted: true, closed, start }
            }
            None => {
                let mut text = String::new();
                while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
                    self.bump();
                    if !is_invisible(c) {
                        text.push(c);
                    }
                }
                Value { text: Secret(text), quoted: false, closed: true, start }
            }
        }
    }

    /// The inside of quotes, and whether they were closed. A quote closes only before white space or the end, so that
    /// `"it's "so" here"` and an apostrophe in single quotes mean what they look like (rule 6).
    fn quoted(&mut self, family: Family) -> (String, bool) {
        let mut text = String::new();
        while let Some(c) = self.bump() {
            let escaped = self.peek().filter(|next| c == '\\' && (*next == '\\' || Family::of(*next).is_some()));
            if let Some(next) = escaped {
                self.bump();
                text.push(next);
            } else if Family::of(c) == Some(family) && self.at_token_end() {
                return (text, true);
            } else if c == '\r' && self.peek() == Some('\n') {
                // The pair is one line break; the line feed becomes its space.
            } else if matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') {
                text.push(' ');
            } else {
                text.push(c);
            }
        }
        (text, false)
    }

    fn at_token_end(&self) -> bool {
        self.rest().chars().find(|c| !is_invisible(*c)).is_none_or(char::is_whitespace)
    }

    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip(&mut self, which: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&which) {
            self.bump();
        }
    }
}

/// Splits a typed line into its trigger, in lower case and without the slash, and the byte at which the rest begins.
/// None if it is no command: no slash at the very beginning (E-169), or nothing behind it.
pub fn split_trigger(line: &str) -> Option<(String, usize)> {
    let body = line.trim_start_matches(is_invisible).strip_prefix('/')?;
    let length = body.find(char::is_whitespace).unwrap_or(body.len());
    let trigger: String = body.get(..length)?.chars().filter(|c| !is_invisible(*c)).collect();
    (!trigger.is_empty()).then(|| (trigger.to_lowercase(), line.len() - body.len() + length))
}

/// Writes `text` in quotes so that the grammar reads it back as it is, line breaks excepted.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if c == '\\' || Family::of(c) == Some(Family::Double) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// [`quote`]s `text` if it would be read differently without.
pub fn quote_if_needed(text: &str) -> String {
    let plain = !text.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || is_invisible(c))
        && !text.starts_with(|c: char| is_dash(c) || Family::of(c).is_some() || c == '=');
    if plain { text.to_owned() } else { quote(text) }
}

/// Quote marks of one family close each other, so the same mark twice works (rule 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Double,
    Single,
}

impl Family {
    fn of(c: char) -> Option<Family> {
        match c {
            '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '＂' => Some(Family::Double),
            '\'' | '‹' | '›' | '‘' | '’' | '‚' | '‛' | '＇' => Some(Family::Single),
            _ => None,
        }
    }
}

/// True for every quote mark the grammar knows.
pub fn is_quote(c: char) -> bool {
    Family::of(c).is_some()
}

/// True for the hyphen and everything that phones and word processors make of it (rule 3).
pub fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// Characters without width or with effect on direction only, the byte-order mark among them. Copying an id or a code
/// from a page brings them along; outside quotes nobody means them (rule 1).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A flag's name is never this long, a wrapped line of a code always is.
fn looks_like_code(raw: &str) -> bool {
    raw.len() >= 24 && raw.trim_end_matches('=').chars().all(|c| c.is_ascii_alphanumeric() || "-_+/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> bool {
        ["name", "password"].contains(&name)
    }

    /// Writes tokens as `--name`, `--name=<value>` and `<word>`; a bang marks quotes that were not closed.
    fn read(line: &str, place: Place) -> Vec<String> {
        let mut scanner = Scanner::new(line, 0, &known);
        let mut out = Vec::new();
        let value = |v: Value| format!("<{}>{}", v.text.expose(), if v.closed { "" } else { "!" });
        while let Some(token) = scanner.next(place) {
            out.push(match token {
                Token::Flag { name, value: None, .. } => format!("--{name}"),
                Token::Flag { name, value: Some(v), .. } => format!("--{name}={}", value(v)),
                Token::Word(v) => value(v),
            });
        }
        out
    }

    #[track_caller]
    fn check(line: &str, tokens: &[&str]) {
        assert_eq!(read(line, Place::Flag), tokens, "{line:?}");
    }

    #[test]
    fn white_space_of_every_kind_separates() {
        check(
            "a b\tc\nd\r\ne\u{a0}f\u{2003}g\u{3000}h\u{202f}i",
            &["<a>", "<b>", "<c>", "<d>", "<e>", "<f>", "<g>", "<h>", "<i>"],
        );
        check("\u{feff}a\u{200b}b \u{2060} c\u{200d}", &["<ab>", "<c>"]);
        check("\u{200b}--na\u{feff}me\u{200b}=\u{200b}\"x\u{200b}y\"\u{200b}", &["--name=<x\u{200b}y>"]);
        check("", &[]);
        check(" \u{feff} ", &[]);
    }

    #[test]
    fn dashes_of_every_kind_start_flags() {
        for dash in ["--", "---", "—", "–", "―", "−", "\u{2011}", "-—", "—-", "——", "–-–"] {
            check(&format!("{dash}name Acme"), &["--name", "<Acme>"]);
        }
        check("–5 — —-", &["<–5>", "<—>", "<—->"]);
        check("--5 --", &["--5", "--"]);
        check("a-b in—side -x", &["<a-b>", "<in—side>", "<-x>"]);
    }

    #[test]
    fn a_single_hyphen_needs_a_known_name_and_a_place_for_a_flag() {
        check("-name -nope -name=\"a b\"", &["--name", "<-nope>", "--name=<a b>"]);
        assert_eq!(read("-name", Place::Value), ["<-name>"]);
        assert_eq!(read("--name —name", Place::Value), ["--name", "--name"]);
    }

    #[test]
    fn pieces_of_a_code_may_begin_with_hyphens() {
        let piece = "--AbCdEfGhIjKlMnOpQrStUvWx_-==";
        assert_eq!(read(piece, Place::Code), [format!("<{piece}>")]);
        assert_eq!(read("--unknown -AbC --name", Place::Code), ["--unknown", "<-AbC>", "--name"]);
    }

    #[test]
    fn quotes_close_with_any_mark_of_their_family_at_the_end_of_a_word() {
        for text in [
            "\"a b\"",
            "“a b”",
            "“a b“",
            "„a b‟",
            "«a b»",
            "»a b«",
            "＂a b＂",
            "'a b'",
            "‹a b›",
            "‘a b’",
            "‚a b‛",
            "＇a b＇",
        ] {
            check(text, &["<a b>"]);
        }
        check("\"it's\" 'don't' O'Brien 6\"", &["<it's>", "<don't>", "<O'Brien>", "<6\">"]);
        check("\"a \"b\" c", &["<a \"b>", "<c>"]);
        check("\"a' ", &["<a' >!"]);
        check("\"\" ''", &["<>", "<>"]);
    }

    /// E-165.
    #[test]
    fn backslashes_escape_quotes_and_themselves() {
        check(r#""it's \"so\"" "a\\" "C:\dir""#, &["<it's \"so\">", "<a\\>", "<C:\\dir>"]);
        check(r#"'it\'s' “a \” b” bare\"x"#, &["<it's>", "<a ” b>", "<bare\\\"x>"]);
        check(r#""open\""#, &["<open\">!"]);
    }

    #[test]
    fn line_breaks_in_quotes_become_one_space_each() {
        check("\"a\nb\r\nc\rd\u{2028}e\n\nf\"", &["<a b c d e  f>"]);
    }

    #[test]
    fn equals_signs_join_name_and_value() {
        check(
            "--name=Acme --name=\"A B\" --name= x --name=a=b --=x",
            &["--name=<Acme>", "--name=<A B>", "--name=<>", "<x>", "--name=<a=b>", "--=<x>"],
        );
        check("--password=--abc --password='a", &["--password=<--abc>", "--password=<a>!"]);
    }

    #[test]
    fn triggers_are_split_off() {
        assert_eq!(split_trigger("/Secure-Connection\u{a0}create"), Some(("secure-connection".into(), 18)));
        assert_eq!(split_trigger("/share-channel"), Some(("share-channel".into(), 14)));
        for line in ["", "/", "/ x", " /share-channel", "share-channel", "`/share-channel`"] {
            assert_eq!(split_trigger(line), None, "{line:?}");
        }
    }

    #[test]
    fn nothing_typed_is_printed() {
        let mut scanner = Scanner::new("hunter2 --password=hunter3", 0, &known);
        let tokens = [scanner.next(Place::Flag), scanner.next(Place::Flag)];
        assert!(!format!("{tokens:?}").contains("hunter"));
    }
}
