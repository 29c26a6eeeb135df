//! Pictures of people on the disk: one file a version, named by person and time, so that no row ever names the bytes of
//! another version.

use std::io;
use std::path::{Path, PathBuf};

use rialto_model::{ItemId, Millis, UserId};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use super::{Disk, absent_is_fine};

impl Disk {
    /// Where a version of a person's picture is.
    pub(crate) fn portrait_path(&self, user: &UserId, at: Millis) -> PathBuf {
        let name = user.as_str();
        let folder = self.folder.join("people").join(name.get(..2).unwrap_or("--"));
        folder.join(format!("{name}.{}.png", at.0))
    }

    /// Keeps a version of a person's picture, durable before this returns. `part` names the bytes while they are written.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn keep_portrait(&self, user: &UserId, at: Millis, bytes: &[u8], part: ItemId) -> io::Result<()> {
        keep(&self.portrait_path(user, at), bytes, part).await
    }

    /// The bytes of a version of a person's picture; None if there is none of that time.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn portrait(&self, user: &UserId, at: Millis) -> io::Result<Option<Vec<u8>>> {
        read(&self.portrait_path(user, at)).await
    }

    /// Removes a version nobody names any more.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn drop_portrait(&self, user: &UserId, at: Millis) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.portrait_path(user, at)).await)
    }
}

/// Writes a small picture in one piece, durable before this returns. `part` names the bytes while they are written.
pub(super) async fn keep(path: &Path, bytes: &[u8], part: ItemId) -> io::Result<()> {
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    fs::create_dir_all(&folder).await?;
    let part = folder.join(format!("{part}.part"));
    let mut file = File::create(&part).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    fs::rename(&part, path).await?;
    for folder in [folder.as_path(), folder.parent().unwrap_or(&folder)] {
        File::open(folder).await?.sync_all().await?;
    }
    Ok(())
}

/// A small picture whole; None if there is none.
pub(super) async fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn versions_of_a_picture_are_files_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let (user, part) = (UserId::from_random([1; 16]), ItemId::from_random([2; 16]));
        assert_eq!(disk.portrait(&user, Millis(1)).await.unwrap(), None);
        disk.keep_portrait(&user, Millis(1), b"one", part).await.unwrap();
        disk.keep_portrait(&user, Millis(2), b"two", part).await.unwrap();
        assert_eq!(disk.portrait(&user, Millis(1)).await.unwrap().as_deref(), Some(&b"one"[..]));
        disk.drop_portrait(&user, Millis(1)).await.unwrap();
        disk.drop_portrait(&user, Millis(1)).await.unwrap();
        assert_eq!(disk.portrait(&user, Millis(1)).await.unwrap(), None);
        assert_eq!(disk.portrait(&user, Millis(2)).await.unwrap().as_deref(), Some(&b"two"[..]));
    }
}
