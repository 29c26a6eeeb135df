//! The answers: what they must contain, what they must not, and that their tables are whole.

use rialto_app::connections::health::{Brought, Failure, Health, Measured, State};
use rialto_model::names::InvalidName;
use rialto_model::{
    Cause, ChannelId, Extent, History, Millis, PeerProfile, RemoteCluster, RemoteId, Share, ShareId, ShareMode,
    ShareState, UserId,
};

use super::connection_status::*;
use super::connections::*;
use super::parse::{missing, parse_error};
use super::refusals::*;
use super::share_status::*;
use super::shares::*;
use crate::commands::actions::Action;
use crate::commands::candidate::ConnectionState;
use crate::commands::error::{Limit, ParseError};
use crate::commands::flags::Flag;
use crate::commands::grammar::Secret;
use crate::commands::invocation::ConnectionRef;
use crate::commands::warnings::{AddressDoubt, Weakness};
use crate::commands::{Command, Trigger};

const NOW: Millis = Millis(1_790_000_000_000);
const OFFLINE_AFTER: i64 = 300_000;
const DAY: i64 = 86_400_000;

fn id(digit: char) -> RemoteId {
    RemoteId::parse(&digit.to_string().repeat(26)).unwrap()
}

fn cluster(digit: char, name: &str, display_name: &str) -> RemoteCluster {
    RemoteCluster {
        id: id(digit),
        name: name.into(),
        handle: name.to_lowercase(),
        display_name: display_name.into(),
        description: String::new(),
        site_url: Some(format!("https://{}.example", name.to_lowercase())),
        default_team_id: None,
        remote_team_id: String::new(),
        creator_id: UserId::from_random([1; 16]),
        create_at: Millis(NOW.0 - DAY),
        confirmed_at: Some(Millis(NOW.0 - DAY)),
        delete_at: None,
        deleted_by: None,
        severed: false,
        last_ping_at: Some(Millis(NOW.0 - 10_000)),
        profile: PeerProfile::Rialto,
        caps: String::new(),
        unrotated: false,
        interrupted_at: None,
        failing_since: None,
        last_error: String::new(),
    }
}

fn pending(digit: char, name: &str, display_name: &str) -> RemoteCluster {
    RemoteCluster { site_url: None, confirmed_at: None, last_ping_at: None, ..cluster(digit, name, display_name) }
}

/// Cells of each line of the table in `text`, the header's first. Fails unless all rows have as many.
#[track_caller]
fn cells(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let inner = line.strip_prefix('|').unwrap().strip_suffix('|').unwrap();
            inner
                .replace("\\|", "\u{0}")
                .split('|')
                .map(|cell| cell.replace('\u{0}', "\\|").trim().to_owned())
                .collect()
        })
        .collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    assert!(rows[1].iter().all(|cell| cell == ":---"), "{text}");
    rows
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

fn code() -> Secret {
    Secret::new(
        "8LKRVFexB3ljaoVm5N4ZK-howffGaghsqmqg2zyQTKXqzdeCADZ1lyRyx8GCIRVWsUtUDQAXTqfVRTttCNC-XycwoWoUHr8MwZlRi2Xfmt5yCVt0bx9zR0lQ0MTui647BW7NYl6o7eVbFbY6sJfCPkVH74_KFJT",
    )
}

fn sample_created(code: &Secret) -> Created<'_> {
    Created {
        display_name: "Acme Europe",
        id: id('a'),
        code,
        expires_at: Millis(NOW.0 + 2 * DAY),
        site_url: "https://one.example.org",
        team: Some("Operations"),
        weakness: None,
        doubts: &[],
        namesake: false,
    }
}

/// SC-028, SC-044.
#[test]
fn the_create_answer_shows_the_code_alone_on_its_line_as_the_longest_run() {
    let code = code();
    let text = created(&sample_created(&code));
    let lines: Vec<&str> = text.lines().collect();
    let place = lines.iter().position(|line| *line == code.expose()).unwrap();
    assert_eq!((lines[place - 1], lines[place + 1]), ("```", "```"));
    let longest =
        text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/_=-".contains(c))).max_by_key(|run| run.len()).unwrap();
    assert_eq!(longest, code.expose());
    contains(
        &text,
        &[
            "**Acme Europe**",
            "`aaaaaaaaaaaaaaaaaaaaaaaaaa`",
            "AES-256",
            "`/secure-connection accept`",
            "2026-09-23 14:13:20 UTC",
            "**Their server must be able to reach this one at** https://one.example.org",
            "**Operations**",
            "another way",
        ],
    );
    assert!(!text.contains(":warning:"), "{text}");
    assert!(!format!("{:?}", sample_created(&code)).contains(code.expose()));
}

