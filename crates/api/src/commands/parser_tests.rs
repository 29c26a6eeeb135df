//! Whole lines in, invocations or refusals out: the acceptance table of behaviour 2.2.18, every flag of 2.3, every
//! historical spelling of 2.8, and the command edge cases of 7.10.

use rialto_model::names::InvalidName;

use super::actions::Action;
use super::error::Limit;
use super::flags::Flag;
use super::invocation::{ConnectionRef, NewConnection, Note};
use super::*;
use rialto_model::History;

const ID: &str = "4s8eoaynxi8q5yy6d1r8ibm1we";

fn read(line: &str) -> Result<Parsed, ParseError> {
    let typed = TypedLine::read(line).unwrap();
    parse(&typed, Trigger::find(typed.trigger()).unwrap())
}

#[track_caller]
fn accepts(line: &str, expected: impl Into<Invocation>) {
    let parsed = read(line).unwrap_or_else(|error| panic!("{line}\n{error:?}"));
    assert_eq!(parsed.invocation, expected.into(), "{line}");
}

#[track_caller]
fn refuses(line: &str, expected: ParseError) {
    assert_eq!(read(line), Err(expected), "{line}");
}

impl From<SecureConnection> for Invocation {
    fn from(it: SecureConnection) -> Self {
        Invocation::SecureConnection(it)
    }
}

impl From<ShareChannel> for Invocation {
    fn from(it: ShareChannel) -> Self {
        Invocation::ShareChannel(it)
    }
}

fn named(name: &str, password: &str) -> NewConnection {
    NewConnection {
        name: name.into(),
        handle: name.to_lowercase().replace(' ', "-"),
        password: Secret::new(password),
        display_name: None,
        description: None,
        team: None,
    }
}

fn labelled(name: &str, display_name: &str, password: &str) -> NewConnection {
    NewConnection { display_name: Some(display_name.into()), ..named(name, password) }
}

fn create(connection: NewConnection) -> SecureConnection {
    SecureConnection::Create(connection)
}

fn reference(text: &str) -> ConnectionRef {
    ConnectionRef(text.into())
}

fn remove(text: &str) -> SecureConnection {
    SecureConnection::Remove { connection: reference(text) }
}

fn invite(text: &str) -> ShareChannel {
    ShareChannel::Invite {
        connection: reference(text),
        readonly: None,
        description: None,
        convert: false,
        history: None,
    }
}

fn invite_readonly(text: &str, readonly: bool) -> ShareChannel {
    ShareChannel::Invite {
        connection: reference(text),
        readonly: Some(readonly),
        description: None,
        convert: false,
        history: None,
    }
}

fn missing(action: Action, flags: &[Flag]) -> ParseError {
    ParseError::Missing { action, flags: flags.to_vec() }
}

fn left_over(action: Action, words: &str, corrected: Option<&str>) -> ParseError {
    ParseError::LeftOver {
        action,
        words: Secret::new(words),
        after_secret: false,
        corrected: corrected.map(Secret::new),
    }
}

const CONNECTION: Trigger = Trigger::Current(Command::SecureConnection);
const SHARE: Trigger = Trigger::Current(Command::ShareChannel);

// ---- The acceptance table of rule 18.

#[test]
fn no_arguments_and_help_explain_the_command() {
    for arguments in ["", " ", "\u{a0}", " help", " HELP create", " --help", " —help", " -h"] {
        accepts(
            &format!("/secure-connection{arguments}"),
            Invocation::Help { command: Command::SecureConnection, action: None },
        );
    }
    accepts(
        "/share-channel invite --help",
        Invocation::Help { command: Command::ShareChannel, action: Some(Action::Invite) },
    );
}

#[test]
fn gibberish_is_an_unknown_sub_command() {
    let unknown =
        |trigger, given: &str, closest| ParseError::UnknownSubCommand { trigger, given: Secret::new(given), closest };
    refuses("/secure-connection gibberish", unknown(CONNECTION, "gibberish", None));
    refuses("/secure-connection craete --name x", unknown(CONNECTION, "craete", Some("create")));
    refuses("/share-channel univite", unknown(SHARE, "univite", Some("uninvite")));
    refuses("/share-channel shar", unknown(SHARE, "shar", None));
    refuses(&format!("/share-channel {}", "x".repeat(100)), unknown(SHARE, &"x".repeat(64), None));
    // The sub-command is checked before the flags behind it.
    refuses("/share-channel bogus --nope \"open", unknown(SHARE, "bogus", None));
}

