//! `/share-channel`: shares the current channel, ends that, and shows with whom it is shared (behaviour 2.5).

use rialto_app::backfill::Refusal;
use rialto_app::shares::{self, Invitation as Wanted};
use rialto_app::{Denied, SessionUser, backlog};
use rialto_federation::Federation;
use rialto_model::{PeerProfile, RemoteCluster, RemoteId, Share, ShareMode, ShareState};
use rialto_wire::federation::capability;

use super::actions::{Action, Command};
use super::candidate::{ConnectionState, Unresolved};
use super::execute::Refused;
use super::flags::Flag;
use super::invocation::{ConnectionRef, ShareChannel};
use super::known::Known;
use super::place::Place;
use super::share_requests;
use super::texts::connections::PeerLearns;
use super::texts::share_status::{ShareRow, SharedChannel, conversation, share_table};
use super::texts::shares::{
    Invitation, Invited, ShareRefusal, Uninvited, Unshared, invited, share_refusal, shared, uninvited, unshared,
};
use super::texts::{parse, unresolved};

const COMMAND: Command = Command::ShareChannel;

/// A command under way.
struct Run<'a> {
    federation: &'a Federation,
    actor: &'a SessionUser,
    place: &'a Place,
}

/// Carries out `request` in the channel of `place`. The caller has checked feature and permission.
pub(super) async fn run(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    request: ShareChannel,
) -> Result<String, Refused> {
    let run = Run { federation, actor, place };
    if let ShareChannel::Decide(decision) = &request {
        return share_requests::decide(federation, actor, decision).await;
    }
    if place.channel().kind.is_direct_or_group() {
        return match request {
            ShareChannel::Status => run.organisations().await,
            _ => Err(told(&ShareRefusal::DirectChannel)),
        };
    }
    match request {
        ShareChannel::Invite { connection, readonly, description, convert, history } => {
            let wanted = Wanted {
                read_only: readonly.unwrap_or(false),
                description: description.unwrap_or_default(),
                convert,
                history,
            };
            run.invite(&connection, wanted).await
        }
        ShareChannel::Uninvite { connection } => run.uninvite(connection.as_ref()).await,
        ShareChannel::Unshare => run.unshare().await,
        ShareChannel::Status => run.status().await,
        ShareChannel::Decide(decision) => share_requests::decide(federation, actor, &decision).await,
        ShareChannel::Share { readonly, name, display_name, purpose, header } => {
            let named = [name, display_name, purpose, header].iter().any(Option::is_some);
            run.share(readonly.unwrap_or(false), named).await
        }
    }
}

fn told(refusal: &ShareRefusal) -> Refused {
    Refused::Told(share_refusal(refusal))
}

/// What of the request a refusal repeats.
struct Asked<'a> {
    given: ConnectionRef,
    remote: Option<&'a RemoteCluster>,
    mode: ShareMode,
    /// Display name and id of those the channel is shared with.
    invited: Vec<(String, RemoteId)>,
}

