//! The bytes of files: complete ones under `files`, arriving ones under `uploads`, pictures made of them beside.
//!
//! Bytes come before rows: a file is complete and flushed before the row that names it commits, so a crash leaves bytes
//! without a row, which are swept, and never a row without bytes.

pub(crate) mod bulk;
mod emoji;
mod portraits;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use rialto_model::{FileId, ItemId};
use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// Bytes read at once when a file is hashed.
const PAGE: usize = 256 << 10;

/// How long a sender may be silent. When a line breaks, the end of a request may never be told, and nobody else writes
/// while it is waited for; whoever sends goes on from what is here, so ending too early costs little.
const SILENCE: Duration = Duration::from_secs(20);

/// A folder of files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: Arc<Path>,
    /// Uploads somebody is writing right now: one writer each.
    writers: Arc<Mutex<HashSet<ItemId>>>,
    /// Removes the folder of a test with the last clone.
    #[cfg(any(test, feature = "testing"))]
    _scratch: Option<Arc<tempfile::TempDir>>,
}

impl Disk {
    /// Files below `folder`, which is made when the first one arrives.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Arc::from(folder.into()),
            writers: Arc::default(),
            #[cfg(any(test, feature = "testing"))]
            _scratch: None,
        }
    }

    /// A folder of its own that ends with the test.
    ///
    /// # Panics
    /// If the system gives none.
    #[cfg(any(test, feature = "testing"))]
    #[expect(clippy::expect_used, reason = "a test without its folder must fail")]
    pub fn scratch() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let disk = Self::new(folder.path());
        Self { _scratch: Some(Arc::new(folder)), ..disk }
    }

    fn upload_path(&self, upload: &ItemId) -> PathBuf {
        self.folder.join("uploads").join(upload.as_str())
    }

    /// Folders by the first two characters, so that none holds a million entries.
    fn file_path(&self, file: &FileId, suffix: &str) -> PathBuf {
        let name = file.as_str();
        self.folder.join("files").join(name.get(..2).unwrap_or("--")).join(format!("{name}{suffix}"))
    }

    /// Bytes of an upload that have arrived.
    ///
    /// # Errors
    /// As the system says.
    pub async fn received(&self, upload: &ItemId) -> io::Result<u64> {
        match fs::metadata(self.upload_path(upload)).await {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// The right to write an upload; None while somebody else has it.
    pub fn claim(&self, upload: &ItemId) -> Option<Writer> {
        let fresh = self.writers.lock().unwrap_or_else(PoisonError::into_inner).insert(*upload);
        fresh.then(|| Writer { disk: self.clone(), upload: *upload })
    }

    /// Opens a complete file.
    ///
    /// # Errors
    /// As the system says.
    pub async fn open(&self, file: &FileId) -> io::Result<File> {
        File::open(self.file_path(file, "")).await
    }

    /// Opens a picture made of a file, if it was made.
    ///
    /// # Errors
    /// As the system says.
    pub async fn open_picture(&self, file: &FileId, suffix: &str) -> io::Result<Option<File>> {
        match File::open(self.file_path(file, suffix)).await {
            Ok(open) => Ok(Some(open)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a picture made of a file. Losing one costs making it again, so it is not flushed.
    ///
    /// # Errors
    /// As the system says.
    pub async fn keep_picture(&self, file: &FileId, suffix: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.file_path(file, suffix);
        // Nobody reads half a picture: it appears under its name when it is whole.
        let part = self.file_path(file, &format!("{suffix}.part"));
        fs::write(&part, bytes).await?;
        fs::rename(part, path).await
    }

    /// The path of a complete file, for what reads it outside of the runtime.
    pub(crate) fn path(&self, file: &FileId) -> PathBuf {
        self.file_path(file, "")
    }

    /// Removes an upload that will not be completed.
    ///
    /// # Errors
    /// As the system says.
    pub async fn drop_upload(&self, upload: &ItemId) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.upload_path(upload)).await)
    }

    /// Removes bytes in `uploads` nobody has written to since `edge`: their server ended before they had a row.
    ///
    /// # Errors
    /// As the system says.
    pub async fn sweep(&self, edge: SystemTime) -> io::Result<usize> {
        let mut entries = match fs::read_dir(self.folder.join("uploads")).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut removed = 0;
        while let Some(entry) = entries.next_entry().await? {
            if entry.metadata().await?.modified()? < edge {
                absent_is_fine(fs::remove_file(entry.path()).await)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// How writing to an upload ended.
#[derive(Debug)]
pub enum Written {
    /// Everything offered is there: so many bytes in all.
    Upto(u64),
    /// More was offered than the upload may have; it stands at its limit.
    TooMuch,
    /// The sender broke off; so many bytes are there and may be continued.
    BrokenOff(u64),
}

/// The only one who writes an upload.
#[derive(Debug)]
pub struct Writer {
    disk: Disk,
    upload: ItemId,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.disk.writers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.upload);
    }
}

impl Writer {
    /// Appends what `content` brings, up to `limit` bytes in all, and flushes it to the disk. Holds one chunk in memory.
    ///
    /// # Errors
    /// As the system says; what was written before stays.
    pub async fn append<E>(&self, content: impl Stream<Item = Result<Bytes, E>>, limit: u64) -> io::Result<Written> {
        self.append_from(content, limit, SILENCE).await
    }

    async fn append_from<E>(
        &self,
        content: impl Stream<Item = Result<Bytes, E>>,
        limit: u64,
        silence: Duration,
    ) -> io::Result<Written> {
        let path = self.disk.upload_path(&self.upload);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).await?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path).await?;
        let mut length = file.metadata().await?.len();
        let mut content = pin!(content);
        let mut end = None;
        loop {
            let chunk = match tokio::time::timeout(silence, content.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(chunk))) => chunk,
                Ok(Some(Err(_))) | Err(_) => {
                    end = Some(false);
                    break;
                }
            };
            let room = usize::try_from(limit.saturating_sub(length)).unwrap_or(usize::MAX);
            let taken = chunk.get(..room).unwrap_or(&chunk);
            file.write_all(taken).await?;
            length += taken.len() as u64;
            if chunk.len() > room {
                end = Some(true);
                break;
            }
        }
        file.flush().await?;
        file.sync_data().await?;
        Ok(match end {
            None => Written::Upto(length),
            Some(true) => Written::TooMuch,
            Some(false) => Written::BrokenOff(length),
        })
    }

    /// SHA-256 of what has arrived, lower-case hex.
    ///
    /// # Errors
    /// As the system says.
    pub async fn sha256(&self) -> io::Result<String> {
        let mut file = File::open(self.disk.upload_path(&self.upload)).await?;
        let mut hash = Sha256::new();
        let mut page = vec![0; PAGE];
        loop {
            let read = file.read(&mut page).await?;
            match page.get(..read) {
                Some(bytes) if read > 0 => hash.update(bytes),
                _ => break,
            }
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The path of what has arrived, for what reads it outside of the runtime.
    pub(crate) fn path(&self) -> PathBuf {
        self.disk.upload_path(&self.upload)
    }

    /// Forgets what has arrived.
    ///
    /// # Errors
    /// As the system says.
    pub async fn restart(&self) -> io::Result<()> {
        self.disk.drop_upload(&self.upload).await
    }

    /// Makes the complete upload the file `id`, durable before this returns. Again after a crash: nothing happens.
    ///
    /// # Errors
    /// As the system says.
    pub async fn keep(&self, id: &FileId) -> io::Result<()> {
        let (from, to) = (self.disk.upload_path(&self.upload), self.disk.file_path(id, ""));
        let parent = to.parent().map(Path::to_owned).unwrap_or_default();
        fs::create_dir_all(&parent).await?;
        match fs::rename(&from, &to).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound && fs::try_exists(&to).await? => {}
            other => other?,
        }
        for folder in [parent.as_path(), parent.parent().unwrap_or(&parent)] {
            File::open(folder).await?.sync_all().await?;
        }
        Ok(())
    }
}

