//! The `rialto` binary: command line, configuration, wiring.

mod config;
mod key_file;
mod logging;
mod outside;
mod pages;
mod programs;
mod restore;
mod serve;
mod tail;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags, Live, Sources};

/// Self-hosted team chat whose channels reach other organisations.
#[derive(Debug, Parser)]
#[command(name = "rialto", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is told to stop.
    Serve(ServeArguments),
    /// Declares that the database was restored from a backup. To be run once, before the server is started again: other
    /// servers then send again what was lost here.
    Restore(RestoreArguments),
}

#[derive(Debug, clap::Args)]
struct ServeArguments {
    /// Folder of the database, the key file and the configuration; made if it is missing.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Address to listen on (ServiceSettings.ListenAddress; 127.0.0.1:8065 if neither is given).
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Address under which people and other servers reach this one (ServiceSettings.SiteURL).
    #[arg(long, value_name = "URL")]
    site_url: Option<String>,
    /// PostgreSQL to use instead of the SQLite file in the data folder (SqlSettings.DataSource).
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Configuration file, .toml or .json; config.toml or config.json in the data folder if not given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct RestoreArguments {
    /// Folder of the database, the key file and the configuration.
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// PostgreSQL to use instead of the SQLite file in the data folder (SqlSettings.DataSource).
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Configuration file, .toml or .json; config.toml or config.json in the data folder if not given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => run(arguments),
        Command::Restore(arguments) => restore(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("rialto: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: ServeArguments) -> Result<(), String> {
    let flags = Flags {
        data_dir: arguments.data_dir,
        listen: arguments.listen,
        site_url: arguments.site_url,
        database_url: arguments.database_url,
    };
    let sources = Sources::find(arguments.config.as_deref(), flags)?;
    let config = Config::read(&sources).map_err(|faults| faults.to_string())?;
    logging::start(&config);
    for name in &config.not_used {
        tracing::info!(setting = %name, "this setting is not used");
    }
    // Every TLS connection asks for it; a second start in one process would find it there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = runtime()?;
    let live = Live::new(sources, arguments.config, &config.settings);
    runtime.block_on(serve::serve(config, live)).map_err(|error| error.to_string())
}

fn restore(arguments: RestoreArguments) -> Result<(), String> {
    let flags =
        Flags { data_dir: arguments.data_dir, listen: None, site_url: None, database_url: arguments.database_url };
    let sources = Sources::find(arguments.config.as_deref(), flags)?;
    let config = Config::read(&sources).map_err(|faults| faults.to_string())?;
    let told = runtime()?.block_on(restore::declare(&config)).map_err(|error| error.to_string())?;
    println!("{told}");
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.clamp(2, 4))
        .enable_all()
        .build()
        .map_err(|error| format!("no threads: {error}"))
}
