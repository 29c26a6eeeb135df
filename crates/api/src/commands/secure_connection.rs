//! `/secure-connection`: makes, accepts, ends and lists connections (behaviour 2.4).

use std::collections::{HashMap, HashSet};

use rialto_app::connections::health;
use rialto_app::{SessionUser, connections as records, shares, teams, users};
use rialto_federation::Federation;
use rialto_federation::connections as federation_connections;
use rialto_model::{RemoteCluster, TeamId};

use super::actions::Command;
use super::connection_refusals::{Asked, refusal};
use super::connection_trust;
use super::execute::Refused;
use super::grammar::Secret;
use super::invocation::{ConnectionRef, NewConnection, SecureConnection};
use super::known::Known;
use super::place::Place;
use super::share_requests;
use super::texts::connection_status::{ConnectionDetail, ConnectionRow, connection_detail, connection_table};
use super::texts::connections::{Accepted, Created, PeerLearns, Removed, accepted, created, removed};
use super::texts::refusals::{ConnectionRefusal, connection_refusal};
use super::warnings::{address_doubts, weakness};

const COMMAND: Command = Command::SecureConnection;

/// Carries out `request`. The caller has checked feature and permission.
pub(super) async fn run(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    request: SecureConnection,
) -> Result<String, Refused> {
    match request {
        SecureConnection::Create(new) => create(federation, actor, place, new).await,
        SecureConnection::Accept { connection, invite } => accept(federation, actor, place, connection, &invite).await,
        SecureConnection::Remove { connection } => remove(federation, actor, &connection).await,
        SecureConnection::Rotate { connection, emergency } => {
            connection_trust::rotate(federation, actor, &connection, emergency).await
        }
        SecureConnection::Test { connection } => connection_trust::test(federation, actor, &connection).await,
        SecureConnection::Resume { connection } => connection_trust::resume(federation, actor, &connection).await,
        SecureConnection::Recover { connection, discard } => {
            connection_trust::recover(federation, actor, &connection, discard).await
        }
        SecureConnection::Status { connection: None } => status(federation, actor).await,
        SecureConnection::Status { connection: Some(one) } => detail(federation, actor, &one).await,
    }
}

/// The team where channels of the peer will appear: the one named, else the current one, else the oldest open one.
async fn destination(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    given: Option<&str>,
) -> Result<TeamId, Refused> {
    let app = &federation.app;
    let told = |refusal| Err(Refused::Told(connection_refusal(&refusal)));
    if let Some(given) = given {
        let by_id = match TeamId::parse(given) {
            Ok(id) => teams::get(app, actor, &id).await.ok(),
            Err(_) => None,
        };
        let found = match by_id {
            Some(found) => Ok(found),
            None => teams::get_by_name(app, actor, given).await,
        };
        return match found {
            Ok(seen) if seen.team.delete_at.is_some() => told(ConnectionRefusal::TeamArchived(given.to_owned())),
            Ok(seen) => Ok(seen.team.id),
            Err(teams::Error::Store(error)) => Err(error.into()),
            // A team somebody cannot see is no other than one that does not exist.
            Err(_) => told(ConnectionRefusal::TeamUnknown(given.to_owned())),
        };
    }
    for wanted in [place.team, None] {
        let mut view = app.db.read(app.clock.now()).await?;
        match records::destination(&mut view, wanted.as_ref()).await {
            Ok(Some(team)) => return Ok(team),
            // The current team is archived, or there is no open one.
            Ok(None) | Err(records::Error::Team) => {}
            Err(other) => return Err(Refused::Fault(other.to_string())),
        }
    }
    told(ConnectionRefusal::NoTeam)
}

async fn team_name(federation: &Federation, remote: &RemoteCluster) -> Result<Option<String>, Refused> {
    match &remote.default_team_id {
        Some(team) => Ok(records::team_name(&federation.app, team).await?),
        None => Ok(None),
    }
}

fn record(new: NewConnection, team: TeamId) -> records::NewConnection {
    records::NewConnection {
        name: new.name,
        display_name: new.display_name.unwrap_or_default(),
        description: new.description.unwrap_or_default(),
        team: Some(team),
    }
}

async fn create(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    new: NewConnection,
) -> Result<String, Refused> {
    let team = destination(federation, actor, place, new.team.as_deref()).await?;
    let known = Known::read(federation, actor, COMMAND).await?;
    let asked = Asked { team: new.team.clone(), code_length: 0 };
    let password = new.password.clone();
    let made = federation_connections::create_invitation(federation, actor, record(new, team), password.expose()).await;
    let made = made.map_err(|error| refusal(error, &known, &asked))?;
    Ok(created(&Created {
        display_name: &made.remote.display_name,
        id: made.remote.id,
        code: &Secret::new(made.code),
        expires_at: made.expires_at,
        site_url: &made.site_url,
        team: team_name(federation, &made.remote).await?.as_deref(),
        weakness: weakness(password.expose()),
        doubts: &address_doubts(&made.site_url),
        namesake: known.is_namesake(&made.remote.display_name, Some(&made.remote.id)),
    }))
}

