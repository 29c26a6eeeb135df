//! `make bench`: how fast the past of a channel is sent, and what messages that are written meanwhile have to wait.
//!
//! Real release binaries on this machine, on both databases. `RIALTO_BENCH_HISTORY` is the number of earlier messages
//! (50000), for a quick look at it. Behaviour 8.1, SC-007.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that meets a surprise has nothing to say"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rialto_testkit::socket::inner;
use rialto_testkit::{Client, Database, Organisation, Socket, TestServer, connect, share};
use serde_json::{Value, json};

/// Live messages timed while no history is sent.
const QUIET: usize = 200;
/// Pause between two live messages: people talk.
const BETWEEN: Duration = Duration::from_millis(20);
/// Every so many messages begin a thread.
const THREAD: usize = 5;

fn main() {
    // Cargo says so when it benchmarks; `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let number = std::env::var("RIALTO_BENCH_HISTORY").ok().and_then(|n| n.parse().ok()).unwrap_or(50_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for database in [Database::Sqlite, Database::Postgres] {
            println!("\n{database:?}, {number} earlier messages");
            history(database, number).await;
        }
    });
}

fn line(what: &str, figure: impl std::fmt::Display) {
    println!("  {what:<58}{figure}");
}

/// The way of live messages from `POST /posts` on A to the `posted` event on B, without and beside the past of a channel.
async fn history(database: Database, number: usize) {
    let server = TestServer::new("acme", database).await;
    let a = Organisation::found(server.with("MM_CONNECTEDWORKSPACESSETTINGS_HISTORYBACKFILLMAX", "all")).await;
    let b = Organisation::start("globex", database).await;
    let id = connect(&a, &b).await;
    let channel = a.channel("past", "O").await;
    let anna = a.member_of(&channel, "anna").await;
    let begun = Instant::now();
    write_past(&anna, &channel, number).await;
    line("writing them", format!("{:.1} s", begun.elapsed().as_secs_f64()));

    share(&a, &channel, &id, &b).await;
    let berta = b.member_of(&channel, "berta").await;
    let socket = berta.socket().await;
    let mut ways = Vec::new();
    for said in 0..QUIET {
        ways.push(way(&anna, &channel, &socket, &format!("quiet {said}")).await);
        tokio::time::sleep(BETWEEN).await;
    }
    figures("POST on A to websocket event on B, no history", ways);

    let answer = a.share(&channel, &id, "--history all").await;
    assert!(answer.contains("sent along"), "{answer}");
    let begun = Instant::now();
    let mut ways = Vec::new();
    let progress = loop {
        let progress = progress(&a, &channel).await;
        if progress["state"] == "done" {
            break progress;
        }
        assert_eq!(progress["state"], "running", "{progress}");
        ways.push(way(&anna, &channel, &socket, &format!("beside {}", ways.len())).await);
        tokio::time::sleep(BETWEEN).await;
    };
    let took = begun.elapsed().as_secs_f64();
    // Everything before the share, the quiet messages included, but what the server itself said.
    let done = progress["done"].as_i64().unwrap();
    assert!(done >= i64::try_from(number).unwrap(), "{progress}");
    figures(&format!("the same beside history, {} messages", ways.len()), ways);
    line("history", format!("{:.0} posts/s ({done} in {took:.1} s)", done as f64 / took));
    let unread = berta.get(&format!("/users/me/channels/{channel}/unread")).await.ok();
    let channel = berta.get(&format!("/channels/{channel}")).await.ok();
    line(
        "unread on B afterwards, of all that it counts",
        format!("{} of {}", unread["msg_count"], channel["total_msg_count"]),
    );
}

async fn progress(a: &Organisation, channel: &str) -> Value {
    a.admin.get(&format!("/sharedchannels/{channel}/history")).await.ok()["backfills"][0].clone()
}

async fn way(anna: &Client, channel: &str, socket: &Socket, text: &str) -> Duration {
    let heard = socket.events().len();
    let begun = Instant::now();
    let post = anna.write(channel, text).await;
    socket.wait_from(heard, "posted", |event| inner(event, "post")["id"] == post["id"]).await;
    begun.elapsed()
}

fn figures(what: &str, mut ways: Vec<Duration>) {
    ways.sort();
    let at = |share: usize| {
        let way = ways.get(ways.len() * share / 100).or(ways.last()).copied().unwrap_or_default();
        format!("{:.2} ms", way.as_secs_f64() * 1e3)
    };
    line(&format!("{what}, p50"), at(50));
    line(&format!("{what}, p99"), at(99));
}

/// Writes threads from 16 sessions at once.
async fn write_past(person: &Client, channel: &str, count: usize) {
    let next = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for _ in 0..16 {
        let (person, channel, next) = (person.clone(), channel.to_owned(), Arc::clone(&next));
        writers.push(tokio::spawn(async move {
            let mut root = Value::Null;
            let mut said = 0;
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let mut body = json!({"channel_id": channel, "message": "one of very many earlier posts"});
                if said % THREAD != 0 {
                    body["root_id"] = root.clone();
                }
                let post = person.post("/posts", body).await.ok();
                if said % THREAD == 0 {
                    root = post["id"].clone();
                }
                said += 1;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