#[test]
fn action_only() {
    accepts("/secure-connection status", SecureConnection::Status { connection: None });
    accepts("/SECURE-Connection STATUS", SecureConnection::Status { connection: None });
    accepts("/share-channel status", ShareChannel::Status);
    accepts("/share-channel unshare", ShareChannel::Unshare);
    accepts("/share-channel uninvite", ShareChannel::Uninvite { connection: None });
    refuses("/secure-connection create", missing(Action::Create, &[Flag::Name, Flag::Password]));
    refuses("/secure-connection accept", missing(Action::Accept, &[Flag::Name, Flag::Password, Flag::Invite]));
    refuses("/secure-connection remove", missing(Action::Remove, &[Flag::ConnectionId]));
    refuses("/share-channel invite", missing(Action::Invite, &[Flag::ConnectionId]));
}

#[test]
fn no_action_before_the_flags() {
    for line in [
        "/secure-connection --name x create --password p",
        "/secure-connection -- create",
        "/secure-connection -name x",
    ] {
        refuses(line, ParseError::MissingSubCommand { trigger: CONNECTION });
    }
}

#[test]
fn flags_without_value() {
    // The last flag, the first flag, an optional flag, and one whose value looks like a flag.
    refuses("/secure-connection create --name x --password", missing(Action::Create, &[Flag::Password]));
    refuses("/secure-connection create --name --password p", missing(Action::Create, &[Flag::Name]));
    refuses(
        "/secure-connection create --name x --displayname --password p",
        missing(Action::Create, &[Flag::DisplayName]),
    );
    refuses(
        "/secure-connection create --displayname --name x",
        missing(Action::Create, &[Flag::Password, Flag::DisplayName]),
    );
    refuses(
        "/secure-connection create --name x --password --abc",
        ParseError::UnknownFlag { action: Action::Create, given: "abc".into(), closest: None, elsewhere: None },
    );
}

#[test]
fn bare_dashes_are_refused() {
    refuses("/secure-connection status -- -- -- --", ParseError::NamelessFlag { position: 27 });
    refuses("/share-channel unshare ----", ParseError::NamelessFlag { position: 24 });
    refuses("/share-channel unshare --=x", ParseError::NamelessFlag { position: 24 });
    refuses("/share-channel unshare —", left_over(Action::Unshare, "—", None));
}

/// SC-042.
#[test]
fn hyphens_inside_values() {
    accepts("/secure-connection create --name acme-eu --password a--b-c-", create(named("acme-eu", "a--b-c-")));
    accepts("/secure-connection create --name x --password -p", create(named("x", "-p")));
    accepts("/secure-connection create --name x --password –5", create(named("x", "–5")));
}

/// SC-039, SC-042.
#[test]
fn quotes_of_every_kind() {
    for (open, close) in [
        ('"', '"'),
        ('\'', '\''),
        ('“', '”'),
        ('“', '“'),
        ('”', '”'),
        ('„', '“'),
        ('„', '"'),
        ('‟', '”'),
        ('«', '»'),
        ('»', '«'),
        ('＂', '＂'),
        ('‘', '’'),
        ('’', '’'),
        ('‚', '‘'),
        ('‛', '’'),
        ('‹', '›'),
        ('＇', '＇'),
    ] {
        let line = format!("/secure-connection create --name x --displayname {open}Acme  Europe{close} --password p");
        accepts(&line, create(labelled("x", "Acme  Europe", "p")));
    }
    // Marks of different families do not close each other.
    refuses(
        "/secure-connection create --displayname \"Acme' --name x",
        ParseError::UnclosedQuote { flag: Some(Flag::DisplayName), position: 41 },
    );
}

