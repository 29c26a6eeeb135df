//! Pictures of emoji on the disk, ours and those of peers: one file each, which never changes.

use std::io;
use std::path::PathBuf;

use rialto_model::ItemId;
use tokio::fs;

use super::portraits::{keep, read};
use super::{Disk, absent_is_fine};

impl Disk {
    /// Where the picture of an emoji is.
    pub(crate) fn emoji_path(&self, id: &ItemId) -> PathBuf {
        let name = id.as_str();
        self.folder.join("emoji").join(name.get(..2).unwrap_or("--")).join(name)
    }

    /// Keeps the picture of an emoji, durable before this returns. `part` names the bytes while they are written.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn keep_emoji(&self, id: &ItemId, bytes: &[u8], part: ItemId) -> io::Result<()> {
        keep(&self.emoji_path(id), bytes, part).await
    }

    /// The picture of an emoji; None if there is none.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn emoji(&self, id: &ItemId) -> io::Result<Option<Vec<u8>>> {
        read(&self.emoji_path(id)).await
    }

    /// Removes the picture of an emoji nobody names any more.
    ///
    /// # Errors
    /// As the system says.
    pub(crate) async fn drop_emoji(&self, id: &ItemId) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.emoji_path(id)).await)
    }
}
