//! Running the server: opening what it needs, putting the parts together, stopping in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{any, get};
use rialto_api::Api;
use rialto_api::hub::{self, Hub, Sources};
use rialto_app::files::disk::Disk;
use rialto_app::outgoing_webhooks::telling;
use rialto_app::{App, Clock, IdSource, StartError, configuration, jobs, link_previews, search, shares};
use rialto_federation::transport::Https;
use rialto_federation::{Federation, receive, service};
use rialto_store::log::Tail;
use rialto_store::{Db, StoreError};
use rialto_wire::site_url::SiteUrl;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower_http::compression::CompressionLayer;

use crate::config::{Config, Live};
use crate::key_file::{self, KeyError};
use crate::pages::Web;
use crate::programs::Network;
use crate::tail::{self, Consumers};
use crate::web::{self, Site};

/// Name of the SQLite file in the data folder.
const DATABASE: &str = "rialto.db";

/// How long requests under way may take to end once the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the server did not start, in sentences for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder.
    #[error("the data folder {0} cannot be used: {1}")]
    DataDir(String, std::io::Error),
    /// The key file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] StoreError),
    /// What is in the database.
    #[error("the server cannot start on this database: {0}")]
    Start(#[from] StartError),
    /// The address to listen on.
    #[error("cannot listen on {0}: {1}")]
    Listen(String, std::io::Error),
    /// TLS towards peers.
    #[error("connections to other servers cannot be made: {0}")]
    Transport(String),
    /// Accepting connections failed.
    #[error("the server stopped: {0}")]
    Stopped(std::io::Error),
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(config: Config, live: Live) -> Result<(), ServeError> {
    let app = open(&config).await?;
    app.settings.compose_by(Arc::new(live));
    if let Err(error) = configuration::load(&app).await {
        // What the file says by itself is in force; not to start would leave nobody to mend it.
        tracing::error!(%error, "the stored settings are not in force");
    }
    match shares::check(&app).await {
        Ok(0) => {}
        Ok(number) => tracing::error!(number, "shares rest because their channel is not there"),
        Err(error) => tracing::error!(%error, "shares could not be checked"),
    }
    let signalled = signalled();
    let listener = listen(&config.listen).await?;
    let transport = Https::new(app.settings.clone()).map_err(ServeError::Transport)?;
    let federation = Federation::new(app.clone(), Arc::new(transport));
    app.outside.reach_by(Arc::new(Network::new(app.settings.clone()).map_err(ServeError::Transport)?));

    let mut consumers = Consumers::default();
    let node = node(&app, &listener);
    tokio::spawn(telling::follow(app.clone(), node.clone()));
    tokio::spawn(jobs::follow(app.clone(), node.clone()));
    let service = tokio::spawn(service::run(federation.clone(), consumers.add(), node));
    let api = Api::new(federation.clone());
    let version = {
        let api = api.clone();
        Arc::new(move || api.version_text())
    };
    let hub = Hub::start(app.clone(), Sources { log: consumers.add(), version });
    tokio::spawn(search::follow(app.clone()));
    let pages = Web::new(app.settings.clone()).map_err(ServeError::Transport)?;
    tokio::spawn(link_previews::follow(app.clone(), Arc::new(pages)));
    let tail = Tail::at_head(app.db.clone()).await?;
    let follower = tokio::spawn(tail::follow(app.clone(), tail, consumers));

    let beside = receive::routes(federation).merge(hub::routes(hub));
    let router = router(&app, api, beside);
    let address = listener.local_addr().map_or_else(|_| config.listen.clone(), |address| address.to_string());
    let database = if app.db.is_postgres() { "PostgreSQL" } else { "SQLite" };
    let site_url = app.settings.get().site_url.clone().unwrap_or_default();
    tracing::info!(%address, %site_url, database, version = env!("CARGO_PKG_VERSION"), "serving");
    if site_url.is_empty() {
        tracing::warn!("no site URL is set; connections to other servers cannot be made");
    }
    run(listener, router, follower, signalled).await?;
    // Another node can take over at once.
    let _ = tokio::time::timeout(PATIENCE, service).await;
    Ok(())
}

/// What this process is called among those of the installation. Only one at a time can listen on an address of a machine, so
/// whoever comes back under the name was there before; an embedded database has no other processes.
fn node(app: &App, listener: &TcpListener) -> String {
    if !app.db.is_postgres() {
        return "the only one".to_owned();
    }
    let machine = rustix::system::uname();
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    format!("{} {address}", machine.nodename().to_string_lossy())
}

async fn open(config: &Config) -> Result<App, ServeError> {
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).map_err(|error| ServeError::DataDir(folder.display().to_string(), error))?;
    let ids = IdSource::System;
    let keys = key_file::load(folder, &ids)?;
    let db = open_database(config).await?;
    let disk = Disk::new(folder);
    Ok(App::open(db, keys, disk, config.settings.clone(), Clock::System, ids).await?)
}

