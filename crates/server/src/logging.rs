//! Log lines on standard error: for people, or as JSON.

use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Starts logging. `RUST_LOG` overrides the configured level.
pub fn start(config: &Config) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&config.log_filter));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber can only come from a test that starts two servers in one process.
    let _ = if config.log_json { lines.json().try_init() } else { lines.with_ansi(false).try_init() };
}
