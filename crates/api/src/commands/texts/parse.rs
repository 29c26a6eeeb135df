//! Answers to lines that cannot be read (behaviour 2.2, 2.6). Secret values are never repeated.

use rialto_model::names::InvalidName;

use crate::commands::actions::Action;
use crate::commands::error::{Limit, ParseError};
use crate::commands::flags::Flag;
use crate::commands::table::{code, escape};

/// What is wrong with the line, and how it is typed rightly.
pub fn parse_error(error: &ParseError) -> String {
    match error {
        ParseError::LineTooLong { bytes, most } => {
            format!("The line is too long: {bytes} bytes, at most {most} are read. Nothing was done.")
        }
        ParseError::MissingSubCommand { trigger } => format!(
            "Begin with what to do, flags come after it. `/{}` knows {}.",
            trigger.word(),
            super::known(listed(*trigger))
        ),
        ParseError::UnknownSubCommand { trigger, given, closest } => {
            let hint = closest.map_or_else(String::new, |word| format!(" Did you mean `{word}`?"));
            format!(
                "`/{}` does not know {}.{hint} It knows {}.",
                trigger.word(),
                code(given.expose()),
                super::known(listed(*trigger))
            )
        }
        ParseError::UnclosedQuote { flag, position } => {
            let whose = flag.map_or_else(String::new, |flag| format!(" of `--{}`", flag.name()));
            format!(
                "The quotes{whose} that open at character {position} are not closed. Nothing was done. A value ends \
                 at a quote mark followed by a space or the end of the line."
            )
        }
        ParseError::NamelessFlag { position } => {
            format!("There are dashes without a flag's name at character {position}. Nothing was done.")
        }
        ParseError::UnknownFlag { action, given, closest, elsewhere } => {
            unknown_flag(*action, given, *closest, *elsewhere)
        }
        ParseError::SpaceAroundEquals { flag } => format!(
            "There must be no space around the `=` of `--{0}`. Type `--{0}=value` or `--{0} value`, and put a value \
             that itself begins with `=` in quotes.",
            flag.name()
        ),
        ParseError::LeftOver { action, words, after_secret, corrected } => {
            left_over(*action, words.expose(), *after_secret, corrected.as_ref().map(|line| line.expose()))
        }
        ParseError::Repeated { flag } => {
            format!("`--{}` is given more than once, with different values. Nothing was done.", flag.name())
        }
        ParseError::Missing { action, flags } => missing(*action, flags),
        ParseError::NotBoolean { flag, given } => format!(
            "{} is no value for `--{}`. Use `Y` or `N`, or the flag alone for yes. Nothing was done.",
            code(given.expose()),
            flag.name()
        ),
        ParseError::TooLong { flag, limit } => {
            let limit = match limit {
                Limit::Characters(most) => format!("{most} characters"),
                Limit::Bytes(most) => format!("{most} bytes"),
            };
            format!("The value of `--{}` is too long; it may have {limit}.", flag.name())
        }
        ParseError::Name(why) => name(why),
        ParseError::NotHistory { given } => format!(
            "{} is no value for `--history`. Use `all`, a number of messages such as `100`, or a number of days such \
             as `30d`.",
            code(given.expose())
        ),
        ParseError::NotACode => super::refusals::not_a_code(),
        ParseError::NotSure => "Nothing was done: `--are_you_sure` says no.".to_owned(),
    }
}

/// All missing flags at once, with an example. Also the answer when state, not the line, makes a flag necessary.
pub fn missing(action: Action, flags: &[Flag]) -> String {
    let names: Vec<String> = flags.iter().map(|flag| format!("`--{}`", flag.name())).collect();
    let verb = if names.len() == 1 { "needs a value" } else { "need values" };
    let mut out = format!("{} {verb} for {}.", super::list(&names, names.len()), code(&action.spelled()));
    if flags.contains(&Flag::ConnectionId) {
        out.push_str(" `/secure-connection status` lists all connections with their IDs.");
    }
    out.push_str("\nExample: ");
    out.push_str(&code(action.spec().example));
    out
}

fn listed(trigger: crate::commands::Trigger) -> impl Iterator<Item = &'static str> {
    trigger.actions().into_iter().filter(|(_, action)| !action.spec().hidden).map(|(word, _)| word)
}

fn unknown_flag(action: Action, given: &str, closest: Option<Flag>, elsewhere: Option<Flag>) -> String {
    let typed = code(&format!("--{given}"));
    let spelled = code(&action.spelled());
    let known: Vec<String> = action.spec().offered().map(|flag| format!("`--{}`", flag.name())).collect();
    let mut out = match elsewhere {
        Some(_) => format!("{typed} is not a flag of {spelled}."),
        None => format!("There is no flag {typed}."),
    };
    if let Some(flag) = closest {
        out.push_str(&format!(" Did you mean `--{}`?", flag.name()));
    }
    out.push_str(" Nothing was done. ");
    if known.is_empty() {
        out.push_str(&format!("{spelled} takes no flags."));
    } else {
        out.push_str(&format!("{spelled} takes {}.", super::list(&known, known.len())));
    }
    out
}

fn left_over(action: Action, words: &str, after_secret: bool, corrected: Option<&str>) -> String {
    let mut out = if words.is_empty() {
        "Words are left over.".to_owned()
    } else {
        format!("It is not clear what {} belongs to.", code(words))
    };
    out.push_str(" Nothing was done.");
    if after_secret {
        out.push_str(" A password with spaces must be put in quotes.");
    }
    match corrected {
        Some(line) => out.push_str(&format!(" A value with spaces needs quotes. Perhaps you meant:\n{}", code(line))),
        None => out.push_str(&format!("\nExample: {}", code(action.spec().example))),
    }
    out
}

fn name(why: &InvalidName) -> String {
    let allowed = "A name may have 1 to 64 letters from A to Z, digits, periods, hyphens, underscores, and single \
                   spaces between them.";
    match why {
        InvalidName::Character(c) if c.is_control() || c.is_whitespace() => {
            format!("The name has a character that is not allowed (U+{:04X}). {allowed}", u32::from(*c))
        }
        InvalidName::Character(c) => {
            format!("The name has a character that is not allowed: {}. {allowed}", code(&c.to_string()))
        }
        InvalidName::Length { max } => format!("The name is too long; it may have {max} characters. {allowed}"),
        InvalidName::Spacing => {
            format!("The name begins or ends with a space, or has two in a row. {allowed}")
        }
        InvalidName::Reserved | InvalidName::Form => format!("The name {}. {allowed}", escape(&why.to_string())),
    }
}