/// SC-026.
#[test]
fn the_create_answer_warns() {
    let code = code();
    let doubts = [AddressDoubt::PlainHttp, AddressDoubt::Loopback, AddressDoubt::Private];
    let text =
        created(&Created { weakness: Some(Weakness::Short), doubts: &doubts, namesake: true, ..sample_created(&code) });
    assert_eq!(text.matches(":warning:").count(), 5, "{text}");
    contains(&text, &["password is weak", "14", "plain http", "the machine itself", "private network", "look alike"]);
    let text = created(&Created { weakness: Some(Weakness::Common), ..sample_created(&code) });
    contains(&text, &["password is weak", "common words"]);
}

#[test]
fn the_accept_answer_says_what_follows() {
    let sample = Accepted {
        display_name: "AcmeUSA",
        site_url: "https://two.example.org/chat",
        id: id('b'),
        team: Some("Ops *team*"),
        not_reached: None,
        doubts: &[],
        namesake: false,
        unrotated: false,
    };
    let text = accepted(&sample);
    contains(
        &text,
        &[
            "confirmed",
            "**AcmeUSA**",
            "https://two.example.org/chat",
            &"b".repeat(26),
            "Ops \\*team\\*",
            "channel admin",
        ],
    );
    assert!(!text.contains(":warning:"));
    let text = accepted(&Accepted { not_reached: Some("connect @timeout"), unrotated: true, ..sample });
    contains(
        &text,
        &[":warning: Their server does not reach this one", "@\u{2060}timeout", "credential from the invitation"],
    );
}

#[test]
fn the_remove_answer_counts_channels_and_names_five() {
    let channels: Vec<String> = ["a", "b", "c", "d", "e", "f", "g"].map(String::from).to_vec();
    let sample = Removed { display_name: "Acme", id: id('a'), channels: &channels, learns: PeerLearns::Told };
    let text = removed(&sample);
    contains(&text, &["**Acme**", "7 channels", "**a**, **b**, **c**, **d**, **e** and 2 more", "was told"]);
    let text = removed(&Removed { channels: &[], learns: PeerLearns::NotReached, ..sample });
    contains(&text, &["No channel", "could not be reached"]);
}

