//! `make bench`: how fast two organisations share, how fast one of them writes, and what it needs to run.
//!
//! Real release binaries on this machine; every figure is taken on the embedded database and on PostgreSQL with its
//! durable default settings. Client, servers and database share the processors, so figures compare runs, not machines.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that meets a surprise has nothing to say"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rialto_testkit::socket::inner;
use rialto_testkit::{Client, Database, Organisation, connect, share};
use serde_json::json;

/// Posts whose way from one organisation to the other is timed.
const LATENCY_POSTS: usize = 300;
/// Posts written while the other side is away.
const BACKLOG: usize = 5_000;
/// How long each throughput figure is measured.
const MEASURED: Duration = Duration::from_secs(5);

fn main() {
    // Cargo says so when it benchmarks; `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for database in [Database::Sqlite, Database::Postgres] {
            println!("\n{database:?}");
            start_up(database).await;
            latency_and_backlog(database).await;
            throughput(database).await;
        }
    });
}

fn line(what: &str, figure: impl std::fmt::Display) {
    println!("  {what:<58}{figure}");
}

/// From starting the process to its first answer, on empty and on used data, and memory when nothing happens.
async fn start_up(database: Database) {
    let mut org = Organisation::start("startup", database).await;
    line("start-up, first start with an empty database", format!("{:.0?}", org.server.started_in));
    let mut again = Vec::new();
    for _ in 0..5 {
        org.server.stop().await;
        org.server.start().await;
        again.push(org.server.started_in);
    }
    again.sort();
    line("start-up, later starts (median of 5)", format!("{:.0?}", again[2]));
    line("memory of the idle server", format!("{:.0} MiB", org.server.resident_mib()));
}

/// From sending `POST /posts` on one server to the `posted` event on a socket of the other, and the catch-up.
async fn latency_and_backlog(database: Database) {
    let (a, mut b) = (Organisation::start("acme", database).await, Organisation::start("globex", database).await);
    let id = connect(&a, &b).await;
    let channel = a.channel("bench", "O").await;
    let anna = a.member_of(&channel, "anna").await;
    share(&a, &channel, &id, &b).await;
    let mut berta = b.member_of(&channel, "berta").await;
    anna.write(&channel, "warm").await;
    berta.see(&channel, "warm").await;

    let socket = berta.socket().await;
    let mut ways = Vec::new();
    for number in 0..LATENCY_POSTS {
        let heard = socket.events().len();
        let begun = Instant::now();
        let post = anna.write(&channel, &format!("timed {number}")).await;
        socket.wait_from(heard, "posted", |event| inner(event, "post")["id"] == post["id"]).await;
        ways.push(begun.elapsed());
    }
    ways.sort();
    let at =
        |share: usize| format!("{:.2} ms", ways[(ways.len() * share / 100).min(ways.len() - 1)].as_secs_f64() * 1e3);
    line("POST on A to websocket event on B, p50", at(50));
    line("POST on A to websocket event on B, p99", at(99));
    drop(socket);

    let before = total(&berta, &channel).await;
    b.server.kill().await;
    write_many(&anna, &channel, 16, BACKLOG).await;
    b.server.start().await;
    berta.renew().await;
    let begun = Instant::now();
    let mut first = None;
    loop {
        let count = total(&berta, &channel).await.saturating_sub(before);
        if count > 0 {
            first.get_or_insert_with(Instant::now);
        }
        if count >= BACKLOG {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "{count} of {BACKLOG} after five minutes");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let whole = begun.elapsed().as_secs_f64();
    line(
        &format!("catch-up of {BACKLOG} posts after an outage"),
        format!("{:.0} posts/s ({whole:.1} s)", BACKLOG as f64 / whole),
    );
    line("  of which until the first of them was there", format!("{:.2?}", first.unwrap() - begun));
}

/// The number of posts in a channel, as the server counts them.
async fn total(person: &Client, channel: &str) -> usize {
    let channel = person.get(&format!("/channels/{channel}")).await.ok();
    usize::try_from(channel["total_msg_count"].as_i64().unwrap()).unwrap()
}

/// Writes `count` posts from `clients` sessions at once.
async fn write_many(person: &Client, channel: &str, clients: usize, count: usize) {
    let next = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for _ in 0..clients {
        let (person, channel, next) = (person.clone(), channel.to_owned(), Arc::clone(&next));
        writers.push(tokio::spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let body = json!({"channel_id": channel, "message": "one of very many posts"});
                person.post("/posts", body).await.ok();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Answered `POST /posts` in a second, on one server that shares nothing.
async fn throughput(database: Database) {
    let org = Organisation::start("alone", database).await;
    for clients in [1usize, 8, 32] {
        let channel = org.channel(&format!("bench{clients}"), "O").await;
        let mut people = Vec::new();
        for number in 0..clients {
            people.push(org.member_of(&channel, &format!("w{clients}x{number}")).await);
        }
        let answered = Arc::new(AtomicUsize::new(0));
        let until = Instant::now() + MEASURED;
        let mut writers = Vec::new();
        for person in people {
            let (channel, answered) = (channel.clone(), Arc::clone(&answered));
            writers.push(tokio::spawn(async move {
                while Instant::now() < until {
                    let body =
                        json!({"channel_id": channel, "message": "a post of ordinary length, as people write them"});
                    person.post("/posts", body).await.ok();
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let rate = answered.load(Ordering::Relaxed) as f64 / MEASURED.as_secs_f64();
        line(&format!("POST /posts, {clients} client(s)"), format!("{rate:.0} posts/s"));
    }
}
