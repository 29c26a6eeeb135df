use std::path::PathBuf;

use rialto_app::settings::Policy;

use super::*;

fn sources(file: Option<(&str, &str)>, environment: &[(&str, &str)]) -> Sources {
    Sources {
        file: file.map(|(name, text)| (PathBuf::from(name), text.to_owned())),
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        stored: Vec::new(),
        flags: Flags::default(),
    }
}

fn read(file: Option<(&str, &str)>, environment: &[(&str, &str)]) -> Config {
    Config::read(&sources(file, environment)).unwrap()
}

fn faults(file: Option<(&str, &str)>, environment: &[(&str, &str)]) -> Vec<String> {
    Config::read(&sources(file, environment)).unwrap_err().0
}

#[test]
fn nothing_given_is_secure() {
    let config = read(None, &[("PATH", "/bin"), ("RIALTO_BIN", "x")]);
    assert!(!config.settings.workspaces.enable_shared_channels && !config.settings.enable_open_server);
    assert_eq!(config.settings.workspaces.private_peers, Policy::Refuse);
    assert_eq!(config.settings.workspaces.insecure_peers, Policy::Refuse);
    assert!(config.not_used.is_empty());
}

#[test]
fn later_sources_override_earlier_ones() {
    let file = Some(("config.toml", "[TeamSettings]\nSiteName = \"file\"\nMaxUsersPerTeam = 7\n"));
    let name = |environment: &[(&str, &str)]| read(file, environment).settings.site_name;
    assert_eq!(name(&[]), "file");
    assert_eq!(name(&[("MM_TEAMSETTINGS_SITENAME", "mm")]), "mm");
    assert_eq!(name(&[("RIALTO_TEAMSETTINGS_SITENAME", "ours"), ("MM_TEAMSETTINGS_SITENAME", "mm")]), "ours");
    assert_eq!(read(file, &[]).settings.max_users_per_team, 7);
    let mut sources = sources(None, &[("MM_SERVICESETTINGS_SITEURL", "https://a.example")]);
    sources.flags.site_url = Some("https://b.example/chat/".to_owned());
    let config = Config::read(&sources).unwrap();
    assert_eq!(config.settings.site_url.as_deref(), Some("https://b.example/chat"));
}

#[test]
fn json_files_of_mattermost_are_read() {
    let text = r#"{"ServiceSettings":{"SiteURL":"https://a.example","EnableLatex":true},
        "ConnectedWorkspacesSettings":{"EnableSharedChannels":true,"GlobalUserSyncBatchSize":25}}"#;
    let config = read(Some(("config.json", text)), &[("MM_LOGSETTINGS_ENABLEFILE", "false")]);
    assert!(config.settings.sharing_enabled());
    assert_eq!(config.settings.workspaces.discovery_batch, 25);
    assert_eq!(config.not_used, ["ServiceSettings.EnableLatex", "MM_LOGSETTINGS_ENABLEFILE"]);
}

#[test]
fn old_spellings_count_while_the_new_one_is_absent() {
    let config = read(None, &[("MM_EXPERIMENTALSETTINGS_ENABLESHAREDCHANNELS", "true")]);
    assert!(config.settings.workspaces.enable_shared_channels);
    let config = read(
        None,
        &[
            ("MM_EXPERIMENTALSETTINGS_ENABLESHAREDCHANNELS", "true"),
            ("MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS", "false"),
        ],
    );
    assert!(!config.settings.workspaces.enable_shared_channels);
    for (name, value, expected) in [
        ("MM_EXPERIMENTALSETTINGS_ENABLEREMOTECLUSTERS", "true", true),
        ("MM_FEATUREFLAGS_ENABLEREMOTECLUSTERSERVICE", "true", true),
        ("MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE", "false", false),
    ] {
        assert_eq!(read(None, &[(name, value)]).settings.connections_enabled(), expected, "{name}");
    }
}

