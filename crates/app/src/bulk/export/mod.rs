//! Writing an export: an archive with the lines and the files they name, in an order that depends on names and times
//! alone, so that what was imported is exported as the same lines. An interrupted one begins anew.
//!
//! Not in it: people of other organisations and what they wrote, replies to that, connections and shares, sign-ins,
//! passwords, tokens, drafts, what was deleted, and teams that are archived.

mod people;
mod posts;
mod writer;

use std::collections::BTreeMap;

use rialto_model::bulk::{self, Info, Line, VERSION};
use rialto_model::{Channel, ChannelId, ItemId, Team, TeamId};
use rialto_store::exports::{self, Bounds};
use rialto_store::{emoji, teams};

use super::archive::Fault;
use super::import::Stop;
use super::shelves::Shelf;
use crate::App;
use crate::files::disk::bulk::{UNFINISHED, flush_folder};
use crate::jobs::Turn;
use writer::Writer;

/// Rows read at once.
const PAGE: i64 = 500;

/// What is wanted in an export besides what always is.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    attachments: bool,
    archived: bool,
    pictures: bool,
}

/// A channel of a team, as lines name it.
#[derive(Debug, Clone)]
struct Named {
    team: TeamId,
    channel: String,
    counts: Counts,
}

/// How many messages a channel has and how many of them the export holds, replies included and not.
#[derive(Debug, Clone, Copy)]
struct Counts {
    here: (i64, i64),
    exported: (i64, i64),
}

impl Counts {
    /// What somebody who has read so many of the messages here has read of those exported: as much stays unread.
    fn read(self, messages: i64, roots: i64) -> (i64, i64) {
        let of = |here: i64, exported: i64, read: i64| (exported - (here - read).max(0)).max(0);
        (of(self.here.0, self.exported.0, messages), of(self.here.1, self.exported.1, roots))
    }
}

struct Export<'a> {
    app: &'a App,
    wanted: Wanted,
    bounds: Bounds,
    writer: Writer,
    /// By name.
    teams: BTreeMap<String, Team>,
    channels: BTreeMap<ChannelId, Named>,
    files: u64,
    warnings: u64,
}

/// What the file of an export is called.
pub(crate) fn file_name(job: &ItemId) -> String {
    format!("{job}_export.zip")
}

/// Writes the file a job asks for.
///
/// # Errors
/// [`Stop`]; nothing is left of the file then.
pub(crate) async fn run(app: &App, turn: &mut Turn) -> Result<(), Stop> {
    let folder = app.disk.make_shelf(Shelf::Export).await?;
    let name = file_name(&turn.job.id);
    let part = folder.join(format!("{name}{UNFINISHED}"));
    let is = |key: &str| turn.job.data.get(key).is_some_and(|value| value == "true");
    let wanted = Wanted {
        attachments: is("include_attachments"),
        archived: is("include_archived_channels"),
        pictures: is("include_profile_pictures"),
    };
    let bounds = Bounds { system: app.system_user, until: app.clock.now() };
    let mut export = Export {
        app,
        wanted,
        bounds,
        writer: Writer::begin(part.clone()).await?,
        teams: BTreeMap::new(),
        channels: BTreeMap::new(),
        files: 0,
        warnings: 0,
    };
    let written = export.write(turn).await;
    let ended = export.writer.end(written.is_ok()).await;
    match written.and(ended.map_err(Stop::from)) {
        Ok(()) => {
            tokio::fs::rename(&part, folder.join(&name)).await?;
            flush_folder(&folder).await?;
            if export.warnings > 0 {
                let what = format!("{} files are left out, their bytes are not there", export.warnings);
                crate::jobs::warn(&mut turn.job, 0, &what);
            }
            turn.job.data.insert("export_file".to_owned(), name);
            Ok(())
        }
        Err(stop) => {
            app.disk.drop_shelved(Shelf::Export, &format!("{name}{UNFINISHED}")).await?;
            Err(stop)
        }
    }
}

