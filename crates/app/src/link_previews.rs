//! What pages of the web that messages link to say of themselves. Each server looks for itself and under its own rules;
//! nothing of it travels (behaviour 4.9). Whoever shows a message with a link asks for what is not known yet, so nothing is
//! owed to anybody and a lost question is asked again.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rialto_model::{ChannelId, DomainEvent, LinkKind, LinkPreview, Origin, Post, PostId, Scope};
use rialto_store::{Snapshot, StoreError, link_previews};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::mentions::outside_code;
use crate::shown_posts::ShownPost;
use crate::{App, Settings};

/// Pages that are fetched at once; what is asked for meanwhile is asked for again when it is next shown.
const AT_ONCE: usize = 4;
/// Messages that wait for one page.
const WAITING: usize = 100;
/// A page that was looked at so long ago is looked at again when somebody links to it, ms.
const STALE: i64 = 24 * 60 * 60 * 1000;
/// Longer addresses have no preview, bytes.
const MAX_URL: usize = 2_000;
/// Characters that are kept of a title and of a site's name.
const MAX_TITLE: usize = 300;
/// Characters that are kept of a description.
const MAX_DESCRIPTION: usize = 1_000;

/// What was found behind an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// Nothing to show.
    Nothing,
    /// A picture.
    Image,
    /// A page.
    Page {
        /// Plain text, as the following.
        title: String,
        /// A sentence or two.
        description: String,
        /// The site's name.
        site_name: String,
        /// Absolute address of a picture; empty if there is none.
        image: String,
    },
}

/// The future of [`Pages::fetch`].
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Page> + Send + 'a>>;

/// Looks at pages of the web.
pub trait Pages: Send + Sync {
    /// What is there; whatever goes wrong, nothing is.
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

/// A message with a link of which nothing is known, or only something old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The address as it stands in the message.
    pub url: String,
    /// The message.
    pub post: PostId,
    /// Where it stands.
    pub channel: ChannelId,
}

/// The first link of a message that leads out of this server; None for what shows no preview.
pub(crate) fn link_of(post: &Post) -> Option<&str> {
    (post.gone_at().is_none() && !post.is_system()).then(|| first_link(&post.message)).flatten()
}

fn first_link(text: &str) -> Option<&str> {
    if !text.contains("://") {
        return None;
    }
    outside_code(text).into_iter().find_map(|piece| {
        piece.match_indices("://").find_map(|(at, _)| {
            let head = piece.get(..at)?;
            let start = head.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
            matches!(head.get(start..)?, "http" | "https").then_some(())?;
            let url = piece.get(start..)?;
            let url = url.split(|c: char| c.is_whitespace() || "<>\"|\\^`{}".contains(c)).next()?;
            let url = trimmed(url);
            (url.len() > "https://".len() && url.len() <= MAX_URL).then_some(url)
        })
    })
}

/// Without what belongs to the sentence: punctuation, and a bracket that was opened before the address.
fn trimmed(url: &str) -> &str {
    let mut url = url;
    loop {
        let shorter = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~']);
        let shorter = match shorter.strip_suffix(')') {
            Some(inner) if inner.matches('(').count() <= inner.matches(')').count() => inner,
            _ => shorter.strip_suffix(']').unwrap_or(shorter),
        };
        if shorter.len() == url.len() {
            return url;
        }
        url = shorter;
    }
}

/// Whether the address may be looked at under the settings in force.
fn is_wanted(settings: &Settings, url: &str) -> bool {
    let rest = settings.site_url.as_deref().and_then(|own| url.strip_prefix(own.trim_end_matches('/')));
    let own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    let host = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
    let restricted = settings
        .links
        .restricted
        .iter()
        .any(|domain| host == domain || host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.')));
    settings.links.previews && !own && !restricted
}

/// What is known of the links of these posts.
pub(crate) async fn beside(view: &mut Snapshot, found: &[Post]) -> Result<HashMap<PostId, LinkPreview>, StoreError> {
    let links: Vec<(PostId, &str)> = found.iter().filter_map(|post| Some((post.id, link_of(post)?))).collect();
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let mut urls: Vec<String> = links.iter().map(|(_, url)| (*url).to_owned()).collect();
    urls.sort();
    urls.dedup();
    let known: HashMap<String, LinkPreview> =
        link_previews::list(view, &urls).await?.into_iter().map(|preview| (preview.url.clone(), preview)).collect();
    Ok(links.into_iter().filter_map(|(post, url)| Some((post, known.get(url)?.clone()))).collect())
}

/// Asks for what is shown for want of anything better without its preview.
pub(crate) fn ask<'a>(app: &App, shown: impl IntoIterator<Item = &'a ShownPost>) {
    let settings = app.settings.get();
    if !settings.links.previews {
        return;
    }
    let now = app.clock.now();
    for one in shown {
        let fresh = one.preview.as_ref().is_some_and(|preview| now.since(preview.fetched_at) < STALE);
        if let Some(url) = link_of(&one.post).filter(|url| !fresh && is_wanted(&settings, url)) {
            app.bus.ask_for_page(Asked { url: url.to_owned(), post: one.post.id, channel: one.post.channel_id });
        }
    }
}