impl Run<'_> {
    async fn invite(&self, given: &ConnectionRef, wanted: Wanted) -> Result<String, Refused> {
        self.refuse_channel().await?;
        let app = &self.federation.app;
        let channel = self.place.channel().id;
        let known = Known::read(self.federation, self.actor, COMMAND).await?;
        let remote = known.find(given)?;
        let mode = if wanted.read_only { ShareMode::ReadOnly } else { ShareMode::Participation };
        let before = shares::list_of_remote(app, self.actor, &remote.id, true).await;
        let before = before.map_err(|error| Refused::Fault(error.to_string()))?;
        let mut before = before.iter().filter(|share| share.channel_id == channel);
        let was_read_only = before.clone().any(|share| share.mode == ShareMode::ReadOnly);
        let converted = before.any(|share| share.state.is_live() && share.mode != mode);
        let asked = Asked { given: given.clone(), remote: Some(remote), mode, invited: Vec::new() };
        let done = shares::invite(app, self.actor, &channel, &remote.id, wanted).await;
        let done = done.map_err(|error| refusal(error, &known, &asked))?;
        let state = known.state(&done.remote);
        Ok(invited(&Invited {
            newly_shared: done.newly_shared,
            display_name: &done.remote.display_name,
            site_url: done.remote.site_url.as_deref(),
            invitation: match (done.already, done.queued) {
                (true, _) => Invitation::Standing,
                (false, true) => Invitation::Queued(state),
                (false, false) => Invitation::Sent,
            },
            mode,
            converted,
            // Its copy keeps the rules it was given as a read-only one (ruling 41).
            moderation_stays: was_read_only
                && mode == ShareMode::Participation
                && done.remote.profile == PeerProfile::Mattermost11,
            history: done.history,
        }))
    }

    async fn uninvite(&self, given: Option<&ConnectionRef>) -> Result<String, Refused> {
        let app = &self.federation.app;
        let channel = self.place.channel();
        if given.is_none() && channel.origin.is_none() {
            return Err(Refused::Told(parse::missing(Action::Uninvite, &[Flag::ConnectionId])));
        }
        let known = Known::read(self.federation, self.actor, COMMAND).await?;
        let remote = given.map(|given| known.find(given)).transpose()?;
        let rows = self.rows().await?;
        let live = rows.iter().filter(|row| row.share.state.is_live());
        let asked = Asked {
            given: given.cloned().unwrap_or(ConnectionRef(String::new())),
            remote,
            mode: ShareMode::Participation,
            invited: live.map(|row| (row.remote.display_name.clone(), row.remote.id)).collect(),
        };
        let done = shares::uninvite(app, self.actor, &channel.id, remote.map(|remote| &remote.id)).await;
        let (ended, rest) = done.map_err(|error| refusal(error, &known, &asked))?;
        let remaining: Vec<String> = rest.into_iter().map(|remote| remote.display_name).collect();
        let learns = learns(&known, &ended, &rows);
        Ok(uninvited(&Uninvited { display_name: &ended.display_name, remaining: &remaining, learns }))
    }

    async fn unshare(&self) -> Result<String, Refused> {
        let channel = self.place.channel();
        let known = Known::read(self.federation, self.actor, COMMAND).await?;
        let rows = self.rows().await?;
        let asked = Asked {
            given: ConnectionRef(String::new()),
            remote: None,
            mode: ShareMode::Participation,
            invited: Vec::new(),
        };
        let done = shares::unshare(&self.federation.app, self.actor, &channel.id).await;
        let ended = done.map_err(|error| refusal(error, &known, &asked))?;
        let with: Vec<(String, PeerLearns)> =
            ended.iter().map(|remote| (remote.display_name.clone(), learns(&known, remote, &rows))).collect();
        Ok(unshared(&Unshared { with: &with, copy: channel.origin.is_some() }))
    }

    async fn status(&self) -> Result<String, Refused> {
        let app = &self.federation.app;
        let channel = self.place.channel();
        let known = Known::read(self.federation, self.actor, COMMAND).await?;
        let rows = self.rows().await?;
        let mut table = Vec::new();
        for row in &rows {
            let waiting = backlog::of(app, &row.remote.id).await?.of_channel(&channel.id);
            table.push(ShareRow { share: &row.share, cluster: &row.remote, waiting });
        }
        let home = channel.origin.map(|origin| home_name(&known, &origin));
        let shown = SharedChannel { display_name: &channel.display_name, id: channel.id, home: home.as_deref() };
        Ok(share_table(&shown, &table, known.now, known.offline_after))
    }

    /// A conversation is managed by nobody; who takes part can be asked all the same (E-145).
    async fn organisations(&self) -> Result<String, Refused> {
        let app = &self.federation.app;
        let known = Known::read(self.federation, self.actor, COMMAND).await?;
        let rows = self.rows().await?;
        let mut with = Vec::new();
        for row in &rows {
            let waiting = backlog::of(app, &row.remote.id).await?.of_channel(&self.place.channel().id);
            with.push(ShareRow { share: &row.share, cluster: &row.remote, waiting });
        }
        Ok(conversation(&with, known.now, known.offline_after))
    }

    /// Historical: marks the channel as shared (behaviour 2.8).
    async fn share(&self, read_only: bool, named: bool) -> Result<String, Refused> {
        if read_only {
            return Err(told(&ShareRefusal::NoDefaultMode));
        }
        self.refuse_channel().await?;
        if self.place.channel().shared {
            return Err(told(&ShareRefusal::AlreadyShared));
        }
        let known = Known::read(self.federation, self.actor, COMMAND).await?;
        let asked = Asked {
            given: ConnectionRef(String::new()),
            remote: None,
            mode: ShareMode::Participation,
            invited: Vec::new(),
        };
        let done = shares::mark_shared(&self.federation.app, self.actor, &self.place.channel().id).await;
        done.map_err(|error| refusal(error, &known, &asked))?;
        Ok(shared(named))
    }

    /// Refuses channels that cannot be shared with anybody, before it is asked with whom.
    async fn refuse_channel(&self) -> Result<(), Refused> {
        let channel = self.place.channel();
        if channel.is_archived() {
            return Err(told(&ShareRefusal::Archived));
        }
        let Some(origin) = channel.origin else { return Ok(()) };
        let known = Known::read(self.federation, self.actor, COMMAND).await?;
        Err(told(&ShareRefusal::ForeignOrigin { organisation: home_name(&known, &origin) }))
    }

    async fn rows(&self) -> Result<Vec<shares::ShareRow>, Refused> {
        match shares::list(&self.federation.app, self.actor, &self.place.channel().id).await {
            Ok((_, rows)) => Ok(rows),
            Err(shares::Error::Denied(denied)) => Err(Refused::denied(COMMAND, &denied)),
            Err(other) => Err(Refused::Fault(other.to_string())),
        }
    }
}

