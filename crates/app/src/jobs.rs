//! Jobs: long work administrators ask for, done by one node at a time, one after the other, and gone on with by whoever is
//! there after a crash. Source: client-api 7.6, 7.7.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use rialto_model::{ItemId, Job, JobKind, JobStatus, Millis, Permission};
use rialto_store::{StoreError, Tx, jobs as rows};

use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::bulk::{self, import::Stop, shelves, shelves::Shelf};
use crate::{App, duty};

/// The name of the lease.
const DUTY: &str = "jobs";
/// Between looks whether there is something to do.
const PAUSE: Duration = Duration::from_secs(1);
/// After a failure of the database, and while another node is at work.
const LONG_PAUSE: Duration = Duration::from_secs(5);
/// Attempts of one job at one place before it is given up.
const ATTEMPTS: usize = 5;
/// The lease is renewed when it is so old, ms.
const RENEW: i64 = duty::LENGTH / 3;

/// What a job was asked to work on.
pub const IMPORT_FILE: &str = "import_file";

/// Why something about a job was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not allowed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No work of that name is done here.
    #[error("no such type of job")]
    UnknownKind,
    /// A member of the job's data is missing or of no use.
    #[error("unusable {0}")]
    Data(&'static str),
    /// The job is past where that can be done to it.
    #[error("a job that is {} cannot become that", .0.as_str())]
    Status(JobStatus),
    /// The job has written no file.
    #[error("the job has no file")]
    NoFile,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Members of `data` that are looked at, by kind; more than these is not kept.
fn known(kind: JobKind) -> &'static [&'static str] {
    match kind {
        JobKind::Import => &[IMPORT_FILE],
        JobKind::Export => &[
            "include_attachments",
            "include_archived_channels",
            "include_profile_pictures",
            "include_roles_and_schemes",
        ],
    }
}

/// Asks for work; it begins when its turn comes.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`; [`Error::UnknownKind`]; [`Error::Data`] for an import of a file that is not
/// there. Source: API v4 `POST /jobs`.
pub async fn create(
    app: &App,
    actor: &SessionUser,
    kind: &str,
    mut data: BTreeMap<String, String>,
) -> Result<Job, Error> {
    actor.require(Permission::ManageSystem)?;
    let kind = JobKind::parse(kind).ok_or(Error::UnknownKind)?;
    data.retain(|key, value| known(kind).contains(&key.as_str()) && value.len() <= 1_000);
    if kind == JobKind::Import {
        let name = data.get(IMPORT_FILE).and_then(|name| shelves::checked(name)).ok_or(Error::Data(IMPORT_FILE))?;
        let there = app.disk.open_shelved(Shelf::Import, name).await.is_ok_and(|file| file.is_some());
        if !there {
            return Err(Error::Data(IMPORT_FILE));
        }
    }
    let mut tx = app.db.begin(app.clock.now()).await?;
    let job = Job {
        id: app.ids.id(ItemId::from_random),
        kind,
        user_id: Some(actor.user_id),
        create_at: tx.now(),
        start_at: None,
        last_activity_at: tx.now(),
        status: JobStatus::Pending,
        progress: 0,
        data,
        position: 0,
    };
    rows::insert(&mut tx, &job).await?;
    let detail = format!("{} {}", kind.as_str(), job.id);
    audit::by_user(&mut tx, actor, About { action: "create_job", result: "ok", detail: &detail, ..About::default() })?;
    tx.commit().await?;
    Ok(job)
}

