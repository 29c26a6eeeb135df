//! The real binary as a process: started, stopped, killed and started again on the same data and port.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::postgres::TestDatabase;
use crate::wait::{SHORT, wait_for};

/// Which database a server keeps its rows in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// The embedded one, in the data folder.
    Sqlite,
    /// A database of its own on the cluster of [`crate::postgres`].
    Postgres,
}

/// Runs `test` once on each database, one after the other, saying which.
pub async fn both(mut test: impl AsyncFnMut(Database)) {
    for database in [Database::Sqlite, Database::Postgres] {
        eprintln!("on {database:?}");
        test(database).await;
    }
}

/// Settings that every test server starts with: two servers on one machine, plain http, open sign-up.
const DEFAULT_SETTINGS: [(&str, &str); 7] = [
    ("MM_CONNECTEDWORKSPACESSETTINGS_ENABLESHAREDCHANNELS", "true"),
    ("MM_CONNECTEDWORKSPACESSETTINGS_ENABLEREMOTECLUSTERSERVICE", "true"),
    ("MM_CONNECTEDWORKSPACESSETTINGS_PRIVATEPEERADDRESSES", "allow"),
    ("MM_CONNECTEDWORKSPACESSETTINGS_INSECUREPEERS", "allow"),
    ("MM_TEAMSETTINGS_ENABLEOPENSERVER", "true"),
    // No test looks at the web.
    ("MM_SERVICESETTINGS_ENABLELINKPREVIEWS", "false"),
    ("MM_RATELIMITSETTINGS_ENABLE", "false"),
];

/// What the nodes of an installation have in common.
#[derive(Debug, Clone)]
struct Installation {
    data: PathBuf,
    database_url: Option<String>,
}

/// A server process. Dropped, it is killed; if the test failed, the end of its log is printed and its folder kept.
#[derive(Debug)]
pub struct TestServer {
    /// First, because fields are dropped in this order: the process ends before its data goes.
    process: Option<Child>,
    name: String,
    port: u16,
    /// The sub-path of the site URL, or nothing.
    path: String,
    data: Option<TempDir>,
    database: Option<TestDatabase>,
    /// The installation this is one more node of.
    beside: Option<Installation>,
    settings: BTreeMap<String, String>,
    /// Where others find it, if that is not where it listens.
    site_url: Option<String>,
    /// From starting the process to its first answer, of the latest start.
    pub started_in: Duration,
}

