//! What a page of the web says of itself, for those who see a link to it.

use crate::Millis;

/// What there is behind a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkKind {
    /// Nothing to show, or nothing that could be fetched.
    #[default]
    Nothing,
    /// A page that says what it is.
    Page,
    /// A picture.
    Image,
}

impl LinkKind {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Nothing => "nothing",
            LinkKind::Page => "page",
            LinkKind::Image => "image",
        }
    }

    /// The kind of this name; an unknown one is nothing to show.
    pub fn parse(text: &str) -> Self {
        match text {
            "page" => LinkKind::Page,
            "image" => LinkKind::Image,
            _ => LinkKind::Nothing,
        }
    }
}

/// What is shown below a message with a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPreview {
    /// As it stands in the message.
    pub url: String,
    /// When somebody last looked.
    pub fetched_at: Millis,
    /// What was found.
    pub kind: LinkKind,
    /// The page's title; plain text, as the following.
    pub title: String,
    /// A sentence or two.
    pub description: String,
    /// The site's name.
    pub site_name: String,
    /// Address of a picture, absolute; empty if there is none.
    pub image: String,
}
