//! A long way between two servers: a TCP proxy that hands on every byte some time after it came, in both directions.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Pieces that are under way at most, in one direction of one connection.
const UNDER_WAY: usize = 1_024;

/// The way to one server. Dropped, nobody gets through any more.
#[derive(Debug)]
pub struct FarLine {
    url: String,
    task: JoinHandle<()>,
}

impl FarLine {
    /// A way to the server at `port` of this machine that takes `delay` in each direction.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn to(port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(join(near, port, delay));
            }
        });
        Self { url, task }
    }

    /// The address at which the server is found over it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for FarLine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(near: TcpStream, port: u16, delay: Duration) {
    let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    for stream in [&near, &far] {
        let _ = stream.set_nodelay(true);
    }
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::join!(carry(near_in, far_out, delay), carry(far_in, near_out, delay));
}

/// Reads at once and writes late, so that a long message takes no longer than a short one.
async fn carry(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, delay: Duration) {
    let (pieces, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let read = async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length) = from.read(&mut buffer).await {
            // Nothing more comes, or nobody takes it.
            if length == 0 || pieces.send((Instant::now() + delay, buffer[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((at, piece)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
