//! Settings that change while the server runs: the same sources as at the start, with what administrators stored.

use std::path::PathBuf;

use rialto_app::Settings;
use rialto_app::settings::{Composer, Known};
use rialto_store::settings::StoredSetting;

use super::keys::{KEYS, Key};
use super::sources::{Given, find_key};
use super::{Config, Sources, values};

/// Sections and keys that only the start of the process reads.
const AT_START: &[(&str, &[&str])] = &[
    ("ServiceSettings", &["ListenAddress"]),
    ("SqlSettings", &["DriverName", "DataSource"]),
    ("LogSettings", &["ConsoleJson", "ConsoleLevel"]),
];

/// Older spellings that are written together with the present ones (behaviour 6.1).
const TOGETHER: &[&[(&str, &str)]] = &[
    &[("ConnectedWorkspacesSettings", "EnableSharedChannels"), ("ExperimentalSettings", "EnableSharedChannels")],
    &[
        ("ConnectedWorkspacesSettings", "EnableRemoteClusterService"),
        ("ExperimentalSettings", "EnableRemoteClusterService"),
    ],
];

/// The sources of a running server.
pub struct Live {
    sources: Sources,
    /// The file that was named at the start.
    explicit: Option<PathBuf>,
    /// The path below which the server answers; its routes are laid once.
    sub_path: String,
}

impl Live {
    /// What `sources` say now stays the frame: environment and command line do not change any more.
    pub fn new(sources: Sources, explicit: Option<PathBuf>, settings: &Settings) -> Self {
        Self { sources, explicit, sub_path: sub_path(settings) }
    }

    fn with(&self, stored: &[StoredSetting]) -> Result<Sources, Vec<String>> {
        let read = Sources::find(self.explicit.as_deref(), self.sources.flags.clone()).map_err(|fault| vec![fault])?;
        // A stored value does not outweigh an older spelling in the environment.
        let is_free =
            |one: &&StoredSetting| find_key(&one.section, &one.name).is_some_and(|key| self.fixed_by(key).is_none());
        let stored = stored.iter().filter(is_free).cloned().collect();
        Ok(Sources { file: read.file, stored, ..self.sources.clone() })
    }

    fn fixed_by(&self, key: &Key) -> Option<String> {
        if key.section == "ServiceSettings" && key.name == "SiteURL" && self.sources.flags.site_url.is_some() {
            return Some("--site-url".to_owned());
        }
        if AT_START.iter().any(|(section, names)| *section == key.section && names.contains(&key.name)) {
            return Some("the configuration at the start".to_owned());
        }
        let environment = Sources { file: None, stored: Vec::new(), ..self.sources.clone() };
        let given = environment.collect(&mut Vec::new(), &mut Vec::new());
        // The other spellings of the same setting decide it as well.
        let names = |newer: &(&str, &str)| *newer == (key.section, key.name);
        let older = KEYS.iter().filter(|other| other.newer.iter().any(names)).map(|other| (other.section, other.name));
        let mut all = spellings(key).into_iter().chain(older);
        all.find_map(|spelling| given.get(&spelling)).map(|Given { from, .. }| from.clone())
    }

    fn known(&self, key: &'static Key) -> Known {
        Known { section: key.section, name: key.name, fixed_by: self.fixed_by(key), spellings: spellings(key) }
    }
}

impl Composer for Live {
    fn find(&self, section: &str, name: &str) -> Option<Known> {
        find_key(section, name).map(|key| self.known(key))
    }

    fn fixed(&self) -> Vec<Known> {
        KEYS.iter().map(|key| self.known(key)).filter(|known| known.fixed_by.is_some()).collect()
    }

    fn compose(&self, stored: &[StoredSetting]) -> Result<Settings, Vec<String>> {
        let config = Config::read(&self.with(stored)?).map_err(|faults| faults.0)?;
        if sub_path(&config.settings) != self.sub_path {
            return Err(vec!["ServiceSettings.SiteURL: its path is set when the server starts".to_owned()]);
        }
        Ok(config.settings)
    }
}

/// The setting under all names it is written by.
fn spellings(key: &Key) -> Vec<(&'static str, &'static str)> {
    let mine = (key.section, key.name);
    let together = TOGETHER.iter().find(|together| together.contains(&mine));
    together.map_or_else(|| vec![mine], |together| together.to_vec())
}

fn sub_path(settings: &Settings) -> String {
    let site_url = settings.site_url.as_deref().unwrap_or_default();
    values::path_of(site_url)
}