/// Fetches what is asked for until the server ends.
pub async fn follow(app: App, pages: Arc<dyn Pages>) {
    let mut asked = app.bus.asked_pages();
    let mut waiting: HashMap<String, Vec<(PostId, ChannelId)>> = HashMap::new();
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            one = asked.recv() => match one {
                Ok(one) => {
                    let new = !waiting.contains_key(&one.url);
                    if new && running.len() >= AT_ONCE {
                        continue;
                    }
                    let posts = waiting.entry(one.url.clone()).or_default();
                    if posts.len() < WAITING && !posts.contains(&(one.post, one.channel)) {
                        posts.push((one.post, one.channel));
                    }
                    if new {
                        let pages = Arc::clone(&pages);
                        running.spawn(async move {
                            let page = pages.fetch(&one.url).await;
                            (one.url, page)
                        });
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            Some(done) = running.join_next(), if !running.is_empty() => {
                let Ok((url, page)) = done else {
                    // It is not known whose it was: whoever still waits asks again.
                    waiting.clear();
                    continue;
                };
                let posts = waiting.remove(&url).unwrap_or_default();
                if let Err(error) = found(&app, url, page, &posts).await {
                    tracing::warn!(%error, "a preview could not be stored");
                }
            }
        }
    }
}

/// Stores what was found, and has those who see the messages told if it is something else than before.
async fn found(app: &App, url: String, page: Page, posts: &[(PostId, ChannelId)]) -> Result<(), StoreError> {
    if !app.settings.get().links.previews {
        return Ok(());
    }
    let now = app.clock.now();
    let (kind, [title, description, site_name, image]) = match page {
        Page::Nothing => (LinkKind::Nothing, Default::default()),
        Page::Image => (LinkKind::Image, Default::default()),
        Page::Page { title, description, site_name, image } => {
            let image = if image.len() <= MAX_URL { image } else { String::new() };
            let texts =
                [plain(&title, MAX_TITLE), plain(&description, MAX_DESCRIPTION), plain(&site_name, MAX_TITLE), image];
            let [title, ..] = &texts;
            if title.is_empty() { (LinkKind::Nothing, Default::default()) } else { (LinkKind::Page, texts) }
        }
    };
    let new = LinkPreview { url, fetched_at: now, kind, title, description, site_name, image };
    let mut tx = app.db.begin(now).await?;
    let known = link_previews::list(&mut tx, std::slice::from_ref(&new.url)).await?.pop();
    let before = known.map(|known| LinkPreview { fetched_at: now, ..known });
    link_previews::put(&mut tx, &new).await?;
    let changed = match &before {
        None => new.kind != LinkKind::Nothing,
        Some(before) => *before != new,
    };
    for (post, channel) in posts.iter().filter(|_| changed) {
        let event = DomainEvent::PreviewFound { post: *post, channel: *channel };
        tx.record(Scope::Channel(*channel), Origin::Local, event);
    }
    tx.commit().await
}

/// On one line, without what could turn text around, and not too long.
fn plain(text: &str, limit: usize) -> String {
    let turns = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !turns(c)).collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    words.join(" ").chars().take(limit).collect()
}

/// Forgets all previews, if they are switched off: what was found before is not shown either.
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) async fn tidy(app: &App) -> Result<(), StoreError> {
    if app.settings.get().links.previews {
        return Ok(());
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    link_previews::clear(&mut tx).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is looked at is the first address of the text proper, as a reader would copy it.
    #[test]
    fn the_first_link_of_a_text_is_found() {
        for (text, expected) in [
            ("see https://example.org/a.", Some("https://example.org/a")),
            ("(https://example.org/a_(b))", Some("https://example.org/a_(b)")),
            ("[here](https://example.org/a), and", Some("https://example.org/a")),
            ("<https://example.org/a?b=c#d>", Some("https://example.org/a?b=c#d")),
            ("**https://example.org**!", Some("https://example.org")),
            ("`https://code.example.org` then http://example.org", Some("http://example.org")),
            ("```\nhttps://code.example.org\n```", None),
            ("ftp://example.org and mailto:a@example.org", None),
            ("javascript://example.org", None),
            ("https://", None),
            ("nothing here", None),
        ] {
            assert_eq!(first_link(text), expected, "{text}");
        }
        assert_eq!(first_link(&format!("https://example.org/{}", "a".repeat(MAX_URL))), None);
    }

    /// Behaviour 4.9: under this server's own rules.
    #[test]
    fn what_is_not_to_be_looked_at_is_not() {
        let mut settings = Settings { site_url: Some("https://chat.example.org".to_owned()), ..Settings::default() };
        settings.links.restricted = vec!["intranet.example.org".to_owned()];
        for (url, wanted) in [
            ("https://example.org/", true),
            ("https://chat.example.org/team/pl/x", false),
            ("https://chat.example.org", false),
            ("https://chat.example.organ/", true),
            ("https://intranet.example.org/", false),
            ("http://wiki.INTRANET.example.org:8080/x", false),
            ("https://me@intranet.example.org/", false),
            ("https://notintranet.example.org/", true),
        ] {
            assert_eq!(is_wanted(&settings, url), wanted, "{url}");
        }
        settings.links.previews = false;
        assert!(!is_wanted(&settings, "https://example.org/"));
    }

    #[test]
    fn texts_of_strangers_are_one_plain_line() {
        assert_eq!(plain(" a\n\tb \u{202e}c\u{0} ", 100), "a b c");
        assert_eq!(plain(&"ä".repeat(400), 300).chars().count(), 300);
    }
}