#[test]
fn unclosed_quotes_name_flag_and_place() {
    refuses(
        "/secure-connection create --name x --password \"abc",
        ParseError::UnclosedQuote { flag: Some(Flag::Password), position: 47 },
    );
    refuses(
        "/secure-connection create --nãme x --password=‘abc",
        ParseError::UnclosedQuote { flag: Some(Flag::Password), position: 47 },
    );
    refuses("/secure-connection create \"abc", ParseError::UnclosedQuote { flag: None, position: 27 });
    refuses("/share-channel invite --readonly Y \"abc", ParseError::UnclosedQuote { flag: None, position: 36 });
}

#[test]
fn apostrophes() {
    accepts(
        "/secure-connection create --name x --displayname O'Brien --password p",
        create(labelled("x", "O'Brien", "p")),
    );
    accepts(
        "/secure-connection create --name x --displayname \"It's\" --password p",
        create(labelled("x", "It's", "p")),
    );
    accepts(
        "/secure-connection create --name x --displayname 'don't' --password p",
        create(labelled("x", "don't", "p")),
    );
}

#[test]
fn empty_quotes_count_as_missing() {
    refuses(
        "/secure-connection create --name \"\" --password ''",
        missing(Action::Create, &[Flag::Name, Flag::Password]),
    );
    refuses("/secure-connection create --name \"  \" --password p", missing(Action::Create, &[Flag::Name]));
    refuses("/share-channel uninvite --connectionID “”", missing(Action::Uninvite, &[Flag::ConnectionId]));
    // A password may well be made of spaces.
    accepts("/secure-connection create --name x --password \"  \"", create(named("x", "  ")));
}

/// SC-042.
#[test]
fn equals_signs() {
    accepts("/secure-connection create --name=Acme --password=\"p w\"", create(named("Acme", "p w")));
    accepts("/secure-connection create --name=Acme --password p=w", create(named("Acme", "p=w")));
    accepts("/secure-connection create --name Acme --password=--abc", create(named("Acme", "--abc")));
    accepts("/secure-connection create --name Acme --password \"--abc\"", create(named("Acme", "--abc")));
    accepts("/secure-connection create --name Acme --password==", create(named("Acme", "=")));
    refuses("/secure-connection create --name= --password p", missing(Action::Create, &[Flag::Name]));
    refuses("/share-channel invite --connectionID x --readonly=", missing(Action::Invite, &[Flag::ReadOnly]));
    for pair in ["--name = Acme", "--name =Acme", "--name= Acme", "--name= \"Acme\""] {
        refuses(
            &format!("/secure-connection create --password p {pair}"),
            ParseError::SpaceAroundEquals { flag: Flag::Name },
        );
    }
    for pair in ["--readonly = Y", "--readonly =Y", "--readonly= Y"] {
        refuses(&format!("/share-channel invite x {pair}"), ParseError::SpaceAroundEquals { flag: Flag::ReadOnly });
    }
}

#[test]
fn dashes_of_phones_and_word_processors() {
    for dash in ["—", "–", "―", "−", "\u{2011}", "—-", "-—", "–-", "---"] {
        let line = format!("/secure-connection create {dash}name Acme {dash}password=p");
        accepts(&line, create(named("Acme", "p")));
    }
    accepts("/secure-connection create -name Acme -password p", create(named("Acme", "p")));
    accepts("/secure-connection create --name-- Acme --password—— p", create(named("Acme", "p")));
    refuses("/share-channel status -nope", left_over(Action::ShareStatus, "-nope", None));
}

#[test]
fn non_breaking_spaces_and_invisible_characters() {
    accepts(
        "/secure-connection\u{a0}create\u{202f}--name\u{2003}Ac\u{200b}me\r\n\t--password\u{feff}\u{a0}p\u{200b}",
        create(named("Acme", "p")),
    );
    accepts("\u{feff}/share-channel status\u{200b}", ShareChannel::Status);
}

#[test]
fn flag_names_ignore_case_hyphens_and_underscores() {
    for flag in ["--CONNECTIONID", "--connection-id", "--connection_id", "--Connection--Id_"] {
        accepts(&format!("/secure-connection remove {flag} {ID}"), remove(ID));
    }
}