#[test]
fn every_refusal_of_create_and_accept_names_its_facts() {
    use ConnectionRefusal as R;
    let url = "https://two.example.org".to_owned();
    let unreachable = |step| R::Unreachable { url: url.clone(), step };
    let cases: Vec<(R, &[&str])> = vec![
        (
            R::NameTaken { name: "acme".into(), id: id('a'), state: ConnectionState::Pending },
            &["**acme**", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "waits"],
        ),
        (R::NoSiteUrl, &["`ServiceSettings.SiteURL`"]),
        (R::TeamUnknown("`x".into()), &["`` `x ``"]),
        (R::TeamArchived("ops".into()), &["`ops`", "archived"]),
        (R::NoTeam, &["`--team`"]),
        (R::TooManyPending { most: 50 }, &["50", "`/secure-connection remove`"]),
        (R::PasswordTooShort { least: 20 }, &["20 characters"]),
        (R::NotACode, &["not an invitation code"]),
        (R::Incomplete { length: 77 }, &["incomplete", "77"]),
        (R::WrongPasswordOrDamaged, &["password is wrong", "damaged"]),
        (R::UnknownVersion { found: 9, understood: vec![1, 2] }, &["version 9", "1 and 2"]),
        (R::Expired { at: Some(NOW) }, &["2026-09-21 14:13:20 UTC", "new one"]),
        (R::Expired { at: None }, &["expired", "new one"]),
        (R::OwnInvitation, &["your own invitation"]),
        (
            R::AlreadyAccepted { name: "acme".into(), state: ConnectionState::Connected },
            &["already accepted", "**acme**", "connected"],
        ),
        (
            R::SamePeer { name: "acme".into(), id: id('a'), state: ConnectionState::Offline },
            &["**acme**", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "one connection only", "offline"],
        ),
        (unreachable(FailedStep::NameResolution), &["https://two.example.org", "resolved", "firewall", "proxy"]),
        (unreachable(FailedStep::Connect), &["no connection"]),
        (unreachable(FailedStep::Tls { reason: "expired\n`on` |".into() }), &["``expired `on` |``"]),
        (unreachable(FailedStep::Timeout { seconds: 15 }), &["15 seconds"]),
        (unreachable(FailedStep::Status(502)), &["502"]),
        (
            unreachable(FailedStep::Redirect { target: "https://sso.example/".into() }),
            &["redirects to `https://sso.example/`", "not followed"],
        ),
        (unreachable(FailedStep::Exchange { reason: "broke @all".into() }), &["`broke @all`"]),
        (
            R::AddressRefused { url: url.clone(), why: "10.0.0.1 is private, see PrivatePeerAddresses".into() },
            &["https://two.example.org", "`10.0.0.1 is private, see PrivatePeerAddresses`"],
        ),
        (R::LegacyPeer, &["`ConnectedWorkspacesSettings.LegacyPeers`"]),
        (R::Peer(PeerReason::Unknown), &["does not know this invitation"]),
        (R::Peer(PeerReason::AlreadyAccepted), &["accepted this invitation before"]),
        (R::Peer(PeerReason::Expired), &["expired"]),
        (R::Peer(PeerReason::Disabled), &["switched off there"]),
        (R::Peer(PeerReason::Incompatible { theirs: Some("2".into()), ours: "1".into() }), &["`2` there", "`1` here"]),
        (R::Peer(PeerReason::Incompatible { theirs: None, ours: "1".into() }), &["another one there", "`1` here"]),
        (R::Unusable { why: "names no connection".into() }, &["opened", "`names no connection`"]),
        (R::Peer(PeerReason::AlreadyConnected), &["already connected"]),
        (R::Peer(PeerReason::Other("[x](http://y) @all".into())), &["`[x](http://y) @all`"]),
        (R::Throttled { until: NOW }, &["2026-09-21 14:13:20 UTC"]),
        (
            R::AlreadyRemoved { display_name: "Acme".into(), at: Some(NOW), by: Some("root".into()), severed: false },
            &["**Acme**", "2026-09-21 14:13:20 UTC", "by `root`"],
        ),
        (R::AlreadyRemoved { display_name: "Acme".into(), at: None, by: None, severed: true }, &["by the other side"]),
    ];
    for (refusal, parts) in cases {
        contains(&connection_refusal(&refusal), parts);
    }
}

const CONNECTION_COLUMNS: [&str; 9] = [
    "Secure connection",
    "Description",
    "Connection ID",
    "Connection URL",
    "Default team",
    "Invite accepted",
    "Online",
    "Last ping (UTC)",
    "Deleted",
];

fn row(cluster: &RemoteCluster) -> ConnectionRow<'_> {
    ConnectionRow { cluster, team: None, invitation_expired: None }
}

/// SC-043, SC-051, SC-053.
#[test]
fn the_connection_table_has_the_columns_and_order_of_the_specification() {
    let connected = RemoteCluster { description: "for | ops".into(), ..cluster('a', "b_b", "Zeta") };
    let also_connected = cluster('b', "Acme", "");
    let offline = RemoteCluster { last_ping_at: Some(Millis(NOW.0 - OFFLINE_AFTER)), ..cluster('c', "off", "Alpha") };
    let waiting = pending('d', "wait", "Aaa");
    let removed = RemoteCluster { delete_at: Some(Millis(NOW.0 - 10 * DAY)), ..cluster('e', "gone", "Gone") };
    let severed = RemoteCluster { delete_at: Some(NOW), severed: true, ..cluster('f', "cut", "Cut") };
    let long_gone = RemoteCluster { delete_at: Some(Millis(NOW.0 - 31 * DAY)), ..cluster('g', "long", "Long") };
    let mut rows: Vec<ConnectionRow<'_>> =
        [&long_gone, &removed, &severed, &waiting, &offline, &connected, &also_connected].map(row).to_vec();
    rows[5].team = Some("Operations");
    let table = cells(&connection_table(&rows, NOW, OFFLINE_AFTER));
    assert_eq!(table[0], CONNECTION_COLUMNS);
    let ids: Vec<char> = table[2..].iter().map(|row| row[2].chars().next().unwrap()).collect();
    assert_eq!(ids, ['b', 'a', 'c', 'd', 'f', 'e']);
    let last_ping = "2026-09-21 14:13:10 UTC";
    assert_eq!(
        table[2],
        ["Acme", "Acme", &"b".repeat(26), "https://acme.example", "--", "Yes", "Yes", last_ping, "No"]
    );
    assert_eq!(table[3][..2], ["b_b", "Zeta (for \\| ops)"]);
    assert_eq!(table[3][4], "Operations");
    assert_eq!(table[4][5..], ["Yes", "No", "2026-09-21 14:08:20 UTC", "No"]);
    assert_eq!(table[5][3..], ["--", "--", "No", "No", "--", "No"]);
    assert_eq!(table[6][6..], ["No", last_ping, "Yes (by peer)"]);
    assert_eq!(table[7][6..], ["No", last_ping, "Yes"]);
}

