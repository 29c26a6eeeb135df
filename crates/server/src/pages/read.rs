//! Reads what a page of the web says of itself: in the words of the Open Graph protocol, or by its title.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use rialto_app::link_previews::Page;
use url::Url;

/// Nobody says more of a page.
const MAX_SAID: usize = 200;

/// What was read so far.
#[derive(Default)]
struct Said {
    /// Names and values of `meta`, in their order.
    meta: Vec<(String, String)>,
    title: String,
    in_title: bool,
    /// The page proper has begun: what follows is its writers' and its readers'.
    is_over: bool,
}

#[derive(Default)]
struct Head(RefCell<Said>);

impl TokenSink for Head {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut said = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => said.tag(&tag),
            Token::CharacterTokens(text) => {
                if said.in_title && !said.is_over {
                    said.title.push_str(&text);
                }
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Said {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let begins = tag.kind == TagKind::StartTag;
        match &*tag.name {
            "title" => {
                self.in_title = begins && self.title.is_empty();
                if begins {
                    return TokenSinkResult::RawData(RawKind::Rcdata);
                }
            }
            "meta" if begins && !self.is_over && self.meta.len() < MAX_SAID => {
                let value = |name: &str| {
                    let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
                    found.map(|attribute| attribute.value.to_string())
                };
                if let (Some(name), Some(content)) = (value("property").or_else(|| value("name")), value("content")) {
                    self.meta.push((name.to_ascii_lowercase(), content));
                }
            }
            "body" => self.is_over |= begins,
            "script" if begins => return TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "noscript" | "noframes" | "iframe" if begins => {
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        let of = |name: &&str| self.meta.iter().find(|(said, value)| said == name && !value.trim().is_empty());
        names.iter().find_map(of).map(|(_, value)| value.clone())
    }
}

/// What the page at this address says of itself.
pub(super) fn page(text: &str, at: &Url) -> Page {
    let tokenizer = Tokenizer::new(Head::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    // Nothing runs here: a script that has been read is passed over.
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    let mut said = tokenizer.sink.0.into_inner();
    let image = said.first(&["og:image:secure_url", "og:image", "og:image:url", "twitter:image"]);
    let image =
        image.and_then(|image| at.join(image.trim()).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
    let title = std::mem::take(&mut said.title);
    Page::Page {
        title: said.first(&["og:title", "twitter:title"]).unwrap_or(title),
        description: said.first(&["og:description", "twitter:description", "description"]).unwrap_or_default(),
        site_name: said.first(&["og:site_name"]).unwrap_or_default(),
        image: image.map(String::from).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_what_it_is() {
        let at = Url::parse("https://example.org/articles/one").unwrap();
        let text = r#"<html><head><title>Plain &amp; simple</title>
            <meta property="og:title" content="Bread &quot;and&quot; butter"><meta property="og:title" content="second">
            <meta property="og:site_name" content="The Bakery"><meta name="description" content="How it is made">
            <meta property="og:image" content="/loaf.png"></head><body><meta property="og:description" content="x"></body></html>"#;
        let expected = Page::Page {
            title: "Bread \"and\" butter".to_owned(),
            description: "How it is made".to_owned(),
            site_name: "The Bakery".to_owned(),
            image: "https://example.org/loaf.png".to_owned(),
        };
        assert_eq!(page(text, &at), expected);
        let Page::Page { title, image, .. } =
            page("<title>Plain &amp; simple</title><meta property='og:image' content='javascript:x'>", &at)
        else {
            panic!("a page")
        };
        assert_eq!((title.as_str(), image.as_str()), ("Plain & simple", ""));
    }

    #[test]
    fn only_its_head_speaks_for_a_page() {
        let at = Url::parse("https://example.org/").unwrap();
        let text = "<head><script>'<meta property=og:title content=scripted>'</script><title>a < b</title></head>\
            <body><meta property=\"og:title\" content=\"a comment\"><title>other</title><svg><title>drawn</title></svg>";
        let Page::Page { title, .. } = page(text, &at) else { panic!("a page") };
        assert_eq!(title, "a < b");
        assert_eq!(page("", &at), page("plain <text", &at), "nothing is said");
    }
}