/// SC-059, E-166.
#[test]
fn wrapped_codes() {
    let code = "8LKRVFexB3ljaoVm5N4ZK-howffGaghsqmqg2zyQTKXqzdeCADZ1lyRyx8GCIRVWsUtUDQAXTqfVRTttCNC-XycwoWoUHr8M_wZl";
    let accept = || SecureConnection::Accept { connection: named("x", "p"), invite: Secret::new(code) };
    let (first, rest) = code.split_at(40);
    let (second, third) = rest.split_at(30);
    for wrapped in [
        code.to_owned(),
        format!("{code}=="),
        format!("[{code}]"),
        format!("<{code}>"),
        format!("\"{code}=\""),
        format!("“{code}”"),
        format!("`{code}`"),
        format!("[“{code}==”]"),
        format!("{first}\n{second}\r\n{third}"),
        format!("```\n{first}\n{second}\n{third}==\n```"),
        format!("\"{first}\n{second}\n{third}\""),
        format!("[ {first} {second} {third} == ]"),
        code.replace('-', "+").replace('_', "/"),
    ] {
        accepts(&format!("/secure-connection accept --name x --password p --invite {wrapped}"), accept());
        accepts(&format!("/secure-connection accept --invite {wrapped} --name x --password p"), accept());
        accepts(&format!("/secure-connection accept --invite={wrapped} -name x -password p"), accept());
    }
    // A line of a code may begin with hyphens; the next flag still ends it.
    let piece = "--XycwoWoUHr8M_wZlRi2Xfmt5yCVt0";
    accepts(
        &format!("/secure-connection accept --invite {first}\n{piece} --name x --password p"),
        SecureConnection::Accept { connection: named("x", "p"), invite: Secret::new(format!("{first}{piece}")) },
    );
    for damaged in ["AAAA!AAA", "AAAA]BBBB", "AÄA"] {
        refuses(&format!("/secure-connection accept --name x --password p --invite {damaged}"), ParseError::NotACode);
    }
    refuses("/secure-connection accept --name x --password p --invite []", missing(Action::Accept, &[Flag::Invite]));
    refuses(
        &format!("/secure-connection accept --name x --password p --invite {}", "A".repeat(8193)),
        ParseError::TooLong { flag: Flag::Invite, limit: Limit::Bytes(8192) },
    );
}

// ---- The other rules of 2.2.

/// SC-039, SC-058, E-163.
#[test]
fn order_is_free_and_forms_may_be_mixed() {
    let expected = || NewConnection {
        description: Some("for the merger".into()),
        team: Some("ops".into()),
        ..labelled("Acme US", "Acme, Inc.", "p w")
    };
    accepts(
        "/secure-connection create --team ops --password=\"p w\" --description 'for the merger' --displayname \"Acme, Inc.\" --name “Acme US“",
        create(expected()),
    );
    accepts(
        "/secure-connection create --name \"Acme US\" --displayname=‘Acme, Inc.’ --password \"p w\" —desc \"for the merger\" --team=ops",
        create(expected()),
    );
}

/// SC-089.
#[test]
fn left_over_words_are_refused_and_shown_in_quotes() {
    refuses(
        "/secure-connection create --name x --displayname Acme USA --password secret --team \"a b\"",
        left_over(
            Action::Create,
            "USA",
            Some("/secure-connection create --name x --displayname \"Acme USA\" --password \"…\" --team \"a b\""),
        ),
    );
    refuses(
        "/secure-connection create --name Acme US East --password p",
        left_over(
            Action::Create,
            "US East",
            Some("/secure-connection create --name \"Acme US East\" --password \"…\""),
        ),
    );
    refuses("/secure-connection status now", left_over(Action::ConnectionStatus, "now", None));
    refuses("/share-channel unshare --are_you_sure Y really", left_over(Action::Unshare, "really", None));
    refuses("/remote remove --id x y", left_over(Action::Remove, "y", Some("/remote remove --connectionID \"x y\"")));
}

