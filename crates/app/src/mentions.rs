//! Whom a text calls: `@words` outside code. Whether a word is somebody, the channel's members decide.

/// The words a message mentions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mentions {
    /// Lower-case words without `@`; each also without trailing punctuation.
    pub names: Vec<String>,
    /// `@channel`, `@all` or `@here`.
    pub everybody: bool,
}

/// Finds the mentions of `text`. Words in code spans and fenced blocks call nobody (E-077).
pub fn find(text: &str) -> Mentions {
    let mut found = Mentions::default();
    for piece in outside_code(text) {
        let mut rest = piece;
        let mut before = ' ';
        while let Some(at) = rest.find('@') {
            if let Some(c) = rest.get(..at).and_then(|head| head.chars().next_back()) {
                before = c;
            } else if at > 0 {
                before = ' ';
            }
            let tail = rest.get(at + 1..).unwrap_or_default();
            let end = tail.find(|c: char| !(c.is_ascii_alphanumeric() || "._-:".contains(c))).unwrap_or(tail.len());
            let (word, after) = tail.split_at_checked(end).unwrap_or((tail, ""));
            if !before.is_alphanumeric() {
                add(&mut found, word);
            }
            before = word.chars().next_back().unwrap_or('@');
            rest = after;
        }
    }
    found.names.sort();
    found.names.dedup();
    found
}

fn add(found: &mut Mentions, word: &str) {
    let mut word = word.to_ascii_lowercase();
    loop {
        match word.as_str() {
            "" => return,
            "channel" | "all" | "here" => {
                found.everybody = true;
                return;
            }
            _ => found.names.push(word.clone()),
        }
        // "@bob." may be bob at the end of a sentence or somebody called "bob.".
        if !word.ends_with(['.', '-', '_', ':']) {
            return;
        }
        word.pop();
    }
}

/// The parts of a Markdown text that are not code.
pub(crate) fn outside_code(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('`') {
        let (head, tail) = rest.split_at_checked(open).unwrap_or((rest, ""));
        pieces.push(head);
        let ticks = tail.len() - tail.trim_start_matches('`').len();
        let fence = "`".repeat(ticks);
        let body = tail.get(ticks..).unwrap_or_default();
        // An unclosed span is ordinary text, an unclosed block is code to the end.
        match body.find(&fence) {
            Some(close) => rest = body.get(close + ticks..).unwrap_or_default(),
            None if ticks >= 3 => return pieces,
            None => rest = body,
        }
    }
    pieces.push(rest);
    pieces
}

/// The hashtags of a text, separated by spaces, as the column keeps them: at most 1,000 bytes, whole tags only.
pub fn hashtags(text: &str) -> String {
    let mut tags = String::new();
    for piece in outside_code(text) {
        for word in piece.split(|c: char| c.is_whitespace() || ",;!?()\"'".contains(c)) {
            let tag = word.trim_end_matches(['.', ':']);
            let name = tag.strip_prefix('#').unwrap_or_default();
            let valid = name.chars().count() >= 3
                && name.chars().next().is_some_and(char::is_alphabetic)
                && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
            if valid && tags.len() + tag.len() < 1000 {
                if !tags.is_empty() {
                    tags.push(' ');
                }
                tags.push_str(tag);
            }
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, names: &[&str], everybody: bool) {
        let found = find(text);
        assert_eq!(
            (found.names.iter().map(String::as_str).collect::<Vec<_>>(), found.everybody),
            (names.to_vec(), everybody),
            "{text}"
        );
    }

    #[test]
    fn words_after_an_at_sign_outside_code_are_mentions() {
        check("hi @Bob and @carol:acme, you", &["bob", "carol:acme"], false);
        check("end @bob.", &["bob", "bob."], false);
        check("mail a@b.example is none", &[], false);
        check("`@bob` and ```\n@carol\n``` and @here", &[], true);
        check("a ` lonely tick @bob", &["bob"], false);
        check("@@bob (@carol)", &["bob", "carol"], false);
        check("ünï@bob é @bob", &["bob"], false);
    }

    #[test]
    fn hashtags_are_words_of_three_or_more() {
        assert_eq!(hashtags("see #ship-it, #ab #123 `#code` and #Über."), "#ship-it #Über");
    }
}
