//! What may be typed next. Pure: the caller brings permissions, connections and channel, and gets suggestions in the
//! shape clients expect. Every slash command can join by registering a [`CommandSpec`]. Source: behaviour 2.7, recorded
//! shapes of 5.37.

use rialto_model::{Permission, PermissionSet};

use super::candidate::Candidate;
use super::flags::Flag;
use super::grammar::{Place, Scanner, Token, Value, is_dash, quote_if_needed, split_trigger};

/// Most connections offered at once (behaviour 2.7.5).
const MOST_CONNECTIONS: usize = 50;

/// One line of the list over the message box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The whole line, without slash, once this is chosen.
    pub complete: String,
    /// The part that is new; empty if only a hint is given.
    pub suggestion: String,
    /// What kind of value belongs here.
    pub hint: String,
    /// One line of help.
    pub description: String,
}

/// A command as completion, and the list of commands, know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// Without slash, in lower case.
    pub trigger: &'static str,
    /// What follows the trigger, as a hint: `[action]`.
    pub hint: &'static str,
    /// One line of help.
    pub description: &'static str,
    /// Whoever lacks it is offered nothing of this command.
    pub permission: Option<Permission>,
    /// What it takes if it has no sub-commands.
    pub arguments: Vec<Argument>,
    /// Its sub-commands.
    pub sub_commands: Vec<SubCommand>,
}

/// A sub-command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubCommand {
    /// The word behind the trigger.
    pub word: &'static str,
    /// It is not offered, but its flags are once it is typed.
    pub hidden: bool,
    /// One line of help.
    pub help: &'static str,
    /// What it takes, required ones first.
    pub arguments: Vec<Argument>,
}

/// Something a command takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The flag without dashes; None for a value that stands alone.
    pub flag: Option<&'static str>,
    /// One line of help.
    pub help: &'static str,
    /// The command cannot do without.
    pub required: bool,
    /// What its value is.
    pub kind: ArgumentKind,
}

/// What the value of an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Free text.
    Text {
        /// What it should say.
        hint: &'static str,
    },
    /// One of these words, each with its help.
    Choice(&'static [(&'static str, &'static str)]),
    /// Yes or no, offered as these words. The flag alone means yes.
    Switch(&'static [(&'static str, &'static str)]),
    /// A connection.
    Connection(Which),
    /// The current channel's name.
    ChannelName,
    /// The current channel's display name.
    ChannelDisplayName,
}

/// Which connections are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All that are not removed, online or not.
    Live,
    /// Those that have no share of the current channel.
    NotInChannel,
    /// Those that have one.
    InChannel,
}

/// What suggestions depend on besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Of the person who types, in the current channel.
    pub permissions: PermissionSet,
    /// Connections, removed ones included or not.
    pub connections: &'a [Candidate],
    /// Name and display name of the current channel.
    pub channel: Option<(&'a str, &'a str)>,
}

/// The commands that completion knows.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    commands: Vec<CommandSpec>,
}

impl Registry {
    /// A registry that knows no command.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a command. One that has the trigger already is replaced.
    pub fn register(&mut self, spec: CommandSpec) {
        self.commands.retain(|other| other.trigger != spec.trigger);
        self.commands.push(spec);
        self.commands.sort_by_key(|spec| spec.trigger);
    }

    /// The commands that somebody with `permissions` may use, by trigger.
    pub fn allowed(&self, permissions: PermissionSet) -> impl Iterator<Item = &CommandSpec> {
        self.commands.iter().filter(move |spec| spec.permission.is_none_or(|needed| permissions.allows(needed)))
    }