#[test]
fn left_over_words_of_a_secret_are_not_repeated() {
    let error = read("/secure-connection create --name x --password correct horse --displayname y").unwrap_err();
    let ParseError::LeftOver { words, after_secret, corrected, .. } = &error else { panic!("{error:?}") };
    assert_eq!(words.expose(), "");
    assert!(after_secret);
    assert_eq!(
        corrected.as_ref().unwrap().expose(),
        "/secure-connection create --name x --password \"…\" --displayname y"
    );
}

#[test]
fn one_left_over_word_is_the_connection() {
    accepts(&format!("/share-channel invite {ID}"), invite(ID));
    accepts(&format!("/share-channel invite {ID} --readonly"), invite_readonly(ID, true));
    accepts(&format!("/share-channel invite --readonly N {ID}"), invite_readonly(ID, false));
    accepts("/share-channel uninvite “Acme US”", ShareChannel::Uninvite { connection: Some(reference("Acme US")) });
    accepts("/secure-connection remove acme", remove("acme"));
    refuses("/secure-connection remove acme us", left_over(Action::Remove, "acme us", None));
    refuses("/share-channel invite acme --connectionID x", left_over(Action::Invite, "acme", None));
    refuses(&format!("/secure-connection status {ID}"), left_over(Action::ConnectionStatus, ID, None));
}

#[test]
fn repeated_flags_must_agree() {
    accepts("/secure-connection remove --id x --remoteId x --connection=x", remove("x"));
    accepts("/share-channel invite x --readonly --read-only yes", invite_readonly("x", true));
    refuses("/secure-connection remove --id x --id y", ParseError::Repeated { flag: Flag::ConnectionId });
    refuses("/secure-connection create --name x --password p --pass q", ParseError::Repeated { flag: Flag::Password });
    refuses("/share-channel invite x --readonly --readonly N", ParseError::Repeated { flag: Flag::ReadOnly });
}

/// E-162.
#[test]
fn unknown_flags_are_refused_with_the_closest() {
    let unknown = |action, given: &str, closest, elsewhere| ParseError::UnknownFlag {
        action,
        given: given.into(),
        closest,
        elsewhere,
    };
    refuses(
        "/share-channel invite --connectionID x --readonyl",
        unknown(Action::Invite, "readonyl", Some(Flag::ReadOnly), None),
    );
    refuses(
        "/share-channel invite --conectionid x",
        unknown(Action::Invite, "conectionid", Some(Flag::ConnectionId), None),
    );
    refuses("/secure-connection create --nmae x", unknown(Action::Create, "nmae", Some(Flag::Name), None));
    refuses("/secure-connection create --whatever x", unknown(Action::Create, "whatever", None, None));
    refuses("/secure-connection create --name x --dry-run", unknown(Action::Create, "dry-run", None, None));
    // Known, but not here.
    refuses("/secure-connection create --readonly", unknown(Action::Create, "readonly", None, Some(Flag::ReadOnly)));
    refuses(
        "/share-channel unshare --connectionID x",
        unknown(Action::Unshare, "connectionID", None, Some(Flag::ConnectionId)),
    );
    refuses(
        "/share-channel invite x --are_you_sure Y",
        unknown(Action::Invite, "are_you_sure", None, Some(Flag::AreYouSure)),
    );
    // Before left-over words and missing flags.
    refuses(
        "/secure-connection create --pasword my secret",
        unknown(Action::Create, "pasword", Some(Flag::Password), None),
    );
}

/// SC-065.
#[test]
fn booleans() {
    for yes in ["1", "t", "true", "y", "yes", "on", "Y", "TRUE", "On"] {
        accepts(&format!("/share-channel invite x --readonly {yes}"), invite_readonly("x", true));
        accepts(&format!("/share-channel invite x --readonly={yes}"), invite_readonly("x", true));
    }
    for no in ["0", "f", "false", "n", "no", "off", "N", "False"] {
        accepts(&format!("/share-channel invite x --readonly {no}"), invite_readonly("x", false));
    }
    for bad in ["maybe", "2", "ja", "yess"] {
        refuses(
            &format!("/share-channel invite --readonly {bad} --connectionID X"),
            ParseError::NotBoolean { flag: Flag::ReadOnly, given: Secret::new(bad) },
        );
    }
    // A boolean flag never swallows the next flag, whatever its dashes (E-163).
    for dash in ["--", "—", "-"] {
        accepts(&format!("/share-channel invite {dash}readonly {dash}connectionID X"), invite_readonly("X", true));
        accepts(&format!("/share-channel invite {dash}connectionID X {dash}readonly"), invite_readonly("X", true));
    }
}

