//! `make bench`: how long it takes to move an installation in and out, and that it is the same afterwards.
//!
//! Real binaries on this machine, on both databases. `RIALTO_BENCH_IMPORT` is the number of messages (100000) of 1,000
//! people in 50 channels. What is exported is imported into a second server and exported there: the lines have to be the
//! same, and the import a second time must change nothing. Client-api 7.7.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that meets a surprise has nothing to say"
)]

use std::fmt::Write as _;
use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use reqwest::Method;
use rialto_testkit::{Client, Database, TestServer};
use serde_json::{Value, json};

const PEOPLE: usize = 1_000;
const CHANNELS: usize = 50;
/// Channels somebody is in.
const PLACES: usize = 10;
/// Every so many messages is the first of a thread of this many replies.
const THREAD: usize = 10;
const REPLIES: usize = 4;

fn main() {
    // Cargo says so when it benchmarks; `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let number = std::env::var("RIALTO_BENCH_IMPORT").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for database in [Database::Sqlite, Database::Postgres] {
            println!("\n{database:?}, {number} messages of {PEOPLE} people");
            migration(database, number).await;
        }
    });
}

fn line(what: &str, figure: impl std::fmt::Display) {
    println!("  {what:<58}{figure}");
}

fn seconds(begun: Instant) -> String {
    format!("{:.1} s", begun.elapsed().as_secs_f64())
}

async fn migration(database: Database, number: usize) {
    let mut one = TestServer::new("acme", database).await;
    one.start().await;
    let admin = Client::create(&one.url(), "person-0000", None).await;
    let begun = Instant::now();
    import(&admin, "first.jsonl", lines(number).into_bytes()).await;
    line("import", seconds(begun));
    line("memory afterwards", format!("{:.0} MiB", one.resident_mib()));
    let begun = Instant::now();
    let archive = export(&admin).await;
    line("export", seconds(begun));
    let first = text(&archive);
    line("size of the export", format!("{:.1} MiB", archive.len() as f64 / f64::from(1 << 20)));
    assert_eq!(messages(&first), number, "all of them are in it");

    let begun = Instant::now();
    import(&admin, "again.zip", archive.clone()).await;
    line("import again", seconds(begun));
    assert!(text(&export(&admin).await) == first, "an import again changes nothing");

    let mut other = TestServer::new("globex", database).await;
    other.start().await;
    let admin = Client::create(&other.url(), "person-0000", None).await;
    let begun = Instant::now();
    import(&admin, "moved.zip", archive).await;
    line("import elsewhere", seconds(begun));
    assert!(text(&export(&admin).await) == first, "it is the same there");
    line("exports of both servers, and after a second import", "identical");
}

/// The lines of an installation: every tenth message begins a thread of four replies, some have reactions.
fn lines(number: usize) -> String {
    let mut text = String::new();
    let mut put = |line: Value| writeln!(text, "{line}").unwrap();
    put(json!({ "type": "version", "version": 1 }));
    put(json!({ "type": "team", "team": { "name": "crew", "display_name": "Crew", "type": "O" } }));
    let channel = |n: usize| format!("channel-{:02}", n % CHANNELS);
    for n in 0..CHANNELS {
        let name = channel(n);
        put(
            json!({ "type": "channel", "channel": { "team": "crew", "name": name, "display_name": name, "type": "O" } }),
        );
    }
    let person = |n: usize| format!("person-{:04}", n % PEOPLE);
    for n in 0..PEOPLE {
        let name = person(n);
        let places: Vec<Value> = (0..PLACES).map(|place| json!({ "name": channel(n + place) })).collect();
        let (email, teams) = (format!("{name}@example.com"), json!([{ "name": "crew", "channels": places }]));
        put(json!({ "type": "user", "user": { "username": name, "email": email, "nickname": name, "teams": teams } }));
    }
    let (mut written, mut at) = (0, 1_600_000_000_000_i64);
    while written < number {
        let n = written;
        at += 60_000;
        let say = |n: usize, at: i64| {
            json!({ "user": person(n * 7), "create_at": at,
                "message": format!("Message {n}: some words of an ordinary length, as people write them all day long.") })
        };
        let mut post = say(n, at);
        (post["team"], post["channel"]) = (json!("crew"), json!(channel(n)));
        written += 1;
        if n % 5 == 0 {
            post["reactions"] = json!([{ "user": person(n + 1), "emoji_name": "tada", "create_at": at + 1_000 }]);
        }
        if n % THREAD == 0 {
            let replies: Vec<Value> = (1..=REPLIES.min(number - written))
                .map(|reply| say(n + reply, at + 5_000 * i64::try_from(reply).unwrap()))
                .collect();
            written += replies.len();
            post["replies"] = json!(replies);
        }
        put(json!({ "type": "post", "post": post }));
    }
    text
}

fn messages(text: &str) -> usize {
    text.matches("\"message\":\"Message ").count()
}

async fn finished(admin: &Client, job: &Value) -> Value {
    let path = format!("/jobs/{}", job["id"].as_str().unwrap());
    loop {
        let job = admin.get(&path).await.ok();
        if !matches!(job["status"].as_str().unwrap(), "pending" | "in_progress") {
            assert_eq!(job["status"], "success", "{job}");
            return job;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn import(admin: &Client, name: &str, bytes: Vec<u8>) {
    let new = json!({ "type": "import", "filename": name, "file_size": bytes.len() });
    let session = admin.post("/uploads", new).await.ok();
    let path = format!("/uploads/{}", session["id"].as_str().unwrap());
    let file: Value = admin.request(Method::POST, &path).body(bytes).send().await.unwrap().json().await.unwrap();
    let ask = json!({ "type": "import_process", "data": { "import_file": file["name"] } });
    finished(admin, &admin.post("/jobs", ask).await.ok()).await;
}

async fn export(admin: &Client) -> Vec<u8> {
    let job =
        admin.post("/jobs", json!({ "type": "export_process", "data": { "include_attachments": "true" } })).await.ok();
    let job = finished(admin, &job).await;
    let path = format!("/jobs/{}/download", job["id"].as_str().unwrap());
    admin.request(Method::GET, &path).send().await.unwrap().bytes().await.unwrap().to_vec()
}

fn text(archive: &[u8]) -> String {
    let mut text = String::new();
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    zip.by_name("import.jsonl").unwrap().read_to_string(&mut text).unwrap();
    text
}
