//! Taking over an import file: lines in batches, each batch one transaction together with the position it brings the job
//! to, so that whatever ends the server, it goes on behind the last line that is in force.
//!
//! Nothing of it is news. Messages are an event for the index of words alone ([`DomainEvent::HistoryKept`]): they call
//! nobody, go to no peer, and enter the counters of their channels in one step at the end, as read.

mod people;
mod places;
mod posts;
mod prepare;

use std::collections::HashMap;

use rialto_model::bulk::{Line, VERSION};
use rialto_model::{ChannelId, DomainEvent, Millis, Origin, Scope, Team, TeamId, UserId};
use rialto_store::{StoreError, Tx, imports, teams, users};

use super::archive::{Archive, Batch, Fault};
use super::shelves::{self, Shelf};
use crate::App;
use crate::jobs::{self, IMPORT_FILE, Turn};
use prepare::Prepared;

/// Why a job does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// Somebody has stopped it.
    #[error("stopped")]
    Canceled,
    /// Somebody else goes on with it.
    #[error("somebody else goes on with it")]
    NotOurs,
    /// It cannot be done.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Storage failed; it may go on later.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Stop::Fault(Fault::new(0, format!("the disk failed: {error}")))
    }
}

/// Why a line is not taken over.
#[derive(Debug)]
enum Refused {
    /// Something is wrong with it.
    Why(String),
    /// Storage failed.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            // Values the database does not take, whatever they are.
            StoreError::Unique(what) | StoreError::Rejected(what) => {
                Refused::Why(format!("the database refuses: {what}"))
            }
            other => Refused::Store(other),
        }
    }
}

impl Refused {
    fn at(self, line: i64) -> Stop {
        match self {
            Refused::Why(why) => Fault::new(line, why).into(),
            Refused::Store(error) => error.into(),
        }
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Why(why.into()))
}

/// A channel that lines name.
#[derive(Debug, Clone, Copy)]
struct Place {
    id: ChannelId,
    /// It belongs to a peer.
    is_copy: bool,
}

/// What names stand for, as far as it was looked up.
#[derive(Default)]
struct Names {
    teams: HashMap<String, Team>,
    channels: HashMap<(TeamId, String), Place>,
    people: HashMap<String, UserId>,
    conversations: HashMap<Vec<String>, ChannelId>,
}

/// What one transaction brings in.
struct Batching<'a> {
    app: &'a App,
    job: rialto_model::ItemId,
    names: &'a mut Names,
    /// Messages of this transaction, which on PostgreSQL it does not see before it ends.
    written: posts::Written,
    counts: HashMap<ChannelId, posts::Count>,
    warnings: Vec<(i64, String)>,
}

/// Takes over the file a job names.
///
/// # Errors
/// [`Stop`]; what came before is in force and counted.
pub(crate) async fn run(app: &App, turn: &mut Turn) -> Result<(), Stop> {
    let done = take_over(app, turn).await;
    if matches!(done, Err(Stop::NotOurs | Stop::Store(_))) {
        return done;
    }
    // Also of a file that is given up: what is there is there.
    settle(app, turn).await?;
    done
}

