//! Import files as they lie on the disk: a zip with one file of lines and what those name under `data/`, or the lines alone.
//!
//! Nothing in them is trusted: lines and files are read in bounded portions and never written under a name they bring.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::Stream;
use rialto_model::bulk::Line;
use tokio::sync::mpsc;
use zip::ZipArchive;

/// Bytes of the longest line. A thread is one line, so it has to hold the longest thread.
const MAX_LINE: u64 = 32 << 20;
/// Bytes of lines that are read ahead at once.
const AHEAD: usize = 4 << 20;
/// What is taken over in one transaction, by [`weight`].
const AT_ONCE: usize = 400;
const CHUNK: usize = 64 << 10;

/// Why a file cannot be taken over, and on which line; 0: not on any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Fault {
    /// Counted from 1.
    pub line: i64,
    /// For whoever imports.
    pub why: String,
}

impl Fault {
    pub(super) fn new(line: i64, why: impl Into<String>) -> Self {
        Self { line, why: why.into() }
    }
}

/// Lines that are taken over together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// With their numbers, in order.
    pub(super) lines: Vec<(i64, Line)>,
    /// How much of the file lies behind the last of them, per cent.
    pub(super) progress: i64,
    /// Nothing comes behind it.
    pub(super) is_last: bool,
}

type Zip = ZipArchive<BufReader<File>>;

/// An import file.
#[derive(Clone)]
pub(super) struct Archive {
    path: PathBuf,
    /// The name of the file of lines in the zip, and the zip for the files they name.
    zip: Option<(String, Arc<Mutex<Zip>>)>,
}

fn open_zip(path: &Path) -> Result<Zip, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| format!("the archive cannot be read: {error}"))
}

impl Archive {
    /// Looks what sort of file it is.
    ///
    /// # Errors
    /// [`Fault`].
    pub(super) async fn open(path: PathBuf) -> Result<Self, Fault> {
        let joined = tokio::task::spawn_blocking(move || Self::look(path)).await;
        joined.map_err(|error| error.to_string()).flatten().map_err(|why| Fault::new(0, why))
    }

    fn look(path: PathBuf) -> Result<Self, String> {
        let mut start = [0; 2];
        let length = File::open(&path).and_then(|mut file| file.read(&mut start)).map_err(|error| error.to_string())?;
        if length < 2 || start != *b"PK" {
            return Ok(Self { path, zip: None });
        }
        let zip = open_zip(&path)?;
        let lines = |name: &String| name.ends_with(".jsonl") && !name.starts_with("data/");
        let mut found: Vec<String> =
            zip.file_names().filter_map(Result::ok).map(|name| name.into_owned()).filter(lines).take(2).collect();
        let name = found.pop().ok_or("the archive holds no file of lines (.jsonl)")?;
        if !found.is_empty() {
            return Err("the archive holds more than one file of lines (.jsonl)".to_owned());
        }
        Ok(Self { path, zip: Some((name, Arc::new(Mutex::new(zip)))) })
    }