/// E-156.
#[test]
fn hostile_values_cannot_leave_their_cell() {
    let hostile = RemoteCluster {
        name: "a|b\n| x |".into(),
        description: "@all [x](https://y) `z`".into(),
        site_url: Some("https://x|y ![](z)".into()),
        ..cluster('a', "n", "**bold** <b>")
    };
    let text = connection_table(&[row(&hostile)], NOW, OFFLINE_AFTER);
    let table = cells(&text);
    assert_eq!((table.len(), table[0].len()), (3, 9), "{text}");
    for active in ["@all", "](https://", "**bold**", "<b>", "![](", " `z`"] {
        assert!(!text.contains(active), "{active} in {text}");
    }
}

/// SC-051.
#[test]
fn few_and_many_connections() {
    assert!(!connection_table(&[], NOW, OFFLINE_AFTER).contains('|'));
    let many: Vec<RemoteCluster> = (0..103).map(|n| cluster('a', "x", &format!("Org {n:03}"))).collect();
    let rows: Vec<ConnectionRow<'_>> = many.iter().map(row).collect();
    let text = connection_table(&rows, NOW, OFFLINE_AFTER);
    assert_eq!(cells(&text).len(), 102);
    contains(&text, &["Org 099", "3 more", "system console"]);
    assert!(!text.contains("Org 100"));
}

#[test]
fn expired_invitations_and_unrotated_credentials_are_noted() {
    let waiting = pending('a', "wait", "Waiting");
    let old = RemoteCluster { unrotated: true, ..cluster('b', "old", "Old") };
    let rows = [ConnectionRow { invitation_expired: Some(NOW), ..row(&waiting) }, row(&old)];
    let text = connection_table(&rows, NOW, OFFLINE_AFTER);
    contains(
        &text,
        &["**Waiting**: the invitation expired on 2026-09-21 14:13:20 UTC", "**Old**: unrotated credential"],
    );
    cells(&text);
}

#[test]
fn one_connection_in_detail() {
    let failing = RemoteCluster {
        last_error: "certificate expired @all".into(),
        failing_since: Some(Millis(NOW.0 - 60_000)),
        ..cluster('a', "acme", "Acme")
    };
    let health = Health {
        remote: failing.clone(),
        state: State::Connected,
        since: NOW,
        measured: Measured {
            round_trip: Some(35),
            clock_skew: -1_200,
            failure: Some(Failure { cause: Cause::Tcp, text: failing.last_error.clone(), at: NOW }),
            ..Measured::default()
        },
        waiting: 17,
        waiting_bytes: 2_048,
        lag: 3 * 3_600_000 + 20 * 60_000,
        channels: Vec::new(),
        set_aside: 2,
        availability: (999, 1),
        held: None,
        recoveries: Vec::new(),
        full_at: Some(NOW),
        today: Brought::default(),
        token: rialto_app::connections::Standing { renewed_at: None, offered_at: None },
    };
    let detail = ConnectionDetail { row: row(&failing), creator: Some("root"), health: &health, channels: 4 };
    let text = connection_detail(&detail, NOW, OFFLINE_AFTER);
    let table = cells(&text);
    let value = |name: &str| table.iter().find(|row| row[0] == name).unwrap()[1].replace('\u{2060}', "");
    assert_eq!(value("State"), "connected");
    assert_eq!(value("Waiting"), "17");
    assert_eq!(value("Lag"), "3 h 20 min");
    assert_eq!(value("Set aside"), "2");
    assert_eq!((value("Waiting bytes").as_str(), value("Round trip").as_str()), ("2048", "35 ms"));
    assert_eq!((value("Clock ahead of ours").as_str(), value("Availability (24 h)").as_str()), ("-1200 ms", "99.90 %"));
    assert!(text.contains("(tcp)") && text.contains("firewall"), "{text}");
    contains(&text, &["Last error: `certificate expired @all`", "no room left"]);
    assert_eq!(duration(45_999), "45 s");
    assert_eq!(duration(12 * 60_000), "12 min");
    assert_eq!(duration(2 * DAY + 4 * 3_600_000), "2 d 4 h");
}