#[test]
fn limits_refuse_and_never_cut() {
    let too_long = |flag, limit| ParseError::TooLong { flag, limit };
    let line = |flag: &str, value: String| format!("/secure-connection create --name x --password p --{flag} {value}");
    accepts(&line("displayname", "ü".repeat(64)), create(labelled("x", &"ü".repeat(64), "p")));
    refuses(&line("displayname", "ü".repeat(65)), too_long(Flag::DisplayName, Limit::Characters(64)));
    refuses(&line("description", "d".repeat(257)), too_long(Flag::Description, Limit::Characters(256)));
    let name = "n".repeat(64);
    accepts(&format!("/secure-connection create --name {name} --password p"), create(named(&name, "p")));
    refuses(
        &format!("/secure-connection create --name n{name} --password p"),
        too_long(Flag::Name, Limit::Characters(64)),
    );
    let password = "ü".repeat(128);
    accepts(&format!("/secure-connection create --name x --password {password}"), create(named("x", &password)));
    refuses(
        &format!("/secure-connection create --name x --password {password}ü"),
        too_long(Flag::Password, Limit::Bytes(256)),
    );
    let status = "/share-channel status";
    accepts(&format!("{status}{}", " ".repeat(16 * 1024 - status.len())), ShareChannel::Status);
    refuses(
        &format!("{status}{}", " ".repeat(16 * 1024 + 1 - status.len())),
        ParseError::LineTooLong { bytes: 16 * 1024 + 1, most: 16 * 1024 },
    );
}

#[test]
fn names_are_checked() {
    let line = |name: &str| format!("/secure-connection create --name \"{name}\" --password p");
    for (name, why) in [
        ("Acme/US", InvalidName::Character('/')),
        ("Acme:US", InvalidName::Character(':')),
        ("Acmé", InvalidName::Character('é')),
        ("🚀", InvalidName::Character('🚀')),
        ("a\tb", InvalidName::Character('\t')),
        (" a", InvalidName::Spacing),
        ("a ", InvalidName::Spacing),
        ("a  b", InvalidName::Spacing),
    ] {
        refuses(&line(name), ParseError::Name(why));
    }
    accepts(&line("a.b-c_d"), create(named("a.b-c_d", "p")));
    accepts(&line("Acme US"), create(named("Acme US", "p")));
}

#[test]
fn history_amounts() {
    let with = |history| ShareChannel::Invite {
        connection: reference("x"),
        readonly: None,
        description: None,
        convert: true,
        history: Some(history),
    };
    for (text, history) in [
        ("all", History::All),
        ("ALL", History::All),
        ("100", History::Messages(100)),
        ("\"100 messages\"", History::Messages(100)),
        ("30d", History::Days(30)),
    ] {
        accepts(&format!("/share-channel invite x --convert --history {text}"), with(history));
    }
    for bad in ["0", "0d", "d", "-5", "some", "1.5", "99999999999"] {
        refuses(
            &format!("/share-channel invite x --history {bad}"),
            ParseError::NotHistory { given: Secret::new(bad) },
        );
    }
}

// ---- 2.3: every flag in every spelling, where it belongs.

