//! Runs a test on both databases. A missing PostgreSQL fails the run; it never skips.

use std::future::Future;

use crate::Db;

/// Runs `test` on a fresh SQLite file and in a fresh PostgreSQL database.
///
/// `RIALTO_TEST_POSTGRES` names the server to make databases on; if it is unset, `scripts/postgres` starts a private one.
///
/// # Panics
/// If either database is not to be had, or the test panics.
#[expect(clippy::expect_used, reason = "a test without its database must fail")]
pub async fn both<F: Future<Output = ()>>(test: impl Fn(Db) -> F) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    test(Db::open_sqlite(&dir.path().join("test.db")).expect("a SQLite file")).await;

    let admin = std::env::var("RIALTO_TEST_POSTGRES").unwrap_or_else(|_| start_cluster());
    let (client, connection) =
        tokio_postgres::connect(&admin, tokio_postgres::NoTls).await.expect("PostgreSQL answers");
    let driver = tokio::spawn(connection);
    let name = format!("rialto_test_{}_{:x}", std::process::id(), nanos());
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a fresh database");
    let url = database_url(&admin, &name);
    test(Db::open_postgres(&url).await.expect("the fresh database opens")).await;
    client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database goes");
    drop(client);
    driver.abort();
}

#[expect(clippy::expect_used, reason = "a test without its database must fail")]
fn start_cluster() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");
    let output = std::process::Command::new(script).arg("start").output().expect("scripts/postgres can be run");
    assert!(output.status.success(), "no PostgreSQL for tests: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// `admin` with another database name.
fn database_url(admin: &str, name: &str) -> String {
    let (base, query) = admin.split_once('?').map_or((admin, ""), |(base, query)| (base, query));
    let host = base.rsplit_once('/').map_or(base, |(host, _)| host);
    if query.is_empty() { format!("{host}/{name}") } else { format!("{host}/{name}?{query}") }
}

fn nanos() -> u128 {
    use std::time::Instant;
    thread_local!(static START: Instant = Instant::now());
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    START.with(|start| start.elapsed().as_nanos()) << 8 | u128::from(count)
}