#[test]
fn sharing_alone_turns_connections_on_unless_they_are_off_explicitly() {
    let on = ("MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS", "true");
    assert!(read(None, &[on]).settings.sharing_enabled());
    let off = ("MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE", "false");
    assert!(!read(None, &[on, off]).settings.sharing_enabled());
}

#[test]
fn all_faults_are_told_at_once() {
    let text = "[TeamSettings]\nEnableOpenServer = 7\n[ConectedWorkspacesSettings]\nx = 1\n\
        [ConnectedWorkspacesSettings]\nEnableSharedChanels = true\nOfflineAfterSeconds = 5\n";
    let faults = faults(
        Some(("config.toml", text)),
        &[("RIALTO_TEAMSETTINGS_SITENAM", "x"), ("MM_CONNECTEDWORKSPACESSETTINGS_PRIVATEPEERADDRESSES", "maybe")],
    );
    let all = faults.join("\n");
    for expected in [
        "there is no section ConectedWorkspacesSettings",
        "has no key EnableSharedChanels",
        "TeamSettings has no key SITENAM",
        "TeamSettings.EnableOpenServer must be true or false (from config.toml)",
        "OfflineAfterSeconds must be a number from 30 to 3600",
        "PrivatePeerAddresses must be one of allow, warn, refuse (from MM_CONNECTEDWORKSPACESSETTINGS_PRIVATEPEERADDRESSES)",
    ] {
        assert!(all.contains(expected), "{expected} in:\n{all}");
    }
    assert_eq!(faults.len(), 6, "{all}");
}

#[test]
fn what_is_not_there_cannot_be_switched_on() {
    let key = "MM_CONNECTEDWORKSPACESSETTINGS_OUTBOUNDPROXY";
    read(None, &[(key, "")]);
    assert_eq!(faults(None, &[(key, "http://proxy.example:3128")]).len(), 1);
}

#[test]
fn broken_files_are_told_with_their_name() {
    for (name, text) in [("config.toml", "= 1"), ("config.json", "{"), ("config.json", "[]")] {
        let faults = faults(Some((name, text)), &[]);
        assert!(faults.len() == 1 && faults[0].starts_with(name), "{faults:?}");
    }
}

#[test]
fn site_urls_are_checked() {
    for url in ["ftp://a.example", "a.example", "https://"] {
        assert_eq!(faults(None, &[("MM_SERVICESETTINGS_SITEURL", url)]).len(), 1, "{url}");
    }
}

/// AT-23: off unless both the flag and the setting say so; a batch out of range means the default.
#[test]
fn people_are_offered_only_where_flag_and_setting_say_so() {
    let flag = ("MM_FEATUREFLAGS_ENABLESYNCALLUSERSFORREMOTECLUSTER", "true");
    let setting = ("MM_CONNECTEDWORKSPACESSETTINGS_SYNCUSERSONCONNECTIONOPEN", "true");
    let sharing = ("MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS", "true");
    for (given, takes, offers) in [
        (vec![sharing], false, false),
        (vec![sharing, setting], false, false),
        (vec![sharing, flag], true, false),
        (vec![sharing, flag, setting], true, true),
        (vec![flag, setting], false, false),
    ] {
        let settings = read(None, &given).settings;
        assert_eq!((settings.discovery_enabled(), settings.offers_people()), (takes, offers), "{given:?}");
    }
    for (given, batch) in [("1", 1), ("200", 200), ("0", 100), ("201", 100), ("-5", 100)] {
        let name = "RIALTO_CONNECTEDWORKSPACESSETTINGS_GLOBALUSERSYNCBATCHSIZE";
        assert_eq!(read(None, &[(name, given)]).settings.workspaces.discovery_batch, batch, "{given}");
    }
    assert!(faults(None, &[("RIALTO_CONNECTEDWORKSPACESSETTINGS_GLOBALUSERSYNCBATCHSIZE", "many")]).len() == 1);
}