/// Reads a file from `offset` on, in pages.
///
/// # Errors
/// As the system says; so does the stream.
pub async fn stream(
    mut file: File,
    offset: u64,
    length: u64,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    file.seek(io::SeekFrom::Start(offset)).await?;
    let pages = futures_util::stream::unfold((file, length), async |(mut file, left)| {
        if left == 0 {
            return None;
        }
        let mut page = vec![0; usize::try_from(left).unwrap_or(PAGE).min(PAGE)];
        match file.read(&mut page).await {
            Ok(0) => None,
            Ok(read) => {
                page.truncate(read);
                Some((Ok(Bytes::from(page)), (file, left - read as u64)))
            }
            Err(error) => Some((Err(error), (file, 0))),
        }
    });
    // Some readers, encoders among them, ask once more after the end.
    Ok(pages.fuse())
}

#[cfg(test)]
mod tests {

    use futures_util::stream;

    use super::*;

    fn chunks(parts: &[&'static str]) -> impl Stream<Item = Result<Bytes, &'static str>> + use<> {
        stream::iter(parts.iter().map(|part| Ok(Bytes::from_static(part.as_bytes()))).collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn an_upload_grows_by_parts_and_becomes_a_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let (upload, file) = (ItemId::from_random([1; 16]), FileId::from_random([2; 16]));
        let writer = disk.claim(&upload).unwrap();
        assert!(disk.claim(&upload).is_none(), "one writer");
        let broken = chunks(&["hello "]).chain(stream::iter([Err("gone")]));
        assert!(matches!(writer.append(broken, 11).await.unwrap(), Written::BrokenOff(6)));
        drop(writer);
        let writer = disk.claim(&upload).unwrap();
        assert_eq!(disk.received(&upload).await.unwrap(), 6);
        assert!(matches!(writer.append(chunks(&["wor", "ld"]), 11).await.unwrap(), Written::Upto(11)));
        assert!(matches!(writer.append(chunks(&["!"]), 11).await.unwrap(), Written::TooMuch));
        assert_eq!(writer.sha256().await.unwrap(), "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
        writer.keep(&file).await.unwrap();
        writer.keep(&file).await.unwrap();
        let all: Vec<Bytes> =
            super::stream(disk.open(&file).await.unwrap(), 4, 3).await.unwrap().map(Result::unwrap).collect().await;
        assert_eq!(all.concat(), b"o w");
        assert_eq!(disk.received(&upload).await.unwrap(), 0);
    }

    /// E-062: a line that broke without a word holds nobody up.
    #[tokio::test]
    async fn a_sender_that_falls_silent_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let upload = ItemId::from_random([1; 16]);
        let silent = chunks(&["half"]).chain(stream::pending());
        let written = disk.claim(&upload).unwrap().append_from(silent, 8, Duration::from_millis(1)).await.unwrap();
        assert!(matches!(written, Written::BrokenOff(4)), "{written:?}");
        let written = disk.claim(&upload).unwrap().append(chunks(&["rest"]), 8).await.unwrap();
        assert!(matches!(written, Written::Upto(8)), "{written:?}");
    }

    #[tokio::test]
    async fn what_nobody_completes_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let (past, future) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40));
        assert_eq!(disk.sweep(future).await.unwrap(), 0);
        let writer = disk.claim(&ItemId::from_random([1; 16])).unwrap();
        writer.append(chunks(&["x"]), 9).await.unwrap();
        assert_eq!(disk.sweep(past).await.unwrap(), 0);
        assert_eq!(disk.sweep(future).await.unwrap(), 1);
    }
}