impl Export<'_> {
    async fn write(&mut self, turn: &mut Turn) -> Result<(), Stop> {
        let info = Info { generator: "rialto".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        self.line(&Line { version: Some(VERSION), info: Some(info), ..Line::of("version") }).await?;
        self.emoji().await?;
        self.places().await?;
        self.step(turn, 5).await?;
        self.people(false).await?;
        self.people(true).await?;
        self.step(turn, 15).await?;
        self.messages(turn).await?;
        self.conversations(turn).await
    }

    async fn line(&mut self, line: &Line) -> Result<(), Stop> {
        let text = serde_json::to_string(line).map_err(|error| Fault::new(0, error.to_string()))?;
        Ok(self.writer.line(text).await?)
    }

    /// Notes how far it has come, keeps the duty, and hears whether it is to stop.
    async fn step(&mut self, turn: &mut Turn, progress: i64) -> Result<(), Stop> {
        turn.keep(self.app).await?;
        if self.app.clock.now().since(turn.job.last_activity_at) < 1_000 && progress == turn.job.progress {
            return Ok(());
        }
        let mut tx = self.app.db.begin(self.app.clock.now()).await?;
        turn.advance(&mut tx, 0, progress).await?;
        let now = tx.now();
        tx.commit().await?;
        turn.advanced(0, progress);
        turn.job.last_activity_at = now;
        Ok(())
    }

    async fn emoji(&mut self) -> Result<(), Stop> {
        let mut all = Vec::new();
        loop {
            let offset = i64::try_from(all.len()).unwrap_or(i64::MAX);
            let page = emoji::list(&mut self.app.db.read(self.app.clock.now()).await?, true, offset, PAGE).await?;
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        // Names of emoji may hold capitals, which the databases put in different places.
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all.dedup_by(|one, other| one.id == other.id);
        for one in all {
            let from = self.app.disk.emoji_path(&one.id);
            if !tokio::fs::try_exists(&from).await? {
                self.warnings += 1;
                continue;
            }
            let ending = if one.mime_type == "image/gif" { "gif" } else { "png" };
            let image = format!("emoji/{}.{ending}", one.name);
            self.writer.file(&image, from).await?;
            self.line(&Line { emoji: Some(bulk::Emoji { name: one.name, image }), ..Line::of("emoji") }).await?;
        }
        Ok(())
    }

    async fn places(&mut self) -> Result<(), Stop> {
        loop {
            let offset = i64::try_from(self.teams.len()).unwrap_or(i64::MAX);
            let page = teams::list(&mut self.app.db.read(self.app.clock.now()).await?, true, offset, PAGE).await?;
            if page.is_empty() {
                break;
            }
            self.teams.extend(page.into_iter().map(|team| (team.name.clone(), team)));
        }
        for team in self.teams.clone().into_values() {
            let line = bulk::Team {
                name: team.name,
                display_name: team.display_name,
                kind: team.kind.letter().to_owned(),
                description: Some(team.description),
                allow_open_invite: Some(team.allow_open_invite),
            };
            self.line(&Line { team: Some(line), ..Line::of("team") }).await?;
        }
        for team in self.teams.clone().into_values() {
            let mut after = String::new();
            loop {
                let mut view = self.app.db.read(self.app.clock.now()).await?;
                let page = exports::channels(&mut view, &team.id, self.wanted.archived, &after, PAGE).await?;
                drop(view);
                let Some(last) = page.last() else { break };
                after.clone_from(&last.name);
                for channel in page {
                    self.channel(&team, channel).await?;
                }
            }
        }
        Ok(())
    }

    async fn channel(&mut self, team: &Team, channel: Channel) -> Result<(), Stop> {
        let counts = self.counts(&channel).await?;
        let named = Named { team: team.id, channel: channel.name.clone(), counts };
        self.channels.insert(channel.id, named);
        let line = bulk::Channel {
            team: team.name.clone(),
            name: channel.name,
            display_name: channel.display_name,
            kind: channel.kind.letter().to_owned(),
            header: Some(channel.header),
            purpose: Some(channel.purpose),
            deleted_at: channel.delete_at.map(|at| at.0),
        };
        self.line(&Line { channel: Some(line), ..Line::of("channel") }).await
    }

    async fn counts(&self, channel: &Channel) -> Result<Counts, Stop> {
        let mut view = self.app.db.read(self.app.clock.now()).await?;
        let exported = exports::count(&mut view, &channel.id, self.bounds).await?;
        Ok(Counts { here: (channel.total_msg_count, channel.total_msg_count_root), exported })
    }
}
