//! Files an installation moves by, whole ones under the names people know them by: what is to be imported under `import`,
//! what was exported under `export`.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File};

use super::{Disk, Writer, absent_is_fine};

/// Which of the two folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// What is to be imported.
    Import,
    /// What was exported.
    Export,
}

/// While an export is written its file ends in this, and is in no list.
pub(crate) const UNFINISHED: &str = ".part";

impl Disk {
    /// The path of a file; the name must have been checked by `file::safe_name`.
    pub(crate) fn shelf_path(&self, shelf: Shelf, name: &str) -> PathBuf {
        self.shelf_folder(shelf).join(name)
    }

    fn shelf_folder(&self, shelf: Shelf) -> PathBuf {
        self.folder.join(match shelf {
            Shelf::Import => "import",
            Shelf::Export => "export",
        })
    }

    /// The folder, made if it was not there.
    ///
    /// # Errors
    /// As the system says; so in all functions of this file.
    pub(crate) async fn make_shelf(&self, shelf: Shelf) -> io::Result<PathBuf> {
        let folder = self.shelf_folder(shelf);
        fs::create_dir_all(&folder).await?;
        Ok(folder)
    }

    /// The names of the files, in order.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn shelf_names(&self, shelf: Shelf) -> io::Result<Vec<String>> {
        let mut entries = match fs::read_dir(self.shelf_folder(shelf)).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name().into_string().unwrap_or_default();
            if entry.file_type().await?.is_file() && !name.is_empty() && !name.contains(UNFINISHED) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Opens a file; None if there is none.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn open_shelved(&self, shelf: Shelf, name: &str) -> io::Result<Option<File>> {
        match File::open(self.shelf_path(shelf, name)).await {
            Ok(open) => Ok(Some(open)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a file; one that is not there is gone already.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn drop_shelved(&self, shelf: Shelf, name: &str) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.shelf_path(shelf, name)).await)
    }
}

impl Writer {
    /// Makes the complete upload a file on the shelf, durable before this returns.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn shelve(&self, shelf: Shelf, name: &str) -> io::Result<()> {
        let folder = self.disk.make_shelf(shelf).await?;
        fs::rename(self.path(), folder.join(name)).await?;
        flush_folder(&folder).await
    }
}

/// Makes names in a folder durable.
pub(crate) async fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await?;
    match folder.parent() {
        Some(parent) => File::open(parent).await?.sync_all().await,
        None => Ok(()),
    }
}
