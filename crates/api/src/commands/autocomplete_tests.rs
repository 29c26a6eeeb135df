//! Completion, typed step by step (behaviour 2.7), in the shapes that were recorded.

use rialto_model::{Permission, PermissionSet, RemoteId};

use super::autocomplete::*;
use super::candidate::samples::candidate;
use super::candidate::{Candidate, ConnectionState};
use super::own_commands::own_commands;

fn registry() -> Registry {
    let mut registry = Registry::new();
    own_commands().into_iter().for_each(|spec| registry.register(spec));
    registry.register(CommandSpec {
        trigger: "shrug",
        hint: "[message]",
        description: "Adds a shrug to your message",
        permission: None,
        arguments: vec![Argument {
            flag: None,
            help: "What to shrug about",
            required: false,
            kind: ArgumentKind::Text { hint: "[message]" },
        }],
        sub_commands: Vec::new(),
    });
    registry
}

fn permissions(names: &[Permission]) -> PermissionSet {
    let mut set = PermissionSet::default();
    names.iter().for_each(|permission| set.insert(*permission));
    set
}

fn connections() -> Vec<Candidate> {
    vec![
        candidate('a', "AcmeEU", "Acme Europe", ConnectionState::Offline),
        Candidate { in_channel: true, ..candidate('b', "globex", "Globex", ConnectionState::Connected) },
        candidate('c', "initech", "Acme Partner", ConnectionState::Pending),
        candidate('d', "gone", "Gone", ConnectionState::Removed),
        candidate('e', "umbrella", "acme asia", ConnectionState::Connected),
    ]
}

fn suggest_as(input: &str, held: &[Permission]) -> Vec<Suggestion> {
    let connections = connections();
    let situation = Situation {
        permissions: permissions(held),
        connections: &connections,
        channel: Some(("ops-room", "Ops Room")),
    };
    registry().suggest(input, &situation)
}

fn suggest(input: &str) -> Vec<Suggestion> {
    suggest_as(input, &[Permission::ManageSharedChannels, Permission::ManageSecureConnections])
}

/// The new parts that are offered; each must complete the text up to the word that is being typed.
#[track_caller]
fn check(input: &str, kept: &str, offered: &[&str]) {
    let found = suggest(input);
    assert_eq!(found.iter().map(|s| s.suggestion.as_str()).collect::<Vec<_>>(), offered, "{input:?}");
    for entry in found {
        assert_eq!(entry.complete.trim_end(), format!("{kept}{}", entry.suggestion).trim_end(), "{input:?}");
    }
}

#[track_caller]
fn hints(input: &str, hint: &str) {
    let found = suggest(input);
    assert_eq!(found.len(), 1, "{input:?} {found:?}");
    assert_eq!((found[0].suggestion.as_str(), found[0].hint.as_str()), ("", hint), "{input:?}");
    assert_eq!(Some(found[0].complete.as_str()), input.strip_prefix('/'), "{input:?}");
}

#[test]
fn triggers_are_offered_to_those_who_may_use_them() {
    let entry = &suggest("/sec")[0];
    assert_eq!(
        (entry.complete.as_str(), entry.suggestion.as_str(), entry.hint.as_str()),
        ("secure-connection", "secure-connection", "[action]")
    );
    check("/s", "", &["secure-connection", "share-channel", "shrug"]);
    check("/SH", "", &["share-channel", "shrug"]);
    check("/secure-connection", "", &["secure-connection"]);
    check("/", "", &["secure-connection", "share-channel", "shrug"]);
    for none in ["", "s", " /s", "/x", "/remote", "/share ", "/remote "] {
        check(none, "", &[]);
    }
    let triggers = |held: &[Permission]| suggest_as("/s", held).into_iter().map(|s| s.suggestion).collect::<Vec<_>>();
    assert_eq!(triggers(&[]), ["shrug"]);
    assert_eq!(triggers(&[Permission::ManageSharedChannels]), ["share-channel", "shrug"]);
    assert_eq!(triggers(&[Permission::ManageSystem]), ["secure-connection", "share-channel", "shrug"]);
}

#[test]
fn nothing_of_a_command_is_suggested_without_its_permission() {
    for input in ["/secure-connection ", "/secure-connection create ", "/secure-connection remove --connectionID "] {
        assert!(!suggest(input).is_empty(), "{input}");
        assert_eq!(suggest_as(input, &[Permission::ManageSharedChannels]), [], "{input}");
    }
}

#[test]
fn sub_commands_come_after_the_trigger() {
    check("/secure-connection ", "secure-connection ", &["create", "accept", "remove", "status"]);
    check("/share-channel ", "share-channel ", &["invite", "uninvite", "unshare", "status"]);
    check("/secure-connection c", "secure-connection ", &["create"]);
    check("/Secure-Connection\u{a0}C", "Secure-Connection\u{a0}", &["create"]);
    check("/share-channel share", "share-channel ", &[]);
    check("/share-channel bogus ", "", &[]);
    check("/share-channel --x ", "", &[]);
    assert!(suggest("/secure-connection ").iter().all(|s| !s.description.is_empty() && s.hint.is_empty()));
}