fn share(remote: RemoteId, state: ShareState) -> Share {
    Share {
        id: ShareId::from_random([9; 16]),
        channel_id: channel_id(),
        remote_id: remote,
        home: true,
        creator_id: UserId::from_random([1; 16]),
        mode: ShareMode::Participation,
        state,
        reason: String::new(),
        description: String::new(),
        create_at: NOW,
        update_at: NOW,
        from_seq: None,
        last_sync_at: None,
    }
}

fn channel_id() -> ChannelId {
    ChannelId::parse(&"z".repeat(26)).unwrap()
}

/// SC-082, SC-083, SC-085.
#[test]
fn the_share_table_has_the_columns_of_the_specification() {
    let (one, two, three, four) = (
        cluster('a', "one", "Beta"),
        pending('b', "two", "Alpha"),
        cluster('c', "three", "Gone"),
        cluster('d', "d", "Delta"),
    );
    let active = Share {
        mode: ShareMode::ReadOnly,
        description: "till June".into(),
        last_sync_at: Some(NOW),
        ..share(one.id, ShareState::Active)
    };
    let queued = share(two.id, ShareState::Queued);
    let ended = share(three.id, ShareState::Ended);
    let failed = Share { reason: "refused | @all".into(), ..share(four.id, ShareState::Failed) };
    let rows = [
        ShareRow { share: &active, cluster: &one, waiting: 0 },
        ShareRow { share: &queued, cluster: &two, waiting: 12 },
        ShareRow { share: &ended, cluster: &three, waiting: 0 },
        ShareRow { share: &failed, cluster: &four, waiting: 0 },
    ];
    let channel = SharedChannel { display_name: "Ops", id: channel_id(), home: None };
    let text = share_table(&channel, &rows, NOW, OFFLINE_AFTER);
    let table = cells(&text);
    assert_eq!(
        table[0],
        [
            "Secure connection",
            "Description",
            "Connection ID",
            "Connection URL",
            "Read only channel",
            "Invite accepted",
            "Online",
            "Last ping (UTC)",
            "Last sync (UTC)",
            "State",
        ]
    );
    assert_eq!(table.len(), 5);
    assert_eq!(table[2][1..], ["Alpha", &"b".repeat(26), "--", "False", "No", "No", "--", "--", "queued, 12 waiting",]);
    assert_eq!(table[3][1], "Beta (till June)");
    assert_eq!(table[3][4..], ["True", "Yes", "Yes", "2026-09-21 14:13:10 UTC", "2026-09-21 14:13:20 UTC", "active"]);
    assert_eq!(table[4][9], "failed (refused \\| @\u{2060}all)");
    contains(&text, &["**Ops**", &format!("`{}`", "z".repeat(26)), "home is this server"]);
    let copy = SharedChannel { home: Some("Acme"), ..channel };
    contains(&share_table(&copy, &rows[..1], NOW, OFFLINE_AFTER), &["home is **Acme**"]);
    let text = share_table(&channel, &rows[2..3], NOW, OFFLINE_AFTER);
    assert!(!text.contains('|') && text.contains("shared with nobody"), "{text}");
}