    /// The words of all commands.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.commands.iter().map(|spec| spec.trigger)
    }

    /// What may follow `input`, the text of the message box up to the cursor. Empty for anything that is no command,
    /// and for commands the person may not use.
    pub fn suggest(&self, input: &str, situation: &Situation<'_>) -> Vec<Suggestion> {
        let Some((trigger, arguments_at)) = split_trigger(input) else {
            return if input == "/" { self.triggers("", situation) } else { Vec::new() };
        };
        if arguments_at == input.len() {
            return self.triggers(&trigger, situation);
        }
        let Some(spec) = self.allowed(situation.permissions).find(|spec| spec.trigger == trigger) else {
            return Vec::new();
        };
        let typing = Typing { input, situation };
        if spec.sub_commands.is_empty() {
            return typing.arguments(&spec.arguments, arguments_at);
        }
        let mut scanner = Scanner::new(input, arguments_at, &|_: &str| false);
        match scanner.next(Place::Flag) {
            None => typing.sub_commands(spec, "", input.len()),
            Some(Token::Flag { .. }) => Vec::new(),
            Some(Token::Word(word)) => {
                let typed = word.text.expose().to_lowercase();
                let end = word.start + word_length(input, word.start);
                if end == input.len() {
                    return typing.sub_commands(spec, &typed, word.start);
                }
                let found = spec.sub_commands.iter().find(|sub| sub.word == typed);
                found.map_or_else(Vec::new, |sub| typing.arguments(&sub.arguments, end))
            }
        }
    }

    fn triggers(&self, typed: &str, situation: &Situation<'_>) -> Vec<Suggestion> {
        self.allowed(situation.permissions)
            .filter(|spec| spec.trigger.starts_with(typed))
            .map(|spec| Suggestion {
                complete: spec.trigger.to_owned(),
                suggestion: spec.trigger.to_owned(),
                hint: spec.hint.to_owned(),
                description: spec.description.to_owned(),
            })
            .collect()
    }
}

/// The text that is being typed.
struct Typing<'a> {
    input: &'a str,
    situation: &'a Situation<'a>,
}

impl Typing<'_> {
    /// The line up to byte `at`, without slash, followed by `end`.
    fn line(&self, at: usize, end: &str) -> String {
        let kept = self.input.get(..at).unwrap_or_default();
        format!("{}{end}", kept.get(kept.find('/').map_or(0, |slash| slash + 1)..).unwrap_or_default())
    }

    fn sub_commands(&self, spec: &CommandSpec, typed: &str, at: usize) -> Vec<Suggestion> {
        let offered = spec.sub_commands.iter().filter(|sub| !sub.hidden && sub.word.starts_with(typed));
        offered
            .map(|sub| Suggestion {
                complete: self.line(at, sub.word),
                suggestion: sub.word.to_owned(),
                hint: String::new(),
                description: sub.help.to_owned(),
            })
            .collect()
    }

    fn arguments(&self, arguments: &[Argument], from: usize) -> Vec<Suggestion> {
        let find = |name: &str| arguments.iter().find(|argument| argument.is_spelled(name));
        let is_flag = |name: &str| find(name).is_some();
        let mut scanner = Scanner::new(self.input, from, &is_flag);
        let mut present: Vec<&str> = Vec::new();
        let mut alone = arguments.iter().filter(|argument| argument.flag.is_none());
        // The argument whose value is expected next, or is the last thing in the text.
        let mut open: Option<&Argument> = None;
        let mut last: Option<Token> = None;
        let mut place = Place::Flag;
        while let Some(token) = scanner.next(place) {
            match &token {
                Token::Flag { name, value, .. } => {
                    open = find(name);
                    present.extend(open.and_then(|argument| argument.flag));
                    place = if value.is_none() && open.is_some_and(Argument::needs_value) {
                        Place::Value
                    } else {
                        Place::Flag
                    };
                }
                Token::Word(_) => {
                    let awaited = matches!(&last, Some(Token::Flag { value: None, .. })).then_some(open).flatten();
                    open = awaited.or_else(|| alone.next());
                    place = Place::Flag;
                }
            }
            last = Some(token);
        }
        let new_token = Scanner::ends_in_space(self.input);
        match last {
            // What was typed last is not finished.
            Some(Token::Flag { name, value: None, start }) if !new_token => {
                let mut others = present;
                others.pop_if(|_| open.is_some());
                self.flags(arguments, &others, &name, start)
            }
            Some(Token::Flag { value: Some(value), .. }) if !new_token => self.value(open, &value),
            Some(Token::Word(value)) if !value.closed => Vec::new(),
            Some(Token::Flag { value: Some(value), .. }) if !value.closed => Vec::new(),
            Some(Token::Word(value)) if !new_token => {
                // A single dash of any kind is no flag to the grammar, but the beginning of one here.
                let typed = value.text.expose();
                let name = typed.trim_start_matches(is_dash);
                if open.is_none() && !value.quoted && name.len() < typed.len() {
                    self.flags(arguments, &present, name, value.start)
                } else {
                    self.value(open, &value)
                }
            }
            // A flag waits for its value.
            Some(Token::Flag { value: None, .. }) if open.is_some() => {
                let mut out = self.choices(open, "", self.input.len());
                if !open.is_some_and(Argument::needs_value) {
                    out.extend(self.flags(arguments, &present, "", self.input.len()));
                }
                out
            }
            _ => {
                let mut out = self.choices(alone.next(), "", self.input.len());
                out.extend(self.flags(arguments, &present, "", self.input.len()));
                out
            }
        }
    }

    /// Flags not yet present whose name begins with `typed`, in the order of the table: required ones first.
    fn flags(&self, arguments: &[Argument], present: &[&str], typed: &str, at: usize) -> Vec<Suggestion> {
        let typed = typed.replace(['-', '_'], "").to_lowercase();
        let offered = arguments.iter().filter_map(|argument| Some((argument.flag?, argument)));
        let (mut required, optional): (Vec<_>, Vec<_>) = offered
            .filter(|(flag, _)| !present.contains(flag) && flag.to_lowercase().starts_with(&typed))
            .partition(|(_, argument)| argument.required);
        required.extend(optional);
        required
            .into_iter()
            .map(|(flag, argument)| Suggestion {
                complete: self.line(at, &format!("--{flag} ")),
                suggestion: format!("--{flag}"),
                hint: String::new(),
                description: argument.help.to_owned(),
            })
            .collect()
    }

    fn value(&self, argument: Option<&Argument>, value: &Value) -> Vec<Suggestion> {
        if value.closed { self.choices(argument, value.text.expose(), value.start) } else { Vec::new() }
    }

    /// Values of `argument` that begin with `typed`, which stands at byte `at`.
    fn choices(&self, argument: Option<&Argument>, typed: &str, at: usize) -> Vec<Suggestion> {
        let Some(argument) = argument else { return Vec::new() };
        let typed = typed.to_lowercase();
        let entry = |value: &str, description: String| Suggestion {
            complete: self.line(at, value),
            suggestion: value.to_owned(),
            hint: String::new(),
            description,
        };
        let channel = self.situation.channel;
        match argument.kind {
            ArgumentKind::Text { hint } => vec![Suggestion {
                complete: self.line(self.input.len(), ""),
                suggestion: String::new(),
                hint: hint.to_owned(),
                description: argument.help.to_owned(),
            }],
            ArgumentKind::Choice(words) | ArgumentKind::Switch(words) => words
                .iter()
                .filter(|(word, _)| word.to_lowercase().starts_with(&typed))
                .map(|(word, help)| entry(word, (*help).to_owned()))
                .collect(),
            ArgumentKind::ChannelName => {
                channel.iter().map(|(name, _)| entry(&quote_if_needed(name), argument.help.to_owned())).collect()
            }
            ArgumentKind::ChannelDisplayName => {
                channel.iter().map(|(_, name)| entry(&quote_if_needed(name), argument.help.to_owned())).collect()
            }
            ArgumentKind::Connection(which) => connections(self.situation.connections, which, &typed)
                .into_iter()
                .map(|c| {
                    let url = c.site_url.as_deref().map_or_else(String::new, |url| format!(" ({url})"));
                    entry(c.id.as_str(), format!("{}{url}, {}", c.display_name, c.state.label()))
                })
                .collect(),
        }
    }
}

