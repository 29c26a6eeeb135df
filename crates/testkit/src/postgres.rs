//! A fresh PostgreSQL database for each test, on a private cluster that `scripts/postgres` starts.
//!
//! `make test` starts the cluster and exports its address as `RIALTO_TEST_POSTGRES`; a plain `cargo test` finds the
//! variable unset and calls the script itself, which starts the cluster or finds it running. Test binaries may run side
//! by side: the script holds a lock while it starts. Without PostgreSQL the tests fail; they are never skipped.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tokio_postgres::NoTls;

/// One database of its own; dropped from the cluster when the value is dropped, unless the test failed.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// Creates an empty database.
    ///
    /// # Panics
    /// If PostgreSQL cannot be started or reached.
    pub async fn create() -> Self {
        let name = format!("rialto_{}", crate::ids::fresh());
        run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await;
        let mut url = url::Url::parse(admin_url()).expect("the admin URL of PostgreSQL is a URL");
        url.set_path(&name);
        Self { name, url: url.into() }
    }

    /// A copy of it as it is now. Nobody may be connected to it.
    ///
    /// # Panics
    /// If somebody is.
    pub async fn copy(&self) -> Self {
        let name = format!("rialto_{}", crate::ids::fresh());
        run(&format!("CREATE DATABASE {name} TEMPLATE {}", self.name)).await;
        let mut url = url::Url::parse(admin_url()).expect("the admin URL of PostgreSQL is a URL");
        url.set_path(&name);
        Self { name, url: url.into() }
    }

    /// Where a server finds it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the database is kept: {}", self.url);
            return;
        }
        let drop_it = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A destructor cannot wait, and the runtime of the test may be going away, so a thread brings its own.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(&drop_it));
        });
        let _ = dropped.join();
    }
}

/// Address of the administrative database.
///
/// # Panics
/// If the variable is unset and the script cannot start a cluster; the message is the script's.
pub fn admin_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| match std::env::var("RIALTO_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => url,
        _ => start_cluster(),
    })
}

fn start_cluster() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
    let output = Command::new(&script).arg("start").output().expect("scripts/postgres can be run");
    assert!(
        output.status.success(),
        "PostgreSQL is needed for tests and could not be started by {}:\n{}",
        script.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn run(sql: &str) {
    let (client, connection) = tokio_postgres::connect(admin_url(), NoTls).await.expect("PostgreSQL can be reached");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    drop(client);
    let _ = driver.await;
}