#[test]
fn the_invite_answer_says_shared_sent_or_queued_and_the_mode() {
    let sample = || Invited {
        newly_shared: true,
        display_name: "Acme",
        site_url: Some("https://acme.example"),
        invitation: Invitation::Sent,
        mode: ShareMode::ReadOnly,
        converted: false,
        moderation_stays: false,
        history: None,
    };
    contains(&invited(&sample()), &["now shared", "sent to **Acme** (https://acme.example)", "read-only"]);
    let text = invited(&Invited {
        newly_shared: false,
        invitation: Invitation::Queued(ConnectionState::Offline),
        mode: ShareMode::Participation,
        converted: true,
        moderation_stays: true,
        history: Some(Extent { messages: None, days: Some(30) }),
        ..sample()
    });
    assert!(!text.contains("now shared"));
    contains(&text, &["queued", "offline", "participation", "mode of the share was changed", "moderation", "30 days"]);
    let text =
        invited(&Invited { site_url: None, invitation: Invitation::Queued(ConnectionState::Pending), ..sample() });
    contains(&text, &["queued", "accepted the connection"]);
    contains(&shared(true), &["now shared", "Nobody is invited", "were not used"]);
    assert!(!shared(false).contains("were not used"));
}

#[test]
fn ends_name_who_remains_and_who_was_there() {
    let remaining = ["Globex".to_owned()];
    let text = uninvited(&Uninvited { display_name: "Acme", remaining: &remaining, learns: PeerLearns::Told });
    contains(&text, &["no longer shared with **Acme**", "still shared with **Globex**", "was told"]);
    let text = uninvited(&Uninvited { display_name: "Acme", remaining: &[], learns: PeerLearns::Never });
    contains(&text, &["The channel is no longer shared.", "will not notice"]);
    let with = [
        ("Acme".to_owned(), PeerLearns::Told),
        ("Globex".to_owned(), PeerLearns::NotReached),
        ("Old".to_owned(), PeerLearns::Never),
        ("New".to_owned(), PeerLearns::AtNextAttempt),
    ];
    let text = unshared(&Unshared { with: &with, copy: false });
    contains(
        &text,
        &[
            "no longer shared",
            "**Acme**, **Globex**, **Old** and **New**",
            "Not reached: **Globex**",
            "**Old** cannot be told and will not",
            "**New** cannot be told and will notice",
        ],
    );
    contains(&unshared(&Unshared { with: &with[..1], copy: true }), &["left the share of **Acme**"]);
    contains(&unshared(&Unshared { with: &[], copy: false }), &["shared with nobody"]);
}

#[test]
fn every_refusal_of_share_channel_names_its_facts() {
    use ShareRefusal as R;
    let acme = || "Acme".to_owned();
    let given = ConnectionRef("x`y".into());
    let cases: Vec<(R, &[&str])> = vec![
        (R::DirectChannel, &["Direct and group messages"]),
        (R::Archived, &["Unarchive"]),
        (R::ForeignOrigin { organisation: acme() }, &["originates from **Acme**", "not possible"]),
        (R::AlreadyInvited { display_name: acme(), state: ShareState::Queued }, &["already invited", "queued"]),
        (
            R::OtherMode { display_name: acme(), id: id('a'), now: ShareMode::ReadOnly },
            &[
                "read-only",
                "/share-channel uninvite --connectionID aaaaaaaaaaaaaaaaaaaaaaaaaa",
                "/share-channel invite --connectionID aaaaaaaaaaaaaaaaaaaaaaaaaa --readonly N",
                "`--convert`",
            ],
        ),
        (R::OtherMode { display_name: acme(), id: id('a'), now: ShareMode::Participation }, &["--readonly Y"]),
        (R::CopyWouldBeDeleted { display_name: acme() }, &["delete its copy", "Duplicate"]),
        (R::NoTeamThere { display_name: acme() }, &["**Acme**", "no team"]),
        (R::ManagedMembership, &["exclude each other"]),
        (R::Policy { rule: "no private channels".into() }, &["`no private channels`"]),
        (
            R::ConnectionEnded { display_name: acme(), state: ConnectionState::Severed },
            &["ended by the other side", "`/secure-connection status`"],
        ),
        (R::ConnectionEnded { display_name: acme(), state: ConnectionState::Removed }, &["was removed"]),
        (
            R::NotInvited { given: given.clone(), invited: vec![(acme(), id('b'))] },
            &["``x`y``", "`bbbbbbbbbbbbbbbbbbbbbbbbbb` – Acme"],
        ),
        (R::NotInvited { given, invited: vec![] }, &["nobody is"]),
        (R::NotShared, &["not shared"]),
        (R::AlreadyShared, &["shared already"]),
        (R::NoDefaultMode, &["`--readonly`", "Nothing was changed"]),
        (R::HistoryOff, &["`ConnectedWorkspacesSettings.HistoryBackfillMax`"]),
        (R::HistoryLimit { most: History::Messages(500) }, &["500 earlier messages", "Nothing was shared"]),
        (R::HistoryLimit { most: History::Days(7) }, &["7 days", "Nothing was shared"]),
        (R::HistoryNotThere { display_name: acme() }, &["Acme", "takes no earlier messages", "Nothing was shared"]),
    ];
    for (refusal, parts) in cases {
        contains(&share_refusal(&refusal), parts);
    }
}

