//! The flags of both commands: spellings, who takes which, and what is wrong with a set of them.
//! Source: behaviour 2.2 rules 4, 8 to 15 and 17, behaviour 2.3.

use super::actions::{Action, ActionSpec};
use super::error::{Limit, ParseError};
use super::grammar::{Place, Scanner, Secret, Token, Value, is_dash, is_quote, quote, quote_if_needed};
use super::spelling::nearest;

/// A flag of either command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Local name of a connection; of the channel for the historical `share`.
    Name,
    /// Label of a connection; of the channel for the historical `share`.
    DisplayName,
    /// Encrypts the invitation.
    Password,
    /// The invitation code.
    Invite,
    /// Which connection: id, handle, name or display name.
    ConnectionId,
    /// Whether the other side may only read.
    ReadOnly,
    /// Free text for the status tables.
    Description,
    /// Destination team, by name or id.
    Team,
    /// End the share and invite again in the other mode.
    Convert,
    /// How much of the past to send along.
    History,
    /// Which offered channel, by id.
    Channel,
    /// The old token has leaked.
    Emergency,
    /// Lost messages stay lost.
    Discard,
    /// Historical `share` only.
    Purpose,
    /// Historical `share` only.
    Header,
    /// Historical `unshare` only.
    AreYouSure,
}

/// How the value of a flag is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Words without surrounding white space.
    Text,
    /// Kept exactly as typed, never repeated.
    Password,
    /// All words up to the next flag, never repeated.
    Code,
    /// Yes or no; yes without a value.
    Boolean,
}

const ALL: &[Flag] = &[
    Flag::Name,
    Flag::DisplayName,
    Flag::Password,
    Flag::Invite,
    Flag::ConnectionId,
    Flag::ReadOnly,
    Flag::Description,
    Flag::Team,
    Flag::Convert,
    Flag::History,
    Flag::Channel,
    Flag::Emergency,
    Flag::Discard,
    Flag::Purpose,
    Flag::Header,
    Flag::AreYouSure,
];

impl Flag {
    /// The flag as we write it, without dashes.
    pub fn name(self) -> &'static str {
        match self {
            Flag::Name => "name",
            Flag::DisplayName => "displayname",
            Flag::Password => "password",
            Flag::Invite => "invite",
            Flag::ConnectionId => "connectionID",
            Flag::ReadOnly => "readonly",
            Flag::Description => "description",
            Flag::Team => "team",
            Flag::Convert => "convert",
            Flag::History => "history",
            Flag::Channel => "channel",
            Flag::Emergency => "emergency",
            Flag::Discard => "discard",
            Flag::Purpose => "purpose",
            Flag::Header => "header",
            Flag::AreYouSure => "are_you_sure",
        }
    }

    /// All accepted spellings, reduced as [`normal`] does it.
    fn spellings(self) -> &'static [&'static str] {
        match self {
            Flag::Name => &["name"],
            Flag::DisplayName => &["displayname", "display"],
            Flag::Password => &["password", "pass"],
            Flag::Invite => &["invite", "invitation", "code"],
            Flag::ConnectionId => &["connectionid", "connection", "remoteid", "id"],
            Flag::ReadOnly => &["readonly"],
            Flag::Description => &["description", "desc"],
            Flag::Team => &["team"],
            Flag::Convert => &["convert"],
            Flag::History => &["history"],
            Flag::Channel => &["channel", "channelid"],
            Flag::Emergency => &["emergency"],
            Flag::Discard => &["discard"],
            Flag::Purpose => &["purpose"],
            Flag::Header => &["header"],
            Flag::AreYouSure => &["areyousure"],
        }
    }

    /// The flag that `name`, typed without leading dashes, stands for.
    pub fn find(name: &str) -> Option<Flag> {
        let name = normal(name);
        ALL.iter().copied().find(|flag| flag.spellings().contains(&name.as_str()))
    }

    /// The flag among `allowed` that comes closest to `name`, if one is close enough to be a slip of the keyboard.
    fn closest(name: &str, allowed: impl Iterator<Item = Flag>) -> Option<Flag> {
        let name = normal(name);
        let spelled = allowed.flat_map(|flag| flag.spellings().iter().map(move |spelling| (*spelling, flag)));
        nearest(&name, spelled)
    }

    fn kind(self) -> Kind {
        match self {
            Flag::Password => Kind::Password,
            Flag::Invite => Kind::Code,
            Flag::ReadOnly | Flag::Convert | Flag::Emergency | Flag::Discard | Flag::AreYouSure => Kind::Boolean,
            Flag::Name
            | Flag::DisplayName
            | Flag::ConnectionId
            | Flag::Description
            | Flag::Team
            | Flag::History
            | Flag::Channel
            | Flag::Purpose
            | Flag::Header => Kind::Text,
        }
    }

    /// Its value must not be repeated in any answer.
    pub fn is_secret(self) -> bool {
        matches!(self.kind(), Kind::Password | Kind::Code)
    }

    /// How long its value may be (rule 17; the code as in behaviour 5.1, purpose and header as in client-api 10).
    fn limit(self) -> Option<Limit> {
        match self {
            Flag::Name | Flag::DisplayName | Flag::Team | Flag::History | Flag::Channel => Some(Limit::Characters(64)),
            Flag::Description => Some(Limit::Characters(256)),
            Flag::Password => Some(Limit::Bytes(256)),
            Flag::Invite => Some(Limit::Bytes(8 * 1024)),
            Flag::Purpose => Some(Limit::Characters(250)),
            Flag::Header => Some(Limit::Characters(1024)),
            Flag::ConnectionId
            | Flag::ReadOnly
            | Flag::Convert
            | Flag::Emergency
            | Flag::Discard
            | Flag::AreYouSure => None,
        }
    }
}

