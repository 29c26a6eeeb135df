//! What one side allows over a secure connection, whatever the other side does (behaviour 8.6). Every rule allows
//! everything until an administrator says otherwise, so that the settings of the server alone decide.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ChannelKind, TeamId};

/// How channels that the peer offers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Incoming {
    /// By themselves.
    Automatic,
    /// When an administrator has said so.
    Approval,
    /// Not at all.
    None,
}

/// One rule; a refusal names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Of which teams channels are shared.
    ShareTeams,
    /// Channels of which names are shared.
    ShareChannels,
    /// Whether the other side may write in what is shared.
    Participation,
    /// How offered channels are taken.
    Incoming,
    /// Conversations of two.
    DirectMessages,
    /// Conversations of more.
    GroupMessages,
    /// Files, in both directions.
    Files,
    /// The largest file, in both directions.
    MaxFileSize,
    /// Kinds of files that go in neither direction.
    BlockedFileTypes,
    /// Presence and custom statuses, in both directions.
    Presence,
    /// People outside shared channels, in both directions.
    Discovery,
    /// Pictures of emoji, in both directions.
    Emoji,
    /// Earlier messages, in both directions.
    History,
    /// Whether the other side's `@channel` calls people here.
    ChannelMentions,
    /// People of the other side who are kept here.
    MaxUsers,
    /// Channels that are shared with the other side at once, of either home.
    MaxChannels,
}

impl Rule {
    /// Its name in the API and in refusals.
    pub fn name(self) -> &'static str {
        match self {
            Rule::ShareTeams => "share_teams",
            Rule::ShareChannels => "share_channels",
            Rule::Participation => "participation",
            Rule::Incoming => "incoming",
            Rule::DirectMessages => "direct_messages",
            Rule::GroupMessages => "group_messages",
            Rule::Files => "files",
            Rule::MaxFileSize => "max_file_size",
            Rule::BlockedFileTypes => "blocked_file_types",
            Rule::Presence => "presence",
            Rule::Discovery => "discovery",
            Rule::Emoji => "emoji",
            Rule::History => "history",
            Rule::ChannelMentions => "channel_mentions",
            Rule::MaxUsers => "max_users",
            Rule::MaxChannels => "max_channels",
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The rules of one connection. As stored; members it does not have yet mean their default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionPolicy {
    /// Teams whose channels may be shared; none named: those of every team.
    pub share_teams: BTreeSet<TeamId>,
    /// Patterns of the names of channels that may be shared, `*` standing for anything; none: every name.
    pub share_channels: BTreeSet<String>,
    /// What is shared may be shared for writing; else read-only only.
    pub participation: bool,
    /// How channels that the peer offers are taken; None: as the server's setting says.
    pub incoming: Option<Incoming>,
    /// Direct messages with its people.
    pub direct_messages: bool,
    /// Group messages with its people.
    pub group_messages: bool,
    /// Files.
    pub files: bool,
    /// Largest file, bytes; None: as the server's setting says.
    pub max_file_size: Option<i64>,
    /// Extensions of files, lower case, without the dot.
    pub blocked_file_types: BTreeSet<String>,
    /// Presence and custom statuses.
    pub presence: bool,
    /// People outside shared channels.
    pub discovery: bool,
    /// Pictures of emoji.
    pub emoji: bool,
    /// Earlier messages.
    pub history: bool,
    /// The peer's `@channel`, `@all` and `@here` call people here.
    pub channel_mentions: bool,
    /// People of the peer kept here; None: as many as there are.
    pub max_users: Option<i64>,
    /// Channels shared at once, of either home; None: as many as there are.
    pub max_channels: Option<i64>,
}

impl Default for ConnectionPolicy {
    fn default() -> Self {
        Self {
            share_teams: BTreeSet::new(),
            share_channels: BTreeSet::new(),
            participation: true,
            incoming: None,
            direct_messages: true,
            group_messages: true,
            files: true,
            max_file_size: None,
            blocked_file_types: BTreeSet::new(),
            presence: true,
            discovery: true,
            emoji: true,
            history: true,
            channel_mentions: true,
            max_users: None,
            max_channels: None,
        }
    }
}

impl ConnectionPolicy {
    /// Whether a channel of ours may be shared, for writing or read-only.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn may_share(&self, team: Option<&TeamId>, name: &str, read_only: bool) -> Result<(), Rule> {
        if !self.share_teams.is_empty() && !team.is_some_and(|team| self.share_teams.contains(team)) {
            return Err(Rule::ShareTeams);
        }
        if !self.share_channels.is_empty() && !self.share_channels.iter().any(|pattern| matches(pattern, name)) {
            return Err(Rule::ShareChannels);
        }
        if self.participation || read_only { Ok(()) } else { Err(Rule::Participation) }
    }

    /// Whether conversations of this kind are allowed; channels of teams are no conversations.
    ///
    /// # Errors
    /// The rule that forbids them.
    pub fn may_converse(&self, kind: ChannelKind) -> Result<(), Rule> {
        match kind {
            ChannelKind::Direct if !self.direct_messages => Err(Rule::DirectMessages),
            ChannelKind::Group if !self.group_messages => Err(Rule::GroupMessages),
            ChannelKind::Direct | ChannelKind::Group | ChannelKind::Public | ChannelKind::Private => Ok(()),
        }
    }

    /// Whether a file of this extension (lower case) and size, bytes, may cross.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn may_carry(&self, extension: &str, size: i64) -> Result<(), Rule> {
        if !self.files {
            return Err(Rule::Files);
        }
        if self.max_file_size.is_some_and(|most| size > most) {
            return Err(Rule::MaxFileSize);
        }
        if self.blocked_file_types.contains(extension) { Err(Rule::BlockedFileTypes) } else { Ok(()) }
    }

