//! Links to messages on their way between servers. Source: behaviour 4.9, wire 6.5 and 7.4, ruling 60.

use std::ops::Range;

use rialto_model::PostId;

use super::markdown;
use crate::site_url::SiteUrl;

/// A link to a message: `<site>/<team>/pl/<id>` or `<site>/<team>/plshared/<id>`.
struct Link<'a> {
    range: Range<usize>,
    site: &'a str,
    team: &'a str,
    is_shared: bool,
    post: PostId,
}

fn links(text: &str) -> Vec<Link<'_>> {
    let code = markdown::code(text);
    let found = text.match_indices("://").filter_map(|(at, _)| {
        let head = text.get(..at)?;
        let start = head.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
        matches!(head.get(start..)?, "http" | "https").then_some(())?;
        if markdown::is_inside(at, &code) {
            return None;
        }
        let url = text.get(start..)?;
        let url = url.split(|c: char| c.is_whitespace() || "<>\"`".contains(c)).next()?;
        let (before, is_shared, after) = split_at_marker(url)?;
        let id = after.get(..26)?;
        let goes_on = after.get(26..)?.starts_with(|c: char| c.is_ascii_alphanumeric());
        let (site, team) = before.rsplit_once('/')?;
        let is_team = !team.is_empty() && team.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let end = start + url.len() - after.len() + 26;
        let post = PostId::parse(id).ok()?;
        (!goes_on && is_team).then_some(Link { range: start..end, site, team, is_shared, post })
    });
    found.collect()
}

fn split_at_marker(url: &str) -> Option<(&str, bool, &str)> {
    let marker = |marker| url.split_once(marker);
    match (marker("/pl/"), marker("/plshared/")) {
        (Some((before, after)), None) => Some((before, false, after)),
        (None, Some((before, after))) => Some((before, true, after)),
        _ => None,
    }
}

fn is_site(text: &str, site: &SiteUrl) -> bool {
    SiteUrl::parse(text).is_ok_and(|url| url == *site)
}