#[test]
fn missing_flags_are_offered_required_ones_first() {
    let at = "secure-connection create ";
    check("/secure-connection create ", at, &["--name", "--password", "--displayname", "--description", "--team"]);
    check("/secure-connection create --", at, &["--name", "--password", "--displayname", "--description", "--team"]);
    check("/secure-connection create —", at, &["--name", "--password", "--displayname", "--description", "--team"]);
    check("/secure-connection create --d", at, &["--displayname", "--description"]);
    check("/secure-connection create —d", at, &["--displayname", "--description"]);
    check("/secure-connection create -d", at, &["--displayname", "--description"]);
    check("/secure-connection create --display-n", at, &["--displayname"]);
    check("/secure-connection create --name", at, &["--name"]);
    check(
        "/secure-connection create --name x --pass p ",
        "secure-connection create --name x --pass p ",
        &["--displayname", "--description", "--team"],
    );
    check("/secure-connection create --name \"a b\" --p", "secure-connection create --name \"a b\" ", &["--password"]);
    check("/share-channel unshare ", "", &[]);
    // What is chosen can be typed on.
    assert_eq!(suggest("/secure-connection create ")[0].complete, "secure-connection create --name ");
}

#[test]
fn free_text_shows_a_hint() {
    hints("/secure-connection create --name ", "unique name: letters, digits, . - _");
    hints("/secure-connection create --name Ac", "unique name: letters, digits, . - _");
    hints("/secure-connection create --name=", "unique name: letters, digits, . - _");
    hints("/secure-connection create --displayname ", "label that people see");
    hints("/secure-connection create --password ", "secret used to encrypt the invitation");
    hints("/secure-connection accept --name x --invite ", "paste the code you were sent");
    hints("/secure-connection create --name \"a b\"", "unique name: letters, digits, . - _");
    hints("/shrug ", "[message]");
}

#[test]
fn nothing_is_suggested_inside_an_unfinished_quote() {
    for input in ["--name \"", "--name \"a", "--name \"a ", "--name=‘a b ", "--name x --displayname “a --p"] {
        check(&format!("/secure-connection create {input}"), "", &[]);
    }
}

#[test]
fn readonly_offers_yes_and_no() {
    let at = format!("share-channel invite --connectionID {} --readonly ", "a".repeat(26));
    let offered = suggest(&format!("/{at}"));
    assert_eq!((offered[0].suggestion.as_str(), offered[1].suggestion.as_str()), ("Y", "N"));
    assert_eq!(offered[0].complete, format!("{at}Y"));
    // The flag alone means yes, so the next one is offered as well.
    assert_eq!(offered[2].suggestion, "--description");
    check("/share-channel invite --readonly n", "share-channel invite --readonly ", &["N"]);
    check("/share-channel invite --readonly=", "share-channel invite --readonly=", &["Y", "N"]);
    check("/share-channel invite --readonly --conn", "share-channel invite --readonly ", &["--connectionID"]);
    check("/share-channel invite --history ", "share-channel invite --history ", &["all", "100", "30d"]);
}

/// SC-043.
#[test]
fn connections_are_offered_where_they_can_be_used() {
    let [a, b, c, e] = ['a', 'b', 'c', 'e'].map(|digit| digit.to_string().repeat(26));
    let at = "secure-connection remove --connectionID ";
    // Online ones first, then by display name; removed ones never.
    check(&format!("/{at}"), at, &[&e, &b, &a, &c]);
    check("/secure-connection status --id ", "secure-connection status --id ", &[&e, &b, &a, &c]);
    let at = "share-channel invite --connectionID ";
    check(&format!("/{at}"), at, &[&e, &a, &c]);
    let at = "share-channel uninvite --connectionID ";
    check(&format!("/{at}"), at, &[&b]);
    let entry = &suggest("/share-channel invite --connectionID ini")[0];
    assert_eq!(entry.complete, format!("share-channel invite --connectionID {c}"));
    assert_eq!(entry.description, "Acme Partner, connection pending");
    assert_eq!(
        suggest("/share-channel uninvite --connectionID ")[0].description,
        "Globex (https://globex.example), connected"
    );
}

#[test]
fn connections_are_filtered_by_id_name_and_display_name() {
    let [a, c, e] = ['a', 'c', 'e'].map(|digit| digit.to_string().repeat(26));
    let at = "share-channel invite --connectionID ";
    check(&format!("/{at}ACME"), at, &[&e, &a, &c]);
    check(&format!("/{at}acmeeu"), at, &[&a]);
    check(&format!("/{at}aaa"), at, &[&a]);
    check(&format!("/{at}umb"), at, &[&e]);
    check(&format!("/{at}nobody"), at, &[]);
    check(
        "/share-channel invite --connectionID=acme\u{20}",
        "share-channel invite --connectionID=acme ",
        &["--readonly", "--description", "--convert", "--history"],
    );
    check("/share-channel invite --connectionID=ini", "share-channel invite --connectionID=", &[&c]);
}

#[test]
fn at_most_fifty_connections_are_offered() {
    let many: Vec<Candidate> = (0..60u8)
        .map(|number| Candidate {
            id: RemoteId::from_random([number; 16]),
            ..candidate('a', "x", &format!("Org {number:02}"), ConnectionState::Connected)
        })
        .collect();
    let situation =
        Situation { permissions: permissions(&[Permission::ManageSystem]), connections: &many, channel: None };
    let found = registry().suggest("/secure-connection remove --connectionID ", &situation);
    assert_eq!(found.len(), 50);
    assert!(found[0].description.starts_with("Org 00") && found[49].description.starts_with("Org 49"));
}

#[test]
fn the_hidden_share_suggests_the_channel_once_it_is_typed() {
    check("/share-channel share --name ", "share-channel share --name ", &["ops-room"]);
    check("/share-channel share --displayname ", "share-channel share --displayname ", &["\"Ops Room\""]);
}

#[test]
fn any_beginning_of_any_line_is_harmless() {
    let line = "/secure-connection create —name “Acme US” --displayname='a\\'b' -password \"p w\" --team= x --readonly";
    for (end, _) in line.char_indices() {
        suggest(&line[..end]);
    }
}