#[test]
fn every_spelling_of_every_flag() {
    for (flag, spellings) in [
        (Flag::Name, &["name"][..]),
        (Flag::DisplayName, &["displayname", "display-name", "display"]),
        (Flag::Password, &["password", "pass"]),
        (Flag::Invite, &["invite", "invitation", "code"]),
        (
            Flag::ConnectionId,
            &["connectionID", "connectionid", "connection", "remoteId", "remote-id", "remoteid", "id"],
        ),
        (Flag::ReadOnly, &["readonly", "read-only"]),
        (Flag::Description, &["description", "desc"]),
        (Flag::Team, &["team"]),
        (Flag::Convert, &["convert"]),
        (Flag::History, &["history"]),
        (Flag::Purpose, &["purpose"]),
        (Flag::Header, &["header"]),
        (Flag::AreYouSure, &["are_you_sure"]),
    ] {
        for spelling in spellings {
            assert_eq!(Flag::find(spelling), Some(flag), "{spelling}");
            assert_eq!(Flag::find(&spelling.to_uppercase()), Some(flag), "{spelling}");
        }
    }
    assert_eq!(Flag::find("names"), None);
    assert_eq!(Flag::find(""), None);
}

#[test]
fn every_flag_is_taken_where_the_table_says_and_nowhere_else() {
    use Action::*;
    let all = [
        Create,
        Accept,
        Remove,
        ConnectionStatus,
        Rotate,
        Test,
        Resume,
        Recover,
        Invite,
        Uninvite,
        Unshare,
        ShareStatus,
        Share,
    ];
    for (flag, users) in [
        (Flag::Name, &[Create, Accept, Share][..]),
        (Flag::DisplayName, &[Create, Accept, Share]),
        (Flag::Password, &[Create, Accept]),
        (Flag::Invite, &[Accept]),
        (Flag::ConnectionId, &[Remove, ConnectionStatus, Rotate, Test, Resume, Recover, Invite, Uninvite]),
        (Flag::Emergency, &[Rotate]),
        (Flag::Discard, &[Recover]),
        (Flag::ReadOnly, &[Invite, Share]),
        (Flag::Description, &[Create, Accept, Invite]),
        (Flag::Team, &[Create, Accept]),
        (Flag::Convert, &[Invite]),
        (Flag::History, &[Invite]),
        (Flag::Purpose, &[Share]),
        (Flag::Header, &[Share]),
        (Flag::AreYouSure, &[Unshare]),
    ] {
        for action in all {
            assert_eq!(action.spec().takes(flag), users.contains(&action), "{flag:?} {action:?}");
        }
    }
}

/// SC-091.
#[test]
fn flags_arrive_in_their_fields() {
    accepts(
        "/share-channel invite --connection acme --read-only=Y --desc \"till June\" --convert N --history 7d",
        ShareChannel::Invite {
            connection: reference("acme"),
            readonly: Some(true),
            description: Some("till June".into()),
            convert: false,
            history: Some(History::Days(7)),
        },
    );
    accepts(
        &format!("/secure-connection status --connectionID {ID}"),
        SecureConnection::Status { connection: Some(reference(ID)) },
    );
    accepts(
        "/secure-connection accept --name n --display d --pass p --code abcd --desc t --team T",
        SecureConnection::Accept {
            connection: NewConnection {
                description: Some("t".into()),
                team: Some("T".into()),
                ..labelled("n", "d", "p")
            },
            invite: Secret::new("abcd"),
        },
    );
}

// ---- 2.8: historical spellings.

#[track_caller]
fn noted(line: &str, expected: impl Into<Invocation>, then: &str, now: &str) {
    let parsed = read(line).unwrap_or_else(|error| panic!("{line}\n{error:?}"));
    assert_eq!(parsed.invocation, expected.into(), "{line}");
    assert_eq!(parsed.note, Some(Note { then: then.into(), now: now.into() }), "{line}");
}

#[test]
fn remote_becomes_secure_connection() {
    noted(
        "/remote invite --name x --password p",
        create(named("x", "p")),
        "/remote invite",
        "/secure-connection create",
    );
    noted(
        "/remote accept --name x --password p --invite abc",
        SecureConnection::Accept { connection: named("x", "p"), invite: Secret::new("abc") },
        "/remote accept",
        "/secure-connection accept",
    );
    noted(&format!("/remote remove --remoteId {ID}"), remove(ID), "/remote remove", "/secure-connection remove");
    noted(
        "/remote status",
        SecureConnection::Status { connection: None },
        "/remote status",
        "/secure-connection status",
    );
    noted(
        "/Remote",
        Invocation::Help { command: Command::SecureConnection, action: None },
        "/remote",
        "/secure-connection",
    );
}