fn home_name(known: &Known, origin: &RemoteId) -> String {
    known.get(origin).map_or_else(|| "another organisation".to_owned(), |home| home.display_name.clone())
}

/// How the peer of an ended share comes to know it (ruling 45). `before`: the shares as they were.
fn learns(known: &Known, remote: &RemoteCluster, before: &[shares::ShareRow]) -> PeerLearns {
    let share: Option<&Share> = before.iter().map(|row| &row.share).find(|share| share.remote_id == remote.id);
    if share.is_none_or(|share| matches!(share.state, ShareState::Queued | ShareState::Failed | ShareState::Ended)) {
        return PeerLearns::Nobody;
    }
    match remote.profile {
        _ if remote.has(capability::SHARE) && known.state(remote) == ConnectionState::Connected => PeerLearns::Soon,
        _ if remote.has(capability::SHARE) => PeerLearns::WhenBack,
        PeerProfile::Mattermost11 | PeerProfile::Rialto => PeerLearns::AtNextAttempt,
        PeerProfile::Mattermost5 | PeerProfile::Unknown => PeerLearns::Never,
    }
}

fn refusal(error: shares::Error, known: &Known, asked: &Asked<'_>) -> Refused {
    let display_name = || asked.remote.map(|remote| remote.display_name.clone()).unwrap_or_default();
    let refusal = match error {
        shares::Error::Denied(Denied::Absent("connection")) => {
            return Refused::Told(unresolved(&asked.given, &Unresolved::NotFound));
        }
        shares::Error::Denied(denied) => return Refused::denied(COMMAND, &denied),
        shares::Error::DirectOrGroup => ShareRefusal::DirectChannel,
        shares::Error::Archived => ShareRefusal::Archived,
        shares::Error::Foreign(organisation) => ShareRefusal::ForeignOrigin { organisation },
        shares::Error::ConnectionEnded(remote) => {
            ShareRefusal::ConnectionEnded { display_name: remote.display_name.clone(), state: known.state(&remote) }
        }
        shares::Error::AlreadyInvited(share) if share.mode == asked.mode => {
            ShareRefusal::AlreadyInvited { display_name: display_name(), state: share.state }
        }
        shares::Error::AlreadyInvited(share) => {
            ShareRefusal::OtherMode { display_name: display_name(), id: share.remote_id, now: share.mode }
        }
        shares::Error::OnceOnly => ShareRefusal::CopyWouldBeDeleted { display_name: display_name() },
        shares::Error::NoTeamThere => ShareRefusal::NoTeamThere { display_name: display_name() },
        shares::Error::Policy(rule) => ShareRefusal::Policy { rule: rule.name().to_owned() },
        shares::Error::NotShared => ShareRefusal::NotShared,
        shares::Error::History(Refusal::Off) => ShareRefusal::HistoryOff,
        shares::Error::History(Refusal::TooMuch(most)) => ShareRefusal::HistoryLimit { most },
        shares::Error::History(Refusal::NotThere) => ShareRefusal::HistoryNotThere { display_name: display_name() },
        // Of decisions about offered channels and of running backfills only.
        shares::Error::NotOffered | shares::Error::NoTeam | shares::Error::NoHistory => {
            return Refused::Fault(error.to_string());
        }
        shares::Error::NotInvited(_) => {
            ShareRefusal::NotInvited { given: asked.given.clone(), invited: asked.invited.clone() }
        }
        shares::Error::Store(error) => return error.into(),
    };
    told(&refusal)
}