async fn take_over(app: &App, turn: &mut Turn) -> Result<(), Stop> {
    let name = turn.job.data.get(IMPORT_FILE).and_then(|name| shelves::checked(name));
    let path = name.map(|name| app.disk.shelf_path(Shelf::Import, name));
    let archive = Archive::open(path.ok_or_else(|| Fault::new(0, "the job names no file"))?).await?;
    let mut lines = archive.lines(turn.job.position);
    let mut names = Names::default();
    while let Some(batch) = lines.recv().await {
        turn.keep(app).await?;
        let batch = batch?;
        let mut ready = Vec::new();
        let mut fault = None;
        for (number, line) in batch.lines.iter() {
            match check_line(*number, line) {
                Ok(()) => {}
                Err(why) => {
                    fault = Some(Stop::from(Fault::new(*number, why)));
                    break;
                }
            }
            match prepare::prepare(app, &archive, line).await {
                Ok(prepared) => ready.push((*number, line, prepared)),
                Err(why) => {
                    fault = Some(why.at(*number));
                    break;
                }
            }
        }
        // A line that cannot be taken over takes nothing with it that stands before it.
        loop {
            match apply(app, turn, &mut names, &ready, &batch).await {
                Ok(()) => break,
                Err(Stop::Fault(found)) => {
                    names = Names::default();
                    let before = ready.iter().take_while(|(number, ..)| *number < found.line).count();
                    if before == ready.len() {
                        return Err(found.into());
                    }
                    ready.truncate(before);
                    fault = Some(found.into());
                }
                Err(other) => return Err(other),
            }
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        if batch.is_last {
            return Ok(());
        }
    }
    Err(Fault::new(0, "the file could not be read to its end").into())
}

/// Line 1 says what the file is, and no other one does.
fn check_line(number: i64, line: &Line) -> Result<(), String> {
    let is_version = line.kind == "version";
    if number == 1 && !is_version {
        return Err("the first line must say which version of the format the file has".to_owned());
    }
    if number > 1 && is_version {
        return Err("only the first line says which version the file has".to_owned());
    }
    if is_version && line.version != Some(VERSION) {
        return Err(format!("the file has to be of version {VERSION} of the format"));
    }
    Ok(())
}

async fn apply(
    app: &App,
    turn: &mut Turn,
    names: &mut Names,
    ready: &[(i64, &Line, Prepared)],
    batch: &Batch,
) -> Result<(), Stop> {
    let Some((last, ..)) = ready.last() else { return Ok(()) };
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut batching = Batching {
        app,
        job: turn.job.id,
        names,
        written: posts::Written::default(),
        counts: HashMap::new(),
        warnings: Vec::new(),
    };
    for (number, line, prepared) in ready {
        batching.line(&mut tx, *number, line, prepared).await.map_err(|why| why.at(*number))?;
    }
    for (channel, count) in &batching.counts {
        imports::count(&mut tx, &turn.job.id, channel, (count.total, count.roots), count.newest)?;
    }
    let warnings = std::mem::take(&mut batching.warnings);
    let before = turn.job.data.clone();
    for (line, what) in &warnings {
        jobs::warn(&mut turn.job, *line, what);
    }
    turn.job.data.insert("line_number".to_owned(), last.to_string());
    // 100 is for the end, when everything counts.
    let progress = batch.progress.min(99);
    let written = match turn.advance(&mut tx, *last, progress).await {
        Ok(()) => tx.commit().await.map_err(|error| match Refused::from(error) {
            // Of which line the database does not say any more.
            Refused::Why(why) => Stop::Fault(Fault::new(*last, why)),
            Refused::Store(error) => Stop::Store(error),
        }),
        Err(stop) => Err(stop),
    };
    match written {
        Ok(()) => turn.advanced(*last, progress),
        Err(_) => turn.job.data = before,
    }
    written
}

impl Batching<'_> {
    async fn line(&mut self, tx: &mut Tx, number: i64, line: &Line, prepared: &Prepared) -> Result<(), Refused> {
        match line.kind.as_str() {
            "version" => Ok(()),
            // Everybody has the built-in roles here, so there is nothing they could be put into.
            "role" | "scheme" => {
                self.warnings.push((number, format!("a {} is not taken over", line.kind)));
                Ok(())
            }
            "emoji" => self.emoji(tx, number, given(&line.emoji, line)?, prepared).await,
            "team" => self.team(tx, number, given(&line.team, line)?).await,
            "channel" => self.channel(tx, number, given(&line.channel, line)?).await,
            "user" => self.user(tx, number, given(&line.user, line)?, prepared).await,
            "bot" => self.bot(tx, number, given(&line.bot, line)?, prepared).await,
            "post" => self.post(tx, number, given(&line.post, line)?, prepared).await,
            "direct_channel" => self.direct_channel(tx, given(&line.direct_channel, line)?).await,
            "direct_post" => self.direct_post(tx, given(&line.direct_post, line)?, prepared).await,
            other => refused(format!("there are no lines of type {other:?}")),
        }
    }

    async fn team_called(&mut self, tx: &mut Tx, name: &str) -> Result<Option<Team>, StoreError> {
        let name = name.trim().to_lowercase();
        if let Some(team) = self.names.teams.get(&name) {
            return Ok(Some(team.clone()));
        }
        let found = teams::get_by_name(tx, &name).await?;
        if let Some(team) = &found {
            self.names.teams.insert(name, team.clone());
        }
        Ok(found)
    }

    async fn person(&mut self, tx: &mut Tx, name: &str) -> Result<UserId, Refused> {
        let name = name.trim().to_lowercase();
        if let Some(id) = self.names.people.get(&name) {
            return Ok(*id);
        }
        match users::get_by_username(tx, &name).await? {
            Some(user) if user.is_local() && user.id != self.app.system_user => {
                self.names.people.insert(name, user.id);
                Ok(user.id)
            }
            _ => refused(format!("there is nobody called {name:?} here")),
        }
    }
}

fn given<'a, T>(member: &'a Option<T>, line: &Line) -> Result<&'a T, Refused> {
    member.as_ref().ok_or_else(|| Refused::Why(format!("the line has no member {:?}", line.kind)))
}

/// A time of a line; it is never later than now.
fn past(tx: &Tx, ms: i64, what: &str) -> Result<Millis, Refused> {
    /// Clocks of two machines may differ by so much, ms.
    const SKEW: i64 = 300_000;
    if ms <= 0 || ms > tx.now().0 + SKEW {
        return refused(format!("{what} must be ms since 1970, and not in the future"));
    }
    Ok(Millis(ms))
}

/// Lets what the job has brought count, channel by channel, and tells those who show one that there is more of it.
async fn settle(app: &App, turn: &mut Turn) -> Result<(), Stop> {
    loop {
        turn.keep(app).await?;
        let mut tx = app.db.begin(app.clock.now()).await?;
        let Some((channel, came)) = imports::unsettled(&mut tx, &turn.job.id).await? else { return Ok(()) };
        imports::settle(&mut tx, &turn.job.id, &channel).await?;
        if came {
            tx.record(Scope::Channel(channel), Origin::Local, DomainEvent::HistoryReceived { channel });
        }
        tx.commit().await?;
    }
}