    /// The lines behind `skip`, in batches, read and understood on a thread of their own. The first fault is the last thing
    /// that comes, after everything before it.
    pub(super) fn lines(&self, skip: i64) -> mpsc::Receiver<Result<Batch, Fault>> {
        let (send, receive) = mpsc::channel(1);
        let archive = self.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(fault) = archive.read(skip, &send) {
                // Nobody waits for it any more: then nobody needs it.
                let _ = send.blocking_send(Err(fault));
            }
        });
        receive
    }

    fn read(&self, skip: i64, send: &mpsc::Sender<Result<Batch, Fault>>) -> Result<(), Fault> {
        let unreadable = |error: String| Fault::new(0, error);
        match &self.zip {
            None => {
                let file = File::open(&self.path).map_err(|error| unreadable(error.to_string()))?;
                let size = file.metadata().map_or(0, |found| found.len());
                batches(BufReader::new(file), size, skip, send)
            }
            Some((name, _)) => {
                let mut zip = open_zip(&self.path).map_err(unreadable)?;
                let entry = zip.by_name(name).map_err(|error| unreadable(error.to_string()))?;
                let size = entry.size();
                batches(BufReader::with_capacity(CHUNK, entry), size, skip, send)
            }
        }
    }

    /// The bytes of a file a line names.
    ///
    /// # Errors
    /// What is wrong with the path, or that nothing is there.
    pub(super) async fn file(
        &self,
        path: &str,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>, String> {
        let parts = path.split('/');
        if path.is_empty() || path.contains(['\\', '\0']) || parts.clone().any(|part| matches!(part, "" | "." | "..")) {
            return Err(format!("{path:?} is not a path inside the archive"));
        }
        let Some((_, zip)) = &self.zip else {
            return Err(format!("{path:?} is not there: the lines came without an archive"));
        };
        let (zip, path) = (Arc::clone(zip), path.to_owned());
        let (send, mut receive) = mpsc::channel::<io::Result<Bytes>>(4);
        let (found, is_there) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let mut zip = zip.lock().unwrap_or_else(PoisonError::into_inner);
            let inside = format!("data/{path}");
            let name = if zip.index_for_name(&inside).is_some() { inside } else { path.clone() };
            match zip.by_name(&name) {
                Err(error) => drop(found.send(Err(format!("{path:?} cannot be read: {error}")))),
                Ok(mut entry) => {
                    drop(found.send(Ok(())));
                    pump(&mut entry, &send);
                }
            }
        });
        is_there.await.map_err(|_| "the archive cannot be read".to_owned())??;
        Ok(futures_util::stream::poll_fn(move |context| receive.poll_recv(context)))
    }
}

/// Hands bytes on until there are no more, or nobody takes them.
fn pump(entry: &mut impl Read, send: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = entry.read(&mut chunk);
        let piece = match read {
            Ok(0) => return,
            Ok(length) => {
                chunk.truncate(length);
                Ok(Bytes::from(chunk))
            }
            Err(error) => Err(error),
        };
        let over = piece.is_err();
        if send.blocking_send(piece).is_err() || over {
            return;
        }
    }
}

fn batches(
    mut source: impl BufRead,
    size: u64,
    skip: i64,
    send: &mpsc::Sender<Result<Batch, Fault>>,
) -> Result<(), Fault> {
    let (mut number, mut read, mut text) = (0, 0u64, Vec::new());
    let (mut batch, mut load, mut bytes) = (Batch::default(), 0, 0);
    loop {
        text.clear();
        let taken = source.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut text);
        let line = match taken {
            Ok(0) => break,
            Ok(length) => {
                (number, read) = (number + 1, read + length as u64);
                if number <= skip && text.last() == Some(&b'\n') {
                    continue;
                }
                understood(&text)
            }
            Err(error) => {
                number += 1;
                Err(format!("the file cannot be read: {error}"))
            }
        };
        match line {
            Ok(line) => {
                (load, bytes) = (load + weight(&line), bytes + text.len());
                batch.lines.push((number, line));
                batch.progress =
                    i64::try_from(read.saturating_mul(100).checked_div(size).unwrap_or(0)).unwrap_or(0).min(100);
            }
            Err(why) => {
                let _ = send.blocking_send(Ok(batch));
                return Err(Fault::new(number, why));
            }
        }
        if load >= AT_ONCE || bytes >= AHEAD {
            (load, bytes) = (0, 0);
            if send.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
        }
    }
    if number == 0 {
        return Err(Fault::new(1, "the file is empty"));
    }
    batch.is_last = true;
    let _ = send.blocking_send(Ok(batch));
    Ok(())
}

fn understood(text: &[u8]) -> Result<Line, String> {
    if text.len() as u64 > MAX_LINE {
        return Err(format!("the line is longer than {MAX_LINE} bytes"));
    }
    let text = std::str::from_utf8(text).map_err(|_| "the line is not UTF-8".to_owned())?;
    if holds_nul(text) {
        return Err("the line holds the character U+0000".to_owned());
    }
    serde_json::from_str(text).map_err(|error| {
        let whole = error.to_string();
        // Which line it is on is said already, and to the parser it is always the first.
        whole.replace(&format!(" at line {} column", error.line()), " at column")
    })
}

