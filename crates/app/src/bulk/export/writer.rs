//! The archive as it is written, on a thread of its own: lines as they come, then the files they have named, whose list
//! waits on the disk meanwhile.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The file of lines in the archive.
const LINES: &str = "import.jsonl";

enum Piece {
    Line(String),
    File(String),
    End,
}

/// Where the pieces of an archive go.
pub(super) struct Writer {
    send: Option<mpsc::Sender<Piece>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

fn gone() -> io::Error {
    io::Error::other("the archive cannot be written")
}

impl Writer {
    /// Begins an archive at `path`.
    pub(super) async fn begin(path: PathBuf) -> io::Result<Self> {
        let (send, receive) = mpsc::channel(256);
        let thread = tokio::task::spawn_blocking(move || write(&path, receive));
        Ok(Self { send: Some(send), thread: Some(thread) })
    }

    async fn send(&mut self, piece: Piece) -> io::Result<()> {
        let sent = match &self.send {
            Some(send) => send.send(piece).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { self.wait().await.and_then(|()| Err(gone())) }
    }

    /// What the thread has to say at its end.
    async fn wait(&mut self) -> io::Result<()> {
        self.send = None;
        match self.thread.take() {
            Some(thread) => thread.await.map_err(io::Error::other)?,
            None => Err(gone()),
        }
    }

    pub(super) async fn line(&mut self, text: String) -> io::Result<()> {
        self.send(Piece::Line(text)).await
    }

    /// The file at `from` goes into the archive, as `data/` and `name`.
    pub(super) async fn file(&mut self, name: &str, from: PathBuf) -> io::Result<()> {
        // Names have no control characters, and paths are ours.
        self.send(Piece::File(format!("{name}\t{}", from.display()))).await
    }

    /// Makes the archive whole and durable, or leaves it unfinished.
    pub(super) async fn end(&mut self, whole: bool) -> io::Result<()> {
        if whole {
            self.send(Piece::End).await?;
            return self.wait().await;
        }
        drop(self.wait().await);
        Ok(())
    }
}

fn write(path: &Path, mut pieces: mpsc::Receiver<Piece>) -> io::Result<()> {
    let list = path.with_extension("files.part");
    let result = write_all(path, &list, &mut pieces);
    if let Err(error) = std::fs::remove_file(&list)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    result
}

fn write_all(path: &Path, list: &Path, pieces: &mut mpsc::Receiver<Piece>) -> io::Result<()> {
    let options = SimpleFileOptions::default().large_file(true);
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    let mut named = BufWriter::new(OpenOptions::new().create(true).truncate(true).write(true).open(list)?);
    zip.start_file(LINES, options.compression_method(CompressionMethod::Deflated)).map_err(io::Error::other)?;
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Line(text)) => {
                zip.write_all(text.as_bytes())?;
                zip.write_all(b"\n")?;
            }
            Some(Piece::File(line)) => {
                named.write_all(line.as_bytes())?;
                named.write_all(b"\n")?;
            }
            Some(Piece::End) => break,
            None => return Ok(()),
        }
    }
    named.flush()?;
    drop(named);
    // Pictures and most other files are compressed already.
    let stored = options.compression_method(CompressionMethod::Stored);
    for line in BufReader::new(File::open(list)?).lines() {
        let line = line?;
        let (name, from) = line.split_once('\t').ok_or_else(gone)?;
        zip.start_file(format!("data/{name}"), stored).map_err(io::Error::other)?;
        io::copy(&mut File::open(from)?, &mut zip)?;
    }
    let mut file = zip.finish().map_err(io::Error::other)?;
    file.flush()?;
    file.get_ref().sync_all()
}
