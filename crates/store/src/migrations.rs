//! Brings a database to the present schema. Forward only, never edited once landed.

use refinery::{Migration, Runner, Target};

use crate::StoreError;

/// Number and name, the text for both databases, and what only one of them gets.
const MIGRATIONS: &[(&str, &str, &str, &str)] = &[
    (
        "V1__core",
        include_str!("../migrations/0001_core.sql"),
        include_str!("../migrations/sqlite/0001_core.sql"),
        include_str!("../migrations/postgres/0001_core.sql"),
    ),
    ("V2__sign_in_attempts", include_str!("../migrations/0002_sign_in_attempts.sql"), "", ""),
    ("V3__files", include_str!("../migrations/0003_files.sql"), "", ""),
    ("V4__resume", include_str!("../migrations/0004_resume.sql"), "", ""),
    ("V5__blocks", include_str!("../migrations/0005_blocks.sql"), "", ""),
    ("V6__order", include_str!("../migrations/0006_order.sql"), "", ""),
    ("V7__notices", include_str!("../migrations/0007_notices.sql"), "", ""),
    ("V8__people", include_str!("../migrations/0008_people.sql"), "", ""),
    ("V9__backfill", include_str!("../migrations/0009_backfill.sql"), "", ""),
    ("V10__items", include_str!("../migrations/0010_items.sql"), "", ""),
    ("V11__trust", include_str!("../migrations/0011_trust.sql"), "", ""),
    (
        "V12__search",
        include_str!("../migrations/0012_search.sql"),
        include_str!("../migrations/sqlite/0012_search.sql"),
        include_str!("../migrations/postgres/0012_search.sql"),
    ),
    ("V13__emoji", include_str!("../migrations/0013_emoji.sql"), "", ""),
    ("V14__moderation", include_str!("../migrations/0014_moderation.sql"), "", ""),
    ("V15__restore", include_str!("../migrations/0015_restore.sql"), "", ""),
    ("V16__discovery", include_str!("../migrations/0016_discovery.sql"), "", ""),
    ("V17__leases", include_str!("../migrations/0017_leases.sql"), "", ""),
    ("V18__held_files", include_str!("../migrations/0018_held_files.sql"), "", ""),
    ("V19__policies", include_str!("../migrations/0019_policies.sql"), "", ""),
    (
        "V20__ledger",
        include_str!("../migrations/0020_ledger.sql"),
        include_str!("../migrations/sqlite/0020_ledger.sql"),
        include_str!("../migrations/postgres/0020_ledger.sql"),
    ),
    ("V21__threads", include_str!("../migrations/0021_threads.sql"), "", ""),
    ("V22__positions", include_str!("../migrations/0022_positions.sql"), "", ""),
    ("V23__link_previews", include_str!("../migrations/0023_link_previews.sql"), "", ""),
    ("V24__refused", include_str!("../migrations/0024_refused.sql"), "", ""),
    ("V25__reminders", include_str!("../migrations/0025_reminders.sql"), "", ""),
    ("V26__integrations", include_str!("../migrations/0026_integrations.sql"), "", ""),
    ("V27__categories", include_str!("../migrations/0027_categories.sql"), "", ""),
    ("V28__programs", include_str!("../migrations/0028_programs.sql"), "", ""),
    ("V29__drafts", include_str!("../migrations/0029_drafts.sql"), "", ""),
    ("V30__scheduled_posts", include_str!("../migrations/0030_scheduled_posts.sql"), "", ""),
    ("V31__post_reminders", include_str!("../migrations/0031_post_reminders.sql"), "", ""),
    ("V32__post_versions", include_str!("../migrations/0032_post_versions.sql"), "", ""),
    ("V33__bookmarks", include_str!("../migrations/0033_bookmarks.sql"), "", ""),
    ("V34__jobs", include_str!("../migrations/0034_jobs.sql"), "", ""),
];

/// Nodes that start together migrate one after the other under this advisory lock.
const LOCK: i64 = 0x7269_616c_746f;

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("migration: {error}"))
}

fn runner(sqlite: bool) -> Result<Runner, StoreError> {
    let list = MIGRATIONS
        .iter()
        .map(|(name, common, only_sqlite, only_postgres)| {
            let own = if sqlite { only_sqlite } else { only_postgres };
            Migration::unapplied(name, &format!("{common}\n{own}")).map_err(failed)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Runner::new(&list).set_grouped(false).set_target(Target::Latest))
}

pub(crate) fn run_sqlite(connection: &mut rusqlite::Connection) -> Result<(), StoreError> {
    runner(true)?.run(connection).map(|_| ()).map_err(failed)
}

pub(crate) async fn run_postgres(config: &tokio_postgres::Config) -> Result<(), StoreError> {
    let (mut client, connection) = config.connect(tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    client
        .batch_execute(&format!("SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})"))
        .await?;
    let result = runner(false)?.run_async(&mut client).await.map(|_| ()).map_err(failed);
    // Closing the connection frees the lock.
    drop(client);
    let _ = driver.await;
    result
}