/// Whether some text in the line holds the one character a database of texts cannot.
fn holds_nul(text: &str) -> bool {
    let escaped = |at: usize| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    };
    text.contains('\0') || text.match_indices("\\u0000").any(|(at, _)| escaped(at))
}

/// What a line costs, in messages.
fn weight(line: &Line) -> usize {
    let post = line.post.as_ref().or(line.direct_post.as_ref());
    let replies = post.and_then(|post| post.replies.as_ref()).map_or(0, Vec::len);
    let teams = line.user.as_ref().and_then(|user| user.teams.as_ref());
    let places: usize =
        teams.map_or(0, |teams| teams.iter().map(|team| 2 + team.channels.as_ref().map_or(0, Vec::len)).sum());
    1 + replies + if line.user.is_some() { 10 + places } else { 0 }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    async fn read(bytes: &[u8], skip: i64) -> (Vec<i64>, Option<Fault>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, bytes).unwrap();
        let mut lines = Archive::open(path).await.unwrap().lines(skip);
        let (mut numbers, mut fault) = (Vec::new(), None);
        while let Some(batch) = lines.recv().await {
            match batch {
                Ok(batch) => numbers.extend(batch.lines.iter().map(|(number, _)| *number)),
                Err(found) => fault = Some(found),
            }
        }
        (numbers, fault)
    }

    #[tokio::test]
    async fn lines_are_counted_and_the_first_bad_one_ends_it() {
        let good = "{\"type\":\"version\",\"version\":1}\n{\"type\":\"team\"}\n";
        assert_eq!(read(good.as_bytes(), 0).await, (vec![1, 2], None));
        assert_eq!(read(good.as_bytes(), 1).await, (vec![2], None));
        assert_eq!(read(good.trim_end().as_bytes(), 0).await, (vec![1, 2], None));
        for bad in [&b"nonsense\n"[..], b"\n", b"\xff\n", b"{\"type\":\"a\\u0000b\"}", b"{\"type\":7}"] {
            let (numbers, fault) = read(&[good.as_bytes(), bad, good.as_bytes()].concat(), 0).await;
            assert_eq!((numbers, fault.map(|fault| fault.line)), (vec![1, 2], Some(3)), "{bad:?}");
        }
        assert_eq!(read(b"{\"type\":\"a\\\\u0000b\"}", 0).await, (vec![1], None), "a text about it");
        assert_eq!(read(b"", 0).await.1.map(|fault| fault.line), Some(1));
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        zip.start_file("import.jsonl", zip::write::SimpleFileOptions::default()).unwrap();
        let page = vec![b' '; 1 << 20];
        for _ in 0..64 {
            io::Write::write_all(&mut zip, &page).unwrap();
        }
        zip.finish().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20);
        let mut lines = Archive::open(path).await.unwrap().lines(0);
        assert!(lines.recv().await.unwrap().unwrap().lines.is_empty());
        let fault = lines.recv().await.unwrap().unwrap_err();
        assert_eq!(fault.line, 1);
        assert!(fault.why.contains("longer"), "{fault}");
    }

    #[tokio::test]
    async fn files_are_found_inside_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, text) in [("x.jsonl", "{}"), ("data/a/b.txt", "inside"), ("top.txt", "top"), ("data/c.jsonl", "{}")]
        {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let archive = Archive::open(path).await.unwrap();
        for (name, text) in [("a/b.txt", "inside"), ("top.txt", "top"), ("data/a/b.txt", "inside")] {
            let pieces: Vec<_> = archive.file(name).await.unwrap().map(Result::unwrap).collect().await;
            assert_eq!(pieces.concat(), text.as_bytes(), "{name}");
        }
        for name in ["../some.zip", "/etc/passwd", "a/../b", "a\\b", "", "missing", "a//b.txt"] {
            assert!(archive.file(name).await.is_err(), "{name}");
        }
    }
}