impl Argument {
    /// Whether `name`, typed without dashes, is this flag. Synonyms of our own flags count.
    fn is_spelled(&self, name: &str) -> bool {
        self.flag
            .is_some_and(|flag| flag.eq_ignore_ascii_case(name) || Flag::find(name).is_some_and(|f| f.name() == flag))
    }

    fn needs_value(&self) -> bool {
        !matches!(self.kind, ArgumentKind::Switch(_))
    }
}

/// The connections to offer: those whose id, name, handle or display name begins with `typed`, in lower case; online
/// ones first, then by display name.
fn connections<'a>(all: &'a [Candidate], which: Which, typed: &str) -> Vec<&'a Candidate> {
    let begins = |text: &str| text.to_lowercase().starts_with(typed);
    let mut found: Vec<&Candidate> = all
        .iter()
        .filter(|c| match which {
            Which::Live => c.state.is_live(),
            Which::NotInChannel => c.state.is_live() && !c.in_channel,
            Which::InChannel => c.in_channel,
        })
        .filter(|c| begins(c.id.as_str()) || begins(&c.name) || begins(&c.handle) || begins(&c.display_name))
        .collect();
    found.sort_by_key(|c| (c.state, c.display_name.to_lowercase(), c.id));
    found.truncate(MOST_CONNECTIONS);
    found
}

/// How far the word at byte `at` goes.
fn word_length(input: &str, at: usize) -> usize {
    let rest = input.get(at..).unwrap_or_default();
    rest.find(char::is_whitespace).unwrap_or(rest.len())
}