/// Reduces a name to what rule 4 compares: no case, no hyphens of any kind, no underscores.
fn normal(name: &str) -> String {
    name.chars().filter(|c| *c != '_' && !is_dash(*c)).flat_map(char::to_lowercase).collect()
}

/// The flags of a line that passed all rules, each with its value.
#[derive(Debug)]
pub struct Given(Vec<(Flag, Secret)>);

impl Given {
    /// The value of `flag`, as typed. Booleans without value are `true`.
    pub fn take(&mut self, flag: Flag) -> Option<String> {
        let place = self.0.iter().position(|(given, _)| *given == flag)?;
        Some(self.0.swap_remove(place).1.expose().to_owned())
    }

    /// The value of `flag` kept from logs.
    pub fn take_secret(&mut self, flag: Flag) -> Option<Secret> {
        self.take(flag).map(Secret::new)
    }

    /// The value of a yes-or-no flag (rule 15).
    ///
    /// # Errors
    /// [`ParseError::NotBoolean`].
    pub fn take_boolean(&mut self, flag: Flag) -> Result<Option<bool>, ParseError> {
        self.take(flag)
            .map(|given| boolean(&given).ok_or(ParseError::NotBoolean { flag, given: Secret::new(given) }))
            .transpose()
    }
}

/// Reads a yes or no (rule 15).
pub fn boolean(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "1" | "t" | "true" | "y" | "yes" | "on" => Some(true),
        "0" | "f" | "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// What stood in the line, before the rules are applied.
struct Typed {
    flag: Flag,
    /// The words of its value; more than one for a code only.
    words: Vec<Value>,
    /// Words that followed although the flag had all it takes.
    surplus: Vec<Value>,
}

/// What collecting the tokens brought up.
enum Collected {
    /// `--help` was among the flags.
    Help,
    /// Flags in the order of the line, and words that stood before any of them.
    Flags(Vec<Typed>, Vec<Value>),
}

/// Reads the flags of a sub-command from what follows it. None if help was asked for.
///
/// # Errors
/// The first rule that is broken, in the order: quotes, unknown flags, left-over words, repetitions, missing flags and
/// values, lengths. A value of the wrong form is found later, by whoever takes it.
pub fn read(line: &str, scanner: Scanner<'_>, spelled: &str, action: &ActionSpec) -> Result<Option<Given>, ParseError> {
    let (mut typed, stray) = match collect(line, scanner, action)? {
        Collected::Help => return Ok(None),
        Collected::Flags(typed, stray) => (typed, stray),
    };
    let left_over = stray.len() + typed.iter().map(|t| t.surplus.len()).sum::<usize>();
    if left_over == 1 && action.lone_word.is_some_and(|flag| typed.iter().all(|t| t.flag != flag)) {
        let word = stray.into_iter().chain(typed.iter_mut().flat_map(|t| t.surplus.drain(..))).collect();
        typed.extend(action.lone_word.map(|flag| Typed { flag, words: word, surplus: Vec::new() }));
    } else if left_over > 0 {
        return Err(left_over_error(spelled, action.action, &typed, &stray));
    }
    let mut given: Vec<(Flag, Secret)> = Vec::new();
    let mut missing: Vec<Flag> = Vec::new();
    for Typed { flag, words, .. } in typed {
        match value_of(flag, &words) {
            None if !missing.contains(&flag) => missing.push(flag),
            None => {}
            Some(value) => match given.iter().find(|(other, _)| *other == flag) {
                Some((_, first)) if same(flag, first.expose(), value.expose()) => {}
                Some(_) => return Err(ParseError::Repeated { flag }),
                None => given.push((flag, value)),
            },
        }
    }
    let absent = action.required.iter().filter(|flag| given.iter().all(|(other, _)| other != *flag));
    let mut flags: Vec<Flag> = absent.copied().collect();
    flags.extend(missing.into_iter().filter(|flag| !action.required.contains(flag)));
    if !flags.is_empty() {
        return Err(ParseError::Missing { action: action.action, flags });
    }
    for (flag, value) in &given {
        if let Some(limit) = flag.limit().filter(|limit| limit.is_exceeded_by(value.expose())) {
            return Err(ParseError::TooLong { flag: *flag, limit });
        }
    }
    Ok(Some(Given(given)))
}

fn collect(line: &str, mut scanner: Scanner<'_>, action: &ActionSpec) -> Result<Collected, ParseError> {
    let mut typed: Vec<Typed> = Vec::new();
    let mut stray: Vec<Value> = Vec::new();
    let mut fault: Option<ParseError> = None;
    let mut place = Place::Flag;
    let mut help = false;
    while let Some(token) = scanner.next(place) {
        let start = token.start();
        let (word, begins_flag) = match token {
            Token::Word(word) => (Some(word), false),
            Token::Flag { name, value, .. } => {
                help |= normal(&name) == "help" && value.is_none();
                match Flag::find(&name).filter(|flag| action.takes(*flag)) {
                    Some(flag) => {
                        typed.push(Typed { flag, words: Vec::new(), surplus: Vec::new() });
                        place = match flag.kind() {
                            Kind::Text | Kind::Password => Place::Value,
                            Kind::Code => Place::Code,
                            // A flag may follow at once, so a single hyphen counts; a value is taken all the same.
                            Kind::Boolean => Place::Flag,
                        };
                    }
                    None => {
                        fault.get_or_insert_with(|| unknown(line, start, name, action));
                        place = Place::Flag;
                    }
                }
                (value, true)
            }
        };
        let Some(word) = word else { continue };
        let owner = typed.last_mut();
        if !word.closed {
            return Err(ParseError::UnclosedQuote {
                flag: owner.filter(|t| wants_more(t, begins_flag)).map(|t| t.flag),
                position: position(line, word.start),
            });
        }
        let Some(owner) = owner else {
            stray.push(word);
            continue;
        };
        // `--name = x` and `--name= x` read as something nobody means, so both are named (rule 5).
        let first = owner.words.first();
        let before = first.is_none() && !begins_flag && !word.quoted && word.text.expose().starts_with('=');
        let after = first.is_some_and(|first| !first.quoted && first.text.expose().is_empty());
        if before || after {
            fault.get_or_insert(ParseError::SpaceAroundEquals { flag: owner.flag });
        }
        if wants_more(owner, begins_flag) {
            owner.words.push(word);
        } else {
            owner.surplus.push(word);
        }
        if owner.flag.kind() != Kind::Code {
            place = Place::Flag;
        }
    }
    if help {
        return Ok(Collected::Help);
    }
    fault.map_or(Ok(Collected::Flags(typed, stray)), Err)
}

/// Whether the next word belongs to the flag. An unknown flag's value is never reached: the line is refused anyway.
fn wants_more(typed: &Typed, joined: bool) -> bool {
    joined || typed.words.is_empty() || typed.flag.kind() == Kind::Code
}

fn unknown(line: &str, start: usize, name: String, action: &ActionSpec) -> ParseError {
    if normal(&name).is_empty() {
        return ParseError::NamelessFlag { position: position(line, start) };
    }
    let given = name.chars().take(64).collect();
    ParseError::UnknownFlag {
        action: action.action,
        elsewhere: Flag::find(&name),
        closest: Flag::closest(&name, action.offered()),
        given,
    }
}

/// Place in the line as people count: characters, from 1.
fn position(line: &str, byte: usize) -> usize {
    line.get(..byte).unwrap_or_default().chars().count() + 1
}

/// The value of a flag, or None if it has none (rules 5 and 8; empty quotes are no value either).
fn value_of(flag: Flag, words: &[Value]) -> Option<Secret> {
    let first = words.first().map(|word| word.text.expose());
    let text = match flag.kind() {
        // Spaces at the ends of a name are an error of their own (SC-089), not something to repair.
        Kind::Text if flag == Flag::Name => first.filter(|word| !word.trim().is_empty())?.to_owned(),
        Kind::Text => first?.trim().to_owned(),
        Kind::Password => first?.to_owned(),
        Kind::Code => code(words),
        Kind::Boolean => first.map_or_else(|| "true".to_owned(), |word| word.trim().to_owned()),
    };
    (!text.is_empty()).then(|| Secret::new(text))
}

/// Joins the pieces of a code and takes off what it was wrapped in (rule 11). Both alphabets of base64 become the one
/// for addresses, padding goes, so that equal codes compare equal.
fn code(words: &[Value]) -> String {
    let joined: String = words.iter().flat_map(|w| w.text.expose().chars()).filter(|c| !c.is_whitespace()).collect();
    let wrapped = |c: char| is_quote(c) || "[]<>(){}`".contains(c);
    let bare = joined.trim_matches(wrapped).trim_end_matches('=').trim_matches(wrapped);
    bare.chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect()
}

fn same(flag: Flag, first: &str, second: &str) -> bool {
    first == second || flag.kind() == Kind::Boolean && boolean(first).is_some() && boolean(first) == boolean(second)
}

/// Shows the line with quotes added where words are left over. Values that are secret are left out, and if the words
/// belong to no flag there is no better line to show.
fn left_over_error(spelled: &str, action: Action, typed: &[Typed], stray: &[Value]) -> ParseError {
    let mut corrected = spelled.to_owned();
    let mut words: Vec<&str> = stray.iter().map(|word| word.text.expose()).collect();
    let mut after_secret = false;
    let mut helpless = !stray.is_empty();
    for Typed { flag, words: own, surplus } in typed {
        corrected.push_str(" --");
        corrected.push_str(flag.name());
        if !surplus.is_empty() {
            helpless |= flag.kind() == Kind::Boolean;
            after_secret |= flag.is_secret();
            if !flag.is_secret() {
                words.extend(surplus.iter().map(|word| word.text.expose()));
            }
        }
        let all: Vec<&str> = own.iter().chain(surplus).map(|word| word.text.expose()).collect();
        match all.as_slice() {
            [] => {}
            _ if flag.is_secret() => corrected.push_str(" \"…\""),
            [one] => {
                corrected.push(' ');
                corrected.push_str(&quote_if_needed(one));
            }
            several => {
                corrected.push(' ');
                corrected.push_str(&quote(&several.join(" ")));
            }
        }
    }
    ParseError::LeftOver {
        action,
        words: Secret::new(words.join(" ")),
        after_secret,
        corrected: (!helpless).then(|| Secret::new(corrected)),
    }
}
