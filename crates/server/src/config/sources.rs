//! Where settings are given: file and environment, merged into one table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rialto_store::settings::StoredSetting;
use serde_json::Value;

use super::keys::{self, Key};
use super::sections::{self, OURS};

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--data-dir`.
    pub data_dir: PathBuf,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--site-url`.
    pub site_url: Option<String>,
    /// `--database-url`.
    pub database_url: Option<String>,
}

/// All sources of one configuration.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Name and text of the file, if there is one.
    pub file: Option<(PathBuf, String)>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// What administrators changed while the server ran.
    pub stored: Vec<StoredSetting>,
    /// The command line.
    pub flags: Flags,
}

/// A setting as it was given, and where.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) value: Value,
    /// For messages: `MM_TEAMSETTINGS_SITENAME`, or the file's name.
    pub(super) from: String,
}

/// Known settings by section and key.
pub(super) type Table = BTreeMap<(&'static str, &'static str), Given>;

impl Sources {
    /// Reads the file `explicit`, or else `config.toml` or `config.json` in the data directory if one is there.
    ///
    /// # Errors
    /// The sentence to show if the file cannot be read, or both are there.
    pub fn find(explicit: Option<&Path>, flags: Flags) -> Result<Sources, String> {
        let read = |path: &Path| {
            std::fs::read_to_string(path)
                .map(|text| (path.to_owned(), text))
                .map_err(|error| format!("{} cannot be read: {error}", path.display()))
        };
        let file = match explicit {
            Some(path) => Some(read(path)?),
            None => {
                let here: Vec<PathBuf> = ["config.toml", "config.json"]
                    .iter()
                    .map(|name| flags.data_dir.join(name))
                    .filter(|path| path.exists())
                    .collect();
                match here.as_slice() {
                    [] => None,
                    [path] => Some(read(path)?),
                    _ => return Err("both config.toml and config.json are there; name one with --config".to_owned()),
                }
            }
        };
        Ok(Sources { file, environment: std::env::vars().collect(), stored: Vec::new(), flags })
    }

    pub(super) fn collect(&self, not_used: &mut Vec<String>, faults: &mut Vec<String>) -> Table {
        let mut table = Table::new();
        if let Some((path, text)) = &self.file {
            read_file(&mut table, path, text, not_used, faults);
        }
        // What an administrator changed last counts more than the file that the server was set up with.
        for stored in &self.stored {
            if let Some(key) = find_key(&stored.section, &stored.name)
                && let Ok(value) = serde_json::from_str(&stored.value)
            {
                table.insert((key.section, key.name), Given { value, from: "the database".to_owned() });
            }
        }
        // In this order, so that ours override Mattermost's.
        for prefix in ["MM_", "RIALTO_"] {
            for (name, value) in &self.environment {
                if let Some(rest) = name.strip_prefix(prefix) {
                    read_variable(&mut table, name, rest, value, not_used, faults);
                }
            }
        }
        table
    }
}

fn read_file(table: &mut Table, path: &Path, text: &str, not_used: &mut Vec<String>, faults: &mut Vec<String>) {
    let name = path.display();
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let parsed: Result<Value, String> = if is_json {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        toml::from_str(text).map_err(|error| error.to_string())
    };
    let sections = match parsed {
        Ok(Value::Object(sections)) => sections,
        Ok(_) => return faults.push(format!("{name} must hold sections")),
        Err(error) => {
            return faults.push(format!("{name} cannot be read: {}", error.trim_end().replace('\n', "\n    ")));
        }
    };
    for (section, values) in sections {
        let Some(section) = sections::find(&section) else {
            faults.push(format!("{name}: there is no section {section}"));
            continue;
        };
        let Value::Object(values) = values else {
            faults.push(format!("{name}: {section} must hold keys"));
            continue;
        };
        for (key, value) in values {
            match look_up(section, &key) {
                Found::Known(known) => {
                    table.insert((known.section, known.name), Given { value, from: name.to_string() });
                }
                Found::NotUsed => not_used.push(format!("{section}.{key}")),
                Found::Misspelt => faults.push(format!("{name}: {section} has no key {key}")),
            }
        }
    }
}

fn read_variable(
    table: &mut Table,
    name: &str,
    rest: &str,
    value: &str,
    not_used: &mut Vec<String>,
    faults: &mut Vec<String>,
) {
    let is_ours = name.starts_with("RIALTO_");
    let found = rest.split_once('_').and_then(|(section, key)| sections::find(section).map(|section| (section, key)));
    match found.map(|(section, key)| (look_up(section, key), section, key)) {
        Some((Found::Known(known), ..)) => {
            let given = Given { value: Value::String(value.to_owned()), from: name.to_owned() };
            table.insert((known.section, known.name), given);
        }
        Some((Found::NotUsed | Found::Misspelt, section, key)) if is_ours => {
            faults.push(format!("{name}: {section} has no key {key}"));
        }
        // Ruling 77: a foreign name never stops the start, and ours without a section may mean anything.
        Some(_) => not_used.push(name.to_owned()),
        None if is_ours => {}
        None => not_used.push(name.to_owned()),
    }
}

/// The setting of these names in any case.
pub(super) fn find_key(section: &str, name: &str) -> Option<&'static Key> {
    let same = |key: &&Key| key.section.eq_ignore_ascii_case(section) && key.name.eq_ignore_ascii_case(name);
    keys::KEYS.iter().find(same)
}

enum Found {
    Known(&'static Key),
    NotUsed,
    Misspelt,
}

fn look_up(section: &str, key: &str) -> Found {
    let same = |name: &&str| name.eq_ignore_ascii_case(key);
    match keys::KEYS.iter().find(|known| known.section == section && same(&known.name)) {
        Some(known) => Found::Known(known),
        None if section == OURS => Found::Misspelt,
        None => Found::NotUsed,
    }
}
