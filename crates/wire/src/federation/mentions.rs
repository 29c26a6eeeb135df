//! `@words` on their way between servers: by whom they mean, never by text search. Source: behaviour 4.9, wire 6.5
//! and 7.4, ruling 61.

use std::collections::BTreeMap;
use std::ops::Range;

use rialto_model::{PeerProfile, UserId};

use super::{bounds, markdown};

/// An `@word` in a text, outside code and addresses.
struct Word<'a> {
    /// Where the `@` stands.
    at: usize,
    /// What follows it, as far as a name may go: letters, digits, `.`, `-`, `_`, `:`.
    name: &'a str,
}

impl<'a> Word<'a> {
    /// What may be meant: the whole, then without one closing mark after the other, as in `@bob.` and `@bob:`.
    fn candidates(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = self.name;
        let shortest = name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len().max(1);
        (shortest..=name.len()).rev().filter_map(move |end| name.get(..end))
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_:".contains(&byte)
}

/// Whether a text can stand after an `@`.
pub fn is_word(text: &str) -> bool {
    let starts_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    starts_well && text.len() <= bounds::USERNAME_BYTES && text.bytes().all(is_name_byte)
}

fn words(text: &str) -> Vec<Word<'_>> {
    let code = markdown::code(text);
    let mut skipped = markdown::addresses(text, &code);
    skipped.extend(code);
    let skipped = markdown::merge(skipped);
    let found = text.match_indices('@').filter_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back();
        let is_free = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let tail = text.get(at + 1..)?;
        let end = tail.bytes().position(|b| !is_name_byte(b)).unwrap_or(tail.len());
        let name = tail.get(..end)?;
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        (is_free && starts_well && !markdown::is_inside(at, &skipped)).then_some(Word { at, name })
    });
    found.collect()
}

/// Replaces `@words`. `lookup` gets a candidate in lower case without the `@` and answers what shall stand there
/// instead, without the `@`; None leaves it. Of `@bob:` first `bob:`, then `bob` is tried.
pub fn rewrite(text: &str, mut lookup: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for word in words(text) {
        let hit = word.candidates().find_map(|name| Some((name.len(), lookup(&name.to_ascii_lowercase())?)));
        if let Some((len, name)) = hit {
            out.push_str(text.get(done..=word.at).unwrap_or_default());
            out.push_str(&name);
            done = word.at + 1 + len;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Whom an `@word` in a post of ours means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// Their id on the wire.
    pub wire_id: UserId,
    /// If they are the peer's own: their name there, without our suffix.
    pub name_at_peer: Option<String>,
}

/// A text ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// With the peer's people by their own names, if the peer cannot do that itself.
    pub text: String,
    /// Who is meant by which word of the text.
    pub transforms: BTreeMap<String, UserId>,
}

/// Prepares the mentions of a post for a peer. `lookup` gets a name in lower case and knows the channel's members
/// only (ruling 51): everything else stays plain text and names nobody.
///
/// 5.37 cannot rewrite, so the names of its people are put in the text; 11.6 and Rialto get the text as typed and
/// rewrite it by the transforms; an unknown peer gets both (wire 9.3).
pub fn outgoing(text: &str, profile: PeerProfile, mut lookup: impl FnMut(&str) -> Option<Meant>) -> Outgoing {
    let by_text = matches!(profile, PeerProfile::Mattermost5 | PeerProfile::Unknown);
    let mut meant: BTreeMap<String, UserId> = BTreeMap::new();
    let mut ambiguous: Vec<String> = Vec::new();
    let out = rewrite(text, |name| {
        let person = lookup(name)?;
        let shown = person.name_at_peer.filter(|_| by_text).unwrap_or_else(|| name.to_owned());
        if *meant.entry(shown.clone()).or_insert(person.wire_id) != person.wire_id {
            ambiguous.push(shown.clone());
        }
        // The author's capitals stay unless the name itself changes.
        (shown != name).then_some(shown)
    });
    meant.retain(|name, _| !ambiguous.contains(name));
    match profile {
        PeerProfile::Mattermost5 => meant.clear(),
        PeerProfile::Mattermost11 | PeerProfile::Unknown => leave_out_unsafe_keys(&out, &mut meant),
        PeerProfile::Rialto => {}
    }
    Outgoing { text: out, transforms: meant.into_iter().take(bounds::MENTION_TRANSFORMS).collect() }
}

/// 11.6 replaces `@key` wherever it occurs, without looking at word ends or code. A key of which any occurrence is
/// not exactly a mention would damage the text, so it is left out (ruling 61).
fn leave_out_unsafe_keys(text: &str, meant: &mut BTreeMap<String, UserId>) {
    let names: Vec<(usize, &str)> = words(text).into_iter().map(|word| (word.at, word.name)).collect();
    meant.retain(|key, _| {
        text.match_indices(&format!("@{key}")).all(|(at, _)| {
            let word = names.binary_search_by_key(&at, |(at, _)| *at).ok().and_then(|place| names.get(place));
            // What follows the key in its word may only be closing marks.
            word.and_then(|(_, name)| name.get(key.len()..))
                .is_some_and(|rest| rest.bytes().all(|b| !b.is_ascii_alphanumeric()))
        })
    });
}

/// A text as people here shall read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// With everybody under their name here.
    pub text: String,
    /// Whom the text mentions, by their ids on the wire, each once. Nobody else is notified, whatever the text says.
    pub mentioned: Vec<UserId>,
}

