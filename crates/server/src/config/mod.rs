//! Configuration: `config.toml` or `config.json` with Mattermost's sections and keys, then `MM_SECTION_KEY`, then
//! `RIALTO_SECTION_KEY`, then the command line. All faults are found before any is reported. Source: ruling 77, README
//! ruling 4, behaviour 6.

mod keys;
mod live;
mod sections;
mod sources;
#[cfg(test)]
mod tests;
mod values;

use std::path::PathBuf;

use rialto_app::Settings;

pub use live::Live;
pub use sources::{Flags, Sources};

/// Everything the process needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the features are told.
    pub settings: Settings,
    /// Where data and key live.
    pub data_dir: PathBuf,
    /// `HOST:PORT`.
    pub listen: String,
    /// PostgreSQL; None: the SQLite file in the data directory.
    pub database_url: Option<String>,
    /// Log lines as JSON objects.
    pub log_json: bool,
    /// What is logged, in the words of `RUST_LOG`.
    pub log_filter: String,
    /// Settings that were given and have no effect, to be named once.
    pub not_used: Vec<String>,
}

/// Everything that is wrong with a configuration, one fault a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has faults:\n  {}", .0.join("\n  "))]
pub struct Faults(pub Vec<String>);

impl Config {
    /// Puts the configuration together from its sources.
    ///
    /// # Errors
    /// [`Faults`]: all of them.
    pub fn read(sources: &Sources) -> Result<Config, Faults> {
        let mut config = Config {
            settings: Settings::default(),
            data_dir: sources.flags.data_dir.clone(),
            listen: "127.0.0.1:8065".to_owned(),
            database_url: None,
            log_json: false,
            log_filter: "info,refinery_core=warn".to_owned(),
            not_used: Vec::new(),
        };
        let mut faults = Vec::new();
        let given = sources.collect(&mut config.not_used, &mut faults);
        keys::apply(&mut config, &given, &mut faults);
        if let Some(listen) = &sources.flags.listen {
            config.listen.clone_from(listen);
        }
        if let Some(url) = &sources.flags.database_url {
            config.database_url = Some(url.clone());
        }
        if let Some(url) = &sources.flags.site_url {
            match values::site_url(url) {
                Ok(url) => config.settings.site_url = url,
                Err(fault) => faults.push(format!("--site-url {fault}")),
            }
        }
        faults.extend(config.contradictions());
        if faults.is_empty() { Ok(config) } else { Err(Faults(faults)) }
    }

    /// Faults that lie between settings.
    fn contradictions(&self) -> Option<String> {
        let workspaces = &self.settings.workspaces;
        let ping_seconds = i64::try_from(workspaces.ping_seconds).unwrap_or(i64::MAX);
        (workspaces.offline_after_seconds <= ping_seconds)
            .then(|| "ConnectedWorkspacesSettings.OfflineAfterSeconds must be more than PingIntervalSeconds".to_owned())
    }
}