fn replace_all(text: &str, mut new: impl FnMut(&Link<'_>) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for link in links(text) {
        if let Some(new) = new(&link) {
            out.push_str(text.get(done..link.range.start).unwrap_or_default());
            out.push_str(&new);
            done = link.range.end;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The first message of ours that a text links to.
pub fn first(text: &str, own: &SiteUrl) -> Option<PostId> {
    if !text.contains("/pl/") {
        return None;
    }
    links(text).into_iter().find(|link| !link.is_shared && is_site(link.site, own)).map(|link| link.post)
}

/// What a link of ours leads to, for one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A post in a channel shared with the connection: this one or another.
    Shared,
    /// A post the peer's people cannot see.
    NotShared,
    /// No post here.
    Unknown,
}

/// A text ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// With links the peer can open marked for it.
    pub text: String,
    /// Posts linked to that the peer's people cannot see: the author is told (M-11).
    pub not_shared: Vec<PostId>,
}

/// Marks links to our own messages so that a peer makes them its own. Where a Mattermost would not recognise our
/// address, the link stays as it is: marked, it would lead nowhere; another Rialto recognises it anyway.
pub fn outgoing(text: &str, own: &SiteUrl, target: impl Fn(&PostId) -> Target) -> Outgoing {
    let mut not_shared = Vec::new();
    let text = replace_all(text, |link| {
        if link.is_shared || !is_site(link.site, own) {
            return None;
        }
        match target(&link.post) {
            Target::Shared if own.is_plain_host() => {
                Some(format!("{}/{}/plshared/{}", link.site, link.team, link.post))
            }
            Target::NotShared => {
                if !not_shared.contains(&link.post) {
                    not_shared.push(link.post);
                }
                None
            }
            Target::Shared | Target::Unknown => None,
        }
    });
    Outgoing { text, not_shared }
}

/// Makes a peer's links to messages ours. `team` answers the name of our team for a post that exists here in a channel
/// shared with the connection; other links stay. Recognised are the peer's own address, and any address with the mark.
pub fn incoming(text: &str, peer: &SiteUrl, own: &SiteUrl, team: impl Fn(&PostId) -> Option<String>) -> String {
    replace_all(text, |link| {
        let is_theirs = link.is_shared || is_site(link.site, peer);
        let team = is_theirs.then(|| team(&link.post)).flatten()?;
        Some(format!("{own}/{team}/pl/{}", link.post))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "wqeczdwbsbgszezpo8teoya34w";
    const ELSEWHERE: &str = "kouaj36xwpg59q85gjxeei8pco";

    fn site(text: &str) -> SiteUrl {
        SiteUrl::parse(text).unwrap()
    }

    fn target(post: &PostId) -> Target {
        match post.as_str() {
            HERE => Target::Shared,
            ELSEWHERE => Target::NotShared,
            _ => Target::Unknown,
        }
    }

    #[track_caller]
    fn sends(own: &str, text: &str, expected: &str, not_shared: usize) {
        let out = outgoing(text, &site(own), target);
        assert_eq!((out.text.as_str(), out.not_shared.len()), (expected, not_shared));
    }

    #[test]
    fn own_links_are_marked_as_recorded() {
        let own = "http://a.example";
        sends(
            own,
            &format!("see http://a.example/team-a/pl/{HERE} please"),
            &format!("see http://a.example/team-a/plshared/{HERE} please"),
            0,
        );
        let text =
            format!("see http://a.example/team-a/pl/{ELSEWHERE} and again http://a.example/team-a/pl/{ELSEWHERE}");
        sends(own, &text, &text, 1);
        for text in [
            "see http://a.example/team-a/pl/zzzzzzzzzzzzzzzzzzzzzzzzzz".to_owned(),
            format!("see http://a.example:8065/team-a/pl/{HERE}"),
            format!("http://c.example/team-a/pl/{HERE}"),
            format!("`http://a.example/team-a/pl/{HERE}`"),
            format!("http://a.example/team-a/pl/{HERE}x"),
            format!("http://a.example/pl/{HERE}"),
            format!("http://a.example/team-a/pl/{HERE}/plshared/"),
        ] {
            sends(own, &text, &text, 0);
        }
        sends(
            own,
            &format!("[x](http://A.example/t/pl/{HERE}), (http://a.example/t/pl/{HERE}?x)"),
            &format!("[x](http://A.example/t/plshared/{HERE}), (http://a.example/t/plshared/{HERE}?x)"),
            0,
        );
    }

    #[test]
    fn where_the_mark_would_break_the_link_it_is_left_out() {
        let text = format!("https://a.example:8443/chat/t/pl/{HERE}");
        sends("https://a.example:8443/chat", &text, &text, 0);
    }

    #[track_caller]
    fn receives(peer: &str, text: &str, expected: &str) {
        let team = |post: &PostId| (post.as_str() == HERE).then(|| "team-b".to_owned());
        assert_eq!(incoming(text, &site(peer), &site("https://b.example:1/sub"), team), expected);
    }

    #[test]
    fn links_of_the_peer_become_ours() {
        let ours = format!("https://b.example:1/sub/team-b/pl/{HERE}");
        receives("http://a.example", &format!("x http://a.example/t/plshared/{HERE}."), &format!("x {ours}."));
        receives("http://a.example", &format!("http://elsewhere.example/t/plshared/{HERE}"), &ours);
        receives("http://a.example:80/chat", &format!("http://a.example/chat/t/pl/{HERE}"), &ours);
        for text in [
            format!("http://elsewhere.example/t/pl/{HERE}"),
            format!("http://a.example/t/plshared/{ELSEWHERE}"),
            format!("```\nhttp://a.example/t/plshared/{HERE}\n```"),
        ] {
            receives("http://a.example", &text, &text);
        }
    }
}