async fn accept(
    federation: &Federation,
    actor: &SessionUser,
    place: &Place,
    new: NewConnection,
    invite: &Secret,
) -> Result<String, Refused> {
    let team = destination(federation, actor, place, new.team.as_deref()).await?;
    let known = Known::read(federation, actor, COMMAND).await?;
    let asked = Asked { team: new.team.clone(), code_length: invite.expose().chars().count() };
    let password = new.password.clone();
    let (password, code) = (password.expose(), invite.expose());
    let done = federation_connections::accept_invitation(federation, actor, record(new, team), password, code).await;
    let done = done.map_err(|error| refusal(error, &known, &asked))?;
    let own = federation.own_site().map(|site| address_doubts(site.as_str())).unwrap_or_default();
    Ok(accepted(&Accepted {
        display_name: &done.remote.display_name,
        site_url: done.remote.site_url.as_deref().unwrap_or_default(),
        id: done.remote.id,
        team: team_name(federation, &done.remote).await?.as_deref(),
        not_reached: (!done.called_back).then_some("no call from it has arrived within a few seconds"),
        doubts: &own,
        namesake: known.is_namesake(&done.remote.display_name, Some(&done.remote.id)),
        unrotated: done.remote.unrotated,
    }))
}

async fn remove(federation: &Federation, actor: &SessionUser, reference: &ConnectionRef) -> Result<String, Refused> {
    let known = Known::read(federation, actor, COMMAND).await?;
    let id = known.find(reference)?.id;
    let done = match federation_connections::remove(federation, actor, &id).await {
        Ok(done) => done,
        Err(federation_connections::Error::Record(records::Error::Ended(remote))) => {
            return Err(Refused::Told(already_removed(federation, actor, &remote).await?));
        }
        Err(other) => return Err(refusal(other, &known, &Asked::default())),
    };
    let channels: Vec<String> = done.channels.iter().map(|channel| channel.display_name.clone()).collect();
    let learns = match done.told {
        Some(true) => PeerLearns::Told,
        Some(false) => PeerLearns::NotReached,
        None if done.remote.confirmed_at.is_none() => PeerLearns::Nobody,
        // It gets a 401 at its next call (ruling 45).
        None => PeerLearns::AtNextAttempt,
    };
    let display_name = &done.remote.display_name;
    Ok(removed(&Removed { display_name, id, channels: &channels, learns }))
}

async fn already_removed(
    federation: &Federation,
    actor: &SessionUser,
    remote: &RemoteCluster,
) -> Result<String, Refused> {
    let by: Vec<_> = remote.deleted_by.into_iter().collect();
    let people = users::list_by_ids(&federation.app, actor, &by).await;
    Ok(connection_refusal(&ConnectionRefusal::AlreadyRemoved {
        display_name: remote.display_name.clone(),
        at: remote.delete_at,
        by: people.map_err(|error| Refused::Fault(error.to_string()))?.pop().map(|user| user.username),
        severed: remote.severed,
    }))
}

async fn status(federation: &Federation, actor: &SessionUser) -> Result<String, Refused> {
    let known = Known::read(federation, actor, COMMAND).await?;
    let teams: HashSet<TeamId> = known.clusters.iter().filter_map(|cluster| cluster.default_team_id).collect();
    let mut names: HashMap<TeamId, String> = HashMap::new();
    for team in teams {
        if let Some(name) = records::team_name(&federation.app, &team).await? {
            names.insert(team, name);
        }
    }
    let mut rows = Vec::new();
    for cluster in &known.clusters {
        let team = cluster.default_team_id.and_then(|team| names.get(&team)).map(String::as_str);
        rows.push(row(federation, &known, cluster, team).await?);
    }
    let mut answer = connection_table(&rows, known.now, known.offline_after);
    for cluster in known.clusters.iter().filter(|cluster| cluster.is_live()) {
        for note in share_requests::notes(&federation.app, actor, cluster).await? {
            answer.push_str(&format!("\n\n{note}"));
        }
    }
    Ok(answer)
}

async fn row<'a>(
    federation: &Federation,
    known: &Known,
    cluster: &'a RemoteCluster,
    team: Option<&'a str>,
) -> Result<ConnectionRow<'a>, Refused> {
    let expiry = if cluster.confirmed_at.is_none() && cluster.delete_at.is_none() {
        records::invitation_expiry(&federation.app, &cluster.id).await?
    } else {
        None
    };
    Ok(ConnectionRow { cluster, team, invitation_expired: expiry.filter(|at| *at <= known.now) })
}

async fn detail(federation: &Federation, actor: &SessionUser, reference: &ConnectionRef) -> Result<String, Refused> {
    let app = &federation.app;
    let known = Known::read(federation, actor, COMMAND).await?;
    let cluster = known.find(reference)?;
    let team = team_name(federation, cluster).await?;
    let people = users::list_by_ids(app, actor, &[cluster.creator_id]).await;
    let creator = people.map_err(|error| Refused::Fault(error.to_string()))?.pop().map(|user| user.username);
    let health = health::health(app, actor, &cluster.id).await;
    let health = health.map_err(|error| Refused::Fault(error.to_string()))?;
    let live = shares::list_of_remote(app, actor, &cluster.id, false).await;
    let detail = ConnectionDetail {
        row: row(federation, &known, cluster, team.as_deref()).await?,
        creator: creator.as_deref(),
        health: &health,
        channels: live.map_err(|error| Refused::Fault(error.to_string()))?.len(),
    };
    let mut answer = connection_detail(&detail, known.now, known.offline_after);
    for note in share_requests::notes(app, actor, cluster).await? {
        answer.push_str(&format!("\n\n{note}"));
    }
    Ok(answer)
}
