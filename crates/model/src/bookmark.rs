//! Bookmarks of a channel: links and files above its messages. They stay on this server. Source: client-api 2.3 and 10.

use crate::{ChannelId, FileId, FileInfo, ItemId, Millis, UserId};

/// Bookmarks one channel may have.
pub const MAX_BOOKMARKS: usize = 50;
/// Characters of a bookmark's name, and of its emoji.
pub const MAX_NAME: usize = 64;
/// Characters of an address.
pub const MAX_LINK: usize = 1_024;

/// What a bookmark leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookmarkKind {
    /// A page.
    Link,
    /// A file of the channel.
    File,
}

impl BookmarkKind {
    /// The word in rows and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            BookmarkKind::Link => "link",
            BookmarkKind::File => "file",
        }
    }

    /// The kind a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [BookmarkKind::Link, BookmarkKind::File].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something people of a channel want at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// Names it.
    pub id: ItemId,
    /// Where.
    pub channel_id: ChannelId,
    /// Who made it.
    pub owner_id: UserId,
    /// When.
    pub create_at: Millis,
    /// Version.
    pub update_at: Millis,
    /// Set when it was removed.
    pub delete_at: Option<Millis>,
    /// What it leads to.
    pub kind: BookmarkKind,
    /// The file; None for a page.
    pub file_id: Option<FileId>,
    /// Shown name.
    pub display_name: String,
    /// Its place among those of the channel, from 0.
    pub sort_order: i64,
    /// The page; empty for a file.
    pub link_url: String,
    /// A picture beside the name; may be empty.
    pub image_url: String,
    /// An emoji beside the name; may be empty.
    pub emoji: String,
}

/// What of a bookmark its maker wrote in a form it must not have; named as in API v4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a bookmark's {0} is unusable")]
pub struct Unusable(pub &'static str);

impl Bookmark {
    /// Checks names, addresses, and that they fit what it leads to.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn check(&self) -> Result<(), Unusable> {
        let length = |text: &str| text.chars().count();
        let is_address = |url: &str| length(url) <= MAX_LINK && is_page(url);
        if self.display_name.trim().is_empty() || length(&self.display_name) > MAX_NAME {
            return Err(Unusable("display_name"));
        }
        if length(&self.emoji) > MAX_NAME {
            return Err(Unusable("emoji"));
        }
        if !self.image_url.is_empty() && !is_address(&self.image_url) {
            return Err(Unusable("image_url"));
        }
        match self.kind {
            BookmarkKind::Link if self.file_id.is_some() => Err(Unusable("file_id")),
            BookmarkKind::Link if !is_address(&self.link_url) => Err(Unusable("link_url")),
            BookmarkKind::File if self.file_id.is_none() => Err(Unusable("file_id")),
            BookmarkKind::File if !self.link_url.is_empty() => Err(Unusable("link_url")),
            BookmarkKind::File if !self.image_url.is_empty() => Err(Unusable("image_url")),
            BookmarkKind::Link | BookmarkKind::File => Ok(()),
        }
    }
}

/// Whether clients may make a link of it: an address of the web, and nothing that runs.
fn is_page(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && !host.is_empty()
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A bookmark with its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownBookmark {
    /// The bookmark.
    pub bookmark: Bookmark,
    /// Its file, if it leads to one that is there.
    pub file: Option<FileInfo>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Bookmark {
        Bookmark {
            id: ItemId::from_random([1; 16]),
            channel_id: ChannelId::from_random([2; 16]),
            owner_id: UserId::from_random([3; 16]),
            create_at: Millis(1),
            update_at: Millis(1),
            delete_at: None,
            kind: BookmarkKind::Link,
            file_id: None,
            display_name: "Plan".to_owned(),
            sort_order: 0,
            link_url: "https://plan.example/a?b#c".to_owned(),
            image_url: String::new(),
            emoji: "anchor".to_owned(),
        }
    }

    #[test]
    fn a_bookmark_leads_to_a_page_or_a_file() {
        let file_id = Some(FileId::from_random([4; 16]));
        let file = Bookmark { kind: BookmarkKind::File, file_id, link_url: String::new(), ..link() };
        assert_eq!((link().check(), file.check()), (Ok(()), Ok(())));
        let url = |url: &str| Bookmark { link_url: url.to_owned(), ..link() };
        for bad in
            ["", "plan.example", "javascript://x/%0aalert(1)", "https://", "https:///x", "https://a b", "ftp://a"]
        {
            assert_eq!(url(bad).check(), Err(Unusable("link_url")), "{bad}");
        }
        assert_eq!(url(&format!("https://a/{}", "x".repeat(MAX_LINK))).check(), Err(Unusable("link_url")));
        for (bad, part) in [
            (Bookmark { display_name: " ".to_owned(), ..link() }, "display_name"),
            (Bookmark { display_name: "x".repeat(MAX_NAME + 1), ..link() }, "display_name"),
            (Bookmark { emoji: "x".repeat(MAX_NAME + 1), ..link() }, "emoji"),
            (Bookmark { image_url: "data:x".to_owned(), ..link() }, "image_url"),
            (Bookmark { file_id, ..link() }, "file_id"),
            (Bookmark { file_id: None, ..file.clone() }, "file_id"),
            (Bookmark { link_url: "https://a.example".to_owned(), ..file.clone() }, "link_url"),
            (Bookmark { image_url: "https://a.example".to_owned(), ..file }, "image_url"),
        ] {
            assert_eq!(bad.check(), Err(Unusable(part)));
        }
        assert_eq!(BookmarkKind::from_word("file"), Some(BookmarkKind::File));
        assert_eq!(BookmarkKind::from_word("other"), None);
    }
}