#[test]
fn every_parse_error_names_its_facts() {
    let trigger = Trigger::Current(Command::ShareChannel);
    let unknown = |given: &str, closest, elsewhere| ParseError::UnknownFlag {
        action: Action::Invite,
        given: given.into(),
        closest,
        elsewhere,
    };
    let cases: Vec<(ParseError, &[&str])> = vec![
        (ParseError::LineTooLong { bytes: 20_000, most: 16_384 }, &["20000", "16384"]),
        (ParseError::MissingSubCommand { trigger }, &["`invite`, `uninvite`, `unshare`, `status`"]),
        (
            ParseError::UnknownSubCommand { trigger, given: Secret::new("@all"), closest: Some("invite") },
            &["`@all`", "Did you mean `invite`?", "`unshare`"],
        ),
        (
            ParseError::UnknownSubCommand {
                trigger: Trigger::Historical(Command::ShareChannel),
                given: Secret::new("x"),
                closest: None,
            },
            &["`/share`", "`unshare_channel`, `invite_remote`"],
        ),
        (ParseError::UnclosedQuote { flag: Some(Flag::Password), position: 47 }, &["`--password`", "character 47"]),
        (ParseError::UnclosedQuote { flag: None, position: 3 }, &["character 3"]),
        (ParseError::NamelessFlag { position: 9 }, &["character 9"]),
        (
            unknown("readonyl", Some(Flag::ReadOnly), None),
            &["`--readonyl`", "Did you mean `--readonly`?", "Nothing was done"],
        ),
        (
            unknown("team", None, Some(Flag::Team)),
            &["not a flag of `/share-channel invite`", "`--connectionID`, `--readonly`"],
        ),
        (ParseError::SpaceAroundEquals { flag: Flag::Name }, &["`--name=value`"]),
        (
            ParseError::LeftOver {
                action: Action::Create,
                words: Secret::new("USA"),
                after_secret: false,
                corrected: Some(Secret::new("/x create --displayname \"Acme USA\"")),
            },
            &["`USA`", "`/x create --displayname \"Acme USA\"`"],
        ),
        (
            ParseError::LeftOver {
                action: Action::Create,
                words: Secret::new(""),
                after_secret: true,
                corrected: None,
            },
            &["left over", "password with spaces", "Example: `/secure-connection create"],
        ),
        (ParseError::Repeated { flag: Flag::Password }, &["`--password`", "more than once"]),
        (ParseError::NotBoolean { flag: Flag::ReadOnly, given: Secret::new("maybe") }, &["`maybe`", "`--readonly`"]),
        (
            ParseError::TooLong { flag: Flag::Description, limit: Limit::Characters(256) },
            &["`--description`", "256 characters"],
        ),
        (ParseError::TooLong { flag: Flag::Password, limit: Limit::Bytes(256) }, &["`--password`", "256 bytes"]),
        (ParseError::Name(InvalidName::Character('/')), &["`/`", "periods, hyphens, underscores"]),
        (ParseError::Name(InvalidName::Character('\t')), &["U+0009"]),
        (ParseError::Name(InvalidName::Length { max: 64 }), &["64"]),
        (ParseError::Name(InvalidName::Spacing), &["space"]),
        (ParseError::NotHistory { given: Secret::new("some") }, &["`some`", "`30d`"]),
        (ParseError::NotACode, &["not an invitation code"]),
        (ParseError::NotSure, &["Nothing was done"]),
    ];
    for (error, parts) in cases {
        contains(&parse_error(&error), parts);
    }
}

#[test]
fn missing_flags_are_named_together_with_an_example() {
    let error = ParseError::Missing { action: Action::Create, flags: vec![Flag::Name, Flag::Password] };
    contains(&parse_error(&error), &["`--name` and `--password`", "Example: `/secure-connection create --name AcmeEU"]);
    contains(
        &missing(Action::Remove, &[Flag::ConnectionId]),
        &["`--connectionID` needs a value", "`/secure-connection status`"],
    );
}
