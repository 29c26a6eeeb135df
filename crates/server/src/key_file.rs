//! The server's key: `server.key` in the data folder, readable by its owner only. Whoever has the database without it
//! can act as nobody; whoever loses it must connect to every peer anew.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use rialto_app::{IdSource, Keys};

/// Name in the data folder.
pub const NAME: &str = "server.key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Reading or writing failed.
    #[error("the key file cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// Not 64 hexadecimal digits.
    #[error("the key file is damaged: it must hold 64 hexadecimal digits")]
    Damaged,
    /// Others may read it.
    #[error("the key file may be read by others; run: chmod 600 {0}")]
    Exposed(String),
}

/// Reads the key, or makes one at the first start.
///
/// # Errors
/// [`KeyError`].
pub fn load(data_dir: &Path, ids: &IdSource) -> Result<Keys, KeyError> {
    let path = data_dir.join(NAME);
    match std::fs::File::open(&path) {
        Ok(mut file) => {
            check_mode(&file, &path)?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            decode(text.trim()).map(Keys::new).ok_or(KeyError::Damaged)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key: [u8; 32] = ids.bytes();
            write(&path, &key)?;
            Ok(Keys::new(key))
        }
        Err(error) => Err(error.into()),
    }
}

fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (place, slot) in key.iter_mut().enumerate() {
        *slot = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(key)
}

/// Writes the file whole or not at all: beside it, to disk, then to its name.
fn write(path: &Path, key: &[u8; 32]) -> Result<(), std::io::Error> {
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let beside = path.with_extension("key.new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn check_mode(file: &std::fs::File, path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Exposed(path.display().to_string())) }
}

#[cfg(not(unix))]
fn check_mode(_: &std::fs::File, _: &Path) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = load(folder.path(), &IdSource::System).unwrap().check();
        assert_eq!(load(folder.path(), &IdSource::System).unwrap().check(), first);
        let path = folder.path().join(NAME);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(load(folder.path(), &IdSource::System), Err(KeyError::Exposed(_))));
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(load(folder.path(), &IdSource::System), Err(KeyError::Damaged)));
    }
}