/// Opens the configured database and brings it to the present schema.
pub(crate) async fn open_database(config: &Config) -> Result<Db, StoreError> {
    match &config.database_url {
        Some(url) => Db::open_postgres(url).await,
        None => Db::open_sqlite(&config.data_dir.join(DATABASE)),
    }
}

/// Whether the configured database is there, as far as that can be said without making it.
pub(crate) fn is_installed(config: &Config) -> bool {
    config.database_url.is_some() || config.data_dir.join(DATABASE).exists()
}

async fn listen(address: &str) -> Result<TcpListener, ServeError> {
    // Mattermost writes ":8065" for all addresses of the machine.
    let full = if address.starts_with(':') { format!("[::]{address}") } else { address.to_owned() };
    TcpListener::bind(&full).await.map_err(|error| ServeError::Listen(address.to_owned(), error))
}

/// Everything the server answers, below the path of its site URL.
fn router(app: &App, api: Api, beside: Router) -> Router {
    let site_url = app.settings.get().site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let site = Site {
        sub_path: site_url.as_ref().map_or_else(String::new, |url| url.sub_path().to_owned()),
        is_https: site_url.is_some_and(|url| url.is_https()),
    };
    let api = rialto_api::router(api, beside);
    let pages = any(web::serve).with_state(site.clone()).layer(CompressionLayer::new());
    let all = api.fallback_service(pages.clone());
    if site.sub_path.is_empty() {
        return all;
    }
    let home = format!("{}/", site.sub_path);
    // Nesting takes `/chat` and what follows `/chat/`, but not `/chat/` itself, where people arrive.
    Router::new()
        .nest(&site.sub_path, all)
        .route_service(&home, pages)
        .route("/", get(async move || Redirect::temporary(&home)))
}

async fn run(
    listener: TcpListener,
    router: Router,
    follower: JoinHandle<()>,
    signalled: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (stop, stopping) = watch::channel(false);
    let mut told = stopping.clone();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        // Err: nobody is left to tell, which means the same.
        let _ = told.wait_for(|stop| *stop).await;
    });
    let mut server = std::pin::pin!(std::future::IntoFuture::into_future(server));
    tokio::select! {
        ended = &mut server => return ended.map_err(ServeError::Stopped),
        () = signalled => {}
    }
    tracing::info!("stopping");
    stop.send_replace(true);
    // Without news the hub closes its sockets, which stay open by nature, and the senders rest.
    follower.abort();
    match tokio::time::timeout(PATIENCE, server).await {
        Ok(ended) => ended.map_err(ServeError::Stopped),
        Err(_) => Ok(()),
    }
}

/// Waits for SIGINT or SIGTERM, both heeded from the call on and not only once they are waited for: whoever stops a server
/// that has just answered for the first time stops it in order.
fn signalled() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let (terminate, interrupt) = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    };
    async move {
        #[cfg(unix)]
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                return;
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, "signals will not stop the server in order");
            }
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