impl TestServer {
    /// A server called `name` that is not running yet.
    pub async fn new(name: &str, database: Database) -> Self {
        let data = tempfile::Builder::new().prefix(&format!("rialto-{name}-")).tempdir().unwrap();
        let database = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(TestDatabase::create().await),
        };
        Self {
            name: name.to_owned(),
            port: free_port(),
            path: String::new(),
            data: Some(data),
            database,
            beside: None,
            settings: DEFAULT_SETTINGS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            process: None,
            site_url: None,
            started_in: Duration::ZERO,
        }
    }

    /// One more node of the same installation, which is not running yet: the same database, folder and site URL behind
    /// another port. To be dropped before the first.
    pub fn beside(&self) -> Self {
        let beside =
            Installation { data: self.data().to_owned(), database_url: self.database_url().map(str::to_owned) };
        Self {
            process: None,
            name: format!("{}, second node", self.name),
            port: free_port(),
            path: self.path.clone(),
            data: None,
            database: None,
            beside: Some(beside),
            site_url: Some(self.site_url.clone().unwrap_or_else(|| self.url())),
            settings: self.settings.clone(),
            started_in: Duration::ZERO,
        }
    }

    /// Puts the whole site under a path such as `/chat`.
    #[must_use]
    pub fn under(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Has other servers find it at another address; those who use it go on coming to [`TestServer::url`].
    #[must_use]
    pub fn found_at(mut self, url: &str) -> Self {
        self.site_url = Some(url.to_owned());
        self
    }

    /// Sets an environment variable for the next start.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.set(key, value);
        self
    }

    /// Sets an environment variable for the next start.
    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.insert(key.to_owned(), value.to_owned());
    }

    /// Removes an environment variable for the next start, such as one that all servers are given.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.settings.remove(key);
        self
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens, which is its site URL unless it is a second node.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        match &self.beside {
            Some(first) => &first.data,
            None => self.data.as_ref().unwrap().path(),
        }
    }

    /// The address of its PostgreSQL database, or nothing if it uses the embedded one.
    pub fn database_url(&self) -> Option<&str> {
        match &self.beside {
            Some(first) => first.database_url.as_deref(),
            None => self.database.as_ref().map(TestDatabase::url),
        }
    }

    /// True if the process was started and has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    /// Starts the process and waits until it answers.
    ///
    /// # Panics
    /// If it ends, or does not answer in time.
    pub async fn start(&mut self) {
        let begun = Instant::now();
        self.spawn();
        self.wait_ready().await;
        self.started_in = begun.elapsed();
    }

    /// Starts the process without waiting.
    pub fn spawn(&mut self) {
        assert!(!self.is_running(), "{} is already running", self.name);
        let log = self.log_file();
        let site_url = self.site_url.clone().unwrap_or_else(|| self.url());
        let mut command = Command::new(binary());
        command
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{}", self.port), "--site-url", &site_url])
            .arg("--data-dir")
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true);
        if let Some(url) = self.database_url() {
            command.args(["--database-url", url]);
        }
        // What the person running the tests has configured for servers of their own must not leak in.
        for (key, _) in std::env::vars_os() {
            if key.to_str().is_some_and(|key| key.starts_with("MM_") || key.starts_with("RIALTO_")) {
                command.env_remove(key);
            }
        }
        command.envs(&self.settings);
        self.process = Some(command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary().display())));
    }

    /// Waits until the server answers `GET /system/ping`.
    ///
    /// # Panics
    /// If the process ends first, with the end of its log.
    pub async fn wait_ready(&mut self) {
        let client = crate::client::http_client();
        let ping = format!("{}/api/v4/system/ping", self.url());
        wait_for(&format!("{} to answer ping", self.name), SHORT, async || {
            if !self.is_running() {
                panic!("{} ended while starting:\n{}", self.name, self.log_end(40));
            }
            client.get(&ping).send().await.ok().filter(|answer| answer.status() == 200).map(drop)
        })
        .await;
    }

    /// Waits until the process ends by itself, and returns whether it reported success.
    pub async fn wait_end(&mut self) -> bool {
        let process = self.process.as_mut().expect("was started");
        let ended = tokio::time::timeout(SHORT, process.wait()).await;
        let success = ended.unwrap_or_else(|_| panic!("{} does not end", self.name)).unwrap().success();
        self.process = None;
        success
    }

    /// Ends the process at once, as a power cut would: SIGKILL.
    pub async fn kill(&mut self) {
        let mut process = self.process.take().expect("was started");
        process.kill().await.unwrap();
    }

    /// A copy of everything it keeps. It must not be running.
    ///
    /// # Panics
    /// If it runs.
    pub async fn back_up(&mut self) -> Backup {
        assert!(!self.is_running(), "{} is running", self.name);
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.data(), folder.path());
        let database = match &self.database {
            Some(database) => Some(database.copy().await),
            None => None,
        };
        Backup { folder, database }
    }

    /// Puts a backup in place of everything it keeps. It must not be running.
    ///
    /// # Panics
    /// If it runs.
    pub fn put_back(&mut self, backup: Backup) {
        assert!(!self.is_running(), "{} is running", self.name);
        let log = std::fs::read(self.log_path()).unwrap_or_default();
        std::fs::write(backup.folder.path().join(self.log_name()), log).unwrap();
        self.data = Some(backup.folder);
        self.database = backup.database;
    }

    /// Runs the binary with another sub-command on what it keeps; whether it reported success, and what it printed.
    pub async fn command(&self, word: &str) -> (bool, String) {
        let mut command = Command::new(binary());
        command.arg(word).arg("--data-dir").arg(self.data()).stdin(Stdio::null());
        if let Some(url) = self.database_url() {
            command.args(["--database-url", url]);
        }
        let output = command.envs(&self.settings).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    ///
    /// # Panics
    /// If it does not end in time, or not with success.
    pub async fn stop(&mut self) {
        self.signal("TERM").await;
        assert!(self.wait_end().await, "{} ended with an error:\n{}", self.name, self.log_end(40));
    }

    /// Stops the process from running without ending it: its sockets stay open and nothing answers.
    pub async fn freeze(&self) {
        self.signal("STOP").await;
    }

    /// Lets a frozen process run on.
    pub async fn thaw(&self) {
        self.signal("CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().await.unwrap();
        assert!(sent.success(), "kill -{signal} {pid}");
    }

    fn pid(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("is running")
    }

    /// Resident memory in MiB, as the kernel counts it.
    pub fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// The last `lines` lines of the log.
    pub fn log_end(&self, lines: usize) -> String {
        let log = self.log();
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Everything the server has logged since it was made.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        // Beside the data folder's own content, never inside the database's reach.
        self.data().join(self.log_name())
    }

    fn log_name(&self) -> String {
        format!("test-server-{}.log", self.port)
    }

    fn log_file(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap()
    }
}

/// What a server kept when it was copied.
#[derive(Debug)]
pub struct Backup {
    folder: TempDir,
    database: Option<TestDatabase>,
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("--- end of the log of {} ({})\n{}\n---", self.name, self.url(), self.log_end(60));
        if let Some(data) = self.data.take() {
            eprintln!("its folder is kept: {}", data.keep().display());
        }
    }
}

/// The binary under test: `RIALTO_BIN`, else the one built beside the running test.
///
/// # Panics
/// If neither exists.
pub fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os("RIALTO_BIN") {
        return PathBuf::from(given);
    }
    let this = std::env::current_exe().unwrap();
    // A test lives in target/<profile>/deps, a program in target/<profile>; the binary is always in the latter.
    let found = this.ancestors().skip(1).take(2).map(|folder| folder.join("rialto")).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no rialto binary beside {}: build it, or set RIALTO_BIN", this.display()))
}

/// A port nobody listens on. Each call gives another one; all lie below the range the system uses for outgoing
/// connections, so that a server can come back to its port after a crash.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 997).unwrap() * 10;
    loop {
        let port = 10_100 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_800;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