#[test]
fn share_becomes_share_channel() {
    let share = |readonly| ShareChannel::Share {
        readonly,
        name: Some("ops".into()),
        display_name: Some("Ops Room".into()),
        purpose: Some("work".into()),
        header: Some("hello there".into()),
    };
    let flags = "--name ops --displayname \"Ops Room\" --purpose work --header \"hello there\"";
    noted(
        &format!("/share share_channel --readonly Y {flags}"),
        share(Some(true)),
        "/share share_channel",
        "/share-channel share",
    );
    noted(&format!("/share share_channel {flags}"), share(None), "/share share_channel", "/share-channel share");
    accepts(&format!("/share-channel share --readonly N {flags}"), share(Some(false)));
    noted(
        &format!("/share invite_remote --remoteId {ID} --description text"),
        ShareChannel::Invite {
            connection: reference(ID),
            readonly: None,
            description: Some("text".into()),
            convert: false,
            history: None,
        },
        "/share invite_remote",
        "/share-channel invite",
    );
    noted(
        &format!("/share uninvite_remote --remoteId {ID}"),
        ShareChannel::Uninvite { connection: Some(reference(ID)) },
        "/share uninvite_remote",
        "/share-channel uninvite",
    );
    noted(
        "/share unshare_channel --are_you_sure Y",
        ShareChannel::Unshare,
        "/share unshare_channel",
        "/share-channel unshare",
    );
    noted("/share unshare_channel", ShareChannel::Unshare, "/share unshare_channel", "/share-channel unshare");
    refuses("/share unshare_channel --are_you_sure N", ParseError::NotSure);
    accepts("/share-channel unshare --are_you_sure Y", ShareChannel::Unshare);
    noted("/share status", ShareChannel::Status, "/share status", "/share-channel status");
}

#[test]
fn the_misspelt_invite_remove_and_words_of_the_other_era_are_unknown() {
    for (line, given, closest) in [
        ("/share invite_remove --remoteId x", "invite_remove", Some("invite_remote")),
        ("/share invite x", "invite", None),
        ("/remote create", "create", None),
    ] {
        let trigger = Trigger::find(line.get(1..).unwrap().split(' ').next().unwrap()).unwrap();
        refuses(line, ParseError::UnknownSubCommand { trigger, given: Secret::new(given), closest });
    }
    refuses(
        "/share-channel invite_remote --remoteId x",
        ParseError::UnknownSubCommand { trigger: SHARE, given: Secret::new("invite_remote"), closest: None },
    );
}

// ---- 7.10

/// E-161.
#[test]
fn a_phone_keyboard_is_understood() {
    accepts(
        "/secure-connection create —name “Acme US” —displayname ‘Acme’ –password \"p w\"",
        create(labelled("Acme US", "Acme", "p w")),
    );
    accepts("/secure-connection create --name x --password \"it's \\\"so\\\"\"", create(named("x", "it's \"so\"")));
}

/// E-169.
#[test]
fn ordinary_messages_are_no_commands() {
    for line in [" /secure-connection status", "`/share-channel status`", "> /share-channel status", "hello", "/"] {
        assert_eq!(TypedLine::read(line), None, "{line:?}");
    }
}

#[test]
fn arguments_of_other_commands_are_handed_over() {
    let typed = TypedLine::read("/Join  ~town-square ").unwrap();
    assert_eq!((typed.trigger(), typed.arguments()), ("join", "~town-square"));
}

#[test]
fn no_secret_is_printed() {
    let line = "/secure-connection accept --name x --password hunter2secret --invite hunter3code";
    let typed = TypedLine::read(line).unwrap();
    assert!(!format!("{typed:?}").contains("hunter"));
    assert!(!format!("{:?}", read(line)).contains("hunter"));
    for line in [
        "/secure-connection create --name x --password hunter2 hunter3",
        "/secure-connection create x hunter2",
        "/secure-connection hunter2",
        "/secure-connection create --name x --password p --invite hunter2",
        "/share-channel invite --readonly hunter2",
    ] {
        let error = read(line).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter"), "{line} {error:?}");
    }
}
