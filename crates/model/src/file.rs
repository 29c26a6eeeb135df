//! Files: what was uploaded, and what is still on its way.

use crate::{ChannelId, FileId, ItemId, Millis, PostId, RemoteId, UserId};

/// A file that is complete. Its owner is the connection it came from, or this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Same on every server that holds it.
    pub id: FileId,
    /// Who uploaded it; the author of its post.
    pub user_id: UserId,
    /// Where it may be posted.
    pub channel_id: ChannelId,
    /// The post it hangs on; None before that.
    pub post_id: Option<PostId>,
    /// When it was complete here.
    pub create_at: Millis,
    /// Last change of the row.
    pub update_at: Millis,
    /// Taken out of its post, or gone with it.
    pub delete_at: Option<Millis>,
    /// Its name, safe to write down anywhere.
    pub name: String,
    /// Lower case, without the dot; may be empty.
    pub extension: String,
    /// Bytes.
    pub size: i64,
    /// Media type, by name and content as found here; never what a sender says.
    pub mime_type: String,
    /// Pixels, 0 unless it is a picture we can show.
    pub width: i64,
    /// Pixels, 0 unless it is a picture we can show.
    pub height: i64,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
    /// Owner connection, immutable (INV-2).
    pub remote_id: Option<RemoteId>,
}

impl FileInfo {
    /// A picture of which thumbnail and preview can be made.
    pub fn has_preview(&self) -> bool {
        self.width > 0 && self.height > 0
    }
}

/// A file that is arriving, or was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Names the upload.
    pub id: ItemId,
    /// What the file will be called once it is there.
    pub file_id: FileId,
    /// Who uploads; for a peer's file, the person here who stands for its author.
    pub user_id: UserId,
    /// Where it is to be posted.
    pub channel_id: ChannelId,
    /// The connection it arrives over.
    pub remote_id: Option<RemoteId>,
    /// Its name, made safe.
    pub name: String,
    /// Bytes it will have.
    pub size: i64,
    /// SHA-256 it must have, lower-case hex; empty if nobody said.
    pub sha256: String,
    /// When it was announced.
    pub create_at: Millis,
    /// All of it has arrived.
    pub is_done: bool,
}

/// Longest name, bytes.
const MAX_NAME: usize = 255;

/// A name that can be shown and saved anywhere: no path, no control characters, nothing that turns the direction of
/// writing, at most 255 bytes with the extension kept (E-065). None if nothing is left.
pub fn safe_name(given: &str) -> Option<String> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control() && !turns_direction(*c)).collect();
    let trimmed = shown.trim();
    if trimmed.is_empty() || trimmed == "." || trimmed == ".." {
        return None;
    }
    if trimmed.len() <= MAX_NAME {
        return Some(trimmed.to_owned());
    }
    let (stem, extension) = match trimmed.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 20 => (stem, format!(".{extension}")),
        _ => (trimmed, String::new()),
    };
    let room = MAX_NAME - extension.len();
    let end = stem.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room).last().unwrap_or(0);
    Some(format!("{}{extension}", stem.get(..end).unwrap_or_default()))
}

/// Marks, embeddings, overrides and isolates of the bidirectional algorithm, and invisible characters that hide a name's end.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The extension of a name, lower case, without the dot; empty if it has none.
pub fn extension(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 20 => extension.to_lowercase(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, safe: &str) {
        assert_eq!(safe_name(given).as_deref(), Some(safe), "{given:?}");
    }

    /// E-065, T-6957.
    #[test]
    fn names_lose_paths_controls_and_overrides() {
        check("report.pdf", "report.pdf");
        check("../../etc/passwd", "passwd");
        check("C:\\temp\\a b.txt", "a b.txt");
        check("a\0b\nc.txt", "abc.txt");
        check("gpj.\u{202e}exe.txt", "gpj.exe.txt");
        check("  Übersicht.odt ", "Übersicht.odt");
        for nothing in ["", " ", "..", "a/..", "x/", "\u{202e}", "\n"] {
            assert_eq!(safe_name(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        let long = format!("{}.tar", "ü".repeat(300));
        let safe = safe_name(&long).unwrap();
        assert!(safe.len() <= MAX_NAME && safe.len() > MAX_NAME - 4 && safe.ends_with("ü.tar"), "{safe}");
        assert_eq!(safe_name(&"x".repeat(300)).unwrap().len(), MAX_NAME);
    }

    #[test]
    fn extensions_are_what_follows_the_last_dot() {
        assert_eq!(["a.TXT", "a.tar.gz", "none", ".hidden", "dot."].map(extension), ["txt", "gz", "", "", ""]);
    }
}