/// A page of jobs, newest first.
///
/// # Errors
/// [`Error::Denied`] without `read_jobs`. A kind that is not done here has none.
pub async fn list(
    app: &App,
    actor: &SessionUser,
    kind: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Job>, Error> {
    actor.require(Permission::ReadJobs)?;
    let kind = match kind.map(JobKind::parse) {
        Some(None) => return Ok(Vec::new()),
        Some(kind) => kind,
        None => None,
    };
    Ok(rows::list(&mut app.db.read(app.clock.now()).await?, kind, offset, limit).await?)
}

/// One job.
///
/// # Errors
/// [`Error::Denied`] without `read_jobs`, or if there is none.
pub async fn get(app: &App, actor: &SessionUser, id: &ItemId) -> Result<Job, Error> {
    actor.require(Permission::ReadJobs)?;
    let found = rows::get(&mut app.db.read(app.clock.now()).await?, id).await?;
    Ok(found.ok_or(Denied::Absent("job"))?)
}

/// The name of the file an export has written.
///
/// # Errors
/// [`Error::NoFile`]; otherwise as [`get`].
pub async fn export_name(app: &App, actor: &SessionUser, id: &ItemId) -> Result<String, Error> {
    let job = get(app, actor, id).await?;
    let written = job.kind == JobKind::Export && matches!(job.status, JobStatus::Success | JobStatus::Warning);
    if written { Ok(bulk::export::file_name(&job.id)) } else { Err(Error::NoFile) }
}

/// Stops a job: at once if it waits, else as soon as whoever does it looks.
///
/// # Errors
/// [`Error::Status`] for one that is over; [`Error::Denied`] without `manage_jobs`.
pub async fn cancel(app: &App, actor: &SessionUser, id: &ItemId) -> Result<(), Error> {
    change(app, actor, id, |job| match job.status {
        JobStatus::Pending => Some(JobStatus::Canceled),
        JobStatus::InProgress | JobStatus::CancelRequested => Some(JobStatus::CancelRequested),
        JobStatus::Success | JobStatus::Warning | JobStatus::Error | JobStatus::Canceled => None,
    })
    .await
}

/// Sets the status of a job: what waits or runs may be stopped, what runs may wait again, what is being stopped may be
/// called stopped; anything, with `force`. What is over and is set to wait goes on where it was.
///
/// # Errors
/// As [`cancel`]. Source: API v4 `PATCH /jobs/{id}/status`.
pub async fn set_status(
    app: &App,
    actor: &SessionUser,
    id: &ItemId,
    status: JobStatus,
    force: bool,
) -> Result<(), Error> {
    use JobStatus::{CancelRequested, Canceled, InProgress, Pending};
    change(app, actor, id, |job| {
        let usual = matches!(
            (job.status, status),
            (InProgress, Pending | CancelRequested) | (Pending, CancelRequested) | (CancelRequested, Canceled)
        );
        (usual || force).then_some(status)
    })
    .await
}

async fn change(
    app: &App,
    actor: &SessionUser,
    id: &ItemId,
    next: impl FnOnce(&Job) -> Option<JobStatus>,
) -> Result<(), Error> {
    actor.require(Permission::ManageJobs)?;
    // Whoever may only look after jobs does not begin work that may do anything.
    actor.require(Permission::ManageSystem)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut job = rows::lock(&mut tx, id).await?.ok_or(Denied::Absent("job"))?;
    job.status = next(&job).ok_or(Error::Status(job.status))?;
    job.last_activity_at = tx.now();
    rows::update(&mut tx, &job).await?;
    let detail = format!("{} {}", job.status.as_str(), job.id);
    audit::by_user(&mut tx, actor, About { action: "change_job", result: "ok", detail: &detail, ..About::default() })?;
    tx.commit().await?;
    Ok(())
}

/// A job in the hands of whoever does it.
pub(crate) struct Turn {
    node: String,
    renewed: Millis,
    /// As it was last written.
    pub(crate) job: Job,
}

impl Turn {
    /// Notes in `tx` how far the job has come; what the transaction does is in force only together with that.
    ///
    /// # Errors
    /// [`Stop`] if it is to stop, or somebody else goes on with it.
    pub(crate) async fn advance(&mut self, tx: &mut Tx, position: i64, progress: i64) -> Result<(), Stop> {
        let found = rows::lock(tx, &self.job.id).await?.ok_or(Stop::NotOurs)?;
        match found.status {
            JobStatus::InProgress if found.position == self.job.position => {}
            JobStatus::CancelRequested => return Err(Stop::Canceled),
            _ => return Err(Stop::NotOurs),
        }
        let next = Job { position, progress, last_activity_at: tx.now(), ..self.job.clone() };
        rows::update(tx, &next).await?;
        Ok(())
    }

    /// The transaction of [`Turn::advance`] is in force.
    pub(crate) fn advanced(&mut self, position: i64, progress: i64) {
        (self.job.position, self.job.progress) = (position, progress);
    }

    /// Keeps the duty. To be called between transactions, often.
    ///
    /// # Errors
    /// [`Stop::NotOurs`] once another node has it.
    pub(crate) async fn keep(&mut self, app: &App) -> Result<(), Stop> {
        let now = app.clock.now();
        if now.since(self.renewed) < RENEW {
            return Ok(());
        }
        if !duty::take(app, DUTY, &self.node).await? {
            return Err(Stop::NotOurs);
        }
        self.renewed = now;
        Ok(())
    }
}

/// Does jobs for ever. `node` names this process among those of the installation, and again after a restart.
pub async fn follow(app: App, node: String) {
    let (mut stuck, mut times) = (None, 0);
    loop {
        let next = AssertUnwindSafe(do_next(&app, &node)).catch_unwind().await;
        let next = match next {
            Ok(next) => next,
            // A bug; the panic itself is in the log. The job is tried again as after a crash.
            Err(_) => Err((turn_of(&app).await, StoreError::Failed("a panic".to_owned()))),
        };
        let pause = match next {
            Ok(Some(true)) => continue,
            Ok(Some(false)) => LONG_PAUSE,
            Ok(None) => PAUSE,
            Err((place, error)) => {
                tracing::warn!(%error, "a job was interrupted");
                times = if place.is_some() && place == stuck { times + 1 } else { 1 };
                stuck = place;
                if let (Some((id, _)), true) = (place, times >= ATTEMPTS)
                    && let Err(error) =
                        give_up(&app, &id, 0, &format!("given up after {ATTEMPTS} attempts: {error}")).await
                {
                    tracing::error!(%error, "a job could not be given up");
                }
                LONG_PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Which job is at its turn, and where it is.
async fn turn_of(app: &App) -> Option<(ItemId, i64)> {
    let mut view = app.db.read(app.clock.now()).await.ok()?;
    rows::next(&mut view).await.ok()?.map(|job| (job.id, job.position))
}

/// Does the next job, if there is one: None if not, false if it is another node's turn.
///
/// # Errors
/// The database's, and of which job at which place; it goes on there.
pub async fn do_next(app: &App, node: &str) -> Result<Option<bool>, (Option<(ItemId, i64)>, StoreError)> {
    let nowhere = |error| (None, error);
    let next = match app.db.read(app.clock.now()).await {
        Ok(mut view) => rows::next(&mut view).await.map_err(nowhere)?,
        Err(error) => return Err(nowhere(error)),
    };
    let Some(job) = next else { return Ok(None) };
    let renewed = app.clock.now();
    if !duty::take(app, DUTY, node).await.map_err(nowhere)? {
        return Ok(Some(false));
    }
    let id = job.id;
    let mut turn = Turn { node: node.to_owned(), renewed, job };
    let done = perform(app, &mut turn).await;
    if let Err(error) = duty::leave(app, DUTY, node).await {
        tracing::warn!(%error, "another node takes jobs over only after a while");
    }
    done.map_err(|error| (Some((id, turn.job.position)), error))?;
    Ok(Some(true))
}

async fn perform(app: &App, turn: &mut Turn) -> Result<(), StoreError> {
    if !begin(app, turn).await? {
        return Ok(());
    }
    tracing::info!(job = %turn.job.id, kind = turn.job.kind.as_str(), position = turn.job.position, "a job is begun");
    let done = match turn.job.kind {
        JobKind::Import => bulk::import::run(app, turn).await,
        JobKind::Export => bulk::export::run(app, turn).await,
    };
    let status = match &done {
        Ok(()) if turn.job.data.contains_key(WARNINGS) => JobStatus::Warning,
        Ok(()) => JobStatus::Success,
        Err(Stop::Canceled) => JobStatus::Canceled,
        Err(Stop::NotOurs) => return Ok(()),
        Err(Stop::Fault(fault)) => {
            return give_up(app, &turn.job.id, fault.line, &fault.why).await;
        }
        Err(Stop::Store(error)) => return Err(error.clone()),
    };
    let mut tx = app.db.begin(app.clock.now()).await?;
    turn.job.status = status;
    if done.is_ok() {
        turn.job.progress = 100;
    }
    turn.job.last_activity_at = tx.now();
    rows::update(&mut tx, &turn.job).await?;
    tracing::info!(job = %turn.job.id, status = status.as_str(), "a job is over");
    tx.commit().await
}

/// Marks a job as begun; false if it is to stop before that.
async fn begin(app: &App, turn: &mut Turn) -> Result<bool, StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(mut job) = rows::lock(&mut tx, &turn.job.id).await? else { return Ok(false) };
    let goes_on = match job.status {
        JobStatus::Pending | JobStatus::InProgress => true,
        // Whoever did it is not there any more; what it has left undone is done below.
        JobStatus::CancelRequested => job.kind == JobKind::Import,
        JobStatus::Success | JobStatus::Warning | JobStatus::Error | JobStatus::Canceled => return Ok(false),
    };
    if job.status == JobStatus::Pending {
        job.status = JobStatus::InProgress;
        job.start_at = job.start_at.or(Some(tx.now()));
    }
    if !goes_on {
        job.status = JobStatus::Canceled;
    }
    job.last_activity_at = tx.now();
    rows::update(&mut tx, &job).await?;
    tx.commit().await?;
    turn.job = job;
    Ok(goes_on)
}

/// How many things were left out, in a job's data; the first of them are beside it.
pub(crate) const WARNINGS: &str = "warnings";
const FIRST_WARNINGS: &str = "first_warnings";
/// Bytes of warnings that are kept.
const MOST_WARNINGS: usize = 2_000;

/// Notes something that was left out. It is kept with the next [`Turn::advance`].
pub(crate) fn warn(job: &mut Job, line: i64, what: &str) {
    let count = job.data.get(WARNINGS).and_then(|count| count.parse::<u64>().ok()).unwrap_or(0) + 1;
    job.data.insert(WARNINGS.to_owned(), count.to_string());
    let first = job.data.entry(FIRST_WARNINGS.to_owned()).or_default();
    if first.len() + what.len() < MOST_WARNINGS {
        if !first.is_empty() {
            first.push('\n');
        }
        first.push_str(&format!("line {line}: {what}"));
    }
}

async fn give_up(app: &App, id: &ItemId, line: i64, why: &str) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(mut job) = rows::lock(&mut tx, id).await? else { return Ok(()) };
    job.status = JobStatus::Error;
    job.last_activity_at = tx.now();
    let short: String = why.chars().take(500).collect();
    job.data.insert("error".to_owned(), short.clone());
    if line > 0 {
        job.data.insert("line_number".to_owned(), line.to_string());
    }
    rows::update(&mut tx, &job).await?;
    tracing::warn!(job = %id, line, why = short, "a job was given up");
    tx.commit().await
}
