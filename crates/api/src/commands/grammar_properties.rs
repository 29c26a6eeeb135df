//! Properties of the parser for any input at all.

use proptest::prelude::*;

use super::grammar::quote;
use super::texts::parse::parse_error;
use super::*;

fn read(line: &str) -> Option<Result<Parsed, ParseError>> {
    let typed = TypedLine::read(line)?;
    Some(parse(&typed, Trigger::find(typed.trigger())?))
}

/// Pieces that lines are made of, odd ones included.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(" ".to_owned()),
        Just("\u{a0}".to_owned()),
        Just("=".to_owned()),
        "[-–—−]{1,3}",
        "(name|password|invite|connectionID|readonly|displayname|id|history|nonsense)",
        "[\"'“”„«»‘’‚\\\\]",
        "[a-zA-Z0-9]{1,4}",
        any::<char>().prop_map(String::from),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        Just("/secure-connection create "),
        Just("/secure-connection accept --invite "),
        Just("/share-channel invite "),
        Just("/share-channel "),
        Just("/share share_channel "),
        Just("/remote "),
    ];
    (head, prop::collection::vec(piece(), 0..40)).prop_map(|(head, pieces)| head.to_owned() + &pieces.concat())
}

proptest! {
    #[test]
    fn never_panics(line in line()) {
        if let Some(Err(error)) = read(&line) {
            prop_assert!(!parse_error(&error).is_empty());
        }
    }

    #[test]
    fn never_panics_on_anything(rest in any::<String>()) {
        let _ = read(&format!("/secure-connection create{rest}"));
        let _ = read(&rest);
    }

    /// E-165.
    #[test]
    fn what_is_quoted_comes_back(password in "[^\n\r\u{b}\u{c}\u{85}\u{2028}\u{2029}]{1,60}", joined in any::<bool>()) {
        let link = if joined { "=" } else { " " };
        let line = format!("/secure-connection create --name x --password{link}{} --team t", quote(&password));
        let Some(Ok(Parsed { invocation: Invocation::SecureConnection(SecureConnection::Create(new)), .. })) = read(&line)
        else { panic!("{line}") };
        prop_assert_eq!(new.password.expose(), &password);
        prop_assert_eq!(new.team.as_deref(), Some("t"));
    }

    #[test]
    fn the_corrected_line_is_accepted(words in prop::collection::vec("[a-zA-Z'\\\\.]{1,8}", 2..5)) {
        prop_assume!(!words.iter().any(|word| word.starts_with('\'')));
        let line = format!("/secure-connection create --name x --team t --displayname {}", words.join(" "));
        let Some(Err(ParseError::LeftOver { corrected: Some(corrected), .. })) = read(&line) else { panic!("{line}") };
        let line = format!("{} --password p", corrected.expose());
        let Some(Ok(Parsed { invocation: Invocation::SecureConnection(SecureConnection::Create(new)), .. })) = read(&line)
        else { panic!("{line}") };
        prop_assert_eq!(new.display_name, Some(words.join(" ")));
    }

    #[test]
    fn an_escaped_text_stays_one_cell_on_one_line(text in any::<String>()) {
        let escaped = super::table::escape(&text);
        prop_assert!(!escaped.contains(['\n', '\r']));
        let mut backslashes = 0;
        for c in escaped.chars() {
            prop_assert!(c != '|' || backslashes % 2 == 1, "{escaped}");
            backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        }
    }
}