/// Rewrites a peer's text by its transforms. `username` answers the name here of a member of the channel; `handle` is
/// that of the connection. People unknown here are marked as the peer's, so that `@alice` of theirs is never taken
/// for our alice.
pub fn incoming(
    text: &str,
    transforms: &BTreeMap<String, UserId>,
    handle: &str,
    username: impl Fn(&UserId) -> Option<String>,
) -> Incoming {
    let mut mentioned = Vec::new();
    let out = rewrite(text, |name| {
        let id = transforms.get(name)?;
        match username(id) {
            Some(here) => {
                if !mentioned.contains(id) {
                    mentioned.push(*id);
                }
                Some(here)
            }
            None if name.contains(':') => Some(name.to_owned()),
            None => Some(format!("{name}:{handle}")),
        }
    });
    // Names can be longer here than there; a text must not outgrow its bound by that.
    let fits = super::length(&out, bounds::MESSAGE, "message").is_ok();
    Incoming { text: if fits { out } else { text.to_owned() }, mentioned }
}

/// The range of every `@word` outside code and addresses, the `@` included.
pub fn ranges(text: &str) -> Vec<Range<usize>> {
    words(text).into_iter().map(|word| word.at..word.at + 1 + word.name.len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> UserId {
        UserId::from_random([n; 16])
    }

    #[track_caller]
    fn words_of(text: &str, expected: &[&str]) {
        let found: Vec<&str> = ranges(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{text}");
    }

    /// E-077.
    #[test]
    fn finds_whole_words_outside_code_and_addresses() {
        words_of("hi @alice, @bob:acme and @carol.", &["@alice", "@bob:acme", "@carol."]);
        words_of("mail me@example.org or @", &[]);
        words_of("`@a` @b\n```\n@c\n```\n@d", &["@b", "@d"]);
        words_of("https://x.example/@a [@b](https://x.example/@c) @d", &["@b", "@d"]);
        words_of("(@a) *@b* _@c_ é@d", &["@a", "@b"]);
        words_of("@-a @.b @_c", &["@_c"]);
    }

    #[test]
    fn closing_marks_are_tried_as_part_of_the_name_first() {
        let names = ["bob", "bob."];
        let upper = |name: &str| names.contains(&name).then(|| name.to_uppercase());
        assert_eq!(rewrite("@bob: @bob. @bob.. @Bob's @bobby", upper), "@BOB: @BOB. @BOB.. @BOB's @bobby");
    }

    /// Our alice (1), the peer's bob (2) known here as `bob:beta`, and carol of a third organisation (3).
    fn lookup(name: &str) -> Option<Meant> {
        let (n, name_at_peer) = match name {
            "alice" => (1, None),
            "bob:beta" => (2, Some("bob")),
            "alice:beta" => (4, Some("alice")),
            "carol:gamma" => (3, None),
            _ => return None,
        };
        Some(Meant { wire_id: id(n), name_at_peer: name_at_peer.map(str::to_owned) })
    }

    #[track_caller]
    fn sends(profile: PeerProfile, text: &str, expected: &str, transforms: &[(&str, u8)]) {
        let out = outgoing(text, profile, lookup);
        let expected_map = transforms.iter().map(|(name, n)| ((*name).to_owned(), id(*n))).collect();
        assert_eq!(out, Outgoing { text: expected.to_owned(), transforms: expected_map });
    }

    #[test]
    fn each_peer_gets_what_it_can_read() {
        let text = "@alice @bob:beta @carol:gamma @nobody";
        let real = "@alice @bob @carol:gamma @nobody";
        sends(PeerProfile::Mattermost5, text, real, &[]);
        sends(PeerProfile::Unknown, text, real, &[("alice", 1), ("bob", 2), ("carol:gamma", 3)]);
        let typed = [("alice", 1), ("bob:beta", 2), ("carol:gamma", 3)];
        sends(PeerProfile::Mattermost11, text, text, &typed);
        sends(PeerProfile::Rialto, text, text, &typed);
        sends(PeerProfile::Mattermost5, "`@bob:beta` http://x/@bob:beta", "`@bob:beta` http://x/@bob:beta", &[]);
    }

    #[test]
    fn keys_that_would_damage_the_text_are_left_out() {
        sends(PeerProfile::Mattermost11, "@alice @alicia", "@alice @alicia", &[("alice", 1)]);
        sends(PeerProfile::Mattermost11, "@alice @alice2", "@alice @alice2", &[]);
        sends(PeerProfile::Mattermost11, "@alice @alice:beta", "@alice @alice:beta", &[("alice:beta", 4)]);
        sends(PeerProfile::Mattermost11, "@alice `@alice`", "@alice `@alice`", &[]);
        sends(PeerProfile::Mattermost11, "@alice: @alice.", "@alice: @alice.", &[("alice", 1)]);
        sends(PeerProfile::Rialto, "@alice @alice2 `@alice`", "@alice @alice2 `@alice`", &[("alice", 1)]);
        // Both would be `alice` at the peer: nobody is named rather than the wrong one.
        sends(PeerProfile::Unknown, "@alice @alice:beta", "@alice @alice", &[]);
    }

    fn receive(text: &str, transforms: &[(&str, u8)]) -> Incoming {
        let map = transforms.iter().map(|(name, n)| ((*name).to_owned(), id(*n))).collect();
        incoming(text, &map, "acme", |user| match *user {
            user if user == id(1) => Some("alice:acme".to_owned()),
            user if user == id(2) => Some("bob".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn people_appear_under_their_name_here() {
        let all = [("alice", 1), ("bob:beta", 2), ("carol:gamma", 3), ("dan", 4)];
        let got = receive("@alice @bob:beta @carol:gamma @dan @nobody `@alice`", &all);
        assert_eq!(got.text, "@alice:acme @bob @carol:gamma @dan:acme @nobody `@alice`");
        assert_eq!(got.mentioned, [id(1), id(2)]);
    }

    #[test]
    fn only_whole_words_are_replaced() {
        let got = receive("@alice2 xalice @alice's @ALICE", &[("alice", 1)]);
        assert_eq!(got.text, "@alice2 xalice @alice:acme's @alice:acme");
        assert_eq!(receive("no mention", &[("no", 1), ("mention", 2)]).text, "no mention");
        assert!(receive("@bob", &[]).mentioned.is_empty());
    }

    #[test]
    fn a_text_never_outgrows_its_bound() {
        let text = "@alice ".repeat(9_000);
        let got = receive(&text, &[("alice", 1)]);
        assert_eq!(got.text, text);
    }

    #[test]
    fn what_is_quoted_back_reads_as_it_was() {
        let sent = outgoing("@alice and @bob:beta", PeerProfile::Rialto, lookup);
        let there = incoming(&sent.text, &sent.transforms, "alpha", |user| {
            Some(if *user == id(1) { "alice:alpha" } else { "bob" }.to_owned())
        });
        assert_eq!(there.text, "@alice:alpha and @bob");
        let back = outgoing(&there.text, PeerProfile::Rialto, |name| {
            let (n, at_peer) = if name == "bob" { (2, None) } else { (1, Some("alice".to_owned())) };
            Some(Meant { wire_id: id(n), name_at_peer: at_peer })
        });
        let here = incoming(&back.text, &back.transforms, "beta", |user| {
            Some(if *user == id(1) { "alice" } else { "bob:beta" }.to_owned())
        });
        assert_eq!(here.text, "@alice and @bob:beta");
    }
}