    /// Whether so many channels may be shared at once.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn may_have_channels(&self, number: i64) -> Result<(), Rule> {
        if self.max_channels.is_some_and(|most| number > most) { Err(Rule::MaxChannels) } else { Ok(()) }
    }

    /// The rules in which two policies differ, in the order of their members.
    pub fn changed(&self, other: &Self) -> Vec<Rule> {
        [
            (self.share_teams != other.share_teams, Rule::ShareTeams),
            (self.share_channels != other.share_channels, Rule::ShareChannels),
            (self.participation != other.participation, Rule::Participation),
            (self.incoming != other.incoming, Rule::Incoming),
            (self.direct_messages != other.direct_messages, Rule::DirectMessages),
            (self.group_messages != other.group_messages, Rule::GroupMessages),
            (self.files != other.files, Rule::Files),
            (self.max_file_size != other.max_file_size, Rule::MaxFileSize),
            (self.blocked_file_types != other.blocked_file_types, Rule::BlockedFileTypes),
            (self.presence != other.presence, Rule::Presence),
            (self.discovery != other.discovery, Rule::Discovery),
            (self.emoji != other.emoji, Rule::Emoji),
            (self.history != other.history, Rule::History),
            (self.channel_mentions != other.channel_mentions, Rule::ChannelMentions),
            (self.max_users != other.max_users, Rule::MaxUsers),
            (self.max_channels != other.max_channels, Rule::MaxChannels),
        ]
        .into_iter()
        .filter_map(|(differs, rule)| differs.then_some(rule))
        .collect()
    }
}

/// Whether a name fits a pattern in which `*` stands for any characters, also none.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some(at) = rest.find(before) else { return false };
            rest = rest.get(at + before.len()..).unwrap_or_default();
        }
    }
    match last {
        Some(last) => rest.ends_with(last),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, fits) in [
            ("ops", "ops", true),
            ("ops", "ops-acme", false),
            ("ops-*", "ops-acme", true),
            ("ops-*", "ops-", true),
            ("ops-*", "devops-acme", false),
            ("*-acme", "ops-acme", true),
            ("*-acme", "ops-acme-2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("**", "x", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn every_rule_allows_until_it_is_set() {
        let team = TeamId::from_random([1; 16]);
        let open = ConnectionPolicy::default();
        assert_eq!(open.may_share(None, "ops", false), Ok(()));
        assert_eq!(open.may_carry("exe", i64::MAX), Ok(()));
        assert_eq!((open.may_converse(ChannelKind::Group), open.may_have_channels(9_999)), (Ok(()), Ok(())));
        assert_eq!(serde_json::from_str::<ConnectionPolicy>("{}").unwrap(), open);
        let narrow = ConnectionPolicy {
            share_teams: BTreeSet::from([team]),
            share_channels: BTreeSet::from(["ext-*".to_owned()]),
            participation: false,
            max_file_size: Some(10),
            blocked_file_types: BTreeSet::from(["exe".to_owned()]),
            group_messages: false,
            max_channels: Some(1),
            ..open.clone()
        };
        assert_eq!(narrow.may_share(Some(&team), "ext-ops", true), Ok(()));
        assert_eq!(narrow.may_share(None, "ext-ops", true), Err(Rule::ShareTeams));
        assert_eq!(narrow.may_share(Some(&team), "ops", true), Err(Rule::ShareChannels));
        assert_eq!(narrow.may_share(Some(&team), "ext-ops", false), Err(Rule::Participation));
        assert_eq!((narrow.may_carry("txt", 10), narrow.may_carry("txt", 11)), (Ok(()), Err(Rule::MaxFileSize)));
        assert_eq!(narrow.may_carry("exe", 1), Err(Rule::BlockedFileTypes));
        assert_eq!(narrow.may_converse(ChannelKind::Direct), Ok(()));
        assert_eq!(narrow.may_converse(ChannelKind::Group), Err(Rule::GroupMessages));
        assert_eq!((narrow.may_have_channels(1), narrow.may_have_channels(2)), (Ok(()), Err(Rule::MaxChannels)));
        assert_eq!(narrow.changed(&open).len(), 7);
        assert_eq!(open.changed(&open), []);
        let kept = serde_json::to_string(&narrow).unwrap();
        assert_eq!(serde_json::from_str::<ConnectionPolicy>(&kept).unwrap(), narrow);
    }
}
